/* Reports: what an audit found, for people and for programs.
 *
 * Each is written into a text; when memory was out, the text says so (text.failed) and is not to be
 * shown. Whatever servers and logs said is escaped for the form it goes into.
 */
#ifndef AUDIT_REPORT_H
#define AUDIT_REPORT_H

#include "audit/budget.h"
#include "base/text.h"

/* No finding is as bad. */
#define REPORT_NEVER ((enum finding_level)(FINDING_BAD + 1))

/* One URL. */
struct report_item {
    const struct audit_facts *facts;
    const struct target *target; /* NULL: it was named, no log was read */
    size_t first, count;         /* its findings, among all */
};

struct report {
    int64_t begun, ended; /* wall clock, ns */
    const struct report_item *items;
    size_t count;
    size_t unasked; /* URLs that were not looked at: the requests were used up */
    const struct findings *findings;
    const struct budget *budget; /* NULL: not asked for */
    enum finding_level fail_on;  /* this level and worse fails */
};

/* How a terminal is to be written to. */
struct report_look {
    bool verbose; /* everything, with evidence */
    bool colour;
};

/* What people read first, short things first. */
void report_text(const struct report *report, const struct report_look *look, struct text *to);

/* Everything, as one object; the schema is in stet-audit(1). */
void report_json(const struct report *report, struct text *to);

/* One test suite for each URL, one case for each finding. */
void report_junit(const struct report *report, struct text *to);

/* SARIF 2.1.0. */
void report_sarif(const struct report *report, struct text *to);

/* One page that needs nothing else. */
void report_html(const struct report *report, struct text *to);

/* ---- for all of them ---- */

/* How many findings of each level. */
struct report_counts {
    size_t of[FINDING_BAD + 1];
};
struct report_counts report_count(const struct report *report, const struct report_item *item);

/* The findings of an item (NULL: all), the worst first, then by the catalogue's order, for
 * memory_free. NULL when memory is out; `*count` of them. */
const struct finding **report_sorted(const struct report *report, const struct report_item *item,
                                     size_t *count);

/* The worst finding of an item, the first in the order above; NULL: there is none. */
const struct finding *report_worst(const struct report *report, const struct report_item *item);

/* What is said of an item first: its worst finding. Where that is a good one or none, and not all
 * checks were made, nothing good is said. */
enum finding_level report_item_level(const struct report *report, const struct report_item *item);
const char *report_item_words(const struct report *report, const struct report_item *item);

/* The facts about the URL of one of the report's findings. */
const struct audit_facts *report_facts(const struct report *report, const struct finding *finding);

/* Requests sent for all items, and octets heard. */
uint64_t report_requests(const struct report *report);
uint64_t report_octets(const struct report *report);

/* Appends the budget in words, a paragraph a line, with what it takes for granted. */
void report_budget(const struct budget *budget, struct text *to);

/* Appends a number of octets as people read it: "1.2 MiB". */
void report_size(struct text *to, uint64_t octets);

/* Appends a number with its thousands parted. */
void report_number(struct text *to, uint64_t number);

/* Appends where the first section that `law` names can be read; nothing if it names none. */
void report_law_link(struct text *to, const char *law);

/* Appends an instant: "2026-01-02T03:04:05Z". */
void report_time(struct text *to, int64_t ns);

#endif
