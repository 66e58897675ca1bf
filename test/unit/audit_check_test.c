/* Table tests of what the audit concludes: answers as text, and the findings that they lead to. */
#include "audit/check.h"

#include <stdio.h>

#include "audit_fixture.h"

#define DATED "Date: Tue, 14 Nov 2023 22:13:20 GMT\n"
#define MODIFIED "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\n"

static void validators(struct check *check, const struct probe *a, const struct probe *b)
{
    (void)b;
    check_validators(check, a);
}

static void dates(struct check *check, const struct probe *a, const struct probe *b)
{
    (void)b;
    check_dates(check, a);
}

static void vary(struct check *check, const struct probe *a, const struct probe *b)
{
    (void)b;
    check_vary(check, a);
}

static void caches(struct check *check, const struct probe *a, const struct probe *b)
{
    (void)b;
    check_cache_status(check, a);
}

static void whole(struct check *check, const struct probe *a, const struct probe *b)
{
    (void)b;
    check_answer(check, a);
}

static void connection(struct check *check, const struct probe *a, const struct probe *b)
{
    (void)b;
    check_connection(check, a);
}

/* The second one answers another query. */
static void search(struct check *check, const struct probe *a, const struct probe *b)
{
    struct probe other = *b;
    char url[] = "http://h/plain?stet-audit=1";

    other.url = url;
    check_search(check, a, &other);
}

static void redirect(struct check *check, const struct probe *a, const struct probe *b)
{
    (void)b;
    check_redirect(check, a, 1);
}

static void range(struct check *check, const struct probe *a, const struct probe *b)
{
    check_range(check, a, b);
}

static void coding(struct check *check, const struct probe *a, const struct probe *b)
{
    check_coding(check, a, b, STET_CODING_GZIP);
}

static void coding_tag(struct check *check, const struct probe *a, const struct probe *b)
{
    check_coding_tag(check, a, a, b);
}

static void uncoded(struct check *check, const struct probe *a, const struct probe *b)
{
    (void)b;
    check_uncoded(check, a);
}

static void language(struct check *check, const struct probe *a, const struct probe *b)
{
    check_negotiation(check, a, b, "Accept-Language");
}

static void preflight(struct check *check, const struct probe *a, const struct probe *b)
{
    (void)b;
    check_preflight(check, a);
}

/* `a` is what was held, `b` the answer to a condition; what is there now has the content "now". */
static void truth_of(struct check *check, const struct truth *held, const struct probe *b)
{
    struct probe now = fixture_probe(
        "http://h/",
        held->coding.len ? "200\nETag: \"a\"\nContent-Encoding: gzip" : "200\nETag: \"a\"", "now");

    check_truth(check, held, b, &now);
    probe_fini(&now);
}

static void truth(struct check *check, const struct probe *a, const struct probe *b)
{
    const struct truth held = {a->digest,      a->length, check_value(a, STET_FIELD_ETAG),
                               STET_SPAN_NONE, true,      STET_SPAN_NONE};

    truth_of(check, &held, b);
}

/* Asked by date. */
static void truth_dated(struct check *check, const struct probe *a, const struct probe *b)
{
    const struct truth held = {a->digest,
                               a->length,
                               check_value(a, STET_FIELD_ETAG),
                               check_value(a, STET_FIELD_LAST_MODIFIED),
                               false,
                               STET_SPAN_NONE};

    truth_of(check, &held, b);
}

/* What looked like a lie, and one more answer. That it stands shows as content-changed. */
static void doubt(struct check *check, const struct probe *a, const struct probe *b,
                  bool conditional)
{
    const struct truth held = {a->digest,      a->length, check_value(a, STET_FIELD_ETAG),
                               STET_SPAN_NONE, true,      STET_SPAN_NONE};
    struct probe then = fixture_probe("http://h/", "304", "");

    truth_of(check, &held, &then);
    if (check_truth_again(check, &held, b, conditional))
        check_say(check, FINDING_CONTENT_CHANGED, (struct exchanges){b, NULL}, "%s", "");
    probe_fini(&then);
}

static void truth_again(struct check *check, const struct probe *a, const struct probe *b)
{
    doubt(check, a, b, false);
}

static void truth_condition_again(struct check *check, const struct probe *a, const struct probe *b)
{
    doubt(check, a, b, true);
}

static void truth_coded(struct check *check, const struct probe *a, const struct probe *b)
{
    const struct truth held = {a->digest,      a->length, check_value(a, STET_FIELD_ETAG),
                               STET_SPAN_NONE, true,      STET_SPAN("gzip")};

    truth_of(check, &held, b);
}

/* It was coded, and is not. */
static void truth_uncoded(struct check *check, const struct probe *a, const struct probe *b)
{
    const struct truth held = {a->digest,      a->length, check_value(a, STET_FIELD_ETAG),
                               STET_SPAN_NONE, true,      STET_SPAN("gzip")};
    struct probe now = fixture_probe("http://h/", "200\nETag: \"a\"", "now");

    check_truth(check, &held, b, &now);
    probe_fini(&now);
}

static const struct fixture_row rows[] = {
    {"9110-8.8.3", "a strong tag and a date", validators, "200\nETag: \"a\"\n" MODIFIED DATED, "",
     NULL, "", "", NULL},
    {"9110-8.8.3", "nothing", validators, "200\n" DATED, "", NULL, "", "validators-missing", NULL},
    {"9110-8.8.3", "a date alone", validators, "200\n" MODIFIED DATED, "", NULL, "", "etag-missing",
     NULL},
    {"9110-8.8.3", "no quotes", validators, "200\nETag: a\n" DATED, "", NULL, "", "etag-malformed",
     NULL},
    {"9110-8.8.3", "lower w", validators, "200\nETag: w/\"a\"", "", NULL, "", "etag-malformed",
     NULL},
    {"9110-8.8.3", "two of them", validators, "200\nETag: \"a\"\nETag: \"b\"", "", NULL, "",
     "etag-repeated", NULL},
    {"9110-8.8.1", "weak", validators, "200\nETag: W/\"a\"", "", NULL, "", "etag-weak", NULL},
    {"9110-8.8.1", "weak, and coded", validators, "200\nETag: W/\"a\"\nContent-Encoding: gzip", "",
     NULL, "", "", NULL},
    {"9110-8.8.2", "no date", validators, "200\nETag: \"a\"\nLast-Modified: today", "", NULL, "",
     "last-modified-malformed", NULL},
    {"9110-8.8.2", "after Date", validators,
     "200\nETag: \"a\"\n" DATED "Last-Modified: Tue, 14 Nov 2023 22:13:21 GMT", "", NULL, "",
     "last-modified-future", NULL},
    {"9110-8.8.2", "at Date", validators,
     "200\nETag: \"a\"\n" DATED "Last-Modified: Tue, 14 Nov 2023 22:13:20 GMT", "", NULL, "", "",
     NULL},
    {"9110-8.8.2", "1970", validators,
     "200\nETag: \"a\"\nLast-Modified: Thu, 01 Jan 1970 00:00:01 GMT", "", NULL, "",
     "last-modified-epoch", NULL},
    {"9110-5.6.7", "as asctime writes it", validators,
     "200\nETag: \"a\"\nLast-Modified: Sun Nov  6 08:49:37 1994", "", NULL, "",
     "last-modified-obsolete-form", NULL},

    {"9110-6.6.1", "now", dates, "200\n" DATED, "", NULL, "", "", NULL},
    {"9110-6.6.1", "none", dates, "200", "", NULL, "", "date-missing", NULL},
    {"9110-6.6.1", "no date", dates, "200\nDate: now", "", NULL, "", "date-malformed", NULL},
    {"9110-6.6.1", "a minute ago", dates, "200\nDate: Tue, 14 Nov 2023 22:12:20 GMT", "", NULL, "",
     "", NULL},
    {"9111-5.1", "older, without Age", dates, "200\nDate: Tue, 14 Nov 2023 22:12:19 GMT", "", NULL,
     "", "age-missing", NULL},
    {"9111-5.1", "older, with Age", dates, "200\nDate: Tue, 14 Nov 2023 22:10:20 GMT\nAge: 180", "",
     NULL, "", "", NULL},
    {"9111-5.1", "Age and Date do not fit", dates,
     "200\nDate: Tue, 14 Nov 2023 22:10:20 GMT\nAge: 10", "", NULL, "", "date-skewed", NULL},
    {"9110-6.6.1", "in the future", dates, "200\nDate: Tue, 14 Nov 2023 23:13:20 GMT", "", NULL, "",
     "date-skewed", NULL},
    {"9111-5.1", "Age is a word", dates, "200\n" DATED "Age: old", "", NULL, "", "age-malformed",
     NULL},
    {"9111-4.2.4", "stale", dates,
     "200\nDate: Tue, 14 Nov 2023 22:10:20 GMT\nAge: 180\nCache-Control: max-age=60", "", NULL, "",
     "served-stale", NULL},
    {"9111-4.2.4", "as stale as it may be", dates,
     "200\nDate: Tue, 14 Nov 2023 22:10:20 GMT\nAge: 180\n"
     "Cache-Control: max-age=60, stale-while-revalidate=120",
     "", NULL, "", "", NULL},
    {"9111-4.2.4", "shared lifetimes count", dates,
     "200\nDate: Tue, 14 Nov 2023 22:10:20 GMT\nAge: 180\nCache-Control: max-age=60, s-maxage=600",
     "", NULL, "", "", NULL},

    {"9110-12.5.5", "a star", vary, "200\nVary: *", "", NULL, "", "vary-star", NULL},
    {"9110-12.5.5", "no name", vary, "200\nVary: a b", "", NULL, "", "vary-malformed", NULL},
    {"9110-12.5.5", "names", vary, "200\nVary: Accept-Encoding, Origin", "", NULL, "", "", NULL},
    {"9110-12.5.5", "cookies, private", vary, "200\nVary: Cookie\nCache-Control: private", "", NULL,
     "", "", NULL},
    {"9110-12.5.5", "cookies, shared", vary, "200\nVary: Cookie", "", NULL, "", "vary-cookie",
     NULL},

    {"9211-2", "a hit", caches, "200\nCache-Status: a; hit; ttl=3", "", NULL, "", "cache-status",
     NULL},
    {"9211-2", "a flaw", caches, "200\nCache-Status: a; hit; ttl=", "", NULL, "",
     "cache-status-malformed", NULL},
    {"9211-1", "another field", caches, "200\nX-Cache: HIT", "", NULL, "", "x-cache", NULL},

    {"C-9110-7.6.1-4", "a connection option", connection, "200\nConnection: keep-alive, X-Own", "",
     NULL, "", "", NULL},
    {"C-9110-7.6.1-4", "a field for everybody", connection, "200\nConnection: cache-control", "",
     NULL, "", "connection-names-field", NULL},
    {"C-NVS-7-3", "the same for all queries", search,
     "200\nNo-Vary-Search: params=(\"stet-audit\")", "a",
     "200\nNo-Vary-Search: params=(\"stet-audit\")", "a", "", NULL},
    {"C-NVS-7-3", "not for this query", search, "200\nNo-Vary-Search: params=(\"stet-audit\")", "a",
     "200", "a", "no-vary-search-varies", NULL},
    {"C-NVS-7-3", "a parameter that counts", search, "200\nNo-Vary-Search: params=(\"other\")", "a",
     "200\nNo-Vary-Search: params=(\"other\")", "b", "", NULL},
    {"NVS-6", "a parameter that counts after all", search,
     "200\nNo-Vary-Search: params=(\"stet-audit\")", "a",
     "200\nNo-Vary-Search: params=(\"stet-audit\")", "b", "no-vary-search-untrue", NULL},

    {"9110-15", "200", whole, "200\n" DATED, "a", NULL, "", "", NULL},
    {"9110-15", "404", whole, "404\n" DATED, "a", NULL, "", "status-error", NULL},
    {"9530-2", "its digest", whole,
     "200\nRepr-Digest: sha-256=:ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=:", "a", NULL, "", "",
     NULL},
    {"9530-2", "another one", whole,
     "200\nRepr-Digest: sha-256=:ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=:", "b", NULL, "",
     "digest-wrong", NULL},
    {"9110-15.4.2", "a permanent redirect", redirect, "301\nLocation: /a", "", NULL, "", "redirect",
     NULL},
    {"9110-15.4.2", "one that is not to be kept", redirect,
     "308\nLocation: /a\nCache-Control: no-store", "", NULL, "",
     "redirect redirect-permanent-unstored", NULL},

    {"9110-8.8.1", "the same again", check_again, "200\nETag: \"a\"", "x", "200\nETag: \"a\"", "x",
     "", NULL},
    {"9110-8.8.1", "another tag", check_again, "200\nETag: \"a\"", "x", "200\nETag: \"b\"", "x",
     "etag-unstable", NULL},
    {"9110-8.8.1", "weaker the second time", check_again, "200\nETag: \"a\"", "x",
     "200\nETag: W/\"a\"", "x", "", NULL},
    {"9110-8.8.3", "none the first time", check_again, "200", "x", "200\nETag: \"a\"", "x",
     "etag-sometimes", NULL},
    {"9110-8.8.3", "none the second time", check_again, "200\nETag: \"a\"", "x", "200", "x",
     "etag-sometimes", NULL},
    {"9110-8.8.1", "the tag of another content", check_again, "200\nETag: \"a\"", "abcdef",
     "200\nETag: \"a\"", "uvwxyz", "etag-reused content-varies", NULL},
    {"9110-8.8.1", "equivalent, it says", check_again, "200\nETag: W/\"a\"", "abcdef",
     "200\nETag: W/\"a\"", "uvwxyz", "", NULL},
    {"9110-8.8.1", "a token", check_again, "200", "<a><b><c><d>token=1<e><f><g><h>", "200",
     "<a><b><c><d>token=2<e><f><g><h>", "content-noise", NULL},
    {"9110-8.8.1", "tokens in two places", check_again, "200", "1\n-\n-\n-\n-\n-\n-\n-\n-\n-\n1\n",
     "200", "2\n-\n-\n-\n-\n-\n-\n-\n-\n-\n2\n", "content-noise", NULL},
    {"9110-8.8.2", "the time of the request", check_again, "200\n" MODIFIED, "x",
     "200\nLast-Modified: Sun, 06 Nov 1994 08:49:38 GMT", "x", "last-modified-moving", NULL},
    {"6265-3", "a cookie each time", check_again, "200\nSet-Cookie: a=1", "x",
     "200\nSet-Cookie: a=2", "x", "set-cookie-each-time", NULL},
    {"9110-8.8.3", "another address, the same", check_address, "200\nETag: \"a\"", "x",
     "200\nETag: \"a\"", "x", "", NULL},
    {"9110-8.8.3", "another address, another tag", check_address, "200\nETag: \"a\"\n" MODIFIED,
     "x", "200\nETag: \"b\"", "x", "etag-differs-by-address last-modified-differs-by-address",
     NULL},
    {"9110-8.8.3", "another address, other content", check_address, "200\nETag: \"a\"", "x",
     "200\nETag: \"b\"", "y", "content-differs-by-address", NULL},
    {"9110-8.8.3", "another address that fails", check_address, "200", "x", "500", "x",
     "address-unreachable", NULL},

    {"9110-9.3.2", "HEAD as GET", check_head, "200\nETag: \"a\"", "x",
     "200 HEAD\nETag: \"a\"\nContent-Length: 1", "", "", NULL},
    {"9110-9.3.2", "HEAD without tag", check_head, "200\nETag: \"a\"", "x", "200 HEAD", "",
     "head-fields-missing", NULL},
    {"9110-9.3.2", "HEAD with another tag", check_head, "200\nETag: \"a\"", "x",
     "200 HEAD\nETag: \"b\"", "", "head-fields", NULL},
    {"9110-9.3.2", "HEAD with the tag grown strong", check_head, "200\nETag: W/\"a\"", "x",
     "200 HEAD\nETag: \"a\"", "", "", NULL},
    {"9110-9.3.2", "HEAD without length", check_head, "200\nETag: \"a\"\nContent-Length: 1", "x",
     "200 HEAD\nETag: \"a\"", "", "", NULL},
    {"9110-9.3.2", "HEAD with another length", check_head, "200", "x",
     "200 HEAD\nContent-Length: 0", "", "head-fields", NULL},
    {"9110-9.3.2", "HEAD with another status", check_head, "200", "x", "405 HEAD", "",
     "head-status", NULL},

    {"9110-14.2", "a part", range, "200", "abc",
     "206\n> Range: bytes=1-1\nContent-Range: bytes 1-1/3", "b", "", NULL},
    {"9110-14.2", "another octet", range, "200", "abc",
     "206\n> Range: bytes=1-1\nContent-Range: bytes 1-1/3", "c", "range-wrong", NULL},
    {"9110-14.2", "another part", range, "200", "abc",
     "206\n> Range: bytes=1-1\nContent-Range: bytes 0-0/3", "a", "range-wrong", NULL},
    {"9110-14.2", "of another whole", range, "200", "abc",
     "206\n> Range: bytes=1-1\nContent-Range: bytes 1-1/4", "b", "range-wrong", NULL},
    {"9110-14.2", "of a whole whose length is not told", range, "200", "abc",
     "206\n> Range: bytes=1-1\nContent-Range: bytes 1-1/*", "b", "", NULL},
    {"9110-15.3.7.1", "which one is not told", range, "200", "abc", "206\n> Range: bytes=1-1", "b",
     "range-without-content-range", NULL},
    {"9110-14.3", "ranges are promised", range, "200\nAccept-Ranges: bytes", "abc",
     "200\n> Range: bytes=1-1", "abc", "accept-ranges-untrue", NULL},
    {"9110-14.3", "ranges are not promised", range, "200", "abc", "200\n> Range: bytes=1-1", "abc",
     "ranges-unsupported", NULL},
    {"9110-15.5.17", "416", check_unsatisfiable, "200", "abc", "416\nContent-Range: bytes */3", "",
     "", NULL},
    {"9110-15.5.17", "416 without a length", check_unsatisfiable, "200", "abc", "416", "",
     "416-without-length", NULL},
    {"9110-15.5.17", "200 instead", check_unsatisfiable, "200", "abc", "200", "abc", "416-missing",
     NULL},

    {"9110-8.8.3.3", "a coding with its own tag", coding, "200\nETag: \"a\"\nVary: Accept-Encoding",
     "abcd", "200\nETag: \"b\"\nVary: Accept-Encoding\nContent-Encoding: gzip", "z", "", NULL},
    {"9110-8.8.3.3", "with the same strong tag", coding, "200\nETag: \"a\"\nVary: Accept-Encoding",
     "abcd", "200\nETag: \"a\"\nVary: Accept-Encoding\nContent-Encoding: gzip", "z",
     "coding-same-tag", NULL},
    {"9110-8.8.3.3", "with the same tag, weak", coding, "200\nETag: \"a\"\nVary: Accept-Encoding",
     "abcd", "200\nETag: W/\"a\"\nVary: Accept-Encoding\nContent-Encoding: gzip", "z", "", NULL},
    {"9110-8.8.3.3", "without a tag", coding, "200\nETag: \"a\"\nVary: *", "abcd",
     "200\nVary: *\nContent-Encoding: gzip", "z", "coding-drops-validators", NULL},
    {"9110-12.5.5", "without Vary", coding, "200", "abcd", "200\nContent-Encoding: gzip", "z",
     "coding-without-vary", NULL},
    {"9110-12.5.5", "without Vary, for one user", coding, "200", "abcd",
     "200\nCache-Control: private\nContent-Encoding: gzip", "z", "", NULL},
    {"C-9205-4.6-1", "with Vary where it is coded alone", coding, "200", "abcd",
     "200\nVary: Accept-Encoding\nContent-Encoding: gzip", "z", "vary-inconsistent", NULL},
    {"9110-12.5.3", "another coding than was asked for", coding, "200", "abcd",
     "200\nContent-Encoding: br", "z", "coding-unasked", NULL},
    {"9110-8.4.1", "larger than before", coding, "200\nVary: *", "a",
     "200\nVary: *\nContent-Encoding: gzip", "zz", "coding-larger", NULL},
    {"9110-8.4.1", "none", coding, "200", "a", "200", "a", "", NULL},
    {"9110-13.1.2", "its own tag, 304", coding_tag, "200\nETag: \"a\"\nContent-Encoding: gzip", "z",
     "304\nETag: \"a\"\n" DATED, "", "", NULL},
    {"9110-13.1.2", "its own tag, 200", coding_tag, "200\nETag: \"a\"\nContent-Encoding: gzip", "z",
     "200\nETag: \"a\"\nContent-Encoding: gzip", "z", "coding-tag-ignored", NULL},
    {"9110-13.1.2", "it has changed meanwhile", coding_tag,
     "200\nETag: \"a\"\nContent-Encoding: gzip", "z", "200\nETag: \"b\"\nContent-Encoding: gzip",
     "y", "", NULL},
    {"9110-8.4.1", "little text", uncoded, "200\nContent-Type: text/plain", "a", NULL, "", "",
     NULL},

    {"9110-12.5.5", "another language, told", language, "200\nVary: Accept-Language", "a",
     "200\nVary: Accept-Language", "b", "", NULL},
    {"9110-12.5.5", "another language, not told", language, "200", "a", "200", "b",
     "negotiates-without-vary", NULL},
    {"9110-12.5.5", "another language, private", language, "200\nCache-Control: private", "a",
     "200\nCache-Control: private", "b", "", NULL},
    {"9110-12.5.5", "the same", language, "200", "a", "200", "a", "", NULL},
    {"9110-13.1.2", "a cookie, 304", check_cookie, "200", "a", "304", "", "", NULL},
    {"9110-13.1.2", "a cookie, all of it again", check_cookie, "200", "a", "200", "a",
     "cookie-breaks-validation", NULL},
    {"9110-12.5.5", "a cookie, other content", check_cookie, "200", "a", "200", "b",
     "cookie-without-vary", NULL},
    {"9110-12.5.5", "an origin that is echoed", check_cors, "200", "a",
     "200\nAccess-Control-Allow-Origin: https://o", "a", "cors-without-vary", NULL},
    {"9110-12.5.5", "an origin that is echoed, and Vary", check_cors, "200\nVary: Origin", "a",
     "200\nVary: Origin\nAccess-Control-Allow-Origin: https://o", "a", "", NULL},
    {"9110-12.5.5", "all origins", check_cors, "200\nAccess-Control-Allow-Origin: *", "a",
     "200\nETag: \"a\"\nAccess-Control-Allow-Origin: *", "a", "cors-etag-hidden", NULL},
    {"9111-3.2", "a 304 that grants another", check_cors_304, "200\nAccess-Control-Allow-Origin: *",
     "a", "304\nAccess-Control-Allow-Origin: https://o", "", "cors-304-differs", NULL},
    {"9110-13.1.2", "a preflight that allows", preflight,
     "200\nAccess-Control-Allow-Headers: if-none-match", "", NULL, "", "", NULL},
    {"9110-13.1.2", "no answer to a preflight", preflight, "0", "", NULL, "", "", NULL},
    {"9110-13.1.2", "a preflight that does not", preflight, "204", "", NULL, "",
     "cors-condition-refused", NULL},

    {"9110-15.4.5", "304, and it is the same", truth, "200\nETag: \"a\"", "now", "304", "",
     "true-304", NULL},
    {"9110-15.4.5", "304, and it is another", truth, "200\nETag: \"b\"", "then", "304", "",
     "lying-304", NULL},
    {"9110-15.4.5", "304, another, the same tag", truth, "200\nETag: \"a\"", "then", "304", "",
     "etag-reused lying-304", NULL},
    {"9110-8.8.1", "304 by a weak tag, and it is another", truth, "200\nETag: W/\"b\"", "then",
     "304", "", "weak-304", NULL},
    {"9110-8.8.1", "304 by a weak tag, in other coded bytes", truth_coded, "200\nETag: W/\"b\"",
     "then", "304", "", "", NULL},
    {"9110-8.8.1", "304 by a strong tag, in other coded bytes", truth_coded, "200\nETag: \"b\"",
     "then", "304", "", "lying-304", NULL},
    {"C-9110-8.8.3.3-1", "304 to what was coded, and it is not coded now", truth_uncoded,
     "200\nETag: \"b\"", "then", "304", "", "", NULL},
    {"9110-15.4.5", "asked again, another content", truth_again, "200\nETag: \"b\"", "then", "200",
     "later", "lying-304 content-changed", NULL},
    {"9110-15.4.5", "asked again, what was held", truth_again, "200\nETag: \"b\"", "then", "200",
     "then", "content-varies", NULL},
    {"9110-15.4.5", "asked again, another coding", truth_again, "200\nETag: \"b\"", "then",
     "200\nContent-Encoding: gzip", "later", "", NULL},
    {"9110-15.4.5", "asked again, no answer", truth_again, "200\nETag: \"b\"", "then", "0", "", "",
     NULL},
    {"9110-15.4.5", "asked again, 304", truth_condition_again, "200\nETag: \"b\"", "then", "304",
     "", "lying-304 content-changed", NULL},
    {"9110-15.4.5", "asked again, 200", truth_condition_again, "200\nETag: \"b\"", "then", "200",
     "later", "content-varies", NULL},
    {"9110-15.4.5", "asked again, 500", truth_condition_again, "200\nETag: \"b\"", "then", "500",
     "", "", NULL},
    {"9110-8.8.1", "200, and it is the same", truth, "200\nETag: \"b\"", "now", "200\nETag: \"a\"",
     "now", "needless-200", NULL},
    {"9110-8.8.2.1", "200 by date, and it is the same", truth_dated, "200\n" MODIFIED, "now",
     "200\nETag: \"a\"", "now", "needless-200", NULL},
    {"9110-8.8.2.1", "200 by date, where there is a tag", truth_dated,
     "200\nETag: \"a\"\n" MODIFIED, "now", "200\nETag: \"a\"", "now", "", NULL},
    {"9110-13.1.2", "200, and it is another", truth, "200\nETag: \"b\"", "then", "200\nETag: \"a\"",
     "now", "true-change", NULL},

    {"9110-15.4.5", "a 304 as it should be", check_not_modified,
     "200\nETag: \"a\"\nVary: A\nCache-Control: no-cache", "x",
     "304\nETag: \"a\"\nVary: A\nCache-Control: no-cache\n" DATED, "", "", NULL},
    {"9110-15.4.5", "a 304 with nothing", check_not_modified,
     "200\nETag: \"a\"\nVary: A\nCache-Control: no-cache\nContent-Location: /x", "x", "304", "",
     "304-without-etag 304-without-cache-control 304-without-vary 304-without-content-location "
     "304-without-date",
     NULL},
    {"9110-8.6", "a 304 with the length of the 200", check_not_modified, "200", "x",
     "304\nContent-Length: 1\n" DATED, "", "", NULL},
    {"9110-8.6", "a 304 with the length 0", check_not_modified, "200", "x",
     "304\nContent-Length: 0\n" DATED, "", "304-content-length", NULL},
    {"9111-3.2", "a 304 in another coding", check_not_modified, "200", "x",
     "304\nContent-Encoding: gzip\n" DATED, "", "304-other-content-encoding", NULL},
    {"9111-3.2", "a 304 with other rules", check_not_modified, "200\nCache-Control: no-cache", "x",
     "304\nCache-Control: max-age=9\n" DATED, "", "304-other-cache-control", NULL},
    {"9111-3.2", "a 304 a second later", check_not_modified, "200\nCache-Control: max-age=99", "x",
     "304\nCache-Control: max-age=98\n" DATED, "", "", NULL},
    {"9111-3.2", "a 304 with a lifetime, the 200 has none", check_not_modified,
     "200\nCache-Control: private", "x", "304\nCache-Control: private, max-age=9\n" DATED, "",
     "304-other-cache-control", NULL},
    {"9110-9.3.2", "HEAD a second later", check_head, "200\nCache-Control: max-age=99", "x",
     "200 HEAD\nCache-Control: max-age=98", "", "", NULL},
    {"9110-9.3.2", "HEAD with other rules", check_head, "200\nCache-Control: max-age=99", "x",
     "200 HEAD\nCache-Control: no-cache", "", "head-fields", NULL},
    {"9110-15.4.5", "a 304 with another tag", check_not_modified, "200\nETag: \"a\"", "x",
     "304\nETag: \"b\"\n" DATED, "", "304-other-etag", NULL},
    {"9110-15.4.5", "a 304 whose tag is weaker", check_not_modified, "200\nETag: \"a\"", "x",
     "304\nETag: W/\"a\"\n" DATED, "", "", NULL},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        fixture_judge(&rows[i]);
}

/* Whatever allocation fails: the check says so, and nothing is lost or used that is gone. */
static void test_memory(void **state)
{
    (void)state;
    struct findings findings = {0};
    struct probe probe = fixture_probe("http://h/", "200\nETag: \"a\"", "x");
    bool failed = true;

    for (uint64_t nth = 1; failed; nth++) {
        struct check check = {.findings = &findings, .url = "http://h/"};
        findings_fini(&findings);
        memory_fail_nth(nth);
        check_say(&check, FINDING_LYING_304, (struct exchanges){&probe, &probe}, "%s", "x");
        memory_fail_nth(0);
        failed = check.failed;
        assert_int_equal(findings.count, failed ? 0 : 1);
        assert_true(nth < 100);
    }
    probe_fini(&probe);
    findings_fini(&findings);
}

/* What credentials and cookies say stays out of evidence, and controls are escaped. */
static void test_evidence(void **state)
{
    (void)state;
    struct probe probe = fixture_probe("http://h/a?b",
                                       "200\n> Authorization: Bearer s3cret\n> Cookie: id=s3cret\n"
                                       "> If-None-Match: \"a\"\nSet-Cookie: id=s3cret; Path=/\n"
                                       "X-Odd: a\x1b[1mb",
                                       "");
    char *text = probe_evidence(&probe);

    assert_string_equal(text, "> GET /a?b\n> Host: h\n> Authorization: ...\n> Cookie: ...\n"
                              "> If-None-Match: \"a\"\n< HTTP/1.1 200\n"
                              "< Set-Cookie: id=...; Path=/\n< X-Odd: a\\x1b[1mb\n");
    memory_free(text);
    probe_fini(&probe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_memory),
                                       cmocka_unit_test(test_evidence)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
