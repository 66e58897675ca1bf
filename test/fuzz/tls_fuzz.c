/* A whole connection of TLS, from its first octet to its end, as a server has it in the simulated
 * world: octets of anybody; the flights of a real handshake (GnuTLS's) changed, cut, sent again and
 * in another order; a proper session that carries any octets at all to HTTP/1 or HTTP/2; and in
 * such a session records of any kind. Whatever comes, memory stays within bounds, the connection is
 * given up when its time is over, and nothing of it is left.
 *
 * The first two octets of an input choose how, the rest is the connection. Each input has a thread
 * of its own, since that has a generator of random numbers of its own, which is fed here with what
 * is always the same: the same input makes the same octets, signatures apart. */
#include <malloc.h>
#include <pthread.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/chunk.h"
#include "io/loop_sim.h"
#include "net/handshake.h"

#include "tls_foreign.h"
#include "tls_pki.h"

#include "fuzz.h"

enum { INPUT_MOST = 16384, HEAP_MOST = 2097152 };

/* What the first octet says. */
enum {
    KIND = 3, /* the two lowest bits */
    KIND_OCTETS = 0,
    KIND_FLIGHTS = 1,
    KIND_CONTENT = 2,
    KIND_RECORDS = 3,
    OVER_H2 = 4,
    OF_1_2 = 8,
    DEMANDED = 16, /* a certificate is, and none is shown */
    RESUMED = 32,
    FINISHED = 64,
    RESET = 128
};

/* And the second: sizes of reads and of writes, then these. */
enum { SHUFFLED = 16, DEAF = 32, SMALL = 64 };

/* ---- always the same ---- */

static _Thread_local bool settled;

#define FOR_GNUTLS __attribute__((visibility("default")))

FOR_GNUTLS ssize_t getrandom(void *to, size_t size, unsigned flags)
{
    (void)flags;
    memset(to, 7, size);
    return (ssize_t)size;
}

FOR_GNUTLS int clock_gettime(clockid_t clock, struct timespec *to)
{
    if (!settled)
        return (int)syscall(SYS_clock_gettime, clock, to);
    *to = (struct timespec){1704067200, 0};
    return 0;
}

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t heap_used(void)
{
    if (__sanitizer_get_current_allocated_bytes)
        return __sanitizer_get_current_allocated_bytes();
    return mallinfo2().uordblks;
}

/* ---- the server ---- */

static struct {
    struct pki_entry site;
    struct tls_context *servers[2]; /* the second one demands certificates */
    struct tls_tickets *tickets;
} stock;

static struct tls_context *stock_server(enum tls_demand demand)
{
    char complaint[TLS_WORDS] = "";
    const struct tls_pair pair = pki_pair(&stock.site);
    const struct tls_site site = {.pairs = &pair,
                                  .pair_count = 1,
                                  .demand = demand,
                                  .client_ca = stock.site.certificate_path};
    const struct tls_server server = {.sites = &site,
                                      .site_count = 1,
                                      .protocols = TLS_HTTP1 | TLS_HTTP2,
                                      .tickets = stock.tickets,
                                      .early = {16384, 1000, 3600000}};
    struct tls_context *context = tls_context_server(&server, complaint);
    must(context);
    return context;
}

static void stock_fill(void)
{
    const struct pki_order order = {.names = "www", .till = INT64_C(4000000000)};
    struct pki pki;

    settled = true;
    pki_open(&pki);
    stock.site = pki_make(&pki, &order, NULL);
    stock.tickets = tls_tickets_new();
    stock.servers[0] = stock_server(TLS_DEMAND_NOTHING);
    stock.servers[1] = stock_server(TLS_DEMAND_REQUIRED);
    pki_close(&pki);
    settled = false;
}

struct world {
    struct sim_world *sim;
    struct loop *loop;
    struct limits limits;
    struct conn_census *census;
    struct conn_set conns;
    struct handshake_set handshakes;
    struct listener listener;
    struct tls_context *context;
    unsigned requests, done;
    unsigned manner, cut;
    const uint8_t *input; /* what is left of it */
    size_t size;
    unsigned char held[65536]; /* a flight that goes behind the next */
    size_t held_size;
    size_t heap;
};

static void told_request(void *owner, struct stream *stream, const struct stet_request *request,
                         bool content)
{
    struct world *world = owner;
    struct reply reply = {.status = 200, .content = REPLY_LENGTH, .length = 3000};

    (void)request, (void)content;
    world->requests++;
    reply.chunk = chunk_new(3000);
    must(reply.chunk);
    memset(reply.chunk->bytes, 'c', 3000);
    stream_reply(stream, &reply);
}

static bool told_content(void *owner, struct stream *stream, struct stet_span bytes)
{
    (void)owner, (void)stream, (void)bytes;
    return true;
}

static void told_end(void *owner, struct stream *stream, const struct stet_head *trailers)
{
    (void)owner, (void)stream, (void)trailers;
}

static void told_done(void *owner, struct stream *stream, const struct stream_outcome *outcome)
{
    (void)stream, (void)outcome;
    ((struct world *)owner)->done++;
}

static void told_refused(void *owner, struct stream *stream, int status, struct stet_span line)
{
    (void)owner, (void)stream, (void)line;
    must(status >= 400 && status < 600);
}

static const struct service service = {told_request, told_content, told_end, told_done,
                                       told_refused};

static void accepted(struct listener *listener, struct sock *sock, const struct sock_address *peer)
{
    struct world *world = listener->owner;
    handshake_open(&world->handshakes, sock, peer, world->context);
}

static void open_world(struct world *world)
{
    static const size_t most[] = {0, 1, 37, 1000};
    static const uint64_t seed[2] = {1, 2};
    const struct sim_faults faults = {.read_most = most[world->cut & 3],
                                      .write_most = most[world->cut >> 2 & 3],
                                      .shuffle = world->cut & SHUFFLED};

    world->sim = sim_world_new(1);
    world->loop = sim_world_loop(world->sim);
    sim_world_faults(world->sim, &faults);
    world->limits = limits_default();
    world->census = conn_census_new(&world->limits, seed);
    world->conns = (struct conn_set){.loop = world->loop,
                                     .limits = &world->limits,
                                     .census = world->census,
                                     .service = &service,
                                     .service_owner = world};
    must(conn_set_init(&world->conns));
    world->handshakes.conns = &world->conns;
    world->context = stock.servers[!!(world->manner & DEMANDED)];
    world->listener =
        (struct listener){.loop = world->loop, .accepted = accepted, .owner = world, .fd = -1};
    world->listener.fd = sim_world_listen(world->sim, "www");
    must(listener_start(&world->listener));
}

/* All is over by itself, and nothing is left. */
static void close_world(struct world *world)
{
    sim_world_advance(world->sim, INT64_C(400000000000));
    must(world->handshakes.count == 0 && world->conns.count == 0);
    must(conn_census_open(world->census) == 0);
    must(world->requests == world->done);
    listener_stop(&world->listener);
    conn_set_fini(&world->conns);
    conn_census_free(world->census);
    loop_free(world->loop);
    sim_world_free(world->sim);
}

/* Lets it act. */
static void go_on(struct world *world)
{
    sim_world_run_until_idle(world->sim);
    must(heap_used() < world->heap + HEAP_MOST);
}

/* ---- the input ---- */

static unsigned next(struct world *world)
{
    if (world->size == 0)
        return 0;
    world->size--;
    return *world->input++;
}

static unsigned next_two(struct world *world)
{
    const unsigned high = next(world);
    return high << 8 | next(world);
}

/* At most so many octets of it. */
static size_t some(struct world *world, size_t most, const uint8_t **bytes)
{
    const size_t size = world->size < most ? world->size : most;
    *bytes = world->input;
    world->input += size;
    world->size -= size;
    return size;
}

/* ---- flights ---- */

enum flight { AS_IT_IS, FLIP, CUT, TWICE, INSERT, LATER, LOST, LENGTH, HALVES, FRAGMENTS, FLIGHTS };

/* Each record's octets in records of `most`. */
static void send_fragments(struct sim_client *client, const unsigned char *bytes, size_t size,
                           size_t most)
{
    while (size > 5) {
        size_t left = (size_t)bytes[3] << 8 | bytes[4], at = 5;
        if (left > size - 5)
            left = size - 5;
        while (at < 5 + left) {
            const size_t now = 5 + left - at < most ? 5 + left - at : most;
            const unsigned char head[5] = {bytes[0], bytes[1], bytes[2], (unsigned char)(now >> 8),
                                           (unsigned char)now};
            sim_client_send(client, head, sizeof head);
            sim_client_send(client, bytes + at, now);
            at += now;
        }
        bytes += 5 + left;
        size -= 5 + left;
    }
}

/* One that is sent in two pieces, or in part. */
static void send_part(struct world *world, struct sim_client *client, enum flight flight,
                      const unsigned char *bytes, size_t size)
{
    const uint8_t *more;
    const size_t at = next_two(world) % (size + 1);

    sim_client_send(client, bytes, at);
    if (flight == CUT)
        return;
    if (flight == INSERT) {
        const size_t count = some(world, next(world), &more);
        sim_client_send(client, more, count);
    } else {
        go_on(world);
    }
    if (sim_client_state(client) == SIM_CLIENT_OPEN)
        sim_client_send(client, bytes + at, size - at);
}

static void send_changed(struct world *world, struct sim_client *client, unsigned char *bytes,
                         size_t size)
{
    switch ((enum flight)(next(world) % FLIGHTS)) {
    case FLIP:
        bytes[next_two(world) % size] ^= (unsigned char)next(world);
        break;
    case LENGTH:
        bytes[size > 3 ? 3 : 0] = (unsigned char)next(world);
        bytes[size > 4 ? 4 : 0] = (unsigned char)next(world);
        break;
    case TWICE:
        sim_client_send(client, bytes, size);
        break;
    case CUT:
        send_part(world, client, CUT, bytes, size);
        return;
    case INSERT:
        send_part(world, client, INSERT, bytes, size);
        return;
    case HALVES:
        send_part(world, client, HALVES, bytes, size);
        return;
    case FRAGMENTS:
        send_fragments(client, bytes, size, 1 + next(world));
        return;
    case LATER:
        if (size < sizeof world->held - world->held_size) {
            memcpy(world->held + world->held_size, bytes, size);
            world->held_size += size;
        }
        return;
    case LOST:
        return;
    default:
        break;
    }
    sim_client_send(client, bytes, size);
}

static void send_flight(struct foreign *client, const unsigned char *bytes, size_t size)
{
    struct world *world = client->owner;
    const size_t held = world->held_size;
    unsigned char *copy = malloc(size);

    must(copy);
    memcpy(copy, bytes, size);
    if (size > 0)
        send_changed(world, client->client, copy, size);
    free(copy);
    if (held > 0 && sim_client_state(client->client) == SIM_CLIENT_OPEN) {
        sim_client_send(client->client, world->held, held);
        world->held_size -= held;
        memmove(world->held, world->held + held, world->held_size);
    }
}

/* ---- connections ---- */

static struct foreign *open_client(struct world *world, const gnutls_datum_t *session)
{
    const struct foreign_order order = {
        .address = "www",
        .name = "www",
        .protocol = world->manner & OVER_H2 ? "h2" : "http/1.1",
        .priority = world->manner & OF_1_2 ? "NORMAL:-VERS-ALL:+VERS-TLS1.2" : NULL,
        .session = session};
    struct foreign *client = foreign_open(world->sim, &order);
    must(client);
    client->owner = world;
    return client;
}

static void shake(struct world *world, struct foreign *client)
{
    for (int turn = 0; turn < 8; turn++) {
        foreign_hear(client);
        go_on(world);
    }
    foreign_hear(client);
}

/* What a client that was there before comes again with. */
static gnutls_datum_t first_session(struct world *world)
{
    gnutls_datum_t session = {NULL, 0};
    struct foreign *client;

    if (!(world->manner & RESUMED))
        return session;
    client = open_client(world, NULL);
    shake(world, client);
    if (client->result == 0)
        (void)gnutls_session_get_data2(client->session, &session);
    sim_client_close(client->client, false);
    foreign_free(client);
    go_on(world);
    return session;
}

static void try_octets(struct world *world)
{
    struct sim_client *client = sim_client_open(world->sim, "www", NULL);
    const uint8_t *bytes;

    while (world->size > 0 && sim_client_state(client) == SIM_CLIENT_OPEN) {
        const size_t size = some(world, world->cut & SMALL ? 61 : INPUT_MOST, &bytes);
        sim_client_send(client, bytes, size);
        go_on(world);
    }
    if (world->manner & RESET)
        sim_client_close(client, true);
    else if (world->manner & FINISHED)
        sim_client_shutdown(client);
    go_on(world);
}

static void say_content(struct world *world, struct foreign *client)
{
    const uint8_t *bytes;

    while (world->size > 0 && client->end == 1) {
        const size_t size = some(world, world->cut & SMALL ? 7 : 4096, &bytes);
        if (gnutls_record_send(client->session, bytes, size) < 0)
            return;
        if (!(world->cut & SMALL))
            go_on(world);
    }
}

/* The kind, the size, and as many octets. */
static void say_records(struct world *world, struct foreign *client)
{
    const uint8_t *bytes;

    while (world->size > 0 && sim_client_state(client->client) == SIM_CLIENT_OPEN) {
        const unsigned kind = next(world);
        const size_t size = some(world, next(world), &bytes);
        if (world->manner & OF_1_2)
            (void)gnutls_record_send(client->session, bytes, size);
        else
            foreign_record(client, kind % 32, bytes, size);
        if (kind & 128)
            go_on(world);
    }
}

static void try_client(struct world *world)
{
    gnutls_datum_t session = first_session(world);
    struct foreign *client = open_client(world, session.data ? &session : NULL);
    const unsigned kind = world->manner & KIND;

    if (kind == KIND_FLIGHTS)
        client->send = send_flight;
    shake(world, client);
    must(kind == KIND_FLIGHTS || client->result == 0 || (world->manner & DEMANDED));
    if (world->cut & DEAF)
        sim_client_window(client->client, 700);
    if (kind == KIND_RECORDS && client->result == 0)
        say_records(world, client);
    else if (client->result == 0)
        say_content(world, client);
    go_on(world);
    foreign_hear(client);
    if (world->manner & RESET)
        sim_client_close(client->client, true);
    else if (world->manner & FINISHED)
        (void)gnutls_bye(client->session, GNUTLS_SHUT_WR);
    go_on(world);
    client->send = NULL;
    foreign_free(client);
    gnutls_free(session.data);
}

static void *try_input(void *owner)
{
    struct world *world = owner;

    settled = true;
    open_world(world);
    world->heap = heap_used();
    if ((world->manner & KIND) == KIND_OCTETS)
        try_octets(world);
    else
        try_client(world);
    close_world(world);
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world;
    pthread_t thread;

    if (size < 2 || size > INPUT_MOST)
        return 0;
    if (!stock.tickets)
        stock_fill();
    world = (struct world){.manner = data[0], .cut = data[1], .input = data + 2, .size = size - 2};
    must(pthread_create(&thread, NULL, try_input, &world) == 0);
    must(pthread_join(thread, NULL) == 0);
    return 0;
}
