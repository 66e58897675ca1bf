/* Scenes of a gateway: clients, a shared cache, and an origin server behind it that the scene
 * plays (origin.h).
 *
 *     struct origin *o = scene_origin(s);
 *     origin_holds(o, "/a", "Cache-Control: max-age=60\nETag: \"x\"", "one");
 *     struct client *client = scene_client(s);
 *     client_get(client, "/a");
 *     expect_forwarded(client, "uri-miss");
 *     scene_pass(s, SECONDS(59));
 *     client_get(client, "/a");
 *     expect_hit(client);
 *     expect_requests(o, 1);
 *
 * The gateway is the real server: workers with one route "/", a cache, a store in memory. Clients,
 * chaos and the rest are those of scene.h. Whatever a scene expects, the oracle (oracle.h) judges
 * every answer that any client gets.
 */
#ifndef TEST_SCENE_GATEWAY_H
#define TEST_SCENE_GATEWAY_H

#include "origin.h"
#include "scene.h"

#include "serve/config.h"

enum { GATEWAY_ORIGINS = 4, GATEWAY_LIFETIMES = 4 };

struct gateway {
    /* Settings, before the first client. */
    struct cache_rules rules;
    struct forward_rules forward;
    uint64_t memory; /* octets of the store */
    bool no_upgrade;
    struct cache_lifetime lifetimes[GATEWAY_LIFETIMES];
    const char *noise; /* what is no part of identity, a regular expression both for pcre2 and
                          POSIX; NULL: nothing */
    void (*configure)(struct scene *s, struct config *config); /* NULL: nothing more */

    struct oracle *oracle;
    struct origin *origins[GATEWAY_ORIGINS];
    unsigned origin_count;

    /* At work. */
    struct config *config;
    struct store *store;
    struct cache *cache;
};

/* The gateway of the scene, for its settings. */
struct gateway *scene_gateway(struct scene *s);

/* The profile "rfc9111" instead of the usual one. */
void gateway_by_the_letter(struct gateway *gateway);

/* A lifetime for responses with this status that have none. */
void gateway_gives(struct gateway *gateway, int status, uint32_t seconds);

/* Operators: marks what is stored as stale, at "www"; how many entries that reached. */
int64_t scene_purge(struct scene *s, const char *path);
int64_t scene_purge_by(struct scene *s, enum cache_purge_scope scope, const char *text, bool hard);

/* ---- expectations ---- */

#define expect_hit(client) client_expect_hit(client, true, HERE)
#define expect_not_hit(client) client_expect_hit(client, false, HERE)

/* The request went forward for this reason; a follower of another's fetch says so as well. */
#define expect_forwarded(client, why) client_expect_forwarded(client, why, HERE)
#define expect_stored(client) client_expect_flag(client, "stored", true, HERE)
#define expect_not_stored(client) client_expect_flag(client, "stored", false, HERE)
#define expect_collapsed(client) client_expect_flag(client, "collapsed", true, HERE)
#define expect_not_collapsed(client) client_expect_flag(client, "collapsed", false, HERE)
#define expect_detail(client, word) client_expect_parameter(client, "detail", word, HERE)
#define expect_forward_status(client, text) \
    client_expect_parameter(client, "fwd-status", text, HERE)
#define expect_ttl(client, seconds) client_expect_number(client, "ttl", seconds, HERE)
#define expect_age(client, seconds) client_expect_age(client, seconds, HERE)

/* An answer of the gateway's own: no origin was reached, or none that could be understood. */
#define expect_error(client, status, word) client_expect_error(client, status, word, HERE)

/* So many requests have reached the origin by now. */
#define expect_requests(origin, count) origin_expect_requests(origin, count, HERE)

/* The last of them had this field, or none of that name. */
#define expect_saw(origin, name, value) origin_expect_saw(origin, name, value, HERE)
#define expect_saw_no(origin, name) origin_expect_saw(origin, name, "", HERE)

void client_expect_hit(struct client *client, bool hit, const char *here);
void client_expect_forwarded(struct client *client, const char *why, const char *here);
void client_expect_flag(struct client *client, const char *name, bool set, const char *here);
void client_expect_parameter(struct client *client, const char *name, const char *value,
                             const char *here);
void client_expect_number(struct client *client, const char *name, int64_t number,
                          const char *here);
void client_expect_age(struct client *client, int64_t seconds, const char *here);
void client_expect_error(struct client *client, int status, const char *word, const char *here);
void origin_expect_requests(struct origin *origin, size_t count, const char *here);
void origin_expect_saw(struct origin *origin, const char *name, const char *value,
                       const char *here);

/* ---- for the stage ---- */

bool gateway_assemble(struct scene *s);
void gateway_stop(struct scene *s);
void gateway_free(struct scene *s);

/* Nothing is made to fail any more, and all origins hold this page. */
void gateway_calm(struct scene *s, const char *target, const char *content);

/* Lets the origins send what is due; when that is next, in ns; INT64_MAX: never. */
void gateway_pump(struct scene *s);
int64_t gateway_due(const struct scene *s);
bool gateway_unblock(struct scene *s);

#endif
