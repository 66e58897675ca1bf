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
    struct message without; /* names of fields that are not to be sent unasked */
    struct text content;    /* of -d and --json */
    struct text cookies;
    const char *user; /* "NAME:PASSWORD", or the name alone */
    bool has_content, json, head_only;
    bool in_query; /* -G: what -d says belongs to the URL */
    bool identity; /* no codings are asked for */
};

/* Where content goes. */
struct get_placing {
    const char **files; /* of -o, in the order of the URLs */
    size_t count;
    const char *folder; /* of --output-dir, and of a group */
    bool named;         /* -O: by the URL */
    bool makes_folders; /* above the files */
    bool head;          /* -i */
};

/* The cache. */
struct get_caching {
    const char *folder; /* NULL: where a user's caches are */
    uint64_t size;
    struct client_cache cache;
    struct client_cache insistent; /* the same, which asks even if what is stored is fresh */
    struct text places;            /* all of --resolve */
    bool off, offline, revalidate;
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

/* How long one URL is waited for, and how often it is asked for again, ms. */
struct get_patience {
    uint64_t retries, delay; /* after a failure that may pass; and the first pause */
    uint64_t longest;        /* of one try; 0: no bound */
};

struct get {
    struct get_request request;
    struct get_placing placing;
    struct get_caching caching;
    struct get_showing showing;
    struct get_patience patience;
    struct transfer_setup setup;
    const char **resolve;
    const char *group; /* the file that describes it */
    uint64_t attempts; /* to find it whole */
    uint64_t pause;    /* ms between them */
    uint64_t parallel, redirects, size_max;
    bool follow;
    bool lost; /* what was to go to standard output; it was said */
    char **urls;
    size_t url_count;
    char **made_urls; /* those of -G, for get_free_urls */
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
    bool late;      /* it took longer than it may */
    unsigned tries; /* that failed */
    int64_t began;  /* the present try, ns by the steady clock */
    int64_t next;   /* ms by it: when there may be one */
    int status;     /* what it makes of the exit status */
    bool spool;     /* the content waits until it is known to be new */
    struct download_result
        result;          /* its strings and head are of before `done` and not to be used */
    int64_t retry_after; /* s, of the last answer */
};

/* get_request.c: takes of options; NULL, or what was expected. */
const char *get_take_line(void *target, const char *value);
const char *get_take_referer(void *target, const char *value);
const char *get_take_range(void *target, const char *value);
const char *get_take_cookie(void *target, const char *value);
const char *get_take_data(void *target, const char *value);
const char *get_take_data_binary(void *target, const char *value);
const char *get_take_data_raw(void *target, const char *value);
const char *get_take_data_urlencode(void *target, const char *value);
const char *get_take_json(void *target, const char *value);
/* What the options leave to be said. False when memory is out. */
bool get_complete_request(struct get *get);
void get_free_urls(struct get *get);

/* get_jobs.c: fetches them, several at a time where they go to files. `each` is told of a job as
 * soon as it is done, while its result is good. False: stopped by a signal. */
bool get_jobs_run(struct get *get, struct get_job *jobs, size_t count,
                  void (*each)(struct get_job *job, const struct download_result *result));
void get_job_fini(struct get_job *job);
/* The exit status of all of them. */
int get_jobs_status(const struct get *get, const struct get_job *jobs, size_t count);
/* get_report.c: says what went wrong, if anything did, and what --write-out wants. */
void get_report(struct get_job *job, const struct download_result *result);
/* To standard output, at once. False: it is lost. */
bool get_print(struct get *get, const char *bytes, size_t size);
/* A try has failed, and there will be another one after `pause` ms. */
void get_say_retry(const struct get_job *job, const struct download_result *result, int64_t pause);

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

/* get_place.c: where the content of the URL number `index` goes, as the options say. False, as with
 * the next one: it was said why that cannot be. */
bool get_job_place(struct get_job *job, size_t index);
/* No two of them go to one file, by whatever names. */
bool get_places_differ(const struct get_job *jobs, size_t count);
/* Makes the folders above a path, for whom `mode` says. */
void get_make_folders(char *path, unsigned mode);

/* Makes the cache anew if its folder was removed. No request is under way. */
void get_keep_cache(struct get *get);

/* Does what the options say; the exit status. */
int get_with(struct get *get);

/* For memory_free; NULL when memory is out. */
char *get_copy(const char *text);

/* Sleeps. False: stopped. */
bool get_sleep(int64_t ms);

/* Has somebody asked us to end (SIGINT, SIGTERM)? */
bool get_stopped(void);

/* The wall clock, ns; the steady one. */
int64_t get_now(void);
int64_t get_steady(void);
int64_t get_steady_ms(void);

/* Any number, for who does not want to come with all others. */
uint64_t get_random(void);

/* Ends the process as the signal would have, that has stopped it; returns if there was none. */
void get_end_of_signal(void);

/* For a command that this one runs: what signals do is as it was. */
void get_forget_signals(void);

#endif
