/* Outputs: where content goes. A file is replaced as a whole when all has come, and only if it
 * differs: content that is the same leaves it as it is, its time of modification too.
 *
 *     output_begin --> output_write* --> output_end    the file is the new content, or was it
 * before
 *                                    \-> output_drop   the file is as it was
 *
 * What came before a break may be kept beside the file, as .NAME.stet-part, with the URL and the
 * strong tag that it is a part of, as .NAME.stet-tag; who finds both may ask for the rest.
 */
#ifndef CLIENT_OUTPUT_H
#define CLIENT_OUTPUT_H

#include "stet/span.h"

struct output;

/* Room for the tag of a part, with its NUL. */
#define OUTPUT_TAG 512

/* An output to a file, or to standard output where `path` is NULL or "-". Devices and pipes are
 * written to directly. Nothing is opened yet. NULL when memory is out. */
struct output *output_new(const char *path);

/* An output to a nameless file, which output_descriptor gives afterwards. */
struct output *output_new_spool(void);

/* What is not ended is dropped. NULL is allowed. */
void output_free(struct output *output);

/* How many octets of the content of `url` are kept beside the file, and of which tag; 0 if none, or
 * if another process goes on with them. From then on they are this output's. */
uint64_t output_held(struct output *output, const char *url, char tag[OUTPUT_TAG]);

/* Makes ready for content; the first `held` octets of it are those kept (0: all is to come). False
 * with every function here: output_words says what is wrong. */
bool output_begin(struct output *output, uint64_t held);

bool output_write(struct output *output, struct stet_span bytes);

/* All has come. `*changed` tells whether the file is another one now; standard output always is. */
bool output_end(struct output *output, bool *changed);

/* No more comes. With a tag, what has come is kept for later, if it is worth it. */
void output_drop(struct output *output, const char *url, const char *tag);

/* From now on a process that is killed leaves behind what can be continued. */
void output_keep(struct output *output, const char *url, const char *tag);

/* It is a file that is replaced. */
bool output_is_replaced(const struct output *output);

/* What is written to it is gone, and cannot be taken back. */
bool output_is_stream(const struct output *output);

/* Octets so far, those that were held counted. */
uint64_t output_length(const struct output *output);

/* Of a spool, at its beginning; closed by output_free. */
int output_descriptor(struct output *output);

const char *output_words(const struct output *output);

#endif
