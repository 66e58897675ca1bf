/* Snapshots: whatever the text, what is read can be written, and is then read as the same.
 */
#include "audit/snapshot.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct snapshots first = {0}, second = {0};
    struct text once = {0}, twice = {0};
    size_t line = 0;

    if (memchr(data, '\0', size))
        return 0; /* strings end there */
    const char *wrong = snapshots_read(&first, stet_span((const char *)data, size), &line);
    must(line > 0 && line <= size + 1);
    must(!wrong || wrong[0]);
    snapshots_write(&first, &once);
    must(!snapshots_read(&second, stet_span(once.at, once.len), &line));
    must(second.count == first.count);
    snapshots_write(&second, &twice);
    must(once.len == twice.len && memcmp(once.at, twice.at, once.len) == 0);
    snapshots_fini(&first);
    snapshots_fini(&second);
    text_fini(&once);
    text_fini(&twice);
    return 0;
}
