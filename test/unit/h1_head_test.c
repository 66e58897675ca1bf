/* Table tests of reading HTTP/1 heads and trailers: what is taken, what is refused, and that
 * neither the cut of the input nor the scanner makes a difference. */
#include "wire/h1_head.h"

#include <stdio.h>
#include <stdlib.h>

#include "repeated.h"
#include "table.h"

static const struct limits limits = {
    .head_size = 4096,
    .target_size = 1000,
    .method_size = 12,
    .field_count = 20,
    .trailer_size = 200,
};

enum { WHOLE = 1, MORE = 0 };

#define OCTETS(literal) "" literal, sizeof(literal) - 1

static struct h1_head vector_head, scalar_head;

static bool same_place(struct stet_span a, struct stet_span b)
{
    return a.at == b.at && a.len == b.len;
}

static bool same_head(const struct h1_head *a, const struct h1_head *b)
{
    const struct stet_request *p = &a->request, *q = &b->request;
    if (p->method != q->method || !same_place(p->method_name, q->method_name) ||
        !same_place(p->target, q->target) || a->minor != b->minor || a->skipped != b->skipped ||
        p->head.count != q->head.count || p->head.seen[0] != q->head.seen[0] ||
        p->head.seen[1] != q->head.seen[1])
        return false;
    for (size_t i = 0; i < p->head.count; i++)
        if (!same_place(a->fields[i].name, b->fields[i].name) ||
            !same_place(a->fields[i].value, b->fields[i].value) ||
            a->fields[i].id != b->fields[i].id)
            return false;
    return true;
}

/* Reads a copy without an octet to spare, so that looking past the end is seen by the sanitizer;
 * with both scanners. INT32_MAX when they differ. */
static int read_cut(const char *octets, size_t size)
{
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, octets, size);
    int got = h1_request_read(copy, size, &limits, &vector_head);
    int scalar = h1_request_read_scalar(copy, size, &limits, &scalar_head);
    bool same = got == scalar && (got <= 0 || same_head(&vector_head, &scalar_head));
    free(copy);
    return same ? got : INT32_MAX;
}

/* Every `step`th cut must give 0, or the fault of the whole from some cut on. */
static bool cuts_agree(const char *octets, size_t size, size_t step, int want)
{
    bool faulted = false;
    for (size_t cut = 0; cut < size; cut += step) {
        int got = read_cut(octets, cut);
        if (got != 0 && (got != want || want > 0))
            return false;
        if (faulted && got == 0)
            return false;
        faulted = got < 0;
    }
    return true;
}

struct read_row {
    const char *id;
    const char *name;
    const char *octets;
    size_t size;
    int want; /* WHOLE, MORE, or a negative status */
};

#define HOST "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n"

static const struct read_row read_rows[] = {
    {"C-9112-2.2-3", "a usual request", OCTETS(GET HOST "\r\n"), WHOLE},
    {"C-9112-2.2-3", "no field", OCTETS(GET "\r\n"), WHOLE},
    {"C-9112-2.2-3", "the shortest", OCTETS("G / HTTP/1.0\r\n\r\n"), WHOLE},
    {"C-9112-2.2-3", "nothing", OCTETS(""), MORE},
    {"C-9112-2.2-3", "no end yet", OCTETS(GET HOST), MORE},
    {"C-9112-2.2-3", "end half there", OCTETS(GET HOST "\r"), MORE},
    {"C-9110-5.3-5", "a condition may still come", OCTETS(GET HOST "If-None-Match: \"a\"\r\n"),
     MORE},
    {"C-9112-2.2-4", "one empty line before", OCTETS("\r\n" GET HOST "\r\n"), WHOLE},
    {"C-9112-2.2-4", "two empty lines before", OCTETS("\r\n\r\n" GET HOST "\r\n"), -400},
    {"C-9112-2.2-4", "LF before", OCTETS("\n" GET HOST "\r\n"), -400},
    {"C-9112-2.2-3", "CR before", OCTETS("\r" GET HOST "\r\n"), -400},
    {"C-9112-2.2-3", "SP before", OCTETS(" " GET HOST "\r\n"), -400},
    {"C-9112-2.2-2", "LF ends the request line", OCTETS("GET / HTTP/1.1\n" HOST "\r\n"), -400},
    {"C-9112-2.2-2", "LF ends a field", OCTETS(GET "Host: a\n\r\n"), -400},
    {"C-9112-2.2-2", "LF ends the head", OCTETS(GET HOST "\n"), -400},
    {"C-9112-2.2-3", "CR CR LF", OCTETS(GET "Host: a\r\r\n\r\n"), -400},
    {"C-9112-2.2-3", "CR in a value", OCTETS(GET "Host: a\rb\r\n\r\n"), -400},
    {"C-9112-2.2-3", "CR X ends the head", OCTETS(GET HOST "\rX"), -400},
    {"C-9112-2.2-3", "CR ends a field", OCTETS(GET "X: \rHost: a\r\n\r\n"), -400},
    {"C-9112-2.2-3", "CR in a name", OCTETS(GET "Ho\rst: a\r\n\r\n"), -400},
    {"C-9112-2.2-5", "SP before the first field", OCTETS(GET " Host: a\r\n\r\n"), -400},
    {"C-9112-2.2-5", "HTAB before the first field", OCTETS(GET "\tHost: a\r\n\r\n"), -400},
    {"C-9112-2.2-5", "a line of SP", OCTETS(GET " \r\n" HOST "\r\n"), -400},
    {"C-9112-2.2-6", "garbage", OCTETS("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), -400},
    {"C-9112-2.2-6", "HTTP/2 preface", OCTETS("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), -505},
    {"C-9112-2.2-6", "HTTP/0.9", OCTETS("GET /\r\n"), -400},
    {"C-9112-3-1", "unknown method", OCTETS("BREW / HTTP/1.1\r\n" HOST "\r\n"), WHOLE},
    {"C-9112-3-1", "all tchar", OCTETS("!#$%&'*+-.^_ / HTTP/1.1\r\n" HOST "\r\n"), WHOLE},
    {"C-9112-3-1", "the longest method", OCTETS("ABCDEFGHIJKL / HTTP/1.1\r\n\r\n"), WHOLE},
    {"C-9112-3-1", "method too long", OCTETS("ABCDEFGHIJKLM / HTTP/1.1\r\n\r\n"), -501},
    {"C-9112-3-1", "too long, off the grammar then", OCTETS("ABCDEFGHIJKLMN\x01"), -501},
    {"C-9112-3-1", "off the grammar, too long then", OCTETS("AB(DEFGHIJKLMNOP"), -400},
    {"C-9112-3.2-1", "space in the target", OCTETS("GET /a b HTTP/1.1\r\n" HOST "\r\n"), -400},
    {"C-9112-3.2-1", "no target", OCTETS("GET  HTTP/1.1\r\n" HOST "\r\n"), -400},
    {"C-9112-3.2-1", "two SP", OCTETS("GET  / HTTP/1.1\r\n" HOST "\r\n"), -400},
    {"C-9112-3.2-1", "two SP behind", OCTETS("GET /  HTTP/1.1\r\n" HOST "\r\n"), -400},
    {"C-9112-3.2-1", "HTAB between", OCTETS("GET\t/ HTTP/1.1\r\n" HOST "\r\n"), -400},
    {"C-9112-3.2-1", "HTAB behind", OCTETS("GET /\tHTTP/1.1\r\n" HOST "\r\n"), -400},
    {"C-9112-3.2-1", "obs-text in the target", OCTETS("GET /\x80 HTTP/1.1\r\n\r\n"), -400},
    {"C-9112-3.2-1", "NUL in the target", OCTETS("GET /\0 HTTP/1.1\r\n\r\n"), -400},
    {"C-9112-3.2-1", "DEL in the target", OCTETS("GET /\x7f HTTP/1.1\r\n\r\n"), -400},
    {"C-9112-2.3-1", "HTTP/1.0", OCTETS("GET / HTTP/1.0\r\n\r\n"), WHOLE},
    {"C-9112-2.3-1", "HTTP/1.2 reads as 1.1", OCTETS("GET / HTTP/1.2\r\n\r\n"), WHOLE},
    {"C-9112-2.3-1", "HTTP/1.9 reads as 1.1", OCTETS("GET / HTTP/1.9\r\n\r\n"), WHOLE},
    {"C-9112-2.3-1", "HTTP/2.0", OCTETS("GET / HTTP/2.0\r\n\r\n"), -505},
    {"C-9112-2.3-1", "HTTP/0.9 spelt out", OCTETS("GET / HTTP/0.9\r\n\r\n"), -505},
    {"C-9112-2.3-1", "HTTP/2", OCTETS("GET / HTTP/2\r\n\r\n"), -400},
    {"C-9112-2.3-1", "HTTP/1.", OCTETS("GET / HTTP/1.\r\n\r\n"), -400},
    {"C-9112-2.3-1", "HTTP/1.10", OCTETS("GET / HTTP/1.10\r\n\r\n"), -400},
    {"C-9112-2.3-1", "HTTP/11.1", OCTETS("GET / HTTP/11.1\r\n\r\n"), -400},
    {"C-9112-2.3-1", "lower case", OCTETS("GET / http/1.1\r\n\r\n"), -400},
    {"C-9112-2.3-1", "SP behind", OCTETS("GET / HTTP/1.1 \r\n\r\n"), -400},
    {"C-9112-2.3-1", "HTTPS", OCTETS("GET / HTTPS/1.1\r\n\r\n"), -400},
    {"C-9112-2.3-1", "no slash", OCTETS("GET / HTTP 1.1\r\n\r\n"), -400},
    {"C-9112-5.1-1", "SP before the colon", OCTETS(GET "Host : a\r\n\r\n"), -400},
    {"C-9112-5.1-1", "HTAB before the colon", OCTETS(GET "Host\t: a\r\n\r\n"), -400},
    {"C-9112-5.1-1", "no colon", OCTETS(GET "Host\r\n\r\n"), -400},
    {"C-9112-5.1-1", "no name", OCTETS(GET ": a\r\n\r\n"), -400},
    {"C-9112-5.1-1", "SP in a name", OCTETS(GET "X Y: a\r\n\r\n"), -400},
    {"C-9112-5.1-1", "obs-text in a name", OCTETS(GET "X\xa0: a\r\n\r\n"), -400},
    {"C-9112-5.1-1", "NUL in a name", OCTETS(GET "X\0: a\r\n\r\n"), -400},
    {"C-9112-5.1-1", "parenthesis in a name", OCTETS(GET "X(: a\r\n\r\n"), -400},
    {"C-9112-5.1-1", "rare tchar in a name", OCTETS(GET "X_y.z|~`^: a\r\n\r\n"), WHOLE},
    {"C-9112-5.1-1", "a rare tchar at each end",
     OCTETS(GET "_0123456789abcdef0123456789abcde_: a\r\n_: b\r\n\r\n"), WHOLE},
    {"C-9112-5.1-1", "no colon in a long line",
     OCTETS(GET "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz a: b\r\n\r\n"), -400},
    {"C-9112-5.2-1", "obs-fold SP", OCTETS(GET HOST "X: a\r\n b\r\n\r\n"), -400},
    {"C-9112-5.2-1", "obs-fold HTAB", OCTETS(GET HOST "X: a\r\n\tb\r\n\r\n"), -400},
    {"C-9112-5.2-1", "obs-fold in a known field", OCTETS(GET "Host:\r\n a\r\n\r\n"), -400},
    {"C-9110-5.5-2", "NUL in a value", OCTETS(GET "X: a\0b\r\n\r\n"), -400},
    {"C-9110-5.5-2", "NUL far in a value",
     OCTETS(GET "X: abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\0\r\n\r\n"), -400},
    {"C-9110-5.5-2", "ESC in a value", OCTETS(GET "X: a\x1b[1m\r\n\r\n"), -400},
    {"C-9110-5.5-2", "DEL in a value", OCTETS(GET "X: a\x7f\r\n\r\n"), -400},
    {"C-9110-5.5-2", "VT before a value",
     OCTETS(GET "X:\x0b"
                "a\r\n\r\n"),
     -400},
    {"C-9110-5.5-3", "obs-text in a value", OCTETS(GET "X: \x80\xff\r\n\r\n"), WHOLE},
    {"C-9110-5.5-1", "HTAB in a value", OCTETS(GET "X: \ta\tb\t\r\n\r\n"), WHOLE},
};

static void test_read(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof read_rows / sizeof *read_rows; i++) {
        const struct read_row *row = &read_rows[i];
        int want = row->want == WHOLE ? (int)row->size : row->want;
        int got = read_cut(row->octets, row->size);
        bool cuts = cuts_agree(row->octets, row->size, 1, want);
        if (got != want || !cuts) {
            print_error("%s %s: %d, not %d%s\n", row->id, row->name, got, want,
                        cuts ? "" : "; a cut differs");
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

/* Each octet at one place of a head; `holds` says which may stand there. */
struct place_row {
    const char *id;
    const char *name;
    const char *before;
    const char *after;
    bool (*holds)(unsigned char byte);
};

static bool holds_tchar(unsigned char byte)
{
    return byte && (strchr("!#$%&'*+-.^_`|~", byte) || (byte >= '0' && byte <= '9') ||
                    (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z'));
}

static bool holds_graph(unsigned char byte)
{
    return byte > 0x20 && byte < 0x7f;
}

static bool holds_value(unsigned char byte)
{
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

static bool holds_digit(unsigned char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool holds_sp(unsigned char byte)
{
    return byte == ' ';
}

static bool holds_cr(unsigned char byte)
{
    return byte == '\r';
}

static bool holds_lf(unsigned char byte)
{
    return byte == '\n';
}

static bool holds_name_or_colon(unsigned char byte)
{
    return holds_tchar(byte) || byte == ':';
}

static const struct place_row place_rows[] = {
    {"C-9112-3-1", "in the method", "G", "T / HTTP/1.1\r\n\r\n", holds_tchar},
    {"C-9112-3.2-1", "behind the method", "GET", "/ HTTP/1.1\r\n\r\n", holds_sp},
    {"C-9112-3.2-1", "in the target", "GET /", " HTTP/1.1\r\n\r\n", holds_graph},
    {"C-9112-3.2-1", "far in the target", "GET /0123456789abcdef0123456789abcdef",
     "0 HTTP/1.1\r\n\r\n", holds_graph},
    {"C-9112-2.3-1", "the minor version", "GET / HTTP/1.", "\r\n\r\n", holds_digit},
    {"C-9112-2.2-3", "the CR of the request line", "GET / HTTP/1.1", "\n\r\n", holds_cr},
    {"C-9112-2.2-3", "the LF of the request line", "GET / HTTP/1.1\r", "\r\n", holds_lf},
    {"C-9112-5.1-1", "in a name", GET "X", "Y: z\r\n\r\n", holds_name_or_colon},
    {"C-9112-5.1-1", "far in a name", GET "abcdefghijklmnopqrstuvwxyz0123456789", "Y: z\r\n\r\n",
     holds_name_or_colon},
    {"C-9110-5.5-2", "in a value", GET "X: a", "b\r\n\r\n", holds_value},
    {"C-9110-5.5-2", "far in a value", GET "X: abcdefghijklmnopqrstuvwxyz012345678901234567890123",
     "b\r\n\r\n", holds_value},
    {"C-9112-2.2-3", "the LF of a field", GET "Host: a\r", "\r\n", holds_lf},
    {"C-9112-2.2-3", "the LF of the head", GET "Host: a\r\n\r", "", holds_lf},
};

static int place_octet(const struct place_row *row, unsigned octet)
{
    char text[256];
    int size = snprintf(text, sizeof text, "%s?%s", row->before, row->after);
    text[strlen(row->before)] = (char)octet;
    int got = read_cut(text, (size_t)size);
    bool want = row->holds((unsigned char)octet);
    bool holds = got == size;
    if (holds == want && (want || got < 0))
        return 0;
    print_error("%s octet 0x%02x %s: %d\n", row->id, octet, row->name, got);
    return 1;
}

static void test_octets(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof place_rows / sizeof *place_rows; i++)
        for (unsigned octet = 0; octet < 256; octet++)
            failed += place_octet(&place_rows[i], octet);
    assert_int_equal(failed, 0);
}

/* What was read, as one line of text. */
static const char *head_text(const struct h1_head *head, char *to, size_t room)
{
    const struct stet_request *request = &head->request;
    int at = snprintf(to, room, "%d %.*s %.*s 1.%u +%zu", request->method,
                      (int)request->method_name.len, request->method_name.at,
                      (int)request->target.len, request->target.at, head->minor, head->skipped);
    for (size_t i = 0; i < request->head.count; i++) {
        const struct stet_field *field = &head->fields[i];
        at += snprintf(to + at, room - (size_t)at, " %d%.*s=[%.*s]",
                       stet_head_has(&request->head, field->id), (int)field->name.len,
                       field->name.at, (int)field->value.len, field->value.at);
        if (field->id != stet_field_id(field->name))
            at += snprintf(to + at, room - (size_t)at, "(wrong id)");
    }
    return to;
}

struct text_row {
    const char *id;
    const char *name;
    const char *octets;
    const char *want;
};

static const struct text_row text_rows[] = {
    {"C-9110-5.1-1", "the parts", "GET /a?b HTTP/1.1\r\nHost: h\r\nX-Foo: bar\r\n\r\n",
     "1 GET /a?b 1.1 +0 1Host=[h] 0X-Foo=[bar]"},
    {"C-9110-5.1-1", "known names in any case", "HEAD / HTTP/1.1\r\nhOST: h\r\nETAG: x\r\n\r\n",
     "2 HEAD / 1.1 +0 1hOST=[h] 1ETAG=[x]"},
    {"C-9110-5.5-1", "white space around values",
     "GET / HTTP/1.1\r\nA:b\r\nC: \t d \t \r\nE:\r\nF: \t \r\n\r\n",
     "1 GET / 1.1 +0 0A=[b] 0C=[d] 0E=[] 0F=[]"},
    {"C-9110-5.5-1", "white space inside stays", "GET / HTTP/1.1\r\nA:  b \t c  \r\n\r\n",
     "1 GET / 1.1 +0 0A=[b \t c]"},
    {"C-9110-5.2-1", "lines of one name stay apart, in order",
     "GET / HTTP/1.1\r\nAccept: a\r\nX: y\r\naccept: b\r\n\r\n",
     "1 GET / 1.1 +0 1Accept=[a] 0X=[y] 1accept=[b]"},
    {"C-9112-2.2-4", "the empty line before counts", "\r\nGET / HTTP/1.0\r\n\r\n",
     "1 GET / 1.0 +2"},
    {"C-9112-3-1", "methods are case-sensitive", "get / HTTP/1.1\r\n\r\n", "0 get / 1.1 +0"},
    {"C-9112-3-1", "an unknown method", "GETX / HTTP/1.9\r\n\r\n", "0 GETX / 1.1 +0"},
    {"C-9112-3.2.2-1", "any target as it is", "QUERY http://h:1/{}|\\^\"<> HTTP/1.1\r\n\r\n",
     "10 QUERY http://h:1/{}|\\^\"<> 1.1 +0"},
    {"C-9110-5.1-1", "colons in values", "GET / HTTP/1.1\r\nA::b:c\r\n\r\n",
     "1 GET / 1.1 +0 0A=[:b:c]"},
    {"C-9112-9.3.2-1", "what comes behind is left alone",
     "GET / HTTP/1.1\r\nA: b\r\n\r\n\x01\x02 garbage", "1 GET / 1.1 +0 0A=[b]"},
};

static void test_text(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof text_rows / sizeof *text_rows; i++) {
        const struct text_row *row = &text_rows[i];
        size_t size = strlen(row->octets);
        char vector_text[512] = "", scalar_text[512] = "";
        if (h1_request_read(row->octets, size, &limits, &vector_head) > 0)
            head_text(&vector_head, vector_text, sizeof vector_text);
        if (h1_request_read_scalar(row->octets, size, &limits, &scalar_head) > 0)
            head_text(&scalar_head, scalar_text, sizeof scalar_text);
        if (strcmp(vector_text, row->want) != 0 || strcmp(scalar_text, row->want) != 0) {
            print_error("%s %s: %s, %s\n", row->id, row->name, vector_text, scalar_text);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

/* `count` times `piece` between two texts. */
struct limit_row {
    const char *id;
    const char *name;
    const char *before;
    const char *piece;
    size_t count;
    const char *after;
    int want;
};

static const struct limit_row limit_rows[] = {
    {"C-9112-3-1", "the longest target", "GET /", "a", 999, " HTTP/1.1\r\n\r\n", WHOLE},
    {"C-9112-3-1", "target too long", "GET /", "a", 1000, " HTTP/1.1\r\n\r\n", -414},
    {"C-9112-3-1", "target far too long", "GET /", "a", 9000, " HTTP/1.1\r\n\r\n", -414},
    {"C-9112-3-1", "target too long, then off the grammar", "GET /", "a", 1000, "\x01", -414},
    {"C-9110-5.4-1", "as many fields as may be", GET, "A: b\r\n", 20, "\r\n", WHOLE},
    {"C-9110-5.4-1", "one field too many", GET, "A: b\r\n", 21, "\r\n", -431},
    {"C-9110-5.4-1", "the longest head", GET "A: ", "b", 4073, "\r\n\r\n", WHOLE},
    {"C-9110-5.4-1", "head too long by one", GET "A: ", "b", 4074, "\r\n\r\n", -431},
    {"C-9110-5.4-1", "a huge value", GET "A: ", "b", 100000, "\r\n\r\n", -431},
    {"C-9110-5.4-1", "a huge name", GET, "a", 100000, ": b\r\n\r\n", -431},
    {"C-9110-5.4-1", "fault past the limit", GET "A: ", "b", 5000, "\x01\r\n\r\n", -431},
    {"C-9110-5.4-1", "fault before the limit", GET "A: \x01", "b", 5000, "\r\n\r\n", -400},
    {"C-9110-5.5-1", "much white space", GET "A:", " ", 4000, "b\r\n\r\n", WHOLE},
};

static void test_limits(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof limit_rows / sizeof *limit_rows; i++) {
        const struct limit_row *row = &limit_rows[i];
        size_t size;
        char *text = repeated(stet_span_of(row->before), row->piece, row->count, row->after, &size);
        int want = row->want == WHOLE ? (int)size : row->want;
        int got = read_cut(text, size);
        if (got != want || !cuts_agree(text, size, size / 97, want)) {
            print_error("%s %s: %d, not %d\n", row->id, row->name, got, want);
            failed++;
        }
        free(text);
    }
    assert_int_equal(failed, 0);
}

static const struct read_row trailer_rows[] = {
    {"C-9112-7.1-1", "none", OCTETS("\r\n"), WHOLE},
    {"C-9112-7.1-1", "two", OCTETS("ETag: \"a\"\r\nX: y\r\n\r\n"), WHOLE},
    {"C-9112-7.1-1", "incomplete", OCTETS("ETag: \"a\"\r\n\r"), MORE},
    {"C-9112-7.1-1", "no colon", OCTETS("ETag\r\n\r\n"), -400},
    {"C-9112-7.1-1", "LF ends it", OCTETS("\n"), -400},
    {"C-9112-7.1-1", "LF ends a line", OCTETS("A: b\n\r\n"), -400},
    {"C-9112-7.1-1", "obs-fold", OCTETS("A: b\r\n c\r\n\r\n"), -400},
    {"C-9112-7.1-1", "SP before the colon", OCTETS("A : b\r\n\r\n"), -400},
    {"C-9112-7.1-1", "CR X", OCTETS("\rX"), -400},
    {"C-9112-7.1-1", "too many",
     OCTETS("A:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\n"
            "A:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\nA:\r\n\r\n"),
     -431},
    {"C-9112-7.1-1", "too long",
     OCTETS(
         "A: 01234567890123456789012345678901234567890123456789012345678901234567890123456789"
         "012345678901234567890123456789012345678901234567890123456789012345678901234567890123456"
         "7890123456789012345678901234567890123456789\r\n\r\n"),
     -431},
};

static void test_trailers(void **state)
{
    (void)state;
    static struct stet_field fields[H1_FIELDS_MAX];
    int failed = 0;
    for (size_t i = 0; i < sizeof trailer_rows / sizeof *trailer_rows; i++) {
        const struct read_row *row = &trailer_rows[i];
        int want = row->want == WHOLE ? (int)row->size : row->want;
        for (size_t cut = 0; cut <= row->size; cut++) {
            struct stet_head head;
            char *copy = malloc(cut + 1);
            assert_non_null(copy);
            memcpy(copy, row->octets, cut);
            int got = h1_trailers_read(copy, cut, &limits, fields, &head);
            free(copy);
            bool right = cut == row->size ? got == want : got == 0 || (want < 0 && got == want);
            if (!right) {
                print_error("%s %s cut at %zu: %d\n", row->id, row->name, cut, got);
                failed++;
            }
        }
    }
    assert_int_equal(failed, 0);
}

static void test_trailers_seen(void **state)
{
    (void)state;
    static const char text[] = "ETag: \"a\"\r\nX:\t y \r\n\r\n";
    static struct stet_field fields[H1_FIELDS_MAX];
    struct stet_head head;
    assert_int_equal(h1_trailers_read(text, sizeof text - 1, &limits, fields, &head),
                     sizeof text - 1);
    assert_int_equal(head.count, 2);
    assert_true(stet_head_has(&head, STET_FIELD_ETAG));
    assert_false(stet_head_has(&head, STET_FIELD_HOST));
    assert_true(stet_span_equal(fields[1].value, STET_SPAN("y")));
}

struct end_row {
    const char *name;
    const char *octets;
    size_t from;
    bool want;
};

static const struct end_row end_rows[] = {
    {"nothing", "", 0, false},
    {"a line", "GET / HTTP/1.1\r\n", 0, false},
    {"two lines", "GET / HTTP/1.1\r\nA: b\r\n", 0, false},
    {"a head", "GET / HTTP/1.1\r\n\r\n", 0, true},
    {"an end all seen before", "GET / HTTP/1.1\r\n\r\nXYZ", 21, false},
    {"LF seen before", "GET / HTTP/1.1\r\n\r\n", 16, true},
    {"LF CR seen before", "GET / HTTP/1.1\r\n\r\n", 17, true},
    {"bare LF", "GET / HTTP/1.1\n\n", 0, true},
    {"LF CR", "GET / HTTP/1.1\n\rA", 0, false},
};

static void test_may_end(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < sizeof end_rows / sizeof *end_rows; i++) {
        const struct end_row *row = &end_rows[i];
        if (h1_head_may_end(row->octets, strlen(row->octets), row->from) != row->want) {
            print_error("C-9112-2.2-3 %s\n", row->name);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),     cmocka_unit_test(test_octets),
        cmocka_unit_test(test_text),     cmocka_unit_test(test_limits),
        cmocka_unit_test(test_trailers), cmocka_unit_test(test_trailers_seen),
        cmocka_unit_test(test_may_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
