/* Names and tables of names: types are fields that can be sent, fingerprints never read beyond the
 * name. The input is a mime.types file; its last line is a path. */
#include <string.h>

#include "origin/freshnessrule.h"
#include "origin/mediatype.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stet_span text = {(const char *)data, size};
    size_t from = size;
    while (from > 0 && data[from - 1] != '\n')
        from--;
    struct stet_span path = stet_span_from(text, from);
    text.len = from;
    struct mediatypes *types = mediatypes_new(text);
    must(types);
    const char *type = mediatype_of(types, path);
    if (type) {
        size_t len = strlen(type);
        const char *slash = strchr(type, '/');
        must(len <= 127 && slash && stet_span_is_token(stet_span_of(slash + 1)));
        must(stet_span_is_token(stet_span(type, (size_t)(slash - type))));
        mediatype_compressible(type);
    }
    freshnessrule_fingerprinted(path);
    mediatypes_free(types);
    return 0;
}
