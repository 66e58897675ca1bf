/* Flights: one fetch, the one who asked for it, and all who wait for what comes of it.
 *
 *     IN_THE_AIR --head--> landing.h judges it, tells the leader and those who follow
 *         |                   |
 *         |                   +--> FILLS    content goes into an entry, which everyone reads
 *         |                   +--> PASSES   content goes to the leader by a pipe
 *         |                   +--> HELD     ... once its tag is known, or it took too long
 *         |                   +--> REPEATS  the request goes out once more, another way
 *         |                   `--> DROPS    the answer comes from elsewhere: content is read over
 *         `--end--> there was no answer
 *
 * A flight belongs to the worker that made it. It outlives its leader if somebody else, or the
 * store, has use for it; it ends when its fetch has ended and its leader knows everything.
 */
#ifndef CACHE_FLIGHT_H
#define CACHE_FLIGHT_H

#include "cache/fill.h"
#include "cache/holding.h"
#include "cache/stored.h"

enum flight_stage {
    FLIGHT_IN_THE_AIR,
    FLIGHT_REPEATS,
    FLIGHT_FILLS,
    FLIGHT_PASSES,
    FLIGHT_HELD,
    FLIGHT_DROPS
};

/* A stored part that is to be completed; the set of the errand has it. */
struct flight_completion {
    bool asks;
    size_t index;
    struct stet_completion what;
};

/* What is asked of the origin, and on what grounds. */
struct flight_errand {
    struct stet_request request; /* the client's */
    struct forward_client client;
    struct stet_asked asked;
    struct shelf_key key;   /* of what is looked up */
    struct shelf_pick pick; /* the stored response that came closest */
    struct shelf_set *set;  /* all that the origin is asked about, from the heap; NULL: nothing */
    struct stet_validation plan;
    struct flight_completion completion;
    bool looked_up; /* GET and HEAD; else nothing of it is stored, whatever comes */
    bool content;   /* the request has content */
    bool upgrade;
    bool early;    /* it says that it may be a replay; what the client said of that apart */
    bool leads;    /* what comes of it could answer others */
    bool refresh;  /* nobody asked: a stale response is made fresh while it is served */
    bool finished; /* the request's content has ended */
    bool repeated; /* it goes out for the second time */
    bool origin;   /* ... and asks the origin itself (D-12) */
};

enum flight_told {
    FLIGHT_TOLD_NOTHING,
    FLIGHT_TOLD_STORED, /* a stored response answers: `pick` */
    FLIGHT_TOLD_PASSES, /* `source` answers */
    FLIGHT_TOLD_FAILED, /* nothing does: `status` */
    FLIGHT_TOLD_EARLY   /* the origin will not have it before the handshake is over */
};

/* What the leader is told. */
struct flight_outcome {
    enum flight_told told;
    bool noticed; /* the leader was told so */
    bool asked;   /* ... and has asked what it is */
    struct shelf_pick pick;
    struct stet_span extra; /* lines for the leader alone, in the flight's arena */
    struct source *source;
    int status;
    struct cache_facts facts;
};

/* What has come. */
struct flight_answer {
    struct stet_arrival arrival;
    struct response_framing framing;
    uint64_t left;             /* octets of content that are still to come; UINT64_MAX: unknown */
    struct stet_response kept; /* the head of FLIGHT_HELD, in the arena */
};

struct flight {
    struct flights_place place; /* until its head has come */
    struct cache_worker *worker;
    struct flight *next, **link; /* the worker's */
    struct cache_route *route;
    struct cache_query *leader; /* NULL: nobody asks, or not any more */
    struct stored *reader;      /* the leader's view of the entry that fills; NULL: none */
    struct arena arena;
    struct flight_errand errand;
    struct client_request sent;
    struct fetch fetch;
    enum flight_stage stage;
    bool busy; /* inside of one of its functions: it does not go yet */
    bool over; /* its fetch has ended */
    struct flight_answer answer;
    struct fill fill;
    struct pipe *pipe;
    struct holding holding;
    struct flight_outcome outcome;
};

/* Gives back what an errand holds. */
void flight_errand_drop(struct flight_errand *errand);

/* A flight that has not begun, with its plan. Copies the request and the key's text; takes `pick`
 * and `set` of the errand in any case. NULL when memory is out. */
struct flight *flight_new(struct cache_worker *worker, struct cache_route *route,
                          const struct flight_errand *errand);

/* Makes what is sent: FORWARD_GOES, or why it does not go on. */
enum forward_verdict flight_prepare(struct flight *flight);

/* Sends it, for a leader or for nobody (NULL). What it leads to is told later, never from within.
 */
void flight_start(struct flight *flight, struct cache_query *leader);

/* Ends one that was not started. */
void flight_drop(struct flight *flight);

/* Request content, as in cache.h. */
bool flight_content(struct flight *flight, struct stet_span bytes);
void flight_content_end(struct flight *flight, const struct stet_head *trailers);

/* The leader has asked what the outcome is; the flight may end with this. */
void flight_asked(struct flight *flight);

/* The leader goes. */
void flight_leave(struct flight *flight);

/* Gives up all flights of a worker; none of them has a leader. */
void flight_end_all(struct cache_worker *worker);

/* ---- for landing.c ---- */

/* Nothing more is wanted of the origin. */
void flight_cancel(struct flight *flight);

/* Content is read over if there is little of it, else given up. */
void flight_drop_content(struct flight *flight);

/* What came of it was not for others: nobody waits for flights with this key for a while. One that
 * could not have been for others tells nothing. */
void flight_set_alone(struct flight *flight);

/* A pipe for the leader, whose writer is the flight. False when memory is out. */
bool flight_open_pipe(struct flight *flight);

/* Begins to hold the answer back; landing_held_over is called when it takes too long. False when
 * memory is out. */
bool flight_begin_to_hold(struct flight *flight);

#endif
