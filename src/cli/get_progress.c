/* One line of progress for all downloads, on standard error and only where that is a terminal.
 */
#include "cli/get.h"

#include <stdio.h>
#include <unistd.h>

enum { PROGRESS_EVERY = 200000000 /* ns */ };

/* Content that a terminal shows is progress enough. */
static bool progress_is_wanted(const struct get *get)
{
    const bool to_files = get->placing.count || get->placing.named || get->group;

    return !get->showing.silent && !get->showing.verbose && isatty(STDERR_FILENO) &&
           (to_files || !isatty(STDOUT_FILENO));
}

void get_progress_begin(struct get_progress *progress, const struct get *get)
{
    *progress = (struct get_progress){.on = progress_is_wanted(get), .began = get_now()};
}

static void progress_size(double octets, char to[24])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;

    for (; octets >= 1024 && unit < 4; unit++)
        octets /= 1024;
    snprintf(to, 24, unit ? "%.1f %s" : "%.0f %s", octets, units[unit]);
}

void get_progress_show(struct get_progress *progress, const struct get_job *jobs, size_t count)
{
    const int64_t now = get_now();
    uint64_t came = 0, expected = 0;
    bool known = true;
    size_t done = 0;
    char so_far[24], all[24], speed[24];

    if (!progress->on || now - progress->last < PROGRESS_EVERY)
        return;
    progress->last = now;
    for (size_t i = 0; i < count; i++) {
        uint64_t total = jobs[i].result.received;
        came += jobs[i].download ? download_progress(jobs[i].download, &total) : total;
        expected += total;
        known = known && (jobs[i].done || total);
        done += jobs[i].done;
    }
    progress_size((double)came, so_far);
    progress_size((double)expected, all);
    progress_size((double)came * 1e9 / (double)(now - progress->began + 1), speed);
    fprintf(stderr, "\r%zu of %zu done, %s%s%s, %s/s\033[K", done, count, so_far,
            known ? " of " : "", known ? all : "", speed);
    fflush(stderr);
    progress->shown = true;
}

void get_progress_end(struct get_progress *progress)
{
    if (progress->shown)
        fprintf(stderr, "\r\033[K");
    progress->shown = false;
}
