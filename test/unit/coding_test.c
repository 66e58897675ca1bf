/* Content codings: names, Accept-Encoding, the choice. */
#include "table.h"

#include "stet/coding.h"

enum {
    ID = 1 << STET_CODING_IDENTITY,
    GZ = 1 << STET_CODING_GZIP,
    ZS = 1 << STET_CODING_ZSTD,
    BR = 1 << STET_CODING_BROTLI,
    ALL = ID | GZ | ZS | BR
};

static void names(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span token;
        enum stet_coding coding;
    } rows[] = {
        {"C-9110-8.4.1-1", "gzip", S("gzip"), STET_CODING_GZIP},
        {"C-9110-8.4.1-1", "case", S("GZip"), STET_CODING_GZIP},
        {"C-9110-8.4.1-1", "x-gzip", S("x-gzip"), STET_CODING_GZIP},
        {"C-9110-8.4.1-1", "X-GZIP", S("X-GZIP"), STET_CODING_GZIP},
        {"C-9110-8.4.1-1", "br", S("br"), STET_CODING_BROTLI},
        {"C-9110-8.4.1-1", "zstd", S("zstd"), STET_CODING_ZSTD},
        {"C-9110-8.4.1-1", "identity", S("identity"), STET_CODING_IDENTITY},
        {"C-9110-8.4.1-1", "deflate is not ours", S("deflate"), STET_CODING_COUNT},
        {"C-9110-8.4.1-1", "x-compress is not ours", S("x-compress"), STET_CODING_COUNT},
        {"C-9110-8.4.1-1", "empty", S(""), STET_CODING_COUNT},
        {"C-9110-8.4.1-1", "star", S("*"), STET_CODING_COUNT},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++)
        check_row(row, stet_coding_of(row->token) == row->coding);
    for (int i = 0; i < STET_CODING_COUNT; i++)
        assert_int_equal(stet_coding_of(stet_coding_name((enum stet_coding)i)), i);
    assert_null(stet_coding_name(STET_CODING_COUNT).at);
}

struct choice_row {
    const char *id, *name;
    const char *lines[2];
    unsigned available;
    enum stet_coding want;
};

static const struct choice_row choice_rows[] = {
    {"C-9110-12.5.3-1", "a browser", {"gzip, deflate, br, zstd"}, ALL, STET_CODING_BROTLI},
    {"C-9110-12.5.3-1",
     "without br here",
     {"gzip, deflate, br, zstd"},
     ID | GZ | ZS,
     STET_CODING_ZSTD},
    {"C-9110-12.5.3-1", "gzip only", {"gzip"}, ALL, STET_CODING_GZIP},
    {"C-9110-12.5.3-1", "two lines", {"gzip;q=0.5", "zstd"}, ALL, STET_CODING_ZSTD},
    {"C-9110-12.5.3-1", "weights", {"br;q=0.1, gzip;q=0.9, zstd;q=0.5"}, ALL, STET_CODING_GZIP},
    {"C-9110-12.5.3-1", "identity by weight", {"identity, br;q=0.9"}, ALL, STET_CODING_IDENTITY},
    {"C-9110-12.5.3-1", "identity of equal weight", {"identity, gzip"}, ALL, STET_CODING_GZIP},
    {"C-9110-12.5.3-1", "identity unmentioned", {"gzip;q=0.001"}, ALL, STET_CODING_GZIP},
    {"C-9110-12.5.3-1", "identity when no other is here", {"gzip"}, ID | BR, STET_CODING_IDENTITY},
    {"C-9110-12.5.3-1", "no field", {NULL}, ALL, STET_CODING_IDENTITY},
    {"C-9110-12.5.3-1", "no field, no identity here", {NULL}, BR | GZ, STET_CODING_GZIP},
    {"C-9110-12.5.3-1", "no field, nothing here", {NULL}, 0, STET_CODING_COUNT},
    {"C-9110-12.5.3-1", "empty field", {""}, ALL, STET_CODING_IDENTITY},
    {"C-9110-12.5.3-1", "empty field, no identity here", {""}, GZ, STET_CODING_COUNT},
    {"C-9110-12.5.3-2", "gzip refused", {"gzip;q=0"}, ALL, STET_CODING_IDENTITY},
    {"C-9110-12.5.3-2", "gzip refused, nothing else here", {"gzip;q=0"}, GZ, STET_CODING_COUNT},
    {"C-9110-12.5.3-2", "identity refused", {"identity;q=0"}, ID, STET_CODING_COUNT},
    {"C-9110-12.5.3-2",
     "identity refused, gzip named",
     {"gzip, identity;q=0"},
     ID | GZ,
     STET_CODING_GZIP},
    {"C-9110-12.5.3-2", "all refused", {"*;q=0"}, ALL, STET_CODING_COUNT},
    {"C-9110-12.5.3-2",
     "all but identity refused",
     {"*;q=0, identity;q=0.1"},
     ALL,
     STET_CODING_IDENTITY},
    {"C-9110-12.5.3-2", "all but gzip refused", {"gzip, *;q=0"}, ID | BR, STET_CODING_COUNT},
    {"C-9110-12.5.3-1", "wildcard", {"*"}, ALL, STET_CODING_BROTLI},
    {"C-9110-12.5.3-1",
     "wildcard for what is not named",
     {"br;q=0.2, *;q=0.3"},
     ALL,
     STET_CODING_ZSTD},
    {"C-9110-12.5.3-1", "wildcard first", {"*;q=0, gzip"}, ALL, STET_CODING_GZIP},
    {"C-9110-12.4.2-1", "weight off the grammar", {"br;q=2, gzip"}, ALL, STET_CODING_GZIP},
    {"C-9110-12.4.2-1", "four decimals", {"br;q=0.0001, gzip;q=0.1"}, ALL, STET_CODING_GZIP},
    {"C-9110-12.5.3-1", "rubbish", {"\"br\", @, gzip x, ;q=1"}, ALL, STET_CODING_IDENTITY},
    {"C-9110-12.5.3-1", "named twice: the first", {"br;q=0, br, gzip"}, ALL, STET_CODING_GZIP},
    {"C-9110-8.4.1-1", "x-gzip", {"x-gzip"}, ALL, STET_CODING_GZIP},
    {"C-9110-12.5.3-1", "only unknown", {"deflate"}, ALL, STET_CODING_IDENTITY},
};

static void choices(void **state)
{
    (void)state;
    for (const struct choice_row *row = choice_rows; row < choice_rows + COUNT(choice_rows);
         row++) {
        struct stet_field storage[3];
        struct stet_head head = {0};
        stet_head_add(&head, storage, STET_SPAN("Host"), STET_SPAN("h"));
        for (size_t i = 0; i < 2 && row->lines[i]; i++)
            stet_head_add(&head, storage, STET_SPAN("Accept-Encoding"),
                          stet_span_of(row->lines[i]));
        struct stet_accepted_codings accepted = stet_accepted_codings(&head);
        check_row(row, accepted.stated == (row->lines[0] != NULL));
        check_row(row, stet_coding_choose(&accepted, row->available) == row->want);
    }
}

static void weights(void **state)
{
    (void)state;
    struct stet_field storage[1];
    struct stet_head head = {0};
    struct stet_accepted_codings accepted = stet_accepted_codings(&head);
    assert_int_equal(accepted.weight[STET_CODING_IDENTITY], 1000);
    assert_int_equal(accepted.weight[STET_CODING_GZIP], 0);

    stet_head_add(&head, storage, STET_SPAN("Accept-Encoding"), STET_SPAN("zstd;q=0.25, *;q=0.5"));
    accepted = stet_accepted_codings(&head);
    assert_int_equal(accepted.weight[STET_CODING_ZSTD], 250);
    assert_int_equal(accepted.weight[STET_CODING_BROTLI], 500);
    assert_int_equal(accepted.weight[STET_CODING_IDENTITY], 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(choices),
                                       cmocka_unit_test(weights)};
    return cmocka_run_group_tests_name("coding", tests, NULL, NULL);
}
