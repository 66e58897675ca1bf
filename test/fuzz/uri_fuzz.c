/* URIs: split and joined again they are the same; the key of a key is that key; a reference that
 * resolves gives a URI; requests read as the grammar has them. */
#include <string.h>

#include "stet/uri.h"

#include "fuzz.h"

enum { SIZE_MOST = 1024, ROOM = 2 * SIZE_MOST + 16 };

static size_t put(char *to, size_t len, struct stet_span text)
{
    if (text.len)
        memcpy(to + len, text.at, text.len);
    return len + text.len;
}

static void joined_again(struct stet_span text)
{
    struct stet_uri uri;
    if (!stet_uri_split(text, &uri))
        return;
    char to[ROOM];
    size_t len = put(to, 0, uri.scheme);
    len = put(to, len, STET_SPAN("://"));
    len = put(to, len, uri.authority);
    len = put(to, len, uri.path);
    len = uri.query.at ? put(to, put(to, len, STET_SPAN("?")), uri.query) : len;
    len = uri.fragment.at ? put(to, put(to, len, STET_SPAN("#")), uri.fragment) : len;
    must(stet_span_equal(stet_span(to, len), text));
    must(uri.host.len > 0 && stet_authority_valid(uri.authority));
    must(uri.port >= -1 && uri.port <= 65535);
    must(stet_span_find(uri.authority, '@') == uri.authority.len);
    must(stet_uri_same_origin(&uri, &uri));
}

static void keyed_again(struct stet_span target)
{
    struct stet_request request = {.scheme = STET_SPAN("https"), .authority = STET_SPAN("h:443")};
    enum stet_target_form form = stet_target_split(target, STET_METHOD_GET, &request);
    if (form == STET_TARGET_INVALID)
        return;
    must(form == STET_TARGET_ORIGIN || form == STET_TARGET_ABSOLUTE);
    must(request.path.len && request.path.at[0] == '/');

    char key[ROOM], again[ROOM];
    size_t room =
        request.scheme.len + request.authority.len + request.path.len + request.query.len + 8;
    size_t len = stet_uri_key(&request, key, room);
    must(len > 0 && len <= room);
    must(stet_target_split(stet_span(key, len), STET_METHOD_GET, &request) == STET_TARGET_ABSOLUTE);
    size_t twice = stet_uri_key(&request, again, sizeof again);
    must(stet_span_equal(stet_span(again, twice), stet_span(key, len)));
}

/* Input: a base and a reference, divided by a line feed. */
static void resolved(struct stet_span text)
{
    size_t line = stet_span_find(text, '\n');
    struct stet_span reference = stet_span_from(text, line + 1);
    struct stet_uri base, result;
    if (!stet_uri_split(stet_span(text.at, line), &base))
        return;
    char to[ROOM];
    size_t len = stet_uri_resolve(&base, reference, to, line + reference.len + 8);
    if (len == 0)
        return;
    must(stet_uri_split(stet_span(to, len), &result));

    /* Resolving changes an absolute URI no more, but for dots that came from the base. */
    char again[ROOM], twice[ROOM];
    size_t second = stet_uri_resolve(&base, stet_span(to, len), again, sizeof again);
    size_t third = stet_uri_resolve(&base, stet_span(again, second), twice, sizeof twice);
    must(second > 0 && second <= len);
    must(stet_span_equal(stet_span(again, second), stet_span(twice, third)));
}

static void decoded(struct stet_span path)
{
    char to[SIZE_MOST + 1];
    size_t len = stet_path_decode(path, to);
    must(len == SIZE_MAX || (len <= path.len && !memchr(to, '\0', len)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stet_span text = stet_span((const char *)data, size);
    struct stet_request request = {0};
    if (size > SIZE_MOST)
        return 0;
    joined_again(text);
    keyed_again(text);
    resolved(text);
    decoded(text);
    stet_target_split(text, STET_METHOD_CONNECT, &request);
    stet_target_split(text, STET_METHOD_OPTIONS, &request);
    stet_authority_valid(text);
    return 0;
}
