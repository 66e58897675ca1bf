/* Invalidation: by unsafe methods, by links, by groups, by operators [RFC 9111 §4.4, RFC 9875].
 */
#include "stories.h"

#include <string.h>

void tell_unsafe_methods(struct scene *s)
{
    static const struct {
        const char *method;
        int status;
        bool invalidates;
    } rows[] = {{"POST", 200, true},    {"PUT", 204, true},  {"DELETE", 200, true},
                {"PATCH", 201, true},   {"FOO", 200, true},  {"POST", 303, true},
                {"POST", 404, false},   {"PUT", 500, false}, {"DELETE", 403, false},
                {"OPTIONS", 200, false}};
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) { /* C-9111-4.4-1 */
        char target[16], name[24];
        snprintf(target, sizeof target, "/%zu", i);
        snprintf(name, sizeof name, "%s %d", rows[i].method, rows[i].status);
        s->telling = name;
        origin_holds_for(o, target, "X: 1", "Cache-Control: max-age=100\nETag: \"a\"\nVary: X",
                         "a");
        origin_holds_for(o, target, "X: 2", "Cache-Control: max-age=100\nETag: \"b\"\nVary: X",
                         "b");
        origin_does(o, rows[i].method, target, rows[i].status, "Location: /elsewhere", "");
        client_get_with(client, target, "X: 1");
        client_get_with(client, target, "X: 2");
        client_request(client, rows[i].method, target, "Y: z");
        expect_status(client, rows[i].status);
        for (int x = 1; x <= 2; x++) {
            client_get_with(client, target, "X: %d", x);
            if (!rows[i].invalidates) {
                expect_hit(client);
                continue;
            }
            expect_not_hit(client);
            expect_forward_status(client, "304"); /* C-9111-4.4-4: what validates has stayed */
        }
    }
    s->telling = NULL;
}

void tell_invalidated_links(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    static const char *const all[] = {"/a", "/b", "/c", "/d", "/e", "/f?q"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        origin_holds(o, all[i], "Cache-Control: max-age=100\nETag: \"x\"", "one");
        client_get(client, all[i]);
    }
    const char *const other_scheme = s->cover == END_PLAIN ? "https" : "http";
    char lines[128];
    snprintf(lines, sizeof lines, "Location: /b\nContent-Location: %s", scene_url(s, "/c"));
    origin_does(o, "POST", "/a", 201, lines, "");
    client_request(client, "POST", "/a", "X: y"); /* C-9111-4.4-2 D-20 */
    for (size_t i = 0; i < 3; i++) {
        client_get(client, all[i]);
        expect_not_hit(client);
    }
    snprintf(lines, sizeof lines, "Location: %s://other/d\nContent-Location: %s://www/e",
             scene_scheme(s), other_scheme);
    origin_does(o, "POST", "/a", 201, lines, "");
    client_request(client, "POST", "/a", "X: y"); /* C-9111-4.4-3 */
    client_get(client, "/d");
    expect_hit(client);
    client_get(client, "/e");
    expect_hit(client);
    origin_does(o, "POST", "/a", 200, "Location: f?q", "");
    client_request(client, "POST", "/a", "X: y");
    client_get(client, "/f?q");
    expect_not_hit(client);
    page_once(origin_says(o, "/a", 200, "Location: /d\nCache-Control: no-store", "one"));
    client_get_with(client, "/a", "Cache-Control: no-cache"); /* safe methods change nothing */
    client_get(client, "/d");
    expect_hit(client);
}

void tell_groups(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"\nCache-Groups: \"one\", \"two\"",
                 "a");
    origin_holds(o, "/b", "Cache-Control: max-age=100\nETag: \"x\"\nCache-Groups: \"two\"", "b");
    origin_holds(o, "/c", "Cache-Control: max-age=100\nETag: \"x\"\nCache-Groups: \"ONE\"", "c");
    origin_does(o, "POST", "/p", 200, "Cache-Group-Invalidation: \"one\", \"none\"", "");
    static const char *const all[] = {"/a", "/b", "/c"};
    for (size_t i = 0; i < 3; i++)
        client_get(client, all[i]);
    page_once(origin_says(o, "/x", 200, "Cache-Group-Invalidation: \"one\"", ""));
    client_get(client, "/x"); /* C-9875-3-1 */
    client_get(client, "/a");
    expect_hit(client);
    client_request(client, "POST", "/p", "X: y"); /* C-9875-3-2 C-9875-2.1-1 */
    client_get(client, "/a");
    expect_not_hit(client);
    client_get(client, "/b"); /* C-9875-2.2.1-1: no cascade */
    expect_hit(client);
    client_get(client, "/c");
    expect_hit(client);
    client->host = "other"; /* another origin has groups of its own */
    client_get(client, "/a");
    client_request(client, "POST", "/p", "X: y");
    client->host = "www";
    client_get(client, "/a");
    expect_hit(client);
}

/* A write goes through before anyone is told that it has [RFC 9111 §4]. */
void tell_written_through(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s), *other = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"", "before");
    origin_does(o, "PUT", "/a", 204, "", "");
    client_get(client, "/a");
    origin_waits(o);
    client_ask_by(client, "PUT", "/a", "after", "");
    scene_idle(s);
    expect(s, client_received(client) == 0);
    client_get(other, "/a"); /* until it is done */
    expect_hit(other);
    origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"y\"", "after");
    origin_goes_on(o);
    client_hear(client);
    expect_status(client, 204);
    expect(s, strcmp(origin_saw_content(o), "after") == 0 || s->chaos->relaxed);
    client_get(other, "/a");
    expect_not_hit(other);
    expect_body(other, "after");
    origin_goes_down(o); /* C-9111-4-7 */
    client_request_with(client, "PUT", "/a", "more", "X: y");
    expect_error(client, 502, "connection_refused");
    client_get(other, "/a");
    expect_hit(other);
}

/* A fetch that was under way when the write went through may be of before it. */
void tell_crossed_by_a_write(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s), *writer = scene_client(s), *other = scene_client(s);
    s->patience = SECONDS(10); /* it may be asked twice */
    page_takes(origin_holds(o, "/a", "Cache-Control: max-age=100", "before"), SECONDS(2));
    origin_does(o, "POST", "/a", 204, "", "");
    client_ask(client, "/a");
    scene_pass(s, SECONDS(1));
    client_request(writer, "POST", "/a", "X: y");
    expect_status(writer, 204);
    client_hear(client);
    expect_status(client, 200);
    client_get(other, "/a");
    expect_not_hit(other);
    /* The writer leaves before the answer comes: what it did counts all the same. */
    origin_holds(o, "/b", "Cache-Control: max-age=100", "before");
    origin_does(o, "POST", "/b", 204, "", "");
    client_get(client, "/b");
    origin_waits(o);
    client_ask_by(writer, "POST", "/b", "content", "");
    scene_idle(s);
    client_leave(writer, true);
    origin_goes_on(o);
    client_get(client, "/b");
    expect_not_hit(client);
}

void tell_purged(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    for (int x = 0; x < 3; x++) {
        char line[16], text[200];
        snprintf(line, sizeof line, "X: %d", x);
        snprintf(text, sizeof text,
                 "Cache-Control: max-age=100\nETag: \"%d\"\nVary: X\n"
                 "Cache-Groups: \"g\"",
                 x);
        origin_holds_for(o, "/a", line, text, "one");
    }
    origin_holds(o, "/a/b", "Cache-Control: max-age=100\nETag: \"x\"", "one");
    for (int x = 0; x < 3; x++)
        client_get_with(client, "/a", "X: %d", x);
    expect(s, scene_purge(s, "/a") == 3 || s->chaos->relaxed);
    client_get_with(client, "/a", "X: 1");
    expect_not_hit(client);
    expect_forward_status(client, "304"); /* soft: validators stay */
    expect(s,
           scene_purge_by(s, CACHE_PURGE_URL, scene_url(s, "/a"), true) == 3 || s->chaos->relaxed);
    client_get_with(client, "/a", "X: 2");
    expect_forwarded(client, "uri-miss");
    client_get(client, "/a/b");
    expect(s, scene_purge_by(s, CACHE_PURGE_PREFIX, scene_url(s, "/a/"), false) == 1 ||
                  s->chaos->relaxed);
    client_get(client, "/a/b");
    expect_forwarded(client, "stale");
    client_get_with(client, "/a", "X: 2");
    expect_hit(client);
    expect(s, scene_purge_by(s, CACHE_PURGE_GROUP, "g", false) == 1 || s->chaos->relaxed);
    client_get_with(client, "/a", "X: 2");
    expect_not_hit(client);
    expect(s, scene_purge_by(s, CACHE_PURGE_MATCH, "/a/b$", false) == 1 || s->chaos->relaxed);
    client_get(client, "/a/b");
    expect_not_hit(client);
    expect(s, scene_purge_by(s, CACHE_PURGE_ALL, "", true) >= 2 || s->chaos->relaxed);
    client_get(client, "/a/b");
    expect_forwarded(client, "uri-miss");
}

/* A purge makes stale: who may be served stale may still be. */
void tell_purged_softly(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=100, stale-while-revalidate=50\nETag: \"x\"",
                 "one");
    client_get(client, "/a");
    origin_holds(o, "/a", "Cache-Control: max-age=100, stale-while-revalidate=50\nETag: \"y\"",
                 "two");
    scene_pass(s, SECONDS(10));
    expect(s,
           scene_purge_by(s, CACHE_PURGE_URL, scene_url(s, "/a"), false) == 1 || s->chaos->relaxed);
    client_get(client, "/a");
    expect_hit(client);
    expect_body(client, "one");
    client_get(client, "/a");
    expect_hit(client);
    expect_body(client, "two");
}

/* Queries that No-Vary-Search makes the same fall together (D-20). */
void tell_alike(struct scene *s)
{
    static const char *const targets[] = {"/a?q=1&utm=1", "/a?q=1&utm=2", "/a?q=2&utm=1"};
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_does(o, "POST", "/a?q=1", 200, "", "done");
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++) {
            origin_holds(
                o, targets[i],
                "Cache-Control: max-age=100\nETag: \"x\"\nNo-Vary-Search: params=(\"utm\")", "one");
            client_get(client, targets[i]);
            client_get(client, targets[i]);
            expect_hit(client);
        }
        if (round == 0) {
            client_request(client, "POST", "/a?q=1", "X: y");
            expect_status(client, 200);
        } else {
            const int64_t reached =
                scene_purge_by(s, CACHE_PURGE_URL, scene_url(s, "/a?q=1"), round == 2);
            expect(s, reached == 2 || s->chaos->relaxed);
        }
        client_get(client, targets[2]); /* C-NVS-5.1-2 */
        expect_hit(client);
        for (int i = 0; i < 2; i++) {
            client_get(client, targets[i]);
            expect_not_hit(client);
            expect_forwarded(client, round == 2 ? "uri-miss" : "stale");
        }
    }
}

/* How the answer to a POST is lost, or its request is not even sent. */
enum { CLOSES, TALKS_NONSENSE, IS_SILENT, IS_LEFT_ALONE, REFUSES, UNHEARD_WAYS };

static void lose(struct scene *s, struct client *writer, const char *target, int way)
{
    static const char *const octets[] = {"", "nonsense\r\n\r\n", "", "", ""};
    struct origin *o = scene_origin(s);
    struct page *page = origin_sends(o, target, octets[way], strlen(octets[way]), true);
    page->method = strdup("POST");
    if (way == IS_SILENT || way == IS_LEFT_ALONE)
        origin_waits(o);
    if (way == REFUSES)
        origin_goes_down(o);
    client_ask_by(writer, "POST", target, "x", "");
    scene_idle(s);
    if (way == IS_LEFT_ALONE)
        client_leave(writer, true);
    else
        client_hear_any(writer);
    origin_comes_back(o);
    origin_goes_on(o);
}

/* Nobody knows what a request has done whose answer is lost: as if it had gone well. */
void tell_unheard_writes(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s), *writer = scene_client(s);
    s->patience = SECONDS(200);
    for (int way = 0; way < UNHEARD_WAYS; way++) {
        char target[8];
        snprintf(target, sizeof target, "/%d", way);
        s->telling = target;
        origin_holds(o, target, "Cache-Control: max-age=1000", "one");
        origin_holds(o, "/other", "Cache-Control: max-age=1000", "other");
        client_reopen(client);
        client_get(client, target);
        client_get(client, "/other");
        client_reopen(writer);
        lose(s, writer, target, way);
        client_reopen(client);
        client_get(client, target); /* C-9111-4.4-1 */
        if (way == REFUSES)
            expect_hit(client); /* it was never sent */
        else
            expect_forwarded(client, "stale");
        client_get(client, "/other");
        expect_hit(client);
    }
    s->telling = NULL;
}
