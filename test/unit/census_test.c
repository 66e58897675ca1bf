/* The census: who is let in, who is not, and that all are counted out again. */
#include "net/census.h"

#include "base/memory.h"
#include "table.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

static struct sock_address address_of(const char *text)
{
    struct sock_address address = {.family = AF_INET, .port = 1};
    if (strcmp(text, "unix") == 0)
        return (struct sock_address){.family = AF_UNIX};
    if (inet_pton(AF_INET, text, address.bytes) == 1)
        return address;
    address.family = AF_INET6;
    assert_int_equal(inet_pton(AF_INET6, text, address.bytes), 1);
    return address;
}

struct row {
    const char *id;
    const char *name;
    const char *in;   /* who comes, in this order; a "-" before one that leaves */
    const char *want; /* "y" or "n" for each that comes */
};

/* At most three in all, two of one address. */
static const struct row rows[] = {
    {"connections", "three", "1.0.0.1 1.0.0.2 1.0.0.3", "yyy"},
    {"connections", "a fourth", "1.0.0.1 1.0.0.2 1.0.0.3 1.0.0.4", "yyyn"},
    {"connections", "a fourth when one has left", "1.0.0.1 1.0.0.2 1.0.0.3 -1.0.0.2 1.0.0.4",
     "yyyy"},
    {"connections", "unix sockets count in all", "unix unix unix unix", "yyyn"},
    {"connections_per_address", "two of one", "1.0.0.1 1.0.0.1", "yy"},
    {"connections_per_address", "a third of one", "1.0.0.1 1.0.0.1 1.0.0.1", "yyn"},
    {"connections_per_address", "one that was refused does not count",
     "1.0.0.1 1.0.0.1 1.0.0.1 1.0.0.2", "yyny"},
    {"connections_per_address", "a third of one when one has left",
     "1.0.0.1 1.0.0.1 -1.0.0.1 1.0.0.1", "yyy"},
    {"connections_per_address", "the last one leaves, and comes back",
     "1.0.0.1 -1.0.0.1 1.0.0.1 1.0.0.1 1.0.0.1", "yyyn"},
    {"connections_per_address", "neighbours of IPv4 are others", "1.0.0.1 1.0.0.2 1.0.0.3", "yyy"},
    {"connections_per_address", "neighbours of IPv6 in one /64 are one",
     "2001:db8::1 2001:db8::2 2001:db8::3", "yyn"},
    {"connections_per_address", "another /64 is another", "2001:db8::1 2001:db8::2 2001:db8:0:1::1",
     "yyy"},
    {"connections_per_address", "the families are apart", "32.1.13.184 2001:db8:: 32.1.13.184",
     "yyy"},
    {"connections_per_address", "unix sockets have no address", "unix unix unix", "yyy"},
};

static void check_in(const struct row *row)
{
    const struct limits limits = {.connections = 3, .connections_per_address = 2};
    struct conn_census *census = conn_census_new(&limits, (const uint64_t[2]){1, 2});
    char text[128], got[16] = "";
    uint64_t open = 0;
    strcpy(text, row->in);
    for (char *rest = text, *word; (word = strtok_r(rest, " ", &rest));) {
        bool leaves = *word == '-';
        struct sock_address address = address_of(word + leaves);
        if (leaves) {
            census_leave(census, &address);
            open--;
        } else {
            bool in = census_enter(census, &address);
            strcat(got, in ? "y" : "n");
            open += in;
        }
        check_row(row, conn_census_open(census) == open);
    }
    check_row(row, strcmp(got, row->want) == 0);
    conn_census_free(census);
}

static void limits_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_in(&rows[i]);
}

/* Without memory nobody comes in, and nothing was counted. */
static void memory_may_be_out(void **state)
{
    const struct limits limits = {.connections = 3, .connections_per_address = 2};
    struct sock_address address = address_of("1.0.0.1");
    (void)state;
    memory_fail_nth(1);
    assert_null(conn_census_new(&limits, (const uint64_t[2]){1, 2}));
    struct conn_census *census = conn_census_new(&limits, (const uint64_t[2]){1, 2});
    for (uint64_t nth = 1; nth <= 2; nth++) {
        memory_fail_nth(nth);
        assert_false(census_enter(census, &address));
        assert_int_equal(conn_census_open(census), 0);
    }
    memory_fail_nth(0);
    assert_true(census_enter(census, &address));
    census_leave(census, &address);
    conn_census_free(census);
    conn_census_free(NULL);
}

enum { THREADS = 4, TIMES = 2000 };

static void *come_and_go(void *argument)
{
    struct conn_census *census = argument;
    struct sock_address address = address_of("1.0.0.1");
    uintptr_t in = 0;
    for (int i = 0; i < TIMES; i++) {
        if (!census_enter(census, &address))
            continue;
        in++;
        census_leave(census, &address);
    }
    return (void *)in;
}

static void workers_count_together(void **state)
{
    const struct limits limits = {.connections = 3, .connections_per_address = 2};
    struct conn_census *census = conn_census_new(&limits, (const uint64_t[2]){1, 2});
    pthread_t threads[THREADS];
    uintptr_t in = 0;
    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, census), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        in += (uintptr_t)result;
    }
    assert_true(in >= TIMES);
    assert_int_equal(conn_census_open(census), 0);
    conn_census_free(census);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(memory_may_be_out),
        cmocka_unit_test(workers_count_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
