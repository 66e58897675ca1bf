/* The server's own life: draining, restarts, the clock, several workers.
 */
#include "stories.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

static void three_files(struct scene *s)
{
    s->options.file_in_memory_max = MIB;
    scene_write(s, "index.html", "hello");
    scene_write_text(s, "a.txt", 2000, 1);
    scene_fill(s, "big.bin", MIB + 1000, 1);
    scene_pass(s, SECONDS(10));
}

/* ---- draining ---- */

/* Idle connections end, the others after what they are at, and then so does the worker. */
void tell_drain(struct scene *s)
{
    three_files(s);
    struct client *idle = scene_client(s);
    struct client *busy = scene_client_from(s, "192.0.2.2");
    struct client *fresh = scene_client_from(s, "192.0.2.3");
    client_get(idle, "/");
    client_get(busy, "/");
    client_takes(busy, 1000);
    client_ask(busy, "/big.bin");
    client_received(busy);
    scene_drain(s);
    expect_closed(idle);
    expect_gone(fresh);
    client_leave(idle, false);
    client_leave(fresh, false);
    expect(s, scene_stopped(s) < scene_workers(s));
    expect(s, !sim_client_open(s->world, "www", NULL));
    scene_pass(s, SECONDS(5));
    client_takes(busy, SIM_UNLIMITED);
    client_hear(busy);
    expect_status(busy, 200);
    expect_length(busy, MIB + 1000);
    expect_closed(busy);
    client_leave(busy, false);
    scene_pass(s, SECONDS(3));
    expect(s, scene_stopped(s) == scene_workers(s));
    expect(s, conn_census_open(s->census) == 0);
}

/* An answer that is made while draining says that the connection ends. */
void tell_drain_says_close(struct scene *s)
{
    static const struct sim_faults slow = {.job_delay = SECONDS(2)};
    three_files(s);
    struct client *client = scene_client(s);
    sim_world_faults(s->world, &slow);
    client_ask(client, "/a.txt"); /* has to be read, which takes a while */
    client_ask(client, "/");      /* behind it: not answered any more */
    sim_world_run_until_idle(s->world);
    scene_drain(s);
    client_hear(client);
    expect_status(client, 200);
    expect_field(client, "Connection", "close");
    expect_gone(client);
    client_leave(client, false);
    scene_pass(s, SECONDS(3));
    expect(s, scene_stopped(s) == scene_workers(s));
}

/* A client that does not take its answer cannot hold the server for ever. */
void tell_drain_has_an_end(struct scene *s)
{
    three_files(s);
    s->limits.drain_timeout = 10000;
    struct client *client = scene_client(s);
    client_takes(client, 1000);
    client_ask(client, "/big.bin");
    client_received(client);
    scene_drain(s);
    scene_pass(s, SECONDS(9));
    expect(s, scene_stopped(s) < scene_workers(s));
    scene_pass(s, SECONDS(2));
    expect(s, scene_stopped(s) == scene_workers(s));
}

void tell_stop(struct scene *s)
{
    three_files(s);
    struct client *client = scene_client(s);
    client_takes(client, 1000);
    client_ask(client, "/big.bin");
    client_received(client);
    scene_drain(s);
    for (unsigned i = 0; i < SCENE_WORKERS; i++) {
        if (s->worker[i])
            worker_stop(s->worker[i]);
    }
    sim_world_run_until_idle(s->world);
    expect(s, scene_stopped(s) == scene_workers(s));
    scene_stop(s);
    client_hear_cut(client);
}

/* ---- restarts ---- */

/* What was hashed is known after a restart, and not read again; what was edited meanwhile is. */
void tell_memo(struct scene *s)
{
    three_files(s);
    s->options.memo_path = scene_keep(s, scene_path(s, "memo"));
    struct client *client = scene_client(s);
    client_get(client, "/a.txt");
    const char *small = client_field(client, "ETag");
    client_head(client, "/big.bin");
    scene_pass(s, SECONDS(5));
    client_head(client, "/big.bin");
    const char *big = client_field(client, "ETag");
    expect(s, small[0] == '"' && big[0] == '"');
    scene_stop(s);
    const uint64_t reads = fs_sim_calls(s->fs, FS_SIM_READ);

    scene_pass(s, SECONDS(100));
    client_again(client);
    client_get_with(client, "/big.bin", "If-None-Match: %s", big);
    expect_status(client, 304);
    expect(s, !scene_is_plain(s) || fs_sim_calls(s->fs, FS_SIM_READ) == reads);
    client_get_with(client, "/a.txt", "If-None-Match: %s", small);
    expect_status(client, 304);
    scene_stop(s);

    scene_edit_keeping_times(s, "a.txt", "edited while nobody looked");
    const struct fs_stamp before = fs_sim_stamp(s->fs, "big.bin");
    scene_fill(s, "big.bin", MIB + 1000, 2);
    fs_sim_touch(s->fs, "big.bin", before.modified);
    scene_pass(s, SECONDS(100));
    client_again(client);
    client_get_with(client, "/big.bin", "If-None-Match: %s", big);
    expect_status(client, 200);
    client_get_with(client, "/a.txt", "If-None-Match: %s", small);
    expect_status(client, 200);
    expect_body(client, "edited while nobody looked");
}

/* A date that had to move stays moved. */
void tell_memo_keeps_dates(struct scene *s)
{
    s->options.memo_path = scene_keep(s, scene_path(s, "memo"));
    scene_write(s, "a.txt", "one");
    scene_touch_at(s, "a.txt", 1500000000);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get(client, "/a.txt");
    const char *first = client_field(client, "Last-Modified");
    scene_edit_keeping_times(s, "a.txt", "two");
    scene_pass(s, SECONDS(10));
    client_get(client, "/a.txt");
    const char *second = client_field(client, "Last-Modified");
    expect(s, strcmp(first, second) != 0);
    scene_stop(s);
    client_again(client);
    client_get_with(client, "/a.txt", "If-Modified-Since: %s", first);
    expect_status(client, 200);
    client_get(client, "/a.txt");
    expect_field(client, "Last-Modified", second);
    scene_stop(s);

    scene_edit_keeping_times(s, "a.txt", "six"); /* while it is stopped */
    scene_pass(s, SECONDS(10));
    client_again(client);
    client_get_with(client, "/a.txt", "If-Modified-Since: %s", second);
    expect_status(client, 200);
    expect_body(client, "six");
}

/* Hashed too soon after an edit, and edited once more within the same tick while it is stopped. */
void tell_memo_and_ticks(struct scene *s)
{
    s->options.memo_path = scene_keep(s, scene_path(s, "memo"));
    scene_write(s, "a.txt", "one");
    struct client *client = scene_client(s);
    client_get(client, "/a.txt");
    const char *weak = client_field(client, "ETag");
    scene_stop(s);
    scene_edit_within_tick(s, "a.txt", "two");
    scene_pass(s, SECONDS(10));
    client_again(client);
    client_get_with(client, "/a.txt", "If-None-Match: %s", weak);
    expect_status(client, 200);
    expect_body(client, "two");
}

/* Any octet of the memo may be wrong: it is warned of, or harmless. */
void tell_damaged_memo(struct scene *s)
{
    s->options.memo_path = scene_keep(s, scene_path(s, "memo"));
    scene_write(s, "a.txt", "one");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get(client, "/a.txt");
    const char *tag = client_field(client, "ETag");
    scene_stop(s);
    static const long places[] = {0, 8, 17, 33, 45, 64, 100, 150, -1};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        FILE *memo = fopen(s->options.memo_path, "r+b");
        if (!memo)
            break; /* it could not be written: relaxed scenes only */
        fseek(memo, places[i], places[i] < 0 ? SEEK_END : SEEK_SET);
        const int octet = fgetc(memo);
        fseek(memo, places[i], places[i] < 0 ? SEEK_END : SEEK_SET);
        fputc(octet ^ 0x20, memo);
        fclose(memo);
        s->warnings = 0;
        client_again(client);
        expect(s, s->warnings == 1);
        client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
        expect_status(client, 304);
        scene_edit_keeping_times(s, "a.txt", i % 2 ? "one" : "two");
        scene_pass(s, SECONDS(10));
        client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
        expect_status(client, i % 2 ? 304 : 200);
        if (i % 2 == 0) {
            scene_edit_keeping_times(s, "a.txt", "one");
            scene_pass(s, SECONDS(10));
        }
        scene_stop(s);
        history_forget_dates(s->history);
    }
    FILE *memo = fopen(s->options.memo_path, "wb");
    fprintf(memo, "not a memo at all");
    fclose(memo);
    client_again(client);
    client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 304);
}

void tell_memo_cannot_be_written(struct scene *s)
{
    s->options.memo_path = "/nowhere/at/all/memo";
    scene_write(s, "a.txt", "one");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get(client, "/a.txt");
    expect_status(client, 200);
    const char *tag = client_field(client, "ETag");
    scene_walk(s);
    scene_pass(s, SECONDS(30));
    scene_stop(s);
    history_forget_dates(s->history);
    client_again(client);
    client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 304);
}

/* A walk knows the whole tree, hidden things apart. */
void tell_walk(struct scene *s)
{
    three_files(s);
    scene_write(s, "deep/er/and/deeper/x.txt", "x");
    scene_write(s, ".hidden/secret.txt", "x");
    fs_sim_symlink(s->fs, "deep/er/round", "..");
    fs_sim_fifo(s->fs, "pipe");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    scene_walk(s);
    scene_pass(s, SECONDS(10));
    struct library_progress progress;
    library_progress(s->library, &progress);
    expect(s, progress.walked && progress.settled);
    expect(s, progress.files_found == 4);
    expect(s, progress.files_hashed + progress.files_recalled == 4);
    client_head(client, "/big.bin");
    expect_field_has(client, "ETag", "\"");
    scene_fill(s, "big.bin", MIB + 1000, 9);
    client_head(client, "/big.bin");
    expect_no_field(client, "ETag");
}

/* ---- clocks ---- */

void tell_clock_goes_back(struct scene *s)
{
    three_files(s);
    struct client *client = scene_client(s);
    client_get(client, "/a.txt");
    const char *tag = client_field(client, "ETag");
    const char *date = client_field(client, "Last-Modified");
    s->clock_stepped = true;
    scene_step_clock(s, -3600);
    client_get(client, "/a.txt");
    expect_field(client, "Date", scene_date(scene_seconds(s)));
    client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 304);
    client_get_with(client, "/a.txt", "If-Modified-Since: %s", date);
    expect(s, client->response.status == 200 || client->response.status == 304);

    scene_edit_keeping_times(s, "a.txt", "after the step");
    client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 200);
    client_get_with(client, "/a.txt", "If-Modified-Since: %s", date);
    expect_status(client, 200);
    scene_pass(s, SECONDS(20));
    client_get_with(client, "/a.txt", "If-Modified-Since: %s", date);
    expect_status(client, 200);
    scene_step_clock(s, 3600);
    client_get_with(client, "/a.txt", "If-Modified-Since: %s", date);
    expect_status(client, 200);
    client_get(client, "/a.txt");
    expect_field(client, "Date", scene_date(scene_seconds(s)));
}

void tell_clock_goes_a_year_forward(struct scene *s)
{
    three_files(s);
    struct client *client = scene_client(s);
    client_get(client, "/a.txt");
    const char *tag = client_field(client, "ETag");
    const char *date = client_field(client, "Last-Modified");
    s->clock_stepped = true;
    scene_step_clock(s, 400 * 86400);
    scene_pass(s, SECONDS(1));
    expect_open(client); /* deadlines go by another clock */
    client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 304);
    expect_field(client, "Date", scene_date(scene_seconds(s)));
    client_get_with(client, "/a.txt", "If-Modified-Since: %s", date);
    expect_status(client, 304);
    scene_edit_keeping_times(s, "a.txt", "in a year");
    client_get_with(client, "/a.txt", "If-Modified-Since: %s", date);
    expect_status(client, 200);
    client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 200);
    scene_step_clock(s, -400 * 86400);
    client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 200);
    expect_body(client, "in a year");
}

/* Steps in both directions, with edits in between: the history judges. The clock of this file
 * system is exact: on one that ticks, a step back to just the tick of an older edit hides the next.
 */
void tell_clock_of_a_drunkard(struct scene *s)
{
    fs_sim_granularity(s->fs, 1);
    scene_write(s, "a.txt", "0");
    scene_pass(s, SECONDS(5));
    struct client *client = scene_client(s);
    s->clock_stepped = true;
    for (int i = 0; i < 60; i++) {
        char text[20];
        client_reopen(client);
        client_get(client, "/a.txt");
        const char *tag = client_field(client, "ETag");
        const char *date = client_field(client, "Last-Modified");
        sim_world_step_wall(s->world,
                            (int64_t)sim_world_draw(s->world, (uint64_t)SECONDS(20)) - SECONDS(10));
        if (sim_world_draw(s->world, 2)) {
            snprintf(text, sizeof text, "%d", i % 7);
            scene_edit_keeping_times(s, "a.txt", text);
        }
        scene_pass(s, (int64_t)sim_world_draw(s->world, 4) * MILLISECONDS(700));
        client_get_with(client, "/a.txt", "If-None-Match: %s", *tag ? tag : "\"none\"");
        client_get_with(client, "/a.txt", "If-Modified-Since: %s", *date ? date : "never");
    }
}

void tell_date_follows_the_clock(struct scene *s)
{
    scene_write(s, "a.txt", "tick");
    struct client *client = scene_client(s);
    for (int i = 0; i < 20; i++) {
        client_get(client, "/a.txt"); /* Date is compared with the clock at each answer */
        client_get(client, "/none");
        scene_pass(s, MILLISECONDS(370));
    }
}

/* ---- workers ---- */

/* An edit is seen by all workers at once: none may answer 304 once another has shown the new. */
void tell_two_workers(struct scene *s)
{
    enum { CLIENTS = 12 };
    struct client *clients[CLIENTS];
    s->workers = s->workers < 3 ? 3 : s->workers;
    scene_write_text(s, "a.txt", 1000, 1);
    scene_pass(s, SECONDS(10));
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = scene_client(s);
    for (unsigned round = 2; round < 6; round++) {
        const char *tags[CLIENTS];
        for (int i = 0; i < CLIENTS; i++) {
            client_get(clients[i], "/a.txt");
            tags[i] = client_field(clients[i], "ETag");
            expect(s, strcmp(tags[i], tags[0]) == 0);
        }
        for (int i = 0; i < CLIENTS; i++) {
            client_get_with(clients[i], "/a.txt", "If-None-Match: %s", tags[CLIENTS - 1 - i]);
            expect_status(clients[i], 304);
        }
        scene_write_text(s, "a.txt", 1000, round);
        for (int i = 0; i < CLIENTS; i++) {
            client_get_with(clients[i], "/a.txt", "If-None-Match: %s", tags[i]);
            expect_status(clients[i], 200);
        }
        scene_pass(s, SECONDS(5));
    }
}

/* They ask for the same thing at the same moment, and each gets it right. */
void tell_workers_at_once(struct scene *s)
{
    enum { CLIENTS = 10 };
    struct client *clients[CLIENTS];
    s->workers = s->workers < 3 ? 3 : s->workers;
    scene_write_text(s, "a.css", 6000, 1);
    scene_pass(s, SECONDS(10));
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = scene_client(s);
    for (unsigned round = 2; round < 5; round++) {
        static const char *const codings[] = {"gzip", "br", "zstd", "identity"};
        for (int i = 0; i < CLIENTS; i++)
            client_ask_with(clients[i], "/a.css", "Accept-Encoding: %s", codings[i % 4]);
        for (int i = 0; i < CLIENTS; i++)
            client_hear(clients[i]);
        for (int i = 4; i < CLIENTS; i++)
            expect(s, strcmp(client_field(clients[i], "ETag"),
                             client_field(clients[i - 4], "ETag")) == 0);
        scene_write_text(s, "a.css", 6000, round);
        scene_pass(s, SECONDS(3));
    }
}

void tell_workers_drain(struct scene *s)
{
    s->workers = 4;
    three_files(s);
    struct client *clients[12];
    for (int i = 0; i < 12; i++) {
        clients[i] = scene_client(s);
        client_get(clients[i], "/");
    }
    scene_drain(s);
    for (int i = 0; i < 12; i++) {
        expect_closed(clients[i]);
        client_leave(clients[i], false);
    }
    scene_pass(s, SECONDS(3));
    expect(s, scene_stopped(s) == scene_workers(s));
}
