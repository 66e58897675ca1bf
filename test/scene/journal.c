/* Writes lines into a ring.
 */
#include "journal.h"

#include "lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NS_PER_SECOND 1e9

void journal_notes(struct journal *journal, int64_t at, const char *form, ...)
{
    char *line = journal->lines[journal->count++ % JOURNAL_LINES];
    va_list arguments;
    int size = snprintf(line, JOURNAL_LINE, "%11.3f ", (double)at / NS_PER_SECOND);
    va_start(arguments, form);
    vsnprintf(line + size, JOURNAL_LINE - (size_t)size, form, arguments);
    va_end(arguments);
    for (char *byte = line; *byte; byte++)
        *byte = *byte == '\n' ? '|' : *byte;
}

void journal_asks(struct journal *journal, const struct asking *asking)
{
    journal_notes(journal, asking->at, "asks   %s %s%s {%s}", asking->method,
                  strcmp(asking->host, "www") == 0 ? "" : asking->host, asking->target,
                  asking->lines);
}

void journal_hears(struct journal *journal, const struct heard *heard)
{
    static const char *const named[] = {"If-None-Match", "If-Modified-Since", "If-Range", "Range",
                                        "Cache-Control"};
    char text[200] = "";
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        char *list = request_list(&heard->request, named[i]);
        const size_t len = strlen(text);
        if (list)
            snprintf(text + len, sizeof text - len, " %s: %s;", named[i], list);
        free(list);
    }
    journal_notes(journal, heard->at, "  hears  %s %s of %llu%s", heard->request.method,
                  heard->request.target, (unsigned long long)heard->asked, text);
}

void journal_says(struct journal *journal, const struct said *said)
{
    journal_notes(journal, said->at, "  says   %d of %s to %llu, %zu octets {%s}", said->status,
                  said->to->request.target, (unsigned long long)said->to->asked, said->len,
                  said->lines);
}

void journal_gets(struct journal *journal, const struct asking *asking,
                  const struct response *response, bool whole)
{
    static const char *const named[] = {
        "Said", "Age", "ETag", "Cache-Status", "Proxy-Status", "Content-Range", "Set-Cookie"};
    char text[300] = "";
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        const char *value = response_field(response, named[i]);
        const size_t len = strlen(text);
        if (value)
            snprintf(text + len, sizeof text - len, " %s: %s;", named[i], value);
    }
    journal_notes(journal, asking->now, "gets   %d of %s to %llu, %zu octets%s%s", response->status,
                  asking->target, (unsigned long long)asking->number, response->len,
                  whole ? "" : " (cut)", text);
}

void journal_print(const struct journal *journal, uint64_t lines)
{
    const uint64_t kept = journal->count < JOURNAL_LINES ? journal->count : JOURNAL_LINES;
    for (uint64_t i = journal->count - (lines < kept ? lines : kept); i < journal->count; i++)
        printf("# %s\n", journal->lines[i % JOURNAL_LINES]);
}
