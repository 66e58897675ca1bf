/* The report for programs: one object, in the order in which things are asked for.
 *
 *     {"stet", "format", "begun", "ended", "fail_on", "worst", "counts", "requests", "octets",
 *      "unasked", "kinds": {ID: {...}}, "urls": [{..., "findings": [...]}], "budget": {...}}
 *
 * What is true of every finding of a kind stands once, in "kinds"; only kinds that were found are
 * there. A number that is added later changes nothing; a member that changes its meaning would
 * raise "format".
 */
#include "audit/jsontree.h"
#include "audit/report.h"
#include "base/memory.h"

#include <string.h>

static json_t *report_json_advice(enum finding_id id)
{
    json_t *list = json_array();
    const struct finding_advice *advice;

    for (size_t i = 0; (advice = finding_advice(id, i)) != NULL; i++)
        jsontree_append(&list,
                        json_pack("{s:s, s:s}", "where", advice->where, "text", advice->text));
    return list;
}

static json_t *report_json_link(const char *law)
{
    struct text link = {0};

    report_law_link(&link, law);
    json_t *string = link.len ? json_stringn(link.at, link.len) : json_null();
    if (link.failed) {
        json_decref(string);
        string = NULL;
    }
    text_fini(&link);
    return string;
}

static json_t *report_json_kind(enum finding_id id)
{
    const struct finding_kind *kind = finding_kind(id);

    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:o}", "level",
                     finding_level_word(kind->level), "summary", kind->summary, "why", kind->why,
                     "law", kind->law, "law_link", report_json_link(kind->law), "fix", kind->fix,
                     "advice", report_json_advice(id));
}

/* Those that were found, in the order of their ids in the catalogue. */
static json_t *report_json_kinds(const struct report *report)
{
    bool found[FINDING_COUNT] = {false};
    json_t *kinds = json_object();

    for (size_t i = 0; i < report->findings->count; i++)
        found[report->findings->at[i].id] = true;
    for (unsigned id = 0; id < FINDING_COUNT; id++) {
        if (found[id])
            jsontree_put(&kinds, finding_kind((enum finding_id)id)->id,
                         report_json_kind((enum finding_id)id));
    }
    return kinds;
}

static json_t *report_json_counts(const struct report *report, const struct report_item *item)
{
    const struct report_counts counts = report_count(report, item);

    return json_pack("{s:I, s:I, s:I, s:I}", "bad", (json_int_t)counts.of[FINDING_BAD], "warn",
                     (json_int_t)counts.of[FINDING_WARN], "info",
                     (json_int_t)counts.of[FINDING_INFO], "good",
                     (json_int_t)counts.of[FINDING_GOOD]);
}

/* The lines of what was sent and heard. */
static json_t *report_json_lines(const char *lines)
{
    json_t *list = json_array();

    while (*lines) {
        const size_t len = strcspn(lines, "\n");
        char *line = memory_new(len + 1);
        if (line) {
            memcpy(line, lines, len);
            line[len] = '\0';
        }
        jsontree_append(&list, line ? jsontree_text(line) : NULL);
        memory_free(line);
        lines += len + (lines[len] == '\n');
    }
    return list;
}

static json_t *report_json_finding(const struct finding *finding)
{
    const struct finding_kind *kind = finding_kind(finding->id);

    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "id", kind->id, "level",
                     finding_level_word(kind->level), "summary", kind->summary, "url",
                     jsontree_text(finding->url), "detail", jsontree_text(finding->detail),
                     "evidence", report_json_lines(finding->evidence));
}

static json_t *report_json_findings(const struct report *report, const struct report_item *item)
{
    size_t count;
    json_t *list = json_array();
    const struct finding **sorted = report_sorted(report, item, &count);

    for (size_t i = 0; sorted && i < count; i++)
        jsontree_append(&list, report_json_finding(sorted[i]));
    if (!sorted) {
        json_decref(list);
        return NULL;
    }
    memory_free(sorted);
    return list;
}

static json_t *report_json_lengths(const struct audit_facts *facts)
{
    json_t *lengths = json_object();

    for (unsigned i = 0; i < STET_CODING_COUNT; i++) {
        if (facts->length[i])
            jsontree_put(&lengths, stet_coding_name((enum stet_coding)i).at,
                         jsontree_number(facts->length[i]));
    }
    return lengths;
}

static const char *report_json_source(enum stet_lifetime_source source)
{
    static const char *const words[] = {"none", "s-maxage", "max-age", "Expires", "guessed"};

    return words[source];
}

/* What a log or an archive said of it. */
static json_t *report_json_seen(const struct target *target)
{
    if (!target)
        return json_null();
    return json_pack("{s:o, s:o, s:o, s:o}", "requests", jsontree_number(target->requests),
                     "validated", jsontree_number(target->validated), "repeats",
                     jsontree_number(target->repeats), "repeat_octets",
                     jsontree_number(target->octets));
}

static json_t *report_json_facts(const struct audit_facts *facts)
{
    return json_pack(
        "{s:o, s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:s, s:o, s:o, s:b, s:o, "
        "s:o, s:b}",
        "url", jsontree_text(facts->url), "final_url", jsontree_maybe(facts->final_url), "status",
        facts->status, "etag", jsontree_maybe(facts->etag), "last_modified",
        jsontree_maybe(facts->modified), "cache_control", jsontree_maybe(facts->cache_control),
        "content_type", jsontree_maybe(facts->content_type), "server",
        jsontree_maybe(facts->server), "lengths", report_json_lengths(facts), "head_octets",
        jsontree_number(facts->head_octets), "validation_octets",
        jsontree_number(facts->validation_octets), "revalidates", (int)facts->revalidates,
        "fresh_by", report_json_source(facts->freshness), "fresh_for",
        jsontree_number(facts->lifetime), "saved", jsontree_number(facts->saved), "saves_now",
        (int)facts->saves_now, "requests", jsontree_number(facts->requests), "octets",
        jsontree_number(facts->octets), "complete", (int)facts->complete);
}

static json_t *report_json_item(const struct report *report, const struct report_item *item)
{
    json_t *object = report_json_facts(item->facts);

    jsontree_put(&object, "seen", report_json_seen(item->target));
    jsontree_put(&object, "worst",
                 json_string(finding_level_word(report_item_level(report, item))));
    jsontree_put(&object, "counts", report_json_counts(report, item));
    jsontree_put(&object, "findings", report_json_findings(report, item));
    return object;
}

static json_t *report_json_budget(const struct budget *budget)
{
    if (!budget)
        return json_null();
    return json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "urls",
        jsontree_number(budget->urls), "saved_urls", jsontree_number(budget->saved_urls), "saved",
        jsontree_number(budget->saved), "waste_urls", jsontree_number(budget->waste_urls), "waste",
        jsontree_number(budget->waste), "requests", jsontree_number(budget->requests), "validated",
        jsontree_number(budget->validated), "repeats", jsontree_number(budget->repeats),
        "repeat_octets", jsontree_number(budget->repeat_octets), "could_validate",
        jsontree_number(budget->could_validate), "could_save", jsontree_number(budget->could_save));
}

static json_t *report_json_time(int64_t ns)
{
    struct text time = {0};

    report_time(&time, ns);
    json_t *string = time.failed ? NULL : json_stringn(time.at, time.len);
    text_fini(&time);
    return string;
}

static json_t *report_json_items(const struct report *report)
{
    json_t *list = json_array();

    for (size_t i = 0; i < report->count; i++)
        jsontree_append(&list, report_json_item(report, &report->items[i]));
    return list;
}

void report_json(const struct report *report, struct text *to)
{
    const enum finding_level worst = findings_worst(report->findings);
    json_t *tree = json_pack(
        "{s:s, s:i, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "stet", STET_VERSION,
        "format", 1, "begun", report_json_time(report->begun), "ended",
        report_json_time(report->ended), "fail_on",
        report->fail_on == REPORT_NEVER ? "never" : finding_level_word(report->fail_on), "worst",
        finding_level_word(worst), "counts", report_json_counts(report, NULL), "requests",
        jsontree_number(report_requests(report)), "octets", jsontree_number(report_octets(report)),
        "unasked", jsontree_number(report->unasked), "kinds", report_json_kinds(report), "urls",
        report_json_items(report), "budget", report_json_budget(report->budget));

    jsontree_write(tree, to);
}
