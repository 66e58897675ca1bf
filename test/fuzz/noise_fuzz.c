/* Noise: what is kept is what a slow reader keeps who looks for every pattern at every step, and
 * another noise in the same places makes the same digest.
 *
 * The input: up to three lines of patterns, an empty line, the content.
 */
#include <string.h>

#include "cache/noise.h"

#include "fuzz.h"

enum { PATTERNS = 3, CONTENT_MAX = 4096 };

struct declared {
    struct stet_span texts[PATTERNS];
    struct pattern *patterns[PATTERNS];
    size_t count;
};

static struct stet_span declare(struct declared *declared, struct stet_span rest)
{
    while (declared->count < PATTERNS && rest.len > 0 && rest.at[0] != '\n') {
        struct stet_span line = stet_span(rest.at, stet_span_find(rest, '\n'));
        declared->texts[declared->count++] = line;
        rest = stet_span_from(rest, line.len < rest.len ? line.len + 1 : rest.len);
    }
    rest = stet_span_from(rest, rest.len > 0 && rest.at[0] == '\n');
    return stet_span(rest.at, rest.len < CONTENT_MAX ? rest.len : CONTENT_MAX);
}

/* The first noise that begins at `at` or behind it: the earliest, of equals the pattern that was
 * declared first. False: a limit was met. */
static bool next_noise(const struct declared *declared, struct stet_span content, size_t at,
                       struct pattern_scratch *scratch, struct pattern_match *cut)
{
    *cut = (struct pattern_match){content.len, content.len};
    for (size_t i = 0; i < declared->count; i++) {
        struct pattern_match match;
        for (size_t from = at; from < content.len; from = match.end + 1) {
            enum pattern_found found =
                pattern_find(declared->patterns[i], content, from, scratch, &match);
            if (found == PATTERN_FAILED)
                return false;
            if (found == PATTERN_NONE)
                break;
            must(match.first >= from && match.end >= match.first && match.end <= content.len);
            if (match.end == match.first)
                continue;
            if (match.first < cut->first)
                *cut = match;
            break;
        }
    }
    return true;
}

static void feed(struct digesting *digesting, struct stet_span kept)
{
    unsigned char length[8] = {(unsigned char)kept.len, (unsigned char)(kept.len >> 8)};
    digesting_feed(digesting, length, sizeof length);
    digesting_feed(digesting, kept.at, kept.len);
}

/* The slow reader. */
static bool slowly(const struct declared *declared, struct stet_span content, struct digest *to)
{
    struct pattern_scratch scratch = {.effort = 4 * PATTERN_EFFORT};
    struct digesting digesting;
    struct pattern_match cut = {0, 0};
    bool known = true;

    digesting_init(&digesting);
    for (size_t at = 0; known; at = cut.end) {
        known = next_noise(declared, content, at, &scratch, &cut);
        if (known)
            feed(&digesting, stet_span(content.at + at, cut.first - at));
        if (cut.first == content.len)
            break;
    }
    pattern_scratch_fini(&scratch);
    if (known)
        digesting_end(&digesting, to);
    return known;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct declared declared = {.count = 0};
    const struct stet_span content = declare(&declared, stet_span((const char *)data, size));
    char message[PATTERN_MESSAGE] = "";
    size_t fault;
    struct digest digest, again;

    struct noise *noise = noise_new(declared.texts, declared.count, message, &fault);
    if (!noise) {
        must(fault < declared.count && strlen(message) > 0 && strlen(message) < sizeof message);
        must(!pattern_new(declared.texts[fault], message));
        return 0;
    }
    for (size_t i = 0; i < declared.count; i++)
        must(declared.patterns[i] = pattern_new(declared.texts[i], message));
    if (noise_digest(noise, content, &digest)) {
        must(noise_digest(noise, content, &again) && digest_equal(&digest, &again));
        if (slowly(&declared, content, &again))
            must(digest_equal(&digest, &again));
    }
    for (size_t i = 0; i < declared.count; i++)
        pattern_free(declared.patterns[i]);
    noise_free(noise);
    return 0;
}
