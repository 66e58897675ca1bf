/* Puts content into an entry, counts it, and names it when it is whole.
 *
 * Readers follow as it grows, none of them holds it up. The store is told now and then, not at each
 * piece: its lock is one for all. A content that does not end well never stays: it leaves the store
 * before its readers learn of it, so nobody can find it later.
 *
 * The tag is made before the entry is sealed: whoever waited for the seal finds the tag there. The
 * hash is computed then, in one go, from octets that have just come through the processor's cache
 * or not; when it is computed along the way it is no cheaper, and most fills need none.
 *
 * What completes a content that is held in part is copied together with it, not lent: readers are
 * told a length beforehand, and nothing can be appended behind what is lent.
 */
#include "cache/fill.h"

#include "base/check.h"

/* Octets between two counts, at least; and a quarter of what there is. */
enum { FILL_COUNT = 65536 };

void fill_begin(struct fill *fill, const struct shelf *shelf, const struct cache_rules *rules,
                struct entry *entry, bool tags)
{
    *fill = (struct fill){.entry = entry,
                          .shelf = shelf,
                          .rules = rules,
                          .counted = FILL_COUNT,
                          .tags = tags,
                          .former_modified = -1};
}

void fill_follow(struct fill *fill, const struct entry_head *former)
{
    const struct stet_span tag = shelf_made_tag(former);

    if (tag.len == 0 || tag.len > sizeof fill->former)
        return;
    memcpy(fill->former, tag.at, tag.len);
    fill->former_len = tag.len;
    fill->former_modified = shelf_made_modified(former);
}

bool fill_complete(struct fill *fill, const struct mosaic_piece *before,
                   const struct mosaic_piece *behind)
{
    if (behind->entry) {
        fill->behind = *behind;
        entry_ref(behind->entry);
    }
    return !before->entry || mosaic_copy(before, fill->entry);
}

/* ---- content ---- */

enum fill_went fill_append(struct fill *fill, struct stet_span bytes)
{
    const uint64_t length = entry_length(fill->entry);

    if (bytes.len > fill->rules->object_max || length > fill->rules->object_max - bytes.len ||
        !entry_append(fill->entry, bytes.at, bytes.len))
        return FILL_FULL;
    if (length + bytes.len >= fill->counted) {
        fill->counted = length + bytes.len + FILL_COUNT + (length + bytes.len) / 4;
        (void)store_grown(fill->shelf->store, fill->entry); /* out of the store it goes on, for
                                                               those who read it */
    }
    return FILL_GOES;
}

/* ---- the end ---- */

static void fill_hash(struct fill *fill, struct digest *to)
{
    struct digesting digesting;
    const char *bytes;
    size_t size;

    digesting_init(&digesting);
    for (uint64_t at = 0; (size = entry_read(fill->entry, at, &bytes)) > 0; at += size)
        digesting_feed(&digesting, bytes, size);
    digesting_end(&digesting, to);
}

/* The same octets as before keep their date: it says when they were first seen. Not later than the
 * response's own Date, nor than now [RFC 9110 §8.8.2.1]; but other octets within the same second
 * get the next one, since who asks by that date holds the former ones. */
static int64_t fill_modified(const struct fill *fill)
{
    struct entry_head *head = entry_head(fill->entry);
    int64_t modified = entry_head_date(head);

    entry_head_unref(head);
    if (fill->seen < modified)
        modified = fill->seen;
    if (fill->former_modified < 0 || modified < fill->former_modified)
        return modified;
    if (fill->same)
        return fill->former_modified;
    return modified > fill->former_modified ? modified : fill->former_modified + 1;
}

static void fill_name(struct fill *fill)
{
    struct digest digest;
    char tag[DIGEST_TAG_ROOM];

    fill_hash(fill, &digest);
    const size_t len = digest_tag(&digest, STET_CODING_IDENTITY, false, tag);
    fill->same = stet_span_equal(stet_span(tag, len), stet_span(fill->former, fill->former_len));
    /* without memory it goes without a tag */
    (void)shelf_tag(fill->entry, stet_span(tag, len), fill_modified(fill));
}

void fill_finish(struct fill *fill)
{
    if (fill->behind.entry && !mosaic_copy(&fill->behind, fill->entry)) {
        fill_break(fill);
        return;
    }
    if (fill->tags)
        fill_name(fill);
    entry_seal(fill->entry, true);
    (void)store_grown(fill->shelf->store, fill->entry);
}

void fill_break(struct fill *fill)
{
    store_drop(fill->shelf->store, fill->entry);
    entry_seal(fill->entry, false);
}

void fill_keep_parts(struct fill *fill)
{
    const bool whole = entry_state(fill->entry) == ENTRY_WHOLE;

    if (whole && fill->part)
        entry_unref(shelf_join(fill->shelf, fill->rules, fill->entry));
    else if (!whole && !fill->part)
        (void)shelf_salvage(fill->shelf, fill->rules, fill->entry);
}

void fill_end(struct fill *fill)
{
    CHECK(!fill->entry || entry_state(fill->entry) != ENTRY_FILLING);
    entry_unref(fill->entry);
    entry_unref(fill->behind.entry);
    *fill = (struct fill){.entry = NULL};
}
