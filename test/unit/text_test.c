/* Growing texts: what is put comes out, JSON strings are valid whatever the octets, and without
 * memory a text says so.
 */
#include "base/memory.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect(struct text *text, const char *wanted)
{
    assert_int_equal(text->len, strlen(wanted));
    assert_memory_equal(text->at, wanted, text->len);
    text_fini(text);
}

static void grows(void **state)
{
    struct text text = {0};
    (void)state;

    for (unsigned i = 0; i < 1000; i++)
        text_say(&text, "%03u,", i);
    assert_false(text.failed);
    assert_int_equal(text.len, 4000);
    assert_memory_equal(text.at + 4 * 567, "567,", 4);
    text_fini(&text);
    text_put(&text, "again", 5);
    expect(&text, "again");
}

static void writes_json(void **state)
{
    static const struct {
        const char *octets;
        size_t len;
        const char *wanted;
    } rows[] = {
        {"", 0, "\"\""},
        {"plain", 5, "\"plain\""},
        {"a\"b\\c", 5, "\"a\\\"b\\\\c\""},
        {"\x00\x1f\x7f\n", 4, "\"\\u0000\\u001f\\u007f\\u000a\""},
        {"d\xc3\xa9j\xc3\xa0", 6, "\"d\xc3\xa9j\xc3\xa0\""},
        {"\xf0\x9f\x98\x80", 4, "\"\xf0\x9f\x98\x80\""},
        {"\xff", 1, "\"\\ufffd\""},
        {"\xc3", 1, "\"\\ufffd\""},                                  /* cut short */
        {"\xc0\xaf", 2, "\"\\ufffd\\ufffd\""},                       /* overlong */
        {"\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\""},            /* a surrogate */
        {"\xf4\x90\x80\x80", 4, "\"\\ufffd\\ufffd\\ufffd\\ufffd\""}, /* beyond Unicode */
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text text = {0};
        text_json(&text, rows[i].octets, rows[i].len);
        expect(&text, rows[i].wanted);
    }
}

static void writes_labels(void **state)
{
    struct text text = {0};
    (void)state;
    text_label(&text, "a\"b\\c\nd", 7);
    expect(&text, "a\\\"b\\\\c\\nd");
}

static void without_memory(void **state)
{
    struct text text = {0};
    (void)state;

    memory_fail_nth(1);
    text_say(&text, "lost");
    memory_fail_nth(0);
    assert_true(text.failed);
    text_say(&text, "and nothing after it");
    assert_int_equal(text.len, 0);
    text_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows),
        cmocka_unit_test(writes_json),
        cmocka_unit_test(writes_labels),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
