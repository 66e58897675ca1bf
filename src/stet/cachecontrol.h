/* Cache directives: Cache-Control, Pragma and targeted fields read into one struct
 * [RFC 9111 §5.2, RFC 9111 §5.4, RFC 9213 §2].
 *
 * In doubt the more restrictive reading holds, so that no flaw in a field ever makes a response
 * live longer or reach further than it says [RFC 9111 §4.2.1]:
 *
 *   - a lifetime that is missing, off the grammar or given twice with different values is 0 (D-31,
 *     D-32); a permission to serve stale then lasts 0 seconds;
 *   - quotes that never close swallow the rest of their line, and the field counts as no-store;
 *   - field names that cannot be read make no-cache and private mean the whole response (D-23).
 *
 * Directives compare without case, arguments may be tokens or quoted, unknown directives are
 * skipped with their quoted arguments [RFC 9111 §5.2, RFC 9111 §5.2.3].
 */
#ifndef STET_CACHECONTROL_H
#define STET_CACHECONTROL_H

#include "stet/list.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What delta-seconds above our range become [RFC 9111 §1.2.2]. */
#define STET_SECONDS_MAX UINT32_C(2147483648)

/* "This directive is absent". Greater than any number of seconds. */
#define STET_SECONDS_NONE UINT32_MAX

enum stet_directive {
#define DIRECTIVE(identifier, name, argument, doubt) STET_DIRECTIVE_##identifier,
#include "stet/directive.tbl"
#undef DIRECTIVE
    STET_DIRECTIVE_COUNT
};

/* How many directives have seconds: those before no-cache. */
#define STET_DIRECTIVES_TIMED STET_DIRECTIVE_NO_CACHE

/* The most quoted lists of field names that one field may have; past that the directive counts as
 * if it named none, which means the whole response. */
#define STET_DIRECTIVE_LISTS_MAX 4

/* One no-cache="..." or private="...": the inside of the quotes, escapes still in. */
struct stet_directive_list {
    enum stet_directive directive;
    struct stet_span names;
};

/* The directives of one message, from the one field that decides. Made by the functions below;
 * borrows the field names from the head. */
struct stet_cachecontrol {
    uint32_t present; /* bit 1 << directive; no-cache and private only where they name no fields */
    uint32_t flawed;  /* bits of directives whose argument was off the grammar or contradicted */
    uint32_t seconds[STET_DIRECTIVES_TIMED];
    struct stet_directive_list lists[STET_DIRECTIVE_LISTS_MAX];
    uint8_t list_count;
    bool unclosed;             /* quotes never closed; no-store is then set as well */
    enum stet_field_id source; /* the field that decided, Cache-Control, Pragma or a targeted one;
                                  STET_FIELD_UNKNOWN if the message has none */
};

/* The directives of a request: Cache-Control, or without it Pragma, of which only no-cache is
 * known (D-29) [RFC 9111 §5.4]. no-cache and private never name fields here. */
STET_API struct stet_cachecontrol stet_cachecontrol_of_request(const struct stet_head *head);

/* The directives of a response. The first of the `count` fields in `targets` that is there, parses
 * and is not empty decides; then Cache-Control and Expires count for nothing [RFC 9213 §2.2]. With
 * none of them it is Cache-Control. Pragma means nothing in a response [RFC 9111 §5.4]. */
STET_API struct stet_cachecontrol stet_cachecontrol_of_response(const struct stet_head *head,
                                                                const enum stet_field_id *targets,
                                                                size_t count);

/* The directives of one value, as of a response's only Cache-Control line. */
STET_API struct stet_cachecontrol stet_cachecontrol_in(struct stet_span value);

/* The directive is there (for no-cache and private: and applies to the whole response). */
static inline bool stet_cachecontrol_has(const struct stet_cachecontrol *directives,
                                         enum stet_directive directive)
{
    return (directives->present >> directive) & 1;
}

/* The seconds of a directive that has some, 0 to STET_SECONDS_MAX; STET_SECONDS_NONE if it is
 * absent. "max-stale" without a value gives STET_SECONDS_MAX [RFC 9111 §5.2.1.2]. */
static inline uint32_t stet_cachecontrol_seconds(const struct stet_cachecontrol *directives,
                                                 enum stet_directive directive)
{
    return stet_cachecontrol_has(directives, directive) ? directives->seconds[directive]
                                                        : STET_SECONDS_NONE;
}

/* no-cache="..." or private="..." names this field [RFC 9111 §5.2.2.4, RFC 9111 §5.2.2.7]. Whether
 * the directive also stands without names is for stet_cachecontrol_has. */
STET_API bool stet_cachecontrol_names(const struct stet_cachecontrol *directives,
                                      enum stet_directive directive, struct stet_span field);

/* Writes the directives as a Cache-Control value: lower case, seconds as tokens, field names quoted
 * [RFC 9111 §5.2, RFC 9111 §5.2.2.4], in the order of directive.tbl, ", " between. Flawed
 * directives come out as they were understood. Returns the octets that takes, 0 for no directives;
 * when that is more than `room`, what was written is cut short. */
STET_API size_t stet_cachecontrol_write(const struct stet_cachecontrol *directives, char *to,
                                        size_t room);

/* The name of a directive; empty for numbers out of range. */
STET_API struct stet_span stet_directive_name(enum stet_directive directive);

#ifdef __cplusplus
}
#endif

#endif
