/* What the cache's stories expect after a step (cache_story.h says how it is written). */
#ifndef TEST_UNIT_CACHE_EXPECT_H
#define TEST_UNIT_CACHE_EXPECT_H

#include "cache_step.h"

static inline void step_fetches(struct world *world, struct stet_span line)
{
    uint64_t count = number_of(next_word(&line));
    if (!world->loose && world->count != count)
        fail_msg("%s (%s): %u fetches, not %" PRIu64, world->id, world->name, world->count, count);
}

/* A line of a block, "Name: value" in any case. */
static inline bool block_has(const char *block, struct stet_span line)
{
    char wanted[WORLD_LINE];
    snprintf(wanted, sizeof wanted, "\r\n%.*s\r\n", (int)line.len, line.at);
    return strcasestr(block, wanted) != NULL;
}

static inline bool block_names(const char *block, struct stet_span name)
{
    char wanted[WORLD_LINE];
    snprintf(wanted, sizeof wanted, "\r\n%.*s:", (int)name.len, name.at);
    return strcasestr(block, wanted) != NULL;
}

static inline void step_sent(struct world *world, struct stet_span line)
{
    uint64_t index = number_of(next_word(&line));
    struct stet_span rest = line, verb = next_word(&rest);
    expect(world, index < world->count);
    if (index >= world->count)
        return;
    const char *text = world->fetches[index].request_text;
    if (is_word(verb, "has"))
        expect(world, block_has(text, rest));
    else if (is_word(verb, "lacks"))
        expect(world, !block_names(text, rest));
    else
        expect(world, stet_span_starts(stet_span_of(text), line) && text[line.len] == '\r');
}

static inline void step_uploads(struct world *world, struct stet_span line)
{
    struct origin_fetch *origin = &world->fetches[number_of(next_word(&line))];
    expect(world, origin->uploaded && is_word(line, origin->uploaded));
}

static inline void step_waits(struct world *world, struct stet_span line)
{
    expect(world, world_asker(world, next_word(&line))->state == ASKER_WAITS);
}

static inline void step_early(struct world *world, struct stet_span line)
{
    expect(world, world_asker(world, next_word(&line))->state == ASKER_EARLY);
}

static inline bool text_is(const struct asker *asker, struct stet_span wanted)
{
    if (wanted.len == 0 || wanted.at[0] != '*')
        return stet_span_equal(stet_span(asker->text, asker->text_len), wanted);
    size_t size = (size_t)number_of(stet_span_from(wanted, 1));
    for (size_t i = 0; i < asker->text_len && i < size; i++)
        if (asker->text[i] != pattern_at(i))
            return false;
    return asker->text_len == size;
}

static inline struct asker *expect_found(struct world *world, struct stet_span *line)
{
    struct asker *asker = world_asker(world, next_word(line));
    int status = (int)number_of(next_word(line));
    expect(world, asker->state == ASKER_FOUND);
    if (!world->loose && asker->status != status)
        fail_msg("%s (%s): \"%s\": status %d", world->id, world->name, world->step, asker->status);
    expect(world, text_is(asker, *line));
    return asker;
}

/* Whatever fails: an answer that seems whole is one that the origin has given, or put together from
 * parts. */
static inline bool world_has_given(const struct world *world, const struct asker *asker)
{
    for (unsigned i = 0; i < world->count; i++) {
        const struct origin_fetch *origin = &world->fetches[i];
        if (origin->status == 206 ||
            ((origin->whole || origin->given_len == origin->length) &&
             origin->given_len == asker->text_len &&
             (!origin->given_len || !memcmp(origin->given, asker->text, asker->text_len))))
            return true;
    }
    return false;
}

static inline void step_got(struct world *world, struct stet_span line)
{
    struct asker *asker = expect_found(world, &line);
    expect(world, asker->ended && !asker->broken);
    if (world->loose && asker->state == ASKER_FOUND && asker->ended && !asker->broken &&
        asker->status == 200 && asker->request.method == STET_METHOD_GET &&
        !world_has_given(world, asker))
        fail_msg("%s (%s): \"%s\": wrong content", world->id, world->name, world->step);
}

static inline void step_reads(struct world *world, struct stet_span line)
{
    struct asker *asker = expect_found(world, &line);
    expect(world, !asker->ended && !asker->broken);
}

static inline void step_breaks(struct world *world, struct stet_span line)
{
    struct asker *asker = expect_found(world, &line);
    expect(world, asker->broken);
}

static inline void step_failed(struct world *world, struct stet_span line)
{
    struct asker *asker = world_asker(world, next_word(&line));
    int status = (int)number_of(next_word(&line));
    expect(world, asker->state == ASKER_FAILED && asker->status == status);
}

static inline char *asker_block(const struct asker *asker)
{
    char *text = malloc(asker->block.len + 3);
    assert_non_null(text);
    memcpy(text, "\r\n", 2);
    memcpy(text + 2, asker->block.at, asker->block.len);
    text[asker->block.len + 2] = '\0';
    return text;
}

static inline void step_line(struct world *world, struct stet_span line)
{
    struct asker *asker = world_asker(world, next_word(&line));
    if (asker->state != ASKER_FOUND)
        return;
    char *block = asker_block(asker);
    if (!world->loose && !block_has(block, line))
        fail_msg("%s (%s): \"%s\" is not in%s", world->id, world->name, world->step, block);
    free(block);
}

static inline void step_noline(struct world *world, struct stet_span line)
{
    struct asker *asker = world_asker(world, next_word(&line));
    if (asker->state != ASKER_FOUND)
        return;
    char *block = asker_block(asker);
    if (!world->loose && block_names(block, line))
        fail_msg("%s (%s): \"%s\" is in%s", world->id, world->name, world->step, block);
    free(block);
}

static inline void step_trailers(struct world *world, struct stet_span line)
{
    struct asker *asker = world_asker(world, next_word(&line));
    char text[WORLD_LINE];
    if (asker->state != ASKER_FOUND)
        return;
    snprintf(text, sizeof text, "%.*s\r\n", (int)line.len, line.len ? line.at : "");
    expect(world, stet_span_equal(asker->trailers, line.len ? stet_span_of(text) : line));
}

static inline void step_keep(struct world *world, struct stet_span line)
{
    struct asker *asker = world_asker(world, next_word(&line));
    if (asker->state != ASKER_FOUND)
        return;
    struct stet_span tag = asker->representation->etag_text;
    expect(world, tag.len > 0);
    snprintf(world->kept, sizeof world->kept, "%.*s", (int)tag.len, tag.len ? tag.at : "");
}

static inline void fact_write(const struct cache_facts *facts, struct stet_span name, char *to,
                              size_t room)
{
    struct stet_span word = STET_SPAN_NONE;
    if (is_word(name, "hit"))
        word = facts->hit ? STET_SPAN("yes") : STET_SPAN("no");
    else if (is_word(name, "stored"))
        word = facts->stored ? STET_SPAN("yes") : STET_SPAN("no");
    else if (is_word(name, "collapsed"))
        word = facts->collapsed ? STET_SPAN("yes") : STET_SPAN("no");
    else if (is_word(name, "synthesized"))
        word = facts->synthesized ? STET_SPAN("yes") : STET_SPAN("no");
    else if (is_word(name, "fwd"))
        word = stet_forward_token(facts->forward);
    else if (is_word(name, "detail"))
        word = stet_reason_word(facts->reason);
    else if (is_word(name, "storing"))
        word = stet_reason_word(facts->storing);
    else if (is_word(name, "error"))
        word = stet_proxy_error_token(facts->error);
    else if (is_word(name, "hop"))
        word = facts->next_hop;
    snprintf(to, room, "%.*s", (int)word.len, word.len ? word.at : "");
    if (is_word(name, "fwd-status"))
        snprintf(to, room, "%d", facts->forward_status);
    else if (is_word(name, "age"))
        snprintf(to, room, facts->has_age ? "%" PRIu32 : "none", facts->age);
    else if (is_word(name, "ttl"))
        snprintf(to, room, facts->has_ttl ? "%" PRId64 : "none", facts->ttl);
}

static inline void step_fact(struct world *world, struct stet_span line)
{
    struct asker *asker = world_asker(world, next_word(&line));
    char is[128];
    if (asker->state == ASKER_GONE || asker->state == ASKER_ABSENT)
        return;
    while (line.len) {
        struct stet_span pair = next_word(&line);
        size_t equals = stet_span_find(pair, '=');
        fact_write(&asker->query.facts, stet_span(pair.at, equals), is, sizeof is);
        if (!world->loose && !is_word(stet_span_from(pair, equals + 1), is))
            fail_msg("%s (%s): \"%s\": %.*s is %s", world->id, world->name, world->step,
                     (int)pair.len, pair.at, is);
    }
}

static inline void step_interims(struct world *world, struct stet_span line)
{
    struct asker *asker = world_asker(world, next_word(&line));
    expect(world, asker->interims == number_of(next_word(&line)));
}

static inline void step_rooms(struct world *world, struct stet_span line)
{
    struct asker *asker = world_asker(world, next_word(&line));
    expect(world, asker->rooms == number_of(next_word(&line)));
}

static inline void step_paused(struct world *world, struct stet_span line)
{
    expect(world, world->fetches[number_of(next_word(&line))].paused);
}

static inline void step_resumed(struct world *world, struct stet_span line)
{
    struct origin_fetch *origin = &world->fetches[number_of(next_word(&line))];
    expect(world, origin->resumed && !origin->paused);
}

static inline void step_cancelled(struct world *world, struct stet_span line)
{
    expect(world, world->fetches[number_of(next_word(&line))].cancelled);
}

static inline void step_flying(struct world *world, struct stet_span line)
{
    expect(world, world->fetches[number_of(next_word(&line))].fetch);
}

#endif
