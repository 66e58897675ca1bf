/* Sets of stored responses: what is not exactly one is refused whole; what is one is written back
 * octet by octet, and can be judged. The first octet says what the rest is: a file, or lines whose
 * checksum is made here. */
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>

#include "client/storage_set.h"
#include "stet/reuse.h"
#include "stet/vary.h"

#include "fuzz.h"

static size_t sign(char *file, size_t size)
{
    struct sha256_ctx sha;
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_init(&sha);
    sha256_update(&sha, size, (const uint8_t *)file);
    sha256_digest(&sha, sizeof digest, digest);
    memcpy(file + size, "sum ", 4);
    storage_hex_write(digest, sizeof digest, file + size + 4);
    file[size + 4 + 2 * sizeof digest] = '\n';
    return size + 4 + 2 * sizeof digest + 1;
}

/* What a cache does with it. */
static void work_with(const struct storage_entry *entry)
{
    const struct stet_profile profile = stet_profile_private();
    const struct stet_asked asked = {.method = STET_METHOD_GET,
                                     .max_age = STET_SECONDS_NONE,
                                     .max_stale = STET_SECONDS_NONE,
                                     .stale_if_error = STET_SECONDS_NONE};
    const struct stet_reuse reuse = stet_may_reuse(&profile, &entry->stored, &asked, 1000000);

    must(entry->number != 0);
    must(entry->first <= entry->length && entry->content_size <= entry->length - entry->first);
    must(entry->stored.status >= 200 && entry->stored.status <= 599);
    must(!entry->stored.marked || reuse.answer == STET_REUSE_VALIDATE ||
         reuse.answer == STET_REUSE_FORWARD);
    stet_vary_match(stet_span(entry->selection, entry->selection_size), &entry->response.head);
    for (size_t i = 0; i < entry->response.head.count; i++)
        must(stet_span_is_token(entry->response.head.fields[i].name));
}

/* Lifetimes are judged anew and may come out shorter: then the second writing is the fixed point.
 */
static void write_back(struct stet_span key, const struct storage_set *set, size_t size)
{
    struct text once = {0}, twice = {0};
    struct storage_set again;
    struct stet_span its_key;

    must(storage_set_write(key, set, &once));
    must(once.len <= size + 10 * set->count);
    must(storage_set_read(stet_span(once.at, once.len), &its_key, &again) == STORAGE_LOADED);
    must(stet_span_equal(key, its_key) && again.count == set->count);
    must(storage_set_write(its_key, &again, &twice));
    must(once.len == twice.len && memcmp(once.at, twice.at, once.len) == 0);
    storage_set_fini(&again);
    text_fini(&once);
    text_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct storage_set set;
    struct stet_span key;

    if (size == 0 || size > 65536)
        return 0;
    char *file = malloc(size + 128);
    must(file != NULL);
    memcpy(file, data + 1, size - 1);
    size_t length = size - 1;
    if (data[0] & 1)
        length = sign(file, length);
    /* exactly as long as it is, so that a step beyond is seen */
    char *exact = malloc(length ? length : 1);
    must(exact != NULL);
    memcpy(exact, file, length);
    if (storage_set_read(stet_span(exact, length), &key, &set) == STORAGE_LOADED) {
        for (size_t i = 0; i < set.count; i++)
            work_with(&set.entries[i]);
        write_back(key, &set, length);
    } else {
        must(set.count == 0 && set.entries == NULL);
    }
    storage_set_fini(&set);
    free(exact);
    free(file);
    return 0;
}
