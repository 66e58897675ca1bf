/* Escaping: what a server or a log said, made fit for a report.
 *
 * Whatever the octets are, they end no element, no string and no line, steer no terminal, and turn
 * no text around.
 */
#ifndef AUDIT_ESCAPE_H
#define AUDIT_ESCAPE_H

#include "base/text.h"
#include "stet/span.h"

/* For a terminal: what is no printable character is written as \xHH, octet by octet. */
void escape_terminal(struct text *to, struct stet_span text);

/* For the text and the attribute values of XML and HTML. What neither can hold is U+FFFD. Line ends
 * and tabs stay. */
void escape_markup(struct text *to, struct stet_span text);

/* For a string of JSON that a library writes: UTF-8, what is none is U+FFFD. */
void escape_utf8(struct text *to, struct stet_span text);

/* For where a URI is wanted: octets that RFC 3986 does not have are percent-escaped. */
void escape_uri(struct text *to, struct stet_span text);

#endif
