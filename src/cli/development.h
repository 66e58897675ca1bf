/* A certificate for development, for servers that are to speak TLS and have none.
 */
#ifndef CLI_DEVELOPMENT_H
#define CLI_DEVELOPMENT_H

#include "serve/config.h"

/* Gives a configuration the certificate of this user, which is made if there is none, and says on
 * standard error where it is and how to trust it. False: it said why not. */
bool development_use(struct config *config);

#endif
