/* The census: a count for all and a map from client address to count.
 *
 * An address is in the map as long as it has a connection. Clients on unix sockets count in total
 * only: they have no address of their own. IPv6 clients are counted by /64, since one client
 * owns at least that much.
 */
#include "net/census.h"

#include "base/map.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>

struct census_row {
    uint8_t key[9];
    uint64_t count;
};

struct conn_census {
    pthread_mutex_t lock;
    const struct limits *limits;
    atomic_ullong open;
    struct map rows;
};

struct conn_census *conn_census_new(const struct limits *limits, const uint64_t seed[2])
{
    struct conn_census *census = memory_new_zero(sizeof *census);
    if (!census)
        return NULL;
    pthread_mutex_init(&census->lock, NULL);
    census->limits = limits;
    map_init(&census->rows, seed);
    return census;
}

void conn_census_free(struct conn_census *census)
{
    size_t cursor = 0;
    struct census_row *row;

    if (!census)
        return;
    while ((row = map_next(&census->rows, &cursor)))
        memory_free(row);
    map_fini(&census->rows);
    pthread_mutex_destroy(&census->lock);
    memory_free(census);
}

uint64_t conn_census_open(const struct conn_census *census)
{
    return atomic_load_explicit(&census->open, memory_order_relaxed);
}

/* The key of an address; 0 octets when it is not counted by itself. */
static size_t census_key(const struct sock_address *peer, uint8_t key[9])
{
    if (peer->family != AF_INET && peer->family != AF_INET6)
        return 0;
    size_t len = peer->family == AF_INET ? 4 : 8;
    key[0] = peer->family;
    memcpy(key + 1, peer->bytes, len);
    return len + 1;
}

static bool census_row_enter(struct conn_census *census, const uint8_t *key, size_t len)
{
    struct census_row *row = map_find(&census->rows, key, len);
    if (!row) {
        row = memory_new_zero(sizeof *row);
        if (!row)
            return false;
        memcpy(row->key, key, len);
        if (!map_put(&census->rows, row->key, len, row)) {
            memory_free(row);
            return false;
        }
    }
    if (row->count >= census->limits->connections_per_address)
        return false;
    row->count++;
    return true;
}

bool census_enter(struct conn_census *census, const struct sock_address *peer)
{
    uint8_t key[9];
    size_t len = census_key(peer, key);
    bool in = false;

    pthread_mutex_lock(&census->lock);
    if (conn_census_open(census) < census->limits->connections &&
        (len == 0 || census_row_enter(census, key, len))) {
        atomic_fetch_add_explicit(&census->open, 1, memory_order_relaxed);
        in = true;
    }
    pthread_mutex_unlock(&census->lock);
    return in;
}

void census_leave(struct conn_census *census, const struct sock_address *peer)
{
    uint8_t key[9];
    size_t len = census_key(peer, key);

    pthread_mutex_lock(&census->lock);
    struct census_row *row = len ? map_find(&census->rows, key, len) : NULL;
    if (row && --row->count == 0) {
        map_remove(&census->rows, key, len);
        memory_free(row);
    }
    atomic_fetch_sub_explicit(&census->open, 1, memory_order_relaxed);
    pthread_mutex_unlock(&census->lock);
}
