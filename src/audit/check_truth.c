/* The truth of a 304: what was held is compared with what is sent to those who hold nothing.
 *
 * This is the only proof there is; a validator that looks well may still lie. A weak tag stands for
 * all contents that mean the same [RFC 9110 §8.8.1]: of two that differ in their bytes nobody but
 * their owner knows, and of two codings of one content not even that.
 *
 * Nothing worse can be said of a server than that its 304 is false, so it must be certain. Behind
 * one name there may be several servers, one of them not yet told of the change: each is right, and
 * two answers of two of them look like a lie. So a 304 that looks false is asked for again, and so
 * is the content, more often than servers take turns.
 */
#include "audit/check.h"

#include "stet/etag.h"

static bool is_held(const struct truth *held, const struct probe *whole)
{
    return whole->length == held->length && memcmp(whole->digest, held->digest, PROBE_DIGEST) == 0;
}

/* What a 304 to other content is. */
static enum finding_id lie_of(const struct truth *held)
{
    if (!held->by_tag)
        return FINDING_DATE_LYING_304;
    return stet_etag_read(held->etag).weak ? FINDING_WEAK_304 : FINDING_LYING_304;
}

static bool is_coded_as(const struct truth *held, const struct probe *whole)
{
    return stet_span_equal_nocase(check_value(whole, STET_FIELD_CONTENT_ENCODING), held->coding);
}

/* It can be held against what was held: another coding is another representation, which has a tag
 * of its own [RFC 9110 §8.8.3.3]. */
static bool is_comparable(const struct truth *held, const struct probe *whole)
{
    return probe_answered(whole) && whole->status == 200 && !whole->cut && is_coded_as(held, whole);
}

/* True if it is no true one. */
static bool check_304(struct check *check, const struct truth *held, struct exchanges proof,
                      bool same)
{
    const enum finding_id id = same ? FINDING_TRUE_304 : lie_of(held);
    const struct stet_span by = held->by_tag ? held->etag : held->modified;

    if (id == FINDING_WEAK_304 && held->coding.len)
        return false;
    if (!same && check_has(check, id))
        return false; /* one proof is enough */
    check_say(check, id, proof, "%s%.*s", same ? "asked by " : "", SHOWN(by));
    return !same;
}

static void check_needless(struct check *check, const struct truth *held, struct exchanges proof)
{
    if (!held->by_tag && stet_etag_present(stet_etag_read(held->etag)))
        return; /* a touch renews the date; whoever has the tag asks by it */
    check_say(
        check, FINDING_NEEDLESS_200, proof, "asked by %.*s, which is now %.*s",
        SHOWN(held->by_tag ? held->etag : held->modified),
        SHOWN(check_value(proof.first, held->by_tag ? STET_FIELD_ETAG : STET_FIELD_LAST_MODIFIED)));
}

bool check_truth(struct check *check, const struct truth *held, const struct probe *conditional,
                 const struct probe *whole)
{
    const struct exchanges proof = {conditional, whole};
    const bool same = is_held(held, whole);

    if (!is_comparable(held, whole))
        return false;
    if (!same && held->by_tag &&
        stet_etag_equal_strong(stet_etag_read(held->etag), stet_etag_of(&whole->response.head)))
        check_say(check, FINDING_TAG_REUSED, proof, "%.*s", SHOWN(held->etag));
    if (conditional->status == 304)
        return check_304(check, held, proof, same);
    if (conditional->status == 200 && same && is_held(held, conditional))
        check_needless(check, held, proof);
    else if (conditional->status == 200 && !same)
        check_say(check, FINDING_TRUE_CHANGE, proof, "asked by %.*s",
                  SHOWN(held->by_tag ? held->etag : held->modified));
    return false;
}

void check_truth_drop(struct check *check, const struct truth *held)
{
    findings_drop(check->findings, lie_of(held), check->url);
}

bool check_truth_again(struct check *check, const struct truth *held, const struct probe *again,
                       bool conditional)
{
    const bool back = !conditional && is_comparable(held, again) && is_held(held, again);
    const bool told = conditional && again->status == 200;

    if (conditional ? again->status == 304 : is_comparable(held, again) && !back)
        return true;
    check_truth_drop(check, held);
    if (back || told)
        check_say(check, FINDING_CONTENT_VARIES, (struct exchanges){again, NULL}, "%s",
                  back ? "what was there before is still sent, and something else as well"
                       : "the same condition yields 304 and 200");
    return false;
}
