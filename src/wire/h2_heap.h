/* The memory of one session of nghttp2, so that all of it can be given back at once.
 */
#ifndef WIRE_H2_HEAP_H
#define WIRE_H2_HEAP_H

#include <nghttp2/nghttp2.h>
#include <stddef.h>

struct h2_piece;

/* Part of what owns the session; may not be moved while there is one. */
struct h2_heap {
    nghttp2_mem functions; /* for nghttp2_session_server_new3 and the like */
    struct h2_piece *first;
    size_t used; /* octets that nghttp2 holds */
};

/* Holds nothing yet. */
void h2_heap_init(struct h2_heap *heap);

/* Gives back whatever is left: instead of nghttp2_session_del. Buffers that nghttp2 lends
 * (nghttp2_rcbuf) are gone then as well. */
void h2_heap_fini(struct h2_heap *heap);

#endif
