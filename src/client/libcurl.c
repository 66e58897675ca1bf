/* Functions with the names of libcurl's that lead there, once it is loaded.
 *
 * Loading thirty libraries takes more than twice the time of all else that an answer from the cache
 * needs, so the program is not linked with libcurl. It defines the functions that <curl/curl.h>
 * declares, and so the rooms that call them read as if it were, with libcurl's own checks of their
 * arguments. libcurl has had one binary interface, number 4, since 2006; whichever library TLS
 * comes from, any build of it will do.
 *
 * Given up: that the program's file says what it needs. A package names libcurl by hand.
 */
#define CURL_DISABLE_TYPECHECK
#include "client/libcurl.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdarg.h>
#include <string.h>

#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

static const char *const libcurl_names[] = {"libcurl-gnutls.so.4", "libcurl.so.4"};

/* ---- where the functions are ---- */

#define PROCEDURE(type, name, parameters, arguments) static type(*name##_there) parameters;
#define FUNCTION(type, name, parameters, arguments) static type(*name##_there) parameters;
#define VARIABLE_ARGUMENTS(type, name, parameters) static type(*name##_there) parameters;
#include "client/libcurl.tbl"
#undef PROCEDURE
#undef FUNCTION
#undef VARIABLE_ARGUMENTS

static const struct libcurl_function {
    const char *name;
    void *there;
} libcurl_functions[] = {
#define PROCEDURE(type, name, parameters, arguments) {#name, &name##_there},
#define FUNCTION(type, name, parameters, arguments) {#name, &name##_there},
#define VARIABLE_ARGUMENTS(type, name, parameters) {#name, &name##_there},
#include "client/libcurl.tbl"
#undef PROCEDURE
#undef FUNCTION
#undef VARIABLE_ARGUMENTS
};

static bool libcurl_find(void *library)
{
    for (size_t i = 0; i < sizeof libcurl_functions / sizeof *libcurl_functions; i++) {
        void *found = dlsym(library, libcurl_functions[i].name);
        if (!found)
            return false;
        memcpy(libcurl_functions[i].there, &found, sizeof found);
    }
    return true;
}

bool libcurl_load(const char **error)
{
    static bool loaded;

    for (size_t i = 0; !loaded && i < sizeof libcurl_names / sizeof *libcurl_names; i++) {
        void *library = dlopen(libcurl_names[i], RTLD_LAZY | RTLD_LOCAL);
        loaded = library && libcurl_find(library);
        if (library && !loaded)
            dlclose(library);
    }
    if (!loaded)
        *error = "libcurl (libcurl-gnutls.so.4 or libcurl.so.4) is not installed";
    return loaded;
}

/* ---- the functions ---- */

#define PROCEDURE(type, name, parameters, arguments) \
    type name parameters                             \
    {                                                \
        name##_there arguments;                      \
    }
#define FUNCTION(type, name, parameters, arguments) \
    type name parameters                            \
    {                                               \
        return name##_there arguments;              \
    }
#define VARIABLE_ARGUMENTS(type, name, parameters)
#include "client/libcurl.tbl"
#undef PROCEDURE
#undef FUNCTION
#undef VARIABLE_ARGUMENTS

/* Which type the one argument has stands in the number of the option. */
CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    CURLcode code;
    va_list rest;

    va_start(rest, option);
    if (option < CURLOPTTYPE_OBJECTPOINT)
        code = curl_easy_setopt_there(easy, option, va_arg(rest, long));
    else if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB)
        code = curl_easy_setopt_there(easy, option, va_arg(rest, curl_off_t));
    else
        code = curl_easy_setopt_there(easy, option, va_arg(rest, void *));
    va_end(rest);
    return code;
}

CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...)
{
    CURLMcode code;
    va_list rest;

    va_start(rest, option);
    if ((int)option < CURLOPTTYPE_OBJECTPOINT)
        code = curl_multi_setopt_there(multi, option, va_arg(rest, long));
    else
        code = curl_multi_setopt_there(multi, option, va_arg(rest, void *));
    va_end(rest);
    return code;
}

/* All of these take a pointer. */
CURLcode curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
    va_list rest;

    va_start(rest, info);
    const CURLcode code = curl_easy_getinfo_there(easy, info, va_arg(rest, void *));
    va_end(rest);
    return code;
}
