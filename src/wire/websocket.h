/* Handshakes of WebSocket, as HTTP/1.1 makes them [RFC 6455 §4]: what HTTP/2 has to know of them.
 */
#ifndef WIRE_WEBSOCKET_H
#define WIRE_WEBSOCKET_H

#include "wire/client.h"

/* The octets of Sec-WebSocket-Accept. */
enum { WEBSOCKET_ACCEPT = 28 };

/* The key of a request that asks for WebSocket and for nothing else; empty if it does not, or not
 * as it should: it has content, no key, several, or one that is not 16 octets in base64. */
struct stet_span websocket_key(const struct client_request *request);

/* What answers a key [RFC 6455 §4.2.2]. */
void websocket_accept(struct stet_span key, char to[WEBSOCKET_ACCEPT]);

#endif
