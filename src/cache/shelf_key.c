/* Makes keys: a partition and a URI in normal form, hashed with 128 bits under a secret.
 *
 *     http://example.org/where?q=now
 *     blue http://example.org/where?q=now         in a partition
 *
 * Normal form costs most where there is least to it: in the host, letter by letter, and of few
 * hosts there are many requests. So each worker remembers a handful of them.
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

static size_t partition_put(const struct cache_rules *rules, char *to)
{
    const size_t len = rules->partition.len;
    if (len == 0)
        return 0;
    memcpy(to, rules->partition.at, len);
    to[len] = ' ';
    return len + 1;
}

/* ---- servers ---- */

static bool server_is(const struct shelf_server *server, struct stet_span scheme,
                      struct stet_span authority)
{
    return server->authority == authority.len && server->scheme == scheme.len &&
           memcmp(server->asked + scheme.len, authority.at, authority.len) == 0 &&
           memcmp(server->asked, scheme.at, scheme.len) == 0;
}

static void server_keep(struct shelf_server *server, struct stet_span scheme,
                        struct stet_span authority, struct stet_span text)
{
    server->scheme = (uint8_t)scheme.len;
    server->authority = (uint8_t)authority.len;
    server->size = (uint8_t)text.len;
    memcpy(server->asked, scheme.at, scheme.len);
    memcpy(server->asked + scheme.len, authority.at, authority.len);
    memcpy(server->text, text.at, text.len);
}

/* Writes scheme and authority in normal form, from memory if it can. */
static size_t server_put(struct shelf_servers *servers, const struct stet_request *request,
                         char *to, size_t room)
{
    const struct stet_span scheme = request->scheme, authority = request->authority;
    if (authority.len == 0 || scheme.len + authority.len + 4 > SHELF_SERVER_MAX)
        return stet_uri_key_server(request, to, room);
    const unsigned last = (unsigned char)authority.at[authority.len - 1];
    struct shelf_server *server = &servers->at[(authority.len + last) % SHELF_SERVERS];
    if (server_is(server, scheme, authority)) {
        memcpy(to, server->text, server->size);
        return server->size;
    }
    const size_t size = stet_uri_key_server(request, to, room);
    server_keep(server, scheme, authority, stet_span(to, size));
    return size;
}

/* ---- keys ---- */

size_t shelf_key_write(const struct cache_rules *rules, const struct stet_request *request,
                       struct shelf_servers *servers, char *to)
{
    const size_t room = shelf_key_room(rules, request);
    size_t len = partition_put(rules, to);

    len += server_put(servers, request, to + len, room - len);
    const size_t size = stet_uri_key_place(request, to + len, room - len);
    CHECK(size > 0);
    return len + size;
}

void shelf_key_read(const struct shelf *shelf, struct stet_span text, struct shelf_key *key)
{
    key->url = text;
    siphash_wide(shelf->seed, text.at, text.len, key->primary);
}

void shelf_key_make(const struct shelf *shelf, const struct cache_rules *rules,
                    const struct stet_request *request, char *to, struct shelf_key *key)
{
    const size_t room = shelf_key_room(rules, request), len = partition_put(rules, to);
    const size_t size = stet_uri_key(request, to + len, room - len);
    CHECK(size > 0);
    shelf_key_read(shelf, stet_span(to, len + size), key);
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
