/* The audit: stages one after another, and what every request has in common.
 *
 *     first answer -> an earlier run -> the same again -> conditions -> HEAD -> codings -> ranges
 *     -> negotiation -> queries -> cookies -> other origins -> addresses -> rounds over time
 *
 * What matters most comes first, so that a small number of requests is well spent. A stage asks
 * (audit_ask), and hands what came to a check, which judges without asking.
 *
 * Most of what is found holds only if the content was the same all the while. So where a stage has
 * found a fault, the content is asked for once more; if it has changed, what the stage found is
 * taken back.
 *
 * A server that says 429 or 503 in the middle has had enough: the audit ends there and says so. So
 * it does at the first answer that takes all the time that it may: each further one could as well.
 */
#include "audit/audit_parts.h"

#include "base/memory.h"
#include "base/text.h"
#include "client/pace.h"

#include <stdio.h>

/* ---- asking ---- */

static bool audit_spent(struct audit *audit)
{
    const unsigned most = audit->setup->requests_max ? audit->setup->requests_max : AUDIT_REQUESTS;

    if (audit->facts->requests < most)
        return false;
    check_say(&audit->check, FINDING_REQUESTS_SPENT, (struct exchanges){NULL, NULL},
              "%u were allowed", most);
    return true;
}

static bool audit_tell(struct audit *audit)
{
    const struct audit_progress progress = {
        .url = audit->facts->final_url,
        .stage = audit->stage,
        .sent = audit->facts->requests,
        .most = audit->setup->requests_max ? audit->setup->requests_max : AUDIT_REQUESTS,
    };

    return !audit->setup->progress || audit->setup->progress(audit->setup->owner, &progress);
}

static bool fields_have(const char *const *fields, const char *name)
{
    const size_t len = strlen(name);

    for (; fields && *fields; fields++)
        if (strncasecmp(*fields, name, len) == 0 && (*fields)[len] == ':')
            return true;
    return false;
}

/* All lines but those of the setup. */
static char *question_lines(const struct audit *audit, const struct question *question)
{
    const struct stet_span coding = stet_coding_name(question->coding);
    const char *more = question->lines ? question->lines : "";
    struct text text = {0};

    text_say(&text, "Accept-Encoding: %.*s", SHOWN(coding));
    if (!fields_have(audit->fields, "Accept") && !strstr(more, "Accept: "))
        text_say(&text, "\nAccept: */*");
    if (*more)
        text_say(&text, "\n%s", more);
    text_put(&text, "", 1);
    if (text.failed)
        text_fini(&text);
    return text.at;
}

/* What came counts, and may be the last that does. */
static bool audit_count(struct audit *audit, const struct probe *probe)
{
    struct audit_facts *facts = audit->facts;

    facts->requests++;
    facts->octets += probe->outcome.head_octets + probe->outcome.octets;
    if (probe->outcome.result == TRANSFER_CANCELLED && !probe->cut)
        audit->over = true;
    if (probe->status == 429 || probe->status == 503) {
        const int64_t wanted = pace_retry_after(&probe->response.head, check_now(probe));
        facts->pause = wanted > 0 && wanted < UINT32_MAX ? (uint32_t)wanted : AUDIT_PAUSE;
    }
    if (probe->slow && probe != &audit->base) {
        check_say(&audit->check, FINDING_CONTENT_SLOW, (struct exchanges){probe, NULL},
                  "%s, %llu octets came", audit->stage, (unsigned long long)probe->length);
        audit->over = true;
    }
    if (facts->pause && probe != &audit->base) {
        check_say(&audit->check, FINDING_REQUESTS_SPENT, (struct exchanges){probe, NULL},
                  "the server wants to be left alone: %d", probe->status);
        audit->over = true;
    }
    return !audit->over;
}

/* Octets of content that are read. Of what is known to be large a part is enough to see that it
 * came. */
static uint64_t audit_content_max(const struct audit *audit, const struct question *question)
{
    const uint64_t most = audit->setup->content_max ? audit->setup->content_max : AUDIT_CONTENT;
    const bool large = audit->base.length > CHECK_LARGE && !question->whole;

    return large && most > CHECK_LARGE ? CHECK_LARGE : most;
}

bool audit_ask(struct audit *audit, const struct question *question, struct probe *probe)
{
    const struct transfer_request request = {
        .method = question->method ? question->method : "GET",
        .url = question->url ? question->url : audit->facts->final_url,
        .address = question->address,
        .longest = audit->setup->longest,
        .fresh = question->fresh,
    };
    struct probe_ask ask = {
        .request = &request,
        .common = audit->fields,
        .content_max = audit_content_max(audit, question),
    };

    *probe = (struct probe){0};
    if (audit->over || audit_spent(audit) || !audit_tell(audit)) {
        audit->over = true;
        return false;
    }
    char *lines = question_lines(audit, question);
    ask.lines = lines;
    if (!lines || !probe_send(probe, audit->setup->transfers, &ask))
        audit->check.failed = audit->over = true;
    memory_free(lines);
    return !audit->over && audit_count(audit, probe);
}

/* ---- facts ---- */

static char *copy_of(struct stet_span value)
{
    char *copy = value.at ? memory_new(value.len + 1) : NULL;

    if (copy) {
        memcpy(copy, value.at, value.len);
        copy[value.len] = '\0';
    }
    return copy;
}

/* "nginx/1.22.1 Express"; NULL if it says nothing, or memory is out. */
static char *server_of(const struct probe *base)
{
    const struct stet_span server = check_value(base, STET_FIELD_SERVER);
    const struct stet_field *by = stet_head_named(&base->response.head, STET_SPAN("X-Powered-By"));
    struct text text = {0};
    char *copy = NULL;

    text_say(&text, "%.*s", SHOWN(server));
    if (by)
        text_say(&text, "%s%.*s", text.len ? " " : "", SHOWN(by->value));
    if (text.len && !text.failed)
        copy = copy_of(stet_span(text.at, text.len));
    text_fini(&text);
    return copy;
}

/* What one visit saves by a 304. */
static uint64_t saved_of(const struct audit_facts *facts)
{
    uint64_t least = 0;

    for (unsigned i = 0; i < STET_CODING_COUNT; i++)
        if (facts->length[i] && (!least || facts->length[i] < least))
            least = facts->length[i];
    if (facts->validation_octets && facts->validation_octets < facts->head_octets)
        least += facts->head_octets - facts->validation_octets;
    return least;
}

static void audit_sum_up(struct audit *audit)
{
    struct audit_facts *facts = audit->facts;
    const struct probe *base = &audit->base;

    facts->status = base->status;
    facts->etag = copy_of(check_value(base, STET_FIELD_ETAG));
    facts->modified = copy_of(check_value(base, STET_FIELD_LAST_MODIFIED));
    facts->cache_control = copy_of(check_value(base, STET_FIELD_CACHE_CONTROL));
    facts->content_type = copy_of(check_value(base, STET_FIELD_CONTENT_TYPE));
    facts->server = server_of(base);
    facts->head_octets = base->outcome.head_octets;
    facts->length[STET_CODING_IDENTITY] = base->length;
    for (unsigned i = STET_CODING_IDENTITY + 1; i < STET_CODING_COUNT; i++)
        facts->length[i] = audit->coded[i].length;
    facts->revalidates = audit->known & (CONDITION_TAG_WORKS | CONDITION_DATE_WORKS);
    facts->lifetime = check_lifetime(base, &facts->freshness);
    facts->saved = base->status == 200 ? saved_of(facts) : 0;
    facts->saves_now = facts->revalidates && !check_no_store(base);
    facts->complete = !audit->over;
}

void audit_facts_fini(struct audit_facts *facts)
{
    memory_free(facts->url);
    memory_free(facts->final_url);
    memory_free(facts->etag);
    memory_free(facts->modified);
    memory_free(facts->cache_control);
    memory_free(facts->content_type);
    memory_free(facts->server);
    *facts = (struct audit_facts){0};
}

/* ---- the stages ---- */

struct audit_stage {
    const char *name;
    void (*run)(struct audit *audit);
    bool still; /* what it finds holds only if the content stays what it is */
};

static const struct audit_stage audit_stages[] = {
    {"first answer", audit_first, false},
    {"an earlier run", audit_truth, false},
    {"the same again", audit_same, false},
    {"conditions", audit_conditions, true},
    {"HEAD", audit_head, true},
    {"codings", audit_codings, true},
    {"ranges", audit_ranges, true},
    {"negotiation", audit_negotiation, true},
    {"queries", audit_queries, true},
    {"cookies", audit_cookies, true},
    {"other origins", audit_origins, true},
    {"addresses", audit_addresses, true},
    {"rounds", audit_repeat, false},
};

/* A fault was found at or behind `from`. */
static bool audit_found(const struct audit *audit, size_t from)
{
    const struct findings *findings = audit->check.findings;

    for (size_t i = from; i < findings->count; i++)
        if (finding_kind(findings->at[i].id)->level > FINDING_INFO)
            return true;
    return false;
}

/* Takes back what was found at or behind `from` if the content is another one now. */
static void audit_confirm(struct audit *audit, size_t from)
{
    struct probe now;

    if (audit->over || !audit->stable || !(audit->known & CONDITION_WHOLE) ||
        !audit_found(audit, from))
        return;
    if (audit_ask(audit, &(struct question){0}, &now) && probe_answered(&now) &&
        !probe_same_content(&audit->base, &now)) {
        findings_cut(audit->check.findings, from);
        check_say(&audit->check, FINDING_CONTENT_CHANGED, (struct exchanges){&audit->base, &now},
                  "%s", audit->stage);
        audit->stable = false;
        audit->known = 0;
    }
    probe_fini(&now);
}

static void audit_run(struct audit *audit)
{
    for (size_t i = 0; i < sizeof audit_stages / sizeof audit_stages[0] && !audit->over; i++) {
        const size_t from = audit->check.findings->count;
        audit->stage = audit_stages[i].name;
        audit_stages[i].run(audit);
        if (audit_stages[i].still)
            audit_confirm(audit, from);
    }
}

/* The lines of the setup, in a list of its own: some stay behind on the way. */
static bool audit_take_fields(struct audit *audit)
{
    size_t count = 0;

    while (audit->setup->fields && audit->setup->fields[count])
        count++;
    audit->fields = memory_new_zero((count + 1) * sizeof *audit->fields);
    for (size_t i = 0; audit->fields && i < count; i++)
        audit->fields[i] = audit->setup->fields[i];
    return audit->fields != NULL;
}

/* The coding that it came in, which may be another one than was asked for; STET_CODING_COUNT if it
 * is none that can be asked for. */
static enum stet_coding coding_of(const struct probe *probe)
{
    const struct stet_span coding = check_value(probe, STET_FIELD_CONTENT_ENCODING);

    return coding.len ? stet_coding_of(coding) : STET_CODING_IDENTITY;
}

static void audit_record(struct audit *audit)
{
    struct snapshots *record = audit->setup->record;
    bool noted[STET_CODING_COUNT + 1] = {[STET_CODING_COUNT] = true};

    for (unsigned i = 0; record && audit->base.status == 200 && i < STET_CODING_COUNT; i++) {
        const struct probe *probe = i ? &audit->coded[i] : &audit->base;
        const enum stet_coding coding = coding_of(probe);
        if (probe->status != 200 || probe->cut || noted[coding])
            continue;
        noted[coding] = true;
        audit->check.failed |=
            !snapshots_add(record, audit->facts->final_url, stet_coding_name(coding).at, probe);
    }
}

bool audit_url(const struct audit_setup *setup, const char *url, struct findings *findings,
               struct audit_facts *facts)
{
    struct audit audit = {.setup = setup, .facts = facts, .check = {.findings = findings}};

    *facts = (struct audit_facts){0};
    facts->url = copy_of(stet_span_of(url));
    facts->final_url = copy_of(stet_span_of(url));
    if (!facts->url || !facts->final_url || !audit_take_fields(&audit))
        return false;
    audit.check.url = facts->url;
    audit_run(&audit);
    audit_record(&audit);
    audit_sum_up(&audit);
    probe_fini(&audit.base);
    for (unsigned i = 0; i < STET_CODING_COUNT; i++)
        probe_fini(&audit.coded[i]);
    memory_free(audit.fields);
    return !audit.check.failed;
}
