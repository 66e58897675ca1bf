/* Table tests of metadata: what is stored, what a 304 and a 206 carry. */
#include "stet/metadata.h"

#include "message.h"
#include "table.h"

struct row {
    const char *id;
    const char *name; /* of the field */
    bool stored;
    bool in_304;
    bool in_206;
    bool in_206_if_range;
};

/* In a head that has an ETag. */
static const struct row rows[] = {
    {"C-9110-15.4.5-2", "Cache-Control", true, true, true, true},
    {"C-9110-15.3.7-2", "Content-Location", true, true, true, true},
    {"C-9110-15.4.5-2", "Date", true, true, true, true},
    {"C-9110-15.4.5-2", "ETag", true, true, true, true},
    {"C-9110-15.3.7-2", "Expires", true, true, true, true},
    {"C-9110-12.5.5-3", "Vary", true, true, true, true},
    {"C-9110-15.4.5-3", "Last-Modified", true, false, true, false},
    {"C-9110-13.1.3-6", "Content-Type", true, false, true, false},
    {"C-9110-15.4.5-3", "Content-Encoding", true, false, true, false},
    {"C-9110-15.3.7-3", "Content-Language", true, false, true, false},
    {"D-02", "Repr-Digest", true, false, true, false},
    {"D-02", "Content-Digest", true, false, false, false},
    {"C-9110-8.6-1", "Content-Length", true, false, false, false},
    {"C-9110-15.3.7.1-1", "Content-Range", true, false, false, false},
    {"D-02", "Stet-Cache-Control", true, true, true, true},
    {"C-9213-3-1", "CDN-Cache-Control", true, true, true, true},
    {"D-02", "Cache-Groups", true, true, true, true},
    {"D-02", "No-Vary-Search", true, true, true, true},
    {"D-11", "Age", true, true, true, true},
    {"D-44", "Cache-Status", true, true, true, true},
    {"D-02", "Via", true, true, true, true},
    {"C-9111-3.1-1", "X-Foo", true, false, true, true},
    {"C-9110-5.3-4", "Set-Cookie", true, false, true, true},
    {"C-9111-3.1-2", "Connection", false, false, true, true},
    {"C-9110-7.6.1-2", "Keep-Alive", false, false, true, true},
    {"C-9110-7.6.1-2", "Proxy-Connection", false, false, true, true},
    {"C-9110-7.6.1-2", "TE", false, false, true, true},
    {"C-9110-7.6.1-2", "Transfer-Encoding", false, false, true, true},
    {"C-9110-7.6.1-2", "Upgrade", false, false, true, true},
    {"C-9111-3.1-5", "Trailer", false, false, true, true},
    {"C-9111-3.1-4", "Proxy-Authenticate", false, false, true, true},
    {"C-9111-3.1-4", "Proxy-Authentication-Info", false, false, true, true},
    {"C-9111-3.1-4", "Proxy-Authorization", false, false, true, true},
};

static void test_rows(void **state)
{
    struct message message;
    const struct stet_head *head = message_head(&message, "ETag: \"a\"");

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct stet_span name = stet_span_of(row->name);
        struct stet_field field = {name, STET_SPAN("1"), stet_field_id(name)};
        check_row(row, stet_metadata_is_stored(head, &field) == row->stored);
        check_row(row, stet_metadata_in_304(head, &field) == row->in_304);
        /* Hop-by-hop fields are no part of the head that answers are made from. */
        check_row(row, stet_metadata_in_206(&field, false) == row->in_206);
        check_row(row, stet_metadata_in_206(&field, true) == row->in_206_if_range);
    }
}

/* C-9110-15.4.5-3: Last-Modified helps the update only where there is no ETag. */
static void test_last_modified(void **state)
{
    struct message with, without;
    const struct stet_head *tagged =
        message_head(&with, "ETag: \"a\"\nLast-Modified: " MESSAGE_DATE);
    const struct stet_head *dated = message_head(&without, "Last-Modified: " MESSAGE_DATE);

    (void)state;
    assert_false(stet_metadata_in_304(tagged, &tagged->fields[1]));
    assert_true(stet_metadata_in_304(dated, &dated->fields[0]));
}

/* C-9110-7.6.1-1, C-9111-3.1-2: what Connection names is the connection's. */
static void test_connection(void **state)
{
    struct message message;
    const struct stet_head *head = message_head(&message, "Connection: a, X-Foo\nx-foo: 1\nB: 2");

    (void)state;
    assert_false(stet_metadata_is_stored(head, &head->fields[0]));
    assert_false(stet_metadata_is_stored(head, &head->fields[1]));
    assert_true(stet_metadata_is_stored(head, &head->fields[2]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_last_modified),
        cmocka_unit_test(test_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
