/* Ranges: cut out of what is stored, passed on, stored, put together [RFC 9110 §14, RFC 9111 §3.3,
 * RFC 9111 §3.4].
 */
#include "stories.h"

#include <string.h>

#define DIGITS "0123456789"

void tell_ranges_of_a_hit(struct scene *s)
{
    static const struct {
        const char *id, *lines;
        int status;
        const char *range, *content;
    } rows[] = {
        {"C-9110-14.2-5", "Range: bytes=2-4", 206, "bytes 2-4/10", "234"},
        {"C-9110-14.1.2-1", "Range: bytes=8-99", 206, "bytes 8-9/10", "89"},
        {"C-9110-14.1.2-1", "Range: bytes=-3", 206, "bytes 7-9/10", "789"},
        {"C-9110-14.1.2-1", "Range: bytes=7-", 206, "bytes 7-9/10", "789"},
        {"C-9110-14.2-5", "Range: bytes=10-", 416, "bytes */10", NULL},
        {"C-9110-14.1.1-1", "Range: bytes=4-2", 200, NULL, DIGITS},
        {"C-9110-14.2-2", "Range: items=0-1", 200, NULL, DIGITS},
        {"C-9111-4.3.2-5", "Range: bytes=2-4\nIf-Range: \"x\"", 206, "bytes 2-4/10", "234"},
        {"C-9110-13.1.5-4", "Range: bytes=2-4\nIf-Range: W/\"x\"", 200, NULL, DIGITS},
        {"C-9111-4.3.2-5", "Range: bytes=2-4\nIf-Range: \"y\"", 200, NULL, DIGITS},
        {"C-9110-14.2-4", "Range: bytes=2-4\nIf-None-Match: \"x\"", 304, NULL, ""},
        {"C-9110-14.2-4", "Range: bytes=2-4\nIf-None-Match: \"y\"", 206, "bytes 2-4/10", "234"},
    };
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    page_slices(origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"\nContent-Type: a/b",
                             DIGITS));
    client_get(client, "/a");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        s->telling = rows[i].lines;
        client_get_with(client, "/a", "%s", rows[i].lines);
        expect_status_of(client, rows[i].status, rows[i].id);
        if (rows[i].range)
            expect_field(client, "Content-Range", rows[i].range);
        if (rows[i].content)
            expect_body(client, rows[i].content);
        if (rows[i].status != 416)
            expect_hit(client);
    }
    s->telling = NULL;
    client_head_with(client, "/a", "Range: bytes=2-4"); /* C-9110-14.2-1 */
    expect_status(client, 200);
    expect_requests(o, 1);
    char large[4096];
    memset(large, 'a', sizeof large);
    origin_holds_bytes(o, "/large", "Cache-Control: max-age=100\nETag: \"x\"", large, sizeof large);
    client_get(client, "/large");
    client_get_with(client, "/large", "Range: bytes=0-0,4000-4001");
    expect_status(client, 206);
    expect_field_has(client, "Content-Type", "multipart/byteranges");
    expect_hit(client);
}

void tell_range_of_stale(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    page_slices(origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"", DIGITS));
    client_get(client, "/a");
    scene_pass(s, SECONDS(10));
    client_get_with(client, "/a", "Range: bytes=2-4"); /* D-18 */
    expect_status(client, 206);
    expect_body(client, "234");
    expect_saw_no(o, "Range");
    expect_saw(o, "If-None-Match", "\"x\"");
    scene_pass(s, SECONDS(10));
    page_slices(origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"y\"", "abcdefghij"));
    client_get_with(client, "/a", "Range: bytes=2-4\nIf-Range: \"x\"");
    expect_status(client, 200); /* the part that the client has is of another version */
    expect_body(client, "abcdefghij");
    scene_pass(s, SECONDS(10));
    client_get_with(client, "/a", "Range: bytes=2-4");
    expect_status(client, 206);
    expect_body(client, "cde");
}

/* A part that is stored answers what lies in it, and nothing else (D-19). */
void tell_stored_part(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    page_slices(origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"", DIGITS));
    client_get_with(client, "/a", "Range: bytes=2-6");
    expect_status(client, 206);
    expect_body(client, "23456");
    expect_forwarded(client, "uri-miss");
    client_get_with(client, "/a", "Range: bytes=3-5"); /* C-9111-3.3-3 */
    expect_status(client, 206);
    expect_hit(client);
    expect_body(client, "345");
    expect_field(client, "Content-Range", "bytes 3-5/10");
    client_get_with(client, "/a", "Range: bytes=6-7");
    expect_not_hit(client);
    expect_body(client, "67");
    client_get(client, "/a"); /* C-9111-3.3-3 C-9111-3.3-4 */
    expect_status(client, 200);
    expect_not_hit(client);
    expect_body(client, DIGITS);
    client_get_with(client, "/a", "Range: bytes=0-1");
    expect_hit(client);
}

void tell_parts_put_together(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    page_slices(origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"\nX-Own: 1", DIGITS));
    client_get_with(client, "/a", "Range: bytes=0-4");
    client_get_with(client, "/a", "Range: bytes=5-9"); /* C-9111-3.4-1 */
    expect_status(client, 206);
    expect_requests(o, 2);
    client_get_with(client, "/a", "Range: bytes=3-6");
    expect_hit(client);
    expect_body(client, "3456");
    client_get(client, "/a"); /* now it is whole */
    expect_status(client, 200);
    expect_hit(client);
    expect_body(client, DIGITS);
    expect_field(client, "Content-Length", "10");
    expect_no_field(client, "Content-Range");
    client_get_with(client, "/a", "If-None-Match: \"x\"");
    expect_status(client, 304);
    expect_hit(client);
    expect_requests(o, 2);
}

/* Digests of a content that is not this one any more are gone; those of the whole stay. */
void tell_digests_of_parts(struct scene *s)
{
    static const char *const lines = "Cache-Control: max-age=100\nETag: \"x\"\n"
                                     "Content-Digest: sha-256=:eA==:\nRepr-Digest: sha-256=:eQ==:";
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/whole", lines, DIGITS);
    client_get(client, "/whole");
    client_get(client, "/whole");
    expect_hit(client);
    expect_field(client, "Content-Digest", "sha-256=:eA==:");
    client_get_with(client, "/whole", "Range: bytes=2-4");
    expect_status(client, 206);
    expect_no_field(client, "Content-Digest"); /* C-9530-3-2 */
    expect_field(client, "Repr-Digest", "sha-256=:eQ==:");
    page_slices(origin_holds(o, "/parts", lines, DIGITS));
    client_get_with(client, "/parts", "Range: bytes=0-4");
    client_get_with(client, "/parts", "Range: bytes=5-9");
    client_get(client, "/parts");
    expect_hit(client);
    expect_body(client, DIGITS);
    expect_no_field(client, "Content-Digest");
    expect_field(client, "Repr-Digest", "sha-256=:eQ==:");
}

/* Many ranges, each of nearly everything (CVE-2011-3192): never more than twice the whole. */
void tell_ranges_amplified(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    char large[2001], ranges[4000] = "bytes=";
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    for (int i = 0; i < 500; i++)
        snprintf(ranges + strlen(ranges), 8, "%s%d-", i ? "," : "", i % 10);
    origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"", large);
    client_get(client, "/a");
    client_ask_with(client, "/a", "Range: %s", ranges);
    client_hear_any(client);
    expect(s, client_received(client) <= 4000);
    expect_requests(o, 1);
}

/* What must never be put together. */
void tell_parts_that_do_not_fit(struct scene *s)
{
    static const struct {
        const char *id, *name, *first, *second;
    } rows[] = {
        {"C-9111-3.4-1", "another tag", "ETag: \"x\"\nContent-Range: bytes 0-4/10",
         "ETag: \"y\"\nContent-Range: bytes 5-9/10"},
        {"D-19", "weak tags", "ETag: W/\"x\"\nContent-Range: bytes 0-4/10",
         "ETag: W/\"x\"\nContent-Range: bytes 5-9/10"},
        {"D-19", "no tags", "Content-Range: bytes 0-4/10", "Content-Range: bytes 5-9/10"},
        {"C-9110-14.4-2", "another length", "ETag: \"x\"\nContent-Range: bytes 0-4/10",
         "ETag: \"x\"\nContent-Range: bytes 5-9/11"},
        {"D-19", "no length", "ETag: \"x\"\nContent-Range: bytes 0-4/*",
         "ETag: \"x\"\nContent-Range: bytes 5-9/*"},
        {"C-9110-14.4-2", "another unit", "ETag: \"x\"\nContent-Range: items 0-4/10",
         "ETag: \"x\"\nContent-Range: items 5-9/10"},
        {"C-9110-14.4-1", "last before first", "ETag: \"x\"\nContent-Range: bytes 4-0/10",
         "ETag: \"x\"\nContent-Range: bytes 9-5/10"},
        {"C-9110-14.4-1", "beyond the length", "ETag: \"x\"\nContent-Range: bytes 0-4/4",
         "ETag: \"x\"\nContent-Range: bytes 5-9/9"},
    };
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char target[16], lines[200];
        s->telling = rows[i].name;
        snprintf(target, sizeof target, "/%zu", i);
        origin_holds(o, target, "Cache-Control: max-age=100\nETag: \"x\"", DIGITS);
        for (int j = 0; j < 2; j++) {
            snprintf(lines, sizeof lines, "Cache-Control: max-age=100\n%s",
                     j ? rows[i].second : rows[i].first);
            page_once(origin_says(o, target, 206, lines, j ? "56789" : "01234"));
            client_get_with(client, target, j ? "Range: bytes=5-9" : "Range: bytes=0-4");
            expect_not_hit(client);
        }
        client_get(client, target);
        expect_not_hit(client);
        expect_body(client, DIGITS);
    }
    s->telling = NULL;
}

void tell_part_not_asked_for(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_says(o, "/a", 206,
                "Cache-Control: max-age=100\nETag: \"x\"\nContent-Range: bytes 0-4/10", "01234");
    client_get_with(client, "/a", "Range: bytes=5-9"); /* it is passed on, and not kept */
    expect_status(client, 206);
    expect_body(client, "01234");
    origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"", DIGITS);
    client_get_with(client, "/a", "Range: bytes=0-4");
    expect_not_hit(client);
}

/* Half of it came, and then the connection broke: the rest may make it whole. */
void tell_broken_and_completed(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    struct page *page = origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"", DIGITS);
    page_breaks_off_after(page, 4, false);
    client_ask(client, "/a");
    client_hear_cut(client);
    page_slices(origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"", DIGITS));
    client_reopen(client);
    client_get_with(client, "/a", "Range: bytes=4-");
    expect_status(client, 206);
    expect_body(client, "456789");
    client_get_with(client, "/a", "Range: bytes=2-5"); /* C-9111-3.3-1 */
    expect_status(client, 206);
    expect_body(client, "2345");
    client_get(client, "/a");
    expect_status(client, 200);
    expect_body(client, DIGITS);
}

void tell_range_passes(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    page_slices(origin_holds(o, "/a", "Cache-Control: no-store\nETag: \"x\"", DIGITS));
    client_get_with(client, "/a", "Range: bytes=2-4\nIf-Range: \"x\"");
    expect_status(client, 206);
    expect_body(client, "234");
    expect_saw(o, "Range", "bytes=2-4");
    expect_saw(o, "If-Range", "\"x\"");
    client_get_with(client, "/a", "Range: bytes=99-");
    expect_status(client, 416);
    expect_field(client, "Content-Range", "bytes */10");
    client_get_with(client, "/a", "Range: bytes=2-4\nIf-Range: \"y\"");
    expect_status(client, 200);
    client_get_with(client, "/a", "Range: bytes=2-4\nIf-None-Match: \"x\"");
    expect_status(client, 304);
}

/* The whole and newer parts of it are stored; all are stale, and one 304 confirms them. */
void tell_part_beside_the_whole(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    page_slices(origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"", DIGITS));
    client_get(client, "/a");
    scene_pass(s, SECONDS(10));
    client_get_with(client, "/a", "Range: bytes=0-0\nIf-Range: \"x\""); /* goes on as it is */
    expect_body(client, "0");
    client_get_with(client, "/a", "Range: bytes=3-5\nIf-Range: \"x\"\nCache-Control: no-cache");
    expect_body(client, "345");
    scene_pass(s, SECONDS(10));
    client_get(client, "/a");
    expect_status(client, 200);
    expect_forward_status(client, "304");
    expect_body(client, DIGITS);
}

/* ---- asked for the rest (D-19) ---- */

static void expect_completed(struct client *client, struct origin *o, const char *range)
{
    expect_saw(o, "Range", range);
    expect_saw(o, "If-Range", "\"x\"");
    expect_forwarded(client, "partial");
    expect_detail(client, "completed");
    expect_stored(client);
}

/* The beginning is there, since a download broke off; the origin is asked for the rest alone. */
void tell_completed_after_break(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    struct page *page =
        origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"\nX-Own: 1", DIGITS);
    page_breaks_off_after(page, 4, false);
    client_ask(client, "/a");
    client_hear_cut(client);
    page = origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"\nX-Own: 2", DIGITS);
    page_slices(page);
    page_breaks_off_after(page, 3, false);
    client_reopen(client);
    client_ask(client, "/a"); /* C-9111-3.3-1: breaks off again, and that is kept as well */
    client_hear_cut(client);
    expect_saw(o, "Range", "bytes=4-9");
    page_slices(origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"\nX-Own: 3", DIGITS));
    client_reopen(client);
    client_get(client, "/a");
    expect_status(client, 200);
    expect_body(client, DIGITS);
    expect_field(client, "Content-Length", "10");
    expect_field(client, "X-Own", "3"); /* C-9110-15.3.7.3-2 */
    expect_no_field(client, "Content-Range");
    expect_completed(client, o, "bytes=7-9");
    expect_forward_status(client, "206");
    client_head(client, "/a"); /* C-9110-15.3.7.3-3: it is a whole response */
    expect_status(client, 200);
    expect_hit(client);
    expect_field(client, "Content-Length", "10");
    expect_field(client, "X-Own", "3");
    expect_requests(o, 3);
    client_get(client, "/a");
    expect_hit(client);
    expect_body(client, DIGITS);
    client_get_with(client, "/a", "Range: bytes=2-8");
    expect_hit(client);
    expect_body(client, "2345678");
}

/* Both ends are held; or a range that is held in part is asked for. */
void tell_completed_between(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    page_slices(origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"", DIGITS));
    client_get_with(client, "/a", "Range: bytes=0-1");
    client_get_with(client, "/a", "Range: bytes=-2");
    client_get_with(client, "/a", "Range: bytes=1-3");
    expect_status(client, 206);
    expect_body(client, "123");
    expect_field(client, "Content-Range", "bytes 1-3/10");
    expect_completed(client, o, "bytes=2-3");
    client_get_with(client, "/a", "Range: bytes=0-3");
    expect_hit(client);
    expect_body(client, "0123");
    client_get_with(client, "/a", "Range: bytes=7-");
    expect_status(client, 206);
    expect_body(client, "789");
    expect_completed(client, o, "bytes=7-7");
    client_get(client, "/a");
    expect_status(client, 200);
    expect_body(client, DIGITS);
    expect_completed(client, o, "bytes=4-6");
    client_get(client, "/a");
    expect_hit(client);
    expect_body(client, DIGITS);
    expect_requests(o, 5);
}

/* Others read along while the rest comes, and get what is held behind it as well. */
void tell_completed_for_many(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *first = scene_client(s), *second = scene_client(s), *third = scene_client(s);
    struct page *page = origin_holds(o, "/a", "Cache-Control: max-age=100\nETag: \"x\"", DIGITS);
    page_slices(page);
    client_get_with(first, "/a", "Range: bytes=0-1");
    client_get_with(first, "/a", "Range: bytes=8-9");
    page_stops_after(page, 3);
    client_ask(first, "/a");
    scene_pass(s, MILLISECONDS(10));
    client_ask(second, "/a");
    client_head(third, "/a");
    expect_status(third, 200);
    expect_field(third, "Content-Length", "10");
    scene_pass(s, MILLISECONDS(10));
    origin_goes_on(o);
    client_hear(first);
    expect_body(first, DIGITS);
    expect_completed(first, o, "bytes=2-7");
    client_hear(second);
    expect_status(second, 200);
    expect_body(second, DIGITS);
    expect_requests(o, 3);
}

/* Answers to a request for the rest that are not the rest: nothing is ever mixed. */
void tell_rest_that_does_not_fit(struct scene *s)
{
    static const struct {
        const char *id, *name;
        int status;
        const char *lines, *content;
        unsigned framing;
    } rows[] = {
        {"C-9110-15.3.7.3-1", "of another version", 206, "ETag: \"y\"\nContent-Range: bytes 5-9/10",
         "fghij", PAGE_LENGTH},
        {"C-9110-15.3.7.3-1", "without a tag", 206, "Content-Range: bytes 5-9/10", "fghij",
         PAGE_LENGTH},
        {"C-9110-15.3.7.3-1", "with a weak tag", 206, "ETag: W/\"x\"\nContent-Range: bytes 5-9/10",
         "fghij", PAGE_LENGTH},
        {"C-9111-3.4-1", "of another length", 206, "ETag: \"x\"\nContent-Range: bytes 5-9/11",
         "fghij", PAGE_LENGTH},
        {"D-19", "other octets", 206, "ETag: \"x\"\nContent-Range: bytes 4-8/10", "efghi",
         PAGE_LENGTH},
        {"D-19", "in chunks", 206, "ETag: \"x\"\nContent-Range: bytes 5-9/10", "56789",
         PAGE_CHUNKED},
        {"C-9111-3-4", "not to be stored", 206,
         "Cache-Control: no-store\nETag: \"x\"\nContent-Range: bytes 5-9/10", "56789", PAGE_LENGTH},
        {"C-9110-14.2-5", "no such octets", 416, "Content-Range: bytes */5", "", PAGE_LENGTH},
    };
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char target[16];
        s->telling = rows[i].name;
        snprintf(target, sizeof target, "/%zu", i);
        page_slices(origin_holds(o, target, "Cache-Control: max-age=100\nETag: \"x\"", DIGITS));
        client_get_with(client, target, "Range: bytes=0-4");
        origin_holds(o, target, "Cache-Control: max-age=100\nETag: \"y\"", "abcdefghij");
        struct page *page = origin_says(o, target, rows[i].status, rows[i].lines, rows[i].content);
        page_is_only_for(page, "Range: bytes=5-9");
        page->framing = rows[i].framing;
        client_get(client, target);
        expect_status_of(client, 200, rows[i].id);
        expect_body(client, "abcdefghij");
        expect_saw_no(o, "Range");
        expect_saw_no(o, "If-Range");
        expect_requests(o, 3 * (i + 1));
        client_get_with(client, target, "Range: bytes=3-5");
        expect_hit(client);
        expect_body(client, "def");
    }
    s->telling = NULL;
}

/* The rest of another version is not sent by an origin that keeps to the law: it sends the whole.
 */
void tell_rest_of_a_new_version(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    page_slices(origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"", DIGITS));
    client_get_with(client, "/a", "Range: bytes=0-4");
    page_slices(origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"y\"", "abcdefghij"));
    client_get(client, "/a");
    expect_status(client, 200);
    expect_body(client, "abcdefghij");
    expect_requests(o, 2);
    client_get_with(client, "/a", "Range: bytes=0-4");
    expect_hit(client);
    expect_body(client, "abcde");
    scene_pass(s, SECONDS(10));
    origin_says(o, "/a", 404, "", "gone");
    client_get(client, "/a");
    expect_status(client, 404);
}

/* What is stale, or was marked by a purge, is proved by the same answer. */
void tell_completed_when_stale(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    page_slices(origin_holds(o, "/a", "Cache-Control: max-age=10\nETag: \"x\"", DIGITS));
    client_get_with(client, "/a", "Range: bytes=0-4");
    scene_pass(s, SECONDS(10));
    client_get_with(client, "/a", "If-None-Match: \"y\""); /* a condition is for the origin */
    expect_saw_no(o, "Range");
    expect_body(client, DIGITS);
    page_slices(origin_holds(o, "/b", "Cache-Control: public, max-age=10\nETag: \"x\"", DIGITS));
    client_get_with(client, "/b", "Range: bytes=0-4");
    scene_purge(s, "/b");
    client_get(client, "/b");
    expect_status(client, 200);
    expect_body(client, DIGITS);
    expect_completed(client, o, "bytes=5-9");
    expect_ttl(client, 10);
    client_get(client, "/b");
    expect_hit(client);
}
