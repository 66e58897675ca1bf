/* When to ask again: never sooner than is wanted, allowed or of any use.
 */
#include "client/message.h"
#include "client/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void waits(void **state)
{
    static const struct {
        const char *name;
        struct pace pace;
        int64_t least, most;
    } rows[] = {
        {"the interval", {.interval = 30000}, 30000, 30000},
        {"a tenth more at most", {.interval = 30000, .random = UINT64_MAX}, 30000, 33000},
        {"fresh for longer", {.interval = 30000, .ttl = 600}, 600000, 600000},
        {"fresh for less", {.interval = 30000, .ttl = 3}, 30000, 30000},
        {"stale", {.interval = 30000, .ttl = -600}, 30000, 30000},
        {"Retry-After", {.interval = 1000, .retry_after = 120}, 120000, 120000},
        {"one failure", {.interval = 1000, .failures = 1}, 2000, 2000},
        {"many", {.interval = 1000, .failures = 100}, 16000, 16000},
        {"a day at most", {.interval = 1000, .ttl = INT64_MAX}, 86400000, 86400000},
        {"a day at most", {.interval = INT64_MAX, .failures = 9}, 86400000, 86400000},
    };
    unsigned failed = 0;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const int64_t wait = pace_next(&rows[i].pace);
        if (wait < rows[i].least || wait > rows[i].most) {
            print_error("%s: %lld\n", rows[i].name, (long long)wait);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

static void spreads(void **state)
{
    bool other = false;
    (void)state;

    for (uint64_t random = 0; random < 5000; random++) {
        const struct pace pace = {.interval = 1000, .random = random};
        const int64_t wait = pace_next(&pace);
        assert_in_range(wait, 1000, 1100);
        other = other || wait != 1000;
    }
    assert_true(other);
}

static void reads_retry_after(void **state)
{
    static const struct {
        const char *value;
        int64_t seconds;
    } rows[] = {
        {"120", 120},
        {"0", 0},
        {"99999999999999999999", 86400},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 37},
        {"Sun, 06 Nov 1994 08:48:59 GMT", 0},
        {"Sun, 06 Nov 2094 08:49:37 GMT", 86400},
        {"soon", 0},
        {"-1", 0},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct message head = {0};
        assert_true(message_add(&head, STET_SPAN("Retry-After"), stet_span_of(rows[i].value)));
        assert_int_equal(pace_retry_after(&head.head, 784111740), rows[i].seconds);
        message_fini(&head);
    }
    assert_int_equal(pace_retry_after(&(const struct stet_head){0}, 0), 0);
}

/* C-8470-5.2-2: 425 is one of those that pass. */
static void knows_what_passes(void **state)
{
    static const int passing[] = {408, 425, 429, 500, 502, 503, 504};
    static const int lasting[] = {200, 301, 304, 400, 401, 404, 410, 416, 501, 505, 511};
    (void)state;

    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
        assert_true(pace_is_transient(passing[i]));
        assert_int_equal(pace_is_undone(passing[i]), passing[i] < 500 || passing[i] == 503);
    }
    for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++) {
        assert_false(pace_is_transient(lasting[i]));
        assert_false(pace_is_undone(lasting[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits),
        cmocka_unit_test(spreads),
        cmocka_unit_test(reads_retry_after),
        cmocka_unit_test(knows_what_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
