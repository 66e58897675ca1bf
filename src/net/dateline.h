/* The line "Date: ..." of answers, written once a second [RFC 9110 §6.6.1].
 */
#ifndef NET_DATELINE_H
#define NET_DATELINE_H

#include "stet/span.h"

/* Zeroed to begin with. */
struct dateline {
    int64_t until; /* wall clock, ns, up to which `text` is right */
    char text[40];
};

/* The line with its CRLF for the wall clock `wall`, in ns since 1970; borrowed until the next call.
 */
struct stet_span dateline_at(struct dateline *line, int64_t wall);

#endif
