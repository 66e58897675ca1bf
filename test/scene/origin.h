/* An origin server that the scene plays. It has pages, and answers by itself:
 *
 *     struct origin *o = scene_origin(s);
 *     origin_holds(o, "/a", "Cache-Control: max-age=60\nETag: \"x\"", "one");
 *     origin_says(o, "/b", 404, "Cache-Control: max-age=5", "no");
 *     page_once(origin_says(o, "/a", 503, "", "busy"));
 *
 * Of what it *holds* it judges conditions, as an origin server should; what it *says*, it says
 * whatever is asked. It reads strictly (request.h), and every request and response is told to the
 * oracle. What is asked for and is not there is 404.
 */
#ifndef TEST_SCENE_ORIGIN_H
#define TEST_SCENE_ORIGIN_H

#include "oracle.h"

#include "io/loop_sim.h"

struct scene;
struct origin;

enum page_framing { PAGE_LENGTH, PAGE_CHUNKED, PAGE_UNTIL_CLOSE };

struct page {
    struct page *next; /* the one before; the latest that fits answers */
    char *method;      /* NULL: GET and HEAD */
    char *target;
    char *only_name, *only_value; /* for requests with this field line; NULL: for all */
    int status;
    char *lines;
    char *content;
    size_t len;
    char *raw; /* all its octets, instead of the above */
    size_t raw_len;
    bool script;   /* they are frames, in the words of h2_script.h */
    unsigned uses; /* how often it answers yet */
    bool evaluates, slices, undated;

    /* How it is sent. */
    enum page_framing framing;
    size_t stops_after; /* octets of content, then it waits for origin_goes_on */
    size_t cuts_after;  /* octets of content, then it closes, or resets */
    bool resets, closes;
    int64_t takes;        /* ns until it begins */
    const char *trailers; /* lines, "A: b\r\n" each */
    const char *interims; /* whole responses that are sent before */
};

/* The server behind the gateway; called first, it makes the scene one of a gateway. */
struct origin *scene_origin(struct scene *s);

/* Another one, with the same pages to be given to it. Before the first client. */
struct origin *scene_another_origin(struct scene *s);

/* ---- pages ---- */

/* A 200 to GET and HEAD whose conditions are judged. */
struct page *origin_holds(struct origin *origin, const char *target, const char *lines,
                          const char *content);
struct page *origin_holds_bytes(struct origin *origin, const char *target, const char *lines,
                                const void *content, size_t len);

/* The same for requests that have this field line, "Accept-Language: de". */
struct page *origin_holds_for(struct origin *origin, const char *target, const char *line,
                              const char *lines, const char *content);

/* An answer to GET and HEAD, whatever they ask. */
struct page *origin_says(struct origin *origin, const char *target, int status, const char *lines,
                         const char *content);
struct page *origin_says_to(struct origin *origin, const char *target, const char *line, int status,
                            const char *lines, const char *content);

/* An answer to another method. */
struct page *origin_does(struct origin *origin, const char *method, const char *target, int status,
                         const char *lines, const char *content);

/* Octets as they are; then the connection closes, or stays open. The oracle is told nothing, but
 * that something has gone wrong: none of it may reach a client. */
struct page *origin_sends(struct origin *origin, const char *target, const char *octets, size_t len,
                          bool closes);

/* The same over HTTP/2: frames in the words of h2_script.h, for the stream of the request where
 * they name none. */
struct page *origin_sends_frames(struct origin *origin, const char *target, const char *script);

/* What was there of the page before is gone. */
void origin_forgets(struct origin *origin, const char *target);

/* It answers only requests that have this field line. */
void page_is_only_for(struct page *page, const char *line);

/* It answers once, and then what was there before answers again. */
void page_once(struct page *page);

/* Ranges are answered, If-Range is looked at. */
void page_slices(struct page *page);
void page_takes(struct page *page, int64_t ns);
void page_is_chunked(struct page *page);
void page_runs_until_close(struct page *page);
void page_stops_after(struct page *page, size_t octets);
void page_breaks_off_after(struct page *page, size_t octets, bool reset);

/* ---- the server ---- */

/* Requests wait from now on; those that wait, and contents that have stopped, go on. */
void origin_waits(struct origin *origin);
void origin_goes_on(struct origin *origin);

/* How many requests wait. */
size_t origin_waiting(const struct origin *origin);

/* It lets requests wait, or has stopped within a content. */
bool origin_is_waiting(const struct origin *origin);

/* Connections are refused; connections hang; all is well again. Those that are open break. */
void origin_goes_down(struct origin *origin);
void origin_hangs(struct origin *origin);
void origin_comes_back(struct origin *origin);

/* Closes all idle connections. */
void origin_hangs_up(struct origin *origin);

/* Over HTTP/2, else nothing happens: says on all connections that they take no more requests;
 * refuses the next requests, undone; lets no content of requests in until it comes back. */
void origin_leaves(struct origin *origin);
void origin_refuses(struct origin *origin, unsigned requests);
void origin_stalls(struct origin *origin);

/* ---- what it has heard ---- */

size_t origin_requests(const struct origin *origin);

/* Of the last request: the value of a field ("" if absent), its method, its content; kept. */
const char *origin_saw(struct origin *origin, const char *name);
const char *origin_saw_method(struct origin *origin);
const char *origin_saw_content(struct origin *origin);
const char *origin_saw_trailers(struct origin *origin); /* lines; "": none */
const char *origin_saw_target(struct origin *origin);

size_t origin_connections(const struct origin *origin);

/* Octets that it has sent and nobody has read yet. */
size_t origin_unread(const struct origin *origin);

/* ---- for the stage ---- */

void origin_free(struct origin *origin);
struct scene *origin_scene(const struct origin *origin);
const char *origin_address(const struct origin *origin);

/* The pages of the servers that a scene plays are one world: sends what is due by now. When that is
 * next, in ns from now; INT64_MAX: never. */
void origin_pump(struct origin *origin);
int64_t origin_due(const struct origin *origin);

#endif
