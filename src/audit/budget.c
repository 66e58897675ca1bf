/* Sums what is saved and what could be.
 *
 * A 304 costs its head, so what it saves is the content in the smallest coding and what its head is
 * shorter than that of the 200: audit_facts has reckoned that. Of the past, what was sent is known:
 * a repeat saves its own octets, or what is saved today if that is less, for the log counts octets
 * of content alone.
 */
#include "audit/budget.h"

static uint64_t budget_past(const struct audit_facts *facts, const struct target *target)
{
    const uint64_t most = facts->saved && target->repeats > UINT64_MAX / facts->saved
                              ? UINT64_MAX
                              : target->repeats * facts->saved;

    return target->octets < most ? target->octets : most;
}

uint64_t budget_waste(const struct audit_facts *facts, const struct target *target)
{
    if (facts->saves_now)
        return 0;
    return target && target->repeats ? budget_past(facts, target) : facts->saved;
}

void budget_add(struct budget *budget, const struct audit_facts *facts, const struct target *target)
{
    if (facts->status < 200 || facts->status > 299)
        return;
    budget->urls++;
    if (facts->saves_now) {
        budget->saved_urls++;
        budget->saved += facts->saved;
    } else if (facts->saved) {
        budget->waste_urls++;
        budget->waste += facts->saved;
    }
    if (!target)
        return;
    budget->requests += target->requests;
    budget->validated += target->validated;
    budget->repeats += target->repeats;
    budget->repeat_octets += target->octets;
    if (!facts->saves_now) {
        budget->could_validate += target->repeats;
        budget->could_save += budget_past(facts, target);
    }
}
