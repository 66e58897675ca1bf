/* The flights of all workers: which may be joined, as long as their answers have not come, who
 * waits for them, and for which keys nobody shall wait.
 *
 * It knows keys and followers, not what a flight does. Whoever changes what is stored tells it, so
 * that an answer which was on its way meanwhile is not taken for a newer one.
 */
#ifndef CACHE_FLIGHTS_H
#define CACHE_FLIGHTS_H

#include "cache/follower.h"

struct flights;

/* What a flight fetches: the primary key, and the hash of the selecting fields as far as Vary is
 * known. Two that clash share a flight for nothing: its followers judge what is stored by
 * themselves. */
struct flights_key {
    uint64_t primary[2];
    uint64_t variant;
};

/* A flight's place among the others. Embedded in it; all zero but the key. */
struct flights_place {
    struct flights_key key;
    struct flights_shard *shard; /* private from here; NULL: it is not in */
    struct flights_place *next, **link;
    struct follower_list followers;
    bool joinable;
    bool outdated; /* what is stored was changed while it flew */
};

/* NULL when memory is out. */
struct flights *flights_new(void);
void flights_free(struct flights *flights);

/* A number that changes when a flight with this primary key has landed. Taken before one looks at
 * what is stored, and given to flights_enter. */
uint64_t flights_moment(struct flights *flights, const uint64_t primary[2]);

/* Waits for a flight with this key; nobody (NULL) only asks whether there is one. False: there is
 * none that may be joined. */
bool flights_join(struct flights *flights, const struct flights_key *key,
                  struct follower *follower);

enum flights_entered {
    FLIGHTS_ENTERED,
    FLIGHTS_JOINED, /* another one was faster: it is joined, or flies alone if nobody waits */
    FLIGHTS_MOVED   /* one has landed since `moment`: what is stored is to be judged again */
};

/* A flight begins. One that is `joinable` gives way to another with the same key, which `follower`
 * (or nobody, NULL) then waits for. */
enum flights_entered flights_enter(struct flights *flights, struct flights_place *place,
                                   uint64_t moment, bool joinable, struct follower *follower);

/* Its answer has come and is to be stored. False: what is stored under its key was changed (an
 * unsafe request, a purge) while it flew, so that its answer may be older than that change, and is
 * not to be stored. True: it is stored now, and then flights_end_storing is called; no change
 * begins in between, so what begins later finds it stored. */
bool flights_begin_storing(struct flights_place *place);
void flights_end_storing(struct flights_place *place);

/* Its head was judged, and what is to be stored is stored: its followers are told, and nobody joins
 * it any more. Those of a flight that was outdated are told to judge again. No-op for one that is
 * not in. */
void flights_land(struct flights_place *place, const struct follower_word *word);

/* Both at once, for one of which nothing is stored. */
void flights_pass(struct flights_place *place, const struct follower_word *word);

/* It is over, and out; after flights_land, or if nobody could join it. No-op for one that is not
 * in.
 */
void flights_exit(struct flights_place *place);

/* Nobody asks for it any more, unless someone follows: false, and it stays in. */
bool flights_give_up(struct flights_place *place);

/* Does not wait any more: hears nothing after this. On the follower's loop. No-op if it does not
 * wait. */
void flights_forget(struct follower *follower);

/* What is stored under a primary key is being changed, or under all (NULL): to be called before the
 * change. Flights under way are not joined from now on. */
void flights_outdate(struct flights *flights, const uint64_t primary[2]);

/* Nobody waits for a flight with this key until `until` (ns of loop_now). Remembered as long as
 * there is room. */
void flights_set_alone(struct flights *flights, const struct flights_key *key, int64_t until);
bool flights_is_alone(struct flights *flights, const struct flights_key *key, int64_t now);

#endif
