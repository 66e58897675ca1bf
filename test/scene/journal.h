/* The journal of a gateway's scene: what was asked, heard, said and answered, a line each, so that
 * a failure can be read.
 */
#ifndef TEST_SCENE_JOURNAL_H
#define TEST_SCENE_JOURNAL_H

#include "oracle.h"

enum { JOURNAL_LINES = 256, JOURNAL_LINE = 400 };

struct journal {
    uint64_t count; /* ever written */
    char lines[JOURNAL_LINES][JOURNAL_LINE];
};

void journal_asks(struct journal *journal, const struct asking *asking);
void journal_hears(struct journal *journal, const struct heard *heard);
void journal_says(struct journal *journal, const struct said *said);
void journal_gets(struct journal *journal, const struct asking *asking,
                  const struct response *response, bool whole);
__attribute__((format(printf, 3, 4))) void journal_notes(struct journal *journal, int64_t at,
                                                         const char *form, ...);

/* Prints the last lines, each behind "# ". */
void journal_print(const struct journal *journal, uint64_t lines);

#endif
