/* The server with real threads, sockets and files: two to four workers, clients that ask without
 * pause, someone who replaces files all the while, and an end under load. For ThreadSanitizer above
 * all; what is answered is checked as well.
 *
 * The content of each file names its version. Before and after each edit its number is published,
 * so every client knows which versions a file may have had between its question and the answer:
 *
 *     done ----- begun        editor: begun = n, rename, done = n
 *     asked: done >= a        answered: begun <= b        so a <= version of the answer <= b
 */
#include "history.h"
#include "response.h"
#include "stand.h"

#include "serve/worker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 3, CLIENTS = 6, WORKERS_MAX = 4, BUFFER = 1 << 16, PADDING = 3000, WALKS = 10 };

struct stage {
    char directory[64];
    struct limits limits;
    struct files_options options;
    struct fs *fs;
    struct work *work;
    struct library *library;
    struct grounds *grounds;
    struct conn_census *census;
    struct logfile *logfile;
    struct worker *workers[WORKERS_MAX];
    size_t worker_count;
    struct loop *main; /* carries the completions of the walk; driven by a thread of its own */
    pthread_t main_thread;
    struct task end_main, walks[WALKS];
    uint16_t port;
    atomic_uint begun[FILES], done[FILES];
    atomic_bool over;     /* no more questions and edits */
    atomic_bool draining; /* connections may end at any time */
    atomic_uint answers, unchanged, failures;
};

static void fail(struct stage *stage, const char *what, const char *detail)
{
    if (atomic_fetch_add(&stage->failures, 1) < 5)
        printf("# %s: %.200s\n", what, detail);
}

/* ---- the editor ---- */

static void write_version(struct stage *stage, unsigned file, unsigned version)
{
    char path[128], temporary[128], text[PADDING + 64];
    snprintf(path, sizeof path, "%s/%u.txt", stage->directory, file);
    snprintf(temporary, sizeof temporary, "%s/.new", stage->directory);
    int len = snprintf(text, sizeof text, "version %08u ", version);
    memset(text + len, 'a' + (int)(version % 26), PADDING);
    atomic_store(&stage->begun[file], version);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, text, (size_t)len + PADDING) != len + PADDING || close(fd) != 0 ||
        rename(temporary, path) != 0)
        fail(stage, "cannot write", path);
    atomic_store(&stage->done[file], version);
}

static void *edit(void *argument)
{
    struct stage *stage = argument;
    for (unsigned version = 2; !atomic_load(&stage->over); version++) {
        write_version(stage, version % FILES, version);
        usleep(3000);
    }
    return NULL;
}

/* ---- clients ---- */

struct visitor {
    struct stage *stage;
    unsigned number;
    const char *coding;
    int fd;
    char tags[FILES][64]; /* last seen, with the version they stand for */
    unsigned versions[FILES];
};

static bool visitor_connect(struct visitor *visitor)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons(visitor->stage->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = 20};
    visitor->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(visitor->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(visitor->fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return true;
    close(visitor->fd);
    visitor->fd = -1;
    return false;
}

/* Reads one answer. False: the connection ended. */
static bool visitor_hear(struct visitor *visitor, struct response *response)
{
    static _Thread_local char bytes[BUFFER];
    char fault[RESPONSE_FAULT];
    size_t len = 0, used;
    for (;;) {
        ssize_t got = recv(visitor->fd, bytes + len, sizeof bytes - len, 0);
        if (got <= 0)
            return false;
        len += (size_t)got;
        enum response_verdict verdict =
            response_read(response, bytes, len, "GET", false, &used, fault);
        if (verdict == RESPONSE_WHOLE && used == len)
            return true;
        if (verdict != RESPONSE_PART)
            fail(visitor->stage, "bad response", verdict == RESPONSE_BAD ? fault : "stray octets");
        response_fini(response);
        if (verdict != RESPONSE_PART)
            return false;
    }
}

/* The content without its coding, which is the one that this visitor asks for. For free(). */
static char *visitor_content(struct visitor *visitor, const struct response *response, size_t *len)
{
    const char *coding = response_field(response, "Content-Encoding");
    if (!coding) {
        *len = response->len;
        return strdup(response->body);
    }
    char *content = history_decode(coding, response->body, response->len, len);
    if (!content || strcmp(coding, visitor->coding) != 0)
        fail(visitor->stage, "coding", coding);
    return content;
}

/* Its version, and that all of it is of that one; 0 if it is not. */
static unsigned visitor_read(struct visitor *visitor, const struct response *response)
{
    unsigned version = 0;
    size_t len = 0;
    char *content = visitor_content(visitor, response, &len);
    if (!content || sscanf(content, "version %8u ", &version) != 1)
        fail(visitor->stage, "content", content ? content : "");
    for (size_t i = 17; i < len; i++) {
        if (content[i] != (char)('a' + version % 26))
            fail(visitor->stage, "content of two versions", content);
    }
    free(content);
    return version;
}

/* The answer is of a version that the file had between question and answer. */
static void visitor_judge(struct visitor *visitor, const struct response *response, unsigned file,
                          unsigned earliest)
{
    struct stage *stage = visitor->stage;
    const unsigned latest = atomic_load(&stage->begun[file]);
    const unsigned version =
        response->status == 200 ? visitor_read(visitor, response) : visitor->versions[file];
    char text[120];
    const char *tag = response_field(response, "ETag");
    if (response->status != 200 && response->status != 304) {
        snprintf(text, sizeof text, "%d", response->status);
        fail(stage, "status", text);
        return;
    }
    if (version < earliest || version > latest) {
        snprintf(text, sizeof text, "status %d of version %u, not of %u to %u", response->status,
                 version, earliest, latest);
        fail(stage, "wrong version", text);
    }
    atomic_fetch_add(response->status == 304 ? &stage->unchanged : &stage->answers, 1);
    if (response->status == 200 && tag) {
        snprintf(visitor->tags[file], sizeof *visitor->tags, "%s", tag);
        visitor->versions[file] = version;
    }
}

static bool visitor_ask(struct visitor *visitor, unsigned file, bool conditional)
{
    char text[300];
    int len = snprintf(text, sizeof text,
                       "GET /%u.txt HTTP/1.1\r\nHost: www\r\nAccept-Encoding: %s\r\n%s%s%s\r\n",
                       file, visitor->coding, conditional ? "If-None-Match: " : "",
                       conditional ? visitor->tags[file] : "", conditional ? "\r\n" : "");
    return send(visitor->fd, text, (size_t)len, MSG_NOSIGNAL) == len;
}

static void *visit(void *argument)
{
    struct visitor *visitor = argument;
    struct stage *stage = visitor->stage;
    visitor->fd = -1;
    for (unsigned turn = visitor->number; !atomic_load(&stage->over); turn++) {
        const unsigned file = turn % FILES;
        const bool conditional = turn % 4 && visitor->tags[file][0];
        struct response response = {0};
        if (visitor->fd < 0 && !visitor_connect(visitor)) {
            if (!atomic_load(&stage->draining))
                fail(stage, "cannot connect", "");
            usleep(1000);
            continue;
        }
        const unsigned earliest = atomic_load(&stage->done[file]);
        if (visitor_ask(visitor, file, conditional) && visitor_hear(visitor, &response)) {
            visitor_judge(visitor, &response, file, earliest);
        } else {
            if (!atomic_load(&stage->draining))
                fail(stage, "no answer", "");
            response.closes = true;
        }
        if (response.closes || turn % 97 == 0) {
            close(visitor->fd);
            visitor->fd = -1;
        }
        response_fini(&response);
    }
    if (visitor->fd >= 0)
        close(visitor->fd);
    return NULL;
}

/* ---- the server ---- */

static void *run_main(void *argument)
{
    loop_run(((struct stage *)argument)->main);
    return NULL;
}

static struct stage *present; /* what the tasks of the main loop belong to */

static void end_main(struct task *task)
{
    (void)task;
    loop_stop(present->main);
}

/* As SIGHUP does. */
static void walk_again(struct task *task)
{
    (void)task;
    library_walk(present->library, present->main);
}

static bool stage_add_worker(struct stage *stage, int fd)
{
    const struct worker_setup setup = {.loop = loop_new_epoll(),
                                       .limits = &stage->limits,
                                       .census = stage->census,
                                       .grounds = stage->grounds,
                                       .logfile = stage->logfile};
    struct worker *worker = worker_new(&setup);
    stage->workers[stage->worker_count++] = worker;
    return worker && worker_listen(worker, fd);
}

static bool stage_open(struct stage *stage, size_t workers)
{
    static const uint64_t seed[2] = {3, 4};
    const char *base = getenv("TMPDIR"), *error = "";
    snprintf(stage->directory, sizeof stage->directory, "%.40s/stet-threads-XXXXXX",
             base ? base : "/tmp");
    if (!mkdtemp(stage->directory))
        return false;
    for (unsigned file = 0; file < FILES; file++)
        write_version(stage, file, 1);
    stage->limits = limits_default();
    stage->options = files_options_default();
    stage->main = loop_new_epoll();
    stage->fs = fs_open(stage->directory);
    stage->work = work_new(2);
    stage->census = conn_census_new(&stage->limits, seed);
    stage->logfile = logfile_open("/dev/null");
    stage->end_main.run = end_main;
    const struct library_setup setup = {
        .fs = stage->fs, .work = stage->work, .now = loop_wall(stage->main)};
    stage->library = library_open(&setup, &stage->options);
    stage->grounds =
        stage->library ? stand_on(stage->library, &stage->options, ACCESSLOG_JSON) : NULL;
    int fd = listener_bind("127.0.0.1:0", true, &stage->port, &error);
    bool well = fd >= 0 && stage->grounds && stage->census && stage->logfile;
    for (size_t i = 0; well && i < workers; i++)
        well = stage_add_worker(stage, i ? listener_bind_more(fd, &error) : fd);
    for (size_t i = 0; well && i < workers; i++)
        well = worker_start(stage->workers[i]);
    if (!well)
        printf("# cannot start: %s\n", error);
    present = stage;
    pthread_create(&stage->main_thread, NULL, run_main, stage);
    return well;
}

static void stage_close(struct stage *stage)
{
    for (size_t i = 0; i < stage->worker_count; i++)
        worker_join(stage->workers[i]);
    loop_post(stage->main, &stage->end_main);
    pthread_join(stage->main_thread, NULL);
    work_free(stage->work);
    for (size_t i = 0; i < stage->worker_count; i++)
        worker_free(stage->workers[i]);
    grounds_unref(stage->grounds);
    library_close(stage->library);
    if (conn_census_open(stage->census) != 0)
        fail(stage, "connections", "some are still counted");
    conn_census_free(stage->census);
    logfile_close(stage->logfile);
    loop_free(stage->main);
    fs_close(stage->fs);
}

static void stage_remove(const struct stage *stage)
{
    char path[128];
    for (unsigned file = 0; file < FILES; file++) {
        snprintf(path, sizeof path, "%s/%u.txt", stage->directory, file);
        unlink(path);
    }
    rmdir(stage->directory);
}

/* ---- the stories ---- */

enum ending { DRAIN_IDLE, DRAIN_BUSY, STOP_BUSY };

static void stage_end(struct stage *stage, enum ending ending)
{
    if (ending == DRAIN_IDLE)
        atomic_store(&stage->over, true);
    atomic_store(&stage->draining, true);
    for (size_t i = 0; i < stage->worker_count; i++) {
        worker_drain(stage->workers[i]);
        if (ending == STOP_BUSY)
            worker_stop(stage->workers[i]);
    }
    usleep(50000);
    atomic_store(&stage->over, true);
}

static bool tell(size_t workers, enum ending ending)
{
    static const char *const codings[] = {"identity", "gzip", "br", "zstd"};
    struct stage stage = {0};
    struct visitor visitors[CLIENTS] = {0};
    pthread_t threads[CLIENTS], editor;
    if (!stage_open(&stage, workers))
        return false;
    pthread_create(&editor, NULL, edit, &stage);
    for (unsigned i = 0; i < CLIENTS; i++) {
        visitors[i].stage = &stage;
        visitors[i].number = i;
        visitors[i].coding = codings[i % 4];
        pthread_create(&threads[i], NULL, visit, &visitors[i]);
    }
    for (int i = 0; i < WALKS; i++) {
        stage.walks[i].run = walk_again;
        loop_post(stage.main, &stage.walks[i]);
        usleep(70000);
    }
    stage_end(&stage, ending);
    stage_close(&stage);
    for (unsigned i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    pthread_join(editor, NULL);
    stage_remove(&stage);
    const unsigned answers = atomic_load(&stage.answers), unchanged = atomic_load(&stage.unchanged);
    printf("# %u times 200, %u times 304\n", answers, unchanged);
    return atomic_load(&stage.failures) == 0 && answers > 0 && unchanged > 0;
}

int main(void)
{
    static const struct {
        size_t workers;
        enum ending ending;
        const char *what;
    } rows[] = {
        {2, DRAIN_IDLE, "two workers, edits, a drain when the clients have gone"},
        {4, DRAIN_BUSY, "four workers, edits, a drain under load"},
        {3, STOP_BUSY, "three workers, edits, a stop under load"},
    };
    const unsigned count = sizeof rows / sizeof *rows;
    unsigned failed = 0;
    printf("1..%u\n", count);
    for (unsigned i = 0; i < count; i++) {
        const bool well = tell(rows[i].workers, rows[i].ending);
        failed += !well;
        printf("%s %u - %s\n", well ? "ok" : "not ok", i + 1, rows[i].what);
        fflush(stdout);
    }
    return failed ? 1 : 0;
}
