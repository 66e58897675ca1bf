/* Reports: hostile words in every place and every form, sums, order, and what a terminal is shown.
 */
#include "audit/report.h"
#include "base/memory.h"

#include "table.h"

#include <stdio.h>
#include <stdlib.h>

#include <expat.h>
#include <jansson.h>

/* ---- a report with some words everywhere that a server or a log may put words ---- */

struct made {
    struct audit_facts facts[2];
    struct target target;
    struct report_item items[2];
    struct findings findings;
    struct budget budget;
    struct report report;
    char words[512];
    char server[16];
};

static void make(struct made *made, const char *words)
{
    *made = (struct made){.target = {.requests = 1234, .repeats = 20, .octets = 20480}};
    snprintf(made->words, sizeof made->words, "%s", words);
    snprintf(made->server, sizeof made->server, "nginx/1.22.1");
    made->facts[0] = (struct audit_facts){.url = made->words,
                                          .final_url = made->words,
                                          .status = 200,
                                          .etag = made->words,
                                          .modified = made->words,
                                          .cache_control = made->words,
                                          .content_type = made->words,
                                          .server = made->server,
                                          .length = {4096, 1024},
                                          .saved = 1000,
                                          .requests = 30,
                                          .octets = 123456,
                                          .complete = true};
    made->facts[1] = (struct audit_facts){.url = made->words, .requests = 1};
    assert_true(findings_add(&made->findings, FINDING_TRUE_304, words, NULL, NULL));
    assert_true(findings_add(&made->findings, FINDING_LYING_304, words, words, words));
    assert_true(
        findings_add(&made->findings, FINDING_VALIDATORS_MISSING, words, words, "> a\n< b"));
    assert_true(findings_add(&made->findings, FINDING_UNREACHABLE, words, "refused", ""));
    made->items[0] = (struct report_item){&made->facts[0], &made->target, 0, 3};
    made->items[1] = (struct report_item){&made->facts[1], NULL, 3, 1};
    budget_add(&made->budget, &made->facts[0], &made->target);
    budget_add(&made->budget, &made->facts[1], NULL);
    made->report = (struct report){.begun = 1000000000,
                                   .ended = 3500000000,
                                   .items = made->items,
                                   .count = 2,
                                   .findings = &made->findings,
                                   .budget = &made->budget,
                                   .fail_on = FINDING_BAD};
}

static void unmake(struct made *made)
{
    findings_fini(&made->findings);
}

struct hostile_row {
    const char *id;
    const char *name;
    const char *words;
    const char *plain; /* as a program reads them out of JSON; NULL: as they are */
};

static const struct hostile_row hostile_rows[] = {
    {"hostile", "plain", "http://h/a", NULL},
    {"hostile", "the end of a CDATA section", "http://h/\"]]>", NULL},
    {"hostile", "the end of a script", "</script><script>alert(1)</script>", NULL},
    {"hostile", "a comment", "<!-- --!> -->", NULL},
    {"hostile", "an attribute", "\" onload=\"x\" '", NULL},
    {"hostile", "entities", "&lt;&#0;&bogus;", NULL},
    {"hostile", "control octets", "\033]0;x\007\x01\b\r\n\t\x7f", NULL},
    {"hostile", "no UTF-8", "a\xff\xc3(", "a\xef\xbf\xbd\xef\xbf\xbd("},
    {"hostile", "formats", "%s%n%d", NULL},
    {"hostile", "text turned around",
     "a\xe2\x80\xae"
     "b",
     NULL},
    {"hostile", "nothing", "", NULL},
};

/* ---- XML ---- */

struct heard {
    unsigned suites, cases, failures, errors, unknown;
    int tests; /* as the root says */
};

static void XMLCALL opened(void *owner, const XML_Char *name, const XML_Char **attributes)
{
    struct heard *heard = owner;
    if (strcmp(name, "testsuites") == 0) {
        for (size_t i = 0; attributes[i]; i += 2) {
            if (strcmp(attributes[i], "tests") == 0)
                heard->tests = atoi(attributes[i + 1]);
        }
    } else if (strcmp(name, "testsuite") == 0)
        heard->suites++;
    else if (strcmp(name, "testcase") == 0)
        heard->cases++;
    else if (strcmp(name, "failure") == 0)
        heard->failures++;
    else if (strcmp(name, "error") == 0)
        heard->errors++;
    else if (strcmp(name, "system-out") != 0)
        heard->unknown++;
}

static void junit_is_xml(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hostile_rows); i++) {
        const struct hostile_row *row = &hostile_rows[i];
        struct heard heard = {0};
        struct text text = {0};
        struct made made;
        make(&made, row->words);
        report_junit(&made.report, &text);
        XML_Parser parser = XML_ParserCreate(NULL);
        XML_SetUserData(parser, &heard);
        XML_SetElementHandler(parser, opened, NULL);
        check_row(row, XML_Parse(parser, text.at, (int)text.len, 1) == XML_STATUS_OK);
        check_row(row, heard.unknown == 0 && heard.suites == 2 && heard.tests == 5);
        check_row(row, heard.cases == 5 && heard.failures == 2 && heard.errors == 1);
        XML_ParserFree(parser);
        text_fini(&text);
        unmake(&made);
    }
}

/* ---- JSON ---- */

static json_t *at(json_t *tree, const char *path)
{
    char name[64];
    while (tree && *path) {
        size_t len = strcspn(path, "/");
        snprintf(name, sizeof name, "%.*s", (int)len, path);
        tree = json_is_array(tree) ? json_array_get(tree, (size_t)atoi(name))
                                   : json_object_get(tree, name);
        path += len + (path[len] == '/');
    }
    return tree;
}

static json_t *tree_of(const struct hostile_row *row,
                       void (*write)(const struct report *, struct text *))
{
    struct text text = {0};
    struct made made;
    make(&made, row->words);
    write(&made.report, &text);
    json_t *tree = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, NULL);
    check_row(row, tree);
    text_fini(&text);
    unmake(&made);
    return tree;
}

static void json_says_what_was(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hostile_rows); i++) {
        const struct hostile_row *row = &hostile_rows[i];
        const char *plain = row->plain ? row->plain : row->words;
        json_t *tree = tree_of(row, report_json);
        static const char *const places[] = {"urls/0/url",
                                             "urls/0/final_url",
                                             "urls/0/etag",
                                             "urls/0/findings/0/url",
                                             "urls/0/findings/0/detail",
                                             "urls/1/url"};
        for (size_t j = 0; j < COUNT(places); j++)
            check_row(row, strcmp(json_string_value(at(tree, places[j])), plain) == 0);
        check_row(row, json_is_null(at(tree, "urls/1/final_url")));
        check_row(row, json_integer_value(at(tree, "counts/bad")) == 2);
        check_row(row, json_integer_value(at(tree, "urls/0/counts/good")) == 1);
        check_row(row, json_integer_value(at(tree, "urls/0/lengths/gzip")) == 1024);
        check_row(row, json_integer_value(at(tree, "budget/could_validate")) == 20);
        check_row(row, json_integer_value(at(tree, "budget/could_save")) == 20000);
        check_row(row,
                  strcmp(json_string_value(at(tree, "urls/0/findings/0/id")), "lying-304") == 0);
        check_row(row,
                  strcmp(json_string_value(at(tree, "urls/0/findings/1/evidence/1")), "< b") == 0);
        check_row(row, strcmp(json_string_value(at(tree, "begun")), "1970-01-01T00:00:01Z") == 0);
        check_row(row, at(tree, "kinds/lying-304/advice/0/where"));
        json_decref(tree);
    }
}

static void sarif_has_its_members(void **state)
{
    static const char *const needed[] = {
        "$schema",
        "runs/0/tool/driver/name",
        "runs/0/tool/driver/rules/0/id",
        "runs/0/tool/driver/rules/0/shortDescription/text",
        "runs/0/tool/driver/rules/0/helpUri",
        "runs/0/invocations/0/startTimeUtc",
        "runs/0/results/0/message/text",
        "runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri",
        "runs/0/results/0/partialFingerprints/finding\x01v1",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(hostile_rows); i++) {
        const struct hostile_row *row = &hostile_rows[i];
        json_t *tree = tree_of(row, report_sarif);
        for (size_t j = 0; j + 1 < COUNT(needed); j++)
            check_row(row, json_is_string(at(tree, needed[j])));
        check_row(row,
                  json_object_get(at(tree, "runs/0/results/0/partialFingerprints"), "finding/v1"));
        check_row(row, strcmp(json_string_value(at(tree, "version")), "2.1.0") == 0);
        check_row(row, json_is_false(at(tree, "runs/0/invocations/0/executionSuccessful")));
        json_t *results = at(tree, "runs/0/results"), *rules = at(tree, "runs/0/tool/driver/rules");
        check_row(row, json_array_size(results) == 4 && json_array_size(rules) == 4);
        for (size_t j = 0; j < 4; j++) {
            json_t *result = json_array_get(results, j);
            const json_int_t rule = json_integer_value(at(result, "ruleIndex"));
            check_row(row, json_equal(at(result, "ruleId"),
                                      at(json_array_get(rules, (size_t)rule), "id")));
            const bool pass = strcmp(json_string_value(at(result, "kind")), "pass") == 0;
            check_row(row, pass == (strcmp(json_string_value(at(result, "level")), "none") == 0));
        }
        json_decref(tree);
    }
}

/* ---- HTML ---- */

/* Every "<" begins an element that the report itself has. */
static bool html_is_ours(const struct text *text)
{
    static const char *const ours[] = {
        "!doctype", "html", "head",    "meta",    "title",   "style",   "body",   "main",
        "h1",       "p",    "ul",      "li",      "h2",      "section", "div",    "ol",
        "a",        "span", "time",    "b",       "article", "h3",      "header", "dl",
        "dt",       "dd",   "details", "summary", "code",    "pre",     "strong"};
    for (size_t i = 0; i < text->len; i++) {
        if (text->at[i] != '<')
            continue;
        i += text->at[i + 1] == '/' ? 2 : 1;
        size_t len = 0, j = 0;
        while (i + len < text->len &&
               strchr("!abcdefghijklmnopqrstuvwxyz123456", text->at[i + len]))
            len++;
        while (j < COUNT(ours) &&
               !(strlen(ours[j]) == len && memcmp(ours[j], text->at + i, len) == 0))
            j++;
        if (j == COUNT(ours))
            return false;
    }
    return true;
}

static bool has(const struct text *text, const char *words)
{
    return memmem(text->at, text->len, words, strlen(words)) != NULL;
}

static void html_holds_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hostile_rows); i++) {
        const struct hostile_row *row = &hostile_rows[i];
        struct text text = {0};
        struct made made;
        make(&made, row->words);
        report_html(&made.report, &text);
        check_row(row, !text.failed && html_is_ours(&text));
        check_row(row, !has(&text, "onload=\"x") && !has(&text, "\033") && !has(&text, "\xff"));
        check_row(row, has(&text, "default-src 'none'"));
        check_row(row, !has(&text, "src=") && !has(&text, "url(") && !has(&text, "@import"));
        text_fini(&text);
        unmake(&made);
    }
}

/* ---- a terminal ---- */

static void terminal_is_not_steered(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(hostile_rows); i++) {
        const struct hostile_row *row = &hostile_rows[i];
        const struct report_look look = {.verbose = true};
        struct text text = {0};
        struct made made;
        make(&made, row->words);
        report_text(&made.report, &look, &text);
        for (size_t j = 0; j < text.len; j++) {
            const unsigned char octet = (unsigned char)text.at[j];
            check_row(row, octet == '\n' || (octet >= 0x20 && octet != 0x7f));
            check_row(row, octet != 0xff);
        }
        check_row(row, !has(&text, "\xe2\x80\xae"));
        text_fini(&text);
        unmake(&made);
    }
}

struct look_row {
    const char *id;
    const char *name;
    const char *words;
    struct report_look look;
    bool there;
};

static const struct look_row look_rows[] = {
    {"look", "the URL and its worst", "bad   http://h/a: a 304 was false", {0}, true},
    {"look", "no answer", "bad   http://h/a: there is no answer", {0}, true},
    {"look", "why", "Why: Whoever holds", {0}, true},
    {"look", "what to do", "Do:  Make the entity tag", {0}, true},
    {"look", "what is good is not told", "true-304:", {0}, false},
    {"look", "unless all is wanted", "true-304:", {.verbose = true}, true},
    {"look", "no evidence", "< b", {0}, false},
    {"look", "unless all is wanted", "          < b\n", {.verbose = true}, true},
    {"look", "no law", "Law:", {0}, false},
    {"look", "the law", "Law: RFC 9110", {.verbose = true}, true},
    {"look", "advice", "nginx: ", {.verbose = true}, true},
    {"look", "no colour", "\033", {.verbose = true}, false},
    {"look", "colour", "\033[1;31mbad\033[0m", {.colour = true}, true},
    {"look", "sums", "2 URLs, 31 requests, 121 KiB: 2 bad, 1 warn, 0 info, 1 good", {0}, true},
    {"look", "the past", "20 of these would be 304,", {0}, true},
    {"look", "what it takes for granted", "Reckoned with the sizes of these", {0}, true},
    {"look", "advice for the server at hand", "nginx: `etag on;`", {0}, true},
    {"look", "and for no other", "Apache: ", {0}, false},
    {"look", "nothing is wider than a terminal", NULL, {0}, false},
};

static size_t widest(const struct text *text)
{
    size_t most = 0, column = 0;

    for (size_t i = 0; i < text->len; i++) {
        column = text->at[i] == '\n' ? 0 : column + 1;
        most = column > most ? column : most;
    }
    return most;
}

static void terminal(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(look_rows); i++) {
        const struct look_row *row = &look_rows[i];
        struct text text = {0};
        struct made made;
        make(&made, "http://h/a");
        report_text(&made.report, &row->look, &text);
        if (row->words && has(&text, row->words) != row->there)
            print_message("%.*s", (int)text.len, text.at);
        check_row(row, !row->words || has(&text, row->words) == row->there);
        check_row(row, row->words || widest(&text) <= 80);
        const char *bad = memmem(text.at, text.len, "lying-304:", 10);
        const char *warn = memmem(text.at, text.len, "validators-missing:", 19);
        check_row(row, bad && warn && bad < warn);
        const char *good = memmem(text.at, text.len, "true-304:", 9);
        check_row(row, !good || warn < good); /* though the catalogue has it earlier */
        text_fini(&text);
        unmake(&made);
    }
}

/* Twenty URLs with one finding: some are named, unless all are wanted. */
static void terminal_of_many(void **state)
{
    (void)state;
    struct findings findings = {0};
    struct report_look look = {0};
    for (unsigned i = 0; i < 20; i++) {
        char url[32];
        snprintf(url, sizeof url, "http://h/%u", i);
        assert_true(findings_add(&findings, FINDING_VALIDATORS_MISSING, url, "", ""));
    }
    const struct report report = {.findings = &findings, .fail_on = REPORT_NEVER, .unasked = 3};
    for (unsigned verbose = 0; verbose < 2; verbose++) {
        struct text text = {0};
        look.verbose = verbose;
        report_text(&report, &look, &text);
        assert_int_equal(has(&text, "and 15 more"), !verbose);
        assert_int_equal(has(&text, "http://h/19\n"), verbose);
        assert_true(has(&text, "3 URLs were not looked at"));
        text_fini(&text);
    }
    findings_fini(&findings);
}

/* ---- what they share ---- */

struct number_row {
    const char *id;
    const char *name;
    uint64_t number;
    const char *size, *parted;
};

static const struct number_row number_rows[] = {
    {"number", "none", 0, "0 octets", "0"},
    {"number", "small", 999, "999 octets", "999"},
    {"number", "a thousand", 1000, "1000 octets", "1,000"},
    {"number", "KiB", 1536, "1.5 KiB", "1,536"},
    {"number", "MiB", 1234567, "1.2 MiB", "1,234,567"},
    {"number", "much", 123456789012, "115 GiB", "123,456,789,012"},
    {"number", "the most", UINT64_MAX, "16.0 EiB", "18,446,744,073,709,551,615"},
};

static void numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(number_rows); i++) {
        const struct number_row *row = &number_rows[i];
        struct text size = {0}, parted = {0};
        report_size(&size, row->number);
        report_number(&parted, row->number);
        check_row(row, size.len == strlen(row->size) && !memcmp(size.at, row->size, size.len));
        check_row(row,
                  parted.len == strlen(row->parted) && !memcmp(parted.at, row->parted, parted.len));
        text_fini(&size);
        text_fini(&parted);
    }
}

struct law_row {
    const char *id;
    const char *name;
    const char *law, *link;
};

static const struct law_row law_rows[] = {
    {"law", "a section",
     "RFC 9110 \xc2\xa7"
     "8.8.3",
     "https://www.rfc-editor.org/rfc/rfc9110.html#section-8.8.3"},
    {"law", "two",
     "RFC 9111 \xc2\xa7"
     "4, RFC 9110 \xc2\xa7"
     "8",
     "https://www.rfc-editor.org/rfc/rfc9111.html#section-4"},
    {"law", "no section", "RFC 8246", "https://www.rfc-editor.org/rfc/rfc8246.html"},
    {"law", "the second one has a section",
     "RFC 8246, RFC 9110 \xc2\xa7"
     "8",
     "https://www.rfc-editor.org/rfc/rfc8246.html"},
    {"law", "none", "", ""},
    {"law", "another book", "WHATWG Fetch", ""},
};

static void laws(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(law_rows); i++) {
        const struct law_row *row = &law_rows[i];
        struct text text = {0};
        report_law_link(&text, row->law);
        check_row(row, text.len == strlen(row->link) &&
                           (!text.len || !memcmp(text.at, row->link, text.len)));
        text_fini(&text);
    }
}

static void text_writer(const struct report *report, struct text *to)
{
    const struct report_look look = {.verbose = true};
    report_text(report, &look, to);
}

/* Whichever allocation fails: the text says so, and nothing is lost. */
static void without_memory(void **state)
{
    static void (*const writers[])(const struct report *, struct text *) = {
        text_writer, report_json, report_junit, report_sarif, report_html};
    (void)state;
    json_set_alloc_funcs(memory_new, memory_free);
    for (size_t i = 0; i < COUNT(writers); i++) {
        struct text whole = {0};
        struct made made;
        make(&made, "http://h/\"]]>");
        writers[i](&made.report, &whole);
        for (uint64_t nth = 1;; nth++) {
            struct text text = {0};
            memory_fail_nth(nth);
            writers[i](&made.report, &text);
            const bool over = memory_count() < nth;
            memory_fail_nth(0);
            if (!text.failed && text.len != whole.len)
                print_message("writer %zu, allocation %llu: %.*s", i, (unsigned long long)nth,
                              (int)text.len, text.at);
            assert_true(text.failed ||
                        (text.len == whole.len && memcmp(text.at, whole.at, whole.len) == 0));
            text_fini(&text);
            if (over)
                break;
        }
        text_fini(&whole);
        unmake(&made);
    }
}

/* ---- what is said of one first ---- */

struct first_row {
    const char *id;
    const char *name;
    size_t findings; /* of those that were made: good, bad, warn */
    bool complete;
    enum finding_level level;
    const char *words; /* NULL: those of the worst finding */
};

static const struct first_row first_rows[] = {
    {"audit", "nothing", 0, true, FINDING_GOOD, "nothing was found"},
    {"audit", "nothing, and it was not completed", 0, false, FINDING_INFO,
     "the audit was not completed"},
    {"audit", "what is good", 1, true, FINDING_GOOD, NULL},
    {"audit", "what is good, and it was not completed", 1, false, FINDING_INFO,
     "the audit was not completed"},
    {"audit", "what is bad", 3, true, FINDING_BAD, NULL},
    {"audit", "what is bad, and it was not completed", 3, false, FINDING_BAD, NULL},
};

static void said_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof first_rows / sizeof *first_rows; i++) {
        const struct first_row *row = &first_rows[i];
        struct made made;
        make(&made, "http://h/a");
        made.facts[0].complete = row->complete;
        made.items[0].count = row->findings;
        const struct finding *worst = report_worst(&made.report, &made.items[0]);
        const char *wanted = row->words ? row->words : finding_kind(worst->id)->summary;
        check_row(row, report_item_level(&made.report, &made.items[0]) == row->level);
        check_row(row, strcmp(report_item_words(&made.report, &made.items[0]), wanted) == 0);
        unmake(&made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(junit_is_xml),
        cmocka_unit_test(json_says_what_was),
        cmocka_unit_test(sarif_has_its_members),
        cmocka_unit_test(html_holds_words),
        cmocka_unit_test(terminal_is_not_steered),
        cmocka_unit_test(terminal),
        cmocka_unit_test(terminal_of_many),
        cmocka_unit_test(numbers),
        cmocka_unit_test(laws),
        cmocka_unit_test(said_first),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
