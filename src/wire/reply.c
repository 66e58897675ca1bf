/* Answers seen as a protocol sees them: the lines of a block, the words for a status.
 *
 * A block was made by this program, so a line in it that is none is a bug and dies.
 */
#include "wire/reply.h"

#include "base/check.h"

void reply_check(const struct reply *reply, enum stet_method method)
{
    const struct chunk *chunk = reply->chunk;
    const bool head_only = method == STET_METHOD_HEAD;

    CHECK((reply->content != REPLY_NO_CONTENT) == reply_status_has_content(reply->status));
    if (reply->content == REPLY_LENGTH && chunk)
        CHECK(reply->from <= chunk->len && reply->length <= chunk->len - reply->from);
    if (reply->content == REPLY_LENGTH && reply->length)
        CHECK(chunk || reply->body || head_only);
    if (reply->content == REPLY_UNKNOWN_LENGTH)
        CHECK(reply->body || head_only);
    if (method == STET_METHOD_CONNECT)
        CHECK(reply->status / 100 != 2); /* the client would begin a tunnel [RFC 9112 §6.3] */
}

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
#include "stet/phrase.tbl"
#undef STATUS
    default:
        return STET_SPAN_NONE;
    }
}
