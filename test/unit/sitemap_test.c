/* Sitemaps: which URLs are told, however the octets come, and what is refused.
 */
#include "audit/inputlimit.h"
#include "audit/sitemap.h"
#include "base/memory.h"
#include "base/text.h"

#include "table.h"

#include <stdlib.h>
#include <zlib.h>

struct sitemap_row {
    const char *id;
    const char *name;
    struct stet_span text;
    const char *told;  /* "u URL " or "s URL " for each */
    const char *error; /* NULL: none */
};

#define XMLNS "xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\""

static const struct sitemap_row sitemap_rows[] = {
    {"sitemap", "two URLs",
     S("<?xml version=\"1.0\"?>\n<urlset " XMLNS "><url><loc>http://h/a</loc><priority>1</priority>"
       "</url><url><loc>http://h/b</loc></url></urlset>"),
     "u http://h/a u http://h/b ", NULL},
    {"sitemap", "an index",
     S("<sitemapindex><sitemap><loc>http://h/1.xml</loc></sitemap></sitemapindex>"),
     "s http://h/1.xml ", NULL},
    {"sitemap", "space, entities, comments, CDATA",
     S("<urlset><url><loc>\n  http://h/?a=1&amp;<!-- x -->b<![CDATA[&c]]>\t</loc></url></urlset>"),
     "u http://h/?a=1&b&c ", NULL},
    {"sitemap", "prefixes",
     S("<s:urlset xmlns:s=\"x\"><s:url><s:loc>http://h/</s:loc></s:url></s:urlset>"),
     "u http://h/ ", NULL},
    {"sitemap", "images have a loc of their own",
     S("<urlset><url><loc>http://h/a</loc><i:image "
       "xmlns:i=\"i\"><i:loc>http://h/i</i:loc></i:image>"
       "</url></urlset>"),
     "u http://h/a ", NULL},
    {"sitemap", "an element within loc",
     S("<urlset><url><loc>http://h/<b>x</b>a</loc></url></urlset>"), "", NULL},
    {"sitemap", "none", S("<urlset/>"), "", NULL},
    {"sitemap", "an empty loc", S("<urlset><url><loc> </loc></url></urlset>"), "", NULL},
    {"sitemap", "a loc elsewhere",
     S("<urlset><loc>http://h/</loc><x><loc>http://h/</loc></x></urlset>"), "", NULL},
    {"sitemap", "nothing", S(""), "", "line 1"},
    {"sitemap", "HTML", S("<html><body/></html>"), "", "no sitemap"},
    {"sitemap", "cut short", S("<urlset><url><loc>http://h/a</loc></url>"), "u http://h/a ",
     "line 1"},
    {"sitemap", "text", S("http://h/a\n"), "", "line 1"},
    {"sitemap", "a document type", S("<!DOCTYPE urlset><urlset/>"), "", "document type"},
    {"sitemap", "a billion laughs",
     S("<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><urlset>&b;</urlset>"), "",
     "document type"},
    {"sitemap", "a file of ours",
     S("<!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><urlset>&a;</urlset>"), "",
     "document type"},
    {"sitemap", "too deep",
     S("<urlset><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a></a></a></a></a></a></a></a></a></"
       "a>"
       "</a></a></a></a></a></a></a></urlset>"),
     "", "too deep"},
    {"sitemap", "octets that are no UTF-8", S("<urlset><url><loc>\xff</loc></url></urlset>"), "",
     "line 1"},
    {"sitemap", "damaged packing", S("\x1f\x8b\x08garbage that is no gzip at all"), "", "damaged"},
    {"sitemap", "packing cut short", S("\x1f\x8b\x08"), "", "middle of its packing"},
};

static bool tell(struct text *told, const char *what, struct stet_span url)
{
    text_say(told, "%s %.*s ", what, (int)url.len, url.at);
    return !told->failed;
}

static bool tell_url(void *owner, struct stet_span url)
{
    return tell(owner, "u", url);
}

static bool tell_sitemap(void *owner, struct stet_span url)
{
    return tell(owner, "s", url);
}

static const struct sitemap_events events = {tell_url, tell_sitemap};

/* Fed in pieces of `piece` octets. */
static void feed(const struct sitemap_row *row, struct stet_span text, size_t piece)
{
    struct text told = {0};
    struct sitemap *sitemap = sitemap_new(&events, &told);
    for (size_t at = 0; at < text.len; at += piece) {
        const size_t left = text.len - at;
        if (!sitemap_feed(sitemap, stet_span(text.at + at, left < piece ? left : piece)))
            break;
    }
    const char *error = sitemap_end(sitemap);
    if ((error != NULL) != (row->error != NULL) || (error && !strstr(error, row->error)))
        fail_msg("%s (pieces of %zu): %s", row->name, piece, error);
    check_row(row, told.len == strlen(row->told));
    check_row(row, !told.len || memcmp(told.at, row->told, told.len) == 0);
    sitemap_free(sitemap);
    text_fini(&told);
}

/* What gzip makes of a text; the caller frees. */
static struct stet_span packed(struct stet_span text)
{
    z_stream stream = {0};
    unsigned char *to = malloc(text.len + 200), *from = malloc(text.len + 1);
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    memcpy(from, text.at, text.len);
    stream.next_in = from;
    stream.avail_in = (uInt)text.len;
    stream.next_out = to;
    stream.avail_out = (uInt)text.len + 200;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    free(from);
    return stet_span((char *)to, stream.total_out);
}

static void sitemaps(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 7, 64, 100000};
    (void)state;
    for (size_t i = 0; i < COUNT(sitemap_rows); i++) {
        const struct sitemap_row *row = &sitemap_rows[i];
        struct stet_span gzip = packed(row->text);
        for (size_t j = 0; j < COUNT(pieces); j++) {
            feed(row, row->text, pieces[j]);
            if (row->text.len == 0 || (unsigned char)row->text.at[0] != 0x1f)
                feed(row, gzip, pieces[j]);
        }
        free((void *)(uintptr_t)gzip.at);
    }
}

/* 60 MiB of spaces in some kB. */
static void bomb(void **state)
{
    (void)state;
    struct text told = {0};
    struct sitemap *sitemap = sitemap_new(&events, &told);
    const size_t size = 60 << 20;
    char *spaces = malloc(size);
    memset(spaces, ' ', size);
    memcpy(spaces, "<urlset>", 8);
    struct stet_span gzip = packed(stet_span(spaces, size));
    assert_true(gzip.len < 100000);
    assert_false(sitemap_feed(sitemap, gzip));
    assert_non_null(strstr(sitemap_end(sitemap), "larger"));
    sitemap_free(sitemap);
    free(spaces);
    free((void *)(uintptr_t)gzip.at);
}

static void too_many(void **state)
{
    static const struct stet_span head = S("<urlset>"), one = S("<url><loc>http://h/</loc></url>");
    (void)state;
    struct text told = {0};
    struct sitemap *sitemap = sitemap_new(&events, &told);
    assert_true(sitemap_feed(sitemap, head));
    for (size_t i = 0; i < inputlimit(INPUTLIMIT_SITEMAP_URLS) + 10; i++)
        assert_true(sitemap_feed(sitemap, one));
    assert_true(sitemap_feed(sitemap, STET_SPAN("</urlset>")));
    assert_null(sitemap_end(sitemap));
    assert_int_equal(sitemap_count(sitemap), inputlimit(INPUTLIMIT_SITEMAP_URLS));
    sitemap_free(sitemap);
    text_fini(&told);
}

static void without_memory(void **state)
{
    (void)state;
    for (uint64_t nth = 1;; nth++) {
        struct text told = {0};
        memory_fail_nth(nth);
        struct sitemap *sitemap = sitemap_new(&events, &told);
        const bool done =
            sitemap && sitemap_feed(sitemap, sitemap_rows[0].text) && !sitemap_end(sitemap);
        const bool over = memory_count() < nth;
        memory_fail_nth(0);
        sitemap_free(sitemap);
        text_fini(&told);
        if (over) {
            assert_true(done);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sitemaps),
        cmocka_unit_test(bomb),
        cmocka_unit_test(too_many),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
