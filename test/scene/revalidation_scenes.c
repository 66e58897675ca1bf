/* Revalidation: a 304 as long as the bytes are the same, a 200 as soon as they are not, whatever
 * was done to names and times.
 */
#include "stories.h"

#include <string.h>

/* The tag that "/" has now. */
static const char *tag_of(struct client *client, const char *target)
{
    client_get(client, target);
    expect_status(client, 200);
    return client_field(client, "ETag");
}

static void expect_unchanged(struct client *client, const char *target, const char *tag)
{
    client_get_with(client, target, "If-None-Match: %s", tag);
    expect_status(client, 304);
    expect_field(client, "ETag", tag);
}

void tell_revalidate(struct scene *s)
{
    scene_write(s, "index.html", "<p>one</p>");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);

    client_get(client, "/");
    expect_status(client, 200);
    expect_body(client, "<p>one</p>");
    expect_field(client, "Cache-Control", "no-cache");
    expect_field(client, "Accept-Ranges", "bytes");
    expect_field(client, "X-Content-Type-Options", "nosniff");
    expect_field(client, "Content-Type", "text/html; charset=utf-8");
    const char *tag = client_field(client, "ETag");
    expect(s, tag[0] == '"');
    client_get_with(client, "/", "If-None-Match: %s", tag);
    expect_status(client, 304);
    expect_field(client, "ETag", tag);
    expect_field(client, "Cache-Control", "no-cache");
    expect_no_field(client, "Last-Modified");

    scene_touch(s, "index.html");
    scene_pass(s, SECONDS(5));
    expect_unchanged(client, "/", tag);

    scene_edit_keeping_times(s, "index.html", "<p>two</p>");
    scene_pass(s, SECONDS(5));
    client_get_with(client, "/", "If-None-Match: %s", tag);
    expect_status(client, 200);
    expect_body(client, "<p>two</p>");
}

/* A touch says nothing of the bytes: neither tag nor date may move. */
void tell_touch(struct scene *s)
{
    scene_write(s, "a.txt", "as ever");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    const char *tag = tag_of(client, "/a.txt");
    const char *date = client_field(client, "Last-Modified");

    for (int i = 0; i < 3; i++) {
        scene_touch(s, "a.txt");
        client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
        expect_status(client, 304);
        scene_pass(s, SECONDS(50));
        client_get_with(client, "/a.txt", "If-Modified-Since: %s", date);
        expect_status(client, 304);
        client_get(client, "/a.txt");
        expect_field(client, "ETag", tag);
        expect_field(client, "Last-Modified", date);
    }
    scene_touch_at(s, "a.txt", 1000000000); /* into the past */
    scene_pass(s, SECONDS(5));
    expect_unchanged(client, "/a.txt", tag);
}

void tell_renamed_over(struct scene *s)
{
    scene_write(s, "app.css", "p { color: red }");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    const char *tag = tag_of(client, "/app.css");

    scene_replace(s, "app.css", "p { color: red }"); /* a redeploy of the same */
    scene_pass(s, SECONDS(10));
    expect_unchanged(client, "/app.css", tag);

    scene_replace(s, "app.css", "p { color: tan }"); /* as long as before */
    client_get_with(client, "/app.css", "If-None-Match: %s", tag);
    expect_status(client, 200);
    expect_body(client, "p { color: tan }");
}

/* What a deploy by symbolic link does: all files change at one moment. */
void tell_switched_by_link(struct scene *s)
{
    scene_write(s, "release-1/app.js", "version(1)");
    scene_write(s, "release-1/same.js", "same()");
    scene_write(s, "release-2/app.js", "version(2)");
    scene_write(s, "release-2/same.js", "same()");
    fs_sim_symlink(s->fs, "current", "release-1");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    const char *app = tag_of(client, "/current/app.js");
    expect_body(client, "version(1)");
    const char *same = tag_of(client, "/current/same.js");

    fs_sim_symlink(s->fs, "current", "release-2");
    client_get_with(client, "/current/app.js", "If-None-Match: %s", app);
    expect_status(client, 200);
    expect_body(client, "version(2)");
    expect_unchanged(client, "/current/same.js", same);

    fs_sim_symlink(s->fs, "current", "release-1"); /* and back */
    expect_unchanged(client, "/current/app.js", app);
}

void tell_directory_renamed(struct scene *s)
{
    scene_write(s, "site/a.txt", "old");
    scene_write(s, "next/a.txt", "new");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    const char *tag = tag_of(client, "/site/a.txt");

    fs_sim_remove(s->fs, "site");
    history_remove(s->history, "site");
    client_get_with(client, "/site/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 404);

    fs_sim_rename(s->fs, "next", "site");
    history_write(s->history, "site/a.txt", "new", 3);
    client_get_with(client, "/site/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 200);
    expect_body(client, "new");
}

/* Two names of one file: an edit through one of them changes both. */
void tell_hard_links(struct scene *s)
{
    scene_write(s, "a.txt", "one");
    fs_sim_link(s->fs, "a.txt", "b.txt");
    history_write(s->history, "b.txt", "one", 3);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    const char *tag = tag_of(client, "/b.txt");
    client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 304); /* the content makes the tag */

    scene_write(s, "a.txt", "two");
    history_write(s->history, "b.txt", "two", 3);
    client_get_with(client, "/b.txt", "If-None-Match: %s", tag);
    expect_status(client, 200);
    expect_body(client, "two");
}

void tell_removed_and_back(struct scene *s)
{
    scene_write(s, "a.txt", "here");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    const char *tag = tag_of(client, "/a.txt");

    scene_remove(s, "a.txt");
    client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 404);
    client_get_with(client, "/a.txt", "If-None-Match: *");
    expect_status(client, 404);
    client_get_with(client, "/a.txt", "If-Match: *");
    expect_status(client, 404);

    scene_write(s, "a.txt", "here");
    scene_pass(s, SECONDS(10));
    expect_unchanged(client, "/a.txt", tag);
    scene_write(s, "a.txt", "gone");
    client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 200);
}

/* The clock of the file system stands still between two edits, so no stamp tells them apart. */
void tell_edit_within_a_tick(struct scene *s)
{
    scene_write(s, "a.txt", "one");
    struct client *client = scene_client(s);
    client_get(client, "/a.txt");
    expect_status(client, 200);
    const char *weak = client_field(client, "ETag");
    expect(s, strncmp(weak, "W/\"", 3) == 0);
    expect_unchanged(client, "/a.txt", weak);

    scene_edit_within_tick(s, "a.txt", "two");
    client_get_with(client, "/a.txt", "If-None-Match: %s", weak);
    expect_status(client, 200);
    expect_body(client, "two");
    const char *second = client_field(client, "ETag");
    expect(s, strncmp(second, "W/\"", 3) == 0 && strcmp(second, weak) != 0);

    scene_pass(s, SECONDS(3));
    client_get_with(client, "/a.txt", "If-None-Match: %s", second);
    expect_status(client, 304);
    expect_field(client, "ETag", second + 2); /* the same octets, now strong */
    client_get(client, "/a.txt");
    expect_field(client, "ETag", second + 2);
}

/* A weak tag does not do where bytes are put together. */
void tell_weak_tag_is_weak(struct scene *s)
{
    scene_write(s, "a.txt", "abcdefgh");
    struct client *client = scene_client(s);
    client_get(client, "/a.txt");
    const char *weak = client_field(client, "ETag");

    client_get_with(client, "/a.txt", "If-Match: %s", weak);
    expect_status(client, 412);
    client_get_with(client, "/a.txt", "Range: bytes=0-3\nIf-Range: %s", weak);
    expect_status(client, 200);
    expect_body(client, "abcdefgh");
    client_get_with(client, "/a.txt", "Range: bytes=0-3");
    expect_status(client, 206);
    expect_field(client, "ETag", weak);
}

/* Fills a form: %t is the tag, %d the date, %b a second before, %a a second after. */
static const char *filled(struct scene *s, const char *form, const char *tag, int64_t date)
{
    char text[600];
    char *to = text;
    for (; *form; form++) {
        const char *value = NULL;
        if (*form == '%')
            value = *++form == 't' ? tag
                    : *form == 'd' ? scene_date(date)
                    : *form == 'a' ? scene_date(date + 1)
                                   : scene_date(date - 1);
        if (value)
            to = stpcpy(to, value);
        else
            *to++ = *form;
    }
    *to = '\0';
    return scene_keep(s, text);
}

struct condition_row {
    const char *form;
    int status;
};

static const struct condition_row list_rows[] = {
    {"If-None-Match: \"x\", %t", 304},
    {"If-None-Match: %t, \"x\"", 304},
    {"If-None-Match: \"a,b\" ,, ,%t , W/\"c\"", 304},
    {"If-None-Match: W/%t", 304},
    {"If-None-Match: \"x\"\nIf-None-Match: %t", 304},
    {"If-None-Match: *", 304},
    {"if-none-match:%t", 304},
    {"If-None-Match: junk, %t", 304},
    {"If-None-Match: \"x\", W/\"y\"", 200},
    {"If-None-Match: w/%t", 200},
    {"If-None-Match: *, %t", 200},
    {"If-None-Match: ", 200},
    {"If-None-Match: \"open", 200},
    {"If-None-Match: \"\"", 200},
};

void tell_tag_lists(struct scene *s)
{
    scene_write(s, "a.txt", "list me");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    const char *tag = tag_of(client, "/a.txt");
    for (size_t i = 0; i < sizeof list_rows / sizeof *list_rows; i++) {
        client_get_with(client, "/a.txt", "%s", filled(s, list_rows[i].form, tag, 0));
        expect_status_of(client, list_rows[i].status, list_rows[i].form);
    }
    client_get_with(client, "/a.txt", "If-None-Match: %.*s", (int)strlen(tag) - 2, tag + 1);
    expect_status(client, 200); /* no quotes, no tag */
}

void tell_missing_and_conditions(struct scene *s)
{
    scene_write(s, "a.txt", "a");
    struct client *client = scene_client(s);
    client_get_with(client, "/none", "If-None-Match: *");
    expect_status(client, 404);
    client_get_with(client, "/none", "If-Match: \"x\"");
    expect_status(client, 404);
    client_get_with(client, "/none", "If-Unmodified-Since: %s", scene_date(0));
    expect_status(client, 404);
    client_get_with(client, "/none", "If-Modified-Since: %s", scene_date(scene_seconds(s)));
    expect_status(client, 404);
    client_get_with(client, "/none", "Range: bytes=0-0");
    expect_status(client, 404);
}

static const struct condition_row order_rows[] = {
    {"If-Match: %t", 200},
    {"If-Match: *", 200},
    {"If-Match: \"x\"", 412},
    {"If-Match: \"x\", %t", 200},
    {"If-Match: *, %t", 200},
    {"If-Match: junk", 412},
    {"If-Unmodified-Since: %d", 200},
    {"If-Unmodified-Since: %a", 200},
    {"If-Unmodified-Since: %b", 412},
    {"If-Unmodified-Since: yesterday", 200},
    {"If-Match: %t\nIf-Unmodified-Since: %b", 200},
    {"If-Match: \"x\"\nIf-Unmodified-Since: %a", 412},
    {"If-None-Match: \"x\"\nIf-Modified-Since: %d", 200},
    {"If-None-Match: %t\nIf-Modified-Since: %b", 304},
    {"If-Modified-Since: %d", 304},
    {"If-Modified-Since: %a", 304},
    {"If-Modified-Since: %b", 200},
    {"If-Modified-Since: junk", 200},
    {"If-Modified-Since: %d\nIf-Modified-Since: %d", 200},
    {"If-Match: %t\nIf-None-Match: %t", 304},
    {"If-Match: \"x\"\nIf-None-Match: %t", 412},
    {"If-Match: %t\nIf-None-Match: \"x\"", 200},
    {"If-Unmodified-Since: %b\nIf-None-Match: %t", 412},
    {"If-Unmodified-Since: %d\nIf-Modified-Since: %d", 304},
    {"If-Unmodified-Since: %b\nIf-Modified-Since: %d", 412},
    {"If-None-Match: %t\nRange: bytes=0-1", 304},
    {"If-None-Match: \"x\"\nRange: bytes=0-1", 206},
    {"If-Match: \"x\"\nRange: bytes=0-1", 412},
    {"If-Match: %t\nRange: bytes=0-1\nIf-Range: %t", 206},
    {"If-Match: %t\nRange: bytes=0-1\nIf-Range: \"x\"", 200},
    {"Range: bytes=0-1\nIf-Range: %d", 206},
    {"Range: bytes=0-1\nIf-Range: %a", 200},
    {"If-Range: \"x\"", 200},
};

void tell_order_of_conditions(struct scene *s)
{
    scene_write(s, "a.png", "in this order");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    const char *tag = tag_of(client, "/a.png");
    const int64_t date = response_date(client_field(client, "Last-Modified"));
    for (size_t i = 0; i < sizeof order_rows / sizeof *order_rows; i++) {
        const struct condition_row *row = &order_rows[i];
        const char *fields = filled(s, row->form, tag, date);
        client_get_with(client, "/a.png", "%s", fields);
        expect_status_of(client, row->status, row->form);
        client_head_with(client, "/a.png", "%s", fields);
        expect_status_of(client, row->status == 206 ? 200 : row->status, row->form);
    }
}

void tell_forms_of_dates(struct scene *s)
{
    scene_write(s, "a.txt", "dated");
    scene_touch_at(s, "a.txt", 784111777); /* Sun, 06 Nov 1994 08:49:37 GMT */
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    client_get(client, "/a.txt");
    expect_field(client, "Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
    static const struct {
        const char *date;
        int status;
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 304},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 304},
        {"Sun Nov  6 08:49:37 1994", 304},
        {"Sun, 06 Nov 1994 08:49:36 GMT", 200},
        {"Sunday, 06-Nov-94 08:49:36 GMT", 200},
        {"Sun Nov  6 08:49:36 1994", 200},
        {"Sun, 06 Nov 1994 08:49:37 +0000", 200},
        {"Sun, 06 Nov 1994 08:49:37 CET", 200},
        {"1994-11-06T08:49:37Z", 200},
        {"784111777", 200},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 304},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 200},
        {"Sun, 06 Nov 1994 08:49:60 GMT", 304},
        {"Sun, 06 Nov 1994 24:49:37 GMT", 200},
        {"Sun, 06 Nov 0000 08:49:37 GMT", 200},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        client_get_with(client, "/a.txt", "If-Modified-Since: %s", rows[i].date);
        expect_status_of(client, rows[i].status, rows[i].date);
    }
}

/* HEAD is GET without content, with and without conditions. */
void tell_head(struct scene *s)
{
    scene_write_text(s, "a.txt", 3000, 1);
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    static const char *const fields[] = {"ETag",          "Last-Modified",   "Content-Type",
                                         "Cache-Control", "Content-Length",  "Vary",
                                         "Accept-Ranges", "Content-Encoding"};
    static const char *const accepts[] = {"identity", "gzip", "br"};
    for (size_t i = 0; i < sizeof accepts / sizeof *accepts; i++) {
        const char *values[8];
        client_get_with(client, "/a.txt", "Accept-Encoding: %s", accepts[i]);
        expect_status(client, 200);
        for (int j = 0; j < 8; j++)
            values[j] = client_field(client, fields[j]);
        client_head_with(client, "/a.txt", "Accept-Encoding: %s", accepts[i]);
        expect_status(client, 200);
        for (int j = 0; j < 8; j++)
            expect(s, strcmp(values[j], client_field(client, fields[j])) == 0);
        client_head_with(client, "/a.txt", "Accept-Encoding: %s\nIf-None-Match: %s", accepts[i],
                         values[0]);
        expect_status(client, 304);
        expect_field(client, "ETag", values[0]);
    }
    client_head(client, "/none");
    expect_status(client, 404);
    client_head_with(client, "/a.txt", "Range: bytes=0-1");
    expect_status(client, 200);
}

/* A file that changes while it is read is served as one of its versions, or not at all. */
static void append_more(struct fs *fs, void *owner)
{
    (void)fs;
    scene_write(owner, "a.txt", "second");
}

void tell_changed_while_read(struct scene *s)
{
    scene_write(s, "a.txt", "first!");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    fs_sim_after(s->fs, (struct fs_sim_point){FS_SIM_READ, "a.txt", 1}, append_more, s);
    client_get(client, "/a.txt");
    expect_status(client, 200);
    expect_body(client, "second");
    const char *tag = client_field(client, "ETag");
    client_get_with(client, "/a.txt", "If-None-Match: %s", tag);
    expect_status(client, 304);
}

static void change_again(struct fs *fs, void *owner)
{
    struct scene *s = owner;
    char text[64];
    snprintf(text, sizeof text, "%.*s", (int)history_now(s->history) % 60,
             "a text that is longer and longer and longer and longer still");
    scene_write(s, "a.txt", text);
    fs_sim_after(fs, (struct fs_sim_point){FS_SIM_READ, "a.txt", 1}, change_again, s);
}

/* One that never holds still gets no validator. */
void tell_never_still(struct scene *s)
{
    scene_write(s, "a.txt", "000000");
    scene_pass(s, SECONDS(10));
    struct client *client = scene_client(s);
    fs_sim_after(s->fs, (struct fs_sim_point){FS_SIM_READ, "a.txt", 1}, change_again, s);
    for (int i = 0; i < 3; i++) {
        client_ask(client, "/a.txt");
        if (client_hear_any(client)) {
            expect_no_field(client, "ETag");
        } else {
            client_again(client);
        }
    }
}
