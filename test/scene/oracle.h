/* The oracle of a gateway's scenes: it remembers every word of the origin servers and every request
 * that reached them, and says of each answer that a client got whether it was true.
 *
 * Each request of a client bears a number ("Asked: 7"), each response of an origin another one
 * ("Said: 12"). So of every answer it is known whose words it repeats, and of every fetch, for
 * whose sake it was made. What an answer must be:
 *
 *   - its octets are those of one response that the origin has said, whole or to where it broke
 *     off, or pieces under one strong tag;
 *   - that response was said to this very request; or it may be shared with it: it is not private,
 *     not authorised, no answer to content, and selected by the same fields;
 *   - and then it was said after the request was put, or is fresh, or stale within what the
 *     response or the request allows, or the origin has failed; and nothing has invalidated it;
 *   - its fields are those of that response, or of what has confirmed it since; its Age is true;
 *     a cookie in it was set for this request;
 *   - a 304 means what the client says it holds, and that is what it would have got.
 *
 * It knows nothing of how the gateway comes to its answers, and errs, if it must, to the lenient
 * side: what the scene expects beyond that, it says itself.
 */
#ifndef TEST_SCENE_ORACLE_H
#define TEST_SCENE_ORACLE_H

#include "request.h"
#include "terms.h"

#include <regex.h>

/* A request that has reached an origin server. */
struct heard {
    struct heard *next; /* the one before */
    uint64_t number;    /* among all, from 1 */
    uint64_t asked;     /* the client's request for whose sake it came; 0: not known */
    uint64_t tick;
    int64_t at;    /* steady clock, ns */
    int64_t since; /* when the request for whose sake it came was put: it may have waited */
    const void *origin;
    struct request request;
};

/* A response of an origin server. */
struct said {
    struct said *next; /* the one before */
    uint64_t number;
    const struct heard *to;
    uint64_t tick; /* when its head was sent */
    int64_t at;    /* the same on the steady clock, ns */
    int64_t wall;  /* and on the wall clock, s */
    int status;
    char *lines;    /* fields, Date and "Said" included */
    char *content;  /* of a 206: the part */
    size_t len;     /* all that it would have been */
    size_t sent;    /* octets of it that were sent */
    size_t first;   /* of a 206: where the part begins, ... */
    size_t total;   /* ... and the length of the whole */
    bool whole;     /* all was sent, and it ended as it should */
    bool malformed; /* none of it may ever reach a client */
    const void *on; /* the connection it was said on */
    bool lost;      /* perhaps: that broke in the same moment */
};

/* What became of the origin servers. */
enum mishap {
    MISHAP_STATUS,       /* it answered 500, 502, 503 or 504 */
    MISHAP_DISCONNECTED, /* no answer was to be had */
    MISHAP_NONSENSE,     /* it answered what was not asked */
    MISHAPS
};

/* A lifetime that the operator gives to responses with this status. */
struct given {
    int status;
    int64_t seconds;
};

enum { ORACLE_GIVEN = 4 };

struct oracle {
    uint64_t tick; /* grows with each event */
    struct heard *heards;
    struct said *saids;
    struct change *changes;
    struct tag *tags;
    uint64_t heard_count, said_count, asked_count;
    int64_t *asked_at; /* when the client's request of each number was put, ns */
    struct journal *journal;
    uint64_t mishaps[MISHAPS]; /* tick of the last one */
    bool troubled;             /* connections to origin servers break by chaos: all may fail */
    bool keeps_cookies;        /* cookies of shared responses are replayed (profile rfc9111) */
    bool silent;               /* nothing is judged for now */
    bool unmarked;             /* some responses bear no number: nothing is said of those */
    bool deaf;                 /* what requests say of freshness does not count (D-24) */
    bool guesses;              /* lifetimes are guessed (the same) */
    bool forgetful;            /* memory fails: all may fail */
    bool secure;               /* clients ask for https:// */
    unsigned down;             /* origin servers that cannot be reached now */
    struct given given[ORACLE_GIVEN];
    unsigned given_count;
    regex_t *noise; /* what is no part of identity; NULL: nothing */
};

struct oracle *oracle_new(void);
void oracle_free(struct oracle *oracle);

/* A client puts a request: its number. */
uint64_t oracle_asked(struct oracle *oracle, int64_t at);

/* Takes the request (and leaves it empty). */
struct heard *oracle_hears(struct oracle *oracle, struct request *request, const void *origin,
                           int64_t at);

/* Takes the memory of `said` that the caller has filled in (but number and tick, which it gets
 * here; the lines get "Said" added). */
struct said *oracle_says(struct oracle *oracle, const struct said *said);

void oracle_mishap(struct oracle *oracle, enum mishap mishap);

/* A connection has broken, and what was said on it just now may not have come through. */
void oracle_breaks(struct oracle *oracle, const void *connection, int64_t now);

/* From now on all that was said before of the target ("/a"; NULL: of any) is stale. */
void oracle_purged(struct oracle *oracle, const char *target, int64_t at);

/* A request as a client has put it. */
struct asking {
    uint64_t number;
    const char *method, *target, *host;
    const char *lines; /* its fields, "Asked" included */
    bool has_content;
    uint64_t tick;
    int64_t at;  /* when it was put, ns, */
    int64_t now; /* and when it was answered */
};

/* Is the answer true? If not, `fault` says why. `whole`: it has come in full. Learns what it says.
 */
bool oracle_audit(struct oracle *oracle, const struct asking *asking,
                  const struct response *response, bool whole, char fault[RESPONSE_FAULT]);

/* ---- for its own rooms ---- */

/* Something that makes what was said before it invalid: an unsafe request that was answered; or
 * only stale: a purge. */
struct change {
    struct change *next;
    char *host;   /* NULL: any */
    char *target; /* NULL: any */
    char *group;  /* all in this group, instead */
    bool soft;    /* stale since `at`, ns */
    int64_t at;
    uint64_t tick;
    bool told; /* only the answer to an unsafe request says so, and it may be lost */
};

/* A tag stands for these octets. */
struct tag {
    struct tag *next;
    char *target, *text; /* the tag without W/ */
    bool weak;
    char *content; /* NULL: nobody has seen what it stands for */
    size_t len;
};

/* One audit under way. */
struct audit {
    struct oracle *oracle;
    const struct asking *asking;
    const struct response *response;
    struct demands demands;
    bool whole;
    const struct said *renewed; /* the last word that was about its age; NULL: that of its fields */
    char *fault;
};

__attribute__((format(printf, 2, 3))) bool audit_fault(const struct audit *audit, const char *form,
                                                       ...);

/* May it be shared with those to whom it was not said [RFC 9111 §3] (D-21, D-36)? `fields` are
 * those that count for it. If not, says why. */
bool audit_may_share(const struct audit *audit, const struct said *said, const char *fields,
                     char why[RESPONSE_FAULT]);

/* May the content of `base` answer the request, by itself or because `word`, which is `base` or
 * has confirmed it, was said? If not, says why. */
bool audit_may_use(const struct audit *audit, const struct said *base, const struct said *word,
                   char why[RESPONSE_FAULT]);

/* `word` is `base`, or a later 304 or HEAD that says that `base` is current. */
bool said_confirms(const struct said *word, const struct said *base);

/* One of the two, or a word between them that confirms the base as well, for all. */
bool said_between(const struct said *said, const struct said *base, const struct said *word);

/* It was said for the sake of this request. */
bool audit_is_direct(const struct audit *audit, const struct said *said);

/* Both are about what the request asks for. */
bool audit_is_about(const struct audit *audit, const struct said *said);

/* The age of what `word` says, at a moment (ns), in s, at least and at most: how long the way there
 * took nobody knows [RFC 9111 §4.2.3]. */
int64_t said_age(const struct said *word, int64_t at);
int64_t said_age_most(const struct said *word, int64_t at);

/* The fields that count after `word` has confirmed `base`. For free(). */
char *said_fields(const struct oracle *oracle, const struct said *base, const struct said *word);

/* The rooms of one audit each: fields and Age; a 304. */
bool audit_fields(const struct audit *audit, const struct said *base, const struct said *word);
bool audit_not_modified(struct audit *audit);

/* What is known of a tag for a target; NULL: it was never heard of. Of several with other octets,
 * the next one after `after`. */
const struct tag *oracle_tag(const struct oracle *oracle, const char *target, const char *text,
                             const struct tag *after);
void oracle_learn_tag(struct oracle *oracle, const char *target, const char *text,
                      const char *content, size_t len);

/* Equal octets, noise apart. */
bool oracle_same(const struct oracle *oracle, const char *a, size_t a_len, const char *b,
                 size_t b_len);

#endif
