/* The report as SARIF 2.1.0, which code hosts show beside a change.
 *
 * Kinds are rules; a finding is a result whose place is the URL. SARIF knows error, warning and
 * note for what is wrong, and "pass" for what is right.
 */
#include "audit/escape.h"
#include "audit/jsontree.h"
#include "audit/report.h"
#include "base/memory.h"

#include <stdio.h>
#include <string.h>

#define REPORT_SARIF_SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

static const char *report_sarif_level(enum finding_level level)
{
    static const char *const words[] = {"none", "note", "warning", "error"};

    return words[level];
}

static json_t *report_sarif_words(const char *words)
{
    return json_pack("{s:o}", "text", jsontree_text(words));
}

/* A link for the rule; none where no law speaks of it. */
static void report_sarif_link(json_t **rule, const char *law)
{
    struct text link = {0};

    report_law_link(&link, law);
    if (link.len || link.failed)
        jsontree_put(rule, "helpUri", link.failed ? NULL : json_stringn(link.at, link.len));
    text_fini(&link);
}

/* What to do, in general and for single servers. */
static json_t *report_sarif_help(enum finding_id id)
{
    const struct finding_advice *advice;
    struct text words = {0};

    text_say(&words, "%s", finding_kind(id)->fix);
    for (size_t i = 0; (advice = finding_advice(id, i)) != NULL; i++)
        text_say(&words, "%s%s: %s", words.len ? "\n" : "", advice->where, advice->text);
    if (!words.len)
        text_say(&words, "Nothing is to be done.");
    json_t *help = words.failed ? NULL : json_pack("{s:s%}", "text", words.at, words.len);
    text_fini(&words);
    return help;
}

static json_t *report_sarif_rule(enum finding_id id)
{
    const struct finding_kind *kind = finding_kind(id);
    json_t *rule = json_pack("{s:s, s:o, s:o, s:o, s:{s:s}}", "id", kind->id, "shortDescription",
                             report_sarif_words(kind->summary), "fullDescription",
                             report_sarif_words(kind->why[0] ? kind->why : kind->summary), "help",
                             report_sarif_help(id), "defaultConfiguration", "level",
                             report_sarif_level(kind->level));

    report_sarif_link(&rule, kind->law);
    return rule;
}

/* Rules of the kinds that were found; `index` is told where each stands. */
static json_t *report_sarif_rules(const struct report *report, int index[FINDING_COUNT])
{
    json_t *rules = json_array();
    bool found[FINDING_COUNT] = {false};
    int count = 0;

    for (size_t i = 0; i < report->findings->count; i++)
        found[report->findings->at[i].id] = true;
    for (unsigned id = 0; id < FINDING_COUNT; id++) {
        if (!found[id])
            continue;
        index[id] = count++;
        jsontree_append(&rules, report_sarif_rule((enum finding_id)id));
    }
    return rules;
}

static json_t *report_sarif_place(const struct finding *finding)
{
    struct text uri = {0};

    escape_uri(&uri, stet_span_of(finding->url));
    json_t *place = uri.failed
                        ? NULL
                        : json_pack("[{s:{s:{s:s%}}}]", "physicalLocation", "artifactLocation",
                                    "uri", uri.at ? uri.at : "", uri.len);
    text_fini(&uri);
    return place;
}

static json_t *report_sarif_message(const struct finding *finding)
{
    struct text words = {0};

    text_say(&words, "%s", finding_kind(finding->id)->summary);
    if (finding->detail[0])
        text_say(&words, ": ");
    escape_utf8(&words, stet_span_of(finding->detail));
    json_t *message = words.failed ? NULL : json_pack("{s:s%}", "text", words.at, words.len);
    text_fini(&words);
    return message;
}

/* The same finding of the same URL is the same result tomorrow: hosts compare by this. */
static json_t *report_sarif_print(const struct finding *finding)
{
    struct text print = {0};

    text_say(&print, "%s ", finding_kind(finding->id)->id);
    escape_utf8(&print, stet_span_of(finding->url));
    json_t *object = print.failed ? NULL : json_pack("{s:s%}", "finding/v1", print.at, print.len);
    text_fini(&print);
    return object;
}

static json_t *report_sarif_result(const struct finding *finding, const int index[FINDING_COUNT])
{
    const struct finding_kind *kind = finding_kind(finding->id);

    return json_pack(
        "{s:s, s:i, s:s, s:s, s:o, s:o, s:o, s:{s:o}}", "ruleId", kind->id, "ruleIndex",
        index[finding->id], "kind", kind->level == FINDING_GOOD ? "pass" : "fail", "level",
        report_sarif_level(kind->level), "message", report_sarif_message(finding), "locations",
        report_sarif_place(finding), "partialFingerprints", report_sarif_print(finding),
        "properties", "evidence", jsontree_text(finding->evidence));
}

static json_t *report_sarif_results(const struct report *report, const int index[FINDING_COUNT])
{
    size_t count;
    json_t *results = json_array();
    const struct finding **sorted = report_sorted(report, NULL, &count);

    for (size_t i = 0; sorted && i < count; i++)
        jsontree_append(&results, report_sarif_result(sorted[i], index));
    if (!sorted)
        jsontree_append(&results, NULL);
    memory_free(sorted);
    return results;
}

/* When it ran, and whether every URL gave an answer. */
static json_t *report_sarif_invocations(const struct report *report)
{
    struct text begun = {0}, ended = {0};
    bool answered = true;

    for (size_t i = 0; i < report->count; i++)
        answered = answered && report->items[i].facts->status != 0;
    report_time(&begun, report->begun);
    report_time(&ended, report->ended);
    json_t *list =
        begun.failed || ended.failed
            ? NULL
            : json_pack("[{s:b, s:s%, s:s%}]", "executionSuccessful", (int)answered, "startTimeUtc",
                        begun.at, begun.len, "endTimeUtc", ended.at, ended.len);
    text_fini(&begun);
    text_fini(&ended);
    return list;
}

void report_sarif(const struct report *report, struct text *to)
{
    int index[FINDING_COUNT] = {0};
    json_t *rules = report_sarif_rules(report, index);
    json_t *tree =
        json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:s, s:o}}, s:o, s:o, s:s}]}", "$schema",
                  REPORT_SARIF_SCHEMA, "version", "2.1.0", "runs", "tool", "driver", "name",
                  "stet audit", "version", STET_VERSION, "semanticVersion", STET_VERSION, "rules",
                  rules, "results", report_sarif_results(report, index), "invocations",
                  report_sarif_invocations(report), "columnKind", "unicodeCodePoints");

    jsontree_write(tree, to);
}
