/* Heads and methods. */
#include "table.h"

#include "stet/head.h"

/* A head made of name, value pairs. */
static struct stet_head head_of(struct stet_field *storage, const char *const pairs[][2],
                                size_t count)
{
    struct stet_head head = {0};
    for (size_t i = 0; i < count; i++)
        stet_head_add(&head, storage, stet_span_of(pairs[i][0]), stet_span_of(pairs[i][1]));
    return head;
}

static const char *const sample[][2] = {
    {"Host", "example.org"},
    {"cache-control", " max-age=1 "},
    {"X-Foo", "1"},
    {"Set-Cookie", "a=1"},
    {"Cache-Control", "no-cache"},
    {"x-foo", "2"},
    {"SET-COOKIE", "b=2"},
    {"X-Bar", "3"},
    {"Vary", ""},
};

static void fields_are_found(void **state)
{
    (void)state;
    struct stet_field storage[COUNT(sample)];
    struct stet_head head = head_of(storage, sample, COUNT(sample));
    static const struct row {
        const char *id, *name;
        enum stet_field_id field;
        size_t lines;
        const char *first, *single;
    } rows[] = {
        {"C-9110-5.1-1", "any case", STET_FIELD_HOST, 1, "example.org", "example.org"},
        {"C-9110-5.2-1", "two lines", STET_FIELD_CACHE_CONTROL, 2, "max-age=1", NULL},
        {"C-9110-5.3-4", "two cookies stay two", STET_FIELD_SET_COOKIE, 2, "a=1", NULL},
        {"C-9110-5.5-1", "empty is not absent", STET_FIELD_VARY, 1, "", ""},
        {"C-9110-5.2-1", "absent", STET_FIELD_ETAG, 0, NULL, NULL},
        {"C-9110-5.1-2", "unknown is not found by number", STET_FIELD_UNKNOWN, 0, NULL, NULL},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        const struct stet_field *first = stet_head_first(&head, row->field);
        struct stet_span single = stet_head_single(&head, row->field);
        check_row(row, stet_head_has(&head, row->field) == (row->lines > 0));
        check_row(row, stet_head_lines(&head, row->field) == row->lines);
        check_row(row, !first == !row->first);
        check_row(row, !first || stet_span_equal(first->value, stet_span_of(row->first)));
        check_row(row, !single.at == !row->single);
        check_row(row, stet_span_equal(single, stet_span_of(row->single)));
    }
}

/* C-9110-5.3-2: the lines of one name come in the order of the wire. */
static void lines_keep_their_order(void **state)
{
    (void)state;
    struct stet_field storage[COUNT(sample)];
    struct stet_head head = head_of(storage, sample, COUNT(sample));
    const struct stet_field *line = stet_head_first(&head, STET_FIELD_SET_COOKIE);
    assert_ptr_equal(line, &storage[3]);
    line = stet_head_next(&head, line);
    assert_ptr_equal(line, &storage[6]);
    assert_null(stet_head_next(&head, line));

    line = stet_head_named(&head, STET_SPAN("X-FOO"));
    assert_ptr_equal(line, &storage[2]);
    line = stet_head_next(&head, line);
    assert_ptr_equal(line, &storage[5]);
    assert_null(stet_head_next(&head, line));
    assert_ptr_equal(stet_head_named(&head, STET_SPAN("set-cookie")), &storage[3]);
    assert_null(stet_head_named(&head, STET_SPAN("X-Baz")));
    assert_null(stet_head_named(&head, STET_SPAN("ETag")));

    static const char *const twins[][2] = {{"Via", "a"}, {"Via", "b"}, {"X-Y", "c"}, {"X-Y", "d"}};
    struct stet_field twin[COUNT(twins)];
    head = head_of(twin, twins, COUNT(twins));
    assert_ptr_equal(stet_head_next(&head, &twin[0]), &twin[1]);
    assert_null(stet_head_next(&head, &twin[1]));
    assert_ptr_equal(stet_head_next(&head, &twin[2]), &twin[3]);
    assert_null(stet_head_next(&head, &twin[3]));
}

static void index_is_rebuilt(void **state)
{
    (void)state;
    struct stet_field storage[COUNT(sample)];
    struct stet_head head = head_of(storage, sample, COUNT(sample));
    struct stet_head again = {storage, COUNT(sample), {~UINT64_C(0), ~UINT64_C(0)}};
    stet_head_index(&again);
    assert_memory_equal(again.seen, head.seen, sizeof head.seen);

    struct stet_head empty = {0};
    stet_head_index(&empty);
    assert_null(stet_head_first(&empty, STET_FIELD_HOST));
    assert_null(stet_head_named(&empty, STET_SPAN("X-Foo")));
    assert_int_equal(stet_head_lines(&empty, STET_FIELD_HOST), 0);
}

/* Ids in the second word of bits. */
static void every_id_has_its_bit(void **state)
{
    (void)state;
    for (int id = 1; id < STET_FIELD_COUNT; id++) {
        struct stet_field storage[1];
        struct stet_head head = {0};
        stet_head_add(&head, storage, stet_field_name((enum stet_field_id)id), STET_SPAN("x"));
        for (int other = 0; other < STET_FIELD_COUNT; other++)
            assert_int_equal(stet_head_has(&head, (enum stet_field_id)other), other == id);
    }
}

static void connection_options(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"Connection", "keep-alive, X-Foo"}, {"X-Foo", "1"}, {"Connection", " , close"}};
    static const struct row {
        const char *id, *name;
        struct stet_span option;
        bool named;
    } rows[] = {
        {"C-9110-7.6.1-1", "first line", S("x-foo"), true},
        {"C-9110-7.6.1-1", "second line", S("Close"), true},
        {"C-9110-7.6.1-1", "part of a name", S("X-Fo"), false},
        {"C-9110-7.6.1-1", "not named", S("Upgrade"), false},
        {"C-9110-7.6.1-1", "empty member", S(""), false},
    };
    struct stet_field storage[COUNT(pairs)];
    struct stet_head head = head_of(storage, pairs, COUNT(pairs));
    for (const struct row *row = rows; row < rows + COUNT(rows); row++)
        check_row(row, stet_head_connection_names(&head, row->option) == row->named);
}

static void methods(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span text;
        enum stet_method method;
        bool safe, idempotent;
    } rows[] = {
        {"C-9110-9.2.1-1", "GET", S("GET"), STET_METHOD_GET, true, true},
        {"C-9110-9.2.1-1", "HEAD", S("HEAD"), STET_METHOD_HEAD, true, true},
        {"C-9110-9.2.1-1", "OPTIONS", S("OPTIONS"), STET_METHOD_OPTIONS, true, true},
        {"C-9110-9.2.1-1", "TRACE", S("TRACE"), STET_METHOD_TRACE, true, true},
        {"C-10008-2-2", "QUERY", S("QUERY"), STET_METHOD_QUERY, true, true},
        {"C-9110-9.2.2-1", "PUT", S("PUT"), STET_METHOD_PUT, false, true},
        {"C-9110-9.2.2-1", "DELETE", S("DELETE"), STET_METHOD_DELETE, false, true},
        {"C-9110-9.2.2-1", "POST", S("POST"), STET_METHOD_POST, false, false},
        {"C-5789-2-1", "PATCH", S("PATCH"), STET_METHOD_PATCH, false, false},
        {"C-9110-9.2.1-1", "CONNECT", S("CONNECT"), STET_METHOD_CONNECT, false, false},
        {"C-9110-9.2.1-1", "unknown is unsafe", S("FOO"), STET_METHOD_UNKNOWN, false, false},
        {"C-9110-9.2.1-1", "case counts", S("get"), STET_METHOD_UNKNOWN, false, false},
        {"C-9110-9.2.1-1", "longer", S("GETS"), STET_METHOD_UNKNOWN, false, false},
        {"C-9110-9.2.1-1", "shorter", S("GE"), STET_METHOD_UNKNOWN, false, false},
        {"C-9110-9.2.1-1", "empty", S(""), STET_METHOD_UNKNOWN, false, false},
        {"C-9110-9.2.1-1", "none", {NULL, 0}, STET_METHOD_UNKNOWN, false, false},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        check_row(row, stet_method_of(row->text) == row->method);
        check_row(row, stet_method_is_safe(row->method) == row->safe);
        check_row(row, stet_method_is_idempotent(row->method) == row->idempotent);
        if (row->method)
            check_row(row, stet_span_equal(stet_method_name(row->method), row->text));
    }
    assert_null(stet_method_name(STET_METHOD_UNKNOWN).at);
    assert_null(stet_method_name((enum stet_method)99).at);
    assert_false(stet_method_is_safe((enum stet_method)99));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_found),   cmocka_unit_test(lines_keep_their_order),
        cmocka_unit_test(index_is_rebuilt),   cmocka_unit_test(every_id_has_its_bit),
        cmocka_unit_test(connection_options), cmocka_unit_test(methods),
    };
    return cmocka_run_group_tests_name("head", tests, NULL, NULL);
}
