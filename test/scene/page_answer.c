/* Makes the answer of a page to a request: judges its conditions if the page is held, cuts out a
 * range, frames the content, and tells the oracle.
 */
#include "lines.h"
#include "origin_parts.h"
#include "scene.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NS_PER_SECOND 1000000000

/* An answer before it is written. */
struct draft {
    int status;
    const char *content;
    size_t len;
    size_t first, total;
    bool bare; /* no content, whatever the fields say */
};

/* ---- conditions ---- */

static const char *opaque(const char *tag)
{
    return strncmp(tag, "W/", 2) == 0 ? tag + 2 : tag;
}

static bool lists(const char *list, const char *tag, bool strong)
{
    bool found = false;
    for (char *member; (member = list_next(&list)); free(member)) {
        if (strcmp(member, "*") == 0)
            found = true;
        else if (tag)
            found = found || (strong ? strcmp(member, tag) == 0 && tag[0] == '"'
                                     : strcmp(opaque(member), opaque(tag)) == 0);
    }
    return found;
}

/* The field of the request is a date, and the page was not modified after it. */
static bool unmodified(const char *modified, const char *since)
{
    return modified && response_date(since) >= 0 && response_date(modified) <= response_date(since);
}

static int judge(const char *tag, const char *modified, const struct request *request)
{
    char *match = request_list(request, "If-Match");
    char *none = request_list(request, "If-None-Match");
    const char *before = request_field(request, "If-Unmodified-Since");
    const char *since = request_field(request, "If-Modified-Since");
    int status = 200;
    if (match ? !lists(match, tag, true) : before && modified && !unmodified(modified, before))
        status = 412;
    else if (none ? lists(none, tag, false) : since && unmodified(modified, since))
        status = 304;
    free(match);
    free(none);
    return status;
}

/* ---- ranges ---- */

static bool if_range_holds(const char *tag, const char *modified, const struct request *request)
{
    const char *text = request_field(request, "If-Range");
    return !text || (tag && tag[0] == '"' && strcmp(text, tag) == 0) ||
           (modified && strcmp(text, modified) == 0);
}

/* One range, "bytes=1-2", "bytes=1-" or "bytes=-2"; of several, and of odd ones, none. */
static void slice(struct draft *draft, const char *range)
{
    size_t first = 0, last = draft->total - 1, suffix = 0;
    int used = 0;
    if (strncmp(range, "bytes=", 6) != 0 || strchr(range, ',') || draft->total == 0)
        return;
    range += 6;
    if (sscanf(range, "-%zu%n", &suffix, &used) == 1 && !range[used])
        first = suffix < draft->total ? draft->total - suffix : 0;
    else if (!(sscanf(range, "%zu-%zu%n", &first, &last, &used) == 2 && !range[used]) &&
             !(sscanf(range, "%zu-%n", &first, &used) == 1 && used && !range[used]))
        return;
    if (last >= draft->total)
        last = draft->total - 1;
    if (first > last || first >= draft->total) {
        *draft = (struct draft){.status = 416, .content = "", .total = draft->total};
        return;
    }
    draft->status = 206;
    draft->content += first;
    draft->len = last - first + 1;
    draft->first = first;
}

static struct draft draft_of(const struct page *page, const struct request *request)
{
    struct draft draft = {page->status, page->content, page->len, 0, page->len, false};
    char *tag = lines_list(page->lines, "ETag");
    char *modified = lines_list(page->lines, "Last-Modified");
    const char *range = request_field(request, "Range");
    if (page->evaluates)
        draft.status = judge(tag, modified, request);
    if (draft.status == 200 && page->slices && range && strcmp(request->method, "GET") == 0 &&
        if_range_holds(tag, modified, request))
        slice(&draft, range);
    draft.bare = strcmp(request->method, "HEAD") == 0 || draft.status == 304 || draft.status == 204;
    if (draft.status == 412)
        draft = (struct draft){.status = 412, .content = "", .bare = draft.bare};
    free(tag);
    free(modified);
    return draft;
}

/* ---- fields ---- */

__attribute__((format(printf, 2, 3))) static void add(char **lines, const char *form, ...)
{
    va_list arguments;
    char *line = NULL, *joined = NULL;
    va_start(arguments, form);
    if (vasprintf(&line, form, arguments) < 0 ||
        asprintf(&joined, "%s%s%s", *lines, (*lines)[0] ? "\n" : "", line) < 0)
        abort();
    va_end(arguments);
    free(line);
    free(*lines);
    *lines = joined;
}

/* A 304 says nothing of the content it does not have; an error has nothing of the page. */
static char *lines_for(const struct page *page, const struct draft *draft)
{
    char *lines = strdup(""), *name, *value;
    const char *walk = page->lines;
    const bool own = draft->status != page->status && draft->status != 206;
    while (lines_next(&walk, &name, &value)) {
        const bool content =
            strncasecmp(name, "Content-", 8) == 0 && strcasecmp(name, "Content-Location") != 0;
        if (!own || (draft->status == 304 && !content))
            add(&lines, "%s: %s", name, value);
        free(name);
        free(value);
    }
    return lines;
}

static void frame(const struct page *page, const struct draft *draft, char **lines)
{
    if (draft->status == 206 && page->status != 206)
        add(lines, "Content-Range: bytes %zu-%zu/%zu", draft->first, draft->first + draft->len - 1,
            draft->total);
    else if (draft->status == 416 && page->status != 416)
        add(lines, "Content-Range: bytes */%zu", draft->total);
    if (draft->status != 304 && draft->status != 204 && page->framing == PAGE_LENGTH &&
        !lines_have(*lines, "Content-Length"))
        add(lines, "Content-Length: %zu", draft->len);
    else if (!draft->bare && page->framing == PAGE_CHUNKED)
        add(lines, "Transfer-Encoding: chunked");
    if ((page->closes || page->framing == PAGE_UNTIL_CLOSE) && !lines_have(*lines, "Connection"))
        add(lines, "Connection: close");
}

/* ---- octets ---- */

static void put(struct answer *answer, const void *bytes, size_t len)
{
    answer->bytes = realloc(answer->bytes, answer->len + len + 1);
    memcpy(answer->bytes + answer->len, bytes, len);
    answer->len += len;
}

static void put_text(struct answer *answer, const char *text)
{
    put(answer, text, strlen(text));
}

static void put_head(struct answer *answer, const struct said *said)
{
    char line[64];
    snprintf(line, sizeof line, "HTTP/1.1 %d Said\r\n", said->status);
    put_text(answer, line);
    for (const char *at = said->lines; *at; at++)
        put(answer, *at == '\n' ? "\r\n" : at, *at == '\n' ? 2 : 1);
    put_text(answer, "\r\n\r\n");
}

static void put_piece(struct answer *answer, const struct page *page, const char *bytes, size_t len)
{
    char line[32];
    const bool chunked = page->framing == PAGE_CHUNKED;
    if (chunked && len == 0)
        return;
    snprintf(line, sizeof line, "%zx\r\n", len);
    if (chunked)
        put_text(answer, line);
    put(answer, bytes, len);
    if (chunked)
        put_text(answer, "\r\n");
}

static void put_content(struct answer *answer, const struct page *page, const struct said *said)
{
    const size_t end = page->cuts_after < said->len ? page->cuts_after : said->len;
    const size_t stop = page->stops_after < end ? page->stops_after : end;
    put_piece(answer, page, said->content, stop);
    answer->stops_at = page->stops_after == SIZE_MAX ? SIZE_MAX : answer->len;
    answer->stops_content = stop;
    put_piece(answer, page, said->content + stop, end - stop);
    answer->content = end;
    answer->cuts =
        page->cuts_after != SIZE_MAX && (end < said->len || page->framing != PAGE_LENGTH);
    if (page->framing != PAGE_CHUNKED || answer->cuts)
        return;
    put_text(answer, "0\r\n");
    put_text(answer, page->trailers ? page->trailers : "");
    put_text(answer, "\r\n");
}

static void page_raw(const struct page *page, struct oracle *oracle, struct answer *answer)
{
    *answer = (struct answer){.stops_at = SIZE_MAX, .closes = page->closes, .script = page->script};
    put(answer, page->raw, page->raw_len);
    answer->bytes[answer->len] = '\0';
    oracle_mishap(oracle, MISHAP_DISCONNECTED);
}

/* The length that the page claims, be it true or not. */
static size_t claimed(const struct page *page, const struct draft *draft)
{
    char *text = lines_list(page->lines, "Content-Length");
    const size_t length = text && !draft->bare ? strtoull(text, NULL, 10) : draft->len;
    free(text);
    return length;
}

static struct said *page_say(const struct page *page, const struct draft *draft,
                             struct oracle *oracle, const struct heard *heard,
                             const struct stamp *stamp)
{
    char *lines = lines_for(page, draft);
    const int64_t wall = stamp->wall / NS_PER_SECOND;
    const size_t said_len = claimed(page, draft) < draft->len ? claimed(page, draft) : draft->len;
    if (!page->undated && !lines_have(lines, "Date"))
        add(&lines, "Date: %s", scene_date(wall));
    frame(page, draft, &lines);
    struct said said = {.to = heard,
                        .at = stamp->now,
                        .wall = wall,
                        .status = draft->status,
                        .lines = lines,
                        .len = draft->bare ? 0 : said_len,
                        .first = draft->first,
                        .total = draft->status == 206 ? draft->total : claimed(page, draft)};
    char *range = lines_list(lines, "Content-Range");
    if (draft->status == 206 && page->status == 206 && range &&
        sscanf(range, "bytes %zu-%*u/%zu", &said.first, &said.total) != 2)
        said.total = SIZE_MAX; /* it is a part of nothing that is known */
    free(range);
    said.content = calloc(1, said.len + 1);
    memcpy(said.content, draft->content, said.len);
    return oracle_says(oracle, &said);
}

void page_answer(const struct page *page, struct oracle *oracle, const struct heard *heard,
                 const struct stamp *stamp, struct answer *answer)
{
    if (page->raw) {
        page_raw(page, oracle, answer);
        return;
    }
    const struct draft draft = draft_of(page, &heard->request);
    struct said *said = page_say(page, &draft, oracle, heard, stamp);
    *answer = (struct answer){.said = said, .stops_at = SIZE_MAX};
    put_text(answer, page->interims ? page->interims : "");
    put_head(answer, said);
    if (!draft.bare)
        put_content(answer, page, said);
    if (claimed(page, &draft) > draft.len)
        answer->cuts = true;
    else if (claimed(page, &draft) < draft.len)
        put(answer, page->content + said->len, draft.len - said->len);
    answer->closes = page->closes || page->framing == PAGE_UNTIL_CLOSE || answer->cuts;
    answer->resets = page->resets && answer->cuts;
    answer->leaves = page->closes;
}
