/* Freshness: how long a stored response answers, and what its Age is [RFC 9111 §4.2].
 */
#include "stories.h"

#include <stdlib.h>
#include <string.h>

void tell_fresh_until(struct scene *s)
{
    struct origin *o = scene_origin(s);
    origin_holds(o, "/a", "Cache-Control: max-age=60\nETag: \"x\"\nX-Own: kept", "one");
    struct client *client = scene_client(s);
    client_get(client, "/a");
    expect_status(client, 200);
    expect_forwarded(client, "uri-miss");
    expect_stored(client);
    expect_body(client, "one");
    for (int64_t age = 1; age < 60; age += 29) {
        scene_pass(s, SECONDS(age == 1 ? 1 : 29));
        client_get(client, "/a");
        expect_hit(client);
        expect_age(client, age);
        expect_ttl(client, 60 - age);
        expect_field(client, "X-Own", "kept");
    }
    expect_requests(o, 1);
    scene_pass(s, SECONDS(1)); /* equal is stale */
    client_get(client, "/a");
    expect_forwarded(client, "stale");
    expect_forward_status(client, "304");
    expect_status(client, 200);
    expect_requests(o, 2);
    expect_saw(o, "If-None-Match", "\"x\"");
    scene_pass(s, SECONDS(59));
    client_get(client, "/a");
    expect_hit(client);
    expect_age(client, 59);
    expect_requests(o, 2);
}

/* What the fields give, in s; LIFETIME_NOT_STORED: the response is not stored. */
enum { LIFETIME_NOT_STORED = -1 };

struct lifetime {
    const char *id, *name, *lines;
    int seconds;
};

/* "+n" in Expires and Date stands for the date that is n seconds ahead. */
static const struct lifetime lifetimes[] = {
    {"C-9111-4.2.1-1", "max-age", "Cache-Control: max-age=30", 30},
    {"C-9111-4.2.1-1", "s-maxage before max-age", "Cache-Control: max-age=30, s-maxage=20", 20},
    {"C-9111-4.2.1-1", "s-maxage before max-age, whatever order",
     "Cache-Control: s-maxage=40, max-age=30", 40},
    {"D-27", "an invalid s-maxage", "Cache-Control: s-maxage=x, max-age=30\nETag: \"e\"", 0},
    {"C-9111-5.3-2", "max-age before Expires", "Cache-Control: max-age=30\nExpires: +90", 30},
    {"C-9111-4.2.1-1", "Expires less Date", "Expires: +45", 45},
    {"C-9111-4.2.1-1", "Expires less an older Date", "Date: -10\nExpires: +20", 20},
    {"C-9111-5.3-1", "Expires: 0", "Expires: 0\nETag: \"e\"", 0},
    {"C-9111-5.3-1", "Expires in the past", "Expires: -10\nETag: \"e\"", 0},
    {"C-9111-4.2-5", "Expires in another zone",
     "Expires: Wed, 01 Jan 2025 00:00:00 EST\nETag: \"e\"", 0},
    {"D-31", "max-age twice, equal", "Cache-Control: max-age=30, max-age=30", 30},
    {"D-31", "max-age twice, different", "Cache-Control: max-age=30, max-age=60\nETag: \"e\"", 0},
    {"D-31", "in two lines, different",
     "Cache-Control: max-age=30\nCache-Control: max-age=60\nETag: \"e\"", 0},
    {"C-9111-5.2-2", "names in any case", "Cache-Control: MAX-AGE=30", 30},
    {"D-32", "in quotes", "Cache-Control: max-age=\"30\"", 30},
    {"D-32", "a decimal", "Cache-Control: max-age=30.5\nETag: \"e\"", 0},
    {"D-32", "negative", "Cache-Control: max-age=-30\nETag: \"e\"", 0},
    {"D-32", "letters behind it", "Cache-Control: max-age=30s\nETag: \"e\"", 0},
    {"D-32", "single quotes", "Cache-Control: max-age='30'\nETag: \"e\"", 0},
    {"D-32", "space before the number", "Cache-Control: max-age= 30\nETag: \"e\"", 0},
    {"D-32", "quotes that never close", "Cache-Control: max-age=30, x=\"y\nETag: \"e\"",
     LIFETIME_NOT_STORED},
    {"C-9111-5.2.3-1", "inside the quotes of another", "Cache-Control: x=\"max-age=9\", max-age=30",
     30},
    {"C-9111-4.2.1-4", "max-age without a number", "Cache-Control: max-age\nETag: \"e\"", 0},
    {"C-9213-2.2-1", "Stet-Cache-Control before Cache-Control",
     "Stet-Cache-Control: max-age=20\nCache-Control: no-store", 20},
    {"C-9213-2.2-1", "CDN-Cache-Control before Cache-Control",
     "CDN-Cache-Control: max-age=20\nCache-Control: max-age=90", 20},
    {"D-46", "Stet-Cache-Control before CDN-Cache-Control",
     "CDN-Cache-Control: max-age=90\nStet-Cache-Control: max-age=20", 20},
    {"C-9213-2.2-1", "targeted before Expires", "CDN-Cache-Control: max-age=20\nExpires: +90", 20},
    {"C-9213-2.4-1", "targeted at others",
     "Foo-Cache-Control: max-age=20\nCache-Control: max-age=30", 30},
    {"C-9213-2.2-2", "targeted, but no dictionary",
     "CDN-Cache-Control: max-age=20,,\nCache-Control: max-age=30", 30},
    {"C-9213-2.1-4", "targeted, but empty", "CDN-Cache-Control: \nCache-Control: max-age=30", 30},
    {"D-45", "targeted, a number in quotes",
     "CDN-Cache-Control: max-age=\"20\"\nCache-Control: max-age=30\nETag: \"e\"", 0},
    {"C-9213-2.2-4", "targeted no-store", "CDN-Cache-Control: no-store\nCache-Control: max-age=30",
     LIFETIME_NOT_STORED},
    {"C-9213-2.2-4", "targeted private", "CDN-Cache-Control: private\nCache-Control: max-age=30",
     LIFETIME_NOT_STORED},
    {"C-9111-3-4", "no-store", "Cache-Control: no-store, max-age=30", LIFETIME_NOT_STORED},
    {"C-9111-3-5", "private", "Cache-Control: private, max-age=30", LIFETIME_NOT_STORED},
    {"D-28", "no-store, must-understand", "Cache-Control: no-store, must-understand, max-age=30",
     30},
    {"D-10", "nothing but Last-Modified", "Last-Modified: -86400", 0},
    {"C-9111-3-7", "nothing at all", "X: y", LIFETIME_NOT_STORED},
    {"C-9111-1.2.2-1", "more than can be counted",
     "Cache-Control: max-age=99999999999999999999\nETag: \"e\"", 2000000000},
    {"D-09", "Vary: *", "Cache-Control: max-age=30\nVary: *", LIFETIME_NOT_STORED},
    {"D-09", "Vary: * among others", "Cache-Control: max-age=30\nVary: Accept, *",
     LIFETIME_NOT_STORED},
};

/* Lines with the dates that are meant. */
static const char *dated(struct scene *s, const char *lines)
{
    char text[400] = "";
    for (const char *at = lines; *at;) {
        const size_t len = strcspn(at, "+-\n");
        const bool number = at[len] && at[len] != '\n' && len >= 2 && at[len - 1] == ' ' &&
                            at[len - 2] == ':' && at[len + 1] >= '0' && at[len + 1] <= '9';
        char *end = NULL;
        const long seconds = number ? strtol(at + len, &end, 10) : 0;
        strncat(text, at, len);
        if (number)
            strcat(text, scene_date(scene_seconds(s) + seconds));
        else
            strncat(text, at + len, at[len] ? 1 : 0);
        at = number ? end : at + len + (at[len] != '\0');
    }
    return scene_keep(s, text);
}

static void tell_lifetime(struct scene *s, const struct lifetime *row, size_t number)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    char target[32];
    snprintf(target, sizeof target, "/%zu", number);
    origin_holds(o, target, dated(s, row->lines), "one");
    client_get(client, target);
    expect_status_of(client, 200, row->name);
    if (row->seconds == LIFETIME_NOT_STORED) {
        expect_not_stored(client);
        client_get(client, target);
        expect_forwarded(client, "uri-miss");
        return;
    }
    expect_stored(client);
    if (row->seconds > 0) {
        scene_pass(s, SECONDS(row->seconds > 90 ? 100000 : row->seconds - 1));
        client_reopen(client);
        client_get(client, target);
        expect_hit(client);
        scene_pass(s, row->seconds > 90 ? SECONDS(1000000000) : SECONDS(1));
        client_reopen(client);
    }
    client_get(client, target);
    if (row->seconds <= 90)
        expect_forwarded(client, "stale");
    else
        expect_hit(client);
}

void tell_lifetimes(struct scene *s)
{
    for (size_t i = 0; i < sizeof lifetimes / sizeof *lifetimes; i++) {
        s->telling = lifetimes[i].name;
        tell_lifetime(s, &lifetimes[i], i);
    }
    s->telling = NULL;
}

void tell_guessed_lifetime(struct scene *s)
{
    struct origin *o = scene_origin(s);
    gateway_by_the_letter(scene_gateway(s));
    origin_holds(o, "/a", dated(s, "Last-Modified: -1000"), "one");
    origin_holds(o, "/old", dated(s, "Last-Modified: -90000000"), "one");
    origin_holds(o, "/none", dated(s, "Last-Modified: -1000\nExpires: 0"), "one");
    origin_holds(o, "/none2", dated(s, "Last-Modified: -1000\nCache-Control: max-age=0"), "one");
    origin_says(o, "/302", 302, dated(s, "Last-Modified: -1000\nLocation: /a"), "");
    origin_says(o, "/public", 302,
                dated(s, "Last-Modified: -1000\nLocation: /a\nCache-Control: public"), "");
    origin_holds(o, "/query?q", dated(s, "Last-Modified: -1000"), "one");
    struct client *client = scene_client(s);
    static const char *const all[] = {"/a",   "/old",    "/none",   "/none2",
                                      "/302", "/public", "/query?q"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        client_get(client, all[i]);
    scene_pass(s, SECONDS(99)); /* D-10: a tenth */
    client_reopen(client);
    client_get(client, "/a");
    expect_hit(client);
    client_get(client, "/query?q"); /* C-9111-4.2.2-3 */
    expect_hit(client);
    client_get(client, "/none"); /* C-9111-4.2.2-1 */
    expect_forwarded(client, "stale");
    client_get(client, "/none2");
    expect_forwarded(client, "stale");
    client_get(client, "/302"); /* C-9111-4.2.2-2 */
    expect_forwarded(client, "uri-miss");
    scene_pass(s, SECONDS(1));
    client_get(client, "/a");
    expect_forwarded(client, "stale");
    scene_pass(s, SECONDS(86400 - 101)); /* a day at most */
    client_reopen(client);
    client_get(client, "/old");
    expect_hit(client);
    scene_pass(s, SECONDS(1));
    client_get(client, "/old");
    expect_forwarded(client, "stale");
}

void tell_age_from_elsewhere(struct scene *s)
{
    struct origin *o = scene_origin(s);
    origin_holds(o, "/age", "Cache-Control: max-age=60\nAge: 50", "one");
    origin_holds(o, "/list", "Cache-Control: max-age=60\nAge: 5, 900", "one");
    origin_holds(o, "/odd", "Cache-Control: max-age=60\nAge: 1.5", "one");
    origin_holds(o, "/minus", "Cache-Control: max-age=60\nAge: -1", "one");
    origin_holds(o, "/huge", "Cache-Control: max-age=60\nETag: \"x\"\nAge: 99999999999999999999",
                 "one");
    origin_holds(o, "/old", dated(s, "Cache-Control: max-age=60\nDate: -55"), "one");
    origin_holds(o, "/ahead", dated(s, "Cache-Control: max-age=60\nDate: +1000"), "one");
    struct client *client = scene_client(s);
    static const char *const all[] = {"/age", "/list", "/odd", "/minus", "/huge", "/old", "/ahead"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        client_get(client, all[i]);
    scene_pass(s, SECONDS(4));
    client_get(client, "/age");
    expect_hit(client);
    expect_age(client, 54);
    client_get(client, "/list"); /* the first one, C-9111-5.1-1 */
    expect_hit(client);
    expect_age(client, 9);
    client_get(client, "/odd"); /* is ignored, D-30 */
    expect_hit(client);
    expect_age(client, 4);
    client_get(client, "/minus");
    expect_hit(client);
    expect_age(client, 4);
    client_get(client, "/huge");
    expect_not_hit(client);
    client_get(client, "/old"); /* apparent_age */
    expect_hit(client);
    expect_age(client, 59);
    client_get(client, "/ahead"); /* D-25 */
    expect_hit(client);
    expect_age(client, 4);
    scene_pass(s, SECONDS(1));
    client_get(client, "/old");
    expect_not_hit(client);
    scene_pass(s, SECONDS(5));
    client_get(client, "/age");
    expect_not_hit(client);
}

void tell_slow_origin_ages(struct scene *s)
{
    struct origin *o = scene_origin(s);
    page_takes(origin_holds(o, "/a", "Cache-Control: max-age=60\nAge: 10", "one"), SECONDS(20));
    struct client *client = scene_client(s);
    s->patience = SECONDS(30);
    client_get(client, "/a");
    expect_status(client, 200);
    client_get(client, "/a"); /* C-9111-4.2.3-3 */
    expect_hit(client);
    expect_age(client, 30);
    scene_pass(s, SECONDS(29));
    client_get(client, "/a");
    expect_hit(client);
    scene_pass(s, SECONDS(1));
    client_get(client, "/a");
    expect_not_hit(client);
}

void tell_clock_steps(struct scene *s)
{
    struct origin *o = scene_origin(s);
    origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"", "one");
    struct client *client = scene_client(s);
    client_get(client, "/a");
    scene_pass(s, SECONDS(10));
    scene_step_clock(s, -3600);
    client_get(client, "/a");
    expect_hit(client);
    expect_age(client, 10);
    scene_step_clock(s, 400 * INT64_C(86400));
    client_get(client, "/a");
    expect_hit(client);
    expect_age(client, 10);
    scene_pass(s, SECONDS(90));
    client_reopen(client);
    client_get(client, "/a");
    expect_forwarded(client, "stale");
    scene_step_clock(s, -800 * INT64_C(86400)); /* and what is validated then is not immortal */
    scene_pass(s, SECONDS(100));
    client_reopen(client);
    client_get(client, "/a");
    expect_forwarded(client, "stale");
}

void tell_origin_without_a_clock(struct scene *s)
{
    struct origin *o = scene_origin(s);
    origin_holds(o, "/a", "Cache-Control: max-age=60", "one")->undated = true;
    origin_holds(o, "/odd", "Cache-Control: max-age=60\nDate: yesterday", "one");
    struct client *client = scene_client(s);
    for (int i = 0; i < 2; i++) {
        client_get(client, "/a"); /* D-26 */
        expect_status(client, 200);
        expect_field(client, "Date", scene_date(scene_seconds(s) - 10 * i));
        client_get(client, "/odd");
        expect_field(client, "Date", scene_date(scene_seconds(s) - 10 * i));
        if (i == 1)
            expect_hit(client);
        scene_pass(s, SECONDS(10));
    }
    expect_requests(o, 2);
}

void tell_kept_for_validation(struct scene *s)
{
    struct origin *o = scene_origin(s);
    scene_gateway(s)->rules.keep = 100;
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"", "one");
    origin_holds(o, "/b", "Cache-Control: max-age=10, stale-if-error=300\nETag: \"x\"", "one");
    struct client *client = scene_client(s);
    client_get(client, "/a");
    client_get(client, "/b");
    scene_pass(s, SECONDS(110));
    client_reopen(client);
    client_get(client, "/a");
    expect_forwarded(client, "stale");
    expect_forward_status(client, "304");
    scene_pass(s, SECONDS(111));
    client_reopen(client);
    client_get(client, "/a"); /* it has gone */
    expect_forwarded(client, "uri-miss");
    expect_saw_no(o, "If-None-Match");
    client_get(client, "/b"); /* but not what may yet be needed */
    expect_forwarded(client, "stale");
    expect_saw(o, "If-None-Match", "\"x\"");
}

void tell_negative_caching(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct gateway *gateway = scene_gateway(s);
    gateway_gives(gateway, 404, 10);
    gateway_gives(gateway, 301, 20);
    origin_says(o, "/404", 404, "", "no such thing");
    origin_says(o, "/301", 301, "Location: /", "");
    origin_says(o, "/302", 302, "Location: /", "");
    origin_says(o, "/500", 500, "", "broken");
    origin_says(o, "/404-own", 404, "Cache-Control: max-age=30", "no such thing");
    origin_says(o, "/404-none", 404, "Cache-Control: no-store", "no such thing");
    struct client *client = scene_client(s);
    static const char *const all[] = {"/404", "/301", "/302", "/500", "/404-own", "/404-none"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        client_get(client, all[i]);
    scene_pass(s, SECONDS(9));
    client_get_with(client, "/404", "If-None-Match: *"); /* D-04 */
    expect_status(client, 404);
    expect_hit(client);
    expect_body(client, "no such thing");
    client_get(client, "/302");
    expect_forwarded(client, "uri-miss");
    client_get(client, "/500");
    expect_forwarded(client, "uri-miss");
    client_get(client, "/404-none");
    expect_forwarded(client, "uri-miss");
    scene_pass(s, SECONDS(1));
    client_get(client, "/404");
    expect_not_hit(client);
    scene_pass(s, SECONDS(9));
    client_get(client, "/301");
    expect_status(client, 301);
    expect_hit(client);
    scene_pass(s, SECONDS(10));
    client_get(client, "/404-own");
    expect_hit(client);
    client_get(client, "/301");
    expect_not_hit(client);
}

void tell_statuses(struct scene *s)
{
    static const struct {
        int status;
        bool stored;
    } rows[] = {{200, true},  {203, true},  {204, true},  {206, false}, {300, true},  {301, true},
                {302, true},  {303, true},  {307, true},  {308, true},  {400, false}, {401, false},
                {403, true},  {404, true},  {405, true},  {407, false}, {410, true},  {413, false},
                {414, true},  {416, false}, {421, false}, {425, false}, {428, false}, {429, false},
                {431, false}, {451, true},  {500, true},  {501, false}, {502, true},  {503, true},
                {504, true},  {511, false}};
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) { /* D-34, D-33 */
        char target[32], name[8];
        snprintf(target, sizeof target, "/%d", rows[i].status);
        snprintf(name, sizeof name, "%d", rows[i].status);
        s->telling = name;
        origin_says(o, target, rows[i].status,
                    rows[i].status == 206
                        ? "Cache-Control: max-age=60\nContent-Range: bytes 0-2/9"
                        : "Cache-Control: max-age=60\nLocation: /\nAllow: GET\nWWW-Authenticate: x",
                    rows[i].status == 204 ? "" : "one");
        client_get(client, target);
        expect_status(client, rows[i].status);
        client_get(client, target);
        expect_status(client, rows[i].status);
        if (rows[i].stored)
            expect_hit(client);
        else
            expect_not_hit(client);
    }
    s->telling = NULL;
}
