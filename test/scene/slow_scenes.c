/* Slow clients: each wait has a deadline, measured from its start and not from the last octet.
 */
#include "stories.h"

#include <string.h>

enum { MIB = 1 << 20 };

static struct client *visitor(struct scene *s)
{
    scene_write(s, "index.html", "hello");
    scene_pass(s, SECONDS(10));
    return scene_client(s);
}

/* An octet a second: 408 fifteen seconds after the first of them. */
void tell_slow_head(struct scene *s)
{
    static const char head[] =
        "GET / HTTP/1.1\r\nHost: www\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    struct client *client = visitor(s);
    client_said(client, "GET");
    for (int i = 0; i < 14; i++) {
        client_send(client, head + i, 1);
        scene_pass(s, SECONDS(1));
    }
    expect_open(client);
    scene_pass(s, SECONDS(2));
    client_hear(client);
    expect_status(client, 408);
    expect_closed(client);
}

/* The same for the second request: the time before its first octet is another matter. */
void tell_slow_second_head(struct scene *s)
{
    struct client *client = visitor(s);
    client_get(client, "/");
    scene_pass(s, SECONDS(50));
    client_said(client, "GET");
    client_say(client, "GET / HTTP/1.1\r\nHost");
    scene_pass(s, SECONDS(14));
    expect_open(client);
    scene_pass(s, SECONDS(2));
    client_hear(client);
    expect_status(client, 408);
    expect_closed(client);
}

/* A head in pieces, but in time, is answered. */
void tell_head_in_pieces(struct scene *s)
{
    struct client *client = visitor(s);
    for (int i = 0; i < 3; i++) {
        client_said(client, "GET");
        client_say(client, "GET / HT");
        scene_pass(s, SECONDS(5));
        client_say(client, "TP/1.1\r\nHost: w");
        scene_pass(s, SECONDS(5));
        client_say(client, "ww\r\n\r");
        scene_pass(s, SECONDS(4));
        client_say(client, "\n");
        client_hear(client);
        expect_status(client, 200);
        expect_body(client, "hello");
    }
}

/* Each head has its own time, though one ends and the next begins in one segment. */
void tell_heads_overlapping(struct scene *s)
{
    struct client *client = visitor(s);
    client_said(client, "GET");
    client_say(client, "GET / HT");
    for (int i = 0; i < 6; i++) {
        scene_pass(s, SECONDS(9));
        client_said(client, "GET");
        client_say(client, "TP/1.1\r\nHost: www\r\n\r\nGET / HT");
        client_hear(client);
        expect_status(client, 200);
    }
    scene_pass(s, SECONDS(16));
    client_hear(client);
    expect_status(client, 408);
}

void tell_silent_client(struct scene *s)
{
    struct client *client = visitor(s);
    scene_pass(s, SECONDS(59));
    expect_open(client);
    scene_pass(s, SECONDS(2));
    expect_closed(client);
    scene_pass(s, SECONDS(2));
    expect(s, conn_census_open(s->census) == 0);
}

void tell_idle_timeout(struct scene *s)
{
    struct client *client = visitor(s);
    for (int i = 0; i < 5; i++) {
        client_get(client, "/");
        scene_pass(s, SECONDS(59));
        expect_open(client);
    }
    scene_pass(s, SECONDS(2));
    expect_closed(client);
    scene_pass(s, SECONDS(2));
    expect(s, conn_census_open(s->census) == 0);
}

/* Content that nobody wants is read for a while, but not for ever. */
void tell_slow_content(struct scene *s)
{
    struct client *client = visitor(s);
    client_said(client, "GET");
    client_say(client, "GET / HTTP/1.1\r\nHost: www\r\nContent-Length: 20000\r\n\r\n");
    client_hear(client);
    expect_status(client, 200);
    for (int i = 0; i < 29; i++) {
        client_say(client, "x");
        scene_pass(s, SECONDS(1));
    }
    expect_open(client);
    scene_pass(s, SECONDS(2));
    expect_gone(client);
    scene_pass(s, SECONDS(3));
    expect(s, conn_census_open(s->census) == 0);
}

/* Slow, but above the floor: all of it is awaited, and the next request is understood. */
void tell_steady_content(struct scene *s)
{
    char block[2000];
    memset(block, 'x', sizeof block);
    struct client *client = visitor(s);
    client_said(client, "GET");
    client_say(client, "GET / HTTP/1.1\r\nHost: www\r\nContent-Length: 20000\r\n\r\n");
    client_hear(client);
    for (int i = 0; i < 10; i++) {
        client_send(client, block, sizeof block);
        scene_pass(s, SECONDS(20));
    }
    expect_open(client);
    client_get(client, "/");
    expect_status(client, 200);
}

/* A client that reads a drop now and then is let go; others do not notice. */
void tell_slow_reader(struct scene *s)
{
    s->options.file_in_memory_max = MIB;
    scene_fill(s, "big.bin", 2 * MIB, 3);
    struct client *slow = visitor(s);
    struct client *other = scene_client_from(s, "192.0.2.2");
    client_takes(slow, 10000);
    client_ask(slow, "/big.bin");
    for (int i = 0; i < 29; i++) {
        scene_pass(s, SECONDS(1));
        client_takes(slow, 100);
        client_get(other, "/");
        expect_status(other, 200);
    }
    expect(s, end_state(slow->end) == SIM_CLIENT_OPEN);
    scene_pass(s, SECONDS(40));
    client_hear_cut(slow);
    expect_broken(slow);
    expect(s, fs_sim_open_files(s->fs) == 0);
    client_get(other, "/");
    expect(s, conn_census_open(s->census) == 1);
}

/* One that takes a little more than the floor gets all of it. */
void tell_steady_reader(struct scene *s)
{
    s->options.file_in_memory_max = MIB;
    scene_fill(s, "big.bin", MIB + 100, 3);
    struct client *client = visitor(s);
    client_takes(client, MIB - 40000);
    client_ask(client, "/big.bin");
    for (int i = 0; i < 8; i++) {
        scene_pass(s, SECONDS(25));
        client_takes(client, 5000);
    }
    expect(s, end_state(client->end) == SIM_CLIENT_OPEN);
    client_takes(client, SIM_UNLIMITED);
    client_hear(client);
    expect_length(client, MIB + 100);
}

/* A small answer that is not taken. */
void tell_answer_not_taken(struct scene *s)
{
    struct client *client = visitor(s);
    client_takes(client, 20);
    client_ask(client, "/");
    scene_pass(s, SECONDS(25));
    expect(s, end_state(client->end) == SIM_CLIENT_OPEN);
    scene_pass(s, SECONDS(10));
    client_hear_cut(client);
    expect_broken(client);
    expect(s, conn_census_open(s->census) == 0);
}

/* After "close" the client has two seconds to go. */
void tell_linger(struct scene *s)
{
    struct client *client = visitor(s);
    client_get_with(client, "/", "Connection: close");
    expect_status(client, 200);
    expect_closed(client);
    expect(s, !end_released(client->end));
    end_say(client->end, "octets nobody reads as a request\r\n\r\n");
    scene_pass(s, SECONDS(1));
    expect(s, !end_released(client->end));
    scene_pass(s, SECONDS(2));
    expect(s, end_released(client->end));
    expect(s, conn_census_open(s->census) == 0);
}

/* A client that goes on sending is not read for ever either. */
void tell_linger_is_bounded(struct scene *s)
{
    struct client *client = visitor(s);
    client_said(client, "GET");
    client_say(client, "GARBAGE\r\n\r\n");
    client_hear(client);
    expect_status(client, 400);
    for (int i = 0; i < 30 && !end_released(client->end); i++) {
        end_say(client->end, "more and more\r\n");
        scene_pass(s, MILLISECONDS(100));
    }
    expect(s, end_released(client->end));
    expect(s, conn_census_open(s->census) == 0);
}

/* Thousands of half-open requests cost little and end in time, and others are served. */
void tell_many_slow_heads(struct scene *s)
{
    enum { MANY = 300 };
    struct client *slow[MANY];
    struct client *other = visitor(s);
    for (int i = 0; i < MANY; i++) {
        char peer[32];
        snprintf(peer, sizeof peer, "10.0.%d.%d", i / 200, i % 200 + 1);
        slow[i] = scene_client_from(s, scene_keep(s, peer));
        client_said(slow[i], "GET");
        client_say(slow[i], "GET / HTTP/1.1\r\nHost: www\r\nX-");
    }
    for (int i = 0; i < 16; i++) {
        client_get(other, "/");
        expect_status(other, 200);
        scene_pass(s, SECONDS(1));
    }
    for (int i = 0; i < MANY; i++) {
        client_hear(slow[i]);
        expect_status(slow[i], 408);
    }
    scene_pass(s, SECONDS(3));
    client_get(other, "/");
    expect(s, conn_census_open(s->census) == 1);
}
