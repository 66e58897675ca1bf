/* Stories of origin: what becomes of validators when files are edited, touched, replaced. */
#include "site.h"

#define BASE INT64_C(1704067200) /* where the world's wall clock begins, in seconds */

/* A site with one picture (no coding is possible), ten seconds old. */
static struct site *site_with(const char *path, const char *text)
{
    struct site *site = site_new();
    fs_sim_say(site->fs, path, text);
    site_pass(site, 10 * SECOND);
    site_start(site);
    return site;
}

static void site_end(struct site *site)
{
    site_stop(site);
    site_free(site);
}

static struct fs_stamp stamp_of(struct site *site, const char *path)
{
    struct fs_state state;
    assert_int_equal(fs_state(site->fs, path, &state), 0);
    return state.stamp;
}

/* Writes in place and puts mtime back, as an archiver would: only ctime tells. */
static void edit_secretly(struct site *site, const char *path, const char *text)
{
    struct fs_stamp before = stamp_of(site, path);
    fs_sim_say(site->fs, path, text);
    fs_sim_touch(site->fs, path, before.modified);
}

/* C-9110-8.8.3.1-1, C-9110-8.8.2.1-1 */
static void test_plain(void **state)
{
    (void)state;
    struct site *site = site_with("a.png", "one");
    struct seen seen = site_see(site, "/a.png");
    assert_string_equal(seen.etag,
                        "\"dpLDrTVAu4A8Ags67mbNiIcS\""); /* SHA-256 of "one", from elsewhere */
    assert_int_equal(seen.modified, BASE);
    assert_true(seen.strong_date);
    assert_string_equal(seen.type, "image/png");
    assert_string_equal(seen.cache_control, "no-cache");
    assert_false(seen.vary);
    assert_string_equal(seen.body, "one");
    site_end(site);
}

/* C-9110-8.8.1-1: same size, same mtime, other bytes. And back again. */
static void test_secret_edit(void **state)
{
    (void)state;
    struct site *site = site_with("a.png", "one");
    struct seen first = site_see(site, "/a.png");
    edit_secretly(site, "a.png", "two");
    struct seen second = site_see(site, "/a.png");
    assert_string_equal(second.body, "two");
    assert_string_not_equal(second.etag, first.etag);
    assert_true(second.modified > first.modified);
    site_pass(site, 5 * SECOND);
    struct seen settled = site_see(site, "/a.png");
    assert_string_equal(settled.etag, second.etag + 2); /* W/ has gone */
    edit_secretly(site, "a.png", "one");
    site_pass(site, 5 * SECOND);
    struct seen third = site_see(site, "/a.png");
    assert_string_equal(third.etag, first.etag);
    assert_true(third.modified > settled.modified);
    site_end(site);
}

/* C-9110-8.8.1-1: another file of the same size and mtime is renamed over it. */
static void test_replaced(void **state)
{
    (void)state;
    struct site *site = site_with("a.png", "one");
    struct seen first = site_see(site, "/a.png");
    fs_sim_replace(site->fs, "a.png", "two", 3);
    fs_sim_touch(site->fs, "a.png", BASE * SECOND);
    struct seen second = site_see(site, "/a.png");
    assert_string_equal(second.body, "two");
    assert_string_not_equal(second.etag + 2, first.etag);
    assert_true(second.modified > first.modified);
    /* The same bytes once more, under a new inode: no one has to fetch them again. */
    site_pass(site, 5 * SECOND);
    second = site_see(site, "/a.png");
    fs_sim_replace(site->fs, "a.png", "two", 3);
    site_pass(site, 5 * SECOND);
    struct seen third = site_see(site, "/a.png");
    assert_string_equal(third.etag, second.etag);
    assert_int_equal(third.modified, second.modified);
    site_end(site);
}

/* A touch is no change. */
static void test_touch(void **state)
{
    (void)state;
    struct site *site = site_with("a.png", "one");
    struct seen first = site_see(site, "/a.png");
    fs_sim_touch(site->fs, "a.png", sim_world_wall(site->world));
    struct seen racy = site_see(site, "/a.png");
    assert_string_equal(racy.etag + 2, first.etag);
    site_pass(site, 5 * SECOND);
    struct seen second = site_see(site, "/a.png");
    assert_string_equal(second.etag, first.etag);
    assert_int_equal(second.modified, first.modified);
    site_end(site);
}

/* D-50, C-9110-8.8.3-2: within one tick of the clock two edits look alike. */
static void test_racy(void **state)
{
    (void)state;
    struct site *site = site_with("a.png", "one");
    fs_sim_granularity(site->fs, SECOND);
    fs_sim_say(site->fs, "a.png", "two");
    struct fs_stamp two = stamp_of(site, "a.png");
    struct seen first = site_see(site, "/a.png");
    assert_string_equal(first.body, "two");
    assert_memory_equal(first.etag, "W/\"", 3);
    assert_false(first.strong_date);
    fs_sim_say(site->fs, "a.png", "six");
    struct fs_stamp six = stamp_of(site, "a.png");
    assert_true(fs_stamp_equal(&two, &six));
    struct seen second = site_see(site, "/a.png");
    assert_string_equal(second.body, "six");
    assert_string_not_equal(second.etag, first.etag);
    assert_memory_equal(second.etag, "W/\"", 3);
    site_pass(site, 5 * SECOND);
    struct seen third = site_see(site, "/a.png");
    assert_string_equal(third.etag, second.etag + 2);
    site_end(site);
}

/* D-50: what was hashed too early is never trusted, how long ago it may be. */
static void test_racy_later(void **state)
{
    (void)state;
    struct site *site = site_with("a.png", "one");
    fs_sim_granularity(site->fs, SECOND);
    fs_sim_say(site->fs, "a.png", "two");
    assert_string_equal(site_see(site, "/a.png").body, "two");
    fs_sim_say(site->fs, "a.png", "six");
    site_pass(site, 1000 * SECOND);
    struct seen seen = site_see(site, "/a.png");
    assert_string_equal(seen.body, "six");
    assert_memory_equal(seen.etag, "\"", 1);
    /* Once settled, a question costs one look and no reading. */
    uint64_t states = fs_sim_calls(site->fs, FS_SIM_STATE);
    uint64_t reads = fs_sim_calls(site->fs, FS_SIM_READ);
    representation_unref(site_get(site, "/a.png"));
    assert_int_equal(fs_sim_calls(site->fs, FS_SIM_READ), reads);
    assert_true(fs_sim_calls(site->fs, FS_SIM_STATE) <= states + 4); /* and the three sidecars */
    site_end(site);
}

struct settling_row {
    const char *id;
    const char *name;
    int64_t age; /* of the change, when first asked for; ms */
    bool weak;
};

static const struct settling_row settling_rows[] = {
    {"D-50", "changed just now", 0, true},       {"D-50", "changed 1 s ago", 1000, true},
    {"D-50", "changed 1.999 s ago", 1999, true}, {"D-50", "changed 2 s ago", 2000, false},
    {"D-50", "changed long ago", 100000, false},
};

static void test_settling(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(settling_rows); i++) {
        const struct settling_row *row = &settling_rows[i];
        struct site *site = site_new();
        fs_sim_say(site->fs, "a.png", "one");
        site_pass(site, row->age * MILLISECOND);
        site_start(site);
        struct seen seen = site_see(site, "/a.png");
        check_row(row, (seen.etag[0] == 'W') == row->weak);
        site_end(site);
    }
}

struct date_row {
    const char *id;
    const char *name;
    int64_t modified; /* seconds */
    int64_t changed;
    int64_t want; /* 0: none */
};

/* The question comes at BASE + 10. */
static const struct date_row date_rows[] = {
    {"C-9110-8.8.2.1-1", "an old file", BASE - 1000000, BASE - 1000000, BASE - 1000000},
    {"C-9110-8.8.2.1-1", "moved here later", BASE - 1000000, BASE, BASE - 1000000},
    {"C-9110-8.8.2.1-2", "now", BASE + 10, BASE, BASE + 10},
    {"C-9110-8.8.2.1-2", "a second ahead", BASE + 11, BASE, BASE},
    {"C-9110-8.8.2.1-2", "a day ahead", BASE + 86400, BASE + 3, BASE + 3},
    {"C-9110-8.8.2.1-2", "ctime ahead as well", BASE + 86400, BASE + 86400, BASE + 10},
    {"C-9110-8.8.2.1-1", "the epoch", 0, BASE, 0},
    {"C-9110-8.8.2.1-1", "a second after the epoch", 1, BASE, 0},
    {"C-9110-8.8.2.1-1", "before the epoch", -86400, BASE, 0},
    {"C-9110-8.8.2.1-1", "zip's beginning", 315532800, BASE, 0},
    {"C-9110-8.8.2.1-1", "npm's constant", 499162500, BASE, 0},
    {"C-9110-8.8.2.1-1", "the end of 1989", 631151999, BASE, 0},
    {"C-9110-8.8.2.1-1", "1990", 631152000, BASE, 631152000},
};

static void test_dates(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(date_rows); i++) {
        const struct date_row *row = &date_rows[i];
        struct site *site = site_with("a.png", "one");
        fs_sim_set_times(site->fs, "a.png", row->modified * SECOND, row->changed * SECOND);
        for (int again = 0; again < 3; again++) {
            struct seen seen = site_see(site, "/a.png");
            check_row(row, seen.modified == row->want);
            site_pass(site, 7 * SECOND);
        }
        site_end(site);
    }
}

/* C-9110-8.8.2.1-2: two versions in one second; the date of the second one is not sent before its
 * time has come, and the first one's date fits only the first. */
static void test_same_second(void **state)
{
    (void)state;
    struct site *site = site_with("a.png", "one");
    site_pass(site, 200 * MILLISECOND);
    fs_sim_say(site->fs, "a.png", "two");
    struct seen first = site_see(site, "/a.png");
    assert_int_equal(first.modified, BASE + 10);
    fs_sim_say(site->fs, "a.png", "six");
    struct seen second = site_see(site, "/a.png");
    assert_string_equal(second.body, "six");
    assert_int_equal(second.modified, 0);
    site_pass(site, 900 * MILLISECOND);
    assert_int_equal(site_see(site, "/a.png").modified, BASE + 11);
    /* Many edits do not push the date ahead. */
    for (int i = 0; i < 50; i++) {
        fs_sim_say(site->fs, "a.png", i % 2 ? "two" : "six");
        site_see(site, "/a.png");
    }
    site_pass(site, 2 * SECOND);
    assert_true(site_see(site, "/a.png").modified <= BASE + 13);
    assert_true(site_see(site, "/a.png").modified > BASE + 11);
    site_end(site);
}

struct strength_row {
    const char *id;
    const char *name;
    const char *path;
    int64_t age; /* of the bytes, seconds */
    bool strong;
};

static const struct strength_row strength_rows[] = {
    {"C-9110-8.8.2.2-1", "Date is Last-Modified", "/a.png", 0, false},
    {"C-9110-8.8.2.2-1", "Date is a second later", "/a.png", 1, false},
    {"C-9110-8.8.2.2-1", "Date is two seconds later", "/a.png", 2, true},
    {"C-9110-8.8.2.2-1", "Date is a minute later", "/a.png", 60, true},
    {"C-9110-8.8.1-1", "a date stands for no single coding", "/a.html", 60, false},
};

static void test_strength(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(strength_rows); i++) {
        const struct strength_row *row = &strength_rows[i];
        struct site *site = site_new();
        fs_sim_say(site->fs, row->path + 1, "one");
        site_start(site);
        site_see(site, row->path); /* the answer must change with the clock, not with the file */
        site_pass(site, row->age * SECOND);
        check_row(row, site_see(site, row->path).strong_date == row->strong);
        site_end(site);
    }
}

/* D-50: a date that was moved on is the later one of two things to become old. */
static void test_strength_of_moved_date(void **state)
{
    (void)state;
    struct site *site = site_with("a.png", "one");
    site_pass(site, 500 * MILLISECOND);
    fs_sim_say(site->fs, "a.png", "two");
    assert_int_equal(site_see(site, "/a.png").modified, BASE + 10);
    fs_sim_say(site->fs, "a.png", "six"); /* its date is BASE + 11 */
    site_see(site, "/a.png");
    site_pass(site, 2100 * MILLISECOND); /* BASE + 12.6: the file is settled, its date is young */
    struct seen young = site_see(site, "/a.png");
    assert_int_equal(young.modified, BASE + 11);
    assert_memory_equal(young.etag, "\"", 1);
    assert_false(young.strong_date);
    site_pass(site, 500 * MILLISECOND);
    assert_true(site_see(site, "/a.png").strong_date);
    site_end(site);
}

/* The wall clock is set back: a date that was in the past is in the future now. */
static void test_clock_back(void **state)
{
    (void)state;
    struct site *site = site_with("a.png", "one");
    assert_int_equal(site_see(site, "/a.png").modified, BASE);
    sim_world_step_wall(site->world, -3600 * SECOND);
    struct seen seen = site_see(site, "/a.png");
    assert_int_equal(seen.modified, 0);
    assert_string_equal(seen.body, "one");
    sim_world_step_wall(site->world, 3600 * SECOND);
    assert_int_equal(site_see(site, "/a.png").modified, BASE);
    site_end(site);
}

/* Edits that come right after each reading, a millisecond apart. */
struct restless {
    struct site *site;
    int left;
};

static void edit_again(struct fs *fs, void *owner)
{
    struct restless *restless = owner;
    char text[4] = {'x', (char)('a' + restless->left % 20), 'y', '\0'};
    sim_world_step_wall(restless->site->world, MILLISECOND);
    fs_sim_say(fs, "a.png", text);
    if (--restless->left > 0)
        fs_sim_after(fs, (struct fs_sim_point){FS_SIM_READ, "a.png", 1}, edit_again, owner);
}

/* A file that is in motion is served without validators, and settles. */
static void test_unsteady(void **state)
{
    (void)state;
    struct site *site = site_with("a.png", "one");
    struct restless restless = {site, 4};
    fs_sim_granularity(site->fs, 1);
    fs_sim_after(site->fs, (struct fs_sim_point){FS_SIM_READ, "a.png", 1}, edit_again, &restless);
    struct representation *representation = site_get(site, "/a.png");
    assert_int_equal(representation->etag_text.len, 0);
    assert_false(representation->validators.has_modified);
    representation_unref(representation);
    site_pass(site, 5 * SECOND);
    assert_memory_equal(site_see(site, "/a.png").etag, "\"", 1);
    site_end(site);
}

/* Twice edited while it is read, then it holds still: one consistent version. */
static void test_edited_while_read(void **state)
{
    (void)state;
    struct site *site = site_with("a.png", "one");
    struct restless restless = {site, 2};
    fs_sim_granularity(site->fs, 1);
    fs_sim_after(site->fs, (struct fs_sim_point){FS_SIM_READ, "a.png", 1}, edit_again, &restless);
    struct seen seen = site_see(site, "/a.png");
    assert_string_equal(seen.body, "xby");
    assert_memory_equal(seen.etag, "W/", 2);
    site_end(site);
}

/* A question that comes while the file is being read for another must not get what was read before
 * it came. */
struct late {
    struct site *site;
    struct asking asking;
};

static void edit_and_ask(struct fs *fs, void *owner)
{
    struct late *late = owner;
    sim_world_step_wall(late->site->world, MILLISECOND * 4);
    fs_sim_say(fs, "a.png", "two");
    asking_init(&late->asking, late->site, 0, "/a.png");
    asking_begin(&late->asking.begin);
}

static void test_late_question(void **state)
{
    (void)state;
    struct site *site = site_with("a.png", "one");
    struct late late = {.site = site};
    struct asking early;
    /* The second look at the state ends the reading: from then on it is past. */
    fs_sim_after(site->fs, (struct fs_sim_point){FS_SIM_FILE_STATE, "a.png", 2}, edit_and_ask,
                 &late);
    asking_init(&early, site, 0, "/a.png");
    asking_ask(&early, site, 0);
    site_pass(site, SECOND);
    assert_int_equal(early.answer, FILES_FOUND);
    assert_int_equal(late.asking.answer, FILES_FOUND);
    assert_string_equal(seen_of(early.query.representation).body, "one");
    assert_string_equal(seen_of(late.asking.query.representation).body, "two");
    representation_unref(early.query.representation);
    representation_unref(late.asking.query.representation);
    site_end(site);
}

/* One look serves all questions of a moment; a later moment looks again. */
static void test_moments(void **state)
{
    (void)state;
    struct site *site = site_with("a.png", "one");
    struct asking asking;
    site_see(site, "/a.png");
    site_see(site, "/a.png");
    for (unsigned later = 0; later < 2; later++) {
        uint64_t calls = fs_sim_calls(site->fs, FS_SIM_STATE);
        site->moment -= !later;
        asking_init(&asking, site, 0, "/a.png");
        asking_ask(&asking, site, 0);
        assert_int_equal(asking.answer, FILES_FOUND);
        representation_unref(asking.query.representation);
        assert_int_equal(fs_sim_calls(site->fs, FS_SIM_STATE), calls + later);
    }
    site_end(site);
}

/* Both workers see an edit, and say the same. */
static void test_two_workers(void **state)
{
    (void)state;
    struct site *site = site_with("a.png", "one");
    for (int round = 0; round < 4; round++) {
        struct representation *given[2];
        for (int worker = 0; worker < 2; worker++)
            assert_int_equal(site_find(site, worker, "/a.png", NULL, &given[worker]), FILES_FOUND);
        struct seen a = seen_of(given[0]);
        struct seen b = seen_of(given[1]);
        assert_string_equal(a.etag, b.etag);
        assert_int_equal(a.modified, b.modified);
        assert_string_equal(a.body, b.body);
        assert_string_equal(a.body, round % 2 ? "two" : "one");
        assert_ptr_equal(given[0]->bytes, given[1]->bytes);
        representation_unref(given[0]);
        representation_unref(given[1]);
        edit_secretly(site, "a.png", round % 2 ? "one" : "two");
        site_pass(site, 3 * SECOND);
    }
    site_end(site);
}

/* D-02, C-9110-15.4.5-2, C-9110-15.4.5-3, C-9110-15.3.7-3: the blocks, octet for octet. */
static void test_blocks(void **state)
{
    (void)state;
    struct site *site = site_new();
    site->options.cors = "*";
    fs_sim_say(site->fs, "a.html", "<p>one");
    fs_sim_say(site->fs, "a.png", "one");
    site_pass(site, 10 * SECOND);
    site_start(site);
    struct representation *page = site_get(site, "/a.html");
    char tag[64];
    snprintf(tag, sizeof tag, "%.*s", (int)page->etag_text.len, page->etag_text.at);
    char common[512];
    snprintf(common, sizeof common,
             "Server: stet\r\nETag: %s\r\nCache-Control: no-cache\r\nVary: Accept-Encoding\r\n"
             "Access-Control-Allow-Origin: *\r\n",
             tag);
    char whole[1024];
    snprintf(
        whole, sizeof whole,
        "Content-Type: text/html; charset=utf-8\r\nAccept-Ranges: bytes\r\n"
        "X-Content-Type-Options: nosniff\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n%s",
        common);
    assert_true(stet_span_equal(page->whole, stet_span_of(whole)));
    assert_true(stet_span_equal(page->unchanged, stet_span_of(common)));
    assert_true(stet_span_equal(page->part, stet_span_of(common)));
    assert_true(stet_span_equal(page->type, STET_SPAN("text/html; charset=utf-8")));
    assert_true(stet_span_equal(page->whole_untyped, stet_span_of(strchr(whole, '\n') + 1)));
    representation_unref(page);
    site_end(site);
}

/* D-02: without a tag the date has to serve. */
static void test_blocks_untagged(void **state)
{
    (void)state;
    struct site *site = site_new();
    fs_sim_fill(site->fs, "a.iso", 5 << 20, 1);
    site_pass(site, 10 * SECOND);
    site_start(site);
    struct representation *image = site_get(site, "/a.iso");
    static const char date[] = "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n";
    static const char common[] = "Server: stet\r\nCache-Control: no-cache\r\n";
    assert_int_equal(image->etag_text.len, 0);
    assert_true(stet_span_equal(image->part, stet_span_of(common)));
    assert_int_equal(image->unchanged.len, sizeof date + sizeof common - 2);
    assert_memory_equal(image->unchanged.at, date, sizeof date - 1);
    representation_unref(image);
    site_end(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_secret_edit),
        cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_touch),
        cmocka_unit_test(test_racy),
        cmocka_unit_test(test_racy_later),
        cmocka_unit_test(test_settling),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_same_second),
        cmocka_unit_test(test_strength),
        cmocka_unit_test(test_strength_of_moved_date),
        cmocka_unit_test(test_clock_back),
        cmocka_unit_test(test_unsteady),
        cmocka_unit_test(test_edited_while_read),
        cmocka_unit_test(test_late_question),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_two_workers),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_blocks_untagged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
