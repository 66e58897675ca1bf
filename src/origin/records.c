/* The table of what is known, one record a path, behind one lock.
 *
 * Records are looked up when a file is new to a worker or has changed, not on a hit, so one lock is
 * enough. They are cut from blocks, as 100,000 single allocations would cost more than the walk.
 *
 * One record a path rather than one a state of a file: the date of the bytes that stood here before
 * must be known when others come (lastmodified.h), and a state under two names is hashed twice at
 * worst. A path that is gone keeps its record for the same reason, until the table is full: then
 * those that no one has asked for since the last time go.
 */
#include "origin/records.h"

#include "base/memory.h"
#include "origin/lastmodified.h"

enum { RECORDS_A_BLOCK = 128 };

/* A record, or a place for one on the list of spare ones. */
union record_place {
    struct record record;
    union record_place *next;
};

struct record_block {
    struct record_block *next;
    union record_place places[RECORDS_A_BLOCK];
};

struct record_key record_key_of(const char *path)
{
    struct digest digest = digest_of(path, strlen(path));
    struct record_key key;
    memcpy(key.octets, digest.octets, sizeof key.octets);
    return key;
}

void records_init(struct records *records, uint64_t max)
{
    /* Fixed: the keys are digests, and no one can choose them at will. */
    static const uint64_t seed[2] = {0x7265636f7264732e, 0x6f726967696e2e2e};
    *records = (struct records){.max = max};
    pthread_mutex_init(&records->lock, NULL);
    map_init(&records->by_key, seed);
}

void records_fini(struct records *records)
{
    for (struct record_block *block = records->blocks; block;) {
        struct record_block *next = block->next;
        memory_free(block);
        block = next;
    }
    map_fini(&records->by_key);
    pthread_mutex_destroy(&records->lock);
}

static void spare_put(struct records *records, struct record *record)
{
    union record_place *place = (union record_place *)record;
    record->there = false; /* behind the pointer */
    place->next = records->spare;
    records->spare = place;
}

static struct record *spare_take(struct records *records)
{
    if (!records->spare) {
        struct record_block *block = memory_new(sizeof *block);
        if (!block)
            return NULL;
        block->next = records->blocks;
        records->blocks = block;
        for (size_t i = RECORDS_A_BLOCK; i-- > 0;)
            spare_put(records, &block->places[i].record);
    }
    union record_place *place = records->spare;
    records->spare = place->next;
    return &place->record;
}

static struct record *find(struct records *records, const struct record_key *key)
{
    struct record *record = map_find(&records->by_key, key, sizeof *key);
    if (record)
        record->touched = true;
    return record;
}

/* Drops what no one has looked up since the last time; if all was, every eighth. */
static void clear_out(struct records *records)
{
    const uint64_t before = records->by_key.count;
    for (int pass = 0; pass < 2 && records->by_key.count == before; pass++) {
        size_t cursor = 0;
        uint64_t count = 0;
        for (struct record *record; (record = map_next(&records->by_key, &cursor));) {
            const bool drop = !record->busy && (pass ? count++ % 8 == 0 : !record->touched);
            record->touched = false;
            if (drop) {
                map_remove(&records->by_key, &record->key, sizeof record->key);
                spare_put(records, record);
            }
        }
    }
}

static struct record *add(struct records *records, const struct record *as)
{
    if (records->by_key.count >= records->max)
        clear_out(records);
    struct record *record = spare_take(records);
    if (!record)
        return NULL;
    *record = *as;
    record->there = true;
    if (!map_put(&records->by_key, &record->key, sizeof record->key, record)) {
        spare_put(records, record);
        return NULL;
    }
    return record;
}

bool records_find(struct records *records, const struct record_key *key, struct record *to)
{
    pthread_mutex_lock(&records->lock);
    const struct record *record = find(records, key);
    if (record)
        *to = *record;
    pthread_mutex_unlock(&records->lock);
    return record != NULL;
}

/* The date for the bytes of a sight, given what stood there before. */
static int64_t date_of(const struct record *before, const struct record_sight *sight, int64_t now)
{
    /* The same bytes keep their date, whatever was done to the file's times. */
    const bool same = before->hashed ? digest_equal(&before->digest, &sight->digest)
                                     : fs_stamp_equal(&before->stamp, &sight->stamp);
    if (same && before->modified != LASTMODIFIED_NONE)
        return before->modified;
    return lastmodified_changed(&sight->stamp, before->modified, now);
}

/* Writes a sight into a record; false if the record knows better. */
static bool write_down(struct record *record, const struct record_sight *sight, int64_t now)
{
    const bool same = fs_stamp_equal(&record->stamp, &sight->stamp);
    if (record->hashed && sight->began < record->began &&
        !(same && digest_equal(&record->digest, &sight->digest)))
        return false;
    record->modified = date_of(record, sight, now);
    record->stamp = sight->stamp;
    record->digest = sight->digest;
    record->text = sight->text;
    if (!record->hashed || !same || sight->began > record->began)
        record->began = sight->began;
    record->hashed = true;
    record->seen = true;
    return true;
}

static struct record record_of_sight(const struct record_sight *sight, int64_t now)
{
    return (struct record){.key = sight->key,
                           .stamp = sight->stamp,
                           .digest = sight->digest,
                           .began = sight->began,
                           .modified = lastmodified_first(&sight->stamp, now),
                           .hashed = true,
                           .text = sight->text,
                           .seen = true,
                           .touched = true};
}

bool records_learn(struct records *records, const struct record_sight *sight, int64_t now,
                   struct record *to)
{
    *to = record_of_sight(sight, now);
    pthread_mutex_lock(&records->lock);
    struct record *record = find(records, &sight->key);
    if (!record)
        record = add(records, to);
    else if (write_down(record, sight, now))
        *to = *record;
    else
        to->modified = LASTMODIFIED_NONE;
    records->version++;
    pthread_mutex_unlock(&records->lock);
    return record != NULL;
}

bool records_glimpse(struct records *records, const struct record_key *key,
                     const struct fs_stamp *stamp, int64_t now, struct record *to)
{
    const struct record fresh = {.key = *key,
                                 .stamp = *stamp,
                                 .modified = lastmodified_first(stamp, now),
                                 .seen = true,
                                 .touched = true};
    pthread_mutex_lock(&records->lock);
    struct record *record = find(records, key);
    if (!record) {
        record = add(records, &fresh);
        records->version++;
    }
    if (record) {
        record->seen = true;
        *to = *record;
    }
    pthread_mutex_unlock(&records->lock);
    if (record && !fs_stamp_equal(&to->stamp, stamp)) {
        to->hashed = false;
        to->modified = LASTMODIFIED_NONE;
    }
    return record != NULL;
}

bool records_claim(struct records *records, const struct record_key *key,
                   const struct fs_stamp *stamp)
{
    pthread_mutex_lock(&records->lock);
    struct record *record = find(records, key);
    const bool known = record && record->hashed && fs_stamp_equal(&record->stamp, stamp) &&
                       record_settled(stamp, record->began);
    const bool claimed = record && !record->busy && !known;
    if (claimed)
        record->busy = true;
    pthread_mutex_unlock(&records->lock);
    return claimed;
}

void records_release(struct records *records, const struct record_key *key)
{
    pthread_mutex_lock(&records->lock);
    struct record *record = find(records, key);
    if (record)
        record->busy = false;
    pthread_mutex_unlock(&records->lock);
}

bool records_put(struct records *records, const struct record *record)
{
    pthread_mutex_lock(&records->lock);
    bool done = find(records, &record->key) || add(records, record);
    pthread_mutex_unlock(&records->lock);
    return done;
}

void records_unsee(struct records *records)
{
    pthread_mutex_lock(&records->lock);
    size_t cursor = 0;
    for (struct record *record; (record = map_next(&records->by_key, &cursor));)
        record->seen = false;
    pthread_mutex_unlock(&records->lock);
}

bool records_see(struct records *records, const struct record_key *key,
                 const struct fs_stamp *stamp)
{
    pthread_mutex_lock(&records->lock);
    struct record *record = find(records, key);
    if (record)
        record->seen = true;
    const bool known = record && record->hashed && fs_stamp_equal(&record->stamp, stamp) &&
                       record_settled(stamp, record->began);
    pthread_mutex_unlock(&records->lock);
    return known;
}

void records_each(struct records *records, void (*each)(void *owner, const struct record *record),
                  void *owner)
{
    pthread_mutex_lock(&records->lock);
    for (const struct record_block *block = records->blocks; block; block = block->next)
        for (size_t i = 0; i < RECORDS_A_BLOCK; i++)
            if (block->places[i].record.there)
                each(owner, &block->places[i].record);
    pthread_mutex_unlock(&records->lock);
}

uint64_t records_count(struct records *records)
{
    pthread_mutex_lock(&records->lock);
    uint64_t count = records->by_key.count;
    pthread_mutex_unlock(&records->lock);
    return count;
}

uint64_t records_version(struct records *records)
{
    pthread_mutex_lock(&records->lock);
    uint64_t version = records->version;
    pthread_mutex_unlock(&records->lock);
    return version;
}
