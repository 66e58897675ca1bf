/* The access log: lines are put together in a bounded text, escaped as they go.
 *
 *   combined: client - - [time] "METHOD target protocol" status octets "referer" "agent" "stet;
 * ..." json:     {"time":...,"client":...,"method":...,"target":...,"status":...,...}
 *
 * The last part of the combined form is what Cache-Status says, or for what came through no cache
 * the reason alone.
 *
 * A line that would be too long is cut inside of its longest parts, never in its form.
 */
#include "serve/accesslog.h"

#include "base/container.h"
#include "base/memory.h"
#include "serve/cachelines.h"
#include "stet/proxystatus.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define ACCESSLOG_LINES 65536
#define ACCESSLOG_LINE_MAX 20480

/* The most octets of one part of a client's own words; each becomes up to 6. */
#define ACCESSLOG_PART_MAX 512

#define NS_PER_SECOND 1000000000

struct line {
    size_t used;
    char text[ACCESSLOG_LINE_MAX];
};

static void line_put(struct line *line, const char *text)
{
    size_t size = strlen(text);
    memcpy(line->text + line->used, text, size);
    line->used += size;
}

/* A client's octets, with what could end a quote or steer a terminal written as \xHH or \u00HH. */
static void line_escaped(struct line *line, struct stet_span text, bool json)
{
    size_t size = text.len < ACCESSLOG_PART_MAX ? text.len : ACCESSLOG_PART_MAX;
    for (size_t i = 0; i < size; i++) {
        unsigned char octet = (unsigned char)text.at[i];
        if (octet >= 0x20 && octet < 0x7f && octet != '"' && octet != '\\') {
            line->text[line->used++] = (char)octet;
            continue;
        }
        line->used +=
            (size_t)snprintf(line->text + line->used, 8, json ? "\\u00%02x" : "\\x%02x", octet);
    }
}

static void line_quoted(struct line *line, struct stet_span text, bool json)
{
    line->text[line->used++] = '"';
    if (text.len)
        line_escaped(line, text, json);
    else if (!json)
        line->text[line->used++] = '-';
    line->text[line->used++] = '"';
}

static void accesslog_flush(struct task *task)
{
    struct accesslog *log = CONTAINER(task, struct accesslog, flush);
    log->queued = false;
    if (log->used)
        logfile_write(log->file, log->lines, log->used);
    log->used = 0;
}

static void accesslog_put(struct accesslog *log, const struct line *line)
{
    if (ACCESSLOG_LINES - log->used < line->used) {
        logfile_write(log->file, log->lines, log->used);
        log->used = 0;
    }
    memcpy(log->lines + log->used, line->text, line->used);
    log->used += line->used;
    if (!log->queued) {
        log->queued = true;
        loop_defer(log->loop, &log->flush);
    }
}

bool accesslog_init(struct accesslog *log, struct logfile *file, struct loop *loop,
                    enum accesslog_format format)
{
    *log = (struct accesslog){.file = file, .loop = loop, .format = format};
    log->flush.run = accesslog_flush;
    log->lines = memory_new(ACCESSLOG_LINES);
    return log->lines != NULL;
}

void accesslog_fini(struct accesslog *log)
{
    if (log->lines && log->used)
        logfile_write(log->file, log->lines, log->used);
    memory_free(log->lines);
    log->lines = NULL;
    log->used = 0;
}

static struct stet_span accesslog_copy(struct arena *arena, struct stet_span text)
{
    size_t size = text.len < ACCESSLOG_PART_MAX ? text.len : ACCESSLOG_PART_MAX;
    char *copy = size ? arena_copy(arena, text.at, size) : NULL;
    return copy ? stet_span(copy, size) : STET_SPAN_NONE;
}

void accesslog_begin(struct accesslog_entry *entry, const struct stet_request *request, int64_t now,
                     struct arena *arena)
{
    const struct stet_head *head = &request->head;

    entry->begun = now;
    entry->method = accesslog_copy(arena, request->method_name);
    entry->target = accesslog_copy(arena, request->target);
    entry->referer = accesslog_copy(arena, stet_head_single(head, STET_FIELD_REFERER));
    entry->user_agent = accesslog_copy(arena, stet_head_single(head, STET_FIELD_USER_AGENT));
}

static void line_time(struct line *line, int64_t when, bool json)
{
    char text[64];
    time_t seconds = (time_t)(when / NS_PER_SECOND);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, json ? "%Y-%m-%dT%H:%M:%S" : "%d/%b/%Y:%H:%M:%S +0000", &tm);
    line_put(line, text);
    if (json) {
        snprintf(text, sizeof text, ".%03dZ", (int)(when % NS_PER_SECOND / 1000000));
        line_put(line, text);
    }
}

/* 499: the client was gone before there was an answer (as nginx says it). */
static int accesslog_status(const struct accesslog_entry *entry,
                            const struct stream_outcome *outcome)
{
    if (outcome)
        return outcome->status;
    return entry->refused ? entry->refused : 499;
}

/* The request line, as far as it is known. */
static void line_request(struct line *line, const struct accesslog_entry *entry)
{
    line_put(line, "\"");
    line_escaped(line, entry->method, false);
    if (entry->method.len)
        line_put(line, " ");
    line_escaped(line, entry->target, false);
    if (entry->method.len) {
        line_put(line, " ");
        line_put(line, entry->protocol);
    }
    line_put(line, "\"");
}

/* What the cache did, as in the answer itself; else why the answer was what it was. */
static void line_cache(struct line *line, const struct accesslog_entry *entry, int status)
{
    char text[512];
    size_t size = 0;

    if (entry->facts) {
        const struct stet_cachestatus said =
            cachelines_status_of(entry->rules, entry->facts, status);
        size = stet_cachestatus_write(&said, text, sizeof text);
    }
    if (size == 0) {
        const struct stet_span word = stet_reason_word(entry->reason);
        size = (size_t)snprintf(text, sizeof text, "stet; detail=%.*s", (int)word.len, word.at);
    }
    line_quoted(line, stet_span(text, size), false);
}

static void line_combined(struct line *line, const struct accesslog_entry *entry,
                          const struct stream_outcome *outcome)
{
    char text[SOCK_ADDRESS_TEXT + 64];

    sock_address_text(&entry->peer, text);
    line_put(line, text);
    line_put(line, " - - [");
    line_time(line, entry->begun, false);
    line_put(line, "] ");
    line_request(line, entry);
    snprintf(text, sizeof text, " %d %llu ", accesslog_status(entry, outcome),
             (unsigned long long)(outcome ? outcome->content_sent : 0));
    line_put(line, text);
    line_quoted(line, entry->referer, false);
    line_put(line, " ");
    line_quoted(line, entry->user_agent, false);
    line_put(line, " ");
    line_cache(line, entry, accesslog_status(entry, outcome));
    line_put(line, "\n");
}

static void line_member(struct line *line, const char *name, struct stet_span value)
{
    line_put(line, ",\"");
    line_put(line, name);
    line_put(line, "\":");
    line_quoted(line, value, true);
}

static void line_json_number(struct line *line, const char *name, long long number)
{
    char text[64];
    snprintf(text, sizeof text, ",\"%s\":%lld", name, number);
    line_put(line, text);
}

/* How the answer was had: "hit", or why the request went forward; "none" where it did neither. */
static void line_json_cache(struct line *line, const struct cache_facts *facts)
{
    struct stet_span how = facts->hit ? STET_SPAN("hit") : stet_forward_token(facts->forward);

    line_member(line, "cache", how.len ? how : STET_SPAN("none"));
    if (facts->forward_status)
        line_json_number(line, "upstream_status", facts->forward_status);
    if (facts->stored)
        line_put(line, ",\"stored\":true");
    if (facts->collapsed)
        line_put(line, ",\"collapsed\":true");
    if (facts->storing != STET_REASON_NONE)
        line_member(line, "storing", stet_reason_word(facts->storing));
    if (facts->has_age)
        line_json_number(line, "age", facts->age);
    if (facts->has_ttl)
        line_json_number(line, "ttl", facts->ttl);
    if (facts->next_hop.len)
        line_member(line, "upstream", facts->next_hop);
    if (facts->error != STET_PROXY_ERROR_NONE)
        line_member(line, "error", stet_proxy_error_token(facts->error));
}

static void line_json(struct line *line, const struct accesslog_entry *entry,
                      const struct stream_outcome *outcome, int64_t now)
{
    char text[160];

    line_put(line, "{\"time\":\"");
    line_time(line, entry->begun, true);
    line_put(line, "\"");
    line_member(line, "client", stet_span(text, sock_address_text(&entry->peer, text)));
    line_member(line, "method", entry->method);
    line_member(line, "target", entry->target);
    line_member(line, "protocol", stet_span_of(entry->protocol));
    snprintf(text, sizeof text, ",\"status\":%d,\"sent\":%llu,\"complete\":%s,\"seconds\":%.6f",
             accesslog_status(entry, outcome),
             (unsigned long long)(outcome ? outcome->content_sent : 0),
             outcome && outcome->complete ? "true" : "false",
             (double)(now - entry->begun) / NS_PER_SECOND);
    line_put(line, text);
    line_member(line, "referer", entry->referer);
    line_member(line, "user_agent", entry->user_agent);
    line_member(line, "reason", stet_reason_word(entry->reason));
    line_json_number(line, "saved", (long long)entry->saved);
    if (entry->facts)
        line_json_cache(line, entry->facts);
    line_put(line, "}\n");
}

void accesslog_end(struct accesslog *log, const struct accesslog_entry *entry,
                   const struct stream_outcome *outcome, int64_t now)
{
    struct line line;
    line.used = 0;
    if (log->format == ACCESSLOG_JSON)
        line_json(&line, entry, outcome, now);
    else
        line_combined(&line, entry, outcome);
    accesslog_put(log, &line);
}

void accesslog_write_json(const struct accesslog_entry *entry, const struct stream_outcome *outcome,
                          int64_t now, struct text *to)
{
    struct line line;
    line.used = 0;
    line_json(&line, entry, outcome, now);
    text_put(to, line.text, line.used);
}

void accesslog_refused(struct accesslog *log, const struct sock_address *peer, int status,
                       struct stet_span text, int64_t now)
{
    struct accesslog_entry entry = {.begun = now, .peer = *peer, .protocol = "", .target = text};
    struct stream_outcome outcome = {.status = status, .complete = true};

    if (text.len && text.at[text.len - 1] == '\r')
        entry.target.len--;
    accesslog_end(log, &entry, &outcome, now);
}
