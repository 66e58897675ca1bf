/* A server on the loopback address for tests of clients: it answers from a table, in a thread.
 *
 * A row answers requests whose first line begins with its words. Rows are used up from the first
 * to the last; the last of those that fit is used again and again. Everything that was asked is
 * kept, for the test to look at after loopback_stop.
 */
#ifndef TEST_LOOPBACK_H
#define TEST_LOOPBACK_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"

enum { LOOPBACK_ROWS = 64, LOOPBACK_CONNECTIONS = 16, LOOPBACK_REQUEST = 8192 };

struct loopback_row {
    const char *begins; /* "GET /a " */
    const char *answer; /* all octets of it; NULL: the connection is closed without one */
    bool close;         /* afterwards */
};

struct loopback_connection {
    int fd;
    size_t used;
    char text[LOOPBACK_REQUEST];
};

struct loopback {
    uint16_t port;
    unsigned accepted;
    size_t count; /* of requests */
    char *requests[LOOPBACK_ROWS];
    const struct loopback_row *rows; /* the one with `begins` NULL ends them */
    bool used[LOOPBACK_ROWS];
    int fd;
    int stop[2];
    pthread_t thread;
    struct loopback_connection connections[LOOPBACK_CONNECTIONS];
};

static inline const struct loopback_row *loopback_find(struct loopback *server, const char *request)
{
    const struct loopback_row *found = NULL;

    for (size_t i = 0; server->rows[i].begins; i++) {
        if (strncmp(request, server->rows[i].begins, strlen(server->rows[i].begins)) != 0)
            continue;
        found = &server->rows[i];
        if (!server->used[i]) {
            server->used[i] = true;
            break;
        }
    }
    return found;
}

static inline void loopback_close(struct loopback_connection *connection)
{
    close(connection->fd);
    *connection = (struct loopback_connection){.fd = -1};
}

/* Where the request ends that is in the buffer, 0 if it is not all there. */
static inline size_t loopback_end(const struct loopback_connection *connection)
{
    const char *end = strstr(connection->text, "\r\n\r\n");
    const char *length = strcasestr(connection->text, "\r\nContent-Length:");

    if (!end)
        return 0;
    const size_t size = (size_t)(end + 4 - connection->text) +
                        (length && length < end ? (size_t)atoi(length + 17) : 0);
    return connection->used >= size ? size : 0;
}

static inline void loopback_answer(struct loopback *server, struct loopback_connection *connection)
{
    const struct loopback_row *row = loopback_find(server, connection->text);
    const size_t size = row && row->answer ? strlen(row->answer) : 0;

    if (size && send(connection->fd, row->answer, size, MSG_NOSIGNAL) != (ssize_t)size)
        row = NULL;
    if (!row || !row->answer || row->close)
        loopback_close(connection);
}

static inline void loopback_read(struct loopback *server, struct loopback_connection *connection)
{
    const ssize_t got = recv(connection->fd, connection->text + connection->used,
                             LOOPBACK_REQUEST - 1 - connection->used, 0);
    size_t end;

    if (got <= 0) {
        loopback_close(connection);
        return;
    }
    connection->used += (size_t)got;
    connection->text[connection->used] = '\0';
    while (connection->fd >= 0 && (end = loopback_end(connection)) > 0) {
        CHECK(server->count < LOOPBACK_ROWS);
        server->requests[server->count++] = strndup(connection->text, end);
        char rest[LOOPBACK_REQUEST];
        const size_t left = connection->used - end;
        memcpy(rest, connection->text + end, left + 1);
        loopback_answer(server, connection);
        if (connection->fd >= 0)
            memcpy(connection->text, rest, left + 1);
        connection->used = connection->fd >= 0 ? left : 0;
    }
}

static inline void loopback_accept(struct loopback *server)
{
    const int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return;
    server->accepted++;
    for (size_t i = 0; i < LOOPBACK_CONNECTIONS; i++)
        if (server->connections[i].fd < 0) {
            server->connections[i].fd = fd;
            return;
        }
    close(fd);
}

static inline void *loopback_serve(void *data)
{
    struct loopback *server = data;
    struct pollfd polled[LOOPBACK_CONNECTIONS + 2];

    for (;;) {
        for (size_t i = 0; i < LOOPBACK_CONNECTIONS; i++)
            polled[i] = (struct pollfd){.fd = server->connections[i].fd, .events = POLLIN};
        polled[LOOPBACK_CONNECTIONS] = (struct pollfd){.fd = server->fd, .events = POLLIN};
        polled[LOOPBACK_CONNECTIONS + 1] = (struct pollfd){.fd = server->stop[0], .events = POLLIN};
        if (poll(polled, LOOPBACK_CONNECTIONS + 2, -1) < 0)
            continue;
        if (polled[LOOPBACK_CONNECTIONS + 1].revents)
            return NULL;
        for (size_t i = 0; i < LOOPBACK_CONNECTIONS; i++)
            if (polled[i].revents && server->connections[i].fd >= 0)
                loopback_read(server, &server->connections[i]);
        if (polled[LOOPBACK_CONNECTIONS].revents)
            loopback_accept(server);
    }
}

/* Begins to listen; `rows` outlive it. `port` tells where. */
static inline void loopback_start(struct loopback *server, const struct loopback_row *rows)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    memset(server, 0, sizeof *server);
    server->rows = rows;
    for (size_t i = 0; i < LOOPBACK_CONNECTIONS; i++)
        server->connections[i].fd = -1;
    server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(server->fd >= 0 && bind(server->fd, (struct sockaddr *)&address, size) == 0);
    CHECK(listen(server->fd, 64) == 0);
    CHECK(getsockname(server->fd, (struct sockaddr *)&address, &size) == 0);
    server->port = ntohs(address.sin_port);
    CHECK(pipe(server->stop) == 0);
    CHECK(pthread_create(&server->thread, NULL, loopback_serve, server) == 0);
}

/* Ends it; what was asked stays until loopback_fini. */
static inline void loopback_stop(struct loopback *server)
{
    CHECK(write(server->stop[1], "", 1) == 1);
    pthread_join(server->thread, NULL);
    for (size_t i = 0; i < LOOPBACK_CONNECTIONS; i++)
        if (server->connections[i].fd >= 0)
            loopback_close(&server->connections[i]);
    close(server->fd);
    close(server->stop[0]);
    close(server->stop[1]);
}

static inline void loopback_fini(struct loopback *server)
{
    for (size_t i = 0; i < server->count; i++)
        free(server->requests[i]);
}

#endif
