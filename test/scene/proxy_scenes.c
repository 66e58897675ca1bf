/* The way between client and origin: which fields go along, loops, interim responses, trailers,
 * contents, retries, timeouts [RFC 9110 §7, §10, RFC 9112].
 */
#include "stories.h"

#include <stdlib.h>
#include <string.h>

void tell_fields_forward(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client_from(s, "198.51.100.7");
    origin_holds(o, "/a?b=c",
                 "Cache-Control: no-store\nConnection: X-Hop\nX-Hop: 1\nVia: 1.1 first\n"
                 "Cache-Status: origin; hit\nX-Own: 2\nProxy-Authenticate: x",
                 "one");
    client_get_with(client, "/a?b=c",
                    "Connection: X-Secret\nX-Secret: 1\nKeep-Alive: 5\nTE: gzip\nUpgrade: h2c\n"
                    "Proxy-Authorization: x\nX-Own: 1\nX-Own: 2\nVia: 1.0 before\nAccept: */*");
    expect_status(client, 200);
    expect_saw(o, "X-Own", "1, 2"); /* C-9110-7.6.1-1 */
    expect_saw(o, "Accept", "*/*");
    expect_saw(o, "Via", "1.0 before, 1.1 stet"); /* C-9110-7.6.3-1 */
    expect_saw(o, "X-Forwarded-For", "198.51.100.7");
    expect_saw(o, "X-Forwarded-Host", "www");
    expect_saw(o, "X-Forwarded-Proto", scene_scheme(s));
    expect_saw(o, "CDN-Loop", "stet");
    expect_saw(o, "Host", "www");
    static const char *const gone[] = {"X-Secret", "Keep-Alive", "Proxy-Authorization", "Upgrade"};
    for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
        expect_saw_no(o, gone[i]);
    expect(s, strcmp(origin_saw_target(o), "/a?b=c") == 0 || s->chaos->relaxed);
    expect_no_field(client, "X-Hop");
    expect_field(client, "X-Own", "2");
    expect_field(client, "Via", "1.1 first");
    char *via = response_list(&client->response, "Via");
    expect(s, via && strcmp(via, "1.1 first, 1.1 stet") == 0);
    free(via);
    char *status = response_list(&client->response, "Cache-Status"); /* C-9211-2-1 C-9211-2.3-1 */
    expect(s, status && strncmp(status, "origin; hit, stet;", 18) == 0);
    free(status);
}

/* What is meant for others, or for the client, comes as it was sent. */
void tell_nothing_is_changed(struct scene *s)
{
    static const char *const lines[] = {
        "Allow: GET, PURGE",
        "Authentication-Info: nextnonce=\"x\"",
        "WWW-Authenticate: Basic realm=\"a\", Newer b=c",
        "CDN-Cache-Control: max-age=0", /* C-9213-3-1 */
        "Cache-Control: no-transform, max-age=60, unheard-of=\"of\"",
        "Location: /else where",
        "Server: origin/1",
        "Content-Type: text/html"};
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    char all[1000] = "";
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        strcat(strcat(all, i ? "\n" : ""), lines[i]);
    origin_says(o, "/a", 200, all, "<p>  as  it  was  </p>\r\n");
    for (int i = 0; i < 2; i++) {
        client_get_with(client, "/a",
                        "Accept-Encoding: gzip, br\nAuthorization: Basic eA==\n"
                        "Cache-Control: no-transform, unheard-of");
        expect_status(client, 200);
        expect_body(client, "<p>  as  it  was  </p>\r\n"); /* C-9110-7.7-2 C-9111-5.2.1.6-1 */
        for (size_t n = 0; n < sizeof lines / sizeof *lines; n++) {
            const char *value = strchr(lines[n], ':') + 2;
            char name[40];
            snprintf(name, sizeof name, "%.*s", (int)(value - 2 - lines[n]), lines[n]);
            expect_field(client, name, value);
        }
        expect_no_field(client, "Content-Encoding");
        expect_no_field(client, "Vary");                            /* C-9110-12.5.5-2 */
        expect_saw(o, "Authorization", "Basic eA==");               /* C-9110-11.6.2-1 */
        expect_saw(o, "Cache-Control", "no-transform, unheard-of"); /* C-9111-5.2-1 */
    }
}

/* 425 is for whom was too early, and says nothing about the next one. */
void tell_too_early(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=60", "one");
    origin_says_to(o, "/a", "Early-Data: 1", 425, "Cache-Control: max-age=60", "later");
    client_get_with(client, "/a", "Early-Data: 1\nConnection: Early-Data"); /* C-8470-5.1-1 */
    expect_status(client, 425);                                             /* C-8470-5.2-1 */
    expect_saw(o, "Early-Data", "1");
    expect_not_stored(client);
    client_get(client, "/a");
    expect_status(client, 200);
    expect_body(client, "one");
}

void tell_loops(struct scene *s)
{
    static const char *const loops[] = {"Via: 1.1 stet", "Via: 1.0 a, 1.1 stet:80 (x)",
                                        "Via: 1.1 a\nVia: 1.1 STET", "CDN-Loop: stet",
                                        "CDN-Loop: a, stet;x=y"};
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=60", "one");
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++) { /* D-47 */
        s->telling = loops[i];
        client_get_with(client, "/a", "%s", loops[i]);
        expect_error(client, 502, "proxy_loop_detected");
        client_reopen(client);
    }
    s->telling = NULL;
    expect_requests(o, 0);
    client_get_with(client, "/a", "Via: 1.1 stets, 1.1 mystet");
    expect_status(client, 200);
    client_get_with(client, "/a", "Via: 1.1 stet"); /* nor from what is stored */
    expect_error(client, 502, "proxy_loop_detected");
}

void tell_max_forwards(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_does(o, "OPTIONS", "/a", 204, "Allow: GET", "");
    client_request(client, "OPTIONS", "/a", "Max-Forwards: 0"); /* C-9110-7.6.2-1 */
    expect_status(client, 204);
    client_request(client, "TRACE", "/a", "Max-Forwards: 0");
    expect_status(client, 405);
    expect_requests(o, 0);
    client_request(client, "OPTIONS", "/a", "Max-Forwards: 5");
    expect_saw(o, "Max-Forwards", "4");
    client_get_with(client, "/a", "Max-Forwards: 0"); /* has no meaning for GET */
    expect_requests(o, 2);
}

void tell_interim(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    struct page *page = origin_holds(o, "/a", "Cache-Control: max-age=60", "one");
    page->interims = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\nConnection: x\r\n\r\n"
                     "HTTP/1.1 102 Processing\r\n\r\n";
    client_get(client, "/a"); /* C-9110-15.2-2 */
    expect_status(client, 200);
    expect(s, client->response.interims == 2);
    client_get(client, "/a");
    expect_hit(client);
    expect(s, client->response.interims == 0); /* C-9111-3-2 */
}

void tell_trailers_of_origin(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    struct page *page = origin_says(o, "/a", 200, "Cache-Control: no-store\nTrailer: X-Sum", "one");
    page_is_chunked(page);
    page->trailers = s->origin_h2 ? "X-Sum: 3\r\n" : "X-Sum: 3\r\nContent-Length: 9\r\n";
    client_get_with(client, "/a", "TE: trailers\nConnection: TE"); /* D-48 C-9110-6.5.1-2 */
    expect_body(client, "one");
    expect(s,
           client->response.trailers && strcasecmp(client->response.trailers, "X-Sum: 3\r\n") == 0);
    client_get(client, "/a");
    expect_body(client, "one");
    expect(s, !client->response.trailers);
    expect_no_field(client, "X-Sum");
    page = origin_says(o, "/b", 200, "Cache-Control: max-age=60", "one");
    page_is_chunked(page);
    page->trailers = "X-Sum: 3\r\n";
    client_get_with(client, "/b", "TE: trailers\nConnection: TE");
    client_get_with(client, "/b", "TE: trailers\nConnection: TE");
    expect_hit(client);
    expect_no_field(client, "X-Sum"); /* C-9111-3.1-5 */
}

void tell_contents_forward(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    char *large = calloc(1, 100001);
    memset(large, 'x', 100000);
    origin_does(o, "POST", "/a", 200, "", "done");
    client_request_with(client, "POST", "/a", "content", "X: y");
    expect_status(client, 200);
    expect(s, strcmp(origin_saw_content(o), "content") == 0 || s->chaos->relaxed);
    client_request_with(client, "POST", "/a", "", "X: y");
    expect_saw(o, "Content-Length", "0");
    client_request_with(client, "POST", "/a", large, "X: y");
    expect_status(client, 200);
    expect(s, strlen(origin_saw_content(o)) == 100000 || s->chaos->relaxed);
    client_said(client, "POST");
    client_say(client, "POST /a HTTP/1.1\r\nHost: www\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n"
                       "Content-Length: 9\r\nHost: evil\r\nAuthorization: Basic eA==\r\n"
                       "Transfer-Encoding: chunked\r\nX-Forwarded-For: 192.0.2.7\r\n"
                       "Content-Digest: sha-256=:eA==:\r\n\r\n");
    client_hear(client);
    expect_status(client, 200);
    expect(s, strcmp(origin_saw_content(o), "abcde") == 0 || s->chaos->relaxed);
    expect(s, s->chaos->relaxed || /* C-9110-6.5.1-2 */
                  strcasecmp(origin_saw_trailers(o),
                             "X-Trailer: 1\r\nContent-Digest: sha-256=:eA==:\r\n") == 0);
    free(large);
}

void tell_connections_are_kept(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: no-store", "one");
    for (int i = 0; i < 10; i++)
        client_get(client, "/a");
    expect(s, origin_connections(o) == 1);
    scene_pass(s, SECONDS(5)); /* upstream_idle_timeout */
    client_get(client, "/a");
    expect(s, origin_connections(o) == 2);
    origin_holds(o, "/a", "Cache-Control: no-store", "one")->closes = true;
    client_get(client, "/a");
    expect(s, origin_connections(o) == 2);
    client_get(client, "/a");
    expect(s, origin_connections(o) == 3);
    expect_status(client, 200);
}

/* The kept connection dies just as it is to be used again. */
void tell_retries(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: no-store", "one");
    origin_does(o, "POST", "/a", 200, "", "done");
    client_get(client, "/a");
    page_once(origin_sends(o, "/a", "", 0, true)); /* it closes instead of answering */
    client_get(client, "/a");                      /* C-9110-9.2.2-1: once more */
    expect_status(client, 200);
    expect_body(client, "one");
    expect_requests(o, 3);
    struct page *page = origin_sends(o, "/b", "", 0, true);
    client_get(client, "/b"); /* but only once, and never on a new connection */
    expect_status(client, 502);
    client_get(client, "/a");
    const size_t requests = origin_requests(o);
    page->method = strdup("POST");
    client_request_with(client, "POST", "/b", "x", "X: y");
    expect_status(client, 502);
    expect_requests(o, requests + 1);
}

void tell_timeouts(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    s->patience = SECONDS(200);
    s->limits.response_timeout = 10000;
    s->limits.connect_timeout = 2000;
    origin_holds(o, "/a", "Cache-Control: no-store", "one");
    origin_waits(o);
    int64_t begun = sim_world_now(s->world);
    client_get(client, "/a");
    expect_error(client, 504, "http_response_timeout");
    expect(s, sim_world_now(s->world) - begun == SECONDS(10));
    origin_goes_on(o);
    origin_hangs(o);
    begun = sim_world_now(s->world);
    client_reopen(client);
    client_get(client, "/a");
    expect_error(client, 504, "connection_timeout");
    expect(s, sim_world_now(s->world) - begun == SECONDS(2));
    origin_comes_back(o);
    scene_pass(s, SECONDS(60));
    client_reopen(client);
    client_get(client, "/a");
    expect_status(client, 200);
}

void tell_two_servers(struct scene *s)
{
    struct origin *one = scene_origin(s), *other = scene_another_origin(s);
    struct client *client = scene_client(s);
    origin_holds(one, "/a", "Cache-Control: no-store", "one");
    origin_holds(other, "/a", "Cache-Control: no-store", "one");
    for (int i = 0; i < 10; i++)
        client_get(client, "/a");
    expect(s, origin_requests(one) == 5 && origin_requests(other) == 5);
    origin_goes_down(one);
    for (int i = 0; i < 10; i++) {
        client_get(client, "/a");
        expect_status(client, 200);
    }
    expect_requests(one, 5);
    origin_comes_back(one);
    scene_pass(s, SECONDS(30));
    for (int i = 0; i < 20; i++)
        client_get(client, "/a");
    expect(s, origin_requests(one) > 5);
    origin_goes_down(one);
    origin_goes_down(other);
    client_get(client, "/a");
    expect_error(client, 502, "connection_refused");
}

/* The client goes away: what only passes to it is given up. */
void tell_nobody_is_left(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s), *other = scene_client(s);
    char *large = calloc(1, 300001);
    memset(large, 'x', 300000);
    origin_waits(o);
    client_ask_by(client, "GET", "/a", NULL, "");
    scene_idle(s);
    expect(s, origin_waiting(o) == 1);
    client_leave(client, true);
    expect(s, origin_waiting(o) == 0);
    origin_goes_on(o);
    page_stops_after(origin_holds_bytes(o, "/b", "Cache-Control: private", large, 300000), 200000);
    client_again(client);
    client_ask(client, "/b");
    scene_pass(s, SECONDS(1));
    client_leave(client, true);
    scene_idle(s);
    client_get(other, "/c");
    expect_status(other, 404);
    free(large);
}

/* A client that reads slowly slows the origin down, and not the memory up. */
void tell_back_pressure(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    char *large = malloc(8000000);
    memset(large, 'x', 8000000);
    origin_holds_bytes(o, "/a", "Cache-Control: no-store", large, 8000000);
    client_takes(client, 1000);
    client_ask(client, "/a");
    scene_idle(s);
    expect(s, origin_unread(o) > 7000000);
    client_takes(client, SIM_UNLIMITED);
    client_hear(client);
    expect_length(client, 8000000);
    free(large);
}

/* What a 426 wants to be asked in is said, as far as it could go through here. */
void tell_upgrade_required(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    origin_says(o, "/a", 426, "Connection: Upgrade\nUpgrade: h2c, websocket\nUpgrade: x/1", "no");
    origin_says(o, "/b", 426, "Connection: Upgrade\nUpgrade: TLS/1.0, HTTP/2.0", "no");
    origin_says(o, "/c", 400, "Connection: Upgrade\nUpgrade: websocket", "no");
    client_get(client, "/a");
    expect_status(client, 426);
    expect_field(client, "Upgrade", "websocket,x/1");
    expect_field_has(client, "Connection", "upgrade"); /* C-9110-7.8-1 */
    client_get(client, "/b");
    expect_status(client, 426);
    expect_no_field(client, "Upgrade");
    client_get(client, "/c");
    expect_status(client, 400);
    expect_no_field(client, "Upgrade");
    expect_no_field(client, "Connection");
}
