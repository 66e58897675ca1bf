/* Table tests of invalidation: what an unsafe request reaches. */
#include "stet/invalidation.h"

#include "message.h"
#include "stet/uri.h"
#include "table.h"

struct row {
    const char *id;
    const char *name;
    const char *method;
    int status;
    const char *response;
    const char *want; /* the keys, each ended by a space */
    enum stet_reason why;
};

#define SELF "http://example.org/where?q=now "
#define R(reason) STET_REASON_##reason

static const struct row rows[] = {
    {"C-9111-4.4-1", "POST", "POST", 200, "", SELF, R(INVALIDATES)},
    {"C-9111-4.4-1", "PUT", "PUT", 204, "", SELF, R(INVALIDATES)},
    {"C-9111-4.4-1", "DELETE", "DELETE", 204, "", SELF, R(INVALIDATES)},
    {"C-5789-2-1", "PATCH", "PATCH", 200, "", SELF, R(INVALIDATES)},
    {"C-9110-9.2.1-1", "an unknown method", "FOO", 200, "", SELF, R(INVALIDATES)},
    {"C-9111-4.4-1", "a redirect counts as success", "POST", 303, "", SELF, R(INVALIDATES)},
    {"C-9111-4.4-1", "4xx leaves everything", "POST", 404, "Location: /a", "", R(METHOD_FAILED)},
    {"C-9111-4.4-1", "5xx leaves everything", "DELETE", 500, "", "", R(METHOD_FAILED)},
    {"C-9111-4.4-1", "1xx is no answer yet", "POST", 103, "", "", R(METHOD_FAILED)},
    {"C-9111-4.4-1", "GET", "GET", 200, "Location: /a", "", R(METHOD_SAFE)},
    {"C-9111-4.4-1", "HEAD", "HEAD", 200, "", "", R(METHOD_SAFE)},
    {"C-10008-2-2", "QUERY", "QUERY", 200, "", "", R(METHOD_SAFE)},
    {"C-9111-4.4-2", "Location", "POST", 201, "Location: /a", SELF "http://example.org/a ",
     R(INVALIDATES)},
    {"C-9111-4.4-2", "Content-Location", "PUT", 200, "Content-Location: http://example.org/b?c",
     SELF "http://example.org/b?c ", R(INVALIDATES)},
    {"D-20", "both", "POST", 201, "Content-Location: /b\nLocation: /a",
     SELF "http://example.org/a http://example.org/b ", R(INVALIDATES)},
    {"C-9110-10.2.2-1", "Location is resolved", "POST", 201, "Location: a?b",
     SELF "http://example.org/a?b ", R(INVALIDATES)},
    {"C-9110-8.7-1", "Content-Location is resolved", "POST", 201, "Content-Location: ?b",
     SELF "http://example.org/where?b ", R(INVALIDATES)},
    {"C-9111-4.4-3", "another host", "POST", 201, "Location: http://example.com/a", SELF,
     R(INVALIDATES)},
    {"C-9111-4.4-3", "another port", "POST", 201, "Location: http://example.org:8080/a", SELF,
     R(INVALIDATES)},
    {"C-9111-4.4-3", "another scheme", "POST", 201, "Location: https://example.org/a", SELF,
     R(INVALIDATES)},
    {"C-9110-4.3.1-1", "the default port is the same origin", "POST", 201,
     "Location: HTTP://EXAMPLE.org:80/a", SELF "http://example.org/a ", R(INVALIDATES)},
    {"C-9111-4.4-3", "a network path of another host", "POST", 201, "Location: //example.com/a",
     SELF, R(INVALIDATES)},
    {"C-9110-4.2.4-1", "userinfo", "POST", 201, "Location: http://u@example.org/a", SELF,
     R(INVALIDATES)},
    {"D-20", "two Locations say nothing", "POST", 201, "Location: /a\nLocation: /b", SELF,
     R(INVALIDATES)},
    {"D-20", "not a URI", "POST", 201, "Location: http://[", SELF, R(INVALIDATES)},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct message asked, answered;
        struct stet_request request = message_request(&asked, row->method, ""), target;
        struct stet_response response = message_response(&answered, row->status, row->response);
        struct stet_invalidation walk = stet_invalidation_of(&request, &response);
        char room[200], keys[400] = "";
        size_t length = 0;

        check_row(row, walk.reason == row->why);
        while (stet_invalidation_next(&walk, room, sizeof(room), &target)) {
            length += stet_uri_key(&target, keys + length, sizeof(keys) - length);
            keys[length++] = ' ';
        }
        keys[length] = '\0';
        if (strcmp(keys, row->want) != 0)
            fail_msg("%s (%s): %s", row->id, row->name, keys);
    }
}

/* A URI that does not fit is left out, a target without a usable authority reaches itself only. */
static void test_room(void **state)
{
    struct message asked, answered;
    struct stet_request request = message_request(&asked, "POST", ""), target;
    struct stet_response response =
        message_response(&answered, 200, "Location: /a\nContent-Location: /b");
    struct stet_invalidation walk = stet_invalidation_of(&request, &response);
    char room[100];

    (void)state;
    assert_true(stet_invalidation_next(&walk, room, 3, &target));
    assert_true(stet_span_equal(target.path, STET_SPAN("/where")));
    assert_false(stet_invalidation_next(&walk, room, 3, &target));
    assert_false(stet_invalidation_next(&walk, room, sizeof(room), &target));
    request.authority = STET_SPAN("a b");
    walk = stet_invalidation_of(&request, &response);
    assert_true(stet_invalidation_next(&walk, room, sizeof(room), &target));
    assert_false(stet_invalidation_next(&walk, room, sizeof(room), &target));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
