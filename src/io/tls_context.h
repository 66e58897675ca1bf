/* What the sockets of one kind speak TLS with: certificates, keys, trust, and rules.
 *
 * Made once, then never changed (what clients remember of sessions apart, behind a lock), counted,
 * and shared by all workers: a reload makes another one beside it, and connections go on with the
 * one they began with. Files are read when a context is made, and not again.
 */
#ifndef IO_TLS_CONTEXT_H
#define IO_TLS_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_context;
struct tls_tickets;

/* Room for a complaint in words with its final NUL. */
#define TLS_WORDS 512

/* The most octets of a server's name. */
#define TLS_NAME_MAX 255

/* The most octets of a handshake, if nothing else is said. */
enum { TLS_HANDSHAKE_SIZE = 131072 };

/* Which application protocols are offered or taken [RFC 7301], the better one first; none: no such
 * extension. */
enum { TLS_HTTP1 = 1 /* http/1.1 */, TLS_HTTP2 = 2 /* h2 */ };

enum tls_version { TLS_1_2, TLS_1_3 };

/* A certificate with its key: paths of PEM files. */
struct tls_pair {
    const char *certificate; /* the server's own first, then those up to the root */
    const char *key;
    const char *ocsp; /* a response in DER, stapled; NULL: none */
};

/* Whether clients show certificates. */
enum tls_demand { TLS_DEMAND_NOTHING, TLS_DEMAND_OPTIONAL, TLS_DEMAND_REQUIRED };

/* What some names are served with. */
struct tls_site {
    const char *const *names; /* lower case; "*.example.org": all below it */
    size_t name_count;
    const struct tls_pair *pairs; /* of several the client's algorithms choose, ECDSA before RSA */
    size_t pair_count;
    enum tls_demand demand;
    const char *client_ca; /* a PEM file: who vouches for clients; due if anything is demanded */
};

/* Early data (0-RTT): what clients that come again send before the handshake is over, and what
 * others may have recorded and send once more [RFC 8446 §2.3, §8]. */
struct tls_early {
    size_t size;     /* octets of it that a ticket allows; 0: none, it is refused */
    size_t most;     /* beginnings that are remembered in each window ... */
    uint32_t window; /* ... of so many ms; both as the first context with these tickets has them */
};

/* Borrowed while the context is made. */
struct tls_server {
    const struct tls_site *sites; /* the first one is also for names that none has, and no name */
    size_t site_count;
    unsigned protocols;
    enum tls_version minimum;
    struct tls_tickets *tickets; /* referenced; NULL: sessions are not resumed */
    struct tls_early early;      /* only with tickets */
    size_t handshake_size;       /* octets that are read of a client before data, and between data;
                                    0: TLS_HANDSHAKE_SIZE */
};

struct tls_client {
    const char *ca_file;     /* PEM: who vouches for servers; NULL: whom the system trusts */
    bool unverified;         /* take any certificate */
    const char *certificate; /* PEM files of our own, if servers ask; NULL: none */
    const char *key;
    unsigned protocols;
};

/* One reference. NULL when something is wrong: `complaint` says what in words, with the file's
 * name. */
struct tls_context *tls_context_server(const struct tls_server *server, char complaint[TLS_WORDS]);
struct tls_context *tls_context_client(const struct tls_client *client, char complaint[TLS_WORDS]);

struct tls_context *tls_context_ref(struct tls_context *context);

/* The last one frees it. NULL is let be. */
void tls_context_unref(struct tls_context *context);

/* Keys for session tickets [RFC 5077, RFC 8446 §4.6.1]: for all workers and over reloads, so that
 * clients may resume with any of them. They are made from a secret that changes each day; a ticket
 * is good for at most some hours. */
struct tls_tickets *tls_tickets_new(void); /* NULL when memory is out */
struct tls_tickets *tls_tickets_ref(struct tls_tickets *tickets);
void tls_tickets_unref(struct tls_tickets *tickets);

#endif
