/* What memory costs: an allocation and what the heap adds to it.
 */
#ifndef STORE_COST_H
#define STORE_COST_H

#include <stddef.h>

/* Octets that `size` octets from the heap take there: glibc keeps eight beside them and rounds up
 * to sixteen. */
static inline size_t cost_of(size_t size)
{
    return (size + 8 + 15) & ~(size_t)15;
}

#endif
