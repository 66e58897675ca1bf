/* Networks: how they are written, and who is in them. */
#include "serve/network.h"

#include "table.h"

#include <arpa/inet.h>
#include <string.h>

struct row {
    const char *id;
    const char *name;    /* as written */
    const char *address; /* of a client; NULL: the network is refused */
    bool in;
};

static const struct row rows[] = {
    {"address", "192.0.2.1", "192.0.2.1", true},
    {"address", "192.0.2.1", "192.0.2.2", false},
    {"address", "::1", "::1", true},
    {"address", "::1", "::2", false},
    {"address", "2001:DB8::7", "2001:db8::7", true},
    {"family", "0.0.0.0/0", "203.0.113.9", true},
    {"family", "0.0.0.0/0", "::1", false},
    {"family", "::/0", "203.0.113.9", false},
    {"family", "::/0", "ff02::1", true},
    {"family", "unix", "unix", true},
    {"family", "unix", "127.0.0.1", false},
    {"family", "0.0.0.0/0", "unix", false},
    {"length", "10.0.0.0/8", "10.255.0.1", true},
    {"length", "10.0.0.0/8", "11.0.0.0", false},
    {"length", "172.16.0.0/12", "172.31.255.255", true},
    {"length", "172.16.0.0/12", "172.32.0.0", false},
    {"length", "192.0.2.128/25", "192.0.2.127", false},
    {"length", "192.0.2.128/25", "192.0.2.200", true},
    {"length", "192.0.2.7/32", "192.0.2.7", true},
    {"length", "192.0.2.6/31", "192.0.2.8", false},
    {"length", "fe80::/10", "febf::1", true},
    {"length", "fe80::/10", "fec0::1", false},
    {"length", "2001:db8::/33", "2001:db8:7fff::", true},
    {"length", "2001:db8::/33", "2001:db8:8000::", false},
    {"written", "", NULL, false},
    {"written", "localhost", NULL, false},
    {"written", "10", NULL, false},
    {"written", "10.0.0", NULL, false},
    {"written", "10.0.0.0/", NULL, false},
    {"written", "10.0.0.0/33", NULL, false},
    {"written", "10.0.0.0/-1", NULL, false},
    {"written", "10.0.0.0/8 ", NULL, false},
    {"written", "10.0.0.0/0008", NULL, false},
    {"written", "10.0.0.0/8/8", NULL, false},
    {"written", "10.1.0.0/8", NULL, false}, /* bits beyond the length */
    {"written", "::1/64", NULL, false},
    {"written", "::/129", NULL, false},
    {"written", "[::1]", NULL, false},
    {"written", "unix/8", NULL, false},
    {"written", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee", NULL,
     false},
};

static struct sock_address client(const char *text)
{
    struct sock_address address = {.family = AF_UNIX};
    if (strcmp(text, "unix") == 0)
        return address;
    address.family = strchr(text, ':') ? AF_INET6 : AF_INET;
    assert_int_equal(inet_pton(address.family, text, address.bytes), 1);
    return address;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct network network;
        const char *complaint = network_read(row->name, &network);
        check_row(row, (complaint != NULL) == (row->address == NULL));
        if (!row->address)
            continue;
        const struct networks networks = {&network, 1};
        const struct sock_address address = client(row->address);
        check_row(row, networks_have(&networks, &address) == row->in);
    }
}

static void test_several(void **state)
{
    struct network two[2];
    const struct sock_address v4 = client("10.0.0.1"), v6 = client("::1"), other = client("::2"),
                              unknown = {0};
    (void)state;
    assert_null(network_read("10.0.0.0/8", &two[0]));
    assert_null(network_read("::1", &two[1]));
    const struct networks both = {two, 2}, none = {0};
    assert_true(networks_have(&both, &v4));
    assert_true(networks_have(&both, &v6));
    assert_false(networks_have(&both, &other));
    assert_false(networks_have(&both, &unknown));
    assert_false(networks_have(&none, &v4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_several),
    };
    return cmocka_run_group_tests_name("network", tests, NULL, NULL);
}
