/* One worker's table of paths, each entry proved against the file system before it answers.
 *
 *     files_find -> in the table, and checked at this moment or later? -> choose a coding, answer
 *                   else -> state of the path (one system call)
 *                             same as before, and settled            -> answer
 *                             small: known to the library by stamp   -> take it over, answer
 *                                    else read and hash in the pool  -> wait
 *                             large: digest known by stamp           -> answer with a tag
 *                                    else have it hashed             -> answer without
 *                             not there: index, redirect, 404.html   -> answer
 *
 * "Settled" is D-50: a digest proves something about a stamp only if the hashing began two seconds
 * after the last change. Until then each moment costs a reading of the file, and the tag is weak.
 *
 * The table is bounded; a clock hand finds who has not been asked for. Paths that lead nowhere are
 * not remembered: they cost one system call each, and no memory.
 *
 * Given up: watching for changes (inotify). A watch that lags or overflows would make a 304 wrong,
 * and the state costs less than the rest of a request.
 */
#include "origin/files.h"

#include "base/container.h"
#include "base/memory.h"
#include "origin/hashing.h"
#include "origin/lastmodified.h"
#include "origin/reading.h"
#include "origin/recoding.h"
#include "origin/sitepath.h"

struct files {
    struct library *library;
    struct loop *loop;
    struct library_ear *ear;
    struct map table; /* of struct fileentry, by key */
    struct fileentry *hand;
};

/* Where a question leads: an entry's key, the file, the status of the answer, and where to look
 * when nothing is there. */
struct destination {
    struct stet_span key;
    const char *path;
    int status;
    const struct destination *otherwise;
};

/* One question on its way. */
struct search {
    struct files *files;
    struct files_query *query;
    const struct destination *to;
};

static enum files_answer search_look(const struct search *search);

/* ---- the table ---- */

static void files_unlink(struct files *files, struct fileentry *entry)
{
    map_remove(&files->table, entry->place.key, entry->place.key_len);
    if (files->hand == entry)
        files->hand = entry->after == entry ? NULL : entry->after;
    entry->before->after = entry->after;
    entry->after->before = entry->before;
}

/* The entry has no waiters. */
static void files_drop(struct files *files, struct fileentry *entry)
{
    files_unlink(files, entry);
    if (entry->reading)
        reading_abandon(entry->reading);
    recoding_abandon(entry->recodings);
    fileentry_free(entry);
}

static bool files_busy(const struct fileentry *entry)
{
    return entry->waiting || entry->reading || entry->recodings;
}

/* Lets an entry go that was not used since the hand last came by, within a bounded search. */
static void files_make_room(struct files *files)
{
    enum { FILES_SEARCH = 64 };
    if (files->table.count < files->library->options.paths_max)
        return;
    for (int i = 0; i < FILES_SEARCH && files->hand; i++) {
        struct fileentry *entry = files->hand;
        files->hand = entry->after;
        if (files_busy(entry))
            continue;
        if (!entry->used || i == FILES_SEARCH - 1) {
            files_drop(files, entry);
            return;
        }
        entry->used = false;
    }
}

static struct fileentry *files_add(struct files *files, const struct destination *to)
{
    files_make_room(files);
    struct fileentry *entry = fileentry_new(files->library, to->key, to->path, to->status);
    if (!entry)
        return NULL;
    if (!map_put(&files->table, entry->place.key, entry->place.key_len, entry)) {
        fileentry_free(entry);
        return NULL;
    }
    if (!files->hand)
        files->hand = entry->before = entry->after = entry;
    entry->after = files->hand;
    entry->before = files->hand->before;
    entry->before->after = entry;
    entry->after->before = entry;
    return entry;
}

/* ---- waiting ---- */

static enum files_answer files_wait(struct fileentry *entry, struct files_query *query)
{
    query->waits_on = &entry->waiting;
    query->next = entry->waiting;
    entry->waiting = query;
    return FILES_WAIT;
}

void files_forget(struct files *files, struct files_query *query)
{
    (void)files;
    if (!query->waits_on)
        return;
    struct files_query **at = query->waits_on;
    while (*at != query)
        at = &(*at)->next;
    *at = query->next;
    query->waits_on = NULL;
}

/* Wakes those who wait now, in their order. They hang on a list of their own meanwhile, from which
 * files_forget can take them, and where none can come to. */
static void files_wake(struct fileentry *entry)
{
    struct files_query *woken = NULL;
    while (entry->waiting) {
        struct files_query *query = entry->waiting;
        entry->waiting = query->next;
        query->next = woken;
        query->waits_on = &woken;
        woken = query;
    }
    while (woken) {
        struct files_query *query = woken;
        files_forget(NULL, query);
        query->waiter.run(&query->waiter);
    }
}

static void files_entry_ready(void *owner, struct fileentry *entry)
{
    (void)owner;
    files_wake(entry);
}

/* ---- answers ---- */

/* Nothing is there: the next place, if there is one. */
static enum files_answer search_on(const struct search *search)
{
    if (!search->to->otherwise)
        return FILES_MISSING;
    return search_look(&(struct search){search->files, search->query, search->to->otherwise});
}

static enum files_answer search_failed(const struct search *search, int failure)
{
    if (failure == FS_NOT_FOUND)
        return search_on(search);
    if (failure == FS_BUSY)
        return FILES_BUSY;
    return failure == FS_FORBIDDEN ? FILES_FORBIDDEN : FILES_BROKEN;
}

/* The coding is possible, but has to be made first. So the answer to a request does not depend on
 * what others have asked for before, and the tag that a client holds is found again. */
static enum files_answer files_encode(struct files *files, struct fileentry *entry,
                                      struct files_query *query, enum stet_coding coding)
{
    const struct recoding as = {
        .task = RECODING_ENCODE, .coding = coding, .done = files_entry_ready, .owner = files};
    return recoding_begin(entry, &as, files->loop) ? files_wait(entry, query) : FILES_BROKEN;
}

/* Asked for again, at a later moment: what is asked for once only makes room first. */
static void files_mark_used(struct fileentry *entry)
{
    struct content *content = entry->content;
    entry->used = true;
    if (content && !atomic_load_explicit(&content->used, memory_order_relaxed))
        atomic_store_explicit(&content->used, true, memory_order_relaxed);
}

/* The answer from an entry that is known to be a file. */
static enum files_answer files_answer(struct files *files, struct fileentry *entry,
                                      struct files_query *query)
{
    const int64_t now = loop_wall(files->loop);
    if (!fileentry_view_holds(entry, now))
        fileentry_view_renew(entry, now);
    enum stet_coding coding = stet_coding_choose(&query->accepted, entry->view.possible);
    if (coding == STET_CODING_COUNT && entry->place.status == 200)
        return FILES_NOT_ACCEPTABLE;
    if (coding == STET_CODING_COUNT)
        coding = STET_CODING_IDENTITY;
    if (!(entry->view.ready & 1U << coding))
        return files_encode(files, entry, query, coding);
    struct representation *representation = fileentry_representation(entry, coding, now);
    if (!representation)
        return FILES_BROKEN;
    query->representation = representation_ref(representation);
    return entry->place.status == 200 ? FILES_FOUND : FILES_MISSING;
}

static enum files_answer search_answer(const struct search *search, struct fileentry *entry)
{
    switch (entry->kind) {
    case FILEENTRY_FILE:
    case FILEENTRY_LISTING:
        return files_answer(search->files, entry, search->query);
    case FILEENTRY_MISSING:
        return search_on(search);
    case FILEENTRY_FORBIDDEN:
        return FILES_FORBIDDEN;
    case FILEENTRY_BUSY:
        return FILES_BUSY;
    default:
        return FILES_BROKEN;
    }
}

/* ---- finding out ---- */

static enum files_answer search_read(const struct search *search, struct fileentry *entry,
                                     bool listing)
{
    const struct reading as = {.loop = search->files->loop,
                               .moment = search->query->moment,
                               .listing = listing,
                               .done = files_entry_ready,
                               .owner = search->files};
    if (!entry->reading && !reading_begin(entry, &as))
        return FILES_BROKEN;
    return files_wait(entry, search->query);
}

static enum files_answer search_small(const struct search *search, struct fileentry *entry,
                                      const struct fs_stamp *stamp)
{
    struct library *library = search->files->library;
    struct record record;
    if (entry->reading || !records_find(&library->records, &entry->place.record, &record) ||
        !record.hashed || !fs_stamp_equal(&record.stamp, stamp) ||
        !record_settled(stamp, record.began))
        return search_read(search, entry, false);
    struct content *content = contents_find(&library->contents, &record.digest);
    if (!content)
        return search_read(search, entry, false);
    fileentry_set(entry, FILEENTRY_FILE, &record, content);
    entry->checked = search->query->moment;
    return search_answer(search, entry);
}

/* The path leads, beneath the root, to the thing whose state we saw. */
static int files_open_check(struct files *files, const char *path, const struct fs_stamp *stamp)
{
    struct fs_file *file;
    struct fs_state state;
    int failure = fs_file_open(files->library->fs, path, &file);
    if (failure)
        return failure;
    failure = fs_file_state(file, &state);
    fs_file_close(file);
    if (failure == 0 && stamp && !fs_stamp_equal(&state.stamp, stamp))
        failure = FS_NOT_FOUND;
    return failure;
}

/* What may be said of a large file in this state at `now`, and whether it has to be hashed. */
static bool search_large_record(const struct search *search, const struct fileentry *entry,
                                const struct fs_stamp *stamp, struct record *record)
{
    struct library *library = search->files->library;
    struct loop *loop = search->files->loop;
    const int64_t now = loop_wall(loop);
    if (!records_glimpse(&library->records, &entry->place.record, stamp, now, record))
        return false;
    record->stamp = *stamp;
    if (record->hashed && record_settled(stamp, record->began))
        return true;
    /* What was hashed too early proves nothing; what changed just now may change again. */
    if (record->hashed || !record_settled(stamp, now))
        record->modified = LASTMODIFIED_NONE;
    record->hashed = false;
    if (record_settled(stamp, now))
        hashing_begin(library, entry->place.path, &entry->place.record, stamp, loop);
    return true;
}

static enum files_answer search_large(const struct search *search, struct fileentry *entry,
                                      const struct fs_stamp *stamp)
{
    struct record record;
    if (entry->kind != FILEENTRY_FILE || !fs_stamp_equal(&entry->record.stamp, stamp)) {
        int failure = files_open_check(search->files, entry->place.path, stamp);
        if (failure)
            return search_failed(search, failure);
    }
    if (!search_large_record(search, entry, stamp, &record))
        return FILES_BROKEN;
    fileentry_set(entry, FILEENTRY_FILE, &record, NULL);
    entry->checked = search->query->moment;
    return search_answer(search, entry);
}

/* The entry stands as it is, for a file in this state. */
static bool files_stands(const struct files *files, const struct fileentry *entry,
                         const struct fs_stamp *stamp)
{
    return entry->kind == FILEENTRY_FILE && entry->record.hashed &&
           fs_stamp_equal(&entry->record.stamp, stamp) &&
           record_settled(stamp, entry->record.began) &&
           (entry->content || !fileentry_is_whole(entry, stamp) ||
            loop_now(files->loop) < entry->retry);
}

/* From time to time, for sidecars that were not there before. */
static void files_look_beside(struct files *files, struct fileentry *entry)
{
    const struct recoding as = {
        .task = RECODING_SIDECARS, .done = files_entry_ready, .owner = files};
    const int64_t now = loop_now(files->loop);
    if (!entry->content || now < entry->look)
        return;
    entry->look = now + FILEENTRY_AGAIN;
    recoding_begin(entry, &as, files->loop);
}

/* A file that is too large to be kept for itself is, if it has sidecars. */
static void files_weigh(struct files *files, struct fileentry *entry, const struct fs_stamp *stamp)
{
    const int64_t now = loop_now(files->loop);
    if (stamp->size <= files->library->small_max || stamp->size > SIDECAR_FILE_MAX)
        return;
    if (entry->kind == FILEENTRY_FILE && fs_stamp_equal(&entry->record.stamp, stamp) &&
        (entry->content || now < entry->look))
        return;
    entry->beside = sidecar_present(files->library->fs, entry->place.path);
    entry->look = now + FILEENTRY_AGAIN;
}

static enum files_answer search_examine(const struct search *search, struct fileentry *entry,
                                        const struct fs_stamp *stamp)
{
    files_weigh(search->files, entry, stamp);
    if (files_stands(search->files, entry, stamp)) {
        files_mark_used(entry);
        files_look_beside(search->files, entry);
        entry->checked = search->query->moment;
        return search_answer(search, entry);
    }
    return fileentry_is_whole(entry, stamp) ? search_small(search, entry, stamp)
                                            : search_large(search, entry, stamp);
}

/* It is what the request names, and no page in its place; with or without a slash at its end. */
static bool search_is_asked(const struct search *search, bool with_slash)
{
    const struct stet_span asked = search->query->path;
    return search->to->key.at == asked.at && (asked.at[asked.len - 1] == '/') == with_slash;
}

/* An index.html is not there: its directory may be shown instead. */
static bool search_lists(const struct search *search)
{
    const struct files *files = search->files;
    struct fs_state state;
    char path[SITEPATH_ROOM];
    if (!files->library->options.browse || !search_is_asked(search, true))
        return false;
    memcpy(path, search->to->path, strlen(search->to->path) + 1);
    sitepath_cut(path);
    return fs_state(files->library->fs, path, &state) == 0 && state.kind == FS_DIRECTORY;
}

static enum files_answer search_nothing(const struct search *search, struct fileentry *entry,
                                        int failure)
{
    struct files *files = search->files;
    if (failure == FS_NOT_FOUND && search_lists(search)) {
        if (!entry)
            entry = files_add(files, search->to);
        return entry ? search_read(search, entry, true) : FILES_BROKEN;
    }
    if (entry && !files_busy(entry))
        files_drop(files, entry);
    if (failure == FS_FORBIDDEN) /* or is it outside? */
        failure = files_open_check(files, search->to->path, NULL);
    return search_failed(search, failure ? failure : FS_NOT_FOUND);
}

static enum files_answer search_state(const struct search *search, struct fileentry *entry)
{
    struct files *files = search->files;
    struct fs_state state;
    int failure = fs_state(files->library->fs, search->to->path, &state);
    if (failure == 0 && state.kind == FS_REGULAR) {
        if (!entry)
            entry = files_add(files, search->to);
        return entry ? search_examine(search, entry, &state.stamp) : FILES_BROKEN;
    }
    if (failure == 0 && state.kind == FS_DIRECTORY && search_is_asked(search, false)) {
        failure = files_open_check(files, search->to->path, &state.stamp);
        if (failure == 0)
            return FILES_REDIRECT;
    }
    return search_nothing(search, entry, failure ? failure : FS_NOT_FOUND);
}

static enum files_answer search_look(const struct search *search)
{
    const struct stet_span key = search->to->key;
    struct fileentry *entry = map_find(&search->files->table, key.at, key.len);
    if (entry && entry->kind != FILEENTRY_NEW && entry->checked >= search->query->moment)
        return search_answer(search, entry);
    return search_state(search, entry);
}

enum files_answer files_find(struct files *files, struct files_query *query)
{
    static const struct destination missing = {{"404", 3}, "404.html", 404, NULL};
    static const struct destination page = {{"/index.html", 11}, "index.html", 200, &missing};
    struct fileentry *entry = map_find(&files->table, query->path.at, query->path.len);
    if (entry && entry->kind == FILEENTRY_FILE && entry->checked >= query->moment)
        return files_answer(files, entry, query);

    char path[SITEPATH_ROOM];
    struct destination asked = {query->path, path, 200,
                                files->library->options.spa ? &page : &missing};
    struct search search = {files, query, &asked};
    query->representation = NULL;
    if (sitepath_read(query->path, path) == SITEPATH_NONE)
        return search_on(&search);
    return search_look(&search);
}

/* ---- life ---- */

/* Contents have left the library: their bytes are only free when no entry holds them. */
static void files_let_go(void *owner)
{
    struct files *files = owner;
    size_t cursor = 0;
    for (struct fileentry *entry; (entry = map_next(&files->table, &cursor));) {
        if (entry->content && atomic_load_explicit(&entry->content->gone, memory_order_relaxed))
            fileentry_set(entry, FILEENTRY_NEW, NULL, NULL);
    }
}

size_t files_count(const struct files *files)
{
    return files->table.count;
}

struct files *files_open(struct library *library, struct loop *loop)
{
    struct files *files = memory_new_zero(sizeof *files);
    uint64_t seed[2];
    if (!files)
        return NULL;
    loop_random(loop, seed, sizeof seed);
    *files = (struct files){.library = library, .loop = loop};
    map_init(&files->table, seed);
    files->ear = library_listen(library, loop, files_let_go, files);
    if (!files->ear) {
        memory_free(files);
        return NULL;
    }
    return files;
}

void files_close(struct files *files)
{
    library_unlisten(files->library, files->ear);
    while (files->hand)
        files_drop(files, files->hand);
    map_fini(&files->table);
    memory_free(files);
}
