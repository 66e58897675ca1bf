/* URIs: split, judged, resolved, normalised; request-targets. */
#include "table.h"

#include "stet/uri.h"

/* What is wanted of an absent part. */
#define NO      \
    {           \
        NULL, 0 \
    }

static bool same(struct stet_span got, struct stet_span want)
{
    return !got.at == !want.at && stet_span_equal(got, want);
}

static void split(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span text, host;
        int32_t port;
        struct stet_span path, query, fragment;
    } rows[] = {
        {"C-9110-4.2.1-1", "bare", S("http://example.org"), S("example.org"), -1, S(""), NO, NO},
        {"C-9110-4.2.1-1", "all parts", S("https://example.org:8443/a/b?c=d#e"), S("example.org"),
         8443, S("/a/b"), S("c=d"), S("e")},
        {"C-9110-4.2.3-1", "case of the scheme", S("HTTPS://h/"), S("h"), -1, S("/"), NO, NO},
        {"C-9110-4.2.3-1", "empty port", S("http://h:/"), S("h"), -1, S("/"), NO, NO},
        {"C-9110-4.2.1-1", "port 0", S("http://h:0/"), S("h"), 0, S("/"), NO, NO},
        {"C-9110-4.2.1-1", "port 65535", S("http://h:65535"), S("h"), 65535, S(""), NO, NO},
        {"C-9110-4.2.1-1", "zeros before the port", S("http://h:0000080"), S("h"), 80, S(""), NO,
         NO},
        {"C-9110-4.2.1-1", "empty query and fragment", S("http://h?#"), S("h"), -1, S(""), S(""),
         S("")},
        {"C-9110-4.2.1-1", "query without path", S("http://h?a/b?c"), S("h"), -1, S(""), S("a/b?c"),
         NO},
        {"C-9110-4.2.1-1", "IPv6", S("http://[2001:db8::1]:80/"), S("[2001:db8::1]"), 80, S("/"),
         NO, NO},
        {"C-9110-4.2.1-1", "escapes", S("http://h%41/%2f?%00#%fF"), S("h%41"), -1, S("/%2f"),
         S("%00"), S("%fF")},
        {"C-9110-4.2.1-1", "what browsers leave", S("http://h/[a]|^?{b}[]`\\"), S("h"), -1,
         S("/[a]|^"), S("{b}[]`\\"), NO},
        {"C-9110-4.2.1-1", "all sub-delims", S("http://h/!$&'()*+,;=:@"), S("h"), -1,
         S("/!$&'()*+,;=:@"), NO, NO},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_uri uri;
        check_row(row, stet_uri_split(row->text, &uri));
        check_row(row, same(uri.host, row->host));
        check_row(row, uri.port == row->port);
        check_row(row, same(uri.path, row->path));
        check_row(row, same(uri.query, row->query));
        check_row(row, same(uri.fragment, row->fragment));
    }
}

static void split_refuses(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span text;
    } rows[] = {
        {"C-9110-4.2.1-1", "empty host", S("http:///x")},
        {"C-9110-4.2.1-1", "no host at all", S("http://")},
        {"C-9110-4.2.1-1", "port without host", S("http://:80/")},
        {"C-9110-4.2.4-1", "user", S("http://u@h/")},
        {"C-9110-4.2.4-1", "user and password", S("http://u:p@h/")},
        {"C-9110-4.2.4-1", "empty user", S("http://@h/")},
        {"C-9110-4.2.1-1", "other scheme", S("ftp://h/")},
        {"C-9110-4.2.1-1", "longer scheme", S("httpx://h/")},
        {"C-9110-4.2.1-1", "no scheme", S("//h/")},
        {"C-9110-4.2.1-1", "one slash", S("http:/h/")},
        {"C-9110-4.2.1-1", "empty", S("")},
        {"C-9110-4.2.1-1", "none", NO},
        {"C-9110-4.2.1-1", "scheme alone", S("https")},
        {"C-9110-4.2.1-1", "port too large", S("http://h:65536/")},
        {"C-9110-4.2.1-1", "port far too large", S("http://h:99999999999999999999999/")},
        {"C-9110-4.2.1-1", "port with a sign", S("http://h:+80/")},
        {"C-9110-4.2.1-1", "port of letters", S("http://h:8o/")},
        {"C-9110-4.2.1-1", "two ports", S("http://h:80:80/")},
        {"C-9110-4.2.1-1", "broken escape", S("http://h/%4")},
        {"C-9110-4.2.1-1", "escape without digits", S("http://h/%zz")},
        {"C-9110-4.2.1-1", "broken escape in the host", S("http://h%4/")},
        {"C-9110-4.2.1-1", "space", S("http://h/a b")},
        {"C-9110-4.2.1-1", "space in the host", S("http://a b/")},
        {"C-9110-4.2.1-1", "quote", S("http://h/\"")},
        {"C-9110-4.2.1-1", "angle", S("http://h/?<")},
        {"C-9110-4.2.1-1", "backslash in the path", S("http://h/a\\b")},
        {"C-9110-4.2.1-1", "brace in the path", S("http://h/{a}")},
        {"C-9110-4.2.1-1", "NUL", S("http://h/\0")},
        {"C-9110-4.2.1-1", "CR LF", S("http://h/\r\nX: y")},
        {"C-9110-4.2.1-1", "octet above 7F", S("http://h/\xc3\xa9")},
        {"C-9110-4.2.1-1", "hash in the fragment", S("http://h/#a#b")},
        {"C-9110-4.2.1-1", "unclosed bracket", S("http://[::1/")},
        {"C-9110-4.2.1-1", "text behind the bracket", S("http://[::1]x/")},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_uri uri;
        check_row(row, !stet_uri_split(row->text, &uri));
    }
}

static void authorities(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span text;
        bool valid;
    } rows[] = {
        {"C-9110-7.2-1", "empty", S(""), true},
        {"C-9110-7.2-1", "none", NO, true},
        {"C-9112-3.2-3", "name", S("example.org"), true},
        {"C-9112-3.2-3", "name and port", S("example.org:8080"), true},
        {"C-9112-3.2-3", "name and empty port", S("example.org:"), true},
        {"C-9112-3.2-3", "underscore", S("a_b"), true},
        {"C-9112-3.2-3", "dotted address", S("127.0.0.1:80"), true},
        {"C-9112-3.2-3", "port only", S(":80"), false},
        {"C-9112-3.2-3", "user", S("u@h"), false},
        {"C-9112-3.2-3", "path", S("h/"), false},
        {"C-9112-3.2-3", "space", S("a b"), false},
        {"C-9112-3.2-3", "list with space", S("a, b"), false},
        {"C-9112-3.2-3", "quote", S("\"h\""), false},
        {"C-9112-3.2-3", "control octet", S("h\x01"), false},
        {"C-9112-3.2-3", "octet above 7F", S("h\xe4"), false},
        {"C-9112-3.2-3", "scheme", S("http://h"), false},
        {"C-9112-3.2-3", "IPv6 without brackets", S("::1"), false},
        {"C-9112-3.2-3", "[::]", S("[::]"), true},
        {"C-9112-3.2-3", "[::1]:80", S("[::1]:80"), true},
        {"C-9112-3.2-3", "eight groups", S("[1:2:3:4:5:6:7:8]"), true},
        {"C-9112-3.2-3", "seven groups and a gap", S("[1:2:3:4:5:6:7::]"), true},
        {"C-9112-3.2-3", "gap first", S("[::2:3:4:5:6:7:8]"), true},
        {"C-9112-3.2-3", "gap within", S("[1::8]"), true},
        {"C-9112-3.2-3", "dotted tail", S("[::ffff:192.0.2.1]"), true},
        {"C-9112-3.2-3", "six groups and a dotted tail", S("[1:2:3:4:5:6:192.0.2.1]"), true},
        {"C-9112-3.2-3", "upper case", S("[2001:DB8::A]"), true},
        {"C-9112-3.2-3", "future address", S("[v1.a:b]"), true},
        {"C-9112-3.2-3", "future address, upper case", S("[VF.x]"), true},
        {"C-9112-3.2-3", "seven groups", S("[1:2:3:4:5:6:7]"), false},
        {"C-9112-3.2-3", "nine groups", S("[1:2:3:4:5:6:7:8:9]"), false},
        {"C-9112-3.2-3", "eight groups and a gap", S("[1:2:3:4::5:6:7:8]"), false},
        {"C-9112-3.2-3", "two gaps", S("[1::2::3]"), false},
        {"C-9112-3.2-3", "three colons", S("[1:::2]"), false},
        {"C-9112-3.2-3", "colon first", S("[:1:2:3:4:5:6:7]"), false},
        {"C-9112-3.2-3", "colon last", S("[1:2:3:4:5:6:7:]"), false},
        {"C-9112-3.2-3", "one colon", S("[:]"), false},
        {"C-9112-3.2-3", "five digits", S("[12345::]"), false},
        {"C-9112-3.2-3", "dotted tail too early", S("[1:2:3:4:5:6:7:192.0.2.1]"), false},
        {"C-9112-3.2-3", "dotted tail and more", S("[::192.0.2.1:1]"), false},
        {"C-9112-3.2-3", "dotted tail of three", S("[::192.0.2]"), false},
        {"C-9112-3.2-3", "dotted tail above 255", S("[::192.0.2.256]"), false},
        {"C-9112-3.2-3", "dotted tail with zeros", S("[::192.0.2.01]"), false},
        {"C-9112-3.2-3", "dotted tail of four digits", S("[::192.0.2.1000]"), false},
        {"C-9112-3.2-3", "dotted address in brackets", S("[192.0.2.1]"), false},
        {"C-9112-3.2-3", "zone", S("[fe80::1%25eth0]"), false},
        {"C-9112-3.2-3", "empty brackets", S("[]"), false},
        {"C-9112-3.2-3", "name in brackets", S("[example]"), false},
        {"C-9112-3.2-3", "future without version", S("[v.a]"), false},
        {"C-9112-3.2-3", "future without address", S("[v1.]"), false},
        {"C-9112-3.2-3", "future with an at", S("[v1.a@]"), false},
        {"C-9112-3.2-3", "unopened bracket", S("::1]"), false},
        {"C-9112-3.2-3", "bracket alone", S("["), false},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++)
        check_row(row, stet_authority_valid(row->text) == row->valid);
}

struct target_row {
    const char *id, *name;
    struct stet_span target;
    enum stet_method method;
    enum stet_target_form form;
    struct stet_span scheme, authority, path, query;
};

static const struct target_row target_rows[] = {
    {"C-9112-3.3-1", "origin form", S("/where?q=now"), STET_METHOD_GET, STET_TARGET_ORIGIN, NO, NO,
     S("/where"), S("q=now")},
    {"C-9112-3.3-1", "root", S("/"), STET_METHOD_GET, STET_TARGET_ORIGIN, NO, NO, S("/"), NO},
    {"C-9112-3.3-1", "empty query", S("/?"), STET_METHOD_GET, STET_TARGET_ORIGIN, NO, NO, S("/"),
     S("")},
    {"C-9112-3.3-1", "two slashes are a path", S("//h/x"), STET_METHOD_GET, STET_TARGET_ORIGIN, NO,
     NO, S("//h/x"), NO},
    {"C-9112-3.3-1", "arrays of PHP", S("/?a[]=1|2"), STET_METHOD_GET, STET_TARGET_ORIGIN, NO, NO,
     S("/"), S("a[]=1|2")},
    {"C-9112-3.2.2-1", "absolute form", S("http://h:80/p?q"), STET_METHOD_GET, STET_TARGET_ABSOLUTE,
     S("http"), S("h:80"), S("/p"), S("q")},
    {"C-9112-3.2.2-1", "absolute form without path", S("http://h"), STET_METHOD_GET,
     STET_TARGET_ABSOLUTE, S("http"), S("h"), S("/"), NO},
    {"C-9112-3.2.2-1", "absolute form, query only", S("http://h?q"), STET_METHOD_GET,
     STET_TARGET_ABSOLUTE, S("http"), S("h"), S("/"), S("q")},
    {"C-9112-3.2.2-1", "OPTIONS of a server", S("http://h:8001"), STET_METHOD_OPTIONS,
     STET_TARGET_ABSOLUTE, S("http"), S("h:8001"), S("*"), NO},
    {"C-9112-3.2.2-1", "OPTIONS of its root", S("http://h/"), STET_METHOD_OPTIONS,
     STET_TARGET_ABSOLUTE, S("http"), S("h"), S("/"), NO},
    {"C-9110-7.2-1", "asterisk", S("*"), STET_METHOD_OPTIONS, STET_TARGET_ASTERISK, NO, NO, S("*"),
     NO},
    {"C-9110-7.2-1", "authority", S("example.org:443"), STET_METHOD_CONNECT, STET_TARGET_AUTHORITY,
     NO, S("example.org:443"), NO, NO},
    {"C-9110-7.2-1", "GET of the asterisk", S("*"), STET_METHOD_GET, STET_TARGET_INVALID, NO, NO,
     NO, NO},
    {"C-9110-7.2-1", "GET of an authority", S("h:80"), STET_METHOD_GET, STET_TARGET_INVALID, NO, NO,
     NO, NO},
    {"C-9110-7.2-1", "CONNECT to a path", S("/x"), STET_METHOD_CONNECT, STET_TARGET_INVALID, NO, NO,
     NO, NO},
    {"C-9110-7.2-1", "CONNECT to a URI", S("http://h/"), STET_METHOD_CONNECT, STET_TARGET_INVALID,
     NO, NO, NO, NO},
    {"C-9110-7.2-1", "CONNECT without port", S("h"), STET_METHOD_CONNECT, STET_TARGET_INVALID, NO,
     NO, NO, NO},
    {"C-9110-7.2-1", "CONNECT to an empty port", S("h:"), STET_METHOD_CONNECT, STET_TARGET_INVALID,
     NO, NO, NO, NO},
    {"C-9112-3.2-1", "empty", S(""), STET_METHOD_GET, STET_TARGET_INVALID, NO, NO, NO, NO},
    {"C-9112-3.2-1", "space", S("/a b"), STET_METHOD_GET, STET_TARGET_INVALID, NO, NO, NO, NO},
    {"C-9112-3.2-1", "fragment", S("/a#b"), STET_METHOD_GET, STET_TARGET_INVALID, NO, NO, NO, NO},
    {"C-9112-3.2-1", "fragment behind a query", S("/a?#"), STET_METHOD_GET, STET_TARGET_INVALID, NO,
     NO, NO, NO},
    {"C-9112-3.2-1", "fragment of an absolute form", S("http://h/#b"), STET_METHOD_GET,
     STET_TARGET_INVALID, NO, NO, NO, NO},
    {"C-9112-3.2-1", "no slash", S("where"), STET_METHOD_GET, STET_TARGET_INVALID, NO, NO, NO, NO},
    {"C-9112-3.2-1", "query alone", S("?q"), STET_METHOD_GET, STET_TARGET_INVALID, NO, NO, NO, NO},
    {"C-9112-3.2-1", "broken escape", S("/%"), STET_METHOD_GET, STET_TARGET_INVALID, NO, NO, NO,
     NO},
    {"C-9112-3.2-1", "octet above 7F", S("/\xff"), STET_METHOD_GET, STET_TARGET_INVALID, NO, NO, NO,
     NO},
    {"C-9112-2.2-3", "CR", S("/a\rb"), STET_METHOD_GET, STET_TARGET_INVALID, NO, NO, NO, NO},
    {"C-9112-2.2-3", "NUL", S("/a\0"), STET_METHOD_GET, STET_TARGET_INVALID, NO, NO, NO, NO},
    {"C-9110-4.2.1-1", "empty host", S("http:///x"), STET_METHOD_GET, STET_TARGET_INVALID, NO, NO,
     NO, NO},
    {"C-9110-4.2.4-1", "user", S("http://u@h/"), STET_METHOD_GET, STET_TARGET_INVALID, NO, NO, NO,
     NO},
    {"C-9112-3.2.2-1", "other scheme", S("ftp://h/"), STET_METHOD_GET, STET_TARGET_INVALID, NO, NO,
     NO, NO},
};

static void targets(void **state)
{
    (void)state;
    for (const struct target_row *row = target_rows; row < target_rows + COUNT(target_rows);
         row++) {
        struct stet_request request = {0};
        check_row(row, stet_target_split(row->target, row->method, &request) == row->form);
        if (row->form == STET_TARGET_INVALID)
            continue;
        check_row(row, same(request.scheme, row->scheme));
        check_row(row, same(request.authority, row->authority));
        check_row(row, same(request.path, row->path));
        check_row(row, same(request.query, row->query));
    }
}

static void origins(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span a, b;
        bool same;
    } rows[] = {
        {"C-9110-4.3.1-1", "default of https", S("https://h:443/a"), S("https://h/b"), true},
        {"C-9110-4.3.1-1", "default of http", S("http://h:80"), S("http://h:/"), true},
        {"C-9110-4.3.1-1", "case", S("HTTP://EXAMPLE.org"), S("http://example.ORG"), true},
        {"C-9110-4.3.1-1", "zeros", S("http://h:0080"), S("http://h"), true},
        {"C-9111-4.4-3", "other scheme", S("http://h"), S("https://h"), false},
        {"C-9111-4.4-3", "other scheme, equal port", S("http://h:443"), S("https://h"), false},
        {"C-9111-4.4-3", "other host", S("http://h"), S("http://i"), false},
        {"C-9111-4.4-3", "other port", S("http://h:81"), S("http://h"), false},
        {"C-9111-4.4-3", "subdomain", S("http://a.h"), S("http://h"), false},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_uri a, b;
        check_row(row, stet_uri_split(row->a, &a) && stet_uri_split(row->b, &b));
        check_row(row, stet_uri_same_origin(&a, &b) == row->same);
        check_row(row, stet_uri_same_origin(&b, &a) == row->same);
    }
}

/* Most rows are the examples of RFC 3986 §5.4. */
static void references(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span base, reference, want;
    } rows[] = {
        {"C-9110-8.7-1", "g", S("http://a/b/c/d;p?q"), S("g"), S("http://a/b/c/g")},
        {"C-9110-8.7-1", "./g", S("http://a/b/c/d;p?q"), S("./g"), S("http://a/b/c/g")},
        {"C-9110-8.7-1", "g/", S("http://a/b/c/d;p?q"), S("g/"), S("http://a/b/c/g/")},
        {"C-9110-8.7-1", "/g", S("http://a/b/c/d;p?q"), S("/g"), S("http://a/g")},
        {"C-9110-8.7-1", "//g", S("http://a/b/c/d;p?q"), S("//g"), S("http://g")},
        {"C-9110-8.7-1", "?y", S("http://a/b/c/d;p?q"), S("?y"), S("http://a/b/c/d;p?y")},
        {"C-9110-8.7-1", "?", S("http://a/b/c/d;p?q"), S("?"), S("http://a/b/c/d;p?")},
        {"C-9110-8.7-1", "g?y", S("http://a/b/c/d;p?q"), S("g?y"), S("http://a/b/c/g?y")},
        {"C-9110-8.7-1", "#s", S("http://a/b/c/d;p?q"), S("#s"), S("http://a/b/c/d;p?q#s")},
        {"C-9110-8.7-1", "g#s", S("http://a/b/c/d;p?q"), S("g#s"), S("http://a/b/c/g#s")},
        {"C-9110-8.7-1", "g?y#s", S("http://a/b/c/d;p?q"), S("g?y#s"), S("http://a/b/c/g?y#s")},
        {"C-9110-8.7-1", ";x", S("http://a/b/c/d;p?q"), S(";x"), S("http://a/b/c/;x")},
        {"C-9110-8.7-1", "empty", S("http://a/b/c/d;p?q"), S(""), S("http://a/b/c/d;p?q")},
        {"C-9110-8.7-1", "none", S("http://a/b/c/d;p?q"), NO, S("http://a/b/c/d;p?q")},
        {"C-9110-8.7-1", ".", S("http://a/b/c/d;p?q"), S("."), S("http://a/b/c/")},
        {"C-9110-8.7-1", "./", S("http://a/b/c/d;p?q"), S("./"), S("http://a/b/c/")},
        {"C-9110-8.7-1", "..", S("http://a/b/c/d;p?q"), S(".."), S("http://a/b/")},
        {"C-9110-8.7-1", "../g", S("http://a/b/c/d;p?q"), S("../g"), S("http://a/b/g")},
        {"C-9110-8.7-1", "../..", S("http://a/b/c/d;p?q"), S("../.."), S("http://a/")},
        {"C-9110-8.7-1", "../../g", S("http://a/b/c/d;p?q"), S("../../g"), S("http://a/g")},
        {"C-9110-8.7-1", "above the root", S("http://a/b/c/d;p?q"), S("../../../../g"),
         S("http://a/g")},
        {"C-9110-8.7-1", "/./g", S("http://a/b/c/d;p?q"), S("/./g"), S("http://a/g")},
        {"C-9110-8.7-1", "/../g", S("http://a/b/c/d;p?q"), S("/../g"), S("http://a/g")},
        {"C-9110-8.7-1", "g.", S("http://a/b/c/d;p?q"), S("g."), S("http://a/b/c/g.")},
        {"C-9110-8.7-1", "..g", S("http://a/b/c/d;p?q"), S("..g"), S("http://a/b/c/..g")},
        {"C-9110-8.7-1", "./g/.", S("http://a/b/c/d;p?q"), S("./g/."), S("http://a/b/c/g/")},
        {"C-9110-8.7-1", "g;x=1/../y", S("http://a/b/c/d;p?q"), S("g;x=1/../y"),
         S("http://a/b/c/y")},
        {"C-9110-8.7-1", "dots in the query", S("http://a/b/c/d;p?q"), S("g?y/../x"),
         S("http://a/b/c/g?y/../x")},
        {"C-9110-8.7-1", "absolute", S("http://a/b"), S("https://c/d/../e"), S("https://c/e")},
        {"C-9110-8.7-1", "base without path", S("http://a"), S("g"), S("http://a/g")},
        {"C-9110-8.7-1", "base without path, query", S("http://a"), S("?y"), S("http://a?y")},
        {"C-9110-8.7-1", "base's fragment is dropped", S("http://a/b#s"), S(""), S("http://a/b")},
        {"C-9110-8.7-1", "colon in a later segment", S("http://a/b"), S("./c:d"),
         S("http://a/c:d")},
        {"C-9110-8.7-1", "two slashes stay", S("http://a/b//c"), S("d"), S("http://a/b//d")},
        {"C-9110-8.7-1", "scheme without authority", S("http://a/b"), S("http:g"), S("")},
        {"C-9110-8.7-1", "other scheme", S("http://a/b"), S("mailto:x@y"), S("")},
        {"C-9110-8.7-1", "other scheme with authority", S("http://a/b"), S("ftp://x/"), S("")},
        {"C-9110-4.2.1-1", "empty authority", S("http://a/b"), S("///c"), S("")},
        {"C-9110-4.2.4-1", "user", S("http://a/b"), S("//u@c/"), S("")},
        {"C-9110-4.2.1-1", "space", S("http://a/b"), S("c d"), S("")},
        {"C-9110-4.2.1-1", "CR LF", S("http://a/b"), S("c\r\nX: y"), S("")},
        {"C-9110-4.2.1-1", "NUL", S("http://a/b"), S("c\0"), S("")},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_uri base;
        char to[128];
        check_row(row, stet_uri_split(row->base, &base));
        size_t room = row->base.len + row->reference.len + 8;
        size_t length = stet_uri_resolve(&base, row->reference, to, room);
        check_row(row, stet_span_equal(stet_span(to, length), row->want));
        check_row(row, stet_uri_resolve(&base, row->reference, to, row->want.len / 2) == 0);
    }
}

static void keys(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span target, key;
    } rows[] = {
        {"C-9110-4.2.3-1", "plain", S("http://example.org/~smith/home.html"),
         S("http://example.org/~smith/home.html")},
        {"C-9110-4.2.3-1", "port", S("http://example.org:80/~smith/home.html"),
         S("http://example.org/~smith/home.html")},
        {"C-9110-4.2.3-1", "case and escape", S("HTTP://EXAMPLE.org/%7Esmith/home.html"),
         S("http://example.org/~smith/home.html")},
        {"C-9110-4.2.3-1", "empty port and lower escape",
         S("http://EXAMPLE.ORG:/%7esmith/home.html"), S("http://example.org/~smith/home.html")},
        {"C-9110-4.2.3-1", "zeros in the port", S("http://example.org:00080/~smith/home.html"),
         S("http://example.org/~smith/home.html")},
        {"C-9110-4.2.3-1", "empty path", S("http://h"), S("http://h/")},
        {"D-38", "default port of https", S("https://h:443/"), S("https://h/")},
        {"D-38", "other default is kept", S("https://h:80/"), S("https://h:80/")},
        {"D-38", "zeros are dropped", S("http://h:08080/"), S("http://h:8080/")},
        {"D-38", "port 0", S("http://h:00/"), S("http://h:0/")},
        {"D-38", "hex digits", S("http://h/%2f%c3%A9?%3d"), S("http://h/%2F%C3%A9?%3D")},
        {"D-38", "unreserved decoded", S("http://h/%41%2D%2e%5F%7E%30?%61"),
         S("http://h/A-._~0?a")},
        {"D-38", "an escaped percent stays", S("http://h/%2541"), S("http://h/%2541")},
        {"D-38", "dot segments stay", S("http://h/a/./b/../c"), S("http://h/a/./b/../c")},
        {"D-38", "escaped dots too", S("http://h/%2e%2e/"), S("http://h/../")},
        {"D-38", "slashes stay", S("http://h//a//"), S("http://h//a//")},
        {"D-38", "an encoded slash is no slash", S("http://h/a%2fb"), S("http://h/a%2Fb")},
        {"D-38", "case of the path counts", S("http://h/A?B"), S("http://h/A?B")},
        {"D-38", "empty query", S("http://h/?"), S("http://h/?")},
        {"D-38", "no query", S("http://h/"), S("http://h/")},
        {"D-38", "host escapes", S("http://H%41%c3%A9/"), S("http://ha%C3%A9/")},
        {"D-38", "IPv6", S("http://[2001:DB8::A]:80/"), S("http://[2001:db8::a]/")},
        {"D-38", "reserved octets stay", S("http://h/!$&'()*+,;=:@[]|^"),
         S("http://h/!$&'()*+,;=:@[]|^")},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_request request = {0};
        char to[128], again[128];
        check_row(row, stet_target_split(row->target, STET_METHOD_GET, &request) ==
                           STET_TARGET_ABSOLUTE);
        size_t room =
            request.scheme.len + request.authority.len + request.path.len + request.query.len + 8;
        size_t length = stet_uri_key(&request, to, room);
        check_row(row, stet_span_equal(stet_span(to, length), row->key));
        check_row(row, stet_uri_key(&request, again, row->key.len - 1) == 0);
        /* and so are its halves, one behind the other */
        size_t server = stet_uri_key_server(&request, again, sizeof again);
        server += stet_uri_key_place(&request, again + server, sizeof again - server);
        check_row(row, stet_span_equal(stet_span(again, server), row->key));
        check_row(row, stet_uri_key_server(&request, again, request.authority.len) == 0);
        check_row(row, stet_uri_key_place(&request, again, request.path.len) == 0);
        /* The key of a key is that key. */
        stet_target_split(stet_span(to, length), STET_METHOD_GET, &request);
        length = stet_uri_key(&request, again, sizeof again);
        check_row(row, stet_span_equal(stet_span(again, length), row->key));
    }
}

/* C-9112-3.3-1: scheme and authority come from elsewhere when the target has none. */
static void keys_of_origin_form(void **state)
{
    (void)state;
    struct stet_request request = {.scheme = STET_SPAN("https"), .authority = STET_SPAN("H:443")};
    char to[64];
    assert_int_equal(stet_target_split(STET_SPAN("/%61?b"), STET_METHOD_GET, &request),
                     STET_TARGET_ORIGIN);
    size_t length = stet_uri_key(&request, to, sizeof to);
    assert_true(stet_span_equal(stet_span(to, length), STET_SPAN("https://h/a?b")));
    request.scheme = STET_SPAN("http");
    length = stet_uri_key(&request, to, sizeof to);
    assert_true(stet_span_equal(stet_span(to, length), STET_SPAN("http://h:443/a?b")));
    request.query = STET_SPAN_NONE;
    request.path = STET_SPAN("*");
    length = stet_uri_key(&request, to, sizeof to);
    assert_true(stet_span_equal(stet_span(to, length), STET_SPAN("http://h:443*")));
    /* What nobody should have let in is kept apart, not mended. */
    request.authority = STET_SPAN("A B");
    request.path = STET_SPAN("/%zz%4");
    length = stet_uri_key(&request, to, sizeof to);
    assert_true(stet_span_equal(stet_span(to, length), STET_SPAN("http://a b/%zz%4")));
    request.authority = request.path = STET_SPAN_NONE;
    length = stet_uri_key(&request, to, sizeof to);
    assert_true(stet_span_equal(stet_span(to, length), STET_SPAN("http:///")));
}

static void decoding(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span path;
        bool decoded;
        struct stet_span want;
    } rows[] = {
        {"D-38", "plain", S("/a/b"), true, S("/a/b")},
        {"D-38", "escapes", S("/%c3%A9%20%2f"), true, S("/\xc3\xa9 /")},
        {"D-38", "once only", S("/%2541"), true, S("/%41")},
        {"D-38", "empty", S(""), true, S("")},
        {"D-38", "NUL", S("/a%00b"), false, S("")},
        {"D-38", "bare NUL", S("/a\0"), false, S("")},
        {"D-38", "cut off", S("/%4"), false, S("")},
        {"D-38", "cut off at once", S("/%"), false, S("")},
        {"D-38", "no digits", S("/%4g"), false, S("")},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        char to[32];
        size_t length = stet_path_decode(row->path, to);
        check_row(row, (length != SIZE_MAX) == row->decoded);
        if (row->decoded)
            check_row(row, stet_span_equal(stet_span(to, length), row->want));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(split),       cmocka_unit_test(split_refuses),
        cmocka_unit_test(authorities), cmocka_unit_test(targets),
        cmocka_unit_test(origins),     cmocka_unit_test(references),
        cmocka_unit_test(keys),        cmocka_unit_test(keys_of_origin_form),
        cmocka_unit_test(decoding),
    };
    return cmocka_run_group_tests_name("uri", tests, NULL, NULL);
}
