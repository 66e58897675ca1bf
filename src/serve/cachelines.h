/* Cache lines: what a gateway adds to an answer: Age, Cache-Status, Proxy-Status, Via.
 *
 * Written into room of their own for each answer, without allocation; the block that they make goes
 * behind the fields that came from the origin, so that our member comes last in each list
 * [RFC 9211 §2, RFC 9209 §2, RFC 9110 §7.6.3].
 */
#ifndef SERVE_CACHELINES_H
#define SERVE_CACHELINES_H

#include "cache/cache.h"

/* Room for a name and a key of some hundred octets each; what does not fit is left out. */
#define CACHELINES_ROOM 1536

struct cachelines {
    size_t used;
    char text[CACHELINES_ROOM];
};

static inline void cachelines_init(struct cachelines *lines)
{
    lines->used = 0;
}

static inline struct stet_span cachelines_block(const struct cachelines *lines)
{
    return stet_span(lines->text, lines->used);
}

/* "Age: 7" [RFC 9111 §5.1]. */
void cachelines_age(struct cachelines *lines, uint32_t age);

/* What Cache-Status says of an answer with this status; also for the log. Borrows. */
struct stet_cachestatus cachelines_status_of(const struct cache_rules *rules,
                                             const struct cache_facts *facts, int status);

/* "Cache-Status: stet;hit;ttl=7" [RFC 9211 §2]. Nothing, if there is nothing to say. */
void cachelines_status(struct cachelines *lines, const struct stet_cachestatus *status);

/* "Proxy-Status: stet;error=connection_refused;next-hop=..." [RFC 9209 §2]. Nothing without an
 * error. */
void cachelines_error(struct cachelines *lines, const struct cache_rules *rules,
                      const struct cache_facts *facts);

/* "Via: 1.1 NAME" [RFC 9110 §7.6.3]. */
void cachelines_via(struct cachelines *lines, struct stet_span name);

#endif
