/* The addresses of a name, for who wants to ask each of them.
 */
#include "client/transfer_parts.h"

#include "base/memory.h"
#include "client/libcurl.h"
#include "stet/uri.h"

#include <locale.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

/* The host of a URL as the resolver wants it: without brackets. False if it has none. */
static bool addresses_host(const char *url, char *to, size_t room)
{
    struct stet_uri uri;

    if (!stet_uri_split(stet_span_of(url), &uri) || uri.host.len >= room)
        return false;
    struct stet_span host = uri.host;
    if (host.len > 2 && host.at[0] == '[')
        host = stet_span(host.at + 1, host.len - 2);
    snprintf(to, room, "%.*s", (int)host.len, host.at);
    return true;
}

static bool addresses_known(char *const *addresses, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(addresses[i], text) == 0)
            return true;
    return false;
}

static char *addresses_copy(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *copy = memory_new(size);

    return copy ? memcpy(copy, text, size) : NULL;
}

/* Fills `addresses`, which has room for all. False when memory is out. */
static bool addresses_fill(char **addresses, size_t *count, const struct addrinfo *found)
{
    char text[NI_MAXHOST];

    for (; found; found = found->ai_next) {
        if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, NULL, 0,
                        NI_NUMERICHOST) != 0 ||
            addresses_known(addresses, *count, text))
            continue;
        addresses[*count] = addresses_copy(text);
        if (!addresses[*count])
            return false;
        ++*count;
    }
    return true;
}

static size_t addresses_count(const struct addrinfo *found)
{
    size_t count = 0;

    for (; found; found = found->ai_next)
        count++;
    return count;
}

/* The addresses that the setup gives the URL's host and port: "HOST:PORT:ADDRESS,ADDRESS".
 * STET_SPAN_NONE: it says nothing of them. */
static struct stet_span addresses_given(const struct transfer_setup *setup, const char *url)
{
    struct stet_uri uri;
    char name[300];

    if (!stet_uri_split(stet_span_of(url), &uri))
        return STET_SPAN_NONE;
    const int port = uri.port >= 0 ? uri.port : uri.scheme.len == 5 ? 443 : 80;
    snprintf(name, sizeof name, "%.*s:%d:", (int)uri.host.len, uri.host.at, port);
    for (size_t i = 0; i < setup->resolve_count; i++) {
        struct stet_span entry = stet_span_of(setup->resolve[i]);
        const size_t len = strlen(name);
        entry = stet_span_from(entry, entry.len > 0 && entry.at[0] == '+');
        if (entry.len > len && stet_span_equal_nocase(stet_span(entry.at, len), stet_span_of(name)))
            return stet_span_from(entry, len);
    }
    return STET_SPAN_NONE;
}

/* The same as transfers_addresses, of a list with commas. */
static char **addresses_listed(struct stet_span list, size_t *count)
{
    char **addresses = memory_new_zero((list.len + 1) * sizeof *addresses);
    char text[NI_MAXHOST];

    while (addresses && list.len) {
        const size_t len = stet_span_find(list, ',');
        const bool bracket = list.at[0] == '[' && len > 2;
        snprintf(text, sizeof text, "%.*s", (int)(bracket ? len - 2 : len), list.at + bracket);
        list = stet_span_from(list, len + 1);
        if (addresses_known(addresses, *count, text))
            continue;
        addresses[*count] = addresses_copy(text);
        if (!addresses[*count])
            break;
        ++*count;
    }
    return addresses;
}

char **transfers_addresses(const struct transfers *transfers, const char *url, size_t *count)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const struct stet_span given =
        transfers ? addresses_given(transfers->setup, url) : STET_SPAN_NONE;
    struct addrinfo *found = NULL;
    char host[256];

    *count = 0;
    if (given.len)
        return addresses_listed(given, count);
    if (!addresses_host(url, host, sizeof host) || getaddrinfo(host, NULL, &hints, &found) != 0)
        return NULL;
    char **addresses = memory_new_zero(addresses_count(found) * sizeof *addresses);
    const bool well = addresses && addresses_fill(addresses, count, found);
    freeaddrinfo(found);
    if (well && *count)
        return addresses;
    transfers_addresses_free(addresses, *count);
    *count = 0;
    return NULL;
}

void transfers_addresses_free(char **addresses, size_t count)
{
    for (size_t i = 0; i < count; i++)
        memory_free(addresses[i]);
    memory_free(addresses);
}

/* ---- names in other scripts ---- */

/* libcurl knows the rules, if it was built with them. What it is given is in the charset of the
 * locale. */
static char *host_ascii(CURLU *url, const char *host)
{
    char *ascii = NULL;

    if (!url || curl_url_set(url, CURLUPART_SCHEME, "http", 0) != CURLUE_OK ||
        curl_url_set(url, CURLUPART_HOST, host, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &ascii, CURLU_PUNYCODE) != CURLUE_OK)
        return NULL;
    char *copy = addresses_copy(ascii);
    curl_free(ascii);
    return copy;
}

char *transfers_host(const char *host)
{
    const char *error;

    if (!libcurl_load(&error))
        return NULL;
    setlocale(LC_CTYPE, "C.UTF-8");
    CURLU *url = curl_url();
    char *ascii = host_ascii(url, host);
    curl_url_cleanup(url);
    return ascii;
}
