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

/* Room for what these write: the same, in the largest unit that leaves no rest. */
#define UNITS_TEXT 24

void units_write_size(uint64_t octets, char to[UNITS_TEXT]);
void units_write_duration(uint64_t milliseconds, char to[UNITS_TEXT]);

/* A whole number from `least` to `most`. */
bool units_number(const char *text, uint64_t least, uint64_t most, uint64_t *number);

#endif
