/* What a played origin server is made of. For its own rooms, and the stage.
 */
#ifndef TEST_SCENE_ORIGIN_PARTS_H
#define TEST_SCENE_ORIGIN_PARTS_H

#include "origin.h"

/* An answer on its way. */
struct answer {
    struct said *said; /* NULL: octets that mean nothing */
    char *bytes;
    size_t len, at;
    size_t stops_at;      /* octets that go before it waits; SIZE_MAX: all */
    size_t stops_content; /* octets of content among them */
    size_t content;       /* ... among all */
    bool goes_on, cuts, closes, resets;
};

/* One connection. */
struct talk {
    struct talk *next;
    struct sim_client *end; /* NULL: it is over */
    struct heard *heard;    /* what is to be answered; NULL: nothing */
    int64_t due;
    bool begun;
    struct answer answer;
    char fault[RESPONSE_FAULT];
};

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
