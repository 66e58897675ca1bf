/* Snapshots: blocks of "name value" lines, written and read.
 *
 * A file of lines can be compared, sorted and edited with the tools that everybody has. Values that
 * would break a line never come: field values hold no line ends, and URLs are checked.
 */
#include "audit/snapshot.h"

#include "base/memory.h"

#include <stdio.h>

static char *snapshot_copy(struct stet_span text)
{
    char *copy = memory_new(text.len + 1);

    if (copy) {
        if (text.len)
            memcpy(copy, text.at, text.len);
        copy[text.len] = '\0';
    }
    return copy;
}

static void snapshot_fini(struct snapshot *snapshot)
{
    memory_free(snapshot->url);
    memory_free(snapshot->coding);
    memory_free(snapshot->etag);
    memory_free(snapshot->modified);
}

/* Takes `snapshot`, in any case. */
static bool snapshots_append(struct snapshots *snapshots, struct snapshot *snapshot)
{
    if (snapshots->count == snapshots->room) {
        size_t room = snapshots->room ? 2 * snapshots->room : 8;
        struct snapshot *at = memory_grow(snapshots->at, room * sizeof *at);
        if (at) {
            snapshots->at = at;
            snapshots->room = room;
        }
    }
    if (snapshots->count == snapshots->room || !snapshot->url || !snapshot->coding ||
        !snapshot->etag || !snapshot->modified) {
        snapshot_fini(snapshot);
        return false;
    }
    snapshots->at[snapshots->count++] = *snapshot;
    return true;
}

static struct stet_span value_of(const struct probe *probe, enum stet_field_id id)
{
    return stet_head_single(&probe->response.head, id);
}

bool snapshots_add(struct snapshots *snapshots, const char *url, const char *coding,
                   const struct probe *probe)
{
    struct snapshot snapshot = {.url = snapshot_copy(stet_span_of(url)),
                                .coding = snapshot_copy(stet_span_of(coding)),
                                .etag = snapshot_copy(value_of(probe, STET_FIELD_ETAG)),
                                .modified =
                                    snapshot_copy(value_of(probe, STET_FIELD_LAST_MODIFIED)),
                                .length = probe->length};

    memcpy(snapshot.digest, probe->digest, PROBE_DIGEST);
    return snapshots_append(snapshots, &snapshot);
}

/* ---- reading ---- */

static int hex_of(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

static bool read_digest(struct stet_span text, uint8_t *to)
{
    if (text.len != 2 * PROBE_DIGEST)
        return false;
    for (size_t i = 0; i < PROBE_DIGEST; i++) {
        const int high = hex_of(text.at[2 * i]), low = hex_of(text.at[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        to[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* What is known of a block so far. */
struct block {
    struct stet_span url, coding, etag, modified;
    uint64_t length;
    uint8_t digest[PROBE_DIGEST];
    bool has_length, has_digest;
};

static const char *block_line(struct block *block, struct stet_span line)
{
    const size_t gap = stet_span_find(line, ' ');
    const struct stet_span name = stet_span(line.at, gap);
    const struct stet_span value = stet_span_trim(stet_span_from(line, gap));

    if (stet_span_equal(name, STET_SPAN("url")))
        block->url = value;
    else if (stet_span_equal(name, STET_SPAN("coding")))
        block->coding = value;
    else if (stet_span_equal(name, STET_SPAN("etag")))
        block->etag = value;
    else if (stet_span_equal(name, STET_SPAN("modified")))
        block->modified = value;
    else if (stet_span_equal(name, STET_SPAN("length")))
        block->has_length = stet_span_number(value, UINT64_MAX, &block->length);
    else if (stet_span_equal(name, STET_SPAN("sha256")))
        block->has_digest = read_digest(value, block->digest);
    else
        return "no such line in a snapshot (url, coding, etag, modified, length, sha256)";
    return NULL;
}

static const char *block_end(struct block *block, struct snapshots *snapshots)
{
    struct snapshot snapshot = {.length = block->length};

    if (!block->url.at)
        return NULL;
    if (!block->url.len || !block->coding.len || !block->has_length || !block->has_digest)
        return "a snapshot needs url, coding, length (a number) and sha256 (64 hexadecimal digits)";
    snapshot.url = snapshot_copy(block->url);
    snapshot.coding = snapshot_copy(block->coding);
    snapshot.etag = snapshot_copy(block->etag);
    snapshot.modified = snapshot_copy(block->modified);
    memcpy(snapshot.digest, block->digest, PROBE_DIGEST);
    *block = (struct block){0};
    return snapshots_append(snapshots, &snapshot) ? NULL : "out of memory";
}

static struct stet_span take_line(struct stet_span *text)
{
    const size_t len = stet_span_find(*text, '\n');
    const struct stet_span line = stet_span(text->at, len);

    *text = stet_span_from(*text, len + 1);
    return line;
}

const char *snapshots_read(struct snapshots *snapshots, struct stet_span text, size_t *line)
{
    struct block block = {0};
    const char *wrong = NULL;

    *line = 1;
    if (!stet_span_equal(take_line(&text), STET_SPAN("stet-snapshot 1")))
        return "this is no snapshot: its first line is not \"stet-snapshot 1\"";
    while (!wrong && text.len) {
        const struct stet_span next = take_line(&text);
        ++*line;
        wrong = next.len ? block_line(&block, next) : block_end(&block, snapshots);
    }
    return wrong ? wrong : block_end(&block, snapshots);
}

/* ---- writing ---- */

static void snapshot_write(const struct snapshot *snapshot, struct text *to)
{
    text_say(to, "\nurl %s\ncoding %s\n", snapshot->url, snapshot->coding);
    if (snapshot->etag[0])
        text_say(to, "etag %s\n", snapshot->etag);
    if (snapshot->modified[0])
        text_say(to, "modified %s\n", snapshot->modified);
    text_say(to, "length %llu\nsha256 ", (unsigned long long)snapshot->length);
    for (size_t i = 0; i < PROBE_DIGEST; i++)
        text_say(to, "%02x", snapshot->digest[i]);
    text_say(to, "\n");
}

void snapshots_write(const struct snapshots *snapshots, struct text *to)
{
    text_say(to, "stet-snapshot 1\n");
    for (size_t i = 0; i < snapshots->count; i++)
        snapshot_write(&snapshots->at[i], to);
}

const struct snapshot *snapshots_find(const struct snapshots *snapshots, const char *url,
                                      const struct snapshot *from)
{
    const struct snapshot *end = snapshots->at ? snapshots->at + snapshots->count : NULL;

    for (const struct snapshot *at = from ? from : snapshots->at; at != end; at++)
        if (strcmp(at->url, url) == 0)
            return at;
    return NULL;
}

void snapshots_fini(struct snapshots *snapshots)
{
    for (size_t i = 0; i < snapshots->count; i++)
        snapshot_fini(&snapshots->at[i]);
    memory_free(snapshots->at);
    *snapshots = (struct snapshots){0};
}
