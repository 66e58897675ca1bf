/* Transfers: requests sent and responses heard by libcurl, several at a time.
 *
 *     transfer_start --> head* --> content* --> end         (any number at once, in one thread)
 *
 * libcurl speaks TLS, HTTP/1.1 and HTTP/2, goes through proxies and keeps connections. What it is
 * not asked for: redirects, conditions, caching, decoding and authentication; those are decided
 * above, where libstet judges them.
 */
#ifndef CLIENT_TRANSFER_H
#define CLIENT_TRANSFER_H

#include "client/message.h"

#include <stdint.h>

/* The most octets of one response's heads, the interim ones counted; past it the transfer ends as
 * malformed. (The table of limits is the server's.) */
#define TRANSFER_HEAD_MAX 262144

/* What all transfers of a process have in common. Strings are borrowed and outlive it; NULL means
 * libcurl's own choice, which looks at the environment for proxies; of the user agent: none is
 * sent. */
struct transfer_setup {
    const char *user_agent;
    const char *ca_file;
    const char *client_certificate, *client_key;
    const char *proxy;          /* "" for none at all */
    const char *const *resolve; /* "HOST:PORT:ADDRESS", `resolve_count` of them */
    size_t resolve_count;
    bool insecure;            /* certificates are not verified */
    bool verbose;             /* what is sent and heard goes to standard error */
    uint32_t connect_timeout; /* ms; 0: libcurl's own, five minutes */
    uint32_t stall_timeout;   /* ms in which not an octet moves, in whole seconds; 0: no bound */
    uint32_t each_host;       /* connections to one host at a time; 0: no bound */
};

struct transfers;

/* NULL when memory is out. */
struct transfers *transfers_new(const struct transfer_setup *setup);

/* No transfer is open any more. NULL is allowed. */
void transfers_free(struct transfers *transfers);

enum transfer_version { TRANSFER_ANY, TRANSFER_HTTP1, TRANSFER_HTTP2 };

/* A request. Borrowed until transfer_start returns, `content` until `end`. A line of `head` that is
 * off the grammar is not sent: the transfer ends as TRANSFER_FAILED, and so does HEAD with content.
 * Userinfo in the URL is refused
 * (TRANSFER_URL): who wants it sent makes a field of it. */
struct transfer_request {
    const char *method;
    const char *url;
    /* Sent as it is, and nothing else: Host (if it has none), Content-Length and the like are
     * libcurl's. NULL: no lines. */
    const struct stet_head *head;
    struct stet_span content; /* NULL `at`: none */
    const char *address;      /* connect to this one of the name's addresses; NULL: any */
    enum transfer_version version;
    uint32_t longest; /* ms, all in all; 0: no bound */
    bool fresh;       /* on a connection of its own */
};

/* How it ended. */
enum transfer_result {
    TRANSFER_COMPLETE,
    TRANSFER_CANCELLED,
    TRANSFER_URL,     /* not a URL of http or https, or one with userinfo */
    TRANSFER_NAME,    /* the name has no address */
    TRANSFER_CONNECT, /* refused, or no way there */
    TRANSFER_TLS,     /* the handshake failed, or the certificate is not to be trusted */
    TRANSFER_TIMEOUT,
    TRANSFER_BROKEN,    /* the connection ended before the response did */
    TRANSFER_MALFORMED, /* off the grammar */
    TRANSFER_MEMORY,
    TRANSFER_FAILED /* anything else; the words say what */
};

struct transfer_outcome {
    enum transfer_result result;
    const char *words;   /* of a failure: what, as one line; else "" */
    const char *address; /* connected to, as text; "" if it never was */
    uint16_t version;    /* 10, 11, 20; 0: nothing was heard */
    bool reused;         /* on a connection that had served before */
    bool secure;         /* over TLS, verified */
    bool delimited; /* the end of the content was told by more than the end of the connection */
    bool early;     /* octets came behind a head that has no content: 204, 304, of HEAD */
    uint64_t head_octets;             /* heard, of heads */
    uint64_t octets;                  /* heard, of content as it was on the wire */
    int64_t requested_ns;             /* wall clock, when the request was sent */
    int64_t responded_ns;             /* and when the head came */
    int64_t first_octet_ns, total_ns; /* durations */
};

/* Who is told. What is handed over is borrowed until the function returns. A transfer may be
 * cancelled from any of them but `end`. */
struct transfer_events {
    /* A head: any number of interim ones (1xx), then the final one. Trailers are not told. */
    void (*head)(void *owner, int status, const struct message *head);
    /* Content as it is on the wire (no content coding undone), at least one octet. False: no more
     * is wanted, as with transfer_cancel. */
    bool (*content)(void *owner, struct stet_span bytes);
    /* The last call. */
    void (*end)(void *owner, const struct transfer_outcome *outcome);
};

struct transfer;

/* Begins one, also from an event of another. Events come out of transfers_run only, also of what
 * cannot even begin. NULL when memory is out. */
struct transfer *transfer_start(struct transfers *transfers, const struct transfer_request *request,
                                const struct transfer_events *events, void *owner);

/* The version of HTTP of the last head: 10, 11, 20; 0: none came. */
uint16_t transfer_version(const struct transfer *transfer);

/* Not wanted any more: `end` follows with TRANSFER_CANCELLED. */
void transfer_cancel(struct transfer *transfer);

/* Goes on until no transfer is open, or until `ms` have passed (-1: no bound), or until
 * transfers_stop. False if some are still open. Not to be called from an event. */
bool transfers_run(struct transfers *transfers, int ms);

/* Lets transfers_run return soon; may be called from a signal handler. */
void transfers_stop(struct transfers *transfers);

/* A host name in another script as the domain name system has it, for memory_free. NULL: it has no
 * such form, or memory is out. */
char *transfers_host(const char *host);

/* The addresses of a URL's host, as text, each once: those that the setup's `resolve` names, else
 * as the system resolves it (without `transfers` always so). Blocks. For transfers_addresses_free.
 * NULL: none, or memory is out. */
char **transfers_addresses(const struct transfers *transfers, const char *url, size_t *count);
void transfers_addresses_free(char **addresses, size_t count);

#endif
