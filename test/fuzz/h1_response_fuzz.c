/* HTTP/1 responses: the client codec, given what an origin sends in pieces of any size, tells what
 * the reference reader finds in the whole: the same interim heads, head, content, trailers and end.
 * Nothing behind a response is ever taken for another one, and the connection is usable exactly
 * when nothing is wrong with it.
 *
 * The first octet of an input chooses the request, the next two the pieces, the rest is what the
 * origin sends. */
#include <string.h>

#include "wire/h1_client.h"

#include "fuzz.h"
#include "h1_limits.h"
#include "h1_response_reference.h"

enum { SIZE_MOST = 8192, HEAD_ROOM = 512 };

/* Small, so that a fuzzer reaches them. */
static const struct limits limits = {
    .head_size = 400,
    .field_count = 12,
    .trailer_size = 100,
    .chunk_line_size = 40,
    .chunk_extension_total = 60,
};

/* What the first octet says. */
enum {
    METHODS = 3,
    UPGRADES = 4,
    LENIENT = 8,
    UNCLEAN = 16,
    PAUSES = 32,
    UNSENT = 64, /* the request's content is never sent whole */
    WHOLE = 128  /* all octets arrive at once */
};

static const char *const methods[] = {"GET", "HEAD", "CONNECT", "POST"};

/* An origin's octets: those in [at, have) have arrived and were not consumed yet. */
struct connection {
    char *octets;
    size_t size, at, have;
    unsigned options;
    uint32_t pieces; /* a random state */
    struct h1_client client;
    struct h1_client_setup setup;
    struct reference_question question;
    size_t interims, content;
    bool head, ended;
    enum client_end end;
};

static struct reference_answer answer;
static struct h1_response_head scratch;

static uint32_t chance(struct connection *c, uint32_t of)
{
    c->pieces = c->pieces * 1664525 + 1013904223;
    return (c->pieces >> 8) % of;
}

static bool same(struct stet_span a, struct reference_text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static bool same_fields(const struct stet_head *a, const struct reference_fields *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct stet_field *field = &a->fields[i];
        if (!same(field->name, b->field[i].name) || !same(field->value, b->field[i].value) ||
            field->id != stet_field_id(field->name) ||
            (field->id != STET_FIELD_UNKNOWN && !stet_head_has(a, field->id)))
            return false;
    }
    return true;
}

static void same_response(const struct stet_response *response,
                          const struct reference_response *want)
{
    must(response->status == want->status);
    must(same_fields(&response->head, &want->headers));
    must(scratch.minor == want->minor && same(scratch.reason_phrase, want->phrase));
}

static void on_interim(void *owner, const struct stet_response *response)
{
    struct connection *c = owner;
    must(!c->ended && !c->head && c->interims < answer.interims);
    same_response(response, &answer.interim[c->interims++]);
}

static void on_head(void *owner, const struct stet_response *response,
                    const struct response_framing *framing)
{
    struct connection *c = owner;
    must(!c->ended && !c->head && c->interims == answer.interims && answer.has_final);
    c->head = true;
    same_response(response, &answer.final);
    must((int)framing->content == (int)answer.framing);
    must(framing->version == 10 + answer.final.minor && framing->persistent == answer.persistent);
}

static bool on_content(void *owner, struct stet_span bytes)
{
    struct connection *c = owner;
    must(!c->ended && c->head && !c->client.paused);
    must(bytes.len > 0 && bytes.len <= answer.content_len - c->content);
    must(memcmp(bytes.at, answer.content + c->content, bytes.len) == 0);
    c->content += bytes.len;
    return !(c->options & PAUSES) || chance(c, 2);
}

static bool may_keep(const struct connection *c)
{
    bool sent = strcmp(c->question.method, "POST") != 0 || !(c->options & UNSENT);
    return answer.end == REFERENCE_COMPLETE && answer.persistent && sent;
}

static enum stet_proxy_error error_wanted(void)
{
    switch (answer.fault) {
    case 0:
        return STET_PROXY_ERROR_HTTP_RESPONSE_INCOMPLETE;
    case 413:
        return STET_PROXY_ERROR_HTTP_RESPONSE_BODY_SIZE;
    case 431:
        return answer.in_trailer ? STET_PROXY_ERROR_HTTP_RESPONSE_TRAILER_SECTION_SIZE
                                 : STET_PROXY_ERROR_HTTP_RESPONSE_HEADER_SECTION_SIZE;
    case 501:
        return STET_PROXY_ERROR_HTTP_RESPONSE_TRANSFER_CODING;
    default:
        return STET_PROXY_ERROR_HTTP_PROTOCOL_ERROR;
    }
}

static void same_error(const struct connection *c, enum stet_proxy_error error)
{
    if (c->end == CLIENT_COMPLETE)
        must(error == STET_PROXY_ERROR_NONE);
    else if (!h1_client_heard(&c->client))
        must(error == STET_PROXY_ERROR_CONNECTION_TERMINATED);
    else if (!answer.open_line)
        must(error == error_wanted());
}

static void on_end(void *owner, enum client_end end, const struct stet_head *trailers)
{
    struct connection *c = owner;
    must(!c->ended && c->interims == answer.interims && c->content == answer.content_len);
    must(c->head == answer.has_final);
    must((int)end == (int)answer.end || (answer.open_line && end == CLIENT_TRUNCATED));
    if (end == CLIENT_COMPLETE)
        must(same_fields(trailers, &answer.trailers));
    else
        must(trailers->count == 0);
    must(!h1_client_usable(&c->client) || may_keep(c));
    c->end = end;
    c->ended = true;
    same_error(c, h1_client_error(&c->client));
}

static const struct client_events events = {on_interim, on_head, on_content, on_end};

/* Begins a request, and reads what is to come by the reference. */
static void request_begun(struct connection *c)
{
    static char head[HEAD_ROOM];
    struct stet_span name = stet_span_of(c->question.method);
    bool post = stet_span_equal(name, STET_SPAN("POST"));
    struct client_request request = {
        .method = stet_method_of(name),
        .method_name = name,
        .target = STET_SPAN("/a"),
        .host = STET_SPAN("h"),
        .block = c->question.upgrade ? STET_SPAN("Upgrade: x\r\n") : STET_SPAN_NONE,
        .has_content = post,
        .upgrade = c->question.upgrade,
    };
    must(h1_client_head_room(&request) <= sizeof head && h1_client_usable(&c->client));
    h1_client_begin(&c->client, &request, head);
    if (post && !(c->options & UNSENT)) {
        struct h1_client_frame frame;
        h1_client_frame(&c->client, 3, true, &frame);
    }
    must(h1_client_busy(&c->client) && !h1_client_heard(&c->client));
    const struct reference_limits most = reference_limits_of(&limits);
    c->interims = c->content = 0;
    c->head = c->ended = false;
    reference_answer_read(&answer, &c->question, c->octets + c->at, c->size - c->at, &most);
}

/* Offers what has arrived, in memory of its own without an octet to spare. */
static size_t offered(struct connection *c)
{
    size_t size = c->have - c->at;
    char *copy = malloc(size ? size : 1);
    must(copy);
    memcpy(copy, c->octets + c->at, size);
    size_t used = h1_client_feed(&c->client, copy, size);
    must(used <= size);
    memcpy(c->octets + c->at, copy, size); /* what was mended stays mended */
    free(copy);
    return used;
}

/* Feeds until nothing is consumed any more; nothing of what follows the response ever is. */
static void fed(struct connection *c, size_t start)
{
    for (;;) {
        size_t used = offered(c);
        c->at += used;
        must(c->at - start <= answer.used);
        if (c->client.paused)
            h1_client_resume(&c->client);
        else if (used == 0)
            return;
    }
}

static bool more_arrives(struct connection *c)
{
    if (c->have == c->size)
        return false;
    size_t piece = c->options & WHOLE ? c->size : 1 + chance(c, 1U << chance(c, 10));
    c->have = c->size - c->have < piece ? c->size : c->have + piece;
    return true;
}

/* One request and its response. True if the connection is good for another. */
static bool exchanged(struct connection *c)
{
    size_t start = c->at;
    request_begun(c);
    do
        fed(c, start);
    while (!c->ended && more_arrives(c));
    h1_client_resume(&c->client);
    if (!c->ended)
        h1_client_closed(&c->client, c->question.clean);
    must(c->ended);
    must(c->end != CLIENT_COMPLETE || c->at - start == answer.used);
    bool usable = h1_client_usable(&c->client);
    must(usable == (may_keep(c) && c->end == CLIENT_COMPLETE && c->at == c->have));
    return usable;
}

static void connection_tried(struct connection *c)
{
    h1_client_init(&c->client, &events, c, &c->setup);
    for (;;) {
        bool usable = exchanged(c);
        reference_answer_free(&answer);
        if (!usable || chance(c, 2))
            break;
    }
    /* The rest belongs to nobody. */
    while (more_arrives(c)) {
        must(offered(c) == 0);
        must(!h1_client_usable(&c->client));
    }
    h1_client_closed(&c->client, true);
    must(!h1_client_usable(&c->client) && !h1_client_busy(&c->client));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > SIZE_MOST)
        return 0;
    struct connection connection = {
        .size = size - 3,
        .options = data[0],
        .pieces = (uint32_t)data[1] << 8 | data[2],
        .setup = {.limits = &limits, .head = &scratch, .lenient = data[0] & LENIENT},
        .question = {.method = methods[data[0] & METHODS],
                     .upgrade = data[0] & UPGRADES,
                     .lenient = data[0] & LENIENT,
                     .clean = !(data[0] & UNCLEAN)},
    };
    connection.octets = malloc(size);
    must(connection.octets);
    memcpy(connection.octets, data + 3, size - 3);
    connection_tried(&connection);
    free(connection.octets);
    return 0;
}
