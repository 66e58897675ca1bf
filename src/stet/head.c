/* Heads asked for their fields, and methods for their properties.
 *
 * Finding a field is a test of one bit, which answers most questions, and then a scan over the ids.
 * Heads have some twenty lines; an index by id would cost more to keep than the scan does.
 */
#include "stet/head.h"
#include "stet/list.h"

struct method {
    struct stet_span name;
    bool safe;
    bool idempotent;
};

static const struct method methods[STET_METHOD_COUNT] = {
    {{NULL, 0}, false, false},
#define METHOD(name, safe, idempotent) {{#name, sizeof(#name) - 1}, safe, idempotent},
#include "stet/method.tbl"
#undef METHOD
};

static const struct method *method_at(enum stet_method method)
{
    return &methods[(unsigned)method < STET_METHOD_COUNT ? method : STET_METHOD_UNKNOWN];
}

enum stet_method stet_method_of(struct stet_span name)
{
#define METHOD(word, safe, idempotent)                                               \
    if (name.len == sizeof(#word) - 1 && !memcmp(name.at, #word, sizeof(#word) - 1)) \
        return STET_METHOD_##word;
#include "stet/method.tbl"
#undef METHOD
    return STET_METHOD_UNKNOWN;
}

struct stet_span stet_method_name(enum stet_method method)
{
    return method_at(method)->name;
}

bool stet_method_is_safe(enum stet_method method)
{
    return method_at(method)->safe;
}

bool stet_method_is_idempotent(enum stet_method method)
{
    return method_at(method)->idempotent;
}

static const struct stet_field *field_between(const struct stet_field *at,
                                              const struct stet_field *end, enum stet_field_id id)
{
    for (; at < end; at++)
        if (at->id == id)
            return at;
    return NULL;
}

static const struct stet_field *named_between(const struct stet_field *at,
                                              const struct stet_field *end, struct stet_span name)
{
    for (; at < end; at++)
        if (stet_span_equal_nocase(at->name, name))
            return at;
    return NULL;
}

const struct stet_field *stet_head_first(const struct stet_head *head, enum stet_field_id id)
{
    if (!stet_head_has(head, id))
        return NULL;
    return field_between(head->fields, head->fields + head->count, id);
}

const struct stet_field *stet_head_next(const struct stet_head *head,
                                        const struct stet_field *after)
{
    const struct stet_field *end = head->fields + head->count;
    if (after->id == STET_FIELD_UNKNOWN)
        return named_between(after + 1, end, after->name);
    return field_between(after + 1, end, after->id);
}

size_t stet_head_lines(const struct stet_head *head, enum stet_field_id id)
{
    size_t lines = 0;
    const struct stet_field *field = stet_head_first(head, id);
    for (; field; field = stet_head_next(head, field))
        lines++;
    return lines;
}

const struct stet_field *stet_head_named(const struct stet_head *head, struct stet_span name)
{
    enum stet_field_id id = stet_field_id(name);
    if (id != STET_FIELD_UNKNOWN)
        return stet_head_first(head, id);
    if (head->count == 0)
        return NULL;
    return named_between(head->fields, head->fields + head->count, name);
}

struct stet_span stet_head_single(const struct stet_head *head, enum stet_field_id id)
{
    const struct stet_field *field = stet_head_first(head, id);
    if (!field || stet_head_next(head, field))
        return STET_SPAN_NONE;
    return field->value;
}

static void head_note(struct stet_head *head, enum stet_field_id id)
{
    if (id != STET_FIELD_UNKNOWN)
        head->seen[(unsigned)id >> 6] |= UINT64_C(1) << ((unsigned)id & 63);
}

void stet_head_add(struct stet_head *head, struct stet_field *storage, struct stet_span name,
                   struct stet_span value)
{
    enum stet_field_id id = stet_field_id(name);
    storage[head->count++] = (struct stet_field){name, stet_span_trim(value), id};
    head->fields = storage;
    head_note(head, id);
}

void stet_head_index(struct stet_head *head)
{
    head->seen[0] = head->seen[1] = 0;
    for (size_t i = 0; i < head->count; i++)
        head_note(head, head->fields[i].id);
}

bool stet_head_connection_names(const struct stet_head *head, struct stet_span name)
{
    return stet_list_has(stet_list_of(head, STET_FIELD_CONNECTION), name);
}
