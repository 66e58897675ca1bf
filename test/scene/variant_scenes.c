/* Vary: which stored response a request selects [RFC 9111 §4.1].
 */
#include "stories.h"

#include <string.h>

void tell_variants(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    const char *lines = "Cache-Control: max-age=100\nVary: Accept-Language\nETag: \"%s\"";
    static const char *const languages[] = {"de", "en", "fr"};
    char text[100], line[60];
    for (size_t i = 0; i < 3; i++) {
        snprintf(text, sizeof text, lines, languages[i]);
        snprintf(line, sizeof line, "Accept-Language: %s", languages[i]);
        origin_holds_for(o, "/a", line, text, languages[i]);
    }
    origin_holds(o, "/a", "Cache-Control: max-age=100\nVary: Accept-Language\nETag: \"none\"",
                 "none");
    client_get(client, "/a");
    expect_forwarded(client, "uri-miss");
    for (size_t i = 0; i < 3; i++) {
        client_get_with(client, "/a", "Accept-Language: %s", languages[i]);
        expect_forwarded(client, "vary-miss");
        expect_body(client, languages[i]);
    }
    /* C-9111-4.1-7: the tags of all variants were sent along */
    expect(s, strstr(origin_saw(o, "If-None-Match"), "\"none\"") || s->chaos->relaxed);
    expect(s, strstr(origin_saw(o, "If-None-Match"), "\"de\"") || s->chaos->relaxed);
    for (size_t i = 0; i < 3; i++) { /* C-9111-4-3 */
        client_get_with(client, "/a", "Accept-Language: %s", languages[i]);
        expect_hit(client);
        expect_body(client, languages[i]);
    }
    client_get(client, "/a"); /* C-9111-4.1-3 */
    expect_hit(client);
    expect_body(client, "none");
    client_get_with(client, "/a", "Accept-Language:");
    expect_not_hit(client);
    expect_requests(o, 5);
}

void tell_same_variant(struct scene *s)
{
    static const char *const same[] = {"X-One: a, b\nX-Two: c", "X-One: a,b\nX-Two: c",
                                       "X-One: a\nX-One: b\nX-Two: c", "X-Two: c\nX-One: a ,  b",
                                       "x-one: a, b\nx-two: c\nX-Three: d"};
    static const char *const other[] = {"X-One: a\nX-Two: c", "X-One: b, a\nX-Two: c",
                                        "X-One: A, b\nX-Two: c", "X-One: a, b", "X-Two: c"};
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=100\nVary: X-One, X-Two", "one");
    client_get_with(client, "/a", "%s", same[0]);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) { /* C-9111-4.1-2 */
        s->telling = same[i];
        client_get_with(client, "/a", "%s", same[i]);
        expect_hit(client);
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) { /* C-9111-4.1-1 */
        s->telling = other[i];
        client_get_with(client, "/a", "%s", other[i]);
        expect_forwarded(client, "vary-miss");
    }
    s->telling = NULL;
}

void tell_validated_variant(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    const char *lines =
        "Cache-Control: max-age=10\nVary: Accept-Language\nETag: \"%s\"\nX-Mark: %s";
    char text[200];
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, lines, i ? "en" : "de", "old");
        origin_holds_for(o, "/a", i ? "Accept-Language: en" : "Accept-Language: de", text,
                         i ? "english" : "german");
        client_get_with(client, "/a", "Accept-Language: %s", i ? "en" : "de");
    }
    scene_pass(s, SECONDS(10));
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, lines, i ? "en" : "de", "new");
        origin_holds_for(o, "/a", i ? "Accept-Language: en" : "Accept-Language: de", text,
                         i ? "english" : "german");
    }
    client_get_with(client, "/a", "Accept-Language: de"); /* C-9111-4.3.4-1 C-9111-4.3.4-2 */
    expect_forward_status(client, "304");
    expect_body(client, "german");
    expect_field(client, "X-Mark", "new");
    client_get_with(client, "/a", "Accept-Language: en"); /* the other one is as it was */
    expect_forwarded(client, "stale");
    expect_body(client, "english");
    expect_requests(o, 4);
    /* A language that is new to the cache, of which the origin says: it is the German one. */
    origin_says_to(o, "/a", "Accept-Language: gsw", 304,
                   "Cache-Control: max-age=10\nETag: \"de\"\nVary: Accept-Language", "");
    client_get_with(client, "/a", "Accept-Language: gsw");
    expect_status(client, 200);
    expect_body(client, "german");
    expect_forwarded(client, "vary-miss");
}

/* Variants that share a weak tag, or a date: neither says which of them is meant. */
void tell_variants_alike(struct scene *s)
{
    static const char *const validators[] = {"ETag: W/\"same\"",
                                             "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"};
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    for (size_t i = 0; i < 2; i++) {
        char target[16], lines[200];
        s->telling = validators[i];
        snprintf(target, sizeof target, "/%zu", i);
        snprintf(lines, sizeof lines, "Cache-Control: max-age=10\nVary: X\n%s", validators[i]);
        origin_holds_for(o, target, "X: 1", lines, "one");
        origin_holds_for(o, target, "X: 2", lines, "two");
        origin_holds(o, target, lines, "neither");
        client_get_with(client, target, "X: 1");
        expect_body(client, "one");
        client_get_with(client, target, "X: 2"); /* C-9111-4.3.4-3 */
        expect_body(client, "two");
        expect_saw_no(o, "If-None-Match");
        expect_saw_no(o, "If-Modified-Since");
        client_get(client, target);
        expect_body(client, "neither");
        scene_pass(s, SECONDS(10));
        client_get_with(client, target, "X: 1"); /* each is validated for itself */
        expect_forward_status(client, "304");
        expect_body(client, "one");
        client_get_with(client, target, "X: 2");
        expect_forward_status(client, "304");
        expect_body(client, "two");
    }
    s->telling = NULL;
}

void tell_vary_moves(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=100", "for all");
    client_get_with(client, "/a", "X: 1");
    origin_holds(o, "/a", "Cache-Control: max-age=100\nVary: X", "by x");
    client_get_with(client, "/a", "X: 2\nCache-Control: no-cache");
    expect_body(client, "by x");
    client_get_with(client, "/a", "X: 2"); /* C-9111-4.1-6: the one with a Vary that fits */
    expect_hit(client);
    expect_body(client, "by x");
    origin_holds(o, "/a", "Cache-Control: max-age=100\nVary: Y", "by y");
    client_get_with(client, "/a", "X: 2\nY: 3\nCache-Control: no-cache");
    expect_body(client, "by y");
    client_get_with(client, "/a", "X: 2\nY: 3");
    expect_hit(client);
    expect_body(client, "by y");
    client_get_with(client, "/a", "X: 9\nY: 3");
    expect_body(client, "by y");
}

void tell_many_variants(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=1000\nVary: X", "one");
    origin_holds(o, "/b", "Cache-Control: max-age=1000", "other");
    client_get(client, "/b");
    for (int i = 0; i < 200; i++) {
        client_get_with(client, "/a", "X: %d", i);
        expect_status(client, 200);
    }
    client_get_with(client, "/a", "X: 199"); /* the youngest stay */
    expect_hit(client);
    client_get_with(client, "/a", "X: 0");
    expect_not_hit(client);
    client_get(client, "/b"); /* and nobody else has to go for them */
    expect_hit(client);
}

void tell_newest_of_several(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    char text[200];
    /* What came later has the earlier Date. */
    snprintf(text, sizeof text, "Cache-Control: max-age=1000\nVary: X\nDate: %s",
             scene_date(scene_seconds(s)));
    page_once(origin_says(o, "/a", 200, text, "newer"));
    client_get_with(client, "/a", "X: 1\nY: 1");
    snprintf(text, sizeof text, "Cache-Control: max-age=1000\nVary: Y\nDate: %s",
             scene_date(scene_seconds(s) - 500));
    page_once(origin_says(o, "/a", 200, text, "older"));
    client_get_with(client, "/a", "X: 2\nY: 1");
    client_get_with(client, "/a", "X: 1\nY: 1"); /* both fit, C-9111-4-9 C-9111-4.1-5 */
    expect_hit(client);
    expect_body(client, "newer");
}

void tell_background_variant(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds_for(o, "/a", "Accept-Language: de",
                     "Cache-Control: max-age=10, stale-while-revalidate=100\nVary: "
                     "Accept-Language\nETag: \"de\"",
                     "german");
    origin_holds(o, "/a",
                 "Cache-Control: max-age=10, stale-while-revalidate=100\nVary: "
                 "Accept-Language\nETag: \"en\"",
                 "english");
    client_get_with(client, "/a", "Accept-Language: de");
    scene_pass(s, SECONDS(11));
    client_get_with(client, "/a", "Accept-Language: de\nAccept-Encoding: br"); /* C-9111-4.3.1-1 */
    expect_body(client, "german");
    scene_idle(s);
    expect_saw(o, "Accept-Language", "de");
    client_get_with(client, "/a", "Accept-Language: de");
    expect_hit(client);
    expect_age(client, 0);
    expect_body(client, "german");
}
