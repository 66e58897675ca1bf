/* Table tests of the heads of HTTP/1 answers, each read again by a strict grammar. */
#include "wire/h1_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define DATE "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
#define DATED                 \
    {                         \
        DATE, sizeof DATE - 1 \
    }
#define BLOCK(text)            \
    {                          \
        text, sizeof(text) - 1 \
    }
#define ENTITY "ETag: \"a\"\r\nContent-Type: text/plain\r\n"

struct write_row {
    const char *id;
    const char *name;
    struct reply reply;
    struct h1_answer answer;
    const char *want;
};

static const struct write_row write_rows[] = {
    {"C-9110-8.6-3",
     "a usual answer",
     {.status = 200, .blocks = {BLOCK(ENTITY)}, .content = REPLY_LENGTH, .length = 1234},
     {.minor = 1, .date = DATED},
     "HTTP/1.1 200 OK\r\n" DATE ENTITY "Content-Length: 1234\r\n\r\n"},
    {"C-9110-8.6-3",
     "empty content",
     {.status = 404, .content = REPLY_LENGTH},
     {.minor = 1},
     "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
    {"C-9110-8.6-3",
     "the longest length",
     {.status = 200, .content = REPLY_LENGTH, .length = UINT64_MAX},
     {.minor = 1},
     "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n"},
    {"C-9110-6.6.1-1",
     "three blocks in order",
     {.status = 200,
      .blocks = {BLOCK("A: 1\r\n"), BLOCK("B: 2\r\nC: 3\r\n"), BLOCK("D: 4\r\n")},
      .content = REPLY_UNKNOWN_LENGTH},
     {.minor = 1, .date = DATED},
     "HTTP/1.1 200 OK\r\n" DATE "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n"},
    {"C-9110-8.6-1",
     "304 has no length",
     {.status = 304, .blocks = {BLOCK("ETag: \"a\"\r\n")}, .content = REPLY_NO_CONTENT},
     {.minor = 1, .date = DATED},
     "HTTP/1.1 304 Not Modified\r\n" DATE "ETag: \"a\"\r\n\r\n"},
    {"C-9110-8.6-1",
     "304 has no length although one was given",
     {.status = 304, .content = REPLY_LENGTH, .length = 5},
     {.minor = 1},
     "HTTP/1.1 304 Not Modified\r\n\r\n"},
    {"C-9110-8.6-2",
     "204 has no length",
     {.status = 204, .content = REPLY_LENGTH},
     {.minor = 1},
     "HTTP/1.1 204 No Content\r\n\r\n"},
    {"C-9110-8.6-2",
     "1xx has no length",
     {.status = 103, .blocks = {BLOCK("Link: </a>\r\n")}, .content = REPLY_LENGTH},
     {.minor = 1},
     "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"},
    {"C-9112-6.1-2",
     "204 is not chunked",
     {.status = 204, .content = REPLY_UNKNOWN_LENGTH},
     {.minor = 1, .chunked = true},
     "HTTP/1.1 204 No Content\r\n\r\n"},
    {"C-9112-6.1-2",
     "304 is not chunked",
     {.status = 304, .content = REPLY_UNKNOWN_LENGTH},
     {.minor = 1, .chunked = true},
     "HTTP/1.1 304 Not Modified\r\n\r\n"},
    {"C-9112-6.2-1",
     "chunked has no length",
     {.status = 200, .content = REPLY_LENGTH, .length = 5},
     {.minor = 1, .chunked = true},
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {"C-9112-9.3-2",
     "close",
     {.status = 400, .content = REPLY_LENGTH},
     {.minor = 1, .close = true},
     "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
    {"C-9112-9.3-1",
     "keep-alive for HTTP/1.0, in our version",
     {.status = 200, .content = REPLY_LENGTH},
     {.minor = 0, .keep_alive = true},
     "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"},
    {"C-9112-9.3-1",
     "close outranks keep-alive",
     {.status = 200, .content = REPLY_UNKNOWN_LENGTH},
     {.minor = 0, .close = true, .keep_alive = true},
     "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
    {"C-9110-6.6.1-1",
     "a Date of its own, and only that",
     {.status = 200, .content = REPLY_LENGTH, .date = BLOCK("Thu, 01 Jan 1998 00:00:00 GMT")},
     {.minor = 1, .date = DATED},
     "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1998 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n"},
    {"C-9110-7.8-1",
     "101 names Upgrade in Connection",
     {.status = 101, .tunnel = true, .blocks = {BLOCK("Upgrade: websocket\r\n")}},
     {.minor = 1, .close = true},
     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"},
    {"C-9110-8.6-2",
     "2xx to CONNECT has no length and is not chunked",
     {.status = 200, .tunnel = true, .content = REPLY_LENGTH, .length = 5},
     {.minor = 1, .close = true, .chunked = true},
     "HTTP/1.1 200 OK\r\n\r\n"},
    {"C-9112-4-1",
     "a status without a phrase keeps its space",
     {.status = 299, .content = REPLY_LENGTH},
     {.minor = 1},
     "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n"},
    {"C-9112-4-1",
     "the longest phrase with everything",
     {.status = 511, .content = REPLY_LENGTH, .length = UINT64_MAX},
     {.minor = 1, .close = true, .date = DATED},
     "HTTP/1.1 511 Network Authentication Required\r\n" DATE
     "Content-Length: 18446744073709551615\r\nConnection: close\r\n\r\n"},
};

static void test_write(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof write_rows / sizeof *write_rows; i++) {
        const struct write_row *row = &write_rows[i];
        char *to = malloc(h1_head_room(&row->reply));
        assert_non_null(to);
        size_t length = h1_head_write(&row->reply, &row->answer, to);
        if (length > h1_head_room(&row->reply) || length != strlen(row->want) ||
            memcmp(to, row->want, length) != 0) {
            print_error("%s %s: %.*s", row->id, row->name, (int)length, to);
            failed++;
        }
        free(to);
    }
    assert_int_equal(failed, 0);
}

/* status-line = HTTP-version SP status-code SP [ reason-phrase ], for every status there can be. */
static void test_status_lines(void **state)
{
    (void)state;
    int failed = 0;
    for (int status = 100; status <= 599; status++) {
        struct reply reply = {.status = status, .content = REPLY_NO_CONTENT};
        struct h1_answer answer = {.minor = 1};
        char want[128], got[256];
        struct stet_span phrase = reply_reason_phrase(status);
        int size = snprintf(want, sizeof want, "HTTP/1.1 %d %.*s\r\n\r\n", status, (int)phrase.len,
                            phrase.at ? phrase.at : "");
        size_t length = h1_head_write(&reply, &answer, got);
        if (length != (size_t)size || memcmp(got, want, length) != 0) {
            print_error("C-9112-4-1 %d: %.*s", status, (int)length, got);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

static void test_numbers(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0, 1, 9, 10, 99, 100, 4294967296, UINT64_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char want[32], got[20];
        int size = snprintf(want, sizeof want, "%llu", (unsigned long long)numbers[i]);
        assert_int_equal(h1_number_write(numbers[i], got), size);
        assert_memory_equal(got, want, (size_t)size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_status_lines),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
