/* One member of Cache-Status from a struct of what happened.
 *
 * Parameters are left out where they would be false or say what a reader assumes without them, so
 * that the field stays short: it goes out with every response. That is also why only what may be
 * off the grammar, a name and a key, goes through the writer of structured fields.
 */
#include "stet/cachestatus.h"
#include "stet/pen.h"
#include "stet/sf_writer.h"

struct stet_span stet_forward_token(enum stet_forward forward)
{
    static const struct stet_span tokens[STET_FORWARD_COUNT] = {
        STET_SPAN_INIT(""),
#define FORWARD(identifier, token) STET_SPAN_INIT(token),
#include "stet/cachestatus.tbl"
#undef FORWARD
    };
    return (unsigned)forward < STET_FORWARD_COUNT ? tokens[forward] : STET_SPAN("");
}

/* False if it cannot be written. */
static bool write_string(struct pen *pen, struct stet_span text)
{
    const size_t used = pen->length < pen->room ? pen->length : pen->room;
    struct stet_sf_writer writer = stet_sf_writer(STET_SF_ITEM, pen->to + used, pen->room - used);
    const bool valid = stet_sf_write_string(&writer, text);

    pen->length += writer.length;
    return valid;
}

/* As stet_sf_write_name. */
static bool write_name(struct pen *pen, struct stet_span name)
{
    if (!stet_sf_token_valid(name))
        return write_string(pen, name);
    pen_span(pen, name);
    return true;
}

static void write_number(struct pen *pen, int64_t number)
{
    static const uint64_t most = 999999999999999; /* [RFC 9651 §3.3.1] */
    const uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    if (number < 0)
        pen_byte(pen, '-');
    pen_number(pen, size > most ? most : size);
}

/* False if there is no such reason to go forward. */
static bool write_forward(struct pen *pen, const struct stet_cachestatus *status)
{
    const struct stet_span token = stet_forward_token(status->forward);
    pen_span(pen, STET_SPAN(";fwd=")); /* [RFC 9211 §2.2] */
    pen_span(pen, token);
    if (status->forward_status) { /* [RFC 9211 §2.3] */
        pen_span(pen, STET_SPAN(";fwd-status="));
        write_number(pen, status->forward_status);
    }
    if (status->stored) /* [RFC 9211 §2.5] */
        pen_span(pen, STET_SPAN(";stored"));
    if (status->collapsed) /* [RFC 9211 §2.6] */
        pen_span(pen, STET_SPAN(";collapsed"));
    return token.len > 0;
}

static void write_detail(struct pen *pen, const struct stet_cachestatus *status)
{
    if (status->key.len && stet_sf_string_valid(status->key)) { /* [RFC 9211 §2.7] */
        pen_span(pen, STET_SPAN(";key="));
        write_string(pen, status->key);
    }
    const struct stet_span word = stet_reason_word(status->detail);
    if (status->detail != STET_REASON_NONE && word.len) { /* [RFC 9211 §2.8] */
        pen_span(pen, STET_SPAN(";detail="));
        pen_span(pen, word);
    }
}

size_t stet_cachestatus_write(const struct stet_cachestatus *status, char *to, size_t room)
{
    struct pen pen = {to, room, 0};
    const bool forwarded = status->forward != STET_FORWARD_NONE;
    if (status->hit == forwarded || status->cache.len == 0)
        return 0; /* [RFC 9211 §2.1, §2] */
    if (!write_name(&pen, status->cache))
        return 0;
    if (status->hit) /* [RFC 9211 §2.1] */
        pen_span(&pen, STET_SPAN(";hit"));
    else if (!write_forward(&pen, status))
        return 0;
    if (status->has_ttl) { /* [RFC 9211 §2.4] */
        pen_span(&pen, STET_SPAN(";ttl="));
        write_number(&pen, status->ttl);
    }
    write_detail(&pen, status);
    return pen.length <= room ? pen.length : 0;
}
