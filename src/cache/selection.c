/* Makes selections, mostly in a small buffer, and hashes them.
 */
#include "cache/selection.h"

#include "base/memory.h"
#include "base/siphash.h"
#include "stet/vary.h"

bool selection_make(struct selection *to, const struct shelf *shelf, struct stet_span names,
                    const struct stet_head *request)
{
    const struct stet_list list = stet_list_in(names);
    to->heap = NULL;
    to->text = stet_span(to->room, stet_vary_select(list, request, to->room, sizeof to->room));
    if (to->text.len > ENTRY_TEXT_MAX)
        return false;
    if (to->text.len > sizeof to->room) {
        to->heap = memory_new(to->text.len);
        if (!to->heap)
            return false;
        stet_vary_select(list, request, to->heap, to->text.len);
        to->text.at = to->heap;
    }
    to->variant = selection_hash(shelf, to->text);
    return true;
}

uint64_t selection_hash(const struct shelf *shelf, struct stet_span text)
{
    const uint64_t hash = siphash(shelf->seed, text.at, text.len);
    return hash != 0 ? hash : 1; /* 0 is where look-ups begin */
}

void selection_fini(struct selection *selection)
{
    memory_free(selection->heap);
    selection->heap = NULL;
}

bool selection_has_names(struct stet_span text, struct stet_span names)
{
    struct stet_list list = stet_list_in(names);
    struct stet_span wanted, name, value;

    while (stet_list_next(&list, &wanted))
        if (!stet_vary_next(&text, &name, &value) || !stet_span_equal(name, wanted))
            return false;
    return text.len == 0;
}
