/* Where paths lead: index, redirect, 404.html, --spa, and never out of the tree. */
#include "site.h"

static struct site *site_of_tree(bool spa, bool missing_page)
{
    struct site *site = site_new();
    site->options.spa = spa;
    fs_sim_say(site->fs, "index.html", "home");
    fs_sim_say(site->fs, "a.txt", "a");
    fs_sim_say(site->fs, "empty.txt", "");
    fs_sim_say(site->fs, "sub/index.html", "sub home");
    fs_sim_say(site->fs, "sub/b.txt", "b");
    fs_sim_say(site->fs, "bare/c.txt", "c");
    fs_sim_say(site->fs, "index/index.html/x.txt", "x");
    fs_sim_say(site->fs, ".secret", "secret");
    fs_sim_say(site->fs, ".git/config", "secret");
    fs_sim_say(site->fs, "sub/.hidden/x.txt", "secret");
    fs_sim_say(site->fs, ".well-known/security.txt", "contact");
    fs_sim_say(site->fs, ".well-known/.x", "secret");
    fs_sim_say(site->fs, "sub/.well-known/x", "secret");
    fs_sim_say(site->fs, "locked.txt", "secret");
    fs_sim_forbid(site->fs, "locked.txt", true);
    fs_sim_say(site->fs, "vault/x.txt", "secret");
    fs_sim_forbid(site->fs, "vault", true);
    fs_sim_symlink(site->fs, "inside.txt", "sub/b.txt");
    fs_sim_symlink(site->fs, "passwd", "/etc/passwd");
    fs_sim_symlink(site->fs, "up.txt", "../outside.txt");
    fs_sim_symlink(site->fs, "upstairs", "../outside");
    fs_sim_symlink(site->fs, "loop", "loop");
    fs_sim_fifo(site->fs, "pipe");
    if (missing_page)
        fs_sim_say(site->fs, "404.html", "not here");
    site_pass(site, 10 * SECOND);
    site_start(site);
    return site;
}

enum { PLAIN = 1, SPA = 2, PAGE = 4, ALL = 7 };

struct path_row {
    const char *id;
    const char *name;
    unsigned sites; /* bits of the sites it is asked of */
    const char *path;
    enum files_answer answer;
    const char *body; /* NULL: no representation */
};

static const struct path_row path_rows[] = {
    {"path", "a file", ALL, "/a.txt", FILES_FOUND, "a"},
    {"path", "an empty file", ALL, "/empty.txt", FILES_FOUND, ""},
    {"path", "the root", ALL, "/", FILES_FOUND, "home"},
    {"path", "its index by name", ALL, "/index.html", FILES_FOUND, "home"},
    {"path", "a directory", ALL, "/sub/", FILES_FOUND, "sub home"},
    {"path", "a directory without slash", ALL, "/sub", FILES_REDIRECT, NULL},
    {"path", "one without index, without slash", ALL, "/bare", FILES_REDIRECT, NULL},
    {"path", "one without index", PLAIN, "/bare/", FILES_MISSING, NULL},
    {"path", "one without index, spa", SPA, "/bare/", FILES_FOUND, "home"},
    {"path", "one whose index is a directory", PLAIN, "/index/", FILES_MISSING, NULL},
    {"path", "a file as directory", PLAIN, "/a.txt/", FILES_MISSING, NULL},
    {"path", "a file as directory, deeper", PLAIN, "/a.txt/b", FILES_MISSING, NULL},
    {"path", "nothing", PLAIN, "/nothing", FILES_MISSING, NULL},
    {"path", "nothing, spa", SPA, "/nothing", FILES_FOUND, "home"},
    {"path", "nothing, deep, spa", SPA, "/no/thing/", FILES_FOUND, "home"},
    {"path", "nothing, with a page", PAGE, "/nothing", FILES_MISSING, "not here"},
    {"path", "the page itself", PAGE, "/404.html", FILES_FOUND, "not here"},
    {"path", "a link inside", ALL, "/inside.txt", FILES_FOUND, "b"},

    {"hidden", "a dot file", PLAIN, "/.secret", FILES_MISSING, NULL},
    {"hidden", "a dot file, spa", SPA, "/.secret", FILES_FOUND, "home"},
    {"hidden", "a dot file, with a page", PAGE, "/.secret", FILES_MISSING, "not here"},
    {"hidden", "below a dot directory", PLAIN, "/.git/config", FILES_MISSING, NULL},
    {"hidden", "a dot directory", PLAIN, "/.git", FILES_MISSING, NULL},
    {"hidden", "deeper", PLAIN, "/sub/.hidden/x.txt", FILES_MISSING, NULL},
    {"hidden", "RFC 8615", ALL, "/.well-known/security.txt", FILES_FOUND, "contact"},
    {"hidden", "RFC 8615, directory", ALL, "/.well-known", FILES_REDIRECT, NULL},
    {"hidden", "below .well-known", PLAIN, "/.well-known/.x", FILES_MISSING, NULL},
    {"hidden", ".well-known elsewhere", PLAIN, "/sub/.well-known/x", FILES_MISSING, NULL},

    {"outside", "dot dot", PLAIN, "/..", FILES_MISSING, NULL},
    {"outside", "dot dot slash", PLAIN, "/../", FILES_MISSING, NULL},
    {"outside", "dot dot file", PLAIN, "/../outside.txt", FILES_MISSING, NULL},
    {"outside", "down and up", PLAIN, "/sub/../a.txt", FILES_MISSING, NULL},
    {"outside", "down and up twice", PLAIN, "/sub/../../outside.txt", FILES_MISSING, NULL},
    {"outside", "dot", PLAIN, "/./a.txt", FILES_MISSING, NULL},
    {"outside", "two slashes", PLAIN, "//a.txt", FILES_MISSING, NULL},
    {"outside", "two slashes alone", PLAIN, "//", FILES_MISSING, NULL},
    {"outside", "two slashes inside", PLAIN, "/sub//b.txt", FILES_MISSING, NULL},
    {"outside", "two slashes at the end", PLAIN, "/sub//", FILES_MISSING, NULL},
    {"outside", "an absolute link", PLAIN, "/passwd", FILES_MISSING, NULL},
    {"outside", "an absolute link, with a page", PAGE, "/passwd", FILES_MISSING, "not here"},
    {"outside", "a relative link", PLAIN, "/up.txt", FILES_MISSING, NULL},
    {"outside", "a link as directory", PLAIN, "/upstairs/x.txt", FILES_MISSING, NULL},
    {"outside", "a link to itself", PLAIN, "/loop", FILES_MISSING, NULL},
    {"outside", "no slash", PLAIN, "a.txt", FILES_MISSING, NULL},
    {"outside", "nothing at all", PLAIN, "", FILES_MISSING, NULL},
    {"outside", "back slashes", PLAIN, "/..\\a.txt", FILES_MISSING, NULL},

    {"kind", "a FIFO", PLAIN, "/pipe", FILES_MISSING, NULL},
    {"kind", "no permission", ALL, "/locked.txt", FILES_FORBIDDEN, NULL},
    {"kind", "no permission on the way", ALL, "/vault/x.txt", FILES_FORBIDDEN, NULL},
};

static void check_path(struct site *site, const struct path_row *row)
{
    struct representation *representation;
    for (int worker = 0; worker < 2; worker++) {
        enum files_answer answer = site_find(site, worker, row->path, NULL, &representation);
        if (answer != row->answer)
            print_error("answer %d\n", answer);
        check_row(row, answer == row->answer);
        check_row(row, !representation == !row->body);
        if (!representation)
            continue;
        struct seen seen = seen_of(representation);
        check_row(row, strcmp(seen.body, row->body) == 0 && seen.body_len == strlen(row->body));
        check_row(row, seen.status == (answer == FILES_FOUND ? 200 : 404));
        representation_unref(representation);
    }
}

static void test_paths(void **state)
{
    (void)state;
    for (unsigned kind = PLAIN; kind <= PAGE; kind *= 2) {
        struct site *site = site_of_tree(kind == SPA, kind == PAGE);
        for (size_t i = 0; i < COUNT(path_rows); i++)
            if (path_rows[i].sites & kind)
                check_path(site, &path_rows[i]);
        site_stop(site);
        site_free(site);
    }
}

/* A NUL, and names at the limits. */
static void test_odd_paths(void **state)
{
    (void)state;
    struct site *site = site_of_tree(false, false);
    struct files_query query = {.path = {"/a.txt\0.png", 11}, .moment = 1};
    assert_int_equal(files_find(site->files[0], &query), FILES_MISSING);
    static char path[6000];
    for (size_t len = 2; len < sizeof path - 1; len++) {
        memset(path, 'a', len);
        for (size_t i = 0; i < len; i += len % 2 ? 7 : 300)
            path[i] = '/';
        query = (struct files_query){.path = {path, len}, .moment = len + 1};
        assert_int_equal(files_find(site->files[0], &query), FILES_MISSING);
    }
    site_stop(site);
    site_free(site);
}

/* A tree that changes: each path is asked again after each edit. */
static void test_changes(void **state)
{
    (void)state;
    struct site *site = site_of_tree(false, false);
    struct representation *representation;
    assert_string_equal(site_see(site, "/a.txt").body, "a");
    fs_sim_remove(site->fs, "a.txt");
    assert_int_equal(site_find(site, 0, "/a.txt", NULL, &representation), FILES_MISSING);
    fs_sim_say(site->fs, "404.html", "gone");
    assert_int_equal(site_find(site, 0, "/a.txt", NULL, &representation), FILES_MISSING);
    assert_string_equal(seen_of(representation).body, "gone");
    representation_unref(representation);
    fs_sim_say(site->fs, "a.txt/index.html", "a directory now");
    assert_int_equal(site_find(site, 0, "/a.txt", NULL, &representation), FILES_REDIRECT);
    assert_string_equal(site_see(site, "/a.txt/").body, "a directory now");
    fs_sim_remove(site->fs, "a.txt");
    fs_sim_symlink(site->fs, "a.txt", "/etc/passwd");
    assert_int_equal(site_find(site, 0, "/a.txt", NULL, &representation), FILES_MISSING);
    representation_unref(representation);
    fs_sim_remove(site->fs, "a.txt");
    fs_sim_say(site->fs, "a.txt", "back");
    assert_string_equal(site_see(site, "/a.txt").body, "back");
    fs_sim_forbid(site->fs, "a.txt", true);
    assert_int_equal(site_find(site, 0, "/a.txt", NULL, &representation), FILES_FORBIDDEN);
    fs_sim_forbid(site->fs, "a.txt", false);
    assert_string_equal(site_see(site, "/a.txt").body, "back");
    site_stop(site);
    site_free(site);
}

/* Paths that lead nowhere cost no memory; paths that lead somewhere are bounded. */
static void test_bounds(void **state)
{
    (void)state;
    struct site *site = site_new();
    site->options.paths_max = 50;
    char path[32];
    for (int i = 0; i < 300; i++) {
        snprintf(path, sizeof path, "f%d.txt", i);
        fs_sim_say(site->fs, path, path);
    }
    site_pass(site, 10 * SECOND);
    site_start(site);
    memory_fail_nth(0);
    for (int i = 0; i < 10000; i++) {
        struct representation *representation;
        snprintf(path, sizeof path, "/none%d", i);
        assert_int_equal(site_find(site, 0, path, NULL, &representation), FILES_MISSING);
    }
    assert_int_equal(memory_count(), 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 300; i++) {
            snprintf(path, sizeof path, "/f%d.txt", i);
            assert_string_equal(site_see(site, path).body, path + 1);
            assert_true(files_count(site->files[0]) <= 50);
        }
    }
    site_stop(site);
    site_free(site);
}

/* A fault of the machine is told, and passes. */
static void test_faults(void **state)
{
    (void)state;
    struct site *site = site_of_tree(false, false);
    struct representation *representation;
    static const enum fs_sim_call calls[] = {FS_SIM_STATE, FS_SIM_OPEN, FS_SIM_FILE_STATE,
                                             FS_SIM_READ};
    for (size_t i = 0; i < COUNT(calls); i++) {
        fs_sim_say(site->fs, "a.txt", "new");
        fs_sim_fail(site->fs, (struct fs_sim_point){calls[i], "a.txt", 1}, FS_BROKEN);
        assert_int_equal(site_find(site, 0, "/a.txt", NULL, &representation), FILES_BROKEN);
        assert_null(representation);
        assert_string_equal(site_see(site, "/a.txt").body, "new");
    }
    site_stop(site);
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),   cmocka_unit_test(test_odd_paths),
        cmocka_unit_test(test_changes), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
