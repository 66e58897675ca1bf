/* A storage in a folder that goes, and what tests write to it. */
#ifndef TEST_UNIT_STORAGE_FIXTURE_H
#define TEST_UNIT_STORAGE_FIXTURE_H

#include "table.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "client/limit.h"
#include "client/storage_parts.h"

#define KEY "http://example.org/where?q=now"
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

enum { MEBI = 1048576 };

static char folder[64];
static struct storage *storage;

static inline int set_up(void **state)
{
    const char *error;
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/stet-storage-XXXXXX");
    assert_non_null(mkdtemp(folder));
    storage = storage_open(folder, 64 * MEBI, &error);
    assert_non_null(storage);
    return 0;
}

static inline void remove_all(const char *path)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    assert_int_equal(system(command), 0);
}

static inline int tear_down(void **state)
{
    (void)state;
    storage_close(storage);
    storage = NULL;
    remove_all(folder);
    return 0;
}

static inline void again(uint64_t size)
{
    const char *error;
    storage_close(storage);
    storage = storage_open(folder, size, &error);
    assert_non_null(storage);
}

/* ---- what is stored ---- */

struct wanted {
    const char *credentials, *selection, *tag;
    enum stet_method method;
    int64_t received;
};

static inline struct storage_entry entry_of(const struct wanted *wanted)
{
    struct storage_entry entry = {
        .stored = {
            .method = wanted->method ? wanted->method : STET_METHOD_GET,
            .status = 200,
            .lifetime = 60,
            .times = {.received = wanted->received, .wall = wanted->received, .date = 784111777}}};
    if (wanted->credentials)
        snprintf(entry.credentials, sizeof entry.credentials, "%s", wanted->credentials);
    if (wanted->selection) {
        entry.selection_size = strlen(wanted->selection);
        entry.selection = memory_new(entry.selection_size);
        assert_non_null(entry.selection);
        memcpy(entry.selection, wanted->selection, entry.selection_size);
    }
    assert_true(message_add(&entry.response, STET_SPAN("Date"), STET_SPAN(DATE)));
    assert_true(message_add(&entry.response, STET_SPAN("Cache-Control"), STET_SPAN("max-age=60")));
    assert_true(message_add(&entry.response, STET_SPAN("ETag"),
                            stet_span_of(wanted->tag ? wanted->tag : "\"x\"")));
    return entry;
}

static inline bool stores_as(const char *key, const char *content, const struct wanted *wanted,
                             uint64_t *number)
{
    struct storage_entry entry = entry_of(wanted);
    struct storage_draft *draft = storage_begin(storage, stet_span_of(key));
    bool done = draft != NULL;
    if (draft) {
        storage_write(draft, stet_span_of(content));
        done = storage_commit(draft, &entry, 0);
    }
    if (number)
        *number = entry.number;
    storage_entry_fini(&entry);
    return done;
}

static inline bool stores(const char *key, const char *content)
{
    return stores_as(key, content, &(const struct wanted){.received = 1000}, NULL);
}

/* The content of the only entry of a key; "" if there is none, "damaged" if it cannot be had. */
static inline const char *content_of(const char *key)
{
    static char octets[4096];
    struct storage_set set = storage_find(storage, stet_span_of(key));
    ssize_t got = 0;
    if (set.count == 1) {
        const int fd = storage_content(storage, &set.entries[0], true);
        got = fd >= 0 ? read(fd, octets, sizeof octets - 1) : -1;
        if (fd >= 0)
            close(fd);
    }
    if (got < 0)
        got = snprintf(octets, sizeof octets, "damaged");
    octets[got] = '\0';
    storage_set_fini(&set);
    return octets;
}

static inline size_t count_of(const char *key)
{
    struct storage_set set = storage_find(storage, stet_span_of(key));
    const size_t count = set.count;
    storage_set_fini(&set);
    return count;
}

#endif
