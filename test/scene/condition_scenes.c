/* Conditions of clients: on what is fresh, stale, not stored; joined with those of the cache; and
 * what a 304 of the origin means [RFC 9111 §4.3].
 */
#include "stories.h"

#include <string.h>

#define DATE(s, ago) scene_date(scene_seconds(s) - (ago))

void tell_conditions_on_a_hit(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", scene_keep(s, "Cache-Control: max-age=1000\nETag: \"x\""), "one");
    client_get(client, "/a");
    static const struct {
        const char *id, *line;
        int status;
    } rows[] = {
        {"C-9111-4.3.2-1", "If-None-Match: \"x\"", 304},
        {"C-9110-13.1.2-1", "If-None-Match: W/\"x\"", 304},
        {"C-9110-13.1.2-3", "If-None-Match: \"a\", \"x\", \"b\"", 304},
        {"C-9110-13.1.2-3", "If-None-Match: \"a\"", 200},
        {"D-07", "If-None-Match: *", 304},
        {"D-07", "If-None-Match: *, \"x\"", 200},
        {"D-06", "If-None-Match: x", 200},
        {"C-9111-4.3.2-3", "If-None-Match: \"a\"\nIf-Modified-Since: Fri, 31 Dec 2100 23:59:59 GMT",
         200},
        {"C-9111-4.3.2-2", "If-Match: \"x\"", 200},
        {"C-9110-13.1.1-5", "If-Match: \"other\"", 200},
        {"C-9110-13.1.1-5", "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT", 200},
        {"C-9110-13.1.3-2", "If-Modified-Since: yesterday", 200},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        s->telling = rows[i].line;
        client_get_with(client, "/a", "%s", rows[i].line);
        expect_status_of(client, rows[i].status, rows[i].id);
        expect_hit(client);
    }
    s->telling = NULL;
    expect_requests(o, 1);
}

void tell_dates_on_a_hit(struct scene *s)
{
    struct origin *o = scene_origin(s);
    scene_gateway(s)->rules.synthesize = false;
    struct client *client = scene_client(s);
    char lines[200];
    snprintf(lines, sizeof lines, "Cache-Control: max-age=1000\nLast-Modified: %s", DATE(s, 500));
    origin_holds(o, "/a", lines, "one");
    origin_holds(o, "/bare", "Cache-Control: max-age=1000", "one");
    client_get(client, "/a");
    client_get(client, "/bare");
    client_get_with(client, "/a", "If-Modified-Since: %s", DATE(s, 500)); /* C-9110-13.1.3-5 */
    expect_status(client, 304);
    expect_hit(client);
    client_get_with(client, "/a", "If-Modified-Since: %s", DATE(s, 501));
    expect_status(client, 200);
    expect_hit(client);
    client_get_with(client, "/a", "If-Modified-Since: %s", DATE(s, -5000)); /* D-05 */
    expect_status(client, 304);
    scene_pass(s, SECONDS(10));
    client_get_with(client, "/bare", "If-Modified-Since: %s", DATE(s, 10)); /* C-9111-4.3.2-4 */
    expect_status(client, 304);
    expect_hit(client);
    client_get_with(client, "/bare", "If-Modified-Since: %s", DATE(s, 11));
    expect_status(client, 200);
    expect_hit(client);
    expect_requests(o, 2);
}

void tell_fields_of_a_304(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    char lines[600];
    snprintf(lines, sizeof lines,
             "Cache-Control: max-age=100\nETag: \"x\"\nLast-Modified: %s\nVary: Accept\n"
             "Expires: %s\nContent-Location: /b\nContent-Type: text/plain\nContent-Language: en\n"
             "X-Own: 1\nCDN-Cache-Control: max-age=100\nCache-Groups: \"a\"",
             DATE(s, 500), DATE(s, -100));
    origin_holds(o, "/a", lines, "one");
    client_get(client, "/a");
    scene_pass(s, SECONDS(7));
    client_get_with(client, "/a", "If-None-Match: \"x\""); /* D-02 D-11 */
    expect_status(client, 304);
    expect_field(client, "ETag", "\"x\"");
    expect_field(client, "Cache-Control", "max-age=100");
    expect_field(client, "Vary", "Accept");
    expect_field(client, "Content-Location", "/b");
    expect_field(client, "CDN-Cache-Control", "max-age=100");
    expect_field(client, "Cache-Groups", "\"a\"");
    expect_field(client, "Date", DATE(s, 7));
    expect_age(client, 7);
    expect_field_has(client, "Via", "stet");
    static const char *const none[] = {"Last-Modified",  "Content-Type",     "Content-Language",
                                       "Content-Length", "Content-Encoding", "X-Own"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        expect_no_field(client, none[i]);
}

void tell_conditions_on_stale(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"", "one");
    client_get(client, "/a");
    scene_pass(s, SECONDS(10));
    client_get_with(client, "/a", "If-None-Match: \"x\""); /* C-9111-4.3.3-1 */
    expect_status(client, 304);
    expect_forwarded(client, "stale");
    expect_saw(o, "If-None-Match", "\"x\"");
    scene_pass(s, SECONDS(10));
    client_get_with(client, "/a", "If-None-Match: \"old\""); /* D-13: the union */
    expect_status(client, 200);
    expect_forward_status(client, "304");
    expect_saw(o, "If-None-Match", "\"x\", \"old\"");
    expect_body(client, "one");
    scene_pass(s, SECONDS(10));
    client_get_with(client, "/a", "If-Modified-Since: %s", DATE(s, -100));
    expect_status(client, 304); /* C-9111-4.3.2-4: by Date, which is earlier */
    expect_saw(o, "If-None-Match", "\"x\"");
    expect_saw_no(o, "If-Modified-Since");
    scene_pass(s, SECONDS(10));
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"old\"", "zero");
    client_get_with(client, "/a", "If-None-Match: \"old\""); /* D-15: the client's own */
    expect_status(client, 304);
    expect_forwarded(client, "stale");
    client_get(client, "/a"); /* of which the cache has not got the content */
    expect_status(client, 200);
    expect_body(client, "zero");
    scene_pass(s, SECONDS(10));
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"new\"", "two");
    client_get_with(client, "/a", "If-None-Match: \"old\""); /* C-9111-4.3.3-2 */
    expect_status(client, 200);
    expect_body(client, "two");
    client_get_with(client, "/a", "If-None-Match: \"new\"");
    expect_status(client, 304);
    expect_hit(client);
}

/* Conditions that are the origin's to judge go on as they are, with nothing added (D-13). */
void tell_conditions_for_the_origin(struct scene *s)
{
    static const struct {
        const char *line, *name, *value;
        int status;
    } rows[] = {{"If-Match: \"x\"", "If-Match", "\"x\"", 200},
                {"If-Match: \"other\"", "If-Match", "\"other\"", 412},
                {"If-None-Match: *", "If-None-Match", "*", 304},
                {"If-None-Match: x", "If-None-Match", "x", 200},
                {"If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT", "If-Unmodified-Since",
                 "Sun, 06 Nov 1994 08:49:37 GMT", 412}};
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    char lines[200];
    snprintf(lines, sizeof lines, "Cache-Control: max-age=10\nETag: \"x\"\nLast-Modified: %s",
             DATE(s, 500));
    origin_holds(o, "/a", lines, "one");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        s->telling = rows[i].line;
        client_get(client, "/a");
        scene_pass(s, SECONDS(10));
        client_get_with(client, "/a", "%s", rows[i].line);
        expect_status(client, rows[i].status);
        expect_saw(o, rows[i].name, rows[i].value);
        expect(s, strcmp(rows[i].name, "If-None-Match") == 0 || s->chaos->relaxed ||
                      origin_saw(o, "If-None-Match")[0] == '\0');
        expect_saw_no(o, "If-Modified-Since");
    }
    s->telling = NULL;
}

void tell_conditions_on_a_miss(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"", "one");
    client_get_with(client, "/a", "If-None-Match: \"x\""); /* D-14 */
    expect_status(client, 304);
    expect_forwarded(client, "uri-miss");
    expect_not_stored(client);
    expect_saw(o, "If-None-Match", "\"x\"");
    client_get(client, "/a"); /* nothing was stored */
    expect_status(client, 200);
    expect_forwarded(client, "uri-miss");
    expect_body(client, "one");
    client_get_with(client, "/b", "If-None-Match: \"x\""); /* D-04 */
    expect_status(client, 404);
}

void tell_filled_on_condition(struct scene *s)
{
    struct origin *o = scene_origin(s);
    scene_gateway(s)->rules.fill_on_conditional = true;
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"", "one");
    client_get_with(client, "/a", "If-None-Match: \"x\""); /* D-14 */
    expect_status(client, 304);
    expect_forwarded(client, "uri-miss");
    expect_saw_no(o, "If-None-Match");
    expect_stored(client);
    client_get(client, "/a");
    expect_hit(client);
    expect_body(client, "one");
    client_get_with(client, "/c", "If-Match: \"x\"");
    expect_saw(o, "If-Match", "\"x\"");
}

void tell_304_without_a_question(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_says(o, "/a", 304, "ETag: \"x\"", "");
    client_get(client, "/a"); /* D-01 */
    expect_error(client, 502, "http_protocol_error");
    client_head(client, "/a");
    expect_error(client, 502, "http_protocol_error");
    client_get(client, "/a");
    expect_error(client, 502, "http_protocol_error");
    client_get_with(client, "/a", "If-Match: \"x\""); /* to which it is no answer */
    expect_error(client, 502, "http_protocol_error");
    client_get_with(client, "/a", "Range: bytes=0-1\nIf-Range: \"x\"");
    expect_error(client, 502, "http_protocol_error");
    client_request_with(client, "GET", "/a", "content", "X: y");
    expect_error(client, 502, "http_protocol_error");
}

/* D-15: it confirms what nobody has asked about. */
void tell_304_that_fits_nothing(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"\nX-Mark: old", "one");
    client_get(client, "/a");
    scene_pass(s, SECONDS(10));
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"y\"\nX-Mark: new", "two");
    page_once(origin_says(o, "/a", 304, "ETag: \"z\"\nX-Mark: wrong", ""));
    client_get(client, "/a");
    expect_status(client, 200);
    expect_body(client, "two");
    expect_field(client, "X-Mark", "new");
    expect_requests(o, 3);
    expect_saw_no(o, "If-None-Match");
    scene_pass(s, SECONDS(10)); /* and once more, with a client that asks as well */
    page_once(origin_says(o, "/a", 304, "ETag: \"z\"\nX-Mark: wrong", ""));
    client_get_with(client, "/a", "If-None-Match: \"z\"");
    expect_status(client, 304);
    expect_field(client, "ETag", "\"z\"");
    client_get(client, "/a");
    expect_body(client, "two");
    scene_pass(s, SECONDS(10)); /* twice in a row: to no condition at all, a fault */
    origin_says(o, "/a", 304, "ETag: \"z\"\nX-Mark: wrong", "");
    client_get(client, "/a");
    expect_error(client, 502, "http_protocol_error");
}

void tell_304_without_a_validator(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"\nX-Mark: old", "one");
    client_get(client, "/a");
    scene_pass(s, SECONDS(10));
    page_once(origin_says(o, "/a", 304, "X-Mark: new", ""));
    client_get(client, "/a"); /* it can only mean the one */
    expect_status(client, 200);
    expect_body(client, "one");
    expect_field(client, "X-Mark", "old");
    expect_detail(client, "validated-alone");
    client_get(client, "/a");
    expect_hit(client);
    scene_pass(s, SECONDS(10));
    page_once(origin_says(o, "/a", 304, "X-Mark: new", ""));
    client_get_with(client, "/a", "If-None-Match: \"y\""); /* it could mean either */
    expect_status(client, 200);
    expect_body(client, "one");
    expect_requests(o, 4);
}

/* D-12: another cache in between has confirmed something that is stale itself. */
void tell_304_that_is_stale(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"", "one");
    origin_holds(o, "/b", "Cache-Control: max-age=10, must-revalidate\nETag: \"x\"", "one");
    client_get(client, "/a");
    client_get(client, "/b");
    scene_pass(s, SECONDS(10));
    page_once(origin_says(o, "/a", 304, "ETag: \"x\"\nAge: 50", ""));
    client_get(client, "/a");
    expect_status(client, 200);
    expect_age(client, 50);
    expect_requests(o, 3);
    client_get(client, "/a"); /* it stays stale */
    expect_forwarded(client, "stale");
    page_once(origin_says(o, "/b", 304, "ETag: \"x\"\nAge: 50", ""));
    client_get(client, "/b"); /* the origin itself is asked */
    expect_status(client, 200);
    expect_no_field(client, "Age");
    expect_saw(o, "Cache-Control", "max-age=0");
    expect_requests(o, 6);
}
