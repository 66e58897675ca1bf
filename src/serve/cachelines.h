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

/* Lines that hits had lately: all that is as old and stays fresh as long has the same. A worker's
 * own; all zero at first. */
enum { CACHELINES_HITS = 16, CACHELINES_HIT_NAME = 32, CACHELINES_HIT_ROOM = 224 };

struct cachelines_hits {
    struct cachelines_hit {
        int64_t ttl;
        uint32_t age;
        enum stet_reason reason;
        uint8_t name_size, size; /* octets; 0: there is none */
        char name[CACHELINES_HIT_NAME];
        char text[CACHELINES_HIT_ROOM];
    } at[CACHELINES_HITS];
};

/* Age and Cache-Status of a hit, as the functions below write them without a key, in `lines` or as
 * they were kept. Borrowed until the next call. */
struct stet_span cachelines_of_hit(struct cachelines_hits *hits, const struct cache_rules *rules,
                                   const struct cache_facts *facts, struct cachelines *lines);

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

/* "Via: 1.1 NAME", with the version by which the response was received [RFC 9110 §7.6.3]. */
void cachelines_via(struct cachelines *lines, struct stet_span name,
                    const struct cache_facts *facts);

#endif
