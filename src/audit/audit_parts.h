/* What the files of the audit share: one URL under audit.
 */
#ifndef AUDIT_AUDIT_PARTS_H
#define AUDIT_AUDIT_PARTS_H

#include "audit/audit.h"
#include "audit/check.h"

struct audit {
    const struct audit_setup *setup;
    struct audit_facts *facts;
    struct check check;
    const char *stage;
    struct probe base;                     /* the plain GET that all is held against */
    struct probe coded[STET_CODING_COUNT]; /* those that came in the coding asked for */
    unsigned known;                        /* of enum condition_need: what was found out */
    bool stable;                           /* the content was the same twice */
    bool over;                             /* nothing more is asked */
    const char **fields;                   /* those of the setup that are sent, NULL at the end */
};

/* A question. All zero is a plain GET. */
struct question {
    const char *method;      /* NULL: GET */
    enum stet_coding coding; /* accepted */
    const char *lines;       /* further ones; NULL: none */
    const char *url;         /* NULL: the final one */
    const char *address;     /* NULL: any */
    bool fresh;
    bool whole; /* all of the content is needed, however large it is */
};

/* Asks. False if that was not possible, or nothing more is to be asked: then `probe` says nothing.
 * `probe` is for probe_fini in any case. */
bool audit_ask(struct audit *audit, const struct question *question, struct probe *probe);

/* The stages, in their order. */
void audit_first(struct audit *audit);
void audit_truth(struct audit *audit);
void audit_same(struct audit *audit);
void audit_conditions(struct audit *audit);
void audit_head(struct audit *audit);
void audit_codings(struct audit *audit);
void audit_ranges(struct audit *audit);
void audit_negotiation(struct audit *audit);
void audit_queries(struct audit *audit);
void audit_cookies(struct audit *audit);
void audit_origins(struct audit *audit);
void audit_addresses(struct audit *audit);
void audit_repeat(struct audit *audit);

#endif
