/* Entity tags: the walk over a list agrees with a slow one that divides first and judges then. */
#include <string.h>

#include "stet/etag.h"

#include "fuzz.h"

/* One tag read by the letter of the grammar. */
static struct stet_etag slow_read(const char *at, size_t len)
{
    struct stet_etag none = STET_ETAG_NONE;
    bool weak = len >= 2 && at[0] == 'W' && at[1] == '/';
    size_t from = weak ? 2 : 0;
    if (len < from + 2 || at[from] != '"' || at[len - 1] != '"')
        return none;
    for (size_t i = from + 1; i < len - 1; i++) {
        unsigned char byte = (unsigned char)at[i];
        if (byte < 0x21 || byte == 0x22 || byte == 0x7f)
            return none;
    }
    return (struct stet_etag){stet_span(at + from + 1, len - from - 2), weak};
}

/* What the slow walk finds in one line. */
struct found {
    struct stet_etag tags[512];
    size_t count;   /* of usable tags */
    size_t members; /* not empty */
    size_t stars;
    bool unclosed;
};

static void slow_member(struct found *found, const char *at, size_t len)
{
    while (len && (*at == ' ' || *at == '\t')) {
        at++;
        len--;
    }
    while (len && (at[len - 1] == ' ' || at[len - 1] == '\t'))
        len--;
    if (len == 0)
        return;
    found->members++;
    found->stars += len == 1 && *at == '*';
    struct stet_etag tag = slow_read(at, len);
    if (stet_etag_present(tag))
        found->tags[found->count++] = tag;
}

static void slow_line(struct found *found, const char *at, size_t len)
{
    bool inside = false;
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        if (at[i] == '"')
            inside = !inside;
        if (at[i] == ',' && !inside) {
            slow_member(found, at + from, i - from);
            from = i + 1;
        }
    }
    slow_member(found, at + from, len - from);
    found->unclosed = found->unclosed || inside;
}

static void compared(const struct stet_head *head, const struct found *found)
{
    enum stet_etag_list_kind want = STET_ETAGS_LIST;
    if (found->stars)
        want = found->members == 1 ? STET_ETAGS_ANY : STET_ETAGS_MIXED;
    must(stet_etags_kind(head, STET_FIELD_IF_NONE_MATCH) == want);

    struct stet_list list = stet_list_of(head, STET_FIELD_IF_NONE_MATCH);
    struct stet_etag tag;
    size_t count = 0;
    while (stet_etags_next(&list, &tag)) {
        must(count < found->count);
        must(tag.weak == found->tags[count].weak);
        must(tag.opaque.at == found->tags[count].opaque.at);
        must(tag.opaque.len == found->tags[count].opaque.len);
        must(stet_etag_equal_weak(tag, found->tags[count]));
        must(stet_etag_equal_strong(tag, found->tags[count]) == !tag.weak);
        count++;
    }
    must(count == found->count);
    must(list.unclosed == found->unclosed);
}

/* Input: lines of the field, divided by line feeds. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct found found;
    struct stet_field storage[8];
    struct stet_head head = {0};
    const char *at = (const char *)data, *end = at + size;
    if (size > 1024)
        return 0;
    memset(&found, 0, sizeof found);
    while (head.count < 8) {
        const char *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        if (!stop)
            stop = end;
        struct stet_span line = stet_span(at, (size_t)(stop - at));
        struct stet_etag whole = stet_etag_read(line), slow = slow_read(line.at, line.len);
        must(stet_etag_present(whole) == stet_etag_present(slow) && whole.weak == slow.weak);
        stet_head_add(&head, storage, STET_SPAN("If-None-Match"), line);
        slow_line(&found, line.at, line.len);
        if (stop == end)
            break;
        at = stop + 1;
    }
    compared(&head, &found);
    return 0;
}
