/* What clients have begun handshakes with early data by: each such beginning counts once, or
 * whoever has seen it pass could send it again, with the request in it [RFC 8446 §8].
 *
 * Of beginnings older than a window nothing is kept: TLS tells them by their age, and refuses. So
 * the memory is bounded, and when it is full early data is refused for as long as it takes until
 * what was not noted is too old. A refusal costs its client a round trip.
 *
 * Shared by all workers; goes on over reloads. A restart forgets it, and all tickets with it.
 */
#ifndef IO_TLS_REPLAY_H
#define IO_TLS_REPLAY_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_replay;

/* Remembers at most `most` beginnings in each `window` (ms). NULL when memory is out. */
struct tls_replay *tls_replay_new(size_t most, uint32_t window);

/* No session uses it any more. NULL is let be. */
void tls_replay_free(struct tls_replay *replay);

/* Notes a beginning by what is one of its own, at `now` (wall clock, seconds). False: it was here
 * before, or that cannot be known. From any thread. */
bool tls_replay_note(struct tls_replay *replay, const void *mark, size_t size, int64_t now);

/* What GnuTLS asks of the thread that runs `owner`, a loop: it changes it without a lock, so each
 * has one of its own. Lives as long as `replay`. NULL when memory is out. */
gnutls_anti_replay_t tls_replay_guard(struct tls_replay *replay, const void *owner);

#endif
