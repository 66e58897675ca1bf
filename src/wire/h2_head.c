/* Collects the head of a HTTP/2 request and makes of it what every other part of the server knows:
 * a struct stet_request with a Host.
 *
 *     :method :scheme :authority :path   --> method, scheme, authority, target, path, query; Host
 *     cookie: a  cookie: b               --> Cookie: a; b
 *     CONNECT with :protocol websocket   --> GET with Upgrade: websocket, Connection, a key
 *
 * nghttp2 has refused before what is malformed by itself: names in upper case, fields of a
 * connection, pseudo-header fields that are unknown, missing, repeated or late, control octets in
 * values. What remains is what HTTP/1 asks as well, by the same functions and with the same limits,
 * so that a client gains nothing by the one or the other.
 *
 * Nothing is copied: names and values are buffers of nghttp2, counted, and held while the head is
 * needed. Only crumbs of cookies are joined [RFC 9113 §8.2.3].
 *
 * Given up: a Sec-WebSocket-Key nobody can foretell. It shows a client that the server has
 * understood it, and here neither of the two is asked: the codec answers for itself [RFC 8441 §5].
 */
#include "wire/h2_head.h"

#include "base/check.h"
#include "base/memory.h"
#include "base/siphash.h"
#include "stet/list.h"
#include "stet/uri.h"

void h2_head_begin(struct h2_head *head, bool trailers)
{
    h2_head_fini(head);
    head->request = (struct stet_request){0};
    head->protocol = STET_SPAN_NONE;
    head->count = 1;
    head->size = 0;
    head->refused = 0;
    head->trailers = trailers;
    head->expects_continue = false;
}

void h2_head_fini(struct h2_head *head)
{
    for (size_t i = 0; i < head->lent_count; i++)
        nghttp2_rcbuf_decref(head->lent[i]);
    head->lent_count = 0;
    memory_free(head->cookie);
    head->cookie = NULL;
}

static struct stet_span head_lend(struct h2_head *head, nghttp2_rcbuf *buffer)
{
    const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
    CHECK(head->lent_count < H2_LENT_MAX);
    nghttp2_rcbuf_incref(buffer);
    head->lent[head->lent_count++] = buffer;
    return stet_span((const char *)bytes.base, bytes.len);
}

static void head_refuse(struct h2_head *head, int status)
{
    if (!head->refused)
        head->refused = status;
}

/* nghttp2 has seen to it that each comes once, before all others, and is one of these. */
static void head_add_pseudo(struct h2_head *head, const struct limits *limits,
                            struct stet_span name, nghttp2_rcbuf *value)
{
    const struct stet_span text = head_lend(head, value);

    if (stet_span_equal(name, STET_SPAN(":method"))) {
        head->request.method_name = text;
        if (text.len > limits->method_size)
            head_refuse(head, 501);
    } else if (stet_span_equal(name, STET_SPAN(":path"))) {
        head->request.target = text;
        if (text.len > limits->target_size)
            head_refuse(head, 414);
    } else if (stet_span_equal(name, STET_SPAN(":scheme"))) {
        head->request.scheme = text;
    } else if (stet_span_equal(name, STET_SPAN(":authority"))) {
        head->request.authority = text;
    } else {
        head->protocol = text;
    }
}

static void head_add_field(struct h2_head *head, const struct limits *limits, nghttp2_rcbuf *name,
                           nghttp2_rcbuf *value)
{
    if (head->count > limits->field_count) {
        head_refuse(head, 431);
        return;
    }
    struct stet_field *field = &head->fields[head->count++];
    field->name = head_lend(head, name);
    field->value = head_lend(head, value);
    field->id = stet_field_id(field->name);
}

enum h2_verdict h2_head_add(struct h2_head *head, const struct limits *limits, nghttp2_rcbuf *name,
                            nghttp2_rcbuf *value)
{
    const nghttp2_vec text = nghttp2_rcbuf_get_buf(name);
    const struct stet_span word = stet_span((const char *)text.base, text.len);

    head->size += text.len + nghttp2_rcbuf_get_buf(value).len + sizeof ": \r\n" - 1;
    if (head->size > limits->h2_header_excess)
        return H2_HEAD_FLOOD;
    if (head->size > (head->trailers ? limits->trailer_size : limits->head_size))
        head_refuse(head, 431);
    if (word.len > 0 && word.at[0] == ':') {
        head_add_pseudo(head, limits, word, value);
        return H2_HEAD_GOES;
    }
    if (!head->refused)
        head_add_field(head, limits, name, value);
    return H2_HEAD_GOES;
}

/* ---- the whole ---- */

/* Several lines of Cookie are one [RFC 9113 §8.2.3]. False when memory is out. */
static bool head_join_cookies(struct h2_head *head)
{
    struct stet_field *first = NULL;
    size_t crumbs = 0, room = 0, used = 0, kept = 1;

    for (size_t i = 1; i < head->count; i++) {
        if (head->fields[i].id == STET_FIELD_COOKIE) {
            crumbs++;
            room += head->fields[i].value.len + 2;
        }
    }
    if (crumbs < 2)
        return true;
    head->cookie = memory_new(room);
    if (!head->cookie)
        return false;
    for (size_t i = 1; i < head->count; i++) {
        const struct stet_field field = head->fields[i];
        if (field.id == STET_FIELD_COOKIE) {
            memcpy(head->cookie + used, "; ", 2);
            used += used ? 2 : 0;
            if (field.value.len > 0)
                memcpy(head->cookie + used, field.value.at, field.value.len);
            used += field.value.len;
            if (first)
                continue;
            first = &head->fields[kept];
        }
        head->fields[kept++] = field;
    }
    first->value = stet_span(head->cookie, used);
    head->count = kept;
    return true;
}

static void head_put(struct h2_head *head, struct stet_span name, struct stet_span value)
{
    CHECK(head->count < H2_FIELDS_MAX);
    head->fields[head->count++] = (struct stet_field){name, value, stet_field_id(name)};
}

/* 16 octets in base64 [RFC 6455 §4.1]. */
static void head_make_key(struct h2_head *head, uint64_t number)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint64_t seed[2] = {number, (uint64_t)(uintptr_t)head};
    const struct stet_span target = head->request.target;
    unsigned char nonce[18] = {0};
    uint64_t parts[2];

    siphash_wide(seed, target.at, target.len, parts);
    memcpy(nonce, parts, sizeof parts);
    for (size_t i = 0; i < 6; i++) {
        const unsigned char *at = nonce + 3 * i;
        const unsigned group = (unsigned)at[0] << 16 | (unsigned)at[1] << 8 | at[2];
        for (size_t j = 0; j < 4; j++)
            head->key[4 * i + j] = digits[(group >> (18 - 6 * j)) & 63];
    }
    memcpy(head->key + 22, "==", 3);
}

/* Extended CONNECT is the GET with Upgrade that it stands for [RFC 8441 §5]. */
static void head_extend(struct h2_head *head, uint64_t number)
{
    head->request.method = STET_METHOD_GET;
    head->request.method_name = STET_SPAN("GET");
    head_put(head, STET_SPAN("Connection"), STET_SPAN("Upgrade"));
    head_put(head, STET_SPAN("Upgrade"), head->protocol);
    if (!stet_span_equal_nocase(head->protocol, STET_SPAN("websocket")))
        return;
    head_make_key(head, number);
    head_put(head, STET_SPAN("Sec-WebSocket-Key"), stet_span(head->key, 24));
}

/* The fields, with a Host that is what :authority says, or says it. False: they differ
 * [RFC 9113 §8.3.1]. */
static bool head_settle_host(struct h2_head *head)
{
    struct stet_request *request = &head->request;
    const struct stet_field *host = NULL;

    for (size_t i = 1; i < head->count && !host; i++)
        if (head->fields[i].id == STET_FIELD_HOST)
            host = &head->fields[i];
    head->fields[0] = (struct stet_field){STET_SPAN("Host"), request->authority, STET_FIELD_HOST};
    const size_t from = host ? 1 : 0;
    request->head.fields = head->fields + from;
    request->head.count = head->count - from;
    stet_head_index(&request->head);
    if (!host)
        return true;
    if (!request->authority.at)
        request->authority = host->value;
    return stet_span_equal_nocase(request->authority, host->value);
}

/* What no reader of a request line may see within a target [RFC 9113 §8.2.1, §10.3]. */
static bool head_target_is_clean(struct stet_span target)
{
    for (size_t i = 0; i < target.len; i++)
        if (target.at[i] <= 0x20 || target.at[i] >= 0x7f)
            return false;
    return true;
}

/* What was asked for over another scheme's connection is not ours to answer [RFC 9110 §7.4]. */
static int head_check_scheme(struct stet_span said, struct stet_span scheme)
{
    if (stet_span_equal_nocase(said, scheme))
        return 0;
    return stet_span_equal_nocase(said, STET_SPAN("http")) ||
                   stet_span_equal_nocase(said, STET_SPAN("https"))
               ? 421
               : 400;
}

static int head_check_target(struct stet_request *request, struct stet_span scheme)
{
    const struct stet_span authority = request->authority;

    if (!head_target_is_clean(request->target) || !head_target_is_clean(authority))
        return H2_HEAD_MALFORMED;
    if (!stet_authority_valid(authority))
        return 400;
    if (request->method != STET_METHOD_CONNECT) {
        const int verdict = head_check_scheme(request->scheme, scheme);
        if (verdict != 0)
            return verdict;
    }
    request->scheme = scheme;
    if (request->method == STET_METHOD_CONNECT)
        request->target = authority;
    switch (stet_target_split(request->target, request->method, request)) {
    case STET_TARGET_ORIGIN:
    case STET_TARGET_ASTERISK:
    case STET_TARGET_AUTHORITY:
        return 0;
    default:
        return 400;
    }
}

static int head_check_expectation(struct h2_head *head)
{
    const struct stet_head *fields = &head->request.head;
    struct stet_span member;

    if (!stet_head_has(fields, STET_FIELD_EXPECT))
        return 0;
    struct stet_list list = stet_list_of(fields, STET_FIELD_EXPECT);
    while (stet_list_next(&list, &member)) {
        if (!stet_span_equal_nocase(member, STET_SPAN("100-continue")))
            return 417;
        head->expects_continue = true;
    }
    return 0;
}

int h2_head_check(struct h2_head *head, struct stet_span scheme, uint64_t number)
{
    struct stet_request *request = &head->request;

    if (head->refused)
        return head->refused;
    if (head->trailers) {
        request->head.fields = head->fields + 1;
        request->head.count = head->count - 1;
        stet_head_index(&request->head);
        return H2_HEAD_GOES;
    }
    request->method = stet_method_of(request->method_name);
    if (head->protocol.len > 0)
        head_extend(head, number);
    if (!head_join_cookies(head))
        return H2_HEAD_NO_MEMORY;
    if (!head_settle_host(head))
        return H2_HEAD_MALFORMED;
    const int verdict = head_check_target(request, scheme);
    return verdict != 0 ? verdict : head_check_expectation(head);
}

size_t h2_head_line(const struct h2_head *head, char *to, size_t room)
{
    const struct stet_span parts[] = {head->request.method_name, STET_SPAN(" "),
                                      head->request.target, STET_SPAN(" HTTP/2.0")};
    size_t used = 0;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const size_t part = parts[i].len < room - used ? parts[i].len : room - used;
        if (part > 0)
            memcpy(to + used, parts[i].at, part);
        used += part;
    }
    return used;
}
