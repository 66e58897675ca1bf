/* Table tests of reading HTTP/1 response heads and of what they say about the rest: what is taken,
 * what is refused and by which name, what is mended, and that the cut of the input makes no
 * difference. */
#include "wire/h1_response.h"

#include <stdio.h>
#include <stdlib.h>

#include "repeated.h"
#include "table.h"

static const struct limits limits = {.head_size = 2048, .field_count = 20};

enum {
    WHOLE = 1,
    MORE = 0,
    FAULT = -(int)STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR,
    LARGE = -(int)STET_PROXY_ERROR_HTTP_RESPONSE_HEADER_SECTION_SIZE,
    CODING = -(int)STET_PROXY_ERROR_HTTP_RESPONSE_TRANSFER_CODING,
    LENGTH = -(int)STET_PROXY_ERROR_HTTP_RESPONSE_BODY_SIZE
};

#define OCTETS(literal) "" literal, sizeof(literal) - 1

static struct h1_response_head head;

/* Some octets in memory of their own, without one to spare, so that looking past the end is seen by
 * the sanitizer. */
static char *copied(const char *octets, size_t size)
{
    char *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, octets, size);
    return copy;
}

/* Reads the first `cut` octets; they must stay as they are unless they may be mended. */
static int read_cut(const char *octets, size_t cut, bool lenient)
{
    char *copy = copied(octets, cut);
    int got = h1_response_read(copy, cut, &limits, lenient, &head);
    assert_true(lenient || memcmp(copy, octets, cut) == 0);
    free(copy);
    return got;
}

/* Each cut must give 0, or, from some cut on, the fault of the whole. */
static bool cuts_agree(const char *octets, size_t size, bool lenient, int want)
{
    bool faulted = false;
    for (size_t cut = 0; cut < size; cut++) {
        int got = read_cut(octets, cut, lenient);
        if ((got != 0 && (got != want || want > 0)) || (faulted && got == 0))
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
    int want;    /* WHOLE, MORE, or what is wrong */
    int lenient; /* the same with leniency */
};

#define BOTH(want) want, want
#define OK_LINE "HTTP/1.1 200 OK\r\n"

static const struct read_row read_rows[] = {
    {"C-9112-4-1", "a usual answer", OCTETS(OK_LINE "Server: x\r\n\r\n"), BOTH(WHOLE)},
    {"C-9112-4-1", "no field", OCTETS(OK_LINE "\r\n"), BOTH(WHOLE)},
    {"C-9112-4-1", "an empty phrase", OCTETS("HTTP/1.1 200 \r\n\r\n"), BOTH(WHOLE)},
    {"C-9112-4-1", "no SP behind the code", OCTETS("HTTP/1.1 200\r\n\r\n"), FAULT, WHOLE},
    {"C-9112-4-1", "no SP, HTTP/1.0", OCTETS("HTTP/1.0 404\r\nX: y\r\n\r\n"), FAULT, WHOLE},
    {"C-9112-4-1", "SP in the phrase", OCTETS("HTTP/1.1 404 Not  Found \t\r\n\r\n"), BOTH(WHOLE)},
    {"C-9112-4-1", "obs-text in the phrase", OCTETS("HTTP/1.1 200 \xc3\xa9\r\n\r\n"), BOTH(WHOLE)},
    {"C-9112-4-1", "the phrase of another code", OCTETS("HTTP/1.1 200 Not Found\r\n\r\n"),
     BOTH(WHOLE)},
    {"C-9112-4-1", "NUL in the phrase", OCTETS("HTTP/1.1 200 O\0K\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-4-1", "CR in the phrase", OCTETS("HTTP/1.1 200 O\rK\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-4-1", "ESC in the phrase", OCTETS("HTTP/1.1 200 \x1b[1m\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-4-1", "two SP before the code", OCTETS("HTTP/1.1  200 OK\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-4-1", "HTAB before the code", OCTETS("HTTP/1.1\t200 OK\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-4-1", "HTAB behind the code", OCTETS("HTTP/1.1 200\tOK\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-4-1", "no code", OCTETS("HTTP/1.1 OK\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-4-1", "two digits", OCTETS("HTTP/1.1 20 OK\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-4-1", "four digits", OCTETS("HTTP/1.1 2000 OK\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-4-1", "a sign", OCTETS("HTTP/1.1 +20 OK\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-4-1", "hex", OCTETS("HTTP/1.1 2a0 OK\r\n\r\n"), BOTH(FAULT)},
    {"C-9110-15-1", "000", OCTETS("HTTP/1.1 000 OK\r\n\r\n"), BOTH(FAULT)},
    {"C-9110-15-1", "099", OCTETS("HTTP/1.1 099 OK\r\n\r\n"), BOTH(FAULT)},
    {"C-9110-15-1", "100", OCTETS("HTTP/1.1 100 Continue\r\n\r\n"), BOTH(WHOLE)},
    {"C-9110-15-1", "599", OCTETS("HTTP/1.1 599 x\r\n\r\n"), BOTH(WHOLE)},
    {"C-9110-15-1", "600", OCTETS("HTTP/1.1 600 x\r\n\r\n"), BOTH(FAULT)},
    {"C-9110-15-1", "999", OCTETS("HTTP/1.1 999 x\r\n\r\n"), BOTH(FAULT)},
    {"C-9110-15-1", "299, not registered", OCTETS("HTTP/1.1 299 x\r\n\r\n"), BOTH(WHOLE)},
    {"C-9112-2.3-1", "HTTP/1.0", OCTETS("HTTP/1.0 200 OK\r\n\r\n"), BOTH(WHOLE)},
    {"C-9112-2.3-1", "HTTP/1.9 reads as 1.1", OCTETS("HTTP/1.9 200 OK\r\n\r\n"), BOTH(WHOLE)},
    {"C-9112-2.3-1", "HTTP/2.0", OCTETS("HTTP/2.0 200 OK\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-2.3-1", "HTTP/2", OCTETS("HTTP/2 200 OK\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-2.3-1", "HTTP/0.9", OCTETS("HTTP/0.9 200 OK\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-2.3-1", "lower case", OCTETS("http/1.1 200 OK\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-2.3-1", "ICY", OCTETS("ICY 200 OK\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-2.3-1", "no version, content at once", OCTETS("<html>"), BOTH(FAULT)},
    {"C-9112-2.2-3", "an empty line before", OCTETS("\r\nHTTP/1.1 200 OK\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-2.2-3", "SP before", OCTETS(" HTTP/1.1 200 OK\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-2.2-2", "LF ends the status line", OCTETS("HTTP/1.1 200 OK\nX: y\r\n\r\n"),
     BOTH(FAULT)},
    {"C-9112-2.2-2", "LF ends a field", OCTETS(OK_LINE "X: y\n\r\n"), BOTH(FAULT)},
    {"C-9112-2.2-2", "LF ends the head", OCTETS(OK_LINE "X: y\r\n\n"), BOTH(FAULT)},
    {"C-9112-2.2-3", "CR CR LF", OCTETS(OK_LINE "X: y\r\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-2.2-3", "CR ends a field", OCTETS(OK_LINE "X: y\rZ: a\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-2.2-3", "CR X ends the head", OCTETS(OK_LINE "X: y\r\n\rX\r\n"), BOTH(FAULT)},
    {"C-9112-2.2-5", "SP before the first field", OCTETS(OK_LINE " X: y\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-2.2-5", "a line of SP first", OCTETS(OK_LINE " \r\nX: y\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-5.1-1", "SP before the colon", OCTETS(OK_LINE "X : y\r\n\r\n"), FAULT, WHOLE},
    {"C-9112-5.1-1", "much white space before the colon", OCTETS(OK_LINE "X \t \t:y\r\n\r\n"),
     FAULT, WHOLE},
    {"C-9112-5.1-1", "no colon", OCTETS(OK_LINE "X\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-5.1-1", "no colon, SP", OCTETS(OK_LINE "X \r\n\r\n"), BOTH(FAULT)},
    {"C-9112-5.1-1", "no name", OCTETS(OK_LINE ": y\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-5.1-1", "SP in a name", OCTETS(OK_LINE "X Y: z\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-5.1-1", "NUL behind a name", OCTETS(OK_LINE "X\0: y\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-5.1-1", "NBSP behind a name", OCTETS(OK_LINE "X\xa0: y\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-5.2-2", "obs-fold SP", OCTETS(OK_LINE "X: a\r\n b\r\n\r\n"), FAULT, WHOLE},
    {"C-9112-5.2-2", "obs-fold HTAB", OCTETS(OK_LINE "X: a\r\n\tb\r\nY: z\r\n\r\n"), FAULT, WHOLE},
    {"C-9112-5.2-2", "obs-fold right behind the colon", OCTETS(OK_LINE "X:\r\n a\r\n\r\n"), FAULT,
     WHOLE},
    {"C-9112-5.2-2", "a line of SP inside", OCTETS(OK_LINE "X: a\r\n \r\n\r\n"), FAULT, WHOLE},
    {"C-9112-5.2-2", "fold upon fold", OCTETS(OK_LINE "X: a\r\n b\r\n \t\r\n c\r\nY : d\r\n\r\n"),
     FAULT, WHOLE},
    {"C-9112-5.2-2", "what is folded is no field", OCTETS(OK_LINE "X\r\n : a\r\n\r\n"),
     BOTH(FAULT)},
    {"C-9112-5.2-2", "fold behind LF", OCTETS(OK_LINE "X: a\n b\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-5.2-2", "fold behind CR CR LF", OCTETS(OK_LINE "X: a\r\r\n b\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-5.2-2", "NUL in a fold", OCTETS(OK_LINE "X: a\r\n b\0\r\n\r\n"), BOTH(FAULT)},
    {"C-9112-5.2-2", "a fold at the end, no more", OCTETS(OK_LINE "X: a\r\n b\r\n"), FAULT, MORE},
    {"C-9110-5.5-2", "NUL in a value", OCTETS(OK_LINE "X: a\0b\r\n\r\n"), BOTH(FAULT)},
    {"C-9110-5.5-2", "CR in a value", OCTETS(OK_LINE "X: a\rb\r\n\r\n"), BOTH(FAULT)},
    {"C-9110-5.5-2", "DEL in a value", OCTETS(OK_LINE "X: a\x7f\r\n\r\n"), BOTH(FAULT)},
    {"C-9110-5.5-3", "obs-text in a value", OCTETS(OK_LINE "X: \x80\xff\r\n\r\n"), BOTH(WHOLE)},
};

static void test_read(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < 2 * COUNT(read_rows); i++) {
        const struct read_row *row = &read_rows[i / 2];
        bool lenient = i % 2;
        int want = lenient ? row->lenient : row->want;
        want = want == WHOLE ? (int)row->size : want;
        int got = read_cut(row->octets, row->size, lenient);
        bool cuts = cuts_agree(row->octets, row->size, lenient, want);
        if (got != want || !cuts) {
            print_error("%s %s%s: %d, not %d%s\n", row->id, row->name, lenient ? " (lenient)" : "",
                        got, want, cuts ? "" : "; a cut differs");
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

/* What was read, as one line of text. */
static const char *head_text(char *to, size_t room)
{
    const struct stet_head *fields = &head.response.head;
    int at = snprintf(to, room, "1.%u %d [%.*s]", head.minor, head.response.status,
                      (int)head.reason_phrase.len, head.reason_phrase.at);
    for (size_t i = 0; i < fields->count; i++) {
        const struct stet_field *field = &fields->fields[i];
        at +=
            snprintf(to + at, room - (size_t)at, " %d%.*s=[%.*s]", stet_head_has(fields, field->id),
                     (int)field->name.len, field->name.at, (int)field->value.len, field->value.at);
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
    {"C-9112-4-1", "the parts", "HTTP/1.1 404 Not Found\r\nETag: \"a\"\r\nX-Foo: bar\r\n\r\n",
     "1.1 404 [Not Found] 1ETag=[\"a\"] 0X-Foo=[bar]"},
    {"C-9112-4-1", "no phrase", "HTTP/1.0 200\r\n\r\n", "1.0 200 []"},
    {"C-9112-4-1", "white space around the phrase stays", "HTTP/1.9 200  a \r\n\r\n",
     "1.1 200 [ a ]"},
    {"C-9110-5.5-1", "white space around values", "HTTP/1.1 200 OK\r\nA: \t b\tc \r\nD:\r\n\r\n",
     "1.1 200 [OK] 0A=[b\tc] 0D=[]"},
    {"C-9112-5.1-1", "white space before colons", "HTTP/1.1 200 OK\r\nETag : x\r\nY\t \t:z\r\n\r\n",
     "1.1 200 [OK] 1ETag=[x] 0Y=[z]"},
    {"C-9112-5.1-1", "only the first colon moves", "HTTP/1.1 200 OK\r\nX : a : b\r\n\r\n",
     "1.1 200 [OK] 0X=[a : b]"},
    {"C-9112-5.2-2", "a fold becomes SP", "HTTP/1.1 200 OK\r\nVary: a,\r\n b\r\nX: y\r\n\r\n",
     "1.1 200 [OK] 1Vary=[a,   b] 0X=[y]"},
    {"C-9112-5.2-2", "folds at both ends are white space around",
     "HTTP/1.1 200 OK\r\nX:\r\n a\r\n\t\r\n\r\n", "1.1 200 [OK] 0X=[a]"},
    {"C-9112-5.2-2", "folded colons are no field",
     "HTTP/1.1 200 OK\r\nX: a\r\n Content-Length: 5\r\n\r\n",
     "1.1 200 [OK] 0X=[a   Content-Length: 5]"},
    {"C-9112-5.2-2", "what stands behind the head stays",
     "HTTP/1.1 200 OK\r\nX : a\r\n\r\n b\r\nX : y\r\n\r\n", "1.1 200 [OK] 0X=[a]"},
};

static void test_text(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < COUNT(text_rows); i++) {
        const struct text_row *row = &text_rows[i];
        size_t size = strlen(row->octets);
        char *copy = copied(row->octets, size);
        char text[512] = "";
        int got = h1_response_read(copy, size, &limits, true, &head);
        if (got > 0)
            head_text(text, sizeof text);
        if (strcmp(text, row->want) != 0 ||
            memcmp(copy + got, row->octets + got, size - (size_t)got) != 0) {
            print_error("%s %s: %s\n", row->id, row->name, text);
            failed++;
        }
        free(copy);
    }
    assert_int_equal(failed, 0);
}

/* What a connection does: the octets that were mended come again, with one more behind. */
static void test_mended_again(void **state)
{
    static const char octets[] = OK_LINE "X : a\r\n b\r\n\tc\r\nETag:\r\n \"d\"\r\nY \t:\r\n\r\n";
    size_t size = sizeof octets - 1;
    char text[512];
    (void)state;
    char *copy = copied(octets, size);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(h1_response_read(copy, cut, &limits, true, &head), 0);
    assert_int_equal(h1_response_read(copy, size, &limits, true, &head), size);
    assert_string_equal(head_text(text, sizeof text), "1.1 200 [OK] 0X=[a   b  \tc] 1ETag=[\"d\"] "
                                                      "0Y=[]");
    free(copy);
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
    int lenient;
};

static const struct limit_row limit_rows[] = {
    {"C-9110-5.4-1", "as many fields as may be", OK_LINE, "A: b\r\n", 20, "\r\n", BOTH(WHOLE)},
    {"C-9110-5.4-1", "one field too many", OK_LINE, "A: b\r\n", 21, "\r\n", BOTH(LARGE)},
    {"C-9110-5.4-1", "the last field is folded", OK_LINE, "A: b\r\n", 20, " c\r\n\r\n", LARGE,
     WHOLE},
    {"C-9110-5.4-1", "many folds", OK_LINE "A: b", "\r\n c", 100, "\r\n\r\n", FAULT, WHOLE},
    {"C-9110-5.4-1", "the longest head", OK_LINE "A: ", "b", 2024, "\r\n\r\n", BOTH(WHOLE)},
    {"C-9110-5.4-1", "head too long by one", OK_LINE "A: ", "b", 2025, "\r\n\r\n", BOTH(LARGE)},
    {"C-9110-5.4-1", "a huge value without an end", OK_LINE "A: ", "b", 9000, "", BOTH(LARGE)},
    {"C-9110-5.4-1", "a huge name", OK_LINE, "a", 9000, ": b\r\n\r\n", BOTH(LARGE)},
    {"C-9110-5.4-1", "a huge phrase", "HTTP/1.1 200 ", "a", 9000, "\r\n\r\n", BOTH(LARGE)},
    {"C-9110-5.4-1", "folds without an end", OK_LINE "A: b", "\r\n c", 900, "", FAULT, LARGE},
    {"C-9110-5.4-1", "fault before the limit", OK_LINE "A: \x01\r\n", "b", 9000, "", BOTH(FAULT)},
};

static void test_limits(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < 2 * COUNT(limit_rows); i++) {
        const struct limit_row *row = &limit_rows[i / 2];
        bool lenient = i % 2;
        size_t size;
        char *text = repeated(stet_span_of(row->before), row->piece, row->count, row->after, &size);
        int want = lenient ? row->lenient : row->want;
        want = want == WHOLE ? (int)size : want;
        int got = read_cut(text, size, lenient);
        if (got != want) {
            print_error("%s %s%s: %d, not %d\n", row->id, row->name, lenient ? " (lenient)" : "",
                        got, want);
            failed++;
        }
        free(text);
    }
    assert_int_equal(failed, 0);
}

/* Each octet at one place of a head. */
struct place_row {
    const char *id;
    const char *name;
    const char *before;
    const char *after;
    const char *holds; /* the octets that may stand there, beside `from` to `to` */
    int from, to;
};

static const struct place_row place_rows[] = {
    {"C-9112-4-1", "the first digit", "HTTP/1.1 ", "00 OK\r\n\r\n", "", '1', '5'},
    {"C-9112-4-1", "the last digit", "HTTP/1.1 20", " OK\r\n\r\n", "", '0', '9'},
    {"C-9112-4-1", "behind the code", "HTTP/1.1 200", "OK\r\n\r\n", " ", 1, 0},
    {"C-9112-4-1", "before the code", "HTTP/1.1", "200 OK\r\n\r\n", " ", 1, 0},
    {"C-9112-2.3-1", "the minor version", "HTTP/1.", " 200 OK\r\n\r\n", "", '0', '9'},
    {"C-9112-2.2-3", "the CR of the status line", "HTTP/1.1 200 OK", "\n\r\n", "\r", 1, 0},
    {"C-9112-2.2-3", "the LF of the status line", "HTTP/1.1 200 OK\r", "\r\n", "\n", 1, 0},
    {"C-9112-2.2-3", "the LF of a field", OK_LINE "X: y\r", "\r\n", "\n", 1, 0},
    {"C-9112-5.1-1", "before a name", OK_LINE, "X: y\r\n\r\n",
     "!#$%&'*+-.^_`|~abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", '0', '9'},
};

static int place_octet(const struct place_row *row, int octet)
{
    char text[256];
    int size = snprintf(text, sizeof text, "%s?%s", row->before, row->after);
    text[strlen(row->before)] = (char)octet;
    int got = read_cut(text, (size_t)size, false);
    bool want = (octet && strchr(row->holds, octet)) || (octet >= row->from && octet <= row->to);
    if (want ? got == size : got == FAULT)
        return 0;
    print_error("%s octet 0x%02x %s: %d\n", row->id, (unsigned)octet, row->name, got);
    return 1;
}

static void test_octets(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < COUNT(place_rows); i++)
        for (int octet = 0; octet < 256; octet++)
            failed += place_octet(&place_rows[i], octet);
    assert_int_equal(failed, 0);
}

/* How the response goes on: content, length and persistence as text, or the name of the fault. */
struct check_row {
    const char *id;
    const char *name;
    const char *method;
    const char *octets; /* without HTTP/ before and the empty line behind */
    const char *want;
};

static const char *const content_words[] = {"none", "length", "chunked", "close", "tunnel"};

static const struct check_row check_rows[] = {
    {"C-9112-6.3-6", "a length", "GET", "1.1 200 OK\r\nContent-Length: 5", "length 5 persists"},
    {"C-9112-6.3-6", "no octets", "GET", "1.1 200 OK\r\nContent-Length: 0", "length 0 persists"},
    {"C-9112-6.3-7", "until close", "GET", "1.1 200 OK", "close"},
    {"C-9112-6.3-7", "until close although persistent", "GET",
     "1.1 200 OK\r\nConnection: keep-alive", "close"},
    {"C-9112-6.1-1", "chunked", "GET", "1.1 200 OK\r\nTransfer-Encoding: chunked",
     "chunked persists"},
    {"C-9112-6.1-1", "chunked in any case", "GET", "1.1 200 OK\r\nTransfer-Encoding: CHUNKED",
     "chunked persists"},
    {"C-9112-6.3-1", "HEAD with a length", "HEAD", "1.1 200 OK\r\nContent-Length: 5",
     "none 5 persists"},
    {"C-9112-6.3-1", "HEAD chunked", "HEAD", "1.1 200 OK\r\nTransfer-Encoding: chunked",
     "none persists"},
    {"C-9110-6.4.1-1", "HEAD without either", "HEAD", "1.1 200 OK", "none persists"},
    {"C-9110-6.4.1-1", "HEAD to a 404", "HEAD", "1.1 404 x\r\nContent-Length: 9",
     "none 9 persists"},
    {"C-9112-6.3-1", "204", "GET", "1.1 204 x", "none persists"},
    {"C-9112-6.3-1", "204 with a length", "GET", "1.1 204 x\r\nContent-Length: 5", "none 5"},
    {"C-9110-8.6-2", "204 with a length of 0", "GET", "1.1 204 x\r\nContent-Length: 0",
     "none 0 persists"},
    {"C-9112-6.3-1", "304 with a length", "GET", "1.1 304 x\r\nContent-Length: 100",
     "none 100 persists"},
    {"C-9112-6.3-1", "304 chunked", "GET", "1.1 304 x\r\nTransfer-Encoding: chunked",
     "none persists"},
    {"C-9112-6.3-1", "304 without either", "GET", "1.1 304 x", "none persists"},
    {"C-9112-6.3-1", "304 that closes", "GET", "1.1 304 x\r\nConnection: close", "none"},
    {"C-9112-6.3-1", "103", "GET", "1.1 103 x\r\nContent-Length: 5", "none 5 persists"},
    {"C-9110-6.4.1-1", "205 has content", "GET", "1.1 205 x\r\nContent-Length: 5",
     "length 5 persists"},
    {"C-9110-15.2-2", "101", "GET", "1.1 101 x\r\nUpgrade: y", "tunnel"},
    {"C-9112-6.3-1", "2xx to CONNECT", "CONNECT", "1.1 200 OK", "tunnel"},
    {"C-9112-6.3-1", "2xx to CONNECT, whatever its fields say", "CONNECT",
     "1.1 299 x\r\nContent-Length: a\r\nTransfer-Encoding: b", "tunnel"},
    {"C-9112-6.3-1", "404 to CONNECT", "CONNECT", "1.1 404 x\r\nContent-Length: 5",
     "length 5 persists"},
    {"C-9112-6.3-5", "equal lengths", "GET",
     "1.1 200 OK\r\nContent-Length: 5, 05 ,5\r\n"
     "Content-Length: 5",
     "length 5 persists"},
    {"C-9112-6.3-5", "lengths that differ", "GET", "1.1 200 OK\r\nContent-Length: 5, 6", "fault"},
    {"C-9112-6.3-5", "lines that differ", "GET",
     "1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6", "fault"},
    {"C-9112-6.3-5", "lines that differ, HEAD", "HEAD",
     "1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6", "fault"},
    {"C-9112-6.3-5", "lengths that differ, 304", "GET", "1.1 304 x\r\nContent-Length: 5, 6",
     "fault"},
    {"C-9112-6.3-5", "a sign", "GET", "1.1 200 OK\r\nContent-Length: +5", "fault"},
    {"C-9112-6.3-5", "negative", "GET", "1.1 200 OK\r\nContent-Length: -5", "fault"},
    {"C-9112-6.3-5", "hex", "GET", "1.1 200 OK\r\nContent-Length: 0x5", "fault"},
    {"C-9112-6.3-5", "a fraction", "GET", "1.1 200 OK\r\nContent-Length: 5.0", "fault"},
    {"C-9112-6.3-5", "an empty length", "GET", "1.1 200 OK\r\nContent-Length:", "fault"},
    {"C-9112-6.3-5", "an empty member", "GET", "1.1 200 OK\r\nContent-Length: 5,", "fault"},
    {"C-9112-6.3-5", "SP inside", "GET", "1.1 200 OK\r\nContent-Length: 5 5", "fault"},
    {"C-9112-6.3-5", "quotes", "GET", "1.1 200 OK\r\nContent-Length: \"5\"", "fault"},
    {"C-9110-8.6-4", "2^63 - 1", "GET", "1.1 200 OK\r\nContent-Length: 9223372036854775807",
     "length 9223372036854775807 persists"},
    {"C-9110-8.6-4", "2^63", "GET", "1.1 200 OK\r\nContent-Length: 9223372036854775808",
     "too long"},
    {"C-9110-8.6-4", "2^64 + 5", "GET", "1.1 200 OK\r\nContent-Length: 18446744073709551621",
     "too long"},
    {"C-9110-8.6-4", "40 digits, HEAD", "HEAD",
     "1.1 200 OK\r\nContent-Length: 1000000000000000000000000000000000000005", "too long"},
    {"C-9112-6.3-3", "both", "GET", "1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
     "fault"},
    {"C-9112-6.3-3", "both, HEAD", "HEAD",
     "1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5", "fault"},
    {"C-9112-6.1-5", "chunked in HTTP/1.0", "GET", "1.0 200 OK\r\nTransfer-Encoding: chunked",
     "fault"},
    {"C-9112-6.1-2", "chunked 204", "GET", "1.1 204 x\r\nTransfer-Encoding: chunked", "fault"},
    {"C-9112-6.1-2", "chunked 100", "GET", "1.1 100 x\r\nTransfer-Encoding: chunked", "fault"},
    {"C-9112-6.1-2", "chunked 101", "GET", "1.1 101 x\r\nTransfer-Encoding: chunked", "fault"},
    {"C-9112-6.3-4", "another coding", "GET", "1.1 200 OK\r\nTransfer-Encoding: gzip", "fault"},
    {"C-9112-6.3-4", "chunked not last", "GET", "1.1 200 OK\r\nTransfer-Encoding: chunked, gzip",
     "fault"},
    {"C-9112-6.3-4", "chunked twice", "GET", "1.1 200 OK\r\nTransfer-Encoding: chunked, chunked",
     "fault"},
    {"C-9112-6.3-4", "chunked on two lines", "GET",
     "1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "fault"},
    {"C-9112-6.3-4", "another coding before", "GET",
     "1.1 200 OK\r\nTransfer-Encoding: gzip, chunked", "coding"},
    {"C-9112-6.3-4", "identity", "GET", "1.1 200 OK\r\nTransfer-Encoding: identity", "fault"},
    {"C-9112-6.3-4", "no coding", "GET", "1.1 200 OK\r\nTransfer-Encoding:", "fault"},
    {"C-9112-6.3-4", "xchunked", "GET", "1.1 200 OK\r\nTransfer-Encoding: xchunked", "fault"},
    {"C-9112-6.3-4", "a parameter", "GET", "1.1 200 OK\r\nTransfer-Encoding: chunked;a=b", "fault"},
    {"C-9112-6.3-4", "quoted", "GET", "1.1 200 OK\r\nTransfer-Encoding: \"chunked\"", "fault"},
    {"C-9112-9.3-1", "close", "GET", "1.1 200 OK\r\nConnection: close\r\nContent-Length: 5",
     "length 5"},
    {"C-9112-9.3-1", "close among others", "GET",
     "1.1 200 OK\r\nConnection: a, CLOSE\r\nContent-Length: 5", "length 5"},
    {"C-9112-9.3-1", "close beats keep-alive", "GET",
     "1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 5", "length 5"},
    {"C-9112-9.3-1", "HTTP/1.0", "GET", "1.0 200 OK\r\nContent-Length: 5", "length 5"},
    {"C-9112-9.3-1", "HTTP/1.0 that stays", "GET",
     "1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 5", "length 5 persists"},
    {"C-9112-9.3-1", "close in quotes is another option", "GET",
     "1.1 200 OK\r\nConnection: \"close\"\r\nContent-Length: 5", "length 5 persists"},
};

static const char *check_text(const struct response_framing *framing, int verdict, char *to,
                              size_t room)
{
    switch (verdict) {
    case FAULT:
        return "fault";
    case CODING:
        return "coding";
    case LENGTH:
        return "too long";
    default:
        break;
    }
    char length[24] = "";
    if (framing->has_length)
        snprintf(length, sizeof length, " %llu", (unsigned long long)framing->length);
    snprintf(to, room, "%s%s%s", content_words[framing->content], length,
             framing->persistent ? " persists" : "");
    return to;
}

static void test_check(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < COUNT(check_rows); i++) {
        const struct check_row *row = &check_rows[i];
        char octets[256], text[64];
        struct response_framing framing;
        int size = snprintf(octets, sizeof octets, "HTTP/%s\r\n\r\n", row->octets);
        assert_int_equal(h1_response_read(octets, (size_t)size, &limits, false, &head), size);
        int verdict = h1_response_check(&head, stet_method_of(stet_span_of(row->method)), &framing);
        const char *got = check_text(&framing, verdict, text, sizeof text);
        if (strcmp(got, row->want) != 0 || framing.version != 10 + (row->octets[2] - '0')) {
            print_error("%s %s: %s, not %s\n", row->id, row->name, got, row->want);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),   cmocka_unit_test(test_text),
        cmocka_unit_test(test_limits), cmocka_unit_test(test_mended_again),
        cmocka_unit_test(test_octets), cmocka_unit_test(test_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
