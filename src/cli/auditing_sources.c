/* Collects what is to be looked at: operands, a log, an archive, a sitemap.
 */
#include "audit/crawl.h"
#include "audit/har.h"
#include "audit/inputlimit.h"
#include "audit/requestlog.h"
#include "cli/auditing.h"
#include "stet/uri.h"

#include <stdio.h>

static int auditing_operands(struct auditing *auditing, char **urls, int count)
{
    for (int i = 0; i < count; i++) {
        switch (targets_add(&auditing->named, stet_span_of(urls[i]))) {
        case TARGETS_TAKEN:
            break;
        case TARGETS_UNFIT:
            auditing_complain(urls[i], "this is no URL that begins with http:// or https://, "
                                       "without name and password, spaces and the like");
            return 2;
        case TARGETS_MEMORY:
            auditing_complain(NULL, "memory is out");
            return 3;
        }
    }
    return 0;
}

static int auditing_log(struct auditing *auditing)
{
    const struct auditing_sources *sources = &auditing->sources;
    struct requestlog log = {.targets = &auditing->found, .base = stet_span_of(sources->base)};
    struct stet_uri uri;

    if (sources->base && !stet_uri_split(log.base, &uri)) {
        auditing_complain(sources->base, "--base takes a URL such as https://example.org");
        return 2;
    }
    const char *error = requestlog_read(&log, sources->log);
    if (error) {
        auditing_complain(sources->log, error);
        return 2;
    }
    if (log.without_host && !log.counted) {
        auditing_complain(sources->log, "its lines name no host: say which by --base URL");
        return 2;
    }
    fprintf(stderr, "stet audit: %s: %llu lines, %llu GETs counted, %llu not understood\n",
            sources->log, (unsigned long long)log.lines, (unsigned long long)log.counted,
            (unsigned long long)log.malformed);
    return 0;
}

static int auditing_har(struct auditing *auditing)
{
    struct har har = {.targets = &auditing->found};
    char message[HAR_MESSAGE];

    if (!har_read(&har, auditing->sources.har, message)) {
        auditing_complain(auditing->sources.har, message);
        return 2;
    }
    fprintf(stderr, "stet audit: %s: %llu entries, %llu GETs counted\n", auditing->sources.har,
            (unsigned long long)har.entries, (unsigned long long)har.counted);
    return 0;
}

static int auditing_sitemap(struct auditing *auditing)
{
    struct crawl crawl = {.fields = auditing->fields,
                          .targets = &auditing->found,
                          .requests_max = auditing->requests_max,
                          .longest = auditing->setup.longest};

    crawl.transfers = transfers_new(&auditing->transfer);
    if (!crawl.transfers) {
        auditing_complain(NULL, "memory is out");
        return 3;
    }
    const bool done = crawl_sitemap(&crawl, auditing->sources.sitemap);
    transfers_free(crawl.transfers);
    auditing->crawled = crawl.requests;
    if (crawl.failed)
        auditing_complain(NULL, crawl.message);
    if (done)
        fprintf(stderr, "stet audit: %llu sitemaps, %llu URLs, %llu of other hosts passed over\n",
                (unsigned long long)crawl.sitemaps, (unsigned long long)crawl.urls,
                (unsigned long long)crawl.foreign);
    return done ? 0 : crawl.unreachable ? 3 : 2;
}

int auditing_collect(struct auditing *auditing, char **urls, int count)
{
    targets_init(&auditing->named, SIZE_MAX);
    targets_init(&auditing->found, inputlimit(INPUTLIMIT_TARGETS));
    int result = auditing_operands(auditing, urls, count);
    if (result == 0 && auditing->sources.log)
        result = auditing_log(auditing);
    if (result == 0 && auditing->sources.har)
        result = auditing_har(auditing);
    if (result == 0 && auditing->sources.sitemap)
        result = auditing_sitemap(auditing);
    if (result == 0 && auditing->named.map.count + auditing->found.map.count == 0) {
        auditing_complain(NULL, "there is nothing to look at: no URL that was answered by GET");
        result = 2;
    }
    return result;
}
