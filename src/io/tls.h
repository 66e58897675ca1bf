/* TLS on a socket: the handshake, and what a socket that speaks it tells.
 *
 * A `struct sock` that tls_accept or tls_connect was called for encrypts: sock_read, sock_write,
 * sock_shutdown, sock_move and sock_close do all the rest, on the machine and in the simulated
 * world alike. TLS 1.2 and 1.3, by GnuTLS; see doc/notes/tls.md.
 *
 *     TLS_SHAKES --handshake--> TLS_OPEN
 *         +--> TLS_EARLY -------^
 *         +-----------------> TLS_FAILED
 *
 * What a socket tells beside that, whether it speaks TLS or not, is in io/sock.h: sock_holds,
 * sock_flush, sock_cut, sock_protocol.
 */
#ifndef IO_TLS_H
#define IO_TLS_H

#include "io/sock.h"
#include "io/tls_context.h"

enum tls_state {
    TLS_SHAKES, /* the handshake is under way: no reading, no writing */
    TLS_EARLY, /* servers: still under way, but early data can be read; writing takes nothing yet */
    TLS_OPEN,
    TLS_FAILED /* it failed: only tls_part and sock_close are left */
};

/* Why a handshake failed. */
enum tls_fault {
    TLS_FAULT_NONE,
    TLS_FAULT_CONNECTION,  /* the connection ended or broke in the middle */
    TLS_FAULT_PROTOCOL,    /* no TLS, or no version, cipher or application protocol in common */
    TLS_FAULT_CERTIFICATE, /* the peer's certificate is not to be trusted, or was missing */
    TLS_FAULT_ALERT,       /* the peer said why: tls_alert */
    TLS_FAULT_CLEAR,       /* servers: the first octet was a letter, as of a request in the clear */
    TLS_FAULT_MEMORY
};

/* Begins the handshake as server, on a socket that `accepted` has handed out: instead of
 * sock_start. The owner has set `ready`, which is called when it is known how it went, and from
 * then on as with any socket; never from within this function. `context` is for servers; it is
 * referenced. False when memory is out or the kernel refuses: the socket is then closed.
 *
 * If early data comes `ready` is called before, when it can be read (TLS_EARLY), and again when the
 * handshake is over or has failed; sock_move may be called in between. */
bool tls_accept(struct sock *sock, struct tls_context *context);

/* The same as client, on a socket that is connected. `name` is the server's, of letters or an
 * address without brackets: it is sent, if it is a name [RFC 6066 §3], and the certificate is held
 * against it [RFC 9110 §4.3.4]; borrowed. False when memory is out: the socket is then as it was
 * and still to be closed. */
bool tls_connect(struct sock *sock, struct tls_context *context, const char *name);

/* How it went so far, of a socket that speaks TLS. */
enum tls_state tls_state(const struct sock *sock);
enum tls_fault tls_fault(const struct sock *sock);

/* Octets for a client that speaks in the clear (TLS_FAULT_CLEAR): tls_part sends them. Copied; at
 * most once. False when memory is out. */
bool tls_answer_clear(struct sock *sock, const void *bytes, size_t size);

/* Of a server's socket that has TLS_FAILED, when its `ready` says so and each time it is called
 * again: sends the alert that says why, or the answer in the clear, as the socket takes it, then
 * says that no more comes, and throws away what the client still sends, so that no reset overtakes
 * what was sent [RFC 9112 §9.6]. True: it is over, and to be closed. Who waits sets the deadline.
 */
bool tls_part(struct sock *sock);

/* The number of the alert that the peer has sent [RFC 8446 §6], or -1. */
int tls_alert(const struct sock *sock);

/* Why it failed, in words, with a final NUL: "the certificate has expired", "no version of TLS in
 * common". */
void tls_words(const struct sock *sock, char to[TLS_WORDS]);

/* The handshake is not over, and nobody knows whether it was this client that sent what can be
 * read, or someone who has recorded it [RFC 8446 §8]. Of any socket; never true without TLS, and
 * never again once it was false. */
bool tls_is_early(const struct sock *sock);

/* Of a socket that is TLS_OPEN. */
struct tls_report {
    const char *version; /* "TLS1.3" */
    const char *cipher;  /* "AES-128-GCM" */
    bool resumed;        /* without a certificate, by a ticket */
    bool certified;      /* the peer has shown a certificate that was verified */
    size_t site;         /* servers: the number of the site its name chose, in the context */
};
struct tls_report tls_report(const struct sock *sock);

/* Of a server's socket that is TLS_OPEN: whether it was opened for that site of a context, perhaps
 * another than its own, so that what the site demands of clients was demanded of this one. */
bool tls_meets(const struct sock *sock, const struct tls_context *context, size_t site);

#endif
