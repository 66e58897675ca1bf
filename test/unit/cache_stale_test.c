/* What is stale: it is validated, or answers all the same. */
#include "cache_story.h"

static const struct story stories[] = {
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
};

static const struct tale tale = {stories, COUNT(stories)};

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALE_TESTS(tale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
