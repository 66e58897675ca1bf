/* URIs split into their parts, resolved, compared, and request-targets read.
 *
 * The parts are found from left to right in one pass that also judges every octet: what ends a run
 * of lawful octets is either the mark of the next part or the end of the matter. Path and query may
 * hold, besides what RFC 3986 has, the few octets that browsers do not escape ("[", "|" and their
 * like); refusing those would refuse real pages, and none of them means anything in HTTP/1.
 *
 * Given up: schemes other than http and https. Nothing else is stored or asked for here.
 */
#include "stet/uri.h"
#include "stet/authority.h"
#include "stet/byte.h"

static bool all_four_are(const char *at, unsigned class)
{
    return stet_byte_class[(unsigned char)at[0]] & stet_byte_class[(unsigned char)at[1]] &
           stet_byte_class[(unsigned char)at[2]] & stet_byte_class[(unsigned char)at[3]] & class;
}

/* Where the run of octets of `class` and whole percent-escapes that begins at `at` ends. By fours
 * at first, for targets are long and few of them have escapes. */
static const char *run_end(const char *at, const char *end, unsigned class)
{
    while (end - at >= 4 && all_four_are(at, class))
        at += 4;
    while (at < end) {
        if (stet_byte_is(*at, class))
            at++;
        else if (*at == '%' && end - at > 2 && stet_byte_is(at[1], BYTE_HEX) &&
                 stet_byte_is(at[2], BYTE_HEX))
            at += 3;
        else
            break;
    }
    return at;
}

static struct stet_span between(const char *at, const char *end)
{
    return stet_span(at, (size_t)(end - at));
}

/* Reads path, query and fragment; false unless they make up all of the text. */
static bool tail_read(const char *at, const char *end, struct stet_uri *uri)
{
    const char *stop = run_end(at, end, BYTE_PATH);
    uri->path = between(at, stop);
    uri->query = uri->fragment = STET_SPAN_NONE;
    if (stop < end && *stop == '?') {
        at = stop + 1;
        stop = run_end(at, end, BYTE_QUERY);
        uri->query = between(at, stop);
    }
    if (stop < end && *stop == '#') {
        at = stop + 1;
        stop = run_end(at, end, BYTE_QUERY);
        uri->fragment = between(at, stop);
    }
    return stop == end;
}

/* The length of "http" or "https", whichever `text` begins with before "://"; 0 if neither. */
static size_t scheme_length(struct stet_span text)
{
    size_t length = text.len > 4 && (text.at[4] | 0x20) == 's' ? 5 : 4;
    if (text.len < length + 3 ||
        !stet_span_equal_nocase(stet_span(text.at, 4), STET_SPAN("http")) ||
        memcmp(text.at + length, "://", 3) != 0)
        return 0;
    return length;
}

static size_t authority_length(struct stet_span text)
{
    size_t length = 0;
    while (length < text.len && text.at[length] != '/' && text.at[length] != '?' &&
           text.at[length] != '#')
        length++;
    return length;
}

bool stet_uri_split(struct stet_span text, struct stet_uri *uri)
{
    size_t length = scheme_length(text);
    if (length == 0)
        return false;
    struct stet_span rest = stet_span_from(text, length + 3);
    struct authority parts;
    uri->scheme = stet_span(text.at, length);
    uri->authority = stet_span(rest.at, authority_length(rest));
    if (uri->authority.len == 0 || !stet_authority_split(uri->authority, &parts))
        return false;
    uri->host = parts.host;
    uri->port = stet_authority_port(&parts, -1);
    return tail_read(rest.at + uri->authority.len, rest.at + rest.len, uri);
}

static int32_t port_of(const struct stet_uri *uri)
{
    if (uri->port >= 0)
        return uri->port;
    return uri->scheme.len == 5 ? 443 : 80;
}

bool stet_uri_same_origin(const struct stet_uri *a, const struct stet_uri *b)
{
    return stet_span_equal_nocase(a->scheme, b->scheme) &&
           stet_span_equal_nocase(a->host, b->host) && port_of(a) == port_of(b);
}

/* CONNECT names a host and a port and nothing else [RFC 9112 §3.2.3]. */
static enum stet_target_form authority_form(struct stet_span target, struct stet_request *request)
{
    struct authority parts;
    if (!stet_authority_split(target, &parts) || parts.host.len == 0 || parts.port.len == 0)
        return STET_TARGET_INVALID;
    request->authority = target;
    request->path = request->query = STET_SPAN_NONE;
    return STET_TARGET_AUTHORITY;
}

static enum stet_target_form absolute_form(struct stet_span target, enum stet_method method,
                                           struct stet_request *request)
{
    struct stet_uri uri;
    if (!stet_uri_split(target, &uri) || uri.fragment.at)
        return STET_TARGET_INVALID;
    request->scheme = uri.scheme;
    request->authority = uri.authority;
    request->path = uri.path;
    request->query = uri.query;
    if (uri.path.len == 0) /* [RFC 9112 §3.2.4]: OPTIONS of a whole server */
        request->path =
            method == STET_METHOD_OPTIONS && !uri.query.at ? STET_SPAN("*") : STET_SPAN("/");
    return STET_TARGET_ABSOLUTE;
}

enum stet_target_form stet_target_split(struct stet_span target, enum stet_method method,
                                        struct stet_request *request)
{
    if (target.len == 0)
        return STET_TARGET_INVALID;
    if (method == STET_METHOD_CONNECT)
        return authority_form(target, request);
    if (target.at[0] == '/') {
        struct stet_uri uri;
        if (!tail_read(target.at, target.at + target.len, &uri) || uri.fragment.at)
            return STET_TARGET_INVALID;
        request->path = uri.path;
        request->query = uri.query;
        return STET_TARGET_ORIGIN;
    }
    if (target.len == 1 && target.at[0] == '*') {
        if (method != STET_METHOD_OPTIONS)
            return STET_TARGET_INVALID;
        request->path = target;
        request->query = STET_SPAN_NONE;
        return STET_TARGET_ASTERISK;
    }
    return absolute_form(target, method, request);
}

size_t stet_path_decode(struct stet_span path, char *to)
{
    size_t written = 0;
    for (size_t i = 0; i < path.len; i++) {
        char byte = path.at[i];
        if (byte == '%') {
            if (path.len - i < 3 || !stet_byte_is(path.at[i + 1], BYTE_HEX) ||
                !stet_byte_is(path.at[i + 2], BYTE_HEX))
                return SIZE_MAX;
            byte = (char)(stet_byte_hex(path.at[i + 1]) << 4 | stet_byte_hex(path.at[i + 2]));
            i += 2;
        }
        if (byte == '\0')
            return SIZE_MAX;
        to[written++] = byte;
    }
    return written;
}
