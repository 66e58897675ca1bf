/* Lays stretches together: always the one next that reaches farthest.
 *
 * What is lent keeps its lender's memory, also what lies outside the piece. Where that would be as
 * much again as the content, it is better to copy: so overlapping parts cost at most twice what
 * they hold, whatever ranges clients ask for.
 */
#include "cache/mosaic.h"

bool mosaic_add(struct mosaic *mosaic, struct entry *entry, const struct stet_parts *parts)
{
    uint64_t offset = 0;
    if (parts->count > MOSAIC_MAX - mosaic->count)
        return false;
    for (size_t i = 0; i < parts->count; i++) {
        mosaic->at[mosaic->count++] = (struct mosaic_piece){parts->at[i], entry, offset};
        offset += parts->at[i].last - parts->at[i].first + 1;
    }
    return true;
}

/* Of the pieces that have the octet `next`, the one that reaches farthest; if none has it, the one
 * that begins next. NULL at the end. */
static const struct mosaic_piece *mosaic_next(const struct mosaic *mosaic, uint64_t next)
{
    const struct mosaic_piece *best = NULL;
    for (size_t i = 0; i < mosaic->count; i++) {
        const struct mosaic_piece *at = &mosaic->at[i];
        if (at->range.last < next)
            continue;
        const bool has = at->range.first <= next, best_has = best && best->range.first <= next;
        if (!best || (has && (!best_has || at->range.last > best->range.last)) ||
            (!has && !best_has && at->range.first < best->range.first))
            best = at;
    }
    return best;
}

bool mosaic_lay(struct mosaic *mosaic)
{
    struct mosaic_piece laid[MOSAIC_MAX] = {0};
    const struct mosaic_piece *at;
    uint64_t next = 0;
    size_t count = 0;

    mosaic->parts.count = 0;
    /* each piece ends behind the one before it, so none comes twice */
    while (next < mosaic->parts.length && (at = mosaic_next(mosaic, next)) != NULL) {
        const uint64_t first = at->range.first > next ? at->range.first : next;
        laid[count] = *at;
        laid[count].offset += first - at->range.first;
        laid[count].range.first = first;
        if (!stet_parts_add(&mosaic->parts, laid[count].range))
            return false;
        next = laid[count++].range.last + 1;
    }
    mosaic->count = count;
    memcpy(mosaic->at, laid, count * sizeof laid[0]);
    return count > 0;
}

static uint64_t piece_length(const struct mosaic_piece *piece)
{
    return piece->range.last - piece->range.first + 1;
}

uint64_t mosaic_length(const struct mosaic *mosaic)
{
    uint64_t length = 0;
    for (size_t i = 0; i < mosaic->count; i++)
        length += piece_length(&mosaic->at[i]);
    return length;
}

bool mosaic_is_wasteful(const struct mosaic *mosaic)
{
    enum { SMALL = 65536 };
    uint64_t kept = 0;
    for (size_t i = 0; i < mosaic->count; i++) {
        size_t before = 0;
        while (mosaic->at[before].entry != mosaic->at[i].entry)
            before++;
        if (before == i)
            kept += entry_size(mosaic->at[i].entry);
    }
    const uint64_t length = mosaic_length(mosaic);
    return length < SMALL || kept / 2 > length;
}

bool mosaic_copy(const struct mosaic_piece *piece, struct entry *to)
{
    uint64_t offset = piece->offset, left = piece_length(piece);
    const char *bytes = NULL;
    while (left > 0) {
        size_t size = entry_read(piece->entry, offset, &bytes);
        if (size > left)
            size = (size_t)left;
        if (size == 0 || !entry_append(to, bytes, size))
            return false;
        offset += size;
        left -= size;
    }
    return true;
}

bool mosaic_fill(const struct mosaic *mosaic, struct entry *entry, bool copied)
{
    for (size_t i = 0; i < mosaic->count; i++) {
        const struct mosaic_piece *at = &mosaic->at[i];
        if (!(copied ? mosaic_copy(at, entry)
                     : entry_lend(entry, at->entry, at->offset, piece_length(at))))
            return false;
    }
    return true;
}
