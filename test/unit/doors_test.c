/* Doors: what is bound, what it is called, and which files go with it. */
#include "serve/doors.h"

#include "base/memory.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char directory[64], path[80], address[96];
    struct doors doors;
};

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    strcpy(place->directory, "/tmp/doors-XXXXXX");
    assert_non_null(mkdtemp(place->directory));
    snprintf(place->path, sizeof place->path, "%s/sock", place->directory);
    snprintf(place->address, sizeof place->address, "unix:%s", place->path);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;
    doors_remove(&place->doors);
    doors_close(&place->doors);
    unlink(place->path);
    assert_int_equal(rmdir(place->directory), 0);
    free(place);
    return 0;
}

static bool there(const struct place *place)
{
    struct stat status;
    return lstat(place->path, &status) == 0;
}

static void a_port_of_any_number_gets_one(void **state)
{
    struct place *place = *state;
    char url[DOOR_URL], want[DOOR_URL];
    assert_null(doors_open(&place->doors, "127.0.0.1:0"));
    assert_true(place->doors.at[0].port > 0);
    doors_url(&place->doors.at[0], url);
    snprintf(want, sizeof want, "http://127.0.0.1:%u/", place->doors.at[0].port);
    assert_string_equal(url, want);
}

static void an_address_is_taken_once(void **state)
{
    struct place *place = *state;
    char again[32];
    assert_null(doors_open(&place->doors, "127.0.0.1:0"));
    snprintf(again, sizeof again, "127.0.0.1:%u", place->doors.at[0].port);
    assert_non_null(doors_open(&place->doors, again));
    assert_null(doors_open(&place->doors, place->address));
    assert_non_null(doors_open(&place->doors, place->address));
    assert_int_equal(place->doors.count, 2);
    assert_true(there(place));
}

static void urls_are_for_browsers(void **state)
{
    static const struct {
        const char *id, *name;
        char address[20];
        uint16_t port;
        const char *want;
    } rows[] = {
        {"listen", "IPv4", "127.0.0.1:80", 80, "http://127.0.0.1:80/"},
        {"listen", "IPv6", "[::1]:0", 81, "http://[::1]:81/"},
        {"listen", "every address", ":8080", 8080, "http://localhost:8080/"},
        {"listen", "a name", "stet:0", 1, "http://stet:1/"},
        {"listen", "unix", "unix:/run/a:b", 0, "unix:/run/a:b"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char url[DOOR_URL], address[sizeof rows->address];
        memcpy(address, rows[i].address, sizeof address);
        const struct door door = {.address = address, .port = rows[i].port};
        doors_url(&door, url);
        check_row(&rows[i], strcmp(url, rows[i].want) == 0);
    }
}

/* A configuration may end before the doors that it named. */
static void addresses_are_copies(void **state)
{
    struct place *place = *state;
    char address[sizeof place->address];
    memcpy(address, place->address, sizeof address);
    assert_null(doors_open(&place->doors, address));
    memset(address, 0, sizeof address);
    assert_string_equal(place->doors.at[0].address, place->address);
    struct doors second = {0};
    memory_fail_nth(1);
    assert_string_equal(doors_open(&second, "127.0.0.1:0"), "out of memory");
    memory_fail_nth(0);
    assert_int_equal(second.count, 0);
}

static void a_socket_goes_with_its_server(void **state)
{
    struct place *place = *state;
    assert_null(doors_open(&place->doors, place->address));
    assert_true(there(place));
    doors_remove(&place->doors);
    assert_false(there(place));
}

/* A second server that does not get the place leaves the first one's socket alone. */
static void who_fails_to_come_in_removes_nothing(void **state)
{
    struct place *place = *state;
    struct doors second = {.count = 0};
    assert_null(doors_open(&place->doors, place->address));
    assert_non_null(doors_open(&second, place->address));
    doors_remove(&second);
    doors_close(&second);
    assert_true(there(place));
}

/* An operator clears the place for another server: the first one ends later, and removes nothing.
 */
static void another_server_in_the_same_place_is_left_alone(void **state)
{
    struct place *place = *state;
    struct doors second = {.count = 0};
    assert_null(doors_open(&place->doors, place->address));
    assert_int_equal(unlink(place->path), 0);
    assert_null(doors_open(&second, place->address));
    doors_remove(&place->doors);
    assert_true(there(place));
    doors_remove(&second);
    assert_false(there(place));
    doors_close(&second);
}

static void what_a_dead_server_left_is_replaced(void **state)
{
    struct place *place = *state;
    struct doors first = {.count = 0};
    assert_null(doors_open(&first, place->address));
    doors_close(&first);
    assert_true(there(place));
    assert_null(doors_open(&place->doors, place->address));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_port_of_any_number_gets_one),
        TEST(an_address_is_taken_once),
        TEST(urls_are_for_browsers),
        TEST(addresses_are_copies),
        TEST(a_socket_goes_with_its_server),
        TEST(who_fails_to_come_in_removes_nothing),
        TEST(another_server_in_the_same_place_is_left_alone),
        TEST(what_a_dead_server_left_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
