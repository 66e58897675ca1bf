/* The truth of a 304: what was held is compared with what is sent to those who hold nothing.
 *
 * This is the only proof there is; a validator that looks well may still lie. A weak tag stands for
 * all contents that mean the same [RFC 9110 §8.8.1]: of two that differ in their bytes nobody but
 * their owner knows, and of two codings of one content not even that.
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

void check_truth(struct check *check, const struct truth *held, const struct probe *conditional,
                 const struct probe *whole)
{
    const struct exchanges proof = {conditional, whole};
    const bool same = is_held(held, whole);

    if (!probe_answered(whole) || whole->status != 200 || whole->cut)
        return;
    if (!same && held->by_tag &&
        stet_etag_equal_strong(stet_etag_read(held->etag), stet_etag_of(&whole->response.head)))
        check_say(check, FINDING_TAG_REUSED, proof, "%.*s", SHOWN(held->etag));
    if (conditional->status == 304) {
        const enum finding_id lie = lie_of(held);
        const struct stet_span by = held->by_tag ? held->etag : held->modified;
        if (same || lie != FINDING_WEAK_304 || !held->coded)
            check_say(check, same ? FINDING_TRUE_304 : lie, proof, "%s%.*s",
                      same ? "asked by " : "", SHOWN(by));
    } else if (conditional->status == 200 && same && is_held(held, conditional)) {
        if (!held->by_tag && stet_etag_present(stet_etag_read(held->etag)))
            return; /* a touch renews the date; whoever has the tag asks by it */
        check_say(check, FINDING_NEEDLESS_200, proof, "asked by %.*s, which is now %.*s",
                  SHOWN(held->by_tag ? held->etag : held->modified),
                  SHOWN(check_value(conditional,
                                    held->by_tag ? STET_FIELD_ETAG : STET_FIELD_LAST_MODIFIED)));
    } else if (conditional->status == 200 && !same) {
        check_say(check, FINDING_TRUE_CHANGE, proof, "asked by %.*s",
                  SHOWN(held->by_tag ? held->etag : held->modified));
    }
}
