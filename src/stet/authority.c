/* The value of Host and the authority of a URI: a host, perhaps a port, never a user.
 *
 * A host in brackets must be an IPv6 address or a future one; every other host only keeps to the
 * octets of a registered name, which the dotted addresses do as well [RFC 3986 §3.2.2]. A user
 * before the host is refused, because it serves deceit only [RFC 9110 §4.2.4].
 *
 * Given up: zones of link-local addresses. They mean nothing to the other side.
 */
#include "stet/authority.h"
#include "stet/byte.h"
#include "stet/uri.h"

/* Reads one number of a dotted address, 0 to 255 without leading zeros; 0 if there is none. */
static size_t octet_length(struct stet_span text)
{
    unsigned value = 0;
    size_t length = 0;
    while (length < text.len && length < 3 && stet_byte_is_digit((unsigned char)text.at[length]))
        value = value * 10 + (unsigned)(text.at[length++] - '0');
    return value > 255 || (length > 1 && text.at[0] == '0') ? 0 : length;
}

static bool is_dotted_address(struct stet_span text)
{
    for (int i = 0; i < 4; i++) {
        if (i > 0 && (text.len == 0 || text.at[0] != '.'))
            return false;
        if (i > 0)
            text = stet_span_from(text, 1);
        size_t length = octet_length(text);
        if (length == 0)
            return false;
        text = stet_span_from(text, length);
    }
    return text.len == 0;
}

static size_t hex_length(struct stet_span text)
{
    size_t length = 0;
    while (length < text.len && stet_byte_is(text.at[length], BYTE_HEX))
        length++;
    return length;
}

/* Eight groups, the last two of which may be a dotted address, or fewer and "::" once. */
static bool is_ipv6_address(struct stet_span text)
{
    int groups = 0;
    bool gap = stet_span_starts(text, STET_SPAN("::"));
    text = stet_span_from(text, gap ? 2 : 0);
    while (text.len) {
        size_t length = hex_length(text);
        if (length < text.len && text.at[length] == '.') {
            groups += 2;
            return is_dotted_address(text) && (gap ? groups < 8 : groups == 8);
        }
        if (length < 1 || length > 4)
            return false;
        groups++;
        text = stet_span_from(text, length);
        if (text.len == 0)
            break;
        bool doubled = stet_span_starts(text, STET_SPAN("::"));
        if (text.at[0] != ':' || text.len == 1 || (doubled && gap))
            return false;
        gap = gap || doubled;
        text = stet_span_from(text, doubled ? 2 : 1);
    }
    return gap ? groups < 8 : groups == 8;
}

/* "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ) */
static bool is_future_address(struct stet_span text)
{
    if (text.len == 0 || (text.at[0] | 0x20) != 'v')
        return false;
    size_t version = hex_length(stet_span_from(text, 1));
    struct stet_span rest = stet_span_from(text, 1 + version);
    if (version == 0 || rest.len < 2 || rest.at[0] != '.')
        return false;
    for (size_t i = 1; i < rest.len; i++)
        if (!stet_byte_is(rest.at[i], BYTE_REG_NAME) && rest.at[i] != ':')
            return false;
    return true;
}

/* The length of the host that `text` begins with; 0 if there is none. */
static size_t host_length(struct stet_span text)
{
    size_t length = 0;
    if (text.at[0] == '[') {
        length = stet_span_find(text, ']') + 1;
        if (length > text.len)
            return 0;
        struct stet_span address = stet_span(text.at + 1, length - 2);
        return is_ipv6_address(address) || is_future_address(address) ? length : 0;
    }
    while (length < text.len) {
        if (stet_byte_is(text.at[length], BYTE_REG_NAME))
            length++;
        else if (text.at[length] == '%' && text.len - length > 2 &&
                 stet_byte_is(text.at[length + 1], BYTE_HEX) &&
                 stet_byte_is(text.at[length + 2], BYTE_HEX))
            length += 3;
        else
            break;
    }
    return length;
}

bool stet_authority_split(struct stet_span text, struct authority *to)
{
    *to = (struct authority){text, STET_SPAN_NONE};
    if (text.len == 0)
        return true;
    size_t length = host_length(text);
    struct stet_span rest = stet_span_from(text, length);
    to->host.len = length;
    if (length == 0 || rest.len == 0)
        return length > 0; /* [RFC 9110 §4.2.1] */
    to->port = stet_span_from(rest, 1);
    uint64_t port;
    return rest.at[0] == ':' &&
           (to->port.len == 0 || (stet_span_number(to->port, 65536, &port) && port <= 65535));
}

int32_t stet_authority_port(const struct authority *authority, int32_t fallback)
{
    uint64_t port;
    return stet_span_number(authority->port, 65535, &port) ? (int32_t)port : fallback;
}

bool stet_authority_valid(struct stet_span authority)
{
    struct authority parts;
    return stet_authority_split(authority, &parts);
}
