/* Networks: an address, and how many of its bits count.
 *
 * IPv4 clients of a socket that takes both families come as IPv4 (io/sock_epoll.c), so one form of
 * a network is enough. Bits set beyond the length are an error, not a habit: who writes
 * "10.1.0.0/8" means something else than what it would do.
 */
#include "serve/network.h"

#include <arpa/inet.h>
#include <string.h>

#define NETWORK_TEXT 64

/* The digits after the slash. False unless they are a number up to `most`. */
static bool network_bits(const char *text, unsigned most, uint8_t *bits)
{
    unsigned number = 0;
    if (!*text || strlen(text) > 3)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return false;
        number = number * 10 + (unsigned)(*text - '0');
    }
    *bits = (uint8_t)number;
    return number <= most;
}

static bool network_bit(const struct network *network, unsigned bit)
{
    return (network->bytes[bit / 8] >> (7 - bit % 8)) & 1;
}

static bool network_is_clean(const struct network *network)
{
    for (unsigned bit = network->bits; bit < 128; bit++) {
        if (network_bit(network, bit))
            return false;
    }
    return true;
}

const char *network_read(const char *text, struct network *network)
{
    char address[NETWORK_TEXT];
    const char *slash = strchr(text, '/');
    size_t size = slash ? (size_t)(slash - text) : strlen(text);

    *network = (struct network){.family = AF_UNIX};
    if (strcmp(text, "unix") == 0)
        return NULL;
    if (size >= sizeof address)
        return "expected an address or a network such as 10.0.0.0/8";
    memcpy(address, text, size);
    address[size] = '\0';
    network->family = strchr(address, ':') ? AF_INET6 : AF_INET;
    const unsigned most = network->family == AF_INET ? 32 : 128;
    network->bits = (uint8_t)most;
    if (inet_pton(network->family, address, network->bytes) != 1)
        return "expected an address or a network such as 10.0.0.0/8";
    if (slash && !network_bits(slash + 1, most, &network->bits))
        return "expected a number of bits after the slash, up to 32 for IPv4 and 128 for IPv6";
    return network_is_clean(network) ? NULL : "the address has bits beyond the network's length";
}

static bool network_has(const struct network *network, const struct sock_address *address)
{
    const size_t octets = network->bits / 8;
    const unsigned rest = network->bits % 8;

    if (network->family != address->family || memcmp(network->bytes, address->bytes, octets) != 0)
        return false;
    return rest == 0 || (network->bytes[octets] ^ address->bytes[octets]) >> (8 - rest) == 0;
}

bool networks_have(const struct networks *networks, const struct sock_address *address)
{
    for (size_t i = 0; i < networks->count; i++) {
        if (network_has(&networks->at[i], address))
            return true;
    }
    return false;
}
