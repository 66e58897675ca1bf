/* The client's cache: what is stale is validated, served all the same, or invalidated. */
#include "client_story.h"

static const struct story validation_stories[] = {
    {"C-9111-4.3.3-2",
     "a full response",
     0,
     {GETS_A,
      {.at = 60,
       .reply = "200\nETag: \"b\"\nCache-Control: max-age=60\n",
       .body = "two",
       .sent = "If-None-Match: \"a\"\n",
       .status = 200,
       .content = "two",
       .source = NET},
      {.at = 61, .status = 200, .content = "two", .source = FRESH}}},
    {"C-9111-4.3.1-3",
     "the date goes along",
     0,
     {{.reply = A MOD, .body = "one", .status = 200, .content = "one", .source = NET},
      {.at = 60,
       .reply = "304\nETag: \"a\"\n",
       .sent = "If-None-Match: \"a\"\nIf-Modified-Since: Sun, 06 Nov 1994 07:49:37 GMT\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-4.2.3-5",
     "a 304 makes it young",
     0,
     {GETS_A,
      {.at = 60, .reply = "304\nETag: \"a\"\n", .status = 200, .content = "one", .source = SAME},
      {.at = 119, .status = 200, .content = "one", .source = FRESH, .head = "Age: 59\n"}}},
    {"C-9111-3.2-1",
     "a 304 updates fields",
     0,
     {{.reply = A "X-Foo: old\n", .body = "one", .status = 200, .content = "one", .source = NET},
      {.at = 60,
       .reply = "304\nETag: \"a\"\nX-Foo: new\nCache-Control: max-age=5\n",
       .status = 200,
       .content = "one",
       .source = SAME,
       .head = "X-Foo: new\n"},
      {.at = 64, .status = 200, .content = "one", .source = FRESH, .head = "X-Foo: new\n"},
      {.at = 65, .reply = "304\nETag: \"a\"\n", .status = 200, .content = "one", .source = SAME}}},
    {"C-9111-3.2-2",
     "a 304 leaves lengths and codings",
     0,
     {{.reply = A "Content-Length: 3\nContent-Encoding: gzip\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.at = 60,
       .reply = "304\nETag: \"a\"\nContent-Length: 0\nContent-Encoding: br\n",
       .status = 200,
       .content = "one",
       .source = SAME,
       .head = "Content-Length: 3\nContent-Encoding: gzip\n"}}},
    {"C-9111-3-4",
     "a 304 with no-store",
     0,
     {GETS_A,
      {.at = 60,
       .reply = "304\nETag: \"a\"\nCache-Control: no-store\n",
       .status = 200,
       .content = "one",
       .source = SAME},
      {.at = 61,
       .reply = A,
       .body = "two",
       .sent = "!If-None-Match",
       .status = 200,
       .content = "two",
       .source = NET}}},
    {"D-15",
     "a 304 that fits nothing",
     0,
     {GETS_A,
      {.at = 60,
       .reply = "304\nETag: \"b\"\n",
       .again = A,
       .again_body = "two",
       .sent = "If-None-Match: \"a\"\n",
       .sent_again = "!If-None-Match",
       .status = 200,
       .content = "two",
       .source = NET}}},
    {"D-16",
     "a 304 with another digest",
     0,
     {{.reply = A "Repr-Digest: sha-256=:AAAA:\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.at = 60,
       .reply = "304\nETag: \"a\"\nRepr-Digest: sha-256=:BBBB:\n",
       .again = A,
       .again_body = "two",
       .sent_again = "!If-None-Match",
       .status = 200,
       .content = "two",
       .source = NET}}},
    {"D-01",
     "a 304 that nobody asked for",
     0,
     {{.reply = "304\nETag: \"b\"\n", .status = 502, .content = "", .source = OURS}}},
    {"D-12",
     "a 304 from a stale cache",
     0,
     {{.reply = "200\nETag: \"a\"\nCache-Control: max-age=60, must-revalidate\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.at = 60,
       .reply = "304\nETag: \"a\"\nAge: 100\n",
       .again = "304\nETag: \"a\"\n",
       .sent_again = "If-None-Match: \"a\"\nCache-Control: max-age=0\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"D-41",
     "stale if the origin cannot be reached",
     0,
     {GETS_A,
      {.at = 60,
       .reply = DOWN,
       .status = 200,
       .content = "one",
       .source = STALE,
       .head = "Age: 60\n"}}},
    {"C-9111-4.2.4-1",
     "must-revalidate and it cannot be reached",
     0,
     {{.reply = "200\nETag: \"a\"\nCache-Control: max-age=60, must-revalidate\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.at = 60, .reply = DOWN, .status = 0, .content = "", .source = OURS}}},
    {"D-41",
     "an untrusted origin is not away",
     0,
     {GETS_A,
      {.at = 60,
       .reply = DOWN,
       .result = TRANSFER_TLS,
       .status = 0,
       .content = "",
       .source = OURS}}},
    {"C-5861-4-1",
     "stale-if-error",
     0,
     {{.reply = "200\nETag: \"a\"\nCache-Control: max-age=60, stale-if-error=60\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.at = 61, .reply = "503\n", .body = "no", .status = 200, .content = "one", .source = STALE},
      {.at = 130, .reply = "503\n", .body = "no", .status = 503, .content = "no", .source = NET}}},
    {"D-41",
     "an error without a permission",
     0,
     {GETS_A,
      {.at = 60, .reply = "500\n", .body = "no", .status = 500, .content = "no", .source = NET}}},
    {"D-42",
     "stale-while-revalidate",
     0,
     {{.reply = "200\nETag: \"a\"\nCache-Control: max-age=60, stale-while-revalidate=60\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.at = 61, .status = 200, .content = "one", .source = STALE},
      {.at = 130, .reply = "304\nETag: \"a\"\n", .status = 200, .content = "one", .source = SAME}}},
    {"C-8246-2-2",
     "immutable, and a reload",
     0,
     {{.reply = "200\nETag: \"a\"\nCache-Control: max-age=60, immutable\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      /* over plain HTTP it is not believed [RFC 8246 §3] */
      {.at = 9,
       .ask = "Cache-Control: max-age=0\n",
       .reply = "304\nETag: \"a\"\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-4.3.5-2",
     "HEAD shows the same",
     0,
     {GETS_A,
      {.at = 60,
       .method = "HEAD",
       .reply = A "Content-Length: 3\nX-Foo: new\n",
       .sent = "!If-None-Match",
       .status = 200,
       .content = "",
       .source = NET},
      {.at = 61, .status = 200, .content = "one", .source = FRESH, .head = "X-Foo: new\n"}}},
    {"D-17",
     "HEAD shows another",
     0,
     {GETS_A,
      {.at = 5,
       .method = "HEAD",
       .ask = "Cache-Control: no-cache\n",
       .reply = "200\nETag: \"b\"\nCache-Control: max-age=60\n",
       .status = 200,
       .content = "",
       .source = NET},
      {.at = 6,
       .reply = "304\nETag: \"a\"\n",
       .sent = "If-None-Match: \"a\"\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-4.4-1",
     "POST invalidates",
     0,
     {GETS_A,
      {.method = "POST", .reply = "204\n", .status = 204, .content = "", .source = NET},
      {.reply = "304\nETag: \"a\"\n",
       .sent = "If-None-Match: \"a\"\n",
       .status = 200,
       .content = "one",
       .source = SAME},
      {.method = "FOO", .reply = "500\n", .status = 500, .content = "", .source = NET},
      {.status = 200, .content = "one", .source = FRESH}}},
    {"C-9111-4.4-2",
     "and what Location names",
     0,
     {GETS_A,
      {.method = "PUT",
       .url = "http://example.org/other",
       .reply = "201\nLocation: /where?q=now\n",
       .status = 201,
       .content = "",
       .source = NET},
      {.reply = "304\nETag: \"a\"\n", .status = 200, .content = "one", .source = SAME}}},
    {"C-9111-4.4-3",
     "but not on another host",
     0,
     {GETS_A,
      {.method = "PUT",
       .url = "http://other.example/",
       .reply = "201\nLocation: " WORLD_URL "\n",
       .status = 201,
       .content = "",
       .source = NET},
      {.status = 200, .content = "one", .source = FRESH}}},
};

PLAYS(validation)

static void test_quiet(void **state)
{
    const struct world_answer same = {"304\nETag: \"a\"\n", NULL, TRANSFER_COMPLETE};
    (void)state;
    get(&answer_a, 1, true);
    assert_string_equal(world.content, "one"); /* it is new */
    get(NULL, 0, true);
    assert_string_equal(world.content, "");
    assert_int_equal(world.status, 200);
    assert_int_equal(world.outcome.source, CACHE_SOURCE_STORED);
    assert_int_equal(world.outcome.saved, 3);
    assert_true(world.outcome.whole);
    world_clock += 60;
    get(&same, 1, true);
    assert_string_equal(world.content, "");
    assert_int_equal(world.outcome.source, CACHE_SOURCE_VALIDATED);
    assert_false(world.outcome.changed);
}

/* A refetch with the same octets is no change. */
static void test_changed(void **state)
{
    const struct world_answer other = {"200\nETag: \"b\"\n", "one", TRANSFER_COMPLETE};
    const struct world_answer two = {"200\nETag: \"c\"\n", "two", TRANSFER_COMPLETE};
    (void)state;
    get(&answer_a, 1, false);
    assert_true(world.outcome.changed);
    assert_true(world.outcome.stored);
    assert_int_equal(world.outcome.ttl, 60);
    world_clock += 60;
    get(&other, 1, false);
    assert_false(world.outcome.changed);
    get(&two, 1, false);
    assert_true(world.outcome.changed);
}

/* Behind a stale answer the stored response is validated, if the process lives. */
static void test_refresh(void **state)
{
    const struct world_answer one = {
        "200\nETag: \"a\"\nCache-Control: max-age=60, stale-while-revalidate=60\n", "one",
        TRANSFER_COMPLETE};
    const struct world_answer two = {A, "two", TRANSFER_COMPLETE};
    (void)state;
    world.cache.lives = true;
    get(&one, 1, false);
    world_clock += 61;
    get(&two, 1, false);
    assert_string_equal(world.content, "one");
    assert_int_equal(world.ends, 1);
    assert_int_equal(world.asked, 1);
    assert_non_null(strstr(world.sent[0], "If-None-Match: \"a\""));
    get(NULL, 0, false);
    assert_string_equal(world.content, "two");
}

/* It is not asked for where no request may be sent, says once what is wanted, and takes no more
 * than it may. */
static void test_refresh_bounds(void **state)
{
    const struct world_answer one = {
        "200\nETag: \"a\"\nCache-Control: max-age=60, stale-while-revalidate=60\n", "one",
        TRANSFER_COMPLETE};
    const struct world_answer large = {A, "large", TRANSFER_COMPLETE};
    (void)state;
    world.cache.lives = true;
    world.cache.behind_size = 2;
    get(&one, 1, false);
    world_clock += 61;
    world.cache.mode = CACHE_OFFLINE;
    get(NULL, 0, false);
    assert_string_equal(world.content, "one");
    assert_int_equal(world.asked, 0);
    world.cache.mode = CACHE_USUAL;
    world.cache.stale_ok = 0;
    get(&large, 1, false);
    assert_int_equal(world.asked, 1);
    const char *said = strstr(world.sent[0], "max-stale");
    assert_non_null(said);
    assert_null(strstr(said + 1, "max-stale"));
    get(&large, 1, false);
    assert_string_equal(world.content, "one");
}

/* What is immutable is believed to be where nobody on the way can have said so, and all has come;
 * and nobody has asked for more than a reload. */
static void test_immutable(void **state)
{
    static const struct {
        const char *id, *name, *ask;
        bool secure, endless, asks;
    } rows[] = {
        {"C-8246-3-1", "a reload", "Cache-Control: max-age=0\n", true, false, false},
        {"C-8246-3-1", "in clear text", "Cache-Control: max-age=0\n", false, false, true},
        {"C-8246-3-1", "to the end of the connection", "Cache-Control: max-age=0\n", true, true,
         true},
        {"C-8246-3-1", "a forced reload", "Cache-Control: no-cache\n", true, false, true},
    };
    const struct world_answer same = {"304\nETag: \"a\"\n", NULL, TRANSFER_COMPLETE};
    const struct world_answer answer = {"200\nETag: \"a\"\nCache-Control: max-age=60, immutable\n",
                                        "one", TRANSFER_COMPLETE};

    for (size_t i = 0; i < COUNT(rows); i++) {
        struct message ask = {0};
        if (i > 0)
            world_init(state);
        world.secure = rows[i].secure;
        world.endless = rows[i].endless;
        get(&answer, 1, false);
        assert_true(world_message(&ask, rows[i].ask));
        const struct cache_request request = {
            .transfer = {.method = "GET", .url = WORLD_URL, .head = &ask.head}};
        world_clock += 9;
        world_ask(&request, &same, 1);
        check_row(&rows[i], (world.asked > 0) == rows[i].asks);
        check_row(&rows[i], strcmp(world.content, "one") == 0);
        message_fini(&ask);
        if (i + 1 < COUNT(rows))
            world_fini(state);
    }
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, world_init, world_fini)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validation),
        EACH(test_quiet),
        EACH(test_changed),
        EACH(test_refresh),
        EACH(test_refresh_bounds),
        EACH(test_immutable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
