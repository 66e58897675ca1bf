/* The history of a scene: which bytes each file had when, what was said of them, and whether an
 * answer was true.
 *
 * Every edit is written down, so is every validator that the server ever gave out. An answer is
 * judged against what was so at some moment between its request and itself: a 200 has the bytes of
 * a version of that time, a 206 a piece of one, a tag or date never stands for two contents, and a
 * 304 says that the bytes for which a sent validator was given are those of now. It knows nothing
 * of how the server comes to its answers.
 */
#ifndef TEST_SCENE_HISTORY_H
#define TEST_SCENE_HISTORY_H

#include "response.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct history;

struct history *history_new(void);
void history_free(struct history *history);

/* The file has these bytes from now on. */
void history_write(struct history *history, const char *path, const void *bytes, size_t len);

/* The same for the bytes of fs_sim_fill, of which `size` are there. */
void history_fill(struct history *history, const char *path, uint64_t size, uint64_t seed);

/* The path, and all beneath it, is no more. */
void history_remove(struct history *history, const char *path);

/* What is known of dates is void: a server that starts without a memory may give them anew. */
void history_forget_dates(struct history *history);

/* A number that grows with each edit. */
uint64_t history_now(const struct history *history);

/* A question put to the server. Field values as sent, NULL for absent. */
struct question {
    const char *method;
    const char *path; /* of the file it means; NULL: not known to the history */
    const char *none_match;
    const char *modified_since;
    const char *accept_encoding;
    uint64_t asked; /* history_now when it was sent */
};

/* Is the answer true? If not, `fault` says why. Learns what it says. */
bool history_audit(struct history *history, const struct question *question,
                   const struct response *response, char fault[RESPONSE_FAULT]);

/* The same for an answer that broke off: what came of it is the beginning of something true. */
bool history_audit_cut(struct history *history, const struct question *question,
                       const struct response *response, char fault[RESPONSE_FAULT]);

/* Undoes a content coding ("gzip", "br", "zstd") by the reference decoders; NULL when it does not
 * decode. For free(). */
char *history_decode(const char *coding, const char *bytes, size_t len, size_t *to_len);

#endif
