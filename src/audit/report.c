/* What all reports share: counting, sorting, and how numbers look.
 */
#include "audit/report.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_SECOND 1000000000

/* The findings of an item, or all. */
static const struct finding *report_of(const struct report *report, const struct report_item *item,
                                       size_t *count)
{
    *count = item ? item->count : report->findings->count;
    return report->findings->at + (item ? item->first : 0);
}

struct report_counts report_count(const struct report *report, const struct report_item *item)
{
    struct report_counts counts = {{0}};
    size_t count;
    const struct finding *findings = report_of(report, item, &count);

    for (size_t i = 0; i < count; i++)
        counts.of[finding_kind(findings[i].id)->level]++;
    return counts;
}

static int report_order(const void *a, const void *b)
{
    const struct finding *one = *(const struct finding *const *)a;
    const struct finding *other = *(const struct finding *const *)b;
    const int levels = (int)finding_kind(other->id)->level - (int)finding_kind(one->id)->level;

    if (levels)
        return levels;
    if (one->id != other->id)
        return one->id < other->id ? -1 : 1;
    return one < other ? -1 : 1; /* as they were found */
}

const struct finding **report_sorted(const struct report *report, const struct report_item *item,
                                     size_t *count)
{
    const struct finding *findings = report_of(report, item, count);
    const struct finding **sorted = memory_new((*count + 1) * sizeof *sorted);

    if (!sorted)
        return NULL;
    for (size_t i = 0; i < *count; i++)
        sorted[i] = &findings[i];
    qsort(sorted, *count, sizeof *sorted, report_order);
    return sorted;
}

const struct finding *report_worst(const struct report *report, const struct report_item *item)
{
    size_t count;
    const struct finding *findings = report_of(report, item, &count), *worst = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct finding *one = &findings[i];
        if (!worst || report_order(&one, &worst) < 0)
            worst = one;
    }
    return worst;
}

enum finding_level report_item_level(const struct report *report, const struct report_item *item)
{
    const struct finding *worst = report_worst(report, item);
    const enum finding_level level = worst ? finding_kind(worst->id)->level : FINDING_GOOD;

    return level == FINDING_GOOD && !item->facts->complete ? FINDING_INFO : level;
}

const char *report_item_words(const struct report *report, const struct report_item *item)
{
    const struct finding *worst = report_worst(report, item);

    if (!item->facts->complete && (!worst || finding_kind(worst->id)->level == FINDING_GOOD))
        return "the audit was not completed";
    return worst ? finding_kind(worst->id)->summary : "nothing was found";
}

const struct audit_facts *report_facts(const struct report *report, const struct finding *finding)
{
    const size_t index = (size_t)(finding - report->findings->at);

    for (size_t i = 0; i < report->count; i++) {
        const struct report_item *item = &report->items[i];
        if (index >= item->first && index < item->first + item->count)
            return item->facts;
    }
    return NULL;
}

uint64_t report_requests(const struct report *report)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < report->count; i++)
        sum += report->items[i].facts->requests;
    return sum;
}

uint64_t report_octets(const struct report *report)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < report->count; i++)
        sum += report->items[i].facts->octets;
    return sum;
}

void report_size(struct text *to, uint64_t octets)
{
    static const char *const units[] = {"octets", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double size = (double)octets;
    size_t unit = 0;

    for (; size >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++)
        size /= 1024;
    text_say(to, "%.*f %s", unit && size < 100 ? 1 : 0, size, units[unit]);
}

void report_number(struct text *to, uint64_t number)
{
    char digits[24];
    const int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);

    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            text_put(to, ",", 1);
        text_put(to, &digits[i], 1);
    }
}

void report_law_link(struct text *to, const char *law)
{
    static const char mark[] = "\xc2\xa7"; /* the section sign */
    unsigned rfc;

    if (sscanf(law, "RFC %u", &rfc) != 1)
        return;
    text_say(to, "https://www.rfc-editor.org/rfc/rfc%u.html", rfc);
    const char *section = strstr(law, mark);
    const char *next = strchr(law, ',');
    if (!section || (next && next < section))
        return;
    section += sizeof mark - 1;
    text_say(to, "#section-%.*s", (int)strspn(section, "0123456789.ABCDEFabcdef"), section);
}

void report_time(struct text *to, int64_t ns)
{
    const time_t seconds = (time_t)(ns / NS_PER_SECOND);
    char words[32];
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(words, sizeof words, "%Y-%m-%dT%H:%M:%SZ", &tm);
    text_say(to, "%s", words);
}
