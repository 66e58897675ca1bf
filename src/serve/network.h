/* Networks: which clients an operator means by "10.0.0.0/8", "::1" or "unix".
 */
#ifndef SERVE_NETWORK_H
#define SERVE_NETWORK_H

#include "io/sock.h"

struct network {
    uint8_t family; /* AF_INET, AF_INET6, AF_UNIX (all of them) */
    uint8_t bits;   /* of `bytes` that count; the others are 0 */
    uint8_t bytes[16];
};

/* Some of them. The array is borrowed. */
struct networks {
    const struct network *at;
    size_t count;
};

/* Reads an address, ADDRESS/BITS, or "unix" for all clients of unix sockets. NULL, or static text
 * that says what is wrong. */
const char *network_read(const char *text, struct network *network);

/* An address is in one of them. One that is not known is in none. */
bool networks_have(const struct networks *networks, const struct sock_address *address);

#endif
