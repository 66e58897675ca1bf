/* An explanation is a list of lines, each about one thing: what was found, and if a rule decided
 * it, the sentence and the section of that rule.
 *
 *     key         http://example.org/a
 *     stored      200, 1024 octets, ETag "x"
 *     lifetime    60 s
 *                 max-age gives the lifetime. [RFC 9111 §5.2.2.1]
 *     answer      from the store, 12 s old, fresh for 48 s
 *                 The stored response is fresh. [RFC 9111 §4.2]
 */
#include "cache/explain.h"

#include "base/memory.h"
#include "cache/cache_parts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { EXPLAIN_VALUE = 512 };

struct explain {
    struct text *to;
    enum explain_form form;
    size_t lines;
};

/* ---- lines ---- */

static void explain_json(struct explain *explain, const char *about, struct stet_span value,
                         enum stet_reason reason)
{
    const struct stet_span word = stet_reason_word(reason), law = stet_reason_law(reason),
                           sentence = stet_reason_sentence(reason);

    text_say(explain->to, "%s{\"about\":\"%s\",\"value\":", explain->lines ? "," : "", about);
    text_json(explain->to, value.at, value.len);
    if (reason != STET_REASON_NONE) {
        text_say(explain->to, ",\"reason\":\"%.*s\",\"sentence\":", (int)word.len, word.at);
        text_json(explain->to, sentence.at, sentence.len);
        text_say(explain->to, ",\"law\":\"%.*s\"", (int)law.len, law.at);
    }
    text_say(explain->to, "}");
}

static void explain_words(struct explain *explain, const char *about, struct stet_span value,
                          enum stet_reason reason)
{
    const struct stet_span law = stet_reason_law(reason), sentence = stet_reason_sentence(reason);

    text_say(explain->to, "%-11s %.*s\n", about, (int)value.len, value.at);
    if (reason != STET_REASON_NONE)
        text_say(explain->to, "            %.*s [%.*s]\n", (int)sentence.len, sentence.at,
                 (int)law.len, law.at);
}

/* One line: what it is about, what was found, and why. */
__attribute__((format(printf, 4, 5))) static void explain_line(struct explain *explain,
                                                               const char *about,
                                                               enum stet_reason reason,
                                                               const char *format, ...)
{
    char value[EXPLAIN_VALUE];
    va_list arguments;

    va_start(arguments, format);
    int len = vsnprintf(value, sizeof value, format, arguments);
    va_end(arguments);
    const struct stet_span span =
        stet_span(value, len < EXPLAIN_VALUE ? (size_t)len : EXPLAIN_VALUE - 1);
    if (explain->form == EXPLAIN_JSON)
        explain_json(explain, about, span, reason);
    else
        explain_words(explain, about, span, reason);
    explain->lines++;
}

static void explain_begin(struct explain *explain)
{
    if (explain->form == EXPLAIN_JSON)
        text_say(explain->to, "{\"lines\":[");
}

static void explain_end(struct explain *explain)
{
    if (explain->form == EXPLAIN_JSON)
        text_say(explain->to, "]}\n");
}

/* ---- what lines tell ---- */

static enum stet_reason explain_source(enum stet_lifetime_source source)
{
    static const enum stet_reason reasons[] = {
        [STET_LIFETIME_NONE] = STET_REASON_LIFETIME_NONE,
        [STET_LIFETIME_S_MAXAGE] = STET_REASON_LIFETIME_S_MAXAGE,
        [STET_LIFETIME_MAX_AGE] = STET_REASON_LIFETIME_MAX_AGE,
        [STET_LIFETIME_EXPIRES] = STET_REASON_LIFETIME_EXPIRES,
        [STET_LIFETIME_HEURISTIC] = STET_REASON_LIFETIME_HEURISTIC,
    };
    return reasons[source];
}

static void explain_stale(struct explain *explain, const struct stet_stored *stored)
{
    if (stored->barred != STET_REASON_NONE)
        explain_line(explain, "when stale", stored->barred, "never used without asking the origin");
    if (stored->stale_while_revalidate && stored->barred == STET_REASON_NONE)
        explain_line(explain, "when stale", STET_REASON_STALE_WHILE_REVALIDATE,
                     "for %" PRIu32 " s, while it is validated", stored->stale_while_revalidate);
    if (stored->stale_if_error != STET_SECONDS_NONE && stored->barred == STET_REASON_NONE)
        explain_line(explain, "when stale", STET_REASON_STALE_IF_ERROR,
                     "for %" PRIu32 " s, if the origin fails", stored->stale_if_error);
}

static void explain_reuse(struct explain *explain, const struct stet_reuse *reuse)
{
    static const char *const words[] = {
        [STET_REUSE_FRESH] = "from the store",
        [STET_REUSE_STALE] = "from the store, stale",
        [STET_REUSE_REFRESH] = "from the store, stale, while it is validated",
        [STET_REUSE_VALIDATE] = "after asking the origin whether it has changed",
        [STET_REUSE_FORWARD] = "from the origin",
        [STET_REUSE_TIMEOUT] = "504, without asking the origin",
        [STET_REUSE_ERROR] = "the origin's error",
    };

    switch (reuse->answer) {
    case STET_REUSE_FORWARD:
    case STET_REUSE_TIMEOUT:
    case STET_REUSE_ERROR:
        explain_line(explain, "answer", reuse->reason, "%s", words[reuse->answer]);
        break;
    default:
        explain_line(explain, "answer", reuse->reason,
                     "%s; %" PRIu32 " s old, %s for %" PRId64 " s", words[reuse->answer],
                     reuse->age, reuse->ttl > 0 ? "fresh" : "stale",
                     reuse->ttl < 0 ? -reuse->ttl : reuse->ttl);
    }
}

/* ---- what is stored ---- */

static const char *explain_state(const struct entry *entry)
{
    static const char *const words[] = {
        [ENTRY_FILLING] = ", still coming", [ENTRY_WHOLE] = "", [ENTRY_BROKEN] = ", broken off"};
    return words[entry_state(entry)];
}

static void explain_entry(struct explain *explain, const struct entry *entry,
                          const struct entry_head *head, const struct stet_stored *stored)
{
    struct stet_span tag = entry_head_tag(head), made = shelf_made_tag(head);

    explain_line(explain, "stored", STET_REASON_NONE, "%d%s, %" PRIu64 " octets%s, %s %.*s",
                 stored->status, stored->partial ? " (a part)" : "", entry_length(entry),
                 explain_state(entry),
                 made.len  ? "ETag (made here)"
                 : tag.len ? "ETag"
                           : "no ETag",
                 (int)(made.len ? made.len : tag.len), made.len ? made.at : tag.at);
    if (stored->selected)
        explain_line(explain, "variant", STET_REASON_NONE, "%.*s", (int)entry_selecting(entry).len,
                     entry_selecting(entry).at);
    explain_line(explain, "lifetime", explain_source(stored->source), "%" PRIu32 " s",
                 stored->lifetime);
    if (stored->no_cache)
        explain_line(explain, "always", STET_REASON_NO_CACHE, "asks the origin");
    if (stored->marked)
        explain_line(explain, "marked", STET_REASON_MARKED_INVALID, "asks the origin");
    explain_stale(explain, stored);
}

static void explain_set(struct explain *explain, const struct shelf_set *set)
{
    if (!set->candidates.count)
        explain_line(explain, "stored", STET_REASON_NONE, "nothing");
    for (size_t i = 0; i < set->candidates.count; i++)
        explain_entry(explain, set->entries[i], set->heads[i], &set->stored[i]);
}

bool explain_stored(const struct shelf *shelf, const struct shelf_ask *ask, enum explain_form form,
                    struct text *to)
{
    struct explain explain = {.to = to, .form = form};
    struct shelf_set *set = memory_new_zero(sizeof *set);
    struct shelf_pick pick;

    if (!set || !shelf_gather(shelf, ask, false, set)) {
        memory_free(set);
        return false;
    }
    explain_begin(&explain);
    explain_line(&explain, "key", STET_REASON_NONE, "%.*s", (int)ask->key->url.len,
                 ask->key->url.at);
    explain_set(&explain, set);
    pick = shelf_pick(shelf, ask);
    explain_reuse(&explain, &pick.reuse);
    shelf_pick_drop(&pick);
    shelf_set_drop(set);
    memory_free(set);
    explain_end(&explain);
    return true;
}

bool explain_request(const struct explain_ask *ask, enum explain_form form, struct text *to)
{
    const struct shelf *shelf = &ask->cache->shelf;
    const struct stet_asked asked = stet_asked_of(&ask->rules->profile, ask->request, false);
    char *room = memory_new(shelf_key_room(ask->rules, ask->request));
    struct shelf_key key;

    if (!room)
        return false;
    shelf_key_make(shelf, ask->rules, ask->request, room, &key);
    const struct shelf_ask looked = {&key, ask->rules, ask->request, &asked, ask->now};
    const bool well = explain_stored(shelf, &looked, form, to);
    memory_free(room);
    return well;
}

/* ---- a response ---- */

static void explain_kept(struct explain *explain, const struct cache_rules *rules,
                         const struct stet_transaction *transaction,
                         const struct stet_storing *storing)
{
    const struct stet_stored stored =
        stet_stored_of(&rules->profile, transaction, &storing->directives);
    const struct stet_lifetime lifetime = stet_lifetime_of(&rules->profile, transaction->response,
                                                           &storing->directives, &stored.times);
    const struct stet_asked asked = stet_asked_of(&rules->profile, transaction->request, false);
    const struct stet_reuse reuse =
        stet_may_reuse(&rules->profile, &stored, &asked, transaction->arrival.received);

    explain_line(explain, "lifetime", lifetime.reason, "%" PRIu32 " s", lifetime.seconds);
    if (stored.no_cache)
        explain_line(explain, "always", STET_REASON_NO_CACHE, "asks the origin");
    explain_stale(explain, &stored);
    explain_reuse(explain, &reuse);
}

void explain_response(const struct cache_rules *rules, struct stet_span url,
                      const struct stet_transaction *transaction, enum explain_form form,
                      struct text *to)
{
    struct explain explain = {.to = to, .form = form};
    const struct stet_head *head = &transaction->response->head;
    const struct stet_span tag = stet_head_single(head, STET_FIELD_ETAG),
                           modified = stet_head_single(head, STET_FIELD_LAST_MODIFIED);
    const struct stet_storing storing = shelf_may_store(rules, transaction);

    explain_begin(&explain);
    explain_line(&explain, "url", STET_REASON_NONE, "%.*s", (int)url.len, url.at);
    explain_line(&explain, "response", STET_REASON_NONE, "%d", transaction->response->status);
    if (tag.len)
        explain_line(&explain, "validator", STET_REASON_NONE, "ETag: %.*s", (int)tag.len, tag.at);
    if (modified.len)
        explain_line(&explain, "validator", STET_REASON_NONE, "Last-Modified: %.*s",
                     (int)modified.len, modified.at);
    if (!tag.len && !modified.len)
        explain_line(&explain, "validator", STET_REASON_NONE, "none: stet proxy makes one");
    explain_line(&explain, "storing", storing.reason, "%s", storing.allowed ? "yes" : "no");
    if (storing.allowed)
        explain_kept(&explain, rules, transaction, &storing);
    explain_end(&explain);
}
