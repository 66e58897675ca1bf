/* Access logs: whatever the lines, what is counted are URLs that an audit can ask for, each once,
 * and no line is lost in the count.
 */
#include "audit/requestlog.h"
#include "stet/uri.h"

#include "fuzz.h"

enum { TARGETS = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stet_span text = {(const char *)data, size};
    struct targets targets;
    uint64_t lines = 0, requests = 0;
    size_t count;

    targets_init(&targets, TARGETS);
    struct requestlog log = {.targets = &targets,
                             .base = size % 2 ? STET_SPAN("http://h") : STET_SPAN_NONE};
    for (; text.len; lines++) {
        const size_t end = stet_span_find(text, '\n');
        must(requestlog_line(&log, stet_span(text.at, end)));
        text = stet_span_from(text, end + 1);
    }
    struct target *const *list = targets_list(&targets, &count);
    must(count <= TARGETS && log.lines == lines);
    must(log.counted + log.malformed + log.without_host <= lines);
    for (size_t i = 0; i < count; i++) {
        struct stet_uri uri;
        must(stet_uri_split(stet_span_of(list[i]->url), &uri) && !uri.fragment.at);
        must(list[i]->repeats + list[i]->validated <= list[i]->requests);
        must(i == 0 || list[i - 1]->requests >= list[i]->requests);
        requests += list[i]->requests;
    }
    must(targets.forgotten ? requests <= log.counted : requests == log.counted);
    targets_fini(&targets);
    return 0;
}
