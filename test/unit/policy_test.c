/* Table tests of storing: what may be stored by whom, which fields with it, and how it is summed
 * up.
 */
#include "stet/policy.h"

#include "message.h"
#include "stet/status.h"
#include "table.h"

#define DATE "Date: " MESSAGE_DATE "\n"
#define ETAG "ETag: \"a\"\n"
#define MODIFIED "Last-Modified: Sun, 06 Nov 1994 08:32:57 GMT\n"
#define AUTHORISED "Authorization: Basic YTpi\n"

/* Profiles by letter: g gateway, r rfc9111, p private. A row holds for each of those it names. */
static struct stet_profile profile_of(char letter)
{
    return letter == 'g'   ? stet_profile_gateway()
           : letter == 'r' ? stet_profile_rfc9111()
                           : stet_profile_private();
}

struct store_row {
    const char *id;
    const char *name;
    const char *profiles;
    const char *method;
    const char *asked;
    int status;
    const char *text;
    enum stet_reason want;
};

#define YES STET_REASON_STORABLE
#define NO(reason) STET_REASON_##reason

static const struct store_row store_rows[] = {
    {"C-9111-3-1", "an unknown method", "grp", "FOO", "", 200, "Cache-Control: max-age=9",
     NO(METHOD_NOT_STORED)},
    {"C-9110-9.2.3-1", "methods are case-sensitive", "grp", "get", "", 200,
     "Cache-Control: max-age=9", NO(METHOD_NOT_STORED)},
    {"C-9110-9.3.4-3", "PUT", "grp", "PUT", "", 200, "Cache-Control: max-age=9",
     NO(METHOD_NOT_STORED)},
    {"C-9110-9.3.4-3", "DELETE", "grp", "DELETE", "", 200, "Cache-Control: max-age=9",
     NO(METHOD_NOT_STORED)},
    {"C-9110-9.3.4-3", "OPTIONS", "grp", "OPTIONS", "", 200, "Cache-Control: max-age=9",
     NO(METHOD_NOT_STORED)},
    {"C-9110-9.3.4-3", "TRACE", "grp", "TRACE", "", 200, "Cache-Control: max-age=9",
     NO(METHOD_NOT_STORED)},
    {"C-9110-9.3.4-3", "CONNECT", "grp", "CONNECT", "", 200, "Cache-Control: max-age=9",
     NO(METHOD_NOT_STORED)},
    {"C-9110-9.3.3-1", "POST, even with all that the law asks for (D-35)", "grp", "POST", "", 200,
     "Cache-Control: max-age=9\nContent-Location: /where?q=now", NO(METHOD_NOT_STORED)},
    {"D-35", "POST", "grp", "POST", "", 200, "Cache-Control: max-age=9", NO(METHOD_NOT_STORED)},
    {"C-5789-2-1", "PATCH", "grp", "PATCH", "", 200,
     "Cache-Control: max-age=9\nContent-Location: /where?q=now", NO(METHOD_NOT_STORED)},
    {"C-9110-9.3.1-1", "GET", "grp", "GET", "", 200, "Cache-Control: max-age=9", YES},
    {"C-9110-9.3.2-3", "HEAD", "grp", "HEAD", "", 200, "Cache-Control: max-age=9", YES},
    {"C-10008-2.7-1", "QUERY, unless the key covers its content", "grp", "QUERY", "", 200,
     "Cache-Control: max-age=9", NO(METHOD_NOT_STORED)},

    {"C-9111-3-2", "103", "grp", "GET", "", 103, "Cache-Control: max-age=9", NO(STATUS_NOT_STORED)},
    {"C-8297-2-1", "103 is no response", "grp", "GET", "", 103, "Cache-Control: public\n" ETAG,
     NO(STATUS_NOT_STORED)},
    {"C-9111-3-3", "304", "grp", "GET", "", 304, "Cache-Control: max-age=9\n" ETAG,
     NO(STATUS_NOT_STORED)},
    {"C-9110-15-1", "a code beyond 599", "grp", "GET", "", 600, "Cache-Control: max-age=9",
     NO(STATUS_NOT_STORED)},
    {"C-9110-15-1", "an unknown code", "grp", "GET", "", 299, "Cache-Control: max-age=9", YES},
    {"C-6585-0-1", "428", "grp", "GET", "", 428, "Cache-Control: max-age=9", NO(STATUS_NOT_STORED)},
    {"C-6585-0-1", "429", "grp", "GET", "", 429, "Cache-Control: max-age=9", NO(STATUS_NOT_STORED)},
    {"C-6585-0-1", "431", "grp", "GET", "", 431, "Cache-Control: max-age=9", NO(STATUS_NOT_STORED)},
    {"C-6585-0-1", "511", "grp", "GET", "", 511, "Cache-Control: max-age=9", NO(STATUS_NOT_STORED)},
    {"C-3229-10-1", "226 is a difference, not a content", "grp", "GET", "", 226,
     "Cache-Control: public, max-age=9", NO(STATUS_NOT_STORED)},
    {"C-8470-5.2-2", "425", "grp", "GET", "", 425, "Cache-Control: max-age=9",
     NO(STATUS_NOT_STORED)},
    {"D-34", "401", "grp", "GET", "", 401, "Cache-Control: public, max-age=9",
     NO(STATUS_NOT_STORED)},
    {"D-34", "407", "grp", "GET", "", 407, "Cache-Control: max-age=9", NO(STATUS_NOT_STORED)},
    {"D-34", "421", "grp", "GET", "", 421, "Cache-Control: max-age=9", NO(STATUS_NOT_STORED)},
    {"D-34", "412 depends on a condition", "grp", "GET", "", 412, "Cache-Control: max-age=9",
     NO(STATUS_NOT_STORED)},
    {"D-34", "416 depends on a range", "grp", "GET", "", 416, "Cache-Control: max-age=9",
     NO(STATUS_NOT_STORED)},
    {"D-34", "302 with a lifetime", "grp", "GET", "", 302, "Cache-Control: max-age=9", YES},
    {"D-34", "302 without", "grp", "GET", "", 302, ETAG, NO(NO_PERMISSION)},
    {"D-34", "303 with a lifetime", "grp", "GET", "", 303, "Expires: 0\n" ETAG, YES},
    {"D-34", "307 with a lifetime", "grp", "GET", "", 307, "Cache-Control: max-age=9", YES},
    {"D-34", "503 with a lifetime", "grp", "GET", "", 503, "Cache-Control: max-age=9", YES},
    {"D-34", "503 without", "grp", "GET", "", 503, MODIFIED, NO(NO_PERMISSION)},
    {"D-33", "404 with a lifetime", "grp", "GET", "", 404, "Cache-Control: max-age=9", YES},
    {"D-33", "404 without", "gp", "GET", "", 404, MODIFIED, NO(NO_PERMISSION)},
    {"C-9110-15.1-1", "404 without, by the letter", "r", "GET", "", 404, DATE MODIFIED, YES},
    {"C-7725-3-1", "451 with a lifetime", "grp", "GET", "", 451, "Cache-Control: max-age=9", YES},
    {"C-9110-15.3.5-1", "203 and 204 like 200", "grp", "GET", "", 203, ETAG, YES},
    {"C-9110-15.3.5-1", "204", "grp", "GET", "", 204, ETAG, YES},
    {"C-9111-7.1-1", "400 may be one request's fault", "g", "GET", "", 400,
     "Cache-Control: max-age=9", NO(ERROR_NOT_SHARED)},
    {"C-9111-7.1-1", "so may 413", "g", "GET", "", 413, "Cache-Control: max-age=9",
     NO(ERROR_NOT_SHARED)},
    {"C-9111-7.1-1", "so may 501", "g", "GET", "", 501, "Cache-Control: max-age=9",
     NO(ERROR_NOT_SHARED)},
    {"D-34", "400 by the letter", "rp", "GET", "", 400, "Cache-Control: max-age=9", YES},

    {"C-9111-5.2.1.5-1", "the request forbids", "grp", "GET", "Cache-Control: no-store", 200,
     "Cache-Control: max-age=9", NO(REQUEST_NO_STORE)},
    {"C-9111-5.2-2", "request directives say nothing of the response", "grp", "GET",
     "Cache-Control: private, max-age=0", 200, "Cache-Control: max-age=9", YES},
    {"C-9111-3-4", "no-store", "grp", "GET", "", 200, "Cache-Control: max-age=9, no-store",
     NO(NO_STORE)},
    {"C-9111-5.2.2.5-1", "no-store over everything that permits", "grp", "GET", "", 200,
     "Cache-Control: public, no-store, max-age=9, s-maxage=9\nExpires: 0\n" ETAG, NO(NO_STORE)},
    {"D-32", "unclosed quotes", "grp", "GET", "", 200, "Cache-Control: max-age=9, a=\"b",
     NO(QUOTES_UNCLOSED)},
    {"D-32", "nor does must-understand lift that", "grp", "GET", "", 200,
     "Cache-Control: max-age=9, must-understand, a=\"b", NO(QUOTES_UNCLOSED)},
    {"C-9111-5.2.2.3-2", "must-understand lifts no-store", "grp", "GET", "", 200,
     "Cache-Control: max-age=9, no-store, must-understand", YES},
    {"D-28", "451 is understood", "grp", "GET", "", 451,
     "Cache-Control: max-age=9, no-store, must-understand", YES},
    {"D-28", "299 is not", "grp", "GET", "", 299,
     "Cache-Control: max-age=9, no-store, must-understand", NO(STATUS_NOT_UNDERSTOOD)},
    {"C-9111-3-3", "must-understand alone forbids as well", "grp", "GET", "", 599,
     "Cache-Control: max-age=9, must-understand", NO(STATUS_NOT_UNDERSTOOD)},

    {"C-9111-3-5", "private in a shared cache", "gr", "GET", "", 200,
     "Cache-Control: private, max-age=9", NO(PRIVATE)},
    {"C-9111-5.2.2.7-1", "private in a private cache", "p", "GET", "", 200,
     "Cache-Control: private, max-age=9", YES},
    {"C-9111-5.2.2.7-1", "is a permission there", "p", "GET", "", 302,
     "Cache-Control: private\n" ETAG, YES},
    {"C-9111-5.2.2.7-2", "private=\"f\" stores the rest", "grp", "GET", "", 200,
     "Cache-Control: private=\"a\", max-age=9", YES},
    {"D-23", "private that names nothing readable", "gr", "GET", "", 200,
     "Cache-Control: private=\"a b\", max-age=9", NO(PRIVATE)},
    {"C-9111-3-6", "authorised", "gr", "GET", AUTHORISED, 200, "Cache-Control: max-age=9",
     NO(AUTHORIZATION)},
    {"C-9111-3-6", "authorised and public", "gr", "GET", AUTHORISED, 200,
     "Cache-Control: max-age=9, public", YES},
    {"C-9111-3-6", "authorised and must-revalidate", "gr", "GET", AUTHORISED, 200,
     "Cache-Control: max-age=9, must-revalidate", YES},
    {"C-9111-3-6", "authorised and s-maxage", "gr", "GET", AUTHORISED, 200,
     "Cache-Control: s-maxage=9", YES},
    {"C-9111-5.2.2.8-1", "proxy-revalidate is no permission", "gr", "GET", AUTHORISED, 200,
     "Cache-Control: max-age=9, proxy-revalidate", NO(AUTHORIZATION)},
    {"C-9111-3.5-1", "a private cache stores it", "p", "GET", AUTHORISED, 200,
     "Cache-Control: max-age=9", YES},
    {"D-22", "targeted fields permit as well", "gr", "GET", AUTHORISED, 200,
     "CDN-Cache-Control: s-maxage=9", YES},
    {"D-22", "and what they leave out is not permitted", "gr", "GET", AUTHORISED, 200,
     "CDN-Cache-Control: max-age=9\nCache-Control: public", NO(AUTHORIZATION)},
    {"D-21", "a cookie with a lifetime", "g", "GET", "", 200,
     "Cache-Control: max-age=9\nSet-Cookie: a=b", NO(SET_COOKIE)},
    {"D-21", "a cookie and public", "g", "GET", "", 200,
     "Cache-Control: max-age=9, public\nSet-Cookie: a=b", YES},
    {"D-21", "a cookie and s-maxage", "g", "GET", "", 200,
     "Cache-Control: s-maxage=9\nSet-Cookie: a=b", YES},
    {"D-21", "a cookie and a targeted lifetime", "g", "GET", "", 200,
     "CDN-Cache-Control: max-age=9\nSet-Cookie: a=b", YES},
    {"D-21", "a cookie that is kept out by name", "g", "GET", "", 200,
     "Cache-Control: max-age=9, private=\"set-cookie\"\nSet-Cookie: a=b", YES},
    {"C-9111-7.3-1", "a cookie by the letter", "rp", "GET", "", 200,
     "Cache-Control: max-age=9\nSet-Cookie: a=b", YES},

    {"C-9111-4.1-4", "Vary: *", "grp", "GET", "", 200, "Cache-Control: max-age=9\nVary: *",
     NO(VARY_ANY)},
    {"D-09", "a star among names", "grp", "GET", "", 200, "Cache-Control: max-age=9\nVary: a, *",
     NO(VARY_ANY)},

    {"C-9111-3-7", "nothing, and a status that permits no guess", "grp", "GET", "", 201, ETAG,
     NO(NO_PERMISSION)},
    {"C-9111-3-7", "public", "grp", "GET", "", 201, "Cache-Control: public\n" ETAG, YES},
    {"C-9111-3-7", "Expires, even past", "grp", "GET", "", 201, "Expires: 0\n" ETAG, YES},
    {"C-9111-3-7", "max-age", "grp", "GET", "", 201, "Cache-Control: max-age=0\n" ETAG, YES},
    {"C-9111-3-7", "s-maxage is one in a shared cache", "gr", "GET", "", 201,
     "Cache-Control: s-maxage=9\n" ETAG, YES},
    {"C-9111-3-7", "s-maxage is none in a private cache", "p", "GET", "", 201,
     "Cache-Control: s-maxage=9\n" ETAG, NO(NO_PERMISSION)},
    {"C-9111-5.2.2.10-1", "which ignores it", "p", "GET", "", 200,
     "Cache-Control: s-maxage=0, max-age=9\n" ETAG, YES},
    {"C-9111-3-7", "Expires is none if a targeted field decides", "gr", "GET", "", 201,
     "CDN-Cache-Control: immutable\nExpires: 0\n" ETAG, NO(NO_PERMISSION)},
    {"C-9111-3-7", "a heuristic status", "grp", "GET", "", 200, ETAG, YES},
    {"C-9111-3-7", "no validator and no lifetime", "gp", "GET", "", 200, DATE, NO(NEVER_REUSABLE)},
    {"C-9111-3-7", "no validator and a lifetime of 0", "grp", "GET", "", 200,
     "Cache-Control: max-age=0", NO(NEVER_REUSABLE)},
    {"C-9111-3-7", "no validator and no-cache", "grp", "GET", "", 200,
     "Cache-Control: max-age=9, no-cache", NO(NEVER_REUSABLE)},
    {"C-9111-3-7", "no validator, but stale use", "grp", "GET", "", 200,
     "Cache-Control: max-age=0, stale-while-revalidate=9", YES},
    {"C-9111-3-7", "no validator, but use on errors", "grp", "GET", "", 200,
     "Cache-Control: max-age=0, stale-if-error=9", YES},
    {"D-27", "s-maxage=0 is stored and validated always", "gr", "GET", "", 200,
     "Cache-Control: s-maxage=0, max-age=9\n" ETAG, YES},
    {"C-9111-5.2.2.9-1", "302, public and modified long ago", "r", "GET", "", 302,
     "Cache-Control: public\n" DATE MODIFIED, YES},

    {"C-9111-3-3", "206 that is proved", "grp", "GET", "Range: bytes=0-9", 206,
     "Cache-Control: max-age=9\nContent-Range: bytes 0-9/100\nContent-Length: 10\n" ETAG, YES},
    {"D-19", "206 with a weak tag", "grp", "GET", "Range: bytes=0-9", 206,
     "Cache-Control: max-age=9\nContent-Range: bytes 0-9/100\nETag: W/\"a\"", NO(PART_UNPROVED)},
    {"D-19", "206 of unknown length", "grp", "GET", "Range: bytes=0-9", 206,
     "Cache-Control: max-age=9\nContent-Range: bytes 0-9/*\n" ETAG, NO(PART_UNPROVED)},
    {"D-19", "206 in several parts", "grp", "GET", "Range: bytes=0-9,20-29", 206,
     "Cache-Control: max-age=9\nContent-Type: multipart/byteranges; boundary=a\n" ETAG,
     NO(PART_UNPROVED)},
    {"C-9110-14.4-2", "206 with an invalid Content-Range", "grp", "GET", "Range: bytes=0-9", 206,
     "Cache-Control: max-age=9\nContent-Range: bytes 9-0/100\n" ETAG, NO(PART_UNPROVED)},
    {"C-9111-3.3-2", "206 of another unit", "grp", "GET", "Range: items=0-9", 206,
     "Cache-Control: max-age=9\nContent-Range: items 0-9/100\n" ETAG, NO(PART_UNPROVED)},
    {"C-9111-3.3-2", "206 that contradicts its length", "grp", "GET", "Range: bytes=0-9", 206,
     "Cache-Control: max-age=9\nContent-Range: bytes 0-9/100\nContent-Length: 9\n" ETAG,
     NO(PART_UNPROVED)},
    {"C-9111-3.3-2", "206 to HEAD", "grp", "HEAD", "Range: bytes=0-9", 206,
     "Cache-Control: max-age=9\nContent-Range: bytes 0-9/100\n" ETAG, NO(PART_UNPROVED)},
};

static struct stet_storing store(const struct store_row *row, const struct stet_profile *profile,
                                 bool content, bool incomplete)
{
    struct message asked, answered;
    struct stet_request request = message_request(&asked, row->method, row->asked);
    struct stet_response response = message_response(&answered, row->status, row->text);
    struct stet_transaction transaction = {.request = &request,
                                           .response = &response,
                                           .arrival = {0, 0, MESSAGE_DATE_AT},
                                           .request_content = content,
                                           .incomplete = incomplete};
    struct stet_storing storing = stet_may_store(profile, &transaction);

    storing.directives.list_count = 0; /* they point into messages that end here */
    return storing;
}

static void test_store(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(store_rows); i++)
        for (const char *letter = store_rows[i].profiles; *letter; letter++) {
            const struct store_row *row = &store_rows[i];
            struct stet_profile profile = profile_of(*letter);
            struct stet_storing storing = store(row, &profile, false, false);
            if (storing.reason != row->want)
                fail_msg("%s (%s) %c: %.*s", row->id, row->name, *letter,
                         (int)stet_reason_word(storing.reason).len,
                         stet_reason_word(storing.reason).at);
            check_row(row, storing.allowed == (row->want == YES));
        }
}

/* Choices that are not in a profile as it comes, and facts besides the heads. */
static void test_choices(void **state)
{
    static const struct store_row plain = {
        "C-9111-3-7", "plain", "", "GET", "", 200, "Cache-Control: max-age=9", YES};
    static const struct store_row query = {
        "C-10008-2.7-1", "QUERY", "", "QUERY", "", 200, "Cache-Control: max-age=9", YES};
    static const struct store_row part = {"C-9111-3-3",
                                          "206",
                                          "",
                                          "GET",
                                          "Range: bytes=0-9",
                                          206,
                                          "Cache-Control: max-age=9, must-understand\n"
                                          "Content-Range: bytes 0-9/100\n" ETAG,
                                          YES};
    static const struct store_row part_plain = {"C-9111-3.3-2",
                                                "206",
                                                "",
                                                "GET",
                                                "Range: bytes=0-9",
                                                206,
                                                "Cache-Control: max-age=9\n"
                                                "Content-Range: bytes 0-9/100\n" ETAG,
                                                YES};
    static const struct store_row cut = {"C-9111-3.3-1",
                                         "cut",
                                         "",
                                         "GET",
                                         "",
                                         200,
                                         "Cache-Control: max-age=9\nContent-Length: 100\n" ETAG,
                                         YES};
    static const struct store_row bare = {"C-9111-3-7", "bare", "", "GET", "", 200, DATE, YES};
    static const struct store_row cookie = {
        "D-21", "cookie", "", "GET", "", 200, "Cache-Control: public, s-maxage=9\nSet-Cookie: a=b",
        YES};
    static const struct store_row authorised = {
        "D-22", "authorised", "", "GET", AUTHORISED, 200, "Cache-Control: public, max-age=9", YES};
    struct stet_profile profile = stet_profile_gateway();

    (void)state;
    /* C-9110-9.3.1-2, D-36: content of a GET. */
    assert_int_equal(store(&plain, &profile, true, false).reason, NO(REQUEST_HAS_CONTENT));
    /* D-39: QUERY where the key covers it. */
    profile.query = true;
    assert_int_equal(store(&query, &profile, true, false).reason, YES);
    /* C-9111-3.3-1, -2: what broke off. */
    assert_int_equal(store(&cut, &profile, false, true).reason, YES);
    assert_int_equal(store(&plain, &profile, false, true).reason, NO(PART_UNPROVED));
    profile.ranges = false;
    assert_int_equal(store(&cut, &profile, false, true).reason, NO(PART_UNSUPPORTED));
    assert_int_equal(store(&part_plain, &profile, false, false).reason, NO(PART_UNSUPPORTED));
    assert_int_equal(store(&part, &profile, false, false).reason, NO(STATUS_NOT_UNDERSTOOD));
    profile.ranges = true;
    assert_int_equal(store(&part, &profile, false, false).reason, YES);
    /* A caller that makes validators itself. */
    assert_int_equal(store(&bare, &profile, false, false).reason, NO(NEVER_REUSABLE));
    profile.validates_bare = true;
    assert_int_equal(store(&bare, &profile, false, false).reason, YES);
    /* D-21, D-22: never. */
    profile.cookies = STET_COOKIES_REFUSE;
    assert_int_equal(store(&cookie, &profile, false, false).reason, NO(SET_COOKIE));
    profile.authorised = false;
    assert_int_equal(store(&authorised, &profile, false, false).reason, NO(AUTHORIZATION));
}

/* D-28, C-9110-15-1: which statuses are understood, and which are never stored. */
static void test_statuses(void **state)
{
    static const int never[] = {226, 304, 401, 407, 408, 412, 416, 417,
                                421, 425, 426, 428, 429, 431, 511};
    static const int strange[] = {299, 399, 418, 499, 599, 207};

    (void)state;
    for (int status = 0; status < 1000; status++) {
        bool storable = status >= 200 && status <= 599;
        for (size_t i = 0; i < COUNT(never); i++)
            storable = storable && status != never[i];
        assert_int_equal(stet_status_is_storable(status), storable);
    }
    for (size_t i = 0; i < COUNT(strange); i++)
        assert_false(stet_status_is_understood(strange[i]));
    assert_true(stet_status_is_understood(451));
    assert_true(stet_status_is_understood(302));
}

struct keep_row {
    const char *id;
    const char *name;
    const char *profiles;
    const char *text; /* the response */
    const char *field;
    bool want;
};

static const struct keep_row keep_rows[] = {
    {"C-9111-3.1-1", "unknown fields", "grp", "X-Foo: 1", "X-Foo", true},
    {"C-9111-3.1-3", "named by no-cache", "grp", "Cache-Control: no-cache=\"a\"\nA: 1", "A", false},
    {"C-9111-3.1-3", "named by private, shared", "gr", "Cache-Control: private=\"a\"\nA: 1", "A",
     false},
    {"C-9111-5.2.2.7-2", "named by private, private", "p", "Cache-Control: private=\"a\"\nA: 1",
     "A", true},
    {"D-23", "not named", "grp", "Cache-Control: no-cache=\"a\", private=\"b\"\nC: 1", "C", true},
    {"D-21", "a cookie in a gateway", "g", "Cache-Control: public\nSet-Cookie: a=b", "Set-Cookie",
     false},
    {"D-21", "a cookie elsewhere", "rp", "Cache-Control: public\nSet-Cookie: a=b", "Set-Cookie",
     true},
    {"C-9111-3.1-2", "hop-by-hop", "grp", "Keep-Alive: 5", "Keep-Alive", false},
    {"C-9111-3.1-4", "a proxy's own", "grp", "Proxy-Authenticate: Basic", "Proxy-Authenticate",
     false},
};

static void test_keep(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(keep_rows); i++)
        for (const char *letter = keep_rows[i].profiles; *letter; letter++) {
            const struct keep_row *row = &keep_rows[i];
            struct stet_profile profile = profile_of(*letter);
            struct message message;
            const struct stet_head *head = message_head(&message, row->text);
            struct stet_cachecontrol directives = stet_cachecontrol_of_response(head, NULL, 0);
            const struct stet_field *field = stet_head_named(head, stet_span_of(row->field));
            check_row(row, stet_may_keep(&profile, head, &directives, field) == row->want);
        }
}

/* The sum of a stored response. */
static struct stet_stored sum(const struct stet_profile *profile, const char *text, bool unsecured)
{
    struct message asked, answered;
    struct stet_request request = message_request(&asked, "GET", "");
    struct stet_response response = message_response(&answered, 200, text);
    struct stet_transaction transaction = {.request = &request,
                                           .response = &response,
                                           .arrival = {100, 103, MESSAGE_DATE_AT + 5},
                                           .unsecured = unsecured};
    struct stet_cachecontrol directives =
        stet_cachecontrol_of_response(&response.head, profile->targets, profile->target_count);

    return stet_stored_of(profile, &transaction, &directives);
}

static void test_stored(void **state)
{
    struct stet_profile shared = stet_profile_gateway(), private = stet_profile_private();
    struct stet_stored stored =
        sum(&shared,
            DATE "Age: 1\nVary: a\nCache-Control: max-age=60, stale-while-revalidate=7, immutable",
            false);

    (void)state;
    assert_int_equal(stored.method, STET_METHOD_GET);
    assert_int_equal(stored.status, 200);
    assert_int_equal(stored.lifetime, 60);
    assert_int_equal(stored.source, STET_LIFETIME_MAX_AGE);
    assert_int_equal(stored.times.initial_age, 5);
    assert_int_equal(stored.stale_while_revalidate, 7);
    assert_int_equal(stored.stale_if_error, STET_SECONDS_NONE);
    assert_int_equal(stored.barred, STET_REASON_NONE);
    assert_true(stored.immutable && stored.selected);
    assert_false(stored.no_cache || stored.partial || stored.marked);
    stored = sum(&shared, DATE "Cache-Control: s-maxage=60, proxy-revalidate", true);
    assert_int_equal(stored.barred, STET_REASON_PROXY_REVALIDATE);
    stored = sum(&private, DATE "Cache-Control: s-maxage=60, proxy-revalidate", true);
    assert_int_equal(stored.barred, STET_REASON_NONE); /* C-9111-5.2.2.8-1 */
    /* C-8246-3-1: a private cache wants a secured transport for it. */
    assert_true(sum(&private, DATE "Cache-Control: max-age=60, immutable", false).immutable);
    assert_false(sum(&private, DATE "Cache-Control: max-age=60, immutable", true).immutable);
    assert_true(sum(&shared, DATE "Cache-Control: max-age=60, immutable", true).immutable);
}

/* D-11, C-9111-4.2.3-5: after a 304 the age starts again from its own Age, Date and times. */
static void test_renew(void **state)
{
    struct stet_profile profile = stet_profile_private();
    struct stet_stored stored = sum(&profile, DATE "Age: 50\nCache-Control: max-age=60", true);
    struct message fresh, updated;
    struct stet_arrival arrival = {1000, 1000, MESSAGE_DATE_AT + 900};
    struct stet_times times =
        stet_times_of(message_head(&fresh, "Date: Sun, 06 Nov 1994 09:04:37 GMT"), &arrival);

    (void)state;
    stored.marked = true;
    stet_stored_renew(&stored, &profile,
                      message_head(&updated, DATE "Cache-Control: max-age=90, immutable"), &times);
    assert_int_equal(stored.lifetime, 90);
    assert_int_equal(stet_age(&stored.times, 1000), 0);
    assert_false(stored.marked);
    assert_false(stored.immutable); /* still unsecured */
}

static void test_expire(void **state)
{
    struct stet_profile profile = stet_profile_gateway();
    struct stet_stored stored = sum(&profile, DATE "Cache-Control: max-age=60", false);

    (void)state;
    stet_stored_expire(&stored, 113);
    assert_int_equal(stored.lifetime, 15);
    stet_stored_expire(&stored, 200);
    assert_int_equal(stored.lifetime, 15); /* never longer */
}

struct order_row {
    const char *id;
    const char *name;
    struct stet_stored a, b;
    bool want;
};

static const struct order_row order_rows[] = {
    {"C-9111-4-9",
     "the newer Date",
     {.times = {.date = 2, .received = 1}},
     {.times = {.date = 1, .received = 2}},
     true},
    {"C-9111-4-9",
     "the older Date",
     {.times = {.date = 1, .received = 2}},
     {.times = {.date = 2, .received = 1}},
     false},
    {"C-9111-4-9",
     "equal Dates: the later one",
     {.times = {.date = 1, .received = 2}},
     {.times = {.date = 1, .received = 1}},
     true},
    {"C-9111-4.1-6",
     "one with Vary before one without",
     {.times = {.date = 1}, .selected = true},
     {.times = {.date = 2}},
     true},
    {"C-9111-4.1-6",
     "and not the other way",
     {.times = {.date = 2}},
     {.times = {.date = 1}, .selected = true},
     false},
    {"C-9111-4.1-5",
     "of two with Vary the newer",
     {.times = {.date = 2}, .selected = true},
     {.times = {.date = 1}, .selected = true},
     true},
};

static void test_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(order_rows); i++)
        check_row(&order_rows[i],
                  stet_stored_precedes(&order_rows[i].a, &order_rows[i].b) == order_rows[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store),    cmocka_unit_test(test_choices),
        cmocka_unit_test(test_statuses), cmocka_unit_test(test_keep),
        cmocka_unit_test(test_stored),   cmocka_unit_test(test_renew),
        cmocka_unit_test(test_expire),   cmocka_unit_test(test_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
