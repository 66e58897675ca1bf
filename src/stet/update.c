/* Lays the fields of a new head over those of a stored one.
 *
 * In two passes over the caller's array: the first merges, keeping the order of what is stored; the
 * second leaves out what may not be kept under the directives that now hold, which are known only
 * when the merge is done.
 *
 * Given up: adding a Date where the new head has none. It would need octets of its own; a 304 is
 * dated by whoever stores it (D-26).
 */
#include "stet/update.h"

#include "stet/etag.h"
#include "stet/metadata.h"
#include "stet/policy.h"
#include "stet/sf.h"

/* The stored octets depend on what these said when they came (D-16) [RFC 9111 §3.2]. */
static bool is_frozen(enum stet_field_id id)
{
    switch (id) {
    case STET_FIELD_CONTENT_DIGEST:
    case STET_FIELD_CONTENT_ENCODING:
    case STET_FIELD_CONTENT_LENGTH:
    case STET_FIELD_CONTENT_MD5:
    case STET_FIELD_CONTENT_RANGE:
        return true;
    default:
        return false;
    }
}

static bool is_taken(const struct stet_head *fresh, const struct stet_field *field)
{
    return !is_frozen(field->id) && stet_metadata_is_stored(fresh, field);
}

/* The first line in `head` with the name of `field`, or NULL. */
static const struct stet_field *same_name(const struct stet_head *head,
                                          const struct stet_field *field)
{
    return field->id == STET_FIELD_UNKNOWN ? stet_head_named(head, field->name)
                                           : stet_head_first(head, field->id);
}

static void lines_add(struct stet_head *to, struct stet_field *storage,
                      const struct stet_head *from, const struct stet_field *field)
{
    for (; field; field = stet_head_next(from, field))
        storage[to->count++] = *field;
}

/* The stored fields, each with the new lines of its name instead where there are some. */
static void merge_stored(struct stet_head *to, struct stet_field *storage,
                         const struct stet_head *stored, const struct stet_head *fresh)
{
    for (size_t i = 0; i < stored->count; i++) {
        const struct stet_field *field = &stored->fields[i];
        const struct stet_field *instead = same_name(fresh, field);
        if (!instead && field->id == STET_FIELD_AGE)
            continue; /* D-11 */
        if (!instead || !is_taken(fresh, instead))
            storage[to->count++] = *field;
        else if (same_name(stored, field) == field)
            lines_add(to, storage, fresh, instead);
    }
}

/* The new fields whose names are not stored yet. */
static void merge_fresh(struct stet_head *to, struct stet_field *storage,
                        const struct stet_head *stored, const struct stet_head *fresh)
{
    for (size_t i = 0; i < fresh->count; i++) {
        const struct stet_field *field = &fresh->fields[i];
        if (is_taken(fresh, field) && !same_name(stored, field))
            storage[to->count++] = *field;
    }
}

static void leave_out(struct stet_head *head, struct stet_field *storage,
                      const struct stet_profile *profile)
{
    const struct stet_cachecontrol directives =
        stet_cachecontrol_of_response(head, profile->targets, profile->target_count);
    struct stet_head all = *head;
    size_t kept = 0;

    for (size_t i = 0; i < all.count; i++) {
        struct stet_field field = storage[i];
        if (stet_may_keep(profile, &all, &directives, &field)) /* [RFC 9111 §3.1] */
            storage[kept++] = field;
    }
    head->count = kept;
}

/* The digest that counts under this name; false if there is none. */
static bool digest_get(const struct stet_sf *digests, struct stet_span name, struct stet_span *text)
{
    struct stet_sf_member digest;

    if (!stet_sf_get(digests, name, &digest) || digest.type != STET_SF_BYTES)
        return false;
    *text = digest.text;
    return true;
}

/* Some algorithm that both name gives different digests. */
static bool digests_differ(const struct stet_head *stored, const struct stet_head *fresh)
{
    struct stet_sf ours, theirs;
    struct stet_sf_member member;
    struct stet_span one, other;

    if (!stet_head_has(stored, STET_FIELD_REPR_DIGEST) ||
        !stet_head_has(fresh, STET_FIELD_REPR_DIGEST) ||
        !stet_sf_of(&ours, stored, STET_FIELD_REPR_DIGEST, STET_SF_DICTIONARY) ||
        !stet_sf_of(&theirs, fresh, STET_FIELD_REPR_DIGEST, STET_SF_DICTIONARY))
        return false;
    for (struct stet_sf walk = theirs; stet_sf_next(&walk, &member);)
        if (digest_get(&ours, member.key, &one) && digest_get(&theirs, member.key, &other) &&
            !stet_span_equal(one, other))
            return true;
    return false;
}

enum stet_reason stet_update(const struct stet_profile *profile, const struct stet_head *stored,
                             const struct stet_head *fresh, struct stet_field *storage,
                             struct stet_head *updated)
{
    struct stet_head merged = {.fields = storage};

    if (digests_differ(stored, fresh)) /* D-16 */
        return STET_REASON_DIGEST_DIFFERS;
    merge_stored(&merged, storage, stored, fresh);
    merge_fresh(&merged, storage, stored, fresh);
    stet_head_index(&merged);
    leave_out(&merged, storage, profile);
    stet_head_index(&merged);
    *updated = merged;
    return STET_REASON_UPDATED;
}

/* HEAD. */

static bool tags_match(const struct stet_head *stored, const struct stet_head *fresh)
{
    struct stet_etag ours = stet_etag_of(stored), theirs = stet_etag_of(fresh);

    return stet_etag_equal_weak(ours, theirs) && ours.weak == theirs.weak;
}

static bool dates_match(const struct stet_head *stored, const struct stet_head *fresh)
{
    struct stet_span ours = stet_head_single(stored, STET_FIELD_LAST_MODIFIED);
    struct stet_span theirs = stet_head_single(fresh, STET_FIELD_LAST_MODIFIED);

    return ours.at && theirs.at && stet_span_equal(ours, theirs);
}

static bool length_matches(const struct stet_head *fresh, uint64_t length)
{
    uint64_t said;

    return stet_span_number(stet_head_single(fresh, STET_FIELD_CONTENT_LENGTH), UINT64_MAX,
                            &said) &&
           said == length;
}

/* There is something to compare. A HEAD that shows nothing of the content would make it fresh each
 * time that somebody asks whether the server is up. */
static bool is_comparable(const struct stet_response *head)
{
    const struct stet_head *fresh = &head->head;

    return head->status == 200 && (stet_head_has(fresh, STET_FIELD_ETAG) ||
                                   stet_head_has(fresh, STET_FIELD_LAST_MODIFIED) ||
                                   stet_head_has(fresh, STET_FIELD_CONTENT_LENGTH));
}

enum stet_reason stet_update_by_head(const struct stet_head *stored, uint64_t length,
                                     const struct stet_response *head)
{
    const struct stet_head *fresh = &head->head;

    if (!is_comparable(head))
        return STET_REASON_NOT_COMPARABLE;
    if (stet_head_has(fresh, STET_FIELD_ETAG) && !tags_match(stored, fresh))
        return STET_REASON_VALIDATORS_DIFFER;
    if (stet_head_has(fresh, STET_FIELD_LAST_MODIFIED) && !dates_match(stored, fresh))
        return STET_REASON_VALIDATORS_DIFFER;
    if (stet_head_has(fresh, STET_FIELD_CONTENT_LENGTH) && !length_matches(fresh, length))
        return STET_REASON_LENGTH_DIFFERS;
    return STET_REASON_UPDATED;
}
