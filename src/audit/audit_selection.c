/* The stages that ask what selects an answer beside its URL: codings, request fields, queries,
 * cookies, the origin of a script.
 *
 * Single request fields are tried only where several at once made a difference, and another query
 * only where No-Vary-Search speaks of queries.
 */
#include "audit/audit_parts.h"

#include "base/memory.h"
#include "base/text.h"
#include "stet/etag.h"
#include "stet/uri.h"

#include <stdio.h>

#define ORIGIN "Origin: https://stet-audit.invalid"

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

/* ---- queries ---- */

void audit_queries(struct audit *audit)
{
    const bool said = stet_head_has(&audit->base.response.head, STET_FIELD_NO_VARY_SEARCH);
    struct text url = {0};
    struct stet_uri uri;
    struct probe answer;

    if (!said || !audit->stable || !(audit->known & CONDITION_WHOLE) ||
        !stet_uri_split(stet_span_of(audit->facts->final_url), &uri))
        return;
    text_say(&url, "%s%sstet-audit=1", audit->facts->final_url,
             !uri.query.at        ? "?"
             : uri.query.len == 0 ? ""
                                  : "&");
    text_put(&url, "", 1);
    audit->check.failed |= url.failed;
    if (!url.failed && audit_ask(audit, &(struct question){.url = url.at}, &answer))
        check_search(&audit->check, &audit->base, &answer);
    if (!url.failed)
        probe_fini(&answer);
    text_fini(&url);
}

/* ---- cookies and other origins ---- */

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
