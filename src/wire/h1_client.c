/* HTTP/1 towards an origin: a request goes out, bytes that come back become its response.
 *
 *     IDLE --begin--> HEAD --head--> CONTENT --end--> IDLE
 *                     ^  |              |              (or OVER)
 *                     +--+ interim      |
 *        malformed, closed, cancelled, tunnel, an octet too many ---> OVER
 *
 * Responses are read in place from the bytes that feed is given; what is not consumed stays with
 * the connection and comes again. There is one request at a time, so a response can only be to that
 * one; what comes when there is none, or behind the end of one, is not looked at: whoever sent it
 * does not agree with us about where responses end, and any octet of it believed would be an answer
 * to the next request that nobody gave [RFC 9112 §9.2].
 *
 * Given up: pipelining, which origins answer in order at best and which makes every failure that of
 * all requests behind it; and a connection whose response came before the request was sent whole,
 * which could be kept by sending the rest.
 */
#include "wire/h1_client.h"

#include "base/check.h"
#include "wire/h1_write.h"

enum {
    PROTOCOL_ERROR = -(int)STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR,
    CHUNK_TOO_LARGE = -(int)STET_PROXY_ERROR_HTTP_RESPONSE_BODY_SIZE,
    TRAILERS_TOO_LARGE = -(int)STET_PROXY_ERROR_HTTP_RESPONSE_TRAILER_SECTION_SIZE
};

void h1_client_init(struct h1_client *client, const struct client_events *events, void *owner,
                    const struct h1_client_setup *setup)
{
    CHECK(setup->limits->field_count <= H1_FIELDS_MAX);
    *client = (struct h1_client){.events = events, .owner = owner, .setup = setup};
}

size_t h1_client_begin(struct h1_client *client, const struct client_request *request, char *to)
{
    CHECK(client->state == H1_CLIENT_IDLE);
    bool length_known = !request->has_content || request->length_known;
    *client = (struct h1_client){
        .events = client->events,
        .owner = client->owner,
        .setup = client->setup,
        .length_left = request->has_content && length_known ? request->length : 0,
        .method = (uint8_t)request->method,
        .state = H1_CLIENT_HEAD,
        .chunked_request = !length_known,
        .upgrade = request->upgrade,
    };
    client->sent = length_known && client->length_left == 0;
    return h1_client_head_write(request, to);
}

/* CRLF behind a chunk, and the last chunk, which alone has no octets [RFC 9112 §7.1]. */
static void chunk_frame(uint64_t size, bool last, struct h1_client_frame *frame)
{
    char *at = frame->after;
    if (size > 0) {
        frame->before_len = h1_chunk_line_write(size, frame->before);
        at = h1_span_write(STET_SPAN("\r\n"), at);
    }
    if (last)
        at = h1_span_write(STET_SPAN("0\r\n\r\n"), at);
    frame->after_len = (size_t)(at - frame->after);
}

void h1_client_frame(struct h1_client *client, uint64_t size, bool last,
                     struct h1_client_frame *frame)
{
    CHECK(h1_client_busy(client) && (!client->sent || (size == 0 && last)));
    frame->before_len = frame->after_len = 0;
    if (client->chunked_request) {
        if (!client->sent)
            chunk_frame(size, last, frame);
        client->sent = last;
        return;
    }
    CHECK(size <= client->length_left);
    client->length_left -= size;
    CHECK(!last || client->length_left == 0);
    client->sent = client->length_left == 0;
}

/* The response has ended with `rest` octets behind it; the last that is done for this request. */
static void client_finish(struct h1_client *client, enum client_end end,
                          const struct stet_head *trailers, size_t rest)
{
    bool kept = end == CLIENT_COMPLETE && client->framing.persistent && client->sent && rest == 0;
    client->state = kept ? H1_CLIENT_IDLE : H1_CLIENT_OVER;
    client->events->end(client->owner, end, trailers);
}

static const struct stet_head no_trailers;

static void client_fail(struct h1_client *client, enum client_end end, enum stet_proxy_error error)
{
    client->error = (uint8_t)error;
    client_finish(client, end, &no_trailers, 0);
}

/* `verdict` is an error with its sign changed. */
static void client_refuse(struct h1_client *client, int verdict)
{
    client_fail(client, CLIENT_MALFORMED, (enum stet_proxy_error)(-verdict));
}

/* One of the 1xx that lead to the final response [RFC 9110 §15.2]. */
static void client_interim(struct h1_client *client)
{
    if (++client->interims > CLIENT_INTERIMS_MAX)
        client_refuse(client, PROTOCOL_ERROR);
    else
        client->events->interim(client->owner, &client->setup->head->response);
}

/* The final head was read, and `rest` octets are behind it. */
static void client_final(struct h1_client *client, size_t rest)
{
    const struct stet_response *response = &client->setup->head->response;
    enum response_content content = client->framing.content;

    client->state = H1_CLIENT_CONTENT;
    client->content_left = client->framing.length;
    client->events->head(client->owner, response, &client->framing);
    if (client->state != H1_CLIENT_CONTENT)
        return;
    if (content == RESPONSE_NO_CONTENT || content == RESPONSE_TUNNEL ||
        (content == RESPONSE_LENGTH && client->content_left == 0))
        client_finish(client, CLIENT_COMPLETE, &no_trailers, rest);
}

/* Nobody switches to a protocol that was not asked for, or without saying to which
 * [RFC 9110 §7.8]. */
static bool switches_badly(const struct h1_client *client, const struct stet_response *response)
{
    return response->status == 101 &&
           (!client->upgrade || !stet_head_has(&response->head, STET_FIELD_UPGRADE));
}

/* A head was read; `rest` octets are behind it. */
static void client_head(struct h1_client *client, size_t rest)
{
    const struct h1_response_head *head = client->setup->head;
    int verdict = h1_response_check(head, client->method, &client->framing);
    client->scanned = 0;
    if (verdict == 0 && switches_badly(client, &head->response))
        verdict = PROTOCOL_ERROR;
    if (verdict < 0)
        client_refuse(client, verdict);
    else if (head->response.status < 200 && head->response.status != 101)
        client_interim(client);
    else
        client_final(client, rest);
}

/* A head that comes in pieces is read again with each line, not with each octet. */
static bool line_has_come(const struct h1_client *client, const char *bytes, size_t size)
{
    return client->scanned == 0 || size >= client->setup->limits->head_size ||
           memchr(bytes + client->scanned, '\n', size - client->scanned);
}

static size_t client_feed_head(struct h1_client *client, char *bytes, size_t size)
{
    const struct h1_client_setup *setup = client->setup;
    if (!line_has_come(client, bytes, size)) {
        client->scanned = (uint32_t)size;
        return 0;
    }
    client->scanned = (uint32_t)size;
    int length = h1_response_read(bytes, size, setup->limits, setup->lenient, setup->head);
    if (length < 0)
        client_refuse(client, length);
    else if (length > 0)
        client_head(client, size - (size_t)length);
    return length > 0 ? (size_t)length : 0;
}

static void client_content(struct h1_client *client, struct stet_span bytes)
{
    client->paused = !client->events->content(client->owner, bytes);
}

static size_t client_feed_length(struct h1_client *client, const char *bytes, size_t size)
{
    size_t part = size < client->content_left ? size : (size_t)client->content_left;
    client->content_left -= part;
    client_content(client, stet_span(bytes, part));
    if (client->content_left == 0 && client->state == H1_CLIENT_CONTENT)
        client_finish(client, CLIENT_COMPLETE, &no_trailers, size - part);
    return part;
}

static size_t client_feed_trailers(struct h1_client *client, const char *bytes, size_t size)
{
    const struct h1_client_setup *setup = client->setup;
    struct stet_head trailers;
    int length = h1_trailers_read(bytes, size, setup->limits, setup->head->fields, &trailers);
    if (length < 0)
        client_refuse(client, length == -431 ? TRAILERS_TOO_LARGE : PROTOCOL_ERROR);
    if (length <= 0)
        return 0;
    client_finish(client, CLIENT_COMPLETE, &trailers, size - (size_t)length);
    return (size_t)length;
}

static size_t client_feed_chunked(struct h1_client *client, const char *bytes, size_t size)
{
    struct stet_span input = stet_span(bytes, size), data;
    int got = h1_chunked_read(&client->chunked, &input, &data, client->setup->limits);
    if (got == H1_CHUNKED_TRAILERS)
        return size - input.len + client_feed_trailers(client, input.at, input.len);
    if (got < 0)
        client_refuse(client, got == -413 ? CHUNK_TOO_LARGE : PROTOCOL_ERROR);
    else if (got == H1_CHUNKED_DATA)
        client_content(client, data);
    return size - input.len;
}

/* One step on the input; what it consumed. */
static size_t client_step(struct h1_client *client, char *bytes, size_t size)
{
    if (client->state == H1_CLIENT_HEAD)
        return client_feed_head(client, bytes, size);
    switch (client->framing.content) {
    case RESPONSE_LENGTH:
        return client_feed_length(client, bytes, size);
    case RESPONSE_DELIMITED:
        return client_feed_chunked(client, bytes, size);
    default: /* until close: the others ended with the head */
        client_content(client, stet_span(bytes, size));
        return size;
    }
}

size_t h1_client_feed(struct h1_client *client, char *bytes, size_t size)
{
    size_t used = 0, step = 1;
    if (size > 0 && client->state == H1_CLIENT_IDLE)
        client->state = H1_CLIENT_OVER; /* an answer to nothing [RFC 9112 §9.2] */
    client->heard |= size > 0 && h1_client_busy(client);
    while (step > 0 && used < size && h1_client_busy(client) && !client->paused) {
        step = client_step(client, bytes + used, size - used);
        used += step;
    }
    return used;
}

void h1_client_closed(struct h1_client *client, bool clean)
{
    if (!h1_client_busy(client))
        client->state = H1_CLIENT_OVER;
    else if (client->state == H1_CLIENT_CONTENT && clean &&
             client->framing.content == RESPONSE_UNTIL_CLOSE)
        client_finish(client, CLIENT_COMPLETE, &no_trailers, 0); /* [RFC 9112 §6.3] */
    else
        client_fail(client, CLIENT_TRUNCATED,
                    client->heard ? STET_PROXY_ERROR_HTTP_RESPONSE_INCOMPLETE
                                  : STET_PROXY_ERROR_CONNECTION_TERMINATED);
}

void h1_client_resume(struct h1_client *client)
{
    client->paused = false;
}

void h1_client_cancel(struct h1_client *client)
{
    client->state = H1_CLIENT_OVER;
}

bool h1_client_busy(const struct h1_client *client)
{
    return client->state == H1_CLIENT_HEAD || client->state == H1_CLIENT_CONTENT;
}

bool h1_client_usable(const struct h1_client *client)
{
    return client->state == H1_CLIENT_IDLE;
}

bool h1_client_heard(const struct h1_client *client)
{
    return client->heard;
}

enum stet_proxy_error h1_client_error(const struct h1_client *client)
{
    return client->error;
}
