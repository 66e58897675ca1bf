/* Table tests of what the audit makes of Cache-Control, Expires and cookies, and of names. */
#include "audit/check.h"

#include <stdio.h>

#include "audit_fixture.h"

#define DATED "Date: Tue, 14 Nov 2023 22:13:20 GMT\n"

static void control(struct check *check, const struct probe *a, const struct probe *b)
{
    (void)b;
    check_control(check, a);
}

static void cookies(struct check *check, const struct probe *a, const struct probe *b)
{
    (void)b;
    check_cookies(check, a);
}

static const struct fixture_row rows[] = {
    {"9111-5.2", "nothing", control, "200\n" DATED, "", NULL, "", "cache-control-missing", NULL},
    {"9111-5.2", "Expires alone", control, "200\n" DATED "Expires: Tue, 14 Nov 2023 23:13:20 GMT",
     "", NULL, "", "", NULL},
    {"9111-5.2", "no-cache", control, "200\n" DATED "Cache-Control: no-cache", "", NULL, "",
     "cache-control-stated", NULL},
    {"9111-5.2", "the long way to say never", control,
     "200\n" DATED "Cache-Control: no-cache, no-store, must-revalidate, max-age=0", "", NULL, "",
     "cache-control-stated", NULL},
    {"9111-5.2", "no-store and a lifetime", control,
     "200\n" DATED "Cache-Control: no-store, max-age=60", "", NULL, "", "cache-control-conflict",
     NULL},
    {"9111-5.2", "public and private", control, "200\n" DATED "Cache-Control: public, private", "",
     NULL, "", "cache-control-conflict", NULL},
    {"9111-5.2", "seconds that are none", control, "200\n" DATED "Cache-Control: max-age=soon", "",
     NULL, "", "cache-control-malformed", NULL},
    {"9111-5.2", "two lifetimes", control, "200\n" DATED "Cache-Control: max-age=1, max-age=2", "",
     NULL, "", "cache-control-malformed", NULL},
    {"9111-5.2.3", "a directive nobody knows", control,
     "200\n" DATED "Cache-Control: no-cache, no-cash=\"a, b\"", "", NULL, "",
     "cache-control-unknown cache-control-stated", NULL},
    {"9111-5.2.2.5", "no-store with a tag", control,
     "200\n" DATED "ETag: \"a\"\nCache-Control: no-store", "", NULL, "",
     "no-store-with-validators cache-control-stated", NULL},
    {"9111-5.2.2.5", "no-store with a tag and a cookie", control,
     "200\n" DATED "ETag: \"a\"\nSet-Cookie: a=b\nCache-Control: no-store", "", NULL, "",
     "cache-control-stated", NULL},
    {"9111-5.3", "Expires says another time", control,
     "200\n" DATED "Cache-Control: max-age=60\nExpires: Tue, 14 Nov 2023 23:13:20 GMT", "", NULL,
     "", "expires-against-max-age cache-control-stated", NULL},
    {"9111-5.3", "Expires says the same", control,
     "200\n" DATED "Cache-Control: max-age=3600\nExpires: Tue, 14 Nov 2023 23:13:20 GMT", "", NULL,
     "", "cache-control-stated", NULL},
    {"9111-5.3", "Expires: 0", control, "200\n" DATED "Cache-Control: no-cache\nExpires: 0", "",
     NULL, "", "expires-malformed cache-control-stated", NULL},
    {"9111-5.4", "Pragma", control, "200\n" DATED "Cache-Control: no-cache\nPragma: no-cache", "",
     NULL, "", "pragma-in-response cache-control-stated", NULL},
    {"8246-2", "immutable under a plain name", control,
     "200\n" DATED "Cache-Control: max-age=60, immutable", "", NULL, "",
     "immutable-without-fingerprint cache-control-stated", NULL},
    {"8246-2", "immutable under a version", control,
     "200\n" DATED "Cache-Control: max-age=31536000, immutable", "", NULL, "",
     "cache-control-stated", "http://h/app-3.7.1.js"},
    {"8246-2", "immutable with a query", control,
     "200\n" DATED "Cache-Control: max-age=31536000, immutable", "", NULL, "",
     "cache-control-stated", "http://h/app.js?v=x"},
    {"8246-2", "immutable for no time", control, "200\n" DATED "Cache-Control: immutable", "", NULL,
     "", "immutable-without-lifetime", NULL},
    {"C-9205-4.6-1", "private, for as long as anybody thinks", control,
     "200\n" DATED "Cache-Control: private", "", NULL, "", "lifetime-missing", NULL},
    {"C-9205-4.6-1", "Expires says how long", control,
     "200\n" DATED "Cache-Control: private\nExpires: Tue, 14 Nov 2023 23:13:20 GMT", "", NULL, "",
     "cache-control-stated", NULL},
    {"C-9205-4.6-1", "a part of it is private", control,
     "200\n" DATED "Cache-Control: private=\"x\", public, max-age=60", "", NULL, "",
     "cache-control-stated public-needless", NULL},
    {"C-9205-4.6-1", "public is seldom needed", control,
     "200\n" DATED "Cache-Control: public, max-age=60", "", NULL, "",
     "cache-control-stated public-needless", NULL},
    {"C-9205-4.6-1", "public, to an Authorization", control,
     "200\n> Authorization: Bearer x\n" DATED "Cache-Control: public, max-age=60", "", NULL, "",
     "cache-control-stated", NULL},
    {"C-9205-4.6-1", "public alone", control, "200\n" DATED "Cache-Control: public", "", NULL, "",
     "lifetime-missing", NULL},
    {"C-9111-5.2.2.3-1", "must-understand as it should be", control,
     "200\n" DATED "ETag: \"a\"\nCache-Control: must-understand, no-store, max-age=60", "", NULL,
     "", "cache-control-stated", NULL},
    {"C-9111-5.2.2.3-1", "must-understand alone", control,
     "200\n" DATED "Cache-Control: must-understand, max-age=60", "", NULL, "",
     "must-understand-alone cache-control-stated", NULL},
    {"8246-2", "a fingerprint that is asked for", control, "200\n" DATED "Cache-Control: no-cache",
     "", NULL, "", "fingerprint-not-cached cache-control-stated", "http://h/app.4f3c9a1b.js"},
    {"8246-2", "a hash behind a dash", control, "200\n" DATED "Cache-Control: max-age=60", "", NULL,
     "", "fingerprint-not-cached cache-control-stated", "http://h/a/app-4f3c9a1b.css"},
    {"8246-2", "a thing that has a number", control, "200\n" DATED "Cache-Control: no-cache", "",
     NULL, "", "cache-control-stated", "http://h/users/5f3a2b1c9d8e7f6a5b4c3d2e"},
    {"8246-2", "a picture that has a number", control, "200\n" DATED "Cache-Control: no-cache", "",
     NULL, "", "cache-control-stated", "http://h/5f3a2b1c9d8e7f6a.jpg"},
    {"8246-2", "a UUID", control, "200\n" DATED "Cache-Control: no-cache", "", NULL, "",
     "cache-control-stated", "http://h/123e4567-e89b-12d3-a456-4266141740ab.jpg"},
    {"8246-2", "a document", control, "200\n" DATED "Cache-Control: no-cache", "", NULL, "",
     "cache-control-stated", "http://h/report-4f3c9a1b.pdf"},
    {"8246-2", "no name at all", control, "200\n" DATED "Cache-Control: no-cache", "", NULL, "",
     "cache-control-stated", "http://h/.js"},
    {"8246-2", "a date is no fingerprint", control, "200\n" DATED "Cache-Control: no-cache", "",
     NULL, "", "cache-control-stated", "http://h/20231114.js"},

    {"9111-7.3", "a cookie in public", cookies,
     "200\n" DATED "Set-Cookie: a=b\nCache-Control: public", "", NULL, "", "set-cookie-public",
     NULL},
    {"9111-7.3", "a cookie for a while", cookies,
     "200\n" DATED "Set-Cookie: a=b\nCache-Control: max-age=60", "", NULL, "",
     "set-cookie-cacheable", NULL},
    {"9111-7.3", "a cookie in private", cookies,
     "200\n" DATED "Set-Cookie: a=b\nCache-Control: private, max-age=60", "", NULL, "", "", NULL},
    {"9111-7.3", "a cookie, no-cache", cookies,
     "200\n" DATED "Set-Cookie: a=b\nCache-Control: no-cache", "", NULL, "", "", NULL},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        fixture_judge(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
