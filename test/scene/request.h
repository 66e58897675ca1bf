/* A strict reader of the HTTP/1.1 requests that reach a played origin server. It shares no code
 * with the gateway that wrote them, and takes nothing that a sender must not send: what a lenient
 * origin server would read in another way than the gateway meant it is how requests are smuggled.
 */
#ifndef TEST_SCENE_REQUEST_H
#define TEST_SCENE_REQUEST_H

#include "response.h"

struct request {
    char *method;
    char *target;
    size_t count;
    struct response_field fields[RESPONSE_FIELDS];
    char *text; /* memory of all that */
    char *content;
    size_t len;
    char *trailers;   /* lines, "A: b\r\n" each; NULL: none */
    bool has_content; /* be it empty: it is framed */
};

/* Reads the request at the start of `bytes`. As for response_read: `*used` is how many octets a
 * whole one takes; `fault` says what is wrong with a bad one; request_fini is due in each case. Of
 * one that is a part, `method` is not NULL when its head is whole. */
enum response_verdict request_read(struct request *request, const char *bytes, size_t len,
                                   size_t *used, char fault[RESPONSE_FAULT]);

void request_fini(struct request *request);

/* All lines of a field as one list; NULL when it is absent. For free(). */
char *request_list(const struct request *request, const char *name);

/* The first line of a field; NULL when it is absent. */
const char *request_field(const struct request *request, const char *name);

#endif
