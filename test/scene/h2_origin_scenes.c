/* What only origins of HTTP/2 can do: frames that are malformed, streams that are refused,
 * connections that take no more.
 */
#include "stories.h"

#include <string.h>

#define BAD "malformed http_protocol_error <reset 1>"
#define DEAD "malformed http_protocol_error <goaway 1>"

struct row {
    const char *id, *name, *script, *want;
};

static const struct row rows[] = {
#define H2_ANSWER(id, name, script, want) {id, name, script, want},
#include "h2_answers.tbl"
#undef H2_ANSWER
};

enum { ROWS = sizeof rows / sizeof *rows };

/* Nothing of a final head could be believed. */
static bool row_is_headless(const struct row *row)
{
    return strncmp(row->want, "malformed", 9) == 0 || strncmp(row->want, "truncated", 9) == 0 ||
           row->want[0] == '(';
}

/* The word of RFC 9209 that says what was wrong, behind how it ended. */
static const char *row_error(const struct row *row, char word[64])
{
    const char *end = strstr(row->want, "malformed ");
    end = end ? end : strstr(row->want, "truncated ");
    sscanf(end + strlen("malformed "), "%63s", word);
    return word;
}

/* All that was announced had been passed on before the fault came. */
static bool row_is_late(const struct row *row)
{
    return strstr(row->want, " none ") || strstr(row->want, "content-length=2 [ab]");
}

static void row_expect(struct client *client, const struct row *row, bool whole)
{
    struct scene *s = client->scene;
    const int status = client->response.status;
    char word[64];
    if (s->chaos->relaxed)
        return;
    if (row_is_headless(row)) {
        expect(s, whole && (status == 502 || status == 504));
        expect_field_has(client, "Proxy-Status", row_error(row, word));
    } else {
        expect(s, !whole || status == 502 || status == 504 || row_is_late(row));
    }
    expect_no_part(client, "evil");
}

/* Each on a connection of its own. What comes next is good, is not from the store, and is on
 * another connection if that one had a fault itself. */
static void tell_row(struct scene *s, struct client *client, size_t number)
{
    struct origin *o = scene_origin(s);
    const struct row *row = &rows[number];
    const char *mark = strchr(row->script, '>');
    char target[16];
    s->telling = row->name;
    snprintf(target, sizeof target, "/%zu", number);
    origin_hangs_up(o);
    origin_sends_frames(o, target, mark ? mark + 2 : row->script);
    client_reopen(client);
    client_ask_by(client, mark ? "HEAD" : "GET", target, NULL, "");
    const bool whole = client_hear_any(client);
    row_expect(client, row, whole);
    const size_t connections = origin_connections(o);
    origin_forgets(o, target);
    origin_holds(o, target, "Cache-Control: no-store", "good");
    client_reopen(client);
    client_get(client, target);
    expect_not_hit(client);
    expect_body(client, "good");
    if (strstr(row->want, "<goaway"))
        expect(s, origin_connections(o) > connections);
}

void tell_malformed_frames(struct scene *s)
{
    s->origin_h2 = true;
    s->limits.field_count = 16;
    s->limits.h2_idle_frames = 64;
    gateway_gives(scene_gateway(s), 200, 1000); /* what can be stored, is */
    scene_origin(s);
    struct client *client = scene_client(s);
    s->gateway->oracle->unmarked = true;
    for (size_t i = 0; i < ROWS; i++)
        if (strncmp(rows[i].name, "asks for HTTP/1.1", 17) != 0) /* and would get it */
            tell_row(s, client, i);
    s->telling = NULL;
}

/* A server that says it has done nothing with a request is asked once more, whatever it is for. */
void tell_refused_streams(struct scene *s)
{
    static const char *const methods[] = {"GET", "POST", "DELETE"};
    s->origin_h2 = true;
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: no-store", "one");
    origin_does(o, "POST", "/a", 200, "", "done");
    origin_does(o, "DELETE", "/a", 200, "", "done");
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        s->telling = methods[i];
        const char *content = i == 1 ? "some content" : NULL;
        origin_refuses(o, 1); /* C-9113-8.7-1 */
        client_request_with(client, methods[i], "/a", content, "X: y");
        expect_status(client, 200);
        expect_requests(o, i + 1);
        if (content)
            expect(s, strcmp(origin_saw_content(o), content) == 0);
        origin_refuses(o, 2); /* but not for ever */
        client_reopen(client);
        client_request_with(client, methods[i], "/a", content, "X: y");
        expect_error(client, 502, "connection_terminated");
        expect_requests(o, i + 1);
        client_reopen(client);
    }
    s->telling = NULL;
}

/* It takes no more requests on a connection, and answers those that are there. */
void tell_leaving_origin(struct scene *s)
{
    s->origin_h2 = true;
    struct origin *o = scene_origin(s);
    struct client *one = scene_client(s), *other = scene_client(s);
    page_stops_after(origin_holds(o, "/a", "Cache-Control: no-store", "0123456789"), 5);
    origin_holds(o, "/b", "Cache-Control: no-store", "b");
    client_ask(one, "/a");
    scene_idle(s);
    origin_leaves(o); /* C-9113-6.8-1 */
    client_get(other, "/b");
    expect_body(other, "b");
    expect(s, origin_connections(o) == 2);
    origin_goes_on(o);
    client_hear(one);
    expect_body(one, "0123456789");
    client_get(other, "/b");
    expect(s, origin_connections(o) == 2);
}
