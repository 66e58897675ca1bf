/* Makes the representations of one path from its record and its content.
 *
 * Everything that a clock changes is decided here, at the wall clock time `now`, together with the
 * span of time for which it holds: a date in the future is not sent before its second has come; it
 * is no strong validator before two more have passed (D-50).
 */
#include "origin/entry.h"

#include "base/memory.h"
#include "origin/filesrep.h"
#include "origin/lastmodified.h"

enum { ENTRY_CODED_MIN = 256, ENTRY_STRONG_AFTER = 2 };

#define ENTRY_SECOND INT64_C(1000000000)

struct entry *entry_new(struct library *library, struct stet_span key, const char *path, int status)
{
    const size_t path_size = strlen(path) + 1;
    struct entry *entry = memory_new_zero(sizeof *entry + key.len + path_size);
    if (!entry)
        return NULL;
    char *text = (char *)(entry + 1);
    memcpy(text, path, path_size);
    memcpy(text + path_size, key.at, key.len);
    entry->library = library;
    entry->place = (struct entry_place){
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

static void entry_view_drop(struct entry *entry)
{
    for (int i = 0; i < STET_CODING_COUNT; i++) {
        representation_unref(entry->view.representations[i]);
        entry->view.representations[i] = NULL;
    }
    entry->view.from = INT64_MAX;
}

void entry_free(struct entry *entry)
{
    entry_view_drop(entry);
    content_unref(entry->content);
    chunk_unref(entry->page);
    memory_free(entry);
}

static bool entry_weak(const struct record *record)
{
    return !record_settled(&record->stamp, record->began);
}

/* Do two records give the same answers? */
static bool entry_same(const struct record *a, const struct record *b)
{
    return fs_stamp_equal(&a->stamp, &b->stamp) && a->hashed == b->hashed &&
           digest_equal(&a->digest, &b->digest) && a->modified == b->modified &&
           a->text == b->text && entry_weak(a) == entry_weak(b);
}

void entry_set(struct entry *entry, enum entry_kind kind, const struct record *record,
               struct content *content)
{
    if (!record || entry->kind != kind || entry->content != content || entry->page ||
        !entry_same(&entry->record, record))
        entry_view_drop(entry);
    content_unref(entry->content);
    chunk_unref(entry->page);
    entry->content = content;
    entry->page = NULL;
    entry->kind = kind;
    if (record)
        entry->record = *record;
}

void entry_set_listing(struct entry *entry, const struct digest *digest, struct chunk *page,
                       struct content *content)
{
    const struct record record = {.stamp.size = page->len,
                                  .digest = *digest,
                                  .began = INT64_MAX, /* what was written is what is sent */
                                  .modified = LASTMODIFIED_NONE,
                                  .hashed = true,
                                  .text = true};
    entry_set(entry, ENTRY_LISTING, &record, content);
    if (!content)
        entry->page = chunk_ref(page);
}

static const char *entry_type(const struct entry *entry)
{
    return entry->place.type ? entry->place.type
                             : mediatype_unknown(entry->record.hashed && entry->record.text);
}

/* Content of this kind and size is coded where that makes it smaller. */
static bool entry_codable(const struct entry *entry)
{
    return entry->library->options.compress &&
           entry->record.stamp.size <= entry->library->small_max &&
           mediatype_compressible(entry_type(entry));
}

/* Finds out which codings there are. The version is read first: what changes later shows. A content
 * may be that of other paths too: what was made for those is not for one that is never coded. */
static void entry_codings(struct entry *entry)
{
    struct entry_view *view = &entry->view;
    view->possible = view->ready = 1U << STET_CODING_IDENTITY;
    if (!entry->content)
        return;
    view->version = atomic_load_explicit(&entry->content->version, memory_order_acquire);
    const bool codable = entry_codable(entry);
    view->ready |= codable ? content_variants(entry->content, VARIANT_READY)
                           : content_sidecars(entry->content);
    view->possible |= view->ready;
    if (codable && entry->record.stamp.size >= ENTRY_CODED_MIN)
        view->possible |= content_variants(entry->content, VARIANT_UNKNOWN);
}

void entry_view_renew(struct entry *entry, int64_t now)
{
    const int64_t date = entry->record.modified;
    entry_view_drop(entry);
    entry_codings(entry);
    entry->view.from = INT64_MIN;
    entry->view.until = INT64_MAX;
    if (date == LASTMODIFIED_NONE)
        return;
    const int64_t strong = (date + ENTRY_STRONG_AFTER) * ENTRY_SECOND;
    if (!lastmodified_sendable(date, now)) {
        entry->view.until = date * ENTRY_SECOND;
    } else if (now < strong) {
        entry->view.from = date * ENTRY_SECOND;
        entry->view.until = strong;
    } else {
        entry->view.from = strong;
    }
}

/* A date stands for one representation only where there is but one, and where it cannot have been
 * given to two versions [RFC 9110 §8.8.1, §8.8.2.2] (D-50). */
static bool entry_date_strong(const struct record *record, bool negotiated, int64_t now)
{
    return !negotiated && record_settled(&record->stamp, now) &&
           now / ENTRY_SECOND - record->modified >= ENTRY_STRONG_AFTER;
}

static struct representation *entry_make(const struct entry *entry, enum stet_coding coding,
                                         const struct variant *variant, int64_t now)
{
    const struct record *record = &entry->record;
    const bool coded = coding != STET_CODING_IDENTITY;
    const char *type = entry_type(entry);
    const bool negotiated = entry_codable(entry) || entry->view.ready != 1U << STET_CODING_IDENTITY;
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
        .weak = entry_weak(record),
        .has_modified = dated,
        .modified_strong = dated && entry_date_strong(record, negotiated, now),
        .modified = dated ? record->modified : 0,
        .cache_control = entry->place.cache_control,
        .cors = entry->library->options.cors,
    };
    return filesrep_new(&recipe);
}

struct representation *entry_representation(struct entry *entry, enum stet_coding coding,
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
    entry->view.representations[coding] = entry_make(entry, coding, &variant, now);
    chunk_unref(variant.bytes);
    return entry->view.representations[coding];
}
