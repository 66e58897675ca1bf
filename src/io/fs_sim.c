/* The file calls on a tree in memory: what the server under test sees.
 *
 * Each call first looks whether the test has planned something for it: a failure comes instead of
 * it, an edit right after it.
 */
#include "io/fs_sim.h"

#include "base/check.h"
#include "io/fs_sim_tree.h"
#include "io/sim_ops.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

enum { FS_SIM_LINKS_MAX = 40, FS_SIM_PATH = 4096, FS_SIM_DEVICE = 7 };

struct fs_sim_file {
    struct fs_file file;
    struct fs_sim *sim;
    struct fs_sim_node *node;
};

struct fs_sim_name *fs_sim_entry(const struct fs_sim_node *directory, const char *name, size_t len)
{
    struct fs_sim_name *entry = directory->names;
    while (entry && (strncmp(entry->text, name, len) != 0 || entry->text[len] != '\0'))
        entry = entry->next;
    return entry;
}

/* A walk along a path: the directories from the root down to where it is, and what is left. */
struct fs_sim_walk {
    struct fs_sim_node *stack[FS_SIM_DEPTH];
    size_t depth;
    char left[2 * FS_SIM_PATH];
    size_t links;
    bool follow; /* the last symbolic link as well */
    bool bound;  /* by permissions */
};

/* Puts the target of a link before what is left of the path. */
static int fs_sim_follow(struct fs_sim_walk *walk, const struct fs_sim_node *link, const char *rest)
{
    char joined[2 * FS_SIM_PATH];
    size_t target = strlen(link->bytes);
    size_t more = strlen(rest);
    if (link->bytes[0] == '/')
        return FS_SIM_ESCAPES;
    if (++walk->links > FS_SIM_LINKS_MAX || target + more >= sizeof joined)
        return FS_NOT_FOUND;
    memcpy(joined, link->bytes, target);
    memcpy(joined + target, rest, more + 1);
    memcpy(walk->left, joined, target + more + 1);
    return 0;
}

/* Goes up one directory; out of the root is an escape. */
static int fs_sim_up(struct fs_sim_walk *walk)
{
    if (walk->depth == 1)
        return FS_SIM_ESCAPES;
    walk->depth--;
    return 0;
}

/* One component of `len` bytes. Leaves what is left in the walk; `*node` is set at the end. */
static int fs_sim_step(struct fs_sim_walk *walk, size_t len, struct fs_sim_node **node)
{
    struct fs_sim_node *here = walk->stack[walk->depth - 1];
    const char *rest = walk->left + len;
    bool last = rest[strspn(rest, "/")] == '\0';
    if (here->forbidden && walk->bound)
        return FS_FORBIDDEN;
    const struct fs_sim_name *entry = fs_sim_entry(here, walk->left, len);
    if (!entry)
        return FS_NOT_FOUND;
    if (entry->node->type == FS_SIM_SYMLINK && (walk->follow || !last))
        return fs_sim_follow(walk, entry->node, rest);
    if (entry->node->type == FS_SIM_DIRECTORY && walk->depth < FS_SIM_DEPTH)
        walk->stack[walk->depth++] = entry->node;
    else if (*rest == '/')
        return FS_NOT_FOUND;
    *node = entry->node;
    memmove(walk->left, rest, strlen(rest) + 1);
    return 0;
}

int fs_sim_find(const struct fs_sim *sim, const char *path, unsigned how, struct fs_sim_node **node)
{
    struct fs_sim_walk walk = {.stack = {sim->root},
                               .depth = 1,
                               .follow = how & FS_SIM_FOLLOW,
                               .bound = how & FS_SIM_BOUND};
    int failure = 0;
    *node = sim->root;
    if (strlen(path) >= FS_SIM_PATH)
        return FS_NOT_FOUND;
    memcpy(walk.left, path, strlen(path) + 1);
    while (failure == 0) {
        size_t slashes = strspn(walk.left, "/");
        memmove(walk.left, walk.left + slashes, strlen(walk.left + slashes) + 1);
        size_t len = strcspn(walk.left, "/");
        if (len == 0)
            break;
        if (len <= 2 && memcmp(walk.left, "..", len) == 0) {
            failure = len == 2 ? fs_sim_up(&walk) : 0;
            memmove(walk.left, walk.left + len, strlen(walk.left + len) + 1);
            *node = walk.stack[walk.depth - 1];
        } else {
            failure = fs_sim_step(&walk, len, node);
        }
    }
    return failure;
}

/* Counts the call. 0 when it is to go its way; a planned result otherwise. */
static int fs_sim_before(struct fs_sim *sim, enum fs_sim_call call, const struct fs_sim_node *node)
{
    sim->calls[call]++;
    int result = ++sim->made == sim->fails ? sim->failure : 0;
    for (struct fs_sim_plan **place = &sim->plans; *place;) {
        struct fs_sim_plan *plan = *place;
        bool mine = node && plan->call == call && plan->node == node;
        if (mine && plan->left > 0)
            plan->left--;
        if (mine && plan->left == 0 && !plan->edit) {
            result = plan->result;
            *place = plan->next;
            free(plan);
        } else {
            place = &plan->next;
        }
    }
    return result;
}

/* Makes the edits whose call this was; an edit may plan others. */
static void fs_sim_edits(struct fs_sim *sim)
{
    for (struct fs_sim_plan **place = &sim->plans; *place;) {
        struct fs_sim_plan *plan = *place;
        if (plan->left > 0 || !plan->edit) {
            place = &plan->next;
            continue;
        }
        *place = plan->next;
        plan->edit(&sim->fs, plan->owner);
        free(plan);
        place = &sim->plans;
    }
}

void fs_sim_fail_nth(struct fs *fs, uint64_t nth, int result)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    sim->made = 0;
    sim->fails = nth;
    sim->failure = result;
}

uint64_t fs_sim_made(const struct fs *fs)
{
    return ((const struct fs_sim *)fs)->made;
}

static enum fs_kind fs_sim_kind(const struct fs_sim_node *node)
{
    return node->type == FS_SIM_FILE        ? FS_REGULAR
           : node->type == FS_SIM_DIRECTORY ? FS_DIRECTORY
                                            : FS_OTHER;
}

static void fs_sim_state_of(const struct fs_sim_node *node, struct fs_state *state)
{
    *state = (struct fs_state){.stamp = {.device = FS_SIM_DEVICE,
                                         .inode = node->number,
                                         .size = node->size,
                                         .modified = node->modified,
                                         .changed = node->changed},
                               .kind = fs_sim_kind(node),
                               .links = node->links};
}

/* Resolves a path for a call and counts the call. 0, what was planned instead, or a failure. */
static int fs_sim_begin(struct fs_sim *sim, enum fs_sim_call call, const char *path,
                        struct fs_sim_node **node)
{
    int failure = fs_sim_find(sim, path, FS_SIM_FOLLOW | FS_SIM_BOUND, node);
    int planned = fs_sim_before(sim, call, failure ? NULL : *node);
    return failure ? failure : planned;
}

/* statx follows a link out of the root, as on the machine. */
static int fs_sim_state(struct fs *fs, const char *path, struct fs_state *state)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    struct fs_sim_node *node = NULL;
    int failure = fs_sim_begin(sim, FS_SIM_STATE, path, &node);
    if (failure == FS_SIM_ESCAPES) {
        const struct fs_stamp outside = {.device = FS_SIM_DEVICE + 1, .inode = 1, .size = 6};
        *state = (struct fs_state){.stamp = outside, .kind = FS_REGULAR, .links = 1};
        return 0;
    }
    if (!failure)
        fs_sim_state_of(node, state);
    fs_sim_edits(sim);
    return failure;
}

struct fs_stamp fs_sim_stamp(struct fs *fs, const char *path)
{
    struct fs_sim_node *node = NULL;
    struct fs_state state;
    CHECK(fs_sim_find((struct fs_sim *)fs, path, 0, &node) == 0);
    fs_sim_state_of(node, &state);
    return state.stamp;
}

static struct fs_file *fs_sim_file_new(struct fs_sim *sim, struct fs_sim_node *node)
{
    struct fs_sim_file *opened = sim_alloc(NULL, sizeof *opened);
    *opened = (struct fs_sim_file){.file.ops = sim->fs.ops, .sim = sim, .node = node};
    node->holders++;
    sim->open_files++;
    return &opened->file;
}

static int fs_sim_file_open(struct fs *fs, const char *path, struct fs_file **file)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    struct fs_sim_node *node = NULL;
    int failure = fs_sim_begin(sim, FS_SIM_OPEN, path, &node);
    if (failure == FS_SIM_ESCAPES)
        return FS_NOT_FOUND;
    if (!failure && node->forbidden)
        failure = FS_FORBIDDEN;
    if (!failure)
        *file = fs_sim_file_new(sim, node);
    fs_sim_edits(sim);
    return failure;
}

static void fs_sim_file_close(struct fs_file *file)
{
    struct fs_sim_file *opened = (struct fs_sim_file *)file;
    opened->node->holders--;
    opened->sim->open_files--;
    fs_sim_node_drop(opened->sim, opened->node);
    free(opened);
}

static int fs_sim_file_state(struct fs_file *file, struct fs_state *state)
{
    struct fs_sim_file *opened = (struct fs_sim_file *)file;
    int planned = fs_sim_before(opened->sim, FS_SIM_FILE_STATE, opened->node);
    if (!planned)
        fs_sim_state_of(opened->node, state);
    fs_sim_edits(opened->sim);
    return planned;
}

static uint64_t fs_sim_fill_word(uint64_t seed, uint64_t number)
{
    uint64_t word = (number + seed) * 0x9e3779b97f4a7c15;
    return word ^ word >> 29;
}

char fs_sim_fill_byte(uint64_t seed, uint64_t offset)
{
    return (char)(fs_sim_fill_word(seed, offset / 8) >> (8 * (offset % 8)) & 0xff);
}

/* Bytes of a file that has none: whole words where it can be. */
static void fs_sim_fill_read(uint64_t seed, char *to, size_t len, uint64_t offset)
{
    for (; len > 0 && offset % 8 > 0; len--)
        *to++ = fs_sim_fill_byte(seed, offset++);
    for (; len >= 8; len -= 8, offset += 8, to += 8) {
        uint64_t word = htole64(fs_sim_fill_word(seed, offset / 8));
        memcpy(to, &word, 8);
    }
    for (; len > 0; len--)
        *to++ = fs_sim_fill_byte(seed, offset++);
}

static ssize_t fs_sim_node_read(const struct fs_sim_node *node, void *to, size_t size,
                                uint64_t offset)
{
    if (offset >= node->size)
        return 0;
    size_t len = size < node->size - offset ? size : (size_t)(node->size - offset);
    if (node->filled)
        fs_sim_fill_read(node->seed, to, len, offset);
    else if (len > 0)
        memcpy(to, node->bytes + offset, len);
    return (ssize_t)len;
}

static ssize_t fs_sim_file_read(struct fs_file *file, void *to, size_t size, uint64_t offset)
{
    struct fs_sim_file *opened = (struct fs_sim_file *)file;
    int planned = fs_sim_before(opened->sim, FS_SIM_READ, opened->node);
    ssize_t got = planned;
    if (planned >= 0 && opened->node->type != FS_SIM_FILE)
        got = FS_BROKEN;
    else if (planned >= 0)
        got = fs_sim_node_read(opened->node, to,
                               planned > 0 && (size_t)planned < size ? (size_t)planned : size,
                               offset);
    fs_sim_edits(opened->sim);
    return got;
}

/* What a name means to fs_list: a link is what it leads to, if that may be opened. */
static enum fs_kind fs_sim_entry_kind(const struct fs_sim *sim, const char *path,
                                      const struct fs_sim_name *entry)
{
    char whole[FS_SIM_PATH];
    struct fs_sim_node *node = entry->node;
    size_t len = strlen(path);
    if (node->type != FS_SIM_SYMLINK)
        return fs_sim_kind(node);
    size_t more = strlen(entry->text);
    CHECK(len + more + 2 <= sizeof whole);
    memcpy(whole, path, len);
    whole[len] = '/';
    memcpy(whole + len + 1, entry->text, more + 1);
    return fs_sim_find(sim, whole, FS_SIM_FOLLOW | FS_SIM_BOUND, &node) == 0 ? fs_sim_kind(node)
                                                                             : FS_OTHER;
}

static int fs_sim_list(struct fs *fs, const char *path,
                       bool (*each)(void *owner, const char *name, enum fs_kind kind), void *owner)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    struct fs_sim_node *node = NULL;
    int failure = fs_sim_begin(sim, FS_SIM_LIST, path, &node);
    if (failure == FS_SIM_ESCAPES || (!failure && node->type != FS_SIM_DIRECTORY))
        return FS_NOT_FOUND;
    if (!failure && node->forbidden)
        failure = FS_FORBIDDEN;
    for (const struct fs_sim_name *entry = failure ? NULL : node->names; entry;
         entry = entry->next) {
        if (!each(owner, entry->text, fs_sim_entry_kind(sim, path, entry)))
            break;
    }
    fs_sim_edits(sim);
    return failure;
}

static void fs_sim_close(struct fs *fs)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    if (--sim->refs > 0)
        return;
    CHECK(sim->open_files == 0);
    while (sim->plans) {
        struct fs_sim_plan *plan = sim->plans;
        sim->plans = plan->next;
        free(plan);
    }
    sim->root->links--;
    fs_sim_node_drop(sim, sim->root);
    free(sim);
}

static const struct fs_ops fs_sim_ops = {
    .close = fs_sim_close,
    .state = fs_sim_state,
    .list = fs_sim_list,
    .file_open = fs_sim_file_open,
    .file_close = fs_sim_file_close,
    .file_state = fs_sim_file_state,
    .file_read = fs_sim_file_read,
};

struct fs *fs_sim_new(struct sim_world *world)
{
    struct fs_sim *sim = sim_alloc(NULL, sizeof *sim);
    *sim =
        (struct fs_sim){.fs.ops = &fs_sim_ops, .world = world, .refs = 1, .granularity = 4000000};
    sim->root = fs_sim_node_new(sim, FS_SIM_DIRECTORY);
    sim->root->links = 1;
    return &sim->fs;
}

struct fs *fs_sim_ref(struct fs *fs)
{
    ((struct fs_sim *)fs)->refs++;
    return fs;
}

uint64_t fs_sim_calls(const struct fs *fs, enum fs_sim_call call)
{
    return ((const struct fs_sim *)fs)->calls[call];
}

uint64_t fs_sim_open_files(const struct fs *fs)
{
    return ((const struct fs_sim *)fs)->open_files;
}
