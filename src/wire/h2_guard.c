/* Counts what a client of HTTP/2 may do for nothing, and ends the connection of one that does it
 * without end [RFC 9113 §10.5].
 *
 *     resets       -1 for each stream that the client resets, or makes us reset
 *                  +1 for each that is answered to its end
 *     idle frames  -1 for each frame that asks for nothing: SETTINGS, PING, PRIORITY,
 * WINDOW_UPDATE, DATA (content pays for it), frames of unknown kinds, further CONTINUATIONs +8 for
 * each request, +2 for content, +2 for each frame of content that we send
 *
 * So what a client may spend grows with what it really uses, no clock is asked, and who only uses
 * it up ends soon: after limits.h2_resets, limits.h2_idle_frames.
 *
 * Given up: paying for frames sent through windows that are all but closed. Whoever opens them
 * octet by octet makes us do more work than it does itself.
 */
#include "wire/h2_parts.h"

enum { H2_REQUEST_PAYS = 8, H2_CONTENT_PAYS = 2, H2_SENT_PAYS = 2, H2_WINDOW_LEAST = 1024 };

static void guard_pay(int64_t *budget, int64_t pay, uint64_t most)
{
    *budget = *budget + pay > (int64_t)most ? (int64_t)most : *budget + pay;
}

bool h2_guard_frame(struct h2 *h2, const nghttp2_frame_hd *frame)
{
    const uint64_t most = h2->codec.limits->h2_idle_frames;

    if (frame->type == NGHTTP2_HEADERS) {
        guard_pay(&h2->idle_frames, H2_REQUEST_PAYS, most);
        return true;
    }
    if (frame->type == NGHTTP2_RST_STREAM)
        return true; /* counted as what it is */
    if (frame->type == NGHTTP2_DATA && (frame->flags & NGHTTP2_FLAG_END_STREAM))
        return true;
    return --h2->idle_frames >= 0;
}

void h2_guard_content(struct h2 *h2)
{
    guard_pay(&h2->idle_frames, H2_CONTENT_PAYS, h2->codec.limits->h2_idle_frames);
}

bool h2_guard_reset(struct h2 *h2)
{
    return --h2->resets >= 0;
}

void h2_guard_answered(struct h2 *h2)
{
    guard_pay(&h2->resets, 1, h2->codec.limits->h2_resets);
}

void h2_guard_sent(struct h2 *h2, size_t window)
{
    if (window >= H2_WINDOW_LEAST)
        guard_pay(&h2->idle_frames, H2_SENT_PAYS, h2->codec.limits->h2_idle_frames);
}
