/* What origins send that is malformed, cut off, ambiguous or merely strange (origin_answers.tbl),
 * as rows for a codec, a connection, a gateway. */
#ifndef TEST_UNIT_ORIGIN_ANSWERS_H
#define TEST_UNIT_ORIGIN_ANSWERS_H

#include "repeated.h"
#include "wire/client.h"
#include <stdbool.h>
#include <stddef.h>

enum { COMPLETE, UNTIL_CLOSE, TRUNCATED, MALFORMED, MENDED, TUNNEL };
enum { CLOSED, KEPT };

struct answer_row {
    const char *id;
    const char *name;
    const char *method;
    const char *before;
    size_t before_size;
    const char *piece;
    size_t times;
    const char *after;
    int end;
    bool kept;
    int status;
    const char *content; /* NULL: too long to write down */
};

static const struct answer_row answer_rows[] = {
#define ANSWER(id, name, method, octets, end, kept, status, content) \
    {id, name, #method, octets, sizeof(octets) - 1, "", 0, "", end, kept, status, content},
#define LONG_ANSWER(id, name, method, before, piece, times, after, end, kept, status) \
    {id, name, #method, before, sizeof(before) - 1, piece, times, after, end, kept, status, NULL},
#include "origin_answers.tbl"
#undef ANSWER
#undef LONG_ANSWER
};

/* All octets of a row; the caller frees them. */
static inline char *answer_octets(const struct answer_row *row, size_t *size)
{
    const struct stet_span before = stet_span(row->before, row->before_size);
    return repeated(before, row->piece, row->times, row->after, size);
}

/* What a client is told of it, if it may mend what can be mended. */
static inline enum client_end answer_end(const struct answer_row *row)
{
    if (row->end == TRUNCATED)
        return CLIENT_TRUNCATED;
    return row->end == MALFORMED ? CLIENT_MALFORMED : CLIENT_COMPLETE;
}

#endif
