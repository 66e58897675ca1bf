/* The pages of the randomised simulation: what an origin server holds, how that changes, and how it
 * goes wrong; all drawn from the seed.
 */
#ifndef TEST_SCENE_SIM_PAGES_H
#define TEST_SCENE_SIM_PAGES_H

#include "gateway.h"

enum { SIM_PAGES = 10, SIM_USERS = 4, SIM_VARIANTS = 3 };

/* Draws: one of so many; and whether something that happens once in so many times does. */
uint64_t draw(struct scene *s, uint64_t below);
bool rarely(struct scene *s, uint64_t once_in);

enum sim_audience { SIM_FOR_ALL, SIM_BY_FIELD, SIM_PRIVATE, SIM_SECRET };

struct sim_page {
    char target[32];
    unsigned version;  /* of its content */
    unsigned versions; /* that there have been */
    int64_t modified;  /* wall clock, s */
    enum sim_audience audience;
    unsigned tags; /* none, strong, weak */
    bool dated, slices, cookie, grouped;
    char control[120]; /* Cache-Control, and its kind */
    size_t size;       /* of the content, about */
    enum page_framing framing;
};

struct sim_site {
    struct scene *scene;
    struct origin *origin;
    struct sim_page pages[SIM_PAGES];
};

/* Pages of drawn kinds. */
void sim_site_init(struct sim_site *site, struct scene *s);

/* Something about a page changes: its content, forward or back to what it was before, or what it
 * says of caching. */
void sim_page_edit(struct sim_site *site, struct sim_page *page);
void sim_page_rule(struct sim_site *site, struct sim_page *page);

/* The next answer goes wrong in a drawn way. */
void sim_page_fail(struct sim_site *site, struct sim_page *page);

struct sim_page *sim_site_any(struct sim_site *site);

#endif
