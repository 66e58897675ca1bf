/* Finds the stored responses that could answer a request, and picks the one to judge.
 *
 * The key is the URL in its normal form and nothing else, so that an unsafe request reaches all
 * that is stored for it [RFC 9111 §4.4]. Each stored response bears a keyed digest of what the
 * request that it answered said of its user: Authorization, Cookie, the certificate; and of what
 * made its server another one than the URL says: a Host of its own, addresses that were given, a
 * certificate that nobody looked at. What another
 * user got is not there for this one, not even to be asked about; public or not, for a client with
 * many users is rare, and a mistake is dear. So Vary need not look at these fields again, and they
 * stand in no file.
 *
 * Of those that a request selects the newest is used [RFC 9111 §4]. Others are asked about with it,
 * all in one request (stet_validation_of).
 *
 * Given up: sharing public responses between users of one storage.
 */
#include "client/cache_parts.h"

#include "base/memory.h"
#include "base/text.h"
#include "client/limit.h"
#include "stet/range.h"
#include "stet/uri.h"
#include "stet/vary.h"

struct stet_span cache_key(const struct cache_fetch *fetch)
{
    return stet_span(fetch->found.key, fetch->found.key_size);
}

int64_t cache_generation(const struct cache_fetch *fetch)
{
    const struct client_cache *cache = fetch->cache;

    return cache->storage && cache->mode != CACHE_OFF && fetch->found.key
               ? storage_generation(cache->storage, cache_key(fetch))
               : 0;
}

/* ---- key ---- */

static bool key_make(struct cache_fetch *fetch)
{
    const struct stet_request *as = &fetch->asking.as;
    const size_t room =
        as->scheme.len + as->authority.len + as->path.len + as->query.len + (size_t)8;

    fetch->found.key = memory_new(room);
    if (!fetch->found.key)
        return false;
    fetch->found.key_size = stet_uri_key(as, fetch->found.key, room);
    return true;
}

static void credentials_say(struct text *text, const struct stet_head *head, enum stet_field_id id)
{
    const struct stet_field *line = stet_head_has(head, id) ? stet_head_first(head, id) : NULL;
    for (; line; line = stet_head_next(head, line))
        text_say(text, "%d:%.*s\n", (int)(id == STET_FIELD_COOKIE), (int)line->value.len,
                 line->value.at);
}

/* Whom the URL names and who answers may be two. */
static void server_say(struct text *text, const struct cache_fetch *fetch)
{
    const struct client_cache *cache = fetch->cache;
    const struct stet_request *as = &fetch->asking.as;
    const struct stet_span host = stet_head_single(&as->head, STET_FIELD_HOST);

    if (cache->trust && stet_span_equal_nocase(as->scheme, STET_SPAN("https")))
        text_say(text, "3:%s\n", cache->trust);
    if (cache->places)
        text_say(text, "4:%s\n", cache->places);
    if (stet_head_has(&as->head, STET_FIELD_HOST) && !stet_span_equal_nocase(host, as->authority))
        text_say(text, "5:%.*s\n", (int)host.len, host.at ? host.at : "");
}

static bool credentials_make(struct cache_fetch *fetch)
{
    const struct client_cache *cache = fetch->cache;
    struct text text = {0};

    credentials_say(&text, &fetch->asking.head.head, STET_FIELD_AUTHORIZATION);
    credentials_say(&text, &fetch->asking.head.head, STET_FIELD_COOKIE);
    if (cache->certificate)
        text_say(&text, "2:%s\n", cache->certificate);
    server_say(&text, fetch);
    if (text.len)
        storage_credentials(cache->storage, stet_span(text.at, text.len), fetch->found.credentials);
    const bool done = !text.failed;
    text_fini(&text);
    return done;
}

/* ---- selection ---- */

static bool is_credential(struct stet_span name)
{
    return stet_span_equal_nocase(name, STET_SPAN("authorization")) ||
           stet_span_equal_nocase(name, STET_SPAN("cookie"));
}

/* The names in Vary that are to be compared, into `to`, which has room for all. */
static size_t names_write(struct stet_span all, char *to)
{
    struct stet_list list = stet_list_in(all);
    struct stet_span name;
    size_t size = 0;

    while (stet_list_next(&list, &name)) {
        if (is_credential(name))
            continue;
        memcpy(to + size, name.at, name.len);
        size += name.len;
        to[size++] = ',';
    }
    return size;
}

bool cache_selection(const struct stet_head *response, const struct stet_head *request,
                     struct storage_entry *to)
{
    const size_t room = stet_vary_names(response, NULL, 0);
    char *names = memory_new(2 * room + 2);
    bool done = names != NULL;

    memory_free(to->selection);
    to->selection = NULL;
    to->selection_size = 0;
    if (done && room) {
        const size_t all = stet_vary_names(response, names, room);
        const size_t size = names_write(stet_span(names, all), names + room);
        const struct stet_list list = stet_list_in(stet_span(names + room, size));
        to->selection_size = stet_vary_select(list, request, NULL, 0);
        to->selection = to->selection_size ? memory_new(to->selection_size) : NULL;
        done = !to->selection_size || to->selection;
        if (to->selection)
            stet_vary_select(list, request, to->selection, to->selection_size);
    }
    memory_free(names);
    return done;
}

/* ---- candidates ---- */

/* The one range that the request asks for lies in what is held [RFC 9111 §3.3]. */
static bool covers(const struct cache_fetch *fetch, const struct storage_entry *entry)
{
    const struct stet_ranges ranges = stet_ranges_of(&fetch->asking.head.head, entry->length);

    return fetch->asking.asked.range && ranges.count == 1 && ranges.at[0].first >= entry->first &&
           ranges.at[0].last < entry->first + entry->content_size;
}

static bool fits_method(const struct cache_fetch *fetch, const struct storage_entry *entry)
{
    return entry->stored.method == STET_METHOD_GET ||
           entry->stored.method == fetch->asking.as.method;
}

static void candidate_add(struct cache_fetch *fetch, struct storage_entry *entry, bool other)
{
    struct cache_found *found = &fetch->found;

    if (found->count == STET_CANDIDATES_MAX)
        return;
    found->entries[found->count] = entry;
    found->candidates[found->count++] =
        (struct stet_candidate){.head = &entry->response.head,
                                .stored = &entry->stored,
                                .covers = entry->stored.partial && covers(fetch, entry),
                                .other = other};
}

/* A whole response, or a part that has all that is asked for. */
static bool answers(const struct cache_fetch *fetch, const struct stet_candidate *candidate)
{
    return !candidate->stored->partial ||
           (candidate->covers && fetch->asking.as.method == STET_METHOD_GET);
}

static void best_pick(struct cache_fetch *fetch)
{
    struct cache_found *found = &fetch->found;
    for (size_t i = 0; i < found->count; i++) {
        struct storage_entry *entry = found->entries[i];
        if (!found->candidates[i].other && answers(fetch, &found->candidates[i]) &&
            (!found->best || stet_stored_precedes(&entry->stored, &found->best->stored)))
            found->best = entry;
    }
}

static bool is_other(const struct cache_fetch *fetch, const struct storage_entry *entry)
{
    return !stet_vary_match(stet_span(entry->selection, entry->selection_size),
                            &fetch->asking.head.head);
}

static void candidates_pick(struct cache_fetch *fetch)
{
    struct cache_found *found = &fetch->found;
    const int64_t now = cache_now(fetch);

    for (int other = 0; other <= 1; other++) /* variants that it does not select come last */
        for (size_t i = 0; i < found->set.count; i++) {
            struct storage_entry *entry = &found->set.entries[i];
            if (strcmp(entry->credentials, found->credentials) != 0 || !fits_method(fetch, entry) ||
                is_other(fetch, entry) != (other == 1))
                continue;
            if (entry->stored.times.received > now)
                entry->stored.marked = true; /* the clock was set back: its age is not known */
            candidate_add(fetch, entry, other == 1);
        }
    best_pick(fetch);
}

/* If-Match and If-Unmodified-Since are for the origin to judge [RFC 9111 §4.3.2]. */
static bool is_for_origin(const struct stet_head *head)
{
    return stet_head_has(head, STET_FIELD_IF_MATCH) ||
           stet_head_has(head, STET_FIELD_IF_UNMODIFIED_SINCE);
}

bool cache_select(struct cache_fetch *fetch)
{
    const struct client_cache *cache = fetch->cache;
    const enum stet_method method = fetch->asking.as.method;

    if (!fetch->asking.is_uri || !cache->storage)
        return true;
    if (!key_make(fetch) || !credentials_make(fetch))
        return false;
    if (cache->mode == CACHE_OFF || (method != STET_METHOD_GET && method != STET_METHOD_HEAD) ||
        fetch->asking.asked.content || is_for_origin(&fetch->asking.head.head))
        return true;
    fetch->found.set = storage_find(cache->storage, cache_key(fetch));
    candidates_pick(fetch);
    return true;
}

struct stet_reuse cache_judge(struct cache_fetch *fetch)
{
    const struct stet_asked *asked = &fetch->asking.asked;

    if (!fetch->found.best)
        return stet_reuse_of_nothing(asked);
    return stet_may_reuse(&fetch->profile, &fetch->found.best->stored, asked, cache_now(fetch));
}
