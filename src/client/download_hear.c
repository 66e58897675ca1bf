/* What a download hears: the head decides what becomes of the content.
 *
 * Octets of two versions are never joined: what is held goes with its strong tag, and only a 206
 * with that tag and exactly the rest, or a 200 with that tag whose beginning is skipped, continues
 * it [RFC 9110 §15.3.7.3]. Anything else begins anew, or, where octets have left the house already,
 * fails.
 */
#include "client/download_parts.h"

#include "client/pace.h"
#include "client/statusline.h"
#include "stet/etag.h"
#include "stet/range.h"

#include <stdio.h>

enum { DOWNLOAD_KEEP_FROM = 1 << 20 };

/* ---- the output ---- */

static bool download_sink(void *owner, struct stet_span bytes)
{
    struct download *download = owner;
    const struct download_request *request = &download->request;

    if (request->size_max &&
        output_length(request->output) - download->head_octets + bytes.len > request->size_max)
        return download_fail(download, DOWNLOAD_OUTPUT, "the content is larger than --max-size");
    return output_write(request->output, bytes) ||
           download_fail(download, DOWNLOAD_OUTPUT, output_words(request->output));
}

static bool download_write_head(struct download *download)
{
    struct output *output = download->request.output;
    const struct stet_head *head = &download->result.head.head;
    const uint16_t version = download->fetch ? cache_fetch_version(download->fetch) : 0;
    char line[STATUSLINE_ROOM];
    bool well;

    const size_t len = statusline_write(version, download->result.status, line);
    well = output_write(output, stet_span(line, len)) && output_write(output, STET_SPAN("\r\n"));
    for (size_t i = 0; well && i < head->count; i++)
        well =
            output_write(output, head->fields[i].name) && output_write(output, STET_SPAN(": ")) &&
            output_write(output, head->fields[i].value) && output_write(output, STET_SPAN("\r\n"));
    well = well && output_write(output, STET_SPAN("\r\n"));
    download->head_octets = output_length(output);
    return well || download_fail(download, DOWNLOAD_OUTPUT, output_words(output));
}

static bool download_open(struct download *download, uint64_t held)
{
    struct output *output = download->request.output;
    const bool begun = download->opened; /* heads of redirects are in it */

    download->opened = true;
    if (!begun && !output_begin(output, held))
        return download_fail(download, DOWNLOAD_OUTPUT, output_words(output));
    return !download->request.show_head || download_write_head(download);
}

static void download_note_length(struct download *download, const struct stet_head *head)
{
    uint64_t length;

    download->expected = 0;
    if (stet_span_number(stet_head_single(head, STET_FIELD_CONTENT_LENGTH), INT64_MAX, &length))
        download->expected = length + download->came;
}

/* ---- the rest of what is held ---- */

static bool download_same_tag(const struct download *download, const struct stet_head *head)
{
    return stet_etag_equal_strong(stet_etag_of(head),
                                  stet_etag_read(stet_span_of(download->version.tag)));
}

/* A 206 with all octets from those held on. */
static bool download_is_rest(const struct download *download, const struct stet_head *head)
{
    struct stet_content_range range;

    return download_same_tag(download, head) &&
           stet_content_range_read(stet_head_single(head, STET_FIELD_CONTENT_RANGE), &range) &&
           range.satisfied && range.length_known && range.range.first == download->version.held &&
           range.range.last + 1 == range.length;
}

/* What is held is of no use. */
static void download_anew(struct download *download)
{
    download->hearing.deaf = true;
    download->then = DOWNLOAD_THEN_ANEW;
}

/* Octets have gone where they cannot be taken back. True then, and it has failed. */
static bool download_mixed(struct download *download)
{
    if (!download->opened || !output_is_stream(download->request.output))
        return false;
    download_fail(download, DOWNLOAD_NETWORK,
                  "the content changed while it was being fetched, after some of it was written");
    return true;
}

/* It goes on with what is held. */
static bool download_goes_on(struct download *download, int status, const struct stet_head *head)
{
    struct download_version *version = &download->version;

    if (version->from_part && decoding_kind(head) != DECODING_NONE)
        return false;
    if (status == 206)
        return version->by_range && download_is_rest(download, head);
    return status == 200 && download_same_tag(download, head);
}

static void download_go_on(struct download *download, int status, const struct stet_head *head)
{
    struct download_version *version = &download->version;

    if (status == 200) {
        version->skip = version->held;
        download->came = 0;
    }
    download_note_length(download, head);
    if (!version->from_part)
        return;
    download->result.status = status;
    if (message_add_all(&download->result.head, head))
        download_open(download, version->held);
    else
        download_fail(download, DOWNLOAD_NETWORK, "out of memory");
}

/* The answer to a request for the rest. True if it was dealt with: else it is an answer like
 * others. */
static bool download_hear_rest(struct download *download, int status, const struct stet_head *head)
{
    const bool error = status >= 400 && status != 416;

    if (download_goes_on(download, status, head)) {
        download_go_on(download, status, head);
        return true;
    }
    if (error && !download->version.from_part) {
        download_fail(download, DOWNLOAD_NETWORK, "it broke off, and the rest was refused");
        return true;
    }
    if (download_mixed(download))
        return true;
    if (!error)
        download_drop(download, false);
    download_forget(download);
    if (status != 206 && status != 416)
        return false;
    download_anew(download);
    return true;
}

/* ---- the head ---- */

/* Can what comes be continued, if it breaks off? */
static void download_note_version(struct download *download, int status,
                                  const struct stet_head *head)
{
    const struct stet_etag tag = stet_etag_of(head);
    const struct stet_span value = stet_head_single(head, STET_FIELD_ETAG);

    download->version.tag[0] = '\0';
    if (status != 200 || strcmp(download->method, "GET") != 0 ||
        !stet_etag_equal_strong(tag, tag) || value.len >= OUTPUT_TAG)
        return;
    memcpy(download->version.tag, value.at, value.len);
    download->version.tag[value.len] = '\0';
}

static bool download_note_coding(struct download *download, int status,
                                 const struct stet_head *head)
{
    const enum decoding_kind kind = decoding_kind(head);

    if (!download->request.decode || status == 206 || strcmp(download->method, "HEAD") == 0)
        return true;
    if (kind == DECODING_UNKNOWN)
        return download_fail(download, DOWNLOAD_NETWORK,
                             "the content is in a coding that was not asked for; with "
                             "--no-compressed it is taken as it is");
    if (kind == DECODING_NONE)
        return true;
    download->decoding = decoding_new(head, download_sink, download);
    return download->decoding || download_fail(download, DOWNLOAD_NETWORK, "out of memory");
}

/* True if the answer is where to go, and not what was asked for. */
static bool download_hear_redirect(struct download *download, int status,
                                   const struct stet_head *head)
{
    switch (redirect_of(stet_span_of(download->method), stet_span_of(download->url), status, head,
                        &download->redirect)) {
    case REDIRECT_NONE:
        return false;
    case REDIRECT_OFF:
        return download->request.follow
                   ? !download_fail(download, DOWNLOAD_NETWORK,
                                    "redirected to what is no http or https URL")
                   : false;
    case REDIRECT_THERE:
        break;
    }
    if (!download->request.follow)
        return false;
    if (download->result.redirects == download->request.redirects_max)
        return !download_fail(download, DOWNLOAD_NETWORK, "redirected too often");
    download->then = DOWNLOAD_THEN_REDIRECT;
    download->hearing.deaf = true;
    if (download->request.show_head)
        download_open(download, 0);
    return true;
}

/* Somebody on the way has got the request so early that it could be a repetition. It is sent once
 * more, and not in early data, which we never use [RFC 8470 §5.2]. */
static bool download_hear_early(struct download *download, int status)
{
    if (status != 425 || download->hearing.early)
        return false;
    download->hearing.early = true;
    download_anew(download);
    return true;
}

bool download_may_pass(bool once, const struct download_result *result, int status)
{
    return once ? result->redirects == 0 && pace_is_undone(status) : pace_is_transient(status);
}

/* The user does not want it, but for its head where that can be shown. */
static bool download_hear_refused(struct download *download, int status)
{
    const struct download_request *request = &download->request;
    /* nobody has answered: what is in the output, or was kept for it, stays */
    const bool nobody = status == 504 && request->cache->mode == CACHE_OFFLINE;

    download->hearing.refused =
        nobody || (request->fail && status >= 400) ||
        (request->hold && download_may_pass(request->once, &download->result, status));
    if (!download->hearing.refused)
        return false;
    download->hearing.deaf = true;
    if (download->request.show_head && !download->request.hold &&
        output_is_stream(download->request.output))
        download_open(download, 0);
    return true;
}

void download_on_head(void *owner, int status, const struct stet_head *head)
{
    struct download *download = owner;

    download->hearing.deaf = false;
    if (download->version.asked && download_hear_rest(download, status, head))
        return;
    download->result.status = status;
    message_clear(&download->result.head);
    if (!message_add_all(&download->result.head, head)) {
        download_fail(download, DOWNLOAD_NETWORK, "out of memory");
        return;
    }
    if (download_hear_redirect(download, status, head) || download->result.words[0] ||
        download_hear_early(download, status) || download_hear_refused(download, status))
        return;
    download->came = 0;
    download_note_length(download, head);
    download_note_version(download, status, head);
    if (download_note_coding(download, status, head))
        download_open(download, 0);
}

/* ---- content ---- */

/* Without the octets that we have. */
static struct stet_span download_skip(struct download *download, struct stet_span bytes)
{
    const uint64_t skip =
        download->version.skip < bytes.len ? download->version.skip : (uint64_t)bytes.len;

    download->version.skip -= skip;
    return stet_span_from(bytes, (size_t)skip);
}

bool download_on_content(void *owner, struct stet_span bytes)
{
    struct download *download = owner;

    if (download->result.words[0])
        return false;
    if (download->hearing.deaf)
        return true;
    download->came += bytes.len;
    bytes = download_skip(download, bytes);
    if (bytes.len == 0)
        return true;
    download->version.in_a_row = 0;
    if (!download->decoding) {
        if (!download_sink(download, bytes))
            return false;
        if (download->version.tag[0] && download->request.resume &&
            download->came >= DOWNLOAD_KEEP_FROM)
            output_keep(download->request.output, download->url, download->version.tag);
        return true;
    }
    if (decoding_feed(download->decoding, bytes))
        return true;
    if (!download->result.words[0])
        download_fail(download, DOWNLOAD_NETWORK, decoding_words(download->decoding));
    return false;
}
