/* What the HTTP/2 codecs of a worker share: nghttp2's tables of callbacks and options, the room for
 * a head, streams to be used again.
 *
 * A connection that waits holds none of it.
 */
#include "wire/h2_kit.h"

#include "base/memory.h"
#include "wire/h2_parts.h"

/* A head block of ours may be as large as heads of origins are; past it the stream is reset. */
#define H2_BLOCK_MAX (1 << 20)

static bool kit_set_options(struct h2_kit *kit)
{
    if (nghttp2_option_new(&kit->option) != 0)
        return false;
    nghttp2_option_set_no_auto_window_update(kit->option, 1);
    nghttp2_option_set_no_closed_streams(kit->option, 1);
    /* It counts each octet of a frame's beginning that comes alone; we count frames. */
    nghttp2_option_set_max_continuations(kit->option,
                                         (size_t)kit->limits->h2_idle_frames * H2_FRAME_HEAD);
    /* It asks the clock of the machine; h2_guard.c asks none. */
    nghttp2_option_set_stream_reset_rate_limit(kit->option, UINT32_MAX, UINT32_MAX);
    nghttp2_option_set_max_send_header_block_length(kit->option, H2_BLOCK_MAX);
    nghttp2_option_set_builtin_recv_extension_type(kit->option, NGHTTP2_PRIORITY_UPDATE);
    return true;
}

struct h2_kit *h2_kit_new(const struct limits *limits)
{
    struct h2_kit *kit = memory_new_zero(sizeof *kit);

    if (!kit)
        return NULL;
    kit->limits = limits;
    kit->head = memory_new_zero(sizeof *kit->head);
    if (kit->head && kit_set_options(kit) && nghttp2_session_callbacks_new(&kit->callbacks) == 0) {
        h2_hear(kit->callbacks);
        h2_speak(kit->callbacks);
        return kit;
    }
    h2_kit_free(kit);
    return NULL;
}

void h2_kit_free(struct h2_kit *kit)
{
    if (!kit)
        return;
    while (kit->spare) {
        struct h2_stream *stream = kit->spare;
        kit->spare = stream->next;
        memory_free(stream);
    }
    if (kit->head)
        h2_head_fini(kit->head);
    nghttp2_session_callbacks_del(kit->callbacks);
    nghttp2_option_del(kit->option);
    memory_free(kit->head);
    memory_free(kit->lines);
    memory_free(kit);
}

struct h2_stream *h2_kit_stream(struct h2_kit *kit)
{
    struct h2_stream *stream = kit->spare;

    if (!stream)
        return memory_new_zero(sizeof *stream);
    kit->spare = stream->next;
    kit->spare_count--;
    *stream = (struct h2_stream){0};
    return stream;
}

void h2_kit_recycle(struct h2_kit *kit, struct h2_stream *stream)
{
    if (kit->spare_count == H2_SPARE_MAX) {
        memory_free(stream);
        return;
    }
    kit->spare_count++;
    stream->next = kit->spare;
    kit->spare = stream;
}

bool h2_kit_lines(struct h2_kit *kit, size_t count)
{
    if (count <= kit->line_room)
        return true;
    nghttp2_nv *lines = memory_grow(kit->lines, count * sizeof *lines);
    if (!lines)
        return false;
    kit->lines = lines;
    kit->line_room = count;
    return true;
}
