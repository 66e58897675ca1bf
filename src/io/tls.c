/* The life of a socket that speaks TLS: the handshake, the move to its owner, the end.
 *
 * While the handshake runs the socket's `ready` is ours. When it is over the owner's is put back
 * and called, with both directions said to be ready: the edges that came before were ours, and the
 * peer's first octets may have come with the last of the handshake.
 *
 * A session is one block of GnuTLS's and one of ours; the buffers are the loop's.
 *
 * Given up: renegotiation, which TLS 1.3 has not any more, and handshakes in threads of their own:
 * with an ECDSA key one costs less than handing it over would save.
 */
#include "io/tls.h"

#include "base/check.h"
#include "base/memory.h"
#include "io/tls_parts.h"

#include <stdio.h>
#include <string.h>

static bool tls_need_desk(struct loop *loop)
{
    if (!loop->tls) {
        loop->tls = memory_new(sizeof *loop->tls);
        if (loop->tls)
            loop->tls->user = NULL;
    }
    return loop->tls != NULL;
}

static void tls_free(struct tls *tls)
{
    if (tls->session)
        gnutls_deinit(tls->session);
    if (tls->wanted)
        memory_free(tls->wanted->name);
    memory_free(tls->wanted);
    memory_free(tls->out.unsent.bytes);
    memory_free(tls->kept.bytes);
    memory_free(tls->prelude.octets.bytes);
    tls_context_unref(tls->context);
    memory_free(tls);
}

static struct tls *tls_new(struct sock *sock, struct tls_context *context)
{
    struct tls *tls = tls_need_desk(sock->loop) ? memory_new_zero(sizeof *tls) : NULL;

    if (!tls)
        return NULL;
    tls->sock = sock;
    tls->context = tls_context_ref(context);
    tls->out.burst = TLS_BURST_LEAST;
    tls->alert = -1;
    tls->out.wrote = INT64_MIN / 2;
    tls_clock_set(sock->loop->wall);
    return tls;
}

/* Which fault an error of GnuTLS's is. */
static enum tls_fault tls_fault_of(int error)
{
    switch (error) {
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
        return TLS_FAULT_ALERT;
    case GNUTLS_E_PULL_ERROR:
    case GNUTLS_E_PREMATURE_TERMINATION:
        return TLS_FAULT_CONNECTION;
    case GNUTLS_E_CERTIFICATE_ERROR:
    case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
    case GNUTLS_E_CERTIFICATE_REQUIRED:
    case GNUTLS_E_NO_CERTIFICATE_FOUND:
        return TLS_FAULT_CERTIFICATE;
    case GNUTLS_E_MEMORY_ERROR:
        return TLS_FAULT_MEMORY;
    default:
        return TLS_FAULT_PROTOCOL;
    }
}

static void tls_fail(struct tls *tls, int error)
{
    tls->state = TLS_FAILED;
    tls->error = error;
    tls->fault = (uint8_t)tls_fault_of(error);
    if (tls->context->server && tls->heard.first >= 'A' && tls->heard.first <= 'Z')
        tls->fault = TLS_FAULT_CLEAR; /* records of TLS begin with other octets [RFC 8446 §5.1] */
    if (tls->fault == TLS_FAULT_ALERT)
        tls->alert = (int16_t)gnutls_alert_get(tls->session);
    else if (tls->fault != TLS_FAULT_CONNECTION && tls->fault != TLS_FAULT_CLEAR)
        (void)gnutls_alert_send_appropriate(tls->session, error);
}

/* The handshake is not over. */
static bool tls_shakes(const struct tls *tls)
{
    return tls->state == TLS_SHAKES || tls->state == TLS_EARLY;
}

/* As much of the handshake as can be done now. */
static void tls_shake(struct tls *tls)
{
    const struct tls_desk *desk = tls_enter(tls);
    int result;

    do {
        result = gnutls_handshake(tls->session);
    } while (result < 0 && !gnutls_error_is_fatal(result) && !tls_desk_dry(desk));
    if (result == GNUTLS_E_SUCCESS) {
        tls->state = TLS_OPEN;
        tls->heard.vain = 0;
    } else if (gnutls_error_is_fatal(result))
        tls_fail(tls, result);
    else if (tls->ended)
        tls_fail(tls, GNUTLS_E_PREMATURE_TERMINATION);
    else if (tls_in_vain(tls))
        tls_fail(tls, GNUTLS_E_HANDSHAKE_TOO_LARGE);
    if (tls->state != TLS_FAILED && !tls_early_gather(tls))
        tls_fail(tls, GNUTLS_E_MEMORY_ERROR);
    tls_client_remember(tls);
    if (!tls_leave(tls) && tls->state != TLS_FAILED) {
        tls->state = TLS_FAILED;
        tls->fault = tls->broken ? TLS_FAULT_CONNECTION : TLS_FAULT_MEMORY;
    }
}

static void tls_ready(struct sock *sock, unsigned events)
{
    struct tls *tls = sock->tls;

    if ((events & SOCK_WRITABLE) && tls_flush(tls) < 0 && tls_shakes(tls)) {
        tls->state = TLS_FAILED;
        tls->fault = TLS_FAULT_CONNECTION;
    }
    if (tls_shakes(tls))
        tls_shake(tls);
    if (tls_shakes(tls)) {
        if (tls->prelude.octets.bytes)
            tls->ready(sock, (events & SOCK_GONE) | SOCK_READABLE);
        return;
    }
    sock->ready = tls->ready;
    sock->ready(sock, (events & SOCK_GONE) | SOCK_READABLE | SOCK_WRITABLE);
}

static bool tls_init_session(struct tls *tls, unsigned flags)
{
    const struct tls_context *context = tls->context;

    if (gnutls_init(&tls->session, flags | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0) {
        tls->session = NULL;
        return false;
    }
    gnutls_session_set_ptr(tls->session, tls);
    gnutls_transport_set_ptr(tls->session, tls);
    gnutls_transport_set_pull_function(tls->session, tls_pull);
    gnutls_transport_set_push_function(tls->session, tls_push);
    gnutls_transport_set_pull_timeout_function(tls->session, tls_pull_timeout);
    if (gnutls_priority_set(tls->session, context->priority) < 0)
        return false;
    /* [RFC 7301 §3.2]: a server that shares no protocol with the client says so. */
    return context->protocol_count == 0 ||
           gnutls_alpn_set_protocols(
               tls->session, context->protocols, context->protocol_count,
               context->server ? GNUTLS_ALPN_MANDATORY | GNUTLS_ALPN_SERVER_PRECEDENCE : 0) >= 0;
}

bool tls_accept(struct sock *sock, struct tls_context *context)
{
    struct tls *tls = tls_new(sock, context);

    CHECK(context->server && sock->ready && !sock->tls);
    const unsigned flags = GNUTLS_SERVER | (context->replay ? GNUTLS_ENABLE_EARLY_DATA : 0);
    if (!tls || !tls_init_session(tls, flags) || tls_server_session(tls) < 0) {
        if (tls)
            tls_free(tls);
        sock->loop->ops->sock_close(sock, true);
        return false;
    }
    tls->ready = sock->ready;
    sock->ready = tls_ready;
    sock->tls = tls;
    if (sock->loop->ops->sock_start(sock))
        return true;
    sock->tls = NULL;
    tls_free(tls);
    return false;
}

static bool tls_want(struct tls *tls, const char *name)
{
    size_t size = strlen(name) + 1;

    tls->wanted = memory_new_zero(sizeof *tls->wanted);
    if (tls->wanted)
        tls->wanted->name = memory_new(size);
    if (!tls->wanted || !tls->wanted->name)
        return false;
    memcpy(tls->wanted->name, name, size);
    return true;
}

bool tls_connect(struct sock *sock, struct tls_context *context, const char *name)
{
    struct tls *tls = tls_new(sock, context);

    CHECK(!context->server && sock->ready && !sock->tls);
    if (!tls || !tls_init_session(tls, GNUTLS_CLIENT) || !tls_want(tls, name) ||
        tls_client_session(tls) < 0) {
        if (tls)
            tls_free(tls);
        return false;
    }
    tls->ready = sock->ready;
    sock->ready = tls_ready;
    sock->tls = tls;
    tls_shake(tls);
    if (tls->state != TLS_SHAKES)
        sock->loop->ops->sock_again(sock);
    return true;
}

void tls_close(struct tls *tls, bool reset)
{
    struct sock *sock = tls->sock;

    if (!reset && tls->state == TLS_OPEN && !tls->notified) {
        tls_enter(tls);
        tls_notify(tls);
        (void)tls_leave(tls);
    }
    sock->tls = NULL;
    tls_free(tls);
}

/* What was read and not handed over yet is announced to the new owner, as the kernel does. */
bool tls_move(struct sock *from, struct sock *to)
{
    struct tls *tls = from->tls;

    CHECK(tls->state == TLS_OPEN || tls->state == TLS_EARLY);
    from->tls = NULL;
    tls->sock = to;
    if (tls->state == TLS_EARLY) {
        tls->ready = to->ready;
        to->ready = tls_ready;
    }
    if (!from->loop->ops->sock_move(from, to)) {
        tls_free(tls);
        return false;
    }
    to->tls = tls;
    to->loop->ops->sock_again(to);
    return true;
}

enum tls_state tls_state(const struct sock *sock)
{
    return sock->tls->state;
}

enum tls_fault tls_fault(const struct sock *sock)
{
    return sock->tls->fault;
}

int tls_alert(const struct sock *sock)
{
    return sock->tls->alert;
}

/* What was wrong with a certificate. */
static void tls_words_certificate(struct tls *tls, char to[TLS_WORDS])
{
    unsigned status = gnutls_session_get_verify_cert_status(tls->session);
    gnutls_datum_t text;

    if (status == 0 || status == (unsigned)-1 ||
        gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) < 0) {
        snprintf(to, TLS_WORDS, "%s", gnutls_strerror(tls->error));
        return;
    }
    while (text.size > 0 && (text.data[text.size - 1] == ' ' || text.data[text.size - 1] == '\0'))
        text.size--;
    snprintf(to, TLS_WORDS, "%.*s", (int)text.size, (const char *)text.data);
    gnutls_free(text.data);
}

void tls_words(const struct sock *sock, char to[TLS_WORDS])
{
    struct tls *tls = sock->tls;
    const char *alert = NULL;

    if (tls->alert >= 0)
        alert = gnutls_alert_get_name((gnutls_alert_description_t)tls->alert);
    switch (tls->fault) {
    case TLS_FAULT_CERTIFICATE:
        tls_words_certificate(tls, to);
        break;
    case TLS_FAULT_ALERT:
        snprintf(to, TLS_WORDS, "the peer refused: %s", alert ? alert : "an unknown alert");
        break;
    case TLS_FAULT_CONNECTION:
        snprintf(to, TLS_WORDS, "the connection ended in the middle of the handshake");
        break;
    case TLS_FAULT_CLEAR:
        snprintf(to, TLS_WORDS, "the client does not speak TLS");
        break;
    case TLS_FAULT_MEMORY:
        snprintf(to, TLS_WORDS, "out of memory");
        break;
    default:
        snprintf(to, TLS_WORDS, "%s", gnutls_strerror(tls->error));
        break;
    }
}

struct tls_report tls_report(const struct sock *sock)
{
    struct tls *tls = sock->tls;
    unsigned count = 0;

    CHECK(tls->state == TLS_OPEN);
    return (struct tls_report){
        .version = gnutls_protocol_get_name(gnutls_protocol_get_version(tls->session)),
        .cipher = gnutls_cipher_get_name(gnutls_cipher_get(tls->session)),
        .resumed = gnutls_session_is_resumed(tls->session) != 0,
        .certified = (!tls->context->server || tls->context->places[tls->site].demand) &&
                     gnutls_certificate_get_peers(tls->session, &count) && count > 0,
        .site = tls->site,
    };
}

bool tls_meets(const struct sock *sock, const struct tls_context *context, size_t site)
{
    const struct tls *tls = sock->tls;
    const struct tls_place *own = &tls->context->places[tls->site];

    CHECK(site < context->place_count);
    return memcmp(own->label, context->places[site].label, sizeof own->label) == 0;
}

const char *sock_protocol(const struct sock *sock)
{
    gnutls_datum_t chosen;

    if (!sock->tls || gnutls_alpn_get_selected_protocol(sock->tls->session, &chosen) < 0)
        return NULL;
    return chosen.size == 2 ? "h2" : "http/1.1";
}

bool sock_cut(const struct sock *sock)
{
    return sock->tls && sock->tls->end == TLS_END_CUT;
}
