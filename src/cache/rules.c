/* The rules a route begins with, before the operator says otherwise, and what they say of
 * lifetimes.
 */
#include "cache/rules.h"

#define DAY 86400

struct cache_rules cache_rules_default(void)
{
    struct cache_rules rules = {
        .profile = stet_profile_gateway(),
        .name = STET_SPAN("stet"),
        .collapse = true,
        .synthesize = true,
        .guard_deception = true,
        .validate_up_to = 1 << 20,
        .object_max = UINT64_C(64) << 20,
        .keep = DAY,
        .wait_timeout = 5000,
        .alone = 10,
    };
    /* Validators are made for what has a lifetime; what has neither would be stored for nothing. */
    rules.profile.validates_bare = false;
    return rules;
}

void cache_rules_lifetime(const struct cache_rules *rules, struct stet_stored *stored)
{
    if (stored->source != STET_LIFETIME_NONE)
        return;
    for (size_t i = 0; i < rules->lifetime_count; i++) {
        if (rules->lifetimes[i].status != stored->status || rules->lifetimes[i].seconds == 0)
            continue;
        stored->lifetime = rules->lifetimes[i].seconds;
        stored->source = STET_LIFETIME_HEURISTIC; /* nobody but us says so [RFC 9111 §4.2.2] */
        return;
    }
}
