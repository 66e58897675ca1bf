/* The live log: traces of all workers, for those who watch (`stet log`).
 *
 * While someone watches the rings of the workers are open, and are emptied twenty times a second on
 * the loop of whoever runs this. A watcher that does not keep up loses lines, and is told how many.
 */
#ifndef SERVE_LIVELOG_H
#define SERVE_LIVELOG_H

#include "serve/trace.h"

struct livelog;

/* `rings` (of `count` workers) and `loop` outlive it. NULL when memory is out. */
struct livelog *livelog_new(struct loop *loop, struct ring *const *rings, size_t count);

/* Bodies that are still open end; they free what is left. */
void livelog_free(struct livelog *livelog);

/* The body of an answer that never ends by itself: a line for each trace that passes the filter,
 * whose texts are copied. `stream` is woken when there is more. NULL when memory is out. */
struct body *livelog_watch(struct livelog *livelog, const struct trace_filter *filter,
                           struct stream *stream);

#endif
