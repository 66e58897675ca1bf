/* A client's end of a connection in a scene, plain or under TLS: what sim_client_* of io/loop_sim.h
 * does, for octets as the server's codec sees them.
 */
#ifndef TEST_SCENE_END_H
#define TEST_SCENE_END_H

#include "io/loop_sim.h"
#include "io/tls_context.h"

/* What it speaks below HTTP. */
enum end_cover {
    END_PLAIN,
    END_TLS_HTTP1, /* TLS, offering http/1.1 alone */
    END_TLS_HTTP2  /* ... h2 alone */
};

struct end;

/* Connects to what listens at "www"; NULL when nothing does. With TLS the handshake begins when the
 * world goes on; what is sent before it is over waits. */
struct end *end_open(struct sim_world *world, const char *peer, enum end_cover cover);

/* Forgets it: nothing is sent. NULL is let be. */
void end_free(struct end *end);

/* What servers of scenes speak TLS with: one certificate for all, made when it is asked for first.
 * Kept by this room. */
struct tls_context *end_certificates(void);

/* Does it speak TLS? */
bool end_is_secure(const struct end *end);

/* As sim_client_send and its like. A connection that ends without saying so in TLS was broken. What
 * end_window counts are octets under TLS. */
void end_send(struct end *end, const void *bytes, size_t len);
void end_say(struct end *end, const char *text);
const char *end_bytes(const struct end *end);
size_t end_len(const struct end *end);
void end_take(struct end *end, size_t len);
void end_window(struct end *end, uint64_t octets);
void end_shutdown(struct end *end);
void end_close(struct end *end, bool reset);
enum sim_client_state end_state(const struct end *end);
bool end_accepted(const struct end *end);
bool end_released(const struct end *end);
void end_heard(struct end *end, void (*heard)(struct end *end, void *owner), void *owner);

#endif
