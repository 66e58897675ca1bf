/* HAR files: whatever they hold, what is counted are URLs that an audit can ask for; or it is said
 * what is wrong.
 */
#include "audit/har.h"
#include "stet/uri.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct targets targets;
    char message[HAR_MESSAGE] = "";
    uint64_t requests = 0;
    size_t count;

    targets_init(&targets, 8);
    struct har har = {.targets = &targets};
    const bool done = har_take(&har, stet_span((const char *)data, size), message);
    must(done == (message[0] == '\0') && har.counted <= har.entries);
    struct target *const *list = targets_list(&targets, &count);
    for (size_t i = 0; i < count; i++) {
        struct stet_uri uri;
        must(stet_uri_split(stet_span_of(list[i]->url), &uri) && !uri.fragment.at);
        requests += list[i]->requests;
    }
    must(requests <= har.counted && (targets.forgotten || requests == har.counted));
    targets_fini(&targets);
    return 0;
}
