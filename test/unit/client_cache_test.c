/* The client's cache: stories of a few requests each, told as rows. */
#include "client_world.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

/* A request and what becomes of it. Lines in `sent`, `sent_again` and `head` must be there; those
 * that begin with "!" must not. */
struct step {
    int64_t at; /* s since the story began */
    const char *method, *url, *ask;
    const char *reply, *body;       /* of the origin; NULL: it is not to be asked */
    const char *again, *again_body; /* when it is asked once more */
    const char *sent, *sent_again;
    int status;
    const char *content, *head;
    enum cache_source source;
    enum transfer_result result; /* how the first transfer ends */
    size_t enough;               /* the caller takes no more; 0: all */
};

enum { STEPS_MAX = 6 };

struct story {
    const char *id;
    const char *name;
    enum cache_mode mode;
    struct step steps[STEPS_MAX];
};

#define NET CACHE_SOURCE_NETWORK
#define FRESH CACHE_SOURCE_STORED
#define SAME CACHE_SOURCE_VALIDATED
#define STALE CACHE_SOURCE_STALE
#define BOTH CACHE_SOURCE_COMPLETED
#define OURS CACHE_SOURCE_NONE
#define DOWN "" /* it cannot be reached */

#define A "200\nETag: \"a\"\nCache-Control: max-age=60\n"
#define MOD "Last-Modified: Sun, 06 Nov 1994 07:49:37 GMT\n"
#define GETS_A                                                                    \
    {                                                                             \
        .reply = A, .body = "one", .status = 200, .content = "one", .source = NET \
    }

static const struct story fresh_stories[] = {
    {"C-9111-4-5",
     "fresh",
     0,
     {GETS_A, {.at = 59, .status = 200, .content = "one", .source = FRESH}}},
    {"C-9111-4.2-1",
     "as old as its lifetime is stale",
     0,
     {GETS_A,
      {.at = 60,
       .reply = "304\nETag: \"a\"\n",
       .sent = "If-None-Match: \"a\"\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-4-6",
     "Age is told",
     0,
     {GETS_A, {.at = 7, .status = 200, .content = "one", .source = FRESH, .head = "Age: 7\n"}}},
    {"C-9110-6.6.1-3",
     "a Date is added",
     0,
     {GETS_A,
      {.at = 7,
       .status = 200,
       .content = "one",
       .source = FRESH,
       .head = "Date: Sun, 06 Nov 1994 08:49:37 GMT\n"}}},
    {"C-9111-4.2.3-1",
     "its Age counts",
     0,
     {{.reply = A "Age: 50\n", .body = "one", .status = 200, .content = "one", .source = NET},
      {.at = 10, .reply = A, .body = "two", .status = 200, .content = "two", .source = NET}}},
    {"C-9111-4.2.2-3",
     "a lifetime is guessed",
     0,
     {{.reply = "200\n" MOD, .body = "one", .status = 200, .content = "one", .source = NET},
      {.at = 359, .status = 200, .content = "one", .source = FRESH},
      {.at = 361,
       .reply = "304\n",
       .sent = "If-Modified-Since: Sun, 06 Nov 1994 07:49:37 GMT\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-3-4",
     "no-store",
     0,
     {{.reply = "200\nETag: \"a\"\nCache-Control: no-store, max-age=9\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.reply = A,
       .body = "two",
       .sent = "!If-None-Match",
       .status = 200,
       .content = "two",
       .source = NET}}},
    {"C-9111-3-7",
     "private",
     0,
     {{.reply = "200\nETag: \"a\"\nCache-Control: private, max-age=60\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.at = 9, .status = 200, .content = "one", .source = FRESH}}},
    {"C-9111-4-4",
     "no-cache",
     0,
     {{.reply = "200\nETag: \"a\"\nCache-Control: no-cache, max-age=60\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.reply = "304\nETag: \"a\"\n", .status = 200, .content = "one", .source = SAME}}},
    {"C-9213-2.2-3",
     "targeted fields are not for us",
     0,
     {{.reply = A "CDN-Cache-Control: no-store\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.status = 200, .content = "one", .source = FRESH}}},
    {"D-27",
     "s-maxage is not for us",
     0,
     {{.reply = "200\nCache-Control: s-maxage=1, max-age=60\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.at = 30, .status = 200, .content = "one", .source = FRESH}}},
    {"D-21",
     "cookies are kept",
     0,
     {{.reply = A "Set-Cookie: a=1\nSet-Cookie: b=2\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.status = 200,
       .content = "one",
       .source = FRESH,
       .head = "Set-Cookie: a=1\nSet-Cookie: b=2\n"}}},
    {"C-9111-3.1-3",
     "no-cache=\"...\" keeps one out",
     0,
     {{.reply = "200\nCache-Control: max-age=60, no-cache=\"x-foo\"\nX-Foo: 1\nX-Bar: 2\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET,
       .head = "X-Foo: 1\n"},
      {.status = 200, .content = "one", .source = FRESH, .head = "X-Bar: 2\n"}}},
    {"C-9111-3.1-4",
     "what a proxy said of itself",
     0,
     {{.reply = A "Proxy-Authenticate: Basic\nConnection: x-c\nX-C: 1\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.status = 200, .content = "one", .source = FRESH, .head = "!Proxy-Authenticate"},
      {.status = 200, .content = "one", .source = FRESH, .head = "!X-C"}}},
    {"C-9110-4.2.3-1",
     "spellings of a URL",
     0,
     {GETS_A,
      {.url = "HTTP://EXAMPLE.org:80/wh%65re?q=now",
       .status = 200,
       .content = "one",
       .source = FRESH},
      {.url = WORLD_URL "#part", .status = 200, .content = "one", .source = FRESH},
      {.url = "http://example.org/where?q=now2",
       .reply = A,
       .body = "two",
       .status = 200,
       .content = "two",
       .source = NET}}},
    {"C-9110-9.3.1-1",
     "HEAD from what GET got",
     0,
     {GETS_A, {.method = "HEAD", .status = 200, .content = "", .source = FRESH}}},
    {"C-9110-9.3.2-3",
     "GET not from what HEAD got",
     0,
     {{.method = "HEAD", .reply = A, .status = 200, .content = "", .source = NET},
      {.method = "HEAD", .status = 200, .content = "", .source = FRESH},
      GETS_A}},
    {"D-34",
     "a redirection",
     0,
     {{.reply = "301\nLocation: /x\nCache-Control: max-age=60\n",
       .status = 301,
       .content = "",
       .source = NET},
      {.at = 9, .status = 301, .content = "", .source = FRESH, .head = "Location: /x\n"}}},
    {"D-36",
     "GET with content",
     0,
     {GETS_A,
      {.method = "GET",
       .ask = "content",
       .reply = A,
       .body = "two",
       .status = 200,
       .content = "two",
       .source = NET}}},
    {"C-9110-9.3.4-3",
     "POST is not stored",
     0,
     {{.method = "POST", .reply = A, .body = "one", .status = 200, .content = "one", .source = NET},
      {.method = "POST",
       .reply = A,
       .body = "two",
       .status = 200,
       .content = "two",
       .source = NET}}},
    {"D-25",
     "the clock is set back",
     0,
     {GETS_A,
      {.at = -9,
       .reply = "304\nETag: \"a\"\n",
       .sent = "If-None-Match: \"a\"\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
};

static const struct story request_stories[] = {
    {"C-9111-5.2.1.1-1",
     "max-age of the request",
     0,
     {GETS_A,
      {.at = 9,
       .ask = "Cache-Control: max-age=5\n",
       .reply = "304\nETag: \"a\"\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-5.2.1.2-1",
     "max-stale",
     0,
     {GETS_A,
      {.at = 69,
       .ask = "Cache-Control: max-stale=10\n",
       .status = 200,
       .content = "one",
       .source = STALE},
      {.at = 71,
       .ask = "Cache-Control: max-stale=10\n",
       .reply = "304\nETag: \"a\"\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-4.2.4-1",
     "max-stale and must-revalidate",
     0,
     {{.reply = "200\nETag: \"a\"\nCache-Control: max-age=60, must-revalidate\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.at = 61,
       .ask = "Cache-Control: max-stale\n",
       .reply = "304\nETag: \"a\"\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-5.2.1.3-1",
     "min-fresh",
     0,
     {GETS_A,
      {.at = 55,
       .ask = "Cache-Control: min-fresh=9\n",
       .reply = "304\nETag: \"a\"\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-5.2.1.4-1",
     "no-cache of the request",
     0,
     {GETS_A,
      {.ask = "Cache-Control: no-cache\n",
       .reply = "304\nETag: \"a\"\n",
       .sent = "Cache-Control: no-cache\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-5.2.1.5-1",
     "no-store of the request",
     0,
     {{.ask = "Cache-Control: no-store\n",
       .reply = A,
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      GETS_A,
      {.ask = "Cache-Control: no-store\n", .status = 200, .content = "one", .source = FRESH}}},
    {"C-9111-5.2.1.7-1",
     "only-if-cached",
     0,
     {{.ask = "Cache-Control: only-if-cached\n", .status = 504, .content = "", .source = OURS},
      GETS_A,
      {.at = 9,
       .ask = "Cache-Control: only-if-cached\n",
       .status = 200,
       .content = "one",
       .source = FRESH},
      {.at = 60,
       .ask = "Cache-Control: only-if-cached\n",
       .status = 504,
       .content = "",
       .source = OURS}}},
    {"C-9111-5.2.1.7-1",
     "offline",
     CACHE_OFFLINE,
     {{.status = 504, .content = "", .source = OURS}}},
    {"D-29",
     "Pragma",
     0,
     {GETS_A,
      {.ask = "Pragma: no-cache\n",
       .reply = "304\nETag: \"a\"\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-5.2.1.4-1",
     "reload",
     CACHE_REVALIDATE,
     {GETS_A,
      {.reply = "304\nETag: \"a\"\n",
       .sent = "Cache-Control: no-cache\nIf-None-Match: \"a\"\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-5.2.1.5-1",
     "switched off",
     CACHE_OFF,
     {GETS_A,
      {.reply = A,
       .body = "two",
       .sent = "!If-None-Match",
       .status = 200,
       .content = "two",
       .source = NET}}},
    {"C-9111-4.3.2-1",
     "If-None-Match from storage",
     0,
     {GETS_A,
      {.ask = "If-None-Match: \"z\", W/\"a\"\n",
       .status = 304,
       .content = "",
       .source = FRESH,
       .head = "ETag: \"a\"\n"},
      {.ask = "If-None-Match: \"z\"\n", .status = 200, .content = "one", .source = FRESH}}},
    {"C-9111-4.3.2-2",
     "If-Match is for the origin",
     0,
     {GETS_A,
      {.ask = "If-Match: \"z\"\n",
       .reply = "412\n",
       .sent = "If-Match: \"z\"\n",
       .status = 412,
       .content = "",
       .source = NET}}},
    {"D-14",
     "a 304 with nothing stored",
     0,
     {{.ask = "If-None-Match: \"a\"\n",
       .reply = "304\nETag: \"a\"\n",
       .status = 304,
       .content = "",
       .source = NET}}},
};

static const struct story validation_stories[] = {
    {"C-9111-4.3.3-2",
     "a full response",
     0,
     {GETS_A,
      {.at = 60,
       .reply = "200\nETag: \"b\"\nCache-Control: max-age=60\n",
       .body = "two",
       .sent = "If-None-Match: \"a\"\n",
       .status = 200,
       .content = "two",
       .source = NET},
      {.at = 61, .status = 200, .content = "two", .source = FRESH}}},
    {"C-9111-4.3.1-3",
     "the date goes along",
     0,
     {{.reply = A MOD, .body = "one", .status = 200, .content = "one", .source = NET},
      {.at = 60,
       .reply = "304\nETag: \"a\"\n",
       .sent = "If-None-Match: \"a\"\nIf-Modified-Since: Sun, 06 Nov 1994 07:49:37 GMT\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-4.2.3-5",
     "a 304 makes it young",
     0,
     {GETS_A,
      {.at = 60, .reply = "304\nETag: \"a\"\n", .status = 200, .content = "one", .source = SAME},
      {.at = 119, .status = 200, .content = "one", .source = FRESH, .head = "Age: 59\n"}}},
    {"C-9111-3.2-1",
     "a 304 updates fields",
     0,
     {{.reply = A "X-Foo: old\n", .body = "one", .status = 200, .content = "one", .source = NET},
      {.at = 60,
       .reply = "304\nETag: \"a\"\nX-Foo: new\nCache-Control: max-age=5\n",
       .status = 200,
       .content = "one",
       .source = SAME,
       .head = "X-Foo: new\n"},
      {.at = 64, .status = 200, .content = "one", .source = FRESH, .head = "X-Foo: new\n"},
      {.at = 65, .reply = "304\nETag: \"a\"\n", .status = 200, .content = "one", .source = SAME}}},
    {"C-9111-3.2-2",
     "a 304 leaves lengths and codings",
     0,
     {{.reply = A "Content-Length: 3\nContent-Encoding: gzip\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.at = 60,
       .reply = "304\nETag: \"a\"\nContent-Length: 0\nContent-Encoding: br\n",
       .status = 200,
       .content = "one",
       .source = SAME,
       .head = "Content-Length: 3\nContent-Encoding: gzip\n"}}},
    {"C-9111-3-4",
     "a 304 with no-store",
     0,
     {GETS_A,
      {.at = 60,
       .reply = "304\nETag: \"a\"\nCache-Control: no-store\n",
       .status = 200,
       .content = "one",
       .source = SAME},
      {.at = 61,
       .reply = A,
       .body = "two",
       .sent = "!If-None-Match",
       .status = 200,
       .content = "two",
       .source = NET}}},
    {"D-15",
     "a 304 that fits nothing",
     0,
     {GETS_A,
      {.at = 60,
       .reply = "304\nETag: \"b\"\n",
       .again = A,
       .again_body = "two",
       .sent = "If-None-Match: \"a\"\n",
       .sent_again = "!If-None-Match",
       .status = 200,
       .content = "two",
       .source = NET}}},
    {"D-16",
     "a 304 with another digest",
     0,
     {{.reply = A "Repr-Digest: sha-256=:AAAA:\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.at = 60,
       .reply = "304\nETag: \"a\"\nRepr-Digest: sha-256=:BBBB:\n",
       .again = A,
       .again_body = "two",
       .sent_again = "!If-None-Match",
       .status = 200,
       .content = "two",
       .source = NET}}},
    {"D-01",
     "a 304 that nobody asked for",
     0,
     {{.reply = "304\nETag: \"b\"\n", .status = 502, .content = "", .source = OURS}}},
    {"D-12",
     "a 304 from a stale cache",
     0,
     {{.reply = "200\nETag: \"a\"\nCache-Control: max-age=60, must-revalidate\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.at = 60,
       .reply = "304\nETag: \"a\"\nAge: 100\n",
       .again = "304\nETag: \"a\"\n",
       .sent_again = "If-None-Match: \"a\"\nCache-Control: max-age=0\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"D-41",
     "stale if the origin cannot be reached",
     0,
     {GETS_A,
      {.at = 60,
       .reply = DOWN,
       .status = 200,
       .content = "one",
       .source = STALE,
       .head = "Age: 60\n"}}},
    {"C-9111-4.2.4-1",
     "must-revalidate and it cannot be reached",
     0,
     {{.reply = "200\nETag: \"a\"\nCache-Control: max-age=60, must-revalidate\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.at = 60, .reply = DOWN, .status = 0, .content = "", .source = OURS}}},
    {"D-41",
     "an untrusted origin is not away",
     0,
     {GETS_A,
      {.at = 60,
       .reply = DOWN,
       .result = TRANSFER_TLS,
       .status = 0,
       .content = "",
       .source = OURS}}},
    {"C-5861-4-1",
     "stale-if-error",
     0,
     {{.reply = "200\nETag: \"a\"\nCache-Control: max-age=60, stale-if-error=60\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.at = 61, .reply = "503\n", .body = "no", .status = 200, .content = "one", .source = STALE},
      {.at = 130, .reply = "503\n", .body = "no", .status = 503, .content = "no", .source = NET}}},
    {"D-41",
     "an error without a permission",
     0,
     {GETS_A,
      {.at = 60, .reply = "500\n", .body = "no", .status = 500, .content = "no", .source = NET}}},
    {"D-42",
     "stale-while-revalidate",
     0,
     {{.reply = "200\nETag: \"a\"\nCache-Control: max-age=60, stale-while-revalidate=60\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.at = 61, .status = 200, .content = "one", .source = STALE},
      {.at = 130, .reply = "304\nETag: \"a\"\n", .status = 200, .content = "one", .source = SAME}}},
    {"C-8246-2-2",
     "immutable, and a reload",
     0,
     {{.reply = "200\nETag: \"a\"\nCache-Control: max-age=60, immutable\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      /* over plain HTTP it is not believed [RFC 8246 §3] */
      {.at = 9,
       .ask = "Cache-Control: max-age=0\n",
       .reply = "304\nETag: \"a\"\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-4.3.5-2",
     "HEAD shows the same",
     0,
     {GETS_A,
      {.at = 60,
       .method = "HEAD",
       .reply = A "Content-Length: 3\nX-Foo: new\n",
       .sent = "!If-None-Match",
       .status = 200,
       .content = "",
       .source = NET},
      {.at = 61, .status = 200, .content = "one", .source = FRESH, .head = "X-Foo: new\n"}}},
    {"D-17",
     "HEAD shows another",
     0,
     {GETS_A,
      {.at = 5,
       .method = "HEAD",
       .ask = "Cache-Control: no-cache\n",
       .reply = "200\nETag: \"b\"\nCache-Control: max-age=60\n",
       .status = 200,
       .content = "",
       .source = NET},
      {.at = 6,
       .reply = "304\nETag: \"a\"\n",
       .sent = "If-None-Match: \"a\"\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-4.4-1",
     "POST invalidates",
     0,
     {GETS_A,
      {.method = "POST", .reply = "204\n", .status = 204, .content = "", .source = NET},
      {.reply = "304\nETag: \"a\"\n",
       .sent = "If-None-Match: \"a\"\n",
       .status = 200,
       .content = "one",
       .source = SAME},
      {.method = "FOO", .reply = "500\n", .status = 500, .content = "", .source = NET},
      {.status = 200, .content = "one", .source = FRESH}}},
    {"C-9111-4.4-2",
     "and what Location names",
     0,
     {GETS_A,
      {.method = "PUT",
       .url = "http://example.org/other",
       .reply = "201\nLocation: /where?q=now\n",
       .status = 201,
       .content = "",
       .source = NET},
      {.reply = "304\nETag: \"a\"\n", .status = 200, .content = "one", .source = SAME}}},
    {"C-9111-4.4-3",
     "but not on another host",
     0,
     {GETS_A,
      {.method = "PUT",
       .url = "http://other.example/",
       .reply = "201\nLocation: " WORLD_URL "\n",
       .status = 201,
       .content = "",
       .source = NET},
      {.status = 200, .content = "one", .source = FRESH}}},
};

static const struct story variant_stories[] = {
    {"C-9111-4.1-1",
     "Vary",
     0,
     {{.ask = "Accept-Language: de\n",
       .reply = A "Vary: Accept-Language\n",
       .body = "eins",
       .status = 200,
       .content = "eins",
       .source = NET},
      {.ask = "Accept-Language: en\n",
       .reply = "200\nETag: \"b\"\nVary: Accept-Language\nCache-Control: max-age=60\n",
       .body = "one",
       .sent = "If-None-Match: \"a\"\n",
       .status = 200,
       .content = "one",
       .source = NET},
      {.ask = "Accept-Language: de\n", .status = 200, .content = "eins", .source = FRESH},
      {.ask = "Accept-Language: en\n", .status = 200, .content = "one", .source = FRESH},
      {.reply = "304\nETag: \"b\"\n",
       .sent = "If-None-Match: \"a\", \"b\"\n",
       .status = 200,
       .content = "one",
       .source = SAME}}},
    {"C-9111-4.1-4",
     "Vary: *",
     0,
     {{.reply = A "Vary: *\n", .body = "one", .status = 200, .content = "one", .source = NET},
      {.reply = A, .body = "two", .status = 200, .content = "two", .source = NET}}},
    {"C-9111-4.1-3",
     "absent is not empty",
     0,
     {{.ask = "X-Foo: \n",
       .reply = A "Vary: X-Foo\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.reply = A "Vary: X-Foo\n", .body = "two", .status = 200, .content = "two", .source = NET}}},
    {"C-9111-7.3-1",
     "another user",
     0,
     {{.ask = "Authorization: Basic a\n",
       .reply = A,
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.ask = "Authorization: Basic b\n",
       .reply = A,
       .body = "two",
       .sent = "!If-None-Match",
       .status = 200,
       .content = "two",
       .source = NET},
      {.reply = A,
       .body = "three",
       .sent = "!If-None-Match",
       .status = 200,
       .content = "three",
       .source = NET},
      {.ask = "Authorization: Basic a\n", .status = 200, .content = "one", .source = FRESH},
      {.ask = "Authorization: Basic b\n", .status = 200, .content = "two", .source = FRESH},
      {.status = 200, .content = "three", .source = FRESH}}},
    {"C-9111-7.3-1",
     "public makes no difference",
     0,
     {{.ask = "Authorization: Basic a\n",
       .reply = A "Cache-Control: public\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.ask = "Authorization: Basic b\n",
       .reply = A,
       .body = "two",
       .status = 200,
       .content = "two",
       .source = NET}}},
    {"C-9111-7.3-1",
     "another cookie",
     0,
     {{.ask = "Cookie: s=1\n",
       .reply = A "Vary: Cookie\n",
       .body = "one",
       .status = 200,
       .content = "one",
       .source = NET},
      {.ask = "Cookie: s=2\n",
       .reply = A,
       .body = "two",
       .sent = "!If-None-Match",
       .status = 200,
       .content = "two",
       .source = NET},
      {.ask = "Cookie: s=1\n", .status = 200, .content = "one", .source = FRESH}}},
    {"C-9111-4.4-1",
     "a user's POST reaches what others have",
     0,
     {GETS_A,
      {.method = "POST",
       .ask = "Authorization: Basic a\n",
       .reply = "204\n",
       .status = 204,
       .content = "",
       .source = NET},
      {.reply = "304\nETag: \"a\"\n", .status = 200, .content = "one", .source = SAME}}},
};

#define TEN "0123456789"
#define WHOLE "200\nETag: \"a\"\nCache-Control: max-age=60\nContent-Length: 10\n"
#define PART(range, size)                                                              \
    "206\nETag: \"a\"\nCache-Control: max-age=60\nContent-Range: bytes " range "/10\n" \
    "Content-Length: " size "\n"

static const struct story part_stories[] = {
    {"C-9110-14.2-5",
     "a range of what is whole",
     0,
     {{.reply = WHOLE, .body = TEN, .status = 200, .content = TEN, .source = NET},
      {.ask = "Range: bytes=2-4\n",
       .status = 206,
       .content = "234",
       .source = FRESH,
       .head = "Content-Range: bytes 2-4/10\nContent-Length: 3\n"},
      {.ask = "Range: bytes=-2\n", .status = 206, .content = "89", .source = FRESH},
      {.ask = "Range: bytes=20-\n",
       .status = 416,
       .content = "",
       .source = FRESH,
       .head = "Content-Range: bytes */10\n"},
      {.ask = "Range: bytes=2-4\nIf-Range: \"b\"\n",
       .status = 200,
       .content = TEN,
       .source = FRESH},
      {.ask = "Range: bytes=2-4\nIf-Range: \"a\"\n",
       .status = 206,
       .content = "234",
       .source = FRESH}}},
    {"D-18",
     "a range of what is stale",
     0,
     {{.reply = WHOLE, .body = TEN, .status = 200, .content = TEN, .source = NET},
      {.at = 60,
       .ask = "Range: bytes=2-4\n",
       .reply = "304\nETag: \"a\"\n",
       .sent = "If-None-Match: \"a\"\n",
       .status = 206,
       .content = "234",
       .source = SAME}}},
    {"D-18",
     "is not asked for",
     0,
     {{.reply = WHOLE, .body = TEN, .status = 200, .content = TEN, .source = NET},
      {.at = 60,
       .ask = "Range: bytes=2-4\n",
       .reply = "304\nETag: \"a\"\n",
       .sent = "!Range",
       .status = 206,
       .content = "234",
       .source = SAME}}},
    {"C-9111-3.3-3",
     "from a part",
     0,
     {{.ask = "Range: bytes=0-4\n",
       .reply = PART("0-4", "5"),
       .body = "01234",
       .status = 206,
       .content = "01234",
       .source = NET},
      {.ask = "Range: bytes=1-3\n",
       .status = 206,
       .content = "123",
       .source = FRESH,
       .head = "Content-Range: bytes 1-3/10\nContent-Length: 3\n"},
      {.at = 60,
       .ask = "Range: bytes=1-3\n",
       .reply = "304\nETag: \"a\"\n",
       .sent = "If-None-Match: \"a\"\n",
       .status = 206,
       .content = "123",
       .source = SAME}}},
    {"C-9110-15.3.7.3-3",
     "a part completed",
     0,
     {{.ask = "Range: bytes=0-4\n",
       .reply = PART("0-4", "5"),
       .body = "01234",
       .status = 206,
       .content = "01234",
       .source = NET},
      {.reply = PART("5-9", "5"),
       .body = "56789",
       .sent = "Range: bytes=5-9\nIf-Range: \"a\"\n",
       .status = 200,
       .content = TEN,
       .source = BOTH,
       .head = "Content-Length: 10\n"},
      {.status = 200, .content = TEN, .source = FRESH, .head = "!Content-Range"}}},
    {"C-9111-3.4-1",
     "at its beginning",
     0,
     {{.ask = "Range: bytes=5-9\n",
       .reply = PART("5-9", "5"),
       .body = "56789",
       .status = 206,
       .content = "56789",
       .source = NET},
      {.reply = PART("0-4", "5"),
       .body = "01234",
       .sent = "Range: bytes=0-4\n",
       .status = 200,
       .content = TEN,
       .source = BOTH},
      {.status = 200, .content = TEN, .source = FRESH}}},
    {"C-9111-3.4-1",
     "to a larger part",
     0,
     {{.ask = "Range: bytes=0-4\n",
       .reply = PART("0-4", "5"),
       .body = "01234",
       .status = 206,
       .content = "01234",
       .source = NET},
      {.ask = "Range: bytes=3-7\n",
       .reply = PART("5-7", "3"),
       .body = "567",
       .sent = "Range: bytes=5-7\n",
       .status = 206,
       .content = "34567",
       .source = BOTH,
       .head = "Content-Range: bytes 3-7/10\nContent-Length: 5\n"},
      {.ask = "Range: bytes=0-7\n", .status = 206, .content = "01234567", .source = FRESH}}},
    {"C-9110-15.3.7.3-1",
     "a part of another version",
     0,
     {{.ask = "Range: bytes=0-4\n",
       .reply = PART("0-4", "5"),
       .body = "01234",
       .status = 206,
       .content = "01234",
       .source = NET},
      {.reply = "206\nETag: \"b\"\nContent-Range: bytes 5-9/10\nContent-Length: 5\n",
       .body = "fghij",
       .again = "200\nETag: \"b\"\nContent-Length: 10\n",
       .again_body = "abcdefghij",
       .sent_again = "!Range",
       .status = 200,
       .content = "abcdefghij",
       .source = NET}}},
    {"C-9110-13.1.5-6",
     "another version, whole",
     0,
     {{.ask = "Range: bytes=0-4\n",
       .reply = PART("0-4", "5"),
       .body = "01234",
       .status = 206,
       .content = "01234",
       .source = NET},
      {.reply = "200\nETag: \"b\"\nCache-Control: max-age=60\nContent-Length: 3\n",
       .body = "abc",
       .status = 200,
       .content = "abc",
       .source = NET},
      {.status = 200, .content = "abc", .source = FRESH}}},
    {"C-9111-3.3-1",
     "broken off, then completed",
     0,
     {{.reply = WHOLE,
       .body = "012",
       .result = TRANSFER_BROKEN,
       .status = 200,
       .content = "012",
       .source = NET},
      {.ask = "Range: bytes=0-2\n", .status = 206, .content = "012", .source = FRESH},
      {.reply = PART("3-9", "7"),
       .body = "3456789",
       .sent = "Range: bytes=3-9\nIf-Range: \"a\"\n",
       .status = 200,
       .content = TEN,
       .source = BOTH},
      {.status = 200, .content = TEN, .source = FRESH}}},
    {"C-9111-3.3-1",
     "given up by the caller",
     0,
     {{.reply = WHOLE, .body = TEN, .enough = 4, .status = 200, .content = "012345", .source = NET},
      {.reply = PART("6-9", "4"),
       .body = "6789",
       .sent = "Range: bytes=6-9\n",
       .status = 200,
       .content = TEN,
       .source = BOTH}}},
    {"C-9111-3.3-4",
     "broken off and never whole: no tag",
     0,
     {{.reply = "200\nCache-Control: max-age=60\nContent-Length: 10\n",
       .body = "012",
       .result = TRANSFER_BROKEN,
       .status = 200,
       .content = "012",
       .source = NET},
      {.reply = A,
       .body = "one",
       .sent = "!Range",
       .status = 200,
       .content = "one",
       .source = NET}}},
    {"C-9111-3.3-4",
     "fewer octets than were said",
     0,
     {{.reply = "200\nETag: W/\"a\"\nCache-Control: max-age=60\nContent-Length: 10\n",
       .body = "012",
       .status = 200,
       .content = "012",
       .source = NET},
      {.reply = A,
       .body = "one",
       .sent = "!If-None-Match",
       .status = 200,
       .content = "one",
       .source = NET}}},
    {"C-9111-3.3-4",
     "the completing breaks off",
     0,
     {{.ask = "Range: bytes=0-4\n",
       .reply = PART("0-4", "5"),
       .body = "01234",
       .status = 206,
       .content = "01234",
       .source = NET},
      {.reply = PART("5-9", "5"),
       .body = "56",
       .result = TRANSFER_BROKEN,
       .status = 200,
       .content = "0123456",
       .source = BOTH},
      {.reply = PART("7-9", "3"),
       .body = "789",
       .sent = "Range: bytes=7-9\n",
       .status = 200,
       .content = TEN,
       .source = BOTH}}},
    {"D-19",
     "a part under a weak tag",
     0,
     {{.ask = "Range: bytes=0-4\n",
       .reply = "206\nETag: W/\"a\"\nCache-Control: max-age=60\nContent-Range: bytes 0-4/10\n",
       .body = "01234",
       .status = 206,
       .content = "01234",
       .source = NET},
      {.ask = "Range: bytes=0-4\n",
       .reply = PART("0-4", "5"),
       .body = "01234",
       .status = 206,
       .content = "01234",
       .source = NET}}},
};

/* ---- the player ---- */

static bool lines_hold(const char *lines, const char *in)
{
    char line[512];
    for (; lines && *lines; lines += strcspn(lines, "\n"), lines += *lines == '\n') {
        snprintf(line, sizeof line, "%.*s", (int)strcspn(lines, "\n"), lines);
        const bool unwanted = line[0] == '!';
        if ((strstr(in, line + unwanted) != NULL) == unwanted)
            return false;
    }
    return true;
}

static void step_play(const struct story *row, const struct step *step)
{
    const bool content = step->ask && strcmp(step->ask, "content") == 0;
    const struct world_answer answers[2] = {
        {step->reply && *step->reply ? step->reply : NULL, step->body, step->result},
        {step->again, step->again_body, TRANSFER_COMPLETE}};
    struct message ask = {0};
    const struct cache_request request = {
        .transfer = {.method = step->method ? step->method : "GET",
                     .url = step->url ? step->url : WORLD_URL,
                     .head = &ask.head,
                     .content = content ? STET_SPAN("content") : STET_SPAN_NONE}};

    assert_true(world_message(&ask, content ? NULL : step->ask));
    world_clock = WORLD_NOW + step->at;
    world.cache.mode = row->mode;
    world.enough = step->enough ? step->enough : SIZE_MAX;
    world_ask(&request, answers, step->again ? 2 : 1);
    message_fini(&ask);
}

static void step_check(const struct story *row, size_t number, const struct step *step)
{
    const size_t asked = step->again ? 2 : step->reply ? 1 : 0;
    if (!world.began || world.ends != 1 || world.asked != asked || world.status != step->status ||
        strcmp(world.content, step->content) != 0 || world.outcome.source != step->source ||
        !lines_hold(step->sent, world.sent[0]) || !lines_hold(step->sent_again, world.sent[1]) ||
        !lines_hold(step->head, world.head))
        fail_msg("%s (%s), step %zu: asked %zu times:\n%s%sgot %d from %d: %s\n%s", row->id,
                 row->name, number + 1, world.asked, world.sent[0], world.sent[1], world.status,
                 (int)world.outcome.source, world.content, world.head);
}

static void stories_play(const struct story *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        world_init(NULL);
        for (size_t j = 0; j < STEPS_MAX && rows[i].steps[j].content; j++) {
            step_play(&rows[i], &rows[i].steps[j]);
            step_check(&rows[i], j, &rows[i].steps[j]);
        }
        if (storage_damaged(world.storage))
            fail_msg("%s (%s): damaged", rows[i].id, rows[i].name);
        world_fini(NULL);
    }
}

#define PLAYS(kind)                                          \
    static void test_##kind(void **state)                    \
    {                                                        \
        (void)state;                                         \
        stories_play(kind##_stories, COUNT(kind##_stories)); \
    }
PLAYS(fresh)
PLAYS(request)
PLAYS(validation)
PLAYS(variant)
PLAYS(part)

/* ---- beside the rows ---- */

static const struct world_answer answer_a = {A, "one", TRANSFER_COMPLETE};

static void get(const struct world_answer *answers, size_t count, bool quiet)
{
    const struct stet_head none = {0};
    const struct cache_request request = {
        .transfer = {.method = "GET", .url = WORLD_URL, .head = &none}, .quiet = quiet};
    world_ask(&request, answers, count);
}

/* Changes the only content on disk. */
static void damage(void)
{
    char command[256];
    snprintf(command, sizeof command,
             "f=$(find %s/v1 -name '*.*' -type f) && printf X | dd of=$f conv=notrunc status=none",
             world.folder);
    assert_int_equal(system(command), 0);
}

static void test_damaged_fresh(void **state)
{
    const struct world_answer two = {A, "two", TRANSFER_COMPLETE};
    (void)state;
    get(&answer_a, 1, false);
    damage();
    get(&two, 1, false);
    assert_string_equal(world.content, "two");
    assert_int_equal(world.asked, 1);
    assert_null(strstr(world.sent[0], "If-None-Match"));
    assert_int_equal(storage_damaged(world.storage), 1);
    get(NULL, 0, false);
    assert_string_equal(world.content, "two");
}

/* A 304 to what turns out to be damaged leads to a request without conditions. */
static void test_damaged_validated(void **state)
{
    const struct world_answer answers[] = {{"304\nETag: \"a\"\n", NULL, TRANSFER_COMPLETE},
                                           {A, "one", TRANSFER_COMPLETE}};
    (void)state;
    for (int quiet = 0; quiet <= 1; quiet++) {
        world_clock = WORLD_NOW;
        get(&answer_a, 1, false);
        damage();
        world_clock = WORLD_NOW + 60;
        get(answers, 2, quiet);
        assert_string_equal(world.content, "one");
        assert_int_equal(world.heads, 1);
        assert_int_equal(world.asked, 2);
        assert_non_null(strstr(world.sent[0], "If-None-Match"));
        assert_null(strstr(world.sent[1], "If-None-Match"));
        storage_remove(world.storage, STET_SPAN(WORLD_URL), 0);
    }
}

static void test_quiet(void **state)
{
    const struct world_answer same = {"304\nETag: \"a\"\n", NULL, TRANSFER_COMPLETE};
    (void)state;
    get(&answer_a, 1, true);
    assert_string_equal(world.content, "one"); /* it is new */
    get(NULL, 0, true);
    assert_string_equal(world.content, "");
    assert_int_equal(world.status, 200);
    assert_int_equal(world.outcome.source, CACHE_SOURCE_STORED);
    assert_int_equal(world.outcome.saved, 3);
    assert_true(world.outcome.whole);
    world_clock += 60;
    get(&same, 1, true);
    assert_string_equal(world.content, "");
    assert_int_equal(world.outcome.source, CACHE_SOURCE_VALIDATED);
    assert_false(world.outcome.changed);
}

/* A refetch with the same octets is no change. */
static void test_changed(void **state)
{
    const struct world_answer other = {"200\nETag: \"b\"\n", "one", TRANSFER_COMPLETE};
    const struct world_answer two = {"200\nETag: \"c\"\n", "two", TRANSFER_COMPLETE};
    (void)state;
    get(&answer_a, 1, false);
    assert_true(world.outcome.changed);
    assert_true(world.outcome.stored);
    assert_int_equal(world.outcome.ttl, 60);
    world_clock += 60;
    get(&other, 1, false);
    assert_false(world.outcome.changed);
    get(&two, 1, false);
    assert_true(world.outcome.changed);
}

/* Behind a stale answer the stored response is validated, if the process lives. */
static void test_refresh(void **state)
{
    const struct world_answer one = {
        "200\nETag: \"a\"\nCache-Control: max-age=60, stale-while-revalidate=60\n", "one",
        TRANSFER_COMPLETE};
    const struct world_answer two = {A, "two", TRANSFER_COMPLETE};
    (void)state;
    world.cache.lives = true;
    get(&one, 1, false);
    world_clock += 61;
    get(&two, 1, false);
    assert_string_equal(world.content, "one");
    assert_int_equal(world.ends, 1);
    assert_int_equal(world.asked, 1);
    assert_non_null(strstr(world.sent[0], "If-None-Match: \"a\""));
    get(NULL, 0, false);
    assert_string_equal(world.content, "two");
}

static void test_certificate(void **state)
{
    (void)state;
    world.cache.certificate = "one.pem";
    get(&answer_a, 1, false);
    world.cache.certificate = "other.pem";
    get(&answer_a, 1, false);
    assert_int_equal(world.asked, 1);
    world.cache.certificate = NULL;
    get(&answer_a, 1, false);
    assert_int_equal(world.asked, 1);
    world.cache.certificate = "one.pem";
    get(NULL, 0, false);
    assert_int_equal(world.outcome.source, CACHE_SOURCE_STORED);
}

/* What the transfers say of themselves counts where Vary looks at it. */
static void test_user_agent(void **state)
{
    const struct world_answer answer = {A "Vary: User-Agent\n", "one", TRANSFER_COMPLETE};
    (void)state;
    world.cache.user_agent = "stet/1";
    get(&answer, 1, false);
    assert_string_equal(world.sent[0], "User-Agent: stet/1\n");
    get(NULL, 0, false);
    assert_int_equal(world.outcome.source, CACHE_SOURCE_STORED);
    world.cache.user_agent = "other/2";
    get(&answer, 1, false);
    assert_int_equal(world.outcome.source, CACHE_SOURCE_NETWORK);
}

/* No secret of a request is written down. */
static void test_secrets(void **state)
{
    struct message ask = {0};
    char command[256];
    (void)state;
    assert_true(world_message(&ask, "Authorization: Basic hunter2\nCookie: s=hunter2\n"));
    const struct cache_request request = {
        .transfer = {.method = "GET", .url = WORLD_URL, .head = &ask.head}};
    const struct world_answer answer = {A "Vary: Cookie, Authorization, X-Foo\n", "one",
                                        TRANSFER_COMPLETE};
    world_ask(&request, &answer, 1);
    assert_true(world.outcome.stored);
    message_fini(&ask);
    snprintf(command, sizeof command, "! grep -rq hunter2 %s && grep -rq x-foo %s", world.folder,
             world.folder);
    assert_int_equal(system(command), 0);
}

/* A disk that is full costs the storing and nothing else. */
static void test_no_space(void **state)
{
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    const struct world_answer answers[] = {{A, "one", TRANSFER_COMPLETE}};
    (void)state;
    for (rlim_t room = 0; room < 5; room++) {
        const struct rlimit limit = {room, RLIM_INFINITY};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        get(answers, 1, false);
        setrlimit(RLIMIT_FSIZE, &none);
        assert_string_equal(world.content, "one");
        assert_true(world.outcome.whole);
        assert_false(world.outcome.stored);
    }
}

/* Memory that runs out ends the one fetch, or its storing; nobody is told half as the whole. */
static void test_memory(void **state)
{
    const struct world_answer same[] = {{"304\nETag: \"a\"\n", NULL, TRANSFER_COMPLETE},
                                        {A, "one", TRANSFER_COMPLETE}};
    bool all = false;
    (void)state;
    for (uint64_t nth = 1; nth < 400 && !all; nth++) {
        storage_remove(world.storage, STET_SPAN(WORLD_URL), 0);
        world_clock = WORLD_NOW;
        get(&answer_a, 1, false);
        world_clock = WORLD_NOW + 60;
        memory_fail_nth(nth);
        get(same, 2, false);
        all = memory_count() < nth;
        memory_fail_nth(0);
        assert_true(!world.began || world.ends == 1);
        assert_true(world.heads <= 1);
        if (world.ends && world.outcome.whole)
            assert_string_equal(world.content, "one");
    }
    assert_true(all);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, world_init, world_fini)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fresh),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_validation),
        cmocka_unit_test(test_variant),
        cmocka_unit_test(test_part),
        EACH(test_damaged_fresh),
        EACH(test_damaged_validated),
        EACH(test_quiet),
        EACH(test_changed),
        EACH(test_refresh),
        EACH(test_certificate),
        EACH(test_user_agent),
        EACH(test_secrets),
        EACH(test_no_space),
        EACH(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
