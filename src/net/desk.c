/* The desk of a worker: memory made once, and hidden while nobody works at it.
 */
#include "net/desk.h"

#include "base/memory.h"

/* Room for a whole pipeline of answers with small contents. */
#define DESK_TEXT 98304

bool desk_init(struct desk *desk, const struct limits *limits)
{
    *desk = (struct desk){.out.size = DESK_TEXT};
    desk->out.scratch_size = (size_t)limits->send_turn;
    desk->input = memory_new(DESK_READ);
    desk->out.text = memory_new(desk->out.size);
    desk->out.scratch = memory_new(desk->out.scratch_size);
    desk->head = memory_new_zero(sizeof *desk->head);
    desk->kit = h2_kit_new(limits);
    if (!desk->input || !desk->out.text || !desk->out.scratch || !desk->head || !desk->kit) {
        desk_fini(desk);
        return false;
    }
    desk_close(desk);
    return true;
}

void desk_fini(struct desk *desk)
{
    memory_free(desk->input);
    memory_free(desk->out.text);
    memory_free(desk->out.scratch);
    memory_free(desk->head);
    h2_kit_free(desk->kit);
    *desk = (struct desk){0};
}

void desk_open(struct desk *desk, int64_t wall)
{
    memory_show(desk->input, DESK_READ);
    memory_show(desk->out.text, desk->out.size);
    memory_show(desk->out.scratch, desk->out.scratch_size);
    memory_show(desk->head, sizeof *desk->head);
    desk->out.date = dateline_at(&desk->date, wall);
}

void desk_close(struct desk *desk)
{
    desk->out.used = 0;
    desk->out.tail = STET_SPAN_NONE;
    memory_hide(desk->input, DESK_READ);
    memory_hide(desk->out.text, desk->out.size);
    memory_hide(desk->out.scratch, desk->out.scratch_size);
    memory_hide(desk->head, sizeof *desk->head);
}
