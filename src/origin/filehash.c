/* Reads a file through a buffer into a hash; the state is compared after the last byte. */
#include "origin/filehash.h"

int filehash_open(struct filehash *hash, struct fs *fs, const char *path)
{
    struct fs_state state;
    *hash = (struct filehash){.file = NULL};
    int failure = fs_file_open(fs, path, &hash->file);
    if (failure) {
        hash->file = NULL;
        return failure;
    }
    failure = fs_file_state(hash->file, &state);
    if (failure == 0 && state.kind != FS_REGULAR)
        failure = FS_NOT_FOUND;
    if (failure) {
        filehash_close(hash);
        return failure;
    }
    hash->stamp = state.stamp;
    digesting_init(&hash->digesting);
    return 0;
}

void filehash_close(struct filehash *hash)
{
    if (hash->file)
        fs_file_close(hash->file);
    hash->file = NULL;
}

static bool filehash_unchanged(const struct filehash *hash)
{
    struct fs_state state;
    return hash->at == hash->stamp.size && fs_file_state(hash->file, &state) == 0 &&
           fs_stamp_equal(&state.stamp, &hash->stamp);
}

enum filehash_step filehash_read(struct filehash *hash, char *buffer, uint64_t most)
{
    for (uint64_t end = hash->at + most; hash->at < end;) {
        ssize_t got = fs_file_read(hash->file, buffer, FILEHASH_BUFFER, hash->at);
        if (got < 0 || hash->at + (uint64_t)got > hash->stamp.size)
            return FILEHASH_CHANGED;
        if (got == 0)
            return filehash_unchanged(hash) ? FILEHASH_DONE : FILEHASH_CHANGED;
        digesting_feed(&hash->digesting, buffer, (size_t)got);
        charset_feed(&hash->charset, buffer, (size_t)got);
        hash->at += (uint64_t)got;
    }
    return FILEHASH_MORE;
}
