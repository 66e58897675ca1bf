/* Reads a file in the pool, writes down what it is, and tells the entry.
 *
 * What the reading finds was true at some time after its beginning, so it answers every question
 * that was asked before, whatever has become of the file by now. A file that does not hold still
 * is served as it comes, without validators; the body notices when it changes again.
 */
#include "origin/reading.h"

#include "base/container.h"
#include "base/memory.h"
#include "origin/lastmodified.h"
#include "origin/sitepath.h"

static struct reading *reading_of(struct job *job)
{
    return CONTAINER(job, struct reading, errand.job);
}

static void reading_free(struct reading *reading)
{
    load_fini(&reading->load);
    content_unref(reading->content);
    memory_free(reading);
}

static void reading_drop(struct errand *errand)
{
    reading_free(CONTAINER(errand, struct reading, errand));
}

static void reading_refused(void *owner, const char *path)
{
    library_warn(owner, "does not decode to the file beside it, and is not used", path);
}

static void reading_run(struct job *job)
{
    struct reading *reading = reading_of(job);
    struct library *library = reading->library;
    struct load *load = &reading->load;
    if (reading->listing)
        load_run_listing(load, library->fs, reading->path);
    else
        load_run(load, library->fs, reading->path, reading->max);
    if (load->outcome != LOAD_DONE)
        return;
    reading->content = contents_add(&library->contents, &load->digest, load->bytes);
    if (reading->content && !reading->listing)
        sidecar_look(library->fs, reading->path, reading->content, reading_refused, library);
}

/* The bytes are known: into the records. */
static void reading_learn(struct reading *reading, struct fileentry *entry)
{
    const struct load *load = &reading->load;
    struct library *library = reading->library;
    const struct record_sight sight = {.key = entry->place.record,
                                       .stamp = load->stamp,
                                       .digest = load->digest,
                                       .text = load->text,
                                       .began = reading->began};
    struct record record;
    struct content *content = reading->content;
    reading->content = NULL;
    if (reading->listing) {
        fileentry_set_listing(entry, &load->digest, load->bytes, content);
        return;
    }
    if (!records_learn(&library->records, &sight, loop_wall(reading->loop), &record)) {
        fileentry_set(entry, FILEENTRY_BROKEN, NULL, NULL);
        content_unref(content);
        return;
    }
    entry->retry = entry->look = loop_now(reading->loop) + FILEENTRY_AGAIN;
    if (!content && !record_settled(&record.stamp, record.began)) {
        /* The bytes will be read again, and may be others by then: no validator may stand for them
         * (D-50). */
        record.hashed = false;
        record.modified = LASTMODIFIED_NONE;
    }
    fileentry_set(entry, FILEENTRY_FILE, &record, content);
}

static void reading_tell(struct reading *reading, struct fileentry *entry)
{
    const struct record unsteady = {.stamp = reading->load.stamp, .modified = LASTMODIFIED_NONE};
    switch (reading->load.outcome) {
    case LOAD_DONE:
        reading_learn(reading, entry);
        break;
    case LOAD_LARGE: /* it has grown: to be looked at as a large file */
        fileentry_set(entry, FILEENTRY_NEW, NULL, NULL);
        break;
    case LOAD_UNSTEADY:
        fileentry_set(entry, FILEENTRY_FILE, &unsteady, NULL);
        break;
    case LOAD_MISSING:
        fileentry_set(entry, FILEENTRY_MISSING, NULL, NULL);
        break;
    case LOAD_FORBIDDEN:
        fileentry_set(entry, FILEENTRY_FORBIDDEN, NULL, NULL);
        break;
    case LOAD_BUSY:
        fileentry_set(entry, FILEENTRY_BUSY, NULL, NULL);
        break;
    case LOAD_BROKEN:
        fileentry_set(entry, FILEENTRY_BROKEN, NULL, NULL);
        break;
    }
    entry->checked = reading->moment;
}

static void reading_done(struct job *job)
{
    struct reading *reading = reading_of(job);
    struct fileentry *entry = reading->entry;
    errands_back(&reading->library->errands, &reading->errand);
    if (entry) {
        entry->reading = NULL;
        reading_tell(reading, entry);
        reading->done(reading->owner, entry);
    }
    reading_free(reading);
}

bool reading_begin(struct fileentry *entry, const struct reading *as)
{
    const size_t path_size = strlen(entry->place.path) + 1;
    struct reading *reading = memory_new(sizeof *reading + path_size);
    if (!reading)
        return false;
    *reading = (struct reading){
        .errand = {.job = {.run = reading_run, .done = reading_done}, .drop = reading_drop},
        .entry = entry,
        .library = entry->library,
        .loop = as->loop,
        .moment = as->moment,
        .listing = as->listing,
        .max = entry->beside ? SIDECAR_FILE_MAX : entry->library->small_max,
        .began = loop_wall(as->loop),
        .done = as->done,
        .owner = as->owner,
    };
    memcpy(reading->path, entry->place.path, path_size);
    if (as->listing)
        sitepath_cut(reading->path);
    entry->reading = reading;
    errands_send(&reading->library->errands, &reading->errand, as->loop, WORK_NOW);
    return true;
}

void reading_abandon(struct reading *reading)
{
    reading->entry = NULL;
}
