/* Sizes and numbers as people write them: "64MiB", "30s", "auto".
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* Octets: digits and one of B, KiB, MiB, GiB, TiB or nothing. False if off or too large. */
bool units_size(const char *text, uint64_t *octets);

/* Milliseconds: digits and one of ms, s, m, h, d. False if off or too large. */
bool units_duration(const char *text, uint64_t *milliseconds);

/* A whole number from `least` to `most`. */
bool units_number(const char *text, uint64_t least, uint64_t most, uint64_t *number);

#endif
