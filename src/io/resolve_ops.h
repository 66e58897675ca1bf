/* What a back end gives to the resolver. Inside io/ only.
 *
 * resolve.c knows literals, keeps answers and lets many askers share one question; a back end turns
 * a name into addresses: resolve_ares on the machine, resolve_sim in the simulated world.
 */
#ifndef IO_RESOLVE_OPS_H
#define IO_RESOLVE_OPS_H

#include "io/resolve.h"

/* A name that is asked for. The resolver's. */
struct resolve_name;

/* The most addresses of one family that count. */
enum { RESOLVE_FAMILY_MOST = RESOLVE_ADDRESSES };

struct resolve_answer {
    enum resolve_result result;
    uint32_t ttl; /* s */
    size_t count; /* at most RESOLVE_FAMILY_MOST of each family, in the order of preference */
    struct sock_address addresses[2 * RESOLVE_FAMILY_MOST];
};

struct resolve_ops {
    /* A back end on this loop; NULL on failure. */
    void *(*open)(struct loop *loop, const char *servers);
    /* Ends it. Questions that are open are not answered any more. */
    void (*close)(void *back);
    /* Asks for a name of letters, digits and ".-_". Answers by resolve_answered, once, perhaps
     * before it returns. False when memory is out; then there is no answer. */
    bool (*ask)(void *back, struct resolve_name *name, const char *text);
};

/* Of the two back ends. */
extern const struct resolve_ops resolve_ares_ops;
extern const struct resolve_ops resolve_sim_ops;

/* The answer to a question. */
void resolve_answered(struct resolve_name *name, const struct resolve_answer *answer);

#endif
