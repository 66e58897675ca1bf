/* Values that name a place: addresses, hosts, networks and URLs, paths of sites and of the machine.
 *
 * What another room will read later is read by that room's own reader, so that the two never
 * disagree. Paths of the machine are made whole against the place of the configuration file: it
 * does not matter where the process stands.
 *
 * Given up: asking whether a file may be written. Who checks a configuration is seldom who runs it.
 */
#include "serve/configreading.h"

#include "serve/config.h"
#include "stet/uri.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A path of the machine, from the place of the file; `scheme` goes before it. */
static bool configplace_whole(struct configreading *reading, const char *scheme, const char *path)
{
    char place[4096];
    const char *directory = reading->want->directory;

    if (!*path)
        return false;
    if (path[0] == '~')
        return configreading_refuse(reading, "\"~\" is not put in; write the whole path");
    const bool relative = path[0] != '/';
    const int size = snprintf(place, sizeof place, "%s%s%s", scheme, relative ? directory : "",
                              relative && strcmp(directory, "/") != 0 ? "/" : "");
    if (size < 0 || (size_t)size >= sizeof place)
        return configreading_refuse(reading, "the path is too long");
    return configreading_keep(reading, place, path);
}

/* ---- the network ---- */

bool configvalue_address(struct configreading *reading)
{
    if (strncmp(reading->text, "unix:", 5) == 0 && reading->text[5] &&
        !configplace_whole(reading, "unix:", reading->text + 5))
        return false;
    const char *words = listener_complaint(reading->to->text);
    if (!words)
        return true;
    configreading_hint(reading, confighint_address);
    return configreading_refuse(reading, words);
}

bool configvalue_loopback(struct configreading *reading)
{
    static const char *const hosts[] = {"127.", "localhost:", "[::1]:"};
    const char *words = listener_complaint(reading->text);

    for (size_t i = 0; !words && i < sizeof hosts / sizeof *hosts; i++) {
        if (strncmp(reading->text, hosts[i], strlen(hosts[i])) == 0)
            return true;
    }
    if (reading->text[0] == ':' && !words)
        snprintf(reading->fault->hint, CONFIG_HINT, "127.0.0.1%.40s", reading->text);
    return words && configreading_refuse(reading, words);
}

bool configvalue_network(struct configreading *reading)
{
    const char *words = network_read(reading->text, &reading->to->network);
    if (!words)
        return true;
    configreading_hint(reading, confighint_network);
    return configreading_refuse(reading, words);
}

static bool configplace_host_valid(const char *host)
{
    const struct stet_span span =
        stet_span_from(stet_span_of(host), strncmp(host, "*.", 2) == 0 ? 2 : 0);
    const char *name = span.at;
    if (strcmp(host, "*") == 0)
        return true;
    if (!span.len || strchr(name, '*') || span.len > 253 || name[span.len - 1] == '.' ||
        name[0] == '.' || strstr(name, ".."))
        return false;
    return stet_authority_valid(span) && (name[0] == '[' || !strchr(name, ':'));
}

bool configvalue_host(struct configreading *reading)
{
    char *lower = arena_copy(reading->want->arena, reading->text, strlen(reading->text) + 1);
    if (!lower) {
        reading->no_memory = true;
        return false;
    }
    for (char *at = lower; *at; at++)
        *at = (char)stet_byte_lower((unsigned char)*at);
    reading->to->text = lower;
    if (configplace_host_valid(lower))
        return true;
    if (!confighint_host(lower, reading->fault->hint) ||
        !configplace_host_valid(reading->fault->hint))
        reading->fault->hint[0] = '\0';
    if (!configreading_visible(lower))
        return configreading_refuse(reading, "a host is written in its ASCII form (xn--...)");
    return configreading_refuse(reading, "expected a host without scheme, port and path");
}

bool configvalue_upstream(struct configreading *reading)
{
    static const char scheme[] = "http+unix:";
    const size_t size = sizeof scheme - 1;
    struct upstream_url url;

    if (strncmp(reading->text, scheme, size) == 0 && reading->text[size] &&
        !configplace_whole(reading, scheme, reading->text + size))
        return false;
    const char *words = upstream_url_read(reading->to->text, &url);
    if (!words) {
        upstream_url_fini(&url);
        return true;
    }
    configreading_hint(reading, confighint_upstream);
    return configreading_refuse(reading, words);
}

bool configvalue_location(struct configreading *reading)
{
    const struct stet_span text = stet_span_of(reading->text);
    struct stet_uri uri;
    if (!configreading_visible(reading->text))
        return configreading_refuse(reading,
                                    "a URL has no blanks, and other than ASCII only escaped");
    return reading->text[0] == '/' || stet_uri_split(text, &uri);
}

bool configvalue_origin(struct configreading *reading)
{
    const char *host = strstr(reading->text, "://");
    if (strcmp(reading->text, "*") == 0)
        return true;
    if (!host || host == reading->text || !host[3] || strlen(reading->text) > 64 ||
        !configreading_visible(reading->text))
        return false;
    const size_t size = 3 + strcspn(host + 3, "/?#");
    if (!host[size])
        return true;
    if (strcmp(host + size, "/") == 0)
        snprintf(reading->fault->hint, CONFIG_HINT, "%.*s", (int)(host + size - reading->text),
                 reading->text);
    return false;
}

/* ---- paths ---- */

bool configvalue_path(struct configreading *reading)
{
    const size_t size = strlen(reading->text);
    const char *words = NULL;

    if (reading->text[0] != '/') {
        snprintf(reading->fault->hint, CONFIG_HINT, "/%.*s", CONFIG_HINT - 2, reading->text);
        return false;
    }
    if (strpbrk(reading->text, "?#"))
        words = "a route's path has neither query nor fragment";
    else if (reading->text[size - 1] == '*')
        words = "a route has all that is below its path; it is no pattern";
    if (words) {
        snprintf(reading->fault->hint, CONFIG_HINT, "%.*s", (int)strcspn(reading->text, "?#*"),
                 reading->text);
        return configreading_refuse(reading, words);
    }
    char *path = arena_alloc(reading->want->arena, size + 1);
    if (!path) {
        reading->no_memory = true;
        return false;
    }
    const struct stet_span normal = config_path(stet_span(reading->text, size), path);
    if (!normal.at)
        return configreading_refuse(reading, "a \"%\" in a path begins an escape such as %20");
    path[normal.len] = '\0';
    reading->to->text = path;
    return true;
}

/* Says what the machine says of a path. */
static bool configplace_complain(struct configreading *reading, int number)
{
    const char *words = strerrordesc_np(number);
    const char *directory = reading->want->directory;
    if (reading->text[0] == '/')
        return configreading_refuse(reading, words);
    snprintf(reading->fault->words, sizeof reading->fault->words, "%s (sought in %.70s)", words,
             directory);
    return false;
}

bool configvalue_directory(struct configreading *reading)
{
    if (!configplace_whole(reading, "", reading->text))
        return false;
    int fd = open(reading->to->text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return configplace_complain(reading, errno);
    close(fd);
    return true;
}

/* The directory that a file is to be in must be there. */
bool configvalue_file(struct configreading *reading)
{
    struct stat state;
    char directory[4096];

    if (!configplace_whole(reading, "", reading->text))
        return false;
    const char *slash = strrchr(reading->to->text, '/');
    const int size =
        snprintf(directory, sizeof directory, "%.*s", slash ? (int)(slash - reading->to->text) : 1,
                 slash ? reading->to->text : ".");
    if (size < 0 || (size_t)size >= sizeof directory)
        return configreading_refuse(reading, "the path is too long");
    if (size > 0 && stat(directory, &state) != 0)
        return configplace_complain(reading, errno);
    if (size > 0 && !S_ISDIR(state.st_mode))
        return configplace_complain(reading, ENOTDIR);
    if (stat(reading->to->text, &state) == 0 && S_ISDIR(state.st_mode))
        return configplace_complain(reading, EISDIR);
    return true;
}

static bool configplace_off(struct configreading *reading)
{
    if (strcmp(reading->text, "off") != 0)
        return false;
    reading->to->text = NULL;
    return true;
}

bool configvalue_file_or_off(struct configreading *reading)
{
    return configplace_off(reading) || configvalue_file(reading);
}

bool configvalue_readable(struct configreading *reading)
{
    if (!configplace_whole(reading, "", reading->text))
        return false;
    return access(reading->to->text, R_OK) == 0 || configplace_complain(reading, errno);
}

bool configvalue_readable_or_off(struct configreading *reading)
{
    return configplace_off(reading) || configvalue_readable(reading);
}

bool configvalue_socket(struct configreading *reading)
{
    char address[256];
    if (configplace_off(reading))
        return true;
    if (!configplace_whole(reading, "", reading->text))
        return false;
    snprintf(address, sizeof address, "unix:%s", reading->to->text);
    const char *words = listener_complaint(address);
    return !words || configreading_refuse(reading, words);
}
