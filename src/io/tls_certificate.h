/* Certificates in files: what is doubtful about them, and one for development.
 */
#ifndef IO_TLS_CERTIFICATE_H
#define IO_TLS_CERTIFICATE_H

#include "io/tls_context.h"

/* Who is told of what is doubtful, in words without the file's name: "has expired on 2026-01-31",
 * "has an RSA key of 1024 bits: 2048 are the least". */
struct tls_critic {
    void (*tell)(void *owner, const char *words);
    void *owner;
};

/* Looks at the first certificate of a PEM file at the wall clock `wall` (ns): has it begun, has it
 * expired or will it in 30 days, is its key or its signature weak? A file that cannot be read is
 * for tls_context_server to complain of. */
void tls_certificate_check(const char *path, int64_t wall, const struct tls_critic *critic);

/* Whether it is for a name; "*.example.org" is any name below. */
bool tls_certificate_covers(const char *path, const char *name);

/* Makes a key and a certificate for development in two files, unless they are there and good for
 * another week: ECDSA P-256, signed by itself, for localhost, 127.0.0.1 and ::1, good for 397 days
 * from a day before `wall` (ns). The key's file can be read by its owner only. False with a
 * complaint. */
bool tls_development(const struct tls_pair *pair, int64_t wall, char complaint[TLS_WORDS]);

#endif
