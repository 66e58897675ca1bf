/* Deadlines: a phase, its start, and how much had moved by then.
 *
 * Nothing here is done while requests flow but a few comparisons: whoever has a timer leaves it
 * where it is, and asks when it fires whether the deadline has moved.
 */
#include "net/deadline.h"

#define NS_PER_MS 1000000

void deadline_enter(struct deadline *deadline, enum deadline_phase phase, uint32_t request,
                    int64_t now, uint64_t moved)
{
    bool same = phase == deadline->phase && request == deadline->request;

    if (same && phase != DEADLINE_TUNNEL)
        return;
    *deadline = (struct deadline){now, moved, request, (uint8_t)phase};
}

static uint64_t deadline_window(const struct deadline *deadline, const struct limits *limits)
{
    switch (deadline->phase) {
    case DEADLINE_TUNNEL:
        return limits->tunnel_idle_timeout;
    case DEADLINE_HEAD:
        return limits->header_timeout;
    case DEADLINE_CONTENT:
        return limits->body_timeout;
    case DEADLINE_SENDING:
        return limits->send_timeout;
    case DEADLINE_LINGER:
        return limits->linger_timeout;
    case DEADLINE_HANDSHAKE:
        return limits->handshake_timeout;
    default:
        return limits->idle_timeout;
    }
}

/* The octets that must move in a window. */
static uint64_t deadline_floor(const struct deadline *deadline, const struct limits *limits)
{
    if (deadline->phase == DEADLINE_SENDING)
        return limits->send_floor;
    if (deadline->phase == DEADLINE_CONTENT)
        return limits->body_floor;
    return UINT64_MAX;
}

int64_t deadline_due(const struct deadline *deadline, const struct limits *limits)
{
    if (deadline->phase == DEADLINE_ANSWER)
        return INT64_MAX;
    return deadline->since + (int64_t)deadline_window(deadline, limits) * NS_PER_MS;
}

bool deadline_missed(struct deadline *deadline, const struct limits *limits, int64_t now,
                     uint64_t moved)
{
    if (now < deadline_due(deadline, limits))
        return false;
    if (moved - deadline->from < deadline_floor(deadline, limits))
        return true;
    deadline->since = now;
    deadline->from = moved;
    return false;
}
