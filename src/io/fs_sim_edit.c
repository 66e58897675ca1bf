/* The hands of the test in the simulated file system: whatever a user, an editor or a deploy does.
 *
 * Times come from the world's wall clock, rounded down to the file system's tick, so that two edits
 * within one tick leave the same stamp, as they do on the machine.
 */
#include "io/fs_sim.h"

#include "base/check.h"
#include "io/fs_sim_tree.h"
#include "io/sim_ops.h"

#include <stdlib.h>
#include <string.h>

static int64_t fs_sim_now(const struct fs_sim *sim)
{
    int64_t wall = sim_world_wall(sim->world);
    return wall - wall % sim->granularity;
}

struct fs_sim_node *fs_sim_node_new(struct fs_sim *sim, enum fs_sim_type type)
{
    struct fs_sim_node *node = sim_alloc(NULL, sizeof *node);
    *node = (struct fs_sim_node){.type = type, .number = ++sim->last_number};
    node->modified = node->changed = fs_sim_now(sim);
    return node;
}

/* Takes the first name out of a directory's list. */
static void fs_sim_unlink(struct fs_sim *sim, struct fs_sim_name **place)
{
    struct fs_sim_name *entry = *place;
    struct fs_sim_node *node = entry->node;
    *place = entry->next;
    free(entry);
    node->links--;
    node->changed = fs_sim_now(sim);
    fs_sim_node_drop(sim, node);
}

void fs_sim_node_drop(struct fs_sim *sim, struct fs_sim_node *node)
{
    if (node->links > 0 || node->holders > 0)
        return;
    while (node->names)
        fs_sim_unlink(sim, &node->names);
    for (struct fs_sim_plan *plan = sim->plans; plan; plan = plan->next) {
        if (plan->node == node)
            plan->node = NULL;
    }
    free(node->bytes);
    free(node);
}

/* Where the directory of a path ends and its last name begins; makes missing directories. */
static struct fs_sim_node *fs_sim_parent(struct fs_sim *sim, const char *path, const char **name)
{
    struct fs_sim_node *at = sim->root;
    for (;;) {
        const char *end = strchr(path, '/');
        *name = path;
        if (!end)
            return at;
        struct fs_sim_name *entry = fs_sim_entry(at, path, (size_t)(end - path));
        if (!entry) {
            size_t len = (size_t)(end - path);
            entry = sim_alloc(NULL, sizeof *entry + len + 1);
            *entry = (struct fs_sim_name){.next = at->names,
                                          .node = fs_sim_node_new(sim, FS_SIM_DIRECTORY)};
            memcpy(entry->text, path, len);
            entry->text[len] = '\0';
            entry->node->links = 1;
            at->names = entry;
        }
        at = entry->node;
        CHECK(at->type == FS_SIM_DIRECTORY);
        path = end + 1;
    }
}

/* Gives `node` the name `path`, taking it from whatever had it. */
static void fs_sim_name_node(struct fs_sim *sim, const char *path, struct fs_sim_node *node)
{
    const char *name = NULL;
    struct fs_sim_node *directory = fs_sim_parent(sim, path, &name);
    size_t len = strlen(name);
    CHECK(len > 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    node->links++;
    node->changed = fs_sim_now(sim);
    directory->modified = directory->changed = fs_sim_now(sim);
    struct fs_sim_name *entry = fs_sim_entry(directory, name, len);
    if (entry) {
        struct fs_sim_node *before = entry->node;
        entry->node = node;
        before->links--;
        before->changed = fs_sim_now(sim);
        fs_sim_node_drop(sim, before);
        return;
    }
    entry = sim_alloc(NULL, sizeof *entry + len + 1);
    *entry = (struct fs_sim_name){.next = directory->names, .node = node};
    memcpy(entry->text, name, len + 1);
    directory->names = entry;
}

/* What is at a path; the test is not bound by the permissions that it has set. */
static struct fs_sim_node *fs_sim_at(struct fs_sim *sim, const char *path, unsigned how)
{
    struct fs_sim_node *node = NULL;
    CHECK(fs_sim_find(sim, path, how, &node) == 0);
    return node;
}

/* The regular file of a path, made when there is none. */
static struct fs_sim_node *fs_sim_file_at(struct fs_sim *sim, const char *path)
{
    struct fs_sim_node *node = NULL;
    if (fs_sim_find(sim, path, FS_SIM_FOLLOW, &node) != 0) {
        node = fs_sim_node_new(sim, FS_SIM_FILE);
        fs_sim_name_node(sim, path, node);
    }
    CHECK(node->type == FS_SIM_FILE);
    return node;
}

static void fs_sim_edited(struct fs_sim *sim, struct fs_sim_node *node)
{
    node->modified = node->changed = fs_sim_now(sim);
}

static void fs_sim_set_bytes(struct fs_sim_node *node, const void *bytes, size_t len)
{
    node->bytes = sim_alloc(node->bytes, len + 1);
    if (len > 0)
        memcpy(node->bytes, bytes, len);
    node->bytes[len] = '\0';
    node->size = len;
    node->filled = false;
}

void fs_sim_granularity(struct fs *fs, int64_t ns)
{
    CHECK(ns > 0);
    ((struct fs_sim *)fs)->granularity = ns;
}

void fs_sim_write(struct fs *fs, const char *path, const void *bytes, size_t len)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    struct fs_sim_node *node = fs_sim_file_at(sim, path);
    fs_sim_set_bytes(node, bytes, len);
    fs_sim_edited(sim, node);
}

void fs_sim_say(struct fs *fs, const char *path, const char *text)
{
    fs_sim_write(fs, path, text, strlen(text));
}

void fs_sim_fill(struct fs *fs, const char *path, uint64_t size, uint64_t seed)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    struct fs_sim_node *node = fs_sim_file_at(sim, path);
    node->filled = true;
    node->seed = seed;
    node->size = size;
    fs_sim_edited(sim, node);
}

void fs_sim_append(struct fs *fs, const char *path, const void *bytes, size_t len)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    struct fs_sim_node *node = fs_sim_file_at(sim, path);
    CHECK(!node->filled);
    node->bytes = sim_alloc(node->bytes, node->size + len + 1);
    if (len > 0)
        memcpy(node->bytes + node->size, bytes, len);
    node->size += len;
    fs_sim_edited(sim, node);
}

void fs_sim_truncate(struct fs *fs, const char *path, uint64_t size)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    struct fs_sim_node *node = fs_sim_file_at(sim, path);
    CHECK(!node->filled || size <= node->size);
    if (!node->filled) {
        node->bytes = sim_alloc(node->bytes, size + 1);
        if (size > node->size)
            memset(node->bytes + node->size, 0, size - node->size);
    }
    node->size = size;
    fs_sim_edited(sim, node);
}

void fs_sim_replace(struct fs *fs, const char *path, const void *bytes, size_t len)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    struct fs_sim_node *node = fs_sim_node_new(sim, FS_SIM_FILE);
    fs_sim_set_bytes(node, bytes, len);
    fs_sim_name_node(sim, path, node);
}

void fs_sim_link(struct fs *fs, const char *from, const char *to)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    fs_sim_name_node(sim, to, fs_sim_at(sim, from, 0));
}

void fs_sim_remove(struct fs *fs, const char *path)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    const char *name = NULL;
    struct fs_sim_node *directory = fs_sim_parent(sim, path, &name);
    struct fs_sim_name **place = &directory->names;
    while (*place && strcmp((*place)->text, name) != 0)
        place = &(*place)->next;
    CHECK(*place);
    directory->modified = directory->changed = fs_sim_now(sim);
    fs_sim_unlink(sim, place);
}

void fs_sim_rename(struct fs *fs, const char *from, const char *to)
{
    fs_sim_link(fs, from, to);
    fs_sim_remove(fs, from);
}

void fs_sim_make_directory(struct fs *fs, const char *path)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    fs_sim_name_node(sim, path, fs_sim_node_new(sim, FS_SIM_DIRECTORY));
}

void fs_sim_symlink(struct fs *fs, const char *path, const char *target)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    struct fs_sim_node *node = fs_sim_node_new(sim, FS_SIM_SYMLINK);
    fs_sim_set_bytes(node, target, strlen(target));
    fs_sim_name_node(sim, path, node);
}

void fs_sim_fifo(struct fs *fs, const char *path)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    fs_sim_name_node(sim, path, fs_sim_node_new(sim, FS_SIM_FIFO));
}

void fs_sim_touch(struct fs *fs, const char *path, int64_t modified)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    fs_sim_set_times(fs, path, modified, fs_sim_now(sim));
}

void fs_sim_set_times(struct fs *fs, const char *path, int64_t modified, int64_t changed)
{
    struct fs_sim_node *node = fs_sim_at((struct fs_sim *)fs, path, FS_SIM_FOLLOW);
    node->modified = modified;
    node->changed = changed;
}

void fs_sim_forbid(struct fs *fs, const char *path, bool forbidden)
{
    struct fs_sim *sim = (struct fs_sim *)fs;
    struct fs_sim_node *node = fs_sim_at(sim, path, FS_SIM_FOLLOW);
    node->forbidden = forbidden;
    node->changed = fs_sim_now(sim);
}

/* At the end of the list: plans for one call are carried out in the order they were made. */
static void fs_sim_plan(struct fs_sim *sim, struct fs_sim_point point, struct fs_sim_plan plan)
{
    CHECK(point.nth > 0);
    struct fs_sim_plan *kept = sim_alloc(NULL, sizeof *kept);
    *kept = plan;
    kept->call = point.call;
    kept->left = point.nth;
    kept->node = fs_sim_at(sim, point.path, FS_SIM_FOLLOW);
    struct fs_sim_plan **end = &sim->plans;
    while (*end)
        end = &(*end)->next;
    *end = kept;
}

void fs_sim_fail(struct fs *fs, struct fs_sim_point point, int result)
{
    CHECK(result < 0 || (point.call == FS_SIM_READ && result > 0));
    fs_sim_plan((struct fs_sim *)fs, point, (struct fs_sim_plan){.result = result});
}

void fs_sim_after(struct fs *fs, struct fs_sim_point point,
                  void (*edit)(struct fs *fs, void *owner), void *owner)
{
    fs_sim_plan((struct fs_sim *)fs, point, (struct fs_sim_plan){.edit = edit, .owner = owner});
}
