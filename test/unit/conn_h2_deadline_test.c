/* The deadlines of connections of HTTP/2, each measured: what a client can hold that reads nothing,
 * sends nothing, or keeps other streams busy meanwhile, and for how long. */
#include "conn_world.h"

#include <nghttp2/nghttp2.h>

enum { END = 1, HEAD_END = 4, MINUTE = 60000 };

static void send_frame(struct world *world, struct sim_client *client, uint8_t type, uint8_t flags,
                       uint32_t id, const void *payload, size_t size)
{
    unsigned char head[9] = {(unsigned char)(size >> 16), (unsigned char)(size >> 8),
                             (unsigned char)size, type, flags};
    for (unsigned i = 0; i < 4; i++)
        head[5 + i] = (unsigned char)(id >> (24 - 8 * i));
    sim_client_send(client, (const char *)head, sizeof head);
    if (size > 0)
        sim_client_send(client, payload, size);
    sim_world_run_until_idle(world->sim);
}

static void send_number(struct world *world, struct sim_client *client, uint8_t type, uint32_t id,
                        uint32_t number)
{
    const unsigned char payload[4] = {(unsigned char)(number >> 24), (unsigned char)(number >> 16),
                                      (unsigned char)(number >> 8), (unsigned char)number};
    send_frame(world, client, type, 0, id, payload, 4);
}

/* Asks without the help of a table: each literal stands for itself. */
static void ask(struct world *world, struct sim_client *client, uint32_t id, uint8_t flags,
                const char *method, const char *path)
{
    const char *const texts[] = {":method", method, ":scheme",    "http",
                                 ":path",   path,   ":authority", "a"};
    char block[256];
    size_t used = 0;
    for (size_t i = 0; i < COUNT(texts); i++) {
        const size_t len = strlen(texts[i]);
        if (i % 2 == 0)
            block[used++] = 0;
        block[used++] = (char)len;
        memcpy(block + used, texts[i], len);
        used += len;
    }
    send_frame(world, client, NGHTTP2_HEADERS, flags | HEAD_END, id, block, used);
}

/* With `window` octets for each stream to begin with. */
static struct sim_client *open_h2(struct world *world, uint32_t window)
{
    struct sim_client *client = world_client(world);
    const unsigned char settings[6] = {0,
                                       NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                       (unsigned char)(window >> 24),
                                       (unsigned char)(window >> 16),
                                       (unsigned char)(window >> 8),
                                       (unsigned char)window};
    sim_client_send(client, H2_PREFACE, H2_PREFACE_SIZE);
    send_frame(world, client, NGHTTP2_SETTINGS, 0, 0, settings, sizeof settings);
    return client;
}

/* How many frames of a type have come, on a stream (0: any), with this 32-bit number in them (-1:
 * any). */
static unsigned frames(const struct sim_client *client, uint8_t type, uint32_t id, int64_t number)
{
    const unsigned char *at = (const unsigned char *)sim_client_bytes(client);
    size_t left = sim_client_len(client);
    unsigned count = 0;
    while (left >= 9) {
        const size_t size = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
        const uint32_t on =
            (uint32_t)at[5] << 24 | (uint32_t)at[6] << 16 | (uint32_t)at[7] << 8 | at[8];
        if (left < 9 + size)
            break;
        const int64_t has =
            size >= 4 ? (int64_t)at[9] << 24 | (int64_t)at[10] << 16 | (int64_t)at[11] << 8 | at[12]
                      : -1;
        count += at[3] == type && (id == 0 || on == id) && (number < 0 || has == number);
        at += 9 + size;
        left -= 9 + size;
    }
    return count;
}

static unsigned resets(const struct sim_client *client, uint32_t id, uint32_t code)
{
    return frames(client, NGHTTP2_RST_STREAM, id, code);
}

/* Milliseconds until the server has reset a stream, at most `most`; `each` is called once a second.
 */
typedef void each_second(struct world *world, struct sim_client *client, unsigned second);

static int64_t reset_in(struct world *world, struct sim_client *client, uint32_t id, int64_t most,
                        each_second *each)
{
    for (int64_t ms = 0; ms < most; ms += 100) {
        if (frames(client, NGHTTP2_RST_STREAM, id, -1))
            return ms;
        if (each && ms % 1000 == 500)
            each(world, client, (unsigned)(ms / 1000));
        world_pass(world, 100 * MS);
    }
    return most;
}

/* ---- the connection ---- */

static void idle_ends_with_a_goaway(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 65535);
    ask(world, client, 1, END, "GET", "/n/5");
    assert_int_equal(world_ends_in(world, client, false), MINUTE);
    assert_int_equal(frames(client, NGHTTP2_GOAWAY, 0, 1), 1);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_ENDED);
    assert_int_equal(world_ends_in(world, client, true), 2000);
}

/* Only a request says that the connection is of use. */
static void pings_keep_nothing_alive(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 65535);
    for (int i = 0; i < 59; i++) {
        send_frame(world, client, NGHTTP2_PING, 0, 0, "12345678", 8);
        world_pass(world, SECOND);
    }
    assert_int_equal(frames(client, NGHTTP2_PING, 0, -1), 59);
    assert_int_equal(world_ends_in(world, client, false), 1000);
}

/* ... nor does a frame without end. */
static void a_frame_that_drips_keeps_nothing_alive(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 65535);
    sim_client_send(client, "\x00\x40\x00\xfa\0\0\0\0\0", 9);
    for (int i = 0; i < 59; i++) {
        sim_client_send(client, "x", 1);
        world_pass(world, SECOND);
    }
    assert_int_equal(world_ends_in(world, client, false), 1000);
}

static void a_head_has_its_time(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 65535);
    send_frame(world, client, NGHTTP2_HEADERS, END, 1, "\x82", 1);
    for (int i = 0; i < 14; i++) {
        world_pass(world, SECOND);
        send_frame(world, client, NGHTTP2_CONTINUATION, 0, 1, "\x86", i == 0);
    }
    assert_int_equal(world_ends_in(world, client, false), 1000);
    assert_int_equal(frames(client, NGHTTP2_GOAWAY, 0, 1), 1);
}

static void a_preface_has_its_time(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    for (size_t i = 0; i < 14; i++) {
        sim_client_send(client, &H2_PREFACE[i], 1);
        world_pass(world, SECOND);
    }
    assert_int_equal(world_ends_in(world, client, false), 1000);
}

/* ... within which it may come as it likes, and so may what is none. */
static void a_preface_may_drip(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = world_client(world);
    for (size_t i = 0; i < H2_PREFACE_SIZE; i++) {
        sim_client_send(client, &H2_PREFACE[i], 1);
        world_pass(world, 500 * MS);
    }
    send_frame(world, client, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    ask(world, client, 1, END, "GET", "/304");
    assert_int_equal(frames(client, NGHTTP2_HEADERS, 1, -1), 1);

    static const struct preface_row {
        const char *text, *answer;
    } rows[] = {
        {"PUT /n/5 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK"},
        {"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", "HTTP/1.1 505 "},
        {"PRI /n/5 HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct sim_client *other = world_client(world);
        for (const char *at = rows[i].text; *at; at++) {
            sim_client_send(other, at, 1);
            world_pass(world, MS);
        }
        if (world_count(other, rows[i].answer) != 1)
            fail_msg("%s: %.*s", rows[i].text, (int)sim_client_len(other), sim_client_bytes(other));
    }
}

/* Without h2c it is a request of HTTP/1 that cannot be. */
static void a_preface_nobody_wants(void **state)
{
    struct world *world = *state;
    world_open(world);
    world->set.no_h2c = true;
    struct sim_client *client = world_client(world);
    sim_client_send(client, H2_PREFACE, H2_PREFACE_SIZE);
    sim_world_run_until_idle(world->sim);
    assert_int_equal(world_count(client, "HTTP/1.1 "), 1);
    assert_int_equal(world_count(client, "HTTP/1.1 505 "), 1);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_ENDED);
    assert_int_equal(world->requests, 0);
}

/* What is sent to us is no reason to wait for what is not taken from us. */
static void talk_is_no_progress(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 65535);
    ask(world, client, 1, END, "GET", "/later");
    sim_client_window(client, 0);
    for (int i = 0; i < 29; i++) {
        for (int j = 0; j < 12; j++)
            send_frame(world, client, NGHTTP2_PING, 0, 0, "12345678", 8);
        world_pass(world, SECOND);
    }
    assert_int_equal(world_ends_in(world, client, false), 1000);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_RESET);
}

/* ---- answers that are not taken ---- */

static void a_window_that_never_opens(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 0);
    for (uint32_t i = 0; i < 100; i++)
        ask(world, client, 2 * i + 1, END, "GET", "/n/100000");
    assert_int_equal(reset_in(world, client, 1, MINUTE, NULL), 30000);
    assert_int_equal(frames(client, NGHTTP2_RST_STREAM, 0, NGHTTP2_CANCEL), 100);
    assert_int_equal(world->done, 100);
    ask(world, client, 201, END, "GET", "/304"); /* the connection goes on */
    assert_int_equal(frames(client, NGHTTP2_HEADERS, 201, -1), 1);
}

static void open_a_little(struct world *world, struct sim_client *client, unsigned second)
{
    (void)second;
    send_number(world, client, NGHTTP2_WINDOW_UPDATE, 1, 100);
}

static void open_enough(struct world *world, struct sim_client *client, unsigned second)
{
    (void)second;
    send_number(world, client, NGHTTP2_WINDOW_UPDATE, 1, 200);
}

static void a_window_that_drips(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 0);
    ask(world, client, 1, END, "GET", "/n/100000");
    assert_int_equal(reset_in(world, client, 1, MINUTE, open_a_little), 30000);
    ask(world, client, 3, END, "GET", "/304");
    assert_int_equal(frames(client, NGHTTP2_HEADERS, 3, -1), 1);
}

static void a_window_that_opens_enough(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 0);
    ask(world, client, 1, END, "GET", "/n/100000");
    assert_int_equal(reset_in(world, client, 1, 4 * MINUTE, open_enough), 4 * MINUTE);
}

static void take_another(struct world *world, struct sim_client *client, unsigned second)
{
    ask(world, client, 2 * second + 3, END, "GET", "/n/1000");
    send_number(world, client, NGHTTP2_WINDOW_UPDATE, 2 * second + 3, 1000);
}

/* One busy stream does not keep one alive whose window is shut. */
static void others_that_move_do_not_count(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 0);
    ask(world, client, 1, END, "GET", "/n/100000");
    assert_int_equal(reset_in(world, client, 1, MINUTE, take_another), 30000);
    assert_true(world_count(client, "zzzzzzzzzz") >= 2900);
    assert_int_equal(frames(client, NGHTTP2_RST_STREAM, 0, -1), 1);
}

static void take_some(struct world *world, struct sim_client *client, unsigned second)
{
    (void)second;
    send_number(world, client, NGHTTP2_WINDOW_UPDATE, 0, 1000);
}

/* What waits its turn behind others is not late, as long as the connection moves its share. */
static void a_stream_may_wait_its_turn(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 1 << 20);
    for (uint32_t i = 0; i < 7; i++)
        ask(world, client, 2 * i + 1, END, "GET", "/n/1000000");
    assert_int_equal(reset_in(world, client, 0, 5 * MINUTE, take_some), 5 * MINUTE);
}

/* A connection's window that is opened for one pays for one: 30,000 octets in 30 seconds are
 * seven times send_floor. */
static void a_trickle_does_not_pay_for_all(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 1 << 20);
    for (uint32_t i = 0; i < 100; i++)
        ask(world, client, 2 * i + 1, END, "GET", "/n/1000000");
    (void)reset_in(world, client, 199, 2 * MINUTE, take_some);
    for (int i = 0; i < 60; i++) {
        take_some(world, client, 0);
        world_pass(world, SECOND);
    }
    assert_int_equal(frames(client, NGHTTP2_RST_STREAM, 0, NGHTTP2_CANCEL), 93);
}

/* ---- content that does not come ---- */

static void content_does_not_come(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 65535);
    for (uint32_t i = 0; i < 100; i++)
        ask(world, client, 2 * i + 1, 0, "POST", "/upload");
    assert_int_equal(reset_in(world, client, 1, MINUTE, NULL), 30000);
    assert_int_equal(frames(client, NGHTTP2_HEADERS, 0, -1), 100);
    assert_int_equal(world->refused, 100);
    assert_int_equal(world->unanswered, 100);
}

static void send_elsewhere(struct world *world, struct sim_client *client, unsigned second)
{
    (void)second;
    send_frame(world, client, NGHTTP2_DATA, 0, 3, "0123456789012345678901234567890123456789", 40);
}

static void one_upload_does_not_keep_another_alive(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 65535);
    ask(world, client, 1, 0, "POST", "/upload");
    ask(world, client, 3, 0, "POST", "/upload");
    assert_int_equal(reset_in(world, client, 1, MINUTE, send_elsewhere), 30000);
    assert_int_equal(reset_in(world, client, 3, 3 * MINUTE, send_elsewhere), 3 * MINUTE);
}

/* Whom the service makes wait is not late, but gets no new time by an octet either. */
static void a_pause_is_not_the_clients_fault(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 65535);
    ask(world, client, 1, 0, "POST", "/pause");
    world_pass(world, 20 * SECOND);
    send_frame(world, client, NGHTTP2_DATA, 0, 1, "x", 1);
    world_pass(world, 3600 * SECOND);
    assert_int_equal(resets(client, 1, NGHTTP2_NO_ERROR), 0);
    world_resume(world);
    assert_int_equal(reset_in(world, client, 1, MINUTE, NULL), 10000);
}

/* An answer that came early lets content be thrown away, but not for ever. */
static void content_nobody_wants(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 65535);
    ask(world, client, 1, 0, "POST", "/n/5");
    assert_int_equal(reset_in(world, client, 1, MINUTE, NULL), 30000);
    assert_int_equal(resets(client, 1, NGHTTP2_NO_ERROR), 1);
}

/* ---- what waits for others ---- */

static void answers_may_be_long_in_coming(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 65535);
    for (uint32_t i = 0; i < 100; i++)
        ask(world, client, 2 * i + 1, END, "GET", "/later");
    world_pass(world, 3600 * SECOND);
    assert_int_equal(sim_client_state(client), SIM_CLIENT_OPEN);
    world_answer(world);
    assert_int_equal(world_count(client, "zzzzz"), 1);
}

static void a_tunnel_may_be_long_in_coming(void **state)
{
    struct world *world = *state;
    world_open(world);
    struct sim_client *client = open_h2(world, 65535);
    const unsigned char head[] = "\0\7:method\7CONNECT\0\12:authority\4b:44";
    world->limits.tunnel_idle_timeout = 600000;
    send_frame(world, client, NGHTTP2_HEADERS, HEAD_END, 1, head, sizeof head - 1);
    assert_int_equal(world->requests, 1);
    world_pass(world, 300 * SECOND);
    world_say(world, "early");
    assert_int_equal(world_count(client, "early"), 1);
    assert_int_equal(frames(client, NGHTTP2_RST_STREAM, 0, -1), 0);
    assert_int_equal(world_ends_in(world, client, false), 600000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(idle_ends_with_a_goaway),
        TEST(pings_keep_nothing_alive),
        TEST(a_frame_that_drips_keeps_nothing_alive),
        TEST(a_head_has_its_time),
        TEST(a_preface_has_its_time),
        TEST(a_preface_may_drip),
        TEST(a_preface_nobody_wants),
        TEST(talk_is_no_progress),
        TEST(a_window_that_never_opens),
        TEST(a_window_that_drips),
        TEST(a_window_that_opens_enough),
        TEST(others_that_move_do_not_count),
        TEST(a_stream_may_wait_its_turn),
        TEST(a_trickle_does_not_pay_for_all),
        TEST(content_does_not_come),
        TEST(one_upload_does_not_keep_another_alive),
        TEST(a_pause_is_not_the_clients_fault),
        TEST(content_nobody_wants),
        TEST(answers_may_be_long_in_coming),
        TEST(a_tunnel_may_be_long_in_coming),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
