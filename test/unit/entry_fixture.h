/* Entries for tests, with content whose every octet tells where it is. */
#ifndef TEST_UNIT_ENTRY_FIXTURE_H
#define TEST_UNIT_ENTRY_FIXTURE_H

#include "store/entry.h"
#include "table.h"

#include <stdlib.h>

static const struct entry_key some_key = {{1, 2}, 3};

static inline struct entry_head *head_of(int status)
{
    const struct stet_stored stored = {.status = status, .lifetime = (uint32_t)status};
    return entry_head_new(&stored, NULL, 100);
}

static inline struct entry *entry_of(uint64_t expected)
{
    return entry_new(&some_key, STET_SPAN("http://a/"), STET_SPAN("accept: *"), head_of(200),
                     expected);
}

/* Content whose every octet tells where it is. */
static inline char octet_at(uint64_t offset)
{
    return (char)(offset * 31 + (offset >> 8) * 7 + (offset >> 16));
}

static inline bool append_pattern(struct entry *entry, size_t size)
{
    const uint64_t from = entry_length(entry);
    char *bytes = malloc(size + 1);
    for (size_t i = 0; i < size; i++)
        bytes[i] = octet_at(from + i);
    bool done = entry_append(entry, bytes, size);
    free(bytes);
    return done;
}

/* How much of the content can be read from the beginning, and is right. */
static inline uint64_t readable(const struct entry *entry, unsigned *pieces)
{
    const char *bytes = NULL;
    uint64_t offset = 0;
    *pieces = 0;
    for (size_t size; (size = entry_read(entry, offset, &bytes)) > 0; ++*pieces) {
        for (size_t i = 0; i < size; i++) {
            if (bytes[i] != octet_at(offset + i))
                return offset + i;
        }
        offset += size;
    }
    return offset;
}

#endif
