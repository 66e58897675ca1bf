/* Entries: one path in a worker's table, what was last seen there, and the answers made of it.
 */
#ifndef ORIGIN_FILEENTRY_H
#define ORIGIN_FILEENTRY_H

#include "origin/library.h"
#include "origin/representation.h"
#include "origin/sidecar.h"

/* Where an entry stands: fixed when it is made. */
struct fileentry_place {
    const char *key; /* as asked for */
    size_t key_len;
    const char *path; /* of the file */
    struct record_key record;
    const char *type; /* by its name; NULL: unknown */
    const char *cache_control;
    int status; /* of the answer: 200, or 404 */
};

enum fileentry_kind {
    FILEENTRY_NEW, /* nothing is known */
    FILEENTRY_FILE,
    FILEENTRY_LISTING, /* of the directory, as there is no such file */
    FILEENTRY_MISSING,
    FILEENTRY_FORBIDDEN,
    FILEENTRY_BUSY, /* there were no descriptors */
    FILEENTRY_BROKEN
};

/* The answers made of what is known; remade when that changes, or with the clock. */
struct fileentry_view {
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

struct fileentry {
    struct fileentry_place place;
    struct library *library;
    enum fileentry_kind kind;
    struct record record;    /* of FILEENTRY_FILE: state, digest, date */
    struct content *content; /* its bytes in memory, or NULL */
    struct chunk *page;      /* of FILEENTRY_LISTING, if there was no room for a content */
    struct fileentry_view view;
    uint64_t checked;        /* the moment of the world in which all this was so */
    int64_t retry;           /* loop time to try again to get the bytes into memory */
    int64_t look;            /* loop time to look for sidecars again */
    struct reading *reading; /* under way, and the next too */
    struct recoding *recodings;
    struct files_query *waiting;
    bool beside; /* it has sidecars, although it is large */
    bool used;   /* since the hand last came by */
    struct fileentry *before;
    struct fileentry *after;
};

/* How often sidecars are looked for, and bytes tried to be kept that there was no room for; ns. */
#define FILEENTRY_AGAIN INT64_C(1000000000)

/* NULL when memory is out. Copies key and path. */
struct fileentry *fileentry_new(struct library *library, struct stet_span key, const char *path,
                                int status);
void fileentry_free(struct fileentry *entry);

/* Takes in what was found out; takes the reference of `content`. Answers that are still true are
 * kept. */
void fileentry_set(struct fileentry *entry, enum fileentry_kind kind, const struct record *record,
                   struct content *content);

/* The same for a listing; keeps a reference of `page` if there is no content. */
void fileentry_set_listing(struct fileentry *entry, const struct digest *digest, struct chunk *page,
                           struct content *content);

/* A file in this state is to be read whole. */
static inline bool fileentry_is_whole(const struct fileentry *entry, const struct fs_stamp *stamp)
{
    return stamp->size <= entry->library->small_max ||
           (entry->beside && stamp->size <= SIDECAR_FILE_MAX);
}

/* The answers are those to give at `now` (wall clock, ns). */
static inline bool fileentry_view_holds(const struct fileentry *entry, int64_t now)
{
    const struct content *content = entry->content;
    return now >= entry->view.from && now < entry->view.until &&
           (!content ||
            entry->view.version == atomic_load_explicit(&content->version, memory_order_acquire));
}

/* Throws the answers away and finds out which codings there are. */
void fileentry_view_renew(struct fileentry *entry, int64_t now);

/* The answer in a coding: identity, or one whose variant is ready; borrowed from the entry. NULL
 * when memory is out or the variant is not there. */
struct representation *fileentry_representation(struct fileentry *entry, enum stet_coding coding,
                                                int64_t now);

#endif
