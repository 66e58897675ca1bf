/* Priority: what a field states, and what its parts default to. */
#include "table.h"

#include "stet/priority.h"

static void fields_are_read(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        const char *value;
        struct stet_priority want;
    } rows[] = {
        {"C-9218-4-1", "empty", "", {3, false, false, false}},
        {"C-9218-4-1", "urgency", "u=5", {5, false, true, false}},
        {"C-9218-4-1", "first", "u=0", {0, false, true, false}},
        {"C-9218-4-1", "last", "u=7", {7, false, true, false}},
        {"C-9218-4-1", "incremental", "i", {3, true, false, true}},
        {"C-9218-4-1", "not incremental", "i=?0", {3, false, false, true}},
        {"C-9218-4-1", "both", "u=1, i=?1", {1, true, true, true}},
        {"C-9218-4-1", "parameters", "u=1;x, i;y=2", {1, true, true, true}},
        {"C-9218-4-1", "unknown keys", "u=1, future=(a), x", {1, false, true, false}},
        {"C-9218-4-1", "beyond", "u=8, i", {3, true, false, true}},
        {"C-9218-4-1", "below", "u=-1", {3, false, false, false}},
        {"C-9218-4-1", "far beyond", "u=256", {3, false, false, false}},
        {"C-9218-4-1", "decimal", "u=1.0", {3, false, false, false}},
        {"C-9218-4-1", "string", "u=\"1\", i", {3, true, false, true}},
        {"C-9218-4-1", "date", "u=@1", {3, false, false, false}},
        {"C-9218-4-1", "bare urgency", "u", {3, false, false, false}},
        {"C-9218-4-1", "i as Integer", "i=1", {3, false, false, false}},
        {"C-9218-4-1", "i as list", "i=(?1)", {3, false, false, false}},
        {"C-9218-4-1", "last of two", "u=1, u=2", {2, false, true, false}},
        {"C-9218-4-1", "last of two is wrong", "u=1, i, u=9, i=x", {3, false, false, false}},
        {"C-9218-4-1", "flaw voids all", "u=1, i,", {3, false, false, false}},
        {"C-9218-4-1", "upper case", "U=1", {3, false, false, false}},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_field fields[1];
        struct stet_head head = {.fields = fields};
        stet_head_add(&head, fields, STET_SPAN("priority"), stet_span_of(row->value));
        struct stet_priority got[] = {stet_priority_of(&head),
                                      stet_priority_in(stet_span_of(row->value))};
        for (size_t i = 0; i < COUNT(got); i++) {
            check_row(row, got[i].urgency == row->want.urgency);
            check_row(row, got[i].incremental == row->want.incremental);
            check_row(row, got[i].urgency_stated == row->want.urgency_stated);
            check_row(row, got[i].incremental_stated == row->want.incremental_stated);
        }
    }
}

static void responses_change_what_they_state(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        const char *request, *response;
        uint8_t urgency;
        bool incremental;
    } rows[] = {
        {"C-9218-4-1", "nothing", "", "", 3, false},
        {"C-9218-4-1", "silent response", "u=5, i", "", 5, true},
        {"C-9218-4-1", "urgency", "u=5, i", "u=1", 1, true},
        {"C-9218-4-1", "incremental", "u=5, i", "i=?0", 5, false},
        {"C-9218-4-1", "both", "", "u=6, i", 6, true},
        {"C-9218-4-1", "wrong response", "u=5, i", "u=9", 5, true},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_priority merged =
            stet_priority_merge(stet_priority_in(stet_span_of(row->request)),
                                stet_priority_in(stet_span_of(row->response)));
        check_row(row, merged.urgency == row->urgency && merged.incremental == row->incremental);
        check_row(row, merged.urgency_stated == (row->urgency != 3));
        check_row(row, merged.incremental_stated == (row->incremental || row->response[0] == 'i'));
    }
    struct stet_head none = {.fields = NULL};
    assert_int_equal(stet_priority_of(&none).urgency, STET_PRIORITY_DEFAULT.urgency);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_read),
        cmocka_unit_test(responses_change_what_they_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
