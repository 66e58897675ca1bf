/* Reads a HAR file as a whole, by jansson, within a limit.
 *
 * All entries are of one client, so the second time that a URL came with as many octets is a
 * repeat. What a browser took from its own cache asked nothing of the server and is not counted.
 *
 * Given up: reading while parsing. An archive holds a visit or some of them, not a day.
 */
#include "audit/har.h"

#include "audit/inputfile.h"
#include "audit/inputlimit.h"

#include <jansson.h>
#include <stdio.h>

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

/* Octets of content: as they crossed the wire, or if that is not told, when they were decoded. */
static uint64_t har_octets(const json_t *response)
{
    json_int_t size = json_integer_value(json_object_get(response, "bodySize"));

    if (size <= 0)
        size = json_integer_value(json_object_get(json_object_get(response, "content"), "size"));
    return size > 0 ? (uint64_t)size : 0;
}

/* False when memory is out. */
static bool har_entry(struct har *har, const json_t *entry)
{
    const json_t *request = json_object_get(entry, "request");
    const json_t *response = json_object_get(entry, "response");
    const json_int_t status = json_integer_value(json_object_get(response, "status"));

    if (!stet_span_equal(har_text(request, "method"), STET_SPAN("GET")) ||
        json_object_get(entry, "_fromCache") || !(status == 304 || (status >= 200 && status < 300)))
        return true;
    const struct target_visit visit = {.url = har_text(request, "url"),
                                       .client = STET_SPAN("har"),
                                       .status = (int)status,
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

    return har_parsed(har, json_loadb(text.at, text.len, JSON_ALLOW_NUL, &error), &error, message);
}

bool har_read(struct har *har, const char *path, char message[HAR_MESSAGE])
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
