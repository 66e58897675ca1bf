/* Reads sitemaps: zlib unpacks, expat parses, and the text of each <loc> is told.
 *
 *     <urlset><url><loc>http://example.org/a</loc>...   a sitemap
 *     <sitemapindex><sitemap><loc>...                   an index of them
 *
 * Elements are known by their local names, whatever their namespace: sitemaps in the wild forget
 * it. A document type is refused, for a sitemap needs none and all the known ways to make a parser
 * work forever begin with one.
 */
#include "audit/sitemap.h"

#include "audit/inputlimit.h"
#include "base/memory.h"
#include "base/text.h"

#include <expat.h>
#include <limits.h>
#include <stdio.h>
#include <zlib.h>

enum { SITEMAP_PIECE = 16384 };

enum sitemap_packing { SITEMAP_UNKNOWN, SITEMAP_PLAIN, SITEMAP_PACKED };

/* What the open elements make of a <loc>. */
enum sitemap_place { SITEMAP_ELSEWHERE, SITEMAP_IN_URL, SITEMAP_IN_SITEMAP };

struct sitemap {
    const struct sitemap_events *events;
    void *owner;
    XML_Parser parser;
    z_stream unpacking;
    bool unpacking_open, unpacked;
    enum sitemap_packing packing;
    size_t depth, size;
    enum sitemap_place place;
    bool in_location;
    struct text location;
    uint64_t count;
    const char *error;
    char message[160];
};

static bool sitemap_refuse(struct sitemap *sitemap, const char *error)
{
    if (!sitemap->error)
        sitemap->error = error;
    XML_StopParser(sitemap->parser, XML_FALSE);
    return false;
}

static bool sitemap_named(const XML_Char *name, const char *local)
{
    const char *colon = strrchr(name, ':');

    return strcmp(colon ? colon + 1 : name, local) == 0;
}

static void XMLCALL sitemap_opened(void *owner, const XML_Char *name, const XML_Char **attributes)
{
    struct sitemap *sitemap = owner;

    (void)attributes;
    if (++sitemap->depth > inputlimit(INPUTLIMIT_SITEMAP_DEPTH))
        sitemap_refuse(sitemap, "elements are too deep in each other");
    if (sitemap->depth == 1 && !sitemap_named(name, "urlset") &&
        !sitemap_named(name, "sitemapindex"))
        sitemap_refuse(sitemap, "it is XML, but no sitemap");
    if (sitemap->depth == 2)
        sitemap->place = sitemap_named(name, "url")       ? SITEMAP_IN_URL
                         : sitemap_named(name, "sitemap") ? SITEMAP_IN_SITEMAP
                                                          : SITEMAP_ELSEWHERE;
    sitemap->in_location = sitemap->depth == 3 && sitemap_named(name, "loc");
    if (sitemap->in_location)
        sitemap->location.len = 0;
}

static void sitemap_tell(struct sitemap *sitemap, struct stet_span url)
{
    const struct sitemap_events *events = sitemap->events;
    bool done = true;

    while (url.len && strchr("\r\n\t ", url.at[0])) /* people put it on a line of its own */
        url = stet_span_from(url, 1);
    while (url.len && strchr("\r\n\t ", url.at[url.len - 1]))
        url.len--;
    if (!url.len || sitemap->place == SITEMAP_ELSEWHERE ||
        sitemap->count >= inputlimit(INPUTLIMIT_SITEMAP_URLS))
        return;
    sitemap->count++;
    if (sitemap->place == SITEMAP_IN_URL)
        done = events->url(sitemap->owner, url);
    else
        done = events->sitemap(sitemap->owner, url);
    if (!done)
        sitemap_refuse(sitemap, "memory is out");
}

static void XMLCALL sitemap_closed(void *owner, const XML_Char *name)
{
    struct sitemap *sitemap = owner;

    (void)name;
    if (sitemap->in_location && sitemap->depth == 3) {
        sitemap_tell(sitemap, stet_span(sitemap->location.at, sitemap->location.len));
        sitemap->in_location = false;
    }
    sitemap->depth--;
}

static void XMLCALL sitemap_heard(void *owner, const XML_Char *octets, int len)
{
    struct sitemap *sitemap = owner;

    if (!sitemap->in_location || sitemap->depth != 3)
        return;
    if (sitemap->location.len + (size_t)len > 2 * inputlimit(INPUTLIMIT_URL)) {
        sitemap->in_location = false; /* no URL is so long: it is passed over */
        return;
    }
    text_put(&sitemap->location, octets, (size_t)len);
    if (sitemap->location.failed)
        sitemap_refuse(sitemap, "memory is out");
}

static void XMLCALL sitemap_doctype(void *owner, const XML_Char *name, const XML_Char *system,
                                    const XML_Char *public, int subset)
{
    (void)name, (void)system, (void)public, (void)subset;
    sitemap_refuse(owner, "it declares a document type");
}

struct sitemap *sitemap_new(const struct sitemap_events *events, void *owner)
{
    struct sitemap *sitemap = memory_new_zero(sizeof *sitemap);
    const XML_Memory_Handling_Suite memory = {memory_new, memory_grow, memory_free};

    if (!sitemap)
        return NULL;
    sitemap->events = events;
    sitemap->owner = owner;
    sitemap->parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    if (!sitemap->parser) {
        memory_free(sitemap);
        return NULL;
    }
    XML_SetUserData(sitemap->parser, sitemap);
    XML_SetElementHandler(sitemap->parser, sitemap_opened, sitemap_closed);
    XML_SetCharacterDataHandler(sitemap->parser, sitemap_heard);
    XML_SetStartDoctypeDeclHandler(sitemap->parser, sitemap_doctype);
    return sitemap;
}

void sitemap_free(struct sitemap *sitemap)
{
    if (!sitemap)
        return;
    XML_ParserFree(sitemap->parser);
    if (sitemap->unpacking_open)
        inflateEnd(&sitemap->unpacking);
    text_fini(&sitemap->location);
    memory_free(sitemap);
}

/* What expat has to say, with the place. */
static bool sitemap_xml_error(struct sitemap *sitemap)
{
    if (sitemap->error)
        return false;
    snprintf(sitemap->message, sizeof sitemap->message, "line %lu, column %lu: %s",
             (unsigned long)XML_GetCurrentLineNumber(sitemap->parser),
             (unsigned long)XML_GetCurrentColumnNumber(sitemap->parser),
             XML_ErrorString(XML_GetErrorCode(sitemap->parser)));
    sitemap->error = sitemap->message;
    return false;
}

static bool sitemap_parse(struct sitemap *sitemap, struct stet_span bytes)
{
    sitemap->size += bytes.len;
    if (sitemap->size > inputlimit(INPUTLIMIT_SITEMAP_SIZE))
        return sitemap_refuse(sitemap, "it is larger than 50 MiB");
    if (XML_Parse(sitemap->parser, bytes.at, (int)bytes.len, XML_FALSE) == XML_STATUS_OK)
        return true;
    return sitemap_xml_error(sitemap);
}

static bool sitemap_unpack(struct sitemap *sitemap, struct stet_span bytes)
{
    z_stream *unpacking = &sitemap->unpacking;
    unsigned char input[512], output[SITEMAP_PIECE];

    while (bytes.len && !sitemap->unpacked) {
        const size_t part = bytes.len < sizeof input ? bytes.len : sizeof input;
        memcpy(input, bytes.at, part); /* zlib's pointer has no const */
        bytes = stet_span_from(bytes, part);
        unpacking->next_in = input;
        unpacking->avail_in = (uInt)part;
        do {
            unpacking->next_out = output;
            unpacking->avail_out = sizeof output;
            const int result = inflate(unpacking, Z_NO_FLUSH);
            const size_t len = sizeof output - unpacking->avail_out;
            if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
                return sitemap_refuse(sitemap, "its packing is damaged");
            if (len && !sitemap_parse(sitemap, stet_span((const char *)output, len)))
                return false;
            sitemap->unpacked = result == Z_STREAM_END;
        } while (unpacking->avail_out == 0 && !sitemap->unpacked);
    }
    return true;
}

/* Enough has come to tell the packing. */
static bool sitemap_open(struct sitemap *sitemap, bool packed)
{
    sitemap->packing = packed ? SITEMAP_PACKED : SITEMAP_PLAIN;
    if (!packed)
        return true;
    if (inflateInit2(&sitemap->unpacking, 15 + 16) != Z_OK) /* 16: a gzip head, none of zlib's */
        return sitemap_refuse(sitemap, "memory is out");
    sitemap->unpacking_open = true;
    return true;
}

static bool sitemap_pass(struct sitemap *sitemap, struct stet_span bytes)
{
    return sitemap->packing == SITEMAP_PACKED ? sitemap_unpack(sitemap, bytes)
                                              : sitemap_parse(sitemap, bytes);
}

bool sitemap_feed(struct sitemap *sitemap, struct stet_span bytes)
{
    if (sitemap->error || !bytes.len)
        return !sitemap->error;
    if (sitemap->packing == SITEMAP_UNKNOWN) {
        /* No XML begins with this octet in any encoding. */
        if (!sitemap_open(sitemap, (unsigned char)bytes.at[0] == 0x1f))
            return false;
    }
    while (bytes.len) { /* expat counts in int */
        const size_t part = bytes.len < INT_MAX / 2 ? bytes.len : INT_MAX / 2;
        if (!sitemap_pass(sitemap, stet_span(bytes.at, part)))
            return false;
        bytes = stet_span_from(bytes, part);
    }
    return true;
}

const char *sitemap_end(struct sitemap *sitemap)
{
    if (sitemap->error)
        return sitemap->error;
    if (sitemap->packing == SITEMAP_PACKED && !sitemap->unpacked)
        sitemap->error = "it ends in the middle of its packing";
    else if (XML_Parse(sitemap->parser, "", 0, XML_TRUE) != XML_STATUS_OK)
        sitemap_xml_error(sitemap);
    return sitemap->error;
}

uint64_t sitemap_count(const struct sitemap *sitemap)
{
    return sitemap->count;
}
