/* Complaints about a configuration file, kept in order as they come.
 *
 * The readers of the file find faults in an order of their own; whoever mends the file goes from
 * its top to its end. So each complaint is put in its place, and when there are too many the last
 * ones of the file are dropped and counted.
 *
 * Given up: texts of any length. A complaint that does not fit into 255 octets is cut short.
 */
#include "serve/configerror.h"

#include "stet/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Where a complaint belongs: behind all that are not later in the file. */
static size_t config_errors_place(const struct config_errors *errors, unsigned line,
                                  unsigned column)
{
    size_t place = errors->count;
    while (place > 0) {
        const struct config_error *before = &errors->at[place - 1];
        if (before->line < line || (before->line == line && before->column <= column))
            break;
        place--;
    }
    return place;
}

/* A free element at its place; NULL when twenty come before it. */
static struct config_error *config_errors_slot(struct config_errors *errors, unsigned line,
                                               unsigned column)
{
    const size_t place = config_errors_place(errors, line, column);
    if (errors->count == CONFIG_ERRORS_MAX)
        errors->more++;
    if (place == CONFIG_ERRORS_MAX)
        return NULL;
    const size_t last = errors->count < CONFIG_ERRORS_MAX ? errors->count : CONFIG_ERRORS_MAX - 1;
    memmove(&errors->at[place + 1], &errors->at[place], (last - place) * sizeof *errors->at);
    errors->count = last + 1;
    return &errors->at[place];
}

/* Control characters of ASCII and of Latin-1, and what turns the direction of writing. */
static bool config_steers(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x200e && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

size_t config_plain(char *text, size_t len)
{
    struct stet_utf8 utf8 = {0};
    size_t start = 0, to = 0;

    for (size_t i = 0; i < len; i++) {
        const enum stet_utf8_step step = stet_utf8_feed(&utf8, (unsigned char)text[i]);
        if (step == STET_UTF8_MORE)
            continue;
        if (step == STET_UTF8_BROKEN)
            i--; /* it begins the next character */
        if (step == STET_UTF8_DONE && !config_steers(utf8.code)) {
            memmove(text + to, text + start, i + 1 - start);
            to += i + 1 - start;
        } else {
            text[to++] = '?';
        }
        start = i + 1;
    }
    return to;
}

void config_errors_add(struct config_errors *errors, unsigned line, unsigned column,
                       const char *format, ...)
{
    struct config_error *error = config_errors_slot(errors, line, column);
    va_list arguments;

    if (!error)
        return;
    *error = (struct config_error){.line = line, .column = column};
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    error->text[config_plain(error->text, strlen(error->text))] = '\0';
}

void config_errors_no_memory(struct config_errors *errors)
{
    *errors = (struct config_errors){0};
    config_errors_add(errors, 0, 0, "out of memory");
}

size_t config_error_write(const struct config_error *error, const char *file, char *to, size_t room)
{
    int size = 0;
    if (error->line == 0)
        size = snprintf(to, room, "%s: %s", file, error->text);
    else
        size = snprintf(to, room, "%s:%u:%u: %s", file, error->line, error->column, error->text);
    return size < 0 ? 0 : (size_t)size;
}
