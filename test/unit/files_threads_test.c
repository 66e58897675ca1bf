/* The machine's files, loops and threads: two workers ask while files are edited and walked over.
 * Each answer must bear the tag of its bytes, and be no older than the question. For TSan as well.
 */
#include "base/container.h"
#include "origin/files.h"
#include "stet/date.h"

#include "table.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES = 12, QUESTIONS = 1500, EDITS = 400, SIZE = 3000, DIGITS = 8 };

static char folder[64];
static atomic_uint written[FILES]; /* version that is surely there */

struct asker {
    struct loop *loop;
    struct files *files;
    struct files_query query;
    struct task begin;
    pthread_t thread;
    unsigned draw;
    unsigned left;
    unsigned file;
    unsigned least;
    unsigned wrong; /* tags, versions or answers */
    char path[32];
};

static void path_of(char *to, size_t room, unsigned file, const char *suffix)
{
    snprintf(to, room, "%s/f%u.css%s", folder, file, suffix);
}

static void fill(char text[SIZE], unsigned version)
{
    for (unsigned i = 0; i < SIZE; i++)
        text[i] = (char)('a' + i % 23);
    snprintf(text, SIZE, "%0*u", DIGITS, version);
    text[DIGITS] = ' ';
}

static void write_file(const char *path, unsigned version)
{
    char text[SIZE];
    fill(text, version);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    if (fd < 0 || pwrite(fd, text, SIZE, 0) != SIZE)
        abort();
    close(fd);
}

/* The tag says what the bytes are. */
static bool tag_fits(const struct representation *representation)
{
    char tag[DIGEST_TAG_ROOM];
    const struct chunk *bytes = representation->bytes;
    const struct digest digest = digest_of(bytes->bytes, bytes->len);
    size_t len = digest_tag(&digest, STET_CODING_IDENTITY, false, tag);
    const char *opaque = memchr(representation->etag_text.at, '"', representation->etag_text.len);
    return opaque && memcmp(opaque, tag, len - 1) == 0;
}

/* The version in the first octets; UINT_MAX if they cannot be had any more. */
static unsigned version_of(struct representation *representation)
{
    char digits[DIGITS + 1] = "";
    struct stet_span bytes;
    struct body *body = representation->ops->body(representation, 0, DIGITS);
    if (!body)
        return UINT_MAX;
    if (body->ops->peek(body, digits, DIGITS, &bytes) != BODY_BYTES || bytes.len != DIGITS)
        memset(digits, '9', DIGITS);
    else
        memmove(digits, bytes.at, DIGITS);
    body->ops->free(body);
    return (unsigned)strtoul(digits, NULL, 10);
}

static void check_answer(struct asker *asker, enum files_answer answer)
{
    struct representation *representation = asker->query.representation;
    if (answer != FILES_FOUND) {
        asker->wrong++;
        return;
    }
    if (representation->bytes)
        asker->wrong += !tag_fits(representation);
    if (representation->length == SIZE)
        asker->wrong += version_of(representation) < asker->least;
    representation_unref(representation);
}

static void ask_next(struct asker *asker)
{
    asker->draw = asker->draw * 1103515245 + 12345;
    asker->file = (asker->draw >> 16) % FILES;
    snprintf(asker->path, sizeof asker->path, "/f%u.css", asker->file);
    asker->query.path = stet_span_of(asker->path);
    asker->query.accepted = (struct stet_accepted_codings){.weight = {500}};
    asker->query.accepted.weight[(asker->draw >> 8) % STET_CODING_COUNT] = 1000;
    asker->query.moment++;
    asker->least = atomic_load(&written[asker->file]);
}

/* Asks until it has to wait; the loop turns in between. */
static void ask(struct task *task)
{
    struct asker *asker = CONTAINER(task, struct asker, begin);
    enum files_answer answer = files_find(asker->files, &asker->query);
    if (answer == FILES_WAIT)
        return;
    check_answer(asker, answer);
    if (--asker->left == 0) {
        loop_stop(asker->loop);
        return;
    }
    ask_next(asker);
    loop_defer(asker->loop, &asker->begin);
}

static void ask_again(struct task *task)
{
    struct asker *asker = CONTAINER(task, struct asker, query.waiter);
    ask(&asker->begin);
}

static void *asker_run(void *argument)
{
    struct asker *asker = argument;
    loop_post(asker->loop, &asker->begin);
    loop_run(asker->loop);
    return NULL;
}

static void *editor_run(void *argument)
{
    (void)argument;
    for (unsigned version = 2; version < EDITS; version++) {
        char path[128];
        char beside[128];
        const unsigned file = version % FILES;
        path_of(path, sizeof path, file, "");
        path_of(beside, sizeof beside, file, ".new");
        if (version % 3 == 0) {
            write_file(path, version);
        } else {
            write_file(beside, version);
            if (rename(beside, path) != 0)
                abort();
        }
        atomic_store(&written[file], version);
        usleep(300);
    }
    return NULL;
}

static void no_warning(void *owner, const char *sentence)
{
    atomic_uint *warnings = owner;
    (void)sentence;
    atomic_fetch_add(warnings, 1);
}

static void test_threads(void **state)
{
    (void)state;
    struct asker askers[2] = {0};
    atomic_uint warnings = 0;
    char memo[128];
    pthread_t editor;
    for (unsigned i = 0; i < FILES; i++) {
        char path[128];
        path_of(path, sizeof path, i, "");
        write_file(path, 1);
        atomic_store(&written[i], 1);
    }
    snprintf(memo, sizeof memo, "%s/.memo", folder);
    struct fs *fs = fs_open(folder);
    struct work *work = work_new(3);
    struct loop *loop = loop_new_epoll();
    assert_true(fs && work && loop);
    struct files_options options = files_options_default();
    options.memo_path = memo;
    options.bytes_in_memory = 20000; /* contents come and go */
    struct library_setup setup = {
        .fs = fs, .work = work, .now = loop_wall(loop), .warn = no_warning, .owner = &warnings};
    struct library *library = library_open(&setup, &options);
    assert_non_null(library);
    for (unsigned i = 0; i < 2; i++) {
        struct asker *asker = &askers[i];
        asker->loop = loop_new_epoll();
        asker->files = files_open(library, asker->loop);
        asker->begin.run = ask;
        asker->query.waiter.run = ask_again;
        asker->draw = i;
        asker->left = QUESTIONS;
        ask_next(asker);
    }
    library_walk(library, askers[0].loop);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&askers[i].thread, NULL, asker_run, &askers[i]), 0);
    assert_int_equal(pthread_create(&editor, NULL, editor_run, NULL), 0);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(askers[i].thread, NULL);
    pthread_join(editor, NULL);
    work_free(work);
    for (unsigned i = 0; i < 2; i++)
        files_close(askers[i].files);
    library_close(library);
    for (unsigned i = 0; i < 2; i++) {
        loop_free(askers[i].loop);
        assert_int_equal(askers[i].wrong, 0);
    }
    loop_free(loop);
    fs_close(fs);
    unlink(memo);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/stet-threads-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return 0;
}

static int tear_down(void **state)
{
    char path[128];
    (void)state;
    for (unsigned i = 0; i < FILES; i++) {
        path_of(path, sizeof path, i, "");
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
