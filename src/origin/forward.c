/* Makes of a request what its origin is sent, and of a response what its client is given.
 *
 *     loop? Max-Forwards 0? --> target, host, framing --> block: fields that pass, in their order
 *                                                                fields of ours, behind them
 *
 * The block is written once, forward, into a piece of the arena that is made large enough before;
 * a line that would not fit is a bug and dies. Fields of ours come last and in lines of their own,
 * so that nothing a client sends can become a part of them, and lists that grow along the way (Via,
 * CDN-Loop, Forwarded) stay in order; X-Forwarded-For alone is joined into one line, for too many
 * applications read only the first.
 *
 * Our own name is looked for at every comma of Via and CDN-Loop, also in comments and quotes: a
 * client that could hide it there could make a request go round for ever.
 */
#include "origin/forward.h"

#include "base/check.h"
#include "origin/forwarded.h"
#include "origin/hopbyhop.h"
#include "stet/list.h"
#include "wire/h1_framing.h"
#include "wire/h1_write.h"

/* Names, punctuation and line ends of all lines of ours: about 340 octets. */
#define FIXED_MAX 384

/* A request on its way into a block. */
struct passage {
    const struct forward *forward;
    const struct stet_request *request;
    struct stet_span scheme; /* as everyone writes it */
    struct hopbyhop hops;
    bool old;         /* HTTP/1.0: knows neither expectations nor trailers nor upgrades */
    bool limited;     /* Max-Forwards counts for this method [RFC 9110 §7.6.2] */
    bool has_left;    /* and is there */
    uint64_t left;    /* how often it may still be forwarded */
    size_t tags_size; /* of If-None-Match, if that is ours to write */
    char *at, *end;
};

/* Loops. */

/* Takes the next member of a list, whatever quotes and comments are in it. */
static struct stet_span member_cut(struct stet_span *rest)
{
    struct stet_span member = stet_span(rest->at, stet_span_find(*rest, ','));
    *rest = stet_span_from(*rest, member.len + 1);
    return stet_span_trim(member);
}

static struct stet_span word_cut(struct stet_span *rest)
{
    size_t length = 0;
    while (length < rest->len && rest->at[length] != ' ' && rest->at[length] != '\t')
        length++;
    struct stet_span word = stet_span(rest->at, length);
    *rest = stet_span_trim(stet_span_from(*rest, length));
    return word;
}

/* received-protocol RWS received-by [ RWS comment ] [RFC 9110 §7.6.3]. */
static bool via_is(struct stet_span member, struct stet_span name)
{
    word_cut(&member);
    struct stet_span by = word_cut(&member);
    return stet_span_equal_nocase(by, name) ||
           stet_span_equal_nocase(stet_span(by.at, stet_span_find(by, ':')), name);
}

/* cdn-id *( OWS ";" OWS parameter ) [RFC 8586 §2]. */
static bool cdn_is(struct stet_span member, struct stet_span name)
{
    struct stet_span id = stet_span(member.at, stet_span_find(member, ';'));
    return stet_span_equal_nocase(stet_span_trim(id), name);
}

static bool list_names(const struct stet_head *head, enum stet_field_id id,
                       bool (*is)(struct stet_span, struct stet_span), struct stet_span name)
{
    const struct stet_field *field = stet_head_first(head, id);
    for (; field; field = stet_head_next(head, field)) {
        struct stet_span rest = field->value;
        while (rest.len > 0)
            if (is(member_cut(&rest), name))
                return true;
    }
    return false;
}

bool forward_loops(const struct forward_rules *rules, const struct stet_head *request)
{
    return list_names(request, STET_FIELD_VIA, via_is, rules->name) ||
           list_names(request, STET_FIELD_CDN_LOOP, cdn_is, rules->name);
}

/* Which fields pass. */

/* What a validation does without, of the client's conditions; and the client's range where another
 * is asked for. */
static bool is_dropped(const struct forward *forward, enum stet_field_id id)
{
    const struct forward_conditions *conditions = forward->conditions;

    if (!conditions)
        return false;
    return (conditions->plan && stet_validation_drops(conditions->plan, id)) ||
           (conditions->completion && id == STET_FIELD_RANGE);
}

static bool asks_anew(const struct forward *forward)
{
    return forward->conditions && forward->conditions->max_age_zero;
}

static bool claim_passes(const struct passage *passage, const struct stet_field *field)
{
    if (field->id == STET_FIELD_X_FORWARDED_FOR)
        return false; /* is joined with ours */
    return passage->forward->client->trusted;
}

static bool passes(const struct passage *passage, const struct stet_field *field)
{
    const struct forward *forward = passage->forward;

    if (hopbyhop_has(&passage->hops, field) || is_dropped(forward, field->id) ||
        forwarded_never(field))
        return false;
    if (forwarded_claims(field)) /* [RFC 7239 §8.1] */
        return claim_passes(passage, field);
    switch (field->id) {
    case STET_FIELD_HOST: /* the codec writes both */
    case STET_FIELD_CONTENT_LENGTH:
    case STET_FIELD_PROXY_AUTHORIZATION: /* was meant for us [RFC 9110 §11.7.2] */
        return false;
    case STET_FIELD_AUTHORIZATION: /* TRACE would show them to a script [RFC 9110 §9.3.8] */
    case STET_FIELD_COOKIE:
        return passage->request->method != STET_METHOD_TRACE;
    case STET_FIELD_EXPECT: /* [RFC 9110 §10.1.1] */
        return forward->content && !passage->old;
    case STET_FIELD_MAX_FORWARDS:
        return !passage->limited;
    case STET_FIELD_CACHE_CONTROL:
        return !asks_anew(forward);
    default:
        return true;
    }
}

/* Writing. */

static void put(struct passage *passage, struct stet_span text)
{
    CHECK(text.len <= (size_t)(passage->end - passage->at));
    passage->at = h1_span_write(text, passage->at);
}

static void put_line(struct passage *passage, struct stet_span name, struct stet_span value)
{
    CHECK(name.len + value.len + 4 <= (size_t)(passage->end - passage->at));
    char *at = h1_span_write(name, passage->at);
    memcpy(at, ": ", 2);
    at = h1_span_write(value, at + 2);
    memcpy(at, "\r\n", 2);
    passage->at = at + 2;
}

static void put_number_line(struct passage *passage, struct stet_span name, uint64_t number)
{
    char digits[20];
    put_line(passage, name, stet_span(digits, h1_number_write(number, digits)));
}

/* Writes the members of a list that are wanted, in one line; none if there are none. */
static void put_members(struct passage *passage, struct stet_span name, struct stet_list list,
                        bool (*wanted)(struct stet_span member))
{
    struct stet_span member;
    bool any = false;
    while (stet_list_next(&list, &member)) {
        if (!wanted(member))
            continue;
        put(passage, any ? STET_SPAN(", ") : name);
        if (!any)
            put(passage, STET_SPAN(": "));
        put(passage, member);
        any = true;
    }
    if (any)
        put(passage, STET_SPAN("\r\n"));
}

/* Whom the request comes from [RFC 7239 §4]. */
static void put_client(struct passage *passage)
{
    const struct forward *forward = passage->forward;
    const struct stet_head *head = &passage->request->head;
    const struct stet_field *field =
        forward->client->trusted ? stet_head_first(head, STET_FIELD_X_FORWARDED_FOR) : NULL;

    put(passage, STET_SPAN("X-Forwarded-For: "));
    for (; field; field = stet_head_next(head, field)) {
        if (field->value.len == 0)
            continue;
        put(passage, field->value);
        put(passage, STET_SPAN(", "));
    }
    put(passage, forwarded_node(forward->client->address));
    put(passage, STET_SPAN("\r\n"));
}

/* What a trusted client said of this stays. */
static void put_unless_said(struct passage *passage, enum stet_field_id id, struct stet_span value)
{
    bool said = passage->forward->client->trusted && stet_head_has(&passage->request->head, id);
    if (!said && value.len > 0)
        put_line(passage, stet_field_name(id), value);
}

static void put_forwarded(struct passage *passage)
{
    const struct stet_request *request = passage->request;
    struct stet_span address = passage->forward->client->address;

    if (!passage->forward->rules->forwarded)
        return;
    put(passage, STET_SPAN("Forwarded: "));
    CHECK(forwarded_room(address, request->authority, passage->scheme) <=
          (size_t)(passage->end - passage->at));
    passage->at += forwarded_write(address, request->authority, passage->scheme, passage->at);
    put(passage, STET_SPAN("\r\n"));
}

/* That it came through here [RFC 9110 §7.6.3, RFC 8586 §2]. */
static void put_way(struct passage *passage)
{
    struct stet_span name = passage->forward->rules->name;

    put(passage, STET_SPAN("Via: "));
    put(passage, passage->forward->client->protocol);
    put(passage, STET_SPAN(" "));
    put(passage, name);
    put(passage, STET_SPAN("\r\n"));
    put_line(passage, STET_SPAN("CDN-Loop"), name);
    if (passage->has_left)
        put_number_line(passage, STET_SPAN("Max-Forwards"), passage->left);
}

/* The client may be one who only repeats what he has heard [RFC 8470 §5.1]. What came so from
 * further off says it already, by whatever value, and passes. */
static void put_early(struct passage *passage)
{
    if (passage->forward->early && !stet_head_has(&passage->request->head, STET_FIELD_EARLY_DATA))
        put_line(passage, STET_SPAN("Early-Data"), STET_SPAN("1"));
}

static void put_conditions(struct passage *passage)
{
    const struct forward_conditions *conditions = passage->forward->conditions;

    if (!conditions || !conditions->plan || !conditions->plan->asks)
        return;
    if (passage->tags_size > 0) {
        put(passage, STET_SPAN("If-None-Match: "));
        CHECK(passage->tags_size <= (size_t)(passage->end - passage->at));
        passage->at +=
            stet_validation_tags(conditions->plan, passage->request, conditions->candidates,
                                 passage->at, passage->tags_size);
        put(passage, STET_SPAN("\r\n"));
    }
    if (conditions->plan->modified.at)
        put_line(passage, STET_SPAN("If-Modified-Since"), conditions->plan->modified);
}

/* What is missing, if it is still of that version [RFC 9110 §13.1.5, RFC 9110 §14.2]. */
static void put_gap(struct passage *passage)
{
    const struct forward_conditions *conditions = passage->forward->conditions;
    char digits[20];

    if (!conditions || !conditions->completion)
        return;
    const struct stet_range *gap = &conditions->completion->gap;
    put(passage, STET_SPAN("Range: bytes="));
    put(passage, stet_span(digits, h1_number_write(gap->first, digits)));
    put(passage, STET_SPAN("-"));
    put(passage, stet_span(digits, h1_number_write(gap->last, digits)));
    put(passage, STET_SPAN("\r\n"));
    put_line(passage, STET_SPAN("If-Range"), conditions->completion->tag);
}

/* What the client accepts of caches on the way, unless it contradicts what we ask of them. */
static bool directive_stays(struct stet_span member)
{
    struct stet_span name = stet_span_trim(stet_span(member.at, stet_span_find(member, '=')));
    return !stet_span_equal_nocase(name, STET_SPAN("max-age")) &&
           !stet_span_equal_nocase(name, STET_SPAN("max-stale"));
}

/* Asks the origin itself (D-12) [RFC 9111 §5.2.1.1]. Line by line: quotes that never close swallow
 * no more than they did. */
static void put_max_age_zero(struct passage *passage)
{
    const struct stet_head *head = &passage->request->head;
    const struct stet_field *field = stet_head_first(head, STET_FIELD_CACHE_CONTROL);

    if (!asks_anew(passage->forward))
        return;
    put_line(passage, STET_SPAN("Cache-Control"), STET_SPAN("max-age=0"));
    for (; field; field = stet_head_next(head, field))
        put_members(passage, STET_SPAN("Cache-Control"), stet_list_in(field->value),
                    directive_stays);
}

/* The request asks for an upgrade that goes along [RFC 9110 §7.8]. */
static bool upgrades(const struct forward *forward)
{
    const struct stet_head *head = &forward->request->head;
    struct stet_list list = stet_list_of(head, STET_FIELD_UPGRADE);
    struct stet_span member;

    if (!forward->upgrade || forward->content || !stet_head_has(head, STET_FIELD_UPGRADE) ||
        stet_span_equal(forward->client->protocol, STET_SPAN("1.0")) ||
        !stet_head_connection_names(head, STET_SPAN("upgrade")))
        return false;
    while (stet_list_next(&list, &member))
        if (hopbyhop_protocol_passes(member))
            return true;
    return false;
}

/* The whole. */

/* Lists that are written anew may have more space between their members. */
static size_t field_room(const struct stet_field *field)
{
    bool anew = field->id == STET_FIELD_CACHE_CONTROL || field->id == STET_FIELD_UPGRADE;
    return field->name.len + sizeof ": \r\n" + (anew ? 2 : 1) * field->value.len;
}

static size_t block_room(const struct passage *passage)
{
    const struct forward *forward = passage->forward;
    const struct stet_request *request = passage->request;
    const struct forward_conditions *conditions = forward->conditions;
    size_t room = FIXED_MAX + forward->client->address.len + forward->client->protocol.len +
                  2 * forward->rules->name.len + passage->scheme.len + request->authority.len +
                  passage->tags_size;

    room += forwarded_room(forward->client->address, request->authority, passage->scheme);
    if (conditions && conditions->plan)
        room += conditions->plan->modified.len;
    if (conditions && conditions->completion)
        room += conditions->completion->tag.len;
    for (size_t i = 0; i < request->head.count; i++)
        room += field_room(&request->head.fields[i]);
    return room;
}

/* Writes the block; empty without an `at` when there is no room. */
static struct stet_span block_make(struct passage *passage, struct arena *arena, bool upgrade)
{
    const struct stet_head *head = &passage->request->head;
    size_t room = block_room(passage);
    char *block = arena_alloc(arena, room);

    if (!block)
        return STET_SPAN_NONE;
    passage->at = block;
    passage->end = block + room;
    for (size_t i = 0; i < head->count; i++)
        if (passes(passage, &head->fields[i]))
            put_line(passage, head->fields[i].name, head->fields[i].value);
    put_max_age_zero(passage);
    put_conditions(passage);
    put_gap(passage);
    if (upgrade)
        put_members(passage, STET_SPAN("Upgrade"), stet_list_of(head, STET_FIELD_UPGRADE),
                    hopbyhop_protocol_passes);
    put_client(passage);
    put_unless_said(passage, STET_FIELD_X_FORWARDED_PROTO, passage->scheme);
    put_unless_said(passage, STET_FIELD_X_FORWARDED_HOST, passage->request->authority);
    put_forwarded(passage);
    put_way(passage);
    put_early(passage);
    return stet_span(block, (size_t)(passage->at - block));
}

/* Origin form, the octets of path and query as they came [RFC 9110 §7.7, RFC 9112 §3.2.2]; "*" for
 * OPTIONS of a whole server [RFC 9112 §3.2.4]. Without an `at` when there is no room. */
static struct stet_span target_make(const struct stet_request *request, struct arena *arena)
{
    struct stet_span path = request->path, query = request->query;

    if (request->method == STET_METHOD_CONNECT || stet_span_starts(request->target, STET_SPAN("/")))
        return request->target;
    if (!query.at)
        return path;
    char *target = arena_alloc(arena, path.len + 1 + query.len);
    if (!target)
        return STET_SPAN_NONE;
    h1_span_write(query, h1_span_write(STET_SPAN("?"), h1_span_write(path, target)));
    return stet_span(target, path.len + 1 + query.len);
}

/* How its content is framed: a length if it has one, else chunks [RFC 9112 §6.3]. */
static void content_of(const struct forward *forward, struct client_request *to)
{
    const struct stet_head *head = &forward->request->head;

    to->has_content = forward->content;
    if (forward->content && stet_head_has(head, STET_FIELD_CONTENT_LENGTH) &&
        !stet_head_has(head, STET_FIELD_TRANSFER_ENCODING))
        to->length_known = h1_framing_length(head, &to->length) == 0;
}

/* Reads Max-Forwards; what is off the grammar, or there twice, is as if it were not there. */
static void limit_read(struct passage *passage)
{
    const struct stet_request *request = passage->request;

    passage->limited =
        request->method == STET_METHOD_TRACE || request->method == STET_METHOD_OPTIONS;
    passage->has_left = passage->limited &&
                        stet_span_number(stet_head_single(&request->head, STET_FIELD_MAX_FORWARDS),
                                         UINT64_MAX, &passage->left);
}

static void passage_begin(struct passage *passage, const struct forward *forward)
{
    const struct forward_conditions *conditions = forward->conditions;

    *passage = (struct passage){.forward = forward, .request = forward->request};
    passage->scheme = stet_span_equal_nocase(forward->request->scheme, STET_SPAN("https"))
                          ? STET_SPAN("https")
                          : STET_SPAN("http");
    passage->old = stet_span_equal(forward->client->protocol, STET_SPAN("1.0"));
    hopbyhop_read(&passage->hops, &forward->request->head);
    limit_read(passage);
    if (conditions && conditions->plan && conditions->plan->asks)
        passage->tags_size = stet_validation_tags(conditions->plan, forward->request,
                                                  conditions->candidates, NULL, 0);
}

enum forward_verdict forward_request(const struct forward *forward, struct arena *arena,
                                     struct client_request *to)
{
    const struct stet_request *request = forward->request;
    struct passage passage;

    passage_begin(&passage, forward);
    if (passage.has_left && passage.left == 0) /* [RFC 9110 §7.6.2] */
        return FORWARD_ANSWER;
    if (forward_loops(forward->rules, &forward->request->head))
        return FORWARD_LOOP;
    if (passage.has_left && --passage.left > forward->rules->max_forwards)
        passage.left = forward->rules->max_forwards;
    *to = (struct client_request){.method = request->method,
                                  .method_name = request->method_name,
                                  .upgrade = upgrades(forward)};
    if (forward->rules->keep_host && request->authority.len > 0)
        to->host = request->authority;
    if (!passage.old &&
        stet_list_has(stet_list_of(&request->head, STET_FIELD_TE), STET_SPAN("trailers")))
        to->te = STET_SPAN("trailers"); /* [RFC 9110 §6.5.1] */
    content_of(forward, to);
    to->target = target_make(request, arena);
    to->block = block_make(&passage, arena, to->upgrade);
    return to->target.at && to->block.at ? FORWARD_GOES : FORWARD_NO_MEMORY;
}
