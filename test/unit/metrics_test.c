/* Metrics: each event is counted where it belongs, sums are sums, and both forms say so. */
#include "serve/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

static const struct metrics_event events[] = {
    {METRICS_HIT, STET_REASON_IF_NONE_MATCH_FALSE, 304, 0, true, false, false, true, 0, 1024,
     MS / 2},
    {METRICS_HIT, STET_REASON_FRESH, 200, 0, false, false, true, false, 1024, 0, 3 * MS},
    {METRICS_VALIDATED, STET_REASON_VALIDATED, 200, 304, true, false, false, false, 10, 0, 70 * MS},
    {METRICS_MISS, STET_REASON_NOT_STORED, 200, 200, false, true, false, false, 10, 0, 90000 * MS},
    {METRICS_FAILED, STET_REASON_NONE, 502, 0, false, false, false, false, 99, 0, 0},
    {METRICS_LOCAL, STET_REASON_NONE, 0, 0, false, false, false, false, 0, 0, -1},
};

static void fill(struct metrics *metrics)
{
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        metrics_count(metrics, &events[i]);
}

static void has(const struct text *text, const char *line)
{
    if (!memmem(text->at, text->len, line, strlen(line)))
        fail_msg("no \"%s\" in\n%.*s", line, (int)text->len, text->at);
}

static void has_not(const struct text *text, const char *part)
{
    if (memmem(text->at, text->len, part, strlen(part)))
        fail_msg("\"%s\" in\n%.*s", part, (int)text->len, text->at);
}

static void writes_prometheus(void **state)
{
    static struct metrics one, two, sum;
    const struct metrics *const workers[] = {&one, &two};
    const struct metrics_state now = {.uptime = 1500 * MS, .connections = 3, .workers = 2};
    struct text text = {0};
    (void)state;

    fill(&one);
    fill(&two);
    metrics_add(&two.refused, 5);
    metrics_sum(&sum, workers, 2);
    metrics_write(&text, &sum, &now);
    has(&text, "\nstet_requests_total{cache=\"hit\",reason=\"if-none-match-false\"} 2\n");
    has(&text, "\nstet_requests_total{cache=\"failed\",reason=\"none\"} 2\n");
    has_not(&text, "cache=\"stale\"");
    has(&text, "\nstet_responses_total{class=\"2xx\"} 6\n");
    has(&text, "\nstet_responses_total{class=\"none\"} 2\n");
    has(&text, "\nstet_validations_total{side=\"client\",result=\"not_modified\"} 2\n");
    has(&text, "\nstet_validations_total{side=\"client\",result=\"modified\"} 2\n");
    has(&text, "\nstet_validations_total{side=\"origin\",result=\"not_modified\"} 2\n");
    has(&text, "\nstet_saved_bytes_total 2048\n");
    has(&text, "\nstet_sent_bytes_total 2286\n");
    has(&text, "\nstet_refused_total 5\n");
    has(&text, "\nstet_stored_total 2\n");
    has(&text, "\nstet_request_duration_seconds_bucket{le=\"0.001\"} 6\n");
    has(&text, "\nstet_request_duration_seconds_bucket{le=\"0.005\"} 8\n");
    has(&text, "\nstet_request_duration_seconds_bucket{le=\"30\"} 10\n");
    has(&text, "\nstet_request_duration_seconds_bucket{le=\"+Inf\"} 12\n");
    has(&text, "\nstet_request_duration_seconds_count 12\n");
    has(&text, "\nstet_connections 3\n");
    has(&text, "\nstet_uptime_seconds 1.500\n");
    has_not(&text, "stet_store_");
    text_fini(&text);
}

static void writes_json(void **state)
{
    static struct metrics metrics;
    const struct metrics_state now = {
        .workers = 1, .has_store = true, .store = {.entries = 7, .octets = 9, .budget = 11}};
    struct text text = {0};
    (void)state;

    fill(&metrics);
    metrics_write_json(&text, &metrics, &now);
    has(&text, "{\"version\":\"");
    has(&text, "{\"cache\":\"validated\",\"reason\":\"validated\",\"count\":1}");
    has(&text, "\"responses\":{\"none\":1,\"1xx\":0,\"2xx\":3,\"3xx\":1,\"4xx\":0,\"5xx\":1}");
    has(&text,
        "\"store\":{\"entries\":7,\"bytes\":9,\"budget\":11,\"evicted\":0,\"refused\":0}}\n");
    text_fini(&text);
}

static void writes_words(void **state)
{
    static struct metrics metrics;
    const struct metrics_state now = {.uptime = 90061000 * MS,
                                      .workers = 1,
                                      .has_store = true,
                                      .store = {.entries = 7, .octets = 1536, .budget = 1 << 28}};
    struct text text = {0};
    (void)state;

    fill(&metrics);
    metrics_write_words(&text, &metrics, &now);
    has(&text, ", up 1d 01:01:01, 1 workers, 0 connections\n");
    has(&text, "\nrequests     6\n");
    has(&text, "\n  hit        2 (33.3 %)\n");
    has_not(&text, "stale");
    has(&text, "\nconditional  2 by clients, 1 answered 304 (50.0 %)\n");
    has(&text, "\norigin       2 answers, 1 of them 304 (50.0 %)\n");
    has(&text, "\ncontent      1.1 KiB sent, 1.0 KiB saved by 304\n");
    has(&text, "\nstore        7 entries, 1.5 KiB of 256.0 MiB, 0 evicted, 0 refused\n");
    text_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_prometheus),
        cmocka_unit_test(writes_json),
        cmocka_unit_test(writes_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
