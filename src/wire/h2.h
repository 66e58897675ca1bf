/* HTTP/2 as a codec: many requests at a time on a connection, answers as windows and priorities let
 * them [RFC 9113, RFC 9218].
 */
#ifndef WIRE_H2_H
#define WIRE_H2_H

#include "wire/codec.h"

/* What a client of HTTP/2 says first [RFC 9113 §3.4]. */
#define H2_PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define H2_PREFACE_SIZE (sizeof H2_PREFACE - 1)

/* What the codecs of one worker share: room to read a head in, spare streams. */
struct h2_kit;

/* NULL when memory is out. `limits` outlive it. */
struct h2_kit *h2_kit_new(const struct limits *limits);

/* NULL is allowed. No codec uses it any more. */
void h2_kit_free(struct h2_kit *kit);

/* A codec on the heap that waits for the preface; NULL when memory is out. Owner and kit outlive
 * it. codec->ops->fini ends and frees it.
 *
 * Requests meet the limits of HTTP/1 (431, 414, 501, 400, 417, 421 as there); what is malformed by
 * RFC 9113 is a stream error PROTOCOL_ERROR and never becomes a request. A request by extended
 * CONNECT [RFC 8441] is told to the service as the GET with Upgrade that it stands for, and its
 * answer 101 sent as 200. feed puts nothing into the outbox: all that is to be sent leaves by
 * take. */
struct codec *h2_new(struct codec_owner *owner, struct h2_kit *kit);

#endif
