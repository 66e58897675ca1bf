/* Scenes: stories in virtual time, told to the real server.
 *
 * A scene is a function that sets up a directory, lets clients ask, lets time pass, edits files,
 * and says what it expects. The server's own code runs in the simulated world of io/loop_sim.h and
 * io/fs_sim.h: no scene sleeps, and each is the same every time it is told.
 *
 *     scene_write(s, "index.html", "one");
 *     scene_pass(s, SECONDS(10));
 *     struct client *client = scene_client(s);
 *     client_get(client, "/");
 *     expect_status(client, 200);
 *     client_get_with(client, "/", "If-None-Match: %s", client_field(client, "ETag"));
 *     expect_status(client, 304);
 *
 * Whatever a scene expects, every answer is read by a strict reader of its own (response.h) and
 * judged against the history of the files (history.h). The runner tells each scene again under
 * chaos (runner.c). Where the chaos makes requests fail, expectations are relaxed: they are not
 * looked at, the reader and the history are.
 */
#ifndef TEST_SCENE_SCENE_H
#define TEST_SCENE_SCENE_H

#include "channel.h"
#include "history.h"
#include "response.h"

#include "io/fs_sim.h"
#include "io/loop_sim.h"
#include "origin/library.h"
#include "serve/worker.h"

#include <setjmp.h>
#include <stdio.h>

#define SECONDS(n) ((int64_t)(n)*1000000000)
#define MILLISECONDS(n) ((int64_t)(n)*1000000)

struct gateway;

enum { SCENE_WORKERS = 4, SCENE_RULES = 8 };

/* How a scene is told. */
struct chaos {
    const char *name;
    struct sim_faults faults;
    struct sim_faults origin_faults; /* of connections to origin servers, instead */
    bool has_origin_faults;
    unsigned workers;       /* at least so many */
    bool walk;              /* the tree is walked from the start */
    bool relaxed;           /* requests may fail */
    uint64_t fail_nth;      /* the n-th allocation of the server fails; 0: none */
    uint64_t fail_file_nth; /* the n-th call to the file system fails; 0: none */
    unsigned avoids;        /* scenes that have one of these bits are left out */
};

struct scene {
    const char *name;
    const struct chaos *chaos;
    uint64_t seed;

    /* The world, for what the calls below do not say. */
    struct sim_world *world;
    struct fs *fs;
    struct history *history;

    /* The server's options, to be set before the first client. */
    struct files_options options;
    struct files_rule rules[SCENE_RULES];
    struct limits limits;
    enum accesslog_format log;
    const char *log_path; /* NULL: a file of this scene, for scene_log */
    unsigned workers;
    bool h2;                 /* clients speak HTTP/2 */
    enum end_cover cover;    /* and that below it */
    bool origin_h2;          /* so do origin servers behind a gateway, without TLS */
    int64_t patience;        /* ns that a client waits for an answer, in virtual time */
    struct gateway *gateway; /* NULL: a server of files */

    /* The server. */
    bool started;
    struct loop *main; /* carries the completions of the walk */
    struct work *work;
    struct library *library;
    struct grounds *grounds;
    struct conn_census *census;
    struct logfile *logfile;
    struct worker *worker[SCENE_WORKERS];
    unsigned stopped; /* workers that have ended */

    struct client *clients;
    unsigned warnings;
    const char *telling; /* a row of a table, for the failure; NULL: none */
    bool clock_stepped;  /* Date is not compared with the clock */
    struct kept *kept;
    char directory[64]; /* for files of the machine: memo, log; empty until asked for */
    char *log_text;     /* what scene_log has read */
    bool starting;      /* failures may hit the start of the server */
    bool injecting;     /* failures are on */
    uint64_t made;      /* at the end: allocations, or calls to the file system, of the server */
    jmp_buf failed;
    char why[1024];
};

/* ---- files ---- */

/* Writes a file: a new inode if there was none, else in place. */
void scene_write(struct scene *s, const char *path, const char *text);
void scene_write_bytes(struct scene *s, const char *path, const void *bytes, size_t len);

/* A text of `len` octets that compresses well; the same for the same seed. */
void scene_write_text(struct scene *s, const char *path, size_t len, unsigned seed);

/* A large file that takes no memory. */
void scene_fill(struct scene *s, const char *path, uint64_t size, uint64_t seed);
void scene_truncate_fill(struct scene *s, const char *path, uint64_t size, uint64_t seed);

/* A new file renamed over the old one. */
void scene_replace(struct scene *s, const char *path, const char *text);
void scene_remove(struct scene *s, const char *path);

/* Edits in place what is there, and puts the mtime back as it was. The ctime cannot be put back. */
void scene_edit_keeping_times(struct scene *s, const char *path, const char *text);

/* Edits in place, leaving mtime and ctime both as they were: what a file system with a coarse clock
 * does to two edits within one tick. */
void scene_edit_within_tick(struct scene *s, const char *path, const char *text);

/* Sets the mtime to now, or to a time (seconds since 1970). The bytes stay. */
void scene_touch(struct scene *s, const char *path);
void scene_touch_at(struct scene *s, const char *path, int64_t seconds);

/* ---- time ---- */

void scene_pass(struct scene *s, int64_t ns);

/* Lets all happen that can happen now. When something happens next, in ns; INT64_MAX: never. */
void scene_idle(struct scene *s);
int64_t scene_due(struct scene *s);

/* Origins that wait go on; false if none does. */
bool scene_unblock(struct scene *s);

/* "http", or "https" where clients speak TLS; and with "://www" and a path, kept. */
const char *scene_scheme(const struct scene *s);
const char *scene_url(struct scene *s, const char *path);

/* Steps the wall clock alone. */
void scene_step_clock(struct scene *s, int64_t seconds);

/* Seconds since 1970 on the wall clock of the world, and as an IMF-fixdate (static memory, a few
 * calls long). */
int64_t scene_seconds(const struct scene *s);
const char *scene_date(int64_t seconds);

/* ---- the server ---- */

/* Starts it; the first client does so by itself. In a relaxed scene it is tried twice. */
void scene_start(struct scene *s);

/* Stops it at once; clients lose their connections. */
void scene_stop(struct scene *s);

/* The path of a file of the machine in a directory of this scene (static memory). */
const char *scene_path(struct scene *s, const char *name);

/* Stops the server and returns what it has written to its access log. */
const char *scene_log(struct scene *s);

void scene_walk(struct scene *s);
void scene_drain(struct scene *s);

/* How many workers there are, and how many of them have ended by themselves. */
unsigned scene_workers(const struct scene *s);
unsigned scene_stopped(const struct scene *s);

/* Nothing goes wrong in this telling: what depends on costs may be expected. */
bool scene_is_plain(const struct scene *s);

/* ---- clients ---- */

struct client {
    struct scene *scene;
    struct client *next;
    struct end *end;
    struct channel *channel; /* NULL: HTTP/1 */
    const char *peer;
    const char *host; /* that it asks for */
    struct client_question {
        struct client_question *next;
        char method[16];
        char *path;
        char *none_match;
        char *modified_since;
        char *accept_encoding;
        char *target; /* for the oracle */
        char *lines;
        const char *host;
        uint64_t number;
        uint64_t tick;
        int64_t at;
        int32_t id; /* of the stream */
        bool has_content;
        bool expects;
        bool judged;      /* by the history */
        uint64_t asked;   /* of the history */
        int64_t earliest; /* wall clock, seconds */
    } * questions;        /* those without an answer yet */
    size_t count;
    struct response response; /* the last answer */
    bool whole;               /* ... has come in full */
};

struct client *scene_client(struct scene *s);
struct client *scene_client_from(struct scene *s, const char *peer);

/* Ask and wait for the answer. `fields` is a format for field lines, each but the last ended by
 * "\n"; Host is added. */
void client_get(struct client *client, const char *target);
__attribute__((format(printf, 3, 4))) void
client_get_with(struct client *client, const char *target, const char *fields, ...);
void client_head(struct client *client, const char *target);
__attribute__((format(printf, 3, 4))) void
client_head_with(struct client *client, const char *target, const char *fields, ...);
__attribute__((format(printf, 4, 5))) void client_request(struct client *client, const char *method,
                                                          const char *target, const char *fields,
                                                          ...);

__attribute__((format(printf, 5, 6))) void
client_request_with(struct client *client, const char *method, const char *target,
                    const char *content, const char *fields, ...);

/* Asks only. The answers are taken in order by client_hear, which waits. */
void client_ask(struct client *client, const char *target);
__attribute__((format(printf, 3, 4))) void
client_ask_with(struct client *client, const char *target, const char *fields, ...);
void client_ask_by(struct client *client, const char *method, const char *target,
                   const char *content, const char *fields);
void client_hear(struct client *client);

/* The same for an answer that must break off before its end, and the connection with it. */
void client_hear_cut(struct client *client);

/* The same for an answer that may break off: was it whole? */
bool client_hear_any(struct client *client);

/* Sends octets as they are, and lets the server act; no answer is waited for. */
void client_say(struct client *client, const char *text);
void client_send(struct client *client, const void *bytes, size_t len);

/* Announces to the reader that octets sent by client_say make a request with this method. */
void client_said(struct client *client, const char *method);

/* The client takes so many more octets and then stalls. */
void client_takes(struct client *client, uint64_t octets);

/* Goes away, by FIN or by RST; with a new connection the client goes on asking. */
void client_leave(struct client *client, bool reset);
void client_again(struct client *client);

/* A new connection if the old one has ended. */
void client_reopen(struct client *client);

/* How many octets are here of the content that is being received. */
size_t client_received(struct client *client);

/* A copy of a text that lasts until the scene's end. */
const char *scene_keep(struct scene *s, const char *text);

/* Of the last answer: a field ("" if absent), kept. */
const char *client_field(struct client *client, const char *name);

/* ---- expectations ---- */

#define HERE_TEXT(line) #line
#define HERE_LINE(line) HERE_TEXT(line)
#define HERE __FILE__ ":" HERE_LINE(__LINE__)

#define expect_status(client, status) client_expect_status(client, status, NULL, HERE)

/* The same, naming a row of a table if it is not so. */
#define expect_status_of(client, status, row) client_expect_status(client, status, row, HERE)
#define expect_field(client, name, value) client_expect_field(client, name, value, HERE)
#define expect_field_has(client, name, part) client_expect_field_has(client, name, part, HERE)
#define expect_no_field(client, name) client_expect_no_field(client, name, HERE)
#define expect_body(client, text) client_expect_body(client, text, HERE)
#define expect_body_has(client, text) client_expect_body_has(client, text, HERE)
#define expect_no_part(client, text) client_expect_no_part(client, text, HERE)
#define expect_length(client, len) client_expect_length(client, len, HERE)

/* The server has closed in an orderly way, with nothing more to read; has broken the connection; or
 * keeps it open with nothing more to read. */
#define expect_closed(client) client_expect_state(client, SIM_CLIENT_ENDED, HERE)
#define expect_broken(client) client_expect_state(client, SIM_CLIENT_RESET, HERE)
#define expect_open(client) client_expect_state(client, SIM_CLIENT_OPEN, HERE)

/* Closed, the one way or the other: which, depends on when the client's octets arrive. */
#define expect_gone(client) client_expect_gone(client, HERE)

#define expect(s, condition) scene_expect(s, condition, #condition, HERE)

void client_expect_status(struct client *client, int status, const char *row, const char *here);
void client_expect_field(struct client *client, const char *name, const char *value,
                         const char *here);
void client_expect_field_has(struct client *client, const char *name, const char *part,
                             const char *here);
void client_expect_no_field(struct client *client, const char *name, const char *here);
void client_expect_body(struct client *client, const char *text, const char *here);
void client_expect_body_has(struct client *client, const char *text, const char *here);
void client_expect_no_part(struct client *client, const char *text, const char *here);
void client_expect_length(struct client *client, size_t len, const char *here);
void client_expect_state(struct client *client, enum sim_client_state state, const char *here);
void client_expect_gone(struct client *client, const char *here);
void scene_expect(struct scene *s, bool condition, const char *text, const char *here);

/* Ends the scene as failed, relaxed or not. */
__attribute__((format(printf, 2, 3), noreturn)) void scene_fail(struct scene *s, const char *form,
                                                                ...);

/* ---- for the runner ---- */

void scene_init(struct scene *s, const char *name, const struct chaos *chaos, uint64_t seed);

/* The last look: nothing stray was sent; in a relaxed scene, a new client is served as ever. */
void scene_end(struct scene *s);
void scene_fini(struct scene *s);

/* For clients: notes how the last octets of each connection were. */
void client_finish(struct client *client);
void client_free(struct client *client);

#endif
