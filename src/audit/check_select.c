/* What selects an answer besides its URL: request fields, cookies, the origin of a script.
 *
 * A server that looks at a field and does not name it in Vary makes caches hand one user what was
 * made for another [RFC 9110 §12.5.5]. It is found out by asking twice, with the field and without.
 */
#include "audit/check.h"

#include "stet/etag.h"
#include "stet/novarysearch.h"
#include "stet/uri.h"
#include "stet/vary.h"

static bool varies_by(const struct probe *probe, const char *field)
{
    return stet_vary_any(&probe->response.head) ||
           stet_list_has(stet_list_of(&probe->response.head, STET_FIELD_VARY), stet_span_of(field));
}

bool check_negotiation(struct check *check, const struct probe *base, const struct probe *answer,
                       const char *field)
{
    if (!probe_answered(answer) || answer->status != base->status || base->cut || answer->cut ||
        probe_same_content(base, answer))
        return false;
    if (!field || (varies_by(base, field) && varies_by(answer, field)) || check_private(base))
        return !field;
    check_say(check, FINDING_NEGOTIATES_SILENTLY, (struct exchanges){base, answer}, "%s", field);
    return true;
}

void check_cookie(struct check *check, const struct probe *base, const struct probe *conditional)
{
    const struct exchanges proof = {base, conditional};

    if (conditional->status != base->status || base->cut || conditional->cut)
        return;
    if (probe_same_content(base, conditional))
        check_say(check, FINDING_COOKIE_BREAKS, proof, "%s", "");
    else if (!check_private(base) && !check_private(conditional) &&
             !(varies_by(base, "Cookie") && varies_by(conditional, "Cookie")))
        check_say(check, FINDING_COOKIE_NO_VARY, proof, "%s", "");
}

/* ---- other origins ---- */

static struct stet_span allowed(const struct probe *probe)
{
    return check_value(probe, STET_FIELD_ACCESS_CONTROL_ALLOW_ORIGIN);
}

static bool names(const struct probe *probe, const char *field, const char *name)
{
    const struct stet_field *line = stet_head_named(&probe->response.head, stet_span_of(field));

    return line && (stet_list_has(stet_list_in(line->value), stet_span_of(name)) ||
                    stet_list_has(stet_list_in(line->value), STET_SPAN("*")));
}

void check_cors(struct check *check, const struct probe *without, const struct probe *with)
{
    const struct exchanges proof = {without, with};

    if (with->status != without->status || !allowed(with).at)
        return;
    if (!stet_span_equal(allowed(with), allowed(without)) &&
        !(varies_by(with, "Origin") && varies_by(without, "Origin")))
        check_say(check, FINDING_CORS_NO_VARY, proof, "Access-Control-Allow-Origin: %.*s",
                  SHOWN(allowed(with)));
    if (stet_head_has(&with->response.head, STET_FIELD_ETAG) &&
        !names(with, "Access-Control-Expose-Headers", "ETag"))
        check_say(check, FINDING_CORS_TAG_HIDDEN, proof, "%s", "");
}

void check_cors_304(struct check *check, const struct probe *with, const struct probe *conditional)
{
    if (conditional->status == 304 && allowed(with).at && allowed(conditional).at &&
        !stet_span_equal(allowed(with), allowed(conditional)))
        check_say(check, FINDING_CORS_304, (struct exchanges){with, conditional},
                  "%.*s and then %.*s", SHOWN(allowed(with)), SHOWN(allowed(conditional)));
}

void check_preflight(struct check *check, const struct probe *preflight)
{
    if (!probe_answered(preflight))
        return;
    if (preflight->status > 299 ||
        !names(preflight, "Access-Control-Allow-Headers", "If-None-Match"))
        check_say(check, FINDING_CORS_CONDITION_REFUSED, (struct exchanges){preflight, NULL}, "%d",
                  preflight->status);
}

/* ---- queries ---- */

void check_search(struct check *check, const struct probe *base, const struct probe *answer)
{
    const struct exchanges proof = {base, answer};
    const struct stet_span said = check_value(base, STET_FIELD_NO_VARY_SEARCH);
    const struct stet_span now = check_value(answer, STET_FIELD_NO_VARY_SEARCH);
    struct stet_query_pair room[64];
    struct stet_uri one, other;

    if (!probe_answered(answer) || answer->status != base->status || base->cut || answer->cut ||
        !stet_uri_split(stet_span_of(base->url), &one) ||
        !stet_uri_split(stet_span_of(answer->url), &other))
        return;
    if (!stet_span_equal(said, now)) { /* [No-Vary-Search §7] */
        check_say(check, FINDING_SEARCH_VARIES, proof, "%.*s and then %.*s", SHOWN(said),
                  SHOWN(now));
        return;
    }
    const struct stet_novarysearch rule = stet_novarysearch_of(&base->response.head, true);
    if (stet_novarysearch_equal(&rule, one.query, other.query, room,
                                sizeof room / sizeof room[0]) &&
        !probe_same_content(base, answer))
        check_say(check, FINDING_SEARCH_UNTRUE, proof, "%.*s", SHOWN(said));
}
