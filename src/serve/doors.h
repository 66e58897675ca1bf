/* Doors: the addresses a server listens on, from the binding to the removal of what was made for
 * it.
 */
#ifndef SERVE_DOORS_H
#define SERVE_DOORS_H

#include "serve/worker.h"

#include <sys/types.h>

struct door {
    char *address; /* as the operator wrote it; its own */
    uint16_t port; /* it really has; 0 for unix sockets */
    int fd;
    bool secure;  /* speaks TLS; set by the owner before doors_give */
    bool taken;   /* by a worker, which closes it */
    dev_t device; /* of a unix socket's file */
    ino_t inode;  /* ... while it is ours to remove, else 0 */
};

struct doors {
    struct door at[WORKER_LISTENERS];
    size_t count;
};

/* Room for doors_url. */
#define DOOR_URL 320

/* Binds one more address. NULL, or static text that says why not. */
const char *doors_open(struct doors *doors, const char *address);

/* Gives every door to a worker: the first one gets the descriptors themselves, others more of the
 * same. They are the worker's, also on failure. NULL, or static text that says why not. */
const char *doors_give(struct doors *doors, struct worker *worker);

/* Writes where a browser finds it, "http://127.0.0.1:8080/", "https://..." or "unix:PATH". */
void doors_url(const struct door *door, char to[DOOR_URL]);

/* The port of the first that speaks TLS; 0: there is none. */
uint16_t doors_secure_port(const struct doors *doors);

/* Removes the files of the unix sockets, unless someone has put others in their place. To be called
 * while they are still open, so that whoever comes next finds the place free and is left alone. */
void doors_remove(struct doors *doors);

/* Closes what no worker has taken. */
void doors_close(struct doors *doors);

#endif
