/* Traces: answered requests on their way from a worker to whoever watches (`stet log`).
 *
 * A worker copies what is known of a request into its ring, if someone watches; all else (choosing,
 * writing) is done by the one who takes it out.
 */
#ifndef SERVE_TRACE_H
#define SERVE_TRACE_H

#include "base/ring.h"
#include "base/text.h"
#include "serve/accesslog.h"
#include "serve/metrics.h"

/* Octets of the client's and the origin's words that one trace has room for. */
#define TRACE_TEXT 2560

/* A trace that was taken out; its entry points into itself, so it must not be moved. */
struct trace {
    struct accesslog_entry entry;
    struct cache_facts facts;
    struct stream_outcome outcome;
    bool has_facts, answered;
    int64_t ended; /* wall clock, ns */
    size_t used;
    char text[TRACE_TEXT];
};

/* Puts what is known of a request into the ring. `outcome` as in accesslog_end. */
void trace_put(struct ring *ring, const struct accesslog_entry *entry,
               const struct stream_outcome *outcome, int64_t now);

/* Takes the next one out. False when there is none. */
bool trace_take(struct ring *ring, struct trace *trace);

/* The status that was sent; 499 when the client left first. */
int trace_status(const struct trace *trace);

/* How the answer came about, by what is known of it; NULL is a file or a page of our own. */
enum metrics_result trace_result_of(const struct cache_facts *facts);

/* What a watcher wants to see; all zero: everything. Spans are borrowed. */
struct trace_filter {
    int status;              /* this one, or 1 to 5 for a class; 0: any */
    struct stet_span cache;  /* metrics_result_word */
    struct stet_span reason; /* stet_reason_word */
    struct stet_span method;
    struct stet_span target; /* it begins so */
    struct stet_span client; /* its address */
};

bool trace_passes(const struct trace *trace, const struct trace_filter *filter);

/* Appends its line, as in the JSON access log. */
void trace_write(const struct trace *trace, struct text *to);

#endif
