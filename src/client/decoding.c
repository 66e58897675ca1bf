/* Content codings as a chain of stages: what came last on is undone first.
 *
 * Each stage writes to a buffer of fixed size and hands it on when it is full or the input is used
 * up, so a content that grows a thousandfold costs time but no memory. gzip may have several
 * members and zstd several frames [RFC 1952 §2.2, RFC 8878 §3]; a brotli stream ends by itself.
 * "deflate" is left out: we never ask for it, and servers mean two different things by it.
 */
#include "client/decoding.h"

#include "base/memory.h"
#include "client/limit.h"
#include "stet/coding.h"

#define ZLIB_CONST
#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

enum { DECODING_BUFFER = 65536, DECODING_MAGIC = 4 };

struct decoding_stage {
    enum stet_coding coding;
    bool begun; /* octets have come */
    bool whole; /* what came so far is complete */
    bool ready;
    unsigned frame; /* octets of a frame of zstd, counted up to DECODING_MAGIC */
    z_stream gzip;
    ZSTD_DStream *zstd;
    BrotliDecoderState *brotli;
    char *buffer;
};

struct decoding {
    decoding_sink *sink;
    void *owner;
    const char *words;
    size_t count;
    struct decoding_stage stages[CLIENT_CODINGS_MAX]; /* the first to undo first */
};

static const char damaged[] = "the compressed content is damaged";
static const char cut[] = "the compressed content is cut short";

/* ---- what was applied ---- */

/* The codings in the order of the field; false if one is unknown or there are too many. */
static bool decoding_list(const struct stet_head *head, enum stet_coding *to, size_t *count)
{
    struct stet_list list = stet_list_of(head, STET_FIELD_CONTENT_ENCODING);
    struct stet_span member;

    *count = 0;
    while (stet_list_next(&list, &member)) {
        const enum stet_coding coding = stet_coding_of(member);
        if (coding == STET_CODING_IDENTITY)
            continue;
        if (coding == STET_CODING_COUNT || *count == CLIENT_CODINGS_MAX)
            return false;
        to[(*count)++] = coding;
    }
    return true;
}

enum decoding_kind decoding_kind(const struct stet_head *head)
{
    enum stet_coding codings[CLIENT_CODINGS_MAX];
    size_t count;

    if (!decoding_list(head, codings, &count))
        return DECODING_UNKNOWN;
    return count ? DECODING_KNOWN : DECODING_NONE;
}

/* ---- stages ---- */

static bool stage_init(struct decoding_stage *stage, enum stet_coding coding)
{
    stage->coding = coding;
    stage->buffer = memory_new(DECODING_BUFFER);
    if (!stage->buffer)
        return false;
    if (coding == STET_CODING_GZIP)
        stage->ready = inflateInit2(&stage->gzip, 15 + 16) == Z_OK;
    else if (coding == STET_CODING_ZSTD)
        stage->ready = (stage->zstd = ZSTD_createDStream()) != NULL &&
                       !ZSTD_isError(ZSTD_DCtx_setParameter(stage->zstd, ZSTD_d_windowLogMax,
                                                            CLIENT_WINDOW_LOG_MAX));
    else
        stage->ready = (stage->brotli = BrotliDecoderCreateInstance(NULL, NULL, NULL)) != NULL;
    return stage->ready;
}

static void stage_fini(struct decoding_stage *stage)
{
    if (stage->coding == STET_CODING_GZIP && stage->ready)
        inflateEnd(&stage->gzip);
    ZSTD_freeDStream(stage->zstd);
    if (stage->brotli)
        BrotliDecoderDestroyInstance(stage->brotli);
    memory_free(stage->buffer);
}

/* Each of these takes octets off `*in`, fills the buffer and tells how much is in it. `whole` says
 * whether the content could end here. False: damaged. */
static bool stage_gzip(struct decoding_stage *stage, struct stet_span *in, size_t *made)
{
    z_stream *gzip = &stage->gzip;

    if (stage->whole && inflateReset(gzip) != Z_OK) /* one more member */
        return false;
    stage->whole = false;
    const size_t bite = in->len < INT32_MAX ? in->len : INT32_MAX;
    gzip->next_in = (const Bytef *)in->at;
    gzip->avail_in = (uInt)bite;
    gzip->next_out = (Bytef *)stage->buffer;
    gzip->avail_out = DECODING_BUFFER;
    const int result = inflate(gzip, Z_NO_FLUSH);
    stage->whole = result == Z_STREAM_END;
    *made = DECODING_BUFFER - gzip->avail_out;
    *in = stet_span_from(*in, bite - gzip->avail_in);
    return result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR;
}

static bool stage_zstd(struct decoding_stage *stage, struct stet_span *in, size_t *made)
{
    /* Where it sees all of a magic number at once the library also takes old, forgotten formats for
     * zstd; not one octet at a time. */
    const bool lead = stage->frame < DECODING_MAGIC && in->len > 0;
    ZSTD_inBuffer from = {in->at, lead ? 1 : in->len, 0};
    ZSTD_outBuffer to = {stage->buffer, DECODING_BUFFER, 0};
    const size_t result = ZSTD_decompressStream(stage->zstd, &to, &from);

    stage->whole = result == 0;
    stage->frame = stage->whole ? 0 : stage->frame + (lead ? 1 : 0);
    *made = to.pos;
    *in = stet_span_from(*in, from.pos);
    return !ZSTD_isError(result);
}

static bool stage_brotli(struct decoding_stage *stage, struct stet_span *in, size_t *made)
{
    const uint8_t *from = (const uint8_t *)in->at;
    uint8_t *to = (uint8_t *)stage->buffer;
    size_t left = in->len, room = DECODING_BUFFER;

    if (stage->whole) /* octets behind the end */
        return false;
    const BrotliDecoderResult result =
        BrotliDecoderDecompressStream(stage->brotli, &left, &from, &room, &to, NULL);
    stage->whole = result == BROTLI_DECODER_RESULT_SUCCESS;
    *made = DECODING_BUFFER - room;
    *in = stet_span_from(*in, in->len - left);
    return result != BROTLI_DECODER_RESULT_ERROR;
}

static bool stage_step(struct decoding_stage *stage, struct stet_span *in, size_t *made)
{
    stage->begun = true;
    switch (stage->coding) {
    case STET_CODING_GZIP:
        return stage_gzip(stage, in, made);
    case STET_CODING_ZSTD:
        return stage_zstd(stage, in, made);
    default:
        return stage_brotli(stage, in, made);
    }
}

/* ---- the chain ---- */

struct decoding *decoding_new(const struct stet_head *head, decoding_sink *sink, void *owner)
{
    struct decoding *decoding = memory_new_zero(sizeof *decoding);
    enum stet_coding codings[CLIENT_CODINGS_MAX];
    size_t count;

    if (!decoding)
        return NULL;
    decoding->sink = sink;
    decoding->owner = owner;
    decoding->words = "";
    decoding_list(head, codings, &count);
    while (count)
        if (!stage_init(&decoding->stages[decoding->count++], codings[--count])) {
            decoding_free(decoding);
            return NULL;
        }
    return decoding;
}

void decoding_free(struct decoding *decoding)
{
    if (!decoding)
        return;
    for (size_t i = 0; i < decoding->count; i++)
        stage_fini(&decoding->stages[i]);
    memory_free(decoding);
}

/* Octets for the stage `index`, or for the sink behind the last one. */
static bool decoding_into(struct decoding *decoding, size_t index, struct stet_span bytes)
{
    size_t made = DECODING_BUFFER;

    if (index == decoding->count)
        return decoding->sink(decoding->owner, bytes);
    /* A full buffer means that more may come without further input. */
    while (bytes.len || made == DECODING_BUFFER) {
        struct decoding_stage *stage = &decoding->stages[index];
        if (!bytes.len && stage->whole)
            return true;
        if (!stage_step(stage, &bytes, &made)) {
            decoding->words = damaged;
            return false;
        }
        if (made && !decoding_into(decoding, index + 1, stet_span(stage->buffer, made)))
            return false;
    }
    return true;
}

bool decoding_feed(struct decoding *decoding, struct stet_span bytes)
{
    return bytes.len == 0 || decoding_into(decoding, 0, bytes);
}

bool decoding_end(struct decoding *decoding)
{
    for (size_t i = 0; i < decoding->count; i++)
        if (decoding->stages[i].begun && !decoding->stages[i].whole) {
            decoding->words = cut;
            return false;
        }
    return true;
}

const char *decoding_words(const struct decoding *decoding)
{
    return decoding->words;
}
