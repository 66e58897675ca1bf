/* Escapes, one walk over UTF-8 sequences for all of them.
 *
 * Characters that change the direction of text are taken for controls: with one of them in a URL, a
 * report would show another URL than was asked for.
 */
#include "audit/escape.h"

/* One character, or one octet that begins none. */
struct escape_step {
    struct stet_span octets;
    uint32_t code;
    bool valid;
};

static struct escape_step escape_next(struct stet_span text)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    const size_t len = text_sequence(text.at, text.len);
    struct escape_step step = {stet_span(text.at, len ? len : 1), 0, len > 0};

    step.code = (unsigned char)text.at[0] & masks[len];
    for (size_t i = 1; i < len; i++)
        step.code = step.code << 6 | ((unsigned char)text.at[i] & 0x3f);
    return step;
}

/* Controls of C0 and C1, and what turns the direction of text or says nothing. */
static bool escape_shows(const struct escape_step *step)
{
    const uint32_t code = step->code;

    return step->valid && code >= 0x20 && !(code >= 0x7f && code < 0xa0) && code != 0x61c &&
           !(code >= 0x200b && code <= 0x200f) && !(code >= 0x2028 && code <= 0x202e) &&
           !(code >= 0x2060 && code <= 0x206f) && code != 0xfeff && (code & 0xfffe) != 0xfffe;
}

void escape_terminal(struct text *to, struct stet_span text)
{
    while (text.len) {
        const struct escape_step step = escape_next(text);
        if (escape_shows(&step))
            text_put(to, step.octets.at, step.octets.len);
        for (size_t i = 0; !escape_shows(&step) && i < step.octets.len; i++)
            text_say(to, "\\x%02x", (unsigned char)step.octets.at[i]);
        text = stet_span_from(text, step.octets.len);
    }
}

static const char *escape_entity(uint32_t code)
{
    switch (code) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void escape_markup(struct text *to, struct stet_span text)
{
    while (text.len) {
        const struct escape_step step = escape_next(text);
        const char *entity = step.valid ? escape_entity(step.code) : NULL;
        if (entity)
            text_say(to, "%s", entity);
        else if (escape_shows(&step) || step.code == '\n' || step.code == '\t')
            text_put(to, step.octets.at, step.octets.len);
        else
            text_put(to, "\xef\xbf\xbd", 3);
        text = stet_span_from(text, step.octets.len);
    }
}

void escape_utf8(struct text *to, struct stet_span text)
{
    while (text.len) {
        const struct escape_step step = escape_next(text);
        if (step.valid)
            text_put(to, step.octets.at, step.octets.len);
        else
            text_put(to, "\xef\xbf\xbd", 3);
        text = stet_span_from(text, step.octets.len);
    }
}

void escape_uri(struct text *to, struct stet_span text)
{
    static const char others[] = "-._~:/?#@!$&'()*+,;=%";

    for (size_t i = 0; i < text.len; i++) {
        const unsigned char octet = (unsigned char)text.at[i];
        const unsigned char lower = stet_byte_lower(octet);
        if ((lower >= 'a' && lower <= 'z') || stet_byte_is_digit(octet) ||
            (octet && strchr(others, octet)))
            text_put(to, text.at + i, 1);
        else
            text_say(to, "%%%02X", octet);
    }
}
