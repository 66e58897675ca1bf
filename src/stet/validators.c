/* Reads the validators of a stored response, and judges how far a date may be trusted.
 *
 * A date counts whole seconds, so two versions of one second share it: it tells them apart only if
 * the response was made long enough afterwards. The Last-Modified and the Date of a response that
 * came over the wire may stem from two clocks (a file server's and the server's); for them the
 * minute is asked for, not the second. A wrong "strong" joins halves of two versions; a wrong
 * "weak" costs one transfer.
 */
#include "stet/validators.h"

#include "stet/date.h"

/* Seconds that must lie between Last-Modified and Date. */
#define GAP_SAME_CLOCK 1
#define GAP_TWO_CLOCKS 60

bool stet_validators_date_is_strong(int64_t modified, int64_t date, bool same_clock)
{
    int64_t gap = same_clock ? GAP_SAME_CLOCK : GAP_TWO_CLOCKS;

    return modified <= INT64_MAX - gap && date >= modified + gap; /* [RFC 9110 §8.8.2.2] */
}

/* The date of a field that occurs once. */
static bool date_of(const struct stet_head *head, enum stet_field_id id, int64_t now, int64_t *when)
{
    return stet_head_has(head, id) && stet_date_read(stet_head_single(head, id), now, when);
}

struct stet_validators stet_validators_of(const struct stet_head *head, int64_t received)
{
    struct stet_validators validators = {.exists = true, .etag = stet_etag_of(head)};
    int64_t date = received;
    bool dated = date_of(head, STET_FIELD_DATE, received, &date);

    validators.has_modified = true;
    if (date_of(head, STET_FIELD_LAST_MODIFIED, received, &validators.modified))
        validators.modified_strong =
            dated && stet_validators_date_is_strong(validators.modified, date, false);
    else
        validators.modified = date; /* [RFC 9111 §4.3.2] */
    return validators;
}
