/* Places that an operator names: networks of clients, and upstreams. What is taken is within its
 * bounds and found again; what is not has a reason.
 */
#include <arpa/inet.h>
#include <string.h>

#include "origin/upstream.h"
#include "serve/network.h"

#include "fuzz.h"

static unsigned network_bit(const struct network *network, unsigned bit)
{
    return network->bytes[bit / 8] >> (7 - bit % 8) & 1;
}

/* The address that a network begins with is in it, and is read as that network. */
static void one_network(const char *text)
{
    struct network network, again;
    char address[INET6_ADDRSTRLEN], whole[INET6_ADDRSTRLEN + 5];

    const char *wrong = network_read(text, &network);
    if (wrong) {
        must(strlen(wrong) > 0);
        return;
    }
    if (network.family == AF_UNIX)
        return;
    must(network.family == AF_INET || network.family == AF_INET6);
    const unsigned most = network.family == AF_INET ? 32 : 128;
    must(network.bits <= most);
    for (unsigned bit = network.bits; bit < most; bit++)
        must(network_bit(&network, bit) == 0);
    must(inet_ntop(network.family, network.bytes, address, sizeof address));
    snprintf(whole, sizeof whole, "%s/%u", address, network.bits);
    must(!network_read(whole, &again));
    must(again.family == network.family && again.bits == network.bits);
    must(memcmp(again.bytes, network.bytes, most / 8) == 0);
}

static void one_upstream(const char *text)
{
    struct upstream_url url, again;

    const char *wrong = upstream_url_read(text, &url);
    if (wrong) {
        must(strlen(wrong) > 0);
        return;
    }
    must(strcmp(url.text, text) == 0);
    must(strlen(url.host) > 0 && strlen(url.authority) > 0);
    must(url.unix_socket == (strncmp(text, "http+unix:", 10) == 0));
    must(url.unix_socket || (url.port > 0 && !strpbrk(url.host, "/?#@ \r\n[]")));
    must(!strpbrk(url.authority, "/?#@ \r\n")); /* it goes into Host */
    must(!upstream_url_read(text, &again) && strcmp(again.host, url.host) == 0);
    upstream_url_fini(&again);
    upstream_url_fini(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[512];
    const size_t len = size < sizeof text - 1 ? size : sizeof text - 1;

    memcpy(text, data, len);
    text[len] = '\0';
    one_network(text);
    one_upstream(text);
    return 0;
}
