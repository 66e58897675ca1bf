/* Table tests of the chunked coding, whole and in pieces. */
#include "wire/h1_chunked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct limits limits = {.chunk_line_size = 64, .chunk_extension_total = 100};

struct run {
    char content[256];
    size_t length;
    int end;       /* a refusal, H1_CHUNKED_TRAILERS, or H1_CHUNKED_MORE */
    size_t unread; /* octets left when it ended */
};

/* Feeds what `input` has until the reader wants more or ends; keeps the content. */
static int chunked_drain(struct h1_chunked *chunked, struct stet_span *input, struct run *run)
{
    struct stet_span data;
    int got;
    while ((got = h1_chunked_read(chunked, input, &data, &limits)) == H1_CHUNKED_DATA) {
        assert_in_range(data.len, 1, sizeof run->content - run->length);
        memcpy(run->content + run->length, data.at, data.len);
        run->length += data.len;
    }
    return got;
}

/* Reads `octets` as they arrive: first up to each place where `cut` divides them. The reader sees
 * copies without an octet to spare. */
static struct run chunked_run(const char *octets, size_t size, size_t cut)
{
    struct run run = {.length = 0};
    struct h1_chunked chunked = {H1_CHUNK_LINE, 0, 0};
    size_t at = 0;
    for (size_t have = cut; run.end == 0; have += cut) {
        size_t end = have < size ? have : size;
        char *copy = malloc(end - at + 1);
        assert_non_null(copy);
        memcpy(copy, octets + at, end - at);
        struct stet_span input = stet_span(copy, end - at);
        run.end = chunked_drain(&chunked, &input, &run);
        at = end - input.len;
        free(copy);
        if (end == size)
            break;
    }
    run.unread = size - at;
    return run;
}

struct chunked_row {
    const char *id;
    const char *name;
    const char *octets;
    size_t size;
    int want;
    const char *content;
    size_t unread;
};

#define OCTETS(literal) "" literal, sizeof(literal) - 1
#define REFUSED(octets) OCTETS(octets), -400, "", 0
#define TRAILERS H1_CHUNKED_TRAILERS
#define MORE H1_CHUNKED_MORE

static const struct chunked_row chunked_rows[] = {
    {"C-9112-7.1-1", "none", OCTETS("0\r\n\r\n"), TRAILERS, "", 2},
    {"C-9112-7.1-1", "many zeros", OCTETS("0000000000000000\r\n\r\n"), TRAILERS, "", 2},
    {"C-9112-7.1-1", "two chunks", OCTETS("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"), TRAILERS, "abcde",
     2},
    {"C-9112-7.1-1", "hex digits in both cases",
     OCTETS("a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n"), TRAILERS, "01234567890123456789a", 0},
    {"C-9112-7.1-1", "leading zeros", OCTETS("0000000000000003\r\nabc\r\n0\r\nX: y\r\n\r\n"),
     TRAILERS, "abc", 8},
    {"C-9112-7.1-1", "CRLF as content", OCTETS("2\r\n\r\n\r\n0\r\n"), TRAILERS, "\r\n", 0},
    {"C-9112-7.1-1", "17 digits", REFUSED("00000000000000003\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "overflow to 3", REFUSED("10000000000000003\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "2^63", OCTETS("8000000000000000\r\nabc"), -413, "", 0},
    {"C-9112-7.1-1", "2^64 - 1", OCTETS("ffffffffffffffff\r\nabc"), -413, "", 0},
    {"C-9112-7.1-1", "2^63 - 1", OCTETS("7fffffffffffffff\r\nabc"), MORE, "abc", 0},
    {"C-9112-7.1-2", "0x", REFUSED("0x3\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-2", "sign", REFUSED("+3\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-2", "negative", REFUSED("-3\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-2", "underscore", REFUSED("1_0\r\n0123456789abcdef\r\n0\r\n")},
    {"C-9112-7.1-2", "SP behind", REFUSED("3 \r\nabc\r\n0\r\n")},
    {"C-9112-7.1-2", "SP before", REFUSED(" 3\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-2", "HTAB behind", REFUSED("3\t\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-2", "no size", REFUSED("\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-2", "only an extension", REFUSED(";a\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-2", "no digit", REFUSED("g\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-2", "NUL", REFUSED("3\0\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-2", "LF behind the size", REFUSED("3\nabc\r\n0\r\n")},
    {"C-9112-7.1-2", "CR X behind the size", REFUSED("3\rXabc\r\n0\r\n")},
    {"C-9112-7.1-2", "CR CR LF", REFUSED("3\r\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-2", "data too long", OCTETS("3\r\nabcd\r\n0\r\n"), -400, "abc", 0},
    {"C-9112-7.1-2", "data too short", OCTETS("3\r\nab\r\n0\r\n"), -400, "ab\r", 0},
    {"C-9112-7.1-2", "LF behind the data", OCTETS("3\r\nabc\n0\r\n"), -400, "abc", 0},
    {"C-9112-7.1-2", "CR X behind the data", OCTETS("3\r\nabc\rX0\r\n"), -400, "abc", 0},
    {"C-9112-7.1-2", "nothing behind the data", OCTETS("3\r\nabc0\r\n\r\n"), -400, "abc", 0},
    {"C-9112-7.1-2", "size cut off", OCTETS("3"), MORE, "", 1},
    {"C-9112-7.1-2", "data cut off", OCTETS("3\r\nab"), MORE, "ab", 0},
    {"C-9112-7.1-2", "CRLF cut off", OCTETS("3\r\nabc\r"), MORE, "abc", 1},
    {"C-9112-7.1-1", "extension", OCTETS("3;a\r\nabc\r\n0;b\r\n"), TRAILERS, "abc", 0},
    {"C-9112-7.1-1", "with a value", OCTETS("3;a=b;c=d\r\nabc\r\n0\r\n"), TRAILERS, "abc", 0},
    {"C-9112-7.1-1", "quoted", OCTETS("3;a=\"b;\\\"c\\\\\"\r\nabc\r\n0\r\n"), TRAILERS, "abc", 0},
    {"C-9110-5.6.3-1", "bad white space", OCTETS("3 ;\ta = \"b\" ; c =d\r\nabc\r\n0\r\n"), TRAILERS,
     "abc", 0},
    {"C-9112-7.1-1", "white space at the end", REFUSED("3;a=b \r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "white space behind a name", REFUSED("3;a \r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "no name", REFUSED("3;\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "no name, another", REFUSED("3;;a\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "no value", REFUSED("3;a=\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "two values", REFUSED("3;a=b=c\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "text behind quotes", REFUSED("3;a=\"b\"c\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "unclosed quotes", REFUSED("3;a=\"b\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "LF in an extension", REFUSED("3;a\nb\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "LF in quotes", REFUSED("3;a=\"\n\"\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "CR LF in quotes", REFUSED("3;a=\"\r\n\"\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "escaped CR", REFUSED("3;a=\"\\\r\"\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "CR in an extension", REFUSED("3;a\rb\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "NUL in an extension", REFUSED("3;a=\0\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "NUL in quotes", REFUSED("3;a=\"\0\"\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "obs-text in a name", REFUSED("3;\xff\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "obs-text in quotes", OCTETS("3;a=\"\xff\"\r\nabc\r\n0\r\n"), TRAILERS, "abc",
     0},
    {"C-9112-7.1-1", "the longest line",
     OCTETS("3;01234567890123456789012345678901234567890123456789012345678a\r\nabc\r\n0\r\n"),
     TRAILERS, "abc", 0},
    {"C-9112-7.1-1", "a line too long",
     REFUSED("3;01234567890123456789012345678901234567890123456789012345678ab\r\nabc\r\n0\r\n")},
    {"C-9112-7.1-1", "as much extension as may be",
     OCTETS("1;01234567890123456789012345678901234567890123456789\r\na\r\n"
            "1;012345678901234567890123456789012345678901234567\r\nb\r\n0\r\n"),
     TRAILERS, "ab", 0},
    {"C-9112-7.1-1", "too much extension",
     OCTETS("1;01234567890123456789012345678901234567890123456789\r\na\r\n"
            "1;0123456789012345678901234567890123456789012345678\r\nb\r\n0\r\n"),
     -400, "a", 0},
};

static bool run_right(const struct chunked_row *row, const struct run *run)
{
    return run->end == row->want && run->length == strlen(row->content) &&
           memcmp(run->content, row->content, run->length) == 0 &&
           (row->want < 0 || run->unread == row->unread);
}

static void test_read(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof chunked_rows / sizeof *chunked_rows; i++) {
        const struct chunked_row *row = &chunked_rows[i];
        for (size_t cut = 1; cut <= row->size; cut++) {
            struct run run = chunked_run(row->octets, row->size, cut);
            if (run_right(row, &run))
                continue;
            print_error("%s %s in pieces of %zu: %d with %zu octets, %zu unread\n", row->id,
                        row->name, cut, run.end, run.length, run.unread);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

struct write_row {
    uint64_t size;
    const char *want;
};

static const struct write_row write_rows[] = {
    {0, "0\r\n"},
    {1, "1\r\n"},
    {15, "f\r\n"},
    {16, "10\r\n"},
    {0xabcdef, "abcdef\r\n"},
    {UINT64_MAX, "ffffffffffffffff\r\n"},
};

static void test_write(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof write_rows / sizeof *write_rows; i++) {
        const struct write_row *row = &write_rows[i];
        char line[H1_CHUNK_LINE_MAX];
        size_t length = h1_chunk_line_write(row->size, line);
        if (length != strlen(row->want) || memcmp(line, row->want, length) != 0) {
            print_error("C-9112-7.1-1 %s: %.*s\n", row->want, (int)length, line);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
