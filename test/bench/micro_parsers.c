/* Microbenchmark, the parsers: text as it comes over the wire, read and written. */
#include "micro.h"

#define NOW INT64_C(1800000000)

/* Texts come through here, so that each call reads its input anew. */
static const char *volatile text;

static struct stet_span through(struct stet_span span)
{
    text = span.at;
    return span;
}

static const char *const names[] = {"Host",
                                    "User-Agent",
                                    "Accept",
                                    "Accept-Language",
                                    "Accept-Encoding",
                                    "Referer",
                                    "Connection",
                                    "Cookie",
                                    "Upgrade-Insecure-Requests",
                                    "Sec-Fetch-Dest",
                                    "If-None-Match",
                                    "If-Modified-Since",
                                    "Cache-Control",
                                    "content-length",
                                    "content-type",
                                    "last-modified"};

enum { NAMES = sizeof names / sizeof *names };

size_t micro_field_id(uint64_t times)
{
    struct stet_span spans[NAMES];
    size_t octets = 0;

    for (size_t i = 0; i < NAMES; i++) {
        spans[i] = stet_span_of(names[i]);
        octets += spans[i].len;
    }
    for (uint64_t i = 0; i < times; i++)
        for (size_t at = 0; at < NAMES; at++)
            micro_sink += stet_field_id(spans[at]);
    return octets;
}

size_t micro_head_add(uint64_t times)
{
    const struct stet_request *request = micro_request("");
    struct stet_field storage[12];
    size_t octets = 0;

    for (size_t at = 0; at < request->head.count; at++)
        octets += request->head.fields[at].name.len + request->head.fields[at].value.len;
    for (uint64_t i = 0; i < times; i++) {
        struct stet_head head = {.fields = storage};
        for (size_t at = 0; at < 12; at++)
            stet_head_add(&head, storage, request->head.fields[at].name,
                          request->head.fields[at].value);
        micro_sink += head.count;
    }
    return octets;
}

size_t micro_list_walk(uint64_t times)
{
    struct stet_span value = through(STET_SPAN(
        "accept, accept-encoding, \"quoted, with comma\", cookie, x-requested-with, origin, "
        "sec-fetch-dest, sec-fetch-mode;q=0.5, sec-fetch-site, user-agent, dpr, width"));

    for (uint64_t i = 0; i < times; i++) {
        struct stet_list list = stet_list_in(stet_span(text, value.len));
        struct stet_span member;
        while (stet_list_next(&list, &member))
            micro_sink += member.len;
    }
    return value.len;
}

size_t micro_etag_read(uint64_t times)
{
    struct stet_span value = through(STET_SPAN("W/\"mX4kq0ZCt1sVv8hQ2yRbWg\""));

    for (uint64_t i = 0; i < times; i++) {
        struct stet_etag got = stet_etag_read(stet_span(text, value.len));
        micro_sink += got.opaque.len + got.weak;
    }
    return value.len;
}

#define FOUR_TAGS                                                                            \
    "\"AAAAq0ZCt1sVv8hQ2yRbWg\", W/\"BBBBq0ZCt1sVv8hQ2yRbWg\", \"CCCCq0ZCt1sVv8hQ2yRbWg\", " \
    "W/\"DDDDq0ZCt1sVv8hQ2yRbWg\", "

size_t micro_etag_list(uint64_t times)
{
    struct stet_span value = through(STET_SPAN(FOUR_TAGS FOUR_TAGS FOUR_TAGS FOUR_TAGS));

    for (uint64_t i = 0; i < times; i++) {
        struct stet_list list = stet_list_in(stet_span(text, value.len));
        struct stet_etag tag;
        while (stet_etags_next(&list, &tag))
            micro_sink += tag.opaque.len;
    }
    return value.len;
}

size_t micro_cachecontrol(uint64_t times)
{
    struct stet_span value = through(STET_SPAN(
        "public, max-age=3600, s-maxage=86400, stale-while-revalidate=600, stale-if-error=1200"));

    for (uint64_t i = 0; i < times; i++) {
        struct stet_cachecontrol got = stet_cachecontrol_in(stet_span(text, value.len));
        micro_sink += got.present + got.flawed + got.seconds[STET_DIRECTIVE_MAX_AGE];
    }
    return value.len;
}

size_t micro_date_read(uint64_t times)
{
    struct stet_span value = through(STET_SPAN("Sun, 06 Nov 1994 08:49:37 GMT"));
    int64_t when = 0;

    for (uint64_t i = 0; i < times; i++)
        if (stet_date_read(stet_span(text, value.len), NOW, &when))
            micro_sink += when;
    return value.len;
}

size_t micro_date_write(uint64_t times)
{
    char to[STET_DATE_LENGTH];

    for (uint64_t i = 0; i < times; i++) {
        stet_date_write((int64_t)(784111777 + i), to);
        micro_sink += (unsigned char)to[6] + (unsigned char)to[24];
    }
    return sizeof to;
}

static size_t range(struct stet_span value, uint64_t times)
{
    for (uint64_t i = 0; i < times; i++) {
        struct stet_ranges got = stet_ranges_in(stet_span(text, value.len), 1000000);
        micro_sink += got.reason + got.at[got.count - 1].last;
    }
    return value.len;
}

size_t micro_range_one(uint64_t times)
{
    return range(through(STET_SPAN("bytes=500-999")), times);
}

size_t micro_range_sixteen(uint64_t times)
{
    return range(through(STET_SPAN("bytes=0-0,1000-1000,2000-2000,3000-3000,4000-4000,5000-5000,"
                                   "6000-6000,7000-7000,8000-8000,9000-9000,10000-10000,"
                                   "11000-11000,12000-12000,13000-13000,14000-14000,-1")),
                 times);
}

size_t micro_content_range_write(uint64_t times)
{
    char to[STET_CONTENT_RANGE_MAX];
    size_t octets = 0;

    for (uint64_t i = 0; i < times; i++) {
        octets = stet_content_range_write((struct stet_range){500000, 500999}, 1000000, to);
        micro_sink += octets;
    }
    return octets;
}

size_t micro_sf_dictionary(uint64_t times)
{
    struct stet_span value = through(STET_SPAN(
        "u=1, i, cache;hit;ttl=376, name=\"a string\", list=(a b \"c\");q=0.5, at=@1659578233"));

    for (uint64_t i = 0; i < times; i++) {
        struct stet_sf_member member;
        struct stet_sf walk;
        if (stet_sf_in(&walk, stet_span(text, value.len), STET_SF_DICTIONARY))
            while (stet_sf_next(&walk, &member))
                micro_sink += member.type;
    }
    return value.len;
}

size_t micro_sf_item(uint64_t times)
{
    struct stet_span value = through(STET_SPAN("1659578233"));

    for (uint64_t i = 0; i < times; i++) {
        struct stet_sf_member member;
        struct stet_sf walk;
        if (stet_sf_in(&walk, stet_span(text, value.len), STET_SF_ITEM) &&
            stet_sf_next(&walk, &member))
            micro_sink += member.number;
    }
    return value.len;
}

size_t micro_uri_split(uint64_t times)
{
    struct stet_span value = through(STET_SPAN(
        "https://www.example.org:8443/articles/2026/11/what-has-changed.html?page=2&sort=date"));
    struct stet_uri uri;

    for (uint64_t i = 0; i < times; i++)
        if (stet_uri_split(stet_span(text, value.len), &uri))
            micro_sink += uri.path.len;
    return value.len;
}

size_t micro_uri_key(uint64_t times)
{
    const struct stet_request *request = micro_request("");
    char to[256];
    size_t octets = 0;

    for (uint64_t i = 0; i < times; i++) {
        octets = stet_uri_key(request, to, sizeof to);
        micro_sink += octets;
    }
    return octets;
}
