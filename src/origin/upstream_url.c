/* Reads where an origin server is, as an operator writes it down, and says what is wrong in words
 * that help.
 */
#include "base/memory.h"
#include "origin/upstream.h"
#include "stet/uri.h"

#include <stdio.h>

#define UNIX_SCHEME "http+unix:"
#define UNIX_PATH_MAX 107

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

static const char *unix_read(const char *text, struct upstream_url *url)
{
    struct stet_span path = stet_span_from(stet_span_of(text), strlen(UNIX_SCHEME));

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

    if (stet_span_equal_nocase(scheme, STET_SPAN("https")))
        return "https to origin servers is not there yet; use http";
    if (!stet_span_starts(stet_span_from(text, colon), STET_SPAN("://")))
        return "it must begin with \"http://\" or \"http+unix:\"";
    if (!stet_span_equal_nocase(scheme, STET_SPAN("http")))
        return "the scheme must be \"http\" or \"http+unix\"";
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
    struct stet_span rest = stet_span_from(text, strlen("http://"));
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

static const char *http_read(const char *text, struct upstream_url *url)
{
    struct stet_span whole = stet_span_of(text);
    const char *complaint = scheme_complaint(whole);
    struct stet_uri uri;

    if (complaint)
        return complaint;
    if (!stet_uri_split(whole, &uri))
        return grammar_complaint(whole);
    complaint = parts_complaint(&uri);
    if (complaint)
        return complaint;
    bool plain = uri.port < 0 || uri.port == 80; /* [RFC 9110 §4.2.1, §7.2] */
    struct stet_span host = uri.host;
    if (host.at[0] == '[')
        host = stet_span(host.at + 1, host.len - 2);
    url->port = plain ? 80 : (uint16_t)uri.port;
    return url_fill(url, text, host, plain ? uri.host : uri.authority);
}

const char *upstream_url_read(const char *text, struct upstream_url *url)
{
    bool local = stet_span_starts(stet_span_of(text), STET_SPAN(UNIX_SCHEME));

    *url = (struct upstream_url){0};
    return local ? unix_read(text, url) : http_read(text, url);
}
