/* Upstreams in the simulated world: how their addresses are written down, which server is asked,
 * and what becomes of a fetch without memory or without its owner. */
#include "upstream_world.h"

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
    chat_begin(farm->upstream, &chat);
    world_run(&farm->world);
    chat_cancel(&chat.ear);
}

static void the_host_may_be_given(void **state)
{
    struct farm *farm = *state;
    struct chat chat = chat_of("GET");

    farm_open(farm, 1);
    chat.request.host = STET_SPAN("b.example");
    chat_begin(farm->upstream, &chat);
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
    chat_begin(farm->upstream, &chat);
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
        chat_begin(farm->upstream, &chat);
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
        chat_begin(farm->upstream, &chat);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(long_urls),
        cmocka_unit_test(memory_may_be_out_for_urls),
        FARM_TEST(the_server_is_named),
        FARM_TEST(the_host_may_be_given),
        FARM_TEST(the_least_busy_is_asked),
        FARM_TEST(content_waits_for_its_owner),
        cmocka_unit_test(memory_may_be_out),
        FARM_TEST(memory_may_be_out_for_an_upstream),
        cmocka_unit_test(cancelled_in_any_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
