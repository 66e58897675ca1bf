/* Media types: what a file is, by its name, and what may be done with that kind of content.
 */
#ifndef ORIGIN_MEDIATYPE_H
#define ORIGIN_MEDIATYPE_H

#include "stet/span.h"

struct mediatypes;

/* A table of the built-in types and those in `text`, the content of a mime.types file ("type ext
 * ext..." lines, # begins a comment), which is copied. Where both know an extension the built-in
 * one wins: what a browser executes must not depend on the machine. Lines off the format are
 * skipped. NULL when memory is out. */
struct mediatypes *mediatypes_new(struct stet_span text);
void mediatypes_free(struct mediatypes *types);

/* The type for a path, by the longest extension known of its last segment, without case. NULL:
 * none is known. Lives as long as the table. */
const char *mediatype_of(const struct mediatypes *types, struct stet_span path);

/* Content of this type usually gets smaller when it is coded. */
bool mediatype_compressible(const char *type);

/* The type has a charset parameter that tells a recipient how to read it (text/...). */
bool mediatype_has_charset(const char *type);

/* What content of no known type is called: text/plain if it reads as text. */
const char *mediatype_unknown(bool text);

#endif
