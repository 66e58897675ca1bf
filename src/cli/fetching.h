/* Fetching: one GET, for commands that look at a response's head.
 */
#ifndef CLI_FETCHING_H
#define CLI_FETCHING_H

#include "stet/head.h"

/* Whom to believe of servers that speak TLS. */
struct fetching_trust {
    const char *ca_file; /* PEM; NULL: whom the system trusts */
    bool unverified;     /* any certificate will do */
};

/* Fetches an http or https URL and calls `seen` with the head of the final response;
 * `request->target` is the URL. The content is not read. 0, or an exit status: 2 for what is no
 * such URL and a CA file that is none, 3 for the network; then standard error says what is wrong.
 */
int fetching_head(const char *url, const struct fetching_trust *trust,
                  void (*seen)(void *owner, const struct stet_request *request,
                               const struct stet_response *response),
                  void *owner);

#endif
