/* HAR files: which entries count, and what is said of files that are none.
 */
#include "audit/har.h"
#include "base/memory.h"

#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

struct har_row {
    const char *id;
    const char *name;
    const char *entries; /* within the array */
    const char *url;     /* of the first target; NULL: none */
    unsigned requests, repeats, octets;
};

#define ENTRY(method, url, response)                                                      \
    "{\"request\":{\"method\":\"" method "\",\"url\":\"" url "\"},\"response\":" response \
    ",\"cache\":{}}"
#define OK "{\"status\":200,\"bodySize\":7,\"content\":{\"size\":20}}"

static const struct har_row har_rows[] = {
    {"har", "a GET", ENTRY("GET", "http://h/a", OK), "http://h/a", 1, 0, 0},
    {"har", "again", ENTRY("GET", "http://h/a", OK) "," ENTRY("GET", "http://h/a", OK),
     "http://h/a", 2, 1, 7},
    {"har", "the size on the wire is not known",
     ENTRY(
         "GET", "http://h/a",
         "{\"status\":200,\"bodySize\":-1,\"content\":{\"size\":20}}") "," ENTRY("GET",
                                                                                 "http://h/a",
                                                                                 "{\"status\":200,"
                                                                                 "\"bodySize\":-1,"
                                                                                 "\"content\":{"
                                                                                 "\"size\":20}}"),
     "http://h/a", 2, 1, 20},
    {"har", "304", ENTRY("GET", "http://h/a", "{\"status\":304}"), "http://h/a", 1, 0, 0},
    {"har", "304, as Chromium shows it",
     ENTRY("GET", "http://h/a",
           OK) "," ENTRY("GET", "http://h/a",
                         "{\"status\":200,\"bodySize\":0,\"_transferSize\":165,"
                         "\"content\":{\"size\":20}}"),
     "http://h/a", 2, 0, 0},
    {"har", "the browser's cache, as Chromium shows it",
     ENTRY("GET", "http://h/a",
           "{\"status\":200,\"bodySize\":0,\"_transferSize\":0,"
           "\"content\":{\"size\":20}}"),
     NULL, 0, 0, 0},
    {"har", "a status that is none", ENTRY("GET", "http://h/a", "{\"status\":1e300}"), NULL, 0, 0,
     0},
    {"har", "POST", ENTRY("POST", "http://h/a", OK), NULL, 0, 0, 0},
    {"har", "404", ENTRY("GET", "http://h/a", "{\"status\":404}"), NULL, 0, 0, 0},
    {"har", "no answer", ENTRY("GET", "http://h/a", "{\"status\":0}"), NULL, 0, 0, 0},
    {"har", "from the browser's cache",
     "{\"_fromCache\":\"memory\",\"request\":{\"method\":\"GET\",\"url\":\"http://h/\"},"
     "\"response\":" OK "}",
     NULL, 0, 0, 0},
    {"har", "a data URL", ENTRY("GET", "data:text/plain,x", OK), NULL, 0, 0, 0},
    {"har", "octets that no URL has", ENTRY("GET", "http://h/\\\"]]></script>", OK), NULL, 0, 0, 0},
    {"har", "NUL", ENTRY("GET", "http://h/\\u0000", OK), NULL, 0, 0, 0},
    {"har", "other types", "1,null,[],\"x\",{},{\"request\":[],\"response\":3}", NULL, 0, 0, 0},
};

static void entries(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(har_rows); i++) {
        const struct har_row *row = &har_rows[i];
        struct targets targets;
        char text[2048], message[HAR_MESSAGE];
        size_t count;
        targets_init(&targets, 10);
        struct har har = {.targets = &targets};
        snprintf(text, sizeof text, "{\"log\":{\"entries\":[%s]}}", row->entries);
        check_row(row, har_take(&har, stet_span_of(text), message));
        struct target *const *list = targets_list(&targets, &count);
        check_row(row, count == (row->url != NULL) && har.counted == row->requests);
        check_row(row, !row->url || strcmp(list[0]->url, row->url) == 0);
        check_row(row, !row->url ||
                           (list[0]->requests == row->requests &&
                            list[0]->repeats == row->repeats && list[0]->octets == row->octets));
        targets_fini(&targets);
    }
}

struct none_row {
    const char *id;
    const char *name;
    struct stet_span text;
    const char *said;
};

static const struct none_row none_rows[] = {
    {"har", "nothing", S(""), "line 1, column 0"},
    {"har", "cut short", S("{\"log\":\n{\"entries\":["), "line 2, column"},
    {"har", "no log", S("{}"), "\"log\""},
    {"har", "an array", S("[]"), "\"log\""},
    {"har", "entries are none", S("{\"log\":{\"entries\":{}}}"), "\"entries\""},
    {"har", "another coding", S("{\"a\":\"\xff\"}"), "decode byte"},
    {"har", "more behind it", S("{} {}"), "line 1"},
};

static void no_archives(void **state)
{
    (void)state;
    struct targets targets;
    targets_init(&targets, 10);
    struct har har = {.targets = &targets};
    for (size_t i = 0; i < COUNT(none_rows); i++) {
        const struct none_row *row = &none_rows[i];
        char message[HAR_MESSAGE];
        check_row(row, !har_take(&har, row->text, message));
        if (!strstr(message, row->said))
            fail_msg("%s: %s", row->name, message);
    }
    char message[HAR_MESSAGE];
    assert_false(har_read(&har, "/nonexistent", message));
    assert_string_equal(message, "No such file or directory");
    targets_fini(&targets);
}

static void deep(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    struct targets targets;
    char message[HAR_MESSAGE], *text = malloc(DEPTH);
    targets_init(&targets, 10);
    struct har har = {.targets = &targets};
    memset(text, '[', DEPTH);
    assert_false(har_take(&har, stet_span(text, DEPTH), message));
    free(text);
    targets_fini(&targets);
}

/* Few octets that take much memory: it is bounded, whatever they are. */
static void bomb(void **state)
{
    (void)state;
    static const char begun[] = "{\"log\":{\"entries\":[";
    enum { COUNT_OF = 20000 };
    struct targets targets;
    char message[HAR_MESSAGE], *text = malloc(sizeof begun + 3 * COUNT_OF + 4);
    size_t len = (size_t)sprintf(text, "%s", begun);
    for (int i = 0; i < COUNT_OF; i++)
        len += (size_t)sprintf(text + len, "{},");
    len += (size_t)sprintf(text + len, "0]}}");
    targets_init(&targets, 10);
    struct har small = {.targets = &targets, .memory_max = 1048576};
    struct har large = {.targets = &targets};
    assert_false(har_take(&small, stet_span(text, len), message));
    assert_string_equal(message, "it takes too much memory");
    assert_true(har_take(&large, stet_span(text, len), message));
    free(text);
    targets_fini(&targets);
}

static void files(void **state)
{
    char path[] = "/tmp/stet-har-XXXXXX", message[HAR_MESSAGE];
    static const char text[] = "{\"log\":{\"entries\":[" ENTRY("GET", "http://h/a", OK) "]}}\n";
    (void)state;
    const int fd = mkstemp(path);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    struct targets targets;
    targets_init(&targets, 10);
    struct har har = {.targets = &targets};
    assert_true(har_read(&har, path, message));
    assert_int_equal(har.counted, 1);
    targets_fini(&targets);
    unlink(path);
    close(fd);
}

static void without_memory(void **state)
{
    static const char text[] = "{\"log\":{\"entries\":[" ENTRY("GET", "http://h/a", OK) "]}}";
    (void)state;
    json_set_alloc_funcs(memory_new, memory_free);
    for (uint64_t nth = 1;; nth++) {
        char message[HAR_MESSAGE] = "";
        struct targets targets;
        targets_init(&targets, 10);
        struct har har = {.targets = &targets};
        memory_fail_nth(nth);
        const bool done = har_take(&har, stet_span_of(text), message);
        const bool over = memory_count() < nth;
        memory_fail_nth(0);
        targets_fini(&targets);
        assert_true(done || message[0]);
        if (over) {
            assert_true(done);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries), cmocka_unit_test(no_archives), cmocka_unit_test(deep),
        cmocka_unit_test(bomb),    cmocka_unit_test(files),       cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
