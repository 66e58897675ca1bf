/* Redirects as the RFC describes them, as a function of a response.
 */
#include "client/redirect.h"

#include "base/memory.h"
#include "client/url.h"
#include "stet/uri.h"

/* 303 asks for GET of anything; 301 and 302 of POST, by old custom [RFC 9110 §15.4.2, §15.4.3,
 * §15.4.4]. 307 and 308 keep the method. */
static bool redirect_to_get(int status, struct stet_span method)
{
    const bool head = stet_span_equal(method, STET_SPAN("HEAD"));
    const bool post = stet_span_equal(method, STET_SPAN("POST"));

    return (status == 303 && !head) || ((status == 301 || status == 302) && post);
}

static bool redirect_status(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* The fragment is for whoever looks at the content, and is never sent [RFC 9110 §7.1]. */
static void redirect_cut_fragment(char *url)
{
    char *mark = strchr(url, '#');

    if (mark)
        *mark = '\0';
}

/* Servers write references that are none [RFC 9110 §10.2.2]; what can only mean one thing is
 * mended. False: it leads nowhere. */
static bool redirect_resolve(struct stet_span url, struct stet_span where, struct redirect *to)
{
    const size_t room = url.len + 3 * where.len + 8;
    char *reference = memory_new(3 * where.len + 1);
    struct stet_uri from, there;
    size_t len = 0;

    to->url = reference ? memory_new(room + 1) : NULL;
    to->out_of_memory = !to->url;
    if (to->url && stet_uri_split(url, &from))
        len = stet_uri_resolve(&from, stet_span(reference, url_escape(where, reference)), to->url,
                               room);
    memory_free(reference);
    if (len && stet_uri_split(stet_span(to->url, len), &there)) {
        to->another = !stet_uri_same_origin(&from, &there);
        to->url[len] = '\0';
        return true;
    }
    memory_free(to->url);
    to->url = NULL;
    return false;
}

enum redirect_kind redirect_of(struct stet_span method, struct stet_span url, int status,
                               const struct stet_head *response, struct redirect *to)
{
    const struct stet_span where = stet_head_single(response, STET_FIELD_LOCATION);

    *to = (struct redirect){.get = redirect_to_get(status, method)};
    if (!redirect_status(status) || !stet_head_has(response, STET_FIELD_LOCATION))
        return REDIRECT_NONE;
    if (!where.at || !redirect_resolve(url, where, to))
        return REDIRECT_OFF;
    redirect_cut_fragment(to->url);
    return REDIRECT_THERE;
}

bool redirect_drops(const struct redirect *redirect, struct stet_span name)
{
    static const struct stet_span origin[] = {
        STET_SPAN_INIT("Authorization"), STET_SPAN_INIT("Proxy-Authorization"),
        STET_SPAN_INIT("Cookie"),        STET_SPAN_INIT("Host"),
        STET_SPAN_INIT("Origin"),        STET_SPAN_INIT("Referer")};
    static const struct stet_span content[] = {
        STET_SPAN_INIT("Content-Type"),     STET_SPAN_INIT("Content-Length"),
        STET_SPAN_INIT("Content-Encoding"), STET_SPAN_INIT("Content-Language"),
        STET_SPAN_INIT("Content-Location"), STET_SPAN_INIT("Digest"),
        STET_SPAN_INIT("Content-Digest"),   STET_SPAN_INIT("Transfer-Encoding")};

    for (size_t i = 0; redirect->another && i < sizeof origin / sizeof *origin; i++)
        if (stet_span_equal_nocase(name, origin[i]))
            return true;
    for (size_t i = 0; redirect->get && i < sizeof content / sizeof *content; i++)
        if (stet_span_equal_nocase(name, content[i]))
            return true;
    return false;
}
