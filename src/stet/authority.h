/* Authorities, split: not installed, for the rooms of the library only. What is public of them is
 * in uri.h.
 */
#ifndef STET_AUTHORITY_H
#define STET_AUTHORITY_H

#include "stet/span.h"

/* `port` has a NULL `at` when there is no colon, and is empty when nothing follows it. */
struct authority {
    struct stet_span host; /* with its brackets if an IP literal */
    struct stet_span port; /* digits */
};

/* Splits uri-host [ ":" port ]. False for an empty host before a port, userinfo, a port beyond
 * 65535, octets outside the grammar. An empty text has an empty host. */
bool stet_authority_split(struct stet_span text, struct authority *to);

/* The port as a number, or `fallback` where none is given. */
int32_t stet_authority_port(const struct authority *authority, int32_t fallback);

#endif
