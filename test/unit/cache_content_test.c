/* Contents that end badly or are parts, and who may share an answer. */
#include "cache_story.h"

static const struct story stories[] = {
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
};

static const struct tale tale = {stories, COUNT(stories)};

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALE_TESTS(tale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
