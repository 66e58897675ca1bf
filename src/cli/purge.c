/* stet purge: makes a running server forget, or ask again.
 */
#include "cli/commands.h"
#include "cli/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct purge_command {
    const char *socket;
    const char *scope; /* NULL: by what the operand looks like */
    const char *text;
    bool hard;
    bool json;
};

static const char *purge_socket(void *target, const char *value)
{
    ((struct purge_command *)target)->socket = value;
    return NULL;
}

static const char *purge_scope(struct purge_command *purge, const char *scope, const char *text)
{
    if (purge->scope)
        return "one of URL, --prefix, --match, --group and --all, please";
    purge->scope = scope;
    purge->text = text;
    return NULL;
}

static const char *purge_prefix(void *target, const char *value)
{
    return purge_scope(target, "prefix", value);
}

static const char *purge_match(void *target, const char *value)
{
    return purge_scope(target, "match", value);
}

static const char *purge_group(void *target, const char *value)
{
    return purge_scope(target, "group", value);
}

static const char *purge_all(void *target, const char *value)
{
    (void)value;
    return purge_scope(target, "all", "");
}

static const char *purge_hard(void *target, const char *value)
{
    (void)value;
    ((struct purge_command *)target)->hard = true;
    return NULL;
}

static const char *purge_json(void *target, const char *value)
{
    (void)value;
    ((struct purge_command *)target)->json = true;
    return NULL;
}

static const struct option_row purge_options[] = {
    {"prefix", 0, "TEXT", "all URLs that begin with TEXT", purge_prefix},
    {"match", 0, "REGEX", "all URLs in which this regular expression is found", purge_match},
    {"group", 0, "NAME", "all responses of this cache group (RFC 9875)", purge_group},
    {"all", 0, NULL, "everything", purge_all},
    {"hard", 0, NULL,
     "remove at once; without it what is reached is only stale:\n"
     "its validators are kept, and the next request asks the origin",
     purge_hard},
    {"json", 0, NULL, "print {\"reached\":N,\"hard\":BOOL}", purge_json},
    {"socket", 's', "PATH", "the server's local socket", purge_socket},
    {NULL, 0, NULL, NULL, NULL},
};

/* "{"reached":7,...": the number. */
static void purge_print(const struct purge_command *purge, const struct text *content)
{
    const char *const member = "\"reached\":";
    const char *at = memmem(content->at, content->len, member, strlen(member));
    const long long reached = at ? strtoll(at + strlen(member), NULL, 10) : 0;

    if (purge->json)
        printf("%.*s", (int)content->len, content->at);
    else
        printf("%lld %s %s\n", reached, reached == 1 ? "entry" : "entries",
               purge->hard ? "removed" : "marked as stale");
}

static int purge_do(const struct purge_command *purge)
{
    char target[64];
    snprintf(target, sizeof target, "/purge?scope=%s%s", purge->scope,
             purge->hard ? "&hard=1" : "");
    const struct control_request request = {.socket = purge->socket,
                                            .method = "POST",
                                            .target = stet_span_of(target),
                                            .content = stet_span_of(purge->text)};
    struct control_answer answer;
    int status = control_ask(&request, &answer);

    if (status)
        return status;
    if (answer.status == 200)
        purge_print(purge, &answer.content);
    else
        status = control_refused("purge", &answer);
    text_fini(&answer.content);
    return status;
}

static int purge_run(int argc, char **argv)
{
    struct purge_command purge = {0};
    int operand;
    int result = options_parse(&command_purge, argc, argv, &purge, &operand);

    if (result != OPTIONS_GO_ON)
        return result;
    for (; operand < argc; operand++) {
        const char *error = purge_scope(&purge, "url", argv[operand]);
        if (error)
            return options_error(&command_purge, error, argv[operand]);
    }
    if (!purge.scope)
        return options_error(&command_purge, "what shall be purged?", NULL);
    return purge_do(&purge);
}

const struct command command_purge = {
    .name = "purge",
    .usage = "[OPTION]... URL | --prefix TEXT | --match REGEX | --group NAME | --all",
    .summary = "Make a running server forget stored responses, or ask again.",
    .details = "A URL is purged with all its variants. Says how many entries were reached.\n"
               "Exit status: 0 fine, also if nothing was reached; 1 refused; 2 usage;\n"
               "3 no server there.\n",
    .options = purge_options,
    .run = purge_run,
};
