/* Answers to requests for what is missing: with what is held they become one response.
 *
 *     held    |-------|               |----|      a part on the shelf, of one strong tag
 *     asked           |---------------|           Range, and If-Range with that tag
 *     made    |----------------------------|      a new entry: what is held is copied before the
 *              before     comes        behind     first octet that comes, and behind the last
 *
 * The new entry is put on the shelf only when the head of a 206 has proved that it is exactly the
 * gap, of the same version, in as many octets as it says. Before that nobody is sent anything, so
 * versions cannot mix; afterwards the answer fills as any other does, and whoever wants it reads
 * along. It is judged, stored and told as if the origin had sent all of it.
 *
 * Where that does not come about, the client's request goes out as it came: it did not ask for a
 * range, and cannot be given the answer to one.
 *
 * Given up: a 206 in chunks. Octets too many would reach readers before they are counted.
 */
#include "cache/landing_parts.h"

#include "wire/h1_write.h"

/* What is completed, held while the flight lets go of its errand. */
struct completing {
    struct stet_completion asked;
    struct entry *entry;
    struct entry_head *head;
    struct stet_response made;
    char range[STET_CONTENT_RANGE_MAX], length[20];
};

static uint64_t size_of(const struct stet_range *range)
{
    return range->last - range->first + 1;
}

/* The octets of `wanted` from `first` up to, but not including, `end`; none if there are none. */
static struct mosaic_piece piece_of(const struct completing *completing, uint64_t first,
                                    uint64_t end)
{
    if (first >= end)
        return (struct mosaic_piece){.entry = NULL};
    return (struct mosaic_piece){.range = {first, end - 1},
                                 .entry = completing->entry,
                                 .offset = shelf_part_offset(completing->head, first)};
}

/* The response that both make: whole, or a larger part [RFC 9110 §15.3.7.3]. */
static bool completing_make(struct completing *completing, struct flight *flight,
                            const struct stet_response *came)
{
    const struct stet_completion *asked = &completing->asked;
    struct stet_head *made = &completing->made.head;
    const size_t most = completing->head->lines + came->head.count + (size_t)3;
    struct stet_field *fields = arena_alloc(&flight->arena, most * sizeof *fields);

    if (!fields ||
        !shelf_combine(&rules_of(flight)->profile, completing->head, &came->head, fields, made))
        return false;
    const uint64_t size = size_of(&asked->wanted);
    stet_head_add(made, fields, stet_field_name(STET_FIELD_CONTENT_LENGTH),
                  stet_span(completing->length, h1_number_write(size, completing->length)));
    completing->made.status = size == asked->length ? 200 : 206;
    if (completing->made.status == 206) {
        const size_t written =
            stet_content_range_write(asked->wanted, asked->length, completing->range);
        stet_head_add(made, fields, stet_field_name(STET_FIELD_CONTENT_RANGE),
                      stet_span(completing->range, written));
    }
    return true;
}

/* It is on the shelf, and fills. */
static void completing_fill(const struct completing *completing, struct flight *flight,
                            const struct stet_response *came, struct entry *entry)
{
    const struct stet_completion *asked = &completing->asked;
    const struct mosaic_piece before = piece_of(completing, asked->wanted.first, asked->gap.first);
    const struct mosaic_piece behind =
        piece_of(completing, asked->gap.last + 1, asked->wanted.last + 1);

    flight->outcome.facts.storing = STET_REASON_STORABLE;
    flight->outcome.facts.reason = STET_REASON_COMPLETED;
    landing_store(flight, &completing->made, &came->head, entry);
    if (!flight->over && !fill_complete(&flight->fill, &before, &behind))
        landing_broke(flight);
}

/* False: it may not be stored, or there is no room; then it cannot be served either. */
static bool completing_land(struct completing *completing, struct flight *flight,
                            const struct stet_response *came)
{
    const struct stet_stored held = entry_head_stored(completing->head);
    const struct stet_transaction transaction = {.request = &flight->errand.request,
                                                 .response = &completing->made,
                                                 .arrival = flight->answer.arrival,
                                                 .authorised = held.authorised};
    struct stet_storing storing;

    if (!completing_make(completing, flight, came))
        return false;
    struct entry *entry =
        landing_put(flight, &transaction, size_of(&completing->asked.wanted), &storing);
    if (entry)
        completing_fill(completing, flight, came, entry);
    return entry != NULL;
}

bool landing_complete(struct flight *flight, const struct stet_response *response)
{
    const struct flight_errand *errand = &flight->errand;
    const struct flight_completion *completion = &errand->completion;
    const struct response_framing *framing = &flight->answer.framing;
    const enum stet_completion_answer answer =
        stet_completion_judge(&completion->what, &errand->set->views[completion->index], response);

    if (answer == STET_COMPLETION_WHOLE)
        return false;
    struct completing completing = {.asked = completion->what,
                                    .entry = entry_ref(errand->set->entries[completion->index]),
                                    .head = entry_head_ref(errand->set->heads[completion->index])};
    if (answer == STET_COMPLETION_REPEAT || framing->content != RESPONSE_LENGTH ||
        framing->length != size_of(&completing.asked.gap) ||
        !completing_land(&completing, flight, response))
        landing_repeat(flight);
    entry_unref(completing.entry);
    entry_head_unref(completing.head);
    return true;
}
