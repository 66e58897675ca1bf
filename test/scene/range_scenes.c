/* Ranges: what is asked for, and never more than is worth it.
 */
#include "stories.h"

#include <stdlib.h>
#include <string.h>

void tell_one_range(struct scene *s)
{
    static const struct {
        const char *range;
        int status;
        const char *body;
        const char *content_range;
    } rows[] = {
        {"bytes=0-0", 206, "0", "bytes 0-0/10"},
        {"bytes=2-5", 206, "2345", "bytes 2-5/10"},
        {"bytes=7-", 206, "789", "bytes 7-9/10"},
        {"bytes=9-9", 206, "9", "bytes 9-9/10"},
        {"bytes=-3", 206, "789", "bytes 7-9/10"},
        {"bytes=-100", 206, "0123456789", "bytes 0-9/10"},
        {"bytes=5-100", 206, "56789", "bytes 5-9/10"},
        {"bytes=0-18446744073709551615", 206, "0123456789", "bytes 0-9/10"},
        {"bytes=0-99999999999999999999999999", 206, "0123456789", "bytes 0-9/10"},
        {"BYTES=1-2", 206, "12", "bytes 1-2/10"},
        {"bytes= 1-2 ", 206, "12", "bytes 1-2/10"},
        {"bytes=10-", 416, NULL, "bytes */10"},
        {"bytes=10-20", 416, NULL, "bytes */10"},
        {"bytes=-0", 416, NULL, "bytes */10"},
        {"bytes=18446744073709551616-", 416, NULL, "bytes */10"},
        {"bytes=5-2", 200, "0123456789", NULL},
        {"bytes=-", 200, "0123456789", NULL},
        {"bytes=a-b", 200, "0123456789", NULL},
        {"bytes=1", 200, "0123456789", NULL},
        {"bytes=", 200, "0123456789", NULL},
        {"items=0-1", 200, "0123456789", NULL},
        {"0-1", 200, "0123456789", NULL},
        {"bytes 0-1", 200, "0123456789", NULL},
    };
    scene_write(s, "a.bin", "0123456789");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get(client, "/a.bin");
    const char *tag = client_field(client, "ETag");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        client_get_with(client, "/a.bin", "Range: %s", rows[i].range);
        expect_status_of(client, rows[i].status, rows[i].range);
        if (rows[i].body)
            expect_body(client, rows[i].body);
        if (rows[i].content_range)
            expect_field(client, "Content-Range", rows[i].content_range);
        if (rows[i].status != 206)
            continue;
        expect_field(client, "ETag", tag);
        expect_field(client, "Content-Type", "application/octet-stream");
        expect_field(client, "Cache-Control", "no-cache");
    }
}

/* Reads a multipart content strictly: every part has its range and type, and the right octets of
 * `whole`. Returns the number of parts. */
static int read_parts(struct client *client, const char *whole)
{
    struct scene *s = client->scene;
    const char *type = client_field(client, "Content-Type");
    const char *boundary = strstr(type, "boundary=");
    const char *at = client->response.body;
    char line[300];
    int parts = 0;
    if (!boundary || !client->whole)
        return 0;
    boundary += strlen("boundary=");
    for (const char *lead = "";; lead = "\r\n", parts++) {
        snprintf(line, sizeof line, "%s--%s--\r\n", lead, boundary);
        if (strcmp(at, line) == 0)
            return parts;
        unsigned long long first, last;
        snprintf(line, sizeof line, "%s--%s\r\n", lead, boundary);
        if (strncmp(at, line, strlen(line)) != 0)
            scene_fail(s, "no boundary in front of part %d: \"%.60s\"", parts + 1, at);
        at += strlen(line);
        if (sscanf(at, "%*[^:]: %*[^:]: bytes %llu-%llu", &first, &last) != 2)
            scene_fail(s, "no range in part %d: \"%.80s\"", parts + 1, at);
        snprintf(line, sizeof line,
                 "Content-Type: application/octet-stream\r\n"
                 "Content-Range: bytes %llu-%llu/%zu\r\n\r\n",
                 first, last, strlen(whole));
        if (strncmp(at, line, strlen(line)) != 0 || last < first || last >= strlen(whole))
            scene_fail(s, "bad fields of part %d: \"%.80s\"", parts + 1, at);
        at += strlen(line);
        if (strncmp(at, whole + first, last - first + 1) != 0)
            scene_fail(s, "bad octets of part %d", parts + 1);
        at += last - first + 1;
    }
}

void tell_several_ranges(struct scene *s)
{
    static char whole[4001];
    for (int i = 0; i < 4000; i++)
        whole[i] = (char)('a' + i % 26);
    static const struct {
        const char *range;
        int parts; /* 0: one, by Content-Range; -1: the whole */
    } rows[] = {
        {"bytes=0-99,1000-1099", 2},    {"bytes=1000-1099,0-99", 2}, {"bytes=0-0,2000-2000,-1", 3},
        {"bytes=0-99,5000-", 0},        {"bytes=0-99,50-199", 0},    {"bytes=0-99,100-199", 0},
        {"bytes=0-99 , ,3000-3099", 2}, {"bytes=0-99,9-5", -1},
    };
    scene_write(s, "a.bin", whole);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        client_get_with(client, "/a.bin", "Range: %s", rows[i].range);
        expect_status_of(client, rows[i].parts < 0 ? 200 : 206, rows[i].range);
        if (rows[i].parts <= 0)
            continue;
        expect_no_field(client, "Content-Range");
        int parts = read_parts(client, whole);
        expect(s, parts == rows[i].parts);
    }
    client_get_with(client, "/a.bin", "Range: bytes=4000-,5000-6000");
    expect_status(client, 416);
}

/* Whatever is asked, the answer is not larger than two of the whole. */
void tell_range_amplification(struct scene *s)
{
    enum { WHOLE = 20000 };
    char *fields = malloc(60000);
    s->limits.head_size = 65536;
    scene_write_text(s, "a.bin", WHOLE, 9);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    static const char *const forms[] = {"0-,", "0-0,", "-1,", "%d-%d,", "0-%d,"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t len = (size_t)sprintf(fields, "Range: bytes=");
        for (int j = 0; j < 1500; j++) {
            char spec[40];
            if (i == 3)
                snprintf(spec, sizeof spec, "%d-%d,", 13 * j, 13 * j);
            else if (i == 4)
                snprintf(spec, sizeof spec, "0-%d,", WHOLE - 1 - j);
            else
                snprintf(spec, sizeof spec, "%s", forms[i]);
            len += (size_t)sprintf(fields + len, "%s", spec);
        }
        fields[len - 1] = '\0';
        client_get_with(client, "/a.bin", "%s", fields);
        expect(s, client->response.status == 200 || client->response.status == 206 ||
                      client->response.status == 416);
        expect(s, client->response.len <= 2 * WHOLE);
    }
    free(fields);
}

void tell_if_range(struct scene *s)
{
    scene_write(s, "a.png", "0123456789");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get(client, "/a.png");
    const char *tag = client_field(client, "ETag");
    const char *date = client_field(client, "Last-Modified");

    client_get_with(client, "/a.png", "Range: bytes=0-1\nIf-Range: %s", tag);
    expect_status(client, 206);
    expect_body(client, "01");
    expect_no_field(client, "Content-Type"); /* the client has it */
    expect_no_field(client, "Last-Modified");
    expect_field(client, "ETag", tag);
    client_get_with(client, "/a.png", "Range: bytes=0-1\nIf-Range: %s", date);
    expect_status(client, 206);
    client_get_with(client, "/a.png", "Range: bytes=0-1\nIf-Range: W/%s", tag);
    expect_status(client, 200);
    client_get_with(client, "/a.png", "Range: bytes=0-1\nIf-Range: %s, \"x\"", tag);
    expect_status(client, 200);
    client_get_with(client, "/a.png", "Range: bytes=0-1\nIf-Range: junk");
    expect_status(client, 200);
    client_get_with(client, "/a.png", "Range: bytes=100-\nIf-Range: \"other\"");
    expect_status(client, 200);
    client_get_with(client, "/a.png", "Range: bytes=100-\nIf-Range: %s", tag);
    expect_status(client, 416);

    scene_write(s, "a.png", "abcdefghij");
    scene_pass(s, SECONDS(5));
    client_get_with(client, "/a.png", "Range: bytes=5-\nIf-Range: %s", tag);
    expect_status(client, 200);
    expect_body(client, "abcdefghij");
    client_get_with(client, "/a.png", "Range: bytes=5-\nIf-Range: %s", date);
    expect_status(client, 200);
}

void tell_range_of_nothing(struct scene *s)
{
    scene_write(s, "empty.bin", "");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get(client, "/empty.bin");
    expect_status(client, 200);
    expect_length(client, 0);
    const char *tag = client_field(client, "ETag");
    client_get_with(client, "/empty.bin", "If-None-Match: %s", tag);
    expect_status(client, 304);
    client_get_with(client, "/empty.bin", "Range: bytes=0-");
    expect_status(client, 416);
    expect_field(client, "Content-Range", "bytes */0");
    client_get_with(client, "/empty.bin", "Range: bytes=-1");
    expect(s, client->response.status == 200 || client->response.status == 416);
}
