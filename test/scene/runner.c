/* Tells the scenes: each plainly, then under each kind of chaos, and says in TAP how it went.
 *
 *   --list            the scenes, and the kinds of chaos
 *   --only NAME       that scene alone
 *   --of TABLE        those of "files" (scenes.tbl) or of "gateways" (gateways.tbl) alone
 *   --chaos KIND      that kind alone; may be given several times
 *   --seed N          another seed than 1 (or SCENE_SEED); every run is named by its seed
 *   --rounds N        tell each scene with N seeds from there on
 *   --over WAY        clients speak "h2c", "tls" (HTTP/1 in it) or "tls-h2"; what is about plain
 *                     octets or about HTTP/1 itself is left out
 *   --origin WAY      gateways speak "h2c" with their origins; what is about HTTP/1 between them is
 *                     left out
 *   --every 1         LONG scenes too are told with every call failing
 *   --journal N       of a gateway's scene that fails, the last N things that were said
 *   --nth N           of the kinds that make the n-th call fail: that n alone
 *
 * A telling that crashes or hangs ends the runner; its last words say which one it was.
 */
#include "journal.h"
#include "stories.h"
#include "watchdog.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ANY = 0,
    LARGE = 1,     /* much content: not in single octets */
    TIMED = 2,     /* counts on work being done at once */
    UNWALKED = 4,  /* counts on nothing being known of the files */
    ALONE = 8,     /* counts on there being one worker, or sets their number */
    STARTING = 16, /* failures may hit the start of the server as well */
    CALM = 32,     /* nothing is made to fail: what it tells is itself a failure, or takes long */
    LONG = 64,     /* makes many calls: only some of them are made to fail, drawn by the seed */
    H1 = 512,      /* about HTTP/1 itself: octets as they are sent, or how connections end */
    H1_ORIGIN = 2048, /* about HTTP/1 towards the origin: octets as they are sent, fields of one
                         connection, or what becomes of connections */
    OF_FILES = 128,   /* which table it is from */
    OF_GATEWAYS = 256,

    WATCHDOG = 30,   /* seconds of computing for one telling */
    LONG_TELLS = 20, /* how often a LONG scene is told */
};

struct telling {
    const char *name;
    void (*tell)(struct scene *s);
    unsigned bits;
    const char *ids;
    const char *what;
};

static const struct telling tellings[] = {
#define SCENE(name, bits, ids, what) {#name, tell_##name, bits | OF_FILES, ids, what},
#include "scenes.tbl"
#undef SCENE
#define SCENE(name, bits, ids, what) {#name, tell_##name, bits | OF_GATEWAYS, ids, what},
#include "gateways.tbl"
#undef SCENE
};

enum { TELLINGS = sizeof tellings / sizeof *tellings };

/* Which call is made to fail, one after the other. */
enum injection { NOTHING, MEMORY, FILES };

static const struct kind {
    struct chaos chaos;
    enum injection injection;
} kinds[] = {
    {{.name = "plain"}, NOTHING},
    {{.name = "octets", .faults = {.read_most = 1, .write_most = 1}, .avoids = LARGE}, NOTHING},
    {{.name = "pieces",
      .faults = {.read_most = 90, .write_most = 9000, .draw_sizes = true, .shuffle = true}},
     NOTHING},
    {{.name = "shuffled", .faults = {.shuffle = true, .spurious = true}}, NOTHING},
    {{.name = "delayed",
      .faults = {.job_delay = MILLISECONDS(40), .shuffle = true},
      .avoids = TIMED},
     NOTHING},
    {{.name = "workers", .faults = {.shuffle = true}, .workers = 2, .avoids = ALONE}, NOTHING},
    {{.name = "walked",
      .faults = {.shuffle = true},
      .walk = true,
      .avoids = UNWALKED | OF_GATEWAYS},
     NOTHING},
    {{.name = "resets", .faults = {.reset_after = 3000}, .relaxed = true, .avoids = CALM}, NOTHING},
    {{.name = "origin-octets",
      .origin_faults = {.read_most = 1, .write_most = 1},
      .has_origin_faults = true,
      .avoids = LARGE | OF_FILES},
     NOTHING},
    {{.name = "origin-resets",
      .origin_faults = {.reset_after = 1500},
      .has_origin_faults = true,
      .relaxed = true,
      .avoids = CALM | OF_FILES},
     NOTHING},
    {{.name = "memory", .relaxed = true, .avoids = CALM}, MEMORY},
    {{.name = "files", .relaxed = true, .avoids = CALM | OF_GATEWAYS}, FILES},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static const struct transport {
    const char *name;
    bool h2;
    enum end_cover cover;
    unsigned avoids;
} transports[] = {
    {.name = "http1"},
    {.name = "h2c", .h2 = true, .avoids = H1},
    {.name = "tls", .cover = END_TLS_HTTP1},
    {.name = "tls-h2", .h2 = true, .cover = END_TLS_HTTP2, .avoids = H1},
};

static struct {
    const char *only;
    unsigned table; /* OF_FILES, OF_GATEWAYS */
    const char *chaos[KINDS];
    size_t chaos_count;
    uint64_t seed, rounds, nth, every, journal;
    const struct transport *over, *origin;
} options = {.table = OF_FILES | OF_GATEWAYS,
             .seed = 1,
             .rounds = 1,
             .over = transports,
             .origin = transports};

/* What is being told, for the last words. */
static struct {
    const char *scene, *chaos;
    uint64_t seed, nth;
} present;

static unsigned tests, failures;

static void last_words(int number)
{
    char text[300];
    int len =
        snprintf(text, sizeof text,
                 "\nnot ok %u - %s %s\n# %s; again with: --only %s --chaos %s --seed %llu "
                 "--nth %llu\n",
                 tests + 1, present.scene, present.chaos,
                 watchdog_barks(number) ? "it hangs" : "it crashed", present.scene, present.chaos,
                 (unsigned long long)present.seed, (unsigned long long)present.nth);
    fflush(stdout);
    if (write(1, text, (size_t)len) < 0 || watchdog_barks(number))
        _exit(1);
    signal(number, SIG_DFL);
}

/* What the sanitizers call when they end the process. */
static void crashed(void)
{
    last_words(SIGABRT);
}

void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static bool leaks(void)
{
    return __lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check() != 0;
}

struct outcome {
    uint64_t made;     /* calls that might have failed */
    uint64_t injected; /* that did */
    char why[1024];
};

/* One telling. */
static bool tell_once(const struct telling *telling, const struct chaos *chaos, uint64_t seed,
                      struct outcome *outcome)
{
    struct scene s;
    present.scene = telling->name;
    present.chaos = chaos->name;
    present.seed = seed;
    present.nth = chaos->fail_nth + chaos->fail_file_nth;
    watchdog_set(WATCHDOG);
    scene_init(&s, telling->name, chaos, seed);
    s.starting = telling->bits & STARTING;
    s.h2 = options.over->h2;
    s.cover = options.over->cover;
    s.origin_h2 = options.origin->h2;
    volatile bool well = false;
    if (setjmp(s.failed) == 0) {
        telling->tell(&s);
        scene_end(&s);
        well = true;
    }
    memcpy(outcome->why, s.why, sizeof s.why);
    if (!well && s.gateway)
        journal_print(s.gateway->oracle->journal, options.journal);
    outcome->made = s.made;
    scene_fini(&s);
    watchdog_set(0);
    return well;
}

/* Once with the n-th call failing. */
static bool tell_nth(const struct telling *telling, const struct kind *kind, uint64_t seed,
                     uint64_t nth, struct outcome *outcome)
{
    struct chaos chaos = kind->chaos;
    chaos.fail_nth = kind->injection == MEMORY ? nth : 0;
    chaos.fail_file_nth = kind->injection == FILES ? nth : 0;
    const bool well = tell_once(telling, &chaos, seed, outcome);
    outcome->injected += outcome->made >= nth;
    return well;
}

/* With each call failing that the scene makes: the first, the second, and so on until there is none
 * left; of a long scene with about LONG_TELLS of them. */
static bool tell_failing(const struct telling *telling, const struct kind *kind, uint64_t seed,
                         struct outcome *outcome)
{
    uint64_t stride = 1;
    if (options.nth)
        return tell_nth(telling, kind, seed, options.nth, outcome);
    if ((telling->bits & LONG) && !options.every) {
        if (!tell_nth(telling, kind, seed, UINT64_MAX, outcome))
            return false;
        stride = 1 + outcome->made / LONG_TELLS;
    }
    for (uint64_t nth = 1 + seed % stride;; nth += stride) {
        if (!tell_nth(telling, kind, seed, nth, outcome))
            return false;
        if (outcome->made < nth)
            return true;
    }
}

static void tell(const struct telling *telling, const struct kind *kind, uint64_t seed)
{
    struct outcome outcome = {0};
    const bool well = kind->injection == NOTHING ? tell_once(telling, &kind->chaos, seed, &outcome)
                                                 : tell_failing(telling, kind, seed, &outcome);
    const bool leaked = well && failures == 0 && leaks(); /* a scene that failed may have leaked */
    tests++;
    failures += !well || leaked;
    printf("%s %u - %s %s", well && !leaked ? "ok" : "not ok", tests, telling->name,
           kind->chaos.name);
    if (kind->injection != NOTHING)
        printf(": %llu failures injected", (unsigned long long)outcome.injected);
    printf("\n");
    if (!well || leaked)
        printf("# %s\n# %s\n# again with: --only %s --chaos %s --seed %llu --nth %llu\n",
               telling->what, leaked ? "memory leaks" : outcome.why, telling->name,
               kind->chaos.name, (unsigned long long)seed, (unsigned long long)present.nth);
    fflush(stdout);
}

static bool wanted_kind(const struct kind *kind)
{
    for (size_t i = 0; i < options.chaos_count; i++) {
        if (strcmp(options.chaos[i], kind->chaos.name) == 0)
            return true;
    }
    return options.chaos_count == 0;
}

static bool tell_all(void)
{
    for (size_t i = 0; i < TELLINGS; i++) {
        if ((options.only && strcmp(options.only, tellings[i].name) != 0) ||
            !(tellings[i].bits & options.table) || (tellings[i].bits & options.over->avoids) ||
            (options.origin->h2 && (tellings[i].bits & H1_ORIGIN)))
            continue;
        for (size_t j = 0; j < KINDS; j++) {
            if (!wanted_kind(&kinds[j]) || (tellings[i].bits & kinds[j].chaos.avoids))
                continue;
            for (uint64_t round = 0; round < options.rounds; round++)
                tell(&tellings[i], &kinds[j], options.seed + round);
        }
    }
    printf("1..%u\n", tests);
    return tests > 0 && failures == 0;
}

static int list(void)
{
    for (size_t i = 0; i < TELLINGS; i++)
        printf("%-28s %s (%s)\n", tellings[i].name, tellings[i].what, tellings[i].ids);
    printf("chaos:");
    for (size_t j = 0; j < KINDS; j++)
        printf(" %s", kinds[j].chaos.name);
    printf("\n");
    return 0;
}

static const struct transport *read_transport(const char *name)
{
    for (size_t i = 0; i < sizeof transports / sizeof *transports; i++)
        if (strcmp(transports[i].name, name) == 0)
            return &transports[i];
    return NULL;
}

static bool read_option(const char *name, const char *value)
{
    if (strcmp(name, "--only") == 0)
        options.only = value;
    else if (strcmp(name, "--chaos") == 0 && options.chaos_count < KINDS)
        options.chaos[options.chaos_count++] = value;
    else if (strcmp(name, "--of") == 0)
        options.table = strcmp(value, "files") == 0 ? OF_FILES : OF_GATEWAYS;
    else if (strcmp(name, "--seed") == 0)
        options.seed = strtoull(value, NULL, 10);
    else if (strcmp(name, "--rounds") == 0)
        options.rounds = strtoull(value, NULL, 10);
    else if (strcmp(name, "--nth") == 0)
        options.nth = strtoull(value, NULL, 10);
    else if (strcmp(name, "--journal") == 0)
        options.journal = strtoull(value, NULL, 10);
    else if (strcmp(name, "--over") == 0)
        options.over = read_transport(value);
    else if (strcmp(name, "--origin") == 0)
        options.origin = read_transport(value);
    else if (strcmp(name, "--every") == 0)
        options.every = strtoull(value, NULL, 10);
    else
        return false;
    return options.over && options.origin && options.origin->cover == END_PLAIN;
}

int main(int count, char **words)
{
    const char *seed = getenv("SCENE_SEED");
    if (seed)
        options.seed = strtoull(seed, NULL, 10);
    for (int i = 1; i < count; i += 2) {
        if (strcmp(words[i], "--list") == 0)
            return list();
        if (i + 1 == count || !read_option(words[i], words[i + 1])) {
            fprintf(
                stderr,
                "%s [--list] [--only NAME] [--of TABLE] [--chaos KIND]... [--seed N] "
                "[--over WAY] [--origin WAY] [--rounds N] [--nth N] [--every 1] [--journal N]\n",
                words[0]);
            return 2;
        }
    }
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(crashed);
    signal(SIGABRT, last_words);
    signal(SIGALRM, last_words);
    signal(SIGPROF, last_words);
    bool well = tell_all();
    fflush(stdout);
    if (!well)
        _exit(1); /* a scene that failed may have leaked */
    return 0;
}
