/* stet explain: each decision about a URL in words, with the law it rests on.
 *
 * A running server is asked what it has stored and how it would answer. Without one, or with
 * --fetch, the URL is fetched and the response is judged here by the same functions.
 */
#include "cache/explain.h"

#include "cli/commands.h"
#include "cli/control.h"
#include "cli/fetching.h"
#include "serve/adminpath.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct explain_command {
    const char *socket;
    const char *profile;
    struct fetching_trust trust;
    bool fetch;
    bool json;
};

static const char *explain_socket(void *target, const char *value)
{
    ((struct explain_command *)target)->socket = value;
    return NULL;
}

static const char *explain_fetch(void *target, const char *value)
{
    (void)value;
    ((struct explain_command *)target)->fetch = true;
    return NULL;
}

static const char *explain_ca(void *target, const char *value)
{
    ((struct explain_command *)target)->trust.ca_file = value;
    return NULL;
}

static const char *explain_insecure(void *target, const char *value)
{
    (void)value;
    ((struct explain_command *)target)->trust.unverified = true;
    return NULL;
}

static const char *explain_as_json(void *target, const char *value)
{
    (void)value;
    ((struct explain_command *)target)->json = true;
    return NULL;
}

static const char *explain_profile(void *target, const char *value)
{
    if (strcmp(value, "gateway") != 0 && strcmp(value, "rfc9111") != 0)
        return "expected gateway or rfc9111";
    ((struct explain_command *)target)->profile = value;
    return NULL;
}

static const struct option_row explain_options[] = {
    {"fetch", 0, NULL, "fetch the URL and judge the response here, whether or not\na server runs",
     explain_fetch},
    {"profile", 0, "NAME", "judge as gateway (default) or rfc9111 does, with --fetch",
     explain_profile},
    {"cacert", 0, "FILE", "trust the servers that these certificates vouch for", explain_ca},
    {"insecure", 'k', NULL, "fetch from a server whatever its certificate", explain_insecure},
    {"json", 0, NULL, "print {\"lines\":[...]}", explain_as_json},
    {"socket", 's', "PATH", "the server's local socket", explain_socket},
    {NULL, 0, NULL, NULL, NULL},
};

/* ---- a running server ---- */

static int explain_ask(const struct explain_command *explain, const char *url)
{
    struct text target = {0};
    struct control_answer answer;
    int status;

    text_say(&target, "/explain?%surl=", explain->json ? "form=json&" : "");
    control_encode(&target, stet_span_of(url));
    const struct control_request request = {
        .socket = explain->socket, .method = "GET", .target = stet_span(target.at, target.len)};
    status = control_ask(&request, &answer);
    text_fini(&target);
    if (status)
        return status;
    if (answer.status == 200)
        fwrite(answer.content.at, 1, answer.content.len, stdout);
    else
        status = control_refused("explain", &answer);
    text_fini(&answer.content);
    return status;
}

static bool explain_server_runs(const struct explain_command *explain)
{
    char path[ADMINPATH_ROOM];

    if (explain->socket)
        return true;
    adminpath_default(path);
    return access(path, F_OK) == 0;
}

/* ---- judging here ---- */

static int64_t explain_now(void)
{
    return (int64_t)time(NULL);
}

/* Called with the head of the response. */
static void explain_judge(void *owner, const struct stet_request *request,
                          const struct stet_response *response)
{
    const struct explain_command *explain = owner;
    const int64_t now = explain_now();
    const struct stet_transaction transaction = {
        .request = request, .response = response, .arrival = {now, now, now}};
    struct cache_rules rules = cache_rules_default();
    struct text text = {0};

    if (explain->profile && strcmp(explain->profile, "rfc9111") == 0)
        rules.profile = stet_profile_rfc9111();
    explain_response(&rules, request->target, &transaction,
                     explain->json ? EXPLAIN_JSON : EXPLAIN_WORDS, &text);
    fwrite(text.at, 1, text.len, stdout);
    text_fini(&text);
}

static int explain_run(int argc, char **argv)
{
    struct explain_command explain = {0};
    int operand;
    int result = options_parse(&command_explain, argc, argv, &explain, &operand);

    if (result != OPTIONS_GO_ON)
        return result;
    if (argc - operand != 1)
        return options_error(&command_explain, "one URL, please",
                             operand < argc ? argv[operand + 1] : NULL);
    if (!explain.fetch && explain_server_runs(&explain))
        return explain_ask(&explain, argv[operand]);
    return fetching_head(argv[operand], &explain.trust, explain_judge, &explain);
}

const struct command command_explain = {
    .name = "explain",
    .usage = "[OPTION]... URL",
    .summary = "Tell why a response is stored, reused, validated or not, with the law.",
    .details = "Asks a running server what it has stored for URL and how it would answer. If\n"
               "none runs, fetches URL and judges the response itself.\n"
               "Exit status: 0 fine, 1 refused, 2 usage, 3 network.\n",
    .options = explain_options,
    .run = explain_run,
};
