/* What the HTTP/2 codecs of a worker share, and what its parts know of nghttp2.
 */
#ifndef WIRE_H2_KIT_H
#define WIRE_H2_KIT_H

#include "wire/h2_head.h"

struct h2_stream;

/* The most that is kept of what was given back. */
#define H2_SPARE_MAX 256

struct h2_kit {
    const struct limits *limits;
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    struct h2_head *head;    /* the one that is being read */
    struct h2_stream *spare; /* streams for the next requests, linked by `next` */
    size_t spare_count;
    nghttp2_nv *lines; /* room to put the fields of an answer together */
    size_t line_room;
};

/* A stream, all zero; NULL when memory is out. */
struct h2_stream *h2_kit_stream(struct h2_kit *kit);

/* Takes it back. */
void h2_kit_recycle(struct h2_kit *kit, struct h2_stream *stream);

/* Room for `count` lines in kit->lines. False when memory is out. */
bool h2_kit_lines(struct h2_kit *kit, size_t count);

#endif
