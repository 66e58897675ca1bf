/* A dial's life: it resolves, races addresses, and hands over the socket that connects first.
 *
 *     dial_start --name--> resolver -> addresses -+
 *                --path-----------------------------> attempt 0
 *                             250 ms later, or at once if it fails: attempt 1, and so on
 *                             the first that connects -> handshake, if the place speaks TLS
 *                                                     -> done
 *                             none left and none under way, or connect_timeout -> done, with an
 * error
 *
 * One timer does it all: it stands at the next attempt as long as one is left, and at the end of
 * patience after that [RFC 8305 §5]. Nothing is told from within dial_start: what is known at once
 * sets the timer to now.
 *
 * Of several failures the one is told that says most about the server: a refusal is an answer of
 * it, that there is no way to one of its addresses is not.
 *
 * A unix socket whose queue is full is tried again, as the kernel does for TCP by itself.
 *
 * Given up: remembering which family won, and a wait drawn from round trips seen [RFC 8305 §5]:
 * most origin servers are one address away.
 */
#include "net/dial.h"

#include "base/check.h"
#include "base/container.h"
#include "io/tls.h"
#include "net/call.h"

#include <sys/socket.h>

static const int64_t dial_attempt_delay = 250000000; /* ns [RFC 8305 §5] */
static const int64_t dial_queue_delay = 10000000;    /* ns */

/* The failure in the words of Proxy-Status [RFC 9209 §2.3]. */
static enum stet_proxy_error dial_failure(enum sock_connected state)
{
    switch (state) {
    case SOCK_REFUSED:
        return STET_PROXY_ERROR_CONNECTION_REFUSED;
    case SOCK_TIMED_OUT:
        return STET_PROXY_ERROR_CONNECTION_TIMEOUT;
    case SOCK_EXHAUSTED:
        return STET_PROXY_ERROR_CONNECTION_LIMIT_REACHED;
    case SOCK_UNREACHABLE:
        return STET_PROXY_ERROR_DESTINATION_IP_UNROUTABLE;
    default:
        return STET_PROXY_ERROR_PROXY_INTERNAL_ERROR;
    }
}

/* How much a failure says about the server. */
static int dial_weight(enum stet_proxy_error error)
{
    switch (error) {
    case STET_PROXY_ERROR_CONNECTION_REFUSED:
        return 5;
    case STET_PROXY_ERROR_CONNECTION_TIMEOUT:
        return 4;
    case STET_PROXY_ERROR_CONNECTION_LIMIT_REACHED:
        return 3;
    case STET_PROXY_ERROR_DESTINATION_IP_UNROUTABLE:
        return 2;
    default:
        return error != STET_PROXY_ERROR_NONE;
    }
}

static void dial_note(struct dial *dial, enum sock_connected state)
{
    enum stet_proxy_error error = dial_failure(state);
    if (dial_weight(error) > dial_weight(dial->error))
        dial->error = error;
}

/* The failure of a handshake. */
static enum stet_proxy_error dial_tls_failure(enum tls_fault fault)
{
    switch (fault) {
    case TLS_FAULT_ALERT:
        return STET_PROXY_ERROR_TLS_ALERT_RECEIVED;
    case TLS_FAULT_CERTIFICATE:
        return STET_PROXY_ERROR_TLS_CERTIFICATE_ERROR;
    case TLS_FAULT_CONNECTION:
        return STET_PROXY_ERROR_CONNECTION_TERMINATED;
    case TLS_FAULT_MEMORY:
        return STET_PROXY_ERROR_PROXY_INTERNAL_ERROR;
    default:
        return STET_PROXY_ERROR_TLS_PROTOCOL_ERROR;
    }
}

/* Closes all attempts but the winner. */
static void dial_close_others(struct dial *dial)
{
    for (size_t i = 0; i < RESOLVE_ADDRESSES; i++) {
        struct dial_attempt *attempt = &dial->attempts[i];
        if (attempt->open && attempt != dial->winner)
            sock_close(&attempt->sock, false);
        attempt->open &= attempt == dial->winner;
    }
    dial->open = 0;
}

/* Closes all that is open, the winner apart. */
static void dial_release(struct dial *dial)
{
    if (dial->resolving)
        resolve_cancel(dial->setup->resolver, &dial->query);
    dial->resolving = false;
    loop_timer_cancel(dial->setup->loop, &dial->timer);
    dial_close_others(dial);
    dial->over = true;
}

/* The last thing done with a dial: it may be gone after this. */
static void dial_end(struct dial *dial, enum stet_proxy_error error)
{
    dial->error = error;
    dial_release(dial);
    dial->done(dial);
}

static void dial_ready(struct sock *sock, unsigned events);

/* Tries an address. False when it failed at once. */
static bool dial_attempt(struct dial *dial, size_t index)
{
    struct dial_attempt *attempt = &dial->attempts[index];
    const char *path = dial->place->unix_socket ? dial->place->host : NULL;
    attempt->dial = dial;
    attempt->sock.ready = dial_ready;
    dial->address = dial->query.addresses[index];
    enum sock_connected state =
        sock_connect(&attempt->sock, dial->setup->loop, &dial->address, path);
    if (state != SOCK_CONNECTING) {
        dial_note(dial, state);
        return false;
    }
    attempt->open = true;
    dial->open++;
    return true;
}

/* Is there a queue to wait for? */
static bool dial_queued(const struct dial *dial)
{
    return dial->place->unix_socket && dial->error == STET_PROXY_ERROR_CONNECTION_LIMIT_REACHED;
}

/* Tries what is to be tried now, then waits; or ends, when nothing is left to wait for. */
static void dial_go(struct dial *dial)
{
    struct loop *loop = dial->setup->loop;
    int64_t due = loop_now(loop) + dial_attempt_delay;
    while (dial->next < dial->query.count) {
        bool under_way = dial_attempt(dial, dial->next);
        if (!under_way && dial_queued(dial)) {
            due = loop_now(loop) + dial_queue_delay;
            break;
        }
        dial->next++;
        if (under_way)
            break;
    }
    if (dial->next == dial->query.count && dial->open == 0) {
        dial_end(dial, dial->error);
        return;
    }
    if (dial->next == dial->query.count || due > dial->deadline)
        due = dial->deadline;
    if (!loop_timer_set(loop, &dial->timer, due))
        dial_end(dial, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR);
}

/* It did not come to a socket that can be used. */
static void dial_lose(struct dial *dial, enum stet_proxy_error error)
{
    dial->winner = NULL;
    dial_end(dial, error);
}

/* The first has connected: the others are not needed. */
static void dial_win(struct dial *dial, struct dial_attempt *attempt)
{
    const struct call_place *place = dial->place;

    dial->winner = attempt;
    dial->address = dial->query.addresses[attempt - dial->attempts];
    if (!place->tls) {
        dial_end(dial, STET_PROXY_ERROR_NONE);
        return;
    }
    dial_close_others(dial);
    if (!tls_connect(&attempt->sock, place->tls, place->host) ||
        !loop_timer_set(dial->setup->loop, &dial->timer, dial->deadline))
        dial_lose(dial, STET_PROXY_ERROR_PROXY_INTERNAL_ERROR);
}

/* The handshake is over. */
static void dial_shaken(struct dial *dial)
{
    const struct sock *sock = &dial->winner->sock;

    if (tls_state(sock) == TLS_OPEN) {
        dial_end(dial, STET_PROXY_ERROR_NONE);
        return;
    }
    if (tls_state(sock) != TLS_FAILED)
        return;
    dial->alert = tls_alert(sock);
    dial_lose(dial, dial_tls_failure(tls_fault(sock)));
}

static void dial_ready(struct sock *sock, unsigned events)
{
    struct dial_attempt *attempt = CONTAINER(sock, struct dial_attempt, sock);
    struct dial *dial = attempt->dial;
    (void)events;
    if (!dial->over && dial->winner) {
        dial_shaken(dial);
        return;
    }
    enum sock_connected state = sock_connect_state(sock);
    if (dial->over || state == SOCK_CONNECTING)
        return;
    if (state == SOCK_CONNECTED) {
        dial_win(dial, attempt);
        return;
    }
    dial_note(dial, state);
    sock_close(sock, false);
    attempt->open = false;
    dial->open--;
    dial_go(dial);
}

/* Goes on with what the resolver has said. */
static void dial_resolved(struct dial *dial)
{
    if (dial->query.result == RESOLVE_FOUND)
        dial_go(dial);
    else if (dial->query.result == RESOLVE_TIMEOUT)
        dial_end(dial, STET_PROXY_ERROR_DNS_TIMEOUT);
    else
        dial_end(dial, STET_PROXY_ERROR_DNS_ERROR);
}

static void dial_query_done(struct resolve_query *query)
{
    struct dial *dial = CONTAINER(query, struct dial, query);
    dial->resolving = false;
    if (dial->starting)
        (void)loop_timer_set(dial->setup->loop, &dial->timer, loop_now(dial->setup->loop));
    else
        dial_resolved(dial);
}

static void dial_due(struct timer *timer)
{
    struct dial *dial = CONTAINER(timer, struct dial, timer);
    if (dial->resolving)
        dial_end(dial, STET_PROXY_ERROR_DNS_TIMEOUT);
    else if (dial->winner)
        dial_lose(dial, STET_PROXY_ERROR_CONNECTION_TIMEOUT);
    else if (loop_now(dial->setup->loop) < dial->deadline)
        dial_resolved(dial);
    else if (dial->open > 0 || dial->error == STET_PROXY_ERROR_NONE)
        dial_end(dial, STET_PROXY_ERROR_CONNECTION_TIMEOUT);
    else
        dial_end(dial, dial->error);
}

bool dial_start(struct dial *dial, const struct dial_setup *setup, const struct call_place *place)
{
    const int64_t now = loop_now(setup->loop);
    dial->error = STET_PROXY_ERROR_NONE;
    dial->address = (struct sock_address){0};
    dial->setup = setup;
    dial->place = place;
    dial->deadline = now + (int64_t)setup->limits->connect_timeout * 1000000;
    dial->next = dial->open = 0;
    dial->winner = NULL;
    dial->over = false;
    for (size_t i = 0; i < RESOLVE_ADDRESSES; i++)
        dial->attempts[i].open = false;
    dial->query.done = dial_query_done;
    timer_init(&dial->timer, dial_due);
    dial->resolving = !place->unix_socket;
    if (!loop_timer_set(setup->loop, &dial->timer, dial->resolving ? dial->deadline : now))
        return false;
    if (place->unix_socket) {
        dial->query.result = RESOLVE_FOUND;
        dial->query.count = 1;
        dial->query.addresses[0] = (struct sock_address){.family = AF_UNIX};
        return true;
    }
    dial->starting = true;
    resolve_start(setup->resolver, &dial->query, place->host, place->port);
    dial->starting = false;
    return true;
}

bool dial_take(struct dial *dial, struct sock *to)
{
    struct dial_attempt *winner = dial->winner;
    CHECK(dial->over && winner);
    dial->winner = NULL;
    winner->open = false;
    return sock_move(&winner->sock, to);
}

void dial_cancel(struct dial *dial)
{
    dial->winner = NULL;
    dial_release(dial);
}
