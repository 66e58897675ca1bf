/* Heads: the control data and the header fields of a request or a response, as views.
 *
 * A head owns nothing. Whoever parsed it keeps the bytes and the array of fields alive; every
 * function of this library borrows both for the call only. Field order is the order of the wire,
 * and lines of one name stay apart [RFC 9110 §5.3].
 */
#ifndef STET_HEAD_H
#define STET_HEAD_H

#include "stet/field.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The fields of a message. `seen` has a bit for every known id that occurs in `fields`, so that
 * asking for an absent field costs one test; it must be true to the array (stet_head_add and
 * stet_head_index see to that). */
struct stet_head {
    const struct stet_field *fields;
    size_t count;
    uint64_t seen[2];
};

enum stet_method {
    STET_METHOD_UNKNOWN = 0, /* any other token: counts as unsafe [RFC 9110 §9.2.1] */
#define METHOD(name, safe, idempotent) STET_METHOD_##name,
#include "stet/method.tbl"
#undef METHOD
    STET_METHOD_COUNT
};

/* A request as a rule sees it. `target` is as received; `scheme`, `authority`, `path` and `query`
 * make up the target URI [RFC 9112 §3.3]; `path` starts with "/" or is "*"; `query` is without the
 * "?" and has a NULL `at` when there was no "?" (null and empty differ). */
struct stet_request {
    enum stet_method method;
    struct stet_span method_name;
    struct stet_span target;
    struct stet_span scheme;
    struct stet_span authority;
    struct stet_span path;
    struct stet_span query;
    struct stet_head head;
};

/* A response as a rule sees it. */
struct stet_response {
    int status; /* 100 to 599; codes outside count as 5xx [RFC 9110 §15] */
    struct stet_head head;
};

/* The number of a method name. Method names are case-sensitive [RFC 9110 §9.1]. */
STET_API enum stet_method stet_method_of(struct stet_span name);

/* The name of a method; empty for STET_METHOD_UNKNOWN. */
STET_API struct stet_span stet_method_name(enum stet_method method);

/* GET, HEAD, OPTIONS, TRACE and QUERY [RFC 9110 §9.2.1, RFC 10008 §2]. */
STET_API bool stet_method_is_safe(enum stet_method method);

/* Safe methods, PUT and DELETE [RFC 9110 §9.2.2]. */
STET_API bool stet_method_is_idempotent(enum stet_method method);

/* A line with this known id is in the head. */
static inline bool stet_head_has(const struct stet_head *head, enum stet_field_id id)
{
    return (head->seen[(unsigned)id >> 6] >> ((unsigned)id & 63)) & 1;
}

/* The first line with this id, or NULL. */
STET_API const struct stet_field *stet_head_first(const struct stet_head *head,
                                                  enum stet_field_id id);

/* The next line with the id of `after`, which must be a field of this head, or NULL. For a field of
 * unknown id the names are compared without case. */
STET_API const struct stet_field *stet_head_next(const struct stet_head *head,
                                                 const struct stet_field *after);

/* How many lines have this id. */
STET_API size_t stet_head_lines(const struct stet_head *head, enum stet_field_id id);

/* The first line whose name is `name` (without case), known or not, or NULL. */
STET_API const struct stet_field *stet_head_named(const struct stet_head *head,
                                                  struct stet_span name);

/* The value of the only line with this id; STET_SPAN_NONE when there is none, or when there is
 * more than one (a single-valued field that repeats says nothing). */
STET_API struct stet_span stet_head_single(const struct stet_head *head, enum stet_field_id id);

/* Appends a field. `storage` is the array that `head->fields` points to, with room for one more;
 * finds the id by the name, trims the value. */
STET_API void stet_head_add(struct stet_head *head, struct stet_field *storage,
                            struct stet_span name, struct stet_span value);

/* Fills `seen` from the ids in `fields`. */
STET_API void stet_head_index(struct stet_head *head);

/* A Connection line of this head lists `name` [RFC 9110 §7.6.1]. */
STET_API bool stet_head_connection_names(const struct stet_head *head, struct stet_span name);

#ifdef __cplusplus
}
#endif

#endif
