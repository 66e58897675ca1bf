/* Remembers what values of Accept-Encoding mean. There are about as many as there are kinds of
 * clients, and reading one costs more than finding its file.
 *
 * A value has one place, by its length; there it replaces another one. Only a field of one line is
 * remembered.
 */
#include "serve/acceptance.h"

struct stet_accepted_codings acceptance_of(struct acceptances *acceptances,
                                           const struct stet_head *head)
{
    const struct stet_field *field = stet_head_first(head, STET_FIELD_ACCEPT_ENCODING);

    if (!field || field->value.len == 0 || field->value.len > ACCEPTANCE_LENGTH ||
        stet_head_next(head, field))
        return stet_accepted_codings(head);
    const struct stet_span value = field->value;
    struct acceptance *kept = &acceptances->by_length[value.len % ACCEPTANCES];
    if (!stet_span_equal(value, stet_span(kept->value, kept->length))) {
        kept->codings = stet_accepted_codings(head);
        kept->length = (uint8_t)value.len;
        memcpy(kept->value, value.at, value.len);
    }
    return kept->codings;
}
