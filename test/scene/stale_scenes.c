/* Serving stale: while it is made fresh, instead of an error, cut off from the origin; and when
 * that is forbidden [RFC 5861, RFC 9111 §4.2.4].
 */
#include "stories.h"

#include <string.h>

void tell_while_revalidated(struct scene *s)
{
    struct origin *o = scene_origin(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10, stale-while-revalidate=20\nETag: \"x\"",
                 "one");
    struct client *client = scene_client(s);
    client_get(client, "/a");
    scene_pass(s, SECONDS(30)); /* C-5861-3-1: n past the lifetime */
    origin_waits(o);
    client_get(client, "/a");
    expect_hit(client); /* C-9211-2.1-1: stale is a hit as well */
    expect_ttl(client, -20);
    expect_age(client, 30);
    expect_detail(client, "stale-while-revalidate");
    for (int i = 0; i < 50; i++) { /* C-5861-3-2: one request, whoever else asks */
        client_get(client, "/a");
        expect_hit(client);
    }
    expect_requests(o, 2);
    expect_saw(o, "If-None-Match", "\"x\"");
    origin_goes_on(o);
    client_get(client, "/a");
    expect_hit(client);
    expect_age(client, 0);
    expect_requests(o, 2);
    scene_pass(s, SECONDS(31)); /* C-5861-3-3 */
    client_get(client, "/a");
    expect_forwarded(client, "stale");
    expect_requests(o, 3);
}

void tell_while_replaced(struct scene *s)
{
    struct origin *o = scene_origin(s);
    const char *lines = "Cache-Control: max-age=10, stale-while-revalidate=20\nETag: \"%d\"";
    char text[100];
    struct client *client = scene_client(s), *other = scene_client(s);
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text, lines, i);
        origin_holds(o, "/a", text, i == 0 ? "zero" : i == 1 ? "one" : "two");
        scene_pass(s, SECONDS(i ? 15 : 0));
        client_get(client, "/a");
        if (i > 0)
            expect_body(client, i == 1 ? "zero" : "one");
        client_get(other, "/a");
        expect_hit(other);
        expect_body(other, i == 0 ? "zero" : i == 1 ? "one" : "two");
    }
    expect_requests(o, 3);
}

/* While the refresh is under way, conditions and ranges are answered from what is stored (D-42). */
void tell_while_revalidated_in_part(struct scene *s)
{
    struct origin *o = scene_origin(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10, stale-while-revalidate=20\nETag: \"x\"",
                 "0123456789");
    struct client *client = scene_client(s);
    client_get(client, "/a");
    scene_pass(s, SECONDS(15));
    origin_waits(o);
    client_get_with(client, "/a", "If-None-Match: \"x\"");
    expect_status(client, 304);
    expect_hit(client);
    expect_age(client, 15);
    client_get_with(client, "/a", "Range: bytes=2-4");
    expect_status(client, 206);
    expect_hit(client);
    expect_body(client, "234");
    client_head(client, "/a");
    expect_status(client, 200);
    expect_hit(client);
    client_get_with(client, "/a", "Cache-Control: only-if-cached");
    expect_status(client, 200);
    expect_hit(client);
    expect_saw_no(o, "Range");
    struct client *other = scene_client(s); /* who says so wants it fresh */
    client_ask_with(other, "/a", "Cache-Control: max-age=60");
    scene_idle(s);
    origin_goes_on(o);
    client_hear(other);
    expect_forwarded(other, "stale");
    expect_collapsed(other);
    expect_age(other, 0);
    expect_requests(o, 2);
}

/* The refresh goes wrong: nobody is told, and it is not tried again at once. */
void tell_refresh_fails(struct scene *s)
{
    struct origin *o = scene_origin(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10, stale-while-revalidate=100\nETag: \"x\"",
                 "one");
    struct client *client = scene_client(s);
    client_get(client, "/a");
    origin_goes_down(o);
    scene_pass(s, SECONDS(12));
    for (int i = 0; i < 5; i++) {
        client_get(client, "/a");
        expect_status(client, 200);
        expect_hit(client);
    }
    origin_comes_back(o);
    scene_pass(s, SECONDS(20));
    client_get(client, "/a");
    expect_hit(client);
    client_get(client, "/a");
    expect_age(client, 0);
    expect_requests(o, 2);
    page_once(origin_says(o, "/a", 503, "", "busy"));
    scene_pass(s, SECONDS(15));
    for (int i = 0; i < 5; i++) {
        client_get(client, "/a");
        expect_status(client, 200);
        expect_body(client, "one");
    }
    expect_requests(o, 3);
}

/* The refresh brings something that may not be shared. */
void tell_refresh_turns_private(struct scene *s)
{
    struct origin *o = scene_origin(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10, stale-while-revalidate=100", "for all");
    struct client *client = scene_client(s), *other = scene_client(s);
    client_get(client, "/a");
    scene_pass(s, SECONDS(12));
    origin_holds(o, "/a", "Cache-Control: private", "for one");
    client_get_with(client, "/a", "Cookie: user=ann");
    expect_body(client, "for all");
    client_get_with(other, "/a", "Cookie: user=bob");
    expect_body(other, "for one");
    expect_not_stored(other);
    client_get_with(client, "/a", "Cookie: user=ann");
    expect_body(client, "for one");
}

static const char *const forbids[] = {"must-revalidate", "proxy-revalidate", "s-maxage=10"};

void tell_never_stale(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    char lines[200], target[16];
    for (size_t i = 0; i < 3; i++) { /* C-9111-4.2.4-1 */
        s->telling = forbids[i];
        snprintf(target, sizeof target, "/%zu", i);
        snprintf(lines, sizeof lines,
                 "Cache-Control: max-age=10, stale-while-revalidate=90, stale-if-error=90, "
                 "%s\nETag: \"x\"",
                 forbids[i]);
        origin_holds(o, target, lines, "one");
        client_get(client, target);
        scene_pass(s, SECONDS(11));
        client_get_with(client, target, "Cache-Control: max-stale");
        expect_forwarded(client, "stale");
        expect_detail(client, "validated");
    }
    scene_pass(s, SECONDS(11));
    origin_goes_down(o);
    for (size_t i = 0; i < 3; i++) { /* C-9111-5.2.2.2-1 C-9111-5.2.2.2-2 */
        s->telling = forbids[i];
        snprintf(target, sizeof target, "/%zu", i);
        client_get_with(client, target, "Cache-Control: max-stale, stale-if-error=1000");
        expect_error(client, 504, "connection_refused");
    }
    s->telling = NULL;
    origin_comes_back(o);
    for (size_t i = 0; i < 3; i++) {
        snprintf(target, sizeof target, "/%zu", i);
        page_once(origin_says(o, target, 503, "", "busy"));
        client_get(client, target);
        expect_status(client, 503);
        expect_body(client, "busy");
    }
}

void tell_no_cache_never_unasked(struct scene *s)
{
    struct origin *o = scene_origin(s);
    origin_holds(o, "/a",
                 "Cache-Control: max-age=100, no-cache, stale-if-error=90, "
                 "stale-while-revalidate=90\nETag: \"x\"",
                 "one");
    struct client *client = scene_client(s);
    for (size_t i = 1; i <= 3; i++) { /* C-9111-5.2.2.4-1 */
        client_get(client, "/a");
        expect_status(client, 200);
        expect_requests(o, i);
    }
    client_get_with(client, "/a", "Cache-Control: max-stale");
    expect_requests(o, 4);
    client_get_with(client, "/a", "Cache-Control: only-if-cached");
    expect_status(client, 504);
    origin_goes_down(o);
    client_get(client, "/a");
    expect_error(client, 504, "connection_refused");
    origin_comes_back(o);
    page_once(origin_says(o, "/a", 500, "", "broken"));
    client_get(client, "/a");
    expect_status(client, 500);
}

void tell_instead_of_an_error(struct scene *s)
{
    static const struct {
        int status;
        bool stale;
    } rows[] = {{500, true},  {502, true},  {503, true},  {504, true}, {501, false},
                {505, false}, {404, false}, {403, false}, {302, false}};
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) { /* C-5861-4-1 */
        char target[16];
        snprintf(target, sizeof target, "/%d", rows[i].status);
        s->telling = target;
        origin_holds(o, target, "Cache-Control: max-age=10, stale-if-error=20\nETag: \"x\"", "one");
        client_get(client, target);
        scene_pass(s, SECONDS(30));
        origin_says(o, target, rows[i].status, "Location: /", "broken");
        client_get(client, target);
        expect_status(client, rows[i].stale ? 200 : rows[i].status);
        expect_body(client, rows[i].stale ? "one" : "broken");
        if (!rows[i].stale)
            continue;
        expect_forwarded(client, "stale");
        expect_age(client, 30); /* C-5861-4-3 */
        expect_detail(client, "stale-if-error");
        scene_pass(s, SECONDS(1)); /* C-5861-4-2 */
        client_get(client, target);
        expect_status(client, rows[i].status);
        expect_body(client, "broken");
    }
    s->telling = NULL;
}

/* Failures other than a status. */
void tell_instead_of_silence(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    s->patience = SECONDS(100);
    origin_holds(o, "/a", "Cache-Control: max-age=10, stale-if-error=1000\nETag: \"x\"", "one");
    client_get(client, "/a");
    scene_pass(s, SECONDS(12));
    static const char bad[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\none";
    page_once(origin_sends(o, "/a", bad, sizeof bad - 1, false));
    client_get(client, "/a");
    expect_status(client, 200);
    expect_body(client, "one");
    expect_detail(client, "stale-if-error");
    page_once(origin_sends(o, "/a", "", 0, true));
    page_once(origin_sends(o, "/a", "", 0, true)); /* it is sent twice */
    client_get(client, "/a");
    expect_status(client, 200);
    origin_goes_down(o);
    client_get(client, "/a");
    expect_status(client, 200);
    expect_forwarded(client, "stale");
    origin_hangs(o);
    client_get(client, "/a");
    expect_status(client, 200);
    origin_comes_back(o);
    origin_waits(o);
    client_reopen(client);
    client_get(client, "/a"); /* response_timeout */
    expect_status(client, 200);
    expect_body(client, "one");
    origin_goes_on(o);
}

void tell_error_that_the_client_allows(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"", "one");
    client_get(client, "/a");
    scene_pass(s, SECONDS(20));
    origin_says(o, "/a", 500, "", "broken");
    client_get(client, "/a");
    expect_status(client, 500);
    client_get_with(client, "/a", "Cache-Control: stale-if-error=9");
    expect_status(client, 500);
    client_get_with(client, "/a", "Cache-Control: stale-if-error=10");
    expect_status(client, 200);
    expect_body(client, "one");
}

/* No permission, but no way to the origin either (D-41). */
void tell_disconnected(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"", "one");
    origin_holds(o, "/b", "Cache-Control: max-age=10, stale-if-error=5\nETag: \"x\"", "one");
    client_get(client, "/a");
    client_get(client, "/b");
    scene_pass(s, SECONDS(50));
    origin_goes_down(o);
    client_get(client, "/a");
    expect_status(client, 200);
    expect_forwarded(client, "stale");
    expect_detail(client, "stale-disconnected");
    expect_age(client, 50);
    client_get_with(client, "/a", "If-None-Match: \"x\"");
    expect_status(client, 304);
    client_get(client, "/b"); /* it has said how long, and that is over */
    expect_error(client, 504, "connection_refused");
    client_get(client, "/c");
    expect_error(client, 502, "connection_refused");
}

void tell_connected_by_order(struct scene *s)
{
    struct origin *o = scene_origin(s);
    scene_gateway(s)->rules.profile.disconnected = false;
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"", "one");
    client_get(client, "/a");
    scene_pass(s, SECONDS(50));
    origin_goes_down(o);
    client_get(client, "/a");
    expect_error(client, 504, "connection_refused");
}

void tell_immutable(struct scene *s)
{
    struct origin *o = scene_origin(s);
    origin_holds(o, "/a", "Cache-Control: max-age=100, immutable\nETag: \"x\"", "one");
    struct client *client = scene_client(s);
    client_get(client, "/a");
    scene_pass(s, SECONDS(10));
    client_get_with(client, "/a", "Cache-Control: max-age=0"); /* C-8246-2.1-1 */
    expect_hit(client);
    client_get_with(client, "/a", "Cache-Control: max-age=0\nIf-None-Match: \"x\"");
    expect_status(client, 304);
    expect_hit(client);
    client_get_with(client, "/a", "Cache-Control: no-cache");
    expect_forwarded(client, "request");
    scene_pass(s, SECONDS(100)); /* C-8246-2-2 */
    client_reopen(client);
    client_get(client, "/a");
    expect_forwarded(client, "stale");
}
