/* The grammar of structured fields: one function for one parsing algorithm [RFC 9651 §4.2].
 *
 * A scan moves a span forward over the line and hands out views of what it passed. Texts are judged
 * here (escapes, base64, UTF-8) but not decoded, so nothing needs room. An Inner List is passed as
 * a whole; whoever wants its Items scans them once more.
 *
 * Given up: the few octets of look-ahead per type that one big table-driven automaton would save.
 * Functions that can be laid beside the paragraphs of the RFC are worth more.
 */
#include "stet/sf_scan.h"
#include "stet/base64.h"
#include "stet/utf8.h"

/* Cuts the first `len` octets off. */
static struct stet_span sf_take(struct stet_span *rest, size_t len)
{
    struct stet_span taken = stet_span(rest->at, len);
    *rest = stet_span_from(*rest, len);
    return taken;
}

bool stet_sf_scan_key(struct stet_span *rest, struct stet_span *key)
{
    size_t len = 0;
    if (rest->len == 0 || !stet_sf_is_key_start(rest->at[0]))
        return false; /* [RFC 9651 §4.2.3.3] */
    while (len < rest->len && stet_sf_is_key(rest->at[len]))
        len++;
    *key = sf_take(rest, len);
    return true;
}

static size_t sf_digits(struct stet_span text)
{
    size_t len = 0;
    while (len < text.len && stet_byte_is_digit((unsigned char)text.at[len]))
        len++;
    return len;
}

static int64_t sf_append_digits(int64_t number, struct stet_span digits)
{
    for (size_t i = 0; i < digits.len; i++)
        number = number * 10 + (digits.at[i] - '0');
    return number;
}

/* What follows the point of a Decimal, as thousandths with `number` before the point. */
static bool sf_scan_fraction(struct stet_span *rest, int64_t *number)
{
    size_t len = sf_digits(*rest);
    if (len < 1 || len > 3)
        return false; /* [RFC 9651 §4.2.4] */
    *number = sf_append_digits(*number, sf_take(rest, len));
    for (; len < 3; len++)
        *number *= 10;
    return true;
}

static bool sf_scan_number(struct stet_span *rest, struct stet_sf_member *member)
{
    bool negative = stet_sf_at(*rest, '-');
    *rest = stet_span_from(*rest, negative);
    size_t len = sf_digits(*rest);
    if (len < 1 || len > 15)
        return false; /* [RFC 9651 §4.2.4] */
    int64_t number = sf_append_digits(0, sf_take(rest, len));
    member->type = STET_SF_INTEGER;
    if (stet_sf_at(*rest, '.')) {
        *rest = stet_span_from(*rest, 1);
        member->type = STET_SF_DECIMAL;
        if (len > 12 || !sf_scan_fraction(rest, &number))
            return false; /* [RFC 9651 §4.2.4] */
    }
    member->number = negative ? -number : number;
    return true;
}

static bool sf_scan_date(struct stet_span *rest, struct stet_sf_member *member)
{
    *rest = stet_span_from(*rest, 1);
    if (!sf_scan_number(rest, member) || member->type != STET_SF_INTEGER)
        return false; /* [RFC 9651 §4.2.9] */
    member->type = STET_SF_DATE;
    return true;
}

static bool sf_scan_boolean(struct stet_span *rest, struct stet_sf_member *member)
{
    *rest = stet_span_from(*rest, 1);
    if (!stet_sf_at(*rest, '0') && !stet_sf_at(*rest, '1'))
        return false; /* [RFC 9651 §4.2.8] */
    member->type = STET_SF_BOOLEAN;
    member->number = sf_take(rest, 1).at[0] - '0';
    return true;
}

static bool sf_scan_token(struct stet_span *rest, struct stet_sf_member *member)
{
    size_t len = 1; /* the caller has seen the first [RFC 9651 §4.2.6] */
    while (len < rest->len && stet_sf_is_token(rest->at[len]))
        len++;
    member->type = STET_SF_TOKEN;
    member->text = sf_take(rest, len);
    return true;
}

static bool sf_scan_string(struct stet_span *rest, struct stet_sf_member *member)
{
    *rest = stet_span_from(*rest, 1);
    const char *at = rest->at;
    size_t len = 0;
    while (len < rest->len && at[len] != '"') {
        if (at[len] == '\\') {
            len++;
            if (len == rest->len || (at[len] != '"' && at[len] != '\\'))
                return false; /* [RFC 9651 §4.2.5] */
        } else if (!stet_sf_is_printable(at[len])) {
            return false; /* [RFC 9651 §4.2.5] */
        }
        len++;
    }
    if (len == rest->len)
        return false;
    member->type = STET_SF_STRING;
    member->text = sf_take(rest, len);
    *rest = stet_span_from(*rest, 1);
    return true;
}

static bool sf_scan_bytes(struct stet_span *rest, struct stet_sf_member *member)
{
    size_t length;
    *rest = stet_span_from(*rest, 1);
    size_t end = stet_span_find(*rest, ':');
    if (end == rest->len)
        return false; /* [RFC 9651 §4.2.7] */
    member->type = STET_SF_BYTES;
    member->text = sf_take(rest, end);
    *rest = stet_span_from(*rest, 1);
    return stet_base64_length(member->text, &length);
}

static bool sf_is_lower_hex(char c)
{
    return stet_byte_is_digit((unsigned char)c) || (c >= 'a' && c <= 'f');
}

/* Takes one octet of a Display String, escaped or not. */
static bool sf_scan_display_octet(struct stet_span *rest, unsigned char *octet)
{
    char c = sf_take(rest, 1).at[0];
    *octet = (unsigned char)c;
    if (c != '%')
        return stet_sf_is_printable(c); /* [RFC 9651 §4.2.10] */
    if (rest->len < 2 || !sf_is_lower_hex(rest->at[0]) || !sf_is_lower_hex(rest->at[1]))
        return false; /* [RFC 9651 §4.2.10] */
    *octet = (unsigned char)(stet_byte_hex(rest->at[0]) << 4 | stet_byte_hex(rest->at[1]));
    *rest = stet_span_from(*rest, 2);
    return true;
}

static bool sf_scan_display(struct stet_span *rest, struct stet_sf_member *member)
{
    struct stet_utf8 utf8 = {0};
    if (rest->len < 2 || rest->at[1] != '"')
        return false; /* [RFC 9651 §4.2.10] */
    *rest = stet_span_from(*rest, 2);
    const char *start = rest->at;
    while (rest->len && rest->at[0] != '"') {
        unsigned char octet;
        if (!sf_scan_display_octet(rest, &octet))
            return false;
        if (stet_utf8_feed(&utf8, octet) > STET_UTF8_DONE)
            return false; /* [RFC 9651 §4.2.10] */
    }
    if (rest->len == 0 || utf8.need)
        return false;
    member->type = STET_SF_DISPLAY;
    member->text = stet_span(start, (size_t)(rest->at - start));
    *rest = stet_span_from(*rest, 1);
    return true;
}

bool stet_sf_scan_bare(struct stet_span *rest, struct stet_sf_member *member)
{
    member->number = 0;
    member->text = STET_SPAN("");
    if (rest->len == 0)
        return false;
    switch (rest->at[0]) { /* [RFC 9651 §4.2.3.1] */
    case '"':
        return sf_scan_string(rest, member);
    case ':':
        return sf_scan_bytes(rest, member);
    case '?':
        return sf_scan_boolean(rest, member);
    case '@':
        return sf_scan_date(rest, member);
    case '%':
        return sf_scan_display(rest, member);
    default:
        if (stet_sf_is_token_start(rest->at[0]))
            return sf_scan_token(rest, member);
        return sf_scan_number(rest, member);
    }
}

/* "=" and a bare Item, or nothing for true [RFC 9651 §3.1.2]. */
static bool sf_scan_value(struct stet_span *rest, struct stet_sf_member *member)
{
    if (stet_sf_at(*rest, '=')) {
        *rest = stet_span_from(*rest, 1);
        return stet_sf_scan_bare(rest, member);
    }
    member->type = STET_SF_BOOLEAN;
    member->number = 1;
    member->text = STET_SPAN("");
    return true;
}

bool stet_sf_scan_parameter(struct stet_span *rest, struct stet_sf_member *parameter)
{
    *rest = stet_span_from(*rest, 1);
    stet_sf_skip_spaces(rest); /* behind the semicolon only [RFC 9651 §4.2.3.2] */
    parameter->parameters = STET_SPAN_NONE;
    return stet_sf_scan_key(rest, &parameter->key) && sf_scan_value(rest, parameter);
}

static bool sf_scan_parameters(struct stet_span *rest, struct stet_span *parameters)
{
    struct stet_sf_member ignored;
    const char *start = rest->at;
    while (stet_sf_at(*rest, ';'))
        if (!stet_sf_scan_parameter(rest, &ignored))
            return false;
    *parameters = stet_span(start, (size_t)(rest->at - start));
    return true;
}

bool stet_sf_scan_item(struct stet_span *rest, struct stet_sf_member *member)
{
    return stet_sf_scan_bare(rest, member) && sf_scan_parameters(rest, &member->parameters);
}

/* From the parenthesis on [RFC 9651 §4.2.1.2]. */
static bool sf_scan_inner(struct stet_span *rest, struct stet_sf_member *member)
{
    struct stet_sf_member ignored;
    *rest = stet_span_from(*rest, 1);
    const char *start = rest->at;
    stet_sf_skip_spaces(rest);
    while (!stet_sf_at(*rest, ')')) {
        if (!stet_sf_scan_item(rest, &ignored))
            return false;
        if (!stet_sf_at(*rest, ' ') && !stet_sf_at(*rest, ')'))
            return false;
        stet_sf_skip_spaces(rest);
    }
    member->type = STET_SF_INNER_LIST;
    member->number = 0;
    member->text = stet_span(start, (size_t)(rest->at - start));
    *rest = stet_span_from(*rest, 1);
    return sf_scan_parameters(rest, &member->parameters);
}

bool stet_sf_scan_member(struct stet_span *rest, struct stet_sf_member *member)
{
    if (stet_sf_at(*rest, '('))
        return sf_scan_inner(rest, member);
    return stet_sf_scan_item(rest, member);
}

bool stet_sf_scan_pair(struct stet_span *rest, struct stet_sf_member *member)
{
    if (!stet_sf_scan_key(rest, &member->key))
        return false;
    if (!stet_sf_at(*rest, '=')) /* a bare key is true, and may have Parameters */
        return sf_scan_value(rest, member) && sf_scan_parameters(rest, &member->parameters);
    *rest = stet_span_from(*rest, 1);
    return stet_sf_scan_member(rest, member);
}
