/* Names in the simulated world: a table that the test fills, asked with whatever delay it wants.
 *
 * An answer never comes from within the question, and each question is counted, so that a test sees
 * what was kept and shared. The table is read when the answer is due.
 */
#include "io/loop_sim.h"

#include "base/check.h"
#include "base/container.h"
#include "io/resolve_ops.h"
#include "io/sim_ops.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A row of the table. */
struct sim_name {
    struct sim_name *next;
    char *text;
    struct resolve_answer answer;
    int64_t after;
    uint64_t asked;
};

struct sim_question {
    struct sim_question *next;
    struct sim_resolver *back;
    struct resolve_name *name;
    struct sim_name *row;
    struct timer timer;
};

struct sim_resolver {
    struct loop *loop;
    struct sim_question *questions;
};

static struct sim_name *sim_name_find(struct sim_world *world, const char *text)
{
    struct sim_name **place = &world->names;
    while (*place && strcmp((*place)->text, text) != 0)
        place = &(*place)->next;
    if (!*place) {
        *place = sim_alloc(NULL, sizeof **place);
        **place = (struct sim_name){.text = sim_text(text)};
        (*place)->answer.result = RESOLVE_NO_SUCH_NAME;
    }
    return *place;
}

void sim_world_name(struct sim_world *world, const char *name, const char *addresses, uint32_t ttl)
{
    struct sim_name *row = sim_name_find(world, name);
    char *list = sim_text(addresses);
    char *rest = list;
    row->answer = (struct resolve_answer){.result = RESOLVE_NO_SUCH_NAME, .ttl = ttl};
    for (const char *text; (text = strtok_r(rest, " ", &rest));) {
        struct sock_address *address = &row->answer.addresses[row->answer.count++];
        CHECK(row->answer.count <= 2 * RESOLVE_FAMILY_MOST);
        address->family = strchr(text, ':') ? AF_INET6 : AF_INET;
        CHECK(inet_pton(address->family, text, address->bytes) == 1);
        row->answer.result = RESOLVE_FOUND;
    }
    free(list);
}

void sim_world_name_fails(struct sim_world *world, const char *name, enum resolve_result result)
{
    CHECK(result != RESOLVE_FOUND);
    sim_name_find(world, name)->answer = (struct resolve_answer){.result = result};
}

void sim_world_name_takes(struct sim_world *world, const char *name, int64_t ns)
{
    sim_name_find(world, name)->after = ns;
}

uint64_t sim_world_name_asked(struct sim_world *world, const char *name)
{
    return sim_name_find(world, name)->asked;
}

void sim_names_fini(struct sim_world *world)
{
    while (world->names) {
        struct sim_name *row = world->names;
        world->names = row->next;
        free(row->text);
        free(row);
    }
}

static void sim_question_end(struct sim_question *question)
{
    struct sim_question **place = &question->back->questions;
    while (*place != question)
        place = &(*place)->next;
    *place = question->next;
    loop_timer_cancel(question->back->loop, &question->timer);
    free(question);
}

static void sim_question_due(struct timer *timer)
{
    struct sim_question *question = CONTAINER(timer, struct sim_question, timer);
    struct resolve_name *name = question->name;
    const struct resolve_answer answer = question->row->answer;
    sim_question_end(question);
    resolve_answered(name, &answer);
}

static bool sim_resolver_ask(void *back, struct resolve_name *name, const char *text)
{
    struct sim_resolver *resolver = back;
    struct sim_world *world = sim_loop_world(resolver->loop);
    struct sim_question *question = sim_alloc(NULL, sizeof *question);
    *question = (struct sim_question){.next = resolver->questions,
                                      .back = resolver,
                                      .name = name,
                                      .row = sim_name_find(world, text)};
    resolver->questions = question;
    timer_init(&question->timer, sim_question_due);
    if (!loop_timer_set(resolver->loop, &question->timer, world->now + question->row->after)) {
        sim_question_end(question);
        return false;
    }
    question->row->asked++;
    return true;
}

static void *sim_resolver_open(struct loop *loop, const char *servers)
{
    struct sim_resolver *resolver = sim_alloc(NULL, sizeof *resolver);
    (void)servers;
    *resolver = (struct sim_resolver){.loop = loop};
    return resolver;
}

static void sim_resolver_close(void *back)
{
    struct sim_resolver *resolver = back;
    while (resolver->questions) {
        struct sim_question *question = resolver->questions;
        resolver->questions = question->next;
        loop_timer_cancel(resolver->loop, &question->timer);
        free(question);
    }
    free(resolver);
}

const struct resolve_ops resolve_sim_ops = {
    .open = sim_resolver_open,
    .close = sim_resolver_close,
    .ask = sim_resolver_ask,
};
