/* A file that changes while it is being sent: the old bytes to the end, or a broken body. */
#include "site.h"

#include "origin/filebody.h"

enum { SIZE = 100, PIECE = 7 }; /* body_read's scratch has 7 octets */

struct edit_row {
    const char *id;
    const char *name;
    void (*edit)(struct fs *fs, void *owner);
    bool whole; /* the old bytes come to the end */
};

static void edit_nothing(struct fs *fs, void *owner)
{
    (void)fs;
    (void)owner;
}

static void edit_in_place(struct fs *fs, void *owner)
{
    static char text[SIZE];
    (void)owner;
    fs_sim_write(fs, "a", text, SIZE);
}

static void edit_secretly(struct fs *fs, void *owner)
{
    const struct fs_stamp before = fs_sim_stamp(fs, "a");
    edit_in_place(fs, owner);
    fs_sim_touch(fs, "a", before.modified);
}

static void edit_append(struct fs *fs, void *owner)
{
    (void)owner;
    fs_sim_append(fs, "a", "more", 4);
}

static void edit_truncate(struct fs *fs, void *owner)
{
    (void)owner;
    fs_sim_truncate(fs, "a", 50);
}

static void edit_truncate_all(struct fs *fs, void *owner)
{
    (void)owner;
    fs_sim_truncate(fs, "a", 0);
}

static void edit_truncate_and_restore(struct fs *fs, void *owner)
{
    edit_truncate_all(fs, owner);
    fs_sim_truncate(fs, "a", SIZE);
}

static void edit_touch(struct fs *fs, void *owner)
{
    (void)owner;
    fs_sim_touch(fs, "a", 1);
}

static void edit_forbid(struct fs *fs, void *owner)
{
    (void)owner;
    fs_sim_forbid(fs, "a", true);
}

static void edit_replace(struct fs *fs, void *owner)
{
    static char text[SIZE];
    (void)owner;
    fs_sim_replace(fs, "a", text, SIZE);
}

static void edit_remove(struct fs *fs, void *owner)
{
    (void)owner;
    fs_sim_remove(fs, "a");
}

static void edit_remove_and_write(struct fs *fs, void *owner)
{
    /* Through the link that is left the same inode is written. */
    (void)owner;
    fs_sim_link(fs, "a", "b");
    fs_sim_remove(fs, "a");
    fs_sim_truncate(fs, "b", SIZE - 1);
}

static void edit_link(struct fs *fs, void *owner)
{
    (void)owner;
    fs_sim_link(fs, "a", "b");
}

static const struct edit_row edit_rows[] = {
    {"C-9110-8.8.1-1", "nothing", edit_nothing, true},
    {"C-9110-8.8.1-1", "replaced by rename", edit_replace, true},
    {"C-9110-8.8.1-1", "removed", edit_remove, true},
    {"C-9110-8.8.1-1", "edited in place", edit_in_place, false},
    {"C-9110-8.8.1-1", "edited in place, mtime put back", edit_secretly, false},
    {"C-9110-8.8.1-1", "grown", edit_append, false},
    {"C-9110-8.8.1-1", "truncated", edit_truncate, false},
    {"C-9110-8.8.1-1", "truncated to nothing", edit_truncate_all, false},
    {"C-9110-8.8.1-1", "truncated and made long again", edit_truncate_and_restore, false},
    {"C-9110-8.8.1-1", "touched: to be safe", edit_touch, false},
    {"C-9110-8.8.1-1", "mode changed: to be safe", edit_forbid, false},
    {"C-9110-8.8.1-1", "linked: to be safe", edit_link, false},
    {"C-9110-8.8.1-1", "removed, and its other name written", edit_remove_and_write, false},
};

static struct site *site_with_file(struct fs_stamp *stamp)
{
    struct site *site = site_new();
    char text[SIZE];
    for (uint64_t i = 0; i < SIZE; i++)
        text[i] = fs_sim_fill_byte(42, i);
    fs_sim_write(site->fs, "a", text, SIZE);
    *stamp = fs_sim_stamp(site->fs, "a");
    site_pass(site, 10 * SECOND);
    return site;
}

/* Each edit right after each call that the body makes. */
static void check_edit(const struct edit_row *row, enum fs_sim_call call, uint64_t nth)
{
    struct fs_stamp stamp;
    struct site *site = site_with_file(&stamp);
    char bytes[SIZE];
    fs_sim_after(site->fs, (struct fs_sim_point){call, "a", nth}, row->edit, NULL);
    struct body *body = filebody_new(site->fs, "a", &stamp, 0, SIZE);
    if (!body) { /* changed before the first look */
        check_row(row, !row->whole || nth == 1);
        site_free(site);
        return;
    }
    int64_t got = body_read(body, bytes, sizeof bytes);
    check_row(row, got == SIZE || !row->whole);
    for (int64_t i = 0; i < got; i++)
        check_row(row, bytes[i] == fs_sim_fill_byte(42, (uint64_t)i));
    /* What is left to read after the edit tells; after the last look nothing can. */
    const uint64_t calls = call == FS_SIM_READ ? SIZE / PIECE + 1 : SIZE / PIECE + 2;
    if (!row->whole && nth < calls)
        check_row(row, got == -1);
    site_free(site);
}

static void test_edits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(edit_rows); i++) {
        check_edit(&edit_rows[i], FS_SIM_OPEN, 1);
        for (uint64_t nth = 1; nth <= SIZE / PIECE + 1; nth++)
            check_edit(&edit_rows[i], FS_SIM_READ, nth);
        for (uint64_t nth = 1; nth <= SIZE / PIECE + 2; nth++)
            check_edit(&edit_rows[i], FS_SIM_FILE_STATE, nth);
    }
}

/* What goes out before the break is the old version: every piece that was handed out. */
static void test_pieces(void **state)
{
    (void)state;
    struct fs_stamp stamp;
    struct site *site = site_with_file(&stamp);
    char scratch[30];
    struct stet_span bytes;
    struct body *body = filebody_new(site->fs, "a", &stamp, 10, 80);
    assert_int_equal(body->ops->peek(body, scratch, sizeof scratch, &bytes), BODY_BYTES);
    assert_int_equal(bytes.len, 30);
    for (size_t i = 0; i < bytes.len; i++)
        assert_int_equal(bytes.at[i], fs_sim_fill_byte(42, 10 + i));
    (body->ops->skip)(body, 11);
    assert_int_equal(body->ops->peek(body, scratch, sizeof scratch, &bytes), BODY_BYTES);
    assert_int_equal(bytes.at[0], fs_sim_fill_byte(42, 21));
    edit_truncate(site->fs, NULL);
    assert_int_equal(body->ops->peek(body, scratch, sizeof scratch, &bytes), BODY_BROKEN);
    assert_int_equal(body->ops->peek(body, scratch, sizeof scratch, &bytes), BODY_BROKEN);
    body->ops->free(body);
    site_free(site);
}

/* It loses one of two names, and is edited through the other one later. */
struct two_names {
    struct site *site;
    bool later; /* the name goes in a later tick than the one of the state that is promised */
};

static void remove_a(struct fs *fs, void *owner)
{
    const struct two_names *story = owner;
    sim_world_step_wall(story->site->world, story->later ? SECOND : 0);
    fs_sim_remove(fs, "a");
}

static void edit_b_secretly(struct fs *fs, void *owner)
{
    static char text[SIZE];
    const struct fs_stamp before = fs_sim_stamp(fs, "b");
    const struct two_names *story = owner;
    sim_world_step_wall(story->site->world, SECOND);
    fs_sim_write(fs, "b", text, SIZE);
    fs_sim_touch(fs, "b", before.modified);
}

static void test_two_names(void **state)
{
    (void)state;
    for (int later = 0; later < 2; later++) {
        struct fs_stamp stamp;
        struct site *site = site_with_file(&stamp);
        struct two_names story = {site, later};
        char bytes[SIZE];
        fs_sim_link(site->fs, "a", "b");
        stamp = fs_sim_stamp(site->fs, "a");
        fs_sim_after(site->fs, (struct fs_sim_point){FS_SIM_READ, "a", 2}, remove_a, &story);
        fs_sim_after(site->fs, (struct fs_sim_point){FS_SIM_READ, "b", 4}, edit_b_secretly, &story);
        struct body *body = filebody_new(site->fs, "a", &stamp, 0, SIZE);
        assert_int_equal(body_read(body, bytes, SIZE), -1);
        site_free(site);
    }
}

/* Short reads are no change; failures are the end. */
static void test_reads(void **state)
{
    (void)state;
    struct fs_stamp stamp;
    struct site *site = site_with_file(&stamp);
    char bytes[SIZE];
    fs_sim_fail(site->fs, (struct fs_sim_point){FS_SIM_READ, "a", 2}, 1);
    assert_int_equal(body_read(filebody_new(site->fs, "a", &stamp, 0, SIZE), bytes, SIZE), SIZE);
    for (uint64_t i = 0; i < SIZE; i++)
        assert_int_equal(bytes[i], fs_sim_fill_byte(42, i));
    fs_sim_fail(site->fs, (struct fs_sim_point){FS_SIM_READ, "a", 3}, FS_BROKEN);
    assert_int_equal(body_read(filebody_new(site->fs, "a", &stamp, 0, SIZE), bytes, SIZE), -1);
    fs_sim_fail(site->fs, (struct fs_sim_point){FS_SIM_FILE_STATE, "a", 3}, FS_BROKEN);
    assert_int_equal(body_read(filebody_new(site->fs, "a", &stamp, 0, SIZE), bytes, SIZE), -1);
    fs_sim_fail(site->fs, (struct fs_sim_point){FS_SIM_FILE_STATE, "a", 1}, FS_BROKEN);
    assert_null(filebody_new(site->fs, "a", &stamp, 0, SIZE));
    fs_sim_fail(site->fs, (struct fs_sim_point){FS_SIM_OPEN, "a", 1}, FS_BROKEN);
    assert_null(filebody_new(site->fs, "a", &stamp, 0, SIZE));
    stamp.changed++;
    assert_null(filebody_new(site->fs, "a", &stamp, 0, SIZE));
    assert_null(filebody_new(site->fs, "nowhere", &stamp, 0, SIZE));
    site_free(site);
}

static void test_chunk(void **state)
{
    (void)state;
    struct chunk *chunk = chunk_new(10);
    char bytes[10];
    memcpy(chunk->bytes, "0123456789", 10);
    assert_int_equal(body_read(filebody_new_of_chunk(chunk, 3, 4), bytes, sizeof bytes), 4);
    assert_memory_equal(bytes, "3456", 4);
    assert_int_equal(body_read(filebody_new_of_chunk(chunk, 10, 0), bytes, sizeof bytes), 0);
    chunk_unref(chunk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edits),     cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_two_names), cmocka_unit_test(test_reads),
        cmocka_unit_test(test_chunk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
