/* A connection of HTTP/2 to an origin: its session, its streams, how they end.
 *
 *     h2_client_begin --> [open] --head, content--> [whole] --> end
 *                            |                                   |
 *                            +-- reset, GOAWAY, malformed -------+--> over --nghttp2 closes-->
 * freed
 *
 * nghttp2 frames, compresses and keeps windows; what comes is judged once more in h2_client_head.c.
 * A stream is told to have ended as soon as that is known, and freed when nghttp2 has closed it as
 * well and nobody walks over the list: events may cancel any stream and begin others.
 *
 * A connection that breaks ends all its streams, but only behind nghttp2's functions, which must
 * not find their session gone.
 *
 * Given up: server push [RFC 9113 §8.4].
 */
#include "wire/h2_client.h"

#include "base/check.h"
#include "base/memory.h"
#include "wire/h2_client_parts.h"

static const struct stet_head no_trailers;

/* What we add to a head that a client has sent, at most. */
enum { HEAD_EXTRA = 65536 };

/* The octets of a frame's beginning. */
enum { FRAME_HEAD = 9 };

/* ---- the kit ---- */

static bool kit_set_options(struct h2_client_kit *kit)
{
    if (nghttp2_option_new(&kit->option) != 0)
        return false;
    nghttp2_option_set_no_auto_window_update(kit->option, 1);
    nghttp2_option_set_no_closed_streams(kit->option, 1);
    /* It counts each octet of a frame's beginning that comes alone; we count frames. */
    nghttp2_option_set_max_continuations(kit->option,
                                         (size_t)kit->limits->h2_idle_frames * FRAME_HEAD);
    nghttp2_option_set_max_send_header_block_length(kit->option,
                                                    2 * kit->limits->head_size + HEAD_EXTRA);
    return true;
}

struct h2_client_kit *h2_client_kit_new(const struct limits *limits)
{
    struct h2_client_kit *kit = memory_new_zero(sizeof *kit);

    if (!kit)
        return NULL;
    CHECK(limits->field_count <= H1_FIELDS_MAX);
    kit->limits = limits;
    if (kit_set_options(kit) && nghttp2_session_callbacks_new(&kit->callbacks) == 0) {
        h2_client_hear(kit->callbacks);
        h2_client_speak(kit->callbacks);
        return kit;
    }
    h2_client_kit_free(kit);
    return NULL;
}

void h2_client_kit_free(struct h2_client_kit *kit)
{
    if (!kit)
        return;
    while (kit->spare) {
        struct h2_client_head *head = kit->spare;
        kit->spare = head->next;
        memory_free(head);
    }
    nghttp2_session_callbacks_del(kit->callbacks);
    nghttp2_option_del(kit->option);
    memory_free(kit);
}

struct h2_client_head *h2_client_head_lend(struct h2_client_kit *kit, bool trailers)
{
    struct h2_client_head *head = kit->spare;

    if (head) {
        kit->spare = head->next;
        kit->spare_count--;
    } else {
        head = memory_new(sizeof *head);
        if (!head)
            return NULL;
        head->count = 0;
    }
    h2_client_head_clear(head, trailers);
    return head;
}

void h2_client_head_return(struct h2_client_kit *kit, struct h2_client_head *head)
{
    h2_client_head_clear(head, false);
    if (kit->spare_count == H2_CLIENT_HEADS_SPARE) {
        memory_free(head);
        return;
    }
    head->next = kit->spare;
    kit->spare = head;
    kit->spare_count++;
}

/* ---- the connection ---- */

/* What we want of the origin [RFC 9113 §6.5.2]. The window of the connection is as large as those
 * of all its streams. */
static bool client_greet(struct h2_client *client)
{
    const struct limits *limits = client->kit->limits;
    const uint64_t window = limits->upstream_h2_window;
    const uint64_t whole = window * limits->upstream_h2_streams;
    const nghttp2_settings_entry entries[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, (uint32_t)window},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)limits->head_size},
    };

    return nghttp2_submit_settings(client->session, NGHTTP2_FLAG_NONE, entries,
                                   sizeof entries / sizeof *entries) == 0 &&
           nghttp2_session_set_local_window_size(client->session, NGHTTP2_FLAG_NONE, 0,
                                                 whole < INT32_MAX ? (int32_t)whole : INT32_MAX) ==
               0;
}

struct h2_client *h2_client_new(struct h2_client_kit *kit, struct stet_span scheme)
{
    struct h2_client *client = memory_new_zero(sizeof *client);

    if (!client)
        return NULL;
    client->kit = kit;
    client->scheme = scheme;
    client->idle_frames = (int64_t)kit->limits->h2_idle_frames;
    client->swept = true;
    h2_heap_init(&client->heap);
    if (nghttp2_session_client_new3(&client->session, kit->callbacks, client, kit->option,
                                    &client->heap.functions) == 0 &&
        client_greet(client))
        return client;
    h2_client_free(client);
    return NULL;
}

static void stream_free(struct h2_client_stream *stream)
{
    *stream->link = stream->next;
    if (stream->next)
        stream->next->link = stream->link;
    octets_fini(&stream->upload.unsent);
    octets_fini(&stream->held);
    if (stream->trailers)
        h2_client_head_return(stream->client->kit, stream->trailers);
    memory_free(stream->tunnel);
    memory_free(stream);
}

void h2_client_free(struct h2_client *client)
{
    if (!client)
        return;
    while (client->streams)
        stream_free(client->streams);
    if (client->head)
        h2_client_head_return(client->kit, client->head);
    h2_heap_fini(&client->heap);
    memory_free(client);
}

void h2_client_part(struct h2_client *client, enum stet_proxy_error fault, uint32_t code)
{
    if (client->fault)
        return;
    client->fault = fault;
    client->due = true;
    nghttp2_session_terminate_session(client->session, code);
}

/* All streams end; those of which nothing was sent can do so elsewhere. */
static void client_end_all(struct h2_client *client, enum client_end end,
                           enum stet_proxy_error error)
{
    struct h2_client_stream *next;

    for (struct h2_client_stream *stream = client->streams; stream; stream = next) {
        next = stream->next;
        if (stream->is.over)
            continue;
        stream->refused = !stream->sent;
        stream->wants_http1 = stream->refused && client->wants_http1;
        stream->error = stream->heard ? STET_PROXY_ERROR_HTTP_RESPONSE_INCOMPLETE
                                      : STET_PROXY_ERROR_CONNECTION_TERMINATED;
        if (error && stream->sent)
            stream->error = error;
        h2_client_stream_end(stream, stream->sent ? end : CLIENT_TRUNCATED, &no_trailers);
    }
}

/* Behind nghttp2's functions: ends what a fault of the connection has ended, frees what is over. */
static void client_settle(struct h2_client *client)
{
    struct h2_client_stream *next;

    if (client->fault)
        client_end_all(client,
                       client->fault == STET_PROXY_ERROR_PROXY_INTERNAL_ERROR ? CLIENT_TRUNCATED
                                                                              : CLIENT_MALFORMED,
                       client->fault);
    if (client->swept)
        return;
    client->swept = true;
    for (struct h2_client_stream *stream = client->streams; stream; stream = next) {
        next = stream->next;
        if (stream->is.closed && stream->is.over)
            stream_free(stream);
    }
}

bool h2_client_has_room(const struct h2_client *client)
{
    const uint32_t theirs = nghttp2_session_get_remote_settings(
        client->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);

    return !client->fault && client->open < client->kit->limits->upstream_h2_streams &&
           client->open < theirs && nghttp2_session_check_request_allowed(client->session);
}

bool h2_client_over(const struct h2_client *client)
{
    return client->busy == 0 &&
           (client->fault || !nghttp2_session_check_request_allowed(client->session));
}

bool h2_client_is_due(const struct h2_client *client)
{
    return client->due;
}

bool h2_client_wants_take(const struct h2_client *client)
{
    return nghttp2_session_want_write(client->session);
}

size_t h2_client_unsent(const struct h2_client_stream *stream)
{
    return octets_left(&stream->upload.unsent);
}

bool h2_client_is_paused(const struct h2_client_stream *stream)
{
    return stream->is.paused;
}

void h2_client_feed(struct h2_client *client, const char *bytes, size_t size)
{
    ssize_t used =
        nghttp2_session_mem_recv(client->session, (const uint8_t *)(const void *)bytes, size);

    if (used < 0)
        h2_client_part(client,
                       used == NGHTTP2_ERR_NOMEM ? STET_PROXY_ERROR_PROXY_INTERNAL_ERROR
                                                 : STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR,
                       NGHTTP2_INTERNAL_ERROR);
    client_settle(client);
}

struct stet_span h2_client_take(struct h2_client *client)
{
    const uint8_t *bytes = NULL;
    ssize_t size = nghttp2_session_mem_send(client->session, &bytes);

    if (size < 0)
        h2_client_part(client, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR, NGHTTP2_INTERNAL_ERROR);
    client_settle(client);
    return size > 0 ? stet_span((const char *)bytes, (size_t)size) : STET_SPAN_NONE;
}

void h2_client_closed(struct h2_client *client)
{
    if (!client->fault)
        client->fault = STET_PROXY_ERROR_CONNECTION_TERMINATED;
    client_end_all(client, CLIENT_TRUNCATED, STET_PROXY_ERROR_NONE);
    client_settle(client);
}

/* ---- streams ---- */

void h2_client_consume(struct h2_client *client, struct h2_client_stream *stream, size_t size,
                       bool whole)
{
    int error = 0;

    if (whole)
        error = nghttp2_session_consume_connection(client->session, size);
    if (stream && !stream->is.closed && !error)
        error = nghttp2_session_consume_stream(client->session, stream->id, size);
    if (error == NGHTTP2_ERR_NOMEM)
        h2_client_part(client, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR, NGHTTP2_INTERNAL_ERROR);
}

/* Nothing is told of it any more. */
static void stream_over(struct h2_client_stream *stream)
{
    stream->is.over = true;
    stream->client->busy--;
    if (stream->is.drafted)
        h2_client_stream_close(stream);
    octets_fini(&stream->upload.unsent);
    octets_fini(&stream->held);
    stream->upload.trailers = STET_SPAN_NONE;
    stream->client->swept &= !stream->is.closed;
}

/* The origin need do no more for it. */
static void stream_reset(struct h2_client_stream *stream, uint32_t code)
{
    struct h2_client *client = stream->client;

    if (stream->is.closed || stream->is.drafted || client->fault)
        return;
    if (nghttp2_submit_rst_stream(client->session, NGHTTP2_FLAG_NONE, stream->id, code) != 0)
        h2_client_part(client, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR, NGHTTP2_INTERNAL_ERROR);
}

void h2_client_stream_end(struct h2_client_stream *stream, enum client_end end,
                          const struct stet_head *trailers)
{
    const bool sent = stream->is.last && octets_left(&stream->upload.unsent) == 0;

    if (stream->is.over)
        return;
    stream_over(stream);
    if (end == CLIENT_COMPLETE && !sent)
        stream_reset(stream, NGHTTP2_CANCEL); /* nobody reads the rest [RFC 9113 §8.1] */
    stream->events->response.end(stream->owner, end, trailers);
}

void h2_client_stream_fail(struct h2_client_stream *stream, enum client_end end,
                           enum stet_proxy_error error, uint32_t code)
{
    if (stream->is.over)
        return;
    stream->error = error;
    stream_reset(stream, code);
    h2_client_stream_end(stream, end, &no_trailers);
}

void h2_client_fail(struct h2_client_stream *stream, enum stet_proxy_error error)
{
    h2_client_stream_fail(stream, CLIENT_TRUNCATED, error, NGHTTP2_CANCEL);
}

void h2_client_stream_close(struct h2_client_stream *stream)
{
    stream->is.closed = true;
    stream->is.drafted = false;
    stream->client->open--;
    stream->client->swept &= !stream->is.over;
}

static void stream_link(struct h2_client_stream *stream)
{
    struct h2_client *client = stream->client;

    stream->next = client->streams;
    stream->link = &client->streams;
    if (stream->next)
        stream->next->link = &stream->next;
    client->streams = stream;
}

/* Now, or when it is known what the origin offers. */
static bool stream_submit(struct h2_client_stream *stream, const struct client_request *request)
{
    if (!request->upgrade)
        return h2_client_submit(stream, request);
    stream->client->due |= stream->client->greeted;
    return h2_client_tunnel_draft(stream, request);
}

struct h2_client_stream *h2_client_begin(struct h2_client *client,
                                         const struct client_request *request,
                                         const struct h2_client_events *events, void *owner)
{
    struct h2_client_stream *stream = memory_new_zero(sizeof *stream);

    CHECK(!client->fault);
    if (!stream)
        return NULL;
    stream->client = client;
    stream->events = events;
    stream->owner = owner;
    stream->method = (uint8_t)(request->upgrade ? STET_METHOD_CONNECT : request->method);
    stream->is.counted = request->has_content && request->length_known;
    stream->upload.left = stream->is.counted ? request->length : 0;
    stream->is.last = stream->method != STET_METHOD_CONNECT &&
                      (!request->has_content || (stream->is.counted && request->length == 0));
    if (!stream_submit(stream, request)) {
        memory_free(stream);
        return NULL;
    }
    stream_link(stream);
    client->open++;
    client->busy++;
    return stream;
}

void h2_client_resume(struct h2_client_stream *stream)
{
    stream->is.paused = false;
    stream->client->due |= octets_left(&stream->held) > 0 || stream->is.whole;
}

void h2_client_cancel(struct h2_client_stream *stream)
{
    if (stream->is.over)
        return;
    stream_over(stream);
    stream_reset(stream, NGHTTP2_CANCEL);
}

static void stream_run(struct h2_client_stream *stream)
{
    if (stream->is.drafted && stream->client->greeted && !stream->client->fault)
        h2_client_tunnel_go(stream);
    if (!stream->is.over)
        h2_client_tell(stream);
    if (stream->is.over || !stream->is.waits ||
        octets_left(&stream->upload.unsent) >= H2_CLIENT_UNSENT / 4)
        return;
    stream->is.waits = false;
    stream->events->room(stream->owner);
}

void h2_client_run(struct h2_client *client)
{
    if (client->due) {
        client->due = false;
        for (struct h2_client_stream *stream = client->streams; stream; stream = stream->next)
            stream_run(stream);
    }
    client_settle(client);
}
