/* What the reference readers of requests and of responses share: a walk over octets, and the
 * elements that both kinds of message have.
 *
 * reader_peek gives the next octet, or says that there is none: because the stream ends there, or
 * because a limit forbids to look. The others return OK, or why they could not go on.
 */
#ifndef TEST_REFERENCE_H1_REFERENCE_READER_H
#define TEST_REFERENCE_H1_REFERENCE_READER_H

#include "h1_reference.h"

enum { OK = 0, ENDS = -1 }; /* else a status */
enum { END_OF_STREAM = -1, END_OF_WINDOW = -2 };

struct reader {
    const char *octets;
    size_t size;
    size_t at;
    size_t window;     /* no octet from here on may be looked at ... */
    int window_status; /* ... or else this is the answer */
    const struct reference_limits *limits;
};

int reader_peek(const struct reader *r);
int reader_cannot(const struct reader *r); /* why the octet that was wanted is not there */
int reader_expect(struct reader *r, char octet);
int reader_crlf(struct reader *r);
void reader_window(struct reader *r, size_t room, int status);

bool octet_is_digit(int c);
bool octet_is_tchar(int c);
bool octet_is_visible(int c);
bool octet_is_obs_text(int c);
bool octet_is_space(int c);

bool text_same(struct reference_text text, const char *word); /* without case */
struct reference_text text_trim(struct reference_text text);
bool text_is_token(struct reference_text text);

/* "HTTP/" DIGIT "." DIGIT; 505 for another major version. */
int reader_version(struct reader *r, unsigned *minor);

/* *( field-name ":" OWS field-value OWS CRLF ) CRLF */
int reader_fields(struct reader *r, struct reference_fields *fields);

/* Content without its transfer coding. */
struct reference_content {
    char *octets;
    size_t len;
};

/* Room for `most` octets; to be freed. */
struct reference_content reference_content_new(size_t most);

/* As many octets as the digits say, into `content`. */
int reader_exactly(struct reader *r, struct reference_text length,
                   struct reference_content *content);
int reader_chunked(struct reader *r, struct reference_content *content,
                   struct reference_fields *trailers);

/* How many lines a field has; `*last` is the last one. */
size_t fields_lines(const struct reference_fields *fields, const char *name,
                    struct reference_text *last);

/* Calls `each` for the members of all lines of a field; a comma in quotes is no comma. */
typedef void reference_each(struct reference_text member, void *state);
void fields_members(const struct reference_fields *fields, const char *name, reference_each *each,
                    void *state);

/* Transfer-Encoding, if there is any. */
int fields_coding(const struct reference_fields *fields, unsigned minor, bool *chunked);

/* Content-Length as digits without leading zeros; `length->at` stays NULL without one. */
int fields_length(const struct reference_fields *fields, struct reference_text *length);

struct fields_options {
    bool close, keep_alive;
};
struct fields_options fields_options(const struct reference_fields *fields);

#endif
