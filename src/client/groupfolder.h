/* Folders of groups: all members are exchanged in one step, or none.
 *
 * What comes goes to a new folder beside, which then takes the place of the old one. Members that
 * are the same are the old files themselves; if all are, the folder stays as it is. A folder that
 * holds anything but members is not touched.
 */
#ifndef CLIENT_GROUPFOLDER_H
#define CLIENT_GROUPFOLDER_H

#include "client/group.h"

struct groupfolder {
    const char *path; /* of the group */
    char beside[4096];
    char words[512]; /* what went wrong */
};

/* Looks whether the folder may be exchanged and makes an empty one beside, with the folders that
 * members go to. False, as with all: words. */
bool groupfolder_open(struct groupfolder *folder, const struct group *group, const char *path);

/* The path of a member in the new folder; false if it is too long. */
bool groupfolder_member(const struct groupfolder *folder, const struct group_member *member,
                        char *to, size_t room);

/* Exchanges, without what is no member's; `*changed` tells whether any member is another one now.
 */
bool groupfolder_commit(struct groupfolder *folder, const struct group *group, bool *changed);

/* Removes what was not committed, or what was exchanged. */
void groupfolder_close(struct groupfolder *folder);

#endif
