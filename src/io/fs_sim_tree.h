/* The tree of the simulated file system: fs_sim reads it, fs_sim_edit changes it. Inside io/ only.
 */
#ifndef IO_FS_SIM_TREE_H
#define IO_FS_SIM_TREE_H

#include "io/fs_ops.h"
#include "io/fs_sim.h"

enum { FS_SIM_CALLS = 5, FS_SIM_DEPTH = 64 };

enum fs_sim_type { FS_SIM_FILE, FS_SIM_DIRECTORY, FS_SIM_SYMLINK, FS_SIM_FIFO };

struct fs_sim_name {
    struct fs_sim_name *next;
    struct fs_sim_node *node;
    char text[];
};

/* An inode. Lives as long as it has a name or is open. */
struct fs_sim_node {
    enum fs_sim_type type;
    bool forbidden;
    bool filled; /* the bytes come from `seed` */
    uint64_t number;
    uint32_t links;   /* names */
    uint32_t holders; /* open files */
    int64_t modified;
    int64_t changed;
    uint64_t size;
    uint64_t seed;
    char *bytes;               /* of a file; the target of a symbolic link, with its NUL */
    struct fs_sim_name *names; /* of a directory */
};

/* Something that is to happen at a call. */
struct fs_sim_plan {
    struct fs_sim_plan *next;
    enum fs_sim_call call;
    const struct fs_sim_node *node;
    uint64_t left; /* calls up to and including the one it is for */
    int result;    /* used when there is no `edit` */
    void (*edit)(struct fs *fs, void *owner);
    void *owner;
};

struct fs_sim {
    struct fs fs;
    struct sim_world *world;
    struct fs_sim_node *root;
    struct fs_sim_plan *plans;
    uint64_t refs;
    uint64_t last_number;
    uint64_t open_files;
    uint64_t calls[FS_SIM_CALLS];
    uint64_t made;  /* calls of all kinds since `fails` was set */
    uint64_t fails; /* the one of them that gives `failure`; 0: none */
    int failure;
    int64_t granularity;
};

/* How to walk: follow the last symbolic link too; be bound by permissions. */
enum { FS_SIM_FOLLOW = 1, FS_SIM_BOUND = 2 };

/* What a path may lead to, beside a node and a failure. */
enum { FS_SIM_ESCAPES = 1 };

/* Finds the node of a path. 0, a failure, or FS_SIM_ESCAPES when a link leads out. */
int fs_sim_find(const struct fs_sim *sim, const char *path, unsigned how,
                struct fs_sim_node **node);

/* The entry of a directory; NULL when there is none. */
struct fs_sim_name *fs_sim_entry(const struct fs_sim_node *directory, const char *name, size_t len);

/* A new node without a name. */
struct fs_sim_node *fs_sim_node_new(struct fs_sim *sim, enum fs_sim_type type);

/* Frees a node that has neither name nor holder, with all that is in it. */
void fs_sim_node_drop(struct fs_sim *sim, struct fs_sim_node *node);

#endif
