/* Table tests of answers: the lines of a block, the words for a status. */
#include "wire/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

struct block_row {
    const char *id;
    const char *name;
    const char *block;
    const char *want; /* name=[value] of each line */
};

static const struct block_row block_rows[] = {
    {"C-9110-5.5-1", "nothing", "", ""},
    {"C-9110-5.5-1", "one line", "A: b\r\n", "A=[b]"},
    {"C-9110-5.5-1", "two lines", "A: b\r\nC-D: e, f\r\n", "A=[b]C-D=[e, f]"},
    {"C-9110-5.5-1", "colons in a value", "Link: <http://a/>\r\n", "Link=[<http://a/>]"},
    {"C-9110-5.5-1", "no space", "A:b\r\n", "A=[b]"},
    {"C-9110-5.5-1", "white space around", "A: \t b c \t\r\n", "A=[b c]"},
    {"C-9110-5.5-1", "empty value", "A:\r\nB: \r\n", "A=[]B=[]"},
};

static void test_blocks(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof block_rows / sizeof *block_rows; i++) {
        const struct block_row *row = &block_rows[i];
        struct stet_span block = stet_span_of(row->block), name, value;
        char got[128] = "";
        size_t at = 0;
        while (reply_block_next(&block, &name, &value))
            at += (size_t)snprintf(got + at, sizeof got - at, "%.*s=[%.*s]", (int)name.len, name.at,
                                   (int)value.len, value.at);
        if (strcmp(got, row->want) != 0) {
            print_error("%s %s: %s\n", row->id, row->name, got);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

struct phrase_row {
    int status;
    const char *want;
};

static const struct phrase_row phrase_rows[] = {
    {100, "Continue"},
    {200, "OK"},
    {206, "Partial Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {416, "Range Not Satisfiable"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {505, "HTTP Version Not Supported"},
    {306, ""},
    {418, ""},
    {299, ""},
    {0, ""},
    {-1, ""},
    {600, ""},
};

static void test_phrases(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof phrase_rows / sizeof *phrase_rows; i++) {
        const struct phrase_row *row = &phrase_rows[i];
        if (!stet_span_equal(reply_reason_phrase(row->status), stet_span_of(row->want))) {
            print_error("C-9112-4-1 %d\n", row->status);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_phrases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
