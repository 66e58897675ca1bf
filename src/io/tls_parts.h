/* The inside of TLS, shared by its rooms. Inside io/ only.
 */
#ifndef IO_TLS_PARTS_H
#define IO_TLS_PARTS_H

#include "io/loop_ops.h"
#include "io/tls.h"
#include "io/tls_replay.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdatomic.h>

/* The most octets of one read of the socket, and the fewest that are asked for. */
enum { TLS_READ = 65536, TLS_READ_LEAST = 1024 };

/* The most octets that one call reads. Records may hold nothing at all, and of those a client can
 * send more than a worker reads. */
enum { TLS_TURN = 262144 };

/* The least and the most plaintext that is encrypted for one send: the most is so little that what
 * is held of it does not need pages of its own. */
enum { TLS_BURST_LEAST = 16384, TLS_BURST_MOST = 98304 };

/* Octets of a record: as many as there may be, and few enough for one packet. */
enum { TLS_RECORD = 16384, TLS_RECORD_SMALL = 1370 };

/* Room for a burst of small records, and for the longest flight of a handshake. */
enum { TLS_OUT = TLS_BURST_MOST + 32768 };

/* The buffers of a loop, used by one socket at a time. What is left in them at the end of a call is
 * kept by the socket. */
struct tls_desk {
    struct tls *user;
    size_t in_at, in_end; /* of `in`: read and not consumed */
    size_t want;          /* the most octets that the next read of the socket is worth */
    size_t used;          /* of `out` */
    size_t left;          /* of TLS_TURN */
    bool dry;             /* the socket has no more for now, or none is to be read */
    bool more;            /* it may have: it is to be called again */
    char in[TLS_READ];
    char out[TLS_OUT];
    char plain[TLS_RECORD]; /* where small pieces become one record */
};

/* Nothing is left to be decrypted until the socket has more. */
static inline bool tls_desk_dry(const struct tls_desk *desk)
{
    return desk->dry && desk->in_at == desk->in_end;
}

/* Octets that wait. Nothing waits: no memory. */
struct tls_hold {
    char *bytes;
    uint32_t at, end;
};

static inline size_t tls_hold_left(const struct tls_hold *hold)
{
    return hold->end - hold->at;
}

/* False when memory is out. */
bool tls_hold_add(struct tls_hold *hold, const char *bytes, size_t size);
void tls_hold_skip(struct tls_hold *hold, size_t size);

/* How reading has ended. */
enum tls_end { TLS_END_NONE, TLS_END_CLEAN, TLS_END_CUT, TLS_END_BROKEN };

/* Whom a client wants to talk to. */
struct tls_wanted {
    char *name;          /* as the certificate shall have it */
    uint8_t address[16]; /* or this */
    gnutls_typed_vdata_st demands[2];
};

/* What goes out. */
struct tls_out {
    struct tls_hold unsent; /* encrypted */
    int64_t wrote;          /* loop_now */
    uint32_t burst;         /* plaintext for one send */
    uint32_t small;         /* octets still to go in small records */
};

/* Servers: what comes before the handshake is over. */
struct tls_prelude {
    struct tls_hold octets; /* early data that was not read yet */
    bool barred;            /* with this hello it cannot be taken */
    uint8_t hellos;         /* how many were looked at */
    uint8_t cipher;         /* which of tls_ciphers will be used, from 1; 0: none */
};

/* What has come that was no data. */
struct tls_heard {
    uint32_t vain; /* octets since the beginning, or since the last octet of data */
    uint8_t first; /* the first octet */
};

struct tls {
    gnutls_session_t session;
    struct sock *sock;
    struct tls_context *context;
    void (*ready)(struct sock *sock, unsigned events); /* the owner's, during the handshake */
    struct tls_wanted *wanted;                         /* clients */
    struct tls_out out;
    struct tls_hold kept; /* not decrypted yet */
    struct tls_prelude prelude;
    struct tls_heard heard;
    uint32_t site;   /* servers: which one was chosen */
    int16_t alert;   /* the peer's; -1: none */
    uint8_t state;   /* enum tls_state */
    uint8_t fault;   /* enum tls_fault */
    uint8_t end;     /* enum tls_end */
    int error;       /* GnuTLS's, that the fault is of */
    bool ended;      /* the socket's end was read */
    bool broken;     /* nothing can be written */
    bool notified;   /* our closure alert was made */
    bool shut;       /* the socket is to be shut down when nothing waits */
    bool remembered; /* clients: a ticket of this session was kept */
};

/* Begins and ends a call that may read and write: between them the desk is this socket's. The end
 * sends what was put on it; false: the connection is broken, or memory is out. */
struct tls_desk *tls_enter(struct tls *tls);
bool tls_leave(struct tls *tls);

/* Too much has come in vain: GnuTLS would keep all of a message of 16 MiB, of anybody. */
bool tls_in_vain(const struct tls *tls);

/* Sends what is on the desk behind what waits, and keeps the rest. False: broken. */
bool tls_depart(struct tls *tls);

/* Octets for GnuTLS, and from it. */
ssize_t tls_pull(gnutls_transport_ptr_t owner, void *to, size_t size);
ssize_t tls_push(gnutls_transport_ptr_t owner, const void *bytes, size_t size);
int tls_pull_timeout(gnutls_transport_ptr_t owner, unsigned ms);

/* How a socket with TLS does what sock.h says. */
ssize_t tls_read(struct tls *tls, void *to, size_t size);
ssize_t tls_write(struct tls *tls, const struct iovec *pieces, int count);
ssize_t tls_flush(struct tls *tls);
void tls_shutdown(struct tls *tls);
void tls_close(struct tls *tls, bool reset);
bool tls_move(struct sock *from, struct sock *to);

/* Looks at the hello of a server's session before GnuTLS does. */
void tls_early_watch(struct tls *tls);

/* Takes over the early data that has come; with some the state is TLS_EARLY. In a call. False when
 * memory is out. */
bool tls_early_gather(struct tls *tls);

/* How many octets of it were there. */
size_t tls_early_take(struct tls *tls, void *to, size_t size);

/* Says that nothing more comes, unless that was said. In a call. */
void tls_notify(struct tls *tls);

/* Frees the desk of a loop. */
void tls_desk_free(struct tls_desk *desk);

/* ---- contexts ---- */

/* One site of a server's context. */
struct tls_place {
    gnutls_certificate_credentials_t credentials;
    gnutls_certificate_request_t demand;
    unsigned char label[32]; /* whose tickets are taken: a digest of what the site is */
};

/* A name and its site, sorted by name. */
struct tls_name {
    char *name;
    uint32_t site;
};

/* What a client remembers of a server: a session that may be resumed. */
struct tls_memory {
    struct tls_memory *next;
    void *session;
    size_t size;
    char name[];
};

enum { TLS_MEMORIES = 64 };

struct tls_context {
    atomic_uint refs;
    bool server;
    gnutls_priority_t priority;
    gnutls_datum_t protocols[2];
    unsigned protocol_count;

    struct tls_place *places; /* servers; clients have one */
    size_t place_count;
    struct tls_name *names;
    size_t name_count;
    struct tls_tickets *tickets;
    size_t handshake_size;     /* the most that may come in vain */
    struct tls_replay *replay; /* of the tickets; NULL: early data is refused */
    size_t early_size;

    bool verifies; /* clients */
    pthread_mutex_t lock;
    struct tls_memory *memories; /* the last one first */
};

/* A context with one reference, protocols and priorities, and nothing else. NULL with a complaint.
 */
struct tls_context *tls_context_new(bool server, unsigned protocols, enum tls_version minimum,
                                    char complaint[TLS_WORDS]);

/* Sets a session up for a context. Below 0: GnuTLS's error. */
int tls_server_session(struct tls *tls);
int tls_client_session(struct tls *tls);

/* Keeps a ticket that has come, for the next session. */
void tls_client_remember(struct tls *tls);

/* The key at present for tickets of a site, for one use: 0, or, where early data is taken, one
 * for each way in which it may speak. */
struct tls_ticket_key {
    unsigned char bytes[64];
};
struct tls_ticket_key tls_tickets_key(struct tls_tickets *tickets, const unsigned char label[32],
                                      unsigned char use);

/* What was seen of early data with these tickets; made with the first one that asks, and as that
 * one wants it. NULL when memory is out. */
struct tls_replay *tls_tickets_replay(struct tls_tickets *tickets, const struct tls_early *early);

/* Puts certificates with their keys into credentials, those that cost the least to use first. False
 * with a complaint. */
bool tls_certificate_put(gnutls_certificate_credentials_t credentials, const struct tls_pair *pairs,
                         size_t count, char complaint[TLS_WORDS]);

/* Of a file of certificates in PEM: the number, from 1, of the one that a key belongs to; and of
 * the first one that does not vouch for the one before it. 0: none. */
unsigned tls_chain_place(const gnutls_datum_t *file, gnutls_x509_privkey_t key);
unsigned tls_chain_break(const gnutls_datum_t *file);

/* Makes room for `count` elements of `size` octets, all zero; NULL with a complaint. */
void *tls_context_room(size_t count, size_t size, char complaint[TLS_WORDS]);

/* The groups for the exchange of keys [RFC 8446 §4.2.7], the first one first, and their number. */
extern const uint16_t tls_groups[];
enum { TLS_GROUPS = 4 };

/* The cipher suites of TLS 1.3, the first one first. */
extern const uint16_t tls_ciphers[];
enum { TLS_CIPHERS = 3 };

/* What the two kinds of contexts hold. */
void tls_server_fini(struct tls_context *context);
void tls_client_fini(struct tls_context *context);

/* The wall clock as GnuTLS sees it on this thread, in ns. */
void tls_clock_set(int64_t wall);

/* Initialises GnuTLS, which asks that clock from then on: before anything else is asked of it. Any
 * number of times, from any thread. */
void tls_begin(void);

#endif
