/* What flows over a line: requests and what callers send, responses and what they are told. Inside
 * net/ only.
 */
#ifndef NET_FLOW_H
#define NET_FLOW_H

#include "net/line.h"

/* From this many octets unsent on a call is told to send no more; from fewer than a quarter on that
 * there is room. With a piece of the usual size taken on top, at most twice as much is held. */
#define FLOW_UNSENT 32768

/* What the codec of a line tells. */
extern const struct client_events flow_events;

/* Writes and reads for a line with a call, in its turn. */
void flow_run(struct line *line);

/* Sends the pieces (at most three) behind what is unsent, to a server that is not deaf; keeps what
 * the socket does not take. What goes wrong is told in the line's next turn. */
void flow_push(struct line *line, const struct stet_span *pieces, size_t count);

#endif
