/* Watchers, each with a filter and a text that waits to be sent.
 *
 *     ring of worker 1 --.
 *     ring of worker 2 ---+-- timer: each trace, for each watcher: passes? line -> text -> stream
 */
#include "serve/livelog.h"

#include "base/container.h"
#include "base/memory.h"

#include <string.h>

#define LIVELOG_LOOK INT64_C(50000000)

/* Octets that may wait for one watcher. */
#define LIVELOG_MOST (UINT32_C(1) << 20)

/* Traces that one look takes at most, so that the loop is not held up. */
#define LIVELOG_BATCH 4096

struct watcher {
    struct body body;
    struct livelog *livelog; /* NULL: it has ended */
    struct watcher *next, **link;
    struct stream *stream;
    struct trace_filter filter;
    struct text text; /* waits to be sent */
    size_t sent;      /* of it */
    uint64_t lost;    /* lines, since the last one that was written */
    char words[];     /* of the filter */
};

struct livelog {
    struct loop *loop;
    struct ring *const *rings;
    size_t count;
    uint64_t lost; /* by the rings, as told so far */
    struct watcher *watchers;
    struct timer timer;
    struct trace trace;
};

/* ---- taking ---- */

static void watcher_lost(struct watcher *watcher)
{
    if (!watcher->lost)
        return;
    text_say(&watcher->text, "{\"lost\":%llu}\n", (unsigned long long)watcher->lost);
    watcher->lost = 0;
}

static void watcher_take(struct watcher *watcher, const struct trace *trace)
{
    if (!trace_passes(trace, &watcher->filter))
        return;
    if (watcher->text.len - watcher->sent > LIVELOG_MOST) {
        watcher->lost++;
        return;
    }
    watcher_lost(watcher);
    trace_write(trace, &watcher->text);
}

static void livelog_take(struct livelog *livelog, struct ring *ring)
{
    for (unsigned i = 0; i < LIVELOG_BATCH && trace_take(ring, &livelog->trace); i++) {
        for (struct watcher *watcher = livelog->watchers; watcher; watcher = watcher->next)
            watcher_take(watcher, &livelog->trace);
    }
}

static uint64_t livelog_lost(const struct livelog *livelog)
{
    uint64_t lost = 0;
    for (size_t i = 0; i < livelog->count; i++)
        lost += ring_lost(livelog->rings[i]);
    return lost;
}

static void livelog_look(struct timer *timer)
{
    struct livelog *livelog = CONTAINER(timer, struct livelog, timer);
    struct watcher *watcher, *next;
    const uint64_t lost = livelog_lost(livelog);

    for (size_t i = 0; i < livelog->count; i++)
        livelog_take(livelog, livelog->rings[i]);
    for (watcher = livelog->watchers; watcher; watcher = next) {
        next = watcher->next; /* who is woken may end */
        watcher->lost += lost - livelog->lost;
        if (watcher->text.len > watcher->sent)
            stream_wake(watcher->stream);
    }
    livelog->lost = lost;
    if (livelog->watchers)
        (void)loop_timer_set(livelog->loop, timer, loop_now(livelog->loop) + LIVELOG_LOOK);
}

static void livelog_open(struct livelog *livelog, bool open)
{
    for (size_t i = 0; i < livelog->count; i++)
        ring_open(livelog->rings[i], open);
    livelog->lost = livelog_lost(livelog);
}

/* ---- the body ---- */

static enum body_peek watcher_peek(struct body *body, char *scratch, size_t room,
                                   struct stet_span *bytes)
{
    struct watcher *watcher = CONTAINER(body, struct watcher, body);
    (void)scratch, (void)room;

    if (watcher->sent == watcher->text.len)
        return watcher->livelog && !watcher->text.failed ? BODY_WAIT : BODY_END;
    *bytes = stet_span(watcher->text.at + watcher->sent, watcher->text.len - watcher->sent);
    return BODY_BYTES;
}

static void watcher_skip(struct body *body, size_t count)
{
    struct watcher *watcher = CONTAINER(body, struct watcher, body);

    watcher->sent += count;
    if (watcher->sent == watcher->text.len)
        watcher->sent = watcher->text.len = 0;
}

static void watcher_free(struct body *body)
{
    struct watcher *watcher = CONTAINER(body, struct watcher, body);
    struct livelog *livelog = watcher->livelog;

    if (livelog) {
        *watcher->link = watcher->next;
        if (watcher->next)
            watcher->next->link = watcher->link;
        if (!livelog->watchers)
            livelog_open(livelog, false);
    }
    text_fini(&watcher->text);
    memory_free(watcher);
}

static const struct body_ops watcher_ops = {
    .peek = watcher_peek, .skip = watcher_skip, .free = watcher_free};

/* ---- life ---- */

static struct stet_span watcher_word(char **at, struct stet_span text)
{
    char *copy = *at;
    if (text.len)
        memcpy(copy, text.at, text.len);
    *at += text.len;
    return stet_span(copy, text.len);
}

struct body *livelog_watch(struct livelog *livelog, const struct trace_filter *filter,
                           struct stream *stream)
{
    size_t words = filter->cache.len + filter->reason.len + filter->method.len +
                   filter->target.len + filter->client.len;
    struct watcher *watcher = memory_new_zero(sizeof *watcher + words);

    if (!watcher)
        return NULL;
    if (!livelog->watchers) {
        if (!loop_timer_set(livelog->loop, &livelog->timer,
                            loop_now(livelog->loop) + LIVELOG_LOOK)) {
            memory_free(watcher);
            return NULL;
        }
        livelog_open(livelog, true);
    }
    char *at = watcher->words;
    watcher->filter = (struct trace_filter){.status = filter->status,
                                            .cache = watcher_word(&at, filter->cache),
                                            .reason = watcher_word(&at, filter->reason),
                                            .method = watcher_word(&at, filter->method),
                                            .target = watcher_word(&at, filter->target),
                                            .client = watcher_word(&at, filter->client)};
    watcher->body.ops = &watcher_ops;
    watcher->livelog = livelog;
    watcher->stream = stream;
    watcher->next = livelog->watchers;
    watcher->link = &livelog->watchers;
    if (watcher->next)
        watcher->next->link = &watcher->next;
    livelog->watchers = watcher;
    return &watcher->body;
}

struct livelog *livelog_new(struct loop *loop, struct ring *const *rings, size_t count)
{
    struct livelog *livelog = memory_new_zero(sizeof *livelog);
    if (!livelog)
        return NULL;
    livelog->loop = loop;
    livelog->rings = rings;
    livelog->count = count;
    timer_init(&livelog->timer, livelog_look);
    return livelog;
}

void livelog_free(struct livelog *livelog)
{
    struct watcher *watcher, *next;

    if (!livelog)
        return;
    loop_timer_cancel(livelog->loop, &livelog->timer);
    livelog_open(livelog, false);
    for (watcher = livelog->watchers; watcher; watcher = next) {
        next = watcher->next;
        watcher->livelog = NULL;
        stream_wake(watcher->stream);
    }
    memory_free(livelog);
}
