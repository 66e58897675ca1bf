/* Gives each content its smaller forms, once, off the loop.
 *
 * The first client that wants a form waits for it, so the levels are chosen by size such that this
 * takes some 20 ms up to 128 KiB and 200 ms at 4 MiB; a level more saves a hundredth of the size
 * and costs twice the time.
 *
 * Given up: streams. What is larger than the memory for one file is not coded at all. The coding
 * libraries allocate by themselves, past base/memory.h.
 */
#include "origin/coder.h"

#include "base/memory.h"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <libdeflate.h>
#include <zstd.h>

enum {
    CODER_SAVING_MIN = 64,
    CODER_SAVING_PART = 20,
    CODER_WINDOW_MAX = 23 /* 8 MiB: what a recipient of zstd must be able to hold */
};

/* The level for contents up to a size. */
struct coder_level {
    size_t size;
    int gzip;
    int zstd;
    int brotli;
};

static const struct coder_level coder_levels[] = {
    {(size_t)32 << 10, 11, 17, 10},
    {(size_t)256 << 10, 9, 15, 8},
    {(size_t)1 << 20, 7, 12, 7},
    {SIZE_MAX, 6, 9, 5},
};

static const struct coder_level *coder_level_of(size_t len)
{
    const struct coder_level *level = coder_levels;
    while (len > level->size)
        level++;
    return level;
}

/* Each gives the coded length, 0 if it does not fit or memory is out. */

static size_t coder_gzip(const struct coder_level *level, struct stet_span from, char *to,
                         size_t room)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(level->gzip);
    if (!compressor)
        return 0;
    size_t len = libdeflate_gzip_compress(compressor, from.at, from.len, to, room);
    libdeflate_free_compressor(compressor);
    return len;
}

static size_t coder_zstd(const struct coder_level *level, struct stet_span from, char *to,
                         size_t room)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (!context)
        return 0;
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level->zstd);
    if (from.len > (size_t)1 << CODER_WINDOW_MAX) /* [RFC 9659 §3] */
        ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, CODER_WINDOW_MAX);
    size_t len = ZSTD_compress2(context, to, room, from.at, from.len);
    ZSTD_freeCCtx(context);
    return ZSTD_isError(len) ? 0 : len;
}

static size_t coder_brotli(const struct coder_level *level, struct stet_span from, char *to,
                           size_t room)
{
    size_t len = room;
    return BrotliEncoderCompress(level->brotli, BROTLI_DEFAULT_WINDOW, BROTLI_DEFAULT_MODE,
                                 from.len, (const uint8_t *)from.at, &len, (uint8_t *)to)
               ? len
               : 0;
}

static size_t coder_run(enum stet_coding coding, struct stet_span from, char *to, size_t room)
{
    const struct coder_level *level = coder_level_of(from.len);
    switch (coding) {
    case STET_CODING_GZIP:
        return coder_gzip(level, from, to, room);
    case STET_CODING_ZSTD:
        return coder_zstd(level, from, to, room);
    case STET_CODING_BROTLI:
        return coder_brotli(level, from, to, room);
    default:
        return 0;
    }
}

struct chunk *coder_encode(enum stet_coding coding, const void *bytes, size_t len)
{
    const size_t part = len / CODER_SAVING_PART;
    const size_t saving = part > CODER_SAVING_MIN ? part : CODER_SAVING_MIN;
    if (len <= saving)
        return NULL;
    char *buffer = memory_new(len - saving);
    if (!buffer)
        return NULL;
    const size_t coded = coder_run(coding, stet_span(bytes, len), buffer, len - saving);
    struct chunk *chunk = coded > 0 ? chunk_new(coded) : NULL;
    if (chunk)
        memcpy(chunk->bytes, buffer, coded);
    memory_free(buffer);
    return chunk;
}

/* Each decodes into `len` bytes: true if that is exactly what there was, to the last octet. */

static bool decoder_gzip(struct stet_span coded, char *to, size_t len)
{
    size_t read = 0;
    size_t written = 0;
    struct libdeflate_decompressor *decompressor = libdeflate_alloc_decompressor();
    if (!decompressor)
        return false;
    enum libdeflate_result result =
        libdeflate_gzip_decompress_ex(decompressor, coded.at, coded.len, to, len, &read, &written);
    libdeflate_free_decompressor(decompressor);
    return result == LIBDEFLATE_SUCCESS && read == coded.len && written == len;
}

static bool decoder_zstd(struct stet_span coded, char *to, size_t len)
{
    ZSTD_inBuffer in = {coded.at, coded.len, 0};
    ZSTD_outBuffer out = {to, len, 0};
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (!context)
        return false;
    ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, CODER_WINDOW_MAX);
    size_t left;
    size_t before;
    do {
        before = in.pos + out.pos;
        left = ZSTD_decompressStream(context, &out, &in);
    } while (left != 0 && !ZSTD_isError(left) && in.pos + out.pos > before);
    ZSTD_freeDCtx(context);
    return left == 0 && in.pos == in.size && out.pos == len;
}

static bool decoder_brotli(struct stet_span coded, char *to, size_t len)
{
    const uint8_t *in = (const uint8_t *)coded.at;
    uint8_t *out = (uint8_t *)to;
    size_t in_left = coded.len;
    size_t out_left = len;
    BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    if (!state)
        return false;
    BrotliDecoderResult result =
        BrotliDecoderDecompressStream(state, &in_left, &in, &out_left, &out, NULL);
    BrotliDecoderDestroyInstance(state);
    return result == BROTLI_DECODER_RESULT_SUCCESS && in_left == 0 && out_left == 0;
}

static bool decoder_run(enum stet_coding coding, struct stet_span coded, char *to, size_t len)
{
    switch (coding) {
    case STET_CODING_GZIP:
        return decoder_gzip(coded, to, len);
    case STET_CODING_ZSTD:
        return decoder_zstd(coded, to, len);
    case STET_CODING_BROTLI:
        return decoder_brotli(coded, to, len);
    default:
        return false;
    }
}

bool coder_decodes_to(enum stet_coding coding, struct stet_span coded, const void *bytes,
                      size_t len)
{
    char *buffer = memory_new(len > 0 ? len : 1);
    if (!buffer)
        return false;
    bool same =
        decoder_run(coding, coded, buffer, len) && (len == 0 || memcmp(buffer, bytes, len) == 0);
    memory_free(buffer);
    return same;
}
