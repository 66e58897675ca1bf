/* Responses that are for the leader alone: as they come, or held back until their tag is made.
 *
 *     head --> a tag may be made of it --> HELD --whole--> a representation with a tag
 *          |                                 `--too long, too large--.
 *          `--> it may not --------------------------> PASSES <------'
 *
 * Those who follow are told at once that there is nothing for them, and never wait for what is
 * held.
 */
#include "cache/landing_parts.h"

#include "cache/copy.h"
#include "cache/passing.h"

void landing_pass(struct flight *flight, const struct stet_response *response)
{
    struct source *source = NULL;

    flight->stage = FLIGHT_PASSES;
    landing_word_of_pass(flight, response->status);
    if (!flight->leader) {
        flight_drop_content(flight);
        return;
    }
    if (flight_open_pipe(flight))
        source = passing_new(response, &flight->answer.framing, flight->pipe);
    if (source)
        landing_tell_passes(flight, source);
    else
        landing_broke(flight);
}

/* Its validator can be made, if it comes soon and is not too large. */
static bool landing_may_hold(const struct flight *flight, const struct stet_response *response)
{
    const struct response_framing *framing = &flight->answer.framing;
    const struct cache_rules *rules = rules_of(flight);

    return flight->leader && !(framing->has_length && framing->length > rules->validate_up_to) &&
           synthesis_of_passing(rules, &flight->errand.request, response);
}

static void landing_hold(struct flight *flight, const struct stet_response *response)
{
    if (!copy_response(&flight->arena, response, &flight->answer.kept) ||
        !flight_begin_to_hold(flight)) {
        landing_pass(flight, response);
        return;
    }
    if (!flight_open_pipe(flight)) {
        holding_end(&flight->holding);
        landing_broke(flight);
        return;
    }
    flight->pipe->limit = UINT64_MAX;
    flight->stage = FLIGHT_HELD;
    landing_word_of_pass(flight, response->status);
}

void landing_pass_named(struct flight *flight, const struct stet_response *response)
{
    if (landing_may_hold(flight, response))
        landing_hold(flight, response);
    else
        landing_pass(flight, response);
}

void landing_held_over(struct flight *flight)
{
    struct pipe *pipe = flight->pipe;
    struct source *source = passing_new(&flight->answer.kept, &flight->answer.framing, pipe);

    holding_end(&flight->holding);
    flight->stage = FLIGHT_PASSES;
    pipe->limit = PIPE_ROOM;
    if (source)
        landing_tell_passes(flight, source);
    else
        landing_broke(flight);
}

void landing_held_end(struct flight *flight, bool whole)
{
    const struct stet_span content = pipe_content(flight->pipe);
    char tag[DIGEST_TAG_ROOM];
    struct source *source = NULL;

    holding_end(&flight->holding);
    if (!whole) { /* nothing was sent of it yet, so it can still be said [RFC 9110 §15.6.3] */
        landing_tell_failed(flight, 502, fetch_error(&flight->fetch));
        return;
    }
    const size_t len = synthesis_tag(rules_of(flight), content, tag);
    if (len > 0)
        source = passing_new_held(&flight->answer.kept, content, stet_span(tag, len));
    if (source) {
        flight->outcome.facts.synthesized = true;
        landing_tell_passes(flight, source);
        return;
    }
    landing_held_over(flight);
    if (flight->pipe->state == PIPE_OPEN)
        pipe_end(flight->pipe, PIPE_ENDED);
}
