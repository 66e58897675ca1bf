/* Full responses: may they be stored, and who reads them as they fill the store.
 *
 * Besides the law and the route's rules there are reasons of the cache's own not to store: what is
 * too large, what differs for each by declaration, what answers another request than it seems to,
 * and what is most likely somebody's own.
 *
 * What is not stored but belongs to the requester, a cookie above all, goes to the leader in lines
 * of its own, and to nobody else.
 */
#include "cache/landing_parts.h"

/* ---- lines for the leader alone ---- */

/* A response, and what is stored of it. */
struct extra {
    const struct stet_profile *profile;
    const struct stet_head *head;
    const struct stet_head *stored;
    struct stet_cachecontrol said; /* by what is stored */
};

/* Something of that name is stored: from before, for others. */
static bool is_stored(const struct extra *extra, const struct stet_field *field)
{
    return extra->stored != extra->head &&
           (field->id == STET_FIELD_UNKNOWN ? stet_head_named(extra->stored, field->name) != NULL
                                            : stet_head_has(extra->stored, field->id));
}

/* The field was sent to the requester, and is not stored. */
static bool is_extra(const struct extra *extra, const struct stet_field *field)
{
    return !stet_may_keep(extra->profile, extra->head, &extra->said, field) &&
           !is_stored(extra, field) && forward_field(extra->head, field);
}

static void extra_put(struct stet_span *lines, char *to, struct stet_span text)
{
    if (to)
        memcpy(to + lines->len, text.at, text.len);
    lines->len += text.len;
}

static struct stet_span extra_write(const struct extra *extra, char *to)
{
    struct stet_span lines = {to, 0};

    for (size_t i = 0; i < extra->head->count; i++) {
        const struct stet_field *field = &extra->head->fields[i];
        if (!is_extra(extra, field))
            continue;
        extra_put(&lines, to, field->name);
        extra_put(&lines, to, STET_SPAN(": "));
        extra_put(&lines, to, field->value);
        extra_put(&lines, to, STET_SPAN("\r\n"));
    }
    return lines;
}

bool landing_extra(struct flight *flight, const struct stet_head *head,
                   const struct stet_head *stored)
{
    const struct stet_profile *profile = &rules_of(flight)->profile;
    const struct extra extra = {
        .profile = profile,
        .head = head,
        .stored = stored,
        .said = stet_cachecontrol_of_response(stored, profile->targets, profile->target_count)};
    const size_t size = flight->leader ? extra_write(&extra, NULL).len : 0;
    char *to = size > 0 ? arena_alloc(&flight->arena, size) : NULL;

    if (size == 0)
        return true;
    if (to)
        flight->outcome.extra = extra_write(&extra, to);
    return to != NULL;
}

/* ---- may it be stored? ---- */

/* A response that says nothing about sharing answers a request with a cookie: it may well be this
 * one user's, however the law reads it. To the letter it may be stored. */
static bool is_personal(const struct flight *flight, const struct stet_transaction *transaction,
                        const struct stet_cachecontrol *said)
{
    const struct stet_profile *profile = &rules_of(flight)->profile;

    if (profile->cookies == STET_COOKIES_KEEP ||
        !stet_head_has(&transaction->request->head, STET_FIELD_COOKIE) ||
        stet_cachecontrol_has(said, STET_DIRECTIVE_PUBLIC))
        return false;
    struct stet_stored stored = stet_stored_of(profile, transaction, said);
    if (stored.source == STET_LIFETIME_NONE)
        cache_rules_lifetime(rules_of(flight), &stored);
    else if (stored.source == STET_LIFETIME_HEURISTIC)
        return true;
    return stored.source == STET_LIFETIME_NONE;
}

/* The part is of the version that the request asks for [RFC 9110 §13.1.5]. */
static bool is_version(const struct stet_transaction *transaction)
{
    const struct stet_head *request = &transaction->request->head;

    return !stet_head_has(request, STET_FIELD_IF_RANGE) ||
           stet_etag_equal_strong(stet_etag_of(&transaction->response->head),
                                  stet_etag_read(stet_head_single(request, STET_FIELD_IF_RANGE)));
}

/* A part is stored if it holds what was asked for: then it can answer as well (D-19). */
static bool is_answer(const struct stet_transaction *transaction)
{
    struct stet_content_range part;

    if (transaction->response->status != 206)
        return true;
    if (!stet_part_read(transaction->response, &part) || !is_version(transaction))
        return false;
    const struct stet_ranges asked = stet_ranges_of(&transaction->request->head, part.length);
    return asked.count == 1 && asked.at[0].first >= part.range.first &&
           asked.at[0].last <= part.range.last;
}

/* Why this cache does not store what the law lets it. */
static enum stet_reason landing_refusal(const struct flight *flight,
                                        const struct stet_transaction *transaction,
                                        const struct stet_cachecontrol *said, uint64_t expected)
{
    if (rules_of(flight)->noise)
        return STET_REASON_HAS_NOISE;
    if (forward_hides(&transaction->request->head))
        return STET_REASON_FIELDS_HIDDEN;
    if (expected > rules_of(flight)->object_max)
        return STET_REASON_TOO_LARGE;
    if (!is_answer(transaction))
        return STET_REASON_PART_UNPROVED;
    return is_personal(flight, transaction, said) ? STET_REASON_PERSONAL : STET_REASON_NONE;
}

static struct stet_storing landing_may_store(const struct flight *flight,
                                             const struct stet_transaction *transaction,
                                             uint64_t expected)
{
    struct stet_storing storing = shelf_may_store(rules_of(flight), transaction);

    if (!storing.allowed)
        return storing;
    const enum stet_reason refusal =
        landing_refusal(flight, transaction, &storing.directives, expected);
    if (refusal != STET_REASON_NONE) {
        storing.allowed = false;
        storing.reason = refusal;
    }
    return storing;
}

/* ---- storing ---- */

/* What was stored is outdated by a newer response that may not take its place. */
static void landing_outdates(struct flight *flight, int status, enum stet_reason refusal)
{
    struct entry *entry = flight->errand.pick.entry;

    if (entry && status == 200 && flight->errand.request.method == STET_METHOD_GET &&
        (refusal == STET_REASON_NO_STORE || refusal == STET_REASON_QUOTES_UNCLOSED ||
         refusal == STET_REASON_PRIVATE || refusal == STET_REASON_TOO_LARGE))
        store_drop(shelf_of(flight)->store, entry);
}

static void landing_fill(struct flight *flight, const struct stet_response *response,
                         struct entry *entry)
{
    const struct shelf_set *set = flight->errand.set;
    const struct cache_rules *rules = rules_of(flight);
    struct fill *fill = &flight->fill;

    fill_begin(fill, shelf_of(flight), rules, entry,
               synthesis_of_stored(rules, &flight->errand.request, response));
    fill->seen = flight->answer.arrival.wall;
    fill->part = response->status == 206;
    for (size_t i = 0; set && fill->former_len == 0 && i < set->candidates.count; i++)
        fill_follow(fill, set->heads[i]);
    flight->stage = FLIGHT_FILLS;
    flight_errand_drop(&flight->errand); /* what was stored before may go */
}

void landing_store(struct flight *flight, const struct stet_response *response,
                   const struct stet_head *came, struct entry *entry)
{
    struct cache_facts *facts = &flight->outcome.facts;
    struct shelf_pick pick = {.entry = entry_ref(entry), .head = entry_head(entry)};
    const struct stet_stored stored = entry_head_stored(pick.head);

    landing_fill(flight, response, entry);
    landing_word(flight, FOLLOWER_AGAIN, response->status);
    facts->stored = true;
    pick.reuse.age = stet_age(&stored.times, flight->answer.arrival.received);
    pick.reuse.ttl = (int64_t)stored.lifetime - pick.reuse.age;
    facts->has_age = pick.head->flags & ENTRY_HEAD_AGED; /* [RFC 9111 §5.1] */
    landing_tell_stored(flight, &pick);
    if (!landing_extra(flight, came, &response->head))
        landing_broke(flight);
}

/* What a HEAD says of stored responses, unless they were changed meanwhile [RFC 9111 §4.3.5]. */
static void landing_learn(struct flight *flight, const struct stet_response *response)
{
    const struct flight_errand *errand = &flight->errand;
    const struct shelf_ask ask = {.key = &errand->key,
                                  .rules = rules_of(flight),
                                  .request = &errand->request,
                                  .asked = &errand->asked,
                                  .now = flight->answer.arrival.received};
    const struct stet_times times = stet_times_of(&response->head, &flight->answer.arrival);

    if (!flights_begin_storing(&flight->place))
        return;
    shelf_learn_head(shelf_of(flight), &ask, response, &times);
    flights_end_storing(&flight->place);
}

struct entry *landing_put(struct flight *flight, const struct stet_transaction *transaction,
                          uint64_t expected, struct stet_storing *storing)
{
    const struct shelf_offer offer = {.key = &flight->errand.key,
                                      .rules = rules_of(flight),
                                      .transaction = transaction,
                                      .storing = storing,
                                      .expected = expected,
                                      .version = flight->answer.framing.version};

    *storing = landing_may_store(flight, transaction, expected);
    if (!storing->allowed)
        return NULL;
    if (!flights_begin_storing(&flight->place)) {
        storing->reason = STET_REASON_OUTDATED;
        return NULL;
    }
    struct entry *entry = shelf_put(shelf_of(flight), &offer);
    flights_end_storing(&flight->place);
    if (!entry)
        storing->reason = STET_REASON_TOO_LARGE; /* for the room there is */
    return entry;
}

void landing_replace(struct flight *flight, const struct stet_response *response)
{
    const struct flight_errand *errand = &flight->errand;
    const struct response_framing *framing = &flight->answer.framing;
    const uint64_t expected = framing->has_length ? framing->length : 0;
    const struct stet_transaction transaction = {.request = &errand->request,
                                                 .response = response,
                                                 .arrival = flight->answer.arrival,
                                                 .request_content = errand->content};
    struct stet_storing storing;

    if (errand->request.method == STET_METHOD_HEAD)
        landing_learn(flight, response);
    struct entry *entry = landing_put(flight, &transaction, expected, &storing);
    flight->outcome.facts.storing = storing.reason;
    if (entry) {
        landing_store(flight, response, &response->head, entry);
        return;
    }
    if (storing.reason != STET_REASON_OUTDATED)
        flight_set_alone(flight);
    landing_outdates(flight, response->status, storing.reason);
    landing_pass_named(flight, response);
}
