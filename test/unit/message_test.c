/* Heads that own their bytes: lines come out as they went in, however often the octets move.
 */
#include "base/memory.h"
#include "client/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void is(struct stet_span span, const char *wanted)
{
    assert_int_equal(span.len, strlen(wanted));
    assert_memory_equal(span.at, wanted, span.len);
}

static void keeps_lines(void **state)
{
    struct message message = {0};
    char name[16], value[64];
    (void)state;

    for (unsigned i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "X-%u", i);
        snprintf(value, sizeof value, "  %u and some octets more\t", i);
        assert_true(message_add(&message, stet_span_of(name), stet_span_of(value)));
    }
    assert_true(message_add(&message, STET_SPAN("etag"), STET_SPAN("\"a\"")));
    assert_true(message_add(&message, STET_SPAN("Empty"), STET_SPAN("")));
    assert_int_equal(message.head.count, 502);
    is(message.head.fields[0].name, "X-0");
    is(message.head.fields[499].value, "499 and some octets more");
    is(stet_head_single(&message.head, STET_FIELD_ETAG), "\"a\"");
    is(message.head.fields[501].value, "");
    message_fini(&message);
    assert_int_equal(message.head.count, 0);
}

static void reads_lines_of_text(void **state)
{
    static const struct {
        const char *line, *name, *value;
    } rows[] = {
        {"Accept: text/html", "Accept", "text/html"},
        {"Accept:text/html", "Accept", "text/html"},
        {"Age:", "Age", ""},
        {"A: b: c", "A", "b: c"},
        {"nothing", "nothing", ""},
    };
    struct message message = {0};
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(message_add_line(&message, stet_span_of(rows[i].line)));
        is(message.head.fields[i].name, rows[i].name);
        is(message.head.fields[i].value, rows[i].value);
    }
    message_fini(&message);
}

static void takes_lines_out(void **state)
{
    struct message message = {0}, copy = {0};
    (void)state;

    assert_true(message_add_line(&message, STET_SPAN("Vary: a")));
    assert_true(message_add_line(&message, STET_SPAN("Age: 1")));
    assert_true(message_add_line(&message, STET_SPAN("vary: b")));
    assert_true(message_add_all(&copy, &message.head));
    message_remove(&message, STET_SPAN("VARY"));
    assert_int_equal(message.head.count, 1);
    assert_false(stet_head_has(&message.head, STET_FIELD_VARY));
    assert_true(stet_head_has(&message.head, STET_FIELD_AGE));
    message_clear(&message);
    assert_int_equal(message.head.count, 0);
    assert_false(stet_head_has(&message.head, STET_FIELD_AGE));
    assert_int_equal(copy.head.count, 3);
    is(copy.head.fields[2].value, "b");
    message_fini(&message);
    message_fini(&copy);
}

static void stays_without_memory(void **state)
{
    (void)state;

    for (uint64_t nth = 1; nth <= 2; nth++) {
        struct message message = {0};
        memory_fail_nth(nth);
        assert_false(message_add_line(&message, STET_SPAN("A: b")));
        memory_fail_nth(0);
        assert_int_equal(message.head.count, 0);
        assert_true(message_add_line(&message, STET_SPAN("A: b")));
        is(message.head.fields[0].value, "b");
        message_fini(&message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_lines),
        cmocka_unit_test(reads_lines_of_text),
        cmocka_unit_test(takes_lines_out),
        cmocka_unit_test(stays_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
