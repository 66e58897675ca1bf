/* What answers from a stored response: its head as it is, its content lent to the socket.
 *
 *     entry | octets that are here | octets still to come | pipe: octets too many for the store
 *                 lent at once          waits for them           the leader's alone
 *
 * Nothing is copied: blocks of fields and content are pieces of the head and of the entry, both
 * counted. Representations and bodies come from pools of the worker, so a hit asks the heap for
 * nothing. A body that waits is known to its loop until its task has run, and is kept that long.
 *
 * Given up: one representation an entry, shared by all. It would have to know all who listen.
 */
#include "cache/stored.h"

#include "base/check.h"
#include "base/container.h"
#include "base/memory.h"

struct stored {
    struct source source;
    struct cache_worker *worker;
    struct entry *entry;
    struct entry_head *head;
    char *text;        /* the lines, if there are some for this asker alone */
    struct pipe *rest; /* what comes behind the entry's content */
    uint64_t rest_at;  /* where in the content the pipe is */
    struct stored **watched;
    bool partial;
    char date[STET_DATE_LENGTH];
};

struct stored_body {
    struct body body;
    struct stored *stored; /* one reference */
    uint64_t at;           /* the next octet */
    uint64_t left;         /* UINT64_MAX: to the end */
    struct entry_waiter waiter;
    bool waits; /* the waiter waits, or its task is under way */
    bool gone;  /* ended meanwhile */
};

/* ---- bodies ---- */

static void stored_body_end(struct stored_body *body)
{
    struct stored *stored = body->stored;

    cache_pool_give(&stored->worker->bodies, body);
    representation_unref(&stored->source.representation);
}

static void stored_body_woken(struct task *task)
{
    struct stored_body *body = CONTAINER(task, struct stored_body, waiter.task);
    struct cache_worker *worker = body->stored->worker;

    body->waits = false;
    if (!body->gone) {
        source_tell(&body->stored->source);
        return;
    }
    stored_body_end(body);
    cache_stray_home(worker);
}

static void stored_rest_told(void *owner)
{
    struct stored *stored = owner;
    source_tell(&stored->source);
}

/* All of the entry's content is read, and no more comes. */
static enum body_peek stored_body_over(struct stored_body *body, struct stet_span *bytes)
{
    const struct stored *stored = body->stored;

    if (entry_state(stored->entry) == ENTRY_WHOLE)
        return body->left == UINT64_MAX ? BODY_END : BODY_BROKEN;
    if (stored->rest && body->at == stored->rest_at)
        return pipe_peek(stored->rest, bytes);
    return BODY_BROKEN; /* or it wants to begin further on than the pipe */
}

static enum body_peek stored_body_find(struct stored_body *body, struct stet_span *bytes)
{
    struct entry *entry = body->stored->entry;

    for (;;) {
        const enum entry_state state =
            entry_state(entry); /* first: what comes later is only more */
        const struct entry_piece piece = entry_piece(entry, body->at);
        *bytes = piece.bytes;
        body->body.steady = piece.steady;
        if (bytes->len > 0)
            return BODY_BYTES;
        if (state != ENTRY_FILLING)
            return stored_body_over(body, bytes);
        if (body->waits)
            return BODY_WAIT;
        body->waits = true; /* before: the task may be under way at once, but runs on this loop */
        if (entry_wait(entry, &body->waiter, body->at))
            return BODY_WAIT;
        body->waits = false;
    }
}

static enum body_peek stored_body_peek(struct body *base, char *scratch, size_t room,
                                       struct stet_span *bytes)
{
    struct stored_body *body = CONTAINER(base, struct stored_body, body);

    (void)scratch, (void)room;
    if (body->left == 0)
        return BODY_END;
    enum body_peek peek = stored_body_find(body, bytes);
    if (peek == BODY_BYTES && bytes->len > body->left)
        bytes->len = (size_t)body->left;
    return peek;
}

static void stored_body_skip(struct body *base, size_t count)
{
    struct stored_body *body = CONTAINER(base, struct stored_body, body);
    struct stored *stored = body->stored;

    if (stored->rest && body->at == stored->rest_at) {
        pipe_skip(stored->rest, count);
        stored->rest_at += count;
    }
    body->at += count;
    if (body->left != UINT64_MAX)
        body->left -= count;
}

static void stored_body_free(struct body *base)
{
    struct stored_body *body = CONTAINER(base, struct stored_body, body);

    if (body->waits && !entry_forget(body->stored->entry, &body->waiter)) {
        body->gone = true; /* its task is in the mail */
        body->stored->worker->strays++;
        return;
    }
    stored_body_end(body);
}

static struct body *stored_body_new(struct representation *representation, uint64_t from,
                                    uint64_t length)
{
    static const struct body_ops ops = {
        .peek = stored_body_peek, .skip = stored_body_skip, .free = stored_body_free};
    struct stored *stored = CONTAINER(representation, struct stored, source.representation);
    struct stored_body *body = cache_pool_take(&stored->worker->bodies, sizeof *body);

    if (!body)
        return NULL;
    *body = (struct stored_body){
        .body.ops = &ops,
        .stored = stored,
        .at = stored->partial ? shelf_part_offset(stored->head, from) : from,
        .left = representation->unknown_length ? UINT64_MAX : length,
        .waiter = {.task.run = stored_body_woken, .loop = stored->worker->loop},
    };
    representation_ref(representation);
    return &body->body;
}

/* ---- representations ---- */

static void stored_free(struct representation *representation)
{
    struct stored *stored = CONTAINER(representation, struct stored, source.representation);

    CHECK(!stored->source.query);
    if (stored->watched)
        *stored->watched = NULL;
    entry_unref(stored->entry);
    entry_head_unref(stored->head);
    if (stored->rest)
        stored->rest->reader = (struct pipe_end){NULL, NULL};
    pipe_unref(stored->rest);
    memory_free(stored->text);
    cache_pool_give(&stored->worker->stored, stored);
}

/* How long the content is, if that is known before it is whole. The entry of a HEAD has none, and
 * tells what a GET would have. */
static bool stored_length(const struct stored *stored, uint64_t *length)
{
    const bool sized = stored->head->flags & ENTRY_HEAD_SIZED;
    const uint32_t expected = entry_expected(stored->entry);

    *length = expected;
    if (stored->head->method == STET_METHOD_HEAD)
        return sized && expected < UINT32_MAX;
    if (entry_state(stored->entry) != ENTRY_WHOLE)
        return sized && expected < UINT32_MAX;
    *length = entry_length(stored->entry);
    return true;
}

static void stored_measure(struct stored *stored)
{
    struct representation *to = &stored->source.representation;
    struct stet_parts parts;

    stored->partial = entry_head_parts(stored->head, &parts);
    if (stored->partial)
        to->length = parts.length;
    else
        to->unknown_length = !stored_length(stored, &to->length);
    if (to->unknown_length)
        to->length = 0;
}

/* Lines for this asker alone come behind those that a 304 has, so that each block stays one piece:
 *
 *     | FIRST UNCHANGED | extra | COMMON DESCRIBING TYPE WHOLE |
 */
static bool stored_join(struct stored *stored, struct stet_span extra)
{
    const struct stet_span whole = entry_head_whole(stored->head);
    const size_t before = entry_head_unchanged(stored->head).len;

    stored->text = memory_new(whole.len + extra.len);
    if (!stored->text)
        return false;
    memcpy(stored->text, whole.at, before);
    memcpy(stored->text + before, extra.at, extra.len);
    memcpy(stored->text + before + extra.len, whole.at + before, whole.len - before);
    struct representation *to = &stored->source.representation;
    to->whole = stet_span(stored->text, whole.len + extra.len);
    to->unchanged = stet_span(stored->text, before + extra.len);
    return true;
}

/* Consecutive hits are often of the same response. */
static struct stet_span stored_date(struct stored *stored)
{
    struct cache_worker *worker = stored->worker;
    const int64_t date = entry_head_date(stored->head);

    if (date != worker->dated) {
        stet_date_write(date, worker->date);
        worker->dated = date;
    }
    memcpy(stored->date, worker->date, sizeof stored->date);
    return stet_span(stored->date, sizeof stored->date);
}

static void stored_describe(struct stored *stored)
{
    struct representation *to = &stored->source.representation;
    const struct entry_head *head = stored->head;

    to->validators = entry_head_validators(head);
    to->status = head->status == 206 ? 200 : head->status; /* an answer is cut out of the whole */
    to->whole = entry_head_whole(head);
    to->piece = entry_head_part(head);
    to->part = entry_head_part_if_range(head);
    to->unchanged = entry_head_unchanged(head);
    to->type = entry_head_type(head);
    to->whole_untyped = entry_head_part_untyped(head);
    to->etag_text = entry_head_tag(head);
    to->date = stored_date(stored);
    to->stored = true;
    stored_measure(stored);
}

struct stored *stored_new(struct cache_worker *worker, struct entry *entry, struct entry_head *head,
                          struct stet_span extra)
{
    static const struct representation_ops ops = {.body = stored_body_new, .free = stored_free};
    struct stored *stored = cache_pool_take(&worker->stored, sizeof *stored);

    if (!stored) {
        entry_unref(entry);
        entry_head_unref(head);
        return NULL;
    }
    *stored = (struct stored){
        .source.representation.ops = &ops, .worker = worker, .entry = entry, .head = head};
    atomic_init(&stored->source.representation.refs, 1);
    stored_describe(stored);
    if (extra.len == 0 || stored_join(stored, extra))
        return stored;
    representation_unref(&stored->source.representation);
    return NULL;
}

struct source *stored_source(struct stored *stored)
{
    return &stored->source;
}

void stored_continue(struct stored *stored, struct pipe *rest)
{
    stored->rest = pipe_ref(rest);
    stored->rest_at = entry_length(stored->entry);
    rest->reader = (struct pipe_end){stored_rest_told, stored};
}

void stored_watch(struct stored *stored, struct stored **to)
{
    if (stored->watched)
        *stored->watched = NULL;
    stored->watched = to;
    if (to)
        *to = stored;
}
