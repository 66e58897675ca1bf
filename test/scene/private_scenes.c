/* Whose answer it is: private pages, cookies, authorised requests; through storing, collapsing, 304
 * and synthesized tags (CVE-2016-10002, CVE-2016-10003).
 */
#include "stories.h"

#include <string.h>

void tell_cookies(struct scene *s)
{
    static const struct {
        const char *lines;
        bool shared;
    } rows[] = {{"Cache-Control: max-age=60", false},
                {"Cache-Control: max-age=60, public", true},
                {"Cache-Control: s-maxage=60", true},
                {"CDN-Cache-Control: max-age=60", true},
                {"Stet-Cache-Control: max-age=60", true},
                {"Cache-Control: max-age=60, must-revalidate", false},
                {"Cache-Control: private", false}};
    struct origin *o = scene_origin(s);
    struct client *ann = scene_client(s), *bob = scene_client(s);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) { /* D-21 */
        char target[16], lines[200];
        s->telling = rows[i].lines;
        snprintf(target, sizeof target, "/%zu", i);
        snprintf(lines, sizeof lines, "%s\nETag: \"x\"\nSet-Cookie: id=ann", rows[i].lines);
        origin_holds(o, target, lines, "page");
        client_get(ann, target);
        expect_field(ann, "Set-Cookie", "id=ann");
        snprintf(lines, sizeof lines, "%s\nETag: \"x\"\nSet-Cookie: id=bob", rows[i].lines);
        origin_holds(o, target, lines, "page");
        client_get(bob, target);
        expect_status(bob, 200);
        if (rows[i].shared) {
            expect_hit(bob);
            expect_no_field(bob, "Set-Cookie");
        } else {
            expect_not_hit(bob);
            expect_field(bob, "Set-Cookie", "id=bob");
        }
    }
    s->telling = NULL;
}

/* CVE-2016-10002: a 304 with a cookie freshens for all, and the cookie is for one. */
void tell_cookie_of_a_304(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *ann = scene_client(s), *bob = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10, public\nETag: \"x\"", "page");
    client_get(ann, "/a");
    scene_pass(s, SECONDS(10));
    page_once(origin_says(
        o, "/a", 304, "Cache-Control: max-age=10, public\nETag: \"x\"\nSet-Cookie: id=ann", ""));
    origin_waits(o);
    client_ask_with(ann, "/a", "Cookie: id=ann\nIf-None-Match: \"x\"");
    scene_idle(s);
    client_ask_with(bob, "/a", "Cookie: id=bob");
    scene_idle(s);
    origin_goes_on(o);
    client_hear(ann);
    expect_status(ann, 304);
    expect_field(ann, "Set-Cookie", "id=ann");
    client_hear(bob);
    expect_status(bob, 200);
    expect_body(bob, "page");
    expect_no_field(bob, "Set-Cookie");
    client_get_with(bob, "/a", "If-None-Match: \"x\"");
    expect_status(bob, 304);
    expect_no_field(bob, "Set-Cookie");
}

/* CVE-2016-10003: what was collapsed with another's request is answered by the own request. */
void tell_private_is_never_collapsed(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *ann = scene_client(s), *bob = scene_client(s);
    static const char *const lines[] = {"Cache-Control: private", "Cache-Control: no-store",
                                        "Vary: *\nCache-Control: max-age=60",
                                        "Set-Cookie: id=1\nCache-Control: max-age=60",
                                        "Cache-Control: private, max-age=60\nETag: \"x\""};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char target[16];
        s->telling = lines[i];
        snprintf(target, sizeof target, "/%zu", i);
        origin_says_to(o, target, "Cookie: id=ann", 200, lines[i], "ann's");
        origin_says_to(o, target, "Cookie: id=bob", 200, lines[i], "bob's");
        origin_waits(o);
        client_ask_with(ann, target, "Cookie: id=ann");
        scene_idle(s);
        client_ask_with(bob, target, "Cookie: id=bob");
        scene_idle(s);
        origin_goes_on(o);
        client_hear(ann);
        client_hear(bob);
        expect_body(ann, "ann's");
        expect_body(bob, "bob's");
    }
    s->telling = NULL;
}

/* A page that says nothing of sharing, to a request with a cookie. */
void tell_personal_by_suspicion(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *ann = scene_client(s), *bob = scene_client(s);
    origin_says_to(o, "/a", "Cookie: id=ann", 200, "ETag: \"a\"", "ann's");
    origin_says_to(o, "/a", "Cookie: id=bob", 200, "ETag: \"b\"", "bob's");
    client_get_with(ann, "/a", "Cookie: id=ann");
    expect_not_stored(ann);
    client_get_with(bob, "/a", "Cookie: id=bob");
    expect_body(bob, "bob's");
    expect_saw_no(o, "If-None-Match");
    origin_says_to(o, "/b", "Cookie: id=ann", 200, "Cache-Control: max-age=60", "all's");
    client_get_with(ann, "/b", "Cookie: id=ann"); /* it has said for how long: so it is for all */
    client_get_with(bob, "/b", "Cookie: id=bob");
    expect_hit(bob);
}

/* A tag that was made for one user's page does not fit another's. */
void tell_tag_of_another(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *ann = scene_client(s), *bob = scene_client(s);
    origin_says_to(o, "/me", "Cookie: id=ann", 200, "Cache-Control: private", "hello ann");
    origin_says_to(o, "/me", "Cookie: id=bob", 200, "Cache-Control: private", "hello bob");
    client_get_with(ann, "/me", "Cookie: id=ann");
    const char *tag = client_field(ann, "ETag");
    expect(s, tag[0] == '"');
    client_get_with(ann, "/me", "Cookie: id=ann\nIf-None-Match: %s", tag);
    expect_status(ann, 304);
    client_get_with(bob, "/me", "Cookie: id=bob\nIf-None-Match: %s", tag);
    expect_status(bob, 200);
    expect_body(bob, "hello bob");
    origin_says_to(o, "/me", "Cookie: id=ann", 200, "Cache-Control: private", "hello, ann");
    client_get_with(ann, "/me", "Cookie: id=ann\nIf-None-Match: %s", tag);
    expect_status(ann, 200);
    expect_body(ann, "hello, ann");
    expect_requests(o, 4);
}

/* What was for all becomes private: nothing of the old remains, nothing of the new is shared. */
void tell_turns_private(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *ann = scene_client(s), *bob = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"", "for all");
    client_get(ann, "/a");
    scene_pass(s, SECONDS(10));
    origin_says_to(o, "/a", "Cookie: id=ann", 200, "Cache-Control: private\nETag: \"a\"", "ann's");
    origin_says_to(o, "/a", "Cookie: id=bob", 200, "Cache-Control: private\nETag: \"b\"", "bob's");
    client_get_with(ann, "/a", "Cookie: id=ann");
    expect_body(ann, "ann's");
    client_get_with(bob, "/a", "Cookie: id=bob");
    expect_body(bob, "bob's");
    expect_saw_no(o, "If-None-Match");
    origin_goes_down(o);
    client_get_with(bob, "/a", "Cookie: id=bob");
    expect_error(bob, 502, "connection_refused");
}

/* Two validate at once what is stored, and the answer to one of them is private: what it says is
 * for that one, whichever comes first. */
void tell_private_304(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *ann = scene_client(s), *bob = scene_client(s);
    for (unsigned i = 0; i < 2; i++) {
        char target[16];
        snprintf(target, sizeof target, "/%u", i);
        origin_holds(o, target, "Cache-Control: public, no-cache\nETag: \"x\"\nX-For: all", "page");
        client_get(ann, target);
        origin_says_to(o, target, "Cookie: id=ann", 304,
                       "Cache-Control: private\nETag: \"x\"\nX-For: ann\nX-Name: Ann", "");
        origin_says_to(o, target, "Cookie: id=bob", 304, "ETag: \"x\"", "");
        origin_waits(o);
        client_ask_with(i ? bob : ann, target, "Cookie: id=%s", i ? "bob" : "ann");
        scene_idle(s);
        client_ask_with(i ? ann : bob, target, "Cookie: id=%s", i ? "ann" : "bob");
        scene_idle(s);
        origin_goes_on(o);
        client_hear(ann);
        client_hear(bob);
        expect_body(ann, "page");
        expect_field(ann, "X-For", "ann");
        expect_field(ann, "X-Name", "Ann");
        expect_body(bob, "page");
        expect_field(bob, "X-For", "all");
        expect_no_field(bob, "X-Name"); /* C-9111-5.2.2.7-1 */
    }
}

void tell_by_the_letter(struct scene *s)
{
    struct origin *o = scene_origin(s);
    gateway_by_the_letter(scene_gateway(s));
    struct client *client = scene_client(s), *other = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=60\nSet-Cookie: a=b", "one");
    client_get(client, "/a"); /* C-9111-7.3-1 */
    client_get(other, "/a");
    expect_hit(other);
    expect_field(other, "Set-Cookie", "a=b");
    origin_says(o, "/400", 400, "Cache-Control: max-age=60", "bad");
    client_get(client, "/400");
    client_get(other, "/400");
    expect_hit(other);
    expect_status(other, 400);
}
