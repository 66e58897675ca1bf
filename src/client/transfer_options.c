/* What libcurl is told of a transfer: the request as it is, and to keep its hands off everything
 * that is judged above.
 */
#include "client/transfer_parts.h"

#include <stdio.h>

/* Fields that libcurl sends unasked, unless an empty one of this name takes them out. */
static const char *const transfer_unasked[] = {"Accept", "Content-Type", "Expect"};

/* A value that cannot end its line, and with it begin another one [RFC 9110 §5.5]. */
static bool transfer_value_fits(struct stet_span value)
{
    return stet_span_find(value, '\r') == value.len && stet_span_find(value, '\n') == value.len &&
           stet_span_find(value, '\0') == value.len;
}

/* Appends; false when memory is out, which is noted. */
static bool transfer_append(struct transfer *transfer, struct curl_slist **to, const char *text)
{
    struct curl_slist *more = curl_slist_append(*to, text);

    if (!more)
        return transfer_fail(transfer, TRANSFER_MEMORY, "out of memory");
    *to = more;
    return true;
}

/* libcurl writes an empty field where the colon is a semicolon. */
static bool transfer_line(struct transfer *transfer, const struct stet_field *field)
{
    struct text line = {0};

    if (!stet_span_is_token(field->name) || !transfer_value_fits(field->value))
        return transfer_fail(transfer, TRANSFER_FAILED,
                             "a header field that was to be sent is off the grammar");
    text_put(&line, field->name.at, field->name.len);
    text_put(&line, field->value.len ? ": " : ";", field->value.len ? 2 : 1);
    text_put(&line, field->value.at, field->value.len);
    text_put(&line, "", 1);
    const bool well = !line.failed && transfer_append(transfer, &transfer->lines, line.at);
    const bool failed = line.failed;
    text_fini(&line);
    return failed ? transfer_fail(transfer, TRANSFER_MEMORY, "out of memory") : well;
}

static bool transfer_lines(struct transfer *transfer, const struct stet_head *head)
{
    const char *agent = transfer->transfers->setup->user_agent;
    char line[64];

    for (size_t i = 0; head && i < head->count; i++)
        if (!transfer_line(transfer, &head->fields[i]))
            return false;
    for (size_t i = 0; i < sizeof transfer_unasked / sizeof *transfer_unasked; i++) {
        if (head && stet_head_named(head, stet_span_of(transfer_unasked[i])))
            continue;
        snprintf(line, sizeof line, "%s:", transfer_unasked[i]);
        if (!transfer_append(transfer, &transfer->lines, line))
            return false;
    }
    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->lines);
    if (agent)
        curl_easy_setopt(transfer->easy, CURLOPT_USERAGENT, agent);
    return true;
}

static bool transfer_url(struct transfer *transfer, const struct transfer_request *request)
{
    CURL *easy = transfer->easy;

    if (curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK)
        return transfer_fail(transfer, TRANSFER_FAILED,
                             "libcurl is too old: it has to be 7.85 or newer");
    curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    if (curl_easy_setopt(easy, CURLOPT_URL, request->url) != CURLE_OK)
        return transfer_fail(transfer, TRANSFER_MEMORY, "out of memory");
    return true;
}

static bool transfer_method(struct transfer *transfer, const struct transfer_request *request)
{
    CURL *easy = transfer->easy;

    if (!stet_span_is_token(stet_span_of(request->method)))
        return transfer_fail(transfer, TRANSFER_FAILED, "the method is no token");
    if (transfer->head_only && request->content.at) /* libcurl would wait for an answer's content */
        return transfer_fail(transfer, TRANSFER_FAILED, "HEAD has no content to send");
    if (transfer->head_only)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (request->content.at) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->content.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->content.at);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
    return true;
}

static bool transfer_connection(struct transfer *transfer, const struct transfer_request *request)
{
    const struct transfer_setup *setup = transfer->transfers->setup;
    CURL *easy = transfer->easy;
    char to[96];

    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)setup->connect_timeout);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->longest);
    if (setup->stall_timeout) {
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)(setup->stall_timeout + 999) / 1000);
    }
    if (setup->proxy)
        curl_easy_setopt(easy, CURLOPT_PROXY, setup->proxy);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, transfer->transfers->resolve);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, (long)request->fresh);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, (long)request->fresh);
    if (!request->address)
        return true;
    snprintf(to, sizeof to, strchr(request->address, ':') ? "::[%s]:" : "::%s:", request->address);
    if (!transfer_append(transfer, &transfer->connect_to, to))
        return false;
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, transfer->connect_to);
    return true;
}

static void transfer_protocol(struct transfer *transfer, const struct transfer_request *request)
{
    const struct transfer_setup *setup = transfer->transfers->setup;
    const bool clear = strncmp(request->url, "http:", 5) == 0;
    CURL *easy = transfer->easy;
    long version = CURL_HTTP_VERSION_2TLS;

    if (request->version == TRANSFER_HTTP1)
        version = CURL_HTTP_VERSION_1_1;
    else if (request->version == TRANSFER_HTTP2 && clear)
        version = CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version);
    /* Over TLS it is known before the first answer whether one connection will do for all. */
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, (long)(version != CURL_HTTP_VERSION_1_1 && !clear));
    if (setup->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, setup->ca_file);
    if (setup->client_certificate)
        curl_easy_setopt(easy, CURLOPT_SSLCERT, setup->client_certificate);
    if (setup->client_key)
        curl_easy_setopt(easy, CURLOPT_SSLKEY, setup->client_key);
    if (setup->insecure) {
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    }
}

/* ---- what libcurl says while it works ---- */

/* Lines, each behind its mark, as curl shows them. */
static void transfer_show(const char *mark, const char *bytes, size_t size)
{
    while (size) {
        const char *end = memchr(bytes, '\n', size);
        const size_t len = end ? (size_t)(end - bytes) : size;
        const size_t shown = len && bytes[len - 1] == '\r' ? len - 1 : len;
        fprintf(stderr, "%s %.*s\n", mark, (int)shown, bytes);
        bytes += end ? len + 1 : len;
        size -= end ? len + 1 : len;
    }
}

/* Octets behind a head without content are not told but in these words. */
static bool transfer_is_excess(const char *bytes, size_t size)
{
    static const char words[] = "Excess found";

    return size > sizeof words && memcmp(bytes, words, sizeof words - 1) == 0;
}

static int transfer_on_debug(CURL *easy, curl_infotype type, char *bytes, size_t size, void *owner)
{
    struct transfer *transfer = owner;
    (void)easy;

    if (type == CURLINFO_TEXT && transfer_is_excess(bytes, size))
        transfer->outcome.early = true;
    if (!transfer->transfers->setup->verbose)
        return 0;
    if (type == CURLINFO_TEXT)
        transfer_show("*", bytes, size);
    else if (type == CURLINFO_HEADER_OUT)
        transfer_show(">", bytes, size);
    else if (type == CURLINFO_HEADER_IN)
        transfer_show("<", bytes, size);
    return 0;
}

static void transfer_callbacks(struct transfer *transfer)
{
    CURL *easy = transfer->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->curl_words);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, transfer_on_line);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, transfer_on_content);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, transfer_on_debug);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
}

bool transfer_options(struct transfer *transfer, const struct transfer_request *request)
{
    if (!transfer_url(transfer, request) || !transfer_method(transfer, request) ||
        !transfer_lines(transfer, request->head) || !transfer_connection(transfer, request))
        return false;
    transfer_protocol(transfer, request);
    transfer_callbacks(transfer);
    return true;
}
