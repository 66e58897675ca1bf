/* Marking: what unsafe requests reach and what they do not, groups, and purges. */
#include "base/memory.h"

#include "shelf_world.h"

#include <stdio.h>
#include <stdlib.h>

#define FRESH "Date: Sun, 06 Nov 1994 08:49:37 GMT\nCache-Control: max-age=60\nETag: \"x\""

/* What is stored before each row: a body tells where. */
static const struct {
    const char *url;
    const char *request;
    const char *fields;
    const char *content;
} stored[] = {
    {"http://example.org/where", "Foo: 1", FRESH "\nVary: Foo", "a"},
    {"http://example.org/where", "Foo: 2", FRESH "\nVary: Foo", "b"},
    {"http://example.org/there?q", NULL, FRESH "\nCache-Groups: \"g1\", \"g2\"", "c"},
    {"http://example.org/other", NULL, FRESH "\nCache-Groups: \"g2\"", "d"},
    {"http://example.org:8080/where", NULL, FRESH, "e"},
    {"https://example.org/where", NULL, FRESH, "f"},
    {"http://example.com/where", NULL, FRESH "\nCache-Groups: \"g1\"", "g"},
};

static bool is_valid(struct shelf_world *world, size_t i)
{
    struct asking asking;
    asking_make(&asking, world, "GET", stored[i].url, stored[i].request);
    return shelf_world_picks(world, &asking, stored[i].content, STET_REUSE_FRESH);
}

/* The contents of those that may answer without being asked about. */
static const char *valid(struct shelf_world *world)
{
    static char text[COUNT(stored) + 1];
    char *to = text;
    for (size_t i = 0; i < COUNT(stored); i++)
        if (is_valid(world, i))
            *to++ = stored[i].content[0];
    *to = '\0';
    return text;
}

static void fill(struct shelf_world *world)
{
    shelf_world_init(world);
    for (size_t i = 0; i < COUNT(stored); i++) {
        struct asking asking;
        asking_make(&asking, world, "GET", stored[i].url, stored[i].request);
        assert_true(shelf_world_put(world, &asking, 200, stored[i].fields, stored[i].content));
    }
    assert_string_equal(valid(world), "abcdefg");
}

struct row {
    const char *id;
    const char *name;
    const char *method; /* for SHELF_URL */
    int status;
    const char *fields;
    const char *want; /* what is still valid */
};

static const struct row rows[] = {
    {"C-9111-4.4-1", "POST", "POST", 200, "", "cdefg"},
    {"C-9111-4.4-1", "PUT", "PUT", 204, "", "cdefg"},
    {"C-9111-4.4-1", "DELETE", "DELETE", 302, "", "cdefg"},
    {"C-9111-4.4-1", "an unknown method", "FOO", 200, "", "cdefg"},
    {"C-9111-4.4-1", "that failed", "POST", 400, "", "abcdefg"},
    {"C-9111-4.4-1", "that failed there", "POST", 500, "", "abcdefg"},
    {"C-9110-9.2.1-1", "a safe method", "OPTIONS", 200, "", "abcdefg"},
    {"C-9111-4.4-2", "Location", "POST", 201, "Location: /there?q", "defg"},
    {"C-9111-4.4-2", "Content-Location", "POST", 200, "Content-Location: other", "cefg"},
    {"C-9111-4.4-2", "both", "POST", 200, "Location: /there?q\nContent-Location: /other", "efg"},
    {"C-9111-4.4-3", "another host", "POST", 201, "Location: http://example.com/where", "cdefg"},
    {"C-9111-4.4-3", "another port", "POST", 201, "Location: http://example.org:8080/where",
     "cdefg"},
    {"C-9111-4.4-3", "another scheme", "POST", 201, "Location: https://example.org/where", "cdefg"},
    {"C-9875-3-2", "a group", "POST", 200, "Cache-Group-Invalidation: \"g1\"", "defg"},
    {"C-9875-3-2", "another group", "POST", 200, "Cache-Group-Invalidation: \"g2\"", "efg"},
    {"C-9875-3-2", "one of two", "POST", 200, "Cache-Group-Invalidation: \"g\", \"g2\"", "efg"},
    {"C-9875-2.1-1", "case counts", "POST", 200, "Cache-Group-Invalidation: \"G1\"", "cdefg"},
    {"C-9875-3-1", "by a safe method", "GET", 200, "Cache-Group-Invalidation: \"g1\"", "abcdefg"},
    {"C-9875-3-2", "by one that failed", "POST", 404, "Cache-Group-Invalidation: \"g1\"",
     "abcdefg"},
};

static void test_invalidate(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(rows); i++) {
        const struct row *row = &rows[i / 2];
        struct shelf_world world;
        struct asking asking;
        struct message message;
        fill(&world);
        if (i % 2) { /* without the index it is the same */
            groups_free(world.shelf.groups);
            world.shelf.groups = NULL;
        }
        asking_make(&asking, &world, row->method, SHELF_URL, NULL);
        const struct stet_response response = message_response(&message, row->status, row->fields);
        const size_t count =
            shelf_invalidate(&world.shelf, &world.rules, &asking.request, &response);
        if (strcmp(valid(&world), row->want) != 0)
            fail_msg("%s (%s): %s", row->id, row->name, valid(&world));
        check_row(row, count == COUNT(stored) - strlen(row->want));
        /* C-9111-4.4-4: it is there still, with its validators, and is asked about */
        check_row(row, shelf_world_count(&world) == COUNT(stored) + 1);
        asking_make(&asking, &world, "GET", SHELF_URL, "Foo: 1");
        check_row(row,
                  shelf_world_picks(&world, &asking, "a",
                                    is_valid(&world, 0) ? STET_REUSE_FRESH : STET_REUSE_VALIDATE));
        shelf_world_fini(&world);
    }
}

/* Of HEAD, too; in this partition only; a key as long as may be. */
static void test_reach(void **state)
{
    static char url[5000];
    struct shelf_world world;
    struct asking head, asking;
    struct message message;
    const struct stet_response response = message_response(&message, 200, NULL);
    (void)state;
    shelf_world_init(&world);
    asking_make(&head, &world, "HEAD", SHELF_URL, NULL);
    assert_true(shelf_world_put(&world, &head, 200, FRESH, ""));
    world.rules.partition = STET_SPAN("p");
    asking_make(&asking, &world, "POST", SHELF_URL, NULL);
    assert_int_equal(shelf_invalidate(&world.shelf, &world.rules, &asking.request, &response), 0);
    world.rules.partition = STET_SPAN_NONE;
    assert_true(shelf_world_picks(&world, &head, "", STET_REUSE_FRESH));
    assert_int_equal(shelf_invalidate(&world.shelf, &world.rules, &asking.request, &response), 1);
    assert_true(shelf_world_picks(&world, &head, "", STET_REUSE_VALIDATE));

    snprintf(url, sizeof url, SHELF_URL "/%04000d", 1);
    asking.request.path = stet_span_of(url + sizeof "http://example.org" - 1);
    struct shelf_key key;
    char *room = malloc(shelf_key_room(&world.rules, &asking.request));
    shelf_key_make(&world.shelf, &world.rules, &asking.request, room, &key);
    asking_make(&head, &world, "GET", SHELF_URL, NULL);
    head.key = key;
    head.request.path = asking.request.path;
    assert_true(shelf_world_put(&world, &head, 200, FRESH, "a"));
    assert_true(shelf_world_picks(&world, &head, "a", STET_REUSE_FRESH));
    assert_int_equal(shelf_invalidate(&world.shelf, &world.rules, &asking.request, &response), 1);
    assert_true(shelf_world_picks(&world, &head, "a", STET_REUSE_VALIDATE));
    free(room);
    shelf_world_fini(&world);
}

/* D-20: what its No-Vary-Search makes equal falls with it, and nothing else does. */
static void test_alike(void **state)
{
    static const struct {
        const char *id, *name, *query, *want;
    } targets[] = {
        {"C-NVS-5.1-2", "a parameter that does not matter", "a=1&utm=9", "xy"},
        {"C-NVS-5.1-2", "one that does", "a=2", "z"},
        {"C-NVS-6-3", "without it", "a=1", "xy"},
        {"C-NVS-6-2", "no query", NULL, ""},
    };
    for (size_t i = 0; i < 3 * COUNT(targets); i++) {
        static const struct {
            const char *url, *fields, *content;
        } held[] = {
            {SHELF_URL "?a=1", FRESH "\nNo-Vary-Search: params=(\"utm\")", "x"},
            {SHELF_URL "?a=1&utm=2", FRESH "\nNo-Vary-Search: params=(\"utm\")", "y"},
            {SHELF_URL "?utm=1&a=2", FRESH "\nNo-Vary-Search: params=(\"utm\")", "z"},
            {SHELF_URL "?a=1&utm=3", FRESH, "w"},
            {SHELF_URL "/?a=1&utm=3", FRESH "\nNo-Vary-Search: params", "v"},
        };
        struct shelf_world world;
        struct asking asking;
        struct message message;
        char fallen[8] = "";
        const struct stet_response response = message_response(&message, 200, NULL);
        (void)state;
        shelf_world_init(&world);
        for (size_t j = 0; j < COUNT(held); j++) {
            asking_make(&asking, &world, "GET", held[j].url, NULL);
            assert_true(shelf_world_put(&world, &asking, 200, held[j].fields, held[j].content));
        }
        if (i % 3 == 2) {
            groups_free(world.shelf.groups);
            world.shelf.groups = NULL;
        }
        char url[64];
        snprintf(url, sizeof url, SHELF_URL "%s%s", targets[i / 3].query ? "?" : "",
                 targets[i / 3].query ? targets[i / 3].query : "");
        asking_make(&asking, &world, "POST", url, NULL);
        check_row(&targets[i / 3],
                  shelf_may_be_alike(&world.shelf, asking.key.url)); /* for the path has some */
        const size_t count =
            shelf_invalidate(&world.shelf, &world.rules, &asking.request, &response);
        for (size_t j = 0; j < COUNT(held); j++) {
            asking_make(&asking, &world, "GET", held[j].url, NULL);
            if (!shelf_world_picks(&world, &asking, held[j].content, STET_REUSE_FRESH))
                strcat(fallen, held[j].content);
        }
        if (strcmp(fallen, targets[i / 3].want) != 0)
            fail_msg("%s (%s): %s", targets[i / 3].id, targets[i / 3].name, fallen);
        check_row(&targets[i / 3], count == strlen(fallen));
        asking_make(&asking, &world, "GET", "http://example.org/elsewhere?a=1", NULL);
        check_row(&targets[i / 3],
                  shelf_may_be_alike(&world.shelf, asking.key.url) == (i % 3 == 2));
        shelf_world_fini(&world);
    }
}

/* C-9875-2-2: 32 groups of 32 octets, over several lines. */
static void test_many_groups(void **state)
{
    static char fields[4000], group[64];
    struct shelf_world world;
    struct asking asking;
    size_t len = (size_t)snprintf(fields, sizeof fields, FRESH);
    (void)state;
    shelf_world_init(&world);
    for (unsigned i = 0; i < 32; i++)
        len += (size_t)snprintf(fields + len, sizeof fields - len, "%s\"%032u\"",
                                i % 4 == 0 ? "\nCache-Groups: " : ", ", i);
    assert_true(shelf_world_stores(&world, NULL, fields, "a"));
    asking_make(&asking, &world, "GET", SHELF_URL, NULL);
    struct shelf_pick pick = shelf_pick(&world.shelf, &asking.ask);
    for (unsigned i = 0; i < 33; i++) {
        snprintf(group, sizeof group, "%032u", i);
        assert_int_equal(shelf_in_group(pick.head, stet_span_of(group)), i < 32);
    }
    shelf_pick_drop(&pick);
    shelf_world_fini(&world);
}

/* C-9875-2.2.1-1: what shares a group with the target falls with it, and takes nothing further. */
static void test_mates(void **state)
{
    struct shelf_world world;
    struct asking asking;
    struct message message;
    const struct stet_response response = message_response(&message, 200, NULL);
    (void)state;
    for (unsigned indexed = 0; indexed < 2; indexed++) {
        fill(&world);
        if (!indexed) {
            groups_free(world.shelf.groups);
            world.shelf.groups = NULL;
        }
        asking_make(&asking, &world, "GET", SHELF_URL "/x", NULL);
        assert_true(shelf_world_put(&world, &asking, 200, FRESH "\nCache-Groups: \"g1\"", "x"));
        asking_make(&asking, &world, "POST", SHELF_URL "/x", NULL);
        assert_int_equal(shelf_invalidate(&world.shelf, &world.rules, &asking.request, &response),
                         2);
        assert_string_equal(valid(&world), "abdefg");
        shelf_world_fini(&world);
    }
}

/* Members that come by a 304, that leave and come again; a group of many; one too many. */
static void test_index(void **state)
{
    struct shelf_world world;
    struct asking asking;
    struct shelf_set set;
    struct message message;
    char url[64];
    const struct stet_response post =
        message_response(&message, 200, "Cache-Group-Invalidation: \"g\"");
    (void)state;
    shelf_world_init(&world);
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < 50; i++) {
            snprintf(url, sizeof url, SHELF_URL "/%u", i);
            asking_make(&asking, &world, "GET", url, NULL);
            assert_true(shelf_world_put(&world, &asking, 200,
                                        i < 40 ? FRESH "\nCache-Groups: \"g\"" : FRESH, "x"));
            if (i % 2)
                shelf_purge(&world.shelf, &asking.key, true, 0);
        }
        asking_make(&asking, &world, "POST", SHELF_URL, NULL);
        assert_int_equal(shelf_invalidate(&world.shelf, &world.rules, &asking.request, &post), 20);
        assert_int_equal(shelf_invalidate(&world.shelf, &world.rules, &asking.request, &post), 0);
    }
    asking_make(&asking, &world, "GET", SHELF_URL "/48", NULL);
    assert_true(shelf_gather(&world.shelf, &asking.ask, true, &set));
    struct message fresh;
    const struct stet_response response =
        message_response(&fresh, 304, FRESH "\nCache-Groups: \"g\"");
    const struct stet_arrival arrival = shelf_world_arrival(&world);
    const struct stet_times times = stet_times_of(&response.head, &arrival);
    const struct shelf_renewal renewal = {&world.rules, &asking.request, &response, &times, true};
    assert_true(shelf_renew(&world.shelf, &set, 0, &renewal, NULL));
    shelf_set_drop(&set);
    asking_make(&asking, &world, "POST", SHELF_URL, NULL);
    assert_int_equal(shelf_invalidate(&world.shelf, &world.rules, &asking.request, &post), 1);
    /* without memory for the index all is looked through */
    asking_make(&asking, &world, "GET", SHELF_URL, NULL);
    struct entry *entry =
        shelf_world_offer(&world, &asking, 200, FRESH "\nCache-Groups: \"g\", \"new\"", 0);
    struct entry_head *head = entry_head(entry);
    memory_fail_nth(1);
    groups_note(world.shelf.groups, entry, head);
    memory_fail_nth(0);
    entry_head_unref(head);
    entry_seal(entry, true);
    entry_unref(entry);
    asking_make(&asking, &world, "POST", SHELF_URL "/none", NULL);
    assert_int_equal(shelf_invalidate(&world.shelf, &world.rules, &asking.request, &post), 1);
    shelf_world_fini(&world);
}

static uint64_t octets_of(const struct shelf_world *world)
{
    struct store_sums sums;
    store_sums(world->store, &sums);
    return sums.octets;
}

/* The index counts against the budget, and is given up when it would take too much of it. */
static void test_index_counts(void **state)
{
    enum { MANY = 200, LITTLE = 100000 };
    struct shelf_world world;
    struct asking asking;
    struct message message;
    char url[64], fields[160];
    uint64_t with[2], without[2];
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        shelf_world_init_small(&world, i == 0 ? 1 << 24 : LITTLE);
        for (unsigned j = 0; j < MANY; j++) {
            snprintf(url, sizeof url, SHELF_URL "/%u", j);
            snprintf(fields, sizeof fields, FRESH "\nCache-Groups: \"%u\"", j);
            asking_make(&asking, &world, "GET", url, NULL);
            assert_true(shelf_world_put(&world, &asking, 200, fields, "x"));
        }
        assert_true(i == 0 || octets_of(&world) <= LITTLE);
        const struct stet_response post =
            message_response(&message, 200, "Cache-Group-Invalidation: \"199\"");
        asking_make(&asking, &world, "POST", SHELF_URL, NULL);
        assert_int_equal(shelf_invalidate(&world.shelf, &world.rules, &asking.request, &post), 1);
        with[i] = octets_of(&world);
        groups_free(world.shelf.groups);
        world.shelf.groups = NULL;
        without[i] = octets_of(&world);
        shelf_world_fini(&world);
    }
    /* a group, its list of four, its place in the map */
    assert_in_range(with[0] - without[0], MANY * (48 + 64 + 32), MANY * (64 + 80 + 96));
    assert_int_equal(with[1], without[1]); /* given up: nothing is kept */
}

static void test_origin(void **state)
{
    static const struct {
        const char *id, *name, *url, *want;
    } rows_[] = {
        {"C-9875-2.1-1", "plain", "http://h/", "http://h/"},
        {"C-9875-2.1-1", "a path", "http://h:1/a/b?c", "http://h:1/"},
        {"C-9875-2.1-1", "a partition", "p http://h/a", "p http://h/"},
        {"C-9875-2.1-1", "a strange partition", "http://x/ y https://h/a",
         "http://x/ y https://h/"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows_); i++)
        check_row(&rows_[i], stet_span_equal(groups_origin(stet_span_of(rows_[i].url)),
                                             stet_span_of(rows_[i].want)));
}

/* ---- purges ---- */

static void test_purge(void **state)
{
    (void)state;
    for (unsigned hard = 0; hard < 2; hard++) {
        struct shelf_world world;
        struct asking asking, head;
        fill(&world);
        asking_make(&head, &world, "HEAD", SHELF_URL, NULL);
        assert_true(shelf_world_put(&world, &head, 200, FRESH, ""));
        asking_make(&asking, &world, "GET", SHELF_URL, NULL);
        world.now = 10;
        assert_int_equal(shelf_purge(&world.shelf, &asking.key, hard, world.now), 3);
        assert_string_equal(valid(&world), "cdefg");
        assert_int_equal(shelf_world_count(&world), hard ? COUNT(stored) - 2 : COUNT(stored) + 2);
        assert_true(shelf_world_gets(&world, "Foo: 1", hard ? NULL : "a",
                                     hard ? STET_REUSE_FORWARD : STET_REUSE_VALIDATE));
        assert_true(shelf_world_gets(&world, "Foo: 1\nCache-Control: max-stale", hard ? NULL : "a",
                                     hard ? STET_REUSE_FORWARD : STET_REUSE_STALE));
        shelf_world_fini(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_invalidate),   cmocka_unit_test(test_reach),
        cmocka_unit_test(test_alike),        cmocka_unit_test(test_many_groups),
        cmocka_unit_test(test_mates),        cmocka_unit_test(test_index),
        cmocka_unit_test(test_index_counts), cmocka_unit_test(test_origin),
        cmocka_unit_test(test_purge),
    };
    return cmocka_run_group_tests_name("shelf_mark", tests, NULL, NULL);
}
