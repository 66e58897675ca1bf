/* What a route lets the cache do. Immutable once made; strings and arrays outlive it.
 */
#ifndef CACHE_RULES_H
#define CACHE_RULES_H

#include "stet/policy.h"

struct noise;

/* A lifetime that the operator gives to responses with one status that give none themselves
 * (negative and redirect caching). */
struct cache_lifetime {
    int status;
    uint32_t seconds;
};

struct cache_rules {
    struct stet_profile profile;
    struct stet_span name;      /* of this cache in Cache-Status and Proxy-Status: "stet" */
    struct stet_span partition; /* goes before the key's text: what one partition stores another
                                   never sees; empty for most */
    bool off;                   /* nothing is looked up or stored */
    bool collapse;              /* equal requests that miss share one fetch */
    bool synthesize;            /* makes validators for responses that have none */
    bool guard_deception;       /* a response whose Content-Type does not fit the extension of the
                                   path is stored only with an explicit lifetime */
    bool
        fill_on_conditional; /* on a miss drops the client's conditions to fetch the whole (D-14) */
    bool show_key;           /* the key in Cache-Status [RFC 9211 §6] */
    uint64_t validate_up_to; /* octets of a response that is held back to make its validator */
    uint64_t object_max;     /* octets of content of what is stored */
    uint32_t keep;           /* seconds a stale response stays for validation */
    uint32_t wait_timeout;   /* ms a request waits for another's fetch, then goes on alone */
    uint32_t alone;          /* seconds a key is remembered as not to be collapsed */
    const struct cache_lifetime *lifetimes;
    size_t lifetime_count;
    const struct noise *noise; /* what is no part of a response's identity; NULL: nothing */
};

/* A gateway as a site runs it: everything on, stet_profile_gateway, 1 MiB held back at most,
 * objects up to 64 MiB, stale ones kept for a day. */
struct cache_rules cache_rules_default(void);

/* Gives a response that says nothing of its lifetime the one for its status, if there is one. */
void cache_rules_lifetime(const struct cache_rules *rules, struct stet_stored *stored);

#endif
