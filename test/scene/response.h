/* A strict reader of HTTP/1.1 responses for tests. It shares no code with the server: what both
 * misunderstand in the same way would go unseen.
 *
 * It takes nothing that RFC 9112 only lets a recipient forgive: CRLF alone ends a line, no field
 * line is folded, fields that may stand once stand once, an answer without content has no content.
 * Of an answer that has only been passed on, it demands the grammar, but not that what it says is
 * well chosen: interim responses with fields, lists in several lines, trailers.
 */
#ifndef TEST_SCENE_RESPONSE_H
#define TEST_SCENE_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RESPONSE_FIELDS = 160, RESPONSE_FAULT = 300 };

struct response_field {
    const char *name; /* with a NUL, in `text` of the response */
    const char *value;
};

struct response {
    int status;   /* of the final response; 0: there is none */
    int interims; /* 1xx responses before it */
    size_t count;
    struct response_field fields[RESPONSE_FIELDS];
    char *text;     /* memory of the fields */
    char *body;     /* content, chunked coding undone; with a NUL behind it */
    size_t len;     /* of the content */
    size_t expects; /* octets of content that the head promises; SIZE_MAX: until close */
    char *trailers; /* field lines behind chunked content; NULL: none */
    bool chunked;
    bool closes; /* "Connection: close" */
    bool passed; /* to be set before: of another server, whose words are its own */
};

enum response_verdict {
    RESPONSE_WHOLE,
    RESPONSE_PART, /* well-formed as far as it goes */
    RESPONSE_BAD   /* off the grammar: `fault` says how */
};

/* Reads the response at the start of `bytes` to a request with `method` (as sent). `ended`: no
 * more will come, and the end was no reset. `*used` is how many octets it takes. A response that is
 * not whole has its head in `response` as far as that is there, and the content so far. Whatever
 * the verdict, response_fini is due. */
enum response_verdict response_read(struct response *response, const char *bytes, size_t len,
                                    const char *method, bool ended, size_t *used,
                                    char fault[RESPONSE_FAULT]);

void response_fini(struct response *response);

/* The value of a field; NULL when it is absent. Names in any case. */
const char *response_field(const struct response *response, const char *name);

/* How many lines there are of a field. */
size_t response_count(const struct response *response, const char *name);

/* All lines of a field as one list; NULL when it is absent. For free(). */
char *response_list(const struct response *response, const char *name);

/* Reads an IMF-fixdate strictly; -1 when it is none. Seconds since 1970. */
int64_t response_date(const char *text);

/* Is it an entity tag, W/ included or not? */
bool response_is_etag(const char *text);

#endif
