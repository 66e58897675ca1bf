/* What the parts of a connection know of each other: conn.c moves octets, conn_watch.c the
 * deadline.
 */
#ifndef NET_CONN_PARTS_H
#define NET_CONN_PARTS_H

#include "base/octets.h"
#include "net/conn.h"
#include "net/deadline.h"

/* What the connection waits for now, and until when. */
struct conn_watch {
    struct timer timer;
    struct deadline deadline;
    uint64_t moved; /* octets read and written so far */
    uint64_t sent;  /* of them, those written */
    int64_t stream; /* loop_now: the first deadline of a single stream; INT64_MAX: none */
    bool parting;   /* for nothing but the rest of the closure alert to go */
};

/* What may be read, and when it arrived; see conn_moment. */
struct conn_arrival {
    uint32_t first;     /* low bits of the number of the first request of the present read */
    bool readable : 1;  /* a read may give something */
    bool announced : 1; /* by an event, and nothing was read since */
    bool prompt : 1;    /* the first request had begun to arrive when the event came */
    bool renewed : 1;   /* a moment was begun after the present read */
    bool gone : 1;      /* the client takes nothing any more */
    bool unheard : 1;   /* the first octets will tell what the client speaks */
    bool early : 1;     /* the handshake is not over */
    struct conn_awaiting *awaiting; /* who waits for its end */
};

struct conn {
    struct sock sock;
    struct conn_set *set;
    struct conn *next, **link;
    struct task task;
    struct codec_owner owner;
    struct codec *codec;
    struct h1 h1; /* what `codec` points to, unless it is HTTP/2 */

    struct octets kept;   /* read but not consumed */
    struct octets unsent; /* what the socket has not taken */
    struct conn_watch watch;
    struct conn_arrival arrival;
    struct sock_address peer;
    bool full : 1;    /* the socket takes nothing for now */
    bool ended : 1;   /* the client sends no more */
    bool shut : 1;    /* we send no more */
    bool over : 1;    /* closed; only the queued task knows it yet */
    bool queued : 1;  /* `task` is in the loop's queue */
    bool blocked : 1; /* the input kept waits for output to go, not for more input */
    bool busy : 1;    /* inside conn_turn: a wake need not queue */
};

/* The octets that count for the deadline of the present phase. */
uint64_t conn_moved(const struct conn *conn, enum deadline_phase phase);

/* For the deadlines that the codec keeps. */
struct codec_pace conn_pace(const struct conn *conn);

/* The connection of a stream. */
struct conn *conn_of(const struct stream *stream);

/* Of one that is early, after each event: tells those who wait if it is no more. */
void conn_shaken(struct conn *conn);

/* Lets the timer fire at the deadline. It is only moved when it would fire too late. False when
 * memory is out. */
bool conn_time(struct conn *conn);

/* Finds the deadline of what is waited for now, with the codec waiting for `wait`. False when
 * memory is out. */
bool conn_deadline(struct conn *conn, enum codec_wait wait);

#endif
