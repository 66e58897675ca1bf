/* Stored responses for the tests of validation, each written as its fields. */
#ifndef TEST_UNIT_VALIDATION_FIXTURE_H
#define TEST_UNIT_VALIDATION_FIXTURE_H

#include "message.h"
#include "stet/validation.h"
#include "table.h"

#define LM "Last-Modified: Sun, 06 Nov 1994 08:32:57 GMT"
#define LM_VALUE "Sun, 06 Nov 1994 08:32:57 GMT"
#define OTHER_LM "Last-Modified: Sun, 06 Nov 1994 08:32:58 GMT"

/* Up to three stored responses, the first one the newest; NULL for none. A text that begins with
 * "-" is a part, with "+" a part that covers what is asked, with "~" another variant. */
struct stored_set {
    struct message messages[3];
    struct stet_stored stored[3];
    struct stet_candidate candidates[3];
    struct stet_candidates all;
};

static const struct stet_candidates *stored_set(struct stored_set *to, const char *const texts[3])
{
    size_t count = 0;

    for (; count < 3 && texts[count]; count++) {
        const char *text = texts[count];
        bool partial = *text == '-' || *text == '+';
        bool covers = *text == '+';
        bool other = *text == '~';
        to->stored[count] = (struct stet_stored){
            .status = 200, .times = {.date = MESSAGE_DATE_AT - (int64_t)count}, .partial = partial};
        to->candidates[count] =
            (struct stet_candidate){message_head(&to->messages[count], text + (partial || other)),
                                    &to->stored[count], covers, other};
    }
    to->all = (struct stet_candidates){to->candidates, count};
    return &to->all;
}

#define R(reason) STET_REASON_##reason

#endif
