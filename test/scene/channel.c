/* HTTP/2 of a client, by nghttp2: it has opinions of its own of what a server may send. Each answer
 * becomes text of HTTP/1: a status line, its fields, and content as long as was said, or in a chunk
 * for each DATA frame.
 */
#include "channel.h"

#include <nghttp2/nghttp2.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FIELDS = 300, BLOCK = 1 << 20 };

/* A question, and its answer as it comes. */
struct answer {
    struct answer *next;
    int32_t id;
    char *content; /* of the question */
    size_t content_at;
    char *text;
    size_t len, room;
    int status;
    bool bare;       /* HEAD */
    bool has_length; /* the answer says how long it is */
    bool headed;     /* its final head is whole */
    bool over;
};

struct channel {
    struct end *end;
    nghttp2_session *session;
    struct answer *answers;
    bool done;
    char fault[128];
};

static struct answer *answer_at(const struct channel *channel, int32_t id)
{
    struct answer *answer = channel->answers;
    while (answer && answer->id != id)
        answer = answer->next;
    return answer;
}

static void answer_say(struct answer *answer, const void *bytes, size_t len)
{
    if (answer->len + len > answer->room) {
        answer->room = 2 * (answer->len + len) + 1024;
        answer->text = realloc(answer->text, answer->room);
    }
    memcpy(answer->text + answer->len, bytes, len);
    answer->len += len;
}

static void answer_say_text(struct answer *answer, const char *text)
{
    answer_say(answer, text, strlen(text));
}

static bool answer_has_content(const struct answer *answer)
{
    return !answer->bare && answer->status != 204 && answer->status != 304;
}

static void answer_free(struct answer *answer)
{
    free(answer->content);
    free(answer->text);
    free(answer);
}

/* ---- what comes ---- */

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *owner)
{
    struct channel *channel = owner;
    struct answer *answer = answer_at(channel, frame->hd.stream_id);
    char line[64];
    (void)session, (void)flags;

    if (!answer)
        return 0;
    if (name[0] == ':') {
        answer->status = atoi((const char *)value);
        snprintf(line, sizeof line, "HTTP/1.1 %d \r\n", answer->status);
        answer_say_text(answer, line);
        return 0;
    }
    if (name_len == 14 && memcmp(name, "content-length", 14) == 0)
        answer->has_length = true;
    answer_say(answer, name, name_len);
    answer_say(answer, ": ", 2);
    answer_say(answer, value, value_len);
    answer_say(answer, "\r\n", 2);
    return 0;
}

/* The last chunk stands before trailers, which are no head. */
static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
    struct answer *answer = answer_at(owner, frame->hd.stream_id);
    (void)session;
    if (answer && answer->headed && !answer->has_length)
        answer_say_text(answer, "0\r\n");
    return 0;
}

static void on_head(struct answer *answer, bool end)
{
    if (answer->headed) { /* trailers */
        answer_say_text(answer, "\r\n");
        return;
    }
    answer->headed = answer->status >= 200;
    const bool chunked = answer->headed && answer_has_content(answer) && !answer->has_length;
    answer_say_text(answer, chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
    if (chunked && end)
        answer_say_text(answer, "0\r\n\r\n");
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                   size_t len, void *owner)
{
    struct answer *answer = answer_at(owner, id);
    char line[32];
    (void)session, (void)flags;

    if (!answer)
        return 0;
    if (answer->has_length) {
        answer_say(answer, bytes, len);
        return 0;
    }
    snprintf(line, sizeof line, "%zx\r\n", len);
    answer_say_text(answer, line);
    answer_say(answer, bytes, len);
    answer_say_text(answer, "\r\n");
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
    struct answer *answer = answer_at(owner, frame->hd.stream_id);
    const bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    (void)session;

    if (!answer)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS)
        on_head(answer, end);
    if (frame->hd.type == NGHTTP2_DATA && end && !answer->has_length)
        answer_say_text(answer, "0\r\n\r\n");
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *owner)
{
    struct answer *answer = answer_at(owner, id);
    (void)session, (void)code;
    if (answer)
        answer->over = true;
    return 0;
}

static int on_invalid(nghttp2_session *session, const nghttp2_frame *frame, int code, void *owner)
{
    struct channel *channel = owner;
    (void)session;
    snprintf(channel->fault, sizeof channel->fault, "a bad frame of type %d on stream %d: %s",
             frame->hd.type, frame->hd.stream_id, nghttp2_strerror(code));
    return 0;
}

/* ---- octets ---- */

static void channel_send(struct channel *channel)
{
    const uint8_t *bytes;
    ssize_t len;
    while ((len = nghttp2_session_mem_send(channel->session, &bytes)) > 0) {
        if (end_state(channel->end) != SIM_CLIENT_OPEN)
            return;
        end_send(channel->end, bytes, (size_t)len);
    }
}

static void channel_heard(struct end *end, void *owner)
{
    struct channel *channel = owner;
    const size_t len = end_len(end);
    const ssize_t got = nghttp2_session_mem_recv(
        channel->session, (const uint8_t *)(const void *)end_bytes(end), len);

    if (got < 0 && !channel->fault[0])
        snprintf(channel->fault, sizeof channel->fault, "%s", nghttp2_strerror((int)got));
    end_take(end, len);
    channel_send(channel);
    if (!channel->done && !nghttp2_session_want_read(channel->session) &&
        !nghttp2_session_want_write(channel->session)) {
        channel->done = true; /* the server goes away, and nothing is under way */
        end_shutdown(end);
    }
}

struct channel *channel_new(struct end *end)
{
    struct channel *channel = calloc(1, sizeof *channel);
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;

    channel->end = end;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid);
    nghttp2_option_new(&option);
    nghttp2_option_set_max_send_header_block_length(option, BLOCK);
    nghttp2_session_client_new2(&channel->session, callbacks, channel, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(channel->session, NGHTTP2_FLAG_NONE, NULL, 0);
    end_heard(end, channel_heard, channel);
    channel_send(channel);
    return channel;
}

void channel_free(struct channel *channel)
{
    if (!channel)
        return;
    end_heard(channel->end, NULL, NULL);
    while (channel->answers)
        channel_take(channel, channel->answers->id);
    nghttp2_session_del(channel->session);
    free(channel);
}

/* ---- questions ---- */

static void put(nghttp2_nv *fields, size_t *count, const char *name, size_t name_len,
                const char *value, size_t value_len)
{
    if (*count == FIELDS)
        abort();
    fields[(*count)++] = (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value,
                                      name_len, value_len, NGHTTP2_NV_FLAG_NONE};
}

/* Belongs to one connection of HTTP/1 [RFC 9113 §8.2.2]. */
static bool is_hop(const char *name, size_t len, const char *value)
{
    static const char *const names[] = {"connection",       "keep-alive", "upgrade",
                                        "proxy-connection", "te",         "transfer-encoding"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == len && strncasecmp(name, names[i], len) == 0)
            return len != 2 || strncmp(value, "trailers", 8) != 0;
    return false;
}

static void put_lines(nghttp2_nv *fields, size_t *count, const char *lines)
{
    while (*lines) {
        const char *end = lines + strcspn(lines, "\n");
        const char *colon = lines + strcspn(lines, ":\n"), *value = colon + 1;
        if (colon < end) {
            while (value < end && (*value == ' ' || *value == '\t'))
                value++;
            const char *last = end;
            while (last > value && (last[-1] == ' ' || last[-1] == '\t'))
                last--;
            if (!is_hop(lines, (size_t)(colon - lines), value))
                put(fields, count, lines, (size_t)(colon - lines), value, (size_t)(last - value));
        }
        lines = *end ? end + 1 : end;
    }
}

static ssize_t read_content(nghttp2_session *session, int32_t id, uint8_t *to, size_t room,
                            uint32_t *flags, nghttp2_data_source *source, void *owner)
{
    struct answer *answer = source->ptr;
    const size_t left = strlen(answer->content) - answer->content_at;
    const size_t part = left < room ? left : room;
    (void)session, (void)id, (void)owner;
    memcpy(to, answer->content + answer->content_at, part);
    answer->content_at += part;
    if (part == left)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)part;
}

/* Of the absolute form: what it says of the host, and the rest. */
static void put_target(nghttp2_nv *fields, size_t *count, const char *method, const char *target,
                       const char *host, bool secure)
{
    size_t host_len = strlen(host);
    put(fields, count, ":method", 7, method, strlen(method));
    if (strcmp(method, "CONNECT") == 0) {
        put(fields, count, ":authority", 10, target, strlen(target));
        return;
    }
    const size_t scheme = strncasecmp(target, "http://", 7) == 0    ? 7
                          : strncasecmp(target, "https://", 8) == 0 ? 8
                                                                    : 0;
    secure = scheme == 8 || (secure && scheme == 0);
    put(fields, count, ":scheme", 7, secure ? "https" : "http", secure ? 5 : 4);
    if (scheme) {
        host = target + scheme;
        host_len = strcspn(host, "/?");
        target = host + host_len;
    }
    if (host_len > 0)
        put(fields, count, ":authority", 10, host, host_len);
    put(fields, count, ":path", 5, *target ? target : "/", *target ? strlen(target) : 1);
}

int32_t channel_ask(struct channel *channel, const char *method, const char *target,
                    const char *host, const char *lines, const char *content)
{
    nghttp2_nv fields[FIELDS];
    size_t count = 0;
    char length[32];
    struct answer *answer = calloc(1, sizeof *answer);
    nghttp2_data_provider provider = {.source = {.ptr = answer}, .read_callback = read_content};

    put_target(fields, &count, method, target, host, end_is_secure(channel->end));
    if (content) {
        snprintf(length, sizeof length, "%zu", strlen(content));
        put(fields, &count, "content-length", 14, length, strlen(length));
        answer->content = strdup(content);
    }
    put_lines(fields, &count, lines);
    answer->bare = strcmp(method, "HEAD") == 0;
    answer->id = nghttp2_submit_request(channel->session, NULL, fields, count,
                                        content ? &provider : NULL, NULL);
    if (answer->id < 0) {
        answer_free(answer);
        return -1;
    }
    answer->next = channel->answers;
    channel->answers = answer;
    const int32_t id = answer->id;
    channel_send(channel);
    return id;
}

const char *channel_bytes(const struct channel *channel, int32_t id, size_t *len)
{
    const struct answer *answer = answer_at(channel, id);
    *len = answer ? answer->len : 0;
    return answer && answer->text ? answer->text : "";
}

bool channel_over(const struct channel *channel, int32_t id)
{
    const struct answer *answer = answer_at(channel, id);
    return !answer || answer->over;
}

void channel_take(struct channel *channel, int32_t id)
{
    struct answer **place = &channel->answers, *answer;
    while (*place && (*place)->id != id)
        place = &(*place)->next;
    answer = *place;
    if (!answer)
        return;
    *place = answer->next;
    if (!answer->over)
        nghttp2_submit_rst_stream(channel->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    answer_free(answer);
}

const char *channel_fault(const struct channel *channel)
{
    return channel->fault[0] ? channel->fault : NULL;
}
