/* stet audit: does this site revalidate properly? The options, and their defaults.
 */
#include "audit/inputlimit.h"
#include "base/memory.h"
#include "base/units.h"
#include "cli/auditing.h"
#include "cli/commands.h"
#include "stet/span.h"

#include <jansson.h>
#include <limits.h>
#include <string.h>

#define AUDIT_URLS 20
#define AUDIT_CONNECT_MS 10000
#define AUDIT_STALL_MS 30000

static const char *audit_text(const char **member, const char *value)
{
    *member = value;
    return *value ? NULL : "it is empty";
}

static const char *audit_har(void *target, const char *value)
{
    return audit_text(&((struct auditing *)target)->sources.har, value);
}

static const char *audit_log(void *target, const char *value)
{
    return audit_text(&((struct auditing *)target)->sources.log, value);
}

static const char *audit_sitemap(void *target, const char *value)
{
    return audit_text(&((struct auditing *)target)->sources.sitemap, value);
}

static const char *audit_base(void *target, const char *value)
{
    return audit_text(&((struct auditing *)target)->sources.base, value);
}

static const char *audit_before(void *target, const char *value)
{
    return audit_text(&((struct auditing *)target)->before, value);
}

static const char *audit_after(void *target, const char *value)
{
    return audit_text(&((struct auditing *)target)->after, value);
}

static const char *audit_junit(void *target, const char *value)
{
    return audit_text(&((struct auditing *)target)->outputs.junit, value);
}

static const char *audit_sarif(void *target, const char *value)
{
    return audit_text(&((struct auditing *)target)->outputs.sarif, value);
}

static const char *audit_html(void *target, const char *value)
{
    return audit_text(&((struct auditing *)target)->outputs.html, value);
}

static const char *audit_cacert(void *target, const char *value)
{
    return audit_text(&((struct auditing *)target)->transfer.ca_file, value);
}

static const char *audit_number(unsigned *member, unsigned most, const char *value)
{
    uint64_t number;

    if (!units_number(value, 1, most, &number))
        return "expected a number, at least 1";
    *member = (unsigned)number;
    return NULL;
}

static const char *audit_urls(void *target, const char *value)
{
    return audit_number(&((struct auditing *)target)->sources.urls, 20000, value);
}

static const char *audit_repeat(void *target, const char *value)
{
    return audit_number(&((struct auditing *)target)->setup.repeat, 1000, value);
}

static const char *audit_requests(void *target, const char *value)
{
    return audit_number(&((struct auditing *)target)->requests_max, INT_MAX, value);
}

static const char *audit_interval(void *target, const char *value)
{
    uint64_t ms;

    if (!units_duration(value, &ms) || ms > INT_MAX)
        return "expected a duration such as 30s or 5m";
    ((struct auditing *)target)->setup.repeat_ms = (unsigned)ms;
    return NULL;
}

static const char *audit_max_time(void *target, const char *value)
{
    uint64_t ms;

    if (!units_duration(value, &ms) || ms < 1 || ms > INT_MAX)
        return "expected a duration such as 30s or 5m";
    ((struct auditing *)target)->setup.longest = (uint32_t)ms;
    return NULL;
}

static const char *audit_addresses(void *target, const char *value)
{
    (void)value;
    ((struct auditing *)target)->setup.all_addresses = true;
    return NULL;
}

static const char *audit_fail_on(void *target, const char *value)
{
    struct auditing *auditing = target;

    if (strcmp(value, "bad") == 0)
        auditing->fail_on = FINDING_BAD;
    else if (strcmp(value, "warn") == 0)
        auditing->fail_on = FINDING_WARN;
    else if (strcmp(value, "never") == 0)
        auditing->fail_on = REPORT_NEVER;
    else
        return "expected bad, warn or never";
    return NULL;
}

static const char *audit_budget(void *target, const char *value)
{
    (void)value;
    ((struct auditing *)target)->budget = true;
    return NULL;
}

static const char *audit_verbose(void *target, const char *value)
{
    (void)value;
    ((struct auditing *)target)->outputs.verbose = true;
    return NULL;
}

static const char *audit_json(void *target, const char *value)
{
    (void)value;
    ((struct auditing *)target)->outputs.json = true;
    return NULL;
}

static const char *audit_insecure(void *target, const char *value)
{
    (void)value;
    ((struct auditing *)target)->transfer.insecure = true;
    return NULL;
}

/* A line that is sent: its name is a token, and no octet of it ends the line. */
static const char *audit_header(void *target, const char *value)
{
    struct auditing *auditing = target;
    const struct stet_span line = stet_span_of(value);
    const size_t colon = stet_span_find(line, ':');

    if (colon == line.len || !stet_span_is_token(stet_span(line.at, colon)) ||
        strpbrk(value, "\r\n"))
        return "expected \"NAME: VALUE\"";
    if (auditing->field_count == AUDITING_LINES)
        return "there are too many of them";
    auditing->fields[auditing->field_count++] = value;
    return NULL;
}

static const char *audit_resolve(void *target, const char *value)
{
    struct auditing *auditing = target;
    const char *colon = strchr(value, ':');

    if (!colon || colon == value || !strchr(colon + 1, ':'))
        return "expected HOST:PORT:ADDRESS";
    if (auditing->transfer.resolve_count == AUDITING_LINES)
        return "there are too many of them";
    auditing->resolve[auditing->transfer.resolve_count++] = value;
    return NULL;
}

static const struct option_row audit_options[] = {
    {"har", 0, "FILE", "the GETs of a HAR file, the most frequent first", audit_har},
    {"log", 0, "FILE",
     "the GETs of an access log (common, combined, JSON lines),\nthe most "
     "frequent first; - is standard input",
     audit_log},
    {"base", 0, "URL", "where the log's lines belong that name no host", audit_base},
    {"sitemap", 0, "URL", "the URLs of a sitemap, or of those of an index", audit_sitemap},
    {"urls", 0, "COUNT", "of these, look at so many (20)", audit_urls},
    {"before", 0, "FILE", "note in FILE what the resources are now", audit_before},
    {"after", 0, "FILE", "hold what they are now against FILE: was each 304 true?", audit_after},
    {"repeat", 0, "COUNT", "hold 304 against the content so many times more", audit_repeat},
    {"interval", 0, "DURATION", "wait so long between repeats (1s)", audit_interval},
    {"all-addresses", 0, NULL, "ask each address of a name, they should agree", audit_addresses},
    {"max-requests", 0, "COUNT", "send no more than so many requests in all", audit_requests},
    {"max-time", 0, "DURATION", "the longest that one request may take (1m)", audit_max_time},
    {"header", 'H', "LINE", "send this line as well: \"NAME: VALUE\"", audit_header},
    {"resolve", 0, "HOST:PORT:ADDRESS", "the address of a name", audit_resolve},
    {"cacert", 0, "FILE", "certificates to trust", audit_cacert},
    {"insecure", 'k', NULL, "trust any certificate", audit_insecure},
    {"fail-on", 0, "LEVEL",
     "exit status 1 for findings of this level and worse:\nbad (the "
     "default), warn or never",
     audit_fail_on},
    {"budget", 0, NULL, "what would be saved if everything revalidated", audit_budget},
    {"verbose", 'v', NULL, "everything: what is good, evidence, advice", audit_verbose},
    {"json", 0, NULL, "report as JSON to standard output", audit_json},
    {"junit", 0, "FILE", "report as JUnit XML", audit_junit},
    {"sarif", 0, "FILE", "report as SARIF 2.1.0", audit_sarif},
    {"html", 0, "FILE", "report as one page", audit_html},
    {NULL, 0, NULL, NULL, NULL},
};

static void audit_defaults(struct auditing *auditing)
{
    *auditing = (struct auditing){
        .sources.urls = AUDIT_URLS,
        .fail_on = FINDING_BAD,
        .setup = {.repeat_ms = 1000, .longest = (uint32_t)inputlimit(INPUTLIMIT_REQUEST_TIME)},
        .transfer = {.user_agent = AUDIT_USER_AGENT,
                     .connect_timeout = AUDIT_CONNECT_MS,
                     .stall_timeout = AUDIT_STALL_MS,
                     .each_host = 1},
    };
    auditing->transfer.resolve = auditing->resolve;
    auditing->setup.fields = auditing->fields;
}

static int audit_run(int argc, char **argv)
{
    struct auditing auditing;
    int operand;

    json_set_alloc_funcs(memory_new, memory_free);
    audit_defaults(&auditing);
    int result = options_parse(&command_audit, argc, argv, &auditing, &operand);
    if (result != OPTIONS_GO_ON)
        return result;
    if (operand == argc && !auditing.sources.har && !auditing.sources.log &&
        !auditing.sources.sitemap)
        return options_error(&command_audit, "what shall be looked at? Name a URL", NULL);
    result = auditing_collect(&auditing, argv + operand, argc - operand);
    if (result == 0)
        result = auditing_run(&auditing);
    targets_fini(&auditing.named);
    targets_fini(&auditing.found);
    return result;
}

const struct command command_audit = {
    .name = "audit",
    .usage = "[OPTION]... [URL]...",
    .summary = "Tell whether a site revalidates properly.",
    .details = "Only GET, HEAD and OPTIONS are sent, one after another. Exit status: 0 fine, 1 "
               "findings\n(see --fail-on), 2 usage, 3 a resource or a sitemap gave no answer.\n",
    .options = audit_options,
    .run = audit_run,
};
