/* A client's cache in a world of its own: a clock that is set, an origin that follows a script, and
 * a folder that goes. The transfers are played here, so no socket is opened. */
#ifndef TEST_UNIT_CLIENT_WORLD_H
#define TEST_UNIT_CLIENT_WORLD_H

#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cache.h"

#define WORLD_URL "http://example.org/where?q=now"
#define WORLD_NOW INT64_C(784111777) /* Sun, 06 Nov 1994 08:49:37 GMT */

/* An answer of the origin: "200\nName: value\n..."; NULL: it cannot be reached. */
struct world_answer {
    const char *head, *content;
    enum transfer_result result;
};

struct transfer {
    const struct transfer_events *events;
    void *owner;
    bool cancelled;
    struct transfer *next;
};

struct world {
    char folder[64];
    struct storage *storage;
    struct client_cache cache;
    struct transfer *open;
    const struct world_answer *answers; /* the next ones */
    size_t answer_count, asked;
    char sent[4][4096]; /* heads of requests, as lines */
    /* what the caller was told */
    int status, heads, ends;
    char head[4096], content[65536];
    size_t content_size;
    bool secure, endless; /* over TLS; the end of content is that of the connection */
    size_t enough;        /* the caller takes no more than this */
    struct cache_outcome outcome;
    struct cache_fetch *fetch;
    bool began;
};

static struct world world;
static int64_t world_clock; /* s */

static int64_t world_now(void)
{
    return world_clock * 1000000000;
}

/* ---- text ---- */

static inline void world_lines(const struct stet_head *head, char *to, size_t room)
{
    size_t at = 0;
    to[0] = '\0';
    for (size_t i = 0; i < head->count && at < room; i++)
        at += (size_t)snprintf(to + at, room - at, "%.*s: %.*s\n", (int)head->fields[i].name.len,
                               head->fields[i].name.at, (int)head->fields[i].value.len,
                               head->fields[i].value.at);
}

/* False when memory is out. */
static inline bool world_message(struct message *to, const char *text)
{
    struct stet_span rest = stet_span_of(text);
    while (rest.len) {
        const struct stet_span line = stet_span(rest.at, stet_span_find(rest, '\n'));
        const size_t colon = stet_span_find(line, ':');
        if (!message_add(to, stet_span(line.at, colon), stet_span_from(line, colon + 1)))
            return false;
        rest = stet_span_from(rest, line.len + 1);
    }
    return true;
}

/* ---- transfers ---- */

struct transfer *transfer_start(struct transfers *transfers, const struct transfer_request *request,
                                const struct transfer_events *events, void *owner)
{
    struct transfer *transfer = calloc(1, sizeof *transfer);
    (void)transfers;
    assert_non_null(transfer);
    if (world.asked < 4)
        world_lines(request->head, world.sent[world.asked], sizeof world.sent[0]);
    world.asked++;
    *transfer = (struct transfer){.events = events, .owner = owner, .next = world.open};
    world.open = transfer;
    return transfer;
}

uint16_t transfer_version(const struct transfer *transfer)
{
    (void)transfer;
    return 11;
}

void transfer_cancel(struct transfer *transfer)
{
    transfer->cancelled = true;
}

/* Content in small pieces, as a network has it. */
static inline bool world_content(struct transfer *transfer, const char *content)
{
    size_t size = content ? strlen(content) : 0;
    while (size) {
        const size_t piece = size < 3 ? size : 3;
        if (transfer->cancelled ||
            !transfer->events->content(transfer->owner, stet_span(content, piece)))
            return false;
        content += piece;
        size -= piece;
    }
    return !transfer->cancelled;
}

static inline void world_play(struct transfer *transfer, const struct world_answer *answer)
{
    struct transfer_outcome outcome = {.result = TRANSFER_CONNECT, .words = "refused"};
    struct message message = {0};

    if (answer && !answer->head && answer->result != TRANSFER_COMPLETE)
        outcome.result = answer->result;
    if (answer && answer->head) {
        const char *lines = strchr(answer->head, '\n');
        outcome = (struct transfer_outcome){.result = answer->result,
                                            .words = "",
                                            .version = 11,
                                            .secure = world.secure,
                                            .delimited = !world.endless};
        if (!world_message(&message, lines ? lines + 1 : NULL)) {
            outcome.result = TRANSFER_MEMORY;
        } else {
            transfer->events->head(transfer->owner, atoi(answer->head), &message);
            if (!world_content(transfer, answer->content))
                outcome.result = TRANSFER_CANCELLED;
        }
    }
    message_fini(&message);
    transfer->events->end(transfer->owner, &outcome);
}

bool transfers_run(struct transfers *transfers, int ms)
{
    (void)transfers, (void)ms;
    for (struct transfer *transfer; (transfer = world.open);) {
        const struct world_answer *answer = NULL;
        world.open = transfer->next;
        if (world.answer_count) {
            answer = world.answers++;
            world.answer_count--;
        }
        world_play(transfer, answer);
        free(transfer);
    }
    return true;
}

/* ---- the caller ---- */

static void world_head(void *owner, int status, const struct stet_head *head)
{
    (void)owner;
    world.status = status;
    world.heads++;
    world_lines(head, world.head, sizeof world.head);
}

static bool world_bytes(void *owner, struct stet_span bytes)
{
    (void)owner;
    assert_true(world.content_size + bytes.len < sizeof world.content);
    memcpy(world.content + world.content_size, bytes.at, bytes.len);
    world.content_size += bytes.len;
    world.content[world.content_size] = '\0';
    return world.content_size < world.enough;
}

static void world_end(void *owner, const struct cache_outcome *outcome)
{
    (void)owner;
    world.ends++;
    world.outcome = *outcome;
}

static const struct cache_events world_events = {world_head, world_bytes, world_end};

/* Asks, and lets the origin answer; `answers` are used up from the first on. */
static inline void world_ask(const struct cache_request *request,
                             const struct world_answer *answers, size_t count)
{
    world.answers = answers;
    world.answer_count = count;
    world.asked = 0;
    world.status = world.heads = world.ends = 0;
    world.head[0] = world.content[0] = '\0';
    world.content_size = 0;
    memset(world.sent, 0, sizeof world.sent);
    world.outcome = (struct cache_outcome){.source = CACHE_SOURCE_NONE};
    world.began = cache_fetch(&world.cache, request, &world_events, NULL, &world.fetch);
    transfers_run(NULL, -1);
}

/* An answer that is fresh for a minute, and one that carries it. */
#define A "200\nETag: \"a\"\nCache-Control: max-age=60\n"

static const struct world_answer answer_a = {A, "one", TRANSFER_COMPLETE};

static inline void get(const struct world_answer *answers, size_t count, bool quiet)
{
    const struct stet_head none = {0};
    const struct cache_request request = {
        .transfer = {.method = "GET", .url = WORLD_URL, .head = &none}, .quiet = quiet};
    world_ask(&request, answers, count);
}

/* ---- the world ---- */

static inline void world_open(uint64_t size_max)
{
    const char *error;
    world.storage = storage_open(world.folder, size_max, &error);
    assert_non_null(world.storage);
    world.cache.storage = world.storage;
}

static int world_init(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    snprintf(world.folder, sizeof world.folder, "/tmp/stet-client-XXXXXX");
    assert_non_null(mkdtemp(world.folder));
    world_open(16777216);
    world.cache.max_age = world.cache.stale_ok = -1;
    world.cache.now = world_now;
    world.enough = SIZE_MAX;
    world_clock = WORLD_NOW;
    return 0;
}

static int world_fini(void **state)
{
    char command[128];
    (void)state;
    storage_close(world.storage);
    snprintf(command, sizeof command, "rm -rf '%s'", world.folder);
    return system(command);
}

#endif
