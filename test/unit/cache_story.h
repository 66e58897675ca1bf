/* Stories of the cache, written in lines, one step each. After each step the loops run until
 * nothing is left to do; after a step that begins with "!" they do not.
 *
 *     rule NAME [VALUE]                      of the route; as `rule collapse off`
 *     ask A[@WORKER] METHOD TARGET [+content] [+upgrade] [+early] [FIELD | FIELD ...]
 *     opened A                               its handshake is over
 *     send A TEXT, finish A                  request content, and its end
 *     head N STATUS LENGTH [FIELD | ...]     of fetch N; LENGTH: a number, "-" unknown, "none",
 *                                            "none=7" announced but not sent, "tunnel"
 *     body N TEXT, end N, cut N              N octets as *N
 *     interim N STATUS [FIELD], room N, fail N ERROR
 *     stall A, read A, forget A, moody A (leaves as soon as it is told something), advance 100ms
 *     keep A                                 its ETag; $ in later lines
 *     purge SCOPE soft|hard [TEXT] = COUNT
 *
 * and what is expected:
 *
 *     fetches COUNT; sent N METHOD TARGET; sent N has FIELD; sent N lacks NAME; uploads N TEXT
 *     waits A; early A (for its handshake); got A STATUS [TEXT]; reads A STATUS [TEXT] (more is to
 *     come); breaks A STATUS [TEXT]
 *     failed A STATUS; line A FIELD; noline A NAME; fact A NAME[=VALUE]; interims A COUNT
 *     paused N, resumed N, cancelled N, flying N; rooms A COUNT; trailers A [FIELD]
 */
#ifndef TEST_UNIT_CACHE_STORY_H
#define TEST_UNIT_CACHE_STORY_H

#include "cache_expect.h"

static inline void step_purge(struct world *world, struct stet_span line)
{
    static const char *const names[] = {"url", "prefix", "match", "group", "all"};
    struct stet_span name = next_word(&line), how = next_word(&line);
    struct stet_span text = is_word(name, "all") ? STET_SPAN_NONE : next_word(&line);
    const struct cache_purge_way way = {is_word(how, "hard"),
                                        loop_now(world->loops[0]) / (1000 * MS)};
    const char *error = NULL;
    size_t scope = 0;

    while (!is_word(name, names[scope]))
        assert_true(++scope < COUNT(names));
    int64_t count = cache_purge(world->cache, (enum cache_purge_scope)scope, text, &way, &error);
    assert_int_equal(count < 0, error != NULL);
    next_word(&line); /* "=" */
    struct stet_span wanted = next_word(&line);
    if (is_word(wanted, "error"))
        expect(world, count < 0);
    else if (!world->loose && (count < 0 || (uint64_t)count != number_of(wanted)))
        fail_msg("%s (%s): \"%s\": %" PRId64 " %s", world->id, world->name, world->step, count,
                 error ? error : "");
}

struct verb {
    const char *name;
    void (*step)(struct world *world, struct stet_span line);
};

static const struct verb verbs[] = {
    {"rule", step_rule},           {"ask", step_ask},       {"send", step_send},
    {"finish", step_finish},       {"head", step_head},     {"interim", step_interim},
    {"body", step_body},           {"end", step_end},       {"cut", step_cut},
    {"fail", step_fail},           {"room", step_room},     {"stall", step_stall},
    {"read", step_read},           {"forget", step_forget}, {"advance", step_advance},
    {"fetches", step_fetches},     {"sent", step_sent},     {"uploads", step_uploads},
    {"waits", step_waits},         {"got", step_got},       {"reads", step_reads},
    {"breaks", step_breaks},       {"failed", step_failed}, {"line", step_line},
    {"noline", step_noline},       {"keep", step_keep},     {"fact", step_fact},
    {"interims", step_interims},   {"moody", step_moody},   {"trailers", step_trailers},
    {"rooms", step_rooms},         {"paused", step_paused}, {"resumed", step_resumed},
    {"cancelled", step_cancelled}, {"flying", step_flying}, {"purge", step_purge},
    {"opened", step_opened},       {"early", step_early},
};

/* A line with what was kept in place of each $. */
static inline void line_fill(const struct world *world, struct stet_span from, char *to)
{
    size_t len = 0;
    for (size_t i = 0; i < from.len; i++) {
        if (from.at[i] == '$')
            len += (size_t)snprintf(to + len, WORLD_LINE - len, "%s", world->kept);
        else
            to[len++] = from.at[i];
        assert_true(len < WORLD_LINE);
    }
    to[len] = '\0';
}

static inline void world_step(struct world *world, struct stet_span text)
{
    char line[WORLD_LINE];
    line_fill(world, text, line);
    struct stet_span rest = stet_span_of(line), name = next_word(&rest);
    bool at_once = name.len > 0 && name.at[0] == '!';
    name = stet_span_from(name, at_once);
    world->step = line;
    for (size_t i = 0; i < COUNT(verbs); i++) {
        if (!is_word(name, verbs[i].name))
            continue;
        verbs[i].step(world, rest);
        if (!at_once)
            sim_world_run_until_idle(world->sim);
        return;
    }
    fail_msg("%s (%s): what does \"%s\" mean?", world->id, world->name, line);
}

struct story {
    const char *id;
    const char *name;
    const char *text;
};

/* The next line of a story that is not empty; false at its end. */
static inline bool story_next(struct stet_span *text, struct stet_span *line)
{
    do {
        if (text->len == 0)
            return false;
        *line = stet_span(text->at, stet_span_find(*text, '\n'));
        *text = stet_span_from(*text, line->len + 1);
    } while (line->len == 0);
    return true;
}

/* Plays it, up to `steps` lines. */
static inline unsigned story_play(struct world *world, const struct story *story, unsigned steps)
{
    struct stet_span text = stet_span_of(story->text), line;
    unsigned done = 0;
    world->id = story->id;
    world->name = story->name;
    while (done < steps && story_next(&text, &line)) {
        world_step(world, line);
        done++;
    }
    return done;
}

/* The stories of a file. */
struct tale {
    const struct story *stories;
    size_t count;
};

static inline void tale_told(void **state)
{
    const struct tale *tale = *state;
    for (size_t i = 0; i < tale->count; i++) {
        struct world world;
        world_open(&world);
        story_play(&world, &tale->stories[i], UINT_MAX);
        world_close(&world);
    }
}

/* Whatever is still open comes to an end; then nobody may be left waiting. */
static inline void world_finish(struct world *world)
{
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < world->count; i++)
            if (world->fetches[i].fetch)
                origin_end(&world->fetches[i], CLIENT_TRUNCATED,
                           STET_PROXY_ERROR_CONNECTION_TERMINATED, NULL);
        sim_world_advance(world->sim, 6000 * MS);
    }
    for (unsigned i = 0; i < WORLD_ASKERS; i++)
        if (world->askers[i].state == ASKER_WAITS)
            fail_msg("%s (%s): %c waits for ever", world->id, world->name, (char)('a' + i));
}

/* Each story with each of its allocations failing. */
static inline void tale_without_memory(void **state)
{
    const struct tale *tale = *state;
    for (size_t i = 0; i < tale->count; i++) {
        for (uint64_t nth = 1;; nth++) {
            struct world world;
            world_open(&world);
            world.loose = true;
            memory_fail_nth(nth);
            story_play(&world, &tale->stories[i], UINT_MAX);
            bool over = memory_count() < nth;
            memory_fail_nth(0);
            world_finish(&world);
            world_close(&world);
            if (over)
                break;
        }
    }
}

/* Each story, with each asker leaving after each of its steps; and broken off there. */
static inline void tale_with_leavers(void **state)
{
    const struct tale *tale = *state;
    for (size_t i = 0; i < tale->count; i++) {
        struct world world;
        world_open(&world);
        world.loose = true;
        unsigned steps = story_play(&world, &tale->stories[i], UINT_MAX);
        world_close(&world);
        for (unsigned at = 1; at <= steps; at++) {
            for (unsigned who = 0; who <= 3; who++) {
                struct stet_span text = stet_span_of(tale->stories[i].text), line;
                world_open(&world);
                world.loose = true;
                world.id = tale->stories[i].id;
                world.name = tale->stories[i].name;
                for (unsigned step = 1; story_next(&text, &line); step++) {
                    world_step(&world, line);
                    if (step == at)
                        asker_forget(&world.askers[who]);
                    if (step == at && who == 3)
                        break;
                }
                world_finish(&world);
                world_close(&world);
            }
        }
    }
}

#define TALE_TEST(tale, test)                                 \
    {                                                         \
#test, test, NULL, NULL, (void *)(uintptr_t) & (tale) \
    }

/* The three tests of a tale. */
#define TALE_TESTS(tale)                                              \
    TALE_TEST(tale, tale_told), TALE_TEST(tale, tale_without_memory), \
        TALE_TEST(tale, tale_with_leavers)

#endif
