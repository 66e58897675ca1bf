/* The access log: a line for each request, with nothing in it that a client can steer.
 */
#include "stories.h"

#include <stdlib.h>
#include <string.h>

static struct client *visitor(struct scene *s, enum accesslog_format format)
{
    s->log = format;
    scene_write(s, "index.html", "hello");
    scene_pass(s, SECONDS(10));
    return scene_client_from(s, "203.0.113.7");
}

static void expect_line(struct scene *s, const char *log, const char *line)
{
    if (!s->chaos->relaxed && !strstr(log, line))
        scene_fail(s, "the log lacks \"%s\":\n%.600s", line, log);
}

static int count_lines(const char *log)
{
    int lines = 0;
    for (; *log; log++)
        lines += *log == '\n';
    return lines;
}

void tell_log_combined(struct scene *s)
{
    struct client *client = visitor(s, ACCESSLOG_COMBINED);
    client_get_with(client, "/", "User-Agent: test/1\nReferer: http://a.example/");
    const char *tag = client_field(client, "ETag");
    client_get_with(client, "/?q=1", "If-None-Match: %s", tag);
    client_head(client, "/none");
    client_said(client, "GET");
    client_say(client, "BAD LINE\r\n\r\n");
    client_hear(client);
    const char *log = scene_log(s);
    expect_line(s, log,
                "203.0.113.7 - - [01/Jan/2024:00:00:10 +0000] \"GET / HTTP/1.1\" 200 5 "
                "\"http://a.example/\" \"test/1\" \"stet; ");
    expect_line(s, log, "\"GET /?q=1 HTTP/1.1\" 304 0 \"-\" \"-\" \"stet; ");
    expect_line(s, log, "\"HEAD /none HTTP/1.1\" 404 0 ");
    expect_line(s, log, "BAD LINE");
    expect_line(s, log, " 400 ");
    expect(s, count_lines(log) == 4);
}

void tell_log_json(struct scene *s)
{
    struct client *client = visitor(s, ACCESSLOG_JSON);
    client_get_with(client, "/", "User-Agent: test/1");
    const char *log = scene_log(s);
    expect_line(s, log,
                "{\"time\":\"2024-01-01T00:00:10.000Z\",\"client\":\"203.0.113.7\","
                "\"method\":\"GET\",\"target\":\"/\",\"protocol\":\"HTTP/1.1\","
                "\"status\":200,\"sent\":5,\"complete\":true,");
    expect_line(s, log, "\"user_agent\":\"test/1\"");
    expect(s, count_lines(log) == 1);
}

/* No octet that could end a line, close a quote, or move a cursor. */
static void expect_harmless(struct scene *s, const char *log, bool json)
{
    for (const char *at = log; *at; at++) {
        if (*at != '\n' && (*at < 0x20 || *at >= 0x7f))
            scene_fail(s, "octet %02x in the log", (unsigned char)*at);
    }
    const char *evil = json ? "\\u001b[31m" : "\\x1b[31m";
    const char *quote = json ? "\\u0022" : "\\x22";
    if (!s->chaos->relaxed && (!strstr(log, json ? "\\u00e9" : "\\xe9") || !strstr(log, quote)))
        scene_fail(s, "the log lacks %s or the like: %.600s", evil, log);
}

static void tell_hostile(struct scene *s, enum accesslog_format format)
{
    struct client *client = visitor(s, format);
    client_said(client, "GET");
    client_say(client, "GET /?\"><script>%0a%1b HTTP/1.1\r\nHost: www\r\n\r\n");
    client_hear(client);
    client_reopen(client);
    client_get_with(client, "/", "User-Agent: a\" 200 0 \"b\\ \xe9\tx\nReferer: \"\"\"");
    client_said(client, "GET");
    client_say(client, "GET /\x1b[31m\x07 HTTP/1.1\r\nHost: www\r\n\r\n");
    client_hear(client);
    client_again(client);
    char *agent = malloc(30001);
    memset(agent, '"', 30000);
    agent[30000] = '\0';
    client_get_with(client, "/", "User-Agent: %s\nReferer: %s", agent, agent);
    free(agent);
    const char *log = scene_log(s);
    expect_harmless(s, log, format == ACCESSLOG_JSON);
    expect(s, count_lines(log) == 4);
}

void tell_log_hostile_combined(struct scene *s)
{
    tell_hostile(s, ACCESSLOG_COMBINED);
}

void tell_log_hostile_json(struct scene *s)
{
    tell_hostile(s, ACCESSLOG_JSON);
}

/* A client that is gone before its answer: 499; one that is gone within it: what it has got. */
void tell_log_of_the_gone(struct scene *s)
{
    s->options.file_in_memory_max = 1 << 20;
    scene_fill(s, "big.bin", (1 << 20) + 1, 1);
    struct client *client = visitor(s, ACCESSLOG_JSON);
    client_takes(client, 100000);
    client_ask(client, "/big.bin");
    client_received(client);
    client_leave(client, true);
    const char *log = scene_log(s);
    expect_line(s, log,
                "\"target\":\"/big.bin\",\"protocol\":\"HTTP/1.1\",\"status\":200,\"sent\":");
    expect_line(s, log, "\"complete\":false");
    expect(s, count_lines(log) == 1);
}

/* The stop comes while the file is being read. */
void tell_log_of_the_unanswered(struct scene *s)
{
    static const struct sim_faults slow = {.job_delay = SECONDS(1000)};
    struct client *client = visitor(s, ACCESSLOG_COMBINED);
    sim_world_faults(s->world, &slow);
    scene_write(s, "b.txt", "b");
    client_ask(client, "/b.txt");
    sim_world_run_until_idle(s->world);
    const char *log = scene_log(s);
    expect_line(s, log, "\"GET /b.txt HTTP/1.1\" 499 0 ");
}

/* The log's disk is full: serving goes on. */
void tell_log_disk_full(struct scene *s)
{
    s->log_path = "/dev/full";
    struct client *client = visitor(s, ACCESSLOG_COMBINED);
    for (int i = 0; i < 10; i++) {
        client_get(client, "/");
        expect_status(client, 200);
    }
}

void tell_log_of_a_pipeline(struct scene *s)
{
    struct client *client = visitor(s, ACCESSLOG_COMBINED);
    for (int i = 0; i < 150; i++)
        client_ask_with(client, "/", "User-Agent: %0400d", i);
    for (int i = 0; i < 150; i++)
        client_hear(client);
    expect(s, count_lines(scene_log(s)) == 150);
}
