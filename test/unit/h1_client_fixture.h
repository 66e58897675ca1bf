/* The client side of HTTP/1 without a socket: a talk that writes down what it is told, and octets
 * that arrive in pieces. */
#ifndef TEST_UNIT_H1_CLIENT_FIXTURE_H
#define TEST_UNIT_H1_CLIENT_FIXTURE_H

#include "table.h"
#include "wire/h1_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_MORE UINT64_MAX

enum { HEARD_ROOM = 2048 };

/* What to do in an event, for the tests of that. */
enum manner { LISTEN, CANCEL_INTERIM, CANCEL_HEAD, CANCEL_CONTENT, BEGIN_AGAIN, PAUSE };

struct talk {
    struct limits limits;
    struct h1_response_head head;
    struct h1_client_setup setup;
    struct h1_client client;
    enum manner manner;
    char *pending; /* what arrived and was not consumed, without an octet to spare */
    size_t pending_size;
    char heard[HEARD_ROOM];
    size_t used;
    bool in_content;
    int status; /* of the final head */
    size_t ends, pauses;
    bool paused;
    enum client_end end;
    bool usable_in_end;
};

static const char *const content_words[] = {"none", "length", "chunked", "close", "tunnel"};
static const char *const end_words[] = {"complete", "truncated", "malformed"};

static inline void hear(struct talk *t, const char *text, size_t size)
{
    if (t->used + size >= sizeof t->heard)
        return; /* long content: only its row knows */
    memcpy(t->heard + t->used, text, size);
    t->used += size;
    t->heard[t->used] = '\0';
}

static inline void hear_text(struct talk *t, const char *text)
{
    if (t->in_content)
        hear(t, "] ", 2);
    t->in_content = false;
    hear(t, text, strlen(text));
}

static inline void hear_fields(struct talk *t, const struct stet_head *head)
{
    for (size_t i = 0; i < head->count; i++) {
        const struct stet_field *field = &head->fields[i];
        char text[200];
        snprintf(text, sizeof text, "%.*s=%.*s ", (int)field->name.len, field->name.at,
                 (int)(field->value.len < 80 ? field->value.len : 80), field->value.at);
        hear_text(t, text);
    }
}

static inline void begin(struct talk *t, const struct client_request *request)
{
    char *head = malloc(h1_client_head_room(request));
    assert_non_null(head);
    assert_true(h1_client_begin(&t->client, request, head) <= h1_client_head_room(request));
    assert_true(h1_client_busy(&t->client));
    assert_false(h1_client_usable(&t->client));
    free(head);
}

static inline struct client_request request_of(const char *method)
{
    struct stet_span name = stet_span_of(method);
    return (struct client_request){.method = stet_method_of(name),
                                   .method_name = name,
                                   .target = STET_SPAN("/"),
                                   .host = STET_SPAN("a")};
}

static inline void on_interim(void *owner, const struct stet_response *response)
{
    struct talk *t = owner;
    char text[32];
    assert_int_equal(t->ends, 0);
    snprintf(text, sizeof text, "(%d) ", response->status);
    hear_text(t, text);
    hear_fields(t, &response->head);
    if (t->manner == CANCEL_INTERIM)
        h1_client_cancel(&t->client);
}

static inline void on_head(void *owner, const struct stet_response *response,
                           const struct response_framing *framing)
{
    struct talk *t = owner;
    char text[64];
    assert_int_equal(t->ends, 0);
    t->status = response->status;
    snprintf(text, sizeof text, "%d %s%s ", response->status, content_words[framing->content],
             framing->persistent ? " persists" : "");
    hear_text(t, text);
    if (response->head.count < 5)
        hear_fields(t, &response->head);
    if (t->manner == CANCEL_HEAD)
        h1_client_cancel(&t->client);
}

static inline bool on_content(void *owner, struct stet_span bytes)
{
    struct talk *t = owner;
    assert_int_equal(t->ends, 0);
    assert_true(bytes.len > 0 && !t->paused);
    if (!t->in_content)
        hear(t, "[", 1);
    t->in_content = true;
    hear(t, bytes.at, bytes.len);
    if (t->manner == CANCEL_CONTENT)
        h1_client_cancel(&t->client);
    t->paused = t->manner == PAUSE;
    t->pauses += t->paused;
    return !t->paused;
}

static inline void on_end(void *owner, enum client_end end, const struct stet_head *trailers)
{
    struct talk *t = owner;
    t->end = end;
    t->usable_in_end = h1_client_usable(&t->client);
    hear_fields(t, trailers);
    hear_text(t, end_words[end]);
    if (t->manner == BEGIN_AGAIN && t->usable_in_end) {
        struct client_request request = request_of("GET");
        hear_text(t, " / ");
        begin(t, &request);
        t->manner = LISTEN;
        return;
    }
    t->ends++;
}

static const struct client_events events = {on_interim, on_head, on_content, on_end};

static inline struct talk *talk_new(bool lenient)
{
    struct talk *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->limits = limits_default();
    t->setup = (struct h1_client_setup){&t->limits, &t->head, lenient};
    h1_client_init(&t->client, &events, t, &t->setup);
    assert_true(h1_client_usable(&t->client));
    return t;
}

static inline void talk_free(struct talk *t)
{
    free(t->pending);
    free(t);
}

/* Feeds what is pending; what was consumed goes. */
static inline void talk_feed(struct talk *t)
{
    size_t used = h1_client_feed(&t->client, t->pending, t->pending_size);
    assert_true(used <= t->pending_size);
    char *rest = malloc(t->pending_size - used + 1);
    assert_non_null(rest);
    memcpy(rest, t->pending + used, t->pending_size - used);
    free(t->pending);
    t->pending_size -= used;
    t->pending = rest;
}

/* A piece arrives. */
static inline void talk_arrive(struct talk *t, const char *octets, size_t size)
{
    char *all = malloc(t->pending_size + size ? t->pending_size + size : 1);
    assert_non_null(all);
    if (t->pending_size > 0)
        memcpy(all, t->pending, t->pending_size);
    memcpy(all + t->pending_size, octets, size);
    free(t->pending);
    t->pending = all;
    t->pending_size += size;
    talk_feed(t);
}

/* The octets arrive, a first piece and then pieces of `step`. */
static inline void talk_hear(struct talk *t, const char *octets, size_t size, size_t first,
                             size_t step)
{
    talk_arrive(t, octets, first);
    for (size_t at = first, piece; at < size; at += piece) {
        piece = size - at < step ? size - at : step;
        talk_arrive(t, octets + at, piece);
    }
}

#endif
