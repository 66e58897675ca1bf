/* What fetches say of themselves in worlds in which the origin is a link-time fake: they are of
 * HTTP/1.1, and came to the one server there is.
 */
#ifndef TEST_UNIT_FETCH_FACTS_H
#define TEST_UNIT_FETCH_FACTS_H

#include "origin/upstream.h"

enum stet_proxy_error fetch_error(const struct fetch *fetch)
{
    return fetch->call.error;
}

/* Whatever is asked in this world is sent. */
bool fetch_may_have_acted(const struct fetch *fetch)
{
    (void)fetch;
    return true;
}

int fetch_alert(const struct fetch *fetch)
{
    (void)fetch;
    return 0;
}

unsigned fetch_version(const struct fetch *fetch)
{
    (void)fetch;
    return 11;
}

struct stet_span fetch_next_hop(const struct fetch *fetch)
{
    (void)fetch;
    return STET_SPAN("origin:80");
}

#endif
