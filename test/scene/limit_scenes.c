/* Limits: each as the table says, and nothing of it lasts longer than its cause.
 */
#include "stories.h"

#include <stdlib.h>
#include <string.h>

static struct client *visitor(struct scene *s)
{
    scene_write(s, "index.html", "hello");
    scene_pass(s, SECONDS(10));
    return scene_client(s);
}

/* Sends a request with something of `len` octets in it. */
static void say_long(struct client *client, const char *before, size_t len, const char *behind)
{
    char *text = malloc(strlen(before) + len + strlen(behind) + 1);
    char *at = stpcpy(text, before);
    memset(at, 'x', len);
    strcpy(at + len, behind);
    client_said(client, "GET");
    client_say(client, text);
    client_hear(client);
    free(text);
}

void tell_sizes_of_heads(struct scene *s)
{
    struct client *client = visitor(s);
    say_long(client, "GET /", 8000, " HTTP/1.1\r\nHost: www\r\n\r\n"); /* always fits */
    expect_status(client, 404);
    say_long(client, "GET /?", 16000, " HTTP/1.1\r\nHost: www\r\n\r\n");
    expect_status(client, 200);
    say_long(client, "GET / HTTP/1.1\r\nHost: www\r\nX: ", 60000, "\r\n\r\n");
    expect_status(client, 200);
    expect_open(client);
    say_long(client, "GET /", 17000, " HTTP/1.1\r\nHost: www\r\n\r\n");
    expect_status(client, 414);
    expect_gone(client);
    client_again(client);
    say_long(client, "GET / HTTP/1.1\r\nHost: www\r\nX: ", 66000, "\r\n\r\n");
    expect_status(client, 431);
    expect_gone(client);
    client_again(client);
    say_long(client, "GET / HTTP/1.1\r\nHost: www\r\n", 66000, ": x\r\n\r\n");
    expect_status(client, 431);
}

void tell_number_of_fields(struct scene *s)
{
    char text[4000];
    struct client *client = visitor(s);
    for (int extra = 0; extra < 2; extra++) {
        char *at = stpcpy(text, "GET / HTTP/1.1\r\nHost: www\r\n");
        for (int i = 0; i < 127 + extra; i++)
            at += sprintf(at, "X-%d: %d\r\n", i, i);
        strcpy(at, "\r\n");
        client_said(client, "GET");
        client_say(client, text);
        client_hear(client);
        expect_status(client, extra ? 431 : 200);
    }
    expect_gone(client);
}

/* A head that never ends is refused when it is too large, not when it is complete. */
void tell_endless_head(struct scene *s)
{
    char line[1003];
    memset(line, 'a', sizeof line);
    memcpy(line, "X: ", 3);
    strcpy(line + 1000, "\r\n");
    struct client *client = visitor(s);
    client_said(client, "GET");
    client_say(client, "GET / HTTP/1.1\r\nHost: www\r\n");
    for (int i = 0; i < 66; i++) {
        if (end_state(client->end) == SIM_CLIENT_OPEN)
            client_say(client, line);
    }
    client_hear(client);
    expect_status(client, 431);
    expect_gone(client);
}

void tell_connections_in_total(struct scene *s)
{
    s->limits.connections = 3;
    struct client *first = visitor(s);
    struct client *second = scene_client_from(s, "192.0.2.2");
    struct client *third = scene_client_from(s, "2001:db8::1");
    client_get(third, "/");
    expect_status(third, 200);
    struct client *fourth = scene_client_from(s, "192.0.2.4");
    expect_broken(fourth);
    client_get(first, "/");
    expect_status(first, 200);
    client_leave(second, false);
    client_again(fourth);
    client_get(fourth, "/");
    expect_status(fourth, 200);
    expect(s, conn_census_open(s->census) == 3);
}

void tell_connections_of_an_address(struct scene *s)
{
    s->limits.connections_per_address = 2;
    struct client *first = visitor(s);
    struct client *second = scene_client(s);
    struct client *third = scene_client(s);
    expect_broken(third);
    client_get(second, "/");
    expect_status(second, 200);
    struct client *neighbour = scene_client_from(s, "192.0.2.9");
    client_get(neighbour, "/");
    expect_status(neighbour, 200);
    client_leave(first, true);
    client_again(third);
    client_get(third, "/");
    expect_status(third, 200);

    /* one owner of a /64 is one client */
    scene_client_from(s, "2001:db8:0:1::1");
    scene_client_from(s, "2001:db8:0:1::2");
    expect_broken(scene_client_from(s, "2001:db8:0:1:ffff::3"));
    expect_open(scene_client_from(s, "2001:db8:0:2::1"));

    for (int i = 0; i < 5; i++)
        expect_open(scene_client_from(s, "unix"));
}

/* Descriptors run out: who is there is served, who comes waits, and nothing spins. */
void tell_no_descriptors(struct scene *s)
{
    struct client *before = visitor(s);
    client_get(before, "/");
    sim_world_fail_accept(s->world, SECONDS(5));
    struct client *late = scene_client_from(s, "192.0.2.2");
    client_get(before, "/");
    expect_status(before, 200);
    scene_pass(s, SECONDS(4));
    expect(s, !end_accepted(late->end));
    client_get(before, "/");
    expect_status(before, 200);
    scene_pass(s, SECONDS(2));
    expect(s, end_accepted(late->end));
    client_get(late, "/");
    expect_status(late, 200);
}

/* Paths asked for at random cost no memory, and the table of paths is bounded. */
void tell_many_paths(struct scene *s)
{
    s->options.paths_max = 20;
    struct client *client = visitor(s);
    for (int i = 0; i < 60; i++) {
        char path[32], target[34];
        snprintf(path, sizeof path, "f%d.txt", i);
        snprintf(target, sizeof target, "/%s", path);
        scene_write(s, path, path);
    }
    scene_pass(s, SECONDS(5));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 60; i++) {
            char target[34];
            snprintf(target, sizeof target, "/f%d.txt", i);
            client_get(client, target);
            expect_body(client, target + 1);
            snprintf(target, sizeof target, "/no/such/%d", i);
            client_get(client, target);
            expect_status(client, 404);
        }
    }
}

/* More content than may be kept in memory: it is dropped, read again, and stays right. */
void tell_little_memory(struct scene *s)
{
    enum { FILES = 12, SIZE = 3000 };
    s->options.bytes_in_memory = 4 * SIZE;
    s->options.records_max = 8;
    const char *tags[FILES];
    for (unsigned i = 0; i < FILES; i++) {
        char path[32];
        snprintf(path, sizeof path, "f%u.txt", i);
        scene_write_text(s, path, SIZE, i);
    }
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    for (int round = 0; round < 3; round++) {
        for (unsigned i = 0; i < FILES; i++) {
            char target[34];
            snprintf(target, sizeof target, "/f%u.txt", i);
            client_get(client, target);
            expect_status(client, 200);
            if (round == 0)
                tags[i] = client_field(client, "ETag");
            expect_field(client, "ETag", tags[i]);
            client_get_with(client, target, "If-None-Match: %s", tags[i]);
            expect_status(client, 304);
            client_get_with(client, target, "Accept-Encoding: gzip, br");
            expect_status(client, 200);
        }
    }
}
