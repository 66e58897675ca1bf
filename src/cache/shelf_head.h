/* Heads of stored responses: made of fields, and read as fields again.
 */
#ifndef CACHE_SHELF_HEAD_H
#define CACHE_SHELF_HEAD_H

#include "stet/policy.h"
#include "store/entry_head.h"

/* What goes into a head. */
struct shelf_head_recipe {
    const struct stet_head *fields; /* those that are kept */
    const struct stet_stored *stored;
    const struct stet_parts *parts; /* of a partial response; else NULL */
    unsigned char changes;          /* of the head that it takes the place of; else 0 */
    uint8_t version;                /* of HTTP that it came by, ten times; 0 counts as 11 */
    bool sized;                     /* the response told how long its content is */
    struct stet_span tag;           /* an ETag value made here; empty: none */
    int64_t modified;               /* the same for Last-Modified, seconds; negative: none */
};

/* A head of these fields; `tag` goes in the place of an ETag, `modified` where there is no
 * Last-Modified. Date, Age, Content-Length and Content-Range are no lines of it: they are told anew
 * in each answer; nor are digests of a part. NULL when memory is out or the lines take more than
 * ENTRY_HEAD_TEXT_MAX. */
struct entry_head *shelf_head_new(const struct shelf_head_recipe *recipe);

/* The view of a stored head's fields as they came, parsed from its text into `fields` (room for
 * `head->lines`); head and `fields` outlive it. Validators made here are left out. */
void shelf_head_view(const struct entry_head *head, struct stet_field *fields,
                     struct stet_head *view);

#endif
