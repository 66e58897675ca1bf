/* Methods: what a directory answers, and what it does not.
 */
#include "stories.h"

#include <string.h>

static struct client *visitor(struct scene *s)
{
    scene_write(s, "index.html", "hello");
    scene_pass(s, SECONDS(10));
    return scene_client(s);
}

void tell_methods_not_allowed(struct scene *s)
{
    static const char *const methods[] = {"POST", "PUT", "DELETE", "PATCH", "TRACE"};
    struct client *client = visitor(s);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        client_request(client, methods[i], "/",
                       "Cookie: secret=1\nIf-None-Match: *\nRange: bytes=0-0");
        expect_status_of(client, 405, methods[i]);
        expect_field(client, "Allow", "GET, HEAD, OPTIONS");
        expect(s, !client->response.body || !strstr(client->response.body, "secret"));
    }
    client_get(client, "/");
    expect_body(client, "hello");
}

void tell_methods_unknown(struct scene *s)
{
    static const char *const methods[] = {"BREW", "get", "Get", "GETT", "GE", "M-SEARCH"};
    struct client *client = visitor(s);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        client_request(client, methods[i], "/", "Accept: %s", "text/html");
        expect_status_of(client, 501, methods[i]);
    }
    client_said(client, "GET");
    client_say(client, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\nHost: www\r\n\r\n");
    client_hear(client);
    expect_status(client, 501);
    expect_gone(client);
}

void tell_options(struct scene *s)
{
    struct client *client = visitor(s);
    client_request(client, "OPTIONS", "/", "If-None-Match: %s", "*");
    expect_status(client, 204);
    expect_field(client, "Allow", "GET, HEAD, OPTIONS");
    expect_no_field(client, "Access-Control-Allow-Origin");
    client_request(client, "OPTIONS", "*", "Accept: %s", "text/html");
    expect_status(client, 204);
    client_said(client, "GET");
    client_say(client, "GET * HTTP/1.1\r\nHost: www\r\n\r\n");
    client_hear(client);
    expect_status(client, 400);
}

void tell_connect(struct scene *s)
{
    struct client *client = visitor(s);
    client_said(client, "GET");
    client_say(client, "CONNECT www:80 HTTP/1.1\r\nHost: www:80\r\n\r\n");
    client_hear(client);
    expect(s, client->response.status == 405 || client->response.status == 400 ||
                  client->response.status == 501);
}

void tell_cors(struct scene *s)
{
    s->options.cors = "*";
    struct client *client = visitor(s);
    client_get_with(client, "/", "Origin: https://elsewhere.example");
    expect_field(client, "Access-Control-Allow-Origin", "*");
    const char *tag = client_field(client, "ETag");
    client_get_with(client, "/", "Origin: https://elsewhere.example\nIf-None-Match: %s", tag);
    expect_status(client, 304);
    expect_field(client, "Access-Control-Allow-Origin", "*");
    client_request(client, "OPTIONS", "/",
                   "Origin: https://elsewhere.example\nAccess-Control-Request-Method: GET\n"
                   "Access-Control-Request-Headers: %s",
                   "if-none-match");
    expect_status(client, 204);
    expect_field(client, "Access-Control-Allow-Origin", "*");
    expect_field_has(client, "Access-Control-Allow-Methods", "GET");
    expect_field(client, "Access-Control-Allow-Headers", "*");
}

/* Nothing that a proxy might add is believed, or changes the answer. */
void tell_unkeyed_input(struct scene *s)
{
    struct client *client = visitor(s);
    client_get(client, "/");
    const char *tag = client_field(client, "ETag");
    client_get_with(client, "/",
                    "X-Forwarded-Host: evil\nX-Forwarded-For: 1.2.3.4\nForwarded: for=1.2.3.4\n"
                    "X-Original-URL: /none\nX-Rewrite-URL: /none\nX-HTTP-Method-Override: %s",
                    "DELETE");
    expect_status(client, 200);
    expect_field(client, "ETag", tag);
    fs_sim_make_directory(s->fs, "dir");
    client_get_with(client, "/dir", "X-Forwarded-Host: evil\nX-Forwarded-Proto: https");
    expect_status(client, 301);
    expect_field(client, "Location", "/dir/");
}
