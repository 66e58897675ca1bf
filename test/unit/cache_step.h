/* The steps of the cache's stories: what askers, the origin and the clock do (cache_story.h says
 * how they are written). */
#ifndef TEST_UNIT_CACHE_STEP_H
#define TEST_UNIT_CACHE_STEP_H

#include "cache_world.h"

/* ---- reading a story ---- */

#define expect(world, condition)                                                       \
    do {                                                                               \
        if (!(world)->loose && !(condition))                                           \
            fail_msg("%s (%s): \"%s\": %s", (world)->id, (world)->name, (world)->step, \
                     #condition);                                                      \
    } while (0)

/* The next word of a line; empty at its end. */
static inline struct stet_span next_word(struct stet_span *line)
{
    while (line->len && *line->at == ' ')
        *line = stet_span_from(*line, 1);
    struct stet_span word = stet_span(line->at, stet_span_find(*line, ' '));
    *line = stet_span_from(*line, word.len);
    while (line->len && *line->at == ' ')
        *line = stet_span_from(*line, 1);
    return word;
}

static inline uint64_t number_of(struct stet_span word)
{
    uint64_t number = 0;
    if (!stet_span_number(word, UINT64_MAX, &number))
        fail_msg("\"%.*s\" is no number", (int)word.len, word.at);
    return number;
}

static inline bool is_word(struct stet_span word, const char *text)
{
    return stet_span_equal(word, stet_span_of(text));
}

/* Fields divided by " | ", as lines divided by LF, in place. */
static inline void fields_divide(char *text)
{
    for (char *at = text; (at = strstr(at, " | ")) != NULL; at += 3) {
        at[0] = '\n';
        memmove(at + 1, at + 3, strlen(at + 3) + 1);
    }
}

static inline struct asker *world_asker(struct world *world, struct stet_span word)
{
    assert_true(word.len >= 1 && word.at[0] >= 'a' && word.at[0] <= 'z');
    return &world->askers[word.at[0] - 'a'];
}

/* NULL in a loose world, if it is over or never was. */
static inline struct origin_fetch *world_fetch(struct world *world, struct stet_span word)
{
    uint64_t index = number_of(word);
    bool open = index < world->count && world->fetches[index].fetch;
    expect(world, open);
    return open ? &world->fetches[index] : NULL;
}

/* ---- steps ---- */

static inline const struct forward_client *asker_client(struct cache_query *query)
{
    return &asker_of(query)->client;
}

static const struct cache_events asker_events = {asker_ready, asker_interim, asker_more, asker_room,
                                                 asker_client};

/* Asks what `line` says; `room` is for what it will get. */
static inline void asker_ask(struct asker *asker, unsigned worker, struct stet_span line,
                             size_t room)
{
    struct world *world = asker->world;
    struct cache_query *query = &asker->query;

    *asker = (struct asker){.world = world, .left = UINT64_MAX, .worker = worker};
    asker->text = malloc(room);
    asker->line = text_copy(line);
    assert_non_null(asker->text);
    struct stet_span rest = stet_span_of(asker->line);
    struct stet_span method = next_word(&rest), target = next_word(&rest);
    while (rest.len && rest.at[0] == '+') {
        struct stet_span flag = next_word(&rest);
        query->content |= is_word(flag, "+content");
        query->upgrade |= is_word(flag, "+upgrade");
        query->early |= is_word(flag, "+early");
    }
    fields_divide(asker->line + (rest.at - asker->line));
    size_t path = stet_span_find(target, '?');
    asker->request = message_request(&asker->message, "GET", rest.at);
    asker->request.method = stet_method_of(method);
    asker->request.method_name = method;
    asker->request.target = target;
    asker->request.path = stet_span(target.at, path);
    asker->request.query = path < target.len ? stet_span_from(target, path + 1) : STET_SPAN_NONE;
    asker->client = (struct forward_client){STET_SPAN("192.0.2.1"), STET_SPAN("1.1"), false};
    arena_init(&asker->arena, 65536);
    query->request = &asker->request;
    query->route = &world->routes[asker->worker];
    query->events = &asker_events;
    query->arena = &asker->arena;
    asker_find(asker);
}

static inline void step_ask(struct world *world, struct stet_span line)
{
    struct stet_span who = next_word(&line);
    struct asker *asker = world_asker(world, who);

    asker_forget(asker);
    free(asker->line);
    free(asker->text);
    asker_ask(asker, who.len > 2 ? (unsigned)(who.at[2] - '0') : 0, line, WORLD_TEXT);
}

/* Its handshake is over. */
static inline void step_opened(struct world *world, struct stet_span line)
{
    struct asker *asker = world_asker(world, next_word(&line));

    if (asker->state == ASKER_ABSENT || asker->state == ASKER_GONE)
        return;
    asker->query.early = false;
    if (asker->state == ASKER_EARLY)
        asker_find(asker);
}

static inline void step_send(struct world *world, struct stet_span line)
{
    struct asker *asker = world_asker(world, next_word(&line));
    if (asker->state != ASKER_ABSENT && asker->state != ASKER_GONE)
        cache_content(&asker->query, line);
}

static inline void step_finish(struct world *world, struct stet_span line)
{
    struct asker *asker = world_asker(world, next_word(&line));
    const struct stet_head none = {NULL, 0, {0}};
    if (asker->state != ASKER_ABSENT && asker->state != ASKER_GONE)
        cache_content_end(&asker->query, &none);
}

static inline struct response_framing framing_of(struct stet_span word)
{
    struct response_framing framing = {.persistent = true, .version = 11};
    if (is_word(word, "-")) {
        framing.content = RESPONSE_DELIMITED;
    } else if (is_word(word, "none")) {
        framing.content = RESPONSE_NO_CONTENT;
    } else if (is_word(word, "tunnel")) {
        framing.content = RESPONSE_TUNNEL;
    } else {
        bool none = stet_span_starts(word, STET_SPAN("none="));
        framing.content = none ? RESPONSE_NO_CONTENT : RESPONSE_LENGTH;
        framing.has_length = true;
        framing.length = number_of(none ? stet_span_from(word, 5) : word);
    }
    return framing;
}

static inline void step_head(struct world *world, struct stet_span line)
{
    struct origin_fetch *origin = world_fetch(world, next_word(&line));
    int status = (int)number_of(next_word(&line));
    struct stet_span length = next_word(&line);
    struct response_framing framing = framing_of(length);
    struct message message;
    char text[WORLD_LINE];

    if (!origin || origin->headed)
        return;
    snprintf(text, sizeof text, "%.*s", (int)line.len, line.len ? line.at : "");
    fields_divide(text);
    if (framing.has_length)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%sContent-Length: %" PRIu64,
                 text[0] ? "\n" : "", framing.length);
    /* what was sent must still be there [origin/upstream.h] */
    struct origin_fetch check = {.fetch = origin->fetch};
    origin_read_request(&check);
    assert_string_equal(check.request_text, origin->request_text);
    free(check.request_text);
    struct stet_response response = message_response(&message, status, text);
    struct fetch *fetch = origin->fetch;
    origin->headed = true;
    origin->status = status;
    origin->length = framing.has_length ? framing.length : UINT64_MAX;
    fetch->events->head(fetch->owner, &response, &framing);
    memset(text, '#', sizeof text);
    memset(&message, '#', sizeof message);
}

static inline void step_interim(struct world *world, struct stet_span line)
{
    struct origin_fetch *origin = world_fetch(world, next_word(&line));
    int status = (int)number_of(next_word(&line));
    char text[WORLD_LINE];
    struct message message;

    snprintf(text, sizeof text, "%.*s", (int)line.len, line.len ? line.at : "");
    struct stet_response response = message_response(&message, status, text);
    if (origin && !origin->headed)
        origin->fetch->events->interim(origin->fetch->owner, &response);
}

static inline void origin_give(struct origin_fetch *origin, struct stet_span bytes)
{
    struct fetch *fetch = origin->fetch;
    if (!fetch || !origin->headed || bytes.len == 0 || origin->paused)
        return;
    origin->given = realloc(origin->given, origin->given_len + bytes.len);
    assert_non_null(origin->given);
    memcpy(origin->given + origin->given_len, bytes.at, bytes.len);
    origin->given_len += bytes.len;
    if (!fetch->events->content(fetch->owner, bytes))
        origin->paused = true;
}

/* Octets that tell where they are: the alphabet over and over. */
static inline char pattern_at(size_t at)
{
    return (char)('a' + at % 26);
}

static inline void step_body(struct world *world, struct stet_span line)
{
    struct origin_fetch *origin = world_fetch(world, next_word(&line));
    if (!origin)
        return;
    if (line.len == 0 || line.at[0] != '*') {
        char *bytes = text_copy(line);
        origin_give(origin, line.len ? stet_span(bytes, line.len) : line);
        free(bytes);
        return;
    }
    size_t size = (size_t)number_of(stet_span_from(line, 1));
    char *bytes = malloc(size);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = pattern_at(i);
    origin_give(origin, stet_span(bytes, size));
    free(bytes);
}

static inline void origin_end(struct origin_fetch *origin, enum client_end end,
                              enum stet_proxy_error error, const char *trailers)
{
    struct message message;
    struct fetch *fetch = origin->fetch;
    fetch->call.error = error;
    origin->fetch = NULL; /* it may be freed, or started again */
    fetch->events->end(fetch->owner, end, message_head(&message, trailers));
}

static inline void step_end(struct world *world, struct stet_span line)
{
    struct origin_fetch *origin = world_fetch(world, next_word(&line));
    char text[WORLD_LINE];
    snprintf(text, sizeof text, "%.*s", (int)line.len, line.len ? line.at : "");
    if (!origin || !origin->headed)
        return;
    origin->whole = true;
    if (origin->fetch)
        origin_end(origin, CLIENT_COMPLETE, STET_PROXY_ERROR_NONE, text);
}

static inline void step_cut(struct world *world, struct stet_span line)
{
    struct origin_fetch *origin = world_fetch(world, next_word(&line));
    if (origin)
        origin_end(origin, CLIENT_TRUNCATED, STET_PROXY_ERROR_HTTP_RESPONSE_INCOMPLETE, NULL);
}

static inline void step_fail(struct world *world, struct stet_span line)
{
    struct origin_fetch *origin = world_fetch(world, next_word(&line));
    struct stet_span word = next_word(&line);
    int error = 1;
    while (error < STET_PROXY_ERROR_COUNT &&
           !stet_span_equal(stet_proxy_error_token((enum stet_proxy_error)error), word))
        error++;
    assert_true(error < STET_PROXY_ERROR_COUNT);
    if (origin && !origin->headed)
        origin_end(origin, CLIENT_TRUNCATED, (enum stet_proxy_error)error, NULL);
}

static inline void step_room(struct world *world, struct stet_span line)
{
    struct origin_fetch *origin = world_fetch(world, next_word(&line));
    if (origin)
        origin->fetch->events->room(origin->fetch->owner);
}

static inline void step_stall(struct world *world, struct stet_span line)
{
    world_asker(world, next_word(&line))->stalls = true;
}

static inline void step_read(struct world *world, struct stet_span line)
{
    struct asker *asker = world_asker(world, next_word(&line));
    asker->stalls = false;
    asker_read(asker);
}

static inline void step_moody(struct world *world, struct stet_span line)
{
    world_asker(world, next_word(&line))->moody = true;
}

static inline void step_forget(struct world *world, struct stet_span line)
{
    asker_forget(world_asker(world, next_word(&line)));
}

static inline void step_advance(struct world *world, struct stet_span line)
{
    struct stet_span word = next_word(&line);
    bool ms = word.len > 2 && word.at[word.len - 2] == 'm';
    uint64_t number = number_of(stet_span(word.at, word.len - (ms ? 2 : 1)));
    sim_world_advance(world->sim, (int64_t)number * (ms ? MS : 1000 * MS));
    world_turn(world);
}

/* ---- rules ---- */

static inline void step_noise(struct world *world, struct stet_span pattern)
{
    char message[PATTERN_MESSAGE];
    size_t fault;
    if (pattern.len == 0)
        pattern = STET_SPAN("csrf=[0-9a-f]+");
    noise_free(world->noise);
    world->noise = noise_new(&pattern, 1, message, &fault);
    world->rules.noise = world->noise;
}

static inline void step_rule(struct world *world, struct stet_span line)
{
    struct cache_rules *rules = &world->rules;
    struct stet_span name = next_word(&line), value = next_word(&line);
    bool on = !is_word(value, "off");

    if (is_word(name, "off"))
        rules->off = true;
    else if (is_word(name, "collapse"))
        rules->collapse = on;
    else if (is_word(name, "synthesize"))
        rules->synthesize = on;
    else if (is_word(name, "fill"))
        rules->fill_on_conditional = on;
    else if (is_word(name, "hold"))
        rules->validate_up_to = number_of(value);
    else if (is_word(name, "object"))
        rules->object_max = number_of(value);
    else if (is_word(name, "wait"))
        rules->wait_timeout = (uint32_t)number_of(value);
    else if (is_word(name, "alone"))
        rules->alone = (uint32_t)number_of(value);
    else if (is_word(name, "early"))
        world->forward.early_data = on;
    else if (is_word(name, "letter"))
        rules->profile = stet_profile_rfc9111();
    else if (is_word(name, "noise"))
        step_noise(world, value);
    else if (is_word(name, "partition"))
        rules->partition = STET_SPAN("blue");
    else
        fail_msg("no rule %.*s", (int)name.len, name.at);
}

#endif
