/* One GET, by the same calls to origin servers that a gateway makes, on a loop of its own that runs
 * until the head has come.
 *
 * Given up: redirects. Each response is to be judged for itself.
 */
#include "cli/fetching.h"

#include "base/container.h"
#include "net/call.h"
#include "stet/uri.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FETCHING_USAGE = 2, FETCHING_NETWORK = 3, FETCHING_SECONDS = 30 };

struct fetching {
    struct stet_request request;
    struct stet_field fields[2];
    char host[CALL_HOST_MAX + 1];
    struct call_place place;
    struct call call;
    struct limits limits;
    struct loop *loop;
    struct resolver *resolver;
    struct caller *caller;
    struct timer patience;
    void (*seen)(void *owner, const struct stet_request *request,
                 const struct stet_response *response);
    void *owner;
    const char *why; /* NULL: it went well */
};

/* ---- what the call tells ---- */

static void fetching_interim(void *owner, const struct stet_response *response)
{
    (void)owner, (void)response;
}

static void fetching_on_head(void *owner, const struct stet_response *response,
                             const struct response_framing *framing)
{
    struct fetching *fetching = owner;

    (void)framing;
    fetching->seen(fetching->owner, &fetching->request, response);
    fetching->why = NULL;
    call_cancel(&fetching->call);
    loop_stop(fetching->loop);
}

static bool fetching_content(void *owner, struct stet_span bytes)
{
    (void)owner, (void)bytes;
    return true;
}

static void fetching_room(void *owner)
{
    (void)owner;
}

/* [RFC 9209 §2.3] */
static void fetching_end(void *owner, enum client_end end, const struct stet_head *trailers)
{
    struct fetching *fetching = owner;

    (void)end, (void)trailers;
    fetching->why = stet_proxy_error_token(fetching->call.error).at;
    loop_stop(fetching->loop);
}

static const struct call_events fetching_events = {fetching_interim, fetching_on_head,
                                                   fetching_content, fetching_room, fetching_end};

static void fetching_fire(struct timer *timer)
{
    struct fetching *fetching = CONTAINER(timer, struct fetching, patience);

    fetching->why = "no answer came in 30 seconds";
    call_cancel(&fetching->call);
    loop_stop(fetching->loop);
}

/* ---- asking ---- */

static void fetching_ask(struct fetching *fetching, const char *url, const struct stet_uri *uri)
{
    struct stet_request *request = &fetching->request;

    *request = (struct stet_request){.method = STET_METHOD_GET,
                                     .method_name = STET_SPAN("GET"),
                                     .target = stet_span_of(url),
                                     .scheme = uri->scheme,
                                     .authority = uri->authority,
                                     .path = uri->path,
                                     .query = uri->query};
    request->head.fields = fetching->fields;
    stet_head_add(&request->head, fetching->fields, STET_SPAN("Host"), uri->authority);
    stet_head_add(&request->head, fetching->fields, STET_SPAN("Accept"), STET_SPAN("*/*"));
}

/* False: no server has so long a name. */
static bool fetching_find(struct fetching *fetching, const struct stet_uri *uri)
{
    const unsigned usual = fetching->place.tls ? 443 : 80;
    struct stet_span host = uri->host;

    if (host.len > 1 && host.at[0] == '[')
        host = stet_span(host.at + 1, host.len - 2);
    if (host.len == 0 || host.len > CALL_HOST_MAX)
        return false;
    memcpy(fetching->host, host.at, host.len);
    fetching->place.host = fetching->host;
    fetching->place.port = (uint16_t)(uri->port < 0 ? usual : (unsigned)uri->port);
    return true;
}

/* Runs the loop until something has come of it. */
static void fetching_go(struct fetching *fetching)
{
    static const char block[] = "User-Agent: stet/" STET_VERSION "\r\nAccept: */*\r\n";
    const struct stet_request *asked = &fetching->request;
    char target[2048];
    const int len =
        snprintf(target, sizeof target, "%.*s%s%.*s", asked->path.len ? (int)asked->path.len : 1,
                 asked->path.len ? asked->path.at : "/", asked->query.at ? "?" : "",
                 (int)asked->query.len, asked->query.at ? asked->query.at : "");
    const struct client_request request = {.method = STET_METHOD_GET,
                                           .method_name = STET_SPAN("GET"),
                                           .target = stet_span(target, (size_t)len),
                                           .host = asked->authority,
                                           .block = stet_span(block, sizeof block - 1)};
    const int64_t due = loop_now(fetching->loop) + FETCHING_SECONDS * INT64_C(1000000000);

    timer_init(&fetching->patience, fetching_fire);
    if (len >= (int)sizeof target || !loop_timer_set(fetching->loop, &fetching->patience, due))
        return;
    fetching->call.events = &fetching_events;
    fetching->call.owner = fetching;
    fetching->call.request = &request;
    call_start(fetching->caller, &fetching->call, &fetching->place, true);
    loop_run(fetching->loop);
    loop_timer_cancel(fetching->loop, &fetching->patience);
}

static void fetching_exchange(struct fetching *fetching)
{
    fetching->limits = limits_default();
    fetching->loop = loop_new_epoll();
    if (!fetching->loop)
        return;
    fetching->resolver = resolver_new(fetching->loop, NULL);
    if (fetching->resolver)
        fetching->caller = caller_new(fetching->loop, &fetching->limits, fetching->resolver);
    if (fetching->caller) {
        fetching_go(fetching);
        caller_free(fetching->caller);
    }
    resolver_free(fetching->resolver);
    loop_free(fetching->loop);
}

/* ---- how it went ---- */

static int fetching_tell(const struct fetching *fetching, const char *url)
{
    if (!fetching->why)
        return 0;
    fprintf(stderr, "stet: %s: ", url);
    for (const char *at = fetching->why; *at; at++)
        fputc(*at == '_' ? ' ' : *at, stderr);
    fputs(fetching->call.error == STET_PROXY_ERROR_TLS_CERTIFICATE_ERROR
              ? " (--cacert FILE trusts others, --insecure anybody)\n"
              : "\n",
          stderr);
    return FETCHING_NETWORK;
}

/* What TLS is spoken with, if the scheme is https. False: standard error says why not. */
static bool fetching_secure(struct fetching *fetching, const struct fetching_trust *trust)
{
    const struct tls_client client = {.ca_file = trust->ca_file,
                                      .unverified = trust->unverified,
                                      .protocols = TLS_HTTP1 | TLS_HTTP2};
    char complaint[TLS_WORDS];

    fetching->place.tls = tls_context_client(&client, complaint);
    if (!fetching->place.tls)
        fprintf(stderr, "stet: %s\n", complaint);
    return fetching->place.tls;
}

int fetching_head(const char *url, const struct fetching_trust *trust,
                  void (*seen)(void *owner, const struct stet_request *request,
                               const struct stet_response *response),
                  void *owner)
{
    struct fetching fetching = {
        .seen = seen, .owner = owner, .why = "out of memory, or of descriptors"};
    struct stet_uri uri;
    const bool split = stet_uri_split(stet_span_of(url), &uri);
    const bool secure = split && stet_span_equal_nocase(uri.scheme, STET_SPAN("https"));

    if (!secure && !(split && stet_span_equal_nocase(uri.scheme, STET_SPAN("http")))) {
        fprintf(stderr, "stet: %s: expected a URL such as http://localhost:8080/\n", url);
        return FETCHING_USAGE;
    }
    if (secure && !fetching_secure(&fetching, trust))
        return FETCHING_USAGE;
    fetching_ask(&fetching, url, &uri);
    if (fetching_find(&fetching, &uri))
        fetching_exchange(&fetching);
    else
        fetching.why = "there is no such host";
    tls_context_unref(fetching.place.tls);
    return fetching_tell(&fetching, url);
}
