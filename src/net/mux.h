/* Lines that speak HTTP/2, and so carry many calls at a time. Inside net/ only.
 */
#ifndef NET_MUX_H
#define NET_MUX_H

#include "net/line.h"

/* What a line has besides when it speaks HTTP/2. */
struct mux {
    struct line *line;
    struct h2_client *client;
    struct call *calls;
    size_t count;
    int64_t look;             /* loop_now by which it looks for calls whose time is over */
    struct mux *next, **link; /* of its pool's; not linked: takes no more calls */
};

/* Makes a line that has carried nothing yet speak HTTP/2. False when memory is out. */
bool mux_open(struct line *line);

/* Frees it; its calls have ended. */
void mux_close(struct line *line);

/* A line that speaks HTTP/2, dials or is connected, and takes another call; NULL if none does. */
struct line *mux_find(const struct pool *pool);

/* Puts a call on the line. False when memory is out. */
bool mux_begin(struct line *line, struct call *call);

/* What the owner of a call asks for: see net/call.h. */
bool mux_send(struct call *call, struct stet_span bytes);
void mux_finish(struct call *call);
void mux_resume(struct call *call);
void mux_cancel(struct call *call);

/* Reads and writes, in a turn of the line. */
void mux_run(struct line *line);

/* Ends all calls with this error. The line takes no more. */
void mux_fail(struct line *line, enum stet_proxy_error error);

/* Ends those calls whose time is over. */
void mux_look(struct line *line);

/* It carries nothing, has said all, and may carry more. */
bool mux_keeps(const struct line *line);

/* It carries nothing and never will. */
bool mux_over(const struct line *line);

#endif
