/* Structured fields, read: Items, Lists, Dictionaries [RFC 9651 §3, §4.2].
 *
 * A field is opened with its kind and judged as a whole: all its lines count as one value joined by
 * commas, and one flaw anywhere voids the field, so that a walk once begun cannot fail and there is
 * no half-read field to mishandle. Then its members are walked in order; everything handed out is a
 * view into the lines. Texts come as they stand on the wire; stet_sf_decode takes the escapes,
 * base64 or percent signs out. There are no limits of size or number here, and opening and walking
 * take time linear in the length of the lines.
 *
 *     struct stet_sf walk;
 *     struct stet_sf_member member;
 *     if (stet_sf_of(&walk, head, STET_FIELD_PRIORITY, STET_SF_DICTIONARY))
 *         while (stet_sf_next(&walk, &member))
 *             ...
 */
#ifndef STET_SF_H
#define STET_SF_H

#include "stet/head.h"
#include "stet/sf_member.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a walk runs over. A field is one of the first three, as its definition says. */
enum stet_sf_kind {
    STET_SF_LIST,
    STET_SF_DICTIONARY,
    STET_SF_ITEM,
    STET_SF_INNER,     /* the Items of an Inner List: made by stet_sf_inner */
    STET_SF_PARAMETERS /* the Parameters of a member: made by stet_sf_parameters */
};

/* A walk. To be treated as opaque. Copying it copies the place it stands at. */
struct stet_sf {
    const struct stet_head *head;   /* where further lines come from; NULL for one value */
    const struct stet_field *field; /* the line being read */
    struct stet_span rest;          /* what is left of that line: the next member comes first */
    enum stet_sf_kind kind;
    bool more; /* there is a next member */
};

/* Opens a walk over all lines of a known field, of a field by name, or over one value. True if the
 * field is there and all of it is valid for `kind`, a List or Dictionary without members included.
 * False otherwise; then the walk has no members, which is how a field that fails to parse must be
 * treated: as absent [RFC 9651 §4.2]. A member that is split across two lines is a flaw (which
 * §4.2 permits). `head` must outlive the walk. */
STET_API bool stet_sf_of(struct stet_sf *walk, const struct stet_head *head, enum stet_field_id id,
                         enum stet_sf_kind kind);
STET_API bool stet_sf_named(struct stet_sf *walk, const struct stet_head *head,
                            struct stet_span name, enum stet_sf_kind kind);
STET_API bool stet_sf_in(struct stet_sf *walk, struct stet_span value, enum stet_sf_kind kind);

/* The next member in the order of the wire. False at the end. A Dictionary (and Parameters) hands
 * out every member, also those whose key comes again: the last one counts [RFC 9651 §4.2.2,
 * §4.2.3.2], so a caller that assigns as it walks gets the right value. */
STET_API bool stet_sf_next(struct stet_sf *walk, struct stet_sf_member *member);

/* The member of the Dictionary (or Parameter) with this key that counts: the last one. Looks at all
 * that is left of the walk, and leaves the walk itself where it is. False if there is none. */
STET_API bool stet_sf_get(const struct stet_sf *walk, struct stet_span key,
                          struct stet_sf_member *member);

/* A walk over the Items of an Inner List; without members for any other type. */
STET_API struct stet_sf stet_sf_inner(const struct stet_sf_member *member);

/* A walk over the Parameters of a member. */
STET_API struct stet_sf stet_sf_parameters(const struct stet_sf_member *member);

/* The Parameter of a member with this key that counts. False if there is none. */
STET_API bool stet_sf_parameter(const struct stet_sf_member *member, struct stet_span key,
                                struct stet_sf_member *parameter);

#ifdef __cplusplus
}
#endif

#endif
