/* Stored answers that are to go, one by one, in groups, or all; and what is on its way meanwhile.
 */
#include "cache_story.h"

static const struct story stories[] = {
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

static const struct tale tale = {stories, COUNT(stories)};

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALE_TESTS(tale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
