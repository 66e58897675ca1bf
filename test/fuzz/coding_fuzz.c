/* Accept-Encoding: weights written as a field again are read as the same weights, and the choice is
 * the best there is. */
#include <string.h>

#include "stet/coding.h"

#include "fuzz.h"

static struct stet_accepted_codings read_lines(const char *at, const char *end)
{
    struct stet_field storage[4];
    struct stet_head head = {0};
    while (head.count < 4) {
        const char *stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
        if (!stop)
            stop = end;
        stet_head_add(&head, storage, STET_SPAN("Accept-Encoding"),
                      stet_span(at, (size_t)(stop - at)));
        if (stop == end)
            break;
        at = stop + 1;
    }
    return stet_accepted_codings(&head);
}

static void written_again(const struct stet_accepted_codings *accepted)
{
    char text[256];
    int len = 0;
    for (int i = 0; i < STET_CODING_COUNT; i++) {
        struct stet_span name = stet_coding_name((enum stet_coding)i);
        must(accepted->weight[i] >= 0 && accepted->weight[i] <= 1000);
        len += snprintf(text + len, sizeof text - (size_t)len, "%.*s;q=%d.%03d, ", (int)name.len,
                        name.at, accepted->weight[i] / 1000, accepted->weight[i] % 1000);
    }
    struct stet_accepted_codings again = read_lines(text, text + len);
    must(memcmp(again.weight, accepted->weight, sizeof again.weight) == 0);
}

static void best_chosen(const struct stet_accepted_codings *accepted, unsigned available)
{
    enum stet_coding choice = stet_coding_choose(accepted, available);
    int best = 0;
    for (int i = 0; i < STET_CODING_COUNT; i++)
        if (available >> i & 1 && accepted->weight[i] > best)
            best = accepted->weight[i];
    if (best == 0) {
        must(choice == STET_CODING_COUNT);
        return;
    }
    must(choice < STET_CODING_COUNT && (available >> choice & 1));
    must(accepted->weight[choice] == best);
    for (int i = (int)choice + 1; i < STET_CODING_COUNT; i++)
        must(!(available >> i & 1) || accepted->weight[i] < best);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data;
    struct stet_accepted_codings accepted = read_lines(at, at + size);
    must(accepted.stated);
    written_again(&accepted);
    for (unsigned available = 0; available < 1U << STET_CODING_COUNT; available++)
        best_chosen(&accepted, available);
    return 0;
}
