/* Tunnels of the HTTP/1 codec: what begins one, what goes through it, how each side ends. */
#include "death.h"
#include "h1_fixture.h"

#define SWITCH "GET /1 HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
#define CONNECT "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"
#define SWITCHED \
    "HTTP/1.1 101 Switching Protocols\r\n" DATE "Upgrade: x\r\nConnection: upgrade\r\n\r\n"
#define CONNECTED "HTTP/1.1 200 OK\r\n" DATE "X-A: 1\r\n\r\n"

static void tunnel_begin(struct fixture *f, const char *request)
{
    f->manner = TUNNEL;
    if (request[0] == 'G')
        f->block = STET_SPAN("Upgrade: x\r\n");
    input_text(f, request);
}

/* The other side has said all. */
static void tunnel_over(struct fixture *f)
{
    f->body.waits = false;
    stream_wake(f->stream);
    flush(f);
}

static void client_ends(struct fixture *f)
{
    f->h1.codec.ops->ended(&f->h1.codec);
    flush(f);
}

struct tunnel_row {
    const char *id;
    const char *name;
    const char *request;
    const char *sent;
    const char *heard;
};

static const struct tunnel_row tunnel_rows[] = {
    {"C-9110-7.8-1", "101", SWITCH, SWITCHED "abcdefg", "request /1\n"},
    {"C-9112-6.3-1", "CONNECT", CONNECT, CONNECTED "abcdefg", "request a:443\n"},
    {"C-9112-6.3-1", "CONNECT in HTTP/1.0", "CONNECT a:443 HTTP/1.0\r\n\r\n", CONNECTED "abcdefg",
     "request a:443\n"},
    {"C-9110-7.8-1", "octets behind the head are the tunnel's", SWITCH GET("/2"),
     SWITCHED "abcdefg", "request /1\ncontent " GET("/2") "\n"},
    {"C-9112-6.3-1", "also behind CONNECT", CONNECT "\x16\x03\r\n", CONNECTED "abcdefg",
     "request a:443\ncontent \x16\x03\r\n\n"},
};

static void tunnels_begin_behind_the_head(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(tunnel_rows); i++) {
        const struct tunnel_row *row = &tunnel_rows[i];
        void *fixture;
        setup(&fixture);
        struct fixture *f = fixture;
        tunnel_begin(f, row->request);
        if (strcmp(f->sent, row->sent) != 0)
            fail_msg("%s (%s): sent \"%s\"", row->id, row->name, f->sent);
        if (strcmp(f->heard, row->heard) != 0)
            fail_msg("%s (%s): heard \"%s\"", row->id, row->name, f->heard);
        check_row(row, waits(f) == CODEC_TUNNEL);
        teardown(&fixture);
    }
}

/* Nobody knows when the other server will say yes. */
static void a_tunnel_may_begin_later(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f, CONNECT "abc");
    assert_int_equal(f->kept_size, 3);
    f->manner = TUNNEL;
    test_answer(f);
    flush(f);
    assert_string_equal(f->sent, CONNECTED "abcdefg");
    input_text(f, "d");
    assert_string_equal(f->heard, "request a:443\ncontent abcd\n");
}

/* C-9110-15.2-1 is not for 101, C-9110-10.1.1-1: 100 comes before it. */
static void content_comes_before_the_tunnel(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f, "POST /1 HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nExpect: 100-continue\r\n"
                  "Content-Length: 3\r\n\r\n");
    input_text(f, "abcdef");
    f->block = STET_SPAN("Upgrade: x\r\n");
    f->manner = TUNNEL;
    test_answer(f);
    flush(f);
    input_text(f, "");
    assert_string_equal(f->sent, "HTTP/1.1 100 Continue\r\n\r\n" SWITCHED "abcdefg");
    assert_string_equal(f->heard, "request+ /1\ncontent abc\nend\ncontent def\n");
}

/* What is content and what is the tunnel's, two readers might see differently. */
static void a_tunnel_before_the_end_of_content_breaks(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f, "POST /1 HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nContent-Length: 3\r\n\r\nab");
    f->manner = TUNNEL;
    test_answer(f);
    flush(f);
    assert_string_equal(f->sent, "");
    assert_int_equal(waits(f), CODEC_BROKEN);
    assert_true(f->body.freed);
    assert_string_equal(f->heard, "request+ /1\ncontent ab\ndone 101 0 cut\n");
}

/* ---- ends ---- */

static void the_client_may_end_first(void **state)
{
    struct fixture *f = *state;
    tunnel_begin(f, SWITCH "1");
    client_ends(f);
    assert_string_equal(f->heard, "request /1\ncontent 1\nend\n");
    assert_int_equal(waits(f), CODEC_TUNNEL);
    assert_false(f->h1.codec.ops->wants_feed(&f->h1.codec));
    f->body.pieces[2] = "late";
    stream_wake(f->stream);
    flush(f);
    tunnel_over(f);
    assert_string_equal(f->sent, SWITCHED "abcdefglate");
    assert_string_equal(f->heard, "request /1\ncontent 1\nend\ndone 101 11 complete\n");
    assert_int_equal(waits(f), CODEC_OVER);
    assert_true(f->body.freed);
}

static void the_other_side_may_end_first(void **state)
{
    struct fixture *f = *state;
    tunnel_begin(f, CONNECT);
    assert_int_equal(waits(f), CODEC_TUNNEL);
    tunnel_over(f);
    assert_int_equal(waits(f), CODEC_HALF);
    assert_true(f->body.freed);
    input_text(f, GET("/2")); /* is no request */
    client_ends(f);
    assert_string_equal(f->heard, "request a:443\ncontent " GET("/2") "\nend\n"
                                                                      "done 200 7 complete\n");
    assert_int_equal(waits(f), CODEC_OVER);
    assert_string_equal(f->sent, CONNECTED "abcdefg");
}

static void a_client_may_have_ended_before(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f, CONNECT);
    client_ends(f);
    f->manner = TUNNEL;
    test_answer(f);
    flush(f);
    assert_string_equal(f->heard, "request a:443\nend\n");
    tunnel_over(f);
    assert_string_equal(f->heard, "request a:443\nend\ndone 200 7 complete\n");
    assert_int_equal(waits(f), CODEC_OVER);
}

static void a_tunnel_that_breaks_off_breaks_the_connection(void **state)
{
    struct fixture *f = *state;
    tunnel_begin(f, SWITCH);
    f->body.breaks = true;
    tunnel_over(f);
    assert_int_equal(waits(f), CODEC_BROKEN);
    assert_string_equal(f->heard, "request /1\ndone 101 7 cut\n");
}

static void a_connection_may_end_in_a_tunnel(void **state)
{
    struct fixture *f = *state;
    tunnel_begin(f, SWITCH);
    f->h1.codec.ops->fini(&f->h1.codec);
    assert_true(f->body.freed);
    assert_string_equal(f->heard, "request /1\ndone 101 7 cut\n");
}

/* A graceful stop is no reason to end one: there is no good moment. */
static void draining_leaves_a_tunnel(void **state)
{
    struct fixture *f = *state;
    tunnel_begin(f, SWITCH);
    f->h1.codec.ops->drain(&f->h1.codec);
    assert_int_equal(waits(f), CODEC_TUNNEL);
    input_text(f, "x");
    assert_string_equal(f->heard, "request /1\ncontent x\n");
}

static void no_memory_for_the_head_breaks_the_connection(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f, CONNECT);
    f->manner = TUNNEL;
    memory_fail_nth(1);
    test_answer(f);
    memory_fail_nth(0);
    flush(f);
    assert_string_equal(f->sent, "");
    assert_int_equal(waits(f), CODEC_BROKEN);
    assert_true(f->body.freed);
}

/* ---- back-pressure ---- */

static void octets_wait_for_the_service(void **state)
{
    struct fixture *f = *state;
    tunnel_begin(f, SWITCH);
    f->stops = true;
    input_text(f, "1");
    assert_false(f->h1.codec.ops->wants_feed(&f->h1.codec));
    assert_int_equal(waits(f), CODEC_TUNNEL);
    input_text(f, "23");
    assert_int_equal(f->kept_size, 2);
    f->stops = false;
    size_t wakes = f->wakes;
    stream_resume(f->stream);
    assert_int_equal(f->wakes, wakes + 1);
    input_text(f, "");
    assert_string_equal(f->heard, "request /1\ncontent 1\ncontent 23\n");
}

/* ---- bugs of the service ---- */

static void tunnels(const void *argument)
{
    struct fixture *f = (struct fixture *)(uintptr_t)argument;
    f->manner = TUNNEL;
    test_answer(f);
}

static void answers(const void *argument)
{
    struct fixture *f = (struct fixture *)(uintptr_t)argument;
    f->manner = SMALL;
    test_answer(f);
}

struct death_row {
    const char *id;
    const char *name;
    const char *request;
    void (*act)(const void *);
    bool dies;
};

static const struct death_row death_rows[] = {
    {"C-9110-7.8-1", "101 to HTTP/1.0", "GET /1 HTTP/1.0\r\nUpgrade: x\r\n\r\n", tunnels, true},
    {"C-9110-7.8-1", "101 to HTTP/1.1", SWITCH, tunnels, false},
    {"C-9112-6.3-1", "200 to CONNECT that is none", CONNECT, answers, true},
    {"C-9112-6.3-1", "200 to GET", GET("/1"), answers, false},
};

static void what_is_no_tunnel_dies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(death_rows); i++) {
        const struct death_row *row = &death_rows[i];
        void *fixture;
        setup(&fixture);
        struct fixture *f = fixture;
        f->manner = LATER;
        input_text(f, row->request);
        check_row(row, dies(row->act, f) == row->dies);
        teardown(&fixture);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tunnels_begin_behind_the_head),
        TEST(a_tunnel_may_begin_later),
        TEST(content_comes_before_the_tunnel),
        TEST(a_tunnel_before_the_end_of_content_breaks),
        TEST(the_client_may_end_first),
        TEST(the_other_side_may_end_first),
        TEST(a_client_may_have_ended_before),
        TEST(a_tunnel_that_breaks_off_breaks_the_connection),
        TEST(a_connection_may_end_in_a_tunnel),
        TEST(draining_leaves_a_tunnel),
        TEST(no_memory_for_the_head_breaks_the_connection),
        TEST(octets_wait_for_the_service),
        cmocka_unit_test(what_is_no_tunnel_dies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
