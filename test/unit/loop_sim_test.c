/* The simulated world: the virtual clocks, whose turn it is, jobs, mail, signals. */
#include "base/container.h"
#include "io/loop_sim.h"
#include "io/work.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MS ((int64_t)1000000)
#define S (1000 * MS)

static struct {
    struct sim_world *world;
    struct loop *loops[3];
    struct work *work;
    char log[256];
    size_t len;
    int64_t last;
} scene;

static void note(char letter)
{
    assert_in_range(scene.len, 0, sizeof scene.log - 2);
    scene.log[scene.len++] = letter;
    scene.log[scene.len] = '\0';
}

static void scene_open(uint64_t seed, int loops)
{
    memset(&scene, 0, sizeof scene);
    scene.world = sim_world_new(seed);
    for (int i = 0; i < loops; i++)
        scene.loops[i] = sim_world_loop(scene.world);
    scene.work = work_new_sim(scene.loops[0]);
}

static void scene_close(void)
{
    work_free(scene.work);
    for (int i = 0; i < 3 && scene.loops[i]; i++)
        loop_free(scene.loops[i]);
    sim_world_free(scene.world);
}

/* A timer that knows when it should fire, and on which loop. */
struct alarm {
    struct timer timer;
    struct loop *loop;
    int64_t period;
    char letter;
};

static void alarm_fire(struct timer *timer)
{
    struct alarm *alarm = CONTAINER(timer, struct alarm, timer);
    assert_true(loop_now(alarm->loop) == timer->due);
    assert_true(timer->due >= scene.last);
    scene.last = timer->due;
    note(alarm->letter);
    if (alarm->period > 0)
        assert_true(loop_timer_set(alarm->loop, timer, timer->due + alarm->period));
}

static void alarm_set(struct alarm *alarm, struct loop *loop, char letter, int64_t after)
{
    *alarm = (struct alarm){.loop = loop, .letter = letter};
    timer_init(&alarm->timer, alarm_fire);
    assert_true(loop_timer_set(loop, &alarm->timer, loop_now(loop) + after));
}

/* Timers of several loops fire in the order of the one clock, each at its exact time. */
static void test_clock(void **state)
{
    (void)state;
    scene_open(1, 3);
    struct alarm alarms[5];
    assert_true(sim_world_due(scene.world) == INT64_MAX);
    alarm_set(&alarms[0], scene.loops[0], 'c', 30 * S);
    alarm_set(&alarms[1], scene.loops[1], 'a', 10 * MS);
    alarm_set(&alarms[2], scene.loops[2], 'b', 10 * MS + 1);
    alarm_set(&alarms[3], scene.loops[1], 'd', 3600 * S);
    alarm_set(&alarms[4], scene.loops[1], 'x', 20 * MS);
    loop_timer_cancel(scene.loops[1], &alarms[4].timer);
    int64_t start = sim_world_now(scene.world);
    assert_true(start == S);
    sim_world_run_until_idle(scene.world);
    assert_string_equal(scene.log, "");
    assert_true(sim_world_due(scene.world) == 10 * MS);
    sim_world_advance(scene.world, 10 * MS - 1);
    assert_string_equal(scene.log, "");
    sim_world_advance(scene.world, 1);
    assert_string_equal(scene.log, "a");
    sim_world_advance(scene.world, 60 * S);
    assert_string_equal(scene.log, "abc");
    assert_true(sim_world_now(scene.world) == start + 60 * S + 10 * MS);
    sim_world_advance(scene.world, 24 * 3600 * S);
    assert_string_equal(scene.log, "abcd");
    scene_close();
}

static void test_periodic(void **state)
{
    (void)state;
    scene_open(1, 1);
    struct alarm alarm;
    alarm_set(&alarm, scene.loops[0], 't', S);
    alarm.period = S;
    sim_world_advance(scene.world, 10 * S + 1);
    assert_string_equal(scene.log, "tttttttttt");
    loop_timer_cancel(scene.loops[0], &alarm.timer);
    scene_close();
}

static int64_t seen_wall;
static int64_t seen_now;

static void see_clocks(struct task *task)
{
    (void)task;
    seen_wall = loop_wall(scene.loops[0]);
    seen_now = loop_now(scene.loops[0]);
}

/* The wall clock steps both ways, the other one does not notice. */
static void test_wall(void **state)
{
    (void)state;
    scene_open(1, 1);
    struct task task = {.run = see_clocks};
    const int64_t new_year = 1704067200 * S;
    const struct {
        const char *name;
        int64_t step;
        int64_t wanted;
    } rows[] = {
        {"as it begins", 0, new_year},
        {"an hour ahead", 3600 * S, new_year + 3600 * S},
        {"two days back", -48 * 3600 * S, new_year - 47 * 3600 * S},
    };
    assert_true(loop_wall(scene.loops[0]) == new_year);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sim_world_step_wall(scene.world, rows[i].step);
        loop_post(scene.loops[0], &task);
        sim_world_run_until_idle(scene.world);
        if (seen_wall != rows[i].wanted || seen_now != S)
            fail_msg("%s", rows[i].name);
    }
    sim_world_set_wall(scene.world, 5 * S);
    sim_world_advance(scene.world, S);
    loop_post(scene.loops[0], &task);
    sim_world_run_until_idle(scene.world);
    assert_true(seen_wall == 6 * S && seen_now == 2 * S);
    assert_true(sim_world_wall(scene.world) == 6 * S);
    scene_close();
}

struct lettered {
    struct task task;
    struct job job;
    char letter;
};

static void lettered_run(struct task *task)
{
    note(CONTAINER(task, struct lettered, task)->letter);
}

static void lettered_job(struct job *job)
{
    note(CONTAINER(job, struct lettered, job)->letter);
}

static void lettered_done(struct job *job)
{
    note((char)(CONTAINER(job, struct lettered, job)->letter - 'a' + 'A'));
}

/* The order in which three loops take their turns, as letters. */
static void turns_of(uint64_t seed, char log[16])
{
    static struct lettered all[12];
    scene_open(seed, 3);
    for (int i = 0; i < 12; i++)
        all[i] = (struct lettered){.task.run = lettered_run, .letter = (char)('a' + i)};
    for (int i = 0; i < 12; i += 3) {
        for (int k = 0; k < 3; k++)
            loop_post(scene.loops[k], &all[i + k].task);
        assert_int_equal(sim_world_due(scene.world), 0);
        sim_world_run_until_idle(scene.world);
    }
    memcpy(log, scene.log, 13);
    scene_close();
}

/* Who runs first is drawn; the same seed gives the same run. */
static void test_seeded_turns(void **state)
{
    (void)state;
    char first[16];
    bool differs = false;
    turns_of(1, first);
    assert_int_equal(strlen(first), 12);
    for (uint64_t seed = 1; seed <= 5; seed++) {
        char once[16];
        char again[16];
        turns_of(seed, once);
        turns_of(seed, again);
        assert_string_equal(once, again);
        differs |= strcmp(once, first) != 0;
    }
    assert_true(differs);
}

static void submit(struct lettered *all, int count)
{
    for (int i = 0; i < count; i++) {
        all[i] = (struct lettered){.letter = (char)('a' + i)};
        all[i].job = (struct job){.run = lettered_job, .done = lettered_done};
        work_submit(scene.work, &all[i].job, scene.loops[0], i % 2 ? WORK_NOW : WORK_LATER);
    }
}

/* Jobs run and come home, the urgent ones first; not before the world runs. */
static void test_jobs(void **state)
{
    (void)state;
    struct lettered all[4];
    char ran[8] = {0};
    char done[8] = {0};
    scene_open(1, 1);
    submit(all, 4);
    assert_int_equal(work_pending(scene.work), 4);
    assert_string_equal(scene.log, "");
    sim_world_run_until_idle(scene.world);
    assert_int_equal(work_pending(scene.work), 0);
    for (const char *letter = scene.log; *letter; letter++)
        *(*letter >= 'a' ? &ran[strlen(ran)] : &done[strlen(done)]) = *letter;
    assert_string_equal(ran, "bdac");
    assert_string_equal(done, "BDAC");
    scene_close();
}

/* With a delay each takes its time, drawn, and so they overtake each other. */
static void test_job_delays(void **state)
{
    (void)state;
    bool overtaken = false;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct lettered all[4];
        scene_open(seed, 1);
        sim_world_faults(scene.world, &(struct sim_faults){.job_delay = 10 * S});
        submit(all, 4);
        sim_world_run_until_idle(scene.world);
        assert_in_range(scene.len, 0, 1);
        assert_true(sim_world_due(scene.world) <= 10 * S);
        sim_world_advance(scene.world, 10 * S);
        assert_int_equal(scene.len, 8);
        overtaken |= strcmp(scene.log, "bBdDaAcC") != 0;
        scene_close();
    }
    assert_true(overtaken);
}

/* What has not begun is dropped with its pool, and never comes home. */
static void test_jobs_dropped(void **state)
{
    (void)state;
    struct lettered all[4];
    scene_open(1, 1);
    submit(all, 4);
    work_free(scene.work);
    sim_world_run_until_idle(scene.world);
    assert_string_equal(scene.log, "");
    scene.work = work_new_sim(scene.loops[0]);
    scene_close();
}

static void caught(void *owner, int number)
{
    assert_ptr_equal(owner, &scene);
    note((char)('0' + number));
    if (number == 9)
        loop_stop(scene.loops[0]);
}

/* A loop that was stopped takes no more turns. */
static void test_signals_and_stop(void **state)
{
    (void)state;
    struct lettered task = {.task.run = lettered_run, .letter = 'z'};
    scene_open(1, 1);
    assert_true(loop_signals(scene.loops[0], (const int[]){1, 9, 0}, caught, &scene));
    sim_loop_signal(scene.loops[0], 1);
    sim_world_run_until_idle(scene.world);
    assert_false(sim_loop_stopped(scene.loops[0]));
    sim_loop_signal(scene.loops[0], 9);
    sim_world_run_until_idle(scene.world);
    assert_string_equal(scene.log, "19");
    assert_true(sim_loop_stopped(scene.loops[0]));
    loop_post(scene.loops[0], &task.task);
    sim_world_run_until_idle(scene.world);
    assert_string_equal(scene.log, "19");
    scene_close();
}

static void stop_fire(struct timer *timer)
{
    (void)timer;
    note('s');
    loop_stop(scene.loops[0]);
}

/* loop_run on a simulated loop lets the others and the clock go on. */
static void test_loop_run(void **state)
{
    (void)state;
    scene_open(1, 2);
    struct alarm alarm;
    struct timer stop;
    alarm_set(&alarm, scene.loops[1], 'a', 2 * S);
    alarm.period = 3 * S;
    timer_init(&stop, stop_fire);
    assert_true(loop_timer_set(scene.loops[0], &stop, loop_now(scene.loops[0]) + 6 * S));
    loop_run(scene.loops[0]);
    assert_string_equal(scene.log, "aas");
    loop_timer_cancel(scene.loops[1], &alarm.timer);
    /* Nothing can happen any more: it returns by itself. */
    loop_run(scene.loops[0]);
    assert_string_equal(scene.log, "aas");
    scene_close();
}

static void test_random(void **state)
{
    (void)state;
    char one[32];
    char again[32];
    char other[32];
    scene_open(7, 1);
    loop_random(scene.loops[0], one, sizeof one);
    loop_random(scene.loops[0], other, sizeof other);
    scene_close();
    scene_open(7, 1);
    loop_random(scene.loops[0], again, sizeof again);
    scene_close();
    assert_memory_equal(one, again, sizeof one);
    assert_memory_not_equal(one, other, sizeof one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock),        cmocka_unit_test(test_periodic),
        cmocka_unit_test(test_wall),         cmocka_unit_test(test_seeded_turns),
        cmocka_unit_test(test_jobs),         cmocka_unit_test(test_job_delays),
        cmocka_unit_test(test_jobs_dropped), cmocka_unit_test(test_signals_and_stop),
        cmocka_unit_test(test_loop_run),     cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
