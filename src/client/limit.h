/* The limits of the client, read from limit.tbl.
 */
#ifndef CLIENT_LIMIT_H
#define CLIENT_LIMIT_H

enum client_limit {
#define CLIENT_LIMIT(identifier, value, unit, what, past) CLIENT_##identifier##_MAX = (value),
#include "client/limit.tbl"
#undef CLIENT_LIMIT
};

#endif
