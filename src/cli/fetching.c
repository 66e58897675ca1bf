/* One GET, read by the codec for answers of origin servers until its head has come.
 */
#include "cli/fetching.h"

#include "base/limits.h"
#include "base/memory.h"
#include "stet/uri.h"
#include "wire/h1_client.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { FETCHING_READ = 131072, FETCHING_USAGE = 2, FETCHING_NETWORK = 3, FETCHING_SECONDS = 30 };

struct fetching {
    struct stet_request request;
    struct stet_field fields[2];
    struct h1_client client;
    void (*seen)(void *owner, const struct stet_request *request,
                 const struct stet_response *response);
    void *owner;
    bool over;
    bool well;
};

/* ---- what the codec tells ---- */

static void fetching_interim(void *owner, const struct stet_response *response)
{
    (void)owner, (void)response;
}

static void fetching_on_head(void *owner, const struct stet_response *response,
                             const struct response_framing *framing)
{
    struct fetching *fetching = owner;
    (void)framing;
    fetching->seen(fetching->owner, &fetching->request, response);
    fetching->over = fetching->well = true;
    h1_client_cancel(&fetching->client);
}

static bool fetching_content(void *owner, struct stet_span bytes)
{
    (void)owner, (void)bytes;
    return true;
}

static void fetching_end(void *owner, enum client_end end, const struct stet_head *trailers)
{
    struct fetching *fetching = owner;
    (void)end, (void)trailers;
    fetching->over = true;
}

static const struct client_events fetching_events = {.interim = fetching_interim,
                                                     .head = fetching_on_head,
                                                     .content = fetching_content,
                                                     .end = fetching_end};

/* ---- the socket ---- */

static int fetching_fail(const char *url, const char *what)
{
    fprintf(stderr, "stet: %s: %s\n", url, what);
    return FETCHING_NETWORK;
}

static int fetching_try(const struct addrinfo *address)
{
    const struct timeval patience = {.tv_sec = FETCHING_SECONDS};
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;
    close(fd);
    return -1;
}

/* A connected descriptor, or -1: `*why` says why. */
static int fetching_connect(const struct stet_uri *uri, const char **why)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct stet_span host = uri->host;
    struct addrinfo *found = NULL;
    char name[256], port[16];
    int fd = -1;

    if (host.len > 1 && host.at[0] == '[')
        host = stet_span(host.at + 1, host.len - 2);
    snprintf(name, sizeof name, "%.*s", (int)(host.len < 255 ? host.len : 255), host.at);
    snprintf(port, sizeof port, "%d", uri->port < 0 ? 80 : (int)uri->port);
    const int error = getaddrinfo(name, port, &hints, &found);
    if (error) {
        *why = gai_strerror(error);
        return -1;
    }
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
        fd = fetching_try(at);
    *why = strerror(errno);
    freeaddrinfo(found);
    return fd;
}

static bool fetching_send(struct fetching *fetching, int fd)
{
    const struct stet_request *asked = &fetching->request;
    char target[2048], block[] = "User-Agent: stet/" STET_VERSION "\r\nAccept: */*\r\n";
    const int len =
        snprintf(target, sizeof target, "%.*s%s%.*s", asked->path.len ? (int)asked->path.len : 1,
                 asked->path.len ? asked->path.at : "/", asked->query.at ? "?" : "",
                 (int)asked->query.len, asked->query.at ? asked->query.at : "");
    if (len >= (int)sizeof target)
        return false;
    const struct client_request head = {.method = STET_METHOD_GET,
                                        .method_name = STET_SPAN("GET"),
                                        .target = stet_span(target, (size_t)len),
                                        .host = asked->authority,
                                        .block = stet_span(block, sizeof block - 1)};
    char *text = memory_new(h1_client_head_room(&head));
    if (!text)
        return false;
    const size_t size = h1_client_begin(&fetching->client, &head, text);
    const bool well = send(fd, text, size, MSG_NOSIGNAL) == (ssize_t)size;
    memory_free(text);
    return well;
}

/* Reads until the head has come. `room` holds FETCHING_READ octets. */
static void fetching_read(struct fetching *fetching, int fd, char *room)
{
    size_t kept = 0;

    while (!fetching->over && kept < FETCHING_READ) {
        const ssize_t got = recv(fd, room + kept, FETCHING_READ - kept, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            h1_client_closed(&fetching->client, got == 0);
            return;
        }
        kept += (size_t)got;
        const size_t used = h1_client_feed(&fetching->client, room, kept);
        kept -= used;
        memmove(room, room + used, kept);
    }
}

static bool fetching_exchange(struct fetching *fetching, int fd)
{
    const struct limits limits = limits_default();
    struct h1_response_head *head = memory_new_zero(sizeof *head);
    const struct h1_client_setup setup = {.limits = &limits, .head = head, .lenient = true};
    char *room = memory_new(FETCHING_READ);

    if (head && room) {
        h1_client_init(&fetching->client, &fetching_events, fetching, &setup);
        if (fetching_send(fetching, fd))
            fetching_read(fetching, fd, room);
    }
    memory_free(room);
    memory_free(head);
    return fetching->well;
}

static void fetching_ask(struct fetching *fetching, const char *url, const struct stet_uri *uri)
{
    struct stet_request *request = &fetching->request;

    *request = (struct stet_request){.method = STET_METHOD_GET,
                                     .method_name = STET_SPAN("GET"),
                                     .target = stet_span_of(url),
                                     .scheme = uri->scheme,
                                     .authority = uri->authority,
                                     .path = uri->path,
                                     .query = uri->query};
    request->head.fields = fetching->fields;
    stet_head_add(&request->head, fetching->fields, STET_SPAN("Host"), uri->authority);
    stet_head_add(&request->head, fetching->fields, STET_SPAN("Accept"), STET_SPAN("*/*"));
}

int fetching_head(const char *url,
                  void (*seen)(void *owner, const struct stet_request *request,
                               const struct stet_response *response),
                  void *owner)
{
    struct fetching fetching = {.seen = seen, .owner = owner};
    struct stet_uri uri;
    const char *why = "";

    if (!stet_uri_split(stet_span_of(url), &uri) ||
        !stet_span_equal_nocase(uri.scheme, STET_SPAN("http"))) {
        fprintf(stderr, "stet: %s: expected a URL such as http://localhost:8080/\n", url);
        return FETCHING_USAGE;
    }
    fetching_ask(&fetching, url, &uri);
    int fd = fetching_connect(&uri, &why);
    if (fd < 0)
        return fetching_fail(url, why);
    const bool well = fetching_exchange(&fetching, fd);
    close(fd);
    return well ? 0 : fetching_fail(url, "no valid answer came");
}
