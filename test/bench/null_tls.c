/* The null server over TLS: the limit for HTTP/1 and HTTP/2 there. One epoll thread that decrypts,
 * and answers whatever asks with one constant answer: over HTTP/1 nothing is parsed, over HTTP/2
 * only what libnghttp2 cannot do without.
 *
 *     null_tls PORT FILE CERTIFICATE KEY
 *
 * FILE holds one whole answer as in null_server.c. What one turn of a connection has to say leaves
 * in one send. The protocol is what ALPN chose. A connection ends when the client ends it.
 */
#include <gnutls/gnutls.h>
#include <nghttp2/nghttp2.h>

#include "null.h"

#define TURN_SIZE (256 << 10) /* plain octets encrypted before the socket is tried */
#define RECORD_SIZE 16384
#define FIELDS_MAX 32

struct client {
    gnutls_session_t tls;
    nghttp2_session *h2; /* NULL: HTTP/1 */
    int fd;
    bool shaken;      /* the handshake is done */
    size_t due;       /* HTTP/1: plain octets of answers to be encrypted, counted from their end */
    char *held;       /* encrypted, not taken by the socket */
    size_t held_size; /* of it */
};

/* What all share: the answer, and the room where a turn's records are put together. */
static char *answer;
static size_t answer_size, head_size;
static nghttp2_nv fields[FIELDS_MAX];
static size_t field_count;
static char *sealed;
static size_t sealed_size, sealed_room;
static gnutls_certificate_credentials_t credentials;
static gnutls_priority_t priorities;
static gnutls_datum_t ticket_key;

static void need(bool well, const char *what)
{
    if (well)
        return;
    fprintf(stderr, "null_tls: %s\n", what);
    exit(1);
}

static void read_answer(const char *path)
{
    answer = null_answer(path, &answer_size);
    const char *end = memmem(answer, answer_size, "\r\n\r\n", 4);
    need(end != NULL, "the answer has no end of its head");
    head_size = (size_t)(end - answer) + 4;
}

static void add_field(char *name, size_t name_size, const char *value, size_t value_size)
{
    need(field_count < FIELDS_MAX, "the answer has too many fields");
    fields[field_count++] = (nghttp2_nv){
        .name = (uint8_t *)name,
        .value = (uint8_t *)(uintptr_t)value,
        .namelen = name_size,
        .valuelen = value_size,
        .flags = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE,
    };
}

/* The same head for HTTP/2. */
static void read_fields(void)
{
    static char status_name[] = ":status";
    char *at = strndup(answer, head_size - 2), *line, *rest = NULL;

    line = at ? strtok_r(at, "\r\n", &rest) : NULL;
    need(line && strlen(line) >= 12, "the answer has no status line");
    add_field(status_name, 7, line + 9, 3);
    while ((line = strtok_r(NULL, "\r\n", &rest))) {
        char *colon = strchr(line, ':');
        need(colon != NULL, "a line of the answer has no colon");
        for (char *letter = line; letter < colon; letter++)
            *letter |= *letter >= 'A' && *letter <= 'Z' ? 0x20 : 0;
        const char *value = colon + 1 + strspn(colon + 1, " ");
        add_field(line, (size_t)(colon - line), value, strlen(value));
    }
}

/* ---- output ---- */

static ssize_t seal(gnutls_transport_ptr_t owner, const void *bytes, size_t size)
{
    (void)owner;
    if (sealed_room - sealed_size < size) {
        sealed_room = 2 * (sealed_size + size);
        sealed = realloc(sealed, sealed_room);
        need(sealed != NULL, "out of memory");
    }
    memcpy(sealed + sealed_size, bytes, size);
    sealed_size += size;
    return (ssize_t)size;
}

/* Sends; keeps what the socket does not take. False when the peer is gone. */
static bool push(struct client *client, const char *bytes, size_t size)
{
    ssize_t sent = size ? send(client->fd, bytes, size, MSG_NOSIGNAL) : 0;
    if (sent < 0 && errno != EAGAIN)
        return false;
    size_t left = size - (size_t)(sent > 0 ? sent : 0);
    char *held = NULL;
    if (left) {
        held = malloc(left);
        need(held != NULL, "out of memory");
        memcpy(held, bytes + size - left, left);
    }
    free(client->held);
    client->held = held;
    client->held_size = left;
    return true;
}

static void encrypt(struct client *client, const char *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        const size_t piece = size - done < RECORD_SIZE ? size - done : RECORD_SIZE;
        const ssize_t sent = gnutls_record_send(client->tls, bytes + done, piece);
        need(sent > 0, "encrypting failed");
        done += (size_t)sent;
    }
}

/* Puts together up to a turn's share of what HTTP/1 has to say. */
static void say_h1(struct client *client)
{
    static char row[TURN_SIZE];
    size_t used = 0;

    while (client->due && used < sizeof row) {
        const size_t part = client->due % answer_size ? client->due % answer_size : answer_size;
        const size_t piece = part < sizeof row - used ? part : sizeof row - used;
        memcpy(row + used, answer + answer_size - part, piece);
        used += piece;
        client->due -= piece;
    }
    encrypt(client, row, used);
}

static bool say_h2(struct client *client)
{
    static char row[TURN_SIZE + RECORD_SIZE + 64];
    const uint8_t *frame;
    size_t used = 0;
    ssize_t size = 0;

    while (used < TURN_SIZE && (size = nghttp2_session_mem_send(client->h2, &frame)) > 0) {
        need((size_t)size <= sizeof row - used, "a frame is too large");
        memcpy(row + used, frame, (size_t)size);
        used += (size_t)size;
    }
    encrypt(client, row, used);
    return size >= 0;
}

/* Goes on sending while the socket takes it. False when the peer is gone. */
static bool flush(struct client *client)
{
    if (client->held && !push(client, client->held, client->held_size))
        return false;
    while (!client->held) {
        if (client->h2 && !say_h2(client))
            return false;
        if (!client->h2)
            say_h1(client);
        const size_t size = sealed_size;
        sealed_size = 0;
        if (!push(client, sealed, size))
            return false;
        if (size == 0)
            return true;
    }
    return true;
}

/* ---- HTTP/2 ---- */

static ssize_t read_content(nghttp2_session *session, int32_t stream, uint8_t *to, size_t size,
                            uint32_t *flags, nghttp2_data_source *source, void *owner)
{
    (void)owner;
    (void)source;
    const size_t from = (size_t)nghttp2_session_get_stream_user_data(session, stream);
    const size_t left = answer_size - head_size - from;
    const size_t piece = left < size ? left : size;

    memcpy(to, answer + head_size + from, piece);
    nghttp2_session_set_stream_user_data(session, stream, (void *)(from + piece));
    if (piece == left)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)piece;
}

static int heard(nghttp2_session *session, const nghttp2_frame *frame, void *owner)
{
    const nghttp2_data_provider content = {.read_callback = read_content};

    (void)owner;
    if (frame->hd.type == NGHTTP2_HEADERS && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return nghttp2_submit_response(session, frame->hd.stream_id, fields, field_count,
                                       answer_size > head_size ? &content : NULL);
    return 0;
}

static void begin_h2(struct client *client)
{
    const nghttp2_settings_entry settings = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1000};
    nghttp2_session_callbacks *callbacks = NULL;

    need(nghttp2_session_callbacks_new(&callbacks) == 0, "out of memory");
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, heard);
    need(nghttp2_session_server_new(&client->h2, callbacks, client) == 0, "out of memory");
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(client->h2, NGHTTP2_FLAG_NONE, &settings, 1);
}

/* ---- input ---- */

static void chosen(struct client *client)
{
    gnutls_datum_t protocol = {0};

    client->shaken = true;
    if (gnutls_alpn_get_selected_protocol(client->tls, &protocol) == 0 && protocol.size == 2)
        begin_h2(client);
}

/* False when the connection is over. */
static bool shake(struct client *client)
{
    const int result = gnutls_handshake(client->tls);
    if (result == 0)
        chosen(client);
    else if (gnutls_error_is_fatal(result))
        return false;
    const size_t size = sealed_size;
    sealed_size = 0;
    return client->held ? true : push(client, sealed, size);
}

static bool listen_to(struct client *client)
{
    static char bytes[NULL_READ_SIZE];
    ssize_t got;

    while ((got = gnutls_record_recv(client->tls, bytes, sizeof bytes)) > 0) {
        if (!client->h2)
            client->due += null_heads(bytes, (size_t)got) * answer_size;
        else if (nghttp2_session_mem_recv(client->h2, (const uint8_t *)bytes, (size_t)got) < 0)
            return false;
    }
    return got == GNUTLS_E_AGAIN;
}

static void drop(struct client *client)
{
    sealed_size = 0;
    close(client->fd);
    gnutls_deinit(client->tls);
    nghttp2_session_del(client->h2);
    free(client->held);
    free(client);
}

static void serve(const struct epoll_event *event)
{
    struct client *client = event->data.ptr;

    if (!client->shaken && !shake(client))
        drop(client);
    else if (client->shaken && (!listen_to(client) || !flush(client)))
        drop(client);
}

/* ---- connections ---- */

static void greet(int fd, int epoll)
{
    static const gnutls_datum_t protocols[] = {{(unsigned char *)(uintptr_t) "h2", 2},
                                               {(unsigned char *)(uintptr_t) "http/1.1", 8}};
    struct client *client = calloc(1, sizeof *client);

    need(client != NULL, "out of memory");
    client->fd = fd;
    need(gnutls_init(&client->tls, GNUTLS_SERVER | GNUTLS_NONBLOCK) == 0, "out of memory");
    gnutls_priority_set(client->tls, priorities);
    gnutls_credentials_set(client->tls, GNUTLS_CRD_CERTIFICATE, credentials);
    gnutls_session_ticket_enable_server(client->tls, &ticket_key);
    gnutls_alpn_set_protocols(client->tls, protocols, 2, GNUTLS_ALPN_SERVER_PRECEDENCE);
    gnutls_transport_set_int2(client->tls, fd, fd);
    gnutls_transport_set_push_function(client->tls, seal);
    if (!null_watch(epoll, fd, (epoll_data_t){.ptr = client}))
        drop(client);
}

static void prepare(char **argv)
{
    read_answer(argv[2]);
    read_fields();
    need(gnutls_certificate_allocate_credentials(&credentials) == 0 &&
             gnutls_certificate_set_x509_key_file(credentials, argv[3], argv[4],
                                                  GNUTLS_X509_FMT_PEM) == 0,
         "the certificate or its key cannot be used");
    need(gnutls_priority_init(&priorities,
                              "SECURE128:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:"
                              "+AES-256-GCM:+CHACHA20-POLY1305:%SERVER_PRECEDENCE",
                              NULL) == 0,
         "priorities");
    need(gnutls_session_ticket_key_generate(&ticket_key) == 0, "no key for tickets");
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: null_tls PORT FILE CERTIFICATE KEY\n");
        return 2;
    }
    prepare(argv);
    null_run(argv[1], &(struct null_ways){.greet = greet, .serve = serve});
}
