/* Upstreams in the simulated world whose servers fail: which is left alone and for how long, what
 * is sent once more and what never. */
#include "upstream_world.h"

/* ---- servers that fail ---- */

static void the_next_is_asked(void **state)
{
    struct farm *farm = *state;
    struct chat chat;

    farm_open(farm, SERVERS);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, 0);
    sim_origin_answers(farm->origins[1], SIM_ORIGIN_UNREACHABLE, 0);
    chat_get(farm, &chat);
    origin_say(&farm->world, farm_next(farm, 2), HELLO);
    assert_string_equal(chat.ear.heard, "200 length [hello] complete");
    assert_true(stet_span_equal(fetch_next_hop(&chat.fetch), STET_SPAN("/run/c")));

    sim_origin_answers(farm->origins[2], SIM_ORIGIN_REFUSES, 0);
    world_pass(&farm->world, 60 * SECOND);
    size_t tries = farm_tries(farm);
    chat_get(farm, &chat);
    assert_string_equal(chat.ear.heard, "truncated");
    assert_int_equal(farm_tries(farm), tries + 3); /* each once */
    assert_in_range(fetch_error(&chat.fetch), 1, STET_PROXY_ERROR_COUNT - 1);
}

/* Content that came before there was a connection goes to whoever can be reached. */
static void the_next_gets_the_content(void **state)
{
    struct farm *farm = *state;
    struct chat chat = chat_of("POST");

    farm_open(farm, 2);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, SECOND);
    chat.request.has_content = true;
    chat_begin(farm->upstream, &chat);
    assert_true(fetch_send(&chat.fetch, STET_SPAN("abc")));
    world_pass(&farm->world, SECOND / 2);
    assert_true(fetch_send(&chat.fetch, STET_SPAN("def")));
    fetch_finish(&chat.fetch);
    world_pass(&farm->world, SECOND);
    struct sim_client *end = farm_next(farm, 1);
    assert_true(origin_got(end, "POST / HTTP/1.1\r\nHost: 192.0.2.12:8080\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n"));
    origin_say(&farm->world, end, HELLO);
    assert_string_equal(chat.ear.heard, "200 length [hello] complete");
}

/* Who was told to wait for room is told that there is some, whatever has become of the first. */
static void the_next_makes_room(void **state)
{
    struct farm *farm = *state;
    struct chat chat = chat_of("POST");
    char piece[8192] = {0};
    size_t given = 0;

    farm_open(farm, 2);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, SECOND);
    chat.request.has_content = true;
    chat_begin(farm->upstream, &chat);
    do
        given += sizeof piece;
    while (fetch_send(&chat.fetch, stet_span(piece, sizeof piece)));
    world_pass(&farm->world, 2 * SECOND);
    assert_string_equal(chat.ear.heard, "room ");
    struct sim_client *end = farm_next(farm, 1);
    assert_in_range(sim_client_len(end), given, given + 200);
    fetch_finish(&chat.fetch);
    origin_say(&farm->world, end, HELLO);
    assert_string_equal(chat.ear.heard, "room 200 length [hello] complete");
}

/* The same where the first was just full with what leaves room at the second, whose name is
 * shorter. */
static void a_shorter_name_makes_room(void **state)
{
    static const char head[] = "POST / HTTP/1.1\r\nHost: 192.0.2.12:8080\r\n"
                               "Content-Length: 40000\r\n\r\n";
    static const char content[40000];
    size_t first = 32768 - strlen(head);
    struct farm *farm = *state;
    struct chat chat = chat_of("POST");

    farm->upstream = upstream_new(farm->world.caller, farm->world.loop, farm->urls + 1, 2);
    sim_origin_answers(farm->origins[1], SIM_ORIGIN_REFUSES, SECOND);
    sim_origin_answers(farm->origins[2], SIM_ORIGIN_ACCEPTS, SECOND);
    chat.request.has_content = chat.request.length_known = true;
    chat.request.length = sizeof content;
    chat_begin(farm->upstream, &chat);
    assert_true(fetch_send(&chat.fetch, stet_span(content, first - 1)));
    assert_false(fetch_send(&chat.fetch, stet_span(content, 1)));
    world_pass(&farm->world, SECOND + SECOND / 2);
    assert_string_equal(chat.ear.heard, "room ");
    fetch_send(&chat.fetch, stet_span(content, sizeof content - first));
    fetch_finish(&chat.fetch);
    world_pass(&farm->world, SECOND);
    struct sim_client *end = farm_next(farm, 2);
    assert_int_equal(sim_client_len(end), sizeof content + strlen(head) - 6);
    origin_say(&farm->world, end, HELLO);
    assert_int_equal(chat.ear.end, CLIENT_COMPLETE);
}

static void three_failures_and_it_is_left_alone(void **state)
{
    struct farm *farm = *state;
    struct chat chat;

    farm_open(farm, 2);
    farm_serves(farm);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, 0);
    for (size_t i = 0; i < 20; i++) {
        chat_get(farm, &chat);
        assert_string_equal(chat.ear.heard, "200 length [hello] complete");
    }
    assert_int_equal(sim_origin_tries(farm->origins[0]), 3);
    world_pass(&farm->world, 10 * SECOND - 1);
    for (size_t i = 0; i < 4; i++)
        chat_get(farm, &chat);
    assert_int_equal(sim_origin_tries(farm->origins[0]), 3);

    /* One more try, then twice as long, a minute at most. */
    int64_t pauses[] = {20, 40, 60, 60};
    world_pass(&farm->world, 1);
    for (size_t n = 0; n < COUNT(pauses); n++) {
        for (size_t i = 0; i < 4; i++)
            chat_get(farm, &chat);
        assert_int_equal(sim_origin_tries(farm->origins[0]), 4 + n);
        world_pass(&farm->world, pauses[n] * SECOND - 1);
        for (size_t i = 0; i < 4; i++)
            chat_get(farm, &chat);
        assert_int_equal(sim_origin_tries(farm->origins[0]), 4 + n);
        world_pass(&farm->world, 1);
    }
    /* It is back: one good answer is enough. */
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_ACCEPTS, 0);
    for (size_t i = 0; i < 4; i++)
        chat_get(farm, &chat);
    assert_int_equal(sim_origin_count(farm->origins[0]), 1);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, 0);
    world_pass(&farm->world, 5 * SECOND); /* its connection has rested enough */
    for (size_t i = 0; i < 20; i++)
        chat_get(farm, &chat);
    assert_int_equal(sim_origin_tries(farm->origins[0]), 4 + 4 + 3);
}

static void failures_far_apart_do_not_count(void **state)
{
    struct farm *farm = *state;
    struct chat chat;

    farm_open(farm, 2);
    farm_serves(farm);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, 0);
    for (size_t i = 0; i < 8; i++) {
        chat_get(farm, &chat);
        world_pass(&farm->world, 6 * SECOND);
    }
    assert_int_equal(sim_origin_tries(farm->origins[0]), 8);
}

/* A server that is back is asked once, not by everyone. */
static void who_comes_back_is_asked_once(void **state)
{
    struct farm *farm = *state;
    struct chat chats[10];

    farm_open(farm, 2);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, 0);
    for (size_t i = 0; i < 6; i++) {
        chat_get(farm, &chats[i]);
        fetch_cancel(&chats[i].fetch);
    }
    assert_int_equal(sim_origin_tries(farm->origins[0]), 3);
    world_pass(&farm->world, 10 * SECOND);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_ACCEPTS, 0);
    for (size_t i = 0; i < 10; i++)
        chat_get(farm, &chats[i]);
    assert_int_equal(sim_origin_count(farm->origins[0]), 1);
    for (size_t i = 0; i < 10; i++)
        fetch_cancel(&chats[i].fetch);
}

static void of_those_left_alone_the_first_due_is_asked(void **state)
{
    struct farm *farm = *state;
    struct chat chat;

    farm_open(farm, 2);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, 0);
    farm_serves(farm);
    for (size_t i = 0; i < 6; i++)
        chat_get(farm, &chat);
    world_pass(&farm->world, 5 * SECOND);
    sim_origin_answers(farm->origins[1], SIM_ORIGIN_REFUSES, 0);
    for (size_t i = 0; i < 6; i++)
        chat_get(farm, &chat);
    assert_string_equal(chat.ear.heard, "truncated");
    /* Now both are; and now both would answer. */
    farm_answers(farm, SIM_ORIGIN_ACCEPTS);
    chat_get(farm, &chat);
    assert_string_equal(chat.ear.heard, "200 length [hello] complete");
    assert_int_equal(sim_origin_count(farm->origins[0]), 1);
}

static void the_only_one_is_always_asked(void **state)
{
    struct farm *farm = *state;
    struct chat chat;

    farm_open(farm, 1);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, 0);
    for (size_t i = 0; i < 10; i++) {
        chat_get(farm, &chat);
        assert_string_equal(chat.ear.heard, "truncated");
        assert_int_equal(fetch_error(&chat.fetch), STET_PROXY_ERROR_CONNECTION_REFUSED);
    }
    assert_int_equal(sim_origin_tries(farm->origins[0]), 10);
}

/* ---- once more ---- */

/* What the server does with a request that comes on a connection that had served before, or on a
 * new one. */
enum fate { ANSWERS, CLOSES, RESETS, HALF, INTERIM };

struct once_row {
    const char *id;
    const char *name;
    const char *method;
    size_t servers;
    enum fate kept, fresh; /* on the first server */
    bool content;          /* given before the connection dies */
    size_t sent;           /* how many servers' ends have seen a request in the end */
    const char *want;
};

static const struct once_row once_rows[] = {
    {"C-9110-9.2.2-1", "GET on a dead connection", "GET", 1, CLOSES, ANSWERS, false, 2,
     "200 length [hello] complete"},
    {"C-9110-9.2.2-1", "by a reset", "GET", 1, RESETS, ANSWERS, false, 2,
     "200 length [hello] complete"},
    {"C-9110-9.2.2-1", "DELETE", "DELETE", 1, CLOSES, ANSWERS, false, 2,
     "200 length [hello] complete"},
    {"C-10008-2-2", "QUERY", "QUERY", 1, CLOSES, ANSWERS, false, 2, "200 length [hello] complete"},
    {"C-9110-9.2.2-3", "only once", "GET", 1, CLOSES, CLOSES, false, 2, "truncated"},
    {"C-9110-9.2.2-3", "only once, whoever is left", "GET", 3, CLOSES, CLOSES, false, 2,
     "truncated"},
    {"C-9110-9.2.2-2", "never POST", "POST", 1, CLOSES, ANSWERS, false, 1, "truncated"},
    {"C-9110-9.2.2-2", "never PATCH", "PATCH", 3, CLOSES, ANSWERS, false, 1, "truncated"},
    {"C-9110-9.2.2-2", "never what nobody knows", "BREW", 1, RESETS, ANSWERS, false, 1,
     "truncated"},
    {"C-9110-9.2.2-1", "not when content is gone", "PUT", 1, CLOSES, ANSWERS, true, 1, "truncated"},
    {"C-9110-9.2.2-1", "not when the answer had begun", "GET", 1, HALF, ANSWERS, false, 1,
     "truncated"},
    {"C-9110-9.2.2-1", "nor an interim one", "GET", 1, INTERIM, ANSWERS, false, 1,
     "(103) truncated"},
};

struct sinner {
    const struct once_row *row;
    size_t requests;
};

static void server_sins(struct sim_client *end, void *owner)
{
    struct sinner *sinner = owner;

    if (sim_client_state(end) != SIM_CLIENT_OPEN || sim_client_len(end) == 0)
        return;
    sim_client_take(end, sim_client_len(end));
    size_t number = sinner->requests++;
    switch (number == 0 ? ANSWERS : number == 1 ? sinner->row->kept : sinner->row->fresh) {
    case ANSWERS:
        sim_client_say(end, HELLO);
        return;
    case CLOSES:
        sim_client_shutdown(end);
        return;
    case RESETS:
        sim_client_close(end, true);
        return;
    case HALF:
        sim_client_say(end, "HTTP/1.1 2");
        sim_client_shutdown(end);
        return;
    default:
        sim_client_say(end, "HTTP/1.1 103 x\r\n\r\n");
        sim_client_shutdown(end);
    }
}

static void test_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(once_rows); i++) {
        const struct once_row *row = &once_rows[i];
        struct sinner sinner = {row, 0};
        struct chat chat;
        void *inner;

        farm_setup(&inner);
        struct farm *farm = inner;
        farm_open(farm, row->servers);
        sim_origin_heard(farm->origins[0], server_sins, &sinner);
        chat_get(farm, &chat);
        check_row(row, strcmp(chat.ear.heard, "200 length [hello] complete") == 0);
        for (size_t n = 1; n < row->servers; n++) { /* it is the first one's turn again */
            chat_get(farm, &chat);
            fetch_cancel(&chat.fetch);
        }
        size_t before = farm_count(farm);
        chat = chat_of(row->method);
        chat.request.has_content = row->content;
        chat_begin(farm->upstream, &chat);
        check_row(row, chat.fetch.call.reused);
        if (row->content) {
            fetch_send(&chat.fetch, STET_SPAN("x"));
            fetch_finish(&chat.fetch);
        }
        world_run(&farm->world);
        check_row(row, strcmp(chat.ear.heard, row->want) == 0);
        check_row(row, sinner.requests == 1 + row->sent);
        check_row(row, farm_count(farm) == before + row->sent - 1);
        farm_teardown(&inner);
    }
}

/* On a new connection it is the server that fails: another may be asked, once. */
static void a_new_connection_that_dies(void **state)
{
    struct farm *farm = *state;
    struct chat chat;

    farm_open(farm, SERVERS);
    chat_get(farm, &chat);
    sim_client_shutdown(farm_next(farm, 0));
    world_run(&farm->world);
    assert_int_equal(chat.ear.ends, 0);
    struct sim_client *end = farm_next(farm, 1);
    sim_client_shutdown(end);
    world_run(&farm->world);
    assert_string_equal(chat.ear.heard, "truncated");
    assert_int_equal(farm_count(farm), 2);
    assert_int_equal(fetch_error(&chat.fetch), STET_PROXY_ERROR_CONNECTION_TERMINATED);

    chat = chat_of("POST");
    chat_begin(farm->upstream, &chat);
    world_run(&farm->world);
    sim_client_shutdown(farm_next(farm, 2));
    world_run(&farm->world);
    assert_string_equal(chat.ear.heard, "truncated");
    assert_int_equal(farm_count(farm), 3);
}

/* A slow server is not helped by asking another as well. */
static void a_timeout_is_told(void **state)
{
    struct farm *farm = *state;
    struct chat chat;

    farm_open(farm, SERVERS);
    chat_get(farm, &chat);
    world_pass(&farm->world, 100 * SECOND);
    assert_string_equal(chat.ear.heard, "truncated");
    assert_int_equal(fetch_error(&chat.fetch), STET_PROXY_ERROR_HTTP_RESPONSE_TIMEOUT);
    assert_int_equal(farm_count(farm), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FARM_TEST(the_next_is_asked),
        FARM_TEST(the_next_gets_the_content),
        FARM_TEST(the_next_makes_room),
        FARM_TEST(a_shorter_name_makes_room),
        FARM_TEST(three_failures_and_it_is_left_alone),
        FARM_TEST(failures_far_apart_do_not_count),
        FARM_TEST(who_comes_back_is_asked_once),
        FARM_TEST(of_those_left_alone_the_first_due_is_asked),
        FARM_TEST(the_only_one_is_always_asked),
        cmocka_unit_test(test_once),
        FARM_TEST(a_new_connection_that_dies),
        FARM_TEST(a_timeout_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
