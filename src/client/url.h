/* URLs as people type them and servers write them, made into URLs that can be sent.
 */
#ifndef CLIENT_URL_H
#define CLIENT_URL_H

#include "stet/span.h"

/* For memory_free, as both strings below. */
struct url {
    char *sent;     /* absolute, without userinfo and fragment */
    char *userinfo; /* as it stands there; NULL: none */
};

/* The name of a host as the domain name system has it, for memory_free; NULL: it cannot be had. */
typedef char *url_ascii(const char *host);

/* Takes what was typed: "http://" is put before what has no scheme, a host in another script is
 * given to `ascii` (and stays as it is where that fails), octets outside ASCII are escaped
 * [RFC 3987 §3.1], userinfo and fragment taken off. What is still no URL then, stays so. False when
 * memory is out. */
bool url_take(const char *typed, url_ascii *ascii, struct url *to);
void url_fini(struct url *url);

/* Writes a reference with those octets of its path and query escaped that no URI has and yet
 * servers write: spaces, quotes, angle brackets and what is outside ASCII. `to` has room for three
 * times its length. Returns the length. */
size_t url_escape(struct stet_span reference, char *to);

#endif
