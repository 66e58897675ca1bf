/* The judgement: what is looked up and answers, and what passes by. Each story is also played with
 * every allocation failing, and with every asker leaving at every point.
 */
#include "cache_story.h"

#define FIFTY "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LONG FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY

static const struct story stories[] = {
    /* ---- misses and hits ---- */
    {"C-9111-4-5", "a miss is stored, and the next one is a hit",
     "ask a GET /x?q=1\n"
     "waits a\n"
     "sent 0 GET /x?q=1\n"
     "head 0 200 5 Cache-Control: max-age=60 | ETag: \"e\" | X-Foo: bar\n"
     "reads a 200\n"
     "body 0 he\n"
     "reads a 200 he\n"
     "body 0 llo\n"
     "got a 200 hello\n"
     "end 0\n"
     "fact a hit=no fwd=uri-miss stored=yes fwd-status=200 storing=storable ttl=60 age=none\n"
     "line a X-Foo: bar\n"
     "advance 10s\n"
     "ask b@1 GET /x?q=1\n"
     "got b 200 hello\n"
     "fact b hit=yes fwd= detail=fresh age=10 ttl=50\n"
     "line b X-Foo: bar\n"
     "fetches 1\n"},
    {"C-9111-4-1", "another query, another resource",
     "ask a GET /x?q=1\n"
     "head 0 200 0 Cache-Control: max-age=60\n"
     "end 0\n"
     "ask b GET /x?q=2\n"
     "fetches 2\n"},
    {"C-9111-4.3.2-1", "conditions are judged on what is stored",
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: max-age=60 | ETag: \"e\"\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b GET / If-None-Match: \"e\"\n"
     "got b 304\n"
     "line b ETag: \"e\"\n"
     "ask c GET / If-None-Match: \"f\"\n"
     "got c 200 ab\n"
     "ask d GET / Range: bytes=1-1\n"
     "got d 206 b\n"
     "fetches 1\n"},
    {"D-37", "HEAD is answered by a stored GET",
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: max-age=60\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b HEAD /\n"
     "got b 200\n"
     "fact b hit=yes\n"
     "fetches 1\n"},
    {"D-37", "a HEAD that is forwarded does not answer a GET",
     "ask a HEAD /\n"
     "sent 0 HEAD /\n"
     "head 0 200 none=7 Cache-Control: max-age=60\n"
     "end 0\n"
     "got a 200\n"
     "ask b GET /\n"
     "waits b\n"
     "sent 1 GET /\n"
     "head 1 200 1 Cache-Control: max-age=60\n"
     "body 1 x\n"
     "end 1\n"
     "got b 200 x\n"
     "ask c HEAD /\n"
     "got c 200\n"
     "fetches 2\n"},
    {"D-17", "a HEAD that shows another version makes the stored one stale",
     "ask a GET /\n"
     "head 0 200 1 Cache-Control: max-age=60 | ETag: \"e\"\n"
     "body 0 x\n"
     "end 0\n"
     "advance 61s\n"
     "ask b HEAD /\n"
     "head 1 200 none=1 Cache-Control: max-age=60 | ETag: \"f\"\n"
     "end 1\n"
     "ask c GET /\n"
     "waits c\n"
     "sent 2 has If-None-Match: \"e\"\n"},
    {"C-9111-4.3.5-1", "a HEAD that crossed a POST tells nothing any more",
     "ask a GET /\n"
     "head 0 200 1 Cache-Control: max-age=60 | ETag: \"e\"\n"
     "body 0 x\n"
     "end 0\n"
     "advance 61s\n"
     "ask b HEAD /\n"
     "ask c POST /\n"
     "head 2 200 none\n"
     "end 2\n"
     "head 1 200 none=1 Cache-Control: max-age=60 | ETag: \"e\"\n"
     "end 1\n"
     "ask d GET /\n"
     "waits d\n"},
    {"C-9111-4.3.5-1", "a HEAD that shows the same version renews it",
     "ask a GET /\n"
     "head 0 200 1 Cache-Control: max-age=60 | ETag: \"e\"\n"
     "body 0 x\n"
     "end 0\n"
     "advance 61s\n"
     "ask b HEAD /\n"
     "head 1 200 none=1 Cache-Control: max-age=60 | ETag: \"e\"\n"
     "end 1\n"
     "ask d GET /\n"
     "got d 200 x\n"},
    {"C-9218-5-1", "a priority goes along, and is no part of the key",
     "ask a GET / Priority: u=1, i\n"
     "sent 0 has Priority: u=1, i\n"
     "head 0 200 2 Cache-Control: max-age=60 | Priority: u=2\n"
     "body 0 ab\n"
     "end 0\n"
     "line a Priority: u=2\n"
     "ask b GET / Priority: u=7\n"
     "got b 200 ab\n"
     "line b Priority: u=2\n"
     "fetches 1\n"},
    {"C-9218-5-1", "unless the origin says that it varies by it",
     "ask a GET / Priority: u=1\n"
     "head 0 200 2 Cache-Control: max-age=60 | Vary: Priority\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b GET / Priority: u=7\n"
     "fact b fwd=vary-miss\n"},
    {"C-9842-6.2-2", "what a dictionary coded is for who has it, and stays as it is",
     "ask a GET / Accept-Encoding: dcb | Available-Dictionary: :YQ==:\n"
     "sent 0 has Available-Dictionary: :YQ==:\n"
     "head 0 200 2 Cache-Control: max-age=60 | Content-Encoding: dcb | "
     "Vary: accept-encoding, available-dictionary\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b GET / Accept-Encoding: dcb | Available-Dictionary: :YQ==:\n"
     "got b 200 ab\n"
     "line b Content-Encoding: dcb\n"
     "fact b hit=yes\n"
     "ask c GET / Accept-Encoding: dcb | Available-Dictionary: :Yg==:\n"
     "fact c fwd=vary-miss\n"
     "ask d GET / Available-Dictionary: :YQ==:\n"
     "fact d fwd=vary-miss\n"
     "fetches 3\n"},
    {"C-9111-3-4", "no-store passes, and is fetched each time",
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: no-store | Set-Cookie: a=1\n"
     "body 0 ab\n"
     "end 0\n"
     "got a 200 ab\n"
     "line a Set-Cookie: a=1\n"
     "fact a stored=no storing=no-store fwd=uri-miss\n"
     "ask b GET /\n"
     "fetches 2\n"},
    {"C-9111-3-5", "what was stored does not outlive a private successor",
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: max-age=60, stale-while-revalidate=600 | ETag: \"e\"\n"
     "body 0 ab\n"
     "end 0\n"
     "advance 61s\n"
     "ask b GET / Cache-Control: no-cache\n"
     "head 1 200 3 Cache-Control: private\n"
     "body 1 new\n"
     "end 1\n"
     "got b 200 new\n"
     "ask c GET /\n"
     "waits c\n"
     "fetches 3\n"},
    {"C-9111-5.2.1.7-1", "only-if-cached, and nothing is",
     "ask a GET / Cache-Control: only-if-cached\n"
     "failed a 504\n"
     "fact a detail=only-if-cached fwd=\n"
     "fetches 0\n"},

    /* ---- what is not looked up ---- */
    {"D-36", "GET with content is forwarded, neither stored nor shared",
     "ask a GET / +content Content-Length: 2\n"
     "fact a fwd=bypass detail=request-has-content\n"
     "send a ab\n"
     "finish a\n"
     "uploads 0 ab\n"
     "head 0 200 1 Cache-Control: max-age=60\n"
     "body 0 x\n"
     "end 0\n"
     "got a 200 x\n"
     "ask b GET /\n"
     "waits b\n"
     "ask c GET / +content Content-Length: 2\n"
     "fetches 3\n"},
    {"C-9111-4-7", "an unsafe request is written through, and invalidates",
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: max-age=60 | ETag: \"e\"\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b POST / +content Content-Length: 20\n"
     "fact b fwd=method\n"
     "send b 0123456\n"
     "rooms b 0\n"
     "send b 7\n"
     "room 1\n"
     "rooms b 1\n"
     "finish b\n"
     "uploads 1 01234567\n"
     "head 1 204 none\n"
     "end 1\n"
     "got b 204\n"
     "ask c GET /\n"
     "waits c\n"
     "sent 2 has If-None-Match: \"e\"\n"
     "head 2 304 none ETag: \"e\"\n"
     "end 2\n"
     "got c 200 ab\n"
     "ask d GET /\n"
     "got d 200 ab\n"},
    {"C-9111-4.4-1", "one that fails invalidates nothing",
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: max-age=60\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b DELETE /\n"
     "head 1 500 none\n"
     "end 1\n"
     "ask c GET /\n"
     "got c 200 ab\n"},
    {"C-9111-4.4-2", "Location is invalidated, too",
     "ask a GET /new\n"
     "head 0 200 2 Cache-Control: max-age=60\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b POST /\n"
     "head 1 201 none Location: /new\n"
     "end 1\n"
     "ask c GET /new\n"
     "waits c\n"},
    {"C-9111-4.4-1", "an answer that crossed a POST does not stay",
     "ask a GET /\n"
     "ask b POST /\n"
     "head 1 200 none\n"
     "end 1\n"
     "head 0 200 3 Cache-Control: max-age=60\n"
     "body 0 old\n"
     "end 0\n"
     "got a 200 old\n"
     "fact a stored=no storing=outdated\n"
     "ask c GET /\n"
     "waits c\n"
     "fetches 3\n"},
    {"C-9111-4.4-1", "nor do its followers get it",
     "ask a GET /\n"
     "ask c@1 GET /\n"
     "ask d@1 GET /\n"
     "ask b POST /\n"
     "fetches 2\n"
     "head 1 200 none\n"
     "end 1\n"
     "head 0 200 3 Cache-Control: max-age=60\n"
     "body 0 old\n"
     "end 0\n"
     "waits c\n"
     "fetches 3\n"
     "head 2 200 3 Cache-Control: max-age=60\n"
     "body 2 new\n"
     "end 2\n"
     "got c 200 new\n"
     "got d 200 new\n"},
    {"C-9111-4.4-1", "nor does anyone join it from then on",
     "ask a GET /\n"
     "ask b POST /\n"
     "head 1 200 none\n"
     "end 1\n"
     "ask c GET /\n"
     "fetches 3\n"},
    {"D-40", "after three rounds one goes alone",
     "ask a GET /\n"
     "ask b GET /\n"
     "ask c GET /\n"
     "ask d GET /\n"
     "ask e GET /\n"
     "ask f GET /\n"
     "ask p POST /\n"
     "head 1 200 none\n"
     "end 1\n"
     "head 0 200 0 Cache-Control: max-age=60\n"
     "fetches 3\n"
     "ask q POST /\n"
     "head 3 200 none\n"
     "end 3\n"
     "head 2 200 0 Cache-Control: max-age=60\n"
     "fetches 5\n"
     "ask r POST /\n"
     "head 5 200 none\n"
     "end 5\n"
     "head 4 200 0 Cache-Control: max-age=60\n"
     "fetches 9\n"},
    {"C-9111-4.4-1", "what fills meanwhile is invalidated",
     "ask a GET /\n"
     "head 0 200 3 Cache-Control: max-age=60\n"
     "ask b POST /\n"
     "head 1 200 none\n"
     "end 1\n"
     "body 0 old\n"
     "end 0\n"
     "ask c GET /\n"
     "waits c\n"},
    {"C-9111-4.4-1", "a POST whose client leaves is awaited: it may have changed something",
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: max-age=60\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b POST / +content Content-Length: 1\n"
     "send b x\n"
     "finish b\n"
     "forget b\n"
     "flying 1\n"
     "head 1 200 9\n"
     "ask c GET /\n"
     "waits c\n"},
    {"C-9111-4.4-1", "a POST whose content broke off is given up",
     "ask b POST / +content Content-Length: 2\n"
     "send b x\n"
     "forget b\n"
     "cancelled 0\n"},
    {"D-40", "a route that is off looks nothing up",
     "rule off\n"
     "ask a GET /\n"
     "fact a fwd=bypass\n"
     "head 0 200 1 Cache-Control: max-age=60\n"
     "body 0 x\n"
     "end 0\n"
     "got a 200 x\n"
     "ask b GET /\n"
     "fetches 2\n"},
    {"C-9110-7.8-1", "an upgrade becomes a tunnel",
     "ask a GET /chat +upgrade Connection: upgrade | Upgrade: websocket\n"
     "head 0 101 tunnel Connection: upgrade | Upgrade: websocket\n"
     "reads a 101\n"
     "body 0 welcome\n"
     "reads a 101 welcome\n"
     "send a thanks\n"
     "uploads 0 thanks\n"
     "end 0\n"
     "got a 101 welcome\n"},
    {"C-9110-15.2-1", "interim responses go to who asked",
     "ask a GET /\n"
     "ask b GET /\n"
     "interim 0 103 Link: </style.css>\n"
     "interims a 1\n"
     "interims b 0\n"},
    {"C-9111-2-1", "a URL that is longer than most",
     "ask a GET /" LONG "\n"
     "head 0 200 2 Cache-Control: max-age=60\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b GET /" LONG "\n"
     "got b 200 ab\n"},
};

static const struct tale tale = {stories, COUNT(stories)};

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALE_TESTS(tale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
