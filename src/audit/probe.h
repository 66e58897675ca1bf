/* Probes: the requests an audit sends about one URL, each with its answer kept whole.
 */
#ifndef AUDIT_PROBE_H
#define AUDIT_PROBE_H

#include "client/transfer.h"

/* An exchange as it was. */
struct probe {
    struct message request; /* fields sent, beyond what libcurl adds */
    const char *method;     /* static */
    int status;             /* 0: no answer */
    struct message response;
    uint8_t digest[32]; /* SHA-256 of the content as it was on the wire */
    uint64_t length;    /* octets of it */
    char *content;      /* the first `content_kept` octets, for showing where two differ */
    size_t content_kept;
    bool early; /* content came where there must be none: after 304, to HEAD */
    struct transfer_outcome outcome;
    char address[56]; /* connected to */
};

/* Sends a request for `url` with these lines ("Name: value", NULL at the end) and waits for its
 * end, through `transfers`. `request` may pin an address or ask for a fresh connection. False when
 * memory is out. */
bool probe_send(struct probe *probe, struct transfers *transfers,
                const struct transfer_request *request, const char *const *lines);
void probe_fini(struct probe *probe);

/* The two lines-blocks as evidence: "> GET /a" and "< HTTP/1.1 304"; for free(). */
char *probe_evidence(const struct probe *probe, const char *url);

#endif
