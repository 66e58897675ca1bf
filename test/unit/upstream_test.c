/* Upstreams in the simulated world: which server is asked, which is left alone and for how long,
 * what is sent once more and what never; and how their addresses are written down. */
#include "origin/upstream.h"

#include "call_world.h"

/* ---- addresses ---- */

struct url_row {
    const char *id;
    const char *name;
    const char *text;
    const char *host; /* NULL: wrong */
    uint16_t port;
    const char *authority; /* or what is said to be wrong */
};

static const struct url_row url_rows[] = {
    {"", "a name", "http://example.org", "example.org", 80, "example.org"},
    {"", "a name and a port", "http://app:3000", "app", 3000, "app:3000"},
    {"", "an address", "http://127.0.0.1:8080", "127.0.0.1", 8080, "127.0.0.1:8080"},
    {"", "IPv6", "http://[::1]:8080", "::1", 8080, "[::1]:8080"},
    {"", "IPv6 without a port", "http://[2001:db8::1]", "2001:db8::1", 80, "[2001:db8::1]"},
    {"C-9110-7.2-1", "the usual port is left out", "http://app:80", "app", 80, "app"},
    {"", "an empty port", "http://app:", "app", 80, "app"},
    {"", "the root", "HTTP://App/", "App", 80, "App"},
    {"", "a socket", "http+unix:/run/app.sock", "/run/app.sock", 0, "localhost"},
    {"C-9113-3.3-1", "HTTP/2", "h2c://app:3000", "app", 3000, "app:3000"},
    {"C-9113-3.3-1", "HTTP/2 at the usual port", "h2c://[::1]", "::1", 80, "[::1]"},
    {"C-9113-3.3-1", "HTTP/2 over a socket", "h2c+unix:/run/app.sock", "/run/app.sock", 0,
     "localhost"},
    {"C-9113-3.3-1", "HTTP/2 without a host", "h2c://", NULL, 0, "the host is missing"},
    {"C-9113-3.3-1", "HTTP/2 and nothing", "h2c:", NULL, 0,
     "it must begin with \"http://\", \"https://\" or \"http+unix:\""},
    {"", "nothing", "", NULL, 0, "it must begin with \"http://\", \"https://\" or \"http+unix:\""},
    {"", "no scheme", "app:3000", NULL, 0,
     "it must begin with \"http://\", \"https://\" or \"http+unix:\""},
    {"", "no scheme, only a name", "app", NULL, 0,
     "it must begin with \"http://\", \"https://\" or \"http+unix:\""},
    {"", "https", "https://app", "app", 443, "app"},
    {"C-9110-7.2-1", "the usual port of https", "https://app:443", "app", 443, "app"},
    {"", "another port of https", "HTTPS://app:80/", "app", 80, "app:80"},
    {"", "https without a host", "https://", NULL, 0, "the host is missing"},
    {"", "https and nothing", "https:", NULL, 0,
     "it must begin with \"http://\", \"https://\" or \"http+unix:\""},
    {"", "another scheme", "ftp://app", NULL, 0,

     "the scheme must be \"http\", \"https\", \"h2c\" or \"http+unix\""},
    {"", "no host", "http://", NULL, 0, "the host is missing"},
    {"C-9110-4.2.1-1", "no host but a port", "http://:80", NULL, 0, "the host is missing"},
    {"C-9110-4.2.1-1", "no host but a path", "http:///a", NULL, 0, "the host is missing"},
    {"C-9110-4.2.4-1", "a password", "http://me:secret@app", NULL, 0,
     "it may have no user name or password"},
    {"", "a path", "http://app/api", NULL, 0,
     "it may have no path: requests go on with the path they came with"},
    {"", "a query", "http://app?a", NULL, 0, "it may have no query"},
    {"", "a fragment", "http://app#a", NULL, 0, "it may have no fragment"},
    {"", "a port of 0", "http://app:0", NULL, 0, "port 0 cannot be connected to"},
    {"", "a port past all", "http://app:65536", NULL, 0, "it is no valid URL"},
    {"", "a space", "http://a b", NULL, 0, "it is no valid URL"},
    {"", "a line end", "http://a\r\nX: y", NULL, 0, "it is no valid URL"},
    {"", "an escape", "http://a%20b", NULL, 0, "the host is no name or address"},
    {"", "a socket without a path", "http+unix:", NULL, 0,
     "the path of the socket must begin with \"/\""},
    {"", "a socket's path that depends on where we are", "http+unix:app.sock", NULL, 0,
     "the path of the socket must begin with \"/\""},
};

static void test_urls(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(url_rows); i++) {
        const struct url_row *row = &url_rows[i];
        struct upstream_url url;
        const char *wrong = upstream_url_read(row->text, &url);
        check_row(row, !wrong == !!row->host);
        if (wrong) {
            check_row(row, strcmp(wrong, row->authority) == 0);
            check_row(row, !url.text && !url.host && !url.authority);
            continue;
        }
        check_row(row, strcmp(url.text, row->text) == 0 && strcmp(url.host, row->host) == 0);
        check_row(row, strcmp(url.authority, row->authority) == 0 && url.port == row->port);
        check_row(row, url.unix_socket == (row->host[0] == '/'));
        check_row(row, url.h2c == (strncmp(row->text, "h2c", 3) == 0));
        upstream_url_fini(&url);
        upstream_url_fini(&url);
    }
}

static void long_urls(void **state)
{
    char text[400] = "http://";
    struct upstream_url url;
    (void)state;
    memset(text + 7, 'a', 255);
    assert_null(upstream_url_read(text, &url));
    upstream_url_fini(&url);
    text[7 + 255] = 'a';
    assert_string_equal(upstream_url_read(text, &url), "the host is no name or address");
    memset(text, 0, sizeof text);
    strcpy(text, "http+unix:/");
    memset(text + 11, 'a', 106);
    assert_null(upstream_url_read(text, &url));
    upstream_url_fini(&url);
    text[11 + 106] = 'a';
    assert_string_equal(upstream_url_read(text, &url), "the path of the socket is too long");
}

static void memory_may_be_out_for_urls(void **state)
{
    struct upstream_url url;
    (void)state;
    for (uint64_t n = 1; n <= 3; n++) {
        memory_fail_nth(n);
        assert_string_equal(upstream_url_read("http://a", &url), "memory is out");
        assert_null(url.text);
    }
    memory_fail_nth(0);
}

/* ---- fetches ---- */

enum { SERVERS = 3 };

struct farm {
    struct world world; /* first; its origin is not used */
    struct upstream *upstream;
    struct upstream_url urls[SERVERS];
    struct sim_origin *origins[SERVERS];
};

/* A fetch with its ear. */
struct chat {
    struct ear ear; /* first */
    struct fetch fetch;
    struct client_request request;
};

static void chat_cancel(struct ear *ear)
{
    struct chat *chat = (struct chat *)(void *)ear;
    chat->ear.cancelled = true;
    fetch_cancel(&chat->fetch);
}

static struct chat chat_of(const char *method)
{
    struct chat chat = {.ear.cancel = chat_cancel};
    chat.request = world_request(method);
    chat.request.host = STET_SPAN_NONE;
    return chat;
}

static void chat_begin(struct farm *farm, struct chat *chat)
{
    chat->fetch.events = &ear_events;
    chat->fetch.owner = chat;
    chat->fetch.request = &chat->request;
    fetch_start(farm->upstream, &chat->fetch);
    assert_int_equal(chat->ear.calls, 0);
}

static void chat_get(struct farm *farm, struct chat *chat)
{
    *chat = chat_of("GET");
    chat_begin(farm, chat);
    world_run(&farm->world);
}

static int farm_setup(void **state)
{
    static const char *const texts[SERVERS] = {"http://192.0.2.11", "http://192.0.2.12:8080",
                                               "http+unix:/run/c"};
    static const char *const addresses[SERVERS] = {"192.0.2.11:80", "192.0.2.12:8080",
                                                   "unix:/run/c"};
    struct farm *farm = calloc(1, sizeof *farm);
    void *inner;

    world_setup_open(&inner);
    assert_non_null(farm);
    farm->world = *(struct world *)inner;
    farm->world.limits = limits_default();
    free(inner);
    caller_free(farm->world.caller); /* its limits have moved */
    farm->world.caller = caller_new(farm->world.loop, &farm->world.limits, farm->world.resolver);
    for (size_t i = 0; i < SERVERS; i++) {
        assert_null(upstream_url_read(texts[i], &farm->urls[i]));
        farm->origins[i] = sim_origin_open(farm->world.sim, addresses[i]);
    }
    *state = farm;
    return 0;
}

static void farm_open(struct farm *farm, size_t count)
{
    farm->upstream = upstream_new(farm->world.caller, farm->world.loop, farm->urls, count);
    assert_non_null(farm->upstream);
}

static int farm_teardown(void **state)
{
    struct farm *farm = *state;
    world_run(&farm->world);
    upstream_free(farm->upstream);
    for (size_t i = 0; i < SERVERS; i++)
        upstream_url_fini(&farm->urls[i]);
    return world_teardown(state);
}

static struct sim_client *farm_next(struct farm *farm, size_t server)
{
    struct sim_client *end = sim_origin_next(farm->origins[server]);
    assert_non_null(end);
    return end;
}

static size_t farm_count(const struct farm *farm)
{
    size_t count = 0;
    for (size_t i = 0; i < SERVERS; i++)
        count += sim_origin_count(farm->origins[i]);
    return count;
}

static size_t farm_tries(const struct farm *farm)
{
    size_t tries = 0;
    for (size_t i = 0; i < SERVERS; i++)
        tries += sim_origin_tries(farm->origins[i]);
    return tries;
}

/* All servers do the same with those who connect. */
static void farm_answers(struct farm *farm, enum sim_origin_answer answer)
{
    for (size_t i = 0; i < SERVERS; i++)
        sim_origin_answers(farm->origins[i], answer, 0);
}

/* Answers on the connection where a request is. */
static void answers_hello(struct sim_client *end, void *owner)
{
    (void)owner;
    if (sim_client_state(end) != SIM_CLIENT_OPEN || sim_client_len(end) == 0)
        return;
    sim_client_take(end, sim_client_len(end));
    sim_client_say(end, HELLO);
}

static void farm_serves(struct farm *farm)
{
    for (size_t i = 0; i < SERVERS; i++)
        sim_origin_heard(farm->origins[i], answers_hello, NULL);
}

static void the_server_is_named(void **state)
{
    struct farm *farm = *state;
    const char *const hosts[] = {"192.0.2.11", "192.0.2.12:8080", "localhost"};
    const char *const hops[] = {"192.0.2.11", "192.0.2.12:8080", "/run/c"};
    struct chat chat = chat_of("GET");

    farm_open(farm, SERVERS);
    assert_int_equal(fetch_next_hop(&chat.fetch).len, 0);
    for (size_t i = 0; i < SERVERS; i++) {
        char want[200];
        chat_get(farm, &chat);
        struct sim_client *end = farm_next(farm, i);
        snprintf(want, sizeof want, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", hosts[i]);
        assert_true(origin_got(end, want));
        assert_true(stet_span_equal(fetch_next_hop(&chat.fetch), stet_span_of(hops[i])));
        origin_say(&farm->world, end, HELLO);
        assert_string_equal(chat.ear.heard, "200 length [hello] complete");
        assert_int_equal(fetch_error(&chat.fetch), STET_PROXY_ERROR_NONE);
    }
    chat = chat_of("GET");
    chat.request.host = STET_SPAN("b.example");
    chat_begin(farm, &chat);
    world_run(&farm->world);
    chat_cancel(&chat.ear);
}

static void the_host_may_be_given(void **state)
{
    struct farm *farm = *state;
    struct chat chat = chat_of("GET");

    farm_open(farm, 1);
    chat.request.host = STET_SPAN("b.example");
    chat_begin(farm, &chat);
    world_run(&farm->world);
    struct sim_client *end = farm_next(farm, 0);
    assert_true(origin_got(end, "GET / HTTP/1.1\r\nHost: b.example\r\n\r\n"));
    origin_say(&farm->world, end, HELLO);
}

static void the_least_busy_is_asked(void **state)
{
    struct farm *farm = *state;
    struct chat chats[7];
    struct sim_client *end;

    farm_open(farm, SERVERS);
    for (size_t i = 0; i < 6; i++)
        chat_get(farm, &chats[i]);
    for (size_t i = 0; i < SERVERS; i++)
        assert_int_equal(sim_origin_count(farm->origins[i]), 2);
    end = farm_next(farm, 1);
    origin_say(&farm->world, end, HELLO);
    assert_int_equal(chats[1].ear.ends, 1);
    chat_get(farm, &chats[6]); /* on the one connection that rests */
    assert_int_equal(farm_count(farm), 6);
    assert_true(chats[6].fetch.call.reused);
    for (size_t i = 0; i < 7; i++)
        fetch_cancel(&chats[i].fetch);
}

static void content_waits_for_its_owner(void **state)
{
    struct farm *farm = *state;
    struct chat chat = chat_of("GET");

    farm_open(farm, 1);
    chat.ear.pauses = true;
    chat_begin(farm, &chat);
    world_run(&farm->world);
    struct sim_client *end = farm_next(farm, 0);
    origin_say(&farm->world, end,
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n");
    assert_string_equal(chat.ear.heard, "200 chunked [a");
    fetch_resume(&chat.fetch);
    world_run(&farm->world);
    assert_string_equal(chat.ear.heard, "200 chunked [ab");
    fetch_resume(&chat.fetch);
    origin_say(&farm->world, end, "0\r\n\r\n");
    assert_string_equal(chat.ear.heard, "200 chunked [ab] complete");
}

/* ---- servers that fail ---- */

static void the_next_is_asked(void **state)
{
    struct farm *farm = *state;
    struct chat chat;

    farm_open(farm, SERVERS);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, 0);
    sim_origin_answers(farm->origins[1], SIM_ORIGIN_UNREACHABLE, 0);
    chat_get(farm, &chat);
    origin_say(&farm->world, farm_next(farm, 2), HELLO);
    assert_string_equal(chat.ear.heard, "200 length [hello] complete");
    assert_true(stet_span_equal(fetch_next_hop(&chat.fetch), STET_SPAN("/run/c")));

    sim_origin_answers(farm->origins[2], SIM_ORIGIN_REFUSES, 0);
    world_pass(&farm->world, 60 * SECOND);
    size_t tries = farm_tries(farm);
    chat_get(farm, &chat);
    assert_string_equal(chat.ear.heard, "truncated");
    assert_int_equal(farm_tries(farm), tries + 3); /* each once */
    assert_in_range(fetch_error(&chat.fetch), 1, STET_PROXY_ERROR_COUNT - 1);
}

/* Content that came before there was a connection goes to whoever can be reached. */
static void the_next_gets_the_content(void **state)
{
    struct farm *farm = *state;
    struct chat chat = chat_of("POST");

    farm_open(farm, 2);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, SECOND);
    chat.request.has_content = true;
    chat_begin(farm, &chat);
    assert_true(fetch_send(&chat.fetch, STET_SPAN("abc")));
    world_pass(&farm->world, SECOND / 2);
    assert_true(fetch_send(&chat.fetch, STET_SPAN("def")));
    fetch_finish(&chat.fetch);
    world_pass(&farm->world, SECOND);
    struct sim_client *end = farm_next(farm, 1);
    assert_true(origin_got(end, "POST / HTTP/1.1\r\nHost: 192.0.2.12:8080\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n0\r\n\r\n"));
    origin_say(&farm->world, end, HELLO);
    assert_string_equal(chat.ear.heard, "200 length [hello] complete");
}

/* Who was told to wait for room is told that there is some, whatever has become of the first. */
static void the_next_makes_room(void **state)
{
    struct farm *farm = *state;
    struct chat chat = chat_of("POST");
    char piece[8192] = {0};
    size_t given = 0;

    farm_open(farm, 2);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, SECOND);
    chat.request.has_content = true;
    chat_begin(farm, &chat);
    do
        given += sizeof piece;
    while (fetch_send(&chat.fetch, stet_span(piece, sizeof piece)));
    world_pass(&farm->world, 2 * SECOND);
    assert_string_equal(chat.ear.heard, "room ");
    struct sim_client *end = farm_next(farm, 1);
    assert_in_range(sim_client_len(end), given, given + 200);
    fetch_finish(&chat.fetch);
    origin_say(&farm->world, end, HELLO);
    assert_string_equal(chat.ear.heard, "room 200 length [hello] complete");
}

/* The same where the first was just full with what leaves room at the second, whose name is
 * shorter. */
static void a_shorter_name_makes_room(void **state)
{
    static const char head[] = "POST / HTTP/1.1\r\nHost: 192.0.2.12:8080\r\n"
                               "Content-Length: 40000\r\n\r\n";
    static const char content[40000];
    size_t first = 32768 - strlen(head);
    struct farm *farm = *state;
    struct chat chat = chat_of("POST");

    farm->upstream = upstream_new(farm->world.caller, farm->world.loop, farm->urls + 1, 2);
    sim_origin_answers(farm->origins[1], SIM_ORIGIN_REFUSES, SECOND);
    sim_origin_answers(farm->origins[2], SIM_ORIGIN_ACCEPTS, SECOND);
    chat.request.has_content = chat.request.length_known = true;
    chat.request.length = sizeof content;
    chat_begin(farm, &chat);
    assert_true(fetch_send(&chat.fetch, stet_span(content, first - 1)));
    assert_false(fetch_send(&chat.fetch, stet_span(content, 1)));
    world_pass(&farm->world, SECOND + SECOND / 2);
    assert_string_equal(chat.ear.heard, "room ");
    fetch_send(&chat.fetch, stet_span(content, sizeof content - first));
    fetch_finish(&chat.fetch);
    world_pass(&farm->world, SECOND);
    struct sim_client *end = farm_next(farm, 2);
    assert_int_equal(sim_client_len(end), sizeof content + strlen(head) - 6);
    origin_say(&farm->world, end, HELLO);
    assert_int_equal(chat.ear.end, CLIENT_COMPLETE);
}

static void three_failures_and_it_is_left_alone(void **state)
{
    struct farm *farm = *state;
    struct chat chat;

    farm_open(farm, 2);
    farm_serves(farm);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, 0);
    for (size_t i = 0; i < 20; i++) {
        chat_get(farm, &chat);
        assert_string_equal(chat.ear.heard, "200 length [hello] complete");
    }
    assert_int_equal(sim_origin_tries(farm->origins[0]), 3);
    world_pass(&farm->world, 10 * SECOND - 1);
    for (size_t i = 0; i < 4; i++)
        chat_get(farm, &chat);
    assert_int_equal(sim_origin_tries(farm->origins[0]), 3);

    /* One more try, then twice as long, a minute at most. */
    int64_t pauses[] = {20, 40, 60, 60};
    world_pass(&farm->world, 1);
    for (size_t n = 0; n < COUNT(pauses); n++) {
        for (size_t i = 0; i < 4; i++)
            chat_get(farm, &chat);
        assert_int_equal(sim_origin_tries(farm->origins[0]), 4 + n);
        world_pass(&farm->world, pauses[n] * SECOND - 1);
        for (size_t i = 0; i < 4; i++)
            chat_get(farm, &chat);
        assert_int_equal(sim_origin_tries(farm->origins[0]), 4 + n);
        world_pass(&farm->world, 1);
    }
    /* It is back: one good answer is enough. */
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_ACCEPTS, 0);
    for (size_t i = 0; i < 4; i++)
        chat_get(farm, &chat);
    assert_int_equal(sim_origin_count(farm->origins[0]), 1);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, 0);
    world_pass(&farm->world, 5 * SECOND); /* its connection has rested enough */
    for (size_t i = 0; i < 20; i++)
        chat_get(farm, &chat);
    assert_int_equal(sim_origin_tries(farm->origins[0]), 4 + 4 + 3);
}

static void failures_far_apart_do_not_count(void **state)
{
    struct farm *farm = *state;
    struct chat chat;

    farm_open(farm, 2);
    farm_serves(farm);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, 0);
    for (size_t i = 0; i < 8; i++) {
        chat_get(farm, &chat);
        world_pass(&farm->world, 6 * SECOND);
    }
    assert_int_equal(sim_origin_tries(farm->origins[0]), 8);
}

/* A server that is back is asked once, not by everyone. */
static void who_comes_back_is_asked_once(void **state)
{
    struct farm *farm = *state;
    struct chat chats[10];

    farm_open(farm, 2);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, 0);
    for (size_t i = 0; i < 6; i++) {
        chat_get(farm, &chats[i]);
        fetch_cancel(&chats[i].fetch);
    }
    assert_int_equal(sim_origin_tries(farm->origins[0]), 3);
    world_pass(&farm->world, 10 * SECOND);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_ACCEPTS, 0);
    for (size_t i = 0; i < 10; i++)
        chat_get(farm, &chats[i]);
    assert_int_equal(sim_origin_count(farm->origins[0]), 1);
    for (size_t i = 0; i < 10; i++)
        fetch_cancel(&chats[i].fetch);
}

static void of_those_left_alone_the_first_due_is_asked(void **state)
{
    struct farm *farm = *state;
    struct chat chat;

    farm_open(farm, 2);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, 0);
    farm_serves(farm);
    for (size_t i = 0; i < 6; i++)
        chat_get(farm, &chat);
    world_pass(&farm->world, 5 * SECOND);
    sim_origin_answers(farm->origins[1], SIM_ORIGIN_REFUSES, 0);
    for (size_t i = 0; i < 6; i++)
        chat_get(farm, &chat);
    assert_string_equal(chat.ear.heard, "truncated");
    /* Now both are; and now both would answer. */
    farm_answers(farm, SIM_ORIGIN_ACCEPTS);
    chat_get(farm, &chat);
    assert_string_equal(chat.ear.heard, "200 length [hello] complete");
    assert_int_equal(sim_origin_count(farm->origins[0]), 1);
}

static void the_only_one_is_always_asked(void **state)
{
    struct farm *farm = *state;
    struct chat chat;

    farm_open(farm, 1);
    sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, 0);
    for (size_t i = 0; i < 10; i++) {
        chat_get(farm, &chat);
        assert_string_equal(chat.ear.heard, "truncated");
        assert_int_equal(fetch_error(&chat.fetch), STET_PROXY_ERROR_CONNECTION_REFUSED);
    }
    assert_int_equal(sim_origin_tries(farm->origins[0]), 10);
}

/* ---- once more ---- */

/* What the server does with a request that comes on a connection that had served before, or on a
 * new one. */
enum fate { ANSWERS, CLOSES, RESETS, HALF, INTERIM };

struct once_row {
    const char *id;
    const char *name;
    const char *method;
    size_t servers;
    enum fate kept, fresh; /* on the first server */
    bool content;          /* given before the connection dies */
    size_t sent;           /* how many servers' ends have seen a request in the end */
    const char *want;
};

static const struct once_row once_rows[] = {
    {"C-9110-9.2.2-1", "GET on a dead connection", "GET", 1, CLOSES, ANSWERS, false, 2,
     "200 length [hello] complete"},
    {"C-9110-9.2.2-1", "by a reset", "GET", 1, RESETS, ANSWERS, false, 2,
     "200 length [hello] complete"},
    {"C-9110-9.2.2-1", "DELETE", "DELETE", 1, CLOSES, ANSWERS, false, 2,
     "200 length [hello] complete"},
    {"C-10008-2-2", "QUERY", "QUERY", 1, CLOSES, ANSWERS, false, 2, "200 length [hello] complete"},
    {"C-9110-9.2.2-3", "only once", "GET", 1, CLOSES, CLOSES, false, 2, "truncated"},
    {"C-9110-9.2.2-3", "only once, whoever is left", "GET", 3, CLOSES, CLOSES, false, 2,
     "truncated"},
    {"C-9110-9.2.2-2", "never POST", "POST", 1, CLOSES, ANSWERS, false, 1, "truncated"},
    {"C-9110-9.2.2-2", "never PATCH", "PATCH", 3, CLOSES, ANSWERS, false, 1, "truncated"},
    {"C-9110-9.2.2-2", "never what nobody knows", "BREW", 1, RESETS, ANSWERS, false, 1,
     "truncated"},
    {"C-9110-9.2.2-1", "not when content is gone", "PUT", 1, CLOSES, ANSWERS, true, 1, "truncated"},
    {"C-9110-9.2.2-1", "not when the answer had begun", "GET", 1, HALF, ANSWERS, false, 1,
     "truncated"},
    {"C-9110-9.2.2-1", "nor an interim one", "GET", 1, INTERIM, ANSWERS, false, 1,
     "(103) truncated"},
};

struct sinner {
    const struct once_row *row;
    size_t requests;
};

static void server_sins(struct sim_client *end, void *owner)
{
    struct sinner *sinner = owner;

    if (sim_client_state(end) != SIM_CLIENT_OPEN || sim_client_len(end) == 0)
        return;
    sim_client_take(end, sim_client_len(end));
    size_t number = sinner->requests++;
    switch (number == 0 ? ANSWERS : number == 1 ? sinner->row->kept : sinner->row->fresh) {
    case ANSWERS:
        sim_client_say(end, HELLO);
        return;
    case CLOSES:
        sim_client_shutdown(end);
        return;
    case RESETS:
        sim_client_close(end, true);
        return;
    case HALF:
        sim_client_say(end, "HTTP/1.1 2");
        sim_client_shutdown(end);
        return;
    default:
        sim_client_say(end, "HTTP/1.1 103 x\r\n\r\n");
        sim_client_shutdown(end);
    }
}

static void test_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(once_rows); i++) {
        const struct once_row *row = &once_rows[i];
        struct sinner sinner = {row, 0};
        struct chat chat;
        void *inner;

        farm_setup(&inner);
        struct farm *farm = inner;
        farm_open(farm, row->servers);
        sim_origin_heard(farm->origins[0], server_sins, &sinner);
        chat_get(farm, &chat);
        check_row(row, strcmp(chat.ear.heard, "200 length [hello] complete") == 0);
        for (size_t n = 1; n < row->servers; n++) { /* it is the first one's turn again */
            chat_get(farm, &chat);
            fetch_cancel(&chat.fetch);
        }
        size_t before = farm_count(farm);
        chat = chat_of(row->method);
        chat.request.has_content = row->content;
        chat_begin(farm, &chat);
        check_row(row, chat.fetch.call.reused);
        if (row->content) {
            fetch_send(&chat.fetch, STET_SPAN("x"));
            fetch_finish(&chat.fetch);
        }
        world_run(&farm->world);
        check_row(row, strcmp(chat.ear.heard, row->want) == 0);
        check_row(row, sinner.requests == 1 + row->sent);
        check_row(row, farm_count(farm) == before + row->sent - 1);
        farm_teardown(&inner);
    }
}

/* On a new connection it is the server that fails: another may be asked, once. */
static void a_new_connection_that_dies(void **state)
{
    struct farm *farm = *state;
    struct chat chat;

    farm_open(farm, SERVERS);
    chat_get(farm, &chat);
    sim_client_shutdown(farm_next(farm, 0));
    world_run(&farm->world);
    assert_int_equal(chat.ear.ends, 0);
    struct sim_client *end = farm_next(farm, 1);
    sim_client_shutdown(end);
    world_run(&farm->world);
    assert_string_equal(chat.ear.heard, "truncated");
    assert_int_equal(farm_count(farm), 2);
    assert_int_equal(fetch_error(&chat.fetch), STET_PROXY_ERROR_CONNECTION_TERMINATED);

    chat = chat_of("POST");
    chat_begin(farm, &chat);
    world_run(&farm->world);
    sim_client_shutdown(farm_next(farm, 2));
    world_run(&farm->world);
    assert_string_equal(chat.ear.heard, "truncated");
    assert_int_equal(farm_count(farm), 3);
}

/* A slow server is not helped by asking another as well. */
static void a_timeout_is_told(void **state)
{
    struct farm *farm = *state;
    struct chat chat;

    farm_open(farm, SERVERS);
    chat_get(farm, &chat);
    world_pass(&farm->world, 100 * SECOND);
    assert_string_equal(chat.ear.heard, "truncated");
    assert_int_equal(fetch_error(&chat.fetch), STET_PROXY_ERROR_HTTP_RESPONSE_TIMEOUT);
    assert_int_equal(farm_count(farm), 1);
}

/* ---- memory, and owners that go away ---- */

static void memory_story(uint64_t nth, bool *more)
{
    void *inner;
    farm_setup(&inner);
    struct farm *farm = inner;

    farm_open(farm, SERVERS);
    farm_serves(farm);
    sim_origin_answers(farm->origins[1], SIM_ORIGIN_REFUSES, SECOND);
    memory_fail_nth(nth);
    for (size_t i = 0; i < 4; i++) {
        struct chat chat = chat_of("POST");
        chat.request.has_content = true;
        chat_begin(farm, &chat);
        fetch_send(&chat.fetch, STET_SPAN("abc"));
        world_pass(&farm->world, SECOND / 2);
        fetch_send(&chat.fetch, STET_SPAN("def"));
        fetch_finish(&chat.fetch);
        world_pass(&farm->world, 2 * SECOND);
        assert_int_equal(chat.ear.ends, 1);
    }
    *more = memory_count() >= nth;
    memory_fail_nth(0);
    farm_teardown(&inner);
}

static void memory_may_be_out(void **state)
{
    bool more = true;
    uint64_t n = 1;
    (void)state;
    for (; more; n++)
        memory_story(n, &more);
    assert_true(n > 10);
}

static void memory_may_be_out_for_an_upstream(void **state)
{
    struct farm *farm = *state;
    memory_fail_nth(1);
    assert_null(upstream_new(farm->world.caller, farm->world.loop, farm->urls, SERVERS));
    upstream_free(NULL);
}

/* In any event, and when it has just been started again. */
static void cancelled_in_any_event(void **state)
{
    (void)state;
    bool cancelled = true;
    for (unsigned n = 1; cancelled; n++) {
        char piece[16384] = {0};
        struct chat chat = chat_of("POST");
        void *inner;

        farm_setup(&inner);
        struct farm *farm = inner;
        farm_open(farm, 2);
        sim_origin_answers(farm->origins[0], SIM_ORIGIN_REFUSES, SECOND);
        chat.request.has_content = true;
        chat.ear.cancel_at = n;
        chat_begin(farm, &chat);
        while (fetch_send(&chat.fetch, stet_span(piece, sizeof piece)))
            ;
        world_pass(&farm->world, 2 * SECOND);
        fetch_finish(&chat.fetch);
        origin_say(&farm->world, farm_next(farm, 1), HELLO);
        cancelled = chat.ear.cancelled;
        assert_true(cancelled || chat.ear.ends == 1);
        assert_true(fetch_send(&chat.fetch, STET_SPAN("x")));
        fetch_finish(&chat.fetch);
        fetch_resume(&chat.fetch);
        fetch_cancel(&chat.fetch);
        farm_teardown(&inner);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, farm_setup, farm_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(long_urls),
        cmocka_unit_test(memory_may_be_out_for_urls),
        TEST(the_server_is_named),
        TEST(the_host_may_be_given),
        TEST(the_least_busy_is_asked),
        TEST(content_waits_for_its_owner),
        TEST(the_next_is_asked),
        TEST(the_next_gets_the_content),
        TEST(the_next_makes_room),
        TEST(a_shorter_name_makes_room),
        TEST(three_failures_and_it_is_left_alone),
        TEST(failures_far_apart_do_not_count),
        TEST(who_comes_back_is_asked_once),
        TEST(of_those_left_alone_the_first_due_is_asked),
        TEST(the_only_one_is_always_asked),
        cmocka_unit_test(test_once),
        TEST(a_new_connection_that_dies),
        TEST(a_timeout_is_told),
        cmocka_unit_test(memory_may_be_out),
        TEST(memory_may_be_out_for_an_upstream),
        cmocka_unit_test(cancelled_in_any_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
