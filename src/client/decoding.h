/* Decoding: content codings undone while the content comes [RFC 9110 §8.4.1].
 *
 *     wire --> decoding_feed --> sink          as many stages as codings were applied
 *
 * Memory is bounded whatever comes: windows of at most 8 MiB, a few stages, a fixed buffer each.
 */
#ifndef CLIENT_DECODING_H
#define CLIENT_DECODING_H

#include "stet/head.h"

struct decoding;

/* Where decoded octets go, at least one at a time; false: no more of them. */
typedef bool decoding_sink(void *owner, struct stet_span bytes);

/* What Content-Encoding of a head comes to. */
enum decoding_kind {
    DECODING_NONE,   /* nothing was applied: the octets are the content */
    DECODING_KNOWN,  /* gzip, br, zstd, in any order, not more than CODINGS_MAX */
    DECODING_UNKNOWN /* something else, or too much of it */
};
enum decoding_kind decoding_kind(const struct stet_head *head);

/* What to say in Accept-Encoding. */
#define DECODING_ACCEPTS "gzip, br, zstd"

/* For a head of which decoding_kind says DECODING_KNOWN. NULL when memory is out. */
struct decoding *decoding_new(const struct stet_head *head, decoding_sink *sink, void *owner);
void decoding_free(struct decoding *decoding);

/* Takes the next octets as they came. False: they are damaged, or the sink wants no more. */
bool decoding_feed(struct decoding *decoding, struct stet_span bytes);

/* The content ends here. False if it is not whole. No octets at all are no content. */
bool decoding_end(struct decoding *decoding);

/* What was wrong, in words; "" if nothing was. */
const char *decoding_words(const struct decoding *decoding);

#endif
