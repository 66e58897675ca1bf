/* Exchanges for tests of the audit's judgement, made of text:
 *
 *     304                      the status, perhaps a method behind it
 *     > If-None-Match: "a"     a field that was sent
 *     ETag: "a"                a field that came
 */
#ifndef TEST_UNIT_AUDIT_FIXTURE_H
#define TEST_UNIT_AUDIT_FIXTURE_H

#include "audit/check.h"
#include "base/memory.h"

#include "table.h"

#include <nettle/sha2.h>
#include <stdlib.h>

/* "Tue, 14 Nov 2023 22:13:20 GMT", when all answers came. */
#define FIXTURE_NOW 1700000000

static inline void fixture_copy(char **to, const char *text)
{
    *to = memory_new(strlen(text) + 1);
    assert_non_null(*to);
    memcpy(*to, text, strlen(text) + 1);
}

static inline void fixture_content(struct probe *probe, const char *content)
{
    struct sha256_ctx sha;
    const size_t len = strlen(content);

    sha256_init(&sha);
    sha256_update(&sha, len, (const uint8_t *)content);
    sha256_digest(&sha, PROBE_DIGEST, probe->digest);
    fixture_copy(&probe->content, content);
    probe->length = probe->content_kept = len;
}

/* For probe_fini. */
static inline struct probe fixture_probe(const char *url, const char *text, const char *content)
{
    struct probe probe = {.method = "GET", .status = atoi(text)};

    if (strncmp(text + strcspn(text, " \n"), " HEAD", 5) == 0)
        probe.method = "HEAD";
    probe.outcome.delimited = true;
    probe.outcome.version = 11;
    probe.outcome.words = probe.outcome.address = "";
    probe.outcome.responded_ns = (int64_t)FIXTURE_NOW * 1000000000;
    fixture_copy(&probe.url, url);
    text += strcspn(text, "\n");
    while (*text) {
        const char *line = ++text;
        text += strcspn(text, "\n");
        const bool sent = *line == '>';
        line += sent ? 2 : 0;
        assert_true(message_add_line(sent ? &probe.request : &probe.response,
                                     stet_span(line, (size_t)(text - line))));
    }
    fixture_content(&probe, content);
    return probe;
}

/* The stable ids that were found, in order, with spaces between; static memory. */
static inline const char *fixture_ids(const struct findings *findings)
{
    static char ids[1024];
    size_t used = 0;

    ids[0] = '\0';
    for (size_t i = 0; i < findings->count; i++)
        used += (size_t)snprintf(ids + used, sizeof ids - used, "%s%s", used ? " " : "",
                                 finding_kind(findings->at[i].id)->id);
    return ids;
}

/* What one answer, or two, lead to. */
typedef void fixture_judgement(struct check *check, const struct probe *a, const struct probe *b);

struct fixture_row {
    const char *id;
    const char *name;
    fixture_judgement *judge;
    const char *first, *first_content;
    const char *second, *second_content;
    const char *wanted; /* ids, with spaces between */
    const char *url;    /* NULL: one without a version in its name */
};

static inline void fixture_judge(const struct fixture_row *row)
{
    const char *url = row->url ? row->url : "http://h/plain";
    struct findings findings = {0};
    struct check check = {.findings = &findings, .url = url};
    struct probe first = fixture_probe(url, row->first, row->first_content);
    struct probe second = fixture_probe(url, row->second ? row->second : "0", row->second_content);

    row->judge(&check, &first, &second);
    if (strcmp(fixture_ids(&findings), row->wanted) != 0)
        fail_msg("%s (%s): found \"%s\", wanted \"%s\"", row->id, row->name, fixture_ids(&findings),
                 row->wanted);
    check_row(row, !check.failed);
    probe_fini(&first);
    probe_fini(&second);
    findings_fini(&findings);
}

#endif
