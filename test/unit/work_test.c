/* Jobs on threads: each runs once and comes home once, the urgent ones first; the end is clean. */
#include "base/container.h"
#include "base/memory.h"
#include "io/work.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { JOBS = 400 };

struct piece {
    struct job job;
    int runs;
    int dones;
    pthread_t ran_on;
};

static struct piece pieces[JOBS];
static int left;
static struct loop *home;
static struct work *pool;
static atomic_int order;

static void piece_run(struct job *job)
{
    struct piece *piece = CONTAINER(job, struct piece, job);
    piece->runs++;
    piece->ran_on = pthread_self();
    if ((piece - pieces) % 100 == 0)
        usleep(1000);
}

static void piece_done(struct job *job)
{
    struct piece *piece = CONTAINER(job, struct piece, job);
    piece->dones++;
    assert_int_equal(piece->runs, 1);
    if (--left == 0)
        loop_stop(home);
}

static void test_all_run_once(void **state)
{
    (void)state;
    memset(pieces, 0, sizeof pieces);
    home = loop_new_epoll();
    pool = work_new(3);
    assert_non_null(home);
    assert_non_null(pool);
    left = JOBS;
    for (int i = 0; i < JOBS; i++) {
        pieces[i].job = (struct job){.run = piece_run, .done = piece_done};
        work_submit(pool, &pieces[i].job, home, i % 2 ? WORK_NOW : WORK_LATER);
    }
    loop_run(home);
    assert_int_equal(work_pending(pool), 0);
    for (int i = 0; i < JOBS; i++) {
        assert_int_equal(pieces[i].dones, 1);
        assert_false(pthread_equal(pieces[i].ran_on, pthread_self()));
    }
    work_free(pool);
    loop_free(home);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int at_the_gate;

static void gate_run(struct job *job)
{
    (void)job;
    atomic_store(&at_the_gate, 1);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
}

static void order_run(struct job *job)
{
    CONTAINER(job, struct piece, job)->runs = ++order;
}

static void order_done(struct job *job)
{
    (void)job;
    if (--left == 0)
        loop_stop(home);
}

/* While the only thread is busy, both kinds queue up; then the urgent ones go first, each kind in
 * the order it came. */
static void test_urgent_first(void **state)
{
    (void)state;
    memset(pieces, 0, sizeof pieces);
    home = loop_new_epoll();
    pool = work_new(1);
    left = 21;
    order = 0;
    at_the_gate = 0;
    struct job first = {.run = gate_run, .done = order_done};
    pthread_mutex_lock(&gate);
    work_submit(pool, &first, home, WORK_LATER);
    while (!atomic_load(&at_the_gate))
        usleep(100);
    for (int i = 0; i < 20; i++) {
        pieces[i].job = (struct job){.run = order_run, .done = order_done};
        work_submit(pool, &pieces[i].job, home, i % 2 ? WORK_NOW : WORK_LATER);
    }
    assert_int_equal(work_pending(pool), 21);
    pthread_mutex_unlock(&gate);
    loop_run(home);
    for (int i = 0; i < 20; i++)
        assert_int_equal(pieces[i].runs, i % 2 ? i / 2 + 1 : 10 + i / 2 + 1);
    work_free(pool);
    loop_free(home);
}

/* At the end what has not begun is dropped, what runs is waited for. */
static void test_free_drops(void **state)
{
    (void)state;
    memset(pieces, 0, sizeof pieces);
    home = loop_new_epoll();
    pool = work_new(1);
    for (int i = 0; i < JOBS; i++) {
        pieces[i].job = (struct job){.run = piece_run, .done = piece_done};
        work_submit(pool, &pieces[i].job, home, WORK_LATER);
    }
    while (work_pending(pool) == JOBS)
        usleep(10);
    work_free(pool);
    assert_int_equal(pieces[0].runs, 1);
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(pieces[i].dones, 0);
    loop_free(home);
}

static void test_refused(void **state)
{
    (void)state;
    memory_fail_nth(1);
    assert_null(work_new(2));
    memory_fail_nth(0);
    pool = work_new(0);
    assert_non_null(pool);
    work_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_run_once),
        cmocka_unit_test(test_urgent_first),
        cmocka_unit_test(test_free_drops),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
