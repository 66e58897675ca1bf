/* What a response that is not stored looks like to the place that answers.
 *
 * One that passes has a head, which is copied, and a pipe. One that was held back has all its
 * content in one chunk, and blocks for every answer that its new tag may decide on:
 *
 *     | Content-Type | all other fields, ETag | for a 304: some of them, ETag |
 *     |<-------------- whole ---------------->|
 *                    |<--- whole_untyped ---->|<--------- unchanged --------->|
 *
 * Either is one allocation, its text included.
 */
#include "cache/passing.h"

#include "base/container.h"
#include "base/mempool.h"
#include "stet/date.h"
#include "stet/metadata.h"
#include "wire/blockpen.h"

struct passing {
    struct source source;
    struct pipe *pipe; /* NULL: it was held back */
    struct body body;  /* of the pipe: there is one at most */
    bool reading;      /* it is in use, and holds a reference */
    size_t room;       /* octets of `text` */
    char text[];
};

/* ---- the body ---- */

static struct passing *passing_of_body(struct body *body)
{
    return CONTAINER(body, struct passing, body);
}

static enum body_peek passing_peek(struct body *body, char *scratch, size_t room,
                                   struct stet_span *bytes)
{
    (void)scratch, (void)room;
    return pipe_peek(passing_of_body(body)->pipe, bytes);
}

static void passing_skip(struct body *body, size_t count)
{
    pipe_skip(passing_of_body(body)->pipe, count);
}

static struct stet_span passing_trailers(struct body *body)
{
    return pipe_trailers_read(passing_of_body(body)->pipe);
}

static void passing_body_free(struct body *body)
{
    struct passing *passing = passing_of_body(body);
    passing->reading = false;
    representation_unref(&passing->source.representation);
}

/* The whole, once: it is gone when it was read. */
static struct body *passing_body_new(struct representation *representation, uint64_t from,
                                     uint64_t length)
{
    static const struct body_ops ops = {.peek = passing_peek,
                                        .skip = passing_skip,
                                        .trailers = passing_trailers,
                                        .free = passing_body_free};
    struct passing *passing = CONTAINER(representation, struct passing, source.representation);

    (void)length;
    if (from > 0 || passing->reading)
        return NULL;
    passing->reading = true;
    passing->body.ops = &ops;
    representation_ref(representation);
    return &passing->body;
}

static void passing_told(void *owner)
{
    struct passing *passing = owner;
    source_tell(&passing->source);
}

/* ---- the text ---- */

/* Where the pieces of a text begin. */
struct marks {
    size_t type; /* the value of Content-Type, `type_len` octets */
    size_t type_len;
    size_t untyped;
    size_t etag; /* the tag's value, in the whole */
    size_t unchanged;
    size_t end;
};

static void put_type(struct blockpen *pen, const struct stet_head *head, struct marks *marks)
{
    struct stet_span type = stet_head_single(head, STET_FIELD_CONTENT_TYPE);

    marks->type = sizeof "Content-Type: " - 1;
    marks->type_len = type.len;
    if (type.at)
        blockpen_line(pen, STET_SPAN("Content-Type"), type);
    marks->untyped = pen->len;
}

static void put_others(struct blockpen *pen, const struct stet_head *head)
{
    bool one_type = stet_head_single(head, STET_FIELD_CONTENT_TYPE).at;

    for (size_t i = 0; i < head->count; i++) {
        const struct stet_field *field = &head->fields[i];
        if (forward_field(head, field) && !(field->id == STET_FIELD_CONTENT_TYPE && one_type))
            blockpen_line(pen, field->name, field->value);
    }
}

static void put_unchanged(struct blockpen *pen, const struct stet_head *head)
{
    for (size_t i = 0; i < head->count; i++) {
        const struct stet_field *field = &head->fields[i];
        if (forward_field(head, field) && stet_metadata_in_304(head, field)) /* D-02 */
            blockpen_line(pen, field->name, field->value);
    }
}

static struct marks put_held(struct blockpen *pen, const struct stet_head *head,
                             struct stet_span tag)
{
    struct marks marks;

    put_type(pen, head, &marks);
    put_others(pen, head);
    marks.etag = pen->len + sizeof "ETag: " - 1;
    blockpen_line(pen, STET_SPAN("ETag"), tag);
    marks.unchanged = pen->len;
    put_unchanged(pen, head);
    blockpen_line(pen, STET_SPAN("ETag"), tag);
    marks.end = pen->len;
    return marks;
}

/* The Date it came with; empty, so that it is sent as of now, if that cannot be read (D-26). */
static struct stet_span passing_date(const struct stet_head *head)
{
    struct stet_span date = stet_head_single(head, STET_FIELD_DATE);
    int64_t when;

    return stet_date_read(date, 0, &when) ? date : STET_SPAN_NONE;
}

/* ---- life ---- */

static void passing_drop(struct passing *passing)
{
    if (passing)
        mempool_free(passing, sizeof *passing + passing->room);
}

static void passing_free(struct representation *representation)
{
    struct passing *passing = CONTAINER(representation, struct passing, source.representation);

    if (passing->pipe)
        passing->pipe->reader = (struct pipe_end){NULL, NULL};
    pipe_unref(passing->pipe);
    chunk_unref(representation->bytes);
    passing_drop(passing);
}

/* The lines that pass; to 101 belongs what it switches to, and to 426 what should be asked for,
 * which the codec names in Connection [RFC 9110 §7.8, RFC 9110 §15.5.22]. */
static void put_passing(struct blockpen *pen, const struct stet_response *response, size_t room)
{
    const struct stet_head *head = &response->head;

    pen->len = forward_response(head, pen->to, room);
    if (response->status == 426)
        pen->len += forward_upgrade(head, pen->to + pen->len, room - pen->len);
    if (response->status != 101)
        return;
    for (size_t i = 0; i < head->count; i++) {
        if (head->fields[i].id == STET_FIELD_UPGRADE)
            blockpen_line(pen, head->fields[i].name, head->fields[i].value);
    }
}

/* Octets that the lines take at most: all of them pass. */
static size_t passing_room(const struct stet_head *head)
{
    size_t room = 0;

    for (size_t i = 0; i < head->count; i++)
        room += head->fields[i].name.len + head->fields[i].value.len + sizeof ": \r\n" - 1;
    return room;
}

/* With room for `size` octets of text, and the Date behind it. */
static struct passing *passing_make(const struct stet_response *response, size_t size)
{
    static const struct representation_ops ops = {.body = passing_body_new, .free = passing_free};
    const struct stet_span date = passing_date(&response->head);
    struct passing *passing = mempool_new(sizeof *passing + size + date.len);

    if (!passing)
        return NULL;
    *passing = (struct passing){
        .room = size + date.len,
        .source.representation = {.ops = &ops, .status = response->status, .passes = true}};
    atomic_init(&passing->source.representation.refs, 1);
    if (date.len > 0)
        passing->source.representation.date =
            stet_span(memcpy(passing->text + size, date.at, date.len), date.len);
    return passing;
}

struct source *passing_new(const struct stet_response *response,
                           const struct response_framing *framing, struct pipe *pipe)
{
    const size_t room = passing_room(&response->head);
    struct passing *passing = passing_make(response, room);

    if (!passing)
        return NULL;
    struct representation *to = &passing->source.representation;
    struct blockpen pen = {passing->text, 0};
    put_passing(&pen, response, room);
    to->whole = stet_span(passing->text, pen.len);
    to->tunnel = framing->content == RESPONSE_TUNNEL;
    to->unknown_length = !framing->has_length;
    to->length = framing->has_length ? framing->length : 0;
    passing->pipe = pipe_ref(pipe);
    pipe->reader = (struct pipe_end){passing_told, passing};
    return &passing->source;
}

/* Points the blocks into the text. */
static void passing_point(struct passing *passing, const struct marks *marks, size_t tag_len)
{
    struct representation *to = &passing->source.representation;
    const char *text = passing->text;

    to->whole = stet_span(text, marks->unchanged);
    to->whole_untyped = stet_span(text + marks->untyped, marks->unchanged - marks->untyped);
    to->unchanged = stet_span(text + marks->unchanged, marks->end - marks->unchanged);
    to->part = to->unchanged;
    to->type = marks->type_len ? stet_span(text + marks->type, marks->type_len) : STET_SPAN_NONE;
    to->etag_text = stet_span(text + marks->etag, tag_len);
    to->validators =
        (struct stet_validators){.exists = true, .etag = stet_etag_read(to->etag_text)};
}

struct source *passing_new_held(const struct stet_response *response, struct stet_span content,
                                struct stet_span tag)
{
    struct blockpen pen = {NULL, 0};
    struct marks marks = put_held(&pen, &response->head, tag);
    struct passing *passing = passing_make(response, pen.len);
    struct chunk *chunk = chunk_new(content.len);

    if (!passing || !chunk) {
        passing_drop(passing);
        chunk_unref(chunk);
        return NULL;
    }
    pen = (struct blockpen){passing->text, 0};
    put_held(&pen, &response->head, tag);
    passing_point(passing, &marks, tag.len);
    if (content.len > 0)
        memcpy(chunk->bytes, content.at, content.len);
    struct representation *to = &passing->source.representation;
    to->bytes = chunk;
    to->length = content.len;
    to->passes = false;
    to->stored = true; /* the origin has seen If-Match and its kind [RFC 9111 §4.3.2] */
    return &passing->source;
}
