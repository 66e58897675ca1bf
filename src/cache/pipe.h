/* Pipes: octets on their way from a fetch to the one who reads them, on one loop, with a bound.
 *
 * The fetch writes as they come, the reader takes them as its client does. When the pipe is full
 * the fetch pauses, and with it the origin: that is the back-pressure. Two hold a pipe, and either
 * may go first.
 */
#ifndef CACHE_PIPE_H
#define CACHE_PIPE_H

#include "wire/body.h"

/* Octets a pipe holds before its writer is told to pause; half of it is where it goes on. */
#define PIPE_ROOM 65536

enum pipe_state {
    PIPE_OPEN,
    PIPE_ENDED, /* all there is has been written */
    PIPE_BROKEN /* the rest cannot be had */
};

/* One end's owner and what it is told. All NULL: it has gone. */
struct pipe_end {
    void (*told)(void *owner);
    void *owner;
};

struct pipe {
    unsigned refs;
    enum pipe_state state;
    uint64_t limit; /* octets it holds before it is full: PIPE_ROOM, or as its writer sets */
    bool full;      /* the writer was told so */
    bool empty;     /* the reader was told so */
    struct pipe_end writer; /* told when there is room after it was full; NULL: nobody writes */
    struct pipe_end reader; /* told when there is more after it was empty; NULL: nobody listens */

    char *bytes; /* private from here */
    size_t room, from, to;
    char *trailers;
    size_t trailers_len;
};

/* An empty pipe with one reference; NULL when memory is out. */
struct pipe *pipe_new(void);
struct pipe *pipe_ref(struct pipe *pipe);
void pipe_unref(struct pipe *pipe);

/* Writes. False when memory is out: then the pipe is broken. `pipe->full` says whether the writer
 * is to pause now. */
bool pipe_write(struct pipe *pipe, struct stet_span bytes);

/* Room for the trailers that come behind the content, a block of lines, to be written by the caller
 * before it ends the pipe; NULL when memory is out. */
char *pipe_trailers(struct pipe *pipe, size_t size);

/* Ends it, whole or broken; the writer is not told any more. */
void pipe_end(struct pipe *pipe, enum pipe_state state);

/* All that is in it. */
struct stet_span pipe_content(const struct pipe *pipe);

/* As in wire/body.h. What was written before it broke is read before BODY_BROKEN is. */
enum body_peek pipe_peek(struct pipe *pipe, struct stet_span *bytes);
void pipe_skip(struct pipe *pipe, size_t count);
struct stet_span pipe_trailers_read(const struct pipe *pipe);

#endif
