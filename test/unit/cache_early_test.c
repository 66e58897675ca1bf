/* Requests that come before the handshake of their client is over: when an origin is asked for
 * them, and what becomes of its 425. */
#include "cache_story.h"

#define FRESH "Cache-Control: max-age=60\n"

static const struct story stories[] = {
    {"C-8470-5.1-1", "an origin that may not know Early-Data is asked when the handshake is over",
     "ask a GET / +early\n"
     "early a\n"
     "fetches 0\n"
     "opened a\n"
     "fetches 1\n"
     "sent 0 lacks Early-Data\n"
     "head 0 200 2 " FRESH "body 0 ab\n"
     "end 0\n"
     "got a 200 ab\n"},
    {"C-8470-5.1-1", "one that knows is asked at once, and told",
     "rule early\n"
     "ask a GET / +early\n"
     "fetches 1\n"
     "sent 0 has Early-Data: 1\n"
     "head 0 200 2 " FRESH "body 0 ab\n"
     "end 0\n"
     "got a 200 ab\n"
     "ask b GET /\n"
     "got b 200 ab\n"
     "fetches 1\n"},
    {"C-8470-5.1-2", "what is stored answers at once",
     "ask a GET /\n"
     "head 0 200 2 " FRESH "body 0 ab\n"
     "end 0\n"
     "ask b GET / +early\n"
     "got b 200 ab\n"
     "fetches 1\n"},
    {"C-8470-5.1-1", "what has to be validated waits",
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: no-cache | ETag: \"1\"\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b GET / +early\n"
     "early b\n"
     "opened b\n"
     "sent 1 has If-None-Match: \"1\"\n"
     "sent 1 lacks Early-Data\n"
     "head 1 304 none ETag: \"1\"\n"
     "end 1\n"
     "got b 200 ab\n"},
    {"C-8470-5.1-1", "or is validated early",
     "rule early\n"
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: no-cache | ETag: \"1\"\n"
     "body 0 ab\n"
     "end 0\n"
     "ask b GET / +early\n"
     "sent 1 has If-None-Match: \"1\"\n"
     "sent 1 has Early-Data: 1\n"
     "head 1 304 none ETag: \"1\"\n"
     "end 1\n"
     "got b 200 ab\n"},
    {"C-8470-5.2-2", "a 425 is not told: the request goes out again when the handshake is over",
     "rule early\n"
     "ask a GET / +early\n"
     "head 0 425 5 Cache-Control: max-age=60\n"
     "body 0 later\n"
     "end 0\n"
     "early a\n"
     "fetches 1\n"
     "opened a\n"
     "fetches 2\n"
     "sent 1 lacks Early-Data\n"
     "head 1 200 2 " FRESH "body 1 ab\n"
     "end 1\n"
     "got a 200 ab\n"
     "fact a fwd=uri-miss\n"},
    {"C-8470-5.2-2", "at once, if it is over by then",
     "rule early\n"
     "ask a GET / +early\n"
     "opened a\n"
     "head 0 425 0\n"
     "end 0\n"
     "fetches 2\n"
     "sent 1 lacks Early-Data\n"
     "head 1 200 2 " FRESH "body 1 ab\n"
     "end 1\n"
     "got a 200 ab\n"},
    {"C-8470-5.2-2", "much content of a 425 is not waited for",
     "rule early\n"
     "ask a GET / +early\n"
     "head 0 425 900000\n"
     "cancelled 0\n"
     "early a\n"
     "opened a\n"
     "head 1 200 2 " FRESH "body 1 ab\n"
     "end 1\n"
     "got a 200 ab\n"},
    {"C-8470-5.2-1", "425 to a request that was not early any more passes",
     "ask a GET /\n"
     "head 0 425 5 -\n"
     "body 0 later\n"
     "end 0\n"
     "got a 425 later\n"},
    {"C-8470-5.2-1", "a client that says Early-Data itself gets it",
     "rule early\n"
     "ask a GET / +early Early-Data: 1\n"
     "sent 0 has Early-Data: 1\n"
     "head 0 425 5 -\n"
     "body 0 later\n"
     "end 0\n"
     "got a 425 later\n"
     "fetches 1\n"},
    {"C-8470-5.2-1", "also without the rule, when its own handshake is over",
     "ask a GET / Early-Data: 1\n"
     "sent 0 has Early-Data: 1\n"
     "head 0 425 5 -\n"
     "body 0 later\n"
     "end 0\n"
     "got a 425 later\n"},
    {"C-8470-5.2-2", "a 425 is not stored, whatever it says",
     "ask a GET / Early-Data: 1\n"
     "head 0 425 5 Cache-Control: public, max-age=60\n"
     "body 0 later\n"
     "end 0\n"
     "got a 425 later\n"
     "ask b GET /\n"
     "fetches 2\n"
     "head 1 200 2 " FRESH "body 1 ab\n"
     "end 1\n"
     "got b 200 ab\n"},
    {"C-8470-5.2-2", "nobody follows who says Early-Data",
     "ask a GET / Early-Data: 1\n"
     "ask b GET /\n"
     "fetches 2\n"
     "sent 1 lacks Early-Data\n"
     "head 0 425 0\n"
     "end 0\n"
     "head 1 200 2 " FRESH "body 1 ab\n"
     "end 1\n"
     "got a 425\n"
     "got b 200 ab\n"},
    {"C-8470-5.2-2", "who follows an early fetch hears nothing of its 425",
     "rule early\n"
     "ask a GET / +early\n"
     "ask b@1 GET /\n"
     "fetches 1\n"
     "head 0 425 0\n"
     "end 0\n"
     "early a\n"
     "fetches 2\n"
     "sent 1 lacks Early-Data\n"
     "head 1 200 2 " FRESH "body 1 ab\n"
     "end 1\n"
     "got b 200 ab\n"
     "opened a\n"
     "got a 200 ab\n"
     "fetches 2\n"},
    {"C-8470-5.1-1", "an early request follows what another one fetches",
     "ask a GET /\n"
     "ask b@1 GET / +early\n"
     "waits b\n"
     "head 0 200 2 " FRESH "body 0 ab\n"
     "end 0\n"
     "got b 200 ab\n"
     "fetches 1\n"},
    {"C-8470-5.1-1", "and waits for its handshake, if that was for another alone",
     "ask a GET /\n"
     "ask b@1 GET / +early\n"
     "head 0 200 2 Cache-Control: private\n"
     "body 0 ab\n"
     "end 0\n"
     "early b\n"
     "opened b\n"
     "head 1 200 2 -\n"
     "body 1 cd\n"
     "end 1\n"
     "got b 200 cd\n"},
    {"C-8470-5.1-1", "no fetch is begun beside what answers",
     "rule early\n"
     "ask a GET /\n"
     "head 0 200 2 Cache-Control: max-age=60, stale-while-revalidate=60\n"
     "body 0 ab\n"
     "end 0\n"
     "advance 61s\n"
     "ask b GET / +early\n"
     "got b 200 ab\n"
     "fetches 1\n"
     "ask c GET /\n"
     "got c 200 ab\n"
     "fetches 2\n"},
    {"C-8470-5.1-1", "past the store it is the same",
     "rule off\n"
     "ask a GET / +early\n"
     "early a\n"
     "opened a\n"
     "head 0 200 2 -\n"
     "body 0 ab\n"
     "end 0\n"
     "got a 200 ab\n"},
    {"C-8470-5.1-1", "past the store, to one that knows",
     "rule off\n"
     "rule early\n"
     "ask a OPTIONS / +early\n"
     "sent 0 has Early-Data: 1\n"
     "head 0 425 0\n"
     "end 0\n"
     "early a\n"
     "opened a\n"
     "sent 1 lacks Early-Data\n"
     "head 1 204 none\n"
     "end 1\n"
     "got a 204\n"},
    {"C-8470-4-1", "nothing is switched to another protocol early",
     "rule early\n"
     "ask a GET / +upgrade +early Connection: upgrade | Upgrade: websocket\n"
     "early a\n"
     "opened a\n"
     "sent 0 lacks Early-Data\n"
     "head 0 200 0\n"
     "end 0\n"
     "got a 200\n"},
};

static const struct tale tale = {stories, COUNT(stories)};

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALE_TESTS(tale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
