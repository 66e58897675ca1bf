/* Offers: may a response be put on the shelf, and what of it.
 *
 * The law's verdict is stet_may_store's. Here a route adds what its operator wants: a lifetime for
 * statuses that come without one, which is the permission they lack [RFC 9111 §3], and a refusal
 * where a response is not what its address says (deception.h).
 */
#include "cache/shelf_offer.h"

#include "base/memory.h"
#include "cache/deception.h"
#include "cache/shelf_head.h"

/* ---- verdict ---- */

static struct stet_stored stored_of(const struct cache_rules *rules,
                                    const struct stet_transaction *transaction,
                                    const struct stet_cachecontrol *directives)
{
    struct stet_stored stored = stet_stored_of(&rules->profile, transaction, directives);
    cache_rules_lifetime(rules, &stored);
    return stored;
}

/* The refusal is about a lifetime that is missing ... */
static bool is_liftable(enum stet_reason refusal)
{
    return refusal == STET_REASON_NO_PERMISSION || refusal == STET_REASON_NEVER_REUSABLE;
}

/* ... for which the operator's makes up. */
static bool is_lifted(const struct stet_stored *stored)
{
    return stored->lifetime > 0 && !stored->no_cache;
}

static bool is_explicit(const struct stet_stored *stored)
{
    return stored->source == STET_LIFETIME_S_MAXAGE || stored->source == STET_LIFETIME_MAX_AGE ||
           stored->source == STET_LIFETIME_EXPIRES;
}

struct stet_storing shelf_may_store(const struct cache_rules *rules,
                                    const struct stet_transaction *transaction)
{
    struct stet_storing storing = stet_may_store(&rules->profile, transaction);

    if (!storing.allowed && !is_liftable(storing.reason))
        return storing;
    const struct stet_stored stored = stored_of(rules, transaction, &storing.directives);
    if (!storing.allowed && is_lifted(&stored)) {
        storing.allowed = true;
        storing.reason = STET_REASON_STORABLE;
    }
    if (storing.allowed && rules->guard_deception && !is_explicit(&stored) &&
        deception_suspected(transaction->request->path, &transaction->response->head)) {
        storing.allowed = false;
        storing.reason = STET_REASON_TYPE_DOUBTED;
    }
    return storing;
}

/* ---- heads ---- */

/* The fields that are kept, in memory of their own; NULL when that is out. */
static struct stet_field *fields_kept(const struct shelf_offer *offer, struct stet_head *kept)
{
    const struct stet_head *head = &offer->transaction->response->head;
    struct stet_field *fields = memory_new((head->count + 1) * sizeof *fields);

    if (!fields)
        return NULL;
    *kept = (struct stet_head){.fields = fields};
    for (size_t i = 0; i < head->count; i++) {
        if (stet_may_keep(&offer->rules->profile, head, &offer->storing->directives,
                          &head->fields[i]))
            fields[kept->count++] = head->fields[i];
    }
    stet_head_index(kept);
    return fields;
}

bool shelf_offer_length(const struct shelf_offer *offer, uint64_t *length)
{
    return stet_span_number(
        stet_head_single(&offer->transaction->response->head, STET_FIELD_CONTENT_LENGTH),
        UINT64_MAX, length);
}

struct entry_head *shelf_offer_head(const struct shelf_offer *offer, const struct stet_parts *parts)
{
    const struct stet_stored stored =
        stored_of(offer->rules, offer->transaction, &offer->storing->directives);
    struct stet_head kept;
    uint64_t length;
    struct stet_field *fields = fields_kept(offer, &kept);
    const struct shelf_head_recipe recipe = {
        .fields = &kept,
        .stored = &stored,
        .parts = parts,
        .version = offer->version,
        .sized = shelf_offer_length(offer, &length),
        .modified = -1,
    };
    struct entry_head *made = fields ? shelf_head_new(&recipe) : NULL;
    memory_free(fields);
    return made;
}
