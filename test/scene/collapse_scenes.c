/* One fetch for many: who waits, who goes alone, and nobody gets what was meant for another (D-40)
 * [RFC 9111 §4].
 */
#include "stories.h"

#include <stdlib.h>
#include <string.h>

enum { CROWD = 10000, SECURE_CROWD = 1000, GROUP = 40, OF_AN_ADDRESS = 1000 };

/* That many clients; under chaos, fewer. */
static size_t crowd(struct scene *s, struct client **clients, size_t count)
{
    count = scene_is_plain(s) || count < 300 ? count : 300;
    for (size_t i = 0; i < count; i++) {
        char peer[32];
        snprintf(peer, sizeof peer, "198.51.100.%zu", 1 + i / OF_AN_ADDRESS);
        clients[i] = scene_client_from(s, scene_keep(s, peer));
    }
    return count;
}

void tell_crowd(struct scene *s)
{
    static struct client *clients[CROWD];
    struct origin *o = scene_origin(s);
    s->patience = SECONDS(10);
    origin_holds(o, "/a", "Cache-Control: max-age=60\nETag: \"x\"", "one for all");
    size_t count = crowd(s, clients, s->cover == END_PLAIN ? CROWD : SECURE_CROWD);
    origin_waits(o);
    for (size_t i = 0; i < count; i++)
        client_ask(clients[i], "/a");
    scene_idle(s);
    expect_requests(o, 1);
    origin_goes_on(o);
    for (size_t i = 0; i < count; i++) {
        client_hear(clients[i]);
        expect_status(clients[i], 200);
        expect_body(clients[i], "one for all");
    }
    expect_requests(o, 1);
    count = count < 1000 ? count : 1000;
    scene_pass(s, SECONDS(59)); /* and so when it has become stale */
    origin_waits(o);
    scene_pass(s, SECONDS(1));
    for (size_t i = 0; i < count; i++) {
        client_reopen(clients[i]);
        client_ask(clients[i], "/a");
    }
    scene_idle(s);
    expect_requests(o, 2);
    origin_goes_on(o);
    for (size_t i = 0; i < count; i++) {
        client_hear(clients[i]);
        expect_status(clients[i], 200);
    }
    expect_requests(o, 2);
}

void tell_crowd_of_users(struct scene *s)
{
    struct client *clients[100];
    struct origin *o = scene_origin(s);
    const size_t count = crowd(s, clients, 100);
    s->patience = SECONDS(10);
    for (size_t i = 0; i < count; i++) {
        char line[40], content[40];
        snprintf(line, sizeof line, "Cookie: user=%zu", i);
        snprintf(content, sizeof content, "the page of user %zu", i);
        origin_says_to(o, "/me", line, 200, "Cache-Control: private, max-age=60", content);
    }
    origin_waits(o);
    for (size_t i = 0; i < count; i++)
        client_ask_with(clients[i], "/me", "Cookie: user=%zu", i);
    scene_idle(s);
    expect_requests(o, 1); /* nobody knows yet */
    origin_goes_on(o);
    for (size_t i = 0; i < count; i++) { /* C-9111-4-8 */
        char content[40];
        snprintf(content, sizeof content, "the page of user %zu", i);
        client_hear(clients[i]);
        expect_status(clients[i], 200);
        expect_body(clients[i], content);
    }
    expect_requests(o, count);
    origin_waits(o);
    for (size_t i = 0; i < count; i++)
        client_ask_with(clients[i], "/me", "Cookie: user=%zu", i);
    scene_idle(s);
    expect(s, origin_waiting(o) == count || s->chaos->relaxed); /* now it is known */
    origin_goes_on(o);
    for (size_t i = 0; i < count; i++)
        client_hear(clients[i]);
}

/* What each of several gets when they ask at once. */
static void ask_at_once(struct scene *s, struct client **clients, size_t count, const char *line)
{
    struct origin *o = scene_origin(s);
    origin_waits(o);
    for (size_t i = 0; i < count; i++) {
        client_ask_with(clients[i], "/a", "%s", line);
        scene_idle(s); /* the first one leads */
    }
}

void tell_leader_leaves(struct scene *s)
{
    struct client *clients[GROUP];
    struct origin *o = scene_origin(s);
    origin_holds(o, "/a", "Cache-Control: max-age=60", "one");
    crowd(s, clients, GROUP);
    ask_at_once(s, clients, GROUP, "X: y");
    client_leave(clients[0], true);
    origin_goes_on(o);
    for (size_t i = 1; i < GROUP; i++) {
        client_hear(clients[i]);
        expect_status(clients[i], 200);
        expect_collapsed(clients[i]);
    }
    expect_requests(o, 1);
    /* All of them leave: nobody needs it any more. */
    origin_forgets(o, "/a");
    origin_holds(o, "/a", "Cache-Control: max-age=60", "two");
    scene_purge_by(s, CACHE_PURGE_ALL, "", true);
    for (size_t i = 0; i < GROUP; i++)
        client_reopen(clients[i]);
    ask_at_once(s, clients, GROUP, "X: y");
    for (size_t i = GROUP; i-- > 0;)
        client_leave(clients[i], i % 2);
    origin_goes_on(o);
    client_again(clients[0]);
    client_get(clients[0], "/a");
    expect_body(clients[0], "two");
}

void tell_leader_leaves_within(struct scene *s)
{
    struct client *clients[GROUP];
    struct origin *o = scene_origin(s);
    page_stops_after(origin_holds(o, "/a", "Cache-Control: max-age=60", "0123456789"), 4);
    crowd(s, clients, GROUP);
    for (size_t i = 0; i < GROUP; i++)
        client_ask(clients[i], "/a");
    scene_idle(s);
    for (size_t i = 0; i < GROUP; i++) /* they read while it fills */
        expect(s, client_received(clients[i]) == 4);
    client_leave(clients[0], true);
    struct client *late = scene_client(s);
    client_ask(late, "/a"); /* and who comes later joins them */
    scene_idle(s);
    expect(s, client_received(late) == 4);
    origin_goes_on(o);
    for (size_t i = 1; i < GROUP; i++) {
        client_hear(clients[i]);
        expect_body(clients[i], "0123456789");
    }
    client_hear(late);
    expect_body(late, "0123456789");
    expect_requests(o, 1);
}

void tell_origin_dies_within(struct scene *s)
{
    struct client *clients[GROUP];
    struct origin *o = scene_origin(s);
    struct page *page = origin_holds(o, "/a", "Cache-Control: max-age=60", "0123456789");
    page_stops_after(page, 4);
    page_breaks_off_after(page, 6, false);
    page_once(page);
    crowd(s, clients, GROUP);
    for (size_t i = 0; i < GROUP; i++)
        client_ask(clients[i], "/a");
    scene_idle(s);
    origin_goes_on(o);
    for (size_t i = 0; i < GROUP; i++)
        client_hear_cut(clients[i]);
    origin_holds(o, "/a", "Cache-Control: max-age=60", "abc");
    client_reopen(clients[0]);
    client_get(clients[0], "/a");
    expect_not_hit(clients[0]);
    expect_body(clients[0], "abc");
}

/* The fetch fails: nobody hangs, and nobody else goes to the origin for it. */
void tell_fetch_fails_for_all(struct scene *s)
{
    struct client *clients[GROUP];
    struct origin *o = scene_origin(s);
    origin_holds(o, "/a", "Cache-Control: max-age=60", "one");
    crowd(s, clients, GROUP);
    static const char bad[] = "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n";
    origin_sends(o, "/a", bad, sizeof bad - 1, true);
    ask_at_once(s, clients, GROUP, "X: y");
    expect_requests(o, 1);
    origin_goes_on(o);
    for (size_t i = 0; i < GROUP; i++) {
        client_hear(clients[i]);
        expect_status(clients[i], 502);
    }
    expect_requests(o, 1);
}

void tell_impatient_followers(struct scene *s)
{
    struct client *clients[GROUP];
    struct origin *o = scene_origin(s);
    s->patience = SECONDS(30);
    scene_gateway(s)->rules.wait_timeout = 5000;
    origin_holds(o, "/a", "Cache-Control: max-age=60", "one");
    crowd(s, clients, GROUP);
    ask_at_once(s, clients, GROUP, "X: y");
    scene_pass(s, MILLISECONDS(4900));
    expect_requests(o, 1);
    scene_pass(s, MILLISECONDS(200)); /* then they go alone */
    expect_requests(o, GROUP);
    origin_goes_on(o);
    for (size_t i = 0; i < GROUP; i++) {
        client_hear(clients[i]);
        expect_status(clients[i], 200);
    }
}

void tell_too_large_to_share(struct scene *s)
{
    struct client *clients[GROUP];
    struct origin *o = scene_origin(s);
    char *large = malloc(5000);
    memset(large, 'x', 5000);
    scene_gateway(s)->rules.object_max = 1000;
    page_is_chunked(origin_holds_bytes(o, "/a", "Cache-Control: max-age=60", large, 5000));
    origin_holds_bytes(o, "/b", "Cache-Control: max-age=60", large, 5000);
    origin_holds_bytes(o, "/c", "Cache-Control: max-age=60", large, 1000);
    crowd(s, clients, GROUP);
    client_get(clients[0], "/a"); /* it is known to be too large only on the way */
    expect_length(clients[0], 5000);
    client_get(clients[0], "/a");
    expect_not_hit(clients[0]);
    expect_length(clients[0], 5000);
    client_get(clients[0], "/b");
    expect_not_stored(clients[0]);
    expect_length(clients[0], 5000);
    client_get(clients[0], "/c");
    client_get(clients[0], "/c");
    expect_hit(clients[0]);
    /* Who reads along when it becomes too large, is cut off and asks again. */
    scene_purge_by(s, CACHE_PURGE_ALL, "", true);
    scene_pass(s, SECONDS(11));
    struct page *page = origin_holds_bytes(o, "/a", "Cache-Control: max-age=60", large, 5000);
    page_is_chunked(page);
    page_stops_after(page, 500);
    for (size_t i = 0; i < GROUP; i++)
        client_ask(clients[i], "/a");
    scene_idle(s);
    origin_goes_on(o);
    size_t whole = 0;
    for (size_t i = 0; i < GROUP; i++)
        whole += client_hear_any(clients[i]);
    expect(s, whole >= 1);
    free(large);
}

/* Requests that ask for less, or as somebody, lead nobody; and those that want the origin itself
 * follow nobody. */
void tell_who_leads_and_follows(struct scene *s)
{
    static const struct {
        const char *leader, *follower;
        bool alone;
    } rows[] = {
        {"X: y", "X: y", false},
        {"Range: bytes=0-0", "X: y", true},
        {"Authorization: a", "X: y", true},
        {"Cache-Control: no-store", "X: y", true},
        {"If-None-Match: \"q\"", "X: y", true},
        {"X: y", "Cache-Control: no-cache", true},
        {"X: y", "Cache-Control: max-age=0", true},
        {"X: y", "If-None-Match: \"q\"", false},
        {"X: y", "Range: bytes=0-0", false},
    };
    struct origin *o = scene_origin(s);
    struct client *one = scene_client(s), *other = scene_client(s);
    s->patience = SECONDS(10);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char target[16];
        s->telling = rows[i].alone ? rows[i].leader : rows[i].follower;
        snprintf(target, sizeof target, "/%zu", i);
        origin_holds(o, target, "Cache-Control: max-age=60, public\nETag: \"x\"", "0123456789");
        const size_t requests = origin_requests(o);
        origin_waits(o);
        client_ask_with(one, target, "%s", rows[i].leader);
        scene_idle(s);
        client_ask_with(other, target, "%s", rows[i].follower);
        expect_requests(o, requests + 1 + rows[i].alone);
        origin_goes_on(o);
        client_hear(one);
        client_hear(other);
    }
    s->telling = NULL;
}

void tell_variants_at_once(struct scene *s)
{
    struct client *clients[GROUP];
    struct origin *o = scene_origin(s);
    origin_holds_for(o, "/a", "X: 0", "Cache-Control: max-age=60\nVary: X", "zero");
    origin_holds_for(o, "/a", "X: 1", "Cache-Control: max-age=60\nVary: X", "one");
    crowd(s, clients, GROUP);
    origin_waits(o);
    for (size_t i = 0; i < GROUP; i++)
        client_ask_with(clients[i], "/a", "X: %zu", i % 2);
    scene_idle(s);
    expect_requests(o, 1);
    origin_goes_on(o);
    for (size_t i = 0; i < GROUP; i++) {
        client_hear(clients[i]);
        expect_body(clients[i], i % 2 ? "one" : "zero");
    }
    expect_requests(o, 2);
}

void tell_collapsing_off(struct scene *s)
{
    struct client *clients[GROUP];
    struct origin *o = scene_origin(s);
    scene_gateway(s)->rules.collapse = false;
    origin_holds(o, "/a", "Cache-Control: max-age=60", "one");
    crowd(s, clients, GROUP);
    ask_at_once(s, clients, GROUP, "X: y");
    expect_requests(o, GROUP);
    origin_goes_on(o);
    for (size_t i = 0; i < GROUP; i++)
        client_hear(clients[i]);
}

void tell_errors_at_once(struct scene *s)
{
    struct client *clients[GROUP];
    struct origin *o = scene_origin(s);
    origin_says(o, "/a", 503, "", "busy");
    crowd(s, clients, GROUP);
    ask_at_once(s, clients, GROUP, "X: y");
    origin_goes_on(o);
    for (size_t i = 0; i < GROUP; i++) {
        client_hear(clients[i]);
        expect_status(clients[i], 503);
        expect_body(clients[i], "busy");
    }
}
