/* Plays an origin server: its connections, the requests on them, what is sent when.
 *
 *     octets come -> request_read -> heard -> (waits, takes) -> said: page_answer.c -> octets go
 *
 * Over HTTP/2 the octets are those of a stream (reception.c), and the connection is a talk of its
 * own that says nothing.
 *
 * It sends from within the world's own turns when it is ready at once, and from origin_pump when
 * something is due later; the stage lets no time pass without that (scene_idle).
 */
#include "origin.h"

#include "gateway.h"
#include "journal.h"
#include "origin_parts.h"
#include "scene.h"

#include <stdlib.h>
#include <string.h>

/* ---- answers ---- */

static void talk_send(struct talk *talk, const char *bytes, size_t len)
{
    const struct answer *answer = &talk->answer;
    if (!talk->end || sim_client_state(talk->end) != SIM_CLIENT_OPEN)
        return;
    if (!talk->reception)
        sim_client_send(talk->end, bytes, len);
    else if (answer->said)
        reception_say(talk->reception, talk->id, bytes, len);
    else
        reception_script(talk->reception, talk->id, answer->script ? bytes : "He :status=99x");
}

/* Closes a connection, and whatever is on it. */
static void origin_end(struct origin *origin, struct sim_client *end, bool reset)
{
    if (!end)
        return;
    for (struct talk *talk = origin->talks; talk; talk = talk->next)
        talk->end = talk->end == end ? NULL : talk->end;
    if (reset || !origin->scene->origin_h2)
        sim_client_close(end, reset);
    else if (sim_client_state(end) == SIM_CLIENT_OPEN)
        sim_client_shutdown(end); /* window updates may still come: no reset for that */
}

/* It is alone on its connection, and all that it has said has gone. */
static bool talk_is_last(const struct origin *origin, const struct talk *talk)
{
    for (const struct talk *other = origin->talks; other; other = other->next) {
        if (other != talk && other->end == talk->end && other->heard)
            return false;
    }
    return reception_unsent(talk->reception) == 0;
}

/* The answer has been said. */
static void talk_end_stream(struct origin *origin, struct talk *talk)
{
    const struct answer *answer = &talk->answer;
    const bool silent = !answer->said && answer->len == 0;
    if (!talk->end)
        return;
    if ((silent && answer->closes) || (answer->cuts && !answer->resets)) {
        if (talk_is_last(origin, talk))
            origin_end(origin, talk->end, false);
        else
            reception_break(talk->reception, talk->id);
    } else if (answer->cuts) {
        reception_break(talk->reception, talk->id);
    } else if (answer->said) {
        reception_finish(talk->reception, talk->id);
        if (answer->leaves)
            reception_leave(talk->reception);
    }
    talk->end = NULL;
}

/* Sends as much as may be sent. */
static void talk_go(struct origin *origin, struct talk *talk)
{
    struct answer *answer = &talk->answer;
    struct said *said = answer->said;
    size_t until = answer->len;
    if (answer->stops_at < until && !answer->goes_on)
        until = answer->stops_at;
    if (answer->at < until)
        talk_send(talk, answer->bytes + answer->at, until - answer->at);
    answer->at = until;
    if (said && answer->stops_at != SIZE_MAX && !answer->goes_on)
        said->sent = answer->stops_content;
    if (until < answer->len)
        return;
    if (said)
        said->sent = answer->content;
    if (said && !answer->cuts)
        said->whole = true;
    if (answer->cuts)
        oracle_mishap(origin->oracle, MISHAP_DISCONNECTED);
    if (talk->reception)
        talk_end_stream(origin, talk);
    else if (answer->closes)
        origin_end(origin, talk->end, answer->resets);
    free(answer->bytes);
    *answer = (struct answer){0};
    talk->heard = NULL;
}

/* The answer is made as the page is now. */
static void talk_begin(struct origin *origin, struct talk *talk)
{
    struct page *page = origin_page(origin, &talk->heard->request);
    const struct stamp stamp = {sim_world_now(origin->scene->world),
                                sim_world_wall(origin->scene->world)};
    page_answer(page, origin->oracle, talk->heard, &stamp, &talk->answer);
    if (page->uses != UINT32_MAX && page->uses > 0)
        page->uses--;
    if (talk->answer.said)
        talk->answer.said->on = talk->end;
    talk->begun = true;
    talk_go(origin, talk);
}

/* What has come and was not read as a request; of a connection of HTTP/2 nothing. */
static const char *talk_bytes(const struct talk *talk, size_t *len)
{
    if (talk->reception)
        return reception_bytes(talk->reception, talk->id, len);
    *len = sim_client_len(talk->end);
    return sim_client_bytes(talk->end);
}

static void talk_hear(struct origin *origin, struct talk *talk)
{
    struct request request;
    char fault[RESPONSE_FAULT];
    size_t used, len = 0;
    const char *bytes = talk->end && !talk->heard ? talk_bytes(talk, &len) : NULL;
    if (len == 0)
        return;
    const enum response_verdict verdict = request_read(&request, bytes, len, &used, fault);
    if (verdict == RESPONSE_WHOLE) {
        struct page *page = origin_page(origin, &request);
        if (!talk->reception)
            sim_client_take(talk->end, used);
        talk->due = sim_world_now(origin->scene->world) + page->takes;
        talk->begun = false;
        talk->heard =
            oracle_hears(origin->oracle, &request, origin, sim_world_now(origin->scene->world));
        if (len > used)
            snprintf(talk->fault, sizeof talk->fault, "octets behind a request: \"%.60s\"",
                     bytes + used);
    } else if (verdict == RESPONSE_BAD) {
        snprintf(talk->fault, sizeof talk->fault, "%s", fault);
    }
    request_fini(&request);
}

static bool talk_may_begin(const struct origin *origin, const struct talk *talk)
{
    return talk->heard && !talk->begun && !origin->waits &&
           talk->due <= sim_world_now(origin->scene->world);
}

static void talk_turn(struct origin *origin, struct talk *talk)
{
    talk_hear(origin, talk);
    if (talk_may_begin(origin, talk))
        talk_begin(origin, talk);
}

/* ---- connections ---- */

static struct talk *origin_talk(struct origin *origin, const struct sim_client *end)
{
    struct talk *talk = origin->talks;
    while (talk && (talk->end != end || talk->id > 0))
        talk = talk->next;
    return talk;
}

static void talk_free(struct talk *talk)
{
    if (talk->id == 0)
        reception_free(talk->reception);
    free(talk->answer.bytes);
    free(talk);
}

/* What is over is forgotten. */
static void origin_sweep(struct origin *origin)
{
    for (struct talk **place = &origin->talks; *place;) {
        struct talk *talk = *place;
        if (talk->end || talk->heard || talk->fault[0]) {
            place = &talk->next;
            continue;
        }
        *place = talk->next;
        talk_free(talk);
    }
}

static struct talk *origin_begin(struct origin *origin, struct sim_client *end)
{
    struct talk *talk = calloc(1, sizeof *talk);
    talk->end = end;
    talk->next = origin->talks;
    origin->talks = talk;
    return talk;
}

static void origin_accept(struct origin *origin)
{
    for (struct sim_client *end; (end = sim_origin_next(origin->end));) {
        struct talk *talk = origin_begin(origin, end);
        origin->connections++;
        if (!origin->scene->origin_h2)
            continue;
        talk->reception = reception_new(end);
        if (origin->stalls)
            reception_stall(talk->reception, true);
    }
}

static void origin_notes(const struct origin *origin, const char *what)
{
    journal_notes(origin->oracle->journal, sim_world_now(origin->scene->world), "  %s", what);
}

/* The gateway waits for its answer no more. */
static void talk_lost(struct origin *origin, struct talk *talk)
{
    if (talk->heard)
        oracle_mishap(origin->oracle, MISHAP_DISCONNECTED);
    talk->heard = NULL;
    talk->end = NULL;
}

static void origin_heard_streams(struct origin *origin, struct talk *connection)
{
    struct reception *reception = connection->reception;
    struct sim_client *end = connection->end;
    reception_hear(reception);
    if (reception_fault(reception))
        snprintf(connection->fault, sizeof connection->fault, "%s", reception_fault(reception));
    for (int32_t id; (id = reception_next(reception)) > 0;) {
        if (origin->refuses > 0) {
            if (--origin->refuses > 0) /* what is refused twice has failed */
                oracle_mishap(origin->oracle, MISHAP_DISCONNECTED);
            origin_notes(origin, "refuses");
            reception_refuse(reception, id);
            continue;
        }
        struct talk *talk = origin_begin(origin, end);
        talk->reception = reception;
        talk->id = id;
    }
    for (struct talk *talk = origin->talks; talk; talk = talk->next) {
        if (talk->end != end || talk->id == 0)
            continue;
        if (reception_lost(reception, talk->id))
            talk_lost(origin, talk);
        else
            talk_turn(origin, talk);
    }
}

static void origin_heard(struct sim_client *end, void *owner)
{
    struct origin *origin = owner;
    origin_accept(origin);
    struct talk *talk = origin_talk(origin, end);
    if (!talk)
        return;
    if (sim_client_state(end) == SIM_CLIENT_OPEN) {
        if (talk->reception)
            origin_heard_streams(origin, talk);
        else
            talk_turn(origin, talk);
        return;
    }
    for (talk = origin->talks; talk; talk = talk->next) {
        if (talk->end == end)
            talk_lost(origin, talk);
    }
    if (sim_client_state(end) == SIM_CLIENT_ENDED)
        sim_client_close(end, false);
    else
        oracle_breaks(origin->oracle, end, sim_world_now(origin->scene->world));
}

void origin_pump(struct origin *origin)
{
    origin_sweep(origin);
    for (struct talk *talk = origin->talks; talk; talk = talk->next) {
        if (talk->fault[0])
            scene_fail(origin->scene, "the origin was sent: %s", talk->fault);
        talk_turn(origin, talk);
    }
}

int64_t origin_due(const struct origin *origin)
{
    const int64_t now = sim_world_now(origin->scene->world);
    int64_t due = INT64_MAX;
    for (const struct talk *talk = origin->talks; talk; talk = talk->next) {
        if (!talk->end || !talk->heard || talk->begun || origin->waits)
            continue;
        const int64_t left = talk->due > now ? talk->due - now : 0;
        due = left < due ? left : due;
    }
    return due;
}

/* ---- the server ---- */

void origin_waits(struct origin *origin)
{
    origin->waits = true;
}

void origin_goes_on(struct origin *origin)
{
    origin->waits = false;
    for (struct talk *talk = origin->talks; talk; talk = talk->next) {
        if (talk->begun && talk->heard) {
            talk->answer.goes_on = true;
            talk_go(origin, talk);
        }
        talk_turn(origin, talk);
    }
    scene_idle(origin->scene);
}

size_t origin_waiting(const struct origin *origin)
{
    size_t count = 0;
    for (const struct talk *talk = origin->talks; talk; talk = talk->next)
        count += talk->end && talk->heard && !talk->begun &&
                 sim_client_state(talk->end) == SIM_CLIENT_OPEN;
    return count;
}

bool origin_is_waiting(const struct origin *origin)
{
    bool waits = origin->waits;
    for (const struct talk *talk = origin->talks; talk; talk = talk->next)
        waits = waits || (talk->end && talk->begun && talk->heard && !talk->answer.goes_on);
    return waits;
}

static bool origin_is_busy(const struct origin *origin, const struct sim_client *end)
{
    for (const struct talk *talk = origin->talks; talk; talk = talk->next) {
        if (talk->end == end && talk->heard)
            return true;
    }
    return false;
}

static void origin_break(struct origin *origin, bool reset, bool all)
{
    for (struct talk *talk = origin->talks; talk; talk = talk->next) {
        if (all || !origin_is_busy(origin, talk->end))
            origin_end(origin, talk->end, reset);
    }
}

void origin_leaves(struct origin *origin)
{
    origin_notes(origin, "leaves");
    for (struct talk *talk = origin->talks; talk; talk = talk->next) {
        if (talk->reception && talk->id == 0 && talk->end)
            reception_leave(talk->reception);
    }
    scene_idle(origin->scene);
}

void origin_refuses(struct origin *origin, unsigned requests)
{
    origin->refuses = origin->scene->origin_h2 ? requests : 0;
}

static void origin_stall(struct origin *origin, bool stalls)
{
    if (origin->stalls == stalls)
        return;
    origin->stalls = stalls;
    origin_notes(origin, stalls ? "stalls" : "stalls no more");
    origin->oracle->down += stalls ? 1 : -1;
    oracle_mishap(origin->oracle, MISHAP_DISCONNECTED);
    for (struct talk *talk = origin->talks; talk; talk = talk->next) {
        if (talk->reception && talk->id == 0 && talk->end)
            reception_stall(talk->reception, stalls);
    }
    scene_idle(origin->scene);
}

void origin_stalls(struct origin *origin)
{
    origin_stall(origin, origin->scene->origin_h2);
}

void origin_hangs_up(struct origin *origin)
{
    origin_break(origin, false, false);
    scene_idle(origin->scene);
}

/* Whoever waits for an answer now may feel it. */
static void origin_set_down(struct origin *origin, bool down)
{
    origin->oracle->down += down - origin->down;
    origin->down = down;
    oracle_mishap(origin->oracle, MISHAP_DISCONNECTED);
}

static void origin_fall(struct origin *origin, enum sim_origin_answer answer)
{
    origin_set_down(origin, true);
    origin_break(origin, true, true);
    sim_origin_answers(origin->end, answer, 0);
    scene_idle(origin->scene);
}

void origin_goes_down(struct origin *origin)
{
    origin_fall(origin, SIM_ORIGIN_REFUSES);
}

void origin_hangs(struct origin *origin)
{
    origin_fall(origin, SIM_ORIGIN_HANGS);
}

void origin_comes_back(struct origin *origin)
{
    if (origin->down)
        origin_set_down(origin, false);
    origin_stall(origin, false);
    sim_origin_answers(origin->end, SIM_ORIGIN_ACCEPTS, 0);
}

/* ---- what it has heard ---- */

size_t origin_requests(const struct origin *origin)
{
    size_t count = 0;
    for (const struct heard *heard = origin->oracle->heards; heard; heard = heard->next)
        count += heard->origin == origin;
    return count;
}

static const struct heard *origin_last(const struct origin *origin)
{
    const struct heard *heard = origin->oracle->heards;
    while (heard && heard->origin != origin)
        heard = heard->next;
    return heard;
}

const char *origin_saw(struct origin *origin, const char *name)
{
    const struct heard *heard = origin_last(origin);
    char *list = heard ? request_list(&heard->request, name) : NULL;
    const char *kept = scene_keep(origin->scene, list ? list : "");
    free(list);
    return kept;
}

const char *origin_saw_method(struct origin *origin)
{
    const struct heard *heard = origin_last(origin);
    return scene_keep(origin->scene, heard ? heard->request.method : "");
}

const char *origin_saw_content(struct origin *origin)
{
    const struct heard *heard = origin_last(origin);
    return scene_keep(origin->scene, heard && heard->request.content ? heard->request.content : "");
}

const char *origin_saw_trailers(struct origin *origin)
{
    const struct heard *heard = origin_last(origin);
    return scene_keep(origin->scene,
                      heard && heard->request.trailers ? heard->request.trailers : "");
}

const char *origin_saw_target(struct origin *origin)
{
    const struct heard *heard = origin_last(origin);
    return scene_keep(origin->scene, heard ? heard->request.target : "");
}

size_t origin_connections(const struct origin *origin)
{
    return origin->connections;
}

size_t origin_unread(const struct origin *origin)
{
    size_t unread = 0;
    for (const struct talk *talk = origin->talks; talk; talk = talk->next) {
        if (!talk->end || talk->id > 0)
            continue;
        unread += sim_client_unread(talk->end);
        unread += talk->reception ? reception_unsent(talk->reception) : 0;
    }
    return unread;
}

/* ---- life ---- */

struct origin *origin_new(struct scene *s, struct oracle *oracle, unsigned number)
{
    struct origin *origin = calloc(1, sizeof *origin);
    origin->scene = s;
    origin->oracle = oracle;
    snprintf(origin->address, sizeof origin->address, "192.0.2.%u:80", 9 + number);
    origin->end = sim_origin_open(s->world, origin->address);
    if (s->chaos->has_origin_faults)
        sim_origin_faults(origin->end, &s->chaos->origin_faults);
    sim_origin_heard(origin->end, origin_heard, origin);
    return origin;
}

void origin_calm(struct origin *origin)
{
    static const struct sim_faults none;
    sim_origin_faults(origin->end, &none);
    origin->waits = false;
    origin->refuses = 0;
    origin_comes_back(origin);
}

struct scene *origin_scene(const struct origin *origin)
{
    return origin->scene;
}

const char *origin_address(const struct origin *origin)
{
    return origin->address;
}

void origin_free(struct origin *origin)
{
    pages_free(origin->pages);
    while (origin->talks) {
        struct talk *talk = origin->talks;
        origin->talks = talk->next;
        talk_free(talk);
    }
    free(origin);
}
