/* Memory that comes and goes with every request: kept by the thread that gives it back, for the
 * next request.
 *
 * Pieces come in sizes of powers of two, and a little more for whoever puts a header before what it
 * was asked for itself; each thread keeps a bounded number of each, and gives the
 * heap back what is more, larger, or left when the thread ends. A piece may be given back on
 * another thread than it was taken on. It counts as an allocation for memory_fail_nth, wherever it
 * comes from.
 */
#ifndef BASE_MEMPOOL_H
#define BASE_MEMPOOL_H

#include <stddef.h>

/* The smallest and the largest piece that is kept, and about how many octets of each size. */
#define MEMPOOL_HEADER 32
#define MEMPOOL_LEAST (64 + MEMPOOL_HEADER)
#define MEMPOOL_MOST (8192 + MEMPOOL_HEADER)
#define MEMPOOL_KEPT 262144

/* `size` octets aligned for any type, not cleared; NULL when there are none. Ends at mempool_free.
 */
void *mempool_new(size_t size);

/* `old`, of `old_size` octets as it was asked for, or NULL, becomes `size` octets large, and may
 * move. NULL leaves it as it was. */
void *mempool_grow(void *old, size_t old_size, size_t size);

/* Gives back what was asked for with this size; NULL is allowed. */
void mempool_free(void *memory, size_t size);

#endif
