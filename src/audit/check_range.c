/* Answers to ranges: is a part what the whole has in that place, and does it say which part it is?
 *
 * Only single parts are asked for, within what is kept of the whole, so that each octet can be
 * compared.
 */
#include "audit/check.h"

#include "stet/etag.h"
#include "stet/range.h"

static bool accepts_ranges(const struct probe *base)
{
    return stet_list_has(stet_list_of(&base->response.head, STET_FIELD_ACCEPT_RANGES),
                         STET_SPAN("bytes"));
}

static void check_part(struct check *check, const struct probe *base, const struct probe *answer)
{
    const struct exchanges proof = {base, answer};
    const struct stet_ranges asked = stet_ranges_of(&answer->request.head, base->length);
    struct stet_content_range part;

    if (!stet_content_range_read(check_value(answer, STET_FIELD_CONTENT_RANGE), &part) ||
        !part.satisfied) {
        check_say(check, FINDING_RANGE_UNMARKED, proof, "%.*s",
                  SHOWN(check_value(answer, STET_FIELD_CONTENT_RANGE)));
        return;
    }
    const uint64_t length = part.range.last - part.range.first + 1;
    if (asked.count &&
        (part.range.first != asked.at[0].first || part.range.last != asked.at[0].last))
        check_say(check, FINDING_RANGE_WRONG, proof, "another part than was asked for");
    else if (part.length_known && !base->cut && part.length != base->length)
        check_say(check, FINDING_RANGE_WRONG, proof, "it says that the whole has %llu octets",
                  (unsigned long long)part.length);
    else if (answer->length != length || part.range.last >= base->content_kept ||
             answer->content_kept != length ||
             memcmp(answer->content, base->content + part.range.first, (size_t)length) != 0)
        check_say(check, FINDING_RANGE_WRONG, proof, "%llu octets came, not those of the whole",
                  (unsigned long long)answer->length);
}

bool check_range(struct check *check, const struct probe *base, const struct probe *answer)
{
    const struct exchanges proof = {base, answer};
    const struct stet_etag whole = stet_etag_of(&base->response.head);

    if (answer->status != 206) {
        check_say(check, accepts_ranges(base) ? FINDING_RANGE_LIE : FINDING_RANGE_NONE, proof,
                  "%d to a range", answer->status);
        return false;
    }
    check_part(check, base, answer);
    if (stet_etag_present(whole) && !check_tags_move(check) &&
        !stet_etag_equal_weak(whole, stet_etag_of(&answer->response.head)))
        check_say(check, FINDING_RANGE_NO_VALIDATOR, proof, "%.*s and then %.*s",
                  SHOWN(check_value(base, STET_FIELD_ETAG)),
                  SHOWN(check_value(answer, STET_FIELD_ETAG)));
    return true;
}

void check_unsatisfiable(struct check *check, const struct probe *base, const struct probe *answer)
{
    const struct exchanges proof = {base, answer};
    struct stet_content_range part;

    if (answer->status != 416)
        check_say(check, FINDING_RANGE_416_MISSING, proof, "%d", answer->status);
    else if (!stet_content_range_read(check_value(answer, STET_FIELD_CONTENT_RANGE), &part) ||
             part.satisfied || !part.length_known)
        check_say(check, FINDING_RANGE_416_UNMARKED, proof, "%s", "");
}
