/* Groups: what is read as one has members that stay below their folder, each with its index above
 * it; and an index lists a name in one way or not at all. */
#include "client/group.h"

#include "fuzz.h"

static void member_tried(const struct group *group, size_t index)
{
    const struct group_member *member = &group->members[index];

    must(member->url[0] && member->file[0] && member->file[0] != '/');
    must(!strstr(member->file, "//") && strcmp(member->file, "..") != 0);
    must(!strstr(member->file, "/../") && strncmp(member->file, "../", 3) != 0);
    must(!member->name || member->index < index);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct stet_span text = {(const char *)data, size};
    struct group_listed listed;
    struct group group;
    char words[256];

    words[0] = '\0';
    if (group_read(&group, text, words, sizeof words)) {
        must(group.count > 0);
        for (size_t i = 0; i < group.count; i++)
            member_tried(&group, i);
    } else {
        must(words[0] != '\0');
    }
    group_fini(&group);
    if (group_listed(text, STET_SPAN("main/Packages"), &listed))
        must(size > 64 + sizeof "SHA256:" + sizeof "main/Packages");
    return 0;
}
