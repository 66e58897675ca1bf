/* The memory of the oracle: what the origin servers heard and said, what has changed, which tags
 * stand for which octets; and what one word of theirs means for another.
 *
 * Nothing is ever forgotten before the scene ends, so an answer that is years old is still known.
 */
#include "oracle.h"

#include "journal.h"
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NS_PER_SECOND 1000000000

struct oracle *oracle_new(void)
{
    struct oracle *oracle = calloc(1, sizeof *oracle);
    oracle->journal = calloc(1, sizeof *oracle->journal);
    return oracle;
}

static void oracle_free_rest(struct oracle *oracle)
{
    while (oracle->changes) {
        struct change *change = oracle->changes;
        oracle->changes = change->next;
        free(change->host);
        free(change->target);
        free(change->group);
        free(change);
    }
    while (oracle->tags) {
        struct tag *tag = oracle->tags;
        oracle->tags = tag->next;
        free(tag->target);
        free(tag->text);
        free(tag->content);
        free(tag);
    }
    if (oracle->noise) {
        regfree(oracle->noise);
        free(oracle->noise);
    }
}

void oracle_free(struct oracle *oracle)
{
    while (oracle->saids) {
        struct said *said = oracle->saids;
        oracle->saids = said->next;
        free(said->lines);
        free(said->content);
        free(said);
    }
    while (oracle->heards) {
        struct heard *heard = oracle->heards;
        oracle->heards = heard->next;
        request_fini(&heard->request);
        free(heard);
    }
    oracle_free_rest(oracle);
    free(oracle->asked_at);
    free(oracle->journal);
    free(oracle);
}

/* ---- hearing and saying ---- */

uint64_t oracle_asked(struct oracle *oracle, int64_t at)
{
    const uint64_t number = ++oracle->asked_count;
    if ((number & (number - 1)) == 0) /* there is room for twice as many */
        oracle->asked_at = realloc(oracle->asked_at, 2 * number * sizeof *oracle->asked_at);
    oracle->asked_at[number] = at;
    return number;
}

struct heard *oracle_hears(struct oracle *oracle, struct request *request, const void *origin,
                           int64_t at)
{
    struct heard *heard = calloc(1, sizeof *heard);
    const char *asked = request_field(request, "Asked");
    heard->request = *request;
    *request = (struct request){0};
    heard->origin = origin;
    heard->number = ++oracle->heard_count;
    heard->asked = asked ? strtoull(asked, NULL, 10) : 0;
    heard->tick = ++oracle->tick;
    heard->at = at;
    heard->since = heard->asked > 0 && heard->asked <= oracle->asked_count
                       ? oracle->asked_at[heard->asked]
                       : at;
    heard->next = oracle->heards;
    oracle->heards = heard;
    journal_hears(oracle->journal, heard);
    return heard;
}

static void change_add(struct oracle *oracle, const char *host, char *target, char *group)
{
    struct change *change = calloc(1, sizeof *change);
    change->host = host ? strdup(host) : NULL;
    change->target = target;
    change->group = group;
    change->tick = ++oracle->tick;
    change->next = oracle->changes;
    oracle->changes = change;
}

void oracle_purged(struct oracle *oracle, const char *target, int64_t at)
{
    change_add(oracle, NULL, target ? strdup(target) : NULL, NULL);
    oracle->changes->soft = true;
    oracle->changes->at = at;
}

/* What a Location of the same origin server means: "/a" as it is, "http://www/a" without the host.
 * NULL for anything else. For free(). */
static char *same_origin(const struct oracle *oracle, const struct heard *heard, const char *uri)
{
    const char *host = request_field(&heard->request, "Host");
    const char *scheme = oracle->secure ? "https://" : "http://";
    const size_t len = strlen(scheme);
    if (uri[0] == '/' && uri[1] != '/')
        return strdup(uri);
    if (strncasecmp(uri, scheme, len) != 0 || strncasecmp(uri + len, host, strlen(host)) != 0 ||
        uri[len + strlen(host)] != '/')
        return NULL;
    return strdup(uri + len + strlen(host));
}

static bool is_unsafe(const char *method)
{
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0 &&
           strcmp(method, "OPTIONS") != 0 && strcmp(method, "TRACE") != 0 &&
           strcmp(method, "QUERY") != 0;
}

/* An unsafe request has succeeded [RFC 9111 §4.4, RFC 9875 §3] (D-20). */
static void said_changes(struct oracle *oracle, const struct said *said)
{
    static const char *const links[] = {"Location", "Content-Location"};
    const char *host = request_field(&said->to->request, "Host");
    if (!is_unsafe(said->to->request.method) || said->status < 200 || said->status > 399)
        return;
    change_add(oracle, host, strdup(said->to->request.target), NULL);
    for (size_t i = 0; i < 2; i++) {
        char *link = lines_list(said->lines, links[i]);
        char *target = link ? same_origin(oracle, said->to, link) : NULL;
        if (target) {
            change_add(oracle, host, target, NULL);
            oracle->changes->told = true;
        }
        free(link);
    }
    char *groups = lines_list(said->lines, "Cache-Group-Invalidation");
    const char *walk = groups ? groups : "";
    for (char *group; (group = list_next(&walk));) {
        change_add(oracle, host, NULL, group);
        oracle->changes->told = true;
    }
    free(groups);
}

static void said_learn(struct oracle *oracle, const struct said *said)
{
    char *tag = lines_list(said->lines, "ETag");
    if (tag && (said->status == 200 || said->status == 203))
        oracle_learn_tag(oracle, said->to->request.target, tag, said->content, said->len);
    free(tag);
}

/* Something in the request asks for a 304. */
static bool is_asked(const struct said *said)
{
    return request_field(&said->to->request, "If-None-Match") ||
           request_field(&said->to->request, "If-Modified-Since");
}

struct said *oracle_says(struct oracle *oracle, const struct said *from)
{
    struct said *said = malloc(sizeof *said);
    char *lines = NULL;
    *said = *from;
    said->number = ++oracle->said_count;
    said->tick = ++oracle->tick;
    if (asprintf(&lines, "%s%sSaid: %llu", said->lines, said->lines[0] ? "\n" : "",
                 (unsigned long long)said->number) < 0)
        abort();
    free(said->lines);
    said->lines = lines;
    said->next = oracle->saids;
    oracle->saids = said;
    if (said->status == 500 || (said->status >= 502 && said->status <= 504))
        oracle_mishap(oracle, MISHAP_STATUS);
    if (said->status == 304 && !is_asked(said))
        oracle_mishap(oracle, MISHAP_NONSENSE);
    said_changes(oracle, said);
    said_learn(oracle, said);
    journal_says(oracle->journal, said);
    return said;
}

void oracle_mishap(struct oracle *oracle, enum mishap mishap)
{
    oracle->mishaps[mishap] = ++oracle->tick;
}

void oracle_breaks(struct oracle *oracle, const void *connection, int64_t now)
{
    for (struct said *said = oracle->saids; said && said->at == now; said = said->next)
        said->lost = said->lost || said->on == connection;
}

/* ---- tags ---- */

static const char *opaque(const char *text)
{
    return strncmp(text, "W/", 2) == 0 ? text + 2 : text;
}

const struct tag *oracle_tag(const struct oracle *oracle, const char *target, const char *text,
                             const struct tag *after)
{
    const struct tag *tag = after ? after->next : oracle->tags;
    while (tag && (strcmp(tag->text, opaque(text)) != 0 || strcmp(tag->target, target) != 0))
        tag = tag->next;
    return tag;
}

void oracle_learn_tag(struct oracle *oracle, const char *target, const char *text,
                      const char *content, size_t len)
{
    struct tag *tag = calloc(1, sizeof *tag);
    for (const struct tag *known = NULL; (known = oracle_tag(oracle, target, text, known));) {
        if (!content ||
            (known->content && known->len == len && memcmp(known->content, content, len) == 0)) {
            free(tag);
            return;
        }
    }
    tag->target = strdup(target);
    tag->text = strdup(opaque(text));
    tag->weak = opaque(text) != text;
    if (content) {
        tag->content = malloc(len + 1);
        memcpy(tag->content, content, len);
        tag->content[len] = '\0';
        tag->len = len;
    }
    tag->next = oracle->tags;
    oracle->tags = tag;
}

/* Without what is noise. For free(). */
static char *without(const regex_t *noise, const char *text, size_t *len)
{
    char *left = malloc(*len + 1);
    const char *end = text + *len;
    size_t kept = 0;
    while (text < end) {
        regmatch_t match = {.rm_so = 0, .rm_eo = (regoff_t)(end - text)};
        if (regexec(noise, text, 1, &match, REG_STARTEND) != 0)
            match.rm_so = match.rm_eo = (regoff_t)(end - text);
        memcpy(left + kept, text, (size_t)match.rm_so);
        kept += (size_t)match.rm_so;
        text += match.rm_eo > 0 ? match.rm_eo : 1;
    }
    *len = kept;
    return left;
}

bool oracle_same(const struct oracle *oracle, const char *a, size_t a_len, const char *b,
                 size_t b_len)
{
    if (!oracle->noise)
        return a_len == b_len && memcmp(a, b, a_len) == 0;
    char *one = without(oracle->noise, a, &a_len), *other = without(oracle->noise, b, &b_len);
    const bool same = a_len == b_len && memcmp(one, other, a_len) == 0;
    free(one);
    free(other);
    return same;
}

/* ---- one word and another ---- */

static bool same_value(const char *one, const char *other, const char *name)
{
    char *a = lines_list(one, name), *b = lines_list(other, name);
    const bool same = a && b ? strcmp(opaque(a), opaque(b)) == 0 : !a && !b;
    free(a);
    free(b);
    return same;
}

/* A HEAD shows the validators, or at least the length, of the base [RFC 9111 §4.3.5]. */
static bool shown_by_head(const struct said *word, const struct said *base)
{
    char *length = lines_list(word->lines, "Content-Length");
    const bool fits = length && strtoull(length, NULL, 10) == base->total;
    free(length);
    if (lines_have(word->lines, "ETag"))
        return same_value(word->lines, base->lines, "ETag");
    if (lines_have(word->lines, "Last-Modified"))
        return same_value(word->lines, base->lines, "Last-Modified");
    return fits;
}

/* The request asked whether something with this tag or date is current. */
static bool asked_about(const struct heard *heard, const struct said *base)
{
    char *tags = request_list(&heard->request, "If-None-Match");
    char *date = request_list(&heard->request, "If-Modified-Since");
    char *tag = lines_list(base->lines, "ETag"),
         *modified = lines_list(base->lines, "Last-Modified");
    bool asked = !tags && date && modified && strcmp(date, modified) == 0;
    const char *walk = tags ? tags : "";
    for (char *member; (member = list_next(&walk)); free(member))
        asked = asked || (tag && strcmp(opaque(member), opaque(tag)) == 0);
    free(tags);
    free(date);
    free(tag);
    free(modified);
    return asked;
}

bool said_confirms(const struct said *word, const struct said *base)
{
    const bool head = strcmp(word->to->request.method, "HEAD") == 0;
    if (word == base)
        return true;
    if (word->at < base->to->at || word->malformed || /* within a moment they may have crossed */
        strcmp(word->to->request.target, base->to->request.target) != 0)
        return false;
    if (head && word->status == 200)
        return shown_by_head(word, base);
    if (word->status != 304 || !is_asked(word))
        return false;
    if (lines_have(word->lines, "ETag")) /* [RFC 9111 §4.3.4] */
        return same_value(word->lines, base->lines, "ETag");
    if (lines_have(word->lines, "Last-Modified"))
        return same_value(word->lines, base->lines, "Last-Modified");
    return asked_about(word->to, base);
}

/* Those that a 304 leaves as they were (D-16). */
static bool is_kept(const char *name)
{
    static const char *const kept[] = {"Content-Length", "Content-Encoding", "Content-Range",
                                       "Content-Digest", "Content-MD5",      "Set-Cookie",
                                       "Trailer",        "Connection"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        if (strcasecmp(name, kept[i]) == 0)
            return true;
    }
    return false;
}

/* Appends the lines of `from` that are wanted. */
static char *lines_join(char *to, const char *from, const char *without_those_of, bool update)
{
    char *name, *value;
    while (lines_next(&from, &name, &value)) {
        const bool out =
            without_those_of && ((lines_have(without_those_of, name) && !is_kept(name)) ||
                                 strcasecmp(name, "Age") == 0);
        if (!out && !(update && is_kept(name))) {
            char *joined = NULL;
            if (asprintf(&joined, "%s%s: %s\n", to, name, value) < 0)
                abort();
            free(to);
            to = joined;
        }
        free(name);
        free(value);
    }
    return to;
}

/* A 304 without a validator leaves a response that has one as it is [RFC 9111 §4.3.4]. */
static bool updates(const struct said *word, const struct said *base)
{
    return word->status != 304 || lines_have(word->lines, "ETag") ||
           lines_have(word->lines, "Last-Modified") ||
           (!lines_have(base->lines, "ETag") && !lines_have(base->lines, "Last-Modified"));
}

/* It is for whom it was said to, and nothing of it is stored [RFC 9111 §5.2.2.7]. */
static bool is_withheld(const struct said *said)
{
    const struct terms terms = terms_of(said->lines, said->status, said->wall, false);
    return terms.is_private || terms.no_store;
}

/* It may not have come: its connection broke, or there was no memory for it. */
static bool may_be_lost(const struct oracle *oracle, const struct said *said)
{
    return said->lost || (oracle->forgetful && !oracle->troubled);
}

/* The next word after `after`, and before `last`, that confirms the base, and has come for sure. */
static const struct said *next_word(const struct oracle *oracle, const struct said *base,
                                    const struct said *after, const struct said *last)
{
    const struct said *next = NULL;
    for (const struct said *said = oracle->saids; said && said->tick > after->tick;
         said = said->next) {
        if (said->tick < last->tick && said_confirms(said, base) && updates(said, base) &&
            !is_withheld(said) && !may_be_lost(oracle, said))
            next = said;
    }
    return next;
}

static char *lines_update(char *lines, const struct said *word)
{
    char *updated = lines_join(strdup(""), lines, word->lines, false);
    free(lines);
    return lines_join(updated, word->lines, NULL, true);
}

/* What was said to one who is authorised is kept only if the fields that count then permit it
 * [RFC 9111 §3.5]. */
static bool is_barred(const struct said *said, const char *fields)
{
    return request_field(&said->to->request, "Authorization") &&
           !terms_of(fields, said->status, said->wall, false).permits_authorization;
}

char *said_fields(const struct oracle *oracle, const struct said *base, const struct said *word)
{
    char *lines = lines_join(strdup(""), base->lines, NULL, false);
    for (const struct said *next = base; (next = next_word(oracle, base, next, word));) {
        char *updated = lines_update(strdup(lines), next);
        const bool barred = is_barred(next, updated);
        free(barred ? updated : lines);
        lines = barred ? lines : updated;
    }
    return word == base || !updates(word, base) ? lines : lines_update(lines, word);
}

bool said_between(const struct said *said, const struct said *base, const struct said *word)
{
    return said == base || said == word ||
           (said->tick > base->tick && said->tick < word->tick && said_confirms(said, base) &&
            !is_withheld(said));
}

static int64_t age_of(const struct said *word, int64_t since, int64_t at)
{
    char *said = lines_list(word->lines, "Age"), *text = lines_list(word->lines, "Date");
    const int64_t date = text ? response_date(text) : -1;
    const int64_t value = said && strspn(said, "0123456789") == strlen(said)
                              ? (strlen(said) > 9 ? INT32_MAX : strtoll(said, NULL, 10))
                              : 0;
    const int64_t apparent = date >= 0 && date < word->wall ? word->wall - date : 0;
    const int64_t corrected = value * NS_PER_SECOND + (word->at - since);
    const int64_t initial =
        corrected > apparent * NS_PER_SECOND ? corrected : apparent * NS_PER_SECOND;
    free(said);
    free(text);
    return (initial + (at > word->at ? at - word->at : 0)) / NS_PER_SECOND;
}

int64_t said_age(const struct said *word, int64_t at)
{
    return age_of(word, word->to->at, at);
}

int64_t said_age_most(const struct said *word, int64_t at)
{
    return age_of(word, word->to->since, at) + 1; /* of two fractions of a second */
}
