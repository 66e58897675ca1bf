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

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AUDIT_REDIRECTS = 20 }; /* as many as browsers follow */

/* ---- the first answer ---- */

/* The way of redirects: where it has been. */
struct way {
    char *seen[AUDIT_REDIRECTS + 1];
    unsigned hops;
};

static bool was_seen(const struct way *way, const char *url)
{
    for (unsigned i = 0; i < way->hops; i++)
        if (strcmp(way->seen[i], url) == 0)
            return true;
    return false;
}

/* Another origin is not told the credentials of the first [RFC 9110 §15.4]. */
static void leave_behind(struct audit *audit, const struct redirect *redirect)
{
    size_t kept = 0;

    for (size_t i = 0; audit->fields && audit->fields[i]; i++) {
        const struct stet_span line = stet_span_of(audit->fields[i]);
        if (!redirect_drops(redirect, stet_span(line.at, stet_span_find(line, ':'))))
            audit->fields[kept++] = audit->fields[i];
    }
    if (audit->fields)
        audit->fields[kept] = NULL;
}

/* Takes the URL. False: it has been there, or is on its way for too long. */
static bool go_on(struct audit *audit, struct way *way, const struct redirect *redirect)
{
    way->seen[way->hops++] = audit->facts->final_url;
    audit->facts->final_url = redirect->url;
    leave_behind(audit, redirect);
    if (!was_seen(way, redirect->url) && way->hops <= AUDIT_REDIRECTS)
        return true;
    check_say(&audit->check, FINDING_REDIRECT_LOOP, (struct exchanges){&audit->base, NULL}, "%s %s",
              was_seen(way, redirect->url) ? "back to" : "on to", redirect->url);
    return false;
}

/* Follows one redirect: the final URL is another one then. False at the end of the way. */
static bool follow(struct audit *audit, struct way *way)
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
    check_redirect(&audit->check, base, way->hops + 1);
    if (secure && strncmp(redirect.url, "https:", 6) != 0)
        check_say(&audit->check, FINDING_REDIRECT_INSECURE, proof, "to %s", redirect.url);
    return go_on(audit, way, &redirect);
}

static void check_all(struct check *check, const struct probe *probe)
{
    check_validators(check, probe);
    check_dates(check, probe);
    check_vary(check, probe);
    check_cache_status(check, probe);
    check_control(check, probe);
    check_cookies(check, probe);
    check_connection(check, probe);
    check_coding(check, probe, probe, STET_CODING_IDENTITY);
}

void audit_first(struct audit *audit)
{
    struct way way = {.hops = 0};
    bool asked;

    do {
        probe_fini(&audit->base);
        asked = audit_ask(audit, &(struct question){0}, &audit->base);
    } while (asked && follow(audit, &way));
    while (way.hops)
        memory_free(way.seen[--way.hops]);
    if (!asked)
        return;
    audit->over = true;
    if (audit->base.status >= 300 && audit->base.status <= 399)
        return; /* it was said why that is the end */
    if (!check_answer(&audit->check, &audit->base) && !audit->base.cut)
        return;
    check_all(&audit->check, &audit->base);
    audit->known = condition_has(&audit->base);
    if (!audit->base.cut && audit->base.length <= CHECK_LARGE)
        audit->known |= CONDITION_WHOLE;
    audit->over = audit->base.status != 200 || audit->base.slow;
}

/* ---- once more ---- */

/* A tag that came with the second answer only, or came weak with the first: a server that makes it
 * in the background was not ready. From now on the second answer is what all is held against. */
static void take_later(struct audit *audit, struct probe *again)
{
    struct check *check = &audit->check;
    const struct stet_etag was = stet_etag_of(&audit->base.response.head);
    const struct stet_etag is = stet_etag_of(&again->response.head);
    const struct probe first = audit->base;

    if (!stet_etag_present(is) || (stet_etag_present(was) && !(was.weak && !is.weak)))
        return;
    findings_drop(check->findings, FINDING_VALIDATORS_MISSING, check->url);
    findings_drop(check->findings, FINDING_TAG_MISSING, check->url);
    findings_drop(check->findings, FINDING_TAG_WEAK, check->url);
    if (strcmp(again->method, "GET") != 0)
        return;
    audit->base = *again;
    *again = first;
    audit->known = (audit->known & CONDITION_WHOLE) | condition_has(&audit->base);
}

/* What is large is not fetched again; but whether its tag comes later HEAD can tell. */
static void ask_later(struct audit *audit)
{
    struct probe head;

    if (audit->base.cut || (audit->known & CONDITION_STRONG))
        return;
    if (audit_ask(audit, &(struct question){.method = "HEAD"}, &head) &&
        head.status == audit->base.status) {
        check_tag_comes(&audit->check, &audit->base, &head);
        take_later(audit, &head);
    }
    probe_fini(&head);
}

void audit_same(struct audit *audit)
{
    struct probe again;

    audit->stable = !audit->base.cut;
    if (!(audit->known & CONDITION_WHOLE)) {
        ask_later(audit);
        return;
    }
    if (audit_ask(audit, &(struct question){0}, &again)) {
        check_again(&audit->check, &audit->base, &again);
        audit->stable = probe_same_content(&audit->base, &again);
        if (audit->stable)
            take_later(audit, &again);
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
        const bool right = check_condition(&audit->check, condition, &audit->base, &answer);
        if (id == CONDITION_OWN_TAG_ROW || id == CONDITION_OWN_DATE_ROW)
            learn(audit, id, &answer);
        if (right && id == CONDITION_MATCH_OTHER_ROW)
            audit->known |= CONDITION_MATCH_WORKS;
        if (right && id == CONDITION_IF_RANGE_OTHER_ROW)
            audit->known |= CONDITION_IF_RANGE_WORKS;
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

/* ---- addresses ---- */

/* This machine knows a way there: asking the kernel for one sends nothing. */
static bool has_way(const char *address)
{
    const struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                     .ai_socktype = SOCK_DGRAM};
    struct addrinfo *found = NULL;
    bool way = true;

    if (getaddrinfo(address, "80", &numeric, &found) != 0)
        return true;
    const int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
    if (fd < 0)
        way = errno != EAFNOSUPPORT;
    else if (connect(fd, found->ai_addr, found->ai_addrlen) < 0)
        way = errno != ENETUNREACH && errno != EHOSTUNREACH && errno != EADDRNOTAVAIL &&
              errno != EINVAL; /* of one link, without its name */
    if (fd >= 0)
        close(fd);
    freeaddrinfo(found);
    return way;
}

static void ask_address(struct audit *audit, const char *address)
{
    struct probe other;

    if (!has_way(address)) {
        check_say(&audit->check, FINDING_ADDRESS_UNASKED, (struct exchanges){&audit->base, NULL},
                  "%s", address);
        return;
    }
    if (audit_ask(audit, &(struct question){.address = address, .whole = true}, &other))
        check_address(&audit->check, &audit->base, &other);
    probe_fini(&other);
}

void audit_addresses(struct audit *audit)
{
    size_t count = 0;
    char **addresses =
        audit->setup->all_addresses
            ? transfers_addresses(audit->setup->transfers, audit->facts->final_url, &count)
            : NULL;

    for (size_t i = 0; i < count && addresses && !audit->over; i++)
        if (strcmp(addresses[i], audit->base.address) != 0)
            ask_address(audit, addresses[i]);
    if (addresses)
        transfers_addresses_free(addresses, count);
}
