/* Proxy-Status: how an intermediary got, or failed to get, a response, written as one member
 * [RFC 9209]. Intermediaries only: an origin never sends it [RFC 9209 §2].
 *
 * As with Cache-Status, the member goes on a field line of its own behind those received. In a
 * trailer section it may go only if a member of the same name went in the header section
 * [RFC 9209 §2].
 */
#ifndef STET_PROXYSTATUS_H
#define STET_PROXYSTATUS_H

#include "stet/span.h"

#ifdef __cplusplus
extern "C" {
#endif

enum stet_proxy_error {
    STET_PROXY_ERROR_NONE,
#define PROXY_ERROR(identifier, token, status, number, text, type) STET_PROXY_ERROR_##identifier,
#include "stet/proxystatus.tbl"
#undef PROXY_ERROR
    STET_PROXY_ERROR_COUNT
};

/* The token of an error; empty for STET_PROXY_ERROR_NONE and numbers out of range. */
STET_API struct stet_span stet_proxy_error_token(enum stet_proxy_error error);

/* The status that a response made for this error should have [RFC 9209 §2.1.1]; 0 for
 * http_request_error and proxy_internal_response, whose maker knows it, and for no error. */
STET_API int stet_proxy_error_status(enum stet_proxy_error error);

/* What is to be said. Zero-initialised, with a name, it says only that this proxy was there. */
struct stet_proxystatus {
    struct stet_span proxy;      /* the name of this proxy: a Token if it is one, else a String */
    enum stet_proxy_error error; /* the most specific one that is true */
    struct stet_span next_hop;   /* who was chosen to ask: a host, an address, an alias */
    struct stet_span
        next_protocol;        /* ALPN identifier of the protocol spoken to it, once connected */
    int received_status;      /* what it answered; 0 if nothing */
    struct stet_span details; /* anything else, for people */
    bool has_number;          /* `number` is known */
    int64_t number;           /* the Integer that the error type defines besides, as
                                 `info-code` or `body-size` */
    struct stet_span text;    /* the text that the error type defines besides, as `rcode` or
                                 `coding` */
};

/* Writes the member. Returns the octets written; 0 if the name is missing or cannot be written, or
 * `room` is too small. What cannot be written (a text that is no printable ASCII, an extra that the
 * error type does not define, a coding that is no Token) is left out: all parameters are optional
 * [RFC 9209 §2.1]. */
STET_API size_t stet_proxystatus_write(const struct stet_proxystatus *status, char *to,
                                       size_t room);

#ifdef __cplusplus
}
#endif

#endif
