/* Field names to numbers and back.
 *
 * A name is looked for in one slot of a table. Its length, its first, middle and last octet say
 * which; then it is compared with the name that lives there. The table is written as those four
 * things for each name, and the compiler works out the slots: nothing is set up at run time.
 *
 * A row that is new in field.tbl needs one in `slots` as well; the tests find a missing one, and
 * the compiler refuses two in one slot. Then SLOT needs other factors: some 800 of the first 250000
 * triples did when these were chosen.
 *
 * Letters are the only octets of field names with bit 0x40 set (the others being digits and "-"),
 * which makes the mask that folds their case, and only theirs, one shift [RFC 9110 §5.1].
 *
 * Given up: letting the compiler compare a name with all those of its length in inlined code. That
 * is as fast and needs no slots, but compiling it with sanitizers takes minutes.
 */
#include "stet/field.h"

enum { FIELD_LENGTH_MAX = 31, SLOTS = 512 };

#define FIELD(identifier, name)                                                  \
    _Static_assert(sizeof(name) - 1 > 1 && sizeof(name) - 1 <= FIELD_LENGTH_MAX, \
                   "too short or too long: " name);
#include "stet/field.tbl"
#undef FIELD
_Static_assert(STET_FIELD_COUNT <= 128, "stet_head keeps two words of bits");

/* The names, each followed by NULs so that rows are of one size. */
static const char names[STET_FIELD_COUNT][FIELD_LENGTH_MAX + 1] = {
    "",
#define FIELD(identifier, name) name,
#include "stet/field.tbl"
#undef FIELD
};

static const uint8_t lengths[STET_FIELD_COUNT] = {
    0,
#define FIELD(identifier, name) sizeof(name) - 1,
#include "stet/field.tbl"
#undef FIELD
};

/* The octets are letters in lower case, digits or "-". */
#define SLOT(length, first, middle, last)                                                        \
    (((unsigned)(length) + 4 * (unsigned)(first) + 32 * (unsigned)(middle) + (unsigned)(last)) % \
     SLOTS)
#define AT(length, first, middle, last, identifier) \
    [SLOT(length, first, middle, last)] = STET_FIELD_##identifier

/* Length, first octet, the one at half the length, and the last. */
static const uint8_t slots[SLOTS] = {
    AT(2, 't', 'e', 'e', TE),
    AT(3, 'a', 'g', 'e', AGE),
    AT(3, 'v', 'i', 'a', VIA),
    AT(4, 'd', 't', 'e', DATE),
    AT(4, 'e', 'a', 'g', ETAG),
    AT(4, 'h', 's', 't', HOST),
    AT(4, 'l', 'n', 'k', LINK),
    AT(4, 'v', 'r', 'y', VARY),
    AT(5, 'a', 'l', 'w', ALLOW),
    AT(5, 'r', 'n', 'e', RANGE),
    AT(6, 'a', 'e', 't', ACCEPT),
    AT(6, 'c', 'k', 'e', COOKIE),
    AT(6, 'e', 'e', 't', EXPECT),
    AT(6, 'o', 'g', 'n', ORIGIN),
    AT(6, 'p', 'g', 'a', PRAGMA),
    AT(6, 's', 'v', 'r', SERVER),
    AT(7, 'e', 'i', 's', EXPIRES),
    AT(7, 'r', 'e', 'r', REFERER),
    AT(7, 't', 'i', 'r', TRAILER),
    AT(7, 'u', 'r', 'e', UPGRADE),
    AT(7, 'w', 'n', 'g', WARNING),
    AT(8, 'c', 'l', 'p', CDN_LOOP),
    AT(8, 'i', 'a', 'h', IF_MATCH),
    AT(8, 'i', 'a', 'e', IF_RANGE),
    AT(8, 'l', 't', 'n', LOCATION),
    AT(8, 'p', 'r', 'y', PRIORITY),
    AT(9, 'f', 'a', 'd', FORWARDED),
    AT(10, 'c', 'c', 'n', CONNECTION),
    AT(10, 'e', '-', 'a', EARLY_DATA),
    AT(10, 'k', 'a', 'e', KEEP_ALIVE),
    AT(10, 's', 'o', 'e', SET_COOKIE),
    AT(10, 'u', 'a', 't', USER_AGENT),
    AT(11, 'c', 'n', '5', CONTENT_MD5),
    AT(11, 'r', 'd', 't', REPR_DIGEST),
    AT(11, 'r', '-', 'r', RETRY_AFTER),
    AT(12, 'c', 'g', 's', CACHE_GROUPS),
    AT(12, 'c', 's', 's', CACHE_STATUS),
    AT(12, 'c', 't', 'e', CONTENT_TYPE),
    AT(12, 'm', 'r', 's', MAX_FORWARDS),
    AT(12, 'p', 's', 's', PROXY_STATUS),
    AT(13, 'a', '-', 's', ACCEPT_RANGES),
    AT(13, 'a', 'i', 'n', AUTHORIZATION),
    AT(13, 'c', 'c', 'l', CACHE_CONTROL),
    AT(13, 'c', 't', 'e', CONTENT_RANGE),
    AT(13, 'i', 'e', 'h', IF_NONE_MATCH),
    AT(13, 'l', 'o', 'd', LAST_MODIFIED),
    AT(14, 'c', '-', 't', CONTENT_DIGEST),
    AT(14, 'c', '-', 'h', CONTENT_LENGTH),
    AT(14, 'n', '-', 'h', NO_VARY_SEARCH),
    AT(15, 'a', 'e', 'g', ACCEPT_ENCODING),
    AT(15, 'a', 'l', 'e', ACCEPT_LANGUAGE),
    AT(15, 'x', 'r', 'r', X_FORWARDED_FOR),
    AT(16, 'c', 'e', 'g', CONTENT_ENCODING),
    AT(16, 'c', 'l', 'e', CONTENT_LANGUAGE),
    AT(16, 'c', 'l', 'n', CONTENT_LOCATION),
    AT(16, 'p', 'n', 'n', PROXY_CONNECTION),
    AT(16, 'w', 'e', 'e', WWW_AUTHENTICATE),
    AT(16, 'x', 'd', 't', X_FORWARDED_HOST),
    AT(17, 'c', 'e', 'l', CDN_CACHE_CONTROL),
    AT(17, 'i', 'i', 'e', IF_MODIFIED_SINCE),
    AT(17, 't', '-', 'g', TRANSFER_ENCODING),
    AT(17, 'x', 'd', 'o', X_FORWARDED_PROTO),
    AT(18, 'p', 'h', 'e', PROXY_AUTHENTICATE),
    AT(18, 's', 'e', 'l', STET_CACHE_CONTROL),
    AT(19, 'c', 'i', 'n', CONTENT_DISPOSITION),
    AT(19, 'i', 'f', 'e', IF_UNMODIFIED_SINCE),
    AT(19, 'p', 'h', 'n', PROXY_AUTHORIZATION),
    AT(22, 'x', 'y', 's', X_CONTENT_TYPE_OPTIONS),
    AT(23, 'c', 'u', 'y', CONTENT_SECURITY_POLICY),
    AT(24, 'c', 'i', 'n', CACHE_GROUP_INVALIDATION),
    AT(25, 'p', 't', 'o', PROXY_AUTHENTICATION_INFO),
    AT(25, 's', 'p', 'y', STRICT_TRANSPORT_SECURITY),
    AT(27, 'a', 'l', 'n', ACCESS_CONTROL_ALLOW_ORIGIN),
    AT(29, 'a', '-', 'd', ACCESS_CONTROL_REQUEST_METHOD),
    AT(30, 'a', 'r', 's', ACCESS_CONTROL_REQUEST_HEADERS),
};

static inline bool same_2(const char *at, const char *name)
{
    uint16_t a, b;
    memcpy(&a, at, 2);
    memcpy(&b, name, 2);
    uint16_t fold = (uint16_t)((b & 0x4040U) >> 1);
    return (a | fold) == (b | fold);
}

static inline bool same_4(const char *at, const char *name)
{
    uint32_t a, b;
    memcpy(&a, at, 4);
    memcpy(&b, name, 4);
    uint32_t fold = (b & 0x40404040U) >> 1;
    return (a | fold) == (b | fold);
}

static inline bool same_8(const char *at, const char *name)
{
    uint64_t a, b;
    memcpy(&a, at, 8);
    memcpy(&b, name, 8);
    uint64_t fold = (b & UINT64_C(0x4040404040404040)) >> 1;
    return (a | fold) == (b | fold);
}

/* `name` is the canonical one and says where the letters are. The last word overlaps the one before
 * it, so that no length needs a loop over octets. */
static inline bool same(const char *at, const char *name, size_t len)
{
    if (len < 4)
        return same_2(at, name) && same_2(at + len - 2, name + len - 2);
    if (len < 8)
        return same_4(at, name) && same_4(at + len - 4, name + len - 4);
    for (size_t i = 0; i + 8 < len; i += 8)
        if (!same_8(at + i, name + i))
            return false;
    return same_8(at + len - 8, name + len - 8);
}

enum stet_field_id stet_field_id(struct stet_span name)
{
    if (name.len < 2 || name.len > FIELD_LENGTH_MAX)
        return STET_FIELD_UNKNOWN;
    const unsigned char *at = (const unsigned char *)name.at;
    unsigned slot =
        SLOT(name.len, at[0] | 0x20U, at[name.len / 2] | 0x20U, at[name.len - 1] | 0x20U);
    enum stet_field_id id = (enum stet_field_id)slots[slot];
    if (lengths[id] == name.len && same(name.at, names[id], name.len))
        return id;
    return STET_FIELD_UNKNOWN;
}

struct stet_span stet_field_name(enum stet_field_id id)
{
    if ((unsigned)id >= STET_FIELD_COUNT || id == STET_FIELD_UNKNOWN)
        return STET_SPAN_NONE;
    return stet_span(names[id], lengths[id]);
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
