/* A list of trees, looked through by directory and options.
 *
 * Routes on one directory share a tree unless their options differ. Then each tree has a memo of
 * its own, even if the configuration names the same file: what one writes would take the place of
 * what the other has learnt.
 *
 * Given up: closing what no route wants any more while the server runs. A library may be closed
 * only when no worker knows of it and its jobs are done; what that would save is a little memory
 * after a rare event.
 */
#include "serve/trees.h"

#include "base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct tree {
    struct tree *next;
    struct config *config; /* that `route` is of */
    const struct config_route *route;
    char *memo; /* its file; NULL: none */
    struct fs *fs;
    struct library *library;
    struct progress progress;
    bool walked;
};

/* ---- the same ---- */

static bool tree_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool tree_same_rules(const struct files_options *a, const struct files_options *b)
{
    if (a->rule_count != b->rule_count)
        return false;
    for (size_t i = 0; i < a->rule_count; i++) {
        if (!tree_same_text(a->rules[i].glob, b->rules[i].glob) ||
            !tree_same_text(a->rules[i].value, b->rules[i].value))
            return false;
    }
    return true;
}

static bool tree_same_options(const struct files_options *a, const struct files_options *b)
{
    return tree_same_text(a->memo_path, b->memo_path) && tree_same_text(a->cors, b->cors) &&
           tree_same_text(a->mime_types, b->mime_types) && tree_same_rules(a, b) &&
           a->browse == b->browse && a->spa == b->spa && a->compress == b->compress &&
           a->bytes_in_memory == b->bytes_in_memory &&
           a->file_in_memory_max == b->file_in_memory_max && a->paths_max == b->paths_max &&
           a->records_max == b->records_max;
}

static struct tree *trees_find(const struct trees *trees, const struct config_route *route)
{
    struct tree *tree = trees->first;
    while (tree && (!tree_same_text(tree->route->directory, route->directory) ||
                    !tree_same_options(&tree->route->files, &route->files)))
        tree = tree->next;
    return tree;
}

/* ---- opening ---- */

static bool trees_have_memo(const struct trees *trees, const char *path)
{
    const struct tree *tree = trees->first;
    while (tree && !(tree->memo && strcmp(tree->memo, path) == 0))
        tree = tree->next;
    return tree != NULL;
}

/* The path, or if a tree has that one, the first of "PATH.2", "PATH.3", ... that none has. NULL
 * when memory is out. */
static char *trees_memo(const struct trees *trees, const char *path)
{
    const size_t room = strlen(path) + 12;
    char *memo = memory_new(room);
    if (memo)
        snprintf(memo, room, "%s", path);
    for (unsigned number = 2; memo && trees_have_memo(trees, memo); number++)
        snprintf(memo, room, "%s.%u", path, number);
    return memo;
}

static void tree_free(struct tree *tree)
{
    if (tree->library)
        library_close(tree->library);
    if (tree->fs)
        fs_close(tree->fs);
    config_unref(tree->config);
    memory_free(tree->memo);
    memory_free(tree);
}

static struct tree *tree_new(const struct trees *trees, struct config *config,
                             const struct config_route *route)
{
    const char *memo = route->files.memo_path;
    struct tree *tree = memory_new_zero(sizeof *tree);
    if (!tree) {
        errno = ENOMEM;
        return NULL;
    }
    tree->config = config_ref(config);
    tree->route = route;
    tree->fs = fs_open(route->directory);
    if (tree->fs && memo && !(tree->memo = trees_memo(trees, memo)))
        errno = ENOMEM;
    if (tree->fs && (!memo || tree->memo))
        return tree;
    const int number = errno;
    tree_free(tree);
    errno = number;
    return NULL;
}

bool trees_open(struct trees *trees, struct config *config, const char **directory)
{
    const struct config_route *route;

    for (size_t i = 0; (route = config_route_at(config, i)); i++) {
        if (route->kind != CONFIG_FILES || trees_find(trees, route))
            continue;
        struct tree *tree = tree_new(trees, config, route);
        if (!tree) {
            *directory = route->directory;
            return false;
        }
        tree->next = trees->first;
        trees->first = tree;
    }
    return true;
}

bool trees_any(const struct trees *trees)
{
    return trees->first != NULL;
}

static bool tree_furnish(struct tree *tree, const struct trees_setup *setup)
{
    const struct library_setup library = {.fs = tree->fs,
                                          .work = setup->work,
                                          .now = loop_wall(setup->loop),
                                          .warn = setup->warn,
                                          .owner = setup->owner};
    struct files_options options = tree->route->files;
    options.memo_path = tree->memo;
    if (!tree->library)
        tree->library = library_open(&library, &options);
    return tree->library != NULL;
}

bool trees_furnish(struct trees *trees, const struct trees_setup *setup, struct grounds *grounds)
{
    const struct config_route *route;

    for (size_t i = 0; (route = config_route_at(grounds->config, i)); i++) {
        if (route->kind != CONFIG_FILES)
            continue;
        struct tree *tree = trees_find(trees, route);
        if (!tree || !tree_furnish(tree, setup))
            return false;
        grounds->libraries[route->number] = tree->library;
    }
    return true;
}

/* ---- walking ---- */

void trees_walk(struct trees *trees, struct loop *loop, bool again)
{
    for (struct tree *tree = trees->first; tree; tree = tree->next) {
        if (!tree->library || (tree->walked && !again))
            continue;
        if (!tree->walked)
            progress_init(&tree->progress, loop, tree->library, trees->quiet);
        tree->walked = true;
        library_walk(tree->library, loop);
        progress_begin(&tree->progress);
    }
}

void trees_rest(struct trees *trees)
{
    for (struct tree *tree = trees->first; tree; tree = tree->next) {
        if (tree->walked)
            progress_end(&tree->progress);
    }
}

void trees_close(struct trees *trees)
{
    while (trees->first) {
        struct tree *tree = trees->first;
        trees->first = tree->next;
        tree_free(tree);
    }
}
