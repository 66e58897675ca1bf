/* Cache-Status: what is written of each outcome. */
#include "table.h"

#include "stet/cachestatus.h"
#include "stet/sf.h"

struct member_row {
    const char *id, *name;
    struct stet_cachestatus status;
    const char *want; /* "" if nothing is to be sent */
};

static const struct member_row member_rows[] = {
    {"C-9211-2-1", "token", {.cache = S("ExampleCache"), .hit = true}, "ExampleCache;hit"},
    {"C-9211-2-1", "string", {.cache = S("CDN \"1\""), .hit = true}, "\"CDN \\\"1\\\"\";hit"},
    {"C-9211-2-1", "no name", {.hit = true}, ""},
    {"C-9211-2-1", "name not ASCII", {.cache = S("caf\xc3\xa9"), .hit = true}, ""},
    {"C-9211-2-2", "made here", {.cache = S("c")}, ""},
    {"C-9211-2-2",
     "made here, with a reason",
     {.cache = S("c"), .detail = STET_REASON_UNCONDITIONAL},
     ""},
    {"C-9211-2-2",
     "304 from the store",
     {.cache = S("c"), .hit = true, .detail = STET_REASON_IF_NONE_MATCH_FALSE},
     "c;hit;detail=if-none-match-false"},
    {"C-9211-2.1-1",
     "stale hit",
     {.cache = S("c"), .hit = true, .has_ttl = true, .ttl = -412},
     "c;hit;ttl=-412"},
    {"C-9211-2.1-1",
     "hit and forward",
     {.cache = S("c"), .hit = true, .forward = STET_FORWARD_STALE},
     ""},
    {"C-9211-2.2-1", "bypass", {.cache = S("c"), .forward = STET_FORWARD_BYPASS}, "c;fwd=bypass"},
    {"C-9211-2.2-1", "method", {.cache = S("c"), .forward = STET_FORWARD_METHOD}, "c;fwd=method"},
    {"C-9211-2.2-1",
     "uri-miss",
     {.cache = S("c"), .forward = STET_FORWARD_URI_MISS},
     "c;fwd=uri-miss"},
    {"C-9211-2.2-1",
     "vary-miss",
     {.cache = S("c"), .forward = STET_FORWARD_VARY_MISS},
     "c;fwd=vary-miss"},
    {"C-9211-2.2-1", "miss", {.cache = S("c"), .forward = STET_FORWARD_MISS}, "c;fwd=miss"},
    {"C-9211-2.2-1",
     "request",
     {.cache = S("c"), .forward = STET_FORWARD_REQUEST},
     "c;fwd=request"},
    {"C-9211-2.2-1", "stale", {.cache = S("c"), .forward = STET_FORWARD_STALE}, "c;fwd=stale"},
    {"C-9211-2.2-1",
     "partial",
     {.cache = S("c"), .forward = STET_FORWARD_PARTIAL},
     "c;fwd=partial"},
    {"C-9211-2.2-1", "no such reason", {.cache = S("c"), .forward = STET_FORWARD_COUNT}, ""},
    {"C-9211-2.3-1",
     "304 upstream",
     {.cache = S("c"),
      .forward = STET_FORWARD_STALE,
      .forward_status = 304,
      .has_ttl = true,
      .ttl = 60},
     "c;fwd=stale;fwd-status=304;ttl=60"},
    {"C-9211-2.3-1",
     "not of a hit",
     {.cache = S("c"), .hit = true, .forward_status = 304},
     "c;hit"},
    {"C-9211-2.4-1",
     "fresh",
     {.cache = S("c"), .hit = true, .has_ttl = true, .ttl = 376},
     "c;hit;ttl=376"},
    {"C-9211-2.4-1", "zero", {.cache = S("c"), .hit = true, .has_ttl = true}, "c;hit;ttl=0"},
    {"C-9211-2.4-1",
     "beyond an Integer",
     {.cache = S("c"), .hit = true, .has_ttl = true, .ttl = INT64_MAX},
     "c;hit;ttl=999999999999999"},
    {"C-9211-2.4-1",
     "beyond it below",
     {.cache = S("c"), .hit = true, .has_ttl = true, .ttl = INT64_MIN},
     "c;hit;ttl=-999999999999999"},
    {"C-9211-2.5-1",
     "stored and collapsed",
     {.cache = S("c"), .forward = STET_FORWARD_URI_MISS, .stored = true, .collapsed = true},
     "c;fwd=uri-miss;stored;collapsed"},
    {"C-9211-2.5-1",
     "not of a hit",
     {.cache = S("c"), .hit = true, .stored = true, .collapsed = true},
     "c;hit"},
    {"C-9211-2.5-1",
     "key",
     {.cache = S("c"), .hit = true, .key = S("GET \"/a\"")},
     "c;hit;key=\"GET \\\"/a\\\"\""},
    {"C-9211-2.5-1", "key not ASCII", {.cache = S("c"), .hit = true, .key = S("\xff")}, "c;hit"},
    {"C-9211-6-1", "no key unless given", {.cache = S("c"), .hit = true}, "c;hit"},
};

static void members_are_written(void **state)
{
    (void)state;
    for (const struct member_row *row = member_rows; row < member_rows + COUNT(member_rows);
         row++) {
        char to[128];
        for (size_t room = 0; room < sizeof(to); room++) {
            memset(to, 'X', sizeof(to));
            size_t want = strlen(row->want);
            size_t got = stet_cachestatus_write(&row->status, to, room);
            check_row(row, got == (room >= want ? want : 0) && to[room] == 'X');
            check_row(row, stet_span_equal(stet_span(to, got), stet_span_of(got ? row->want : "")));
        }
    }
}

/* All that can be said at once is read back with the right types, and fits the room. */
static void own_output_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *id, *name;
    } row = {"C-9211-2.5-1", "read back"};
    static const struct {
        const char *key;
        enum stet_sf_type type;
    } parameters[] = {{"fwd", STET_SF_TOKEN},      {"fwd-status", STET_SF_INTEGER},
                      {"stored", STET_SF_BOOLEAN}, {"collapsed", STET_SF_BOOLEAN},
                      {"ttl", STET_SF_INTEGER},    {"key", STET_SF_STRING},
                      {"detail", STET_SF_TOKEN}};
    struct stet_cachestatus status = {.cache = S("\"\"\"\""),
                                      .forward = STET_FORWARD_VARY_MISS,
                                      .forward_status = 304,
                                      .stored = true,
                                      .collapsed = true,
                                      .has_ttl = true,
                                      .ttl = INT64_MIN,
                                      .key = S("\\\\\\\\")};
    for (unsigned reason = 1; reason < STET_REASON_COUNT; reason++) {
        char to[STET_CACHESTATUS_ROOM(4, 4)];
        struct stet_sf walk;
        struct stet_sf_member member, parameter;
        status.detail = (enum stet_reason)reason;
        size_t len = stet_cachestatus_write(&status, to, sizeof(to));
        check_row(&row, stet_sf_in(&walk, stet_span(to, len), STET_SF_LIST));
        check_row(&row, stet_sf_next(&walk, &member) && member.type == STET_SF_STRING);
        for (size_t i = 0; i < COUNT(parameters); i++) {
            check_row(&row,
                      stet_sf_parameter(&member, stet_span_of(parameters[i].key), &parameter));
            check_row(&row, parameter.type == parameters[i].type);
        }
        check_row(&row, stet_span_equal(parameter.text, stet_reason_word(status.detail)));
        check_row(&row, !stet_sf_next(&walk, &member));
    }
}

/* Our member on a line of its own comes last, and what was there stays. */
static void chains_are_kept(void **state)
{
    (void)state;
    static const struct {
        const char *id, *name;
    } row = {"C-9211-2-3", "chain"};
    static const char *const names[] = {"OriginCache", "CDN Company Here", "stet"};
    struct stet_field fields[2];
    struct stet_head head = {.fields = fields};
    struct stet_sf walk;
    struct stet_sf_member member;
    char to[64];
    struct stet_cachestatus status = {.cache = S("stet"), .hit = true};
    stet_head_add(&head, fields, STET_SPAN("Cache-Status"),
                  STET_SPAN("OriginCache; hit; ttl=1100, \"CDN Company Here\"; hit; ttl=545"));
    size_t len = stet_cachestatus_write(&status, to, sizeof(to));
    stet_head_add(&head, fields, STET_SPAN("Cache-Status"), stet_span(to, len));
    check_row(&row, stet_sf_of(&walk, &head, STET_FIELD_CACHE_STATUS, STET_SF_LIST));
    for (size_t i = 0; i < COUNT(names); i++) {
        check_row(&row, stet_sf_next(&walk, &member));
        check_row(&row, stet_span_equal(member.text, stet_span_of(names[i])));
    }
    check_row(&row, !stet_sf_next(&walk, &member));
}

static void tokens_have_bounds(void **state)
{
    (void)state;
    assert_int_equal(stet_forward_token(STET_FORWARD_NONE).len, 0);
    assert_int_equal(stet_forward_token(STET_FORWARD_COUNT).len, 0);
    assert_int_equal(stet_forward_token((enum stet_forward) - 1).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_written),
        cmocka_unit_test(own_output_is_read),
        cmocka_unit_test(chains_are_kept),
        cmocka_unit_test(tokens_have_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
