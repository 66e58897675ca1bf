/* The lines that a gateway adds: what they say, and that each is whole or not there. */
#include "serve/cachelines.h"

#include "table.h"
#include "wire/reply.h"

#include <stdio.h>
#include <stdlib.h>

static const struct cache_rules rules = {.name = S("stet")};

struct row {
    const char *id;
    const char *name;
    struct cache_facts facts;
    int status;       /* that is sent */
    const char *want; /* Cache-Status, then Proxy-Status */
};

static const struct row rows[] = {
    {"C-9211-2.1-1",
     "a hit",
     {.hit = true, .has_ttl = true, .ttl = 9, .reason = STET_REASON_FRESH},
     200,
     "Cache-Status: stet;hit;ttl=9;detail=fresh\r\n"},
    {"C-9211-2.1-1",
     "a hit never says fwd",
     {.hit = true, .forward = STET_FORWARD_STALE, .reason = STET_REASON_STALE_WHILE_REVALIDATE},
     200,
     "Cache-Status: stet;hit;detail=stale-while-revalidate\r\n"},
    {"C-9211-2.2-1",
     "a miss",
     {.forward = STET_FORWARD_URI_MISS,
      .forward_status = 200,
      .stored = true,
      .storing = STET_REASON_STORABLE,
      .reason = STET_REASON_NOT_STORED},
     200,
     "Cache-Status: stet;fwd=uri-miss;stored;detail=not-stored\r\n"},
    {"C-9211-2.2-1",
     "what may not be stored says why",
     {.forward = STET_FORWARD_URI_MISS,
      .forward_status = 200,
      .storing = STET_REASON_PRIVATE,
      .reason = STET_REASON_NOT_STORED},
     200,
     "Cache-Status: stet;fwd=uri-miss;detail=private\r\n"},
    {"C-9211-2.3-1",
     "304 from the origin, 200 to the client",
     {.forward = STET_FORWARD_STALE, .forward_status = 304, .reason = STET_REASON_VALIDATED},
     200,
     "Cache-Status: stet;fwd=stale;fwd-status=304;detail=validated\r\n"},
    {"C-9211-2-2", "nothing to say", {.reason = STET_REASON_ONLY_IF_CACHED}, 504, ""},
    {"C-9209-2.1.1-1",
     "refused",
     {.error = STET_PROXY_ERROR_CONNECTION_REFUSED, .next_hop = S("127.0.0.1:9")},
     502,
     "Proxy-Status: stet;error=connection_refused;next-hop=\"127.0.0.1:9\"\r\n"},
    {"C-9209-2.1-2",
     "refused by one who spoke HTTP/2",
     {.error = STET_PROXY_ERROR_CONNECTION_TERMINATED, .next_hop = S("a:9"), .spoken = 20},
     502,
     "Proxy-Status: stet;error=connection_terminated;next-hop=a:9;next-protocol=h2\r\n"},
    {"C-9209-2.1-2",
     "no answer over HTTP/1.1",
     {.error = STET_PROXY_ERROR_HTTP_RESPONSE_TIMEOUT, .spoken = 11},
     504,
     "Proxy-Status: stet;error=http_response_timeout;next-protocol=http/1.1\r\n"},
    {"C-9209-2.1-2",
     "malformed",
     {.error = STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR, .forward_status = 0},
     502,
     "Proxy-Status: stet;error=http_protocol_error\r\n"},
    {"C-9209-2.1-2",
     "stale in spite of an error: both",
     {.forward = STET_FORWARD_STALE,
      .forward_status = 503,
      .error = STET_PROXY_ERROR_HTTP_REQUEST_ERROR,
      .reason = STET_REASON_STALE_IF_ERROR},
     200,
     "Cache-Status: stet;fwd=stale;fwd-status=503;detail=stale-if-error\r\n"
     "Proxy-Status: stet;error=http_request_error;received-status=503\r\n"},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        const struct stet_cachestatus status =
            cachelines_status_of(&rules, &row->facts, row->status);
        struct cachelines lines;
        cachelines_init(&lines);
        cachelines_status(&lines, &status);
        cachelines_error(&lines, &rules, &row->facts);
        const struct stet_span got = cachelines_block(&lines);
        if (!stet_span_equal(got, stet_span_of(row->want)))
            fail_msg("%s (%s): %.*s", row->id, row->name, (int)got.len, got.at);
    }
}

static void test_age(void **state)
{
    static const uint32_t ages[] = {0, 7, 60, 86400, 2147483648U, UINT32_MAX};
    (void)state;
    for (size_t i = 0; i < COUNT(ages); i++) {
        struct cachelines lines;
        char want[32];
        cachelines_init(&lines);
        cachelines_age(&lines, ages[i]);
        snprintf(want, sizeof want, "Age: %u\r\n", ages[i]);
        assert_true(stet_span_equal(cachelines_block(&lines), stet_span_of(want)));
    }
}

static void test_via(void **state)
{
    static const struct {
        const char *id, *name;
        uint8_t received;
        const char *want;
    } vias[] = {
        {"C-9110-7.6.3-1", "by HTTP/1.0", 10, "Via: 1.0 edge\r\n"},
        {"C-9110-7.6.3-1", "by HTTP/1.1", 11, "Via: 1.1 edge\r\n"},
        {"C-9110-7.6.3-1", "by HTTP/2", 20, "Via: 2.0 edge\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(vias); i++) {
        const struct cache_facts facts = {.received = vias[i].received};
        struct cachelines lines;
        cachelines_init(&lines);
        cachelines_via(&lines, STET_SPAN("edge"), &facts);
        check_row(&vias[i], stet_span_equal(cachelines_block(&lines), stet_span_of(vias[i].want)));
    }
}

/* However little room is left, the block stays one of whole lines. */
static void test_whole_lines(void **state)
{
    const struct cache_facts facts = {
        .hit = true, .error = STET_PROXY_ERROR_CONNECTION_REFUSED, .reason = STET_REASON_FRESH};
    (void)state;
    for (size_t length = 1; length < 2 * CACHELINES_ROOM; length++) {
        char *name = malloc(length);
        struct cachelines lines;
        struct stet_span line, value;
        memset(name, 'n', length);
        cachelines_init(&lines);
        cachelines_via(&lines, stet_span(name, length), &facts);
        const struct cache_rules named = {.name = S("stet")};
        const struct stet_cachestatus status = cachelines_status_of(&named, &facts, 200);
        cachelines_status(&lines, &status);
        cachelines_error(&lines, &named, &facts);
        cachelines_age(&lines, UINT32_MAX);
        assert_true(lines.used <= CACHELINES_ROOM);
        struct stet_span block = cachelines_block(&lines);
        while (reply_block_next(&block, &line, &value))
            assert_true(line.len > 0 && value.len > 0);
        free(name);
    }
}

/* What is kept of a hit is what would be written for it. */
static void hits_are_alike(void **state)
{
    (void)state;
    static const struct {
        const char *id, *name;
        struct stet_span cache;
        struct cache_facts facts;
        const char *want;
    } hits[] = {
        {"C-9211-2.1-1",
         "a hit",
         S("stet"),
         {.hit = true, .has_ttl = true, .ttl = 9, .age = 1, .reason = STET_REASON_FRESH},
         "Age: 1\r\nCache-Status: stet;hit;ttl=9;detail=fresh\r\n"},
        {"C-9211-2.1-1",
         "older, in the same place",
         S("stet"),
         {.hit = true, .has_ttl = true, .ttl = 9, .age = 2, .reason = STET_REASON_FRESH},
         "Age: 2\r\nCache-Status: stet;hit;ttl=9;detail=fresh\r\n"},
        {"C-9211-2.1-1",
         "for another reason",
         S("stet"),
         {.hit = true, .has_ttl = true, .ttl = 9, .age = 2, .reason = STET_REASON_VALIDATED},
         "Age: 2\r\nCache-Status: stet;hit;ttl=9;detail=validated\r\n"},
        {"C-9211-2.1-1",
         "of another cache",
         S("edge"),
         {.hit = true, .has_ttl = true, .ttl = 9, .age = 2, .reason = STET_REASON_VALIDATED},
         "Age: 2\r\nCache-Status: edge;hit;ttl=9;detail=validated\r\n"},
        {"C-9211-2.4-1",
         "stale, another place",
         S("edge"),
         {.hit = true, .has_ttl = true, .ttl = -7, .age = 2, .reason = STET_REASON_VALIDATED},
         "Age: 2\r\nCache-Status: edge;hit;ttl=-7;detail=validated\r\n"},
        {"C-9211-2.1-1",
         "a name too long to be kept",
         S("a-name-of-more-than-two-and-thirty-octets"),
         {.hit = true, .has_ttl = true, .ttl = 9, .age = 2, .reason = STET_REASON_FRESH},
         "Age: 2\r\nCache-Status: a-name-of-more-than-two-and-thirty-octets;hit;ttl=9;"
         "detail=fresh\r\n"},
        {"C-9211-2.1-1",
         "the one that the place has",
         S("edge"),
         {.hit = true, .has_ttl = true, .ttl = 9, .age = 2, .reason = STET_REASON_VALIDATED},
         "Age: 2\r\nCache-Status: edge;hit;ttl=9;detail=validated\r\n"},
    };
    static struct cachelines_hits kept;
    for (size_t i = 0; i < COUNT(hits); i++) {
        const struct cache_rules named = {.name = hits[i].cache};
        for (int round = 0; round < 2; round++) {
            struct cachelines lines;
            cachelines_init(&lines);
            const struct stet_span got = cachelines_of_hit(&kept, &named, &hits[i].facts, &lines);
            check_row(&hits[i], stet_span_equal(got, stet_span_of(hits[i].want)));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),      cmocka_unit_test(test_age),
        cmocka_unit_test(test_via),       cmocka_unit_test(test_whole_lines),
        cmocka_unit_test(hits_are_alike),
    };
    return cmocka_run_group_tests_name("cachelines", tests, NULL, NULL);
}
