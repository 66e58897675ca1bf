/* Auditing: what the command line of stet audit asks for, and what becomes of it.
 */
#ifndef CLI_AUDITING_H
#define CLI_AUDITING_H

#include "audit/audit.h"
#include "audit/report.h"
#include "audit/targets.h"

#include <stdbool.h>
#include <stddef.h>

/* Lines of -H, and each of --resolve. */
enum { AUDITING_LINES = 64 };

/* What to look at. */
struct auditing_sources {
    const char *har, *log, *sitemap; /* NULL: none */
    const char *base;                /* for lines of a log that name no host */
    unsigned urls;                   /* of these, the most that are looked at */
};

/* Where reports go; NULL: nowhere, "-": standard output. */
struct auditing_outputs {
    bool json, verbose;
    const char *junit, *sarif, *html;
};

struct auditing {
    struct auditing_sources sources;
    struct auditing_outputs outputs;
    struct transfer_setup transfer;
    struct audit_setup setup;
    const char *fields[AUDITING_LINES + 1];
    const char *plain[AUDITING_LINES + 1]; /* of these, those that are no credentials */
    const char *resolve[AUDITING_LINES];
    size_t field_count;
    unsigned requests_max; /* in all; 0: no bound */
    const char *before, *after;
    enum finding_level fail_on;
    bool budget;

    struct targets named; /* on the command line: all of them are looked at */
    struct targets found; /* in logs, archives and sitemaps */
    uint64_t crawled;     /* requests for sitemaps */
};

/* Reads the operands and the sources into `named` and `found`. 0, or an exit status, explained on
 * standard error. */
int auditing_collect(struct auditing *auditing, char **urls, int count);

/* Looks at them, one after another, and reports. An exit status. */
int auditing_run(struct auditing *auditing);

/* Writes the reports that are asked for. False, explained, when one could not be written. */
bool auditing_report(const struct auditing *auditing, const struct report *report);

/* Writes a text to a file; "-" is standard output. False, explained, when that fails. */
bool auditing_write(const char *path, const struct text *text);

/* Says on standard error what is wrong; `about` may be NULL. */
void auditing_complain(const char *about, const char *what);

/* Hosts that want to be left alone: URLs that have said so, borrowed. All zero: none has. */
struct auditing_manners {
    const char **closed; /* for longer than anybody waits; room for as many as are looked at */
    size_t closed_count;
    const char *busy; /* the last one, for `pause` seconds; NULL: none */
    uint32_t pause;
};

/* Notes what a URL has said. */
void auditing_heed(struct auditing_manners *manners, const struct audit_facts *facts);
/* Whether a URL may be asked for now. Waits by `setup` if its host wants that. */
bool auditing_may(struct auditing_manners *manners, const struct audit_setup *setup,
                  const char *url);

/* The lines that a URL is sent: credentials only to hosts that the user has named. */
const char *const *auditing_fields(struct auditing *auditing, const char *url);

/* Progress of one URL, shown on a terminal only. */
struct auditing_progress {
    size_t index, count; /* of the URLs */
    bool terminal;
};
void auditing_show(const struct auditing_progress *progress, const struct audit_progress *now);
void auditing_hide(const struct auditing_progress *progress);

#endif
