/* Renewing: a stored response after the origin has said that it is current, or shown its head.
 *
 * The new head is made from the present one and takes its place only if that has not changed
 * meanwhile; if it has, all is made anew from what is there now. So of two renewals at a time none
 * is lost: the later one is laid over the earlier one, unless its response is the older.
 *
 * What happened to the entry after the origin was asked, by an unsafe request or a purge, the
 * answer does not know of. Marks are counted over all heads of an entry; if there are more than
 * when the candidate was gathered, the renewed response stays marked.
 *
 * A head that may not be kept never becomes the entry's: whoever else renews it, or reads it, would
 * get what was meant for one alone.
 *
 * Given up: a 304 that changes Vary for a variant that its request does not select. Nobody knows
 * what the request that selected it had in the fields that are new: it is taken off the shelf.
 */
#include "base/memory.h"
#include "cache/mosaic.h"
#include "cache/place.h"
#include "cache/shelf.h"
#include "cache/shelf_head.h"
#include "stet/update.h"
#include "stet/vary.h"

/* One try at one entry. */
struct renewing {
    const struct shelf_renewal *renewal;
    struct entry *entry;
    struct entry_head *head; /* the present one */
    unsigned char changes;   /* of it */
    bool disturbed;          /* marked or made stale since the origin was asked */
    struct stet_field *fields;
    struct stet_head view;    /* of the present head */
    struct stet_head updated; /* what it becomes */
    struct stet_stored stored;
    struct entry_head *used; /* for whom the origin has answered; one reference */
};

enum renewed {
    RENEWED_DONE,   /* it has its new head */
    RENEWED_LEFT,   /* it stays as it is */
    RENEWED_OFF,    /* the new head is for one use alone: it may not stay on the shelf */
    RENEWED_AGAIN,  /* the present head has changed meanwhile */
    RENEWED_FAILED, /* memory is out */
    RENEWED_DIFFERS /* the content is another */
};

/* ---- verdict ---- */

/* Would the response be stored with the fields it has now? What the request alone forbids leaves
 * the stored response as it is; but what has once answered an authorised request needs its
 * permission still, whoever validates it [RFC 9111 §3, RFC 9111 §3.5]. */
static enum renewed renewing_judge(const struct renewing *renewing)
{
    const struct shelf_renewal *renewal = renewing->renewal;
    const struct stet_stored *stored = &renewing->stored;
    const struct stet_response response = {stored->partial ? 200 : stored->status,
                                           renewing->updated};
    const struct stet_transaction transaction = {
        .request = renewal->request, .response = &response, .authorised = stored->authorised};
    switch (stet_may_store(&renewal->rules->profile, &transaction).reason) {
    case STET_REASON_METHOD_NOT_STORED:
    case STET_REASON_REQUEST_HAS_CONTENT:
    case STET_REASON_REQUEST_NO_STORE:
        return RENEWED_LEFT;
    case STET_REASON_AUTHORIZATION:
        return stored->authorised ? RENEWED_OFF : RENEWED_LEFT;
    case STET_REASON_STATUS_NOT_UNDERSTOOD:
    case STET_REASON_NO_STORE:
    case STET_REASON_QUOTES_UNCLOSED:
    case STET_REASON_PRIVATE:
    case STET_REASON_VARY_ANY:
        return RENEWED_OFF;
    default:
        return RENEWED_DONE;
    }
}

/* ---- heads ---- */

/* Reads the present head and lays the new fields over it. */
static enum renewed renewing_update(struct renewing *renewing)
{
    const struct shelf_renewal *renewal = renewing->renewal;
    const struct stet_head *fresh = &renewal->response->head;
    const size_t lines = renewing->head->lines;
    renewing->fields = memory_new((2 * lines + fresh->count + 1) * sizeof *renewing->fields);
    if (!renewing->fields)
        return RENEWED_FAILED;
    shelf_head_view(renewing->head, renewing->fields, &renewing->view);
    renewing->updated = renewing->view;
    if (renewal->update &&
        stet_update(&renewal->rules->profile, &renewing->view, fresh, renewing->fields + lines,
                    &renewing->updated) == STET_REASON_DIGEST_DIFFERS)
        return RENEWED_DIFFERS;
    renewing->stored = entry_head_stored(renewing->head);
    if (renewing->stored.times.received > renewal->times->received)
        return RENEWED_LEFT; /* somebody knows more than we */
    stet_stored_renew(&renewing->stored, &renewal->rules->profile, &renewing->updated,
                      renewal->times);
    cache_rules_lifetime(renewal->rules, &renewing->stored);
    renewing->stored.marked = renewing->disturbed;
    return RENEWED_DONE;
}

/* The head that is to follow, with what was made here of the content, which is still the same. */
static struct entry_head *renewing_head(const struct renewing *renewing)
{
    const struct entry_head *head = renewing->head;
    const bool tagged = stet_head_has(&renewing->updated, STET_FIELD_ETAG);
    struct stet_parts parts;
    const struct shelf_head_recipe recipe = {
        .fields = &renewing->updated,
        .stored = &renewing->stored,
        .parts = entry_head_parts(head, &parts) ? &parts : NULL,
        .changes = renewing->changes,
        .version = entry_head_version(head),
        .sized = head->flags & ENTRY_HEAD_SIZED,
        .tag = tagged ? STET_SPAN_NONE : shelf_made_tag(head),
        .modified = shelf_made_modified(head),
    };
    return shelf_head_new(&recipe);
}

static enum renewed renewing_try(struct renewing *renewing, struct groups *groups)
{
    enum renewed renewed = renewing_update(renewing);
    if (renewed != RENEWED_DONE)
        return renewed;
    renewed = renewing_judge(renewing);
    if (renewed == RENEWED_LEFT)
        return renewed;
    renewing->used = renewing_head(renewing);
    if (!renewing->used)
        return RENEWED_FAILED;
    if (renewed == RENEWED_OFF) /* [RFC 9111 §5.2.2.7] */
        return renewed;
    groups_note(groups, renewing->entry, renewing->used); /* before anyone can miss it there */
    entry_head_ref(renewing->used); /* the entry's: once it has that, another may replace it */
    if (entry_amend_from(renewing->entry, renewing->head, renewing->changes, renewing->used))
        return renewed;
    entry_head_unref(renewing->used);
    return RENEWED_AGAIN;
}

/* ---- moving ---- */

/* Other fields select it than those it was found by. */
static bool names_changed(const struct renewing *renewing)
{
    char names[512];
    const size_t size = stet_vary_names(&renewing->updated, names, sizeof names);
    return size > sizeof names ||
           !selection_has_names(entry_selecting(renewing->entry), stet_span(names, size));
}

/* Puts the same response, under its new head, where requests look for it now. */
static void renewing_put(const struct renewing *renewing, struct place *place)
{
    struct entry *former = renewing->entry;
    const uint64_t length = entry_length(former);
    const struct stet_parts all = {length, length > 0, {{0, length - 1}}};
    struct mosaic mosaic = {.parts = all};
    mosaic_add(&mosaic, former, &all);
    const bool copied = mosaic_is_wasteful(&mosaic);
    struct entry *entry = place_entry(place, entry_head(former), copied ? length : 0);
    if (entry && mosaic_fill(&mosaic, entry, copied)) {
        entry_seal(entry, true);
        place_put(place, entry);
    }
    entry_unref(entry);
}

/* Takes it from where it is, and puts it where it belongs, if that is known [RFC 9111 §4.1]. */
static void renewing_move(const struct renewing *renewing, const struct shelf *shelf)
{
    struct entry *entry = renewing->entry;
    const struct entry_key *at = entry_key(entry);
    const struct shelf_key key = {entry_url(entry), {at->primary[0], at->primary[1]}};
    struct place place = {.shelf = shelf,
                          .key = &key,
                          .side = SHELF_GET,
                          .request = &renewing->renewal->request->head};
    const bool known = stet_vary_match(entry_selecting(entry), place.request) &&
                       !renewing->stored.partial && entry_state(entry) == ENTRY_WHOLE;
    store_drop(shelf->store, entry);
    if (known && place_find(&place, &renewing->updated)) {
        renewing_put(renewing, &place);
        place_fini(&place);
    }
}

/* ---- renewing ---- */

static void renewing_end(const struct renewing *renewing, const struct shelf *shelf,
                         enum renewed renewed)
{
    if (renewed == RENEWED_DIFFERS)
        entry_mark(renewing->entry); /* D-16 */
    else if (renewed == RENEWED_OFF)
        store_drop(shelf->store, renewing->entry);
    else if (renewed == RENEWED_DONE && names_changed(renewing))
        renewing_move(renewing, shelf);
    else if (renewed == RENEWED_DONE)
        store_grown(shelf->store, renewing->entry);
}

/* Hands on the head that answers, or gives it back. */
static void renewing_hand(struct renewing *renewing, enum renewed renewed, struct entry_head **used)
{
    if (renewed == RENEWED_LEFT)
        renewing->used = entry_head_ref(renewing->head);
    if (used && renewed != RENEWED_AGAIN)
        *used = renewing->used;
    else
        entry_head_unref(renewing->used);
}

bool shelf_renew(const struct shelf *shelf, struct shelf_set *set, size_t index,
                 const struct shelf_renewal *renewal, struct entry_head **used)
{
    enum renewed renewed = RENEWED_AGAIN;
    while (renewed == RENEWED_AGAIN) {
        struct renewing renewing = {.renewal = renewal, .entry = set->entries[index]};
        renewing.head = entry_head(renewing.entry);
        renewing.changes = entry_head_changes(renewing.head);
        renewing.disturbed = ((renewing.changes ^ set->changes[index]) & ENTRY_HEAD_COUNT) != 0;
        renewed = renewing_try(&renewing, shelf->groups);
        if (renewed != RENEWED_AGAIN)
            renewing_end(&renewing, shelf, renewed);
        renewing_hand(&renewing, renewed, used);
        entry_head_unref(renewing.head);
        memory_free(renewing.fields);
    }
    return renewed != RENEWED_FAILED && renewed != RENEWED_DIFFERS;
}

void shelf_learn_head(const struct shelf *shelf, const struct shelf_ask *ask,
                      const struct stet_response *response, const struct stet_times *times)
{
    const struct shelf_renewal renewal = {.rules = ask->rules,
                                          .request = ask->request,
                                          .response = response,
                                          .times = times,
                                          .update = true};
    struct shelf_set set;
    uint64_t length;

    if (!shelf_gather(shelf, ask, true, &set))
        return;
    for (size_t i = 0; i < set.candidates.count; i++) {
        if (!shelf_length(set.entries[i], set.heads[i], &length) || set.stored[i].status != 200)
            continue;
        switch (stet_update_by_head(&set.views[i], length, response)) {
        case STET_REASON_UPDATED:
            shelf_renew(shelf, &set, i, &renewal, NULL);
            break;
        case STET_REASON_NOT_COMPARABLE:
            break;
        default: /* another version: it is stale [RFC 9111 §4.3.5] */
            entry_expire(set.entries[i], ask->now);
        }
    }
    shelf_set_drop(&set);
}
