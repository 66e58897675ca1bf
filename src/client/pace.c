/* When to ask again, as a function of what is known.
 */
#include "client/pace.h"

#include "stet/date.h"
#include "stet/status.h"

enum { PACE_DAY = 86400, PACE_DOUBLINGS = 4, PACE_JITTER = 10 };

static int64_t pace_clamp(int64_t seconds)
{
    return seconds < 0 ? 0 : seconds > PACE_DAY ? PACE_DAY : seconds;
}

int64_t pace_next(const struct pace *pace)
{
    const unsigned doublings = pace->failures < PACE_DOUBLINGS ? pace->failures : PACE_DOUBLINGS;
    const int64_t most = (int64_t)PACE_DAY * 1000;
    int64_t wait = pace->interval < most ? pace->interval << doublings : most;

    if (wait < pace_clamp(pace->ttl) * 1000)
        wait = pace_clamp(pace->ttl) * 1000;
    if (wait < pace_clamp(pace->retry_after) * 1000)
        wait = pace_clamp(pace->retry_after) * 1000;
    wait += (int64_t)(pace->random % (uint64_t)(wait / PACE_JITTER + 1));
    return wait < most ? wait : most;
}

bool pace_is_transient(int status)
{
    return pace_is_undone(status) || stet_status_is_failure(status);
}

bool pace_is_undone(int status)
{
    return status == 408 || status == 425 || status == 429 || status == 503;
}

int64_t pace_retry_after(const struct stet_head *head, int64_t now)
{
    const struct stet_span value = stet_head_single(head, STET_FIELD_RETRY_AFTER);
    uint64_t seconds;
    int64_t when;

    if (stet_span_number(value, PACE_DAY, &seconds))
        return (int64_t)seconds;
    if (!stet_date_read(value, now, &when))
        return 0;
    return pace_clamp(when - now);
}
