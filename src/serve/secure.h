/* TLS as the operator wants it: from a configuration to what sockets speak it with.
 */
#ifndef SERVE_SECURE_H
#define SERVE_SECURE_H

#include "io/tls_certificate.h"
#include "serve/config.h"

/* The context for a sealed configuration that has certificates (config_is_secure); `tickets` is
 * referenced. NULL with a complaint. */
struct tls_context *secure_open(const struct config *config, struct tls_tickets *tickets,
                                char complaint[TLS_WORDS]);

/* Makes what the origin servers of a route are spoken to with, if any is https: once for all routes
 * that ask for the same. False with a complaint. Before config_seal. */
bool secure_route(const struct config *config, struct config_route *route,
                  char complaint[TLS_WORDS]);

/* What is doubtful about the certificates, at the wall clock `wall` (ns): one line of words each,
 * with the file's name. */
void secure_check(const struct config *config, int64_t wall,
                  void (*tell)(void *owner, const char *words), void *owner);

/* The port that the configuration has for TLS; 0: none, or any. */
unsigned secure_port(const struct config *config);

#endif
