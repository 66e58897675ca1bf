/* A body of several ranges: the framing of a part, its octets, the next part, the end.
 *
 *     part 0 text, part 0 content, part 1 text, ... , end text
 *
 * The text being sent stands in `text`; the content comes from the chunk of the representation or
 * from a body of its own for each range. The first of them is opened before the head is sent, while
 * it can still be said that this is impossible now.
 */
#include "serve/multipart_body.h"

#include "base/memory.h"

struct multipart_body {
    struct body body;
    struct representation *representation;
    struct stet_multipart multipart;
    struct stet_ranges ranges;
    size_t part;        /* being sent; ranges.count: the end */
    bool in_content;    /* the octets of the part, not its framing */
    uint64_t left;      /* octets of the content that are to come */
    struct body *inner; /* where they come from when not in memory */
    char *text;         /* framing being sent */
    size_t text_size, text_done;
};

static struct multipart_body *multipart_body_of(struct body *body)
{
    return (struct multipart_body *)(void *)body;
}

static void multipart_body_frame(struct multipart_body *self)
{
    self->in_content = false;
    self->text_done = 0;
    if (self->part == self->ranges.count) {
        stet_multipart_end_write(&self->multipart, self->text);
        self->text_size = STET_MULTIPART_END_LENGTH;
        return;
    }
    self->text_size = stet_multipart_part_write(&self->multipart, self->part == 0,
                                                self->ranges.at[self->part], self->text);
}

/* Opens the content of the part, unless it is in memory. */
static bool multipart_body_open(struct multipart_body *self)
{
    struct representation *representation = self->representation;
    struct stet_range range = self->ranges.at[self->part];
    if (!representation->bytes && !self->inner)
        self->inner =
            representation->ops->body(representation, range.first, range.last - range.first + 1);
    return representation->bytes || self->inner;
}

/* The framing of a part is out: its content comes. */
static bool multipart_body_enter(struct multipart_body *self)
{
    struct stet_range range = self->ranges.at[self->part];
    self->in_content = true;
    self->left = range.last - range.first + 1;
    return multipart_body_open(self);
}

static void multipart_body_leave(struct multipart_body *self)
{
    if (self->inner)
        self->inner->ops->free(self->inner);
    self->inner = NULL;
    self->part++;
    multipart_body_frame(self);
}

static enum body_peek multipart_body_peek(struct body *body, char *scratch, size_t room,
                                          struct stet_span *bytes)
{
    struct multipart_body *self = multipart_body_of(body);

    if (!self->in_content && self->text_done == self->text_size) {
        if (self->part == self->ranges.count)
            return BODY_END;
        if (!multipart_body_enter(self))
            return BODY_BROKEN;
    }
    if (!self->in_content) {
        *bytes = stet_span(self->text + self->text_done, self->text_size - self->text_done);
        return BODY_BYTES;
    }
    if (self->inner) {
        enum body_peek peek = self->inner->ops->peek(self->inner, scratch, room, bytes);
        return peek == BODY_END ? BODY_BROKEN : peek; /* `left` says there is more */
    }
    uint64_t from = self->ranges.at[self->part].last + 1 - self->left;
    *bytes = stet_span(self->representation->bytes->bytes + from, (size_t)self->left);
    return BODY_BYTES;
}

static void multipart_body_skip(struct body *body, size_t count)
{
    struct multipart_body *self = multipart_body_of(body);

    if (!self->in_content) {
        self->text_done += count;
        return;
    }
    if (self->inner)
        self->inner->ops->skip(self->inner, count);
    self->left -= count;
    if (self->left == 0)
        multipart_body_leave(self);
}

static void multipart_body_free(struct body *body)
{
    struct multipart_body *self = multipart_body_of(body);

    if (self->inner)
        self->inner->ops->free(self->inner);
    representation_unref(self->representation);
    memory_free(self->text);
    memory_free(self);
}

/* Letters and digits: 24 of them make a clash with the content unthinkable. */
static void multipart_body_boundary(struct loop *loop, char to[STET_BOUNDARY_LENGTH])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char random[STET_BOUNDARY_LENGTH];

    loop_random(loop, random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        to[i] = letters[random[i] & 31];
}

struct body *multipart_body_new(struct representation *representation,
                                const struct stet_ranges *ranges, struct loop *loop,
                                char type[STET_MULTIPART_TYPE_LENGTH], uint64_t *length)
{
    static const struct body_ops ops = {
        .peek = multipart_body_peek, .skip = multipart_body_skip, .free = multipart_body_free};
    struct multipart_body *self = memory_new_zero(sizeof *self);

    if (!self)
        return NULL;
    self->text = memory_new(STET_MULTIPART_PART_MAX(representation->type.len));
    if (!self->text) {
        memory_free(self);
        return NULL;
    }
    self->body.ops = &ops;
    self->representation = representation_ref(representation);
    self->ranges = *ranges;
    self->multipart.type = representation->type;
    self->multipart.length = representation->length;
    multipart_body_boundary(loop, self->multipart.boundary);
    stet_multipart_type_write(&self->multipart, type);
    *length = stet_multipart_length(&self->multipart, ranges);
    multipart_body_frame(self);
    if (multipart_body_open(self))
        return &self->body;
    multipart_body_free(&self->body);
    return NULL;
}
