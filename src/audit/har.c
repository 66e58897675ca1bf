/* Reads a HAR file as a whole, by jansson, within a limit.
 *
 * All entries are of one client, so the second time that a URL came with as many octets is a
 * repeat. What a browser took from its own cache asked nothing of the server and is not counted.
 * Browsers show a 304 that they answered from their cache as 200 with the content's size and
 * nothing that crossed the wire.
 *
 * Few octets of JSON can take much memory ("[0,0,0..." takes twenty times its size), so what
 * jansson takes is counted, and bounded.
 *
 * Given up: reading while parsing. An archive holds a visit or some of them, not a day.
 */
#include "audit/har.h"

#include "audit/inputfile.h"
#include "audit/inputlimit.h"

#include "base/memory.h"

#include <jansson.h>
#include <malloc.h>
#include <stdio.h>

/* Octets that the archive at hand takes, and may take; one is read at a time. */
static struct {
    size_t taken, most;
} har_memory;

static void *har_memory_new(size_t size)
{
    void *at = size <= har_memory.most - har_memory.taken ? memory_new(size) : NULL;

    if (at)
        har_memory.taken += malloc_usable_size(at);
    if (har_memory.taken > har_memory.most)
        har_memory.taken = har_memory.most;
    return at;
}

static void har_memory_begin(const struct har *har)
{
    har_memory.taken = 0;
    har_memory.most = har->memory_max ? har->memory_max : inputlimit(INPUTLIMIT_HAR_MEMORY);
}

static void har_memory_free(void *at)
{
    const size_t size = at ? malloc_usable_size(at) : 0;

    har_memory.taken -= size < har_memory.taken ? size : har_memory.taken;
    memory_free(at);
}

/* An archive on its way into jansson. */
struct har_source {
    struct inputfile file;
    struct stet_span left;
    size_t size; /* read */
    const char *error;
};

static size_t har_next(void *to, size_t room, void *owner)
{
    struct har_source *source = owner;

    if (!source->left.len) {
        source->error = inputfile_read(&source->file, &source->left);
        source->size += source->left.len;
        if (source->size > inputlimit(INPUTLIMIT_HAR_SIZE))
            source->error = "it is larger than 256 MiB";
    }
    if (source->error)
        return (size_t)-1;
    const size_t len = source->left.len < room ? source->left.len : room;
    if (len)
        memcpy(to, source->left.at, len);
    source->left = stet_span_from(source->left, len);
    return len;
}

static struct stet_span har_text(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_string(value) ? stet_span(json_string_value(value), json_string_length(value))
                                 : STET_SPAN_NONE;
}

/* A number, also one that is written with a point; `none` if it is none that matters here. */
static json_int_t har_number(const json_t *object, const char *name, json_int_t none)
{
    static const double most = 9007199254740992.0; /* all integers up to it are doubles */
    const json_t *value = json_object_get(object, name);
    const double real = json_real_value(value);

    if (json_is_integer(value))
        return json_integer_value(value);
    return json_is_real(value) && real >= -most && real <= most ? (json_int_t)real : none;
}

/* Octets of content: as they crossed the wire, or if that is not told, when they were decoded. */
static uint64_t har_octets(const json_t *response)
{
    json_int_t size = har_number(response, "bodySize", -1);

    if (size < 0)
        size = har_number(json_object_get(response, "content"), "size", 0);
    return size > 0 ? (uint64_t)size : 0;
}

/* What the server answered. 0: it was not asked. */
static int har_status(const json_t *entry)
{
    const json_t *response = json_object_get(entry, "response");
    const json_int_t status = har_number(response, "status", 0);
    const json_t *content = json_object_get(response, "content");
    const bool unsent =
        har_number(response, "bodySize", -1) == 0 && har_number(content, "size", 0) > 0;

    if (json_object_get(entry, "_fromCache") || status < 100 || status > 999)
        return 0;
    if (status != 200 || !unsent)
        return (int)status;
    return har_number(response, "_transferSize", -1) == 0 ? 0 : 304;
}

/* False when memory is out. */
static bool har_entry(struct har *har, const json_t *entry)
{
    const json_t *request = json_object_get(entry, "request");
    const json_t *response = json_object_get(entry, "response");
    const int status = har_status(entry);

    if (!stet_span_equal(har_text(request, "method"), STET_SPAN("GET")) ||
        !(status == 304 || (status >= 200 && status < 300)))
        return true;
    const struct target_visit visit = {.url = har_text(request, "url"),
                                       .client = STET_SPAN("har"),
                                       .status = status,
                                       .octets = har_octets(response)};
    const enum targets_result result = targets_visit(har->targets, &visit);
    har->counted += result == TARGETS_TAKEN;
    return result != TARGETS_MEMORY;
}

static bool har_walk(struct har *har, const json_t *archive, char message[HAR_MESSAGE])
{
    const json_t *entries = json_object_get(json_object_get(archive, "log"), "entries");
    bool done = true;

    if (!json_is_array(entries)) {
        snprintf(message, HAR_MESSAGE, "no HAR: it has no array \"entries\" in an object \"log\"");
        return false;
    }
    har->entries += json_array_size(entries);
    for (size_t i = 0;
         done && i < json_array_size(entries) && i < inputlimit(INPUTLIMIT_HAR_ENTRIES); i++)
        done = har_entry(har, json_array_get(entries, i));
    if (!done)
        snprintf(message, HAR_MESSAGE, "memory is out");
    return done;
}

static bool har_parsed(struct har *har, json_t *archive, const json_error_t *error,
                       char message[HAR_MESSAGE])
{
    if (!archive && (error->line < 0 || json_error_code(error) == json_error_out_of_memory)) {
        snprintf(message, HAR_MESSAGE, "it takes too much memory");
        return false;
    }
    if (!archive) {
        snprintf(message, HAR_MESSAGE, "line %d, column %d: %s", error->line, error->column,
                 error->text);
        return false;
    }
    const bool done = har_walk(har, archive, message);
    json_decref(archive);
    return done;
}

bool har_take(struct har *har, struct stet_span text, char message[HAR_MESSAGE])
{
    json_error_t error;
    json_malloc_t allocate;
    json_free_t release;

    json_get_alloc_funcs(&allocate, &release);
    json_set_alloc_funcs(har_memory_new, har_memory_free);
    har_memory_begin(har);
    const bool done =
        har_parsed(har, json_loadb(text.at, text.len, JSON_ALLOW_NUL, &error), &error, message);
    json_set_alloc_funcs(allocate, release);
    return done;
}

static bool har_load(struct har *har, const char *path, char message[HAR_MESSAGE])
{
    struct har_source source = {.error = NULL};
    json_error_t error = {.line = 0};
    json_t *archive = NULL;

    source.error = inputfile_open(&source.file, path);
    if (!source.error)
        archive = json_load_callback(har_next, &source, JSON_ALLOW_NUL, &error);
    inputfile_close(&source.file);
    if (source.error) {
        snprintf(message, HAR_MESSAGE, "%s", source.error);
        json_decref(archive);
        return false;
    }
    return har_parsed(har, archive, &error, message);
}

bool har_read(struct har *har, const char *path, char message[HAR_MESSAGE])
{
    json_malloc_t allocate;
    json_free_t release;

    json_get_alloc_funcs(&allocate, &release);
    json_set_alloc_funcs(har_memory_new, har_memory_free);
    har_memory_begin(har);
    const bool done = har_load(har, path, message);
    json_set_alloc_funcs(allocate, release);
    return done;
}
