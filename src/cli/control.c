/* A client of the local socket: blocking, one request a connection, read by the same codec that
 * reads answers of origin servers.
 */
#include "cli/control.h"

#include "base/limits.h"
#include "base/memory.h"
#include "serve/adminpath.h"
#include "wire/h1_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CONTROL_READ = 65536, CONTROL_NETWORK = 3 };

struct control {
    const struct control_request *request;
    struct control_answer *answer;
    struct h1_client client;
    bool over, stopped;
    enum client_end end;
};

/* ---- what the codec tells ---- */

static void control_interim(void *owner, const struct stet_response *response)
{
    (void)owner, (void)response;
}

static void control_head(void *owner, const struct stet_response *response,
                         const struct response_framing *framing)
{
    struct control *control = owner;
    (void)framing;
    control->answer->status = response->status;
}

static bool control_content(void *owner, struct stet_span bytes)
{
    struct control *control = owner;
    const struct control_request *request = control->request;

    if (request->each && control->answer->status == 200)
        control->stopped |= !request->each(request->owner, bytes);
    else
        text_put(&control->answer->content, bytes.at, bytes.len);
    return true;
}

static void control_end(void *owner, enum client_end end, const struct stet_head *trailers)
{
    struct control *control = owner;
    (void)trailers;
    control->end = end;
    control->over = true;
}

static const struct client_events control_events = {.interim = control_interim,
                                                    .head = control_head,
                                                    .content = control_content,
                                                    .end = control_end};

/* ---- the socket ---- */

static int control_fail(const char *path, const char *what)
{
    fprintf(stderr, "stet: %s: %s\n", path, what);
    return CONTROL_NETWORK;
}

/* A connected descriptor, or -1: standard error says why. */
static int control_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = -1;

    if (strlen(path) >= sizeof address.sun_path) {
        control_fail(path, "the path of a socket cannot be so long");
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (errno == ENOENT || errno == ECONNREFUSED)
        control_fail(path, "no server is running there (name its socket with --socket PATH)");
    else
        control_fail(path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool control_send_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

static bool control_send(struct control *control, int fd)
{
    const struct control_request *request = control->request;
    const struct client_request head = {
        .method = stet_method_of(stet_span_of(request->method)),
        .method_name = stet_span_of(request->method),
        .target = request->target,
        .host = STET_SPAN("localhost"),
        .has_content = request->content.len > 0,
        .length_known = true,
        .length = request->content.len,
    };
    char *text = memory_new(h1_client_head_room(&head));
    bool well = false;

    if (text) {
        struct h1_client_frame frame;
        size_t len = h1_client_begin(&control->client, &head, text);
        if (head.has_content)
            h1_client_frame(&control->client, request->content.len, true, &frame);
        well = control_send_all(fd, text, len) &&
               control_send_all(fd, request->content.at, request->content.len);
    }
    memory_free(text);
    return well;
}

/* Reads until the answer is over. `room` holds CONTROL_READ octets. */
static bool control_read(struct control *control, int fd, char *room)
{
    size_t kept = 0;

    while (!control->over && !control->stopped) {
        ssize_t got = recv(fd, room + kept, CONTROL_READ - kept, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0) {
            h1_client_closed(&control->client, true);
            break;
        }
        kept += (size_t)got;
        size_t used = h1_client_feed(&control->client, room, kept);
        kept -= used;
        memmove(room, room + used, kept);
        if (kept == CONTROL_READ)
            return false;
    }
    return control->stopped || (control->over && control->end == CLIENT_COMPLETE);
}

static bool control_exchange(struct control *control, int fd)
{
    const struct limits limits = limits_default();
    struct h1_response_head *head = memory_new_zero(sizeof *head);
    const struct h1_client_setup setup = {.limits = &limits, .head = head};
    char *room = memory_new(CONTROL_READ);
    bool well = false;

    if (head && room) {
        h1_client_init(&control->client, &control_events, control, &setup);
        well = control_send(control, fd) && control_read(control, fd, room);
    }
    memory_free(room);
    memory_free(head);
    return well;
}

int control_ask(const struct control_request *request, struct control_answer *answer)
{
    struct control control = {.request = request, .answer = answer};
    char path[ADMINPATH_ROOM];

    *answer = (struct control_answer){0};
    if (request->socket)
        snprintf(path, sizeof path, "%s", request->socket);
    else
        adminpath_default(path);
    int fd = control_connect(path);
    if (fd < 0)
        return CONTROL_NETWORK;
    bool well = control_exchange(&control, fd);
    close(fd);
    if (well)
        return 0;
    text_fini(&answer->content);
    return control_fail(path, "the server broke off");
}

int control_refused(const char *command, const struct control_answer *answer)
{
    fprintf(stderr, "stet %s: %.*s", command, (int)answer->content.len, answer->content.at);
    if (!answer->content.len || answer->content.at[answer->content.len - 1] != '\n')
        fprintf(stderr, "%sthe server answered %d\n", answer->content.len ? "\n" : "",
                answer->status);
    return 1;
}

int control_show(const char *command, const struct control_request *request)
{
    struct control_answer answer;
    int status = control_ask(request, &answer);

    if (status)
        return status;
    if (answer.status == 200)
        fwrite(answer.content.at, 1, answer.content.len, stdout);
    else
        status = control_refused(command, &answer);
    text_fini(&answer.content);
    return status;
}

void control_encode(struct text *to, struct stet_span text)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] && strchr(plain, text.at[i]))
            text_put(to, text.at + i, 1);
        else
            text_say(to, "%%%02X", (unsigned char)text.at[i]);
    }
}
