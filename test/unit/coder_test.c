/* Content codings: what is made decodes again; what decodes to anything else is refused. */
#include "origin/coder.h"

#include "base/memory.h"

#include "table.h"

#include <brotli/encode.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

static char *text_of(size_t len)
{
    char *text = malloc(len + 1);
    uint32_t draw = 5;
    for (size_t i = 0; i < len; i++) {
        draw = draw * 1103515245 + 12345;
        text[i] = "etaoin shrdlu\n"[(draw >> 16) % 14];
    }
    return text;
}

static const enum stet_coding codings[] = {STET_CODING_GZIP, STET_CODING_ZSTD, STET_CODING_BROTLI};

/* Every size class of the levels, and the sizes where saving begins. */
static void test_round_trip(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 63, 64, 65, 200, 1000, 32768, 300000, 1048577, 4 << 20};
    for (size_t c = 0; c < COUNT(codings); c++) {
        for (size_t s = 0; s < COUNT(sizes); s++) {
            char *text = text_of(sizes[s]);
            struct chunk *coded = coder_encode(codings[c], text, sizes[s]);
            struct chunk *again = coder_encode(codings[c], text, sizes[s]);
            assert_true(coded || sizes[s] < 1000);
            if (coded) {
                assert_true(coded->len + 64 <= sizes[s] && coded->len <= sizes[s] / 20 * 19 + 19);
                assert_int_equal(again->len, coded->len);
                assert_memory_equal(again->bytes, coded->bytes, coded->len);
                struct stet_span span = stet_span(coded->bytes, coded->len);
                assert_true(coder_decodes_to(codings[c], span, text, sizes[s]));
                text[sizes[s] / 2] ^= 1;
                assert_false(coder_decodes_to(codings[c], span, text, sizes[s]));
                text[sizes[s] / 2] ^= 1;
                assert_false(coder_decodes_to(codings[c], span, text, sizes[s] - 1));
            }
            chunk_unref(coded);
            chunk_unref(again);
            free(text);
        }
    }
}

/* What does not get smaller is not kept. */
static void test_useless(void **state)
{
    (void)state;
    enum { LEN = 100000 };
    char *noise = text_of(LEN);
    uint32_t draw = 9;
    for (size_t i = 0; i < LEN; i++) {
        draw = draw * 1664525 + 1013904223;
        noise[i] = (char)(draw >> 24);
    }
    for (size_t c = 0; c < COUNT(codings); c++)
        assert_null(coder_encode(codings[c], noise, LEN));
    assert_null(coder_encode(STET_CODING_IDENTITY, noise, LEN));
    assert_false(coder_decodes_to(STET_CODING_IDENTITY, stet_span(noise, LEN), noise, LEN));
    free(noise);
}

/* A small coded file that is very large when decoded is stopped at the bound. */
static void test_bomb(void **state)
{
    (void)state;
    enum { LEN = 50 << 20 };
    char *zeros = calloc(LEN, 1);
    for (size_t c = 0; c < COUNT(codings); c++) {
        struct chunk *coded = coder_encode(codings[c], zeros, LEN);
        struct stet_span span = stet_span(coded->bytes, coded->len);
        assert_false(coder_decodes_to(codings[c], span, zeros, 1000));
        assert_false(coder_decodes_to(codings[c], span, zeros, 0));
        assert_true(coder_decodes_to(codings[c], span, zeros, LEN));
        chunk_unref(coded);
    }
    free(zeros);
}

/* Each octet changed, each length: never anything but a refusal, or the same text. */
static void test_damage(void **state)
{
    (void)state;
    enum { LEN = 1500 };
    char *text = text_of(LEN);
    for (size_t c = 0; c < COUNT(codings); c++) {
        struct chunk *coded = coder_encode(codings[c], text, LEN);
        for (size_t i = 0; i < coded->len; i++) {
            coded->bytes[i] ^= (char)(1 << i % 8);
            coder_decodes_to(codings[c], stet_span(coded->bytes, coded->len), text, LEN);
            coded->bytes[i] ^= (char)(1 << i % 8);
            assert_false(coder_decodes_to(codings[c], stet_span(coded->bytes, i), text, LEN));
        }
        chunk_unref(coded);
    }
    free(text);
}

/* A window that no browser accepts [RFC 9659 §3], although the content is small. */
static void test_window(void **state)
{
    (void)state;
    enum { LEN = 5000, ROOM = 20000 };
    char *text = text_of(LEN);
    static char coded[ROOM];
    for (int log = 22; log <= 25; log++) {
        ZSTD_CCtx *context = ZSTD_createCCtx();
        ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, log);
        ZSTD_inBuffer in = {text, LEN, 0};
        ZSTD_outBuffer out = {coded, ROOM, 0};
        assert_int_equal(ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush), 0);
        assert_int_equal(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0);
        ZSTD_freeCCtx(context);
        assert_int_equal(coder_decodes_to(STET_CODING_ZSTD, stet_span(coded, out.pos), text, LEN),
                         log <= 23);
    }
    BrotliEncoderState *encoder = BrotliEncoderCreateInstance(NULL, NULL, NULL);
    BrotliEncoderSetParameter(encoder, BROTLI_PARAM_LARGE_WINDOW, 1);
    BrotliEncoderSetParameter(encoder, BROTLI_PARAM_LGWIN, 26);
    const uint8_t *in = (const uint8_t *)text;
    uint8_t *out = (uint8_t *)coded;
    size_t in_left = LEN;
    size_t out_left = ROOM;
    assert_true(BrotliEncoderCompressStream(encoder, BROTLI_OPERATION_FINISH, &in_left, &in,
                                            &out_left, &out, NULL));
    BrotliEncoderDestroyInstance(encoder);
    assert_false(
        coder_decodes_to(STET_CODING_BROTLI, stet_span(coded, ROOM - out_left), text, LEN));
    free(text);
}

/* One octet too few, whatever the octet behind it would be. */
static void test_shorter(void **state)
{
    (void)state;
    enum { LEN = 1500 };
    char *text = text_of(LEN);
    for (size_t c = 0; c < COUNT(codings); c++) {
        struct chunk *coded = coder_encode(codings[c], text, LEN);
        struct stet_span span = stet_span(coded->bytes, coded->len);
        for (int octet = 0; octet < 256; octet++) {
            text[LEN] = (char)octet;
            assert_false(coder_decodes_to(codings[c], span, text, LEN + 1));
        }
        chunk_unref(coded);
    }
    free(text);
}

static void test_no_memory(void **state)
{
    (void)state;
    char *text = text_of(5000);
    struct chunk *coded = coder_encode(STET_CODING_GZIP, text, 5000);
    for (uint64_t nth = 1; nth <= 2; nth++) {
        memory_fail_nth(nth);
        assert_null(coder_encode(STET_CODING_GZIP, text, 5000));
    }
    memory_fail_nth(1);
    assert_false(
        coder_decodes_to(STET_CODING_GZIP, stet_span(coded->bytes, coded->len), text, 5000));
    memory_fail_nth(0);
    chunk_unref(coded);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_useless),
        cmocka_unit_test(test_bomb),       cmocka_unit_test(test_damage),
        cmocka_unit_test(test_shorter),    cmocka_unit_test(test_window),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
