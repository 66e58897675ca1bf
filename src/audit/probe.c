/* Probes: one request at a time, and everything of its answer but the bulk of the content.
 *
 * Of the content a digest, its length and the first octets are kept: enough to say whether two
 * answers were the same, and to show where they part.
 *
 * Evidence ends up in reports that are handed around. So what Authorization, Cookie and Set-Cookie
 * say is left out of it, and octets that a terminal would obey are escaped.
 */
#include "audit/probe.h"

#include "base/memory.h"
#include "base/text.h"
#include "stet/uri.h"

#include <nettle/sha2.h>
#include <stdio.h>

enum { PROBE_VALUE_SHOWN = 300, PROBE_FIELDS_SHOWN = 100 };

/* One on its way. */
struct probing {
    struct probe *probe;
    struct sha256_ctx sha;
    uint64_t content_max;
    uint32_t longest; /* ms */
    bool ended;
    bool failed; /* memory was out */
};

static void probing_head(void *owner, int status, const struct message *head)
{
    struct probing *probing = owner;

    if (status < 200)
        return;
    probing->probe->status = status;
    probing->failed |= !message_add_all(&probing->probe->response, &head->head);
}

static void probing_keep(struct probe *probe, struct stet_span bytes)
{
    size_t more = PROBE_KEPT - probe->content_kept;

    more = more < bytes.len ? more : bytes.len;
    memcpy(probe->content + probe->content_kept, bytes.at, more);
    probe->content_kept += more;
}

static bool probing_content(void *owner, struct stet_span bytes)
{
    struct probing *probing = owner;
    struct probe *probe = probing->probe;

    probe->early |= probe->status == 304 || strcmp(probe->method, "HEAD") == 0;
    if (probe->length + bytes.len > probing->content_max) {
        probe->cut = true;
        return false;
    }
    if (!probe->content)
        probe->content = memory_new(PROBE_KEPT);
    if (!probe->content) {
        probing->failed = true;
        return false;
    }
    probing_keep(probe, bytes);
    sha256_update(&probing->sha, bytes.len, (const uint8_t *)bytes.at);
    probe->length += bytes.len;
    return true;
}

/* It has had all the time that it may take; clocks may differ in little. */
static bool probing_is_over(const struct probing *probing, const struct transfer_outcome *outcome)
{
    const int64_t most = (int64_t)probing->longest * 1000000;

    return most && outcome->total_ns >= most - most / 100;
}

static void probing_end(void *owner, const struct transfer_outcome *outcome)
{
    struct probing *probing = owner;
    struct probe *probe = probing->probe;

    probe->outcome = *outcome;
    probe->early |= outcome->early;
    probe->slow = outcome->result == TRANSFER_TIMEOUT && probing_is_over(probing, outcome);
    probe->cut |= probe->slow && probe->status;
    snprintf(probe->address, sizeof probe->address, "%s", outcome->address);
    snprintf(probe->words, sizeof probe->words, "%s", outcome->words);
    probe->outcome.address = probe->outcome.words = "";
    sha256_digest(&probing->sha, PROBE_DIGEST, probe->digest);
    probing->ended = true;
}

/* The lines of all kinds as fields of the request. */
static bool probe_prepare(struct probe *probe, const struct probe_ask *ask)
{
    const char *lines = ask->lines ? ask->lines : "";
    size_t size = strlen(ask->request->url) + 1;

    probe->method = ask->request->method;
    probe->url = memory_new(size);
    if (!probe->url)
        return false;
    memcpy(probe->url, ask->request->url, size);
    for (size_t i = 0; ask->common && ask->common[i]; i++)
        if (!message_add_line(&probe->request, stet_span_of(ask->common[i])))
            return false;
    while (*lines) {
        size_t len = strcspn(lines, "\n");
        if (!message_add_line(&probe->request, stet_span(lines, len)))
            return false;
        lines += len + (lines[len] == '\n');
    }
    return true;
}

bool probe_send(struct probe *probe, struct transfers *transfers, const struct probe_ask *ask)
{
    static const struct transfer_events events = {probing_head, probing_content, probing_end};
    struct probing probing = {
        .probe = probe, .content_max = ask->content_max, .longest = ask->request->longest};
    struct transfer_request request = *ask->request;
    struct transfer *transfer;

    *probe = (struct probe){0};
    if (!probe_prepare(probe, ask))
        return false;
    request.head = &probe->request.head;
    sha256_init(&probing.sha);
    transfer = transfer_start(transfers, &request, &events, &probing);
    if (!transfer)
        return false;
    while (!transfers_run(transfers, -1) && !probing.ended)
        transfer_cancel(transfer); /* somebody has asked all transfers to stop */
    return !probing.failed && probe->outcome.result != TRANSFER_MEMORY;
}

void probe_fini(struct probe *probe)
{
    message_fini(&probe->request);
    message_fini(&probe->response);
    memory_free(probe->url);
    memory_free(probe->content);
    *probe = (struct probe){0};
}

bool probe_answered(const struct probe *probe)
{
    return probe->status != 0 && (probe->outcome.result == TRANSFER_COMPLETE || probe->cut);
}

bool probe_same_content(const struct probe *a, const struct probe *b)
{
    return !a->cut && !b->cut && a->length == b->length &&
           memcmp(a->digest, b->digest, PROBE_DIGEST) == 0;
}

/* ---- evidence ---- */

static void evidence_put(struct text *text, struct stet_span value)
{
    size_t shown = value.len < PROBE_VALUE_SHOWN ? value.len : PROBE_VALUE_SHOWN;

    for (size_t i = 0; i < shown; i++) {
        unsigned char octet = (unsigned char)value.at[i];
        if (octet < 0x20 || octet >= 0x7f)
            text_say(text, "\\x%02x", octet);
        else
            text_put(text, value.at + i, 1);
    }
    if (shown < value.len)
        text_say(text, "...");
}

/* A cookie's name and attributes, without what it says. */
static void evidence_cookie(struct text *text, struct stet_span value)
{
    size_t name = stet_span_find(value, '=');
    struct stet_span rest = stet_span_from(value, stet_span_find(value, ';'));

    evidence_put(text, stet_span(value.at, name));
    text_say(text, "=...");
    evidence_put(text, rest);
}

static void evidence_field(struct text *text, char mark, const struct stet_field *field)
{
    text_say(text, "%c ", mark);
    evidence_put(text, field->name);
    text_say(text, ": ");
    if (field->id == STET_FIELD_SET_COOKIE)
        evidence_cookie(text, field->value);
    else if (field->id == STET_FIELD_AUTHORIZATION || field->id == STET_FIELD_COOKIE ||
             field->id == STET_FIELD_PROXY_AUTHORIZATION)
        text_say(text, "...");
    else
        evidence_put(text, field->value);
    text_say(text, "\n");
}

static void evidence_request(struct text *text, const struct probe *probe)
{
    struct stet_uri uri = {0};
    const bool split = stet_uri_split(stet_span_of(probe->url), &uri);

    text_say(text, "> %s ", probe->method);
    if (split) {
        evidence_put(text, uri.path.len ? uri.path : STET_SPAN("/"));
        text_say(text, "%s", uri.query.at ? "?" : "");
        evidence_put(text, uri.query);
    } else {
        evidence_put(text, stet_span_of(probe->url));
    }
    text_say(text, "\n> Host: ");
    evidence_put(text, uri.authority);
    text_say(text, "\n");
    for (size_t i = 0; i < probe->request.head.count; i++)
        evidence_field(text, '>', &probe->request.head.fields[i]);
}

static void evidence_response(struct text *text, const struct probe *probe)
{
    const unsigned version = probe->outcome.version ? probe->outcome.version : 11;

    if (!probe->status) {
        text_say(text, "< (no answer: ");
        evidence_put(text, stet_span_of(probe->words));
        text_say(text, ")\n");
        return;
    }
    text_say(text, version >= 20 ? "< HTTP/%u %d\n" : "< HTTP/1.%u %d\n",
             version >= 20 ? 2 : version % 10, probe->status);
    const size_t count = probe->response.head.count;
    for (size_t i = 0; i < count && i < PROBE_FIELDS_SHOWN; i++)
        evidence_field(text, '<', &probe->response.head.fields[i]);
    if (count > PROBE_FIELDS_SHOWN)
        text_say(text, "< (%zu more fields)\n", count - PROBE_FIELDS_SHOWN);
    if (probe->length)
        text_say(text, "< (%llu octets of content%s, SHA-256 %02x%02x%02x%02x...)\n",
                 (unsigned long long)probe->length, probe->cut ? " read" : "", probe->digest[0],
                 probe->digest[1], probe->digest[2], probe->digest[3]);
}

char *probe_evidence(const struct probe *probe)
{
    struct text text = {0};

    evidence_request(&text, probe);
    evidence_response(&text, probe);
    text_put(&text, "", 1);
    if (text.failed) {
        text_fini(&text);
        return NULL;
    }
    return text.at;
}
