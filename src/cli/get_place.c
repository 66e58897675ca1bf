/* Where the contents of `stet get` go: names of files, and the folders above them.
 */
#include "cli/get.h"

#include "base/memory.h"

#include <stdio.h>
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

/* The last piece of a URL's path; NULL if there is none that can be a name. */
static char *get_name_of(const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = strchr(host ? host + 3 : url, '/');
    const size_t len = path ? strcspn(path, "?#") : 0;
    const char *slash = path ? memrchr(path, '/', len) : NULL;
    char *name = slash ? get_copy(slash + 1) : NULL;

    if (name)
        name[len - (size_t)(slash + 1 - path)] = '\0';
    if (!name || !name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        memory_free(name);
        return NULL;
    }
    return name;
}

/* With the folder of --output-dir before it. Takes `name`. */
static char *get_in_folder(const struct get *get, char *name)
{
    struct text path = {0};

    if (!get->placing.folder || !name || strcmp(name, "-") == 0)
        return name;
    text_say(&path, "%s/%s%c", get->placing.folder, name, '\0');
    memory_free(name);
    if (path.failed)
        text_fini(&path);
    return path.at;
}

bool get_job_place(struct get_job *job, size_t index)
{
    const struct get_placing *placing = &job->get->placing;
    char *name;

    if (index >= placing->count && !placing->named)
        return true;
    name = index < placing->count ? get_copy(placing->files[index]) : get_name_of(job->url);
    if (!name) {
        fprintf(stderr, "stet get: %s has no name for a file; -o FILE gives it one\n", job->url);
        return false;
    }
    job->file = get_in_folder(job->get, name);
    if (job->file && strcmp(job->file, "-") == 0) {
        memory_free(job->file);
        job->file = NULL;
    }
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

bool get_places_differ(const struct get_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; jobs[i].file && j < i; j++) {
            if (!jobs[j].file || strcmp(jobs[i].file, jobs[j].file) != 0 ||
                !get_is_replaced(jobs[i].file))
                continue;
            fprintf(stderr, "stet get: %s and %s would both be written to %s\n", jobs[j].url,
                    jobs[i].url, jobs[i].file);
            return false;
        }
    return true;
}
