/* Shows progress on a terminal, and writes the reports to where they are wanted.
 */
#include "audit/escape.h"
#include "cli/auditing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AUDITING_COLUMNS = 78 };

void auditing_complain(const char *about, const char *what)
{
    struct text words = {0};

    if (about) {
        escape_terminal(&words, stet_span_of(about));
        text_say(&words, ": ");
    }
    escape_terminal(&words, stet_span_of(what));
    fprintf(stderr, "stet audit: %.*s\n", (int)words.len, words.at ? words.at : "");
    text_fini(&words);
}

void auditing_show(const struct auditing_progress *progress, const struct audit_progress *now)
{
    struct text line = {0};

    if (!progress->terminal)
        return;
    text_say(&line, "[%zu/%zu] %s %u/%u ", progress->index + 1, progress->count, now->stage,
             now->sent, now->most);
    escape_terminal(&line, stet_span_of(now->url));
    size_t len = line.len < AUDITING_COLUMNS ? line.len : AUDITING_COLUMNS;
    while (len && len < line.len && ((unsigned char)line.at[len] & 0xc0) == 0x80)
        len--; /* not in the middle of a character */
    fprintf(stderr, "\r\033[K%.*s", (int)len, line.at ? line.at : "");
    text_fini(&line);
}

void auditing_hide(const struct auditing_progress *progress)
{
    if (progress->terminal)
        fprintf(stderr, "\r\033[K");
}

bool auditing_write(const char *path, const struct text *text)
{
    const bool standard = strcmp(path, "-") == 0;

    if (text->failed) {
        auditing_complain(path, "memory is out");
        return false;
    }
    FILE *file = standard ? stdout : fopen(path, "we");
    if (!file) {
        auditing_complain(path, strerror(errno));
        return false;
    }
    bool done = fwrite(text->at, 1, text->len, file) == text->len;
    done = (standard ? fflush(file) : fclose(file)) == 0 && done;
    if (!done)
        auditing_complain(path, strerror(errno));
    return done;
}

static bool auditing_one(const struct report *report, const char *path,
                         void (*write)(const struct report *, struct text *))
{
    struct text text = {0};

    if (!path)
        return true;
    write(report, &text);
    const bool done = auditing_write(path, &text);
    text_fini(&text);
    return done;
}

/* For a person, unless standard output holds something for a program. */
static bool auditing_terminal(const struct auditing *auditing, const struct report *report)
{
    const char *const others[] = {auditing->outputs.junit, auditing->outputs.sarif,
                                  auditing->outputs.html};
    const char *no_colour = getenv("NO_COLOR");
    const struct report_look look = {.verbose = auditing->outputs.verbose,
                                     .colour =
                                         isatty(STDOUT_FILENO) && !(no_colour && no_colour[0])};
    struct text text = {0};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (others[i] && strcmp(others[i], "-") == 0)
            return true;
    }
    report_text(report, &look, &text);
    const bool done = auditing_write("-", &text);
    text_fini(&text);
    return done;
}

bool auditing_report(const struct auditing *auditing, const struct report *report)
{
    const struct auditing_outputs *outputs = &auditing->outputs;
    bool done = outputs->json ? auditing_one(report, "-", report_json)
                              : auditing_terminal(auditing, report);

    done = auditing_one(report, outputs->junit, report_junit) && done;
    done = auditing_one(report, outputs->sarif, report_sarif) && done;
    return auditing_one(report, outputs->html, report_html) && done;
}
