/* The chunked transfer coding: read strictly, written plainly [RFC 9112 §7.1].
 */
#ifndef WIRE_H1_CHUNKED_H
#define WIRE_H1_CHUNKED_H

#include "base/limits.h"
#include "stet/span.h"

enum h1_chunked_state {
    H1_CHUNK_LINE,  /* a chunk-size line comes */
    H1_CHUNK_BYTES, /* `left` octets of data come */
    H1_CHUNK_CRLF,  /* the CRLF behind the data comes */
    H1_CHUNK_LAST   /* the last chunk was read: the trailer section comes */
};

/* A reader; all zero at the start. */
struct h1_chunked {
    enum h1_chunked_state state;
    uint64_t left;
    uint64_t extensions; /* octets of extensions so far */
};

enum { H1_CHUNKED_MORE = 0, H1_CHUNKED_DATA = 1, H1_CHUNKED_TRAILERS = 2 };

/* Reads on from `*input` and moves it past what was read. H1_CHUNKED_DATA: `*data` (never empty) is
 * content. H1_CHUNKED_MORE: what is left in `*input` (an incomplete line) needs more behind it.
 * H1_CHUNKED_TRAILERS: the trailer section stands at `*input`, see h1_trailers_read. Negative: a
 * status code to refuse with and close: -400 off the grammar or past a limit, -413 a chunk past
 * 2^63 - 1. Sizes: 1 to 16 hex digits, nothing else; extensions are checked against their grammar
 * and ignored; all line ends CRLF. */
int h1_chunked_read(struct h1_chunked *chunked, struct stet_span *input, struct stet_span *data,
                    const struct limits *limits);

/* Room for a chunk-size line and for the CRLF before it. */
#define H1_CHUNK_LINE_MAX 20

/* Writes the line before `size` octets of data, "SIZE" CRLF; returns its length. */
size_t h1_chunk_line_write(uint64_t size, char to[H1_CHUNK_LINE_MAX]);

#endif
