/* Explanations: what is stored, for how long, and how a request would be answered, in words and as
 * JSON; each sentence with its law.
 */
#include "cache/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shelf_world.h"

static void has(const struct text *text, const char *part)
{
    if (!memmem(text->at, text->len, part, strlen(part)))
        fail_msg("no \"%s\" in\n%.*s", part, (int)text->len, text->at);
}

static void has_not(const struct text *text, const char *part)
{
    if (memmem(text->at, text->len, part, strlen(part)))
        fail_msg("\"%s\" in\n%.*s", part, (int)text->len, text->at);
}

static void explains(struct shelf_world *world, const char *fields, enum explain_form form,
                     struct text *text)
{
    struct asking asking;
    text_fini(text);
    assert_true(explain_stored(&world->shelf, asking_make(&asking, world, "GET", SHELF_URL, fields),
                               form, text));
}

static void what_is_stored(void **state)
{
    struct shelf_world world;
    struct text text = {0};
    (void)state;

    shelf_world_init(&world);
    explains(&world, NULL, EXPLAIN_WORDS, &text);
    has(&text, "key         http://example.org/where\n");
    has(&text, "stored      nothing\n");
    has(&text, "answer      from the origin\n"
               "            Nothing that fits the request is stored. [RFC 9111 §4]\n");

    assert_true(shelf_world_stores(&world, NULL,
                                   "Cache-Control: max-age=60, stale-while-revalidate=5\n"
                                   "ETag: \"x\"",
                                   "bytes"));
    world.now += 12;
    explains(&world, NULL, EXPLAIN_WORDS, &text);
    has(&text, "stored      200, 5 octets, ETag \"x\"\n");
    has(&text, "lifetime    60 s\n            max-age gives the lifetime. [RFC 9111 §5.2.2.1]\n");
    has(&text, "when stale  for 5 s, while it is validated\n");
    has(&text, "answer      from the store; 12 s old, fresh for 48 s\n"
               "            The stored response is fresh. [RFC 9111 §4.2]\n");

    explains(&world, "Cache-Control: no-cache", EXPLAIN_WORDS, &text);
    has(&text, "answer      after asking the origin whether it has changed; 12 s old");
    has(&text, "[RFC 9111 §5.2.1.4]");

    explains(&world, NULL, EXPLAIN_JSON, &text);
    has(&text, "{\"lines\":[{\"about\":\"key\",\"value\":\"http://example.org/where\"},");
    has(&text, "\"reason\":\"fresh\",\"sentence\":\"The stored response is fresh.\",\"law\":\"RFC "
               "9111 §4.2\"}]}\n");
    text_fini(&text);
    shelf_world_fini(&world);
}

static void what_would_become_of_it(void **state)
{
    static const struct {
        const char *fields;
        const char *wanted;
        const char *unwanted;
    } rows[] = {
        {"Cache-Control: no-store", "storing     no\n            The response forbids", "lifetime"},
        {"Cache-Control: max-age=5\nETag: \"x\"", "storing     yes\n", "stet proxy makes one"},
        {"Cache-Control: max-age=5", "validator   none: stet proxy makes one\n", "ETag"},
        {"Cache-Control: s-maxage=7", "when stale  never used without asking the origin\n", "no\n"},
        {"Cache-Control: max-age=5", "answer      from the store; 0 s old, fresh for 5 s\n",
         "no\n"},
    };
    struct shelf_world world;
    struct asking asking;
    (void)state;

    shelf_world_init(&world);
    asking_make(&asking, &world, "GET", SHELF_URL, NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message message;
        const struct stet_response response = message_response(&message, 200, rows[i].fields);
        const struct stet_transaction transaction = {.request = &asking.request,
                                                     .response = &response,
                                                     .arrival = shelf_world_arrival(&world)};
        struct text text = {0};
        explain_response(&world.rules, STET_SPAN(SHELF_URL), &transaction, EXPLAIN_WORDS, &text);
        has(&text, "url         http://example.org/where\n");
        has(&text, rows[i].wanted);
        has_not(&text, rows[i].unwanted);
        text_fini(&text);
    }
    shelf_world_fini(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_stored),
        cmocka_unit_test(what_would_become_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
