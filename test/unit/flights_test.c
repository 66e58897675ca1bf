/* The table of flights: who may be joined, who is told what and when, what is outdated by whom, and
 * which keys are left alone. */
#include "cache/flights.h"
#include "io/loop_sim.h"

#include "table.h"

struct box {
    struct letterbox box;
    struct loop *loop;
    unsigned emptied;
};

struct asker {
    struct follower follower;
    unsigned told;
    struct asker *leaves; /* is taken back when this one is told */
};

struct table {
    struct sim_world *world;
    struct flights *flights;
    struct box boxes[2];
};

static void asker_told(struct follower *follower)
{
    struct asker *asker = (struct asker *)(void *)follower;
    asker->told++;
    if (asker->leaves)
        flights_forget(&asker->leaves->follower);
}

static struct asker asker_of(struct table *table, unsigned worker)
{
    return (struct asker){.follower = {.box = &table->boxes[worker].box, .told = asker_told}};
}

static void box_emptied(struct letterbox *box)
{
    ((struct box *)(void *)box)->emptied++;
}

static void table_open(struct table *table)
{
    *table = (struct table){.world = sim_world_new(1), .flights = flights_new()};
    assert_non_null(table->flights);
    for (unsigned i = 0; i < 2; i++) {
        table->boxes[i].loop = sim_world_loop(table->world);
        letterbox_init(&table->boxes[i].box, table->boxes[i].loop, box_emptied);
    }
}

static void table_close(struct table *table)
{
    for (unsigned i = 0; i < 2; i++)
        letterbox_close(&table->boxes[i].box);
    sim_world_run_until_idle(table->world);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(table->boxes[i].emptied, 1);
        loop_free(table->boxes[i].loop);
    }
    flights_free(table->flights);
    sim_world_free(table->world);
}

static const struct flights_key key_a = {{1, 2}, 0}, key_b = {{1, 2}, 3}, key_c = {{65, 2}, 0};
static const struct follower_word again = {.news = FOLLOWER_AGAIN},
                                  alone = {.news = FOLLOWER_ALONE, .status = 500};

static enum flights_entered enter(struct table *table, struct flights_place *place,
                                  const struct flights_key *key, bool joinable)
{
    *place = (struct flights_place){.key = *key};
    return flights_enter(table->flights, place, flights_moment(table->flights, key->primary),
                         joinable, NULL);
}

/* C-9111-4-8 */
static void joining(void **state)
{
    (void)state;
    struct table table;
    struct flights_place a, b, c;
    table_open(&table);
    struct asker one = asker_of(&table, 0), two = asker_of(&table, 1), three = asker_of(&table, 1);

    assert_false(flights_join(table.flights, &key_a, &one.follower));
    assert_int_equal(enter(&table, &a, &key_a, true), FLIGHTS_ENTERED);
    assert_true(flights_join(table.flights, &key_a, NULL));
    assert_true(flights_join(table.flights, &key_a, &one.follower));
    assert_false(flights_join(table.flights, &key_b, &two.follower)); /* another variant */
    assert_false(flights_join(table.flights, &key_c, &two.follower)); /* another primary key */

    b = (struct flights_place){.key = key_a}; /* too late: it waits for the first */
    assert_int_equal(flights_enter(table.flights, &b, flights_moment(table.flights, key_a.primary),
                                   true, &two.follower),
                     FLIGHTS_JOINED);
    assert_int_equal(enter(&table, &b, &key_a, false),
                     FLIGHTS_ENTERED); /* one that none may join */
    assert_int_equal(enter(&table, &c, &key_a, true), FLIGHTS_JOINED);

    flights_land(&a, &again);
    assert_false(flights_join(table.flights, &key_a, &three.follower));
    assert_int_equal(one.told + two.told, 0); /* on their own loops, later */
    sim_world_run_until_idle(table.world);
    assert_int_equal(one.told, 1);
    assert_int_equal(two.told, 1);
    assert_int_equal(two.follower.word.news, FOLLOWER_AGAIN);
    flights_exit(&a);
    flights_exit(&a);
    flights_exit(&b);
    table_close(&table);
}

static void moments(void **state)
{
    (void)state;
    struct table table;
    struct flights_place a, b;
    table_open(&table);
    const uint64_t moment = flights_moment(table.flights, key_a.primary);
    assert_int_equal(enter(&table, &a, &key_a, false), FLIGHTS_ENTERED);
    flights_land(&a, &alone);
    b = (struct flights_place){.key = key_a};
    assert_int_equal(flights_enter(table.flights, &b, moment, true, NULL), FLIGHTS_MOVED);
    assert_int_equal(enter(&table, &b, &key_a, true), FLIGHTS_ENTERED);
    flights_exit(&a);
    flights_land(&b, &alone);
    flights_exit(&b);
    flights_land(&b, &alone); /* it is out: nothing happens */
    table_close(&table);
}

static void leaving(void **state)
{
    (void)state;
    struct table table;
    struct flights_place a;
    table_open(&table);
    struct asker askers[4];
    for (unsigned i = 0; i < 4; i++)
        askers[i] = asker_of(&table, 0);
    flights_forget(&askers[0].follower); /* waits for nothing */
    assert_int_equal(enter(&table, &a, &key_a, true), FLIGHTS_ENTERED);
    for (unsigned i = 0; i < 4; i++)
        assert_true(flights_join(table.flights, &key_a, &askers[i].follower));
    flights_forget(&askers[3].follower);
    flights_forget(&askers[3].follower);
    assert_false(flights_give_up(&a));
    askers[0].leaves = &askers[1]; /* whose news is in the box already */
    flights_land(&a, &alone);
    flights_forget(&askers[2].follower); /* so is his */
    sim_world_run_until_idle(table.world);
    assert_int_equal(askers[0].told, 1);
    assert_int_equal(askers[1].told + askers[2].told + askers[3].told, 0);
    flights_exit(&a);

    assert_int_equal(enter(&table, &a, &key_a, true), FLIGHTS_ENTERED);
    assert_true(flights_give_up(&a));
    assert_false(flights_join(table.flights, &key_a, NULL));
    assert_true(flights_give_up(&a));
    table_close(&table);
}

/* C-9111-4.4-1 */
static void outdating(void **state)
{
    (void)state;
    struct table table;
    struct flights_place a, b, c;
    table_open(&table);
    struct asker one = asker_of(&table, 0);
    assert_int_equal(enter(&table, &a, &key_a, true), FLIGHTS_ENTERED);
    assert_int_equal(enter(&table, &b, &key_b, true), FLIGHTS_ENTERED);
    assert_int_equal(enter(&table, &c, &key_c, true), FLIGHTS_ENTERED); /* of the same shard */
    assert_true(flights_join(table.flights, &key_a, &one.follower));
    flights_outdate(table.flights, key_a.primary);
    assert_false(flights_join(table.flights, &key_a, NULL));
    assert_false(flights_join(table.flights, &key_b, NULL)); /* all variants */
    assert_true(flights_join(table.flights, &key_c, NULL));
    assert_false(flights_begin_storing(&a));
    assert_true(flights_begin_storing(&c));
    flights_end_storing(&c);
    flights_land(&a, &alone);
    sim_world_run_until_idle(table.world);
    assert_int_equal(one.follower.word.news, FOLLOWER_AGAIN);
    flights_outdate(table.flights, NULL);
    assert_false(flights_begin_storing(&c));
    flights_exit(&a);
    flights_exit(&b);
    flights_exit(&c);
    table_close(&table);
}

/* D-40 */
static void keys_alone(void **state)
{
    (void)state;
    struct table table;
    table_open(&table);
    assert_false(flights_is_alone(table.flights, &key_a, 0));
    flights_set_alone(table.flights, &key_a, 100);
    assert_true(flights_is_alone(table.flights, &key_a, 99));
    assert_false(flights_is_alone(table.flights, &key_a, 100));
    assert_false(flights_is_alone(table.flights, &key_b, 0));
    assert_false(flights_is_alone(table.flights, &key_c, 0));
    for (uint64_t i = 0; i < 100000; i++) { /* bounded, whoever comes */
        const struct flights_key other = {{i, i * UINT64_C(0x9e3779b97f4a7c15)}, 0};
        flights_set_alone(table.flights, &other, 100);
        assert_true(flights_is_alone(table.flights, &other, 0));
    }
    table_close(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joining),   cmocka_unit_test(moments),    cmocka_unit_test(leaving),
        cmocka_unit_test(outdating), cmocka_unit_test(keys_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
