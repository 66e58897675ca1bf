/* Heads of stored responses: what goes in comes out, as far as it is kept, and each answer's block
 * is the right piece of the text. */
#include "base/memory.h"
#include "store/entry_head.h"

#include "table.h"

struct stored_row {
    const char *id;
    const char *name;
    struct stet_stored stored;
};

static const struct stored_row stored_rows[] = {
    {"C-9111-4.2.3-5", "nothing", {.status = 200}},
    {"C-9111-4.2.3-5",
     "times",
     {.times = {.received = 1000000, .wall = 784111777, .date = 784111777, .initial_age = 7},
      .status = 200,
      .lifetime = 60}},
    {"D-25",
     "times before all beginnings",
     {.times = {.received = -5, .wall = -62135596800, .date = -62135596800}, .status = 200}},
    {"C-9110-5.6.7-2",
     "the last instant of the year 9999",
     {.times = {.wall = 253402300799, .date = 253402300799}, .status = 200}},
    {"C-9111-1.2.2-1",
     "the longest of all spans",
     {.times = {.initial_age = STET_SECONDS_MAX},
      .lifetime = STET_SECONDS_MAX,
      .stale_while_revalidate = STET_SECONDS_MAX,
      .stale_if_error = STET_SECONDS_NONE,
      .status = 599}},
    {"C-9111-1.2.2-1",
     "usual spans",
     {.status = 200, .lifetime = 60, .stale_if_error = STET_SECONDS_NONE}},
    {"D-12", "an Age", {.times = {.age_value = 1}, .status = 200}},
    {"D-37",
     "method and source",
     {.method = STET_METHOD_HEAD, .status = 404, .source = STET_LIFETIME_HEURISTIC}},
    {"C-9111-4.2.4-1", "barred", {.status = 200, .barred = STET_REASON_MUST_REVALIDATE}},
    {"C-9111-4-4", "no-cache", {.status = 200, .no_cache = true}},
    {"C-8246-2-1", "immutable", {.status = 200, .immutable = true}},
    {"C-9111-4.1-6", "selected", {.status = 200, .selected = true}},
    {"C-9111-4.4-4", "marked", {.status = 200, .marked = true}},
    {"C-8246-3-1", "unsecured", {.status = 200, .unsecured = true}},
    {"C-9111-3.5-1", "authorised", {.status = 200, .authorised = true}},
};

static bool same_stored(const struct stet_stored *a, const struct stet_stored *b)
{
    return a->times.received == b->times.received && a->times.wall == b->times.wall &&
           a->times.date == b->times.date && a->times.initial_age == b->times.initial_age &&
           a->times.age_value == b->times.age_value && a->method == b->method &&
           a->status == b->status && a->lifetime == b->lifetime && a->source == b->source &&
           a->stale_while_revalidate == b->stale_while_revalidate &&
           a->stale_if_error == b->stale_if_error && a->barred == b->barred &&
           a->no_cache == b->no_cache && a->immutable == b->immutable && a->partial == b->partial &&
           a->selected == b->selected && a->marked == b->marked && a->unsecured == b->unsecured &&
           a->authorised == b->authorised;
}

static void test_stored(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(stored_rows); i++) {
        struct entry_head *head = entry_head_new(&stored_rows[i].stored, NULL, 0);
        const struct stet_stored stored = entry_head_stored(head);
        check_row(&stored_rows[i], same_stored(&stored, &stored_rows[i].stored));
        entry_head_unref(head);
    }
    /* What no clock has ever shown is bent into what can be written down. */
    const struct stet_stored wild = {.times = {.received = INT64_MAX, .date = INT64_MIN}};
    struct entry_head *head = entry_head_new(&wild, NULL, 0);
    assert_true(entry_head_stored(head).times.received == (INT64_C(1) << 39) - 1);
    assert_true(entry_head_date(head) == 1 - (INT64_C(1) << 39));
    entry_head_unref(head);
}

/* What most responses do not have takes no room in them, whatever else stands behind the text. */
static void test_spans(void **state)
{
    (void)state;
    const struct stet_parts parts = {.length = 20, .count = 1, .at = {{0, 9}}};
    for (unsigned i = 0; i < 8; i++) {
        const struct stet_stored stored = {.status = 206,
                                           .partial = i % 2,
                                           .times = {.initial_age = i & 2 ? 9 : 0},
                                           .stale_while_revalidate = i & 4 ? 7 : 0,
                                           .stale_if_error = STET_SECONDS_NONE};
        struct stet_parts read = {.length = 0};
        struct entry_head *head = entry_head_new(&stored, i % 2 ? &parts : NULL, 5);
        const struct stet_stored kept = entry_head_stored(head);
        memset(head->text, 'x', 5);
        assert_int_equal(entry_head_size(head), 45 + 5 + (i > 1 ? 12 : 0) + (i % 2 ? 25 : 0));
        assert_int_equal(kept.times.initial_age, stored.times.initial_age);
        assert_int_equal(kept.stale_while_revalidate, stored.stale_while_revalidate);
        assert_true(kept.stale_if_error == STET_SECONDS_NONE);
        assert_int_equal(entry_head_parts(head, &read), i % 2);
        assert_true(i % 2 == 0 || (read.length == 20 && read.count == 1 && read.at[0].last == 9));
        entry_head_unref(head);
    }
}

static void test_parts(void **state)
{
    (void)state;
    const struct stet_stored stored = {.status = 206, .partial = true};
    const struct stet_parts parts = {
        .length = UINT64_MAX, .count = 2, .at = {{0, 9}, {UINT64_MAX - 9, UINT64_MAX - 1}}};
    struct stet_parts read = {.length = 0};
    struct entry_head *head = entry_head_new(&stored, &parts, 11);
    const size_t bare = entry_head_size(head);
    memset(head->text, 'x', 11);
    assert_true(entry_head_parts(head, &read));
    assert_int_equal(read.count, 2);
    assert_true(read.length == parts.length);
    assert_memory_equal(read.at, parts.at, 2 * sizeof parts.at[0]);
    entry_head_unref(head);

    const struct stet_stored whole = {.status = 200};
    head = entry_head_new(&whole, NULL, 11);
    assert_false(entry_head_parts(head, &read));
    assert_int_equal(bare - entry_head_size(head), 1 + 8 + 2 * 16);
    entry_head_unref(head);
}

static void test_changes(void **state)
{
    (void)state;
    const struct stet_stored stored = {.status = 200, .lifetime = 60};
    struct entry_head *head = entry_head_new(&stored, NULL, 0);
    unsigned char before = entry_head_changes(head);
    entry_head_expire(head, 100); /* stale already: stays so */
    assert_int_equal(entry_head_stored(head).lifetime, 60);
    assert_int_not_equal(entry_head_changes(head), before);
    entry_head_expire(head, 20);
    assert_int_equal(entry_head_stored(head).lifetime, 20);
    for (unsigned i = 0; i < 125; i++) {
        before = entry_head_changes(head);
        entry_head_mark(head);
        assert_true(entry_head_stored(head).marked);
        assert_int_not_equal(entry_head_changes(head), before);
    }
    for (unsigned i = 0; i < 300; i++)
        entry_head_mark(head); /* the count begins again, */
    assert_true(entry_head_stored(head).marked);
    entry_head_expire(head, 10); /* the mark stays */
    assert_true(entry_head_stored(head).marked);

    struct entry_head *next = entry_head_new(&stored, NULL, 0);
    entry_head_set_count(next, entry_head_changes(head));
    assert_false(entry_head_stored(next).marked);
    assert_int_equal(entry_head_changes(next), entry_head_changes(head) & ENTRY_HEAD_COUNT);
    entry_head_unref(next);
    entry_head_unref(head);
}

/* A head of sections as given, each the text of one. */
static struct entry_head *head_of(const char *const sections[ENTRY_HEAD_SECTIONS], unsigned flags)
{
    const struct stet_stored stored = {.status = 200, .times = {.date = 1000}};
    size_t text = 0;
    for (unsigned i = 0; i < ENTRY_HEAD_SECTIONS; i++)
        text += strlen(sections[i]);
    struct entry_head *head = entry_head_new(&stored, NULL, text);
    text = 0;
    for (unsigned i = 0; i < ENTRY_HEAD_SECTIONS; i++) {
        memcpy(head->text + text, sections[i], strlen(sections[i]));
        text += strlen(sections[i]);
        head->ends[i] = (uint16_t)text;
    }
    head->flags = (uint16_t)(head->flags | flags);
    return head;
}

static void test_blocks(void **state)
{
    (void)state;
    struct entry_head *head =
        head_of((const char *const[]){"ETag: \"a\"\r\n", "Via: b\r\n", "Server: c\r\n",
                                      "Content-Encoding: d\r\n", "Content-Type: e/f\r\n",
                                      "Content-Digest: g\r\n"},
                ENTRY_HEAD_TAGGED);
#define FIRST "ETag: \"a\"\r\nVia: b\r\n"
#define SECOND FIRST "Server: c\r\n"
#define THIRD SECOND "Content-Encoding: d\r\n"
#define FOURTH THIRD "Content-Type: e/f\r\n"
    assert_true(stet_span_equal(entry_head_unchanged(head), STET_SPAN(FIRST)));
    assert_true(stet_span_equal(entry_head_part_if_range(head), STET_SPAN(SECOND)));
    assert_true(stet_span_equal(entry_head_part_untyped(head), STET_SPAN(THIRD)));
    assert_true(stet_span_equal(entry_head_part(head), STET_SPAN(FOURTH)));
    assert_true(stet_span_equal(entry_head_whole(head), STET_SPAN(FOURTH "Content-Digest: g\r\n")));
    assert_true(stet_span_equal(entry_head_type(head), STET_SPAN("e/f")));
    entry_head_unref(head);

    head = head_of(
        (const char *const[]){"Last-Modified: x\r\n", "Via: b\r\n", "Server: c\r\n", "", "", ""},
        0);
    assert_true(
        stet_span_equal(entry_head_part_if_range(head), STET_SPAN("Via: b\r\nServer: c\r\n")));
    assert_true(
        stet_span_equal(entry_head_unchanged(head), STET_SPAN("Last-Modified: x\r\nVia: b\r\n")));
    assert_int_equal(entry_head_type(head).len, 0);
    entry_head_unref(head);
}

static void test_validators(void **state)
{
    const struct {
        const char *id;
        const char *name;
        const char *first;
        unsigned flags;
        int64_t modified;
        struct stet_validators want;
    } rows[] = {
        {"C-9111-4.3.2-4", "no validator: the Date", "", 0, 0, {.modified = 1000}},
        {"C-9110-8.8.3-1",
         "a strong tag",
         "ETag: \"ab\"\r\n",
         ENTRY_HEAD_TAGGED,
         0,
         {.modified = 1000, .etag = {S("ab"), false}}},
        {"C-9110-8.8.3-1",
         "a weak tag",
         "ETag: W/\"ab\"\r\n",
         ENTRY_HEAD_TAGGED,
         0,
         {.modified = 1000, .etag = {S("ab"), true}}},
        {"C-9110-8.8.3-1",
         "an empty tag",
         "ETag: \"\"\r\n",
         ENTRY_HEAD_TAGGED,
         0,
         {.modified = 1000, .etag = {S(""), false}}},
        {"C-9110-8.8.2.2-1",
         "a date a minute before",
         "",
         0,
         940,
         {.modified = 940, .modified_strong = true}},
        {"C-9110-8.8.2.2-1", "a date that is too near", "", 0, 941, {.modified = 941}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct entry_head *head =
            head_of((const char *const[]){rows[i].first, "", "", "", "", ""}, rows[i].flags);
        if (rows[i].modified > 0)
            entry_head_set_modified(head, rows[i].modified);
        const struct stet_validators got = entry_head_validators(head);
        const struct stet_validators *want = &rows[i].want;
        check_row(&rows[i], got.exists && got.has_modified);
        check_row(&rows[i], got.modified == want->modified);
        check_row(&rows[i], got.modified_strong == want->modified_strong);
        check_row(&rows[i], stet_etag_present(got.etag) == stet_etag_present(want->etag));
        check_row(&rows[i], stet_span_equal(got.etag.opaque, want->etag.opaque));
        check_row(&rows[i], got.etag.weak == want->etag.weak);
        entry_head_unref(head);
    }
}

static void test_no_memory(void **state)
{
    (void)state;
    const struct stet_stored stored = {.status = 200};
    memory_fail_nth(1);
    assert_null(entry_head_new(&stored, NULL, 100));
    memory_fail_nth(0);
    entry_head_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stored),    cmocka_unit_test(test_spans),
        cmocka_unit_test(test_parts),     cmocka_unit_test(test_changes),
        cmocka_unit_test(test_blocks),    cmocka_unit_test(test_validators),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests_name("entry_head", tests, NULL, NULL);
}
