/* Fields that are structured: digests, priorities, cache groups. What is read is within its bounds,
 * what is written is read as the same again, and two ways to ask have one answer.
 *
 * Each line of the input is a line of every field.
 */
#include <string.h>

#include "stet/cachegroups.h"
#include "stet/digest.h"
#include "stet/priority.h"

#include "fuzz.h"

enum { LINES = 4, NAMES = 7 };

static const struct stet_span names[NAMES] = {STET_SPAN_INIT("Content-Digest"),
                                              STET_SPAN_INIT("Repr-Digest"),
                                              STET_SPAN_INIT("Want-Content-Digest"),
                                              STET_SPAN_INIT("Want-Repr-Digest"),
                                              STET_SPAN_INIT("Priority"),
                                              STET_SPAN_INIT("Cache-Groups"),
                                              STET_SPAN_INIT("Cache-Group-Invalidation")};

static void read_lines(struct stet_head *head, struct stet_field *storage, struct stet_span text)
{
    for (size_t line = 0; line < LINES; line++) {
        struct stet_span value = stet_span(text.at, stet_span_find(text, '\n'));
        for (size_t i = 0; i < NAMES; i++)
            stet_head_add(head, storage, names[i], value);
        if (value.len == text.len)
            return;
        text = stet_span_from(text, value.len + 1);
    }
}

static void one_digest(const struct stet_head *head, enum stet_digest_scope scope,
                       enum stet_digest digest)
{
    unsigned char hash[STET_DIGEST_MAX + 1], again[STET_DIGEST_MAX + 1];
    char text[STET_DIGEST_ROOM];
    const size_t size = stet_digest_size(digest);
    struct stet_field storage[1];
    struct stet_head written = {0};

    memset(hash, 0x5a, sizeof hash);
    memcpy(again, hash, sizeof again);
    must(size <= STET_DIGEST_MAX);
    const bool there = stet_digest_of(head, scope, digest, hash);
    must(hash[size] == 0x5a); /* not an octet more, and none at all if there is nothing */
    must(there || memcmp(hash, again, sizeof hash) == 0);
    const size_t len = stet_digest_write(digest, hash, text, sizeof text);
    must(len > size && len <= sizeof text && stet_digest_write(digest, hash, text, len - 1) == 0);
    must(stet_digest_write(digest, hash, text, len) == len);
    stet_head_add(&written, storage, names[scope == STET_DIGEST_CONTENT ? 0 : 1],
                  stet_span(text, len));
    must(stet_digest_of(&written, scope, digest, again) && memcmp(hash, again, size) == 0);
}

static void digests(const struct stet_head *head, enum stet_digest_scope scope)
{
    int best = 0;
    for (int i = 0; i < STET_DIGEST_COUNT; i++) {
        const int wanted = stet_digest_wanted(head, scope, (enum stet_digest)i);
        one_digest(head, scope, (enum stet_digest)i);
        must(wanted >= -1 && wanted <= 10);
        best = wanted > best ? wanted : best;
    }
    const enum stet_digest choice = stet_digest_choose(head, scope, ~0U);
    must((choice == STET_DIGEST_COUNT) == (best == 0));
    must(choice == STET_DIGEST_COUNT || stet_digest_wanted(head, scope, choice) == best);
    must(stet_digest_choose(head, scope, 0) == STET_DIGEST_COUNT);
}

static void check_priority(struct stet_priority priority)
{
    must(priority.urgency <= 7);
    must(priority.urgency_stated || priority.urgency == 3);
    must(priority.incremental_stated || !priority.incremental);
}

static void priorities(const struct stet_head *head, struct stet_span text)
{
    const struct stet_priority one = stet_priority_of(head), other = stet_priority_in(text);
    const struct stet_priority both = stet_priority_merge(one, other);
    check_priority(one);
    check_priority(other);
    must(both.urgency == (other.urgency_stated ? other.urgency : one.urgency));
    must(both.incremental == (other.incremental_stated ? other.incremental : one.incremental));
}

static void groups(const struct stet_head *head)
{
    const struct stet_sf walk = stet_cachegroups_of(head);
    struct stet_sf at = walk, felled = stet_cachegroups_invalidated(STET_METHOD_POST, head);
    struct stet_span group, other;

    while (stet_cachegroups_next(&at, &group)) {
        must(stet_cachegroups_has(walk, group));
        must(stet_cachegroups_next(&felled, &other) && stet_span_equal(group, other));
    }
    must(!stet_cachegroups_next(&felled, &other)); /* the lines of both are the same */
    felled = stet_cachegroups_invalidated(STET_METHOD_GET, head);
    must(!stet_cachegroups_next(&felled, &other));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct stet_span text = {(const char *)data, size};
    struct stet_field storage[LINES * NAMES];
    struct stet_head head = {0};

    read_lines(&head, storage, text);
    digests(&head, STET_DIGEST_CONTENT);
    digests(&head, STET_DIGEST_REPR);
    priorities(&head, text);
    groups(&head);
    return 0;
}
