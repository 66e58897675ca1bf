/* URLs, mended before they are looked at: nothing below this room guesses.
 *
 * Given up: spaces and quotes of what is typed, which curl refuses as well: there they are most
 * likely a mistake of the shell's. In what a server says they are its habit.
 */
#include "client/url.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>

static char *url_copy(const char *at, size_t len)
{
    char *copy = memory_new(len + 1);

    if (copy) {
        memcpy(copy, at, len);
        copy[len] = '\0';
    }
    return copy;
}

static bool url_is_escaped(char octet)
{
    return (unsigned char)octet >= 0x80 || octet == ' ' || octet == '"' || octet == '<' ||
           octet == '>';
}

static size_t url_write(char octet, char *to)
{
    static const char digits[] = "0123456789ABCDEF";
    const unsigned char value = (unsigned char)octet;

    to[0] = '%';
    to[1] = digits[value >> 4];
    to[2] = digits[value & 15];
    return 3;
}

/* Where the path of a reference begins: behind "//HOST" and "SCHEME://HOST". */
static size_t url_path(struct stet_span reference)
{
    size_t at = 0;

    while (at < reference.len && !strchr("/?#", reference.at[at]))
        at++;
    if (at + 1 >= reference.len || reference.at[at] != '/' || reference.at[at + 1] != '/' ||
        (at > 0 && reference.at[at - 1] != ':'))
        return 0;
    for (at += 2; at < reference.len && !strchr("/?#", reference.at[at]);)
        at++;
    return at;
}

size_t url_escape(struct stet_span reference, char *to)
{
    const size_t path = url_path(reference);
    size_t len = 0;

    for (size_t i = 0; i < reference.len; i++)
        if (i >= path && url_is_escaped(reference.at[i]))
            len += url_write(reference.at[i], to + len);
        else
            to[len++] = reference.at[i];
    return len;
}

/* ---- pieces ---- */

/* The length of "SCHEME://", 0 if there is none: in a query it is no scheme. */
static size_t url_scheme(const char *typed)
{
    const size_t len = strcspn(typed, ":/?#@");

    return len && strncmp(typed + len, "://", 3) == 0 ? len + 3 : 0;
}

static bool url_is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

/* The authority without its userinfo, its host in ASCII. NULL when memory is out. */
static char *url_authority(const char *at, size_t len, url_ascii *ascii)
{
    char *name = url_copy(at, len);

    if (!name || url_is_ascii(name))
        return name;
    char *const port = strrchr(name, ':');
    if (port)
        *port = '\0';
    char *host = ascii(name);
    if (port)
        *port = ':';
    if (!host)
        return name;
    const size_t size = strlen(host) + (port ? strlen(port) : 0) + 1;
    char *whole = memory_new(size);
    if (whole)
        snprintf(whole, size, "%s%s", host, port ? port : "");
    memory_free(host);
    memory_free(name);
    return whole;
}

/* Path and query, with what is outside ASCII escaped. */
static void url_rest(const char *rest, size_t len, char *to)
{
    size_t used = 0;

    for (size_t i = 0; i < len; i++)
        if ((unsigned char)rest[i] >= 0x80)
            used += url_write(rest[i], to + used);
        else
            to[used++] = rest[i];
    to[used] = '\0';
}

/* ---- the whole ---- */

bool url_take(const char *typed, url_ascii *ascii, struct url *to)
{
    const size_t scheme = url_scheme(typed);
    const char *from = typed + scheme;
    const size_t authority = strcspn(from, "/?#");
    const size_t rest = strcspn(from + authority, "#");
    const char *at = memrchr(from, '@', authority);
    const char *host = at ? at + 1 : from;

    *to = (struct url){0};
    char *name = url_authority(host, authority - (size_t)(host - from), ascii);
    if (name) {
        const size_t before = scheme ? scheme : sizeof "http://" - 1;
        const size_t len = before + strlen(name);
        to->sent = memory_new(len + 3 * rest + 1);
        if (to->sent) {
            memcpy(to->sent, scheme ? typed : "http://", before);
            memcpy(to->sent + before, name, len - before);
            url_rest(from + authority, rest, to->sent + len);
        }
    }
    memory_free(name);
    if (at && to->sent)
        to->userinfo = url_copy(from, (size_t)(at - from));
    if (to->sent && (!at || to->userinfo))
        return true;
    url_fini(to);
    return false;
}

void url_fini(struct url *url)
{
    memory_free(url->sent);
    memory_free(url->userinfo);
    *url = (struct url){0};
}
