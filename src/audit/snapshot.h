/* Snapshots: what a resource was at one time, written to a file, and held against what it is later:
 * the proof whether a 304 was true.
 *
 *     stet-snapshot 1
 *
 *     url http://example.org/a.css
 *     coding gzip
 *     etag "x"
 *     modified Sun, 06 Nov 1994 08:49:37 GMT
 *     length 1000
 *     sha256 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
 */
#ifndef AUDIT_SNAPSHOT_H
#define AUDIT_SNAPSHOT_H

#include "audit/probe.h"
#include "base/text.h"

/* One representation. Strings are owned; "" where there is none. */
struct snapshot {
    char *url;
    char *coding;   /* that was asked for: "identity", "gzip"... */
    char *etag;     /* as it came */
    char *modified; /* the value of Last-Modified */
    uint64_t length;
    uint8_t digest[PROBE_DIGEST];
};

/* All zero: none. */
struct snapshots {
    struct snapshot *at;
    size_t count, room;
};

/* Adds what a 200 was. False when memory is out. */
bool snapshots_add(struct snapshots *snapshots, const char *url, const char *coding,
                   const struct probe *probe);

/* Adds those of a file's text. NULL; else what is wrong with it, in words, and `*line` where. */
const char *snapshots_read(struct snapshots *snapshots, struct stet_span text, size_t *line);

void snapshots_write(const struct snapshots *snapshots, struct text *to);

/* The first one of a URL at or behind `from`; NULL at the end. */
const struct snapshot *snapshots_find(const struct snapshots *snapshots, const char *url,
                                      const struct snapshot *from);

void snapshots_fini(struct snapshots *snapshots);

#endif
