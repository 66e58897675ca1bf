/* Heads in two arrays that grow: field lines, and the octets their spans point into.
 *
 * A line costs one copy of its octets. When those move the spans are set anew, which is rare: room
 * doubles.
 */
#include "client/message.h"

#include "base/memory.h"

enum { MESSAGE_FIELDS = 16, MESSAGE_OCTETS = 1024 };

/* The smallest size of doubling steps from `least` that holds `wanted`. */
static size_t message_room(size_t least, size_t have, size_t wanted)
{
    size_t room = have ? have : least;

    while (room < wanted)
        room *= 2;
    return room;
}

static bool message_more_fields(struct message *message)
{
    const size_t room = message_room(MESSAGE_FIELDS, message->room, message->head.count + 1);

    if (room == message->room)
        return true;
    struct stet_field *fields = memory_grow(message->fields, room * sizeof *fields);
    if (!fields)
        return false;
    message->fields = fields;
    message->head.fields = fields;
    message->room = room;
    return true;
}

/* The octets have moved from `old`, of which only the number is of use. */
static void message_move(struct message *message, uintptr_t old)
{
    for (size_t i = 0; i < message->head.count; i++) {
        struct stet_field *field = &message->fields[i];
        field->name.at = message->bytes + ((uintptr_t)field->name.at - old);
        field->value.at = message->bytes + ((uintptr_t)field->value.at - old);
    }
}

static bool message_more_bytes(struct message *message, size_t more)
{
    if (more > SIZE_MAX / 4 - message->used)
        return false;
    const size_t size = message_room(MESSAGE_OCTETS, message->size, message->used + more);
    const uintptr_t old = (uintptr_t)message->bytes;

    if (size == message->size)
        return true;
    char *bytes = memory_grow(message->bytes, size);
    if (!bytes)
        return false;
    message->bytes = bytes;
    message->size = size;
    message_move(message, old);
    return true;
}

static struct stet_span message_keep(struct message *message, struct stet_span text)
{
    char *at = message->bytes + message->used;

    if (text.len)
        memcpy(at, text.at, text.len);
    message->used += text.len;
    return stet_span(at, text.len);
}

bool message_add(struct message *message, struct stet_span name, struct stet_span value)
{
    value = stet_span_trim(value);
    if (name.len > SIZE_MAX / 8 || value.len > SIZE_MAX / 8 || !message_more_fields(message) ||
        !message_more_bytes(message, name.len + value.len))
        return false;
    name = message_keep(message, name);
    value = message_keep(message, value);
    stet_head_add(&message->head, message->fields, name, value);
    return true;
}

bool message_add_all(struct message *message, const struct stet_head *head)
{
    for (size_t i = 0; i < head->count; i++)
        if (!message_add(message, head->fields[i].name, head->fields[i].value))
            return false;
    return true;
}

bool message_add_line(struct message *message, struct stet_span line)
{
    const size_t colon = stet_span_find(line, ':');

    return message_add(message, stet_span(line.at, colon), stet_span_from(line, colon + 1));
}

void message_remove(struct message *message, struct stet_span name)
{
    size_t kept = 0;

    for (size_t i = 0; i < message->head.count; i++)
        if (!stet_span_equal_nocase(message->fields[i].name, name))
            message->fields[kept++] = message->fields[i];
    message->head.count = kept;
    stet_head_index(&message->head);
}

void message_clear(struct message *message)
{
    message->head = (struct stet_head){.fields = message->fields};
    message->used = 0;
}

void message_fini(struct message *message)
{
    memory_free(message->fields);
    memory_free(message->bytes);
    *message = (struct message){0};
}
