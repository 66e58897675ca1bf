/* Which fields of a response are kept, and which go into a 304 or a 206.
 */
#ifndef STET_METADATA_H
#define STET_METADATA_H

#include "stet/head.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A cache may store this field of `head`: it does not belong to the connection, is not named by
 * Connection, and is nothing a proxy has said about itself to authenticate [RFC 9111 §3.1]. What
 * no-cache="..." and private="..." name besides is for stet_may_keep. */
STET_API bool stet_metadata_is_stored(const struct stet_head *head, const struct stet_field *field);

/* A 304 made from `head`, the head of the 200 that the request would have got, carries this field:
 * Cache-Control, Content-Location, Date, ETag, Expires, Vary; Last-Modified if there is no ETag;
 * the targeted cache controls, Cache-Groups, No-Vary-Search, Age, Cache-Status and Via, which say
 * nothing of the content (D-02) [RFC 9110 §15.4.5]. */
STET_API bool stet_metadata_in_304(const struct stet_head *head, const struct stet_field *field);

/* A 206 made from the head of the 200 carries this field. Never Content-Length, Content-Range,
 * Content-Digest and Content-MD5, which are of the whole content: the sender writes those that the
 * part needs. With `if_range` (the request had an If-Range that held) the client already has a
 * head, so fields that describe the representation stay out, but for those that a 206 must have
 * [RFC 9110 §15.3.7]. In a multipart answer the sender replaces Content-Type. */
STET_API bool stet_metadata_in_206(const struct stet_field *field, bool if_range);

#ifdef __cplusplus
}
#endif

#endif
