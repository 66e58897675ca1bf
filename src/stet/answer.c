/* Takes conditions and ranges together into one status.
 *
 * The order is the whole content of this room: conditions first, then If-Range, then Range, and
 * Range only where the answer would be a 200 [RFC 9110 §13.2.2, RFC 9110 §14.2]. Which fields go
 * with the status, and the octets, are the caller's.
 */
#include "stet/answer.h"

struct stet_answer stet_answer_of(const struct stet_request *request,
                                  const struct stet_validators *validators,
                                  enum stet_precondition_role role, uint64_t length, int64_t now)
{
    static const int statuses[] = {
        [STET_PROCEED] = 200,
        [STET_NOT_MODIFIED] = 304,
        [STET_PRECONDITION_FAILED] = 412,
        [STET_CONDITION_MALFORMED] = 400,
    };
    static const int statuses_of_ranges[] = {
        [STET_RANGE_WHOLE] = 200,
        [STET_RANGE_PARTS] = 206,
        [STET_RANGE_UNSATISFIABLE] = 416,
    };
    struct stet_precondition verdict = stet_precondition(request, validators, role, now);
    struct stet_answer answer;

    answer.status = statuses[verdict.answer];
    answer.reason = verdict.reason;
    answer.ranges.answer = STET_RANGE_WHOLE;
    answer.ranges.reason = STET_REASON_NONE;
    answer.ranges.count = 0; /* the array behind it is not cleared: hardly any answer has ranges */
    if (verdict.range && stet_head_has(&request->head, STET_FIELD_RANGE)) {
        answer.ranges = stet_ranges_of(&request->head, length);
        answer.reason = answer.ranges.reason;
        answer.status = statuses_of_ranges[answer.ranges.answer];
    }
    return answer;
}
