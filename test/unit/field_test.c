/* Field names: every name of the table in every case, and strangers close to them. */
#include "table.h"

#include "stet/field.h"

static const char *const names[] = {
#define FIELD(identifier, name) name,
#include "stet/field.tbl"
#undef FIELD
};

static unsigned char swap_case(unsigned char byte)
{
    bool letter = (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
    return letter ? byte ^ 0x20 : byte;
}

/* C-9110-5.1-1 */
static void every_name_in_any_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        size_t len = strlen(names[i]);
        enum stet_field_id id = (enum stet_field_id)(i + 1);
        char other[64], lower[64];
        for (size_t j = 0; j < len; j++) {
            other[j] = (char)swap_case((unsigned char)names[i][j]);
            lower[j] = (char)stet_byte_lower((unsigned char)names[i][j]);
        }
        if (stet_field_id(stet_span(names[i], len)) != id ||
            stet_field_id(stet_span(other, len)) != id ||
            stet_field_id(stet_span(lower, len)) != id)
            fail_msg("C-9110-5.1-1 (%s): not found", names[i]);
        assert_true(stet_span_equal(stet_field_name(id), stet_span(names[i], len)));
    }
}

/* Field names are letters, digits and "-" here, which stet_field_id counts on. */
static void names_are_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        for (const char *at = names[i]; *at; at++)
            if (!stet_byte_is_digit((unsigned char)*at) && *at != '-' &&
                swap_case((unsigned char)*at) == (unsigned char)*at)
                fail_msg("%s: '%c' in a field name", names[i], *at);
}

/* C-9110-5.1-1, C-9110-5.5-3: any other octet at any place makes another name. */
static void one_octet_off_is_unknown(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        size_t len = strlen(names[i]);
        char text[64];
        memcpy(text, names[i], len);
        for (size_t j = 0; j < len; j++) {
            for (int octet = 0; octet < 256; octet++) {
                bool same = octet == (unsigned char)names[i][j] ||
                            octet == swap_case((unsigned char)names[i][j]);
                text[j] = (char)octet;
                enum stet_field_id got = stet_field_id(stet_span(text, len));
                if (same ? got != (enum stet_field_id)(i + 1) : got == (enum stet_field_id)(i + 1))
                    fail_msg("C-9110-5.1-1 (%s): octet %02x at %zu", names[i], octet, j);
            }
            text[j] = names[i][j];
        }
    }
}

static void strangers(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span text;
    } rows[] = {
        {"C-9110-5.1-2", "none", {NULL, 0}},
        {"C-9110-5.1-2", "empty", S("")},
        {"C-9110-5.1-2", "one letter", S("T")},
        {"C-9110-5.1-2", "longer", S("ETags")},
        {"C-9110-5.1-2", "shorter", S("ETa")},
        {"C-9110-5.1-2", "unregistered", S("X-Foo")},
        {"C-9110-5.1-2", "space before the colon", S("Host ")},
        {"C-9110-5.1-2", "very long", S("Accept-Accept-Accept-Accept-Accept-Accept")},
        {"C-9213-2.4-1", "another targeted field", S("Foo-Cache-Control")},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++)
        check_row(row, stet_field_id(row->text) == STET_FIELD_UNKNOWN);
    assert_null(stet_field_name(STET_FIELD_UNKNOWN).at);
    assert_null(stet_field_name(STET_FIELD_COUNT).at);
    assert_null(stet_field_name((enum stet_field_id) - 1).at);
}

static void traits(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        enum stet_field_id field;
        bool list, hop;
    } rows[] = {
        {"C-9110-5.3-4", "Set-Cookie is no list", STET_FIELD_SET_COOKIE, false, false},
        {"C-9110-5.3-3", "ETag is no list", STET_FIELD_ETAG, false, false},
        {"C-9110-5.3-3", "Date is no list", STET_FIELD_DATE, false, false},
        {"C-9110-5.3-3", "Content-Length is no list", STET_FIELD_CONTENT_LENGTH, false, false},
        {"C-9110-5.3-3", "Age is no list", STET_FIELD_AGE, false, false},
        {"C-9110-5.2-1", "Cache-Control is a list", STET_FIELD_CACHE_CONTROL, true, false},
        {"C-9110-5.2-1", "Vary is a list", STET_FIELD_VARY, true, false},
        {"C-9110-5.2-1", "If-None-Match is a list", STET_FIELD_IF_NONE_MATCH, true, false},
        {"C-9110-7.6.1-1", "Connection", STET_FIELD_CONNECTION, true, true},
        {"C-9110-7.6.1-2", "Proxy-Connection", STET_FIELD_PROXY_CONNECTION, true, true},
        {"C-9110-7.6.1-2", "Keep-Alive", STET_FIELD_KEEP_ALIVE, true, true},
        {"C-9110-7.6.1-2", "TE", STET_FIELD_TE, true, true},
        {"C-9110-7.6.1-2", "Transfer-Encoding", STET_FIELD_TRANSFER_ENCODING, true, true},
        {"C-9110-7.6.1-2", "Upgrade", STET_FIELD_UPGRADE, true, true},
        {"C-9110-7.6.1-2", "Trailer", STET_FIELD_TRAILER, true, true},
        {"C-9110-7.6.1-4", "Cache-Control is end to end", STET_FIELD_CACHE_CONTROL, true, false},
        {"C-9110-5.1-2", "unknown", STET_FIELD_UNKNOWN, false, false},
        {"C-9110-5.1-2", "out of range", STET_FIELD_COUNT, false, false},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        check_row(row, stet_field_is_list(row->field) == row->list);
        check_row(row, stet_field_is_hop(row->field) == row->hop);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_in_any_case),
        cmocka_unit_test(names_are_plain),
        cmocka_unit_test(one_octet_off_is_unknown),
        cmocka_unit_test(strangers),
        cmocka_unit_test(traits),
    };
    return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
