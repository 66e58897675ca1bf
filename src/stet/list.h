/* Comma-separated lists, quoted strings and parameters [RFC 9110 §5.6].
 *
 * A list runs over all lines of its field as if they were joined by commas [RFC 9110 §5.3]. Empty
 * members are skipped [RFC 9110 §5.6.1.2]. A comma inside a quoted string does not divide. A
 * quoted string that never closes swallows the rest of its line, which `unclosed` then says.
 */
#ifndef STET_LIST_H
#define STET_LIST_H

#include "stet/head.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A walk over the members of a list. Made by one of the two functions below, moved by
 * stet_list_next. To be treated as opaque, but for `unclosed`. */
struct stet_list {
    const struct stet_head *head;   /* where further lines come from; NULL for one value */
    const struct stet_field *field; /* the line being read */
    struct stet_span rest;          /* what is left of that line */
    bool unclosed;                  /* a quoted string did not end on its line */
};

/* A walk over all lines of the field `id`. */
STET_API struct stet_list stet_list_of(const struct stet_head *head, enum stet_field_id id);

/* A walk over one value. */
STET_API struct stet_list stet_list_in(struct stet_span value);

/* The next member, without white space around it. False at the end. */
STET_API bool stet_list_next(struct stet_list *list, struct stet_span *member);

/* Some member equals `token` without case. */
STET_API bool stet_list_has(struct stet_list list, struct stet_span token);

/* Reads `*text` as token or quoted-string from its start [RFC 9110 §5.6.2, §5.6.4] and moves it
 * past what was read. `*value` gets the token, or the raw inside of the quotes with escapes still
 * in (see stet_unquote); `*quoted` (may be NULL) tells which. False when neither stands there or
 * the quotes do not close. */
STET_API bool stet_word_next(struct stet_span *text, struct stet_span *value, bool *quoted);

/* Writes the inside of a quoted-string without its escapes to `to`, which has room for
 * `inside.len` bytes; returns the length written. */
STET_API size_t stet_unquote(struct stet_span inside, char *to);

/* Takes the next parameter off `*rest`, which begins at a ";" or at white space before one:
 * OWS ";" OWS [ name "=" ( token / quoted-string ) ] [RFC 9110 §5.6.6]. Empty parameters are
 * skipped. `*value` is as by stet_word_next. False at the end or where the grammar breaks; then
 * `rest->len` is 0 only if the end was reached cleanly. */
STET_API bool stet_parameter_next(struct stet_span *rest, struct stet_span *name,
                                  struct stet_span *value);

/* A weight "q=0.5" as thousandths 0..1000 among the parameters `rest`; 1000 when there is none;
 * -1 when it is off the grammar (0 to 1, at most three decimals) [RFC 9110 §12.4.2]. */
STET_API int stet_weight(struct stet_span rest);

#ifdef __cplusplus
}
#endif

#endif
