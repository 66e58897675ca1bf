/* Paths: which file a target means, and which it can never mean.
 */
#include "stories.h"

#include <stdlib.h>
#include <string.h>

static void expect_statuses(struct client *client, int status, const char *const *targets)
{
    for (; *targets; targets++) {
        client_get(client, *targets);
        expect_status_of(client, status, *targets);
        client_reopen(client);
        client_head(client, *targets);
        expect_status_of(client, status, *targets);
        client_reopen(client);
    }
}

void tell_index(struct scene *s)
{
    scene_write(s, "index.html", "root");
    scene_write(s, "docs/index.html", "docs");
    scene_write(s, "docs/a b.html", "space");
    scene_write(s, "files/x", "x");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get(client, "/");
    expect_body(client, "root");
    client_get(client, "/index.html");
    expect_body(client, "root");
    client_get(client, "/docs/");
    expect_body(client, "docs");
    client_get(client, "/docs/a%20b.html");
    expect_body(client, "space");
    client_get(client, "/d%6fcs/?query=1");
    expect_body(client, "docs");
    client_get(client, "/files/");
    expect_status(client, 404);
    client_get(client, "/index.html/");
    expect_status(client, 404);
    client_get(client, "/files/x/y");
    expect_status(client, 404);
    client_said(client, "GET");
    client_say(client, "GET ");
    client_say(client, scene_url(s, "/docs/?q"));
    client_say(client, " HTTP/1.1\r\nHost: other\r\n\r\n");
    client_hear(client);
    expect_body(client, "docs");
}

/* Path and query go back as they came: nothing of them can end the line. */
void tell_redirect(struct scene *s)
{
    static const char *const rows[][2] = {
        {"/dir", "/dir/"},         {"/dir?a=1&b=%0d%0aX:y", "/dir/?a=1&b=%0d%0aX:y"},
        {"/dir?", "/dir/?"},       {"/d%69r", "/d%69r/"},
        {"/dir/sub", "/dir/sub/"},
    };
    scene_write(s, "dir/index.html", "in it");
    fs_sim_make_directory(s->fs, "dir/sub");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        client_get_with(client, rows[i][0], "If-None-Match: *\nRange: bytes=0-0");
        expect_status_of(client, 301, rows[i][0]);
        expect_field(client, "Location", rows[i][1]);
        client_head(client, rows[i][0]);
        expect_status(client, 301);
    }
    client_get(client, "/%64ir//");
    expect_status(client, 404);
    client_get(client, "//dir");
    expect(s, client->response.status == 404 || client->response.status == 400);
}

void tell_page_of_404(struct scene *s)
{
    struct client *client = scene_client(s);
    client_get(client, "/none");
    expect_status(client, 404);
    expect_field_has(client, "Content-Type", "text/html");
    scene_write(s, "404.html", "<h1>not here</h1>");
    scene_pass(s, SECONDS(10));
    client_get(client, "/none");
    expect_status(client, 404);
    expect_body(client, "<h1>not here</h1>");
    const char *tag = client_field(client, "ETag");
    client_get_with(client, "/none/at/all", "If-None-Match: %s\nRange: bytes=0-1",
                    *tag ? tag : "*");
    expect_status(client, 404);
    expect_body(client, "<h1>not here</h1>");
    client_get_with(client, "/none", "If-Match: \"x\"");
    expect_status(client, 404);
    client_head(client, "/none");
    expect_status(client, 404);
    client_get(client, "/404.html"); /* by its own name a file like any other */
    expect_status(client, 200);
    scene_write(s, "404.html", "<h1>gone away</h1>");
    client_get(client, "/none");
    expect_body(client, "<h1>gone away</h1>");
    scene_remove(s, "404.html");
    client_get(client, "/none");
    expect_status(client, 404);
}

void tell_spa(struct scene *s)
{
    s->options.spa = true;
    scene_write(s, "index.html", "<app>");
    scene_write(s, "app.js", "run()");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get(client, "/some/deep/route");
    expect_status(client, 200);
    expect_body(client, "<app>");
    expect_field_has(client, "Content-Type", "text/html");
    const char *tag = client_field(client, "ETag");
    client_get_with(client, "/another", "If-None-Match: %s", tag);
    expect_status(client, 304);
    client_get(client, "/app.js");
    expect_body(client, "run()");
    scene_write(s, "index.html", "<new>");
    client_get_with(client, "/another", "If-None-Match: %s", tag);
    expect_status(client, 200);
    expect_body(client, "<new>");
}

/* Nothing hidden, nothing outside. */
void tell_hidden_and_outside(struct scene *s)
{
    static const char *const hidden[] = {"/.git/config",
                                         "/.env",
                                         "/docs/.htpasswd",
                                         "/%2egit/config",
                                         "/%2Eenv",
                                         "/.%67it/config",
                                         "/docs/..",
                                         "/docs/../.env",
                                         "/../etc/passwd",
                                         "/%2e%2e/etc/passwd",
                                         "/%2e%2e%2fetc%2fpasswd",
                                         "/..%2fetc/passwd",
                                         "/docs/%2e%2e/%2e%2e/etc/passwd",
                                         "/..%5c..%5cetc/passwd",
                                         "/docs//a.txt",
                                         "//etc/passwd",
                                         "/./docs/a.txt",
                                         "/docs/./a.txt",
                                         "/docs/a.txt/..",
                                         NULL};
    static const char *const broken[] = {"/%00", "/a%00.txt", "/docs/a.txt%00", "/%", "/%2",
                                         "/%zz", NULL};
    scene_write(s, ".git/config", "secret");
    scene_write(s, ".env", "secret");
    scene_write(s, "docs/.htpasswd", "secret");
    scene_write(s, "docs/a.txt", "open");
    scene_write(s, ".well-known/acme-challenge/token", "proof");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    for (const char *const *target = hidden; *target; target++) {
        client_get(client, *target);
        expect(s, client->response.status == 404 || client->response.status == 400);
        expect(s, !client->response.body || !strstr(client->response.body, "secret"));
        client_reopen(client);
    }
    expect_statuses(client, 400, broken);
    client_get(client, "/docs/a.txt");
    expect_body(client, "open");
    client_get(client, "/.well-known/acme-challenge/token");
    expect_body(client, "proof");
    client_get(client, "/docs%2fa.txt"); /* an encoded slash is a slash, or nothing; never else */
    expect(s, client->response.status == 200 || client->response.status == 404);
}

void tell_symlinks(struct scene *s)
{
    scene_write(s, "real/a.txt", "inside");
    fs_sim_symlink(s->fs, "link.txt", "real/a.txt");
    fs_sim_symlink(s->fs, "dir", "real");
    fs_sim_symlink(s->fs, "real/up", "../real");
    fs_sim_symlink(s->fs, "out", "../../etc");
    fs_sim_symlink(s->fs, "passwd", "/etc/passwd");
    fs_sim_symlink(s->fs, "loop", "loop");
    fs_sim_symlink(s->fs, "dangling", "nowhere");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    static const char *const good[] = {"/link.txt", "/dir/a.txt", "/real/up/a.txt", NULL};
    static const char *const bad[] = {"/out/passwd", "/out",   "/out/",     "/passwd",
                                      "/loop",       "/loop/", "/dangling", NULL};
    for (const char *const *target = good; *target; target++) {
        client_get(client, *target);
        expect_status_of(client, 200, *target);
        expect_body(client, "inside");
    }
    expect_statuses(client, 404, bad);
    /* a file that turns into a link outwards is gone at once */
    client_get(client, "/real/a.txt");
    const char *tag = client_field(client, "ETag");
    scene_remove(s, "real/a.txt");
    fs_sim_symlink(s->fs, "real/a.txt", "/etc/passwd");
    client_get_with(client, "/real/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 404);
}

void tell_no_regular_files(struct scene *s)
{
    scene_write(s, "a.txt", "regular");
    fs_sim_fifo(s->fs, "pipe");
    fs_sim_fifo(s->fs, "dir/index.html");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    static const char *const targets[] = {"/pipe", "/dir/", NULL};
    for (const char *const *target = targets; *target; target++) {
        client_get(client, *target);
        expect(s, client->response.status == 404 || client->response.status == 403);
    }
    client_get(client, "/a.txt");
    scene_remove(s, "a.txt");
    fs_sim_fifo(s->fs, "a.txt");
    client_get(client, "/a.txt");
    expect(s, client->response.status == 404 || client->response.status == 403);
}

void tell_not_readable(struct scene *s)
{
    scene_write(s, "a.txt", "mine");
    scene_write(s, "dir/b.txt", "mine too");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get(client, "/a.txt");
    expect_status(client, 200);
    const char *tag = client_field(client, "ETag");
    fs_sim_forbid(s->fs, "a.txt", true);
    client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 403);
    fs_sim_forbid(s->fs, "dir", true);
    client_get(client, "/dir/b.txt");
    expect_status(client, 403);
    client_get(client, "/dir/none");
    expect_status(client, 403);
    fs_sim_forbid(s->fs, "a.txt", false);
    fs_sim_forbid(s->fs, "dir", false);
    client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 304);
    client_get(client, "/dir/b.txt");
    expect_status(client, 200);
}

void tell_odd_names(struct scene *s)
{
    scene_write(s, "a?b.txt", "question");
    scene_write(s, "a%b.txt", "percent");
    scene_write(s, "\xc3\xa4.txt", "umlaut");
    scene_write(s, "a\tb\n.txt", "controls");
    scene_write(s, "semi;colon.txt", "semi");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    static const char *const rows[][2] = {
        {"/a%3fb.txt", "question"},    {"/a%25b.txt", "percent"},   {"/%C3%A4.txt", "umlaut"},
        {"/a%09b%0a.txt", "controls"}, {"/semi;colon.txt", "semi"}, {"/semi%3bcolon.txt", "semi"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        client_get(client, rows[i][0]);
        expect_status_of(client, 200, rows[i][0]);
        expect_body(client, rows[i][1]);
    }
    client_get(client, "/a?b.txt");
    expect_status(client, 404);
    char *longest = malloc(9000);
    memset(longest, 'x', 8000);
    longest[0] = '/';
    longest[8000] = '\0';
    client_get(client, longest); /* a name that no file can have */
    expect_status(client, 404);
    for (int i = 0; i < 8000; i += 2)
        memcpy(longest + i, "/y", 2);
    client_get(client, longest); /* a path that is too long */
    expect_status(client, 404);
    free(longest);
}

void tell_types(struct scene *s)
{
    static const char *const rows[][2] = {
        {"a.html", "text/html; charset=utf-8"},
        {"a.css", "text/css; charset=utf-8"},
        {"a.js", "text/javascript; charset=utf-8"},
        {"a.mjs", "text/javascript; charset=utf-8"},
        {"a.json", "application/json"},
        {"a.svg", "image/svg+xml"},
        {"a.png", "image/png"},
        {"a.wasm", "application/wasm"},
        {"a.txt", "text/plain; charset=utf-8"},
        {"A.HTML", "text/html; charset=utf-8"},
        {"a.unheard-of", "text/plain; charset=utf-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        scene_write(s, rows[i][0], "plain words");
    scene_write_bytes(s, "noise", "\x00\xff\xfe\x80", 4);
    scene_write_bytes(s, "latin.html", "caf\xe9", 4);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char target[40];
        snprintf(target, sizeof target, "/%s", rows[i][0]);
        client_get(client, target);
        expect_field(client, "Content-Type", rows[i][1]);
        expect_field(client, "X-Content-Type-Options", "nosniff");
    }
    client_get(client, "/noise");
    expect_field(client, "Content-Type", "application/octet-stream");
    client_get(client, "/latin.html");
    expect_field(client, "Content-Type", "text/html");
}

void tell_freshness(struct scene *s)
{
    s->rules[0] = (struct files_rule){"private/*", "no-store"};
    s->rules[1] = (struct files_rule){"*.pdf", "max-age=60"};
    s->rules[2] = (struct files_rule){"bare/*", ""};
    s->options.rule_count = 3;
    static const char *const rows[][2] = {
        {"index.html", "no-cache"},
        {"app.4f3c9a1b.js", "max-age=31536000, immutable"},
        {"assets/index-DiwrgTda.js", "max-age=31536000, immutable"},
        {"app.js", "no-cache"},
        {"private/a.pdf", "no-store"},
        {"b.pdf", "max-age=60"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        scene_write(s, rows[i][0], "fresh");
    scene_write(s, "bare/x.html", "bare");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char target[60];
        snprintf(target, sizeof target, "/%s", rows[i][0]);
        client_get(client, target);
        expect_field(client, "Cache-Control", rows[i][1]);
        const char *tag = client_field(client, "ETag");
        client_get_with(client, target, "If-None-Match: %s", tag);
        expect_status(client, 304);
        expect_field(client, "Cache-Control", rows[i][1]);
    }
    client_get(client, "/bare/x.html");
    expect_no_field(client, "Cache-Control");
}

/* ---- listings ---- */

void tell_browse(struct scene *s)
{
    s->options.browse = true;
    scene_write(s, "with/index.html", "mine");
    scene_write(s, "dir/b.txt", "bb");
    scene_write(s, "dir/sub/c.txt", "c");
    scene_write(s, "dir/.hidden", "no");
    fs_sim_symlink(s->fs, "dir/out", "/etc/passwd");
    fs_sim_fifo(s->fs, "dir/pipe");
    fs_sim_symlink(s->fs, "outside", "/etc");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get(client, "/with/");
    expect_body(client, "mine");
    client_get(client, "/dir/");
    expect_status(client, 200);
    expect_field(client, "Content-Type", "text/html; charset=utf-8");
    expect_body_has(client, "href=\"./b.txt\"");
    expect_body_has(client, "href=\"./sub/\"");
    expect_no_part(client, "hidden");
    expect_no_part(client, "pipe");
    expect_no_part(client, "passwd");
    expect_no_part(client, "\"out");
    const char *tag = client_field(client, "ETag");
    client_get_with(client, "/dir/", "If-None-Match: %s", tag);
    expect_status(client, 304);
    client_get(client, "/dir");
    expect_status(client, 301);
    client_get(client, "/none/");
    expect_status(client, 404);
    client_get(client, "/outside/");
    expect_status(client, 404);

    scene_write(s, "dir/new.txt", "n");
    client_get_with(client, "/dir/", "If-None-Match: %s", tag);
    expect_status(client, 200);
    expect_body_has(client, "new.txt");
    tag = client_field(client, "ETag");
    scene_write(s, "dir/b.txt", "longer than before");
    scene_pass(s, SECONDS(5));
    client_get_with(client, "/dir/", "If-None-Match: %s", tag);
    expect_status(client, 200);
    scene_write(s, "dir/index.html", "a page of its own");
    client_get_with(client, "/dir/", "If-None-Match: %s", tag);
    expect_status(client, 200);
    expect_body(client, "a page of its own");
    scene_remove(s, "dir/index.html");
    client_get(client, "/dir/");
    expect_body_has(client, "new.txt");
}

void tell_browse_hostile_names(struct scene *s)
{
    static const char *const names[] = {"<script>alert(1)<|script>",
                                        "\"onmouseover=\"x",
                                        "'quote'",
                                        "a&amp;b",
                                        "javascript:x",
                                        "\xe2\x80\xaetxt.exe",
                                        "\xff\xfe",
                                        "new\nline",
                                        "esc\x1b[31m",
                                        "per%cent"};
    s->options.browse = true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[60];
        snprintf(path, sizeof path, "d/%s", names[i]);
        scene_write(s, path, "x");
    }
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get(client, "/d/");
    expect_status(client, 200);
    expect_no_part(client, "<script");
    expect_no_part(client, "href=\"javascript:");
    expect_body_has(client, "href=\"./%22onmouseover%3D%22x\"");
    expect_no_part(client, "\xff");
    expect_no_part(client, "\x1b");
    expect_body_has(client, "href=\"./%3Cscript%3Ealert%281%29%3C%7Cscript%3E\"");
    expect_body_has(client, "a&amp;amp;b");
    client_get(client, "/d/%3Cscript%3Ealert%281%29%3C%7Cscript%3E");
    expect(s, client->response.status == 404 || client->response.status == 200);
}

/* The listing of a directory that changes or vanishes meanwhile. */
static void remove_the_directory(struct fs *fs, void *owner)
{
    (void)owner;
    fs_sim_remove(fs, "dir");
}

void tell_browse_and_removal(struct scene *s)
{
    s->options.browse = true;
    scene_write(s, "dir/b.txt", "bb");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get(client, "/dir/");
    expect_status(client, 200);
    fs_sim_after(s->fs, (struct fs_sim_point){FS_SIM_STATE, "dir", 1}, remove_the_directory, s);
    client_get(client, "/dir/");
    expect(s, client->response.status == 404 || client->response.status == 200);
    client_get(client, "/dir/");
    expect_status(client, 404);
}
