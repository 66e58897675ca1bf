/* What a cached response costs on the shelf: memory beyond the head and the content as they came,
 * and the time of a look, without Vary and with one of two names.
 *
 *     shelfcost [OBJECTS [LOOKS]]     200000, 1000000
 *
 * Content is 1 KiB, the head 250 octets. With LOOKS given alone in a small number it is for
 * callgrind: what is put in is outside of `looks`.
 */
#include "cache/shelf.h"
#include "stet/uri.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CONTENT = 1024, FIELDS_MAX = 24 };

static const char plain_head[] = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                 "Server: nginx/1.22.1\r\n"
                                 "Content-Type: text/html; charset=utf-8\r\n"
                                 "Content-Length: 1024\r\n"
                                 "Last-Modified: Sun, 06 Nov 1994 08:00:00 GMT\r\n"
                                 "ETag: \"2eb5-5e1a6f0c4d2c0\"\r\n"
                                 "Cache-Control: max-age=3600\r\n"
                                 "X-Served-By: backend-17\r\n";

static const char browser[] =
    "Host: www.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n"
    "Accept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=0123456789abcdef\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n";

struct asking {
    struct stet_field fields[FIELDS_MAX];
    struct stet_request request;
    struct stet_asked asked;
    struct shelf_key key;
    struct shelf_ask ask;
    char path[64], room[256];
};

static struct cache_rules rules;
static struct shelf shelf;

static uint64_t resident(void)
{
    unsigned long all = 0, in = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%lu %lu", &all, &in) != 2)
        abort();
    fclose(file);
    return (uint64_t)in * (uint64_t)sysconf(_SC_PAGESIZE);
}

static double spent_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static struct stet_head head_of(const char *text, struct stet_field *fields)
{
    struct stet_head head = {.fields = fields};
    while (*text) {
        const char *colon = strchr(text, ':'), *end = strchr(text, '\r');
        stet_head_add(&head, fields, stet_span(text, (size_t)(colon - text)),
                      stet_span(colon + 1, (size_t)(end - colon - 1)));
        text = end + 2;
    }
    return head;
}

static void asking_init(struct asking *asking)
{
    *asking = (struct asking){.request = {.method = STET_METHOD_GET,
                                          .scheme = STET_SPAN("http"),
                                          .authority = STET_SPAN("www.example.com")}};
    asking->request.head = head_of(browser, asking->fields);
    asking->ask = (struct shelf_ask){&asking->key, &rules, &asking->request, &asking->asked, 1};
}

/* Turns to object `number`, as a request for it would. */
static void asking_turn(struct asking *asking, uint64_t number)
{
    const int size =
        snprintf(asking->path, sizeof asking->path, "/images/%08" PRIu64 ".html", number);
    asking->request.path = stet_span(asking->path, (size_t)size);
}

static void asking_key(struct asking *asking)
{
    shelf_key_make(&shelf, &rules, &asking->request, asking->room, &asking->key);
    asking->asked = stet_asked_of(&rules.profile, &asking->request, false);
}

static void put(struct asking *asking, const struct stet_response *response)
{
    static const char content[CONTENT];
    const struct stet_transaction transaction = {
        .request = &asking->request, .response = response, .arrival = {0, 0, 784111777}};
    const struct stet_storing storing = shelf_may_store(&rules, &transaction);
    const struct shelf_offer offer = {.key = &asking->key,
                                      .rules = &rules,
                                      .transaction = &transaction,
                                      .storing = &storing,
                                      .expected = CONTENT};
    struct entry *entry = storing.allowed ? shelf_put(&shelf, &offer) : NULL;
    if (!entry || !entry_append(entry, content, sizeof content))
        abort();
    entry_seal(entry, true);
    store_grown(shelf.store, entry);
    entry_unref(entry);
}

static uint64_t looks(struct asking *asking, uint64_t objects, uint64_t count)
{
    uint64_t fresh = 0;
    for (uint64_t i = 0; i < count; i++) {
        asking_turn(asking, i * 7919 % objects);
        asking_key(asking);
        struct shelf_pick pick = shelf_pick(&shelf, &asking->ask);
        fresh += pick.reuse.answer == STET_REUSE_FRESH;
        shelf_pick_drop(&pick);
    }
    return fresh;
}

static uint64_t keys(struct asking *asking, uint64_t objects, uint64_t count)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        asking_turn(asking, i * 7919 % objects);
        asking_key(asking);
        sum += asking->key.primary[0];
    }
    return sum;
}

static uint64_t turns(struct asking *asking, uint64_t objects, uint64_t count)
{
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        asking_turn(asking, i * 7919 % objects);
        sum += asking->request.path.len;
    }
    return sum;
}

static void measure(const char *name, struct asking *asking, uint64_t objects, uint64_t count)
{
    const double start = spent_ns();
    uint64_t sum = turns(asking, objects, count);
    const double turned = spent_ns();
    sum += keys(asking, objects, count);
    const double keyed = spent_ns();
    const uint64_t fresh = looks(asking, objects, count);
    const double looked = spent_ns();
    printf("%s, %" PRIu64 " objects: key and directives %.0f ns, pick %.0f ns (%.1f %% fresh)%s\n",
           name, objects, (keyed - turned - (turned - start)) / (double)count,
           (looked - keyed - (keyed - turned)) / (double)count, 100 * (double)fresh / (double)count,
           sum == 0 ? "!" : "");
}

int main(int count, char **words)
{
    static const uint64_t seed[2] = {0x0123456789abcdef, 0xfedcba9876543210};
    const uint64_t objects = count > 1 ? strtoull(words[1], NULL, 10) : 200000;
    const uint64_t times = count > 2 ? strtoull(words[2], NULL, 10) : 1000000;
    const uint64_t before = resident();
    char vary[sizeof plain_head + 64];
    struct stet_field fields[FIELDS_MAX];
    struct asking asking;

    rules = cache_rules_default();
    shelf = (struct shelf){.store = store_mem_new(UINT64_MAX / 2, UINT64_MAX, seed),
                           .seed = {seed[0], seed[1]}};
    if (!shelf.store || objects == 0)
        return 2;
    asking_init(&asking);
    struct stet_response response = {200, head_of(plain_head, fields)};
    for (uint64_t i = 0; i < objects; i++) {
        asking_turn(&asking, i);
        asking_key(&asking);
        put(&asking, &response);
    }
    struct store_sums sums;
    store_sums(shelf.store, &sums);
    const size_t payload = CONTENT + sizeof plain_head - 1;
    const double each = (double)(resident() - before) / (double)objects;
    printf(
        "octets an object: resident %.1f, counted %.1f, head and content %zu, beyond them %.1f\n",
        each, (double)sums.octets / (double)objects, payload, each - (double)payload);
    measure("no Vary", &asking, objects, times);
    measure("no Vary", &asking, objects < 100 ? objects : 100, times);

    snprintf(vary, sizeof vary, "%sVary: Accept-Encoding, Accept-Language\r\n", plain_head);
    response.head = head_of(vary, fields);
    for (uint64_t i = 0; i < objects && i < 100; i++) {
        asking_turn(&asking, i);
        asking_key(&asking);
        put(&asking, &response);
    }
    measure("Vary", &asking, objects < 100 ? objects : 100, times);
    store_free(shelf.store);
    return 0;
}
