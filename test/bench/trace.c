/* Replays a request trace against the eviction of the store, and prints its miss ratios.
 *
 *     trace FILE|- CAPACITY[%] [OBJECT_MAX]
 *
 * The trace is an array of records of 12 octets, three little-endian 32-bit numbers: seconds,
 * object, size; compressed by zstd or not. CAPACITY is in octets of objects only (nothing else is
 * counted, so that the figures compare with a simulator's), or in percent of the footprint: the
 * sizes of all objects, each once. Objects larger than OBJECT_MAX octets (half the capacity if it
 * is not given) are not let in. It is src/store/evict.c that decides; only the table is this
 * program's own.
 */
#include "base/container.h"
#include "base/map.h"
#include "store/evict.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { RECORD = 12, STEP = 1 << 20 };

struct octets {
    unsigned char *at;
    size_t size;
};

struct object {
    struct evict_node node;
    uint32_t id;
    uint32_t size;
};

static _Noreturn void die(const char *why)
{
    fprintf(stderr, "trace: %s\n", why);
    exit(2);
}

static struct octets read_all(const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    struct octets all = {NULL, 0};
    if (!file)
        die("cannot open the trace");
    for (size_t got = 1; got > 0; all.size += got) {
        all.at = realloc(all.at, all.size + STEP);
        if (!all.at)
            die("no memory");
        got = fread(all.at + all.size, 1, STEP, file);
    }
    if (ferror(file))
        die("cannot read the trace");
    if (file != stdin)
        fclose(file);
    return all;
}

static struct octets decompressed(struct octets from)
{
    static const unsigned char magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
    if (from.size < 4 || memcmp(from.at, magic, 4) != 0)
        return from;
    ZSTD_DStream *stream = ZSTD_createDStream();
    struct octets all = {NULL, 0};
    ZSTD_inBuffer in = {from.at, from.size, 0};
    for (size_t left = 1; left != 0 || in.pos < in.size;) {
        all.at = realloc(all.at, all.size + STEP);
        if (!all.at || !stream)
            die("no memory");
        ZSTD_outBuffer out = {all.at + all.size, STEP, 0};
        left = ZSTD_decompressStream(stream, &out, &in);
        if (ZSTD_isError(left) || (left != 0 && out.pos == 0 && in.pos == in.size))
            die("the trace is damaged");
        all.size += out.pos;
    }
    ZSTD_freeDStream(stream);
    free(from.at);
    return all;
}

static uint32_t number(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

struct replay {
    struct octets trace;
    struct object *objects; /* each once, in the order of their first requests */
    size_t *requests;       /* an object each */
    size_t object_count;
    size_t request_count;
    uint64_t footprint;
};

/* Numbers the objects. */
static void replay_prepare(struct replay *replay)
{
    static const uint64_t seed[2] = {1, 2};
    struct map map;
    map_init(&map, seed);
    replay->request_count = replay->trace.size / RECORD;
    replay->objects = calloc(replay->request_count + 1, sizeof *replay->objects);
    replay->requests = calloc(replay->request_count + 1, sizeof *replay->requests);
    if (!replay->objects || !replay->requests || replay->trace.size % RECORD != 0)
        die("no memory, or no trace");
    for (size_t i = 0; i < replay->request_count; i++) {
        const unsigned char *record = replay->trace.at + i * RECORD;
        const uint32_t id = number(record + 4);
        struct object *object = map_find(&map, &id, sizeof id);
        if (!object) {
            object = &replay->objects[replay->object_count++];
            object->id = id;
            object->size = number(record + 8);
            replay->footprint += object->size;
            if (!map_put(&map, &object->id, sizeof object->id, object))
                die("no memory");
        }
        replay->requests[i] = (size_t)(object - replay->objects);
    }
    map_fini(&map);
}

struct misses {
    uint64_t objects, octets, all_octets;
};

static bool is_in(const struct object *object)
{
    return object->node.place == EVICT_SMALL || object->node.place == EVICT_MAIN;
}

static uint64_t hash_of(uint32_t id)
{
    uint64_t hash = (id + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
    hash *= UINT64_C(0xbf58476d1ce4e5b9);
    return hash ^ hash >> 32;
}

static struct misses replay_run(const struct replay *replay, uint64_t capacity, uint64_t object_max)
{
    struct misses misses = {0, 0, 0};
    struct evict evict;
    evict_init(&evict, capacity);
    for (size_t i = 0; i < replay->request_count; i++) {
        struct object *object = &replay->objects[replay->requests[i]];
        misses.all_octets += object->size;
        if (is_in(object)) {
            evict_used(&object->node);
            continue;
        }
        misses.objects++;
        misses.octets += object->size;
        if (object->size > object_max || object->size > capacity)
            continue;
        while (evict_octets(&evict) + object->size > capacity)
            evict_next(&evict);
        object->node = (struct evict_node){.size = 0}; /* in a cache it would be another entry */
        evict_add(&evict, &object->node, hash_of(object->id), object->size);
    }
    fprintf(stderr, "ghosts: %zu octets for %" PRIu64 " objects in at the end\n",
            ghosts_size(&evict.ghosts), evict.count);
    evict_fini(&evict);
    return misses;
}

int main(int count, char **words)
{
    if (count < 3 || count > 4)
        die("usage: trace FILE|- CAPACITY[%] [OBJECT_MAX]");
    struct replay replay = {.trace = decompressed(read_all(words[1]))};
    replay_prepare(&replay);
    char *end;
    const double amount = strtod(words[2], &end);
    const uint64_t capacity =
        (uint64_t)(*end == '%' ? amount / 100 * (double)replay.footprint : amount);
    const uint64_t object_max = count > 3 ? strtoull(words[3], NULL, 10) : capacity / 2;
    if (capacity == 0 || object_max == 0)
        die("nothing fits in nothing");
    const struct misses misses = replay_run(&replay, capacity, object_max);
    printf("requests %zu objects %zu footprint %" PRIu64 " capacity %" PRIu64
           " object_misses %.4f byte_misses %.4f\n",
           replay.request_count, replay.object_count, replay.footprint, capacity,
           replay.request_count ? (double)misses.objects / (double)replay.request_count : 0,
           misses.all_octets ? (double)misses.octets / (double)misses.all_octets : 0);
    free(replay.objects);
    free(replay.requests);
    free(replay.trace.at);
    return 0;
}
