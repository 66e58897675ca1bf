/* A text that grows while it is put together: replies to operators, reports.
 *
 * When memory is out it stays as it is and remembers that; whoever sends it looks once, at the end.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an empty text. */
struct text {
    char *at; /* `len` octets, no NUL behind them */
    size_t len;
    size_t room;
    bool failed; /* something is missing: memory was out */
};

void text_fini(struct text *text);

/* Appends octets as they are. */
void text_put(struct text *text, const char *bytes, size_t len);

/* Appends as printf does. */
__attribute__((format(printf, 2, 3))) void text_say(struct text *text, const char *format, ...);

/* Appends a JSON string, quotes included. Octets that are no UTF-8 are written as U+FFFD. */
void text_json(struct text *text, const char *bytes, size_t len);

/* How many octets the UTF-8 sequence has with which `len` (at least one) octets begin; 0 if they
 * begin with none [RFC 3629 §4]. */
size_t text_sequence(const char *at, size_t len);

/* Appends what may stand in a label value of Prometheus, without its quotes. */
void text_label(struct text *text, const char *bytes, size_t len);

#endif
