/* Joining parts: what there is of one version of a content becomes one response [RFC 9111 §3.4].
 *
 * The parts themselves are lent to it or copied into it (mosaic.h), and leave the shelf. Its fields
 * are those of the newest part laid over those of the newest before [RFC 9110 §15.3.7.3]. Once
 * nothing is missing, it is an ordinary whole response with status 200.
 *
 * If two threads join at once, each makes one of what it has seen; the next part joins both.
 */
#include "base/memory.h"
#include "cache/mosaic.h"
#include "cache/place.h"
#include "cache/shelf.h"
#include "cache/shelf_head.h"
#include "cache/siblings.h"
#include "stet/update.h"

struct joining {
    const struct shelf *shelf;
    const struct cache_rules *rules;
    struct sibling part;   /* the new one */
    struct sibling former; /* the newest of the others; NULLs: there are none */
    struct siblings siblings;
    bool authorised;                     /* one of all answered an authorised request */
    bool joined[STORE_VARIANTS_MAX + 1]; /* of the siblings */
    struct mosaic mosaic;
    struct stet_field *fields;
    struct stet_head view; /* of the part */
};

static struct shelf_key key_of(const struct entry *entry)
{
    const struct entry_key *at = entry_key(entry);
    return (struct shelf_key){entry_url(entry), {at->primary[0], at->primary[1]}};
}

static struct stet_field *view_new(const struct entry_head *head, struct stet_head *view)
{
    struct stet_field *fields = memory_new((head->lines + 1U) * sizeof *fields);
    if (fields)
        shelf_head_view(head, fields, view);
    return fields;
}

/* ---- what fits ---- */

/* The sibling is of the same version [RFC 9110 §15.3.7.3]. */
static bool fits(const struct joining *joining, const struct sibling *sibling,
                 struct stet_parts *parts)
{
    const struct stet_content_range part = {.length_known = true,
                                            .length = joining->mosaic.parts.length};
    struct stet_head view;
    if (sibling->entry == joining->part.entry ||
        !shelf_parts_held(sibling->entry, sibling->head, parts) ||
        !stet_span_equal(entry_selecting(sibling->entry), entry_selecting(joining->part.entry)))
        return false;
    struct stet_field *fields = view_new(sibling->head, &view);
    const bool same = fields && stet_part_fits(&view, parts->length, &joining->view, &part);
    memory_free(fields);
    return same;
}

/* Adds what fits; what does not is forgotten. */
static void joining_gather(struct joining *joining)
{
    struct siblings *siblings = &joining->siblings;
    struct stet_parts parts;
    for (size_t i = 0; i < siblings->count; i++) {
        struct sibling *at = &siblings->at[i];
        joining->joined[i] =
            fits(joining, at, &parts) && mosaic_add(&joining->mosaic, at->entry, &parts);
        if (!joining->joined[i])
            continue;
        const struct stet_stored stored = entry_head_stored(at->head);
        joining->authorised = joining->authorised || stored.authorised;
        const struct stet_stored former =
            joining->former.head ? entry_head_stored(joining->former.head) : stored;
        if (!joining->former.head || stet_stored_precedes(&stored, &former))
            joining->former = *at;
    }
}

/* ---- what it becomes ---- */

/* It tells of the octets of one part, not of all [RFC 9530 §2]. */
static bool is_of_part(const struct stet_field *field)
{
    return field->id == STET_FIELD_CONTENT_DIGEST || field->id == STET_FIELD_CONTENT_MD5 ||
           field->id == STET_FIELD_CONTENT_RANGE || field->id == STET_FIELD_CONTENT_LENGTH;
}

bool shelf_combine(const struct stet_profile *profile, const struct entry_head *stored,
                   const struct stet_head *fresh, struct stet_field *storage,
                   struct stet_head *combined)
{
    struct stet_head former;
    struct stet_field *fields = view_new(stored, &former);
    const bool done =
        fields && stet_update(profile, &former, fresh, storage, combined) == STET_REASON_UPDATED;
    const size_t count = done ? combined->count : 0;

    memory_free(fields);
    combined->count = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_of_part(&storage[i]))
            storage[combined->count++] = storage[i];
    stet_head_index(combined);
    return done;
}

/* A part answered an authorised request, and the fields of all do not permit to share it
 * [RFC 9111 §3.5]. */
static bool is_guarded(const struct joining *joining, const struct stet_head *updated)
{
    const struct stet_request request = {.method = STET_METHOD_GET};
    const struct stet_response response = {200, *updated};
    const struct stet_transaction transaction = {
        .request = &request, .response = &response, .authorised = true};

    return joining->authorised && stet_may_store(&joining->rules->profile, &transaction).reason ==
                                      STET_REASON_AUTHORIZATION;
}

/* Lays the fields of the part over those of the former; NULL when memory is out, if they are of
 * different contents after all, or if all together may not be shared. */
static struct stet_field *joining_update(const struct joining *joining,
                                         const struct entry_head *base, struct stet_head *updated)
{
    struct stet_field *storage =
        memory_new((base->lines + joining->view.count + 1) * sizeof *storage);
    if (storage &&
        shelf_combine(&joining->rules->profile, base, &joining->view, storage, updated) &&
        !is_guarded(joining, updated))
        return storage;
    memory_free(storage);
    return NULL;
}

/* The fields and what is known of the joined response. */
static struct entry_head *joining_head(const struct joining *joining)
{
    const struct stet_stored newest = entry_head_stored(joining->part.head);
    const bool whole = stet_parts_form(&joining->mosaic.parts) == STET_PARTS_WHOLE;
    const struct entry_head *base =
        joining->former.head ? joining->former.head : joining->part.head;
    struct stet_stored stored = entry_head_stored(base);
    const bool marked = stored.marked || newest.marked;
    stored.authorised = joining->authorised;
    struct stet_head updated;
    struct stet_field *storage = joining_update(joining, base, &updated);
    if (!storage)
        return NULL;
    stored.partial = !whole;
    stored.status = whole ? 200 : 206;
    stet_stored_renew(&stored, &joining->rules->profile, &updated, &newest.times);
    cache_rules_lifetime(joining->rules, &stored);
    stored.marked = marked;
    const struct shelf_head_recipe recipe = {.fields = &updated,
                                             .stored = &stored,
                                             .parts = whole ? NULL : &joining->mosaic.parts,
                                             .version = entry_head_version(joining->part.head),
                                             .sized = true,
                                             .modified = -1};
    struct entry_head *head = shelf_head_new(&recipe);
    memory_free(storage);
    return head;
}

static struct entry *joining_entry(const struct joining *joining, const struct place *place)
{
    const bool copied = mosaic_is_wasteful(&joining->mosaic);
    struct entry_head *head = joining_head(joining);
    struct entry *entry =
        head ? place_entry(place, head, copied ? mosaic_length(&joining->mosaic) : 0) : NULL;
    if (entry && mosaic_fill(&joining->mosaic, entry, copied)) {
        entry_seal(entry, true);
        if (place_put(place, entry))
            return entry;
    }
    entry_unref(entry);
    return NULL;
}

/* What was joined leaves, and so does the part. */
static void joining_clear(const struct joining *joining)
{
    for (size_t i = 0; i < joining->siblings.count; i++)
        if (joining->joined[i])
            store_drop(joining->shelf->store, joining->siblings.at[i].entry);
    store_drop(joining->shelf->store, joining->part.entry);
}

/* Joins what `joining` has gathered; NULL if nothing came of it. */
static struct entry *joining_join(struct joining *joining)
{
    const struct entry *part = joining->part.entry;
    const struct shelf_key key = key_of(part);
    struct place place = {.shelf = joining->shelf, .key = &key, .side = SHELF_GET};
    if (!mosaic_lay(&joining->mosaic) || !place_find_like(&place, entry_selecting(part)))
        return NULL;
    if (stet_parts_form(&joining->mosaic.parts) != STET_PARTS_WHOLE)
        place_set_aside(&place, &joining->mosaic.parts, entry_head_tag(joining->part.head));
    struct entry *joined = joining_entry(joining, &place);
    if (joined)
        joining_clear(joining);
    place_fini(&place);
    return joined;
}

static bool is_alone(const struct joining *joining)
{
    return !joining->former.head && stet_parts_form(&joining->mosaic.parts) != STET_PARTS_WHOLE;
}

/* ---- the calls ---- */

struct entry *shelf_join(const struct shelf *shelf, const struct cache_rules *rules,
                         struct entry *part)
{
    struct joining joining = {.shelf = shelf, .rules = rules, .part = {part, entry_head(part)}};
    const struct shelf_key key = key_of(part);
    struct entry *joined = NULL;
    struct stet_parts parts;

    if (shelf_parts_held(joining.part.entry, joining.part.head, &parts)) {
        joining.mosaic.parts = parts;
        joining.authorised = entry_head_stored(joining.part.head).authorised;
        mosaic_add(&joining.mosaic, part, &parts);
        joining.fields = view_new(joining.part.head, &joining.view);
        siblings_take(&joining.siblings, shelf, &key, SHELF_GET);
        if (joining.fields)
            joining_gather(&joining);
        if (joining.fields && !is_alone(&joining))
            joined = joining_join(&joining);
        siblings_drop(&joining.siblings);
    }
    memory_free(joining.fields);
    entry_head_unref(joining.part.head);
    return joined ? joined : entry_ref(part);
}

/* What there is of a response that broke off; false if nobody could ask for the rest. */
static bool parts_left(const struct entry *broken, const struct entry_head *head,
                       struct stet_parts *parts)
{
    const uint64_t length = entry_length(broken);
    struct stet_range range = {0, length - 1};
    const struct stet_etag tag = entry_head_validators(head).etag;
    const bool provable = stet_etag_present(tag) && !tag.weak && shelf_made_tag(head).len == 0;

    if (entry_state(broken) != ENTRY_BROKEN || length == 0 || !provable)
        return false;
    if (entry_head_parts(head, parts)) {
        range.first += parts->at[0].first;
        range.last += parts->at[0].first;
    } else if (head->status != 200 || head->method != STET_METHOD_GET ||
               !shelf_length(broken, head, &parts->length)) {
        return false;
    }
    parts->count = 0;
    return stet_parts_add(parts, range);
}

static struct entry_head *head_left(const struct entry_head *head, const struct stet_parts *parts)
{
    struct stet_stored stored = entry_head_stored(head);
    struct stet_head view;
    struct stet_field *fields = view_new(head, &view);
    const struct shelf_head_recipe recipe = {
        .fields = &view,
        .stored = &stored,
        .parts = parts,
        .version = entry_head_version(head),
        .sized = true,
        .modified = -1,
    };
    stored.partial = true;
    stored.status = 206;
    struct entry_head *left = fields ? shelf_head_new(&recipe) : NULL;
    memory_free(fields);
    return left;
}

bool shelf_salvage(const struct shelf *shelf, const struct cache_rules *rules, struct entry *broken)
{
    struct entry_head *head = entry_head(broken);
    const struct shelf_key key = key_of(broken);
    struct place place = {.shelf = shelf, .key = &key, .side = SHELF_GET};
    struct mosaic mosaic = {.count = 0};
    struct entry *left = NULL;
    bool done = false;

    store_drop(shelf->store, broken);
    if (rules->profile.ranges && parts_left(broken, head, &mosaic.parts) &&
        place_find_like(&place, entry_selecting(broken))) {
        struct entry_head *made = head_left(head, &mosaic.parts);
        place_set_aside(&place, &mosaic.parts, entry_head_tag(head));
        mosaic_add(&mosaic, broken, &mosaic.parts);
        const bool copied = mosaic_is_wasteful(&mosaic);
        left = made ? place_entry(&place, made, copied ? mosaic_length(&mosaic) : 0) : NULL;
        done = left && mosaic_fill(&mosaic, left, copied);
        if (done) {
            entry_seal(left, true);
            done = place_put(&place, left);
        }
        place_fini(&place);
    }
    if (done)
        entry_unref(shelf_join(shelf, rules, left));
    entry_unref(left);
    entry_head_unref(head);
    return done;
}
