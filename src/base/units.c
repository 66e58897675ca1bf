/* Sizes, durations and numbers: digits, then a unit from a table.
 */
#include "base/units.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};

/* Reads digits; returns what follows them, NULL when there are none or they overflow. */
static const char *units_digits(const char *text, uint64_t *number)
{
    const char *at = text;
    uint64_t value = 0;

    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return NULL;
        value = value * 10 + digit;
    }
    *number = value;
    return at == text ? NULL : at;
}

static bool units_scaled(const char *text, const struct unit *units, uint64_t *result)
{
    uint64_t number;
    const char *rest = units_digits(text, &number);

    if (!rest)
        return false;
    for (; units->name; units++) {
        if (strcmp(rest, units->name) != 0)
            continue;
        if (number > UINT64_MAX / units->factor)
            return false;
        *result = number * units->factor;
        return true;
    }
    return false;
}

/* In the largest unit that divides the number; the first one divides all. */
static void units_write(uint64_t number, const struct unit *units, char to[UNITS_TEXT])
{
    const struct unit *best = units;
    for (; units->name; units++) {
        if (number && units->factor > best->factor && number % units->factor == 0)
            best = units;
    }
    snprintf(to, UNITS_TEXT, "%" PRIu64 "%s", number / best->factor, best->name);
}

static const struct unit units_of_size[] = {{"", 1},
                                            {"B", 1},
                                            {"KiB", 1ull << 10},
                                            {"MiB", 1ull << 20},
                                            {"GiB", 1ull << 30},
                                            {"TiB", 1ull << 40},
                                            {NULL, 0}};

static const struct unit units_of_time[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
                                            {"h", 3600000}, {"d", 86400000}, {NULL, 0}};

bool units_size(const char *text, uint64_t *octets)
{
    return units_scaled(text, units_of_size, octets);
}

bool units_duration(const char *text, uint64_t *milliseconds)
{
    return units_scaled(text, units_of_time, milliseconds);
}

void units_write_size(uint64_t octets, char to[UNITS_TEXT])
{
    units_write(octets, units_of_size, to);
}

void units_write_duration(uint64_t milliseconds, char to[UNITS_TEXT])
{
    const bool none = milliseconds == 0;
    units_write(milliseconds, none ? units_of_time + 1 : units_of_time, to);
}

bool units_number(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
    uint64_t value;
    const char *rest = units_digits(text, &value);

    if (!rest || *rest || value < least || value > most)
        return false;
    *number = value;
    return true;
}
