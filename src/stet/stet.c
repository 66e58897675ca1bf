/* The version of the library that is running, which may differ from the header's. */
#include "stet/stet.h"

#define TEXT(number) #number
#define DOTTED(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

const char *stet_version(void)
{
    return DOTTED(STET_VERSION_MAJOR, STET_VERSION_MINOR, STET_VERSION_PATCH);
}
