/* The client side of HTTP/2, driven without a socket by an origin that says what it likes: what is
 * told of it, and what the origin hears. Everything arrives whole, cut in two at each place, and
 * octet by octet. */
#include "wire/h2_client.h"

#include "h2_script.h"
#include "table.h"

enum { HEARD_ROOM = 4096 };

struct talk {
    struct limits limits;
    struct h2_client_kit *kit;
    struct h2_client *client;
    struct h2_client_stream *streams[2];
    char heard[HEARD_ROOM];
    size_t used;
    bool in_content, pauses;
    uint8_t sent[1 << 16]; /* what the origin hears */
    size_t sent_size;
};

static const char *const end_words[] = {"complete", "truncated", "malformed"};

static void hear(struct talk *t, const char *text, size_t size)
{
    if (t->used + size >= sizeof t->heard)
        return;
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
    for (size_t i = 0; i < head->count && i < 8; i++) {
        const struct stet_field *field = &head->fields[i];
        char text[200];
        snprintf(text, sizeof text, "%.*s=%.*s ", (int)field->name.len, field->name.at,
                 (int)field->value.len, field->value.at);
        hear_text(t, text);
    }
}

/* The owner of a stream is its place in talk->streams. */
static struct talk *talk_now;

static void on_interim(void *owner, const struct stet_response *response)
{
    char text[40];
    (void)owner;
    snprintf(text, sizeof text, "(%d) ", response->status);
    hear_text(talk_now, text);
    hear_fields(talk_now, &response->head);
}

static void on_head(void *owner, const struct stet_response *response,
                    const struct response_framing *framing)
{
    static const char *const words[] = {"none", "length", "delimited", "close", "tunnel"};
    char text[40];
    (void)owner;
    snprintf(text, sizeof text, "%d %s ", response->status, words[framing->content]);
    hear_text(talk_now, text);
    hear_fields(talk_now, &response->head);
    assert_int_equal(framing->version, 20);
}

static bool on_content(void *owner, struct stet_span bytes)
{
    struct talk *t = talk_now;
    (void)owner;
    if (!t->in_content)
        hear(t, "[", 1);
    t->in_content = true;
    hear(t, bytes.at, bytes.len);
    return !t->pauses;
}

static void on_end(void *owner, enum client_end end, const struct stet_head *trailers)
{
    struct talk *t = talk_now;
    struct h2_client_stream **stream = owner;
    hear_fields(t, trailers);
    hear_text(t, end_words[end]);
    if ((*stream)->error) {
        struct stet_span token = stet_proxy_error_token((*stream)->error);
        hear(t, " ", 1);
        hear(t, token.at, token.len);
    }
    hear_text(t, (*stream)->refused ? " refused " : " ");
    *stream = NULL;
}

static void on_room(void *owner)
{
    (void)owner;
    hear_text(talk_now, "room ");
}

static const struct h2_client_events events = {{on_interim, on_head, on_content, on_end}, on_room};

/* What the client sends: resets and farewells are heard, the rest is kept. */
static void flush(struct talk *t)
{
    struct stet_span bytes;
    h2_client_run(t->client);
    while ((bytes = h2_client_take(t->client)).len > 0) {
        assert_true(t->sent_size + bytes.len <= sizeof t->sent);
        memcpy(t->sent + t->sent_size, bytes.at, bytes.len);
        t->sent_size += bytes.len;
    }
}

/* The frames that the origin got behind the preface. */
static void tell_sent(struct talk *t)
{
    for (size_t at = 24; at + 9 <= t->sent_size;) {
        const uint8_t *frame = t->sent + at;
        size_t size = (size_t)frame[0] << 16 | (size_t)frame[1] << 8 | frame[2];
        char text[32] = "";
        if (frame[3] == NGHTTP2_RST_STREAM)
            snprintf(text, sizeof text, "<reset %d>", frame[12]);
        if (frame[3] == NGHTTP2_GOAWAY)
            snprintf(text, sizeof text, "<goaway %d>", frame[16]);
        hear_text(t, text);
        at += 9 + size;
    }
}

static void setup(struct talk *t)
{
    memset(t, 0, sizeof *t);
    t->limits = limits_default();
    t->limits.head_size = 4096;
    t->limits.trailer_size = 256;
    t->limits.field_count = 16;
    t->limits.h2_header_excess = 16384;
    t->limits.h2_idle_frames = 64;
    t->limits.upstream_h2_window = 65535;
    t->kit = h2_client_kit_new(&t->limits);
    t->client = h2_client_new(t->kit, STET_SPAN("http"));
    talk_now = t;
}

static void teardown(struct talk *t)
{
    h2_client_free(t->client);
    h2_client_kit_free(t->kit);
}

static struct client_request request_of(const char *method)
{
    const struct stet_span name = stet_span_of(method);
    const bool content = strcmp(method, "POST") == 0;
    return (struct client_request){.method = stet_method_of(name),
                                   .method_name = name,
                                   .target = STET_SPAN("/a"),
                                   .host = STET_SPAN("example.org"),
                                   .block = STET_SPAN("X-Word: b\r\n"),
                                   .has_content = content};
}

static void begin(struct talk *t, size_t index, const char *method)
{
    const struct client_request request = request_of(method);
    t->streams[index] = h2_client_begin(t->client, &request, &events, &t->streams[index]);
    assert_non_null(t->streams[index]);
}

/* The script may begin with "METHOD> "; else it answers a GET. */
struct row {
    const char *id, *name, *script, *want;
};

static const char *row_script(const struct row *row)
{
    const char *mark = strchr(row->script, '>');
    return mark ? mark + 2 : row->script;
}

static const char *row_method(const struct row *row)
{
    static char method[16];
    const char *mark = strchr(row->script, '>');
    snprintf(method, sizeof method, "%.*s", mark ? (int)(mark - row->script) : 3,
             mark ? row->script : "GET");
    return method;
}

/* Feeds octets from `from` on in pieces of `piece`. */
static void feed(struct talk *t, const struct h2_script *script, size_t cut, size_t piece)
{
    size_t at = 0;
    while (at < script->size) {
        size_t size = at < cut ? cut - at : piece;
        if (size > script->size - at)
            size = script->size - at;
        /* without an octet to spare, so that reading past the end is found out */
        char *bytes = malloc(size);
        memcpy(bytes, script->bytes + at, size);
        h2_client_feed(t->client, bytes, size);
        free(bytes);
        flush(t);
        at += size;
    }
}

static const char *play(const struct row *row, size_t cut, size_t piece)
{
    static char heard[HEARD_ROOM];
    struct talk t;
    struct h2_script script;

    setup(&t);
    h2_script_init(&script);
    h2_script_add(&script, "S;");
    h2_script_add(&script, row_script(row));
    begin(&t, 0, row_method(row));
    flush(&t);
    feed(&t, &script, cut, piece);
    tell_sent(&t);
    if (t.streams[0])
        hear_text(&t, "...");
    while (t.used > 0 && t.heard[t.used - 1] == ' ')
        t.heard[--t.used] = '\0';
    memcpy(heard, t.heard, sizeof heard);
    h2_script_fini(&script);
    teardown(&t);
    return heard;
}

static size_t script_size(const char *text)
{
    struct h2_script script;
    h2_script_init(&script);
    h2_script_add(&script, "S;");
    h2_script_add(&script, text);
    size_t size = script.size;
    h2_script_fini(&script);
    return size;
}

static int play_all(const struct row *row)
{
    const size_t size = script_size(row_script(row));
    int failed = 0;
    for (size_t cut = 0; cut <= size && cut < 200 && failed == 0; cut++) {
        const char *got = play(row, cut, cut == 0 ? 1 : size);
        if (strcmp(got, row->want) != 0) {
            print_error("%s %s (cut at %zu):\n  got  %s\n  want %s\n", row->id, row->name, cut, got,
                        row->want);
            failed++;
        }
    }
    return failed;
}

#define BAD "malformed http_protocol_error <reset 1>"
#define DEAD "malformed http_protocol_error <goaway 1>"

static const struct row good_rows[] = {
    {"C-9113-8.1-1", "no content", "He :status=204", "204 none complete"},
    {"C-9113-8.1-1", "content", "H :status=200;De abc", "200 delimited [abc] complete"},
    {"C-9113-8.1-1", "content in pieces", "H :status=200;D ab;D;D c;De",
     "200 delimited [abc] complete"},
    {"C-9113-8.1-1", "a length", "H :status=200&content-length=3;De abc",
     "200 length content-length=3 [abc] complete"},
    {"C-9110-8.6-1", "a length twice over is one", "H :status=200&content-length=3, 3;De abc", BAD},
    {"C-9113-8.1-1", "an end without content", "He :status=200", "200 none complete"},
    {"C-9113-8.1-1", "a length of nothing", "He :status=200&content-length=0",
     "200 length content-length=0 complete"},
    {"C-9113-8.1-1", "trailers", "H :status=200;D abc;He x-sum=1",
     "200 delimited [abc] x-sum=1 complete"},
    {"C-9113-8.1-1", "trailers without content", "H :status=200;He x-sum=1",
     "200 delimited x-sum=1 complete"},
    {"C-9110-15.2-1", "interim responses", "H :status=103&link=a;H :status=100;He :status=200",
     "(103) link=a (100) 200 none complete"},
    {"C-9110-9.3.2-1", "HEAD with a length", "HEAD> He :status=200&content-length=5",
     "200 none content-length=5 complete"},
    {"C-9110-15.4.5-1", "304 with a length", "He :status=304&content-length=5",
     "304 none content-length=5 complete"},
    {"C-9110-15.4.5-1", "304, the end in a frame of its own", "H :status=304;De",
     "304 none complete"},
    {"C-9113-8.2-1", "the trailer field passes", "H :status=200&trailer=x-sum;De a",
     "200 delimited trailer=x-sum [a] complete"},
    {"C-9110-5.5-1", "obs-text passes", "He :status=200&x=%e4", "200 none x=\xe4 complete"},
    {"C-9113-8.2.3-1", "lines of one name", "He :status=200&set-cookie=a&set-cookie=b",
     "200 none set-cookie=a set-cookie=b complete"},
    {"C-9113-6.10-1", "a head in two frames", "C :status=200&a=b;K c=d;De x",
     "200 delimited a=b c=d [x] complete"},
    {"C-9113-5.5-1", "a frame of an unknown kind", "X 000001fa0000000001ff;He :status=204",
     "204 none complete"},
    {"C-9113-6.7-1", "a ping", "X 0000080600000000000102030405060708;He :status=204",
     "204 none complete"},
    {"C-9113-6.1-1", "padding", "H :status=200;X 000006000900000001026162630000",
     "200 delimited [abc] complete"},
    {"C-9113-8.1-2", "an answer before the request is whole", "POST> He :status=413",
     "413 none complete <reset 8>"},
    {"C-9113-8.1-2", "the same, with NO_ERROR", "POST> He :status=413;R 0",
     "413 none complete <reset 8>"},
    {"C-9113-6.8-1", "it leaves, and answers", "G 1 0;He :status=204", "204 none complete"},
    {"C-9110-9.3.6-1", "a tunnel", "CONNECT> H :status=200;D abc", "200 tunnel [abc] ..."},
};

static const struct row bad_rows[] = {
    {"C-9113-8.3.2-1", "no status", "He x=y", BAD},
    {"C-9113-8.3.2-1", "an empty head", "He", BAD},
    {"C-9113-8.3.2-1", "two statuses", "He :status=200&:status=200", BAD},
    {"C-9113-8.3-1", "a late status", "He x=y&:status=200", BAD},
    {"C-9113-8.3-1", "an unknown pseudo-header field", "He :status=200&:x=y", BAD},
    {"C-9113-8.3-1", "one of requests", "He :status=200&:path=/", BAD},
    {"C-9113-8.3-1", "one in trailers", "H :status=200;D a;He :status=200",
     "200 delimited [a] " BAD},
    {"C-9113-8.3.2-1", "two digits", "He :status=20", BAD},
    {"C-9113-8.3.2-1", "four digits", "He :status=2000", BAD},
    {"C-9113-8.3.2-1", "a sign", "He :status=+20", BAD},
    {"C-9113-8.3.2-1", "an empty status", "He :status=", BAD},
    {"C-9113-8.3.2-1", "a status with a phrase", "He :status=200 OK", BAD},
    {"C-9110-15-1", "status 600", "He :status=600", BAD},
    {"C-9110-15-1", "status 099", "He :status=099", BAD},
    {"C-9113-8.6-1", "status 101", "H :status=101", BAD},
    {"C-9113-8.2.1-1", "an upper-case name", "He :status=200&X=y", BAD},
    {"C-9113-8.2.1-1", "an empty name", "He :status=200&=y", BAD},
    {"C-9113-8.2.1-1", "a colon in a name", "He :status=200&a:b=y", BAD},
    {"C-9113-8.2.1-1", "a space in a name", "He :status=200&a b=y", BAD},
    {"C-9113-8.2.1-1", "CR LF in a name", "He :status=200&a%0d%0ab=y", BAD},
    {"C-9113-8.2.1-1", "NUL in a name", "He :status=200&a%00=y", BAD},
    {"C-9113-8.2.1-1", "obs-text in a name", "He :status=200&a%e4=y", BAD},
    {"C-9113-8.2.1-1", "CR LF in a value", "He :status=200&x=a%0d%0ay: z", BAD},
    {"C-9113-8.2.1-1", "LF in a value", "He :status=200&x=a%0ay", BAD},
    {"C-9113-8.2.1-1", "CR in a value", "He :status=200&x=a%0dy", BAD},
    {"C-9113-8.2.1-1", "NUL in a value", "He :status=200&x=a%00y", BAD},
    {"C-9113-8.2.1-1", "DEL in a value", "He :status=200&x=a%7fy", BAD},
    {"C-9113-8.2.1-1", "a space before a value", "He :status=200&x= y", BAD},
    {"C-9113-8.2.1-1", "a tab behind a value", "He :status=200&x=y%09", BAD},
    {"C-9113-8.2.2-1", "connection", "He :status=200&connection=close", BAD},
    {"C-9113-8.2.2-1", "keep-alive", "He :status=200&keep-alive=timeout%3d5", BAD},
    {"C-9113-8.2.2-1", "proxy-connection", "He :status=200&proxy-connection=close", BAD},
    {"C-9113-8.2.2-1", "transfer-encoding", "H :status=200&transfer-encoding=chunked;De a", BAD},
    {"C-9113-8.2.2-1", "upgrade", "He :status=200&upgrade=h2c", BAD},
    {"C-9113-8.2.2-1", "connection in trailers", "H :status=200;He connection=close",
     "200 delimited " BAD},
    {"C-9113-8.2.2-1", "te", "He :status=200&te=gzip", BAD},
    {"C-9113-8.1.1-1", "more than the length", "H :status=200&content-length=2;D ab;De c",
     "200 length content-length=2 [ab] " BAD},
    {"C-9113-8.1.1-1", "less than the length", "H :status=200&content-length=4;De abc",
     "200 length content-length=4 [abc] " BAD},
    {"C-9113-8.1.1-1", "nothing of the length", "He :status=200&content-length=4", BAD},
    {"C-9113-8.1.1-1", "trailers before the length", "H :status=200&content-length=4;D a;He x=y",
     "200 length content-length=4 [a] " BAD},
    {"C-9110-8.6-2", "two lengths", "H :status=200&content-length=3&content-length=4;De abc", BAD},
    {"C-9110-8.6-2", "a length with a sign", "H :status=200&content-length=+3;De abc", BAD},
    {"C-9110-8.6-2", "a length that is none", "H :status=200&content-length=0x3;De abc", BAD},
    {"C-9110-8.6-2", "an empty length", "H :status=200&content-length=;De abc", BAD},
    {"C-9110-8.6-2", "an endless length", "H :status=200&content-length=99999999999999999999;De a",
     BAD},
    {"C-9113-8.1.1-1", "content of a HEAD", "HEAD> H :status=200;De abc", "200 none " BAD},
    {"C-9113-8.1.1-1", "content of a 304", "H :status=304;De abc", "304 none " BAD},
    {"C-9113-8.1.1-1", "content of a 204", "H :status=204;De abc", "204 none " BAD},
    {"C-9113-8.1-1", "an interim response that ends", "He :status=103", BAD},
    {"C-9113-8.1-1", "content before a head", "De abc", DEAD},
    {"C-9113-8.1-1", "content behind an interim head", "H :status=103;De abc", "(103) " BAD},
    {"C-9113-8.1-1", "trailers without an end", "H :status=200;D a;H x=y",
     "200 delimited [a] " BAD},
    {"C-9110-15.2-1", "more interim responses than anyone reads",
     "N33 H :status=102;He :status=200",
     "(102) (102) (102) (102) (102) (102) (102) (102) (102) (102) (102) (102) (102) (102) (102) "
     "(102) (102) (102) (102) (102) (102) (102) (102) (102) (102) (102) (102) (102) (102) (102) "
     "(102) (102) " BAD},
    {"C-9110-5.4-1", "too many lines",
     "He :status=200&a=b&a=b&a=b&a=b&a=b&a=b&a=b&a=b&a=b&a=b&a=b&a=b&a=b&a=b&a=b&a=b&a=b",
     "malformed http_response_header_section_size <reset 1>"},
    {"C-9113-6.9-1", "a window update of nothing", "X 00000408000000000100000000", DEAD},
    {"C-9113-6.9.1-1", "a window too large", "X 0000040800000000017fffffff",
     "malformed http_protocol_error <reset 3>"},
};

static const struct row reset_rows[] = {
    {"C-9113-8.7-1", "refused", "R 7", "truncated connection_terminated refused"},
    {"C-9113-8.7-1", "refused behind an interim head", "H :status=103;R 7",
     "(103) truncated http_response_incomplete"},
    {"C-9113-6.4-1", "cancelled", "R 8", "truncated http_response_incomplete"},
    {"C-9113-6.4-1", "an internal error", "R 2", "truncated http_response_incomplete"},
    {"C-9113-6.4-1", "no error, but no answer", "R 0", "truncated http_response_incomplete"},
    {"C-9113-6.4-1", "asks for HTTP/1.1", "R 13", "truncated connection_terminated refused"},
    {"C-9113-6.4-1", "asks for HTTP/1.1 behind an interim head", "H :status=103;R 13",
     "(103) truncated http_response_incomplete"},
    {"C-9113-6.4-1", "an unknown code", "R 4711", "truncated http_response_incomplete"},
    {"C-9113-6.4-1", "within the content", "H :status=200;D ab;R 2",
     "200 delimited [ab] truncated http_response_incomplete"},
    {"C-9113-6.4-1", "within the content, no error", "H :status=200;D ab;R 0",
     "200 delimited [ab] truncated http_response_incomplete"},
    {"C-9113-6.4-1", "refused within the content is no refusal", "H :status=200;D ab;R 7",
     "200 delimited [ab] truncated http_response_incomplete"},
    {"C-9113-6.8-1", "GOAWAY before the request", "G 0 0",
     "truncated connection_terminated refused"},
    {"C-9113-6.8-1", "GOAWAY with an error, before the request", "G 0 11",
     "truncated connection_terminated refused"},
    {"C-9113-6.8-1", "GOAWAY twice", "G 1 0;G 0 0", "truncated connection_terminated refused"},
    {"C-9113-8.4-1", "a push", "X 000006050400000001000000028a89", DEAD},
    {"C-9113-8.4-1", "a push behind the acknowledgment", "A;X 000006050400000001000000028a89",
     DEAD},
    {"C-9113-6.5-1", "SETTINGS of a stream", "X 000000040000000001", DEAD},
    {"C-9113-6.5-1", "SETTINGS of a wrong size", "X 0000050400000000000000000000",
     "malformed http_protocol_error <goaway 6>"},
    {"C-9113-6.5.2-1", "an impossible window", "X 0000060400000000000004ffffffff",
     "malformed http_protocol_error <goaway 3>"},
    {"C-9113-6.5.2-1", "an impossible frame size", "X 000006040000000000000500000001", DEAD},
    {"C-9113-4.2-1", "a frame too large", "X ff0000000000000001",
     "malformed http_protocol_error <goaway 6>"},
    {"C-9113-4.3-1", "fields that cannot be decompressed", "X 0000010104000000017fff",
     "malformed http_protocol_error <goaway 9>"},
    {"C-9113-6.10-1", "CONTINUATION of nothing", "X 000000090400000001", DEAD},
    {"C-9113-6.10-1", "a frame within a head", "C :status=200;D abc", DEAD},
    {"C-9113-5.1-1", "DATA of stream 0", "X 000001000000000000ff", DEAD},
    {"C-9113-5.1-1", "HEADERS of stream 0", "X 00000101050000000088", DEAD},
    {"C-9113-5.1.1-1", "a stream of its own", "X 00000101050000000288", DEAD},
    {"C-9113-5.1-1", "RST_STREAM of an idle stream", "X 00000403000000000900000000", DEAD},
    {"C-9113-6.7-1", "PING of a wrong size", "X 0000010600000000ff00",
     "malformed http_protocol_error <goaway 6>"},
    {"C-9113-6.9-1", "a window of the connection too large", "X 0000040800000000007fffffff",
     "malformed http_protocol_error <goaway 3>"},
    {"C-9113-10.5-1", "no end of pings", "N80 X 0000080600000000000102030405060708",
     "malformed http_protocol_error <goaway 11>"},
    {"C-9113-10.5-1", "no end of settings", "N80 S", "malformed http_protocol_error <goaway 11>"},
    {"C-9113-10.5-1", "no end of empty content", "H :status=200;N90 D",
     "200 delimited malformed http_protocol_error <goaway 11>"},
    {"C-9113-10.5-1", "no end of window updates", "N80 X 00000408000000000000000001",
     "malformed http_protocol_error <goaway 11>"},
    {"C-9113-10.5-1", "no end of a head", "C :status=200;N80 X 000000090000000001",
     "malformed http_protocol_error <goaway 11>"},
    {"C-9113-10.5-1", "no end of priorities", "N80 X 0000050200000000010000000000",
     "malformed http_protocol_error <goaway 11>"},
};

static int play_rows(const struct row *rows, size_t count)
{
    int failed = 0;
    for (size_t i = 0; i < count; i++)
        failed += play_all(&rows[i]);
    return failed;
}

static void test_good(void **state)
{
    (void)state;
    assert_int_equal(play_rows(good_rows, COUNT(good_rows)), 0);
}

static void test_bad(void **state)
{
    (void)state;
    assert_int_equal(play_rows(bad_rows, COUNT(bad_rows)), 0);
}

static void test_resets(void **state)
{
    (void)state;
    assert_int_equal(play_rows(reset_rows, COUNT(reset_rows)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_resets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
