/* Codings of files: which are made, chosen, believed; and the tags they bear. */
#include "site.h"

#include "origin/coder.h"

static char long_text[20000];

/* Text that gets smaller, but not by too much. */
static void fill_text(void)
{
    uint32_t draw = 1;
    for (size_t i = 0; i + 1 < sizeof long_text; i++) {
        draw = draw * 1103515245 + 12345;
        long_text[i] = i % 61 == 60 ? '\n' : "etaoin shrdlu"[(draw >> 16) % 13];
    }
}

static char noise[4000];

static void fill_noise(void)
{
    uint32_t draw = 7;
    for (size_t i = 0; i < sizeof noise; i++) {
        draw = draw * 1103515245 + 12345;
        noise[i] = (char)(draw >> 16);
    }
}

static struct site *site_of_texts(bool compress)
{
    struct site *site = site_new();
    site->options.compress = compress;
    fs_sim_say(site->fs, "a.css", long_text);
    fs_sim_write(site->fs, "short.css", long_text, 255);
    fs_sim_write(site->fs, "noise.css", noise, sizeof noise);
    fs_sim_write(site->fs, "a.png", noise, sizeof noise);
    fs_sim_say(site->fs, "README", long_text);
    site_pass(site, 10 * SECOND);
    site_start(site);
    return site;
}

struct coding_row {
    const char *id;
    const char *name;
    const char *path;
    const char *accept;
    const char *coding; /* "406", "" for identity */
    bool vary;
};

static const struct coding_row coding_rows[] = {
    {"C-9110-12.5.3-1", "no field", "/a.css", NULL, "", true},
    {"C-9110-12.5.3-1", "empty field", "/a.css", "", "", true},
    {"C-9110-12.5.3-1", "gzip", "/a.css", "gzip", "gzip", true},
    {"C-9110-8.4.1-1", "x-gzip", "/a.css", "x-gzip", "gzip", true},
    {"C-9110-12.5.3-1", "brotli", "/a.css", "br", "br", true},
    {"C-9110-12.5.3-1", "zstd", "/a.css", "zstd", "zstd", true},
    {"C-9110-12.5.3-1", "what browsers send", "/a.css", "gzip, deflate, br, zstd", "br", true},
    {"C-9110-12.5.3-1", "weights", "/a.css", "gzip;q=1, br;q=0.5, zstd;q=0.1", "gzip", true},
    {"C-9110-12.5.3-1", "excluded", "/a.css", "gzip;q=0", "", true},
    {"C-9110-12.5.3-1", "identity preferred", "/a.css", "identity, gzip;q=0.5", "", true},
    {"C-9110-12.5.3-1", "any", "/a.css", "*", "br", true},
    {"C-9110-12.5.3-1", "identity excluded", "/a.css", "gzip, identity;q=0", "gzip", true},
    {"C-9110-12.5.3-1", "all but gzip excluded", "/a.css", "gzip, *;q=0", "gzip", true},
    {"C-9110-12.5.3-2", "nothing known", "/a.css", "compress", "", true},
    {"C-9110-12.5.3-2", "nothing known, no identity", "/a.css", "compress, *;q=0", "406", true},
    {"C-9110-12.5.3-2", "everything excluded", "/a.css", "*;q=0", "406", true},
    {"C-9110-12.5.5-3", "too short to code", "/short.css", "gzip, br", "", true},
    {"C-9110-12.5.3-2", "too short, no identity", "/short.css", "gzip, identity;q=0", "406", true},
    {"C-9110-12.5.5-3", "does not get smaller", "/noise.css", "gzip, br, zstd", "", true},
    {"C-9110-12.5.3-2", "smaller in none", "/noise.css", "gzip, br, *;q=0", "406", true},
    {"C-9110-12.5.5-3", "a picture", "/a.png", "gzip, br", "", false},
    {"C-9110-12.5.3-2", "a picture, no identity", "/a.png", "gzip, identity;q=0", "406", false},
    {"C-9110-12.5.5-3", "text by its looks", "/README", "gzip", "gzip", true},
};

/* The octets of `seen` decode to the text. */
static void check_decodes(const struct coding_row *row, struct representation *representation)
{
    struct seen seen = seen_of(representation);
    struct stet_span coded = stet_span(representation->bytes->bytes, representation->bytes->len);
    check_row(row, coder_decodes_to(stet_coding_of(stet_span_of(seen.coding)), coded, long_text,
                                    strlen(long_text)));
    check_row(row, representation->length == coded.len);
    check_row(row, coded.len < strlen(long_text));
}

static void test_choice(void **state)
{
    (void)state;
    struct site *site = site_of_texts(true);
    for (size_t i = 0; i < 2 * COUNT(coding_rows); i++) {
        const struct coding_row *row = &coding_rows[i % COUNT(coding_rows)];
        struct representation *representation;
        enum files_answer answer = site_find(site, i % 2, row->path, row->accept, &representation);
        if (strcmp(row->coding, "406") == 0) {
            check_row(row, answer == FILES_NOT_ACCEPTABLE && !representation);
            continue;
        }
        check_row(row, answer == FILES_FOUND);
        struct seen seen = seen_of(representation);
        check_row(row, strcmp(seen.coding, row->coding) == 0);
        check_row(row, seen.vary == row->vary);
        if (row->coding[0])
            check_decodes(row, representation);
        else
            check_row(row, seen.etag[25] == '"');
        /* D-03, C-9110-8.8.3.3-1: strong, and with its own suffix. */
        const char *suffix = seen.coding[0] == 'g'   ? "-gz\""
                             : seen.coding[0] == 'b' ? "-br\""
                                                     : "\"";
        check_row(row, seen.etag[0] == '"' && strstr(seen.etag + 1, suffix));
        /* C-9110-8.4-1: identity is never said; C-9110-12.5.5-3: Vary in every block. */
        struct stet_span blocks[] = {representation->whole, representation->part,
                                     representation->unchanged, representation->whole_untyped};
        char value[64];
        for (size_t b = 0; b < COUNT(blocks); b++)
            check_row(row, seen_field(blocks[b], "Vary", value, sizeof value) == row->vary);
        check_row(row,
                  !seen_field(representation->unchanged, "Content-Encoding", value, sizeof value));
        check_row(row, !seen_field(representation->part, "Content-Encoding", value, sizeof value));
        representation_unref(representation);
    }
    site_stop(site);
    site_free(site);
}

/* C-9110-8.8.3.3-1, C-9110-8.8.1-1, D-03: four forms, four strong tags, the same ones on another
 * node, in any order of asking, and after a restart. */
static void test_tags(void **state)
{
    (void)state;
    static const char *const accepts[] = {NULL, "gzip", "br", "zstd"};
    char tags[4][40];
    for (int node = 0; node < 3; node++) {
        struct site *site = site_of_texts(true);
        for (int i = 0; i < 4; i++) {
            int which = node == 1 ? 3 - i : i;
            struct representation *representation;
            site_find(site, node % 2, "/a.css", accepts[which], &representation);
            struct seen seen = seen_of(representation);
            if (node == 0)
                strcpy(tags[which], seen.etag);
            assert_string_equal(seen.etag, tags[which]);
            for (int other = 0; other < which && node == 0; other++)
                assert_string_not_equal(tags[which], tags[other]);
            representation_unref(representation);
        }
        site_stop(site);
        site_free(site);
    }
}

/* D-50 for codings: weak as long as the file is not settled. */
static void test_racy(void **state)
{
    (void)state;
    struct site *site = site_of_texts(true);
    struct representation *representation;
    site_find(site, 0, "/a.css", "gzip", &representation);
    struct seen before = seen_of(representation);
    representation_unref(representation);
    long_text[0] ^= 1;
    fs_sim_say(site->fs, "a.css", long_text);
    site_find(site, 0, "/a.css", "gzip", &representation);
    struct seen racy = seen_of(representation);
    representation_unref(representation);
    assert_memory_equal(racy.etag, "W/\"", 3);
    assert_string_not_equal(racy.etag + 2, before.etag);
    site_pass(site, 3 * SECOND);
    site_find(site, 0, "/a.css", "gzip", &representation);
    assert_string_equal(seen_of(representation).etag, racy.etag + 2);
    representation_unref(representation);
    site_stop(site);
    site_free(site);
}

/* Not asked to: nothing is coded, and nothing varies. */
static void test_off(void **state)
{
    (void)state;
    struct site *site = site_of_texts(false);
    struct representation *representation;
    site_find(site, 0, "/a.css", "gzip, br", &representation);
    struct seen seen = seen_of(representation);
    assert_string_equal(seen.coding, "");
    assert_false(seen.vary);
    representation_unref(representation);
    site_stop(site);
    site_free(site);
}

/* ---- sidecars ---- */

static void put_sidecar(struct site *site, const char *path, enum stet_coding coding,
                        const char *text)
{
    struct chunk *coded = coder_encode(coding, text, strlen(text));
    CHECK(coded);
    fs_sim_write(site->fs, path, coded->bytes, coded->len);
    chunk_unref(coded);
}

static struct seen see_coded(struct site *site, const char *path, const char *accept)
{
    struct representation *representation;
    assert_int_equal(site_find(site, 0, path, accept, &representation), FILES_FOUND);
    struct seen seen = seen_of(representation);
    representation_unref(representation);
    return seen;
}

struct sidecar_row {
    const char *id;
    const char *name;
    const char *path;
    const char *suffix;
    const char *accept;
    enum { RIGHT, WRONG_TEXT, TRAILING, CUT, EMPTY, NO_CODE, TWICE } kind;
    bool used;
};

static const struct sidecar_row sidecar_rows[] = {
    {"sidecar", "gzip", "a.bin", ".gz", "gzip", RIGHT, true},
    {"sidecar", "brotli", "a.bin", ".br", "br", RIGHT, true},
    {"sidecar", "zstd", "a.bin", ".zst", "zstd", RIGHT, true},
    {"sidecar", "gzip of another text", "a.bin", ".gz", "gzip", WRONG_TEXT, false},
    {"sidecar", "brotli of another text", "a.bin", ".br", "br", WRONG_TEXT, false},
    {"sidecar", "zstd of another text", "a.bin", ".zst", "zstd", WRONG_TEXT, false},
    {"sidecar", "gzip with more behind", "a.bin", ".gz", "gzip", TRAILING, false},
    {"sidecar", "brotli with more behind", "a.bin", ".br", "br", TRAILING, false},
    {"sidecar", "zstd with more behind", "a.bin", ".zst", "zstd", TRAILING, false},
    {"sidecar", "gzip cut off", "a.bin", ".gz", "gzip", CUT, false},
    {"sidecar", "brotli cut off", "a.bin", ".br", "br", CUT, false},
    {"sidecar", "zstd cut off", "a.bin", ".zst", "zstd", CUT, false},
    {"sidecar", "empty gzip", "a.bin", ".gz", "gzip", EMPTY, false},
    {"sidecar", "empty brotli", "a.bin", ".br", "br", EMPTY, false},
    {"sidecar", "empty zstd", "a.bin", ".zst", "zstd", EMPTY, false},
    {"sidecar", "no gzip at all", "a.bin", ".gz", "gzip", NO_CODE, false},
    {"sidecar", "no brotli at all", "a.bin", ".br", "br", NO_CODE, false},
    {"sidecar", "no zstd at all", "a.bin", ".zst", "zstd", NO_CODE, false},
    {"sidecar", "two gzip members", "a.bin", ".gz", "gzip", TWICE, false},
    {"sidecar", "two zstd frames", "a.bin", ".zst", "zstd", TWICE, false},
};

static void make_sidecar(struct site *site, const struct sidecar_row *row)
{
    char path[32];
    const enum stet_coding coding = stet_coding_of(stet_span_of(row->accept));
    struct chunk *coded = coder_encode(coding, long_text, strlen(long_text));
    snprintf(path, sizeof path, "%s%s", row->path, row->suffix);
    switch (row->kind) {
    case WRONG_TEXT:
        chunk_unref(coded);
        long_text[5] ^= 1;
        coded = coder_encode(coding, long_text, strlen(long_text));
        long_text[5] ^= 1;
        break;
    case CUT:
        coded->len--;
        break;
    case EMPTY:
        coded->len = 0;
        break;
    case NO_CODE:
        memset(coded->bytes, 'x', coded->len);
        break;
    default:
        break;
    }
    fs_sim_write(site->fs, path, coded->bytes, coded->len);
    if (row->kind == TRAILING)
        fs_sim_append(site->fs, path, "x", 1);
    if (row->kind == TWICE)
        fs_sim_append(site->fs, path, coded->bytes, coded->len);
    chunk_unref(coded);
}

/* C-9110-8.8.1-1: what is served in a coding decodes to what is served without. */
static void test_sidecars(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sidecar_rows); i++) {
        const struct sidecar_row *row = &sidecar_rows[i];
        struct site *site = site_new();
        fs_sim_say(site->fs, row->path, long_text);
        make_sidecar(site, row);
        site_pass(site, 10 * SECOND);
        site_start(site);
        for (int again = 0; again < 4; again++) {
            struct seen seen = see_coded(site, "/a.bin", row->accept);
            check_row(row, (seen.coding[0] != '\0') == row->used);
            check_row(row, seen.vary == row->used);
            check_row(row, site->warnings == !row->used);
            site_pass(site, 2 * SECOND);
        }
        if (!row->used)
            check_row(row, strstr(site->warning, row->path) != NULL);
        site_stop(site);
        site_free(site);
    }
}

/* A sidecar goes before our own; it may come, change, and become false. */
static void test_sidecar_changes(void **state)
{
    (void)state;
    struct site *site = site_of_texts(true);
    struct seen own = see_coded(site, "/a.css", "gzip");
    assert_string_equal(own.coding, "gzip");
    /* It comes: the same text in another gzip. */
    struct chunk *coded = coder_encode(STET_CODING_GZIP, long_text, strlen(long_text));
    coded->bytes[9] ^= 1; /* the header's operating system: other bytes, same text */
    fs_sim_write(site->fs, "a.css.gz", coded->bytes, coded->len);
    chunk_unref(coded);
    site_pass(site, 2 * SECOND);
    see_coded(site, "/a.css", "gzip");
    struct seen beside = see_coded(site, "/a.css", "gzip");
    assert_string_not_equal(beside.etag, own.etag);
    assert_int_equal(beside.length, own.length);
    /* The file changes: the sidecar is false now. */
    long_text[3] ^= 1;
    fs_sim_say(site->fs, "a.css", long_text);
    site_pass(site, 3 * SECOND);
    struct seen after = see_coded(site, "/a.css", "gzip");
    assert_string_equal(after.coding, "gzip");
    assert_string_not_equal(after.etag, beside.etag);
    assert_int_equal(site->warnings, 1);
    /* The sidecar follows. */
    put_sidecar(site, "a.css.br", STET_CODING_BROTLI, long_text);
    site_pass(site, 2 * SECOND);
    see_coded(site, "/a.css", "br");
    assert_int_equal(site->warnings, 1);
    /* Under its own name it is a file like others. */
    struct seen file = see_coded(site, "/a.css.gz", "gzip");
    assert_string_equal(file.type, "application/gzip");
    assert_string_equal(file.coding, "");
    site_stop(site);
    site_free(site);
}

/* A file too large for memory by itself: with sidecars it is read whole, without it is not coded;
 * a sidecar may come later. */
static void test_sidecar_of_large(void **state)
{
    (void)state;
    enum { LARGE = 6 << 20 };
    struct site *site = site_new();
    char *text = malloc(LARGE + 1);
    for (size_t i = 0; i < LARGE; i++)
        text[i] = long_text[i * 7919 % (sizeof long_text - 1)];
    text[LARGE] = '\0';
    fs_sim_write(site->fs, "a.wasm", text, LARGE);
    put_sidecar(site, "a.wasm.br", STET_CODING_BROTLI, text);
    text[0] ^= 1;
    fs_sim_write(site->fs, "b.wasm", text, LARGE);
    site_pass(site, 10 * SECOND);
    site_start(site);
    struct seen first = see_coded(site, "/a.wasm", "br, gzip");
    assert_string_equal(first.coding, "br");
    assert_true(first.vary);
    assert_string_equal(see_coded(site, "/a.wasm", "gzip").coding, ""); /* none is made of it */
    struct seen plain = see_coded(site, "/a.wasm", NULL);
    assert_int_equal(plain.length, LARGE);
    assert_true(plain.vary);
    assert_string_equal(see_coded(site, "/b.wasm", "br, gzip").coding, "");
    put_sidecar(site, "b.wasm.gz", STET_CODING_GZIP, text);
    site_pass(site, 2 * SECOND);
    assert_string_equal(see_coded(site, "/b.wasm", "gzip").coding, "gzip");
    /* Edited, its sidecar is wrong. */
    text[0] ^= 3;
    fs_sim_write(site->fs, "a.wasm", text, LARGE);
    struct seen edited = see_coded(site, "/a.wasm", "br, gzip");
    assert_string_equal(edited.coding, "");
    assert_string_not_equal(edited.etag + 2, plain.etag);
    assert_int_equal(site->warnings, 1);
    free(text);
    site_stop(site);
    site_free(site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_racy),
        cmocka_unit_test(test_off),
        cmocka_unit_test(test_sidecars),
        cmocka_unit_test(test_sidecar_of_large),
        cmocka_unit_test(test_sidecar_changes),
    };
    fill_text();
    fill_noise();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
