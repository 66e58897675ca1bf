/* Looks at one URL after another, and reports what was found.
 *
 * An interrupt ends it early: what was found until then is reported.
 */
#include "cli/auditing.h"

#include "audit/inputfile.h"
#include "base/memory.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define AUDITING_INTERRUPTED 130
#define NS_PER_SECOND 1000000000

/* A walk over the URLs. */
struct auditing_walk {
    struct auditing *auditing;
    struct auditing_progress progress;
    struct audit_facts *facts;
    struct report_item *items;
    struct findings findings;
    struct snapshots before, record;
    struct budget budget;
    struct report report;
    struct auditing_manners manners;
    uint64_t requests;
    bool broken; /* memory was out */
};

/* What a signal may touch. */
static volatile sig_atomic_t auditing_stopped;
static struct transfers *auditing_transfers;

static void auditing_interrupt(int number)
{
    (void)number;
    auditing_stopped = 1;
    transfers_stop(auditing_transfers);
}

static int64_t auditing_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

static bool auditing_wait(void *owner, unsigned ms)
{
    (void)owner;
    if (!auditing_stopped)
        poll(NULL, 0, (int)ms); /* a signal ends it */
    return !auditing_stopped;
}

static bool auditing_progressed(void *owner, const struct audit_progress *now)
{
    const struct auditing_walk *walk = owner;

    auditing_show(&walk->progress, now);
    return !auditing_stopped;
}

/* Reads what the resources were before. */
static bool auditing_before(struct auditing_walk *walk, const char *path)
{
    struct text text = {0};
    struct inputfile file;
    struct stet_span piece;
    size_t line = 0;
    char where[32] = "";
    const char *error = inputfile_open(&file, path);

    while (!error && (error = inputfile_read(&file, &piece)) == NULL && piece.len)
        text_put(&text, piece.at, piece.len);
    inputfile_close(&file);
    if (!error && text.failed)
        error = "memory is out";
    if (!error) {
        error = snapshots_read(&walk->before, stet_span(text.at, text.len), &line);
        snprintf(where, sizeof where, "line %zu: ", line);
    }
    if (error)
        fprintf(stderr, "stet audit: %s: %s%s\n", path, where, error);
    text_fini(&text);
    return !error;
}

/* Notes what they are now. */
static bool auditing_record(const struct auditing_walk *walk, const char *path)
{
    struct text text = {0};

    snapshots_write(&walk->record, &text);
    const bool done = auditing_write(path, &text);
    text_fini(&text);
    return done;
}

/* How many requests the next URL may have; 0: there are none left. */
static unsigned auditing_allowed(const struct auditing_walk *walk)
{
    const uint64_t most = walk->auditing->requests_max;
    const uint64_t sent = walk->requests + walk->auditing->crawled;

    if (!most)
        return AUDIT_REQUESTS;
    if (sent >= most)
        return 0;
    return most - sent < AUDIT_REQUESTS ? (unsigned)(most - sent) : AUDIT_REQUESTS;
}

static void auditing_item(struct auditing_walk *walk, const char *url, const struct target *target)
{
    struct audit_setup setup = walk->auditing->setup;
    struct audit_facts *facts = &walk->facts[walk->report.count];
    const size_t first = walk->findings.count;

    walk->progress.index = walk->report.count;
    setup.fields = auditing_fields(walk->auditing, url);
    setup.transfers = auditing_transfers;
    setup.before = walk->auditing->after ? &walk->before : NULL;
    setup.record = walk->auditing->before ? &walk->record : NULL;
    setup.wait = auditing_wait;
    setup.progress = auditing_progressed;
    setup.owner = walk;
    setup.requests_max = auditing_allowed(walk);
    if (!setup.requests_max || auditing_stopped || !auditing_may(&walk->manners, &setup, url)) {
        walk->report.unasked++;
        return;
    }
    walk->broken |= !audit_url(&setup, url, &walk->findings, facts);
    if (!facts->url) { /* memory was out before it began */
        audit_facts_fini(facts);
        return;
    }
    walk->requests += facts->requests;
    auditing_heed(&walk->manners, facts);
    budget_add(&walk->budget, facts, target);
    walk->items[walk->report.count++] =
        (struct report_item){facts, target, first, walk->findings.count - first};
}

/* Those that were named, then those that were found, each once. */
static void auditing_items(struct auditing_walk *walk)
{
    struct auditing *auditing = walk->auditing;
    size_t named, found, asked = 0;
    struct target *const *list = targets_list(&auditing->named, &named);
    struct target *const *others = targets_list(&auditing->found, &found);
    const size_t most = auditing->sources.urls < found ? auditing->sources.urls : found;

    walk->progress.count = named + most;
    walk->facts = memory_new_zero((named + most + 1) * sizeof *walk->facts);
    walk->items = memory_new_zero((named + most + 1) * sizeof *walk->items);
    walk->manners.closed = memory_new_zero((named + most + 1) * sizeof *walk->manners.closed);
    walk->broken = !list || !others || !walk->facts || !walk->items || !walk->manners.closed;
    walk->report.items = walk->items;
    for (size_t i = 0; !walk->broken && i < named; i++)
        auditing_item(walk, list[i]->url,
                      map_find(&auditing->found.map, list[i]->url, strlen(list[i]->url)));
    for (size_t i = 0; !walk->broken && i < found && asked < most; i++) {
        if (map_find(&auditing->named.map, others[i]->url, strlen(others[i]->url)))
            continue;
        /* A sitemap counts nothing. */
        const bool seen = auditing->sources.log || auditing->sources.har;
        auditing_item(walk, others[i]->url, seen ? others[i] : NULL);
        asked++;
    }
}

static int auditing_status(const struct auditing_walk *walk)
{
    const struct report *report = &walk->report;

    if (auditing_stopped)
        return AUDITING_INTERRUPTED;
    for (size_t i = 0; i < report->count; i++) {
        if (report->items[i].facts->status == 0)
            return 3;
    }
    return walk->findings.count && findings_worst(&walk->findings) >= report->fail_on ? 1 : 0;
}

static int auditing_walked(struct auditing_walk *walk)
{
    struct auditing *auditing = walk->auditing;
    struct report *report = &walk->report;

    *report = (struct report){.begun = auditing_now(),
                              .findings = &walk->findings,
                              .budget = auditing->budget ? &walk->budget : NULL,
                              .fail_on = auditing->fail_on};
    auditing_items(walk);
    auditing_hide(&walk->progress);
    report->ended = auditing_now();
    if (walk->broken) {
        auditing_complain(NULL, "memory is out");
        return 3;
    }
    bool done = auditing_report(auditing, report);
    if (auditing->before)
        done = auditing_record(walk, auditing->before) && done;
    return done ? auditing_status(walk) : 3;
}

int auditing_run(struct auditing *auditing)
{
    struct auditing_walk walk = {.auditing = auditing, .progress.terminal = isatty(STDERR_FILENO)};
    const struct sigaction interrupt = {.sa_handler = auditing_interrupt,
                                        .sa_flags = (int)SA_RESETHAND};
    int result = 2;

    auditing_transfers = transfers_new(&auditing->transfer);
    if (!auditing_transfers) {
        auditing_complain(NULL, "memory is out");
        return 3;
    }
    sigaction(SIGINT, &interrupt, NULL);
    sigaction(SIGTERM, &interrupt, NULL);
    if (!auditing->after || auditing_before(&walk, auditing->after))
        result = auditing_walked(&walk);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    for (size_t i = 0; i < walk.report.count; i++)
        audit_facts_fini(&walk.facts[i]);
    memory_free(walk.facts);
    memory_free(walk.items);
    memory_free(walk.manners.closed);
    findings_fini(&walk.findings);
    snapshots_fini(&walk.before);
    snapshots_fini(&walk.record);
    transfers_free(auditing_transfers);
    auditing_transfers = NULL;
    return result;
}
