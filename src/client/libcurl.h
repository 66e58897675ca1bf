/* libcurl, taken into the process when the first transfer begins: it brings thirty libraries, and
 * what is answered from the cache needs none of them. The functions are those of <curl/curl.h>.
 */
#ifndef CLIENT_LIBCURL_H
#define CLIENT_LIBCURL_H

#include <stdbool.h>

/* Once true, libcurl's functions may be called; not before. It stays until the process ends. False:
 * there is none, or one too old; `*error` is a borrowed line of words. */
bool libcurl_load(const char **error);

#endif
