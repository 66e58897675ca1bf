/* The shelf: what is picked of what was put, which variants requests select, what stands beside
 * what, what is gathered for a validation. */
#include "shelf_world.h"

#include <stdio.h>

#define AT_0 "Date: Sun, 06 Nov 1994 08:49:37 GMT"
#define AT_1 "Date: Sun, 06 Nov 1994 08:49:38 GMT"
#define AT_2 "Date: Sun, 06 Nov 1994 08:49:39 GMT"
#define FRESH "\nCache-Control: max-age=60"

/* ---- picking ---- */

struct put {
    const char *request;
    const char *response; /* NULL: no further one */
    const char *content;
};

struct pick_row {
    const char *id;
    const char *name;
    struct put puts[4];
    int64_t now; /* the puts are at 0 */
    const char *ask;
    const char *want;
    enum stet_reuse_answer answer;
};

#define GZIP "Accept-Encoding: gzip"
#define BROTLI "Accept-Encoding: br"
#define VARY_AE AT_0 FRESH "\nVary: Accept-Encoding"

static const struct pick_row pick_rows[] = {
    {"C-9111-4-1", "nothing stored", {{0}}, 0, NULL, NULL, STET_REUSE_FORWARD},
    {"C-9111-4-5", "fresh", {{"", AT_0 FRESH, "a"}}, 59, NULL, "a", STET_REUSE_FRESH},
    {"C-9111-4.2-1", "stale", {{"", AT_0 FRESH, "a"}}, 60, NULL, "a", STET_REUSE_VALIDATE},
    {"C-9111-4-4",
     "no-cache",
     {{"", AT_0 FRESH ", no-cache", "a"}},
     0,
     NULL,
     "a",
     STET_REUSE_VALIDATE},
    {"C-9111-5.2.1.7-1",
     "only-if-cached, nothing there",
     {{0}},
     0,
     "Cache-Control: only-if-cached",
     NULL,
     STET_REUSE_TIMEOUT},
    {"C-9111-5.2.1.7-1",
     "only-if-cached, stale",
     {{"", AT_0 FRESH, "a"}},
     60,
     "Cache-Control: only-if-cached",
     "a",
     STET_REUSE_TIMEOUT},
    {"C-9111-4.1-4",
     "Vary: *",
     {{"", AT_0 FRESH "\nVary: *", "a"}},
     0,
     NULL,
     NULL,
     STET_REUSE_FORWARD},
    {"C-9111-4-3", "the same selection", {{GZIP, VARY_AE, "a"}}, 0, GZIP, "a", STET_REUSE_FRESH},
    {"C-9111-4.1-1", "another one", {{GZIP, VARY_AE, "a"}}, 0, BROTLI, NULL, STET_REUSE_FORWARD},
    {"C-9111-4.1-3", "absent", {{GZIP, VARY_AE, "a"}}, 0, NULL, NULL, STET_REUSE_FORWARD},
    {"C-9111-4.1-3", "absent, both", {{"", VARY_AE, "a"}}, 0, NULL, "a", STET_REUSE_FRESH},
    {"C-9111-4.1-2",
     "equal when normalised",
     {{"Accept-Encoding: gzip, br", VARY_AE, "a"}},
     0,
     "Accept-Encoding: BR,gzip",
     "a",
     STET_REUSE_FRESH},
    {"C-9111-4-3",
     "one of two variants",
     {{GZIP, VARY_AE, "a"}, {BROTLI, VARY_AE, "b"}},
     0,
     GZIP,
     "a",
     STET_REUSE_FRESH},
    {"C-9111-4-3",
     "the other one",
     {{GZIP, VARY_AE, "a"}, {BROTLI, VARY_AE, "b"}},
     0,
     BROTLI,
     "b",
     STET_REUSE_FRESH},
    {"C-9111-4.3.3-2",
     "the same variant once more",
     {{GZIP, VARY_AE, "a"}, {GZIP, VARY_AE, "b"}},
     0,
     GZIP,
     "b",
     STET_REUSE_FRESH},
    {"C-9111-4-3",
     "found under an older Vary",
     {{"Foo: 1", AT_0 FRESH "\nVary: Foo", "a"}, {"Bar: 1", AT_0 FRESH "\nVary: Bar", "b"}},
     0,
     "Foo: 1\nBar: 2",
     "a",
     STET_REUSE_FRESH},
    {"C-9111-4-9",
     "the newest of two, stored first",
     {{"Foo: 1", AT_1 FRESH "\nVary: Foo", "a"}, {"Bar: 1", AT_0 FRESH "\nVary: Bar", "b"}},
     2,
     "Foo: 1\nBar: 1",
     "a",
     STET_REUSE_FRESH},
    {"C-9111-4-9",
     "the newest of two, stored last",
     {{"Foo: 1", AT_0 FRESH "\nVary: Foo", "a"}, {"Bar: 1", AT_1 FRESH "\nVary: Bar", "b"}},
     2,
     "Foo: 1\nBar: 1",
     "b",
     STET_REUSE_FRESH},
    {"C-9111-4-9",
     "one that may answer before a newer one that may not",
     {{"Foo: 1", AT_0 FRESH "\nVary: Foo", "a"},
      {"Bar: 1", AT_1 "\nCache-Control: no-cache\nVary: Bar", "b"}},
     2,
     "Foo: 1\nBar: 1",
     "a",
     STET_REUSE_FRESH},
    {"C-9111-4.1-6",
     "one with Vary before one without, which came later",
     {{GZIP, VARY_AE, "a"}, {BROTLI, AT_2 FRESH, "b"}},
     2,
     GZIP,
     "a",
     STET_REUSE_FRESH},
    {"C-9111-4.1-6",
     "one without where none with Vary fits",
     {{GZIP, VARY_AE, "a"}, {BROTLI, AT_2 FRESH, "b"}},
     2,
     NULL,
     "b",
     STET_REUSE_FRESH},
    {"C-9111-4.1-6",
     "and again when another with Vary has come",
     {{GZIP, VARY_AE, "a"}, {BROTLI, AT_0 FRESH, "b"}, {"Accept-Encoding: x", VARY_AE, "c"}},
     2,
     NULL,
     "b",
     STET_REUSE_FRESH},
    {"C-9111-4.1-6",
     "the first with Vary takes the place of one without",
     {{"", AT_0 FRESH, "a"}, {GZIP, VARY_AE, "b"}},
     2,
     GZIP,
     "b",
     STET_REUSE_FRESH},
    {"C-9111-4.1-6",
     "a stale one with Vary does not stand before a fresh one without",
     {{GZIP, AT_0 "\nCache-Control: max-age=1\nVary: Accept-Encoding", "a"},
      {GZIP, AT_0 FRESH, "b"}},
     2,
     GZIP,
     "b",
     STET_REUSE_FRESH},
    {"C-9111-4-3",
     "an empty Vary selects all",
     {{GZIP, AT_0 FRESH "\nVary:", "a"}},
     0,
     BROTLI,
     "a",
     STET_REUSE_FRESH},
    {"C-9111-4-3",
     "two names",
     {{"Foo: 1\nBar: 1", AT_0 FRESH "\nVary: Foo\nVary: Bar", "a"}},
     0,
     "Bar: 1\nFoo: 1",
     "a",
     STET_REUSE_FRESH},
    {"C-9111-4-3",
     "two names, one differs",
     {{"Foo: 1\nBar: 1", AT_0 FRESH "\nVary: Foo, Bar", "a"}},
     0,
     "Bar: 2\nFoo: 1",
     NULL,
     STET_REUSE_FORWARD},
    {"D-42",
     "stale while it is validated",
     {{"", AT_0 FRESH ", stale-while-revalidate=100", "a"}},
     100,
     NULL,
     "a",
     STET_REUSE_REFRESH},
};

static void test_pick(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pick_rows); i++) {
        const struct pick_row *row = &pick_rows[i];
        struct shelf_world world;
        shelf_world_init(&world);
        for (const struct put *put = row->puts; put->response; put++)
            shelf_world_stores(&world, put->request, put->response, put->content);
        world.now = row->now;
        check_row(row, shelf_world_gets(&world, row->ask, row->want, row->answer));
        shelf_world_fini(&world);
    }
}

/* ---- keys ---- */

static void test_keys(void **state)
{
    static const struct {
        const char *id;
        const char *name;
        const char *other;
        bool found;
    } rows[] = {
        {"D-38", "the same", "http://example.org/a?b=%C3%A9", true},
        {"D-38", "case of scheme and host, default port", "HTTP://EXAMPLE.org:80/a?b=%C3%A9", true},
        {"D-38", "needless and small escapes", "http://example.org/%61?b=%c3%a9", true},
        {"C-9111-4-1", "another path", "http://example.org/A?b=%C3%A9", false},
        {"C-9111-4-1", "another query", "http://example.org/a?b=%C3%A8", false},
        {"C-9111-4-1", "no query", "http://example.org/a", false},
        {"C-9111-4-1", "another host", "http://example.com/a?b=%C3%A9", false},
        {"C-9111-4-1", "another port", "http://example.org:81/a?b=%C3%A9", false},
        {"C-9111-4-1", "another scheme", "https://example.org/a?b=%C3%A9", false},
        {"D-38", "dot segments", "http://example.org/./a?b=%C3%A9", false},
    };
    struct shelf_world world;
    struct asking asking;
    (void)state;
    shelf_world_init(&world);
    asking_make(&asking, &world, "GET", "http://example.org/a?b=%C3%A9", NULL);
    assert_true(shelf_world_put(&world, &asking, 200, AT_0 FRESH, "x"));
    for (size_t i = 0; i < COUNT(rows); i++) {
        asking_make(&asking, &world, "GET", rows[i].other, NULL);
        check_row(&rows[i],
                  shelf_world_picks(&world, &asking, rows[i].found ? "x" : NULL,
                                    rows[i].found ? STET_REUSE_FRESH : STET_REUSE_FORWARD));
    }
    shelf_world_fini(&world);
}

/* C-9111-7.2-1: what one partition stores another never sees, whatever their names. */
static void test_partitions(void **state)
{
    static const char *const names[] = {"", "a", "b", "http://example.org/where", "a b"};
    struct shelf_world world;
    (void)state;
    shelf_world_init(&world);
    for (size_t i = 0; i < COUNT(names); i++) {
        world.rules.partition = stet_span_of(names[i]);
        assert_true(shelf_world_gets(&world, NULL, NULL, STET_REUSE_FORWARD));
        assert_true(shelf_world_stores(&world, NULL, AT_0 FRESH, names[i]));
    }
    for (size_t i = 0; i < COUNT(names); i++) {
        struct asking asking;
        world.rules.partition = stet_span_of(names[i]);
        assert_true(shelf_world_gets(&world, NULL, names[i], STET_REUSE_FRESH));
        asking_make(&asking, &world, "GET", SHELF_URL, NULL);
        assert_true(stet_span_equal(shelf_key_url(asking.key.url), stet_span_of(SHELF_URL)));
    }
    shelf_world_fini(&world);
}

/* ---- methods ---- */

static void test_head(void **state)
{
    struct shelf_world world;
    struct asking get, head;
    struct shelf_pick pick;
    uint64_t length;
    (void)state;
    shelf_world_init(&world);
    asking_make(&get, &world, "GET", SHELF_URL, NULL);
    asking_make(&head, &world, "HEAD", SHELF_URL, NULL);
    /* C-9110-9.3.2-3, D-37: of its own for HEAD only; with the length of what it has not */
    assert_true(shelf_world_put(&world, &head, 200, AT_0 FRESH "\nContent-Length: 4711", ""));
    assert_true(shelf_world_picks(&world, &get, NULL, STET_REUSE_FORWARD));
    pick = shelf_pick(&world.shelf, &head.ask);
    assert_int_equal(pick.reuse.answer, STET_REUSE_FRESH);
    assert_true(shelf_length(pick.entry, pick.head, &length));
    assert_int_equal(length, 4711);
    shelf_pick_drop(&pick);
    /* C-9110-9.3.1-1: GET responses answer both */
    assert_true(shelf_world_put(&world, &get, 200, AT_0 FRESH, "a"));
    assert_true(shelf_world_picks(&world, &get, "a", STET_REUSE_FRESH));
    assert_true(shelf_world_picks(&world, &head, "a", STET_REUSE_FRESH));
    /* and each stays when the other comes anew */
    world.now = 60;
    assert_true(shelf_world_put(&world, &head, 200, AT_0 "\nCache-Control: max-age=90", ""));
    assert_true(shelf_world_picks(&world, &get, "a", STET_REUSE_VALIDATE));
    assert_true(shelf_world_picks(&world, &head, "", STET_REUSE_FRESH));
    shelf_world_fini(&world);
}

/* ---- filling, breaking, leaving ---- */

static void test_filling(void **state)
{
    struct shelf_world world;
    struct asking asking;
    uint64_t length = 0;
    (void)state;
    shelf_world_init(&world);
    asking_make(&asking, &world, "GET", SHELF_URL, NULL);
    struct entry *entry =
        shelf_world_offer(&world, &asking, 200, AT_0 FRESH "\nContent-Length: 3", 3);
    struct shelf_pick pick = shelf_pick(&world.shelf, &asking.ask);
    assert_ptr_equal(pick.entry, entry); /* others may read what comes */
    assert_true(shelf_length(pick.entry, pick.head, &length));
    assert_int_equal(length, 3);
    shelf_pick_drop(&pick);
    entry_seal(entry, false);
    assert_true(shelf_world_picks(&world, &asking, NULL, STET_REUSE_FORWARD));
    entry_unref(entry);

    entry = shelf_world_offer(&world, &asking, 200, AT_0 FRESH, 0); /* in the place of that */
    pick = shelf_pick(&world.shelf, &asking.ask);
    assert_false(shelf_length(pick.entry, pick.head, &length));
    shelf_world_fill(&world, entry, "abcd");
    assert_true(shelf_length(pick.entry, pick.head, &length));
    assert_int_equal(length, 4);
    shelf_pick_drop(&pick);
    entry_unref(entry);
    shelf_world_fini(&world);
}

struct keep_row {
    const char *id;
    const char *name;
    const char *response;
    int64_t now;
    bool kept;
};

static const struct keep_row keep_rows[] = {
    {"keep", "stale for as long as it is kept", AT_0 FRESH, 160, true},
    {"keep", "a second longer", AT_0 FRESH, 161, false},
    {"keep", "it may be used stale for longer", AT_0 FRESH ", stale-while-revalidate=200", 260,
     true},
    {"keep", "even longer", AT_0 FRESH ", stale-while-revalidate=200", 261, false},
    {"keep", "on errors", AT_0 FRESH ", stale-if-error=200", 260, true},
    {"keep", "no lifetime at all", AT_0 "\nCache-Control: no-cache\nETag: \"x\"", 100, true},
    {"keep", "no lifetime, and too old", AT_0 "\nCache-Control: no-cache\nETag: \"x\"", 101, false},
};

static void test_keep(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(keep_rows); i++) {
        const struct keep_row *row = &keep_rows[i];
        for (unsigned gathers = 0; gathers < 2; gathers++) {
            struct shelf_world world;
            struct asking asking;
            struct shelf_set set;
            shelf_world_init(&world);
            world.rules.keep = 100;
            check_row(row, shelf_world_stores(&world, NULL, row->response, "a"));
            world.now = row->now;
            asking_make(&asking, &world, "GET", SHELF_URL, NULL);
            if (gathers) {
                assert_true(shelf_gather(&world.shelf, &asking.ask, false, &set));
                check_row(row, set.candidates.count == row->kept);
                shelf_set_drop(&set);
            } else {
                struct shelf_pick pick = shelf_pick(&world.shelf, &asking.ask);
                check_row(row, !pick.entry == !row->kept);
                shelf_pick_drop(&pick);
            }
            check_row(row, shelf_world_count(&world) == row->kept); /* and leaves */
            shelf_world_fini(&world);
        }
    }
}

/* ---- bounds ---- */

/* Who lets anyone choose among endless variants keeps the youngest; the signpost stays. */
static void test_variants(void **state)
{
    struct shelf_world world;
    char fields[64], content[16];
    (void)state;
    shelf_world_init(&world);
    for (unsigned i = 0; i < 3 * STORE_VARIANTS_MAX; i++) {
        snprintf(fields, sizeof fields, "Foo: %u", i);
        snprintf(content, sizeof content, "%u", i);
        assert_true(shelf_world_stores(&world, fields, AT_0 FRESH "\nVary: Foo", content));
        assert_true(shelf_world_gets(&world, fields, content, STET_REUSE_FRESH));
    }
    assert_int_equal(shelf_world_count(&world), STORE_VARIANTS_MAX + 1);
    assert_true(shelf_world_gets(&world, fields, content, STET_REUSE_FRESH));
    shelf_world_fini(&world);
}

static bool drop_signpost(void *owner, struct entry *entry)
{
    if (entry_key(entry)->variant == 0)
        *(struct entry **)owner = entry_ref(entry);
    return true;
}

/* Variants are found also when their signpost had to make room for others. */
static void test_no_signpost(void **state)
{
    struct shelf_world world;
    struct entry *signpost = NULL;
    (void)state;
    shelf_world_init(&world);
    assert_true(shelf_world_stores(&world, GZIP, VARY_AE, "a"));
    assert_true(shelf_world_stores(&world, BROTLI, VARY_AE, "b"));
    store_each(world.store, drop_signpost, &signpost);
    store_drop(world.store, signpost);
    entry_unref(signpost);
    assert_true(shelf_world_gets(&world, GZIP, "a", STET_REUSE_FRESH));
    assert_true(shelf_world_stores(&world, "Foo: 1", AT_0 FRESH "\nVary: Foo", "c"));
    assert_true(shelf_world_gets(&world, BROTLI, "b", STET_REUSE_FRESH));
    assert_true(shelf_world_gets(&world, "Foo: 1", "c", STET_REUSE_FRESH));
    shelf_world_fini(&world);
}

/* What is longer than anything that is looked for is not stored, and does no harm. */
static void test_too_long(void **state)
{
    static char fields[70000], value[66000];
    struct shelf_world world;
    struct asking asking;
    (void)state;
    shelf_world_init(&world);
    memset(value, 'v', sizeof value - 1);
    snprintf(fields, sizeof fields, "Foo: %s", value);
    assert_false(shelf_world_stores(&world, fields, AT_0 FRESH "\nVary: Foo", "a"));
    assert_true(shelf_world_stores(&world, "Foo: 1", AT_0 FRESH "\nVary: Foo", "a"));
    assert_true(shelf_world_gets(&world, fields, NULL, STET_REUSE_FORWARD));
    memset(value + 2000, 0, 1);
    snprintf(fields, sizeof fields, "Foo: %s", value); /* more than the room on the stack */
    assert_true(shelf_world_stores(&world, fields, AT_0 FRESH "\nVary: Foo", "b"));
    assert_true(shelf_world_gets(&world, fields, "b", STET_REUSE_FRESH));
    snprintf(fields, sizeof fields, AT_0 FRESH "\nVary: %s, Foo", value);
    assert_true(shelf_world_stores(&world, "Foo: 2", fields, "c"));
    assert_true(shelf_world_gets(&world, "Foo: 2", "c", STET_REUSE_FRESH));
    memset(value, 'v', sizeof value - 1);
    snprintf(fields, sizeof fields, AT_0 FRESH "\nVary: %s", value);
    assert_false(shelf_world_stores(&world, "", fields, "d"));
    snprintf(fields, sizeof fields, AT_0 FRESH "\nX: %s", value);
    assert_false(shelf_world_stores(&world, "", fields, "e"));
    asking_make(&asking, &world, "GET", SHELF_URL, "Foo: 3");
    world.rules.object_max = 100;
    assert_null(shelf_world_offer(&world, &asking, 200, AT_0 FRESH, 101));
    shelf_world_fini(&world);
}

/* ---- gathering ---- */

static void test_gather(void **state)
{
    struct shelf_world world;
    struct asking asking;
    struct shelf_set set = {.fields = NULL};
    char fields[64], response[128];
    (void)state;
    shelf_world_init(&world);
    shelf_set_drop(&set);
    asking_make(&asking, &world, "GET", SHELF_URL, "Foo: 1");
    assert_true(shelf_gather(&world.shelf, &asking.ask, false, &set));
    assert_int_equal(set.candidates.count, 0);
    shelf_set_drop(&set);
    for (unsigned i = 0; i < STET_CANDIDATES_MAX + 5; i++) {
        snprintf(fields, sizeof fields, "Foo: %u", i);
        snprintf(response, sizeof response, AT_0 FRESH "\nVary: Foo\nETag: \"%u\"", i);
        assert_true(shelf_world_stores(&world, fields, response, "a"));
    }
    /* C-9111-4.1-7: other variants may be asked about; the selected one leads, however old it is */
    assert_true(shelf_gather(&world.shelf, &asking.ask, false, &set));
    assert_int_equal(set.candidates.count, STET_CANDIDATES_MAX);
    assert_true(stet_span_equal(stet_etag_of(set.candidates.at[0].head).opaque, STET_SPAN("1")));
    assert_int_equal(set.candidates.at[0].stored->lifetime, 60);
    assert_false(set.candidates.at[0].covers);
    assert_false(set.candidates.at[0].other);
    assert_true(set.candidates.at[1].other);
    shelf_set_drop(&set);
    /* C-9111-4.3.4-1 */
    assert_true(shelf_gather(&world.shelf, &asking.ask, true, &set));
    assert_int_equal(set.candidates.count, 1);
    shelf_set_drop(&set);
    shelf_world_fini(&world);
}

#define LONG_NAME                                                   \
    "a-name-that-is-so-long-that-nobody-would-want-to-remember-it-" \
    "but-that-has-to-give-its-key-as-the-others-do"

/* D-38: a server that is remembered gives the key that it gives at first. */
static void test_servers(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "http://example.org/a",           "http://EXAMPLE.org/a", "http://example.org:80/a",
        "HTTP://example.org/b",           "http://a.org/?q",      "http://b.org/%7e",
        "http://example.org:8080/a",      "http://c.org/",        "https://example.org:80/a",
        "http://" LONG_NAME ".example/a",
    };
    struct shelf_world world;
    struct shelf_servers servers = {0};
    struct asking asking;

    shelf_world_init(&world);
    for (unsigned i = 0; i < 4 * COUNT(urls); i++) {
        char text[1024];
        struct shelf_key key;
        world.rules.partition = i % 3 == 0 ? STET_SPAN("blue") : STET_SPAN_NONE;
        asking_make(&asking, &world, "GET", urls[i * 7 % COUNT(urls)], NULL);
        const size_t len = shelf_key_write(&world.rules, &asking.request, &servers, text);
        shelf_key_read(&world.shelf, stet_span(text, len), &key);
        assert_true(stet_span_equal(key.url, asking.key.url));
        assert_memory_equal(key.primary, asking.key.primary, sizeof key.primary);
        /* the same server again */
        assert_int_equal(shelf_key_write(&world.rules, &asking.request, &servers, text), len);
        assert_memory_equal(text, asking.key.url.at, len);
    }
    shelf_world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pick),       cmocka_unit_test(test_keys),
        cmocka_unit_test(test_partitions), cmocka_unit_test(test_head),
        cmocka_unit_test(test_filling),    cmocka_unit_test(test_keep),
        cmocka_unit_test(test_variants),   cmocka_unit_test(test_no_signpost),
        cmocka_unit_test(test_too_long),   cmocka_unit_test(test_gather),
        cmocka_unit_test(test_servers),
    };
    return cmocka_run_group_tests_name("shelf", tests, NULL, NULL);
}
