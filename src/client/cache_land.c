/* Hears the answer to a request and does what libstet says of it.
 *
 *     304     update what it is about, then answer from that
 *     206     to our own Range: put together with what is stored
 *     5xx     answer from what is stored, if that is allowed
 *     else    tell it as it comes, and store it if that is allowed
 *
 * What needs another request, or is answered from storage, is done when the transfer has ended, so
 * one fetch never has two transfers.
 */
#include "client/cache_parts.h"

#include "client/limit.h"

/* Content that nobody wants is read to its end if that is near: the connection lives on. */
enum { DRAIN_MAX = 65536 };

static void then_do(struct cache_fetch *fetch, enum cache_then then)
{
    fetch->errand.then = then;
    fetch->errand.deaf = true;
}

static void pass(struct cache_fetch *fetch, const struct stet_response *response)
{
    cache_keep_begin(fetch, response);
    fetch->outcome.source = CACHE_SOURCE_NETWORK;
    fetch->outcome.changed = true;
    cache_tell(fetch, response->status, &response->head);
}

/* ---- what is stored is current ---- */

static void use(struct cache_fetch *fetch, const struct stet_validated *verdict,
                const struct stet_response *response)
{
    struct cache_errand *errand = &fetch->errand;

    if (!cache_update(fetch, verdict, &response->head)) {
        then_do(fetch, CACHE_THEN_REPEAT);
        return;
    }
    errand->serve = fetch->found.entries[verdict->use];
    errand->reuse = stet_may_reuse_validated(&errand->serve->stored, cache_now(fetch));
    const bool insists =
        errand->reuse.answer == STET_REUSE_VALIDATE && errand->way != CACHE_END_TO_END; /* D-12 */
    errand->reuse.reason = STET_REASON_VALIDATED;
    then_do(fetch, insists ? CACHE_THEN_INSIST : CACHE_THEN_SERVE);
}

/* ---- the origin fails ---- */

/* True: what is stored answers. */
static bool stands_in(struct cache_fetch *fetch, int status)
{
    const struct storage_entry *best = fetch->found.best;
    if (!best)
        return false;
    const struct stet_reuse reuse = stet_may_reuse_on_error(
        &fetch->profile, &best->stored, &fetch->asking.asked, status, cache_now(fetch));
    if (reuse.answer == STET_REUSE_ERROR)
        return false;
    fetch->errand.serve = fetch->found.best;
    fetch->errand.reuse = reuse;
    then_do(fetch, CACHE_THEN_SERVE);
    return true;
}

/* ---- heads ---- */

/* A part was asked for, and the whole comes, because a condition for what is stored had taken the
 * place of the range (D-18). */
static bool lost_range(const struct cache_fetch *fetch, int status)
{
    return status == 200 && fetch->asking.asked.range && fetch->errand.plan.asks &&
           fetch->asking.as.method == STET_METHOD_GET;
}

static void judged(struct cache_fetch *fetch, const struct stet_response *response)
{
    const struct stet_candidates candidates = {fetch->found.candidates, fetch->found.count};
    const struct stet_validated verdict =
        stet_validation_judge(&fetch->errand.plan, &fetch->asking.as, &candidates, response);

    if (fetch->errand.plan.asks)
        fetch->outcome.reason = verdict.reason;
    switch (verdict.answer) {
    case STET_VALIDATED_USE:
        use(fetch, &verdict, response);
        break;
    case STET_VALIDATED_REPLACE:
        if (lost_range(fetch, response->status)) {
            then_do(fetch, CACHE_THEN_REPEAT);
            break;
        }
        if (fetch->asking.as.method == STET_METHOD_HEAD)
            cache_update_by_head(fetch, response);
        pass(fetch, response);
        break;
    case STET_VALIDATED_PASS: /* D-14 */
        cache_update(fetch, &verdict, &response->head);
        pass(fetch, response);
        fetch->outcome.changed = false;
        break;
    case STET_VALIDATED_REPEAT: /* D-15 */
        then_do(fetch, CACHE_THEN_REPEAT);
        break;
    case STET_VALIDATED_FAILED: /* D-41 */
        if (!stands_in(fetch, response->status))
            pass(fetch, response);
        break;
    case STET_VALIDATED_FAULT: /* D-01 */
        fetch->errand.deaf = true;
        cache_refuse(fetch, 502, verdict.reason);
        break;
    }
}

/* An answer to our own Range. */
static void completed(struct cache_fetch *fetch, const struct stet_response *response)
{
    fetch->outcome.reason = STET_REASON_COMPLETED;
    fetch->outcome.source = CACHE_SOURCE_COMPLETED;
    fetch->outcome.changed = true;
    if (!cache_complete(fetch, response)) {
        if (fetch->told)
            fetch->errand.deaf = true;
        else
            then_do(fetch, CACHE_THEN_REPEAT);
        return;
    }
    cache_complete_piece(fetch, false);
}

static void head_came(void *owner, int status, const struct message *head)
{
    struct cache_fetch *fetch = owner;
    const struct stet_response response = {status, head->head};
    struct cache_errand *errand = &fetch->errand;

    if (status < 200 || errand->heard)
        return;
    errand->heard = true;
    cache_invalidate(fetch, &response);
    if (errand->way != CACHE_GAP) {
        judged(fetch, &response);
        return;
    }
    switch (stet_completion_judge(&errand->completion, &errand->part->response.head, &response)) {
    case STET_COMPLETION_FITS:
        completed(fetch, &response);
        break;
    case STET_COMPLETION_WHOLE:
        errand->part = NULL;
        judged(fetch, &response);
        break;
    case STET_COMPLETION_REPEAT:
        then_do(fetch, CACHE_THEN_REPEAT);
        break;
    }
}

/* ---- content ---- */

static bool content_came(void *owner, struct stet_span bytes)
{
    struct cache_fetch *fetch = owner;

    if (fetch->errand.deaf) {
        fetch->keeping.came += bytes.len;
        return fetch->keeping.came <= DRAIN_MAX;
    }
    cache_keep(fetch, bytes);
    return cache_tell_content(fetch, bytes);
}

/* ---- the end ---- */

/* The server could not be reached, or went away: what is stored may stand in [RFC 9111 §4.2.4]. */
static bool is_unreachable(const struct transfer_outcome *transfer)
{
    switch (transfer->result) {
    case TRANSFER_NAME:
    case TRANSFER_CONNECT:
    case TRANSFER_TIMEOUT:
    case TRANSFER_BROKEN:
    case TRANSFER_FAILED:
        return true;
    default:
        return false;
    }
}

/* What time the last request has left. False: none. */
static bool time_is_left(struct cache_fetch *fetch)
{
    const int64_t gone = fetch->outcome.transfer.total_ns / 1000000;

    if (!fetch->asking.longest)
        return true;
    if (gone >= fetch->asking.longest)
        return false;
    fetch->asking.longest -= (uint32_t)gone;
    return true;
}

static void ask_again(struct cache_fetch *fetch, enum cache_way way)
{
    cache_keep_drop(fetch);
    fetch->errand.part = NULL;
    if (fetch->refuse || !time_is_left(fetch) || !cache_ask(fetch, way))
        cache_end(fetch);
}

static void then(struct cache_fetch *fetch)
{
    switch (fetch->errand.then) {
    case CACHE_THEN_REPEAT:
        ask_again(fetch, CACHE_AS_IT_IS);
        return;
    case CACHE_THEN_INSIST:
        ask_again(fetch, CACHE_END_TO_END);
        return;
    case CACHE_THEN_SERVE:
        if (!cache_serve(fetch, fetch->errand.serve, &fetch->errand.reuse)) {
            fetch->found.best = NULL;
            ask_again(fetch, CACHE_AS_IT_IS); /* what is stored is damaged */
            return;
        }
        break;
    case CACHE_THEN_END:
        break;
    }
    cache_end(fetch);
}

static void ended(void *owner, const struct transfer_outcome *transfer)
{
    struct cache_fetch *fetch = owner;
    struct cache_errand *errand = &fetch->errand;

    fetch->outcome.transfer = *transfer;
    errand->transfer = NULL;
    if (!errand->heard && is_unreachable(transfer))
        stands_in(fetch, 0);
    if (errand->then == CACHE_THEN_END && errand->heard && !errand->deaf)
        cache_keep_end(fetch, transfer);
    else
        cache_keep_drop(fetch);
    then(fetch);
}

const struct transfer_events cache_landing = {head_came, content_came, ended};
