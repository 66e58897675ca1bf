/* The connections of one worker to origin servers, by place. Inside net/ only.
 */
#ifndef NET_CALLER_H
#define NET_CALLER_H

#include "base/map.h"
#include "net/dial.h"
#include "net/line.h"
#include "net/mux.h"

/* The most octets of one read: large, for content is handed on from there without a copy. */
#define CALLER_READ 65536

/* All connections to one place. */
struct pool {
    struct caller *caller;
    struct call_place place; /* with the host in `key` */
    struct line *idle;       /* those that rest, the last one first */
    size_t idle_count;
    struct mux *muxes; /* those that speak HTTP/2 and may take another call */
    bool h2;           /* HTTP/2 is spoken there, or was when we looked last */
    size_t open;       /* all, also those that dial */
    size_t key_size;
    char key[]; /* kind, port, context of TLS, host, NUL */
};

struct caller {
    struct loop *loop;
    const struct limits *limits;
    struct dial_setup dial;
    struct h1_client_setup setup;
    struct h2_client_kit *kit;
    struct h1_response_head *head; /* scratch, and the input buffer: for one turn of one line */
    char *input;
    struct map pools;
    struct task task; /* gives those below their turns */
    bool queued;
    struct line *turns;  /* that wait for a turn */
    struct call *failed; /* whose `end` is due */
    size_t idle, open;   /* lines */
    int alert;           /* the last one that ended a connection */
};

/* The pool of a place; NULL when memory is out. It lives as long as a line of it is open, or until
 * pool_drop. */
struct pool *pool_of(struct caller *caller, const struct call_place *place);

/* Frees a pool that has no line. */
void pool_drop(struct pool *pool);

/* A line of the pool of a place that can take a call; one that rested is taken out. NULL if there
 * is none. */
struct line *pool_find(struct caller *caller, const struct call_place *place);

/* Puts a line in. False when there are enough. */
bool pool_put(struct pool *pool, struct line *line);

/* Gives a line a turn soon. */
void caller_queue(struct caller *caller, struct line *line);

/* Tells a call that has no line soon that it ended. */
void caller_fail(struct caller *caller, struct call *call, enum stet_proxy_error error);

/* Takes that back. */
void caller_forget(struct call *call);

/* Takes a line out of the list it is in, if any. */
void caller_unlink(struct line *line);

#endif
