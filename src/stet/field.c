/* Field names to numbers and back.
 *
 * A name is found by its length first and then by comparing whole words of eight octets with those
 * of the few names of that length. The candidates come from field.tbl: `field_match` names them
 * all, and called with a constant length the compiler keeps only the ones that fit, so a new row
 * in the table needs no change here. No hash is computed and nothing is set up at run time.
 *
 * Letters are the only octets of field names with bit 0x40 set (the others being digits and "-"),
 * which makes the mask that folds their case, and only theirs, one shift [RFC 9110 §5.1].
 *
 * Given up: a perfect hash. It would save a few comparisons and cost a generator.
 */
#include "stet/field.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { FIELD_LENGTH_MAX = 31 };

#define FIELD(identifier, name)                                                  \
    _Static_assert(sizeof(name) - 1 > 1 && sizeof(name) - 1 <= FIELD_LENGTH_MAX, \
                   "field_match has no case for the length of " name);
#include "stet/field.tbl"
#undef FIELD
_Static_assert(STET_FIELD_COUNT <= 128, "stet_head keeps two words of bits");

ALWAYS_INLINE bool same_2(const char *at, const char *name)
{
    uint16_t a, b;
    memcpy(&a, at, 2);
    memcpy(&b, name, 2);
    uint16_t fold = (uint16_t)((b & 0x4040U) >> 1);
    return (a | fold) == (b | fold);
}

ALWAYS_INLINE bool same_4(const char *at, const char *name)
{
    uint32_t a, b;
    memcpy(&a, at, 4);
    memcpy(&b, name, 4);
    uint32_t fold = (b & 0x40404040U) >> 1;
    return (a | fold) == (b | fold);
}

ALWAYS_INLINE bool same_8(const char *at, const char *name)
{
    uint64_t a, b;
    memcpy(&a, at, 8);
    memcpy(&b, name, 8);
    uint64_t fold = (b & UINT64_C(0x4040404040404040)) >> 1;
    return (a | fold) == (b | fold);
}

/* The last word overlaps the one before it, so that no length needs a loop over octets. */
ALWAYS_INLINE bool same(const char *at, const char *name, size_t len)
{
    if (len >= 24)
        return same_8(at, name) && same_8(at + 8, name + 8) && same_8(at + 16, name + 16) &&
               same_8(at + len - 8, name + len - 8);
    if (len >= 16)
        return same_8(at, name) && same_8(at + 8, name + 8) && same_8(at + len - 8, name + len - 8);
    if (len >= 8)
        return same_8(at, name) && same_8(at + len - 8, name + len - 8);
    if (len >= 4)
        return same_4(at, name) && same_4(at + len - 4, name + len - 4);
    return same_2(at, name) && same_2(at + len - 2, name + len - 2);
}

ALWAYS_INLINE enum stet_field_id field_match(const char *at, size_t len)
{
#define FIELD(identifier, name)                                      \
    if (len == sizeof(name) - 1 && same(at, name, sizeof(name) - 1)) \
        return STET_FIELD_##identifier;
#include "stet/field.tbl"
#undef FIELD
    return STET_FIELD_UNKNOWN;
}

#define CASE(len) \
    case len:     \
        return field_match(name.at, len);
#define CASES_4(len) CASE(len) CASE(len + 1) CASE(len + 2) CASE(len + 3)

enum stet_field_id stet_field_id(struct stet_span name)
{
    switch (name.len) {
        CASE(2)
        CASE(3)
        CASES_4(4)
        CASES_4(8)
        CASES_4(12)
        CASES_4(16)
        CASES_4(20)
        CASES_4(24)
        CASES_4(28)
    default:
        return STET_FIELD_UNKNOWN;
    }
}

struct stet_span stet_field_name(enum stet_field_id id)
{
    static const struct stet_span names[] = {
        {NULL, 0},
#define FIELD(identifier, name) {name, sizeof(name) - 1},
#include "stet/field.tbl"
#undef FIELD
    };
    return (unsigned)id < STET_FIELD_COUNT ? names[id] : STET_SPAN_NONE;
}

/* What a field's definition says of it [RFC 9110 §5.3, §7.6.1]. */
enum { LIST = 1, HOP = 2 };

static const uint8_t traits[STET_FIELD_COUNT] = {
    [STET_FIELD_ACCEPT] = LIST,
    [STET_FIELD_ACCEPT_ENCODING] = LIST,
    [STET_FIELD_ACCEPT_LANGUAGE] = LIST,
    [STET_FIELD_ACCEPT_RANGES] = LIST,
    [STET_FIELD_ACCESS_CONTROL_REQUEST_HEADERS] = LIST,
    [STET_FIELD_ALLOW] = LIST,
    [STET_FIELD_CACHE_CONTROL] = LIST,
    [STET_FIELD_CACHE_GROUPS] = LIST,
    [STET_FIELD_CACHE_GROUP_INVALIDATION] = LIST,
    [STET_FIELD_CACHE_STATUS] = LIST,
    [STET_FIELD_CDN_CACHE_CONTROL] = LIST,
    [STET_FIELD_CDN_LOOP] = LIST,
    [STET_FIELD_CONNECTION] = LIST | HOP,
    [STET_FIELD_CONTENT_DIGEST] = LIST,
    [STET_FIELD_CONTENT_ENCODING] = LIST,
    [STET_FIELD_CONTENT_LANGUAGE] = LIST,
    [STET_FIELD_CONTENT_SECURITY_POLICY] = LIST,
    [STET_FIELD_EXPECT] = LIST,
    [STET_FIELD_FORWARDED] = LIST,
    [STET_FIELD_IF_MATCH] = LIST,
    [STET_FIELD_IF_NONE_MATCH] = LIST,
    [STET_FIELD_KEEP_ALIVE] = LIST | HOP,
    [STET_FIELD_LINK] = LIST,
    [STET_FIELD_NO_VARY_SEARCH] = LIST,
    [STET_FIELD_PRAGMA] = LIST,
    [STET_FIELD_PRIORITY] = LIST,
    [STET_FIELD_PROXY_AUTHENTICATE] = LIST,
    [STET_FIELD_PROXY_AUTHENTICATION_INFO] = LIST,
    [STET_FIELD_PROXY_CONNECTION] = LIST | HOP,
    [STET_FIELD_PROXY_STATUS] = LIST,
    [STET_FIELD_REPR_DIGEST] = LIST,
    [STET_FIELD_STET_CACHE_CONTROL] = LIST,
    [STET_FIELD_TE] = LIST | HOP,
    [STET_FIELD_TRAILER] = LIST | HOP,
    [STET_FIELD_TRANSFER_ENCODING] = LIST | HOP,
    [STET_FIELD_UPGRADE] = LIST | HOP,
    [STET_FIELD_VARY] = LIST,
    [STET_FIELD_VIA] = LIST,
    [STET_FIELD_WARNING] = LIST,
    [STET_FIELD_WWW_AUTHENTICATE] = LIST,
    [STET_FIELD_X_FORWARDED_FOR] = LIST,
};

bool stet_field_is_list(enum stet_field_id id)
{
    return (unsigned)id < STET_FIELD_COUNT && traits[id] & LIST;
}

bool stet_field_is_hop(enum stet_field_id id)
{
    return (unsigned)id < STET_FIELD_COUNT && traits[id] & HOP;
}
