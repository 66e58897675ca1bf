/* Records: what is known of each file of the tree, shared by all workers and kept in the memo.
 *
 * One record a path: the state in which the file was last seen, the digest its bytes had, when the
 * hashing began, the Last-Modified that goes with those bytes. May be used from any thread.
 */
#ifndef ORIGIN_RECORDS_H
#define ORIGIN_RECORDS_H

#include "base/map.h"
#include "io/fs.h"
#include "origin/digest.h"

#include <pthread.h>

/* A path, by the first half of its SHA-256: small, and no two paths of a hostile tree collide. */
struct record_key {
    uint8_t octets[16];
};

struct record_key record_key_of(const char *path);

struct record {
    struct record_key key;
    struct fs_stamp stamp;
    struct digest digest; /* meaningful if hashed */
    int64_t began;        /* when the hashing began, ns since 1970 */
    int64_t modified;     /* seconds since 1970, or LASTMODIFIED_NONE */
    bool hashed;
    bool text;    /* it reads as UTF-8 text */
    bool seen;    /* by the present walk, or since */
    bool touched; /* looked up since the table was last cleared out */
    bool busy;    /* someone is hashing it for all */
    bool there;   /* in the table; for records.c */
};

/* How long the clock of a file system may stand still: what was hashed this soon after a change may
 * have changed again under the same times (D-50). In ns. */
#define RECORD_SETTLING INT64_C(2000000000)

/* A hashing that began at `began` tells the truth for as long as the file has these times. */
static inline bool record_settled(const struct fs_stamp *stamp, int64_t began)
{
    return began >= stamp->changed &&
           (uint64_t)began - (uint64_t)stamp->changed >= (uint64_t)RECORD_SETTLING;
}

struct record_block;
union record_place;

struct records {
    pthread_mutex_t lock;
    struct map by_key;
    struct record_block *blocks;
    union record_place *spare;
    uint64_t max;
    uint64_t version; /* counts changes, for whoever saves */
};

/* At most `max` records are kept; beyond that the least used go. */
void records_init(struct records *records, uint64_t max);
void records_fini(struct records *records);

/* Copies the record of a path. False if there is none. */
bool records_find(struct records *records, const struct record_key *key, struct record *to);

/* What a hashing has found. */
struct record_sight {
    struct record_key key;
    struct fs_stamp stamp;
    struct digest digest;
    bool text;
    int64_t began;
};

/* Writes down what was seen, decides the Last-Modified, and copies the outcome. `now` in ns. What
 * is older than what the record knows changes nothing, and gets no date. False when memory is out.
 */
bool records_learn(struct records *records, const struct record_sight *sight, int64_t now,
                   struct record *to);

/* The file is there in this state and its bytes are not known: makes a record if there is none, and
 * copies what may be said of it. `modified` is NONE, and `hashed` false, whenever the path had
 * another state before: the bytes may be others. False when memory is out. */
bool records_glimpse(struct records *records, const struct record_key *key,
                     const struct fs_stamp *stamp, int64_t now, struct record *to);

/* Asks to hash a file for all. False: someone does already, or it is known in this state. The
 * record exists. */
bool records_claim(struct records *records, const struct record_key *key,
                   const struct fs_stamp *stamp);
void records_release(struct records *records, const struct record_key *key);

/* Puts a record in as it is, if its path has none (the memo's loading). False when memory is out.
 */
bool records_put(struct records *records, const struct record *record);

/* A walk begins: nothing has been seen. Then each file that is known is marked: true, and the
 * record copied, if it is known in this state by a hashing that settled it. */
void records_unsee(struct records *records);
bool records_see(struct records *records, const struct record_key *key,
                 const struct fs_stamp *stamp);

/* Calls `each` for every record, with the lock held, in an order that has nothing to do with the
 * table's: put back in that order, they do not crowd in one place of the next table. */
void records_each(struct records *records, void (*each)(void *owner, const struct record *record),
                  void *owner);
uint64_t records_count(struct records *records);
uint64_t records_version(struct records *records);

#endif
