/* Entries: one path in a worker's table, what was last seen there, and the answers made of it.
 */
#ifndef ORIGIN_ENTRY_H
#define ORIGIN_ENTRY_H

#include "origin/library.h"
#include "origin/representation.h"
#include "origin/sidecar.h"

/* Where an entry stands: fixed when it is made. */
struct entry_place {
    const char *key; /* as asked for */
    size_t key_len;
    const char *path; /* of the file */
    struct record_key record;
    const char *type; /* by its name; NULL: unknown */
    const char *cache_control;
    int status; /* of the answer: 200, or 404 */
};

enum entry_kind {
    ENTRY_NEW, /* nothing is known */
    ENTRY_FILE,
    ENTRY_LISTING, /* of the directory, as there is no such file */
    ENTRY_MISSING,
    ENTRY_FORBIDDEN,
    ENTRY_BROKEN
};

/* The answers made of what is known; remade when that changes, or with the clock. */
struct entry_view {
    struct representation *representations[STET_CODING_COUNT];
    unsigned possible; /* bits (1 << coding) of what is ready, or can be made */
    unsigned ready;
    unsigned version; /* of the content's variants */
    int64_t from;     /* true from this wall clock time on, ns */
    int64_t until;    /* and before this one */
};

struct files_query;
struct reading;
struct recoding;

struct entry {
    struct entry_place place;
    struct library *library;
    enum entry_kind kind;
    struct record record;    /* of ENTRY_FILE: state, digest, date */
    struct content *content; /* its bytes in memory, or NULL */
    struct chunk *page;      /* of ENTRY_LISTING, if there was no room for a content */
    struct entry_view view;
    uint64_t checked;        /* the moment of the world in which all this was so */
    int64_t retry;           /* loop time to try again to get the bytes into memory */
    int64_t look;            /* loop time to look for sidecars again */
    struct reading *reading; /* under way, and the next too */
    struct recoding *recodings;
    struct files_query *waiting;
    bool beside; /* it has sidecars, although it is large */
    bool used;   /* since the hand last came by */
    struct entry *before;
    struct entry *after;
};

/* How often sidecars are looked for, and bytes tried to be kept that there was no room for; ns. */
#define ENTRY_AGAIN INT64_C(1000000000)

/* NULL when memory is out. Copies key and path. */
struct entry *entry_new(struct library *library, struct stet_span key, const char *path,
                        int status);
void entry_free(struct entry *entry);

/* Takes in what was found out; takes the reference of `content`. Answers that are still true are
 * kept. */
void entry_set(struct entry *entry, enum entry_kind kind, const struct record *record,
               struct content *content);

/* The same for a listing; keeps a reference of `page` if there is no content. */
void entry_set_listing(struct entry *entry, const struct digest *digest, struct chunk *page,
                       struct content *content);

/* A file in this state is to be read whole. */
static inline bool entry_is_whole(const struct entry *entry, const struct fs_stamp *stamp)
{
    return stamp->size <= entry->library->small_max ||
           (entry->beside && stamp->size <= SIDECAR_FILE_MAX);
}

/* The answers are those to give at `now` (wall clock, ns). */
static inline bool entry_view_holds(const struct entry *entry, int64_t now)
{
    const struct content *content = entry->content;
    return now >= entry->view.from && now < entry->view.until &&
           (!content ||
            entry->view.version == atomic_load_explicit(&content->version, memory_order_acquire));
}

/* Throws the answers away and finds out which codings there are. */
void entry_view_renew(struct entry *entry, int64_t now);

/* The answer in a coding: identity, or one whose variant is ready; borrowed from the entry. NULL
 * when memory is out or the variant is not there. */
struct representation *entry_representation(struct entry *entry, enum stet_coding coding,
                                            int64_t now);

#endif
