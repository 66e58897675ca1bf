/* Content codings: who gets which, each with a tag of its own, and none from a lying sidecar.
 */
#include "stories.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void get_coded(struct client *client, const char *accepted, const char *coding)
{
    client_get_with(client, "/a.css", "Accept-Encoding: %s", accepted);
    expect_status_of(client, 200, accepted);
    if (*coding)
        expect_field(client, "Content-Encoding", coding);
    else
        expect_no_field(client, "Content-Encoding");
    expect_field(client, "Vary", "Accept-Encoding");
}

void tell_negotiation(struct scene *s)
{
    static const struct {
        const char *accepted;
        const char *coding;
    } rows[] = {
        {"gzip", "gzip"},
        {"br", "br"},
        {"zstd", "zstd"},
        {"GZIP", "gzip"},
        {"x-gzip", "gzip"},
        {"gzip;q=1.0, br;q=0.5", "gzip"},
        {"gzip;q=0.5, br;q=1.0", "br"},
        {"gzip;q=0", ""},
        {"gzip;q=0.000, br;q=0, zstd;q=0.0", ""},
        {"identity", ""},
        {"identity, gzip;q=0.5", ""},
        {"compress", ""},
        {"", ""},
        {"gzip, identity;q=0", "gzip"},
        {"gzip;q=0.001, identity;q=0", "gzip"},
        {"deflate, gzip", "gzip"},
    };
    scene_write_text(s, "a.css", 5000, 1);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get(client, "/a.css");
    expect_no_field(client, "Content-Encoding");
    expect_field(client, "Vary", "Accept-Encoding");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        get_coded(client, rows[i].accepted, rows[i].coding);
    client_get_with(client, "/a.css", "Accept-Encoding: *");
    expect_status(client, 200);
    client_get_with(client, "/a.css", "Accept-Encoding: compress, identity;q=0");
    expect_status(client, 406);
    client_get_with(client, "/a.css", "Accept-Encoding: *;q=0");
    expect_status(client, 406);
    client_get_with(client, "/a.css", "Accept-Encoding: *;q=0, identity;q=0.5");
    expect_status(client, 200);
    expect_no_field(client, "Content-Encoding");
}

void tell_tag_of_each_coding(struct scene *s)
{
    static const char *const codings[] = {"identity", "gzip", "br", "zstd"};
    const char *tags[4];
    scene_write_text(s, "a.css", 5000, 2);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    for (int i = 0; i < 4; i++) {
        client_get_with(client, "/a.css", "Accept-Encoding: %s", codings[i]);
        tags[i] = client_field(client, "ETag");
        expect(s, tags[i][0] == '"');
        for (int j = 0; j < i; j++)
            expect(s, strcmp(tags[i], tags[j]) != 0);
    }
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++) {
            client_get_with(client, "/a.css", "Accept-Encoding: %s\nIf-None-Match: %s", codings[i],
                            tags[j]);
            expect_status(client, i == j ? 304 : 200);
            expect_field(client, "Vary", "Accept-Encoding");
            expect_field(client, "ETag", tags[i]);
        }
    }
    scene_write_text(s, "a.css", 5000, 3);
    scene_pass(s, SECONDS(5));
    for (int i = 0; i < 4; i++) {
        client_get_with(client, "/a.css", "Accept-Encoding: %s\nIf-None-Match: %s, %s, %s, %s",
                        codings[i], tags[0], tags[1], tags[2], tags[3]);
        expect_status(client, 200);
    }
}

/* What is not made smaller is not coded, and says nothing of codings where there are none. */
void tell_not_worth_coding(struct scene *s)
{
    static char noise[4000];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)sim_world_draw(s->world, 256);
    scene_write(s, "small.txt", "tiny");
    scene_write_bytes(s, "image.png", noise, sizeof noise);
    scene_write_bytes(s, "noise.txt", noise, sizeof noise);
    scene_write(s, "empty.txt", "");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    static const char *const targets[] = {"/small.txt", "/image.png", "/noise.txt", "/empty.txt"};
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        client_get_with(client, targets[i], "Accept-Encoding: gzip, br, zstd");
        expect_status(client, 200);
        expect_no_field(client, "Content-Encoding");
    }
    client_get(client, "/image.png");
    expect_no_field(client, "Vary");
}

/* The same bytes under two names: what is made for the one is not for the other. */
void tell_copies_of_other_types(struct scene *s)
{
    scene_write_text(s, "a.txt", 3000, 4);
    scene_write_text(s, "a.bin", 3000, 4);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get_with(client, "/a.bin", "Accept-Encoding: gzip");
    expect_no_field(client, "Vary");
    const char *tag = client_field(client, "ETag");
    client_get_with(client, "/a.txt", "Accept-Encoding: gzip");
    expect_field(client, "Content-Encoding", "gzip");
    client_get_with(client, "/a.bin", "Accept-Encoding: gzip\nIf-None-Match: %s", tag);
    expect_status(client, 304);
    expect_no_field(client, "Vary");
    client_get_with(client, "/a.bin", "Accept-Encoding: gzip");
    expect_no_field(client, "Content-Encoding");
}

void tell_coding_off(struct scene *s)
{
    s->options.compress = false;
    scene_write_text(s, "a.txt", 3000, 4);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get_with(client, "/a.txt", "Accept-Encoding: gzip");
    expect_status(client, 200);
    expect_no_field(client, "Content-Encoding");
    expect_no_field(client, "Vary");
}

/* gzip of a text, as `gzip -9` makes it; for free(). */
static char *gzip_of(const char *text, size_t len, size_t *to_len)
{
    char *to = malloc(len + 100);
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)text,
                       .avail_in = (uInt)len,
                       .next_out = (Bytef *)to,
                       .avail_out = (uInt)len + 100};
    deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
    deflate(&stream, Z_FINISH);
    *to_len = stream.total_out;
    deflateEnd(&stream);
    return to;
}

static const char sidecar_text[] =
    "a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a "
    "b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b b "
    "c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c";

static void write_sidecar(struct scene *s, const char *path, const char *text)
{
    size_t len;
    char *coded = gzip_of(text, strlen(text), &len);
    scene_write_bytes(s, path, coded, len);
    free(coded);
}

/* A sidecar is sent as it is, as long as it is what it says. */
void tell_sidecar(struct scene *s)
{
    s->options.compress = false;
    scene_write(s, "a.css", sidecar_text);
    write_sidecar(s, "a.css.gz", sidecar_text);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get_with(client, "/a.css", "Accept-Encoding: gzip");
    scene_pass(s, SECONDS(2)); /* it may have been looked at in the background */
    client_get_with(client, "/a.css", "Accept-Encoding: gzip");
    expect_field(client, "Content-Encoding", "gzip");
    expect_field(client, "Vary", "Accept-Encoding");
    const char *tag = client_field(client, "ETag");
    client_get(client, "/a.css");
    expect_no_field(client, "Content-Encoding");
    expect_field(client, "Vary", "Accept-Encoding");
    expect(s, strcmp(tag, client_field(client, "ETag")) != 0);

    /* the file changes, its sidecar does not: it is not sent any more */
    char text[sizeof sidecar_text];
    memcpy(text, sidecar_text, sizeof text);
    text[7] = 'X';
    scene_write(s, "a.css", text);
    client_get_with(client, "/a.css", "Accept-Encoding: gzip\nIf-None-Match: %s", tag);
    expect_status(client, 200);
    expect_no_field(client, "Content-Encoding");
    scene_pass(s, SECONDS(5));
    client_get_with(client, "/a.css", "Accept-Encoding: gzip\nIf-None-Match: %s", tag);
    expect_status(client, 200);

    /* and when it comes too, it is */
    write_sidecar(s, "a.css.gz", text);
    scene_pass(s, SECONDS(5));
    client_get_with(client, "/a.css", "Accept-Encoding: gzip");
    scene_pass(s, SECONDS(2));
    client_get_with(client, "/a.css", "Accept-Encoding: gzip");
    expect_field(client, "Content-Encoding", "gzip");
}

void tell_lying_sidecar(struct scene *s)
{
    char other[sizeof sidecar_text];
    memcpy(other, sidecar_text, sizeof other);
    other[0] = 'Z';
    scene_write(s, "a.css", sidecar_text);
    write_sidecar(s, "a.css.gz", other);
    scene_write(s, "a.css.br", "not brotli");
    scene_write(s, "a.css.zst", "");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    for (int i = 0; i < 3; i++) {
        static const char *const codings[] = {"gzip", "br", "zstd"};
        client_get_with(client, "/a.css", "Accept-Encoding: %s", codings[i]);
        expect_status(client, 200); /* the history looks at the bytes */
        scene_pass(s, SECONDS(2));
        client_get_with(client, "/a.css", "Accept-Encoding: %s", codings[i]);
        expect_status(client, 200);
    }
    expect(s, s->warnings > 0);
    client_get(client, "/a.css.gz"); /* by its own name it is a file like any other */
    expect_status(client, 200);
    expect_no_field(client, "Content-Encoding");
}

/* Ranges are counted in the coded bytes, and carry the coded form's tag. */
void tell_range_of_coded(struct scene *s)
{
    scene_write_text(s, "a.css", 5000, 5);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    get_coded(client, "gzip", "gzip");
    const char *tag = client_field(client, "ETag");
    client_get_with(client, "/a.css", "Accept-Encoding: gzip\nRange: bytes=10-19");
    expect_status(client, 206);
    expect_length(client, 10);
    expect_field(client, "ETag", tag);
    expect_field(client, "Content-Encoding", "gzip");
    expect_field(client, "Vary", "Accept-Encoding");
    client_get_with(client, "/a.css", "Accept-Encoding: gzip\nRange: bytes=10-19\nIf-Range: %s",
                    tag);
    expect_status(client, 206);
    client_get_with(client, "/a.css", "Range: bytes=10-19\nIf-Range: %s", tag);
    expect_status(client, 200); /* of another coding */
    client_get_with(client, "/a.css", "Range: bytes=10-19\nIf-Range: %s",
                    client_field(client, "Last-Modified"));
    expect_status(client, 200); /* the date is that of all codings */
}
