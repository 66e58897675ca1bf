/* The Date line: right at every reading of the clock, also when it jumps or goes back. */
#include "table.h"

#include "net/dateline.h"

#define SECOND INT64_C(1000000000)

static void readings(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        int64_t wall;
        struct stet_span line;
    } rows[] = {
        {"C-9110-6.6.1-1", "the beginning", 0, S("Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n")},
        {"C-9110-6.6.1-1", "the end of a second", SECOND - 1,
         S("Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n")},
        {"C-9110-6.6.1-1", "the next second", SECOND, S("Date: Thu, 01 Jan 1970 00:00:01 GMT\r\n")},
        {"C-9110-5.6.7-2", "years later", 784111777 * SECOND + 5,
         S("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")},
        {"C-9110-6.6.1-1", "the clock goes back a little", 784111776 * SECOND + SECOND - 1,
         S("Date: Sun, 06 Nov 1994 08:49:36 GMT\r\n")},
        {"C-9110-6.6.1-1", "and far", SECOND, S("Date: Thu, 01 Jan 1970 00:00:01 GMT\r\n")},
    };
    struct dateline line = {0};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct stet_span text = dateline_at(&line, rows[i].wall);
        check_row(&rows[i], stet_span_equal(text, rows[i].line));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(readings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
