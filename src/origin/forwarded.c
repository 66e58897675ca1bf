/* Knows the fields by which proxies tell origins about clients, and clients about whatever they
 * like; writes the one that is a standard.
 *
 * Given up: "by", which would tell the origin what it knows from its own connection.
 */
#include "origin/forwarded.h"

/* `lower` is in lower case. */
static bool name_is(struct stet_span name, struct stet_span lower)
{
    for (size_t i = 0; i < lower.len; i++) {
        unsigned char byte = stet_byte_lower((unsigned char)name.at[i]);
        if ((byte == '_' ? '-' : byte) != (unsigned char)lower.at[i])
            return false;
    }
    return true;
}

static bool name_among(struct stet_span name, const struct stet_span *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (name.len == names[i].len && name_is(name, names[i]))
            return true;
    return false;
}

bool forwarded_claims(const struct stet_field *field)
{
    static const struct stet_span names[] = {
#define NAME(name) STET_SPAN_INIT(name),
#include "origin/distrusted.tbl"
#undef NAME
    };
    static const struct stet_span prefix = STET_SPAN_INIT("x-forwarded");

    if (field->id == STET_FIELD_FORWARDED)
        return true;
    if (field->name.len >= prefix.len && name_is(field->name, prefix))
        return true;
    return field->id == STET_FIELD_UNKNOWN &&
           name_among(field->name, names, sizeof names / sizeof names[0]);
}

bool forwarded_never(const struct stet_field *field)
{
    static const struct stet_span names[] = {STET_SPAN_INIT("proxy"),
                                             STET_SPAN_INIT("http2-settings")};

    return field->id == STET_FIELD_UNKNOWN &&
           name_among(field->name, names, sizeof names / sizeof names[0]);
}

static bool has_digit_or_colon(struct stet_span address)
{
    return address.len > 0 && (stet_byte_is_digit((unsigned char)address.at[0]) ||
                               stet_span_find(address, ':') < address.len);
}

struct stet_span forwarded_node(struct stet_span address)
{
    return has_digit_or_colon(address) ? address : STET_SPAN("unknown");
}

size_t forwarded_room(struct stet_span address, struct stet_span host, struct stet_span scheme)
{
    return sizeof "for=\"[unknown]\";host=\"\";proto=\"\"" + address.len + 2 * host.len +
           2 * scheme.len;
}

static char *text_put(char *to, struct stet_span text)
{
    if (text.len > 0)
        memcpy(to, text.at, text.len);
    return to + text.len;
}

/* Token or quoted-string [RFC 9110 §5.6.4]. */
static char *value_put(char *to, struct stet_span value)
{
    if (stet_span_is_token(value))
        return text_put(to, value);
    *to++ = '"';
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\')
            *to++ = '\\';
        *to++ = value.at[i];
    }
    *to++ = '"';
    return to;
}

static char *node_put(char *to, struct stet_span node)
{
    if (stet_span_find(node, ':') == node.len)
        return value_put(to, node);
    to = text_put(to, STET_SPAN("\"["));
    to = text_put(to, node);
    return text_put(to, STET_SPAN("]\""));
}

size_t forwarded_write(struct stet_span address, struct stet_span host, struct stet_span scheme,
                       char *to)
{
    char *at = text_put(to, STET_SPAN("for="));

    at = node_put(at, forwarded_node(address));
    if (host.len > 0)
        at = value_put(text_put(at, STET_SPAN(";host=")), host);
    if (scheme.len > 0)
        at = value_put(text_put(at, STET_SPAN(";proto=")), scheme);
    return (size_t)(at - to);
}
