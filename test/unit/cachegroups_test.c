/* Cache groups: who belongs where, who is felled. */
#include "table.h"

#include "stet/cachegroups.h"

static struct stet_head head_of(struct stet_field *fields, const char *name, const char *first,
                                const char *second)
{
    struct stet_head head = {.fields = fields};
    if (first)
        stet_head_add(&head, fields, stet_span_of(name), stet_span_of(first));
    if (second)
        stet_head_add(&head, fields, stet_span_of(name), stet_span_of(second));
    return head;
}

/* The groups of a walk, joined by "|". */
static struct stet_span joined(struct stet_sf walk, char *to)
{
    struct stet_span group;
    size_t len = 0;
    while (stet_cachegroups_next(&walk, &group)) {
        memcpy(to + len, group.at, group.len);
        len += group.len;
        to[len++] = '|';
    }
    return stet_span(to, len);
}

static void groups_are_listed(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        const char *first, *second, *want;
    } rows[] = {
        {"C-9875-2-1", "none", NULL, NULL, ""},
        {"C-9875-2-1", "empty", "", NULL, ""},
        {"C-9875-2-1", "one", "\"scripts\"", NULL, "scripts|"},
        {"C-9875-2-1", "two lines", "\"a\", \"b c\"", "\"d\"", "a|b c|d|"},
        {"C-9875-2-1", "parameters ignored", "\"a\";revalidate;x=1, \"b\"", NULL, "a|b|"},
        {"C-9875-2-1", "empty string is a group", "\"\"", NULL, "|"},
        {"C-9875-2-1", "others passed over", "a, \"b\", (\"c\"), 1, %\"d\"", NULL, "b|"},
        {"C-9875-2-1", "flaw voids all", "\"a\", \"b", NULL, ""},
        {"C-9875-2-1", "flaw on another line", "\"a\"", "\"b\",", ""},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_field fields[2];
        char text[64];
        struct stet_head head = head_of(fields, "Cache-Groups", row->first, row->second);
        check_row(row, stet_span_equal(joined(stet_cachegroups_of(&head), text),
                                       stet_span_of(row->want)));
        head = head_of(fields, "Cache-Group-Invalidation", row->first, row->second);
        check_row(row, stet_span_equal(joined(stet_cachegroups_of(&head), text), STET_SPAN("")));
        check_row(row, stet_span_equal(
                           joined(stet_cachegroups_invalidated(STET_METHOD_POST, &head), text),
                           stet_span_of(row->want)));
    }
}

static void case_counts(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span group;
        bool has;
    } rows[] = {
        {"C-9875-2.1-1", "same", S("Scripts"), true},
        {"C-9875-2.1-1", "second", S("b\\\"c"), true},
        {"C-9875-2.1-1", "other case", S("scripts"), false},
        {"C-9875-2.1-1", "prefix", S("Script"), false},
        {"C-9875-2.1-1", "empty", S(""), false},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_field fields[1];
        struct stet_head head = head_of(fields, "Cache-Groups", "\"Scripts\", \"b\\\"c\"", NULL);
        check_row(row, stet_cachegroups_has(stet_cachegroups_of(&head), row->group) == row->has);
    }
}

static void safe_methods_fell_nothing(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        enum stet_method method;
        bool fells;
    } rows[] = {
        {"C-9875-3-1", "GET", STET_METHOD_GET, false},
        {"C-9875-3-1", "HEAD", STET_METHOD_HEAD, false},
        {"C-9875-3-1", "OPTIONS", STET_METHOD_OPTIONS, false},
        {"C-9875-3-1", "QUERY", STET_METHOD_QUERY, false},
        {"C-9875-3-2", "POST", STET_METHOD_POST, true},
        {"C-9875-3-2", "PUT", STET_METHOD_PUT, true},
        {"C-9875-3-2", "DELETE", STET_METHOD_DELETE, true},
        {"C-9875-3-2", "unknown", STET_METHOD_UNKNOWN, true},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_field fields[1];
        struct stet_head head = head_of(fields, "Cache-Group-Invalidation", "\"a\"", NULL);
        struct stet_sf walk = stet_cachegroups_invalidated(row->method, &head);
        check_row(row, stet_cachegroups_has(walk, STET_SPAN("a")) == row->fells);
    }
}

/* A fells its mates; they fell nobody in their turn. */
static void mates_do_not_cascade(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        const char *groups;
        bool falls;
    } rows[] = {
        {"C-9875-2.2.1-1", "mate of A", "\"two\", \"one\"", true},
        {"C-9875-2.2.1-1", "mate of that mate only", "\"two\"", false},
        {"C-9875-2.2.1-1", "no mate", "\"three\"", false},
        {"C-9875-2.2.1-1", "in no group", "", false},
    };
    struct stet_field fields[1];
    struct stet_head felled = head_of(fields, "Cache-Groups", "\"zero\", \"one\"", NULL);
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_field others[1];
        struct stet_head other = head_of(others, "Cache-Groups", row->groups, NULL);
        struct stet_sf walk = stet_cachegroups_of(&felled);
        struct stet_span group;
        bool falls = false;
        while (stet_cachegroups_next(&walk, &group))
            falls = falls || stet_cachegroups_has(stet_cachegroups_of(&other), group);
        check_row(row, falls == row->falls);
    }
}

static void many_groups_fit(void **state)
{
    (void)state;
    static const struct {
        const char *id, *name;
    } row = {"C-9875-2-2", "32 of 32"};
    char text[32 * 36 + 1], *at = text;
    struct stet_field fields[1];
    struct stet_span group;
    size_t count = 0;
    for (int i = 0; i < 32; i++) {
        memcpy(at, ", \"", 3);
        memset(at + 3, 'a' + i % 26, 32);
        at[3] = (char)('a' + i / 26);
        at[35] = '"';
        at += 36;
    }
    *at = 0;
    struct stet_head head = head_of(fields, "Cache-Groups", text + 2, NULL);
    struct stet_sf walk = stet_cachegroups_of(&head);
    for (; stet_cachegroups_next(&walk, &group); count++)
        check_row(&row, group.len == 32);
    check_row(&row, count == 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_are_listed),         cmocka_unit_test(case_counts),
        cmocka_unit_test(safe_methods_fell_nothing), cmocka_unit_test(mates_do_not_cascade),
        cmocka_unit_test(many_groups_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
