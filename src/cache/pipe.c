/* A bounded buffer between a fetch and a reader.
 *
 *     bytes | taken | to be read | free |
 *                   from         to     room
 *
 * The buffer is as large as what was ever in it at once; what is left is moved to the front when
 * the end is reached. It never refuses what it is given, since a fetch that hands something over
 * has got rid of it; so it may hold one piece more than its limit.
 *
 * Given up: lending the fetch's own buffer to the socket. It is the worker's, shared by all
 * connections, and is needed again in the same turn.
 */
#include "cache/pipe.h"

#include "base/check.h"
#include "base/memory.h"

enum { PIPE_ROOM_MIN = 4096 };

struct pipe *pipe_new(void)
{
    struct pipe *pipe = memory_new_zero(sizeof *pipe);
    if (!pipe)
        return NULL;
    pipe->refs = 1;
    pipe->limit = PIPE_ROOM;
    return pipe;
}

struct pipe *pipe_ref(struct pipe *pipe)
{
    pipe->refs++;
    return pipe;
}

void pipe_unref(struct pipe *pipe)
{
    if (!pipe || --pipe->refs > 0)
        return;
    memory_free(pipe->bytes);
    memory_free(pipe->trailers);
    memory_free(pipe);
}

/* Tells one end, once: it says again when it waits again. */
static void pipe_tell(bool *waits, struct pipe_end end)
{
    if (!*waits)
        return;
    *waits = false;
    if (end.told)
        end.told(end.owner);
}

/* ---- writing ---- */

static bool pipe_grow(struct pipe *pipe, size_t size)
{
    size_t left = pipe->to - pipe->from;
    size_t room = pipe->room > PIPE_ROOM_MIN ? pipe->room : PIPE_ROOM_MIN;

    if (size > SIZE_MAX / 4 - left)
        return false;
    while (room < left + size)
        room *= 2;
    char *bytes = memory_grow(pipe->bytes, room);
    if (!bytes)
        return false;
    pipe->bytes = bytes;
    pipe->room = room;
    return true;
}

static bool pipe_make_room(struct pipe *pipe, size_t size)
{
    if (pipe->from > 0 && size > pipe->room - pipe->to) {
        memmove(pipe->bytes, pipe->bytes + pipe->from, pipe->to - pipe->from);
        pipe->to -= pipe->from;
        pipe->from = 0;
    }
    return size <= pipe->room - pipe->to || pipe_grow(pipe, size);
}

bool pipe_write(struct pipe *pipe, struct stet_span bytes)
{
    CHECK(pipe->state == PIPE_OPEN);
    if (bytes.len == 0)
        return true;
    if (!pipe_make_room(pipe, bytes.len)) {
        pipe_end(pipe, PIPE_BROKEN);
        return false;
    }
    memcpy(pipe->bytes + pipe->to, bytes.at, bytes.len);
    pipe->to += bytes.len;
    pipe_tell(&pipe->empty, pipe->reader); /* who may take some at once */
    pipe->full = pipe->to - pipe->from >= pipe->limit;
    return true;
}

char *pipe_trailers(struct pipe *pipe, size_t size)
{
    CHECK(!pipe->trailers);
    pipe->trailers = memory_new(size);
    pipe->trailers_len = pipe->trailers ? size : 0;
    return pipe->trailers;
}

void pipe_end(struct pipe *pipe, enum pipe_state state)
{
    CHECK(pipe->state == PIPE_OPEN && state != PIPE_OPEN);
    pipe->state = state;
    pipe->full = false;
    pipe->writer = (struct pipe_end){NULL, NULL};
    pipe_tell(&pipe->empty, pipe->reader);
}

/* ---- reading ---- */

struct stet_span pipe_content(const struct pipe *pipe)
{
    return stet_span(pipe->bytes + pipe->from, pipe->to - pipe->from);
}

enum body_peek pipe_peek(struct pipe *pipe, struct stet_span *bytes)
{
    if (pipe->to > pipe->from) {
        *bytes = pipe_content(pipe);
        return BODY_BYTES;
    }
    if (pipe->state == PIPE_OPEN) {
        pipe->empty = true;
        return BODY_WAIT;
    }
    return pipe->state == PIPE_ENDED ? BODY_END : BODY_BROKEN;
}

void pipe_skip(struct pipe *pipe, size_t count)
{
    CHECK(count <= pipe->to - pipe->from);
    pipe->from += count;
    if (pipe->from == pipe->to)
        pipe->from = pipe->to = 0;
    if (pipe->to - pipe->from <= pipe->limit / 2)
        pipe_tell(&pipe->full, pipe->writer);
}

struct stet_span pipe_trailers_read(const struct pipe *pipe)
{
    return stet_span(pipe->trailers, pipe->trailers_len);
}
