/* Outputs: a file is the old or the new one, is touched only if they differ, and what broke off is
 * kept for who has the same URL and tag.
 */
#include "client/output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], path[128], part[128], tag_path[128];

static int prepare(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/stet-output-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(part, sizeof part, "%s/.file.stet-part", folder);
    snprintf(tag_path, sizeof tag_path, "%s/.file.stet-tag", folder);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    unlink(path);
    unlink(part);
    unlink(tag_path);
    return rmdir(folder); /* fails if anything else was left */
}

static void put(const char *to, const char *text)
{
    FILE *file = fopen(to, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void is(const char *of, const char *wanted)
{
    char text[256] = "";
    FILE *file = fopen(of, "r");

    if (!file) {
        assert_null(wanted);
        return;
    }
    assert_non_null(wanted);
    const size_t len = fread(text, 1, sizeof text, file);
    fclose(file);
    assert_int_equal(len, strlen(wanted));
    assert_memory_equal(text, wanted, len);
}

/* Writes the pieces and ends; was it changed? */
static bool write_pieces(const char *const *pieces)
{
    struct output *output = output_new(path);
    bool changed = false;

    assert_non_null(output);
    assert_true(output_begin(output, 0));
    for (; *pieces; pieces++)
        assert_true(output_write(output, stet_span_of(*pieces)));
    assert_true(output_end(output, &changed));
    output_free(output);
    return changed;
}

static void replaces_what_differs(void **state)
{
    static const struct {
        const char *old, *pieces[4], *new;
        bool changed;
    } rows[] = {
        {NULL, {"a", "bc"}, "abc", true},
        {"abc", {"abc"}, "abc", false},
        {"abc", {"a", "b", "c"}, "abc", false},
        {"abc", {"a", "b"}, "ab", true},
        {"abc", {"abc", "d"}, "abcd", true},
        {"abc", {"a", "x"}, "ax", true},
        {"abc", {"xbc"}, "xbc", true},
        {"abc", {NULL}, "", true},
        {"", {NULL}, "", false},
        {NULL, {NULL}, "", true},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stat before = {0}, after = {0};
        unlink(path);
        if (rows[i].old) {
            put(path, rows[i].old);
            assert_int_equal(chmod(path, 0604), 0);
            assert_int_equal(stat(path, &before), 0);
        }
        assert_int_equal(write_pieces(rows[i].pieces), rows[i].changed);
        is(path, rows[i].new);
        is(part, NULL);
        assert_int_equal(stat(path, &after), 0);
        if (rows[i].old) {
            assert_int_equal(after.st_mode & 0777, 0604);
            assert_int_equal(after.st_ino == before.st_ino, !rows[i].changed);
        }
    }
}

static void keeps_the_old_until_the_end(void **state)
{
    struct output *output = output_new(path);
    (void)state;

    put(path, "old");
    assert_true(output_begin(output, 0));
    assert_true(output_write(output, STET_SPAN("new")));
    is(path, "old");
    output_drop(output, "http://x/", NULL);
    is(path, "old");
    is(part, NULL);
    assert_true(output_begin(output, 0));
    assert_true(output_write(output, STET_SPAN("new")));
    output_free(output); /* drops */
    is(path, "old");
    is(part, NULL);
}

static void keeps_parts(void **state)
{
    struct output *output = output_new(path);
    char tag[OUTPUT_TAG];
    bool changed;
    (void)state;

    assert_true(output_begin(output, 0));
    assert_true(output_write(output, STET_SPAN("half of")));
    output_drop(output, "http://x/", "\"v\"");
    is(part, "half of");
    is(tag_path, "http://x/\n\"v\"\n");
    assert_int_equal(output_held(output, "http://y/", tag), 0);
    assert_int_equal(output_held(output, "http://x/", tag), 7);
    assert_string_equal(tag, "\"v\"");
    assert_true(output_begin(output, 7));
    assert_true(output_write(output, STET_SPAN(" it")));
    assert_int_equal(output_length(output), 10);
    assert_true(output_end(output, &changed));
    is(path, "half of it");
    is(part, NULL);
    is(tag_path, NULL);
    output_free(output);
}

static void trusts_strong_tags_alone(void **state)
{
    static const char *const texts[] = {
        "",
        "http://x/",
        "http://x/\n",
        "http://x/\n\"v\"",
        "http://x/\nW/\"v\"\n",
        "http://x/\nv\n",
        "http://x/\n\"v\"\nmore\n",
        "http://xx/\n\"v\"\n",
    };
    struct output *output = output_new(path);
    char tag[OUTPUT_TAG];
    (void)state;

    put(part, "half");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        put(tag_path, texts[i]);
        assert_int_equal(output_held(output, "http://x/", tag), 0);
    }
    put(tag_path, "http://x/\n\"v\"\n");
    assert_int_equal(output_held(output, "http://x/", tag), 4);
    unlink(part);
    assert_int_equal(symlink("/etc/passwd", part), 0);
    assert_int_equal(output_held(output, "http://x/", tag), 0);
    assert_false(output_begin(output, 0)); /* no link is followed */
    output_free(output);
}

static void two_do_not_mix(void **state)
{
    struct output *one = output_new(path), *other = output_new(path);
    bool changed;
    (void)state;

    assert_true(output_begin(one, 0));
    assert_true(output_begin(other, 0));
    assert_true(output_write(one, STET_SPAN("one ")));
    assert_true(output_write(other, STET_SPAN("other ")));
    assert_true(output_write(one, STET_SPAN("one")));
    assert_true(output_end(one, &changed));
    is(path, "one one");
    assert_true(output_end(other, &changed));
    is(path, "other ");
    output_free(one);
    output_free(other);
}

/* Who goes on with a part has it for himself. */
static void a_part_is_of_one(void **state)
{
    struct output *first = output_new(path);
    char tag[OUTPUT_TAG];
    bool changed;
    (void)state;

    assert_true(output_begin(first, 0));
    assert_true(output_write(first, STET_SPAN("half")));
    output_drop(first, "http://a/", "\"1\"");
    output_free(first);
    struct output *one = output_new(path), *other = output_new(path);
    assert_int_equal(output_held(one, "http://a/", tag), 4);
    assert_int_equal(output_held(other, "http://a/", tag), 0);
    assert_true(output_begin(other, 0));
    assert_true(output_write(other, STET_SPAN("other")));
    assert_true(output_begin(one, 4));
    assert_true(output_write(one, STET_SPAN(" one")));
    assert_true(output_end(one, &changed));
    is(path, "half one");
    assert_true(output_end(other, &changed));
    is(path, "other");
    output_free(one);
    output_free(other);
}

/* What is there has all that one could go on to; but it is not ours if somebody does so. */
static void clears_parts(void **state)
{
    static const char *const pieces[] = {"old", NULL};
    struct output *other = output_new(path);
    char tag[OUTPUT_TAG];
    (void)state;

    put(path, "old");
    put(part, "new, half");
    put(tag_path, "http://x/\n\"v\"\n");
    assert_int_equal(output_held(other, "http://x/", tag), 9);
    assert_false(write_pieces(pieces));
    is(part, "new, half");
    is(tag_path, "http://x/\n\"v\"\n");
    output_free(other);
    assert_false(write_pieces(pieces));
    is(part, NULL);
    is(tag_path, NULL);
}

/* Who had a file of his own and begins anew may have the part then, or again has one of his own. */
static void begins_anew_alone(void **state)
{
    struct output *one = output_new(path), *other = output_new(path);
    bool changed;
    (void)state;

    assert_true(output_begin(one, 0));
    for (int i = 0; i < 4; i++) {
        if (i == 3)
            output_drop(one, "http://x/", NULL);
        assert_true(output_begin(other, 0));
        assert_true(output_write(other, STET_SPAN("other")));
        is(part, i == 3 ? "other" : "");
        output_drop(other, "http://x/", NULL);
        is(part, i == 3 ? NULL : "");
    }
    assert_true(output_begin(one, 0));
    assert_true(output_begin(other, 0));
    assert_true(output_write(other, STET_SPAN("other")));
    assert_true(output_end(other, &changed));
    is(path, "other");
    output_free(one);
    output_free(other);
}

static void spools(void **state)
{
    struct output *output = output_new_spool();
    char text[8];
    bool changed;
    (void)state;

    assert_true(output_begin(output, 0));
    assert_true(output_write(output, STET_SPAN("hello")));
    assert_true(output_end(output, &changed));
    assert_int_equal(read(output_descriptor(output), text, sizeof text), 5);
    assert_memory_equal(text, "hello", 5);
    output_free(output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replaces_what_differs, prepare, clean),
        cmocka_unit_test_setup_teardown(keeps_the_old_until_the_end, prepare, clean),
        cmocka_unit_test_setup_teardown(keeps_parts, prepare, clean),
        cmocka_unit_test_setup_teardown(trusts_strong_tags_alone, prepare, clean),
        cmocka_unit_test_setup_teardown(two_do_not_mix, prepare, clean),
        cmocka_unit_test_setup_teardown(a_part_is_of_one, prepare, clean),
        cmocka_unit_test_setup_teardown(clears_parts, prepare, clean),
        cmocka_unit_test_setup_teardown(begins_anew_alone, prepare, clean),
        cmocka_unit_test(spools),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
