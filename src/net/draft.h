/* Requests that wait until it is known which protocol is to carry them. Inside net/ only.
 */
#ifndef NET_DRAFT_H
#define NET_DRAFT_H

#include "base/octets.h"
#include "wire/client.h"

/* A copy of a request, and what of its content was given meanwhile. */
struct draft {
    struct client_request request;
    struct octets content;
    bool finished; /* the content is complete */
    char text[];
};

/* NULL when memory is out. */
struct draft *draft_new(const struct client_request *request);

/* NULL is allowed. */
void draft_free(struct draft *draft);

#endif
