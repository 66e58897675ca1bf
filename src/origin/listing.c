/* Writes the page of a directory: collect the names, ask for their states, sort, write.
 *
 * The page depends on nothing but the tree: no time of day, no visitor. So its tag changes when the
 * listing does and not else. Names are hostile: they are escaped for HTML, percent-encoded for
 * links, cleaned of what is no UTF-8 or controls the terminal, and isolated so that a name written
 * from right to left stays in its cell.
 *
 * Given up: sorting by column, and icons. Directories come first, then files, each by their octets.
 */
#include "origin/listing.h"

#include "base/memory.h"
#include "origin/charset.h"
#include "origin/sitepath.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct listing_name {
    char *text;
    bool directory;
    uint64_t size;
    int64_t modified; /* ns since 1970 */
};

struct listing {
    struct fs *fs;
    const char *directory;
    struct listing_name *names;
    size_t count;
    size_t room;
    bool more; /* than LISTING_MAX */
    bool failed;
    char *page;
    size_t page_len;
    size_t page_room;
};

/* ---- collecting ---- */

static bool listing_grow(struct listing *listing)
{
    if (listing->count < listing->room)
        return true;
    const size_t room = listing->room > 0 ? 2 * listing->room : 64;
    struct listing_name *names = memory_grow(listing->names, room * sizeof *names);
    if (!names)
        return false;
    listing->names = names;
    listing->room = room;
    return true;
}

static bool listing_each(void *owner, const char *name, enum fs_kind kind)
{
    struct listing *listing = owner;
    const size_t size = strlen(name) + 1;
    if (kind == FS_OTHER || sitepath_hidden(stet_span_of(name), false))
        return true;
    listing->more = listing->count == LISTING_MAX;
    if (listing->more)
        return false;
    char *text = listing_grow(listing) ? memory_new(size) : NULL;
    listing->failed = !text;
    if (!text)
        return false;
    memcpy(text, name, size);
    listing->names[listing->count++] =
        (struct listing_name){.text = text, .directory = kind == FS_DIRECTORY};
    return true;
}

/* Size and date of a name; what has gone meanwhile keeps zeros. */
static void listing_ask(struct listing *listing, struct listing_name *name)
{
    char path[SITEPATH_ROOM];
    struct fs_state state;
    const char *slash = listing->directory[0] ? "/" : "";
    int len = snprintf(path, sizeof path, "%s%s%s", listing->directory, slash, name->text);
    if (len < 0 || (size_t)len >= sizeof path || fs_state(listing->fs, path, &state) != 0)
        return;
    name->size = state.stamp.size;
    name->modified = state.stamp.modified;
}

static int listing_compare(const void *a, const void *b)
{
    const struct listing_name *left = a;
    const struct listing_name *right = b;
    if (left->directory != right->directory)
        return left->directory ? -1 : 1;
    return strcmp(left->text, right->text);
}

/* ---- writing ---- */

static void put_bytes(struct listing *listing, const char *bytes, size_t len)
{
    if (listing->failed || len == 0)
        return;
    if (listing->page_len + len > listing->page_room) {
        const size_t room = 2 * (listing->page_len + len) + 4096;
        char *page = memory_grow(listing->page, room);
        listing->failed = !page;
        if (!page)
            return;
        listing->page = page;
        listing->page_room = room;
    }
    memcpy(listing->page + listing->page_len, bytes, len);
    listing->page_len += len;
}

static void put(struct listing *listing, const char *text)
{
    put_bytes(listing, text, strlen(text));
}

/* The octets of the character at `text`, 0 if it is not one to be shown. */
static size_t character(const char *text, size_t left)
{
    struct charset charset = {0};
    const unsigned char first = (unsigned char)text[0];
    if (first < 0x20 || first == 0x7f)
        return 0;
    for (size_t len = 1; len <= left && len <= 4 && !charset.other; len++) {
        charset_feed(&charset, text + len - 1, 1);
        if (charset_is_utf8(&charset))
            return first == 0xc2 && (unsigned char)text[1] < 0xa0 ? 0 : len; /* C1 controls */
    }
    return 0;
}

/* Text for HTML; what cannot be shown becomes U+FFFD. */
static void put_text(struct listing *listing, const char *text, size_t len)
{
    for (size_t i = 0; i < len;) {
        const size_t octets = character(text + i, len - i);
        if (octets == 0)
            put(listing, "\xef\xbf\xbd");
        else if (text[i] == '&')
            put(listing, "&amp;");
        else if (text[i] == '<')
            put(listing, "&lt;");
        else if (text[i] == '>')
            put(listing, "&gt;");
        else
            put_bytes(listing, text + i, octets);
        i += octets > 0 ? octets : 1;
    }
}

static void put_escape(struct listing *listing, unsigned char octet)
{
    static const char digits[] = "0123456789ABCDEF";
    const char escape[3] = {'%', digits[octet >> 4], digits[octet & 15]};
    put_bytes(listing, escape, sizeof escape);
}

/* A segment for a link: everything but unreserved characters is escaped [RFC 3986 §2.3]. */
static void put_segment(struct listing *listing, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *text; text++) {
        if (strchr(plain, *text))
            put_bytes(listing, text, 1);
        else
            put_escape(listing, (unsigned char)*text);
    }
}

static void put_size(struct listing *listing, uint64_t size)
{
    static const char units[] = "KMGTPE";
    char text[32];
    unsigned unit = 0;
    for (uint64_t whole = size; whole >= UINT64_C(1024) * 1024; whole /= 1024)
        unit++;
    const unsigned tenths = (unsigned)((size >> (10 * unit)) * 10 / 1024);
    if (size < 1024)
        snprintf(text, sizeof text, "%u B", (unsigned)size);
    else
        snprintf(text, sizeof text, "%u.%u %ciB", tenths / 10, tenths % 10, units[unit]);
    put(listing, text);
}

static void put_date(struct listing *listing, int64_t modified)
{
    const time_t seconds = (time_t)(modified / 1000000000);
    struct tm day;
    char text[96];
    static const char form[] =
        "<time datetime=\"%Y-%m-%dT%H:%MZ\">%Y-%m-%d %H:%M</time>"; /* numbers in any locale */
    if (gmtime_r(&seconds, &day) && strftime(text, sizeof text, form, &day) > 0)
        put(listing, text);
}

/* The way to this directory, each step a link. */
static void put_trail(struct listing *listing)
{
    const char *rest = listing->directory;
    size_t depth = rest[0] != '\0';
    for (const char *at = rest; *at; at++)
        depth += *at == '/';
    put(listing, "<h1>");
    for (size_t level = depth + 1; level-- > 0;) {
        const size_t len = level == depth ? 0 : strcspn(rest, "/");
        put(listing, "<a href=\"./");
        for (size_t i = 0; i < level; i++)
            put(listing, "../");
        put(listing, "\"><bdi>");
        put_text(listing, rest, len);
        put(listing, level == depth ? "root</bdi></a>/" : "</bdi></a>/");
        rest += level == depth ? 0 : len + (rest[len] == '/');
    }
    put(listing, "</h1>\n");
}

static void put_row(struct listing *listing, const struct listing_name *name)
{
    const char *slash = name->directory ? "/" : "";
    put(listing, name->directory ? "<tr class=\"d\"><td><a href=\"./" : "<tr><td><a href=\"./");
    put_segment(listing, name->text);
    put(listing, slash);
    put(listing, "\"><bdi>");
    put_text(listing, name->text, strlen(name->text));
    put(listing, "</bdi>");
    put(listing, slash);
    put(listing, "</a></td><td>");
    if (!name->directory)
        put_size(listing, name->size);
    put(listing, "</td><td>");
    put_date(listing, name->modified);
    put(listing, "</td></tr>\n");
}

static void put_summary(struct listing *listing)
{
    size_t directories = 0;
    uint64_t size = 0;
    for (size_t i = 0; i < listing->count; i++) {
        directories += listing->names[i].directory;
        size += listing->names[i].directory ? 0 : listing->names[i].size;
    }
    const size_t files = listing->count - directories;
    char text[128];
    snprintf(text, sizeof text, "<p>%s%zu %s, %zu %s, ",
             listing->more ? "There are more than are shown here: " : "", directories,
             directories == 1 ? "directory" : "directories", files, files == 1 ? "file" : "files");
    put(listing, text);
    put_size(listing, size);
    put(listing, "</p>\n");
}

static const char listing_style[] =
    ":root{color-scheme:light dark;--link:#0b57d0;--soft:#667;--line:#8884}"
    "@media(prefers-color-scheme:dark){:root{--link:#8ab4f8;--soft:#aab}}"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "h1{font-size:1.3rem;font-weight:600;overflow-wrap:anywhere}"
    "a{color:var(--link);text-decoration:none}a:hover,a:focus{text-decoration:underline}"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "th,td{text-align:left;padding:.3rem .5rem;border-bottom:1px solid var(--line)}"
    "th{font-weight:600;font-size:.85rem;color:var(--soft)}"
    "td:first-child{width:100%;overflow-wrap:anywhere}tr.d a{font-weight:600}"
    "tbody tr:hover{background:#8882}"
    "th+th,td+td{text-align:right;white-space:nowrap;color:var(--soft)}"
    "p{color:var(--soft);font-size:.85rem}"
    "@media(max-width:30rem){th+th+th,td+td+td{display:none}}";

static void put_page(struct listing *listing)
{
    put(listing,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>/");
    put_text(listing, listing->directory, strlen(listing->directory));
    put(listing, listing->directory[0] ? "/</title>\n<style>" : "</title>\n<style>");
    put(listing, listing_style);
    put(listing, "</style>\n</head>\n<body>\n");
    put_trail(listing);
    put(listing, "<table>\n<thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Size</th>"
                 "<th scope=\"col\">Modified (UTC)</th></tr></thead>\n<tbody>\n");
    if (listing->directory[0])
        put(listing, "<tr class=\"d\"><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n");
    for (size_t i = 0; i < listing->count; i++)
        put_row(listing, &listing->names[i]);
    put(listing, "</tbody>\n</table>\n");
    put_summary(listing);
    put(listing, "</body>\n</html>\n");
}

static void listing_fini(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        memory_free(listing->names[i].text);
    memory_free(listing->names);
    memory_free(listing->page);
}

int listing_make(struct fs *fs, const char *directory, struct chunk **page)
{
    struct listing listing = {.fs = fs, .directory = directory};
    *page = NULL;
    int failure = fs_list(fs, directory, listing_each, &listing);
    if (failure == 0 && !listing.failed) {
        for (size_t i = 0; i < listing.count; i++)
            listing_ask(&listing, &listing.names[i]);
        if (listing.count > 0)
            qsort(listing.names, listing.count, sizeof *listing.names, listing_compare);
        put_page(&listing);
    }
    if (failure == 0 && !listing.failed)
        *page = chunk_new(listing.page_len);
    if (*page)
        memcpy((*page)->bytes, listing.page, listing.page_len);
    listing_fini(&listing);
    return failure || *page ? failure : FS_BROKEN;
}
