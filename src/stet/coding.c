/* Content codings named, and chosen as Accept-Encoding wishes.
 *
 * Reading the field fills one weight for each coding we have; weights that were not given stay
 * UNNAMED until the end, when the wildcard or the rules for absence settle them. A coding that is
 * named twice keeps its first weight.
 */
#include "stet/coding.h"
#include "stet/byte.h"

#define UNNAMED (-1)
/* The least weight there is: acceptable, but only if nothing that was asked for is available. */
#define LEAST 1
#define MOST 1000

static const struct stet_span names[STET_CODING_COUNT] = {
    [STET_CODING_IDENTITY] = STET_SPAN_INIT("identity"),
    [STET_CODING_GZIP] = STET_SPAN_INIT("gzip"),
    [STET_CODING_ZSTD] = STET_SPAN_INIT("zstd"),
    [STET_CODING_BROTLI] = STET_SPAN_INIT("br"),
};

struct stet_span stet_coding_name(enum stet_coding coding)
{
    return (unsigned)coding < STET_CODING_COUNT ? names[coding] : STET_SPAN_NONE;
}

enum stet_coding stet_coding_of(struct stet_span token)
{
    for (int i = 0; i < STET_CODING_COUNT; i++)
        if (token.len == names[i].len && stet_span_equal_nocase(token, names[i]))
            return (enum stet_coding)i;
    if (token.len == 6 && stet_span_equal_nocase(token, STET_SPAN("x-gzip")))
        return STET_CODING_GZIP; /* [RFC 9110 §8.4.1.3] */
    return STET_CODING_COUNT;
}

/* Notes what one member says, in `weight` of STET_CODING_COUNT entries or in `*wildcard`. */
static void member_read(struct stet_span member, int16_t *weight, int16_t *wildcard)
{
    size_t length = 0;
    while (length < member.len && stet_byte_is(member.at[length], BYTE_TCHAR))
        length++;
    int given = length < member.len ? stet_weight(stet_span_from(member, length)) : MOST;
    if (length == 0 || given < 0)
        return;
    struct stet_span token = stet_span(member.at, length);
    enum stet_coding coding = stet_coding_of(token);
    int16_t *slot = NULL;
    if (coding != STET_CODING_COUNT)
        slot = &weight[coding];
    else if (token.len == 1 && token.at[0] == '*')
        slot = wildcard;
    if (slot && *slot == UNNAMED)
        *slot = (int16_t)given;
}

struct stet_accepted_codings stet_accepted_codings(const struct stet_head *head)
{
    struct stet_accepted_codings accepted = {{[STET_CODING_IDENTITY] = MOST}, false};
    if (!stet_head_has(head, STET_FIELD_ACCEPT_ENCODING))
        return accepted;

    int16_t wildcard = UNNAMED;
    accepted.stated = true;
    for (int i = 0; i < STET_CODING_COUNT; i++)
        accepted.weight[i] = UNNAMED;
    struct stet_list list = stet_list_of(head, STET_FIELD_ACCEPT_ENCODING);
    struct stet_span member;
    while (stet_list_next(&list, &member))
        member_read(member, accepted.weight, &wildcard);

    for (int i = 0; i < STET_CODING_COUNT; i++) {
        if (accepted.weight[i] != UNNAMED)
            continue;
        if (wildcard != UNNAMED)
            accepted.weight[i] = wildcard;
        else /* [RFC 9110 §12.5.3]: identity needs no mention, the others do */
            accepted.weight[i] = i == STET_CODING_IDENTITY ? LEAST : 0;
    }
    return accepted;
}

enum stet_coding stet_coding_choose(const struct stet_accepted_codings *accepted,
                                    unsigned available)
{
    enum stet_coding best = STET_CODING_COUNT;
    int weight = LEAST;
    for (unsigned left = available & ((1U << STET_CODING_COUNT) - 1); left; left &= left - 1) {
        const int i = __builtin_ctz(left);
        if (accepted->weight[i] >= weight) {
            weight = accepted->weight[i];
            best = (enum stet_coding)i;
        } else if (!accepted->stated && best == STET_CODING_COUNT) {
            /* Whoever states nothing accepts anything: then what is understood most widely. */
            return (enum stet_coding)i;
        }
    }
    return best;
}
