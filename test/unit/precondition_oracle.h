/* A slow second opinion on preconditions, read straight off the six steps of [RFC 9110 §13.2.2].
 *
 * It works the other way round than precondition.c: every condition is first told true or false on
 * its own, by comparing text with text, and then a little machine walks the steps by their numbers.
 * The two share the reading of dates and nothing else.
 */
#ifndef PRECONDITION_ORACLE_H
#define PRECONDITION_ORACLE_H

#include "stet/date.h"
#include "stet/head.h"

#include <string.h>

/* A condition on its own. ORACLE_MIXED is a "*" that has company (D-07). */
enum oracle_truth { ORACLE_ABSENT, ORACLE_HOLDS, ORACLE_FAILS, ORACLE_MIXED };

struct oracle_truths {
    enum oracle_truth if_match;
    enum oracle_truth if_unmodified_since;
    enum oracle_truth if_none_match;
    enum oracle_truth if_modified_since;
    enum oracle_truth if_range;
    bool range; /* there is a Range field */
};

struct oracle_resource {
    bool exists;
    const char *tag; /* the text of a valid ETag, NULL if there is none */
    bool dated;
    bool date_strong;
    int64_t date;
};

/* `status` is 304, 412, 400, or 0 for "perform the method". */
struct oracle_verdict {
    int status;
    bool range;
};

static inline bool oracle_weak(struct stet_span tag)
{
    return tag.len >= 2 && tag.at[0] == 'W' && tag.at[1] == '/';
}

static inline struct stet_span oracle_strip(struct stet_span tag)
{
    return oracle_weak(tag) ? stet_span_from(tag, 2) : tag;
}

/* One member of a tag list is the resource's tag, by the comparison asked for. */
static inline bool oracle_same_tag(struct stet_span member, const char *tag, bool strongly)
{
    struct stet_span own = stet_span_of(tag);

    if (!tag || (strongly && (oracle_weak(member) || oracle_weak(own))))
        return false;
    return stet_span_equal(oracle_strip(member), oracle_strip(own));
}

/* Cuts the first member off a line: what stands before a comma that no quotes enclose. */
static inline struct stet_span oracle_cut(struct stet_span *line)
{
    size_t quotes = 0, at = 0;

    while (at < line->len && (line->at[at] != ',' || quotes % 2 == 1))
        quotes += line->at[at++] == '"';
    struct stet_span member = stet_span(line->at, at);
    *line = stet_span_from(*line, at + 1);
    return stet_span_trim(member);
}

struct oracle_tags {
    size_t lines, members, stars, matches;
};

static inline struct oracle_tags oracle_tags_of(const struct stet_field *fields, size_t count,
                                                enum stet_field_id id, const char *tag,
                                                bool strongly)
{
    struct oracle_tags tags = {0, 0, 0, 0};

    for (size_t i = 0; i < count; i++) {
        struct stet_span line = fields[i].value;
        if (fields[i].id != id)
            continue;
        tags.lines++;
        while (line.len > 0) {
            struct stet_span member = oracle_cut(&line);
            tags.members += member.len > 0;
            tags.stars += member.len == 1 && member.at[0] == '*';
            tags.matches += oracle_same_tag(member, tag, strongly);
        }
    }
    return tags;
}

/* If-Match, or the opposite of If-None-Match. */
static inline enum oracle_truth oracle_any_match(struct oracle_tags tags, bool exists)
{
    if (tags.lines == 0)
        return ORACLE_ABSENT;
    if (tags.stars > 0 && tags.members > 1)
        return ORACLE_MIXED;
    return exists && (tags.stars > 0 || tags.matches > 0) ? ORACLE_HOLDS : ORACLE_FAILS;
}

static inline enum oracle_truth oracle_not(enum oracle_truth truth)
{
    return truth == ORACLE_HOLDS ? ORACLE_FAILS : truth == ORACLE_FAILS ? ORACLE_HOLDS : truth;
}

/* How many lines a field has; `*value` becomes the last of them. */
static inline size_t oracle_lines(const struct stet_field *fields, size_t count,
                                  enum stet_field_id id, struct stet_span *value)
{
    size_t lines = 0;

    for (size_t i = 0; i < count; i++) {
        if (fields[i].id == id) {
            *value = fields[i].value;
            lines++;
        }
    }
    return lines;
}

/* "Not modified since the date of this field". */
static inline enum oracle_truth oracle_unmodified(const struct stet_field *fields, size_t count,
                                                  enum stet_field_id id,
                                                  const struct oracle_resource *resource)
{
    struct stet_span value = STET_SPAN_NONE;
    int64_t since = 0;

    if (oracle_lines(fields, count, id, &value) != 1)
        return ORACLE_ABSENT;
    if (!resource->exists || !resource->dated || !stet_date_read(value, 0, &since))
        return ORACLE_ABSENT;
    return resource->date <= since ? ORACLE_HOLDS : ORACLE_FAILS;
}

static inline enum oracle_truth oracle_if_range(const struct stet_field *fields, size_t count,
                                                const struct oracle_resource *resource)
{
    struct stet_span value = STET_SPAN_NONE;
    size_t lines = oracle_lines(fields, count, STET_FIELD_IF_RANGE, &value);
    bool holds = false;
    int64_t date = 0;

    if (lines == 0)
        return ORACLE_ABSENT;
    if (memchr(value.len ? value.at : "", '"', value.len < 3 ? value.len : 3))
        holds = oracle_same_tag(value, resource->tag, true);
    else if (resource->dated && resource->date_strong && stet_date_read(value, 0, &date))
        holds = date == resource->date;
    return holds && lines == 1 && resource->exists ? ORACLE_HOLDS : ORACLE_FAILS;
}

static inline struct oracle_truths oracle_truths_of(const struct stet_field *fields, size_t count,
                                                    const struct oracle_resource *resource)
{
    struct oracle_tags strong =
        oracle_tags_of(fields, count, STET_FIELD_IF_MATCH, resource->tag, true);
    struct oracle_tags weak =
        oracle_tags_of(fields, count, STET_FIELD_IF_NONE_MATCH, resource->tag, false);
    struct stet_span range = STET_SPAN_NONE;

    return (struct oracle_truths){
        .if_match = oracle_any_match(strong, resource->exists),
        .if_unmodified_since =
            oracle_unmodified(fields, count, STET_FIELD_IF_UNMODIFIED_SINCE, resource),
        .if_none_match = oracle_not(oracle_any_match(weak, resource->exists)),
        .if_modified_since =
            oracle_not(oracle_unmodified(fields, count, STET_FIELD_IF_MODIFIED_SINCE, resource)),
        .if_range = oracle_if_range(fields, count, resource),
        .range = oracle_lines(fields, count, STET_FIELD_RANGE, &range) > 0,
    };
}

/* Walks the steps. A cache begins at the third. */
static inline struct oracle_verdict oracle_walk(const char *method, bool cache,
                                                const struct oracle_truths *truths)
{
    bool get = !strcmp(method, "GET"), head = !strcmp(method, "HEAD");
    bool query = !strcmp(method, "QUERY"), reads = get || head || query;
    struct oracle_verdict verdict = {0, false};
    /* Where a step leads to when its condition is absent, holds, fails or is mixed; what is above
     * 6 is a status. */
    const int leads[5][4] = {
        {0, 0, 0, 0},
        {2, 3, 412, reads ? 3 : 400},
        {3, 3, 412, 0},
        {4, 5, reads ? 304 : 412, reads ? 5 : 400},
        {5, 5, get || head ? 304 : 5, 0},
    };
    const enum oracle_truth at[5] = {ORACLE_ABSENT, truths->if_match, truths->if_unmodified_since,
                                     truths->if_none_match, truths->if_modified_since};
    int step = cache ? 3 : 1;

    if (!strcmp(method, "CONNECT") || !strcmp(method, "OPTIONS") || !strcmp(method, "TRACE"))
        return verdict;
    while (step < 5)
        step = leads[step][at[step]];
    if (step > 6)
        verdict.status = step;
    else
        verdict.range = (get || query) && !(truths->range && truths->if_range == ORACLE_FAILS);
    return verdict;
}

#endif
