/* What is heard in a transfer: heads put together line by line, and how it ended, in our words.
 *
 * libcurl hands over heads as lines, the status line first and an empty one last, and trailers in
 * the same way. Lines that begin with white space go on with the one before.
 */
#include "client/transfer_parts.h"

#include "stet/list.h"

#include <stdio.h>

/* ---- heads ---- */

/* Adds the line that is complete now. What is no field is left out, as servers send all sorts. */
static bool hearing_add(struct transfer_hearing *hearing)
{
    const struct stet_span line = {hearing->line.at, hearing->line.len};
    const size_t colon = stet_span_find(line, ':');
    const struct stet_span name = stet_span_trim(stet_span(line.at, colon));

    hearing->line.len = 0;
    if (colon == line.len || !stet_span_is_token(name))
        return true;
    return message_add(&hearing->message, name, stet_span_from(line, colon + 1));
}

/* "HTTP/1.1 200 OK": the number, or 0. */
static int hearing_status(struct stet_span line)
{
    const size_t gap = stet_span_find(line, ' ');
    uint64_t status;

    if (line.len < gap + 4 || !stet_span_number(stet_span(line.at + gap + 1, 3), 999, &status) ||
        status < 100)
        return 0;
    return (int)status;
}

static bool hearing_begin(struct transfer *transfer, struct stet_span line)
{
    struct transfer_hearing *hearing = &transfer->hearing;

    message_clear(&hearing->message);
    hearing->line.len = 0;
    hearing->status = hearing_status(line);
    if (!hearing->status)
        return transfer_fail(transfer, TRANSFER_MALFORMED, "the status line has no status");
    return true;
}

/* How the end of the content will be known [RFC 9112 §6.3]. */
static bool hearing_delimited(const struct transfer *transfer)
{
    const struct stet_head *head = &transfer->hearing.message.head;
    const int status = transfer->hearing.status;
    long version = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &version);
    return transfer->head_only || status == 204 || status == 304 ||
           version >= CURL_HTTP_VERSION_2_0 || stet_head_has(head, STET_FIELD_CONTENT_LENGTH) ||
           stet_head_has(head, STET_FIELD_TRANSFER_ENCODING);
}

/* No two lengths: nobody could say where the content ends [RFC 9112 §6.3]. */
static bool hearing_one_length(const struct stet_head *head)
{
    struct stet_list list = stet_list_of(head, STET_FIELD_CONTENT_LENGTH);
    struct stet_span length;
    uint64_t first = 0, other;
    bool seen = false;

    if (stet_head_has(head, STET_FIELD_TRANSFER_ENCODING)) /* it counts alone then */
        return true;
    while (stet_list_next(&list, &length)) {
        if (!stet_span_number(length, INT64_MAX, &other) || (seen && other != first))
            return false;
        first = other;
        seen = true;
    }
    return true;
}

static bool hearing_end(struct transfer *transfer)
{
    struct transfer_hearing *hearing = &transfer->hearing;
    const bool final = hearing->status >= 200 || hearing->status == 101;

    if (!hearing_add(hearing))
        return transfer_fail(transfer, TRANSFER_MEMORY, "out of memory");
    if (final && !hearing_one_length(&hearing->message.head))
        return transfer_fail(transfer, TRANSFER_MALFORMED,
                             "Content-Length of the response is no one length");
    if (final) {
        hearing->over = true;
        transfer->outcome.responded_ns = transfer_wall();
        transfer->outcome.delimited = hearing_delimited(transfer);
    }
    if (transfer->events->head)
        transfer->events->head(transfer->owner, hearing->status, &hearing->message);
    return !transfer->cancelled;
}

/* A line without its end. */
static bool hearing_line(struct transfer *transfer, struct stet_span line)
{
    struct transfer_hearing *hearing = &transfer->hearing;
    const bool goes_on = line.len && (line.at[0] == ' ' || line.at[0] == '\t');

    if (line.len == 0)
        return hearing_end(transfer);
    if (!goes_on && !hearing_add(hearing))
        return transfer_fail(transfer, TRANSFER_MEMORY, "out of memory");
    if (goes_on) {
        text_put(&hearing->line, " ", 1); /* [RFC 9112 §5.2] */
        line = stet_span_trim(line);
    }
    text_put(&hearing->line, line.at, line.len);
    return !hearing->line.failed || transfer_fail(transfer, TRANSFER_MEMORY, "out of memory");
}

static struct stet_span hearing_without_end(struct stet_span line)
{
    if (line.len && line.at[line.len - 1] == '\n')
        line.len--;
    if (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    return line;
}

size_t transfer_on_line(char *bytes, size_t size, size_t count, void *owner)
{
    struct transfer *transfer = owner;
    struct transfer_hearing *hearing = &transfer->hearing;
    const struct stet_span line = hearing_without_end(stet_span(bytes, size * count));
    bool well;

    if (hearing->over || transfer->cancelled)
        return transfer->cancelled ? 0 : size * count; /* trailers */
    hearing->octets += size * count;
    if (hearing->octets > TRANSFER_HEAD_MAX)
        well = transfer_fail(transfer, TRANSFER_MALFORMED, "the head of the response is too large");
    else if (stet_span_starts(line, STET_SPAN("HTTP/")))
        well = hearing_begin(transfer, line);
    else
        well = hearing_line(transfer, line);
    return well ? size * count : 0;
}

size_t transfer_on_content(char *bytes, size_t size, size_t count, void *owner)
{
    struct transfer *transfer = owner;

    if (transfer->cancelled)
        return 0;
    if (size * count > 0 && transfer->events->content &&
        !transfer->events->content(transfer->owner, stet_span(bytes, size * count)))
        transfer_cancel(transfer);
    return transfer->cancelled ? 0 : size * count;
}

/* ---- the end ---- */

struct transfer_code {
    CURLcode code;
    enum transfer_result result;
};

static const struct transfer_code transfer_codes[] = {
    {CURLE_URL_MALFORMAT, TRANSFER_URL},
    {CURLE_UNSUPPORTED_PROTOCOL, TRANSFER_URL},
    {CURLE_LOGIN_DENIED, TRANSFER_URL},
    {CURLE_COULDNT_RESOLVE_HOST, TRANSFER_NAME},
    {CURLE_COULDNT_RESOLVE_PROXY, TRANSFER_NAME},
    {CURLE_COULDNT_CONNECT, TRANSFER_CONNECT},
    {CURLE_PROXY, TRANSFER_CONNECT},
    {CURLE_SSL_CONNECT_ERROR, TRANSFER_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, TRANSFER_TLS},
    {CURLE_SSL_CERTPROBLEM, TRANSFER_TLS},
    {CURLE_SSL_CIPHER, TRANSFER_TLS},
    {CURLE_SSL_CACERT_BADFILE, TRANSFER_TLS},
    {CURLE_SSL_ISSUER_ERROR, TRANSFER_TLS},
    {CURLE_SSL_INVALIDCERTSTATUS, TRANSFER_TLS},
    {CURLE_OPERATION_TIMEDOUT, TRANSFER_TIMEOUT},
    {CURLE_GOT_NOTHING, TRANSFER_BROKEN},
    {CURLE_PARTIAL_FILE, TRANSFER_BROKEN},
    {CURLE_RECV_ERROR, TRANSFER_BROKEN},
    {CURLE_SEND_ERROR, TRANSFER_BROKEN},
    {CURLE_HTTP2_STREAM, TRANSFER_BROKEN},
    {CURLE_HTTP2, TRANSFER_MALFORMED},
    {CURLE_WEIRD_SERVER_REPLY, TRANSFER_MALFORMED},
    {CURLE_OUT_OF_MEMORY, TRANSFER_MEMORY},
};

static enum transfer_result transfer_result_of(const struct transfer *transfer, CURLcode code)
{
    /* Before there was a connection this is about the URL; after it, about HTTP/0.9. */
    if (code == CURLE_UNSUPPORTED_PROTOCOL && transfer->address[0])
        return TRANSFER_MALFORMED;
    for (size_t i = 0; i < sizeof transfer_codes / sizeof *transfer_codes; i++)
        if (transfer_codes[i].code == code)
            return transfer_codes[i].result;
    return TRANSFER_FAILED;
}

static int64_t transfer_time(const struct transfer *transfer, CURLINFO what)
{
    curl_off_t microseconds = 0;

    curl_easy_getinfo(transfer->easy, what, &microseconds);
    return microseconds * 1000;
}

uint16_t transfer_version(const struct transfer *transfer)
{
    long version = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &version);
    if (!transfer->hearing.status)
        return 0;
    return version == CURL_HTTP_VERSION_1_0 ? 10 : version == CURL_HTTP_VERSION_2_0 ? 20 : 11;
}

static bool transfer_is_secure(const struct transfer *transfer)
{
    const char *scheme = NULL;

    curl_easy_getinfo(transfer->easy, CURLINFO_SCHEME, &scheme);
    return transfer->hearing.status && scheme && !transfer->transfers->setup->insecure &&
           stet_span_equal_nocase(stet_span_of(scheme), STET_SPAN("https"));
}

static void transfer_measure(struct transfer *transfer)
{
    struct transfer_outcome *outcome = &transfer->outcome;
    const int64_t sent = transfer_time(transfer, CURLINFO_PRETRANSFER_TIME_T);
    curl_off_t octets = 0;
    long connections = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_DOWNLOAD_T, &octets);
    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connections);
    outcome->octets = (uint64_t)octets;
    outcome->head_octets = transfer->hearing.octets;
    outcome->version = transfer_version(transfer);
    outcome->reused = outcome->version && connections == 0;
    outcome->secure = transfer_is_secure(transfer);
    outcome->requested_ns = sent ? transfer->started_ns + sent : 0;
    outcome->first_octet_ns = transfer_time(transfer, CURLINFO_STARTTRANSFER_TIME_T);
    outcome->total_ns = transfer_time(transfer, CURLINFO_TOTAL_TIME_T);
}

/* libcurl's words about a failure that it found by itself, on one line. */
static void transfer_say(struct transfer *transfer, CURLcode code)
{
    const char *words = code == CURLE_URL_MALFORMAT
                            ? "it is no URL of http or https; a space in one is written %20"
                            : transfer->curl_words;

    snprintf(transfer->words, sizeof transfer->words, "%s",
             words[0] ? words : curl_easy_strerror(code));
    for (char *at = transfer->words; *at; at++)
        if (*at == '\n' || *at == '\r')
            *at = at[1] ? ' ' : '\0';
}

void transfer_conclude(struct transfer *transfer, CURLcode code)
{
    struct transfer_outcome *outcome = &transfer->outcome;
    const char *address = NULL;

    if (transfer->easy) {
        curl_easy_getinfo(transfer->easy, CURLINFO_PRIMARY_IP, &address);
        transfer_measure(transfer);
    }
    snprintf(transfer->address, sizeof transfer->address, "%s", address ? address : "");
    if (transfer->cancelled) {
        outcome->result = TRANSFER_CANCELLED;
        transfer->words[0] = '\0';
    } else if (outcome->result == TRANSFER_COMPLETE && code != CURLE_OK) {
        outcome->result = transfer_result_of(transfer, code);
        transfer_say(transfer, code);
    }
    if (outcome->result == TRANSFER_TIMEOUT) /* libcurl's is the time of the last octet */
        outcome->total_ns = transfer_wall() - transfer->started_ns;
    outcome->words = transfer->words;
    outcome->address = transfer->address;
}
