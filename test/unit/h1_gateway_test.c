/* What the HTTP/1 codec does for those who relay the answers of others: interim answers, content
 * that is held back, dates and trailers that were made elsewhere. */
#include "death.h"
#include "h1_fixture.h"

/* One thing that happens to a connection. */
struct act {
    enum { OVER, IN, SAY, RESUME, ANSWER } kind;
    const char *text; /* what comes in; the interim answer */
    enum manner manner;
};

#define COMES(text)     \
    {                   \
        IN, text, SMALL \
    }
#define SAYS(text)       \
    {                    \
        SAY, text, SMALL \
    }
#define RESUMES             \
    {                       \
        RESUME, NULL, SMALL \
    }
#define ANSWERS(manner)      \
    {                        \
        ANSWER, NULL, manner \
    }

static void act(struct fixture *f, const struct act *act)
{
    switch (act->kind) {
    case IN:
        input_text(f, act->text);
        break;
    case SAY:
        test_interim(f, act->text);
        break;
    case RESUME:
        stream_resume(f->stream);
        break;
    default:
        f->manner = act->manner;
        test_answer(f);
    }
    flush(f);
    input_text(f, ""); /* what was kept goes on */
}

struct story_row {
    const char *id;
    const char *name;
    enum manner manner;
    const char *interim; /* told from within service->request */
    struct act acts[8];
    const char *sent;
    const char *heard; /* NULL: not looked at */
};

#define OLD(target) "GET " target " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
#define PUT(fields) "PUT /1 HTTP/1.1\r\nHost: a\r\n" fields "\r\n"
#define LENGTH "Content-Length: 5\r\n"
#define EXPECT LENGTH "Expect: 100-continue\r\n"
#define GO_ON "HTTP/1.1 100 Continue\r\n\r\n"
#define HINT "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
#define MORE "HTTP/1.1 102 Processing\r\n\r\n"
#define LINK "103 Link: </a>\r\n"

static const struct story_row story_rows[] = {
    /* interim answers */
    {"C-9110-15.2-2",
     "one with the request, one later, then the answer",
     LATER,
     LINK,
     {COMES(GET("/1")), SAYS("102"), ANSWERS(SMALL)},
     HINT MORE HELLO,
     NULL},
    {"C-9110-15.2-2",
     "at once, before an answer at once",
     SMALL,
     LINK,
     {COMES(GET("/1"))},
     HINT HELLO,
     "request /1\ndone 200 5 complete\n"},
    {"C-9110-15.2-2",
     "before a large answer",
     LATER,
     LINK,
     {COMES(GET("/1")), SAYS(LINK), SAYS(LINK), ANSWERS(EMPTY304)},
     HINT HINT HINT "HTTP/1.1 304 Not Modified\r\n" DATE "X-A: 1\r\n\r\n",
     NULL},
    {"C-9110-15.2-2",
     "a status without a phrase",
     LATER,
     "199",
     {COMES(GET("/1"))},
     "HTTP/1.1 199 \r\n\r\n",
     "request /1\n"},
    {"C-9112-9.3.2-1",
     "each before its own answer",
     LATER,
     LINK,
     {COMES(GET("/1") GET("/2")), SAYS("102"), ANSWERS(LATER), SAYS("102"), ANSWERS(LATER)},
     HINT MORE HELLO HINT MORE HELLO,
     "request /1\ndone 200 5 complete\nrequest /2\ndone 200 5 complete\n"},
    {"C-9110-15.2-1",
     "none to HTTP/1.0",
     LATER,
     LINK,
     {COMES(OLD("/1")), SAYS("100"), ANSWERS(SMALL)},
     "HTTP/1.1 200 OK\r\n" DATE "X-A: 1\r\nContent-Length: 5\r\n"
     "Connection: keep-alive\r\n\r\nhello",
     NULL},
    /* 100 */
    {"C-9110-10.1.1-1",
     "ours, if the service says nothing",
     LATER,
     NULL,
     {COMES(PUT(EXPECT)), COMES("12345"), ANSWERS(SMALL)},
     GO_ON HELLO,
     "request+ /1\ncontent 12345\nend\ndone 200 5 complete\n"},
    {"C-9110-10.1.1-2",
     "the service's, at once",
     LATER,
     "100",
     {COMES(PUT(EXPECT)), COMES("12345"), ANSWERS(SMALL)},
     GO_ON HELLO,
     NULL},
    {"C-9110-10.1.1-2",
     "the service's comes behind ours",
     LATER,
     NULL,
     {COMES(PUT(EXPECT)), SAYS("100"), COMES("12345"), ANSWERS(SMALL)},
     GO_ON HELLO,
     NULL},
    {"C-9110-10.1.1-2",
     "held: none yet",
     HOLD,
     NULL,
     {COMES(PUT(EXPECT) "12345")},
     "",
     "request+ /1\n"},
    {"C-9110-10.1.1-2",
     "held, relayed, resumed",
     HOLD,
     NULL,
     {COMES(PUT(EXPECT)), SAYS("100"), RESUMES, COMES("12345"), ANSWERS(SMALL), COMES(GET("/2"))},
     GO_ON HELLO HELLO,
     "request+ /1\ncontent 12345\nend\ndone 200 5 complete\n"
     "request /2\ndone 200 5 complete\n"},
    {"C-9110-10.1.1-2",
     "held, resumed, relayed",
     HOLD,
     NULL,
     {COMES(PUT(EXPECT)), RESUMES, SAYS("100"), COMES("12345"), ANSWERS(SMALL)},
     GO_ON HELLO,
     NULL},
    {"C-9110-10.1.1-2",
     "held, with other interim answers",
     HOLD,
     LINK,
     {COMES(PUT(EXPECT)), SAYS("102"), RESUMES, COMES("12345")},
     HINT MORE GO_ON,
     "request+ /1\ncontent 12345\nend\n"},
    {"C-9110-10.1.1-1",
     "held, then answered: the client may send the content or not",
     HOLD,
     NULL,
     {COMES(PUT(EXPECT)), ANSWERS(SMALL), COMES("GET /evil HTTP/1.1\r\n")},
     HELLO_CLOSE,
     "request+ /1\ndone 200 5 complete\n"},
    {"C-9112-9.3-2",
     "resumed, then answered: the content will come",
     HOLD,
     NULL,
     {COMES(PUT(EXPECT)), RESUMES, ANSWERS(SMALL), COMES("evil!" GET("/2"))},
     GO_ON HELLO HELLO,
     "request+ /1\ndone 200 5 complete\nrequest /2\ndone 200 5 complete\n"},
    {"C-9110-10.1.1-1",
     "nobody waits: none of ours",
     HOLD,
     NULL,
     {COMES(PUT(LENGTH) "12"), RESUMES, COMES("345")},
     "",
     "request+ /1\ncontent 12\ncontent 345\nend\n"},
    {"C-9110-15.2-2",
     "nobody waits: the service's goes all the same",
     LATER,
     "100",
     {COMES(PUT(LENGTH) "12345"), SAYS("100")},
     GO_ON,
     NULL},
    {"C-9110-10.1.1-1",
     "each request has its own",
     LATER,
     "100",
     {COMES(PUT(EXPECT)), COMES("12345"), ANSWERS(LATER), COMES(PUT(EXPECT))},
     GO_ON HELLO GO_ON,
     NULL},
    /* content that is held */
    {"C-9112-9.3-2",
     "held, then answered: the content is read and dropped",
     HOLD,
     NULL,
     {COMES(PUT(LENGTH) "evi"), ANSWERS(SMALL), COMES("l!" GET("/2"))},
     HELLO HELLO,
     "request+ /1\ndone 200 5 complete\nrequest /2\ndone 200 5 complete\n"},
    {"C-9112-9.3.2-1",
     "held, and more behind it",
     HOLD,
     NULL,
     {COMES(PUT(LENGTH) "12345" GET("/2")), RESUMES, ANSWERS(SMALL)},
     HELLO HELLO,
     "request+ /1\ncontent 12345\nend\ndone 200 5 complete\n"
     "request /2\ndone 200 5 complete\n"},
    {"C-9112-7.1-1",
     "chunks that are held",
     HOLD,
     NULL,
     {COMES(PUT("Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n0\r\nX: y\r\n\r\n"), RESUMES},
     "",
     "request+ /1\ncontent abc\nend with trailers\n"},
};

static void check_story(struct fixture *f, const struct story_row *row, bool slowly)
{
    f->manner = row->manner;
    f->interim = row->interim;
    for (size_t i = 0; row->acts[i].kind != OVER; i++) {
        const struct act *now = &row->acts[i];
        if (now->kind == IN && slowly)
            input_slowly(f, now->text);
        else
            act(f, now);
        if (now->kind == ANSWER)
            f->interim = NULL;
    }
    if (strcmp(f->sent, row->sent) != 0)
        fail_msg("%s (%s): sent \"%s\"", row->id, row->name, f->sent);
    if (!slowly && row->heard && strcmp(f->heard, row->heard) != 0)
        fail_msg("%s (%s): heard \"%s\"", row->id, row->name, f->heard);
}

static void stories_end_as_they_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(story_rows); i++) {
        void *f;
        setup(&f);
        check_story(f, &story_rows[i / 2], i & 1);
        teardown(&f);
    }
}

/* ---- memory and room ---- */

static char *long_interim(const char *start, size_t size)
{
    static char text[20000];
    memset(text, 'v', size);
    memcpy(text, start, strlen(start));
    memcpy(text + size - 2, "\r\n", 3);
    return text;
}

/* What finds no room in the outbox keeps its place before what would. */
static void heads_without_room_stay_in_order(void **state)
{
    struct fixture *f = *state;
    f->out.size = 8192;
    f->interim = long_interim("103 X: ", 9000);
    input_text(f, GET("/1") GET("/2"));
    assert_memory_equal(f->sent, "HTTP/1.1 103 Early Hints\r\nX: vvv", 32);
    const char *first = strstr(f->sent, "vvv\r\n\r\nHTTP/1.1 200 OK\r\n" DATE "X-A: 1\r\n");
    assert_non_null(first);
    assert_memory_equal(strstr(first, "hello"), "helloHTTP/1.1 103 ", 18);
    assert_string_equal(f->heard, "request /1\ndone 200 5 complete\n"
                                  "request /2\ndone 200 5 complete\n");
    assert_string_equal(f->sent + f->sent_size - strlen(HELLO), HELLO);
    assert_int_equal(waits(f), CODEC_IDLE);
}

/* Whoever makes interim answers faster than the client takes them does not fill our memory. */
static void interim_answers_that_wait_are_bounded(void **state)
{
    struct fixture *f = *state;
    f->limits.head_size = 10000;
    f->manner = LATER;
    input_text(f, GET("/1"));
    for (int i = 0; i < 100; i++)
        test_interim(f, long_interim("103 X: ", 1000));
    f->manner = SMALL;
    test_answer(f);
    flush(f);
    assert_in_range(f->sent_size, 9000, 11000);
    assert_string_equal(f->sent + f->sent_size - strlen(HELLO), HELLO);
    assert_memory_equal(f->sent + f->sent_size - strlen(HELLO) - 5, "v\r\n\r\n", 5);
}

/* C-9110-10.1.1-1: a 100 that was never sent is not counted on. */
static void no_memory_for_a_100_closes(void **state)
{
    struct fixture *f = *state;
    f->manner = HOLD;
    input_text(f, PUT(EXPECT));
    memory_fail_nth(1);
    stream_resume(f->stream);
    memory_fail_nth(0);
    f->manner = SMALL;
    test_answer(f);
    flush(f);
    input_text(f, "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_string_equal(f->sent, HELLO_CLOSE);
    assert_string_equal(f->heard, "request+ /1\ndone 200 5 complete\n");
}

static void a_connection_may_end_before_interim_answers_leave(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f, GET("/1"));
    test_interim(f, LINK);
    assert_true(f->h1.codec.ops->wants_take(&f->h1.codec));
    f->h1.codec.ops->fini(&f->h1.codec);
    assert_string_equal(f->heard, "request /1\ndone unanswered\n");
}

/* C-9110-15.2-2: content off the grammar is refused behind what was said before. */
static void a_refusal_comes_behind_interim_answers(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f, PUT("Transfer-Encoding: chunked\r\n"));
    test_interim(f, LINK);
    f->h1.codec.ops->feed(&f->h1.codec, "x", 1, &f->out);
    flush(f);
    assert_memory_equal(f->sent, HINT "HTTP/1.1 400 Bad Request\r\n" DATE,
                        sizeof HINT "HTTP/1.1 400 Bad Request\r\n" DATE - 1);
    assert_string_equal(f->heard, "request+ /1\nrefused 400\ndone unanswered\n");
    assert_int_equal(waits(f), CODEC_OVER);
}

/* ---- bugs of the service ---- */

static void says_101(const void *fixture)
{
    stream_interim(((const struct fixture *)fixture)->stream, 101, STET_SPAN_NONE);
}

static void says_200(const void *fixture)
{
    stream_interim(((const struct fixture *)fixture)->stream, 200, STET_SPAN_NONE);
}

static void says_103(const void *fixture)
{
    stream_interim(((const struct fixture *)fixture)->stream, 103, STET_SPAN_NONE);
}

static void what_is_no_interim_answer_dies(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f, GET("/1"));
    assert_true(dies(says_101, f));
    assert_true(dies(says_200, f));
    assert_false(dies(says_103, f));
    f->manner = STREAM;
    test_answer(f);
    assert_true(dies(says_103, f)); /* behind the answer */
}

/* ---- Date ---- */

#define THEN "Thu, 01 Jan 1998 00:00:00 GMT"

/* C-9110-6.6.1-1: one Date, that of who made the answer. */
static void an_answer_made_elsewhere_keeps_its_date(void **state)
{
    struct fixture *f = *state;
    static const char want[] =
        "HTTP/1.1 200 OK\r\nDate: " THEN "\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhello";
    f->date = STET_SPAN(THEN);
    input_text(f, GET("/1"));
    assert_string_equal(f->sent, want);
    f->sent_size = 0;
    f->manner = LATER;
    input_text(f, GET("/2"));
    f->manner = SMALL;
    test_answer(f);
    flush(f);
    assert_string_equal(f->sent, want);
}

/* ---- trailers ---- */

#define CHUNKED                             \
    "HTTP/1.1 200 OK\r\n" DATE "X-A: 1\r\n" \
    "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n"

struct trailer_row {
    const char *id;
    const char *name;
    enum manner manner;
    const char *request;
    const char *end; /* of what is sent */
};

static const struct trailer_row trailer_rows[] = {
    {"C-9112-7.1-1", "behind the last chunk", STREAM, GET("/1"), "\r\n0\r\nX-T: 1\r\n\r\n"},
    {"C-9112-7.1-1", "not for HEAD", STREAM, "HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n",
     "\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {"C-9112-6.1-2", "not to HTTP/1.0", STREAM, OLD("/1"), "\r\n\r\nabcdefg"},
    {"C-9112-8-1", "not behind what broke off", SHORT, GET("/1"), "\r\n\r\nabc"},
};

static void trailers_go_where_they_can(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(trailer_rows); i++) {
        const struct trailer_row *row = &trailer_rows[i];
        void *fixture;
        setup(&fixture);
        struct fixture *f = fixture;
        f->trailers = STET_SPAN("X-T: 1\r\n");
        f->manner = row->manner;
        input_text(f, row->request);
        size_t size = strlen(row->end);
        check_row(row, f->sent_size > size);
        check_row(row, strcmp(f->sent + f->sent_size - size, row->end) == 0);
        check_row(row, f->body.freed);
        teardown(&fixture);
    }
}

static void trailers_without_room_go_in_pieces(void **state)
{
    struct fixture *f = *state;
    struct stet_span block = stet_span_of(long_interim("X-T: ", 15000));
    f->trailers = block;
    f->out.size = 8192;
    f->manner = STREAM;
    input_text(f, GET("/1"));
    flush(f);
    assert_int_equal(f->sent_size, strlen(CHUNKED) + block.len + 2);
    assert_memory_equal(f->sent, CHUNKED, strlen(CHUNKED));
    assert_memory_equal(f->sent + strlen(CHUNKED), block.at, block.len);
    assert_string_equal(f->heard, "request /1\ndone 200 7 complete\n");
    f->manner = SMALL;
    input_text(f, GET("/2"));
    assert_string_equal(f->sent + f->sent_size - strlen(HELLO), HELLO);
}

/* C-9112-8-1: without its trailers the answer is not whole. */
static void trailers_without_memory_break_the_connection(void **state)
{
    struct fixture *f = *state;
    f->trailers = stet_span_of(long_interim("X-T: ", 15000));
    f->out.size = 8192;
    f->manner = STREAM;
    memory_fail_nth(1);
    input_text(f, GET("/1"));
    memory_fail_nth(0);
    assert_string_equal(f->sent + f->sent_size - 7, "4\r\ndefg");
    assert_int_equal(waits(f), CODEC_BROKEN);
    assert_string_equal(f->heard, "request /1\ndone 200 7 cut\n");
}

/* C-9112-8-1: what breaks off must not look complete, in chunks either. */
static void chunks_that_break_off_have_no_end(void **state)
{
    struct fixture *f = *state;
    f->manner = LATER;
    input_text(f, GET("/1"));
    f->manner = STREAM;
    test_answer(f);
    f->body.pieces[1] = NULL;
    f->body.breaks = true;
    flush(f);
    assert_string_equal(f->sent + f->sent_size - 8, "\r\n3\r\nabc");
    assert_int_equal(waits(f), CODEC_BROKEN);
    assert_string_equal(f->heard, "request /1\ndone 200 3 cut\n");
    input_text(f, GET("/2"));
    assert_null(strstr(f->heard, "/2"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stories_end_as_they_should),
        TEST(heads_without_room_stay_in_order),
        TEST(interim_answers_that_wait_are_bounded),
        TEST(no_memory_for_a_100_closes),
        TEST(a_connection_may_end_before_interim_answers_leave),
        TEST(a_refusal_comes_behind_interim_answers),
        TEST(what_is_no_interim_answer_dies),
        TEST(an_answer_made_elsewhere_keeps_its_date),
        cmocka_unit_test(trailers_go_where_they_can),
        TEST(trailers_without_room_go_in_pieces),
        TEST(trailers_without_memory_break_the_connection),
        TEST(chunks_that_break_off_have_no_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
