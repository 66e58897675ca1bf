/* The census: how many connections are open, in all and by client address, over all workers.
 *
 * One lock, taken when a connection opens or closes and at no other time.
 */
#ifndef NET_CENSUS_H
#define NET_CENSUS_H

#include "io/sock.h"
#include "net/conn.h"

/* Counts a new connection. False when a limit bars it: then nothing was counted. */
bool census_enter(struct conn_census *census, const struct sock_address *peer);

/* Counts it out. */
void census_leave(struct conn_census *census, const struct sock_address *peer);

#endif
