/* Which Cache-Control a file is sent with: the operator's rules, else what its name tells.
 */
#ifndef ORIGIN_FRESHNESSRULE_H
#define ORIGIN_FRESHNESSRULE_H

#include "stet/span.h"

/* A rule of --cache-control 'GLOB=VALUE': the first glob that matches the path (without its leading
 * slash; fnmatch, where "*" crosses slashes) decides. */
struct files_rule {
    const char *glob;
    const char *value;
};

/* The value of Cache-Control for the file `path` (relative to the root, no leading slash): that of
 * the first rule whose glob matches, else "max-age=31536000, immutable" if the name carries a
 * fingerprint of the content, else "no-cache". An empty value: the field is not sent. */
const char *freshnessrule_of(const struct files_rule *rules, size_t count, const char *path);

/* May `value` stand in a field: no controls but tab, nothing at all is fine too [RFC 9110 §5.5]. */
bool freshnessrule_value_valid(const char *value);

/* The name is of the kind that build tools give to files whose content never changes under that
 * name: main.4f3c9a1b.js, app-5XKZ3QWT.css, assets/index-DiwrgTda.js. In doubt it is not. */
bool freshnessrule_fingerprinted(struct stet_span path);

#endif
