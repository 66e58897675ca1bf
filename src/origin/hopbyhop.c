/* Connection, read as what it says about other fields: which of them end here.
 *
 * A field that stet knows to be end-to-end is not removed by being named: no sender may name it
 * [RFC 9110 §7.6.1], and one who does wants the origin to answer another request than the one that
 * was judged here by that very field: one without the Cookie, the Authorization or the Host that
 * the key, the guards and Vary saw [RFC 9110 §11.6.2, RFC 8470 §5.1].
 *
 * Given up: lists of more options than anyone sends. They are not read to their end, for each
 * option costs as many comparisons as there are fields; all that is unknown goes.
 */
#include "origin/hopbyhop.h"

#include "stet/list.h"

void hopbyhop_read(struct hopbyhop *hops, const struct stet_head *head)
{
    struct stet_list list = stet_list_of(head, STET_FIELD_CONNECTION);
    struct stet_span option;

    hops->count = 0;
    hops->many = false;
    while (stet_list_next(&list, &option)) {
        if (hops->count == HOPBYHOP_OPTIONS) {
            hops->many = true;
            return;
        }
        hops->options[hops->count++] = option;
    }
}

bool hopbyhop_names(const struct hopbyhop *hops, const struct stet_field *field)
{
    if (field->id != STET_FIELD_UNKNOWN)
        return false;
    for (size_t i = 0; i < hops->count; i++)
        if (stet_span_equal_nocase(hops->options[i], field->name))
            return true;
    return hops->many;
}

bool hopbyhop_has(const struct hopbyhop *hops, const struct stet_field *field)
{
    return stet_field_is_hop(field->id) || hopbyhop_names(hops, field);
}

bool hopbyhop_protocol_passes(struct stet_span member)
{
    static const struct stet_span kept[] = {STET_SPAN_INIT("http"), STET_SPAN_INIT("h2c"),
                                            STET_SPAN_INIT("h2"), STET_SPAN_INIT("h3"),
                                            STET_SPAN_INIT("tls")};
    struct stet_span name = stet_span_trim(stet_span(member.at, stet_span_find(member, '/')));
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (stet_span_equal_nocase(name, kept[i]))
            return false;
    return stet_span_is_token(name);
}
