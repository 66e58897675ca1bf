/* A client's cache when a resource is changed while it is fetched: what comes then is of before,
 * perhaps, and is asked about before it is used, whoever changed it.
 */
#include "client_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RIVAL_ANSWER                     \
    {                                    \
        "204\n", NULL, TRANSFER_COMPLETE \
    }

struct race {
    const char *id, *name;
    bool stored;        /* a response that has become stale, before it begins */
    const char *method; /* of the request that overtakes */
    const char *url;
    struct world_answer slow; /* what comes of the one that is overtaken */
    bool asks;                /* the next one has to */
};

static const struct race races[] = {
    {"C-9111-4.4-1",
     "a new response",
     false,
     "POST",
     WORLD_URL,
     {A, "old", TRANSFER_COMPLETE},
     true},
    {"C-9111-4.4-1",
     "one that is validated",
     true,
     "PUT",
     WORLD_URL,
     {"304\nETag: \"a\"\nCache-Control: max-age=60\n", NULL, TRANSFER_COMPLETE},
     true},
    {"C-9111-4.4-1",
     "one that is replaced",
     true,
     "DELETE",
     WORLD_URL,
     {"200\nETag: \"b\"\nCache-Control: max-age=60\n", "two", TRANSFER_COMPLETE},
     true},
    {"C-9111-4.4-1",
     "a safe request overtakes",
     false,
     "OPTIONS",
     WORLD_URL,
     {A, "old", TRANSFER_COMPLETE},
     false},
    {"C-9111-4.4-1",
     "of another resource",
     false,
     "POST",
     "http://example.org/elsewhere",
     {A, "old", TRANSFER_COMPLETE},
     false},
};

static struct cache_fetch *rival_fetch;

static void begin(const char *method, const char *url, struct cache_fetch **to)
{
    const struct stet_head none = {0};
    const struct cache_request request = {
        .transfer = {.method = method, .url = url, .head = &none}};

    assert_true(cache_fetch(&world.cache, &request, &world_events, NULL, to));
}

/* The request that began last is answered first. */
static void run(const struct race *race)
{
    const struct world_answer answers[] = {RIVAL_ANSWER, race->slow};

    if (race->stored) {
        get(&answer_a, 1, false);
        world_clock += 120;
    }
    begin("GET", WORLD_URL, &world.fetch);
    begin(race->method, race->url, &rival_fetch);
    world.answers = answers;
    world.answer_count = 2;
    transfers_run(NULL, -1);
}

static void overtaken(void **state)
{
    unsigned failed = 0;

    for (size_t i = 0; i < sizeof races / sizeof *races; i++) {
        if (i > 0)
            world_init(state);
        run(&races[i]);
        get(&answer_a, 1, false);
        if ((world.asked > 0) != races[i].asks ||
            (races[i].asks && !strstr(world.sent[0], "If-None-Match"))) {
            print_error("%s %s: asked %zu, \"%s\"\n", races[i].id, races[i].name, world.asked,
                        world.sent[0]);
            failed++;
        }
        if (i + 1 < sizeof races / sizeof *races)
            world_fini(state);
    }
    assert_int_equal(failed, 0);
}

/* What answered once after it was overtaken is as good as any. */
static void settles(void **state)
{
    const struct race *race = &races[0];
    const struct world_answer current = {"304\nETag: \"a\"\nCache-Control: max-age=60\n", NULL,
                                         TRANSFER_COMPLETE};
    (void)state;

    run(race);
    get(&current, 1, false);
    assert_string_equal(world.content, "old");
    get(&current, 1, false);
    assert_int_equal(world.asked, 0);
}

/* What an unsafe request itself brings is not older than itself. */
static void answers_of_its_own(void **state)
{
    const struct stet_head none = {0};
    const struct cache_request request = {
        .transfer = {.method = "POST", .url = WORLD_URL, .head = &none, .content = STET_SPAN("x")}};
    const struct world_answer answer = {"200\nContent-Location: " WORLD_URL
                                        "\nCache-Control: max-age=60\n",
                                        "new", TRANSFER_COMPLETE};
    (void)state;

    world_ask(&request, &answer, 1);
    get(&answer_a, 1, false);
    assert_true(world.asked == 0 || !strstr(world.sent[0], "If-None-Match"));
}

/* The cache may be removed by hand at any time: what comes then is not taken for current. */
static void the_folder_goes(void **state)
{
    char command[128];
    (void)state;

    begin("GET", WORLD_URL, &world.fetch);
    snprintf(command, sizeof command, "rm -rf '%s'/v1/??", world.folder);
    assert_int_equal(system(command), 0);
    world.answers = &answer_a;
    world.answer_count = 1;
    transfers_run(NULL, -1);
    assert_string_equal(world.content, "one");
    get(&answer_a, 1, false);
    assert_int_equal(world.asked, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(overtaken, world_init, world_fini),
        cmocka_unit_test_setup_teardown(settles, world_init, world_fini),
        cmocka_unit_test_setup_teardown(answers_of_its_own, world_init, world_fini),
        cmocka_unit_test_setup_teardown(the_folder_goes, world_init, world_fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
