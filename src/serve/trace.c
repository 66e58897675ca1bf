/* A trace is a struct and, behind it, the texts it speaks of; only as much of it as is used goes
 * through the ring. Pointers are made anew by the one who takes it out.
 */
#include "serve/trace.h"

#include "base/check.h"

#include <stddef.h>
#include <string.h>

static void trace_copy(struct trace *trace, struct stet_span *text)
{
    size_t room = sizeof trace->text - trace->used;
    size_t len = text->len < room ? text->len : room;

    if (len)
        memcpy(trace->text + trace->used, text->at, len);
    trace->used += len;
    text->len = len;
    text->at = NULL;
}

/* The texts of a trace, in the order in which they stand behind it. */
#define TRACE_TEXTS(trace)                                                        \
    {                                                                             \
        &(trace)->entry.method, &(trace)->entry.target, &(trace)->facts.next_hop, \
            &(trace)->entry.referer, &(trace)->entry.user_agent                   \
    }
enum { TRACE_TEXT_COUNT = 5 };

void trace_put(struct ring *ring, const struct accesslog_entry *entry,
               const struct stream_outcome *outcome, int64_t now)
{
    struct trace trace;
    struct stet_span *texts[TRACE_TEXT_COUNT] = TRACE_TEXTS(&trace);

    memset(&trace, 0, offsetof(struct trace, text));
    trace.entry = *entry;
    trace.entry.facts = NULL;
    trace.entry.rules = NULL;
    trace.has_facts = entry->facts != NULL;
    if (entry->facts)
        trace.facts = *entry->facts;
    trace.answered = outcome != NULL;
    if (outcome)
        trace.outcome = *outcome;
    trace.ended = now;
    for (size_t i = 0; i < TRACE_TEXT_COUNT; i++)
        trace_copy(&trace, texts[i]);
    ring_put(ring, &trace, offsetof(struct trace, text) + trace.used);
}

bool trace_take(struct ring *ring, struct trace *trace)
{
    struct stet_span *texts[TRACE_TEXT_COUNT] = TRACE_TEXTS(trace);
    size_t at = 0, len = ring_take(ring, trace, sizeof *trace);

    if (len == 0)
        return false;
    CHECK(len == offsetof(struct trace, text) + trace->used);
    for (size_t i = 0; i < TRACE_TEXT_COUNT; i++) {
        texts[i]->at = trace->text + at;
        at += texts[i]->len;
    }
    trace->entry.facts = trace->has_facts ? &trace->facts : NULL;
    return true;
}

int trace_status(const struct trace *trace)
{
    if (trace->answered)
        return trace->outcome.status;
    return trace->entry.refused ? trace->entry.refused : 499;
}

enum metrics_result trace_result_of(const struct cache_facts *facts)
{
    if (!facts)
        return METRICS_LOCAL;
    if (facts->error != STET_PROXY_ERROR_NONE && !facts->hit)
        return METRICS_FAILED;
    if (facts->hit)
        return facts->has_ttl && facts->ttl < 0 ? METRICS_STALE : METRICS_HIT;
    if (facts->forward == STET_FORWARD_NONE)
        return METRICS_LOCAL;
    if (facts->forward_status == 304)
        return METRICS_VALIDATED;
    if (facts->forward == STET_FORWARD_BYPASS || facts->forward == STET_FORWARD_METHOD)
        return METRICS_PASS;
    return METRICS_MISS;
}

static bool trace_same(struct stet_span wanted, struct stet_span value)
{
    return !wanted.len || stet_span_equal(wanted, value);
}

static bool trace_begins(struct stet_span wanted, struct stet_span value)
{
    return wanted.len <= value.len && (!wanted.len || memcmp(wanted.at, value.at, wanted.len) == 0);
}

bool trace_passes(const struct trace *trace, const struct trace_filter *filter)
{
    char client[SOCK_ADDRESS_TEXT];
    const int status = trace_status(trace);
    const char *result = metrics_result_word(trace_result_of(trace->entry.facts));

    if (filter->status && filter->status != status && filter->status != status / 100)
        return false;
    if (!trace_same(filter->cache, stet_span_of(result)) ||
        !trace_same(filter->reason, stet_reason_word(trace->entry.reason)) ||
        !trace_same(filter->method, trace->entry.method) ||
        !trace_begins(filter->target, trace->entry.target))
        return false;
    return !filter->client.len ||
           trace_same(filter->client,
                      stet_span(client, sock_address_text(&trace->entry.peer, client)));
}

void trace_write(const struct trace *trace, struct text *to)
{
    accesslog_write_json(&trace->entry, trace->answered ? &trace->outcome : NULL, trace->ended, to);
}
