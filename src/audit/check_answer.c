/* One answer: that it came whole, its validators, its dates, what it says of caches on the way.
 *
 * A field is judged by how libstet reads it: what it cannot read nobody should rely on.
 */
#include "audit/check.h"

#include "base/text.h"
#include "stet/date.h"
#include "stet/digest.h"
#include "stet/etag.h"
#include "stet/policy.h"
#include "stet/sf.h"
#include "stet/vary.h"

enum { CLOCKS_APART = 60 }; /* s that clocks may differ, and the network may take */

/* ---- as such ---- */

static void check_digest(struct check *check, const struct probe *probe)
{
    static const char *const names[] = {"Content-Digest", "Repr-Digest"};
    unsigned char hash[STET_DIGEST_MAX];

    if (probe->cut || probe->status != 200)
        return;
    for (unsigned scope = STET_DIGEST_CONTENT; scope <= STET_DIGEST_REPR; scope++)
        if (stet_digest_of(&probe->response.head, (enum stet_digest_scope)scope,
                           STET_DIGEST_SHA_256, hash) &&
            memcmp(hash, probe->digest, PROBE_DIGEST) != 0)
            check_say(check, FINDING_DIGEST_WRONG, (struct exchanges){probe, NULL}, "%s",
                      names[scope]);
}

bool check_answer(struct check *check, const struct probe *probe)
{
    const struct exchanges proof = {probe, NULL};

    if (!probe->status) {
        check_say(check, FINDING_UNREACHABLE, proof, "%s", probe->words);
        return false;
    }
    if (probe->status < 200 || probe->status > 299) {
        check_say(check, FINDING_STATUS_ERROR, proof, "%d", probe->status);
        return false;
    }
    if (probe->slow)
        check_say(check, FINDING_CONTENT_SLOW, proof, "%llu octets came",
                  (unsigned long long)probe->length);
    else if (probe->cut || probe->length > CHECK_LARGE)
        check_say(check, FINDING_CONTENT_LARGE, proof, "%s%llu octets",
                  probe->cut ? "more than " : "", (unsigned long long)probe->length);
    if (probe->outcome.result != TRANSFER_COMPLETE && !probe->cut)
        check_say(check, FINDING_CONTENT_BROKEN, proof, "%s", probe->words);
    else if (!probe->outcome.delimited && !probe->cut)
        check_say(check, FINDING_CONTENT_UNDELIMITED, proof, "%s", "");
    check_digest(check, probe);
    return probe->outcome.result == TRANSFER_COMPLETE;
}

void check_redirect(struct check *check, const struct probe *probe, unsigned hop)
{
    const struct exchanges proof = {probe, NULL};
    const struct stet_span location = check_value(probe, STET_FIELD_LOCATION);
    const struct stet_cachecontrol control =
        stet_cachecontrol_of_response(&probe->response.head, NULL, 0);

    if (hop == 1)
        check_say(check, FINDING_REDIRECT, proof, "%d to %.*s", probe->status, SHOWN(location));
    if (hop == 2)
        check_say(check, FINDING_REDIRECT_CHAIN, proof, "on to %.*s", SHOWN(location));
    if ((probe->status == 301 || probe->status == 308) &&
        (stet_cachecontrol_has(&control, STET_DIRECTIVE_NO_STORE) ||
         stet_cachecontrol_has(&control, STET_DIRECTIVE_NO_CACHE) ||
         stet_cachecontrol_seconds(&control, STET_DIRECTIVE_MAX_AGE) == 0))
        check_say(check, FINDING_REDIRECT_UNSTORED, proof, "%d with Cache-Control: %.*s",
                  probe->status, SHOWN(check_value(probe, STET_FIELD_CACHE_CONTROL)));
}

/* ---- validators ---- */

static void check_tag(struct check *check, const struct probe *probe)
{
    const struct exchanges proof = {probe, NULL};
    const struct stet_span value = check_value(probe, STET_FIELD_ETAG);
    const struct stet_etag tag = stet_etag_of(&probe->response.head);

    if (stet_head_lines(&probe->response.head, STET_FIELD_ETAG) > 1)
        check_say(check, FINDING_TAG_REPEATED, proof, "%.*s and others", SHOWN(value));
    else if (!stet_etag_present(tag))
        check_say(check, FINDING_TAG_MALFORMED, proof, "%.*s", SHOWN(value));
    else if (tag.weak && !stet_head_has(&probe->response.head, STET_FIELD_CONTENT_ENCODING))
        check_say(check, FINDING_TAG_WEAK, proof, "%.*s", SHOWN(value));
}

static void check_modified(struct check *check, const struct probe *probe)
{
    const struct exchanges proof = {probe, NULL};
    const struct stet_span value = check_value(probe, STET_FIELD_LAST_MODIFIED);
    int64_t modified = 0, date = 0;

    if (!check_date(probe, STET_FIELD_LAST_MODIFIED, &modified)) {
        check_say(check, FINDING_MODIFIED_MALFORMED, proof, "%.*s", SHOWN(value));
        return;
    }
    if (!check_date(probe, STET_FIELD_DATE, &date))
        date = check_now(probe);
    if (value.len != STET_DATE_LENGTH)
        check_say(check, FINDING_MODIFIED_OBSOLETE, proof, "%.*s", SHOWN(value));
    if (modified <= 86400)
        check_say(check, FINDING_MODIFIED_EPOCH, proof, "%.*s", SHOWN(value));
    else if (modified > date)
        check_say(check, FINDING_MODIFIED_FUTURE, proof, "%.*s, %lld s after Date", SHOWN(value),
                  (long long)(modified - date));
}

void check_validators(struct check *check, const struct probe *probe)
{
    const bool tag = stet_head_has(&probe->response.head, STET_FIELD_ETAG);
    const bool modified = stet_head_has(&probe->response.head, STET_FIELD_LAST_MODIFIED);

    if (!tag && !modified)
        check_say(check, FINDING_VALIDATORS_MISSING, (struct exchanges){probe, NULL}, "%s", "");
    else if (!tag)
        check_say(check, FINDING_TAG_MISSING, (struct exchanges){probe, NULL}, "%s", "");
    if (tag)
        check_tag(check, probe);
    if (modified)
        check_modified(check, probe);
}

/* ---- Date and Age ---- */

/* The Age that counts: the first member, if it is a number (D-30). */
static bool age_of(const struct probe *probe, uint64_t *age)
{
    struct stet_list list = stet_list_of(&probe->response.head, STET_FIELD_AGE);
    struct stet_span member;

    return stet_list_next(&list, &member) && stet_span_number(member, STET_SECONDS_MAX, age);
}

static void check_stale(struct check *check, const struct probe *probe, uint64_t age)
{
    struct stet_profile profile = stet_profile_rfc9111();
    const struct stet_response response = {probe->status, probe->response.head};
    const struct stet_cachecontrol control =
        stet_cachecontrol_of_response(&probe->response.head, NULL, 0);
    const int64_t now = check_now(probe);
    const struct stet_times times =
        stet_times_of(&probe->response.head, &(struct stet_arrival){now, now, now});

    profile.heuristics = STET_HEURISTICS_OFF;
    const struct stet_lifetime lifetime = stet_lifetime_of(&profile, &response, &control, &times);
    const uint32_t more =
        stet_cachecontrol_seconds(&control, STET_DIRECTIVE_STALE_WHILE_REVALIDATE);
    const uint64_t most = (uint64_t)lifetime.seconds + (more == STET_SECONDS_NONE ? 0 : more);
    if (lifetime.source != STET_LIFETIME_NONE && age > most)
        check_say(check, FINDING_AGE_STALE, (struct exchanges){probe, NULL},
                  "%llu s old, fresh for %lu s", (unsigned long long)age,
                  (unsigned long)lifetime.seconds);
}

void check_dates(struct check *check, const struct probe *probe)
{
    const struct exchanges proof = {probe, NULL};
    const struct stet_head *head = &probe->response.head;
    int64_t date = 0;
    uint64_t age = 0;
    const bool has_age = age_of(probe, &age);

    if (!has_age && stet_head_has(head, STET_FIELD_AGE))
        check_say(check, FINDING_AGE_MALFORMED, proof, "%.*s",
                  SHOWN(check_value(probe, STET_FIELD_AGE)));
    if (has_age)
        check_stale(check, probe, age);
    if (!stet_head_has(head, STET_FIELD_DATE)) {
        check_say(check, FINDING_DATE_MISSING, proof, "%s", "");
        return;
    }
    if (!check_date(probe, STET_FIELD_DATE, &date)) {
        check_say(check, FINDING_DATE_MALFORMED, proof, "%.*s",
                  SHOWN(check_value(probe, STET_FIELD_DATE)));
        return;
    }
    const int64_t late = check_now(probe) - date - (int64_t)age;
    if (late > CLOCKS_APART && !has_age)
        check_say(check, FINDING_AGE_MISSING, proof, "Date is %lld s old", (long long)late);
    else if (late > CLOCKS_APART || late < -CLOCKS_APART)
        check_say(check, FINDING_DATE_SKEWED, proof, "%lld s %s",
                  (long long)(late < 0 ? -late : late), late < 0 ? "ahead of here" : "behind");
}

/* ---- Vary ---- */

void check_vary(struct check *check, const struct probe *probe)
{
    const struct exchanges proof = {probe, NULL};
    const struct stet_head *head = &probe->response.head;
    const struct stet_list vary = stet_list_of(head, STET_FIELD_VARY);
    const struct stet_span value = check_value(probe, STET_FIELD_VARY);

    if (stet_list_has(vary, STET_SPAN("*")))
        check_say(check, FINDING_VARY_STAR, proof, "%.*s", SHOWN(value));
    else if (stet_vary_any(head))
        check_say(check, FINDING_VARY_MALFORMED, proof, "%.*s", SHOWN(value));
    if (stet_list_has(vary, STET_SPAN("User-Agent")) && !check_private(probe))
        check_say(check, FINDING_VARY_USER_AGENT, proof, "%.*s", SHOWN(value));
    if (stet_list_has(vary, STET_SPAN("Cookie")) && !check_private(probe))
        check_say(check, FINDING_VARY_COOKIE, proof, "%.*s", SHOWN(value));
}

/* ---- Connection ---- */

/* Fields for everybody are none of a connection's options [RFC 9110 §7.6.1]. */
void check_connection(struct check *check, const struct probe *probe)
{
    struct stet_list options = stet_list_of(&probe->response.head, STET_FIELD_CONNECTION);
    struct stet_span option;

    while (stet_list_next(&options, &option)) {
        const enum stet_field_id id = stet_field_id(option);
        if (id != STET_FIELD_UNKNOWN && !stet_field_is_hop(id))
            check_say(check, FINDING_CONNECTION_NAMES, (struct exchanges){probe, NULL},
                      "Connection: %.*s", SHOWN(option));
    }
}

/* ---- Cache-Status ---- */

/* One member in words: "edge: asked the origin (uri-miss), stored". */
static void describe_member(const struct stet_sf_member *member, struct text *text)
{
    struct stet_sf_member said;

    text_say(text, "%s%.*s:", text->len ? "; " : "", SHOWN(member->text));
    if (stet_sf_parameter(member, STET_SPAN("hit"), &said) && said.number)
        text_say(text, " a hit");
    if (stet_sf_parameter(member, STET_SPAN("fwd"), &said))
        text_say(text, " asked the origin (%.*s)", SHOWN(said.text));
    if (stet_sf_parameter(member, STET_SPAN("stored"), &said) && said.number)
        text_say(text, ", stored it");
    if (stet_sf_parameter(member, STET_SPAN("ttl"), &said))
        text_say(text, said.number < 0 ? ", stale for %lld s" : ", fresh for %lld s",
                 (long long)(said.number < 0 ? -said.number : said.number));
    if (stet_sf_parameter(member, STET_SPAN("detail"), &said))
        text_say(text, ", detail \"%.*s\"", SHOWN(said.text));
}

void check_cache_status(struct check *check, const struct probe *probe)
{
    const struct exchanges proof = {probe, NULL};
    const struct stet_head *head = &probe->response.head;
    const struct stet_field *own = stet_head_named(head, STET_SPAN("X-Cache"));
    struct text text = {0};
    struct stet_sf walk;
    struct stet_sf_member member;

    if (stet_sf_of(&walk, head, STET_FIELD_CACHE_STATUS, STET_SF_LIST)) {
        while (stet_sf_next(&walk, &member))
            describe_member(&member, &text);
        check_say(check, FINDING_CACHE_STATUS, proof, "%.*s", (int)text.len,
                  text.at ? text.at : "");
        check->failed |= text.failed;
        text_fini(&text);
    } else if (stet_head_has(head, STET_FIELD_CACHE_STATUS)) {
        check_say(check, FINDING_CACHE_STATUS_MALFORMED, proof, "%.*s",
                  SHOWN(check_value(probe, STET_FIELD_CACHE_STATUS)));
    }
    if (own)
        check_say(check, FINDING_X_CACHE, proof, "X-Cache: %.*s", SHOWN(own->value));
}
