/* Draws pages, and puts them where the played origin finds them.
 *
 * A content is made of its page, version, variant and user, so that no two of them are alike; a
 * version may come back, and then everything of it does, its tag as well.
 */
#include "sim_pages.h"

#include <stdlib.h>
#include <string.h>

uint64_t draw(struct scene *s, uint64_t below)
{
    return sim_world_draw(s->world, below);
}

bool rarely(struct scene *s, uint64_t once_in)
{
    return draw(s, once_in) == 0;
}

struct sim_page *sim_site_any(struct sim_site *site)
{
    return &site->pages[draw(site->scene, SIM_PAGES)];
}

/* ---- what it says ---- */

static void rule_draw(struct scene *s, struct sim_page *page)
{
    static const char *const more[] = {"",
                                       "",
                                       "",
                                       ", public",
                                       ", must-revalidate",
                                       ", proxy-revalidate",
                                       ", no-cache",
                                       ", immutable",
                                       ", s-maxage=7",
                                       ", no-cache=\"X-Version\"",
                                       ", private=\"X-Version\"",
                                       ", no-transform"};
    static const unsigned lifetimes[] = {0, 1, 2, 5, 10, 30, 60, 300, 3600};
    char windows[80] = "";
    const unsigned lifetime = lifetimes[draw(s, sizeof lifetimes / sizeof *lifetimes)];
    if (rarely(s, 3))
        snprintf(windows, sizeof windows, ", stale-while-revalidate=%u", (unsigned)draw(s, 100));
    if (rarely(s, 4))
        snprintf(windows + strlen(windows), sizeof windows - strlen(windows), ", stale-if-error=%u",
                 (unsigned)draw(s, 300));
    snprintf(page->control, sizeof page->control, "%sCache-Control: max-age=%u%s%s",
             rarely(s, 12) ? "CDN-" : "", lifetime, more[draw(s, sizeof more / sizeof *more)],
             windows);
    if (rarely(s, 12))
        snprintf(page->control, sizeof page->control, "Cache-Control: no-store");
    if (rarely(s, 15))
        snprintf(page->control, sizeof page->control, "X-None: 1");
}

static void page_draw(struct scene *s, struct sim_page *page, size_t number)
{
    *page = (struct sim_page){.audience = SIM_FOR_ALL,
                              .tags = (unsigned)draw(s, 3),
                              .dated = rarely(s, 2),
                              .slices = rarely(s, 3),
                              .cookie = rarely(s, 6),
                              .grouped = rarely(s, 3),
                              .size = draw(s, rarely(s, 4) ? 4000 : 40),
                              .framing = (enum page_framing)draw(s, 3),
                              .modified = scene_seconds(s) - (int64_t)draw(s, 5000)};
    snprintf(page->target, sizeof page->target, "/%zu%s", number, rarely(s, 3) ? "?q" : "");
    if (rarely(s, 3))
        page->audience = SIM_BY_FIELD;
    else if (rarely(s, 4))
        page->audience = rarely(s, 2) ? SIM_PRIVATE : SIM_SECRET;
    rule_draw(s, page);
}

/* ---- what it holds ---- */

static void add_line(char *lines, size_t room, const char *line)
{
    const size_t len = strlen(lines);
    snprintf(lines + len, room - len, "%s%s", len ? "\n" : "", line);
}

static void page_lines(const struct sim_page *page, unsigned whose, char *lines, size_t room)
{
    char line[160];
    lines[0] = '\0';
    if (page->audience == SIM_PRIVATE)
        add_line(lines, room, "Cache-Control: private, max-age=60");
    else
        add_line(lines, room, page->control);
    snprintf(line, sizeof line, "ETag: %s\"%u-%u\"", page->tags == 2 ? "W/" : "", page->version,
             whose);
    if (page->tags > 0)
        add_line(lines, room, line);
    snprintf(line, sizeof line, "Last-Modified: %s", scene_date(page->modified));
    if (page->dated)
        add_line(lines, room, line);
    snprintf(line, sizeof line, "X-Version: %u", page->version);
    add_line(lines, room, line);
    if (page->audience == SIM_BY_FIELD)
        add_line(lines, room, "Vary: X");
    if (page->cookie)
        add_line(lines, room, "Set-Cookie: some=body");
    if (page->grouped)
        add_line(lines, room, "Cache-Groups: \"g\"");
}

static char *page_content(const struct sim_page *page, unsigned whose, size_t *len)
{
    char *content = malloc(page->size + 80);
    int size = snprintf(content, 80, "%s version %u of %u;", page->target, page->version, whose);
    for (size_t i = 0; i < page->size; i++)
        content[size++] = (char)('a' + (i * 7 + page->version + whose) % 26);
    *len = (size_t)size;
    return content;
}

static void page_hold(struct sim_site *site, const struct sim_page *page, const char *line,
                      unsigned whose)
{
    char lines[600];
    size_t len;
    char *content = page_content(page, whose, &len);
    page_lines(page, whose, lines, sizeof lines);
    struct page *held = origin_holds_bytes(site->origin, page->target, lines, content, len);
    if (line)
        page_is_only_for(held, line);
    if (page->slices)
        page_slices(held);
    held->framing = page->framing;
    free(content);
}

/* Puts it all there anew. */
static void page_place(struct sim_site *site, const struct sim_page *page)
{
    char line[40];
    origin_forgets(site->origin, page->target);
    origin_does(site->origin, "POST", page->target, 200, "", "done");
    origin_does(site->origin, "DELETE", page->target, 204,
                page->grouped ? "Cache-Group-Invalidation: \"g\"" : "", "");
    if (page->audience == SIM_FOR_ALL) {
        page_hold(site, page, NULL, 0);
        return;
    }
    if (page->audience == SIM_BY_FIELD)
        page_hold(site, page, NULL, 0);
    else
        origin_says(site->origin, page->target, 403, "", "who are you?");
    for (unsigned i = 1; i <= (page->audience == SIM_BY_FIELD ? SIM_VARIANTS : SIM_USERS); i++) {
        snprintf(line, sizeof line,
                 page->audience == SIM_BY_FIELD  ? "X: %u"
                 : page->audience == SIM_PRIVATE ? "Cookie: user=%u"
                                                 : "Authorization: user=%u",
                 i);
        page_hold(site, page, line, i);
    }
}

void sim_site_init(struct sim_site *site, struct scene *s)
{
    *site = (struct sim_site){.scene = s, .origin = scene_origin(s)};
    for (size_t i = 0; i < SIM_PAGES; i++) {
        page_draw(s, &site->pages[i], i);
        page_place(site, &site->pages[i]);
    }
}

void sim_page_edit(struct sim_site *site, struct sim_page *page)
{
    struct scene *s = site->scene;
    if (page->versions > 0 && rarely(s, 4))
        page->version = (unsigned)draw(s, page->versions + 1);
    else
        page->version = ++page->versions;
    page->modified = scene_seconds(s);
    if (rarely(s, 5))
        page->size = draw(s, 4000);
    page_place(site, page);
}

void sim_page_rule(struct sim_site *site, struct sim_page *page)
{
    struct scene *s = site->scene;
    const size_t number = (size_t)(page - site->pages);
    if (rarely(s, 4)) { /* another kind of page altogether, under the same address */
        const struct sim_page before = *page;
        page_draw(s, page, number);
        memcpy(page->target, before.target, sizeof page->target);
        page->version = page->versions = before.versions + 1;
    } else {
        rule_draw(s, page);
    }
    page_place(site, page);
}

/* ---- what goes wrong ---- */

static struct page *page_again(struct sim_site *site, const struct sim_page *page)
{
    char lines[600];
    size_t len;
    char *content = page_content(page, 0, &len);
    page_lines(page, 0, lines, sizeof lines);
    struct page *said = origin_holds_bytes(site->origin, page->target, lines, content, len);
    said->framing = page->framing == PAGE_UNTIL_CLOSE ? PAGE_LENGTH : page->framing;
    free(content);
    return said;
}

static void page_lie_of_length(struct sim_site *site, const struct sim_page *page)
{
    char lines[700];
    page_lines(page, 0, lines, sizeof lines);
    add_line(lines, sizeof lines,
             rarely(site->scene, 2) ? "Content-Length: 3" : "Content-Length: 99");
    page_once(origin_says(site->origin, page->target, 200, lines, "0123456789"));
}

void sim_page_fail(struct sim_site *site, struct sim_page *page)
{
    static const char *const nonsense[] = {
        "", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nevil",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\nContent-Length: 4\r\n\r\nevil",
        "HTTP/1.1 999 evil\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 4\n\nevil"};
    static const int statuses[] = {500, 502, 503, 504, 404, 301, 501};
    struct scene *s = site->scene;
    struct origin *o = site->origin;
    const char *octets = nonsense[draw(s, sizeof nonsense / sizeof *nonsense)];
    if (page->audience != SIM_FOR_ALL && !rarely(s, 4))
        return; /* what fails here would be said to anyone */
    switch (draw(s, 7)) {
    case 0:
        page_once(origin_sends(o, page->target, octets, strlen(octets), true));
        break;
    case 1:
        page_once(origin_says(
            o, page->target, statuses[draw(s, sizeof statuses / sizeof *statuses)],
            rarely(s, 2) ? "Location: /" : "Cache-Control: max-age=5\nLocation: /", "an error"));
        break;
    case 2:
        page_once(origin_says(o, page->target, 304, rarely(s, 2) ? "ETag: \"1-0\"" : "X: y", ""));
        break;
    case 3:
        page_lie_of_length(site, page);
        break;
    default: {
        struct page *said = page_again(site, page);
        page_once(said);
        if (page->audience != SIM_FOR_ALL)
            break;
        if (rarely(s, 2))
            page_breaks_off_after(said, draw(s, said->len + 1), rarely(s, 2));
        else
            page_takes(said, (int64_t)draw(s, 4000) * 1000000);
        if (rarely(s, 3))
            page_stops_after(said, draw(s, said->len + 1));
    }
    }
}
