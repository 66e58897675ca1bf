/* What is wrong with a configuration file: at most twenty complaints, in the order of the file.
 */
#ifndef SERVE_CONFIGERROR_H
#define SERVE_CONFIGERROR_H

#include <stdbool.h>
#include <stddef.h>

enum { CONFIG_ERRORS_MAX = 20, CONFIG_ERROR_TEXT = 256 };

/* One complaint. Line and column count characters from 1; line 0: the file as a whole. */
struct config_error {
    unsigned line, column;
    char text[CONFIG_ERROR_TEXT]; /* what is wrong; what was probably meant */
};

/* Zero is none. Needs no memory but its own. */
struct config_errors {
    struct config_error at[CONFIG_ERRORS_MAX];
    size_t count; /* in `at` */
    size_t more;  /* that did not fit: later ones */
};

/* Makes a text fit to be shown: "?" for what is not printable or no UTF-8, nothing for a last
 * character that is cut in two. A file must not steer the terminal of whoever checks it. Returns
 * the new length, which is not larger. */
size_t config_plain(char *text, size_t len);

/* Notes a complaint at its place in the order, as a plain text. */
void config_errors_add(struct config_errors *errors, unsigned line, unsigned column,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Notes that memory is out: the only complaint that stands for no fault of the file. */
void config_errors_no_memory(struct config_errors *errors);

/* Writes "FILE:LINE:COLUMN: TEXT" (or "FILE: TEXT") as snprintf does. */
size_t config_error_write(const struct config_error *error, const char *file, char *to,
                          size_t room);

#endif
