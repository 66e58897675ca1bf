/* Last-Modified: a date that never lies, not even about edits within one second.
 */
#include "stories.h"

#include <string.h>

#define EPOCH_2024 1704067200

static int64_t date_of(struct client *client, const char *target)
{
    client_get(client, target);
    expect_status(client, 200);
    return response_date(client_field(client, "Last-Modified"));
}

void tell_future_mtime(struct scene *s)
{
    scene_write(s, "a.txt", "from the future");
    scene_touch_at(s, "a.txt", EPOCH_2024 + 86400);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    const int64_t date = date_of(client, "/a.txt");
    expect(s, date >= EPOCH_2024 && date <= scene_seconds(s));
    scene_pass(s, SECONDS(20));
    expect(s, date_of(client, "/a.txt") == date);
    client_get_with(client, "/a.txt", "If-Modified-Since: %s", scene_date(date));
    expect_status(client, 304);
}

/* Times that tools write who want the same archive twice are no dates. */
void tell_epoch_mtime(struct scene *s)
{
    static const int64_t constants[] = {0, 1, 315532800, 499162500, 441763200};
    struct client *client = NULL;
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        char path[32];
        snprintf(path, sizeof path, "%zu.txt", i);
        scene_write(s, path, "reproducible");
        scene_touch_at(s, path, constants[i]);
    }
    scene_pass(s, SECONDS(10));
    client = scene_client(s);
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        char target[32];
        snprintf(target, sizeof target, "/%zu.txt", i);
        client_get(client, target);
        expect_status(client, 200);
        expect_no_field(client, "Last-Modified");
        expect_field_has(client, "ETag", "\"");
        client_get_with(client, target, "If-Modified-Since: %s", scene_date(scene_seconds(s)));
        expect_status(client, 200);
        client_get_with(client, target, "If-Unmodified-Since: %s", scene_date(1));
        expect_status(client, 200);
    }
    /* an edit that keeps such a time must not bring it into use */
    scene_edit_keeping_times(s, "0.txt", "other bytes!");
    scene_pass(s, SECONDS(10));
    client_get_with(client, "/0.txt", "If-Modified-Since: %s", scene_date(scene_seconds(s)));
    expect_status(client, 200);
    expect_body(client, "other bytes!");
}

void tell_date_moves_with_bytes(struct scene *s)
{
    scene_write(s, "a.txt", "one");
    scene_touch_at(s, "a.txt", 1500000000);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    const int64_t first = date_of(client, "/a.txt");
    expect(s, first == 1500000000);
    scene_edit_keeping_times(s, "a.txt", "two");
    scene_pass(s, SECONDS(10));
    client_get_with(client, "/a.txt", "If-Modified-Since: %s", scene_date(first));
    expect_status(client, 200);
    expect_body(client, "two");
    const int64_t second = date_of(client, "/a.txt");
    expect(s, second > first);

    scene_edit_keeping_times(s, "a.txt", "one"); /* what was there before is a change too */
    scene_pass(s, SECONDS(10));
    client_get_with(client, "/a.txt", "If-Modified-Since: %s", scene_date(second));
    expect_status(client, 200);
    expect_body(client, "one");
}

/* Several edits in one second: no date may stand for two of them. */
void tell_edits_within_a_second(struct scene *s)
{
    static const char *const texts[] = {"first", "second", "third", "fourth"};
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    const char *dates[4];
    for (int i = 0; i < 4; i++) {
        scene_write(s, "a.txt", texts[i]);
        client_get(client, "/a.txt");
        expect_status(client, 200);
        expect_body(client, texts[i]);
        dates[i] = client_field(client, "Last-Modified");
        scene_pass(s, MILLISECONDS(100));
    }
    for (int wait = 0; wait < 5; wait++) {
        for (int i = 0; i < 3; i++) {
            if (!*dates[i])
                continue;
            client_get_with(client, "/a.txt", "If-Modified-Since: %s", dates[i]);
            expect_status(client, 200);
        }
        client_get(client, "/a.txt");
        const char *now = client_field(client, "Last-Modified");
        for (int i = 0; i < 3; i++)
            expect(s, !*now || strcmp(now, dates[i]) != 0);
        scene_pass(s, SECONDS(1));
    }
    client_get(client, "/a.txt");
    const char *date = client_field(client, "Last-Modified");
    expect(s, *date);
    client_get_with(client, "/a.txt", "If-Modified-Since: %s", date);
    expect_status(client, 304);
}

/* A date is no strong validator as long as the second may see another edit. */
void tell_date_becomes_strong(struct scene *s)
{
    scene_pass(s, SECONDS(10));
    scene_write(s, "a.png", "0123456789");
    struct client *client = scene_client(s);
    client_get(client, "/a.png");
    const char *date = client_field(client, "Last-Modified");
    if (*date) {
        client_get_with(client, "/a.png", "Range: bytes=0-3\nIf-Range: %s", date);
        expect_status(client, 200);
    }
    scene_pass(s, SECONDS(5));
    client_get(client, "/a.png");
    date = client_field(client, "Last-Modified");
    client_get_with(client, "/a.png", "Range: bytes=0-3\nIf-Range: %s", date);
    expect_status(client, 206);
    expect_body(client, "0123");

    /* the file is old enough, its date is not */
    scene_write(s, "b.png", "0123456789");
    scene_touch_at(s, "b.png", scene_seconds(s) + 3);
    scene_pass(s, SECONDS(4));
    client_get(client, "/b.png");
    date = client_field(client, "Last-Modified");
    expect(s, response_date(date) == scene_seconds(s) - 1);
    client_get_with(client, "/b.png", "Range: bytes=0-3\nIf-Range: %s", date);
    expect_status(client, 200);
    scene_pass(s, SECONDS(1));
    client_get_with(client, "/b.png", "Range: bytes=0-3\nIf-Range: %s", date);
    expect_status(client, 206);
}

/* A large file has no tag until it is hashed; then it has. */
void tell_large_not_hashed_yet(struct scene *s)
{
    s->options.file_in_memory_max = 1 << 20;
    scene_fill(s, "big.bin", (1 << 20) + 100, 7);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_head(client, "/big.bin");
    expect_status(client, 200);
    expect_no_field(client, "ETag");
    const char *date = client_field(client, "Last-Modified");
    expect(s, *date);
    client_get_with(client, "/big.bin", "If-Modified-Since: %s", date);
    expect_status(client, 304);
    scene_pass(s, SECONDS(1)); /* hashed meanwhile */
    client_head(client, "/big.bin");
    const char *tag = client_field(client, "ETag");
    expect(s, tag[0] == '"');
    expect_field(client, "Last-Modified", date);
    client_get(client, "/big.bin");
    expect_length(client, (1 << 20) + 100);
    client_get_with(client, "/big.bin", "If-None-Match: %s", tag);
    expect_status(client, 304);

    scene_fill(s, "big.bin", (1 << 20) + 100, 8);
    client_get_with(client, "/big.bin", "If-None-Match: %s", tag);
    expect_status(client, 200);
    client_get_with(client, "/big.bin", "If-Modified-Since: %s", date);
    expect_status(client, 200);
    scene_pass(s, SECONDS(5));
    client_get_with(client, "/big.bin", "If-None-Match: %s", tag);
    expect_status(client, 200);
    client_get_with(client, "/big.bin", "If-Modified-Since: %s", date);
    expect_status(client, 200);
}

/* The same file system clock that stands still, for a file that is not read whole. */
void tell_large_edit_within_a_tick(struct scene *s)
{
    s->options.file_in_memory_max = 1 << 20;
    struct client *client = scene_client(s);
    for (uint64_t round = 0; round < 3; round++) {
        scene_fill(s, "big.bin", (1 << 20) + 100, 31 + 2 * round);
        const struct fs_stamp before = fs_sim_stamp(s->fs, "big.bin");
        client_get(client, "/big.bin");
        expect_status(client, 200);
        const char *tag = client_field(client, "ETag");
        const char *date = client_field(client, "Last-Modified");
        scene_pass(s,
                   (int64_t)round * MILLISECONDS(700)); /* slower clocks than this are not known */
        scene_fill(s, "big.bin", (1 << 20) + 100, 32 + 2 * round);
        fs_sim_set_times(s->fs, "big.bin", before.modified, before.changed);
        for (int i = 0; i < 4; i++) {
            client_get_with(client, "/big.bin", "If-None-Match: %s", *tag ? tag : "\"none\"");
            expect_status(client, 200);
            client_get_with(client, "/big.bin", "If-Modified-Since: %s", *date ? date : "never");
            expect_status(client, 200);
            scene_pass(s, SECONDS(2));
        }
    }
}

/* A large file edited while it is being hashed. */
static void fill_anew(struct fs *fs, void *owner)
{
    (void)fs;
    scene_fill(owner, "big.bin", 3 << 20, 22);
}

void tell_large_edited_while_hashed(struct scene *s)
{
    s->options.file_in_memory_max = 1 << 20;
    scene_fill(s, "big.bin", 3 << 20, 21);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    fs_sim_after(s->fs, (struct fs_sim_point){FS_SIM_READ, "big.bin", 2}, fill_anew, s);
    for (int i = 0; i < 6; i++) {
        client_get_with(client, "/big.bin", "Range: bytes=0-99,\nIf-None-Match: \"x\"");
        client_head(client, "/big.bin");
        scene_pass(s, SECONDS(1));
    }
    const char *tag = client_field(client, "ETag");
    expect(s, *tag);
    client_get(client, "/big.bin");
    expect_length(client, 3 << 20);
    client_get_with(client, "/big.bin", "If-None-Match: %s", tag);
    expect_status(client, 304);
}

/* A file grows over the bound of what is kept in memory, and shrinks again. */
void tell_large_and_small(struct scene *s)
{
    s->options.file_in_memory_max = 1 << 20;
    scene_fill(s, "a.bin", 1000, 1);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    const char *tags[3] = {""};
    static const uint64_t sizes[] = {1000, (1 << 20) + 1, 999};
    for (unsigned i = 0; i < 3; i++) {
        scene_fill(s, "a.bin", sizes[i], i + 1);
        scene_pass(s, SECONDS(5));
        client_head(client, "/a.bin");
        scene_pass(s, SECONDS(5));
        client_get(client, "/a.bin");
        expect_length(client, sizes[i]);
        tags[i] = client_field(client, "ETag");
        expect(s, tags[i][0] == '"');
        for (unsigned j = 0; j < i; j++) {
            client_get_with(client, "/a.bin", "If-None-Match: %s", tags[j]);
            expect_status(client, 200);
        }
    }
}
