/* The one door to the heap.
 *
 * Each thread counts its own allocations; one compare a call decides whether this is the one that a
 * test wants to fail. The counters are the thread's own, so that a test that breaks a loop does not
 * break the threads beside it, and so that nothing is shared on the way to malloc.
 *
 * Given up: a budget of bytes. What must be bounded counts its own bytes where it knows what they
 * are for.
 */
#include "base/memory.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Half of what Linux lets a process have by default. The kernel joins neighbours, and to give one
 * back may split what it has joined: with as many pieces as it allows that would fail, and the
 * memory be lost. */
enum { MEMORY_MAPPINGS_MAX = 32768 };
static atomic_int memory_mappings;

static _Thread_local uint64_t memory_made;
static _Thread_local uint64_t memory_fails; /* 0 equals no count: counts start at 1 */

/* The heaps that glibc would give to threads grow page by page, with a system call for each: one
 * for three responses that are stored. What comes and goes with every request is in base/mempool.h,
 * so threads seldom meet here. */
void memory_prepare(void)
{
    (void)mallopt(M_ARENA_MAX, 1);
}

bool memory_refuses(void)
{
    return __builtin_expect(++memory_made == memory_fails, 0);
}

void *memory_new(size_t size)
{
    if (memory_refuses())
        return NULL;
    return malloc(size > 0 ? size : 1);
}

void *memory_new_zero(size_t size)
{
    if (memory_refuses())
        return NULL;
    return calloc(1, size > 0 ? size : 1);
}

void *memory_grow(void *old, size_t size)
{
    if (memory_refuses())
        return NULL;
    return realloc(old, size > 0 ? size : 1);
}

void memory_free(void *memory)
{
    free(memory);
}

void *memory_new_pages(size_t size)
{
    if (memory_refuses())
        return NULL;
    if (atomic_fetch_add_explicit(&memory_mappings, 1, memory_order_relaxed) <
        MEMORY_MAPPINGS_MAX) {
        void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pages != MAP_FAILED) {
            (void)madvise(pages, size, MADV_NOHUGEPAGE); /* none but those that are written to */
            return pages;
        }
    }
    atomic_fetch_sub_explicit(&memory_mappings, 1, memory_order_relaxed);
    return NULL;
}

void memory_free_pages(void *pages, size_t size)
{
    (void)munmap(pages, size);
    atomic_fetch_sub_explicit(&memory_mappings, 1, memory_order_relaxed);
}

void memory_fail_nth(uint64_t nth)
{
    memory_made = 0;
    memory_fails = nth;
}

uint64_t memory_count(void)
{
    return memory_made;
}
