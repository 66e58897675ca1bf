/* Vary: which request fields selected a response, and whether another request selects it too
 * [RFC 9111 §4.1, RFC 9110 §12.5.5].
 *
 * A cache does not keep the request that a response answered. It keeps the *selection*: the names
 * in Vary and the normalised values that the request had there, written once as text. The text of
 * equal selections is equal octet by octet, so it may be hashed as the second part of a key; and a
 * new request is matched with it without writing anything.
 *
 * Two values are equal [RFC 9111 §4.1] if they are after
 *   - their lines are joined by commas, and in fields that are lists (also in those unknown to us)
 *     white space around commas and empty members are gone;
 *   - in Accept-Encoding and Accept-Language, whose members are a set in which neither case nor
 *     order means anything, white space is gone, letters are lower case, members are sorted and
 *     repeated ones dropped.
 * An absent field equals only an absent one; an empty one equals only an empty one.
 */
#ifndef STET_VARY_H
#define STET_VARY_H

#include "stet/list.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The response can never be selected again: some member of Vary is "*" (D-09), or is no field name
 * and may mean anything. */
STET_API bool stet_vary_any(const struct stet_head *response);

/* Writes the names in Vary, lower case, joined by ", ", each once: what a cache keeps beside a URI
 * to know which fields to look at. Returns the octets that takes, 0 for none; when that is more
 * than `room`, what was written is cut short. Three times the length of all Vary lines always
 * suffices. */
STET_API size_t stet_vary_names(const struct stet_head *response, char *to, size_t room);

/* Writes the selection that `request` makes among the names in `vary`, which is a walk over the
 * Vary lines of a response or over what stet_vary_names wrote. Returns the octets it takes, 0 if
 * `vary` names nothing; when that is more than `room`, what was written is cut short. */
STET_API size_t stet_vary_select(struct stet_list vary, const struct stet_head *request, char *to,
                                 size_t room);

/* The request makes this selection. An empty selection is made by every request. */
STET_API bool stet_vary_match(struct stet_span selection, const struct stet_head *request);

/* Takes the next name off a selection, with the value it had; `value->at` is NULL if the field was
 * absent. False at the end. A validation that a cache starts on its own carries these fields
 * [RFC 9111 §4.3.1]. */
STET_API bool stet_vary_next(struct stet_span *selection, struct stet_span *name,
                             struct stet_span *value);

#ifdef __cplusplus
}
#endif

#endif
