/* The budget in words, for every report that people read: one place, so that they say the same.
 *
 * What the numbers take for granted is said with them: an estimate whose assumptions are not shown
 * is a rumour.
 */
#include "audit/report.h"

static void budget_urls(struct text *to, uint64_t urls)
{
    report_number(to, urls);
    text_say(to, " URL%s", urls == 1 ? "" : "s");
}

static void budget_visit(const struct budget *budget, struct text *to)
{
    text_say(to, "Each time somebody who has them asks again, 304 saves ");
    report_size(to, budget->saved);
    text_say(to, " today (");
    budget_urls(to, budget->saved_urls);
    text_say(to, " of ");
    report_number(to, budget->urls);
    if (!budget->waste) {
        text_say(to, "); there is nothing more to save.\n");
        return;
    }
    text_say(to, ") and would save ");
    report_size(to, budget->waste);
    text_say(to, " more if everything revalidated (");
    budget_urls(to, budget->waste_urls);
    text_say(to, ").\n");
}

static void budget_past(const struct budget *budget, struct text *to)
{
    text_say(to, "Of what was read, ");
    report_number(to, budget->requests);
    text_say(to, " requests were for these URLs: ");
    report_number(to, budget->validated);
    text_say(to, " were answered 304, ");
    report_number(to, budget->repeats);
    text_say(to, " sent again what the same client already had (");
    report_size(to, budget->repeat_octets);
    text_say(to, "). If everything revalidated, ");
    report_number(to, budget->could_validate);
    text_say(to, " of these would be 304, and ");
    report_size(to, budget->could_save);
    text_say(to, " would not be sent.\n");
}

void report_budget(const struct budget *budget, struct text *to)
{
    budget_visit(budget, to);
    if (budget->requests)
        budget_past(budget, to);
    text_say(
        to,
        "Reckoned with the sizes of these answers: the content in its smallest coding, and what "
        "the head of a 304 is shorter where there was one. Content that changes meanwhile is "
        "sent anew all the same.%s\n",
        budget->requests ? " An answer of the same size to the same address counts as one that "
                           "was already there: that is a guess."
                         : "");
}
