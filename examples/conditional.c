/* Serves a table of squares with libmicrohttpd and leaves it to libstet when to say 200, 206, 304,
 * 412 or 416: the program knows its content, its tag and its date, and sends what it is told.
 *
 *     conditional 8081 & curl -i http://127.0.0.1:8081/ -H 'If-None-Match: "squares-5000"'
 */
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <stet/stet.h>

#define SQUARES 5000
#define TAG "\"squares-5000\""
#define FIELDS_MAX 100

static char page[SQUARES * 24];
static size_t page_length;
static time_t page_made;

/* Takes one field line of the request into a head; one thread serves, so the lines may be static.
 */
static enum MHD_Result take(void *to, enum MHD_ValueKind kind, const char *name, const char *value)
{
    static struct stet_field lines[FIELDS_MAX];
    struct stet_head *head = to;

    (void)kind;
    if (head->count == FIELDS_MAX)
        return MHD_NO;
    stet_head_add(head, lines, stet_span_of(name), stet_span_of(value));
    return MHD_YES;
}

/* What the request is to be answered with. */
static struct stet_answer decide(struct MHD_Connection *connection, const char *method)
{
    time_t now = time(NULL);
    struct stet_request request = {.method = stet_method_of(stet_span_of(method))};
    struct stet_validators validators = {
        .exists = true,
        .etag = stet_etag_read(STET_SPAN(TAG)),
        .has_modified = true,
        .modified_strong = stet_validators_date_is_strong(page_made, now, true),
        .modified = page_made,
    };

    if (MHD_get_connection_values(connection, MHD_HEADER_KIND, take, &request.head) > FIELDS_MAX)
        return (struct stet_answer){.status = 431};
    if (request.method != STET_METHOD_GET && request.method != STET_METHOD_HEAD)
        return (struct stet_answer){.status = 501};
    return stet_answer_of(&request, &validators, STET_AS_ORIGIN, page_length, now);
}

static enum MHD_Result reply(void *context, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *upload,
                             size_t *upload_size, void **state)
{
    struct stet_answer answer = decide(connection, method);
    char date[STET_DATE_LENGTH + 1] = "", range[STET_CONTENT_RANGE_MAX + 1] = "";
    struct stet_range part = {0, page_length - 1};

    (void)context, (void)url, (void)version, (void)upload, (void)upload_size, (void)state;
    stet_date_write(page_made, date);
    if (answer.ranges.count > 1)
        answer.status = 200; /* instead of several parts a server may always send the whole */
    if (answer.status == 206) {
        part = answer.ranges.at[0];
        stet_content_range_write(part, page_length, range);
    }
    if (answer.status == 416)
        stet_content_range_write_unsatisfied(page_length, range);

    bool content = answer.status == 200 || answer.status == 206;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        content ? part.last - part.first + 1 : 0, page + part.first, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "ETag", TAG);
    MHD_add_response_header(response, "Cache-Control", "no-cache");
    if (range[0])
        MHD_add_response_header(response, "Content-Range", range);
    if (content) { /* a 304 has no use for a second validator */
        MHD_add_response_header(response, "Last-Modified", date);
        MHD_add_response_header(response, "Content-Type", "text/plain");
    }
    enum MHD_Result queued = MHD_queue_response(connection, (unsigned)answer.status, response);
    MHD_destroy_response(response);
    return queued;
}

int main(int count, char **arguments)
{
    int port = count > 1 ? atoi(arguments[1]) : 8081;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};

    page_made = time(NULL);
    for (unsigned i = 1; i <= SQUARES; i++)
        page_length += (size_t)sprintf(page + page_length, "%u squared is %u\n", i, i * i);
    if (!MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, reply, NULL,
                          MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_END)) {
        fprintf(stderr, "conditional: cannot listen on 127.0.0.1:%d\n", port);
        return 1;
    }
    pause();
}
