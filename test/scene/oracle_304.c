/* A 304 is true if what the client says it holds is what it would have got instead.
 *
 * So there must be a response that may answer the request, and of which its own condition says that
 * it has not changed: by a tag, made by the origin or the gateway, or by a date.
 */
#include "oracle.h"

#include "lines.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *opaque(const char *text)
{
    return strncmp(text, "W/", 2) == 0 ? text + 2 : text;
}

static bool lists(const char *tags, const char *tag)
{
    bool found = false;
    for (char *member; (member = list_next(&tags)); free(member))
        found = found || strcmp(member, "*") == 0 || strcmp(opaque(member), opaque(tag)) == 0;
    return found;
}

/* One of the listed tags stands for the octets of the base. */
static bool holds_by_tag(const struct audit *audit, const struct said *base, const char *tags)
{
    char *own = lines_list(base->lines, "ETag");
    bool holds = lists(tags, own ? own : "*");
    for (char *member; !own && !holds && base->whole && (member = list_next(&tags)); free(member)) {
        const struct tag *tag = NULL;
        while (!holds && (tag = oracle_tag(audit->oracle, audit->asking->target, member, tag)))
            holds = !tag->content ||
                    oracle_same(audit->oracle, tag->content, tag->len, base->content, base->len);
    }
    free(own);
    return holds;
}

static bool same_content(const struct said *one, const struct said *other)
{
    return one->len == other->len && memcmp(one->content, other->content, one->len) == 0;
}

/* Since when these octets have been said without a break; of what varies, since ever. */
static int64_t first_seen(const struct audit *audit, const struct said *base)
{
    const bool varies = lines_have(base->lines, "Vary");
    int64_t seen = base->wall;
    for (const struct said *said = base; said; said = said->next) {
        if (!audit_is_about(audit, said) || said->status != 200 || said->malformed ||
            strcmp(said->to->request.method, "GET") != 0)
            continue;
        if (same_content(said, base))
            seen = said->wall < seen ? said->wall : seen;
        else if (!varies)
            break;
    }
    return seen;
}

/* Not modified after what the client says; without a date of modification, not said after it
 * [RFC 9111 §4.3.2], or since then always the same. */
static bool holds_by_date(const struct audit *audit, const struct said *base,
                          const struct said *word, const char *since)
{
    char *text = lines_list(word->lines, "Last-Modified");
    if (!text)
        text = lines_list(base->lines, "Last-Modified");
    int64_t modified = text ? response_date(text) : -1;
    free(text);
    if (modified < 0) {
        text = lines_list(base->lines, "Date");
        modified = first_seen(audit, base);
        if (text && response_date(text) < modified)
            modified = response_date(text);
        free(text);
    }
    return response_date(since) < 0 || modified <= response_date(since);
}

static bool holds(const struct audit *audit, const struct said *base, const struct said *word)
{
    const char *lines = audit->asking->lines;
    char *tags = lines_list(lines, "If-None-Match"),
         *since = lines_list(lines, "If-Modified-Since");
    const bool well =
        tags ? holds_by_tag(audit, base, tags) : holds_by_date(audit, base, word, since);
    free(tags);
    free(since);
    return well;
}

/* The origin has said it to this request, whose own condition it answers (D-14, D-15). */
static bool is_passed(const struct audit *audit)
{
    for (const struct said *said = audit->oracle->saids; said; said = said->next) {
        if (said->status != 304 || said->malformed || !audit_is_direct(audit, said))
            continue;
        char *tag = lines_list(said->lines, "ETag");
        char *tags = lines_list(audit->asking->lines, "If-None-Match");
        char *sent = request_list(&said->to->request, "If-None-Match");
        const bool own = !tag || !tags || lists(tags, tag) || list_same(tags, sent);
        free(sent);
        free(tag);
        free(tags);
        if (own)
            return true;
    }
    return false;
}

/* The answer has the tag of the base, if that has one. */
static bool has_its_tag(const struct audit *audit, const struct said *base)
{
    const char *text = response_field(audit->response, "ETag");
    char *own = lines_list(base->lines, "ETag");
    const bool same = own ? text && strcmp(own, text) == 0 : true;
    free(own);
    return same;
}

bool audit_not_modified(struct audit *audit)
{
    const char *lines = audit->asking->lines;
    char why[RESPONSE_FAULT] = "what the client holds is nothing that it could get";
    if (!lines_have(lines, "If-None-Match") && !lines_have(lines, "If-Modified-Since")) /* D-01 */
        return audit_fault(audit, "304 without a condition");
    if (strcmp(audit->asking->method, "GET") != 0 && strcmp(audit->asking->method, "HEAD") != 0)
        return audit_fault(audit, "304 to %s", audit->asking->method);
    if (is_passed(audit))
        return true;
    for (const struct said *base = audit->oracle->saids; base; base = base->next) {
        if (!audit_is_about(audit, base) || base->malformed || base->status == 304 ||
            (base->status != 200 && base->status != 206 && base->status != 203) ||
            !has_its_tag(audit, base))
            continue;
        for (const struct said *word = audit->oracle->saids; word; word = word->next) {
            if (said_confirms(word, base) && holds(audit, base, word) &&
                audit_may_use(audit, base, word, why))
                return true;
        }
    }
    return audit_fault(audit, "304: %s", why);
}
