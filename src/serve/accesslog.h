/* The access log: one line a request, in the combined format or as JSON.
 *
 * Lines of a worker gather in its buffer and are handed to the log file at the end of the loop's
 * turn. What came from a client is written escaped: no octet of it can end a line, close a quote or
 * steer a terminal.
 */
#ifndef SERVE_ACCESSLOG_H
#define SERVE_ACCESSLOG_H

#include "base/arena.h"
#include "base/text.h"
#include "cache/cache.h"
#include "io/logfile.h"
#include "io/loop.h"
#include "io/sock.h"
#include "stet/head.h"
#include "stet/reason.h"
#include "wire/codec.h"

enum accesslog_format { ACCESSLOG_OFF, ACCESSLOG_COMBINED, ACCESSLOG_JSON };

/* One worker's end of the log. */
struct accesslog {
    struct logfile *file;
    struct loop *loop;
    enum accesslog_format format;
    struct task flush;
    bool queued;
    size_t used;
    char *lines; /* ACCESSLOG_LINES octets */
};

/* What is kept of a request until its line is written. Spans live in the exchange's arena. */
struct accesslog_entry {
    int64_t begun; /* wall clock, ns */
    struct sock_address peer;
    struct stet_span method, target, referer, user_agent;
    const char *protocol;
    enum stet_reason reason;
    uint64_t saved;                  /* octets of content that the client need not be sent again */
    const struct cache_facts *facts; /* of an answer that came through the cache; else NULL */
    const struct cache_rules *rules; /* with facts: of the route */
    int refused; /* status the codec refused its content with, if the service never answered; or 0
                  */
};

/* False when memory is out. `file` and `loop` outlive it. */
bool accesslog_init(struct accesslog *log, struct logfile *file, struct loop *loop,
                    enum accesslog_format format);
void accesslog_fini(struct accesslog *log);

/* Notes a request whose peer and protocol the caller has set; copies into `arena`. What does not
 * fit is left out of the line. */
void accesslog_begin(struct accesslog_entry *entry, const struct stet_request *request, int64_t now,
                     struct arena *arena);

/* Writes its line. `outcome` is NULL when the service never answered: the status is entry->refused,
 * or else 499, for the client went away. */
void accesslog_end(struct accesslog *log, const struct accesslog_entry *entry,
                   const struct stream_outcome *outcome, int64_t now);

/* Appends the line that the JSON form has for it, whatever the log's own form. */
void accesslog_write_json(const struct accesslog_entry *entry, const struct stream_outcome *outcome,
                          int64_t now, struct text *to);

/* Writes the line of something that never became a request: what there is of its first line. */
void accesslog_refused(struct accesslog *log, const struct sock_address *peer, int status,
                       struct stet_span line, int64_t now);

#endif
