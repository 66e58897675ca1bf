/* Attacks on a shared cache: what is no part of the key must not choose the answer that others get.
 */
#include "stories.h"

#include <stdlib.h>
#include <string.h>

static const char *const unkeyed[] = {"X-Forwarded-Host: evil",
                                      "X-Forwarded-Proto: evil",
                                      "X-Forwarded-For: evil",
                                      "X-Forwarded-Port: 1",
                                      "X-Forwarded-Server: evil",
                                      "X-Forwarded-Prefix: /evil",
                                      "Forwarded: host=evil",
                                      "X-Host: evil",
                                      "X-Original-URL: /evil",
                                      "X-Rewrite-URL: /evil",
                                      "X-HTTP-Method-Override: DELETE",
                                      "X-Method-Override: POST",
                                      "X-Original-Host: evil",
                                      "X_Forwarded_Host: evil",
                                      "True-Client-IP: evil",
                                      "X-Real-IP: evil",
                                      "Front-End-Https: on",
                                      "X-Forwarded-Scheme: http"};

void tell_poisoned_by_fields(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *evil = scene_client(s), *good = scene_client(s);
    for (size_t i = 0; i < sizeof unkeyed / sizeof *unkeyed; i++) {
        char target[16], name[40];
        s->telling = unkeyed[i];
        snprintf(target, sizeof target, "/%zu", i);
        snprintf(name, sizeof name, "%.*s", (int)strcspn(unkeyed[i], ":"), unkeyed[i]);
        origin_holds(o, target, "Cache-Control: max-age=60", "good");
        origin_says_to(o, target, unkeyed[i], 200, "Cache-Control: max-age=60", "evil");
        client_get_with(evil, target, "%s", unkeyed[i]);
        expect_body(evil, "good");
        expect(s, !strstr(origin_saw(o, name), "evil") || s->chaos->relaxed);
        client_get(good, target);
        expect_body(good, "good");
        expect_hit(good);
    }
    s->telling = NULL;
}

/* Connection takes fields away from the origin: what it then says is nobody else's. */
void tell_poisoned_by_hops(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *evil = scene_client(s), *good = scene_client(s);
    origin_holds_for(o, "/a", "X-Choice: 1", "Cache-Control: max-age=60\nVary: X-Choice", "good");
    origin_holds(o, "/a", "Cache-Control: max-age=60\nVary: X-Choice", "evil");
    client_get_with(evil, "/a", "X-Choice: 1\nConnection: close, X-Choice");
    expect_body(evil, "evil");
    expect_detail(evil, "fields-hidden");
    client_get_with(good, "/a", "X-Choice: 1");
    expect_body(good, "good");
    client_reopen(evil);
    origin_holds_for(o, "/c", "Cookie: id=ann", "Cache-Control: private", "ann's");
    client_get_with(evil, "/c", "Cookie: id=ann\nConnection: Cookie"); /* such are not hidden */
    expect_body(evil, "ann's");
    client_get_with(evil, "/b", "Connection: X-Forwarded-For, Host, Via"); /* VSV00010 */
    expect_saw(o, "X-Forwarded-For", "192.0.2.1");
    expect_saw(o, "Host", "www");
}

void tell_poisoned_by_errors(struct scene *s)
{
    static const int statuses[] = {400, 413, 501, 431, 414};
    struct origin *o = scene_origin(s);
    struct client *evil = scene_client(s), *good = scene_client(s);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) { /* CPDoS */
        char target[16];
        s->telling = NULL;
        snprintf(target, sizeof target, "/%d", statuses[i]);
        origin_holds(o, target, "Cache-Control: max-age=60", "good");
        origin_says_to(o, target, "X-Oversized: x", statuses[i], "", "bad request");
        client_get_with(evil, target, "X-Oversized: x");
        expect_status(evil, statuses[i]);
        expect_not_stored(evil);
        client_get(good, target);
        expect_status(good, 200);
        expect_body(good, "good");
    }
    char *huge = calloc(1, 70001); /* and those that are the gateway's own */
    memset(huge, 'x', 70000);
    client_again(evil);
    client_ask_with(evil, "/a", "X: %s", huge);
    client_hear(evil);
    expect_status(evil, 431);
    free(huge);
    origin_holds(o, "/a", "Cache-Control: max-age=60", "good");
    client_get(good, "/a");
    expect_body(good, "good");
}

void tell_fat_get(struct scene *s)
{
    struct origin *o = scene_origin(s);
    struct client *evil = scene_client(s), *good = scene_client(s);
    origin_holds(o, "/a", "Cache-Control: max-age=60", "good");
    origin_says_to(o, "/a", "Content-Length: 4", 200, "Cache-Control: max-age=60", "evil");
    client_request_with(evil, "GET", "/a", "evil", "X: y"); /* D-36 */
    expect_body(evil, "evil");
    expect_forwarded(evil, "bypass");
    expect_not_stored(evil);
    client_get(good, "/a");
    expect_body(good, "good");
    client_request_with(evil, "GET", "/a", "evil", "X: y"); /* nor from the store */
    expect_body(evil, "evil");
    client_get(good, "/a");
    expect_hit(good);
    expect_body(good, "good");
}

/* Keys: what is the same, and what only looks like it (D-38). */
void tell_keys(struct scene *s)
{
    static const char *const different[] = {
        "/?a=1&b=2", "/?a=1;b=2", "/?b=2&a=1", "/?a=1&b=2&", "/?a=1&b=2&a=1", "/a/b",  "/a%2fb",
        "/a/./b",    "//a/b",     "/a/b/",     "/A/b",       "/a/c/../b",     "/a/b?", "/a/b%00"};
    static const char *const same[][2] = {
        {"/%7euser", "/~user"}, {"/%C3%A4", "/%c3%a4"}, {"/%61bc", "/abc"}};
    struct origin *o = scene_origin(s);
    struct client *client = scene_client(s);
    for (size_t i = 0; i < sizeof different / sizeof *different; i++) {
        s->telling = different[i];
        origin_holds(o, different[i], "Cache-Control: max-age=60", different[i]);
        client_get(client, different[i]);
        expect_not_hit(client);
        if (client->response.status == 200)
            expect_body(client, different[i]);
        client_reopen(client);
    }
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        s->telling = same[i][0];
        origin_holds(o, same[i][0], "Cache-Control: max-age=60", "one");
        client_get(client, same[i][0]);
        expect(s,
               strcmp(origin_saw_target(o), same[i][0]) == 0 || s->chaos->relaxed); /* as it came */
        client_get(client, same[i][1]);
        expect_hit(client);
    }
    s->telling = "hosts";
    origin_holds(o, "/host", "Cache-Control: max-age=60", "one");
    client_get(client, "/host");
    client->host = s->cover == END_PLAIN ? "WWW:80" : "WWW:443";
    client_get(client, "/host");
    expect_hit(client);
    client->host = "www:81";
    client_get(client, "/host");
    expect_not_hit(client);
    client->host = "evil";
    client_get(client, "/host");
    expect_not_hit(client);
    client->host = "www"; /* the absolute form outranks Host, C-9112-3.2.2-1 */
    client_said(client, "GET");
    client_say(client, "GET ");
    client_say(client, scene_scheme(s));
    client_say(client, "://evil/absolute HTTP/1.1\r\nHost: www\r\n\r\n");
    client_hear(client);
    expect_saw(o, "Host", "evil");
    expect(s, strcmp(origin_saw_target(o), "/absolute") == 0 || s->chaos->relaxed);
    s->telling = NULL;
}

void tell_deception(struct scene *s)
{
    struct origin *o = scene_origin(s);
    gateway_gives(scene_gateway(s), 200, 60);
    struct client *victim = scene_client(s), *evil = scene_client(s);
    origin_says_to(o, "/account/x.css", "Cookie: id=ann", 200, "Content-Type: text/html",
                   "the account of ann");
    origin_says(o, "/account/x.css", 403, "Content-Type: text/html", "who are you?");
    client_get_with(victim, "/account/x.css", "Cookie: id=ann");
    expect_body(victim, "the account of ann");
    expect_not_stored(victim);
    client_get(evil, "/account/x.css");
    expect_status(evil, 403);
    expect_no_part(evil, "ann");
    origin_holds(o, "/style.css", "Content-Type: text/css", "body {}");
    client_get(victim, "/style.css");
    expect_stored(victim);
    origin_holds(o, "/odd.css", "Content-Type: text/html", "<html>");
    client_get(victim, "/odd.css");
    expect_not_stored(victim);
    origin_holds(o, "/meant.css", "Content-Type: text/html\nCache-Control: max-age=60", "<html>");
    client_get(victim, "/meant.css"); /* the origin says it itself */
    expect_stored(victim);
}

/* Whom the operator trusts may say where it comes from. */
static void trusting(struct scene *s, struct config *config)
{
    struct network network;
    if (network_read("192.0.2.1", &network) ||
        !config_add_network(config, &config->trusted, &network))
        scene_fail(s, "no network");
}

void tell_trusted_proxy(struct scene *s)
{
    struct origin *o = scene_origin(s);
    scene_gateway(s)->configure = trusting;
    struct client *proxy = scene_client(s), *other = scene_client_from(s, "198.51.100.7");
    const char *const claimed = s->cover == END_PLAIN ? "https" : "http";
    const char *const form = "X-Forwarded-For: 203.0.113.9\nX-Forwarded-Proto: %s";
    client_get_with(proxy, "/a", form, claimed);
    expect_saw(o, "X-Forwarded-For", "203.0.113.9, 192.0.2.1");
    expect_saw(o, "X-Forwarded-Proto", claimed);
    client_get_with(other, "/a", form, claimed);
    expect_saw(o, "X-Forwarded-For", "198.51.100.7");
    expect_saw(o, "X-Forwarded-Proto", scene_scheme(s));
}

/* Requests off the grammar reach nobody: the negative table once more needs no more than that. */
void tell_smuggled(struct scene *s)
{
    static const char *const requests[] = {
        "GET /a HTTP/1.1\r\nHost: www\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\nGET /evil HTTP/1.1\r\nHost: www\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: www\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nGET /",
        "GET /a HTTP/1.1\r\nHost: www\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: www\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: www\r\nHost: evil\r\n\r\n",
        "GET /a HTTP/1.1\nHost: www\n\n",
        "GET /a HTTP/1.1\r\nHost: www\r\nX: a\rb\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: www\r\nX: a\r\n b\r\n\r\n",
        "GET /a\x01 HTTP/1.1\r\nHost: www\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: www\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: www\r\nContent-Length: +4\r\n\r\nabcd",
    };
    struct origin *o = scene_origin(s);
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct client *client = scene_client(s);
        client_said(client, "GET");
        client_say(client, requests[i]);
        client_hear_any(client);
        if (client->whole && client->response.status)
            expect(s, client->response.status >= 400);
        expect_gone(client);
        expect(s, strcmp(origin_saw_target(o), "/evil") != 0);
    }
}
