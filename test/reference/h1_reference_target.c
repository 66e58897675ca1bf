/* Request-targets and Host by the grammar of RFC 3986, tried alternative by alternative.
 *
 * Beyond the grammar it knows three rules of ours: only http and https, no userinfo, no port past
 * 65535; and it lets pass what browsers do not escape: [ ] | ^ in paths and queries, { } ` \ in
 * queries.
 */
#include "h1_reference.h"

#include <string.h>

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_hex(char c)
{
    return is_one_of(c, "0123456789abcdefABCDEF");
}

static bool is_unreserved(char c)
{
    return is_one_of(c, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~");
}

static bool is_sub_delim(char c)
{
    return is_one_of(c, "!$&'()*+,;=");
}

/* Only octets of `more`, unreserved, sub-delims and percent-escapes. */
static bool is_made_of(struct reference_text text, const char *more)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (c == '%') {
            if (text.len - i < 3 || !is_hex(text.at[i + 1]) || !is_hex(text.at[i + 2]))
                return false;
            i += 2;
        } else if (!is_unreserved(c) && !is_sub_delim(c) && !is_one_of(c, more)) {
            return false;
        }
    }
    return true;
}

static struct reference_text part(struct reference_text text, size_t from, size_t to)
{
    return (struct reference_text){text.at + from, to - from};
}

/* dec-octet */
static bool is_dec_octet(struct reference_text text)
{
    unsigned value = 0;
    if (text.len < 1 || text.len > 3 || (text.len > 1 && text.at[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_one_of(text.at[i], "0123456789"))
            return false;
        value = value * 10 + (unsigned)(text.at[i] - '0');
    }
    return value <= 255;
}

static bool is_ipv4(struct reference_text text)
{
    size_t start = 0, octets = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.at[i] != '.')
            continue;
        if (!is_dec_octet(part(text, start, i)))
            return false;
        octets++;
        start = i + 1;
    }
    return octets == 4;
}

static bool is_h16(struct reference_text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_hex(text.at[i]))
            return false;
    return text.len >= 1 && text.len <= 4;
}

/* How many groups of 16 bits stand in `text`, divided by single colons; the last may be a dotted
 * address, which is two, if `dotted`. -1 if anything else stands there. */
static int count_groups(struct reference_text text, bool dotted)
{
    int groups = 0;
    size_t start = 0;
    if (text.len == 0)
        return 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.at[i] != ':')
            continue;
        struct reference_text group = part(text, start, i);
        if (is_h16(group))
            groups++;
        else if (i == text.len && dotted && is_ipv4(group))
            groups += 2;
        else
            return -1;
        start = i + 1;
    }
    return groups;
}

static bool is_ipv6(struct reference_text text)
{
    if (count_groups(text, true) == 8)
        return true;
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.at[i] != ':' || text.at[i + 1] != ':')
            continue;
        int left = count_groups(part(text, 0, i), false);
        int right = count_groups(part(text, i + 2, text.len), true);
        if (left >= 0 && right >= 0 && left + right <= 7)
            return true;
    }
    return false;
}

static bool is_ipvfuture(struct reference_text text)
{
    size_t dot = 1;
    if (text.len < 4 || !is_one_of(text.at[0], "vV"))
        return false;
    while (dot < text.len && is_hex(text.at[dot]))
        dot++;
    if (dot == 1 || dot == text.len || text.at[dot] != '.' || dot + 1 == text.len)
        return false;
    for (size_t i = dot + 1; i < text.len; i++)
        if (!is_unreserved(text.at[i]) && !is_sub_delim(text.at[i]) && text.at[i] != ':')
            return false;
    return true;
}

static bool is_host(struct reference_text text)
{
    if (text.len >= 2 && text.at[0] == '[' && text.at[text.len - 1] == ']') {
        struct reference_text inside = part(text, 1, text.len - 1);
        return is_ipv6(inside) || is_ipvfuture(inside);
    }
    return text.len > 0 && is_made_of(text, "");
}

static bool is_port(struct reference_text text)
{
    unsigned long value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!is_one_of(text.at[i], "0123456789"))
            return false;
        value = value > 65535 ? value : value * 10 + (unsigned long)(text.at[i] - '0');
    }
    return value <= 65535;
}

/* uri-host [ ":" port ]; `*port` is what follows the colon. */
static bool is_authority(struct reference_text text, struct reference_text *port)
{
    *port = (struct reference_text){NULL, 0};
    if (is_host(text))
        return true;
    for (size_t i = 0; i < text.len; i++) {
        *port = part(text, i + 1, text.len);
        if (text.at[i] == ':' && is_host(part(text, 0, i)) && is_port(*port))
            return true;
    }
    return false;
}

bool reference_host_valid(struct reference_text value)
{
    struct reference_text port;
    return value.len == 0 || is_authority(value, &port);
}

static size_t find(struct reference_text text, const char *set)
{
    size_t i = 0;
    while (i < text.len && !is_one_of(text.at[i], set))
        i++;
    return i;
}

/* [ absolute-path ] [ "?" query ] */
static int read_path(struct reference_request *q, struct reference_text text)
{
    size_t mark = find(text, "?");
    q->path = part(text, 0, mark);
    if (mark < text.len)
        q->query = part(text, mark + 1, text.len);
    return is_made_of(q->path, "/:@[]|^") && is_made_of(q->query, "/?:@[]|^{}`\\") ? 0 : 400;
}

static bool has_scheme(struct reference_text text, const char *scheme)
{
    for (size_t i = 0; scheme[i]; i++)
        if (i >= text.len || (text.at[i] | (scheme[i] >= 'a' ? 0x20 : 0)) != scheme[i])
            return false;
    return true;
}

static int read_absolute(struct reference_request *q, bool options)
{
    struct reference_text target = q->target, port;
    size_t scheme = has_scheme(target, "http://") ? 4 : has_scheme(target, "https://") ? 5 : 0;
    if (scheme == 0)
        return 400;
    q->scheme = part(target, 0, scheme);
    struct reference_text rest = part(target, scheme + 3, target.len);
    size_t end = find(rest, "/?#");
    q->authority = part(rest, 0, end);
    if (!is_authority(q->authority, &port))
        return 400;
    int result = read_path(q, part(rest, end, rest.len));
    if (q->path.len == 0)
        q->path = (struct reference_text){options && !q->query.at ? "*" : "/", 1};
    return result == 0 && scheme == 5 ? 421 : result;
}

static bool is_word(struct reference_text text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

int reference_target(struct reference_request *q)
{
    if (is_word(q->method, "CONNECT")) {
        struct reference_text port;
        q->authority = q->target;
        return is_authority(q->target, &port) && port.len > 0 ? 0 : 400;
    }
    if (q->target.at[0] == '/')
        return read_path(q, q->target);
    if (is_word(q->target, "*")) {
        q->path = q->target;
        return is_word(q->method, "OPTIONS") ? 0 : 400;
    }
    return read_absolute(q, is_word(q->method, "OPTIONS"));
}
