/* Table tests of freshness: ages and lifetimes. */
#include "stet/freshness.h"

#include "message.h"
#include "stet/status.h"
#include "table.h"

#define DATE "Date: " MESSAGE_DATE
#define EXPIRES_30 "Expires: Sun, 06 Nov 1994 08:50:07 GMT"
#define WALL MESSAGE_DATE_AT

struct age_row {
    const char *id;
    const char *name;
    const char *text;
    int64_t delay;  /* seconds from the request to the response */
    int64_t late;   /* seconds from Date to the response */
    int64_t stayed; /* seconds since */
    uint32_t want;
};

static const struct age_row age_rows[] = {
    {"C-9111-4.2.3-1", "Age alone", DATE "\nAge: 5", 0, 0, 0, 5},
    {"C-9111-4.2.3-1", "no Age", DATE, 0, 0, 0, 0},
    {"C-9111-4.2.3-1", "Age and a slow answer", DATE "\nAge: 5", 3, 0, 0, 8},
    {"C-9111-4.2.3-3", "a slow answer ages without Age", DATE, 3, 0, 0, 3},
    {"C-9111-4.2.3-2", "an old Date", DATE, 0, 100, 0, 100},
    {"C-9111-4.2.3-2", "a Date in the future", DATE, 0, -100, 0, 0},
    {"D-25", "a Date in the future and Age", DATE "\nAge: 7", 0, -100, 0, 7},
    {"C-9111-4.2.3-4", "Date says more", DATE "\nAge: 5", 1, 100, 0, 100},
    {"C-9111-4.2.3-4", "Age says more", DATE "\nAge: 200", 1, 100, 0, 201},
    {"C-9111-4.2.3-5", "time in the store", DATE "\nAge: 5", 0, 0, 60, 65},
    {"D-25", "a clock that steps back makes nothing younger", DATE "\nAge: 5", 0, 0, -60, 5},
    {"D-25", "nor a request that seems to follow its answer", DATE "\nAge: 5", -60, 0, 0, 5},
    {"D-26", "no Date", "Age: 5", 0, 1000, 0, 5},
    {"C-9110-6.6.1-3", "no Date and no Age", "", 2, 0, 10, 12},
    {"C-9110-6.6.1-4", "an invalid Date", "Date: 0\nAge: 5", 0, 1000, 0, 5},
    {"D-26", "two Dates", DATE "\n" DATE, 0, 1000, 0, 0},
    {"C-9111-5.1-1", "the first of a list", DATE "\nAge: 5, 900", 0, 0, 0, 5},
    {"C-9111-5.1-1", "the first line", DATE "\nAge: 900\nAge: 5", 0, 0, 0, 900},
    {"C-9111-5.1-2", "letters", DATE "\nAge: abc", 0, 0, 0, 0},
    {"C-9111-5.1-2", "a sign", DATE "\nAge: -1", 0, 0, 0, 0},
    {"C-9111-5.1-2", "a decimal", DATE "\nAge: 1.5", 0, 0, 0, 0},
    {"D-30", "the first member decides even if it is invalid", DATE "\nAge: x, 9", 0, 0, 0, 0},
    {"D-30", "a parameter", DATE "\nAge: 7;a=b", 0, 0, 0, 0},
    {"D-30", "over-large saturates", DATE "\nAge: 99999999999999999999", 0, 0, 0, STET_SECONDS_MAX},
    {"C-9111-1.2.2-1", "and stays there", DATE "\nAge: 2147483648", 9, 0, 9, STET_SECONDS_MAX},
    {"C-9111-1.2.2-1", "the sum saturates", DATE "\nAge: 2147483640", 9, 0, 0, STET_SECONDS_MAX},
    {"C-9111-1.2.2-1", "a very old Date", "Date: Sun, 06 Nov 1594 08:49:37 GMT", 0, 0, 0,
     STET_SECONDS_MAX},
    {"C-9111-1.2.2-1", "a very long stay", DATE, 0, 0, INT64_C(1) << 40, STET_SECONDS_MAX},
};

static void test_age(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(age_rows); i++) {
        const struct age_row *row = &age_rows[i];
        struct message message;
        struct stet_arrival arrival = {1000, 1000 + row->delay, WALL + row->late};
        struct stet_times times = stet_times_of(message_head(&message, row->text), &arrival);
        check_row(row, stet_age(&times, 1000 + row->delay + row->stayed) == row->want);
    }
}

/* D-25: on a new steady clock the age goes on where it was. */
static void test_resume(void **state)
{
    struct message message;
    struct stet_arrival arrival = {1000, 1000, WALL};
    struct stet_times times = stet_times_of(message_head(&message, DATE "\nAge: 5"), &arrival);
    uint32_t age = stet_age(&times, 1010);

    (void)state;
    stet_times_resume(&times, age + 30, 7);
    assert_int_equal(stet_age(&times, 7), 45);
    assert_int_equal(stet_age(&times, 9), 47);
    assert_int_equal(times.date, WALL);
}

struct life_row {
    const char *id;
    const char *name;
    const char *text;
    int status;
    uint32_t shared, private; /* seconds */
    enum stet_reason why_shared, why_private;
};

#define BOTH(seconds, reason) \
    seconds, seconds, STET_REASON_LIFETIME_##reason, STET_REASON_LIFETIME_##reason

/* Heuristics: usual. */
static const struct life_row life_rows[] = {
    {"C-9111-4.2.1-1", "s-maxage first, where it counts",
     DATE "\nCache-Control: max-age=10, s-maxage=20\n" EXPIRES_30, 200, 20, 10,
     STET_REASON_LIFETIME_S_MAXAGE, STET_REASON_LIFETIME_MAX_AGE},
    {"C-9111-4.2.1-1", "then max-age", DATE "\nCache-Control: max-age=10\n" EXPIRES_30, 200,
     BOTH(10, MAX_AGE)},
    {"C-9111-4.2.1-1", "then Expires", DATE "\n" EXPIRES_30, 200, BOTH(30, EXPIRES)},
    {"C-9111-4.2.1-1", "Expires without Date counts from receipt", EXPIRES_30, 200,
     BOTH(30, EXPIRES)},
    {"C-9111-4.2.1-1", "then a guess", DATE "\nLast-Modified: Sun, 06 Nov 1994 08:32:57 GMT", 200,
     BOTH(100, HEURISTIC)},
    {"C-9111-4.2.1-1", "else nothing", DATE, 200, BOTH(0, NONE)},
    {"C-9111-5.2.2.10-1", "s-maxage=0 is a lifetime", DATE "\nCache-Control: s-maxage=0, max-age=9",
     200, 0, 9, STET_REASON_LIFETIME_S_MAXAGE, STET_REASON_LIFETIME_MAX_AGE},
    {"D-27", "a flawed s-maxage does not fall back", DATE "\nCache-Control: s-maxage=x, max-age=9",
     200, 0, 9, STET_REASON_LIFETIME_FLAWED, STET_REASON_LIFETIME_MAX_AGE},
    {"C-9111-4.2.1-2", "two values of max-age", DATE "\nCache-Control: max-age=1, max-age=9", 200,
     BOTH(0, FLAWED)},
    {"C-9111-4.2.1-4", "a flawed max-age does not fall back to Expires",
     DATE "\nCache-Control: max-age=x\n" EXPIRES_30, 200, BOTH(0, FLAWED)},
    {"C-9111-5.3-2", "max-age over an invalid Expires",
     DATE "\nCache-Control: max-age=10\nExpires: 0", 200, BOTH(10, MAX_AGE)},
    {"C-9111-5.3-2", "max-age=0 over Expires", DATE "\nCache-Control: max-age=0\n" EXPIRES_30, 200,
     BOTH(0, MAX_AGE)},
    {"C-9111-5.3-1", "Expires: 0", DATE "\nExpires: 0", 200, BOTH(0, FLAWED)},
    {"C-9111-5.3-1", "Expires: -1", DATE "\nExpires: -1", 200, BOTH(0, FLAWED)},
    {"C-9111-5.3-1", "Expires: garbage", DATE "\nExpires: tomorrow", 200, BOTH(0, FLAWED)},
    {"C-9111-5.3-1", "an empty Expires", DATE "\nExpires:", 200, BOTH(0, FLAWED)},
    {"C-9111-4.2-5", "another zone", DATE "\nExpires: Sun, 06 Nov 1994 08:50:07 UTC", 200,
     BOTH(0, FLAWED)},
    {"C-9111-4.2-2", "words without case", DATE "\nExpires: SUN, 06 nov 1994 08:50:07 gmt", 200,
     BOTH(30, EXPIRES)},
    {"C-9110-5.6.7-1", "RFC 850", DATE "\nExpires: Sunday, 06-Nov-94 08:50:07 GMT", 200,
     BOTH(30, EXPIRES)},
    {"C-9110-5.6.7-1", "asctime", DATE "\nExpires: Sun Nov  6 08:50:07 1994", 200,
     BOTH(30, EXPIRES)},
    {"C-9111-4.2.1-1", "Expires before Date", DATE "\nExpires: Sun, 06 Nov 1994 08:49:36 GMT", 200,
     BOTH(0, EXPIRES)},
    {"D-29", "equal Expires lines", DATE "\n" EXPIRES_30 "\n" EXPIRES_30, 200, BOTH(30, EXPIRES)},
    {"D-29", "equal in two formats", DATE "\n" EXPIRES_30 "\nExpires: Sun Nov  6 08:50:07 1994",
     200, BOTH(30, EXPIRES)},
    {"D-29", "different Expires lines",
     DATE "\n" EXPIRES_30 "\nExpires: Sun, 06 Nov 1994 08:50:08 GMT", 200, BOTH(0, FLAWED)},
    {"D-29", "a valid and an invalid one", DATE "\n" EXPIRES_30 "\nExpires: 0", 200,
     BOTH(0, FLAWED)},
    {"C-9111-1.2.2-1", "Expires in the far future", DATE "\nExpires: Fri, 31 Dec 9999 23:59:59 GMT",
     200, BOTH(STET_SECONDS_MAX, EXPIRES)},
    {"C-9111-4.2.2-1", "an explicit past forbids to guess",
     DATE "\nExpires: 0\nLast-Modified: Sun, 06 Nov 1974 08:32:57 GMT", 200, BOTH(0, FLAWED)},
    {"C-9111-4.2.2-1", "max-age=0 does, too",
     DATE "\nCache-Control: max-age=0\nLast-Modified: Sun, 06 Nov 1974 08:32:57 GMT", 200,
     BOTH(0, MAX_AGE)},
    {"C-9111-4.2.2-2", "302 is not guessed for",
     DATE "\nLast-Modified: Sun, 06 Nov 1994 08:32:57 GMT", 302, BOTH(0, NONE)},
    {"C-9111-4.2.2-2", "unless it is public",
     DATE "\nCache-Control: public\nLast-Modified: Sun, 06 Nov 1994 08:32:57 GMT", 302,
     BOTH(100, HEURISTIC)},
    {"C-9111-5.2.2.9-1", "public without Expires is guessed for",
     DATE "\nCache-Control: public\nLast-Modified: Sun, 06 Nov 1994 08:32:57 GMT", 599,
     BOTH(100, HEURISTIC)},
    {"D-33", "404 is not guessed for", DATE "\nLast-Modified: Sun, 06 Nov 1994 08:32:57 GMT", 404,
     BOTH(0, NONE)},
    {"D-33", "410 is", DATE "\nLast-Modified: Sun, 06 Nov 1994 08:32:57 GMT", 410,
     BOTH(100, HEURISTIC)},
    {"D-10", "a day at most", DATE "\nLast-Modified: Sun, 06 Nov 1974 08:32:57 GMT", 200,
     BOTH(86400, HEURISTIC)},
    {"C-9111-4.2.2-3", "a tenth, rounded down",
     DATE "\nLast-Modified: Sun, 06 Nov 1994 08:49:18 GMT", 200, BOTH(1, HEURISTIC)},
    {"D-10", "modified after Date", DATE "\nLast-Modified: Sun, 06 Nov 1994 09:49:18 GMT", 200,
     BOTH(0, HEURISTIC)},
    {"D-10", "an invalid Last-Modified", DATE "\nLast-Modified: yesterday", 200, BOTH(0, NONE)},
    {"D-10", "two Last-Modified",
     DATE "\nLast-Modified: Sun, 06 Nov 1994 08:32:57 GMT\nLast-Modified: x", 200, BOTH(0, NONE)},
    {"C-9213-2.2-1", "a targeted field decides",
     DATE "\nCDN-Cache-Control: max-age=7\nCache-Control: max-age=10\n" EXPIRES_30, 200, 7, 10,
     STET_REASON_LIFETIME_MAX_AGE, STET_REASON_LIFETIME_MAX_AGE},
    {"C-9213-2.2-1", "and even Expires counts no more",
     DATE "\nCDN-Cache-Control: public\n" EXPIRES_30, 200, 0, 30, STET_REASON_LIFETIME_NONE,
     STET_REASON_LIFETIME_EXPIRES},
    {"D-46", "a private cache is no target", DATE "\nStet-Cache-Control: max-age=7", 200, 7, 0,
     STET_REASON_LIFETIME_MAX_AGE, STET_REASON_LIFETIME_NONE},
    {"C-8246-2-2", "immutable is no lifetime", DATE "\nCache-Control: immutable", 200,
     BOTH(0, NONE)},
};

static struct stet_lifetime lifetime_of(const struct stet_profile *profile, int status,
                                        const char *text)
{
    struct message message;
    struct stet_response response = message_response(&message, status, text);
    struct stet_arrival arrival = {0, 0, WALL};
    struct stet_times times = stet_times_of(&response.head, &arrival);
    struct stet_cachecontrol directives =
        stet_cachecontrol_of_response(&response.head, profile->targets, profile->target_count);

    return stet_lifetime_of(profile, &response, &directives, &times);
}

static void test_lifetime(void **state)
{
    struct stet_profile shared = stet_profile_gateway(), private = stet_profile_private();

    (void)state;
    shared.heuristics = STET_HEURISTICS_USUAL;
    for (size_t i = 0; i < COUNT(life_rows); i++) {
        const struct life_row *row = &life_rows[i];
        struct stet_lifetime lifetime = lifetime_of(&shared, row->status, row->text);
        check_row(row, lifetime.seconds == row->shared);
        check_row(row, lifetime.reason == row->why_shared);
        lifetime = lifetime_of(&private, row->status, row->text);
        check_row(row, lifetime.seconds == row->private);
        check_row(row, lifetime.reason == row->why_private);
    }
}

/* C-9110-15.1-1, C-7725-3-1, D-33: who is guessed for, by profile. */
static void test_statuses(void **state)
{
    static const int by_law[] = {200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 451, 501};
    static const int by_use[] = {200, 203, 204, 300, 301, 308, 410};
    const char *text = DATE "\nLast-Modified: Sun, 06 Nov 1994 08:32:57 GMT";
    struct stet_profile full = stet_profile_rfc9111(), usual = stet_profile_private();
    struct stet_profile off = stet_profile_gateway();

    (void)state;
    for (int status = 100; status <= 999; status++) {
        bool law = false, use = false;
        for (size_t i = 0; i < COUNT(by_law); i++)
            law |= by_law[i] == status;
        for (size_t i = 0; i < COUNT(by_use); i++)
            use |= by_use[i] == status;
        assert_int_equal(stet_status_is_heuristic(status), law);
        assert_int_equal(stet_status_is_usual(status), use);
        assert_int_equal(lifetime_of(&full, status, text).seconds, law ? 100 : 0);
        assert_int_equal(lifetime_of(&usual, status, text).seconds, use ? 100 : 0);
        assert_int_equal(lifetime_of(&off, status, text).seconds, 0); /* D-10 */
    }
}

/* C-9111-4.2-3: whole seconds, rounded down, make nothing live longer: the age of a response that
 * was asked for at any fraction of a second is never below the true one at a boundary. */
static void test_rounding(void **state)
{
    (void)state;
    for (int start = 0; start < 1000; start += 37)
        for (int lived = 0; lived < 5000; lived += 41) {
            struct stet_times times = {.received = start / 1000};
            int64_t now = (start + lived) / 1000;
            assert_true((int)stet_age(&times, now) >= lived / 1000);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_age),      cmocka_unit_test(test_resume),
        cmocka_unit_test(test_lifetime), cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_rounding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
