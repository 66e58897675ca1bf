/* What was probably meant: the nearest of some words, and values written as elsewhere.
 */
#ifndef SERVE_CONFIGHINT_H
#define SERVE_CONFIGHINT_H

#include <stdbool.h>
#include <stddef.h>

/* Room for a hint, with its final NUL. */
#define CONFIG_HINT 80

/* How many letters must be added, taken away, changed or swapped with their neighbour to make one
 * word of the other; upper case, "_" and "-" differ by little, so they count as the same. More than
 * `most`: `most` + 1. */
unsigned confighint_distance(const char *one, const char *other, unsigned most);

/* How far a word may be from another one to be taken for it. */
unsigned confighint_reach(const char *word);

/* These write a value that would be right to `to`, or give false if none comes to mind. */

/* "yes", "On" -> "true" */
bool confighint_bool(const char *text, char to[CONFIG_HINT]);

/* "64MB", "64 m", "1.5G" -> "64MiB", "1536MiB" */
bool confighint_size(const char *text, char to[CONFIG_HINT]);

/* "30", "30sec", "1 hour", "1m30s", "1.5h" -> "30s", "1h", "90s", "90m" */
bool confighint_duration(const char *text, char to[CONFIG_HINT]);

/* "8080", "*:80", "http://localhost:80/" -> ":8080", ":80", "localhost:80" */
bool confighint_address(const char *text, char to[CONFIG_HINT]);

/* "localhost:3000", "http://localhost:3000/" -> "http://localhost:3000" */
bool confighint_upstream(const char *text, char to[CONFIG_HINT]);

/* "https://Example.org:443/" -> "example.org" */
bool confighint_host(const char *text, char to[CONFIG_HINT]);

/* "10.1.2.3/8" -> "10.0.0.0/8" */
bool confighint_network(const char *text, char to[CONFIG_HINT]);

#endif
