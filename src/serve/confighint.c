/* What was probably meant: words by their distance, values by reading them more kindly than the
 * configuration may.
 *
 * A hint is made only where a complaint is: it may be slow and it may be wrong, for a human
 * decides. But what it writes is always something that the reader would take.
 */
#include "serve/confighint.h"

#include "base/units.h"
#include "io/sock.h"
#include "origin/upstream.h"
#include "serve/network.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Longer words are not compared: no key is as long. */
enum { HINT_WORD = 40 };

/* Nobody means more octets or milliseconds. */
#define HINT_MOST (UINT64_C(1) << 53)

static char confighint_letter(char letter)
{
    return letter == '_' ? '-' : (char)tolower((unsigned char)letter);
}

static unsigned confighint_least(unsigned a, unsigned b, unsigned c)
{
    const unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

/* Three rows of the table of distances between the beginnings of both words: `row[i]` is the one
 * for the first `i` letters of `one`. */
unsigned confighint_distance(const char *one, const char *other, unsigned most)
{
    unsigned rows[3][HINT_WORD + 1];
    const size_t m = strlen(one), n = strlen(other);

    if (m > HINT_WORD || n > HINT_WORD)
        return most + 1;
    for (size_t j = 0; j <= n; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= m; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *higher = rows[(i + 1) % 3];
        const char a = confighint_letter(one[i - 1]);
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= n; j++) {
            const char b = confighint_letter(other[j - 1]);
            row[j] = confighint_least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b));
            if (i > 1 && j > 1 && a == confighint_letter(other[j - 2]) &&
                b == confighint_letter(one[i - 2]) && higher[j - 2] + 1 < row[j])
                row[j] = higher[j - 2] + 1;
        }
    }
    const unsigned distance = rows[m % 3][n];
    return distance <= most ? distance : most + 1;
}

unsigned confighint_reach(const char *word)
{
    const size_t length = strlen(word);
    return length < 3 ? 0 : (unsigned)(length / 3);
}

static bool confighint_write(char to[CONFIG_HINT], const char *format, const char *text)
{
    const int size = snprintf(to, CONFIG_HINT, format, text);
    return size > 0 && size < CONFIG_HINT;
}

bool confighint_bool(const char *text, char to[CONFIG_HINT])
{
    static const char *const words[] = {"yes", "on",  "y", "true",  "1", "enabled",
                                        "no",  "off", "n", "false", "0", "disabled"};
    const size_t count = sizeof words / sizeof *words;
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(text, words[i]) == 0)
            return confighint_write(to, "%s", i < count / 2 ? "true" : "false");
    }
    return false;
}

/* ---- numbers with units ---- */

struct hintunit {
    char letters[4]; /* the first ones, lower case */
    uint64_t factor;
};

/* Reads "1.5 Gigs"; adds its value and returns what follows; NULL if it is no such thing. What has
 * no unit has the first one. */
static const char *confighint_part(const char *text, const struct hintunit *units, uint64_t *sum)
{
    uint64_t whole = 0, rest = 0, scale = 1;
    char unit[sizeof units->letters] = "";
    size_t letters = 0, digits = 0;

    for (; isspace((unsigned char)*text); text++)
        ;
    for (; isdigit((unsigned char)*text) && digits < 10; text++, digits++)
        whole = whole * 10 + (uint64_t)(*text - '0');
    if (digits == 0 || isdigit((unsigned char)*text))
        return NULL;
    if (*text == '.') {
        for (text++; isdigit((unsigned char)*text) && scale < 1000; text++, scale *= 10)
            rest = rest * 10 + (uint64_t)(*text - '0');
    }
    for (; isspace((unsigned char)*text); text++)
        ;
    for (; isalpha((unsigned char)*text); text++, letters++) {
        if (letters < sizeof unit - 1)
            unit[letters] = (char)tolower((unsigned char)*text);
    }
    const struct hintunit *found = units;
    for (; letters && found->letters[0]; found++) {
        if (strncmp(unit, found->letters, strlen(found->letters)) == 0)
            break;
    }
    if (found->factor == 0 || whole > HINT_MOST / found->factor)
        return NULL;
    *sum += whole * found->factor + rest * found->factor / scale;
    return text;
}

static bool confighint_sum(const char *text, const struct hintunit *units, uint64_t *sum)
{
    *sum = 0;
    while (text && *text)
        text = confighint_part(text, units, sum);
    return text && *sum <= HINT_MOST;
}

bool confighint_size(const char *text, char to[CONFIG_HINT])
{
    static const struct hintunit units[] = {{"b", 1},          {"k", 1 << 10},    {"m", 1 << 20},
                                            {"g", 1ull << 30}, {"t", 1ull << 40}, {"", 0}};
    uint64_t sum;
    if (!confighint_sum(text, units, &sum))
        return false;
    units_write_size(sum, to);
    return true;
}

bool confighint_duration(const char *text, char to[CONFIG_HINT])
{
    static const struct hintunit units[] = {{"s", 1000},     {"ms", 1},        {"mil", 1},
                                            {"mo", 0},       {"m", 60000},     {"h", 3600000},
                                            {"d", 86400000}, {"w", 604800000}, {"", 0}};
    uint64_t sum;
    if (!confighint_sum(text, units, &sum))
        return false;
    units_write_duration(sum, to);
    return true;
}

/* ---- places in the network ---- */

/* "http://user@example.org:80/x?y" -> "example.org:80" */
static struct stet_span confighint_authority(const char *text)
{
    const char *scheme = strstr(text, "://");
    const char *start = scheme ? scheme + 3 : text;
    struct stet_span authority = stet_span(start, strcspn(start, "/?#"));
    const size_t at = stet_span_find(authority, '@');
    return at < authority.len ? stet_span_from(authority, at + 1) : authority;
}

static bool confighint_copy(struct stet_span text, char to[CONFIG_HINT])
{
    if (text.len == 0 || text.len >= CONFIG_HINT)
        return false;
    memcpy(to, text.at, text.len);
    to[text.len] = '\0';
    return true;
}

bool confighint_address(const char *text, char to[CONFIG_HINT])
{
    char host[CONFIG_HINT];
    const size_t digits = strspn(text, "0123456789");

    if (digits && text[digits] == '\0')
        return confighint_write(to, ":%s", text) && !listener_complaint(to);
    if (text[0] == '/')
        return confighint_write(to, "unix:%s", text) && !listener_complaint(to);
    if (!confighint_copy(confighint_authority(text), host))
        return false;
    if (strncmp(host, "*:", 2) == 0)
        return confighint_write(to, "%s", host + 1) && !listener_complaint(to);
    if (confighint_write(to, "%s", host) && !listener_complaint(to))
        return true;
    struct in6_addr ignored;
    if (inet_pton(AF_INET6, host, &ignored) == 1)
        return confighint_write(to, "[%s]:8080", host) && !listener_complaint(to);
    return !strchr(host, ':') && confighint_write(to, "%s:8080", host) && !listener_complaint(to);
}

static bool confighint_is_upstream(const char *text)
{
    struct upstream_url url;
    if (upstream_url_read(text, &url))
        return false;
    upstream_url_fini(&url);
    return true;
}

bool confighint_upstream(const char *text, char to[CONFIG_HINT])
{
    char authority[CONFIG_HINT];
    const size_t digits = strspn(text, ":0123456789");
    const char *scheme = strstr(text, "://");
    const char *end = scheme ? scheme + 3 + strcspn(scheme + 3, "/?#") : text + strlen(text);

    if (strncmp(text, "https:", 6) == 0 || (*end && strcmp(end, "/") != 0))
        return false;                   /* no other spelling of the same */
    if (digits && text[digits] == '\0') /* a port and nothing else */
        return confighint_write(to, "http://localhost:%s", text + (text[0] == ':')) &&
               confighint_is_upstream(to);
    if (text[0] == '/')
        return confighint_write(to, "http+unix:%s", text) && confighint_is_upstream(to);
    if (strncmp(text, "unix:", 5) == 0)
        return confighint_write(to, "http+%s", text) && confighint_is_upstream(to);
    return confighint_copy(confighint_authority(text), authority) &&
           confighint_write(to, "http://%s", authority) && confighint_is_upstream(to);
}

bool confighint_host(const char *text, char to[CONFIG_HINT])
{
    struct stet_span host = confighint_authority(text);
    const bool literal = host.len && host.at[0] == '[';
    if (!literal)
        host.len = stet_span_find(host, ':');
    else if (stet_span_find(host, ']') < host.len)
        host.len = stet_span_find(host, ']') + 1;
    if (host.len > 1 && host.at[host.len - 1] == '.')
        host.len--;
    if (!confighint_copy(host, to))
        return false;
    for (char *at = to; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return true;
}

bool confighint_network(const char *text, char to[CONFIG_HINT])
{
    char address[CONFIG_HINT];
    unsigned char octets[16];
    const char *slash = strchr(text, '/');
    const int family = strchr(text, ':') ? AF_INET6 : AF_INET;
    const unsigned most = family == AF_INET ? 32 : 128;
    uint64_t bits = most;

    if (slash && !units_number(slash + 1, 0, most, &bits))
        return false;
    if (!confighint_copy(stet_span(text, slash ? (size_t)(slash - text) : strlen(text)), address) ||
        inet_pton(family, address, octets) != 1)
        return false;
    for (unsigned bit = (unsigned)bits; bit < most; bit++)
        octets[bit / 8] &= (unsigned char)~(0x80u >> (bit % 8));
    if (!inet_ntop(family, octets, address, sizeof address))
        return false;
    return snprintf(to, CONFIG_HINT, "%s/%u", address, (unsigned)bits) < CONFIG_HINT;
}
