/* Configuration files: whatever they hold, they are taken or refused with words. What is taken can
 * be asked and shown, every host and route of it is found; what is refused is told in order, within
 * the file, in printable text, and the same a second time. */
#include <string.h>

#include "serve/configfile.h"
#include "serve/configshow.h"

#include "fuzz.h"

enum { SIZE_MOST = 1 << 16 };

static unsigned lines_of(struct stet_span text)
{
    unsigned lines = 2; /* the end of the text counts as a line */
    for (size_t i = 0; i < text.len; i++)
        lines += text.at[i] == '\n' || text.at[i] == '\r' || (unsigned char)text.at[i] >= 0x80;
    return lines; /* at least: a few characters of Unicode end lines as well */
}

static void check_errors(const struct config_errors *errors, struct stet_span text)
{
    must(errors->count > 0 && errors->count <= CONFIG_ERRORS_MAX);
    must(errors->more == 0 || errors->count == CONFIG_ERRORS_MAX);
    for (size_t i = 0; i < errors->count; i++) {
        const struct config_error *error = &errors->at[i];
        must(strlen(error->text) > 4);
        must(error->line <= lines_of(text) && (error->line == 0) == (error->column == 0));
        must(i == 0 || error[-1].line < error->line ||
             (error[-1].line == error->line && error[-1].column <= error->column));
        for (const char *at = error->text; *at; at++)
            must((unsigned char)*at >= 0x20 && *at != 0x7f);
    }
}

static void check_site(const struct config *config, const struct config_site *site)
{
    must(site->host_count > 0 && site->route_count > 0);
    for (size_t i = 0; i < site->host_count; i++) {
        if (site->hosts[i][0] != '*')
            must(config_site(config, stet_span_of(site->hosts[i])) == site);
    }
    for (size_t i = 0; i < site->route_count; i++) {
        const struct config_route *route = &site->routes[i];
        must(config_route(site, stet_span_of(route->path)) == route);
        must(route->kind != CONFIG_FILES || route->directory);
        must(route->kind != CONFIG_PROXY || route->upstream_count > 0);
        must(route->kind != CONFIG_PROXY || route->forward.name.len > 0);
        must(route->kind != CONFIG_REDIRECT || route->location);
        must(route->status >= 200 && route->status <= 599);
    }
}

static void check_config(const struct config *config)
{
    struct text words = {0}, json = {0};
    must(config->site_count > 0 || config->forward.on);
    for (size_t i = 0; i < config->site_count; i++)
        check_site(config, &config->sites[i]);
    configshow_words(config, &words);
    configshow_json(config, 0, &json);
    must(!words.failed && words.len > 0 && !json.failed && json.len > 0);
    text_fini(&words);
    text_fini(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct stet_span text = stet_span((const char *)data, size);
    struct config_errors errors, again;

    if (size > SIZE_MOST)
        return 0;
    struct config *config = config_read_text(text, "/dir/stet.yaml", &errors);
    must((config == NULL) == (errors.count > 0));
    if (config)
        check_config(config);
    else
        check_errors(&errors, text);
    config_unref(config);
    config = config_read_text(text, "/dir/stet.yaml", &again);
    must(again.count == errors.count && again.more == errors.more);
    for (size_t i = 0; i < errors.count; i++)
        must(strcmp(errors.at[i].text, again.at[i].text) == 0);
    config_unref(config);
    return 0;
}
