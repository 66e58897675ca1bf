/* Writes the fields of a representation once, so that every block of them is a piece of one text.
 *
 *     | Content-Type | Accept-Ranges, nosniff, Content-Encoding | Last-Modified | Server, ETag...|
 *     |<------------------------------------ whole ---------------------------------------------->|
 *                    |<------------------------------- whole_untyped ---------------------------->|
 *                                                               |<- unchanged, if without a tag ->|
 *                                                                               |<- part, else it
 * ->|
 *
 * `part` and `unchanged` end with what must be in a 206 and a 304 if the 200 had it; Last-Modified
 * is in the 304 only where it has to serve in place of a tag [RFC 9110 §15.3.7, §15.4.5] (D-02).
 *
 * The representation, its text, its type and its path are one allocation.
 */
#include "origin/filesrep.h"

#include "base/container.h"
#include "base/memory.h"
#include "origin/filebody.h"
#include "stet/date.h"
#include "wire/blockpen.h"

struct filesrep {
    struct representation representation;
    struct fs *fs;
    const char *path;
    struct fs_stamp stamp;
    char text[]; /* the fields, then the path with its NUL */
};

/* Where the blocks begin in the text. */
struct marks {
    size_t untyped;
    size_t modified;
    size_t common;
    size_t etag; /* the tag's value */
    size_t end;
};

static struct stet_span filesrep_type(const struct filesrep_recipe *recipe, struct blockpen *pen)
{
    static const struct stet_span name = {"Content-Type: ", 14};
    struct stet_span type;
    blockpen_put(pen, name);
    type.at = pen->to ? pen->to + pen->len : NULL;
    type.len = pen->len;
    blockpen_put(pen, stet_span_of(recipe->type));
    if (recipe->charset)
        blockpen_put(pen, STET_SPAN("; charset=utf-8"));
    type.len = pen->len - type.len;
    blockpen_put(pen, STET_SPAN("\r\n"));
    return type;
}

/* What only a whole answer tells. */
static void filesrep_content_fields(const struct filesrep_recipe *recipe, struct blockpen *pen)
{
    if (recipe->coding != STET_CODING_IDENTITY) /* never "identity" [RFC 9110 §8.4] */
        blockpen_line(pen, STET_SPAN("Content-Encoding"), stet_coding_name(recipe->coding));
    if (recipe->status == 200)
        blockpen_line(pen, STET_SPAN("Accept-Ranges"), STET_SPAN("bytes"));
    blockpen_line(pen, STET_SPAN("X-Content-Type-Options"), STET_SPAN("nosniff"));
}

static void filesrep_modified(const struct filesrep_recipe *recipe, struct blockpen *pen)
{
    char date[STET_DATE_LENGTH];
    if (!recipe->has_modified)
        return;
    stet_date_write(recipe->modified, date);
    blockpen_line(pen, STET_SPAN("Last-Modified"), stet_span(date, sizeof date));
}

/* What a 200, a 206 and a 304 tell alike; returns where the tag stands. */
static size_t filesrep_common_fields(const struct filesrep_recipe *recipe, struct stet_span tag,
                                     struct blockpen *pen)
{
    blockpen_line(pen, STET_SPAN("Server"), STET_SPAN("stet"));
    size_t at = pen->len + sizeof "ETag: " - 1;
    if (tag.len > 0)
        blockpen_line(pen, STET_SPAN("ETag"), tag);
    if (recipe->cache_control[0])
        blockpen_line(pen, STET_SPAN("Cache-Control"), stet_span_of(recipe->cache_control));
    if (recipe->negotiated) /* [RFC 9110 §12.5.5] */
        blockpen_line(pen, STET_SPAN("Vary"), STET_SPAN("Accept-Encoding"));
    if (recipe->cors)
        blockpen_line(pen, STET_SPAN("Access-Control-Allow-Origin"), stet_span_of(recipe->cors));
    return at;
}

static struct marks filesrep_write(const struct filesrep_recipe *recipe, struct stet_span tag,
                                   struct blockpen *pen, struct stet_span *type)
{
    struct marks marks;
    *type = filesrep_type(recipe, pen);
    marks.untyped = pen->len;
    filesrep_content_fields(recipe, pen);
    marks.modified = pen->len;
    filesrep_modified(recipe, pen);
    marks.common = pen->len;
    marks.etag = filesrep_common_fields(recipe, tag, pen);
    marks.end = pen->len;
    return marks;
}

static struct body *filesrep_body(struct representation *representation, uint64_t from,
                                  uint64_t length)
{
    const struct filesrep *file = CONTAINER(representation, struct filesrep, representation);
    if (representation->bytes)
        return filebody_new_of_chunk(representation->bytes, from, length);
    return filebody_new(file->fs, file->path, &file->stamp, from, length);
}

static void filesrep_free(struct representation *representation)
{
    struct filesrep *file = CONTAINER(representation, struct filesrep, representation);
    chunk_unref(representation->bytes);
    memory_free(file);
}

static const struct representation_ops filesrep_ops = {
    .body = filesrep_body,
    .free = filesrep_free,
};

/* Points the representation's blocks and validators into its text. */
static void filesrep_point(struct representation *to, const struct filesrep_recipe *recipe,
                           struct stet_span text, struct marks marks, size_t tag_len)
{
    const size_t unchanged = tag_len > 0 ? marks.common : marks.modified;
    to->whole = text;
    to->whole_untyped = stet_span_from(text, marks.untyped);
    to->part = stet_span_from(text, marks.common);
    to->unchanged = stet_span_from(text, unchanged);
    to->validators = (struct stet_validators){.exists = true,
                                              .etag = STET_ETAG_NONE,
                                              .has_modified = recipe->has_modified,
                                              .modified_strong = recipe->modified_strong,
                                              .modified = recipe->modified};
    if (tag_len > 0) {
        to->etag_text = stet_span(text.at + marks.etag, tag_len);
        to->validators.etag = stet_etag_read(to->etag_text);
    }
}

struct representation *filesrep_new(const struct filesrep_recipe *recipe)
{
    char tag_text[DIGEST_TAG_ROOM];
    struct stet_span tag = STET_SPAN_NONE;
    if (recipe->digest)
        tag =
            stet_span(tag_text, digest_tag(recipe->digest, recipe->coding, recipe->weak, tag_text));
    struct stet_span type;
    struct blockpen pen = {NULL, 0};
    filesrep_write(recipe, tag, &pen, &type);
    const char *path = recipe->bytes ? "" : recipe->path;
    const size_t path_size = strlen(path) + 1;

    struct filesrep *file = memory_new(sizeof *file + pen.len + path_size);
    if (!file)
        return NULL;
    *file = (struct filesrep){.fs = recipe->fs, .stamp = recipe->stamp};
    pen = (struct blockpen){file->text, 0};
    struct marks marks = filesrep_write(recipe, tag, &pen, &type);
    file->path = memcpy(file->text + marks.end, path, path_size);
    file->representation = (struct representation){.ops = &filesrep_ops,
                                                   .status = recipe->status,
                                                   .length = recipe->length,
                                                   .bytes = recipe->bytes,
                                                   .type = type};
    atomic_init(&file->representation.refs, 1);
    if (recipe->bytes)
        chunk_ref(recipe->bytes);
    filesrep_point(&file->representation, recipe, stet_span(file->text, marks.end), marks, tag.len);
    return &file->representation;
}
