/* Table tests of cache directives: the list grammar, structured fields, and the writer.
 *
 * A row says what the canonical writer makes of a field, which shows how it was understood.
 */
#include "stet/cachecontrol.h"

#include "message.h"
#include "table.h"

#define BIT(directive) (UINT32_C(1) << STET_DIRECTIVE_##directive)

struct row {
    const char *id;
    const char *name;
    const char *text;
    const char *want;
    uint32_t flawed;
};

static const struct row response_rows[] = {
    {"C-9111-5.2-2", "names ignore case", "Cache-Control: MAX-AGE=5, Public", "max-age=5, public",
     0},
    {"C-9111-5.2-2", "a quoted argument equals a token", "Cache-Control: MAX-AGE=\"5\"",
     "max-age=5", 0},
    {"C-9111-5.2-2", "max-age and s-maxage are two", "cache-control: s-maxage=1,max-age=2",
     "max-age=2, s-maxage=1", 0},
    {"C-9110-5.2-1", "two lines act as one", "Cache-Control: max-age=5\nCache-Control: private",
     "max-age=5, private", 0},
    {"C-9110-5.6.1.2-1", "empty members are skipped", "Cache-Control: ,, max-age=5 ,,\t, public,",
     "max-age=5, public", 0},
    {"C-9110-5.5-1", "white space around the value", "Cache-Control: \t max-age=5 \t", "max-age=5",
     0},
    {"C-9111-5.2.3-1", "unknown directives are skipped", "Cache-Control: a, max-age=5, b=c",
     "max-age=5", 0},
    {"C-9111-5.2.3-1", "and so are their quoted arguments",
     "Cache-Control: x=\"max-age=9, no-store\", max-age=1", "max-age=1", 0},
    {"C-9111-5.2.3-1", "with escapes in them", "Cache-Control: x=\"a\\\", no-store\", max-age=1",
     "max-age=1", 0},
    {"C-9111-5.2.3-1", "a name that only begins like ours", "Cache-Control: max-ages=5, no-stores",
     "", 0},
    {"C-9111-1.2.2-1", "2^31 - 1", "Cache-Control: max-age=2147483647", "max-age=2147483647", 0},
    {"C-9111-1.2.2-1", "2^31", "Cache-Control: max-age=2147483648", "max-age=2147483648", 0},
    {"C-9111-1.2.2-1", "2^31 + 1", "Cache-Control: max-age=2147483649", "max-age=2147483648", 0},
    {"C-9111-1.2.2-1", "2^63", "Cache-Control: max-age=9223372036854775808", "max-age=2147483648",
     0},
    {"C-9111-1.2.2-1", "40 digits",
     "Cache-Control: max-age=9999999999999999999999999999999999999999", "max-age=2147483648", 0},
    {"C-9111-1.2.2-1", "leading zeros", "Cache-Control: max-age=0000000000000000000000060",
     "max-age=60", 0},
    {"C-9111-4.2.1-4", "letters", "Cache-Control: max-age=x", "max-age=0", BIT(MAX_AGE)},
    {"C-9111-4.2.1-4", "a decimal", "Cache-Control: max-age=1.5", "max-age=0", BIT(MAX_AGE)},
    {"C-9111-4.2.1-4", "a sign", "Cache-Control: max-age=-1", "max-age=0", BIT(MAX_AGE)},
    {"C-9111-4.2.1-4", "a plus sign", "Cache-Control: s-maxage=+1", "s-maxage=0", BIT(S_MAXAGE)},
    {"C-9111-4.2.1-4", "no argument", "Cache-Control: max-age", "max-age=0", BIT(MAX_AGE)},
    {"C-9111-4.2.1-4", "an empty argument", "Cache-Control: max-age=", "max-age=0", BIT(MAX_AGE)},
    {"C-9111-4.2.1-4", "empty quotes", "Cache-Control: max-age=\"\"", "max-age=0", BIT(MAX_AGE)},
    {"C-9111-4.2.1-2", "equal repetition is one", "Cache-Control: max-age=5, max-age=\"5\"",
     "max-age=5", 0},
    {"C-9111-4.2.1-2", "different values: stale", "Cache-Control: max-age=5, max-age=6",
     "max-age=0", BIT(MAX_AGE)},
    {"C-9111-4.2.1-2", "on two lines as well", "Cache-Control: max-age=5\nCache-Control: max-age=6",
     "max-age=0", BIT(MAX_AGE)},
    {"C-9111-4.2.1-2", "a valid and an invalid one", "Cache-Control: max-age=5, max-age=x",
     "max-age=0", BIT(MAX_AGE)},
    {"C-9111-4.2.1-2", "an invalid and a valid one", "Cache-Control: max-age=x, max-age=5",
     "max-age=0", BIT(MAX_AGE)},
    {"D-31", "s-maxage, too", "Cache-Control: s-maxage=5, s-maxage=6", "s-maxage=0", BIT(S_MAXAGE)},
    {"D-31", "after a contradiction nothing helps",
     "Cache-Control: max-age=5, max-age=6, max-age=6", "max-age=0", BIT(MAX_AGE)},
    {"C-9111-4.2.1-3", "of two windows the shorter one",
     "Cache-Control: stale-while-revalidate=9, stale-while-revalidate=3",
     "stale-while-revalidate=3", BIT(STALE_WHILE_REVALIDATE)},
    {"C-9111-4.2.1-3", "in either order", "Cache-Control: stale-if-error=3, stale-if-error=9",
     "stale-if-error=3", BIT(STALE_IF_ERROR)},
    {"D-32", "space before =", "Cache-Control: max-age =5", "max-age=0", BIT(MAX_AGE)},
    {"D-32", "space after =", "Cache-Control: max-age= 5", "max-age=0", BIT(MAX_AGE)},
    {"D-32", "single quotes", "Cache-Control: max-age='5'", "max-age=0", BIT(MAX_AGE)},
    {"D-32", "trailing letters", "Cache-Control: max-age=5s", "max-age=0", BIT(MAX_AGE)},
    {"D-32", "a second word", "Cache-Control: max-age=5 6", "max-age=0", BIT(MAX_AGE)},
    {"D-32", "semicolons do not divide", "Cache-Control: max-age=5; public", "max-age=0",
     BIT(MAX_AGE)},
    {"D-32", "words behind closing quotes", "Cache-Control: max-age=\"5\"6", "max-age=0",
     BIT(MAX_AGE)},
    {"D-32", "an escape in quotes", "Cache-Control: max-age=\"\\6\\0\"", "max-age=60", 0},
    {"D-32", "a quoted name is no directive", "Cache-Control: \"no-store\", max-age=5", "max-age=5",
     0},
    {"D-32", "unclosed quotes", "Cache-Control: a=\"b, max-age=5", "no-store", 0},
    {"D-32", "unclosed quotes of max-age", "Cache-Control: public, max-age=\"5",
     "max-age=0, no-store, public", BIT(MAX_AGE)},
    {"D-32", "unclosed quotes swallow their line only",
     "Cache-Control: a=\"b\nCache-Control: max-age=5", "max-age=5, no-store", 0},
    {"D-32", "what restricts counts with junk behind it", "Cache-Control: no-store x, private;a",
     "private, no-store", BIT(NO_STORE) | BIT(PRIVATE)},
    {"D-32", "what permits does not", "Cache-Control: public x, immutable;a, must-understand 1", "",
     BIT(PUBLIC) | BIT(IMMUTABLE) | BIT(MUST_UNDERSTAND)},
    {"C-8246-2-2", "an argument of immutable is ignored", "Cache-Control: immutable=1", "immutable",
     0},
    {"C-9111-5.2-2", "and so are others that nobody defined", "Cache-Control: no-store=\"x\"",
     "no-store", 0},
    {"C-5861-3-1", "stale-while-revalidate", "Cache-Control: stale-while-revalidate=30",
     "stale-while-revalidate=30", 0},
    {"C-5861-4-1", "stale-if-error without a number", "Cache-Control: stale-if-error",
     "stale-if-error=0", BIT(STALE_IF_ERROR)},
    {"C-9111-5.2.2.4-2", "no-cache with names", "Cache-Control: no-cache=\"Set-Cookie, A\"",
     "no-cache=\"Set-Cookie, A\"", 0},
    {"D-23", "a lone token is one name", "Cache-Control: private=Set-Cookie",
     "private=\"Set-Cookie\"", 0},
    {"D-23", "no names: all of it", "Cache-Control: private=\"\"", "private", BIT(PRIVATE)},
    {"D-23", "only commas: all of it", "Cache-Control: no-cache=\", ,\"", "no-cache",
     BIT(NO_CACHE)},
    {"D-23", "a name that is none: all of it", "Cache-Control: no-cache=\"a b\"", "no-cache",
     BIT(NO_CACHE)},
    {"D-23", "an escaped backslash is no name", "Cache-Control: no-cache=\"a\\\\b\"", "no-cache",
     BIT(NO_CACHE)},
    {"D-23", "an escaped quote is no name", "Cache-Control: no-cache=\"a\\\"\"", "no-cache",
     BIT(NO_CACHE)},
    {"D-23", "with and without names: all of it", "Cache-Control: no-cache=\"a\", no-cache",
     "no-cache", 0},
    {"D-23", "an empty argument: all of it", "Cache-Control: no-cache=", "no-cache", BIT(NO_CACHE)},
    {"D-23", "several lists are united", "Cache-Control: private=\"a\", private=\"b,c\"",
     "private=\"a, b, c\"", 0},
    {"D-23", "one list too many: all of it",
     "Cache-Control: private=a, private=b, private=c, private=d, private=e", "private", 0},
    {"C-9110-5.6.4-1", "an escaped comma still divides names", "Cache-Control: no-cache=\"a\\,b\"",
     "no-cache=\"a, b\"", 0},
    {"C-9110-5.6.4-1", "an escape in a name is no part of it", "Cache-Control: no-cache=\"\\ab\"",
     "no-cache=\"ab\"", 0},
    {"C-9111-5.4-1", "Pragma means nothing in a response", "Pragma: no-cache", "", 0},
    {"C-9111-5.2-2", "an empty field", "Cache-Control:", "", 0},
};

static const struct row request_rows[] = {
    {"C-9111-5.2.1.2-1", "max-stale with a value", "Cache-Control: max-stale=9", "max-stale=9", 0},
    {"C-9111-5.2.1.2-1", "max-stale without", "Cache-Control: max-stale", "max-stale", 0},
    {"C-9111-5.2.1.2-1", "max-stale both ways", "Cache-Control: max-stale, max-stale=9",
     "max-stale=9", BIT(MAX_STALE)},
    {"C-9111-5.2.1.2-1", "max-stale off the grammar", "Cache-Control: max-stale=x", "max-stale=0",
     BIT(MAX_STALE)},
    {"C-9111-5.2.1.3-1", "min-fresh", "Cache-Control: min-fresh=20", "min-fresh=20", 0},
    {"C-9111-5.2.1.3-1", "of two the greater one", "Cache-Control: min-fresh=20, min-fresh=30",
     "min-fresh=30", BIT(MIN_FRESH)},
    {"C-9111-5.2.1.3-1", "in either order", "Cache-Control: min-fresh=30, min-fresh=20",
     "min-fresh=30", BIT(MIN_FRESH)},
    {"D-32", "min-fresh off the grammar can never be met", "Cache-Control: min-fresh=x",
     "min-fresh=2147483648", BIT(MIN_FRESH)},
    {"C-9111-5.2.1.4-1", "no-cache names nothing in requests", "Cache-Control: no-cache=\"a\"",
     "no-cache", 0},
    {"C-9111-5.2.1.7-1", "only-if-cached", "Cache-Control: only-if-cached, no-transform",
     "no-transform, only-if-cached", 0},
    {"D-29", "Pragma without Cache-Control", "Pragma: a, No-Cache", "no-cache", 0},
    {"D-29", "Pragma with Cache-Control", "Pragma: no-cache\nCache-Control: max-age=5", "max-age=5",
     0},
    {"D-29", "Pragma with an empty Cache-Control", "Pragma: no-cache\nCache-Control:", "", 0},
    {"D-29", "other pragmas", "Pragma: no-store", "", 0},
};

/* Read with the targets Stet-Cache-Control, CDN-Cache-Control. */
static const struct row target_rows[] = {
    {"C-9213-2.2-1", "the first one decides",
     "CDN-Cache-Control: max-age=1\nStet-Cache-Control: max-age=2\nCache-Control: max-age=3",
     "max-age=2", 0},
    {"C-9213-2.2-1", "then the second", "CDN-Cache-Control: max-age=1\nCache-Control: max-age=3",
     "max-age=1", 0},
    {"C-9213-2.2-2", "then Cache-Control", "Cache-Control: max-age=3, no-store",
     "max-age=3, no-store", 0},
    {"C-9213-2.2-3", "fields not on the list change nothing",
     "Foo-Cache-Control: max-age=1\nCache-Control: max-age=3", "max-age=3", 0},
    {"C-9213-2.4-1", "the suffix alone is no target", "Surrogate-Cache-Control: no-store", "", 0},
    {"C-9213-2.1-4", "a trailing comma voids the field",
     "Stet-Cache-Control: max-age=1,\nCDN-Cache-Control: max-age=2", "max-age=2", 0},
    {"C-9213-2.1-4", "an empty field is absent", "Stet-Cache-Control:\nCache-Control: max-age=3",
     "max-age=3", 0},
    {"C-9213-2.1-4", "upper case voids the field", "Stet-Cache-Control: Max-Age=1", "", 0},
    {"C-9213-2.2-5", "unknown members alone still decide",
     "CDN-Cache-Control: none\nCache-Control: max-age=3", "", 0},
    {"C-9213-2.2-4", "what must be implemented",
     "CDN-Cache-Control: max-age=1, must-revalidate, no-store, no-cache, private",
     "max-age=1, no-cache, private, no-store, must-revalidate", 0},
    {"C-9213-2.2-4", "all else as well",
     "CDN-Cache-Control: s-maxage=1, stale-if-error=2, stale-while-revalidate=3, public, immutable",
     "s-maxage=1, stale-while-revalidate=3, stale-if-error=2, public, immutable", 0},
    {"C-9213-2.1-1", "parameters are ignored", "CDN-Cache-Control: max-age=1;a=2, public;b",
     "max-age=1, public", 0},
    {"C-9213-2.1-1", "a String of names", "CDN-Cache-Control: no-cache=\"a, b\"",
     "no-cache=\"a, b\"", 0},
    {"C-9213-2.1-1", "a Token is one name", "CDN-Cache-Control: private=a", "private=\"a\"", 0},
    {"C-9213-2.1-3", "a Decimal is no lifetime", "CDN-Cache-Control: max-age=1.5", "max-age=0",
     BIT(MAX_AGE)},
    {"C-9213-2.1-3", "nor is a String", "CDN-Cache-Control: max-age=\"60\"", "max-age=0",
     BIT(MAX_AGE)},
    {"D-45", "nor a Boolean", "CDN-Cache-Control: s-maxage", "s-maxage=0", BIT(S_MAXAGE)},
    {"D-45", "nor a negative number", "CDN-Cache-Control: max-age=-1", "max-age=0", BIT(MAX_AGE)},
    {"D-45", "other members of a wrong type are ignored",
     "CDN-Cache-Control: no-store=1, public=\"a\", private=2, must-revalidate=x", "", 0},
    {"D-45", "?0 is absent", "CDN-Cache-Control: no-cache=?0, private=?0, public=?1", "public", 0},
    {"D-23", "names that cannot be read: all of it", "CDN-Cache-Control: no-cache=\"a b\"",
     "no-cache", BIT(NO_CACHE)},
    {"C-9651-4.2.2-1", "the last one counts", "CDN-Cache-Control: max-age=1, private, max-age=2",
     "max-age=2, private", 0},
    {"C-9651-4.2.2-1", "also over a flaw", "CDN-Cache-Control: max-age=x, max-age=2", "max-age=2",
     0},
    {"C-9651-4.2.2-1", "also over names",
     "CDN-Cache-Control: private=\"a\", no-cache=b, private=?0", "no-cache=\"b\"", 0},
    {"C-9651-4.2-1", "two lines are one field",
     "CDN-Cache-Control: max-age=1\nCDN-Cache-Control: public", "max-age=1, public", 0},
    {"C-9111-1.2.2-1", "15 digits", "CDN-Cache-Control: max-age=999999999999999",
     "max-age=2147483648", 0},
};

static void check(const struct row *row, const struct stet_cachecontrol *read)
{
    char text[400];
    size_t length = stet_cachecontrol_write(read, text, sizeof(text));

    assert_true(length < sizeof(text));
    text[length] = '\0';
    if (strcmp(text, row->want) != 0)
        fail_msg("%s (%s): \"%s\", not \"%s\"", row->id, row->name, text, row->want);
    check_row(row, read->flawed == row->flawed);
}

static void test_response(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(response_rows); i++) {
        struct message message;
        const struct stet_head *head = message_head(&message, response_rows[i].text);
        struct stet_cachecontrol read = stet_cachecontrol_of_response(head, NULL, 0);
        check(&response_rows[i], &read);
    }
}

static void test_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(request_rows); i++) {
        struct message message;
        const struct stet_head *head = message_head(&message, request_rows[i].text);
        struct stet_cachecontrol read = stet_cachecontrol_of_request(head);
        check(&request_rows[i], &read);
    }
}

static void test_target(void **state)
{
    static const enum stet_field_id targets[] = {STET_FIELD_STET_CACHE_CONTROL,
                                                 STET_FIELD_CDN_CACHE_CONTROL};

    (void)state;
    for (size_t i = 0; i < COUNT(target_rows); i++) {
        struct message message;
        const struct stet_head *head = message_head(&message, target_rows[i].text);
        struct stet_cachecontrol read = stet_cachecontrol_of_response(head, targets, 2);
        check(&target_rows[i], &read);
    }
}

struct source_row {
    const char *id;
    const char *name;
    const char *text;
    bool request;
    enum stet_field_id want;
};

static const struct source_row source_rows[] = {
    {"C-9213-2.2-1", "a targeted field", "CDN-Cache-Control: a\nCache-Control: b", false,
     STET_FIELD_CDN_CACHE_CONTROL},
    {"C-9213-2.2-2", "Cache-Control", "CDN-Cache-Control: A\nCache-Control: b", false,
     STET_FIELD_CACHE_CONTROL},
    {"C-9213-2.2-2", "nothing", "CDN-Cache-Control: A", false, STET_FIELD_UNKNOWN},
    {"C-9213-2.2-3", "requests have no targeted fields", "CDN-Cache-Control: a", true,
     STET_FIELD_UNKNOWN},
    {"D-29", "Pragma", "Pragma: a", true, STET_FIELD_PRAGMA},
};

static void test_source(void **state)
{
    static const enum stet_field_id targets[] = {STET_FIELD_CDN_CACHE_CONTROL};

    (void)state;
    for (size_t i = 0; i < COUNT(source_rows); i++) {
        const struct source_row *row = &source_rows[i];
        struct message message;
        const struct stet_head *head = message_head(&message, row->text);
        struct stet_cachecontrol read = row->request
                                            ? stet_cachecontrol_of_request(head)
                                            : stet_cachecontrol_of_response(head, targets, 1);
        check_row(row, read.source == row->want);
    }
}

struct names_row {
    const char *id;
    const char *name;
    const char *value;
    const char *field;
    bool no_cache;
    bool private;
};

static const struct names_row names_rows[] = {
    {"C-9111-3.1-3", "named", "no-cache=\"a, Set-Cookie\"", "set-cookie", true, false},
    {"C-9111-3.1-3", "without case", "private=\"A\"", "a", false, true},
    {"C-9111-3.1-3", "not named", "private=\"A\"", "b", false, false},
    {"C-9111-3.1-3", "only a part of a name", "private=\"abc\"", "ab", false, false},
    {"C-9111-3.1-3", "more than a name", "private=\"ab\"", "abc", false, false},
    {"D-23", "a lone token", "no-cache=a", "a", true, false},
    {"D-23", "of two lists", "no-cache=a, private=b, no-cache=\"c,b\"", "b", true, true},
    {"D-23", "one bad name, and none is named", "no-cache=\"a, b c\"", "a", false, false},
    {"D-23", "without names", "no-cache, private", "a", false, false},
    {"C-9110-5.6.4-1", "an escape inside a name", "no-cache=\"\\a\\b\"", "ab", true, false},
    {"C-9110-5.6.4-1", "an escaped comma", "no-cache=\"a\\,b\"", "b", true, false},
};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names_rows); i++) {
        const struct names_row *row = &names_rows[i];
        struct stet_cachecontrol read = stet_cachecontrol_in(stet_span_of(row->value));
        struct stet_span field = stet_span_of(row->field);
        check_row(row,
                  stet_cachecontrol_names(&read, STET_DIRECTIVE_NO_CACHE, field) == row->no_cache);
        check_row(row,
                  stet_cachecontrol_names(&read, STET_DIRECTIVE_PRIVATE, field) == row->private);
    }
}

/* C-9111-5.2-3, C-9111-5.2.2.4-3, C-9110-2.2-1, C-9110-5.6.1.1-1: what is written is read again as
 * the same, is never longer than said, and is cut, not overrun, where room is short. */
static void test_writer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(response_rows); i++) {
        struct message message;
        const struct stet_head *head = message_head(&message, response_rows[i].text);
        struct stet_cachecontrol read = stet_cachecontrol_of_response(head, NULL, 0);
        char once[400], twice[400];
        size_t length = stet_cachecontrol_write(&read, once, sizeof(once));
        struct stet_cachecontrol again = stet_cachecontrol_in(stet_span(once, length));
        check_row(&response_rows[i], again.flawed == 0);
        check_row(&response_rows[i], again.present == read.present);
        check_row(&response_rows[i],
                  stet_cachecontrol_write(&again, twice, sizeof(twice)) == length);
        check_row(&response_rows[i], memcmp(once, twice, length) == 0);
        memset(twice, '#', sizeof(twice));
        check_row(&response_rows[i], stet_cachecontrol_write(&read, twice, length / 2) == length);
        check_row(&response_rows[i], twice[length / 2] == '#');
    }
}

static void test_seconds(void **state)
{
    struct stet_cachecontrol read = stet_cachecontrol_in(STET_SPAN("max-age=7, max-stale"));

    (void)state;
    assert_int_equal(stet_cachecontrol_seconds(&read, STET_DIRECTIVE_MAX_AGE), 7);
    assert_int_equal(stet_cachecontrol_seconds(&read, STET_DIRECTIVE_MAX_STALE), STET_SECONDS_MAX);
    assert_int_equal(stet_cachecontrol_seconds(&read, STET_DIRECTIVE_S_MAXAGE), STET_SECONDS_NONE);
    assert_true(stet_span_equal(stet_directive_name(STET_DIRECTIVE_COUNT), STET_SPAN("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_response), cmocka_unit_test(test_request),
        cmocka_unit_test(test_target),   cmocka_unit_test(test_source),
        cmocka_unit_test(test_names),    cmocka_unit_test(test_writer),
        cmocka_unit_test(test_seconds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
