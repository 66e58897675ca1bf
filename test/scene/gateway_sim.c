/* A randomised simulation of a gateway: users with caches of their own ask, an origin changes,
 * fails and lies, hours go by, and the oracle judges every answer.
 *
 *   --seeds N     so many, from the first one on (200)
 *   --seed N      the first one (1); with --seeds 1, that alone
 *   --steps N     of each (160)
 *   --journal N   of one that fails, the last N things that were said (40)
 *   --h2 1        the origin speaks HTTP/2, which adds ways to fail
 *
 * A seed is one life: a gateway with drawn settings, pages of drawn kinds, faults of the network or
 * none. What nobody may ever get, the oracle knows; what this adds are situations that no one has
 * thought of.
 */
#include "journal.h"
#include "sim_pages.h"
#include "statusfield.h"
#include "watchdog.h"

#include "base/memory.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { USERS_CLIENTS = 6, HELD = SIM_PAGES, BLOCK = 50, WATCHDOG = 60 };

/* What one client remembers of a page. */
struct held {
    char tags[160]; /* a list of tags, as If-None-Match has it */
    char tag[80];
    char modified[40];
};

struct user {
    struct client *client;
    unsigned number;
    struct held held[HELD];
    struct sim_page *asked; /* an answer is due */
};

struct life {
    struct scene scene;
    struct sim_site site;
    struct user users[USERS_CLIENTS];
    size_t step;
};

static struct {
    uint64_t seeds, seed, steps, journal, h2;
} options = {.seeds = 200, .seed = 1, .steps = 160, .journal = 40};

/* What has been seen, over all seeds. */
static struct {
    uint64_t answers, hits, validated, stale, collapsed, not_modified, parts, errors, cut, requests;
    double hours;
} seen;

static uint64_t present; /* the seed, for the last words */

/* ---- the gateway ---- */

static void settings_draw(struct scene *s)
{
    struct gateway *gateway = scene_gateway(s);
    struct cache_rules *rules = &gateway->rules;
    if (rarely(s, 4))
        gateway_by_the_letter(gateway);
    rules->profile.disconnected = !rarely(s, 3);
    rules->profile.request_freshness = !rarely(s, 6);
    gateway->oracle->deaf = !rules->profile.request_freshness;
    rules->collapse = !rarely(s, 6);
    rules->synthesize = !rarely(s, 3);
    rules->fill_on_conditional = rarely(s, 4);
    rules->keep = rarely(s, 3) ? 50 : 86400;
    rules->alone = rarely(s, 3) ? 0 : 10;
    if (rarely(s, 3))
        rules->object_max = 1000;
    if (rarely(s, 3))
        rules->validate_up_to = 500;
    if (rarely(s, 4))
        gateway->memory = 1 << 15;
    if (rarely(s, 4))
        gateway_gives(gateway, 404, 10);
    s->workers = 1 + (unsigned)draw(s, 3);
    s->patience = SECONDS(300);
}

/* ---- asking ---- */

static void add(char *lines, const char *form, const char *value)
{
    const size_t len = strlen(lines);
    snprintf(lines + len, 500 - len, "%s", len ? "\n" : "");
    snprintf(lines + strlen(lines), 500 - strlen(lines), form, value);
}

static void add_number(char *lines, const char *form, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    add(lines, form, text);
}

static void ask_conditions(struct scene *s, const struct held *held, char *lines)
{
    if (held->tags[0] && !rarely(s, 3))
        add(lines, "If-None-Match: %s", rarely(s, 2) ? held->tags : held->tag);
    else if (held->modified[0] && rarely(s, 2))
        add(lines, "If-Modified-Since: %s", held->modified);
    else if (rarely(s, 20))
        add(lines, "If-None-Match: %s", rarely(s, 2) ? "*" : "\"1-0\", nonsense");
    else if (rarely(s, 30))
        add(lines, "If-Match: %s", held->tag[0] ? held->tag : "\"1-0\"");
}

static void ask_ranges(struct scene *s, const struct held *held, char *lines)
{
    static const char *const ranges[] = {"0-0", "0-9", "5-", "-5", "10-19", "100-", "0-1,30-31"};
    add(lines, "Range: bytes=%s", ranges[draw(s, sizeof ranges / sizeof *ranges)]);
    if (held->tag[0] && rarely(s, 2))
        add(lines, "If-Range: %s", held->tag);
}

static void ask_directives(struct scene *s, char *lines)
{
    static const char *const directives[] = {"no-cache",    "no-store",       "max-age=0",
                                             "max-age=5",   "max-stale",      "max-stale=20",
                                             "min-fresh=3", "only-if-cached", "stale-if-error=100"};
    add(lines, "Cache-Control: %s", directives[draw(s, sizeof directives / sizeof *directives)]);
}

static void user_fields(struct life *life, struct user *user, const struct sim_page *page,
                        char *lines)
{
    struct scene *s = &life->scene;
    const struct held *held = &user->held[page - life->site.pages];
    lines[0] = '\0';
    if (page->audience == SIM_PRIVATE || rarely(s, 3))
        add_number(lines, "Cookie: user=%s", user->number);
    if (page->audience == SIM_SECRET || rarely(s, 12))
        add_number(lines, "Authorization: user=%s", user->number);
    if (page->audience == SIM_BY_FIELD ? !rarely(s, 6) : rarely(s, 6))
        add_number(lines, "X: %s", 1 + draw(s, SIM_VARIANTS));
    if (rarely(s, 2))
        ask_conditions(s, held, lines);
    if (rarely(s, 6))
        ask_ranges(s, held, lines);
    if (rarely(s, 6))
        ask_directives(s, lines);
    if (!lines[0])
        add(lines, "Accept: %s", "*/*");
}

static void user_ask(struct life *life, struct user *user)
{
    struct scene *s = &life->scene;
    struct sim_page *page = sim_site_any(&life->site);
    char lines[500];
    user_fields(life, user, page, lines);
    client_reopen(user->client);
    user->asked = page;
    if (rarely(s, 25)) {
        sim_page_edit(&life->site, page);
        client_ask_by(user->client, rarely(s, 2) ? "POST" : "DELETE", page->target,
                      rarely(s, 2) ? "content" : NULL, "");
    } else if (rarely(s, 40)) {
        client_ask_by(user->client, "GET", page->target, "content", lines);
    } else {
        client_ask_by(user->client, rarely(s, 12) ? "HEAD" : "GET", page->target, NULL, lines);
    }
}

/* ---- hearing ---- */

static bool has_parameter(const struct statusfield *field, const char *name)
{
    return statusfield_get(field, name) != NULL;
}

static void note(const struct response *response, bool whole)
{
    struct statusfield field = {.members = 0};
    char *status = response_list(response, "Cache-Status");
    const bool read = status && statusfield_read(&field, status);
    free(status);
    seen.answers++;
    seen.cut += !whole;
    seen.not_modified += response->status == 304;
    seen.parts += response->status == 206;
    seen.errors += response->status >= 500;
    if (!read)
        return;
    const char *ttl = statusfield_get(&field, "ttl");
    seen.hits += has_parameter(&field, "hit");
    seen.collapsed += has_parameter(&field, "collapsed");
    seen.stale += ttl && ttl[0] == '-';
    const char *detail = statusfield_get(&field, "detail");
    seen.validated += detail && strcmp(detail, "validated") == 0;
}

/* The client keeps what it may ask about. */
static void user_keep(struct user *user, size_t number)
{
    const struct response *response = &user->client->response;
    struct held *held = &user->held[number];
    const char *tag = response_field(response, "ETag");
    const char *modified = response_field(response, "Last-Modified");
    if (response->status != 200 || !user->client->whole)
        return;
    snprintf(held->modified, sizeof held->modified, "%s", modified ? modified : "");
    if (!tag || strlen(tag) > 60) {
        held->tag[0] = '\0';
        return;
    }
    char before[sizeof held->tag];
    strcpy(before, strcmp(held->tag, tag) == 0 ? "" : held->tag);
    snprintf(held->tags, sizeof held->tags, "%s%s%s", tag, before[0] ? ", " : "", before);
    snprintf(held->tag, sizeof held->tag, "%s", tag);
}

static void user_hear(struct life *life, struct user *user)
{
    if (!user->asked)
        return;
    const size_t number = (size_t)(user->asked - life->site.pages);
    user->asked = NULL;
    client_hear_any(user->client);
    note(&user->client->response, user->client->whole);
    user_keep(user, number);
    if (!user->client->whole)
        client_again(user->client);
}

/* ---- steps ---- */

static void let_pass(struct scene *s)
{
    static const int64_t most[] = {0, 1, 1, 3, 10, 60, 300, 4000};
    const int64_t seconds = most[draw(s, sizeof most / sizeof *most)];
    scene_pass(s, (int64_t)draw(s, (uint64_t)seconds * 1000 + 1) * 1000000);
}

static void all_hear(struct life *life)
{
    origin_goes_on(life->site.origin);
    for (size_t i = 0; i < USERS_CLIENTS; i++)
        user_hear(life, &life->users[i]);
}

/* Several ask at once, most of them for the same. */
static void at_once(struct life *life)
{
    struct scene *s = &life->scene;
    origin_waits(life->site.origin);
    for (size_t i = 0; i < USERS_CLIENTS; i++) {
        if (!life->users[i].asked && !rarely(s, 4))
            user_ask(life, &life->users[i]);
        if (rarely(s, 3))
            scene_idle(s);
    }
    if (rarely(s, 3))
        scene_pass(s, (int64_t)draw(s, 7000) * 1000000);
    if (rarely(s, 4))
        sim_page_edit(&life->site, sim_site_any(&life->site));
    if (rarely(s, 4)) { /* one of them loses patience */
        struct user *user = &life->users[draw(s, USERS_CLIENTS)];
        user->asked = NULL;
        client_leave(user->client, rarely(s, 2));
    }
    all_hear(life);
}

/* What only HTTP/2 can do. */
static void origin_moves_streams(struct life *life)
{
    struct scene *s = &life->scene;
    struct origin *origin = life->site.origin;
    switch (draw(s, 3)) {
    case 0:
        origin_leaves(origin);
        break;
    case 1:
        origin_refuses(origin, 1 + (unsigned)draw(s, 4));
        break;
    default:
        origin_stalls(origin);
    }
}

static void origin_moves(struct life *life)
{
    struct scene *s = &life->scene;
    struct sim_site *site = &life->site;
    switch (draw(s, s->origin_h2 ? 11 : 8)) {
    case 8:
    case 9:
    case 10:
        origin_moves_streams(life);
        break;
    case 0:
        sim_page_rule(site, sim_site_any(site));
        break;
    case 1:
        if (rarely(s, 2))
            origin_hangs(site->origin);
        else
            origin_goes_down(site->origin);
        break;
    case 2:
    case 3:
        sim_page_fail(site, sim_site_any(site));
        break;
    default:
        sim_page_edit(site, sim_site_any(site));
    }
}

static void purge(struct life *life)
{
    scene_purge(&life->scene, sim_site_any(&life->site)->target);
}

/* A connection of HTTP/2 that was begun while the origin hung is waited for by all who ask, until
 * connect_timeout ends it. */
static void origin_returns(struct life *life)
{
    struct scene *s = &life->scene;
    const bool was_down = s->gateway->oracle->down > 0;
    origin_comes_back(life->site.origin);
    if (was_down && s->origin_h2)
        scene_pass(s, SECONDS(5));
}

static void step(struct life *life)
{
    struct scene *s = &life->scene;
    if (rarely(s, 3))
        origin_returns(life);
    if (rarely(s, 3))
        origin_moves(life);
    if (rarely(s, 40))
        purge(life);
    if (rarely(s, 5)) {
        at_once(life);
    } else {
        struct user *user = &life->users[draw(s, USERS_CLIENTS)];
        user_ask(life, user);
        scene_idle(s);
        all_hear(life);
    }
    if (rarely(s, 2))
        let_pass(s);
}

/* ---- lives ---- */

static void chaos_draw(struct chaos *chaos, uint64_t seed)
{
    *chaos = (struct chaos){.name = "drawn", .faults = {.shuffle = seed % 2}};
    if (seed % 5 == 1)
        chaos->faults = (struct sim_faults){
            .read_most = 90, .write_most = 900, .draw_sizes = true, .shuffle = true};
    if (seed % 7 == 2) {
        chaos->origin_faults = (struct sim_faults){.reset_after = 20000};
        chaos->has_origin_faults = true;
    }
    chaos->fail_nth = seed % 9 == 4 ? 200 + seed % 4000 : 0;
}

static void live(struct life *life)
{
    struct scene *s = &life->scene;
    settings_draw(s);
    s->gateway->oracle->forgetful = s->chaos->fail_nth > 0;
    sim_site_init(&life->site, s);
    for (size_t i = 0; i < USERS_CLIENTS; i++) {
        life->users[i].number = 1 + (unsigned)i % SIM_USERS;
        life->users[i].client = scene_client(s);
    }
    for (life->step = 0; life->step < options.steps; life->step++)
        step(life);
}

static bool live_seed(uint64_t seed)
{
    static struct life life;
    struct chaos chaos;
    memset(&life, 0, sizeof life);
    chaos_draw(&chaos, seed);
    present = seed;
    watchdog_set(WATCHDOG);
    scene_init(&life.scene, "gateway_sim", &chaos, seed);
    life.scene.origin_h2 = options.h2;
    volatile bool well = false;
    if (setjmp(life.scene.failed) == 0) {
        live(&life);
        well = true;
    }
    if (!well) {
        journal_print(life.scene.gateway->oracle->journal, options.journal);
        printf("# seed %llu, step %zu: %s\n", (unsigned long long)seed, life.step, life.scene.why);
    }
    seen.hours += (double)sim_world_now(life.scene.world) / 3.6e12;
    seen.requests += life.scene.gateway ? life.scene.gateway->oracle->heard_count : 0;
    scene_fini(&life.scene);
    watchdog_set(0);
    return well;
}

/* ---- all of them ---- */

static void last_words(int number)
{
    char text[120];
    int len = snprintf(text, sizeof text, "\nnot ok - seed %llu %s\n", (unsigned long long)present,
                       watchdog_barks(number) ? "hangs" : "crashes");
    fflush(stdout);
    if (write(1, text, (size_t)len) < 0 || watchdog_barks(number))
        _exit(1);
    signal(number, SIG_DFL);
}

static void crashed(void)
{
    last_words(SIGABRT);
}

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void say_seen(void)
{
    printf("# %.0f virtual hours, %llu answers: %llu hits, %llu stale, %llu validated, "
           "%llu collapsed, %llu 304, %llu 206, %llu 5xx, %llu cut; %llu requests to the origin\n",
           seen.hours, (unsigned long long)seen.answers, (unsigned long long)seen.hits,
           (unsigned long long)seen.stale, (unsigned long long)seen.validated,
           (unsigned long long)seen.collapsed, (unsigned long long)seen.not_modified,
           (unsigned long long)seen.parts, (unsigned long long)seen.errors,
           (unsigned long long)seen.cut, (unsigned long long)seen.requests);
}

static bool live_all(void)
{
    unsigned blocks = 0, failures = 0;
    for (uint64_t done = 0; done < options.seeds && failures < 5; blocks++) {
        const uint64_t first = options.seed + done;
        bool well = true;
        for (unsigned i = 0; i < BLOCK && done < options.seeds && well; i++, done++)
            well = live_seed(options.seed + done);
        failures += !well;
        printf("%s %u - seeds from %llu on\n", well ? "ok" : "not ok", blocks + 1,
               (unsigned long long)first);
        fflush(stdout);
    }
    say_seen();
    printf("1..%u\n", blocks);
    return failures == 0;
}

static bool read_option(const char *name, const char *value)
{
    uint64_t *to = strcmp(name, "--seeds") == 0     ? &options.seeds
                   : strcmp(name, "--seed") == 0    ? &options.seed
                   : strcmp(name, "--steps") == 0   ? &options.steps
                   : strcmp(name, "--journal") == 0 ? &options.journal
                   : strcmp(name, "--h2") == 0      ? &options.h2
                                                    : NULL;
    if (to)
        *to = strtoull(value, NULL, 10);
    return to != NULL;
}

int main(int count, char **words)
{
    for (int i = 1; i < count; i += 2) {
        if (i + 1 == count || !read_option(words[i], words[i + 1])) {
            fprintf(stderr, "%s [--seeds N] [--seed N] [--steps N] [--journal N] [--h2 1]\n",
                    words[0]);
            return 2;
        }
    }
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(crashed);
    signal(SIGABRT, last_words);
    signal(SIGALRM, last_words);
    signal(SIGPROF, last_words);
    const bool well = live_all();
    fflush(stdout);
    if (!well)
        _exit(1);
    return 0;
}
