/* The budget: what it would save if everything revalidated.
 */
#ifndef AUDIT_BUDGET_H
#define AUDIT_BUDGET_H

#include "audit/audit.h"
#include "audit/targets.h"

/* Sums over the URLs that were looked at. All zero: none yet. */
struct budget {
    uint64_t urls; /* that answered with content */

    /* For each visitor who comes back: */
    uint64_t saved_urls, saved; /* answered 304 today, octets that this saves */
    uint64_t waste_urls, waste; /* sent again today, octets that a 304 would save */

    /* In the log or archive, if there was one: */
    uint64_t requests;       /* of these URLs */
    uint64_t validated;      /* answered 304 */
    uint64_t repeats;        /* sent again, whole, to who had it */
    uint64_t repeat_octets;  /* with them */
    uint64_t could_validate; /* of the repeats: those of URLs that do not revalidate today */
    uint64_t could_save;     /* octets that 304 to these would have saved */
};

/* Adds a URL; `target` is NULL where nothing is known of the past. */
void budget_add(struct budget *budget, const struct audit_facts *facts,
                const struct target *target);

/* What one URL wastes: of the past if that is known, else each time somebody comes back. */
uint64_t budget_waste(const struct audit_facts *facts, const struct target *target);

#endif
