/* A scene's stage: the simulated world, its files, and the server that is put together on it.
 *
 * The server starts with the first client, so that a scene may set options before. It is the same
 * assembly as serve/server.c makes, without sockets, signals and threads: a loop for the walk, one
 * for each worker, one pool of jobs.
 */
#include "scene.h"
#include "gateway.h"
#include "stand.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NS_PER_SECOND 1000000000

/* ---- files ---- */

void scene_write_bytes(struct scene *s, const char *path, const void *bytes, size_t len)
{
    history_write(s->history, path, bytes, len);
    fs_sim_write(s->fs, path, bytes, len);
}

void scene_write(struct scene *s, const char *path, const char *text)
{
    scene_write_bytes(s, path, text, strlen(text));
}

void scene_write_text(struct scene *s, const char *path, size_t len, unsigned seed)
{
    static const char *const words[] = {"stet ", "let it stand ", "not modified ", "etag ",
                                        "vary ", "range\n",       "origin ",       "fresh "};
    char *text = malloc(len + 32);
    uint32_t dice = seed * 2654435761U + 1;
    for (size_t at = 0; at < len;) {
        dice = dice * 1664525U + 1013904223U;
        const char *word = words[dice >> 29];
        memcpy(text + at, word, strlen(word));
        at += strlen(word);
    }
    scene_write_bytes(s, path, text, len);
    free(text);
}

void scene_fill(struct scene *s, const char *path, uint64_t size, uint64_t seed)
{
    history_fill(s->history, path, size, seed);
    fs_sim_fill(s->fs, path, size, seed);
}

void scene_truncate_fill(struct scene *s, const char *path, uint64_t size, uint64_t seed)
{
    history_fill(s->history, path, size, seed);
    fs_sim_truncate(s->fs, path, size);
}

void scene_replace(struct scene *s, const char *path, const char *text)
{
    history_write(s->history, path, text, strlen(text));
    fs_sim_replace(s->fs, path, text, strlen(text));
}

void scene_remove(struct scene *s, const char *path)
{
    history_remove(s->history, path);
    fs_sim_remove(s->fs, path);
}

void scene_edit_keeping_times(struct scene *s, const char *path, const char *text)
{
    const struct fs_stamp before = fs_sim_stamp(s->fs, path);
    scene_write(s, path, text);
    fs_sim_touch(s->fs, path, before.modified);
}

void scene_edit_within_tick(struct scene *s, const char *path, const char *text)
{
    const struct fs_stamp before = fs_sim_stamp(s->fs, path);
    scene_write(s, path, text);
    fs_sim_set_times(s->fs, path, before.modified, before.changed);
}

void scene_touch(struct scene *s, const char *path)
{
    fs_sim_touch(s->fs, path, sim_world_wall(s->world));
}

void scene_touch_at(struct scene *s, const char *path, int64_t seconds)
{
    fs_sim_touch(s->fs, path, seconds * NS_PER_SECOND);
}

/* ---- time ---- */

void scene_idle(struct scene *s)
{
    sim_world_run_until_idle(s->world);
    while (s->gateway) {
        gateway_pump(s);
        sim_world_run_until_idle(s->world);
        if (gateway_due(s) > 0)
            break;
    }
}

int64_t scene_due(struct scene *s)
{
    const int64_t world = sim_world_due(s->world), played = gateway_due(s);
    return world < played ? world : played;
}

bool scene_unblock(struct scene *s)
{
    return s->gateway && gateway_unblock(s);
}

void scene_pass(struct scene *s, int64_t ns)
{
    for (int64_t due; (due = gateway_due(s)) <= ns; ns -= due) {
        sim_world_advance(s->world, due);
        scene_idle(s);
    }
    sim_world_advance(s->world, ns);
    scene_idle(s);
}

void scene_step_clock(struct scene *s, int64_t seconds)
{
    sim_world_step_wall(s->world, seconds * NS_PER_SECOND);
}

int64_t scene_seconds(const struct scene *s)
{
    return sim_world_wall(s->world) / NS_PER_SECOND;
}

const char *scene_date(int64_t seconds)
{
    static char texts[8][40];
    static unsigned turn;
    char *text = texts[turn++ % 8];
    const time_t time = (time_t)seconds;
    struct tm tm;
    gmtime_r(&time, &tm);
    strftime(text, sizeof *texts, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    return text;
}

const char *scene_scheme(const struct scene *s)
{
    return s->cover == END_PLAIN ? "http" : "https";
}

const char *scene_url(struct scene *s, const char *path)
{
    char text[256];
    snprintf(text, sizeof text, "%s://www%s", scene_scheme(s), path);
    return scene_keep(s, text);
}

/* ---- the server ---- */

static void scene_warned(void *owner, const char *sentence)
{
    struct scene *s = owner;
    (void)sentence;
    s->warnings++;
}

static void scene_worker_stopped(void *owner)
{
    struct scene *s = owner;
    s->stopped++;
}

unsigned scene_stopped(const struct scene *s)
{
    return s->stopped;
}

unsigned scene_workers(const struct scene *s)
{
    const unsigned wanted = s->workers > s->chaos->workers ? s->workers : s->chaos->workers;
    return wanted ? wanted : 1;
}

const char *scene_path(struct scene *s, const char *name)
{
    static char path[128];
    const char *base = getenv("TMPDIR");
    if (!s->directory[0]) {
        snprintf(s->directory, sizeof s->directory, "%.40s/stet-scene-XXXXXX",
                 base ? base : "/tmp");
        if (!mkdtemp(s->directory))
            scene_fail(s, "cannot make a directory in %s", base ? base : "/tmp");
    }
    snprintf(path, sizeof path, "%s/%s", s->directory, name);
    return path;
}

static bool scene_open_log(struct scene *s)
{
    if (s->log != ACCESSLOG_OFF)
        s->logfile = logfile_open(s->log_path ? s->log_path : scene_path(s, "access.log"));
    return s->log == ACCESSLOG_OFF || s->logfile;
}

static bool scene_open_shared(struct scene *s)
{
    static const uint64_t seed[2] = {1, 2};
    const struct library_setup setup = {.fs = s->fs,
                                        .work = s->work,
                                        .now = sim_world_wall(s->world),
                                        .warn = scene_warned,
                                        .owner = s};
    s->census = conn_census_new(&s->limits, seed);
    s->library = s->census ? library_open(&setup, &s->options) : NULL;
    s->grounds = s->library ? stand_on(s->library, &s->options, s->log) : NULL;
    return s->grounds && scene_open_log(s);
}

static bool scene_add_worker(struct scene *s, unsigned number)
{
    const struct worker_setup setup = {.loop = sim_world_loop(s->world),
                                       .limits = &s->limits,
                                       .census = s->census,
                                       .grounds = s->grounds,
                                       .logfile = s->logfile,
                                       .stopped = scene_worker_stopped,
                                       .owner = s};
    s->worker[number] = worker_new(&setup);
    if (!s->worker[number])
        return false;
    const int fd = sim_world_listen(s->world, "www");
    return s->cover == END_PLAIN ? worker_listen(s->worker[number], fd)
                                 : worker_listen_secure(s->worker[number], fd);
}

static bool scene_assemble(struct scene *s)
{
    s->main = sim_world_loop(s->world);
    s->work = work_new_sim(s->main);
    s->stopped = 0;
    s->started = true;
    bool well = s->gateway ? gateway_assemble(s) && scene_open_log(s) : scene_open_shared(s);
    if (well && s->cover != END_PLAIN)
        s->grounds->tls = tls_context_ref(end_certificates());
    for (unsigned i = 0; well && i < scene_workers(s); i++)
        well = scene_add_worker(s, i);
    if (well && s->chaos->walk && s->library)
        library_walk(s->library, s->main);
    if (!well)
        scene_stop(s);
    return well;
}

/* From now on something of the server's fails, if that is what is told. */
static void scene_inject(struct scene *s)
{
    if (s->injecting)
        return;
    s->injecting = true;
    memory_fail_nth(s->chaos->fail_nth);
    fs_sim_fail_nth(s->fs, s->chaos->fail_file_nth, FS_BROKEN);
}

void scene_start(struct scene *s)
{
    if (s->started)
        return;
    sim_world_faults(s->world, &s->chaos->faults);
    if (s->starting)
        scene_inject(s);
    if (!scene_assemble(s) && !(s->chaos->relaxed && scene_assemble(s)))
        scene_fail(s, "the server does not start");
    scene_inject(s);
}

void scene_stop(struct scene *s)
{
    if (!s->started)
        return;
    s->started = false;
    if (s->chaos->relaxed) /* the memo may be what failed */
        history_forget_dates(s->history);
    work_free(s->work);
    for (unsigned i = 0; i < SCENE_WORKERS; i++) {
        if (s->worker[i])
            worker_free(s->worker[i]);
        s->worker[i] = NULL;
    }
    if (s->gateway)
        gateway_stop(s);
    grounds_unref(s->grounds);
    if (s->library)
        library_close(s->library);
    conn_census_free(s->census);
    logfile_close(s->logfile);
    loop_free(s->main);
    s->grounds = NULL;
    s->library = NULL;
    s->census = NULL;
    s->logfile = NULL;
}

const char *scene_log(struct scene *s)
{
    scene_stop(s);
    FILE *file = fopen(scene_path(s, "access.log"), "r");
    size_t room = 1 << 20;
    free(s->log_text);
    s->log_text = malloc(room);
    size_t len = file ? fread(s->log_text, 1, room - 1, file) : 0;
    s->log_text[len] = '\0';
    if (file)
        fclose(file);
    return s->log_text;
}

void scene_walk(struct scene *s)
{
    scene_start(s);
    library_walk(s->library, s->main);
}

void scene_drain(struct scene *s)
{
    for (unsigned i = 0; i < SCENE_WORKERS; i++) {
        if (s->worker[i])
            worker_drain(s->worker[i]);
    }
    scene_idle(s);
}

bool scene_is_plain(const struct scene *s)
{
    return strcmp(s->chaos->name, "plain") == 0;
}

/* ---- expectations ---- */

void scene_fail(struct scene *s, const char *form, ...)
{
    va_list arguments;
    int size = s->telling ? snprintf(s->why, sizeof s->why / 2, "\"%s\": ", s->telling) : 0;
    va_start(arguments, form);
    vsnprintf(s->why + size, sizeof s->why - (size_t)size, form, arguments);
    va_end(arguments);
    longjmp(s->failed, 1);
}

void scene_expect(struct scene *s, bool condition, const char *text, const char *here)
{
    if (!condition && !s->chaos->relaxed)
        scene_fail(s, "%s: %s", here, text);
}

/* ---- life ---- */

struct kept {
    struct kept *next;
    char text[];
};

const char *scene_keep(struct scene *s, const char *text)
{
    struct kept *kept = malloc(sizeof *kept + strlen(text) + 1);
    kept->next = s->kept;
    s->kept = kept;
    return strcpy(kept->text, text);
}

void scene_init(struct scene *s, const char *name, const struct chaos *chaos, uint64_t seed)
{
    *s = (struct scene){.name = name, .chaos = chaos, .seed = seed};
    s->world = sim_world_new(seed);
    s->fs = fs_sim_new(s->world);
    s->history = history_new();
    s->options = files_options_default();
    s->options.rules = s->rules;
    s->limits = limits_default();
    s->patience = SECONDS(3);
}

/* Whatever went wrong before, a new client gets what it asks for. */
static void scene_serve_again(struct scene *s)
{
    static const struct sim_faults none;
    static const struct chaos calm = {.name = "calm"};
    sim_world_faults(s->world, &none);
    s->chaos = &calm;
    if (s->stopped > 0)
        scene_stop(s);
    if (s->gateway)
        gateway_calm(s, "/sentinel.txt", "all is well");
    else
        scene_write(s, "sentinel.txt", "all is well");
    scene_pass(s, SECONDS(5));
    struct client *client = scene_client_from(s, "198.51.100.99");
    client_get(client, "/sentinel.txt");
    expect_status(client, 200);
    expect_body(client, "all is well");
    expect_open(client);
}

void scene_end(struct scene *s)
{
    const bool again = s->chaos->relaxed;
    for (struct client *client = s->clients; client; client = client->next)
        client_finish(client);
    s->made = s->chaos->fail_file_nth ? fs_sim_made(s->fs) : memory_count();
    memory_fail_nth(0);
    fs_sim_fail_nth(s->fs, 0, FS_BROKEN);
    if (!again)
        return;
    for (struct client *client = s->clients; client; client = client->next)
        client_leave(client, true);
    scene_serve_again(s);
}

void scene_fini(struct scene *s)
{
    memory_fail_nth(0);
    scene_stop(s);
    while (s->clients) {
        struct client *client = s->clients;
        s->clients = client->next;
        client_free(client);
    }
    if (s->gateway)
        gateway_free(s);
    fs_close(s->fs);
    sim_world_free(s->world);
    history_free(s->history);
    free(s->log_text);
    while (s->kept) {
        struct kept *kept = s->kept;
        s->kept = kept->next;
        free(kept);
    }
    if (s->directory[0]) {
        unlink(scene_path(s, "access.log"));
        unlink(scene_path(s, "memo"));
        rmdir(s->directory);
    }
}
