/* Content codings undone as they come: in pieces of any size, whole or not, damaged or not.
 */
#include "base/memory.h"
#include "base/text.h"
#include "client/decoding.h"
#include "client/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

enum { PLAIN = 200000, CODED = 2 * PLAIN };

static char plain[PLAIN];

struct coded {
    char at[CODED];
    size_t len;
};

static struct coded gzipped, zipped, brotlied, both;

static void code_gzip(const char *from, size_t len, struct coded *to)
{
    z_stream stream = {0};

    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    char *input = memory_new(len);
    memcpy(input, from, len);
    stream.next_in = (Bytef *)input;
    stream.avail_in = (uInt)len;
    stream.next_out = (Bytef *)to->at;
    stream.avail_out = CODED;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    to->len = CODED - stream.avail_out;
    deflateEnd(&stream);
    memory_free(input);
}

static int prepare(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLAIN; i++)
        plain[i] = (char)("let it stand"[i % 12] ^ (i / 1000 % 7));
    code_gzip(plain, PLAIN, &gzipped);
    zipped.len = ZSTD_compress(zipped.at, CODED, plain, PLAIN, 3);
    brotlied.len = CODED;
    assert_true(BrotliEncoderCompress(5, 22, BROTLI_MODE_GENERIC, PLAIN, (const uint8_t *)plain,
                                      &brotlied.len, (uint8_t *)brotlied.at));
    code_gzip(brotlied.at, brotlied.len, &both);
    return 0;
}

struct gathered {
    struct text text;
    size_t most; /* no more than this is taken; 0: all */
};

static bool gather(void *owner, struct stet_span bytes)
{
    struct gathered *gathered = owner;

    assert_true(bytes.len > 0);
    text_put(&gathered->text, bytes.at, bytes.len);
    return !gathered->most || gathered->text.len < gathered->most;
}

/* Decodes in pieces; true if all is well to the end. */
static bool decode(const char *codings, struct stet_span coded, size_t piece,
                   struct gathered *gathered)
{
    struct message head = {0};

    assert_true(message_add(&head, STET_SPAN("Content-Encoding"), stet_span_of(codings)));
    assert_int_equal(decoding_kind(&head.head), DECODING_KNOWN);
    struct decoding *decoding = decoding_new(&head.head, gather, gathered);
    message_fini(&head);
    assert_non_null(decoding);
    bool well = true;
    while (well && coded.len) {
        const struct stet_span bite = {coded.at, piece < coded.len ? piece : coded.len};
        well = decoding_feed(decoding, bite);
        coded = stet_span_from(coded, bite.len);
    }
    well = well && decoding_end(decoding);
    if (!well && !gathered->most)
        assert_string_not_equal(decoding_words(decoding), "");
    decoding_free(decoding);
    return well;
}

static const struct {
    const char *codings;
    const struct coded *coded;
} rows[] = {
    {"gzip", &gzipped}, {"X-GZIP", &gzipped}, {"zstd", &zipped},
    {"br", &brotlied},  {"br, gzip", &both},  {"identity, br,gzip", &both},
};

static void decodes(void **state)
{
    static const size_t pieces[] = {1, 7, 4096, CODED};
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = 0; j < sizeof pieces / sizeof *pieces; j++) {
            struct gathered gathered = {0};
            const struct stet_span coded = {rows[i].coded->at, rows[i].coded->len};
            assert_true(decode(rows[i].codings, coded, pieces[j], &gathered));
            assert_int_equal(gathered.text.len, PLAIN);
            assert_memory_equal(gathered.text.at, plain, PLAIN);
            text_fini(&gathered.text);
        }
}

static void misses_the_end(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t cut = 1; cut < rows[i].coded->len; cut += 1 + rows[i].coded->len / 50) {
            struct gathered gathered = {0};
            assert_false(
                decode(rows[i].codings, stet_span(rows[i].coded->at, cut), 512, &gathered));
            assert_true(gathered.text.len <= PLAIN);
            text_fini(&gathered.text);
        }
}

static void takes_what_stands_in_a_row(void **state)
{
    struct coded twice = {.len = 0};
    struct gathered gathered = {0};
    (void)state;

    memcpy(twice.at, gzipped.at, gzipped.len);
    memcpy(twice.at + gzipped.len, gzipped.at, gzipped.len);
    assert_true(decode("gzip", stet_span(twice.at, 2 * gzipped.len), 100, &gathered));
    assert_int_equal(gathered.text.len, 2 * PLAIN);
    text_fini(&gathered.text);
    memcpy(twice.at + gzipped.len, "rest", 4);
    assert_false(decode("gzip", stet_span(twice.at, gzipped.len + 4), 100, &gathered));
    text_fini(&gathered.text);
    memcpy(twice.at, brotlied.at, brotlied.len);
    twice.at[brotlied.len] = 'x';
    assert_false(decode("br", stet_span(twice.at, brotlied.len + 1), CODED, &gathered));
    text_fini(&gathered.text);
    assert_true(decode("gzip", STET_SPAN(""), 1, &gathered)); /* no content at all */
}

/* What the library can read but nobody who says zstd means: the format of version 0.5. */
static void refuses_old_formats(void **state)
{
    struct gathered gathered = {0};
    (void)state;

    assert_false(decode("zstd", STET_SPAN("\x25\xb5\x2f\xfd\x04\xff\xff\xff"), CODED, &gathered));
    text_fini(&gathered.text);
}

static void ends_when_no_more_is_wanted(void **state)
{
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gathered gathered = {.most = 1};
        const struct stet_span coded = {rows[i].coded->at, rows[i].coded->len};
        assert_false(decode(rows[i].codings, coded, CODED, &gathered));
        assert_in_range(gathered.text.len, 1, 65536);
        text_fini(&gathered.text);
    }
}

static void knows_what_it_can_undo(void **state)
{
    static const struct {
        const char *codings;
        enum decoding_kind kind;
    } kinds[] = {
        {"", DECODING_NONE},
        {"identity", DECODING_NONE},
        {"gzip", DECODING_KNOWN},
        {"gzip, gzip, br", DECODING_KNOWN},
        {"gzip, gzip, gzip, gzip", DECODING_UNKNOWN},
        {"deflate", DECODING_UNKNOWN},
        {"gzip, compress", DECODING_UNKNOWN},
    };
    (void)state;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct message head = {0};
        assert_true(
            message_add(&head, STET_SPAN("Content-Encoding"), stet_span_of(kinds[i].codings)));
        assert_int_equal(decoding_kind(&head.head), kinds[i].kind);
        message_fini(&head);
    }
}

static void begins_without_memory(void **state)
{
    struct message head = {0};
    (void)state;

    assert_true(message_add_line(&head, STET_SPAN("Content-Encoding: gzip, br, zstd")));
    for (uint64_t nth = 1; nth <= 4; nth++) {
        memory_fail_nth(nth);
        assert_null(decoding_new(&head.head, gather, NULL));
        memory_fail_nth(0);
    }
    message_fini(&head);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(misses_the_end),
        cmocka_unit_test(takes_what_stands_in_a_row),
        cmocka_unit_test(refuses_old_formats),
        cmocka_unit_test(ends_when_no_more_is_wanted),
        cmocka_unit_test(knows_what_it_can_undo),
        cmocka_unit_test(begins_without_memory),
    };
    return cmocka_run_group_tests(tests, prepare, NULL);
}
