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
#include "base/mempool.h"

/* Octets of a pipe and its first buffer, which is for the usual answer all it needs. */
enum { PIPE_PIECE = 4096 };

/* A pipe with the buffer it begins with. */
struct pipe_piece {
    struct pipe pipe;
    char first[PIPE_PIECE - sizeof(struct pipe)];
};

static char *pipe_first(struct pipe *pipe)
{
    return ((struct pipe_piece *)(void *)pipe)->first;
}

struct pipe *pipe_new(void)
{
    struct pipe_piece *piece = mempool_new(sizeof *piece);
    if (!piece)
        return NULL;
    piece->pipe = (struct pipe){
        .refs = 1, .limit = PIPE_ROOM, .bytes = piece->first, .room = sizeof piece->first};
    return &piece->pipe;
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
    if (pipe->bytes != pipe_first(pipe))
        mempool_free(pipe->bytes, pipe->room);
    memory_free(pipe->trailers);
    mempool_free(pipe, sizeof(struct pipe_piece));
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
    const bool first = pipe->bytes == pipe_first(pipe);
    size_t left = pipe->to - pipe->from;
    size_t room = first ? PIPE_PIECE : pipe->room;

    if (size > SIZE_MAX / 4 - left)
        return false;
    while (room < left + size)
        room *= 2;
    char *bytes = mempool_grow(first ? NULL : pipe->bytes, pipe->room, room);
    if (!bytes)
        return false;
    if (first)
        memcpy(bytes, pipe->bytes, pipe->to);
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
