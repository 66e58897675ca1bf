/* Doors: bound descriptors, and the files that stand for unix sockets.
 *
 * A file is removed only if it is still the one that the binding made: an operator may have cleared
 * the place for another server. As long as a socket is open its inode is not given to another file,
 * so the comparison cannot be mistaken. Addresses are copies: doors outlive the configuration that
 * they were opened for.
 */
#include "serve/doors.h"

#include "base/check.h"
#include "base/memory.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The path of a unix socket, or NULL. */
static const char *door_path(const char *address)
{
    return strncmp(address, "unix:", 5) == 0 ? address + 5 : NULL;
}

const char *doors_open(struct doors *doors, const char *address)
{
    CHECK(doors->count < WORKER_LISTENERS);
    struct door *door = &doors->at[doors->count];
    const char *error = NULL, *path = door_path(address);
    const size_t size = strlen(address) + 1;
    struct stat state;

    *door = (struct door){.address = memory_new(size)};
    if (!door->address)
        return "out of memory";
    memcpy(door->address, address, size);
    door->fd = listener_bind(address, true, &door->port, &error);
    if (door->fd < 0) {
        memory_free(door->address);
        return error;
    }
    if (path && lstat(path, &state) == 0) {
        door->device = state.st_dev;
        door->inode = state.st_ino;
    }
    doors->count++;
    return NULL;
}

const char *doors_give(struct doors *doors, struct worker *worker)
{
    for (size_t i = 0; i < doors->count; i++) {
        struct door *door = &doors->at[i];
        const char *error = "the kernel does not watch it";
        int fd = door->taken ? listener_bind_more(door->fd, &error) : door->fd;
        door->taken = true;
        if (fd < 0)
            return error;
        if (!(door->secure ? worker_listen_secure(worker, fd) : worker_listen(worker, fd))) {
            close(fd);
            return error;
        }
    }
    return NULL;
}

uint16_t doors_secure_port(const struct doors *doors)
{
    for (size_t i = 0; i < doors->count; i++)
        if (doors->at[i].secure && doors->at[i].port > 0)
            return doors->at[i].port;
    return 0;
}

void doors_url(const struct door *door, char to[DOOR_URL])
{
    const char *colon = strrchr(door->address, ':');
    const char *scheme = door->secure ? "https" : "http";
    if (door_path(door->address))
        snprintf(to, DOOR_URL, "%s", door->address);
    else if (colon == door->address)
        snprintf(to, DOOR_URL, "%s://localhost:%u/", scheme, door->port);
    else
        snprintf(to, DOOR_URL, "%s://%.*s:%u/", scheme, (int)(colon - door->address), door->address,
                 door->port);
}

void doors_remove(struct doors *doors)
{
    for (size_t i = 0; i < doors->count; i++) {
        struct door *door = &doors->at[i];
        const char *path = door_path(door->address);
        struct stat state;
        if (door->inode && lstat(path, &state) == 0 && state.st_ino == door->inode &&
            state.st_dev == door->device)
            unlink(path);
        door->inode = 0;
    }
}

void doors_close(struct doors *doors)
{
    for (size_t i = 0; i < doors->count; i++) {
        if (!doors->at[i].taken)
            close(doors->at[i].fd);
        memory_free(doors->at[i].address);
    }
    doors->count = 0;
}
