/* The one place that decides, by stet_answer_of, and prepares what was decided.
 *
 *     conditions --304, 412, 400--> done            [RFC 9110 §13.2.2] steps 1 to 4
 *        | proceed
 *     If-Range, Range --206, 416--> done            [RFC 9110 §14.2]   step 5
 *        | whole
 *       200
 *
 * A representation whose unconditional answer would not be 200 (the page of a 404) is sent as it
 * is: conditions and ranges do not apply to it [RFC 9110 §13.2.1]. Nor do they to a response that
 * passes: whoever made it has judged them [RFC 9111 §4.3.2].
 */
#include "serve/answer.h"

#include "base/check.h"
#include "serve/multipart_body.h"
#include "stet/answer.h"

#include <stdio.h>

#define NS_PER_SECOND 1000000000

/* What there is cannot be read now: no memory, no descriptors, or the file has just changed
 * [RFC 9110 §15.6.4]. */
static void answer_later(struct answer *answer)
{
    answer_page(answer, 503, STET_SPAN("Retry-After: 1\r\n"));
}

/* Lends `length` octets of the content from `from` to the reply. */
static void answer_content(struct answer *answer, struct representation *representation,
                           struct stet_range range, bool wanted)
{
    struct reply *reply = &answer->reply;
    uint64_t length = range.last - range.first + 1;

    reply->content = REPLY_LENGTH;
    reply->length = length;
    if (!wanted)
        return;
    if (representation->bytes) {
        reply->chunk = chunk_ref(representation->bytes);
        reply->from = range.first;
        return;
    }
    reply->body = representation->ops->body(representation, range.first, length);
    if (!reply->body)
        answer_later(answer);
}

/* All of the content, or what will have come of it when it ends. */
static void answer_whole(struct answer *answer, struct representation *representation, bool wanted)
{
    struct reply *reply = &answer->reply;

    reply->status = representation->status;
    reply->blocks[0] = representation->whole;
    if (!reply_status_has_content(reply->status))
        return;
    if (!representation->unknown_length) {
        reply->content = REPLY_LENGTH;
        if (representation->length)
            answer_content(answer, representation,
                           (struct stet_range){0, representation->length - 1}, wanted);
        return;
    }
    reply->content = REPLY_UNKNOWN_LENGTH;
    if (!wanted)
        return;
    reply->body = representation->ops->body(representation, 0, UINT64_MAX);
    if (!reply->body)
        answer_later(answer);
}

static void answer_tunnel(struct answer *answer, struct representation *representation)
{
    struct reply *reply = &answer->reply;

    reply->tunnel = true;
    reply->status = representation->status;
    reply->blocks[0] = representation->whole;
    reply->body = representation->ops->body(representation, 0, UINT64_MAX);
    if (!reply->body)
        answer_page(answer, 500, STET_SPAN_NONE);
}

static struct stet_span answer_line(struct answer *answer, const char *name, struct stet_span value)
{
    int length =
        snprintf(answer->text, sizeof answer->text, "%s: %.*s\r\n", name, (int)value.len, value.at);
    return stet_span(answer->text, (size_t)length);
}

static void answer_one_part(struct answer *answer, const struct stet_request *request,
                            struct representation *representation, struct stet_range range)
{
    char value[STET_CONTENT_RANGE_MAX];
    size_t length = stet_content_range_write(range, representation->length, value);

    answer->reply.status = 206;
    answer->reply.blocks[0] =
        representation->piece.len ? representation->piece : representation->whole;
    /* A client that sent If-Range has the other metadata [RFC 9110 §15.3.7]. */
    if (stet_head_has(&request->head, STET_FIELD_IF_RANGE))
        answer->reply.blocks[0] = representation->part;
    answer->reply.blocks[1] = answer_line(answer, "Content-Range", stet_span(value, length));
    answer_content(answer, representation, range, true);
}

static void answer_parts(struct answer *answer, const struct stet_request *request,
                         struct representation *representation, struct loop *loop,
                         const struct stet_ranges *ranges)
{
    char type[STET_MULTIPART_TYPE_LENGTH];
    struct reply *reply = &answer->reply;

    reply->body = multipart_body_new(representation, ranges, loop, type, &reply->length);
    if (!reply->body) {
        answer_later(answer);
        return;
    }
    reply->status = 206;
    reply->blocks[0] = stet_head_has(&request->head, STET_FIELD_IF_RANGE)
                           ? representation->part
                           : representation->whole_untyped;
    reply->blocks[1] = answer_line(answer, "Content-Type", stet_span(type, sizeof type));
    reply->content = REPLY_LENGTH;
}

static void answer_unsatisfiable(struct answer *answer, uint64_t length)
{
    char value[STET_CONTENT_RANGE_MAX], line[STET_CONTENT_RANGE_MAX + 24];
    size_t size = stet_content_range_write_unsatisfied(length, value);
    int line_size = snprintf(line, sizeof line, "Content-Range: %.*s\r\n", (int)size, value);
    answer_page(answer, 416, stet_span(line, (size_t)line_size)); /* [RFC 9110 §15.5.17] */
}

/* Conditions alone. The ranges stay as they are: they are large, and hardly anyone asks for any. */
static void answer_decide_unranged(const struct stet_request *request,
                                   const struct stet_validators *validators,
                                   enum stet_precondition_role role, int64_t now,
                                   struct stet_answer *decided)
{
    static const int statuses[] = {[STET_PROCEED] = 200,
                                   [STET_NOT_MODIFIED] = 304,
                                   [STET_PRECONDITION_FAILED] = 412,
                                   [STET_CONDITION_MALFORMED] = 400};
    const struct stet_precondition verdict = stet_precondition(request, validators, role, now);

    decided->status = statuses[verdict.answer];
    decided->reason = verdict.reason;
    decided->ranges.count = 0;
}

/* Of a content whose length is not known nothing can be cut out yet. */
static void answer_decide(const struct stet_request *request,
                          const struct representation *representation, int64_t now,
                          struct stet_answer *decided)
{
    struct stet_validators validators = representation->validators;
    const enum stet_precondition_role role =
        representation->stored ? STET_AS_CACHE : STET_AS_ORIGIN;

    /* a date may have become strong since the representation was made */
    validators.modified_strong = validators.modified_strong &&
                                 stet_validators_date_is_strong(validators.modified, now, true);
    if (representation->unknown_length || !stet_head_has(&request->head, STET_FIELD_RANGE))
        answer_decide_unranged(request, &validators, role, now, decided);
    else
        *decided = stet_answer_of(request, &validators, role, representation->length, now);
}

void answer_make(struct answer *answer, const struct stet_request *request,
                 struct representation *representation, struct loop *loop)
{
    bool wanted = request->method != STET_METHOD_HEAD;

    answer->reply = (struct reply){.date = representation->date};
    answer->reason = STET_REASON_UNCONDITIONAL;
    answer->saved = 0;
    if (representation->tunnel) {
        answer_tunnel(answer, representation);
        return;
    }
    if (representation->status != 200 || representation->passes) {
        answer_whole(answer, representation, wanted);
        return;
    }
    struct stet_answer decided;
    answer_decide(request, representation, loop_wall(loop) / NS_PER_SECOND, &decided);
    answer->reason = decided.reason;
    switch (decided.status) {
    case 200:
        answer_whole(answer, representation, wanted);
        break;
    case 206:
        if (decided.ranges.count == 1)
            answer_one_part(answer, request, representation, decided.ranges.at[0]);
        else
            answer_parts(answer, request, representation, loop, &decided.ranges);
        break;
    case 304:
        answer->reply.status = 304;
        answer->reply.blocks[0] = representation->unchanged;
        answer->saved = representation->unknown_length ? 0 : representation->length;
        break;
    case 416:
        answer_unsatisfiable(answer, representation->length);
        break;
    default: /* 412, and 400 for a malformed "*" */
        answer_page(answer, decided.status, STET_SPAN_NONE);
    }
}

/* The head of an answer that is made here. */
static void answer_own(struct answer *answer, int status, struct stet_span block)
{
    answer->reply = (struct reply){.status = status, .content = REPLY_NO_CONTENT};
    answer->saved = 0;
    int head =
        snprintf(answer->text, sizeof answer->text, "Server: stet\r\nCache-Control: %s\r\n%.*s",
                 status < 400 || status == 404 ? "no-cache" : "no-store", (int)block.len,
                 block.len ? block.at : "");
    CHECK(head > 0 && (size_t)head < sizeof answer->text);
    answer->reply.blocks[0] = stet_span(answer->text, (size_t)head);
}

static void answer_own_content(struct answer *answer, struct stet_span type, struct stet_span text)
{
    struct reply *reply = &answer->reply;

    reply->blocks[1] = type;
    reply->content = REPLY_LENGTH;
    reply->chunk = chunk_new(text.len);
    if (!reply->chunk)
        return; /* an empty page is still an answer */
    reply->length = text.len;
    if (text.len)
        memcpy(reply->chunk->bytes, text.at, text.len);
}

void answer_page(struct answer *answer, int status, struct stet_span block)
{
    static const char page[] = "<!doctype html>\n<title>%d %.*s</title>\n<h1>%d %.*s</h1>\n";
    struct stet_span phrase = reply_reason_phrase(status);
    char content[160];

    answer_own(answer, status, block);
    if (!reply_status_has_content(status))
        return;
    int size = snprintf(content, sizeof content, page, status, (int)phrase.len, phrase.at, status,
                        (int)phrase.len, phrase.at);
    answer_own_content(answer,
                       STET_SPAN("Content-Type: text/html; charset=utf-8\r\n"
                                 "X-Content-Type-Options: nosniff\r\n"),
                       stet_span(content, (size_t)size));
}

void answer_text(struct answer *answer, int status, struct stet_span type, struct stet_span text)
{
    answer_own(answer, status, STET_SPAN_NONE);
    if (reply_status_has_content(status))
        answer_own_content(answer, type, text);
}
