/* Signposts as entries without a head.
 *
 *     content:  one octet, not 0 if mixed | names
 *
 * Names and sign are content and no part of the key, so that a look-up need not know them.
 */
#include "cache/signpost.h"

#include "base/check.h"

struct entry *signpost_new(const struct entry_key *key, struct stet_span url,
                           const struct signpost *says)
{
    const char mixed = says->mixed;
    const uint64_t size = 1 + says->names.len;
    if (size > UINT16_MAX)
        return NULL; /* would not lie together */
    struct entry *entry = entry_new(key, url, STET_SPAN_NONE, NULL, size);
    if (!entry)
        return NULL;
    const bool done =
        entry_append(entry, &mixed, 1) && entry_append(entry, says->names.at, says->names.len);
    CHECK(done); /* there was room */
    entry_seal(entry, true);
    return entry;
}

struct signpost signpost_read(const struct entry *entry)
{
    const char *bytes = NULL;
    const size_t size = entry_read(entry, 0, &bytes);
    CHECK(size > 0 && size == entry_length(entry));
    return (struct signpost){stet_span(bytes + 1, size - 1), bytes[0] != 0};
}
