/* Heads copied into an arena: an array of fields, and one text that all their spans point into.
 */
#include "cache/copy.h"

static size_t head_size(const struct stet_head *head)
{
    size_t size = 0;
    for (size_t i = 0; i < head->count; i++)
        size += head->fields[i].name.len + head->fields[i].value.len;
    return size;
}

size_t copy_size(const struct stet_request *request)
{
    return request->method_name.len + request->target.len + request->scheme.len +
           request->authority.len + request->path.len + request->query.len +
           head_size(&request->head) + (request->head.count + 1) * sizeof(struct stet_field);
}

/* Moves a span's octets to `*at`, and `*at` behind them. Absent stays absent. */
static void span_move(struct stet_span *span, char **at)
{
    if (!span->at)
        return;
    if (span->len > 0)
        memcpy(*at, span->at, span->len);
    span->at = *at;
    *at += span->len;
}

bool copy_span(struct arena *arena, struct stet_span *span)
{
    char *at = arena_alloc(arena, span->len + 1);
    if (at)
        span_move(span, &at);
    return at != NULL;
}

static bool head_copy(struct arena *arena, const struct stet_head *head,
                      bool (*leaves)(const struct stet_field *field), struct stet_head *to)
{
    struct stet_field *fields = arena_alloc(arena, (head->count + 1) * sizeof *fields);
    char *at = arena_alloc(arena, head_size(head) + 1);

    if (!fields || !at)
        return false;
    *to = (struct stet_head){.fields = fields};
    for (size_t i = 0; i < head->count; i++) {
        if (leaves && leaves(&head->fields[i]))
            continue;
        struct stet_field *field = &fields[to->count++];
        *field = head->fields[i];
        span_move(&field->name, &at);
        span_move(&field->value, &at);
    }
    stet_head_index(to);
    return true;
}

bool copy_request(struct arena *arena, const struct stet_request *request,
                  bool (*leaves)(const struct stet_field *field), struct stet_request *to)
{
    *to = *request;
    struct stet_span *spans[] = {&to->method_name, &to->target, &to->scheme,
                                 &to->authority,   &to->path,   &to->query};

    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
        if (!copy_span(arena, spans[i]))
            return false;
    return head_copy(arena, &request->head, leaves, &to->head);
}

bool copy_response(struct arena *arena, const struct stet_response *response,
                   struct stet_response *to)
{
    to->status = response->status;
    return head_copy(arena, &response->head, NULL, &to->head);
}
