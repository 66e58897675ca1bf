/* A file system in memory, under the clock of a simulated world. For tests.
 *
 * It has inodes, names, times and links as the machine has, so that an edit in place, a replacement
 * by rename, a touch, and an edit within one tick of the file system's clock are told apart exactly
 * as far as the machine would tell them apart. Paths are as in io/fs.h; directories on the way to a
 * new file are made. Whatever cannot be done (no such file, a file as directory) is a bug of the
 * test, and dies.
 */
#ifndef IO_FS_SIM_H
#define IO_FS_SIM_H

#include "io/fs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_world;

/* An empty root in a new file system, whose clock ticks every 4 ms. Ends with fs_close. */
struct fs *fs_sim_new(struct sim_world *world);

/* The same root once more; each reference ends with fs_close. */
struct fs *fs_sim_ref(struct fs *fs);

/* From now on times are rounded down to a multiple of `ns` (1: exact). */
void fs_sim_granularity(struct fs *fs, int64_t ns);

/* Writes a file in place: the inode stays if there is one, mtime and ctime are now. */
void fs_sim_write(struct fs *fs, const char *path, const void *bytes, size_t len);

/* The same with a text without its final NUL. */
void fs_sim_say(struct fs *fs, const char *path, const char *text);

/* A file of `size` bytes that takes no memory: the byte at each offset is fs_sim_fill_byte. */
void fs_sim_fill(struct fs *fs, const char *path, uint64_t size, uint64_t seed);
char fs_sim_fill_byte(uint64_t seed, uint64_t offset);

void fs_sim_append(struct fs *fs, const char *path, const void *bytes, size_t len);

/* Cuts a file, or makes it longer with zero bytes. */
void fs_sim_truncate(struct fs *fs, const char *path, uint64_t size);

/* Writes a new file and renames it over `path`: a new inode; who has the old one open keeps it. */
void fs_sim_replace(struct fs *fs, const char *path, const void *bytes, size_t len);

/* Moves a name, over another if that exists; a hard link; a name less (a directory with all that is
 * in it). ctime of the file is now. */
void fs_sim_rename(struct fs *fs, const char *from, const char *to);
void fs_sim_link(struct fs *fs, const char *from, const char *to);
void fs_sim_remove(struct fs *fs, const char *path);

void fs_sim_make_directory(struct fs *fs, const char *path);

/* A symbolic link, relative to its own directory. One that leads out of the root (by "..", or from
 * "/") behaves as if there were a file: fs_state sees it, opening does not. */
void fs_sim_symlink(struct fs *fs, const char *path, const char *target);

/* A FIFO: of kind FS_OTHER. */
void fs_sim_fifo(struct fs *fs, const char *path);

/* utimes: sets mtime to `modified` (ns since 1970); ctime is now. */
void fs_sim_touch(struct fs *fs, const char *path, int64_t modified);

/* Sets both, as no program could, to make two states of a file look alike. */
void fs_sim_set_times(struct fs *fs, const char *path, int64_t modified, int64_t changed);

/* chmod: forbids reading (a directory: passing through), or allows it again. ctime is now. */
void fs_sim_forbid(struct fs *fs, const char *path, bool forbidden);

/* The calls that faults and edits hang on. */
enum fs_sim_call { FS_SIM_STATE, FS_SIM_OPEN, FS_SIM_FILE_STATE, FS_SIM_READ, FS_SIM_LIST };

/* One call: the `nth` of its kind from now (1: the next) that reaches the file now at `path`. */
struct fs_sim_point {
    enum fs_sim_call call;
    const char *path;
    uint64_t nth;
};

/* That call gives `result` instead, once: a failure, or for FS_SIM_READ a number of bytes to read
 * at most. */
void fs_sim_fail(struct fs *fs, struct fs_sim_point point, int result);

/* Right after that call, before its caller goes on, `edit` is called, and may do anything above. */
void fs_sim_after(struct fs *fs, struct fs_sim_point point,
                  void (*edit)(struct fs *fs, void *owner), void *owner);

/* From now on the call number `nth` (1 is the next) of any kind gives `result`, a failure, instead;
 * once. 0 turns it off. fs_sim_made tells how many calls there have been since. */
void fs_sim_fail_nth(struct fs *fs, uint64_t nth, int result);
uint64_t fs_sim_made(const struct fs *fs);

/* The stamp of a file, links not followed at the end; no call that counts. */
struct fs_stamp fs_sim_stamp(struct fs *fs, const char *path);

/* How many calls of a kind there were, on any file. */
uint64_t fs_sim_calls(const struct fs *fs, enum fs_sim_call call);

/* How many files are open. */
uint64_t fs_sim_open_files(const struct fs *fs);

#endif
