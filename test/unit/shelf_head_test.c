/* Heads on the shelf: every line that is kept comes back, in its order, and stands in the section
 * that tells which answers carry it. */
#include "base/memory.h"
#include "cache/shelf.h"
#include "cache/shelf_head.h"

#include "message.h"
#include "table.h"

#include <string.h>

#define LM "Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT"
#define LM_AT (MESSAGE_DATE_AT - 49 * 60 - 37)

static const struct stet_stored some_stored = {.status = 200, .times = {.date = MESSAGE_DATE_AT}};

static struct entry_head *head_of(const char *fields, const char *tag, int64_t modified)
{
    struct message message;
    const struct shelf_head_recipe recipe = {.fields = message_head(&message, fields),
                                             .stored = &some_stored,
                                             .sized = true,
                                             .tag = stet_span_of(tag),
                                             .modified = modified};
    return shelf_head_new(&recipe);
}

/* The text of a head: lines ended by LF, sections by "|". */
static const char *layout(const struct entry_head *head)
{
    static char text[2000];
    char *to = text;
    for (unsigned i = 0; i < ENTRY_HEAD_SECTIONS; i++) {
        const struct stet_span lines =
            entry_head_lines(head, (enum entry_head_section)i, (enum entry_head_section)i);
        for (size_t at = 0; at < lines.len; at++)
            if (lines.at[at] != '\r')
                *to++ = lines.at[at];
        *to++ = '|';
    }
    *to = '\0';
    return text;
}

struct layout_row {
    const char *id;
    const char *name;
    const char *fields;
    const char *tag;
    int64_t modified;
    const char *want;
    unsigned flags;
};

#define DATED ENTRY_HEAD_DATED
#define TAGGED ENTRY_HEAD_TAGGED

static const struct layout_row layout_rows[] = {
    {"C-9111-3.1-1", "nothing", NULL, NULL, -1, "||||||", 0},
    {"C-9111-3.1-1", "an unknown field", "x-Foo: 1", NULL, -1, "||x-Foo: 1\n||||", 0},
    {"C-9111-3.1-1", "an empty value", "X-Foo:", NULL, -1, "||X-Foo: \n||||", 0},
    {"C-9110-5.3-2", "lines of one name keep their order", "A: 2\nVary: x\nA: 1\nVary: b", NULL, -1,
     "|Vary: x\nVary: b\n|A: 2\nA: 1\n||||", 0},
    {"C-9111-4-6", "what is told anew",
     "Date: Sun, 06 Nov 1994 08:49:37 GMT\nAge: 7\nContent-Length: 9", NULL, -1, "||||||", 0},
    {"C-9110-14.4-1", "a range that means nothing", "Content-Range: bytes 0-8/9", NULL, -1,
     "|||||Content-Range: bytes 0-8/9\n|", 0},
    {"D-02", "a tag leads", "Server: s\n" LM "\nETag: \"t\"\nCache-Control: c", NULL, -1,
     "ETag: \"t\"\n|Cache-Control: c\n|Server: s\n|" LM "\n|||", TAGGED | DATED},
    {"D-02", "a date leads where there is no tag", LM "\nVia: v", NULL, -1, LM "\n|Via: v\n|||||",
     DATED},
    {"D-02", "no such date", "Last-Modified: x\nVia: v", NULL, -1,
     "Last-Modified: x\n|Via: v\n|||||", 0},
    {"D-02", "two dates", LM "\n" LM, NULL, -1, "|" LM "\n" LM "\n|||||", 0},
    {"C-9110-8.8.3-1", "a tag off the grammar", "ETag: t\n" LM, NULL, -1, "|ETag: t\n||" LM "\n|||",
     DATED},
    {"C-9110-5.3-3", "two tags", "ETag: \"a\"\nETag: \"b\"", NULL, -1,
     "|ETag: \"a\"\nETag: \"b\"\n|||||", 0},
    {"C-9110-15.4.5-1", "what a 304 has",
     "Expires: 0\nContent-Location: /\nVary: a\nCache-Groups: \"g\"\nNo-Vary-Search: n\nVia: v",
     NULL, -1,
     "|Expires: 0\nContent-Location: /\nVary: a\nCache-Groups: \"g\"\nNo-Vary-Search: n\nVia: v\n"
     "|||||",
     ENTRY_HEAD_GROUPED},
    {"C-9110-15.3.7-2", "what describes the content",
     "Content-Encoding: gzip\nContent-Language: de\nRepr-Digest: r\nContent-Disposition: d\nX: y",
     NULL, -1,
     "||X: y\n|Content-Encoding: gzip\nContent-Language: de\nRepr-Digest: r\n"
     "Content-Disposition: d\n|||",
     0},
    {"C-9110-15.3.7.2-3", "a type", "Content-Type: a/b; c=d\nContent-Encoding: gzip", NULL, -1,
     "|||Content-Encoding: gzip\n|Content-Type: a/b; c=d\n||", 0},
    {"C-9110-15.3.7.2-3", "two types", "Content-Type: a/b\nContent-Type: c/d", NULL, -1,
     "|||Content-Type: a/b\nContent-Type: c/d\n|||", 0},
    {"C-9530-2-1", "digests of the whole", "Content-Digest: x\nContent-MD5: y\nContent-Type: a/b",
     NULL, -1, "||||Content-Type: a/b\n|Content-Digest: x\nContent-MD5: y\n|", 0},
    {"shelf_tag", "a tag made here", LM, "\"m\"", -1, "ETag: \"m\"\n|||" LM "\n|||",
     TAGGED | DATED | ENTRY_HEAD_TAG_MADE},
    {"shelf_tag", "in the place of a bad one", "ETag: t", "W/\"m\"", -1, "ETag: W/\"m\"\n||||||",
     TAGGED | ENTRY_HEAD_TAG_MADE},
    {"shelf_tag", "tag and date made here", "X: y", "\"m\"", LM_AT,
     "ETag: \"m\"\n||X: y\n|" LM "\n|||",
     TAGGED | DATED | ENTRY_HEAD_TAG_MADE | ENTRY_HEAD_DATE_MADE},
    {"shelf_tag", "its own date is better", LM, "\"m\"", 7, "ETag: \"m\"\n|||" LM "\n|||",
     TAGGED | DATED | ENTRY_HEAD_TAG_MADE},
};

static void test_layout(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(layout_rows); i++) {
        const struct layout_row *row = &layout_rows[i];
        struct entry_head *head = head_of(row->fields, row->tag, row->modified);
        if (strcmp(layout(head), row->want) != 0)
            fail_msg("%s (%s): %s", row->id, row->name, layout(head));
        check_row(row,
                  (head->flags & (unsigned)~(ENTRY_HEAD_SIZED | ENTRY_HEAD_SPANS)) == row->flags);
        if (row->flags & DATED)
            check_row(row, entry_head_modified(head) == LM_AT);
        entry_head_unref(head);
    }
}

static bool has_line(const struct stet_head *head, const struct stet_field *field)
{
    for (size_t i = 0; i < head->count; i++)
        if (stet_span_equal(head->fields[i].name, field->name) &&
            stet_span_equal(head->fields[i].value, field->value) && head->fields[i].id == field->id)
            return true;
    return false;
}

/* What is read back is what came, but for what is told anew and what was made here. */
static void test_view(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(layout_rows); i++) {
        const struct layout_row *row = &layout_rows[i];
        struct message message;
        struct stet_field fields[MESSAGE_FIELDS_MAX];
        struct stet_head view;
        const struct stet_head *came = message_head(&message, row->fields);
        struct entry_head *head = head_of(row->fields, row->tag, row->modified);
        size_t kept = 0;
        shelf_head_view(head, fields, &view);
        for (size_t at = 0; at < came->count; at++)
            kept += has_line(&view, &came->fields[at]);
        check_row(row, kept == view.count);
        check_row(row, view.count <= head->lines);
        for (unsigned id = 1; id < STET_FIELD_COUNT; id++)
            check_row(row, stet_head_has(&view, (enum stet_field_id)id) ==
                               (stet_head_lines(&view, (enum stet_field_id)id) > 0));
        entry_head_unref(head);
    }
}

static void test_made(void **state)
{
    (void)state;
    struct entry_head *head = head_of("X: y", "\"m\"", LM_AT);
    struct stet_field fields[4];
    struct stet_head view;
    assert_true(stet_span_equal(shelf_made_tag(head), STET_SPAN("\"m\"")));
    assert_true(shelf_made_modified(head) == LM_AT);
    assert_true(stet_span_equal(entry_head_validators(head).etag.opaque, STET_SPAN("m")));
    shelf_head_view(head, fields, &view);
    assert_int_equal(view.count, 1); /* the origin is not asked by what it does not know */
    entry_head_unref(head);

    head = head_of("ETag: \"o\"\n" LM, NULL, -1);
    assert_int_equal(shelf_made_tag(head).len, 0);
    assert_true(shelf_made_modified(head) < 0);
    entry_head_unref(head);
}

static void test_limits(void **state)
{
    static char value[ENTRY_HEAD_TEXT_MAX];
    struct stet_field storage[2];
    struct stet_head fields = {.fields = storage};
    struct shelf_head_recipe recipe = {.fields = &fields, .stored = &some_stored, .modified = -1};
    (void)state;
    memset(value, 'v', sizeof value);
    stet_head_add(&fields, storage, STET_SPAN("X"), stet_span(value, sizeof value - 5));
    struct entry_head *head = shelf_head_new(&recipe);
    assert_non_null(head);
    assert_int_equal(entry_head_whole(head).len, ENTRY_HEAD_TEXT_MAX);
    entry_head_unref(head);
    storage[0].value.len++;
    assert_null(shelf_head_new(&recipe));
    storage[0].value.len = 1;
    memory_fail_nth(1);
    assert_null(shelf_head_new(&recipe));
    memory_fail_nth(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_view),
        cmocka_unit_test(test_made),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests_name("shelf_head", tests, NULL, NULL);
}
