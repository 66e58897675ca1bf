/* Heads, requests and responses written as text, for tests: "Name: value" lines divided by LF. */
#ifndef TEST_UNIT_MESSAGE_H
#define TEST_UNIT_MESSAGE_H

#include "stet/head.h"

#define MESSAGE_FIELDS_MAX 48

/* An instant for tests, as text and as seconds. */
#define MESSAGE_DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define MESSAGE_DATE_AT INT64_C(784111777)

struct message {
    struct stet_field storage[MESSAGE_FIELDS_MAX];
    struct stet_head head;
};

/* Reads `text`, which may be NULL, and returns the head, which lives in `to`. */
static inline const struct stet_head *message_head(struct message *to, const char *text)
{
    struct stet_span rest = stet_span_of(text);

    to->head = (struct stet_head){.fields = to->storage};
    while (rest.len && to->head.count < MESSAGE_FIELDS_MAX) {
        struct stet_span line = stet_span(rest.at, stet_span_find(rest, '\n'));
        size_t colon = stet_span_find(line, ':');
        stet_head_add(&to->head, to->storage, stet_span(line.at, colon),
                      stet_span_from(line, colon + 1));
        rest = stet_span_from(rest, line.len + 1);
    }
    return &to->head;
}

/* A request for http://example.org/where?q=now. */
static inline struct stet_request message_request(struct message *to, const char *method,
                                                  const char *text)
{
    struct stet_span name = stet_span_of(method);

    message_head(to, text);
    return (struct stet_request){.method = stet_method_of(name),
                                 .method_name = name,
                                 .target = STET_SPAN("/where?q=now"),
                                 .scheme = STET_SPAN("http"),
                                 .authority = STET_SPAN("example.org"),
                                 .path = STET_SPAN("/where"),
                                 .query = STET_SPAN("q=now"),
                                 .head = to->head};
}

static inline struct stet_response message_response(struct message *to, int status,
                                                    const char *text)
{
    return (struct stet_response){status, *message_head(to, text)};
}

#endif
