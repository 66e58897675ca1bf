/* One fetch for many askers: who waits for whom, who goes alone, and who leaves at odd moments. */
#include "cache_story.h"

static const struct story stories[] = {
    /* ---- collapsing ---- */
    {"C-9111-4-8", "followers read along, on any worker",
     "ask a GET /\n"
     "ask b GET /\n"
     "ask c@1 GET /\n"
     "fetches 1\n"
     "waits c\n"
     "head 0 200 - Cache-Control: max-age=60\n"
     "body 0 hel\n"
     "reads a 200 hel\n"
     "reads b 200 hel\n"
     "reads c 200 hel\n"
     "body 0 lo\n"
     "end 0\n"
     "got a 200 hello\n"
     "got b 200 hello\n"
     "got c 200 hello\n"
     "fact c collapsed=yes hit=no fwd=uri-miss\n"
     "fact a collapsed=no\n"},
    {"C-9111-4-8", "a slow reader holds up nobody",
     "ask a GET /\n"
     "stall a\n"
     "ask b GET /\n"
     "head 0 200 - Cache-Control: max-age=60\n"
     "body 0 *200000\n"
     "end 0\n"
     "reads a 200\n"
     "got b 200 *200000\n"
     "read a\n"
     "got a 200 *200000\n"},
    {"C-9111-4-8", "a follower survives the leader",
     "ask a GET /\n"
     "ask b GET /\n"
     "forget a\n"
     "flying 0\n"
     "head 0 200 2 Cache-Control: max-age=60\n"
     "body 0 ab\n"
     "end 0\n"
     "got b 200 ab\n"},
    {"C-9111-4-8", "what fills goes on to its end",
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: max-age=60\n"
     "forget a\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b GET /\n"
     "got b 200 ab\n"
     "fetches 1\n"},
    {"D-40", "nobody left: the flight is given up",
     "ask a GET /\n"
     "forget a\n"
     "cancelled 0\n"},
    {"CVE-2016-10002", "a private answer is for its leader; the others go alone at once",
     "ask a GET /\n"
     "ask b GET /\n"
     "ask c GET /\n"
     "head 0 200 1 Cache-Control: private, no-store | Set-Cookie: id=a\n"
     "fetches 3\n"
     "body 0 a\n"
     "end 0\n"
     "head 1 200 1 Cache-Control: private, no-store | Set-Cookie: id=b\n"
     "body 1 b\n"
     "end 1\n"
     "head 2 200 1 Cache-Control: private, no-store | Set-Cookie: id=c\n"
     "body 2 c\n"
     "end 2\n"
     "got a 200 a\n"
     "got b 200 b\n"
     "got c 200 c\n"
     "line b Set-Cookie: id=b\n"
     "line c Set-Cookie: id=c\n"},
    {"D-40", "the key is remembered for a while",
     "ask a GET /\n"
     "head 0 200 1 Cache-Control: private, no-store\n"
     "body 0 a\n"
     "end 0\n"
     "ask b GET /\n"
     "ask c GET /\n"
     "fetches 3\n"
     "advance 11s\n"
     "ask d GET /\n"
     "ask e GET /\n"
     "fetches 4\n"},
    {"D-40", "though nothing is remembered, nobody waits a second time in vain",
     "rule alone 0\n"
     "ask a GET /\n"
     "ask b GET /\n"
     "ask c GET /\n"
     "head 0 200 1 Cache-Control: private, no-store\n"
     "fetches 3\n"},
    {"D-40", "who waits too long goes alone",
     "rule wait 200\n"
     "ask a GET /\n"
     "ask b GET /\n"
     "advance 199ms\n"
     "fetches 1\n"
     "advance 1ms\n"
     "fetches 2\n"
     "head 1 200 1 Cache-Control: max-age=60\n"
     "body 1 b\n"
     "end 1\n"
     "got b 200 b\n"
     "waits a\n"},
    {"D-40", "no collapsing if the route does not want it",
     "rule collapse off\n"
     "ask a GET /\n"
     "ask b GET /\n"
     "fetches 2\n"},
    {"C-9111-4.1-1", "variants form flights of their own",
     "ask a GET / Accept-Encoding: gzip\n"
     "ask b GET / Accept-Encoding: br\n"
     "ask c GET / Accept-Encoding: br\n"
     "ask d GET / Accept-Encoding: gzip\n"
     "fetches 1\n"
     "head 0 200 1 Cache-Control: max-age=60 | Vary: Accept-Encoding\n"
     "body 0 g\n"
     "end 0\n"
     "got d 200 g\n"
     "fetches 2\n"
     "fact b fwd=vary-miss\n"
     "head 1 200 1 Cache-Control: max-age=60 | Vary: Accept-Encoding\n"
     "body 1 b\n"
     "end 1\n"
     "got b 200 b\n"
     "got c 200 b\n"
     "fetches 2\n"},
    {"C-9111-3-6", "who is authorised does not lead others",
     "ask a GET / Authorization: Basic eA==\n"
     "ask b GET /\n"
     "fetches 2\n"},
    {"C-9111-5.2.1.4-1", "who wants the origin to be asked does not follow",
     "ask a GET /\n"
     "ask b GET / Cache-Control: no-cache\n"
     "fetches 2\n"},
    {"C-9111-5.2.1.5-1", "what a request with no-store gets is not stored",
     "ask a GET / Cache-Control: no-store\n"
     "ask b GET /\n"
     "fetches 2\n"
     "head 0 200 1 Cache-Control: max-age=60\n"
     "body 0 a\n"
     "end 0\n"
     "got a 200 a\n"
     "waits b\n"},
    {"D-18", "a part does not lead those who want the whole",
     "ask a GET / Range: bytes=0-0\n"
     "sent 0 has Range: bytes=0-0\n"
     "ask b GET /\n"
     "fetches 2\n"
     "head 0 206 1 Content-Range: bytes 0-0/2 | Cache-Control: max-age=60\n"
     "body 0 a\n"
     "end 0\n"
     "got a 206 a\n"
     "waits b\n"},
    {"D-40", "what a part comes to says nothing of the whole",
     "ask a GET / Range: bytes=0-0\n"
     "head 0 206 1 Content-Range: bytes 0-0/2 | Cache-Control: no-store\n"
     "body 0 a\n"
     "end 0\n"
     "ask b GET /\n"
     "ask c GET /\n"
     "fetches 2\n"},
    {"D-18", "who wants a part may follow one that fetches the whole",
     "ask a GET /\n"
     "ask b GET / Range: bytes=1-2\n"
     "fetches 1\n"
     "head 0 200 4 Cache-Control: max-age=60\n"
     "body 0 abc\n"
     "got b 206 bc\n"
     "reads a 200 abc\n"},
    {"D-18", "a part of what fills with unknown length is the whole",
     "ask a GET /\n"
     "head 0 200 - Cache-Control: max-age=60\n"
     "body 0 ab\n"
     "ask b GET / Range: bytes=1-2\n"
     "reads b 200 ab\n"
     "body 0 cd\n"
     "end 0\n"
     "got b 200 abcd\n"},
    {"C-9110-7.6.1-1", "Connection hides a field: nothing is shared",
     "ask a GET / Connection: X-Foo | X-Foo: 1\n"
     "ask b GET /\n"
     "fetches 2\n"
     "head 0 200 1 Cache-Control: max-age=60\n"
     "body 0 a\n"
     "end 0\n"
     "got a 200 a\n"
     "fact a storing=fields-hidden\n"
     "waits b\n"},
    {"D-40", "errors without an answer are shared",
     "ask a GET /\n"
     "ask b@1 GET /\n"
     "fail 0 connection_refused\n"
     "failed a 502\n"
     "failed b 502\n"
     "fact b error=connection_refused collapsed=yes\n"
     "fact a error=connection_refused fwd=uri-miss\n"
     "fetches 1\n"},
    {"D-40", "errors with an answer are for who asked",
     "ask a GET /\n"
     "ask b GET /\n"
     "head 0 500 2\n"
     "body 0 aa\n"
     "end 0\n"
     "got a 500 aa\n"
     "fetches 2\n"},
    {"C-9110-15.6-1", "a timeout is one to the client",
     "ask a GET /\n"
     "fail 0 http_response_timeout\n"
     "failed a 504\n"
     "fact a error=http_response_timeout hop=origin:80\n"},

    /* ---- leaving at odd moments ---- */
    {"D-40", "a reader leaves while news of more is on its way",
     "ask a GET /\n"
     "head 0 200 4 Cache-Control: max-age=60\n"
     "ask b@1 GET /\n"
     "!body 0 ab\n"
     "!forget b\n"
     "body 0 cd\n"
     "got a 200 abcd\n"},
    {"D-40", "... and the world ends",
     "ask a GET /\n"
     "head 0 200 4 Cache-Control: max-age=60\n"
     "ask b@1 GET /\n"
     "!body 0 ab\n"
     "!forget b\n"},
    {"D-40", "a follower leaves while its news is on its way",
     "ask a GET /\n"
     "ask b@1 GET /\n"
     "ask c@1 GET /\n"
     "!head 0 200 2 Cache-Control: max-age=60\n"
     "!forget b\n"
     "body 0 ab\n"
     "got c 200 ab\n"},
    {"D-40", "... and the world ends",
     "ask a GET /\n"
     "ask b@1 GET /\n"
     "!head 0 200 2 Cache-Control: max-age=60\n"
     "!forget b\n"},
    {"D-40", "one loses patience while its news is on its way",
     "rule wait 100\n"
     "ask a GET /\n"
     "ask b GET /\n"
     "moody b\n"
     "advance 100ms\n"
     "flying 0\n"},
    {"D-40", "a leader leaves when it is told of what is stored",
     "ask a GET /\n"
     "moody a\n"
     "head 0 200 2 Cache-Control: max-age=60\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b GET /\n"
     "got b 200 ab\n"},
    {"D-40", "... of what passes",
     "ask a GET /\n"
     "moody a\n"
     "head 0 200 70000 Cache-Control: no-store\n"
     "cancelled 0\n"},
    {"D-40", "... of what was held",
     "ask a GET /\n"
     "moody a\n"
     "head 0 200 2 Cache-Control: private\n"
     "body 0 ab\n"
     "end 0\n"},
    {"D-40", "... of a failure",
     "ask a GET /\n"
     "moody a\n"
     "fail 0 connection_refused\n"},
    {"D-40", "a stalled leader leaves what has become too large",
     "rule object 1000\n"
     "ask a GET /\n"
     "stall a\n"
     "head 0 200 - Cache-Control: max-age=60\n"
     "body 0 *2000\n"
     "forget a\n"
     "cancelled 0\n"},
};

/* C-9111-4-8: any number of clients, one cold key, one fetch. */
static void a_burst(void **state)
{
    enum { CLIENTS = 10000 };
    struct world world;
    struct asker *clients = calloc(CLIENTS, sizeof *clients);
    (void)state;
    assert_non_null(clients);
    world_open(&world);
    world.id = "C-9111-4-8";
    world.name = "a burst";
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i].world = &world;
        asker_ask(&clients[i], i % WORLD_WORKERS, STET_SPAN("GET /"), 64);
    }
    world_step(&world, STET_SPAN("head 0 200 5 Cache-Control: max-age=60"));
    world_step(&world, STET_SPAN("body 0 hello"));
    world_step(&world, STET_SPAN("end 0"));
    assert_int_equal(world.count, 1);
    for (unsigned i = 0; i < CLIENTS; i++) {
        assert_int_equal(clients[i].state, ASKER_FOUND);
        assert_true(clients[i].ended && text_is(&clients[i], STET_SPAN("hello")));
        asker_forget(&clients[i]);
        free(clients[i].line);
        free(clients[i].text);
    }
    world_close(&world);
    free(clients);
}

static const struct tale tale = {stories, COUNT(stories)};

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALE_TESTS(tale),
        cmocka_unit_test(a_burst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
