/* Entity tags: read, compared, listed [RFC 9110 §8.8.3].
 */
#ifndef STET_ETAG_H
#define STET_ETAG_H

#include "stet/list.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An entity tag. `opaque` is what stands between the quotes; NULL `at` means "no tag". An empty
 * tag ("") is legal and has a non-NULL `at`. Borrows its bytes. */
struct stet_etag {
    struct stet_span opaque;
    bool weak;
};

#define STET_ETAG_NONE ((struct stet_etag){STET_SPAN_NONE, false})

static inline bool stet_etag_present(struct stet_etag tag)
{
    return tag.opaque.at != NULL;
}

/* Reads a whole value as one entity tag: [ %s"W/" ] DQUOTE *etagc DQUOTE, etagc being 21, 23-7E
 * and 80-FF, no escapes. STET_ETAG_NONE if it is anything else. */
STET_API struct stet_etag stet_etag_read(struct stet_span text);

/* The tag of a response's ETag field; STET_ETAG_NONE when absent, repeated or off the grammar. */
STET_API struct stet_etag stet_etag_of(const struct stet_head *head);

/* Neither is weak and the octets are equal [RFC 9110 §8.8.3.2]. Absent tags equal nothing. */
STET_API bool stet_etag_equal_strong(struct stet_etag a, struct stet_etag b);

/* The octets are equal, whatever the prefixes [RFC 9110 §8.8.3.2]. Absent tags equal nothing. */
STET_API bool stet_etag_equal_weak(struct stet_etag a, struct stet_etag b);

/* What the tags of an If-Match or If-None-Match field say. */
enum stet_etag_list_kind {
    STET_ETAGS_ABSENT, /* no such field */
    STET_ETAGS_ANY,    /* exactly "*" */
    STET_ETAGS_LIST,   /* members; perhaps none of them usable (D-06) */
    STET_ETAGS_MIXED   /* "*" among other members: off the grammar (D-07) */
};

STET_API enum stet_etag_list_kind stet_etags_kind(const struct stet_head *head,
                                                  enum stet_field_id id);

/* Walks the usable tags of a list made by stet_list_of: members off the grammar are skipped up to
 * the next comma outside quotes (D-06). False at the end. Note that entity tags know no escapes: a
 * backslash in a tag is a backslash, and does not protect the quote behind it. */
STET_API bool stet_etags_next(struct stet_list *list, struct stet_etag *tag);

#ifdef __cplusplus
}
#endif

#endif
