/* The profiles: sets of choices that belong together.
 */
#include "stet/profile.h"

/* [RFC 9213 §2.2]: the more specific one first. */
static const enum stet_field_id gateway_targets[] = {STET_FIELD_STET_CACHE_CONTROL,
                                                     STET_FIELD_CDN_CACHE_CONTROL};

struct stet_profile stet_profile_gateway(void)
{
    return (struct stet_profile){
        .role = STET_ROLE_SHARED,
        .heuristics = STET_HEURISTICS_OFF,
        .cookies = STET_COOKIES_EXPLICIT,
        .authorised = true,
        .ranges = true,
        .request_freshness = true,
        .disconnected = true,
        .refuses_errors = true,
        .targets = gateway_targets,
        .target_count = sizeof(gateway_targets) / sizeof(gateway_targets[0]),
    };
}

struct stet_profile stet_profile_rfc9111(void)
{
    struct stet_profile profile = stet_profile_gateway();

    profile.heuristics = STET_HEURISTICS_FULL;
    profile.cookies = STET_COOKIES_KEEP;
    profile.refuses_errors = false;
    return profile;
}

struct stet_profile stet_profile_forward(void)
{
    struct stet_profile profile = stet_profile_gateway();

    profile.heuristics = STET_HEURISTICS_USUAL;
    profile.targets = NULL;
    profile.target_count = 0;
    return profile;
}

struct stet_profile stet_profile_private(void)
{
    return (struct stet_profile){
        .role = STET_ROLE_PRIVATE,
        .heuristics = STET_HEURISTICS_USUAL,
        .cookies = STET_COOKIES_KEEP,
        .authorised = true,
        .ranges = true,
        .request_freshness = true,
        .disconnected = true,
    };
}
