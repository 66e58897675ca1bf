/* Spans compared, trimmed and read as tokens and numbers.
 *
 * Everything is one pass over the octets with the class table of byte.c. Comparison without case
 * knows ASCII only, as field names and tokens do [RFC 9110 §5.1]; other letters are octets.
 */
#include "stet/span.h"
#include "stet/byte.h"

static inline bool byte_equal_nocase(char a, char b)
{
    return a == b || stet_byte_lower((unsigned char)a) == stet_byte_lower((unsigned char)b);
}

bool stet_span_equal_nocase(struct stet_span a, struct stet_span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (!byte_equal_nocase(a.at[i], b.at[i]))
            return false;
    return true;
}

struct stet_span stet_span_trim(struct stet_span text)
{
    while (text.len && stet_byte_is_ows(text.at[0])) {
        text.at++;
        text.len--;
    }
    while (text.len && stet_byte_is_ows(text.at[text.len - 1]))
        text.len--;
    return text;
}

bool stet_span_is_token(struct stet_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!stet_byte_is(text.at[i], BYTE_TCHAR))
            return false;
    return text.len > 0;
}

bool stet_byte_is_tchar(unsigned char byte)
{
    return stet_byte_class[byte] & BYTE_TCHAR;
}

bool stet_span_number(struct stet_span text, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;
    bool over = false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned char)text.at[i] - (unsigned)'0';
        if (digit > 9)
            return false;
        over |= __builtin_mul_overflow(sum, 10, &sum);
        over |= __builtin_add_overflow(sum, digit, &sum);
    }
    if (text.len == 0)
        return false;
    *value = over || sum > max ? max : sum;
    return true;
}
