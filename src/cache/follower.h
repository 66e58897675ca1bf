/* Followers: askers who wait for a fetch of somebody else's, perhaps on another worker, and the
 * letter box of a worker where their news comes.
 *
 * A follower is in one list at a time: of a flight, or of its letter box, or in none. So it may be
 * taken back at any moment, and then hears nothing any more.
 */
#ifndef CACHE_FOLLOWER_H
#define CACHE_FOLLOWER_H

#include "io/loop.h"
#include "stet/proxystatus.h"

#include <pthread.h>

/* What those who waited are told. */
enum follower_news {
    FOLLOWER_NONE,
    FOLLOWER_AGAIN, /* something was stored or renewed: judge it by the own request */
    FOLLOWER_ALONE, /* what came is for the one who asked: go on without waiting */
    FOLLOWER_FAILED /* there was no answer: to ask again at once would fail again */
};

struct follower_word {
    enum follower_news news;
    int status; /* what the origin answered, 0: nothing; of FOLLOWER_FAILED: what to answer */
    enum stet_proxy_error error; /* of FOLLOWER_FAILED */
};

struct letterbox;

/* Embedded in its owner, who sets the first two; the rest is zero at first. */
struct follower {
    struct letterbox *box; /* of the worker it belongs to */
    void (*told)(struct follower *follower);

    struct follower_word word;    /* meaningful in and after `told` */
    struct flights_shard *shard;  /* private: where it waits or has waited */
    struct flights_place *flight; /* the flight in whose list it is */
    struct follower *next, **link;
};

/* Followers, the first one first. */
struct follower_list {
    struct follower *first, **end; /* `end` is NULL in a list that never had one */
};

void follower_list_add(struct follower_list *list, struct follower *follower);
void follower_list_remove(struct follower_list *list, struct follower *follower);

/* One per worker; its loop calls `told` of those who have news. */
struct letterbox {
    struct loop *loop;
    struct task task;
    pthread_mutex_t lock; /* of the next two */
    struct follower_list list;
    bool posted; /* the task is under way */
    bool closed;
    void (*emptied)(struct letterbox *box); /* the last call, of one that was closed */
};

void letterbox_init(struct letterbox *box, struct loop *loop,
                    void (*emptied)(struct letterbox *box));

/* No follower of it is in any list. `emptied` is called when the loop does not know it any more:
 * perhaps from within, perhaps in a later turn. */
void letterbox_close(struct letterbox *box);

/* From any thread: moves a follower, which is in no list, into its letter box. */
void letterbox_put(struct follower *follower, const struct follower_word *word);

/* On its own loop: takes a follower out, if it is in. */
void letterbox_take(struct follower *follower);

#endif
