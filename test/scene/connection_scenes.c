/* Connections: how long they last, in which order answers come, what becomes of content.
 */
#include "stories.h"

#include <stdlib.h>
#include <string.h>

static struct client *visitor(struct scene *s)
{
    scene_write(s, "index.html", "hello");
    scene_write(s, "a.txt", "aaa");
    scene_write(s, "b.txt", "bbbb");
    scene_pass(s, SECONDS(10));
    return scene_client(s);
}

/* Requests sent at once are answered in their order, be the files known or not. */
void tell_pipelining(struct scene *s)
{
    struct client *client = visitor(s);
    client_get(client, "/a.txt"); /* this one is known, the others have to be read */
    for (int i = 0; i < 3; i++) {
        client_ask(client, "/a.txt");
        client_ask(client, "/b.txt");
        client_ask(client, "/none");
        client_ask(client, "/");
        client_hear(client);
        expect_body(client, "aaa");
        client_hear(client);
        expect_body(client, "bbbb");
        client_hear(client);
        expect_status(client, 404);
        client_hear(client);
        expect_body(client, "hello");
    }
}

/* More of them than are answered in one turn. */
void tell_deep_pipeline(struct scene *s)
{
    enum { MANY = 200 };
    struct client *client = visitor(s);
    for (int i = 0; i < MANY; i++)
        client_ask(client, i % 3 ? "/a.txt" : "/b.txt");
    for (int i = 0; i < MANY; i++) {
        client_hear(client);
        expect_body(client, i % 3 ? "aaa" : "bbbb");
    }
    expect_open(client);
}

/* Each request of a pipeline sees the file as it is when that request is answered. */
void tell_pipeline_and_edits(struct scene *s)
{
    struct client *client = visitor(s);
    client_get(client, "/a.txt");
    const char *tag = client_field(client, "ETag");
    client_ask_with(client, "/a.txt", "If-None-Match: %s", tag);
    client_ask_with(client, "/b.txt", "If-None-Match: %s", tag);
    client_hear(client);
    expect_status(client, 304);
    client_hear(client);
    expect_status(client, 200);
    scene_write(s, "a.txt", "AAA");
    client_ask_with(client, "/a.txt", "If-None-Match: %s", tag);
    client_ask(client, "/b.txt");
    client_hear(client);
    expect_status(client, 200);
    expect_body(client, "AAA");
    client_hear(client);
    expect_body(client, "bbbb");
}

/* A large content among small ones. */
void tell_pipeline_with_large(struct scene *s)
{
    struct client *client = visitor(s);
    s->options.file_in_memory_max = 1 << 20;
    scene_fill(s, "big.bin", 300000, 4);
    scene_pass(s, SECONDS(5));
    client_ask(client, "/a.txt");
    client_ask(client, "/big.bin");
    client_ask(client, "/b.txt");
    client_takes(client, 1000);
    for (int i = 0; i < 10; i++) {
        client_takes(client, 20000);
        sim_world_run_until_idle(s->world);
    }
    client_takes(client, SIM_UNLIMITED);
    client_hear(client);
    expect_body(client, "aaa");
    client_hear(client);
    expect_length(client, 300000);
    client_hear(client);
    expect_body(client, "bbbb");
}

static void say_request(struct client *client, const char *text)
{
    client_said(client, strncmp(text, "HEAD ", 5) == 0 ? "HEAD" : "GET");
    client_say(client, text);
    client_hear(client);
}

void tell_http_1_0(struct scene *s)
{
    struct client *client = visitor(s);
    say_request(client, "GET / HTTP/1.0\r\n\r\n");
    expect_status(client, 200);
    expect_body(client, "hello");
    expect_closed(client);

    client_again(client);
    say_request(client, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect_field(client, "Connection", "keep-alive");
    expect_open(client);
    say_request(client, "GET /a.txt HTTP/1.0\r\nConnection: Keep-Alive\r\nHost: www\r\n\r\n");
    expect_body(client, "aaa");
    expect_field(client, "Connection", "keep-alive");
    say_request(client, "GET /none HTTP/1.0\r\n\r\n");
    expect_status(client, 404);
    expect_closed(client);
}

void tell_close(struct scene *s)
{
    static const char *const forms[] = {"Connection: close", "Connection: CLOSE",
                                        "Connection: x, close", "Connection: keep-alive, close"};
    struct client *client = visitor(s);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        client_get_with(client, "/", "%s", forms[i]);
        expect_status(client, 200);
        expect_field(client, "Connection", "close");
        expect_closed(client);
        client_again(client);
    }
    client_get_with(client, "/", "Connection: x-close, keep-alive");
    expect_no_field(client, "Connection");
    expect_open(client);
}

/* What was sent behind a request with "close" is no request. */
void tell_nothing_behind_close(struct scene *s)
{
    struct client *client = visitor(s);
    client_said(client, "GET");
    client_say(client, "GET /a.txt HTTP/1.1\r\nHost: www\r\nConnection: close\r\n\r\n"
                       "GET /b.txt HTTP/1.1\r\nHost: www\r\n\r\n");
    client_hear(client);
    expect_body(client, "aaa");
    expect_gone(client);
}

/* A client that says its end after its request still gets the answer. */
void tell_half_closed(struct scene *s)
{
    struct client *client = visitor(s);
    client_said(client, "GET");
    client_said(client, "GET");
    end_say(client->end, "GET /a.txt HTTP/1.1\r\nHost: www\r\n\r\n"
                         "GET /b.txt HTTP/1.1\r\nHost: www\r\n\r\n");
    end_shutdown(client->end);
    client_hear(client);
    expect_body(client, "aaa");
    client_hear(client);
    expect_body(client, "bbbb");
    expect_closed(client);
    scene_pass(s, MILLISECONDS(100));
    expect(s, conn_census_open(s->census) == 0);

    client_again(client);
    end_say(client->end, "GET /a.txt HTTP/1.1\r\nHo"); /* cut off: no answer */
    end_shutdown(client->end);
    expect_closed(client);
    expect(s, conn_census_open(s->census) == 0);
}

void tell_empty_lines(struct scene *s)
{
    struct client *client = visitor(s);
    say_request(client, "\r\nGET / HTTP/1.1\r\nHost: www\r\n\r\n");
    expect_status(client, 200);
    say_request(client, "\r\nGET / HTTP/1.1\r\nHost: www\r\n\r\n");
    expect_status(client, 200);
}

/* Off the grammar: 400, and nothing behind it is answered. */
void tell_malformed(struct scene *s)
{
    static const char *const texts[] = {
        "GET /\r\n\r\n",
        "GET / HTTP/1.1\nHost: www\n\n",
        "GET / HTTP/1.1\r\nHost : www\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: www\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: www\r\nX: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: www\r\n\r\n",
        "GET / x HTTP/1.1\r\nHost: www\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: www\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: www\r\nContent-Length: 3, 4\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: www\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: www\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: www\r\nTransfer-Encoding: chunked\r\n\r\n",
    };
    struct client *client = visitor(s);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        client_said(client, "GET");
        client_say(client, texts[i]);
        if (end_state(client->end) == SIM_CLIENT_ENDED)
            end_say(client->end, "GET /a.txt HTTP/1.1\r\nHost: www\r\n\r\n");
        client_hear(client);
        expect_status_of(client, 400, texts[i]);
        expect_gone(client);
        client_again(client);
    }
    say_request(client, "GET / HTTP/2.0\r\nHost: www\r\n\r\n");
    expect_status(client, 505);
    expect_gone(client);
}

/* Content of a request that has no use for it is read, and the next request understood. */
void tell_content_is_drained(struct scene *s)
{
    struct client *client = visitor(s);
    say_request(client, "GET / HTTP/1.1\r\nHost: www\r\nContent-Length: 32\r\n\r\n"
                        "GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n");
    expect_status(client, 200);
    say_request(client, "POST / HTTP/1.1\r\nHost: www\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "5;ext=\"a\"\r\nhello\r\n20\r\nGET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n\r\n"
                        "0\r\nTrailer: yes\r\n\r\n");
    expect_status(client, 405);
    say_request(client, "HEAD /none HTTP/1.1\r\nHost: www\r\nContent-Length: 5\r\n\r\nabcde");
    expect_status(client, 404);
    client_get(client, "/b.txt");
    expect_body(client, "bbbb");
}

/* Too much content ends the connection; bad chunks do as well. */
void tell_content_is_not_drained(struct scene *s)
{
    struct client *client = visitor(s);
    say_request(client, "POST / HTTP/1.1\r\nHost: www\r\nContent-Length: 1000000\r\n\r\n");
    expect_status(client, 405);
    expect_field(client, "Connection", "close");
    expect_closed(client);

    char *block = malloc(70000);
    memset(block, 'x', 70000);
    client_again(client);
    say_request(client, "POST / HTTP/1.1\r\nHost: www\r\nTransfer-Encoding: chunked\r\n\r\n");
    expect_status(client, 405);
    client_say(client, "11170\r\n"); /* 70000 */
    client_send(client, block, 70000);
    expect_gone(client);
    free(block);

    static const char *const bad[] = {"x\r\n",   "5\r\nhelloX\r\n", "0x5\r\nhello\r\n",
                                      "-5\r\n",  " 5\r\nhello\r\n", "fffffffffffffffff\r\n",
                                      "5\nhello"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        client_again(client);
        say_request(client, "GET / HTTP/1.1\r\nHost: www\r\nTransfer-Encoding: chunked\r\n\r\n");
        expect_status(client, 200);
        client_say(client, bad[i]);
        expect_gone(client);
    }
}

void tell_expect_continue(struct scene *s)
{
    struct client *client = visitor(s);
    /* the answer needs no content: it comes at once, and the connection ends */
    say_request(client, "PUT /a.txt HTTP/1.1\r\nHost: www\r\nContent-Length: 3\r\n"
                        "Expect: 100-continue\r\n\r\n");
    expect_status(client, 405);
    expect(s, client->response.interims == 0);
    expect_closed(client);
    client_again(client);
    client_get_with(client, "/", "Expect: 100-continue"); /* without content it means nothing */
    expect_status(client, 200);
    expect(s, client->response.interims == 0);
    expect_open(client);
    say_request(client, "GET / HTTP/1.1\r\nHost: www\r\nExpect: miracles\r\n\r\n");
    expect_status(client, 417);
    client_again(client);
    say_request(client, "PUT /a.txt HTTP/1.0\r\nHost: www\r\nContent-Length: 3\r\n"
                        "Expect: 100-continue\r\n\r\n");
    expect_status(client, 405);
    expect(s, client->response.interims == 0);
}

/* A file that is not known yet is read while the client's content arrives. */
void tell_content_while_waiting(struct scene *s)
{
    struct client *client = visitor(s);
    client_said(client, "GET");
    client_say(client, "GET /b.txt HTTP/1.1\r\nHost: www\r\nContent-Length: 6\r\n\r\nabc");
    client_say(client, "def");
    client_hear(client);
    expect_body(client, "bbbb");
    client_get(client, "/a.txt");
    expect_body(client, "aaa");
}

void tell_upgrade_is_ignored(struct scene *s)
{
    struct client *client = visitor(s);
    client_get_with(client, "/",
                    "Upgrade: h2c\nConnection: Upgrade, HTTP2-Settings\n"
                    "HTTP2-Settings: AAMAAABkAAQAAP__");
    expect_status(client, 200);
    client_get_with(client, "/", "Upgrade: websocket\nConnection: Upgrade");
    expect_status(client, 200);
    say_request(client, "PRI * HTTP/2.0\r\nHost: www\r\n\r\n");
    expect(s, client->response.status == 400 || client->response.status == 505);
    expect_gone(client);
}

void tell_requests_per_connection(struct scene *s)
{
    s->limits.requests_per_connection = 3;
    struct client *client = visitor(s);
    client_get(client, "/");
    expect_no_field(client, "Connection");
    client_get(client, "/");
    client_get(client, "/");
    expect_field(client, "Connection", "close");
    expect_closed(client);
}

/* Clients that go away at any point leave nothing behind. */
void tell_clients_that_leave(struct scene *s)
{
    s->options.file_in_memory_max = 1 << 20;
    scene_fill(s, "big.bin", (1 << 20) + 5, 1);
    struct client *client = visitor(s);
    for (int i = 0; i < 8; i++) {
        client_again(client);
        client_takes(client, i % 4 < 2 ? 100 : 100000);
        if (i > 0)
            client_ask(client, i % 3 ? "/big.bin" : "/a.txt");
        if (i > 4)
            client_received(client);
        client_leave(client, i % 2);
        scene_pass(s, SECONDS(1));
    }
    scene_pass(s, SECONDS(61));
    expect(s, conn_census_open(s->census) == 0);
    expect(s, fs_sim_open_files(s->fs) == 0);
}
