/* Requests of operators: a table of paths, each with a short function that writes its answer.
 *
 * Answers are put together in memory, but for the live log, which is a body that never ends.
 * Content (what to purge) is gathered up to a bound before the answer is made.
 *
 * The socket is for the user who runs the server: its file has no permission for others, so there
 * is no password here. The port for metrics answers nothing else.
 */
#include "serve/admin.h"

#include "base/container.h"
#include "base/memory.h"
#include "serve/answer.h"
#include "stet/uri.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ADMIN_LISTENERS = 2, ADMIN_CONTENT_MAX = 65536, ADMIN_PAIRS = 8 };

struct admin;

/* One way in. */
struct admin_door {
    struct admin *admin;
    struct listener listener;
    struct conn_set conns;
    bool open;
    bool metrics_only;
};

struct admin {
    struct admin_setup setup;
    struct conn_census *census;
    struct livelog *livelog;
    struct admin_door doors[ADMIN_LISTENERS];
    size_t door_count;
};

/* NAME=VALUE in a query. */
struct admin_pair {
    struct stet_span name, value;
};

/* One request, from its head to its answer. */
struct admin_request {
    struct admin_door *door;
    struct stream *stream;
    const struct admin_path *path;
    struct text text; /* query, then content */
    size_t target;    /* octets of `text` that are the query */
    struct admin_pair pairs[ADMIN_PAIRS];
    size_t pair_count;
    bool too_long;
};

struct admin_path {
    const char *path;
    enum stet_method method;
    bool metrics; /* also where only metrics are answered */
    void (*answer)(struct admin_request *asked);
};

/* ---- answers ---- */

static void admin_say(struct stream *stream, int status, const char *type, struct stet_span text)
{
    char line[128];
    struct answer answer;
    const int size = snprintf(line, sizeof line, "Content-Type: %s\r\n", type);

    answer_text(&answer, status, stet_span(line, (size_t)size), text);
    stream_reply(stream, &answer.reply);
}

/* Sends a text that was put together, and ends it. */
static void admin_send(struct stream *stream, int status, const char *type, struct text *text)
{
    if (text->failed)
        admin_say(stream, 500, "text/plain", STET_SPAN("out of memory\n"));
    else
        admin_say(stream, status, type, stet_span(text->at, text->len));
    text_fini(text);
}

static void admin_refuse(struct stream *stream, int status, const char *sentence)
{
    struct text text = {0};
    text_say(&text, "%s\n", sentence);
    admin_send(stream, status, "text/plain; charset=utf-8", &text);
}

/* ---- queries ---- */

static int admin_hex(char digit)
{
    const char *digits = "0123456789abcdef", *at;
    if (digit >= 'A' && digit <= 'F')
        digit = (char)(digit - 'A' + 'a');
    at = digit ? strchr(digits, digit) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Undoes percent-encoding in place. */
static struct stet_span admin_decode(char *text, size_t len)
{
    size_t to = 0;
    for (size_t i = 0; i < len; i++, to++) {
        text[to] = text[i];
        if (text[i] != '%' || len - i < 3)
            continue;
        int high = admin_hex(text[i + 1]), low = admin_hex(text[i + 2]);
        if (high < 0 || low < 0)
            continue;
        text[to] = (char)(high * 16 + low);
        i += 2;
    }
    return stet_span(text, to);
}

/* Splits the query and decodes its values, all of it in place. */
static void admin_split(struct admin_request *asked)
{
    char *at = asked->text.at, *const end = at + asked->target;

    while (at < end && asked->pair_count < ADMIN_PAIRS) {
        char *stop = memchr(at, '&', (size_t)(end - at));
        if (!stop)
            stop = end;
        char *equals = memchr(at, '=', (size_t)(stop - at));
        if (equals)
            asked->pairs[asked->pair_count++] =
                (struct admin_pair){.name = stet_span(at, (size_t)(equals - at)),
                                    .value = admin_decode(equals + 1, (size_t)(stop - equals - 1))};
        at = stop + 1;
    }
}

/* The value of a name in the query; empty if absent. */
static struct stet_span admin_query(const struct admin_request *asked, const char *name)
{
    for (size_t i = 0; i < asked->pair_count; i++) {
        if (stet_span_equal(asked->pairs[i].name, stet_span_of(name)))
            return asked->pairs[i].value;
    }
    return STET_SPAN_NONE;
}

/* ---- paths ---- */

static bool admin_wants_json(const struct admin_request *asked)
{
    return stet_span_equal(admin_query(asked, "form"), STET_SPAN("json"));
}

/* The sums, in the form that `write` gives them. */
static void admin_sums(struct admin_request *asked, const char *type,
                       void (*write)(struct text *to, const struct metrics *sum,
                                     const struct metrics_state *state))
{
    const struct admin_setup *setup = &asked->door->admin->setup;
    struct metrics *sum = memory_new_zero(sizeof *sum);
    struct metrics_state state = {0};
    struct text text = {0};

    if (!sum) {
        admin_refuse(asked->stream, 500, "out of memory");
        return;
    }
    setup->ops->stat(setup->owner, sum, &state);
    write(&text, sum, &state);
    memory_free(sum);
    admin_send(asked->stream, 200, type, &text);
}

static void admin_metrics(struct admin_request *asked)
{
    admin_sums(asked, "text/plain; version=0.0.4; charset=utf-8", metrics_write);
}

static void admin_stat(struct admin_request *asked)
{
    if (admin_wants_json(asked))
        admin_sums(asked, "application/json", metrics_write_json);
    else
        admin_sums(asked, "text/plain; charset=utf-8", metrics_write_words);
}

static void admin_log(struct admin_request *asked)
{
    uint64_t status = 0;
    const struct stet_span wanted = admin_query(asked, "status");
    struct trace_filter filter = {.cache = admin_query(asked, "cache"),
                                  .reason = admin_query(asked, "reason"),
                                  .method = admin_query(asked, "method"),
                                  .target = admin_query(asked, "path"),
                                  .client = admin_query(asked, "client")};

    if (wanted.len && !stet_span_number(wanted, 599, &status)) {
        admin_refuse(asked->stream, 400, "status: expected a number, or a class from 1 to 5");
        return;
    }
    filter.status = (int)status;
    struct reply reply = {.status = 200, .content = REPLY_UNKNOWN_LENGTH};
    reply.blocks[0] = STET_SPAN("Content-Type: application/jsonl\r\nCache-Control: no-store\r\n");
    reply.body = livelog_watch(asked->door->admin->livelog, &filter, asked->stream);
    if (reply.body)
        stream_reply(asked->stream, &reply);
    else
        admin_refuse(asked->stream, 500, "out of memory");
}

static void admin_explain(struct admin_request *asked)
{
    const struct admin_setup *setup = &asked->door->admin->setup;
    const struct stet_span url = admin_query(asked, "url");
    struct stet_request request = {.method = STET_METHOD_GET, .method_name = STET_SPAN("GET")};
    struct text text = {0};
    struct stet_uri uri;

    if (!stet_uri_split(url, &uri)) {
        admin_refuse(asked->stream, 400, "url: expected an absolute http or https URL");
        return;
    }
    request.scheme = uri.scheme;
    request.authority = uri.authority;
    request.path = uri.path;
    request.query = uri.query;
    request.target = url;
    const bool json = admin_wants_json(asked);
    const bool well = setup->ops->explain(setup->owner, &request, json, &text);
    admin_send(asked->stream, well ? 200 : 409,
               well && json ? "application/json" : "text/plain; charset=utf-8", &text);
}

static void admin_purge(struct admin_request *asked)
{
    static const struct {
        const char *word;
        enum cache_purge_scope scope;
    } scopes[] = {{"url", CACHE_PURGE_URL},
                  {"prefix", CACHE_PURGE_PREFIX},
                  {"match", CACHE_PURGE_MATCH},
                  {"group", CACHE_PURGE_GROUP},
                  {"all", CACHE_PURGE_ALL}};
    const struct admin_setup *setup = &asked->door->admin->setup;
    const struct stet_span wanted = admin_query(asked, "scope");
    const bool hard = admin_query(asked, "hard").len > 0;
    const struct stet_span content =
        stet_span(asked->text.at + asked->target, asked->text.len - asked->target);
    const char *error = "scope: expected url, prefix, match, group or all";
    struct text text = {0};
    int64_t reached = -1;

    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
        if (stet_span_equal(wanted, stet_span_of(scopes[i].word)))
            reached = setup->ops->purge(setup->owner, scopes[i].scope, content, hard, &error);
    }
    if (reached < 0) {
        admin_refuse(asked->stream, 400, error);
        return;
    }
    text_say(&text, "{\"reached\":%" PRId64 ",\"hard\":%s}\n", reached, hard ? "true" : "false");
    admin_send(asked->stream, 200, "application/json", &text);
}

static void admin_reload(struct admin_request *asked)
{
    const struct admin_setup *setup = &asked->door->admin->setup;
    struct text text = {0};
    const bool well = setup->ops->reload(setup->owner, &text);

    admin_send(asked->stream, well ? 200 : 409, "text/plain; charset=utf-8", &text);
}

static const struct admin_path admin_paths[] = {
    {"/metrics", STET_METHOD_GET, true, admin_metrics},
    {"/stat", STET_METHOD_GET, false, admin_stat},
    {"/log", STET_METHOD_GET, false, admin_log},
    {"/explain", STET_METHOD_GET, false, admin_explain},
    {"/purge", STET_METHOD_POST, false, admin_purge},
    {"/reload", STET_METHOD_POST, false, admin_reload},
};

/* ---- the service ---- */

static const struct admin_path *admin_find(const struct admin_door *door, struct stet_span path)
{
    for (size_t i = 0; i < sizeof admin_paths / sizeof *admin_paths; i++) {
        const struct admin_path *row = &admin_paths[i];
        if (stet_span_equal(path, stet_span_of(row->path)) && (row->metrics || !door->metrics_only))
            return row;
    }
    return NULL;
}

/* Keeps the query, as the codec lends it only for now. */
static struct admin_request *admin_keep(struct admin_door *door, struct stream *stream,
                                        const struct stet_request *request)
{
    struct admin_request *asked = memory_new_zero(sizeof *asked);
    if (!asked)
        return NULL;
    asked->door = door;
    asked->stream = stream;
    text_put(&asked->text, request->query.at, request->query.len);
    asked->target = asked->text.len;
    return asked;
}

static void admin_answer(struct admin_request *asked)
{
    admin_split(asked);
    if (asked->too_long || asked->text.failed)
        admin_refuse(asked->stream, 413, "too long");
    else
        asked->path->answer(asked);
}

static void admin_on_request(void *owner, struct stream *stream, const struct stet_request *request,
                             bool content)
{
    struct admin_door *door = owner;
    const struct admin_path *path = admin_find(door, request->path);
    struct admin_request *asked;

    if (!path) {
        admin_refuse(stream, 404, "there is no such path; see admin in stet.yaml(5)");
        return;
    }
    if (path->method != request->method) {
        admin_refuse(stream, 405, "another method, please");
        return;
    }
    asked = admin_keep(door, stream, request);
    if (!asked) {
        admin_refuse(stream, 500, "out of memory");
        return;
    }
    asked->path = path;
    stream->exchange = asked;
    if (!content)
        admin_answer(asked);
}

static bool admin_on_content(void *owner, struct stream *stream, struct stet_span bytes)
{
    struct admin_request *asked = stream->exchange;
    (void)owner;

    if (!asked)
        return true;
    if (asked->text.len + bytes.len > asked->target + ADMIN_CONTENT_MAX)
        asked->too_long = true;
    else
        text_put(&asked->text, bytes.at, bytes.len);
    return true;
}

static void admin_on_end(void *owner, struct stream *stream, const struct stet_head *trailers)
{
    (void)owner, (void)trailers;
    if (stream->exchange)
        admin_answer(stream->exchange);
}

static void admin_on_done(void *owner, struct stream *stream, const struct stream_outcome *outcome)
{
    struct admin_request *asked = stream->exchange;
    (void)owner, (void)outcome;

    if (!asked)
        return;
    stream->exchange = NULL;
    text_fini(&asked->text);
    memory_free(asked);
}

static void admin_on_refused(void *owner, struct stream *stream, int status, struct stet_span line)
{
    (void)owner, (void)stream, (void)status, (void)line;
}

static const struct service admin_service = {.request = admin_on_request,
                                             .content = admin_on_content,
                                             .end = admin_on_end,
                                             .done = admin_on_done,
                                             .refused = admin_on_refused};

/* ---- life ---- */

static void admin_accepted(struct listener *listener, struct sock *sock,
                           const struct sock_address *peer)
{
    struct admin_door *door = listener->owner;
    conn_open(&door->conns, sock, peer);
}

bool admin_listen(struct admin *admin, int fd, bool metrics_only)
{
    struct admin_door *door = &admin->doors[admin->door_count];

    if (admin->door_count == ADMIN_LISTENERS)
        return false;
    *door = (struct admin_door){.admin = admin, .metrics_only = metrics_only};
    door->conns = (struct conn_set){.loop = admin->setup.loop,
                                    .limits = admin->setup.limits,
                                    .census = admin->census,
                                    .service = &admin_service,
                                    .service_owner = door};
    if (!conn_set_init(&door->conns))
        return false;
    door->listener = (struct listener){
        .loop = admin->setup.loop, .accepted = admin_accepted, .owner = door, .fd = fd};
    if (!listener_start(&door->listener)) {
        conn_set_fini(&door->conns);
        return false;
    }
    admin->door_count++;
    return true;
}

struct admin *admin_new(const struct admin_setup *setup)
{
    struct admin *admin = memory_new_zero(sizeof *admin);
    uint64_t seed[2];

    if (!admin)
        return NULL;
    admin->setup = *setup;
    loop_random(setup->loop, seed, sizeof seed);
    admin->census = conn_census_new(setup->limits, seed);
    admin->livelog = livelog_new(setup->loop, setup->rings, setup->ring_count);
    if (admin->census && admin->livelog)
        return admin;
    admin_free(admin);
    return NULL;
}

void admin_free(struct admin *admin)
{
    if (!admin)
        return;
    livelog_free(admin->livelog);
    for (size_t i = 0; i < admin->door_count; i++) {
        listener_stop(&admin->doors[i].listener);
        conn_set_fini(&admin->doors[i].conns);
    }
    conn_census_free(admin->census);
    memory_free(admin);
}
