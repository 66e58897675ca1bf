/* The client's cache: one URL, many answers, and whose they are. */
#include "client_story.h"

static const struct story variant_stories[] = {
    {"C-9111-4.1-1",
     "Vary",
     0,
     {{.ask = "Accept-Language: de\n",
       .reply = A "Vary: Accept-Language\n",
       .body = "eins",
       .status = 200,
       .content = "eins",
       .source = NET},
      {.ask = "Accept-Language: en\n",
       .reply = "200\nETag: \"b\"\nVary: Accept-Language\nCache-Control: max-age=60\n",
       .body = "one",
       .sent = "If-None-Match: \"a\"\n",
       .status = 200,
       .content = "one",
       .source = NET},
      {.ask = "Accept-Language: de\n", .status = 200, .content = "eins", .source = FRESH},
      {.ask = "Accept-Language: en\n", .status = 200, .content = "one", .source = FRESH},
      {.reply = "304\nETag: \"b\"\n",
       .sent = "If-None-Match: \"a\", \"b\"\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-4.1-4",
     "Vary: *",
     0,
     {{.reply = A "Vary: *\n", .body = "one", .status = 200, .content = "one", .source = NET},
      {.reply = A, .body = "two", .status = 200, .content = "two", .source = NET}}},
    {"C-9111-4.1-3",
     "absent is not empty",
     0,
     {{.ask = "X-Foo: \n",
       .reply = A "Vary: X-Foo\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.reply = A "Vary: X-Foo\n", .body = "two", .status = 200, .content = "two", .source = NET}}},
    {"C-9111-7.3-1",
     "another user",
     0,
     {{.ask = "Authorization: Basic a\n",
       .reply = A,
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.ask = "Authorization: Basic b\n",
       .reply = A,
       .body = "two",
       .sent = "!If-None-Match",
       .status = 200,
       .content = "two",
       .source = NET},
      {.reply = A,
       .body = "three",
       .sent = "!If-None-Match",
       .status = 200,
       .content = "three",
       .source = NET},
      {.ask = "Authorization: Basic a\n", .status = 200, .content = "one", .source = FRESH},
      {.ask = "Authorization: Basic b\n", .status = 200, .content = "two", .source = FRESH},
      {.status = 200, .content = "three", .source = FRESH}}},
    {"C-9111-7.3-1",
     "public makes no difference",
     0,
     {{.ask = "Authorization: Basic a\n",
       .reply = A "Cache-Control: public\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.ask = "Authorization: Basic b\n",
       .reply = A,
       .body = "two",
       .status = 200,
       .content = "two",
       .source = NET}}},
    {"C-9111-7.3-1",
     "another cookie",
     0,
     {{.ask = "Cookie: s=1\n",
       .reply = A "Vary: Cookie\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.ask = "Cookie: s=2\n",
       .reply = A,
       .body = "two",
       .sent = "!If-None-Match",
       .status = 200,
       .content = "two",
       .source = NET},
      {.ask = "Cookie: s=1\n", .status = 200, .content = "one", .source = FRESH}}},
    {"C-9111-4.4-1",
     "a user's POST reaches what others have",
     0,
     {GETS_A,
      {.method = "POST",
       .ask = "Authorization: Basic a\n",
       .reply = "204\n",
       .status = 204,
       .content = "",
       .source = NET},
      {.reply = "304\nETag: \"a\"\n", .status = 200, .content = "one", .source = SAME}}},
};

PLAYS(variant)

static void test_certificate(void **state)
{
    (void)state;
    world.cache.certificate = "one.pem";
    get(&answer_a, 1, false);
    world.cache.certificate = "other.pem";
    get(&answer_a, 1, false);
    assert_int_equal(world.asked, 1);
    world.cache.certificate = NULL;
    get(&answer_a, 1, false);
    assert_int_equal(world.asked, 1);
    world.cache.certificate = "one.pem";
    get(NULL, 0, false);
    assert_int_equal(world.outcome.source, CACHE_SOURCE_STORED);
}

/* What the transfers say of themselves counts where Vary looks at it. */
static void test_user_agent(void **state)
{
    const struct world_answer answer = {A "Vary: User-Agent\n", "one", TRANSFER_COMPLETE};
    (void)state;
    world.cache.user_agent = "stet/1";
    get(&answer, 1, false);
    assert_string_equal(world.sent[0], "User-Agent: stet/1\n");
    get(NULL, 0, false);
    assert_int_equal(world.outcome.source, CACHE_SOURCE_STORED);
    world.cache.user_agent = "other/2";
    get(&answer, 1, false);
    assert_int_equal(world.outcome.source, CACHE_SOURCE_NETWORK);
}

/* No secret of a request is written down. */
static void test_secrets(void **state)
{
    struct message ask = {0};
    char command[256];
    (void)state;
    assert_true(world_message(&ask, "Authorization: Basic hunter2\nCookie: s=hunter2\n"));
    const struct cache_request request = {
        .transfer = {.method = "GET", .url = WORLD_URL, .head = &ask.head}};
    const struct world_answer answer = {A "Vary: Cookie, Authorization, X-Foo\n", "one",
                                        TRANSFER_COMPLETE};
    world_ask(&request, &answer, 1);
    assert_true(world.outcome.stored);
    message_fini(&ask);
    snprintf(command, sizeof command, "! grep -rq hunter2 %s && grep -rq x-foo %s", world.folder,
             world.folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, world_init, world_fini)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variant),
        EACH(test_certificate),
        EACH(test_user_agent),
        EACH(test_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
