/* A second reader of HTTP/1 responses, slow and plain, to compare the real one with: written from
 * the grammars of RFC 9112 and RFC 9110 octet by octet, sharing no code with it.
 */
#ifndef TEST_REFERENCE_H1_RESPONSE_REFERENCE_H
#define TEST_REFERENCE_H1_RESPONSE_REFERENCE_H

#include "h1_reference.h"

enum { REFERENCE_INTERIMS_MAX = 32 };

/* What the response is to. */
struct reference_question {
    const char *method;
    bool upgrade; /* the request asked for one */
    bool lenient; /* heads may be mended */
    bool clean;   /* how the connection ended */
};

struct reference_response {
    unsigned minor;
    int status;
    struct reference_text phrase;
    struct reference_fields headers;
};

enum reference_end { REFERENCE_COMPLETE, REFERENCE_TRUNCATED, REFERENCE_MALFORMED };

enum reference_framing {
    REFERENCE_NO_CONTENT,
    REFERENCE_LENGTH,
    REFERENCE_CHUNKED,
    REFERENCE_UNTIL_CLOSE,
    REFERENCE_TUNNEL
};

/* What an origin sent from the start of a response to the end of the connection. */
struct reference_answer {
    struct reference_response interim[REFERENCE_INTERIMS_MAX];
    size_t interims;
    struct reference_response final;
    bool has_final;
    enum reference_framing framing;
    char *content;
    size_t content_len;
    struct reference_fields trailers;
    enum reference_end end;
    int fault; /* 400 off the grammar, 413 a length past 2^63 - 1, 431 a limit, 501 a coding */
    bool in_trailer; /* where the fault was */
    bool open_line;  /* the fault was in a line of a head that did not end, or not before the limit:
                        who waits for its end may say truncated, or 431 */
    bool persistent;
    size_t used;  /* octets up to the end of the response */
    char *mended; /* what `lenient` made of the octets; spans point into it */
};

void reference_answer_read(struct reference_answer *answer,
                           const struct reference_question *question, const char *octets,
                           size_t size, const struct reference_limits *limits);
void reference_answer_free(struct reference_answer *answer);

#endif
