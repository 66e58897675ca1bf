/* Manners: hosts that say 429 or 503 are left alone, and credentials are for those who were meant.
 *
 * For a host that is busy one waits as long as it wants if that is not too long, else it is asked
 * for nothing more in this run; without Retry-After that is AUDIT_PAUSE seconds. A log or an
 * archive may name any host: what was given by -H as a credential goes only where the command line
 * points.
 */
#include "cli/auditing.h"
#include "client/redirect.h"
#include "stet/uri.h"

/* Seconds that are waited for a host. */
enum { AUDITING_PATIENCE = 60 };

static bool auditing_same_host(const char *a, const char *b)
{
    struct stet_uri one, other;

    return stet_uri_split(stet_span_of(a), &one) && stet_uri_split(stet_span_of(b), &other) &&
           stet_uri_same_origin(&one, &other);
}

void auditing_heed(struct auditing_manners *manners, const struct audit_facts *facts)
{
    const char *url = facts->final_url ? facts->final_url : facts->url;

    if (!facts->pause)
        return;
    if (facts->pause > AUDITING_PATIENCE) {
        manners->closed[manners->closed_count++] = url;
        return;
    }
    manners->busy = url;
    manners->pause = facts->pause;
}

bool auditing_may(struct auditing_manners *manners, const struct audit_setup *setup,
                  const char *url)
{
    const struct audit_progress waiting = {.url = url, .stage = "waits, as the server wants"};

    for (size_t i = 0; i < manners->closed_count; i++)
        if (auditing_same_host(manners->closed[i], url))
            return false;
    if (!manners->busy || !auditing_same_host(manners->busy, url))
        return true;
    manners->busy = NULL;
    return setup->progress(setup->owner, &waiting) &&
           setup->wait(setup->owner, manners->pause * 1000);
}

static bool auditing_named_host(struct auditing *auditing, const char *url)
{
    const struct auditing_sources *sources = &auditing->sources;
    const struct target *target;

    for (size_t cursor = 0; (target = map_next(&auditing->named.map, &cursor)) != NULL;)
        if (auditing_same_host(target->url, url))
            return true;
    return (sources->base && auditing_same_host(sources->base, url)) ||
           (sources->sitemap && auditing_same_host(sources->sitemap, url));
}

const char *const *auditing_fields(struct auditing *auditing, const char *url)
{
    const struct redirect away = {.another = true};
    size_t count = 0;

    if (auditing_named_host(auditing, url))
        return auditing->fields;
    for (size_t i = 0; i < auditing->field_count; i++) {
        const struct stet_span line = stet_span_of(auditing->fields[i]);
        if (!redirect_drops(&away, stet_span(line.at, stet_span_find(line, ':'))))
            auditing->plain[count++] = auditing->fields[i];
    }
    auditing->plain[count] = NULL;
    return auditing->plain;
}
