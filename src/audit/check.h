/* Checks: what answers show, judged without asking anything. Every function is told what came, adds
 * findings, and sends nothing; what to ask is decided in audit.c.
 *
 * How dates, tags, directives, ranges and structured fields are read, and what answer a condition
 * deserves, is libstet's to say.
 */
#ifndef AUDIT_CHECK_H
#define AUDIT_CHECK_H

#include "audit/condition.h"
#include "audit/finding.h"
#include "audit/probe.h"
#include "audit/snapshot.h"
#include "stet/coding.h"
#include "stet/freshness.h"

/* Octets of content that are not asked for again and again. */
enum { CHECK_LARGE = 2097152 };

/* Where findings go. */
struct check {
    struct findings *findings;
    const char *url;
    bool failed; /* memory was out */
};

/* The exchanges that prove it; NULL where there are less than two. */
struct exchanges {
    const struct probe *first, *second;
};

/* Adds a finding. `detail` is as of printf. */
__attribute__((format(printf, 4, 5))) void check_say(struct check *check, enum finding_id id,
                                                     struct exchanges evidence, const char *detail,
                                                     ...);

/* It was said of this URL before. */
bool check_has(const struct check *check, enum finding_id id);

/* The value of the first line of a field; STET_SPAN_NONE if there is none. */
struct stet_span check_value(const struct probe *probe, enum stet_field_id id);

/* The time when the answer came, s since 1970. */
int64_t check_now(const struct probe *probe);

/* A span as the two arguments of "%.*s", cut to what fits a line. */
#define SHOWN(span) (int)((span).len < 120 ? (span).len : 120), (span).at ? (span).at : ""

/* What is read of a value by stet_date_read at that time. */
bool check_date(const struct probe *probe, enum stet_field_id id, int64_t *when);

/* It is for one user, or for none to keep. */
bool check_private(const struct probe *probe);

/* Nobody may keep it: no-store, unless must-understand lifts it [RFC 9111 §5.2.2.3]. */
bool check_no_store(const struct probe *probe);

/* Equal content was seen with several tags: none of them tells anything. */
bool check_tags_move(const struct check *check);

/* A cache on the way may have answered: it says so, or that it is there. Without Age and the like
 * nothing is known of it [RFC 9111 §5.1]. */
bool check_from_cache(const struct probe *probe);

/* ---- check_answer.c: one answer ---- */

/* An answer as such: there is one, it is whole, its digest is right. False: nothing more can be
 * said of it. */
bool check_answer(struct check *check, const struct probe *probe);
void check_validators(struct check *check, const struct probe *probe);
void check_dates(struct check *check, const struct probe *probe);
void check_vary(struct check *check, const struct probe *probe);
void check_connection(struct check *check, const struct probe *probe);
void check_cache_status(struct check *check, const struct probe *probe);
/* A redirect that was followed: the `hop`-th, from 1. */
void check_redirect(struct check *check, const struct probe *probe, unsigned hop);

/* ---- check_control.c: what may be kept, and how long ---- */

void check_control(struct check *check, const struct probe *probe);
void check_cookies(struct check *check, const struct probe *probe);
/* The last part of a path looks as if it named one version: in doubt it does. */
bool check_named_by_version(struct stet_span path);
/* It has a hash in it that no one would write by hand: in doubt it has not. */
bool check_named_by_hash(struct stet_span path);
/* How long a private cache may keep it, nothing guessed; `*source` says why. */
uint32_t check_lifetime(const struct probe *probe, enum stet_lifetime_source *source);

/* ---- check_same.c: two answers to the same question ---- */

/* One of them has an ETag, and the other has none. */
void check_tag_comes(struct check *check, const struct probe *first, const struct probe *again);
void check_again(struct check *check, const struct probe *first, const struct probe *again);
void check_address(struct check *check, const struct probe *first, const struct probe *other);
/* Where two contents part and meet again, from both ends. */
struct difference {
    size_t from;      /* the first octet that differs */
    size_t length[2]; /* of what differs in each */
    bool small;       /* little of the content */
};
bool check_difference(const struct probe *a, const struct probe *b, struct difference *to);

/* ---- check_304.c: answers to conditions ---- */

/* A row of condition.tbl was asked: the answer is as libstet would have answered, or something is
 * said. True if it is. `base` is the unconditional 200. */
bool check_condition(struct check *check, const struct condition *condition,
                     const struct probe *base, const struct probe *answer);
/* What a 304 carries. */
void check_not_modified(struct check *check, const struct probe *base, const struct probe *answer);
void check_head(struct check *check, const struct probe *get, const struct probe *head);

/* ---- check_range.c ---- */

/* A 206, 416 or 200 to "Range: bytes=..."; true if ranges are supported. */
bool check_range(struct check *check, const struct probe *base, const struct probe *answer);
void check_unsatisfiable(struct check *check, const struct probe *base, const struct probe *answer);

/* ---- check_coding.c ---- */

/* The plain answer and one to a request for `coding`. */
void check_coding(struct check *check, const struct probe *plain, const struct probe *coded,
                  enum stet_coding coding);
/* Two coded answers. */
void check_codings(struct check *check, const struct probe *a, const struct probe *b);
/* The tag of `held` was given back, asking for the coding of `wanted`. */
void check_coding_tag(struct check *check, const struct probe *held, const struct probe *wanted,
                      const struct probe *answer);
/* None of `codings` (those asked for) came. */
void check_uncoded(struct check *check, const struct probe *plain);

/* ---- check_select.c: what selects it ---- */

/* The same request with another value of `field` ("Accept-Language"). NULL: of several fields at
 * once; then nothing is said. True if another content came, which Vary does not explain (with NULL:
 * whatever Vary says). */
bool check_negotiation(struct check *check, const struct probe *base, const struct probe *answer,
                       const char *field);
/* `conditional` was asked with a cookie and the own tag. */
void check_cookie(struct check *check, const struct probe *base, const struct probe *conditional);
/* With an Origin; and with an Origin and the own tag; and OPTIONS for a request with If-None-Match.
 */
void check_cors(struct check *check, const struct probe *without, const struct probe *with);
void check_cors_304(struct check *check, const struct probe *with, const struct probe *conditional);
void check_preflight(struct check *check, const struct probe *preflight);
/* The same path with another query, which No-Vary-Search calls the same. */
void check_search(struct check *check, const struct probe *base, const struct probe *answer);

/* ---- check_truth.c: 304 and content held against each other ---- */

/* What was held (content and validators), the answer to a condition with `by_tag` (else by date),
 * and a whole answer beside it. */
struct truth {
    const uint8_t *digest; /* of what was held */
    uint64_t length;
    struct stet_span etag, modified;
    bool by_tag;
    struct stet_span coding; /* its Content-Encoding; empty: none */
};
/* True if a 304 looks false: then it is to be asked for again, for which see the next. */
bool check_truth(struct check *check, const struct truth *held, const struct probe *conditional,
                 const struct probe *whole);
/* One more answer to the condition (`conditional`), or to no condition: true if the 304 looks as
 * false as before. Else that is taken back, and said instead what explains it. */
bool check_truth_again(struct check *check, const struct truth *held, const struct probe *again,
                       bool conditional);
/* Takes back what was said of a false 304: it could not be asked for again. */
void check_truth_drop(struct check *check, const struct truth *held);

#endif
