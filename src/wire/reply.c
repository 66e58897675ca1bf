/* Answers seen as a protocol sees them: the lines of a block, the words for a status.
 *
 * A block was made by this program, so a line in it that is none is a bug and dies.
 */
#include "wire/reply.h"

#include "base/check.h"

bool reply_block_next(struct stet_span *block, struct stet_span *name, struct stet_span *value)
{
    if (block->len == 0)
        return false;
    size_t end = stet_span_find(*block, '\n');
    CHECK(end > 0 && end < block->len && block->at[end - 1] == '\r');
    struct stet_span line = stet_span(block->at, end - 1);
    size_t colon = stet_span_find(line, ':');
    CHECK(colon > 0 && colon < line.len);
    *name = stet_span(line.at, colon);
    *value = stet_span_trim(stet_span_from(line, colon + 1));
    *block = stet_span_from(*block, end + 1);
    return true;
}

bool reply_status_has_content(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

struct stet_span reply_reason_phrase(int status)
{
    switch (status) {
#define STATUS(code, phrase) \
    case code:               \
        return STET_SPAN(phrase);
#include "wire/status.tbl"
#undef STATUS
    default:
        return STET_SPAN_NONE;
    }
}
