/* Metrics: what the workers have been doing, counted by each for itself and added up when someone
 * asks, in the text form of Prometheus or as JSON.
 */
#ifndef SERVE_METRICS_H
#define SERVE_METRICS_H

#include "base/text.h"
#include "stet/reason.h"
#include "store/store.h"

#include <stdatomic.h>

/* How an answer came about. */
enum metrics_result {
    METRICS_LOCAL,     /* a file, a redirect, a page of our own */
    METRICS_HIT,       /* stored and fresh */
    METRICS_STALE,     /* stored, and served although stale */
    METRICS_VALIDATED, /* stored, and the origin said 304 */
    METRICS_MISS,      /* fetched: nothing stored would do */
    METRICS_PASS,      /* fetched: what is stored was not looked at */
    METRICS_FAILED,    /* the fetch failed */
    METRICS_RESULTS
};

/* The label of a result: "hit". */
const char *metrics_result_word(enum metrics_result result);

/* Upper ends of the classes of durations, in ms; the last class has none. */
#define METRICS_DURATIONS 12

/* One answered request. */
struct metrics_event {
    enum metrics_result result;
    enum stet_reason reason;
    int status;
    int origin_status; /* 0: no origin was asked, or none answered */
    bool conditional;  /* the client sent a condition */
    bool stored, collapsed, synthesized;
    uint64_t sent;    /* octets */
    uint64_t saved;   /* octets */
    int64_t duration; /* ns */
};

/* One worker's counts. Only its own thread adds; anyone may read. All zero at first. */
struct metrics {
#define METRIC(identifier, name, type, help) _Atomic(uint64_t) identifier;
#include "serve/metrics.tbl"
#undef METRIC
    _Atomic(uint64_t) requests[METRICS_RESULTS][STET_REASON_COUNT];
    _Atomic(uint64_t) statuses[6];         /* by class, 1xx at 1; 0 is for none: the client left */
    _Atomic(uint64_t) client_validated[2]; /* conditional requests: answered otherwise, by 304 */
    _Atomic(uint64_t) origin_validated[2]; /* origin's answers: others, 304 */
    _Atomic(uint64_t) durations[METRICS_DURATIONS + 1];
    _Atomic(uint64_t) duration_sum; /* ns */
};

static inline void metrics_add(_Atomic(uint64_t) *count, uint64_t more)
{
    /* one writer: no locked instruction is needed */
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

void metrics_count(struct metrics *metrics, const struct metrics_event *event);

/* What is so just now. */
struct metrics_state {
    int64_t uptime; /* ns */
    uint64_t connections;
    size_t workers;
    bool has_store;
    struct store_sums store;
};

/* Adds up all workers. */
void metrics_sum(struct metrics *to, const struct metrics *const *workers, size_t count);

/* The text form of Prometheus, version 0.0.4. */
void metrics_write(struct text *to, const struct metrics *sum, const struct metrics_state *state);

/* For people: what matters most, in a few lines. */
void metrics_write_words(struct text *to, const struct metrics *sum,
                         const struct metrics_state *state);

/* The same as one JSON object. */
void metrics_write_json(struct text *to, const struct metrics *sum,
                        const struct metrics_state *state);

#endif
