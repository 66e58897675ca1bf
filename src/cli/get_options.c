/* The options of `stet get`, with the names that curl gave them.
 */
#include "cli/get.h"

#include "base/memory.h"
#include "base/units.h"
#include "client/limit.h"

#include <stdio.h>
#include <string.h>

enum {
    GET_PARALLEL = 8,
    GET_ATTEMPTS = 5,
    GET_PAUSE_MS = 2000,
    GET_CONNECT_MS = 30000,
    GET_RETRY_MS = 1000,
    GET_STALL_MS = 120000
};

#define GET_CACHE_SIZE (UINT64_C(1) << 30)

static const char out_of_memory[] = "out of memory";

/* Takes that store a value or set a flag. */
#define GET_TAKES_TEXT(function, member)                         \
    static const char *function(void *target, const char *value) \
    {                                                            \
        ((struct get *)target)->member = value;                  \
        return NULL;                                             \
    }
#define GET_TAKES_FLAG(function, member)                         \
    static const char *function(void *target, const char *value) \
    {                                                            \
        (void)value;                                             \
        ((struct get *)target)->member = true;                   \
        return NULL;                                             \
    }

GET_TAKES_TEXT(get_take_output_dir, placing.folder)
GET_TAKES_TEXT(get_take_method, request.method)
GET_TAKES_TEXT(get_take_user, request.user)
GET_TAKES_TEXT(get_take_cacert, setup.ca_file)
GET_TAKES_TEXT(get_take_cert, setup.client_certificate)
GET_TAKES_TEXT(get_take_key, setup.client_key)
GET_TAKES_TEXT(get_take_proxy, setup.proxy)
GET_TAKES_TEXT(get_take_cache, caching.folder)
GET_TAKES_TEXT(get_take_write_out, showing.write_out)
GET_TAKES_TEXT(get_take_run, showing.run)
GET_TAKES_TEXT(get_take_group, group)
GET_TAKES_FLAG(get_take_remote_name, placing.named)
GET_TAKES_FLAG(get_take_include, placing.head)
GET_TAKES_FLAG(get_take_head, request.head_only)
GET_TAKES_FLAG(get_take_in_query, request.in_query)
GET_TAKES_FLAG(get_take_create_dirs, placing.makes_folders)
GET_TAKES_FLAG(get_take_location, follow)
GET_TAKES_FLAG(get_take_identity, request.identity)
GET_TAKES_FLAG(get_take_insecure, setup.insecure)
GET_TAKES_FLAG(get_take_no_cache, caching.off)
GET_TAKES_FLAG(get_take_offline, caching.offline)
GET_TAKES_FLAG(get_take_revalidate, caching.revalidate)
GET_TAKES_FLAG(get_take_silent, showing.silent)
GET_TAKES_FLAG(get_take_show_error, showing.show_error)
GET_TAKES_FLAG(get_take_fail, showing.fail)

static const char *get_take_compressed(void *target, const char *value)
{
    (void)value;
    ((struct get *)target)->request.identity = false;
    return NULL;
}

/* An error is no new content. */
static const char *get_take_changed(void *target, const char *value)
{
    struct get *get = target;

    (void)value;
    get->showing.changed = get->showing.fail = true;
    return NULL;
}

/* An empty one is none. */
static const char *get_take_agent(void *target, const char *value)
{
    ((struct get *)target)->setup.user_agent = value[0] ? value : NULL;
    return NULL;
}

static const char *get_take_verbose(void *target, const char *value)
{
    struct get *get = target;

    (void)value;
    get->showing.verbose = get->setup.verbose = true;
    return NULL;
}

/* ---- lists ---- */

static const char *get_append(const char ***list, size_t *count, const char *value)
{
    const char **more = memory_grow(*list, (*count + 1) * sizeof *more);

    if (!more)
        return out_of_memory;
    more[(*count)++] = value;
    *list = more;
    return NULL;
}

static const char *get_take_output(void *target, const char *value)
{
    struct get_placing *placing = &((struct get *)target)->placing;

    return get_append(&placing->files, &placing->count, value);
}

static const char *get_take_resolve(void *target, const char *value)
{
    struct get *get = target;

    if (!strchr(value, ':') || !strchr(strchr(value, ':') + 1, ':'))
        return "expected HOST:PORT:ADDRESS";
    return get_append(&get->resolve, &get->setup.resolve_count, value);
}

/* ---- numbers ---- */

/* A bare number is seconds, as curl has it: "2.5". */
static bool get_curl_seconds(const char *value, uint64_t *milliseconds)
{
    const size_t whole = strspn(value, "0123456789"), dot = value[whole] == '.';
    const size_t part = dot ? strspn(value + whole + 1, "0123456789") : 0;
    uint64_t seconds = 0, thousandths = 0;

    if (whole + part == 0 || whole > 9 || value[whole + dot + part])
        return false;
    for (size_t i = 0; i < whole; i++)
        seconds = 10 * seconds + (uint64_t)(value[i] - '0');
    for (size_t i = 0; i < 3; i++)
        thousandths = 10 * thousandths + (i < part ? (uint64_t)(value[whole + 1 + i] - '0') : 0);
    *milliseconds = 1000 * seconds + thousandths;
    return true;
}

static const char *get_duration(const char *value, uint64_t *milliseconds)
{
    return get_curl_seconds(value, milliseconds) || units_duration(value, milliseconds)
               ? NULL
               : "expected seconds, or a duration such as 2m";
}

static const char *get_size(const char *value, uint64_t *octets)
{
    return units_size(value, octets) ? NULL : "expected a size such as 64MiB";
}

static const char *get_take_cache_size(void *target, const char *value)
{
    return get_size(value, &((struct get *)target)->caching.size);
}

static const char *get_take_max_size(void *target, const char *value)
{
    return get_size(value, &((struct get *)target)->size_max);
}

/* Whole seconds, for directives. */
static const char *get_seconds(const char *value, int64_t *seconds)
{
    uint64_t milliseconds;
    const char *expected = get_duration(value, &milliseconds);

    if (!expected)
        *seconds = milliseconds / 1000 < INT32_MAX ? (int64_t)(milliseconds / 1000) : INT32_MAX;
    return expected;
}

static const char *get_take_max_age(void *target, const char *value)
{
    return get_seconds(value, &((struct get *)target)->caching.cache.max_age);
}

static const char *get_take_stale_ok(void *target, const char *value)
{
    return get_seconds(value, &((struct get *)target)->caching.cache.stale_ok);
}

static const char *get_take_watch(void *target, const char *value)
{
    uint64_t milliseconds;
    const char *expected = get_duration(value, &milliseconds);

    if (!expected)
        ((struct get *)target)->showing.watch = milliseconds ? (int64_t)milliseconds : 1;
    return expected;
}

static const char *get_take_pause(void *target, const char *value)
{
    return get_duration(value, &((struct get *)target)->pause);
}

static const char *get_take_connect_timeout(void *target, const char *value)
{
    uint64_t milliseconds;
    const char *expected = get_duration(value, &milliseconds);

    if (!expected)
        ((struct get *)target)->setup.connect_timeout =
            milliseconds < UINT32_MAX ? (uint32_t)milliseconds : UINT32_MAX;
    return expected;
}

static const char *get_take_max_time(void *target, const char *value)
{
    return get_duration(value, &((struct get *)target)->patience.longest);
}

static const char *get_take_retry_delay(void *target, const char *value)
{
    return get_duration(value, &((struct get *)target)->patience.delay);
}

static const char *get_count(const char *value, uint64_t least, uint64_t *number)
{
    return units_number(value, least, 1000000, number) ? NULL : "expected a number";
}

static const char *get_take_polls(void *target, const char *value)
{
    return get_count(value, 1, &((struct get *)target)->showing.polls);
}

static const char *get_take_attempts(void *target, const char *value)
{
    return get_count(value, 1, &((struct get *)target)->attempts);
}

static const char *get_take_retry(void *target, const char *value)
{
    return get_count(value, 0, &((struct get *)target)->patience.retries);
}

static const char *get_take_parallel(void *target, const char *value)
{
    return get_count(value, 1, &((struct get *)target)->parallel);
}

static const char *get_take_redirects(void *target, const char *value)
{
    return get_count(value, 0, &((struct get *)target)->redirects);
}

/* ---- the table ---- */

static const struct option_row get_options[] = {
    {"output", 'o', "FILE", "write to FILE; the n-th is of the n-th URL", get_take_output},
    {"remote-name", 'O', NULL, "write to files named as in the URLs", get_take_remote_name},
    {"output-dir", 0, "DIR", "where such files go, and groups", get_take_output_dir},
    {"create-dirs", 0, NULL, "make the folders that are missing above them", get_take_create_dirs},
    {"include", 'i', NULL, "write the head before the content", get_take_include},
    {"head", 'I', NULL, "ask for the head alone", get_take_head},
    {"header", 'H', "NAME: VALUE|@FILE",
     "send this field; may repeat;\nNAME: leaves one out, NAME; sends it empty", get_take_line},
    {"request", 'X', "METHOD", "ask by this method", get_take_method},
    {"range", 'r', "FIRST-LAST", "ask for these octets", get_take_range},
    {"data", 'd', "DATA|@FILE", "POST this; more of them are joined by \"&\"", get_take_data},
    {"data-binary", 0, "DATA|@FILE", "the same; line ends of the file stay", get_take_data_binary},
    {"data-raw", 0, "DATA", "the same; @ means nothing", get_take_data_raw},
    {"data-urlencode", 0, "NAME=DATA", "the same, encoded as in forms", get_take_data_urlencode},
    {"get", 'G', NULL, "what -d says goes into the URL as its query", get_take_in_query},
    {"json", 0, "DATA|@FILE", "POST this as JSON, and accept JSON", get_take_json},
    {"location", 'L', NULL, "follow redirects", get_take_location},
    {"max-redirs", 0, "N", "but not more than these (default: 20)", get_take_redirects},
    {"user", 'u', "NAME[:PASSWORD]", "send these as Basic credentials", get_take_user},
    {"cookie", 'b', "NAME=VALUE", "send this cookie; may repeat", get_take_cookie},
    {"referer", 'e', "URL", "say where the URL was found", get_take_referer},
    {"user-agent", 'A', "TEXT", "what to call itself (default: stet/" STET_VERSION ")",
     get_take_agent},
    {"compressed", 0, NULL, "ask for gzip, br or zstd, and undo it (default)", get_take_compressed},
    {"no-compressed", 0, NULL, "ask for no coding, and undo none", get_take_identity},
    {"fail", 'f', NULL, "status 400 and above: no content, and exit status 1", get_take_fail},
    {"silent", 's', NULL, "no progress, no errors", get_take_silent},
    {"show-error", 'S', NULL, "errors even so", get_take_show_error},
    {"verbose", 'v', NULL, "show heads, connections and what the cache decides", get_take_verbose},
    {"write-out", 'w', "FORMAT", "print this afterwards; '%{json}' is all there is to tell",
     get_take_write_out},
    {"cache", 0, "DIR", "where the cache is (default: $XDG_CACHE_HOME/stet)", get_take_cache},
    {"cache-size", 0, "SIZE", "how large it may grow (default: 1GiB)", get_take_cache_size},
    {"no-cache", 0, NULL, "use no cache at all", get_take_no_cache},
    {"offline", 0, NULL, "answer from the cache only", get_take_offline},
    {"revalidate", 0, NULL, "ask the server even if what is stored is fresh", get_take_revalidate},
    {"max-age", 0, "SECONDS", "take nothing older from the cache without asking", get_take_max_age},
    {"stale-ok", 0, "SECONDS", "take what is stale for no longer than this without asking",
     get_take_stale_ok},
    {"changed", 0, NULL, "exit status 0 if the content is new, 10 if it is not", get_take_changed},
    {"watch", 0, "DURATION", "ask again and again, and print the content when it changes",
     get_take_watch},
    {"run", 0, "COMMAND", "run this then instead: the content is its standard input", get_take_run},
    {"polls", 0, "N", "end after asking this often", get_take_polls},
    {"group", 0, "FILE", "fetch what FILE lists into --output-dir, all or nothing", get_take_group},
    {"attempts", 0, "N", "tries until a group fits together (default: 5)", get_take_attempts},
    {"pause", 0, "DURATION", "between such tries (default: 2s)", get_take_pause},
    {"parallel-max", 0, "N", "URLs at a time (default: 8)", get_take_parallel},
    {"max-size", 0, "SIZE", "give up on content larger than this", get_take_max_size},
    {"connect-timeout", 0, "SECONDS", "(default: 30)", get_take_connect_timeout},
    {"max-time", 'm', "SECONDS", "give up on a URL that takes longer (default: no bound)",
     get_take_max_time},
    {"retry", 0, "N", "try again after failures that may pass, so often at most", get_take_retry},
    {"retry-delay", 0, "SECONDS", "before the first of them, then twice as long (default: 1)",
     get_take_retry_delay},
    {"resolve", 0, "HOST:PORT:ADDRESS", "take this address for a name; may repeat",
     get_take_resolve},
    {"proxy", 'x', "URL", "go through this proxy (default: as http_proxy and so on say)",
     get_take_proxy},
    {"cacert", 0, "FILE", "trust what these certificates sign, PEM", get_take_cacert},
    {"cert", 'E', "FILE", "the client's certificate, PEM", get_take_cert},
    {"key", 0, "FILE", "its key, PEM", get_take_key},
    {"insecure", 'k', NULL, "do not verify the server's certificate", get_take_insecure},
    {NULL, 0, NULL, NULL, NULL},
};

static const char get_details[] = "What is stored and fresh is not asked for again; what is stale "
                                  "costs one conditional request.\n"
                                  "A file whose content has not changed is left as it is. Exit "
                                  "status: 0 fine, 1 a status of 400\n"
                                  "or above with --fail, or a file that cannot be written, 2 "
                                  "usage, 3 network, 10 unchanged with\n"
                                  "--changed.\n";

/* ---- the command ---- */

static bool get_is_head(const struct get *get)
{
    return get->request.method ? strcmp(get->request.method, "HEAD") == 0 : get->request.head_only;
}

/* What does not go together; NULL if all does. */
static const char *get_conflict(const struct get *get)
{
    const struct get_showing *showing = &get->showing;

    if (get->group && (get->url_count || !get->placing.folder))
        return "--group takes no URL, and needs --output-dir";
    if (get->group && (get->placing.head || get->request.head_only || get->request.has_content ||
                       showing->watch || showing->write_out || get->placing.count))
        return "--group goes with none of -i, -I, -d, -o, -w and --watch";
    if (!get->group && !get->url_count)
        return "expected a URL";
    if (get_is_head(get) && get->request.has_content && !get->request.in_query)
        return "HEAD has no content: -d goes with -I only where -G is";
    if (get->patience.retries && (get->group || showing->watch))
        return "--retry goes with neither --watch nor --group, which try again anyway";
    if (get->placing.count > get->url_count && !get->group)
        return "there are more files than URLs";
    if (showing->watch && get->url_count != 1)
        return "--watch takes one URL";
    if (!showing->watch && (showing->run || showing->polls))
        return "--run and --polls need --watch";
    if (get->caching.off && get->caching.offline)
        return "--offline needs the cache that --no-cache turns off";
    if (get->caching.revalidate && get->caching.offline)
        return "--offline and --revalidate contradict each other";
    for (size_t i = 0; i < get->placing.count; i++)
        if (!get->placing.files[i][0])
            return "-o needs the name of a file; - is standard output";
    return NULL;
}

/* Which servers those are that answer, where that is not what everybody takes them for. */
static void get_tell_servers(struct get *get)
{
    struct get_caching *caching = &get->caching;
    struct text *places = &caching->places;

    caching->cache.trust = get->setup.insecure ? "anybody" : get->setup.ca_file;
    for (size_t i = 0; i < get->setup.resolve_count; i++)
        text_say(places, "%s ", get->resolve[i]);
    text_put(places, "", 1);
    caching->off = caching->off || places->failed; /* without memory there is no cache either */
    if (get->setup.resolve_count && !places->failed)
        caching->cache.places = places->at;
}

static int get_run(int argc, char **argv)
{
    struct get get = {
        .setup = {.user_agent = "stet/" STET_VERSION,
                  .connect_timeout = GET_CONNECT_MS,
                  .stall_timeout = GET_STALL_MS},
        .caching = {.size = GET_CACHE_SIZE, .cache = {.max_age = -1, .stale_ok = -1}},
        .attempts = GET_ATTEMPTS,
        .pause = GET_PAUSE_MS,
        .patience = {.delay = GET_RETRY_MS},
        .parallel = GET_PARALLEL,
        .redirects = CLIENT_REDIRECTS_MAX,
    };
    int first, status = options_parse(&command_get, argc, argv, &get, &first);

    if (status == OPTIONS_GO_ON) {
        get.urls = argv + first;
        get.url_count = (size_t)(argc - first);
        get.setup.resolve = get.resolve;
        get.caching.cache.certificate = get.setup.client_certificate;
        get.caching.cache.user_agent = get.setup.user_agent;
        get_tell_servers(&get);
        if (get.caching.offline || get.caching.revalidate)
            get.caching.cache.mode = get.caching.offline ? CACHE_OFFLINE : CACHE_REVALIDATE;
        const char *conflict = get_conflict(&get);
        status = conflict ? options_error(&command_get, conflict, NULL) : get_with(&get);
    }
    message_fini(&get.request.head);
    message_fini(&get.request.without);
    text_fini(&get.request.content);
    text_fini(&get.request.cookies);
    text_fini(&get.caching.places);
    get_free_urls(&get);
    memory_free(get.placing.files);
    memory_free(get.resolve);
    if (!get.showing.watch)
        get_end_of_signal();
    return status;
}

const struct command command_get = {
    .name = "get",
    .usage = "[OPTION]... URL...",
    .summary = "Fetch URLs, with a cache that asks only when it must.",
    .details = get_details,
    .options = get_options,
    .run = get_run,
};
