/* Patterns and noise: what is cut out, which contents are the same without it, what takes too long.
 */
#include "base/memory.h"
#include "cache/noise.h"

#include "table.h"

#include <stdlib.h>

/* ---- patterns ---- */

struct pattern_row {
    const char *id;
    const char *name;
    struct stet_span pattern;
    struct stet_span text;
    size_t from;
    enum pattern_found found;
    size_t first, end;
};

static const struct pattern_row pattern_rows[] = {
    {"D-50", "a word", S("b+"), S("abbc"), 0, PATTERN_FOUND, 1, 3},
    {"D-50", "from further on", S("b+"), S("abbc"), 2, PATTERN_FOUND, 2, 3},
    {"D-50", "not there", S("x"), S("abbc"), 0, PATTERN_NONE, 0, 0},
    {"D-50", "nothing is found in nothing", S(""), S(""), 0, PATTERN_FOUND, 0, 0},
    {"D-50", "octets, no characters", S("^.\\x{ff}$"), S("\x80\xff"), 0, PATTERN_FOUND, 0, 2},
    {"D-50", "NUL is an octet", S("a\\x00b"), S("a\0b"), 0, PATTERN_FOUND, 0, 3},
    {"D-50", "a look behind the beginning", S("(?<=a)b"), S("ab"), 1, PATTERN_FOUND, 1, 2},
    {"D-50", "exponential", S("(a+)+(?!.)"), S("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"), 0,
     PATTERN_FAILED, 0, 0},
};

static void patterns_find(void **state)
{
    (void)state;
    char message[PATTERN_MESSAGE];
    for (size_t i = 0; i < COUNT(pattern_rows); i++) {
        const struct pattern_row *row = &pattern_rows[i];
        struct pattern *pattern = pattern_new(row->pattern, message);
        struct pattern_scratch scratch = {.effort = PATTERN_EFFORT};
        struct pattern_match match = {0, 0};
        check_row(row, pattern);
        check_row(row, pattern_find(pattern, row->text, row->from, &scratch, &match) == row->found);
        check_row(row, match.first == row->first && match.end == row->end);
        pattern_scratch_fini(&scratch);
        pattern_free(pattern);
    }
}

static void patterns_refused(void **state)
{
    static const struct stet_span texts[] = {S("(("), S("*"), S("[a"), S("(*UTF)a"),
                                             S("(?<=a\\K)b")};
    char message[PATTERN_MESSAGE];
    size_t fault;
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        message[0] = '\0';
        assert_null(pattern_new(texts[i], message));
        assert_true(strlen(message) > 5);
        const struct stet_span both[] = {S("good"), texts[i]};
        assert_null(noise_new(both, 2, message, &fault));
        assert_int_equal(fault, 1);
    }
    char deep[400];
    memset(deep, '(', 200);
    memset(deep + 200, ')', 200);
    assert_null(pattern_new(stet_span(deep, 400), message));
    pattern_free(NULL);
    noise_free(NULL);
}

/* Long texts cost as much as short ones, place by place: the effort is for all places together. */
static void patterns_bounded(void **state)
{
    (void)state;
    char message[PATTERN_MESSAGE];
    const size_t size = 1 << 20;
    char *text = malloc(size);
    struct pattern *pattern = pattern_new(STET_SPAN("(?:a{1,200}){1,3}b"), message);
    struct pattern_scratch scratch = {.effort = PATTERN_EFFORT};
    struct pattern_match match;
    assert_non_null(pattern);
    memset(text, 'a', size);
    text[size - 1] = 'b';
    text[size / 2] = 'c';
    assert_int_equal(pattern_find(pattern, stet_span(text, size), 0, &scratch, &match),
                     PATTERN_FAILED);
    assert_int_equal(scratch.effort, 0);
    pattern_scratch_fini(&scratch);
    pattern_free(pattern);
    free(text);
}

/* ---- noise ---- */

struct noise_row {
    const char *id;
    const char *name;
    struct stet_span patterns[3];
    struct stet_span a, b;
    bool same;
};

static const struct noise_row noise_rows[] = {
    {"D-50", "tokens differ", {S("token=\\w+")}, S("<token=1> x"), S("<token=abc> x"), true},
    {"D-50",
     "something else differs",
     {S("token=\\w+")},
     S("<token=1> x"),
     S("<token=1> y"),
     false},
    {"D-50", "one has none", {S("token=\\w+")}, S("a token=1b"), S("a b"), false},
    {"D-50", "at the end, or not at all", {S("\\d+")}, S("a1"), S("a"), false},
    {"D-50", "at the beginning, or not at all", {S("\\d+")}, S("1a"), S("a"), false},
    {"D-50", "nothing but noise", {S("\\d+")}, S("1"), S("22"), true},
    {"D-50", "nothing, and nothing but noise", {S("\\d+")}, S(""), S("22"), false},
    {"D-50", "nothing", {S("\\d+")}, S(""), S(""), true},
    {"D-50", "several", {S("\\d+")}, S("a1b2c"), S("a33b4c"), true},
    {"D-50", "moved", {S("\\d+")}, S("a1bc"), S("ab1c"), false},
    {"D-50", "two patterns", {S("x\\d+"), S("y\\d+")}, S("x1 y2"), S("x33 y44"), true},
    {"D-50", "overlapping", {S("<\\d+"), S("\\d+>")}, S("<1>"), S("<23>"), true},
    {"D-50", "one within the other", {S("a.*?z"), S("\\d")}, S("-a1z-"), S("-a2z-"), true},
    {"D-50", "empty matches cut nothing", {S("x*")}, S("axb"), S("ab"), false},
    {"D-50", "empty matches do not hide others", {S("x*")}, S("axb"), S("axxb"), true},
    {"D-50", "no pattern", {{NULL, 0}}, S("a"), S("a"), true},
    {"D-50", "no pattern, another content", {{NULL, 0}}, S("a"), S("b"), false},
};

static void noise_cut(void **state)
{
    (void)state;
    char message[PATTERN_MESSAGE];
    size_t fault;
    for (size_t i = 0; i < COUNT(noise_rows); i++) {
        const struct noise_row *row = &noise_rows[i];
        size_t count = 0;
        while (count < 3 && row->patterns[count].at)
            count++;
        struct noise *noise = noise_new(row->patterns, count, message, &fault);
        struct digest a, b;
        check_row(row, noise);
        check_row(row, noise_digest(noise, row->a, &a) && noise_digest(noise, row->b, &b));
        check_row(row, digest_equal(&a, &b) == row->same);
        noise_free(noise);
    }
}

static void noise_without_memory(void **state)
{
    (void)state;
    static const struct stet_span patterns[] = {S("x\\d+"), S("y\\d+")};
    char message[PATTERN_MESSAGE];
    size_t fault;
    struct digest digest;
    for (uint64_t nth = 1;; nth++) {
        memory_fail_nth(nth);
        struct noise *noise = noise_new(patterns, 2, message, &fault);
        bool done = noise && noise_digest(noise, STET_SPAN("x1 y2"), &digest);
        bool over = memory_count() < nth;
        memory_fail_nth(0);
        assert_int_equal(done, over);
        noise_free(noise);
        if (over)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_find),        cmocka_unit_test(patterns_refused),
        cmocka_unit_test(patterns_bounded),     cmocka_unit_test(noise_cut),
        cmocka_unit_test(noise_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
