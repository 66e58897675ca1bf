/* Leaves hosts alone that say 429 or 503: waits as long as they want if that is not too long, else
 * asks them for nothing more in this run.
 *
 * A server without Retry-After is left alone for AUDIT_PAUSE seconds.
 */
#include "cli/auditing.h"
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
