/* Storage: stored responses on disk, one folder for all processes of a user.
 *
 *     FOLDER/v1/ab/0123...            the set of a URL: what is known of each response stored for
 * it /0123....NUMBER     the content of one of them
 *
 * What is written is written beside, synced and renamed, so that a process that is killed at any
 * moment leaves the old or the new and never half of one; what does not fit its checksum is treated
 * as absent and removed. Processes share it by advisory locks that die with them. A folder of
 * another version is left alone.
 */
#ifndef CLIENT_STORAGE_H
#define CLIENT_STORAGE_H

#include "client/message.h"
#include "stet/parts.h"
#include "stet/policy.h"

#include <stdint.h>

struct storage;

#define STORAGE_DIGEST_SIZE 32
#define STORAGE_CREDENTIALS_SIZE 16

/* A stored response; owns what it points to. */
struct storage_entry {
    uint64_t number; /* names it among all of its set, and its content; never 0, never used twice */
    char *selection; /* what stet_vary_select wrote; NULL: it has no Vary */
    size_t selection_size;
    char credentials[STORAGE_CREDENTIALS_SIZE + 1]; /* storage_credentials; "": there were none */
    struct message response;
    struct stet_stored stored;
    uint64_t content_size;               /* octets that are here */
    uint64_t first;                      /* of a part: where it begins in the whole content */
    uint64_t length;                     /* of the whole content */
    uint8_t digest[STORAGE_DIGEST_SIZE]; /* SHA-256 of what is here */
    char content_path[64];               /* below the folder; "" if there is no content */
    int64_t generation; /* storage_generation when it was asked for; 0: not asked */
};

/* The stored responses of one URL; owns `entries`. */
struct storage_set {
    struct storage_entry *entries;
    size_t count;
};

/* Opens (makes, if need be, for this user alone) the folder. At most `size_max` octets are kept,
 * heads included. NULL: `*error` says why, in words. A file system that is full is an error of
 * writing and nothing more: the process no longer dies of SIGXFSZ. */
struct storage *storage_open(const char *folder, uint64_t size_max, const char **error);
void storage_close(struct storage *storage);

/* False: its folder was removed, and what is stored from now on is lost. */
bool storage_stands(const struct storage *storage);

/* All responses of a key (D-38), for storage_set_fini. Damaged ones are removed and not told.
 * It counts as a use, and is how the least recently used is known. */
struct storage_set storage_find(struct storage *storage, struct stet_span key);
void storage_set_fini(struct storage_set *set);

/* Empties an entry and frees what it owns. */
void storage_entry_fini(struct storage_entry *entry);

/* A descriptor of an entry's content, for reading, at its start; stays true however the entry fares
 * meanwhile. With `verify` all of it is held against its checksum before. -1 when it has gone or
 * does not fit, and then the entry is removed. */
int storage_content(struct storage *storage, const struct storage_entry *entry, bool verify);

/* Tells whether what comes is still true: it is another one as soon as anything has been marked in
 * the folder of this key. Taken before a request is sent and given to the entry that the answer
 * makes or renews: that is marked if the two differ when it is written, since an unsafe request may
 * have changed meanwhile what it is of. -1, which differs from all: it is not to be had. */
int64_t storage_generation(const struct storage *storage, struct stet_span key);

/* Writing one: begin, any number of writes, then commit or abandon. NULL: it cannot be written. A
 * write that fails (no space) is false at once and makes the commit fail. */
struct storage_draft;
struct storage_draft *storage_begin(struct storage *storage, struct stet_span key);
bool storage_write(struct storage_draft *draft, struct stet_span bytes);

/* Adds it; what has the same credentials, method and selection gives way, and so does the entry
 * with the number `replaces` (0: none). Of `entry` the facts about the content are set here. The
 * draft is freed in any case. False: the old is as it was. */
bool storage_commit(struct storage_draft *draft, struct storage_entry *entry, uint64_t replaces);
void storage_abandon(struct storage_draft *draft);

/* A new head for an entry whose content stays: after a 304. Its generation is looked at as by
 * storage_commit. False: it is as it was, or gone. */
bool storage_renew(struct storage *storage, struct stet_span key,
                   const struct storage_entry *entry);

/* All entries of a key are validated before their next use [RFC 9111 §4.4], and so is what is being
 * fetched for it. When that cannot be written they are removed. */
void storage_mark(struct storage *storage, struct stet_span key);

/* Removes one entry of a key, or all (number 0). */
void storage_remove(struct storage *storage, struct stet_span key, uint64_t number);

/* Writes a digest of credentials (any text) under a secret of this storage, as text, to
 * `to`. */
void storage_credentials(const struct storage *storage, struct stet_span credentials,
                         char to[STORAGE_CREDENTIALS_SIZE + 1]);

/* Removes the least recently used until the size fits, and what killed processes left behind.
 * Called by storage_commit when it is time. Returns the octets that are left. */
uint64_t storage_evict(struct storage *storage);

/* How many damaged sets and contents this process has met. */
uint64_t storage_damaged(const struct storage *storage);

#endif
