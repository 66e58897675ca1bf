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

#include <stdbool.h>
#include <stddef.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Constant in every call, so that the compiler makes one loop of each pair. */
enum h1_scan { H1_SCAN_SCALAR, H1_SCAN_VECTOR };
enum h1_run {
    H1_RUN_VALUE, /* field values: HTAB, SP to "~", obs-text [RFC 9110 §5.5] */
    H1_RUN_GRAPH, /* "!" to "~": what a request-target may hold at most */
    H1_RUN_NAME   /* "!" to "~" without ":": what a field name may hold at most */
};

/* How many octets the vector form needs. */
enum { H1_SCAN_LEAST = 16 };

#define H1_INLINE static inline __attribute__((always_inline))

H1_INLINE bool h1_scan_in(unsigned char byte, enum h1_run run)
{
    if (run == H1_RUN_VALUE)
        return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
    return byte > 0x20 && byte < 0x7f && (run == H1_RUN_GRAPH || byte != ':');
}

H1_INLINE const char *h1_scan_scalar(const char *at, const char *end, enum h1_run run)
{
    while (at < end && h1_scan_in((unsigned char)*at, run))
        at++;
    return at;
}

#if defined(__SSE2__)

/* A bit for each of 16 octets that ends the run. */
H1_INLINE unsigned h1_scan_stops(const char *at, enum h1_run run)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i stops = _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f));
    if (run == H1_RUN_VALUE) {
        __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
        __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
        stops = _mm_or_si128(stops, _mm_andnot_si128(tab, low));
    } else {
        /* Signed: obs-text is below zero. */
        stops = _mm_or_si128(stops, _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x21)));
        if (run == H1_RUN_NAME)
            stops = _mm_or_si128(stops, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(':')));
    }
    return (unsigned)_mm_movemask_epi8(stops);
}

H1_INLINE const char *h1_scan_vector(const char *at, const char *end, enum h1_run run)
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

#endif
