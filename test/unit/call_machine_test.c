/* Calls on the machine: real sockets, one loop for the caller and for the server it calls. */
#include "net/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/container.h"
#include "table.h"

#define CONTENT 1000000
#define ANSWER_SIZE 3000000

struct house;

/* The server's end of a connection. Reads a request, content included, then answers it. */
struct guest {
    struct sock sock;
    struct house *house;
    struct guest *next;
    char head[1000];
    size_t head_size, content_left, answer_sent;
    bool in_content, answers, tunnel, closed;
};

struct house {
    struct loop *loop;
    struct limits limits;
    struct resolver *resolver;
    struct caller *caller;
    struct listener listener;
    struct guest *guests;
    struct call_place place;
    size_t connections;
    char *answer;
    size_t answer_size;
    bool closes; /* after each answer */

    struct call call;
    struct client_request request;
    size_t content, given;
    uint32_t sum;
    int status, ends;
    enum client_end end;
    char tunnel[100];
};

/* ---- the server ---- */

static void guest_writes(struct guest *guest)
{
    struct house *house = guest->house;
    while (guest->answers && guest->answer_sent < house->answer_size) {
        struct iovec piece = {house->answer + guest->answer_sent,
                              house->answer_size - guest->answer_sent};
        ssize_t sent = sock_write(&guest->sock, &piece, 1);
        if (sent < 0)
            return;
        guest->answer_sent += (size_t)sent;
    }
    if (guest->answers) {
        guest->answers = false;
        guest->head_size = guest->answer_sent = 0;
        if (house->closes) {
            sock_close(&guest->sock, false);
            guest->closed = true;
        }
    }
}

/* The head and what belongs to it; what of `size` octets is content. */
static void guest_hears(struct guest *guest, const char *bytes, size_t size)
{
    for (; size > 0 && !guest->in_content; bytes++, size--) {
        assert_true(guest->head_size < sizeof guest->head - 1);
        guest->head[guest->head_size++] = *bytes;
        guest->head[guest->head_size] = '\0';
        guest->in_content = strstr(guest->head, "\r\n\r\n");
        const char *length = strstr(guest->head, "Content-Length: ");
        guest->content_left = length ? strtoul(length + 16, NULL, 10) : 0;
    }
    if (!guest->in_content)
        return;
    assert_true(size <= guest->content_left);
    guest->content_left -= size;
    if (guest->content_left > 0)
        return;
    guest->in_content = false;
    guest->answers = true;
    guest->tunnel = strstr(guest->head, "Upgrade: echo");
}

static void guest_ready(struct sock *sock, unsigned events)
{
    struct guest *guest = CONTAINER(sock, struct guest, sock);
    char bytes[5000];
    ssize_t got;

    (void)events;
    while (!guest->closed && (got = sock_read(sock, bytes, sizeof bytes)) != SOCK_AGAIN) {
        if (got <= 0) {
            sock_close(sock, false);
            guest->closed = true;
        } else if (guest->tunnel) {
            struct iovec piece = {bytes, (size_t)got};
            assert_int_equal(sock_write(sock, &piece, 1), got);
        } else {
            guest_hears(guest, bytes, (size_t)got);
        }
    }
    if (!guest->closed)
        guest_writes(guest);
}

static void house_accepted(struct listener *listener, struct sock *sock,
                           const struct sock_address *peer)
{
    struct house *house = listener->owner;
    struct guest *guest = calloc(1, sizeof *guest);

    (void)peer;
    assert_non_null(guest);
    guest->sock = *sock;
    guest->sock.ready = guest_ready;
    guest->house = house;
    guest->next = house->guests;
    house->guests = guest;
    house->connections++;
    assert_true(sock_start(&guest->sock));
}

/* ---- the caller ---- */

static void on_interim(void *owner, const struct stet_response *response)
{
    (void)owner, (void)response;
}

static void on_head(void *owner, const struct stet_response *response,
                    const struct response_framing *framing)
{
    struct house *house = owner;
    house->status = response->status;
    if (framing->content == RESPONSE_TUNNEL)
        call_send(&house->call, STET_SPAN("ping"));
}

static bool on_content(void *owner, struct stet_span bytes)
{
    struct house *house = owner;
    if (house->status == 101) {
        memcpy(house->tunnel + house->content, bytes.at, bytes.len);
        if (house->content + bytes.len == 4)
            call_finish(&house->call);
    }
    house->content += bytes.len;
    for (size_t i = 0; i < bytes.len; i++)
        house->sum = house->sum * 31 + (unsigned char)bytes.at[i];
    return true;
}

static void house_gives(struct house *house)
{
    static const char piece[20000];
    while (house->given < CONTENT) {
        house->given += sizeof piece;
        if (!call_send(&house->call, stet_span(piece, sizeof piece)))
            return;
    }
    call_finish(&house->call);
}

static void on_room(void *owner)
{
    house_gives(owner);
}

static void on_end(void *owner, enum client_end end, const struct stet_head *trailers)
{
    struct house *house = owner;
    (void)trailers;
    house->end = end;
    house->ends++;
    loop_stop(house->loop);
}

static const struct call_events events = {on_interim, on_head, on_content, on_room, on_end};

static void house_calls(struct house *house, const char *method)
{
    struct stet_span name = stet_span_of(method);
    house->request.method = stet_method_of(name);
    house->request.method_name = name;
    house->request.target = STET_SPAN("/");
    house->request.host = STET_SPAN("a");
    house->content = house->given = 0;
    house->sum = 0;
    house->ends = 0;
    house->call.events = &events;
    house->call.owner = house;
    house->call.request = &house->request;
    call_start(house->caller, &house->call, &house->place, false);
    if (house->request.has_content)
        house_gives(house);
    loop_run(house->loop);
    assert_int_equal(house->ends, 1);
}

static void house_answers(struct house *house, const char *head, size_t content)
{
    free(house->answer);
    house->answer_size = strlen(head) + content;
    house->answer = malloc(house->answer_size);
    assert_non_null(house->answer);
    memcpy(house->answer, head, strlen(head));
    for (size_t i = 0; i < content; i++)
        house->answer[strlen(head) + i] = (char)(i * i >> 5);
}

static int house_setup(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    const char *error;
    assert_non_null(house);
    house->limits = limits_default();
    house->loop = loop_new_epoll();
    assert_non_null(house->loop);
    house->resolver = resolver_new(house->loop, NULL);
    house->caller = caller_new(house->loop, &house->limits, house->resolver);
    assert_true(house->resolver && house->caller);
    house->place.host = "127.0.0.1";
    house->listener =
        (struct listener){.loop = house->loop, .accepted = house_accepted, .owner = house};
    house->listener.fd = listener_bind("127.0.0.1:0", false, &house->place.port, &error);
    assert_true(house->listener.fd >= 0 && listener_start(&house->listener));
    *state = house;
    return 0;
}

static int house_teardown(void **state)
{
    struct house *house = *state;
    assert_int_equal(caller_busy(house->caller), 0);
    caller_free(house->caller);
    resolver_free(house->resolver);
    listener_stop(&house->listener);
    while (house->guests) {
        struct guest *guest = house->guests;
        house->guests = guest->next;
        if (!guest->closed)
            sock_close(&guest->sock, true);
        free(guest);
    }
    loop_free(house->loop);
    free(house->answer);
    free(house);
    return 0;
}

/* ---- the tests ---- */

static void one_connection_serves_again(void **state)
{
    struct house *house = *state;
    house_answers(house, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 5);
    for (size_t i = 0; i < 100; i++) {
        house_calls(house, "GET");
        assert_int_equal(house->end, CLIENT_COMPLETE);
        assert_int_equal(house->content, 5);
    }
    assert_in_range(house->connections, 1, 2);
    assert_int_equal(caller_idle(house->caller), house->connections);
}

static void much_content_both_ways(void **state)
{
    struct house *house = *state;
    uint32_t want = 0;
    house_answers(house, "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n", ANSWER_SIZE);
    for (size_t i = house->answer_size - ANSWER_SIZE; i < house->answer_size; i++)
        want = want * 31 + (unsigned char)house->answer[i];
    house->request.has_content = house->request.length_known = true;
    house->request.length = CONTENT;
    for (size_t i = 0; i < 3; i++) {
        house_calls(house, "POST");
        assert_int_equal(house->end, CLIENT_COMPLETE);
        assert_int_equal(house->content, ANSWER_SIZE);
        assert_int_equal(house->sum, want);
    }
}

/* Each connection ends behind its answer; it is found out before the next call goes there. */
static void a_server_that_closes(void **state)
{
    struct house *house = *state;
    house->closes = true;
    house_answers(house, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 5);
    for (size_t i = 0; i < 50; i++) {
        house_calls(house, "POST");
        if (house->end != CLIENT_COMPLETE) /* the end was on its way when the call was sent */
            assert_true(call_may_repeat(&house->call));
        else
            assert_int_equal(house->content, 5);
    }
    house_answers(house, "HTTP/1.1 200 OK\r\n\r\n", 300000);
    house_calls(house, "GET");
    if (house->end == CLIENT_COMPLETE)
        assert_int_equal(house->content, 300000);
}

static void a_tunnel(void **state)
{
    struct house *house = *state;
    house_answers(house, "HTTP/1.1 101 x\r\nUpgrade: echo\r\n\r\n", 0);
    house->request.upgrade = true;
    house->request.block = STET_SPAN("Upgrade: echo\r\n");
    house_calls(house, "GET");
    assert_int_equal(house->end, CLIENT_COMPLETE);
    assert_int_equal(house->content, 4);
    assert_memory_equal(house->tunnel, "ping", 4);
}

static void nobody_listens(void **state)
{
    struct house *house = *state;
    listener_stop(&house->listener);
    house_calls(house, "GET");
    assert_int_equal(house->end, CLIENT_TRUNCATED);
    assert_int_equal(house->call.error, STET_PROXY_ERROR_CONNECTION_REFUSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_connection_serves_again),
        TEST(much_content_both_ways),
        TEST(a_server_that_closes),
        TEST(a_tunnel),
        TEST(nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
