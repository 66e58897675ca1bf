/* The report for people at a terminal: a line for each URL, then the findings, the worst first,
 * then sums.
 *
 *     bad   http://example.org/a: a 304 was false: the content had changed
 *     good  http://example.org/b: its own tag yields a 304 without content
 *
 *     bad   lying-304: a 304 was false: the content had changed
 *           http://example.org/a
 *               the tag "x" stands for two contents
 *           Why: ...
 *           Do:  ...
 *
 * A finding that many URLs share is explained once. What is good is only counted, unless all is
 * wanted.
 */
#include "audit/escape.h"
#include "audit/report.h"
#include "base/memory.h"

#include <string.h>

/* Columns, and the URLs that are named below one finding, when not all is wanted. */
enum { REPORT_TEXT_COLUMNS = 80, REPORT_TEXT_URLS = 5 };

struct report_text {
    const struct report *report;
    const struct report_look *look;
    struct text *to;
};

static void report_text_level(const struct report_text *writer, enum finding_level level)
{
    static const char *const colours[] = {"32", "36", "33", "1;31"};
    const char *word = finding_level_word(level);

    if (writer->look->colour)
        text_say(writer->to, "\033[%sm%s\033[0m", colours[level], word);
    else
        text_say(writer->to, "%s", word);
    text_say(writer->to, "%*s", (int)(6 - strlen(word)), "");
}

/* Words, broken into lines that begin behind `indent` spaces; the first one goes on at `column`. */
static void report_text_wrap(struct text *to, int indent, int column, struct stet_span words)
{
    bool first = true;

    while (words.len) {
        const struct stet_span word = stet_span(words.at, stet_span_find(words, ' '));
        if (!first && column + 1 + (int)word.len > REPORT_TEXT_COLUMNS) {
            text_say(to, "\n%*s", indent, "");
            column = indent;
        } else if (!first) {
            text_say(to, " ");
            column++;
        }
        text_put(to, word.at, word.len);
        column += (int)word.len;
        words = stet_span_from(words, word.len + 1);
        first = false;
    }
    text_say(to, "\n");
}

/* Lines of what was seen, each behind `indent` spaces. */
static void report_text_lines(struct text *to, int indent, const char *lines)
{
    while (*lines) {
        size_t len = strcspn(lines, "\n");
        text_say(to, "%*s", indent, "");
        escape_terminal(to, stet_span(lines, len && lines[len - 1] == '\r' ? len - 1 : len));
        text_say(to, "\n");
        lines += len + (lines[len] == '\n');
    }
}

static void report_text_item(const struct report_text *writer, const struct report_item *item)
{
    struct text line = {0};

    report_text_level(writer, report_item_level(writer->report, item));
    escape_terminal(&line, stet_span_of(item->facts->url));
    text_say(&line, ": %s", report_item_words(writer->report, item));
    report_text_wrap(writer->to, 6, 6, stet_span(line.at, line.len));
    writer->to->failed |= line.failed;
    text_fini(&line);
}

/* For every server when all is wanted; else for the one that it seems to be. */
static void report_text_advice(const struct report_text *writer, const struct finding *finding)
{
    const struct audit_facts *facts = report_facts(writer->report, finding);
    const struct finding_advice *advice;
    struct text *to = writer->to;

    for (size_t i = 0; (advice = finding_advice(finding->id, i)) != NULL; i++) {
        if (!writer->look->verbose && !finding_advice_fits(advice, facts ? facts->server : NULL))
            continue;
        text_say(to, "           %s: ", advice->where);
        report_text_wrap(to, 13, 13 + (int)strlen(advice->where), stet_span_of(advice->text));
    }
}

static void report_text_explain(const struct report_text *writer, const struct finding *finding)
{
    const struct finding_kind *kind = finding_kind(finding->id);
    struct text *to = writer->to;

    if (kind->why[0]) {
        text_say(to, "      Why: ");
        report_text_wrap(to, 11, 11, stet_span_of(kind->why));
    }
    if (kind->fix[0]) {
        text_say(to, "      Do:  ");
        report_text_wrap(to, 11, 11, stet_span_of(kind->fix));
    }
    report_text_advice(writer, finding);
    if (writer->look->verbose && kind->law[0])
        text_say(to, "      Law: %s\n", kind->law);
}

static void report_text_detail(struct text *to, const char *detail)
{
    struct text line = {0};

    if (!detail[0])
        return;
    escape_terminal(&line, stet_span_of(detail));
    text_say(to, "%*s", 10, "");
    report_text_wrap(to, 10, 10, stet_span(line.at, line.len));
    to->failed |= line.failed;
    text_fini(&line);
}

static void report_text_one(const struct report_text *writer, const struct finding *finding)
{
    text_say(writer->to, "      ");
    escape_terminal(writer->to, stet_span_of(finding->url));
    text_say(writer->to, "\n");
    report_text_detail(writer->to, finding->detail);
    if (writer->look->verbose)
        report_text_lines(writer->to, 10, finding->evidence);
}

/* All findings of one kind, `count` of them. */
static void report_text_kind(const struct report_text *writer,
                             const struct finding *const *findings, size_t count)
{
    const struct finding_kind *kind = finding_kind(findings[0]->id);
    const size_t most = writer->look->verbose ? count : REPORT_TEXT_URLS;

    text_say(writer->to, "\n");
    report_text_level(writer, kind->level);
    text_say(writer->to, "%s: ", kind->id);
    report_text_wrap(writer->to, 6, 8 + (int)strlen(kind->id), stet_span_of(kind->summary));
    for (size_t i = 0; i < count && i < most; i++)
        report_text_one(writer, findings[i]);
    if (count > most)
        text_say(writer->to, "      and %zu more\n", count - most);
    if (kind->level > FINDING_INFO || writer->look->verbose)
        report_text_explain(writer, findings[0]);
}

static void report_text_findings(const struct report_text *writer)
{
    size_t count, same;
    const struct finding **sorted = report_sorted(writer->report, NULL, &count);

    if (!sorted) {
        writer->to->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i += same) {
        const enum finding_id id = sorted[i]->id;
        for (same = 1; i + same < count && sorted[i + same]->id == id; same++)
            ;
        if (writer->look->verbose || finding_kind(id)->level != FINDING_GOOD)
            report_text_kind(writer, &sorted[i], same);
    }
    memory_free(sorted);
}

static void report_text_budget(struct text *to, const struct budget *budget)
{
    struct text words = {0};
    const char *line;

    report_budget(budget, &words);
    text_put(&words, "", 1);
    to->failed |= words.failed;
    text_say(to, "\nBudget\n");
    for (line = words.failed ? "" : words.at; *line; line += strcspn(line, "\n") + 1) {
        text_say(to, "      ");
        report_text_wrap(to, 6, 6, stet_span(line, strcspn(line, "\n")));
    }
    text_fini(&words);
}

static void report_text_sums(const struct report *report, struct text *to)
{
    const struct report_counts counts = report_count(report, NULL);

    text_say(to, "\n%zu URL%s, ", report->count, report->count == 1 ? "" : "s");
    report_number(to, report_requests(report));
    text_say(to, " request%s, ", report_requests(report) == 1 ? "" : "s");
    report_size(to, report_octets(report));
    text_say(to, ": %zu bad, %zu warn, %zu info, %zu good\n", counts.of[FINDING_BAD],
             counts.of[FINDING_WARN], counts.of[FINDING_INFO], counts.of[FINDING_GOOD]);
    if (report->unasked)
        text_say(to, "%zu URLs were not looked at: the requests were used up (--max-requests)\n",
                 report->unasked);
}

void report_text(const struct report *report, const struct report_look *look, struct text *to)
{
    const struct report_text writer = {report, look, to};

    for (size_t i = 0; i < report->count; i++)
        report_text_item(&writer, &report->items[i]);
    report_text_findings(&writer);
    if (report->budget)
        report_text_budget(to, report->budget);
    report_text_sums(report, to);
}
