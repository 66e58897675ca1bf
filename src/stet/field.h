/* Header field names as small numbers, so that finding a field is comparing an integer.
 *
 * Names compare without case [RFC 9110 §5.1]. A name that is not in field.tbl is
 * STET_FIELD_UNKNOWN: it is kept and forwarded like any other, only not found by number.
 */
#ifndef STET_FIELD_H
#define STET_FIELD_H

#include "stet/span.h"

#ifdef __cplusplus
extern "C" {
#endif

enum stet_field_id {
    STET_FIELD_UNKNOWN = 0,
#define FIELD(identifier, name) STET_FIELD_##identifier,
#include "stet/field.tbl"
#undef FIELD
    STET_FIELD_COUNT
};

/* One header field line: name and value as received, the value without the white space around it.
 * Borrows its bytes. */
struct stet_field {
    struct stet_span name;
    struct stet_span value;
    enum stet_field_id id;
};

/* The number of a field name, STET_FIELD_UNKNOWN when the table has none. */
STET_API enum stet_field_id stet_field_id(struct stet_span name);

/* The canonical spelling; an empty span for STET_FIELD_UNKNOWN and for numbers out of range. */
STET_API struct stet_span stet_field_name(enum stet_field_id id);

/* The field's grammar is a comma-separated list, so several lines of it mean one list
 * [RFC 9110 §5.3]. Set-Cookie is not, although it repeats. */
STET_API bool stet_field_is_list(enum stet_field_id id);

/* The field belongs to one connection and is never stored nor forwarded [RFC 9110 §7.6.1]:
 * Connection, Keep-Alive, Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade. What a
 * Connection field names besides is the caller's to ask: stet_head_connection_names(). */
STET_API bool stet_field_is_hop(enum stet_field_id id);

#ifdef __cplusplus
}
#endif

#endif
