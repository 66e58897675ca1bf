/* HTTP/2 of an origin server, by nghttp2: it has opinions of its own of what a client may send. A
 * request becomes text of HTTP/1, its content as long as was said, or in a chunk for each DATA
 * frame; the text of an answer becomes frames.
 *
 *     HEADERS, DATA --> "GET /a HTTP/1.1\r\nhost: www\r\n..." --> request_read
 *     HEADERS, DATA <-- "HTTP/1.1 200 Said\r\n..."            <-- page_answer
 */
#include "reception.h"

#include "h2_script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RECEPTION_FIELDS = 300, RECEPTION_BLOCK = 1 << 20, RECEPTION_WINDOW = 65535 };

struct text {
    char *bytes;
    size_t len, room;
};

/* What the next octets of an answer are. */
enum { IN_HEAD, IN_LENGTH, IN_CHUNK_LINE, IN_CHUNK, IN_TRAILERS, UNTIL_FINISH, IN_NOTHING };

/* A request, and its answer. */
struct guest {
    struct guest *next;
    int32_t id;
    struct text request;
    bool told;      /* by reception_next */
    bool bare;      /* HEAD */
    bool chunked;   /* the content of the request is */
    bool lost;      /* the stream is closed */
    struct text in; /* of the answer, not understood yet */
    int where;
    uint64_t left; /* of the content, or of the chunk */
    struct text content;
    size_t sent; /* of it */
    struct text trailers;
    bool finished, breaks;
};

struct reception {
    struct sim_client *end;
    nghttp2_session *session;
    struct guest *guests;
    bool scripted; /* nghttp2 does not know all that was said, nor understand every answer to it */
    char fault[128];
};

static void text_add(struct text *text, const void *bytes, size_t len)
{
    if (text->len + len + 1 > text->room) {
        text->room = 2 * (text->len + len) + 256;
        text->bytes = realloc(text->bytes, text->room);
    }
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    text->bytes[text->len] = '\0';
}

static void text_say(struct text *text, const char *words)
{
    text_add(text, words, strlen(words));
}

static void text_skip(struct text *text, size_t len)
{
    text->len -= len;
    memmove(text->bytes, text->bytes + len, text->len);
    text->bytes[text->len] = '\0';
}

static struct guest *guest_of(const struct reception *reception, int32_t id)
{
    struct guest *guest = reception->guests;
    while (guest && guest->id != id)
        guest = guest->next;
    return guest;
}

/* ---- what comes ---- */

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
    struct reception *reception = owner;
    (void)session;
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
        struct guest *guest = guest_of(reception, frame->hd.stream_id);
        if (guest && guest->chunked)
            text_say(&guest->request, "0\r\n"); /* trailers come behind the last chunk */
        return 0;
    }
    struct guest *guest = calloc(1, sizeof *guest), **place = &reception->guests;
    guest->id = frame->hd.stream_id;
    while (*place)
        place = &(*place)->next;
    *place = guest;
    return 0;
}

/* The words of a request line, in whatever order they come, which is the one that everybody keeps:
 * method, scheme, authority, path. */
static void put_pseudo(struct guest *guest, struct text *host, const char *name, const char *value)
{
    if (strcmp(name, ":method") == 0) {
        guest->bare = strcmp(value, "HEAD") == 0;
        text_say(&guest->request, value);
    } else if (strcmp(name, ":path") == 0) {
        text_say(&guest->request, " ");
        text_say(&guest->request, value);
        text_say(&guest->request, " HTTP/1.1\r\n");
    } else if (strcmp(name, ":authority") == 0) {
        text_say(host, "Host: ");
        text_say(host, value);
        text_say(host, "\r\n");
    }
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags,
                     void *owner)
{
    struct guest *guest = guest_of(owner, frame->hd.stream_id);
    (void)session, (void)flags;

    if (!guest)
        return 0;
    if (name[0] == ':') {
        put_pseudo(guest, &guest->in, (const char *)name, (const char *)value);
        return 0;
    }
    if (guest->in.len > 0) { /* what was kept for behind the request line */
        text_add(&guest->request, guest->in.bytes, guest->in.len);
        guest->in.len = 0;
    }
    text_add(&guest->request, name, name_len);
    text_say(&guest->request, ": ");
    text_add(&guest->request, value, value_len);
    text_say(&guest->request, "\r\n");
    return 0;
}

static void hear_head(struct guest *guest, bool ends)
{
    text_add(&guest->request, guest->in.bytes ? guest->in.bytes : "", guest->in.len);
    guest->in.len = 0;
    guest->chunked = !ends && !strcasestr(guest->request.bytes, "\r\ncontent-length:");
    if (guest->chunked)
        text_say(&guest->request, "Transfer-Encoding: chunked\r\n");
    text_say(&guest->request, "\r\n");
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
    struct guest *guest = guest_of(owner, frame->hd.stream_id);
    const bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    (void)session;

    if (!guest)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        hear_head(guest, ends);
    else if (frame->hd.type == NGHTTP2_HEADERS)
        text_say(&guest->request, "\r\n");
    else if (frame->hd.type == NGHTTP2_DATA && ends && guest->chunked)
        text_say(&guest->request, "0\r\n\r\n");
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                   size_t len, void *owner)
{
    struct guest *guest = guest_of(owner, id);
    char line[32];
    (void)session, (void)flags;

    if (!guest)
        return 0;
    snprintf(line, sizeof line, "%zx\r\n", len);
    if (guest->chunked)
        text_say(&guest->request, line);
    text_add(&guest->request, bytes, len);
    if (guest->chunked)
        text_say(&guest->request, "\r\n");
    return 0;
}

static int on_close(nghttp2_session *session, int32_t id, uint32_t code, void *owner)
{
    struct guest *guest = guest_of(owner, id);
    (void)session, (void)code;
    if (guest)
        guest->lost = true;
    return 0;
}

static int on_invalid(nghttp2_session *session, const nghttp2_frame *frame, int code, void *owner)
{
    struct reception *reception = owner;
    (void)session;
    snprintf(reception->fault, sizeof reception->fault, "a bad frame of type %d on stream %d: %s",
             frame->hd.type, frame->hd.stream_id, nghttp2_strerror(code));
    return 0;
}

/* ---- octets ---- */

static void reception_send(struct reception *reception)
{
    const uint8_t *bytes;
    ssize_t len;
    while ((len = nghttp2_session_mem_send(reception->session, &bytes)) > 0) {
        if (sim_client_state(reception->end) != SIM_CLIENT_OPEN)
            return;
        sim_client_send(reception->end, bytes, (size_t)len);
    }
}

void reception_hear(struct reception *reception)
{
    const size_t len = sim_client_len(reception->end);
    const ssize_t got = nghttp2_session_mem_recv(
        reception->session, (const uint8_t *)(const void *)sim_client_bytes(reception->end), len);

    if (got < 0 && !reception->fault[0])
        snprintf(reception->fault, sizeof reception->fault, "%s", nghttp2_strerror((int)got));
    sim_client_take(reception->end, len);
    reception_send(reception);
}

struct reception *reception_new(struct sim_client *end)
{
    struct reception *reception = calloc(1, sizeof *reception);
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;

    reception->end = end;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, on_invalid);
    nghttp2_option_new(&option);
    nghttp2_option_set_max_send_header_block_length(option, RECEPTION_BLOCK);
    nghttp2_session_server_new2(&reception->session, callbacks, reception, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(reception->session, NGHTTP2_FLAG_NONE, NULL, 0);
    reception_send(reception);
    return reception;
}

void reception_free(struct reception *reception)
{
    if (!reception)
        return;
    nghttp2_session_del(reception->session);
    while (reception->guests) {
        struct guest *guest = reception->guests;
        reception->guests = guest->next;
        free(guest->request.bytes);
        free(guest->in.bytes);
        free(guest->content.bytes);
        free(guest->trailers.bytes);
        free(guest);
    }
    free(reception);
}

/* ---- requests ---- */

int32_t reception_next(struct reception *reception)
{
    struct guest *guest = reception->guests;
    while (guest && guest->told)
        guest = guest->next;
    if (!guest)
        return 0;
    guest->told = true;
    return guest->id;
}

const char *reception_bytes(const struct reception *reception, int32_t id, size_t *len)
{
    const struct guest *guest = guest_of(reception, id);
    *len = guest ? guest->request.len : 0;
    return guest && guest->request.bytes ? guest->request.bytes : "";
}

bool reception_lost(const struct reception *reception, int32_t id)
{
    const struct guest *guest = guest_of(reception, id);
    return !guest || guest->lost;
}

/* ---- answers ---- */

static void field_put(nghttp2_nv *fields, size_t *count, const char *name, size_t name_len,
                      const char *value, size_t value_len)
{
    if (*count == RECEPTION_FIELDS)
        abort();
    fields[(*count)++] = (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value,
                                      name_len, value_len, NGHTTP2_NV_FLAG_NONE};
}

/* Belongs to one connection of HTTP/1 [RFC 9113 §8.2.2]. */
static bool is_hop(const char *name, size_t len)
{
    static const char *const names[] = {"connection", "keep-alive", "upgrade", "proxy-connection",
                                        "transfer-encoding"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == len && strncasecmp(name, names[i], len) == 0)
            return true;
    return false;
}

/* The lines up to an empty one, or to the end. */
static void put_lines(nghttp2_nv *fields, size_t *count, const char *lines)
{
    for (const char *last; *lines != '\r' && (last = strstr(lines, "\r\n")); lines = last + 2) {
        const size_t name = strcspn(lines, ":");
        const char *value = lines + name + 1;
        if (value > last || is_hop(lines, name))
            continue;
        value += strspn(value, " ");
        const char *end = last;
        while (end > value && end[-1] == ' ')
            end--;
        field_put(fields, count, lines, name, value, (size_t)(end - value));
    }
}

static void guest_submit_trailers(struct reception *reception, struct guest *guest)
{
    nghttp2_nv fields[RECEPTION_FIELDS];
    size_t count = 0;
    put_lines(fields, &count, guest->trailers.bytes);
    nghttp2_submit_trailer(reception->session, guest->id, fields, count);
}

static ssize_t read_content(nghttp2_session *session, int32_t id, uint8_t *to, size_t room,
                            uint32_t *flags, nghttp2_data_source *source, void *owner)
{
    struct guest *guest = source->ptr;
    const size_t left = guest->content.len - guest->sent, part = left < room ? left : room;
    (void)session, (void)id;

    if (part == 0 && guest->breaks)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* RST_STREAM behind what was said */
    if (part == 0 && !guest->finished)
        return NGHTTP2_ERR_DEFERRED;
    if (part > 0)
        memcpy(to, guest->content.bytes + guest->sent, part);
    guest->sent += part;
    if (!guest->finished || part < left || guest->breaks)
        return (ssize_t)part;
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (guest->trailers.len > 0) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        guest_submit_trailers(owner, guest);
    }
    return (ssize_t)part;
}

/* What follows a final head with these fields. */
static int content_of(struct guest *guest, int status, const nghttp2_nv *fields, size_t count,
                      bool chunked)
{
    guest->left = UINT64_MAX;
    for (size_t i = 0; i < count; i++)
        if (fields[i].namelen == 14 &&
            strncasecmp((const char *)fields[i].name, "content-length", 14) == 0)
            guest->left = strtoull((const char *)fields[i].value, NULL, 10);
    if (guest->bare || status == 204 || status == 304 || guest->left == 0)
        return IN_NOTHING;
    return chunked ? IN_CHUNK_LINE : guest->left != UINT64_MAX ? IN_LENGTH : UNTIL_FINISH;
}

/* A head is whole, from its first line to the empty one. */
static void say_head(struct reception *reception, struct guest *guest, size_t len)
{
    nghttp2_data_provider provider = {.source = {.ptr = guest}, .read_callback = read_content};
    nghttp2_nv fields[RECEPTION_FIELDS];
    size_t count = 0;
    char *head = strndup(guest->in.bytes, len), status[8];
    const int number = atoi(head + sizeof "HTTP/1.1");

    snprintf(status, sizeof status, "%d", number);
    field_put(fields, &count, ":status", 7, status, strlen(status));
    put_lines(fields, &count, strstr(head, "\r\n") + 2);
    text_skip(&guest->in, len);
    if (number < 200) {
        nghttp2_submit_headers(reception->session, NGHTTP2_FLAG_NONE, guest->id, NULL, fields,
                               count, NULL);
    } else {
        const bool chunked = strcasestr(head, "\r\ntransfer-encoding:");
        guest->where = content_of(guest, number, fields, count, chunked);
        guest->finished = guest->where == IN_NOTHING;
        nghttp2_submit_response(reception->session, guest->id, fields, count,
                                guest->finished ? NULL : &provider);
    }
    free(head);
}

/* Content of a known length, at most that. */
static bool say_part(struct guest *guest)
{
    const size_t len = guest->in.len < guest->left ? guest->in.len : (size_t)guest->left;
    text_add(&guest->content, guest->in.bytes, len);
    text_skip(&guest->in, len);
    guest->left -= len;
    if (guest->left > 0)
        return false;
    guest->finished = guest->where == IN_LENGTH;
    guest->where = guest->finished ? IN_NOTHING : IN_CHUNK_LINE;
    return true;
}

/* A chunk's line, or the line end behind the chunk before. */
static bool say_chunk_line(struct guest *guest)
{
    const char *end = strstr(guest->in.bytes, "\r\n");
    if (!end)
        return false;
    const size_t len = (size_t)(end + 2 - guest->in.bytes);
    if (len > 2) {
        guest->left = strtoull(guest->in.bytes, NULL, 16);
        guest->where = guest->left > 0 ? IN_CHUNK : IN_TRAILERS;
    }
    text_skip(&guest->in, len);
    return true;
}

static bool say_trailers(struct guest *guest)
{
    const char *end = strstr(guest->in.bytes, "\r\n");
    if (!end)
        return false;
    const size_t len = (size_t)(end + 2 - guest->in.bytes);
    guest->finished = len == 2;
    if (!guest->finished)
        text_add(&guest->trailers, guest->in.bytes, len);
    else
        guest->where = IN_NOTHING;
    text_skip(&guest->in, len);
    return true;
}

/* One step; false: nothing can be understood yet. */
static bool say_step(struct reception *reception, struct guest *guest)
{
    const char *end;
    if (guest->in.len == 0)
        return false;
    switch (guest->where) {
    case IN_HEAD:
        end = strstr(guest->in.bytes, "\r\n\r\n");
        if (end)
            say_head(reception, guest, (size_t)(end + 4 - guest->in.bytes));
        return end;
    case IN_LENGTH:
    case IN_CHUNK:
        return say_part(guest);
    case IN_CHUNK_LINE:
        return say_chunk_line(guest);
    case IN_TRAILERS:
        return say_trailers(guest);
    case UNTIL_FINISH:
        text_add(&guest->content, guest->in.bytes, guest->in.len);
        break;
    default: /* more than was announced: a matter of HTTP/1 */
        break;
    }
    guest->in.len = 0;
    return false;
}

static void guest_go(struct reception *reception, const struct guest *guest)
{
    nghttp2_session_resume_data(reception->session, guest->id);
    reception_send(reception);
}

void reception_say(struct reception *reception, int32_t id, const char *bytes, size_t len)
{
    struct guest *guest = guest_of(reception, id);
    if (!guest || guest->lost)
        return;
    text_add(&guest->in, bytes, len);
    while (say_step(reception, guest))
        ;
    guest_go(reception, guest);
}

void reception_finish(struct reception *reception, int32_t id)
{
    struct guest *guest = guest_of(reception, id);
    if (!guest || guest->lost)
        return;
    guest->finished = true;
    guest_go(reception, guest);
}

static void reception_reset(struct reception *reception, int32_t id, uint32_t code)
{
    nghttp2_submit_rst_stream(reception->session, NGHTTP2_FLAG_NONE, id, code);
    reception_send(reception);
}

void reception_refuse(struct reception *reception, int32_t id)
{
    reception_reset(reception, id, NGHTTP2_REFUSED_STREAM);
}

void reception_break(struct reception *reception, int32_t id)
{
    struct guest *guest = guest_of(reception, id);
    if (!guest || guest->lost)
        return;
    guest->breaks = true;
    if (guest->where == IN_HEAD || guest->where == IN_NOTHING)
        reception_reset(reception, id, NGHTTP2_INTERNAL_ERROR);
    else
        guest_go(reception, guest);
}

void reception_script(struct reception *reception, int32_t id, const char *script)
{
    struct h2_script frames;
    h2_script_init(&frames);
    frames.stream = (uint32_t)id;
    frames.literal = true;
    reception->scripted = true;
    h2_script_add(&frames, script);
    if (sim_client_state(reception->end) == SIM_CLIENT_OPEN)
        sim_client_send(reception->end, frames.bytes, frames.size);
    h2_script_fini(&frames);
}

void reception_leave(struct reception *reception)
{
    nghttp2_submit_goaway(reception->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(reception->session),
                          NGHTTP2_NO_ERROR, NULL, 0);
    reception_send(reception);
}

void reception_stall(struct reception *reception, bool stalls)
{
    const nghttp2_settings_entry entry = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE,
                                          stalls ? 0 : RECEPTION_WINDOW};
    nghttp2_submit_settings(reception->session, NGHTTP2_FLAG_NONE, &entry, 1);
    reception_send(reception);
}

size_t reception_unsent(const struct reception *reception)
{
    size_t unsent = 0;
    for (const struct guest *guest = reception->guests; guest; guest = guest->next)
        unsent += guest->lost ? 0 : guest->content.len - guest->sent;
    return unsent;
}

const char *reception_fault(const struct reception *reception)
{
    return reception->fault[0] && !reception->scripted ? reception->fault : NULL;
}
