/* A span is a view of some bytes: where they start and how many there are.
 *
 * Nobody owns the bytes through a span: it is valid for as long as the buffer it points into.
 * Spans are passed by value. `at` may be NULL only when `len` is 0. Bytes are octets, never
 * characters [RFC 9112 §2.2]; nothing here looks at the locale.
 */
#ifndef STET_SPAN_H
#define STET_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Marks what libstet.so exports; everything else in the library is hidden. */
#if defined(__GNUC__)
#define STET_API __attribute__((visibility("default")))
#else
#define STET_API
#endif

struct stet_span {
    const char *at; /* first byte */
    size_t len;     /* number of bytes */
};

/* The span of a string literal, without its final NUL. The second form is the initialiser alone,
 * for static tables, where ISO C allows no compound literal. */
#define STET_SPAN(literal) ((struct stet_span)STET_SPAN_INIT(literal))
#define STET_SPAN_INIT(literal)         \
    {                                   \
        "" literal, sizeof(literal) - 1 \
    }

/* The span of nothing, which is also how "absent" is written: `at` is NULL. */
#define STET_SPAN_NONE ((struct stet_span){NULL, 0})

/* The span from `at`, `len` bytes long. */
static inline struct stet_span stet_span(const char *at, size_t len)
{
    return (struct stet_span){at, len};
}

/* The span of a C string, without its final NUL; NULL gives STET_SPAN_NONE. */
static inline struct stet_span stet_span_of(const char *text)
{
    return (struct stet_span){text, text ? strlen(text) : 0};
}

/* Same bytes, case counts. */
static inline bool stet_span_equal(struct stet_span a, struct stet_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Same bytes when ASCII letters are compared without case [RFC 9110 §5.1]. */
STET_API bool stet_span_equal_nocase(struct stet_span a, struct stet_span b);

/* `text` begins with `prefix`, case counts. */
static inline bool stet_span_starts(struct stet_span text, struct stet_span prefix)
{
    return text.len >= prefix.len && (prefix.len == 0 || !memcmp(text.at, prefix.at, prefix.len));
}

/* The span without the spaces and tabs at both ends [RFC 9110 §5.5, §5.6.3]. */
STET_API struct stet_span stet_span_trim(struct stet_span text);

/* The part from `from` (counted in bytes, clamped to the length) to the end. */
static inline struct stet_span stet_span_from(struct stet_span text, size_t from)
{
    size_t skip = from < text.len ? from : text.len;
    return (struct stet_span){text.at ? text.at + skip : NULL, text.len - skip};
}

/* Offset of the first `byte` in the span, or its length when there is none. */
static inline size_t stet_span_find(struct stet_span text, char byte)
{
    const void *hit = text.len ? memchr(text.at, byte, text.len) : NULL;
    return hit ? (size_t)((const char *)hit - text.at) : text.len;
}

/* All of the span is one token: at least one tchar and nothing else [RFC 9110 §5.6.2]. */
STET_API bool stet_span_is_token(struct stet_span text);

/* One octet's class. tchar [RFC 9110 §5.6.2]; DIGIT, ALPHA [RFC 5234 §B.1]. */
STET_API bool stet_byte_is_tchar(unsigned char byte);

static inline bool stet_byte_is_digit(unsigned char byte)
{
    return byte >= '0' && byte <= '9';
}

static inline unsigned char stet_byte_lower(unsigned char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte | 0x20) : byte;
}

/* Reads a whole span of DIGITs. Values above `max` (also ones that overflow 64 bits) give `max`:
 * saturation, never a wrap [RFC 9110 §8.6, RFC 9111 §1.2.2]. False, and `*value` untouched, when
 * the span is empty or holds anything but digits. */
STET_API bool stet_span_number(struct stet_span text, uint64_t max, uint64_t *value);

#ifdef __cplusplus
}
#endif

#endif
