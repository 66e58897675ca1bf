/* Rings: records come out as they went in, in order, also around the end; what finds no room is
 * lost and counted; and two threads never see half a record.
 */
#include "base/ring.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void takes_in_order(void **state)
{
    struct ring ring;
    char text[16];
    (void)state;

    assert_true(ring_init(&ring, 64));
    assert_int_equal(ring_take(&ring, text, sizeof text), 0);
    for (unsigned i = 0; i < 1000; i++) { /* many times around the circle, at every place */
        size_t len = 1 + i % 13;
        memset(text, (int)('a' + i % 26), sizeof text);
        ring_put(&ring, text, len);
        ring_put(&ring, "z", 1);
        memset(text, 0, sizeof text);
        assert_int_equal(ring_take(&ring, text, sizeof text), len);
        for (size_t j = 0; j < len; j++)
            assert_int_equal(text[j], 'a' + i % 26);
        assert_int_equal(ring_take(&ring, text, sizeof text), 1);
        assert_int_equal(text[0], 'z');
    }
    assert_int_equal(ring_take(&ring, text, sizeof text), 0);
    assert_int_equal(ring_lost(&ring), 0);
    ring_fini(&ring);
}

static void drops_what_has_no_room(void **state)
{
    struct ring ring;
    char text[16];
    (void)state;

    assert_true(ring_init(&ring, 32));
    ring_put(&ring, "0123456789", 10); /* 14 octets each: two fit, a third does not */
    ring_put(&ring, "abcdefghij", 10);
    ring_put(&ring, "lost", 4);
    assert_int_equal(ring_lost(&ring), 1);
    assert_int_equal(ring_take(&ring, text, 4), 4); /* cut, and the rest of it dropped */
    assert_memory_equal(text, "0123", 4);
    assert_int_equal(ring_take(&ring, text, sizeof text), 10);
    assert_memory_equal(text, "abcdefghij", 10);
    assert_int_equal(ring_take(&ring, text, sizeof text), 0);
    ring_fini(&ring);
}

static void opening_forgets(void **state)
{
    struct ring ring;
    char text[16];
    (void)state;

    assert_true(ring_init(&ring, 32));
    assert_false(ring_is_open(&ring));
    ring_put(&ring, "old", 3);
    ring_open(&ring, true);
    assert_true(ring_is_open(&ring));
    assert_int_equal(ring_take(&ring, text, sizeof text), 0);
    ring_put(&ring, "new", 3);
    assert_int_equal(ring_take(&ring, text, sizeof text), 3);
    ring_open(&ring, false);
    assert_false(ring_is_open(&ring));
    ring_fini(&ring);
}

enum { RECORDS = 200000 };

static void *put_many(void *argument)
{
    struct ring *ring = argument;
    for (uint32_t i = 1; i <= RECORDS; i++) {
        uint32_t record[4] = {i, i * 3, i * 7, ~i};
        ring_put(ring, record, 4 + 4 * (i % 4));
    }
    return NULL;
}

static void two_threads(void **state)
{
    struct ring ring;
    pthread_t thread;
    uint32_t last = 0, record[4], seen = 0;
    (void)state;

    assert_true(ring_init(&ring, 4096));
    assert_int_equal(pthread_create(&thread, NULL, put_many, &ring), 0);
    while (last < RECORDS && seen + ring_lost(&ring) < RECORDS) {
        size_t len = ring_take(&ring, record, sizeof record);
        if (len == 0)
            continue;
        seen++;
        assert_true(record[0] > last);
        last = record[0];
        assert_int_equal(len, 4 + 4 * (last % 4));
        if (len > 4)
            assert_int_equal(record[1], last * 3);
        if (len > 12)
            assert_int_equal(record[3], ~last);
    }
    pthread_join(thread, NULL);
    while (ring_take(&ring, record, sizeof record))
        seen++;
    assert_int_equal(seen + ring_lost(&ring), RECORDS);
    ring_fini(&ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_in_order),
        cmocka_unit_test(drops_what_has_no_room),
        cmocka_unit_test(opening_forgets),
        cmocka_unit_test(two_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
