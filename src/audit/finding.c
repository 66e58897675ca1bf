/* Findings: the catalogue as arrays, and a list of what was found.
 *
 * The table is read three times by X-macros: the enum in the header, the rows, and the rows with
 * the titles between them. So a finding, its text and its page in doc/findings.md cannot part.
 */
#include "audit/finding.h"

#include "base/check.h"
#include "base/memory.h"

#include <string.h>

static const struct finding_kind finding_kinds[] = {
#define GROUP(title)
#define FINDING(id, level, word, summary, why, law, fix) {level, word, summary, why, law, fix},
#include "audit/finding.tbl"
#undef FINDING
#undef GROUP
};

struct finding_place {
    const char *title; /* NULL: a finding */
    enum finding_id id;
};

static const struct finding_place finding_places[] = {
#define GROUP(title) {title, FINDING_COUNT},
#define FINDING(id, ...) {NULL, FINDING_##id},
#include "audit/finding.tbl"
#undef FINDING
#undef GROUP
};

struct finding_advised {
    enum finding_id id;
    struct finding_advice advice;
};

static const struct finding_advised finding_advised[] = {
#define ADVICE(id, where, text) {FINDING_##id, {where, text}},
#include "audit/advice.tbl"
#undef ADVICE
};

const struct finding_kind *finding_kind(enum finding_id id)
{
    CHECK((unsigned)id < FINDING_COUNT);
    return &finding_kinds[id];
}

enum finding_id finding_named(const char *id)
{
    unsigned i = 0;

    while (i < FINDING_COUNT && strcmp(finding_kinds[i].id, id) != 0)
        i++;
    return (enum finding_id)i;
}

const char *finding_group(enum finding_id id)
{
    const char *title = "";

    for (size_t i = 0; i < sizeof finding_places / sizeof finding_places[0]; i++) {
        if (finding_places[i].title)
            title = finding_places[i].title;
        else if (finding_places[i].id == id)
            return title;
    }
    return "";
}

const char *finding_level_word(enum finding_level level)
{
    static const char *const words[] = {"good", "info", "warn", "bad"};

    return words[level];
}

const struct finding_advice *finding_advice(enum finding_id id, size_t index)
{
    for (size_t i = 0; i < sizeof finding_advised / sizeof finding_advised[0]; i++)
        if (finding_advised[i].id == id && index-- == 0)
            return &finding_advised[i].advice;
    return NULL;
}

/* Who advice is for, and a word by which such a server shows itself. */
static const struct finding_advice finding_signs[] = {
    {"nginx", "nginx"},       {"nginx", "openresty"},   {"Apache", "apache"},
    {"Caddy", "caddy"},       {"Express", "express"},   {"Rails", "phusion passenger"},
    {"Django", "gunicorn"},   {"Django", "wsgi"},       {"S3/CDN", "amazons3"},
    {"S3/CDN", "cloudfront"}, {"S3/CDN", "cloudflare"}, {"stet", "stet"},
};

bool finding_advice_fits(const struct finding_advice *advice, const char *server)
{
    for (size_t i = 0; server && i < sizeof finding_signs / sizeof finding_signs[0]; i++)
        if (strcmp(finding_signs[i].where, advice->where) == 0 &&
            strcasestr(server, finding_signs[i].text))
            return true;
    return false;
}

static char *finding_copy(const char *text)
{
    size_t size = text ? strlen(text) + 1 : 1;
    char *copy = memory_new(size);

    if (copy)
        memcpy(copy, text ? text : "", size);
    return copy;
}

static void finding_fini(struct finding *finding)
{
    memory_free(finding->url);
    memory_free(finding->detail);
    memory_free(finding->evidence);
}

bool findings_add(struct findings *findings, enum finding_id id, const char *url,
                  const char *detail, const char *evidence)
{
    struct finding finding = {id, finding_copy(url), finding_copy(detail), finding_copy(evidence)};

    if (findings->count == findings->room) {
        size_t room = findings->room ? 2 * findings->room : 16;
        struct finding *at = memory_grow(findings->at, room * sizeof *at);
        if (at) {
            findings->at = at;
            findings->room = room;
        }
    }
    if (findings->count == findings->room || !finding.url || !finding.detail || !finding.evidence) {
        finding_fini(&finding);
        return false;
    }
    findings->at[findings->count++] = finding;
    return true;
}

void findings_drop(struct findings *findings, enum finding_id id, const char *url)
{
    size_t kept = 0;

    for (size_t i = 0; i < findings->count; i++) {
        if (findings->at[i].id == id && strcmp(findings->at[i].url, url) == 0)
            finding_fini(&findings->at[i]);
        else
            findings->at[kept++] = findings->at[i];
    }
    findings->count = kept;
}

void findings_cut(struct findings *findings, size_t count)
{
    while (findings->count > count)
        finding_fini(&findings->at[--findings->count]);
}

void findings_fini(struct findings *findings)
{
    findings_cut(findings, 0);
    memory_free(findings->at);
    *findings = (struct findings){0};
}

enum finding_level findings_worst(const struct findings *findings)
{
    enum finding_level worst = FINDING_GOOD;

    for (size_t i = 0; i < findings->count; i++)
        if (finding_kind(findings->at[i].id)->level > worst)
            worst = finding_kind(findings->at[i].id)->level;
    return worst;
}
