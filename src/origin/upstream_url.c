/* Reads where an origin server is, as an operator writes it down, and says what is wrong in words
 * that help.
 */
#include "base/memory.h"
#include "origin/upstream.h"
#include "stet/uri.h"

#include <stdio.h>

#define UNIX_PATH_MAX 107

/* The schemes; with "+unix" behind them a path follows. */
#define HTTP "http"
#define H2C "h2c"
#define UNIX_MARK "+unix:"

static char *text_new(const char *text, size_t size)
{
    char *copy = memory_new(size + 1);
    if (copy) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

void upstream_url_fini(struct upstream_url *url)
{
    memory_free(url->text);
    memory_free(url->host);
    memory_free(url->authority);
    *url = (struct upstream_url){0};
}

/* Keeps copies. */
static const char *url_fill(struct upstream_url *url, const char *text, struct stet_span host,
                            struct stet_span authority)
{
    url->text = text_new(text, strlen(text));
    url->host = text_new(host.at, host.len);
    url->authority = text_new(authority.at, authority.len);
    if (url->text && url->host && url->authority)
        return NULL;
    upstream_url_fini(url);
    return "memory is out";
}

static const char *unix_read(const char *text, struct stet_span path, struct upstream_url *url)
{
    if (path.len == 0 || path.at[0] != '/')
        return "the path of the socket must begin with \"/\"";
    if (path.len > UNIX_PATH_MAX)
        return "the path of the socket is too long";
    url->unix_socket = true;
    return url_fill(url, text, path, STET_SPAN("localhost"));
}

/* What stands before the host, when it is no http URL. */
static const char *scheme_complaint(struct stet_span text)
{
    size_t colon = stet_span_find(text, ':');
    struct stet_span scheme = stet_span(text.at, colon);

    if (stet_span_equal_nocase(scheme, STET_SPAN("https")) &&
        stet_span_starts(stet_span_from(text, colon), STET_SPAN("://")))
        return NULL;
    if (!stet_span_starts(stet_span_from(text, colon), STET_SPAN("://")))
        return "it must begin with \"http://\", \"https://\" or \"http+unix:\"";
    if (!stet_span_equal_nocase(scheme, STET_SPAN(HTTP)))
        return "the scheme must be \"http\", \"https\", \"h2c\" or \"http+unix\"";
    return NULL;
}

/* What the grammar allows and an upstream cannot be. */
static const char *parts_complaint(const struct stet_uri *uri)
{
    if (uri->query.at)
        return "it may have no query";
    if (uri->fragment.at)
        return "it may have no fragment";
    if (uri->path.len > 0 && !stet_span_equal(uri->path, STET_SPAN("/")))
        return "it may have no path: requests go on with the path they came with";
    if (uri->port == 0)
        return "port 0 cannot be connected to";
    if (uri->host.len > CALL_HOST_MAX || stet_span_find(uri->host, '%') < uri->host.len)
        return "the host is no name or address";
    return NULL;
}

/* Why it is no URI at all. */
static const char *grammar_complaint(struct stet_span text)
{
    struct stet_span rest = stet_span_from(text, stet_span_find(text, ':') + strlen("://"));
    size_t end = 0;

    while (end < rest.len && !strchr("/?#", rest.at[end]))
        end++;
    struct stet_span authority = stet_span(rest.at, end);
    if (authority.len == 0 || authority.at[0] == ':')
        return "the host is missing";
    if (stet_span_find(authority, '@') < authority.len)
        return "it may have no user name or password";
    return "it is no valid URL";
}

/* `plain` is the text with "http" for a scheme. */
static const char *http_read(const char *text, struct stet_span plain, struct upstream_url *url)
{
    const char *complaint = scheme_complaint(plain);
    struct stet_uri uri;

    if (complaint)
        return complaint;
    if (!stet_uri_split(plain, &uri))
        return grammar_complaint(plain);
    complaint = parts_complaint(&uri);
    if (complaint)
        return complaint;
    url->secure = stet_span_equal_nocase(uri.scheme, STET_SPAN("https"));
    const uint16_t usual_port = url->secure ? 443 : 80;
    bool usual = uri.port < 0 || uri.port == usual_port; /* [RFC 9110 §4.2.1, §4.2.2, §7.2] */
    struct stet_span host = uri.host;
    if (host.at[0] == '[')
        host = stet_span(host.at + 1, host.len - 2);
    url->port = usual ? usual_port : (uint16_t)uri.port;
    return url_fill(url, text, host, usual ? uri.host : uri.authority);
}

/* The same for who speaks HTTP/2: `rest` is what follows the scheme. */
static const char *h2c_read(const char *text, struct stet_span rest, struct upstream_url *url)
{
    char *plain = memory_new(strlen(HTTP) + rest.len + 1);
    const char *complaint;

    if (!plain)
        return "memory is out";
    memcpy(plain, HTTP, strlen(HTTP));
    memcpy(plain + strlen(HTTP), rest.at, rest.len + 1);
    complaint = http_read(text, stet_span_of(plain), url);
    memory_free(plain);
    url->h2c = !complaint;
    return complaint;
}

const char *upstream_url_read(const char *text, struct upstream_url *url)
{
    const struct stet_span whole = stet_span_of(text);
    const bool h2c =
        stet_span_starts(whole, STET_SPAN(H2C "+")) || stet_span_starts(whole, STET_SPAN(H2C ":"));
    const struct stet_span rest = stet_span_from(whole, h2c ? strlen(H2C) : strlen(HTTP));
    const char *complaint;

    *url = (struct upstream_url){0};
    if (!stet_span_starts(rest, STET_SPAN(UNIX_MARK)))
        return h2c ? h2c_read(text, rest, url) : http_read(text, whole, url);
    if (!h2c && !stet_span_starts(whole, STET_SPAN(HTTP)))
        return http_read(text, whole, url);
    complaint = unix_read(text, stet_span_from(rest, strlen(UNIX_MARK)), url);
    url->h2c = h2c && !complaint;
    return complaint;
}
