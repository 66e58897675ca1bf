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

/* Adds a line, its value trimmed; neither span points into this message. False when memory is out;
 * the message is then as it was. */
bool message_add(struct message *message, struct stet_span name, struct stet_span value);

/* The same for a line of text, "Name: value"; without a colon all of it is the name. */
bool message_add_line(struct message *message, struct stet_span line);

/* Adds all lines of another head. False when memory is out: then some of them are missing. */
bool message_add_all(struct message *message, const struct stet_head *head);

/* Takes out every line of this name, compared without case. Its bytes stay until the end. */
void message_remove(struct message *message, struct stet_span name);

/* Empties it and keeps its memory. */
void message_clear(struct message *message);

/* Empties it and frees its memory. */
void message_fini(struct message *message);

#endif
