/* The simulated world: loops under one virtual clock, clients that reach them through a memory
 * network, and origin servers that they reach through it. For tests: what runs on such a loop
 * cannot tell it from the machine.
 *
 * Nothing here happens by itself. A test sets something going (a client sends, a file changes) and
 * then calls sim_world_run_until_idle or sim_world_advance; time passes in the latter only, from
 * one timer or job to the next. Every choice (which loop runs next, what the faults do) is drawn
 * from the seed, so a seed names one run. One thread.
 *
 * The world's own memory comes from malloc and not through base/memory.h: a test that makes the
 * n-th allocation fail counts those of the server only.
 */
#ifndef IO_LOOP_SIM_H
#define IO_LOOP_SIM_H

#include "io/loop.h"
#include "io/resolve.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_world;
struct sim_client;
struct sim_origin;

/* What may go wrong; all zero: nothing does. */
struct sim_faults {
    size_t read_most;     /* the server's reads give at most this many bytes; 0: no bound */
    size_t write_most;    /* the server's writes take at most this many bytes; 0: no bound */
    bool draw_sizes;      /* each read and write draws its bound from 1 up to the one above */
    uint64_t reset_after; /* a connection breaks after a number of bytes, both directions together,
                           * drawn for each from 1 up to this; 0: never */
    bool shuffle;         /* ready sockets, and jobs of one kind, in drawn order */
    bool spurious;        /* some `ready` calls name a direction that is not */
    int64_t job_delay;    /* each job begins after a drawn time up to this, in ns */
};

/* A world at loop_now 1 s and wall clock 2024-01-01 00:00:00. Never NULL. */
struct sim_world *sim_world_new(uint64_t seed);

/* Ends it, with its clients. Its loops and pools are to be freed, its file systems closed before.
 */
void sim_world_free(struct sim_world *world);

/* One more loop (one more worker) in the world; ends with loop_free. Its work_new_sim pool is in
 * io/work.h. loop_run on it lets the whole world go on, time included, until loop_stop, or until
 * nothing can happen any more. loop_free dies if a socket or listener of it is still open. */
struct loop *sim_world_loop(struct sim_world *world);

/* The world a loop is in. */
struct sim_world *sim_loop_world(struct loop *loop);

/* Was loop_stop called? Such a loop takes no more turns. */
bool sim_loop_stopped(const struct loop *loop);

/* Sends a signal to the callback given to loop_signals; dies if there is none. */
void sim_loop_signal(struct loop *loop, int number);

/* Runs all that is ready, at the present time, until nothing is. Dies after a million turns. */
void sim_world_run_until_idle(struct sim_world *world);

/* Lets `ns` pass: runs until idle, goes to the next timer or job, and so on, up to the end. */
void sim_world_advance(struct sim_world *world, int64_t ns);

/* ns until the next timer or job; INT64_MAX when there is none, 0 when something is ready. */
int64_t sim_world_due(struct sim_world *world);

/* The two clocks. The wall clock may be set or stepped, forward or back, without the other. */
int64_t sim_world_now(const struct sim_world *world);
int64_t sim_world_wall(const struct sim_world *world);
void sim_world_set_wall(struct sim_world *world, int64_t wall);
void sim_world_step_wall(struct sim_world *world, int64_t ns);

/* Faults from now on. The sizes and resets hold for connections opened later, the rest at once. */
void sim_world_faults(struct sim_world *world, const struct sim_faults *faults);

/* For `ns` from now, accepting fails as if descriptors had run out. */
void sim_world_fail_accept(struct sim_world *world, int64_t ns);

/* A number from 0 up to, not including, `below`, drawn from the seed. */
uint64_t sim_world_draw(struct sim_world *world, uint64_t below);

/* A descriptor for listener_start on a loop of this world. `address` is any text. Several may have
 * the same address, as with SO_REUSEPORT: each client is given to a drawn one. Clients may connect
 * from now on and wait in the backlog. */
int sim_world_listen(struct sim_world *world, const char *address);

/* A client that connects to what listens at `address`; NULL when nothing does (connection refused).
 * `peer` is an IPv4 or IPv6 address without port, or "unix"; NULL means 192.0.2.1. The client lives
 * as long as the world. */
struct sim_client *sim_client_open(struct sim_world *world, const char *address, const char *peer);

/* Sends bytes to the server. What is sent after the server has closed is answered by a reset. */
void sim_client_send(struct sim_client *client, const void *bytes, size_t len);

/* The same for a text with its final NUL. */
void sim_client_say(struct sim_client *client, const char *text);

/* How many sent bytes the server has not read yet. */
size_t sim_client_unread(const struct sim_client *client);

/* All bytes that came from the server and were not taken; valid until the world runs again. */
const char *sim_client_bytes(const struct sim_client *client);
size_t sim_client_len(const struct sim_client *client);

/* Drops the first `len` of those bytes. */
void sim_client_take(struct sim_client *client, size_t len);

/* How many bytes have ever come. */
uint64_t sim_client_total(const struct sim_client *client);

/* The client takes `bytes` more and then stalls: the server's writes give SOCK_AGAIN until this is
 * called again. 0 stalls at once. SIM_UNLIMITED is where every client begins. */
#define SIM_UNLIMITED UINT64_MAX
void sim_client_window(struct sim_client *client, uint64_t bytes);

/* "No more from me": FIN, but the client goes on receiving. */
void sim_client_shutdown(struct sim_client *client);

/* The client is gone: with `reset` by RST at once; else by FIN, and by RST on what comes later. */
void sim_client_close(struct sim_client *client, bool reset);

/* The connection breaks after `bytes` more have gone in either direction. */
void sim_client_reset_after(struct sim_client *client, uint64_t bytes);

/* What the client sees. As on the machine, a server that closes with bytes unread sends RST. */
enum sim_client_state { SIM_CLIENT_OPEN, SIM_CLIENT_ENDED, SIM_CLIENT_RESET };
enum sim_client_state sim_client_state(const struct sim_client *client);

/* Has a server accepted it? Has the server closed its end? */
bool sim_client_accepted(const struct sim_client *client);
bool sim_client_released(const struct sim_client *client);

/* Reacts by itself: `heard` is called when bytes have come, or an end or a reset, out of the turn
 * of any loop; once for all that came since it was called last. NULL: no more. */
void sim_client_heard(struct sim_client *client,
                      void (*heard)(struct sim_client *client, void *owner), void *owner);

/* An origin server played by the test: what sock_connect reaches at `address`, "192.0.2.9:80",
 * "[2001:db8::1]:80" or "unix:/path". The other end of each connection is a sim_client, driven as
 * if it had been opened from outside. An address that has neither an origin nor a listener
 * (sim_world_listen, of the same text: servers may connect to each other) refuses. The first of two
 * for one address counts. Lives as long as the world. */
struct sim_origin *sim_origin_open(struct sim_world *world, const char *address);

enum sim_origin_answer {
    SIM_ORIGIN_ACCEPTS, /* where each begins */
    SIM_ORIGIN_REFUSES,
    SIM_ORIGIN_UNREACHABLE, /* at once; after a while if that is asked for */
    SIM_ORIGIN_EXHAUSTED,   /* at once, always */
    SIM_ORIGIN_HANGS        /* for two minutes, then the kernel gives up */
};

/* What becomes of connects from now on, and how many ns that takes. */
void sim_origin_answers(struct sim_origin *origin, enum sim_origin_answer answer, int64_t after);

/* Connections that are begun from now on have these sizes and resets instead of the world's. NULL:
 * the world's again. */
void sim_origin_faults(struct sim_origin *origin, const struct sim_faults *faults);

/* Connections accepted from now on have this as their sim_client_heard, which is also called once
 * for each that comes. */
void sim_origin_heard(struct sim_origin *origin,
                      void (*heard)(struct sim_client *client, void *owner), void *owner);

/* The next connection, in the order they came; NULL when there is no further one. */
struct sim_client *sim_origin_next(struct sim_origin *origin);

/* How often anyone began to connect, and how many connections there have been. */
size_t sim_origin_tries(const struct sim_origin *origin);
size_t sim_origin_count(const struct sim_origin *origin);

/* What a resolver learns of a name (in lower case) when it asks, from now on: its addresses as
 * text, with blanks between, in the order of preference; "": there is no such name, as for every
 * name that was never given any. `ttl` in s. */
void sim_world_name(struct sim_world *world, const char *name, const char *addresses, uint32_t ttl);

/* Asking for it ends badly. */
void sim_world_name_fails(struct sim_world *world, const char *name, enum resolve_result result);

/* Asking for it, well or badly, takes so long. */
void sim_world_name_takes(struct sim_world *world, const char *name, int64_t ns);

/* How often it was asked for. */
uint64_t sim_world_name_asked(struct sim_world *world, const char *name);

#endif
