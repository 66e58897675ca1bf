/* What a played origin server is made of. For its own rooms, and the stage.
 */
#ifndef TEST_SCENE_ORIGIN_PARTS_H
#define TEST_SCENE_ORIGIN_PARTS_H

#include "origin.h"
#include "reception.h"

/* An answer on its way. */
struct answer {
    struct said *said; /* NULL: octets that mean nothing */
    char *bytes;
    size_t len, at;
    size_t stops_at;      /* octets that go before it waits; SIZE_MAX: all */
    size_t stops_content; /* octets of content among them */
    size_t content;       /* ... among all */
    bool goes_on, cuts, closes, resets;
    bool leaves; /* the connection is to take no more */
    bool script; /* the octets are frames, in words */
};

/* One connection; of HTTP/2, one stream of it, or the connection itself, with `id` 0. */
struct talk {
    struct talk *next;
    struct sim_client *end;      /* NULL: it is over */
    struct reception *reception; /* NULL: HTTP/1; meaningful while it is not over */
    int32_t id;
    struct heard *heard; /* what is to be answered; NULL: nothing */
    int64_t due;
    bool begun;
    struct answer answer;
    char fault[RESPONSE_FAULT];
};

struct origin {
    struct scene *scene;
    struct oracle *oracle;
    char address[32];
    struct sim_origin *end;
    struct page *pages;
    struct talk *talks;
    size_t connections;
    unsigned refuses; /* so many requests */
    bool waits, down, stalls;
};

/* The latest page for the request; one that is for such requests only goes before the others. */
struct page *origin_page(struct origin *origin, const struct request *request);

void pages_free(struct page *pages);

struct stamp {
    int64_t now, wall; /* ns */
};

/* What the page answers to a request, told to the oracle. */
void page_answer(const struct page *page, struct oracle *oracle, const struct heard *heard,
                 const struct stamp *stamp, struct answer *answer);

struct origin *origin_new(struct scene *s, struct oracle *oracle, unsigned number);

/* No faults any more, of whatever kind. */
void origin_calm(struct origin *origin);

#endif
