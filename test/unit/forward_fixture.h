/* What the tests of forwarding share: clients, and what every forwarded request ends with. */
#ifndef TEST_UNIT_FORWARD_FIXTURE_H
#define TEST_UNIT_FORWARD_FIXTURE_H

#include "message.h"
#include "origin/forward.h"
#include "table.h"

/* What every forwarded request ends with, unless its row says otherwise. */
#define FROM "X-Forwarded-For: 192.0.2.1\r\n"
#define PROTO "X-Forwarded-Proto: http\r\n"
#define HOST "X-Forwarded-Host: example.org\r\n"
#define WAY "Via: 1.1 stet\r\nCDN-Loop: stet\r\n"
#define TAIL FROM PROTO HOST WAY

enum {
    TRUSTED = 1,
    OLD = 2, /* HTTP/1.0 */
    CONTENT = 4,
    UPGRADE = 8,    /* the route allows it */
    UPGRADES = 16,  /* and it goes along */
    FORWARDED = 32, /* the rules ask for Forwarded */
    FRESH = 64,     /* max-age=0 */
    V6 = 128,
    UNIX = 256,
    TWO = 512, /* HTTP/2 */
    TRAILERS = 1024,
    EARLY = 2048 /* before the handshake is over */
};

static const struct forward_rules usual = {
    .name = STET_SPAN_INIT("stet"), .keep_host = true, .max_forwards = 20};

static inline struct forward_client client_of(unsigned flags)
{
    struct forward_client client = {STET_SPAN("192.0.2.1"), STET_SPAN("1.1"), flags & TRUSTED};
    if (flags & V6)
        client.address = STET_SPAN("2001:db8::1");
    if (flags & UNIX)
        client.address = STET_SPAN("unix");
    if (flags & (OLD | TWO))
        client.protocol = flags & OLD ? STET_SPAN("1.0") : STET_SPAN("2");
    return client;
}

static inline bool same(struct stet_span text, const char *want)
{
    if (stet_span_equal(text, stet_span_of(want)))
        return true;
    print_error("got:\n%.*s\nwanted:\n%s\n", (int)text.len, text.len ? text.at : "", want);
    return false;
}

#endif
