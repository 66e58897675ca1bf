/* Sends a file piece by piece, and proves each piece to be of the version that was promised.
 *
 *     read into the scratch -> look at the file's state -> same: hand out; else: broken
 *
 * The look comes after the reading: a writer changes the state of a file before it changes the
 * first byte, so bytes that were read before a look that finds nothing new are old bytes. When the
 * last name of a file goes, its ctime moves as well; a state that differs in ctime alone and has
 * fewer links than before is taken for that, and becomes the state to compare with: each name can
 * be lost only once.
 *
 * Given up: telling a removal from an edit that puts mtime back and removes a name, all between two
 * looks. Given up as well: sendfile and mmap, which lend pages of the page cache to the socket;
 * what is written to the file before the peer has them all changes what it gets
 * (doc/notes/large-files.md). And waiting for a disk off the loop; read-ahead makes it rare.
 */
#include "origin/filebody.h"

#include "base/container.h"
#include "base/memory.h"

struct filebody {
    struct body body;
    struct fs_file *file;
    struct fs_state state; /* in which the bytes are ours */
    uint64_t from;
    uint64_t left;
    bool broken;
};

/* The file has done nothing but lose a name since it was in the state we know. */
static bool filebody_unlinked(const struct fs_state *known, const struct fs_state *now)
{
    struct fs_stamp but_changed = now->stamp;
    but_changed.changed = known->stamp.changed;
    return now->links < known->links && fs_stamp_equal(&but_changed, &known->stamp);
}

static bool filebody_same(struct filebody *file)
{
    struct fs_state now;
    if (fs_file_state(file->file, &now) != 0)
        return false;
    if (!fs_stamp_equal(&now.stamp, &file->state.stamp) && !filebody_unlinked(&file->state, &now))
        return false;
    file->state = now;
    return true;
}

static enum body_peek filebody_peek(struct body *body, char *scratch, size_t room,
                                    struct stet_span *bytes)
{
    struct filebody *file = CONTAINER(body, struct filebody, body);
    if (file->broken)
        return BODY_BROKEN;
    if (file->left == 0)
        return BODY_END;
    size_t want = file->left < room ? (size_t)file->left : room;
    ssize_t got = fs_file_read(file->file, scratch, want, file->from);
    if (got <= 0 || !filebody_same(file)) {
        file->broken = true;
        return BODY_BROKEN;
    }
    *bytes = stet_span(scratch, (size_t)got);
    return BODY_BYTES;
}

static void filebody_skip(struct body *body, size_t count)
{
    struct filebody *file = CONTAINER(body, struct filebody, body);
    file->from += count;
    file->left -= count;
}

static void filebody_free(struct body *body)
{
    struct filebody *file = CONTAINER(body, struct filebody, body);
    fs_file_close(file->file);
    memory_free(file);
}

static const struct body_ops filebody_ops = {
    .peek = filebody_peek,
    .skip = filebody_skip,
    .free = filebody_free,
};

struct body *filebody_new(struct fs *fs, const char *path, const struct fs_stamp *stamp,
                          uint64_t from, uint64_t length)
{
    struct filebody *file = memory_new_zero(sizeof *file);
    if (!file)
        return NULL;
    *file = (struct filebody){.body.ops = &filebody_ops, .from = from, .left = length};
    if (fs_file_open(fs, path, &file->file) != 0) {
        memory_free(file);
        return NULL;
    }
    if (fs_file_state(file->file, &file->state) != 0 ||
        !fs_stamp_equal(&file->state.stamp, stamp)) {
        filebody_free(&file->body);
        return NULL;
    }
    return &file->body;
}

struct chunkbody {
    struct body body;
    struct chunk *chunk;
    size_t from;
    size_t left;
};

static enum body_peek chunkbody_peek(struct body *body, char *scratch, size_t room,
                                     struct stet_span *bytes)
{
    const struct chunkbody *whole = CONTAINER(body, struct chunkbody, body);
    (void)scratch;
    (void)room;
    *bytes = stet_span(whole->chunk->bytes + whole->from, whole->left);
    return whole->left > 0 ? BODY_BYTES : BODY_END;
}

static void chunkbody_skip(struct body *body, size_t count)
{
    struct chunkbody *whole = CONTAINER(body, struct chunkbody, body);
    whole->from += count;
    whole->left -= count;
}

static void chunkbody_free(struct body *body)
{
    struct chunkbody *whole = CONTAINER(body, struct chunkbody, body);
    chunk_unref(whole->chunk);
    memory_free(whole);
}

static const struct body_ops chunkbody_ops = {
    .peek = chunkbody_peek,
    .skip = chunkbody_skip,
    .free = chunkbody_free,
};

struct body *filebody_new_of_chunk(struct chunk *chunk, uint64_t from, uint64_t length)
{
    struct chunkbody *whole = memory_new(sizeof *whole);
    if (!whole)
        return NULL;
    *whole = (struct chunkbody){.body.ops = &chunkbody_ops,
                                .chunk = chunk_ref(chunk),
                                .from = (size_t)from,
                                .left = (size_t)length};
    return &whole->body;
}
