/* Validators made here: for what is stored and for what passes, what is held back for them and how
 * long, and for what none are made.
 */
#include "cache_story.h"

static const struct story stories[] = {
    /* ---- stored ---- */
    {"D-50", "stored, bare: a tag from the second answer on",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: max-age=60\n"
     "body 0 hello\n"
     "end 0\n"
     "got a 200 hello\n"
     "noline a ETag\n"
     "fact a synthesized=no\n"
     "advance 1s\n"
     "ask b GET /\n"
     "got b 200 hello\n"
     "line b ETag: \"LPJNul-wow4m6DsqxbninhsW\"\n"
     "line b Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\n"
     "fact b synthesized=yes hit=yes\n"
     "keep b\n"
     "ask c GET / If-None-Match: $\n"
     "got c 304\n"
     "line c ETag: $\n"},
    {"C-9111-4.3.3-2", "the same octets again: tag and date stay, and the client gets a 304",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: max-age=60\n"
     "body 0 hello\n"
     "end 0\n"
     "ask b GET /\n"
     "keep b\n"
     "advance 61s\n"
     "ask c GET / If-None-Match: $\n"
     "sent 1 lacks If-None-Match\n"
     "sent 1 lacks If-Modified-Since\n"
     "head 1 200 5 Cache-Control: max-age=60\n"
     "waits c\n"
     "body 1 hello\n"
     "waits c\n"
     "end 1\n"
     "got c 304\n"
     "fact c detail=validated fwd=stale fwd-status=200 synthesized=yes\n"
     "ask d GET /\n"
     "line d ETag: $\n"
     "line d Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\n"
     "fact d hit=yes\n"},
    {"C-9111-4.3.3-2", "other octets: another tag, a new date, and a 200",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: max-age=60\n"
     "body 0 hello\n"
     "end 0\n"
     "ask b GET /\n"
     "keep b\n"
     "advance 61s\n"
     "ask c GET / If-None-Match: $\n"
     "head 1 200 5 Cache-Control: max-age=60\n"
     "body 1 hallo\n"
     "end 1\n"
     "got c 200 hallo\n"
     "fact c detail=stale\n"
     "ask d GET /\n"
     "line d Last-Modified: Mon, 01 Jan 2024 00:01:01 GMT\n"},
    {"C-9110-8.8.2.1-1", "other octets within the same second have another date",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: max-age=60\n"
     "body 0 hello\n"
     "end 0\n"
     "purge all soft = 1\n"
     "ask b GET /\n"
     "head 1 200 5 Cache-Control: max-age=60\n"
     "body 1 hallo\n"
     "end 1\n"
     "ask c GET / If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT\n"
     "got c 200 hallo\n"
     "line c Last-Modified: Mon, 01 Jan 2024 00:00:01 GMT\n"},
    {"C-9110-8.8.2.1-1", "an origin whose clock is ahead: not later than now",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: max-age=60 | Date: Mon, 01 Jan 2024 00:10:00 GMT\n"
     "body 0 hello\n"
     "end 0\n"
     "ask b GET /\n"
     "line b Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\n"},
    {"D-13", "an own Last-Modified is kept, and asked by; the tag is not",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: max-age=60 | Last-Modified: Sun, 31 Dec 2023 00:00:00 GMT\n"
     "body 0 hello\n"
     "end 0\n"
     "ask b GET /\n"
     "line b Last-Modified: Sun, 31 Dec 2023 00:00:00 GMT\n"
     "keep b\n"
     "advance 61s\n"
     "ask c GET / If-None-Match: $ | If-Modified-Since: Sun, 31 Dec 2023 00:00:00 GMT\n"
     "sent 1 lacks If-None-Match\n"
     "sent 1 has If-Modified-Since: Sun, 31 Dec 2023 00:00:00 GMT\n"
     "head 1 304 none Cache-Control: max-age=60\n"
     "end 1\n"
     "got c 304\n"
     "line c ETag: $\n"},
    {"D-50", "a touched file: the origin's date is new, the octets are not",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: max-age=60 | Last-Modified: Sun, 31 Dec 2023 00:00:00 GMT\n"
     "body 0 hello\n"
     "end 0\n"
     "ask b GET /\n"
     "keep b\n"
     "advance 61s\n"
     "ask c GET / If-None-Match: $\n"
     "head 1 200 5 Cache-Control: max-age=60 | Last-Modified: Mon, 01 Jan 2024 00:01:00 GMT\n"
     "body 1 hello\n"
     "end 1\n"
     "got c 304\n"},
    {"C-9110-8.8.3-1", "an own ETag stays byte for byte",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: max-age=60 | ETag: W/\"own\"\n"
     "body 0 hello\n"
     "end 0\n"
     "ask b GET / If-None-Match: \"own\"\n"
     "got b 304\n"
     "line b ETag: W/\"own\"\n"
     "fact b synthesized=no\n"},
    {"D-50", "switched off",
     "rule synthesize off\n"
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: max-age=60\n"
     "body 0 hello\n"
     "end 0\n"
     "ask b GET /\n"
     "noline b ETag\n"},
    {"C-9111-5.2.2.6-1", "no-transform: left alone",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: max-age=60, no-transform\n"
     "body 0 hello\n"
     "end 0\n"
     "ask b GET /\n"
     "noline b ETag\n"},
    {"D-04", "a 404 gets none",
     "ask a GET /\n"
     "head 0 404 5 Cache-Control: max-age=60\n"
     "body 0 hello\n"
     "end 0\n"
     "ask b GET /\n"
     "got b 404 hello\n"
     "noline b ETag\n"},
    {"D-50", "who asks by a tag while it fills waits for it",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: max-age=60\n"
     "body 0 he\n"
     "ask b@1 GET / If-None-Match: \"LPJNul-wow4m6DsqxbninhsW\"\n"
     "ask c@1 GET /\n"
     "waits b\n"
     "reads c 200 he\n"
     "body 0 llo\n"
     "end 0\n"
     "got b 304\n"},
    {"D-50", "by a date, too",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: max-age=60\n"
     "ask b GET / If-Modified-Since: Mon, 01 Jan 2024 00:00:00 GMT\n"
     "waits b\n"
     "body 0 hello\n"
     "end 0\n"
     "got b 304\n"},
    {"D-50", "who waits for a tag may leave, news on its way or not",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: max-age=60\n"
     "ask b@1 GET / If-None-Match: \"x\"\n"
     "ask c@1 GET / If-None-Match: \"x\"\n"
     "ask d@1 GET / If-None-Match: \"x\"\n"
     "moody d\n"
     "forget b\n"
     "!body 0 he\n"
     "!forget c\n"
     "body 0 llo\n"
     "end 0\n"
     "got a 200 hello\n"},
    {"D-50", "... and the world ends",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: max-age=60\n"
     "ask c@1 GET / If-None-Match: \"x\"\n"
     "!body 0 he\n"
     "!forget c\n"},
    {"D-50", "but not when it stalls",
     "ask a GET / If-None-Match: \"x\"\n"
     "head 0 200 - Cache-Control: max-age=60\n"
     "body 0 he\n"
     "waits a\n"
     "advance 99ms\n"
     "waits a\n"
     "body 0 l\n"
     "advance 99ms\n"
     "waits a\n"
     "advance 1ms\n"
     "reads a 200 hel\n"
     "body 0 lo\n"
     "end 0\n"
     "got a 200 hello\n"},
    {"D-50", "nor for ever when it drips",
     "ask a GET / If-None-Match: \"x\"\n"
     "head 0 200 - Cache-Control: max-age=60\n"
     "body 0 a\n"
     "advance 95ms\n"
     "body 0 b\n"
     "advance 95ms\n"
     "body 0 c\n"
     "advance 95ms\n"
     "body 0 d\n"
     "advance 95ms\n"
     "body 0 e\n"
     "advance 95ms\n"
     "body 0 f\n"
     "advance 95ms\n"
     "body 0 g\n"
     "advance 95ms\n"
     "body 0 h\n"
     "advance 95ms\n"
     "body 0 i\n"
     "advance 95ms\n"
     "body 0 j\n"
     "advance 95ms\n"
     "body 0 k\n"
     "advance 49ms\n"
     "waits a\n"
     "advance 1ms\n"
     "reads a 200 abcdefghijk\n"},
    {"D-50", "nor when it is large",
     "rule hold 4\n"
     "ask a GET / If-None-Match: \"x\"\n"
     "head 0 200 - Cache-Control: max-age=60\n"
     "body 0 abcd\n"
     "waits a\n"
     "body 0 e\n"
     "reads a 200 abcde\n"
     "ask b GET / If-None-Match: \"x\"\n"
     "reads b 200 abcde\n"},
    {"D-50", "what breaks off while it is held can still be said",
     "ask a GET / If-None-Match: \"x\"\n"
     "head 0 200 5 Cache-Control: max-age=60\n"
     "body 0 he\n"
     "cut 0\n"
     "failed a 502\n"
     "fact a error=http_response_incomplete\n"},
    {"D-50", "what becomes too large while it is held goes on to its leader",
     "rule object 4\n"
     "ask a GET / If-None-Match: \"x\"\n"
     "head 0 200 - Cache-Control: max-age=60\n"
     "body 0 abc\n"
     "waits a\n"
     "body 0 def\n"
     "reads a 200 abcdef\n"
     "end 0\n"
     "got a 200 abcdef\n"},

    /* ---- passing ---- */
    {"D-50", "private, bare: held back, and tagged at once",
     "ask a GET / Cookie: id=a\n"
     "head 0 200 - Cache-Control: private | Content-Type: text/html | X: 1\n"
     "body 0 hel\n"
     "waits a\n"
     "body 0 lo\n"
     "end 0\n"
     "got a 200 hello\n"
     "line a ETag: \"LPJNul-wow4m6DsqxbninhsW\"\n"
     "line a Content-Type: text/html\n"
     "line a X: 1\n"
     "noline a Last-Modified\n"
     "fact a synthesized=yes stored=no storing=private\n"
     "keep a\n"
     "ask b GET / Cookie: id=a | If-None-Match: $\n"
     "head 1 200 5 Cache-Control: private | X: 2\n"
     "body 1 hello\n"
     "end 1\n"
     "got b 304\n"
     "line b ETag: $\n"
     "line b Cache-Control: private\n"
     "noline b X\n"},
    {"D-50", "one user's tag and another's page: a 200",
     "ask a GET / Cookie: id=a\n"
     "head 0 200 5 Cache-Control: private\n"
     "body 0 alice\n"
     "end 0\n"
     "keep a\n"
     "ask b GET / Cookie: id=b | If-None-Match: $\n"
     "head 1 200 3 Cache-Control: private\n"
     "body 1 bob\n"
     "end 1\n"
     "got b 200 bob\n"},
    {"D-50", "nothing said at all: not stored, but tagged",
     "ask a GET /\n"
     "head 0 200 5\n"
     "body 0 hello\n"
     "end 0\n"
     "got a 200 hello\n"
     "line a ETag: \"LPJNul-wow4m6DsqxbninhsW\"\n"
     "ask b GET / If-None-Match: \"LPJNul-wow4m6DsqxbninhsW\"\n"
     "head 1 200 5\n"
     "body 1 hello\n"
     "end 1\n"
     "got b 304\n"},
    {"D-50", "the empty content has a tag as well",
     "ask a GET /\n"
     "head 0 200 0 Cache-Control: private\n"
     "end 0\n"
     "got a 200\n"
     "line a ETag: \"47DEQpj8HBSa-_TImW-5JCeu\"\n"},
    {"C-9111-5.2.2.5-1", "no-store is never held",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: no-store\n"
     "body 0 he\n"
     "reads a 200 he\n"},
    {"C-9111-5.2.1.5-1", "nor what a request with no-store gets",
     "ask a GET / Cache-Control: no-store\n"
     "head 0 200 5 Cache-Control: private\n"
     "body 0 he\n"
     "reads a 200 he\n"},
    {"C-9111-5.2.2.6-1", "nor what is not to be transformed",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: private, no-transform\n"
     "body 0 he\n"
     "reads a 200 he\n"},
    {"D-21", "nor what sets a cookie, which a 304 would lose",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: private | Set-Cookie: id=a\n"
     "body 0 he\n"
     "reads a 200 he\n"},
    {"C-9110-8.8.2.1-1", "nor what has a date of its own",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: private | Last-Modified: Sun, 31 Dec 2023 00:00:00 GMT\n"
     "body 0 he\n"
     "reads a 200 he\n"},
    {"D-50", "nor a stream of events",
     "ask a GET /\n"
     "head 0 200 - Cache-Control: private | Content-Type: Text/Event-Stream; charset=utf-8\n"
     "body 0 he\n"
     "reads a 200 he\n"},
    {"D-48", "nor what has fields behind it",
     "ask a GET /\n"
     "head 0 200 - Cache-Control: private | Trailer: X-Sum\n"
     "body 0 he\n"
     "reads a 200 he\n"},
    {"D-18", "nor what is asked for in part",
     "ask a GET / Range: bytes=0-1\n"
     "head 0 200 5 Cache-Control: private\n"
     "body 0 he\n"
     "reads a 200 he\n"},
    {"D-50", "nor what is too large by its own word",
     "rule hold 4\n"
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: private\n"
     "body 0 he\n"
     "reads a 200 he\n"},
    {"D-50", "what turns out to be too large goes on at once",
     "rule hold 4\n"
     "ask a GET /\n"
     "head 0 200 - Cache-Control: private\n"
     "body 0 hell\n"
     "waits a\n"
     "body 0 o\n"
     "reads a 200 hello\n"
     "noline a ETag\n"
     "fact a synthesized=no\n"
     "end 0\n"
     "got a 200 hello\n"},
    {"D-50", "far too large in one piece: the origin pauses",
     "rule hold 100000\n"
     "ask a GET /\n"
     "stall a\n"
     "head 0 200 - Cache-Control: private\n"
     "body 0 *104000\n"
     "paused 0\n"
     "read a\n"
     "resumed 0\n"
     "end 0\n"
     "got a 200 *104000\n"},
    {"D-50", "held, and larger than what a pipe holds: the origin does not pause",
     "ask a GET /\n"
     "head 0 200 104000 Cache-Control: private\n"
     "body 0 *78000\n"
     "body 0 *26000\n"
     "end 0\n"
     "got a 200 *104000\n"
     "fact a synthesized=yes\n"},
    {"D-50", "what stalls goes on after a tenth of a second",
     "ask a GET /\n"
     "head 0 200 - Cache-Control: private\n"
     "body 0 he\n"
     "advance 100ms\n"
     "reads a 200 he\n"
     "body 0 llo\n"
     "end 0\n"
     "got a 200 hello\n"},
    {"D-50", "before its first octet, too",
     "ask a GET /\n"
     "head 0 200 - Cache-Control: private\n"
     "waits a\n"
     "advance 100ms\n"
     "reads a 200\n"},
    {"C-9112-8-1", "what breaks off while it is held: 502",
     "ask a GET /\n"
     "head 0 200 5 Cache-Control: private\n"
     "body 0 he\n"
     "cut 0\n"
     "failed a 502\n"
     "fact a error=http_response_incomplete\n"},
    {"D-50", "the asker leaves: the origin is left",
     "ask a GET /\n"
     "head 0 200 70000 Cache-Control: private\n"
     "body 0 he\n"
     "forget a\n"
     "cancelled 0\n"},
    {"CVE-2016-10002", "who follows does not wait for what is held",
     "ask a GET /\n"
     "ask b GET /\n"
     "head 0 200 5 Cache-Control: private\n"
     "fetches 2\n"},

    /* ---- noise ---- */
    {"D-50", "noise: a weak tag, and never shared",
     "rule noise\n"
     "ask a GET /\n"
     "head 0 200 - Cache-Control: max-age=60\n"
     "body 0 <p>csrf=81f3a</p>\n"
     "end 0\n"
     "got a 200 <p>csrf=81f3a</p>\n"
     "fact a storing=has-noise synthesized=yes\n"
     "line a ETag: W/\"jVNLENQHRvRBup5rHTeik9Go\"\n"
     "keep a\n"
     "ask b GET / If-None-Match: $\n"
     "head 1 200 - Cache-Control: max-age=60\n"
     "body 1 <p>csrf=0</p>\n"
     "end 1\n"
     "got b 304\n"
     "ask c GET / If-None-Match: $\n"
     "head 2 200 - Cache-Control: max-age=60\n"
     "body 2 <p>none</p>\n"
     "end 2\n"
     "got c 200 <p>none</p>\n"},
    {"D-50", "noise that takes too long: no tag",
     "rule noise (a+)+(?!.)\n"
     "ask a GET /\n"
     "head 0 200 - Cache-Control: max-age=60\n"
     "body 0 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\n"
     "end 0\n"
     "got a 200 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\n"
     "noline a ETag\n"},
};

static const struct tale tale = {stories, COUNT(stories)};

int main(void)
{
    const struct CMUnitTest tests[] = {TALE_TESTS(tale)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
