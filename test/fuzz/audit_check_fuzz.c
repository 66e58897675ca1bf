/* The audit's judgement: whatever two servers' answers look like, every check comes to an end, and
 * what it says is in the catalogue, in printable words.
 *
 * The input is lines of one answer, an empty line, those of another, an empty line, and content.
 */
#include "audit/check.h"
#include "base/memory.h"

#include <nettle/sha2.h>

#include "fuzz.h"

static struct stet_span take_line(struct stet_span *text)
{
    const size_t len = stet_span_find(*text, '\n');
    const struct stet_span line = stet_span(text->at, len);

    *text = stet_span_from(*text, len + 1);
    return line;
}

/* The first line is the status; those that begin with ">" were sent. */
static void read_answer(struct probe *probe, struct stet_span *text)
{
    static char url[] = "http://h/a.0123abcd.js";
    struct stet_span line = take_line(text);
    uint64_t status = 200;

    *probe = (struct probe){.method = "GET"};
    stet_span_number(line, 599, &status);
    probe->status = (int)status;
    probe->outcome.delimited = true;
    probe->outcome.responded_ns = INT64_C(1700000000000000000);
    probe->url = memory_new(sizeof url);
    must(probe->url);
    memcpy(probe->url, url, sizeof url);
    while (text->len && (line = take_line(text)).len) {
        const bool sent = line.at[0] == '>';
        must(message_add_line(sent ? &probe->request : &probe->response,
                              stet_span_from(line, sent)));
    }
}

static void read_content(struct probe *probe, struct stet_span content)
{
    struct sha256_ctx sha;

    sha256_init(&sha);
    sha256_update(&sha, content.len, (const uint8_t *)content.at);
    sha256_digest(&sha, PROBE_DIGEST, probe->digest);
    probe->length = content.len;
    probe->content_kept = content.len < PROBE_KEPT ? content.len : PROBE_KEPT;
    probe->content = memory_new(probe->content_kept + 1);
    must(probe->content);
    if (content.len)
        memcpy(probe->content, content.at, probe->content_kept);
}

static void judge_one(struct check *check, const struct probe *probe)
{
    check_answer(check, probe);
    check_validators(check, probe);
    check_dates(check, probe);
    check_vary(check, probe);
    check_connection(check, probe);
    check_cache_status(check, probe);
    check_redirect(check, probe, 1);
    check_control(check, probe);
    check_cookies(check, probe);
    check_uncoded(check, probe);
    check_preflight(check, probe);
}

static void judge_two(struct check *check, const struct probe *a, const struct probe *b)
{
    const struct truth held = {a->digest,
                               a->length,
                               check_value(a, STET_FIELD_ETAG),
                               check_value(a, STET_FIELD_LAST_MODIFIED),
                               true,
                               STET_SPAN_NONE};

    check_again(check, a, b);
    check_address(check, a, b);
    check_not_modified(check, a, b);
    check_head(check, a, b);
    check_range(check, a, b);
    check_unsatisfiable(check, a, b);
    check_coding(check, a, b, STET_CODING_GZIP);
    check_coding_tag(check, a, a, b);
    check_coding_tag(check, a, b, b);
    check_negotiation(check, a, b, "Accept-Language");
    check_cookie(check, a, b);
    check_cors(check, a, b);
    check_cors_304(check, a, b);
    check_search(check, a, b);
    check_tag_comes(check, a, b);
    check_truth(check, &held, b, a);
    check_truth_again(check, &held, b, false);
    check_truth_again(check, &held, b, true);
}

static void judge_conditions(struct check *check, const struct probe *a, const struct probe *b)
{
    const unsigned has = condition_has(a) | ~(unsigned)(CONDITION_TAG | CONDITION_STRONG |
                                                        CONDITION_DATE | CONDITION_ORIGIN);

    for (unsigned i = 0; i < CONDITION_COUNT; i++) {
        const struct condition *condition = condition_row((enum condition_id)i);
        if ((condition->needs & has) != condition->needs)
            continue;
        char *lines = condition_lines(condition, a);
        must(lines && !strchr(lines, '%'));
        memory_free(lines);
        check_condition(check, condition, a, b);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stet_span text = {(const char *)data, size};
    struct findings findings = {0};
    struct check check = {.findings = &findings, .url = "http://h/"};
    struct probe a, b;

    read_answer(&a, &text);
    read_answer(&b, &text);
    read_content(&a, text);
    read_content(&b, stet_span(text.at, text.len / 2));
    judge_one(&check, &a);
    judge_two(&check, &a, &b);
    judge_conditions(&check, &a, &b);
    must(!check.failed);
    for (size_t i = 0; i < findings.count; i++) {
        must(findings.at[i].id < FINDING_COUNT);
        for (const char *at = findings.at[i].evidence; *at; at++)
            must(*at == '\n' || (*at >= 0x20 && *at < 0x7f));
    }
    probe_fini(&a);
    probe_fini(&b);
    findings_fini(&findings);
    return 0;
}
