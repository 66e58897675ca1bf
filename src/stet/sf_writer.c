/* The writer of structured fields: a place in the grammar, and functions that move it on.
 *
 * Every part first asks for its place (sf_key, sf_value), which writes what must stand before it,
 * and then puts its octets. What does not fit is counted but not written. From a spoilt place no
 * call leads away.
 *
 *     START --key--> KEY --value--> VALUE --parameter--> PARAMETER --value--> VALUE
 *     START, VALUE --value--> VALUE     in a List, an Inner List, or for the one Item
 *
 * Given up: looking for a key that was written before, which would cost time that grows with the
 * square of the keys or a table that the caller would have to lend.
 */
#include "stet/sf_writer.h"
#include "stet/base64.h"
#include "stet/sf_scan.h"
#include "stet/utf8.h"

static const int64_t sf_integer_max = 999999999999999; /* [RFC 9651 §3.3.1] */

struct stet_sf_writer stet_sf_writer(enum stet_sf_kind kind, char *to, size_t room)
{
    return (struct stet_sf_writer){to, room, 0, kind, STET_SF_PLACE_START, false};
}

struct stet_span stet_sf_written(const struct stet_sf_writer *writer)
{
    bool whole = writer->place == STET_SF_PLACE_VALUE ||
                 (writer->place == STET_SF_PLACE_START && writer->kind != STET_SF_ITEM);
    if (!whole || writer->inner || writer->length > writer->room)
        return STET_SPAN_NONE;
    return stet_span(writer->to ? writer->to : "", writer->length);
}

static bool sf_spoil(struct stet_sf_writer *writer)
{
    writer->place = STET_SF_PLACE_SPOILT;
    return false;
}

static void sf_put(struct stet_sf_writer *writer, struct stet_span text)
{
    if (writer->length < writer->room) {
        size_t fits = writer->room - writer->length;
        if (text.len)
            memcpy(writer->to + writer->length, text.at, text.len < fits ? text.len : fits);
    }
    writer->length += text.len;
}

static void sf_put_octet(struct stet_sf_writer *writer, char octet)
{
    sf_put(writer, stet_span(&octet, 1));
}

/* Puts what stands between two values of a List or an Inner List. */
static void sf_put_separator(struct stet_sf_writer *writer)
{
    if (writer->place == STET_SF_PLACE_VALUE)
        sf_put(writer, writer->inner ? STET_SPAN(" ") : STET_SPAN(", "));
}

/* Makes way for a value; `silent` if it will leave no octets, as true does behind a key. */
static bool sf_value(struct stet_sf_writer *writer, bool silent)
{
    enum stet_sf_place was = writer->place;
    if (was == STET_SF_PLACE_KEY || was == STET_SF_PLACE_PARAMETER) {
        if (!silent)
            sf_put_octet(writer, '=');
    } else if (was == STET_SF_PLACE_SPOILT) {
        return false;
    } else if (!writer->inner && writer->kind != STET_SF_LIST &&
               (writer->kind != STET_SF_ITEM || was != STET_SF_PLACE_START)) {
        return sf_spoil(writer);
    } else {
        sf_put_separator(writer);
    }
    writer->place = STET_SF_PLACE_VALUE;
    return true;
}

bool stet_sf_key_valid(struct stet_span text)
{
    struct stet_span key;
    return stet_sf_scan_key(&text, &key) && text.len == 0;
}

bool stet_sf_token_valid(struct stet_span text)
{
    if (text.len == 0 || !stet_sf_is_token_start(text.at[0]))
        return false;
    for (size_t i = 1; i < text.len; i++)
        if (!stet_sf_is_token(text.at[i]))
            return false;
    return true;
}

bool stet_sf_string_valid(struct stet_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!stet_sf_is_printable(text.at[i]))
            return false;
    return true;
}

bool stet_sf_write_key(struct stet_sf_writer *writer, struct stet_span key)
{
    bool between = writer->place == STET_SF_PLACE_START || writer->place == STET_SF_PLACE_VALUE;
    if (!between || writer->inner || writer->kind != STET_SF_DICTIONARY || !stet_sf_key_valid(key))
        return sf_spoil(writer); /* [RFC 9651 §4.1.1.3] */
    sf_put_separator(writer);
    sf_put(writer, key);
    writer->place = STET_SF_PLACE_KEY;
    return true;
}

bool stet_sf_write_parameter(struct stet_sf_writer *writer, struct stet_span key)
{
    if (writer->place != STET_SF_PLACE_VALUE || !stet_sf_key_valid(key))
        return sf_spoil(writer);
    sf_put_octet(writer, ';');
    sf_put(writer, key);
    writer->place = STET_SF_PLACE_PARAMETER;
    return true;
}

bool stet_sf_write_inner(struct stet_sf_writer *writer)
{
    bool misplaced =
        writer->inner || writer->kind == STET_SF_ITEM || writer->place == STET_SF_PLACE_PARAMETER;
    if (misplaced || !sf_value(writer, false))
        return sf_spoil(writer);
    sf_put_octet(writer, '(');
    writer->inner = true;
    writer->place = STET_SF_PLACE_START;
    return true;
}

bool stet_sf_write_inner_end(struct stet_sf_writer *writer)
{
    bool between = writer->place == STET_SF_PLACE_START || writer->place == STET_SF_PLACE_VALUE;
    if (!writer->inner || !between)
        return sf_spoil(writer);
    sf_put_octet(writer, ')');
    writer->inner = false;
    writer->place = STET_SF_PLACE_VALUE;
    return true;
}

static void sf_put_digits(struct stet_sf_writer *writer, int64_t number, size_t width)
{
    char digits[20];
    size_t at = sizeof(digits);
    while (number > 0 || sizeof(digits) - at < width) {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    }
    sf_put(writer, stet_span(digits + at, sizeof(digits) - at));
}

static bool sf_integer(struct stet_sf_writer *writer, int64_t number, struct stet_span sigil)
{
    if (number > sf_integer_max || number < -sf_integer_max)
        return sf_spoil(writer); /* [RFC 9651 §4.1.4] */
    if (!sf_value(writer, false))
        return false;
    sf_put(writer, sigil);
    if (number < 0)
        sf_put_octet(writer, '-');
    sf_put_digits(writer, number < 0 ? -number : number, 1);
    return true;
}

bool stet_sf_write_integer(struct stet_sf_writer *writer, int64_t number)
{
    return sf_integer(writer, number, STET_SPAN_NONE);
}

bool stet_sf_write_date(struct stet_sf_writer *writer, int64_t seconds)
{
    return sf_integer(writer, seconds, STET_SPAN("@")); /* [RFC 9651 §4.1.10] */
}

bool stet_sf_write_decimal(struct stet_sf_writer *writer, int64_t thousandths)
{
    if (thousandths > sf_integer_max || thousandths < -sf_integer_max)
        return sf_spoil(writer); /* [RFC 9651 §4.1.5] */
    if (!sf_value(writer, false))
        return false;
    if (thousandths < 0)
        sf_put_octet(writer, '-');
    int64_t size = thousandths < 0 ? -thousandths : thousandths;
    int64_t fraction = size % 1000;
    size_t width = 3;
    while (width > 1 && fraction % 10 == 0) { /* no zeros at the end, but one digit at least */
        fraction /= 10;
        width--;
    }
    sf_put_digits(writer, size / 1000, 1);
    sf_put_octet(writer, '.');
    sf_put_digits(writer, fraction, width);
    return true;
}

bool stet_sf_write_boolean(struct stet_sf_writer *writer, bool value)
{
    bool keyed = writer->place == STET_SF_PLACE_KEY || writer->place == STET_SF_PLACE_PARAMETER;
    bool silent = value && keyed; /* [RFC 9651 §4.1.2, §4.1.1.2] */
    if (!sf_value(writer, silent))
        return false;
    if (!silent)
        sf_put(writer, value ? STET_SPAN("?1") : STET_SPAN("?0"));
    return true;
}

bool stet_sf_write_string(struct stet_sf_writer *writer, struct stet_span text)
{
    if (!stet_sf_string_valid(text))
        return sf_spoil(writer); /* [RFC 9651 §4.1.6] */
    if (!sf_value(writer, false))
        return false;
    sf_put_octet(writer, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"' || text.at[i] == '\\')
            sf_put_octet(writer, '\\');
        sf_put_octet(writer, text.at[i]);
    }
    sf_put_octet(writer, '"');
    return true;
}

bool stet_sf_write_token(struct stet_sf_writer *writer, struct stet_span text)
{
    if (!stet_sf_token_valid(text))
        return sf_spoil(writer); /* [RFC 9651 §4.1.7] */
    if (!sf_value(writer, false))
        return false;
    sf_put(writer, text);
    return true;
}

bool stet_sf_write_name(struct stet_sf_writer *writer, struct stet_span text)
{
    if (stet_sf_token_valid(text))
        return stet_sf_write_token(writer, text);
    return stet_sf_write_string(writer, text);
}

static void sf_put_base64(struct stet_sf_writer *writer, struct stet_span octets)
{
    while (octets.len) {
        char letters[4];
        size_t group = octets.len < 3 ? octets.len : 3;
        stet_base64_encode(octets.at, group, letters);
        sf_put(writer, stet_span(letters, sizeof(letters)));
        octets = stet_span_from(octets, group);
    }
}

bool stet_sf_write_bytes(struct stet_sf_writer *writer, struct stet_span octets)
{
    if (!sf_value(writer, false))
        return false;
    sf_put_octet(writer, ':');
    sf_put_base64(writer, octets);
    sf_put_octet(writer, ':');
    return true;
}

static bool sf_is_utf8(struct stet_span text)
{
    struct stet_utf8 utf8 = {0};
    for (size_t i = 0; i < text.len; i++)
        if (stet_utf8_feed(&utf8, (unsigned char)text.at[i]) > STET_UTF8_DONE)
            return false;
    return utf8.need == 0;
}

static void sf_put_display_octet(struct stet_sf_writer *writer, char octet)
{
    static const char hex[] = "0123456789abcdef";
    unsigned value = (unsigned char)octet;
    if (stet_sf_is_printable(octet) && octet != '%' && octet != '"') {
        sf_put_octet(writer, octet);
    } else {
        sf_put_octet(writer, '%');
        sf_put_octet(writer, hex[value >> 4]);
        sf_put_octet(writer, hex[value & 15]);
    }
}

bool stet_sf_write_display(struct stet_sf_writer *writer, struct stet_span utf8)
{
    if (!sf_is_utf8(utf8))
        return sf_spoil(writer); /* [RFC 9651 §4.1.11] */
    if (!sf_value(writer, false))
        return false;
    sf_put(writer, STET_SPAN("%\""));
    for (size_t i = 0; i < utf8.len; i++)
        sf_put_display_octet(writer, utf8.at[i]);
    sf_put_octet(writer, '"');
    return true;
}

/* Copies a text that the reader has judged, which may not be canonical. */
static bool sf_copy_bytes(struct stet_sf_writer *writer, struct stet_span text)
{
    if (!sf_value(writer, false))
        return false;
    sf_put_octet(writer, ':');
    while (text.len) {
        char octets[3];
        size_t length = 0;
        struct stet_span group = stet_span(text.at, text.len < 4 ? text.len : 4);
        if (stet_base64_length(group, &length))
            stet_base64_decode(group, octets, length);
        sf_put_base64(writer, stet_span(octets, length));
        text = stet_span_from(text, group.len);
    }
    sf_put_octet(writer, ':');
    return true;
}

static bool sf_copy_quoted(struct stet_sf_writer *writer, const struct stet_sf_member *member)
{
    struct stet_span text = member->text;
    bool display = member->type == STET_SF_DISPLAY;
    if (!sf_value(writer, false))
        return false;
    sf_put(writer, display ? STET_SPAN("%\"") : STET_SPAN("\""));
    if (!display)
        sf_put(writer, text); /* has one form only */
    while (display && text.len)
        sf_put_display_octet(writer, stet_sf_octet_next(STET_SF_DISPLAY, &text));
    sf_put_octet(writer, '"');
    return true;
}

static bool sf_copy_bare(struct stet_sf_writer *writer, const struct stet_sf_member *member)
{
    switch (member->type) {
    case STET_SF_INTEGER:
        return stet_sf_write_integer(writer, member->number);
    case STET_SF_DECIMAL:
        return stet_sf_write_decimal(writer, member->number);
    case STET_SF_BOOLEAN:
        return stet_sf_write_boolean(writer, member->number != 0);
    case STET_SF_DATE:
        return stet_sf_write_date(writer, member->number);
    case STET_SF_TOKEN:
        return stet_sf_write_token(writer, member->text);
    case STET_SF_BYTES:
        return sf_copy_bytes(writer, member->text);
    case STET_SF_STRING:
    case STET_SF_DISPLAY:
        return sf_copy_quoted(writer, member);
    default:
        return sf_spoil(writer);
    }
}

static bool sf_copy_item(struct stet_sf_writer *writer, const struct stet_sf_member *item)
{
    struct stet_sf walk = stet_sf_parameters(item);
    struct stet_sf_member parameter;
    bool ok = item->type == STET_SF_INNER_LIST || sf_copy_bare(writer, item);
    while (ok && stet_sf_next(&walk, &parameter))
        ok = stet_sf_write_parameter(writer, parameter.key) && sf_copy_bare(writer, &parameter);
    return ok;
}

bool stet_sf_write_member(struct stet_sf_writer *writer, const struct stet_sf_member *member)
{
    struct stet_sf walk = stet_sf_inner(member);
    struct stet_sf_member item;
    bool ok = !member->key.at || stet_sf_write_key(writer, member->key);
    if (member->type == STET_SF_INNER_LIST) {
        ok = ok && stet_sf_write_inner(writer);
        while (ok && stet_sf_next(&walk, &item))
            ok = sf_copy_item(writer, &item);
        ok = ok && stet_sf_write_inner_end(writer);
    }
    return ok && sf_copy_item(writer, member);
}

bool stet_sf_round(int64_t numerator, int64_t denominator, int64_t *thousandths)
{
    if (denominator < 1 || denominator > 1000000000000000)
        return false;
    int64_t whole = numerator / denominator;
    if (whole > sf_integer_max / 1000 || whole < -sf_integer_max / 1000)
        return false;
    int64_t part = numerator % denominator * 1000;
    int64_t result = whole * 1000 + part / denominator;
    int64_t twice = part % denominator * 2;
    int64_t distance = twice < 0 ? -twice : twice;
    if (distance > denominator || (distance == denominator && result % 2 != 0))
        result += numerator < 0 ? -1 : 1; /* [RFC 9651 §4.1.5] */
    if (result > sf_integer_max || result < -sf_integer_max)
        return false;
    *thousandths = result;
    return true;
}
