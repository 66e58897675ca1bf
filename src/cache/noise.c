/* Hashes what is left when the noise is cut out.
 *
 *     <p>  csrf=8f3a..  </p>  nonce=11c0..  <hr>
 *     kept |   cut    | kept |    cut     | kept
 *
 * Each pattern's next match is known; the earliest of them is cut, and patterns whose match began
 * before its end look again from there. Every stretch that is kept goes into the digest behind its
 * length, so that "a[cut]b" and "ab" are told apart: a page that lost its token is another page.
 */
#include "cache/noise.h"

#include "base/memory.h"

struct noise {
    size_t count;
    struct pattern *patterns[];
};

void noise_free(struct noise *noise)
{
    if (!noise)
        return;
    for (size_t i = 0; i < noise->count; i++)
        pattern_free(noise->patterns[i]);
    memory_free(noise);
}

struct noise *noise_new(const struct stet_span *patterns, size_t count,
                        char message[PATTERN_MESSAGE], size_t *fault)
{
    struct noise *noise = memory_new_zero(sizeof *noise + count * sizeof(struct pattern *));

    *fault = count;
    if (!noise) {
        memcpy(message, "memory is out", sizeof "memory is out");
        return NULL;
    }
    for (; noise->count < count; noise->count++) {
        noise->patterns[noise->count] = pattern_new(patterns[noise->count], message);
        if (!noise->patterns[noise->count]) {
            *fault = noise->count;
            noise_free(noise);
            return NULL;
        }
    }
    return noise;
}

/* A walk over the noise of one content. */
struct noise_walk {
    const struct noise *noise;
    struct stet_span content;
    size_t at; /* all before it is hashed or cut */
    bool over; /* the stretch behind the last cut is hashed, which may be empty */
    struct digesting digesting;
    struct pattern_scratch scratch;
    struct pattern_match *next; /* of each pattern; behind the content if there is none */
};

/* Looks for the next match of a pattern. One of no octets cuts nothing: the search goes on behind
 * it. */
static bool noise_seek(struct noise_walk *walk, size_t index)
{
    struct pattern_match *next = &walk->next[index];

    for (size_t from = walk->at; from < walk->content.len; from = next->end + 1) {
        enum pattern_found found =
            pattern_find(walk->noise->patterns[index], walk->content, from, &walk->scratch, next);
        if (found == PATTERN_FAILED)
            return false;
        if (found == PATTERN_NONE)
            break;
        if (next->end > next->first)
            return true;
    }
    *next = (struct pattern_match){walk->content.len, walk->content.len};
    return true;
}

/* Hashes a stretch behind its length, which has the same octets on every machine. */
static void noise_keep(struct noise_walk *walk, struct stet_span kept)
{
    unsigned char length[8];

    for (size_t i = 0; i < sizeof length; i++)
        length[i] = (unsigned char)((uint64_t)kept.len >> (8 * i));
    digesting_feed(&walk->digesting, length, sizeof length);
    digesting_feed(&walk->digesting, kept.at, kept.len);
}

/* Hashes up to the next noise, and goes behind it. */
static bool noise_step(struct noise_walk *walk)
{
    struct pattern_match cut = {walk->content.len, walk->content.len};

    for (size_t i = 0; i < walk->noise->count; i++) {
        if (walk->next[i].first < walk->at && !noise_seek(walk, i))
            return false;
        if (walk->next[i].first < cut.first)
            cut = walk->next[i];
    }
    noise_keep(walk, stet_span(walk->content.at + walk->at, cut.first - walk->at));
    walk->at = cut.end;
    walk->over = cut.first == walk->content.len;
    return true;
}

static bool noise_walk(struct noise_walk *walk)
{
    bool done = true;

    digesting_init(&walk->digesting);
    for (size_t i = 0; done && i < walk->noise->count; i++)
        done = noise_seek(walk, i);
    while (done && !walk->over)
        done = noise_step(walk);
    pattern_scratch_fini(&walk->scratch);
    return done;
}

bool noise_digest(const struct noise *noise, struct stet_span content, struct digest *to)
{
    struct noise_walk walk = {.noise = noise, .content = content, .scratch.effort = PATTERN_EFFORT};

    walk.next = memory_new((noise->count + 1) * sizeof *walk.next);
    if (!walk.next)
        return false;
    bool done = noise_walk(&walk);
    if (done)
        digesting_end(&walk.digesting, to);
    memory_free(walk.next);
    return done;
}
