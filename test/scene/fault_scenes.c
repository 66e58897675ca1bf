/* The machine fails: one request pays for it, and the next is served.
 */
#include "stories.h"

#include <string.h>

static struct client *visitor(struct scene *s)
{
    scene_write(s, "a.txt", "hello");
    scene_pass(s, SECONDS(10));
    return scene_client(s);
}

static void expect_failure_once(struct scene *s, struct client *client, enum fs_sim_call call)
{
    scene_write(s, "a.txt", "hello");
    scene_pass(s, SECONDS(5));
    fs_sim_fail(s->fs, (struct fs_sim_point){call, "a.txt", 1}, FS_BROKEN);
    client_get(client, "/a.txt");
    expect_status(client, 500);
    expect_field(client, "Cache-Control", "no-store");
    client_get(client, "/a.txt");
    expect_status(client, 200);
    expect_body(client, "hello");
}

void tell_io_errors(struct scene *s)
{
    struct client *client = visitor(s);
    expect_failure_once(s, client, FS_SIM_STATE);
    expect_failure_once(s, client, FS_SIM_OPEN);
    expect_failure_once(s, client, FS_SIM_READ);
    expect_failure_once(s, client, FS_SIM_FILE_STATE);
}

/* Descriptors run out for a moment: that is said, and when to come again. */
void tell_no_descriptors_for_files(struct scene *s)
{
    static const enum fs_sim_call calls[] = {FS_SIM_STATE, FS_SIM_OPEN};
    struct client *client = visitor(s);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        scene_write(s, "a.txt", "hello");
        scene_pass(s, SECONDS(5));
        fs_sim_fail(s->fs, (struct fs_sim_point){calls[i], "a.txt", 1}, FS_BUSY);
        client_get(client, "/a.txt");
        expect_status(client, 503); /* C-9110-13.2.1-1 */
        expect_field(client, "Retry-After", "1");
        client_get(client, "/a.txt");
        expect_status(client, 200);
        expect_body(client, "hello");
    }
}

/* The same for a file too large for memory: each answer opens it. What needs no content does well
 * without, and so does a tag that cannot be made. */
void tell_no_descriptors_for_large(struct scene *s)
{
    static const char *const ranges[] = {"bytes=0-9", "bytes=0-9,1000000-1000009", "bytes=-5"};
    const struct fs_sim_point opening = {FS_SIM_OPEN, "big.bin", 1};
    s->options.file_in_memory_max = 1 << 20;
    scene_fill(s, "big.bin", (1 << 20) + 77, 3);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get(client, "/big.bin"); /* now it is hashed */
    scene_pass(s, SECONDS(1));
    client_get(client, "/big.bin");
    expect_status(client, 200);
    const char *tag = scene_keep(s, client_field(client, "ETag"));
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        fs_sim_fail(s->fs, opening, FS_BUSY);
        client_get_with(client, "/big.bin", "Range: %s", ranges[i]);
        expect_status(client, 503);
        expect_field(client, "Retry-After", "1");
        expect_field(client, "Cache-Control", "no-store");
    }
    fs_sim_fail(s->fs, opening, FS_BUSY);
    client_head(client, "/big.bin");
    expect_status(client, 200);
    client_get_with(client, "/big.bin", "If-None-Match: %s", tag);
    expect_status(client, 304);
    client_get(client, "/big.bin"); /* the failure has waited for it */
    expect_status(client, 503);
    expect_field(client, "Retry-After", "1");
    client_get(client, "/big.bin");
    expect_status(client, 200);
    expect_length(client, (1 << 20) + 77);
    fs_sim_fail(s->fs, (struct fs_sim_point){FS_SIM_STATE, "big.bin", 1}, FS_BUSY);
    scene_pass(s, SECONDS(5));
    client_get(client, "/big.bin");
    expect_status(client, 503);
    client_get(client, "/big.bin");
    expect_status(client, 200);
}

/* A failure never turns into a 304. */
void tell_io_errors_and_conditions(struct scene *s)
{
    struct client *client = visitor(s);
    client_get(client, "/a.txt");
    const char *tag = client_field(client, "ETag");
    fs_sim_fail(s->fs, (struct fs_sim_point){FS_SIM_STATE, "a.txt", 1}, FS_BROKEN);
    client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 500);
    client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 304);
    scene_touch(s, "a.txt");
    fs_sim_fail(s->fs, (struct fs_sim_point){FS_SIM_READ, "a.txt", 1}, FS_BROKEN);
    client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 500);
    client_get_with(client, "/a.txt", "If-None-Match: *");
    expect_status(client, 304);
}

static void remove_it(struct fs *fs, void *owner)
{
    (void)fs;
    scene_remove(owner, "a.txt");
}

static void replace_it(struct fs *fs, void *owner)
{
    (void)fs;
    scene_replace(owner, "a.txt", "other");
}

static void link_it_out(struct fs *fs, void *owner)
{
    scene_remove(owner, "a.txt");
    fs_sim_symlink(fs, "a.txt", "/etc/passwd");
}

static void grow_it(struct fs *fs, void *owner)
{
    (void)fs;
    scene_fill(owner, "a.txt", (1 << 20) + 77, 3);
}

/* Between the look at a file and its opening anything may happen to it. */
void tell_races_with_the_look(struct scene *s)
{
    static void (*const edits[])(struct fs * fs, void *owner) = {remove_it, replace_it, link_it_out,
                                                                 grow_it};
    s->options.file_in_memory_max = 1 << 20;
    struct client *client = visitor(s);
    for (int i = 0; i < 4; i++) {
        if (i == 3) {
            fs_sim_remove(s->fs, "a.txt");
        }
        scene_write(s, "a.txt", "before");
        scene_pass(s, SECONDS(5));
        fs_sim_after(s->fs, (struct fs_sim_point){FS_SIM_STATE, "a.txt", 1}, edits[i], s);
        client_reopen(client);
        client_ask(client, "/a.txt");
        client_hear_any(client); /* the history knows what may come */
        const int status = client->response.status;
        expect(s, status == 200 || status == 404 || status == 500);
    }
}

/* The same for a file too large for memory, between its look and the opening of its body. */
static void replace_large(struct fs *fs, void *owner)
{
    struct scene *s = owner;
    (void)fs;
    scene_remove(s, "big.bin");
    scene_fill(s, "big.bin", (2 << 20) + 1, 9);
}

void tell_large_races(struct scene *s)
{
    s->options.file_in_memory_max = 1 << 20;
    struct client *client = visitor(s);
    for (uint64_t nth = 1; nth <= 3; nth++) {
        scene_fill(s, "big.bin", 2 << 20, nth);
        scene_pass(s, SECONDS(5));
        client_reopen(client);
        client_head(client, "/big.bin");
        scene_pass(s, SECONDS(1));
        fs_sim_after(s->fs,
                     (struct fs_sim_point){nth < 3 ? FS_SIM_STATE : FS_SIM_OPEN, "big.bin", 1},
                     replace_large, s);
        client_ask(client, "/big.bin");
        client_hear_any(client);
        client_reopen(client);
        client_get(client, "/big.bin");
        expect_status(client, 200);
        expect_length(client, (2 << 20) + 1);
    }
}

/* Bits that rot under the same stamp cannot be seen by anyone; what is read is what is sent, and
 * a short read is no short file. */
void tell_short_reads(struct scene *s)
{
    scene_write_text(s, "a.txt", 5000, 1);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    for (uint64_t i = 1; i <= 5; i++)
        fs_sim_fail(s->fs, (struct fs_sim_point){FS_SIM_READ, "a.txt", i}, (int)i * 7);
    client_get(client, "/a.txt");
    expect_status(client, 200);
    expect_length(client, 5000);
}

/* Everything at once, drawn: edits, removals, clients, conditions, codings and ranges. The history
 * judges every answer. */
void tell_anything(struct scene *s)
{
    enum { CLIENTS = 4, STEPS = 150 };
    static const char *const paths[] = {"a.txt", "b.css", "dir/c.bin"};
    static const char *const codings[] = {"gzip", "br", "zstd", "identity", "gzip, br;q=0.5"};
    struct client *clients[CLIENTS];
    const char *tag[3] = {"\"x\"", "\"x\"", "\"x\""};
    const char *date[3] = {"", "", ""};
    for (int i = 0; i < 3; i++)
        scene_write_text(s, paths[i], 100, 1);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = scene_client(s);
    for (int step = 0; step < STEPS; step++) {
        const unsigned which = (unsigned)sim_world_draw(s->world, 3);
        const unsigned dice = (unsigned)sim_world_draw(s->world, 16);
        struct client *client = clients[sim_world_draw(s->world, CLIENTS)];
        char target[40];
        snprintf(target, sizeof target, "/%s", paths[which]);
        client_reopen(client);
        if (dice < 4) {
            client_get_with(client, target, "Accept-Encoding: %s",
                            codings[sim_world_draw(s->world, 5)]);
            tag[which] = *client_field(client, "ETag") ? client_field(client, "ETag") : tag[which];
            date[which] = client_field(client, "Last-Modified");
        } else if (dice < 7) {
            client_get_with(client, target, "If-None-Match: %s\nAccept-Encoding: %s", tag[which],
                            codings[sim_world_draw(s->world, 5)]);
        } else if (dice < 9) {
            client_get_with(client, target, "If-Modified-Since: %s", date[which]);
        } else if (dice < 11) {
            client_get_with(client, target, "Range: bytes=%d-%d\nIf-Range: %s",
                            (int)sim_world_draw(s->world, 100), (int)sim_world_draw(s->world, 400),
                            tag[which]);
        } else if (dice < 14) {
            scene_write_text(s, paths[which], 50 + sim_world_draw(s->world, 600),
                             (unsigned)sim_world_draw(s->world, 3));
        } else if (dice == 14) {
            scene_touch_at(s, paths[which],
                           scene_seconds(s) - (int64_t)sim_world_draw(s->world, 100));
        } else {
            scene_pass(s, (int64_t)sim_world_draw(s->world, 40) * MILLISECONDS(100));
        }
    }
}
