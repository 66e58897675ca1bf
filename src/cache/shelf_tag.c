/* Validators made here: an ETag and a Last-Modified that the origin does not know.
 */
#include "base/check.h"
#include "base/memory.h"
#include "cache/shelf.h"
#include "cache/shelf_head.h"

static struct entry_head *head_tagged(const struct entry_head *head, unsigned char changes,
                                      struct stet_span tag, int64_t modified)
{
    struct stet_field *fields = memory_new((head->lines + 1U) * sizeof *fields);
    const struct stet_stored stored = entry_head_stored(head);
    struct stet_head view;
    struct stet_parts parts;
    if (!fields)
        return NULL;
    shelf_head_view(head, fields, &view);
    const struct shelf_head_recipe recipe = {
        .fields = &view,
        .stored = &stored,
        .parts = entry_head_parts(head, &parts) ? &parts : NULL,
        .changes = changes,
        .version = entry_head_version(head),
        .sized = head->flags & ENTRY_HEAD_SIZED,
        .tag = tag,
        .modified = modified,
    };
    struct entry_head *made = shelf_head_new(&recipe);
    memory_free(fields);
    return made;
}

bool shelf_tag(struct entry *entry, struct stet_span tag, int64_t modified)
{
    for (;;) {
        struct entry_head *head = entry_head(entry);
        CHECK(head); /* what fills has one */
        const unsigned char changes = entry_head_changes(head);
        struct entry_head *tagged = head_tagged(head, changes, tag, modified);
        const bool done = tagged && entry_amend_from(entry, head, changes, tagged);
        entry_head_unref(head);
        if (done || !tagged)
            return done;
        entry_head_unref(tagged);
    }
}

struct stet_span shelf_made_tag(const struct entry_head *head)
{
    return head->flags & ENTRY_HEAD_TAG_MADE ? entry_head_tag(head) : STET_SPAN_NONE;
}

int64_t shelf_made_modified(const struct entry_head *head)
{
    return head->flags & ENTRY_HEAD_DATE_MADE ? entry_head_modified(head) : -1;
}
