/* The judgement: what is looked up, what answers, who waits for whom, and what is asked of the
 * origin. Each story is also played with every allocation failing, and with every asker leaving at
 * every point.
 */
#include "cache_story.h"

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

    /* ---- validation ---- */
    {"C-9111-4.3.3-1", "a 304 renews, and the client gets the content",
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: max-age=60 | ETag: \"e\" | X: old\n"
     "body 0 ab\n"
     "end 0\n"
     "advance 61s\n"
     "ask b GET /\n"
     "sent 1 has If-None-Match: \"e\"\n"
     "head 1 304 none Cache-Control: max-age=60 | ETag: \"e\" | X: new\n"
     "end 1\n"
     "got b 200 ab\n"
     "line b X: new\n"
     "fact b fwd=stale fwd-status=304 detail=validated hit=no age=none ttl=60\n"
     "ask c GET /\n"
     "got c 200 ab\n"
     "fact c hit=yes ttl=60\n"},
    {"C-9111-4-8", "one validation for all",
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: max-age=60 | ETag: \"e\"\n"
     "body 0 ab\n"
     "end 0\n"
     "advance 61s\n"
     "ask b GET /\n"
     "ask c@1 GET / If-None-Match: \"e\"\n"
     "fetches 2\n"
     "head 1 304 none Cache-Control: max-age=60 | ETag: \"e\"\n"
     "end 1\n"
     "got b 200 ab\n"
     "got c 304\n"
     "fact c collapsed=yes fwd=stale\n"},
    {"CVE-2016-10003", "the cookie of a 304 is for its leader alone",
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: public, max-age=60 | ETag: \"e\" | Set-Cookie: id=a\n"
     "body 0 ab\n"
     "end 0\n"
     "line a Set-Cookie: id=a\n"
     "advance 61s\n"
     "ask b GET /\n"
     "ask c GET /\n"
     "head 1 304 none Cache-Control: max-age=60 | ETag: \"e\" | Set-Cookie: id=b\n"
     "end 1\n"
     "got b 200 ab\n"
     "line b Set-Cookie: id=b\n"
     "got c 200 ab\n"
     "noline c Set-Cookie\n"
     "ask d GET /\n"
     "noline d Set-Cookie\n"},
    {"C-9111-4.3.3-2", "a full answer replaces",
     "ask a GET /\n"
     "head 0 200 3 Cache-Control: max-age=60 | ETag: \"e\"\n"
     "body 0 old\n"
     "end 0\n"
     "advance 61s\n"
     "ask b GET /\n"
     "head 1 200 3 Cache-Control: max-age=60 | ETag: \"f\"\n"
     "body 1 new\n"
     "end 1\n"
     "got b 200 new\n"
     "fact b fwd=stale fwd-status=200 detail=replaced stored=yes\n"
     "ask c GET /\n"
     "got c 200 new\n"},
    {"D-13", "the client's tags go along, and a 304 to them is passed on",
     "ask a GET /\n"
     "head 0 200 3 Cache-Control: max-age=60 | ETag: \"e\"\n"
     "body 0 old\n"
     "end 0\n"
     "advance 61s\n"
     "ask b GET / If-None-Match: \"c\"\n"
     "sent 1 has If-None-Match: \"e\", \"c\"\n"
     "head 1 304 none ETag: \"c\"\n"
     "end 1\n"
     "got b 304\n"
     "fact b detail=client-current\n"},
    {"D-15", "a 304 that fits nothing: once more, as it came",
     "ask a GET /\n"
     "head 0 200 3 Cache-Control: max-age=60 | ETag: \"e\"\n"
     "body 0 old\n"
     "end 0\n"
     "advance 61s\n"
     "ask b GET /\n"
     "head 1 304 none ETag: \"other\"\n"
     "end 1\n"
     "waits b\n"
     "sent 2 lacks If-None-Match\n"
     "head 2 200 3 Cache-Control: max-age=60 | ETag: \"other\"\n"
     "body 2 new\n"
     "end 2\n"
     "got b 200 new\n"
     "fetches 3\n"},
    {"D-14", "a 304 with nothing stored is passed on",
     "ask a GET / If-None-Match: \"e\"\n"
     "sent 0 has If-None-Match: \"e\"\n"
     "ask b GET /\n"
     "fetches 2\n"
     "head 0 304 none ETag: \"e\" | X: 1\n"
     "end 0\n"
     "got a 304\n"
     "line a X: 1\n"
     "waits b\n"},
    {"D-14", "unless the route wants to fill",
     "rule fill on\n"
     "ask a GET / If-None-Match: \"e\"\n"
     "sent 0 lacks If-None-Match\n"
     "ask b GET /\n"
     "fetches 1\n"
     "head 0 200 2 Cache-Control: max-age=60 | ETag: \"e\"\n"
     "body 0 ab\n"
     "end 0\n"
     "got a 304\n"
     "got b 200 ab\n"},
    {"D-01", "a 304 that nobody asked for",
     "ask a GET /\n"
     "ask b GET /\n"
     "head 0 304 none ETag: \"e\"\n"
     "end 0\n"
     "failed a 502\n"
     "fact a error=http_protocol_error detail=never-asked\n"
     "failed b 502\n"},
    {"D-12", "a 304 of another cache that is stale itself: the origin is asked",
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: max-age=60, must-revalidate | ETag: \"e\"\n"
     "body 0 ab\n"
     "end 0\n"
     "advance 61s\n"
     "ask b GET /\n"
     "head 1 304 none Cache-Control: max-age=60, must-revalidate | ETag: \"e\" | Age: 70\n"
     "end 1\n"
     "waits b\n"
     "sent 2 has Cache-Control: max-age=0\n"
     "sent 2 has If-None-Match: \"e\"\n"
     "head 2 304 none Cache-Control: max-age=60, must-revalidate | ETag: \"e\"\n"
     "end 2\n"
     "got b 200 ab\n"
     "fact b detail=validated\n"},
    {"D-18", "a part of what is stale: the whole is validated first",
     "ask a GET /\n"
     "head 0 200 4 Cache-Control: max-age=60 | ETag: \"e\"\n"
     "body 0 abcd\n"
     "end 0\n"
     "advance 61s\n"
     "ask b GET / Range: bytes=1-2\n"
     "sent 1 lacks Range\n"
     "sent 1 has If-None-Match: \"e\"\n"
     "head 1 304 none Cache-Control: max-age=60 | ETag: \"e\"\n"
     "end 1\n"
     "got b 206 bc\n"},
    {"C-9111-4-4", "always validated: nobody waits for another's answer",
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: no-cache | ETag: \"e\"\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b GET /\n"
     "ask c GET /\n"
     "fetches 3\n"
     "head 1 304 none Cache-Control: no-cache | ETag: \"e\"\n"
     "end 1\n"
     "got b 200 ab\n"
     "waits c\n"},
    {"C-9111-4.3.2-2", "conditions for the origin go there as they are",
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: max-age=60 | ETag: \"e\"\n"
     "body 0 ab\n"
     "end 0\n"
     "advance 61s\n"
     "ask b GET / If-Match: \"x\"\n"
     "sent 1 has If-Match: \"x\"\n"
     "sent 1 lacks If-None-Match\n"
     "head 1 412 none\n"
     "end 1\n"
     "got b 412\n"},

    /* ---- stale ---- */
    {"D-42", "stale while it is made fresh, by one flight",
     "ask a GET /\n"
     "head 0 200 3 Cache-Control: max-age=60, stale-while-revalidate=60 | ETag: \"e\"\n"
     "body 0 old\n"
     "end 0\n"
     "advance 61s\n"
     "ask b GET /\n"
     "ask c@1 GET / If-None-Match: \"e\"\n"
     "got b 200 old\n"
     "got c 304\n"
     "fact b hit=yes detail=stale-while-revalidate ttl=-1 age=61\n"
     "fetches 2\n"
     "sent 1 has If-None-Match: \"e\"\n"
     "head 1 200 3 Cache-Control: max-age=60 | ETag: \"f\"\n"
     "body 1 new\n"
     "end 1\n"
     "ask d GET /\n"
     "got d 200 new\n"
     "fact d hit=yes\n"},
    {"D-42", "what the client says about itself stays behind",
     "ask a GET /\n"
     "head 0 200 3 Cache-Control: max-age=60, stale-while-revalidate=60 | ETag: \"e\"\n"
     "body 0 old\n"
     "end 0\n"
     "advance 61s\n"
     "ask b HEAD / If-None-Match: \"b\" | Range: bytes=0-0 | Cache-Control: x=1\n"
     "sent 1 GET /\n"
     "sent 1 has If-None-Match: \"e\"\n"
     "sent 1 lacks Range\n"
     "sent 1 lacks Cache-Control\n"},
    {"D-42", "a refresh that fails is not tried again at once",
     "ask a GET /\n"
     "head 0 200 3 Cache-Control: max-age=60, stale-while-revalidate=60 | ETag: \"e\"\n"
     "body 0 old\n"
     "end 0\n"
     "advance 61s\n"
     "ask b GET /\n"
     "fail 1 connection_refused\n"
     "ask c GET /\n"
     "got c 200 old\n"
     "fetches 2\n"
     "advance 11s\n"
     "ask d GET /\n"
     "got d 200 old\n"
     "fetches 3\n"},
    {"C-5861-4-1", "stale if the origin fails",
     "ask a GET /\n"
     "head 0 200 3 Cache-Control: max-age=60, stale-if-error=60 | ETag: \"e\"\n"
     "body 0 old\n"
     "end 0\n"
     "advance 61s\n"
     "ask b GET /\n"
     "ask c@1 GET /\n"
     "head 1 503 100\n"
     "got b 200 old\n"
     "fact b fwd=stale fwd-status=503 detail=stale-if-error age=61 ttl=-1\n"
     "got c 200 old\n"
     "fetches 2\n"
     "body 1 *100\n"
     "end 1\n"},
    {"C-5861-4-2", "not for longer than it says",
     "ask a GET /\n"
     "head 0 200 3 Cache-Control: max-age=60, stale-if-error=60 | ETag: \"e\"\n"
     "body 0 old\n"
     "end 0\n"
     "advance 121s\n"
     "ask b GET /\n"
     "head 1 503 1\n"
     "body 1 x\n"
     "end 1\n"
     "got b 503 x\n"},
    {"D-41", "stale if the origin cannot be reached",
     "ask a GET /\n"
     "head 0 200 3 Cache-Control: max-age=60 | ETag: \"e\"\n"
     "body 0 old\n"
     "end 0\n"
     "advance 61s\n"
     "ask b GET /\n"
     "ask c GET /\n"
     "fail 1 connection_timeout\n"
     "got b 200 old\n"
     "fact b detail=stale-disconnected error=connection_timeout fwd=stale\n"
     "got c 200 old\n"},
    {"C-9111-4.2.4-1", "must-revalidate: 504 instead",
     "ask a GET /\n"
     "head 0 200 3 Cache-Control: max-age=60, must-revalidate | ETag: \"e\"\n"
     "body 0 old\n"
     "end 0\n"
     "advance 61s\n"
     "ask b GET /\n"
     "ask c GET /\n"
     "fail 1 connection_refused\n"
     "failed b 504\n"
     "failed c 504\n"},

    /* ---- contents that end badly, or never ---- */
    {"C-9111-3.3-3", "what broke off is no whole response",
     "ask a GET /\n"
     "ask b GET /\n"
     "head 0 200 5 Cache-Control: max-age=60\n"
     "body 0 he\n"
     "cut 0\n"
     "breaks a 200 he\n"
     "breaks b 200 he\n"
     "purge all hard = 0\n"
     "ask c GET /\n"
     "waits c\n"},
    {"C-9112-8-1", "broken, of unknown length, passing",
     "ask a GET /\n"
     "head 0 200 - Cache-Control: no-store\n"
     "body 0 he\n"
     "cut 0\n"
     "breaks a 200 he\n"},
    {"D-40", "too large by its own word",
     "rule object 100\n"
     "ask a GET /\n"
     "ask b GET /\n"
     "head 0 200 101 Cache-Control: max-age=60\n"
     "fetches 2\n"
     "body 0 *101\n"
     "end 0\n"
     "got a 200 *101\n"
     "fact a storing=too-large stored=no\n"},
    {"D-40", "grows too large: the leader goes on, the others break off, the key is alone",
     "rule object 100000\n"
     "ask a GET /\n"
     "stall a\n"
     "ask b GET /\n"
     "head 0 200 - Cache-Control: max-age=60\n"
     "body 0 *52000\n"
     "reads b 200 *52000\n"
     "body 0 *52000\n"
     "breaks b 200 *52000\n"
     "purge all hard = 0\n"
     "ask c GET /\n"
     "fetches 2\n"
     "ask d GET /\n"
     "fetches 3\n"
     "body 0 *26000\n"
     "paused 0\n"
     "read a\n"
     "resumed 0\n"
     "reads a 200 *130000\n"
     "end 0\n"
     "got a 200 *130000\n"},
    {"D-40", "grows too large and nobody leads: given up",
     "rule object 1000\n"
     "ask a GET /\n"
     "ask b GET /\n"
     "head 0 200 - Cache-Control: max-age=60\n"
     "forget a\n"
     "body 0 *2000\n"
     "cancelled 0\n"
     "breaks b 200\n"},
    {"D-40", "grows too large, and the leader leaves then",
     "rule object 1000\n"
     "ask a GET /\n"
     "head 0 200 - Cache-Control: max-age=60\n"
     "body 0 *2000\n"
     "reads a 200 *2000\n"
     "forget a\n"
     "cancelled 0\n"},
    {"D-40", "back-pressure while passing",
     "ask a GET /\n"
     "stall a\n"
     "head 0 200 - Cache-Control: no-store\n"
     "body 0 *52000\n"
     "body 0 *26000\n"
     "paused 0\n"
     "read a\n"
     "resumed 0\n"
     "reads a 200 *78000\n"
     "end 0 X-Sum: 1\n"
     "got a 200 *78000\n"},
    {"D-48", "fields behind the content pass, to who reads them",
     "ask a GET / TE: trailers | Connection: TE\n"
     "head 0 200 - Cache-Control: no-store | Trailer: X-Sum\n"
     "body 0 ab\n"
     "end 0 X-Sum: 1\n"
     "got a 200 ab\n"
     "trailers a X-Sum: 1\n"
     "ask b GET /\n"
     "head 1 200 - Cache-Control: no-store | Trailer: X-Sum\n"
     "end 1 X-Sum: 1\n"
     "got b 200\n"
     "trailers b\n"},
    {"D-48", "but are not stored",
     "ask a GET / TE: trailers\n"
     "head 0 200 - Cache-Control: max-age=60\n"
     "body 0 ab\n"
     "end 0 X-Sum: 1\n"
     "got a 200 ab\n"
     "trailers a\n"},
    {"D-40", "the asker of what passes leaves: the origin is left, too",
     "ask a GET /\n"
     "head 0 200 100000 Cache-Control: no-store\n"
     "body 0 *1000\n"
     "forget a\n"
     "cancelled 0\n"},
    {"C-9112-9.3-1", "little of it is left: it is read, though the asker had stopped it",
     "ask a GET /\n"
     "stall a\n"
     "head 0 200 104000 Cache-Control: no-store\n"
     "body 0 *78000\n"
     "paused 0\n"
     "forget a\n"
     "resumed 0\n"
     "body 0 *26000\n"
     "end 0\n"},
    {"C-9112-9.3-1", "unless only its end is missing",
     "ask a GET /\n"
     "head 0 200 4 Cache-Control: no-store\n"
     "body 0 abcd\n"
     "got a 200 abcd\n"
     "forget a\n"
     "flying 0\n"
     "end 0\n"},

    /* ---- who may share ---- */
    {"C-9111-7.3-1", "a cookie, and nothing said: somebody's own",
     "ask a GET / Cookie: id=a\n"
     "head 0 200 1 ETag: \"e\"\n"
     "body 0 a\n"
     "end 0\n"
     "got a 200 a\n"
     "fact a storing=personal\n"},
    {"C-9111-7.3-1", "a cookie, and a lifetime: for all",
     "ask a GET / Cookie: id=a\n"
     "head 0 200 1 ETag: \"e\" | Cache-Control: max-age=60\n"
     "body 0 a\n"
     "end 0\n"
     "ask b GET / Cookie: id=b\n"
     "got b 200 a\n"},
    {"C-9111-7.3-1", "to the letter, for all",
     "rule letter\n"
     "ask a GET / Cookie: id=a\n"
     "head 0 200 1 ETag: \"e\"\n"
     "body 0 a\n"
     "end 0\n"
     "fact a storing=storable\n"},
    {"D-23", "fields that are private go to the leader only",
     "ask a GET /\n"
     "ask b GET /\n"
     "head 0 200 1 Cache-Control: max-age=60, private=\"X-User\" | X-User: a | X-Foo: 1\n"
     "body 0 a\n"
     "end 0\n"
     "line a X-User: a\n"
     "line a X-Foo: 1\n"
     "noline b X-User\n"
     "line b X-Foo: 1\n"},
    {"D-19", "a part is stored, and answers for what it holds",
     "ask a GET / Range: bytes=0-3\n"
     "head 0 206 4 Content-Range: bytes 0-3/8 | ETag: \"e\" | Cache-Control: max-age=60\n"
     "body 0 abcd\n"
     "end 0\n"
     "got a 206 abcd\n"
     "fact a stored=yes\n"
     "ask b GET / Range: bytes=1-2\n"
     "got b 206 bc\n"
     "fact b hit=yes\n"
     "ask c GET / Range: bytes=4-7\n"
     "fact c fwd=partial\n"
     "head 1 206 4 Content-Range: bytes 4-7/8 | ETag: \"e\" | Cache-Control: max-age=60\n"
     "body 1 efgh\n"
     "end 1\n"
     "got c 206 efgh\n"
     "ask d GET /\n"
     "got d 200 abcdefgh\n"
     "fetches 2\n"},
    {"D-19", "a part that is not what was asked for passes as it is",
     "ask a GET / Range: bytes=0-3\n"
     "head 0 206 2 Content-Range: bytes 0-1/8 | ETag: \"e\" | Cache-Control: max-age=60\n"
     "body 0 ab\n"
     "end 0\n"
     "got a 206 ab\n"
     "line a Content-Range: bytes 0-1/8\n"
     "fact a stored=no\n"},
    {"C-9111-3.3-1", "of what broke off the beginning is kept as a part",
     "ask a GET /\n"
     "head 0 200 8 ETag: \"e\" | Cache-Control: max-age=60\n"
     "body 0 abcd\n"
     "cut 0\n"
     "breaks a 200 abcd\n"
     "ask b GET / Range: bytes=1-2\n"
     "got b 206 bc\n"
     "ask c GET /\n"
     "waits c\n"},
    {"D-47", "a loop is not entered",
     "ask a GET / Via: 1.1 stet\n"
     "failed a 502\n"
     "fact a error=proxy_loop_detected\n"
     "fetches 0\n"},
    {"C-9110-7.6.2-1", "Max-Forwards ends here",
     "ask a OPTIONS / Max-Forwards: 0\n"
     "failed a 204\n"
     "ask b TRACE / Max-Forwards: 0\n"
     "failed b 405\n"},

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
    {"C-9111-2-1", "a URL that is longer than most",
     "ask a GET "
     "/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
     "head 0 200 2 Cache-Control: max-age=60\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b GET "
     "/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
     "got b 200 ab\n"},
    {"C-9875-3-2", "a POST fells a group, and what is on its way",
     "ask a GET /a\n"
     "head 0 200 2 Cache-Control: max-age=60 | Cache-Groups: \"g\"\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b GET /b\n"
     "ask c POST /c\n"
     "head 2 200 none Cache-Group-Invalidation: \"g\"\n"
     "end 2\n"
     "head 1 200 2 Cache-Control: max-age=60 | Cache-Groups: \"g\"\n"
     "body 1 ab\n"
     "end 1\n"
     "fact b stored=no\n"
     "ask d GET /a\n"
     "waits d\n"},
    {"D-19", "a part of the version that was asked for",
     "ask a GET / Range: bytes=0-1 | If-Range: \"e\"\n"
     "sent 0 has If-Range: \"e\"\n"
     "head 0 206 2 Content-Range: bytes 0-1/8 | ETag: \"e\" | Cache-Control: max-age=60\n"
     "body 0 ab\n"
     "end 0\n"
     "got a 206 ab\n"
     "fact a stored=yes\n"},
    {"D-19", "by a date it is not known well enough",
     "ask a GET / Range: bytes=0-1 | If-Range: Sun, 31 Dec 2023 00:00:00 GMT\n"
     "head 0 206 2 Content-Range: bytes 0-1/8 | ETag: \"e\" | Cache-Control: max-age=60\n"
     "body 0 ab\n"
     "end 0\n"
     "got a 206 ab\n"
     "fact a stored=no storing=part-unproved\n"},
    {"D-42", "a refresh that gets a 503 is not tried again at once",
     "ask a GET / User-Agent: x\n"
     "head 0 200 3 Cache-Control: max-age=60, stale-while-revalidate=60, stale-if-error=60\n"
     "body 0 old\n"
     "end 0\n"
     "advance 61s\n"
     "ask b GET / User-Agent: x\n"
     "sent 1 has User-Agent: x\n"
     "head 1 503 0\n"
     "end 1\n"
     "ask c GET /\n"
     "got c 200 old\n"
     "fetches 2\n"},

    /* ---- purging ---- */
    {"D-20", "purging a URL, softly: it is validated",
     "ask a GET /a\n"
     "head 0 200 2 Cache-Control: max-age=60 | ETag: \"e\" | Vary: X\n"
     "body 0 ab\n"
     "end 0\n"
     "purge url soft HTTP://Example.org:80/%61 = 1\n"
     "purge url soft http://example.org/b = 0\n"
     "ask b GET /a\n"
     "sent 1 has If-None-Match: \"e\"\n"},
    {"D-20", "purging hard",
     "ask a GET /a\n"
     "head 0 200 2 Cache-Control: max-age=60 | ETag: \"e\" | Vary: X\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b GET /b\n"
     "head 1 200 2 Cache-Control: max-age=60 | ETag: \"e\" | Cache-Groups: \"g\"\n"
     "body 1 ab\n"
     "end 1\n"
     "purge prefix hard http://example.org/c = 0\n"
     "purge prefix hard http://example.org/a = 1\n"
     "purge match hard org/c$ = 0\n"
     "purge group hard h = 0\n"
     "purge group hard g = 1\n"
     "ask c GET /a\n"
     "sent 2 lacks If-None-Match\n"
     "ask d GET /b\n"
     "sent 3 lacks If-None-Match\n"
     "purge all hard = 0\n"},
    {"D-20", "purging by what is no URL, and no expression",
     "purge url soft nonsense = error\n"
     "purge match soft (( = error\n"},
    {"D-20", "in all partitions",
     "rule partition\n"
     "ask a GET /a\n"
     "head 0 200 2 Cache-Control: max-age=60\n"
     "body 0 ab\n"
     "end 0\n"
     "purge url soft http://example.org/a = 1\n"
     "ask b GET /a\n"
     "waits b\n"},
    {"D-20", "what is on its way during a purge does not stay",
     "ask a GET /a\n"
     "purge all soft = 0\n"
     "head 0 200 2 Cache-Control: max-age=60\n"
     "body 0 ab\n"
     "end 0\n"
     "got a 200 ab\n"
     "ask b GET /a\n"
     "waits b\n"},
};

static void stories_told(void **state)
{
    (void)state;
    stories_play(stories, COUNT(stories));
}

static void stories_without_memory(void **state)
{
    (void)state;
    stories_play_without_memory(stories, COUNT(stories));
}

static void stories_with_leavers(void **state)
{
    (void)state;
    stories_play_with_leavers(stories, COUNT(stories));
}

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stories_told),
        cmocka_unit_test(stories_without_memory),
        cmocka_unit_test(stories_with_leavers),
        cmocka_unit_test(a_burst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
