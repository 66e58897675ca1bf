/* Recognizes a handshake of WebSocket, and answers its key.
 *
 * Only HTTP/1.1 has keys: they show that whoever answers has understood the question, for which
 * HTTP/2 has a setting [RFC 8441 §5]. So what becomes a stream has to have a proper key, or nobody
 * could be answered; what has none is left to an origin that reads it.
 */
#include "wire/websocket.h"

#include "stet/base64.h"
#include "wire/reply.h"

#include <nettle/sha1.h>

enum { KEY_LENGTH = 24, KEY_OCTETS = 16 };

static bool key_is_valid(struct stet_span key)
{
    size_t octets;
    return key.len == KEY_LENGTH && stet_base64_length(key, &octets) && octets == KEY_OCTETS;
}

struct stet_span websocket_key(const struct client_request *request)
{
    struct stet_span rest = request->block, name, value, key = STET_SPAN_NONE;
    size_t keys = 0, upgrades = 0, others = 0;

    if (!request->upgrade || request->method != STET_METHOD_GET || request->has_content)
        return STET_SPAN_NONE;
    while (reply_block_next(&rest, &name, &value)) {
        if (stet_field_id(name) == STET_FIELD_UPGRADE) {
            upgrades++;
            others += !stet_span_equal_nocase(value, STET_SPAN("websocket"));
        } else if (stet_span_equal_nocase(name, STET_SPAN("sec-websocket-key"))) {
            keys++;
            key = value;
        }
    }
    return upgrades == 1 && others == 0 && keys == 1 && key_is_valid(key) ? key : STET_SPAN_NONE;
}

void websocket_accept(struct stet_span key, char to[WEBSOCKET_ACCEPT])
{
    static const struct stet_span told = STET_SPAN_INIT("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    uint8_t digest[SHA1_DIGEST_SIZE];
    struct sha1_ctx sha;

    sha1_init(&sha);
    sha1_update(&sha, key.len, (const uint8_t *)key.at);
    sha1_update(&sha, told.len, (const uint8_t *)told.at);
    sha1_digest(&sha, sizeof digest, digest);
    stet_base64_encode(digest, sizeof digest, to);
}
