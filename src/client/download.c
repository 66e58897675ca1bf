/* Downloads: fetches in a row, until there is an answer or no hope of one.
 *
 * A fetch may end while cache_fetch has not returned yet, and its end may start the next one, or
 * end the download. So nothing of the download is touched behind a call of cache_fetch.
 */
#include "client/download_parts.h"

#include "base/memory.h"
#include "client/limit.h"
#include "client/url.h"
#include "stet/base64.h"
#include "stet/uri.h"

#include <stdio.h>

static void download_ask(struct download *download);

bool download_fail(struct download *download, enum download_end end, const char *words)
{
    if (download->result.words[0])
        return false;
    snprintf(download->words, sizeof download->words, "%s", words[0] ? words : "failed");
    download->result.end = end;
    download->result.words = download->words;
    return false;
}

void download_forget(struct download *download)
{
    download->version = (struct download_version){0};
    download->came = download->expected = 0;
}

void download_drop(struct download *download, bool keep)
{
    const bool kept = keep && !download->decoding && download->request.resume &&
                      download->version.tag[0] && !download->result.outcome.stored;

    if (download->opened)
        output_drop(download->request.output, download->url, kept ? download->version.tag : NULL);
    download->opened = false;
    decoding_free(download->decoding);
    download->decoding = NULL;
}

static void download_free(struct download *download)
{
    decoding_free(download->decoding);
    message_fini(&download->head);
    message_fini(&download->result.head);
    memory_free(download->redirect.url);
    memory_free(download->url);
    memory_free(download->method);
    memory_free(download);
}

/* ---- the end ---- */

/* All content has come: the output is made good. */
static void download_succeed(struct download *download)
{
    struct download_result *result = &download->result;
    struct output *output = download->request.output;
    bool replaced = false;

    if (download->decoding && !decoding_end(download->decoding)) {
        download_fail(download, DOWNLOAD_NETWORK, decoding_words(download->decoding));
        return;
    }
    if (download->hearing.refused) {
        result->end = DOWNLOAD_HTTP;
        download_drop(download, false);
    }
    if (!download->opened)
        return;
    result->length = output_length(output) - download->head_octets;
    if (!output_end(output, &replaced)) {
        download_fail(download, DOWNLOAD_OUTPUT, output_words(output));
        return;
    }
    download->opened = false;
    result->changed = output_is_replaced(output) ? replaced : result->outcome.changed;
}

/* Where a redirect leads that was not followed, for whoever wants to know. */
static void download_note_redirect(struct download *download)
{
    download->result.redirect_url = "";
    if (download->redirect.url)
        download->result.redirect_url = download->redirect.url;
}

/* Nothing is left of it. */
static void download_end(struct download *download)
{
    if (download->result.words[0] || download->result.end == DOWNLOAD_CANCELLED)
        download_drop(download, true);
    download_note_redirect(download);
    download->result.url = download->url;
    download->done(download->owner, &download->result);
    download_free(download);
}

/* ---- what comes next ---- */

static bool download_follow(struct download *download)
{
    struct redirect *redirect = &download->redirect;
    struct message kept = {0};

    for (size_t i = 0; i < download->head.head.count; i++) {
        const struct stet_field *field = &download->head.fields[i];
        if (redirect_drops(redirect, field->name))
            continue;
        if (!message_add(&kept, field->name, field->value)) {
            message_fini(&kept);
            return false;
        }
    }
    message_fini(&download->head);
    download->head = kept;
    memory_free(download->url);
    download->url = redirect->url;
    redirect->url = NULL;
    if (redirect->get) {
        memcpy(download->method, "GET", sizeof "GET"); /* download_prepare has room for it */
        download->content = STET_SPAN_NONE;
    }
    download->result.redirects++;
    download_forget(download);
    return true;
}

/* The connection ended before the content did; what came can be joined with the rest. */
static bool download_can_go_on(const struct download *download, const struct cache_outcome *outcome)
{
    const enum transfer_result how = outcome->transfer.result;

    return (how == TRANSFER_BROKEN || how == TRANSFER_TIMEOUT) && download->opened &&
           download->version.tag[0] && download->came &&
           download->version.in_a_row < CLIENT_CONTINUATIONS_MAX && !download->result.words[0];
}

static void download_go_on_after(struct download *download, const struct cache_outcome *outcome)
{
    struct download_version *version = &download->version;

    version->held = download->came > version->held ? download->came : version->held;
    version->skip = 0;
    version->asked = true;
    version->from_part = false;
    version->by_range = !outcome->stored;
    version->in_a_row++;
    download->came = version->held;
    download->result.continuations++;
}

/* What a fetch that ended badly is called. */
static void download_explain(struct download *download, const struct cache_outcome *outcome)
{
    const struct stet_span sentence = stet_reason_sentence(outcome->reason);
    char words[320];

    if (outcome->transfer.result != TRANSFER_COMPLETE) {
        download_fail(download, DOWNLOAD_NETWORK, outcome->transfer.words);
        return;
    }
    snprintf(words, sizeof words, "%.*s", (int)sentence.len, sentence.at ? sentence.at : "");
    download_fail(download, DOWNLOAD_NETWORK, words);
}

static void download_account(struct download *download, const struct cache_outcome *outcome)
{
    struct download_result *result = &download->result;

    result->outcome = *outcome;
    result->source = outcome->source;
    result->reason = outcome->reason;
    result->ttl = outcome->ttl;
    result->changed = outcome->changed;
    result->saved += outcome->saved;
    result->received += outcome->transfer.octets;
    result->requests += outcome->requests;
}

/* All that was wanted has been told. */
static bool download_is_whole(const struct cache_outcome *outcome)
{
    if (outcome->source == CACHE_SOURCE_NONE)
        return false;
    if (outcome->source == CACHE_SOURCE_NETWORK)
        return outcome->transfer.result == TRANSFER_COMPLETE;
    return outcome->whole;
}

static void download_on_end(void *owner, const struct cache_outcome *outcome)
{
    struct download *download = owner;

    download->fetch = NULL;
    download_account(download, outcome);
    if (download->result.words[0] || download->result.end == DOWNLOAD_CANCELLED) {
        download_end(download);
        return;
    }
    if (download->then == DOWNLOAD_THEN_REDIRECT && download_follow(download)) {
        download_ask(download);
    } else if (download->then == DOWNLOAD_THEN_ANEW) {
        download_ask(download);
    } else if (download_can_go_on(download, outcome)) {
        download_go_on_after(download, outcome);
        download_ask(download);
    } else {
        if (download_is_whole(outcome))
            download_succeed(download);
        else
            download_explain(download, outcome);
        download_end(download);
    }
}

static const struct cache_events download_events = {download_on_head, download_on_content,
                                                    download_on_end};

/* ---- asking ---- */

/* The rest from `held` on, if the tag still stands [RFC 9110 §13.1.5]. */
static bool download_add_range(const struct download *download, struct message *head)
{
    char range[64];

    snprintf(range, sizeof range, "bytes=%llu-", (unsigned long long)download->version.held);
    return message_add(head, STET_SPAN("Range"), stet_span_of(range)) &&
           message_add(head, STET_SPAN("If-Range"), stet_span_of(download->version.tag));
}

static void download_ask(struct download *download)
{
    const struct download_version *version = &download->version;
    const bool range = version->asked && version->by_range;
    struct message head = {0};
    const struct cache_request request = {.transfer = {.method = download->method,
                                                       .url = download->url,
                                                       .head = &head.head,
                                                       .content = download->content},
                                          .quiet = download->request.quiet && !version->asked};

    download->then = DOWNLOAD_THEN_END;
    download->plain = *download->request.cache;
    download->plain.mode = CACHE_OFF;
    const bool ready = message_add_all(&head, &download->head.head) &&
                       (!range || download_add_range(download, &head));
    if (!ready || !cache_fetch(range ? &download->plain : download->request.cache, &request,
                               &download_events, download, &download->fetch)) {
        download_fail(download, DOWNLOAD_NETWORK, "out of memory");
        download_end(download);
    }
    message_fini(&head);
}

/* ---- the beginning ---- */

/* Could what an earlier run has left be of use? Not where no request is to be sent. */
static bool download_resumes(const struct download *download)
{
    const struct download_request *request = &download->request;

    return request->resume && !request->show_head && request->cache->mode != CACHE_OFFLINE &&
           strcmp(download->method, "GET") == 0 &&
           !stet_head_has(&download->head.head, STET_FIELD_RANGE);
}

/* Nor where none needs to be. */
static bool download_is_stored(const struct download *download)
{
    const struct cache_request whole = {.transfer = {.method = download->method,
                                                     .url = download->url,
                                                     .head = &download->head.head}};

    return cache_answers(download->request.cache, &whole);
}

/* What an earlier run has left of this content. */
static void download_look_back(struct download *download)
{
    struct download_version *version = &download->version;

    if (!download_resumes(download))
        return;
    version->held = output_held(download->request.output, download->url, version->tag);
    if (version->held && download_is_stored(download))
        download_forget(download);
    version->asked = version->from_part = version->by_range = version->held > 0;
    download->came = version->held;
}

static char *download_copy(struct stet_span text, size_t least)
{
    char *copy = memory_new((text.len > least ? text.len : least) + 1);

    if (copy) {
        memcpy(copy, text.at, text.len);
        copy[text.len] = '\0';
    }
    return copy;
}

/* "Authorization: Basic ..." of the userinfo [RFC 7617 §2]. */
static bool download_add_basic(struct download *download, struct stet_span userinfo)
{
    const size_t room = 6 + stet_base64_room(userinfo.len);
    char *plain = memory_new(userinfo.len + 1), *value = memory_new(room);
    bool well = false;

    if (plain && value) {
        const size_t len = stet_path_decode(userinfo, plain);
        memcpy(value, "Basic ", 6);
        if (len != SIZE_MAX) {
            stet_base64_encode(plain, len, value + 6);
            well = message_add(&download->head, STET_SPAN("Authorization"),
                               stet_span(value, 6 + stet_base64_room(len)));
        }
    }
    memory_free(plain);
    memory_free(value);
    return well;
}

static bool download_take_url(struct download *download, const char *typed)
{
    struct url url;

    if (!url_take(typed, transfers_host, &url))
        return false;
    download->url = url.sent;
    url.sent = NULL;
    const bool well = !url.userinfo ||
                      stet_head_has(&download->head.head, STET_FIELD_AUTHORIZATION) ||
                      download_add_basic(download, stet_span_of(url.userinfo));
    url_fini(&url);
    return well;
}

static bool download_prepare(struct download *download)
{
    const struct download_request *request = &download->request;

    download->method = download_copy(stet_span_of(request->method), 4);
    if (!download->method || (request->head && !message_add_all(&download->head, request->head)) ||
        !download_take_url(download, request->url))
        return false;
    /* octets out of the middle of a coded content are of no use to anyone */
    if (!request->decode || stet_head_has(&download->head.head, STET_FIELD_ACCEPT_ENCODING) ||
        stet_head_has(&download->head.head, STET_FIELD_RANGE)) {
        download->request.decode = false;
        return true;
    }
    return message_add(&download->head, STET_SPAN("Accept-Encoding"), STET_SPAN(DECODING_ACCEPTS));
}

bool download_start(const struct download_request *request,
                    void (*done)(void *owner, const struct download_result *result), void *owner,
                    struct download **to)
{
    struct download *download = memory_new_zero(sizeof *download);

    *to = NULL;
    if (!download)
        return false;
    download->request = *request;
    download->done = done;
    download->owner = owner;
    download->content = request->content;
    download->result.words = download->result.redirect_url = "";
    if (!download_prepare(download)) {
        download_free(download);
        return false;
    }
    download_look_back(download);
    *to = download;
    download_ask(download);
    return true;
}

void download_cancel(struct download *download)
{
    download->result.end = DOWNLOAD_CANCELLED;
    if (download->fetch)
        cache_fetch_cancel(download->fetch);
}

uint64_t download_progress(const struct download *download, uint64_t *total)
{
    *total = download->expected;
    return download->came;
}
