/* HAR: what a browser or a proxy recorded of its requests, counted as targets (HTTP Archive 1.2).
 */
#ifndef AUDIT_HAR_H
#define AUDIT_HAR_H

#include "audit/targets.h"

struct har {
    struct targets *targets;
    uint64_t entries;  /* in the archive */
    uint64_t counted;  /* of them: GETs with an answer from the network, now among the targets */
    size_t memory_max; /* octets that it may take; 0: the limit of inputlimit.tbl */
};

/* Room for what har_read says. */
#define HAR_MESSAGE 256

/* Counts the requests of an archive. False, and `message` says what is wrong with it. */
bool har_read(struct har *har, const char *path, char message[HAR_MESSAGE]);

/* The same of one in memory. */
bool har_take(struct har *har, struct stet_span text, char message[HAR_MESSAGE]);

#endif
