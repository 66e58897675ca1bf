/* Clients of a scene: they ask, they wait, and they look hard at every octet that comes back.
 *
 * Each question is remembered with the moment it was put, until its answer has been read; then the
 * answer is judged: by the grammar, by the connection (what it says of closing, nothing stray
 * behind it, Date between the question and now) and by the history of the files.
 */
#include "gateway.h"
#include "journal.h"
#include "lines.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NS_PER_SECOND 1000000000

enum { CLIENT_HEAD = 1 << 17 };

/* ---- connections ---- */

static void client_connect(struct client *client)
{
    scene_start(client->scene);
    end_free(client->end);
    client->end = end_open(client->scene->world, client->peer, client->scene->cover);
    if (!client->end)
        scene_fail(client->scene, "nothing listens");
    if (client->scene->h2)
        client->channel = channel_new(client->end);
    scene_idle(client->scene);
}

struct client *scene_client_from(struct scene *s, const char *peer)
{
    struct client *client = calloc(1, sizeof *client);
    client->scene = s;
    client->host = "www";
    client->peer = peer;
    client->next = s->clients;
    s->clients = client;
    client_connect(client);
    return client;
}

struct client *scene_client(struct scene *s)
{
    return scene_client_from(s, NULL);
}

static void question_free(struct client_question *question)
{
    free(question->path);
    free(question->none_match);
    free(question->modified_since);
    free(question->accept_encoding);
    free(question->target);
    free(question->lines);
    free(question);
}

/* Takes off the first question. */
static struct client_question *client_next(struct client *client)
{
    struct client_question *question = client->questions;
    client->questions = question->next;
    client->count--;
    return question;
}

static void client_drop_questions(struct client *client)
{
    while (client->count > 0)
        question_free(client_next(client));
}

void client_free(struct client *client)
{
    client_drop_questions(client);
    channel_free(client->channel);
    end_free(client->end);
    response_fini(&client->response);
    free(client);
}

void client_leave(struct client *client, bool reset)
{
    client_drop_questions(client);
    channel_free(client->channel);
    client->channel = NULL;
    if (client->end && end_state(client->end) == SIM_CLIENT_OPEN)
        end_close(client->end, reset);
    end_free(client->end);
    client->end = NULL;
    scene_idle(client->scene);
}

void client_again(struct client *client)
{
    client_leave(client, true);
    client_connect(client);
}

void client_reopen(struct client *client)
{
    if (!client->end || end_state(client->end) != SIM_CLIENT_OPEN)
        client_again(client);
}

/* A client whose connection was lost by the chaos comes back. */
static void client_ready(struct client *client)
{
    const struct chaos *chaos = client->scene->chaos;
    if (client->end && end_state(client->end) != SIM_CLIENT_OPEN && !chaos->relaxed &&
        chaos->fail_nth == 0)
        scene_fail(client->scene, "a client would ask on a closed connection");
    client_reopen(client);
}

/* ---- questions ---- */

/* The file that a target means; NULL when that is not plain. For free(). */
static char *client_path(const char *target)
{
    char *path = calloc(1, strlen(target) + sizeof "index.html");
    char *to = path;
    for (const char *at = target + 1; target[0] == '/' && *at && *at != '?'; at++) {
        unsigned byte = (unsigned char)*at;
        if (byte == '%' && isxdigit(at[1]) && isxdigit(at[2])) {
            sscanf(at + 1, "%2x", &byte);
            at += 2;
        }
        *to++ = (char)byte;
    }
    if (to == path || to[-1] == '/')
        strcpy(to, "index.html");
    return path;
}

static struct client_question *client_question(struct client *client, const char *method)
{
    struct client_question *question = calloc(1, sizeof *question), **place = &client->questions;
    while (*place)
        place = &(*place)->next;
    *place = question;
    client->count++;
    snprintf(question->method, sizeof question->method, "%s", method);
    question->asked = history_now(client->scene->history);
    question->earliest = scene_seconds(client->scene);
    return question;
}

void client_said(struct client *client, const char *method)
{
    client_ready(client);
    client_question(client, method);
}

void client_send(struct client *client, const void *bytes, size_t len)
{
    const bool open = client->end && end_state(client->end) == SIM_CLIENT_OPEN;
    if (client->channel)
        scene_fail(client->scene, "octets of HTTP/1 are sent as they are");
    if (!open && !client->scene->chaos->relaxed)
        scene_fail(client->scene, "a client would send on a closed connection");
    if (open) /* what belongs to a connection that was lost is lost with it */
        end_send(client->end, bytes, len);
    scene_idle(client->scene);
}

void client_say(struct client *client, const char *text)
{
    client_send(client, text, strlen(text));
}

/* For the history of the files. */
static void question_of_file(struct client_question *question, const struct scene *s,
                             const char *target, const char *fields)
{
    question->path = client_path(target);
    question->none_match = lines_list(fields, "If-None-Match");
    question->modified_since = lines_list(fields, "If-Modified-Since");
    question->accept_encoding = lines_list(fields, "Accept-Encoding");
    question->expects = lines_have(fields, "Expect");
    /* a listing is no file */
    question->judged = !s->options.browse || target[strlen(target) - 1] != '/';
}

static struct asking asking_of(const struct client_question *question, int64_t now)
{
    return (struct asking){.number = question->number,
                           .method = question->method,
                           .target = question->target,
                           .host = question->host,
                           .lines = question->lines,
                           .has_content = question->has_content,
                           .tick = question->tick,
                           .at = question->at,
                           .now = now};
}

/* For the oracle; the lines get a number of their own. */
static void question_of_gateway(struct client_question *question, const struct client *client,
                                const char *target, const char *fields)
{
    struct oracle *oracle = client->scene->gateway->oracle;
    question->at = sim_world_now(client->scene->world);
    question->number = oracle_asked(oracle, question->at);
    question->tick = ++oracle->tick;
    question->target = strdup(target);
    question->host = client->host;
    question->judged = true;
    if (asprintf(&question->lines, "%s%sAsked: %llu", fields, fields[0] ? "\n" : "",
                 (unsigned long long)question->number) < 0)
        abort();
    const struct asking asking = asking_of(question, question->at);
    journal_asks(oracle->journal, &asking);
}

/* The stream of a question. A connection may have come to its end meanwhile: then by a new one. */
static int32_t client_open(struct client *client, const char *method, const char *target,
                           const char *content, const char *lines)
{
    int32_t id = channel_ask(client->channel, method, target, client->host, lines, content);
    if (id >= 0 || client->count > 1)
        return id;
    channel_free(client->channel);
    end_close(client->end, false);
    client_connect(client);
    return channel_ask(client->channel, method, target, client->host, lines, content);
}

/* Writes a head, and what comes behind it, and notes the question. `fields` has its lines ended by
 * "\n". */
static void client_put(struct client *client, const char *method, const char *target,
                       const char *content, const char *fields)
{
    struct scene *s = client->scene;
    client_ready(client);
    struct client_question *question = client_question(client, method);
    if (s->gateway)
        question_of_gateway(question, client, target, fields);
    else
        question_of_file(question, s, target, fields);
    question->has_content = content != NULL;
    if (client->channel) {
        question->id =
            client_open(client, method, target, content, s->gateway ? question->lines : fields);
        return;
    }
    char *head = malloc(CLIENT_HEAD);
    int size =
        snprintf(head, CLIENT_HEAD, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, target, client->host);
    if (content)
        size += snprintf(head + size, 64, "Content-Length: %zu\r\n", strlen(content));
    const char *lines = s->gateway ? question->lines : fields;
    for (const char *at = lines; *at; at++) {
        if (size > CLIENT_HEAD - 8)
            abort();
        if (*at == '\n')
            head[size++] = '\r';
        head[size++] = *at;
    }
    size += snprintf(head + size, CLIENT_HEAD - (size_t)size, "%s\r\n", lines[0] ? "\r\n" : "");
    end_send(client->end, head, (size_t)size);
    if (content)
        end_send(client->end, content, strlen(content));
    free(head);
}

static void client_put_list(struct client *client, const char *method, const char *target,
                            const char *form, va_list arguments)
{
    char *fields = NULL;
    if (vasprintf(&fields, form, arguments) < 0)
        abort();
    client_put(client, method, target, NULL, fields);
    free(fields);
}

void client_ask(struct client *client, const char *target)
{
    client_put(client, "GET", target, NULL, "");
}

void client_ask_with(struct client *client, const char *target, const char *fields, ...)
{
    va_list arguments;
    va_start(arguments, fields);
    client_put_list(client, "GET", target, fields, arguments);
    va_end(arguments);
}

void client_get(struct client *client, const char *target)
{
    client_put(client, "GET", target, NULL, "");
    client_hear(client);
}

void client_get_with(struct client *client, const char *target, const char *fields, ...)
{
    va_list arguments;
    va_start(arguments, fields);
    client_put_list(client, "GET", target, fields, arguments);
    va_end(arguments);
    client_hear(client);
}

void client_head(struct client *client, const char *target)
{
    client_put(client, "HEAD", target, NULL, "");
    client_hear(client);
}

void client_head_with(struct client *client, const char *target, const char *fields, ...)
{
    va_list arguments;
    va_start(arguments, fields);
    client_put_list(client, "HEAD", target, fields, arguments);
    va_end(arguments);
    client_hear(client);
}

void client_request(struct client *client, const char *method, const char *target,
                    const char *fields, ...)
{
    va_list arguments;
    va_start(arguments, fields);
    client_put_list(client, method, target, fields, arguments);
    va_end(arguments);
    client_hear(client);
}

void client_request_with(struct client *client, const char *method, const char *target,
                         const char *content, const char *form, ...)
{
    va_list arguments;
    char *fields = NULL;
    va_start(arguments, form);
    if (vasprintf(&fields, form, arguments) < 0)
        abort();
    va_end(arguments);
    client_put(client, method, target, content, fields);
    free(fields);
    client_hear(client);
}

void client_ask_by(struct client *client, const char *method, const char *target,
                   const char *content, const char *fields)
{
    client_put(client, method, target, content, fields);
}

/* ---- answers ---- */

void client_takes(struct client *client, uint64_t octets)
{
    end_window(client->end, octets);
}

/* Reads what is here as the answer to the first question. */
static enum response_verdict client_read(struct client *client, size_t *used)
{
    const struct client_question *question = client->questions;
    char fault[RESPONSE_FAULT];
    size_t len = end_len(client->end);
    const char *bytes = end_bytes(client->end);
    bool ended = end_state(client->end) == SIM_CLIENT_ENDED;
    if (client->channel) {
        ended = false;
        bytes = channel_bytes(client->channel, question->id, &len);
        if (channel_fault(client->channel) && !client->scene->chaos->relaxed)
            scene_fail(client->scene, "%s", channel_fault(client->channel));
    }
    response_fini(&client->response);
    client->response.passed = client->scene->gateway != NULL;
    enum response_verdict verdict =
        response_read(&client->response, bytes, len, question->method, ended, used, fault);
    if (verdict == RESPONSE_BAD)
        scene_fail(client->scene, "%s %s: bad response: %s", question->method,
                   question->path ? question->path : "", fault);
    return verdict;
}

size_t client_received(struct client *client)
{
    size_t used;
    scene_idle(client->scene);
    if (!client->end || client->count == 0)
        return 0;
    client_read(client, &used);
    return client->response.len;
}

/* By the oracle. */
static void client_judge_gateway(struct client *client, const struct client_question *question,
                                 bool whole)
{
    struct scene *s = client->scene;
    const struct asking asking = asking_of(question, sim_world_now(s->world));
    char fault[RESPONSE_FAULT];
    if (!question->target)
        return;
    journal_gets(s->gateway->oracle->journal, &asking, &client->response, whole);
    if (!oracle_audit(s->gateway->oracle, &asking, &client->response, whole, fault))
        scene_fail(s, "%s %s: wrong answer: %s", question->method, question->target, fault);
}

/* By the history of the files. */
static void client_judge(struct client *client, const struct client_question *question, bool whole)
{
    struct scene *s = client->scene;
    const struct response *response = &client->response;
    const struct question judged = {.method = question->method,
                                    .path = question->judged ? question->path : NULL,
                                    .none_match = question->none_match,
                                    .modified_since = question->modified_since,
                                    .accept_encoding = question->accept_encoding,
                                    .asked = question->asked};
    char fault[RESPONSE_FAULT];
    if (!(whole ? history_audit : history_audit_cut)(s->history, &judged, response, fault))
        scene_fail(s, "%s /%s: wrong answer: %s", question->method,
                   question->path ? question->path : "", fault);
    if (response->interims > (question->expects ? 1 : 0) && question->judged)
        scene_fail(s, "%d interim responses", response->interims);
    const char *text = response_field(response, "Date");
    const int64_t date = response->status ? response_date(text) : 0;
    if (response->status && !s->clock_stepped &&
        (date < question->earliest || date > scene_seconds(s)))
        scene_fail(s, "Date is %s, the clock says %s", text, scene_date(scene_seconds(s)));
}

/* No more of the answer to this question comes. */
static bool client_is_over(const struct client *client, int32_t id)
{
    return end_state(client->end) != SIM_CLIENT_OPEN ||
           (client->channel && channel_over(client->channel, id));
}

/* The answer was read: what must be so on the connection now. */
static void client_settle(struct client *client, int32_t id, size_t used)
{
    struct scene *s = client->scene;
    if (client->channel) {
        size_t len;
        channel_bytes(client->channel, id, &len);
        channel_take(client->channel, id);
        if (len > used)
            scene_fail(s, "stray octets behind %d", client->response.status);
        return;
    }
    end_take(client->end, used);
    if (client->response.closes && end_state(client->end) == SIM_CLIENT_OPEN)
        scene_fail(s, "%d said close, and the connection is open", client->response.status);
    if ((client->response.closes || client->count == 0) && end_len(client->end) > 0)
        scene_fail(s, "stray octets behind %d: \"%.60s\"", client->response.status,
                   end_bytes(client->end));
}

/* Lets the world go on until the answer is whole or the connection is at its end. */
static enum response_verdict client_wait(struct client *client, size_t *used)
{
    struct scene *s = client->scene;
    int64_t patience = s->patience;
    for (;;) {
        scene_idle(s);
        enum response_verdict verdict = client_read(client, used);
        if (verdict == RESPONSE_WHOLE || client_is_over(client, client->questions->id))
            return verdict;
        const int64_t due = scene_due(s);
        if (due > patience && s->chaos->relaxed && scene_unblock(s))
            continue; /* what should have been a hit waits for an origin that waits */
        if (due > patience)
            return verdict;
        patience -= due;
        scene_pass(s, due);
    }
}

/* Takes the first question's answer; returns whether it is whole. */
static bool client_take(struct client *client)
{
    struct scene *s = client->scene;
    size_t used = 0;
    if (client->count == 0 && !s->chaos->relaxed)
        scene_fail(s, "a client waits for an answer, but has not asked");
    response_fini(&client->response);
    client->whole = false;
    if (client->count == 0 || !client->end)
        return false;
    const bool whole = client_wait(client, &used) == RESPONSE_WHOLE;
    client->whole = whole;
    struct client_question *question = client_next(client);
    const int32_t id = question->id;
    if (s->gateway)
        client_judge_gateway(client, question, whole);
    else
        client_judge(client, question, whole);
    question_free(question);
    if (whole)
        client_settle(client, id, used);
    else if (client->channel && client_is_over(client, id))
        channel_take(client->channel, id);
    else if (end_state(client->end) != SIM_CLIENT_OPEN)
        end_take(client->end, end_len(client->end));
    else
        scene_fail(s, "neither an answer nor an end: %zu octets are here", end_len(client->end));
    return whole;
}

void client_hear(struct client *client)
{
    if (!client_take(client) && !client->scene->chaos->relaxed)
        scene_fail(client->scene, "the answer was cut off: status %d, %zu octets of content",
                   client->response.status, client->response.len);
}

void client_hear_cut(struct client *client)
{
    if (client_take(client) && !client->scene->chaos->relaxed)
        scene_fail(client->scene, "the answer %d is whole, and should have been cut off",
                   client->response.status);
}

bool client_hear_any(struct client *client)
{
    return client_take(client);
}

const char *client_field(struct client *client, const char *name)
{
    const char *value = response_field(&client->response, name);
    return scene_keep(client->scene, value ? value : "");
}

void client_finish(struct client *client)
{
    scene_idle(client->scene);
    if (client->end && client->count == 0 && end_len(client->end) > 0)
        scene_fail(client->scene, "stray octets at the end: \"%.60s\"", end_bytes(client->end));
}
