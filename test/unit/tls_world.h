/* Two ends that speak TLS in the simulated world, and what they have seen. */
#ifndef TEST_TLS_WORLD_H
#define TEST_TLS_WORLD_H

#include "base/container.h"
#include "base/memory.h"
#include "io/loop_sim.h"
#include "io/tls.h"
#include "tls_pki.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

/* The simulated world begins on 2024-01-01. */
#define TLS_WORLD_NOW INT64_C(1704067200)
#define TLS_WORLD_DAY INT64_C(86400)

enum { PEER_NONE, PEER_CLEAN, PEER_CUT, PEER_BROKEN };

/* One end. */
struct peer {
    struct sock sock;
    struct tls_context *context;
    const char *name; /* clients */
    bool connecting, shaken, open, full, deaf, finish, shut;
    bool moves; /* to another struct when the handshake is over */
    struct peer *moved;
    const char *tx;
    size_t tx_len, tx_at;
    char *rx;
    size_t rx_len, rx_room;
    int end;
    enum tls_fault fault;
    int alert;
    char words[TLS_WORDS];
    struct tls_report report;
    const char *protocol;
    size_t most_held; /* writes after which the socket held something */
};

static struct {
    struct pki pki;
    struct pki_entry authority, other_authority;
    struct sim_world *world;
    struct loop *loop;
    struct listener listener;
    struct peer *server, *client;
    size_t read_size;
} stage;

static inline void peer_ready(struct sock *sock, unsigned events);

static inline void peer_close(struct peer *peer, int end)
{
    peer->end = end;
    peer->open = false;
    sock_close(&peer->sock, end == PEER_BROKEN);
}

/* False: closed. */
static inline bool peer_put(struct peer *peer)
{
    while (!peer->full) {
        if (sock_holds(&peer->sock)) {
            if (sock_flush(&peer->sock) < 0)
                return false;
            peer->full = sock_holds(&peer->sock);
        } else if (peer->tx_at < peer->tx_len) {
            char *at = (char *)(uintptr_t)peer->tx + peer->tx_at;
            size_t left = peer->tx_len - peer->tx_at, first = left / 3, second = left / 7;
            const struct iovec pieces[3] = {
                {at, first}, {at + first, second}, {at + first + second, left - first - second}};
            ssize_t sent = left < 16 ? sock_write(&peer->sock, &(struct iovec){at, left}, 1)
                                     : sock_write(&peer->sock, pieces, 3);
            if (sent == SOCK_BROKEN)
                return false;
            peer->tx_at += sent > 0 ? (size_t)sent : 0;
            peer->full = sent < (ssize_t)left || sock_holds(&peer->sock);
            peer->most_held += sock_holds(&peer->sock);
        } else if (peer->finish && !peer->shut) {
            sock_shutdown(&peer->sock);
            peer->shut = true;
            peer->full = sock_holds(&peer->sock);
        } else {
            break;
        }
    }
    return true;
}

static inline void peer_get(struct peer *peer)
{
    size_t size = stage.read_size ? stage.read_size : 4096;
    ssize_t got = (ssize_t)size;

    while (got == (ssize_t)size && peer->end == PEER_NONE) {
        if (peer->rx_room - peer->rx_len < size) {
            peer->rx_room = 2 * (peer->rx_len + size);
            peer->rx = realloc(peer->rx, peer->rx_room);
        }
        got = sock_read(&peer->sock, peer->rx + peer->rx_len, size);
        if (got > 0)
            peer->rx_len += (size_t)got;
        else if (got == 0)
            peer->end = sock_cut(&peer->sock) ? PEER_CUT : PEER_CLEAN;
        else if (got == SOCK_BROKEN)
            peer->end = PEER_BROKEN;
    }
}

static inline void peer_pump(struct peer *peer)
{
    if (!peer_put(peer))
        peer->end = PEER_BROKEN;
    if (!peer->deaf && peer->end == PEER_NONE)
        peer_get(peer);
    if (peer->end == PEER_BROKEN ||
        (peer->end && !sock_holds(&peer->sock) && peer->tx_at == peer->tx_len))
        peer_close(peer, peer->end);
}

static inline void peer_shaken(struct peer *peer)
{
    peer->shaken = true;
    peer->fault = tls_fault(&peer->sock);
    peer->alert = tls_alert(&peer->sock);
    if (tls_state(&peer->sock) == TLS_FAILED) {
        tls_words(&peer->sock, peer->words);
        peer_close(peer, PEER_NONE);
        return;
    }
    assert_int_equal(tls_state(&peer->sock), TLS_OPEN);
    peer->report = tls_report(&peer->sock);
    peer->protocol = sock_protocol(&peer->sock);
}

/* Into another struct; the old one is filled with nonsense. */
static inline struct peer *peer_move(struct peer *peer)
{
    struct peer *to = malloc(sizeof *to);
    *to = *peer;
    to->moves = false;
    to->sock.ready = peer_ready;
    if (!sock_move(&peer->sock, &to->sock))
        to->open = false;
    memset(&peer->sock, 0xa5, sizeof peer->sock);
    peer->moved = to;
    peer->open = false;
    if (peer == stage.server)
        stage.server = to;
    else
        stage.client = to;
    free(peer);
    return to;
}

static inline void peer_ready(struct sock *sock, unsigned events)
{
    struct peer *peer = CONTAINER(sock, struct peer, sock);

    if (peer->connecting) {
        if (sock_connect_state(sock) != SOCK_CONNECTED)
            return;
        peer->connecting = false;
        if (!tls_connect(sock, peer->context, peer->name))
            peer_close(peer, PEER_BROKEN);
        return;
    }
    if (!peer->shaken)
        peer_shaken(peer);
    if (events & SOCK_WRITABLE)
        peer->full = false;
    if (peer->open && peer->moves) {
        peer_move(peer);
        return;
    }
    if (peer->open)
        peer_pump(peer);
}

static inline struct peer *peer_new(struct tls_context *context, const char *name)
{
    struct peer *peer = calloc(1, sizeof *peer);
    peer->context = context;
    peer->name = name;
    peer->open = true;
    peer->alert = -1;
    return peer;
}

static inline void peer_free(struct peer *peer)
{
    if (peer && peer->open)
        sock_close(&peer->sock, true);
    if (peer)
        free(peer->rx);
    free(peer);
}

static inline void stage_accepted(struct listener *listener, struct sock *sock,
                                  const struct sock_address *from)
{
    struct peer *peer = listener->owner;
    (void)from;
    peer->sock = *sock;
    peer->sock.ready = peer_ready;
    peer->open = tls_accept(&peer->sock, peer->context);
}

/* The two ends, about to connect. */
static inline void stage_open(uint64_t seed, struct tls_context *server, struct tls_context *client,
                              const char *name, const struct sim_faults *faults)
{
    stage.world = sim_world_new(seed);
    stage.loop = sim_world_loop(stage.world);
    if (faults)
        sim_world_faults(stage.world, faults);
    stage.server = peer_new(server, NULL);
    stage.client = peer_new(client, name);
    stage.server->open = false;
    stage.listener = (struct listener){
        .loop = stage.loop, .accepted = stage_accepted, .owner = stage.server, .fd = -1};
    stage.listener.fd = sim_world_listen(stage.world, "192.0.2.9:443");
    assert_true(listener_start(&stage.listener));
}

static inline void stage_connect(void)
{
    struct sock_address address = {.family = AF_INET, .port = 443, .bytes = {192, 0, 2, 9}};
    struct peer *client = stage.client;

    client->connecting = true;
    client->sock.ready = peer_ready;
    assert_int_equal(sock_connect(&client->sock, stage.loop, &address, NULL), SOCK_CONNECTING);
    sim_world_run_until_idle(stage.world);
}

static inline void stage_close(void)
{
    peer_free(stage.client);
    peer_free(stage.server);
    listener_stop(&stage.listener);
    loop_free(stage.loop);
    sim_world_free(stage.world);
    stage.server = stage.client = NULL;
}

/* A server's context with one site. */
static inline struct tls_context *context_one(const struct pki_entry *entry,
                                              struct tls_tickets *tickets, enum tls_version minimum)
{
    char complaint[TLS_WORDS] = "";
    const struct tls_pair pair = pki_pair(entry);
    const struct tls_site site = {.pairs = &pair, .pair_count = 1};
    const struct tls_server server = {.sites = &site,
                                      .site_count = 1,
                                      .protocols = TLS_HTTP1 | TLS_HTTP2,
                                      .minimum = minimum,
                                      .tickets = tickets};
    struct tls_context *context = tls_context_server(&server, complaint);

    assert_string_equal(complaint, "");
    assert_non_null(context);
    return context;
}

static inline struct tls_context *context_trusting(const char *ca_file, unsigned protocols)
{
    char complaint[TLS_WORDS] = "";
    const struct tls_client client = {.ca_file = ca_file, .protocols = protocols};
    struct tls_context *context = tls_context_client(&client, complaint);

    assert_string_equal(complaint, "");
    assert_non_null(context);
    return context;
}

static inline struct pki_order order_for(const char *names)
{
    return (struct pki_order){.names = names,
                              .from = TLS_WORLD_NOW - TLS_WORLD_DAY,
                              .till = TLS_WORLD_NOW + 365 * TLS_WORLD_DAY};
}

static inline int stage_begin(void **state)
{
    (void)state;
    pki_open(&stage.pki);
    stage.authority =
        pki_make(&stage.pki, &(struct pki_order){.from = 0, .till = 4000000000}, NULL);
    stage.other_authority =
        pki_make(&stage.pki, &(struct pki_order){.from = 0, .till = 4000000000}, NULL);
    return 0;
}

static inline int stage_finish(void **state)
{
    (void)state;
    pki_free(&stage.authority);
    pki_free(&stage.other_authority);
    pki_close(&stage.pki);
    return 0;
}

#endif
