/* Content codings and their negotiation [RFC 9110 §8.4.1, §12.5.3].
 */
#ifndef STET_CODING_H
#define STET_CODING_H

#include "stet/list.h"

#ifdef __cplusplus
extern "C" {
#endif

/* In the order of preference among equal weights, the best last. */
enum stet_coding {
    STET_CODING_IDENTITY,
    STET_CODING_GZIP,
    STET_CODING_ZSTD,
    STET_CODING_BROTLI,
    STET_CODING_COUNT
};

/* The token of a coding: "identity", "gzip", "zstd", "br". */
STET_API struct stet_span stet_coding_name(enum stet_coding coding);

/* The coding of a token, without case; x-gzip is gzip. STET_CODING_COUNT if unknown. */
STET_API enum stet_coding stet_coding_of(struct stet_span token);

/* What a request accepts. */
struct stet_accepted_codings {
    int16_t weight[STET_CODING_COUNT]; /* 0 to 1000; 0 is "not acceptable" */
    bool stated;                       /* the request has an Accept-Encoding field */
};

/* Reads Accept-Encoding. No field: every coding is acceptable, but weights are 0 for all except
 * identity (a client that says nothing gets no coding). An empty field: identity only. A wildcard
 * covers codings not named. Identity is acceptable unless excluded by name or by "*;q=0". A member
 * off the grammar is skipped. */
STET_API struct stet_accepted_codings stet_accepted_codings(const struct stet_head *head);

/* The best among `available` (bit 1 << coding): the highest weight, the preference order among
 * equals, identity never before a coding of the same weight. STET_CODING_COUNT if nothing
 * available is acceptable. */
STET_API enum stet_coding stet_coding_choose(const struct stet_accepted_codings *accepted,
                                             unsigned available);

#ifdef __cplusplus
}
#endif

#endif
