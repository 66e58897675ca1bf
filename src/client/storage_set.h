/* The file of a set: what is known of all responses stored for one URL, as lines of text.
 */
#ifndef CLIENT_STORAGE_SET_H
#define CLIENT_STORAGE_SET_H

#include "base/text.h"
#include "client/storage.h"

enum storage_loaded {
    STORAGE_LOADED,
    STORAGE_ABSENT,
    STORAGE_DAMAGED,   /* it is not what was written */
    STORAGE_UNREADABLE /* it was written so, but memory is out, or we may not read it */
};

/* Reads a file. Unless it is STORAGE_LOADED `*set` is empty. `*key` borrows from `file`. Content
 * paths are not known here. */
enum storage_loaded storage_set_read(struct stet_span file, struct stet_span *key,
                                     struct storage_set *set);

/* Writes one. False: it has what no file can hold (control octets, too much of something), or
 * memory is out. */
bool storage_set_write(struct stet_span key, const struct storage_set *set, struct text *to);

/* It cannot be written because all of it together takes more than CLIENT_SET_SIZE_MAX. */
bool storage_set_is_large(struct stet_span key, const struct storage_set *set);

/* Adds an entry at the end and takes what it owns. False when memory is out: nothing is taken. */
bool storage_set_add(struct storage_set *set, struct storage_entry *entry);

/* Takes the entry at `index` out and frees it. */
void storage_set_drop(struct storage_set *set, size_t index);

/* The one with this number, or NULL. */
struct storage_entry *storage_set_number(const struct storage_set *set, uint64_t number);

/* Two hexadecimal digits for each octet. */
void storage_hex_write(const uint8_t *octets, size_t count, char *to);

#endif
