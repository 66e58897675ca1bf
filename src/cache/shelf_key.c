/* Makes keys: a partition and a URI in normal form, hashed with 128 bits under a secret.
 *
 *     http://example.org/where?q=now
 *     blue http://example.org/where?q=now         in a partition
 *
 * No URI has a space, so a partition cannot be taken for the beginning of one. Who finds two texts
 * of one hash has broken SipHash; the store compares the texts nevertheless.
 */
#include "cache/shelf_key.h"

#include "base/check.h"
#include "base/siphash.h"
#include "stet/uri.h"

/* What stet_uri_key wants beyond the octets of the parts. */
enum { URI_KEY_MORE = 8 };

size_t shelf_key_room(const struct cache_rules *rules, const struct stet_request *request)
{
    return rules->partition.len + 1 + request->scheme.len + request->authority.len +
           request->path.len + request->query.len + URI_KEY_MORE;
}

void shelf_key_make(const struct shelf *shelf, const struct cache_rules *rules,
                    const struct stet_request *request, char *to, struct shelf_key *key)
{
    const size_t room = shelf_key_room(rules, request);
    size_t len = rules->partition.len;
    if (len > 0) {
        memcpy(to, rules->partition.at, len);
        to[len++] = ' ';
    }
    const size_t size = stet_uri_key(request, to + len, room - len);
    CHECK(size > 0);
    key->url = stet_span(to, len + size);
    siphash_wide(shelf->seed, key->url.at, key->url.len, key->primary);
}

struct stet_span shelf_key_url(struct stet_span text)
{
    size_t from = text.len;
    while (from > 0 && text.at[from - 1] != ' ')
        from--;
    return stet_span_from(text, from);
}

struct entry_key shelf_key_entry(const struct shelf_key *key, enum shelf_side side,
                                 uint64_t variant)
{
    /* Any constant will do: the hash of no text that is known differs from this one by it. */
    const uint64_t apart = side == SHELF_HEAD ? UINT64_C(0x48454144) : 0;
    return (struct entry_key){{key->primary[0] ^ apart, key->primary[1]}, variant};
}
