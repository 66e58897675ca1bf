/* Takes references while the store is locked, and looks when it is not any more.
 */
#include "cache/siblings.h"

struct taking {
    struct siblings *siblings;
    struct stet_span url;
};

static bool sibling_take(void *owner, struct entry *entry)
{
    const struct taking *taking = owner;
    struct siblings *siblings = taking->siblings;
    if (!stet_span_equal(entry_url(entry), taking->url))
        return true;
    if (siblings->count == sizeof siblings->at / sizeof siblings->at[0])
        return false;
    siblings->at[siblings->count++].entry = entry_ref(entry);
    return true;
}

void siblings_take(struct siblings *siblings, const struct shelf *shelf,
                   const struct shelf_key *key, enum shelf_side side)
{
    const struct entry_key at = shelf_key_entry(key, side, 0);
    siblings->count = 0;
    siblings->signpost = NULL;
    struct taking taking = {siblings, key->url};
    const size_t seen = store_each_variant(shelf->store, at.primary, sibling_take, &taking);
    size_t kept = 0;
    for (size_t i = 0; seen > 0 && i < siblings->count; i++) {
        struct entry *entry = siblings->at[i].entry;
        struct entry_head *head = entry_head(entry);
        if (head)
            siblings->at[kept++] = (struct sibling){entry, head};
        else
            siblings->signpost = entry;
    }
    siblings->count = kept;
}

void siblings_drop(struct siblings *siblings)
{
    for (size_t i = 0; i < siblings->count; i++) {
        entry_head_unref(siblings->at[i].head);
        entry_unref(siblings->at[i].entry);
    }
    entry_unref(siblings->signpost);
    siblings->count = 0;
    siblings->signpost = NULL;
}
