/* The access log: both formats, octets that must not get through, lines that are cut, and when they
 * are handed over. */
#include "serve/accesslog.h"

#include "base/memory.h"
#include "io/loop_sim.h"
#include "message.h"
#include "table.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct desk {
    struct sim_world *world;
    struct loop *loop;
    char path[64], text[200000];
    struct logfile *file;
    struct accesslog log;
    struct arena arena;
};

static struct desk *desk_new(enum accesslog_format format)
{
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    desk->world = sim_world_new(1);
    desk->loop = sim_world_loop(desk->world);
    strcpy(desk->path, "/tmp/accesslog-XXXXXX");
    int fd = mkstemp(desk->path);
    assert_true(fd >= 0);
    close(fd);
    desk->file = logfile_open(desk->path);
    assert_non_null(desk->file);
    assert_true(accesslog_init(&desk->log, desk->file, desk->loop, format));
    arena_init(&desk->arena, 1 << 20);
    return desk;
}

static const char *desk_read(struct desk *desk)
{
    FILE *file = fopen(desk->path, "r");
    assert_non_null(file);
    desk->text[fread(desk->text, 1, sizeof desk->text - 1, file)] = '\0';
    fclose(file);
    return desk->text;
}

/* Everything that was written. */
static const char *desk_end(struct desk *desk)
{
    accesslog_fini(&desk->log);
    logfile_close(desk->file);
    desk->file = NULL;
    return desk_read(desk);
}

static void desk_free(struct desk *desk)
{
    if (desk->file)
        desk_end(desk);
    unlink(desk->path);
    arena_fini(&desk->arena);
    loop_free(desk->loop);
    sim_world_free(desk->world);
    free(desk);
}

struct row {
    const char *id;
    const char *name;
    const char *method, *target, *fields;
    bool answered;
    struct stream_outcome outcome;
    int refused;
    const char *combined, *json; /* behind the time, and before the seconds */
};

static const struct row rows[] = {
    {"combined", "an answer", "GET", "/a?b", "Referer: http://x/\nUser-Agent: u/1", true,
     .outcome = {200, 5, true}, .combined = "\"GET /a?b HTTP/1.1\" 200 5 \"http://x/\" \"u/1\"",
     .json = "\"method\":\"GET\",\"target\":\"/a?b\",\"protocol\":\"HTTP/1.1\",\"status\":200,"
             "\"sent\":5,\"complete\":true"},
    {"combined", "an answer that was cut", "GET", "/", "", true, .outcome = {206, 4096, false},
     .combined = "\"GET / HTTP/1.1\" 206 4096 \"-\" \"-\"",
     .json = "\"method\":\"GET\",\"target\":\"/\",\"protocol\":\"HTTP/1.1\",\"status\":206,"
             "\"sent\":4096,\"complete\":false"},
    {"combined", "no answer", "GET", "/", "", false,
     .combined = "\"GET / HTTP/1.1\" 499 0 \"-\" \"-\"",
     .json = "\"method\":\"GET\",\"target\":\"/\",\"protocol\":\"HTTP/1.1\",\"status\":499,"
             "\"sent\":0,\"complete\":false"},
    {"combined", "its content was refused", "POST", "/", "", false, .refused = 408,
     .combined = "\"POST / HTTP/1.1\" 408 0 \"-\" \"-\"",
     .json = "\"method\":\"POST\",\"target\":\"/\",\"protocol\":\"HTTP/1.1\",\"status\":408,"
             "\"sent\":0,\"complete\":false"},
    {"T-log", "quotes and escapes", "GET", "/\"\\", "User-Agent: a\"b\\c\x1b[2J\x7f\xe4\tz", true,
     .outcome = {404, 1, true},
     .combined = "\"GET /\\x22\\x5c HTTP/1.1\" 404 1 \"-\" "
                 "\"a\\x22b\\x5cc\\x1b[2J\\x7f\\xe4\\x09z\"",
     .json = "\"method\":\"GET\",\"target\":\"/\\u0022\\u005c\",\"protocol\":\"HTTP/1.1\","
             "\"status\":404,\"sent\":1,\"complete\":true"},
    {"T-log", "two lines of one field say nothing", "GET", "/", "Referer: a\nReferer: b", true,
     .outcome = {200, 1, true}, .combined = "\"GET / HTTP/1.1\" 200 1 \"-\" \"-\"",
     .json = "\"status\":200"},
};

static void write_row(struct desk *desk, const struct row *row)
{
    struct message message;
    struct stet_request request = message_request(&message, row->method, row->fields);
    struct accesslog_entry entry = {.peer = {.family = AF_INET, .bytes = {192, 0, 2, 7}},
                                    .protocol = "HTTP/1.1",
                                    .reason = STET_REASON_UNCONDITIONAL,
                                    .refused = row->refused};
    request.target = stet_span_of(row->target);
    accesslog_begin(&entry, &request, loop_wall(desk->loop), &desk->arena);
    accesslog_end(&desk->log, &entry, row->answered ? &row->outcome : NULL,
                  loop_wall(desk->loop) + 1500000000);
}

static void check_format(const struct row *row, enum accesslog_format format, const char *want)
{
    struct desk *desk = desk_new(format);
    write_row(desk, row);
    const char *line = desk_end(desk);
    check_row(row, strstr(line, want));
    check_row(row, strchr(line, '\n') == line + strlen(line) - 1);
    desk_free(desk);
}

static void lines_have_their_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        check_format(&rows[i], ACCESSLOG_COMBINED, rows[i].combined);
        check_format(&rows[i], ACCESSLOG_JSON, rows[i].json);
    }
}

static void whole_lines(void **state)
{
    (void)state;
    struct desk *desk = desk_new(ACCESSLOG_COMBINED);
    write_row(desk, &rows[0]);
    assert_string_equal(desk_end(desk),
                        "192.0.2.7 - - [01/Jan/2024:00:00:00 +0000] \"GET /a?b HTTP/1.1\" 200 5 "
                        "\"http://x/\" \"u/1\" \"stet; detail=unconditional\"\n");
    desk_free(desk);
    desk = desk_new(ACCESSLOG_JSON);
    write_row(desk, &rows[0]);
    assert_string_equal(
        desk_end(desk),
        "{\"time\":\"2024-01-01T00:00:00.000Z\",\"client\":\"192.0.2.7\",\"method\":\"GET\","
        "\"target\":\"/a?b\",\"protocol\":\"HTTP/1.1\",\"status\":200,\"sent\":5,"
        "\"complete\":true,\"seconds\":1.500000,\"referer\":\"http://x/\","
        "\"user_agent\":\"u/1\",\"reason\":\"unconditional\",\"saved\":0}\n");
    desk_free(desk);
}

/* What never became a request is written as it came, with who sent it. */
static void refusals(void **state)
{
    const struct sock_address peer = {.family = AF_INET, .bytes = {192, 0, 2, 7}};
    (void)state;
    struct desk *desk = desk_new(ACCESSLOG_COMBINED);
    accesslog_refused(&desk->log, &peer, 400, STET_SPAN("GET /\x01 HTTP/9\r"), 0);
    accesslog_refused(&desk->log, &peer, 408, STET_SPAN_NONE, 0);
    assert_string_equal(desk_end(desk),
                        "192.0.2.7 - - [01/Jan/1970:00:00:00 +0000] \"GET /\\x01 HTTP/9\" 400 0 "
                        "\"-\" \"-\" \"stet; detail=none\"\n"
                        "192.0.2.7 - - [01/Jan/1970:00:00:00 +0000] \"\" 408 0 "
                        "\"-\" \"-\" \"stet; detail=none\"\n");
    desk_free(desk);
}

/* What came through the cache says how, in either form. */
static void cache_facts(void **state)
{
    static const struct cache_rules rules = {.name = STET_SPAN_INIT("stet")};
    static const struct {
        const char *id, *name;
        struct cache_facts facts;
        const char *combined, *json;
    } told[] = {
        {"C-9211-2.1-1",
         "a hit",
         {.hit = true,
          .has_age = true,
          .age = 7,
          .has_ttl = true,
          .ttl = 23,
          .reason = STET_REASON_FRESH},
         " \"stet;hit;ttl=23;detail=fresh\"\n",
         ",\"saved\":10,\"cache\":\"hit\",\"age\":7,\"ttl\":23}\n"},
        {"C-9211-2.5-1",
         "a miss that is stored, for others too",
         {.forward = STET_FORWARD_URI_MISS,
          .forward_status = 200,
          .stored = true,
          .collapsed = true,
          .storing = STET_REASON_STORABLE,
          .reason = STET_REASON_NOT_STORED,
          .next_hop = STET_SPAN_INIT("127.0.0.1:80")},
         " \"stet;fwd=uri-miss;stored;collapsed;detail=not-stored\"\n",
         ",\"cache\":\"uri-miss\",\"upstream_status\":200,\"stored\":true,"
         "\"collapsed\":true,\"storing\":\"storable\",\"upstream\":\"127.0.0.1:80\"}\n"},
        {"C-9211-2.3-1",
         "one that may not be stored",
         {.forward = STET_FORWARD_STALE,
          .forward_status = 304,
          .has_ttl = true,
          .ttl = -4,
          .storing = STET_REASON_NO_STORE,
          .reason = STET_REASON_STALE},
         " \"stet;fwd=stale;fwd-status=304;ttl=-4;detail=no-store\"\n",
         ",\"upstream_status\":304,\"storing\":\"no-store\",\"ttl\":-4}\n"},
        {"C-9211-2-2",
         "an error of our own",
         {.error = STET_PROXY_ERROR_CONNECTION_REFUSED, .reason = STET_REASON_ORIGIN_FAILED},
         " \"stet; detail=fresh\"\n",
         ",\"cache\":\"none\",\"error\":\"connection_refused\"}\n"},
    };
    const struct stream_outcome outcome = {200, 5, true};
    (void)state;
    for (size_t i = 0; i < COUNT(told); i++) {
        for (int format = ACCESSLOG_COMBINED; format <= ACCESSLOG_JSON; format++) {
            struct desk *desk = desk_new((enum accesslog_format)format);
            const struct accesslog_entry entry = {.protocol = "HTTP/1.1",
                                                  .reason = STET_REASON_FRESH,
                                                  .saved = 10,
                                                  .facts = &told[i].facts,
                                                  .rules = &rules};
            accesslog_end(&desk->log, &entry, &outcome, 0);
            check_row(&told[i], strstr(desk_end(desk),
                                       format == ACCESSLOG_JSON ? told[i].json : told[i].combined));
            desk_free(desk);
        }
    }
}

/* The longest parts, each octet of which becomes six. */
static void long_lines_are_cut_in_their_parts(void **state)
{
    char large[5000], fields[11000];
    (void)state;
    memset(large, 0x80, sizeof large - 1);
    large[sizeof large - 1] = '\0';
    snprintf(fields, sizeof fields, "Referer: %s\nUser-Agent: %s", large, large);
    struct row row = {.method = large, .target = large, .fields = fields};
    for (int format = ACCESSLOG_COMBINED; format <= ACCESSLOG_JSON; format++) {
        struct desk *desk = desk_new((enum accesslog_format)format);
        write_row(desk, &row);
        const char *line = desk_end(desk);
        size_t length = strlen(line);
        assert_true(length > 8000 && length < 16384);
        assert_string_equal(line + length - 2, format == ACCESSLOG_JSON ? "}\n" : "\"\n");
        desk_free(desk);
    }
}

/* Lines gather until the turn ends, or the buffer is full. */
static void lines_are_handed_over_at_the_end_of_the_turn(void **state)
{
    (void)state;
    struct desk *desk = desk_new(ACCESSLOG_COMBINED);
    write_row(desk, &rows[0]);
    write_row(desk, &rows[1]);
    assert_true(desk->log.used > 0);
    sim_world_run_until_idle(desk->world);
    assert_int_equal(desk->log.used, 0);
    for (int i = 0; i < 500 && !strstr(desk_read(desk), " 206 "); i++)
        poll(NULL, 0, 10);
    assert_non_null(strstr(desk->text, " 206 "));
    for (int i = 0; i < 1000; i++)
        write_row(desk, &rows[0]);
    size_t lines = 0;
    for (const char *at = desk_end(desk); (at = strchr(at, '\n')); at++)
        lines++;
    assert_int_equal(lines, 1002);
    desk_free(desk);
}

static void memory_may_be_out(void **state)
{
    (void)state;
    struct desk *desk = desk_new(ACCESSLOG_COMBINED);
    struct accesslog log;
    memory_fail_nth(1);
    assert_false(accesslog_init(&log, desk->file, desk->loop, ACCESSLOG_JSON));
    memory_fail_nth(1); /* of the arena: the parts are missing, the line is there */
    write_row(desk, &rows[0]);
    memory_fail_nth(0);
    assert_non_null(strstr(desk_end(desk), "] \"/a?b\" 200 5 "));
    desk_free(desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_their_form),
        cmocka_unit_test(whole_lines),
        cmocka_unit_test(refusals),
        cmocka_unit_test(cache_facts),
        cmocka_unit_test(long_lines_are_cut_in_their_parts),
        cmocka_unit_test(lines_are_handed_over_at_the_end_of_the_turn),
        cmocka_unit_test(memory_may_be_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
