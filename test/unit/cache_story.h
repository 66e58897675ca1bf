/* Stories of the cache, written in lines, one step each. After each step the loops run until
 * nothing is left to do; after a step that begins with "!" they do not.
 *
 *     rule NAME [VALUE]                      of the route; as `rule collapse off`
 *     ask A[@WORKER] METHOD TARGET [+content] [+upgrade] [FIELD | FIELD ...]
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
 *     waits A; got A STATUS [TEXT]; reads A STATUS [TEXT] (more is to come); breaks A STATUS [TEXT]
 *     failed A STATUS; line A FIELD; noline A NAME; fact A NAME[=VALUE]; interims A COUNT
 *     paused N, resumed N, cancelled N, flying N; rooms A COUNT; trailers A [FIELD]
 */
#ifndef TEST_UNIT_CACHE_STORY_H
#define TEST_UNIT_CACHE_STORY_H

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
    else if (is_word(name, "letter"))
        rules->profile = stet_profile_rfc9111();
    else if (is_word(name, "noise"))
        step_noise(world, value);
    else if (is_word(name, "partition"))
        rules->partition = STET_SPAN("blue");
    else
        fail_msg("no rule %.*s", (int)name.len, name.at);
}

/* ---- expectations ---- */

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

/* ---- stories ---- */

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

static inline void stories_play(const struct story *stories, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct world world;
        world_open(&world);
        story_play(&world, &stories[i], UINT_MAX);
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
static inline void stories_play_without_memory(const struct story *stories, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (uint64_t nth = 1;; nth++) {
            struct world world;
            world_open(&world);
            world.loose = true;
            memory_fail_nth(nth);
            story_play(&world, &stories[i], UINT_MAX);
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
static inline void stories_play_with_leavers(const struct story *stories, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct world world;
        world_open(&world);
        world.loose = true;
        unsigned steps = story_play(&world, &stories[i], UINT_MAX);
        world_close(&world);
        for (unsigned at = 1; at <= steps; at++) {
            for (unsigned who = 0; who <= 3; who++) {
                struct stet_span text = stet_span_of(stories[i].text), line;
                world_open(&world);
                world.loose = true;
                world.id = stories[i].id;
                world.name = stories[i].name;
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

#endif
