/* Table tests of reuse: fresh, stale with a permission, validate; and what an error changes.
 *
 * Every response was made and received at second 0, so that `now` is its age.
 */
#include "stet/reuse.h"

#include "message.h"
#include "stet/uri.h"
#include "table.h"

struct reuse_row {
    const char *id;
    const char *name;
    const char *profiles; /* g gateway, p private */
    const char *text;     /* the stored response, besides Date */
    const char *asked;
    int64_t now;
    enum stet_reuse_answer want;
    enum stet_reason why;
};

#define FRESH STET_REUSE_FRESH
#define STALE STET_REUSE_STALE
#define REFRESH STET_REUSE_REFRESH
#define VALIDATE STET_REUSE_VALIDATE
#define TIMEOUT STET_REUSE_TIMEOUT
#define FAILS STET_REUSE_ERROR
#define R(reason) STET_REASON_##reason

static const struct reuse_row reuse_rows[] = {
    {"C-9111-4.2-1", "one second before the end", "gp", "Cache-Control: max-age=60", "", 59, FRESH,
     R(FRESH)},
    {"C-9111-4.2-1", "an age that equals the lifetime is stale", "gp", "Cache-Control: max-age=60",
     "", 60, VALIDATE, R(STALE)},
    {"C-9111-5.2.2.1-1", "stale after max-age", "gp", "Cache-Control: max-age=60", "", 61, VALIDATE,
     R(STALE)},
    {"C-9111-4-5", "without a lifetime", "gp", "ETag: \"a\"", "", 0, VALIDATE, R(STALE)},
    {"C-9111-4-4", "no-cache, though fresh", "gp", "Cache-Control: max-age=60, no-cache", "", 0,
     VALIDATE, R(NO_CACHE)},
    {"C-9111-5.2.2.4-1", "no-cache against max-stale", "gp", "Cache-Control: max-age=60, no-cache",
     "Cache-Control: max-stale", 99, VALIDATE, R(NO_CACHE)},
    {"C-9111-5.2.2.4-2", "no-cache=\"f\" without the field", "gp",
     "Cache-Control: max-age=60, no-cache=\"a\"", "", 59, FRESH, R(FRESH)},
    {"C-9111-4.2.1-3", "the most restrictive directive", "gp",
     "Cache-Control: max-age=60, no-cache", "", 1, VALIDATE, R(NO_CACHE)},

    {"C-9111-5.2.1.1-1", "request max-age, young enough", "gp", "Cache-Control: max-age=60",
     "Cache-Control: max-age=11", 10, FRESH, R(FRESH)},
    {"C-9111-5.2.1.1-1", "request max-age, too old", "gp", "Cache-Control: max-age=60",
     "Cache-Control: max-age=10", 10, VALIDATE, R(REQUEST_MAX_AGE)},
    {"C-9111-5.2.1.1-1", "request max-age=0 is a reload", "gp", "Cache-Control: max-age=60",
     "Cache-Control: max-age=0", 0, VALIDATE, R(REQUEST_MAX_AGE)},
    {"C-9111-5.2.1.1-1", "and wants nothing stale", "gp",
     "Cache-Control: max-age=60, stale-while-revalidate=60", "Cache-Control: max-age=99", 61,
     VALIDATE, R(STALE)},
    {"D-32", "request max-age off the grammar", "gp", "Cache-Control: max-age=60",
     "Cache-Control: max-age=x", 0, VALIDATE, R(REQUEST_MAX_AGE)},
    {"C-9111-5.2.1.2-1", "max-stale=n, just within", "gp", "Cache-Control: max-age=60",
     "Cache-Control: max-stale=10", 70, STALE, R(STALE_MAX_STALE)},
    {"C-9111-5.2.1.2-1", "max-stale=n, beyond", "gp", "Cache-Control: max-age=60",
     "Cache-Control: max-stale=10", 71, VALIDATE, R(STALE)},
    {"C-9111-5.2.1.2-1", "max-stale, any", "gp", "Cache-Control: max-age=60",
     "Cache-Control: max-stale", 100000, STALE, R(STALE_MAX_STALE)},
    {"C-9111-5.2.1.2-1", "max-stale with max-age", "gp", "Cache-Control: max-age=60",
     "Cache-Control: max-stale, max-age=70", 69, STALE, R(STALE_MAX_STALE)},
    {"C-9111-5.2.1.2-1", "max-stale and too old", "gp", "Cache-Control: max-age=60",
     "Cache-Control: max-stale, max-age=70", 70, VALIDATE, R(STALE)},
    {"D-24", "max-stale against must-revalidate", "gp",
     "Cache-Control: max-age=60, must-revalidate", "Cache-Control: max-stale", 60, VALIDATE,
     R(MUST_REVALIDATE)},
    {"D-24", "max-stale against proxy-revalidate", "g",
     "Cache-Control: max-age=60, proxy-revalidate", "Cache-Control: max-stale", 60, VALIDATE,
     R(PROXY_REVALIDATE)},
    {"D-24", "max-stale against s-maxage", "g", "Cache-Control: s-maxage=60",
     "Cache-Control: max-stale", 60, VALIDATE, R(S_MAXAGE)},
    {"C-9111-5.2.2.8-1", "proxy-revalidate means nothing in a private cache", "p",
     "Cache-Control: max-age=60, proxy-revalidate", "Cache-Control: max-stale", 60, STALE,
     R(STALE_MAX_STALE)},
    {"C-9111-5.2.2.10-1", "nor does s-maxage", "p", "Cache-Control: max-age=60, s-maxage=1",
     "Cache-Control: max-stale", 60, STALE, R(STALE_MAX_STALE)},
    {"C-9111-5.2.1.3-1", "min-fresh, just enough", "gp", "Cache-Control: max-age=60",
     "Cache-Control: min-fresh=10", 50, FRESH, R(FRESH)},
    {"C-9111-5.2.1.3-1", "min-fresh, not enough", "gp", "Cache-Control: max-age=60",
     "Cache-Control: min-fresh=10", 51, VALIDATE, R(REQUEST_MIN_FRESH)},
    {"C-9111-5.2.1.3-1", "min-fresh and max-stale", "gp", "Cache-Control: max-age=60",
     "Cache-Control: min-fresh=10, max-stale", 61, VALIDATE, R(STALE)},
    {"C-9111-5.2.1.4-1", "request no-cache", "gp", "Cache-Control: max-age=60",
     "Cache-Control: no-cache", 1, VALIDATE, R(REQUEST_NO_CACHE)},
    {"D-29", "request Pragma", "gp", "Cache-Control: max-age=60", "Pragma: no-cache", 1, VALIDATE,
     R(REQUEST_PRAGMA)},
    {"D-29", "request Pragma beside Cache-Control", "gp", "Cache-Control: max-age=60",
     "Pragma: no-cache\nCache-Control: max-age=30", 1, FRESH, R(FRESH)},
    {"C-9111-5.2.1.5-1", "request no-store does not bar what is stored", "gp",
     "Cache-Control: max-age=60", "Cache-Control: no-store", 1, FRESH, R(FRESH)},
    {"C-9111-5.2.1.7-1", "only-if-cached and fresh", "gp", "Cache-Control: max-age=60",
     "Cache-Control: only-if-cached", 1, FRESH, R(FRESH)},
    {"C-9111-5.2.1.7-1", "only-if-cached and stale", "gp", "Cache-Control: max-age=60",
     "Cache-Control: only-if-cached", 60, TIMEOUT, R(ONLY_IF_CACHED)},
    {"C-9111-5.2.1.7-1", "only-if-cached and no-cache", "gp", "Cache-Control: max-age=60, no-cache",
     "Cache-Control: only-if-cached", 1, TIMEOUT, R(ONLY_IF_CACHED)},
    {"C-9111-5.2.1.7-1", "only-if-cached and max-stale", "gp", "Cache-Control: max-age=60",
     "Cache-Control: only-if-cached, max-stale", 99, STALE, R(STALE_MAX_STALE)},

    {"C-5861-3-1", "stale-while-revalidate, the last second", "gp",
     "Cache-Control: max-age=60, stale-while-revalidate=30", "", 90, REFRESH,
     R(STALE_WHILE_REVALIDATE)},
    {"C-5861-3-2", "it is refreshed without waiting", "gp",
     "Cache-Control: max-age=60, stale-while-revalidate=30", "", 60, REFRESH,
     R(STALE_WHILE_REVALIDATE)},
    {"C-5861-3-3", "past the window it blocks", "gp",
     "Cache-Control: max-age=60, stale-while-revalidate=30", "", 91, VALIDATE, R(STALE)},
    {"C-5861-3-1", "a window of no seconds", "gp",
     "Cache-Control: max-age=60, stale-while-revalidate=0", "", 60, VALIDATE, R(STALE)},
    {"D-42", "never over must-revalidate", "gp",
     "Cache-Control: max-age=60, stale-while-revalidate=30, must-revalidate", "", 60, VALIDATE,
     R(MUST_REVALIDATE)},
    {"D-42", "never over s-maxage", "g", "Cache-Control: s-maxage=60, stale-while-revalidate=30",
     "", 60, VALIDATE, R(S_MAXAGE)},
    {"D-42", "never over no-cache", "gp",
     "Cache-Control: max-age=60, stale-while-revalidate=30, no-cache", "", 60, VALIDATE,
     R(NO_CACHE)},
    {"C-9111-5.2.2.2-1", "must-revalidate while fresh", "gp",
     "Cache-Control: max-age=60, must-revalidate", "", 59, FRESH, R(FRESH)},

    {"C-8246-2-1", "a reload while immutable", "gp", "Cache-Control: max-age=60, immutable",
     "Cache-Control: max-age=0", 30, FRESH, R(FRESH_IMMUTABLE)},
    {"C-8246-2.1-1", "a reload with conditions", "gp",
     "Cache-Control: max-age=60, immutable\nETag: \"a\"",
     "Cache-Control: max-age=0\nIf-None-Match: \"a\"", 30, FRESH, R(FRESH_IMMUTABLE)},
    {"C-8246-2.1-1", "a forced reload", "gp", "Cache-Control: max-age=60, immutable",
     "Cache-Control: no-cache", 30, VALIDATE, R(REQUEST_NO_CACHE)},
    {"C-8246-2-2", "immutable has no effect when stale", "gp",
     "Cache-Control: max-age=60, immutable", "Cache-Control: max-age=0", 60, VALIDATE, R(STALE)},
    {"C-8246-2-2", "nor in requests", "gp", "Cache-Control: max-age=60",
     "Cache-Control: max-age=0, immutable", 30, VALIDATE, R(REQUEST_MAX_AGE)},
};

static struct stet_profile profile_of(char letter)
{
    return letter == 'g' ? stet_profile_gateway() : stet_profile_private();
}

static struct stet_stored stored_of(const struct stet_profile *profile, const char *method,
                                    int status, const char *text)
{
    struct message asked, answered;
    struct stet_request request = message_request(&asked, method, "");
    struct stet_response response = message_response(&answered, status, text);
    struct stet_transaction transaction = {
        .request = &request, .response = &response, .arrival = {0, 0, MESSAGE_DATE_AT}};
    struct stet_cachecontrol directives =
        stet_cachecontrol_of_response(&response.head, profile->targets, profile->target_count);

    return stet_stored_of(profile, &transaction, &directives);
}

static struct stet_asked asked_of(const struct stet_profile *profile, const char *method,
                                  const char *text, bool content)
{
    struct message asked;
    struct stet_request request = message_request(&asked, method, text);

    return stet_asked_of(profile, &request, content);
}

static void test_reuse(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(reuse_rows); i++)
        for (const char *letter = reuse_rows[i].profiles; *letter; letter++) {
            const struct reuse_row *row = &reuse_rows[i];
            struct stet_profile profile = profile_of(*letter);
            struct stet_stored stored = stored_of(&profile, "GET", 200, row->text);
            struct stet_asked asked = asked_of(&profile, "GET", row->asked, false);
            struct stet_reuse reuse = stet_may_reuse(&profile, &stored, &asked, row->now);
            if (reuse.reason != row->why)
                fail_msg("%s (%s): %.*s", row->id, row->name,
                         (int)stet_reason_word(reuse.reason).len,
                         stet_reason_word(reuse.reason).at);
            check_row(row, reuse.answer == row->want);
            check_row(row, reuse.age == row->now); /* C-9111-4-6 */
            check_row(row, reuse.ttl == (int64_t)stored.lifetime - row->now);
        }
}

struct method_row {
    const char *id;
    const char *name;
    const char *stored;
    int status;
    const char *asked;
    const char *fields;
    bool content;
    enum stet_reuse_answer want;
    enum stet_reason why;
};

#define PART "Cache-Control: max-age=60\nContent-Range: bytes 0-9/100\nETag: \"a\""
#define FORWARD STET_REUSE_FORWARD

static const struct method_row method_rows[] = {
    {"C-9110-9.3.1-1", "GET answers HEAD", "GET", 200, "HEAD", "", false, FRESH, R(FRESH)},
    {"C-9110-9.3.2-3", "HEAD answers HEAD", "HEAD", 200, "HEAD", "", false, FRESH, R(FRESH)},
    {"C-9111-4-2", "HEAD does not answer GET", "HEAD", 200, "GET", "", false, FORWARD,
     R(NOT_FOR_METHOD)},
    {"D-37", "nor a part of GET", "HEAD", 200, "GET", "Range: bytes=0-9", false, FORWARD,
     R(NOT_FOR_METHOD)},
    {"C-9111-4-7", "POST goes on", "GET", 200, "POST", "", false, FORWARD, R(NOT_FOR_METHOD)},
    {"C-9111-4-7", "even where a POST is said to be stored", "POST", 200, "POST", "", false,
     FORWARD, R(NOT_FOR_METHOD)},
    {"C-9110-9.2.1-1", "an unknown method goes on", "GET", 200, "FOO", "", false, FORWARD,
     R(NOT_FOR_METHOD)},
    {"C-10008-2.7-2", "QUERY answers QUERY", "QUERY", 200, "QUERY", "", true, FRESH, R(FRESH)},
    {"C-10008-2.7-2", "QUERY does not answer GET", "QUERY", 200, "GET", "", false, FORWARD,
     R(NOT_FOR_METHOD)},
    {"C-10008-2.7-2", "GET does not answer QUERY", "GET", 200, "QUERY", "", true, FORWARD,
     R(NOT_FOR_METHOD)},
    {"D-36", "GET with content is never answered from the store", "GET", 200, "GET", "", true,
     FORWARD, R(REQUEST_HAS_CONTENT)},
    {"C-9111-3.3-3", "a part does not answer for the whole", "GET", 206, "GET", "", false, FORWARD,
     R(NOT_WHOLE)},
    {"C-9111-3.3-3", "it may answer for a range", "GET", 206, "GET", "Range: bytes=0-5", false,
     FRESH, R(FRESH)},
    {"C-9111-3.3-3", "but not HEAD", "GET", 206, "HEAD", "Range: bytes=0-5", false, FORWARD,
     R(NOT_WHOLE)},
    {"C-9111-5.2.1.7-1", "only-if-cached and nothing that fits", "GET", 206, "GET",
     "Cache-Control: only-if-cached", false, TIMEOUT, R(ONLY_IF_CACHED)},
};

static void test_methods(void **state)
{
    struct stet_profile profile = stet_profile_gateway();

    (void)state;
    for (size_t i = 0; i < COUNT(method_rows); i++) {
        const struct method_row *row = &method_rows[i];
        struct stet_stored stored = stored_of(&profile, row->stored, row->status, PART);
        struct stet_asked asked = asked_of(&profile, row->asked, row->fields, row->content);
        struct stet_reuse reuse = stet_may_reuse(&profile, &stored, &asked, 1);
        check_row(row, reuse.answer == row->want);
        check_row(row, reuse.reason == row->why);
    }
}

struct error_row {
    const char *id;
    const char *name;
    const char *profiles;
    const char *text;
    const char *asked;
    int status; /* 0: no answer */
    int64_t now;
    enum stet_reuse_answer want;
    enum stet_reason why;
};

#define SIE "Cache-Control: max-age=60, stale-if-error=30"

static const struct error_row error_rows[] = {
    {"C-5861-4-1", "500", "gp", SIE, "", 500, 90, STALE, R(STALE_IF_ERROR)},
    {"C-5861-4-1", "502", "gp", SIE, "", 502, 90, STALE, R(STALE_IF_ERROR)},
    {"C-5861-4-1", "503", "gp", SIE, "", 503, 90, STALE, R(STALE_IF_ERROR)},
    {"C-5861-4-1", "504", "gp", SIE, "", 504, 90, STALE, R(STALE_IF_ERROR)},
    {"C-5861-4-1", "no answer", "gp", SIE, "", 0, 90, STALE, R(STALE_IF_ERROR)},
    {"C-5861-4-1", "501 is none of them", "gp", SIE, "", 501, 61, FAILS, R(ERROR_PASSED)},
    {"C-5861-4-1", "nor is 404", "gp", SIE, "", 404, 61, FAILS, R(ERROR_PASSED)},
    {"C-5861-4-1", "by the request", "gp", "Cache-Control: max-age=60",
     "Cache-Control: stale-if-error=30", 503, 90, STALE, R(STALE_IF_ERROR)},
    {"C-5861-4-1", "the wider window of both", "gp", SIE, "Cache-Control: stale-if-error=40", 503,
     100, STALE, R(STALE_IF_ERROR)},
    {"C-5861-4-1", "whatever age the request likes", "gp", SIE, "Cache-Control: max-age=0", 503, 70,
     STALE, R(STALE_IF_ERROR)},
    {"C-5861-4-2", "beyond the window", "gp", SIE, "", 503, 91, FAILS, R(ERROR_PASSED)},
    {"C-5861-4-2", "beyond it without an answer as well", "gp", SIE, "", 0, 91, FAILS,
     R(ERROR_PASSED)},
    {"D-41", "disconnected", "gp", "Cache-Control: max-age=60", "", 0, 9999, STALE,
     R(STALE_DISCONNECTED)},
    {"C-9111-4.3.3-3", "a 503 without permission", "gp", "Cache-Control: max-age=60", "", 503, 61,
     FAILS, R(ERROR_PASSED)},
    {"C-9111-4.2.4-1", "no-cache", "gp", SIE ", no-cache", "", 0, 1, FAILS, R(NO_CACHE)},
    {"C-9111-4.2.4-1", "must-revalidate", "gp", SIE ", must-revalidate", "", 0, 61, FAILS,
     R(MUST_REVALIDATE)},
    {"C-9111-5.2.2.2-2", "must-revalidate and disconnected", "gp",
     "Cache-Control: max-age=60, must-revalidate", "", 0, 60, FAILS, R(MUST_REVALIDATE)},
    {"C-9111-4.2.4-1", "proxy-revalidate", "g", SIE ", proxy-revalidate", "", 503, 61, FAILS,
     R(PROXY_REVALIDATE)},
    {"C-9111-4.2.4-1", "proxy-revalidate in a private cache", "p", SIE ", proxy-revalidate", "",
     503, 61, STALE, R(STALE_IF_ERROR)},
    {"C-9111-4.2.4-1", "s-maxage", "g", "Cache-Control: s-maxage=60, stale-if-error=30", "", 503,
     61, FAILS, R(S_MAXAGE)},
    {"C-9111-5.2.1.4-1", "request no-cache wants success", "gp", SIE, "Cache-Control: no-cache",
     503, 61, FAILS, R(REQUEST_NO_CACHE)},
    {"C-9111-4.2.4-2", "fresh, but the client wanted it younger", "gp", "Cache-Control: max-age=60",
     "Cache-Control: max-age=5", 503, 30, FRESH, R(FRESH)},
};

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(error_rows); i++)
        for (const char *letter = error_rows[i].profiles; *letter; letter++) {
            const struct error_row *row = &error_rows[i];
            struct stet_profile profile = profile_of(*letter);
            struct stet_stored stored = stored_of(&profile, "GET", 200, row->text);
            struct stet_asked asked = asked_of(&profile, "GET", row->asked, false);
            struct stet_reuse reuse =
                stet_may_reuse_on_error(&profile, &stored, &asked, row->status, row->now);
            if (reuse.reason != row->why)
                fail_msg("%s (%s): %.*s", row->id, row->name,
                         (int)stet_reason_word(reuse.reason).len,
                         stet_reason_word(reuse.reason).at);
            check_row(row, reuse.answer == row->want);
            check_row(row, reuse.age == row->now); /* C-5861-4-3 */
        }
}

/* Choices that are not in a profile as it comes, and marks. */
static void test_choices(void **state)
{
    struct stet_profile profile = stet_profile_gateway();
    struct stet_stored stored = stored_of(&profile, "GET", 200, SIE);
    struct stet_asked plain = asked_of(&profile, "GET", "", false);
    struct stet_asked head = asked_of(&profile, "HEAD", "", false);
    struct stet_asked post = asked_of(&profile, "POST", "", false);

    (void)state;
    /* C-9111-4.4-4: invalidated, not removed. */
    stored.marked = true;
    assert_int_equal(stet_may_reuse(&profile, &stored, &plain, 1).reason, R(MARKED_INVALID));
    assert_int_equal(stet_may_reuse(&profile, &stored, &plain, 1).answer, VALIDATE);
    assert_int_equal(stet_may_reuse_on_error(&profile, &stored, &plain, 0, 1).answer, FAILS);
    stored.marked = false;
    assert_int_equal(stet_may_reuse(&profile, &stored, &head, 1).answer, FRESH);
    assert_int_equal(stet_may_reuse_on_error(&profile, &stored, &post, 0, 1).reason,
                     R(NOT_FOR_METHOD));
    /* C-9111-4-10: no clock. */
    profile.clockless = true;
    assert_int_equal(stet_may_reuse(&profile, &stored, &plain, 1).reason, R(NO_CLOCK));
    profile.clockless = false;
    /* D-24: a gateway that does not let clients decide. */
    profile.request_freshness = false;
    struct stet_asked deaf =
        asked_of(&profile, "GET", "Cache-Control: no-cache, max-age=0, min-fresh=99", false);
    assert_int_equal(stet_may_reuse(&profile, &stored, &deaf, 1).answer, FRESH);
    deaf = asked_of(&profile, "GET", "Cache-Control: only-if-cached, no-store", false);
    assert_true(deaf.only_if_cached && deaf.no_store);
    /* D-41: an operator who never serves stale on his own account. */
    stored = stored_of(&profile, "GET", 200, "Cache-Control: max-age=60");
    profile.disconnected = false;
    assert_int_equal(stet_may_reuse_on_error(&profile, &stored, &plain, 0, 61).answer, FAILS);
    /* C-9111-5.2.1.7-1: nothing stored. */
    assert_int_equal(stet_reuse_of_nothing(&plain).answer, FORWARD);
    assert_int_equal(stet_reuse_of_nothing(&plain).reason, R(NOT_STORED));
    assert_int_equal(stet_reuse_of_nothing(&deaf).answer, TIMEOUT);
}

struct validated_row {
    const char *id;
    const char *name;
    const char *text;
    int64_t now;
    enum stet_reuse_answer want;
    enum stet_reason why;
};

static const struct validated_row validated_rows[] = {
    {"C-9111-4.3.3-1", "validated and fresh", "Cache-Control: max-age=60", 1, FRESH, R(VALIDATED)},
    {"C-9111-4.3.3-1", "validated by the origin, lifetime 0", "Cache-Control: max-age=0, no-cache",
     0, STALE, R(VALIDATED)},
    {"D-12", "validated by a cache, itself stale", "Cache-Control: max-age=60\nAge: 90", 0, STALE,
     R(VALIDATED)},
    {"D-12", "the same with must-revalidate", "Cache-Control: max-age=60, must-revalidate\nAge: 90",
     0, VALIDATE, R(MUST_REVALIDATE)},
    {"D-12", "the same with s-maxage", "Cache-Control: s-maxage=60\nAge: 90", 0, VALIDATE,
     R(S_MAXAGE)},
    {"D-12", "the same with no-cache", "Cache-Control: no-cache\nAge: 90", 0, VALIDATE,
     R(NO_CACHE)},
    {"D-12", "fresh from a cache", "Cache-Control: max-age=60, no-cache\nAge: 30", 0, FRESH,
     R(VALIDATED)},
};

static void test_validated(void **state)
{
    struct stet_profile profile = stet_profile_gateway();

    (void)state;
    for (size_t i = 0; i < COUNT(validated_rows); i++) {
        const struct validated_row *row = &validated_rows[i];
        struct stet_stored stored = stored_of(&profile, "GET", 200, row->text);
        struct stet_reuse reuse = stet_may_reuse_validated(&stored, row->now);
        check_row(row, reuse.answer == row->want);
        check_row(row, reuse.reason == row->why);
    }
}

static bool same_sum(const struct stet_stored *a, const struct stet_stored *b)
{
    return a->lifetime == b->lifetime && a->stale_while_revalidate == b->stale_while_revalidate &&
           a->stale_if_error == b->stale_if_error && a->barred == b->barred &&
           a->no_cache == b->no_cache && a->immutable == b->immutable;
}

/* C-9111-5.2.2-1: each response directive changes some verdict. */
static void test_directives(void **state)
{
    static const char *const directives[] = {
        "no-cache",          "no-store",      "private",   "must-revalidate",
        "proxy-revalidate",  "s-maxage=1",    "immutable", "must-understand",
        "stale-if-error=60", "public",        "max-age=1", "stale-while-revalidate=60",
        "no-cache=\"a\"",    "private=\"a\"",
    };
    struct stet_profile profile = stet_profile_gateway();
    struct message asked, answered, plain;
    struct stet_request request = message_request(&asked, "GET", "Authorization: a");
    struct stet_response without = message_response(&plain, 599, "A: 1\nETag: \"a\"");

    (void)state;
    for (size_t i = 0; i < COUNT(directives); i++) {
        char text[100] = "A: 1\nETag: \"a\"\nCache-Control: ";
        strcat(text, directives[i]);
        struct stet_response with = message_response(&answered, 599, text);
        struct stet_transaction bare = {.request = &request, .response = &without};
        struct stet_transaction told = {.request = &request, .response = &with};
        struct stet_storing one = stet_may_store(&profile, &bare);
        struct stet_storing other = stet_may_store(&profile, &told);
        struct stet_stored before = stet_stored_of(&profile, &bare, &one.directives);
        struct stet_stored after = stet_stored_of(&profile, &told, &other.directives);
        bool keeps = stet_may_keep(&profile, &with.head, &other.directives, &with.head.fields[0]);
        if (one.reason == other.reason && same_sum(&before, &after) && keeps)
            fail_msg("C-9111-5.2.2-1 (%s): changes nothing", directives[i]);
    }
}

struct key_row {
    const char *id;
    const char *name;
    const char *path, *query; /* beside /where?q=now of http://example.org */
    const char *authority, *scheme;
    bool same;
};

/* C-9111-2-1, C-9111-4-1: a response answers for its own URI only. Its key is that of uri.h, its
 * variant that of vary.h; near misses have other keys. */
static const struct key_row key_rows[] = {
    {"C-9111-2-1", "the same URI", "/where", "q=now", "example.org", "http", true},
    {"C-9111-4-1", "another path", "/wherever", "q=now", "example.org", "http", false},
    {"C-9111-4-1", "a longer path", "/where/", "q=now", "example.org", "http", false},
    {"C-9111-4-1", "another query", "/where", "q=No", "example.org", "http", false},
    {"C-9111-4-1", "an empty query", "/where", "", "example.org", "http", false},
    {"C-9111-4-1", "no query", "/where", NULL, "example.org", "http", false},
    {"C-9111-4-1", "another host", "/where", "q=now", "example.org.", "http", false},
    {"C-9111-4-1", "another port", "/where", "q=now", "example.org:81", "http", false},
    {"C-9111-4-1", "another scheme", "/where", "q=now", "example.org", "https", false},
    {"D-38", "the same in other letters", "/wher%65", "q=now", "EXAMPLE.org:80", "http", true},
};

static void test_keys(void **state)
{
    struct message asked;
    struct stet_request request = message_request(&asked, "GET", "");
    char one[200], other[200];
    size_t length = stet_uri_key(&request, one, sizeof(one));

    (void)state;
    for (size_t i = 0; i < COUNT(key_rows); i++) {
        const struct key_row *row = &key_rows[i];
        request.path = stet_span_of(row->path);
        request.query = stet_span_of(row->query);
        request.authority = stet_span_of(row->authority);
        request.scheme = stet_span_of(row->scheme);
        size_t again = stet_uri_key(&request, other, sizeof(other));
        check_row(row,
                  stet_span_equal(stet_span(one, length), stet_span(other, again)) == row->same);
    }
}

/* D-04, C-9111-4.3.2-1: only 200 and 206 answer conditions. */
static void test_conditions(void **state)
{
    static const int statuses[] = {200, 206, 203, 301, 404, 410};

    (void)state;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct stet_stored stored = {.status = statuses[i]};
        assert_int_equal(stet_stored_has_conditions(&stored), i < 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reuse),      cmocka_unit_test(test_methods),
        cmocka_unit_test(test_errors),     cmocka_unit_test(test_choices),
        cmocka_unit_test(test_validated),  cmocka_unit_test(test_conditions),
        cmocka_unit_test(test_directives), cmocka_unit_test(test_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
