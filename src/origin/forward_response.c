/* What of a response goes on to the client: all but what ends on this connection, and what is
 * written anew for the next.
 *
 * All else stays as it came, targeted fields and directives that nobody knows too, and so does the
 * content, whether anyone has asked for that or not [RFC 9110 §7.7, RFC 9111 §5.2.1.6, §5.2.2.6,
 * RFC 9213 §3].
 *
 * Lines are counted whether they find room or not, so that one pass measures and another writes.
 */
#include "origin/forward.h"

#include "origin/forwarded.h"
#include "origin/hopbyhop.h"
#include "stet/list.h"
#include "wire/h1_write.h"

struct lines {
    char *to;
    size_t room, size;
};

static void lines_put(struct lines *lines, struct stet_span text)
{
    if (text.len > 0 && lines->size < lines->room) {
        size_t left = lines->room - lines->size;
        memcpy(lines->to + lines->size, text.at, text.len < left ? text.len : left);
    }
    lines->size += text.len;
}

static void lines_add(struct lines *lines, const struct stet_field *field)
{
    const size_t size = field->name.len + field->value.len + 4;
    if (lines->size <= lines->room && size <= lines->room - lines->size) {
        char *at = h1_span_write(field->name, lines->to + lines->size);
        memcpy(at, ": ", 2);
        at = h1_span_write(field->value, at + 2);
        memcpy(at, "\r\n", 2);
        lines->size += size;
        return;
    }
    lines_put(lines, field->name);
    lines_put(lines, STET_SPAN(": "));
    lines_put(lines, field->value);
    lines_put(lines, STET_SPAN("\r\n"));
}

static bool field_passes(const struct hopbyhop *hops, const struct stet_field *field)
{
    return field->id != STET_FIELD_DATE && field->id != STET_FIELD_CONTENT_LENGTH &&
           !hopbyhop_has(hops, field);
}

/* Those of the fields stet knows whose definitions let them be trailers [RFC 9110 §6.5.1, §8.8.3,
 * RFC 9530 §2, RFC 9209 §2]; what it does not know may have been meant so. */
static bool may_trail(const struct stet_head *head, const struct stet_field *field)
{
    switch (field->id) {
    case STET_FIELD_UNKNOWN:
    case STET_FIELD_ETAG:
    case STET_FIELD_CONTENT_DIGEST:
    case STET_FIELD_REPR_DIGEST:
        return true;
    case STET_FIELD_PROXY_STATUS: /* only where its head has one as well */
        return stet_head_has(head, STET_FIELD_PROXY_STATUS);
    default:
        return false;
    }
}

bool forward_hides(const struct stet_head *request)
{
    struct hopbyhop hops;

    if (!stet_head_has(request, STET_FIELD_CONNECTION))
        return false;
    hopbyhop_read(&hops, request);
    for (size_t i = 0; i < request->count; i++)
        if (hopbyhop_names(&hops, &request->fields[i]))
            return true;
    return false;
}

bool forward_field(const struct stet_head *head, const struct stet_field *field)
{
    struct hopbyhop hops;

    hopbyhop_read(&hops, head);
    return field_passes(&hops, field);
}

size_t forward_response(const struct stet_head *head, char *to, size_t room)
{
    struct lines lines = {to, room, 0};
    struct hopbyhop hops;

    hopbyhop_read(&hops, head);
    for (size_t i = 0; i < head->count; i++)
        if (field_passes(&hops, &head->fields[i]))
            lines_add(&lines, &head->fields[i]);
    return lines.size;
}

size_t forward_upgrade(const struct stet_head *head, char *to, size_t room)
{
    struct lines lines = {to, room, 0};
    struct stet_list list = stet_list_of(head, STET_FIELD_UPGRADE);
    struct stet_span member;

    while (stet_list_next(&list, &member)) {
        if (!hopbyhop_protocol_passes(member))
            continue;
        lines_put(&lines, lines.size > 0 ? STET_SPAN(",") : STET_SPAN("Upgrade: "));
        lines_put(&lines, member);
    }
    if (lines.size > 0)
        lines_put(&lines, STET_SPAN("\r\n"));
    return lines.size;
}

/* An application that merges trailers into its header fields must not learn from them what it would
 * not be told there. */
static bool may_trail_request(const struct stet_head *head, const struct stet_field *field)
{
    return field->id != STET_FIELD_ETAG && field->id != STET_FIELD_PROXY_STATUS &&
           may_trail(head, field) && !forwarded_claims(field) && !forwarded_never(field);
}

static size_t trailers_write(const struct stet_head *head, const struct stet_head *trailers,
                             bool (*may)(const struct stet_head *, const struct stet_field *),
                             struct lines lines)
{
    struct hopbyhop hops;

    hopbyhop_read(&hops, head);
    for (size_t i = 0; i < trailers->count; i++)
        if (may(head, &trailers->fields[i]) && !hopbyhop_names(&hops, &trailers->fields[i]))
            lines_add(&lines, &trailers->fields[i]);
    return lines.size;
}

size_t forward_trailers(const struct stet_head *head, const struct stet_head *trailers, char *to,
                        size_t room)
{
    return trailers_write(head, trailers, may_trail, (struct lines){to, room, 0});
}

size_t forward_request_trailers(const struct stet_head *head, const struct stet_head *trailers,
                                char *to, size_t room)
{
    return trailers_write(head, trailers, may_trail_request, (struct lines){to, room, 0});
}
