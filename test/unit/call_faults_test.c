/* Calls when things go wrong: every malformed answer, memory that is out, owners that go away at
 * any point, sockets that take and give a few octets at a time, break and lie. */
#include "call_world.h"
#include "origin_answers.h"

/* ---- the table of answers, over a connection ---- */

static void answer_say(const struct answer_row *row, struct sim_client *end)
{
    size_t size;
    char *octets = answer_octets(row, &size);
    sim_client_send(end, octets, size);
    free(octets);
}

static bool content_right(const struct ear *ear, const struct answer_row *row)
{
    const char *from = strchr(ear->heard, '[');
    if (!row->content || row->end == TUNNEL)
        return true;
    return ear->content == strlen(row->content) &&
           (ear->content == 0 || (from && memcmp(from + 1, row->content, ear->content) == 0));
}

/* One row, and a good answer to the call after it. */
static void answer_try(const struct answer_row *row, const struct sim_faults *faults)
{
    void *state;
    world_setup(&state);
    struct world *world = state;
    struct talk talk = talk_of(row->method), next;

    sim_world_faults(world->sim, faults);
    world_open(world);
    talk_begin(world, &talk, false);
    world_run(world);
    struct sim_client *end = world_next(world);
    answer_say(row, end);
    world_run(world);
    check_row(row, caller_idle(world->caller) == row->kept);
    if (row->end == UNTIL_CLOSE || row->end == TRUNCATED || row->end == TUNNEL) {
        check_row(row, talk.ear.ends == 0);
        sim_client_shutdown(end);
        world_run(world);
    }
    check_row(row, talk.ear.ends == 1 && talk.ear.end == answer_end(row));
    check_row(row, talk.ear.status == row->status && content_right(&talk.ear, row));
    check_row(row, (talk.call.error == STET_PROXY_ERROR_NONE) == (talk.ear.end == CLIENT_COMPLETE));
    check_row(row, !call_may_repeat(&talk.call));
    check_row(row, caller_busy(world->caller) == 0);

    talk_get(world, &next);
    check_row(row, next.call.reused == row->kept);
    end = row->kept ? end : world_next(world);
    origin_say(world, end, HELLO);
    check_row(row, strcmp(next.ear.heard, "200 length [hello] complete") == 0);
    world_teardown(&state);
}

static void test_answers(void **state)
{
    static const struct sim_faults whole = {0}, octets = {.read_most = 1},
                                   pieces = {.read_most = 700, .draw_sizes = true};
    (void)state;
    for (size_t i = 0; i < COUNT(answer_rows); i++) {
        const struct answer_row *row = &answer_rows[i];
        answer_try(row, &whole);
        answer_try(row, &pieces);
        if (row->times == 0)
            answer_try(row, &octets);
    }
}

/* ---- an origin that answers by itself ---- */

#define CHUNKS                                                                              \
    "HTTP/1.1 103 x\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" \
    "\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n"

/* How far it has come. */
struct script {
    unsigned served;
    const struct sim_client *shut; /* the connection it says no more on, if any */
};

/* Answers each whole request that has come. */
static void origin_answers(struct sim_client *end, void *owner)
{
    static const char *const answers[] = {HELLO, CHUNKS, HELLO,
                                          "HTTP/1.1 200 OK\r\n\r\nuntil the end"};
    struct script *script = owner;
    char text[20000];

    if (sim_client_state(end) != SIM_CLIENT_OPEN || end == script->shut)
        return;
    size_t len = sim_client_len(end) < sizeof text ? sim_client_len(end) : sizeof text - 1;
    memcpy(text, sim_client_bytes(end), len);
    text[len] = '\0';
    const char *head = strstr(text, "\r\n\r\n");
    if (!head || (strncmp(text, "POST", 4) == 0 && !strstr(text, "\r\n0\r\n\r\n")))
        return;
    sim_client_take(end, sim_client_len(end));
    unsigned which = script->served++ % COUNT(answers);
    sim_client_say(end, answers[which]);
    if (which != 3)
        return;
    sim_client_shutdown(end);
    script->shut = end;
}

static unsigned steps_left; /* of a story; when it gets to 0 the call is cancelled */

static bool step(struct world *world, struct talk *talk)
{
    world_run(world);
    if (steps_left > 0 && --steps_left == 0 && !talk->ear.cancelled) {
        talk_cancel(&talk->ear);
        world_run(world);
    }
    return !talk->ear.cancelled;
}

/* A call with content, whose answer may be anything. */
static void post_story(struct world *world, struct talk *talk)
{
    char piece[3000];
    memset(piece, 'p', sizeof piece);
    talk->request.has_content = true;
    talk_begin(world, talk, false);
    if (!step(world, talk))
        return;
    for (size_t i = 0; i < 3 && !talk->ear.cancelled; i++) {
        call_send(&talk->call, stet_span(piece, sizeof piece));
        if (!step(world, talk))
            return;
    }
    call_finish(&talk->call);
    if (!step(world, talk))
        return;
    world_pass(world, 2 * SECOND); /* it may still connect */
    while (talk->ear.ends == 0 && talk->ear.pauses) {
        call_resume(&talk->call);
        if (!step(world, talk))
            return;
    }
    world_pass(world, 100 * SECOND);
}

/* ---- memory ---- */

/* Five calls over an origin that answers in several ways. Every call ends once; those for which
 * there was memory end well. */
static void memory_story(uint64_t nth, int64_t connecting, bool *more)
{
    void *state;
    world_setup(&state);
    struct world *world = state;
    struct script script = {0};
    unsigned well = 0;
    const struct sim_faults faults = {.read_most = 30, .write_most = 1000};

    sim_world_faults(world->sim, &faults);
    world_open(world);
    sim_origin_heard(world->origin, origin_answers, &script);
    sim_origin_answers(world->origin, SIM_ORIGIN_ACCEPTS, connecting);
    memory_fail_nth(nth);
    for (size_t i = 0; i < 5; i++) {
        struct talk talk = talk_of("POST");
        talk.ear.pauses = i % 2;
        post_story(world, &talk);
        assert_int_equal(talk.ear.ends, 1);
        well += talk.ear.end == CLIENT_COMPLETE;
        if (talk.ear.end != CLIENT_COMPLETE)
            assert_true(talk.call.error != STET_PROXY_ERROR_NONE);
    }
    *more = memory_count() >= nth;
    memory_fail_nth(0);
    assert_in_range(well, *more ? 4 : 5, 5);
    script = (struct script){0};
    struct talk after = talk_of("GET");
    talk_begin(world, &after, true);
    world_pass(world, 2 * SECOND);
    assert_string_equal(after.ear.heard, "200 length [hello] complete");
    world_teardown(&state);
}

static void memory_may_be_out(void **state)
{
    (void)state;
    for (int64_t connecting = 0; connecting <= SECOND; connecting += SECOND) {
        bool more = true;
        uint64_t n = 1;
        for (; more; n++)
            memory_story(n, connecting, &more);
        assert_true(n > 20);
    }
}

/* Of many at once, which need more than one does. */
static void memory_may_be_out_for_many(void **state)
{
    bool more = true;
    (void)state;
    for (uint64_t n = 1; more; n++) {
        void *inner;
        world_setup(&inner);
        struct world *world = inner;
        struct talk talks[40];
        struct script script = {0};
        unsigned well = 0;

        world_open(world);
        sim_origin_heard(world->origin, origin_answers, &script);
        memory_fail_nth(n);
        for (size_t i = 0; i < COUNT(talks); i++) {
            talks[i] = talk_of("GET");
            talk_begin(world, &talks[i], false);
        }
        world_pass(world, 100 * SECOND);
        more = memory_count() >= n;
        memory_fail_nth(0);
        for (size_t i = 0; i < COUNT(talks); i++) {
            assert_int_equal(talks[i].ear.ends, 1);
            well += talks[i].ear.end == CLIENT_COMPLETE;
        }
        assert_in_range(well, COUNT(talks) - more, COUNT(talks));
        world_teardown(&inner);
    }
}

/* To replace a connection that has died. */
static void memory_may_be_out_for_another_line(void **state)
{
    struct world *world = *state;
    for (uint64_t n = 1; n <= 2; n++) {
        struct talk talk;
        talk_get(world, &talk);
        struct sim_client *end = world_next(world);
        origin_say(world, end, HELLO);
        sim_client_close(end, false);
        talk = talk_of("GET");
        memory_fail_nth(n); /* the first is that for the head */
        talk_begin(world, &talk, false);
        world_run(world);
        memory_fail_nth(0);
        assert_string_equal(talk.ear.heard, "truncated");
        assert_int_equal(talk.call.error, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR);
        world_pass(world, 10 * SECOND);
    }
}

/* For a head that comes in pieces. */
static void memory_may_be_out_for_a_head(void **state)
{
    struct world *world = *state;
    char piece[6000];
    bool more = true;

    memset(piece, 'x', sizeof piece);
    memcpy(piece, "HTTP/1.1 200 OK\r\nX: ", 20);
    for (uint64_t n = 1; more; n++) {
        struct talk talk;
        talk_get(world, &talk);
        struct sim_client *end = world_next(world);
        memory_fail_nth(n);
        for (size_t i = 0; i < 3; i++) {
            sim_client_send(end, piece + (i > 0 ? 20 : 0), sizeof piece - 20);
            world_run(world);
        }
        more = memory_count() >= n;
        memory_fail_nth(0);
        sim_client_say(end, "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        world_run(world);
        assert_int_equal(talk.ear.ends, 1);
        assert_int_equal(talk.ear.end, more ? CLIENT_TRUNCATED : CLIENT_COMPLETE);
    }
}

static void memory_may_be_out_for_a_caller(void **state)
{
    struct world *world = *state;
    world->resolver = resolver_new(world->loop, NULL);
    for (uint64_t n = 1; n <= 3; n++) {
        memory_fail_nth(n);
        assert_null(caller_new(world->loop, &world->limits, world->resolver));
    }
    memory_fail_nth(0);
    world->caller = caller_new(world->loop, &world->limits, world->resolver);
    assert_non_null(world->caller);
}

/* ---- owners that go away ---- */

/* In the n-th event: no other follows. */
static void cancelled_in_any_event(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 8; kind++) {
        bool cancelled = true;
        for (unsigned n = 1; cancelled; n++) {
            void *inner;
            world_setup(&inner);
            struct world *world = inner;
            struct script script = {.served = kind % 4};
            struct talk talk = talk_of("POST");

            world_open(world);
            sim_origin_heard(world->origin, origin_answers, &script);
            talk.ear.cancel_at = n;
            talk.ear.pauses = kind / 4;
            steps_left = 0;
            post_story(world, &talk);
            cancelled = talk.ear.cancelled;
            assert_true(cancelled || talk.ear.ends == 1);
            assert_int_equal(caller_busy(world->caller), 0);
            world_teardown(&inner);
        }
    }
}

/* Between events, with sockets that are slow. */
static void cancelled_at_any_step(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 8; kind++) {
        bool cancelled = true;
        for (unsigned n = 1; cancelled; n++) {
            void *inner;
            world_setup(&inner);
            struct world *world = inner;
            struct script script = {.served = kind % 4};
            struct talk talk = talk_of("POST");

            world_open(world);
            sim_origin_heard(world->origin, origin_answers, &script);
            talk.ear.pauses = kind / 4;
            steps_left = n;
            post_story(world, &talk);
            cancelled = talk.ear.cancelled;
            assert_int_equal(caller_busy(world->caller), 0);
            world_teardown(&inner);
        }
    }
    steps_left = 0;
}

/* Before it was even told that there is no connection for it. */
static void cancelled_before_it_failed(void **state)
{
    struct world *world = *state;
    struct talk first = talk_of("GET"), second = talk_of("GET"), third = talk_of("GET");

    memory_fail_nth(1);
    talk_begin(world, &first, false);
    memory_fail_nth(1);
    talk_begin(world, &second, false);
    memory_fail_nth(1);
    talk_begin(world, &third, false);
    talk_cancel(&second.ear);
    call_cancel(&second.call);
    world_run(world);
    assert_string_equal(first.ear.heard, "truncated");
    assert_int_equal(first.call.error, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR);
    assert_string_equal(third.ear.heard, "truncated");
}

/* While it still connects. */
static void cancelled_while_it_connects(void **state)
{
    struct world *world = *state;
    struct talk talk = talk_of("POST");

    sim_origin_answers(world->origin, SIM_ORIGIN_ACCEPTS, SECOND);
    talk.request.has_content = true;
    talk_begin(world, &talk, false);
    call_send(&talk.call, STET_SPAN("abc"));
    world_pass(world, SECOND / 2);
    talk_cancel(&talk.ear);
    assert_int_equal(caller_busy(world->caller), 0);
    world_pass(world, 100 * SECOND);
}

/* One call cancels another whose turn has come. */
static struct talk *victim;

static void cancel_victim(struct ear *ear)
{
    ear->cancelled = false;
    talk_cancel(&victim->ear);
}

static void one_call_cancels_another(void **state)
{
    struct world *world = *state;
    struct talk talks[3];
    struct sim_client *ends[3];

    for (size_t i = 0; i < 3; i++)
        talk_get(world, &talks[i]);
    for (size_t i = 0; i < 3; i++)
        ends[i] = world_next(world);
    victim = &talks[1];
    talks[0].ear.cancel = talks[2].ear.cancel = cancel_victim;
    talks[0].ear.cancel_at = talks[2].ear.cancel_at = 1;
    for (size_t i = 0; i < 3; i++)
        sim_client_say(ends[i], HELLO);
    world_run(world);
    assert_string_equal(talks[0].ear.heard, "200 length [hello] complete");
    assert_string_equal(talks[2].ear.heard, "200 length [hello] complete");
}

/* ---- chaos ---- */

static struct sim_faults faults_drawn(struct sim_world *sim)
{
    return (struct sim_faults){
        .read_most = 1 + sim_world_draw(sim, 40),
        .write_most = 1 + sim_world_draw(sim, 400),
        .draw_sizes = sim_world_draw(sim, 2),
        .shuffle = true,
        .spurious = sim_world_draw(sim, 2),
        .reset_after = sim_world_draw(sim, 3) ? 0 : 20000,
    };
}

/* The answer is one of the four, all of it, if the call says so. */
static void talk_judge(const struct talk *talk)
{
    static const char *const right[] = {"200 length [hello] complete",
                                        "(103) 200 chunked [hello world] X=y complete",
                                        "200 close [until the end] complete"};
    bool found = talk->ear.end != CLIENT_COMPLETE;
    char heard[EAR_ROOM];
    const char *from = talk->ear.heard;

    while (strncmp(from, "room ", 5) == 0)
        from += 5;
    strcpy(heard, from);
    for (size_t i = 0; i < COUNT(right); i++)
        found |= strcmp(heard, right[i]) == 0;
    if (!found)
        fail_msg("%s", talk->ear.heard);
}

static void one_chaos(uint64_t seed)
{
    void *state;
    world_setup(&state);
    struct world *world = state;
    struct script script = {0};

    loop_free(world->loop);
    sim_world_free(world->sim);
    world->sim = sim_world_new(seed);
    world->loop = sim_world_loop(world->sim);
    struct sim_faults faults = faults_drawn(world->sim);
    sim_world_faults(world->sim, &faults);
    world_open(world);
    sim_origin_heard(world->origin, origin_answers, &script);
    for (size_t i = 0; i < 12; i++) {
        struct talk talk = talk_of(sim_world_draw(world->sim, 2) ? "POST" : "GET");
        talk.ear.pauses = sim_world_draw(world->sim, 2);
        steps_left = sim_world_draw(world->sim, 3) ? 0 : (unsigned)sim_world_draw(world->sim, 12);
        post_story(world, &talk);
        if (talk.ear.cancelled)
            continue;
        assert_int_equal(talk.ear.ends, 1);
        talk_judge(&talk);
        assert_true(faults.reset_after || talk.ear.end == CLIENT_COMPLETE);
    }
    world_teardown(&state);
}

static void chaos(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++)
        one_chaos(seed);
    steps_left = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(memory_may_be_out),
        cmocka_unit_test(memory_may_be_out_for_many),
        WORLD_TEST(memory_may_be_out_for_another_line),
        WORLD_TEST(memory_may_be_out_for_a_head),
        WORLD_TEST_CLOSED(memory_may_be_out_for_a_caller),
        cmocka_unit_test(cancelled_in_any_event),
        cmocka_unit_test(cancelled_at_any_step),
        WORLD_TEST(cancelled_before_it_failed),
        WORLD_TEST(cancelled_while_it_connects),
        WORLD_TEST(one_call_cancels_another),
        cmocka_unit_test(chaos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
