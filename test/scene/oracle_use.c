/* May a response that was said to one request answer another? The law of RFC 9111 §3 and §4 once
 * more, slowly, from the text.
 *
 *     about the same, by a method that fits -> its own words? -> for others as well? -> selected?
 *     -> invalidated? -> said since the request was put? -> fresh? -> stale, but allowed?
 */
#include "oracle.h"

#include "lines.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NS_PER_SECOND 1000000000

__attribute__((format(printf, 2, 3))) static bool no(char why[RESPONSE_FAULT], const char *form,
                                                     ...)
{
    va_list arguments;
    va_start(arguments, form);
    vsnprintf(why, RESPONSE_FAULT, form, arguments);
    va_end(arguments);
    return false;
}

bool audit_is_direct(const struct audit *audit, const struct said *said)
{
    return audit->asking->number > 0 && said->to->asked == audit->asking->number;
}

/* One octet of a target: an escape that nobody needs is the octet, hex digits are upper case
 * [RFC 9110 §4.2.3]. Returns it, 256 and up for an escape that stays, -1 at the end. */
static int target_octet(const char **at)
{
    const unsigned char first = (unsigned char)**at;
    unsigned byte;
    if (!first)
        return -1;
    if (first != '%' || sscanf(*at + 1, "%2x", &byte) != 1) {
        ++*at;
        return first;
    }
    *at += 3;
    const bool plain = byte < 0x80 && (isalnum((int)byte) || (byte && strchr("-._~", (int)byte)));
    return plain ? (int)byte : 256 + (int)byte;
}

static bool same_target(const char *one, const char *other)
{
    int a, b;
    do {
        a = target_octet(&one);
        b = target_octet(&other);
    } while (a == b && a >= 0);
    return a == b;
}

/* The octets of a host without the port that goes without saying. */
static size_t host_len(const struct oracle *oracle, const char *host)
{
    const char *port = oracle->secure ? ":443" : ":80";
    const size_t len = strlen(host), of_port = strlen(port);
    return len > of_port && strcmp(host + len - of_port, port) == 0 ? len - of_port : len;
}

static bool same_host(const struct oracle *oracle, const char *one, const char *other)
{
    const size_t one_len = host_len(oracle, one), other_len = host_len(oracle, other);
    return one_len == other_len && strncasecmp(one, other, one_len) == 0;
}

bool audit_is_about(const struct audit *audit, const struct said *said)
{
    const char *host = request_field(&said->to->request, "Host");
    return same_target(said->to->request.target, audit->asking->target) &&
           same_host(audit->oracle, host ? host : "", audit->asking->host);
}

static bool method_fits(const struct audit *audit, const struct said *said)
{
    const char *stored = said->to->request.method, *asked = audit->asking->method;
    return strcmp(stored, asked) == 0 ? strcmp(asked, "GET") == 0 || strcmp(asked, "HEAD") == 0
                                      : strcmp(stored, "GET") == 0 && strcmp(asked, "HEAD") == 0;
}

/* ---- for others ---- */

static bool names_cookie(const char *lines)
{
    char *list = lines_list(lines, "Cache-Control");
    const bool names = list && strcasestr(list, "set-cookie");
    free(list);
    return names;
}

/* It only renewed what answers: its cookie went to its own client, and nowhere else (D-16). */
static bool only_renewed(const struct audit *audit, const struct said *said)
{
    const bool head = strcmp(said->to->request.method, "HEAD") == 0;
    return said->status == 304 || (head && strcmp(audit->asking->method, "HEAD") != 0);
}

bool audit_may_share(const struct audit *audit, const struct said *said, const char *fields,
                     char why[RESPONSE_FAULT])
{
    const struct request *request = &said->to->request;
    const struct terms terms = terms_of(fields, said->status, said->wall, audit->oracle->guesses);
    char *asked = request_list(request, "Cache-Control");
    const bool barred = asked && list_has(asked, "no-store");
    free(asked);
    if (terms.is_private)
        return no(why, "response %llu is private", (unsigned long long)said->number);
    if (terms.no_store || barred)
        return no(why, "response %llu was not to be stored", (unsigned long long)said->number);
    if (request_field(request, "Authorization") && !terms.permits_authorization)
        return no(why, "response %llu was authorised", (unsigned long long)said->number);
    if (request->has_content)
        return no(why, "response %llu answers content", (unsigned long long)said->number);
    if (lines_have(said->lines, "Set-Cookie") && !audit->oracle->keeps_cookies &&
        !terms.permits_authorization && !lines_have(said->lines, "Stet-Cache-Control") &&
        !lines_have(said->lines, "CDN-Cache-Control") && !names_cookie(said->lines) &&
        !only_renewed(audit, said))
        return no(why, "response %llu sets a cookie", (unsigned long long)said->number);
    return true;
}

/* The fields that select the response are those of this request [RFC 9111 §4.1]. */
static bool is_selected(const struct audit *audit, const char *fields, const struct said *base,
                        char why[RESPONSE_FAULT])
{
    char *vary = lines_list(fields, "Vary");
    const char *walk = vary ? vary : "";
    bool selected = true;
    for (char *name; selected && (name = list_next(&walk)); free(name)) {
        char *one = request_list(&base->to->request, name);
        char *other = lines_list(audit->asking->lines, name);
        selected = strcmp(name, "*") != 0 && list_same(one, other);
        if (!selected)
            no(why, "response %llu varies by %s: \"%s\" is not \"%s\"",
               (unsigned long long)base->number, name, one ? one : "(absent)",
               other ? other : "(absent)");
        free(one);
        free(other);
    }
    free(vary);
    return selected;
}

/* ---- in time ---- */

static bool in_group(const char *fields, const char *group)
{
    char *groups = lines_list(fields, "Cache-Groups");
    const char *walk = groups ? groups : "";
    bool found = false;
    for (char *member; (member = list_next(&walk)); free(member))
        found = found || strcmp(member, group) == 0;
    free(groups);
    return found;
}

/* It has changed this since the origin was asked for it, and before this request was put. */
static bool is_hit_by(const struct audit *audit, const struct change *change, const char *fields,
                      const struct said *word)
{
    if (change->tick >= audit->asking->tick || change->tick <= word->to->tick ||
        (change->host && !same_host(audit->oracle, change->host, audit->asking->host)))
        return false;
    return change->group ? in_group(fields, change->group)
                         : !change->target || same_target(change->target, word->to->request.target);
}

/* Where connections break, the answer that says so may have been lost [RFC 9111 §4.4]. */
static bool is_invalidated(const struct audit *audit, const char *fields, const struct said *word)
{
    const bool deaf = audit->oracle->troubled || audit->oracle->forgetful;
    const struct change *change = audit->oracle->changes;
    while (change &&
           (change->soft || (change->told && deaf) || !is_hit_by(audit, change, fields, word)))
        change = change->next;
    return change != NULL;
}

/* By how many s it is stale; negative when it is fresh. */
static int64_t stale_by(const struct audit *audit, const char *fields, const struct said *word,
                        int64_t lifetime)
{
    int64_t stale = said_age(word, audit->asking->at) - lifetime;
    for (const struct change *change = audit->oracle->changes; change; change = change->next) {
        const int64_t since = (audit->asking->at - change->at) / NS_PER_SECOND;
        if (change->soft && since > stale && is_hit_by(audit, change, fields, word))
            stale = since;
    }
    return stale;
}

/* The origin has failed since this request was put; `*cut`: it could not be reached. */
static bool has_failed(const struct audit *audit, bool *cut)
{
    const struct oracle *oracle = audit->oracle;
    *cut = oracle->troubled || oracle->forgetful || oracle->down > 0 ||
           oracle->mishaps[MISHAP_DISCONNECTED] > audit->asking->tick ||
           oracle->mishaps[MISHAP_NONSENSE] > audit->asking->tick;
    return *cut || oracle->mishaps[MISHAP_STATUS] > audit->asking->tick;
}

static bool is_within(int64_t stale, int64_t window)
{
    return window != TERMS_NONE && stale <= window;
}

static bool may_be_stale(const struct audit *audit, const struct terms *terms, int64_t stale,
                         bool too_old)
{
    const struct demands *demands = &audit->demands;
    const bool demanding = demands->max_age != TERMS_NONE || demands->min_fresh != TERMS_NONE;
    bool cut;
    if (terms->must_revalidate)
        return false;
    if (is_within(stale, demands->max_stale) && !too_old)
        return true; /* [RFC 9111 §5.2.1.2] */
    if (is_within(stale, terms->while_revalidate) && !demanding)
        return true; /* [RFC 5861 §3] */
    if (!has_failed(audit, &cut))
        return false;
    if (is_within(stale, terms->if_error) || is_within(stale, demands->if_error))
        return true; /* [RFC 5861 §4] */
    return cut && terms->if_error == TERMS_NONE && demands->if_error == TERMS_NONE; /* D-41 */
}

static bool in_time(const struct audit *audit, const struct said *word, const struct terms *terms,
                    int64_t stale, char why[RESPONSE_FAULT])
{
    const struct demands *demands = &audit->demands;
    const int64_t age = said_age(word, audit->asking->at);
    const bool too_old = (demands->max_age != TERMS_NONE && age > demands->max_age) ||
                         (demands->min_fresh > 0 && -stale < demands->min_fresh);
    bool cut;
    if (terms->no_cache)
        return no(why, "response %llu demands validation", (unsigned long long)word->number);
    if (demands->no_cache)
        return no(why, "the request demands validation of %llu", (unsigned long long)word->number);
    if (stale < 0 && (!too_old || terms->immutable || has_failed(audit, &cut)))
        return true;
    if (stale >= 0 && may_be_stale(audit, terms, stale, too_old))
        return true;
    return no(why, "response %llu is %lld s old, of %lld", (unsigned long long)word->number,
              (long long)age, (long long)terms->lifetime);
}

/* The terms, where they say nothing of a lifetime with what the operator gives. */
static struct terms terms_given(const struct oracle *oracle, const char *fields, int status,
                                int64_t received)
{
    struct terms terms = terms_of(fields, status, received, oracle->guesses);
    for (unsigned i = 0; !terms.explicit && i < oracle->given_count; i++) {
        if (oracle->given[i].status == status)
            terms.lifetime = oracle->given[i].seconds;
    }
    return terms;
}

static bool may_use(const struct audit *audit, const struct said *base, const struct said *word,
                    const char *fields, char why[RESPONSE_FAULT])
{
    const struct terms terms = terms_given(audit->oracle, fields, base->status, word->wall);
    if (!method_fits(audit, base))
        return no(why, "response %llu answers %s", (unsigned long long)base->number,
                  base->to->request.method);
    if (audit->asking->has_content)
        return no(why, "the request has content");
    if (!audit_may_share(audit, base, base->lines, why))
        return false;
    if (audit_is_direct(audit, word)) /* whom it selects, the origin has said */
        return true;
    if (request_field(&base->to->request, "Authorization") && !terms.permits_authorization)
        return no(why, "response %llu was authorised, and response %llu permits nothing",
                  (unsigned long long)base->number, (unsigned long long)word->number);
    if (!is_selected(audit, fields, base, why))
        return false;
    if (word != base && !audit_may_share(audit, word, fields, why))
        return false;
    if (is_invalidated(audit, fields, word))
        return no(why, "response %llu was invalidated", (unsigned long long)word->number);
    return word->tick > audit->asking->tick ||
           in_time(audit, word, &terms, stale_by(audit, fields, word, terms.lifetime), why);
}

bool audit_may_use(const struct audit *audit, const struct said *base, const struct said *word,
                   char why[RESPONSE_FAULT])
{
    if (!audit_is_about(audit, base))
        return no(why, "response %llu is about %s", (unsigned long long)base->number,
                  base->to->request.target);
    if (audit_is_direct(audit, base))
        return true;
    char *fields = said_fields(audit->oracle, base, word);
    const bool may = may_use(audit, base, word, fields, why);
    free(fields);
    return may;
}
