/* Large files: streamed without being loaded, and never two versions in one answer.
 */
#include "stories.h"

#include <string.h>

enum { MIB = 1 << 20, BIG = MIB + MIB / 2 };

/* A file too large for memory, hashed and settled, and a client that has taken a third of it. */
static struct client *half_way(struct scene *s)
{
    s->options.file_in_memory_max = MIB;
    scene_fill(s, "big.bin", BIG, 5);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_takes(client, BIG / 3);
    client_ask(client, "/big.bin");
    const size_t received = client_received(client);
    expect(s, received > BIG / 4 && received < BIG);
    return client;
}

static void take_the_rest(struct client *client)
{
    if (client->end)
        client_takes(client, SIM_UNLIMITED);
}

void tell_large_streamed(struct scene *s)
{
    struct client *client = half_way(s);
    const uint64_t open = fs_sim_open_files(s->fs);
    expect(s, open == 1 || !scene_is_plain(s));
    take_the_rest(client);
    client_hear(client);
    expect_status(client, 200);
    expect_length(client, BIG);
    expect_open(client);
    expect(s, fs_sim_open_files(s->fs) == 0 || !scene_is_plain(s));
    client_get_with(client, "/big.bin", "Range: bytes=1048570-1048585");
    expect_status(client, 206);
    expect_length(client, 16);
    client_get_with(client, "/big.bin", "Range: bytes=-5");
    expect_status(client, 206);
    client_get_with(client, "/big.bin", "Range: bytes=0-9,1000000-1000009");
    expect_status(client, 206);
    expect_field_has(client, "Content-Type", "multipart/byteranges; boundary=");
}

void tell_large_truncated(struct scene *s)
{
    struct client *client = half_way(s);
    scene_truncate_fill(s, "big.bin", 1000, 5);
    take_the_rest(client);
    client_hear_cut(client);
    expect_broken(client);
    client_again(client);
    client_get(client, "/big.bin");
    expect_status(client, 200);
    expect_length(client, 1000);
}

void tell_large_edited_in_place(struct scene *s)
{
    struct client *client = half_way(s);
    scene_pass(s, SECONDS(1));
    scene_fill(s, "big.bin", BIG, 6);
    take_the_rest(client);
    client_hear_cut(client);
    expect_broken(client);
    client_again(client);
    client_get(client, "/big.bin");
    expect_length(client, BIG);
}

/* An edit that puts the mtime back is an edit. */
void tell_large_edited_secretly(struct scene *s)
{
    struct client *client = half_way(s);
    const struct fs_stamp before = fs_sim_stamp(s->fs, "big.bin");
    scene_pass(s, SECONDS(1));
    scene_fill(s, "big.bin", BIG, 7);
    fs_sim_touch(s->fs, "big.bin", before.modified);
    take_the_rest(client);
    client_hear_cut(client);
    expect_broken(client);
}

void tell_large_replaced(struct scene *s)
{
    struct client *client = half_way(s);
    scene_replace(s, "big.bin", "small now");
    take_the_rest(client);
    client_hear(client); /* the old bytes to the end */
    expect_status(client, 200);
    expect_length(client, BIG);
    client_get(client, "/big.bin");
    expect_body(client, "small now");
}

void tell_large_removed(struct scene *s)
{
    struct client *client = half_way(s);
    scene_remove(s, "big.bin");
    take_the_rest(client);
    client_hear(client);
    expect_length(client, BIG);
    client_get(client, "/big.bin");
    expect_status(client, 404);
}

void tell_large_grown(struct scene *s)
{
    struct client *client = half_way(s);
    scene_pass(s, SECONDS(1));
    scene_fill(s, "big.bin", 2 * BIG, 5);
    take_the_rest(client);
    /* the old bytes, or an end in the middle: the history knows */
    if (!client_hear_any(client))
        client_again(client);
    client_get(client, "/big.bin");
    expect_length(client, 2 * BIG);
}

void tell_large_read_fails(struct scene *s)
{
    struct client *client = half_way(s);
    fs_sim_fail(s->fs, (struct fs_sim_point){FS_SIM_READ, "big.bin", 2}, FS_BROKEN);
    take_the_rest(client);
    client_hear_cut(client);
    expect_broken(client);
    client_again(client);
    client_get(client, "/big.bin");
    expect_length(client, BIG);
}

void tell_large_short_reads(struct scene *s)
{
    struct client *client = half_way(s);
    for (uint64_t i = 1; i < 8; i++)
        fs_sim_fail(s->fs, (struct fs_sim_point){FS_SIM_READ, "big.bin", i}, (int)(i * 1000));
    take_the_rest(client);
    client_hear(client);
    expect_length(client, BIG);
}

/* Ten gibibytes: nothing of it is kept but what is on its way. */
void tell_huge(struct scene *s)
{
    const uint64_t size = UINT64_C(10) << 30;
    s->options.file_in_memory_max = MIB;
    scene_fill(s, "huge.bin", size, 9); /* just now: it is not hashed before it has settled */
    struct client *client = scene_client(s);
    client_get_with(client, "/huge.bin", "Range: bytes=10737418230-");
    expect_status(client, 206);
    expect_field(client, "Content-Range", "bytes 10737418230-10737418239/10737418240");
    expect_length(client, 10);
    client_takes(client, 300000);
    client_ask(client, "/huge.bin");
    const size_t received = client_received(client);
    expect(s, received > 200000);
    expect_field(client, "Content-Length", "10737418240");
    client_leave(client, true);
    expect(s, fs_sim_open_files(s->fs) <= 1);
}

void tell_two_stream_at_once(struct scene *s)
{
    struct client *first = half_way(s);
    struct client *second = scene_client_from(s, "192.0.2.2");
    client_takes(second, BIG / 2);
    client_ask_with(second, "/big.bin", "Range: bytes=1000-");
    client_received(second);
    for (int i = 0; i < 20; i++) {
        client_takes(first, BIG / 20);
        client_received(first);
        client_takes(second, BIG / 30);
        client_received(second);
    }
    take_the_rest(first);
    take_the_rest(second);
    client_hear(first);
    client_hear(second);
    expect_length(first, BIG);
    expect_length(second, BIG - 1000);
}
