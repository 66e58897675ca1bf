/* References resolved against the URI of a request [RFC 3986 §5.2].
 *
 * The reference is cut into its five parts, the base lends those that are missing, and what comes
 * out is written to the caller's buffer and there relieved of its dot segments in place. Only then
 * is it judged, as any other URI. The room is checked once, for the worst case.
 */
#include "stet/uri.h"

/* A reference cut at its marks, nothing judged [RFC 3986 §B]. Parts absent have a NULL `at`. */
struct reference {
    struct stet_span scheme, authority, path, query, fragment;
};

static struct stet_span cut(struct stet_span *text, size_t length)
{
    struct stet_span head = stet_span(text->at, length);
    *text = stet_span_from(*text, length);
    return head;
}

/* The length of the text before the first octet out of `marks`. */
static size_t length_until(struct stet_span text, struct stet_span marks)
{
    size_t length = 0;
    while (length < text.len && stet_span_find(marks, text.at[length]) == marks.len)
        length++;
    return length;
}

static struct reference reference_cut(struct stet_span text)
{
    struct reference parts = {0};
    size_t colon = length_until(text, STET_SPAN(":/?#"));
    if (colon > 0 && colon < text.len && text.at[colon] == ':') {
        parts.scheme = cut(&text, colon);
        cut(&text, 1);
    }
    if (stet_span_starts(text, STET_SPAN("//"))) {
        cut(&text, 2);
        parts.authority = cut(&text, length_until(text, STET_SPAN("/?#")));
    }
    parts.path = cut(&text, length_until(text, STET_SPAN("?#")));
    if (text.len && text.at[0] == '?') {
        cut(&text, 1);
        parts.query = cut(&text, length_until(text, STET_SPAN("#")));
    }
    if (text.len) {
        cut(&text, 1);
        parts.fragment = text;
    }
    return parts;
}

static char *put(char *to, struct stet_span text)
{
    if (text.len)
        memcpy(to, text.at, text.len);
    return to + text.len;
}

static char *put_part(char *to, char mark, struct stet_span part)
{
    if (!part.at)
        return to;
    *to = mark;
    return put(to + 1, part);
}

/* Takes the dot segments out of the absolute path from `path` to `end`; returns its new end
 * [RFC 3986 §5.2.4]. */
static char *drop_dot_segments(char *path, char *end)
{
    char *to = path;
    for (const char *at = path; at < end;) {
        struct stet_span rest = stet_span(at + 1, (size_t)(end - at) - 1);
        struct stet_span segment = stet_span(rest.at, stet_span_find(rest, '/'));
        const char *next = segment.at + segment.len;
        bool up = stet_span_equal(segment, STET_SPAN(".."));
        if (up)
            while (to > path && *--to != '/')
                ;
        if (!up && !stet_span_equal(segment, STET_SPAN("."))) {
            memmove(to, at, segment.len + 1);
            to += segment.len + 1;
        } else if (next == end) {
            *to++ = '/';
        }
        at = next;
    }
    return to;
}

/* Writes the path of the result: the reference's own, or behind the base's last slash
 * [RFC 3986 §5.2.3]. */
static char *put_path(char *to, const struct stet_uri *base, const struct reference *parts)
{
    char *start = to;
    if (parts->path.len == 0 && !parts->authority.at)
        return put(to, base->path);
    if (parts->path.len && parts->path.at[0] != '/') {
        size_t length = base->path.len;
        while (length > 0 && base->path.at[length - 1] != '/')
            length--;
        to = length ? put(to, stet_span(base->path.at, length)) : put(to, STET_SPAN("/"));
    }
    to = put(to, parts->path);
    return drop_dot_segments(start, to);
}

size_t stet_uri_resolve(const struct stet_uri *base, struct stet_span reference, char *to,
                        size_t room)
{
    struct stet_uri result;
    struct reference parts = reference_cut(reference);
    if (room < base->scheme.len + base->authority.len + base->path.len + base->query.len +
                   reference.len + 8)
        return 0;
    if (parts.scheme.at && !parts.authority.at)
        return 0; /* "http:path" is no http URI */
    char *at = put(to, parts.scheme.at ? parts.scheme : base->scheme);
    at = put(at, STET_SPAN("://"));
    at = put(at, parts.authority.at ? parts.authority : base->authority);
    at = put_path(at, base, &parts);
    bool same = !parts.authority.at && parts.path.len == 0 && !parts.query.at;
    at = put_part(at, '?', same ? base->query : parts.query);
    at = put_part(at, '#', parts.fragment);
    size_t length = (size_t)(at - to);
    return stet_uri_split(stet_span(to, length), &result) ? length : 0;
}
