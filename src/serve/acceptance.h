/* Acceptances: what values of Accept-Encoding mean, remembered by one worker.
 */
#ifndef SERVE_ACCEPTANCE_H
#define SERVE_ACCEPTANCE_H

#include "stet/coding.h"

/* Values that are longer are read each time. */
#define ACCEPTANCE_LENGTH 53

#define ACCEPTANCES 16

struct acceptance {
    struct stet_accepted_codings codings;
    uint8_t length; /* 0: nothing is remembered here */
    char value[ACCEPTANCE_LENGTH];
};

/* All zero at first. */
struct acceptances {
    struct acceptance by_length[ACCEPTANCES]; /* modulo their number */
};

/* What stet_accepted_codings says. */
struct stet_accepted_codings acceptance_of(struct acceptances *acceptances,
                                           const struct stet_head *head);

#endif
