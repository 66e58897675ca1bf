/* Audit: asks about one URL, one request after another, and says what the answers show.
 *
 *     setup --> audit_url --> findings (what is wrong and right), facts (what it costs)
 *
 * Only GET, HEAD and OPTIONS are sent, never two at once, and never more than the setup allows.
 */
#ifndef AUDIT_AUDIT_H
#define AUDIT_AUDIT_H

#include "audit/finding.h"
#include "audit/snapshot.h"
#include "client/transfer.h"
#include "stet/coding.h"
#include "stet/freshness.h"

/* Requests for one URL when nothing else is said: enough for every check of one address. */
#define AUDIT_REQUESTS 64
/* Octets of one content that are read. */
#define AUDIT_CONTENT 67108864
/* Seconds for which a server is left alone that says 429 or 503, and not for how long. */
#define AUDIT_PAUSE 30
/* What is to be said as User-Agent: transfer_setup.user_agent of the transfers handed over. */
#define AUDIT_USER_AGENT "stet-audit/" STET_VERSION

/* What the audit is doing, for who shows it. Borrowed for the call. */
struct audit_progress {
    const char *url;
    const char *stage; /* "codings": static */
    unsigned sent;     /* requests so far, of this URL */
    unsigned most;     /* that may be sent */
};

/* How to ask. All zero but `transfers` is a usual audit. Borrowed for the call. */
struct audit_setup {
    struct transfers *transfers;
    const char *const *fields; /* lines for every request ("Authorization: ..."), NULL at the end */
    unsigned requests_max;     /* for one URL; 0: AUDIT_REQUESTS */
    uint64_t content_max;      /* octets of one content; 0: AUDIT_CONTENT */
    uint32_t longest;          /* ms that one request may take; 0: no bound */
    bool all_addresses;        /* asks each address of the name */
    unsigned repeat;           /* further rounds of holding 304 against the content */
    unsigned repeat_ms;        /* between them */
    const struct snapshots *before; /* what the resources were: held against what they are */
    struct snapshots *record;       /* is told what they are; NULL: nobody */
    /* Waits; false: the audit ends here. NULL: rounds follow each other at once. */
    bool (*wait)(void *owner, unsigned ms);
    /* NULL: nobody is told. False: the audit ends here. */
    bool (*progress)(void *owner, const struct audit_progress *progress);
    void *owner;
};

/* What was seen of one URL. Strings are owned; NULL where there is nothing. */
struct audit_facts {
    char *url;       /* as it was given */
    char *final_url; /* where redirects led; the findings are about it */
    int status;      /* of it; 0: no answer */
    char *etag, *modified, *cache_control, *content_type;
    char *server;                        /* what it calls itself: Server and X-Powered-By */
    uint64_t length[STET_CODING_COUNT];  /* octets of content in each coding; 0: there is none */
    uint64_t head_octets;                /* of the 200 */
    uint64_t validation_octets;          /* of a 304 to its own validator; 0: there is none */
    bool revalidates;                    /* its own validator yields 304 */
    enum stet_lifetime_source freshness; /* of a private cache, without guessing */
    uint32_t lifetime;                   /* s */
    uint64_t saved;    /* octets a repeated visit saves by a 304: the smallest coding's content, and
                          what the 304's head is shorter */
    bool saves_now;    /* it does so today: it revalidates, and may be stored */
    unsigned requests; /* sent */
    uint64_t octets;   /* heard, heads and contents */
    uint32_t pause;    /* s for which the server wants to be left alone; 0: it does not say so */
    bool complete;     /* all checks were made: neither stopped nor short of requests */
};

/* Audits `url`. Adds to `findings`, fills `facts` (for audit_facts_fini in any case). False when
 * memory was out: what was found until then is there. */
bool audit_url(const struct audit_setup *setup, const char *url, struct findings *findings,
               struct audit_facts *facts);

void audit_facts_fini(struct audit_facts *facts);

#endif
