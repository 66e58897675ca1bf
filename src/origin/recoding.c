/* Makes variants in the pool. Two workers may make the same one at a time: the outcome is equal,
 * and the second does not begin when the first is through.
 */
#include "origin/recoding.h"

#include "base/container.h"
#include "base/memory.h"
#include "origin/coder.h"
#include "origin/sidecar.h"

static struct recoding *recoding_of(struct job *job)
{
    return CONTAINER(job, struct recoding, errand.job);
}

static void recoding_encode(const struct recoding *recoding)
{
    const unsigned unknown = content_variants(recoding->content, VARIANT_UNKNOWN);
    const struct chunk *bytes = recoding->content->bytes;
    if (!(unknown & 1U << recoding->coding))
        return;
    struct variant variant = {.state = VARIANT_USELESS};
    variant.bytes = coder_encode(recoding->coding, bytes->bytes, bytes->len);
    if (variant.bytes) {
        variant.state = VARIANT_READY;
        variant.digest = digest_of(variant.bytes->bytes, variant.bytes->len);
    }
    content_set_variant(recoding->content, recoding->coding, &variant);
    chunk_unref(variant.bytes);
}

static void recoding_refused(void *owner, const char *path)
{
    library_warn(owner, "does not decode to the file beside it, and is not used", path);
}

static void recoding_run(struct job *job)
{
    struct recoding *recoding = recoding_of(job);
    if (recoding->task == RECODING_ENCODE)
        recoding_encode(recoding);
    else
        sidecar_look(recoding->library->fs, recoding->path, recoding->content, recoding_refused,
                     recoding->library);
}

static void recoding_free(struct recoding *recoding)
{
    content_unref(recoding->content);
    memory_free(recoding);
}

static void recoding_drop(struct errand *errand)
{
    recoding_free(CONTAINER(errand, struct recoding, errand));
}

static void recoding_unlink(struct recoding *recoding)
{
    struct recoding **at = &recoding->entry->recodings;
    while (*at != recoding)
        at = &(*at)->next;
    *at = recoding->next;
}

static void recoding_done(struct job *job)
{
    struct recoding *recoding = recoding_of(job);
    errands_back(&recoding->library->errands, &recoding->errand);
    if (recoding->entry) {
        recoding_unlink(recoding);
        recoding->done(recoding->owner, recoding->entry);
    }
    recoding_free(recoding);
}

static bool recoding_under_way(const struct fileentry *entry, const struct recoding *as)
{
    for (const struct recoding *each = entry->recodings; each; each = each->next)
        if (each->task == as->task && each->coding == as->coding && each->content == entry->content)
            return true;
    return false;
}

bool recoding_begin(struct fileentry *entry, const struct recoding *as, struct loop *loop)
{
    const size_t path_size = strlen(entry->place.path) + 1;
    if (recoding_under_way(entry, as))
        return true;
    struct recoding *recoding = memory_new(sizeof *recoding + path_size);
    if (!recoding)
        return false;
    *recoding = *as;
    recoding->errand =
        (struct errand){.job = {.run = recoding_run, .done = recoding_done}, .drop = recoding_drop};
    recoding->entry = entry;
    recoding->library = entry->library;
    recoding->content = content_ref(entry->content);
    memcpy(recoding->path, entry->place.path, path_size);
    recoding->next = entry->recodings;
    entry->recodings = recoding;
    errands_send(&entry->library->errands, &recoding->errand, loop,
                 as->task == RECODING_ENCODE ? WORK_NOW : WORK_LATER);
    return true;
}

void recoding_abandon(struct recoding *first)
{
    for (struct recoding *recoding = first; recoding; recoding = recoding->next)
        recoding->entry = NULL;
}
