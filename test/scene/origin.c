/* Plays an origin server: its connections, the requests on them, what is sent when.
 *
 *     octets come -> request_read -> heard -> (waits, takes) -> said: page_answer.c -> octets go
 *
 * It sends from within the world's own turns when it is ready at once, and from origin_pump when
 * something is due later; the stage lets no time pass without that (scene_idle).
 */
#include "origin.h"

#include "gateway.h"
#include "origin_parts.h"
#include "scene.h"

#include <stdlib.h>
#include <string.h>

struct origin {
    struct scene *scene;
    struct oracle *oracle;
    char address[32];
    struct sim_origin *end;
    struct page *pages;
    struct talk *talks;
    size_t connections;
    bool waits, down;
};

/* ---- pages ---- */

static void page_free(struct page *page)
{
    free(page->method);
    free(page->target);
    free(page->only_name);
    free(page->only_value);
    free(page->lines);
    free(page->content);
    free(page->raw);
    free(page);
}

static struct page *page_add(struct origin *origin, const char *target, int status,
                             const char *lines)
{
    struct page *page = calloc(1, sizeof *page);
    page->target = strdup(target);
    page->status = status;
    page->lines = strdup(lines);
    page->uses = UINT32_MAX;
    page->stops_after = page->cuts_after = SIZE_MAX;
    page->next = origin->pages;
    origin->pages = page;
    return page;
}

static void page_fill(struct page *page, const void *content, size_t len)
{
    page->content = malloc(len + 1);
    memcpy(page->content, content, len);
    page->content[len] = '\0';
    page->len = len;
}

struct page *origin_holds_bytes(struct origin *origin, const char *target, const char *lines,
                                const void *content, size_t len)
{
    struct page *page = page_add(origin, target, 200, lines);
    page_fill(page, content, len);
    page->evaluates = true;
    return page;
}

struct page *origin_holds(struct origin *origin, const char *target, const char *lines,
                          const char *content)
{
    return origin_holds_bytes(origin, target, lines, content, strlen(content));
}

void page_is_only_for(struct page *page, const char *line)
{
    const size_t name = strcspn(line, ":");
    page->only_name = strndup(line, name);
    page->only_value = strdup(line + name + strspn(line + name, ": "));
}

struct page *origin_holds_for(struct origin *origin, const char *target, const char *line,
                              const char *lines, const char *content)
{
    struct page *page = origin_holds(origin, target, lines, content);
    page_is_only_for(page, line);
    return page;
}

struct page *origin_says(struct origin *origin, const char *target, int status, const char *lines,
                         const char *content)
{
    struct page *page = page_add(origin, target, status, lines);
    page_fill(page, content, strlen(content));
    return page;
}

struct page *origin_says_to(struct origin *origin, const char *target, const char *line, int status,
                            const char *lines, const char *content)
{
    struct page *page = origin_says(origin, target, status, lines, content);
    page_is_only_for(page, line);
    return page;
}

struct page *origin_does(struct origin *origin, const char *method, const char *target, int status,
                         const char *lines, const char *content)
{
    struct page *page = origin_says(origin, target, status, lines, content);
    page->method = strdup(method);
    return page;
}

struct page *origin_sends(struct origin *origin, const char *target, const char *octets, size_t len,
                          bool closes)
{
    struct page *page = page_add(origin, target, 0, "");
    page_fill(page, "", 0);
    page->raw = malloc(len + 1);
    memcpy(page->raw, octets, len);
    page->raw_len = len;
    page->closes = closes;
    return page;
}

void origin_forgets(struct origin *origin, const char *target)
{
    for (struct page **place = &origin->pages; *place;) {
        struct page *page = *place;
        if (strcmp(page->target, target) != 0) {
            place = &page->next;
            continue;
        }
        *place = page->next;
        page_free(page);
    }
}

void page_once(struct page *page)
{
    page->uses = 1;
}

void page_slices(struct page *page)
{
    page->slices = true;
}

void page_takes(struct page *page, int64_t ns)
{
    page->takes = ns;
}

void page_is_chunked(struct page *page)
{
    page->framing = PAGE_CHUNKED;
}

void page_runs_until_close(struct page *page)
{
    page->framing = PAGE_UNTIL_CLOSE;
}

void page_stops_after(struct page *page, size_t octets)
{
    page->stops_after = octets;
}

void page_breaks_off_after(struct page *page, size_t octets, bool reset)
{
    page->cuts_after = octets;
    page->resets = reset;
}

static bool page_fits(const struct page *page, const struct request *request)
{
    if (page->uses == 0 || strcmp(page->target, request->target) != 0)
        return false;
    if (page->method ? strcmp(page->method, request->method) != 0
                     : strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
        return false;
    if (!page->only_name)
        return true;
    char *value = request_list(request, page->only_name);
    const bool fits = value && strcmp(value, page->only_value) == 0;
    free(value);
    return fits;
}

/* The latest page for the request; one that is for such requests only goes before the others. */
static struct page *origin_page(struct origin *origin, const struct request *request)
{
    static char empty[] = "", content[] = "nothing is here";
    static struct page none = {.status = 404,
                               .lines = empty,
                               .content = content,
                               .len = sizeof content - 1,
                               .uses = UINT32_MAX,
                               .stops_after = SIZE_MAX,
                               .cuts_after = SIZE_MAX};
    struct page *found = NULL;
    for (struct page *page = origin->pages; page; page = page->next) {
        if (page_fits(page, request) && (!found || (page->only_name && !found->only_name)))
            found = page;
    }
    return found ? found : &none;
}

/* ---- answers ---- */

static void talk_send(struct talk *talk, const char *bytes, size_t len)
{
    if (talk->end && sim_client_state(talk->end) == SIM_CLIENT_OPEN)
        sim_client_send(talk->end, bytes, len);
}

static void talk_end(struct talk *talk, bool reset)
{
    if (talk->end)
        sim_client_close(talk->end, reset);
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
    if (answer->closes)
        talk_end(talk, answer->resets);
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
    talk->begun = true;
    talk_go(origin, talk);
}

static void talk_hear(struct origin *origin, struct talk *talk)
{
    struct request request;
    char fault[RESPONSE_FAULT];
    size_t used;
    if (!talk->end || talk->heard || sim_client_len(talk->end) == 0)
        return;
    const enum response_verdict verdict = request_read(&request, sim_client_bytes(talk->end),
                                                       sim_client_len(talk->end), &used, fault);
    if (verdict == RESPONSE_WHOLE) {
        struct page *page = origin_page(origin, &request);
        sim_client_take(talk->end, used);
        talk->due = sim_world_now(origin->scene->world) + page->takes;
        talk->begun = false;
        talk->heard =
            oracle_hears(origin->oracle, &request, origin, sim_world_now(origin->scene->world));
        if (sim_client_len(talk->end) > 0)
            snprintf(talk->fault, sizeof talk->fault, "octets behind a request: \"%.60s\"",
                     sim_client_bytes(talk->end));
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

static struct talk *origin_talk(struct origin *origin, struct sim_client *end)
{
    struct talk *talk = origin->talks;
    while (talk && talk->end != end)
        talk = talk->next;
    return talk;
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
        free(talk->answer.bytes);
        free(talk);
    }
}

static void origin_accept(struct origin *origin)
{
    for (struct sim_client *end; (end = sim_origin_next(origin->end));) {
        struct talk *talk = calloc(1, sizeof *talk);
        talk->end = end;
        talk->next = origin->talks;
        origin->talks = talk;
        origin->connections++;
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
        talk_turn(origin, talk);
        return;
    }
    if (talk->heard) /* the gateway has given up */
        oracle_mishap(origin->oracle, MISHAP_DISCONNECTED);
    talk->heard = NULL;
    if (sim_client_state(end) == SIM_CLIENT_ENDED)
        talk_end(talk, false);
    talk->end = NULL;
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

static void origin_break(struct origin *origin, bool reset, bool all)
{
    for (struct talk *talk = origin->talks; talk; talk = talk->next) {
        if (all || !talk->heard)
            talk_end(talk, reset);
    }
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
    for (const struct talk *talk = origin->talks; talk; talk = talk->next)
        unread += talk->end ? sim_client_unread(talk->end) : 0;
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
    while (origin->pages) {
        struct page *page = origin->pages;
        origin->pages = page->next;
        page_free(page);
    }
    while (origin->talks) {
        struct talk *talk = origin->talks;
        origin->talks = talk->next;
        free(talk->answer.bytes);
        free(talk);
    }
    free(origin);
}
