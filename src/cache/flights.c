/* A table of flights in shards, each with a lock, a list, and a few remembered keys.
 *
 *     flights_join --> follower --> flight's list --flights_land--> letter box --> its own loop
 *
 * The lists are short, since a hit never comes by. What a lock guards takes no memory and waits for
 * nothing, but for letter boxes, whose locks come after a shard's.
 *
 * An answer that was under way while a POST or a purge changed what is stored may be of before the
 * change. Who changes outdates the flights first, and then what is stored; who stores looks whether
 * he is outdated, and stores, without letting anyone outdate in between. So either he knows, or
 * what he stores is there to be changed. That lock is one of its own: nobody who joins waits for
 * it.
 *
 * Keys that are better not waited for (their answers were private, too large, or always to be
 * validated) stand in a small array by their hash; who comes later takes the place. To forget one
 * costs some followers one wait, and so does a time that is read with the key before it or behind
 * it: no lock guards them.
 *
 * Given up: waiting in the order of arrival across variants. What the answer varies by is not known
 * before it comes.
 */
#include "cache/flights.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdatomic.h>
#include <string.h>

enum { FLIGHTS_SHARDS = 64, FLIGHTS_ALONE = 64 };

/* A key that nobody waits for. */
struct flights_alone {
    atomic_uint_fast64_t mark;
    atomic_int_fast64_t until;
};

struct flights_shard {
    pthread_mutex_t storing; /* comes before the other */
    pthread_mutex_t lock;
    struct flights_place *first;
    atomic_uint_fast64_t landed;
    struct flights_alone alone[FLIGHTS_ALONE];
};

struct flights {
    struct flights_shard shards[FLIGHTS_SHARDS];
};

struct flights *flights_new(void)
{
    struct flights *flights = memory_new_zero(sizeof *flights);
    for (size_t i = 0; flights && i < FLIGHTS_SHARDS; i++) {
        CHECK(pthread_mutex_init(&flights->shards[i].storing, NULL) == 0);
        CHECK(pthread_mutex_init(&flights->shards[i].lock, NULL) == 0);
    }
    return flights;
}

void flights_free(struct flights *flights)
{
    for (size_t i = 0; flights && i < FLIGHTS_SHARDS; i++) {
        CHECK(!flights->shards[i].first);
        pthread_mutex_destroy(&flights->shards[i].lock);
        pthread_mutex_destroy(&flights->shards[i].storing);
    }
    memory_free(flights);
}

/* ---- lists ---- */

static struct flights_shard *shard_of(struct flights *flights, const uint64_t primary[2])
{
    return &flights->shards[primary[0] % FLIGHTS_SHARDS];
}

static bool same_primary(const struct flights_key *a, const uint64_t primary[2])
{
    return a->primary[0] == primary[0] && a->primary[1] == primary[1];
}

static struct flights_place *shard_find(const struct flights_shard *shard,
                                        const struct flights_key *key)
{
    struct flights_place *place = shard->first;
    while (place && !(place->joinable && place->key.variant == key->variant &&
                      same_primary(&place->key, key->primary)))
        place = place->next;
    return place;
}

static void place_link(struct flights_shard *shard, struct flights_place *place)
{
    place->shard = shard;
    place->next = shard->first;
    place->link = &shard->first;
    if (place->next)
        place->next->link = &place->next;
    shard->first = place;
}

static void place_unlink(struct flights_place *place)
{
    *place->link = place->next;
    if (place->next)
        place->next->link = place->link;
    place->shard = NULL;
}

static void place_follow(struct flights_place *place, struct follower *follower)
{
    follower->shard = place->shard;
    follower->flight = place;
    follower->word.news = FOLLOWER_NONE;
    follower_list_add(&place->followers, follower);
}

/* ---- waiting ---- */

uint64_t flights_moment(struct flights *flights, const uint64_t primary[2])
{
    return atomic_load_explicit(&shard_of(flights, primary)->landed, memory_order_acquire);
}

bool flights_join(struct flights *flights, const struct flights_key *key, struct follower *follower)
{
    struct flights_shard *shard = shard_of(flights, key->primary);
    pthread_mutex_lock(&shard->lock);
    struct flights_place *place = shard_find(shard, key);
    if (place && follower)
        place_follow(place, follower);
    pthread_mutex_unlock(&shard->lock);
    return place != NULL;
}

enum flights_entered flights_enter(struct flights *flights, struct flights_place *place,
                                   uint64_t moment, bool joinable, struct follower *follower)
{
    struct flights_shard *shard = shard_of(flights, place->key.primary);
    enum flights_entered entered = FLIGHTS_ENTERED;

    pthread_mutex_lock(&shard->lock);
    struct flights_place *other = joinable ? shard_find(shard, &place->key) : NULL;
    if (other) {
        entered = FLIGHTS_JOINED;
        if (follower)
            place_follow(other, follower);
    } else if (atomic_load_explicit(&shard->landed, memory_order_relaxed) != moment) {
        entered = FLIGHTS_MOVED;
    } else {
        place->joinable = joinable;
        place_link(shard, place);
    }
    pthread_mutex_unlock(&shard->lock);
    return entered;
}

void flights_forget(struct follower *follower)
{
    struct flights_shard *shard = follower->shard;

    if (!shard)
        return;
    pthread_mutex_lock(&shard->lock);
    struct flights_place *place = follower->flight;
    if (place)
        follower_list_remove(&place->followers, follower);
    follower->flight = NULL;
    pthread_mutex_unlock(&shard->lock);
    if (!place)
        letterbox_take(follower);
    follower->shard = NULL;
}

/* ---- landing ---- */

/* Everyone who follows, into their letter boxes. */
static void place_tell(struct flights_place *place, const struct follower_word *word)
{
    struct follower *follower;

    while ((follower = place->followers.first) != NULL) {
        follower_list_remove(&place->followers, follower);
        follower->flight = NULL;
        letterbox_put(follower, word);
    }
}

bool flights_begin_storing(struct flights_place *place)
{
    struct flights_shard *shard = place->shard;

    CHECK(shard);
    pthread_mutex_lock(&shard->storing);
    pthread_mutex_lock(&shard->lock);
    const bool outdated = place->outdated;
    pthread_mutex_unlock(&shard->lock);
    if (outdated)
        pthread_mutex_unlock(&shard->storing);
    return !outdated;
}

void flights_end_storing(struct flights_place *place)
{
    pthread_mutex_unlock(&place->shard->storing);
}

static void place_land(struct flights_place *place, const struct follower_word *word)
{
    static const struct follower_word again = {.news = FOLLOWER_AGAIN};

    place->joinable = false;
    atomic_fetch_add_explicit(&place->shard->landed, 1, memory_order_release);
    place_tell(place, place->outdated ? &again : word);
}

void flights_land(struct flights_place *place, const struct follower_word *word)
{
    struct flights_shard *shard = place->shard;

    if (!shard)
        return;
    pthread_mutex_lock(&shard->lock);
    place_land(place, word);
    pthread_mutex_unlock(&shard->lock);
}

void flights_pass(struct flights_place *place, const struct follower_word *word)
{
    struct flights_shard *shard = place->shard;

    if (!shard)
        return;
    pthread_mutex_lock(&shard->lock);
    place_land(place, word);
    place_unlink(place);
    pthread_mutex_unlock(&shard->lock);
}

void flights_exit(struct flights_place *place)
{
    struct flights_shard *shard = place->shard;

    if (!shard)
        return;
    pthread_mutex_lock(&shard->lock);
    CHECK(!place->followers.first);
    place_unlink(place);
    pthread_mutex_unlock(&shard->lock);
}

bool flights_give_up(struct flights_place *place)
{
    struct flights_shard *shard = place->shard;

    if (!shard)
        return true;
    pthread_mutex_lock(&shard->lock);
    const bool alone = !place->followers.first;
    if (alone)
        place_unlink(place);
    pthread_mutex_unlock(&shard->lock);
    return alone;
}

/* ---- outdating ---- */

static void shard_outdate(struct flights_shard *shard, const uint64_t *primary)
{
    pthread_mutex_lock(&shard->storing);
    pthread_mutex_lock(&shard->lock);
    for (struct flights_place *place = shard->first; place; place = place->next) {
        if (primary && !same_primary(&place->key, primary))
            continue;
        place->outdated = true;
        place->joinable = false;
    }
    pthread_mutex_unlock(&shard->lock);
    pthread_mutex_unlock(&shard->storing);
}

void flights_outdate(struct flights *flights, const uint64_t primary[2])
{
    if (primary) {
        shard_outdate(shard_of(flights, primary), primary);
        return;
    }
    for (size_t i = 0; i < FLIGHTS_SHARDS; i++)
        shard_outdate(&flights->shards[i], NULL);
}

/* ---- keys that nobody waits for ---- */

static uint64_t key_mark(const struct flights_key *key)
{
    return key->primary[1] ^ (key->primary[0] ^ key->variant) * UINT64_C(0x9e3779b97f4a7c15);
}

static struct flights_alone *alone_of(struct flights *flights, const struct flights_key *key,
                                      uint64_t mark)
{
    return &shard_of(flights, key->primary)->alone[(mark >> 32) % FLIGHTS_ALONE];
}

void flights_set_alone(struct flights *flights, const struct flights_key *key, int64_t until)
{
    const uint64_t mark = key_mark(key);
    struct flights_alone *alone = alone_of(flights, key, mark);

    atomic_store_explicit(&alone->until, until, memory_order_relaxed);
    atomic_store_explicit(&alone->mark, mark, memory_order_relaxed);
}

bool flights_is_alone(struct flights *flights, const struct flights_key *key, int64_t now)
{
    const uint64_t mark = key_mark(key);
    const struct flights_alone *alone = alone_of(flights, key, mark);

    return atomic_load_explicit(&alone->mark, memory_order_relaxed) == mark &&
           now < atomic_load_explicit(&alone->until, memory_order_relaxed);
}
