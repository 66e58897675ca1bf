/* Makes the heads of stored responses: sorts field lines into sections, in two passes.
 *
 * Which section a line goes to is told by its name, so that lines of one name keep their order
 * [RFC 9110 §5.3]. The first pass measures, the second writes.
 */
#include "cache/shelf_head.h"

#include "base/check.h"
#include "stet/date.h"
#include "stet/metadata.h"
#include "wire/reply.h"

enum { LINES = 64 }; /* heads are seldom longer */

/* One pass over the lines. */
struct writer {
    const struct shelf_head_recipe *recipe;
    bool tagged; /* the FIRST line is a tag */
    size_t lines;
    size_t at[ENTRY_HEAD_SECTIONS]; /* octets so far, or where the next ones go */
    char *to;                       /* NULL: it is only measured */
    unsigned char sections[LINES];  /* of the first lines, as the first pass has found them */
};

/* ---- sections ---- */

/* The field is told anew in each answer. Content-Range says something of parts only, elsewhere it
 * is a field like others [RFC 9110 §14.4]; a digest of a part is none of what it will be put
 * together to [RFC 9530 §2]. */
static bool is_told_anew(enum stet_field_id id, bool partial)
{
    switch (id) {
    case STET_FIELD_AGE:
    case STET_FIELD_CONTENT_LENGTH:
    case STET_FIELD_DATE:
        return true;
    case STET_FIELD_CONTENT_DIGEST:
    case STET_FIELD_CONTENT_MD5:
    case STET_FIELD_CONTENT_RANGE:
        return partial;
    default:
        return false;
    }
}

/* A Last-Modified leads only where there is no ETag: a 304 then has it in its place (D-02). */
static enum entry_head_section section_of_date(const struct writer *writer)
{
    const struct stet_head *fields = writer->recipe->fields;
    if (writer->tagged || stet_head_has(fields, STET_FIELD_ETAG))
        return ENTRY_HEAD_DESCRIBING;
    return stet_head_lines(fields, STET_FIELD_LAST_MODIFIED) > 1 ? ENTRY_HEAD_UNCHANGED
                                                                 : ENTRY_HEAD_FIRST;
}

static enum entry_head_section section_of(const struct writer *writer,
                                          const struct stet_field *field)
{
    const struct stet_head *fields = writer->recipe->fields;

    if (field->id == STET_FIELD_ETAG)
        return writer->tagged ? ENTRY_HEAD_FIRST : ENTRY_HEAD_UNCHANGED;
    if (field->id == STET_FIELD_LAST_MODIFIED)
        return section_of_date(writer);
    if (stet_metadata_in_304(fields, field))
        return ENTRY_HEAD_UNCHANGED;
    if (field->id == STET_FIELD_CONTENT_TYPE && stet_head_lines(fields, field->id) == 1)
        return ENTRY_HEAD_TYPE;
    if (!stet_metadata_in_206(field, false))
        return ENTRY_HEAD_WHOLE;
    return stet_metadata_in_206(field, true) ? ENTRY_HEAD_COMMON : ENTRY_HEAD_DESCRIBING;
}

/* ---- writing ---- */

static void write_span(struct writer *writer, enum entry_head_section section,
                       struct stet_span text)
{
    if (writer->to && text.len > 0)
        memcpy(writer->to + writer->at[section], text.at, text.len);
    writer->at[section] += text.len;
}

static void write_line(struct writer *writer, const struct stet_field *field)
{
    const bool known = writer->to && writer->lines < LINES;
    const enum entry_head_section section =
        known ? (enum entry_head_section)writer->sections[writer->lines]
              : section_of(writer, field);
    if (writer->lines < LINES)
        writer->sections[writer->lines] = (unsigned char)section;
    write_span(writer, section, field->name);
    write_span(writer, section, STET_SPAN(": "));
    write_span(writer, section, field->value);
    write_span(writer, section, STET_SPAN("\r\n"));
    writer->lines++;
}

/* A Last-Modified made here is to be written. */
static bool is_dated_here(const struct shelf_head_recipe *recipe)
{
    return recipe->modified >= 0 && !stet_head_has(recipe->fields, STET_FIELD_LAST_MODIFIED);
}

static void write_lines(struct writer *writer)
{
    const struct shelf_head_recipe *recipe = writer->recipe;
    const struct stet_head *fields = recipe->fields;

    if (recipe->tag.len > 0)
        write_line(writer, &(struct stet_field){STET_SPAN("ETag"), recipe->tag, STET_FIELD_ETAG});
    if (is_dated_here(recipe)) {
        char date[STET_DATE_LENGTH];
        stet_date_write(recipe->modified, date);
        write_line(writer,
                   &(struct stet_field){STET_SPAN("Last-Modified"), stet_span(date, sizeof date),
                                        STET_FIELD_LAST_MODIFIED});
    }
    for (size_t i = 0; i < fields->count; i++) {
        const struct stet_field *field = &fields->fields[i];
        const bool replaced = field->id == STET_FIELD_ETAG && recipe->tag.len > 0;
        if (!is_told_anew(field->id, recipe->parts != NULL) && !replaced)
            write_line(writer, field);
    }
}

static void writer_init(struct writer *writer, const struct shelf_head_recipe *recipe)
{
    writer->recipe = recipe;
    writer->tagged = recipe->tag.len > 0 || stet_etag_present(stet_etag_of(recipe->fields));
    writer->lines = 0;
    writer->to = NULL;
    memset(writer->at, 0, sizeof writer->at);
}

/* Turns lengths of sections into where they begin; returns the length of all. */
static size_t writer_turn(struct writer *writer)
{
    size_t at = 0;
    for (unsigned i = 0; i < ENTRY_HEAD_SECTIONS; i++) {
        const size_t size = writer->at[i];
        writer->at[i] = at;
        at += size;
    }
    writer->lines = 0;
    return at;
}

/* ---- heads ---- */

/* What conditions are compared with, and what else is asked for often. */
static void head_validate(struct entry_head *head, const struct shelf_head_recipe *recipe,
                          bool tagged)
{
    const struct stet_head *fields = recipe->fields;
    const struct stet_span date = stet_head_single(fields, STET_FIELD_LAST_MODIFIED);
    int64_t modified = recipe->modified;
    unsigned flags = tagged ? ENTRY_HEAD_TAGGED : 0;

    if (recipe->tag.len > 0)
        flags |= ENTRY_HEAD_TAG_MADE;
    if (is_dated_here(recipe))
        flags |= ENTRY_HEAD_DATE_MADE;
    if (recipe->sized)
        flags |= ENTRY_HEAD_SIZED;
    if (recipe->version == 20)
        flags |= ENTRY_HEAD_HTTP2;
    if (recipe->version == 10)
        flags |= ENTRY_HEAD_HTTP10;
    if (stet_head_has(fields, STET_FIELD_CACHE_GROUPS) ||
        stet_head_has(fields, STET_FIELD_NO_VARY_SEARCH)) /* groups.h has both */
        flags |= ENTRY_HEAD_GROUPED;
    head->flags = (uint16_t)(head->flags | flags);
    entry_head_set_count(head, recipe->changes);
    if (is_dated_here(recipe) || stet_date_read(date, recipe->stored->times.date, &modified))
        entry_head_set_modified(head, modified);
}

struct entry_head *shelf_head_new(const struct shelf_head_recipe *recipe)
{
    struct writer writer;
    writer_init(&writer, recipe);
    write_lines(&writer);
    const size_t lines = writer.lines, size = writer_turn(&writer);
    if (size > ENTRY_HEAD_TEXT_MAX || lines > UINT16_MAX)
        return NULL;
    struct entry_head *head = entry_head_new(recipe->stored, recipe->parts, size);
    if (!head)
        return NULL;
    writer.to = head->text;
    write_lines(&writer);
    for (unsigned i = 0; i < ENTRY_HEAD_SECTIONS; i++)
        head->ends[i] = (uint16_t)writer.at[i];
    head->lines = (uint16_t)lines;
    head_validate(head, recipe, writer.tagged);
    return head;
}

void shelf_head_view(const struct entry_head *head, struct stet_field *fields,
                     struct stet_head *view)
{
    struct stet_span block = entry_head_whole(head), name, value;

    *view = (struct stet_head){.fields = fields};
    while (reply_block_next(&block, &name, &value)) {
        stet_head_add(view, fields, name, value);
        const enum stet_field_id id = fields[view->count - 1].id;
        if ((id == STET_FIELD_ETAG && (head->flags & ENTRY_HEAD_TAG_MADE)) ||
            (id == STET_FIELD_LAST_MODIFIED && (head->flags & ENTRY_HEAD_DATE_MADE)))
            view->count--;
    }
    stet_head_index(view);
}
