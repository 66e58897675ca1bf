/* The rules a route begins with, before the operator says otherwise.
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
