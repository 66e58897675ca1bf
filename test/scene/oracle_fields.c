/* The fields of an answer: each was said by the response whose octets it has, or by what has
 * confirmed that since; none is missing; a cookie is for who gets it; Age is true.
 */
#include "oracle.h"

#include "lines.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Of one connection, or of this answer alone, or looked at elsewhere. */
static bool is_own(const char *name)
{
    static const char *const own[] = {"Connection",
                                      "Keep-Alive",
                                      "Proxy-Connection",
                                      "Transfer-Encoding",
                                      "TE",
                                      "Trailer",
                                      "Upgrade",
                                      "Content-Length",
                                      "Content-Range",
                                      "Cache-Status",
                                      "Proxy-Status",
                                      "Via",
                                      "Age",
                                      "Set-Cookie",
                                      "Accept-Ranges",
                                      "Proxy-Authenticate",
                                      "Content-MD5",
                                      "Content-Digest",
                                      "Date",
                                      "Proxy-Authentication-Info"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (strcasecmp(name, own[i]) == 0)
            return true;
    }
    return false;
}

/* A validator may be the gateway's. */
static bool is_validator(const char *name)
{
    return strcasecmp(name, "ETag") == 0 || strcasecmp(name, "Last-Modified") == 0;
}

/* The words of `word`; where it says nothing, those of the base or of what came between. */
static bool is_said(const struct audit *audit, const struct said *base, const struct said *word,
                    const char *name, const char *value)
{
    for (const struct said *said = audit->oracle->saids; said; said = said->next) {
        if (!said_between(said, base, word))
            continue;
        char *list = lines_list(said->lines, name);
        const bool same = list && list_same(list, value);
        const bool last = said == word && list && strcasecmp(name, "Content-Encoding") != 0;
        free(list);
        if (same || last)
            return same;
    }
    return false;
}

static bool audit_present(const struct audit *audit, const struct said *base,
                          const struct said *word)
{
    const struct response *response = audit->response;
    for (size_t i = 0; i < response->count; i++) {
        const char *name = response->fields[i].name;
        if (is_own(name) || (response->status == 206 && strcasecmp(name, "Content-Type") == 0) ||
            (is_validator(name) && !lines_have(base->lines, name)))
            continue;
        char *list = response_list(response, name);
        const bool said = is_said(audit, base, word, name, list);
        if (!said)
            audit_fault(audit, "%s: %.100s was not said with responses %llu and %llu", name, list,
                        (unsigned long long)base->number, (unsigned long long)word->number);
        free(list);
        if (!said)
            return false;
    }
    return true;
}

/* Fields that the response gives to nobody else, or that are of its connection. */
static bool is_withheld(const char *fields, const struct said *word, const char *name)
{
    static const char *const controls[] = {"Cache-Control", "CDN-Cache-Control",
                                           "Stet-Cache-Control"};
    char *connection = lines_list(word->lines, "Connection");
    bool withheld = list_has(connection, name) || is_own(name);
    free(connection);
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) {
        char *control = lines_list(fields, controls[i]);
        withheld = withheld || (control && strcasestr(control, name));
        free(control);
    }
    return withheld;
}

/* [RFC 9111 §3.1] */
static bool audit_missing(const struct audit *audit, const struct said *base,
                          const struct said *word)
{
    char *fields = said_fields(audit->oracle, base, word), *name, *value;
    bool well = audit->response->status != 206;
    for (const char *walk = fields; well && lines_next(&walk, &name, &value);) {
        well = is_withheld(fields, word, name) || response_field(audit->response, name);
        if (!well)
            audit_fault(audit, "%s of response %llu is missing", name,
                        (unsigned long long)word->number);
        free(name);
        free(value);
    }
    free(fields);
    return well || audit->response->status == 206;
}

/* A cookie was set for this very request [RFC 9111 §7.3]. */
static bool audit_cookies(const struct audit *audit)
{
    const struct response *response = audit->response;
    for (size_t i = 0; i < response->count; i++) {
        bool own = false;
        if (strcasecmp(response->fields[i].name, "Set-Cookie") != 0 || audit->oracle->keeps_cookies)
            continue;
        for (const struct said *said = audit->oracle->saids; said; said = said->next) {
            char *cookies = lines_list(said->lines, "Set-Cookie");
            own = own || (audit_is_direct(audit, said) && cookies &&
                          strstr(cookies, response->fields[i].value));
            free(cookies);
        }
        if (!own)
            return audit_fault(audit, "the cookie %s is somebody else's",
                               response->fields[i].value);
    }
    return true;
}

static bool audit_age(const struct audit *audit, const struct said *base,
                      const struct said *said_by)
{
    const struct said *word = audit->renewed ? audit->renewed : said_by;
    const char *text = response_field(audit->response, "Age");
    const int64_t least = said_age(word, audit->asking->at);
    const int64_t most = said_age_most(word, audit->asking->now);
    char *said = lines_list(word->lines, "Age");
    const bool odd = said && strspn(said, "0123456789") != strlen(said);
    const bool passed = said && text && audit_is_direct(audit, word) && strcmp(said, text) == 0;
    free(said);
    if (odd || passed) /* what is no age is nobody's */
        return true;
    if (!text) /* [RFC 9111 §4] */
        return audit_is_direct(audit, word) || audit_is_direct(audit, base) ||
               word->tick > audit->asking->tick ||
               audit_fault(audit, "there is no Age, and it is %lld", (long long)least);
    const int64_t age = strtoll(text, NULL, 10);
    return (age >= least - 1 && age <= most) ||
           audit_fault(audit, "Age is %s, and it is %lld to %lld", text, (long long)least,
                       (long long)most);
}

/* [RFC 9110 §6.6.1] */
static bool audit_date(const struct audit *audit, const struct said *base, const struct said *word)
{
    const char *text = response_field(audit->response, "Date");
    bool said = false, any = false;
    for (const struct said *at = audit->oracle->saids; at; at = at->next) {
        if (!said_between(at, base, word))
            continue;
        char *date = lines_list(at->lines, "Date");
        any = any || date;
        said = said || (date && strcmp(date, text) == 0);
        free(date);
    }
    return said || !any || response_date(text) >= word->wall ||
           audit_fault(audit, "Date is %s, which nobody said", text);
}

bool audit_fields(const struct audit *audit, const struct said *base, const struct said *word)
{
    return audit_present(audit, base, word) && audit_missing(audit, base, word) &&
           audit_cookies(audit) && audit_age(audit, base, word) && audit_date(audit, base, word);
}
