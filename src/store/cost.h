/* What memory costs: an allocation and what the heap adds to it, and pages.
 */
#ifndef STORE_COST_H
#define STORE_COST_H

#include <stddef.h>
#include <unistd.h>

/* Octets that `size` octets from the heap take there: glibc keeps eight beside them and rounds up
 * to sixteen. */
static inline size_t cost_of(size_t size)
{
    return (size + 8 + 15) & ~(size_t)15;
}

/* Octets that `size` octets take in pages of their own, once they have been written to. */
static inline size_t cost_of_pages(size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) / page * page;
}

#endif
