/* Renewing: what a 304 changes of a stored response and what it must not, where the response goes
 * when its Vary changes, what HEAD tells, and what came in between. */
#include "base/memory.h"

#include "shelf_world.h"

#include <stdio.h>

#define DATE_0 "Date: Sun, 06 Nov 1994 08:49:37 GMT"
#define DATE_100 "Date: Sun, 06 Nov 1994 08:51:17 GMT"
#define STORED DATE_0 "\nCache-Control: max-age=60\nETag: \"x\"\nX-Foo: old\nContent-Encoding: gzip"

/* A look at all candidates of a request, as before a validation. */
struct validation {
    struct asking asking;
    struct shelf_set set;
};

static void validation_begin(struct validation *validation, struct shelf_world *world,
                             const char *request)
{
    asking_make(&validation->asking, world, "GET", SHELF_URL, request);
    assert_true(shelf_gather(&world->shelf, &validation->asking.ask, false, &validation->set));
}

/* Renews candidate `index` by a response with these fields. */
static bool validation_renew(struct validation *validation, struct shelf_world *world, size_t index,
                             const char *fields, bool update)
{
    struct message message;
    const struct stet_arrival arrival = shelf_world_arrival(world);
    const struct stet_response response = message_response(&message, 304, fields);
    const struct stet_times times = stet_times_of(&response.head, &arrival);
    const struct shelf_renewal renewal = {&world->rules, &validation->asking.request, &response,
                                          &times, update};
    return shelf_renew(&world->shelf, &validation->set, index, &renewal, NULL);
}

static bool renew(struct shelf_world *world, const char *request, const char *fields)
{
    struct validation validation;
    validation_begin(&validation, world, request);
    const bool done = validation_renew(&validation, world, 0, fields, true);
    shelf_set_drop(&validation.set);
    return done;
}

/* The text of the stored response's 200, with LF for CRLF; what was made here included. */
static const char *stored_text(struct shelf_world *world, const char *request)
{
    static char text[1000];
    struct asking asking;
    char *to = text;
    asking_make(&asking, world, "GET", SHELF_URL, request);
    struct shelf_pick pick = shelf_pick(&world->shelf, &asking.ask);
    const struct stet_span lines =
        pick.entry ? entry_head_whole(pick.head) : STET_SPAN("nothing\n");
    for (size_t i = 0; i < lines.len; i++)
        if (lines.at[i] != '\r')
            *to++ = lines.at[i];
    *to = '\0';
    shelf_pick_drop(&pick);
    return text;
}

/* ---- fields ---- */

struct update_row {
    const char *id;
    const char *name;
    const char *fresh;
    const char *want; /* the stored lines, then */
    enum stet_reuse_answer answer;
};

#define STILL "ETag: \"x\"\nCache-Control: max-age=60\nX-Foo: old\nContent-Encoding: gzip\n"

static const struct update_row update_rows[] = {
    {"C-9111-4.3.4-2", "a bare 304", DATE_100 "\nETag: \"x\"", STILL, STET_REUSE_FRESH},
    {"C-9110-6.6.1-3", "without a Date", "ETag: \"x\"", STILL, STET_REUSE_FRESH},
    {"C-9111-3.2-1", "a new value", DATE_100 "\nX-Foo: new",
     "ETag: \"x\"\nCache-Control: max-age=60\nX-Foo: new\nContent-Encoding: gzip\n",
     STET_REUSE_FRESH},
    {"C-9111-3.2-1", "a new field", DATE_100 "\nX-Bar: 1",
     "ETag: \"x\"\nCache-Control: max-age=60\nX-Foo: old\nX-Bar: 1\nContent-Encoding: gzip\n",
     STET_REUSE_FRESH},
    {"C-9111-3.2-1", "a new lifetime", DATE_100 "\nCache-Control: max-age=0",
     "ETag: \"x\"\nCache-Control: max-age=0\nX-Foo: old\nContent-Encoding: gzip\n",
     STET_REUSE_VALIDATE},
    {"C-9111-3.2-2", "what the octets depend on",
     DATE_100 "\nContent-Encoding: br\n"
              "Content-Length: 7",
     STILL, STET_REUSE_FRESH},
    {"C-9111-4.2.3-5", "it is old already", DATE_100 "\nAge: 60", STILL, STET_REUSE_VALIDATE},
    {"D-21", "a cookie", DATE_100 "\nSet-Cookie: a=b", STILL, STET_REUSE_FRESH},
    {"C-9111-3-4", "no-store", DATE_100 "\nCache-Control: no-store", "nothing\n",
     STET_REUSE_FORWARD},
    {"C-9111-3-5", "private", DATE_100 "\nCache-Control: private", "nothing\n", STET_REUSE_FORWARD},
    {"C-9111-4.1-4", "Vary: *", DATE_100 "\nVary: *", "nothing\n", STET_REUSE_FORWARD},
};

static void test_update(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(update_rows); i++) {
        const struct update_row *row = &update_rows[i];
        struct shelf_world world;
        struct asking asking;
        shelf_world_init(&world);
        check_row(row, shelf_world_stores(&world, NULL, STORED, "a"));
        world.now = 100;
        check_row(row, shelf_world_gets(&world, NULL, "a", STET_REUSE_VALIDATE));
        check_row(row, renew(&world, NULL, row->fresh));
        if (strcmp(stored_text(&world, NULL), row->want) != 0)
            fail_msg("%s (%s): %s", row->id, row->name, stored_text(&world, NULL));
        asking_make(&asking, &world, "GET", SHELF_URL, NULL);
        struct shelf_pick pick = shelf_pick(&world.shelf, &asking.ask);
        check_row(row, pick.reuse.answer == row->answer);
        if (pick.entry)
            check_row(row, entry_head_date(pick.head) == MESSAGE_DATE_AT + 100);
        shelf_pick_drop(&pick);
        shelf_world_fini(&world);
    }
}

/* C-9530-3-1, D-16: another digest is another content. */
static void test_digest(void **state)
{
    struct shelf_world world;
    (void)state;
    shelf_world_init(&world);
    assert_true(shelf_world_stores(&world, NULL, STORED "\nRepr-Digest: sha-256=:AAAA:", "a"));
    assert_false(renew(&world, NULL, DATE_100 "\nRepr-Digest: sha-256=:BBBB:"));
    assert_true(shelf_world_gets(&world, NULL, "a", STET_REUSE_VALIDATE)); /* marked */
    assert_true(renew(&world, NULL, DATE_100 "\nRepr-Digest: sha-256=:AAAA:"));
    assert_true(shelf_world_gets(&world, NULL, "a", STET_REUSE_FRESH));
    shelf_world_fini(&world);
}

/* C-9111-5.2.2.7-1: what may not be kept is for whom it was said to, not for who validates as well.
 */
static void test_withheld(void **state)
{
    struct shelf_world world;
    struct validation ann, bob;
    struct message message;
    struct entry_head *used;
    (void)state;
    shelf_world_init(&world);
    assert_true(shelf_world_stores(&world, NULL, STORED, "a"));
    validation_begin(&ann, &world, NULL);
    validation_begin(&bob, &world, NULL);
    const struct stet_arrival arrival = shelf_world_arrival(&world);
    const struct stet_response response =
        message_response(&message, 304, DATE_100 "\nCache-Control: private\nX-Foo: ann");
    const struct stet_times times = stet_times_of(&response.head, &arrival);
    const struct shelf_renewal renewal = {&world.rules, &ann.asking.request, &response, &times,
                                          true};
    assert_true(shelf_renew(&world.shelf, &ann.set, 0, &renewal, &used));
    const struct stet_span lines = entry_head_whole(used);
    assert_non_null(memmem(lines.at, lines.len, "X-Foo: ann", 10));
    entry_head_unref(used);
    assert_string_equal(stored_text(&world, NULL), "nothing\n");
    const struct stet_response other = message_response(&message, 304, DATE_100 "\nETag: \"x\"");
    const struct shelf_renewal later = {&world.rules, &bob.asking.request, &other, &times, true};
    assert_true(shelf_renew(&world.shelf, &bob.set, 0, &later, &used));
    const struct stet_span for_bob = entry_head_whole(used);
    assert_non_null(memmem(for_bob.at, for_bob.len, "X-Foo: old", 10));
    assert_null(memmem(for_bob.at, for_bob.len, "private", 7));
    entry_head_unref(used);
    shelf_set_drop(&ann.set);
    shelf_set_drop(&bob.set);
    shelf_world_fini(&world);
}

/* A 304 without a validator renews, but updates no field. */
static void test_times_only(void **state)
{
    struct shelf_world world;
    struct validation validation;
    (void)state;
    shelf_world_init(&world);
    assert_true(shelf_world_stores(&world, NULL, STORED, "a"));
    world.now = 100;
    validation_begin(&validation, &world, NULL);
    assert_true(validation_renew(&validation, &world, 0, DATE_100 "\nX-Foo: new", false));
    assert_string_equal(stored_text(&world, NULL), STILL);
    assert_true(shelf_world_gets(&world, NULL, "a", STET_REUSE_FRESH));
    /* somebody who asked before cannot make it older again */
    world.now = 50;
    assert_true(validation_renew(&validation, &world, 0, DATE_0 "\nX-Foo: early", true));
    assert_string_equal(stored_text(&world, NULL), STILL);
    world.now = 100;
    assert_true(shelf_world_gets(&world, NULL, "a", STET_REUSE_FRESH));
    shelf_set_drop(&validation.set);
    shelf_world_fini(&world);
}

/* What the request alone forbids leaves what is stored as it is. */
static void test_request_forbids(void **state)
{
    static const char *const requests[] = {"Authorization: Basic x", "Cache-Control: no-store"};
    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++) {
        struct shelf_world world;
        shelf_world_init(&world);
        assert_true(shelf_world_stores(&world, NULL, STORED, "a"));
        world.now = 100;
        assert_true(renew(&world, requests[i], DATE_100 "\nX-Foo: new"));
        assert_string_equal(stored_text(&world, NULL), STILL);
        assert_true(shelf_world_gets(&world, NULL, "a", STET_REUSE_VALIDATE));
        shelf_world_fini(&world);
    }
}

/* C-9111-3.5-1, D-22: what answered an authorised request keeps its permission, or leaves. */
static void test_authorised(void **state)
{
    static const struct {
        const char *id, *name, *request, *fresh;
        bool stays;
    } rows[] = {
        {"C-9111-3.5-1", "nothing said anew", NULL, DATE_100 "\nX-Foo: new", true},
        {"C-9111-3.5-1", "another permission", NULL,
         DATE_100 "\nCache-Control: max-age=60, must-revalidate", true},
        {"C-9111-3.5-1", "lost", NULL, DATE_100 "\nCache-Control: max-age=60", false},
        {"C-9111-3.5-1", "lost, to one who is authorised", "Authorization: Basic y",
         DATE_100 "\nCache-Control: max-age=60", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct shelf_world world;
        shelf_world_init(&world);
        check_row(&rows[i], shelf_world_stores(&world, "Authorization: Basic x",
                                               DATE_0 "\nCache-Control: public, max-age=60\n"
                                                      "ETag: \"x\"",
                                               "a"));
        world.now = 100;
        check_row(&rows[i], renew(&world, rows[i].request, rows[i].fresh));
        check_row(&rows[i], (strcmp(stored_text(&world, NULL), "nothing\n") != 0) == rows[i].stays);
        if (rows[i].stays) /* and so at the next renewal */
            check_row(&rows[i], renew(&world, NULL, DATE_100 "\nCache-Control: max-age=60"));
        check_row(&rows[i], strcmp(stored_text(&world, NULL), "nothing\n") == 0);
        shelf_world_fini(&world);
    }
}

/* The operator's lifetime counts after a renewal as it did before. */
static void test_lifetime(void **state)
{
    static const struct cache_lifetime lifetimes[] = {{200, 60}};
    struct shelf_world world;
    (void)state;
    shelf_world_init(&world);
    world.rules.lifetimes = lifetimes;
    world.rules.lifetime_count = COUNT(lifetimes);
    assert_true(shelf_world_stores(&world, NULL, DATE_0 "\nETag: \"x\"", "a"));
    assert_true(shelf_world_gets(&world, NULL, "a", STET_REUSE_FRESH));
    world.now = 100;
    assert_true(renew(&world, NULL, DATE_100));
    assert_true(shelf_world_gets(&world, NULL, "a", STET_REUSE_FRESH));
    shelf_world_fini(&world);
}

/* ---- Vary ---- */

struct move_row {
    const char *id;
    const char *name;
    const char *vary;  /* as it was stored, for a request with "Foo: 1" and "Bar: 1" */
    const char *fresh; /* as the 304 has it */
    const char *ask;   /* then */
    const char *want;
};

static const struct move_row move_rows[] = {
    {"C-9111-4.1-1", "a Vary where there was none", "X: y", "Vary: Foo", "Foo: 1", "a"},
    {"C-9111-4.1-1", "and others do not select it", "X: y", "Vary: Foo", "Foo: 2", NULL},
    {"C-9111-4.1-1", "another Vary", "Vary: Foo", "Vary: Bar", "Foo: 2\nBar: 1", "a"},
    {"C-9111-4.1-1", "and others", "Vary: Foo", "Vary: Bar", "Foo: 1\nBar: 2", NULL},
    {"C-9111-4.1-1", "one name more", "Vary: Foo", "Vary: Foo, Bar", "Foo: 1\nBar: 2", NULL},
    {"C-9111-4.1-1", "one name more, and it fits", "Vary: Foo", "Vary: Foo, Bar", "Foo: 1\nBar: 1",
     "a"},
    {"C-9111-4.1-1", "one name less", "Vary: Foo, Bar", "Vary: Bar", "Foo: 2\nBar: 1", "a"},
    {"C-9111-4.1-1", "the same names in other words", "Vary: Foo", "Vary: ,FOO", "Foo: 1", "a"},
    {"C-9111-4.1-1", "a Vary that names nothing", "Vary: Foo", "Vary:", "Foo: 7", "a"},
};

static void test_move(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(move_rows); i++) {
        const struct move_row *row = &move_rows[i];
        for (unsigned large = 0; large < 2; large++) {
            static char content[200001];
            struct shelf_world world;
            char fields[200];
            memset(content, 'a', sizeof content - 1);
            content[large ? sizeof content - 1 : 1] = '\0';
            shelf_world_init(&world);
            snprintf(fields, sizeof fields, STORED "\n%s", row->vary);
            check_row(row, shelf_world_stores(&world, "Foo: 1\nBar: 1", fields, content));
            snprintf(fields, sizeof fields, "%s\n" DATE_100, row->fresh);
            world.now = 100;
            check_row(row, renew(&world, "Foo: 1\nBar: 1", fields));
            check_row(row, shelf_world_gets(&world, row->ask, row->want ? content : NULL,
                                            row->want ? STET_REUSE_FRESH : STET_REUSE_FORWARD));
            shelf_world_fini(&world);
        }
    }
}

/* Of a variant that the request does not select nobody knows what would select it now. */
static void test_move_unknown(void **state)
{
    struct shelf_world world;
    struct validation validation;
    (void)state;
    shelf_world_init(&world);
    assert_true(shelf_world_stores(&world, "Foo: 1", STORED "\nVary: Foo", "a"));
    validation_begin(&validation, &world, "Foo: 2");
    assert_int_equal(validation.set.candidates.count, 1);
    assert_true(validation_renew(&validation, &world, 0, DATE_100, true)); /* stays so far */
    assert_true(shelf_world_gets(&world, "Foo: 1", "a", STET_REUSE_FRESH));
    assert_true(validation_renew(&validation, &world, 0, DATE_100 "\nVary: Foo, Bar", true));
    assert_true(shelf_world_gets(&world, "Foo: 1", NULL, STET_REUSE_FORWARD));
    shelf_set_drop(&validation.set);
    shelf_world_fini(&world);
}

/* ---- meanwhile ---- */

static void test_marked_meanwhile(void **state)
{
    struct shelf_world world;
    struct validation validation;
    (void)state;
    for (unsigned soft = 0; soft < 2; soft++) {
        shelf_world_init(&world);
        assert_true(shelf_world_stores(&world, NULL, STORED, "a"));
        validation_begin(&validation, &world, NULL);
        if (soft)
            entry_expire(validation.set.entries[0], 1);
        else
            entry_mark(validation.set.entries[0]);
        assert_true(validation_renew(&validation, &world, 0, DATE_0, true));
        assert_true(shelf_world_gets(&world, NULL, "a", STET_REUSE_VALIDATE));
        shelf_set_drop(&validation.set);
        validation_begin(&validation, &world, NULL); /* asked afterwards: it counts */
        assert_true(validation_renew(&validation, &world, 0, DATE_0, true));
        assert_true(shelf_world_gets(&world, NULL, "a", STET_REUSE_FRESH));
        shelf_set_drop(&validation.set);
        shelf_world_fini(&world);
    }
}

/* Nor does a head that came in between make it forgotten. */
static void test_marked_before_another(void **state)
{
    struct shelf_world world;
    struct validation one, other;
    (void)state;
    for (unsigned tags = 0; tags < 2; tags++) {
        shelf_world_init(&world);
        assert_true(shelf_world_stores(&world, NULL, STORED, "a"));
        validation_begin(&one, &world, NULL);
        validation_begin(&other, &world, NULL);
        entry_mark(one.set.entries[0]);
        if (tags)
            assert_true(shelf_tag(one.set.entries[0], STET_SPAN("\"m\""), -1));
        else
            assert_true(validation_renew(&one, &world, 0, DATE_0, true));
        assert_true(validation_renew(&other, &world, 0, DATE_0, true));
        assert_true(shelf_world_gets(&world, NULL, "a", STET_REUSE_VALIDATE));
        shelf_set_drop(&one.set);
        shelf_set_drop(&other.set);
        shelf_world_fini(&world);
    }
}

/* Two answers to two requests: the later one is laid over the earlier one. */
static void test_twice(void **state)
{
    struct shelf_world world;
    struct validation one, other;
    (void)state;
    shelf_world_init(&world);
    assert_true(shelf_world_stores(&world, NULL, STORED, "a"));
    validation_begin(&one, &world, NULL);
    validation_begin(&other, &world, NULL);
    world.now = 100;
    assert_true(validation_renew(&one, &world, 0, DATE_100 "\nX-One: 1", true));
    assert_true(validation_renew(&other, &world, 0, DATE_100 "\nX-Other: 1", true));
    assert_string_equal(stored_text(&world, NULL),
                        "ETag: \"x\"\nCache-Control: max-age=60\nX-Foo: old\nX-One: 1\n"
                        "X-Other: 1\nContent-Encoding: gzip\n");
    shelf_set_drop(&one.set);
    shelf_set_drop(&other.set);
    shelf_world_fini(&world);
}

/* ---- tags made here ---- */

static void test_tag(void **state)
{
    struct shelf_world world;
    struct validation validation;
    (void)state;
    shelf_world_init(&world);
    assert_true(shelf_world_stores(&world, NULL, DATE_0 "\nCache-Control: max-age=60", "a"));
    validation_begin(&validation, &world, NULL);
    entry_mark(validation.set.entries[0]);
    assert_true(shelf_tag(validation.set.entries[0], STET_SPAN("\"m\""), MESSAGE_DATE_AT));
    assert_string_equal(stored_text(&world, NULL),
                        "ETag: \"m\"\nCache-Control: max-age=60\n"
                        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n");
    assert_true(shelf_world_gets(&world, NULL, "a", STET_REUSE_VALIDATE)); /* still marked */
    shelf_set_drop(&validation.set);

    validation_begin(&validation, &world, NULL);
    assert_false(stet_head_has(validation.set.candidates.at[0].head, STET_FIELD_ETAG));
    assert_true(validation_renew(&validation, &world, 0, DATE_0 "\nX: y", true));
    assert_string_equal(stored_text(&world, NULL),
                        "ETag: \"m\"\nCache-Control: max-age=60\nX: y\n"
                        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n");
    assert_true(validation_renew(&validation, &world, 0, DATE_0 "\nETag: \"own\"", true));
    assert_string_equal(stored_text(&world, NULL),
                        "ETag: \"own\"\nCache-Control: max-age=60\nX: y\n"
                        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n");
    shelf_set_drop(&validation.set);
    shelf_world_fini(&world);
}

/* ---- HEAD ---- */

struct head_row {
    const char *id;
    const char *name;
    int status;
    const char *fields;
    bool updates;
    enum stet_reuse_answer answer;
};

static const struct head_row head_rows[] = {
    {"C-9111-4.3.5-1", "it fits", 200, DATE_100 "\nETag: \"x\"\nX-Foo: new", true,
     STET_REUSE_FRESH},
    {"C-9111-4.3.5-2", "the length fits, too", 200,
     DATE_100 "\nETag: \"x\"\nContent-Length: 1\nX-Foo: new", true, STET_REUSE_FRESH},
    {"C-9111-4.3.5-2", "another length", 200,
     DATE_100 "\nETag: \"x\"\nContent-Length: 2\nX-Foo: new", false, STET_REUSE_VALIDATE},
    {"C-9111-4.3.5-2", "another tag", 200, DATE_100 "\nETag: \"y\"\nX-Foo: new", false,
     STET_REUSE_VALIDATE},
    {"C-9111-4.3.5-1", "an error says nothing", 500, DATE_100 "\nX-Foo: new", false,
     STET_REUSE_FRESH},
    {"C-9111-3-4", "no-store", 200, DATE_100 "\nETag: \"x\"\nCache-Control: no-store", false,
     STET_REUSE_FORWARD},
};

static void test_head(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(head_rows); i++) {
        const struct head_row *row = &head_rows[i];
        struct shelf_world world;
        struct asking head;
        struct message message;
        shelf_world_init(&world);
        assert_true(shelf_world_stores(&world, "Foo: 1", STORED "\nVary: Foo", "a"));
        assert_true(shelf_world_stores(&world, "Foo: 2", STORED "\nVary: Foo", "b"));
        world.now = 40;
        const struct stet_arrival arrival = shelf_world_arrival(&world);
        asking_make(&head, &world, "HEAD", SHELF_URL, "Foo: 1");
        const struct stet_response response = message_response(&message, row->status, row->fields);
        const struct stet_times times = stet_times_of(&response.head, &arrival);
        shelf_learn_head(&world.shelf, &head.ask, &response, &times);
        const char *content = row->answer == STET_REUSE_FORWARD ? NULL : "a";
        check_row(row, shelf_world_gets(&world, "Foo: 1", content, row->answer));
        check_row(row, !strstr(stored_text(&world, "Foo: 1"), "X-Foo: new") == !row->updates);
        check_row(row, shelf_world_gets(&world, "Foo: 2", "b", STET_REUSE_FRESH));
        check_row(row, strstr(stored_text(&world, "Foo: 2"), "X-Foo: old") != NULL);
        world.now = 60;
        check_row(row, shelf_world_gets(&world, "Foo: 2", "b", STET_REUSE_VALIDATE));
        shelf_world_fini(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_withheld),
        cmocka_unit_test(test_times_only),
        cmocka_unit_test(test_request_forbids),
        cmocka_unit_test(test_authorised),
        cmocka_unit_test(test_lifetime),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_move_unknown),
        cmocka_unit_test(test_marked_meanwhile),
        cmocka_unit_test(test_marked_before_another),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_tag),
        cmocka_unit_test(test_head),
    };
    return cmocka_run_group_tests_name("shelf_renew", tests, NULL, NULL);
}
