/* The judgement of a cache over arbitrary heads: what must hold whatever they say.
 *
 * The first octets choose profile, methods, statuses and times; the rest is four heads divided by
 * empty lines: of the request that was answered, of its response, of a later request, and of the
 * origin's answer to that. A line is a letter or two that name the field, a colon and its value.
 */
#include "fuzz.h"
#include "stet/etag.h"
#include "stet/metadata.h"
#include "stet/reuse.h"
#include "stet/update.h"
#include "stet/validation.h"
#include "stet/vary.h"

#define CHOICES 10
#define FIELDS_MAX 24
#define NOW_MAX INT64_C(4000000000)

static const struct {
    const char *code;
    const char *name;
} names[] = {
    {"c", "Cache-Control"},
    {"d", "Date"},
    {"a", "Age"},
    {"e", "Expires"},
    {"l", "Last-Modified"},
    {"t", "ETag"},
    {"v", "Vary"},
    {"n", "If-None-Match"},
    {"s", "If-Modified-Since"},
    {"m", "If-Match"},
    {"r", "Range"},
    {"R", "Content-Range"},
    {"L", "Content-Length"},
    {"A", "Authorization"},
    {"S", "Set-Cookie"},
    {"T", "CDN-Cache-Control"},
    {"C", "Connection"},
    {"p", "Pragma"},
    {"P", "Proxy-Authenticate"},
    {"D", "Repr-Digest"},
    {"x", "X-Foo"},
    {"y", "Accept-Encoding"},
    {"E", "Content-Encoding"},
    {"k", "Keep-Alive"},
};

struct message {
    struct stet_field fields[FIELDS_MAX];
    struct stet_head head;
};

static struct stet_span name_of(struct stet_span code)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (stet_span_equal(code, stet_span_of(names[i].code)))
            return stet_span_of(names[i].name);
    return stet_span_is_token(code) ? code : STET_SPAN("X-Bar");
}

static struct stet_span line_next(struct stet_span *rest)
{
    struct stet_span line = stet_span(rest->at, stet_span_find(*rest, '\n'));
    *rest = stet_span_from(*rest, line.len + 1);
    return line;
}

static void message_read(struct message *to, struct stet_span *rest)
{
    struct stet_span line;

    to->head = (struct stet_head){.fields = to->fields};
    while (rest->len && (line = line_next(rest)).len) {
        size_t colon = stet_span_find(line, ':');
        if (to->head.count < FIELDS_MAX)
            stet_head_add(&to->head, to->fields, name_of(stet_span(line.at, colon)),
                          stet_span_from(line, colon + 1));
    }
}

static struct stet_profile profile_of(uint8_t choice)
{
    struct stet_profile profile = choice & 1 ? stet_profile_private() : stet_profile_gateway();

    profile.heuristics = (choice >> 1) % 3;
    profile.cookies = (choice >> 3) % 3;
    profile.ranges = choice & 32;
    profile.request_freshness = choice & 64;
    profile.validates_bare = choice & 128;
    return profile;
}

static bool has(const struct stet_cachecontrol *directives, enum stet_directive directive)
{
    return stet_cachecontrol_has(directives, directive);
}

static void check_storing(const struct stet_profile *profile,
                          const struct stet_transaction *transaction,
                          const struct stet_storing *storing)
{
    const struct stet_cachecontrol *said = &storing->directives;
    struct stet_cachecontrol asked = stet_cachecontrol_of_request(&transaction->request->head);
    bool shared = profile->role == STET_ROLE_SHARED;

    must(storing->allowed == (storing->reason == STET_REASON_STORABLE));
    must(storing->reason > STET_REASON_NONE && storing->reason < STET_REASON_COUNT);
    if (!storing->allowed)
        return;
    must(!has(said, STET_DIRECTIVE_NO_STORE) || has(said, STET_DIRECTIVE_MUST_UNDERSTAND));
    must(!said->unclosed && !has(&asked, STET_DIRECTIVE_NO_STORE));
    must(!shared || !has(said, STET_DIRECTIVE_PRIVATE));
    must(!stet_vary_any(&transaction->response->head));
    must(!shared || !stet_head_has(&transaction->request->head, STET_FIELD_AUTHORIZATION) ||
         has(said, STET_DIRECTIVE_PUBLIC) || has(said, STET_DIRECTIVE_MUST_REVALIDATE) ||
         has(said, STET_DIRECTIVE_S_MAXAGE));
    must(transaction->response->status >= 200 && transaction->response->status != 304);
    must(transaction->request->method == STET_METHOD_GET ||
         transaction->request->method == STET_METHOD_HEAD);
    must(!transaction->request_content);
    must(transaction->response->status != 206 || profile->ranges);
}

static void check_keeping(const struct stet_profile *profile, const struct stet_head *head,
                          const struct stet_cachecontrol *said)
{
    for (size_t i = 0; i < head->count; i++) {
        const struct stet_field *field = &head->fields[i];
        bool keeps = stet_may_keep(profile, head, said, field);
        must(!keeps || !stet_field_is_hop(field->id));
        must(!keeps || field->id != STET_FIELD_PROXY_AUTHENTICATE);
        must(!keeps || !stet_head_connection_names(head, field->name));
        must(!keeps || !stet_cachecontrol_names(said, STET_DIRECTIVE_NO_CACHE, field->name));
        must(!keeps || field->id != STET_FIELD_SET_COOKIE || profile->role == STET_ROLE_PRIVATE ||
             profile->cookies == STET_COOKIES_KEEP);
    }
}

static void check_reuse(const struct stet_profile *profile, const struct stet_stored *stored,
                        const struct stet_asked *asked, int64_t now)
{
    struct stet_reuse reuse = stet_may_reuse(profile, stored, asked, now);
    struct stet_reuse later = stet_may_reuse(profile, stored, asked, now + 1);
    bool stale = reuse.answer == STET_REUSE_STALE || reuse.answer == STET_REUSE_REFRESH;

    must(reuse.reason > STET_REASON_NONE && reuse.reason < STET_REASON_COUNT);
    must(reuse.age <= STET_SECONDS_MAX && later.age >= reuse.age && later.ttl <= reuse.ttl);
    must(reuse.ttl == (int64_t)stored->lifetime - reuse.age);
    must(reuse.answer != STET_REUSE_FRESH || (reuse.ttl > 0 && !stored->no_cache));
    must(!stale || (reuse.ttl <= 0 && !stored->no_cache && !stored->marked));
    must(!stale || stored->barred == STET_REASON_NONE);
    must(later.answer != STET_REUSE_FRESH || reuse.answer == STET_REUSE_FRESH);
    must(!asked->only_if_cached ||
         (reuse.answer != STET_REUSE_VALIDATE && reuse.answer != STET_REUSE_FORWARD));
    must(asked->method == STET_METHOD_GET || asked->method == STET_METHOD_HEAD ||
         asked->method == STET_METHOD_QUERY || reuse.answer == STET_REUSE_FORWARD ||
         reuse.answer == STET_REUSE_TIMEOUT);
    for (int status = 499; status < 506; status++) {
        int code = status == 499 ? 0 : status;
        reuse = stet_may_reuse_on_error(profile, stored, asked, code, now);
        must(reuse.answer == STET_REUSE_FRESH || reuse.answer == STET_REUSE_STALE ||
             reuse.answer == STET_REUSE_ERROR);
        must(reuse.answer != STET_REUSE_STALE || stored->barred == STET_REASON_NONE);
        must(reuse.answer == STET_REUSE_ERROR || (!stored->no_cache && !stored->marked));
        must(reuse.answer == STET_REUSE_ERROR || (code != 501 && code != 505));
    }
}

/* The head as a cache has it stored. */
static void store(const struct stet_profile *profile, const struct stet_head *head,
                  const struct stet_cachecontrol *said, struct message *to)
{
    to->head = (struct stet_head){.fields = to->fields};
    for (size_t i = 0; i < head->count; i++)
        if (stet_may_keep(profile, head, said, &head->fields[i]))
            to->fields[to->head.count++] = head->fields[i];
    stet_head_index(&to->head);
}

static void check_update(const struct stet_profile *profile, const struct stet_head *response,
                         const struct stet_cachecontrol *said, const struct stet_head *fresh)
{
    struct stet_field once[2 * FIELDS_MAX], twice[3 * FIELDS_MAX];
    struct stet_head updated, again;
    struct message kept;
    const struct stet_head *stored = &kept.head;

    store(profile, response, said, &kept);
    if (stet_update(profile, stored, fresh, once, &updated) != STET_REASON_UPDATED)
        return;
    must(updated.count <= stored->count + fresh->count);
    must(!stet_head_has(fresh, STET_FIELD_CONTENT_LENGTH) ||
         stet_head_lines(&updated, STET_FIELD_CONTENT_LENGTH) ==
             stet_head_lines(stored, STET_FIELD_CONTENT_LENGTH) ||
         stet_head_lines(&updated, STET_FIELD_CONTENT_LENGTH) == 0);
    must(stet_head_has(fresh, STET_FIELD_AGE) || !stet_head_has(&updated, STET_FIELD_AGE));
    for (size_t i = 0; i < updated.count; i++)
        must(stet_metadata_is_stored(&updated, &updated.fields[i]));
    must(stet_update(profile, &updated, fresh, twice, &again) == STET_REASON_UPDATED);
    must(again.count == updated.count);
}

static void check_validation(const struct stet_request *request, const struct stet_response *answer,
                             const struct stet_candidates *candidates)
{
    static char tags[8000], selection[8000];
    struct stet_validation plan = stet_validation_of(request, candidates);
    size_t length = stet_validation_tags(&plan, request, candidates, tags, sizeof tags);
    struct stet_validated verdict = stet_validation_judge(&plan, request, candidates, answer);
    uint32_t all = (UINT32_C(1) << candidates->count) - 1;

    must(length <= sizeof tags && (plan.asks || length == 0));
    must(!(plan.sent & ~all) && !(verdict.renew & ~all) && !(verdict.update & ~verdict.renew));
    must(verdict.answer != STET_VALIDATED_USE || (verdict.renew >> verdict.use & 1));
    must(answer->status == 304 || verdict.renew == 0);
    must(verdict.answer != STET_VALIDATED_PASS || plan.conditional);
    struct stet_etag tag = stet_etag_of(&answer->head);
    for (size_t i = 0; stet_etag_present(tag) && i < candidates->count; i++)
        must(!(verdict.renew >> i & 1) ||
             stet_etag_equal_weak(tag, stet_etag_of(candidates->at[i].head)));
    struct stet_list vary = stet_list_of(candidates->at[0].head, STET_FIELD_VARY);
    length = stet_vary_select(vary, &request->head, selection, sizeof selection);
    if (length <= sizeof selection && !stet_vary_any(candidates->at[0].head))
        must(stet_vary_match(stet_span(selection, length), &request->head));
}

static enum stet_method method_of(uint8_t choice)
{
    return choice < 200 ? STET_METHOD_GET : choice % (STET_METHOD_QUERY + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = {200, 304, 206, 404, 503, 301, 599, 103, 0, 700};
    struct message heads[4];

    if (size < CHOICES || size > 4000)
        return 0;
    struct stet_span rest = stet_span((const char *)data + CHOICES, size - CHOICES);
    for (size_t i = 0; i < 4; i++)
        message_read(&heads[i], &rest);
    struct stet_profile profile = profile_of(data[0]);
    struct stet_request first = {.method = method_of(data[1]), .head = heads[0].head};
    struct stet_response response = {statuses[data[2] % 10], heads[1].head};
    struct stet_request later = {.method = method_of(data[3]), .head = heads[2].head};
    struct stet_response answer = {statuses[data[4] % 10], heads[3].head};
    struct stet_transaction transaction = {
        .request = &first,
        .response = &response,
        .arrival = {data[5], data[5] + (data[6] & 15), INT64_C(784111777) + data[7]},
        .request_content = data[6] & 128,
        .incomplete = data[6] & 64,
        .unsecured = data[6] & 32};
    struct stet_storing storing = stet_may_store(&profile, &transaction);
    check_storing(&profile, &transaction, &storing);
    check_keeping(&profile, &response.head, &storing.directives);

    struct stet_stored stored = stet_stored_of(&profile, &transaction, &storing.directives);
    stored.marked = data[8] & 1;
    struct stet_asked asked = stet_asked_of(&profile, &later, data[8] & 2);
    must(stored.lifetime <= STET_SECONDS_MAX);
    int64_t now = (int64_t)data[9] * data[9] * (data[8] & 4 ? NOW_MAX / 65025 : 1);
    check_reuse(&profile, &stored, &asked, now);
    check_update(&profile, &response.head, &storing.directives, &answer.head);

    struct stet_candidate candidates[2] = {{&response.head, &stored, data[8] & 8, false},
                                           {&heads[0].head, &stored, true, data[8] & 32}};
    struct stet_candidates both = {candidates, data[8] & 16 ? 2 : 1};
    check_validation(&later, &answer, &both);
    return 0;
}
