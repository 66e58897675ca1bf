/* Table tests of the budget: what is reckoned by hand, and what it says of it. */
#include "audit/report.h"

#include "table.h"

/* What was seen of a URL, and in a log. */
struct seen {
    bool logged;
    int status;
    uint64_t saved;
    bool saves_now;
    struct target target;
};

struct row {
    const char *id;
    const char *name;
    struct seen seen[2]; /* a status of 0: there is no second one */
    struct budget wanted;
};

static const struct row rows[] = {
    {"budget",
     "it revalidates",
     {{false, 200, 1000, true, {0}}},
     {.urls = 1, .saved_urls = 1, .saved = 1000}},
    {"budget",
     "it does not",
     {{false, 200, 1000, false, {0}}},
     {.urls = 1, .waste_urls = 1, .waste = 1000}},
    {"budget", "nothing is to be saved", {{false, 200, 0, false, {0}}}, {.urls = 1}},
    {"budget", "it is not there", {{false, 404, 0, false, {0}}}, {0}},
    {"budget",
     "one of each",
     {{false, 200, 1000, true, {0}}, {false, 200, 30, false, {0}}},
     {.urls = 2, .saved_urls = 1, .saved = 1000, .waste_urls = 1, .waste = 30}},
    /* 50 requests, of which 45 sent 10,000 octets again; a 304 saves 10,100 of them each, but no
     * more than was sent. */
    {"budget",
     "a log of what does not revalidate",
     {{true, 200, 10100, false, {.requests = 50, .repeats = 45, .octets = 450000}}},
     {.urls = 1,
      .waste_urls = 1,
      .waste = 10100,
      .requests = 50,
      .repeats = 45,
      .repeat_octets = 450000,
      .could_validate = 45,
      .could_save = 450000}},
    /* Then it was larger than now: 45 times 6,000. */
    {"budget",
     "a log of what was larger then",
     {{true, 200, 6000, false, {.requests = 50, .repeats = 45, .octets = 450000}}},
     {.urls = 1,
      .waste_urls = 1,
      .waste = 6000,
      .requests = 50,
      .repeats = 45,
      .repeat_octets = 450000,
      .could_validate = 45,
      .could_save = 270000}},
    /* What revalidates today could have been saved by nobody but its clients. */
    {"budget",
     "a log of what revalidates",
     {{true, 200, 100, true, {.requests = 9, .repeats = 2, .octets = 200, .validated = 5}}},
     {.urls = 1,
      .saved_urls = 1,
      .saved = 100,
      .requests = 9,
      .validated = 5,
      .repeats = 2,
      .repeat_octets = 200}},
    {"budget",
     "numbers without end",
     {{true, 200, UINT64_MAX, false, {.requests = 3, .repeats = 2, .octets = UINT64_MAX}}},
     {.urls = 1,
      .waste_urls = 1,
      .waste = UINT64_MAX,
      .requests = 3,
      .repeats = 2,
      .repeat_octets = UINT64_MAX,
      .could_validate = 2,
      .could_save = UINT64_MAX}},
};

static void test_sums(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct budget budget = {0};
        for (size_t j = 0; j < 2 && rows[i].seen[j].status; j++) {
            const struct seen *seen = &rows[i].seen[j];
            const struct audit_facts facts = {
                .status = seen->status, .saved = seen->saved, .saves_now = seen->saves_now};
            budget_add(&budget, &facts, seen->logged ? &seen->target : NULL);
        }
        check_row(&rows[i], memcmp(&budget, &rows[i].wanted, sizeof budget) == 0);
    }
}

struct words_row {
    const char *id;
    const char *name;
    struct budget budget;
    const char *words;
};

static const struct words_row words_rows[] = {
    {"budget",
     "nothing of the past",
     {.urls = 3, .saved_urls = 1, .saved = 2048, .waste_urls = 2, .waste = 500},
     "Each time somebody who has them asks again, 304 saves 2.0 KiB today (1 URL of 3) and would "
     "save 500 octets more if everything revalidated (2 URLs).\nReckoned with the sizes"},
    {"budget",
     "a log",
     {.urls = 1,
      .requests = 1234,
      .validated = 30,
      .repeats = 45,
      .repeat_octets = 460800,
      .could_validate = 45,
      .could_save = 460800},
     "\nOf what was read, 1,234 requests were for these URLs: 30 were answered 304, 45 sent again "
     "what the same client already had (450 KiB). If everything revalidated, 45 of these would be "
     "304, and 450 KiB would not be sent.\nReckoned"},
    {"budget",
     "all of it",
     {.urls = 1, .saved_urls = 1, .saved = 2048},
     "304 saves 2.0 KiB today (1 URL of 1); there is nothing more to save.\n"},
    {"budget", "what is guessed", {.requests = 1}, "that is a guess.\n"},
};

static void test_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(words_rows); i++) {
        const struct words_row *row = &words_rows[i];
        struct text text = {0};
        report_budget(&row->budget, &text);
        const bool there = memmem(text.at, text.len, row->words, strlen(row->words)) != NULL;
        if (!there)
            print_message("%.*s", (int)text.len, text.at);
        text_fini(&text);
        check_row(row, there);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sums), cmocka_unit_test(test_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
