/* What the tests of origin share: a simulated site, and questions asked of it.
 *
 * A site has one file system, one pool, one library and two workers. Each question is a moment of
 * its own, asked by one worker, and waits as long as it has to. */
#ifndef TEST_UNIT_SITE_H
#define TEST_UNIT_SITE_H

#include "base/check.h"
#include "base/container.h"
#include "base/memory.h"
#include "io/fs_sim.h"
#include "io/loop_sim.h"
#include "origin/files.h"
#include "stet/date.h"

#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define MILLISECOND INT64_C(1000000)

struct site {
    struct sim_world *world;
    struct fs *fs;
    struct loop *loops[2];
    struct work *work;
    struct library *library;
    struct files *files[2];
    struct files_options options;
    uint64_t moment;
    unsigned warnings;
    char warning[512];
};

static inline void site_warned(void *owner, const char *sentence)
{
    struct site *site = owner;
    site->warnings++;
    snprintf(site->warning, sizeof site->warning, "%s", sentence);
}

/* The server starts: on the file system as it is now. */
static inline void site_start(struct site *site)
{
    for (int i = 0; i < 2; i++)
        site->loops[i] = sim_world_loop(site->world);
    site->work = work_new_sim(site->loops[0]);
    const struct library_setup setup = {.fs = site->fs,
                                        .work = site->work,
                                        .now = sim_world_wall(site->world),
                                        .warn = site_warned,
                                        .owner = site};
    site->library = library_open(&setup, &site->options);
    CHECK(site->library);
    for (int i = 0; i < 2; i++) {
        site->files[i] = files_open(site->library, site->loops[i]);
        CHECK(site->files[i]);
    }
}

static inline void site_stop(struct site *site)
{
    for (int i = 0; i < 2; i++)
        files_close(site->files[i]);
    work_free(site->work);
    library_close(site->library);
    for (int i = 0; i < 2; i++)
        loop_free(site->loops[i]);
}

static inline struct site *site_new(void)
{
    struct site *site = calloc(1, sizeof *site);
    CHECK(site);
    site->world = sim_world_new(1);
    site->fs = fs_sim_new(site->world);
    site->options = files_options_default();
    return site;
}

static inline void site_free(struct site *site)
{
    CHECK(fs_sim_open_files(site->fs) == 0);
    fs_close(site->fs);
    sim_world_free(site->world);
    free(site);
}

static inline void site_pass(struct site *site, int64_t ns)
{
    sim_world_advance(site->world, ns);
}

/* One question. */
struct asking {
    struct files_query query;
    struct task begin;
    struct files *files;
    enum files_answer answer;
    unsigned waits;
};

static inline void asking_again(struct task *task)
{
    struct asking *asking = CONTAINER(task, struct asking, query.waiter);
    asking->waits++;
    asking->answer = files_find(asking->files, &asking->query);
}

static inline struct stet_accepted_codings site_accepts(const char *value)
{
    struct stet_field field;
    struct stet_head head = {.fields = &field};
    if (!value)
        return stet_accepted_codings(&head);
    stet_head_add(&head, &field, STET_SPAN("accept-encoding"), stet_span_of(value));
    return stet_accepted_codings(&head);
}

static inline void asking_begin(struct task *task)
{
    struct asking *asking = CONTAINER(task, struct asking, begin);
    asking->answer = files_find(asking->files, &asking->query);
}

/* A question that is asked when `begin` is run, at a moment of its own. */
static inline void asking_init(struct asking *asking, struct site *site, int worker,
                               const char *path)
{
    *asking = (struct asking){.files = site->files[worker],
                              .begin.run = asking_begin,
                              .answer = FILES_WAIT,
                              .query = {.path = stet_span_of(path),
                                        .accepted = site_accepts(NULL),
                                        .moment = ++site->moment,
                                        .waiter.run = asking_again}};
}

/* Asks in a turn of the worker's loop. Jobs without delay are done as well. */
static inline void asking_ask(struct asking *asking, struct site *site, int worker)
{
    loop_post(site->loops[worker], &asking->begin);
    sim_world_run_until_idle(site->world);
}

/* Asks and waits. The representation, if any, is the caller's. */
static inline enum files_answer site_find(struct site *site, int worker, const char *path,
                                          const char *accept, struct representation **to)
{
    struct asking asking;
    asking_init(&asking, site, worker, path);
    asking.query.accepted = site_accepts(accept);
    asking_ask(&asking, site, worker);
    for (int i = 0; asking.answer == FILES_WAIT && i < 1000; i++)
        sim_world_advance(site->world, MILLISECOND / 10);
    CHECK(asking.answer != FILES_WAIT);
    *to = asking.query.representation;
    return asking.answer;
}

/* A representation that must be there, asked of worker 0 without Accept-Encoding. */
static inline struct representation *site_get(struct site *site, const char *path)
{
    struct representation *representation = NULL;
    assert_int_equal(site_find(site, 0, path, NULL, &representation), FILES_FOUND);
    assert_non_null(representation);
    return representation;
}

/* What of a representation matters when two are compared. */
struct seen {
    char etag[40];    /* empty: none */
    int64_t modified; /* 0: none */
    bool strong_date;
    char cache_control[64];
    bool vary;
    char coding[8];
    char type[64];
    uint64_t length;
    int status;
    char body[256]; /* its first bytes */
    size_t body_len;
};

static inline bool seen_field(struct stet_span block, const char *name, char *to, size_t room)
{
    while (block.len > 0) {
        size_t end = stet_span_find(block, '\r');
        size_t colon = stet_span_find(block, ':');
        CHECK(end + 1 < block.len && block.at[end + 1] == '\n' && colon + 1 < end);
        if (stet_span_equal_nocase(stet_span(block.at, colon), stet_span_of(name))) {
            snprintf(to, room, "%.*s", (int)(end - colon - 2), block.at + colon + 2);
            return true;
        }
        block = stet_span_from(block, end + 2);
    }
    to[0] = '\0';
    return false;
}

/* Reads a body to its end; the octets read, or -1 if it broke. */
static inline int64_t body_read(struct body *body, char *to, size_t room)
{
    char scratch[7];
    struct stet_span bytes;
    int64_t total = 0;
    enum body_peek peek;
    while ((peek = body->ops->peek(body, scratch, sizeof scratch, &bytes)) == BODY_BYTES) {
        for (size_t i = 0; i < bytes.len; i++, total++)
            if ((uint64_t)total < room)
                to[total] = bytes.at[i];
        (body->ops->skip)(body, bytes.len);
    }
    body->ops->free(body);
    CHECK(peek != BODY_WAIT);
    return peek == BODY_END ? total : -1;
}

static inline struct seen seen_of(struct representation *representation)
{
    struct seen seen = {.length = representation->length, .status = representation->status};
    char vary[64];
    CHECK(representation->etag_text.len < sizeof seen.etag);
    memcpy(seen.etag, representation->etag_text.at ? representation->etag_text.at : "",
           representation->etag_text.len);
    if (representation->validators.has_modified)
        seen.modified = representation->validators.modified;
    seen.strong_date = representation->validators.modified_strong;
    seen_field(representation->whole, "Cache-Control", seen.cache_control,
               sizeof seen.cache_control);
    seen.vary = seen_field(representation->whole, "Vary", vary, sizeof vary);
    seen_field(representation->whole, "Content-Encoding", seen.coding, sizeof seen.coding);
    seen_field(representation->whole, "Content-Type", seen.type, sizeof seen.type);
    struct body *body = representation->ops->body(representation, 0, representation->length);
    if (body) {
        int64_t len = body_read(body, seen.body, sizeof seen.body);
        CHECK(len < 0 || (uint64_t)len == representation->length);
        seen.body_len = len < 0 ? 0 : (size_t)len;
    }
    return seen;
}

/* Asks worker 0 for a path and looks. */
static inline struct seen site_see(struct site *site, const char *path)
{
    struct representation *representation = site_get(site, path);
    struct seen seen = seen_of(representation);
    representation_unref(representation);
    return seen;
}

#endif
