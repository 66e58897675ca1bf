/* A structured field that is read, written and read again says the same.
 *
 * The first octet picks the kind, line feeds divide the lines. */
#include "fuzz.h"

#include <string.h>

#include "stet/sf_writer.h"

enum { LINES = 8 };

static struct stet_span decoded(const struct stet_sf_member *member)
{
    size_t length = stet_sf_decode(member, NULL, 0);
    char *to = malloc(length ? length : 1);
    must(to && length <= member->text.len);
    must(stet_sf_decode(member, to, length) == length);
    return stet_span(to, length);
}

static void same_walk(struct stet_sf a, struct stet_sf b);

static void same_member(const struct stet_sf_member *a, const struct stet_sf_member *b)
{
    must(a->type == b->type && a->number == b->number);
    must(stet_span_equal(a->key, b->key));
    same_walk(stet_sf_parameters(a), stet_sf_parameters(b));
    if (a->type == STET_SF_INNER_LIST) {
        same_walk(stet_sf_inner(a), stet_sf_inner(b));
        return;
    }
    struct stet_span x = decoded(a), y = decoded(b);
    must(stet_span_equal(x, y));
    free((void *)(uintptr_t)x.at);
    free((void *)(uintptr_t)y.at);
}

static void same_walk(struct stet_sf a, struct stet_sf b)
{
    struct stet_sf_member x, y;
    while (stet_sf_next(&a, &x)) {
        must(stet_sf_next(&b, &y));
        same_member(&x, &y);
        must(!x.key.at || stet_sf_get(&a, x.key, &x) == stet_sf_get(&b, y.key, &y));
    }
    must(!stet_sf_next(&b, &y));
}

/* Writes the walk into exactly the room it measures. */
static struct stet_span written(struct stet_sf walk, char **to)
{
    struct stet_sf_member member;
    struct stet_sf_writer writer = stet_sf_writer(walk.kind, NULL, 0);
    struct stet_sf at = walk;
    while (stet_sf_next(&at, &member))
        must(stet_sf_write_member(&writer, &member));
    *to = malloc(writer.length ? writer.length : 1);
    must(*to);
    writer = stet_sf_writer(walk.kind, *to, writer.length);
    while (stet_sf_next(&walk, &member))
        must(stet_sf_write_member(&writer, &member));
    struct stet_span text = stet_sf_written(&writer);
    must(text.at && text.len == writer.length);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct stet_field fields[LINES];
    struct stet_head head = {.fields = fields};
    struct stet_span rest = stet_span((const char *)data + 1, size - 1);
    struct stet_sf walk, again;
    struct stet_sf_member member;
    enum stet_sf_kind kind = (enum stet_sf_kind)(data[0] % 3);
    while (head.count < LINES) {
        size_t end = stet_span_find(rest, '\n');
        stet_head_add(&head, fields, STET_SPAN("Priority"), stet_span(rest.at, end));
        if (end == rest.len)
            break;
        rest = stet_span_from(rest, end + 1);
    }
    if (!stet_sf_of(&walk, &head, STET_FIELD_PRIORITY, kind)) {
        must(!stet_sf_next(&walk, &member));
        return 0;
    }
    char *first, *second;
    struct stet_span text = written(walk, &first);
    must(stet_sf_in(&again, text, kind));
    same_walk(walk, again);
    must(stet_span_equal(written(again, &second), text)); /* canonical is canonical */
    free(first);
    free(second);
    return 0;
}
