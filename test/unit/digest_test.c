/* Digest fields: hashes read and written, wishes weighed. */
#include "table.h"

#include "stet/digest.h"

/* The octets 0, 1, 2 and so on. */
#define HASH_32 ":AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=:"
#define HASH_64 \
    ":AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw==:"

static void hashes_are_read(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        const char *value;
        enum stet_digest digest;
        bool want;
    } rows[] = {
        {"C-9530-2-2", "sha-256", "sha-256=" HASH_32, STET_DIGEST_SHA_256, true},
        {"C-9530-2-2", "sha-512", "sha-512=" HASH_64, STET_DIGEST_SHA_512, true},
        {"C-9530-2-2", "among others", "md5=:AA==:, sha-512=" HASH_64 ", sha-256=" HASH_32 ";x",
         STET_DIGEST_SHA_256, true},
        {"C-9530-2-2", "another algorithm", "sha-512=" HASH_64, STET_DIGEST_SHA_256, false},
        {"C-9530-2-2", "last of two", "sha-256=:AA==:, sha-256=" HASH_32, STET_DIGEST_SHA_256,
         true},
        {"C-9530-2-2", "last of two is wrong", "sha-256=" HASH_32 ", sha-256=1",
         STET_DIGEST_SHA_256, false},
        {"C-9530-2-2", "too short", "sha-256=:AAECAw==:", STET_DIGEST_SHA_256, false},
        {"C-9530-2-2", "too long", "sha-256=" HASH_64, STET_DIGEST_SHA_256, false},
        {"C-9530-2-2", "empty", "sha-256=::", STET_DIGEST_SHA_256, false},
        {"C-9530-2-2", "string", "sha-256=\"AAECAw==\"", STET_DIGEST_SHA_256, false},
        {"C-9530-2-2", "list", "sha-256=(" HASH_32 ")", STET_DIGEST_SHA_256, false},
        {"C-9530-2-2", "bare key", "sha-256", STET_DIGEST_SHA_256, false},
        {"C-9530-2-2", "no padding",
         "sha-256=:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8:", STET_DIGEST_SHA_256, true},
        {"C-9530-2-2", "flaw voids all", "sha-256=" HASH_32 ", sha-512=:", STET_DIGEST_SHA_256,
         false},
        {"C-9530-2-3", "unknown ones ignored", "x=1, y=(2)", STET_DIGEST_SHA_256, false},
        {"C-9530-2-2", "no such algorithm", "=" HASH_32, STET_DIGEST_COUNT, false},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_field fields[1];
        struct stet_head head = {.fields = fields};
        unsigned char hash[STET_DIGEST_MAX];
        for (unsigned scope = 0; scope < 2; scope++) {
            head.count = head.seen[0] = head.seen[1] = 0;
            memset(hash, 0xaa, sizeof(hash));
            stet_head_add(&head, fields,
                          scope == STET_DIGEST_REPR ? STET_SPAN("repr-digest")
                                                    : STET_SPAN("content-digest"),
                          stet_span_of(row->value));
            enum stet_digest_scope other = scope ? STET_DIGEST_CONTENT : STET_DIGEST_REPR;
            check_row(row, !stet_digest_of(&head, other, row->digest, hash));
            check_row(row, hash[0] == 0xaa);
            check_row(row, stet_digest_of(&head, (enum stet_digest_scope)scope, row->digest,
                                          hash) == row->want);
            for (size_t i = 0; row->want && i < stet_digest_size(row->digest); i++)
                check_row(row, hash[i] == i);
            check_row(row, row->want || hash[0] == 0xaa);
        }
    }
}

static void hashes_are_written(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        enum stet_digest digest;
        const char *want;
    } rows[] = {
        {"C-9530-2-2", "sha-256", STET_DIGEST_SHA_256, "sha-256=" HASH_32},
        {"C-9530-2-2", "sha-512", STET_DIGEST_SHA_512, "sha-512=" HASH_64},
        {"C-9530-5-1", "no other", STET_DIGEST_COUNT, ""},
    };
    unsigned char hash[STET_DIGEST_MAX];
    for (size_t i = 0; i < sizeof(hash); i++)
        hash[i] = (unsigned char)i;
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        char to[STET_DIGEST_ROOM + 1];
        size_t want = strlen(row->want);
        for (size_t room = 0; room <= STET_DIGEST_ROOM; room++) {
            to[room] = 'X';
            size_t got = stet_digest_write(row->digest, hash, to, room);
            check_row(row, got == (room >= want ? want : 0) && to[room] == 'X');
            check_row(row, stet_span_equal(stet_span(to, got), stet_span_of(got ? row->want : "")));
        }
    }
}

static void deprecated_algorithms_are_unknown(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        struct stet_span key;
    } rows[] = {
        {"C-9530-5-1", "md5", S("md5")},         {"C-9530-5-1", "sha", S("sha")},
        {"C-9530-5-1", "unixsum", S("unixsum")}, {"C-9530-5-1", "unixcksum", S("unixcksum")},
        {"C-9530-5-1", "adler", S("adler")},     {"C-9530-5-1", "crc32c", S("crc32c")},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++)
        for (enum stet_digest digest = 0; digest < STET_DIGEST_COUNT; digest++)
            check_row(row, !stet_span_equal(stet_digest_key(digest), row->key));
}

static void wishes_are_weighed(void **state)
{
    (void)state;
    enum { BOTH = 3, ONLY_256 = 1, ONLY_512 = 2 };
    static const struct row {
        const char *id, *name;
        const char *value; /* NULL: no field */
        unsigned available;
        int wanted_256, wanted_512;
        enum stet_digest choice;
    } rows[] = {
        {"C-9530-4-1", "absent", NULL, BOTH, -1, -1, STET_DIGEST_COUNT},
        {"C-9530-4-1", "one", "sha-256=1", BOTH, 1, -1, STET_DIGEST_SHA_256},
        {"C-9530-4-1", "most", "sha-512=3, sha-256=10, unixsum=0", BOTH, 10, 3,
         STET_DIGEST_SHA_256},
        {"C-9530-4-1", "equal, the stronger", "sha-512=5, sha-256=5", BOTH, 5, 5,
         STET_DIGEST_SHA_512},
        {"C-9530-4-1", "most is not there", "sha-512=3, sha-256=10", ONLY_512, 10, 3,
         STET_DIGEST_SHA_512},
        {"C-9530-4-1", "none is there", "sha-256=10", ONLY_512, 10, -1, STET_DIGEST_COUNT},
        {"C-9530-4-1", "nothing is there", "sha-256=10", 0, 10, -1, STET_DIGEST_COUNT},
        {"C-9530-4-1", "refused", "sha-256=0", BOTH, 0, -1, STET_DIGEST_COUNT},
        {"C-9530-4-1", "refused and wanted", "sha-256=0, sha-512=1", BOTH, 0, 1,
         STET_DIGEST_SHA_512},
        {"C-9530-4-1", "beyond", "sha-256=11, sha-512=-1", BOTH, -1, -1, STET_DIGEST_COUNT},
        {"C-9530-4-1", "decimal", "sha-256=1.0", BOTH, -1, -1, STET_DIGEST_COUNT},
        {"C-9530-4-1", "bare key", "sha-256", BOTH, -1, -1, STET_DIGEST_COUNT},
        {"C-9530-4-1", "unknown", "md5=10", BOTH, -1, -1, STET_DIGEST_COUNT},
        {"C-9530-4-1", "flaw voids all", "sha-256=10,", BOTH, -1, -1, STET_DIGEST_COUNT},
        {"C-9530-4-1", "only the first there", "sha-512=9, sha-256=1", ONLY_256, 1, 9,
         STET_DIGEST_SHA_256},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        struct stet_field fields[1];
        struct stet_head head = {.fields = fields};
        if (row->value)
            stet_head_add(&head, fields, STET_SPAN("want-repr-digest"), stet_span_of(row->value));
        enum stet_digest_scope scope = STET_DIGEST_REPR;
        check_row(row, stet_digest_wanted(&head, scope, STET_DIGEST_SHA_256) == row->wanted_256);
        check_row(row, stet_digest_wanted(&head, scope, STET_DIGEST_SHA_512) == row->wanted_512);
        check_row(row, stet_digest_choose(&head, scope, row->available) == row->choice);
        scope = STET_DIGEST_CONTENT;
        check_row(row, stet_digest_wanted(&head, scope, STET_DIGEST_SHA_256) == -1);
        if (row->value)
            fields[0].name = STET_SPAN("Want-Content-Digest");
        check_row(row, stet_digest_choose(&head, scope, row->available) == row->choice);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_read),
        cmocka_unit_test(hashes_are_written),
        cmocka_unit_test(deprecated_algorithms_are_unknown),
        cmocka_unit_test(wishes_are_weighed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
