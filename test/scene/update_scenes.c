/* Freshening: what a 304, and a HEAD, do to what is stored [RFC 9111 §3.2, §4.3.4, §4.3.5].
 */
#include "stories.h"

#include <string.h>

#define DATE(s, ago) scene_date(scene_seconds(s) - (ago))

/* Each field alone: stored with one value, confirmed with another. */
static const struct {
    const char *name, *before, *after;
    bool updates;
} fields[] = {
    {"X-Own", "old", "new", true},
    {"Cache-Control", "max-age=10", "max-age=20", true},
    {"Content-Type", "text/plain", "text/html", true}, /* D-16 */
    {"Content-Foo", "old", "new", true},               /* C-9111-3.2-3 */
    {"Content-Language", "de", "en", true},
    {"Content-Location", "/one", "/two", true},
    {"Content-Disposition", "inline", "attachment", true},
    {"Content-Security-Policy", "x", "y", true},
    {"Link", "</a>", "</b>", true},
    {"Cache-Groups", "\"a\"", "\"b\"", true},
    {"Access-Control-Allow-Origin", "*", "https://example.org", true},
    {"Content-Encoding", "br", "gzip", false}, /* the octets are coded as they are */
    {"Content-MD5", "old", "new", false},
    {"Content-Digest", "sha-256=:b2xk:", "sha-256=:bmV3:", false},
    {"Content-Range", "bytes 0-1/2", "bytes 0-1/9", false},
};

void tell_freshened_fields(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        char target[16], lines[300];
        const bool control = strcmp(fields[i].name, "Cache-Control") == 0;
        s->telling = fields[i].name;
        if (strcmp(fields[i].name, "Content-Range") == 0) /* it would be no answer to GET */
            continue;
        snprintf(target, sizeof target, "/%zu", i);
        snprintf(lines, sizeof lines, "%sETag: \"x\"\n%s: %s",
                 control ? "" : "Cache-Control: max-age=10\n", fields[i].name, fields[i].before);
        origin_holds(o, target, lines, "one");
        client_get(client, target);
        expect_field(client, fields[i].name, fields[i].before);
        scene_pass(s, SECONDS(10));
        snprintf(lines, sizeof lines, "%sETag: \"x\"\n%s: %s",
                 control ? "" : "Cache-Control: max-age=10\n", fields[i].name, fields[i].after);
        page_once(origin_says(o, target, 304, lines, ""));
        for (int j = 0; j < 2; j++) { /* C-9111-3.2-1 C-9111-3.2-2 */
            client_get(client, target);
            expect_status(client, 200);
            expect_body(client, "one");
            expect_field(client, fields[i].name,
                         fields[i].updates ? fields[i].after : fields[i].before);
        }
        expect_hit(client);
    }
    s->telling = NULL;
}

void tell_freshened_rest(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    char lines[300];
    origin_holds(o, "/a",
                 "Cache-Control: max-age=10\nETag: \"x\"\nX-Old: 1\nX-Many: a\nX-Many: b\n"
                 "Age: 3",
                 "one");
    client_get(client, "/a");
    scene_pass(s, SECONDS(10));
    snprintf(lines, sizeof lines,
             "Cache-Control: max-age=10\nETag: \"x\"\nX-New: 2\nX-Many: c\nContent-Length: 99\n"
             "Set-Cookie: for=one\nConnection: X-Hop\nX-Hop: 1\nDate: %s",
             DATE(s, 1));
    page_once(origin_says(o, "/a", 304, lines, ""));
    client_get(client, "/a");
    expect_status(client, 200);
    expect_body(client, "one");
    expect_field(client, "Set-Cookie", "for=one"); /* D-16: for who has asked, ... */
    if (!s->origin_h2)                             /* which knows no such fields */
        expect_no_field(client, "X-Hop");
    struct client *other = scene_client(s);
    client_get(other, "/a");
    expect_hit(other);
    expect_no_field(other, "Set-Cookie"); /* ... and nobody else */
    expect_field(other, "X-Old", "1");
    expect_field(other, "X-New", "2");
    expect_field(other, "X-Many", "c");
    expect(s, response_count(&other->response, "X-Many") == 1);
    expect_field(other, "Date", DATE(s, 1));
    expect_age(other, 1); /* D-11: no dead Age */
    client_get_with(other, "/a", "If-None-Match: \"x\"");
    expect_status(other, 304);
    expect_no_field(other, "Set-Cookie");
}

/* What of a 304 is stored, the directives say that hold afterwards; it may leave them as they were.
 */
void tell_freshened_by_rules_of_before(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "CDN-Cache-Control: max-age=10\nETag: \"x\"\nX-Mark: 1", "one");
    origin_holds(o, "/b", "CDN-Cache-Control: max-age=10, private=\"X-Mark\"\nETag: \"x\"", "one");
    client_get(client, "/a");
    client_get(client, "/b");
    scene_pass(s, SECONDS(10));
    page_once(origin_says(o, "/a", 304,
                          "Cache-Control: no-cache=\"X-Mark\"\nETag: \"x\"\nX-Mark: 2", ""));
    client_get(client, "/a"); /* C-9213-2.2-1: the targeted field decides still */
    expect_field(client, "X-Mark", "2");
    expect(s, response_count(&client->response, "X-Mark") == 1);
    page_once(origin_says(o, "/b", 304, "Cache-Control: max-age=9\nETag: \"x\"\nX-Mark: 2", ""));
    client_get(client, "/b");
    expect_field(client, "X-Mark", "2"); /* for who has asked, ... */
    client_get(client, "/b");
    expect_hit(client);
    expect_no_field(client, "X-Mark"); /* ... and nobody else */
}

/* The 304 says that the content is another one, or that it may not be kept. */
void tell_freshened_no_more(struct scene *s)
{
    static const char *const after[] = {"Cache-Control: no-store", "Cache-Control: private",
                                        "Cache-Control: max-age=10\nVary: *"};
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s), *other = scene_client(s);
    for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
        char target[16], lines[100];
        s->telling = after[i];
        snprintf(target, sizeof target, "/%zu", i);
        origin_holds(o, target, "Cache-Control: max-age=10\nETag: \"x\"", "one");
        client_get(client, target);
        scene_pass(s, SECONDS(10));
        snprintf(lines, sizeof lines, "ETag: \"x\"\n%s", after[i]);
        page_once(origin_says(o, target, 304, lines, ""));
        client_get(client, target);
        expect_status(client, 200);
        expect_body(client, "one");
        client_get(other, target);
        expect_not_hit(other);
    }
    s->telling = "Repr-Digest"; /* D-16 */
    origin_holds(o, "/d",
                 "Cache-Control: max-age=10\nETag: \"x\"\nRepr-Digest: sha-256=:b2xk:", "one");
    client_get(client, "/d");
    scene_pass(s, SECONDS(10));
    page_once(origin_says(o, "/d", 304, "ETag: \"x\"\nRepr-Digest: sha-256=:bmV3:", ""));
    const size_t requests = origin_requests(o);
    client_get(client, "/d");
    expect_status(client, 200);
    expect_requests(o, requests + 2); /* asked again, for the whole */
    s->telling = NULL;
}

void tell_head_updates(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"\nX-Mark: old", "four");
    client_get(client, "/a");
    scene_pass(s, SECONDS(10));
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"\nX-Mark: new", "four");
    client_head(client, "/a"); /* C-9111-4.3.5-1 D-17 */
    expect_forwarded(client, "stale");
    client_get(client, "/a");
    expect_hit(client);
    expect_field(client, "X-Mark", "new");
    expect_age(client, 0);
    expect_body(client, "four");
    expect_requests(o, 2);
}

void tell_head_tells_of_change(struct scene *s)
{
    static const struct {
        const char *name, *lines, *content;
    } rows[] = {{"another tag", "Cache-Control: max-age=100\nETag: \"y\"", "four"},
                {"another length", "Cache-Control: max-age=100\nETag: \"x\"", "fiver"}};
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) { /* C-9111-4.3.5-2 */
        char target[16];
        s->telling = rows[i].name;
        snprintf(target, sizeof target, "/%zu", i);
        origin_holds(o, target, "Cache-Control: max-age=100\nETag: \"x\"", "four");
        client_get(client, target);
        origin_holds(o, target, rows[i].lines, rows[i].content);
        client_head_with(client, target, "Cache-Control: no-cache");
        expect_status(client, 200);
        client_get(client, target);
        expect_not_hit(client);
        expect_saw(o, "If-None-Match", "\"x\"");
    }
    s->telling = NULL;
    /* What HEAD says of an error says nothing of the page. */
    origin_holds(o, "/c", "Cache-Control: max-age=100\nETag: \"x\"", "four");
    client_get(client, "/c");
    page_once(origin_says(o, "/c", 404, "", ""));
    client_head_with(client, "/c", "Cache-Control: no-cache");
    expect_status(client, 404);
    client_get(client, "/c");
    expect_hit(client);
}

/* The newest answer is no error page of a moment. */
void tell_replaced(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"", "one");
    client_get(client, "/a");
    scene_pass(s, SECONDS(10));
    origin_holds(o, "/a", "Cache-Control: no-store\nETag: \"y\"", "two"); /* C-9111-4.3.3-2 */
    client_get(client, "/a");
    expect_body(client, "two");
    expect_not_stored(client);
    origin_goes_down(o);
    client_get(client, "/a"); /* what it has replaced is gone */
    expect_error(client, 502, "connection_refused");
    origin_comes_back(o);
    origin_holds(o, "/b", "Cache-Control: max-age=10\nETag: \"x\"", "one");
    client_get(client, "/b");
    scene_pass(s, SECONDS(10));
    page_once(origin_says(o, "/b", 404, "", "gone"));
    client_get(client, "/b");
    expect_status(client, 404);
    client_get(client, "/b");
    expect_status(client, 200);
    expect_saw(o, "If-None-Match", "\"x\"");
}
