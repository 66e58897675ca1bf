/* Counts what a client of HTTP/2 may do for nothing, and ends the connection of one that does it
 * without end [RFC 9113 §10.5].
 *
 *     resets         -1   a stream that the client resets, or makes us reset
 *                    +1   one that is answered to its end
 *     idle frames    -1   each frame but RST_STREAM, and an empty DATA that ends its stream
 *                    +2   each piece of content of a stream that is open, and each frame of content
 *                         that we send
 *                    +9   a request, trailers
 *
 * So what a client may spend grows with what it really uses, no clock is asked, and who only uses
 * it up ends soon: after limits.h2_resets, limits.h2_idle_frames. Frames are counted before nghttp2
 * sees them, for it passes over some without a word.
 *
 * Given up: paying for frames sent through windows that are all but closed. Whoever opens them
 * octet by octet makes us do more work than it does itself.
 */
#include "wire/h2_parts.h"

enum {
    H2_REQUEST_PAYS = 9, /* of which one is for its frame */
    H2_CONTENT_PAYS = 2, /* the same */
    H2_SENT_PAYS = 2,
    H2_WINDOW_LEAST = 1024,
    H2_FRAME_MOST = 16384 /* for we have said nothing else [RFC 9113 §6.5.2] */
};

static void guard_pay(struct h2 *h2, int64_t pay)
{
    const int64_t most = (int64_t)h2->codec.limits->h2_idle_frames;
    h2->idle_frames = h2->idle_frames + pay > most ? most : h2->idle_frames + pay;
}

/* A frame begins: false if it is one too many. What it asks for may pay for it when it is known. */
static bool guard_frame(struct h2 *h2, const uint8_t head[H2_FRAME_HEAD])
{
    const uint8_t type = head[3], flags = head[4];

    if (type == NGHTTP2_RST_STREAM) /* this counts as a reset */
        return true;
    if (type == NGHTTP2_DATA && h2->meter.skip == 0 && (flags & NGHTTP2_FLAG_END_STREAM))
        return true;
    return --h2->idle_frames >= 0;
}

/* What nghttp2 passes over, and nobody may send [RFC 9113 §4.2, §6.3]. */
static uint32_t guard_fault(const struct h2_meter *meter)
{
    const uint8_t *head = meter->head;

    if (meter->skip > H2_FRAME_MOST)
        return NGHTTP2_FRAME_SIZE_ERROR;
    if (head[3] == NGHTTP2_PRIORITY && !(head[5] | head[6] | head[7] | head[8]))
        return NGHTTP2_PROTOCOL_ERROR;
    return NGHTTP2_NO_ERROR;
}

/* One octet of a frame's beginning. */
static uint32_t guard_head(struct h2 *h2, uint8_t octet)
{
    struct h2_meter *meter = &h2->meter;
    const uint8_t *head = meter->head;

    meter->head[meter->have++] = octet;
    if (meter->have < H2_FRAME_HEAD)
        return NGHTTP2_NO_ERROR;
    meter->have = 0;
    meter->skip = (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2];
    return guard_frame(h2, head) ? guard_fault(meter) : NGHTTP2_ENHANCE_YOUR_CALM;
}

uint32_t h2_guard_read(struct h2 *h2, const char *bytes, size_t size)
{
    struct h2_meter *meter = &h2->meter;

    while (size > 0) {
        const size_t part = size < meter->skip ? size : meter->skip;
        meter->skip -= (uint32_t)part;
        bytes += part;
        size -= part;
        for (; meter->skip == 0 && size > 0; size--) {
            const uint32_t code = guard_head(h2, (uint8_t)*bytes++);
            if (code != NGHTTP2_NO_ERROR)
                return code;
        }
    }
    return NGHTTP2_NO_ERROR;
}

bool h2_guard_reset(struct h2 *h2)
{
    return --h2->resets >= 0;
}

void h2_guard_asked(struct h2 *h2)
{
    guard_pay(h2, H2_REQUEST_PAYS);
}

void h2_guard_content(struct h2 *h2)
{
    guard_pay(h2, H2_CONTENT_PAYS);
}

void h2_guard_answered(struct h2 *h2)
{
    if (h2->resets < (int64_t)h2->codec.limits->h2_resets)
        h2->resets++;
}

void h2_guard_sent(struct h2 *h2, size_t window)
{
    if (window >= H2_WINDOW_LEAST)
        guard_pay(h2, H2_SENT_PAYS);
}
