/* The Priority field read into a small struct.
 */
#include "stet/priority.h"

static void priority_take(struct stet_priority *priority, const struct stet_sf_member *member)
{
    if (stet_span_equal(member->key, STET_SPAN("u"))) {
        priority->urgency_stated =
            member->type == STET_SF_INTEGER && member->number >= 0 && member->number <= 7;
        priority->urgency = priority->urgency_stated ? (uint8_t)member->number : 3;
    } else if (stet_span_equal(member->key, STET_SPAN("i"))) {
        priority->incremental_stated = member->type == STET_SF_BOOLEAN;
        priority->incremental = priority->incremental_stated && member->number != 0;
    } /* others are ignored [RFC 9218 §4] */
}

/* The last of equal keys counts, so each one read overrules what came before. */
static struct stet_priority priority_read(struct stet_sf walk)
{
    struct stet_priority priority = STET_PRIORITY_DEFAULT;
    struct stet_sf_member member;
    while (stet_sf_next(&walk, &member))
        priority_take(&priority, &member);
    return priority;
}

struct stet_priority stet_priority_of(const struct stet_head *head)
{
    struct stet_sf walk;
    stet_sf_of(&walk, head, STET_FIELD_PRIORITY, STET_SF_DICTIONARY);
    return priority_read(walk);
}

struct stet_priority stet_priority_in(struct stet_span value)
{
    struct stet_sf walk;
    stet_sf_in(&walk, value, STET_SF_DICTIONARY);
    return priority_read(walk);
}

struct stet_priority stet_priority_merge(struct stet_priority request,
                                         struct stet_priority response)
{
    struct stet_priority merged = request;
    if (response.urgency_stated) {
        merged.urgency = response.urgency;
        merged.urgency_stated = true;
    }
    if (response.incremental_stated) {
        merged.incremental = response.incremental;
        merged.incremental_stated = true;
    }
    return merged;
}
