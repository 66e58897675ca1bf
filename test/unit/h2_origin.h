/* An origin server that speaks HTTP/2, on nghttp2, at the other end of a simulated connection. It
 * notes what it is asked and answers when the test says so. */
#ifndef TEST_UNIT_H2_ORIGIN_H
#define TEST_UNIT_H2_ORIGIN_H

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/loop_sim.h"

enum { H2_ORIGIN_ASKED = 256, H2_ORIGIN_FIELDS = 8 };

/* A request as it came: "GET /a", its content summed up. */
struct h2_asked {
    int32_t id;
    char line[128];
    char fields[512];
    uint64_t content;
    uint32_t sum;
    bool ended, reset;
    uint32_t code;
    const char *bytes; /* of the answer: what is left to be sent */
    size_t size;
    const char *trailer; /* "name=value" */
    bool held;           /* more of the answer is to come */
};

struct h2_origin {
    struct sim_client *end;
    nghttp2_session *session;
    struct h2_asked asked[H2_ORIGIN_ASKED];
    size_t count;
};

static inline struct h2_asked *h2_origin_find(struct h2_origin *origin, int32_t id)
{
    for (size_t i = origin->count; i > 0; i--)
        if (origin->asked[i - 1].id == id)
            return &origin->asked[i - 1];
    return NULL;
}

static inline int h2_origin_begins(nghttp2_session *session, const nghttp2_frame *frame,
                                   void *owner)
{
    struct h2_origin *origin = owner;
    (void)session;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST && origin->count < H2_ORIGIN_ASKED)
        origin->asked[origin->count++].id = frame->hd.stream_id;
    return 0;
}

static inline int h2_origin_field(nghttp2_session *session, const nghttp2_frame *frame,
                                  const uint8_t *name, size_t name_size, const uint8_t *value,
                                  size_t value_size, uint8_t flags, void *owner)
{
    struct h2_asked *asked = h2_origin_find(owner, frame->hd.stream_id);
    (void)session, (void)flags;
    bool line = name_size > 1 && (name[1] == 'm' || name[1] == 'p') && name[0] == ':';
    char *to = line ? asked->line : asked->fields;
    size_t room = line ? sizeof asked->line : sizeof asked->fields, used = strlen(to);
    if (line)
        snprintf(to + used, room - used, "%s%.*s", used ? " " : "", (int)value_size, value);
    else
        snprintf(to + used, room - used, "%.*s=%.*s;", (int)name_size, name, (int)value_size,
                 value);
    return 0;
}

static inline int h2_origin_data(nghttp2_session *session, uint8_t flags, int32_t id,
                                 const uint8_t *bytes, size_t size, void *owner)
{
    struct h2_asked *asked = h2_origin_find(owner, id);
    (void)session, (void)flags;
    asked->content += size;
    for (size_t i = 0; i < size; i++)
        asked->sum = asked->sum * 31 + bytes[i];
    return 0;
}

static inline int h2_origin_frame(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
    struct h2_asked *asked = h2_origin_find(owner, frame->hd.stream_id);
    (void)session;
    if (asked && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        asked->ended = true;
    if (asked && frame->hd.type == NGHTTP2_RST_STREAM) {
        asked->reset = true;
        asked->code = frame->rst_stream.error_code;
    }
    return 0;
}

/* Sends what there is, and what follows from what has come. */
static inline void h2_origin_pump(struct h2_origin *origin)
{
    const uint8_t *out;
    ssize_t size;
    nghttp2_session_mem_recv(origin->session,
                             (const uint8_t *)(const void *)sim_client_bytes(origin->end),
                             sim_client_len(origin->end));
    sim_client_take(origin->end, sim_client_len(origin->end));
    while ((size = nghttp2_session_mem_send(origin->session, &out)) > 0)
        sim_client_send(origin->end, out, (size_t)size);
}

static inline void h2_origin_heard(struct sim_client *end, void *owner)
{
    (void)end;
    h2_origin_pump(owner);
}

/* It says so of itself first. */
static inline struct h2_origin *h2_origin_open(struct sim_client *end,
                                               const nghttp2_settings_entry *settings, size_t count)
{
    struct h2_origin *origin = calloc(1, sizeof *origin);
    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, h2_origin_begins);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, h2_origin_field);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, h2_origin_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, h2_origin_frame);
    nghttp2_session_server_new(&origin->session, callbacks, origin);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(origin->session, 0, settings, count);
    origin->end = end;
    sim_client_heard(end, h2_origin_heard, origin);
    h2_origin_pump(origin);
    return origin;
}

/* `streams`: SETTINGS_MAX_CONCURRENT_STREAMS, or 0 to say nothing of it. */
static inline struct h2_origin *h2_origin_new(struct sim_client *end, uint32_t streams)
{
    const nghttp2_settings_entry entry = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams};
    return h2_origin_open(end, &entry, streams > 0);
}

static inline void h2_origin_free(struct h2_origin *origin)
{
    sim_client_heard(origin->end, NULL, NULL);
    nghttp2_session_del(origin->session);
    free(origin);
}

/* "name=value" lines with "&" between, as nghttp2 wants them; `text` is written to. */
static inline size_t h2_origin_lines(char *text, nghttp2_nv list[H2_ORIGIN_FIELDS])
{
    size_t count = 0;
    for (char *at = strtok(text, "&"); at && count < H2_ORIGIN_FIELDS; at = strtok(NULL, "&")) {
        char *equals = strchr(at, '=');
        list[count++] = (nghttp2_nv){(uint8_t *)at, (uint8_t *)equals + 1, (size_t)(equals - at),
                                     strlen(equals + 1), 0};
    }
    return count;
}

static inline ssize_t h2_origin_read(nghttp2_session *session, int32_t id, uint8_t *to,
                                     size_t length, uint32_t *flags, nghttp2_data_source *source,
                                     void *owner)
{
    struct h2_asked *asked = h2_origin_find(owner, id);
    size_t size = asked->size < length ? asked->size : length;
    (void)source;
    memcpy(to, asked->bytes, size);
    asked->bytes += size;
    asked->size -= size;
    if (asked->size == 0 && asked->held)
        return size > 0 ? (ssize_t)size : NGHTTP2_ERR_DEFERRED;
    if (asked->size == 0) {
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        if (asked->trailer) {
            char text[128];
            nghttp2_nv list[H2_ORIGIN_FIELDS];
            snprintf(text, sizeof text, "%s", asked->trailer);
            *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
            nghttp2_submit_trailer(session, id, list, h2_origin_lines(text, list));
        }
    }
    return (ssize_t)size;
}

/* Answers request number `index` (from 0): ":status=200&a=b", and content if `bytes`, which stay.
 */
static inline void h2_origin_answer(struct h2_origin *origin, size_t index, const char *lines,
                                    const char *bytes, size_t size)
{
    struct h2_asked *asked = &origin->asked[index];
    nghttp2_data_provider content = {.read_callback = h2_origin_read};
    nghttp2_nv list[H2_ORIGIN_FIELDS];
    char text[256];
    snprintf(text, sizeof text, "%s", lines);
    asked->bytes = bytes;
    asked->size = size;
    nghttp2_submit_response(origin->session, asked->id, list, h2_origin_lines(text, list),
                            bytes ? &content : NULL);
    h2_origin_pump(origin);
}

/* More of a content that is held, or its end. */
static inline void h2_origin_more(struct h2_origin *origin, size_t index, const char *bytes,
                                  size_t size, bool last)
{
    struct h2_asked *asked = &origin->asked[index];
    asked->bytes = bytes;
    asked->size = size;
    asked->held = !last;
    nghttp2_session_resume_data(origin->session, asked->id);
    h2_origin_pump(origin);
}

static inline void h2_origin_interim(struct h2_origin *origin, size_t index, const char *lines)
{
    nghttp2_nv list[H2_ORIGIN_FIELDS];
    char text[256];
    snprintf(text, sizeof text, "%s", lines);
    nghttp2_submit_headers(origin->session, 0, origin->asked[index].id, NULL, list,
                           h2_origin_lines(text, list), NULL);
    h2_origin_pump(origin);
}

static inline void h2_origin_reset(struct h2_origin *origin, size_t index, uint32_t code)
{
    nghttp2_submit_rst_stream(origin->session, 0, origin->asked[index].id, code);
    h2_origin_pump(origin);
}

/* GOAWAY: of the requests only those up to `last` are answered. */
static inline void h2_origin_leave(struct h2_origin *origin, int32_t last, uint32_t code)
{
    nghttp2_submit_goaway(origin->session, 0, last, code, NULL, 0);
    h2_origin_pump(origin);
}

#endif
