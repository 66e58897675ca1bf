/* One member of a structured field: its type, its value as a view, what its text means.
 *
 * Members are what the walks of sf.h hand out, and have been judged before; making one by hand is
 * to vouch for its text.
 */
#ifndef STET_SF_MEMBER_H
#define STET_SF_MEMBER_H

#include "stet/span.h"

#ifdef __cplusplus
extern "C" {
#endif

enum stet_sf_type {
    STET_SF_INTEGER,
    STET_SF_DECIMAL,
    STET_SF_STRING,
    STET_SF_TOKEN,
    STET_SF_BYTES, /* Byte Sequence */
    STET_SF_BOOLEAN,
    STET_SF_DATE,
    STET_SF_DISPLAY, /* Display String */
    STET_SF_INNER_LIST
};

/* One member of a List or a Dictionary, an Item, or a Parameter. Tokens and Strings are different
 * types even where their text is the same [RFC 9651 §3.3]. */
struct stet_sf_member {
    struct stet_span key; /* of a Dictionary's member or a Parameter; else STET_SPAN_NONE */
    enum stet_sf_type type;
    int64_t number;        /* Integer; Decimal in thousandths; Date in seconds since 1970; Boolean
                              0 or 1; 0 for all others */
    struct stet_span text; /* Token; inside of a String, Byte Sequence, Display String or Inner
                              List, without its delimiters, otherwise as on the wire; empty for
                              all others. Two Strings are equal if their texts are. */
    struct stet_span parameters; /* as on the wire, for stet_sf_parameters */
};

/* Writes what a text means to `to`: a String without escapes, the octets of a Byte Sequence, a
 * Display String as UTF-8, a Token as it is. Writes at most `room` octets and returns how many
 * there are in all, which is never more than `member->text.len`; 0 for types without a text. A
 * Display String may hold any character, NUL and controls included [RFC 9651 §6]. */
STET_API size_t stet_sf_decode(const struct stet_sf_member *member, char *to, size_t room);

/* Takes one octet of what the text of a String, Token or Display String means, with whatever
 * escapes it, off the front of `*text`, which must not be empty: decoding without room. */
STET_API char stet_sf_octet_next(enum stet_sf_type type, struct stet_span *text);

#ifdef __cplusplus
}
#endif

#endif
