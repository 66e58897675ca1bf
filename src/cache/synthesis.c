/* Decides who gets validators made here, and makes tags.
 *
 * A tag is the hash of the content, as for a static file: equal tags mean equal octets, whoever the
 * content was made for. So a 304 is only ever said where sending the octets would have given the
 * client what it holds. What is outside the octets is not in the hash; therefore no tag where a 304
 * would lose something that the 200 says: a cookie.
 *
 * A response to be left alone says so: no-transform [RFC 9111 §5.2.2.6], or no-store, of which not
 * even a moment's copy is kept [RFC 9111 §5.2.2.5]. Whoever streams is never held back.
 *
 * Given up: validators for a HEAD that is forwarded. They would need the content.
 */
#include "cache/synthesis.h"

#include "cache/noise.h"
#include "stet/cachecontrol.h"

static bool left_alone(const struct cache_rules *rules, const struct stet_head *response)
{
    const struct stet_profile *profile = &rules->profile;
    struct stet_cachecontrol said =
        stet_cachecontrol_of_response(response, profile->targets, profile->target_count);
    struct stet_cachecontrol plain = stet_cachecontrol_of_response(response, NULL, 0);

    return stet_cachecontrol_has(&said, STET_DIRECTIVE_NO_STORE) ||
           stet_cachecontrol_has(&plain, STET_DIRECTIVE_NO_STORE) ||
           stet_cachecontrol_has(&plain, STET_DIRECTIVE_NO_TRANSFORM);
}

static bool wanted(const struct cache_rules *rules, const struct stet_request *request,
                   const struct stet_response *response)
{
    return rules->synthesize && request->method == STET_METHOD_GET && response->status == 200 &&
           !stet_head_has(&response->head, STET_FIELD_ETAG) && !left_alone(rules, &response->head);
}

bool synthesis_of_stored(const struct cache_rules *rules, const struct stet_request *request,
                         const struct stet_response *response)
{
    return wanted(rules, request, response);
}

/* A content that is made while it is watched: it is shown as it comes. */
static bool is_stream(struct stet_span type)
{
    static const struct stet_span streams[] = {
        STET_SPAN_INIT("text/event-stream"),
        STET_SPAN_INIT("multipart/x-mixed-replace"),
        STET_SPAN_INIT("application/grpc"),
        STET_SPAN_INIT("application/x-ndjson"),
        STET_SPAN_INIT("video/"),
        STET_SPAN_INIT("audio/"),
    };

    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        if (type.len >= streams[i].len &&
            stet_span_equal_nocase(stet_span(type.at, streams[i].len), streams[i]))
            return true;
    return false;
}

bool synthesis_of_passing(const struct cache_rules *rules, const struct stet_request *request,
                          const struct stet_response *response)
{
    const struct stet_head *head = &response->head;
    struct stet_cachecontrol asked = stet_cachecontrol_of_request(&request->head);

    return wanted(rules, request, response) && !stet_head_has(head, STET_FIELD_LAST_MODIFIED) &&
           !stet_head_has(head, STET_FIELD_SET_COOKIE) &&
           !stet_head_has(head, STET_FIELD_TRAILER) &&
           !stet_head_has(&request->head, STET_FIELD_RANGE) &&
           !stet_cachecontrol_has(&asked, STET_DIRECTIVE_NO_STORE) &&
           !is_stream(stet_head_single(head, STET_FIELD_CONTENT_TYPE));
}

/* Each answer comes from the origin, without any validator: whoever gets it untagged can never ask
 * whether it has changed. */
static bool is_bare(const struct entry_head *head)
{
    const struct stet_stored stored = entry_head_stored(head);
    return !(head->flags & ENTRY_HEAD_DATED) && (stored.no_cache || stored.lifetime == 0);
}

bool synthesis_awaited(const struct cache_rules *rules, const struct stet_request *request,
                       const struct entry_head *head)
{
    if (!rules->synthesize || (head->flags & ENTRY_HEAD_TAGGED) || head->status != 200)
        return false;
    if (is_bare(head) && !is_stream(entry_head_type(head)))
        return true;
    return stet_head_has(&request->head, STET_FIELD_IF_NONE_MATCH) ||
           (stet_head_has(&request->head, STET_FIELD_IF_MODIFIED_SINCE) &&
            !(head->flags & ENTRY_HEAD_DATED));
}

size_t synthesis_tag(const struct cache_rules *rules, struct stet_span content,
                     char to[DIGEST_TAG_ROOM])
{
    struct digest digest;

    if (!rules->noise)
        digest = digest_of(content.at, content.len);
    else if (!noise_digest(rules->noise, content, &digest))
        return 0;
    return digest_tag(&digest, STET_CODING_IDENTITY, rules->noise != NULL, to);
}
