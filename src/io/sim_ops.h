/* The inside of the simulated world, shared by its rooms. Inside io/ only.
 */
#ifndef IO_SIM_OPS_H
#define IO_SIM_OPS_H

#include "io/loop_ops.h"
#include "io/loop_sim.h"
#include "io/work_ops.h"

enum { SIM_SIGNALS = 16 };

/* Bytes on their way: appended at the end, taken from the start. */
struct sim_buffer {
    char *bytes;
    size_t start;
    size_t len;
    size_t capacity;
};

/* From the client to the server. */
struct sim_up {
    struct sim_buffer sent;
    size_t visible; /* how many of these have arrived */
    bool end;       /* FIN after them */
};

/* From the server to the client. */
struct sim_down {
    struct sim_buffer received;
    uint64_t total;  /* bytes ever received */
    uint64_t window; /* bytes the client still takes */
    bool blocked;    /* a short write: nothing more until the next event */
    bool end;        /* FIN after them */
};

/* What a connection has to do with the world's other side. */
struct sim_far {
    struct sim_client *other; /* the other half, when both ends are servers */
    char *target;             /* connecting: to where */
    enum sim_origin_answer answer;
    struct sim_client *next; /* those the other side has to look at */
    int64_t due;             /* when it does */
    bool queued;
    void (*heard)(struct sim_client *client, void *owner);
    void *owner;
};

struct sim_client {
    struct sim_world *world;
    struct sim_client *next;    /* all clients of the world */
    struct sim_client *next_in; /* backlog of a port, or those new at an origin */
    struct sim_port *port;      /* while it waits there */
    struct sim_loop *loop;      /* since accepted */
    struct sock *sock;          /* the server's end, while started */
    struct sock_address peer;
    struct sim_faults faults;
    struct sim_up up;
    struct sim_down down;
    struct sim_far far;
    uint64_t moved;    /* bytes of both directions so far */
    uint64_t break_at; /* value of `moved` at which the connection breaks */
    unsigned pending;  /* events not yet delivered */
    bool queued;       /* in the loop's ready list */
    bool broken;       /* reset, by whomever */
    bool gone;         /* closed by the client */
    bool accepted;
    bool released; /* closed by the server */
};

/* One descriptor that listens. */
struct sim_port {
    struct sim_world *world;
    struct sim_port *next;
    char *address;
    int fd;
    struct listener *listener; /* once started */
    bool stopped;
    bool resting; /* accepting has failed, the timer runs */
    struct sim_client *first;
    struct sim_client **end;
};

struct sim_origin {
    struct sim_world *world;
    struct sim_origin *next;
    char *address;
    enum sim_origin_answer answer;
    int64_t after;
    struct sim_faults faults; /* instead of the world's */
    bool faulty;
    size_t tries;
    size_t count;
    struct sim_client *first; /* not yet handed to the test */
    struct sim_client **end;
    void (*heard)(struct sim_client *client, void *owner);
    void *owner;
};

struct sim_loop {
    struct loop loop;
    struct sim_world *world;
    struct sim_loop *next;
    struct sim_client **ready; /* those with events */
    size_t ready_count;
    size_t ready_capacity;
    size_t open; /* server's ends of connections */
    void (*caught)(void *owner, int number);
    void *caught_owner;
    int signals[SIM_SIGNALS];
    size_t signal_count;
};

struct sim_job {
    struct sim_job *next; /* in order of submission */
    struct work *work;
    struct job *job;
    int64_t due;
    enum work_urgency urgency;
};

struct sim_world {
    uint64_t dice;
    int64_t now;
    int64_t wall_offset; /* wall clock minus `now` */
    int64_t accept_fails_until;
    struct sim_faults faults;
    struct sim_loop *loops;
    struct sim_port *ports;
    struct sim_client *clients;
    struct sim_client *far; /* those the other side has to look at */
    struct sim_origin *origins;
    struct sim_name *names;
    struct sim_job *jobs;
    int next_fd;
    uint16_t next_peer_port;
    bool driving; /* turns are taken by the world, not by loop_run */
};

/* Memory of the world itself; never NULL. */
void *sim_alloc(void *old, size_t size);

char *sim_text(const char *text);

/* A connection with nothing at its ends. */
struct sim_client *sim_client_new(struct sim_world *world, const char *peer);

/* Sizes and resets of a connection on which nothing has gone yet. */
void sim_client_suffer(struct sim_client *client, const struct sim_faults *faults);

/* One of those that listen there, drawn; NULL when none does. */
struct sim_port *sim_port_find(struct sim_world *world, const char *address);

/* Into the backlog. */
void sim_port_join(struct sim_port *port, struct sim_client *client);

/* Something happened that the server's end is to be told. */
void sim_client_raise(struct sim_client *client, unsigned events);

/* Counts bytes that have moved; breaks the connection when its time has come. */
void sim_client_moved(struct sim_client *client, size_t len);

/* Breaks the connection; no-op when it is broken. */
void sim_client_break(struct sim_client *client);

/* The server's end has moved bytes or ended: the other side is to look. */
void sim_far_note(struct sim_client *client);

/* It need not look any more. */
void sim_far_drop(struct sim_client *client);

/* When the other side has something to do; INT64_MAX when it has not. */
int64_t sim_far_due(const struct sim_world *world);

/* Lets it do one thing that is due. */
void sim_far_run(struct sim_world *world);

/* Frees the origins. */
void sim_far_fini(struct sim_world *world);

/* Frees the table of names. */
void sim_names_fini(struct sim_world *world);

/* How many bytes another server at the other end still takes. */
size_t sim_far_room(const struct sim_client *client);

enum sock_connected sock_sim_connect(struct sock *sock, const struct sock_address *address,
                                     const char *path);
enum sock_connected sock_sim_connect_state(struct sock *sock);
bool sock_sim_move(struct sock *from, struct sock *to);
void sock_sim_again(struct sock *sock);

/* The socket calls of the table loop_ops, and one turn's worth of them. */
bool sock_sim_start(struct sock *sock);
ssize_t sock_sim_read(struct sock *sock, void *to, size_t size);
ssize_t sock_sim_write(struct sock *sock, const struct iovec *pieces, int count);
void sock_sim_shutdown(struct sock *sock);
void sock_sim_close(struct sock *sock, bool reset);
bool listener_sim_start(struct listener *listener);
void listener_sim_stop(struct listener *listener);
void sock_sim_deliver(struct sim_client *client);
bool listener_sim_ready(const struct sim_port *port, const struct sim_loop *loop);
void listener_sim_accept(struct sim_port *port);

void sim_buffer_append(struct sim_buffer *buffer, const void *bytes, size_t len);
void sim_buffer_take(struct sim_buffer *buffer, size_t len);

/* When the next job is due; INT64_MAX when there is none. */
int64_t work_sim_due(const struct sim_world *world);

/* Runs one job that is due. False when none is. */
bool work_sim_run(struct sim_world *world);

#endif
