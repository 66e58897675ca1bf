/* Pipes: what goes in comes out, in order, whatever the pieces; both ends wait and are told once;
 * either may go first.
 */
#include "base/memory.h"
#include "cache/pipe.h"

#include "table.h"

#include <stdlib.h>

struct ends {
    unsigned writer, reader;
};

static void writer_told(void *owner)
{
    ((struct ends *)owner)->writer++;
}

static void reader_told(void *owner)
{
    ((struct ends *)owner)->reader++;
}

static struct pipe *pipe_between(struct ends *ends)
{
    struct pipe *pipe = pipe_new();
    assert_non_null(pipe);
    pipe->writer = (struct pipe_end){writer_told, ends};
    pipe->reader = (struct pipe_end){reader_told, ends};
    return pipe;
}

static char octet_at(size_t at)
{
    return (char)(at * 7 + (at >> 9));
}

static void write_pattern(struct pipe *pipe, size_t *at, size_t size)
{
    char *bytes = malloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = octet_at(*at + i);
    assert_true(pipe_write(pipe, stet_span(bytes, size)));
    *at += size;
    free(bytes);
}

/* Reads up to `most` octets; how many there were. */
static size_t read_pattern(struct pipe *pipe, size_t *at, size_t most)
{
    struct stet_span bytes;
    if (pipe_peek(pipe, &bytes) != BODY_BYTES)
        return 0;
    size_t size = bytes.len < most ? bytes.len : most;
    for (size_t i = 0; i < size; i++)
        if (bytes.at[i] != octet_at(*at + i))
            fail_msg("octet %zu", *at + i);
    pipe_skip(pipe, size);
    *at += size;
    return size;
}

static void test_order(void **state)
{
    (void)state;
    static const struct {
        size_t in, out;
    } rows[] = {{1, 1}, {1000, 7}, {7, 1000}, {30000, 30000}, {30000, 4096}, {100, 99999}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ends ends = {0, 0};
        struct pipe *pipe = pipe_between(&ends);
        size_t written = 0, read = 0;
        while (written < 300000) {
            while (!pipe->full && written < 300000)
                write_pattern(pipe, &written, rows[i].in);
            while (pipe->full)
                assert_true(read_pattern(pipe, &read, rows[i].out) > 0);
        }
        pipe_end(pipe, PIPE_ENDED);
        while (read_pattern(pipe, &read, rows[i].out) > 0)
            ;
        assert_int_equal(read, written);
        struct stet_span bytes;
        assert_int_equal(pipe_peek(pipe, &bytes), BODY_END);
        pipe_unref(pipe);
    }
}

static void test_waiting(void **state)
{
    (void)state;
    struct ends ends = {0, 0};
    struct pipe *pipe = pipe_between(&ends);
    struct stet_span bytes;
    size_t written = 0, read = 0;

    write_pattern(pipe, &written, 10);
    assert_int_equal(ends.reader, 0); /* it did not wait */
    read_pattern(pipe, &read, 10);
    assert_int_equal(pipe_peek(pipe, &bytes), BODY_WAIT);
    write_pattern(pipe, &written, 10);
    write_pattern(pipe, &written, 10);
    assert_int_equal(ends.reader, 1);

    write_pattern(pipe, &written, PIPE_ROOM);
    assert_true(pipe->full);
    read_pattern(pipe, &read, PIPE_ROOM / 2 - 1);
    assert_int_equal(ends.writer, 0); /* not before half of it is free */
    read_pattern(pipe, &read, 30);
    assert_int_equal(ends.writer, 1);
    assert_false(pipe->full);
    read_pattern(pipe, &read, 30);
    assert_int_equal(ends.writer, 1);

    while (read_pattern(pipe, &read, PIPE_ROOM) > 0)
        ;
    pipe_end(pipe, PIPE_BROKEN);
    assert_int_equal(ends.reader, 2);
    assert_int_equal(pipe_peek(pipe, &bytes), BODY_BROKEN);
    pipe_unref(pipe);
}

static void test_ends(void **state)
{
    (void)state;
    struct ends ends = {0, 0};
    struct pipe *pipe = pipe_between(&ends);
    struct stet_span bytes;
    size_t written = 0, read = 0;

    assert_ptr_equal(pipe_ref(pipe), pipe);
    write_pattern(pipe, &written, 100);
    char *trailers = pipe_trailers(pipe, 6);
    assert_non_null(trailers);
    memcpy(trailers, "a: b\r\n", 6);
    pipe_end(pipe, PIPE_ENDED);
    pipe_unref(pipe); /* the writer has gone */
    read_pattern(pipe, &read, 100);
    assert_int_equal(ends.writer, 0);
    assert_int_equal(pipe_peek(pipe, &bytes), BODY_END);
    assert_true(stet_span_equal(pipe_trailers_read(pipe), STET_SPAN("a: b\r\n")));
    pipe_unref(pipe);
    pipe_unref(NULL);

    pipe = pipe_between(&ends); /* the reader has gone */
    pipe->reader = (struct pipe_end){NULL, NULL};
    assert_int_equal(pipe_peek(pipe, &bytes), BODY_WAIT);
    write_pattern(pipe, &written, 10);
    pipe_unref(pipe);
}

static void test_memory(void **state)
{
    (void)state;
    static const char more[20000];
    struct ends ends = {0, 0};
    struct stet_span bytes;
    memory_fail_nth(1);
    assert_null(pipe_new());
    memory_fail_nth(2);
    struct pipe *pipe = pipe_between(&ends);
    assert_int_equal(pipe_peek(pipe, &bytes), BODY_WAIT);
    assert_false(pipe_write(pipe, stet_span(more, sizeof more)));
    memory_fail_nth(0);
    assert_int_equal(ends.reader, 1);
    assert_int_equal(pipe_peek(pipe, &bytes), BODY_BROKEN);
    pipe_unref(pipe);
    pipe = pipe_between(&ends);
    memory_fail_nth(1);
    assert_null(pipe_trailers(pipe, 6));
    memory_fail_nth(0);
    assert_int_equal(pipe_trailers_read(pipe).len, 0);
    pipe_unref(pipe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
