/* Base64: not installed, for the rooms of the library only [RFC 4648 §4].
 */
#ifndef STET_BASE64_H
#define STET_BASE64_H

#include "stet/span.h"

/* How many octets `text` stands for. False if it is not base64: an octet outside the alphabet,
 * "=" anywhere but at the end, or a length that no octets give. Padding may be missing and loose
 * pad bits may be set [RFC 9651 §4.2.7]; padding that is there must be complete. */
bool stet_base64_length(struct stet_span text, size_t *length);

/* Decodes valid text to `to`, at most `room` octets. */
void stet_base64_decode(struct stet_span text, char *to, size_t room);

/* The octets that stet_base64_encode writes for `length` octets. */
static inline size_t stet_base64_room(size_t length)
{
    return length / 3 * 4 + (length % 3 ? 4 : 0);
}

/* Encodes with padding; `to` has room for stet_base64_room(length). */
void stet_base64_encode(const void *octets, size_t length, char *to);

#endif
