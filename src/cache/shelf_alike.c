/* What is stored under another query, and says by its No-Vary-Search that the two are the same.
 *
 * Look-ups do not go by it yet: each query has a key of its own. But what makes one of them wrong
 * makes all wrong, so invalidations and purges reach them all (D-20). Those with the field are in
 * the index of groups, under their path; so nothing is looked at where nobody uses it.
 *
 * Read in both spellings (D-43): to mark too much costs a validation.
 */
#include "cache/shelf.h"
#include "stet/novarysearch.h"
#include "wire/reply.h"

enum {
    ALIKE_PAIRS =
        128,        /* parameters of both queries together; beyond that they are compared whole */
    ALIKE_LINES = 8 /* of the field; further ones are not read */
};

/* The URL of a key's text, cut at its query. */
struct target {
    struct stet_span before;
    struct stet_span query; /* no `at`: it has none */
};

static struct target target_of(struct stet_span url)
{
    const size_t end = stet_span_find(url, '?');
    return (struct target){stet_span(url.at, end),
                           end < url.len ? stet_span_from(url, end + 1) : STET_SPAN_NONE};
}

static bool is_same(const struct entry_head *head, struct stet_span a, struct stet_span b)
{
    struct stet_field fields[ALIKE_LINES];
    struct stet_query_pair room[ALIKE_PAIRS];
    struct stet_span block = entry_head_unchanged(head), name, value;
    struct stet_head view = {.fields = fields};

    while (view.count < ALIKE_LINES && reply_block_next(&block, &name, &value))
        if (stet_field_id(name) == STET_FIELD_NO_VARY_SEARCH)
            stet_head_add(&view, fields, name, value);
    const struct stet_novarysearch rule = stet_novarysearch_of(&view, true);
    return stet_novarysearch_equal(&rule, a, b, room, ALIKE_PAIRS); /* [No-Vary-Search §6] */
}

bool shelf_is_alike(struct entry *entry, struct stet_span own, struct stet_span url)
{
    const struct target at = target_of(own), wanted = target_of(url);
    if (!stet_span_equal(at.before, wanted.before) || stet_span_equal(own, url))
        return false;
    struct entry_head *head = entry_head(entry);
    const bool alike =
        head && (head->flags & ENTRY_HEAD_GROUPED) && is_same(head, at.query, wanted.query);
    entry_head_unref(head);
    return alike;
}

struct looking {
    struct stet_span url;
    bool (*each)(void *owner, struct entry *entry);
    void *owner;
    bool any;
};

static bool looking_each(void *owner, struct entry *entry)
{
    struct looking *looking = owner;
    return !shelf_is_alike(entry, entry_url(entry), looking->url) ||
           looking->each(looking->owner, entry);
}

void shelf_each_alike(const struct shelf *shelf, struct stet_span url,
                      bool (*each)(void *owner, struct entry *entry), void *owner)
{
    const struct stet_span origin = groups_origin(url);
    struct looking looking = {.url = url, .each = each, .owner = owner};
    if (!shelf->groups ||
        !groups_each(shelf->groups, origin, groups_path(url), looking_each, &looking))
        store_each(shelf->store, looking_each, &looking);
}

static bool looking_any(void *owner, struct entry *entry)
{
    struct looking *looking = owner;
    looking->any =
        stet_span_equal(target_of(entry_url(entry)).before, target_of(looking->url).before);
    return !looking->any;
}

bool shelf_may_be_alike(const struct shelf *shelf, struct stet_span url)
{
    struct looking looking = {.url = url};
    return !shelf->groups ||
           !groups_each(shelf->groups, groups_origin(url), groups_path(url), looking_any,
                        &looking) ||
           looking.any;
}
