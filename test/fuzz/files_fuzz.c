/* Paths: whatever is asked for, in whatever coding, only what is public is answered, each answer
 * bears the tag of its bytes, and nothing outside the tree or hidden in it is told. The first octet
 * chooses the site and what is accepted, the rest is the path. */
#include <string.h>

#include "base/container.h"
#include "io/fs_sim.h"
#include "io/loop_sim.h"
#include "origin/files.h"

#include "fuzz.h"

enum { SITES = 4 };

static const char public_text[] = "public";

struct site {
    struct sim_world *world;
    struct fs *fs;
    struct loop *loop;
    struct work *work;
    struct library *library;
    struct files *files;
    uint64_t moment;
};

static struct site sites[SITES];

static void build_tree(struct site *site, bool page)
{
    static char text[2000];
    memset(text, 'p', sizeof text);
    memcpy(text, public_text, sizeof public_text - 1);
    static const char *const public_paths[] = {
        "a",     "index.html",    "b.txt",        "d/e/f.css", "d/index.html",
        "d/a b", ".well-known/x", "d/\xff\x01%2e"};
    static const char *const secret_paths[] = {".s",    ".git/config",    "d/.s",    "d/e/.s/t",
                                               "d/..x", ".well-known/.s", "vault/x", "locked"};
    for (size_t i = 0; i < sizeof public_paths / sizeof public_paths[0]; i++)
        fs_sim_write(site->fs, public_paths[i], text, sizeof text);
    for (size_t i = 0; i < sizeof secret_paths / sizeof secret_paths[0]; i++)
        fs_sim_say(site->fs, secret_paths[i], "secret");
    if (page)
        fs_sim_write(site->fs, "404.html", text, sizeof text);
    fs_sim_forbid(site->fs, "vault", true);
    fs_sim_forbid(site->fs, "locked", true);
    fs_sim_symlink(site->fs, "in", "d/e");
    fs_sim_symlink(site->fs, "out", "../x");
    fs_sim_symlink(site->fs, "root", "/");
    fs_sim_symlink(site->fs, "l", "l");
    fs_sim_fifo(site->fs, "fifo");
}

static void build(struct site *site, unsigned kind)
{
    struct files_options options = files_options_default();
    options.spa = kind == 1;
    options.browse = kind == 2;
    options.paths_max = 100;
    site->world = sim_world_new(1);
    site->fs = fs_sim_new(site->world);
    build_tree(site, kind == 3);
    sim_world_advance(site->world, INT64_C(10000000000));
    site->loop = sim_world_loop(site->world);
    site->work = work_new_sim(site->loop);
    const struct library_setup setup = {
        .fs = site->fs, .work = site->work, .now = sim_world_wall(site->world)};
    site->library = library_open(&setup, &options);
    must(site->library);
    site->files = files_open(site->library, site->loop);
    must(site->files);
}

struct question {
    struct files_query query;
    struct task begin;
    struct files *files;
    enum files_answer answer;
};

static void question_ask(struct task *task)
{
    struct question *question = CONTAINER(task, struct question, begin);
    question->answer = files_find(question->files, &question->query);
}

static void question_again(struct task *task)
{
    struct question *question = CONTAINER(task, struct question, query.waiter);
    question_ask(&question->begin);
}

/* The tag is that of the bytes. */
static void check_tag(const struct representation *representation)
{
    const struct chunk *bytes = representation->bytes;
    char tag[DIGEST_TAG_ROOM];
    must(bytes && bytes->len == representation->length);
    const struct digest digest = digest_of(bytes->bytes, bytes->len);
    digest_tag(&digest, STET_CODING_IDENTITY, false, tag);
    must(representation->etag_text.len >= 26 && memcmp(representation->etag_text.at, tag, 25) == 0);
}

static void check_answer(const struct question *question)
{
    struct representation *representation = question->query.representation;
    must(question->answer != FILES_WAIT && question->answer != FILES_BROKEN);
    must(question->answer != FILES_FOUND || representation);
    if (!representation)
        return;
    must(question->answer == FILES_FOUND || question->answer == FILES_MISSING);
    must(representation->status == (question->answer == FILES_FOUND ? 200 : 404));
    check_tag(representation);
    const struct chunk *bytes = representation->bytes;
    if (!memmem(representation->whole.at, representation->whole.len, "Content-Encoding", 16))
        must(memcmp(bytes->bytes, public_text, sizeof public_text - 1) == 0 ||
             memcmp(bytes->bytes, "<!DOCTYPE html>", 15) == 0);
    must(!memmem(bytes->bytes, bytes->len, "secret", 6));
    representation_unref(representation);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 8192)
        return 0;
    struct site *site = &sites[data[0] % SITES];
    if (!site->world)
        build(site, data[0] % SITES);
    struct question question = {.files = site->files,
                                .begin.run = question_ask,
                                .answer = FILES_WAIT,
                                .query = {.path = {(const char *)data + 1, size - 1},
                                          .moment = ++site->moment,
                                          .waiter.run = question_again}};
    question.query.accepted.weight[STET_CODING_IDENTITY] = data[0] & 64 ? 0 : 500;
    question.query.accepted.weight[data[0] >> 4 & 3] = 1000;
    loop_post(site->loop, &question.begin);
    sim_world_run_until_idle(site->world);
    check_answer(&question);
    return 0;
}
