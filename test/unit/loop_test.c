/* The loop on the machine: timers against a plain list, the order of a turn, mail, signals. */
#include "base/container.h"
#include "base/memory.h"
#include "io/loop.h"
#include "io/loop_ops.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

enum { TIMERS = 200, MS = 1000000 };

static uint32_t roll(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

struct clocked {
    struct timer timer;
    int64_t due; /* what the plain list believes; -1 when not set */
    int64_t fired_at;
};

static int64_t model_now;

static void clocked_fire(struct timer *timer)
{
    struct clocked *clocked = CONTAINER(timer, struct clocked, timer);
    assert_int_equal(timer->place, 0);
    assert_int_equal(timer->due, clocked->due);
    clocked->fired_at = model_now;
    clocked->due = -1;
}

static int64_t model_next(const struct clocked *all)
{
    int64_t next = INT64_MAX;
    for (int i = 0; i < TIMERS; i++) {
        if (all[i].due >= 0 && all[i].due < next)
            next = all[i].due;
    }
    return next;
}

static void heap_holds(const struct timers *timers)
{
    for (uint32_t i = 1; i <= timers->count; i++) {
        assert_int_equal(timers->heap[i].timer->place, i);
        assert_int_equal(timers->heap[i].timer->due, timers->heap[i].due);
        if (i > 1)
            assert_true(timers->heap[(i + 2) / 4].due <= timers->heap[i].due);
    }
}

static void test_timers_against_list(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct timers timers = {0};
        static struct clocked all[TIMERS];
        memset(all, 0, sizeof all);
        for (int i = 0; i < TIMERS; i++) {
            timer_init(&all[i].timer, clocked_fire);
            all[i].due = -1;
        }
        uint64_t dice = seed;
        model_now = 0;
        uint32_t span = 1 + roll(&dice) % 1000;
        for (int step = 0; step < 2000; step++) {
            struct clocked *one = &all[roll(&dice) % TIMERS];
            uint32_t what = roll(&dice) % 10;
            if (what < 6) {
                one->due = model_now + roll(&dice) % span;
                assert_true(timers_set(&timers, &one->timer, one->due));
            } else if (what < 8) {
                timers_cancel(&timers, &one->timer);
                one->due = -1;
            } else {
                model_now += roll(&dice) % (span / 4 + 1);
                timers_fire(&timers, model_now);
                for (int i = 0; i < TIMERS; i++)
                    assert_true(all[i].due < 0 || all[i].due > model_now);
            }
            assert_int_equal(timers_next(&timers), model_next(all));
            heap_holds(&timers);
        }
        timers_fini(&timers);
    }
}

static int64_t last_due;
static int fired;

static void ordered_fire(struct timer *timer)
{
    assert_true(timer->due >= last_due);
    last_due = timer->due;
    fired++;
}

static void test_timers_in_order(void **state)
{
    (void)state;
    struct timers timers = {0};
    static struct timer all[TIMERS];
    uint64_t dice = 7;
    last_due = -1;
    fired = 0;
    for (int i = 0; i < TIMERS; i++) {
        timer_init(&all[i], ordered_fire);
        assert_true(timers_set(&timers, &all[i], roll(&dice) % 50));
    }
    timers_fire(&timers, 100);
    assert_int_equal(fired, TIMERS);
    assert_int_equal(timers.count, 0);
    timers_fini(&timers);
}

static void test_timers_out_of_memory(void **state)
{
    (void)state;
    struct timers timers = {0};
    static struct timer all[65];
    memory_fail_nth(1);
    assert_false(timers_set(&timers, &all[0], 5));
    assert_int_equal(all[0].place, 0);
    for (int i = 0; i < 63; i++)
        assert_true(timers_set(&timers, &all[i], 100 - i));
    memory_fail_nth(1);
    assert_false(timers_set(&timers, &all[63], 1));
    assert_true(timers_set(&timers, &all[0], 1));
    assert_int_equal(timers_next(&timers), 1);
    heap_holds(&timers);
    memory_fail_nth(0);
    timers_fini(&timers);
}

/* A scene: what ran, in order, as letters. */
struct scene {
    struct loop *loop;
    char log[64];
    size_t len;
    struct task tasks[8];
    struct timer timers[4];
    int64_t started;
};

static struct scene scene;

static void note(char letter)
{
    scene.log[scene.len++] = letter;
    scene.log[scene.len] = '\0';
}

static void scene_open(void)
{
    memset(&scene, 0, sizeof scene);
    scene.loop = loop_new_epoll();
    assert_non_null(scene.loop);
    scene.started = loop_now(scene.loop);
}

static void task_deferred_again(struct task *task)
{
    (void)task;
    note('c');
    loop_stop(scene.loop);
}

static void task_deferred(struct task *task)
{
    (void)task;
    note('b');
    scene.tasks[2].run = task_deferred_again;
    loop_defer(scene.loop, &scene.tasks[2]);
}

static void task_mail(struct task *task)
{
    (void)task;
    note('m');
}

static void timer_past(struct timer *timer)
{
    note('t');
    /* Set to the past again: it has to wait for the next turn. */
    if (loop_turn(scene.loop) == 1)
        assert_true(loop_timer_set(scene.loop, timer, scene.started - 1));
}

static void test_order_of_a_turn(void **state)
{
    (void)state;
    scene_open();
    timer_init(&scene.timers[0], timer_past);
    assert_true(loop_timer_set(scene.loop, &scene.timers[0], scene.started));
    scene.tasks[0].run = task_mail;
    scene.tasks[1].run = task_deferred;
    scene.tasks[3].run = task_mail;
    loop_defer(scene.loop, &scene.tasks[1]);
    loop_post(scene.loop, &scene.tasks[0]);
    loop_post(scene.loop, &scene.tasks[3]);
    assert_int_equal(loop_turn(scene.loop), 0);
    loop_run(scene.loop);
    assert_string_equal(scene.log, "mmtbtc");
    assert_int_equal(loop_turn(scene.loop), 2);
    loop_free(scene.loop);
}

static void timer_stops(struct timer *timer)
{
    (void)timer;
    note('s');
    loop_stop(scene.loop);
}

static void timer_notes(struct timer *timer)
{
    (void)timer;
    note('n');
}

static void test_waits_and_clocks(void **state)
{
    (void)state;
    scene_open();
    for (int i = 0; i < 4; i++)
        timer_init(&scene.timers[i], i == 3 ? timer_stops : timer_notes);
    for (int i = 0; i < 4; i++)
        assert_true(loop_timer_set(scene.loop, &scene.timers[i], scene.started + (i + 1) * 5 * MS));
    loop_timer_cancel(scene.loop, &scene.timers[1]);
    loop_timer_cancel(scene.loop, &scene.timers[1]);
    int64_t wall = loop_wall(scene.loop);
    loop_run(scene.loop);
    assert_string_equal(scene.log, "nns");
    assert_true(loop_now(scene.loop) >= scene.started + 20 * MS);
    assert_true(loop_wall(scene.loop) > wall);
    assert_true(loop_wall(scene.loop) > 1700000000 * (int64_t)1000000000);
    assert_in_range(loop_turn(scene.loop), 3, 8);
    loop_free(scene.loop);
}

static void test_stop_before_run(void **state)
{
    (void)state;
    scene_open();
    loop_stop(scene.loop);
    loop_run(scene.loop);
    assert_int_equal(loop_turn(scene.loop), 0);
    loop_free(scene.loop);
}

enum { POSTERS = 3, POSTS = 500 };

struct poster {
    pthread_t thread;
    struct task tasks[POSTS];
    int next; /* the post expected next */
    int number;
};

static struct poster posters[POSTERS];
static int posts_seen;

static void posted(struct task *task)
{
    for (int i = 0; i < POSTERS; i++) {
        if (task >= posters[i].tasks && task < posters[i].tasks + POSTS)
            assert_ptr_equal(task, &posters[i].tasks[posters[i].next++]);
    }
    if (++posts_seen == POSTERS * POSTS)
        loop_stop(scene.loop);
}

static void *post_all(void *argument)
{
    struct poster *poster = argument;
    for (int i = 0; i < POSTS; i++) {
        poster->tasks[i].run = posted;
        loop_post(scene.loop, &poster->tasks[i]);
        if (i % 50 == 0)
            usleep(200);
    }
    return NULL;
}

/* From several threads all mail arrives, each sender's in order, and the loop sleeps meanwhile. */
static void test_mail_from_threads(void **state)
{
    (void)state;
    scene_open();
    memset(posters, 0, sizeof posters);
    posts_seen = 0;
    for (int i = 0; i < POSTERS; i++)
        assert_int_equal(pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
    loop_run(scene.loop);
    for (int i = 0; i < POSTERS; i++)
        pthread_join(posters[i].thread, NULL);
    assert_int_equal(posts_seen, POSTERS * POSTS);
    loop_free(scene.loop);
}

static void caught(void *owner, int number)
{
    assert_ptr_equal(owner, &scene);
    note(number == SIGUSR1 ? '1' : number == SIGHUP ? 'h' : '?');
    if (scene.len == 2)
        loop_stop(scene.loop);
}

static void test_signals(void **state)
{
    (void)state;
    scene_open();
    const int numbers[] = {SIGUSR1, SIGHUP, 0};
    assert_true(loop_signals(scene.loop, numbers, caught, &scene));
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGHUP);
    loop_run(scene.loop);
    assert_true(strcmp(scene.log, "h1") == 0 || strcmp(scene.log, "1h") == 0);
    loop_free(scene.loop);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void test_random(void **state)
{
    (void)state;
    scene_open();
    unsigned char a[1000] = {0};
    unsigned char b[1000] = {0};
    loop_random(scene.loop, a, sizeof a);
    loop_random(scene.loop, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a + 900, a + 800, 100);
    loop_free(scene.loop);
}

static void test_refused(void **state)
{
    (void)state;
    memory_fail_nth(1);
    assert_null(loop_new_epoll());
    memory_fail_nth(0);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit none = {3, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    assert_null(loop_new_epoll());
    setrlimit(RLIMIT_NOFILE, &before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_against_list),
        cmocka_unit_test(test_timers_in_order),
        cmocka_unit_test(test_timers_out_of_memory),
        cmocka_unit_test(test_order_of_a_turn),
        cmocka_unit_test(test_waits_and_clocks),
        cmocka_unit_test(test_stop_before_run),
        cmocka_unit_test(test_mail_from_threads),
        cmocka_unit_test(test_signals),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
