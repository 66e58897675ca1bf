/* Which fields of a message are meant for its connection alone [RFC 9110 §7.6.1].
 */
#ifndef ORIGIN_HOPBYHOP_H
#define ORIGIN_HOPBYHOP_H

#include "stet/head.h"

/* The most connection options that are told apart. */
#define HOPBYHOP_OPTIONS 32

/* What Connection says. Borrows from the head. */
struct hopbyhop {
    size_t count;
    bool many; /* there are more: every field that stet does not know counts as named */
    struct stet_span options[HOPBYHOP_OPTIONS];
};

/* Reads the Connection fields of a head. */
void hopbyhop_read(struct hopbyhop *hops, const struct stet_head *head);

/* This field of that head, or a trailer behind it, goes no further. */
bool hopbyhop_has(const struct hopbyhop *hops, const struct stet_field *field);

/* Connection names it, and it is none of those that go no further anyway. */
bool hopbyhop_names(const struct hopbyhop *hops, const struct stet_field *field);

/* A protocol in Upgrade may go on. Requests of another version of HTTP, or behind TLS, would pass
 * unseen through the tunnel: whoever asks for that wants to get around us [RFC 9110 §7.8]. */
bool hopbyhop_protocol_passes(struct stet_span member);

#endif
