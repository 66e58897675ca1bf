/* Cache lines: each is written whole or not at all.
 *
 * They are written for every hit, so numbers are put by hand and members by the library; nothing
 * goes through a format. Those of a hit are kept for a while: within a second many are alike.
 */
#include "serve/cachelines.h"

#include "stet/proxystatus.h"

#include <string.h>

/* What there has to be room for behind the name of a line: an age, and the end. */
#define LINE_REST 16

/* Begins a line, at `*begun`. False if there is no room for more than its name. */
static bool line_begin(struct cachelines *lines, struct stet_span name, size_t *begun)
{
    *begun = lines->used;
    if (CACHELINES_ROOM - lines->used < name.len + LINE_REST)
        return false;
    memcpy(lines->text + lines->used, name.at, name.len);
    lines->used += name.len;
    return true;
}

static char *line_at(struct cachelines *lines)
{
    return lines->text + lines->used;
}

/* Octets that the value may take: the end of the line is kept free. */
static size_t line_room(const struct cachelines *lines)
{
    return CACHELINES_ROOM - 2 - lines->used;
}

/* Ends it behind a value of `size` octets; takes it back when there is none. */
static void line_end(struct cachelines *lines, size_t begun, size_t size)
{
    if (size == 0) {
        lines->used = begun;
        return;
    }
    lines->used += size;
    memcpy(line_at(lines), "\r\n", 2);
    lines->used += 2;
}

void cachelines_age(struct cachelines *lines, uint32_t age)
{
    char digits[10];
    size_t at = sizeof digits, begun;

    do {
        digits[--at] = (char)('0' + age % 10);
        age /= 10;
    } while (age);
    if (!line_begin(lines, STET_SPAN("Age: "), &begun))
        return;
    memcpy(line_at(lines), digits + at, sizeof digits - at);
    line_end(lines, begun, sizeof digits - at);
}

struct stet_cachestatus cachelines_status_of(const struct cache_rules *rules,
                                             const struct cache_facts *facts, int status)
{
    struct stet_cachestatus said = {
        .cache = rules->name,
        .hit = facts->hit,
        .forward = facts->hit ? STET_FORWARD_NONE : facts->forward,
        .forward_status = facts->forward_status == status ? 0 : facts->forward_status,
        .stored = facts->stored,
        .collapsed = facts->collapsed,
        .has_ttl = facts->has_ttl,
        .ttl = facts->ttl,
        .detail = facts->reason,
    };
    /* (D-44) Why it went forward, `fwd` says already; why the next one will as well, it does not.
     */
    if (!facts->hit && !facts->stored && facts->storing != STET_REASON_NONE)
        said.detail = facts->storing;
    return said;
}

void cachelines_status(struct cachelines *lines, const struct stet_cachestatus *status)
{
    size_t begun, size;
    if (!line_begin(lines, STET_SPAN("Cache-Status: "), &begun))
        return;
    size = stet_cachestatus_write(status, line_at(lines), line_room(lines));
    if (size == 0 && status->key.len) { /* it is the key that is too long */
        struct stet_cachestatus said = *status;
        said.key = STET_SPAN_NONE;
        size = stet_cachestatus_write(&said, line_at(lines), line_room(lines));
    }
    line_end(lines, begun, size);
}

/* The ALPN identifier [RFC 9209 §2.1.3]; empty: nothing was spoken. */
static struct stet_span line_protocol(unsigned version)
{
    if (version == 0)
        return STET_SPAN_NONE;
    if (version == 20)
        return STET_SPAN("h2");
    return version == 10 ? STET_SPAN("http/1.0") : STET_SPAN("http/1.1");
}

/* [RFC 9209 §2.3.15] */
static struct stet_span line_alert(unsigned alert)
{
    switch (alert) {
#define ALERT(number, name) \
    case number:            \
        return STET_SPAN(name);
#include "serve/alert.tbl"
#undef ALERT
    default:
        return STET_SPAN_NONE;
    }
}

void cachelines_error(struct cachelines *lines, const struct cache_rules *rules,
                      const struct cache_facts *facts)
{
    const struct stet_proxystatus status = {
        .proxy = rules->name,
        .error = facts->error,
        .next_hop = facts->next_hop,
        .next_protocol = line_protocol(facts->spoken),
        .received_status = facts->forward_status,
        .has_number = facts->error == STET_PROXY_ERROR_TLS_ALERT_RECEIVED,
        .number = facts->alert,
        .text = line_alert(facts->alert),
    };
    size_t begun;
    if (facts->error == STET_PROXY_ERROR_NONE ||
        !line_begin(lines, STET_SPAN("Proxy-Status: "), &begun))
        return;
    line_end(lines, begun, stet_proxystatus_write(&status, line_at(lines), line_room(lines)));
}

void cachelines_via(struct cachelines *lines, struct stet_span name,
                    const struct cache_facts *facts)
{
    struct stet_span begin = STET_SPAN("Via: 1.1 ");
    size_t begun;

    if (facts->received == 20 || facts->received == 10)
        begin = facts->received == 20 ? STET_SPAN("Via: 2.0 ") : STET_SPAN("Via: 1.0 ");
    if (!line_begin(lines, begin, &begun))
        return;
    const bool fits = name.len <= line_room(lines);
    if (fits)
        memcpy(line_at(lines), name.at, name.len);
    line_end(lines, begun, fits ? name.len : 0);
}

/* ---- hits ---- */

static bool hit_is(const struct cachelines_hit *hit, const struct stet_span name,
                   const struct cache_facts *facts)
{
    return hit->ttl == facts->ttl && hit->age == facts->age && hit->reason == facts->reason &&
           hit->size > 0 && stet_span_equal(stet_span(hit->name, hit->name_size), name);
}

static void hit_keep(struct cachelines_hit *hit, const struct stet_span name,
                     const struct cache_facts *facts, struct stet_span text)
{
    if (name.len == 0 || name.len > sizeof hit->name || text.len > sizeof hit->text)
        return;
    hit->ttl = facts->ttl;
    hit->age = facts->age;
    hit->reason = facts->reason;
    hit->name_size = (uint8_t)name.len;
    hit->size = (uint8_t)text.len;
    memcpy(hit->name, name.at, name.len);
    memcpy(hit->text, text.at, text.len);
}

struct stet_span cachelines_of_hit(struct cachelines_hits *hits, const struct cache_rules *rules,
                                   const struct cache_facts *facts, struct cachelines *lines)
{
    struct cachelines_hit *hit = &hits->at[(uint64_t)facts->ttl % CACHELINES_HITS];

    if (hit_is(hit, rules->name, facts))
        return stet_span(hit->text, hit->size);
    const struct stet_cachestatus status = cachelines_status_of(rules, facts, 0);
    cachelines_age(lines, facts->age);
    cachelines_status(lines, &status);
    hit_keep(hit, rules->name, facts, cachelines_block(lines));
    return cachelines_block(lines);
}
