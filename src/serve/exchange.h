/* Exchanges: one request and its answer, step by step.
 */
#ifndef SERVE_EXCHANGE_H
#define SERVE_EXCHANGE_H

#include "base/limits.h"
#include "base/ring.h"
#include "io/loop.h"
#include "net/dial.h"
#include "serve/acceptance.h"
#include "serve/accesslog.h"
#include "serve/cachelines.h"
#include "serve/metrics.h"
#include "serve/site.h"
#include "wire/codec.h"

struct exchange;

/* What the exchanges of one worker share. */
struct exchange_context {
    struct loop *loop;
    struct sites *sites;        /* for the next exchange; a reference */
    struct cache_worker *cache; /* NULL: no site fetches anything */
    struct dial_setup dial;     /* for tunnels, if any site is a forward proxy */
    struct accesslog *log;      /* NULL: no access log */
    struct metrics *metrics;
    struct ring *ring;     /* for traces */
    struct exchange *idle; /* kept for reuse */
    size_t idle_count;
    struct acceptances acceptances;
    struct cachelines_hits hits;
};

/* The table of functions for the codecs; their owner is a struct exchange_context. */
extern const struct service exchange_service;

/* Frees what was kept for reuse. No exchange is open any more. */
void exchange_context_fini(struct exchange_context *context);

#endif
