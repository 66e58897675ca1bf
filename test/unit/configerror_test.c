/* Complaints: their order, their number, and what may not be shown. */
#include "serve/configerror.h"

#include "table.h"

#include <stdio.h>
#include <string.h>

static void test_order(void **state)
{
    struct config_errors errors = {0};
    (void)state;
    config_errors_add(&errors, 2, 5, "c");
    config_errors_add(&errors, 1, 9, "a");
    config_errors_add(&errors, 2, 5, "d"); /* those of one place stay as they come */
    config_errors_add(&errors, 2, 4, "b");
    config_errors_add(&errors, 0, 0, "0");
    assert_int_equal(errors.count, 5);
    char order[6] = "";
    for (size_t i = 0; i < errors.count; i++)
        order[i] = errors.at[i].text[0];
    assert_string_equal(order, "0abcd");
}

/* Of too many the last ones of the file are left out, whenever they come. */
static void test_many(void **state)
{
    (void)state;
    for (int upwards = 0; upwards < 2; upwards++) {
        struct config_errors errors = {0};
        for (unsigned i = 1; i <= 50; i++)
            config_errors_add(&errors, upwards ? i : 51 - i, 1, "%u", i);
        assert_int_equal(errors.count, CONFIG_ERRORS_MAX);
        assert_int_equal(errors.more, 30);
        for (unsigned i = 0; i < CONFIG_ERRORS_MAX; i++)
            assert_int_equal(errors.at[i].line, i + 1);
    }
}

static void test_text(void **state)
{
    static const struct {
        const char *id, *name, *text, *want;
    } rows[] = {
        {"text", "plain", "a \"b\"", "a \"b\""},
        {"text", "other alphabets", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
         "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"text", "escapes of a terminal", "\x1b[31mred", "?[31mred"},
        {"text", "line ends", "a\r\nb\tc\x7f", "a??b?c?"},
        {"text", "C1 controls",
         "a\xc2\x9b"
         "31m",
         "a?31m"},
        {"text", "direction",
         "a\xe2\x80\xae"
         "b\xe2\x81\xa6"
         "c",
         "a?b?c"},
        {"text", "no UTF-8",
         "a\xff\xfe"
         "b",
         "a??b"},
        {"text", "a broken character",
         "a\xe2\x82"
         "b",
         "a?b"},
        {"text", "a character cut in two", "a\xe2\x82", "a"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config_errors errors = {0};
        config_errors_add(&errors, 1, 1, "%s", rows[i].text);
        check_row(&rows[i], strcmp(errors.at[0].text, rows[i].want) == 0);
    }
}

static void test_long(void **state)
{
    struct config_errors errors = {0};
    char text[4 * CONFIG_ERROR_TEXT] = "";
    (void)state;
    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    config_errors_add(&errors, 1, 1, "x%s", text);
    assert_int_equal(strlen(errors.at[0].text), 1 + 3 * ((CONFIG_ERROR_TEXT - 2) / 3));
}

static void test_write(void **state)
{
    struct config_errors errors = {0};
    char to[64];
    (void)state;
    config_errors_add(&errors, 12, 7, "bad");
    config_errors_add(&errors, 0, 0, "missing");
    assert_int_equal(config_error_write(&errors.at[0], "a.yaml", to, sizeof to), 15);
    assert_string_equal(to, "a.yaml: missing");
    assert_int_equal(config_error_write(&errors.at[1], "a.yaml", to, sizeof to), 16);
    assert_string_equal(to, "a.yaml:12:7: bad");
    assert_int_equal(config_error_write(&errors.at[1], "a.yaml", to, 8), 16);
    assert_string_equal(to, "a.yaml:");
    config_errors_no_memory(&errors);
    assert_int_equal(errors.count, 1);
    assert_int_equal(errors.at[0].line, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order), cmocka_unit_test(test_many),  cmocka_unit_test(test_text),
        cmocka_unit_test(test_long),  cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
