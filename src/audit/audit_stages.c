/* The stages of an audit: which questions are asked, and which check is told the answers.
 *
 * Questions follow from answers: a list of tags is tried only where the tag alone works, and single
 * request fields only where several at once made a difference. So a server without faults is asked
 * about forty small questions, and one without validators fifteen.
 */
#include "audit/audit_parts.h"

#include "base/memory.h"
#include "client/redirect.h"
#include "stet/etag.h"

#include <stdio.h>

enum { AUDIT_REDIRECTS = 8 };

#define ORIGIN "Origin: https://stet-audit.invalid"

/* ---- the first answer ---- */

/* Follows one redirect: the final URL is another one then. False at the end of the way. */
static bool follow(struct audit *audit, unsigned hop)
{
    struct probe *base = &audit->base;
    const char *url = audit->facts->final_url;
    const bool secure = strncmp(url, "https:", 6) == 0;
    const struct exchanges proof = {base, NULL};
    struct redirect redirect = {0};

    if (!probe_answered(base))
        return false;
    if (base->status < 300 || base->status > 399 || base->status == 304)
        return false;
    if (redirect_of(STET_SPAN("GET"), stet_span_of(url), base->status, &base->response.head,
                    &redirect) != REDIRECT_THERE) {
        check_say(&audit->check, FINDING_REDIRECT_NOWHERE, proof, "%d", base->status);
        audit->check.failed |= redirect.out_of_memory;
        return false;
    }
    check_redirect(&audit->check, base, hop);
    if (secure && strncmp(redirect.url, "https:", 6) != 0)
        check_say(&audit->check, FINDING_REDIRECT_INSECURE, proof, "to %s", redirect.url);
    if (hop > AUDIT_REDIRECTS || strcmp(redirect.url, url) == 0) {
        check_say(&audit->check, FINDING_REDIRECT_LOOP, proof, "after %u of them", hop);
        memory_free(redirect.url);
        return false;
    }
    memory_free(audit->facts->final_url);
    audit->facts->final_url = redirect.url;
    return true;
}

static void check_all(struct check *check, const struct probe *probe)
{
    check_validators(check, probe);
    check_dates(check, probe);
    check_vary(check, probe);
    check_cache_status(check, probe);
    check_control(check, probe);
    check_cookies(check, probe);
    check_coding(check, probe, probe, STET_CODING_IDENTITY);
}

void audit_first(struct audit *audit)
{
    unsigned hop = 0;

    do {
        probe_fini(&audit->base);
        if (!audit_ask(audit, &(struct question){0}, &audit->base))
            return;
    } while (follow(audit, ++hop));
    audit->over = true;
    if (audit->base.status >= 300 && audit->base.status <= 399)
        return; /* it was said why that is the end */
    if (!check_answer(&audit->check, &audit->base) && !audit->base.cut)
        return;
    check_all(&audit->check, &audit->base);
    audit->known = condition_has(&audit->base);
    if (!audit->base.cut && audit->base.length <= CHECK_LARGE)
        audit->known |= CONDITION_WHOLE;
    audit->over = audit->base.status != 200;
}

/* ---- truth ---- */

/* Asks for what is there now, and then whether `held` is still so: in this order a change between
 * the two is never taken for a lie. */
static void ask_truth(struct audit *audit, const struct truth *held, enum stet_coding coding)
{
    const struct stet_span value = held->by_tag ? held->etag : held->modified;
    struct probe conditional, whole;
    char lines[512];

    snprintf(lines, sizeof lines, "%s: %.*s", held->by_tag ? "If-None-Match" : "If-Modified-Since",
             (int)(value.len < 400 ? value.len : 400), value.at);
    const struct question condition = {.coding = coding, .lines = lines};
    const bool asked = audit_ask(audit, &(struct question){.coding = coding}, &whole);
    if (asked && audit_ask(audit, &condition, &conditional))
        check_truth(&audit->check, held, &conditional, &whole);
    if (asked)
        probe_fini(&conditional);
    probe_fini(&whole);
}

static void ask_snapshot(struct audit *audit, const struct snapshot *snapshot)
{
    const enum stet_coding coding = stet_coding_of(stet_span_of(snapshot->coding));
    struct truth held = {snapshot->digest, snapshot->length, stet_span_of(snapshot->etag),
                         stet_span_of(snapshot->modified), true};

    if (coding == STET_CODING_COUNT)
        return;
    if (held.etag.len)
        ask_truth(audit, &held, coding);
    held.by_tag = false;
    if (held.modified.len && coding == STET_CODING_IDENTITY)
        ask_truth(audit, &held, coding);
}

void audit_truth(struct audit *audit)
{
    const struct snapshots *before = audit->setup->before;
    const struct snapshot *at = NULL;

    if (!before)
        return;
    while ((at = snapshots_find(before, audit->facts->final_url, at))) {
        ask_snapshot(audit, at);
        at++;
    }
}

void audit_repeat(struct audit *audit)
{
    const struct audit_setup *setup = audit->setup;
    const struct probe *base = &audit->base;
    struct truth held = {base->digest, base->length, check_value(base, STET_FIELD_ETAG),
                         check_value(base, STET_FIELD_LAST_MODIFIED), true};

    held.by_tag = audit->known & CONDITION_TAG;
    if (base->cut || !(audit->known & (CONDITION_TAG | CONDITION_DATE)))
        return;
    for (unsigned i = 0; i < setup->repeat && !audit->over; i++) {
        if (setup->wait && !setup->wait(setup->owner, setup->repeat_ms))
            audit->over = true;
        else
            ask_truth(audit, &held, STET_CODING_IDENTITY);
    }
}

/* ---- once more ---- */

void audit_same(struct audit *audit)
{
    struct probe again;

    audit->stable = !audit->base.cut;
    if (!(audit->known & CONDITION_WHOLE))
        return;
    if (audit_ask(audit, &(struct question){0}, &again)) {
        check_again(&audit->check, &audit->base, &again);
        audit->stable = probe_same_content(&audit->base, &again);
    }
    probe_fini(&again);
}

/* ---- conditions ---- */

/* What the answer to the own validator shows beyond its status. */
static void learn(struct audit *audit, enum condition_id id, const struct probe *answer)
{
    const bool by_tag = id == CONDITION_OWN_TAG_ROW;

    if (answer->status != 304) {
        check_again(&audit->check, &audit->base, answer);
        return;
    }
    audit->known |= by_tag ? CONDITION_TAG_WORKS : CONDITION_DATE_WORKS;
    audit->facts->validation_octets = answer->outcome.head_octets;
    check_not_modified(&audit->check, &audit->base, answer);
    if (by_tag || !(audit->known & CONDITION_TAG))
        check_say(&audit->check, by_tag ? FINDING_REVALIDATES : FINDING_DATE_REVALIDATES,
                  (struct exchanges){answer, NULL}, "%s", "");
}

static void ask_condition(struct audit *audit, enum condition_id id)
{
    const struct condition *condition = condition_row(id);
    char *lines = condition_lines(condition, &audit->base);
    const struct question question = {
        .method = condition->method, .lines = lines, .fresh = condition->fresh};
    struct probe answer;

    if (!lines) {
        audit->check.failed = audit->over = true;
        return;
    }
    if (audit_ask(audit, &question, &answer)) {
        check_condition(&audit->check, condition, &audit->base, &answer);
        if (id == CONDITION_OWN_TAG_ROW || id == CONDITION_OWN_DATE_ROW)
            learn(audit, id, &answer);
    }
    probe_fini(&answer);
    memory_free(lines);
}

/* The rows that need `special` of what is found out late. */
static void ask_conditions(struct audit *audit, unsigned special)
{
    const unsigned late = CONDITION_RANGES | CONDITION_HEAD;

    for (unsigned i = 0; i < CONDITION_COUNT && !audit->over; i++) {
        const unsigned needs = condition_row((enum condition_id)i)->needs;
        if (check_tags_move(&audit->check))
            audit->known &= ~(unsigned)(CONDITION_TAG | CONDITION_STRONG | CONDITION_TAG_WORKS);
        if ((needs & late) == special && (needs & audit->known) == needs)
            ask_condition(audit, (enum condition_id)i);
    }
}

void audit_conditions(struct audit *audit)
{
    ask_conditions(audit, 0);
}

void audit_head(struct audit *audit)
{
    struct probe head;

    if (!audit->stable)
        return;
    if (audit_ask(audit, &(struct question){.method = "HEAD"}, &head)) {
        check_head(&audit->check, &audit->base, &head);
        if (head.status == audit->base.status)
            audit->known |= CONDITION_HEAD;
    }
    probe_fini(&head);
    ask_conditions(audit, CONDITION_HEAD);
}

/* ---- ranges ---- */

void audit_ranges(struct audit *audit)
{
    const struct probe *base = &audit->base;
    struct probe part, behind;
    char lines[64];

    if (base->length < 2 || base->cut || !audit->stable)
        return;
    if (audit_ask(audit, &(struct question){.lines = "Range: bytes=1-1"}, &part) &&
        check_range(&audit->check, base, &part))
        audit->known |= CONDITION_RANGES;
    probe_fini(&part);
    if (!(audit->known & CONDITION_RANGES))
        return;
    snprintf(lines, sizeof lines, "Range: bytes=%llu-", (unsigned long long)base->length);
    if (audit_ask(audit, &(struct question){.lines = lines}, &behind))
        check_unsatisfiable(&audit->check, base, &behind);
    probe_fini(&behind);
    ask_conditions(audit, CONDITION_RANGES);
}

/* ---- codings ---- */

/* Gives back the tag of `held` where `wanted` would come. */
static void ask_coding_tag(struct audit *audit, const struct probe *held,
                           const struct probe *wanted, enum stet_coding coding)
{
    char *lines = NULL;
    struct probe answer;

    if (!stet_etag_present(stet_etag_of(&held->response.head)))
        return;
    lines = condition_lines(condition_row(CONDITION_OWN_TAG_ROW), held);
    if (!lines) {
        audit->check.failed = audit->over = true;
        return;
    }
    if (audit_ask(audit, &(struct question){.coding = coding, .lines = lines}, &answer))
        check_coding_tag(&audit->check, held, wanted, &answer);
    probe_fini(&answer);
    memory_free(lines);
}

static bool differ_in_tag(const struct probe *a, const struct probe *b)
{
    return !stet_etag_equal_weak(stet_etag_of(&a->response.head), stet_etag_of(&b->response.head));
}

/* True if this coding came. */
static bool ask_coding(struct audit *audit, enum stet_coding coding)
{
    struct probe *coded = &audit->coded[coding];
    const struct probe *base = &audit->base;

    if (!audit_ask(audit, &(struct question){.coding = coding}, coded))
        return false;
    check_coding(&audit->check, base, coded, coding);
    if (coded->status != 200 ||
        stet_coding_of(check_value(coded, STET_FIELD_CONTENT_ENCODING)) != coding) {
        probe_fini(coded);
        return false;
    }
    ask_coding_tag(audit, coded, coded, coding);
    if (differ_in_tag(base, coded)) {
        ask_coding_tag(audit, base, coded, coding);
        ask_coding_tag(audit, coded, base, STET_CODING_IDENTITY);
    }
    return true;
}

void audit_codings(struct audit *audit)
{
    bool any = false;

    if (!(audit->known & CONDITION_WHOLE))
        return;
    for (unsigned i = STET_CODING_IDENTITY + 1; i < STET_CODING_COUNT; i++)
        any |= ask_coding(audit, (enum stet_coding)i);
    for (unsigned i = STET_CODING_IDENTITY + 1; i < STET_CODING_COUNT; i++)
        for (unsigned j = i + 1; j < STET_CODING_COUNT; j++)
            if (audit->coded[i].status && audit->coded[j].status)
                check_codings(&audit->check, &audit->coded[i], &audit->coded[j]);
    if (!any && !audit->over)
        check_uncoded(&audit->check, &audit->base);
}

/* ---- what selects it ---- */

static bool ask_negotiation(struct audit *audit, const char *lines, const char *field)
{
    struct probe answer;
    bool other = false;

    if (audit_ask(audit, &(struct question){.lines = lines}, &answer))
        other = check_negotiation(&audit->check, &audit->base, &answer, field);
    probe_fini(&answer);
    return other;
}

void audit_negotiation(struct audit *audit)
{
    static const char language[] = "Accept-Language: de, fr;q=0.5";
    static const char type[] = "Accept: application/json, */*;q=0.1";
    char both[sizeof language + sizeof type];

    snprintf(both, sizeof both, "%s\n%s", language, type);
    if (!audit->stable || !(audit->known & CONDITION_WHOLE) || !ask_negotiation(audit, both, NULL))
        return;
    ask_negotiation(audit, language, "Accept-Language");
    ask_negotiation(audit, type, "Accept");
}

/* The own validator that works, with another line before it; for memory_free. NULL: there is none,
 * or memory is out. */
static char *conditional_lines(const struct audit *audit, const char *before)
{
    const bool by_tag = audit->known & CONDITION_TAG_WORKS;
    char *condition = NULL, *lines = NULL;

    if (!(audit->known & (CONDITION_TAG_WORKS | CONDITION_DATE_WORKS)))
        return NULL;
    condition = condition_lines(
        condition_row(by_tag ? CONDITION_OWN_TAG_ROW : CONDITION_OWN_DATE_ROW), &audit->base);
    const size_t size = condition ? strlen(condition) + strlen(before) + 2 : 0;
    lines = condition ? memory_new(size) : NULL;
    if (lines)
        snprintf(lines, size, "%s\n%s", before, condition);
    memory_free(condition);
    return lines;
}

void audit_cookies(struct audit *audit)
{
    char *lines = audit->stable ? conditional_lines(audit, "Cookie: stet_audit=1") : NULL;
    struct probe answer;

    if (!lines)
        return;
    if (audit_ask(audit, &(struct question){.lines = lines}, &answer))
        check_cookie(&audit->check, &audit->base, &answer);
    probe_fini(&answer);
    memory_free(lines);
}

static void ask_other_origin(struct audit *audit, const struct probe *with)
{
    char *lines = conditional_lines(audit, ORIGIN);
    const struct question preflight = {.method = "OPTIONS",
                                       .lines =
                                           ORIGIN "\nAccess-Control-Request-Method: GET\n"
                                                  "Access-Control-Request-Headers: if-none-match"};
    struct probe answer;

    if (lines && audit_ask(audit, &(struct question){.lines = lines}, &answer))
        check_cors_304(&audit->check, with, &answer);
    if (lines)
        probe_fini(&answer);
    memory_free(lines);
    if (audit_ask(audit, &preflight, &answer))
        check_preflight(&audit->check, &answer);
    probe_fini(&answer);
}

void audit_origins(struct audit *audit)
{
    struct probe with;

    if (!(audit->known & CONDITION_WHOLE))
        return;
    if (audit_ask(audit, &(struct question){.lines = ORIGIN}, &with)) {
        check_cors(&audit->check, &audit->base, &with);
        if (stet_head_has(&with.response.head, STET_FIELD_ACCESS_CONTROL_ALLOW_ORIGIN))
            ask_other_origin(audit, &with);
    }
    probe_fini(&with);
}

/* ---- addresses ---- */

void audit_addresses(struct audit *audit)
{
    size_t count = 0;
    char **addresses =
        audit->setup->all_addresses
            ? transfers_addresses(audit->setup->transfers, audit->facts->final_url, &count)
            : NULL;

    for (size_t i = 0; i < count && addresses && !audit->over; i++) {
        struct probe other;
        if (strcmp(addresses[i], audit->base.address) == 0)
            continue;
        if (audit_ask(audit, &(struct question){.address = addresses[i]}, &other))
            check_address(&audit->check, &audit->base, &other);
        probe_fini(&other);
    }
    if (addresses)
        transfers_addresses_free(addresses, count);
}
