/* No-Vary-Search: which parts of a query do not matter, and which queries are then the same.
 *
 * The field is that of draft-ietf-httpbis-no-vary-search; where its revisions differ, D-43 decides.
 * In doubt everything matters: a response is then reused less often, never wrongly.
 */
#ifndef STET_NOVARYSEARCH_H
#define STET_NOVARYSEARCH_H

#include "stet/sf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A list of more names, or of more octets, counts as off the grammar: it bounds the work of a
 * comparison. */
#define STET_NOVARYSEARCH_NAMES_MAX 128
#define STET_NOVARYSEARCH_TEXT_MAX 4096

enum stet_novarysearch_rule {
    STET_NOVARYSEARCH_EXACT,   /* queries are compared octet by octet; null and empty differ */
    STET_NOVARYSEARCH_ALL_BUT, /* all parameters matter but the named; perhaps none is named */
    STET_NOVARYSEARCH_ONLY     /* only the named parameters matter; perhaps none does */
};

/* What a No-Vary-Search field says. Borrows the bytes of the field. */
struct stet_novarysearch {
    enum stet_novarysearch_rule rule;
    bool order_free;      /* the order of parameters with different names does not matter */
    struct stet_sf names; /* the named parameters, Strings in form-urlencoded text */
};

/* Reads the field of a response. STET_NOVARYSEARCH_EXACT if it is absent, off the grammar or says
 * nothing [No-Vary-Search §5.1]. `key-order` alone means order-free (D-43). `legacy` takes the form
 * of the older drafts as well: `params` as a Boolean, `params, except=("a")` (D-43). */
STET_API struct stet_novarysearch stet_novarysearch_of(const struct stet_head *head, bool legacy);

/* One parameter of a query, still encoded. */
struct stet_query_pair {
    struct stet_span name;
    struct stet_span value;
};

/* The queries (without "?"; NULL `at` for none) are equivalent under the rule: the same parameters,
 * decoded, in the same sequence, once those that do not matter are left out
 * [No-Vary-Search §6]. `room` is for the parameters of both queries together, also those that do
 * not matter; if they are more than `count`, the queries are equivalent only when their octets are
 * equal. Time grows with the square of `count`, and with `count` times the names of the rule. */
STET_API bool stet_novarysearch_equal(const struct stet_novarysearch *rule, struct stet_span a,
                                      struct stet_span b, struct stet_query_pair *room,
                                      size_t count);

/* The targets of two requests are equivalent: scheme and authority without case, path by its
 * octets, query as above [No-Vary-Search §6]. All else that reuse demands, Vary included, stays as
 * it is [No-Vary-Search §7]. */
STET_API bool stet_novarysearch_match(const struct stet_novarysearch *rule,
                                      const struct stet_request *a, const struct stet_request *b,
                                      struct stet_query_pair *room, size_t count);

/* Writes the field's value for an origin: `params=("a" "b")`, with `key-order` in front if asked
 * for, the one form that all implementations understand alike (D-43). `names` are plain UTF-8.
 * Returns the octets written; 0 if there is nothing to say or `room` is too small. */
STET_API size_t stet_novarysearch_write(const struct stet_span *names, size_t count,
                                        bool order_free, char *to, size_t room);

#ifdef __cplusplus
}
#endif

#endif
