/* Messages: heads that own their bytes, as they came from a transfer or from storage.
 */
#ifndef CLIENT_MESSAGE_H
#define CLIENT_MESSAGE_H

#include "stet/head.h"

/* Field lines with their bytes. All zero is an empty one. `head` is a view of it, true at any
 * time; its spans move when a line is added. */
struct message {
    struct stet_head head;
    struct stet_field *fields;
    size_t room; /* in `fields` */
    char *bytes;
    size_t used, size; /* of `bytes` */
};

/* Adds a line. False when memory is out; the message is then as it was. */
bool message_add(struct message *message, struct stet_span name, struct stet_span value);

/* Adds all lines of another head. */
bool message_add_all(struct message *message, const struct stet_head *head);

/* Empties it and frees its memory. */
void message_fini(struct message *message);

#endif
