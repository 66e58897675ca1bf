/* Findings: what an audit can say of a resource; the catalogue is finding.tbl.
 *
 * A row is FINDING(ID, LEVEL, "stable-id", "one line", "why it matters", "RFC 9110 §13.1.2",
 *                  "what to change in general"); advice for single servers is advice.tbl:
 *         ADVICE(ID, "nginx", "what to change there").
 */
#ifndef AUDIT_FINDING_H
#define AUDIT_FINDING_H

#include <stdbool.h>
#include <stddef.h>

enum finding_level { FINDING_GOOD, FINDING_INFO, FINDING_WARN, FINDING_BAD };

enum finding_id {
#define GROUP(title)
#define FINDING(id, level, ...) FINDING_##id,
#include "audit/finding.tbl"
#undef FINDING
#undef GROUP
    FINDING_COUNT
};

/* A row of the catalogue. */
struct finding_kind {
    enum finding_level level;
    const char *id;      /* never changes: "validators-missing" */
    const char *summary; /* one line */
    const char *why;
    const char *law; /* "RFC 9110 §8.8.3", or "" */
    const char *fix;
};

const struct finding_kind *finding_kind(enum finding_id id);
/* What it is about: the title of its group in the catalogue. */
const char *finding_group(enum finding_id id);
/* The finding with this stable id; FINDING_COUNT if there is none. */
enum finding_id finding_named(const char *id);
const char *finding_level_word(enum finding_level level);

/* One advice for one server or framework; a walk: `index` from 0, NULL at the end. */
struct finding_advice {
    const char *where; /* "nginx" */
    const char *text;
};
const struct finding_advice *finding_advice(enum finding_id id, size_t index);
/* It is for a server that calls itself `server`; NULL: nobody knows. */
bool finding_advice_fits(const struct finding_advice *advice, const char *server);

/* Something found: a kind, about a URL, with what was seen. Strings are owned. */
struct finding {
    enum finding_id id;
    char *url;
    char *detail;   /* what is special here: "the tag changed from "a" to "b""; "" if nothing */
    char *evidence; /* request and response lines as they were, "> " and "< " before them */
};

/* What an audit has found so far. All zero: nothing. */
struct findings {
    struct finding *at;
    size_t count, room;
};

/* Copies the texts (NULL is ""). False when memory is out. */
bool findings_add(struct findings *findings, enum finding_id id, const char *url,
                  const char *detail, const char *evidence);
/* Takes back a finding of a URL, if there is one. */
void findings_drop(struct findings *findings, enum finding_id id, const char *url);
/* Takes back what was added at or behind number `count`. */
void findings_cut(struct findings *findings, size_t count);
void findings_fini(struct findings *findings);

/* The worst level among them; FINDING_GOOD when there are none. */
enum finding_level findings_worst(const struct findings *findings);

#endif
