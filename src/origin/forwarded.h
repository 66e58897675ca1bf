/* Who asked, for whom, over what: the fields by which proxies tell origins [RFC 7239].
 */
#ifndef ORIGIN_FORWARDED_H
#define ORIGIN_FORWARDED_H

#include "stet/head.h"

/* The field claims what only the connection or a proxy can know; see distrusted.tbl. Forwarded and
 * X-Forwarded-* are among them. */
bool forwarded_claims(const struct stet_field *field);

/* No client ever means it for the application behind: Proxy, which programs that run as CGI scripts
 * take for the address of their own proxy, and what speaks of upgrading to HTTP/2. */
bool forwarded_never(const struct stet_field *field);

/* The address as X-Forwarded-For has it: itself, or "unknown" for a peer that has none. */
struct stet_span forwarded_node(struct stet_span address);

/* Octets that suffice for an element. */
size_t forwarded_room(struct stet_span address, struct stet_span host, struct stet_span scheme);

/* Writes an element of Forwarded, "for=192.0.2.1;host=example.org;proto=http", without what is
 * empty of host and scheme; returns its length. IPv6 addresses are put in brackets, and what is no
 * token in quotes [RFC 7239 §4, §6]. */
size_t forwarded_write(struct stet_span address, struct stet_span host, struct stet_span scheme,
                       char *to);

#endif
