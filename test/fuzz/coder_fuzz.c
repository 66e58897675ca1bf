/* Coders: what is coded decodes to itself; arbitrary octets as a sidecar do no harm, and decode to
 * themselves only by their coding's rules. The first octet chooses the coding. */
#include <string.h>

#include "origin/coder.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char expected[4096];
    if (size == 0)
        return 0;
    const enum stet_coding coding = (enum stet_coding)(1 + data[0] % (STET_CODING_COUNT - 1));
    const struct stet_span text = {(const char *)data + 1, size - 1};
    struct chunk *coded = coder_encode(coding, text.at, text.len);
    if (coded) {
        must(coded->len < text.len);
        must(coder_decodes_to(coding, stet_span(coded->bytes, coded->len), text.at, text.len));
        chunk_unref(coded);
    }
    must(!coder_decodes_to(coding, text, expected, 0) || text.len > 0);
    coder_decodes_to(coding, text, expected, sizeof expected);
    return 0;
}
