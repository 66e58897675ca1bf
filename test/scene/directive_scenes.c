/* Directives of requests and responses, and what may be stored at all [RFC 9111 §3, §5.2].
 */
#include "stories.h"

#include <string.h>

void tell_request_asks_for_validation(struct scene *s)
{
    static const char *const lines[] = {"Cache-Control: no-cache", "Pragma: no-cache",
                                        "Cache-Control: max-age=0", "Cache-Control: min-fresh=95",
                                        "Cache-Control: max-age=5"};
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"", "one");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        s->telling = lines[i];
        client_get(client, "/a");
        scene_pass(s, SECONDS(10));
        const size_t requests = origin_requests(o);
        client_get_with(client, "/a", "%s", lines[i]);
        expect_status(client, 200);
        expect_forwarded(client, "request");
        expect_forward_status(client, "304");
        expect_requests(o, requests + 1);
        expect_saw(o, "If-None-Match", "\"x\"");
    }
    s->telling = NULL;
    scene_pass(s, SECONDS(10));
    client_get_with(client, "/a", "Cache-Control: x\nPragma: no-cache"); /* D-29 */
    expect_hit(client);
    client_get_with(client, "/a", "Cache-Control: min-fresh=90"); /* C-9111-5.2.1.3-1 */
    expect_hit(client);
    client_get_with(client, "/a", "Cache-Control: max-age=11"); /* C-9111-5.2.1.1-1 */
    expect_hit(client);
}

void tell_request_accepts_stale(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"", "one");
    client_get(client, "/a");
    scene_pass(s, SECONDS(25));
    client_get_with(client, "/a", "Cache-Control: max-stale=15"); /* C-9111-5.2.1.2-1 */
    expect_hit(client);
    expect_age(client, 25);
    expect_ttl(client, -15);
    client_get_with(client, "/a", "Cache-Control: max-stale");
    expect_hit(client);
    client_get_with(client, "/a", "Cache-Control: max-stale=14");
    expect_forwarded(client, "stale");
    scene_pass(s, SECONDS(25));
    client_get_with(client, "/a", "Cache-Control: max-stale, max-age=20");
    expect_forwarded(client, "stale");
    scene_pass(s, SECONDS(11));
    client_get_with(client, "/a", "Cache-Control: max-stale=5, max-age=20");
    expect_hit(client);
    expect_requests(o, 3);
}

void tell_requests_not_obeyed(struct scene *s)
{
    struct origin *o = scene_origin(s);
    scene_gateway(s)->rules.profile.request_freshness = false;
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"", "one");
    s->gateway->oracle->deaf = true;
    client_get(client, "/a");
    client_get_with(client, "/a", "Cache-Control: no-cache"); /* D-24 */
    expect_hit(client);
    client_get_with(client, "/a", "Cache-Control: max-age=0");
    expect_hit(client);
    scene_pass(s, SECONDS(10));
    client_get_with(client, "/a", "Cache-Control: max-stale");
    expect_forwarded(client, "stale");
    client_get_with(client, "/b", "Cache-Control: only-if-cached");
    expect_status(client, 504);
}

void tell_request_no_store(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"", "one");
    client_get_with(client, "/a", "Cache-Control: no-store"); /* C-9111-5.2.1.5-1 */
    expect_not_stored(client);
    client_get(client, "/a");
    expect_forwarded(client, "uri-miss");
    expect_stored(client);
    client_get_with(client, "/a", "Cache-Control: no-store");
    expect_hit(client);
}

void tell_only_if_cached(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"", "one");
    client_get_with(client, "/a", "Cache-Control: only-if-cached"); /* C-9111-5.2.1.7-1 */
    expect_error(client, 504, NULL);
    expect_no_field(client, "Cache-Status"); /* D-44 */
    client_get(client, "/a");
    client_get_with(client, "/a", "Cache-Control: only-if-cached");
    expect_hit(client);
    client_get_with(client, "/a", "Cache-Control: only-if-cached, no-cache");
    expect_error(client, 504, NULL);
    scene_pass(s, SECONDS(10));
    client_get_with(client, "/a", "Cache-Control: only-if-cached");
    expect_error(client, 504, NULL);
    client_get_with(client, "/a", "Cache-Control: only-if-cached, max-stale");
    expect_hit(client);
    expect_requests(o, 1);
}

void tell_authorised(struct scene *s)
{
    static const struct {
        const char *lines;
        bool shared;
    } rows[] = {{"max-age=60", false},
                {"max-age=60, public", true},
                {"max-age=60, must-revalidate", true},
                {"s-maxage=60", true},
                {"max-age=60, proxy-revalidate", false},
                {"max-age=60, private", false}};
    struct origin *o = scene_origin(s);
    struct client *ann = scene_client(s), *bob = scene_client(s);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) { /* C-9111-3.5-1 D-22 */
        char target[16], lines[100];
        s->telling = rows[i].lines;
        snprintf(target, sizeof target, "/%zu", i);
        snprintf(lines, sizeof lines, "Cache-Control: %s", rows[i].lines);
        origin_holds(o, target, lines, "one");
        client_get_with(ann, target, "Authorization: Basic YW5uOmE=");
        expect_status(ann, 200);
        client_get_with(ann, target, "Authorization: Basic YW5uOmE=");
        client_get_with(bob, target, "Authorization: Basic Ym9iOmI=");
        if (rows[i].shared) {
            expect_hit(ann);
            expect_hit(bob);
        } else {
            expect_not_hit(ann);
            expect_forwarded(bob, "uri-miss");
            expect_not_stored(bob);
        }
    }
    s->telling = NULL;
    /* Stored for nobody in particular, it answers who is authorised as well. */
    origin_holds(o, "/public", "Cache-Control: max-age=60", "one");
    client_get(ann, "/public");
    client_get_with(bob, "/public", "Authorization: Basic Ym9iOmI=");
    expect_hit(bob);
}

/* What answered an authorised request is renewed or completed for one without, and has lost its
 * permission: then it is for nobody else. */
void tell_authorised_no_more(struct scene *s)
{
    static const char *const permits = "Cache-Control: max-age=10, public\nETag: \"x\"";
    static const char *const silent = "Cache-Control: max-age=60\nETag: \"x\"";
    static const char *const targets[] = {"/304", "/head", "/rest", "/join"};
    struct origin *o = scene_origin(s);
    struct client *ann = scene_client(s), *bob = scene_client(s);
    for (size_t i = 0; i < 4; i++) {
        page_slices(origin_holds(o, targets[i], permits, "0123456789"));
        client_get_with(ann, targets[i], "Authorization: Basic YW5uOmE=%s",
                        i < 2 ? "" : "\nRange: bytes=0-4");
        expect_stored(ann);
        page_slices(origin_holds(o, targets[i], silent, "0123456789"));
    }
    client_head_with(bob, "/head", "Cache-Control: no-cache"); /* C-9111-3.5-1 C-9111-4.3.5-1 */
    client_get(bob, "/head");
    expect_not_hit(bob);
    client_get(bob, "/rest");
    expect_body(bob, "0123456789");
    expect_saw_no(o, "Range");
    client_get_with(bob, "/join", "Range: bytes=5-9");
    expect_body(bob, "56789");
    client_get_with(bob, "/join", "Range: bytes=3-6");
    expect_not_hit(bob);
    scene_pass(s, SECONDS(10));
    client_get(bob, "/304");
    expect_body(bob, "0123456789");
    expect_forward_status(bob, "304");
    client_get(bob, "/304");
    expect_forwarded(bob, "uri-miss");
    client_get(ann, "/304");
    expect_hit(ann); /* by now it answered one without */
}

void tell_some_fields_only(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s), *other = scene_client(s);
    origin_holds(o, "/a",
                 "Cache-Control: max-age=60, no-cache=\"X-One, x-two\"\nX-One: 1\nX-Two: 2\n"
                 "X-Three: 3",
                 "one");
    origin_holds(o, "/b", "Cache-Control: max-age=60, private=\"X-One\"\nX-One: 1\nX-Two: 2",
                 "one");
    origin_holds(o, "/c", "Cache-Control: max-age=60, private=X-One\nX-One: 1\nX-Two: 2", "one");
    origin_holds(o, "/d", "Cache-Control: max-age=60, no-cache=\"Set-Cookie\"\nSet-Cookie: a=b",
                 "one");
    client_get(client, "/a"); /* C-9111-3.1-3 C-9111-5.2.2.4-2 D-23 */
    expect_field(client, "X-One", "1");
    expect_field(client, "X-Two", "2");
    client_get(other, "/a");
    expect_hit(other);
    expect_no_field(other, "X-One");
    expect_no_field(other, "X-Two");
    expect_field(other, "X-Three", "3");
    client_get(client, "/b"); /* C-9111-5.2.2.7-2 */
    expect_field(client, "X-One", "1");
    client_get(other, "/b");
    expect_hit(other);
    expect_no_field(other, "X-One");
    expect_field(other, "X-Two", "2");
    client_get(client, "/c"); /* a lone token is one name */
    client_get(other, "/c");
    expect_hit(other);
    expect_no_field(other, "X-One");
    client_get(client, "/d");
    expect_field(client, "Set-Cookie", "a=b");
    client_get(other, "/d");
    expect_hit(other);
    expect_no_field(other, "Set-Cookie");
}

void tell_fields_that_are_not_kept(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a",
                 "Cache-Control: max-age=60, unknown=\"1\"\nConnection: X-Hop\nX-Hop: 1\n"
                 "Keep-Alive: timeout=5\nProxy-Authenticate: Basic\n"
                 "Proxy-Authentication-Info: x\nX-Odd: a\nX-Odd: b\n"
                 "Warning: 199 a \"b\"\nSurrogate-Control: x",
                 "one");
    for (int i = 0; i < 2; i++) { /* C-9111-3.1-1 C-9111-3.1-2 C-9111-3.1-4 C-9111-5.2-1 */
        client_get(client, "/a");
        if (!s->origin_h2) /* which knows no such fields */
            expect_no_field(client, "X-Hop");
        expect_no_field(client, "Keep-Alive");
        if (i == 1)
            expect_no_field(client, "Proxy-Authenticate");
        expect_field(client, "Cache-Control", "max-age=60, unknown=\"1\"");
        expect_field(client, "X-Odd", "a");
        expect_field(client, "Surrogate-Control", "x");
        expect(s, response_count(&client->response, "X-Odd") == 2 || s->chaos->relaxed);
    }
    expect_hit(client);
}

void tell_methods(struct scene *s)
{
    static const char *const methods[] = {"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO"};
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) { /* C-9111-3-1 D-35 */
        s->telling = methods[i];
        origin_does(o, methods[i], "/a", 200, "Cache-Control: max-age=60\nETag: \"x\"", "done");
        for (size_t j = 1; j <= 2; j++) {
            client_request(client, methods[i], "/a", "X: y");
            expect_status(client, 200);
            expect_forwarded(client, "method");
            expect_not_stored(client);
            expect_requests(o, 2 * i + j);
        }
    }
    s->telling = NULL;
    client_get(client, "/a");
    expect_status(client, 404);
}

void tell_head_of_gateway(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=60\nETag: \"x\"", "four");
    client_head(client, "/a"); /* D-37 */
    expect_status(client, 200);
    expect_forwarded(client, "uri-miss");
    expect_field(client, "Content-Length", "4");
    client_head(client, "/a");
    expect_hit(client);
    expect_field(client, "Content-Length", "4");
    client_get(client, "/a"); /* C-9111-4-2 */
    expect_not_hit(client);
    expect_body(client, "four");
    client_head(client, "/a");
    expect_hit(client);
    expect_length(client, 0);
    client_head_with(client, "/a", "If-None-Match: \"x\""); /* D-01 */
    expect_status(client, 304);
    expect_hit(client);
    expect_requests(o, 2);
    scene_pass(s, SECONDS(70));
    client_reopen(client);
    client_head(client, "/a");
    expect_status(client, 200);
    expect_saw_no(o, "If-None-Match"); /* D-01: no conditional HEAD */
    expect(s, strcmp(origin_saw_method(o), "HEAD") == 0 || s->chaos->relaxed);
}
