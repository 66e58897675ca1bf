/* Entries: whatever the pieces it came in, content reads back whole, while it fills and after;
 * heads change under their readers; who waits is woken once; memory that runs out breaks nothing.
 */
#include "base/container.h"
#include "base/memory.h"
#include "entry_fixture.h"
#include "io/loop_sim.h"
#include "store/cost.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void test_texts(void **state)
{
    (void)state;
    struct entry *entry = entry_of(0);
    assert_memory_equal(entry_key(entry), &some_key, sizeof some_key);
    assert_true(stet_span_equal(entry_url(entry), STET_SPAN("http://a/")));
    assert_true(stet_span_equal(entry_selecting(entry), STET_SPAN("accept: *")));
    assert_int_equal(entry_state(entry), ENTRY_FILLING);
    assert_int_equal(entry_length(entry), 0);
    assert_ptr_equal(entry_ref(entry), entry);
    entry_unref(entry);
    entry_unref(entry);
    entry_unref(NULL);

    struct entry *bare = entry_new(&some_key, STET_SPAN_NONE, STET_SPAN_NONE, head_of(200), 0);
    assert_int_equal(entry_url(bare).len + entry_selecting(bare).len, 0);
    entry_unref(bare);
}

static void test_content(void **state)
{
    (void)state;
    const struct {
        const char *name;
        uint64_t expected;
        size_t total;
        size_t piece;
        unsigned pieces; /* at most, when read */
        unsigned spare;  /* percent of the content that may be taken beyond it */
    } rows[] = {
        {"nothing", 0, 0, 1, 0, 0},
        {"one octet", 0, 1, 1, 1, 0},
        {"1 KiB, announced", 1024, 1024, 1024, 1, 0},
        {"1 KiB, not announced", 0, 1024, 1024, 1, 0},
        {"announced, in small pieces", 50000, 50000, 7, 1, 0},
        {"announced, larger than its own room", 1000000, 1000000, 1000, 5, 0},
        {"announced, one octet more than its own room", 65536, 65536, 65536, 2, 0},
        {"announced, one append", 1000000, 1000000, 1000000, 2, 0},
        {"less than announced", 65535, 50000, 333, 1, 32},
        {"not announced, 100 octets at a time", 0, 100000, 100, 30, 25},
        {"not announced, in large pieces", 0, 1000000, 65536, 16, 25},
        {"8 MiB, not announced", 0, 8 << 20, 16384, 40, 25},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct entry *entry = entry_of(rows[i].expected);
        const size_t bare = entry_size(entry) - (size_t)rows[i].expected;
        uint64_t length = 0;
        unsigned pieces = 0;
        while (length < rows[i].total) {
            size_t left = rows[i].total - (size_t)length;
            size_t size = rows[i].piece < left ? rows[i].piece : left;
            if (!append_pattern(entry, size))
                fail_msg("%s: append", rows[i].name);
            length += size;
        }
        entry_seal(entry, true);
        if (entry_state(entry) != ENTRY_WHOLE || entry_length(entry) != rows[i].total)
            fail_msg("%s: length", rows[i].name);
        if (readable(entry, &pieces) != rows[i].total || pieces > rows[i].pieces)
            fail_msg("%s: read in %u pieces", rows[i].name, pieces);
        if (rows[i].expected <= 65535) {
            size_t most = rows[i].total + rows[i].total * rows[i].spare / 100 + 32 * (pieces + 1);
            if (entry_size(entry) - bare > most)
                fail_msg("%s: takes %zu octets", rows[i].name, entry_size(entry) - bare);
        }
        const char *none = NULL;
        assert_int_equal(entry_read(entry, length, &none), 0);
        assert_int_equal(entry_read(entry, UINT64_MAX, &none), 0);
        entry_unref(entry);
    }
}

/* An announced length is no promise: 1 TiB is not taken on somebody's word. */
static void test_announced_too_much(void **state)
{
    (void)state;
    struct entry *entry = entry_of((uint64_t)1 << 40);
    assert_true(entry_size(entry) < 70000);
    unsigned pieces;
    for (unsigned i = 0; i < 300; i++)
        assert_true(append_pattern(entry, 1000));
    assert_true(entry_size(entry) < 2 * 300000 + 70000);
    entry_seal(entry, false);
    assert_int_equal(entry_state(entry), ENTRY_BROKEN);
    assert_int_equal(readable(entry, &pieces), 300000);
    entry_unref(entry);
}

/* More than was announced is no content of this response. */
static void test_more_than_announced(void **state)
{
    (void)state;
    unsigned pieces;
    struct entry *entry = entry_of(1000);
    assert_true(append_pattern(entry, 999));
    assert_false(append_pattern(entry, 2));
    assert_int_equal(entry_state(entry), ENTRY_BROKEN);
    assert_int_equal(readable(entry, &pieces), 999);
    entry_unref(entry);
}

/* ---- what may be sent without a copy ---- */

static void expect_steady(const char *name, const struct entry *entry, uint64_t from)
{
    uint64_t offset = 0;
    for (struct entry_piece piece; (piece = entry_piece(entry, offset)).bytes.len > 0;) {
        if (piece.steady != (offset >= from))
            fail_msg("%s: %s at %ju", name, piece.steady ? "steady" : "not steady",
                     (uintmax_t)offset);
        if (piece.steady && (uintptr_t)piece.bytes.at % 4096 != 0)
            fail_msg("%s: the piece at %ju begins within a page", name, (uintmax_t)offset);
        offset += piece.bytes.len;
    }
    assert_int_equal(offset, entry_length(entry));
}

static void test_steady(void **state)
{
    (void)state;
    const struct {
        const char *name;
        uint64_t expected, total;
        size_t piece;
        uint64_t least, most; /* where it begins to be steady */
    } rows[] = {
        {"announced, a small one", 65535, 65535, 1000, UINT64_MAX, UINT64_MAX},
        {"announced, the least that is", 65536, 65536, 1000, 0, 0},
        {"announced, large", 1 << 20, 1 << 20, 16384, 0, 0},
        {"announced, and only the beginning came", 1 << 20, 5000, 100, 0, 0},
        {"announced, in many pieces", 20 << 20, 20 << 20, 1 << 18, 0, 0},
        {"not announced, small", 0, 65000, 1000, UINT64_MAX, UINT64_MAX},
        {"not announced, at once", 0, 1 << 20, 1 << 20, 0, 0},
        {"not announced, in pieces", 0, 3 << 20, 16384, 1, 1 << 16},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct entry *entry = entry_of(rows[i].expected);
        while (entry_length(entry) < rows[i].total) {
            const uint64_t left = rows[i].total - entry_length(entry);
            assert_true(append_pattern(entry, rows[i].piece < left ? rows[i].piece : (size_t)left));
        }
        uint64_t from = 0;
        for (struct entry_piece at; from < rows[i].total; from += at.bytes.len)
            if ((at = entry_piece(entry, from)).steady)
                break;
        if (from == rows[i].total)
            from = UINT64_MAX;
        if (from < rows[i].least || from > rows[i].most)
            fail_msg("%s: steady from %ju on", rows[i].name, (uintmax_t)from);
        expect_steady(rows[i].name, entry, from);
        unsigned pieces;
        assert_int_equal(readable(entry, &pieces), rows[i].total);
        /* pages that were not written to do not count */
        if (rows[i].least == 0 && entry_size(entry) > rows[i].total + 4096 + 1000)
            fail_msg("%s: takes %zu octets", rows[i].name, entry_size(entry));
        entry_unref(entry);
    }
}

/* Where there are no pages the heap does. */
static void test_no_pages(void **state)
{
    (void)state;
    struct entry *entry = entry_of(100000);
    unsigned pieces;
    char *bytes = calloc(1, 70000);
    memory_fail_nth(1);
    assert_true(entry_append(entry, bytes, 70000));
    memory_fail_nth(0);
    expect_steady("no pages", entry, UINT64_MAX);
    assert_int_equal(entry_length(entry), 70000);
    free(bytes);
    entry_unref(entry);

    struct entry *lender = entry_of(1 << 20), *borrower = entry_of(0);
    assert_true(append_pattern(lender, 1 << 20));
    assert_true(entry_lend(borrower, lender, 0, 1 << 20));
    entry_unref(lender);
    expect_steady("lent", borrower, 0);
    assert_int_equal(readable(borrower, &pieces), 1 << 20);
    entry_unref(borrower);
}

/* What the kernel still holds stays as it was, when the entry is gone and its room used again. */
static void test_entry_gone(void **state)
{
    (void)state;
    enum { SIZE = 65536 };
    int ends[2];
    static char got[SIZE];
    struct entry *entry = entry_of(SIZE);
    assert_true(append_pattern(entry, SIZE));
    const struct entry_piece piece = entry_piece(entry, 0);
    const struct iovec lent = {(void *)(uintptr_t)piece.bytes.at, piece.bytes.len};
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(vmsplice(ends[1], &lent, 1, SPLICE_F_NONBLOCK), SIZE);
    entry_unref(entry);
    struct entry *others[8];
    for (unsigned i = 0; i < 8; i++) {
        others[i] = entry_of(SIZE);
        memset(got, 'x', SIZE);
        assert_true(entry_append(others[i], got, SIZE));
    }
    for (size_t have = 0; have < SIZE;) {
        const ssize_t size = read(ends[0], got + have, SIZE - have);
        assert_true(size > 0);
        have += (size_t)size;
    }
    for (size_t i = 0; i < SIZE; i++)
        if (got[i] != octet_at(i))
            fail_msg("octet %zu is not what was sent", i);
    for (unsigned i = 0; i < 8; i++)
        entry_unref(others[i]);
    close(ends[0]);
    close(ends[1]);
}

static void test_heads(void **state)
{
    (void)state;
    struct entry *entry = entry_of(10);
    struct entry_head *first = entry_head(entry);
    const size_t before = entry_size(entry);
    const struct stet_stored stored = {.status = 404};
    struct entry_head *larger = entry_head_new(&stored, NULL, 1100);
    entry_amend(entry, larger);
    struct entry_head *second = entry_head(entry);
    assert_int_equal(first->status, 200); /* the old one stands for who holds it */
    assert_int_equal(second->status, 404);
    assert_int_equal(entry_size(entry) - before,
                     cost_of(entry_head_size(second)) - cost_of(entry_head_size(first)));
    assert_int_equal(entry_head_size(second), entry_head_size(first) + 1000);
    entry_head_unref(first);
    entry_unref(entry);
    assert_int_equal(second->status, 404); /* and outlives the entry */
    entry_head_unref(second);
    entry_head_unref(NULL);
}

/* Who replaces a head by one made of it loses nothing that happened to it meanwhile. */
static void test_marks(void **state)
{
    (void)state;
    struct entry *entry = entry_of(10);
    struct entry_head *head = entry_head(entry);
    const unsigned char before = entry_head_changes(head);
    struct entry_head *next = head_of(200);
    assert_true(entry_mark(entry));
    assert_true(entry_head_stored(head).marked);
    assert_false(entry_amend_from(entry, head, before, next));
    assert_true(entry_amend_from(entry, head, entry_head_changes(head), next));
    assert_false(entry_amend_from(entry, head, entry_head_changes(head), next));
    assert_false(entry_head_stored(next).marked);
    assert_int_equal(entry_head_stored(next).lifetime, 200);
    entry_expire(entry, 50);
    assert_int_equal(entry_head_stored(next).lifetime, 50);
    assert_false(entry_head_stored(next).marked);
    assert_false(entry_amend_from(entry, next, 0, head));
    entry_head_unref(head);
    entry_unref(entry);

    entry = entry_new(&some_key, STET_SPAN("u"), STET_SPAN_NONE, NULL, 0); /* no response */
    assert_false(entry_mark(entry));
    assert_false(entry_expire(entry, 0));
    assert_null(entry_head(entry));
    assert_true(entry_size(entry) >= 100);
    entry_unref(entry);
}

/* ---- waiting ---- */

struct ear {
    struct entry_waiter waiter;
    unsigned heard;
};

static void ear_run(struct task *task)
{
    CONTAINER(task, struct ear, waiter.task)->heard++;
}

static void test_waiting(void **state)
{
    (void)state;
    struct sim_world *world = sim_world_new(1);
    struct loop *loops[2] = {sim_world_loop(world), sim_world_loop(world)};
    struct entry *entry = entry_of(0);
    struct ear ears[5];
    for (unsigned i = 0; i < 5; i++)
        ears[i] = (struct ear){.waiter = {.task = {ear_run, NULL}, .loop = loops[i % 2]}};
    assert_false(entry_forget(entry, &ears[0].waiter));
    for (unsigned i = 0; i < 5; i++)
        assert_true(entry_wait(entry, &ears[i].waiter, 0));
    assert_true(entry_forget(entry, &ears[2].waiter)); /* from the middle */
    assert_true(entry_forget(entry, &ears[1].waiter)); /* its neighbour */
    assert_true(entry_forget(entry, &ears[4].waiter)); /* and from an end */
    assert_false(entry_forget(entry, &ears[4].waiter));
    assert_true(append_pattern(entry, 10));
    assert_false(entry_forget(entry, &ears[0].waiter)); /* too late: it is in the mail */
    sim_world_run_until_idle(world);
    const unsigned once[5] = {1, 0, 0, 1, 0};
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(ears[i].heard, once[i]);

    assert_true(append_pattern(entry, 10)); /* nobody waits */
    assert_false(entry_wait(entry, &ears[0].waiter, 19));
    assert_true(entry_wait(entry, &ears[0].waiter, 20));
    assert_true(entry_wait(entry, &ears[1].waiter, 999)); /* woken all the same */
    entry_seal(entry, true);
    assert_false(entry_wait(entry, &ears[2].waiter, 20));
    sim_world_run_until_idle(world);
    assert_int_equal(ears[0].heard, 2);
    assert_int_equal(ears[1].heard, 1);
    assert_int_equal(ears[2].heard, 0);
    entry_unref(entry);
    loop_free(loops[0]);
    loop_free(loops[1]);
    sim_world_free(world);
}

/* ---- no memory ---- */

static void test_no_memory(void **state)
{
    (void)state;
    struct sim_world *world = sim_world_new(1);
    struct loop *loop = sim_world_loop(world);
    unsigned made = 0;
    for (uint64_t nth = 1; made < 2; nth++) {
        memory_fail_nth(nth);
        struct entry_head *head = head_of(200);
        struct entry *entry =
            head ? entry_new(&some_key, STET_SPAN("u"), STET_SPAN("s"), head, 0) : NULL;
        if (!entry) {
            assert_true(nth <= 2);
            continue;
        }
        struct ear ear = {.waiter = {.task = {ear_run, NULL}, .loop = loop}};
        uint64_t length = 0;
        while (length < 20000 && append_pattern(entry, 1000))
            length += 1000;
        const bool whole = length == 20000;
        if (whole)
            entry_seal(entry, true);
        else
            entry_seal(entry, false); /* no-op: broken already */
        unsigned pieces;
        assert_int_equal(entry_state(entry), whole ? ENTRY_WHOLE : ENTRY_BROKEN);
        assert_int_equal(entry_length(entry), length);
        assert_int_equal(readable(entry, &pieces), length);
        assert_false(entry_wait(entry, &ear.waiter, length));
        entry_unref(entry);
        made += whole;
    }
    memory_fail_nth(0);

    struct entry *entry = entry_of(0);
    struct ear ear = {.waiter = {.task = {ear_run, NULL}, .loop = loop}};
    assert_true(entry_wait(entry, &ear.waiter, 0));
    memory_fail_nth(1);
    assert_false(append_pattern(entry, 10));
    memory_fail_nth(0);
    sim_world_run_until_idle(world);
    assert_int_equal(ear.heard, 1); /* told that nothing will come */
    entry_unref(entry);
    loop_free(loop);
    sim_world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_content),
        cmocka_unit_test(test_announced_too_much),
        cmocka_unit_test(test_more_than_announced),
        cmocka_unit_test(test_steady),
        cmocka_unit_test(test_no_pages),
        cmocka_unit_test(test_entry_gone),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
