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

/* The example of RFC 6455 §1.3. */
static struct client_request socket_request(void)
{
    struct client_request request = request_of("GET");
    request.upgrade = true;
    request.block = STET_SPAN("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    return request;
}

static void begin(struct talk *t, size_t index, const char *method)
{
    const bool socket = strcmp(method, "SOCKET") == 0 || strcmp(method, "BARE") == 0;
    const struct client_request request = socket ? socket_request() : request_of(method);
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

/* Nobody asks for a socket before it is offered, so that is told whole. */
static void offer(struct talk *t)
{
    struct h2_script script;

    h2_script_init(&script);
    h2_script_add(&script, "X 000006040000000000000800000001"); /* ENABLE_CONNECT_PROTOCOL */
    h2_client_feed(t->client, (const char *)script.bytes, script.size);
    h2_script_fini(&script);
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
    if (strcmp(row_method(row), "SOCKET") == 0)
        offer(&t);
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

#define OPEN "101 tunnel Upgrade=websocket Sec-WebSocket-Accept=s3pPLMBiTxaQ9kYGzzhZRbK+xOo= "

static const struct row socket_rows[] = {
    {"C-8441-5-1", "a tunnel", "SOCKET> H :status=200;D ab;D c", OPEN "[abc] ..."},
    {"C-8441-5-1", "its end", "SOCKET> H :status=200;D ab;De", OPEN "[ab] complete <reset 8>"},
    {"C-8441-5-1", "any success", "SOCKET> H :status=201&content-length=3;D abcd",
     OPEN "[abcd] ..."},
    {"C-8441-5-1", "an accept of its own", "SOCKET> H :status=200&sec-websocket-accept=x&a=b",
     "101 tunnel a=b Upgrade=websocket "
     "Sec-WebSocket-Accept=s3pPLMBiTxaQ9kYGzzhZRbK+xOo= ..."},
    {"C-8441-5-1", "a refusal", "SOCKET> H :status=403&content-length=2;De no",
     "403 length content-length=2 [no] complete <reset 8>"},
    {"C-8441-5-1", "interim", "SOCKET> H :status=103;H :status=200", "(103) " OPEN "..."},
    {"C-8441-5-1", "reset", "SOCKET> H :status=200;D ab;R 2",
     OPEN "[ab] truncated http_response_incomplete"},
    {"C-9113-8.7-1", "refused unseen", "SOCKET> R 7", "truncated connection_terminated refused"},
    {"C-9113-8.6-1", "there is no 101", "SOCKET> H :status=101", BAD},
    {"C-9113-8.5-1", "no trailers", "SOCKET> H :status=200;He a=b", OPEN BAD},
    {"C-8441-3-2", "not offered", "BARE> ", "truncated http_upgrade_failed refused"},
    {"C-8441-3-1", "taken back", "SOCKET> X 000006040000000000000800000000",
     "malformed http_protocol_error <goaway 1>"},
};

static const struct row bad_rows[] = {
#define H2_ANSWER(id, name, script, want) {id, name, script, want},
#include "h2_answers.tbl"
#undef H2_ANSWER
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

/* What is no proper handshake is not for HTTP/2. */
static const struct {
    const char *id, *name, *block, *method;
    bool takes;
} asked[] = {
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    {"C-8441-5-1", "WebSocket", "upgrade: WebSocket\r\n" KEY, "GET", true},
    {"C-8441-5-1", "another", "Upgrade: other\r\n" KEY, "GET", false},
    {"C-8441-5-1", "a choice", "Upgrade: websocket, other\r\n" KEY, "GET", false},
    {"C-8441-5-1", "twice", "Upgrade: websocket\r\nUpgrade: other\r\n" KEY, "GET", false},
    {"C-8441-5-1", "no GET", "Upgrade: websocket\r\n" KEY, "OPTIONS", false},
    {"C-8441-5-1", "no key", "Upgrade: websocket\r\n", "GET", false},
    {"C-8441-5-1", "two keys", "Upgrade: websocket\r\n" KEY KEY, "GET", false},
    {"C-8441-5-1", "a short key", "Upgrade: websocket\r\nSec-WebSocket-Key: YQ==\r\n", "GET",
     false},
    {"C-8441-5-1", "17 octets",
     "Upgrade: websocket\r\nSec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Njc=\r\n", "GET", false},
    {"C-8441-5-1", "no base64",
     "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25j?Q==\r\n", "GET", false},
};

static void test_asked(void **state)
{
    int failed = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(asked); i++) {
        struct client_request request = request_of(asked[i].method);
        request.upgrade = true;
        request.block = stet_span_of(asked[i].block);
        if (h2_client_takes(&request) != asked[i].takes) {
            print_error("%s %s\n", asked[i].id, asked[i].name);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

static void test_socket(void **state)
{
    (void)state;
    assert_int_equal(play_rows(socket_rows, COUNT(socket_rows)), 0);
}

static void test_bad(void **state)
{
    (void)state;
    assert_int_equal(play_rows(bad_rows, COUNT(bad_rows)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_asked),
        cmocka_unit_test(test_socket),
        cmocka_unit_test(test_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
