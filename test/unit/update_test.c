/* Table tests of updating stored heads: by 304, by HEAD, by a further part. */
#include "stet/update.h"

#include "message.h"
#include "table.h"

struct update_row {
    const char *id;
    const char *name;
    const char *stored;
    const char *fresh;
    const char *want; /* the head afterwards; NULL if the stored response is not to be used */
    char profile;     /* g gateway, r rfc9111, p private; 0 for all */
};

static const struct update_row update_rows[] = {
    {"C-9111-3.2-1", "a field is replaced", "A: 1\nB: 2\n", "B: 3\n", "A: 1\nB: 3\n", 0},
    {"C-9111-3.2-1", "a new field is added", "A: 1\n", "B: 2\n", "A: 1\nB: 2\n", 0},
    {"C-9111-3.2-1", "what is not mentioned stays", "A: 1\nB: 2\n", "", "A: 1\nB: 2\n", 0},
    {"C-9111-3.2-1", "all lines of a name by all of the new ones", "A: 1\nX: 0\nA: 2\nA: 3\n",
     "a: 4\nA: 5\n", "a: 4\nA: 5\nX: 0\n", 0},
    {"C-9111-3.2-1", "several lines by one", "A: 1\nA: 2\n", "A: 3\n", "A: 3\n", 0},
    {"C-9111-3.2-1", "one line by several", "A: 1\n", "A: 2\nA: 3\n", "A: 2\nA: 3\n", 0},
    {"C-9110-5.3-2", "lines of a new name keep their order", "X: 0\n", "A: 2\nB: 0\nA: 1\n",
     "X: 0\nA: 2\nB: 0\nA: 1\n", 0},
    {"C-9111-3.2-1", "Cache-Control", "Cache-Control: max-age=1\n", "Cache-Control: max-age=2\n",
     "Cache-Control: max-age=2\n", 0},
    {"C-9111-3.2-1", "ETag of a weak match", "ETag: \"a\"\n", "ETag: W/\"a\"\n", "ETag: W/\"a\"\n",
     0},
    {"C-9111-3.2-3", "Content-Foo", "Content-Foo: 1\n", "Content-Foo: 2\n", "Content-Foo: 2\n", 0},
    {"C-9111-3.2-3", "Content-Type", "Content-Type: a/b\n", "Content-Type: a/c\n",
     "Content-Type: a/c\n", 0},
    {"C-9111-3.2-3", "Content-Location and Content-Security-Policy",
     "Content-Location: /a\nContent-Security-Policy: a\n",
     "Content-Location: /b\nContent-Security-Policy: b\n",
     "Content-Location: /b\nContent-Security-Policy: b\n", 0},
    {"C-9111-3.2-2", "Content-Length stays", "Content-Length: 5\n", "Content-Length: 0\n",
     "Content-Length: 5\n", 0},
    {"C-9111-3.2-2", "and is not added", "A: 1\n", "Content-Length: 0\n", "A: 1\n", 0},
    {"C-9111-3.2-2", "Content-Range is consumed", "A: 1\n", "Content-Range: bytes 0-9/10\n",
     "A: 1\n", 0},
    {"C-9110-15.3.7.3-2", "a further part brings its head but for Content-Range",
     "A: 1\nContent-Range: bytes 0-4/10\n", "A: 2\nContent-Range: bytes 5-9/10\n",
     "A: 2\nContent-Range: bytes 0-4/10\n", 0},
    {"D-16", "Content-Encoding, Content-Digest and Content-MD5 stay",
     "Content-Encoding: gzip\nContent-Digest: sha-256=:AA==:\nContent-MD5: a\n",
     "Content-Encoding: br\nContent-Digest: sha-256=:BB==:\nContent-MD5: b\n",
     "Content-Encoding: gzip\nContent-Digest: sha-256=:AA==:\nContent-MD5: a\n", 0},
    {"D-16", "hop-by-hop fields stay out", "A: 1\n",
     "Connection: b\nB: 2\nKeep-Alive: 5\nTransfer-Encoding: chunked\nTrailer: a\nUpgrade: h2c\n",
     "A: 1\n", 0},
    {"C-9110-7.6.1-1", "a field that Connection names is not taken", "B: 1\n",
     "Connection: b\nB: 2\n", "B: 1\n", 0},
    {"D-16", "a proxy's own fields stay out", "A: 1\n",
     "Proxy-Authenticate: Basic\nProxy-Authentication-Info: a\nProxy-Authorization: b\n", "A: 1\n",
     0},
    {"D-16", "a cookie in a gateway is for its requester only", "A: 1\n", "Set-Cookie: a=b\n",
     "A: 1\n", 'g'},
    {"D-16", "by the letter it is stored", "Set-Cookie: a=b\nSet-Cookie: c=d\n",
     "Set-Cookie: a=c\n", "Set-Cookie: a=c\n", 'r'},
    {"D-16", "and in a private cache", "A: 1\n", "Set-Cookie: a=b\nSet-Cookie: c=d\n",
     "A: 1\nSet-Cookie: a=b\nSet-Cookie: c=d\n", 'p'},
    {"C-9111-3.1-3", "what the new no-cache names goes", "A: 1\nB: 2\nCache-Control: max-age=1\n",
     "A: 3\nCache-Control: no-cache=\"a\"\n", "B: 2\nCache-Control: no-cache=\"a\"\n", 0},
    {"C-9111-3.1-3", "also under directives that are not new", "Cache-Control: no-cache=\"a\"\n",
     "A: 3\n", "Cache-Control: no-cache=\"a\"\n", 0},
    {"C-9111-3.1-3", "what the new private names goes from a shared cache", "A: 1\n",
     "Cache-Control: private=\"a\"\n", "Cache-Control: private=\"a\"\n", 'g'},
    {"D-11", "an Age without a new one goes", "Age: 50\nA: 1\n", "A: 2\n", "A: 2\n", 0},
    {"D-11", "an Age is replaced", "Age: 50\nA: 1\n", "Age: 3\n", "Age: 3\nA: 1\n", 0},
    {"D-16", "equal digests", "Repr-Digest: sha-256=:AA==:\n",
     "Repr-Digest: sha-512=:BB==:, sha-256=:AA==:\n",
     "Repr-Digest: sha-512=:BB==:, sha-256=:AA==:\n", 0},
    {"D-16", "another digest", "Repr-Digest: sha-512=:BB==:, sha-256=:AA==:\n",
     "Repr-Digest: sha-256=:CC==:\n", NULL, 0},
    {"D-16", "of a digest given twice the last one counts",
     "Repr-Digest: sha-256=:CC==:, sha-256=:AA==:\n",
     "Repr-Digest: sha-256=:DD==:, sha-256=:AA==:\n",
     "Repr-Digest: sha-256=:DD==:, sha-256=:AA==:\n", 0},
    {"D-16", "digests of other kinds", "Repr-Digest: sha-256=:AA==:\n",
     "Repr-Digest: sha-512=:BB==:\n", "Repr-Digest: sha-512=:BB==:\n", 0},
    {"D-16", "a digest that cannot be read", "Repr-Digest: sha-256=:AA==:\n", "Repr-Digest: x y\n",
     "Repr-Digest: x y\n", 0},
    {"C-9111-5.5-1", "a Warning is not made up", "A: 1\n", "", "A: 1\n", 0},
};

static size_t head_write(const struct stet_head *head, char *to)
{
    size_t length = 0;

    for (size_t i = 0; i < head->count; i++) {
        const struct stet_field *field = &head->fields[i];
        memcpy(to + length, field->name.at, field->name.len);
        length += field->name.len;
        memcpy(to + length, ": ", 2);
        length += 2;
        memcpy(to + length, field->value.at, field->value.len);
        length += field->value.len;
        to[length++] = '\n';
    }
    to[length] = '\0';
    return length;
}

static void check(const struct update_row *row, char profile)
{
    struct stet_profile chosen = profile == 'g'   ? stet_profile_gateway()
                                 : profile == 'r' ? stet_profile_rfc9111()
                                                  : stet_profile_private();
    struct message stored, fresh;
    struct stet_field storage[MESSAGE_FIELDS_MAX];
    struct stet_head updated = {.count = 99};
    char text[600];
    enum stet_reason reason = stet_update(&chosen, message_head(&stored, row->stored),
                                          message_head(&fresh, row->fresh), storage, &updated);

    check_row(row, reason == (row->want ? STET_REASON_UPDATED : STET_REASON_DIGEST_DIFFERS));
    if (!row->want) {
        check_row(row, updated.count == 99);
        return;
    }
    head_write(&updated, text);
    if (strcmp(text, row->want) != 0)
        fail_msg("%s (%s) %c:\n%s", row->id, row->name, profile, text);
    struct stet_head indexed = updated;
    stet_head_index(&indexed);
    check_row(row, indexed.seen[0] == updated.seen[0] && indexed.seen[1] == updated.seen[1]);
}

static void test_update(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(update_rows); i++)
        for (const char *profile = "grp"; *profile; profile++)
            if (!update_rows[i].profile || update_rows[i].profile == *profile)
                check(&update_rows[i], *profile);
}

struct head_row {
    const char *id;
    const char *name;
    const char *stored;
    int status;
    const char *head;
    enum stet_reason want;
};

#define LM "Last-Modified: Sun, 06 Nov 1994 08:32:57 GMT\n"
#define OTHER_LM "Last-Modified: Sun, 06 Nov 1994 08:32:58 GMT\n"

/* The stored content is 100 octets long. */
static const struct head_row head_rows[] = {
    {"C-9111-4.3.5-2", "the same tag and length", "ETag: \"a\"\n", 200,
     "ETag: \"a\"\nContent-Length: 100\n", STET_REASON_UPDATED},
    {"C-9111-4.3.5-2", "another tag", "ETag: \"a\"\n", 200, "ETag: \"b\"\n",
     STET_REASON_VALIDATORS_DIFFER},
    {"C-9111-4.3.5-2", "another length", "ETag: \"a\"\nContent-Length: 100\n", 200,
     "ETag: \"a\"\nContent-Length: 99\n", STET_REASON_LENGTH_DIFFERS},
    {"D-17", "no validators and no length", "ETag: \"a\"\n" LM, 200, "A: 1\n",
     STET_REASON_NOT_COMPARABLE},
    {"D-17", "the length alone", "ETag: \"a\"\n" LM, 200, "Content-Length: 100\n",
     STET_REASON_UPDATED},
    {"D-17", "the same date", "ETag: \"a\"\n" LM, 200, LM, STET_REASON_UPDATED},
    {"D-17", "another date beside the same tag", "ETag: \"a\"\n" LM, 200, "ETag: \"a\"\n" OTHER_LM,
     STET_REASON_VALIDATORS_DIFFER},
    {"D-17", "a tag where none was stored", LM, 200, "ETag: \"a\"\n" LM,
     STET_REASON_VALIDATORS_DIFFER},
    {"D-17", "a weak tag is not the strong one", "ETag: \"a\"\n", 200, "ETag: W/\"a\"\n",
     STET_REASON_VALIDATORS_DIFFER},
    {"D-17", "equal weak tags", "ETag: W/\"a\"\n", 200, "ETag: W/\"a\"\n", STET_REASON_UPDATED},
    {"D-17", "a length off the grammar", "", 200, "Content-Length: x\n",
     STET_REASON_LENGTH_DIFFERS},
    {"C-9111-4.3.5-1", "another status tells nothing", "ETag: \"a\"\n", 404, "ETag: \"b\"\n",
     STET_REASON_NOT_COMPARABLE},
};

static void test_head(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(head_rows); i++) {
        const struct head_row *row = &head_rows[i];
        struct message stored, answered;
        struct stet_response head = message_response(&answered, row->status, row->head);
        check_row(row,
                  stet_update_by_head(message_head(&stored, row->stored), 100, &head) == row->want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_head),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
