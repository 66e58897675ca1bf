/* Memory from the heap, through one door, so that a test can make the n-th allocation fail.
 *
 * Everything above the library allocates here and nowhere else. NULL is a condition every caller
 * handles: that one connection or request ends, the process lives.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEMORY_HIDES 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define MEMORY_HIDES 1
#endif
#if defined(MEMORY_HIDES)
#include <sanitizer/asan_interface.h>
#endif

/* Once in a process, before its second thread: one heap for all of them. */
void memory_prepare(void);

/* `size` bytes, not cleared; NULL when there are none. Ends at memory_free. */
void *memory_new(size_t size);

/* The same, all zero. */
void *memory_new_zero(size_t size);

/* Grows or shrinks; NULL leaves `old` as it was. */
void *memory_grow(void *old, size_t size);

void memory_free(void *memory);

/* `size` bytes, all zero, in pages of their own. When they are given back the process never gets
 * those pages again: whoever still has references of them (the kernel, sending them) sees what they
 * held. They take memory once they are written to. NULL when there are none, or too many such
 * pieces: then the heap will do. Ends at memory_free_pages with the same size. */
void *memory_new_pages(size_t size);
void memory_free_pages(void *pages, size_t size);

/* For base/mempool.h: counts an allocation that is served without the heap; true when it is the one
 * that is to fail. */
bool memory_refuses(void);

/* Nobody may look at this memory until memory_show (or memory_free): under AddressSanitizer who
 * does dies. For what is lent for a while, so that a pointer that is kept too long is found out;
 * else these do nothing. */
static inline void memory_hide(const void *memory, size_t size);
static inline void memory_show(const void *memory, size_t size);

/* For tests: from now on the allocation number `nth` (1 is the next) made by this thread fails,
 * once; 0 turns it off. memory_count tells how many allocations this thread has made since. */
void memory_fail_nth(uint64_t nth);
uint64_t memory_count(void);

static inline void memory_hide(const void *memory, size_t size)
{
#if defined(MEMORY_HIDES)
    __asan_poison_memory_region(memory, size);
#else
    (void)memory, (void)size;
#endif
}

static inline void memory_show(const void *memory, size_t size)
{
#if defined(MEMORY_HIDES)
    __asan_unpoison_memory_region(memory, size);
#else
    (void)memory, (void)size;
#endif
}

#endif
