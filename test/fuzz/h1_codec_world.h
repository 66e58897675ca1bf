/* A connection for h1_codec_fuzz.c: the limits, what was promised for each request, and what
 * happened. */
#ifndef TEST_FUZZ_H1_CODEC_WORLD_H
#define TEST_FUZZ_H1_CODEC_WORLD_H

#include <string.h>

#include "base/chunk.h"
#include "fuzz.h"
#include "h1_limits.h"
#include "wire/h1.h"

enum { SIZE_MOST = 4096, SENT_MOST = 1 << 20, LARGE = 9000, STEPS_MOST = 100000 };

static const struct limits limits = {
    .head_size = 600,
    .target_size = 80,
    .method_size = 12,
    .field_count = 12,
    .trailer_size = 100,
    .chunk_line_size = 40,
    .chunk_extension_total = 60,
    .drain_size = 200,
    .pipeline_depth = 3,
    .requests_per_connection = 20,
    .send_turn = 3000,
};

/* When and how a request is answered. */
enum manner { SMALL, EMPTY, BIG, STREAM, CLOSE, TUNNEL, WAITING = 9 };

#define NOW "Sun, 06 Nov 1994 08:49:37 GMT"
#define THEN "Thu, 01 Jan 1998 00:00:00 GMT"

/* What was promised to the client for a request. */
struct promise {
    bool answered;
    enum manner manner;
    int status;
    size_t length;
    size_t interims; /* but 100 */
    bool continues;  /* 100 may come */
    bool dated;      /* by the service */
    bool trailers;
};

struct pattern_body {
    struct body body;
    struct world *world;
    size_t number, at, length;
};

struct world {
    struct h1 h1;
    struct codec_owner owner;
    struct outbox out;
    uint32_t random;
    const char *octets;
    const char *fed; /* the copy of those from `at` on that is being fed */
    size_t size, at, have;
    size_t tunnel_at; /* where octets of a tunnel begin */
    size_t unread;    /* at the end of the stream */
    struct reference reference;
    struct stream *stream; /* the open one */
    size_t heard, content_read;
    struct promise promises[REFERENCE_REQUESTS_MAX + 1];
    enum manner manner;
    bool content, content_over, paused, body_waits, ended, tunnel, duplex, broken;
    bool may_stop; /* an answer that lets the codec end before the stream does */
    int refused;
    size_t sent_size;
    size_t sent_before; /* the answer under way */
};

static struct world world;
static struct h1_head scratch_head;
static char text[16384], scratch[512], sent[SENT_MOST];

/* A number below `below`, by the octets of the input. */
static uint32_t chance(uint32_t below)
{
    world.random ^= world.random << 13;
    world.random ^= world.random >> 17;
    world.random ^= world.random << 5;
    return (uint32_t)((uint64_t)(world.random * 2654435761U) * below >> 32);
}

/* Content tells whose it is and where it is. */
static char pattern(size_t number, size_t at)
{
    return (char)('a' + (number * 7 + at) % 26);
}

#endif
