/* Validators for origins that have none: made of the octets, kept with them, and of no use to
 * anyone else.
 */
#include "stories.h"

#include <stdlib.h>
#include <string.h>

void tell_made_tag(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=100", "one");
    client_get(client, "/a");
    client_get(client, "/a");
    expect_hit(client);
    const char *tag = client_field(client, "ETag"),
               *modified = client_field(client, "Last-Modified");
    expect(s, tag[0] == '"' && modified[0]);
    client_get_with(client, "/a", "If-None-Match: %s", tag);
    expect_status(client, 304);
    expect_field(client, "ETag", tag);
    expect_hit(client);
    client_get_with(client, "/a", "If-Modified-Since: %s", modified);
    expect_status(client, 304);
    client_get_with(client, "/a", "If-None-Match: \"other\"");
    expect_status(client, 200);
    client_get_with(client, "/a", "Range: bytes=0-1\nIf-Range: %s", tag);
    expect_status(client, 206);
    expect_requests(o, 1);
}

/* A refetch with the same octets is as good as a validation. */
void tell_made_tag_stays(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10", "one");
    client_get(client, "/a");
    client_get(client, "/a");
    const char *tag = client_field(client, "ETag"),
               *modified = client_field(client, "Last-Modified");
    scene_pass(s, SECONDS(10));
    client_get_with(client, "/a", "If-None-Match: %s", tag);
    expect_status(client, 304);
    expect_forwarded(client, "stale");
    expect_saw_no(o, "If-None-Match"); /* the origin does not know it */
    client_get(client, "/a");
    expect_hit(client);
    expect_field(client, "ETag", tag);
    expect_field(client, "Last-Modified", modified); /* when these bytes were first seen */
    scene_pass(s, SECONDS(10));
    origin_holds(o, "/a", "Cache-Control: max-age=10", "two");
    client_get_with(client, "/a", "If-None-Match: %s", tag);
    expect_status(client, 200);
    expect_body(client, "two");
    client_get(client, "/a");
    expect_hit(client);
    expect(s, strcmp(client_field(client, "ETag"), tag) != 0 || s->chaos->relaxed);
    expect(s, strcmp(client_field(client, "Last-Modified"), modified) != 0 || s->chaos->relaxed);
    client_get_with(client, "/a", "If-Modified-Since: %s", modified);
    expect_status(client, 200);
}

void tell_own_validators_stay(struct scene *s)
{
    static const char *const lines[] = {
        "ETag: \"own\"", "ETag: W/\"own\"",
        "ETag: \"own\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT"};
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    for (size_t i = 0; i < 3; i++) {
        char target[16], text[200];
        snprintf(target, sizeof target, "/%zu", i);
        snprintf(text, sizeof text, "Cache-Control: %s\n%s", i == 1 ? "private" : "max-age=60",
                 lines[i]);
        origin_holds(o, target, text, "one");
        for (int j = 0; j < 2; j++) {
            client_get(client, target);
            expect_field(client, "ETag", i == 1 ? "W/\"own\"" : "\"own\"");
            if (i == 2)
                expect_field(client, "Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
            else
                expect_no_field(client, "Last-Modified");
        }
    }
}

void tell_made_tag_for_what_passes(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_says(o, "/api", 200, "Cache-Control: private\nContent-Type: application/json", "{}");
    client_get_with(client, "/api", "Cookie: id=ann");
    expect_status(client, 200);
    expect_not_stored(client);
    const char *tag = client_field(client, "ETag");
    expect(s, tag[0] == '"');
    for (size_t i = 2; i < 5; i++) {
        client_get_with(client, "/api", "Cookie: id=ann\nIf-None-Match: %s", tag);
        expect_status(client, 304);
        expect_field(client, "ETag", tag);
        expect_requests(o, i); /* the origin is asked each time */
    }
    origin_says(o, "/api", 200, "Cache-Control: private", "{\"a\":1}");
    client_get_with(client, "/api", "Cookie: id=ann\nIf-None-Match: %s", tag);
    expect_status(client, 200);
    expect_body(client, "{\"a\":1}");
    page_is_chunked(origin_says(o, "/api", 200, "Cache-Control: private", "{}"));
    client_get_with(client, "/api", "Cookie: id=ann\nIf-None-Match: %s", tag);
    expect_status(client, 304);
    client_head(client, "/api");
    expect_status(client, 200);
}

/* Who gets none. */
void tell_no_made_tag(struct scene *s)
{
    static const struct {
        const char *name, *lines, *asked;
    } rows[] = {
        {"no-store", "Cache-Control: no-store", "X: y"},
        {"no-transform", "Cache-Control: private, no-transform", "X: y"},
        {"no-transform, stored", "Cache-Control: max-age=60, no-transform", "X: y"},
        {"a cookie", "Cache-Control: private\nSet-Cookie: a=b", "X: y"},
        {"a date", "Cache-Control: private\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT", "X: y"},
        {"events", "Cache-Control: private\nContent-Type: text/event-stream", "X: y"},
        {"a range", "Cache-Control: private", "Range: bytes=0-0"},
        {"no-store of the request", "Cache-Control: private", "Cache-Control: no-store"},
    };
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char target[16];
        s->telling = rows[i].name;
        snprintf(target, sizeof target, "/%zu", i);
        origin_says(o, target, 200, rows[i].lines, "one");
        for (int j = 0; j < 2; j++) {
            client_get_with(client, target, "%s", rows[i].asked);
            expect_status(client, 200);
            expect_no_field(client, "ETag");
        }
    }
    s->telling = "POST";
    origin_does(o, "POST", "/p", 200, "", "one");
    client_request(client, "POST", "/p", "X: y");
    expect_no_field(client, "ETag");
    s->telling = "an error";
    origin_says(o, "/404", 404, "", "no");
    client_get(client, "/404");
    expect_no_field(client, "ETag");
    s->telling = NULL;
}

void tell_made_tag_not_wanted(struct scene *s)
{
    struct origin *o = scene_origin(s);
    scene_gateway(s)->rules.synthesize = false;
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=60", "one");
    origin_holds(o, "/b", "Cache-Control: private", "one");
    for (int i = 0; i < 2; i++) {
        client_get(client, "/a");
        expect_no_field(client, "ETag");
        client_get(client, "/b");
        expect_no_field(client, "ETag");
    }
}

/* Held back up to a size, and not for long. */
void tell_held_back(struct scene *s)
{
    struct origin *o = scene_origin(s);
    char *large = calloc(1, 3001);
    memset(large, 'x', 3000);
    scene_gateway(s)->rules.validate_up_to = 2000;
    struct client *client = scene_client(s);
    origin_says(o, "/large", 200, "Cache-Control: private", large);
    client_get(client, "/large");
    expect_length(client, 3000);
    expect_no_field(client, "ETag");
    page_is_chunked(origin_says(o, "/chunks", 200, "Cache-Control: private", large));
    client_get(client, "/chunks");
    expect_length(client, 3000);
    expect_no_field(client, "ETag");
    struct page *page = origin_says(o, "/slow", 200, "Cache-Control: private", "0123456789");
    page_is_chunked(page);
    page_stops_after(page, 5);
    client_ask(client, "/slow");
    scene_idle(s);
    expect(s, client_received(client) == 0);
    scene_pass(s, MILLISECONDS(150)); /* what stalls is let go */
    expect(s, client_received(client) == 5);
    origin_goes_on(o);
    client_hear(client);
    expect_body(client, "0123456789");
    expect_no_field(client, "ETag");
    struct page *events =
        origin_says(o, "/events", 200, "Cache-Control: private\nContent-Type: text/event-stream",
                    "data: one\n\ndata: two\n\n");
    page_is_chunked(events);
    page_stops_after(events, 11);
    client_ask(client, "/events");
    scene_idle(s);
    expect(s, client_received(client) == 11); /* at once */
    origin_goes_on(o);
    client_hear(client);
    free(large);
}

/* A waiter whose condition is decided by a tag that is not made yet. */
void tell_tag_still_to_be_made(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s), *other = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10", "0123456789");
    client_get(client, "/a");
    client_get(client, "/a");
    const char *tag = client_field(client, "ETag");
    scene_pass(s, SECONDS(10));
    page_stops_after(origin_holds(o, "/a", "Cache-Control: max-age=10", "0123456789"), 5);
    client_ask(client, "/a");
    scene_idle(s);
    client_ask_with(other, "/a", "If-None-Match: %s", tag);
    scene_idle(s);
    origin_goes_on(o);
    client_hear(client);
    expect_body(client, "0123456789");
    client_hear(other);
    expect_status(other, 304);
    expect_requests(o, 2);
}

void tell_noise(struct scene *s)
{
    struct origin *o = scene_origin(s);
    scene_gateway(s)->noise = "token=[0-9]+";
    struct client *ann = scene_client(s), *bob = scene_client(s);
    origin_says(o, "/form", 200, "Cache-Control: max-age=60", "<form token=1>");
    client_get(ann, "/form");
    expect_not_stored(ann); /* such a page is never shared */
    const char *tag = client_field(ann, "ETag");
    expect(s, strncmp(tag, "W/\"", 3) == 0);
    origin_says(o, "/form", 200, "Cache-Control: max-age=60", "<form token=22>");
    client_get(bob, "/form");
    expect_not_hit(bob);
    expect_body(bob, "<form token=22>");
    expect_field(bob, "ETag", tag);
    client_get_with(ann, "/form", "If-None-Match: %s", tag);
    expect_status(ann, 304);
    origin_says(o, "/form", 200, "Cache-Control: max-age=60", "<form token=333 x>");
    client_get_with(ann, "/form", "If-None-Match: %s", tag);
    expect_status(ann, 200);
    client_get_with(ann, "/form", "If-Match: %s", tag); /* weak, so it decides no write */
    expect_requests(o, 5);
}
