/* Where the contents of `stet get` go: names of files, and the folders above them.
 */
#include "cli/get.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void get_make_folders(char *path, unsigned mode)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, mode);
        *slash = '/';
    }
}

/* Behind the authority, which "/", "?" or "#" ends [RFC 3986 §3.2]. */
static const char *get_behind_authority(const char *url)
{
    const char *colon = url + strcspn(url, ":/?#");
    const char *authority = strncmp(colon, "://", 3) == 0 ? colon + 3 : url;

    return authority + strcspn(authority, "/?#");
}

/* The last piece of a URL's path; NULL if there is none that can be a name. */
static char *get_name_of(const char *url)
{
    const char *path = get_behind_authority(url);
    const size_t len = strcspn(path, "?#");
    const char *slash = memrchr(path, '/', len);
    char *name = slash ? get_copy(slash + 1) : NULL;

    if (name)
        name[len - (size_t)(slash + 1 - path)] = '\0';
    if (!name || !name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        memory_free(name);
        return NULL;
    }
    return name;
}

/* "FOLDER/NAME", for memory_free. Takes `name`. */
static char *get_in_folder(const char *folder, char *name)
{
    struct text path = {0};

    if (!folder || !name)
        return name;
    text_say(&path, "%s/%s%c", folder, name, '\0');
    memory_free(name);
    if (path.failed)
        text_fini(&path);
    return path.at;
}

bool get_job_place(struct get_job *job, size_t index)
{
    const struct get_placing *placing = &job->get->placing;
    const bool chosen = index < placing->count;
    char *name;

    if ((!chosen && !placing->named) || (chosen && strcmp(placing->files[index], "-") == 0))
        return true;
    name = chosen ? get_copy(placing->files[index]) : get_name_of(job->url);
    if (!name) {
        fprintf(stderr, "stet get: %s has no name for a file; -o FILE gives it one\n", job->url);
        return false;
    }
    /* "-" alone is standard output for the rooms below, which nobody has asked for here */
    const char *folder = placing->folder ? placing->folder : strcmp(name, "-") == 0 ? "." : NULL;
    job->file = get_in_folder(folder, name);
    if (job->file && placing->makes_folders)
        get_make_folders(job->file, 0777);
    return true;
}

/* A device or a pipe takes what comes, from anyone. */
static bool get_is_replaced(const char *file)
{
    struct stat status;

    return stat(file, &status) != 0 || S_ISREG(status.st_mode);
}

/* The file that a path leads to, whether it is there or not, for memory_free. NULL when memory is
 * out. */
static char *get_resolved(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = get_copy(slash ? path : ".");

    if (folder && slash)
        folder[slash - path + 1] = '\0';
    char *there = realpath(path, NULL);
    char *above = !there && folder ? realpath(folder, NULL) : NULL;
    char *resolved = above ? get_in_folder(above, get_copy(slash ? slash + 1 : path))
                           : get_copy(there ? there : path);
    free(there);
    free(above);
    memory_free(folder);
    return resolved;
}

/* Somebody before `jobs[i]` whose content goes to the same file; NULL if there is nobody. */
static const struct get_job *get_same_place(const struct get_job *jobs, char *const *places,
                                            size_t i)
{
    for (size_t j = 0; places[i] && j < i; j++)
        if (places[j] && strcmp(places[i], places[j]) == 0 && get_is_replaced(jobs[i].file))
            return &jobs[j];
    return NULL;
}

bool get_places_differ(const struct get_job *jobs, size_t count)
{
    char **places = memory_new_zero(count * sizeof *places);
    const struct get_job *same = NULL;

    if (!places)
        return false;
    for (size_t i = 0; i < count && !same; i++) {
        places[i] = jobs[i].file ? get_resolved(jobs[i].file) : NULL;
        same = get_same_place(jobs, places, i);
        if (same)
            fprintf(stderr, "stet get: %s and %s would both be written to %s\n", same->url,
                    jobs[i].url, jobs[i].file);
    }
    for (size_t i = 0; i < count; i++)
        memory_free(places[i]);
    memory_free(places);
    return !same;
}
