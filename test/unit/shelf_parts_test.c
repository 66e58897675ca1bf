/* Parts: which are stored, what they answer, how they join, and when they are a whole response. */
#include "cache/mosaic.h"
#include "cache/shelf_parts.h"

#include "shelf_world.h"

#include <stdio.h>
#include <stdlib.h>

#define DATE_0 "Date: Sun, 06 Nov 1994 08:49:37 GMT"
#define PART DATE_0 "\nCache-Control: max-age=60\nETag: \"x\""

enum { LENGTH = 100 };

/* The octet of the content at an offset. */
static char octet_at(uint64_t offset)
{
    return (char)('!' + offset * 7 % 90);
}

static struct entry *part_offer(struct shelf_world *world, const char *request, uint64_t first,
                                uint64_t last, const char *fields)
{
    struct asking asking;
    char text[400], response[400];
    snprintf(text, sizeof text, "Range: bytes=%d-%d%s%s", (int)first, (int)last,
             request ? "\n" : "", request ? request : "");
    asking_make(&asking, world, "GET", SHELF_URL, text);
    snprintf(response, sizeof response, "%s\nContent-Range: bytes %d-%d/%d", fields, (int)first,
             (int)last, LENGTH);
    return shelf_world_offer(world, &asking, 206, response, last - first + 1);
}

static void part_fill(struct shelf_world *world, struct entry *entry, uint64_t first, uint64_t last)
{
    for (uint64_t at = first; at <= last; at++) {
        const char octet = octet_at(at);
        assert_true(entry_append(entry, &octet, 1));
    }
    entry_seal(entry, true);
    store_grown(world->store, entry);
    entry_unref(shelf_join(&world->shelf, &world->rules, entry));
    entry_unref(entry);
}

/* Puts the part from `first` to `last`, and joins it; false if it may not be stored. */
static bool part_put(struct shelf_world *world, const char *request, uint64_t first, uint64_t last,
                     const char *fields)
{
    struct entry *entry = part_offer(world, request, first, last, fields);
    if (entry)
        part_fill(world, entry, first, last);
    return entry != NULL;
}

/* A range request for SHELF_URL is answered by what is stored, and rightly so: the content is where
 * the head says. */
static bool answers(struct shelf_world *world, const char *fields, uint64_t first, uint64_t last)
{
    struct asking asking;
    char text[400];
    snprintf(text, sizeof text, "Range: bytes=%d-%d%s%s", (int)first, (int)last, fields ? "\n" : "",
             fields ? fields : "");
    asking_make(&asking, world, "GET", SHELF_URL, text);
    struct shelf_pick pick = shelf_pick(&world->shelf, &asking.ask);
    const bool fresh = pick.entry && pick.reuse.answer == STET_REUSE_FRESH;
    for (uint64_t at = first; fresh && at <= last; at++) {
        const bool partial = entry_head_stored(pick.head).partial;
        const char *bytes = NULL;
        assert_true(
            entry_read(pick.entry, partial ? shelf_part_offset(pick.head, at) : at, &bytes) > 0);
        assert_int_equal(*bytes, octet_at(at));
    }
    shelf_pick_drop(&pick);
    return fresh;
}

/* ---- storing ---- */

struct store_row {
    const char *id;
    const char *name;
    const char *fields;
    bool want;
};

static const struct store_row store_rows[] = {
    {"C-9111-3.3-1", "proved", PART "\nContent-Range: bytes 0-9/100", true},
    {"D-19", "a weak tag",
     DATE_0 "\nCache-Control: max-age=60\nETag: W/\"x\"\n"
            "Content-Range: bytes 0-9/100",
     false},
    {"D-19", "no tag", DATE_0 "\nCache-Control: max-age=60\nContent-Range: bytes 0-9/100", false},
    {"D-19", "no length", PART "\nContent-Range: bytes 0-9/*", false},
    {"C-9111-3.3-2", "another unit", PART "\nContent-Range: lines 0-9/100", false},
    {"D-19", "several parts", PART "\nContent-Type: multipart/byteranges; boundary=x", false},
    {"C-9110-14.4-2", "a wrong size", PART "\nContent-Range: bytes 0-9/100\nContent-Length: 11",
     false},
};

static void test_store(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(store_rows); i++) {
        struct shelf_world world;
        struct asking asking;
        shelf_world_init(&world);
        asking_make(&asking, &world, "GET", SHELF_URL, "Range: bytes=0-9");
        struct entry *entry = shelf_world_offer(&world, &asking, 206, store_rows[i].fields, 10);
        check_row(&store_rows[i], !entry == !store_rows[i].want);
        entry_unref(entry);
        world.rules.profile.ranges = false; /* C-9111-3-3 */
        assert_null(shelf_world_offer(&world, &asking, 206, store_rows[i].fields, 10));
        shelf_world_fini(&world);
    }
}

/* ---- answering ---- */

struct answer_row {
    const char *id;
    const char *name;
    const char *method;
    const char *fields;
    const char *want; /* NULL: not from what is stored */
};

static const struct answer_row answer_rows[] = {
    {"C-9111-3.3-3", "what it has", "GET", "Range: bytes=20-59", ""},
    {"C-9111-3.3-3", "a piece of it", "GET", "Range: bytes=30-30", ""},
    {"C-9111-3.3-3", "several pieces", "GET", "Range: bytes=20-21,50-51", ""},
    {"C-9111-3.3-3", "an octet more in front", "GET", "Range: bytes=19-30", NULL},
    {"C-9111-3.3-3", "an octet more behind", "GET", "Range: bytes=30-60", NULL},
    {"C-9111-3.3-3", "one of two not", "GET", "Range: bytes=20-21,98-99", NULL},
    {"C-9111-3.3-3", "to the end", "GET", "Range: bytes=30-", NULL},
    {"C-9111-3.3-3", "from the end", "GET", "Range: bytes=-60", NULL},
    {"C-9111-3.3-3", "all of it", "GET", NULL, NULL},
    {"C-9111-3.3-4", "a HEAD", "HEAD", "Range: bytes=20-59", NULL},
    {"C-9111-3.3-3", "a range that is none", "GET", "Range: bytes=x", NULL},
    {"C-9111-3.3-3", "behind the end", "GET", "Range: bytes=100-", NULL},
    {"C-9111-4.3.2-5", "If-Range that holds", "GET", "Range: bytes=20-59\nIf-Range: \"x\"", ""},
    {"C-9111-4.3.2-5", "If-Range of another version", "GET", "Range: bytes=20-59\nIf-Range: \"y\"",
     NULL},
    {"C-9111-4.3.2-1", "what the client has already", "GET",
     "Range: bytes=0-99\nIf-None-Match: \"x\"", ""},
};

static void test_answer(void **state)
{
    (void)state;
    struct shelf_world world;
    shelf_world_init(&world);
    assert_true(part_put(&world, NULL, 20, 59, PART));
    for (size_t i = 0; i < COUNT(answer_rows); i++) {
        const struct answer_row *row = &answer_rows[i];
        struct asking asking;
        struct shelf_set set;
        asking_make(&asking, &world, row->method, SHELF_URL, row->fields);
        struct shelf_pick pick = shelf_pick(&world.shelf, &asking.ask);
        check_row(row, !pick.entry == !row->want);
        check_row(row, pick.reuse.answer == (row->want ? STET_REUSE_FRESH : STET_REUSE_FORWARD));
        shelf_pick_drop(&pick);
        /* C-9111-4.3.2-7 */
        assert_true(shelf_gather(&world.shelf, &asking.ask, true, &set));
        check_row(row, set.candidates.count == 1);
        check_row(row, strcmp(row->method, "GET") || set.at[0].covers == (row->want != NULL));
        shelf_set_drop(&set);
    }
    shelf_world_fini(&world);
}

/* A part is sent on as it comes in; what breaks off is no part. */
static void test_filling(void **state)
{
    struct shelf_world world;
    (void)state;
    shelf_world_init(&world);
    struct entry *entry = part_offer(&world, NULL, 20, 59, PART);
    struct asking asking;
    asking_make(&asking, &world, "GET", SHELF_URL, "Range: bytes=30-40");
    struct shelf_pick pick = shelf_pick(&world.shelf, &asking.ask);
    assert_ptr_equal(pick.entry, entry);
    shelf_pick_drop(&pick);
    assert_true(entry_append(entry, "1234", 4));
    entry_seal(entry, false);
    assert_false(answers(&world, NULL, 30, 40));
    assert_false(answers(&world, NULL, 20, 20));
    entry_unref(entry);
    /* one that ends too early does not join */
    entry = part_offer(&world, NULL, 20, 59, PART);
    assert_true(part_put(&world, NULL, 60, 99, PART));
    entry_append(entry, "1234", 4);
    entry_seal(entry, true);
    struct entry *joined = shelf_join(&world.shelf, &world.rules, entry);
    assert_ptr_equal(joined, entry);
    entry_unref(joined);
    entry_unref(entry);
    shelf_world_fini(&world);
}

/* ---- joining ---- */

struct range {
    uint64_t first, last;
};

struct join_row {
    const char *id;
    const char *name;
    struct range parts[5]; /* until one that is {0, 0} */
    struct range held[3];
    bool whole;
};

static const struct join_row join_rows[] = {
    {"C-9111-3.4-1", "two that touch", {{0, 9}, {10, 19}}, {{0, 19}}, false},
    {"C-9111-3.4-1", "the other way round", {{10, 19}, {1, 9}}, {{1, 19}}, false},
    {"C-9111-3.4-1", "two that overlap", {{10, 29}, {20, 39}}, {{10, 39}}, false},
    {"C-9111-3.4-1", "one inside another", {{10, 39}, {20, 29}}, {{10, 39}}, false},
    {"C-9111-3.4-1", "one around another", {{20, 29}, {10, 39}}, {{10, 39}}, false},
    {"C-9111-3.4-1", "two apart", {{10, 19}, {30, 39}}, {{10, 19}, {30, 39}}, false},
    {"C-9111-3.4-1", "and what is between", {{10, 19}, {30, 39}, {20, 29}}, {{10, 39}}, false},
    {"C-9111-3.4-1", "the same again", {{10, 19}, {10, 19}}, {{10, 19}}, false},
    {"C-9110-15.3.7.3-1", "two halves", {{0, 49}, {50, 99}}, {{0, 99}}, true},
    {"C-9110-15.3.7.3-1", "in disorder", {{80, 99}, {20, 59}, {50, 85}, {0, 30}}, {{0, 99}}, true},
    {"C-9110-15.3.7.3-1", "all at once", {{0, 99}}, {{0, 99}}, true},
};

static void test_join(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(join_rows); i++) {
        const struct join_row *row = &join_rows[i];
        struct shelf_world world;
        struct asking asking;
        bool held[LENGTH] = {false};
        shelf_world_init(&world);
        for (const struct range *part = row->parts; part->last > 0; part++)
            assert_true(part_put(&world, NULL, part->first, part->last, PART));
        for (const struct range *range = row->held; range->last > 0; range++) {
            check_row(row, answers(&world, NULL, range->first, range->last));
            for (uint64_t at = range->first; at <= range->last; at++)
                held[at] = true;
        }
        for (uint64_t at = 0; at < LENGTH; at++)
            check_row(row, answers(&world, NULL, at, at) == held[at]);
        check_row(row, shelf_world_count(&world) == 1);
        asking_make(&asking, &world, "GET", SHELF_URL, NULL);
        struct shelf_pick pick = shelf_pick(&world.shelf, &asking.ask);
        check_row(row, !pick.entry == !row->whole);
        if (pick.entry) {
            check_row(row, entry_head_stored(pick.head).status == 200);
            check_row(row, entry_length(pick.entry) == LENGTH);
        }
        shelf_pick_drop(&pick);
        shelf_world_fini(&world);
    }
}

struct apart_row {
    const char *id;
    const char *name;
    const char *request; /* of the second part */
    const char *fields;
};

static const struct apart_row apart_rows[] = {
    {"C-9110-15.3.7.3-1", "another version", NULL,
     DATE_0 "\nCache-Control: max-age=60\nVary: Foo\nETag: \"y\""},
    {"C-9110-15.3.7.3-1", "another coding", NULL, PART "\nVary: Foo\nContent-Encoding: gzip"},
    {"C-9111-4-3", "another variant", "Foo: 1", PART "\nVary: Foo"},
};

static void test_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(apart_rows); i++) {
        const struct apart_row *row = &apart_rows[i];
        struct shelf_world world;
        shelf_world_init(&world);
        assert_true(part_put(&world, NULL, 0, 49, PART "\nVary: Foo"));
        assert_true(part_put(&world, row->request, 50, 99, row->fields));
        check_row(row, answers(&world, NULL, 0, 49));
        check_row(row, answers(&world, row->request, 50, 99));
        check_row(row, !answers(&world, row->request, 49, 50));
        shelf_world_fini(&world);
    }
}

/* The fields are those of the newest part, over what the others had [RFC 9110 §15.3.7.3]. */
static void test_fields(void **state)
{
    struct shelf_world world;
    struct asking asking;
    (void)state;
    shelf_world_init(&world);
    assert_true(part_put(&world, NULL, 0, 49, PART "\nX-Foo: old\nX-Bar: kept"));
    world.now = 50;
    assert_true(part_put(&world, NULL, 50, 99,
                         "Date: Sun, 06 Nov 1994 08:50:27 GMT\nCache-Control: max-age=60\n"
                         "ETag: \"x\"\nX-Foo: new"));
    world.now = 100; /* it is as fresh as the newest */
    asking_make(&asking, &world, "GET", SHELF_URL, NULL);
    struct shelf_pick pick = shelf_pick(&world.shelf, &asking.ask);
    assert_int_equal(pick.reuse.answer, STET_REUSE_FRESH);
    assert_true(stet_span_equal(
        entry_head_whole(pick.head),
        STET_SPAN("ETag: \"x\"\r\nCache-Control: max-age=60\r\nX-Foo: new\r\nX-Bar: kept\r\n")));
    shelf_pick_drop(&pick);
    shelf_world_fini(&world);
}

/* A whole response stands beside parts; a new one takes their place. */
static void test_beside(void **state)
{
    struct shelf_world world;
    struct asking asking;
    char whole[LENGTH + 1] = "";
    (void)state;
    for (unsigned i = 0; i < LENGTH; i++)
        whole[i] = octet_at(i);
    shelf_world_init(&world);
    asking_make(&asking, &world, "GET", SHELF_URL, NULL);
    assert_true(shelf_world_put(&world, &asking, 200, PART, whole));
    world.now = 60;
    assert_true(part_put(&world, NULL, 0, 49,
                         "Date: Sun, 06 Nov 1994 08:50:37 GMT\nCache-Control: max-age=60\n"
                         "ETag: \"x\""));
    assert_true(shelf_world_picks(&world, &asking, whole, STET_REUSE_VALIDATE));
    assert_true(answers(&world, NULL, 0, 9)); /* the part is fresh */
    assert_int_equal(shelf_world_count(&world), 2);
    world.now = 61;
    assert_true(shelf_world_put(&world, &asking, 200,
                                "Date: Sun, 06 Nov 1994 08:50:38 GMT\nCache-Control: max-age=60\n"
                                "ETag: \"x\"",
                                whole));
    assert_int_equal(shelf_world_count(&world), 1);
    assert_true(shelf_world_picks(&world, &asking, whole, STET_REUSE_FRESH));
    shelf_world_fini(&world);
}

/* C-9111-4.4-1: parts are invalidated and renewed as all else is. */
static void test_renew(void **state)
{
    struct shelf_world world;
    struct asking asking;
    struct shelf_set set;
    struct message message;
    (void)state;
    shelf_world_init(&world);
    assert_true(part_put(&world, NULL, 10, 19, PART));
    assert_true(part_put(&world, NULL, 30, 39, PART));
    asking_make(&asking, &world, "POST", SHELF_URL, NULL);
    const struct stet_response done = message_response(&message, 200, NULL);
    assert_int_equal(shelf_invalidate(&world.shelf, &world.rules, &asking.request, &done), 1);
    assert_false(answers(&world, NULL, 10, 19));
    asking_make(&asking, &world, "GET", SHELF_URL, "Range: bytes=10-19");
    assert_true(shelf_gather(&world.shelf, &asking.ask, true, &set));
    const struct stet_response response = message_response(&message, 304, PART "\nX: y");
    const struct stet_arrival arrival = shelf_world_arrival(&world);
    const struct stet_times times = stet_times_of(&response.head, &arrival);
    const struct shelf_renewal renewal = {&world.rules, &asking.request, &response, &times, true};
    assert_true(shelf_renew(&world.shelf, &set, 0, &renewal, NULL));
    shelf_set_drop(&set);
    assert_true(answers(&world, NULL, 10, 19));
    assert_true(answers(&world, NULL, 30, 39));
    assert_false(answers(&world, NULL, 20, 29));
    shelf_world_fini(&world);
}

/* More stretches than are kept of one content stand beside each other. */
static void test_many(void **state)
{
    struct shelf_world world;
    (void)state;
    shelf_world_init(&world);
    for (uint64_t i = 0; i < 25; i++)
        assert_true(part_put(&world, NULL, 4 * i, 4 * i + 1, PART));
    for (uint64_t i = 0; i < 25; i++)
        assert_true(answers(&world, NULL, 4 * i, 4 * i + 1));
    shelf_world_fini(&world);
}

/* ---- what is left ---- */

struct left_row {
    const char *id;
    const char *name;
    const char *fields;
    bool ranges;
    bool want;
};

static const struct left_row left_rows[] = {
    {"C-9111-3.3-1", "a strong tag and a length", PART "\nContent-Length: 100", true, true},
    {"C-9111-3.3-2", "no ranges here", PART "\nContent-Length: 100", false, false},
    {"C-9111-3.3-1", "no length", PART, true, false},
    {"C-9111-3.3-1", "no tag", DATE_0 "\nCache-Control: max-age=60\nContent-Length: 100", true,
     false},
    {"C-9111-3.3-1", "a weak tag",
     DATE_0 "\nCache-Control: max-age=60\nETag: W/\"x\"\nContent-Length: 100", true, false},
};

static void test_salvage(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(left_rows); i++) {
        const struct left_row *row = &left_rows[i];
        struct shelf_world world;
        struct asking asking;
        shelf_world_init(&world);
        world.rules.profile.ranges = row->ranges;
        asking_make(&asking, &world, "GET", SHELF_URL, NULL);
        const bool sized = strstr(row->fields, "Content-Length") != NULL;
        struct entry *entry =
            shelf_world_offer(&world, &asking, 200, row->fields, sized ? LENGTH : 0);
        assert_non_null(entry);
        for (uint64_t at = 0; at < 60; at++) {
            const char octet = octet_at(at);
            entry_append(entry, &octet, 1);
        }
        entry_seal(entry, false);
        check_row(row, shelf_salvage(&world.shelf, &world.rules, entry) == row->want);
        entry_unref(entry);
        /* C-9111-3.3-3, C-9111-3.3-4 */
        check_row(row, shelf_world_picks(&world, &asking, NULL, STET_REUSE_FORWARD));
        check_row(row, answers(&world, NULL, 0, 59) == row->want);
        check_row(row, !answers(&world, NULL, 59, 60));
        if (row->want) {
            struct entry *rest = part_offer(&world, NULL, 50, 99, PART);
            entry_append(rest, "xxxx", 0);
            for (uint64_t at = 50; at < 70; at++) {
                const char octet = octet_at(at);
                entry_append(rest, &octet, 1);
            }
            entry_seal(rest, false); /* breaks off as well */
            check_row(row, shelf_salvage(&world.shelf, &world.rules, rest));
            check_row(row, answers(&world, NULL, 0, 69));
            entry_unref(rest);
            check_row(row, part_put(&world, NULL, 70, 99, PART));
            check_row(row, answers(&world, NULL, 0, 99));
            check_row(row, shelf_world_count(&world) == 1);
        }
        shelf_world_fini(&world);
    }
}

/* ---- lending ---- */

/* Large parts are lent, not copied, and cost what they hold; small overlaps of large parts are
 * copied out of them. */
static void test_lending(void **state)
{
    enum { HALF = 100000 };
    static char bytes[HALF];
    const struct stet_stored stored = {.status = 200};
    const struct entry_key key = {{1, 2}, 3};
    struct entry *halves[2], *whole;
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        memset(bytes, 'a' + (int)i, sizeof bytes);
        halves[i] =
            entry_new(&key, STET_SPAN("u"), STET_SPAN_NONE, entry_head_new(&stored, NULL, 0), 0);
        assert_true(entry_append(halves[i], bytes, sizeof bytes));
        entry_seal(halves[i], true);
    }
    for (unsigned overlap = 0; overlap < 2; overlap++) {
        struct mosaic mosaic = {.parts = {.length = 2 * HALF}};
        const uint64_t first = overlap ? HALF / 2 : HALF;
        const uint64_t all = first + HALF;
        assert_true(mosaic_add(&mosaic, halves[0], &(struct stet_parts){all, 1, {{0, HALF - 1}}}));
        assert_true(
            mosaic_add(&mosaic, halves[1], &(struct stet_parts){all, 1, {{first, all - 1}}}));
        assert_true(mosaic_lay(&mosaic));
        assert_int_equal(mosaic_length(&mosaic), all);
        const bool copied = mosaic_is_wasteful(&mosaic);
        assert_false(copied);
        whole = entry_new(&key, STET_SPAN("u"), STET_SPAN_NONE, entry_head_new(&stored, NULL, 0),
                          copied ? all : 0);
        assert_true(mosaic_fill(&mosaic, whole, copied));
        entry_seal(whole, true);
        /* each half ends within a page */
        assert_true(entry_size(whole) >= 2 * HALF && entry_size(whole) < 2 * HALF + 10000);
        const char *at = NULL;
        for (uint64_t offset = 0, size; (size = entry_read(whole, offset, &at)) > 0; offset += size)
            for (uint64_t i = 0; i < size; i++)
                assert_int_equal(at[i], offset + i < HALF ? 'a' : 'b');
        entry_unref(whole);
    }
    /* ten octets of each */
    struct mosaic mosaic = {.parts = {.length = 100000}};
    assert_true(mosaic_add(&mosaic, halves[0], &(struct stet_parts){100000, 1, {{0, 9}}}));
    assert_true(mosaic_lay(&mosaic));
    assert_true(mosaic_is_wasteful(&mosaic));
    whole = entry_new(&key, STET_SPAN("u"), STET_SPAN_NONE, entry_head_new(&stored, NULL, 0), 10);
    assert_true(mosaic_fill(&mosaic, whole, true));
    entry_seal(whole, true);
    assert_true(entry_holds(whole, "aaaaaaaaaa"));
    entry_unref(halves[0]);
    entry_unref(halves[1]);
    entry_unref(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store),   cmocka_unit_test(test_answer),
        cmocka_unit_test(test_filling), cmocka_unit_test(test_join),
        cmocka_unit_test(test_apart),   cmocka_unit_test(test_fields),
        cmocka_unit_test(test_beside),  cmocka_unit_test(test_renew),
        cmocka_unit_test(test_many),    cmocka_unit_test(test_salvage),
        cmocka_unit_test(test_lending),
    };
    return cmocka_run_group_tests_name("shelf_parts", tests, NULL, NULL);
}
