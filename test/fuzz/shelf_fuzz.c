/* Random operations on the shelf, held against a slow model: a list of responses and the law read
 * aloud [RFC 9111 §4, §4.1]. And parts, held against the octets they were cut from.
 *
 * Each operation is a few octets of the input. There is one URL for whole responses, which vary by
 * two fields of three values, and one for parts.
 */
#include "fuzz.h"

#include "cache/shelf.h"
#include "stet/date.h"

#include <string.h>

enum { FIELDS_MAX = 12, ITEMS_MAX = 64, LENGTH = 64, VERSIONS = 2 };

static const int64_t beginning = 784111777; /* of the wall clock */

/* ---- input ---- */

struct input {
    const uint8_t *at;
    size_t left;
};

static unsigned take(struct input *input, unsigned below)
{
    if (input->left == 0)
        return 0;
    input->left--;
    return *input->at++ % below;
}

/* ---- the world ---- */

struct world {
    struct store *store;
    struct shelf shelf;
    struct cache_rules rules;
    int64_t now;
    unsigned made; /* how many responses: the content of each is its number */
};

/* A message's fields, written as text that stays. */
struct lines {
    struct stet_field fields[FIELDS_MAX];
    struct stet_head head;
    char text[FIELDS_MAX][48];
};

static void lines_add(struct lines *lines, const char *name, const char *format, unsigned number)
{
    char *to = lines->text[lines->head.count];
    snprintf(to, sizeof lines->text[0], format, number);
    stet_head_add(&lines->head, lines->fields, stet_span_of(name), stet_span_of(to));
}

struct asking {
    struct lines lines;
    struct stet_request request;
    struct stet_asked asked;
    struct shelf_key key;
    struct shelf_ask ask;
    char room[128];
};

/* Fields with value 2 are absent. */
static void asking_make(struct asking *asking, struct world *world, const char *path,
                        const unsigned values[2])
{
    memset(asking, 0, sizeof *asking);
    if (values && values[0] < 2)
        lines_add(&asking->lines, "Foo", "%u", values[0]);
    if (values && values[1] < 2)
        lines_add(&asking->lines, "Bar", "%u", values[1]);
    asking->request = (struct stet_request){.method = STET_METHOD_GET,
                                            .scheme = STET_SPAN("http"),
                                            .authority = STET_SPAN("h"),
                                            .path = stet_span_of(path)};
    shelf_key_make(&world->shelf, &world->rules, &asking->request, asking->room, &asking->key);
}

/* After all fields of the request are there. */
static void asking_end(struct asking *asking, struct world *world)
{
    asking->request.head = asking->lines.head;
    asking->asked = stet_asked_of(&world->rules.profile, &asking->request, false);
    asking->ask = (struct shelf_ask){&asking->key, &world->rules, &asking->request, &asking->asked,
                                     world->now};
}

static void date_add(struct lines *lines, int64_t date)
{
    char *to = lines->text[lines->head.count];
    stet_date_write(date, to);
    stet_head_add(&lines->head, lines->fields, STET_SPAN("Date"), stet_span(to, STET_DATE_LENGTH));
}

static struct stet_arrival arrival_of(const struct world *world)
{
    return (struct stet_arrival){world->now, world->now, beginning + world->now};
}

static struct entry *offer(struct world *world, const struct asking *asking, int status,
                           const struct lines *lines, uint64_t expected)
{
    const struct stet_response response = {status, lines->head};
    const struct stet_transaction transaction = {
        .request = &asking->request, .response = &response, .arrival = arrival_of(world)};
    const struct stet_storing storing = shelf_may_store(&world->rules, &transaction);
    const struct shelf_offer offered = {.key = &asking->key,
                                        .rules = &world->rules,
                                        .transaction = &transaction,
                                        .storing = &storing,
                                        .expected = expected};
    must(storing.allowed);
    struct entry *entry = shelf_put(&world->shelf, &offered);
    must(entry);
    return entry;
}

/* ---- the model ---- */

/* A response: which fields select it (bit 1: Foo, bit 2: Bar), and what they were. */
struct item {
    unsigned made;
    unsigned vary;
    unsigned values[2];
    int64_t date, received;
    int64_t initial_age;
    int64_t lifetime;
    bool marked;
    bool first; /* where a response without Vary is when there are no variants */
};

struct model {
    struct item items[ITEMS_MAX];
    size_t count;
    bool signpost;
};

static bool selects(const struct item *item, const unsigned values[2])
{
    return (!(item->vary & 1) || item->values[0] == values[0]) &&
           (!(item->vary & 2) || item->values[1] == values[1]);
}

static int64_t age_of(const struct item *item, int64_t now)
{
    return item->initial_age + now - item->received;
}

static bool usable(const struct item *item, int64_t now)
{
    return !item->marked && age_of(item, now) < item->lifetime;
}

static void model_remove(struct model *model, size_t i)
{
    model->items[i] = model->items[--model->count];
}

/* Is there a response behind the signpost? */
static bool model_has_variants(const struct model *model)
{
    return model->signpost && model->count > 0;
}

static void model_put(struct model *model, struct item new)
{
    new.first = new.vary == 0 && !model_has_variants(model);
    for (size_t i = model->count; i-- > 0;) {
        const struct item *old = &model->items[i];
        const bool same_place =
            new.first ? old->first
                      : !old->first && old->vary == new.vary &&selects(old, new.values);
        const bool covered = old->first && !new.first; /* by the signpost */
        const bool replaced =
            old->date <= new.date && !old->vary == !new.vary &&selects(old, new.values);
        if (same_place || covered || replaced)
            model_remove(model, i);
    }
    model->signpost = !new.first;
    must(model->count < ITEMS_MAX);
    model->items[model->count++] = new;
}

static struct item *model_find(struct model *model, unsigned made)
{
    for (size_t i = 0; i < model->count; i++)
        if (model->items[i].made == made)
            return &model->items[i];
    return NULL;
}

/* `a` is to be used rather than `b` [RFC 9111 §4, §4.1]. */
static bool precedes(const struct item *a, const struct item *b, int64_t now)
{
    if (usable(a, now) != usable(b, now))
        return usable(a, now);
    if (!a->vary != !b->vary)
        return a->vary;
    if (a->date != b->date)
        return a->date > b->date;
    return a->received > b->received;
}

/* ---- operations ---- */

static void values_take(struct input *input, unsigned values[2])
{
    const unsigned both = take(input, 9);
    values[0] = both % 3;
    values[1] = both / 3;
}

static void op_put(struct world *world, struct model *model, struct input *input)
{
    static const char *const names[] = {"", "Foo", "Bar", "Foo, Bar"};
    struct item item = {.made = ++world->made};
    struct asking asking;
    struct lines lines = {.head = {0}};
    values_take(input, item.values);
    item.vary = take(input, 4);
    item.lifetime = take(input, 8) * 5;
    item.received = world->now;
    item.date = beginning + world->now - take(input, 4);
    item.initial_age = beginning + world->now - item.date;
    asking_make(&asking, world, "/", item.values);
    asking_end(&asking, world);
    date_add(&lines, item.date);
    lines_add(&lines, "Cache-Control", "max-age=%u", (unsigned)item.lifetime);
    lines_add(&lines, "ETag", "\"%u\"", item.made);
    if (item.vary)
        stet_head_add(&lines.head, lines.fields, STET_SPAN("Vary"), stet_span_of(names[item.vary]));
    struct entry *entry = offer(world, &asking, 200, &lines, take(input, 2) * sizeof item.made);
    must(entry_append(entry, (const char *)&item.made, sizeof item.made));
    entry_seal(entry, true);
    must(store_grown(world->store, entry));
    entry_unref(entry);
    model_put(model, item);
}

static unsigned made_of(const struct entry *entry)
{
    const char *bytes = NULL;
    unsigned made;
    must(entry_read(entry, 0, &bytes) == sizeof made);
    memcpy(&made, bytes, sizeof made);
    return made;
}

static void op_pick(struct world *world, struct model *model, struct input *input)
{
    unsigned values[2];
    struct asking asking;
    const struct item *best = NULL;
    values_take(input, values);
    asking_make(&asking, world, "/", values);
    asking_end(&asking, world);
    for (size_t i = 0; i < model->count; i++) {
        const struct item *item = &model->items[i];
        if (selects(item, values) && (!best || precedes(item, best, world->now)))
            best = item;
    }
    struct shelf_pick pick = shelf_pick(&world->shelf, &asking.ask);
    must(!pick.entry == !best);
    if (best) {
        const struct item *found = model_find(model, made_of(pick.entry));
        must(found && selects(found, values) && !precedes(best, found, world->now));
        must((pick.reuse.answer == STET_REUSE_FRESH) == usable(found, world->now));
        must(pick.reuse.age == age_of(found, world->now));
        must(entry_head_date(pick.head) == found->date);
    }
    shelf_pick_drop(&pick);
}

/* Marks and renewals may come between the question and the answer. */
static void op_renew(struct world *world, struct model *model, struct input *input)
{
    static const char *const names[] = {"Foo", "Bar", "Foo, Bar"};
    unsigned values[2];
    struct asking asking;
    struct shelf_set set;
    struct lines lines = {.head = {0}};
    values_take(input, values);
    const unsigned lifetime = take(input, 8) * 5, vary = take(input, 8);
    asking_make(&asking, world, "/", values);
    asking_end(&asking, world);
    date_add(&lines, beginning + world->now);
    lines_add(&lines, "Cache-Control", "max-age=%u", lifetime);
    if (vary > 0 && vary < 4)
        stet_head_add(&lines.head, lines.fields, STET_SPAN("Vary"), stet_span_of(names[vary - 1]));
    const struct stet_response response = {304, lines.head};
    const struct stet_arrival arrival = arrival_of(world);
    const struct stet_times times = stet_times_of(&response.head, &arrival);
    const struct shelf_renewal renewal = {&world->rules, &asking.request, &response, &times, true};
    must(shelf_gather(&world->shelf, &asking.ask, take(input, 2), &set));
    const size_t i = take(input, 4);
    if (i < set.candidates.count) {
        struct item *item = model_find(model, made_of(set.entries[i]));
        const bool disturbed = take(input, 4) == 0;
        must(item && set.stored[i].lifetime == item->lifetime);
        if (disturbed)
            entry_mark(set.entries[i]);
        must(shelf_renew(&world->shelf, &set, i, &renewal, NULL));
        item->received = world->now;
        item->date = beginning + world->now;
        item->initial_age = 0;
        item->lifetime = lifetime;
        item->marked = disturbed;
        if (vary > 0 && vary < 4 && vary != item->vary) {
            struct item moved = *item;
            const bool known = selects(item, values);
            model_remove(model, (size_t)(item - model->items));
            moved.vary = vary;
            moved.values[0] = values[0];
            moved.values[1] = values[1];
            if (known)
                model_put(model, moved);
        }
    }
    shelf_set_drop(&set);
}

static void op_mark(struct world *world, struct model *model, struct input *input)
{
    struct asking asking;
    const struct stet_response done = {200, {0}};
    const unsigned how = take(input, 3);
    asking_make(&asking, world, "/", NULL);
    asking_end(&asking, world);
    asking.request.method = STET_METHOD_POST;
    const size_t count =
        how == 0 ? shelf_invalidate(&world->shelf, &world->rules, &asking.request, &done)
                 : shelf_purge(&world->shelf, &asking.key, how == 2, world->now);
    must(count == model->count);
    for (size_t i = 0; i < model->count; i++) {
        struct item *item = &model->items[i];
        if (how == 0)
            item->marked = true;
        else if (item->lifetime > age_of(item, world->now))
            item->lifetime = age_of(item, world->now);
    }
    if (how == 2)
        *model = (struct model){.count = 0};
}

/* ---- parts ---- */

/* What there is of each version. */
struct parts {
    bool ever[VERSIONS][LENGTH];  /* has been put at any time */
    bool held[VERSIONS][LENGTH];  /* is there, unless `lost` */
    bool loose[VERSIONS][LENGTH]; /* is there in parts */
    bool lost;                    /* something may have gone: only what is there is checked */
};

/* Octets of a version have come. Once all are there it is whole, and the other one is replaced. */
static void parts_add(struct parts *parts, unsigned version, unsigned first, unsigned size)
{
    unsigned stretches = 0, octets = 0;
    for (unsigned at = first; at < first + size; at++)
        parts->ever[version][at] = parts->held[version][at] = parts->loose[version][at] = true;
    for (unsigned at = 0; at < LENGTH; at++) {
        const bool begins = at == 0 || !parts->loose[version][at - 1];
        octets += parts->loose[version][at];
        stretches += parts->loose[version][at] && begins;
    }
    parts->lost = parts->lost || stretches > STET_PARTS_MAX; /* not all of them are joined */
    if (octets < LENGTH)
        return;
    memset(parts->loose, 0, sizeof parts->loose);
    for (unsigned other = 0; other < VERSIONS; other++)
        if (other != version)
            memset(parts->held[other], 0, LENGTH);
}

static char octet_of(unsigned version, uint64_t at)
{
    return (char)(version * 100 + at);
}

static void range_take(struct input *input, unsigned *first, unsigned *last)
{
    *first = take(input, LENGTH);
    *last = *first + take(input, LENGTH);
    if (*last >= LENGTH)
        *last = LENGTH - 1;
}

static void op_part(struct world *world, struct parts *parts, struct input *input)
{
    unsigned first, last;
    struct asking asking;
    struct lines lines = {.head = {0}};
    char content[LENGTH];
    const unsigned version = take(input, VERSIONS);
    range_take(input, &first, &last);
    asking_make(&asking, world, "/parts", NULL);
    lines_add(&asking.lines, "Range", "bytes=%u-", first);
    asking_end(&asking, world);
    date_add(&lines, beginning + world->now);
    lines_add(&lines, "Cache-Control", "max-age=%u", 100000);
    lines_add(&lines, "ETag", "\"%u\"", version);
    char *range = lines.text[lines.head.count];
    snprintf(range, sizeof lines.text[0], "bytes %u-%u/%d", first, last, LENGTH);
    stet_head_add(&lines.head, lines.fields, STET_SPAN("Content-Range"), stet_span_of(range));
    struct entry *entry = offer(world, &asking, 206, &lines, last - first + 1);
    for (unsigned at = first; at <= last; at++)
        content[at - first] = octet_of(version, at);
    const bool whole = take(input, 4) > 0;
    const unsigned size = whole ? last - first + 1 : (last - first) / 2;
    /* one that breaks off may have taken the place of the same part, fetched before */
    for (unsigned at = first; at <= last && !whole; at++)
        parts->lost = parts->lost || parts->loose[version][at];
    must(entry_append(entry, content, size));
    entry_seal(entry, whole);
    if (whole)
        entry_unref(shelf_join(&world->shelf, &world->rules, entry));
    else
        must(shelf_salvage(&world->shelf, &world->rules, entry) == (size > 0));
    entry_unref(entry);
    parts_add(parts, version, first, size);
}

/* What is answered is right; what stands in one stretch is answered. */
static void op_range(struct world *world, const struct parts *parts, struct input *input)
{
    unsigned first, last, whole = 0;
    struct asking asking;
    range_take(input, &first, &last);
    asking_make(&asking, world, "/parts", NULL);
    char *range = asking.lines.text[0];
    snprintf(range, sizeof asking.lines.text[0], "bytes=%u-%u", first, last);
    stet_head_add(&asking.lines.head, asking.lines.fields, STET_SPAN("Range"), stet_span_of(range));
    asking_end(&asking, world);
    for (unsigned version = 0; version < VERSIONS; version++) {
        bool all = !parts->lost;
        for (unsigned at = first; at <= last; at++)
            all = all && parts->held[version][at];
        whole += all;
    }
    struct shelf_pick pick = shelf_pick(&world->shelf, &asking.ask);
    must(pick.entry || !whole);
    if (pick.entry) {
        const struct stet_span tag = entry_head_tag(pick.head);
        const unsigned version = (unsigned)(tag.at[1] - '0');
        const bool partial = entry_head_stored(pick.head).partial;
        for (unsigned at = first; at <= last; at++) {
            const char *bytes = NULL;
            must(parts->ever[version][at] && (parts->lost || parts->held[version][at]));
            must(entry_read(pick.entry, partial ? shelf_part_offset(pick.head, at) : at, &bytes));
            must(*bytes == octet_of(version, at));
        }
    }
    shelf_pick_drop(&pick);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t seed[2] = {1, 2};
    struct input input = {data, size};
    struct model model = {.count = 0};
    struct parts parts;
    struct world world = {.store = store_mem_new(1 << 24, 1 << 20, seed),
                          .rules = cache_rules_default()};
    must(world.store);
    memset(&parts, 0, sizeof parts);
    world.shelf = (struct shelf){.store = world.store, .seed = {seed[0], seed[1]}};
    world.rules.profile.ranges = true;
    while (input.left > 0) {
        switch (take(&input, 8)) {
        case 0:
        case 1:
            op_put(&world, &model, &input);
            break;
        case 2:
        case 3:
            op_pick(&world, &model, &input);
            break;
        case 4:
            op_renew(&world, &model, &input);
            break;
        case 5:
            op_mark(&world, &model, &input);
            break;
        case 6:
            op_part(&world, &parts, &input);
            break;
        default:
            op_range(&world, &parts, &input);
            world.now += take(&input, 8);
        }
    }
    store_free(world.store);
    return 0;
}
