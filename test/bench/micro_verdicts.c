/* Microbenchmark, the verdicts: a request as a browser sends it, judged. */
#include "micro.h"

#define NOW INT64_C(1800000000)
#define TAG "\"mX4kq0ZCt1sVv8hQ2yRbWg\""
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT" /* 784111777 */

static const struct stet_validators *validators(void)
{
    static struct stet_validators current = {
        .exists = true, .has_modified = true, .modified_strong = true, .modified = 784111777};

    current.etag = stet_etag_read(STET_SPAN(TAG));
    return &current;
}

static size_t precondition(const char *lines, uint64_t times)
{
    static const struct stet_validators *volatile current;
    static const struct stet_request *volatile request;

    request = micro_request(lines);
    current = validators();
    for (uint64_t i = 0; i < times; i++) {
        struct stet_precondition got = stet_precondition(request, current, STET_AS_ORIGIN, NOW);
        micro_sink += (uint64_t)got.answer + got.reason + got.range;
    }
    return 0;
}

size_t micro_precondition_none(uint64_t times)
{
    return precondition("", times);
}

size_t micro_precondition_hit(uint64_t times)
{
    return precondition("If-None-Match: " TAG, times);
}

size_t micro_precondition_miss(uint64_t times)
{
    return precondition("If-None-Match: \"AAAAq0ZCt1sVv8hQ2yRbWg\", \"BBBBq0ZCt1sVv8hQ2yRbWg\", "
                        "\"CCCCq0ZCt1sVv8hQ2yRbWg\", \"DDDDq0ZCt1sVv8hQ2yRbWg\", "
                        "W/\"AAAAq0ZCt1sVv8hQ2yRbWg\", W/\"BBBBq0ZCt1sVv8hQ2yRbWg\", "
                        "W/\"CCCCq0ZCt1sVv8hQ2yRbWg\", W/\"DDDDq0ZCt1sVv8hQ2yRbWg\"",
                        times);
}

size_t micro_precondition_since(uint64_t times)
{
    return precondition("If-Modified-Since: " DATE, times);
}

size_t micro_precondition_five(uint64_t times)
{
    return precondition("If-Match: " TAG "\nIf-Unmodified-Since: " DATE
                        "\nIf-None-Match: \"x\"\nIf-Modified-Since: " DATE
                        "\nRange: bytes=0-499\nIf-Range: " TAG,
                        times);
}

static size_t answer(const char *lines, uint64_t times)
{
    static const struct stet_validators *volatile current;
    static const struct stet_request *volatile request;

    request = micro_request(lines);
    current = validators();
    for (uint64_t i = 0; i < times; i++) {
        struct stet_answer got = stet_answer_of(request, current, STET_AS_ORIGIN, 100000, NOW);
        micro_sink += (unsigned)got.status + got.reason + got.ranges.at[got.ranges.count].last;
    }
    return 0;
}

size_t micro_answer_304(uint64_t times)
{
    return answer("If-None-Match: " TAG, times);
}

size_t micro_answer_206(uint64_t times)
{
    return answer("Range: bytes=500-999\nIf-Range: " TAG, times);
}

/* What a shared cache holds and is asked for. */
static struct {
    struct stet_profile profile;
    struct stet_response response;
    const struct stet_request *request;
    struct stet_transaction transaction;
    struct stet_stored stored;
    struct stet_asked asked;
} cache;

static void cache_make(void)
{
    struct stet_storing storing;

    cache.profile = stet_profile_gateway();
    cache.request = micro_request("");
    cache.response.status = 200;
    cache.response.head = *micro_head(
        "Date: Sun, 06 Nov 1994 09:00:00 GMT\nServer: x\nContent-Type: text/html\n"
        "Content-Length: 5000\nLast-Modified: " DATE "\nETag: " TAG
        "\nCache-Control: public, max-age=3600\nVary: Accept-Encoding, Accept-Language");
    cache.transaction = (struct stet_transaction){
        .request = cache.request,
        .response = &cache.response,
        .arrival = {.requested = NOW, .received = NOW, .wall = 784112400},
    };
    storing = stet_may_store(&cache.profile, &cache.transaction);
    cache.stored = stet_stored_of(&cache.profile, &cache.transaction, &storing.directives);
    cache.asked = stet_asked_of(&cache.profile, cache.request, false);
}

size_t micro_may_store(uint64_t times)
{
    static const struct stet_transaction *volatile transaction = &cache.transaction;

    cache_make();
    for (uint64_t i = 0; i < times; i++) {
        struct stet_storing got = stet_may_store(&cache.profile, transaction);
        micro_sink += got.reason + got.directives.present;
    }
    return 0;
}

size_t micro_asked(uint64_t times)
{
    static const struct stet_request *volatile request;

    cache_make();
    request = cache.request;
    for (uint64_t i = 0; i < times; i++) {
        struct stet_asked got = stet_asked_of(&cache.profile, request, false);
        micro_sink += got.max_age + got.max_stale + got.min_fresh + got.no_cache + got.range;
    }
    return 0;
}

size_t micro_may_reuse(uint64_t times)
{
    static const struct stet_stored *volatile stored = &cache.stored;

    cache_make();
    for (uint64_t i = 0; i < times; i++) {
        struct stet_reuse got = stet_may_reuse(&cache.profile, stored, &cache.asked, NOW + 10);
        micro_sink += (uint64_t)got.answer + got.reason + got.age + (uint64_t)got.ttl;
    }
    return 0;
}

size_t micro_vary_match(uint64_t times)
{
    static const char *volatile at;
    static char selection[256];

    cache_make();
    size_t length = stet_vary_select(stet_list_of(&cache.response.head, STET_FIELD_VARY),
                                     &cache.request->head, selection, sizeof selection);
    at = selection;
    for (uint64_t i = 0; i < times; i++)
        micro_sink += stet_vary_match(stet_span(at, length), &cache.request->head);
    return 0;
}

size_t micro_coding_choose(uint64_t times)
{
    static const struct stet_request *volatile request;

    request = micro_request("");
    for (uint64_t i = 0; i < times; i++) {
        struct stet_accepted_codings accepted = stet_accepted_codings(&request->head);
        micro_sink += stet_coding_choose(&accepted, 1 << STET_CODING_GZIP | 1);
    }
    return 0;
}

size_t micro_validators(uint64_t times)
{
    static const struct stet_head *volatile head;

    head = micro_head("Date: Sun, 06 Nov 1994 09:00:00 GMT\nServer: x\nContent-Type: text/html\n"
                      "Content-Length: 5000\nLast-Modified: " DATE "\nETag: " TAG
                      "\nCache-Control: max-age=60\nVary: Accept-Encoding");
    for (uint64_t i = 0; i < times; i++) {
        struct stet_validators got = stet_validators_of(head, NOW);
        micro_sink += (uint64_t)got.modified + got.modified_strong + got.etag.opaque.len;
    }
    return 0;
}
