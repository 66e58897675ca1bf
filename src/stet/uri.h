/* URIs: split, judged, normalised into a cache key [RFC 9110 §4, RFC 9112 §3.2].
 */
#ifndef STET_URI_H
#define STET_URI_H

#include "stet/head.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The parts of an http or https URI. `query` and `fragment` have a NULL `at` when absent. Borrows.
 */
struct stet_uri {
    struct stet_span scheme;
    struct stet_span host; /* with its brackets if an IP literal */
    int32_t port;          /* -1 when absent or empty */
    struct stet_span authority;
    struct stet_span path;
    struct stet_span query;
    struct stet_span fragment;
};

/* Splits an absolute http(s) URI and checks every octet against RFC 3986. False for: another
 * scheme, an empty host, userinfo, a port that is no number up to 65535, a broken percent-escape,
 * an octet outside the grammar [RFC 9110 §4.2.1, §4.2.4].
 *
 * Here and in request-targets a few octets pass that RFC 3986 does not have, because browsers send
 * them without escaping: "[", "]", "|" and "^" in paths, these and "{", "}", "`" and "\" behind the
 * "?". They are what they are: no two spellings are made one. */
STET_API bool stet_uri_split(struct stet_span text, struct stet_uri *uri);

/* Resolves a reference (as in Location or Content-Location) against the URI of a request and
 * writes the absolute URI to `to` of `room` octets [RFC 3986 §5.2], with the reference's fragment
 * if it has one. Returns the octets written, 0 if the result is no http(s) URI or `room` is too
 * small; the lengths of both and 8 always suffice. */
STET_API size_t stet_uri_resolve(const struct stet_uri *base, struct stet_span reference, char *to,
                                 size_t room);

/* Same scheme, host and port with defaults filled in [RFC 9110 §4.3.1]. */
STET_API bool stet_uri_same_origin(const struct stet_uri *a, const struct stet_uri *b);

/* The value of Host or of an authority: uri-host [ ":" port ], no userinfo. False if invalid. An
 * empty value is valid [RFC 9110 §7.2]. */
STET_API bool stet_authority_valid(struct stet_span authority);

enum stet_target_form {
    STET_TARGET_INVALID,
    STET_TARGET_ORIGIN,    /* "/where?q=now" */
    STET_TARGET_ABSOLUTE,  /* "http://example.org/where" */
    STET_TARGET_AUTHORITY, /* "example.org:80", CONNECT only */
    STET_TARGET_ASTERISK   /* "*", OPTIONS only */
};

/* Splits a request-target for `method` and fills `request->scheme` (absolute form only),
 * `authority` (absolute and authority form only), `path` and `query`. Octets outside the grammar
 * of path and query, and a fragment, make it invalid [RFC 9112 §3.2]. */
STET_API enum stet_target_form stet_target_split(struct stet_span target, enum stet_method method,
                                                 struct stet_request *request);

/* Writes the normal form of scheme, authority, path and query for use as a cache key and nothing
 * else (D-38): scheme and host in lower case, default port dropped, empty path "/", hex digits of
 * percent-escapes in upper case, escaped unreserved characters decoded; no dot segments or slashes
 * folded; query null and empty kept apart. Returns the octets written, 0 if `room` is too small;
 * scheme + authority + path + query + 8 always suffice. */
STET_API size_t stet_uri_key(const struct stet_request *request, char *to, size_t room);

/* Its two halves, for who makes many keys: what requests to one server have in common
 * ("http://example.org"; scheme + authority + 4 always suffice), and what comes behind it
 * ("/where?q=now"; path + query + 2 do). */
STET_API size_t stet_uri_key_server(const struct stet_request *request, char *to, size_t room);
STET_API size_t stet_uri_key_place(const struct stet_request *request, char *to, size_t room);

/* Decodes the percent-escapes of a path into `to` (room for `path.len` octets). Returns the length;
 * SIZE_MAX if an escape is broken or yields NUL. */
STET_API size_t stet_path_decode(struct stet_span path, char *to);

#ifdef __cplusplus
}
#endif

#endif
