/* Configurations shown.
 *
 * The JSON forms are for programs that check before they deploy: names in them do not change.
 */
#include "serve/configshow.h"

#include "base/units.h"
#include "serve/secure.h"

#include <inttypes.h>
#include <string.h>

static void configshow_text(const char *text, struct text *to)
{
    text_json(to, text, strlen(text));
}

static void configshow_plain(const char *text, struct text *to)
{
    const size_t from = to->len;
    text_put(to, text, strlen(text));
    if (to->len > from)
        to->len = from + config_plain(to->at + from, to->len - from);
}

/* ---- a configuration in words ---- */

static void configshow_target(const struct config_route *route, struct text *to)
{
    switch (route->kind) {
    case CONFIG_FILES:
        text_say(to, "files     ");
        configshow_plain(route->directory, to);
        break;
    case CONFIG_PROXY:
        text_say(to, "proxy    ");
        for (size_t i = 0; i < route->upstream_count; i++) {
            text_say(to, " ");
            configshow_plain(route->upstreams[i].text, to);
        }
        break;
    case CONFIG_REDIRECT:
        text_say(to, "redirect  %d ", route->status);
        configshow_plain(route->location, to);
        break;
    case CONFIG_RESPOND:
        text_say(to, "respond   %d", route->status);
        break;
    }
    text_say(to, "\n");
}

static void configshow_list(char *const *texts, size_t count, struct text *to)
{
    for (size_t i = 0; i < count; i++) {
        text_say(to, "%s", i ? ", " : "");
        configshow_plain(texts[i], to);
    }
}

/* The paths stand in a column as wide as the widest, within reason. */
static void configshow_site(const struct config_site *site, struct text *to)
{
    const size_t widest = 32;
    size_t width = 0;

    configshow_list(site->hosts, site->host_count, to);
    text_say(to, "\n");
    for (size_t i = 0; i < site->route_count; i++) {
        const size_t size = strlen(site->routes[i].path);
        width = size > width ? size : width;
    }
    width = width < widest ? width : widest;
    for (size_t i = 0; i < site->route_count; i++) {
        text_say(to, "  ");
        const size_t from = to->len;
        configshow_plain(site->routes[i].path, to);
        const size_t used = to->len - from;
        text_say(to, "%*s  ", used < width ? (int)(width - used) : 0, "");
        configshow_target(&site->routes[i], to);
    }
}

void configshow_words(const struct config *config, struct text *to)
{
    char memory[UNITS_TEXT];

    text_say(to, "listen ");
    if (config->listen_count == 0 && config->secure.listen_count == 0 && !config_is_secure(config))
        text_say(to, "127.0.0.1:8080, [::1]:8080");
    configshow_list(config->listen, config->listen_count, to);
    if (config_is_secure(config))
        text_say(to, "; tls %s",
                 config->secure.listen_count == 0 && !config->listen_count
                     ? "127.0.0.1:8443, [::1]:8443"
                     : "");
    configshow_list(config->secure.listen, config->secure.listen_count, to);
    if (config_fetches(config)) {
        units_write_size(config->memory, memory);
        text_say(to, "; memory %s", memory);
    }
    text_say(to, "\n");
    if (config->forward.on)
        text_say(to, "forward proxy, CONNECT to %zu port%s\n", config->forward.port_count,
                 config->forward.port_count == 1 ? "" : "s");
    for (size_t i = 0; i < config->site_count; i++)
        configshow_site(&config->sites[i], to);
}

/* ---- as JSON ---- */

static void configshow_route_json(const struct config_route *route, struct text *to)
{
    static const char *const kinds[] = {
        [CONFIG_FILES] = "files",
        [CONFIG_PROXY] = "proxy",
        [CONFIG_REDIRECT] = "redirect",
        [CONFIG_RESPOND] = "respond",
    };
    text_say(to, "{\"path\":");
    configshow_text(route->path, to);
    text_say(to, ",\"kind\":\"%s\"", kinds[route->kind]);
    if (route->kind == CONFIG_FILES) {
        text_say(to, ",\"directory\":");
        configshow_text(route->directory, to);
    }
    if (route->kind == CONFIG_PROXY) {
        text_say(to, ",\"to\":[");
        for (size_t i = 0; i < route->upstream_count; i++) {
            text_say(to, "%s", i ? "," : "");
            configshow_text(route->upstreams[i].text, to);
        }
        text_say(to, "],\"cache\":%s", route->cache.off ? "false" : "true");
    }
    if (route->kind == CONFIG_REDIRECT) {
        text_say(to, ",\"to\":");
        configshow_text(route->location, to);
    }
    if (route->kind == CONFIG_REDIRECT || route->kind == CONFIG_RESPOND)
        text_say(to, ",\"status\":%d", route->status);
    text_put(to, "}", 1);
}

static void configshow_texts_json(char *const *texts, size_t count, struct text *to)
{
    text_put(to, "[", 1);
    for (size_t i = 0; i < count; i++) {
        text_say(to, "%s", i ? "," : "");
        configshow_text(texts[i], to);
    }
    text_put(to, "]", 1);
}

static void configshow_site_json(const struct config_site *site, struct text *to)
{
    text_say(to, "{\"hosts\":");
    configshow_texts_json(site->hosts, site->host_count, to);
    text_say(to, ",\"routes\":[");
    for (size_t i = 0; i < site->route_count; i++) {
        text_say(to, "%s", i ? "," : "");
        configshow_route_json(&site->routes[i], to);
    }
    text_say(to, "]}");
}

struct configshow_warnings {
    struct text *to;
    bool some;
};

static void configshow_warning(void *owner, const char *words)
{
    struct configshow_warnings *warnings = owner;

    text_say(warnings->to, "%s", warnings->some ? "," : "");
    configshow_text(words, warnings->to);
    warnings->some = true;
}

void configshow_json(const struct config *config, int64_t wall, struct text *to)
{
    struct configshow_warnings warnings = {.to = to};

    text_say(to, "{\"ok\":true,\"file\":");
    configshow_text(config->path ? config->path : "", to);
    text_say(to, ",\"listen\":");
    configshow_texts_json(config->listen, config->listen_count, to);
    text_say(to, ",\"tlsListen\":");
    configshow_texts_json(config->secure.listen, config->secure.listen_count, to);
    text_say(to, ",\"workers\":%u,\"memory\":%" PRIu64 ",\"forward\":%s,\"sites\":[",
             config->workers, config->memory, config->forward.on ? "true" : "false");
    for (size_t i = 0; i < config->site_count; i++) {
        text_say(to, "%s", i ? "," : "");
        configshow_site_json(&config->sites[i], to);
    }
    text_say(to, "],\"warnings\":[");
    secure_check(config, wall, configshow_warning, &warnings);
    text_say(to, "]}\n");
}

/* ---- errors ---- */

void configshow_errors(const struct config_errors *errors, const char *path, struct text *to)
{
    for (size_t i = 0; i < errors->count; i++) {
        const struct config_error *error = &errors->at[i];
        if (error->line)
            text_say(to, "%s:%u:%u: %s\n", path, error->line, error->column, error->text);
        else
            text_say(to, "%s: %s\n", path, error->text);
    }
    if (errors->more)
        text_say(to, "%s: %zu more like these, not shown\n", path, errors->more);
}

void configshow_errors_json(const struct config_errors *errors, const char *path, struct text *to)
{
    text_say(to, "{\"ok\":false,\"file\":");
    configshow_text(path, to);
    text_say(to, ",\"errors\":[");
    for (size_t i = 0; i < errors->count; i++) {
        const struct config_error *error = &errors->at[i];
        text_say(to, "%s{\"line\":%u,\"column\":%u,\"message\":", i ? "," : "", error->line,
                 error->column);
        configshow_text(error->text, to);
        text_put(to, "}", 1);
    }
    text_say(to, "],\"more\":%zu}\n", errors->more);
}
