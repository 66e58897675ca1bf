/* Progress of the hashing: looks ten times a second while a walk is under way.
 *
 * On a terminal the line is rewritten in place; elsewhere a line is written every ten seconds.
 * Either way the end is said once.
 */
#include "serve/progress.h"

#include "base/container.h"

#include <stdio.h>
#include <unistd.h>

#define PROGRESS_LOOK 100000000ll
#define PROGRESS_SAY 10000000000ll
#define NS_PER_SECOND 1e9

static void progress_line(const struct progress *progress, const struct library_progress *now,
                          char *text, size_t room)
{
    double seconds = (double)(loop_now(progress->loop) - progress->begun) / NS_PER_SECOND;
    uint64_t known = now->files_hashed + now->files_recalled;

    snprintf(text, room,
             "%s %llu of %llu%s files (%llu remembered, %llu failed, %.1f MiB hashed) in %.1f s",
             now->settled ? "knows" : "hashing:", (unsigned long long)known,
             (unsigned long long)now->files_found, now->walked ? "" : "+",
             (unsigned long long)now->files_recalled, (unsigned long long)now->files_failed,
             (double)now->bytes_hashed / (1 << 20), seconds);
}

static void progress_say(struct progress *progress, const struct library_progress *now)
{
    char text[200];

    progress_line(progress, now, text, sizeof text);
    if (progress->terminal)
        fprintf(stderr, "\r\033[Kstet: %s%s", text, now->settled ? "\n" : "");
    else
        fprintf(stderr, "stet: %s\n", text);
    fflush(stderr);
    progress->said = loop_now(progress->loop);
}

static void progress_fire(struct timer *timer)
{
    struct progress *progress = CONTAINER(timer, struct progress, timer);
    struct library_progress now;

    library_progress(progress->library, &now);
    int64_t age = loop_now(progress->loop) - progress->said;
    if (now.settled || progress->terminal || age >= PROGRESS_SAY)
        progress_say(progress, &now);
    progress->running = !now.settled;
    if (progress->running)
        loop_timer_set(progress->loop, timer, loop_now(progress->loop) + PROGRESS_LOOK);
}

void progress_init(struct progress *progress, struct loop *loop, struct library *library,
                   bool quiet)
{
    *progress = (struct progress){.loop = loop, .library = library, .quiet = quiet};
    progress->timer.fire = progress_fire;
    progress->terminal = isatty(STDERR_FILENO) == 1;
}

void progress_begin(struct progress *progress)
{
    if (progress->quiet || progress->running)
        return;
    progress->running = true;
    progress->begun = progress->said = loop_now(progress->loop);
    loop_timer_set(progress->loop, &progress->timer, progress->begun + PROGRESS_LOOK);
}

void progress_end(struct progress *progress)
{
    loop_timer_cancel(progress->loop, &progress->timer);
    if (progress->running && progress->terminal && !progress->quiet)
        fputc('\n', stderr);
    progress->running = false;
}
