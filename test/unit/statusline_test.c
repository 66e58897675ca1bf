/* Status lines as they are shown: the phrase is that of the definition, whatever a server says.
 */
#include "table.h"

#include <string.h>

#include "client/statusline.h"

static const struct row {
    const char *id, *name;
    uint16_t version;
    int status;
    const char *line;
} rows[] = {
    {"C-9112-4-1", "1.1", 11, 200, "HTTP/1.1 200 OK"},
    {"C-9112-4-1", "1.0", 10, 404, "HTTP/1.0 404 Not Found"},
    {"C-9112-4-1", "stored", 0, 206, "HTTP/1.1 206 Partial Content"},
    {"C-9112-4-1", "2 has no phrases", 20, 301, "HTTP/2 301"},
    {"C-9112-4-1", "no phrase is known", 11, 599, "HTTP/1.1 599 "},
};

static void writes(void **state)
{
    char line[STATUSLINE_ROOM];
    (void)state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        const size_t length = statusline_write(rows[i].version, rows[i].status, line);
        check_row(&rows[i], strcmp(line, rows[i].line) == 0);
        check_row(&rows[i], length == strlen(line));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(writes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
