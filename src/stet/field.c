/* Field names to numbers and back.
 *
 * field.tbl lists shorter names first, so the candidates for a name are the few rows of its length,
 * and `field_first` says where they begin: no hash is computed, nothing is set up at run time. A
 * candidate is compared in words of eight octets.
 *
 * Letters are the only octets of field names with bit 0x40 set (the others being digits and "-"),
 * which makes the mask that folds their case, and only theirs, one shift [RFC 9110 §5.1].
 *
 * Given up: a perfect hash. It would save a few comparisons and cost a generator.
 */
#include "stet/field.h"

enum { FIELD_LENGTH_MAX = 31 };

#define FIELD(identifier, name)                                                  \
    _Static_assert(sizeof(name) - 1 > 1 && sizeof(name) - 1 <= FIELD_LENGTH_MAX, \
                   "too short or too long: " name);
#include "stet/field.tbl"
#undef FIELD
_Static_assert(STET_FIELD_COUNT <= 128, "stet_head keeps two words of bits");

/* The names, each followed by NULs so that whole words may be read. */
static const char field_names[STET_FIELD_COUNT][FIELD_LENGTH_MAX + 1] = {
    "",
#define FIELD(identifier, name) name,
#include "stet/field.tbl"
#undef FIELD
};

static const uint8_t field_lengths[STET_FIELD_COUNT] = {
    0,
#define FIELD(identifier, name) sizeof(name) - 1,
#include "stet/field.tbl"
#undef FIELD
};

/* The first row of each length; a length without a row has none. */
static const uint8_t field_first[FIELD_LENGTH_MAX + 1] = {
    [2] = STET_FIELD_TE,
    [3] = STET_FIELD_AGE,
    [4] = STET_FIELD_DATE,
    [5] = STET_FIELD_ALLOW,
    [6] = STET_FIELD_ACCEPT,
    [7] = STET_FIELD_EXPIRES,
    [8] = STET_FIELD_CDN_LOOP,
    [9] = STET_FIELD_FORWARDED,
    [10] = STET_FIELD_CONNECTION,
    [11] = STET_FIELD_CONTENT_MD5,
    [12] = STET_FIELD_CACHE_GROUPS,
    [13] = STET_FIELD_ACCEPT_RANGES,
    [14] = STET_FIELD_CONTENT_DIGEST,
    [15] = STET_FIELD_ACCEPT_ENCODING,
    [16] = STET_FIELD_CONTENT_ENCODING,
    [17] = STET_FIELD_CDN_CACHE_CONTROL,
    [18] = STET_FIELD_PROXY_AUTHENTICATE,
    [19] = STET_FIELD_CONTENT_DISPOSITION,
    [22] = STET_FIELD_X_CONTENT_TYPE_OPTIONS,
    [23] = STET_FIELD_CONTENT_SECURITY_POLICY,
    [24] = STET_FIELD_CACHE_GROUP_INVALIDATION,
    [25] = STET_FIELD_PROXY_AUTHENTICATION_INFO,
    [27] = STET_FIELD_ACCESS_CONTROL_ALLOW_ORIGIN,
    [29] = STET_FIELD_ACCESS_CONTROL_REQUEST_METHOD,
    [30] = STET_FIELD_ACCESS_CONTROL_REQUEST_HEADERS,
};

/* Eight octets, letters folded; `name` is the canonical one and says where the letters are. */
static bool same_word(const char *at, const char *name)
{
    uint64_t a, b;
    memcpy(&a, at, 8);
    memcpy(&b, name, 8);
    uint64_t fold = (b & UINT64_C(0x4040404040404040)) >> 1;
    return (a | fold) == (b | fold);
}

static bool same_name(struct stet_span text, const char *name)
{
    size_t at = 0;
    for (; at + 8 <= text.len; at += 8) {
        if (!same_word(text.at + at, name + at))
            return false;
    }
    if (at == text.len)
        return true;
    if (text.len >= 8) /* the last word overlaps the one before */
        return same_word(text.at + text.len - 8, name + text.len - 8);
    char word[8] = {0};
    memcpy(word, text.at, text.len);
    return same_word(word, name);
}

enum stet_field_id stet_field_id(struct stet_span name)
{
    if (name.len > FIELD_LENGTH_MAX || field_first[name.len] == 0)
        return STET_FIELD_UNKNOWN;
    for (unsigned id = field_first[name.len];
         id < STET_FIELD_COUNT && field_lengths[id] == name.len; id++) {
        if (same_name(name, field_names[id]))
            return (enum stet_field_id)id;
    }
    return STET_FIELD_UNKNOWN;
}

struct stet_span stet_field_name(enum stet_field_id id)
{
    if ((unsigned)id >= STET_FIELD_COUNT || id == STET_FIELD_UNKNOWN)
        return STET_SPAN_NONE;
    return stet_span(field_names[id], field_lengths[id]);
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
