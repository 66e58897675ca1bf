/* One request through the client's cache, for suites that bring a client of their own.
 *
 *     client_driver FOLDER METHOD URL
 *
 * Reads header lines from standard input, then an empty line and the content, if there is any.
 * Writes the status, header lines, an empty line and the content. The source of the answer and the
 * number of requests are told on standard error. Ends with 3 if there was no answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "client/cache.h"

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool answered;

static void head(void *owner, int status, const struct stet_head *head)
{
    (void)owner;
    answered = true;
    printf("%d\n", status);
    for (size_t i = 0; i < head->count; i++)
        printf("%.*s: %.*s\n", (int)head->fields[i].name.len, head->fields[i].name.at,
               (int)head->fields[i].value.len, head->fields[i].value.at);
    printf("\n");
}

static bool content(void *owner, struct stet_span bytes)
{
    (void)owner;
    return fwrite(bytes.at, 1, bytes.len, stdout) == bytes.len;
}

static void end(void *owner, const struct cache_outcome *outcome)
{
    (void)owner;
    fprintf(stderr, "source %d, %u requests, transfer %d %s\n", (int)outcome->source,
            outcome->requests, (int)outcome->transfer.result,
            outcome->transfer.words ? outcome->transfer.words : "");
}

/* Reads the head; what is behind the empty line is the content. */
static struct stet_span request_read(const struct text *input, struct message *to)
{
    struct stet_span rest = stet_span(input->at, input->len);
    while (rest.len) {
        const struct stet_span line = stet_span(rest.at, stet_span_find(rest, '\n'));
        rest = stet_span_from(rest, line.len + 1);
        if (!line.len)
            return rest.len ? rest : STET_SPAN_NONE;
        const size_t colon = stet_span_find(line, ':');
        if (!message_add(to, stet_span(line.at, colon), stet_span_from(line, colon + 1)))
            abort();
    }
    return STET_SPAN_NONE;
}

int main(int argc, char **argv)
{
    static const struct cache_events events = {head, content, end};
    const struct transfer_setup setup = {.user_agent = "stet-driver", .proxy = ""};
    const char *error = "";
    struct text input = {0};
    struct message lines = {0};
    struct cache_fetch *fetch;
    char piece[4096];

    if (argc != 4) {
        fprintf(stderr, "client_driver FOLDER METHOD URL\n");
        return 2;
    }
    for (size_t got; (got = fread(piece, 1, sizeof piece, stdin)) > 0;)
        text_put(&input, piece, got);
    struct client_cache cache = {.transfers = transfers_new(&setup),
                                 .storage = storage_open(argv[1], 1 << 26, &error),
                                 .max_age = -1,
                                 .stale_ok = -1,
                                 .now = now_ns};
    const struct stet_span body = request_read(&input, &lines);
    const struct cache_request request = {
        .transfer = {.method = argv[2], .url = argv[3], .head = &lines.head, .content = body}};
    if (!cache.transfers || !cache.storage ||
        !cache_fetch(&cache, &request, &events, NULL, &fetch)) {
        fprintf(stderr, "client_driver: %s\n", error);
        return 2;
    }
    transfers_run(cache.transfers, -1);
    transfers_free(cache.transfers);
    storage_close(cache.storage);
    message_fini(&lines);
    text_fini(&input);
    return answered ? 0 : 3;
}
