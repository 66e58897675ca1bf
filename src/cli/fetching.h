/* Fetching: one GET over a blocking socket, for commands that look at a response's head.
 */
#ifndef CLI_FETCHING_H
#define CLI_FETCHING_H

#include "stet/head.h"

/* Fetches an http URL and calls `seen` with the head of the final response; `request->target` is
 * the URL. The content is not read. 0, or an exit status: 2 for what is no http URL, 3 for the
 * network; then standard error says what is wrong. */
int fetching_head(const char *url,
                  void (*seen)(void *owner, const struct stet_request *request,
                               const struct stet_response *response),
                  void *owner);

#endif
