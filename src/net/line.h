/* Lines: connections to origin servers, each with the call that is on it, or the calls, if it
 * speaks HTTP/2: see net/mux.h. Inside net/ only.
 *
 *     DIALS --connected--> CALLS --complete, may persist--> RESTS --call--> CALLS
 *       ^                  |   |
 *       +--dead, unsent----+   +--101, CONNECT--> TUNNELS         all --> OVER
 */
#ifndef NET_LINE_H
#define NET_LINE_H

#include "base/octets.h"
#include "net/call.h"
#include "net/draft.h"

enum line_state {
    LINE_DIALS,
    LINE_CALLS,   /* a request and its response; without a call: just ended */
    LINE_TUNNELS, /* octets of anything, both ways */
    LINE_RESTS,   /* waits for a call, in its pool */
    LINE_OVER     /* closed; to be freed by whoever is at work with it */
};

struct line_input {
    struct octets kept; /* read, not consumed */
    bool readable;      /* a read may give something */
    bool paused;        /* the call takes no content for now */
    bool again;         /* what is kept may be consumed without more behind it */
};

struct line_output {
    struct octets unsent;
    bool full; /* the socket takes nothing for now */
    bool deaf; /* the server wants no more of the request, or takes none */
    bool told; /* the call was told to send no more */
    bool last; /* the request is complete; in a tunnel: no more goes that way */
    bool shut; /* and that was said by closing our half */
    bool lost; /* the connection is dead, and nothing of the request has left */
};

struct line_dial;
struct mux;
struct pool;

struct line {
    struct sock sock;
    struct pool *pool;
    struct call *call;
    struct line_dial *dial;    /* while it dials */
    struct draft *draft;       /* what `call` asks for, while it dials to find out what is spoken */
    struct mux *mux;           /* it speaks HTTP/2; then `call` and `client` are not used */
    struct line *next, **link; /* of its pool's that rest, or of those that wait for a turn */
    struct h1_client client;
    struct line_input in;
    struct line_output out;
    struct timer timer;
    int64_t since;     /* loop_now: of the last thing that keeps it alive */
    uint64_t patience; /* ms that it may rest */
    uint8_t state;     /* enum line_state */
    uint8_t fault;     /* enum stet_proxy_error: to be told in its next turn */
    bool headed;       /* the final head has come */
    bool reused;       /* it has served before */
    bool queued;       /* it waits for a turn */
    bool busy;         /* it is having one */
};

/* A line that dials, for the call that begins next. NULL when memory is out. */
struct line *line_new(struct pool *pool);

/* Puts a call on a line that dials or rests: its head goes before everything it will send. False
 * when memory is out: the line is then as it was. */
bool line_begin(struct line *line, struct call *call);

/* Closes a line on which no call could begin, unless it carries others. */
void line_give_up(struct line *line);

/* Does what can be done now; frees the line if it is over. */
void line_turn(struct line *line);

/* Ends its call, if there is one. The line is over, unless it can be kept. */
void line_end(struct line *line, enum client_end end, enum stet_proxy_error error,
              const struct stet_head *trailers);

/* The error of a connection that has ended: more exactly, if an alert of TLS has ended it, which
 * the caller then keeps. */
enum stet_proxy_error line_error(const struct line *line, enum stet_proxy_error error);

/* Ends its call for something that went wrong here, and closes. In a turn only. */
void line_fail(struct line *line, enum stet_proxy_error error);

/* Closes; its call, if there is one, is told nothing. Frees the line, if it is having a turn when
 * that is done. With `reset` the server learns at once. */
void line_close(struct line *line, bool reset);

/* ms that a line may rest after a response with this head: as limits have it, or less when the
 * server says in Keep-Alive that it will close before. */
uint64_t line_patience(const struct limits *limits, const struct stet_head *head);

/* Dials anew for a call of which nothing was sent. In a turn only. */
void line_redial(struct line *line);

#endif
