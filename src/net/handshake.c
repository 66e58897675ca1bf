/* A handshake's life: counted, timed, and then a connection or nothing.
 *
 * It has a struct of its own and no connection's, so that a connection is made when it is known
 * which protocol it speaks, and so that what waits here is small.
 *
 * If early data comes the connection begins with that, and sees the handshake to its end.
 *
 * One that has failed stays a little, until the client has heard why or has had the time to. Who
 * asks in the clear where TLS is spoken, as people do with a mistyped address, gets an answer in
 * the clear.
 */
#include "net/handshake.h"

#include "base/container.h"
#include "base/memory.h"
#include "io/tls.h"
#include "net/census.h"

#include <stdio.h>

static const int64_t handshake_ms = 1000000; /* ns */

struct handshake {
    struct sock sock;
    struct handshake_set *set;
    struct handshake *next, *before;
    struct timer timer;
    struct sock_address peer;
    bool failed;
};

static void handshake_link(struct handshake_set *set, struct handshake *handshake)
{
    handshake->set = set;
    handshake->before = set->last;
    if (set->last)
        set->last->next = handshake;
    else
        set->first = handshake;
    set->last = handshake;
    set->count++;
}

static void handshake_unlink(struct handshake *handshake)
{
    struct handshake_set *set = handshake->set;

    if (handshake->before)
        handshake->before->next = handshake->next;
    else
        set->first = handshake->next;
    if (handshake->next)
        handshake->next->before = handshake->before;
    else
        set->last = handshake->before;
    set->count--;
    loop_timer_cancel(set->conns->loop, &handshake->timer);
}

static void handshake_tell(struct handshake_set *set, enum handshake_end end)
{
    if (set->ended)
        set->ended(set, end);
}

/* Of one whose socket is closed already. */
static void handshake_drop(struct handshake *handshake)
{
    struct handshake_set *set = handshake->set;

    handshake_unlink(handshake);
    census_leave(set->conns->census, &handshake->peer);
    memory_free(handshake);
    handshake_tell(set, HANDSHAKE_FAILED);
}

static void handshake_close(struct handshake *handshake, bool reset)
{
    sock_close(&handshake->sock, reset);
    handshake_drop(handshake);
}

static void handshake_fire(struct timer *timer)
{
    handshake_close(CONTAINER(timer, struct handshake, timer), true);
}

/* The answer to whoever does not speak TLS. */
static bool handshake_answer_clear(struct handshake *handshake)
{
    static const char words[] = "This is a port for https. Write https:// before the address.\n";
    struct conn_set *conns = handshake->set->conns;
    const struct stet_span date = dateline_at(&conns->desk.date, loop_wall(conns->loop));
    char text[512];
    const int size = snprintf(text, sizeof text,
                              "HTTP/1.1 400 Bad Request\r\n%.*sContent-Type: text/plain\r\n"
                              "Content-Length: %zu\r\nCache-Control: no-store\r\n"
                              "Connection: close\r\n\r\n%s",
                              (int)date.len, date.at, sizeof words - 1, words);

    return tls_answer_clear(&handshake->sock, text, (size_t)size);
}

/* Has just failed. False: no memory. */
static bool handshake_fail(struct handshake *handshake)
{
    struct conn_set *conns = handshake->set->conns;
    const int64_t until =
        loop_now(conns->loop) + (int64_t)conns->limits->linger_timeout * handshake_ms;

    handshake->failed = true;
    if (tls_fault(&handshake->sock) == TLS_FAULT_CLEAR && !handshake_answer_clear(handshake))
        return false;
    return handshake->timer.due <= until || loop_timer_set(conns->loop, &handshake->timer, until);
}

/* Goes on with the end of one that failed. */
static void handshake_part(struct handshake *handshake)
{
    const bool well = handshake->failed || handshake_fail(handshake);
    if (!well || tls_part(&handshake->sock))
        handshake_close(handshake, !well);
}

static enum handshake_end handshake_end_of(const struct sock *sock)
{
    if (tls_is_early(sock))
        return HANDSHAKE_EARLY;
    return tls_report(sock).resumed ? HANDSHAKE_RESUMED : HANDSHAKE_WHOLE;
}

static void handshake_ready(struct sock *sock, unsigned events)
{
    struct handshake *handshake = CONTAINER(sock, struct handshake, sock);
    struct handshake_set *set = handshake->set;

    (void)events; /* the connection will hear of them again */
    if (tls_state(sock) == TLS_FAILED) {
        handshake_part(handshake);
        return;
    }
    handshake_tell(set, handshake_end_of(sock));
    handshake_unlink(handshake);
    conn_adopt(set->conns, sock, &handshake->peer);
    memory_free(handshake);
}

static bool handshake_start(struct handshake *handshake, struct tls_context *context)
{
    struct loop *loop = handshake->set->conns->loop;
    const int64_t patience = (int64_t)handshake->set->conns->limits->handshake_timeout;

    if (!tls_accept(&handshake->sock, context))
        return false;
    timer_init(&handshake->timer, handshake_fire);
    if (loop_timer_set(loop, &handshake->timer, loop_now(loop) + patience * handshake_ms))
        return true;
    sock_close(&handshake->sock, true);
    return false;
}

void handshake_open(struct handshake_set *set, struct sock *sock, const struct sock_address *peer,
                    struct tls_context *context)
{
    struct conn_set *conns = set->conns;
    struct handshake *handshake;

    if (set->count >= conns->limits->handshakes)
        handshake_close(set->first, true);
    if (!census_enter(conns->census, peer)) {
        sock_close(sock, true);
        return;
    }
    handshake = memory_new_zero(sizeof *handshake);
    if (!handshake || conns->draining) {
        memory_free(handshake);
        census_leave(conns->census, peer);
        sock_close(sock, true);
        return;
    }
    handshake->sock = *sock;
    handshake->sock.ready = handshake_ready;
    handshake->peer = *peer;
    handshake_link(set, handshake);
    if (!handshake_start(handshake, context))
        handshake_drop(handshake);
}

void handshake_set_close(struct handshake_set *set)
{
    while (set->first)
        handshake_close(set->first, true);
}
