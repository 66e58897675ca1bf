/* What a stored object costs: memory beyond its head and its body, as the kernel sees it and as the
 * store counts it, and the time of a look-up.
 *
 *     footprint [OBJECTS [BODY [TEXT [BUDGET]]]]     200000, 1024, 300, no bound
 *
 * TEXT is the octets of text in the head. With a BUDGET (octets) twice as many objects as fit
 * should be put in: what was evicted is left out, and what is counted is held against what is
 * resident.
 */
#include "base/memory.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const uint64_t seed[2] = {0x0123456789abcdef, 0xfedcba9876543210};

static uint64_t resident(void)
{
    unsigned long all = 0;
    unsigned long in = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%lu %lu", &all, &in) != 2)
        abort();
    fclose(file);
    return (uint64_t)in * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t spent_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static struct stet_span url_of(uint64_t number, char to[48])
{
    return stet_span(
        to, (size_t)snprintf(to, 48, "http://www.example.com/images/%08" PRIu64 ".png", number));
}

static struct entry_key key_of(uint64_t number)
{
    const uint64_t stirred = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return (struct entry_key){{stirred, ~stirred * 31}, 0};
}

static void put(struct store *store, uint64_t number, size_t body, size_t text)
{
    char url[48];
    char *bytes = malloc(body + 1);
    const struct entry_key key = key_of(number);
    const struct stet_stored stored = {.status = 200, .stale_if_error = STET_SECONDS_NONE};
    struct entry_head *head = entry_head_new(&stored, NULL, text);
    if (!head || !bytes)
        abort();
    memset(head->text, 'h', text);
    memset(bytes, 'b', body);
    struct entry *entry = entry_new(&key, url_of(number, url), STET_SPAN_NONE, head, body);
    if (!entry || !entry_append(entry, bytes, body))
        abort();
    entry_seal(entry, true);
    store_put(store, entry);
    entry_unref(entry);
    free(bytes);
}

/* Look-ups of what is there, far apart in memory; with a head each, as a hit needs one. */
static double look_up(struct store *store, uint64_t objects)
{
    enum { LOOKUPS = 1000000 };
    char url[48];
    uint64_t found = 0;
    uint64_t without = spent_ns();
    for (uint64_t i = 0; i < LOOKUPS; i++)
        found += url_of(i * 7919 % objects, url).len > 100;
    without = spent_ns() - without;
    const uint64_t began = spent_ns();
    for (uint64_t i = 0; i < LOOKUPS; i++) {
        const struct entry_key key = key_of(i * 7919 % objects);
        struct entry *entry =
            store_find(store, &key, url_of(i * 7919 % objects, url), STET_SPAN_NONE);
        if (!entry)
            continue;
        found++;
        entry_head_unref(entry_head(entry));
        entry_unref(entry);
    }
    const uint64_t spent = spent_ns() - began;
    return found > 0 && spent > without ? (double)(spent - without) / LOOKUPS : 0;
}

int main(int count, char **words)
{
    const uint64_t objects = count > 1 ? strtoull(words[1], NULL, 10) : 200000;
    const size_t body = count > 2 ? strtoull(words[2], NULL, 10) : 1024;
    const size_t text = count > 3 ? strtoull(words[3], NULL, 10) : 300;
    const uint64_t budget = count > 4 ? strtoull(words[4], NULL, 10) : UINT64_MAX / 2;
    const uint64_t before = resident();
    struct store *store = store_mem_new(budget, UINT64_MAX, seed);
    if (!store || objects == 0)
        return 2;
    for (uint64_t i = 0; i < objects; i++)
        put(store, i, body, text);
    struct store_sums sums;
    store_sums(store, &sums);
    if (sums.entries == 0)
        return 2;
    const uint64_t resident_octets = resident() - before;
    const double each = (double)resident_octets / (double)sums.entries;
    const double payload = (double)(body + text);
    printf("entries %" PRIu64 " resident %" PRIu64 " counted %" PRIu64 "\n", sums.entries,
           resident_octets, sums.octets);
    printf("octets an object: resident %.1f, counted %.1f, head and body %.0f, beyond them %.1f\n",
           each, (double)sums.octets / (double)sums.entries, payload, each - payload);
    printf("look-up and head: %.0f ns\n", look_up(store, objects));
    store_free(store);
    return 0;
}
