/* Media types by name, from the built-in table and from a mime.types text; UTF-8 recognised. */
#include "origin/charset.h"
#include "origin/mediatype.h"

#include "table.h"

static const char mime_types[] = "# a comment\n"
                                 "\n"
                                 "text/html\t\t\t\thtml htm shtml\n"
                                 "application/x-test   tst TeSt2\t\ttst3 # and a comment\n"
                                 "application/x-none\n"
                                 "  application/x-indented ind\r\n"
                                 "application/spdx+json spdx.json\n"
                                 "no-slash bad1\n"
                                 "two/sla/shes bad2\n"
                                 "bad type/x bad3\n"
                                 "text/\x01 bad4\n"
                                 "/x bad5\n"
                                 "application/x-evil evil-js js\n"
                                 "application/x-last last";

struct type_row {
    const char *id;
    const char *name;
    const char *path;
    const char *type; /* NULL: unknown */
};

static const struct type_row type_rows[] = {
    {"C-9110-8.3-1", "a page", "index.html", "text/html"},
    {"C-9110-8.3-1", "capitals", "INDEX.HTML", "text/html"},
    {"C-9110-8.3-1", "in a folder", "a.css/b/c.js", "text/javascript"},
    {"C-9110-8.3-1", "a module", "a.mjs", "text/javascript"},
    {"C-9110-8.3-1", "wasm must be exact", "a.wasm", "application/wasm"},
    {"C-9110-8.3-1", "a style sheet", "a.b.c.css", "text/css"},
    {"C-9110-8.3-1", "the machine does not overrule scripts", "a.js", "text/javascript"},
    {"C-9110-8.3-1", "from mime.types", "a.shtml", "text/html"},
    {"C-9110-8.3-1", "several extensions", "a.tst3", "application/x-test"},
    {"C-9110-8.3-1", "capitals in mime.types", "a.test2", "application/x-test"},
    {"C-9110-8.3-1", "indented", "a.ind", "application/x-indented"},
    {"C-9110-8.3-1", "without a line end", "a.last", "application/x-last"},
    {"C-9110-8.3-1", "two dots", "a.spdx.json", "application/spdx+json"},
    {"C-9110-8.3-1", "the second dot alone", "a.x.json", "application/json"},
    {"C-9110-8.3-1", "a tarball", "a.tar.gz", "application/gzip"},
    {"C-9110-8.3-1", "a manifest", "site.webmanifest", "application/manifest+json"},
    {"C-9110-8.3-1", "off the format 1", "a.bad1", NULL},
    {"C-9110-8.3-1", "off the format 2", "a.bad2", NULL},
    {"C-9110-8.3-1", "off the format 3", "a.bad3", NULL},
    {"C-9110-8.3-1", "off the format 4", "a.bad4", NULL},
    {"C-9110-8.3-1", "off the format 5", "a.bad5", NULL},
    {"C-9110-8.3-1", "a comment is no extension", "a.comment", NULL},
    {"C-9110-8.3-1", "no extension", "README", NULL},
    {"C-9110-8.3-1", "a leading dot", ".html", NULL},
    {"C-9110-8.3-1", "a dot at the end", "a.", NULL},
    {"C-9110-8.3-1", "unknown", "a.zzz", NULL},
    {"C-9110-8.3-1", "very long", "a.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
    {"C-9110-8.3-1", "nothing", "", NULL},
};

static void test_types(void **state)
{
    (void)state;
    struct mediatypes *types = mediatypes_new(stet_span_of(mime_types));
    assert_non_null(types);
    for (size_t i = 0; i < COUNT(type_rows); i++) {
        const struct type_row *row = &type_rows[i];
        const char *type = mediatype_of(types, stet_span_of(row->path));
        check_row(row, row->type ? type && strcmp(type, row->type) == 0 : !type);
    }
    mediatypes_free(types);
}

struct kind_row {
    const char *type;
    bool compressible;
    bool charset;
};

static const struct kind_row kind_rows[] = {
    {"text/html", true, true},          {"text/javascript", true, true},
    {"text/plain", true, true},         {"image/svg+xml", true, false},
    {"application/json", true, false},  {"application/ld+json", true, false},
    {"application/wasm", true, false},  {"application/xml", true, false},
    {"font/ttf", true, false},          {"font/otf", true, false},
    {"font/woff2", false, false},       {"image/png", false, false},
    {"video/mp4", false, false},        {"application/zip", false, false},
    {"application/gzip", false, false}, {"application/octet-stream", false, false},
    {"image/jpeg", false, false},
};

static void test_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(kind_rows); i++) {
        assert_int_equal(mediatype_compressible(kind_rows[i].type), kind_rows[i].compressible);
        assert_int_equal(mediatype_has_charset(kind_rows[i].type), kind_rows[i].charset);
    }
    assert_string_equal(mediatype_unknown(true), "text/plain");
    assert_string_equal(mediatype_unknown(false), "application/octet-stream");
}

struct text_row {
    const char *id;
    const char *name;
    const char *bytes;
    size_t len;
    bool utf8;
};

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct text_row text_rows[] = {
    {"utf8", "nothing", BYTES(""), true},
    {"utf8", "ASCII", BYTES("plain text, longer than eight octets\n"), true},
    {"utf8", "two, three, four octets", BYTES("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"), true},
    {"utf8", "the bounds", BYTES("\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80"), true},
    {"utf8", "the last", BYTES("\xf4\x8f\xbf\xbf"), true},
    {"utf8", "beyond the last", BYTES("\xf4\x90\x80\x80"), false},
    {"utf8", "byte order mark", BYTES("\xef\xbb\xbfx"), true},
    {"utf8", "overlong, two", BYTES("\xc0\x80"), false},
    {"utf8", "overlong, three", BYTES("\xe0\x9f\xbf"), false},
    {"utf8", "overlong, four", BYTES("\xf0\x8f\xbf\xbf"), false},
    {"utf8", "surrogate", BYTES("\xed\xa0\x80"), false},
    {"utf8", "before the surrogates", BYTES("\xed\x9f\xbf"), true},
    {"utf8", "cut off", BYTES("abc\xe2\x82"), false},
    {"utf8", "continuation alone", BYTES("abc\x80"), false},
    {"utf8", "Latin 1", BYTES("caf\xe9 au lait"), false},
    {"utf8", "UTF-16",
     BYTES("\xff\xfe"
           "a\0b\0"),
     false},
    {"utf8", "a NUL", BYTES("abc\0defghijklmnop"), false},
    {"utf8", "ISO-2022-JP", BYTES("\x1b$B$3$s\x1b(B"), false},
    {"utf8", "an escape after eight", BYTES("12345678\x1b"), false},
    {"utf8", "FF", BYTES("\xff"), false},
};

static bool utf8_in_pieces(const struct text_row *row, size_t piece)
{
    struct charset charset = {0};
    for (size_t at = 0; at < row->len; at += piece)
        charset_feed(&charset, row->bytes + at, row->len - at < piece ? row->len - at : piece);
    return charset_is_utf8(&charset);
}

static void test_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(text_rows); i++)
        for (size_t piece = 1; piece < 40; piece++)
            check_row(&text_rows[i], utf8_in_pieces(&text_rows[i], piece) == text_rows[i].utf8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
