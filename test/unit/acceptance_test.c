/* Acceptances: remembered or read, each value means what the library says. */
#include "table.h"

#include "serve/acceptance.h"

static struct acceptances acceptances;

/* A head with Accept-Encoding lines: up to two, and another field between them. */
static struct stet_head head_of(struct stet_field fields[3], struct stet_span first,
                                struct stet_span second)
{
    struct stet_head head = {.fields = fields};
    if (first.at)
        stet_head_add(&head, fields, STET_SPAN("Accept-Encoding"), first);
    stet_head_add(&head, fields, STET_SPAN("Accept"), STET_SPAN("*/*"));
    if (second.at)
        stet_head_add(&head, fields, STET_SPAN("accept-encoding"), second);
    return head;
}

static bool says_the_same(struct stet_span first, struct stet_span second)
{
    struct stet_field fields[3];
    const struct stet_head head = head_of(fields, first, second);
    const struct stet_accepted_codings want = stet_accepted_codings(&head);
    const struct stet_accepted_codings got = acceptance_of(&acceptances, &head);
    return memcmp(want.weight, got.weight, sizeof want.weight) == 0 && want.stated == got.stated;
}

/* Each is asked for again after all others, some of which have its length or its place. */
static void values(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span first, second;
    } rows[] = {
        {"C-9110-12.5.3-1", "none", {NULL, 0}, {NULL, 0}},
        {"C-9110-12.5.3-1", "empty", S(""), {NULL, 0}},
        {"C-9110-12.5.3-1", "a browser", S("gzip, deflate, br, zstd"), {NULL, 0}},
        {"C-9110-12.5.3-1", "as long", S("gzip, deflate, br;q=0.5"), {NULL, 0}},
        {"C-9110-12.5.3-1", "the same place", S("br;q=0, *"), {NULL, 0}},
        {"C-9110-12.5.3-1", "16 more", S("br;q=0, *;q=0.3, identity"), {NULL, 0}},
        {"C-9110-12.5.3-1", "two lines", S("gzip, deflate, br, zstd"), S("identity;q=0")},
        {"C-9110-12.5.3-1", "two equal lines", S("br"), S("br")},
        {"C-9110-12.5.3-1", "the second alone", {NULL, 0}, S("zstd")},
        {"C-9110-12.5.3-1",
         "just remembered",
         S("gzip;q=0.001, deflate;q=0.002, br;q=0.003, zstd;q=0.3"),
         {NULL, 0}},
        {"C-9110-12.5.3-1",
         "too long",
         S("gzip;q=0.001, deflate;q=0.002, br;q=0.003, zstd;q=0.35"),
         {NULL, 0}},
        {"C-9110-12.5.3-1", "off the grammar", S("gzip;;, @"), {NULL, 0}},
    };
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT(rows); i++) {
            check_row(&rows[i], says_the_same(rows[i].first, rows[i].second));
            check_row(&rows[i], says_the_same(rows[i].first, rows[i].second));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
