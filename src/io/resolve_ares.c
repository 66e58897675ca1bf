/* Names on the machine, by c-ares: the hosts file, then the DNS.
 *
 *     hosts file --found--> answer
 *        no -> AAAA and A, asked at once -> both came, or one and 50 ms passed -> answer
 *
 * The two families are asked for apart, because there are servers that never answer one of them;
 * whoever got addresses of the other need not wait for its timeout [RFC 8305 §3]. An answer that
 * lacks one is kept only for the shortest time. Within a family the order is that of c-ares, which
 * sorts [RFC 6724]; IPv6 comes first, and what has no route fails at once in the race.
 *
 * c-ares has its own sockets and its own timeouts. It tells which descriptors to watch, and how
 * long it would wait; both go to the loop. Its answers are put aside and told when it has returned,
 * so that nobody ever calls it from within itself.
 *
 * Nothing is opened, and no file read, before the first question: who proxies to an address never
 * pays for names.
 *
 * Given up: looking at resolv.conf again while running (a new resolver does); reading the hosts
 * file anywhere but here (it is short and in memory); link-local addresses with a zone.
 */
#include "io/resolve_ops.h"

#include "base/check.h"
#include "base/container.h"
#include "base/memory.h"
#include "io/loop_epoll.h"

#include <ares.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/time.h>

/* ms, doubled at each further try: 4.9 s in all. */
enum { RESOLVE_ARES_TIMEOUT = 700, RESOLVE_ARES_TRIES = 3 };
enum { RESOLVE_ARES_PARTIAL_TTL = 1, RESOLVE_ARES_BROKEN_TTL = 5 }; /* s */
static const int64_t resolve_ares_patience = 50000000;              /* ns [RFC 8305 §3] */

struct resolve_ares;

/* A descriptor of c-ares. */
struct ares_watch {
    struct foreign foreign;
    struct resolve_ares *back;
    struct ares_watch *next;
};

/* What came of one family. */
struct ares_family {
    int status; /* of c-ares */
    bool came;
    size_t count;
    uint32_t ttl;
    struct sock_address addresses[RESOLVE_FAMILY_MOST];
};

struct ares_question {
    struct resolve_ares *back;
    struct resolve_name *name;  /* NULL: answered */
    struct ares_question *next; /* all of them */
    struct timer patience;
    unsigned open; /* callbacks of c-ares to come */
    bool impatient;
    struct ares_family v6;
    struct ares_family v4;
};

struct resolve_ares {
    struct loop_epoll *loop;
    const char *given;  /* servers other than the system's, or NULL */
    ares_channel hosts; /* NULL before the first question */
    ares_channel servers;
    struct timer timer;
    struct ares_watch *watches;
    struct ares_question *questions;
};

static void resolve_ares_library(void)
{
    /* What c-ares takes from the heap goes through our door as well. */
    (void)ares_library_init_mem(ARES_LIB_INIT_ALL, memory_new, memory_free, memory_grow);
}

static void ares_ready(struct foreign *foreign, unsigned events);

static struct ares_watch **ares_watch_find(struct resolve_ares *back, int fd)
{
    struct ares_watch **place = &back->watches;
    while (*place && (*place)->foreign.fd != fd)
        place = &(*place)->next;
    return place;
}

/* c-ares opens or is about to close a descriptor, or wants to know other things of it. One that
 * cannot be watched costs a timeout. */
static void ares_socket(void *data, ares_socket_t fd, int readable, int writable)
{
    struct resolve_ares *back = data;
    struct ares_watch **place = ares_watch_find(back, fd);
    struct ares_watch *watch = *place;
    const unsigned events = (readable ? SOCK_READABLE : 0) | (writable ? SOCK_WRITABLE : 0);
    if (watch && events) {
        (void)loop_epoll_foreign(back->loop, &watch->foreign, events, true);
    } else if (watch) {
        loop_epoll_foreign_stop(back->loop, &watch->foreign);
        *place = watch->next;
        memory_free(watch);
    } else if (events && (watch = memory_new(sizeof *watch))) {
        *watch = (struct ares_watch){.foreign = {.ready = ares_ready, .fd = fd}, .back = back};
        if (loop_epoll_foreign(back->loop, &watch->foreign, events, false))
            *place = watch;
        else
            memory_free(watch);
    }
}

static bool ares_no_such(const struct ares_family *family)
{
    return family->status == ARES_ENOTFOUND || family->status == ARES_ENODATA ||
           family->status == ARES_EBADNAME;
}

/* What to say when neither family has addresses. */
static enum resolve_result ares_failure(const struct ares_question *question)
{
    if (ares_no_such(&question->v6) && ares_no_such(&question->v4))
        return RESOLVE_NO_SUCH_NAME;
    if (question->v6.status == ARES_ETIMEOUT || question->v4.status == ARES_ETIMEOUT)
        return RESOLVE_TIMEOUT;
    return RESOLVE_FAILED;
}

static void ares_answer_add(struct resolve_answer *answer, const struct ares_family *family)
{
    memcpy(answer->addresses + answer->count, family->addresses,
           family->count * sizeof family->addresses[0]);
    answer->count += family->count;
    uint32_t ttl = family->ttl;
    if (!family->came)
        ttl = RESOLVE_ARES_PARTIAL_TTL;
    else if (family->status != ARES_SUCCESS)
        ttl = ares_no_such(family) ? UINT32_MAX : RESOLVE_ARES_BROKEN_TTL;
    if (ttl < answer->ttl)
        answer->ttl = ttl;
}

static void ares_question_answer(struct ares_question *question)
{
    struct resolve_answer answer = {.result = RESOLVE_FOUND, .ttl = UINT32_MAX};
    struct resolve_name *name = question->name;
    ares_answer_add(&answer, &question->v6);
    ares_answer_add(&answer, &question->v4);
    if (answer.count == 0)
        answer.result = ares_failure(question);
    question->name = NULL;
    resolve_answered(name, &answer);
}

static void ares_question_free(struct ares_question *question)
{
    struct ares_question **place = &question->back->questions;
    while (*place != question)
        place = &(*place)->next;
    *place = question->next;
    loop_timer_cancel(&question->back->loop->loop, &question->patience);
    memory_free(question);
}

/* Enough to answer: all of it, or something that was waited long enough with. */
static bool ares_question_ripe(struct ares_question *question)
{
    struct loop *loop = &question->back->loop->loop;
    if (question->open == 0)
        return true;
    if (question->v6.count + question->v4.count == 0)
        return false;
    if (question->impatient || question->patience.place != 0)
        return question->impatient;
    return !loop_timer_set(loop, &question->patience, loop_now(loop) + resolve_ares_patience);
}

/* Tells what has come and sets the timer to what c-ares would wait. Whoever is told may ask again,
 * which comes here as well: begin anew after each. */
static void ares_settle(struct resolve_ares *back)
{
    struct loop *loop = &back->loop->loop;
    struct timeval left;
    struct ares_question *question = back->questions;
    while (question) {
        struct ares_question *at = question;
        question = question->next;
        if (at->name && ares_question_ripe(at)) {
            ares_question_answer(at);
            question = back->questions;
        } else if (!at->name && at->open == 0) {
            ares_question_free(at);
        }
    }
    loop_timer_cancel(loop, &back->timer);
    if (!ares_timeout(back->servers, NULL, &left))
        return;
    int64_t ns = (int64_t)left.tv_sec * 1000000000 + (int64_t)left.tv_usec * 1000;
    if (!loop_timer_set(loop, &back->timer, loop_now(loop) + ns)) {
        /* Nothing would ever end the questions. */
        ares_cancel(back->servers);
        ares_settle(back);
    }
}

static void ares_ready(struct foreign *foreign, unsigned events)
{
    struct resolve_ares *back = CONTAINER(foreign, struct ares_watch, foreign)->back;
    const int fd = foreign->fd;
    ares_process_fd(back->servers, events & SOCK_READABLE ? fd : ARES_SOCKET_BAD,
                    events & SOCK_WRITABLE ? fd : ARES_SOCKET_BAD);
    ares_settle(back);
}

static void ares_due(struct timer *timer)
{
    struct resolve_ares *back = CONTAINER(timer, struct resolve_ares, timer);
    ares_process_fd(back->servers, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    ares_settle(back);
}

static void ares_impatient(struct timer *timer)
{
    struct ares_question *question = CONTAINER(timer, struct ares_question, patience);
    question->impatient = true;
    ares_settle(question->back);
}

/* Keeps an address, if it is one of this family and there is room. */
static void ares_family_add(struct ares_family *family, const struct ares_addrinfo_node *node)
{
    struct sock_address *address = &family->addresses[family->count];
    if (family->count == RESOLVE_FAMILY_MOST)
        return;
    *address = (struct sock_address){.family = (uint8_t)node->ai_family};
    if (node->ai_family == AF_INET6)
        memcpy(address->bytes,
               &((const struct sockaddr_in6 *)(const void *)node->ai_addr)->sin6_addr, 16);
    else
        memcpy(address->bytes, &((const struct sockaddr_in *)(const void *)node->ai_addr)->sin_addr,
               4);
    if (family->count++ == 0 || (uint32_t)node->ai_ttl < family->ttl)
        family->ttl = node->ai_ttl > 0 ? (uint32_t)node->ai_ttl : 0;
}

static void ares_family_came(struct ares_family *family, int wanted, int status,
                             const struct ares_addrinfo *found)
{
    family->came = true;
    family->status = status;
    for (const struct ares_addrinfo_node *node = found ? found->nodes : NULL; node;
         node = node->ai_next) {
        if (node->ai_family == wanted)
            ares_family_add(family, node);
    }
    if (status == ARES_SUCCESS && family->count == 0)
        family->status = ARES_ENODATA;
    /* A name that is an alias is no longer good than the alias is. */
    for (const struct ares_addrinfo_cname *alias = found ? found->cnames : NULL; alias;
         alias = alias->next) {
        if (alias->ttl >= 0 && (uint32_t)alias->ttl < family->ttl)
            family->ttl = (uint32_t)alias->ttl;
    }
}

static void ares_hosts_came(void *data, int status, int timeouts, struct ares_addrinfo *found)
{
    struct ares_question *question = data;
    (void)timeouts;
    question->open--;
    if (status == ARES_SUCCESS) {
        ares_family_came(&question->v6, AF_INET6, status, found);
        ares_family_came(&question->v4, AF_INET, status, found);
    }
    ares_freeaddrinfo(found);
}

static void ares_v6_came(void *data, int status, int timeouts, struct ares_addrinfo *found)
{
    struct ares_question *question = data;
    (void)timeouts;
    question->open--;
    ares_family_came(&question->v6, AF_INET6, status, found);
    ares_freeaddrinfo(found);
}

static void ares_v4_came(void *data, int status, int timeouts, struct ares_addrinfo *found)
{
    struct ares_question *question = data;
    (void)timeouts;
    question->open--;
    ares_family_came(&question->v4, AF_INET, status, found);
    ares_freeaddrinfo(found);
}

static void ares_close_channels(struct resolve_ares *back)
{
    if (back->servers)
        ares_destroy(back->servers);
    if (back->hosts)
        ares_destroy(back->hosts);
    back->servers = back->hosts = NULL;
}

/* Both channels, at the first question. */
static bool ares_open_channels(struct resolve_ares *back)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    char files[] = "f";
    char dns[] = "b";
    const int common = ARES_OPT_LOOKUPS | ARES_OPT_FLAGS;
    struct ares_options hosts = {.lookups = files, .flags = ARES_FLAG_NOSEARCH};
    struct ares_options options = {.lookups = dns,
                                   .flags = back->given ? ARES_FLAG_NOSEARCH : 0,
                                   .timeout = RESOLVE_ARES_TIMEOUT,
                                   .tries = RESOLVE_ARES_TRIES,
                                   .sock_state_cb = ares_socket,
                                   .sock_state_cb_data = back};
    if (back->servers)
        return true;
    (void)pthread_once(&once, resolve_ares_library);
    if (ares_init_options(&back->hosts, &hosts, common) == ARES_SUCCESS &&
        ares_init_options(&back->servers, &options,
                          common | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) ==
            ARES_SUCCESS &&
        (!back->given || ares_set_servers_ports_csv(back->servers, back->given) == ARES_SUCCESS))
        return true;
    ares_close_channels(back);
    return false;
}

static bool resolve_ares_ask(void *data, struct resolve_name *name, const char *text)
{
    struct resolve_ares *back = data;
    const struct ares_addrinfo_hints any = {.ai_family = AF_UNSPEC};
    const struct ares_addrinfo_hints v6 = {.ai_family = AF_INET6};
    const struct ares_addrinfo_hints v4 = {.ai_family = AF_INET};
    struct ares_question *question =
        ares_open_channels(back) ? memory_new_zero(sizeof *question) : NULL;
    if (!question)
        return false;
    question->back = back;
    question->name = name;
    question->next = back->questions;
    back->questions = question;
    timer_init(&question->patience, ares_impatient);
    question->open = 1;
    ares_getaddrinfo(back->hosts, text, NULL, &any, ares_hosts_came, question);
    CHECK(question->open == 0);
    if (!question->v6.came) {
        question->open = 2;
        ares_getaddrinfo(back->servers, text, NULL, &v6, ares_v6_came, question);
        ares_getaddrinfo(back->servers, text, NULL, &v4, ares_v4_came, question);
    }
    ares_settle(back);
    return true;
}

static void *resolve_ares_open(struct loop *loop, const char *servers)
{
    struct resolve_ares *back = memory_new_zero(sizeof *back);
    if (!back)
        return NULL;
    back->loop = (struct loop_epoll *)loop;
    back->given = servers;
    timer_init(&back->timer, ares_due);
    return back;
}

static void resolve_ares_close(void *data)
{
    struct resolve_ares *back = data;
    for (struct ares_question *question = back->questions; question; question = question->next)
        question->name = NULL;
    ares_close_channels(back);
    while (back->questions) {
        CHECK(back->questions->open == 0);
        ares_question_free(back->questions);
    }
    CHECK(!back->watches);
    loop_timer_cancel(&back->loop->loop, &back->timer);
    memory_free(back);
}

const struct resolve_ops resolve_ares_ops = {
    .open = resolve_ares_open,
    .close = resolve_ares_close,
    .ask = resolve_ares_ask,
};
