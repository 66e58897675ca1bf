/* A request log: lines of an access log, counted as targets.
 *
 * Known are the common and the combined form (Apache's with the host in front too) and JSON lines
 * as stet writes them. What counts is a GET that was answered with content or with 304.
 */
#ifndef AUDIT_REQUESTLOG_H
#define AUDIT_REQUESTLOG_H

#include "audit/targets.h"

#include <stdio.h>

struct requestlog {
    struct targets *targets;
    struct stet_span base; /* URL whose scheme and authority lines without a host have; or none */
    uint64_t lines;        /* read */
    uint64_t counted;      /* of them: GETs, now among the targets */
    uint64_t malformed;    /* of them: not understood */
    uint64_t without_host; /* of them: would be counted, were there a base */
};

/* Counts one line, its end removed. False when memory is out. */
bool requestlog_line(struct requestlog *log, struct stet_span line);

/* Counts all lines of a file, packed by gzip or plain; "-" is standard input. NULL, or what failed,
 * in static words. */
const char *requestlog_read(struct requestlog *log, const char *path);

#endif
