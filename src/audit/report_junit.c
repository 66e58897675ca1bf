/* The report as JUnit XML, in the dialect that Jenkins and GitLab read.
 *
 *     testsuites > testsuite (a URL) > testcase (a finding) > failure | error | system-out
 *
 * A finding at or above the level that fails is a failure; no answer at all is an error. What is
 * less, or good, is a case that passed, and its output says what was seen.
 */
#include "audit/escape.h"
#include "audit/report.h"
#include "base/memory.h"

static void report_junit_attribute(struct text *to, const char *name, const char *value)
{
    text_say(to, " %s=\"", name);
    escape_markup(to, stet_span_of(value));
    text_say(to, "\"");
}

static bool report_junit_fails(const struct report *report, enum finding_id id)
{
    return finding_kind(id)->level >= report->fail_on;
}

static bool report_junit_errs(const struct report_item *item)
{
    return item->facts->status == 0;
}

static size_t report_junit_failures(const struct report *report, const struct report_item *item)
{
    size_t failures = 0;

    for (size_t i = 0; i < item->count; i++)
        failures += report_junit_fails(report, report->findings->at[item->first + i].id);
    return failures;
}

static void report_junit_words(struct text *to, const struct finding *finding)
{
    const struct finding_kind *kind = finding_kind(finding->id);

    escape_markup(to, stet_span_of(finding->detail));
    text_say(to, "\n");
    escape_markup(to, stet_span_of(finding->evidence));
    if (kind->fix[0]) {
        text_say(to, "\n");
        escape_markup(to, stet_span_of(kind->fix));
    }
    if (kind->law[0])
        text_say(to, "\n[%s]", kind->law);
}

static void report_junit_case(const struct report *report, const struct report_item *item,
                              const struct finding *finding, struct text *to)
{
    const struct finding_kind *kind = finding_kind(finding->id);

    text_say(to, "    <testcase");
    report_junit_attribute(to, "name", kind->id);
    report_junit_attribute(to, "classname", item->facts->url);
    text_say(to, " time=\"0\">");
    if (report_junit_fails(report, finding->id)) {
        text_say(to, "<failure");
        report_junit_attribute(to, "type", finding_level_word(kind->level));
        report_junit_attribute(to, "message", kind->summary);
        text_say(to, ">");
        report_junit_words(to, finding);
        text_say(to, "</failure>");
    } else {
        text_say(to, "<system-out>%s: %s\n", finding_level_word(kind->level), kind->summary);
        report_junit_words(to, finding);
        text_say(to, "</system-out>");
    }
    text_say(to, "</testcase>\n");
}

/* What stands for a URL that gave no answer. */
static void report_junit_error(const struct report_item *item, struct text *to)
{
    text_say(to, "    <testcase name=\"answers\"");
    report_junit_attribute(to, "classname", item->facts->url);
    text_say(to,
             " time=\"0\"><error type=\"network\" message=\"there was no answer\"/></testcase>\n");
}

static void report_junit_suite(const struct report *report, const struct report_item *item,
                               struct text *to)
{
    size_t count;
    const struct finding **sorted = report_sorted(report, item, &count);

    if (!sorted) {
        to->failed = true;
        return;
    }
    text_say(to, "  <testsuite");
    report_junit_attribute(to, "name", item->facts->url);
    text_say(to,
             " tests=\"%zu\" failures=\"%zu\" errors=\"%d\" skipped=\"0\" time=\"0\" timestamp=\"",
             count + report_junit_errs(item), report_junit_failures(report, item),
             report_junit_errs(item));
    report_time(to, report->begun);
    text_say(to, "\">\n");
    if (report_junit_errs(item))
        report_junit_error(item, to);
    for (size_t i = 0; i < count; i++)
        report_junit_case(report, item, sorted[i], to);
    text_say(to, "  </testsuite>\n");
    memory_free(sorted);
}

void report_junit(const struct report *report, struct text *to)
{
    size_t tests = 0, failures = 0, errors = 0;

    for (size_t i = 0; i < report->count; i++) {
        const struct report_item *item = &report->items[i];
        tests += item->count + report_junit_errs(item);
        failures += report_junit_failures(report, item);
        errors += report_junit_errs(item);
    }
    text_say(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    text_say(to,
             "<testsuites name=\"stet audit\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" "
             "time=\"%.3f\">\n",
             tests, failures, errors, (double)(report->ended - report->begun) / 1e9);
    for (size_t i = 0; i < report->count; i++)
        report_junit_suite(report, &report->items[i], to);
    text_say(to, "</testsuites>\n");
}
