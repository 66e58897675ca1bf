/* The normal form of a request's URI that serves as its cache key (D-38).
 *
 *     HTTP://Example.ORG:80/%7euser?a=%2f   becomes   http://example.org/~user?a=%2F
 *
 * Only spellings that mean the same by the letter of RFC 3986 become one. Path segments are not
 * folded, since origins treat "/a/./b" and "//a" as they like, and a key that is coarser than the
 * origin's view hands out the wrong page. The room is checked once, for the worst case.
 */
#include "stet/authority.h"
#include "stet/byte.h"
#include "stet/uri.h"

static char *put(char *to, struct stet_span text)
{
    if (text.len)
        memcpy(to, text.at, text.len);
    return to + text.len;
}

static char *put_lower(char *to, struct stet_span text)
{
    for (size_t i = 0; i < text.len; i++)
        *to++ = (char)stet_byte_lower((unsigned char)text.at[i]);
    return to;
}

static bool is_escape(struct stet_span text)
{
    return text.len > 2 && text.at[0] == '%' && stet_byte_is(text.at[1], BYTE_HEX) &&
           stet_byte_is(text.at[2], BYTE_HEX);
}

static char hex_upper(char digit)
{
    return (char)(digit >= 'a' ? digit - 0x20 : digit);
}

/* Writes text with its escapes in normal form [RFC 3986 §6.2.2.1, §6.2.2.2]. */
static char *put_escaped(char *to, struct stet_span text)
{
    for (;;) {
        size_t plain = stet_span_find(text, '%');
        to = put(to, stet_span(text.at, plain));
        text = stet_span_from(text, plain);
        if (text.len == 0)
            return to;
        if (!is_escape(text)) {
            *to++ = '%';
            text = stet_span_from(text, 1);
            continue;
        }
        char byte = (char)(stet_byte_hex(text.at[1]) << 4 | stet_byte_hex(text.at[2]));
        if (stet_byte_is(byte, BYTE_UNRESERVED)) {
            *to++ = byte;
        } else {
            *to++ = '%';
            *to++ = hex_upper(text.at[1]);
            *to++ = hex_upper(text.at[2]);
        }
        text = stet_span_from(text, 3);
    }
}

/* Host names have no case, their escapes have upper-case digits [RFC 3986 §6.2.2.1]. */
static char *put_host(char *to, struct stet_span host)
{
    if (stet_span_find(host, '%') == host.len)
        return put_lower(to, host);
    char *end = put_escaped(to, host);
    while (to < end) {
        if (*to == '%') {
            to += 3;
            continue;
        }
        *to = (char)stet_byte_lower((unsigned char)*to);
        to++;
    }
    return end;
}

static bool is_default_port(struct stet_span scheme, int32_t port)
{
    return (port == 80 && stet_span_equal_nocase(scheme, STET_SPAN("http"))) ||
           (port == 443 && stet_span_equal_nocase(scheme, STET_SPAN("https")));
}

static char *put_authority(char *to, struct stet_span scheme, struct stet_span authority)
{
    struct authority parts;
    if (!stet_authority_split(authority, &parts))
        return put_lower(to, authority);
    to = put_host(to, parts.host);
    int32_t port = stet_authority_port(&parts, -1);
    if (port < 0 || is_default_port(scheme, port)) /* [RFC 9110 §4.2.3] */
        return to;
    while (parts.port.len > 1 && parts.port.at[0] == '0')
        parts.port = stet_span_from(parts.port, 1);
    *to++ = ':';
    return put(to, parts.port);
}

size_t stet_uri_key_server(const struct stet_request *request, char *to, size_t room)
{
    if (room < request->scheme.len + request->authority.len + 4)
        return 0;
    char *at = put_lower(to, request->scheme);
    at = put(at, STET_SPAN("://"));
    return (size_t)(put_authority(at, request->scheme, request->authority) - to);
}

size_t stet_uri_key_place(const struct stet_request *request, char *to, size_t room)
{
    char *at = to;
    if (room < request->path.len + request->query.len + 2)
        return 0;
    if (request->path.len == 0) /* [RFC 9110 §4.2.3] */
        *at++ = '/';
    at = put_escaped(at, request->path);
    if (request->query.at) {
        *at++ = '?';
        at = put_escaped(at, request->query);
    }
    return (size_t)(at - to);
}

size_t stet_uri_key(const struct stet_request *request, char *to, size_t room)
{
    if (room <
        request->scheme.len + request->authority.len + request->path.len + request->query.len + 8)
        return 0;
    const size_t server = stet_uri_key_server(request, to, room);
    return server + stet_uri_key_place(request, to + server, room - server);
}
