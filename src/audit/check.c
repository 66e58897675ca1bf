/* Checks: what all of them share.
 */
#include "audit/check.h"

#include "base/memory.h"
#include "base/text.h"
#include "stet/date.h"
#include "stet/sf.h"
#include "stet/status.h"

#include <stdarg.h>
#include <stdio.h>

enum { CHECK_DETAIL = 600, CHECK_SAME_MAX = 4 };

bool check_has(const struct check *check, enum finding_id id)
{
    for (size_t i = 0; i < check->findings->count; i++)
        if (check->findings->at[i].id == id && strcmp(check->findings->at[i].url, check->url) == 0)
            return true;
    return false;
}

/* It was said before, or often enough. */
static bool check_said(const struct check *check, enum finding_id id, const char *detail)
{
    size_t count = 0;

    for (size_t i = 0; i < check->findings->count; i++) {
        const struct finding *finding = &check->findings->at[i];
        if (finding->id != id || strcmp(finding->url, check->url) != 0)
            continue;
        if (strcmp(finding->detail, detail) == 0 || ++count == CHECK_SAME_MAX)
            return true;
    }
    return false;
}

static void check_prove(struct text *text, const struct probe *probe)
{
    char *evidence = probe ? probe_evidence(probe) : NULL;

    if (probe && !evidence)
        text->failed = true;
    if (evidence && text->len)
        text_put(text, "\n", 1);
    if (evidence)
        text_put(text, evidence, strlen(evidence));
    memory_free(evidence);
}

void check_say(struct check *check, enum finding_id id, struct exchanges evidence,
               const char *detail, ...)
{
    char words[CHECK_DETAIL];
    struct text text = {0};
    va_list arguments;

    va_start(arguments, detail);
    vsnprintf(words, sizeof words, detail, arguments);
    va_end(arguments);
    if (check_said(check, id, words))
        return;
    check_prove(&text, evidence.first);
    check_prove(&text, evidence.second);
    text_put(&text, "", 1);
    check->failed |= text.failed || !findings_add(check->findings, id, check->url, words, text.at);
    text_fini(&text);
}

struct stet_span check_value(const struct probe *probe, enum stet_field_id id)
{
    const struct stet_field *field = stet_head_first(&probe->response.head, id);

    return field ? field->value : STET_SPAN_NONE;
}

int64_t check_now(const struct probe *probe)
{
    return probe->outcome.responded_ns / 1000000000;
}

bool check_date(const struct probe *probe, enum stet_field_id id, int64_t *when)
{
    return stet_date_read(stet_head_single(&probe->response.head, id), check_now(probe), when);
}

bool check_private(const struct probe *probe)
{
    const struct stet_cachecontrol control =
        stet_cachecontrol_of_response(&probe->response.head, NULL, 0);

    return stet_cachecontrol_has(&control, STET_DIRECTIVE_PRIVATE) || check_no_store(probe);
}

bool check_no_store(const struct probe *probe)
{
    const struct stet_cachecontrol control =
        stet_cachecontrol_of_response(&probe->response.head, NULL, 0);

    return stet_cachecontrol_has(&control, STET_DIRECTIVE_NO_STORE) &&
           !(stet_cachecontrol_has(&control, STET_DIRECTIVE_MUST_UNDERSTAND) &&
             stet_status_is_understood(probe->status));
}

bool check_tags_move(const struct check *check)
{
    return check_has(check, FINDING_TAG_UNSTABLE) ||
           check_has(check, FINDING_TAG_UNSTABLE_CONNECTION);
}

bool check_from_cache(const struct probe *probe)
{
    const struct stet_head *head = &probe->response.head;
    struct stet_sf walk;
    struct stet_sf_member member, hit;

    if (stet_head_has(head, STET_FIELD_AGE) || stet_head_has(head, STET_FIELD_VIA) ||
        stet_head_named(head, STET_SPAN("X-Cache")))
        return true;
    if (stet_sf_of(&walk, head, STET_FIELD_CACHE_STATUS, STET_SF_LIST))
        while (stet_sf_next(&walk, &member))
            if (stet_sf_parameter(&member, STET_SPAN("hit"), &hit))
                return true;
    return false;
}
