/* Reads Cache-Control and its kind, directive by directive.
 *
 * Where a directive is malformed or contradicts itself, the terms are the strictest: nobody may
 * then say that the reuse was allowed.
 */
#include "terms.h"

#include "lines.h"
#include "response.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DAY 86400

/* One directive: NULL when it is absent, "" without an argument. For free(). */
static char *directive(const char *list, const char *name, bool *twice)
{
    const size_t len = strlen(name);
    char *found = NULL;
    for (char *member; list && (member = list_next(&list)); free(member)) {
        if (strncasecmp(member, name, len) != 0 || (member[len] && member[len] != '='))
            continue;
        const char *argument = member[len] ? member + len + 1 : "";
        if (found && strcmp(found, argument) != 0)
            *twice = true;
        else if (!found)
            found = strdup(argument);
    }
    return found;
}

static bool has(const char *list, const char *name)
{
    bool twice = false;
    char *argument = directive(list, name, &twice);
    if (!argument)
        return false;
    free(argument);
    return true;
}

/* There, and not only for some fields. */
static bool has_whole(const char *list, const char *name)
{
    bool twice = false;
    char *argument = directive(list, name, &twice);
    const bool whole = argument && argument[0] == '\0';
    free(argument);
    return whole || twice;
}

/* A number of seconds; TERMS_NONE when absent, 0 when it cannot be read or is not the only one. */
static int64_t seconds(const char *list, const char *name)
{
    bool twice = false;
    char *argument = directive(list, name, &twice);
    int64_t number = TERMS_NONE;
    if (argument) {
        char *at = argument + (argument[0] == '"');
        char *end = at + strspn(at, "0123456789");
        const bool good = end > at && strcmp(end, argument[0] == '"' ? "\"" : "") == 0;
        number = good && !twice ? (end - at > 10 ? INT32_MAX : strtoll(at, NULL, 10)) : 0;
        if (number > INT64_C(2147483648))
            number = INT64_C(2147483648);
    }
    free(argument);
    return number;
}

/* As far as a glance shows it [RFC 9651 §4.2.2]. */
static bool is_dictionary(const char *list)
{
    const size_t len = strlen(list);
    return len > 0 && list[0] != ',' && list[len - 1] != ',' && !strstr(list, ",,") &&
           !strstr(list, ", ,");
}

/* The list that counts for a cache that is a gateway: a targeted one first [RFC 9213 §2.2]. */
static char *list_that_counts(const char *lines, bool *targeted)
{
    static const char *const names[] = {"Stet-Cache-Control", "CDN-Cache-Control"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *list = lines_list(lines, names[i]);
        *targeted = list && is_dictionary(list);
        if (*targeted)
            return list;
        free(list);
    }
    return lines_list(lines, "Cache-Control");
}

static int64_t date_of(const char *lines, const char *name)
{
    char *text = lines_list(lines, name);
    const int64_t date = text ? response_date(text) : -1;
    free(text);
    return date;
}

static int64_t guess(const char *lines, int status, int64_t date)
{
    const int64_t modified = date_of(lines, "Last-Modified");
    if (status >= 500 || status == 302 || status == 303 || status == 307 || modified < 0)
        return 0;
    return modified < date ? (date - modified) / 10 < DAY ? (date - modified) / 10 : DAY : 0;
}

static int64_t lifetime(const char *lines, const char *list, bool targeted, int64_t date)
{
    int64_t said = seconds(list, "s-maxage");
    if (said == TERMS_NONE)
        said = seconds(list, "max-age");
    if (said == TERMS_NONE && !targeted && lines_have(lines, "Expires")) {
        const int64_t expires = date_of(lines, "Expires");
        said = expires > date ? expires - date : 0;
    }
    return said;
}

struct terms terms_of(const char *lines, int status, int64_t received, bool guesses)
{
    bool targeted = false;
    char *list = list_that_counts(lines, &targeted);
    const bool s_maxage = has(list, "s-maxage");
    const int64_t date = date_of(lines, "Date") >= 0 ? date_of(lines, "Date") : received;
    struct terms terms = {
        .no_store = has(list, "no-store") && !has(list, "must-understand"),
        .no_cache = has_whole(list, "no-cache"),
        .is_private = has_whole(list, "private"),
        .is_public = has(list, "public"),
        .must_revalidate =
            has(list, "must-revalidate") || has(list, "proxy-revalidate") || s_maxage,
        .immutable = has(list, "immutable"),
        .lifetime = lifetime(lines, list, targeted, date),
        .while_revalidate = seconds(list, "stale-while-revalidate"),
        .if_error = seconds(list, "stale-if-error"),
    };
    terms.permits_authorization = terms.is_public || s_maxage || has(list, "must-revalidate");
    terms.explicit = terms.lifetime != TERMS_NONE;
    if (terms.lifetime == TERMS_NONE)
        terms.lifetime = guesses ? guess(lines, status, date) : 0;
    free(list);
    return terms;
}

struct demands demands_of(const char *lines)
{
    char *list = lines_list(lines, "Cache-Control");
    char *pragma = lines_list(lines, "Pragma");
    struct demands demands = {
        .no_cache = list ? has(list, "no-cache") : pragma && has(pragma, "no-cache"),
        .no_store = has(list, "no-store"),
        .only_if_cached = has(list, "only-if-cached"),
        .max_age = seconds(list, "max-age"),
        .min_fresh = seconds(list, "min-fresh"),
        .max_stale = has_whole(list, "max-stale") ? INT64_MAX : seconds(list, "max-stale"),
        .if_error = seconds(list, "stale-if-error"),
    };
    free(list);
    free(pragma);
    return demands;
}
