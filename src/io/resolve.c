/* The resolver: answers that are kept for a while, and one question for all who ask the same.
 *
 *     literal ---------------------------------------------------> done, at once
 *     name -> kept and fresh? ------------------------------------> done, at once
 *          -> asked already? wait -\
 *          -> ask the back end ------> answer, kept -> everybody who waits: done
 *
 * Names are kept in the order in which they were asked for last, those under way apart; past the
 * bound the one that was not asked for the longest makes room, and where all are under way a new
 * name fails: whoever chooses names, perhaps a client of a forward proxy, gets no more memory than
 * that. A cancelled question goes on: its answer is worth keeping.
 *
 * Given up: answers past their time while a new one comes (a dial would race dead addresses), and
 * names with other characters than the DNS of hosts has.
 */
#include "io/resolve.h"

#include "base/check.h"
#include "base/map.h"
#include "base/memory.h"
#include "io/loop_ops.h"
#include "io/resolve_ops.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

enum { RESOLVE_NAMES = 1024 };
enum { RESOLVE_NAME_SIZE = 254, RESOLVE_LABEL_MOST = 63 }; /* 253, and perhaps a final dot */
enum { RESOLVE_TTL_LEAST = 1, RESOLVE_TTL_MOST = 300, RESOLVE_TTL_NONE = 5 }; /* s */
static const int64_t resolve_second = 1000000000;

struct resolve_name {
    struct resolver *resolver;
    struct resolve_query *waiting; /* the last one first */
    struct resolve_name *older;    /* idle names only */
    struct resolve_name *newer;
    int64_t expires;
    bool asking;
    uint8_t result;
    uint8_t count;
    struct sock_address addresses[RESOLVE_ADDRESSES];
    size_t len;
    char text[];
};

struct resolver {
    struct loop *loop;
    const struct resolve_ops *ops;
    void *back;
    struct map names;
    struct resolve_name *oldest;
    struct resolve_name *newest;
};

struct resolver *resolver_new(struct loop *loop, const char *servers)
{
    uint64_t seed[2];
    struct resolver *resolver = memory_new_zero(sizeof *resolver);
    if (!resolver)
        return NULL;
    resolver->loop = loop;
    resolver->ops = loop->ops->resolve;
    resolver->back = resolver->ops->open(loop, servers);
    if (!resolver->back) {
        memory_free(resolver);
        return NULL;
    }
    loop_random(loop, seed, sizeof seed);
    map_init(&resolver->names, seed);
    return resolver;
}

void resolver_free(struct resolver *resolver)
{
    size_t cursor = 0;
    if (!resolver)
        return;
    resolver->ops->close(resolver->back);
    for (struct resolve_name *name; (name = map_next(&resolver->names, &cursor));) {
        CHECK(!name->waiting);
        memory_free(name);
    }
    map_fini(&resolver->names);
    memory_free(resolver);
}

/* Into the list of idle names, as the newest. */
static void resolve_name_rest(struct resolve_name *name)
{
    struct resolver *resolver = name->resolver;
    name->newer = NULL;
    name->older = resolver->newest;
    if (name->older)
        name->older->newer = name;
    else
        resolver->oldest = name;
    resolver->newest = name;
}

static void resolve_name_rouse(struct resolve_name *name)
{
    struct resolver *resolver = name->resolver;
    if (name->older)
        name->older->newer = name->newer;
    else
        resolver->oldest = name->newer;
    if (name->newer)
        name->newer->older = name->older;
    else
        resolver->newest = name->older;
}

/* Takes an idle name out for good. */
static void resolve_name_drop(struct resolve_name *name)
{
    resolve_name_rouse(name);
    (void)map_remove(&name->resolver->names, name->text, name->len);
    memory_free(name);
}

/* A new idle name that is not fresh; NULL when memory is out or all names are under way. */
static struct resolve_name *resolve_name_new(struct resolver *resolver, const char *text,
                                             size_t len)
{
    if (resolver->names.count >= RESOLVE_NAMES && !resolver->oldest)
        return NULL;
    struct resolve_name *name = memory_new(sizeof *name + len + 1);
    if (!name)
        return NULL;
    *name = (struct resolve_name){.resolver = resolver, .len = len};
    memcpy(name->text, text, len + 1);
    if (resolver->names.count >= RESOLVE_NAMES)
        resolve_name_drop(resolver->oldest);
    if (!map_put(&resolver->names, name->text, len, name)) {
        memory_free(name);
        return NULL;
    }
    resolve_name_rest(name);
    return name;
}

/* The name in lower case and its length; 0 if no host can be called that. */
static size_t resolve_name_read(const char *host, char to[RESOLVE_NAME_SIZE + 1])
{
    size_t len = 0;
    size_t label = 0; /* characters of it so far */
    for (; host[len]; len++) {
        unsigned char c = (unsigned char)host[len];
        if (c >= 'A' && c <= 'Z')
            c = (unsigned char)(c - 'A' + 'a');
        const bool good =
            c == '.' ? label > 0
                     : (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        label = c == '.' ? 0 : label + 1;
        if (!good || label > RESOLVE_LABEL_MOST || len == RESOLVE_NAME_SIZE)
            return 0;
        to[len] = (char)c;
    }
    to[len] = '\0';
    return len;
}

static void resolve_query_done(struct resolve_query *query, enum resolve_result result,
                               const struct sock_address *addresses, size_t count)
{
    const uint16_t port = query->addresses[0].port;
    query->result = result;
    query->count = count;
    for (size_t i = 0; i < count; i++) {
        query->addresses[i] = addresses[i];
        query->addresses[i].port = port;
    }
    query->done(query);
}

static void resolve_query_push(struct resolve_query **list, struct resolve_query *query)
{
    query->next = *list;
    if (query->next)
        query->next->from = &query->next;
    query->from = list;
    *list = query;
}

static void resolve_query_unlink(struct resolve_query *query)
{
    *query->from = query->next;
    if (query->next)
        query->next->from = query->from;
    query->next = NULL;
    query->from = NULL;
}

/* In turns, the family of the first one first, as far as both last [RFC 8305 §4]. */
static size_t resolve_interleave(const struct resolve_answer *answer,
                                 struct sock_address to[RESOLVE_ADDRESSES])
{
    bool taken[2 * RESOLVE_FAMILY_MOST] = {false};
    uint8_t wanted = answer->count > 0 ? answer->addresses[0].family : 0;
    size_t count = 0;
    while (count < answer->count && count < RESOLVE_ADDRESSES) {
        size_t any = answer->count;
        size_t found = answer->count;
        for (size_t i = answer->count; i-- > 0;) {
            if (!taken[i])
                any = i;
            if (!taken[i] && answer->addresses[i].family == wanted)
                found = i;
        }
        if (found == answer->count)
            found = any;
        taken[found] = true;
        to[count++] = answer->addresses[found];
        wanted = answer->addresses[found].family == AF_INET ? AF_INET6 : AF_INET;
    }
    return count;
}

/* How long an answer is kept, in s. Failures are not: they may be over the next moment. */
static int64_t resolve_keep(const struct resolve_answer *answer)
{
    if (answer->result == RESOLVE_NO_SUCH_NAME)
        return RESOLVE_TTL_NONE;
    if (answer->result != RESOLVE_FOUND)
        return 0;
    if (answer->ttl < RESOLVE_TTL_LEAST)
        return RESOLVE_TTL_LEAST;
    return answer->ttl < RESOLVE_TTL_MOST ? answer->ttl : RESOLVE_TTL_MOST;
}

/* Who is told may ask again, cancel others who wait, or cause this name to be dropped: the list is
 * taken off first, and the name not looked at any more. */
void resolve_answered(struct resolve_name *name, const struct resolve_answer *answer)
{
    struct resolve_query *waiting = NULL;
    struct sock_address addresses[RESOLVE_ADDRESSES];
    size_t count = resolve_interleave(answer, addresses);
    CHECK(name->asking && (answer->result == RESOLVE_FOUND) == (count > 0));
    name->asking = false;
    name->result = (uint8_t)answer->result;
    name->count = (uint8_t)count;
    memcpy(name->addresses, addresses, count * sizeof addresses[0]);
    name->expires = loop_now(name->resolver->loop) + resolve_keep(answer) * resolve_second;
    resolve_name_rest(name);
    for (struct resolve_query *query; (query = name->waiting);) {
        resolve_query_unlink(query);
        resolve_query_push(&waiting, query);
    }
    while (waiting) {
        struct resolve_query *query = waiting;
        resolve_query_unlink(query);
        resolve_query_done(query, answer->result, addresses, count);
    }
}

static void resolve_ask(struct resolver *resolver, struct resolve_name *name)
{
    name->asking = true;
    resolve_name_rouse(name);
    if (!resolver->ops->ask(resolver->back, name, name->text))
        resolve_answered(name, &(struct resolve_answer){.result = RESOLVE_FAILED});
}

static void resolve_by_name(struct resolver *resolver, struct resolve_query *query,
                            const char *text, size_t len)
{
    struct resolve_name *name = map_find(&resolver->names, text, len);
    if (!name)
        name = resolve_name_new(resolver, text, len);
    if (!name) {
        resolve_query_done(query, RESOLVE_FAILED, NULL, 0);
        return;
    }
    if (name->asking) {
        resolve_query_push(&name->waiting, query);
        return;
    }
    if (name->expires > loop_now(resolver->loop)) {
        resolve_name_rouse(name);
        resolve_name_rest(name);
        resolve_query_done(query, name->result, name->addresses, name->count);
        return;
    }
    resolve_query_push(&name->waiting, query);
    resolve_ask(resolver, name);
}

void resolve_start(struct resolver *resolver, struct resolve_query *query, const char *host,
                   uint16_t port)
{
    char text[RESOLVE_NAME_SIZE + 1];
    struct sock_address literal = {.family = AF_INET};
    query->next = NULL;
    query->from = NULL;
    query->addresses[0].port = port; /* kept here meanwhile */
    if (inet_pton(AF_INET, host, literal.bytes) != 1) {
        literal.family = AF_INET6;
        if (inet_pton(AF_INET6, host, literal.bytes) != 1)
            literal.family = 0;
    }
    if (literal.family != 0) {
        resolve_query_done(query, RESOLVE_FOUND, &literal, 1);
        return;
    }
    size_t len = resolve_name_read(host, text);
    if (len == 0)
        resolve_query_done(query, RESOLVE_NO_SUCH_NAME, NULL, 0);
    else
        resolve_by_name(resolver, query, text, len);
}

void resolve_cancel(struct resolver *resolver, struct resolve_query *query)
{
    (void)resolver;
    if (query->from)
        resolve_query_unlink(query);
}
