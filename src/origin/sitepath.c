/* Judges the path of a request before the file system sees it.
 *
 * The tree is fenced by the kernel as well (io/fs.h); here is decided what is shown of it.
 */
#include "origin/sitepath.h"

#include <limits.h>

static const struct stet_span sitepath_index = {"index.html", 10};

bool sitepath_hidden(struct stet_span segment, bool in_root)
{
    /* [RFC 8615 §3] */
    return segment.len > 0 && segment.at[0] == '.' &&
           !(in_root && stet_span_equal(segment, STET_SPAN(".well-known")));
}

/* Every segment names something to be seen. */
static bool sitepath_segments_valid(struct stet_span rest)
{
    for (bool in_root = true;; in_root = false) {
        struct stet_span segment = stet_span(rest.at, stet_span_find(rest, '/'));
        if (segment.len == 0 || segment.len > NAME_MAX || sitepath_hidden(segment, in_root))
            return false;
        if (segment.len == rest.len)
            return true;
        rest = stet_span_from(rest, segment.len + 1);
    }
}

enum sitepath_kind sitepath_read(struct stet_span path, char to[SITEPATH_ROOM])
{
    if (path.len == 0 || path.at[0] != '/' || memchr(path.at, '\0', path.len))
        return SITEPATH_NONE;
    struct stet_span rest = stet_span_from(path, 1);
    const bool directory = path.at[path.len - 1] == '/';
    const struct stet_span named = stet_span(rest.at, rest.len - (directory && rest.len > 0));
    if (rest.len > 0 && !sitepath_segments_valid(named))
        return SITEPATH_NONE;
    if (rest.len + sitepath_index.len >= SITEPATH_ROOM)
        return SITEPATH_NONE;
    memcpy(to, rest.at, rest.len);
    to[rest.len] = '\0';
    if (!directory)
        return SITEPATH_FILE;
    memcpy(to + rest.len, sitepath_index.at, sitepath_index.len);
    to[rest.len + sitepath_index.len] = '\0';
    return SITEPATH_DIRECTORY;
}

void sitepath_cut(char *path)
{
    char *slash = strrchr(path, '/');
    *(slash ? slash : path) = '\0';
}
