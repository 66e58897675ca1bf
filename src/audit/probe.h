/* Probes: the requests an audit sends about one URL, each with its answer kept whole.
 */
#ifndef AUDIT_PROBE_H
#define AUDIT_PROBE_H

#include "client/transfer.h"

enum { PROBE_DIGEST = 32, PROBE_KEPT = 65536 };

/* An exchange as it was. All zero is none; probe_fini is then allowed. */
struct probe {
    struct message request; /* fields sent, beyond what libcurl adds */
    const char *method;     /* static */
    char *url;              /* asked for */
    int status;             /* 0: no answer */
    struct message response;
    uint8_t digest[PROBE_DIGEST];    /* SHA-256 of the content as it was on the wire */
    uint64_t length;                 /* octets of it that were read */
    char *content;                   /* the first of them, for showing where two differ */
    size_t content_kept;             /* PROBE_KEPT at most */
    bool cut;                        /* there was more than is read: `digest` says nothing */
    bool slow;                       /* it is cut because the time was up; or nothing came at all */
    bool early;                      /* content came where there must be none: after 304, to HEAD */
    struct transfer_outcome outcome; /* `words` and `address` point nowhere any more */
    char address[56];                /* connected to */
    char words[128];                 /* of a failure */
};

/* What to ask beside method, URL and place. */
struct probe_ask {
    const struct transfer_request *request; /* its `head` is not looked at */
    const char *const *common; /* lines ("Name: value"), NULL at the end; may be NULL */
    const char *lines;         /* further ones, parted by "\n"; may be NULL */
    uint64_t content_max;      /* octets of content that are read */
};

/* Sends it and waits for its end. `probe` is filled anew; ends at probe_fini in any case. False
 * when memory is out. */
bool probe_send(struct probe *probe, struct transfers *transfers, const struct probe_ask *ask);
void probe_fini(struct probe *probe);

/* An answer came, to its end. */
bool probe_answered(const struct probe *probe);

/* The same octets of content, as far as both were read whole. */
bool probe_same_content(const struct probe *a, const struct probe *b);

/* The lines of both blocks as evidence, "> GET /a" and "< HTTP/1.1 304", for memory_free; NULL when
 * memory is out. What credentials and cookies say is left out. */
char *probe_evidence(const struct probe *probe);

#endif
