/* Directory listings: names escaped, hidden ones left out, bounded; the page as an answer. */
#include "site.h"

#include "origin/listing.h"

static char *page_of(struct site *site, const char *directory)
{
    struct chunk *page;
    assert_int_equal(listing_make(site->fs, directory, &page), 0);
    char *text = malloc(page->len + 1);
    CHECK(text);
    memcpy(text, page->bytes, page->len);
    text[page->len] = '\0';
    chunk_unref(page);
    return text;
}

struct name_row {
    const char *id;
    const char *name;
    const char *file;
    const char *link; /* NULL: must not be there */
    const char *shown;
};

static const struct name_row name_rows[] = {
    {"name", "plain", "a-b_c.~1.txt", "\"./a-b_c.~1.txt\"", ">a-b_c.~1.txt<"},
    {"name", "space", "a b", "\"./a%20b\"", ">a b<"},
    {"name", "markup", "<b>\"&'", "\"./%3Cb%3E%22%26%27\"", ">&lt;b&gt;\"&amp;'<"},
    {"name", "script", "<script>alert(1)<", "\"./%3Cscript%3Ealert%281%29%3C\"",
     ">&lt;script&gt;alert(1)&lt;<"},
    {"name", "scheme", "javascript:alert(1)", "\"./javascript%3Aalert%281%29\"",
     ">javascript:alert(1)<"},
    {"name", "query and fragment", "a?b#c%20", "\"./a%3Fb%23c%2520\"", ">a?b#c%20<"},
    {"name", "UTF-8", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\"./%C3%A4%E2%82%AC%F0%9F%98%80\"",
     ">\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80<"},
    {"name", "no UTF-8", "a\xff\xc3(", "\"./a%FF%C3%28\"", ">a\xef\xbf\xbd\xef\xbf\xbd(<"},
    {"name", "cut character", "a\xe2\x82", "\"./a%E2%82\"", ">a\xef\xbf\xbd\xef\xbf\xbd<"},
    {"name", "controls", "a\n\x1b[1m\x7f", "\"./a%0A%1B%5B1m%7F\"",
     ">a\xef\xbf\xbd\xef\xbf\xbd[1m\xef\xbf\xbd<"},
    {"name", "C1 control",
     "a\xc2\x9b"
     "b",
     "\"./a%C2%9Bb\"",
     ">a\xef\xbf\xbd\xef\xbf\xbd"
     "b<"},
    {"name", "hidden", ".secret", NULL, NULL},
};

static void test_names(void **state)
{
    (void)state;
    struct site *site = site_new();
    for (size_t i = 0; i < COUNT(name_rows); i++)
        fs_sim_say(site->fs, name_rows[i].file, "x");
    fs_sim_fifo(site->fs, "pipe");
    fs_sim_symlink(site->fs, "escape", "/etc/passwd");
    char *page = page_of(site, "");
    for (size_t i = 0; i < COUNT(name_rows); i++) {
        const struct name_row *row = &name_rows[i];
        if (!row->link) {
            check_row(row, !strstr(page, row->file));
            continue;
        }
        check_row(row, strstr(page, row->link) != NULL);
        check_row(row, strstr(page, row->shown) != NULL);
    }
    assert_null(strstr(page, "pipe"));
    assert_null(strstr(page, "escape"));
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "../\">../"));
    free(page);
    site_free(site);
}

static void test_order_and_sizes(void **state)
{
    (void)state;
    static const char *const wanted[] = {">alpha</bdi>/<",
                                         "2024-01-01T00:00Z",
                                         ">zeta</bdi>/<",
                                         ">Big<",
                                         "3.0 MiB",
                                         "2024-01-01 00:00",
                                         ">a.txt<",
                                         "1.5 KiB",
                                         ">b.txt<",
                                         "1023 B",
                                         "2 directories, 3 files, 3.0 MiB"};
    struct site *site = site_new();
    static char text[1536];
    fs_sim_write(site->fs, "d/a.txt", text, sizeof text);
    fs_sim_write(site->fs, "d/b.txt", text, 1023);
    fs_sim_fill(site->fs, "d/Big", 3 << 20, 1);
    fs_sim_say(site->fs, "d/zeta/x", "x");
    fs_sim_say(site->fs, "d/alpha/x", "x");
    char *page = page_of(site, "d");
    const char *at = page;
    for (size_t i = 0; i < COUNT(wanted); i++) {
        at = strstr(at, wanted[i]);
        if (!at)
            fail_msg("%s is not there, or not in its place", wanted[i]);
    }
    assert_non_null(
        strstr(page, "<h1><a href=\"./../\"><bdi>root</bdi></a>/<a href=\"./\"><bdi>d"));
    free(page);
    site_free(site);
}

static void test_bound(void **state)
{
    (void)state;
    struct site *site = site_new();
    char path[32];
    for (int i = 0; i < 150; i++) {
        snprintf(path, sizeof path, "d/%05d", i);
        fs_sim_say(site->fs, path, "");
    }
    char *page = page_of(site, "d");
    assert_non_null(strstr(page, "150 files"));
    free(page);
    struct chunk *chunk;
    assert_int_equal(listing_make(site->fs, "nowhere", &chunk), FS_NOT_FOUND);
    assert_int_equal(listing_make(site->fs, "d/00001", &chunk), FS_NOT_FOUND);
    fs_sim_forbid(site->fs, "d", true);
    assert_int_equal(listing_make(site->fs, "d", &chunk), FS_FORBIDDEN);
    site_free(site);
}

/* As an answer: a strong tag that changes with the listing, no date. */
static void test_answer(void **state)
{
    (void)state;
    struct site *site = site_new();
    struct representation *representation;
    site->options.browse = true;
    fs_sim_say(site->fs, "d/a.txt", "x");
    fs_sim_say(site->fs, "e/index.html", "index");
    site_start(site);
    struct seen first = site_see(site, "/d/");
    assert_string_equal(first.type, "text/html; charset=utf-8");
    assert_memory_equal(first.etag, "\"", 1);
    assert_int_equal(first.modified, 0);
    assert_string_equal(first.cache_control, "no-cache");
    assert_string_equal(site_see(site, "/d/").etag, first.etag);
    fs_sim_append(site->fs, "d/a.txt", "yz", 2);
    struct seen second = site_see(site, "/d/");
    assert_string_not_equal(second.etag, first.etag);
    fs_sim_say(site->fs, "d/index.html", "now there is one");
    assert_string_equal(site_see(site, "/d/").body, "now there is one");
    fs_sim_remove(site->fs, "d/index.html");
    assert_string_equal(site_see(site, "/d/").type, "text/html; charset=utf-8");
    assert_string_equal(site_see(site, "/e/").body, "index");
    assert_memory_equal(site_see(site, "/").body, "<!DOCTYPE html>", 15);
    assert_int_equal(site_find(site, 0, "/d", NULL, &representation), FILES_REDIRECT);
    assert_int_equal(site_find(site, 0, "/f/", NULL, &representation), FILES_MISSING);
    assert_int_equal(site_find(site, 0, "/.x/", NULL, &representation), FILES_MISSING);
    fs_sim_forbid(site->fs, "d", true);
    assert_int_equal(site_find(site, 0, "/d/", NULL, &representation), FILES_FORBIDDEN);
    fs_sim_remove(site->fs, "d");
    assert_int_equal(site_find(site, 0, "/d/", NULL, &representation), FILES_MISSING);
    site_stop(site);
    site_free(site);
}

/* No room in memory: the page is still sent, and coded forms are not made. */
static void test_no_room(void **state)
{
    (void)state;
    struct site *site = site_new();
    site->options.browse = true;
    site->options.bytes_in_memory = 0;
    fs_sim_say(site->fs, "a.txt", "x");
    site_start(site);
    struct representation *representation;
    assert_int_equal(site_find(site, 0, "/", "gzip", &representation), FILES_FOUND);
    struct seen seen = seen_of(representation);
    assert_memory_equal(seen.body, "<!DOCTYPE html>", 15);
    assert_int_equal(seen.body_len, seen.length);
    representation_unref(representation);
    site_stop(site);
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),   cmocka_unit_test(test_order_and_sizes),
        cmocka_unit_test(test_bound),   cmocka_unit_test(test_answer),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
