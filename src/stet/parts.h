/* Parts: what a cache holds of a content it does not hold whole, and when two parts belong together
 * [RFC 9111 §3.3, RFC 9111 §3.4, RFC 9110 §15.3.7.3].
 */
#ifndef STET_PARTS_H
#define STET_PARTS_H

#include "stet/etag.h"
#include "stet/range.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads which part a 206 has, if it is proved well enough to be stored (D-19): one range in octets,
 * the complete length known, a strong entity tag, and any Content-Length equal to the size of the
 * range. Otherwise false. */
STET_API bool stet_part_read(const struct stet_response *response, struct stet_content_range *part);

/* A stored 200 or 206 whose whole length is `length` and a new 206 that stet_part_read has read are
 * of the same representation: both have the same strong entity tag, the same length and the same
 * content codings [RFC 9110 §15.3.7.3]. */
STET_API bool stet_part_fits(const struct stet_head *stored, uint64_t length,
                             const struct stet_head *response,
                             const struct stet_content_range *part);

/* The most separate stretches that are kept of one content. */
#define STET_PARTS_MAX 16

/* Stretches of a content of `length` octets: ascending, neither overlapping nor touching. Zeroed
 * but for `length` it holds nothing. */
struct stet_parts {
    uint64_t length;
    size_t count;
    struct stet_range at[STET_PARTS_MAX];
};

/* Adds a stretch and joins it with those it overlaps or touches. False, and nothing changed, if it
 * is backwards or ends behind the content, or would be one stretch too many. */
STET_API bool stet_parts_add(struct stet_parts *parts, struct stet_range range);

/* All octets of the range are held [RFC 9111 §3.3]. */
STET_API bool stet_parts_cover(const struct stet_parts *parts, struct stet_range range);

/* The first stretch that is missing; false if none is. What a cache asks for, with the strong tag
 * in If-Range, to complete what it holds. */
STET_API bool stet_parts_missing(const struct stet_parts *parts, struct stet_range *range);

/* What the stretches make [RFC 9110 §15.3.7.3]. */
enum stet_parts_form {
    STET_PARTS_WHOLE,  /* all of it: a 200 with the whole Content-Length */
    STET_PARTS_PREFIX, /* one stretch from the start: an incomplete 200 */
    STET_PARTS_PIECES  /* something else: 206 */
};

STET_API enum stet_parts_form stet_parts_form(const struct stet_parts *parts);

#ifdef __cplusplus
}
#endif

#endif
