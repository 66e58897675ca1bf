/* Walks the sitemaps: a list of those to read, which an index makes longer.
 *
 * A sitemap speaks for its own host only, as sitemaps.org has it: URLs elsewhere are passed over,
 * so that nobody's sitemap points this audit, or the credentials it was given, at somebody else.
 * For the same reason a redirect is followed on the host alone. Another port or scheme of it may be
 * somebody else's already: what is a credential goes to the origin alone that was named.
 */
#include "audit/crawl.h"

#include "audit/escape.h"
#include "audit/inputlimit.h"
#include "audit/sitemap.h"
#include "base/memory.h"
#include "client/redirect.h"
#include "stet/uri.h"

#include <stdio.h>

enum { CRAWL_REDIRECTS = 5, CRAWL_URL = 8192 };

/* A walk over sitemaps. */
struct crawl_walk {
    struct crawl *crawl;
    struct targets queue; /* of sitemaps, in the order in which they were named */
    struct stet_uri home; /* the first one */
    const char *at;       /* the one that is read */
};

/* One sitemap on its way in. */
struct crawl_fetch {
    struct crawl *crawl;
    const struct stet_uri *home; /* that of the walk */
    struct sitemap *sitemap;
    int status;
    char *location; /* of a redirect */
    enum transfer_result result;
    char words[CRAWL_MESSAGE / 2];
};

static bool crawl_home(const struct crawl_walk *walk, struct stet_span url)
{
    struct stet_uri uri;

    return stet_uri_split(url, &uri) && stet_span_equal_nocase(uri.host, walk->home.host);
}

/* A URL that is not whole belongs to the sitemap's; sitemaps should have whole ones, and do not. In
 * `room`, or as it came; an empty one if it makes no sense. */
static struct stet_span crawl_whole(const struct crawl_walk *walk, struct stet_span url,
                                    struct text *room)
{
    struct stet_uri uri;
    char to[CRAWL_URL];

    if (stet_uri_split(url, &uri) || !stet_uri_split(stet_span_of(walk->at), &uri))
        return url;
    const size_t len = stet_uri_resolve(&uri, url, to, sizeof to);
    text_put(room, to, len);
    return stet_span(room->at, room->len);
}

static bool crawl_told_url(void *owner, struct stet_span named)
{
    struct crawl_walk *walk = owner;
    enum targets_result result = TARGETS_UNFIT;
    struct text room = {0};
    const struct stet_span url = crawl_whole(walk, named, &room);

    if (crawl_home(walk, url))
        result = targets_add(walk->crawl->targets, url);
    if (room.failed)
        result = TARGETS_MEMORY;
    text_fini(&room);
    walk->crawl->urls += result == TARGETS_TAKEN;
    walk->crawl->foreign += result == TARGETS_UNFIT;
    return result != TARGETS_MEMORY;
}

static bool crawl_told_sitemap(void *owner, struct stet_span named)
{
    struct crawl_walk *walk = owner;
    struct text room = {0};
    const struct stet_span url = crawl_whole(walk, named, &room);
    bool done = !room.failed;

    if (!crawl_home(walk, url))
        walk->crawl->foreign++;
    else if (walk->queue.map.count < inputlimit(INPUTLIMIT_SITEMAPS))
        done = targets_add(&walk->queue, url) != TARGETS_MEMORY && done;
    text_fini(&room);
    return done;
}

static const struct sitemap_events crawl_sitemap_events = {crawl_told_url, crawl_told_sitemap};

static void crawl_head(void *owner, int status, const struct message *head)
{
    struct crawl_fetch *fetch = owner;
    const struct stet_span location = stet_head_single(&head->head, STET_FIELD_LOCATION);

    fetch->status = status;
    memory_free(fetch->location);
    fetch->location = memory_new(location.len + 1);
    if (!fetch->location)
        return;
    if (location.len)
        memcpy(fetch->location, location.at, location.len);
    fetch->location[location.len] = '\0';
}

static bool crawl_content(void *owner, struct stet_span bytes)
{
    struct crawl_fetch *fetch = owner;

    return fetch->status == 200 && sitemap_feed(fetch->sitemap, bytes);
}

static void crawl_ended(void *owner, const struct transfer_outcome *outcome)
{
    struct crawl_fetch *fetch = owner;

    fetch->result = outcome->result;
    snprintf(fetch->words, sizeof fetch->words, "%s", outcome->words);
}

/* Another origin than the one that the user has named is not told the credentials that were meant
 * for that one [RFC 9110 §15.4]. */
static struct redirect crawl_way(const struct crawl_fetch *fetch, const char *url)
{
    struct stet_uri uri;
    const bool same =
        stet_uri_split(stet_span_of(url), &uri) && stet_uri_same_origin(fetch->home, &uri);

    return (struct redirect){.another = !same};
}

/* The fields of the request; the sitemap parser knows gzip, whether it is the file's or the
 * transfer's. */
static bool crawl_fields(const struct crawl_fetch *fetch, const char *url, struct message *message)
{
    const char *const *fields = fetch->crawl->fields;
    const struct redirect way = crawl_way(fetch, url);
    bool done = message_add(message, STET_SPAN("Accept-Encoding"), STET_SPAN("gzip"));

    for (size_t i = 0; done && fields && fields[i]; i++) {
        const struct stet_span line = stet_span_of(fields[i]);
        if (!redirect_drops(&way, stet_span(line.at, stet_span_find(line, ':'))))
            done = message_add_line(message, line);
    }
    return done;
}

/* Nothing more may be asked. */
static bool crawl_over(struct crawl *crawl)
{
    crawl->spent |= crawl->requests_max && crawl->requests >= crawl->requests_max;
    return crawl->spent || crawl->left_alone;
}

/* Sends one request and waits for its end. False when memory is out. */
static bool crawl_ask(struct crawl_fetch *fetch, const char *url)
{
    static const struct transfer_events events = {crawl_head, crawl_content, crawl_ended};
    struct message fields = {.head = {0}};
    bool done = crawl_fields(fetch, url, &fields);
    const struct transfer_request request = {
        .method = "GET", .url = url, .head = &fields.head, .longest = fetch->crawl->longest};

    if (done)
        done = transfer_start(fetch->crawl->transfers, &request, &events, fetch) != NULL;
    if (done)
        transfers_run(fetch->crawl->transfers, -1);
    fetch->crawl->requests += done;
    message_fini(&fields);
    return done;
}

/* Keeps the first failure's words. */
static bool crawl_fail(struct crawl *crawl, const char *url, const char *words)
{
    struct text where = {0};

    crawl->failed++;
    escape_terminal(&where, stet_span_of(url));
    if (!crawl->message[0])
        snprintf(crawl->message, sizeof crawl->message, "%.*s: %s",
                 where.len < 160 ? (int)where.len : 160, where.at ? where.at : "", words);
    text_fini(&where);
    return false;
}

/* What the transfer and its parser made of a sitemap. */
static bool crawl_judge(struct crawl_fetch *fetch, const char *url)
{
    char words[64];
    const bool stopped = fetch->result == TRANSFER_CANCELLED && fetch->status == 200;

    if (fetch->result != TRANSFER_COMPLETE && fetch->result != TRANSFER_CANCELLED) {
        fetch->crawl->unreachable = true;
        return crawl_fail(fetch->crawl, url, fetch->words);
    }
    if (fetch->status != 200) {
        fetch->crawl->left_alone |= fetch->status == 429 || fetch->status == 503;
        snprintf(words, sizeof words, "the answer is %d", fetch->status);
        return crawl_fail(fetch->crawl, url, words);
    }
    const char *error = sitemap_end(fetch->sitemap);
    if (error || stopped)
        return crawl_fail(fetch->crawl, url, error ? error : "stopped");
    fetch->crawl->sitemaps++;
    return true;
}

/* Where a redirect leads, on the same host; for memory_free. NULL: nowhere. */
static char *crawl_redirect(const struct crawl_walk *walk, const struct crawl_fetch *fetch,
                            const char *url)
{
    struct stet_uri base;
    const bool redirect = fetch->status >= 301 && fetch->status <= 308 && fetch->status != 304;

    if (!redirect || !fetch->location || !fetch->location[0] ||
        !stet_uri_split(stet_span_of(url), &base))
        return NULL;
    const size_t room = strlen(url) + strlen(fetch->location) + 9;
    char *to = memory_new(room);
    const size_t len =
        to ? stet_uri_resolve(&base, stet_span_of(fetch->location), to, room - 1) : 0;
    if (!len || !crawl_home(walk, stet_span(to, len))) {
        memory_free(to);
        return NULL;
    }
    to[len] = '\0';
    return to;
}

/* Reads one sitemap, by at most some redirects. */
static bool crawl_read(struct crawl_walk *walk, const char *url, unsigned redirects)
{
    struct crawl_fetch fetch = {
        .crawl = walk->crawl, .home = &walk->home, .result = TRANSFER_MEMORY};
    char *next = NULL;
    bool done = false;

    walk->at = url;
    if (crawl_over(walk->crawl))
        return crawl_fail(walk->crawl, url, "nothing more may be asked");
    fetch.sitemap = sitemap_new(&crawl_sitemap_events, walk);
    if (!fetch.sitemap || !crawl_ask(&fetch, url))
        crawl_fail(walk->crawl, url, "memory is out");
    else if (redirects < CRAWL_REDIRECTS && (next = crawl_redirect(walk, &fetch, url)) != NULL)
        done = crawl_read(walk, next, redirects + 1);
    else
        done = crawl_judge(&fetch, url);
    memory_free(next);
    memory_free(fetch.location);
    sitemap_free(fetch.sitemap);
    return done;
}

/* The next of the queue that was not yet read: those that come later are numbered higher. */
static const char *crawl_next(struct crawl_walk *walk, uint64_t *order)
{
    const struct target *target, *next = NULL;

    for (size_t cursor = 0; (target = map_next(&walk->queue.map, &cursor)) != NULL;) {
        if (target->order > *order && (!next || target->order < next->order))
            next = target;
    }
    if (next)
        *order = next->order;
    return next ? next->url : NULL;
}

bool crawl_sitemap(struct crawl *crawl, const char *url)
{
    struct crawl_walk walk = {.crawl = crawl};
    uint64_t order = 0;
    bool done = false;

    if (!stet_uri_split(stet_span_of(url), &walk.home))
        return crawl_fail(crawl, url, "this is no URL of http or https");
    targets_init(&walk.queue, inputlimit(INPUTLIMIT_SITEMAPS) + 1);
    if (targets_add(&walk.queue, stet_span_of(url)) != TARGETS_TAKEN)
        crawl_fail(crawl, url, "memory is out");
    for (const char *next; (next = crawl_next(&walk, &order)) != NULL;)
        done |= crawl_read(&walk, next, 0);
    targets_fini(&walk.queue);
    return done;
}
