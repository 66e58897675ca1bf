/* Validation: what to ask the origin about stored responses, and what its answer means
 * [RFC 9111 §4.3].
 *
 *     plan = stet_validation_of(request, candidates)      before the request goes on
 *         stet_validation_drops(), stet_validation_tags(), plan.modified: the fields to send
 *     verdict = stet_validation_judge(plan, ..., response, ...)   when the answer's head has come
 *         update the candidates in `update` (update.h), renew the times of those in `renew`
 *         (stet_stored_renew), and then do as `answer` says
 *
 * Tags travel as they came; a client's tags and our own go in one list (D-13).
 */
#ifndef STET_VALIDATION_H
#define STET_VALIDATION_H

#include "stet/policy.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The most stored responses one request asks about; further ones are left out. */
#define STET_CANDIDATES_MAX 32

/* A stored response that could be chosen for the request, freshness aside [RFC 9111 §4.3.4], or
 * another variant, of which the origin may say that it answers the request as well
 * [RFC 9111 §4.1]. Borrows both. */
struct stet_candidate {
    const struct stet_head *head;
    const struct stet_stored *stored;
    bool covers; /* of a part: it holds all that the request asks for */
    bool other;  /* other fields than this request's select it: only a strong tag can name it, for
                    variants share dates and weak tags [RFC 9110 §8.8.1] */
};

struct stet_candidates {
    const struct stet_candidate *at;
    size_t count;
};

/* How the request goes on. */
struct stet_validation {
    bool asks; /* with our conditions: leave out the fields that stet_validation_drops names, send
                  If-None-Match if stet_validation_tags writes one, and If-Modified-Since with
                  `modified` if that is there. Otherwise as it came */
    enum stet_reason reason;
    bool conditional;          /* some condition goes along, ours or the client's */
    bool joined;               /* the client's own tags are in the list */
    uint32_t sent;             /* the candidates that are asked about: bit 1 << index */
    struct stet_span modified; /* Last-Modified of the one candidate; STET_SPAN_NONE: do not send */
};

/* Plans it. Conditions that are meant for the origin (If-Match, If-Unmodified-Since, If-Range), an
 * If-None-Match that is "*" or holds no usable tag, and HEAD (D-01) let the request go as it is
 * (D-13). */
STET_API struct stet_validation stet_validation_of(const struct stet_request *request,
                                                   const struct stet_candidates *candidates);

/* A field of the client's that does not go along: its conditions, which are joined with ours or
 * evaluated here afterwards, and Range, since the whole is validated first (D-18). */
STET_API bool stet_validation_drops(const struct stet_validation *plan, enum stet_field_id id);

/* Writes the value of If-None-Match: the tags of the candidates asked about, then those of the
 * client, none twice [RFC 9111 §4.3.1, RFC 9111 §4.3.2]. Returns the octets it takes, 0 if there
 * is no tag; when that is more than `room`, what was written is cut short. */
STET_API size_t stet_validation_tags(const struct stet_validation *plan,
                                     const struct stet_request *request,
                                     const struct stet_candidates *candidates, char *to,
                                     size_t room);

enum stet_validated_answer {
    STET_VALIDATED_USE, /* answer from candidate `use`; the client's own conditions are evaluated
                           on it as on a hit [RFC 9111 §4.3.3] */
    STET_VALIDATED_REPLACE, /* a full answer: pass it on, perhaps store it */
    STET_VALIDATED_PASS,    /* a 304 to the client's own condition: pass it on (D-14, D-15) */
    STET_VALIDATED_REPEAT,  /* a 304 that fits nothing: send the client's request once more as it
                               came, with no candidates (D-15) */
    STET_VALIDATED_FAILED,  /* the origin fails: ask stet_may_reuse_on_error (D-41) */
    STET_VALIDATED_FAULT    /* a 304 to no condition that asks for one: 502 */
};

struct stet_validated {
    enum stet_validated_answer answer;
    enum stet_reason reason;
    uint32_t update; /* the candidates whose heads this response updates */
    uint32_t renew;  /* the candidates whose age starts again; holds all of `update` */
    size_t use;      /* index of the candidate to answer from */
};

/* Judges the answer to a request that went on as planned. Which candidates a 304 updates
 * [RFC 9111 §4.3.4]: those with its strong entity tag; else of those with its weak tag, or without
 * a tag with its Last-Modified, the newest; without any validator the only candidate, if that has
 * none either and is no older than what the client asked about by date. If the only candidate has
 * some and nothing else was asked about, a 304 without validators renews and uses it, but updates
 * no field. Another variant is updated by its strong tag alone. */
STET_API struct stet_validated stet_validation_judge(const struct stet_validation *plan,
                                                     const struct stet_request *request,
                                                     const struct stet_candidates *candidates,
                                                     const struct stet_response *response);

#ifdef __cplusplus
}
#endif

#endif
