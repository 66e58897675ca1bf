/* The stages that hold a 304 against the content: what an earlier run has noted, and rounds over
 * time.
 *
 * A 304 that looks false is asked for again before it is believed to be: first the content, several
 * times in a row, and then the condition as often, each on a connection of its own. In a row, for a
 * balancer that hands requests out in turn would answer two questions asked by turns always by the
 * same two servers.
 */
#include "audit/audit_parts.h"

#include "base/memory.h"
#include "base/text.h"

enum { TRUTH_AGAIN = 4 }; /* questions of each kind */

/* The condition, for memory_free; NULL when memory is out. The validator is whole, however long. */
static char *truth_lines(const struct truth *held)
{
    const struct stet_span value = held->by_tag ? held->etag : held->modified;
    struct text text = {0};

    text_say(&text, "%s: ", held->by_tag ? "If-None-Match" : "If-Modified-Since");
    text_put(&text, value.at, value.len);
    text_put(&text, "", 1);
    if (text.failed)
        text_fini(&text);
    return text.at;
}

/* Asks the same again. False: it is not certain any more, or could not be asked. */
static bool confirm(struct audit *audit, const struct truth *held, const struct question *question)
{
    struct question again = *question;
    bool certain = true;

    again.fresh = true;
    for (unsigned i = 0; certain && i < TRUTH_AGAIN; i++) {
        struct probe answer;
        certain = audit_ask(audit, &again, &answer);
        if (certain)
            certain = check_truth_again(&audit->check, held, &answer, question->lines != NULL);
        else
            check_truth_drop(&audit->check, held);
        probe_fini(&answer);
    }
    return certain;
}

/* Asks for what is there now, and then whether `held` is still so: in this order a change between
 * the two is never taken for a lie. */
static void ask_truth(struct audit *audit, const struct truth *held, enum stet_coding coding)
{
    char *lines = truth_lines(held);
    const struct question condition = {.coding = coding, .lines = lines, .whole = true};
    const struct question plain = {.coding = coding, .whole = true};
    struct probe conditional = {0}, whole = {0};

    if (!lines)
        audit->check.failed = audit->over = true;
    if (audit_ask(audit, &plain, &whole) && audit_ask(audit, &condition, &conditional) &&
        check_truth(&audit->check, held, &conditional, &whole) && confirm(audit, held, &plain))
        confirm(audit, held, &condition);
    probe_fini(&conditional);
    probe_fini(&whole);
    memory_free(lines);
}

static void ask_snapshot(struct audit *audit, const struct snapshot *snapshot)
{
    const enum stet_coding coding = stet_coding_of(stet_span_of(snapshot->coding));
    struct truth held = {snapshot->digest,
                         snapshot->length,
                         stet_span_of(snapshot->etag),
                         stet_span_of(snapshot->modified),
                         true,
                         STET_SPAN_NONE};

    if (coding == STET_CODING_COUNT)
        return;
    if (coding != STET_CODING_IDENTITY)
        held.coding = stet_span_of(snapshot->coding);
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
    struct truth held = {base->digest,
                         base->length,
                         check_value(base, STET_FIELD_ETAG),
                         check_value(base, STET_FIELD_LAST_MODIFIED),
                         true,
                         check_value(base, STET_FIELD_CONTENT_ENCODING)};

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
