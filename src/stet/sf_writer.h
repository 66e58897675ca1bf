/* Structured fields, written in their canonical form [RFC 9651 §4.1].
 *
 * A writer is given the kind of the field and room, and then told the parts in order; commas,
 * spaces, quotes and escapes come by themselves. Illegal content (a String with a control octet, an
 * Integer of 16 digits) or a part out of place (a second Item, a Dictionary's value without its
 * key) spoils the writer, and a spoilt one yields nothing: what stet_sf_written gives is valid. So
 * the calls between may ignore what the others return and ask once at the end.
 *
 *     struct stet_sf_writer writer = stet_sf_writer(STET_SF_LIST, room, sizeof(room));
 *     stet_sf_write_token(&writer, STET_SPAN("ExampleCache"));
 *     stet_sf_write_parameter(&writer, STET_SPAN("hit"));
 *     stet_sf_write_boolean(&writer, true);
 *     struct stet_span value = stet_sf_written(&writer);          ExampleCache;hit
 */
#ifndef STET_SF_WRITER_H
#define STET_SF_WRITER_H

#include "stet/sf.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What was written last, and so what may come next. */
enum stet_sf_place {
    STET_SF_PLACE_START,     /* nothing yet, in the field or in the Inner List */
    STET_SF_PLACE_KEY,       /* a Dictionary's key: its value must come */
    STET_SF_PLACE_VALUE,     /* a value: Parameters may come, or the next member */
    STET_SF_PLACE_PARAMETER, /* a Parameter's key: its value must come */
    STET_SF_PLACE_SPOILT
};

/* A writer. To be treated as opaque, but for `length`. */
struct stet_sf_writer {
    char *to;
    size_t room;
    size_t length; /* octets the field takes so far, also those that found no room */
    enum stet_sf_kind kind;
    enum stet_sf_place place;
    bool inner; /* in an Inner List */
};

/* A writer of a List, a Dictionary or an Item into `room` octets at `to`. With no room it measures
 * only. */
STET_API struct stet_sf_writer stet_sf_writer(enum stet_sf_kind kind, char *to, size_t room);

/* What was written: no final NUL. Empty with a non-NULL `at` for a List or Dictionary without
 * members, which is sent as no field at all [RFC 9651 §4.1]. STET_SPAN_NONE if the writer is
 * spoilt, stands inside an Inner List or behind a key, an Item is missing, or room did not suffice
 * (then `length` says what would). */
STET_API struct stet_span stet_sf_written(const struct stet_sf_writer *writer);

/* The key of a Dictionary's next member. That it was not written before is the caller's to see to:
 * of two equal keys a reader keeps the last. */
STET_API bool stet_sf_write_key(struct stet_sf_writer *writer, struct stet_span key);

/* The key of a Parameter of the value just written, which may be an Inner List just ended; its own
 * value comes next, and true leaves no trace but the key [RFC 9651 §4.1.1.2]. */
STET_API bool stet_sf_write_parameter(struct stet_sf_writer *writer, struct stet_span key);

/* The beginning and the end of an Inner List. */
STET_API bool stet_sf_write_inner(struct stet_sf_writer *writer);
STET_API bool stet_sf_write_inner_end(struct stet_sf_writer *writer);

/* A value: of a member, of an Inner List or of a Parameter. */
STET_API bool stet_sf_write_integer(struct stet_sf_writer *writer, int64_t number);
STET_API bool stet_sf_write_decimal(struct stet_sf_writer *writer, int64_t thousandths);
STET_API bool stet_sf_write_string(struct stet_sf_writer *writer, struct stet_span text);
STET_API bool stet_sf_write_token(struct stet_sf_writer *writer, struct stet_span text);
STET_API bool stet_sf_write_bytes(struct stet_sf_writer *writer, struct stet_span octets);
STET_API bool stet_sf_write_boolean(struct stet_sf_writer *writer, bool value);
STET_API bool stet_sf_write_date(struct stet_sf_writer *writer, int64_t seconds);
STET_API bool stet_sf_write_display(struct stet_sf_writer *writer, struct stet_span utf8);

/* A Token if the text is one, else a String: for the fields that take either. */
STET_API bool stet_sf_write_name(struct stet_sf_writer *writer, struct stet_span text);

/* A member that a reader handed out, with its key if it has one, its Items and its Parameters, as
 * they are but in canonical form. A Parameter whose key came twice is written twice. */
STET_API bool stet_sf_write_member(struct stet_sf_writer *writer,
                                   const struct stet_sf_member *member);

/* The text can be written as a key, a Token, a String. */
STET_API bool stet_sf_key_valid(struct stet_span text);
STET_API bool stet_sf_token_valid(struct stet_span text);
STET_API bool stet_sf_string_valid(struct stet_span text);

/* numerator / denominator as thousandths for a Decimal, rounded to the nearest and to the even one
 * when two are equally near [RFC 9651 §4.1.5]. `denominator` is 1 to 10^15. False if the result has
 * more than twelve digits before the point, or the denominator is out of bounds. */
STET_API bool stet_sf_round(int64_t numerator, int64_t denominator, int64_t *thousandths);

#ifdef __cplusplus
}
#endif

#endif
