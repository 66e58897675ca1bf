/* Whose answer goes first: what the client asks, in the head or by PRIORITY_UPDATE at any time, and
 * what the origin states in its answer [RFC 9218 §5, §7, §8].
 *
 *     Priority: u=5     PRIORITY_UPDATE u=1          Priority: i (of the answer)
 *            \-------------/  the last one counts          |
 *                  asked ------------- merged with --- stated ---> nghttp2
 *
 * nghttp2 keeps what the client asks by itself. Only a stream whose answer states something is
 * ours: from then on nghttp2 hears of both together.
 *
 * Given up: remembering more than the last update of a stream that is still to come. nghttp2 has
 * them all, and only an origin that states one half of a priority would mix it with the wrong
 * other.
 */
#include "wire/h2_parts.h"

static void priority_apply(struct h2 *h2, const struct h2_stream *stream)
{
    const struct stet_priority stated = stream->priority.stated;

    if (!stated.urgency_stated && !stated.incremental_stated)
        return;
    const struct stet_priority merged = stet_priority_merge(stream->priority.asked, stated);
    const nghttp2_extpri priority = {merged.urgency, merged.incremental};
    nghttp2_session_change_extpri_stream_priority(h2->session, stream->id, &priority, 1);
}

void h2_priority_ask(struct h2 *h2, struct h2_stream *stream, const struct stet_head *fields)
{
    const bool early = h2->early.id == stream->id;
    stream->priority.asked = early ? h2->early.priority : stet_priority_of(fields);
}

void h2_priority_update(struct h2 *h2, const nghttp2_ext_priority_update *update)
{
    struct h2_stream *stream = nghttp2_session_get_stream_user_data(h2->session, update->stream_id);
    const struct stet_span value =
        stet_span((const char *)update->field_value, update->field_value_len);

    if (!stream) {
        h2->early = (struct h2_early){stet_priority_in(value), update->stream_id};
        return;
    }
    stream->priority.asked = stet_priority_in(value);
    priority_apply(h2, stream);
}

void h2_priority_state(struct h2 *h2, struct h2_stream *stream, struct stet_span value)
{
    stream->priority.stated = stet_priority_in(value);
    priority_apply(h2, stream);
}
