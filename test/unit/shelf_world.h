/* A shelf for tests: puts and looks written as text, on a clock that stands still. */
#ifndef TEST_UNIT_SHELF_WORLD_H
#define TEST_UNIT_SHELF_WORLD_H

#include "cache/shelf.h"
#include "cache/shelf_head.h"
#include "stet/uri.h"

#include "message.h"
#include "table.h"

#define SHELF_URL "http://example.org/where"

struct shelf_world {
    struct store *store;
    struct shelf shelf;
    struct cache_rules rules;
    int64_t now; /* steady clock; the wall clock shows MESSAGE_DATE_AT at 0 */
};

/* With so many octets for all that is stored. */
static inline void shelf_world_init_small(struct shelf_world *world, uint64_t budget)
{
    static const uint64_t seed[2] = {21, 42};
    *world = (struct shelf_world){.store = store_mem_new(budget, 1 << 22, seed),
                                  .rules = cache_rules_default()};
    world->rules.profile.ranges = true;
    world->rules.profile.validates_bare = true;
    world->shelf = (struct shelf){world->store, {seed[0], seed[1]}, groups_new(world->store, seed)};
}

static inline void shelf_world_init(struct shelf_world *world)
{
    shelf_world_init_small(world, 1 << 24);
}

static inline void shelf_world_fini(struct shelf_world *world)
{
    groups_free(world->shelf.groups);
    store_free(world->store);
}

/* A request, and the look that belongs to it. */
struct asking {
    struct message message;
    struct stet_request request;
    struct stet_asked asked;
    struct shelf_key key;
    struct shelf_ask ask;
    char room[1024];
};

/* `fields` may be NULL. */
static inline const struct shelf_ask *asking_make(struct asking *asking, struct shelf_world *world,
                                                  const char *method, const char *url,
                                                  const char *fields)
{
    struct stet_uri uri;
    assert_true(stet_uri_split(stet_span_of(url), &uri));
    asking->request = message_request(&asking->message, method, fields);
    asking->request.scheme = uri.scheme;
    asking->request.authority = uri.authority;
    asking->request.path = uri.path;
    asking->request.query = uri.query;
    asking->asked = stet_asked_of(&world->rules.profile, &asking->request, false);
    assert_true(shelf_key_room(&world->rules, &asking->request) <= sizeof asking->room);
    shelf_key_make(&world->shelf, &world->rules, &asking->request, asking->room, &asking->key);
    asking->ask = (struct shelf_ask){&asking->key, &world->rules, &asking->request, &asking->asked,
                                     world->now};
    return &asking->ask;
}

static inline struct stet_arrival shelf_world_arrival(const struct shelf_world *world)
{
    return (struct stet_arrival){world->now, world->now, MESSAGE_DATE_AT + world->now};
}

/* Offers a response to a request; the entry still fills and the reference is the caller's. NULL if
 * it may not be stored, or was not. */
static inline struct entry *shelf_world_offer(struct shelf_world *world,
                                              const struct asking *asking, int status,
                                              const char *fields, uint64_t expected)
{
    struct message message;
    const struct stet_response response = message_response(&message, status, fields);
    const struct stet_transaction transaction = {
        .request = &asking->request, .response = &response, .arrival = shelf_world_arrival(world)};
    const struct stet_storing storing = shelf_may_store(&world->rules, &transaction);
    const struct shelf_offer offer = {.key = &asking->key,
                                      .rules = &world->rules,
                                      .transaction = &transaction,
                                      .storing = &storing,
                                      .expected = expected};
    return storing.allowed ? shelf_put(&world->shelf, &offer) : NULL;
}

/* Fills an entry with text and seals it; when memory is out, it is broken and leaves. */
static inline bool shelf_world_fill(struct shelf_world *world, struct entry *entry,
                                    const char *content)
{
    const bool done = entry_append(entry, content, strlen(content));
    entry_seal(entry, done);
    if (!done)
        store_drop(world->store, entry);
    store_grown(world->store, entry);
    return done;
}

/* Puts a response with its content; false if it was not stored. */
static inline bool shelf_world_put(struct shelf_world *world, const struct asking *asking,
                                   int status, const char *fields, const char *content)
{
    struct entry *entry = shelf_world_offer(world, asking, status, fields, strlen(content));
    const bool done = entry && shelf_world_fill(world, entry, content);
    entry_unref(entry);
    return done;
}

/* The content of a stored response is this text. */
static inline bool entry_holds(const struct entry *entry, const char *text)
{
    const char *bytes = NULL;
    uint64_t offset = 0;
    for (size_t size; (size = entry_read(entry, offset, &bytes)) > 0; offset += size)
        if (offset + size > strlen(text) || memcmp(bytes, text + offset, size) != 0)
            return false;
    return offset == strlen(text);
}

/* The request is answered by a response with this content (NULL: by none), in this way. */
static inline bool shelf_world_picks(struct shelf_world *world, struct asking *asking,
                                     const char *content, enum stet_reuse_answer answer)
{
    asking->ask.now = world->now;
    struct shelf_pick pick = shelf_pick(&world->shelf, &asking->ask);
    const bool same = pick.reuse.answer == answer && !pick.entry == !content &&
                      (!content || entry_holds(pick.entry, content));
    shelf_pick_drop(&pick);
    return same;
}

/* A GET for SHELF_URL is answered so. */
static inline bool shelf_world_gets(struct shelf_world *world, const char *fields,
                                    const char *content, enum stet_reuse_answer answer)
{
    struct asking asking;
    asking_make(&asking, world, "GET", SHELF_URL, fields);
    return shelf_world_picks(world, &asking, content, answer);
}

/* Puts a 200 for SHELF_URL to a request with these fields. */
static inline bool shelf_world_stores(struct shelf_world *world, const char *request,
                                      const char *fields, const char *content)
{
    struct asking asking;
    asking_make(&asking, world, "GET", SHELF_URL, request);
    return shelf_world_put(world, &asking, 200, fields, content);
}

static inline size_t shelf_world_count(struct shelf_world *world)
{
    struct store_sums sums;
    store_sums(world->store, &sums);
    return sums.entries;
}

#endif
