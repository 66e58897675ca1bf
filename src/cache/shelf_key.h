/* The shelf and its keys: under what a response is stored and looked for (D-38).
 */
#ifndef CACHE_SHELF_KEY_H
#define CACHE_SHELF_KEY_H

#include "cache/groups.h"
#include "cache/rules.h"
#include "stet/head.h"
#include "store/store.h"

/* A shelf: a store, and what keys its hashes. Immutable once made; shared by all workers. */
struct shelf {
    struct store *store;
    uint64_t seed[2];
    struct groups *groups; /* of the same store; NULL: groups are looked for in all of it */
};

/* The key of a target URI: its text, and the hash of it. What methods and fields of requests tell
 * apart besides, is behind it. */
struct shelf_key {
    struct stet_span url; /* partition and normal form; borrowed */
    uint64_t primary[2];
};

/* Servers that were asked for lately, as requests name them and as keys do: a worker's own. All
 * zero at first. */
enum { SHELF_SERVERS = 8, SHELF_SERVER_MAX = 96 };

struct shelf_servers {
    struct shelf_server {
        uint8_t scheme, authority, size; /* octets: of the two in `asked`, and of `text` */
        char asked[SHELF_SERVER_MAX];
        char text[SHELF_SERVER_MAX];
    } at[SHELF_SERVERS];
};

/* Room that the text of a key takes at most. */
size_t shelf_key_room(const struct cache_rules *rules, const struct stet_request *request);

/* Makes the key of the target URI of `request` (scheme, authority, path and query are set) in `to`,
 * which the key borrows. */
void shelf_key_make(const struct shelf *shelf, const struct cache_rules *rules,
                    const struct stet_request *request, char *to, struct shelf_key *key);

/* The same in two steps, for who makes many: the text, which borrows nothing, then the key of it.
 * Returns the octets of the text. */
size_t shelf_key_write(const struct cache_rules *rules, const struct stet_request *request,
                       struct shelf_servers *servers, char *to);
void shelf_key_read(const struct shelf *shelf, struct stet_span text, struct shelf_key *key);

/* The URL in a key's text: what stands behind the partition. */
struct stet_span shelf_key_url(struct stet_span text);

/* Responses to GET, and those to HEAD, which answer no other method (D-37). */
enum shelf_side { SHELF_GET, SHELF_HEAD };

/* Where the store has a variant of it. */
struct entry_key shelf_key_entry(const struct shelf_key *key, enum shelf_side side,
                                 uint64_t variant);

#endif
