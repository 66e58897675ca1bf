/* Forwarding: whatever request a client sends, what goes on is one request that says the same,
 * names no field of the connection it came on, believes nothing the client says of itself, bears
 * our name exactly once, and says that it is early if it is.
 *
 * The first octet chooses the rules and the conditions, the rest is what the client sends. */
#include <string.h>

#include "origin/forward.h"
#include "origin/forwarded.h"
#include "stet/list.h"
#include "stet/uri.h"
#include "wire/h1_head.h"

#include "fuzz.h"

enum { SIZE_MOST = 8192 };

/* What the first octet says. */
enum {
    TRUSTED = 1,
    KEEP_HOST = 2,
    FORWARDED = 4,
    UPGRADE = 8,
    FRESH = 16,
    ASKS = 32,
    V6 = 64,
    EARLY = 128
};

static const struct limits limits = {.head_size = 4096,
                                     .target_size = 2048,
                                     .method_size = 20,
                                     .field_count = 40,
                                     .trailer_size = 100};
/* Ours add to what is sent. */
static const struct limits sent_limits = {.head_size = 65536,
                                          .target_size = 4096,
                                          .method_size = 20,
                                          .field_count = 100,
                                          .trailer_size = 100};

static struct h1_head in, out;

static bool is_named(const struct stet_head *head, const struct stet_field *field)
{
    return field->id == STET_FIELD_UNKNOWN && stet_head_connection_names(head, field->name);
}

/* A field that was sent and is none of those written for this connection. */
static void field_checked(const struct stet_field *field, const struct forward *forward)
{
    bool ours = field->id == STET_FIELD_HOST || field->id == STET_FIELD_CONTENT_LENGTH ||
                field->id == STET_FIELD_TRANSFER_ENCODING || field->id == STET_FIELD_CONNECTION ||
                field->id == STET_FIELD_TE || field->id == STET_FIELD_UPGRADE;
    bool added = field->id == STET_FIELD_X_FORWARDED_FOR ||
                 field->id == STET_FIELD_X_FORWARDED_PROTO ||
                 field->id == STET_FIELD_X_FORWARDED_HOST || field->id == STET_FIELD_FORWARDED;

    must(!forwarded_never(field));
    if (ours || added)
        return;
    must(!stet_field_is_hop(field->id));
    must(!is_named(&forward->request->head, field));
    must(forward->client->trusted || !forwarded_claims(field));
}

/* Those added are ours alone, unless the client is trusted; each of them is there once. */
static void claims_checked(const struct stet_head *head, const struct forward *forward)
{
    struct stet_span address = forward->client->address;
    const struct stet_field *from = stet_head_first(head, STET_FIELD_X_FORWARDED_FOR);

    must(from && !stet_head_next(head, from));
    must(from->value.len >= address.len &&
         memcmp(from->value.at + from->value.len - address.len, address.at, address.len) == 0);
    if (forward->client->trusted)
        return;
    must(from->value.len == address.len);
    must(stet_span_equal(stet_head_single(head, STET_FIELD_X_FORWARDED_PROTO), STET_SPAN("http")));
    must(stet_head_lines(head, STET_FIELD_FORWARDED) == forward->rules->forwarded);
    if (forward->request->authority.len > 0)
        must(stet_span_equal(stet_head_single(head, STET_FIELD_X_FORWARDED_HOST),
                             forward->request->authority));
    else
        must(!stet_head_has(head, STET_FIELD_X_FORWARDED_HOST));
}

/* The lines of a field that grows along the way: those that came, in their order, then ours. */
static void way_checked(enum stet_field_id id, struct stet_span ours, const struct forward *forward)
{
    const struct stet_head *before = &forward->request->head, *after = &out.request.head;
    const struct stet_field *was = stet_head_first(before, id), *is = stet_head_first(after, id);

    for (; was; was = stet_head_next(before, was), is = stet_head_next(after, is))
        must(is && stet_span_equal(was->value, is->value));
    must(is && stet_span_equal(is->value, ours) && !stet_head_next(after, is));
}

static void content_checked(const struct h1_framing *before, const struct h1_framing *after)
{
    must(before->content == after->content);
    must(before->content != H1_LENGTH || before->length == after->length);
}

static void target_checked(const struct forward *forward)
{
    const struct stet_request *before = forward->request, *after = &out.request;

    must(stet_span_equal(before->method_name, after->method_name));
    if (before->method == STET_METHOD_CONNECT)
        return;
    must(stet_span_equal(before->path, after->path));
    must(stet_span_equal(before->query, after->query));
    must(!before->query.at == !after->query.at);
    must(after->target.at[0] == '/' || stet_span_equal(after->target, STET_SPAN("*")));
}

/* What was said of early data goes on as it came; where nothing was, and it is early, we say it
 * once [RFC 8470 §5.1]. */
static void early_checked(const struct forward *forward)
{
    const size_t before = stet_head_lines(&in.request.head, STET_FIELD_EARLY_DATA);
    const size_t after = stet_head_lines(&out.request.head, STET_FIELD_EARLY_DATA);

    must(after == (before > 0 || !forward->early ? before : 1));
}

/* Reads what would be sent as the origin does. */
static void sent_checked(const struct forward *forward, struct client_request *to,
                         const struct h1_framing *framing)
{
    static char text[65536];
    struct h1_framing sent_framing;

    if (!to->host.at)
        to->host = STET_SPAN("origin.example");
    must(h1_client_head_room(to) <= sizeof text);
    size_t size = h1_client_head_write(to, text);
    must(h1_request_read(text, size, &sent_limits, &out) == (int)size);
    must(h1_request_check(&out, STET_SPAN("http"), &sent_framing) == 0);
    must(out.minor == 1);
    for (size_t i = 0; i < out.request.head.count; i++)
        field_checked(&out.request.head.fields[i], forward);
    claims_checked(&out.request.head, forward);
    way_checked(STET_FIELD_CDN_LOOP, STET_SPAN("stet"), forward);
    way_checked(STET_FIELD_VIA, in.minor == 1 ? STET_SPAN("1.1 stet") : STET_SPAN("1.0 stet"),
                forward);
    content_checked(framing, &sent_framing);
    early_checked(forward);
    target_checked(forward);
    must(to->upgrade == stet_head_has(&out.request.head, STET_FIELD_UPGRADE));
}

/* Our name is nowhere: a member that is our name, alone or behind a space, would have been found.
 */
static void loop_checked(const struct stet_head *head)
{
    struct stet_list list = stet_list_of(head, STET_FIELD_CDN_LOOP);
    struct stet_span member;
    while (stet_list_next(&list, &member))
        must(!stet_span_equal_nocase(member, STET_SPAN("stet")));
    list = stet_list_of(head, STET_FIELD_VIA);
    while (stet_list_next(&list, &member))
        must(!stet_span_equal_nocase(member, STET_SPAN("1.1 stet")));
}

static void request_tried(unsigned options, const struct h1_framing *framing)
{
    struct stet_field stored_field = {STET_SPAN("ETag"), STET_SPAN("\"a\""), STET_FIELD_ETAG};
    struct stet_head stored_head = {.fields = &stored_field, .count = 1};
    struct stet_stored stored = {.status = 200, .method = STET_METHOD_GET};
    struct stet_candidate candidate = {.head = &stored_head, .stored = &stored, .covers = true};
    struct stet_candidates candidates = {&candidate, options & ASKS ? 1 : 0};
    stet_head_index(&stored_head);
    struct stet_validation plan = stet_validation_of(&in.request, &candidates);
    struct forward_conditions conditions = {&plan, &candidates, NULL, options & FRESH};
    struct forward_rules rules = {.name = STET_SPAN("stet"),
                                  .keep_host = options & KEEP_HOST,
                                  .forwarded = options & FORWARDED,
                                  .max_forwards = 10};
    struct forward_client client = {
        options & V6 ? STET_SPAN("2001:db8::1") : STET_SPAN("192.0.2.1"),
        in.minor == 1 ? STET_SPAN("1.1") : STET_SPAN("1.0"), options & TRUSTED};
    struct forward forward = {.rules = &rules,
                              .client = &client,
                              .request = &in.request,
                              .conditions = &conditions,
                              .content = framing->content != H1_NO_CONTENT,
                              .upgrade = options & UPGRADE,
                              .early = options & EARLY};
    struct client_request to;
    struct arena arena;

    arena_init(&arena, 1 << 20);
    enum forward_verdict verdict = forward_request(&forward, &arena, &to);
    must(verdict != FORWARD_NO_MEMORY);
    if (verdict == FORWARD_GOES) {
        loop_checked(&in.request.head);
        sent_checked(&forward, &to, framing);
    }
    arena_fini(&arena);
}

/* The same head as that of a response: what passes is what forward_field says. */
static void response_tried(const struct stet_head *head)
{
    static char text[SIZE_MOST + 2048];
    size_t size = forward_response(head, text, sizeof text), at = 0;

    must(size <= sizeof text && forward_response(head, NULL, 0) == size);
    for (size_t i = 0; i < head->count; i++) {
        const struct stet_field *field = &head->fields[i];
        if (!forward_field(head, field))
            continue;
        must(!stet_field_is_hop(field->id) && !is_named(head, field));
        at += field->name.len + field->value.len + 4;
    }
    must(at == size);
    must(forward_trailers(head, head, text, sizeof text) <= size + 4096);
    forward_hides(head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct h1_framing framing;

    if (size < 1 || size > SIZE_MOST)
        return 0;
    int length = h1_request_read((const char *)data + 1, size - 1, &limits, &in);
    if (length <= 0)
        return 0;
    response_tried(&in.request.head);
    if (h1_request_check(&in, STET_SPAN("http"), &framing) == 0)
        request_tried(data[0], &framing);
    return 0;
}
