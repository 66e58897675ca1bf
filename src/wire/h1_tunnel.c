/* Tunnels of the HTTP/1 codec: behind the head of a 101, or of a 2xx to CONNECT, the connection
 * carries octets either way and means nothing by them.
 *
 *     client --feed--> service->content ... ended --> service->end --+
 *     client <--took-- outbox.tail <--take-- body ... BODY_END ------+--> both: done, OVER
 *
 * Each side ends by itself. The octets of the body are sent as content of unknown length is sent
 * to HTTP/1.0, by h1_answer.c; here is the other side.
 *
 * Given up: a tunnel that begins before the content of its request has ended [RFC 9110 §7.8]. Where
 * the one ends and the other begins, two readers may see differently; the connection breaks.
 */
#include "wire/h1_parts.h"

#include "base/check.h"

/* What the service knew from the request; else it is a bug, and dies. */
static void tunnel_check(const struct h1 *h1, const struct reply *reply)
{
    CHECK(h1->open && !h1->answered && reply->body && !reply->chunk);
    if (reply->status == 101)
        CHECK(h1->minor > 0); /* [RFC 9110 §7.8] */
    else
        CHECK(h1->method == STET_METHOD_CONNECT && reply->status / 100 == 2);
}

void h1_tunnel_reply(struct h1 *h1, const struct reply *reply)
{
    bool whole = h1->input == H1_INPUT_DONE;

    tunnel_check(h1, reply);
    h1->answered = h1->close = h1->sending.tunnel = true;
    h1->paused = h1->sending.chunked = false;
    h1->sending.status = (uint16_t)reply->status;
    h1->sending.body = reply->body;
    h1->sending.left = UINT64_MAX;
    if (!whole || !h1_head_put(h1, reply))
        h1_content_break(h1);
    else if (h1->ended)
        h1_tunnel_ended(h1);
    else
        h1->input = H1_INPUT_TUNNEL;
    if (!h1->out)
        h1->codec.owner->wake(h1->codec.owner);
}

void h1_tunnel_feed(struct h1 *h1, struct stet_span octets)
{
    const struct codec_owner *owner = h1->codec.owner;
    h1->paused = !owner->service->content(owner->service_owner, &h1->stream, octets);
}

void h1_tunnel_ended(struct h1 *h1)
{
    static const struct stet_head none = {0};
    const struct codec_owner *owner = h1->codec.owner;

    h1->input = H1_INPUT_DONE;
    owner->service->end(owner->service_owner, &h1->stream, &none);
    if (!h1_content_due(h1))
        h1_finish(h1);
}
