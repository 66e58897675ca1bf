/* Finds what an unsafe request reaches.
 *
 * Step 0 is the target itself, 1 and 2 are Location and Content-Location, resolved against it. One
 * of another origin is passed over in silence: any site could otherwise empty the cache for any
 * other [RFC 9111 §4.4].
 */
#include "stet/invalidation.h"

#include "stet/authority.h"
#include "stet/uri.h"

struct stet_invalidation stet_invalidation_of(const struct stet_request *request,
                                              const struct stet_response *response)
{
    enum stet_reason reason = STET_REASON_INVALIDATES;

    if (stet_method_is_safe(request->method))
        reason = STET_REASON_METHOD_SAFE;
    else if (response->status < 200 || response->status > 399)
        reason = STET_REASON_METHOD_FAILED;
    return (struct stet_invalidation){request, response, reason, 0};
}

/* The target URI as one to resolve against. False if its authority is off the grammar. */
static bool base_of(const struct stet_request *request, struct stet_uri *base)
{
    struct authority parts;

    if (!stet_authority_split(request->authority, &parts))
        return false;
    *base = (struct stet_uri){.scheme = request->scheme,
                              .host = parts.host,
                              .port = stet_authority_port(&parts, -1),
                              .authority = request->authority,
                              .path = request->path,
                              .query = request->query,
                              .fragment = STET_SPAN_NONE};
    return true;
}

/* The URI that a field of the response names, if it is of the target's origin. */
static bool named_by(const struct stet_invalidation *walk, enum stet_field_id id, char *to,
                     size_t room, struct stet_request *target)
{
    struct stet_span reference = stet_head_single(&walk->response->head, id);
    struct stet_uri base, uri;

    if (!reference.at || !base_of(walk->request, &base))
        return false;
    size_t length = stet_uri_resolve(&base, reference, to, room);
    if (length == 0 || !stet_uri_split(stet_span(to, length), &uri) ||
        !stet_uri_same_origin(&base, &uri)) /* [RFC 9111 §4.4] */
        return false;
    target->scheme = uri.scheme;
    target->authority = uri.authority;
    target->path = uri.path;
    target->query = uri.query;
    return true;
}

bool stet_invalidation_next(struct stet_invalidation *walk, char *to, size_t room,
                            struct stet_request *target)
{
    static const enum stet_field_id named[] = {STET_FIELD_LOCATION, STET_FIELD_CONTENT_LOCATION};

    if (walk->reason != STET_REASON_INVALIDATES)
        return false;
    *target = (struct stet_request){.scheme = walk->request->scheme,
                                    .authority = walk->request->authority,
                                    .path = walk->request->path,
                                    .query = walk->request->query};
    if (walk->step == 0) {
        walk->step = 1;
        return true;
    }
    while (walk->step <= sizeof(named) / sizeof(named[0]))
        if (named_by(walk, named[walk->step++ - 1], to, room, target))
            return true;
    return false;
}
