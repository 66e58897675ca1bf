/* stet log: watches the requests of a running server as they are answered.
 */
#include "cli/commands.h"
#include "cli/control.h"

#include <stdio.h>
#include <stdlib.h>

struct log_command {
    const char *socket;
    struct text target;
    unsigned long long wanted; /* lines; 0: until interrupted */
    unsigned long long seen;
};

static const char *log_socket(void *target, const char *value)
{
    ((struct log_command *)target)->socket = value;
    return NULL;
}

static const char *log_filter(void *target, const char *name, const char *value)
{
    struct text *text = &((struct log_command *)target)->target;

    text_say(text, "%c%s=", text->len == 4 ? '?' : '&', name); /* 4: nothing but "/log" yet */
    control_encode(text, stet_span_of(value));
    return text->failed ? "out of memory" : NULL;
}

static const char *log_status(void *target, const char *value)
{
    char *end;
    const long status = strtol(value, &end, 10);

    if (*end == 'x' && end[1] == 'x' && end[2] == 0 && status >= 1 && status <= 5) {
        const char class[2] = {(char)('0' + status), 0};
        return log_filter(target, "status", class);
    }
    if (*end || status < 100 || status > 599)
        return "expected a status such as 304, or a class such as 5xx";
    return log_filter(target, "status", value);
}

static const char *log_cache(void *target, const char *value)
{
    return log_filter(target, "cache", value);
}

static const char *log_reason(void *target, const char *value)
{
    return log_filter(target, "reason", value);
}

static const char *log_method(void *target, const char *value)
{
    return log_filter(target, "method", value);
}

static const char *log_path(void *target, const char *value)
{
    return log_filter(target, "path", value);
}

static const char *log_client(void *target, const char *value)
{
    return log_filter(target, "client", value);
}

static const char *log_lines(void *target, const char *value)
{
    char *end;
    struct log_command *log = target;
    log->wanted = strtoull(value, &end, 10);
    return *end || log->wanted == 0 ? "expected a number of lines" : NULL;
}

static const struct option_row log_options[] = {
    {"status", 0, "STATUS", "only this status, or class such as 5xx", log_status},
    {"cache", 0, "RESULT", "only hit, stale, validated, miss, pass, failed or local", log_cache},
    {"reason", 0, "WORD", "only answers with this reason", log_reason},
    {"method", 0, "METHOD", "only this method", log_method},
    {"path", 0, "PREFIX", "only targets that begin with PREFIX", log_path},
    {"client", 0, "ADDRESS", "only this client", log_client},
    {"lines", 'n', "COUNT", "end after so many lines", log_lines},
    {"socket", 's', "PATH", "the server's local socket", log_socket},
    {NULL, 0, NULL, NULL, NULL},
};

/* Prints what came, up to the last line that is wanted. */
static bool log_print(void *owner, struct stet_span bytes)
{
    struct log_command *log = owner;
    size_t size = bytes.len;

    for (size_t i = 0; log->wanted && i < bytes.len; i++) {
        if (bytes.at[i] == '\n' && ++log->seen == log->wanted) {
            size = i + 1;
            break;
        }
    }
    if (fwrite(bytes.at, 1, size, stdout) != size || fflush(stdout) != 0)
        return false; /* nobody reads any more */
    return !log->wanted || log->seen < log->wanted;
}

static int log_watch(struct log_command *log)
{
    const struct control_request request = {.socket = log->socket,
                                            .method = "GET",
                                            .target = stet_span(log->target.at, log->target.len),
                                            .each = log_print,
                                            .owner = log};
    struct control_answer answer;
    int status = control_ask(&request, &answer);

    if (status)
        return status;
    if (answer.status != 200)
        status = control_refused("log", &answer);
    text_fini(&answer.content);
    return status;
}

static int log_run(int argc, char **argv)
{
    struct log_command log = {0};
    int operand, status;

    text_say(&log.target, "/log");
    status = options_parse(&command_log, argc, argv, &log, &operand);
    if (status == OPTIONS_GO_ON)
        status = operand < argc ? options_error(&command_log, "no operands, please", argv[operand])
                                : log_watch(&log);
    text_fini(&log.target);
    return status;
}

const struct command command_log = {
    .name = "log",
    .usage = "[OPTION]...",
    .summary = "Watch the requests of a running server as they are answered.",
    .details = "One JSON object a line, as in the JSON access log, until interrupted or the\n"
               "server ends. A reader that is too slow loses lines and is told how many:\n"
               "{\"lost\":N}. Exit status: 0 fine, 1 refused, 2 usage, 3 no server there.\n",
    .options = log_options,
    .run = log_run,
};
