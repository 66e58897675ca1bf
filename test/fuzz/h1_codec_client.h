/* The client of h1_codec_fuzz.c: reads what was sent, and holds it against what was promised. */
#ifndef TEST_FUZZ_H1_CODEC_CLIENT_H
#define TEST_FUZZ_H1_CODEC_CLIENT_H

#include "h1_codec_world.h"

struct client {
    const char *at;
    const char *end;
};

static struct stet_span line_next(struct client *client)
{
    const char *stop = memchr(client->at, '\n', (size_t)(client->end - client->at));
    must(stop && stop > client->at && stop[-1] == '\r');
    struct stet_span line = stet_span(client->at, (size_t)(stop - 1 - client->at));
    client->at = stop + 1;
    return line;
}

struct answer_head {
    int status;
    size_t number; /* X-N, or 0 */
    size_t dates;
    bool dated; /* by the service */
    bool close, chunked, has_length, upgrade;
    uint64_t length;
};

static void field_noted(struct stet_span line, struct answer_head *head)
{
    struct stet_span name = stet_span(line.at, stet_span_find(line, ':'));
    struct stet_span value = stet_span_trim(stet_span_from(line, name.len + 1));
    uint64_t number = 0;
    must(stet_span_is_token(name) && name.len < line.len);
    if (stet_span_equal(name, STET_SPAN("X-N"))) {
        must(head->number == 0 && stet_span_number(value, 1000, &number));
        head->number = (size_t)number;
    } else if (stet_span_equal(name, STET_SPAN("Content-Length"))) {
        must(!head->has_length && stet_span_number(value, UINT64_MAX, &head->length));
        head->has_length = true;
    } else if (stet_span_equal(name, STET_SPAN("Transfer-Encoding"))) {
        must(!head->chunked && stet_span_equal(value, STET_SPAN("chunked")));
        head->chunked = true;
    } else if (stet_span_equal(name, STET_SPAN("Connection"))) {
        head->close = stet_span_equal(value, STET_SPAN("close"));
        head->upgrade = stet_span_equal(value, STET_SPAN("upgrade"));
        must(head->close || head->upgrade || stet_span_equal(value, STET_SPAN("keep-alive")));
    } else if (stet_span_equal(name, STET_SPAN("Date"))) {
        head->dates++;
        head->dated = stet_span_equal(value, STET_SPAN(THEN));
        must(head->dated || stet_span_equal(value, STET_SPAN(NOW)));
    }
}

static struct answer_head head_got(struct client *client)
{
    struct answer_head head = {0};
    struct stet_span line = line_next(client);
    uint64_t status = 0;
    must(stet_span_starts(line, STET_SPAN("HTTP/1.1 ")) && line.len >= 13 && line.at[12] == ' ');
    must(stet_span_number(stet_span(line.at + 9, 3), 999, &status));
    head.status = (int)status;
    while ((line = line_next(client)).len > 0)
        field_noted(line, &head);
    must(!head.chunked || !head.has_length);
    return head;
}

static void octets_got(struct client *client, size_t number, size_t from, size_t count)
{
    must(count <= (size_t)(client->end - client->at));
    for (size_t i = 0; i < count; i++)
        must(client->at[i] == pattern(number, from + i));
    client->at += count;
}

static size_t chunks_got(struct client *client, size_t number)
{
    size_t got = 0;
    for (;;) {
        struct stet_span line = line_next(client);
        size_t size = 0;
        must(line.len > 0 && line.len < 8);
        for (size_t i = 0; i < line.len; i++) {
            const char *digit = memchr("0123456789abcdef", line.at[i], 16);
            must(digit);
            size = size * 16 + (size_t)(digit - "0123456789abcdef");
        }
        octets_got(client, number, got, size);
        got += size;
        if (size == 0 && world.promises[number].trailers)
            must(stet_span_equal(line_next(client), STET_SPAN("X-T: 1")));
        must(line_next(client).len == 0);
        if (size == 0)
            return got;
    }
}

static void content_got(struct client *client, const struct answer_head *head, bool to_head)
{
    const struct promise *promise = &world.promises[head->number];
    bool old = world.reference.request[head->number - 1].minor == 0;
    must(head->status == promise->status && head->dates == 1 && head->dated == promise->dated);
    must(head->upgrade == (head->status == 101));
    if (promise->manner == EMPTY || promise->manner == TUNNEL)
        must(!head->chunked && !head->has_length);
    if (promise->manner == TUNNEL) {
        octets_got(client, head->number, 0, promise->length);
        must(client->at == client->end);
        return;
    }
    if (promise->manner == EMPTY)
        return;
    must(!head->has_length || head->length == promise->length);
    must(!head->chunked || !old);
    if (to_head)
        return;
    if (head->chunked) {
        must(chunks_got(client, head->number) == promise->length);
        return;
    }
    must(head->has_length || (head->close && old));
    octets_got(client, head->number, 0, promise->length);
    must(head->has_length || client->at == client->end);
}

/* A head that comes slowly is not read before it may be whole, so a fault in it may go unnoticed
 * when the stream ends first; there is no request then. */
static bool head_unread(void)
{
    const char *rest = world.octets + world.size - world.unread;
    return world.ended && world.unread > 0 && !h1_head_may_end(rest, world.unread, 0);
}

static bool is_head(const struct reference_request *request)
{
    /* With a target: the method may be half of one. */
    return request->target.at && request->method.len == 4 &&
           memcmp(request->method.at, "HEAD", 4) == 0;
}

/* The answers to the requests that were heard, in order, and the refusal. */
static void client_content(void)
{
    struct client client = {sent, sent + (world.broken ? world.sent_before : world.sent_size)};
    size_t number = 0, interims = 0;
    bool refused = false, over = false, continued = false;
    while (client.at < client.end) {
        must(!over);
        struct answer_head head = head_got(&client);
        if (head.status < 200 && head.status != 101) {
            const struct promise *promise = &world.promises[number + 1];
            must(number < world.heard && world.reference.request[number].minor > 0);
            must(head.status == 100 ? promise->continues && !continued
                                    : interims++ < promise->interims);
            continued |= head.status == 100;
            must(!head.chunked && !head.has_length && !head.close && head.dates == 0);
            continue;
        }
        continued = false;
        interims = 0;
        over = head.close;
        if (head.number > 0) {
            number++;
            must(head.number == number && number <= world.heard);
            content_got(&client, &head, is_head(&world.reference.request[number - 1]));
            world.may_stop |= head.close;
            continue;
        }
        must(world.refused && head.status == world.refused && head.close && head.has_length);
        refused = true;
        /* The request that was refused, in its head or in its content. */
        bool in_head = world.heard == number;
        bool to_head = is_head(&world.reference.request[in_head ? number : world.heard - 1]);
        must((size_t)(client.end - client.at) == (to_head ? 0 : head.length));
        client.at = client.end;
    }
    must(number + (refused ? 1 : 0) >= world.heard || world.ended || world.broken);
    must(world.may_stop || world.heard == world.reference.count);
    must(world.may_stop || world.refused == world.reference.status || head_unread());
    must(!world.refused || refused || world.promises[world.heard].answered);
}

#endif
