/* What the files of `stet get` share: the wishes of the command line, and what came of each URL.
 */
#ifndef CLI_GET_H
#define CLI_GET_H

#include "cli/commands.h"
#include "client/download.h"
#include "client/message.h"

#include "base/text.h"

enum get_status { GET_FINE = 0, GET_HTTP = 1, GET_USAGE = 2, GET_NETWORK = 3, GET_UNCHANGED = 10 };

/* The request. */
struct get_request {
    const char *method; /* NULL: GET, or what -I and -d make it */
    struct message head;
    struct text content; /* of -d and --json */
    const char *user;    /* "NAME:PASSWORD" */
    bool has_content, json, head_only;
    bool identity; /* no codings are asked for */
};

/* Where content goes. */
struct get_placing {
    const char **files; /* of -o, in the order of the URLs */
    size_t count;
    const char *folder; /* of --output-dir, and of a group */
    bool named;         /* -O: by the URL */
    bool head;          /* -i */
};

/* The cache. */
struct get_caching {
    const char *folder; /* NULL: where a user's caches are */
    uint64_t size;
    struct client_cache cache;
    bool off;
};

/* What is shown, and what is done again. */
struct get_showing {
    const char *write_out;
    const char *run; /* on a change, with --watch */
    int64_t watch;   /* ms; 0: once */
    uint64_t polls;  /* with --watch; 0: no end */
    bool silent, verbose, fail, changed;
    bool show_error; /* even if silent */
};

struct get {
    struct get_request request;
    struct get_placing placing;
    struct get_caching caching;
    struct get_showing showing;
    struct transfer_setup setup;
    const char **resolve;
    const char *group; /* the file that describes it */
    uint64_t attempts; /* to find it whole */
    uint64_t pause;    /* ms between them */
    uint64_t parallel, redirects, size_max;
    bool follow;
    char **urls;
    size_t url_count;
    struct transfers *transfers;
};

/* One URL. */
struct get_job {
    struct get *get;
    const char *url;
    char *file; /* NULL: standard output */
    struct output *output;
    struct download *download;
    bool begun, done;
    int status; /* what it makes of the exit status */
    bool spool; /* the content waits until it is known to be new */
    struct download_result
        result;          /* its strings and head are of before `done` and not to be used */
    int64_t retry_after; /* s, of the last answer */
};

/* get_jobs.c: fetches them, several at a time where they go to files. `each` is told of a job as
 * soon as it is done, while its result is good. False: stopped by a signal. */
bool get_jobs_run(struct get *get, struct get_job *jobs, size_t count,
                  void (*each)(struct get_job *job, const struct download_result *result));
void get_job_fini(struct get_job *job);
/* The exit status of all of them. */
int get_jobs_status(const struct get *get, const struct get_job *jobs, size_t count);
/* Says what went wrong, if anything did, and what --write-out wants. */
void get_report(struct get_job *job, const struct download_result *result);

/* get_writeout.c */
void get_write_out(const char *format, const struct get_job *job,
                   const struct download_result *result, struct text *to);

/* get_progress.c: a line on standard error, where that is a terminal. */
struct get_progress {
    bool on;
    bool shown;
    int64_t began, last; /* ns */
};
void get_progress_begin(struct get_progress *progress, const struct get *get);
void get_progress_show(struct get_progress *progress, const struct get_job *jobs, size_t count);
void get_progress_end(struct get_progress *progress);

/* get_watch.c, get_group.c: the other ways to go on; they return an exit status. */
int get_watch(struct get *get);
int get_group(struct get *get);

/* Where the content of the URL number `index` goes, as the options say. False: it was said why that
 * cannot be. */
bool get_job_place(struct get_job *job, size_t index);

/* Does what the options say; the exit status. */
int get_with(struct get *get);

/* For memory_free; NULL when memory is out. */
char *get_copy(const char *text);

/* Sleeps. False: stopped. */
bool get_sleep(int64_t ms);

/* Has somebody asked us to end (SIGINT, SIGTERM)? */
bool get_stopped(void);

/* The wall clock, ns. */
int64_t get_now(void);

#endif
