/* The client side of HTTP/1: what an origin sends, what is told of it, and what a caller must not
 * do. Everything arrives whole, cut in two at each place, and octet by octet. */
#include "death.h"
#include "h1_client_fixture.h"
#include "origin_answers.h"

/* ---- the table of answers ---- */

static bool content_right(const struct talk *t, const struct answer_row *row)
{
    const char *from = strchr(t->heard, '['), *to = strchr(t->heard, ']');
    size_t size = from ? (size_t)(to - from - 1) : 0;
    return !row->content || (size == strlen(row->content) &&
                             (size == 0 || memcmp(from + 1, row->content, size) == 0));
}

/* What comes of a row, given in pieces; says what is wrong. */
static const char *answer_wrong(const struct answer_row *row, const char *octets, size_t size,
                                size_t first, size_t step, bool lenient)
{
    struct client_request request = request_of(row->method);
    bool refused = row->end == MENDED && !lenient;
    struct talk *t = talk_new(lenient);
    const char *wrong = NULL;

    begin(t, &request);
    talk_hear(t, octets, size, first, step);
    if (h1_client_usable(&t->client) != (row->kept && !refused))
        wrong = "usable or not";
    if (t->ends && (row->end == UNTIL_CLOSE || row->end == TRUNCATED))
        wrong = "ended before the close";
    h1_client_closed(&t->client, true);
    if (t->ends != 1)
        wrong = "not one end";
    if (t->end != (refused ? CLIENT_MALFORMED : answer_end(row)))
        wrong = end_words[t->end];
    if (!refused && (t->status != row->status || !content_right(t, row)))
        wrong = t->heard;
    if (refused && t->used != strlen("malformed"))
        wrong = "told of what was refused";
    if ((h1_client_error(&t->client) == STET_PROXY_ERROR_NONE) != (t->end == CLIENT_COMPLETE))
        wrong = "the error";
    if (h1_client_usable(&t->client) || h1_client_busy(&t->client))
        wrong = "not over";
    if (wrong)
        print_error("%s %s%s, %zu + %zu: %s\n", row->id, row->name, lenient ? " (lenient)" : "",
                    first, step, wrong == t->heard ? t->heard : wrong);
    talk_free(t);
    return wrong;
}

/* Whole, in two pieces, in many small ones. */
static bool answer_fails(const struct answer_row *row, const char *octets, size_t size,
                         bool lenient)
{
    size_t leap = size < 1000 ? 1 : size / 23;
    if (answer_wrong(row, octets, size, size, 1, lenient) ||
        answer_wrong(row, octets, size, 0, leap, lenient))
        return true;
    for (size_t cut = 1; cut < size; cut += leap)
        if (answer_wrong(row, octets, size, cut, size, lenient))
            return true;
    return false;
}

static void test_answers(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < COUNT(answer_rows); i++) {
        size_t size;
        char *octets = answer_octets(&answer_rows[i], &size);
        failed += answer_fails(&answer_rows[i], octets, size, false);
        failed += answer_fails(&answer_rows[i], octets, size, true);
        free(octets);
    }
    assert_true(COUNT(answer_rows) >= 80);
    assert_int_equal(failed, 0);
}

/* ---- what exactly is told ---- */

struct story_row {
    const char *id;
    const char *name;
    const char *method;
    const char *octets;
    const char *want; /* what is heard up to the close */
    const char *left; /* octets that were not consumed */
    bool upgrade;
    enum manner manner;
};

static const struct story_row story_rows[] = {
    {"C-9112-6.3-6", "a length", "GET",
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\nhello",
     "200 length persists Content-Length=5 ETag=\"a\" [hello] complete", "", false, LISTEN},
    {"C-9112-7.1-1", "trailers stay apart", "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nETag: "
     "\"b\"\r\nX: y\r\n\r\n",
     "200 chunked persists Transfer-Encoding=chunked [hello] ETag=\"b\" X=y complete", "", false,
     LISTEN},
    {"C-9110-15.2-2", "interim responses one by one", "GET",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
     "HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
     "(100) (103) Link=</a> (103) Link=</b> 200 length persists Content-Length=0 complete", "",
     false, LISTEN},
    {"C-9110-15.2-2", "an interim response to HEAD", "HEAD",
     "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
     "(103) 200 none persists Content-Length=7 complete", "", false, LISTEN},
    {"C-9112-6.3-7", "until close", "GET", "HTTP/1.0 200 OK\r\n\r\nhello",
     "200 close [hello] complete", "", false, LISTEN},
    {"C-9110-7.8-1", "an upgrade that was asked for", "GET",
     "HTTP/1.1 101 x\r\nUpgrade: y\r\n\r\n\x81\x05hello", "101 tunnel Upgrade=y complete",
     "\x81\x05hello", true, LISTEN},
    {"C-9110-7.8-1", "an upgrade after an interim response", "GET",
     "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 101 x\r\nUpgrade: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
     "(103) 101 tunnel Upgrade=y complete", "HTTP/1.1 200 OK\r\n\r\n", true, LISTEN},
    {"C-9110-7.8-1", "an upgrade to nothing", "GET", "HTTP/1.1 101 x\r\n\r\n", "malformed", "",
     true, LISTEN},
    {"C-9110-7.8-1", "an upgrade that was refused", "GET",
     "HTTP/1.1 426 x\r\nUpgrade: y\r\nContent-Length: 1\r\n\r\nz",
     "426 length persists Upgrade=y Content-Length=1 [z] complete", "", true, LISTEN},
    {"C-9112-6.3-1", "a tunnel by CONNECT", "CONNECT", "HTTP/1.1 200 OK\r\n\r\n\x16\x03",
     "200 tunnel complete", "\x16\x03", false, LISTEN},
    {"C-9112-6.3-8", "what follows is left", "GET",
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 404 x\r\n\r\n",
     "200 length persists Content-Length=1 [a] complete", "HTTP/1.1 404 x\r\n\r\n", false, LISTEN},
    {"C-9112-6.3-5", "a fault in the head", "GET",
     "HTTP/1.1 100 x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nhello", "(100) malformed",
     "hello", false, LISTEN},
    {"C-9112-7.1-2", "a fault in the content", "GET",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nx\r\n",
     "200 chunked persists Transfer-Encoding=chunked [a] malformed", "x\r\n", false, LISTEN},
    {"C-9112-8-1", "cancelled by an interim response", "GET",
     "HTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "(103) ", "HTTP/1.1 200 OK\r\n\r\n", false,
     CANCEL_INTERIM},
    {"C-9112-8-1", "cancelled by the head", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
     "200 length persists Content-Length=5 ", "", false, CANCEL_HEAD},
    {"C-9112-8-1", "cancelled by a head without content", "HEAD", "HTTP/1.1 200 OK\r\n\r\n",
     "200 none persists ", "", false, CANCEL_HEAD},
};

/* The octets as they arrive decide what is left, when the first of them ended the response. */
static bool left_right(const struct talk *t, const struct story_row *row)
{
    size_t left = strlen(row->left);
    return t->pending_size == left && (left == 0 || memcmp(t->pending, row->left, left) == 0);
}

static int story_fails(const struct story_row *row, size_t first, size_t step)
{
    struct client_request request = request_of(row->method);
    size_t size = strlen(row->octets);
    struct talk *t = talk_new(false);

    request.upgrade = row->upgrade;
    request.block = row->upgrade ? STET_SPAN("Upgrade: y\r\n") : STET_SPAN_NONE;
    t->manner = row->manner;
    begin(t, &request);
    talk_hear(t, row->octets, size, first, step);
    h1_client_closed(&t->client, true);
    bool right = strcmp(t->heard, row->want) == 0;
    /* A fault is seen, and what is behind it is left, as the pieces happen to fall. */
    if (!strstr(row->want, "malformed"))
        right = right && left_right(t, row);
    if (!right)
        print_error("%s %s, %zu + %zu: %s, %zu octets left\n", row->id, row->name, first, step,
                    t->heard, t->pending_size);
    talk_free(t);
    return !right;
}

static void test_stories(void **state)
{
    (void)state;
    int failed = 0;
    for (size_t i = 0; i < COUNT(story_rows); i++) {
        size_t size = strlen(story_rows[i].octets);
        failed += story_fails(&story_rows[i], 0, 1);
        for (size_t cut = 1; cut <= size; cut++)
            failed += story_fails(&story_rows[i], cut, size);
    }
    assert_int_equal(failed, 0);
}

/* ---- what a caller must not do ---- */

struct misuse_row {
    const char *id;
    const char *name;
    bool chunked;
    const char *octets;      /* what the origin has sent before */
    uint64_t pieces[3];      /* sizes of what is framed, up to NO_MORE */
    bool last, begins_again; /* then */
};

static const struct misuse_row misuse_rows[] = {
    {"C-9112-6.2-1", "content past its length", false, "", {5, 5, NO_MORE}, false, false},
    {"C-9112-6.2-1", "content short of its length", false, "", {5, NO_MORE}, true, false},
    {"C-9112-6.2-1", "content behind the last", false, "", {9, 1, NO_MORE}, false, false},
    {"C-9112-9.2-1", "a request upon another", false, "", {9, NO_MORE}, true, true},
    {"C-9112-9.2-1",
     "content after the response",
     true,
     "HTTP/1.1 204 x\r\n\r\n",
     {1, NO_MORE},
     false,
     false},
    {"C-9112-9.6-1",
     "a request after the end",
     true,
     "HTTP/1.1 204 x\r\n\r\n",
     {NO_MORE},
     false,
     true},
};

static void misuse(const void *argument)
{
    const struct misuse_row *row = argument;
    struct client_request request = request_of("POST");
    struct h1_client_frame frame;
    struct talk *t = talk_new(false);
    request.has_content = true;
    request.length_known = !row->chunked;
    request.length = 9;
    begin(t, &request);
    talk_arrive(t, row->octets, strlen(row->octets));
    for (size_t n = 0; row->pieces[n] != NO_MORE; n++)
        h1_client_frame(&t->client, row->pieces[n], row->last && row->pieces[n + 1] == NO_MORE,
                        &frame);
    if (row->begins_again)
        begin(t, &request);
    talk_free(t);
}

static void test_misuse(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(misuse_rows); i++)
        check_row(&misuse_rows[i], dies(misuse, &misuse_rows[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
