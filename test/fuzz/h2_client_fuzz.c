/* An origin that says anything over HTTP/2: what is told of it is in order and lawful, whatever
 * comes, however it is cut; and nothing is left behind.
 *
 * The first octet chooses how the input is cut and what the owners of the streams do; the second
 * one the requests. The rest is what the origin sends, behind its SETTINGS, which with 32 in the
 * first octet offer extended CONNECT; a request of kind 3 asks for WebSocket then. */
#include "wire/h2_client.h"

#include <string.h>

#include "fuzz.h"

enum { STREAMS = 4 };

struct owner {
    struct h2_client_stream *stream;
    struct world *world;
    uint64_t content, length;
    bool has_length, headed, ended, paused, socket;
    unsigned interims;
};

struct world {
    struct h2_client *client;
    struct owner owners[STREAMS];
    uint8_t manner;
};

/* What goes on from here could be written into a response of HTTP/1. */
static void must_be_clean(const struct stet_head *head)
{
    for (size_t i = 0; i < head->count; i++) {
        const struct stet_field *field = &head->fields[i];
        must(stet_span_is_token(field->name));
        for (size_t j = 0; j < field->value.len; j++)
            must(!strchr("\r\n", field->value.at[j]));
        must(field->id != STET_FIELD_TRANSFER_ENCODING && field->id != STET_FIELD_CONNECTION);
    }
}

static void owner_acts(struct owner *owner)
{
    if ((owner->world->manner & 8) && owner->stream) {
        h2_client_cancel(owner->stream);
        owner->stream = NULL;
        owner->ended = true;
    }
}

static void on_interim(void *data, const struct stet_response *response)
{
    struct owner *owner = data;
    must(!owner->ended && !owner->headed && response->status / 100 == 1);
    must(response->status != 101 && ++owner->interims <= CLIENT_INTERIMS_MAX);
    must_be_clean(&response->head);
}

static void on_head(void *data, const struct stet_response *response,
                    const struct response_framing *framing)
{
    struct owner *owner = data;
    const bool opens = response->status == 101;
    must(!owner->ended && !owner->headed && response->status < 600);
    must(opens ? owner->socket && framing->content == RESPONSE_TUNNEL : response->status >= 200);
    must(opens == stet_head_has(&response->head, STET_FIELD_UPGRADE));
    must(framing->content != RESPONSE_UNTIL_CLOSE && framing->version == 20);
    must_be_clean(&response->head);
    owner->headed = true;
    owner->has_length = framing->content == RESPONSE_LENGTH;
    owner->length = framing->content == RESPONSE_NO_CONTENT ? 0 : framing->length;
    owner_acts(owner);
}

static bool on_content(void *data, struct stet_span bytes)
{
    struct owner *owner = data;
    must(!owner->ended && owner->headed && !owner->paused && bytes.len > 0);
    owner->content += bytes.len;
    must(!owner->has_length || owner->content <= owner->length);
    owner->paused = owner->world->manner & 16;
    return !owner->paused;
}

static void on_end(void *data, enum client_end end, const struct stet_head *trailers)
{
    struct owner *owner = data;
    must(!owner->ended && (owner->stream->error == STET_PROXY_ERROR_NONE) == (end == 0));
    must(end != CLIENT_COMPLETE || owner->headed);
    must(end != CLIENT_COMPLETE || !owner->has_length || owner->content == owner->length);
    must(!owner->stream->refused || !owner->headed);
    must_be_clean(trailers);
    owner->ended = true;
    owner->stream = NULL;
}

static void on_room(void *data)
{
    const struct owner *owner = data;
    must(!owner->ended);
}

static const struct h2_client_events events = {{on_interim, on_head, on_content, on_end}, on_room};

static void world_begin(struct world *world, uint8_t methods)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "GET"};
    static const struct stet_span handshake =
        STET_SPAN_INIT("Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    for (size_t i = 0; i < STREAMS && h2_client_has_room(world->client); i++) {
        const struct stet_span name = stet_span_of(names[methods >> (2 * i) & 3]);
        const bool socket = (methods >> (2 * i) & 3) == 3 && (world->manner & 32);
        const bool content = name.at[0] == 'P';
        const struct client_request request = {.method = stet_method_of(name),
                                               .method_name = name,
                                               .target = STET_SPAN("/"),
                                               .host = STET_SPAN("a"),
                                               .block = socket ? handshake : STET_SPAN_NONE,
                                               .upgrade = socket,
                                               .has_content = content};
        struct owner *owner = &world->owners[i];
        owner->socket = socket;
        owner->world = world;
        owner->stream = h2_client_begin(world->client, &request, &events, owner);
        if (content)
            h2_client_send(owner->stream, STET_SPAN("some content"));
    }
}

static void world_flush(struct world *world)
{
    h2_client_run(world->client);
    while (h2_client_take(world->client).len > 0)
        continue;
    for (size_t i = 0; i < STREAMS; i++) {
        struct owner *owner = &world->owners[i];
        if (owner->paused && owner->stream) {
            owner->paused = false;
            h2_client_resume(owner->stream);
        }
    }
}

static void world_feed(struct world *world, const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {SIZE_MAX, 1, 7, 100};
    const size_t most = pieces[world->manner & 3];
    while (size > 0) {
        size_t part = size < most ? size : most;
        char *bytes = malloc(part);
        memcpy(bytes, data, part);
        h2_client_feed(world->client, bytes, part);
        free(bytes);
        world_flush(world);
        data += part;
        size -= part;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t settings[9] = {0, 0, 0, 4};
    static const uint8_t offer[15] = {0, 0, 6, 4, [10] = 8, [14] = 1};
    struct limits limits = limits_default();
    struct world world = {0};

    if (size < 2)
        return 0;
    limits.head_size = 4096;
    limits.h2_header_excess = 16384;
    limits.upstream_h2_streams = STREAMS;
    struct h2_client_kit *kit = h2_client_kit_new(&limits);
    world.client = h2_client_new(kit, STET_SPAN("http"));
    world.manner = data[0];
    world_begin(&world, data[1]);
    world_flush(&world);
    if (world.manner & 32)
        world_feed(&world, offer, sizeof offer);
    else
        world_feed(&world, settings, sizeof settings);
    world_feed(&world, data + 2, size - 2);
    for (unsigned i = 0; i < 100; i++)
        world_flush(&world);
    if (!(world.manner & 4))
        h2_client_closed(world.client);
    for (size_t i = 0; i < STREAMS && !(world.manner & 4); i++)
        must(!world.owners[i].world || world.owners[i].ended);
    h2_client_free(world.client);
    h2_client_kit_free(kit);
    return 0;
}
