/* One audit: finds out whose words an answer repeats, and whether it may.
 *
 *     no "Said"     made by the gateway itself: an error, or a 304, 412, 416 about what is stored
 *     "Said: n"     n is the last word; its base is the response whose octets these are
 *                   pieces: octets put together of several, under one strong tag
 */
#include "oracle.h"

#include "lines.h"
#include "statusfield.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool audit_fault(const struct audit *audit, const char *form, ...)
{
    va_list arguments;
    va_start(arguments, form);
    vsnprintf(audit->fault, RESPONSE_FAULT, form, arguments);
    va_end(arguments);
    return false;
}

static bool is_method(const struct audit *audit, const char *method)
{
    return strcmp(audit->asking->method, method) == 0;
}

/* ---- octets ---- */

/* Where the octets of an answer belong. */
struct place {
    size_t first, len; /* len: of the answer, whole or not */
    size_t total;      /* 0: not said */
};

static bool place_of(const struct response *response, struct place *place)
{
    const char *range = response_field(response, "Content-Range");
    size_t last = 0;
    *place = (struct place){.len = response->len};
    if (response->status != 206)
        return true;
    return range && sscanf(range, "bytes %zu-%zu/%zu", &place->first, &last, &place->total) == 3 &&
           last >= place->first && last < place->total && response->len <= last - place->first + 1;
}

/* The octets at `first` are those of the response, as far as it has said them. */
static bool has_octets(const struct said *said, size_t first, const char *octets, size_t len)
{
    if (len == 0)
        return true;
    return first >= said->first && first - said->first <= said->sent &&
           len <= said->sent - (first - said->first) &&
           memcmp(said->content + (first - said->first), octets, len) == 0;
}

/* Part after part of multipart/byteranges [RFC 9110 §14.6]. */
static bool parts_fit(const struct response *response, const struct said *base)
{
    const char *type = response_field(response, "Content-Type");
    const char *boundary = type ? strstr(type, "boundary=") : NULL;
    const char *at = response->body;
    size_t parts = 0;
    while (boundary && (at = strstr(at, "Content-Range: bytes "))) {
        size_t first, last, total;
        const char *content = strstr(at, "\r\n\r\n");
        if (!content ||
            sscanf(at, "Content-Range: bytes %zu-%zu/%zu", &first, &last, &total) != 3 ||
            total != base->total || last < first || last >= total ||
            (size_t)(response->body + response->len - content - 4) < last - first + 1 ||
            !has_octets(base, first, content + 4, last - first + 1))
            return false;
        at = content + 4 + (last - first + 1);
        parts++;
    }
    return parts > 0;
}

/* HEAD tells of the content, and has none. */
static bool head_fits(const struct audit *audit, const struct said *base)
{
    const char *length = response_field(audit->response, "Content-Length");
    char *said = lines_list(base->lines, "Content-Length");
    const bool fits = !length || strtoull(length, NULL, 10) ==
                                     (said && strcmp(base->to->request.method, "HEAD") == 0
                                          ? strtoull(said, NULL, 10)
                                          : base->total);
    free(said);
    return fits;
}

/* An odd Content-Range, as it came. */
static bool passes_range(const struct response *response, const struct said *base)
{
    char *said = lines_list(base->lines, "Content-Range");
    const char *range = response_field(response, "Content-Range");
    const bool same = said && range && strcmp(said, range) == 0;
    free(said);
    return same;
}

/* The answer has the octets of the base. */
static bool octets_fit(const struct audit *audit, const struct said *base)
{
    const struct response *response = audit->response;
    const bool cut_out = response->status == 206 && base->status == 200;
    struct place place;
    if (base->malformed || (response->status != base->status && !cut_out))
        return false;
    if (is_method(audit, "HEAD"))
        return head_fits(audit, base);
    if (response->status == 206 && !response_field(response, "Content-Range"))
        return audit->whole && parts_fit(response, base);
    if (audit_is_direct(audit, base) && base->status == 206 && passes_range(response, base))
        return has_octets(base, base->first, response->body, response->len);
    if (!place_of(response, &place) || (place.total && place.total != base->total))
        return false;
    if (audit->whole && response->status != 206 && (!base->whole || base->len != response->len))
        return false;
    return has_octets(base, place.first, response->body ? response->body : "", response->len);
}

/* ---- pieces ---- */

static bool has_strong_tag(const struct said *said, const char *tag)
{
    char *own = lines_list(said->lines, "ETag");
    const bool same = own && strcmp(own, tag) == 0;
    free(own);
    return same;
}

/* How far a response goes. What a HEAD shows may be whole before its last octet has come. */
static size_t piece_length(const struct audit *audit, const struct said *said)
{
    return is_method(audit, "HEAD") ? said->len : said->sent;
}

/* Is this octet in one of the responses under the tag that the gateway may have kept, or got for
 * this request? */
static const struct said *piece_with(const struct audit *audit, const char *tag, size_t at,
                                     size_t total)
{
    const struct said *said = audit->oracle->saids;
    char why[RESPONSE_FAULT];
    for (; said; said = said->next) {
        if (audit_is_about(audit, said) && !said->malformed && has_strong_tag(said, tag) &&
            strcmp(said->to->request.method, "GET") == 0 &&
            (said->status == 200 || said->status == 206) && said->total == total &&
            at >= said->first && at - said->first < piece_length(audit, said) &&
            (audit_is_direct(audit, said) || audit_may_share(audit, said, said->lines, why)))
            return said;
    }
    return NULL;
}

/* Octets of the whole that an answer stands for. */
struct extent {
    size_t first, len, total;
};

/* Of a HEAD, what a GET would get [RFC 9110 §9.3.2]. False if that cannot be pieces. */
static bool extent_of(const struct audit *audit, struct extent *extent)
{
    const struct response *response = audit->response;
    const char *length = response_field(response, "Content-Length");
    struct place place;
    if (!place_of(response, &place) || (response->status != 200 && response->status != 206))
        return false;
    *extent = (struct extent){.first = place.first, .len = response->len, .total = place.total};
    if (is_method(audit, "HEAD")) {
        extent->len = extent->total = length ? strtoull(length, NULL, 10) : 0;
        return response->status == 200 && extent->len > 0;
    }
    if (response->status == 200)
        extent->total = response->expects;
    return response->len > 0 &&
           !(audit->whole && response->status == 200 && response->len != extent->total);
}

/* All octets come from responses with one strong tag [RFC 9110 §15.3.7.3]. */
static bool pieces_fit(const struct audit *audit, const struct said **base)
{
    const char *octets = is_method(audit, "HEAD") ? NULL : audit->response->body;
    const char *tag = response_field(audit->response, "ETag");
    struct extent extent;
    if (!tag || strncmp(tag, "W/", 2) == 0 || !extent_of(audit, &extent))
        return false;
    for (size_t i = 0; i < extent.len;) {
        const struct said *piece = piece_with(audit, tag, extent.first + i, extent.total);
        if (!piece)
            return false;
        const size_t from = extent.first + i - piece->first;
        size_t len = piece_length(audit, piece) - from;
        len = len < extent.len - i ? len : extent.len - i;
        if (octets && memcmp(piece->content + from, octets + i, len) != 0)
            return false;
        *base = piece;
        i += len;
    }
    return true;
}

/* ---- whose words ---- */

static const struct said *find(const struct oracle *oracle, uint64_t number)
{
    const struct said *said = oracle->saids;
    while (said && said->number != number)
        said = said->next;
    return said;
}

/* The tag that the gateway has made stands for the octets of the base, and for no others. */
static bool audit_tag(const struct audit *audit, const struct said *base)
{
    const struct response *response = audit->response;
    const char *text = response_field(response, "ETag");
    const char *target = audit->asking->target;
    const struct tag *known = NULL;
    if (!text || lines_have(base->lines, "ETag"))
        return true;
    if (!audit->whole || response->status != 200 || is_method(audit, "HEAD")) {
        oracle_learn_tag(audit->oracle, target, text, NULL, 0); /* of what, others tell */
        return true;
    }
    while ((known = oracle_tag(audit->oracle, target, text, known))) {
        if (known->content &&
            !oracle_same(audit->oracle, known->content, known->len, base->content, base->len))
            return audit_fault(audit, "the tag %s stands for two contents", text);
    }
    oracle_learn_tag(audit->oracle, target, text, base->content, base->len);
    return true;
}

/* The base may answer by these words, and has their fields; or by a later 304 that confirms, but
 * changes no field: one without a validator [RFC 9111 §4.3.4], or one to this very request, which
 * may not be stored. */
static bool audit_may(struct audit *audit, const struct said *base, const struct said *word,
                      char why[RESPONSE_FAULT])
{
    for (const struct said *later = audit->oracle->saids; later && later->at >= word->at;
         later = later->next) { /* within a moment they may have crossed */
        if (later != word && (later->status != 304 ||
                              (lines_have(later->lines, "ETag") && !audit_is_direct(audit, later))))
            continue;
        audit->renewed = later;
        if (said_confirms(later, base) && audit_may_use(audit, base, later, why) &&
            audit_tag(audit, base) && audit_fields(audit, base, word))
            return true;
    }
    return false;
}

/* Looks for a base of these words that explains the answer; `why` says what was wrong with those
 * that have its octets. */
static bool audit_base(struct audit *audit, const struct said *word, char why[RESPONSE_FAULT])
{
    const struct said *piece = NULL;
    for (const struct said *base = audit->oracle->saids; base; base = base->next) {
        if (audit_is_about(audit, base) && said_confirms(word, base) && octets_fit(audit, base) &&
            audit_may(audit, base, word, why))
            return true;
    }
    if (!pieces_fit(audit, &piece))
        return false;
    return audit_may(audit, word->status == 200 || word->status == 206 ? word : piece, word, why);
}

static bool audit_words(struct audit *audit, uint64_t number)
{
    const struct said *word = find(audit->oracle, number);
    char why[RESPONSE_FAULT] = "no response with these octets was said";
    if (!word || word->malformed)
        return audit_fault(audit, "nobody has well said response %" PRIu64, number);
    if (!audit_is_about(audit, word))
        return audit_fault(audit, "response %" PRIu64 " is about %s", number,
                           word->to->request.target);
    if (word->status == 304 && audit->response->status == 304)
        return true; /* audit_not_modified has looked at it */
    audit->fault[0] = '\0';
    if (audit_base(audit, word, why))
        return true;
    return audit->fault[0] == '\0' &&
           audit_fault(audit, "%d, response %" PRIu64 ", %zu octets: %s", audit->response->status,
                       number, audit->response->len, why);
}

/* ---- the gateway's own ---- */

/* It says that the origin is to blame. */
static bool may_blame(const struct audit *audit)
{
    const struct oracle *oracle = audit->oracle;
    return oracle->troubled || oracle->forgetful || oracle->down > 0 ||
           audit->demands.only_if_cached ||
           oracle->mishaps[MISHAP_DISCONNECTED] > audit->asking->tick ||
           oracle->mishaps[MISHAP_STATUS] > audit->asking->tick ||
           oracle->mishaps[MISHAP_NONSENSE] > audit->asking->tick ||
           lines_have(audit->asking->lines, "Via") || lines_have(audit->asking->lines, "CDN-Loop");
}

static bool audit_own(const struct audit *audit)
{
    static const char *const none[] = {"Set-Cookie", "ETag", "Last-Modified", "Age"};
    const struct response *response = audit->response;
    const int status = response->status;
    if (status < 400 && !(status == 204 && is_method(audit, "OPTIONS")))
        return audit_fault(audit, "%d comes from nowhere", status);
    for (size_t i = 0; status != 416 && i < sizeof none / sizeof *none; i++) {
        if (response_field(response, none[i]))
            return audit_fault(audit, "an own %d has %s", status, none[i]);
    }
    if ((status == 500 || (status >= 502 && status <= 504)) && !may_blame(audit))
        return audit_fault(audit, "%d, and nothing has gone wrong", status);
    if (status == 412 && !lines_have(audit->asking->lines, "If-Match") &&
        !lines_have(audit->asking->lines, "If-Unmodified-Since"))
        return audit_fault(audit, "412 without a condition");
    return true;
}

/* No range of what it would have got [RFC 9110 §15.5.17]. */
static bool audit_unsatisfiable(const struct audit *audit)
{
    const char *range = response_field(audit->response, "Content-Range");
    char why[RESPONSE_FAULT] = "nothing has this length";
    size_t total;
    if (!range || sscanf(range, "bytes */%zu", &total) != 1)
        return true;
    for (const struct said *base = audit->oracle->saids; base; base = base->next) {
        for (const struct said *word = audit->oracle->saids; word; word = word->next) {
            if (base->total == total && said_confirms(word, base) &&
                audit_may_use(audit, base, word, why))
                return true;
        }
    }
    return audit_fault(audit, "416 of %zu octets: %s", total, why);
}

/* Our member of Cache-Status: nothing went forward for a hit [RFC 9211 §2.1]. */
static bool audit_status_field(const struct audit *audit)
{
    struct statusfield field;
    char *text = response_list(audit->response, "Cache-Status");
    const bool read = text && statusfield_read(&field, text);
    const bool ours = read && strcmp(field.name, "stet") == 0;
    const bool clear =
        ours && !statusfield_get(&field, "hit") == (statusfield_get(&field, "fwd") != NULL);
    if (text && !clear)
        audit_fault(audit, "Cache-Status: %.200s", text);
    free(text);
    return !text || clear;
}

bool oracle_audit(struct oracle *oracle, const struct asking *asking,
                  const struct response *response, bool whole, char fault[RESPONSE_FAULT])
{
    struct audit audit = {.oracle = oracle,
                          .asking = asking,
                          .response = response,
                          .demands = demands_of(asking->lines),
                          .whole = whole,
                          .fault = fault};
    const char *said = response_field(response, "Said");
    if (oracle->silent)
        return true;
    if (oracle->deaf)
        audit.demands = (struct demands){.only_if_cached = audit.demands.only_if_cached,
                                         .max_age = TERMS_NONE,
                                         .min_fresh = TERMS_NONE,
                                         .max_stale = TERMS_NONE,
                                         .if_error = TERMS_NONE};
    if (response->status == 0 || !audit_status_field(&audit))
        return response->status == 0;
    if (response->status == 304 && !audit_not_modified(&audit))
        return false;
    if (response->status == 416 && !said)
        return audit_unsatisfiable(&audit);
    if (said)
        return audit_words(&audit, strtoull(said, NULL, 10));
    return response->status == 304 || oracle->unmarked || audit_own(&audit);
}
