/* The one place that decides, by stet_answer_of, and prepares what was decided.
 *
 *     conditions --304, 412, 400--> done            [RFC 9110 §13.2.2] steps 1 to 4
 *        | proceed
 *     If-Range, Range --206, 416--> done            [RFC 9110 §14.2]   step 5
 *        | whole
 *       200
 *
 * A representation whose unconditional answer would not be 200 (the page of a 404) is sent as it
 * is: conditions and ranges do not apply to it [RFC 9110 §13.2.1].
 */
#include "serve/answer.h"

#include "base/check.h"
#include "serve/multipart_body.h"
#include "stet/answer.h"

#include <stdio.h>

#define NS_PER_SECOND 1000000000

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
        answer_page(answer, 500, STET_SPAN_NONE);
}

static void answer_whole(struct answer *answer, struct representation *representation, bool wanted)
{
    struct reply *reply = &answer->reply;

    reply->status = representation->status;
    reply->blocks[0] = representation->whole;
    reply->content = REPLY_LENGTH;
    if (representation->length)
        answer_content(answer, representation, (struct stet_range){0, representation->length - 1},
                       wanted);
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
    /* A client that sent If-Range has the other metadata [RFC 9110 §15.3.7]. */
    answer->reply.blocks[0] = stet_head_has(&request->head, STET_FIELD_IF_RANGE)
                                  ? representation->part
                                  : representation->whole;
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
        answer_page(answer, 500, STET_SPAN_NONE);
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

static struct stet_answer answer_decide(const struct stet_request *request,
                                        const struct representation *representation, int64_t now)
{
    struct stet_validators validators = representation->validators;

    /* a date may have become strong since the representation was made */
    validators.modified_strong = validators.modified_strong &&
                                 stet_validators_date_is_strong(validators.modified, now, true);
    return stet_answer_of(request, &validators, STET_AS_ORIGIN, representation->length, now);
}

void answer_make(struct answer *answer, const struct stet_request *request,
                 struct representation *representation, struct loop *loop)
{
    bool get = request->method == STET_METHOD_GET;

    answer->reply = (struct reply){0};
    answer->reason = STET_REASON_UNCONDITIONAL;
    if (representation->status != 200) {
        answer_whole(answer, representation, get);
        return;
    }
    struct stet_answer decided =
        answer_decide(request, representation, loop_wall(loop) / NS_PER_SECOND);
    answer->reason = decided.reason;
    switch (decided.status) {
    case 200:
        answer_whole(answer, representation, get);
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
        break;
    case 416:
        answer_unsatisfiable(answer, representation->length);
        break;
    default: /* 412, and 400 for a malformed "*" */
        answer_page(answer, decided.status, STET_SPAN_NONE);
    }
}

void answer_page(struct answer *answer, int status, struct stet_span block)
{
    static const char page[] = "<!doctype html>\n<title>%d %.*s</title>\n<h1>%d %.*s</h1>\n";
    struct reply *reply = &answer->reply;
    struct stet_span phrase = reply_reason_phrase(status);
    char content[160];

    *reply = (struct reply){.status = status, .content = REPLY_NO_CONTENT};
    int head =
        snprintf(answer->text, sizeof answer->text, "Server: stet\r\nCache-Control: %s\r\n%.*s",
                 status < 400 || status == 404 ? "no-cache" : "no-store", (int)block.len,
                 block.len ? block.at : "");
    CHECK(head > 0 && (size_t)head < sizeof answer->text);
    reply->blocks[0] = stet_span(answer->text, (size_t)head);
    if (status == 204)
        return;
    int size = snprintf(content, sizeof content, page, status, (int)phrase.len, phrase.at, status,
                        (int)phrase.len, phrase.at);
    reply->blocks[1] = STET_SPAN("Content-Type: text/html; charset=utf-8\r\n"
                                 "X-Content-Type-Options: nosniff\r\n");
    reply->content = REPLY_LENGTH;
    reply->chunk = chunk_new((size_t)size);
    if (!reply->chunk)
        return; /* an empty page is still an answer */
    reply->length = (uint64_t)size;
    memcpy(reply->chunk->bytes, content, (size_t)size);
}
