/* The pages of a played origin server: what is put there, and which one answers a request.
 */
#include "origin_parts.h"

#include "scene.h"

#include <stdlib.h>
#include <string.h>

static void page_free(struct page *page)
{
    free(page->method);
    free(page->target);
    free(page->only_name);
    free(page->only_value);
    free(page->lines);
    free(page->content);
    free(page->raw);
    free(page);
}

static struct page *page_add(struct origin *origin, const char *target, int status,
                             const char *lines)
{
    struct page *page = calloc(1, sizeof *page);
    page->target = strdup(target);
    page->status = status;
    page->lines = strdup(lines);
    page->uses = UINT32_MAX;
    page->stops_after = page->cuts_after = SIZE_MAX;
    page->next = origin->pages;
    origin->pages = page;
    return page;
}

static void page_fill(struct page *page, const void *content, size_t len)
{
    page->content = malloc(len + 1);
    memcpy(page->content, content, len);
    page->content[len] = '\0';
    page->len = len;
}

struct page *origin_holds_bytes(struct origin *origin, const char *target, const char *lines,
                                const void *content, size_t len)
{
    struct page *page = page_add(origin, target, 200, lines);
    page_fill(page, content, len);
    page->evaluates = true;
    return page;
}

struct page *origin_holds(struct origin *origin, const char *target, const char *lines,
                          const char *content)
{
    return origin_holds_bytes(origin, target, lines, content, strlen(content));
}

void page_is_only_for(struct page *page, const char *line)
{
    const size_t name = strcspn(line, ":");
    page->only_name = strndup(line, name);
    page->only_value = strdup(line + name + strspn(line + name, ": "));
}

struct page *origin_holds_for(struct origin *origin, const char *target, const char *line,
                              const char *lines, const char *content)
{
    struct page *page = origin_holds(origin, target, lines, content);
    page_is_only_for(page, line);
    return page;
}

struct page *origin_says(struct origin *origin, const char *target, int status, const char *lines,
                         const char *content)
{
    struct page *page = page_add(origin, target, status, lines);
    page_fill(page, content, strlen(content));
    return page;
}

struct page *origin_says_to(struct origin *origin, const char *target, const char *line, int status,
                            const char *lines, const char *content)
{
    struct page *page = origin_says(origin, target, status, lines, content);
    page_is_only_for(page, line);
    return page;
}

struct page *origin_does(struct origin *origin, const char *method, const char *target, int status,
                         const char *lines, const char *content)
{
    struct page *page = origin_says(origin, target, status, lines, content);
    page->method = strdup(method);
    return page;
}

struct page *origin_sends(struct origin *origin, const char *target, const char *octets, size_t len,
                          bool closes)
{
    struct page *page = page_add(origin, target, 0, "");
    page_fill(page, "", 0);
    page->raw = malloc(len + 1);
    memcpy(page->raw, octets, len);
    page->raw[len] = '\0';
    page->raw_len = len;
    page->closes = closes;
    return page;
}

void origin_forgets(struct origin *origin, const char *target)
{
    for (struct page **place = &origin->pages; *place;) {
        struct page *page = *place;
        if (strcmp(page->target, target) != 0) {
            place = &page->next;
            continue;
        }
        *place = page->next;
        page_free(page);
    }
}

void page_once(struct page *page)
{
    page->uses = 1;
}

void page_slices(struct page *page)
{
    page->slices = true;
}

void page_takes(struct page *page, int64_t ns)
{
    page->takes = ns;
}

void page_is_chunked(struct page *page)
{
    page->framing = PAGE_CHUNKED;
}

void page_runs_until_close(struct page *page)
{
    page->framing = PAGE_UNTIL_CLOSE;
}

void page_stops_after(struct page *page, size_t octets)
{
    page->stops_after = octets;
}

void page_breaks_off_after(struct page *page, size_t octets, bool reset)
{
    page->cuts_after = octets;
    page->resets = reset;
}

static bool page_fits(const struct page *page, const struct request *request)
{
    if (page->uses == 0 || strcmp(page->target, request->target) != 0)
        return false;
    if (page->method ? strcmp(page->method, request->method) != 0
                     : strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
        return false;
    if (!page->only_name)
        return true;
    char *value = request_list(request, page->only_name);
    const bool fits = value && strcmp(value, page->only_value) == 0;
    free(value);
    return fits;
}

struct page *origin_page(struct origin *origin, const struct request *request)
{
    static char empty[] = "", content[] = "nothing is here";
    static struct page none = {.status = 404,
                               .lines = empty,
                               .content = content,
                               .len = sizeof content - 1,
                               .uses = UINT32_MAX,
                               .stops_after = SIZE_MAX,
                               .cuts_after = SIZE_MAX};
    struct page *found = NULL;
    for (struct page *page = origin->pages; page; page = page->next) {
        if (page_fits(page, request) && (!found || (page->only_name && !found->only_name)))
            found = page;
    }
    return found ? found : &none;
}

struct page *origin_sends_frames(struct origin *origin, const char *target, const char *script)
{
    struct page *page = origin_sends(origin, target, script, strlen(script), false);
    page->script = true;
    return page;
}

void pages_free(struct page *pages)
{
    while (pages) {
        struct page *page = pages;
        pages = page->next;
        page_free(page);
    }
}
