/* Transfers over libcurl's multi interface: what is open, who is told, in which order.
 *
 * libcurl does not like to be told of a new or a dropped transfer from inside one of its callbacks.
 * So starting and cancelling only mark: transfers_run hands the marked ones over between two turns.
 * The end of a transfer is told after libcurl has forgotten it, so its owner may start the next one
 * (a redirect, a second try) at once.
 *
 * libcurl is loaded for the first transfer: who only reads the cache does not wait for that.
 */
#include "client/transfer_parts.h"

#include "base/check.h"
#include "base/memory.h"
#include "client/libcurl.h"

#include <stdio.h>
#include <time.h>

enum { TRANSFER_TURN_MS = 1000 };

int64_t transfer_wall(void)
{
    struct timespec time;

    CHECK(clock_gettime(CLOCK_REALTIME, &time) == 0);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t transfer_steady_ms(void)
{
    struct timespec time;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &time) == 0);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* ---- all of them ---- */

struct transfers *transfers_new(const struct transfer_setup *setup)
{
    struct transfers *transfers = memory_new_zero(sizeof *transfers);

    if (transfers)
        transfers->setup = setup;
    return transfers;
}

void transfers_free(struct transfers *transfers)
{
    if (!transfers)
        return;
    CHECK(!transfers->first);
    if (transfers->multi) {
        curl_multi_cleanup(transfers->multi);
        curl_slist_free_all(transfers->resolve);
        curl_global_cleanup();
    }
    memory_free(transfers);
}

static bool transfers_resolve(const struct transfer_setup *setup, struct curl_slist **to)
{
    for (size_t i = 0; i < setup->resolve_count; i++) {
        struct curl_slist *more = curl_slist_append(*to, setup->resolve[i]);
        if (!more)
            return false;
        *to = more;
    }
    return true;
}

/* Before the first one: libcurl, and what it is to know for all of them. */
static bool transfers_begin(struct transfers *transfers)
{
    CURLM *multi = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_multi_init() : NULL;

    if (!multi)
        return false;
    if (!transfers_resolve(transfers->setup, &transfers->resolve)) {
        curl_slist_free_all(transfers->resolve);
        transfers->resolve = NULL;
        curl_multi_cleanup(multi);
        curl_global_cleanup();
        return false;
    }
    if (transfers->setup->each_host)
        curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)transfers->setup->each_host);
    transfers->multi = multi;
    return true;
}

/* ---- one ---- */

bool transfer_fail(struct transfer *transfer, enum transfer_result result, const char *words)
{
    transfer->outcome.result = result;
    snprintf(transfer->words, sizeof transfer->words, "%s", words);
    return false;
}

static void transfer_free(struct transfer *transfer)
{
    if (transfer->easy) {
        curl_easy_cleanup(transfer->easy);
        curl_slist_free_all(transfer->lines);
        curl_slist_free_all(transfer->connect_to);
    }
    message_fini(&transfer->hearing.message);
    text_fini(&transfer->hearing.line);
    memory_free(transfer);
}

static bool transfer_prepare(struct transfer *transfer, const struct transfer_request *request)
{
    const char *error;

    if (!libcurl_load(&error))
        return transfer_fail(transfer, TRANSFER_FAILED, error);
    if (transfer->transfers->multi || transfers_begin(transfer->transfers))
        transfer->easy = curl_easy_init();
    if (!transfer->easy)
        return transfer_fail(transfer, TRANSFER_MEMORY, "out of memory");
    return transfer_options(transfer, request);
}

struct transfer *transfer_start(struct transfers *transfers, const struct transfer_request *request,
                                const struct transfer_events *events, void *owner)
{
    struct transfer *transfer = memory_new_zero(sizeof *transfer);
    struct transfer **last = &transfers->first;

    if (!transfer)
        return NULL;
    transfer->transfers = transfers;
    transfer->events = events;
    transfer->owner = owner;
    transfer->head_only = strcmp(request->method, "HEAD") == 0;
    if (!transfer_prepare(transfer, request) && transfer->outcome.result == TRANSFER_MEMORY) {
        transfer_free(transfer);
        return NULL;
    }
    while (*last)
        last = &(*last)->next;
    *last = transfer;
    transfers->changed = true;
    return transfer;
}

void transfer_cancel(struct transfer *transfer)
{
    transfer->cancelled = true;
    transfer->transfers->changed = true;
}

/* Tells the end, after which nothing is left of it. */
static void transfer_end(struct transfer *transfer, CURLcode code)
{
    struct transfer **at = &transfer->transfers->first;

    transfer_conclude(transfer, code);
    if (transfer->state == TRANSFER_RUNS)
        curl_multi_remove_handle(transfer->transfers->multi, transfer->easy);
    while (*at != transfer)
        at = &(*at)->next;
    *at = transfer->next;
    transfer->events->end(transfer->owner, &transfer->outcome);
    transfer_free(transfer);
}

static void transfer_hand_over(struct transfer *transfer)
{
    transfer->started_ns = transfer_wall();
    if (curl_multi_add_handle(transfer->transfers->multi, transfer->easy) != CURLM_OK) {
        transfer_fail(transfer, TRANSFER_MEMORY, "out of memory");
        transfer_end(transfer, CURLE_OUT_OF_MEMORY);
        return;
    }
    transfer->state = TRANSFER_RUNS;
}

/* ---- turns ---- */

/* The first one that was marked. */
static struct transfer *transfers_marked(struct transfers *transfers)
{
    for (struct transfer *at = transfers->first; at; at = at->next)
        if (at->cancelled || at->state == TRANSFER_WAITS)
            return at;
    return NULL;
}

/* Each end may change the list, so that it is looked through from its beginning again. */
static void transfers_tell(struct transfers *transfers)
{
    if (!transfers->changed)
        return;
    transfers->changed = false;
    for (struct transfer *at; (at = transfers_marked(transfers)) != NULL;) {
        if (at->cancelled || at->outcome.result != TRANSFER_COMPLETE)
            transfer_end(at, CURLE_OK);
        else
            transfer_hand_over(at);
    }
}

static void transfers_collect(struct transfers *transfers)
{
    struct transfer *transfer;
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(transfers->multi, &left)) != NULL) {
        const CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        transfer_end(transfer, code);
    }
}

/* Those that are still open after they were told of are libcurl's. */
static void transfers_turn(struct transfers *transfers)
{
    int running;

    CHECK(curl_multi_perform(transfers->multi, &running) == CURLM_OK);
    transfers_collect(transfers);
}

/* How long the next wait may be. */
static int transfers_patience(int64_t until)
{
    const int64_t left = until < 0 ? TRANSFER_TURN_MS : until - transfer_steady_ms();

    return left < TRANSFER_TURN_MS ? (int)(left > 0 ? left : 0) : TRANSFER_TURN_MS;
}

bool transfers_run(struct transfers *transfers, int ms)
{
    const int64_t until = ms < 0 ? -1 : transfer_steady_ms() + ms;

    CHECK(!transfers->running);
    transfers->running = true;
    for (;;) {
        transfers_tell(transfers);
        if (transfers->first)
            transfers_turn(transfers);
        if (!transfers->first || transfers->stopped ||
            (until >= 0 && transfer_steady_ms() >= until))
            break;
        if (!transfers->changed)
            curl_multi_poll(transfers->multi, NULL, 0, transfers_patience(until), NULL);
    }
    transfers->running = false;
    transfers->stopped = 0;
    return !transfers->first;
}

void transfers_stop(struct transfers *transfers)
{
    transfers->stopped = 1;
    if (transfers->multi)
        curl_multi_wakeup(transfers->multi);
}
