/* Copies a request whose spans will be gone when it can be written: into one piece of memory.
 */
#include "net/draft.h"

#include "base/memory.h"

#include <string.h>

/* Copies a text behind those that were copied before. */
static void draft_keep(struct stet_span *text, char **to)
{
    if (text->len > 0)
        memcpy(*to, text->at, text->len);
    text->at = *to;
    *to += text->len;
}

struct draft *draft_new(const struct client_request *request)
{
    const size_t size = request->method_name.len + request->target.len + request->host.len +
                        request->block.len + request->te.len;
    struct draft *draft = memory_new(sizeof *draft + size);

    if (!draft)
        return NULL;
    *draft = (struct draft){.request = *request};
    char *to = draft->text;
    draft_keep(&draft->request.method_name, &to);
    draft_keep(&draft->request.target, &to);
    draft_keep(&draft->request.host, &to);
    draft_keep(&draft->request.block, &to);
    draft_keep(&draft->request.te, &to);
    return draft;
}

void draft_free(struct draft *draft)
{
    if (!draft)
        return;
    octets_fini(&draft->content);
    memory_free(draft);
}
