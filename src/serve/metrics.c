/* Counts without locks: each worker has its own, each is written by one thread, and a sum is as
 * true as a look at a moving thing can be.
 *
 * Only combinations that occurred are written: a label that never appeared says nothing.
 */
#include "serve/metrics.h"

#include <inttypes.h>

#define NS_PER_MS 1000000
#define NS_PER_SECOND 1e9

static const int durations_ms[METRICS_DURATIONS] = {1,   2,   5,   10,   20,   50,
                                                    100, 200, 500, 1000, 5000, 30000};

const char *metrics_result_word(enum metrics_result result)
{
    static const char *const words[METRICS_RESULTS] = {
        [METRICS_LOCAL] = "local",         [METRICS_HIT] = "hit",   [METRICS_STALE] = "stale",
        [METRICS_VALIDATED] = "validated", [METRICS_MISS] = "miss", [METRICS_PASS] = "pass",
        [METRICS_FAILED] = "failed"};
    return words[result];
}

static uint64_t metrics_get(const _Atomic(uint64_t) *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

/* ---- counting ---- */

static size_t metrics_class(int64_t duration)
{
    size_t at = 0;
    while (at < METRICS_DURATIONS && duration > (int64_t)durations_ms[at] * NS_PER_MS)
        at++;
    return at;
}

void metrics_count(struct metrics *metrics, const struct metrics_event *event)
{
    const int class = event->status / 100;

    metrics_add(&metrics->requests[event->result][event->reason], 1);
    metrics_add(&metrics->statuses[class >= 1 && class <= 5 ? class : 0], 1);
    if (event->conditional)
        metrics_add(&metrics->client_validated[event->status == 304], 1);
    if (event->origin_status)
        metrics_add(&metrics->origin_validated[event->origin_status == 304], 1);
    metrics_add(&metrics->sent, event->sent);
    metrics_add(&metrics->saved, event->saved);
    if (event->stored)
        metrics_add(&metrics->stored, 1);
    if (event->collapsed)
        metrics_add(&metrics->collapsed, 1);
    if (event->synthesized)
        metrics_add(&metrics->synthesized, 1);
    metrics_add(&metrics->durations[metrics_class(event->duration)], 1);
    metrics_add(&metrics->duration_sum, event->duration > 0 ? (uint64_t)event->duration : 0);
}

/* ---- adding up ---- */

static void metrics_add_all(_Atomic(uint64_t) *to, const _Atomic(uint64_t) *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        metrics_add(&to[i], metrics_get(&from[i]));
}

void metrics_sum(struct metrics *to, const struct metrics *const *workers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct metrics *from = workers[i];
#define METRIC(identifier, name, type, help) \
    metrics_add(&to->identifier, metrics_get(&from->identifier));
#include "serve/metrics.tbl"
#undef METRIC
        metrics_add_all(to->requests[0], from->requests[0], METRICS_RESULTS * STET_REASON_COUNT);
        metrics_add_all(to->statuses, from->statuses, 6);
        metrics_add_all(to->client_validated, from->client_validated, 2);
        metrics_add_all(to->origin_validated, from->origin_validated, 2);
        metrics_add_all(to->durations, from->durations, METRICS_DURATIONS + 1);
        metrics_add(&to->duration_sum, metrics_get(&from->duration_sum));
    }
}

/* ---- Prometheus ---- */

static void metrics_title(struct text *to, const char *name, const char *type, const char *help)
{
    text_say(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void metrics_number(struct text *to, const char *name, const char *type, const char *help,
                           uint64_t value)
{
    metrics_title(to, name, type, help);
    text_say(to, "%s %" PRIu64 "\n", name, value);
}

static void metrics_write_requests(struct text *to, const struct metrics *sum)
{
    metrics_title(
        to, "stet_requests_total", "counter",
        "Requests answered, by how the answer came about and by the reason that decided.");
    for (unsigned result = 0; result < METRICS_RESULTS; result++) {
        for (unsigned reason = 0; reason < STET_REASON_COUNT; reason++) {
            const uint64_t count = metrics_get(&sum->requests[result][reason]);
            const struct stet_span word = stet_reason_word((enum stet_reason)reason);
            if (count)
                text_say(to, "stet_requests_total{cache=\"%s\",reason=\"%.*s\"} %" PRIu64 "\n",
                         metrics_result_word((enum metrics_result)result), (int)word.len, word.at,
                         count);
        }
    }
}

static void metrics_write_statuses(struct text *to, const struct metrics *sum)
{
    metrics_title(to, "stet_responses_total", "counter",
                  "Final responses by class of status; \"none\" is a client that left before.");
    for (unsigned class = 1; class < 6; class ++)
        text_say(to, "stet_responses_total{class=\"%uxx\"} %" PRIu64 "\n", class,
                 metrics_get(&sum->statuses[class]));
    text_say(to, "stet_responses_total{class=\"none\"} %" PRIu64 "\n",
             metrics_get(&sum->statuses[0]));
}

static void metrics_write_validations(struct text *to, const struct metrics *sum)
{
    static const char *const results[2] = {"modified", "not_modified"};

    metrics_title(to, "stet_validations_total", "counter",
                  "Conditional requests by clients, and answers of origins.");
    for (unsigned i = 0; i < 2; i++) {
        text_say(to, "stet_validations_total{side=\"client\",result=\"%s\"} %" PRIu64 "\n",
                 results[i], metrics_get(&sum->client_validated[i]));
        text_say(to, "stet_validations_total{side=\"origin\",result=\"%s\"} %" PRIu64 "\n",
                 results[i], metrics_get(&sum->origin_validated[i]));
    }
}

static void metrics_write_durations(struct text *to, const struct metrics *sum)
{
    uint64_t count = 0;

    metrics_title(to, "stet_request_duration_seconds", "histogram",
                  "From the head of a request to the end of its answer.");
    for (unsigned i = 0; i < METRICS_DURATIONS; i++) {
        count += metrics_get(&sum->durations[i]);
        text_say(to, "stet_request_duration_seconds_bucket{le=\"%g\"} %" PRIu64 "\n",
                 durations_ms[i] / 1000.0, count);
    }
    count += metrics_get(&sum->durations[METRICS_DURATIONS]);
    text_say(to, "stet_request_duration_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", count);
    text_say(to, "stet_request_duration_seconds_sum %.6f\n",
             (double)metrics_get(&sum->duration_sum) / NS_PER_SECOND);
    text_say(to, "stet_request_duration_seconds_count %" PRIu64 "\n", count);
}

static void metrics_write_store(struct text *to, const struct store_sums *store)
{
    metrics_number(to, "stet_store_entries", "gauge", "Entries in the store.", store->entries);
    metrics_number(to, "stet_store_bytes", "gauge",
                   "Octets of the store, all that counts against its budget.", store->octets);
    metrics_number(to, "stet_store_budget_bytes", "gauge", "The budget of the store.",
                   store->budget);
    metrics_number(to, "stet_store_evicted_total", "counter",
                   "Entries that had to go to make room.", store->evicted);
    metrics_number(to, "stet_store_refused_total", "counter",
                   "Entries that were too large or found no memory.", store->refused);
}

void metrics_write(struct text *to, const struct metrics *sum, const struct metrics_state *state)
{
    metrics_write_requests(to, sum);
    metrics_write_statuses(to, sum);
    metrics_write_validations(to, sum);
#define METRIC(identifier, name, type, help) \
    metrics_number(to, name, type, help, metrics_get(&sum->identifier));
#include "serve/metrics.tbl"
#undef METRIC
    metrics_write_durations(to, sum);
    metrics_number(to, "stet_connections", "gauge", "Open connections of clients.",
                   state->connections);
    metrics_number(to, "stet_workers", "gauge", "Workers.", state->workers);
    metrics_title(to, "stet_uptime_seconds", "gauge", "Since the server started.");
    text_say(to, "stet_uptime_seconds %.3f\n", (double)state->uptime / NS_PER_SECOND);
    if (state->has_store)
        metrics_write_store(to, &state->store);
}

/* ---- words ---- */

static uint64_t metrics_of_result(const struct metrics *sum, unsigned result)
{
    uint64_t count = 0;
    for (unsigned reason = 0; reason < STET_REASON_COUNT; reason++)
        count += metrics_get(&sum->requests[result][reason]);
    return count;
}

static double metrics_share(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* "1.5 MiB" */
static void metrics_size(struct text *to, uint64_t octets)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double size = (double)octets;
    size_t unit = 0;

    while (size >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        size /= 1024;
        unit++;
    }
    text_say(to, unit ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

static void metrics_uptime(struct text *to, int64_t uptime)
{
    const int64_t seconds = uptime / 1000000000;
    text_say(to, "up %" PRId64 "d %02d:%02d:%02d", seconds / 86400, (int)(seconds / 3600 % 24),
             (int)(seconds / 60 % 60), (int)(seconds % 60));
}

static void metrics_words_requests(struct text *to, const struct metrics *sum)
{
    uint64_t all = 0;

    for (unsigned result = 0; result < METRICS_RESULTS; result++)
        all += metrics_of_result(sum, result);
    text_say(to, "requests     %" PRIu64 "\n", all);
    for (unsigned result = 0; result < METRICS_RESULTS; result++) {
        const uint64_t count = metrics_of_result(sum, result);
        if (count)
            text_say(to, "  %-10s %" PRIu64 " (%.1f %%)\n",
                     metrics_result_word((enum metrics_result)result), count,
                     metrics_share(count, all));
    }
}

static void metrics_words_validations(struct text *to, const struct metrics *sum)
{
    const uint64_t kept = metrics_get(&sum->client_validated[1]);
    const uint64_t asked = kept + metrics_get(&sum->client_validated[0]);
    const uint64_t origin_kept = metrics_get(&sum->origin_validated[1]);
    const uint64_t origin = origin_kept + metrics_get(&sum->origin_validated[0]);

    text_say(to, "conditional  %" PRIu64 " by clients, %" PRIu64 " answered 304 (%.1f %%)\n", asked,
             kept, metrics_share(kept, asked));
    text_say(to, "origin       %" PRIu64 " answers, %" PRIu64 " of them 304 (%.1f %%)\n", origin,
             origin_kept, metrics_share(origin_kept, origin));
}

void metrics_write_words(struct text *to, const struct metrics *sum,
                         const struct metrics_state *state)
{
    text_say(to, "stet %s, ", STET_VERSION);
    metrics_uptime(to, state->uptime);
    text_say(to, ", %zu workers, %" PRIu64 " connections\n", state->workers, state->connections);
    metrics_words_requests(to, sum);
    metrics_words_validations(to, sum);
    text_say(to, "content      ");
    metrics_size(to, metrics_get(&sum->sent));
    text_say(to, " sent, ");
    metrics_size(to, metrics_get(&sum->saved));
    text_say(to, " saved by 304\n");
    if (!state->has_store)
        return;
    text_say(to, "store        %" PRIu64 " entries, ", state->store.entries);
    metrics_size(to, state->store.octets);
    text_say(to, " of ");
    metrics_size(to, state->store.budget);
    text_say(to, ", %" PRIu64 " evicted, %" PRIu64 " refused\n", state->store.evicted,
             state->store.refused);
}

/* ---- JSON ---- */

static void metrics_json_requests(struct text *to, const struct metrics *sum)
{
    const char *between = "";

    text_say(to, "\"requests\":[");
    for (unsigned result = 0; result < METRICS_RESULTS; result++) {
        for (unsigned reason = 0; reason < STET_REASON_COUNT; reason++) {
            const uint64_t count = metrics_get(&sum->requests[result][reason]);
            const struct stet_span word = stet_reason_word((enum stet_reason)reason);
            if (!count)
                continue;
            text_say(to, "%s{\"cache\":\"%s\",\"reason\":\"%.*s\",\"count\":%" PRIu64 "}", between,
                     metrics_result_word((enum metrics_result)result), (int)word.len, word.at,
                     count);
            between = ",";
        }
    }
    text_say(to, "]");
}

void metrics_write_json(struct text *to, const struct metrics *sum,
                        const struct metrics_state *state)
{
    text_say(to, "{\"version\":\"%s\",\"uptime\":%.3f,\"workers\":%zu,\"connections\":%" PRIu64,
             STET_VERSION, (double)state->uptime / NS_PER_SECOND, state->workers,
             state->connections);
    text_say(to, ",\"responses\":{\"none\":%" PRIu64, metrics_get(&sum->statuses[0]));
    for (unsigned class = 1; class < 6; class ++)
        text_say(to, ",\"%uxx\":%" PRIu64, class, metrics_get(&sum->statuses[class]));
    text_say(to, "},\"validations\":{");
    text_say(to, "\"client\":{\"modified\":%" PRIu64 ",\"not_modified\":%" PRIu64 "},",
             metrics_get(&sum->client_validated[0]), metrics_get(&sum->client_validated[1]));
    text_say(to, "\"origin\":{\"modified\":%" PRIu64 ",\"not_modified\":%" PRIu64 "}},",
             metrics_get(&sum->origin_validated[0]), metrics_get(&sum->origin_validated[1]));
#define METRIC(identifier, name, type, help) \
    text_say(to, "\"" #identifier "\":%" PRIu64 ",", metrics_get(&sum->identifier));
#include "serve/metrics.tbl"
#undef METRIC
    metrics_json_requests(to, sum);
    if (state->has_store)
        text_say(to,
                 ",\"store\":{\"entries\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"budget\":%" PRIu64
                 ",\"evicted\":%" PRIu64 ",\"refused\":%" PRIu64 "}",
                 state->store.entries, state->store.octets, state->store.budget,
                 state->store.evicted, state->store.refused);
    text_say(to, "}\n");
}
