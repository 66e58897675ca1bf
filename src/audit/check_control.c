/* What an answer says of keeping it: Cache-Control, Expires, cookies, and whether that fits its
 * name.
 *
 * Names are judged in two directions, and in doubt nothing is said: a name that might carry a
 * version may be kept for ever, and only one that nobody would write by hand should be.
 */
#include "audit/check.h"

#include "stet/policy.h"
#include "stet/uri.h"

enum {
    LIFETIME_LONG = 90 * 86400, /* s: as good as for ever */
    LIFETIME_SHORT = 7 * 86400,
    EXPIRES_APART = 60,
    HASH_DIGITS = 8,
    UUID_TAIL = 12, /* digits of its last group */
    VERSION_DIGITS = 2
};

static struct stet_cachecontrol control_of(const struct probe *probe)
{
    return stet_cachecontrol_of_response(&probe->response.head, NULL, 0);
}

/* ---- names ---- */

static struct stet_span last_part(struct stet_span path)
{
    for (size_t i = path.len; i-- > 0;)
        if (path.at[i] == '/')
            return stet_span_from(path, i + 1);
    return path;
}

static bool is_hex(char c)
{
    return stet_byte_is_digit((unsigned char)c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* What a build makes names for; other files may be named by numbers that are no hashes. */
static bool is_built(struct stet_span extension)
{
    static const struct stet_span built[] = {
        STET_SPAN_INIT("js"),   STET_SPAN_INIT("mjs"),  STET_SPAN_INIT("css"),
        STET_SPAN_INIT("wasm"), STET_SPAN_INIT("woff"), STET_SPAN_INIT("woff2"),
        STET_SPAN_INIT("png"),  STET_SPAN_INIT("svg"),  STET_SPAN_INIT("jpg"),
        STET_SPAN_INIT("webp"), STET_SPAN_INIT("avif"),
    };

    for (size_t i = 0; i < sizeof built / sizeof built[0]; i++)
        if (stet_span_equal_nocase(extension, built[i]))
            return true;
    return false;
}

static bool is_hash(struct stet_span word)
{
    size_t digits = 0;

    for (size_t i = 0; i < word.len; i++) {
        if (!is_hex(word.at[i]))
            return false;
        digits += stet_byte_is_digit((unsigned char)word.at[i]);
    }
    return word.len >= HASH_DIGITS && digits >= 2 && word.len - digits >= 2;
}

/* A hash behind a name and before the extension: "app.4f3c9a1b.js", "app-4f3c9a1b.js". A number
 * that is all of the name, or the end of a UUID, may be one of a thing that changes. */
bool check_named_by_hash(struct stet_span path)
{
    const struct stet_span name = last_part(path);
    size_t dot = name.len, from;

    while (dot > 0 && name.at[dot - 1] != '.')
        dot--;
    if (dot < 2 || !is_built(stet_span_from(name, dot)))
        return false;
    for (from = dot - 1; from > 0 && is_hex(name.at[from - 1]); from--)
        ;
    const struct stet_span word = stet_span(name.at + from, dot - 1 - from);
    const bool parted = from > 1 && strchr(".-_", name.at[from - 1]) != NULL;
    const bool uuid = word.len == UUID_TAIL && from > 4 && name.at[from - 1] == '-' &&
                      is_hex(name.at[from - 2]) && is_hex(name.at[from - 3]);
    return parted && !uuid && is_hash(word);
}

bool check_named_by_version(struct stet_span path)
{
    size_t digits = 0, changes = 0;

    for (size_t i = 0; i < path.len; i++) {
        const bool digit = stet_byte_is_digit((unsigned char)path.at[i]);
        const bool upper = path.at[i] >= 'A' && path.at[i] <= 'Z';
        digits += digit;
        changes += i > 0 && upper && path.at[i - 1] >= 'a' && path.at[i - 1] <= 'z';
    }
    return digits >= VERSION_DIGITS || changes >= 2;
}

/* ---- Cache-Control ---- */

uint32_t check_lifetime(const struct probe *probe, enum stet_lifetime_source *source)
{
    struct stet_profile profile = stet_profile_private();
    const struct stet_response response = {probe->status, probe->response.head};
    const struct stet_cachecontrol control = control_of(probe);
    const int64_t now = check_now(probe);
    const struct stet_times times =
        stet_times_of(&probe->response.head, &(struct stet_arrival){now, now, now});

    profile.heuristics = STET_HEURISTICS_OFF;
    const struct stet_lifetime lifetime = stet_lifetime_of(&profile, &response, &control, &times);
    *source = lifetime.source;
    if (check_no_store(probe) || stet_cachecontrol_has(&control, STET_DIRECTIVE_NO_CACHE))
        return 0;
    return lifetime.seconds;
}

/* Two directives that cannot both be meant; seconds count if they are more than 0. */
struct contradiction {
    enum stet_directive one, other;
};

static const struct contradiction contradictions[] = {
    {STET_DIRECTIVE_NO_STORE, STET_DIRECTIVE_MAX_AGE},
    {STET_DIRECTIVE_NO_STORE, STET_DIRECTIVE_S_MAXAGE},
    {STET_DIRECTIVE_NO_STORE, STET_DIRECTIVE_PUBLIC},
    {STET_DIRECTIVE_NO_STORE, STET_DIRECTIVE_IMMUTABLE},
    {STET_DIRECTIVE_NO_CACHE, STET_DIRECTIVE_IMMUTABLE},
    {STET_DIRECTIVE_PRIVATE, STET_DIRECTIVE_PUBLIC},
    {STET_DIRECTIVE_PRIVATE, STET_DIRECTIVE_S_MAXAGE},
    {STET_DIRECTIVE_MUST_REVALIDATE, STET_DIRECTIVE_STALE_WHILE_REVALIDATE},
    {STET_DIRECTIVE_MUST_REVALIDATE, STET_DIRECTIVE_STALE_IF_ERROR},
};

static bool is_said(const struct stet_cachecontrol *control, enum stet_directive directive)
{
    if (directive == STET_DIRECTIVE_NO_STORE && /* one of them is ignored [RFC 9111 §5.2.2.3] */
        stet_cachecontrol_has(control, STET_DIRECTIVE_MUST_UNDERSTAND))
        return false;
    return stet_cachecontrol_has(control, directive) &&
           ((unsigned)directive >= STET_DIRECTIVES_TIMED ||
            stet_cachecontrol_seconds(control, directive) > 0);
}

static void check_contradictions(struct check *check, const struct probe *probe,
                                 const struct stet_cachecontrol *control)
{
    for (size_t i = 0; i < sizeof contradictions / sizeof contradictions[0]; i++) {
        const struct stet_span one = stet_directive_name(contradictions[i].one);
        const struct stet_span other = stet_directive_name(contradictions[i].other);
        if (is_said(control, contradictions[i].one) && is_said(control, contradictions[i].other))
            check_say(check, FINDING_CONTROL_CONFLICT, (struct exchanges){probe, NULL},
                      "%.*s and %.*s", SHOWN(one), SHOWN(other));
    }
}

static bool is_directive(struct stet_span name)
{
    for (unsigned i = 0; i < STET_DIRECTIVE_COUNT; i++)
        if (stet_span_equal_nocase(name, stet_directive_name((enum stet_directive)i)))
            return true;
    return false;
}

static void check_spelling(struct check *check, const struct probe *probe)
{
    struct stet_list list = stet_list_of(&probe->response.head, STET_FIELD_CACHE_CONTROL);
    struct stet_span member;

    while (stet_list_next(&list, &member)) {
        const struct stet_span name =
            stet_span_trim(stet_span(member.at, stet_span_find(member, '=')));
        if (!stet_span_is_token(name))
            check_say(check, FINDING_CONTROL_MALFORMED, (struct exchanges){probe, NULL}, "%.*s",
                      SHOWN(member));
        else if (!is_directive(name))
            check_say(check, FINDING_CONTROL_UNKNOWN, (struct exchanges){probe, NULL}, "%.*s",
                      SHOWN(member));
    }
}

static void check_flaws(struct check *check, const struct probe *probe,
                        const struct stet_cachecontrol *control)
{
    for (unsigned i = 0; i < STET_DIRECTIVE_COUNT; i++) {
        const struct stet_span name = stet_directive_name((enum stet_directive)i);
        if (control->flawed >> i & 1)
            check_say(check, FINDING_CONTROL_MALFORMED, (struct exchanges){probe, NULL}, "%.*s",
                      SHOWN(name));
    }
    if (control->unclosed)
        check_say(check, FINDING_CONTROL_MALFORMED, (struct exchanges){probe, NULL},
                  "quotes never close");
}

static void check_expires(struct check *check, const struct probe *probe,
                          const struct stet_cachecontrol *control)
{
    const struct exchanges proof = {probe, NULL};
    const struct stet_span value = check_value(probe, STET_FIELD_EXPIRES);
    const uint32_t max_age = stet_cachecontrol_seconds(control, STET_DIRECTIVE_MAX_AGE);
    int64_t expires = 0, date = 0;

    if (!value.at)
        return;
    if (!check_date(probe, STET_FIELD_EXPIRES, &expires)) {
        check_say(check, FINDING_EXPIRES_MALFORMED, proof, "Expires: %.*s", SHOWN(value));
        return;
    }
    if (!check_date(probe, STET_FIELD_DATE, &date) || max_age == STET_SECONDS_NONE)
        return;
    int64_t lifetime = expires > date ? expires - date : 0;
    int64_t apart = lifetime - (int64_t)max_age;
    if (apart > EXPIRES_APART || apart < -EXPIRES_APART)
        check_say(check, FINDING_EXPIRES_CONFLICT, proof, "Expires says %lld s, max-age %lu s",
                  (long long)lifetime, (unsigned long)max_age);
}

static void check_name(struct check *check, const struct probe *probe,
                       const struct stet_cachecontrol *control)
{
    const struct exchanges proof = {probe, NULL};
    const bool immutable = stet_cachecontrol_has(control, STET_DIRECTIVE_IMMUTABLE);
    const bool kept = !check_private(probe);
    enum stet_lifetime_source source;
    const uint32_t lifetime = check_lifetime(probe, &source);
    struct stet_uri uri;

    if (immutable && source == STET_LIFETIME_NONE)
        check_say(check, FINDING_IMMUTABLE_STALE, proof, "%s", "");
    if (!stet_uri_split(stet_span_of(probe->url), &uri))
        return;
    const bool version = uri.query.at || check_named_by_version(last_part(uri.path));
    if (!version && lifetime > 0 && (immutable || lifetime >= LIFETIME_LONG))
        check_say(check, FINDING_IMMUTABLE_PLAIN, proof, "%s%lu s", immutable ? "immutable, " : "",
                  (unsigned long)lifetime);
    if (kept && check_named_by_hash(uri.path) && lifetime < LIFETIME_SHORT)
        check_say(check, FINDING_FINGERPRINT_SHORT, proof,
                  source == STET_LIFETIME_NONE ? "nothing says how long" : "fresh for %lu s",
                  (unsigned long)lifetime);
}

/* It says how long, and says no more than it needs. */
static void check_sense(struct check *check, const struct probe *probe,
                        const struct stet_cachecontrol *control)
{
    const struct exchanges proof = {probe, NULL};
    const struct stet_span value = check_value(probe, STET_FIELD_CACHE_CONTROL);
    enum stet_lifetime_source source;

    (void)check_lifetime(probe, &source);
    const bool bounded = stet_cachecontrol_has(control, STET_DIRECTIVE_NO_STORE) ||
                         stet_cachecontrol_has(control, STET_DIRECTIVE_NO_CACHE) ||
                         source != STET_LIFETIME_NONE;
    if (stet_cachecontrol_has(control, STET_DIRECTIVE_MUST_UNDERSTAND) &&
        !stet_cachecontrol_has(control, STET_DIRECTIVE_NO_STORE))
        check_say(check, FINDING_UNDERSTAND_ALONE, proof, "%.*s", SHOWN(value));
    if (check_has(check, FINDING_CONTROL_MALFORMED) || check_has(check, FINDING_CONTROL_CONFLICT))
        return;
    if (!bounded && !check_has(check, FINDING_IMMUTABLE_STALE))
        check_say(check, FINDING_LIFETIME_MISSING, proof, "%.*s", SHOWN(value));
    else if (bounded)
        check_say(check, FINDING_CONTROL_GOOD, proof, "%.*s", SHOWN(value));
    if (bounded && stet_cachecontrol_has(control, STET_DIRECTIVE_PUBLIC) &&
        !stet_head_has(&probe->request.head, STET_FIELD_AUTHORIZATION))
        check_say(check, FINDING_PUBLIC_NEEDLESS, proof, "%.*s", SHOWN(value));
}

void check_control(struct check *check, const struct probe *probe)
{
    const struct exchanges proof = {probe, NULL};
    const struct stet_head *head = &probe->response.head;
    const struct stet_cachecontrol control = control_of(probe);
    const bool validators =
        stet_head_has(head, STET_FIELD_ETAG) || stet_head_has(head, STET_FIELD_LAST_MODIFIED);

    if (stet_head_has(head, STET_FIELD_PRAGMA))
        check_say(check, FINDING_PRAGMA, proof, "Pragma: %.*s",
                  SHOWN(check_value(probe, STET_FIELD_PRAGMA)));
    check_expires(check, probe, &control);
    check_name(check, probe, &control);
    if (!stet_head_has(head, STET_FIELD_CACHE_CONTROL)) {
        if (!stet_head_has(head, STET_FIELD_EXPIRES))
            check_say(check, FINDING_CONTROL_MISSING, proof, "%s", "");
        return;
    }
    check_flaws(check, probe, &control);
    check_spelling(check, probe);
    check_contradictions(check, probe, &control);
    if (validators && check_no_store(probe) && !stet_head_has(head, STET_FIELD_SET_COOKIE))
        check_say(check, FINDING_NO_STORE_VALIDATOR, proof, "%s", "");
    check_sense(check, probe, &control);
}

/* ---- cookies ---- */

void check_cookies(struct check *check, const struct probe *probe)
{
    const struct exchanges proof = {probe, NULL};
    const struct stet_cachecontrol control = control_of(probe);
    enum stet_lifetime_source source;

    if (!stet_head_has(&probe->response.head, STET_FIELD_SET_COOKIE) || check_private(probe))
        return;
    if (stet_cachecontrol_has(&control, STET_DIRECTIVE_PUBLIC) ||
        is_said(&control, STET_DIRECTIVE_S_MAXAGE))
        check_say(check, FINDING_COOKIE_PUBLIC, proof, "%s", "");
    else if (check_lifetime(probe, &source) > 0)
        check_say(check, FINDING_COOKIE_SHARED, proof, "%s", "");
}
