/* Requests of HTTP/2: the fields as HTTP/2 writes them, and content as windows let it.
 *
 *     GET /a  Host: b   -->  :method GET, :scheme, :authority b, :path /a
 *     Name: value       -->  name: value
 *     Content-Length    -->  content-length, if it is known
 *     TE, Connection    -->  te: trailers; nothing else of the connection [RFC 9113 §8.2.2]
 *
 * nghttp2 copies the fields, so the names in lower case need room only until they are handed over:
 * one piece of memory holds them and the list of lines.
 *
 * Content is copied to the stream and from there into frames.
 *
 * Given up: crumbs of Cookie in lines of their own [RFC 9113 §8.2.3]. They compress better, and
 * many servers join them wrong.
 */
#include "base/check.h"
#include "base/memory.h"
#include "wire/h1_write.h"
#include "wire/h2_client_parts.h"
#include "wire/reply.h"

#include <string.h>

enum { LINES_OWN = 6, LENGTH_DIGITS = 20, SENT_PAYS = 4, REQUEST_PAYS = 8 };

void h2_client_pay(struct h2_client *client, int64_t frames)
{
    const int64_t most = (int64_t)client->kit->limits->h2_idle_frames;
    const int64_t left = client->idle_frames + frames;
    client->idle_frames = left > most ? most : left;
}

/* ---- heads ---- */

/* A list of lines under way, and room for what has to be written anew. */
struct lines {
    nghttp2_nv *list;
    size_t count;
    char *text;
};

static void line_put(struct lines *lines, struct stet_span name, struct stet_span value)
{
    lines->list[lines->count++] = (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name.at,
        .value = (uint8_t *)(uintptr_t)value.at,
        .namelen = name.len,
        .valuelen = value.len,
    };
}

static struct stet_span text_lower(struct lines *lines, struct stet_span name)
{
    char *to = lines->text;
    for (size_t i = 0; i < name.len; i++)
        to[i] = (char)(name.at[i] >= 'A' && name.at[i] <= 'Z' ? name.at[i] | 0x20 : name.at[i]);
    lines->text += name.len;
    return stet_span(to, name.len);
}

/* [RFC 9113 §8.3.1, §8.5] */
static void lines_put_pseudo(struct lines *lines, const struct client_request *request,
                             struct stet_span scheme)
{
    line_put(lines, STET_SPAN(":method"), request->method_name);
    if (request->method == STET_METHOD_CONNECT) {
        line_put(lines, STET_SPAN(":authority"), request->target);
        return;
    }
    line_put(lines, STET_SPAN(":scheme"), scheme);
    if (request->host.len > 0)
        line_put(lines, STET_SPAN(":authority"), request->host);
    line_put(lines, STET_SPAN(":path"), request->target);
}

static void lines_put_all(struct lines *lines, const struct client_request *request,
                          struct stet_span scheme)
{
    struct stet_span rest = request->block, name, value;
    uint64_t length;

    lines_put_pseudo(lines, request, scheme);
    while (reply_block_next(&rest, &name, &value))
        line_put(lines, text_lower(lines, name), value);
    if (client_request_length(request, &length)) {
        char *digits = lines->text;
        lines->text += h1_number_write(length, digits);
        line_put(lines, STET_SPAN("content-length"),
                 stet_span(digits, (size_t)(lines->text - digits)));
    }
    if (request->te.len > 0)
        line_put(lines, STET_SPAN("te"), request->te);
}

static size_t block_lines(struct stet_span block)
{
    struct stet_span name, value;
    size_t count = 0;
    while (reply_block_next(&block, &name, &value))
        count++;
    return count;
}

/* ---- content ---- */

/* Someone waits for room that there is now. */
static void stream_look(struct h2_client_stream *stream)
{
    if (stream->is.waits && octets_left(&stream->upload.unsent) < H2_CLIENT_UNSENT / 4)
        stream->client->due = true;
}

/* A list of as many lines, and room for their names in lower case. False when memory is out. */
static bool lines_open(struct lines *lines, size_t count, size_t text)
{
    *lines = (struct lines){.list = memory_new(count * sizeof *lines->list + text)};
    lines->text = (char *)(lines->list + count);
    return lines->list;
}

/* What comes behind the content [RFC 9113 §8.1]. False when memory is out. */
static bool stream_trail(const struct h2_client_stream *stream)
{
    struct stet_span rest = stream->upload.trailers, name, value;
    struct lines lines;

    if (!lines_open(&lines, block_lines(rest), rest.len))
        return false;
    while (reply_block_next(&rest, &name, &value))
        line_put(&lines, text_lower(&lines, name), value);
    const int error =
        nghttp2_submit_trailer(stream->client->session, stream->id, lines.list, lines.count);
    memory_free(lines.list);
    return error == 0;
}

static ssize_t content_read(nghttp2_session *session, int32_t id, uint8_t *to, size_t length,
                            uint32_t *flags, nghttp2_data_source *source, void *owner)
{
    struct h2_client_stream *stream = source->ptr;
    const size_t left = octets_left(&stream->upload.unsent), size = left < length ? left : length;

    (void)session, (void)id, (void)owner;
    if (left == size && stream->is.last)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    else if (left == 0)
        return NGHTTP2_ERR_DEFERRED;
    if (size > 0) {
        memcpy(to, octets_at(&stream->upload.unsent), size);
        octets_spend(&stream->upload.unsent, size);
    }
    stream_look(stream);
    if (left == size && stream->is.last && stream->upload.trailers.len > 0) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        return stream_trail(stream) ? (ssize_t)size : NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    return (ssize_t)size;
}

bool h2_client_submit_lines(struct h2_client_stream *stream, const nghttp2_nv *lines, size_t count)
{
    const nghttp2_data_provider content = {.source.ptr = stream, .read_callback = content_read};
    const bool whole = stream->is.last && octets_left(&stream->upload.unsent) == 0;

    stream->id = nghttp2_submit_request(stream->client->session, NULL, lines, count,
                                        whole ? NULL : &content, stream);
    h2_client_pay(stream->client, REQUEST_PAYS);
    return stream->id > 0;
}

bool h2_client_submit(struct h2_client_stream *stream, const struct client_request *request)
{
    struct h2_client *client = stream->client;
    const size_t count = LINES_OWN + block_lines(request->block);
    struct lines lines;

    client_request_check(request);
    CHECK(!request->upgrade);
    if (!lines_open(&lines, count, request->block.len + LENGTH_DIGITS))
        return false;
    lines_put_all(&lines, request, client->scheme);
    const bool submitted = h2_client_submit_lines(stream, lines.list, lines.count);
    memory_free(lines.list);
    return submitted;
}

static void content_wake(struct h2_client_stream *stream)
{
    struct h2_client *client = stream->client;
    if (stream->is.closed || stream->is.over || stream->is.drafted)
        return;
    /* A stream that is not open yet asks by itself. */
    if (nghttp2_session_resume_data(client->session, stream->id) == NGHTTP2_ERR_NOMEM)
        h2_client_part(client, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR, NGHTTP2_INTERNAL_ERROR);
}

bool h2_client_send(struct h2_client_stream *stream, struct stet_span bytes)
{
    if (stream->is.over || bytes.len == 0)
        return true;
    CHECK(!stream->is.last && (!stream->is.counted || bytes.len <= stream->upload.left));
    stream->upload.left -= stream->is.counted ? bytes.len : 0;
    if (!octets_add(&stream->upload.unsent, bytes.at, bytes.len))
        h2_client_part(stream->client, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR,
                       NGHTTP2_INTERNAL_ERROR);
    content_wake(stream);
    stream->is.waits = octets_left(&stream->upload.unsent) >= H2_CLIENT_UNSENT;
    return !stream->is.waits;
}

void h2_client_finish(struct h2_client_stream *stream, struct stet_span trailers)
{
    if (stream->is.over || stream->is.last)
        return;
    CHECK(!stream->is.counted || stream->upload.left == 0);
    stream->upload.trailers = trailers;
    stream->is.last = true;
    content_wake(stream);
}

/* ---- what went out ---- */

static int sent_frame(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
    struct h2_client *client = owner;
    struct h2_client_stream *stream =
        nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    if (frame->hd.type == NGHTTP2_HEADERS && stream)
        stream->sent = true;
    else if (frame->hd.type == NGHTTP2_DATA && frame->hd.length > 0)
        h2_client_pay(client, SENT_PAYS);
    else if (frame->hd.type == NGHTTP2_GOAWAY && !client->fault)
        client->fault = STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR; /* nghttp2 has seen why */
    return 0;
}

void h2_client_speak(nghttp2_session_callbacks *callbacks)
{
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, sent_frame);
}
