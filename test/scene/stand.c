/* Grounds of one directory, without a command line.
 */
#include "stand.h"

static bool stand_fill(struct config *config, const struct files_options *options)
{
    struct config_site *site = config_add_site(config);
    if (!site || !config_add_host(config, site, "*"))
        return false;
    struct config_route *route = config_add_route(config, site, "/", CONFIG_FILES);
    if (!route)
        return false;
    route->files = *options;
    return config_seal(config);
}

struct grounds *stand_on(struct library *library, const struct files_options *options,
                         enum accesslog_format log)
{
    struct config *config = config_new();
    struct grounds *grounds = NULL;

    if (config && stand_fill(config, options))
        grounds = grounds_new(config);
    if (grounds) {
        config->log.format = log;
        grounds->libraries[0] = library;
    }
    config_unref(config);
    return grounds;
}
