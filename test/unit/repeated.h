/* A text that repeats a piece between two others: how rows of tables write what is long. */
#ifndef TEST_UNIT_REPEATED_H
#define TEST_UNIT_REPEATED_H

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "stet/span.h"

/* The octets are for free(), and there is not one to spare. */
static inline char *repeated(struct stet_span before, const char *piece, size_t times,
                             const char *after, size_t *size)
{
    const size_t piece_size = strlen(piece), after_size = strlen(after);
    *size = before.len + piece_size * times + after_size;
    char *octets = malloc(*size ? *size : 1);
    CHECK(octets);
    memcpy(octets, before.at, before.len);
    for (size_t n = 0; n < times; n++)
        memcpy(octets + before.len + n * piece_size, piece, piece_size);
    memcpy(octets + *size - after_size, after, after_size);
    return octets;
}

#endif
