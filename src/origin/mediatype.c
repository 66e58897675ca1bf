/* Names to media types: a built-in table for the web's own, mime.types for the rest.
 *
 * Extensions are looked up in lower case, the longest first: of a.spdx.json first "spdx.json", then
 * "json". A leading dot begins no extension.
 *
 * Given up: looking into the content (libmagic calls scripts and style sheets text/plain, and
 * nosniff makes that fatal). Only what has no known extension at all is told apart, by whether it
 * reads as UTF-8 text.
 */
#include "origin/mediatype.h"

#include "base/map.h"
#include "base/memory.h"

enum { MEDIATYPE_EXTENSION_MAX = 32, MEDIATYPE_MAX = 127 };

struct mediatypes {
    struct map by_extension; /* to const char * */
    char *text;              /* of mime.types, cut into strings */
};

struct mediatype_row {
    const char *extension;
    const char *type;
};

static const struct mediatype_row mediatype_rows[] = {
#define MEDIATYPE(extension, type) {extension, type},
#include "origin/mediatype.tbl"
#undef MEDIATYPE
};

/* map_put takes a mutable value; these are only ever read. */
static bool mediatypes_put(struct mediatypes *types, const char *extension, const char *type)
{
    union {
        const char *given;
        void *kept;
    } value = {.given = type};
    return map_put(&types->by_extension, extension, strlen(extension), value.kept);
}

static bool mediatypes_add_built_in(struct mediatypes *types)
{
    for (size_t i = 0; i < sizeof mediatype_rows / sizeof mediatype_rows[0]; i++)
        if (!mediatypes_put(types, mediatype_rows[i].extension, mediatype_rows[i].type))
            return false;
    return true;
}

/* Cuts the next word off a line and ends it with a NUL; NULL when there is none. */
static char *mediatypes_word(char **line)
{
    char *word = *line + strspn(*line, " \t\r\v\f");
    if (*word == '\0')
        return NULL;
    char *end = word + strcspn(word, " \t\r\v\f");
    *line = *end ? end + 1 : end;
    *end = '\0';
    return word;
}

/* type "/" subtype, both tokens [RFC 9110 §8.3.1]: nothing else gets into a field. */
static bool mediatype_valid(const char *type)
{
    struct stet_span whole = stet_span_of(type);
    size_t slash = stet_span_find(whole, '/');
    return whole.len <= MEDIATYPE_MAX && slash < whole.len &&
           stet_span_is_token(stet_span(type, slash)) &&
           stet_span_is_token(stet_span_from(whole, slash + 1));
}

static void mediatypes_lower(char *word)
{
    for (; *word; word++)
        *word = (char)stet_byte_lower((unsigned char)*word);
}

/* One line of mime.types; false when memory is out. */
static bool mediatypes_add_line(struct mediatypes *types, char *line)
{
    const char *type = mediatypes_word(&line);
    if (!type || !mediatype_valid(type))
        return true;
    for (char *word; (word = mediatypes_word(&line));) {
        mediatypes_lower(word);
        if (!map_find(&types->by_extension, word, strlen(word)) &&
            !mediatypes_put(types, word, type))
            return false;
    }
    return true;
}

static bool mediatypes_add_text(struct mediatypes *types, struct stet_span text)
{
    types->text = memory_new(text.len + 1);
    if (!types->text)
        return false;
    if (text.len > 0)
        memcpy(types->text, text.at, text.len);
    types->text[text.len] = '\0';
    for (char *line = types->text; line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        line[strcspn(line, "#")] = '\0';
        if (!mediatypes_add_line(types, line))
            return false;
        line = end ? end + 1 : NULL;
    }
    return true;
}

struct mediatypes *mediatypes_new(struct stet_span text)
{
    /* Fixed: the keys are the operator's, no one attacks this table. */
    static const uint64_t seed[2] = {0x6d65646961747970, 0x65732e2e2e2e2e2e};
    struct mediatypes *types = memory_new_zero(sizeof *types);
    if (!types)
        return NULL;
    map_init(&types->by_extension, seed);
    if (!mediatypes_add_built_in(types) || !mediatypes_add_text(types, text)) {
        mediatypes_free(types);
        return NULL;
    }
    return types;
}

void mediatypes_free(struct mediatypes *types)
{
    if (!types)
        return;
    map_fini(&types->by_extension);
    memory_free(types->text);
    memory_free(types);
}

static const char *mediatype_of_extension(const struct mediatypes *types, struct stet_span given)
{
    char lower[MEDIATYPE_EXTENSION_MAX];
    if (given.len == 0 || given.len > sizeof lower)
        return NULL;
    for (size_t i = 0; i < given.len; i++)
        lower[i] = (char)stet_byte_lower((unsigned char)given.at[i]);
    return map_find(&types->by_extension, lower, given.len);
}

const char *mediatype_of(const struct mediatypes *types, struct stet_span path)
{
    size_t from = path.len;
    while (from > 0 && path.at[from - 1] != '/')
        from--;
    struct stet_span name = stet_span_from(path, from);
    struct stet_span rest = stet_span_from(name, 1);
    const char *type = NULL;
    while (!type && rest.len > 0) {
        rest = stet_span_from(rest, stet_span_find(rest, '.') + 1);
        type = mediatype_of_extension(types, rest);
    }
    return type;
}

static bool mediatype_ends(struct stet_span type, struct stet_span end)
{
    return type.len >= end.len && stet_span_equal(stet_span_from(type, type.len - end.len), end);
}

bool mediatype_compressible(const char *type)
{
    static const char *const others[] = {
        "application/json",
        "application/jsonl",
        "application/xml",
        "application/wasm",
        "application/yaml",
        "application/toml",
        "application/rtf",
        "application/sql",
        "application/x-sh",
        "application/x-ndjson",
        "application/javascript",
        "application/vnd.ms-fontobject",
        "application/vnd.apple.mpegurl",
        "font/ttf",
        "font/otf",
        "font/collection",
        "image/bmp",
        "image/vnd.microsoft.icon",
    };
    const struct stet_span whole = stet_span_of(type);
    if (stet_span_starts(whole, STET_SPAN("text/")) || mediatype_ends(whole, STET_SPAN("+xml")) ||
        mediatype_ends(whole, STET_SPAN("+json")))
        return true;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(type, others[i]) == 0)
            return true;
    return false;
}

bool mediatype_has_charset(const char *type)
{
    return stet_span_starts(stet_span_of(type), STET_SPAN("text/"));
}

const char *mediatype_unknown(bool text)
{
    return text ? "text/plain" : "application/octet-stream";
}
