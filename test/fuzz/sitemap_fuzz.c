/* Sitemaps: what is told does not depend on the pieces in which the octets come. The first octet
 * says how large the pieces are.
 */
#include "audit/sitemap.h"
#include "base/text.h"

#include <string.h>

#include "fuzz.h"

static bool tell(struct text *told, const char *what, struct stet_span url)
{
    must(url.len > 0 && url.len <= 16384);
    text_say(told, "%s %zu ", what, url.len);
    text_put(told, url.at, url.len);
    return true;
}

static bool tell_url(void *owner, struct stet_span url)
{
    return tell(owner, "u", url);
}

static bool tell_sitemap(void *owner, struct stet_span url)
{
    return tell(owner, "s", url);
}

/* True if nothing is wrong with it. */
static bool read_in(struct stet_span text, size_t piece, struct text *told, uint64_t *count)
{
    static const struct sitemap_events events = {tell_url, tell_sitemap};
    struct sitemap *sitemap = sitemap_new(&events, told);
    must(sitemap);
    while (text.len) {
        const size_t part = text.len < piece ? text.len : piece;
        if (!sitemap_feed(sitemap, stet_span(text.at, part)))
            break;
        text = stet_span_from(text, part);
    }
    const char *error = sitemap_end(sitemap);
    must(!error || error[0]);
    *count = sitemap_count(sitemap);
    sitemap_free(sitemap);
    return !error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text whole = {0}, parts = {0};
    uint64_t count[2];

    if (size < 1)
        return 0;
    const struct stet_span text = stet_span((const char *)data + 1, size - 1);
    const bool done = read_in(text, size, &whole, &count[0]);
    must(read_in(text, 1 + data[0] % 32, &parts, &count[1]) == done);
    must(!done || (count[0] == count[1] && whole.len == parts.len &&
                   (!whole.len || memcmp(whole.at, parts.at, whole.len) == 0)));
    text_fini(&whole);
    text_fini(&parts);
    return 0;
}
