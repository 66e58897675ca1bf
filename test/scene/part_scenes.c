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
