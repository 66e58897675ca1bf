/* Calls to places that speak TLS: the request waits until the handshake has told which protocol
 * carries it. */
#include "call_world.h"

#include <nghttp2/nghttp2.h>

#include "tls_world.h"

/* One connection to the origin server, which answers each request when it is whole. */
struct served {
    struct sock sock;
    struct served *next;
    bool open;
    nghttp2_session *session; /* NULL: HTTP/1 */
    char heard[4096];         /* what HTTP/1 has sent */
    size_t used;
    uint64_t content;
    const char *answer;
};

static struct {
    struct pki_entry entry;
    struct tls_context *both, *old, *trusting; /* the server's, the same without HTTP/2, ours */
    struct tls_context *server;                /* that is in use */
    struct served *served;
    size_t connections, requests;
    struct limits limits;
    struct resolver *resolver;
    struct caller *caller;
    struct call_place place;
} room;

/* ---- the server ---- */

static void served_end(struct served *served)
{
    if (served->open)
        sock_close(&served->sock, false);
    served->open = false;
}

static void served_put(struct served *served, const void *bytes, size_t size)
{
    const struct iovec piece = {(void *)(uintptr_t)bytes, size};
    if (sock_write(&served->sock, &piece, 1) != (ssize_t)size)
        served_end(served);
}

static ssize_t served_read(nghttp2_session *session, int32_t id, uint8_t *to, size_t length,
                           uint32_t *flags, nghttp2_data_source *source, void *owner)
{
    (void)session, (void)id, (void)length, (void)source, (void)owner;
    memcpy(to, "hello", 5);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    return 5;
}

static int served_frame(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
    static const nghttp2_nv status = {(uint8_t *)(uintptr_t) ":status",
                                      (uint8_t *)(uintptr_t) "200", 7, 3, 0};
    const nghttp2_data_provider content = {.read_callback = served_read};
    (void)owner;
    if (frame->hd.type > NGHTTP2_HEADERS || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    room.requests++;
    return nghttp2_submit_response(session, frame->hd.stream_id, &status, 1, &content);
}

static int served_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes,
                       size_t size, void *owner)
{
    struct served *served = owner;
    (void)session, (void)flags, (void)id, (void)bytes;
    served->content += size;
    return 0;
}

static void served_begin_h2(struct served *served)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, served_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, served_data);
    nghttp2_session_server_new(&served->session, callbacks, served);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(served->session, 0, NULL, 0);
}

/* Whole when the head is, or when the content ends in "." */
static void served_hear_h1(struct served *served, const char *bytes, size_t size)
{
    served->content += size;
    for (size_t i = 0; i < size && served->used + 1 < sizeof served->heard; i++)
        served->heard[served->used++] = bytes[i];
    const bool content = strstr(served->heard, "chunked");
    if (!strstr(served->heard, "\r\n\r\n") ||
        (content && (size < 5 || memcmp(bytes + size - 5, "0\r\n\r\n", 5) != 0)))
        return;
    room.requests++;
    memset(served->heard, 0, sizeof served->heard);
    served->used = 0;
    served_put(served, HELLO, strlen(HELLO));
}

static void served_hear(struct served *served)
{
    char bytes[65536];
    ssize_t got;
    while (served->open && (got = sock_read(&served->sock, bytes, sizeof bytes)) != SOCK_AGAIN) {
        if (got <= 0)
            served_end(served);
        else if (served->session)
            nghttp2_session_mem_recv(served->session, (const uint8_t *)(const void *)bytes,
                                     (size_t)got);
        else
            served_hear_h1(served, bytes, (size_t)got);
    }
}

static void served_say(struct served *served)
{
    const uint8_t *bytes;
    ssize_t size;
    while (served->open && served->session &&
           (size = nghttp2_session_mem_send(served->session, &bytes)) > 0)
        served_put(served, bytes, (size_t)size);
}

static void served_ready(struct sock *sock, unsigned events)
{
    struct served *served = CONTAINER(sock, struct served, sock);
    (void)events;
    if (tls_state(sock) == TLS_FAILED)
        served_end(served);
    else if (!served->session && sock_protocol(sock) && strcmp(sock_protocol(sock), "h2") == 0)
        served_begin_h2(served);
    served_hear(served);
    served_say(served);
}

static void served_accepted(struct listener *listener, struct sock *sock,
                            const struct sock_address *from)
{
    struct served *served = calloc(1, sizeof *served);
    (void)listener, (void)from;
    served->sock = *sock;
    served->sock.ready = served_ready;
    served->next = room.served;
    room.served = served;
    room.connections++;
    served->open = tls_accept(&served->sock, room.server);
}

/* ---- the room ---- */

static struct tls_context *context_old(const struct pki_entry *entry)
{
    char complaint[TLS_WORDS] = "";
    const struct tls_pair pair = pki_pair(entry);
    const struct tls_site site = {.pairs = &pair, .pair_count = 1};
    const struct tls_server server = {
        .sites = &site, .site_count = 1, .protocols = TLS_HTTP1, .minimum = TLS_1_2};
    return tls_context_server(&server, complaint);
}

static int begin(void **state)
{
    stage_begin(state);
    const struct pki_order order = order_for("localhost 192.0.2.9");
    room.entry = pki_make(&stage.pki, &order, &stage.authority);
    room.both = context_one(&room.entry, NULL, TLS_1_2);
    room.old = context_old(&room.entry);
    room.trusting = context_trusting(stage.authority.certificate_path, TLS_HTTP1 | TLS_HTTP2);
    return 0;
}

static int finish(void **state)
{
    pki_free(&room.entry);
    tls_context_unref(room.both);
    tls_context_unref(room.old);
    tls_context_unref(room.trusting);
    return stage_finish(state);
}

static int open_room(void **state)
{
    (void)state;
    memory_fail_nth(0);
    stage.world = sim_world_new(7);
    stage.loop = sim_world_loop(stage.world);
    stage.listener = (struct listener){.loop = stage.loop, .accepted = served_accepted, .fd = -1};
    stage.listener.fd = sim_world_listen(stage.world, "192.0.2.9:443");
    assert_true(listener_start(&stage.listener));
    room.server = room.both;
    room.connections = room.requests = 0;
    room.limits = limits_default();
    room.resolver = resolver_new(stage.loop, NULL);
    room.caller = caller_new(stage.loop, &room.limits, room.resolver);
    room.place = (struct call_place){.host = "192.0.2.9", .port = 443, .tls = room.trusting};
    return 0;
}

static int close_room(void **state)
{
    (void)state;
    sim_world_run_until_idle(stage.world);
    assert_int_equal(caller_busy(room.caller), 0);
    caller_free(room.caller);
    resolver_free(room.resolver);
    while (room.served) {
        struct served *served = room.served;
        room.served = served->next;
        served_end(served);
        nghttp2_session_del(served->session);
        free(served);
    }
    listener_stop(&stage.listener);
    loop_free(stage.loop);
    sim_world_free(stage.world);
    return 0;
}

static void start(struct talk *talk, const char *method)
{
    *talk = talk_of(method);
    talk->request.has_content = strcmp(method, "POST") == 0;
    talk->call.events = &ear_events;
    talk->call.owner = talk;
    talk->call.request = &talk->request;
    call_start(room.caller, &talk->call, &room.place, false);
}

static void run(void)
{
    sim_world_run_until_idle(stage.world);
}

/* ---- the tests ---- */

static void test_agrees(void **state)
{
    static const struct {
        struct tls_context **server;
        const char *want;
    } rows[] = {{&room.both, "200 chunked [hello] complete"},
                {&room.old, "200 length [hello] complete"}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct talk talks[3];
        open_room(NULL);
        room.server = *rows[i].server;
        start(&talks[0], "POST");
        assert_true(call_send(&talks[0].call, STET_SPAN("some ")));
        assert_true(call_send(&talks[0].call, STET_SPAN("content")));
        call_finish(&talks[0].call);
        run();
        assert_string_equal(talks[0].ear.heard, rows[i].want);
        start(&talks[1], "GET");
        start(&talks[2], "GET");
        run();
        assert_string_equal(talks[1].ear.heard, rows[i].want);
        assert_string_equal(talks[2].ear.heard, rows[i].want);
        assert_int_equal(room.requests, 3);
        /* the second goes where the first went, the third as well if there is room */
        assert_int_equal(room.connections, i == 0 ? 1 : 2);
        close_room(NULL);
    }
}

static void test_first_ones(void **state)
{
    struct talk talks[3], later[3];
    (void)state;
    for (size_t i = 0; i < 3; i++)
        start(&talks[i], "GET"); /* nobody knows yet what is spoken there */
    run();
    assert_int_equal(room.connections, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(talks[i].ear.end, CLIENT_COMPLETE);
    struct task tick = {.run = world_tick};
    sim_world_advance(stage.world, (int64_t)room.limits.upstream_idle_timeout * MS);
    loop_post(stage.loop, &tick);
    run();
    assert_int_equal(caller_idle(room.caller), 0);
    for (size_t i = 0; i < 3; i++)
        start(&later[i], "GET");
    run();
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(later[i].ear.end, CLIENT_COMPLETE);
}

static void test_waits_for_room(void **state)
{
    static const char bytes[50000];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct talk talk;
        open_room(NULL);
        room.server = i == 0 ? room.both : room.old;
        start(&talk, "POST");
        assert_false(call_send(&talk.call, stet_span(bytes, sizeof bytes)));
        run();
        assert_int_equal(talk.ear.rooms, 1);
        assert_true(room.served->content >= sizeof bytes);
        call_finish(&talk.call);
        run();
        assert_int_equal(talk.ear.end, CLIENT_COMPLETE);
        close_room(NULL);
    }
}

static void test_gives_up(void **state)
{
    struct talk gone, other;
    (void)state;
    start(&gone, "POST");
    call_send(&gone.call, STET_SPAN("content"));
    call_cancel(&gone.call);
    run();
    assert_int_equal(gone.ear.calls, 0);
    room.place.port = 444;
    start(&other, "POST");
    call_send(&other.call, STET_SPAN("content"));
    run();
    assert_int_equal(other.call.error, STET_PROXY_ERROR_CONNECTION_REFUSED);
    assert_false(other.call.sent);
}

static void test_upgrade(void **state)
{
    struct talk talk = talk_of("GET");
    (void)state;
    talk.request.upgrade = true;
    talk.request.block = STET_SPAN("Upgrade: websocket\r\n");
    talk.call.events = &ear_events;
    talk.call.owner = &talk;
    talk.call.request = &talk.request;
    call_start(room.caller, &talk.call, &room.place, false);
    run();
    assert_int_equal(talk.call.error, STET_PROXY_ERROR_HTTP_UPGRADE_FAILED);
    assert_int_equal(room.requests, 0);
}

/* What was agreed on the last time is not agreed on again. */
static void test_changes(void **state)
{
    struct talk talk, other;
    (void)state;
    room.limits.upstream_h2_streams = 1;
    start(&talk, "GET");
    run();
    room.server = room.old;
    start(&talk, "POST"); /* on the connection that is there */
    start(&other, "POST");
    run();
    assert_string_equal(other.ear.heard, "truncated");
    assert_true(other.call.refused && !other.call.sent && call_may_repeat(&other.call));
    start(&other, "GET");
    run();
    assert_string_equal(other.ear.heard, "200 length [hello] complete");
    call_finish(&talk.call);
    run();
    assert_string_equal(talk.ear.heard, "200 chunked [hello] complete");
}

static bool try_with(uint64_t nth, struct tls_context *server)
{
    static const char bytes[40000];
    struct talk talks[2];
    open_room(NULL);
    room.server = server;
    memory_fail_nth(nth);
    start(&talks[0], "POST");
    start(&talks[1], "GET");
    call_send(&talks[0].call, stet_span(bytes, sizeof bytes));
    call_finish(&talks[0].call);
    run();
    const bool out = memory_count() >= nth;
    memory_fail_nth(0);
    for (size_t i = 0; i < 2; i++) {
        if (talks[i].ear.ends == 0 && out)
            call_cancel(&talks[i].call);
        else
            assert_true(out || talks[i].ear.end == CLIENT_COMPLETE);
    }
    close_room(NULL);
    return out;
}

static void test_memory(void **state)
{
    struct tls_context *servers[] = {room.both, room.old};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint64_t nth = 1;
        while (try_with(nth, servers[i]))
            nth++;
        assert_true(nth > 8);
    }
}

int main(void)
{
#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agrees),
        IN_ROOM(test_first_ones),
        cmocka_unit_test(test_waits_for_room),
        IN_ROOM(test_gives_up),
        IN_ROOM(test_upgrade),
        IN_ROOM(test_changes),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, begin, finish);
}
