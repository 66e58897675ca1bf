/* Heads copied into an arena: one piece, an array of fields and a text that all spans point into.
 */
#include "cache/copy.h"

#include "base/octets.h"

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
    octets_copy(*at, span->at, span->len);
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

/* The fields go to `fields`, their octets to `at`. */
static void head_move(struct stet_head *head, bool (*leaves)(const struct stet_field *field),
                      struct stet_field *fields, char *at)
{
    size_t count = 0;

    for (size_t i = 0; i < head->count; i++) {
        if (leaves && leaves(&head->fields[i]))
            continue;
        struct stet_field *field = &fields[count++];
        *field = head->fields[i];
        span_move(&field->name, &at);
        span_move(&field->value, &at);
    }
    head->fields = fields;
    if (count == head->count)
        return;
    head->count = count;
    stet_head_index(head);
}

bool copy_request(struct arena *arena, const struct stet_request *request,
                  bool (*leaves)(const struct stet_field *field), struct stet_request *to)
{
    struct stet_field *fields = arena_alloc(arena, copy_size(request));

    if (!fields)
        return false;
    *to = *request;
    struct stet_span *spans[] = {&to->method_name, &to->target, &to->scheme,
                                 &to->authority,   &to->path,   &to->query};
    char *at = (char *)(fields + request->head.count + 1);
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
        span_move(spans[i], &at);
    head_move(&to->head, leaves, fields, at);
    return true;
}

bool copy_response(struct arena *arena, const struct stet_response *response,
                   struct stet_response *to)
{
    const size_t fields_size = (response->head.count + 1) * sizeof(struct stet_field);
    struct stet_field *fields = arena_alloc(arena, fields_size + head_size(&response->head));

    if (!fields)
        return false;
    *to = *response;
    head_move(&to->head, NULL, fields, (char *)fields + fields_size);
    return true;
}
