/* Groups: URLs whose contents must fit together, and whether what came does.
 *
 * A group is described by a text file, a member a line; "#" begins a comment:
 *
 *     URL FILE                    fits if it is still the same when all have come
 *     URL FILE in INDEX NAME      fits if INDEX (the FILE of another member) lists NAME with its
 *                                 size and SHA-256, as the Release files of Debian do
 *
 * FILE is where it goes below the folder of the group: a relative path without "." and "..".
 */
#ifndef CLIENT_GROUP_H
#define CLIENT_GROUP_H

#include "stet/span.h"

struct group_member {
    char *url, *file;
    char *name;   /* in the index; NULL if no index lists it */
    size_t index; /* the member that does */
};

struct group {
    struct group_member *members;
    size_t count;
};

/* Reads a description. False: `words` says what is wrong and in which line. */
bool group_read(struct group *group, struct stet_span text, char *words, size_t room);

void group_fini(struct group *group);

/* Members without an index that must be asked about once more: all, or none if there is but one. */
bool group_asks_again(const struct group *group);

/* What an index says of a name. */
struct group_listed {
    uint64_t size;
    uint8_t digest[32];
};

/* Looks `name` up in the section "SHA256:" of an index: lines " DIGEST SIZE NAME". False if it is
 * not listed, or listed in two ways. */
bool group_listed(struct stet_span index, struct stet_span name, struct group_listed *to);

/* Does what lies in `folder` fit, as far as indexes tell? False: `words` says which member does
 * not, and why. */
bool group_fits(const struct group *group, const char *folder, char *words, size_t room);

#endif
