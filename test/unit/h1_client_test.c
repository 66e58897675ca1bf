/* The client side of HTTP/1, driven without a socket: what an origin sends, what is told of it, and
 * what becomes of the connection. Everything arrives whole, cut in two at each place, and octet by
 * octet. */
#include "wire/h1_client.h"

#include <stdio.h>
#include <stdlib.h>

#include "death.h"
#include "table.h"

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

static void hear(struct talk *t, const char *text, size_t size)
{
    if (t->used + size >= sizeof t->heard)
        return; /* long content: only its row knows */
    memcpy(t->heard + t->used, text, size);
    t->used += size;
    t->heard[t->used] = '\0';
}

static void hear_text(struct talk *t, const char *text)
{
    if (t->in_content)
        hear(t, "] ", 2);
    t->in_content = false;
    hear(t, text, strlen(text));
}

static void hear_fields(struct talk *t, const struct stet_head *head)
{
    for (size_t i = 0; i < head->count; i++) {
        const struct stet_field *field = &head->fields[i];
        char text[200];
        snprintf(text, sizeof text, "%.*s=%.*s ", (int)field->name.len, field->name.at,
                 (int)(field->value.len < 80 ? field->value.len : 80), field->value.at);
        hear_text(t, text);
    }
}

static void begin(struct talk *t, const struct client_request *request)
{
    char *head = malloc(h1_client_head_room(request));
    assert_non_null(head);
    assert_true(h1_client_begin(&t->client, request, head) <= h1_client_head_room(request));
    assert_true(h1_client_busy(&t->client));
    assert_false(h1_client_usable(&t->client));
    free(head);
}

static struct client_request request_of(const char *method)
{
    struct stet_span name = stet_span_of(method);
    return (struct client_request){.method = stet_method_of(name),
                                   .method_name = name,
                                   .target = STET_SPAN("/"),
                                   .host = STET_SPAN("a")};
}

static void on_interim(void *owner, const struct stet_response *response)
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

static void on_head(void *owner, const struct stet_response *response,
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

static bool on_content(void *owner, struct stet_span bytes)
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

static void on_end(void *owner, enum client_end end, const struct stet_head *trailers)
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

static struct talk *talk_new(bool lenient)
{
    struct talk *t = calloc(1, sizeof *t);
    assert_non_null(t);
    t->limits = limits_default();
    t->setup = (struct h1_client_setup){&t->limits, &t->head, lenient};
    h1_client_init(&t->client, &events, t, &t->setup);
    assert_true(h1_client_usable(&t->client));
    return t;
}

static void talk_free(struct talk *t)
{
    free(t->pending);
    free(t);
}

/* Feeds what is pending; what was consumed goes. */
static void talk_feed(struct talk *t)
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
static void talk_arrive(struct talk *t, const char *octets, size_t size)
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
static void talk_hear(struct talk *t, const char *octets, size_t size, size_t first, size_t step)
{
    talk_arrive(t, octets, first);
    for (size_t at = first, piece; at < size; at += piece) {
        piece = size - at < step ? size - at : step;
        talk_arrive(t, octets + at, piece);
    }
}

/* ---- the table of answers ---- */

enum { COMPLETE, UNTIL_CLOSE, TRUNCATED, MALFORMED, MENDED, TUNNEL };
enum { CLOSED, KEPT };

struct answer_row {
    const char *id;
    const char *name;
    const char *method;
    const char *before;
    size_t before_size;
    const char *piece;
    size_t times;
    const char *after;
    int end;
    bool kept;
    int status;
    const char *content; /* NULL: too long to write down */
};

static const struct answer_row answer_rows[] = {
#define ANSWER(id, name, method, octets, end, kept, status, content) \
    {id, name, #method, octets, sizeof(octets) - 1, "", 0, "", end, kept, status, content},
#define LONG_ANSWER(id, name, method, before, piece, times, after, end, kept, status) \
    {id, name, #method, before, sizeof(before) - 1, piece, times, after, end, kept, status, NULL},
#include "origin_answers.tbl"
#undef ANSWER
#undef LONG_ANSWER
};

static char *answer_octets(const struct answer_row *row, size_t *size)
{
    size_t piece = strlen(row->piece), after = strlen(row->after);
    *size = row->before_size + piece * row->times + after;
    char *octets = malloc(*size ? *size : 1);
    assert_non_null(octets);
    memcpy(octets, row->before, row->before_size);
    for (size_t n = 0; n < row->times; n++)
        memcpy(octets + row->before_size + n * piece, row->piece, piece);
    memcpy(octets + *size - after, row->after, after);
    return octets;
}

static bool content_right(const struct talk *t, const struct answer_row *row)
{
    const char *from = strchr(t->heard, '['), *to = strchr(t->heard, ']');
    size_t size = from ? (size_t)(to - from - 1) : 0;
    return !row->content || (size == strlen(row->content) &&
                             (size == 0 || memcmp(from + 1, row->content, size) == 0));
}

static enum client_end end_wanted(int end)
{
    if (end == TRUNCATED)
        return CLIENT_TRUNCATED;
    return end == MALFORMED ? CLIENT_MALFORMED : CLIENT_COMPLETE;
}

/* What comes of a row, given in pieces; says what is wrong. */
static const char *answer_wrong(const struct answer_row *row, const char *octets, size_t size,
                                size_t first, size_t step, bool lenient)
{
    struct client_request request = request_of(row->method);
    bool refused = row->end == MENDED && !lenient;
    struct talk *t = talk_new(lenient);
    const char *wrong = NULL;

    begin(t, &request);
    talk_hear(t, octets, size, first, step);
    if (h1_client_usable(&t->client) != (row->kept && !refused))
        wrong = "usable or not";
    if (t->ends && (row->end == UNTIL_CLOSE || row->end == TRUNCATED))
        wrong = "ended before the close";
    h1_client_closed(&t->client, true);
    if (t->ends != 1)
        wrong = "not one end";
    if (t->end != end_wanted(refused ? MALFORMED : row->end))
        wrong = end_words[t->end];
    if (!refused && (t->status != row->status || !content_right(t, row)))
        wrong = t->heard;
    if (refused && t->used != strlen("malformed"))
        wrong = "told of what was refused";
    if ((h1_client_error(&t->client) == STET_PROXY_ERROR_NONE) != (t->end == CLIENT_COMPLETE))
        wrong = "the error";
    if (h1_client_usable(&t->client) || h1_client_busy(&t->client))
        wrong = "not over";
    if (wrong)
        print_error("%s %s%s, %zu + %zu: %s\n", row->id, row->name, lenient ? " (lenient)" : "",
                    first, step, wrong == t->heard ? t->heard : wrong);
    talk_free(t);
    return wrong;
}

/* Whole, in two pieces, in many small ones. */
static bool answer_fails(const struct answer_row *row, const char *octets, size_t size,
                         bool lenient)
{
    size_t leap = size < 1000 ? 1 : size / 23;
    if (answer_wrong(row, octets, size, size, 1, lenient) ||
        answer_wrong(row, octets, size, 0, leap, lenient))
        return true;
    for (size_t cut = 1; cut < size; cut += leap)
        if (answer_wrong(row, octets, size, cut, size, lenient))
            return true;
    return false;
}

static void test_answers(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < COUNT(answer_rows); i++) {
        size_t size;
        char *octets = answer_octets(&answer_rows[i], &size);
        failed += answer_fails(&answer_rows[i], octets, size, false);
        failed += answer_fails(&answer_rows[i], octets, size, true);
        free(octets);
    }
    assert_true(COUNT(answer_rows) >= 80);
    assert_int_equal(failed, 0);
}

/* ---- what exactly is told ---- */

struct story_row {
    const char *id;
    const char *name;
    const char *method;
    const char *octets;
    const char *want; /* what is heard up to the close */
    const char *left; /* octets that were not consumed */
    bool upgrade;
    enum manner manner;
};

static const struct story_row story_rows[] = {
    {"C-9112-6.3-6", "a length", "GET",
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\nhello",
     "200 length persists Content-Length=5 ETag=\"a\" [hello] complete", "", false, LISTEN},
    {"C-9112-7.1-1", "trailers stay apart", "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nETag: "
     "\"b\"\r\nX: y\r\n\r\n",
     "200 chunked persists Transfer-Encoding=chunked [hello] ETag=\"b\" X=y complete", "", false,
     LISTEN},
    {"C-9110-15.2-2", "interim responses one by one", "GET",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
     "HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
     "(100) (103) Link=</a> (103) Link=</b> 200 length persists Content-Length=0 complete", "",
     false, LISTEN},
    {"C-9110-15.2-2", "an interim response to HEAD", "HEAD",
     "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
     "(103) 200 none persists Content-Length=7 complete", "", false, LISTEN},
    {"C-9112-6.3-7", "until close", "GET", "HTTP/1.0 200 OK\r\n\r\nhello",
     "200 close [hello] complete", "", false, LISTEN},
    {"C-9110-7.8-1", "an upgrade that was asked for", "GET",
     "HTTP/1.1 101 x\r\nUpgrade: y\r\n\r\n\x81\x05hello", "101 tunnel Upgrade=y complete",
     "\x81\x05hello", true, LISTEN},
    {"C-9110-7.8-1", "an upgrade after an interim response", "GET",
     "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 101 x\r\nUpgrade: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
     "(103) 101 tunnel Upgrade=y complete", "HTTP/1.1 200 OK\r\n\r\n", true, LISTEN},
    {"C-9110-7.8-1", "an upgrade to nothing", "GET", "HTTP/1.1 101 x\r\n\r\n", "malformed", "",
     true, LISTEN},
    {"C-9110-7.8-1", "an upgrade that was refused", "GET",
     "HTTP/1.1 426 x\r\nUpgrade: y\r\nContent-Length: 1\r\n\r\nz",
     "426 length persists Upgrade=y Content-Length=1 [z] complete", "", true, LISTEN},
    {"C-9112-6.3-1", "a tunnel by CONNECT", "CONNECT", "HTTP/1.1 200 OK\r\n\r\n\x16\x03",
     "200 tunnel complete", "\x16\x03", false, LISTEN},
    {"C-9112-6.3-8", "what follows is left", "GET",
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 404 x\r\n\r\n",
     "200 length persists Content-Length=1 [a] complete", "HTTP/1.1 404 x\r\n\r\n", false, LISTEN},
    {"C-9112-6.3-5", "a fault in the head", "GET",
     "HTTP/1.1 100 x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhello", "(100) malformed",
     "hello", false, LISTEN},
    {"C-9112-7.1-2", "a fault in the content", "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nx\r\n",
     "200 chunked persists Transfer-Encoding=chunked [a] malformed", "x\r\n", false, LISTEN},
    {"C-9112-8-1", "cancelled by an interim response", "GET",
     "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "(103) ", "HTTP/1.1 200 OK\r\n\r\n", false,
     CANCEL_INTERIM},
    {"C-9112-8-1", "cancelled by the head", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
     "200 length persists Content-Length=5 ", "", false, CANCEL_HEAD},
    {"C-9112-8-1", "cancelled by a head without content", "HEAD", "HTTP/1.1 200 OK\r\n\r\n",
     "200 none persists ", "", false, CANCEL_HEAD},
};

/* The octets as they arrive decide what is left, when the first of them ended the response. */
static bool left_right(const struct talk *t, const struct story_row *row)
{
    size_t left = strlen(row->left);
    return t->pending_size == left && (left == 0 || memcmp(t->pending, row->left, left) == 0);
}

static int story_fails(const struct story_row *row, size_t first, size_t step)
{
    struct client_request request = request_of(row->method);
    size_t size = strlen(row->octets);
    struct talk *t = talk_new(false);

    request.upgrade = row->upgrade;
    request.block = row->upgrade ? STET_SPAN("Upgrade: y\r\n") : STET_SPAN_NONE;
    t->manner = row->manner;
    begin(t, &request);
    talk_hear(t, row->octets, size, first, step);
    h1_client_closed(&t->client, true);
    bool right = strcmp(t->heard, row->want) == 0;
    /* A fault is seen, and what is behind it is left, as the pieces happen to fall. */
    if (!strstr(row->want, "malformed"))
        right = right && left_right(t, row);
    if (!right)
        print_error("%s %s, %zu + %zu: %s, %zu octets left\n", row->id, row->name, first, step,
                    t->heard, t->pending_size);
    talk_free(t);
    return !right;
}

static void test_stories(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < COUNT(story_rows); i++) {
        size_t size = strlen(story_rows[i].octets);
        failed += story_fails(&story_rows[i], 0, 1);
        for (size_t cut = 1; cut <= size; cut++)
            failed += story_fails(&story_rows[i], cut, size);
    }
    assert_int_equal(failed, 0);
}

/* ---- whether the connection is kept, by what was sent ---- */

struct sent_row {
    const char *id;
    const char *name;
    const char *method;
    bool has_content, length_known;
    uint64_t length;
    uint64_t pieces[3]; /* sizes of what is framed, up to UINT64_MAX */
    bool last;          /* the last piece was said to be that */
    bool kept;
};

#define NO_MORE UINT64_MAX

static const struct sent_row sent_rows[] = {
    {"C-9112-9.3-2", "no content", "POST", false, false, 0, {NO_MORE}, false, true},
    {"C-9112-9.3-2", "content of 0", "POST", true, true, 0, {NO_MORE}, false, true},
    {"C-9112-9.3-2", "content of 0, said", "POST", true, true, 0, {0, NO_MORE}, true, true},
    {"C-9112-9.3-2", "all of a length", "PUT", true, true, 7, {3, 4, NO_MORE}, true, true},
    {"C-9112-9.3-2", "all of a length, not said", "PUT", true, true, 7, {7, NO_MORE}, false, true},
    {"C-9112-9.3-2", "part of a length", "PUT", true, true, 7, {3, 3, NO_MORE}, false, false},
    {"C-9112-9.3-2", "nothing of a length", "PUT", true, true, 7, {NO_MORE}, false, false},
    {"C-9112-9.3-2", "all chunks", "PUT", true, false, 0, {3, 4, NO_MORE}, true, true},
    {"C-9112-9.3-2", "an empty last chunk", "PUT", true, false, 0, {3, 0, NO_MORE}, true, true},
    {"C-9112-9.3-2", "no last chunk", "PUT", true, false, 0, {3, 0, NO_MORE}, false, false},
    {"C-9112-9.3-2", "no chunk", "PUT", true, false, 0, {NO_MORE}, false, false},
};

static void test_sent(void **state)
{
    static const char octets[] = "HTTP/1.1 413 x\r\nContent-Length: 2\r\n\r\nno";
    (void)state;
    for (size_t i = 0; i < COUNT(sent_rows); i++) {
        const struct sent_row *row = &sent_rows[i];
        struct client_request request = request_of(row->method);
        struct h1_client_frame frame;
        struct talk *t = talk_new(false);
        request.has_content = row->has_content;
        request.length_known = row->length_known;
        request.length = row->length;
        begin(t, &request);
        for (size_t n = 0; row->pieces[n] != NO_MORE; n++)
            h1_client_frame(&t->client, row->pieces[n], row->last && row->pieces[n + 1] == NO_MORE,
                            &frame);
        talk_hear(t, octets, sizeof octets - 1, 5, 3);
        check_row(row, t->ends == 1 && t->end == CLIENT_COMPLETE);
        check_row(row, h1_client_usable(&t->client) == row->kept);
        check_row(row, t->usable_in_end == row->kept);
        talk_free(t);
    }
}

struct frame_row {
    const char *id;
    const char *name;
    bool chunked;
    uint64_t size;
    bool last;
    const char *before;
    const char *after;
};

static const struct frame_row frame_rows[] = {
    {"C-9112-6.1-1", "a chunk", true, 5, false, "5\r\n", "\r\n"},
    {"C-9112-6.1-1", "a large chunk", true, 0x7fffffffffffffff, false, "7fffffffffffffff\r\n",
     "\r\n"},
    {"C-9112-6.1-1", "the last with octets", true, 26, true, "1a\r\n", "\r\n0\r\n\r\n"},
    {"C-9112-6.1-1", "the last without", true, 0, true, "", "0\r\n\r\n"},
    {"C-9112-6.1-1", "nothing yet is no last chunk", true, 0, false, "", ""},
    {"C-9112-6.2-1", "of a length", false, 3, false, "", ""},
    {"C-9112-6.2-1", "nothing of a length", false, 0, false, "", ""},
    {"C-9112-6.2-1", "all of a length", false, 9, true, "", ""},
};

static void test_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(frame_rows); i++) {
        const struct frame_row *row = &frame_rows[i];
        struct client_request request = request_of("POST");
        struct h1_client_frame frame;
        struct talk *t = talk_new(false);
        request.has_content = true;
        request.length_known = !row->chunked;
        request.length = 9;
        begin(t, &request);
        h1_client_frame(&t->client, row->size, row->last, &frame);
        check_row(row, stet_span_equal(stet_span(frame.before, frame.before_len),
                                       stet_span_of(row->before)));
        check_row(row, stet_span_equal(stet_span(frame.after, frame.after_len),
                                       stet_span_of(row->after)));
        /* Once all was sent, saying so again sends nothing. */
        if (row->last) {
            h1_client_frame(&t->client, 0, true, &frame);
            check_row(row, frame.before_len == 0 && frame.after_len == 0);
        }
        talk_free(t);
    }
}

/* ---- what a caller must not do ---- */

struct misuse_row {
    const char *id;
    const char *name;
    bool chunked;
    const char *octets;      /* what the origin has sent before */
    uint64_t pieces[3];      /* sizes of what is framed, up to NO_MORE */
    bool last, begins_again; /* then */
};

static const struct misuse_row misuse_rows[] = {
    {"C-9112-6.2-1", "content past its length", false, "", {5, 5, NO_MORE}, false, false},
    {"C-9112-6.2-1", "content short of its length", false, "", {5, NO_MORE}, true, false},
    {"C-9112-6.2-1", "content behind the last", false, "", {9, 1, NO_MORE}, false, false},
    {"C-9112-9.2-1", "a request upon another", false, "", {9, NO_MORE}, true, true},
    {"C-9112-9.2-1",
     "content after the response",
     true,
     "HTTP/1.1 204 x\r\n\r\n",
     {1, NO_MORE},
     false,
     false},
    {"C-9112-9.6-1",
     "a request after the end",
     true,
     "HTTP/1.1 204 x\r\n\r\n",
     {NO_MORE},
     false,
     true},
};

static void misuse(const void *argument)
{
    const struct misuse_row *row = argument;
    struct client_request request = request_of("POST");
    struct h1_client_frame frame;
    struct talk *t = talk_new(false);
    request.has_content = true;
    request.length_known = !row->chunked;
    request.length = 9;
    begin(t, &request);
    talk_arrive(t, row->octets, strlen(row->octets));
    for (size_t n = 0; row->pieces[n] != NO_MORE; n++)
        h1_client_frame(&t->client, row->pieces[n], row->last && row->pieces[n + 1] == NO_MORE,
                        &frame);
    if (row->begins_again)
        begin(t, &request);
    talk_free(t);
}

static void test_misuse(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(misuse_rows); i++)
        check_row(&misuse_rows[i], dies(misuse, &misuse_rows[i]));
}

/* ---- the end of the connection ---- */

struct closed_row {
    const char *id;
    const char *name;
    const char *octets;
    bool clean;
    const char *want;
    enum stet_proxy_error error;
};

#define ERROR(name) STET_PROXY_ERROR_##name

static const struct closed_row closed_rows[] = {
    {"C-9112-9.8-1", "until close, cleanly", "HTTP/1.1 200 OK\r\n\r\nab", true,
     "200 close [ab] complete", ERROR(NONE)},
    {"C-9112-9.8-1", "until close, by a reset", "HTTP/1.1 200 OK\r\n\r\nab", false,
     "200 close [ab] truncated", ERROR(HTTP_RESPONSE_INCOMPLETE)},
    {"C-9112-8-1", "nothing came", "", true, "truncated", ERROR(CONNECTION_TERMINATED)},
    {"C-9112-8-1", "nothing came but a reset", "", false, "truncated",
     ERROR(CONNECTION_TERMINATED)},
    {"C-9112-8-1", "part of a head", "HTT", true, "truncated", ERROR(HTTP_RESPONSE_INCOMPLETE)},
    {"C-9112-8-1", "part of the content", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", true,
     "200 length persists Content-Length=3 [ab] truncated", ERROR(HTTP_RESPONSE_INCOMPLETE)},
    {"C-9112-6.3-6", "all of it, then a reset", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
     false, "200 length persists Content-Length=2 [ab] complete", ERROR(NONE)},
    {"C-9112-2.2-3", "no HTTP", "SSH-2.0\r\n", true, "malformed", ERROR(HTTP_PROTOCOL_ERROR)},
    {"C-9112-6.3-4", "an unknown coding",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: br, chunked\r\n\r\n", true, "malformed",
     ERROR(HTTP_RESPONSE_TRANSFER_CODING)},
    {"C-9110-8.6-4", "a length past all",
     "HTTP/1.1 200 OK\r\nContent-Length: "
     "99999999999999999999\r\n\r\n",
     true, "malformed", ERROR(HTTP_RESPONSE_BODY_SIZE)},
    {"C-9112-7.1-1", "a chunk past all",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", true,
     "200 chunked persists Transfer-Encoding=chunked malformed", ERROR(HTTP_RESPONSE_BODY_SIZE)},
    {"C-9112-7.1-2", "no chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx", true,
     "200 chunked persists Transfer-Encoding=chunked malformed", ERROR(HTTP_PROTOCOL_ERROR)},
    {"C-9110-5.4-1", "a large head",
     "HTTP/1.1 200 OK\r\nX: 01234567890123456789012345678901234567890", true, "malformed",
     ERROR(HTTP_RESPONSE_HEADER_SECTION_SIZE)},
    {"C-9110-5.4-1", "large trailers",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 0123456789", true,
     "200 chunked persists Transfer-Encoding=chunked malformed",
     ERROR(HTTP_RESPONSE_TRAILER_SECTION_SIZE)},
};

static void test_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(closed_rows); i++) {
        const struct closed_row *row = &closed_rows[i];
        struct client_request request = request_of("GET");
        struct talk *t = talk_new(false);
        t->limits.head_size = 58;
        t->limits.trailer_size = 10;
        begin(t, &request);
        talk_arrive(t, row->octets, strlen(row->octets));
        check_row(row, h1_client_heard(&t->client) == (row->octets[0] != '\0'));
        h1_client_closed(&t->client, row->clean);
        if (strcmp(t->heard, row->want) != 0)
            print_error("%s\n", t->heard);
        check_row(row, strcmp(t->heard, row->want) == 0);
        check_row(row, h1_client_error(&t->client) == row->error);
        /* Once only. */
        h1_client_closed(&t->client, row->clean);
        check_row(row, t->ends == 1 && !h1_client_usable(&t->client));
        talk_free(t);
    }
}

/* ---- one request after the other ---- */

static void hear_literal(struct talk *t, const char *octets)
{
    talk_hear(t, octets, strlen(octets), 1, 7);
}

/* A second request begins in the end of the first, and gets its own response. */
static void test_again(void **state)
{
    struct client_request request = request_of("HEAD");
    struct talk *t = talk_new(false);
    (void)state;
    t->manner = BEGIN_AGAIN;
    begin(t, &request);
    hear_literal(t, "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    assert_true(h1_client_busy(&t->client));
    assert_false(h1_client_heard(&t->client));
    hear_literal(t, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    assert_string_equal(t->heard, "(103) 200 none persists Content-Length=5 complete / 200 length "
                                  "persists Content-Length=5 [hello] complete");
    assert_true(h1_client_usable(&t->client));
    t->ends = 0;
    request = request_of("GET");
    begin(t, &request);
    h1_client_closed(&t->client, true);
    assert_int_equal(h1_client_error(&t->client), STET_PROXY_ERROR_CONNECTION_TERMINATED);
    talk_free(t);
}

/* What an idle connection hears is an answer to nothing [RFC 9112 §9.2]. */
static void test_idle(void **state)
{
    static const char *const octets[] = {"HTTP/1.1 408 x\r\n\r\n", "\r\n", "x"};
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(octets); i++) {
        struct client_request request = request_of("GET");
        struct talk *t = talk_new(false);
        size_t size = strlen(octets[i / 2]);
        if (i % 2) {
            begin(t, &request);
            hear_literal(t, "HTTP/1.1 204 x\r\n\r\n");
            assert_true(h1_client_usable(&t->client));
        }
        talk_arrive(t, octets[i / 2], size);
        assert_false(h1_client_usable(&t->client));
        assert_int_equal(t->pending_size, size);
        assert_string_equal(t->heard, i % 2 ? "204 none persists complete" : "");
        talk_free(t);
    }
    struct talk *t = talk_new(false);
    h1_client_closed(&t->client, true);
    assert_false(h1_client_usable(&t->client));
    assert_int_equal(t->ends, 0);
    talk_free(t);
}

/* Interim responses are counted anew for each request. */
static void test_interims(void **state)
{
    struct talk *t = talk_new(false);
    (void)state;
    for (int round = 0; round < 3; round++) {
        struct client_request request = request_of("GET");
        t->ends = t->used = 0;
        begin(t, &request);
        for (int n = 0; n < CLIENT_INTERIMS_MAX; n++)
            hear_literal(t, "HTTP/1.1 100 x\r\n\r\n");
        hear_literal(t, "HTTP/1.1 204 x\r\n\r\n");
        assert_true(t->ends == 1 && h1_client_usable(&t->client));
    }
    talk_free(t);
}

/* ---- content that pauses ---- */

static const char *const paused_octets[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\nhello",
};

static void paused_run(const char *octets, size_t step)
{
    struct client_request request = request_of("GET");
    struct talk *t = talk_new(false);
    size_t size = strlen(octets);
    t->manner = PAUSE;
    begin(t, &request);
    for (size_t at = 0; at < size; at += step) {
        size_t pauses = t->pauses;
        talk_arrive(t, octets + at, size - at < step ? size - at : step);
        while (t->pauses > pauses) {
            /* Nothing is consumed before it goes on. */
            size_t pending = t->pending_size;
            pauses = t->pauses;
            talk_feed(t);
            assert_true(t->pending_size == pending && t->pauses == pauses);
            h1_client_resume(&t->client);
            t->paused = false;
            talk_feed(t);
        }
    }
    assert_int_equal(t->pending_size, 0);
    h1_client_closed(&t->client, true);
    assert_true(t->ends == 1 && t->end == CLIENT_COMPLETE && t->pauses > 0);
    assert_non_null(strstr(t->heard, "[hello] complete"));
    talk_free(t);
}

static void test_pause(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(paused_octets); i++)
        for (size_t step = 1; step <= strlen(paused_octets[i]); step++)
            paused_run(paused_octets[i], step);
}

/* Cancelled in the middle of content, or with all of it: not a word more. */
static void test_cancel(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(paused_octets); i++) {
        const char *octets = paused_octets[i / 2];
        struct client_request request = request_of("GET");
        struct talk *t = talk_new(false);
        t->manner = CANCEL_CONTENT;
        begin(t, &request);
        talk_hear(t, octets, strlen(octets), i % 2 ? strlen(octets) : 0, 1);
        h1_client_closed(&t->client, true);
        assert_true(t->ends == 0 && t->in_content);
        assert_true(i % 2 || strcmp(strchr(t->heard, '['), "[h") == 0);
        assert_false(h1_client_busy(&t->client) || h1_client_usable(&t->client));
        talk_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),  cmocka_unit_test(test_stories),
        cmocka_unit_test(test_sent),     cmocka_unit_test(test_frames),
        cmocka_unit_test(test_misuse),   cmocka_unit_test(test_closed),
        cmocka_unit_test(test_again),    cmocka_unit_test(test_idle),
        cmocka_unit_test(test_interims), cmocka_unit_test(test_pause),
        cmocka_unit_test(test_cancel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
