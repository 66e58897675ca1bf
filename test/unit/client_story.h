/* Stories of a client's cache: a few requests each, and what becomes of them, told as rows. */
#ifndef TEST_UNIT_CLIENT_STORY_H
#define TEST_UNIT_CLIENT_STORY_H

#include "client_world.h"

/* A request and what becomes of it. Lines in `sent`, `sent_again` and `head` must be there; those
 * that begin with "!" must not. */
struct step {
    int64_t at; /* s since the story began */
    const char *method, *url, *ask;
    const char *reply, *body;       /* of the origin; NULL: it is not to be asked */
    const char *again, *again_body; /* when it is asked once more */
    const char *sent, *sent_again;
    int status;
    const char *content, *head;
    enum cache_source source;
    enum transfer_result result; /* how the first transfer ends */
    size_t enough;               /* the caller takes no more; 0: all */
};

enum { STEPS_MAX = 6 };

struct story {
    const char *id;
    const char *name;
    enum cache_mode mode;
    struct step steps[STEPS_MAX];
};

#define NET CACHE_SOURCE_NETWORK
#define FRESH CACHE_SOURCE_STORED
#define SAME CACHE_SOURCE_VALIDATED
#define STALE CACHE_SOURCE_STALE
#define BOTH CACHE_SOURCE_COMPLETED
#define OURS CACHE_SOURCE_NONE
#define DOWN "" /* it cannot be reached */

#define MOD "Last-Modified: Sun, 06 Nov 1994 07:49:37 GMT\n"
#define GETS_A                                                                    \
    {                                                                             \
        .reply = A, .body = "one", .status = 200, .content = "one", .source = NET \
    }

/* ---- the player ---- */

static inline bool lines_hold(const char *lines, const char *in)
{
    char line[512];
    for (; lines && *lines; lines += strcspn(lines, "\n"), lines += *lines == '\n') {
        snprintf(line, sizeof line, "%.*s", (int)strcspn(lines, "\n"), lines);
        const bool unwanted = line[0] == '!';
        if ((strstr(in, line + unwanted) != NULL) == unwanted)
            return false;
    }
    return true;
}

static inline void step_play(const struct story *row, const struct step *step)
{
    const bool content = step->ask && strcmp(step->ask, "content") == 0;
    const struct world_answer answers[2] = {
        {step->reply && *step->reply ? step->reply : NULL, step->body, step->result},
        {step->again, step->again_body, TRANSFER_COMPLETE}};
    struct message ask = {0};
    const struct cache_request request = {
        .transfer = {.method = step->method ? step->method : "GET",
                     .url = step->url ? step->url : WORLD_URL,
                     .head = &ask.head,
                     .content = content ? STET_SPAN("content") : STET_SPAN_NONE}};

    assert_true(world_message(&ask, content ? NULL : step->ask));
    world_clock = WORLD_NOW + step->at;
    world.cache.mode = row->mode;
    world.enough = step->enough ? step->enough : SIZE_MAX;
    world_ask(&request, answers, step->again ? 2 : 1);
    message_fini(&ask);
}

static inline void step_check(const struct story *row, size_t number, const struct step *step)
{
    const size_t asked = step->again ? 2 : step->reply ? 1 : 0;
    if (!world.began || world.ends != 1 || world.asked != asked || world.status != step->status ||
        strcmp(world.content, step->content) != 0 || world.outcome.source != step->source ||
        !lines_hold(step->sent, world.sent[0]) || !lines_hold(step->sent_again, world.sent[1]) ||
        !lines_hold(step->head, world.head))
        fail_msg("%s (%s), step %zu: asked %zu times:\n%s%sgot %d from %d: %s\n%s", row->id,
                 row->name, number + 1, world.asked, world.sent[0], world.sent[1], world.status,
                 (int)world.outcome.source, world.content, world.head);
}

static inline void stories_play(const struct story *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        world_init(NULL);
        for (size_t j = 0; j < STEPS_MAX && rows[i].steps[j].content; j++) {
            step_play(&rows[i], &rows[i].steps[j]);
            step_check(&rows[i], j, &rows[i].steps[j]);
        }
        if (storage_damaged(world.storage))
            fail_msg("%s (%s): damaged", rows[i].id, rows[i].name);
        world_fini(NULL);
    }
}

/* The test of a table KIND_stories. */
#define PLAYS(kind)                                          \
    static void test_##kind(void **state)                    \
    {                                                        \
        (void)state;                                         \
        stories_play(kind##_stories, COUNT(kind##_stories)); \
    }

#endif
