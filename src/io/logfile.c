/* A log file written by a thread of its own: two buffers, one filled while the other is written.
 *
 * The writer takes the filled buffer under the lock, writes it without the lock, and comes back. A
 * write that fails loses the rest of that buffer; the next one is tried as if nothing had happened,
 * so logging resumes when there is space again, and says first what is missing. A reader that has
 * fallen asleep behind a pipe costs lines, but neither answers nor a clean end.
 */
#include "io/logfile.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOGFILE_BUFFER (4u << 20)

/* How often a file that takes nothing is looked at (ms), and how many looks it gets at the end. */
#define LOGFILE_LOOK 100
#define LOGFILE_PATIENCE 10

struct logfile {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    pthread_t thread;
    char *path; /* NULL: standard output */
    char *buffer[2];
    size_t used; /* octets in buffer[which] */
    int which;
    int fd;
    bool regular; /* a write to it does not wait for a reader */
    bool reopen, ending;
    uint64_t dropped; /* octets, in all */
    uint64_t full;    /* of these: for want of room, behind what is in the buffer */

    /* of the writer alone */
    uint64_t lost; /* octets that the file does not say yet */
    bool torn;     /* its last line has no end */
};

static int logfile_open_fd(const char *path)
{
    if (!path)
        return STDOUT_FILENO;
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

/* Waits until the file takes something; false when the end has come and it still takes nothing. */
static bool logfile_wait(struct logfile *log)
{
    struct pollfd file = {.fd = log->fd, .events = POLLOUT};
    int patience = LOGFILE_PATIENCE;
    while (patience > 0) {
        int ready = poll(&file, 1, LOGFILE_LOOK);
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return true; /* if it is broken, the write will tell */
        pthread_mutex_lock(&log->lock);
        patience -= log->ending;
        pthread_mutex_unlock(&log->lock);
    }
    return false;
}

/* Writes whole lines; returns how many octets the file has taken. What poll promises of a pipe is
 * PIPE_BUF octets: more could block. */
static size_t logfile_put(struct logfile *log, const char *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        size_t left = size - done;
        if (!log->regular && !logfile_wait(log))
            break;
        ssize_t went =
            write(log->fd, bytes + done, log->regular || left < PIPE_BUF ? left : PIPE_BUF);
        if (went < 0 && errno == EINTR)
            continue;
        if (went <= 0)
            break;
        done += (size_t)went;
    }
    if (done > 0)
        log->torn = bytes[done - 1] != '\n';
    return done;
}

static void logfile_take(struct logfile *log, int fd)
{
    struct stat state;
    log->fd = fd;
    log->regular = fstat(fd, &state) == 0 && S_ISREG(state.st_mode);
}

static void logfile_do_reopen(struct logfile *log)
{
    int fd = logfile_open_fd(log->path);
    if (fd < 0)
        return; /* the old file goes on: better than none */
    if (log->path && log->fd >= 0)
        close(log->fd);
    logfile_take(log, fd);
}

/* Says how many octets were lost, once it can be said. False: not yet. */
static bool logfile_report(struct logfile *log)
{
    char line[80];
    if (log->lost == 0)
        return true;
    int size = snprintf(line, sizeof line, "%s# %llu octets of log were lost here\n",
                        log->torn ? "\n" : "", (unsigned long long)log->lost);
    if (logfile_put(log, line, (size_t)size) != (size_t)size)
        return false;
    log->lost = 0;
    return true;
}

/* Writes a buffer, behind which `full` octets found no room. Returns how many of it were lost. */
static size_t logfile_pass(struct logfile *log, const char *bytes, size_t size, uint64_t full)
{
    size_t lost = size;
    if (logfile_report(log))
        lost -= logfile_put(log, bytes, size);
    log->lost += lost + full;
    if (lost == 0)
        logfile_report(log);
    return lost;
}

static void *logfile_run(void *argument)
{
    struct logfile *log = argument;

    pthread_mutex_lock(&log->lock);
    while (!log->ending || log->used) {
        if (!log->used && !log->reopen) {
            pthread_cond_wait(&log->filled, &log->lock);
            continue;
        }
        const char *bytes = log->buffer[log->which];
        size_t size = log->used;
        uint64_t full = log->full;
        bool reopen = log->reopen;
        log->which ^= 1;
        log->used = log->full = 0;
        log->reopen = false;
        pthread_mutex_unlock(&log->lock);
        if (reopen)
            logfile_do_reopen(log);
        size_t lost = logfile_pass(log, bytes, size, full);
        pthread_mutex_lock(&log->lock);
        log->dropped += lost;
    }
    pthread_mutex_unlock(&log->lock);
    return NULL;
}

static bool logfile_start(struct logfile *log)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&log->thread, NULL, logfile_run, log);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = failed;
    return failed == 0;
}

static void logfile_free(struct logfile *log)
{
    int kept = errno;
    if (log->path && log->fd >= 0)
        close(log->fd);
    pthread_mutex_destroy(&log->lock);
    pthread_cond_destroy(&log->filled);
    memory_free(log->buffer[0]);
    memory_free(log->buffer[1]);
    memory_free(log->path);
    memory_free(log);
    errno = kept;
}

struct logfile *logfile_open(const char *path)
{
    struct logfile *log = memory_new_zero(sizeof *log);
    if (!log)
        return NULL;
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->filled, NULL);
    log->fd = -1;
    log->buffer[0] = memory_new(LOGFILE_BUFFER);
    log->buffer[1] = memory_new(LOGFILE_BUFFER);
    if (path) {
        log->path = memory_new(strlen(path) + 1);
        if (log->path)
            memcpy(log->path, path, strlen(path) + 1);
    }
    if (!log->buffer[0] || !log->buffer[1] || (path && !log->path)) {
        errno = ENOMEM;
        logfile_free(log);
        return NULL;
    }
    int fd = logfile_open_fd(path);
    if (fd >= 0)
        logfile_take(log, fd);
    if (fd < 0 || !logfile_start(log)) {
        logfile_free(log);
        return NULL;
    }
    return log;
}

void logfile_write(struct logfile *log, const char *lines, size_t size)
{
    pthread_mutex_lock(&log->lock);
    if (LOGFILE_BUFFER - log->used < size) {
        log->dropped += size;
        log->full += size;
    } else {
        memcpy(log->buffer[log->which] + log->used, lines, size);
        log->used += size;
        pthread_cond_signal(&log->filled);
    }
    pthread_mutex_unlock(&log->lock);
}

void logfile_reopen(struct logfile *log)
{
    pthread_mutex_lock(&log->lock);
    log->reopen = true;
    pthread_cond_signal(&log->filled);
    pthread_mutex_unlock(&log->lock);
}

uint64_t logfile_dropped(struct logfile *log)
{
    pthread_mutex_lock(&log->lock);
    uint64_t dropped = log->dropped;
    pthread_mutex_unlock(&log->lock);
    return dropped;
}

void logfile_close(struct logfile *log)
{
    if (!log)
        return;
    pthread_mutex_lock(&log->lock);
    log->ending = true;
    pthread_cond_signal(&log->filled);
    pthread_mutex_unlock(&log->lock);
    pthread_join(log->thread, NULL);
    logfile_free(log);
}
