/* Scanners of HTTP/1: where a run of octets of one class ends.
 *
 * Each exists twice, by octet and by vector (SSE2, which every x86-64 has), with the same answer.
 * The vector form never looks outside of the octets it was given: the last ones, too few for a
 * block, are looked at through a block that ends with them. So it needs 16 octets before the end.
 *
 * Given up: AVX2. Runs in heads are short; blocks of 32 octets measured no faster.
 */
#ifndef WIRE_H1_SCAN_H
#define WIRE_H1_SCAN_H

#include "stet/span.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Constant in every call, so that the compiler makes one loop of each pair. */
enum h1_scan { H1_SCAN_SCALAR, H1_SCAN_VECTOR };
enum h1_run {
    H1_RUN_VALUE, /* field values: HTAB, SP to "~", obs-text [RFC 9110 §5.5] */
    H1_RUN_GRAPH, /* "!" to "~": what a request-target may hold at most */
    H1_RUN_TOKEN  /* tchar: methods and field names [RFC 9110 §5.6.2] */
};

/* How many octets the vector form needs. */
enum { H1_SCAN_LEAST = 16 };

#define H1_INLINE static inline __attribute__((always_inline))

H1_INLINE bool h1_scan_in(unsigned char byte, enum h1_run run)
{
    if (run == H1_RUN_VALUE)
        return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
    return run == H1_RUN_TOKEN ? stet_byte_is_tchar(byte) : byte > 0x20 && byte < 0x7f;
}

H1_INLINE const char *h1_scan_scalar(const char *at, const char *end, enum h1_run run)
{
    while (at < end && h1_scan_in((unsigned char)*at, run))
        at++;
    return at;
}

#if defined(__SSE2__)

/* Which octets are not from `first` to `last`: moved to the lower end of the signed range, they are
 * greater than the last. */
H1_INLINE __m128i h1_scan_outside(__m128i bytes, int first, int last)
{
    __m128i moved = _mm_add_epi8(bytes, _mm_set1_epi8((char)(-128 - first)));
    return _mm_cmpgt_epi8(moved, _mm_set1_epi8((char)(-128 + last - first)));
}

/* A bit for each of 16 octets that ends the run; of H1_RUN_TOKEN also for the rare tchar that are
 * no letter, digit or "-". */
H1_INLINE unsigned h1_scan_stops(const char *at, enum h1_run run)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i stops;
    if (run == H1_RUN_VALUE) {
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
        __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
        __m128i del = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
        stops = _mm_or_si128(del, _mm_andnot_si128(tab, low));
    } else if (run == H1_RUN_GRAPH) {
        stops = h1_scan_outside(bytes, 0x21, 0x7e);
    } else {
        __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
        __m128i hyphen = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));
        stops = _mm_and_si128(h1_scan_outside(lower, 'a', 'z'), h1_scan_outside(bytes, '0', '9'));
        stops = _mm_andnot_si128(hyphen, stops);
    }
    return (unsigned)_mm_movemask_epi8(stops);
}

H1_INLINE const char *h1_scan_blocks(const char *at, const char *end, enum h1_run run)
{
    unsigned stops;
    for (; end - at >= H1_SCAN_LEAST; at += H1_SCAN_LEAST)
        if ((stops = h1_scan_stops(at, run)))
            return at + __builtin_ctz(stops);
    if (at == end)
        return end;
    stops = h1_scan_stops(end - H1_SCAN_LEAST, run) >> (H1_SCAN_LEAST - (end - at));
    return stops ? at + __builtin_ctz(stops) : end;
}

H1_INLINE const char *h1_scan_vector(const char *at, const char *end, enum h1_run run)
{
    at = h1_scan_blocks(at, end, run);
    if (run == H1_RUN_TOKEN)
        while (at < end && stet_byte_is_tchar((unsigned char)*at))
            at = h1_scan_blocks(at + 1, end, run);
    return at;
}
#endif

/* Where the run that starts at `at` ends: at the first octet outside of the class, or at `end`. For
 * H1_SCAN_VECTOR there are at least 16 octets before `end` that may be read. */
H1_INLINE const char *h1_scan(const char *at, const char *end, enum h1_run run, enum h1_scan scan)
{
#if defined(__SSE2__)
    if (scan == H1_SCAN_VECTOR)
        return h1_scan_vector(at, end, run);
#endif
    (void)scan;
    return h1_scan_scalar(at, end, run);
}

/* A field line: where the run of its name ends, and where the run of its value that goes on from
 * there does. */
struct h1_line {
    const char *name_end;
    const char *value_end;
};

#if defined(__SSE2__)
/* Both ends from one look at the first 32 octets, so that the second does not wait for the first.
 * False unless there is a name that ends with a colon there. */
H1_INLINE bool h1_scan_line_start(const char *at, struct h1_line *line)
{
    unsigned names = h1_scan_stops(at, H1_RUN_TOKEN) | h1_scan_stops(at + 16, H1_RUN_TOKEN) << 16;
    unsigned values = h1_scan_stops(at, H1_RUN_VALUE) | h1_scan_stops(at + 16, H1_RUN_VALUE) << 16;
    if (!names || at[__builtin_ctz(names)] != ':')
        return false;
    line->name_end = at + __builtin_ctz(names);
    /* What ends a value ends a name as well, so no bit of `values` comes before the name's end. */
    line->value_end = values ? at + __builtin_ctz(values) : NULL;
    return true;
}
#endif

H1_INLINE struct h1_line h1_scan_line(const char *at, const char *end, enum h1_scan scan)
{
    struct h1_line line;
#if defined(__SSE2__)
    if (scan == H1_SCAN_VECTOR && end - at >= 32 && h1_scan_line_start(at, &line)) {
        if (!line.value_end)
            line.value_end = h1_scan(at + 32, end, H1_RUN_VALUE, scan);
        return line;
    }
#endif
    line.name_end = h1_scan(at, end, H1_RUN_TOKEN, scan);
    line.value_end = h1_scan(line.name_end, end, H1_RUN_VALUE, scan);
    return line;
}

#endif
