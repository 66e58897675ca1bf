/* Control: one request to a running server over its local socket, and the answer to it.
 */
#ifndef CLI_CONTROL_H
#define CLI_CONTROL_H

#include "base/text.h"
#include "stet/span.h"

/* One request. Borrows. */
struct control_request {
    const char *socket; /* path of the socket; NULL: where a server of this user puts it */
    const char *method;
    struct stet_span target;
    struct stet_span content; /* may be empty */
    /* Called with each piece of the content of a 200 as it comes, for answers that do not end by
     * themselves; false ends it. NULL: the content is gathered. */
    bool (*each)(void *owner, struct stet_span bytes);
    void *owner;
};

/* What came back. */
struct control_answer {
    int status;
    struct text content; /* for text_fini */
};

/* Sends it and waits for the whole answer. 0, or an exit status (3: no server there, or it broke
 * off): then standard error says why, and what to do. */
int control_ask(const struct control_request *request, struct control_answer *answer);

/* Prints the sentence that the server gave for a status other than 200; returns the exit status
 * for it: 1. */
int control_refused(const char *command, const struct control_answer *answer);

/* Asks, and prints the content of a 200, or the sentence for another status. The exit status. */
int control_show(const char *command, const struct control_request *request);

/* Appends `text` to a query, percent-encoded. */
void control_encode(struct text *to, struct stet_span text);

#endif
