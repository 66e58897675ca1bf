/* Clients of HTTP/2 that want to wear us out: each loses its connection within its limit, and what
 * it could make us hold is small. */
#include "h2_fixture.h"

#include "wire/h2_parts.h"

#define CALM "code 11\n"

static bool gone(const struct fixture *f)
{
    return f->codec->ops->waits(f->codec) == CODEC_OVER;
}

/* What is said is long by now; only its end counts. */
static void trim(struct fixture *f)
{
    if (strlen(f->said) > LOG / 2)
        f->said[0] = '\0';
    if (strlen(f->heard) > LOG / 2)
        f->heard[0] = '\0';
}

enum { FRAMES = 100000 };

typedef void attack(struct fixture *f, uint32_t turn);

static void reset_rapidly(struct fixture *f, uint32_t turn)
{
    ask(f, 2 * turn + 1, END, GET("/later"));
    frame_number(f, NGHTTP2_RST_STREAM, 2 * turn + 1, NGHTTP2_CANCEL);
}

/* The answer would have been complete. */
static void reset_with_no_error(struct fixture *f, uint32_t turn)
{
    ask(f, 2 * turn + 1, END, GET("/later"));
    frame_number(f, NGHTTP2_RST_STREAM, 2 * turn + 1, NGHTTP2_NO_ERROR);
}

/* MadeYouReset: faults that make us reset the stream. */
static void open_by_nothing(struct fixture *f, uint32_t turn)
{
    ask(f, 2 * turn + 1, END, GET("/later"));
    frame_number(f, NGHTTP2_WINDOW_UPDATE, 2 * turn + 1, 0);
}

static void open_too_far(struct fixture *f, uint32_t turn)
{
    ask(f, 2 * turn + 1, END, GET("/later"));
    frame_number(f, NGHTTP2_WINDOW_UPDATE, 2 * turn + 1, 0x7fffffff);
}

static void be_malformed(struct fixture *f, uint32_t turn)
{
    ask(f, 2 * turn + 1, END, GET("/later") "connection=close\n");
}

static void send_too_much(struct fixture *f, uint32_t turn)
{
    ask(f, 2 * turn + 1, 0, POST("/later") "content-length=1\n");
    data(f, 2 * turn + 1, 0, "ab");
}

static void data_behind_the_end(struct fixture *f, uint32_t turn)
{
    ask(f, 2 * turn + 1, END, GET("/later"));
    data(f, 2 * turn + 1, 0, "ab");
}

static void send_too_little(struct fixture *f, uint32_t turn)
{
    ask(f, 2 * turn + 1, 0, POST("/later") "content-length=5\n");
    data(f, 2 * turn + 1, END, "ab");
}

static void head_within_content(struct fixture *f, uint32_t turn)
{
    ask(f, 2 * turn + 1, 0, POST("/later"));
    ask(f, 2 * turn + 1, 0, "x-a=1\n");
}

/* More than our window lets in. */
static void overrun_the_window(struct fixture *f, uint32_t turn)
{
    static const char many[16384];
    f->stops = true;
    ask(f, 2 * turn + 1, 0, POST("/later"));
    for (size_t i = 0; i < 5; i++)
        frame(f, NGHTTP2_DATA, 0, 2 * turn + 1, many, sizeof many);
}

static void depend_on_itself(struct fixture *f, uint32_t turn)
{
    ask(f, 2 * turn + 1, END, GET("/later"));
    frame(f, NGHTTP2_PRIORITY, 0, 2 * turn + 1, "\0\0\0\0\20", 4);
}

/* Lines without name, without value, without either. */
static void be_nameless(struct fixture *f, uint32_t turn)
{
    unsigned char block[1024];
    size_t used = block_of(f, GET("/later"), block, sizeof block);
    memset(block + used, 0, 600); /* a literal each three octets */
    frame(f, NGHTTP2_HEADERS, END | HEAD_END, 2 * turn + 1, block, used + 600);
}

static void ping(struct fixture *f, uint32_t turn)
{
    (void)turn;
    frame(f, NGHTTP2_PING, 0, 0, "\0\0\0\0\0\0\0", 8);
}

static void settle(struct fixture *f, uint32_t turn)
{
    (void)turn;
    frame(f, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
}

static void resize_table(struct fixture *f, uint32_t turn)
{
    frame(f, NGHTTP2_SETTINGS, 0, 0, turn % 2 ? "\0\1\0\0\0\0" : "\0\1\0\0\x10\0", 6);
}

static void prioritise(struct fixture *f, uint32_t turn)
{
    (void)turn;
    frame(f, NGHTTP2_PRIORITY, 0, 1, "\0\0\0\0\20", 5);
}

static void update_priority(struct fixture *f, uint32_t turn)
{
    (void)turn;
    if (turn == 0)
        ask(f, 1, END, GET("/later"));
    frame(f, 0x10, 0, 0, "\0\0\0\1u=1", 7);
}

static void open_windows(struct fixture *f, uint32_t turn)
{
    (void)turn;
    frame_number(f, NGHTTP2_WINDOW_UPDATE, 0, 1);
}

/* A drop of the answer for each frame of theirs. */
static void open_octet_by_octet(struct fixture *f, uint32_t turn)
{
    if (turn == 0) {
        frame(f, NGHTTP2_SETTINGS, 0, 0, "\0\4\0\0\0\0", 6);
        ask(f, 1, END, GET("/100000"));
    }
    frame_number(f, NGHTTP2_WINDOW_UPDATE, 1, 1);
}

static void resize_windows(struct fixture *f, uint32_t turn)
{
    if (turn == 0)
        for (uint32_t i = 0; i < 100; i++)
            ask(f, 2 * i + 1, END, GET("/100000"));
    frame(f, NGHTTP2_SETTINGS, 0, 0, turn % 2 ? "\0\4\0\0\0\0" : "\0\4\0\0\0\1", 6);
}

static void say_goodbye(struct fixture *f, uint32_t turn)
{
    if (turn == 0)
        ask(f, 1, END, GET("/later"));
    frame(f, NGHTTP2_GOAWAY, 0, 0, "\0\0\0\0\0\0\0", 8);
}

static void settle_at_length(struct fixture *f, uint32_t turn)
{
    unsigned char many[6 * 2000];
    (void)turn;
    for (size_t i = 0; i < sizeof many; i += 6)
        memcpy(many + i, "\0\3\0\0\0\1", 6);
    frame(f, NGHTTP2_SETTINGS, 0, 0, many, sizeof many);
}

/* Heads nobody asks with: their stream is over. */
static void ask_the_gone(struct fixture *f, uint32_t turn)
{
    if (turn == 0)
        ask(f, 3, END, GET("/5"));
    ask(f, 1, END, GET("/5"));
}

static void send_nothing(struct fixture *f, uint32_t turn)
{
    if (turn == 0)
        ask(f, 1, 0, POST("/later"));
    data(f, 1, 0, "");
}

static void send_padding(struct fixture *f, uint32_t turn)
{
    if (turn == 0)
        ask(f, 1, 0, POST("/later"));
    frame(f, NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, "\2\0\0", 3);
}

static void send_to_the_gone(struct fixture *f, uint32_t turn)
{
    if (turn == 0)
        ask(f, 1, 0, POST("/5"));
    data(f, 1, 0, "");
}

static void feed_the_gone(struct fixture *f, uint32_t turn)
{
    if (turn == 0) {
        ask(f, 1, 0, POST("/5"));
        frame_number(f, NGHTTP2_RST_STREAM, 1, NGHTTP2_CANCEL);
    }
    data(f, 1, 0, "x");
}

static void send_unknown(struct fixture *f, uint32_t turn)
{
    (void)turn;
    frame(f, 0xfa, 0, 0, "abc", 3);
}

static void continue_for_ever(struct fixture *f, uint32_t turn)
{
    if (turn == 0)
        frame(f, NGHTTP2_HEADERS, 0, 1, "\x82", 1);
    else
        frame(f, NGHTTP2_CONTINUATION, 0, 1, NULL, 0);
}

/* The first request leaves one entry that fills the table, the second names it again and again. */
static void bomb(struct fixture *f, uint32_t turn)
{
    unsigned char block[16384];
    static const unsigned char begin[] = {0x82,
                                          0x86,
                                          0x84,
                                          0x01,
                                          1,
                                          'a',
                                          0x40,
                                          1,
                                          'x',
                                          0x7f,
                                          0x80 + (3900 - 127) % 128,
                                          (3900 - 127) / 128};

    if (turn == 0) {
        memcpy(block, begin, sizeof begin);
        memset(block + sizeof begin, 'y', 3900);
        frame(f, NGHTTP2_HEADERS, END | HEAD_END, 1, block, sizeof begin + 3900);
        return;
    }
    memset(block, 0x80 | 62, sizeof block);
    memcpy(block, begin, 6);
    frame(f, NGHTTP2_HEADERS, END | HEAD_END, 2 * turn + 1, block, sizeof block);
}

/* The same with crumbs that would be joined. */
static void bomb_of_crumbs(struct fixture *f, uint32_t turn)
{
    unsigned char block[16384] = {0x82, 0x86, 0x84, 0x01, 1, 'a'};
    size_t used = 6;

    if (turn == 0) { /* cookie, by its index of the static table, and a value of 3,900 octets */
        memcpy(block + used, "\x60\x7f\xbd\x1d", 4);
        memset(block + used + 4, 'y', 3900);
        used += 3904;
    } else {
        memset(block + used, 0x80 | 62, sizeof block - used);
        used = sizeof block;
    }
    frame(f, NGHTTP2_HEADERS, END | HEAD_END, 2 * turn + 1, block, used);
}

/* It expands to less than ends the connection, again and again. */
static void small_bombs(struct fixture *f, uint32_t turn)
{
    unsigned char block[70];
    if (turn == 0) {
        bomb(f, 0);
        return;
    }
    memset(block, 0x80 | 62, sizeof block);
    memcpy(block, "\x82\x86\x84\x01\x01\x61", 6);
    frame(f, NGHTTP2_HEADERS, END | HEAD_END, 2 * turn + 1, block, sizeof block);
}

static const struct attack_row {
    const char *id, *name;
    attack *attack;
    uint64_t most; /* turns that it may take */
    const char *code;
} attacks[] = {
    {"CVE-2023-44487", "rapid reset", reset_rapidly, 201, CALM},
    {"CVE-2023-44487", "the same with NO_ERROR", reset_with_no_error, 201, CALM},
    {"CVE-2025-8671", "windows opened by 0", open_by_nothing, 202, "code 1\n"},
    {"CVE-2025-8671", "windows opened too far", open_too_far, 202, CALM},
    {"CVE-2025-8671", "malformed requests", be_malformed, 202, CALM},
    {"CVE-2025-8671", "more content than was said", send_too_much, 202, CALM},
    {"CVE-2025-8671", "DATA behind the end", data_behind_the_end, 202, "code 5\n"},
    {"CVE-2025-8671", "less content than was said", send_too_little, 202, CALM},
    {"CVE-2025-8671", "HEADERS within content", head_within_content, 202, CALM},
    {"CVE-2025-8671", "more content than the window", overrun_the_window, 202, CALM},
    {"CVE-2025-8671", "PRIORITY with a wrong length", depend_on_itself, 202, "code 6\n"},
    {"CVE-2019-9516", "lines without names", be_nameless, 202, CALM},
    {"CVE-2019-9512", "PING", ping, 1001, CALM},
    {"CVE-2019-9515", "SETTINGS", settle, 1001, CALM},
    {"CVE-2019-9515", "SETTINGS that resize the table", resize_table, 1001, CALM},
    {"CVE-2019-9515", "SETTINGS of 2,000 lines", settle_at_length, 1, CALM},
    {"CVE-2019-9515", "SETTINGS that move 100 windows", resize_windows, 2000, CALM},
    {"CVE-2019-9513", "PRIORITY", prioritise, 1001, CALM},
    {"CVE-2019-9513", "PRIORITY_UPDATE", update_priority, 1010, CALM},
    {"CVE-2019-9511", "WINDOW_UPDATE", open_windows, 1001, CALM},
    {"CVE-2019-9511", "a window opened octet by octet", open_octet_by_octet, 1010, CALM},
    {"C-9113-5.1-1", "GOAWAY", say_goodbye, 1010, CALM},
    {"C-9113-5.1-1", "HEADERS of a stream that is over", ask_the_gone, 1010, CALM},
    {"C-9113-5.1-1", "DATA of a stream that was reset", feed_the_gone, 1010, CALM},
    {"CVE-2019-9518", "empty DATA", send_nothing, 1010, CALM},
    {"CVE-2019-9518", "DATA of padding", send_padding, 1010, CALM},
    {"CVE-2019-9518", "empty DATA of a stream that is over", send_to_the_gone, 1010, CALM},
    {"C-9113-5.5-1", "frames of unknown kind", send_unknown, 1001, CALM},
    {"CVE-2024-27316", "CONTINUATION without end", continue_for_ever, 1002, CALM},
    {"CVE-2016-6581", "an HPACK bomb", bomb, 2, CALM},
    {"CVE-2016-6581", "an HPACK bomb of cookies", bomb_of_crumbs, 2, CALM},
};

/* The most that nghttp2 may hold for a connection that attacks. */
enum { HELD_MOST = 512 << 10 };

static size_t held(const struct fixture *f)
{
    return h2_of(f->codec)->heap.used;
}

static void test_attacks(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < COUNT(attacks); i++) {
        const struct attack_row *row = &attacks[i];
        uint32_t turn = 0;
        again(f);
        for (; turn < FRAMES && !gone(f); turn++) {
            row->attack(f, turn);
            trim(f);
            check_row(row, held(f) < HELD_MOST);
        }
        if (turn > row->most)
            fail_msg("%s (%s): %u turns", row->id, row->name, turn);
        const char *said = strstr(f->said, "goaway 0 ");
        if (!said || !strstr(said, row->code))
            fail_msg("%s (%s), %u turns: %s", row->id, row->name, turn, f->said);
        if (f->codec->ops->wants_take(f->codec))
            fail_msg("%s: more to say", row->name);
        forget(f);
        row->attack(f, turn); /* what comes now is thrown away */
        check_row(row, f->said[0] == '\0' && f->heard[0] == '\0');
    }
}

/* A client that takes nothing makes us hold little, whatever it asks for [CVE-2019-9517]. */
static void test_nothing_is_taken(void **state)
{
    struct fixture *f = *state;
    frame(f, NGHTTP2_SETTINGS, 0, 0, "\0\4\x7f\xff\xff\xff", 6);
    frame_number(f, NGHTTP2_WINDOW_UPDATE, 0, 0x7fff0000 - 65535);
    f->full = true;
    for (uint32_t i = 0; i < 128; i++)
        ask(f, 2 * i + 1, END, GET("/100000"));
    const size_t answers = held(f);
    assert_true(answers < 128 * 4096);
    for (uint32_t turn = 0; turn < FRAMES && !gone(f); turn++)
        ping(f, turn);
    assert_true(gone(f));
    assert_true(held(f) < answers + (512 << 10));
}

/* Nor do hints pile up that it does not take; a 100 is not among them. */
static void test_hints_are_not_taken(void **state)
{
    struct fixture *f = *state;
    char block[4096];
    memset(block, 'a', sizeof block);
    memcpy(block, "Link: ", 6);
    memcpy(block + sizeof block - 2, "\r\n", 2);
    ask(f, 1, END, GET("/later"));
    f->full = true;
    for (size_t i = 0; i < 1000; i++)
        stream_interim(f->streams[0], 103, stet_span(block, sizeof block));
    assert_in_range(held(f), 65536, 131072 + 65536 + 2 * sizeof block);
    stream_interim(f->streams[0], 100, STET_SPAN_NONE); /* for which it may wait */
    answer(f, f->streams[0], 5);
    f->full = false;
    flush(f);
    assert_non_null(strstr(f->said, "headers 1 :status=100\n"));
    assert_non_null(strstr(f->said, HELLO(1)));
    assert_true(held(f) < 65536);
}

/* One stream after the other leaves nothing behind, also in tables that a client wants large. */
static void test_many_streams(void **state)
{
    struct fixture *f = *state;
    size_t first = 0;
    frame(f, NGHTTP2_SETTINGS, 0, 0, "\0\1\xff\xff\xff\xff", 6);
    for (uint32_t turn = 0; turn < 10000; turn++) {
        char lines[200], block[64];
        snprintf(lines, sizeof lines, GET("/5") "x-%u=%u\n", turn, turn);
        snprintf(block, sizeof block, "X-%u: %u\r\n", turn, turn);
        f->block = stet_span_of(block);
        ask(f, 2 * turn + 1, END, lines);
        f->said[0] = f->heard[0] = '\0';
        if (turn == 500)
            first = held(f);
    }
    assert_false(gone(f));
    assert_int_equal(f->codec->begun, 10000);
    assert_in_range(held(f), first - 4096, first + 4096);
    assert_true(held(f) < 65536);
}

/* Heads that are refused cost little, and pay for no more than that. */
static void test_small_bombs(void **state)
{
    struct fixture *f = *state;
    for (uint32_t turn = 0; turn < 1000; turn++) {
        small_bombs(f, turn);
        trim(f);
        assert_true(held(f) < HELD_MOST);
    }
    assert_int_equal(f->codec->begun, 1);
}

/* Who pays for what it does may go on. */
static void test_honest_clients(void **state)
{
    struct fixture *f = *state;
    for (uint32_t turn = 0; turn < 3000; turn++) {
        ask(f, 4 * turn + 1, END, GET("/5"));
        frame_number(f, NGHTTP2_WINDOW_UPDATE, 0, 5);
        ask(f, 4 * turn + 3, END, GET("/later"));
        f->count = 0;
        frame_number(f, NGHTTP2_RST_STREAM, 4 * turn + 3, NGHTTP2_CANCEL);
        ping(f, turn);
        if (gone(f))
            fail_msg("turn %u: %s", turn, f->said);
        trim(f);
    }
}

static void test_long_download(void **state)
{
    struct fixture *f = *state;
    f->body.waits = true;
    ask(f, 1, END, GET("/stream"));
    for (uint32_t turn = 0; turn < 5000; turn++) {
        f->body.text = "a small event";
        f->body.done = 0;
        stream_wake(f->asked);
        flush(f);
        frame_number(f, NGHTTP2_WINDOW_UPDATE, 0, 13);
        frame_number(f, NGHTTP2_WINDOW_UPDATE, 1, 13);
        trim(f);
        f->content_size = 0;
        assert_false(gone(f));
    }
}

static void test_long_upload(void **state)
{
    struct fixture *f = *state;
    ask(f, 1, 0, POST("/later"));
    for (uint32_t turn = 0; turn < 20000; turn++) {
        data(f, 1, 0, "x");
        trim(f);
        assert_false(gone(f));
    }
}

static void test_too_many_streams(void **state)
{
    struct fixture *f = *state;
    f->limits.h2_streams = 2;
    again(f);
    ask(f, 1, END, GET("/later"));
    ask(f, 3, END, GET("/later"));
    ask(f, 5, END, GET("/later"));
    expect_heard(f, "request /later\nrequest /later\nrefused 400 \ndone unanswered\n"
                    "done unanswered\n");
    assert_non_null(strstr(f->said, "goaway 0 last 3 code 1\n"));
}

/* Before it has agreed to our SETTINGS a client may know no better. */
static void test_too_many_streams_at_first(void **state)
{
    struct fixture *f = *state;
    f->limits.h2_streams = 2;
    fixture_close(f);
    fixture_open(f);
    input(f, H2_PREFACE, H2_PREFACE_SIZE);
    frame(f, NGHTTP2_SETTINGS, 0, 0, NULL, 0);
    forget(f);
    ask(f, 1, END, GET("/later"));
    ask(f, 3, END, GET("/later"));
    ask(f, 5, END, GET("/later"));
    expect_said(f, "rst 5 7\n");
    answer(f, f->streams[0], 5);
    flush(f);
    ask(f, 7, END, GET("/5"));
    assert_non_null(strstr(f->said, HELLO(7)));
}

/* More content than the window let in. */
static void test_windows_are_kept(void **state)
{
    struct fixture *f = *state;
    char many[16384];
    memset(many, 'y', sizeof many);
    f->stops = true;
    ask(f, 1, 0, POST("/later"));
    for (size_t i = 0; i < 5; i++)
        frame(f, NGHTTP2_DATA, 0, 1, many, sizeof many);
    assert_non_null(strstr(f->said, "rst 1 3\n"));
    assert_non_null(strstr(f->heard, "done unanswered\n"));
    assert_false(gone(f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_attacks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_is_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hints_are_not_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_streams, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small_bombs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_honest_clients, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_download, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_upload, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_streams, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_streams_at_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_windows_are_kept, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
