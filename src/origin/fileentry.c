/* Makes the representations of one path from its record and its content.
 *
 * Everything that a clock changes is decided here, at the wall clock time `now`, together with the
 * span of time for which it holds: a date in the future is not sent before its second has come; it
 * is no strong validator before two more have passed (D-50).
 */
#include "origin/fileentry.h"

#include "base/memory.h"
#include "origin/filesrep.h"
#include "origin/lastmodified.h"

enum { FILEENTRY_CODED_MIN = 256, FILEENTRY_STRONG_AFTER = 2 };

#define FILEENTRY_SECOND INT64_C(1000000000)

struct fileentry *fileentry_new(struct library *library, struct stet_span key, const char *path,
                                int status)
{
    const size_t path_size = strlen(path) + 1;
    struct fileentry *entry = memory_new_zero(sizeof *entry + key.len + path_size);
    if (!entry)
        return NULL;
    char *text = (char *)(entry + 1);
    memcpy(text, path, path_size);
    memcpy(text + path_size, key.at, key.len);
    entry->library = library;
    entry->place = (struct fileentry_place){
        .key = text + path_size,
        .key_len = key.len,
        .path = text,
        .record = record_key_of(path),
        .type = mediatype_of(library->types, stet_span(path, path_size - 1)),
        .cache_control =
            freshnessrule_of(library->options.rules, library->options.rule_count, path),
        .status = status,
    };
    return entry;
}

static void fileentry_view_drop(struct fileentry *entry)
{
    for (int i = 0; i < STET_CODING_COUNT; i++) {
        representation_unref(entry->view.representations[i]);
        entry->view.representations[i] = NULL;
    }
    entry->view.from = INT64_MAX;
}

void fileentry_free(struct fileentry *entry)
{
    fileentry_view_drop(entry);
    content_unref(entry->content);
    chunk_unref(entry->page);
    memory_free(entry);
}

static bool fileentry_weak(const struct record *record)
{
    return !record_settled(&record->stamp, record->began);
}

/* Do two records give the same answers? */
static bool fileentry_same(const struct record *a, const struct record *b)
{
    return fs_stamp_equal(&a->stamp, &b->stamp) && a->hashed == b->hashed &&
           digest_equal(&a->digest, &b->digest) && a->modified == b->modified &&
           a->text == b->text && fileentry_weak(a) == fileentry_weak(b);
}

void fileentry_set(struct fileentry *entry, enum fileentry_kind kind, const struct record *record,
                   struct content *content)
{
    if (!record || entry->kind != kind || entry->content != content || entry->page ||
        !fileentry_same(&entry->record, record))
        fileentry_view_drop(entry);
    content_unref(entry->content);
    chunk_unref(entry->page);
    entry->content = content;
    entry->page = NULL;
    entry->kind = kind;
    if (record)
        entry->record = *record;
}

void fileentry_set_listing(struct fileentry *entry, const struct digest *digest, struct chunk *page,
                           struct content *content)
{
    const struct record record = {.stamp.size = page->len,
                                  .digest = *digest,
                                  .began = INT64_MAX, /* what was written is what is sent */
                                  .modified = LASTMODIFIED_NONE,
                                  .hashed = true,
                                  .text = true};
    fileentry_set(entry, FILEENTRY_LISTING, &record, content);
    if (!content)
        entry->page = chunk_ref(page);
}

static const char *fileentry_type(const struct fileentry *entry)
{
    return entry->place.type ? entry->place.type
                             : mediatype_unknown(entry->record.hashed && entry->record.text);
}

/* Content of this kind and size is coded where that makes it smaller. */
static bool fileentry_codable(const struct fileentry *entry)
{
    return entry->library->options.compress &&
           entry->record.stamp.size <= entry->library->small_max &&
           mediatype_compressible(fileentry_type(entry));
}

/* Finds out which codings there are. The version is read first: what changes later shows. A content
 * may be that of other paths too: what was made for those is not for one that is never coded. */
static void fileentry_codings(struct fileentry *entry)
{
    struct fileentry_view *view = &entry->view;
    view->possible = view->ready = 1U << STET_CODING_IDENTITY;
    if (!entry->content)
        return;
    view->version = atomic_load_explicit(&entry->content->version, memory_order_acquire);
    const bool codable = fileentry_codable(entry);
    view->ready |= codable ? content_variants(entry->content, VARIANT_READY)
                           : content_sidecars(entry->content);
    view->possible |= view->ready;
    if (codable && entry->record.stamp.size >= FILEENTRY_CODED_MIN)
        view->possible |= content_variants(entry->content, VARIANT_UNKNOWN);
}

void fileentry_view_renew(struct fileentry *entry, int64_t now)
{
    const int64_t date = entry->record.modified;
    fileentry_view_drop(entry);
    fileentry_codings(entry);
    entry->view.from = INT64_MIN;
    entry->view.until = INT64_MAX;
    if (date == LASTMODIFIED_NONE)
        return;
    const int64_t strong = (date + FILEENTRY_STRONG_AFTER) * FILEENTRY_SECOND;
    if (!lastmodified_sendable(date, now)) {
        entry->view.until = date * FILEENTRY_SECOND;
    } else if (now < strong) {
        entry->view.from = date * FILEENTRY_SECOND;
        entry->view.until = strong;
    } else {
        entry->view.from = strong;
    }
}

/* A date stands for one representation only where there is but one, and where it cannot have been
 * given to two versions [RFC 9110 §8.8.1, §8.8.2.2] (D-50). */
static bool fileentry_date_strong(const struct record *record, bool negotiated, int64_t now)
{
    return !negotiated && record_settled(&record->stamp, now) &&
           now / FILEENTRY_SECOND - record->modified >= FILEENTRY_STRONG_AFTER;
}

static struct representation *fileentry_make(const struct fileentry *entry, enum stet_coding coding,
                                             const struct variant *variant, int64_t now)
{
    const struct record *record = &entry->record;
    const bool coded = coding != STET_CODING_IDENTITY;
    const char *type = fileentry_type(entry);
    const bool negotiated =
        fileentry_codable(entry) || entry->view.ready != 1U << STET_CODING_IDENTITY;
    const bool dated = lastmodified_sendable(record->modified, now);
    struct chunk *bytes = coded            ? variant->bytes
                          : entry->content ? entry->content->bytes
                                           : entry->page;
    const struct filesrep_recipe recipe = {
        .status = entry->place.status,
        .bytes = bytes,
        .fs = entry->library->fs,
        .path = entry->place.path,
        .stamp = record->stamp,
        .length = bytes ? bytes->len : record->stamp.size,
        .type = type,
        .charset = record->hashed && record->text && mediatype_has_charset(type),
        .negotiated = negotiated,
        .coding = coding,
        .digest = coded            ? &variant->digest
                  : record->hashed ? &record->digest
                                   : NULL,
        .weak = fileentry_weak(record),
        .has_modified = dated,
        .modified_strong = dated && fileentry_date_strong(record, negotiated, now),
        .modified = dated ? record->modified : 0,
        .cache_control = entry->place.cache_control,
        .cors = entry->library->options.cors,
    };
    return filesrep_new(&recipe);
}

struct representation *fileentry_representation(struct fileentry *entry, enum stet_coding coding,
                                                int64_t now)
{
    struct variant variant = {0};
    if (entry->view.representations[coding])
        return entry->view.representations[coding];
    if (coding != STET_CODING_IDENTITY) {
        variant = content_variant(entry->content, coding);
        if (variant.state != VARIANT_READY)
            return NULL;
    }
    entry->view.representations[coding] = fileentry_make(entry, coding, &variant, now);
    chunk_unref(variant.bytes);
    return entry->view.representations[coding];
}
