/* Calls over HTTP/2 on sockets that take and give a few octets at a time, break and lie, to an
 * origin that answers, resets and leaves as it is drawn: each call ends once, or was cancelled, and
 * who is told that it went well has what the origin sent. */
#include "call_world.h"
#include "h2_origin.h"

enum { CALLS = 24, ORIGINS = 32, ROUNDS = 400, CONTENT = 30000 };

struct played {
    struct talk talk;
    size_t given; /* octets of request content */
    bool posts, begun, over;
};

struct room {
    struct world *world;
    struct played calls[CALLS];
    struct h2_origin *origins[ORIGINS];
    size_t answered[ORIGINS];
    size_t origin_count;
    char bytes[CONTENT];
    uint32_t sum;
};

static uint64_t draw(struct room *room, uint64_t below)
{
    return sim_world_draw(room->world->sim, below);
}

static void play_call(struct room *room, struct played *call)
{
    static const struct call_place place = {.host = PLACE, .port = 80, .h2c = true};

    if (!call->begun) {
        call->posts = draw(room, 3) == 0;
        call->talk = talk_of(call->posts ? "POST" : "GET");
        call->talk.request.has_content = call->posts;
        call->talk.ear.pauses = draw(room, 3) == 0;
        call->begun = true;
        talk_begin_at(room->world, &call->talk, &place, draw(room, 8) == 0);
    } else if (call->over || call->talk.ear.ends > 0) {
        return;
    } else if (draw(room, 40) == 0) {
        call_cancel(&call->talk.call);
        call->talk.ear.cancelled = call->over = true;
    } else if (call->talk.ear.pauses && draw(room, 2)) {
        call_resume(&call->talk.call);
    } else if (call->posts && call->given < CONTENT) {
        size_t part = 1 + draw(room, CONTENT - call->given);
        call_send(&call->talk.call, stet_span(room->bytes + call->given, part));
        call->given += part;
        if (call->given == CONTENT)
            call_finish(&call->talk.call);
    }
}

static void play_origin(struct room *room, size_t number)
{
    struct h2_origin *origin = room->origins[number];
    size_t *next = &room->answered[number];

    if (*next == origin->count)
        return;
    if (draw(room, 30) == 0)
        h2_origin_leave(origin, origin->asked[*next].id, NGHTTP2_NO_ERROR);
    if (draw(room, 12) == 0)
        h2_origin_reset(origin, *next, draw(room, 2) ? NGHTTP2_REFUSED_STREAM : NGHTTP2_CANCEL);
    else if (draw(room, 6) == 0)
        h2_origin_answer(origin, *next, ":status=204", NULL, 0);
    else
        h2_origin_answer(origin, *next, ":status=200&content-length=30000", room->bytes, CONTENT);
    ++*next;
}

static void play_round(struct room *room)
{
    struct sim_client *end;

    while (room->origin_count < ORIGINS && (end = sim_origin_next(room->world->origin)))
        room->origins[room->origin_count++] = h2_origin_new(end, (uint32_t)draw(room, 6));
    play_call(room, &room->calls[draw(room, CALLS)]);
    if (room->origin_count > 0)
        play_origin(room, draw(room, room->origin_count));
    if (draw(room, 4) == 0)
        world_run(room->world);
}

/* Who was told that it went well has all of it. */
static void judge(struct room *room, struct played *call)
{
    const struct ear *ear = &call->talk.ear;

    if (!call->begun || call->over || ear->ends == 0)
        return;
    assert_int_equal(ear->ends, 1);
    if (ear->end == CLIENT_COMPLETE && ear->status == 200) {
        assert_int_equal(ear->content, CONTENT);
        assert_true(ear->sum == room->sum);
    }
    assert_true(ear->end != CLIENT_MALFORMED);
    assert_true((ear->end == CLIENT_COMPLETE) == (call->talk.call.error == STET_PROXY_ERROR_NONE));
    assert_false(call->talk.call.refused && call->talk.call.heard);
    call->over = true;
}

static void play(uint64_t seed, const struct sim_faults *faults)
{
    struct room *room = calloc(1, sizeof *room);
    void *state;

    world_setup(&state);
    room->world = state;
    loop_free(room->world->loop);
    sim_world_free(room->world->sim);
    room->world->sim = sim_world_new(seed);
    room->world->loop = sim_world_loop(room->world->sim);
    sim_world_faults(room->world->sim, faults);
    world_open(room->world);
    for (size_t i = 0; i < CONTENT; i++) {
        room->bytes[i] = (char)(i * 13 + i / 97);
        room->sum = room->sum * 31 + (unsigned char)room->bytes[i];
    }
    for (size_t i = 0; i < ROUNDS; i++)
        play_round(room);
    world_run(room->world);
    for (size_t i = 0; i < CALLS; i++) {
        struct played *call = &room->calls[i];
        judge(room, call);
        if (call->begun && !call->over)
            call_cancel(&call->talk.call);
    }
    world_pass(room->world, 10 * SECOND);
    for (size_t i = 0; i < room->origin_count; i++)
        h2_origin_free(room->origins[i]);
    world_teardown(&state);
    free(room);
}

static void play_seeds(const struct sim_faults *faults)
{
    for (uint64_t seed = 1; seed <= 60; seed++)
        play(seed, faults);
}

static void plainly(void **state)
{
    static const struct sim_faults faults;
    (void)state;
    play_seeds(&faults);
}

static void in_pieces(void **state)
{
    static const struct sim_faults faults = {.read_most = 2000,
                                             .write_most = 3000,
                                             .draw_sizes = true,
                                             .shuffle = true,
                                             .spurious = true};
    (void)state;
    play_seeds(&faults);
}

static void by_octets(void **state)
{
    static const struct sim_faults faults = {.read_most = 9, .write_most = 40, .draw_sizes = true};
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++)
        play(seed, &faults);
}

static void with_resets(void **state)
{
    static const struct sim_faults faults = {.read_most = 5000,
                                             .write_most = 5000,
                                             .draw_sizes = true,
                                             .reset_after = 60000,
                                             .spurious = true};
    (void)state;
    play_seeds(&faults);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plainly),
        cmocka_unit_test(in_pieces),
        cmocka_unit_test(by_octets),
        cmocka_unit_test(with_resets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
