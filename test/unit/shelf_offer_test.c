/* Offers: what a route's own rules add to the law, and what is kept of a response. */
#include "shelf_world.h"

static const struct cache_lifetime lifetimes[] = {
    {404, 10}, {302, 20}, {200, 30}, {503, 5}, {410, 0}};

struct store_row {
    const char *id;
    const char *name;
    const char *url;
    int status;
    const char *fields;
    bool operated; /* with the lifetimes */
    enum stet_reason want;
    uint32_t lifetime; /* if it is stored */
};

#define STORABLE STET_REASON_STORABLE
#define DOUBTED STET_REASON_TYPE_DOUBTED

static const struct store_row store_rows[] = {
    {"C-9111-3-7", "nothing permits it", SHELF_URL, 404, "", false, STET_REASON_NO_PERMISSION, 0},
    {"lifetimes", "the operator does", SHELF_URL, 404, "", true, STORABLE, 10},
    {"lifetimes", "but for what it says itself", SHELF_URL, 404, "Cache-Control: max-age=7", true,
     STORABLE, 7},
    {"lifetimes", "also that it is stale", SHELF_URL, 404, "Cache-Control: max-age=0\nETag: \"x\"",
     true, STORABLE, 0},
    {"C-9111-4.2.2-1", "even by mistake", SHELF_URL, 404, "Expires: 0\nETag: \"x\"", true, STORABLE,
     0},
    {"lifetimes", "a redirect", SHELF_URL, 302, "Location: /", true, STORABLE, 20},
    {"lifetimes", "an error", SHELF_URL, 503, "", true, STORABLE, 5},
    {"lifetimes", "0 is none", SHELF_URL, 410, "", true, STET_REASON_NEVER_REUSABLE, 0},
    {"lifetimes", "no-store stands", SHELF_URL, 404, "Cache-Control: no-store", true,
     STET_REASON_NO_STORE, 0},
    {"lifetimes", "private stands", SHELF_URL, 404, "Cache-Control: private", true,
     STET_REASON_PRIVATE, 0},
    {"lifetimes", "no-cache stands", SHELF_URL, 404, "Cache-Control: no-cache", true,
     STET_REASON_NO_PERMISSION, 0},
    {"D-21", "cookies stand", SHELF_URL, 404, "Set-Cookie: a=b", true, STET_REASON_SET_COOKIE, 0},
    {"D-09", "Vary: * stands", SHELF_URL, 404, "Vary: *", true, STET_REASON_VARY_ANY, 0},
    {"lifetimes", "a page without any", SHELF_URL, 200, "", true, STORABLE, 30},
    {"deception", "a page at the address of a style sheet", "http://h/account/x.css", 200,
     "Content-Type: text/html\nETag: \"x\"", false, DOUBTED, 0},
    {"deception", "not by the operator's lifetime", "http://h/account/x.css", 200,
     "Content-Type: text/html", true, DOUBTED, 0},
    {"deception", "by its own lifetime", "http://h/account/x.css", 200,
     "Content-Type: text/html\nCache-Control: max-age=5", false, STORABLE, 5},
    {"deception", "by Expires", "http://h/account/x.css", 200,
     "Content-Type: text/html\nDate: Sun, 06 Nov 1994 08:49:37 GMT\n"
     "Expires: Sun, 06 Nov 1994 08:49:40 GMT",
     false, STORABLE, 3},
    {"deception", "to be validated is no lifetime", "http://h/account/x.css", 200,
     "Content-Type: text/html\nCache-Control: no-cache\nETag: \"x\"", false, DOUBTED, 0},
    {"deception", "a style sheet", "http://h/account/x.css", 200,
     "Content-Type: text/css\nETag: \"x\"", false, STORABLE, 0},
};

static void test_store(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(store_rows); i++) {
        const struct store_row *row = &store_rows[i];
        struct shelf_world world;
        struct asking asking;
        struct message message;
        shelf_world_init(&world);
        world.rules.profile.validates_bare = false;
        if (row->operated) {
            world.rules.lifetimes = lifetimes;
            world.rules.lifetime_count = COUNT(lifetimes);
        }
        asking_make(&asking, &world, "GET", row->url, NULL);
        const struct stet_response response = message_response(&message, row->status, row->fields);
        const struct stet_transaction transaction = {.request = &asking.request,
                                                     .response = &response,
                                                     .arrival = shelf_world_arrival(&world)};
        const struct stet_storing storing = shelf_may_store(&world.rules, &transaction);
        check_row(row, storing.reason == row->want && storing.allowed == (row->want == STORABLE));
        check_row(row, shelf_world_put(&world, &asking, row->status, row->fields, "a") ==
                           storing.allowed);
        struct shelf_pick pick = shelf_pick(&world.shelf, &asking.ask);
        if (storing.allowed)
            check_row(row, entry_head_stored(pick.head).lifetime == row->lifetime);
        shelf_pick_drop(&pick);
        world.rules.guard_deception = false;
        if (row->want == DOUBTED)
            check_row(row, shelf_may_store(&world.rules, &transaction).allowed);
        shelf_world_fini(&world);
    }
}

struct keep_row {
    const char *id;
    const char *name;
    const char *fields;
    const char *line; /* that is, or is not, in the answers */
    bool kept;
};

#define PUBLIC "Cache-Control: public, max-age=60"

static const struct keep_row keep_rows[] = {
    {"C-9111-3.1-1", "an unknown field", PUBLIC "\nX-Foo: 1", "X-Foo: 1", true},
    {"C-9111-3.1-2", "hop by hop", PUBLIC "\nKeep-Alive: 5", "Keep-Alive", false},
    {"C-9111-3.1-2", "named by Connection", PUBLIC "\nX-Foo: 1\nConnection: x-foo", "X-Foo", false},
    {"C-9111-3.1-3", "named by private", PUBLIC ", private=\"X-Foo\"\nX-Foo: 1", "X-Foo: 1", false},
    {"C-9111-3.1-3", "named by no-cache", PUBLIC ", no-cache=\"X-Foo\"\nX-Foo: 1", "X-Foo: 1",
     false},
    {"C-9111-3.1-4", "Proxy-Authenticate", PUBLIC "\nProxy-Authenticate: x", "Proxy-Auth", false},
    {"D-21", "a cookie", PUBLIC "\nSet-Cookie: a=b", "Set-Cookie", false},
    {"C-9111-3.1-1", "Content-Length, which is told anew", PUBLIC "\nContent-Length: 1",
     "Content-L", false},
};

static bool holds(struct stet_span text, const char *part)
{
    const size_t len = strlen(part);
    for (size_t i = 0; i + len <= text.len; i++)
        if (memcmp(text.at + i, part, len) == 0)
            return true;
    return false;
}

static void test_keep(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(keep_rows); i++) {
        const struct keep_row *row = &keep_rows[i];
        struct shelf_world world;
        struct asking asking;
        shelf_world_init(&world);
        asking_make(&asking, &world, "GET", SHELF_URL, NULL);
        check_row(row, shelf_world_put(&world, &asking, 200, row->fields, "a"));
        struct shelf_pick pick = shelf_pick(&world.shelf, &asking.ask);
        check_row(row, holds(entry_head_whole(pick.head), row->line) == row->kept);
        check_row(row, entry_head_date(pick.head) == MESSAGE_DATE_AT); /* C-9110-6.6.1-3 */
        shelf_pick_drop(&pick);
        shelf_world_fini(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store),
        cmocka_unit_test(test_keep),
    };
    return cmocka_run_group_tests_name("shelf_offer", tests, NULL, NULL);
}
