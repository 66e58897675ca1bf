/* HTTP/1 requests: the real reader, given a connection's octets in pieces of any size, gets what
 * the reference reader gets from the whole: the same requests with the same parts, the same
 * refusal. Both scanners agree on every piece.
 *
 * The first two octets of an input choose the pieces, the rest is the connection. */
#include <string.h>

#include "wire/h1_chunked.h"
#include "wire/h1_head.h"

#include "fuzz.h"
#include "h1_limits.h"

enum { SIZE_MOST = 8192 };

/* Small, so that a fuzzer reaches them. */
static const struct limits limits = {
    .head_size = 600,
    .target_size = 80,
    .method_size = 12,
    .field_count = 12,
    .trailer_size = 100,
    .chunk_line_size = 40,
    .chunk_extension_total = 60,
};

/* A connection: the octets in [at, have) have arrived and were not read yet. */
struct connection {
    const char *octets;
    size_t size, at, have;
    uint32_t pieces; /* a random state */
};

static struct reference reference;
static struct h1_head head, twin;
static struct stet_field trailer_fields[H1_FIELDS_MAX];

static bool more_arrives(struct connection *c)
{
    if (c->have == c->size)
        return false;
    c->pieces = c->pieces * 1664525 + 1013904223;
    uint32_t width = c->pieces >> 28;
    size_t piece = 1 + (c->pieces >> 8) % (1U << width);
    c->have = c->size - c->have < piece ? c->size : c->have + piece;
    return true;
}

/* What has arrived, in memory of its own without an octet to spare. */
static char *arrived(const struct connection *c)
{
    size_t size = c->have - c->at;
    char *copy = malloc(size ? size : 1);
    must(copy);
    memcpy(copy, c->octets + c->at, size);
    return copy;
}

static bool same(struct stet_span a, struct reference_text b)
{
    return !a.at == !b.at && a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
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
    return !stet_head_has(a, STET_FIELD_UNKNOWN);
}

static void same_twins(int got, int scalar)
{
    must(got == scalar);
    if (got <= 0)
        return;
    const struct stet_request *a = &head.request, *b = &twin.request;
    must(a->method == b->method && stet_span_equal(a->method_name, b->method_name));
    must(stet_span_equal(a->target, b->target) && a->head.count == b->head.count);
    must(a->head.seen[0] == b->head.seen[0] && a->head.seen[1] == b->head.seen[1]);
    must(head.minor == twin.minor && head.skipped == twin.skipped);
    for (size_t i = 0; i < a->head.count; i++)
        must(head.fields[i].name.at == twin.fields[i].name.at &&
             head.fields[i].name.len == twin.fields[i].name.len &&
             head.fields[i].value.at == twin.fields[i].value.at &&
             head.fields[i].value.len == twin.fields[i].value.len &&
             head.fields[i].id == twin.fields[i].id);
}

/* What the real reader makes of the head is what the reference has as `want`. */
static void same_request(const struct h1_framing *framing, const struct reference_request *want)
{
    const struct stet_request *request = &head.request;
    struct reference_text scheme = {"http", 4};
    must(same(request->method_name, want->method) && same(request->target, want->target));
    must(request->method == stet_method_of(request->method_name) && head.minor == want->minor);
    must(same(request->scheme, want->scheme.at ? want->scheme : scheme));
    must(same(request->authority, want->authority));
    must(same(request->path, want->path) && same(request->query, want->query));
    must(same_fields(&request->head, &want->headers));
    must((framing->content == H1_CHUNKED) == want->chunked);
    must(framing->persistent == want->persistent && framing->keep_alive == want->keep_alive);
    must(framing->expects_continue == want->expects_continue);
    must((framing->content == H1_LENGTH) == (framing->length > 0));
}

/* Reads a head and compares it. 0 when the stream ended, 1 when it was read, or the refusal. */
static int head_tried(struct connection *c, struct h1_framing *framing,
                      const struct reference_request *want)
{
    size_t looked = 0;
    for (;;) {
        char *copy = arrived(c);
        size_t size = c->have - c->at;
        int got = h1_request_read(copy, size, &limits, &head);
        same_twins(got, h1_request_read_scalar(copy, size, &limits, &twin));
        must(got <= 0 || h1_head_may_end(copy, (size_t)got, looked < (size_t)got ? looked : 0));
        looked = size;
        if (got > 0) {
            int verdict = h1_request_check(&head, STET_SPAN("http"), framing);
            if (verdict == 0)
                same_request(framing, want);
            c->at += (size_t)got;
            got = verdict == 0 ? 1 : verdict;
        }
        free(copy);
        if (got != 0 || !more_arrives(c))
            return got;
    }
}

static void content_compared(struct stet_span data, size_t *read,
                             const struct reference_request *want)
{
    must(data.len <= want->content_len - *read);
    must(memcmp(data.at, want->content + *read, data.len) == 0);
    *read += data.len;
}

static int length_tried(struct connection *c, uint64_t left, const struct reference_request *want)
{
    size_t read = 0;
    while (left > 0) {
        size_t part = c->have - c->at < left ? c->have - c->at : (size_t)left;
        content_compared(stet_span(c->octets + c->at, part), &read, want);
        c->at += part;
        left -= part;
        if (left > 0 && !more_arrives(c))
            break;
    }
    must(read == want->content_len);
    return left == 0;
}

static int trailers_tried(struct connection *c, const struct reference_request *want)
{
    for (;;) {
        struct stet_head trailers;
        char *copy = arrived(c);
        int got = h1_trailers_read(copy, c->have - c->at, &limits, trailer_fields, &trailers);
        if (got > 0)
            must(same_fields(&trailers, &want->trailers));
        free(copy);
        if (got > 0)
            c->at += (size_t)got;
        if (got != 0 || !more_arrives(c))
            return got > 0 ? 1 : got;
    }
}

static int chunked_tried(struct connection *c, const struct reference_request *want)
{
    struct h1_chunked chunked = {H1_CHUNK_LINE, 0, 0};
    size_t read = 0;
    for (;;) {
        char *copy = arrived(c);
        struct stet_span input = stet_span(copy, c->have - c->at), data = STET_SPAN_NONE;
        int got = h1_chunked_read(&chunked, &input, &data, &limits);
        if (got == H1_CHUNKED_DATA) {
            must(data.len > 0);
            content_compared(data, &read, want);
        }
        c->at = c->have - input.len;
        free(copy);
        if (got == H1_CHUNKED_MORE && more_arrives(c))
            continue;
        if (got != H1_CHUNKED_DATA)
            must(read == want->content_len);
        if (got == H1_CHUNKED_TRAILERS)
            return trailers_tried(c, want);
        if (got < 0 || got == H1_CHUNKED_MORE)
            return got;
    }
}

static int content_tried(struct connection *c, const struct h1_framing *framing,
                         const struct reference_request *want)
{
    if (framing->content == H1_CHUNKED)
        return chunked_tried(c, want);
    return length_tried(c, framing->length, want);
}

static void connection_tried(struct connection *c)
{
    for (size_t i = 0; i < REFERENCE_REQUESTS_MAX; i++) {
        const struct reference_request *want = &reference.request[i];
        struct h1_framing framing;
        int got = head_tried(c, &framing, want);
        must((got == 1) == (i < reference.count));
        if (got == 1) {
            got = content_tried(c, &framing, want);
            must((got == 1) == want->complete);
        }
        if (got == 1 && framing.persistent)
            continue;
        must(i + 1 == reference.count || i == reference.count);
        must(got == 1 ? reference.status == 0 : reference.status == -got);
        return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > SIZE_MOST)
        return 0;
    struct connection connection = {
        .octets = (const char *)data + 2,
        .size = size - 2,
        .pieces = (uint32_t)data[0] << 8 | data[1],
    };
    const struct reference_limits most = reference_limits_of(&limits);
    reference_read(&reference, connection.octets, connection.size, &most);
    connection_tried(&connection);
    /* And all at once. */
    connection.at = 0;
    connection.have = connection.size;
    connection_tried(&connection);
    reference_free(&reference);
    return 0;
}
