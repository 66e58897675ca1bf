/* The report as one page: sums, the list of URLs, then each URL with its findings folded.
 *
 * No script, no font, no image: a page that is mailed or kept shows the same in ten years, and the
 * policy in its head lets the browser fetch nothing, whatever a server has smuggled in. Findings
 * fold by <details>, which needs no script.
 */
#include "audit/escape.h"
#include "audit/report.h"
#include "audit/report_style.h"
#include "base/memory.h"

#include <string.h>

static void report_html_text(struct text *to, const char *words)
{
    escape_markup(to, stet_span_of(words));
}

static void report_html_level(struct text *to, enum finding_level level)
{
    const char *word = finding_level_word(level);

    text_say(to, "<span class=\"level %s\">%s</span>", word, word);
}

static void report_html_head(const struct report *report, struct text *to)
{
    text_say(to, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                 "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
                 "<meta name=\"referrer\" content=\"no-referrer\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 "<title>Does it revalidate? stet audit of ");
    report_html_text(to, report->count ? report->items[0].facts->url : "nothing");
    text_say(to, "</title>\n<style>\n");
    for (const char *const *line = report_style; *line; line++)
        text_say(to, "%s\n", *line);
    text_say(to, "</style>\n</head>\n<body>\n<main>\n");
}

static void report_html_sums(const struct report *report, struct text *to)
{
    const struct report_counts counts = report_count(report, NULL);

    text_say(to, "<h1>Does it revalidate?</h1>\n<p class=\"soft\">%zu URL%s, ", report->count,
             report->count == 1 ? "" : "s");
    report_number(to, report_requests(report));
    text_say(to, " request%s, ", report_requests(report) == 1 ? "" : "s");
    report_size(to, report_octets(report));
    text_say(to, " heard; <time>");
    report_time(to, report->begun);
    text_say(to, "</time>; stet " STET_VERSION "</p>\n<ul class=\"tiles\">\n");
    for (int level = FINDING_BAD; level >= FINDING_GOOD; level--) {
        const char *word = finding_level_word((enum finding_level)level);
        text_say(to, "<li class=\"%s\"><b>%zu</b>%s</li>\n", word, counts.of[level], word);
    }
    text_say(to, "</ul>\n");
    if (report->unasked)
        text_say(to, "<p>%zu URLs were not looked at: the requests were used up.</p>\n",
                 report->unasked);
}

static void report_html_budget(const struct budget *budget, struct text *to)
{
    const double all = (double)budget->saved + (double)budget->waste;
    const double share = all > 0 ? 100.0 * (double)budget->saved / all : 0;
    struct text words = {0};
    struct stet_span rest;

    report_budget(budget, &words);
    to->failed |= words.failed;
    rest = stet_span(words.at, words.failed ? 0 : words.len);
    text_say(to,
             "<h2>Budget</h2>\n<section class=\"card\">\n"
             "<div class=\"bar\" role=\"img\" aria-label=\"%.0f %% is saved today\">"
             "<span class=\"good\" style=\"width:%.2f%%\"></span>"
             "<span class=\"warn\" style=\"width:%.2f%%\"></span></div>\n",
             share, share, all > 0 ? 100 - share : 0);
    while (rest.len) {
        const struct stet_span line = stet_span(rest.at, stet_span_find(rest, '\n'));
        rest = stet_span_from(rest, line.len + 1);
        text_say(to, "<p%s>", rest.len ? "" : " class=\"soft small\"");
        escape_markup(to, line);
        text_say(to, "</p>\n");
    }
    text_fini(&words);
    text_say(to, "</section>\n");
}

/* The size that a usual visitor is sent. */
static uint64_t report_html_length(const struct audit_facts *facts)
{
    uint64_t least = 0;

    for (unsigned i = 0; i < STET_CODING_COUNT; i++) {
        if (facts->length[i] && (!least || facts->length[i] < least))
            least = facts->length[i];
    }
    return least;
}

static void report_html_list(const struct report *report, struct text *to)
{
    text_say(to, "<h2>URLs</h2>\n<ol class=\"urls\">\n");
    for (size_t i = 0; i < report->count; i++) {
        const struct report_item *item = &report->items[i];
        text_say(to, "<li>");
        report_html_level(to, report_item_level(report, item));
        text_say(to, "<a href=\"#u%zu\">", i + 1);
        report_html_text(to, item->facts->url);
        text_say(to, "</a><span class=\"what soft small\">%s</span>",
                 report_item_words(report, item));
        text_say(to, "<span class=\"size soft small\">");
        report_size(to, report_html_length(item->facts));
        text_say(to, "</span></li>\n");
    }
    text_say(to, "</ol>\n");
}

static void report_html_fact(struct text *to, const char *name, const char *value)
{
    text_say(to, "<div><dt>%s</dt><dd>", name);
    report_html_text(to, value);
    text_say(to, "</dd></div>\n");
}

static void report_html_octets(struct text *to, const char *name, uint64_t octets)
{
    text_say(to, "<div><dt>%s</dt><dd>", name);
    report_size(to, octets);
    text_say(to, "</dd></div>\n");
}

static void report_html_fields(const struct audit_facts *facts, struct text *to)
{
    if (facts->final_url && strcmp(facts->final_url, facts->url) != 0)
        report_html_fact(to, "Leads to", facts->final_url);
    if (facts->status)
        text_say(to, "<div><dt>Status</dt><dd>%d</dd></div>\n", facts->status);
    else
        report_html_fact(to, "Status", "no answer");
    report_html_fact(to, "ETag", facts->etag ? facts->etag : "none");
    report_html_fact(to, "Last-Modified", facts->modified ? facts->modified : "none");
    report_html_fact(to, "Cache-Control", facts->cache_control ? facts->cache_control : "none");
    report_html_fact(to, "Content-Type", facts->content_type ? facts->content_type : "none");
    if (facts->server)
        report_html_fact(to, "Server", facts->server);
}

static void report_html_facts(const struct report_item *item, struct text *to)
{
    static const char *const contents[STET_CODING_COUNT] = {"Content", "Content in gzip",
                                                            "Content in zstd", "Content in br"};
    const struct audit_facts *facts = item->facts;

    text_say(to, "<dl class=\"facts small\">\n");
    report_html_fields(facts, to);
    for (unsigned i = 0; i < STET_CODING_COUNT; i++) {
        if (facts->length[i])
            report_html_octets(to, contents[i], facts->length[i]);
    }
    if (facts->validation_octets)
        report_html_octets(to, "A 304", facts->validation_octets);
    if (facts->saved)
        report_html_octets(to, facts->saves_now ? "Saved by a 304" : "A 304 would save",
                           facts->saved);
    if (item->target) {
        text_say(to, "<div><dt>Asked for</dt><dd>");
        report_number(to, item->target->requests);
        text_say(to, " times, ");
        report_number(to, item->target->repeats);
        text_say(to, " of them again</dd></div>\n");
    }
    text_say(to, "</dl>\n");
}

/* Words in which what stands between backquotes is to be written as it is. */
static void report_html_prose(struct text *to, const char *words)
{
    bool code = false;

    for (struct stet_span rest = stet_span_of(words); rest.len; code = !code) {
        const struct stet_span part = stet_span(rest.at, stet_span_find(rest, '`'));
        rest = stet_span_from(rest, part.len + 1);
        text_say(to, code ? "<code>" : "");
        escape_markup(to, part);
        text_say(to, code ? "</code>" : "");
    }
}

/* What is for the server at hand, or for all others. */
static void report_html_advised(const struct finding *finding, const char *server, bool fits,
                                struct text *to)
{
    const struct finding_advice *advice;

    for (size_t i = 0; (advice = finding_advice(finding->id, i)) != NULL; i++) {
        if (finding_advice_fits(advice, server) != fits)
            continue;
        text_say(to, "<dt%s>", fits ? " class=\"mine\"" : "");
        report_html_text(to, advice->where);
        text_say(to, "</dt><dd>");
        report_html_prose(to, advice->text);
        text_say(to, "</dd>\n");
    }
}

static void report_html_advice(const struct finding *finding, const char *server, struct text *to)
{
    if (!finding_advice(finding->id, 0))
        return;
    text_say(to, "<dl class=\"advice\">\n");
    report_html_advised(finding, server, true, to);
    report_html_advised(finding, server, false, to);
    text_say(to, "</dl>\n");
}

static void report_html_law(const char *law, struct text *to)
{
    struct text link = {0};

    if (!law[0])
        return;
    report_law_link(&link, law);
    to->failed |= link.failed;
    text_say(to, "<p class=\"small soft\">Law: ");
    if (link.len)
        text_say(to, "<a rel=\"noreferrer\" href=\"%.*s\">", (int)link.len, link.at);
    report_html_text(to, law);
    text_say(to, link.len ? "</a></p>\n" : "</p>\n");
    text_fini(&link);
}

static void report_html_kind(const struct finding *finding, const char *server, struct text *to)
{
    const struct finding_kind *kind = finding_kind(finding->id);

    if (kind->why[0]) {
        text_say(to, "<p>");
        report_html_text(to, kind->why);
        text_say(to, "</p>\n");
    }
    if (kind->fix[0]) {
        text_say(to, "<div class=\"do %s\"><p><strong>What to do.</strong> ",
                 finding_level_word(kind->level));
        report_html_text(to, kind->fix);
        text_say(to, "</p></div>\n");
    }
    report_html_advice(finding, server, to);
    report_html_law(kind->law, to);
}

static void report_html_finding(const struct finding *finding, const char *server, struct text *to)
{
    const struct finding_kind *kind = finding_kind(finding->id);

    text_say(to, "<details%s><summary>", kind->level == FINDING_BAD ? " open" : "");
    report_html_level(to, kind->level);
    text_say(to, "<span class=\"said\">");
    report_html_text(to, kind->summary);
    text_say(to, " <code>%s</code></span></summary>\n<div class=\"more\">\n", kind->id);
    if (finding->detail[0]) {
        text_say(to, "<p class=\"detail\">");
        report_html_text(to, finding->detail);
        text_say(to, "</p>\n");
    }
    report_html_kind(finding, server, to);
    if (finding->evidence[0]) {
        text_say(to, "<p class=\"small soft\">What was asked and answered:</p>\n"
                     "<pre tabindex=\"0\">");
        report_html_text(to, finding->evidence);
        text_say(to, "</pre>\n");
    }
    text_say(to, "</div></details>\n");
}

static void report_html_item(const struct report *report, size_t index, struct text *to)
{
    const struct report_item *item = &report->items[index];
    size_t count;
    const struct finding **sorted = report_sorted(report, item, &count);

    if (!sorted) {
        to->failed = true;
        return;
    }
    text_say(to, "<article class=\"card\" id=\"u%zu\">\n<header>", index + 1);
    report_html_level(to, report_item_level(report, item));
    text_say(to, "<h3>");
    report_html_text(to, item->facts->url);
    text_say(to, "</h3></header>\n");
    report_html_facts(item, to);
    for (size_t i = 0; i < count; i++)
        report_html_finding(sorted[i], item->facts->server, to);
    text_say(to, "</article>\n");
    memory_free(sorted);
}

void report_html(const struct report *report, struct text *to)
{
    report_html_head(report, to);
    report_html_sums(report, to);
    if (report->budget)
        report_html_budget(report->budget, to);
    report_html_list(report, to);
    text_say(to, "<h2>Findings</h2>\n");
    for (size_t i = 0; i < report->count; i++)
        report_html_item(report, i, to);
    text_say(to, "</main>\n</body>\n</html>\n");
}
