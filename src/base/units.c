/* Sizes, durations and numbers: digits, then a unit from a table.
 */
#include "base/units.h"

#include <stddef.h>
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

bool units_size(const char *text, uint64_t *octets)
{
    static const struct unit units[] = {{"", 1},
                                        {"B", 1},
                                        {"KiB", 1ull << 10},
                                        {"MiB", 1ull << 20},
                                        {"GiB", 1ull << 30},
                                        {"TiB", 1ull << 40},
                                        {NULL, 0}};
    return units_scaled(text, units, octets);
}

bool units_duration(const char *text, uint64_t *milliseconds)
{
    static const struct unit units[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
                                        {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
    return units_scaled(text, units, milliseconds);
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
