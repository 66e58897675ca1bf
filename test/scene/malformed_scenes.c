/* Origins that send nonsense, too little or too much, on a miss and on a validation: none of it is
 * stored, none is passed on as if it were whole, and the connection is not used again.
 */
#include "origin_answers.h"
#include "stories.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = sizeof answer_rows / sizeof *answer_rows };

static struct page *row_send(struct origin *o, const char *target, const struct answer_row *row)
{
    size_t size;
    char *octets = answer_octets(row, &size);
    const bool closes = row->end == TRUNCATED || row->end == UNTIL_CLOSE;
    struct page *page = origin_sends(o, target, octets, size, closes);
    free(octets);
    return page;
}

/* Nothing that is not whole looks whole; what is whole is what it is. */
static void row_expect(struct client *client, const struct answer_row *row, bool stored)
{
    const bool whole = row->end == COMPLETE || row->end == UNTIL_CLOSE;
    const int status = client->response.status;
    struct scene *s = client->scene;
    if (s->chaos->relaxed || (row->end == MENDED && status == 502))
        return;
    if (row->status == 304 && !stored) { /* D-01 */
        expect_status_of(client, 502, row->id);
    } else if (row->status == 304) {
        expect_status_of(client, 200, row->id);
        expect_body(client, "stored");
    } else if (whole || row->end == MENDED) {
        expect_status_of(client, row->status, row->id);
        if (row->content)
            expect_body(client, row->content);
    } else if (row->status == 0) {
        expect(s, client->whole && (status == 502 || status == 504));
    } else {
        expect(s, !client->whole || status == 502 || status == 504);
    }
    expect_no_part(client, "evil");
}

static void row_ask(struct client *client, const struct answer_row *row, const char *target)
{
    if (strcmp(row->method, "HEAD") == 0)
        client_ask_by(client, "HEAD", target, NULL, "");
    else
        client_ask(client, target);
    client_hear_any(client);
}

static bool row_is_stored(const struct answer_row *row)
{
    return (row->end == COMPLETE || row->end == UNTIL_CLOSE || row->end == MENDED) &&
           row->status == 200;
}

/* What is asked for afterwards comes anew, and on another connection if it must. */
static void row_after(struct scene *s, struct client *client, const struct answer_row *row,
                      const char *target)
{
    struct origin *o = scene_origin(s);
    const size_t connections = origin_connections(o);
    origin_forgets(o, target);
    origin_holds(o, target, "ETag: \"good\"", "good");
    client_reopen(client);
    client_get(client, target);
    expect_status_of(client, 200, row->id);
    if (!row_is_stored(row)) {
        expect_not_hit(client);
        expect_body(client, "good");
    } else if (strcmp(row->method, "HEAD") == 0) {
        expect_body(client, "good");
    }
    client_get(client, "/other");
    if (!row->kept)
        expect(s, origin_connections(o) > connections);
}

static void tell_row(struct scene *s, struct client *client, size_t number, bool stored)
{
    struct origin *o = scene_origin(s);
    const struct answer_row *row = &answer_rows[number];
    char target[16];
    s->telling = row->name;
    snprintf(target, sizeof target, "/%zu", number);
    if (strcmp(row->method, "CONNECT") == 0 || (stored && strcmp(row->method, "HEAD") == 0))
        return;
    client_reopen(client);
    if (stored) {
        origin_holds(o, target, "Cache-Control: max-age=1, must-revalidate\nETag: \"a\"", "stored");
        client_get(client, target);
        scene_pass(s, SECONDS(2));
    }
    row_send(o, target, row);
    s->gateway->oracle->silent = row->status == 304; /* it has not been told of that */
    row_ask(client, row, target);
    s->gateway->oracle->silent = false;
    row_expect(client, row, stored);
    if (row->status != 304 || !stored)
        row_after(s, client, row, target);
}

static void tell_rows(struct scene *s, bool stored)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    s->gateway->oracle->unmarked = true;
    origin_holds(o, "/other", "Cache-Control: no-store", "other");
    for (size_t i = 0; i < ROWS; i++)
        tell_row(s, client, i, stored);
    s->telling = NULL;
}

void tell_malformed_on_a_miss(struct scene *s)
{
    gateway_gives(scene_gateway(s), 200, 1000); /* what can be stored, is */
    tell_rows(s, false);
}

void tell_malformed_on_validation(struct scene *s)
{
    gateway_gives(scene_gateway(s), 200, 1000);
    tell_rows(s, true);
}

/* ---- lengths that lie ---- */

void tell_too_short(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    const char *lines = "Cache-Control: max-age=60\nETag: \"x\"";
    for (int i = 0; i < 6; i++) { /* C-9112-6.3-6 C-9112-8-1 */
        char target[16];
        snprintf(target, sizeof target, "/%d", i);
        s->telling = target;
        struct page *page = origin_holds(o, target, lines, "0123456789");
        if (i / 2 == 1)
            page_is_chunked(page);
        page_breaks_off_after(page, 6, i % 2);
        if (i / 2 == 2) /* not stored, and held back for its tag */
            page =
                origin_says(o, target, 200, "Cache-Control: private\nContent-Length: 99", "01234");
        client_reopen(client);
        client_ask(client, target);
        if (client_hear_any(client))
            expect_error(client, 502, NULL);
        origin_forgets(o, target);
        origin_holds(o, target, lines, "abc");
        client_reopen(client);
        client_get(client, target);
        expect_not_hit(client);
        expect_body(client, "abc");
    }
    s->telling = NULL;
}

void tell_until_close(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    page_runs_until_close(origin_holds(o, "/a", "Cache-Control: max-age=60", "0123456789"));
    client_get(client, "/a"); /* C-9112-6.3-7 */
    expect_body(client, "0123456789");
    client_get(client, "/a");
    expect_hit(client);
    expect_body(client, "0123456789");
    expect_field(client, "Content-Length", "10");
    struct page *page = origin_holds(o, "/b", "Cache-Control: max-age=60", "0123456789");
    page_runs_until_close(page);
    page->resets = true; /* a reset is no end */
    page->cuts_after = 10;
    client_ask(client, "/b");
    expect(s, !client_hear_any(client) || client->response.status == 502);
    origin_forgets(o, "/b");
    origin_holds(o, "/b", "", "good");
    client_reopen(client);
    client_get(client, "/b");
    expect_body(client, "good");
}

void tell_too_long(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=60\nContent-Length: 4",
                 "good"
                 "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nCache-Control: max-age=9\r\n\r\nevil");
    origin_holds(o, "/b", "Cache-Control: no-store", "other");
    client_get(client, "/a"); /* C-9112-6.3-8 */
    expect_body(client, "good");
    client_get(client, "/b");
    expect_body(client, "other");
    client_get(client, "/a");
    expect_body(client, "good");
    expect(s, origin_connections(o) == 2);
}

void tell_stalls(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    s->patience = SECONDS(200);
    page_stops_after(origin_holds(o, "/a", "Cache-Control: max-age=1000", "0123456789"), 5);
    client_ask(client, "/a");
    scene_idle(s);
    expect(s, client_received(client) == 5);
    client_hear_cut(client); /* response_idle_timeout */
    origin_forgets(o, "/a");
    origin_holds(o, "/a", "", "good");
    client_reopen(client);
    client_get(client, "/a");
    expect_not_hit(client);
    expect_body(client, "good");
}
