/* Tests of snapshots: what is written is read again, and what is wrong is named with its line; and
 * of the catalogue of findings. */
#include "audit/snapshot.h"

#include <stdio.h>

#include "audit_fixture.h"

#define SHA "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define FIRST "stet-snapshot 1\n"

static void test_round(void **state)
{
    (void)state;
    struct snapshots made = {0}, read = {0};
    struct text once = {0}, twice = {0};
    struct probe probe = fixture_probe(
        "http://h/", "200\nETag: \"a b\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT", "content");
    size_t line;

    assert_true(snapshots_add(&made, "http://h/a", "identity", &probe));
    assert_true(snapshots_add(&made, "http://h/b", "gzip", &probe));
    assert_true(snapshots_add(&made, "http://h/a", "br", &probe));
    snapshots_write(&made, &once);
    assert_null(snapshots_read(&read, stet_span(once.at, once.len), &line));
    snapshots_write(&read, &twice);
    assert_int_equal(once.len, twice.len);
    assert_memory_equal(once.at, twice.at, once.len);
    const struct snapshot *at = snapshots_find(&read, "http://h/a", NULL);
    assert_string_equal(at->coding, "identity");
    assert_string_equal(at->etag, "\"a b\"");
    assert_int_equal(at->length, 7);
    assert_memory_equal(at->digest, probe.digest, PROBE_DIGEST);
    at = snapshots_find(&read, "http://h/a", at + 1);
    assert_string_equal(at->coding, "br");
    assert_null(snapshots_find(&read, "http://h/a", at + 1));
    assert_null(snapshots_find(&read, "http://h/c", NULL));
    snapshots_fini(&made);
    snapshots_fini(&read);
    text_fini(&once);
    text_fini(&twice);
    probe_fini(&probe);
}

struct row {
    const char *id;
    const char *name;
    const char *text;
    size_t count; /* of snapshots read */
    size_t line;  /* where it is wrong; 0: it is not */
};

static const struct row rows[] = {
    {"snapshot", "none", FIRST, 0, 0},
    {"snapshot", "one", FIRST "\nurl http://h/\ncoding gzip\nlength 3\nsha256 " SHA "\n", 1, 0},
    {"snapshot", "one without its last line end",
     FIRST "\nurl http://h/\ncoding gzip\nlength 3\nsha256 " SHA, 1, 0},
    {"snapshot", "lines in another order",
     FIRST "sha256 " SHA "\nlength 3\ncoding gzip\nurl http://h/\n\n\n", 1, 0},
    {"snapshot", "empty", "", 0, 1},
    {"snapshot", "another file", "hello\n", 0, 1},
    {"snapshot", "a later version", "stet-snapshot 2\n", 0, 1},
    {"snapshot", "an unknown line", FIRST "\nurl http://h/\ncolour red\n", 0, 4},
    {"snapshot", "no length", FIRST "\nurl http://h/\ncoding gzip\nsha256 " SHA "\n\n", 0, 6},
    {"snapshot", "a length that is none",
     FIRST "\nurl http://h/\ncoding gzip\nlength -3\nsha256 " SHA "\n\n", 0, 7},
    {"snapshot", "a short digest", FIRST "\nurl http://h/\ncoding gzip\nlength 3\nsha256 00\n\n", 0,
     7},
    {"snapshot", "no coding", FIRST "\nurl http://h/\nlength 3\nsha256 " SHA "\n\n", 0, 6},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct snapshots read = {0};
        size_t line = 0;
        const char *wrong = snapshots_read(&read, stet_span_of(rows[i].text), &line);
        check_row(&rows[i], (wrong != NULL) == (rows[i].line != 0));
        check_row(&rows[i], !wrong || line == rows[i].line);
        check_row(&rows[i], read.count == rows[i].count);
        snapshots_fini(&read);
    }
}

static void test_catalogue(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_kind *kind = finding_kind((enum finding_id)i);
        assert_int_equal(finding_named(kind->id), i);
        assert_true(finding_group((enum finding_id)i)[0]);
        assert_true(kind->level == FINDING_GOOD || kind->fix[0] || kind->level == FINDING_INFO);
    }
    assert_int_equal(finding_named("no-such-finding"), FINDING_COUNT);
    assert_string_equal(finding_advice(FINDING_CODING_NO_VARY, 0)->where, "nginx");
    assert_null(finding_advice(FINDING_CODING_NO_VARY, 99));
    assert_string_equal(finding_group(FINDING_LYING_304), "Whether a 304 was true");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round), cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_catalogue)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
