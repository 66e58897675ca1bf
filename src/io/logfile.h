/* A log file written by a thread of its own, so that a slow or full disk never holds up a request.
 *
 * Lines are handed over in memory. When more than a few MiB wait, further lines are dropped and
 * counted; when writing works again a line says how many were lost.
 */
#ifndef IO_LOGFILE_H
#define IO_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct logfile;

/* Opens `path` for appending (mode 0640), or standard output for NULL. NULL on failure, errno says
 * why. Starts the thread; all signals are blocked in it. */
struct logfile *logfile_open(const char *path);

/* Hands over whole lines. Never blocks on the file. From any thread. */
void logfile_write(struct logfile *log, const char *lines, size_t size);

/* Opens the path anew before the next write (after the file was renamed away). */
void logfile_reopen(struct logfile *log);

/* How many octets were dropped so far. */
uint64_t logfile_dropped(struct logfile *log);

/* Writes what waits, ends the thread, closes. */
void logfile_close(struct logfile *log);

#endif
