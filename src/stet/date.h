/* HTTP dates: three formats read, one written [RFC 9110 §5.6.7].
 *
 * An instant is a count of seconds since 1970-01-01T00:00:00Z, signed, leap seconds not counted.
 * Nothing here looks at a time zone or a clock [RFC 9111 §4.2].
 */
#ifndef STET_DATE_H
#define STET_DATE_H

#include "stet/span.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Octets in an IMF-fixdate, "Sun, 06 Nov 1994 08:49:37 GMT". */
#define STET_DATE_LENGTH 29

/* Reads an IMF-fixdate, RFC 850 or asctime date; words match without case [RFC 9111 §4.2]; a zone
 * other than GMT, surplus text, an impossible day or a wrong length make it invalid. The day name
 * must be a day name but is not checked against the date. Second 60 is read as the first second of
 * the next minute. `now` decides which century a two-digit year means: one that seems more than 50
 * years ahead is the latest past year with those digits [RFC 9110 §5.6.7]. False, `*when`
 * untouched, if invalid. */
STET_API bool stet_date_read(struct stet_span text, int64_t now, int64_t *when);

/* Writes the IMF-fixdate of `when`, 29 octets without a final NUL. Instants outside the years 1 to
 * 9999 are clamped to them. */
STET_API void stet_date_write(int64_t when, char to[STET_DATE_LENGTH]);

#ifdef __cplusplus
}
#endif

#endif
