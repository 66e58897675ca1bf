/* What the rooms of the storage share.
 */
#ifndef CLIENT_STORAGE_PARTS_H
#define CLIENT_STORAGE_PARTS_H

#include "client/storage_set.h"

enum { STORAGE_SECRET_SIZE = 32, STORAGE_BASE_SIZE = 38 };

struct storage {
    int folder; /* of this version */
    uint64_t size_max;
    uint64_t damaged;
    uint8_t secret[STORAGE_SECRET_SIZE];
};

/* Where the set of a key is: the folder that it shares with others, and its name in there. */
struct storage_place {
    int folder;  /* -1: none */
    bool locked; /* by `lock`, a descriptor */
    int lock;
    int64_t generation; /* of the folder when it was locked */
    char bucket[3];
    char base[STORAGE_BASE_SIZE + 1];
};

/* Opens the place of a key, and makes its folder if `make`. False: there is none. */
bool storage_place_open(const struct storage *storage, struct stet_span key, bool make,
                        struct storage_place *place);

/* The same for a content path. */
bool storage_place_of(const struct storage *storage, const char *content_path,
                      struct storage_place *place);

/* From here on to storage_place_close no other process changes anything in the folder. False: it
 * could not be had in time. */
bool storage_place_lock(struct storage_place *place);
void storage_place_close(struct storage_place *place);

/* Counts the generation on; no lock is needed for that. */
void storage_place_advance(struct storage_place *place);

/* Nobody has counted on since it was locked, and the lock still keeps others out: what was read
 * then may be written. */
bool storage_place_stands(const struct storage_place *place);

/* Locks a descriptor, waiting as long as is reasonable. */
bool storage_lock(int fd);

/* Reads the set at a place. `key` may be NULL: any. Otherwise `set` is empty. */
enum storage_loaded storage_load(const struct storage_place *place, const struct stet_span *key,
                                 struct storage_set *set);

/* Puts a set in its place, in a locked folder; an empty one is removed. False: the old stands. */
bool storage_save(const struct storage_place *place, struct stet_span key,
                  const struct storage_set *set);

/* Removes all that is at a locked place; returns the octets that it took. */
uint64_t storage_clear(const struct storage_place *place);

/* Removes one content. */
void storage_content_remove(const struct storage_place *place, uint64_t number);

/* Names. */
enum { STORAGE_NAME_SIZE = STORAGE_BASE_SIZE + 1 + 16 + 1 };
void storage_content_name(const struct storage_place *place, uint64_t number,
                          char to[STORAGE_NAME_SIZE]);

/* A new file in a folder for what is not ready: locked by this process, gone for all if it dies.
 * -1: there is no room, or no permission. */
int storage_draft_open(int folder, char name[STORAGE_NAME_SIZE]);
bool storage_write_all(int fd, const char *octets, size_t size);

/* Counts octets that came or went; evicts when there are too many, or when it is time to look. */
void storage_count(struct storage *storage, int64_t octets);

#endif
