/* Sitemaps: the URLs of a sitemap, or the sitemaps of an index (sitemaps.org, version 0.9).
 *
 * Fed in pieces, XML or packed by gzip, whichever comes.
 */
#ifndef AUDIT_SITEMAP_H
#define AUDIT_SITEMAP_H

#include "stet/span.h"

#include <stdint.h>

struct sitemap;

struct sitemap_events {
    /* A URL of the sitemap, as it stands there without space around it. */
    bool (*url)(void *owner, struct stet_span url); /* false: memory is out */
    /* The URL of another sitemap. */
    bool (*sitemap)(void *owner, struct stet_span url);
};

/* NULL when memory is out. `events` and `owner` outlive it. */
struct sitemap *sitemap_new(const struct sitemap_events *events, void *owner);
void sitemap_free(struct sitemap *sitemap);

/* Takes more of it. False: nothing more is wanted; sitemap_end tells why. */
bool sitemap_feed(struct sitemap *sitemap, struct stet_span bytes);

/* After the last octet: NULL, or what is wrong with it, valid until sitemap_free. */
const char *sitemap_end(struct sitemap *sitemap);

/* How many URLs and sitemaps were told. */
uint64_t sitemap_count(const struct sitemap *sitemap);

#endif
