/* The fields of cache groups as walks over spans.
 *
 * A String has one spelling on the wire, for only the two octets that must be escaped can be; so
 * its raw text serves as the name of the group, and nothing is decoded.
 *
 * Given up: an answer to "do these two responses share a group?", which would take the square of
 * what two peers may send. A cache that asks it keeps an index by group.
 */
#include "stet/cachegroups.h"

static struct stet_sf groups_of(const struct stet_head *head, enum stet_field_id id)
{
    struct stet_sf walk;
    stet_sf_of(&walk, head, id, STET_SF_LIST); /* no members if it fails */
    return walk;
}

struct stet_sf stet_cachegroups_of(const struct stet_head *response)
{
    return groups_of(response, STET_FIELD_CACHE_GROUPS);
}

struct stet_sf stet_cachegroups_invalidated(enum stet_method method,
                                            const struct stet_head *response)
{
    if (stet_method_is_safe(method)) /* [RFC 9875 §3] */
        return (struct stet_sf){.kind = STET_SF_LIST};
    return groups_of(response, STET_FIELD_CACHE_GROUP_INVALIDATION);
}

bool stet_cachegroups_next(struct stet_sf *walk, struct stet_span *group)
{
    struct stet_sf_member member;
    while (stet_sf_next(walk, &member)) {
        if (member.type == STET_SF_STRING) {
            *group = member.text;
            return true;
        }
    }
    return false;
}

bool stet_cachegroups_has(struct stet_sf walk, struct stet_span group)
{
    struct stet_span other;
    while (stet_cachegroups_next(&walk, &other))
        if (stet_span_equal(other, group)) /* [RFC 9875 §2.1] */
            return true;
    return false;
}
