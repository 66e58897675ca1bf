/* Codings: each is a representation of its own, and its validator must know that.
 *
 * Nothing is decoded here: that a coding holds what the plain content holds is not judged.
 */
#include "audit/check.h"

#include "stet/etag.h"

enum { CODING_WORTH = 1400 }; /* octets: less fits into one packet anyway */

static struct stet_span encoding_of(const struct probe *probe)
{
    return check_value(probe, STET_FIELD_CONTENT_ENCODING);
}

/* Vary covers Accept-Encoding. */
static bool varies(const struct probe *probe)
{
    const struct stet_list vary = stet_list_of(&probe->response.head, STET_FIELD_VARY);

    return stet_list_has(vary, STET_SPAN("Accept-Encoding")) || stet_list_has(vary, STET_SPAN("*"));
}

static void check_coding_vary(struct check *check, const struct probe *plain,
                              const struct probe *coded)
{
    const struct exchanges proof = {plain, coded};

    if (check_private(coded))
        return; /* whoever keeps it asks for the same codings each time */
    if (!varies(coded))
        check_say(check, FINDING_CODING_NO_VARY, proof, "%.*s", SHOWN(encoding_of(coded)));
    else if (!varies(plain))
        check_say(check, FINDING_VARY_INCONSISTENT, proof,
                  "Vary names Accept-Encoding with %.*s, and not without",
                  SHOWN(encoding_of(coded)));
}

static void check_coding_validators(struct check *check, const struct probe *plain,
                                    const struct probe *coded)
{
    const struct stet_head *before = &plain->response.head;
    const struct stet_head *after = &coded->response.head;
    const bool tag = stet_head_has(after, STET_FIELD_ETAG);

    if (stet_head_has(before, STET_FIELD_ETAG) && !tag)
        check_say(check, FINDING_CODING_DROPS_TAG, (struct exchanges){plain, coded},
                  "%.*s has no ETag", SHOWN(encoding_of(coded)));
    else if (stet_head_has(before, STET_FIELD_LAST_MODIFIED) && !tag &&
             !stet_head_has(after, STET_FIELD_LAST_MODIFIED))
        check_say(check, FINDING_CODING_DROPS_TAG, (struct exchanges){plain, coded},
                  "%.*s has no Last-Modified", SHOWN(encoding_of(coded)));
}

void check_coding(struct check *check, const struct probe *plain, const struct probe *coded,
                  enum stet_coding coding)
{
    const struct stet_span named = encoding_of(coded);
    const struct stet_span asked = stet_coding_name(coding);

    if (!probe_answered(coded) || coded->status != plain->status || !named.at)
        return;
    if (stet_coding_of(named) != coding) {
        check_say(check, FINDING_CODING_UNASKED, (struct exchanges){plain, coded},
                  "%.*s came, %.*s was asked for", SHOWN(named), SHOWN(asked));
        return;
    }
    check_coding_vary(check, plain, coded);
    check_coding_validators(check, plain, coded);
    check_codings(check, plain, coded);
    if (coded->length > plain->length && !plain->cut && !coded->cut)
        check_say(check, FINDING_CODING_LARGER, (struct exchanges){plain, coded},
                  "%.*s has %llu octets, plain %llu", SHOWN(named),
                  (unsigned long long)coded->length, (unsigned long long)plain->length);
}

void check_codings(struct check *check, const struct probe *a, const struct probe *b)
{
    const struct stet_etag one = stet_etag_of(&a->response.head);
    const struct stet_etag other = stet_etag_of(&b->response.head);

    if (!stet_span_equal_nocase(encoding_of(a), encoding_of(b)) &&
        stet_etag_equal_strong(one, other) && !probe_same_content(a, b))
        check_say(check, FINDING_CODING_SAME_TAG, (struct exchanges){a, b}, "%.*s",
                  SHOWN(check_value(a, STET_FIELD_ETAG)));
}

static void check_own_tag(struct check *check, const struct probe *held, const struct probe *answer)
{
    const struct exchanges proof = {held, answer};
    const struct stet_etag was = stet_etag_of(&held->response.head);
    const struct stet_etag is = stet_etag_of(&answer->response.head);
    const bool same = probe_same_content(held, answer);

    if (answer->status == 304)
        check_not_modified(check, held, answer);
    else if (answer->status == held->status && (same || stet_etag_equal_weak(was, is)))
        check_say(check, FINDING_CODING_TAG_IGNORED, proof, "%.*s: %.*s", SHOWN(encoding_of(held)),
                  SHOWN(check_value(held, STET_FIELD_ETAG)));
    if (answer->status == held->status && !same && !held->cut && !answer->cut &&
        stet_etag_equal_strong(was, is) &&
        stet_span_equal_nocase(encoding_of(held), encoding_of(answer)))
        check_say(check, FINDING_CODING_UNSTABLE, proof, "%.*s: %.*s", SHOWN(encoding_of(held)),
                  SHOWN(check_value(held, STET_FIELD_ETAG)));
}

/* Who accepts a coding accepts the plain content as well [RFC 9110 §12.5.3]: a 304 to its tag is
 * then as good as that content. The other way round it is not. */
void check_coding_tag(struct check *check, const struct probe *held, const struct probe *wanted,
                      const struct probe *answer)
{
    const struct stet_etag mine = stet_etag_of(&held->response.head);
    const struct stet_etag theirs = stet_etag_of(&wanted->response.head);

    if (held == wanted)
        check_own_tag(check, held, answer);
    else if (answer->status == 304 && !mine.weak && !stet_etag_equal_weak(mine, theirs) &&
             encoding_of(held).at)
        check_say(check, FINDING_CODING_CROSS_304, (struct exchanges){held, answer},
                  "%.*s, where the tag is %.*s", SHOWN(check_value(held, STET_FIELD_ETAG)),
                  SHOWN(check_value(wanted, STET_FIELD_ETAG)));
}

static bool is_text(struct stet_span type)
{
    static const char *const kinds[] = {"text/", "application/json", "application/javascript",
                                        "application/xml", "image/svg+xml"};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (stet_span_equal_nocase(
                stet_span(type.at, strlen(kinds[i]) < type.len ? strlen(kinds[i]) : type.len),
                stet_span_of(kinds[i])))
            return true;
    return false;
}

void check_uncoded(struct check *check, const struct probe *plain)
{
    const struct stet_span type = check_value(plain, STET_FIELD_CONTENT_TYPE);

    if (is_text(type) && plain->length >= CODING_WORTH && !encoding_of(plain).at)
        check_say(check, FINDING_CODING_NONE, (struct exchanges){plain, NULL},
                  "%llu octets of %.*s", (unsigned long long)plain->length, SHOWN(type));
}
