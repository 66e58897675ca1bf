/* Groups: how they are described, and what an index says of its members.
 */
#include "base/memory.h"
#include "client/group.h"
#include "client/groupfolder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B64 "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"

static void reads_descriptions(void **state)
{
    static const char text[] = "# comment\r\n"
                               "\n"
                               "http://x/R  R\t# the index\r\n"
                               "  http://x/a#b main/a in R main/Packages\n"
                               "http://x/c c";
    struct group group;
    char words[256];
    (void)state;

    assert_true(group_read(&group, stet_span_of(text), words, sizeof words));
    assert_int_equal(group.count, 3);
    assert_string_equal(group.members[0].url, "http://x/R");
    assert_string_equal(group.members[0].file, "R");
    assert_null(group.members[0].name);
    assert_string_equal(group.members[1].url, "http://x/a#b");
    assert_string_equal(group.members[1].file, "main/a");
    assert_string_equal(group.members[1].name, "main/Packages");
    assert_int_equal(group.members[1].index, 0);
    assert_true(group_asks_again(&group));
    group_fini(&group);
    assert_true(
        group_read(&group, STET_SPAN("http://x/R R\nhttp://x/a a in R a"), words, sizeof words));
    assert_false(group_asks_again(&group));
    group_fini(&group);
}

static void refuses_descriptions(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", "there are no members in it"},
        {"http://x/", "line 1: expected URL FILE, or URL FILE in INDEX NAME"},
        {"\nu f in i", "line 2: expected URL FILE, or URL FILE in INDEX NAME"},
        {"u f in i n more", "line 1: expected URL FILE, or URL FILE in INDEX NAME"},
        {"u f\nu g by f n", "line 2: expected \"in\" behind the file"},
        {"u f\nu f", "line 2: two members go to this file"},
        {"u g in f n\nu f", "line 1: no line above this one has this index as its file"},
        {"u /f", "line 1: the file is to be a relative path without \".\" and \"..\""},
        {"u ../f", "line 1: the file is to be a relative path without \".\" and \"..\""},
        {"u a/../f", "line 1: the file is to be a relative path without \".\" and \"..\""},
        {"u a//f", "line 1: the file is to be a relative path without \".\" and \"..\""},
        {"u a/", "line 1: the file is to be a relative path without \".\" and \"..\""},
    };
    unsigned failed = 0;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct group group;
        char words[256];
        if (group_read(&group, stet_span_of(rows[i].text), words, sizeof words) ||
            strcmp(words, rows[i].words) != 0) {
            print_error("\"%s\": \"%s\"\n", rows[i].text, words);
            failed++;
        }
        group_fini(&group);
    }
    assert_int_equal(failed, 0);
}

static void refuses_octets_of_value_zero(void **state)
{
    struct group group;
    char words[256];
    (void)state;

    assert_false(group_read(&group, STET_SPAN("http://x/\0 f"), words, sizeof words));
    assert_string_equal(words, "line 1: there is an octet of value zero");
    group_fini(&group);
}

static void reads_indexes(void **state)
{
    static const struct {
        const char *name, *index, *wanted;
        uint64_t size; /* 0: not listed */
    } rows[] = {
        {"listed", "SHA256:\n " A64 " 12 main/a\n " B64 " 13 main/b\n", "main/b", 13},
        {"other sections do not count",
         "MD5Sum:\n " A64 " 12 a\nSHA256:\n " B64 " 13 a\nSHA512:\n " A64 " 14 a\n", "a", 13},
        {"a section ends", "SHA256:\nDate: now\n " A64 " 12 a\n", "a", 0},
        {"not listed", "SHA256:\n " A64 " 12 main/a\n", "a", 0},
        {"a digest of another length", "SHA256:\n aaaa 12 a\n", "a", 0},
        {"no digits", "SHA256:\n " A64 " twelve a\n", "a", 0},
        {"twice the same", "SHA256:\n " A64 " 12 a\n " A64 " 12 a\n", "a", 12},
        {"in two ways", "SHA256:\n " A64 " 12 a\n " B64 " 12 a\n", "a", 0},
        {"tabs and CRLF", "SHA256:\r\n\t" A64 "\t 12  a\r\n", "a", 12},
        {"empty", "", "a", 0},
    };
    unsigned failed = 0;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct group_listed listed = {0};
        const bool found =
            group_listed(stet_span_of(rows[i].index), stet_span_of(rows[i].wanted), &listed);
        if (found != (rows[i].size > 0) || (found && listed.size != rows[i].size)) {
            print_error("%s: %d, %llu\n", rows[i].name, found, (unsigned long long)listed.size);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

static void lives_without_memory(void **state)
{
    static const char text[] = "http://x/R R\nhttp://x/a a in R a\n";
    (void)state;

    for (uint64_t nth = 1;; nth++) {
        struct group group;
        char words[256];
        memory_fail_nth(nth);
        const bool read = group_read(&group, stet_span_of(text), words, sizeof words);
        memory_fail_nth(0);
        group_fini(&group);
        if (read)
            break;
        assert_non_null(strstr(words, "out of memory"));
    }
}

static void put(const char *above, const char *file)
{
    char path[4300];
    snprintf(path, sizeof path, "%s/%s", above, file);
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    assert_int_equal(fclose(to), 0);
}

/* Members alone come in: what else lies in the new folder would shut the group out next time. */
static void exchanges_members_alone(void **state)
{
    static const char text[] = "http://x/a a\nhttp://x/p .a.stet-part\nhttp://x/b main/b";
    char top[] = "/tmp/stet-group-XXXXXX", path[64], words[256];
    struct groupfolder folder;
    struct group group;
    bool changed;
    (void)state;

    assert_non_null(mkdtemp(top));
    snprintf(path, sizeof path, "%s/out", top);
    assert_true(group_read(&group, stet_span_of(text), words, sizeof words));
    for (int i = 0; i < 2; i++) {
        assert_true(groupfolder_open(&folder, &group, path));
        put(folder.beside, "a");
        put(folder.beside, ".a.stet-part");
        put(folder.beside, ".a.stet-tag");
        put(folder.beside, "main/b");
        put(folder.beside, "main/.b.stet-part");
        put(folder.beside, "main/.b.stet-tag");
        assert_true(groupfolder_commit(&folder, &group, &changed));
        assert_int_equal(changed, i == 0);
        groupfolder_close(&folder);
    }
    group_fini(&group);
    for (size_t i = 0; i < 3; i++) {
        static const char *const members[] = {"a", ".a.stet-part", "main/b"};
        char file[96];
        snprintf(file, sizeof file, "%s/%s", path, members[i]);
        assert_int_equal(unlink(file), 0);
    }
    snprintf(words, sizeof words, "%s/main", path);
    assert_int_equal(rmdir(words), 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(top), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_descriptions),           cmocka_unit_test(refuses_descriptions),
        cmocka_unit_test(refuses_octets_of_value_zero), cmocka_unit_test(reads_indexes),
        cmocka_unit_test(lives_without_memory),         cmocka_unit_test(exchanges_members_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
