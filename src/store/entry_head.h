/* The head of a stored response: what judging, comparing and sending need of it, in as few octets
 * as that takes. Counted; read by any thread. It never changes, but for marks that make it live
 * shorter.
 *
 * Its text holds whole field lines as in wire/reply.h, "Name: value" CRLF, sorted into sections so
 * that the block of each kind of answer is one piece:
 *
 *     | FIRST | UNCHANGED | COMMON | DESCRIBING | TYPE | WHOLE |
 *     |<--------------------- 200 ---------------------------->|
 *     |<--------------- 206 --------------------------->|
 *     |<--------- 206, multipart -------------->|
 *     |<-- 206 to If-Range -->|                                  (without a FIRST that is a date)
 *     |<----- 304 ----->|
 */
#ifndef STORE_ENTRY_HEAD_H
#define STORE_ENTRY_HEAD_H

#include "stet/parts.h"
#include "stet/policy.h"
#include "stet/validators.h"

#include <stdatomic.h>

enum entry_head_section {
    ENTRY_HEAD_FIRST,      /* the ETag line; or without any the only Last-Modified */
    ENTRY_HEAD_UNCHANGED,  /* what a 304 tells besides (D-02) */
    ENTRY_HEAD_COMMON,     /* what each 206 tells besides */
    ENTRY_HEAD_DESCRIBING, /* of the representation: not in a 206 to If-Range */
    ENTRY_HEAD_TYPE,       /* the only Content-Type: not in a multipart answer */
    ENTRY_HEAD_WHOLE,      /* of the whole content: in no 206 */
    ENTRY_HEAD_SECTIONS
};

enum { ENTRY_HEAD_TEXT_MAX = UINT16_MAX };

/* Bits of `flags`. Those up to AGED, SPANS and AUTHORISED are of struct stet_stored. */
enum {
    ENTRY_HEAD_NO_CACHE = 1 << 0,
    ENTRY_HEAD_IMMUTABLE = 1 << 1,
    ENTRY_HEAD_PARTIAL = 1 << 2,
    ENTRY_HEAD_SELECTED = 1 << 3,
    ENTRY_HEAD_UNSECURED = 1 << 4,
    ENTRY_HEAD_AGED = 1 << 5,      /* age_value was not 0 */
    ENTRY_HEAD_TAGGED = 1 << 6,    /* FIRST is a usable ETag */
    ENTRY_HEAD_DATED = 1 << 7,     /* `modified` is a Last-Modified */
    ENTRY_HEAD_TAG_MADE = 1 << 8,  /* the tag was made here: the origin does not know it */
    ENTRY_HEAD_DATE_MADE = 1 << 9, /* the same for Last-Modified */
    ENTRY_HEAD_SIZED = 1 << 10,    /* the response had a Content-Length */
    ENTRY_HEAD_GROUPED = 1 << 11,  /* it has Cache-Groups */
    ENTRY_HEAD_SPANS = 1 << 12,    /* spans of time that most responses do not have stand behind */
    ENTRY_HEAD_AUTHORISED = 1 << 13,
    ENTRY_HEAD_HTTP2 = 1 << 14, /* it came by HTTP/2; by none of these: HTTP/1.1 */
    ENTRY_HEAD_HTTP10 = 1 << 15
};

/* Of `changes`: the highest bit says that it is marked, the others count, round and round. */
enum { ENTRY_HEAD_MARKED = 1 << 7, ENTRY_HEAD_COUNT = ENTRY_HEAD_MARKED - 1 };

/* Made by entry_head_new; who makes it then fills the text, `ends`, `lines`, and the flags from
 * TAGGED on, before anyone else sees it. Others ask by the functions below. */
struct entry_head {
    atomic_uint refs;
    atomic_uint lifetime;               /* of struct stet_stored; may become less */
    uint16_t ends[ENTRY_HEAD_SECTIONS]; /* of the sections, in `text` */
    uint16_t status;
    uint16_t flags;
    uint16_t lines; /* in the text */
    unsigned char method;
    unsigned char source;
    unsigned char barred;
    atomic_uchar changes;      /* how often it was marked or expired, and whether it is marked */
    unsigned char date[5];     /* instants and moments in 40 bits */
    unsigned char received[5]; /* steady clock */
    unsigned char modified[5];
    char text[]; /* behind it what few heads have: spans of time; of a part: which parts */
};

/* A head that says what `stored` says, with one reference and room for `text` octets of text, which
 * all count as WHOLE for now. `parts` is what it is partial of; NULL if it is not partial. NULL
 * when memory is out. */
struct entry_head *entry_head_new(const struct stet_stored *stored, const struct stet_parts *parts,
                                  size_t text);
struct entry_head *entry_head_ref(struct entry_head *head);
void entry_head_unref(struct entry_head *head);

/* Before anyone else sees the head: when it was last modified (ENTRY_HEAD_DATED), and the count in
 * the `changes` of the one that it takes the place of. */
void entry_head_set_modified(struct entry_head *head, int64_t modified);
void entry_head_set_count(struct entry_head *head, unsigned char changes);

/* Octets of memory, without what allocation adds. */
size_t entry_head_size(const struct entry_head *head);

/* ---- judging ---- */

/* What is known for stet_may_reuse and its kind. `times.wall` is not kept: it equals `times.date`;
 * of `times.age_value` is kept whether it was 0. */
struct stet_stored entry_head_stored(const struct entry_head *head);

/* The stretches of content that a partial response has. False if it is not partial. */
bool entry_head_parts(const struct entry_head *head, struct stet_parts *parts);

/* Marks it invalid: it is validated before its next use. Under its entry's latch. */
void entry_head_mark(struct entry_head *head);

/* As stet_stored_expire. Under its entry's latch. */
void entry_head_expire(struct entry_head *head, int64_t now);

/* How often it was marked or made stale, and whether it is marked. */
static inline unsigned char entry_head_changes(const struct entry_head *head)
{
    return atomic_load_explicit(&head->changes, memory_order_relaxed);
}

/* The version of HTTP that it came by, ten times: 10, 11, 20. */
static inline uint8_t entry_head_version(const struct entry_head *head)
{
    if (head->flags & ENTRY_HEAD_HTTP2)
        return 20;
    return head->flags & ENTRY_HEAD_HTTP10 ? 10 : 11;
}

/* ---- comparing ---- */

/* As stet_validators_of; borrows the tag from the head. */
struct stet_validators entry_head_validators(const struct entry_head *head);

/* The ETag value as sent, quotes included, if it is usable; else empty. */
struct stet_span entry_head_tag(const struct entry_head *head);

/* The Date, seconds since 1970: that of the response, or when it came. */
int64_t entry_head_date(const struct entry_head *head);

/* Last-Modified, if ENTRY_HEAD_DATED. */
int64_t entry_head_modified(const struct entry_head *head);

/* ---- sending ---- */

/* The value of Content-Type; empty if there is none or more than one. */
struct stet_span entry_head_type(const struct entry_head *head);

/* The lines of sections `from` to `to`, both included. */
static inline struct stet_span entry_head_lines(const struct entry_head *head,
                                                enum entry_head_section from,
                                                enum entry_head_section to)
{
    const size_t start = from == ENTRY_HEAD_FIRST ? 0 : head->ends[from - 1];
    return stet_span(head->text + start, head->ends[to] - start);
}

/* Block of a 200. */
static inline struct stet_span entry_head_whole(const struct entry_head *head)
{
    return entry_head_lines(head, ENTRY_HEAD_FIRST, ENTRY_HEAD_WHOLE);
}

/* Block of a 304. */
static inline struct stet_span entry_head_unchanged(const struct entry_head *head)
{
    return entry_head_lines(head, ENTRY_HEAD_FIRST, ENTRY_HEAD_UNCHANGED);
}

/* Blocks of a 206: in general, in multipart form, and to a request with If-Range. */
static inline struct stet_span entry_head_part(const struct entry_head *head)
{
    return entry_head_lines(head, ENTRY_HEAD_FIRST, ENTRY_HEAD_TYPE);
}

static inline struct stet_span entry_head_part_untyped(const struct entry_head *head)
{
    return entry_head_lines(head, ENTRY_HEAD_FIRST, ENTRY_HEAD_DESCRIBING);
}

static inline struct stet_span entry_head_part_if_range(const struct entry_head *head)
{
    const bool tagged = head->flags & ENTRY_HEAD_TAGGED;
    return entry_head_lines(head, tagged ? ENTRY_HEAD_FIRST : ENTRY_HEAD_UNCHANGED,
                            ENTRY_HEAD_COMMON);
}

#endif
