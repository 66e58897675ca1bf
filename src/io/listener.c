/* From the text of an address to a listening descriptor, or to words that say why not.
 *
 *     unix:PATH       a unix socket; a file that is a socket and that nobody answers on is replaced
 *     [V6]:PORT       that IPv6 address and nothing else
 *     HOST:PORT       a number, or a name: its IPv4 address first, because all clients try that one
 *     :PORT           every address of the machine, by one IPv6 socket that takes IPv4 as well
 *
 * SO_REUSEPORT is set between bind and listen. Set before the bind it would let two servers share
 * one port without a word; set now it still makes a group of the sockets that listener_bind_more
 * adds, which say it before their bind.
 *
 * Given up: several sockets for one name. Who wants both families says ":PORT" or listens twice.
 */
#include "io/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LISTENER_BACKLOG = 4096, LISTENER_HOST = 256 };

struct listener_place {
    struct sockaddr_storage address;
    socklen_t size;
    bool every; /* all addresses, both families */
};

static const char *listener_words(int number)
{
    switch (number) {
    case EADDRINUSE:
        return "address in use: another program listens there";
    case EACCES:
        return "no permission (ports below 1024 need a privilege)";
    case EADDRNOTAVAIL:
        return "this machine does not have that address";
    case EAFNOSUPPORT:
        return "this machine does not have that address family";
    case EMFILE:
    case ENFILE:
        return "too many open files";
    default:
        return strerrordesc_np(number);
    }
}

static int listener_refuse(const char **error, const char *words)
{
    *error = words;
    return -1;
}

/* Closes `fd` and says why. */
static int listener_drop(int fd, const char **error)
{
    const char *words = listener_words(errno);
    close(fd);
    return listener_refuse(error, words);
}

static bool listener_port(const char *text, uint16_t *port)
{
    uint32_t value = 0;
    size_t len = strlen(text);
    if (len == 0 || len > 5)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        value = 10 * value + (uint32_t)(*text - '0');
    }
    *port = (uint16_t)value;
    return value <= UINT16_MAX;
}

/* Splits "HOST:PORT". NULL, or words. */
static const char *listener_split(const char *text, char host[LISTENER_HOST], uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    const bool bracketed = text[0] == '[';
    if (!colon)
        return "no port: write HOST:PORT, [V6]:PORT, :PORT or unix:PATH";
    if (!listener_port(colon + 1, port))
        return "the port is not a number from 0 to 65535";
    if (!bracketed && memchr(text, ':', (size_t)(colon - text)))
        return "an IPv6 address is written in brackets: [V6]:PORT";
    if (bracketed && (colon - text < 3 || colon[-1] != ']'))
        return "the bracket of the IPv6 address does not end before the port";
    const char *start = bracketed ? text + 1 : text;
    size_t len = (size_t)(colon - start) - (bracketed ? 1 : 0);
    if (len >= LISTENER_HOST)
        return "the host name is too long";
    memcpy(host, start, len);
    host[len] = '\0';
    return NULL;
}

static void listener_set_port(struct listener_place *place, uint16_t port)
{
    /* The port stands at the same offset in both families. */
    _Static_assert(offsetof(struct sockaddr_in, sin_port) ==
                       offsetof(struct sockaddr_in6, sin6_port),
                   "sockaddr_in and sockaddr_in6 differ");
    ((struct sockaddr_in *)&place->address)->sin_port = htons(port);
}

/* The address of a host, numeric or by name. NULL, or words. */
static const char *listener_lookup(const char *host, bool v6_only, struct listener_place *place)
{
    const struct addrinfo hints = {.ai_family = v6_only ? AF_INET6 : AF_UNSPEC,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | (v6_only ? AI_NUMERICHOST : 0)};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, NULL, &hints, &found) != 0 || !found)
        return v6_only ? "not an IPv6 address" : "no such host";
    const struct addrinfo *best = found;
    for (const struct addrinfo *one = found; one && best->ai_family != AF_INET;
         one = one->ai_next) {
        if (one->ai_family == AF_INET)
            best = one;
    }
    memcpy(&place->address, best->ai_addr, best->ai_addrlen);
    place->size = best->ai_addrlen;
    freeaddrinfo(found);
    return NULL;
}

static const char *listener_place(const char *text, struct listener_place *place)
{
    char host[LISTENER_HOST];
    uint16_t port = 0;
    const char *words = listener_split(text, host, &port);
    if (words)
        return words;
    if (host[0] == '\0') {
        const struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = in6addr_any};
        memcpy(&place->address, &any, sizeof any);
        place->size = sizeof any;
        place->every = true;
    } else {
        words = listener_lookup(host, text[0] == '[', place);
    }
    listener_set_port(place, port);
    return words;
}

/* A socket for the place. A machine without IPv6 gets the IPv4 form of "every address". */
static int listener_socket(struct listener_place *place)
{
    const int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    const int on = 1;
    const int off = 0;
    int fd = socket(place->address.ss_family, type, 0);
    if (fd < 0 && place->every && errno == EAFNOSUPPORT) {
        const in_port_t port = ((struct sockaddr_in *)&place->address)->sin_port;
        const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = port};
        memcpy(&place->address, &any, sizeof any);
        place->size = sizeof any;
        fd = socket(AF_INET, type, 0);
    }
    if (fd < 0 || place->address.ss_family == AF_UNIX)
        return fd;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (place->address.ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, place->every ? &off : &on, sizeof on);
    return fd;
}

static uint16_t listener_port_of(int fd)
{
    struct sockaddr_in6 address = {0};
    socklen_t size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return 0;
    /* At the same offset in both families, see listener_set_port. */
    return address.sin6_family == AF_UNIX ? 0 : ntohs(address.sin6_port);
}

static int listener_bind_internet(const char *text, bool reuse_port, const char **error)
{
    const int on = 1;
    struct listener_place place = {0};
    const char *words = listener_place(text, &place);
    if (words)
        return listener_refuse(error, words);
    int fd = listener_socket(&place);
    if (fd < 0)
        return listener_refuse(error, listener_words(errno));
    if (bind(fd, (const struct sockaddr *)&place.address, place.size) != 0)
        return listener_drop(fd, error);
    if (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
        return listener_drop(fd, error);
    if (listen(fd, LISTENER_BACKLOG) != 0)
        return listener_drop(fd, error);
    return fd;
}

/* Is there a socket file at this path that nobody listens on any more? */
static bool listener_stale(const struct sockaddr_un *address)
{
    struct stat state;
    if (lstat(address->sun_path, &state) != 0 || !S_ISSOCK(state.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool refused = connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
                   errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static bool listener_bind_path(int fd, const struct sockaddr_un *address)
{
    const struct sockaddr *general = (const struct sockaddr *)address;
    if (bind(fd, general, sizeof *address) == 0)
        return true;
    if (errno != EADDRINUSE)
        return false;
    if (!listener_stale(address)) {
        errno = EADDRINUSE;
        return false;
    }
    return unlink(address->sun_path) == 0 && bind(fd, general, sizeof *address) == 0;
}

static const char *listener_path_complaint(const char *path)
{
    const size_t room = sizeof(struct sockaddr_un) - offsetof(struct sockaddr_un, sun_path);
    if (*path == '\0')
        return "no path after unix:";
    return strlen(path) < room ? NULL : "the path of the socket is too long (107 bytes at most)";
}

static int listener_bind_unix(const char *path, const char **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *complaint = listener_path_complaint(path);
    if (complaint)
        return listener_refuse(error, complaint);
    memcpy(address.sun_path, path, strlen(path));
    struct listener_place place = {.address.ss_family = AF_UNIX};
    int fd = listener_socket(&place);
    if (fd < 0)
        return listener_refuse(error, listener_words(errno));
    if (listener_bind_path(fd, &address) && listen(fd, LISTENER_BACKLOG) == 0)
        return fd;
    int why = errno;
    close(fd);
    if (why == EADDRINUSE)
        return listener_refuse(error, "address in use: another program listens there, or a file "
                                      "that is not a socket is in the way");
    return listener_refuse(error,
                           why == EACCES ? "no permission in that directory" : listener_words(why));
}

const char *listener_complaint(const char *address)
{
    char host[LISTENER_HOST];
    uint16_t port = 0;
    if (strncmp(address, "unix:", 5) != 0)
        return listener_split(address, host, &port);
    return listener_path_complaint(address + 5);
}

int listener_bind(const char *address, bool reuse_port, uint16_t *port, const char **error)
{
    int fd = -1;
    if (strncmp(address, "unix:", 5) == 0)
        fd = listener_bind_unix(address + 5, error);
    else
        fd = listener_bind_internet(address, reuse_port, error);
    if (fd >= 0 && port)
        *port = listener_port_of(fd);
    return fd;
}

static bool listener_has(int fd, int level, int option)
{
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(fd, level, option, &value, &size) == 0 && value != 0;
}

int listener_bind_more(int fd, const char **error)
{
    const int on = 1;
    if (!listener_has(fd, SOL_SOCKET, SO_REUSEPORT)) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        return copy >= 0 ? copy : listener_refuse(error, listener_words(errno));
    }
    struct listener_place place = {.size = sizeof place.address};
    if (getsockname(fd, (struct sockaddr *)&place.address, &place.size) != 0)
        return listener_refuse(error, listener_words(errno));
    place.every =
        place.address.ss_family == AF_INET6 && !listener_has(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    int more = listener_socket(&place);
    if (more < 0)
        return listener_refuse(error, listener_words(errno));
    if (setsockopt(more, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        bind(more, (const struct sockaddr *)&place.address, place.size) != 0 ||
        listen(more, LISTENER_BACKLOG) != 0)
        return listener_drop(more, error);
    return more;
}
