/* Proxy-Status: the error types, and what is written of each outcome. */
#include "table.h"

#include "stet/proxystatus.h"
#include "stet/sf.h"

static void errors_have_their_status(void **state)
{
    (void)state;
    static const struct row {
        const char *id, *name;
        enum stet_proxy_error error;
        const char *token;
        int status;
    } rows[] = {
        {"C-9209-2.1.1-1", "dns timeout", STET_PROXY_ERROR_DNS_TIMEOUT, "dns_timeout", 504},
        {"C-9209-2.1.1-1", "no destination", STET_PROXY_ERROR_DESTINATION_NOT_FOUND,
         "destination_not_found", 500},
        {"C-9209-2.1.1-1", "unavailable", STET_PROXY_ERROR_DESTINATION_UNAVAILABLE,
         "destination_unavailable", 503},
        {"C-9209-2.1.1-1", "refused", STET_PROXY_ERROR_CONNECTION_REFUSED, "connection_refused",
         502},
        {"C-9209-2.1.1-1", "terminated", STET_PROXY_ERROR_CONNECTION_TERMINATED,
         "connection_terminated", 502},
        {"C-9209-2.1.1-1", "read timeout", STET_PROXY_ERROR_CONNECTION_READ_TIMEOUT,
         "connection_read_timeout", 504},
        {"C-9209-2.1.1-1", "limit", STET_PROXY_ERROR_CONNECTION_LIMIT_REACHED,
         "connection_limit_reached", 503},
        {"C-9209-2.1.1-1", "denied", STET_PROXY_ERROR_HTTP_REQUEST_DENIED, "http_request_denied",
         403},
        {"C-9209-2.1.1-1", "the applicable 4xx", STET_PROXY_ERROR_HTTP_REQUEST_ERROR,
         "http_request_error", 0},
        {"C-9209-2.1.1-1", "the apt one", STET_PROXY_ERROR_PROXY_INTERNAL_RESPONSE,
         "proxy_internal_response", 0},
        {"C-9209-2.1.1-1", "configuration", STET_PROXY_ERROR_PROXY_CONFIGURATION_ERROR,
         "proxy_configuration_error", 500},
        {"C-9209-2.1.1-1", "loop", STET_PROXY_ERROR_PROXY_LOOP_DETECTED, "proxy_loop_detected",
         502},
        {"C-9209-2.1.1-1", "none", STET_PROXY_ERROR_NONE, "", 0},
        {"C-9209-2.1.1-1", "out of range", STET_PROXY_ERROR_COUNT, "", 0},
    };
    for (const struct row *row = rows; row < rows + COUNT(rows); row++) {
        check_row(row,
                  stet_span_equal(stet_proxy_error_token(row->error), stet_span_of(row->token)));
        check_row(row, stet_proxy_error_status(row->error) == row->status);
    }
}

struct member_row {
    const char *id, *name;
    struct stet_proxystatus status;
    const char *want; /* "" if nothing is to be sent */
};

static const struct member_row member_rows[] = {
    {"C-9209-2-2", "token", {.proxy = S("ExampleProxy")}, "ExampleProxy"},
    {"C-9209-2-2", "string", {.proxy = S("192.0.2.1")}, "\"192.0.2.1\""},
    {"C-9209-2-2", "no name", {.error = STET_PROXY_ERROR_DNS_TIMEOUT}, ""},
    {"C-9209-2-2", "name not ASCII", {.proxy = S("\xff")}, ""},
    {"C-9209-2.1.1-1",
     "error",
     {.proxy = S("p"), .error = STET_PROXY_ERROR_CONNECTION_TIMEOUT},
     "p;error=connection_timeout"},
    {"C-9209-2.1-2",
     "all",
     {.proxy = S("p"),
      .next_hop = S("backend.example.org:8001"),
      .next_protocol = S("h2"),
      .received_status = 200,
      .details = S("as \"said\"")},
     "p;next-hop=backend.example.org:8001;next-protocol=h2;received-status=200;"
     "details=\"as \\\"said\\\"\""},
    {"C-9209-2.1-2",
     "hop as string",
     {.proxy = S("p"), .next_hop = S("[::1]:80")},
     "p;next-hop=\"[::1]:80\""},
    {"C-9209-2.1-2",
     "protocol with a slash",
     {.proxy = S("p"), .next_protocol = S("http/1.1")},
     "p;next-protocol=http/1.1"},
    {"C-9209-2.1-2",
     "protocol as octets",
     {.proxy = S("p"), .next_protocol = S("\xff 2")},
     "p;next-protocol=:/yAy:"},
    {"C-9209-2.1-2",
     "texts not ASCII are left out",
     {.proxy = S("p"), .next_hop = S("\xff"), .details = S("a\n")},
     "p"},
    {"C-9209-2.1.1-1",
     "extras of dns_error",
     {.proxy = S("p"),
      .error = STET_PROXY_ERROR_DNS_ERROR,
      .has_number = true,
      .number = 23,
      .text = S("SERVFAIL")},
     "p;error=dns_error;info-code=23;rcode=\"SERVFAIL\""},
    {"C-9209-2.1.1-1",
     "extras of tls_alert_received",
     {.proxy = S("p"),
      .error = STET_PROXY_ERROR_TLS_ALERT_RECEIVED,
      .has_number = true,
      .number = 40,
      .text = S("handshake_failure")},
     "p;error=tls_alert_received;alert-id=40;alert-message=handshake_failure"},
    {"C-9209-2.1.1-1",
     "coding",
     {.proxy = S("p"),
      .error = STET_PROXY_ERROR_HTTP_RESPONSE_CONTENT_CODING,
      .has_number = true,
      .number = 1,
      .text = S("gzip")},
     "p;error=http_response_content_coding;coding=gzip"},
    {"C-9209-2.1.1-1",
     "coding that is no token",
     {.proxy = S("p"), .error = STET_PROXY_ERROR_HTTP_RESPONSE_TRANSFER_CODING, .text = S("g zip")},
     "p;error=http_response_transfer_coding"},
    {"C-9209-2.1.1-1",
     "size of nothing",
     {.proxy = S("p"), .error = STET_PROXY_ERROR_HTTP_RESPONSE_BODY_SIZE, .has_number = true},
     "p;error=http_response_body_size;body-size=0"},
    {"C-9209-2.1.1-1",
     "size below nothing",
     {.proxy = S("p"),
      .error = STET_PROXY_ERROR_HTTP_RESPONSE_BODY_SIZE,
      .has_number = true,
      .number = -1},
     "p;error=http_response_body_size"},
    {"C-9209-2.1.1-1",
     "size",
     {.proxy = S("p"),
      .error = STET_PROXY_ERROR_HTTP_RESPONSE_BODY_SIZE,
      .has_number = true,
      .number = 999999999999999},
     "p;error=http_response_body_size;body-size=999999999999999"},
    {"C-9209-2.1.1-1",
     "size beyond an Integer",
     {.proxy = S("p"),
      .error = STET_PROXY_ERROR_HTTP_RESPONSE_BODY_SIZE,
      .has_number = true,
      .number = 1000000000000000},
     "p;error=http_response_body_size"},
    {"C-9209-2.1.1-1",
     "extras undefined",
     {.proxy = S("p"),
      .error = STET_PROXY_ERROR_DNS_TIMEOUT,
      .has_number = true,
      .number = 1,
      .text = S("x")},
     "p;error=dns_timeout"},
    {"C-9209-2.1.1-1",
     "extras without error",
     {.proxy = S("p"), .has_number = true, .number = 1, .text = S("x")},
     "p"},
};

static void members_are_written(void **state)
{
    (void)state;
    for (const struct member_row *row = member_rows; row < member_rows + COUNT(member_rows);
         row++) {
        char to[160];
        struct stet_sf walk;
        for (size_t room = 0; room < sizeof(to); room++) {
            memset(to, 'X', sizeof(to));
            size_t want = strlen(row->want);
            size_t got = stet_proxystatus_write(&row->status, to, room);
            check_row(row, got == (room >= want ? want : 0) && to[room] == 'X');
            check_row(row, stet_span_equal(stet_span(to, got), stet_span_of(got ? row->want : "")));
            check_row(row, stet_sf_in(&walk, stet_span(to, got), STET_SF_LIST));
        }
    }
}

/* What the reader passes over: unknown Parameters are its caller's to ignore. */
static void unknown_parameters_do_no_harm(void **state)
{
    (void)state;
    static const struct {
        const char *id, *name;
    } row = {"C-9209-2.1-1", "unknown parameter"};
    struct stet_sf walk;
    struct stet_sf_member member, error;
    check_row(&row, stet_sf_in(&walk, STET_SPAN("a;future=(;error=x"), STET_SF_LIST) == false);
    check_row(&row, stet_sf_in(&walk, STET_SPAN("a;future=1;error=dns_error"), STET_SF_LIST));
    check_row(&row, stet_sf_next(&walk, &member));
    check_row(&row, stet_sf_parameter(&member, STET_SPAN("error"), &error));
    check_row(&row,
              stet_span_equal(error.text, stet_proxy_error_token(STET_PROXY_ERROR_DNS_ERROR)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_have_their_status),
        cmocka_unit_test(members_are_written),
        cmocka_unit_test(unknown_parameters_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
