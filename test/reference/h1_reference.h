/* A second reader of HTTP/1 requests, slow and plain, to compare the real one with. It was written
 * from the grammars of RFC 9112, RFC 9110 and RFC 3986 octet by octet and shares no code with it.
 */
#ifndef TEST_REFERENCE_H1_REFERENCE_H
#define TEST_REFERENCE_H1_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

enum { REFERENCE_FIELDS_MAX = 64, REFERENCE_REQUESTS_MAX = 64 };

/* Some octets of the stream, or text of the reader's own; `at` is NULL when absent. */
struct reference_text {
    const char *at;
    size_t len;
};

struct reference_field {
    struct reference_text name;
    struct reference_text value;
};

struct reference_fields {
    struct reference_field field[REFERENCE_FIELDS_MAX];
    size_t count;
};

struct reference_request {
    struct reference_text method;
    struct reference_text target;
    unsigned minor;
    struct reference_text scheme; /* absent: the connection's */
    struct reference_text authority;
    struct reference_text path;
    struct reference_text query;
    struct reference_fields headers;
    bool chunked;
    bool expects_continue;
    bool keep_alive;
    bool persistent;
    char *content;
    size_t content_len;
    bool complete; /* the content and the trailers are all there */
    struct reference_fields trailers;
};

struct reference_limits {
    size_t head, target, method, fields, trailer, chunk_line, chunk_extensions;
};

/* What is in the stream of one connection: requests, and then a refusal (`status`), or the end of
 * the stream or of what the last request lets follow (`status` is 0). A request of which only the
 * content was refused is among the requests, incomplete. */
struct reference {
    struct reference_request request[REFERENCE_REQUESTS_MAX];
    size_t count;
    int status;
};

void reference_read(struct reference *reference, const char *octets, size_t size,
                    const struct reference_limits *limits);
void reference_free(struct reference *reference);

/* A request-target: 0, 400, or 421 for one of another scheme than http. Fills scheme, authority,
 * path, query of `request`. */
int reference_target(struct reference_request *request);

/* The value of Host. */
bool reference_host_valid(struct reference_text value);

#endif
