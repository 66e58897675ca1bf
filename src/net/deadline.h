/* Deadlines of a connection: what it waits for, since when, and how much has moved meanwhile.
 *
 * Some waits have an end. Others, sending and receiving content, may take as long as they like as
 * long as enough octets move in each window.
 */
#ifndef NET_DEADLINE_H
#define NET_DEADLINE_H

#include "base/limits.h"

#include <stdbool.h>
#include <stdint.h>

/* What a connection waits for. */
enum deadline_phase {
    DEADLINE_IDLE,     /* for a request: limits.idle_timeout since the end of the last one */
    DEADLINE_TUNNEL,   /* for octets of either side: tunnel_idle_timeout since the last */
    DEADLINE_HEAD,     /* for the rest of a head: header_timeout since its first octet */
    DEADLINE_CONTENT,  /* for request content: body_floor octets in each body_timeout */
    DEADLINE_ANSWER,   /* for the service: no end */
    DEADLINE_SENDING,  /* for the client to take output: send_floor octets in each send_timeout */
    DEADLINE_LINGER,   /* for the client's end, ours was said: linger_timeout */
    DEADLINE_HANDSHAKE /* for the end of the handshake, behind early data: handshake_timeout */
};

struct deadline {
    int64_t since;    /* loop_now, ns: start of the phase, or of its window */
    uint64_t from;    /* octets that had moved before */
    uint32_t request; /* the low bits of its number, if the phase is about one */
    uint8_t phase;    /* enum deadline_phase */
};

/* Is in `phase` now, about the request with the low bits `request` (0 where one phase goes on for
 * several): if either is new, or the connection a tunnel, the time begins anew. `moved` counts the
 * octets read and written in the life of the connection, or those that matter for the phase. */
void deadline_enter(struct deadline *deadline, enum deadline_phase phase, uint32_t request,
                    int64_t now, uint64_t moved);

/* loop_now at which it is to be looked at again; INT64_MAX when there is no end. */
int64_t deadline_due(const struct deadline *deadline, const struct limits *limits);

/* It is missed at `now`. If its time has come but enough has moved, the next window begins. */
bool deadline_missed(struct deadline *deadline, const struct limits *limits, int64_t now,
                     uint64_t moved);

#endif
