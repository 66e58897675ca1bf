/* Storage: stored responses on disk, one folder for all processes of a user.
 *
 * A stored response is two files: the head (text lines, what libstet keeps of it, and checksums)
 * and the content. Both are written beside, synced and renamed, so that a process that is killed at
 * any moment leaves the old or the new and never half of one; what does not fit its checksum is
 * treated as absent and removed. Processes share it by advisory locks that die with them.
 */
#ifndef CLIENT_STORAGE_H
#define CLIENT_STORAGE_H

#include "client/message.h"
#include "stet/policy.h"

#include <stdint.h>

struct storage;

/* A stored response; owns what it points to. */
struct storage_entry {
    struct message request; /* the fields that Vary names, as they were sent */
    struct message response;
    struct stet_stored stored;
    char content_path[64]; /* of the content, below the folder */
    uint64_t content_size;
    uint64_t number; /* of the entry among those of its key */
};

/* Opens (makes, if need be, for this user alone) the folder. NULL: `*error` says why, in words. */
struct storage *storage_open(const char *folder, uint64_t size_max, const char **error);
void storage_close(struct storage *storage);

/* All entries of a key (D-38, with credentials' digest where the request has some), the array for
 * storage_entries_free. Damaged ones are removed and not told. */
size_t storage_find(struct storage *storage, struct stet_span key, struct storage_entry **entries);
void storage_entries_free(struct storage_entry *entries, size_t count);

/* A descriptor of an entry's content, for reading; stays true however the entry fares meanwhile.
 * -1 when it has gone or does not fit its checksum (which is checked when `verify`). */
int storage_content(struct storage *storage, const struct storage_entry *entry, bool verify);

/* Writing one: begin, any number of writes, then commit or abandon. */
struct storage_draft;
struct storage_draft *storage_begin(struct storage *storage, struct stet_span key);
bool storage_write(struct storage_draft *draft, struct stet_span bytes);
/* Takes the place of `replaces` (its number) or is added when 0. The draft is freed in any case.
 * False: the old is as it was. */
bool storage_commit(struct storage_draft *draft, const struct storage_entry *head,
                    uint64_t replaces);
void storage_abandon(struct storage_draft *draft);

/* A new head for an entry whose content stays: after a 304. False: the old is as it was. */
bool storage_renew(struct storage *storage, struct stet_span key,
                   const struct storage_entry *entry);

/* Removes all entries of a key, or one. */
void storage_remove(struct storage *storage, struct stet_span key, uint64_t number /* 0: all */);

/* Removes the least recently used until the size fits. Called by itself now and then. */
void storage_evict(struct storage *storage);

#endif
