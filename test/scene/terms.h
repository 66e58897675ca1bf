/* On which terms a response may be used again: what its fields say to a shared cache. Read anew
 * here, from the RFCs, for the judge of the scenes; it has nothing of libstet.
 */
#ifndef TEST_SCENE_TERMS_H
#define TEST_SCENE_TERMS_H

#include <stdbool.h>
#include <stdint.h>

enum { TERMS_NONE = -1 };

struct terms {
    bool no_store, no_cache, is_private, is_public; /* in their forms without field names */
    bool must_revalidate; /* whatever says it: of a shared cache, s-maxage does as well */
    bool immutable;
    bool permits_authorization; /* [RFC 9111 §3.5] */
    bool explicit;              /* the lifetime is said, not guessed */
    int64_t lifetime;           /* s */
    int64_t while_revalidate;   /* s; TERMS_NONE when not said */
    int64_t if_error;
};

/* What the fields of a response with this status say. `received` (s, wall clock) stands in for a
 * Date that is not there; `guesses`: a lifetime may be guessed from Last-Modified. */
struct terms terms_of(const char *lines, int status, int64_t received, bool guesses);

/* What a request demands. */
struct demands {
    bool no_cache, no_store, only_if_cached;
    int64_t max_age, min_fresh; /* TERMS_NONE when not said */
    int64_t max_stale;          /* INT64_MAX without a number */
    int64_t if_error;
};

struct demands demands_of(const char *lines);

#endif
