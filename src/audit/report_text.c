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
enum { REPORT_TEXT_COLUMNS = 96, REPORT_TEXT_URLS = 5 };

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

/* Words, broken into lines that begin behind `indent` spaces; the first one continues a line. */
static void report_text_wrap(struct text *to, int indent, const char *words)
{
    int column = indent;

    while (*words) {
        const int len = (int)strcspn(words, " ");
        if (column > indent && column + 1 + len > REPORT_TEXT_COLUMNS) {
            text_say(to, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            text_say(to, " ");
            column++;
        }
        text_put(to, words, (size_t)len);
        column += len;
        words += len;
        words += strspn(words, " ");
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
    const struct finding *worst = report_worst(writer->report, item);

    report_text_level(writer, worst ? finding_kind(worst->id)->level : FINDING_GOOD);
    escape_terminal(writer->to, stet_span_of(item->facts->url));
    text_say(writer->to, ": %s\n", worst ? finding_kind(worst->id)->summary : "nothing was found");
}

static void report_text_explain(const struct report_text *writer, enum finding_id id)
{
    const struct finding_kind *kind = finding_kind(id);
    const struct finding_advice *advice;
    struct text *to = writer->to;

    if (kind->why[0]) {
        text_say(to, "      Why: ");
        report_text_wrap(to, 11, kind->why);
    }
    if (kind->fix[0]) {
        text_say(to, "      Do:  ");
        report_text_wrap(to, 11, kind->fix);
    }
    if (!writer->look->verbose)
        return;
    for (size_t i = 0; (advice = finding_advice(id, i)) != NULL; i++) {
        text_say(to, "           %s: ", advice->where);
        report_text_wrap(to, 13, advice->text);
    }
    if (kind->law[0])
        text_say(to, "      Law: %s\n", kind->law);
}

static void report_text_one(const struct report_text *writer, const struct finding *finding)
{
    text_say(writer->to, "      ");
    escape_terminal(writer->to, stet_span_of(finding->url));
    text_say(writer->to, "\n");
    report_text_lines(writer->to, 10, finding->detail);
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
    text_say(writer->to, "%s: %s\n", kind->id, kind->summary);
    for (size_t i = 0; i < count && i < most; i++)
        report_text_one(writer, findings[i]);
    if (count > most)
        text_say(writer->to, "      and %zu more\n", count - most);
    if (kind->level > FINDING_INFO || writer->look->verbose)
        report_text_explain(writer, findings[0]->id);
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
    text_say(to, "\nBudget: of %llu URLs, ", (unsigned long long)budget->urls);
    text_say(to, "%llu save ", (unsigned long long)budget->saved_urls);
    report_size(to, budget->saved);
    text_say(to, " by 304 each time somebody comes back; %llu send ",
             (unsigned long long)budget->waste_urls);
    report_size(to, budget->waste);
    text_say(to, " again that a 304 would save.\n");
    if (!budget->requests)
        return;
    text_say(to, "In what was read: ");
    report_number(to, budget->requests);
    text_say(to, " requests of them, ");
    report_number(to, budget->validated);
    text_say(to, " answered 304, ");
    report_number(to, budget->repeats);
    text_say(to, " sent again to who had it (");
    report_size(to, budget->repeat_octets);
    text_say(to, ").\nIf everything revalidated, ");
    report_number(to, budget->could_validate);
    text_say(to, " of these would be 304 and ");
    report_size(to, budget->could_save);
    text_say(to, " would not be sent.\n");
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
