/* Believes a sidecar only after decoding it.
 *
 * What is served is the bytes that were proved, from memory: what becomes of the sidecar's file
 * later cannot make them wrong. Its state is remembered with the content, so that it is read once.
 *
 * Given up: sidecars of files above SIDECAR_FILE_MAX, and sidecars larger than their file.
 */
#include "origin/sidecar.h"

#include "origin/coder.h"
#include "origin/load.h"
#include "origin/sitepath.h"

struct sidecar_name {
    struct stet_span suffix;
    enum stet_coding coding;
};

static const struct sidecar_name sidecar_names[] = {
    {{".br", 3}, STET_CODING_BROTLI},
    {{".zst", 4}, STET_CODING_ZSTD},
    {{".gz", 3}, STET_CODING_GZIP},
};

enum { SIDECAR_NAMES = sizeof sidecar_names / sizeof sidecar_names[0] };

bool sidecar_possible(struct stet_span path)
{
    for (int i = 0; i < SIDECAR_NAMES; i++) {
        const struct stet_span suffix = sidecar_names[i].suffix;
        if (path.len >= suffix.len &&
            stet_span_equal(stet_span_from(path, path.len - suffix.len), suffix))
            return false;
    }
    return true;
}

/* Reads and proves; true if it was usable. */
static bool sidecar_use(const struct load *load, struct content *content, enum stet_coding coding)
{
    const struct chunk *bytes = content->bytes;
    const struct stet_span coded = stet_span(load->bytes->bytes, load->bytes->len);
    if (!coder_decodes_to(coding, coded, bytes->bytes, bytes->len))
        return false;
    content_set_variant(
        content, coding,
        &(struct variant){
            .state = VARIANT_READY, .sidecar = true, .bytes = load->bytes, .digest = load->digest});
    return true;
}

static uint64_t sidecar_place(const char *path)
{
    static const uint64_t seed[2] = {0x736964656361722e, 0x6f726967696e2e2e};
    return map_hash(seed, path, strlen(path));
}

/* One sidecar; true if it is there, new and wrong. */
static bool sidecar_wrong(struct fs *fs, const char *path, struct content *content,
                          enum stet_coding coding)
{
    struct fs_state state;
    struct load load;
    if (fs_state(fs, path, &state) != 0 || state.kind != FS_REGULAR ||
        state.stamp.size >= content->bytes->len)
        return false;
    const struct content_sidecar sight = {state.stamp, sidecar_place(path)};
    if (!content_new_sidecar(content, coding, &sight))
        return false;
    load_run(&load, fs, path, content->bytes->len);
    const bool wrong = load.outcome == LOAD_DONE && !sidecar_use(&load, content, coding);
    load_fini(&load);
    return wrong;
}

/* The names that sidecars of a path have, one after the other; false at the end. */
struct sidecar_walk {
    char path[SITEPATH_ROOM + 8];
    size_t len;
    int next;
};

static bool sidecar_walk_begin(struct sidecar_walk *walk, const char *path)
{
    walk->len = strlen(path);
    walk->next = 0;
    if (walk->len >= SITEPATH_ROOM || !sidecar_possible(stet_span(path, walk->len)))
        return false;
    memcpy(walk->path, path, walk->len);
    return true;
}

static bool sidecar_walk_next(struct sidecar_walk *walk, enum stet_coding *coding)
{
    if (walk->next == SIDECAR_NAMES)
        return false;
    const struct sidecar_name *name = &sidecar_names[walk->next++];
    memcpy(walk->path + walk->len, name->suffix.at, name->suffix.len + 1);
    *coding = name->coding;
    return true;
}

void sidecar_look(struct fs *fs, const char *path, struct content *content,
                  void (*refused)(void *owner, const char *path), void *owner)
{
    struct sidecar_walk walk;
    enum stet_coding coding;
    if (!sidecar_walk_begin(&walk, path))
        return;
    while (sidecar_walk_next(&walk, &coding))
        if (sidecar_wrong(fs, walk.path, content, coding))
            refused(owner, walk.path);
}

bool sidecar_present(struct fs *fs, const char *path)
{
    struct sidecar_walk walk;
    enum stet_coding coding;
    struct fs_state state;
    bool present = false;
    if (!sidecar_walk_begin(&walk, path))
        return false;
    while (!present && sidecar_walk_next(&walk, &coding))
        present = fs_state(fs, walk.path, &state) == 0 && state.kind == FS_REGULAR;
    return present;
}
