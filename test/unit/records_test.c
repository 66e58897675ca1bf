/* Records and contents: what is learnt in which order, what is dropped, what replaces what. */
#include "origin/contents.h"
#include "origin/lastmodified.h"
#include "origin/records.h"

#include "base/memory.h"

#include "table.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define BASE (INT64_C(1700000000) * SECOND)

static struct record_sight sight_of(const char *path, const char *bytes, int64_t changed,
                                    int64_t began)
{
    return (struct record_sight){
        .key = record_key_of(path),
        .stamp = {.device = 1,
                  .inode = 2,
                  .size = strlen(bytes),
                  .modified = BASE + changed * SECOND,
                  .changed = BASE + changed * SECOND},
        .digest = digest_of(bytes, strlen(bytes)),
        .began = BASE + began * SECOND,
    };
}

static struct record learn(struct records *records, const struct record_sight *sight, int64_t now)
{
    struct record record;
    assert_true(records_learn(records, sight, BASE + now * SECOND, &record));
    return record;
}

/* D-50: two readings of one state; the later beginning counts, in whatever order they end. */
static void test_order_of_equals(void **state)
{
    (void)state;
    struct records records;
    struct record_sight early = sight_of("a", "one", 0, 1);
    struct record_sight late = sight_of("a", "one", 0, 5);
    records_init(&records, 100);
    learn(&records, &late, 6);
    struct record record = learn(&records, &early, 7);
    assert_int_equal(record.began, late.began);
    assert_true(record_settled(&record.stamp, record.began));
    records_fini(&records);
}

/* A reading that began earlier and ends later tells of the past: it changes nothing. */
static void test_order_of_others(void **state)
{
    (void)state;
    struct records records;
    struct record_sight old = sight_of("a", "one", 0, 3);
    struct record_sight new = sight_of("a", "two", 4, 5);
    struct record found;
    records_init(&records, 100);
    learn(&records, &new, 6);
    struct record past = learn(&records, &old, 7);
    assert_true(digest_equal(&past.digest, &old.digest));
    assert_int_equal(past.modified, LASTMODIFIED_NONE);
    assert_true(records_find(&records, &new.key, &found));
    assert_true(digest_equal(&found.digest, &new.digest));
    assert_true(fs_stamp_equal(&found.stamp, &new.stamp));
    records_fini(&records);
}

/* A claim is given once, and not for what is known. */
static void test_claims(void **state)
{
    (void)state;
    struct records records;
    struct record_sight sight = sight_of("a", "one", 0, 5);
    struct record record;
    records_init(&records, 100);
    assert_false(records_claim(&records, &sight.key, &sight.stamp));
    assert_true(records_glimpse(&records, &sight.key, &sight.stamp, BASE + 5 * SECOND, &record));
    assert_true(records_claim(&records, &sight.key, &sight.stamp));
    assert_false(records_claim(&records, &sight.key, &sight.stamp));
    records_release(&records, &sight.key);
    assert_true(records_claim(&records, &sight.key, &sight.stamp));
    learn(&records, &sight, 6);
    records_release(&records, &sight.key);
    assert_false(records_claim(&records, &sight.key, &sight.stamp));
    records_fini(&records);
}

/* Full: what was not looked up since the last time goes, what was stays. */
static void test_bound(void **state)
{
    (void)state;
    struct records records;
    struct record record;
    char path[32];
    records_init(&records, 1000);
    const struct record_key kept = record_key_of("/0");
    for (int i = 0; i < 20000; i++) {
        snprintf(path, sizeof path, "/%d", i);
        struct record_sight sight = sight_of(path, path, 0, 5);
        learn(&records, &sight, 6);
        assert_true(records_find(&records, &kept, &record));
        assert_true(records_count(&records) <= 1000);
    }
    assert_true(records_count(&records) > 100);
    records_fini(&records);
}

static struct chunk *chunk_of(const char *text)
{
    struct chunk *chunk = chunk_new(strlen(text));
    memcpy(chunk->bytes, text, strlen(text));
    return chunk;
}

static void nothing(void *owner)
{
    (void)owner;
}

/* Our own coding, made while a sidecar was found, does not replace it. */
static void test_sidecar_first(void **state)
{
    (void)state;
    struct contents contents;
    struct chunk *bytes = chunk_of("identity");
    struct chunk *own = chunk_of("own");
    struct chunk *beside = chunk_of("beside");
    const struct digest digest = digest_of(bytes->bytes, bytes->len);
    contents_init(&contents, 10000, nothing, NULL);
    struct content *content = contents_add(&contents, &digest, bytes);
    const struct variant sidecar = {.state = VARIANT_READY, .sidecar = true, .bytes = beside};
    const struct variant made = {.state = VARIANT_READY, .bytes = own};
    content_set_variant(content, STET_CODING_GZIP, &made);
    content_set_variant(content, STET_CODING_GZIP, &sidecar);
    content_set_variant(content, STET_CODING_GZIP, &made);
    struct variant variant = content_variant(content, STET_CODING_GZIP);
    assert_ptr_equal(variant.bytes, beside);
    chunk_unref(variant.bytes);
    assert_int_equal(contents.held, sizeof *content + bytes->len + beside->len);
    struct content *again = contents_add(&contents, &digest, own);
    assert_ptr_equal(again, content);
    content_unref(again);
    content_unref(content);
    contents_fini(&contents);
    chunk_unref(bytes);
    chunk_unref(own);
    chunk_unref(beside);
}

/* Copies of a file share a content; each has its own sidecars, and the first one's stay. */
static void test_sidecars_of_copies(void **state)
{
    (void)state;
    struct contents contents;
    struct chunk *bytes = chunk_of("identity");
    const struct digest digest = digest_of(bytes->bytes, bytes->len);
    contents_init(&contents, 10000, nothing, NULL);
    struct content *content = contents_add(&contents, &digest, bytes);
    const struct content_sidecar first = {.stamp = {.inode = 1}, .place = 1};
    const struct content_sidecar second = {.stamp = {.inode = 2}, .place = 2};
    const struct content_sidecar edited = {.stamp = {.inode = 1, .size = 3}, .place = 1};
    assert_true(content_new_sidecar(content, STET_CODING_GZIP, &first));
    assert_false(content_new_sidecar(content, STET_CODING_GZIP, &first));
    content_set_variant(content, STET_CODING_GZIP,
                        &(struct variant){.state = VARIANT_READY, .sidecar = true, .bytes = bytes});
    assert_false(content_new_sidecar(content, STET_CODING_GZIP, &second));
    assert_true(content_new_sidecar(content, STET_CODING_GZIP, &edited));
    content_unref(content);
    contents_fini(&contents);
    chunk_unref(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_of_equals), cmocka_unit_test(test_order_of_others),
        cmocka_unit_test(test_claims),          cmocka_unit_test(test_bound),
        cmocka_unit_test(test_sidecar_first),   cmocka_unit_test(test_sidecars_of_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
