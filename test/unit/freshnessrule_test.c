/* Names that carry a fingerprint, and the many that only look like it. */
#include "origin/freshnessrule.h"

#include "table.h"

struct name_row {
    const char *id;
    const char *name; /* who makes it, or what it is */
    const char *path;
    bool yes;
};

static const struct name_row name_rows[] = {
    {"yes", "webpack", "main.4f3c9a1b.js", true},
    {"yes", "webpack, 20 digits", "static/js/main.0123456789abcdef0123.js", true},
    {"yes", "webpack, chunk", "2.8842ab0d.chunk.css", true},
    {"yes", "webpack, source map", "main.4f3c9a1b.chunk.js.map", true},
    {"yes", "webpack, licences", "main.4f3c9a1b.js.LICENSE.txt", true},
    {"yes", "esbuild", "app-5XKZ3QWT.js", true},
    {"yes", "Angular", "main-5XKZ3QWT.js", true},
    {"yes", "Vite", "assets/index-DiwrgTda.js", true},
    {"yes", "Vite, figures", "assets/index-Bk3xQ9aZ.css", true},
    {"yes", "Vite, figures, in no known folder", "js/index-Bk3xQ9aZ.css", true},
    {"yes", "Vite, an image", "assets/logo-kZQv7Rba.svg", true},
    {"yes", "Astro", "_astro/index.DiwrgTda.css", true},
    {"yes", "SvelteKit, a chunk", "_app/immutable/chunks/BxY8_abc.js", true},
    {"yes", "SvelteKit, an entry", "_app/immutable/entry/start.BdkW3x9q.js", true},
    {"yes", "Next.js", "_next/static/chunks/main-0ed4f1ab55c9e0a1.js", true},
    {"yes", "Parcel", "index.8c4f1e2a.js", true},
    {"yes", "Django", "css/base.27e20196a850.css", true},
    {"yes", "Django, min", "css/base.27e20196a850.min.css", true},
    {"yes", "Rails",
     "assets/app-5f2b9c1e5f2b9c1e5f2b9c1e5f2b9c1e5f2b9c1e5f2b9c1e5f2b9c1e5f2b9c1e.js", true},
    {"yes", "Hugo", "style.min.5f2b9c1e5f2b9c1e5f2b9c1e5f2b9c1e5f2b9c1e5f2b9c1e.css", true},
    {"yes", "capital hexadecimal", "main.4F3C9A1B.js", true},
    {"yes", "JSON", "data-4f3c9a1b.json", true},

    {"no", "a page is never immutable", "index.4f3c9a1b.html", false},
    {"no", "a page, htm", "index.4f3c9a1b.htm", false},
    {"no", "a page, in assets", "assets/index-DiwrgTda.html", false},
    {"no", "no extension", "backup.4f3c9a1b", false},
    {"no", "no extension, dash", "backup-4f3c9a1b", false},
    {"no", "a plain name", "style.css", false},
    {"no", "a version", "jquery-3.7.1.min.js", false},
    {"no", "a version with letters", "bootstrap-5.3.0-beta2.css", false},
    {"no", "a date", "report-20240101.pdf", false},
    {"no", "a date and a letter", "report-20240101a.pdf", false},
    {"no", "a date and a time", "photo-20240101T120000.jpg", false},
    {"no", "a date with dashes", "notes-2024-01-01.txt", false},
    {"no", "a camera's name", "IMG_20240101.jpg", false},
    {"no", "a camera's number", "DSC-00012345.jpg", false},
    {"no", "a size", "screenshot-1920x1080.png", false},
    {"no", "a size with a hexadecimal letter", "video-1920d1080.mp4", false},
    {"no", "words", "background-image.png", false},
    {"no", "a long word", "img-screenshot.png", false},
    {"no", "hexadecimal word", "img-facebook.png", false},
    {"no", "hexadecimal letters only", "img-deadbeef.png", false},
    {"no", "hexadecimal word with a figure", "img-face2face.png", false},
    {"no", "hexadecimal word and year", "cafe-decade1990.png", false},
    {"no", "figures only", "user-1234567890.png", false},
    {"no", "figures, then letters", "tape-12345abc.png", false},
    {"no", "UUID", "doc-550e8400-e29b-41d4-a716-446655440000.pdf", false},
    {"no", "UUID whose last part looks good", "doc-3f2504e0-4f89-11d3-9a0c-0305e82c3301.pdf",
     false},
    {"no", "UUID in assets", "assets/3f2504e0-4f89-11d3-9a0c-0305e82c3301.js", false},
    {"no", "an id for a name", "507f1f77bcf86cd799439011.jpg", false},
    {"no", "an MD5 for a name", "avatars/0bc83cb571cd1c50ba6f3e8a78ef1346.png", false},
    {"no", "a hash at the front", "4f3c9a1b.main.js", false},
    {"no", "a hash in the folder", "4f3c9a1b/main.js", false},
    {"no", "7 digits", "main.4f3c9a1.js", false},
    {"no", "mixed case hexadecimal", "main.4f3C9a1B0.js", false},
    {"no", "chapter", "book-chapter12.txt", false},
    {"no", "a product", "app-iphone14pro.js", false},
    {"no", "a product, 8 octets", "app-iPhone15.js", false},
    {"no", "sums", "file-sha256sums.txt", false},
    {"no", "a codec", "clip-h264main.mp4", false},
    {"no", "a character set", "x-utf8mb4general.js", false},
    {"no", "a brand", "logo-B2BSALES.png", false},
    {"no", "camel case in assets", "assets/logo-DarkMode.svg", false},
    {"no", "camel case with a cluster", "assets/bg-SkyWatch.png", false},
    {"no", "camel case with short forms", "assets/x-HtmlPage.js", false},
    {"no", "capitals and words", "assets/x-HTMLPage.js", false},
    {"no", "two letters first", "assets/x-MyPhotos.png", false},
    {"no", "a name", "assets/x-McDonald.png", false},
    {"no", "capitals behind", "assets/x-GitHubUI.png", false},
    {"no", "a small first letter", "assets/x-iPhoneSE.png", false},
    {"no", "a word of 8 in assets", "assets/intro-strength.mp4", false},
    {"no", "a whole name in assets", "assets/MainPage.js", false},
    {"no", "letters alone elsewhere", "index-DiwrgTda.js", false},
    {"no", "assets too far up", "assets/a/b/index-DiwrgTda.js", false},
    {"no", "assets as part of a name", "myassets/index-DiwrgTda.js", false},
    {"no", "Nuxt's manifest", "_nuxt/builds/latest.json", false},
    {"no", "a trail without a mark", "vendor.chunk.min.js", false},
    {"no", "only a mark", ".4f3c9a1b.js", false},
    {"no", "only an extension", ".js", false},
    {"no", "nothing", "", false},
    {"no", "a slash", "assets/", false},
    {"no", "dots", "...", false},
    {"no", "dashes", "---------.js", false},
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(name_rows); i++) {
        const struct name_row *row = &name_rows[i];
        check_row(row, freshnessrule_fingerprinted(stet_span_of(row->path)) == row->yes);
    }
}

/* No octets make it read beyond the name. */
static void test_octets(void **state)
{
    (void)state;
    uint32_t draw = 1;
    for (int i = 0; i < 200000; i++) {
        char name[24];
        size_t len = 0;
        for (draw = draw * 1103515245 + 12345; len < (draw >> 8) % sizeof name; len++) {
            uint32_t pick = (draw >> (len % 20)) * 2654435761U;
            name[len] = "aB3-./_9fZ\0\xff"[(pick >> 24) % 12];
        }
        char *exact = test_malloc(len + 1);
        memcpy(exact, name, len);
        freshnessrule_fingerprinted(stet_span(exact, len));
        test_free(exact);
    }
}

static void test_rules(void **state)
{
    (void)state;
    static const struct files_rule rules[] = {
        {"a/*", "one"}, {"*.css", "two"}, {"b/[cd].js", "three"}, {"*.css", "never"}};
    assert_string_equal(freshnessrule_of(rules, 4, "a/b/c.css"), "one");
    assert_string_equal(freshnessrule_of(rules, 4, "x/b.css"), "two");
    assert_string_equal(freshnessrule_of(rules, 4, "b/c.js"), "three");
    assert_string_equal(freshnessrule_of(rules, 4, "b/e.js"), "no-cache");
    assert_string_equal(freshnessrule_of(rules, 0, "x/b.css"), "no-cache");
    assert_string_equal(freshnessrule_of(NULL, 0, "main.4f3c9a1b.js"),
                        "max-age=31536000, immutable");
    assert_true(freshnessrule_value_valid("max-age=1, stale-while-revalidate=5"));
    assert_true(freshnessrule_value_valid(""));
    assert_false(freshnessrule_value_valid("a\r\nb"));
    assert_false(freshnessrule_value_valid("a\x7f"));
    assert_false(freshnessrule_value_valid("a\x01"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_octets),
        cmocka_unit_test(test_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
